//! The steps of node-pg-migrate: `pgm.createTable("users", { … })`, `pgm.createIndex("users", "email")`.
//!
//! Source of the forms: the project's own reference of migration actions.

use crate::ir::{Call, ExprId, ExprKind};
use crate::libraries::shared::ts_options::{OptionReader, index};
use crate::statement::{ColumnDef, Constraint, IndexDef, SchemaOp, TableDef};

/// Steps that change the schema.
pub(crate) const METHODS: [&str; 16] = [
    "addColumn",
    "addColumns",
    "addConstraint",
    "addIndex",
    "alterColumn",
    "createConstraint",
    "createIndex",
    "createTable",
    "dropColumn",
    "dropColumns",
    "dropConstraint",
    "dropIndex",
    "dropTable",
    "renameColumn",
    "renameConstraint",
    "renameTable",
];

/// The changes of one step; `None` where it is not understood.
pub(crate) fn ops(options: OptionReader, method: &str, call: &Call) -> Option<Vec<SchemaOp>> {
    let table = name(options, call.arg(0)?)?;
    let text = |at: usize| call.arg(at).and_then(|expr| options.text(expr));
    Some(match method {
        "createTable" => vec![create_table(options, call, table)?],
        "dropTable" => vec![SchemaOp::DropTable(table)],
        "renameTable" => vec![SchemaOp::RenameTable(table, name(options, call.arg(1)?)?)],
        "addColumn" | "addColumns" => {
            let columns = columns(options, call.arg(1)?)?.into_iter();
            columns.map(|column| SchemaOp::AddColumn(table.clone(), column)).collect()
        }
        "dropColumn" | "dropColumns" => dropped(options, call.arg(1)?)
            .into_iter()
            .map(|column| SchemaOp::DropColumn(table.clone(), column))
            .collect(),
        "renameColumn" => vec![SchemaOp::RenameColumn(table, text(1)?, text(2)?)],
        "alterColumn" => vec![SchemaOp::AlterColumn(table, column(options, &text(1)?, call.arg(2)?))],
        "addIndex" | "createIndex" => vec![SchemaOp::AddIndex(declared_index(options, call, &table)?, false)],
        "dropIndex" => {
            let given = options.text_of(call.arg(2).and_then(|expr| options.object(expr)), "name");
            let made = || default_name(&table, &keys(options, call.arg(1)), false);
            vec![SchemaOp::DropIndex(given.or_else(made)?, Some(table.clone()))]
        }
        "addConstraint" | "createConstraint" => {
            let name = text(1);
            let all = constraints(options, name, call.arg(2)?);
            all.into_iter()
                .map(|constraint| SchemaOp::AddConstraint(table.clone(), constraint))
                .collect()
        }
        "dropConstraint" => vec![SchemaOp::DropConstraint(table, text(1)?)],
        // They change no table.
        _ => Vec::new(),
    })
}

/// `"users"`, `{ schema: "app", name: "users" }`.
fn name(options: OptionReader, expr: ExprId) -> Option<String> {
    let Some(object) = options.object(expr) else {
        return options.text(expr);
    };
    let name = options.text_of(Some(object), "name")?;
    let schema = options.text_of(Some(object), "schema");
    Some(schema.map_or(name.clone(), |schema| format!("{schema}.{name}")))
}

fn create_table(options: OptionReader, call: &Call, table: String) -> Option<SchemaOp> {
    let span = options.span(call.id);
    let settings = call.arg(2).and_then(|expr| options.object(expr));
    let mut def = TableDef {
        name: table,
        columns: columns(options, call.arg(1)?)?,
        span,
        ..TableDef::default()
    };
    // `{ like: "users" }`: the other table's columns, too.
    def.open = options.get(settings, "like").is_some();
    if let Some(given) = options.get(settings, "constraints") {
        let all = constraints(options, None, given);
        def.constraints.extend(all.into_iter().map(|constraint| (constraint, span)));
    }
    Some(SchemaOp::CreateTable(def, options.flag(settings, "ifNotExists")))
}

fn columns(options: OptionReader, expr: ExprId) -> Option<Vec<ColumnDef>> {
    let object = options.object(expr)?;
    let ExprKind::Object(entries) = options.module().kind(object) else {
        return None;
    };
    let named = entries.iter().filter_map(|entry| Some((options.text(entry.key?)?, entry.value)));
    Some(named.map(|(name, value)| column(options, &name, value)).collect())
}

/// `"text"`, `"id"` (which is a serial primary key), `{ type: "integer", notNull: true, references: '"users"' }`.
fn column(options: OptionReader, name: &str, value: ExprId) -> ColumnDef {
    let object = options.object(value);
    let kind = options.text_of(object, "type").or_else(|| options.text(value)).unwrap_or_default();
    let is_id = kind == "id";
    let target = options.get(object, "references").and_then(|expr| self::name(options, expr));
    ColumnDef {
        name: name.to_owned(),
        data_type: match kind.to_lowercase().as_str() {
            "id" => "serial".to_owned(),
            "string" => "text".to_owned(),
            other => other.to_owned(),
        },
        nullable: !options.flag(object, "notNull") && !is_id,
        primary: options.flag(object, "primaryKey") || is_id,
        unique: options.flag(object, "unique"),
        references: target.as_deref().map(reference),
        span: options.span(value),
        ..ColumnDef::default()
    }
}

