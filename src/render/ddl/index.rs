//! One index as a statement.

use super::{Writer, is_long};
use crate::project::schema::{Index, Table};
use crate::render::types::{ColumnType, ValueClass};
use crate::statement::{Dialect, IndexKey};
use crate::syntax::sql::expression::written;

impl Writer<'_> {
    /// `CREATE INDEX …` without its end, or why the database cannot have it.
    pub fn index(&self, at: usize, index: &Index, name: Option<&str>) -> Result<String, &'static str> {
        let table = self.schema.tables.get(at).ok_or("its table is not known")?;
        let method = self.method(at, table, index)?;
        let keys: Result<Vec<String>, &'static str> = index.keys.iter().map(|key| self.key(at, table, index, key)).collect();
        let keys = keys?;
        if keys.is_empty() {
            return Err("its keys are not known");
        }
        let name = name.map_or(String::new(), |name| format!("{} ", self.column(name)));
        let unique = if index.unique { "UNIQUE " } else { "" };
        let include = self.include(table, index)?;
        let predicate = self.predicate(at, table, index)?;
        Ok(format!(
            "CREATE {unique}INDEX {name}ON {}{method} ({}){include}{predicate}",
            self.name(table),
            keys.join(", ")
        ))
    }

    fn is_postgres(&self) -> bool {
        matches!(self.dialect, Dialect::Postgres | Dialect::Generic)
    }

    fn method(&self, at: usize, table: &Table, index: &Index) -> Result<&'static str, &'static str> {
        if index.is_btree() {
            return Ok("");
        }
        if !self.is_postgres() {
            return Err("its kind is one of another database");
        }
        let types: Vec<&ColumnType> = index
            .keys
            .iter()
            .filter_map(|key| self.types.get(at, &table.column(&key.column)?.name))
            .collect();
        let all = |fits: fn(&ColumnType) -> bool| types.len() == index.keys.len() && types.iter().all(|known| fits(known));
        match index.method_name() {
            "gin" if all(|known| known.is_array || known.text == "jsonb" || known.class == ValueClass::Search) => Ok(" USING gin"),
            "hash" if index.keys.len() == 1 && all(ColumnType::is_ordered) => Ok(" USING hash"),
            "brin" if all(|known| known.is_ordered() && !known.is_array && known.text != "jsonb") => Ok(" USING brin"),
            _ => Err("its kind needs an operator class or an extension that is not known"),
        }
    }

    fn key(&self, at: usize, table: &Table, index: &Index, key: &IndexKey) -> Result<String, &'static str> {
        let down = if key.descending && index.is_btree() { " DESC" } else { "" };
        if key.expression {
            if self.dialect == Dialect::MySql {
                return Err("an expression is not written for MySQL");
            }
            let text = self.expression(table, &key.column).ok_or("a key of it was not understood")?;
            return Ok(format!("({text}){down}"));
        }
        let column = table.column(&key.column).ok_or("a column of it is not known")?;
        let known = self.types.get(at, &column.name).ok_or("a column of it is not known")?;
        if index.is_btree() && !known.is_ordered() {
            return Err("the values of a column have no order");
        }
        let length = if self.dialect == Dialect::MySql && is_long(&known.text) {
            if known.text != "text" {
                return Err("the values of a column are too long for it");
            }
            "(191)"
        } else {
            ""
        };
        Ok(format!("{}{length}{down}", self.column(&column.name)))
    }

    fn include(&self, table: &Table, index: &Index) -> Result<String, &'static str> {
        if index.include.is_empty() || !self.is_postgres() {
            return Ok(String::new());
        }
        let columns = Self::own_columns(table, &index.include).ok_or("a column of it is not known")?;
        Ok(format!(" INCLUDE ({})", self.list(&columns)))
    }

    fn predicate(&self, at: usize, table: &Table, index: &Index) -> Result<String, &'static str> {
        let Some(predicate) = &index.predicate else {
            return Ok(String::new());
        };
        if self.dialect == Dialect::MySql {
            return Err("MySQL has no indexes of a part of the rows");
        }
        let text = self
            .expression(table, &self.truths(at, table, predicate))
            .ok_or("its condition was not understood")?;
        Ok(format!(" WHERE {text}"))
    }

    /// An expression over a table's row, written anew; `None` where it was not understood.
    pub fn expression(&self, table: &Table, text: &str) -> Option<String> {
        written(text, &|name| table.column(name).map(|column| self.column(&column.name)))
    }

    /// `is_open = 1`, where the database wants `is_open = true`.
    fn truths(&self, at: usize, table: &Table, predicate: &str) -> String {
        let words: Vec<&str> = predicate.split_whitespace().collect();
        let [column, "=", value @ ("0" | "1")] = words.as_slice() else {
            return predicate.to_owned();
        };
        let known = table
            .column(column.trim_matches('"'))
            .and_then(|found| self.types.get(at, &found.name));
        match known {
            Some(known) if known.class == ValueClass::Boolean && self.is_postgres() => format!("{column} = {}", *value == "1"),
            _ => predicate.to_owned(),
        }
    }
}
