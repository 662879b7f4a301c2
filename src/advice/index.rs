//! What the schema rules advise: SQL for the table's database, and the declaration in the repository's own ORM.

use crate::fix::remedy::{LackingIndex, Remedy};
use crate::project::Project;
use crate::project::schema::{Index, Table, Tool};
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

/// The start of a text, at most so many bytes.
fn shortened(text: &str, most: usize) -> &str {
    let mut end = text.len().min(most);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or(text)
}

/// The statement that creates an index; a collection's is no SQL.
pub(crate) fn create_index(table: &Table, index: &NewIndex<'_>) -> Option<String> {
    if is_collection(table) {
        return None;
    }
    let written = |(column, down): (&String, bool)| format!("{}{}", quoted(column, table.dialect), if down { " DESC" } else { "" });
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

/// Whether a table is a collection of documents.
pub(crate) fn is_collection(table: &Table) -> bool {
    table.tool() == Some(Tool::Mongoose)
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

/// The declaration of an index in the table's ORM.
pub(crate) fn declare_index(table: &Table, index: &NewIndex<'_>) -> Option<String> {
    let name = index.name(table);
    let each = |write: &dyn Fn(&str, bool) -> String| {
        let keys: Vec<String> = index.keys().map(|(column, down)| write(column, down)).collect();
        keys.join(", ")
    };
    let by_field = |write: &dyn Fn(&str, bool) -> String| each(&|column, down| write(field(table, column), down));
    let single = |name: &str, _: bool| format!("'{name}'");
    let predicate = index.predicate(table);
    Some(match table.tool()? {
        Tool::Prisma => {
            let keys = by_field(&|field, down| format!("{field}{}", if down { "(sort: Desc)" } else { "" }));
            format!("@@index([{keys}])")
        }
        Tool::Drizzle => {
            // Read backwards it serves an order that goes down; `.desc()` is `DESC NULLS LAST`, which serves no plain one.
            let keys = by_field(&|field, _| format!("table.{field}"));
            let only = predicate.map_or(String::new(), |predicate| format!(".where(sql`{predicate}`)"));
            format!("index(\"{name}\").on({keys}){only}")
        }
        Tool::SqlAlchemy | Tool::SqlModel => {
            let keys = each(&|column, down| {
                if down {
                    format!("text({})", descending(table, column))
                } else {
                    format!("\"{column}\"")
                }
            });
            format!("Index(\"{name}\", {keys}{})", alchemy_options(table, index))
        }
        Tool::Django => {
            let keys = by_field(&|field, down| format!("\"{}{field}\"", if down { "-" } else { "" }));
            format!("models.Index(fields=[{keys}]{})", django_condition(table, index))
        }
        Tool::TypeOrm => {
            let only = predicate.map_or(String::new(), |predicate| format!(", {{ where: '{predicate}' }}"));
            format!("@Index([{}]{only})", by_field(&single))
        }
        Tool::MikroOrm => format!("@Index({{ properties: [{}] }})", by_field(&single)),
        Tool::Sequelize => {
            let keys = each(&|column, down| {
                if down {
                    format!("{{ name: '{column}', order: 'DESC' }}")
                } else {
                    format!("'{column}'")
                }
            });
            format!("indexes: [{{ name: '{name}', fields: [{keys}] }}]")
        }
        Tool::Mongoose => {
            let keys = each(&|column, down| {
                let is_plain = column.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
                let column = if is_plain { column.to_owned() } else { format!("\"{column}\"") };
                format!("{column}: {}", if down { "-1" } else { "1" })
            });
            format!("schema.index({{ {keys} }});")
        }
        Tool::Objection => return None,
        Tool::Peewee => format!("indexes = ((({},), False),)", by_field(&single)),
        _ => return None,
    })
}

/// A column that goes down, as SQL in a string of Python.
pub(crate) fn descending(table: &Table, column: &str) -> String {
    python_string(&format!("{} DESC", quoted(column, table.dialect)))
}

/// A text as a string of Python, in the quotes that it does not hold.
pub(crate) fn python_string(text: &str) -> String {
    let quote = if text.contains('"') && !text.contains('\'') { '\'' } else { '"' };
    let mut out = String::from(quote);
    for c in text.chars() {
        if c == quote || c == '\\' {
            out.push('\\');
        }
        out.push(c);
    }
    out.push(quote);
    out
}

/// The name in the code of a column.
pub(crate) fn field<'a>(table: &'a Table, column: &'a str) -> &'a str {
    let field = table.column(column).and_then(|column| column.field.as_deref());
    field.unwrap_or(column)
}

fn alchemy_options(table: &Table, index: &NewIndex<'_>) -> String {
    let dialect = match table.dialect {
        Dialect::Sqlite => "sqlite",
        _ => "postgresql",
    };
    let include: Vec<String> = index.include.iter().map(|column| format!("\"{column}\"")).collect();
    let include = if include.is_empty() {
        String::new()
    } else {
        format!(", {dialect}_include=[{}]", include.join(", "))
    };
    let only = index.predicate(table).map_or(String::new(), |predicate| {
        format!(", {dialect}_where=text({})", python_string(&predicate))
    });
    format!("{include}{only}")
}

/// Django wants a name for an index with a condition, of at most 30 characters.
fn django_condition(table: &Table, index: &NewIndex<'_>) -> String {
    if index.only.is_empty() {
        return index.name.map_or(String::new(), |name| format!(", name=\"{name}\""));
    }
    let one = |(column, literal): &(String, String)| match literal.as_str() {
        "null" => format!("{}__isnull=True", field(table, column)),
        "true" => format!("{}=True", field(table, column)),
        _ => format!("{}=False", field(table, column)),
    };
    let all: Vec<String> = index.only.iter().map(one).collect();
    let name = index.name(table);
    format!(", name=\"{}\", condition=models.Q({})", shortened(&name, 30), all.join(", "))
}
