//! What the schema rules advise: SQL for the table's database, and the declaration in the repository's own ORM.

use crate::fix::remedy::{LackingIndex, Remedy};
use crate::libraries::shared::index_words::{IndexWords, KeyWords, shortened};
use crate::project::Project;
use crate::project::schema::{Index, Table, Trait};
use crate::statement::Dialect;
use crate::vocabulary::List;

/// A sentence on the rows that a table is known to have.
pub(crate) fn size_note(project: &Project, table: usize) -> String {
    let rows = project.sizes.as_ref().and_then(|sizes| sizes.rows(table));
    let name = project.schema.tables.get(table).map_or("", |table| table.name.as_str());
    rows.map_or(String::new(), |rows| format!(" {name} has about {rows} rows."))
}

/// A name as the database wants it written.
pub(crate) fn quoted(name: &str, dialect: Dialect) -> String {
    let is_lower =
        name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_') && !name.starts_with(|c: char| c.is_ascii_digit());
    let plain = is_lower && !name.is_empty() && !List::ReservedWords.has(name);
    if plain {
        return name.to_owned();
    }
    // A name is the repository's: neither a quotation mark in it nor the end of a line ends it.
    let name = name.replace(char::is_control, "");
    match dialect {
        Dialect::MySql => format!("`{}`", name.replace('`', "``")),
        _ => format!("\"{}\"", name.replace('"', "\"\"")),
    }
}

/// A name with its schema, `farm.Goats`, each part as the database wants it written.
pub(crate) fn quoted_path(name: &str, dialect: Dialect) -> String {
    let parts: Vec<String> = name.split('.').map(|part| quoted(part, dialect)).collect();
    parts.join(".")
}

/// The statement that creates an index on what a function makes of a column, or with an operator class: `lower({})`, `{} gin_trgm_ops`.
pub(crate) fn create_expression_index(table: &Table, column: &str, (method, key): (&str, &str)) -> String {
    let written = key.replace("{}", &quoted(column, table.dialect));
    let word = key
        .split(|c: char| !c.is_ascii_alphanumeric())
        .find(|word| !word.is_empty())
        .unwrap_or("key");
    let names = [column.to_owned(), word.to_owned()];
    let name = NewIndex::on(&names).name(table);
    format!(
        "CREATE INDEX CONCURRENTLY {} ON {}{method} ({written});",
        quoted(&name, table.dialect),
        full_name(table)
    )
}

fn full_name(table: &Table) -> String {
    let name = quoted(&table.name, table.dialect);
    table
        .schema
        .as_ref()
        .map_or(name.clone(), |schema| format!("{}.{name}", quoted(schema, table.dialect)))
}

/// An index to create.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct NewIndex<'a> {
    /// Columns in order.
    pub columns: &'a [String],
    /// How many of the columns go up; those after them go down.
    pub ascending: usize,
    /// Conditions on columns that make it a partial index.
    pub only: &'a [(String, String)],
    /// Columns that it carries.
    pub include: &'a [String],
    /// Its name, where it is given: else one that no index of the table has.
    pub name: Option<&'a str>,
}

impl<'a> NewIndex<'a> {
    /// An index on the columns, nothing else.
    pub fn on(columns: &'a [String]) -> Self {
        NewIndex {
            columns,
            ascending: columns.len(),
            ..NewIndex::default()
        }
    }

    /// The index that a table lacks, as a fixer takes it.
    pub fn lacking(&self, at: usize, table: &Table) -> Remedy {
        Remedy::Index(LackingIndex {
            table: at,
            columns: self.columns.to_vec(),
            ascending: self.ascending,
            only: self.only.to_vec(),
            include: self.include.to_vec(),
            needless: self.needless(table).map(Index::key_list).collect(),
        })
    }

