//! Sequelize: models by `define` and `init`, and the steps of its query interface.

use crate::ir::{Call, ExprId, ExprKind, ObjectEntry, Parent, StmtKind};
use crate::libraries::shared::declared::{Consts, Declared, imports};
use crate::libraries::shared::query::Resolver;
use crate::libraries::shared::ts_options::{OptionReader, index};
use crate::libraries::shared::value::FileId;
use crate::source::Span;
use crate::statement::{ColumnDef, Constraint, IndexDef, ModelDef, SchemaOp, TableDef};

/// Steps that change the schema.
pub(crate) const METHODS: [&str; 11] = [
    "createTable",
    "dropTable",
    "renameTable",
    "addColumn",
    "removeColumn",
    "changeColumn",
    "renameColumn",
    "addIndex",
    "removeIndex",
    "addConstraint",
    "removeConstraint",
];

/// Reads the models of a file.
pub fn declared(resolver: &dyn Resolver, file: FileId, _path: &str) -> Option<Declared> {
    let module = resolver.module(file);
    let consts = Consts::new(resolver);
    let options = OptionReader { consts: &consts, file };
    let imported = imports(module, "sequelize") || module.imports.iter().any(|import| module.str(import.module).contains("sequelize"));
    let mut models = Vec::new();
    for expr in module.call_ids() {
        let Some(call) = module.call(expr) else { continue };
        models.extend(match call.method() {
            Some("define") => define(options, &call),
            Some("init") if imported => init(options, &call),
            _ => None,
        });
    }
    Some(Declared {
        tool: Some(super::TOOL),
        models,
        ..Declared::default()
    })
}

/// `sequelize.define("User", { … }, { tableName, indexes })`.
fn define(options: OptionReader, call: &Call) -> Option<ModelDef> {
    let module = options.module();
    let owner = module.dotted(call.receiver()?)?;
    if !owner.to_lowercase().ends_with("sequelize") && owner != "db" {
        return None;
    }
    let name = options.text(call.arg(0)?)?;
    let attributes = options.object(call.arg(1)?)?;
    let settings = call.arg(2).and_then(|expr| options.object(expr));
    let variable = match module.expr(call.id).parent {
        Parent::Stmt(stmt) => match &module.stmt(stmt).kind {
            StmtKind::Assign { target, .. } => module.name(*target).map(ToOwned::to_owned),
            _ => None,
        },
        _ => None,
    };
    Some(model(
        options,
        variable.unwrap_or_else(|| name.clone()),
        &name,
        attributes,
        settings,
        call,
    ))
}

/// `User.init({ … }, { sequelize, tableName, indexes })`.
fn init(options: OptionReader, call: &Call) -> Option<ModelDef> {
    let module = options.module();
    let attributes = options.object(call.arg(0)?)?;
    let settings = options.object(call.arg(1)?)?;
    options.get(Some(settings), "sequelize")?;
    let mut name = module.name(call.receiver()?)?.to_owned();
    if matches!(name.as_str(), "self" | "super") {
        let function = module.function(module.owner(call.id));
        name = function
            .class
            .and_then(|class| module.class(class).name)
            .map(|name| module.str(name).to_owned())?;
    }
    let table = options.text_of(Some(settings), "modelName").unwrap_or_else(|| name.clone());
    Some(model(options, name, &table, attributes, Some(settings), call))
}

