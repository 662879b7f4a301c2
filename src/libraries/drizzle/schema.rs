//! Drizzle schemas: tables, both forms of their extra configuration, references and relations.

use crate::ir::{Call, ExprId, ExprKind, Module, ObjectEntry, Parent, StmtKind, TemplatePart};
use crate::libraries::shared::declared::{Consts, Declared, imports};
use crate::libraries::shared::query::Resolver;
use crate::libraries::shared::value::FileId;
use crate::statement::{ColumnDef, Constraint, Dialect, IndexDef, IndexKey, Loading, ModelDef, RelationDef, TableDef};

/// Expressions between a call that declares a table and the variable that it is bound to.
const MAX_AROUND_CALL: usize = 6;

/// Reads the tables and relations of a file.
pub fn declared(resolver: &dyn Resolver, file: FileId, _path: &str) -> Option<Declared> {
    let module = resolver.module(file);
    let consts = Consts::new(resolver);
    let reader = Reader { consts: &consts, file };
    let mut declared = Declared {
        tool: Some(super::TOOL),
        ..Declared::default()
    };
    for expr in module.call_ids() {
        let Some(call) = module.call(expr) else { continue };
        if let Some(kind) = reader.table_kind(&call) {
            if declared.dialect == Dialect::Generic {
                declared.dialect = kind.dialect;
            }
            declared.models.extend(reader.model(&call, &kind));
        } else if call.method() == Some("relations") && call.receiver().is_none() && imports(module, "drizzle-orm") {
            declared.models.extend(reader.relations(&call));
        } else if call.method() == Some("defineRelations") && imports(module, "drizzle-orm") {
            declared.models.extend(reader.all_relations(&call));
        }
    }
    Some(declared)
}

/// How a table is made.
struct TableKind {
    dialect: Dialect,
    /// What a table creator puts before and after the name.
    affixes: (String, String),
    schema: Option<String>,
}

struct Reader<'c, 'r> {
    consts: &'c Consts<'r>,
    file: FileId,
}

fn dialect_of(method: &str) -> Option<Dialect> {
    Some(match method {
        "pgTable" | "pgTableCreator" | "pgSchema" => Dialect::Postgres,
        "mysqlTable" | "mysqlTableCreator" | "mysqlSchema" | "singlestoreTable" => Dialect::MySql,
        "sqliteTable" | "sqliteTableCreator" => Dialect::Sqlite,
        _ => return None,
    })
}

