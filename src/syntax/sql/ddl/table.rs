//! `CREATE TABLE`: columns, keys, indexes and constraints.

use super::index;
use crate::source::Span;
use crate::statement::{ColumnDef, Constraint, IndexDef, SchemaChange, SchemaOp, TableDef};
use crate::syntax::sql::cursor::{Cursor, text_of};
use crate::syntax::sql::lex::TokenKind;

/// What a `CREATE TABLE` made.
pub(super) enum CreatedTable {
    /// A table of the schema: the change that makes it.
    Table(SchemaChange),
    /// A table of a database whose SQL is another language (`ClickHouse`).
    OtherLanguage,
}

/// Storage engines of `MySQL`; any other engine is another database's.
const MYSQL_ENGINES: &[&str] = &[
    "innodb",
    "myisam",
    "memory",
    "heap",
    "archive",
    "csv",
    "aria",
    "ndb",
    "ndbcluster",
    "rocksdb",
    "tokudb",
    "federated",
    "blackhole",
    "merge",
    "xtradb",
    "columnstore",
];

/// Words that end a column's type and start its constraints.
const COLUMN_WORDS: &[&str] = &[
    "CONSTRAINT",
    "NOT",
    "NULL",
    "DEFAULT",
    "PRIMARY",
    "UNIQUE",
    "REFERENCES",
    "CHECK",
    "COLLATE",
    "GENERATED",
    "AUTO_INCREMENT",
    "AUTOINCREMENT",
    "KEY",
    "COMMENT",
    "ON",
    "IDENTITY",
    "STORED",
    "VIRTUAL",
    "AS",
    "INVISIBLE",
    "VISIBLE",
    "STORAGE",
    "COMPRESSION",
    "DEFERRABLE",
    "FIRST",
    "AFTER",
    "USING",
    "INDEX",
];

/// Reads what follows `CREATE TABLE`.
pub(super) fn create(cursor: &mut Cursor, span: Span) -> Option<CreatedTable> {
    let if_not_exists = cursor.eat_all("IF NOT EXISTS");
    let mut table = TableDef {
        name: cursor.name()?,
        span,
        ..TableDef::default()
    };
    if cursor.eat_all("PARTITION OF") {
        table.partition = true;
        table.open = true;
    } else if let Some(mut body) = cursor.parens() {
        while let Some(mut item) = body.item() {
            element(&mut item, &mut table);
        }
    } else {
        table.open = true;
    }
    if options(cursor, &mut table) {
        return Some(CreatedTable::OtherLanguage);
    }
    Some(CreatedTable::Table(SchemaChange {
        op: SchemaOp::CreateTable(table, if_not_exists),
        span,
    }))
}

/// A materialized view holds rows and can have indexes: a table with columns that are not known.
pub(super) fn materialized_view(cursor: &mut Cursor, span: Span) -> Option<SchemaChange> {
    let if_not_exists = cursor.eat_all("IF NOT EXISTS");
    let table = TableDef {
        name: cursor.name()?,
        span,
        open: true,
        ..TableDef::default()
    };
    Some(SchemaChange {
        op: SchemaOp::CreateTable(table, if_not_exists),
        span,
    })
}

/// Reads the clauses after the body; true when they are another database's.
fn options(cursor: &mut Cursor, table: &mut TableDef) -> bool {
    while !cursor.is_done() {
        if cursor.eat_all("PARTITION BY") {
            table.partition = true;
        } else if cursor.eat("INHERITS") || cursor.eat("LIKE") || cursor.eat("AS") || cursor.eat("SELECT") {
            table.open = true;
        } else if cursor.eat("ENGINE") {
            cursor.eat_sign('=');
            let engine = cursor.part().unwrap_or_default().to_ascii_lowercase();
            if !MYSQL_ENGINES.contains(&engine.as_str()) {
                return true;
            }
        } else if cursor.is("ORDER") && cursor.peek_at(1).is_some_and(|token| token.is("BY")) && !table.open {
            return true;
        } else {
            cursor.skip();
        }
    }
    false
}