    /// The indexes that it takes the place of.
    pub fn needless<'t>(&self, table: &'t Table) -> impl Iterator<Item = &'t Index> + use<'t, 'a> {
        let (columns, is_whole) = (self.columns, self.only.is_empty());
        table.indexes.iter().filter(move |index| {
            let keys: Vec<&str> = index.columns().collect();
            let is_plain = index.is_btree() && !index.unique && index.predicate.is_none() && keys.len() == index.keys.len();
            let is_start = keys.len() < columns.len() && keys.iter().zip(columns).all(|(key, column)| key == column);
            is_whole && is_plain && is_start
        })
    }

    /// Each column, and whether it goes down.
    pub fn keys(&self) -> impl Iterator<Item = (&'a String, bool)> {
        self.columns.iter().enumerate().map(|(at, column)| (column, at >= self.ascending))
    }

    /// Its conditions as SQL.
    pub fn predicate(&self, table: &Table) -> Option<String> {
        let one = |(column, literal): &(String, String)| {
            let column = quoted(column, table.dialect);
            match literal.as_str() {
                "null" => format!("{column} IS NULL"),
                literal => format!("{column} = {literal}"),
            }
        };
        let all: Vec<String> = self.only.iter().map(one).collect();
        (!all.is_empty()).then(|| all.join(" AND "))
    }

    /// A name that no index of the table has, within the 63 bytes that Postgres keeps.
    fn name(&self, table: &Table) -> String {
        if let Some(name) = self.name {
            return name.to_owned();
        }
        let name = format!("ix_{}_{}", table.name, self.columns.join("_")).to_lowercase();
        let is_taken = |name: &str| {
            let named = table.indexes.iter().filter_map(|index| index.name.as_deref());
            named.into_iter().any(|other| other.eq_ignore_ascii_case(name))
        };
        let numbered = (2..100).map(|number| format!("{}_{number}", shortened(&name, 60)));
        std::iter::once(shortened(&name, 63).to_owned())
            .chain(numbered)
            .find(|name| !is_taken(name))
            .unwrap_or(name)
    }
}

/// The statement that creates an index; a collection's is no SQL.
pub(crate) fn create_index(table: &Table, index: &NewIndex<'_>) -> Option<String> {
    if is_collection(table) {
        return None;
    }
    let written = |(column, down): (&String, bool)| {
        let prefix = prefix(table, column);
        format!("{}{prefix}{}", quoted(column, table.dialect), if down { " DESC" } else { "" })
    };
    let list: Vec<String> = index.keys().map(written).collect();
    let concurrently = if table.dialect == Dialect::Postgres && !table.partition {
        "CONCURRENTLY "
    } else {
        ""
    };
    let include: Vec<String> = index.include.iter().map(|column| quoted(column, table.dialect)).collect();
    let include = if include.is_empty() {
        String::new()
    } else {
        format!(" INCLUDE ({})", include.join(", "))
    };
    let predicate = index
        .predicate(table)
        .map_or(String::new(), |predicate| format!(" WHERE {predicate}"));
    Some(format!(
        "CREATE INDEX {concurrently}{} ON {} ({}){include}{predicate};",
        quoted(&index.name(table), table.dialect),
        full_name(table),
        list.join(", ")
    ))
}

/// `MySQL` indexes the start of a long text, and wants to know how much of it (error 1170).
fn prefix(table: &Table, column: &str) -> &'static str {
    let is_long = |kind: &str| ["text", "blob"].iter().any(|long| kind.trim_end().to_lowercase().ends_with(long));
    let column = table.column(column).filter(|_| table.dialect == Dialect::MySql);
    if column.is_some_and(|column| is_long(&column.data_type)) {
        "(191)"
    } else {
        ""
    }
}

/// Whether a table is a collection of documents.
pub(crate) fn is_collection(table: &Table) -> bool {
    table.tool().is_some_and(|tool| tool.has(Trait::StoresDocuments))
}

/// The statement that drops an index, where its name is known.
pub(crate) fn drop_index(table: &Table, index: &Index) -> Option<String> {
    if is_collection(table) {
        return None;
    }
    let name = quoted(index.name.as_deref()?, table.dialect);
    Some(match table.dialect {
        Dialect::MySql => format!("DROP INDEX {name} ON {};", full_name(table)),
        Dialect::Postgres => format!("DROP INDEX CONCURRENTLY {name};"),
        _ => format!("DROP INDEX {name};"),
    })
}

/// The declaration of an index in the table's ORM, where that has one.
pub(crate) fn declare_index(table: &Table, index: &NewIndex<'_>) -> Option<String> {
    let form = table.tool()?.index()?;
    let words = IndexWords {
        name: &index.name(table),
        is_named: index.name.is_some(),
        keys: index.keys().map(|(column, down)| key_words(table, column, down)).collect(),
        include: index.include,
        only: index
            .only
            .iter()
            .map(|(column, literal)| (field(table, column), literal.as_str()))
            .collect(),
        predicate: index.predicate(table),
        dialect: table.dialect,
    };
    Some((form.declare)(&words))
}

/// A key as declarations write it.
pub(crate) fn key_words<'i>(table: &'i Table, column: &'i str, is_descending: bool) -> KeyWords<'i> {
    KeyWords {
        column,
        quoted: quoted(column, table.dialect),
        field: field(table, column),
        is_descending,
    }
}

/// The name in the code of a column.
pub(crate) fn field<'a>(table: &'a Table, column: &'a str) -> &'a str {
    let field = table.column(column).and_then(|column| column.field.as_deref());
    field.unwrap_or(column)
}
