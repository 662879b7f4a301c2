//! The schema as statements that make it: tables, then indexes, foreign keys last. What cannot be made is said in a comment.

mod index;

use std::collections::BTreeSet;

use super::types::{ColumnType, Types, ValueClass, target};
use crate::advice::index::{is_collection, quoted};
use crate::escape;
use crate::project::schema::{Column, ForeignKey, Index, IndexOrigin, Schema, Table};
use crate::statement::Dialect;
use crate::syntax::sql::expression::written;

/// The bytes of a name that `PostgreSQL` keeps.
const LONGEST_NAME: usize = 63;

/// Writes the parts of a schema for one database.
#[derive(Debug)]
pub struct Writer<'s> {
    /// Tables and indexes that are written.
    pub schema: &'s Schema,
    /// The database; where it is not known, `PostgreSQL`'s words are used.
    pub dialect: Dialect,
    /// The types of its columns.
    pub types: Types,
    /// Names of tables and indexes that are taken.
    names: BTreeSet<String>,
    /// The tables whose name an earlier one has: indexes into the schema's.
    again: BTreeSet<usize>,
    /// The tables that are made: indexes into the schema's.
    made: BTreeSet<usize>,
}

/// The database that most of a schema's tables are for.
pub fn main_dialect(schema: &Schema) -> Dialect {
    let count = |dialect: Dialect| schema.tables.iter().filter(|table| table.dialect == dialect).count();
    let all = [Dialect::Postgres, Dialect::MySql, Dialect::Sqlite, Dialect::Generic];
    all.into_iter().rev().max_by_key(|&dialect| count(dialect)).unwrap_or_default()
}

/// The whole schema of the tables that are for a database.
pub fn render(schema: &Schema, dialect: Dialect) -> String {
    let mut writer = Writer::new(schema, dialect);
    let mut out = String::new();
    for name in writer.schemas() {
        out.push_str(&format!("CREATE SCHEMA IF NOT EXISTS {};\n", quoted(&name, dialect)));
    }
    for at in 0..schema.tables.len() {
        writer.block(at, &mut out);
    }
    let made: Vec<usize> = writer.made.iter().copied().collect();
    // The database makes up names that nothing has by then.
    for is_named in [true, false] {
        for &at in &made {
            writer.indexes(at, is_named, &mut out);
        }
    }
    if dialect != Dialect::Sqlite {
        for &at in &made {
            writer.keys(at, &mut out);
        }
    }
    let others = schema.tables.iter().filter(|table| table.dialect != dialect).count();
    if others > 0 {
        out.push_str(&format!("-- {others} tables for another database are not here\n"));
    }
    out
}

fn comment(text: &str) -> String {
    format!("-- {}\n", escape::line(text).replace(['\n', '\r'], " "))
}

/// A name, shortened to what `PostgreSQL` keeps of it.
fn kept(name: &str) -> &str {
    let mut end = name.len().min(LONGEST_NAME);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    &name[..end]
}

impl<'s> Writer<'s> {
    /// One for the tables of a database.
    pub fn new(schema: &'s Schema, dialect: Dialect) -> Writer<'s> {
        let tables = schema.tables.iter().filter(|table| table.dialect == dialect);
        let names = tables.map(|table| kept(&table.name).to_lowercase()).collect();
        let mut writer = Writer {
            schema,
            dialect,
            types: Types::of(schema, dialect),
            names,
            again: BTreeSet::new(),
            made: BTreeSet::new(),
        };
        writer.again = writer.repeated();
        writer
    }

    /// The schemas of the tables, but for the default one.
    pub fn schemas(&self) -> BTreeSet<String> {
        let own = self.schema.tables.iter().filter(|table| table.dialect == self.dialect);
        own.filter(|_| self.has_schemas())
            .filter_map(|table| table.schema.clone())
            .collect()
    }

    fn has_schemas(&self) -> bool {
        matches!(self.dialect, Dialect::Postgres | Dialect::Generic)
    }

    /// A table's name as statements name it.
    pub fn name(&self, table: &Table) -> String {
        let name = quoted(&table.name, self.dialect);
        match table.schema.as_ref().filter(|_| self.has_schemas()) {
            Some(schema) => format!("{}.{name}", quoted(schema, self.dialect)),
            None => name,
        }
    }

    /// A column's name as statements name it.
    pub fn column(&self, name: &str) -> String {
        quoted(name, self.dialect)
    }

    /// Why a table is not made.
    pub fn refusal(&self, at: usize) -> Option<&'static str> {
        let table = self.schema.tables.get(at)?;
        match () {
            () if table.dialect != self.dialect => Some("is for another database"),
            () if is_collection(table) => Some("is a collection of documents"),
            () if table.phantom => Some("is altered or indexed, but nothing creates it"),
            () if table.columns.is_empty() => Some("has no column that is known"),
            () if self.again.contains(&at) => Some("has the name of another table, as far as the database keeps it"),
            () => None,
        }
    }