fn model(options: OptionReader, name: String, default: &str, attributes: ExprId, settings: Option<ExprId>, call: &Call) -> ModelDef {
    let span = options.span(call.id);
    let frozen = options.flag(settings, "freezeTableName");
    let table_name = options
        .text_of(settings, "tableName")
        .unwrap_or_else(|| if frozen { default.to_owned() } else { plural(default) });
    let schema = options.text_of(settings, "schema");
    let mut table = table(
        options,
        attributes,
        schema.map_or_else(|| table_name.clone(), |schema| format!("{schema}.{table_name}")),
        span,
    );
    if !table.columns.iter().any(|column| column.primary) && !table.open {
        let id = ColumnDef {
            name: "id".to_owned(),
            data_type: "integer".to_owned(),
            primary: true,
            span,
            ..ColumnDef::default()
        };
        table.columns.insert(0, id);
    }
    // Without the settings, defaults of the connection can name columns otherwise.
    table.open = true;
    for item in options.items(options.get(settings, "indexes")) {
        let object = options.object(item);
        let fields = fields(options, options.get(object, "fields"));
        table
            .indexes
            .extend(declared_index(options, object, &fields, &table_name, options.span(item)));
    }
    ModelDef {
        name,
        table,
        kept_as: Some(default.to_owned()),
        deleted_by: options.flag(settings, "paranoid").then(|| {
            let own = options.text_of(settings, "deletedAt");
            own.unwrap_or_else(|| {
                if options.flag(settings, "underscored") {
                    "deleted_at"
                } else {
                    "deletedAt"
                }
                .to_owned()
            })
        }),
        ..ModelDef::default()
    }
}

fn plural(name: &str) -> String {
    match name {
        _ if name.ends_with('y') && !name.ends_with("ay") && !name.ends_with("ey") && !name.ends_with("oy") => {
            format!("{}ies", &name[..name.len() - 1])
        }
        _ if name.ends_with('s') => name.to_owned(),
        _ => format!("{name}s"),
    }
}

/// Columns as `name: { type, primaryKey, references }`.
fn table(options: OptionReader, attributes: ExprId, name: String, span: Span) -> TableDef {
    let module = options.module();
    let mut table = TableDef {
        name,
        span,
        ..TableDef::default()
    };
    let ExprKind::Object(entries) = module.kind(attributes) else {
        table.open = true;
        return table;
    };
    for entry in entries {
        match entry.key.and_then(|key| options.text(key)) {
            Some(field) => {
                let span = options.span(entry.key.unwrap_or(entry.value));
                table.columns.push(column(options, &field, entry.value, span));
            }
            None => table.open = true,
        }
    }
    table
}

fn column(options: OptionReader, field: &str, value: ExprId, span: Span) -> ColumnDef {
    let module = options.module();
    let object = options.object(value);
    let name = options.text_of(object, "field").unwrap_or_else(|| field.to_owned());
    let kind = options.get(object, "type").unwrap_or(value);
    let kind = module.call(kind).map_or(kind, |call| call.callee);
    let data_type = match module.kind(kind) {
        ExprKind::Attr { name, .. } => module.str(*name).to_lowercase(),
        _ => module.string(kind).unwrap_or_default().to_lowercase(),
    };
    let reference = options.get(object, "references");
    ColumnDef {
        field: (name != field).then(|| field.to_owned()),
        name,
        data_type: if data_type == "string" { "varchar".to_owned() } else { data_type },
        nullable: !matches!(
            options.get(object, "allowNull").map(|expr| module.kind(expr)),
            Some(ExprKind::Bool(false))
        ),
        primary: options.flag(object, "primaryKey"),
        unique: options.flag(object, "unique"),
        indexed: false,
        references: reference.and_then(|expr| reference_of(options, expr)),
        span,
        ..ColumnDef::default()
    }
}

/// `{ model: "users", key: "id" }`, `{ model: { tableName, schema } }`, `{ table, field }` of a constraint.
fn reference_of(options: OptionReader, expr: ExprId) -> Option<(String, Option<String>)> {
    let object = options.object(expr);
    let target = options.get(object, "model").or_else(|| options.get(object, "table"))?;
    let name = table_name(options, target).or_else(|| options.model(target))?;
    let key = options.text_of(object, "key").or_else(|| options.text_of(object, "field"));
    Some((name, key))
}

