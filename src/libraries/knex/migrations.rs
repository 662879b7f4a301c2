//! Knex's schema builder: `knex.schema.createTable("users", (t) => { t.string("email").unique() })`.

use crate::ir::{Call, ExprId, ExprKind, StmtKind};
use crate::libraries::shared::ts_options::{OptionReader, index};
use crate::source::Span;
use crate::statement::{ColumnDef, Constraint, SchemaOp, TableDef};

/// The changes of a chain that starts at `schema`; `None` where a step is not understood.
pub(crate) fn ops(options: OptionReader, chain: &[Call]) -> Option<Vec<SchemaOp>> {
    let mut ops = Vec::new();
    let mut schema = None;
    for call in chain {
        let text = |at: usize| call.arg(at).and_then(|expr| options.text(expr));
        let named =
            |schema: &Option<String>, name: String| schema.as_ref().map_or(name.clone(), |schema: &String| format!("{schema}.{name}"));
        match call.method()? {
            "withSchema" => schema = text(0),
            method @ ("createTable" | "createTableIfNotExists" | "alterTable" | "table") => {
                let name = named(&schema, text(0)?);
                let mut builder = Builder {
                    options,
                    table: name.clone(),
                    def: TableDef::default(),
                    ops: Vec::new(),
                    creates: method.starts_with("create"),
                };
                builder.read(call.arg(1)?);
                let span = options.span(call.id);
                if builder.creates {
                    builder.def.name = name;
                    builder.def.span = span;
                    ops.push(SchemaOp::CreateTable(builder.def, method.ends_with("NotExists")));
                }
                ops.extend(builder.ops);
            }
            "dropTable" | "dropTableIfExists" => ops.push(SchemaOp::DropTable(named(&schema, text(0)?))),
            "renameTable" => ops.push(SchemaOp::RenameTable(named(&schema, text(0)?), text(1)?)),
            "hasTable"
            | "hasColumn"
            | "then"
            | "catch"
            | "finally"
            | "createSchema"
            | "createSchemaIfNotExists"
            | "createExtension"
            | "dropSchema"
            | "dropSchemaIfExists"
            | "dropView"
            | "dropViewIfExists"
            | "createView"
            | "createViewOrReplace" => {}
            _ => return None,
        }
    }
    Some(ops)
}

struct Builder<'c, 'r> {
    options: OptionReader<'c, 'r>,
    table: String,
    /// The table's definition, when it is created.
    def: TableDef,
    /// Changes, when it is altered.
    ops: Vec<SchemaOp>,
    creates: bool,
}

impl Builder<'_, '_> {
    /// The statements of `(table) => { … }`.
    fn read(&mut self, callback: ExprId) {
        let module = self.options.module();
        let ExprKind::Lambda(function) = module.kind(callback) else {
            self.def.open = true;
            return;
        };
        for &stmt in &module.function(*function).body {
            match &module.stmt(stmt).kind {
                StmtKind::Expr(expr) | StmtKind::Return(Some(expr)) => match module.call(*expr) {
                    Some(call) => self.line(&call),
                    None => self.def.open = true,
                },
                // Loops and conditions can add more.
                _ => self.def.open = true,
            }
        }
    }

    fn line(&mut self, last: &Call) {
        let chain = last.chain();
        let Some(first) = chain.first() else { return };
        let span = self.options.span(last.id);
        let text = |at: usize| first.arg(at).and_then(|expr| self.options.text(expr));
        let columns = first.arg(0).map_or_else(Vec::new, |expr| self.options.texts(expr));
        let name_or = |end: &str, at: usize| text(at).unwrap_or_else(|| self.made_up(&columns, end));
        let Some(method) = first.method() else { return };
        let table = self.table.clone();
        match method {
            "index" | "unique" if !columns.is_empty() => {
                let unique = method == "unique";
                let object = first.arg(1).and_then(|expr| self.options.object(expr));
                let name = self.options.text_of(object, "indexName").unwrap_or_else(|| name_or(method, 1));
                let mut def = index(Some(name.clone()), &table, &columns, unique, span);
                def.predicate = self.options.get(object, "predicate").map(|_| "?".to_owned());
                def.method = text(2)
                    .filter(|_| !unique)
                    .or_else(|| self.options.text_of(object, "storageEngineIndexType"))
                    .map(|method| method.to_lowercase());
                if unique && def.predicate.is_none() {
                    self.constraint(Constraint::Unique(Some(name), columns), span);
                } else if self.creates {
                    self.def.indexes.push(def);
                } else {
                    self.ops.push(SchemaOp::AddIndex(def, false));
                }
            }
            "primary" => self.constraint(Constraint::Primary(columns), span),
            "foreign" => {
                if let Some((target, there)) = self.reference(&chain) {
                    let name = name_or("foreign", 1);
                    self.constraint(Constraint::Foreign(Some(name), columns, target, there.into_iter().collect()), span);
                }
            }
            "dropColumn" | "dropColumns" => {
                for arg in first.args {
                    for column in self.options.texts(arg.value) {
                        self.ops.push(SchemaOp::DropColumn(table.clone(), column));
                    }
                }
            }
            "renameColumn" => {
                if let (Some(from), Some(to)) = (text(0), text(1)) {
                    self.ops.push(SchemaOp::RenameColumn(table, from, to));
                }
            }
            "dropIndex" => self.ops.push(SchemaOp::DropIndex(name_or("index", 1), Some(table))),
            "dropUnique" => self.ops.push(SchemaOp::DropConstraint(table, name_or("unique", 1))),
            "dropForeign" => self.ops.push(SchemaOp::DropConstraint(table, name_or("foreign", 1))),
            "dropPrimary" => self.ops.push(SchemaOp::DropConstraint(table, "PRIMARY".to_owned())),
            "timestamps" => {
                for name in ["created_at", "updated_at"] {
                    self.column(ColumnDef {
                        name: name.to_owned(),
                        data_type: "timestamp".to_owned(),
                        span,
                        ..ColumnDef::default()
                    });
                }
            }
            "comment" | "engine" | "charset" | "collate" | "setNullable" | "dropNullable" | "check" | "inherits" | "dropTimestamps"
            | "queryContext" => {}
            _ => self.column_line(&chain, span),
        }
    }

