//! Kysely's schema builder: `db.schema.createTable("users").addColumn("email", "text", (c) => c.unique()).execute()`.

use crate::ir::{Call, ExprKind};
use crate::libraries::shared::ts_options::{OptionReader, index};
use crate::source::Span;
use crate::statement::{ColumnDef, Constraint, SchemaOp, TableDef};

/// The changes of a chain that starts at `schema`; `None` where it is not Kysely's.
pub(crate) fn ops(options: OptionReader, chain: &[Call]) -> Option<Vec<SchemaOp>> {
    if chain.last()?.method() != Some("execute") {
        return None;
    }
    let schema = chain
        .iter()
        .find(|call| call.method() == Some("withSchema"))
        .and_then(|call| options.text(call.arg(0)?));
    let start = chain.iter().position(|call| call.method() != Some("withSchema"))?;
    let (first, rest) = chain.get(start..)?.split_first()?;
    let name = options.text(first.arg(0)?)?;
    let full = |name: String| schema.as_ref().map_or(name.clone(), |schema| format!("{schema}.{name}"));
    let span = options.span(chain.last()?.id);
    Some(match first.method()? {
        "createTable" => {
            let mut def = TableDef {
                name: full(name),
                span,
                ..TableDef::default()
            };
            for call in rest {
                part(options, call, &mut def);
            }
            vec![SchemaOp::CreateTable(def, has(rest, "ifNotExists"))]
        }
        "alterTable" => alter(options, rest, &full(name), span),
        "dropTable" => vec![SchemaOp::DropTable(full(name))],
        "dropIndex" => vec![SchemaOp::DropIndex(name, text_of(options, rest, "on").map(full))],
        "createIndex" => {
            let table = full(text_of(options, rest, "on")?);
            vec![SchemaOp::AddIndex(
                built(options, rest, name, &table, span),
                has(rest, "ifNotExists"),
            )]
        }
        "createType" | "dropType" | "createView" | "dropView" | "createSchema" | "dropSchema" => Vec::new(),
        _ => return None,
    })
}

fn has(chain: &[Call], method: &str) -> bool {
    chain.iter().any(|call| call.method() == Some(method))
}

fn text_of(options: OptionReader, chain: &[Call], method: &str) -> Option<String> {
    let call = chain.iter().find(|call| call.method() == Some(method))?;
    options.text(call.arg(0)?)
}

fn built(options: OptionReader, chain: &[Call], name: String, table: &str, span: Span) -> crate::statement::IndexDef {
    let mut def = index(Some(name), table, &[], has(chain, "unique"), span);
    for call in chain {
        let key = |text: String, expression: bool| {
            let (column, order) = text.split_once(' ').filter(|_| !expression).unwrap_or((&text, ""));
            crate::statement::IndexKey {
                column: column.to_owned(),
                expression,
                descending: order.trim().eq_ignore_ascii_case("desc"),
            }
        };
        let Some(argument) = call.arg(0) else { continue };
        match call.method() {
            Some("column" | "columns") => def.keys.extend(options.texts(argument).into_iter().map(|text| key(text, false))),
            Some("expression") => {
                let text = options.text(argument).unwrap_or_else(|| "expression".to_owned());
                def.keys.push(key(text, true));
            }
            Some("using") => def.method = options.text(argument).map(|method| method.to_lowercase()),
            Some("where") => {
                let one = condition(options, call).unwrap_or_else(|| "?".to_owned());
                def.predicate = Some(match def.predicate.take() {
                    Some(others) if others != "?" && one != "?" => format!("{others} AND {one}"),
                    Some(_) => "?".to_owned(),
                    None => one,
                });
            }
            _ => {}
        }
    }
    def
}

/// `.where("deleted_at", "is", null)`, `.where(sql.ref("deleted_at"), …)` as SQL writes it; `None` where a part is not one value.
fn condition(options: OptionReader, call: &Call) -> Option<String> {
    let module = options.module();
    let column = call.arg(0)?;
    let named = module.call(column).filter(|call| call.method() == Some("ref"));
    let column = options.text(named.map_or(Some(column), |call| call.arg(0))?)?;
    let operator = options.text(call.arg(1)?)?;
    let value = match module.kind(call.arg(2)?) {
        ExprKind::Null => "NULL".to_owned(),
        ExprKind::Bool(value) => value.to_string(),
        ExprKind::Num(number) => number.to_string(),
        ExprKind::Str(text) => format!("'{}'", module.str(*text).replace('\'', "''")),
        _ => return None,
    };
    Some(format!("\"{column}\" {} {value}", operator.to_uppercase()))
}