/// `"users"`, `{ tableName: "users", schema: "app" }`.
fn table_name(options: OptionReader, expr: ExprId) -> Option<String> {
    let Some(object) = options.object(expr) else {
        // Sequelize takes quotes off before it quotes a name itself.
        return options.text(expr).map(|name| name.replace('"', ""));
    };
    let name = options.text_of(Some(object), "tableName")?;
    let schema = options.text_of(Some(object), "schema");
    Some(schema.map_or(name.clone(), |schema| format!("{schema}.{name}")))
}

/// `["a", { name: "b", order: "DESC" }]`.
fn fields(options: OptionReader, list: Option<ExprId>) -> Vec<(String, bool)> {
    options
        .items(list)
        .into_iter()
        .filter_map(|item| {
            let object = options.object(item);
            let name = options
                .text(item)
                .or_else(|| options.text_of(object, "name"))
                .or_else(|| options.text_of(object, "attribute"))?;
            let descending = options
                .text_of(object, "order")
                .is_some_and(|order| order.eq_ignore_ascii_case("desc"));
            Some((name, descending))
        })
        .collect()
}

fn declared_index(options: OptionReader, object: Option<ExprId>, fields: &[(String, bool)], table: &str, span: Span) -> Option<IndexDef> {
    if fields.is_empty() {
        return None;
    }
    let columns: Vec<String> = fields.iter().map(|(name, _)| name.clone()).collect();
    let name = options
        .text_of(object, "name")
        .or_else(|| options.text_of(object, "indexName"))
        .unwrap_or_else(|| default_name(table, &columns));
    let kind = options.text_of(object, "type").unwrap_or_default().to_lowercase();
    let unique = options.flag(object, "unique") || options.flag(object, "indicesType") || kind == "unique";
    let mut def = index(Some(name), table, &columns, unique, span);
    for (key, (_, descending)) in def.keys.iter_mut().zip(fields) {
        key.descending = *descending;
    }
    def.concurrently = options.flag(object, "concurrently");
    def.predicate = options.get(object, "where").map(|expr| {
        options
            .text(expr)
            .or_else(|| condition(options, expr))
            .unwrap_or_else(|| "?".to_owned())
    });
    def.method = options
        .text_of(object, "using")
        .map(|method| method.to_lowercase())
        .or_else(|| matches!(kind.as_str(), "fulltext" | "spatial").then_some(kind));
    Some(def)
}

/// `{ deletedAt: null, kind: "A" }` as SQL writes it; `None` where a part is more than one value.
fn condition(options: OptionReader, expr: ExprId) -> Option<String> {
    let module = options.module();
    let ExprKind::Object(entries) = module.kind(options.object(expr)?) else {
        return None;
    };
    let parts = entries.iter().map(|entry| {
        let column = module.string(entry.key?)?;
        match module.kind(entry.value) {
            ExprKind::Null => Some(format!("\"{column}\" IS NULL")),
            ExprKind::Object(inner) if is_not_null(options, inner) => Some(format!("\"{column}\" IS NOT NULL")),
            ExprKind::Bool(value) => Some(format!("\"{column}\" = {value}")),
            ExprKind::Str(text) => Some(format!("\"{column}\" = '{}'", module.str(*text).replace('\'', "''"))),
            _ => None,
        }
    });
    let parts: Vec<String> = parts.collect::<Option<_>>()?;
    (!parts.is_empty()).then(|| parts.join(" AND "))
}

/// `{ [Op.ne]: null }`.
fn is_not_null(options: OptionReader, entries: &[ObjectEntry]) -> bool {
    let module = options.module();
    let [entry] = entries else { return false };
    let operator = entry.key.and_then(|key| module.dotted(key)).unwrap_or_default();
    matches!(operator.rsplit('.').next(), Some("ne" | "not")) && matches!(module.kind(entry.value), ExprKind::Null)
}

fn default_name(table: &str, columns: &[String]) -> String {
    format!(
        "{}_{}",
        crate::libraries::shared::ts_options::snake(table.rsplit('.').next().unwrap_or(table)),
        columns.join("_")
    )
}

