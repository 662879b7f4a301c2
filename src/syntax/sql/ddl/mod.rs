//! Schema changes that a DDL statement makes, recognised token by token.
//!
//! A recogniser of its own instead of the general parser: real dumps and migrations hold clauses of every server and
//! version, and a clause that is not known here costs that clause, not the statement.

mod alter;
mod index;
mod table;

use super::cursor::Cursor;
use super::lex::{self, SqlToken, TokenKind};
use crate::budget::{self, Limit};
use crate::source::Span;
use crate::statement::{Dialect, SchemaChange, SchemaOp};

/// What became of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ddl {
    /// It changes tables or indexes (possibly not at all, as for temporary ones).
    Changes(Vec<SchemaChange>),
    /// It is no DDL of tables and indexes.
    Other,
    /// It is DDL that was not understood.
    NotUnderstood,
}

/// Reads one statement; `base` is added to the places of its changes.
pub fn parse(text: &str, dialect: Dialect, base: usize) -> Ddl {
    parse_nested(text, dialect, base, 0)
}

fn parse_nested(text: &str, dialect: Dialect, base: usize, nesting: usize) -> Ddl {
    let tokens = lex::tokens(text, dialect);
    let mut cursor = Cursor::new(&tokens, base);
    let span = cursor.span();
    let Some(first) = cursor.next().filter(|token| token.kind == TokenKind::Word) else {
        return Ddl::Other;
    };
    let changes = match first.text.to_ascii_uppercase().as_str() {
        "CREATE" => return create(cursor, span),
        "ALTER" if cursor.eat("TABLE") => alter::table(&mut cursor, span),
        "ALTER" if cursor.eat_all("FOREIGN TABLE") => alter::table(&mut cursor, span),
        "ALTER" if cursor.eat("INDEX") => alter::index(&mut cursor, span),
        "DROP" if cursor.eat("TABLE") || cursor.eat_all("MATERIALIZED VIEW") || cursor.eat_all("FOREIGN TABLE") => {
            drop_tables(&mut cursor, span)
        }
        "DROP" if cursor.eat("INDEX") => index::drop(&mut cursor, span),
        "RENAME" if cursor.eat_any(&["TABLE", "TABLES"]) => rename_tables(&mut cursor, span),
        "DO" => return procedural(&tokens, dialect, base, nesting),
        _ => return Ddl::Other,
    };
    changes.map_or(Ddl::NotUnderstood, Ddl::Changes)
}

fn create(mut cursor: Cursor, span: Span) -> Ddl {
    cursor.eat_all("OR REPLACE");
    let temporary = cursor.eat_any(&["GLOBAL", "LOCAL"]) | cursor.eat_any(&["TEMP", "TEMPORARY"]);
    cursor.eat_any(&["UNLOGGED", "FOREIGN", "VIRTUAL", "EXTERNAL"]);
    if cursor.eat("TABLE") {
        return match table::create(&mut cursor, span) {
            _ if temporary => Ddl::Changes(Vec::new()),
            Some(table::CreatedTable::Table(change)) => Ddl::Changes(vec![change]),
            Some(table::CreatedTable::OtherLanguage) | None => Ddl::NotUnderstood,
        };
    }
    if cursor.eat_all("MATERIALIZED VIEW") {
        return table::materialized_view(&mut cursor, span).map_or(Ddl::NotUnderstood, |change| Ddl::Changes(vec![change]));
    }
    let unique = cursor.eat("UNIQUE");
    let method = ["FULLTEXT", "SPATIAL"].into_iter().find(|word| cursor.eat(word));
    cursor.eat_any(&["CLUSTERED", "NONCLUSTERED"]);
    if cursor.eat("INDEX") {
        return index::create(&mut cursor, span, unique, method).map_or(Ddl::NotUnderstood, |change| Ddl::Changes(vec![change]));
    }
    Ddl::Other
}

fn drop_tables(cursor: &mut Cursor, span: Span) -> Option<Vec<SchemaChange>> {
    cursor.eat_all("IF EXISTS");
    let mut changes = Vec::new();
    loop {
        changes.push(SchemaChange {
            op: SchemaOp::DropTable(cursor.name()?),
            span,
        });
        if !cursor.eat_sign(',') {
            return Some(changes);
        }
    }
}

fn rename_tables(cursor: &mut Cursor, span: Span) -> Option<Vec<SchemaChange>> {
    let mut changes = Vec::new();
    while let Some(mut item) = cursor.item() {
        let from = item.name()?;
        item.eat("TO").then_some(())?;
        changes.push(SchemaChange {
            op: SchemaOp::RenameTable(from, item.name()?),
            span,
        });
    }
    Some(changes)
}

/// DDL inside `DO $$ … $$`: statements that start after a block word or a terminator, and `EXECUTE 'literal'`.
fn procedural(tokens: &[SqlToken], dialect: Dialect, base: usize, nesting: usize) -> Ddl {
    let Some(body) = tokens.iter().find(|token| matches!(token.kind, TokenKind::Dollar | TokenKind::Str)) else {
        return Ddl::Other;
    };
    if nesting >= Limit::SqlBodies.count() {
        budget::tell(Limit::SqlBodies, Span::new(base, base).start);
        return Ddl::NotUnderstood;
    }
    let (text, offset) = match body.kind {
        TokenKind::Dollar => {
            let (text, tag) = lex::dollar_body(body.text);
            (text.to_owned(), base + body.start + tag)
        }
        _ => (body.value(), base + body.start + 1),
    };
    let inner = lex::tokens(&text, dialect);
    let mut changes = Vec::new();
    let mut not_understood = false;
    let mut at = 0;
    // The end of the statement that the last token stands in.
    let mut end = 0;
    while at < inner.len() {
        if at >= end {
            let rest = inner.get(at..).unwrap_or_default();
            end = rest.iter().position(|token| token.is_sign(';')).map_or(inner.len(), |n| at + n);
        }
        let starts = at == 0 || inner[at - 1].is_sign(';') || ["BEGIN", "THEN", "ELSE", "LOOP"].iter().any(|word| inner[at - 1].is(word));
        let token = inner[at];
        let found = if starts && ["CREATE", "ALTER", "DROP"].iter().any(|word| token.is(word)) {
            let stop = inner.get(end).map_or(text.len(), |token| token.start);
            Some(parse_nested(&text[token.start..stop], dialect, offset + token.start, nesting + 1))
        } else if starts && token.is("EXECUTE") {
            // `format('… %I', x)` names what cannot be known here.
            inner
                .get(at + 1)
                .filter(|next| matches!(next.kind, TokenKind::Str | TokenKind::Dollar))
                .map(|literal| {
                    let places = lex::dollar_body(literal.text).1.max(1);
                    parse_nested(&literal.value(), dialect, offset + literal.start + places, nesting + 1)
                })
        } else {
            at += 1;
            continue;
        };
        match found {
            Some(Ddl::Changes(more)) => changes.extend(more),
            Some(Ddl::NotUnderstood) => not_understood = true,
            Some(Ddl::Other) | None => {}
        }
        at = end.max(at + 1);
    }
    match (changes.is_empty(), not_understood) {
        (true, true) => Ddl::NotUnderstood,
        (true, false) => Ddl::Other,
        _ => Ddl::Changes(changes),
    }
}

#[cfg(test)]
mod tests;
