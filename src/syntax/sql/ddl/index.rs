//! `CREATE INDEX`, `DROP INDEX`, and the key lists that other statements share.

use crate::source::Span;
use crate::statement::{IndexDef, IndexKey, SchemaChange, SchemaOp};
use crate::syntax::sql::cursor::{Cursor, text_of};
use crate::syntax::sql::lex::{SqlToken, TokenKind};

/// Reads what follows `CREATE [UNIQUE] INDEX`.
pub(super) fn create(cursor: &mut Cursor, span: Span, unique: bool, special: Option<&str>) -> Option<SchemaChange> {
    let concurrently = cursor.eat("CONCURRENTLY");
    let if_not_exists = cursor.eat_all("IF NOT EXISTS");
    let name = if cursor.is("ON") { None } else { cursor.name() };
    let early = method(cursor);
    if !cursor.eat("ON") {
        return None;
    }
    let only = cursor.eat("ONLY");
    let table = cursor.name()?;
    let method = method(cursor).or(early).or_else(|| special.map(str::to_lowercase));
    if !cursor.is_sign('(') {
        return None;
    }
    let mut index = IndexDef {
        name,
        table,
        keys: keys(cursor),
        unique,
        method,
        concurrently,
        only,
        span,
        ..IndexDef::default()
    };
    while !cursor.is_done() {
        if cursor.eat("INCLUDE") {
            index.include = cursor.names().unwrap_or_default();
        } else if cursor.eat("WHERE") {
            index.predicate = Some(text_of(cursor.rest()));
            break;
        } else {
            cursor.skip();
        }
    }
    Some(SchemaChange {
        op: SchemaOp::AddIndex(index, if_not_exists),
        span,
    })
}

/// Reads what follows `DROP INDEX`.
pub(super) fn drop(cursor: &mut Cursor, span: Span) -> Option<Vec<SchemaChange>> {
    cursor.eat("CONCURRENTLY");
    cursor.eat_all("IF EXISTS");
    let mut names = vec![cursor.name()?];
    while cursor.eat_sign(',') {
        names.push(cursor.name()?);
    }
    let table = if cursor.eat("ON") { cursor.name() } else { None };
    Some(
        names
            .into_iter()
            .map(|name| SchemaChange {
                op: SchemaOp::DropIndex(name, table.clone()),
                span,
            })
            .collect(),
    )
}

/// `USING method`.
pub(super) fn method(cursor: &mut Cursor) -> Option<String> {
    if !cursor.eat("USING") {
        return None;
    }
    cursor.part().map(|name| name.to_lowercase())
}

/// A key list in parentheses.
pub(super) fn keys(cursor: &mut Cursor) -> Vec<IndexKey> {
    let mut keys = Vec::new();
    if let Some(mut inner) = cursor.parens() {
        while let Some(mut item) = inner.item() {
            keys.extend(key(&mut item));
        }
    }
    keys
}

/// One key: a column or an expression, with what follows it.
pub(super) fn key(item: &mut Cursor) -> Option<IndexKey> {
    let tokens = item.rest();
    let first = tokens.first()?;
    let (body, descending) = trim(tokens);
    if let Some(column) = column_key(first, body) {
        return Some(IndexKey {
            column,
            expression: false,
            descending,
        });
    }
    Some(IndexKey {
        column: text_of(body),
        expression: true,
        descending,
    })
}

/// Takes `ASC`, `DESC`, `NULLS …` off the end.
fn trim<'t, 'a>(mut tokens: &'t [SqlToken<'a>]) -> (&'t [SqlToken<'a>], bool) {
    let mut descending = false;
    while let [body @ .., last] = tokens {
        let order = ["ASC", "NULLS", "FIRST", "LAST"].iter().any(|word| last.is(word));
        if body.is_empty() || !(order || last.is("DESC")) {
            break;
        }
        descending |= last.is("DESC");
        tokens = body;
    }
    (tokens, descending)
}

/// The column of a key that is no expression: a name, then at most a prefix length, a collation, an operator class.
fn column_key(first: &SqlToken, tokens: &[SqlToken]) -> Option<String> {
    let name = first.name()?;
    let mut rest = tokens.get(1..)?;
    if let [open, number, close, more @ ..] = rest
        && open.is_sign('(')
        && number.kind == TokenKind::Number
        && close.is_sign(')')
    {
        rest = more;
    }
    if rest.first().is_some_and(|token| token.is_sign('(')) {
        return None;
    }
    let mut depth = 0usize;
    for token in rest {
        match token.kind {
            TokenKind::Word | TokenKind::Quoted => {}
            TokenKind::Punct if token.is_sign('(') => depth += 1,
            TokenKind::Punct if token.is_sign(')') => depth = depth.saturating_sub(1),
            TokenKind::Punct if token.is_sign('.') => {}
            _ if depth > 0 => {}
            _ => return None,
        }
    }
    Some(name)
}