/// The changes of one step of the query interface; `None` where it is not understood.
pub(crate) fn ops(options: OptionReader, method: &str, call: &Call) -> Option<Vec<SchemaOp>> {
    let span = options.span(call.id);
    let table = table_name(options, call.arg(0)?)?;
    let text = |at: usize| call.arg(at).and_then(|expr| options.text(expr));
    let object = |at: usize| call.arg(at).and_then(|expr| options.object(expr));
    Some(match method {
        "createTable" => {
            let mut def = self::table(options, object(1)?, table, span);
            let keys = options.get(object(2), "uniqueKeys");
            if let Some(ExprKind::Object(entries)) = keys.map(|expr| options.module().kind(expr)) {
                for entry in entries {
                    let columns = options.texts_of(Some(entry.value), "fields");
                    if !columns.is_empty() {
                        let name = entry.key.and_then(|key| options.text(key));
                        def.constraints.push((Constraint::Unique(name, columns), span));
                    }
                }
            }
            vec![SchemaOp::CreateTable(def, false)]
        }
        "dropTable" => vec![SchemaOp::DropTable(table)],
        "renameTable" => vec![SchemaOp::RenameTable(table, table_name(options, call.arg(1)?)?)],
        "addColumn" => vec![SchemaOp::AddColumn(table, column(options, &text(1)?, call.arg(2)?, span))],
        "removeColumn" => vec![SchemaOp::DropColumn(table, text(1)?)],
        "renameColumn" => vec![SchemaOp::RenameColumn(table, text(1)?, text(2)?)],
        "changeColumn" => {
            let def = column(options, &text(1)?, call.arg(2)?, span);
            let mut ops = Vec::new();
            if def.unique {
                ops.push(SchemaOp::AddConstraint(
                    table.clone(),
                    Constraint::Unique(None, vec![def.name.clone()]),
                ));
            }
            if let Some((target, there)) = def.references.clone() {
                let key = Constraint::Foreign(None, vec![def.name.clone()], target, there.into_iter().collect());
                ops.push(SchemaOp::AddConstraint(table.clone(), key));
            }
            ops.insert(0, SchemaOp::AlterColumn(table, def));
            ops
        }
        "addIndex" => {
            // `addIndex(table, { fields, … })` or `addIndex(table, fields, { … })`.
            let whole = object(1);
            let list = options.get(whole, "fields").or_else(|| call.arg(1));
            let index = declared_index(options, whole.or_else(|| object(2)), &fields(options, list), &table, span)?;
            vec![SchemaOp::AddIndex(index, false)]
        }
        "removeIndex" => {
            let name = text(1).or_else(|| {
                let columns: Vec<String> = fields(options, call.arg(1)).into_iter().map(|(name, _)| name).collect();
                (!columns.is_empty()).then(|| default_name(&table, &columns))
            });
            vec![SchemaOp::DropIndex(name?, Some(table))]
        }
        "addConstraint" => {
            let settings = object(1).or_else(|| object(2));
            let listed = options.get(settings, "fields").or_else(|| call.arg(1));
            let columns: Vec<String> = fields(options, listed).into_iter().map(|(name, _)| name).collect();
            let name = options.text_of(settings, "name");
            let constraint = match options.text_of(settings, "type")?.to_lowercase().as_str() {
                "unique" => Constraint::Unique(name, columns),
                "primary key" => Constraint::Primary(columns),
                "foreign key" => {
                    let (target, key) = reference_of(options, options.get(settings, "references")?)?;
                    Constraint::Foreign(name, columns, target, key.into_iter().collect())
                }
                _ => return Some(Vec::new()),
            };
            vec![SchemaOp::AddConstraint(table, constraint)]
        }
        "removeConstraint" => vec![SchemaOp::DropConstraint(table, text(1)?)],
        _ => return None,
    })
}