fn element(item: &mut Cursor, table: &mut TableDef) {
    if item.eat("LIKE") {
        table.open = true;
        return;
    }
    if let Some(found) = constraint(item, &table.name) {
        match found {
            Element::Constraint(constraint) => table.constraints.push((constraint, item.span())),
            Element::Index(index) => table.indexes.push(index),
            Element::Nothing => {}
        }
        return;
    }
    if let Some(column) = column(item, table) {
        table.columns.push(column);
    }
}

/// A table element that is no column.
pub(super) enum Element {
    Constraint(Constraint),
    Index(IndexDef),
    /// CHECK and others that no query plan depends on.
    Nothing,
}

/// Reads a table constraint or an index; `None`, nothing eaten, when a column stands here.
pub(super) fn constraint(item: &mut Cursor, table: &str) -> Option<Element> {
    let before = *item;
    let mut name = None;
    if item.eat("CONSTRAINT") {
        let unnamed = ["PRIMARY", "UNIQUE", "FOREIGN", "CHECK"].iter().any(|word| item.is(word));
        name = if unnamed { None } else { item.part() };
    }
    let found = keyed(item, table, name);
    if found.is_none() {
        *item = before;
    }
    found
}

fn keyed(item: &mut Cursor, table: &str, name: Option<String>) -> Option<Element> {
    let span = item.span();
    if item.eat_all("PRIMARY KEY") {
        while !item.is_done() && !item.is_sign('(') {
            item.next();
        }
        return Some(Element::Constraint(Constraint::Primary(item.names().unwrap_or_default())));
    }
    if item.eat_all("FOREIGN KEY") {
        item.eat_all("IF NOT EXISTS");
        let own = if item.is_sign('(') { None } else { item.part() };
        let columns = item.names().unwrap_or_default();
        item.eat("REFERENCES");
        let target = item.name()?;
        let there = item.names().unwrap_or_default();
        return Some(Element::Constraint(Constraint::Foreign(name.or(own), columns, target, there)));
    }
    if item.is("UNIQUE") {
        item.next();
        item.eat_any(&["KEY", "INDEX"]);
        item.eat_all("NULLS NOT DISTINCT");
        item.eat_all("IF NOT EXISTS");
        let own = if item.is_sign('(') || item.is("USING") { None } else { item.part() };
        let using = index::method(item);
        let keys = index::keys(item);
        if keys.iter().any(|key| key.expression) {
            let index = IndexDef {
                name: name.or(own),
                table: table.to_owned(),
                keys,
                unique: true,
                method: using,
                span,
                ..IndexDef::default()
            };
            return Some(Element::Index(index));
        }
        return Some(Element::Constraint(Constraint::Unique(
            name.or(own),
            keys.into_iter().map(|key| key.column).collect(),
        )));
    }
    if item.eat("EXCLUDE") {
        let using = index::method(item);
        let mut keys = Vec::new();
        if let Some(mut inner) = item.parens() {
            while let Some(element) = inner.item() {
                let tokens = element.rest();
                // `room WITH =`: the operator says what must differ.
                let end = tokens.iter().position(|token| token.is("WITH")).unwrap_or(tokens.len());
                keys.extend(index::key(&mut Cursor::new(&tokens[..end], 0)));
            }
        }
        let predicate = item.eat("WHERE").then(|| text_of(item.rest()));
        let index = IndexDef {
            name,
            table: table.to_owned(),
            keys,
            predicate,
            method: using.or_else(|| Some("gist".to_owned())),
            span,
            ..IndexDef::default()
        };
        return Some(Element::Index(index));
    }
    if item.eat("CHECK") || item.eat_all("PERIOD FOR") || item.eat_all("NOT NULL") {
        return Some(Element::Nothing);
    }
    let before = *item;
    let special = ["FULLTEXT", "SPATIAL"].into_iter().find(|word| item.eat(word));
    if item.eat_any(&["KEY", "INDEX"]) || special.is_some() {
        item.eat_all("IF NOT EXISTS");
        let own = if item.is_sign('(') || item.is("USING") { None } else { item.part() };
        let using = index::method(item).or_else(|| special.map(str::to_lowercase));
        // A column may be called `key` or `index`: then a type follows, with a length or nothing in parentheses.
        let is_index = item.is_sign('(')
            && item
                .peek_at(1)
                .is_some_and(|token| matches!(token.kind, TokenKind::Word | TokenKind::Quoted) || token.is_sign('('));
        if is_index {
            let keys = index::keys(item);
            let index = IndexDef {
                name: own,
                table: table.to_owned(),
                keys,
                method: using.or_else(|| index::method(item)),
                span,
                ..IndexDef::default()
            };
            return Some(Element::Index(index));
        }
        *item = before;
    }
    None
}

