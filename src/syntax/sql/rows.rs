//! How many rows the texts of a file add to tables: `COPY … FROM stdin`, INSERTs of several rows.

use std::collections::BTreeMap;

use super::cursor::Cursor;
use super::lex;
use crate::statement::Dialect;

/// The rows that are added to each table, by its name.
#[derive(Debug, Default)]
pub struct Added(BTreeMap<String, u64>);

impl Added {
    /// Takes an INSERT of literal rows.
    pub fn insert(&mut self, table: &str, text: &str, dialect: Dialect) {
        let rows = tuples(text, dialect);
        if rows > 0 && !table.is_empty() {
            *self.0.entry(table.to_owned()).or_default() += rows;
        }
    }

    /// Takes the rows that follow `COPY orders (id) FROM stdin`, a line each.
    pub fn copy(&mut self, head: &str, data: &str, dialect: Dialect) {
        let tokens = lex::tokens(head, dialect);
        let mut cursor = Cursor::new(&tokens, 0);
        if !cursor.eat("COPY") {
            return;
        }
        let Some(table) = cursor.name() else { return };
        let lines = data.lines().filter(|line| !line.is_empty() && line.trim_end() != "\\.");
        *self.0.entry(table).or_default() += lines.count() as u64;
    }

    /// By name.
    pub fn into_counts(self) -> Vec<(String, u64)> {
        self.0.into_iter().collect()
    }
}

/// The parentheses after VALUES that no other one holds; commas and parentheses in texts are none.
fn tuples(text: &str, dialect: Dialect) -> u64 {
    let Some(at) = text.to_ascii_uppercase().find("VALUES") else {
        return 0;
    };
    let escapes = dialect == Dialect::MySql;
    let (mut depth, mut count, mut quote, mut is_escaped) = (0_u32, 0, None, false);
    for byte in text.as_bytes()[at..].iter().copied() {
        match quote {
            _ if is_escaped => is_escaped = false,
            Some(_) if byte == b'\\' && escapes => is_escaped = true,
            Some(end) => {
                if byte == end {
                    quote = None;
                }
            }
            None => match byte {
                b'\'' | b'"' | b'`' => quote = Some(byte),
                b'(' => {
                    count += u64::from(depth == 0);
                    depth += 1;
                }
                b')' => depth = depth.saturating_sub(1),
                _ => {}
            },
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_counted_and_texts_are_none() {
        for (text, dialect, rows) in [
            ("INSERT INTO t (a, b) VALUES (1, 'x'), (2, 'y (z), (w)')", Dialect::Postgres, 2),
            ("INSERT INTO t VALUES (now(), 'it''s (one)')", Dialect::Postgres, 1),
            ("INSERT INTO t VALUES ('a\\'), (b'), ('c')", Dialect::MySql, 2),
            ("INSERT INTO t (a) SELECT 1", Dialect::Postgres, 0),
        ] {
            assert_eq!(tuples(text, dialect), rows, "{text}");
        }
    }
}
