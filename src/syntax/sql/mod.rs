//! SQL: splitting, schema changes, statements, and SQL that stands inside programs.

mod cursor;
pub mod ddl;
pub mod dml;
pub mod expression;
mod lex;
pub mod mask;
mod predicate;
mod rows;
pub mod split;

use serde::{Deserialize, Serialize};

use crate::budget::{self, Limit};
use crate::source::Span;
use crate::statement::{Dialect, Operation, SchemaChange, Statement, TableUse};
use ddl::Ddl;
pub use mask::looks_like_sql;
use split::PieceKind;

/// A piece of SQL text inside a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Literal text.
    Text(&'a str),
    /// Something that the program puts in.
    Hole,
}

/// What was understood of a text inside a program.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parsed {
    /// The statement; the first one where there are several.
    pub statement: Option<Statement>,
    /// Schema changes of all its statements; their places are offsets into the joined literal text.
    pub changes: Vec<SchemaChange>,
    /// Every statement was understood.
    pub understood: bool,
}

/// Most pieces that a text inside a program is made of; what has more is told, see [`Limit::SqlPieces`].
const MAX_PIECES: usize = 2_000;

/// Reads SQL that stands inside a program; `None` when it is no SQL. What is over a bound is told as of offset 0.
pub fn statement(pieces: &[Piece], dialect: Dialect) -> Option<Parsed> {
    let plain: String = pieces
        .iter()
        .map(|piece| if let Piece::Text(text) = piece { text } else { "{}" })
        .collect();
    if !looks_like_sql(&plain) {
        return None;
    }
    if plain.len() > Limit::SqlText.count() || pieces.len() > MAX_PIECES {
        let is_long = plain.len() > Limit::SqlText.count();
        budget::tell(if is_long { Limit::SqlText } else { Limit::SqlPieces }, 0);
        return Some(Parsed::default());
    }
    let masked = mask::mask(pieces);
    let mut parsed = Parsed {
        understood: true,
        ..Parsed::default()
    };
    for piece in split::split(&masked.text, dialect)
        .into_iter()
        .filter(|piece| piece.kind == PieceKind::Statement)
    {
        let text = &masked.text[piece.head..piece.tail];
        match one(text, dialect, piece.head) {
            One::Changes(changes) => parsed.changes.extend(changes),
            One::Statement(mut found) => {
                found.open |= masked.open;
                parsed.statement.get_or_insert(*found);
            }
            One::Ignored => {}
            One::NotUnderstood => parsed.understood = false,
        }
    }
    // A hole in a name of a schema change makes that change unknown.
    parsed.changes.retain(|change| !format!("{:?}", change.op).contains(mask::HOLE));
    Some(parsed)
}

/// What a SQL file holds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SqlFile {
    /// Schema changes in order; places are offsets into the file.
    pub changes: Vec<SchemaChange>,
    /// Statements on rows.
    pub statements: Vec<(Statement, Span)>,
    /// Statements that were not understood: place and first words.
    pub not_understood: Vec<(Span, String)>,
    /// The database it is written for.
    pub dialect: Dialect,
    /// How many rows its texts add to tables, by name.
    pub added: Vec<(String, u64)>,
    /// Down-migration part was left out (`-- +goose Down`, `-- migrate:down`, `-- downgrade --`).
    pub has_down: bool,
}

/// Reads a whole SQL file; [`Dialect::Generic`] lets it guess the database from the text.
pub fn file(text: &str, dialect: Dialect) -> SqlFile {
    let dialect = if dialect == Dialect::Generic { guess(text) } else { dialect };
    let up = up_end(text);
    let mut out = SqlFile {
        dialect,
        has_down: up < text.len(),
        ..SqlFile::default()
    };
    let pieces = split::split(&text[..up], dialect);
    let mut added = rows::Added::default();
    for pair in pieces.windows(2) {
        if let [copy, data] = pair
            && data.kind == PieceKind::CopyData
        {
            added.copy(&text[copy.head..copy.tail], &text[data.head..data.tail], dialect);
        }
    }
    let statements = pieces.into_iter().filter(|piece| piece.kind == PieceKind::Statement);
    for (at, piece) in statements.enumerate() {
        if at >= Limit::SqlStatements.count() {
            budget::tell(Limit::SqlStatements, Span::new(piece.head, up).start);
            // What is left out may change the schema.
            out.not_understood.push((
                Span::new(piece.head, up),
                "CREATE and other statements: too many for one file".to_owned(),
            ));
            break;
        }
        let body = &text[piece.head..piece.tail];
        let span = Span::new(piece.head, piece.tail);
        match one(body, dialect, piece.head) {
            One::Changes(changes) => out.changes.extend(changes),
            One::Statement(statement) => {
                if statement.operation == Operation::Insert {
                    let table = statement.tables.first().map_or("", |table| table.name.as_str());
                    added.insert(table, body, dialect);
                }
                out.statements.push((*statement, span));
            }
            One::Ignored => {}
            One::NotUnderstood => out.not_understood.push((span, head(body))),
        }
    }
    out.added = added.into_counts();
    out
}

