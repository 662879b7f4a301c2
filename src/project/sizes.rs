//! How large tables are and how often indexes are used, as the database counted it.

use std::collections::BTreeMap;

use super::schema::Schema;
use crate::stats::Record;

/// Under this many rows an index saves nothing that one could notice.
const SMALL: u64 = 1_000;

/// Tables that a note names; the others are counted.
const NAMED: usize = 10;

/// The counts of a schema's tables and indexes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sizes {
    rows: BTreeMap<usize, u64>,
    /// By table and the index's name in lower case.
    scans: BTreeMap<(usize, String), u64>,
    /// Tables that the schema does not have.
    pub unknown: Vec<String>,
}

impl Sizes {
    /// Joins what a database counted with a schema. Of tables that only a schema's name tells apart, the larger counts where
    /// the schema's name is not known here.
    pub fn of(schema: &Schema, records: &[Record]) -> Sizes {
        let mut sizes = Sizes::default();
        for record in records {
            let full = record.table_schema.as_ref().map(|schema| format!("{schema}.{}", record.table_name));
            let found = full.as_deref().and_then(|name| schema.table_index(name));
            let Some(table) = found.or_else(|| schema.table_index(&record.table_name)) else {
                sizes.unknown.push(record.table_name.clone());
                continue;
            };
            match (&record.index_name, record.row_count, record.index_scans) {
                (Some(index), _, Some(scans)) => {
                    *sizes.scans.entry((table, index.to_lowercase())).or_default() += scans;
                }
                (None, Some(rows), _) => {
                    let known = sizes.rows.entry(table).or_default();
                    *known = rows.max(*known);
                }
                _ => {}
            }
        }
        sizes.unknown.sort();
        sizes.unknown.dedup();
        sizes
    }

    /// What a reader must know of the file: for how many tables it has counts, and which it names that are not here.
    pub fn notes(&self, tables: usize) -> Vec<String> {
        let mut notes = vec![format!("Row counts are given for {} of {tables} tables.", self.rows.len())];
        if !self.unknown.is_empty() {
            let listed: Vec<&str> = self.unknown.iter().take(NAMED).map(String::as_str).collect();
            let more = self.unknown.len() - listed.len();
            let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
            notes.push(format!(
                "The statistics name tables that the schema does not have: {}{rest}.",
                listed.join(", ")
            ));
        }
        notes
    }

    /// Rows of a table, where they are known.
    pub fn rows(&self, table: usize) -> Option<u64> {
        self.rows.get(&table).copied()
    }

    /// How often an index was used, where that is known.
    pub fn scans(&self, table: usize, index: &str) -> Option<u64> {
        self.scans.get(&(table, index.to_lowercase())).copied()
    }

    /// Whether a table is known to have so few rows that an index is of no use.
    pub fn is_small(&self, table: usize) -> bool {
        self.rows(table).is_some_and(|rows| rows < SMALL)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::Project;
    use crate::syntax::facts::extract;
    use crate::walk::FileKind;

    #[test]
    fn counts_find_their_tables() {
        let sql = "CREATE TABLE a (id int PRIMARY KEY);\nCREATE TABLE audit.b (id int PRIMARY KEY);\nCREATE TABLE c (id int PRIMARY KEY);";
        let project = Project::link(vec![extract("schema.sql", FileKind::Sql, sql)]);
        let text =
            "table_schema,table_name,row_count,index_name,index_scans\npublic,a,50,,\naudit,b,50000,,\nother,gone,1,,\naudit,b,,B_X,7\n";
        let sizes = Sizes::of(&project.schema, &crate::stats::parse("s", text).expect("records"));
        let at = |name| project.schema.table_index(name).expect("a table");
        assert_eq!((sizes.rows(at("a")), sizes.rows(at("c"))), (Some(50), None));
        assert!(sizes.is_small(at("a")) && !sizes.is_small(at("b")) && !sizes.is_small(at("c")));
        assert_eq!(sizes.scans(at("b"), "b_x"), Some(7));
        assert_eq!(sizes.unknown, ["gone"]);
    }
}