impl<'r> Reader<'_, 'r> {
    fn module(&self) -> &'r Module {
        self.consts.resolver.module(self.file)
    }

    fn at(&self, file: FileId) -> Self {
        Reader { consts: self.consts, file }
    }

    fn text(&self, expr: ExprId) -> Option<String> {
        self.consts.text(self.file, expr)
    }

    /// Whether a call makes a table: `pgTable("x", …)`, `createTable("x", …)`, `schema.table("x", …)`.
    fn table_kind(&self, call: &Call) -> Option<TableKind> {
        if call.args.len() < 2 {
            return None;
        }
        let plain = TableKind {
            dialect: Dialect::Generic,
            affixes: (String::new(), String::new()),
            schema: None,
        };
        let method = call.method()?;
        if let Some(dialect) = dialect_of(method).filter(|_| method.ends_with("Table")) {
            return Some(TableKind { dialect, ..plain });
        }
        let second_is_columns = matches!(
            self.module().kind(call.arg(1)?),
            ExprKind::Object(_) | ExprKind::Lambda(_) | ExprKind::Name(_)
        );
        if !second_is_columns || self.text(call.arg(0)?).is_none() {
            return None;
        }
        let owner = if method == "table" {
            call.receiver()?
        } else if call.receiver().is_none() {
            call.callee
        } else {
            return None;
        };
        let (file, definition) = self.consts.resolver.definition(self.file, owner)?;
        let there = self.at(file);
        let creator = there.module().call(definition)?;
        let name = creator.method()?;
        let dialect = dialect_of(name)?;
        if name.ends_with("Schema") {
            return Some(TableKind {
                dialect,
                schema: there.text(creator.arg(0)?),
                ..plain
            });
        }
        let affixes = there.affixes(creator.arg(0)?).unwrap_or_default();
        Some(TableKind {
            dialect,
            affixes,
            schema: None,
        })
    }

    /// ``(name) => `prefix_${name}` ``.
    fn affixes(&self, creator: ExprId) -> Option<(String, String)> {
        let module = self.module();
        let (mut before, mut after, mut seen) = (String::new(), String::new(), false);
        if let ExprKind::Template(parts) = module.kind(self.module().returned_by(creator)?) {
            for part in parts {
                match part {
                    TemplatePart::Text(text) if seen => after.push_str(module.str(*text)),
                    TemplatePart::Text(text) => before.push_str(module.str(*text)),
                    TemplatePart::Hole(hole) => match self.text(*hole) {
                        Some(text) if seen => after.push_str(&text),
                        Some(text) => before.push_str(&text),
                        None => seen = true,
                    },
                }
            }
        }
        Some((before, after))
    }

    fn table_name(&self, call: &Call, kind: &TableKind) -> Option<String> {
        let bare = format!("{}{}{}", kind.affixes.0, self.text(call.arg(0)?)?, kind.affixes.1);
        Some(kind.schema.as_ref().map_or(bare.clone(), |schema| format!("{schema}.{bare}")))
    }

    fn model(&self, call: &Call, kind: &TableKind) -> Option<ModelDef> {
        let module = self.module();
        let name = self.table_name(call, kind)?;
        let variable = self.variable(call.id);
        let mut table = TableDef {
            name: name.clone(),
            span: module.expr(call.id).span,
            ..TableDef::default()
        };
        let columns = call.arg(1)?;
        let columns = self.module().returned_by(columns).unwrap_or(columns);
        self.columns(columns, &mut table, 4);
        if let Some(extra) = call.arg(2) {
            let extra = self.module().returned_by(extra).unwrap_or(extra);
            let items: Vec<ExprId> = match module.kind(extra) {
                ExprKind::Object(entries) => entries.iter().map(|entry| entry.value).collect(),
                ExprKind::List(items) | ExprKind::Tuple(items) => items.to_vec(),
                _ => {
                    table.open = true;
                    Vec::new()
                }
            };
            for item in items {
                self.extra(item, &mut table);
            }
        }
        let model = variable.unwrap_or(name);
        Some(ModelDef {
            name: model,
            table,
            ..ModelDef::default()
        })
    }

    /// The variable that a call's result is bound to.
    fn variable(&self, expr: ExprId) -> Option<String> {
        let module = self.module();
        let mut at = module.expr(expr).parent;
        for _ in 0..MAX_AROUND_CALL {
            at = match at {
                Parent::Expr(expr) => module.expr(expr).parent,
                Parent::Stmt(stmt) => {
                    return match &module.stmt(stmt).kind {
                        StmtKind::Assign { target, .. } => module.name(*target).map(str::to_owned),
                        _ => None,
                    };
                }
                _ => return None,
            };
        }
        None
    }

    fn columns(&self, object: ExprId, table: &mut TableDef, depth: u32) {
        let Some((file, object)) = self.consts.resolver.definition(self.file, object).filter(|_| depth > 0) else {
            table.open = true;
            return;
        };
        let there = self.at(file);
        let object = there.module().returned_by(object).unwrap_or(object);
        let ExprKind::Object(entries) = there.module().kind(object) else {
            table.open = true;
            return;
        };
        for entry in entries {
            match entry {
                ObjectEntry { key: None, value } => {
                    let value = match there.module().kind(*value) {
                        ExprKind::Spread(inner) => *inner,
                        _ => *value,
                    };
                    // `...timestamps`, `...timestamps()`.
                    match there.module().call(value) {
                        Some(call) => there.called_columns(&call, table, depth),
                        None => there.columns(value, table, depth - 1),
                    }
                }
                ObjectEntry { key: Some(key), value } => {
                    let field = there.module().string(*key).map(str::to_owned);
                    let Some(field) = field else { continue };
                    let span = crate::source::Span {
                        start: there.module().expr(*key).span.start,
                        end: there.module().expr(*value).span.end,
                    };
                    there.column(&field, *value, span, table);
                }
            }
        }
        if file != self.file {
            // Offsets of another file mean nothing here.
            let own = table.span;
            table
                .columns
                .iter_mut()
                .filter(|column| column.span.end > 0 && !own.encloses(column.span))
                .for_each(|column| column.span = own);
        }
    }

    fn called_columns(&self, call: &Call, table: &mut TableDef, depth: u32) {
        use crate::libraries::shared::value::Value;
        match self.consts.resolver.value(self.file, call.callee) {
            Value::Function(file, function) if depth > 0 => {
                let there = self.at(file);
                let module = there.module();
                let returned = module
                    .function(function)
                    .body
                    .iter()
                    .rev()
                    .find_map(|&stmt| match module.stmt(stmt).kind {
                        StmtKind::Return(value) => value,
                        _ => None,
                    });
                match returned {
                    Some(object) => there.columns(object, table, depth - 1),
                    None => table.open = true,
                }
            }
            _ => table.open = true,
        }
    }

    /// One column: `varchar("name", { length: 10 }).notNull().references(() => users.id)`.
    fn column(&self, field: &str, value: ExprId, span: crate::source::Span, table: &mut TableDef) {
        let module = self.module();
        let Some(last) = module.call(value) else {
            table.columns.push(ColumnDef {
                name: field.to_owned(),
                nullable: true,
                span,
                ..ColumnDef::default()
            });
            return;
        };
        let chain = last.chain();
        let Some(first) = chain.first() else { return };
        let name = first
            .arg(0)
            .filter(|&expr| !matches!(module.kind(expr), ExprKind::Object(_)))
            .and_then(|expr| self.text(expr))
            .unwrap_or_else(|| field.to_owned());
        let mut column = ColumnDef {
            field: (name != field).then(|| field.to_owned()),
            name,
            data_type: first.method().unwrap_or_default().to_lowercase(),
            nullable: true,
            span,
            ..ColumnDef::default()
        };
        for call in &chain[1..] {
            match call.method() {
                Some("primaryKey") => {
                    column.primary = true;
                    column.nullable = false;
                }
                Some("notNull") => column.nullable = false,
                Some("unique") => match call.arg(0).and_then(|expr| self.text(expr)) {
                    Some(name) => table
                        .constraints
                        .push((Constraint::Unique(Some(name), vec![column.name.clone()]), span)),
                    None => column.unique = true,
                },
                Some("references") => {
                    column.references = call
                        .arg(0)
                        .and_then(|expr| self.reference(expr))
                        .or_else(|| Some((String::new(), None)));
                }
                Some("array") => column.data_type.push_str("[]"),
                _ => {}
            }
        }
        table.columns.push(column);
    }

    /// The table and field of `() => users.id`, `() => schema.users.id`.
    fn reference(&self, function: ExprId) -> Option<(String, Option<String>)> {
        let returned = self.module().returned_by(function)?;
        let ExprKind::Attr { base, name } = self.module().kind(returned) else {
            return None;
        };
        let field = self.module().str(*name).to_owned();
        Some((self.table_of(*base)?, Some(field)))
    }

    /// The table that a name stands for.
    fn table_of(&self, expr: ExprId) -> Option<String> {
        if let Some((file, definition)) = self.consts.resolver.definition(self.file, expr) {
            let there = self.at(file);
            if let Some(call) = there.module().call(definition)
                && let Some(kind) = there.table_kind(&call)
            {
                return there.table_name(&call, &kind);
            }
        }
        let module = self.module();
        match module.kind(expr) {
            ExprKind::Name(name) | ExprKind::Attr { name, .. } => Some(module.str(*name).to_owned()),
            _ => None,
        }
    }

    /// An entry of the extra configuration.
    fn extra(&self, item: ExprId, table: &mut TableDef) {
        let module = self.module();
        let span = module.expr(item).span;
        let Some(last) = module.call(item) else {
            table.open |= matches!(module.kind(item), ExprKind::Spread(_));
            return;
        };
        let chain = last.chain();
        let Some(first) = chain.first() else { return };
        let name = first
            .arg(0)
            .filter(|&expr| !matches!(module.kind(expr), ExprKind::Object(_)))
            .and_then(|expr| self.text(expr));
        let keys = chain
            .iter()
            .find(|call| matches!(call.method(), Some("on" | "onOnly" | "using")))
            .map(|call| self.keys(call, table))
            .unwrap_or_default();
        let columns = || keys.iter().map(|key| key.column.clone()).collect::<Vec<_>>();
        match first.method() {
            Some(kind @ ("index" | "uniqueIndex" | "vectorIndex")) => {
                let method = chain
                    .iter()
                    .find(|call| call.method() == Some("using"))
                    .and_then(|call| call.arg(0))
                    .and_then(|expr| self.text(expr));
                let predicate = chain
                    .iter()
                    .find(|call| call.method() == Some("where"))
                    .and_then(|call| call.arg(0))
                    .map(|expr| self.predicate(expr, table));
                table.indexes.push(IndexDef {
                    name,
                    table: table.name.clone(),
                    keys,
                    unique: kind == "uniqueIndex",
                    method,
                    predicate,
                    concurrently: chain.iter().any(|call| call.method() == Some("concurrently")),
                    only: chain.iter().any(|call| call.method() == Some("onOnly")),
                    span,
                    ..IndexDef::default()
                });
            }
            Some("unique") => table.constraints.push((Constraint::Unique(name, columns()), span)),
            Some("primaryKey") => {
                let listed = first
                    .arg(0)
                    .and_then(|object| module.entry(object, "columns"))
                    .map(|list| self.names(list, table));
                let names = listed.unwrap_or_else(|| first.args.iter().filter_map(|arg| self.column_name(arg.value, table)).collect());
                table.constraints.push((Constraint::Primary(names), span));
            }
            Some("foreignKey") => {
                let Some(object) = first.arg(0) else { return };
                let object = self.module().returned_by(object).unwrap_or(object);
                let own = module
                    .entry(object, "columns")
                    .map(|list| self.names(list, table))
                    .unwrap_or_default();
                let there = module.entry(object, "foreignColumns");
                let first_there = there
                    .and_then(|list| self.consts.items(self.file, list))
                    .and_then(|(_, items)| items.first().copied());
                let target = first_there.and_then(|expr| match module.kind(expr) {
                    ExprKind::Attr { base, .. } if module.name(*base).is_some_and(|base| matches!(base, "table" | "t" | "self")) => {
                        Some(table.name.clone())
                    }
                    ExprKind::Attr { base, .. } => self.table_of(*base),
                    _ => None,
                });
                let fields = there.map(|list| self.field_names(list)).unwrap_or_default();
                let name = module.entry(object, "name").and_then(|expr| self.text(expr));
                table
                    .constraints
                    .push((Constraint::Foreign(name, own, target.unwrap_or_default(), fields), span));
            }
            _ => {}
        }
    }

    fn predicate(&self, expr: ExprId, table: &TableDef) -> String {
        let module = self.module();
        let template = module.call(expr).and_then(|call| call.arg(0)).unwrap_or(expr);
        self.sql_text(template, table).unwrap_or_else(|| {
            match module.call(expr).and_then(|call| Some((call.method()?.to_owned(), call.arg(0)?))) {
                Some((method, column)) if method == "isNotNull" => {
                    format!("{} IS NOT NULL", self.column_name(column, table).unwrap_or_default())
                }
                _ => "?".to_owned(),
            }
        })
    }

    /// A template's text with columns put in by name.
    fn sql_text(&self, template: ExprId, table: &TableDef) -> Option<String> {
        let module = self.module();
        match module.kind(template) {
            ExprKind::Str(text) => Some(module.str(*text).to_owned()),
            ExprKind::Template(parts) => parts
                .iter()
                .map(|part| match part {
                    TemplatePart::Text(text) => Some(module.str(*text).to_owned()),
                    TemplatePart::Hole(hole) => self.column_name(*hole, table),
                })
                .collect(),
            _ => None,
        }
    }

    fn keys(&self, call: &Call, table: &TableDef) -> Vec<IndexKey> {
        let skip = usize::from(call.method() == Some("using"));
        call.args.iter().skip(skip).map(|arg| self.key(arg.value, table)).collect()
    }

    fn key(&self, expr: ExprId, table: &TableDef) -> IndexKey {
        let module = self.module();
        if let Some(call) = module.call(expr) {
            return match (call.method(), call.receiver()) {
                (Some("desc"), Some(receiver)) => IndexKey {
                    descending: true,
                    ..self.key(receiver, table)
                },
                (Some("asc" | "nullsFirst" | "nullsLast" | "op"), Some(receiver)) => self.key(receiver, table),
                _ => self.sql_key(&call, table),
            };
        }
        match self.column_name(expr, table) {
            Some(column) => IndexKey {
                column,
                expression: false,
                descending: false,
            },
            None => IndexKey {
                column: "…".to_owned(),
                expression: true,
                descending: false,
            },
        }
    }

    /// ``sql`${t.created} DESC` ``: a column with an order, or an expression.
    fn sql_key(&self, call: &Call, table: &TableDef) -> IndexKey {
        let text = call
            .arg(0)
            .and_then(|expr| self.sql_text(expr, table))
            .unwrap_or_else(|| "…".to_owned());
        let mut words = text.split_whitespace();
        let column = words.next().unwrap_or_default().trim_matches('"').to_owned();
        let rest: Vec<String> = words.map(str::to_uppercase).collect();
        let order_only = rest
            .iter()
            .all(|word| matches!(word.as_str(), "ASC" | "DESC" | "NULLS" | "FIRST" | "LAST"));
        if order_only && table.columns.iter().any(|known| known.name == column) {
            return IndexKey {
                column,
                expression: false,
                descending: rest.iter().any(|word| word == "DESC"),
            };
        }
        IndexKey {
            column: text,
            expression: true,
            descending: false,
        }
    }

    /// The column behind `t.field`.
    fn column_name(&self, expr: ExprId, table: &TableDef) -> Option<String> {
        let module = self.module();
        let field = match module.kind(expr) {
            ExprKind::Attr { name, .. } | ExprKind::Name(name) => module.str(*name),
            ExprKind::Call { .. } => {
                return module
                    .call(expr)
                    .and_then(|call| call.receiver())
                    .and_then(|receiver| self.column_name(receiver, table));
            }
            _ => return None,
        };
        let column = table
            .columns
            .iter()
            .find(|column| column.field.as_deref().unwrap_or(&column.name) == field);
        Some(column.map_or(field, |column| &column.name).to_owned())
    }

    fn names(&self, list: ExprId, table: &TableDef) -> Vec<String> {
        let items = self.consts.items(self.file, list).map(|(_, items)| items).unwrap_or_default();
        items.into_iter().filter_map(|item| self.column_name(item, table)).collect()
    }

    fn field_names(&self, list: ExprId) -> Vec<String> {
        self.names(list, &TableDef::default())
    }

    /// `relations(users, ({ one, many }) => ({ posts: many(posts) }))`, as an addition to the model `users`.
    fn relations(&self, call: &Call) -> Option<ModelDef> {
        let module = self.module();
        let name = call.arg(0).and_then(|expr| match module.kind(expr) {
            ExprKind::Name(name) | ExprKind::Attr { name, .. } => Some(module.str(*name).to_owned()),
            _ => None,
        })?;
        let object = self.module().returned_by(call.arg(1)?)?;
        let ExprKind::Object(entries) = module.kind(object) else {
            return None;
        };
        Some(self.holder(name, entries))
    }

    /// `defineRelations(schema, (r) => ({ users: { posts: r.many.posts() } }))`.
    fn all_relations(&self, call: &Call) -> Vec<ModelDef> {
        let module = self.module();
        let object = call.arg(1).and_then(|callback| self.module().returned_by(callback));
        let Some(ExprKind::Object(entries)) = object.map(|object| module.kind(object)) else {
            return Vec::new();
        };
        entries
            .iter()
            .filter_map(|entry| match module.kind(entry.value) {
                ExprKind::Object(relations) => Some(self.holder(module.string(entry.key?)?.to_owned(), relations)),
                _ => None,
            })
            .collect()
    }

    /// The relations of one table, to be joined to its model.
    fn holder(&self, name: String, entries: &[ObjectEntry]) -> ModelDef {
        let module = self.module();
        let relation = |entry: &ObjectEntry| self.relation(module.string(entry.key?)?, &module.call(entry.value)?);
        ModelDef {
            name,
            relations: entries.iter().filter_map(relation).collect(),
            ..ModelDef::default()
        }
    }

    /// `one(users, { fields: […] })`, `r.one.users({ from: … })`.
    fn relation(&self, name: &str, call: &Call) -> Option<RelationDef> {
        let module = self.module();
        let last_name = |expr: ExprId| match module.kind(expr) {
            ExprKind::Name(name) | ExprKind::Attr { name, .. } => Some(module.str(*name)),
            _ => None,
        };
        let method = call.method()?;
        let (kind, target, fields) = if matches!(method, "many" | "one") {
            let fields = call.arg(1).and_then(|config| module.entry(config, "fields"));
            (method, last_name(call.arg(0)?)?, fields)
        } else {
            let from = call.arg(0).and_then(|config| module.entry(config, "from"));
            (last_name(call.receiver()?)?, method, from)
        };
        let to_many = match kind {
            "many" => true,
            "one" => false,
            _ => return None,
        };
        let fields = fields.map(|fields| match last_name(fields) {
            Some(one) => vec![one.to_owned()],
            None => self.field_names(fields),
        });
        Some(RelationDef {
            name: name.to_owned(),
            target: target.to_owned(),
            to_many,
            loading: Loading::Explicit,
            fields: fields.unwrap_or_default(),
            span: module.expr(call.id).span,
            ..RelationDef::default()
        })
    }
}
