//! Texts of advice: data in `rules/advice/`, one file a library, looked up by what is done and in which shape.
//!
//! A library's file says what its own words are; what it leaves out is said by `any.toml`. Texts have places to fill, `{table}`.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::Deserialize;

use crate::finding::Fix;

/// The files, by the name of the library that query sites carry.
const FILES: [(&str, &str); 19] = [
    ("any", include_str!("../../rules/advice/any.toml")),
    ("django", include_str!("../../rules/advice/django.toml")),
    ("drizzle", include_str!("../../rules/advice/drizzle.toml")),
    ("knex", include_str!("../../rules/advice/knex.toml")),
    ("kysely", include_str!("../../rules/advice/kysely.toml")),
    ("mikroorm", include_str!("../../rules/advice/mikroorm.toml")),
    ("mongoose", include_str!("../../rules/advice/mongoose.toml")),
    ("objection", include_str!("../../rules/advice/objection.toml")),
    ("peewee", include_str!("../../rules/advice/peewee.toml")),
    ("prisma", include_str!("../../rules/advice/prisma.toml")),
    ("python", include_str!("../../rules/advice/python.toml")),
    ("pymongo", include_str!("../../rules/advice/pymongo.toml")),
    ("sequelize", include_str!("../../rules/advice/sequelize.toml")),
    ("sql", include_str!("../../rules/advice/sql.toml")),
    ("sqlalchemy", include_str!("../../rules/advice/sqlalchemy.toml")),
    ("supabase", include_str!("../../rules/advice/supabase.toml")),
    ("tortoise", include_str!("../../rules/advice/tortoise.toml")),
    ("typeorm", include_str!("../../rules/advice/typeorm.toml")),
    ("typescript", include_str!("../../rules/advice/typescript.toml")),
];

/// What is to be done otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// A read for each row.
    Read(Read),
    /// A write for each row.
    Write(Write),
    /// A call that stops an event loop; looked up by the language.
    Unblock(Unblock),
}

/// What stops the loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unblock {
    /// A synchronous driver.
    Database,
    /// A synchronous ORM that refuses to run there.
    Refused,
    /// A pause.
    Sleep,
    /// The processor.
    Compute,
    /// Another process.
    Process,
    /// A file.
    File,
    /// Any other call.
    Call,
}

/// The shape of a read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Read {
    /// One row by its key.
    One,
    /// The rows of a parent.
    Many,
    /// A figure of a parent's rows, or whether there are any.
    Count,
    /// Whatever a called function reads.
    Call,
    /// What a function reads that calls itself for each child.
    Tree,
    /// An answer of another service.
    Remote,
    /// A relation, whose steps are not known.
    Relation,
    /// A relation each of whose steps leads to one row.
    RelationToOne,
    /// A relation with a step that leads to many rows.
    RelationToMany,
    /// A column that the query of the rows left out.
    Column,
}

/// The shape of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Write {
    /// New rows.
    Insert,
    /// Changed rows.
    Update,
    /// Rows that go.
    Delete,
    /// Whatever a called function writes.
    Call,
}

impl Operation {
    #[cfg(test)]
    const ALL: [Operation; 21] = [
        Operation::Read(Read::One),
        Operation::Read(Read::Many),
        Operation::Read(Read::Count),
        Operation::Read(Read::Call),
        Operation::Read(Read::Tree),
        Operation::Read(Read::Remote),
        Operation::Read(Read::Relation),
        Operation::Read(Read::RelationToOne),
        Operation::Read(Read::RelationToMany),
        Operation::Read(Read::Column),
        Operation::Write(Write::Insert),
        Operation::Write(Write::Update),
        Operation::Write(Write::Delete),
        Operation::Write(Write::Call),
        Operation::Unblock(Unblock::Database),
        Operation::Unblock(Unblock::Refused),
        Operation::Unblock(Unblock::Sleep),
        Operation::Unblock(Unblock::Compute),
        Operation::Unblock(Unblock::Process),
        Operation::Unblock(Unblock::File),
        Operation::Unblock(Unblock::Call),
    ];

