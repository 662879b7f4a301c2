//! `ALTER TABLE` and `ALTER INDEX`.

use super::table::{self, Element};
use crate::source::Span;
use crate::statement::{ColumnDef, SchemaChange, SchemaOp, TableDef};
use crate::syntax::sql::cursor::Cursor;

/// Reads what follows `ALTER TABLE`.
pub(super) fn table(cursor: &mut Cursor, span: Span) -> Option<Vec<SchemaChange>> {
    cursor.eat_all("IF EXISTS");
    cursor.eat("ONLY");
    let name = cursor.name()?;
    cursor.eat_sign('*');
    let mut ops = Vec::new();
    while let Some(mut item) = cursor.item() {
        let at = if ops.is_empty() { span } else { item.span() };
        let mut found = Vec::new();
        action(&mut item, &name, &mut found);
        ops.extend(found.into_iter().map(|op| SchemaChange { op, span: at }));
    }
    Some(ops)
}

fn action(item: &mut Cursor, table: &str, ops: &mut Vec<SchemaOp>) {
    if item.eat("ADD") {
        add(item, table, ops);
    } else if item.eat("DROP") {
        ops.extend(drop(item, table));
    } else if item.eat("RENAME") {
        ops.extend(rename(item, table));
    } else if item.eat("ALTER") {
        ops.extend(alter_column(item, table));
    } else if item.eat("MODIFY") {
        item.eat("COLUMN");
        ops.extend(define(item, table, SchemaOp::AlterColumn));
    } else if item.eat("CHANGE") {
        item.eat("COLUMN");
        let Some(from) = item.part() else { return };
        let Some(SchemaOp::AlterColumn(_, column)) = define(item, table, SchemaOp::AlterColumn).into_iter().next() else {
            return;
        };
        if from != column.name {
            ops.push(SchemaOp::RenameColumn(table.to_owned(), from, column.name.clone()));
        }
        ops.push(SchemaOp::AlterColumn(table.to_owned(), column));
    } else if item.eat_all("SET SCHEMA") {
        let bare = table.rsplit('.').next().unwrap_or(table);
        ops.extend(
            item.part()
                .map(|schema| SchemaOp::RenameTable(table.to_owned(), format!("{schema}.{bare}"))),
        );
    }
}

fn add(item: &mut Cursor, table: &str, ops: &mut Vec<SchemaOp>) {
    let is_column = item.eat("COLUMN");
    item.eat_all("IF NOT EXISTS");
    if !is_column {
        if let Some(promoted) = using_index(item, table) {
            ops.push(promoted);
            return;
        }
        if let Some(found) = table::constraint(item, table) {
            match found {
                Element::Constraint(constraint) => ops.push(SchemaOp::AddConstraint(table.to_owned(), constraint)),
                Element::Index(index) => ops.push(SchemaOp::AddIndex(index, false)),
                Element::Nothing => {}
            }
            return;
        }
        if let Some(mut columns) = item.parens() {
            while let Some(mut column) = columns.item() {
                ops.extend(define(&mut column, table, SchemaOp::AddColumn));
            }
            return;
        }
    }
    ops.extend(define(item, table, SchemaOp::AddColumn));
}

/// `ADD CONSTRAINT name UNIQUE USING INDEX index`: the index stays, as the constraint's, and takes its name.
fn using_index(item: &Cursor, table: &str) -> Option<SchemaOp> {
    let mut look = *item;
    let name = if look.eat("CONSTRAINT") { look.part() } else { None };
    let primary = look.eat_all("PRIMARY KEY");
    if !(primary || look.eat("UNIQUE")) || !look.eat_all("USING INDEX") {
        return None;
    }
    Some(SchemaOp::PromoteIndex {
        table: table.to_owned(),
        index: look.part()?,
        name,
        primary,
    })
}
/// A column's definition as an operation, with the named constraints that stand in it.
fn define(item: &mut Cursor, table: &str, op: impl Fn(String, ColumnDef) -> SchemaOp) -> Vec<SchemaOp> {
    let mut holder = TableDef {
        name: table.to_owned(),
        ..TableDef::default()
    };
    let Some(column) = table::column(item, &mut holder) else {
        return Vec::new();
    };
    let mut ops = vec![op(table.to_owned(), column)];
    ops.extend(
        holder
            .constraints
            .into_iter()
            .map(|(constraint, _)| SchemaOp::AddConstraint(table.to_owned(), constraint)),
    );
    ops
}

fn drop(item: &mut Cursor, table: &str) -> Option<SchemaOp> {
    let table = table.to_owned();
    if item.eat("CONSTRAINT") || item.eat_all("FOREIGN KEY") {
        item.eat_all("IF EXISTS");
        return Some(SchemaOp::DropConstraint(table, item.part()?));
    }
    if item.eat_all("PRIMARY KEY") {
        return Some(SchemaOp::DropConstraint(table, "PRIMARY".to_owned()));
    }
    let next_is_name = item.peek_at(1).is_some();
    if next_is_name && item.eat_any(&["INDEX", "KEY"]) {
        item.eat_all("IF EXISTS");
        return Some(SchemaOp::DropIndex(item.part()?, Some(table)));
    }
    if item.eat("CHECK") || item.eat("PARTITION") {
        return None;
    }
    item.eat("COLUMN");
    item.eat_all("IF EXISTS");
    Some(SchemaOp::DropColumn(table, item.part()?))
}

fn rename(item: &mut Cursor, table: &str) -> Option<SchemaOp> {
    let table = table.to_owned();
    if item.eat("TO") || item.eat("AS") {
        let to = item.name()?;
        let schema = table.rsplit_once('.').map(|(schema, _)| schema);
        let to = schema
            .filter(|_| !to.contains('.'))
            .map_or(to.clone(), |schema| format!("{schema}.{to}"));
        return Some(SchemaOp::RenameTable(table, to));
    }
    if item.eat_any(&["INDEX", "KEY", "CONSTRAINT"]) {
        let from = item.part()?;
        item.eat("TO");
        return Some(SchemaOp::RenameIndex(from, item.part()?));
    }
    item.eat("COLUMN");
    let from = item.part()?;
    item.eat("TO").then_some(())?;
    Some(SchemaOp::RenameColumn(table, from, item.part()?))
}

fn alter_column(item: &mut Cursor, table: &str) -> Option<SchemaOp> {
    if ["CONSTRAINT", "INDEX", "CHECK"].iter().any(|word| item.eat(word)) {
        return None;
    }
    item.eat("COLUMN");
    let mut column = ColumnDef {
        nullable: true,
        span: item.span(),
        name: item.part()?,
        ..ColumnDef::default()
    };
    if item.eat("TYPE") || item.eat_all("SET DATA TYPE") {
        column.data_type = table::data_type(item);
    } else if item.eat_all("SET NOT NULL") {
        column.nullable = false;
    } else if !item.eat_all("DROP NOT NULL") {
        return None;
    }
    Some(SchemaOp::AlterColumn(table.to_owned(), column))
}

/// Reads what follows `ALTER INDEX`.
pub(super) fn index(cursor: &mut Cursor, span: Span) -> Option<Vec<SchemaChange>> {
    cursor.eat_all("IF EXISTS");
    let from = cursor.name()?;
    if !cursor.eat_all("RENAME TO") {
        return Some(Vec::new());
    }
    Some(vec![SchemaChange {
        op: SchemaOp::RenameIndex(from, cursor.name()?),
        span,
    }])
}