/// Where the part of a migration that undoes it begins.
fn up_end(text: &str) -> usize {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let comment = line.trim_start().strip_prefix("--").map(|rest| rest.trim().to_ascii_lowercase());
        if comment.is_some_and(|comment| begins_down(&comment)) {
            return at;
        }
        at += line.len();
    }
    text.len()
}

/// Whether a comment begins what undoes a migration: by a tool's mark, whatever follows it, or as a heading of its own:
/// `-- downgrade --` (aerich), `-- Down Migration` (node-pg-migrate), `-- down`.
fn begins_down(comment: &str) -> bool {
    let heading = comment.trim_matches(|c: char| c.is_whitespace() || matches!(c, '-' | '=' | '#' | ':' | '*'));
    let marks = ["+goose down", "migrate:down", "+migrate down", "!downs", "rambler down"];
    marks.iter().any(|mark| comment.starts_with(mark)) || matches!(heading, "down" | "downgrade" | "down migration")
}

enum One {
    Changes(Vec<SchemaChange>),
    Statement(Box<Statement>),
    Ignored,
    NotUnderstood,
}

fn one(text: &str, dialect: Dialect, base: usize) -> One {
    match ddl::parse(text, dialect, base) {
        Ddl::Changes(changes) => return One::Changes(changes),
        Ddl::NotUnderstood => return One::NotUnderstood,
        Ddl::Other => {}
    }
    let word = text
        .trim_start_matches(|c: char| c.is_whitespace() || c == '(')
        .split(|c: char| !c.is_ascii_alphabetic())
        .next()
        .unwrap_or("");
    match word.to_ascii_uppercase().as_str() {
        "INSERT" | "REPLACE" => One::Statement(Box::new(insert_head(text, dialect, base))),
        "SELECT" | "UPDATE" | "DELETE" | "WITH" => {
            dml::parse(text, dialect, base).map_or(One::NotUnderstood, |statement| One::Statement(Box::new(statement)))
        }
        _ => One::Ignored,
    }
}

/// An INSERT of literal rows needs no parser, and seeds are long; one that selects does.
fn insert_head(text: &str, dialect: Dialect, base: usize) -> Statement {
    let short = lex::boundary(text, text.len().min(2_000));
    let upper = text[..short].to_ascii_uppercase();
    if upper.contains("SELECT")
        && let Some(statement) = dml::parse(text, dialect, base)
    {
        return statement;
    }
    let tokens = lex::tokens(&text[..short], dialect);
    let mut cursor = cursor::Cursor::new(&tokens, 0);
    while !cursor.is_done() && !cursor.eat("INTO") {
        cursor.next();
    }
    let mut statement = Statement {
        operation: Operation::Insert,
        projection: crate::statement::Projection::None,
        ..Statement::default()
    };
    let name = cursor.name().unwrap_or_default();
    let known = if name.contains(mask::HOLE) { String::new() } else { name };
    statement.tables.push(TableUse { name: known, alias: None });
    statement
}

fn head(text: &str) -> String {
    let words: Vec<&str> = text.split_ascii_whitespace().take(6).collect();
    let mut head = words.join(" ");
    head.truncate(lex::boundary(&head, head.len().min(80)));
    head
}

/// Words that only one database knows, with their weight; one that ends in a letter is a whole word.
const MARKS: &[(&str, Dialect, usize)] = &[
    ("ENGINE=", Dialect::MySql, 5),
    ("ENGINE =", Dialect::MySql, 5),
    ("AUTO_INCREMENT", Dialect::MySql, 5),
    ("CHARSET", Dialect::MySql, 2),
    ("UNSIGNED", Dialect::MySql, 2),
    ("DATETIME(", Dialect::MySql, 1),
    ("DATABASE()", Dialect::MySql, 3),
    ("AUTOINCREMENT", Dialect::Sqlite, 5),
    ("PRAGMA ", Dialect::Sqlite, 5),
    ("WITHOUT ROWID", Dialect::Sqlite, 5),
    ("SQLITE_", Dialect::Sqlite, 3),
    ("STRFTIME(", Dialect::Sqlite, 2),
    ("JSONB", Dialect::Postgres, 3),
    ("SERIAL", Dialect::Postgres, 2),
    ("TIMESTAMPTZ", Dialect::Postgres, 5),
    ("WITH TIME ZONE", Dialect::Postgres, 5),
    ("WITHOUT TIME ZONE", Dialect::Postgres, 5),
    ("$$", Dialect::Postgres, 3),
    ("PLPGSQL", Dialect::Postgres, 5),
    ("GEN_RANDOM_UUID", Dialect::Postgres, 5),
    ("UUID_GENERATE_", Dialect::Postgres, 5),
    ("USING GIN", Dialect::Postgres, 5),
    ("USING BTREE (", Dialect::Postgres, 2),
    ("CONCURRENTLY", Dialect::Postgres, 5),
    ("ROW LEVEL SECURITY", Dialect::Postgres, 5),
    ("CREATE EXTENSION", Dialect::Postgres, 5),
    ("PUBLIC.", Dialect::Postgres, 1),
    ("\"PUBLIC\"", Dialect::Postgres, 3),
    ("::", Dialect::Postgres, 1),
    ("PG_", Dialect::Postgres, 2),
    ("TIMESTAMP(3)", Dialect::Postgres, 1),
    ("NOW()", Dialect::Postgres, 1),
];