/// A column or a constraint of a new table.
fn part(options: OptionReader, call: &Call, def: &mut TableDef) {
    let span = options.span(call.callee);
    match call.method() {
        Some("addColumn") => def.columns.extend(column(options, call)),
        Some("$call" | "modifyEnd") => def.open = true,
        _ => def
            .constraints
            .extend(constraint(options, call).map(|constraint| (constraint, span))),
    }
}

fn constraint(options: OptionReader, call: &Call) -> Option<Constraint> {
    let name = call.arg(0).and_then(|expr| options.text(expr));
    let columns = call.arg(1).map_or_else(Vec::new, |expr| options.texts(expr));
    match call.method()? {
        "addPrimaryKeyConstraint" => Some(Constraint::Primary(columns)),
        "addUniqueConstraint" => Some(Constraint::Unique(name, columns)),
        "addForeignKeyConstraint" => {
            let there = call.arg(3).map_or_else(Vec::new, |expr| options.texts(expr));
            Some(Constraint::Foreign(name, columns, options.text(call.arg(2)?)?, there))
        }
        _ => None,
    }
}

/// `addColumn("author_id", "uuid", (c) => c.notNull().references("users.id"))`.
fn column(options: OptionReader, call: &Call) -> Option<ColumnDef> {
    let mut column = ColumnDef {
        name: options.text(call.arg(0)?)?,
        data_type: call.arg(1).and_then(|expr| options.text(expr)).unwrap_or_default().to_lowercase(),
        nullable: true,
        span: options.span(call.arg(0)?),
        ..ColumnDef::default()
    };
    let body = call.arg(2).and_then(|callback| options.module().returned_by(callback));
    let Some(last) = body.and_then(|expr| options.module().call(expr)) else {
        return Some(column);
    };
    for step in last.chain() {
        match step.method() {
            Some("primaryKey") => column.primary = true,
            Some("unique") => column.unique = true,
            Some("notNull") => column.nullable = false,
            Some("references") => {
                let text = step.arg(0).and_then(|expr| options.text(expr)).unwrap_or_default();
                column.references = text
                    .rsplit_once('.')
                    .map(|(table, column)| (table.to_owned(), Some(column.to_owned())));
            }
            _ => {}
        }
    }
    Some(column)
}

fn alter(options: OptionReader, chain: &[Call], table: &str, span: Span) -> Vec<SchemaOp> {
    let mut ops = Vec::new();
    for call in chain {
        let text = |at: usize| call.arg(at).and_then(|expr| options.text(expr));
        let op = match call.method() {
            Some("addColumn") => column(options, call).map(|column| SchemaOp::AddColumn(table.to_owned(), column)),
            Some("dropColumn") => text(0).map(|name| SchemaOp::DropColumn(table.to_owned(), name)),
            Some("renameColumn") => text(0)
                .zip(text(1))
                .map(|(from, to)| SchemaOp::RenameColumn(table.to_owned(), from, to)),
            Some("renameTo") => text(0).map(|to| SchemaOp::RenameTable(table.to_owned(), to)),
            Some("dropConstraint") => text(0).map(|name| SchemaOp::DropConstraint(table.to_owned(), name)),
            Some("addIndex") => {
                let columns: Vec<String> = chain
                    .iter()
                    .filter(|call| matches!(call.method(), Some("column" | "columns")))
                    .flat_map(|call| call.arg(0).map_or_else(Vec::new, |expr| options.texts(expr)))
                    .collect();
                (!columns.is_empty()).then(|| SchemaOp::AddIndex(index(text(0), table, &columns, false, span), false))
            }
            _ => constraint(options, call).map(|constraint| SchemaOp::AddConstraint(table.to_owned(), constraint)),
        };
        ops.extend(op);
    }
    ops
}