    /// The tables whose name an earlier one has, as far as the database keeps it.
    fn repeated(&self) -> BTreeSet<usize> {
        let mut taken = BTreeSet::new();
        let own = self.schema.tables.iter().enumerate();
        let own = own.filter(|(_, table)| table.dialect == self.dialect && !table.phantom);
        own.filter(|(_, table)| {
            let schema = table.schema.as_deref().filter(|_| self.has_schemas());
            !taken.insert((schema, self.folded(kept(&table.name))))
        })
        .map(|(at, _)| at)
        .collect()
    }

    fn block(&mut self, at: usize, out: &mut String) {
        let schema = self.schema;
        let Some(table) = schema.tables.get(at).filter(|table| table.dialect == self.dialect) else {
            return;
        };
        if let Some(why) = self.refusal(at) {
            out.push_str(&comment(&format!("{} {why}", table.full_name())));
            return;
        }
        if table.open {
            out.push_str(&comment(&format!("{} may have more than is listed", table.full_name())));
        }
        self.made.insert(at);
        let mut lines: Vec<(String, String)> = self.columns(at, table);
        lines.extend(self.constraints(at, table).into_iter().map(|line| (line, String::new())));
        let last = lines.len().saturating_sub(1);
        out.push_str(&format!("CREATE TABLE {} (\n", self.name(table)));
        for (number, (line, note)) in lines.into_iter().enumerate() {
            let comma = if number < last { "," } else { "" };
            let note = if note.is_empty() { String::new() } else { format!(" -- {note}") };
            out.push_str(&format!("    {line}{comma}{note}\n"));
        }
        out.push_str(");\n");
    }

    fn columns(&self, at: usize, table: &Table) -> Vec<(String, String)> {
        let mut seen = BTreeSet::new();
        let own = table.columns.iter().filter(|column| !column.name.is_empty());
        let own = own.filter(|column| seen.insert(self.folded(&column.name)));
        own.filter_map(|column| {
            let known = self.types.get(at, &column.name)?;
            let is_null = column.nullable && !table.primary_key.contains(&column.name);
            let null = if is_null { "" } else { " NOT NULL" };
            let default = self.default(column, known).map_or(String::new(), |text| format!(" DEFAULT {text}"));
            let note = match column.data_type.as_str() {
                _ if known.is_exact => String::new(),
                "" => "its type is not known".to_owned(),
                declared => format!("declared as {}", escape::line(declared).replace(['\n', '\r'], " ")),
            };
            Some((format!("{} {}{default}{null}", self.column(&column.name), known.text), note))
        })
        .collect()
    }

    /// Names that the database takes for the same.
    fn folded(&self, name: &str) -> String {
        if self.has_schemas() { name.to_owned() } else { name.to_lowercase() }
    }

    /// A default that only the database gives, and that is one for this type.
    fn default(&self, column: &Column, known: &ColumnType) -> Option<String> {
        let text = column.default.as_deref()?.trim();
        let lower = text.to_ascii_lowercase();
        let bare = lower.trim_matches(['(', ')']);
        let is_now = matches!(bare, "now" | "current_timestamp" | "getdate");
        match known.class {
            _ if known.is_array => None,
            ValueClass::Moment if is_now => Some("CURRENT_TIMESTAMP".to_owned()),
            ValueClass::Uuid if bare == "gen_random_uuid" && self.dialect == Dialect::Postgres => Some("gen_random_uuid()".to_owned()),
            ValueClass::Boolean => match bare {
                "true" | "1" => Some(self.truth(true)),
                "false" | "0" => Some(self.truth(false)),
                _ => None,
            },
            ValueClass::Integer | ValueClass::Number => {
                let number = lower.trim_matches(['(', ')', '\'']);
                number
                    .parse::<i32>()
                    .ok()
                    .filter(|_| !known.text.ends_with("serial"))
                    .map(|value| value.to_string())
            }
            // A long text has no default in MySQL.
            ValueClass::Text if text.starts_with('\'') && !(self.dialect == Dialect::MySql && known.text == "text") => {
                let size = known.text.split(['(', ')']).nth(1).and_then(|size| size.parse::<usize>().ok());
                let is_short = text.chars().count() <= size.map_or(usize::MAX, |size| size + 2);
                written(text, &|_| None).filter(|text| is_short && text.starts_with('\''))
            }
            _ => None,
        }
    }

    /// A truth value as the database's columns of such have it.
    pub fn truth(&self, value: bool) -> String {
        match self.dialect {
            Dialect::Sqlite => u8::from(value).to_string(),
            _ => value.to_string(),
        }
    }

    fn list(&self, columns: &[String]) -> String {
        columns.iter().map(|name| self.column(name)).collect::<Vec<_>>().join(", ")
    }

    /// Columns by their names in the database; `None` where one is not there.
    fn own_columns(table: &Table, names: &[String]) -> Option<Vec<String>> {
        names
            .iter()
            .map(|name| table.column(name).map(|column| column.name.clone()))
            .collect()
    }

    fn constraints(&mut self, at: usize, table: &Table) -> Vec<String> {
        let mut out = Vec::new();
        if let Some(columns) = self.primary_key(at, table) {
            out.push(format!("PRIMARY KEY ({})", self.list(&columns)));
        }
        if self.dialect == Dialect::Sqlite {
            for key in &table.foreign_keys {
                out.extend(self.reference(table, key).ok());
            }
        }
        out
    }