/// The database that a text is most likely written for.
pub fn guess(text: &str) -> Dialect {
    let end = lex::boundary(text, text.len().min(256 * 1024));
    let code: Vec<&str> = text[..end].lines().map(|line| line.split("--").next().unwrap_or(line)).collect();
    let upper = code.join("\n").to_ascii_uppercase();
    let score = |dialect: Dialect| -> usize {
        MARKS
            .iter()
            .filter(|(mark, of, _)| *of == dialect && has_mark(&upper, mark))
            .map(|(_, _, weight)| weight)
            .sum()
    };
    let ranked = [Dialect::Postgres, Dialect::MySql, Dialect::Sqlite].map(|dialect| (score(dialect), dialect));
    let best = ranked.iter().max_by_key(|(score, _)| *score).copied().unwrap_or_default();
    if best.0 == 0 || ranked.iter().filter(|(score, _)| *score == best.0).count() > 1 {
        Dialect::Generic
    } else {
        best.1
    }
}

/// `$%AUTO_INCREMENT_PRIMARY_KEY%$` is another word than `AUTO_INCREMENT`, and `SERIALIZABLE` than `SERIAL`.
fn has_mark(text: &str, mark: &str) -> bool {
    let is_word = mark.ends_with(|last: char| last.is_ascii_alphanumeric());
    text.match_indices(mark)
        .any(|(at, _)| !is_word || !text.as_bytes().get(at + mark.len()).is_some_and(|&next| lex::is_word(next)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_keeps_what_it_does_not_understand() {
        let text = "CREATE TABLE a (id int);\nSELEC 1;\nCREATE INDEX ON ;\nINSERT INTO a VALUES (1);\nDELETE FROM a WHERE id = 1;\n-- migrate:down\nDROP TABLE a;";
        let file = file(text, Dialect::Generic);
        assert_eq!(file.changes.len(), 1);
        assert_eq!(file.statements.len(), 2);
        assert_eq!(file.not_understood.len(), 1);
        assert!(file.not_understood[0].1.starts_with("CREATE INDEX"));
        assert!(file.has_down);
    }

    #[test]
    fn a_heading_begins_what_undoes_a_migration() {
        let changes = |heading: &str| {
            file(&format!("CREATE TABLE a (id int);\n{heading}\nDROP TABLE a;"), Dialect::Generic)
                .changes
                .len()
        };
        for heading in ["-- downgrade --", "-- Down Migration", "-- down", "--- DOWN ---", "-- +goose Down"] {
            assert_eq!(changes(heading), 1, "{heading}");
        }
        for comment in ["-- Down payments are kept elsewhere", "-- downgrades", "-- upgrade --"] {
            assert_eq!(changes(comment), 2, "{comment}");
        }
    }

    #[test]
    fn databases_are_told_apart() {
        assert_eq!(guess("CREATE TABLE t (id INT AUTO_INCREMENT) ENGINE=InnoDB"), Dialect::MySql);
        assert_eq!(guess("CREATE TABLE t (id BIGSERIAL, at TIMESTAMPTZ)"), Dialect::Postgres);
        assert_eq!(guess("CREATE TABLE t (id integer PRIMARY KEY AUTOINCREMENT)"), Dialect::Sqlite);
        assert_eq!(guess("CREATE TABLE t (id int)"), Dialect::Generic);
        // A word that only begins so, and one in a comment.
        assert_eq!(guess("CREATE TABLE t (id $%AUTO_INCREMENT_KEY%$)"), Dialect::Generic);
        assert_eq!(
            guess("-- no AUTO_INCREMENT here\nCREATE TABLE t (at TIMESTAMPTZ)"),
            Dialect::Postgres
        );
        assert_eq!(guess("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE"), Dialect::Generic);
    }
}