    /// `t.string("email", 99).notNullable().unique()`.
    fn column_line(&mut self, chain: &[Call], span: Span) {
        let Some(first) = chain.first() else { return };
        let Some(method) = first.method() else { return };
        let increments = matches!(method, "increments" | "bigIncrements");
        let name = first.arg(0).and_then(|expr| self.options.text(expr));
        let Some(name) = name.or_else(|| increments.then(|| "id".to_owned())) else {
            self.def.open = true;
            return;
        };
        let mut column = ColumnDef {
            data_type: match method {
                "specificType" => first
                    .arg(1)
                    .and_then(|expr| self.options.text(expr))
                    .unwrap_or_default()
                    .to_lowercase(),
                "string" => "varchar".to_owned(),
                _ => method.to_lowercase(),
            },
            name,
            nullable: true,
            primary: increments,
            span,
            ..ColumnDef::default()
        };
        let own = vec![column.name.clone()];
        let mut alters = false;
        for call in chain.iter().skip(1) {
            let name = |end: &str| {
                call.arg(0)
                    .and_then(|expr| self.options.text(expr))
                    .unwrap_or_else(|| self.made_up(&own, end))
            };
            match call.method() {
                Some("primary") => column.primary = true,
                Some("notNullable" | "notNull") => column.nullable = false,
                Some("unique") => {
                    let name = name("unique");
                    self.constraint(Constraint::Unique(Some(name), own.clone()), span);
                }
                Some("index") => {
                    let def = index(Some(name("index")), &self.table, &own, false, span);
                    if self.creates {
                        self.def.indexes.push(def);
                    } else {
                        self.ops.push(SchemaOp::AddIndex(def, false));
                    }
                }
                Some("alter") => alters = true,
                _ => {}
            }
        }
        column.references = self.reference(chain);
        if alters {
            self.ops.push(SchemaOp::AlterColumn(self.table.clone(), column));
        } else {
            self.column(column);
        }
    }

    /// `.references("id").inTable("users")`, `.references("users.id")`.
    fn reference(&self, chain: &[Call]) -> Option<(String, Option<String>)> {
        let of = |wanted: &str| {
            let call = chain.iter().find(|call| call.method() == Some(wanted))?;
            self.options.texts(call.arg(0)?).into_iter().next()
        };
        let column = of("references")?;
        match of("inTable").or_else(|| of("on")) {
            Some(table) => Some((table, Some(column))),
            None => column
                .rsplit_once('.')
                .map(|(table, column)| (table.to_owned(), Some(column.to_owned()))),
        }
    }

    fn column(&mut self, column: ColumnDef) {
        if self.creates {
            self.def.columns.push(column);
        } else {
            // A column comes before the index or key on it.
            let at = self.ops.len();
            let own = |op: &SchemaOp| match op {
                SchemaOp::AddIndex(index, _) => index.keys.iter().any(|key| key.column == column.name),
                SchemaOp::AddConstraint(_, Constraint::Unique(_, columns)) => columns.contains(&column.name),
                _ => false,
            };
            let before = self.ops.iter().rev().take_while(|op| own(op)).count();
            self.ops.insert(at - before, SchemaOp::AddColumn(self.table.clone(), column));
        }
    }

    fn constraint(&mut self, constraint: Constraint, span: Span) {
        if self.creates {
            self.def.constraints.push((constraint, span));
        } else {
            self.ops.push(SchemaOp::AddConstraint(self.table.clone(), constraint));
        }
    }

    /// The name that Knex gives.
    fn made_up(&self, columns: &[String], end: &str) -> String {
        let table = self.table.replace('.', "_");
        format!("{table}_{}_{end}", columns.join("_")).to_lowercase()
    }
}