    /// The columns of the primary key, where the database can have it.
    pub fn primary_key(&self, at: usize, table: &Table) -> Option<Vec<String>> {
        let columns = Self::own_columns(table, &table.primary_key)?;
        let can_hold = |name: &String| {
            let known = self.types.get(at, name);
            known.is_some_and(|known| known.is_ordered() && (self.dialect != Dialect::MySql || !is_long(&known.text)))
        };
        (!columns.is_empty() && columns.iter().all(can_hold)).then_some(columns)
    }

    fn indexes(&mut self, at: usize, is_named: bool, out: &mut String) {
        let Some(table) = self.schema.tables.get(at) else { return };
        let key = self.primary_key(at, table).unwrap_or_default();
        for index in table.indexes.iter().filter(|index| index.name.is_some() == is_named) {
            let columns: Vec<&str> = index.columns().collect();
            // MySQL makes those of foreign keys by itself.
            let is_implied = index.origin == IndexOrigin::Primary && same_columns(&key, &columns)
                || index.origin == IndexOrigin::ForeignKey && self.dialect == Dialect::MySql;
            if is_implied {
                continue;
            }
            let name = self.free_name(index.name.as_deref(), table, index);
            match self.index(at, index, name.as_deref()) {
                Ok(text) => out.push_str(&format!("{text};\n")),
                Err(why) => out.push_str(&comment(&format!(
                    "no index on {} ({}): {why}",
                    table.full_name(),
                    index.key_list()
                ))),
            }
        }
    }

    /// A name for a table's index that nothing has, also not once it is cut.
    fn made_up(&self, table: &Table) -> String {
        let start: String = kept(&table.name).chars().take(LONGEST_NAME / 4).collect();
        let mut number = self.names.len();
        loop {
            let name = format!("ix_{start}_{number}").to_lowercase();
            if !self.names.contains(&name) {
                return name;
            }
            number += 1;
        }
    }

    /// A name that nothing else has; `None` lets the database make one up.
    fn free_name(&mut self, given: Option<&str>, table: &Table, index: &Index) -> Option<String> {
        let given = given.map(|name| kept(name.rsplit('.').next().unwrap_or(name)).to_owned());
        let given = given.filter(|name| !name.is_empty());
        let is_given = given.is_some();
        let name = given.filter(|name| !self.names.contains(&name.to_lowercase()));
        let needs_one = self.dialect != Dialect::Postgres && self.dialect != Dialect::Generic;
        let name = name.or_else(|| (needs_one || is_given && index.keys.iter().any(|key| key.expression)).then(|| self.made_up(table)));
        if let Some(name) = &name {
            self.names.insert(kept(name).to_lowercase());
        }
        name.map(|name| kept(&name).to_owned())
    }

    fn keys(&mut self, at: usize, out: &mut String) {
        let Some(table) = self.schema.tables.get(at) else { return };
        for key in &table.foreign_keys {
            match self.reference(table, key) {
                Ok(text) => out.push_str(&format!("ALTER TABLE {} ADD {text};\n", self.name(table))),
                Err(why) => out.push_str(&comment(&format!(
                    "no foreign key from {} ({}) to {}: {why}",
                    table.full_name(),
                    key.columns.join(", "),
                    key.target
                ))),
            }
        }
    }

    /// `FOREIGN KEY (…) REFERENCES …`, or why there is none.
    fn reference(&self, table: &Table, key: &ForeignKey) -> Result<String, &'static str> {
        if table.emulates_relations {
            return Err("it exists in the code only");
        }
        let own = Self::own_columns(table, &key.columns).ok_or("a column of it is not known")?;
        let (at, columns) = target(self.schema, key).ok_or("the table or the columns that it points to are not known")?;
        let parent = self.schema.tables.get(at).ok_or("the table that it points to is not known")?;
        if self.refusal(at).is_some() {
            return Err("the table that it points to is not made");
        }
        let names: Vec<&str> = columns.iter().map(String::as_str).collect();
        let is_key = self.primary_key(at, parent).is_some_and(|primary| same_columns(&primary, &names));
        let holds = |index: &Index| {
            let keys: Vec<String> = index.columns().map(str::to_owned).collect();
            index.unique && index.predicate.is_none() && keys.len() == index.keys.len() && same_columns(&keys, &names)
        };
        if !is_key
            && !parent
                .indexes
                .iter()
                .any(|index| holds(index) && self.index(at, index, None).is_ok())
        {
            return Err("nothing makes the columns that it points to unique");
        }
        Ok(format!(
            "FOREIGN KEY ({}) REFERENCES {} ({})",
            self.list(&own),
            self.name(parent),
            self.list(&columns)
        ))
    }
}

fn same_columns(one: &[String], other: &[&str]) -> bool {
    one.len() == other.len() && one.iter().all(|column| other.contains(&column.as_str()))
}

/// Whether `MySQL` cannot hold a whole value of a type in a key.
fn is_long(text: &str) -> bool {
    matches!(text, "text" | "json" | "longblob")
}

#[cfg(test)]
mod tests;