/// `"users"`, `users(id)`, with quotes or without.
fn reference(text: &str) -> (String, Option<String>) {
    let plain = text.replace('"', "");
    match plain.split_once('(') {
        Some((table, rest)) => (
            table.trim().to_owned(),
            Some(rest.trim_end_matches(')').trim().to_owned()).filter(|key| !key.is_empty()),
        ),
        None => (plain.trim().to_owned(), None),
    }
}

/// `"a"`, `["a", "b"]`, `{ a: { … } }`: the columns that are dropped.
fn dropped(options: OptionReader, expr: ExprId) -> Vec<String> {
    let Some(object) = options.object(expr) else {
        return options.texts(expr);
    };
    match options.module().kind(object) {
        ExprKind::Object(entries) => entries.iter().filter_map(|entry| options.text(entry.key?)).collect(),
        _ => Vec::new(),
    }
}

/// `"a"`, `["a", { name: "b", sort: "DESC" }]`: columns, and whether they descend.
fn keys(options: OptionReader, list: Option<ExprId>) -> Vec<(String, bool)> {
    let one = list.filter(|&expr| options.text(expr).is_some() || options.object(expr).is_some());
    let items = one.map_or_else(|| options.items(list), |expr| vec![expr]);
    let key = |item: ExprId| {
        let object = options.object(item);
        let name = options.text(item).or_else(|| options.text_of(object, "name"))?;
        let sort = options.text_of(object, "sort").unwrap_or_default();
        Some((name, sort.eq_ignore_ascii_case("desc")))
    };
    items.into_iter().filter_map(key).collect()
}

fn declared_index(options: OptionReader, call: &Call, table: &str) -> Option<IndexDef> {
    let keys = keys(options, call.arg(1));
    let object = call.arg(2).and_then(|expr| options.object(expr));
    let unique = options.flag(object, "unique");
    let name = options.text_of(object, "name").or_else(|| default_name(table, &keys, unique))?;
    let columns: Vec<String> = keys.iter().map(|(name, _)| name.clone()).collect();
    let mut def = index(Some(name), table, &columns, unique, options.span(call.id));
    for (key, (_, descending)) in def.keys.iter_mut().zip(&keys) {
        key.descending = *descending;
        // `lower(email)`.
        key.expression = key.column.contains('(');
    }
    def.include = options.texts_of(object, "include");
    def.concurrently = options.flag(object, "concurrently");
    def.predicate = options
        .get(object, "where")
        .map(|expr| options.text(expr).unwrap_or_else(|| "?".to_owned()));
    def.method = options.text_of(object, "method").map(|method| method.to_lowercase());
    Some(def)
}

/// `users_email_index`, `users_email_unique_index`; `None` without columns.
fn default_name(table: &str, keys: &[(String, bool)], unique: bool) -> Option<String> {
    if keys.is_empty() {
        return None;
    }
    let columns: Vec<&str> = keys.iter().map(|(name, _)| name.as_str()).collect();
    let end = if unique { "unique_index" } else { "index" };
    Some(format!("{}_{}_{end}", table.rsplit('.').next().unwrap_or(table), columns.join("_")))
}

/// `{ primaryKey: "a", unique: ["a", "b"], foreignKeys: { columns, references } }`, `"UNIQUE(a, b)"`.
fn constraints(options: OptionReader, name: Option<String>, expr: ExprId) -> Vec<Constraint> {
    let Some(object) = options.object(expr) else {
        return options.text(expr).and_then(|text| written(name, &text)).into_iter().collect();
    };
    let mut all = Vec::new();
    let object = Some(object);
    if let Some(key) = options.get(object, "primaryKey") {
        all.push(Constraint::Primary(options.texts(key)));
    }
    if let Some(unique) = options.get(object, "unique") {
        // A list of lists is several constraints.
        let lists = options.items(Some(unique));
        let lists: Vec<ExprId> = lists.into_iter().filter(|&item| !options.items(Some(item)).is_empty()).collect();
        let lists = if lists.is_empty() { vec![unique] } else { lists };
        all.extend(lists.into_iter().map(|list| Constraint::Unique(name.clone(), options.texts(list))));
    }
    let keys = options.get(object, "foreignKeys");
    let listed = options.items(keys);
    for key in if listed.is_empty() { keys.into_iter().collect() } else { listed } {
        let key = options.object(key);
        let columns = options.texts_of(key, "columns");
        let target = options.get(key, "references").and_then(|expr| self::name(options, expr));
        if let Some((table, there)) = target.as_deref().map(reference).filter(|_| !columns.is_empty()) {
            all.push(Constraint::Foreign(name.clone(), columns, table, there.into_iter().collect()));
        }
    }
    all
}

/// A constraint as SQL writes it, of those that make an index.
fn written(name: Option<String>, text: &str) -> Option<Constraint> {
    let (kind, rest) = text.split_once('(')?;
    let (columns, _) = rest.split_once(')')?;
    let columns: Vec<String> = columns.split(',').map(|column| column.trim().replace('"', "")).collect();
    match kind.trim().to_lowercase().as_str() {
        "unique" => Some(Constraint::Unique(name, columns)),
        "primary key" => Some(Constraint::Primary(columns)),
        _ => None,
    }
}