/// Reads a column's definition; constraints that need a name go to the table.
pub(super) fn column(item: &mut Cursor, table: &mut TableDef) -> Option<ColumnDef> {
    let span = item.span();
    let mut column = ColumnDef {
        name: item.part()?,
        nullable: true,
        span,
        ..ColumnDef::default()
    };
    column.data_type = data_type(item);
    if column.data_type.contains("serial") {
        column.nullable = false;
    }
    let mut constraint_name = None;
    while !item.is_done() {
        if item.eat("CONSTRAINT") {
            constraint_name = item.part();
        } else if item.eat_all("NOT NULL") {
            column.nullable = false;
        } else if item.eat_all("PRIMARY KEY") {
            column.primary = true;
            column.nullable = false;
        } else if item.eat("UNIQUE") {
            item.eat("KEY");
            match constraint_name.take() {
                Some(name) => table
                    .constraints
                    .push((Constraint::Unique(Some(name), vec![column.name.clone()]), span)),
                None => column.unique = true,
            }
        } else if item.eat("REFERENCES") {
            references(item, &mut column, constraint_name.take(), table);
        } else if item.eat("DEFAULT") {
            column.default = default(item);
        } else {
            item.skip();
        }
    }
    Some(column)
}

/// The value of a DEFAULT: up to the next constraint. `DEFAULT NULL` says nothing about the column's nullability.
fn default(item: &mut Cursor) -> Option<String> {
    let tokens = item.rest();
    let mut depth = 0usize;
    let mut count = 0;
    for (at, token) in tokens.iter().enumerate() {
        if token.is_sign('(') {
            depth += 1;
        } else if token.is_sign(')') {
            depth = depth.saturating_sub(1);
        } else if depth == 0 && at > 0 && token.kind == TokenKind::Word && COLUMN_WORDS.iter().any(|word| token.is(word)) {
            break;
        }
        count = at + 1;
    }
    for _ in 0..count {
        item.next();
    }
    tokens.get(..count).map(text_of).filter(|text| !text.is_empty())
}

fn references(item: &mut Cursor, column: &mut ColumnDef, name: Option<String>, table: &mut TableDef) {
    let Some(target) = item.name() else { return };
    let there = item.names().unwrap_or_default();
    match name {
        Some(name) => {
            let constraint = Constraint::Foreign(Some(name), vec![column.name.clone()], target, there);
            table.constraints.push((constraint, column.span));
        }
        None => column.references = Some((target, there.into_iter().next())),
    }
    // `ON DELETE SET NULL` is no nullability.
    while item.eat_all("ON DELETE") || item.eat_all("ON UPDATE") {
        if !item.eat_all("SET NULL") && !item.eat_all("SET DEFAULT") && !item.eat_all("NO ACTION") {
            item.next();
        }
    }
}

/// The words of a type, in lower case.
pub(super) fn data_type(item: &mut Cursor) -> String {
    let tokens = item.rest();
    let mut count = 0;
    let mut depth = 0usize;
    for (at, token) in tokens.iter().enumerate() {
        if token.is_sign('(') {
            depth += 1;
        } else if token.is_sign(')') {
            depth = depth.saturating_sub(1);
        } else if depth == 0 && COLUMN_WORDS.iter().any(|word| token.is(word)) && at > 0 {
            break;
        } else if depth == 0
            && at == 0
            && token.kind == TokenKind::Word
            && [
                "NOT",
                "NULL",
                "PRIMARY",
                "UNIQUE",
                "REFERENCES",
                "DEFAULT",
                "CHECK",
                "GENERATED",
                "CONSTRAINT",
            ]
            .iter()
            .any(|word| token.is(word))
        {
            // SQLite columns need no type.
            break;
        }
        count = at + 1;
    }
    for _ in 0..count {
        item.next();
    }
    text_of(&tokens[..count]).to_lowercase()
}