    /// The tables of a file that speak of it, the most special first.
    fn keys(self) -> &'static [&'static str] {
        match self {
            Operation::Read(Read::One) => &["read.one"],
            Operation::Read(Read::Many) => &["read.many", "read.one"],
            Operation::Read(Read::Count) => &["read.count"],
            Operation::Read(Read::Call) => &["read.call"],
            Operation::Read(Read::Tree) => &["read.tree"],
            Operation::Read(Read::Remote) => &["read.remote"],
            Operation::Read(Read::Relation) => &["read.relation"],
            Operation::Read(Read::RelationToOne) => &["read.relation-to-one", "read.relation"],
            Operation::Read(Read::RelationToMany) => &["read.relation-to-many", "read.relation"],
            Operation::Read(Read::Column) => &["read.column"],
            Operation::Write(Write::Insert) => &["write.insert"],
            Operation::Write(Write::Update) => &["write.update"],
            Operation::Write(Write::Delete) => &["write.delete"],
            Operation::Write(Write::Call) => &["write.call"],
            Operation::Unblock(Unblock::Database) => &["unblock.database"],
            Operation::Unblock(Unblock::Refused) => &["unblock.refused"],
            Operation::Unblock(Unblock::Sleep) => &["unblock.sleep"],
            Operation::Unblock(Unblock::Compute) => &["unblock.compute", "unblock.call"],
            Operation::Unblock(Unblock::Process) => &["unblock.process", "unblock.call"],
            Operation::Unblock(Unblock::File) => &["unblock.file", "unblock.call"],
            Operation::Unblock(Unblock::Call) => &["unblock.call"],
        }
    }
}

/// One text.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    summary: Option<String>,
    code: Option<String>,
}

/// The texts of a file, by `operation.shape`.
type Texts = BTreeMap<String, Text>;

fn all() -> &'static BTreeMap<&'static str, Texts> {
    static ALL: OnceLock<BTreeMap<&str, Texts>> = OnceLock::new();
    ALL.get_or_init(|| FILES.iter().map(|(library, text)| (*library, parse(text))).collect())
}

/// The texts of a file; the tests parse all of them.
fn parse(text: &str) -> Texts {
    let operations: BTreeMap<String, BTreeMap<String, Text>> = toml::from_str(text).unwrap_or_default();
    let shapes = operations.into_iter().flat_map(|(operation, shapes)| {
        let named = move |(shape, text)| (format!("{operation}.{shape}"), text);
        shapes.into_iter().map(named)
    });
    shapes.collect()
}

/// The fix for an operation in the words of a library, its places filled with `values`.
pub fn advice(operation: Operation, library: &str, values: &[(&str, &str)]) -> Fix {
    let find = |library: &str, part: fn(&Text) -> Option<&String>| -> Option<&'static String> {
        let texts = all().get(library)?;
        operation.keys().iter().find_map(|key| texts.get(*key).and_then(part))
    };
    let summary = find(library, |text| text.summary.as_ref()).or_else(|| find("any", |text| text.summary.as_ref()));
    let code = find(library, |text| text.code.as_ref()).or_else(|| find("any", |text| text.code.as_ref()));
    Fix {
        summary: summary.map(|text| filled(text, values)).unwrap_or_default(),
        code: code.map(|text| filled(text.trim(), values)),
        ..Fix::default()
    }
}

/// A text with its places filled; what has no value stays.
fn filled(text: &str, values: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        let (before, from) = rest.split_at(open);
        out.push_str(before);
        let place = values
            .iter()
            .find(|(name, _)| from[1..].starts_with(name) && from[1 + name.len()..].starts_with('}'));
        let Some((name, value)) = place else {
            out.push('{');
            rest = &from[1..];
            continue;
        };
        out.push_str(value);
        rest = &from[name.len() + 2..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_read_and_speaks_of_known_operations() {
        for (library, text) in FILES {
            let parsed: Result<BTreeMap<String, BTreeMap<String, Text>>, _> = toml::from_str(text);
            assert!(parsed.is_ok(), "{library}: {parsed:?}");
            for key in parse(text).keys() {
                let is_known = Operation::ALL
                    .iter()
                    .any(|operation| operation.keys().first() == Some(&key.as_str()));
                assert!(is_known, "{library}: nothing asks for {key}");
            }
        }
    }

    /// Without a summary a finding says nothing of what to do.
    #[test]
    fn every_operation_has_a_summary_for_libraries_without_a_file() {
        for operation in Operation::ALL {
            let languages = matches!(operation, Operation::Unblock(_));
            for library in if languages {
                vec!["python", "typescript"]
            } else {
                vec!["no-such-library"]
            } {
                let fix = advice(operation, library, &[]);
                assert!(!fix.summary.is_empty(), "{operation:?} {library}");
            }
        }
    }

    /// `createMany` for an UPDATE is no advice.
    #[test]
    fn each_library_writes_in_its_own_words() {
        for (library, _) in FILES
            .iter()
            .filter(|(library, _)| !matches!(*library, "any" | "python" | "typescript"))
        {
            for operation in [
                Operation::Write(Write::Insert),
                Operation::Write(Write::Update),
                Operation::Write(Write::Delete),
            ] {
                assert!(advice(operation, library, &[]).code.is_some(), "{library} {operation:?}");
            }
        }
    }

    #[test]
    fn places_are_filled_once_and_what_is_none_stays() {
        let values = [("table", "{column}"), ("column", "slug")];
        assert_eq!(
            filled("{table}.find({ {column}: 1 }) {x} {", &values),
            "{column}.find({ slug: 1 }) {x} {"
        );
    }
}
