//! The tables that stand, by the names that they were given.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use crate::project::schema::{folded, qualified};
use crate::statement::IndexKey;

/// A table's name: its schema, where that is not the default one, and the name without it, both folded.
pub(super) type TableKey = (Option<String>, String);

/// The tables that stand, by name. Each question takes as long for many tables as for one.
#[derive(Default)]
pub(super) struct TableNames {
    /// By the name without its schema, then by the schema.
    pub(super) tables: FxHashMap<String, BTreeMap<Option<String>, usize>>,
    /// The names that each table was given, also those that another one has taken since.
    given: FxHashMap<usize, Vec<TableKey>>,
}

impl TableNames {
    pub(super) fn exact(&self, (schema, bare): &TableKey) -> Option<usize> {
        self.tables.get(bare)?.get(schema).copied()
    }

    /// The table of a name. A search path can stand for the schema on either side.
    pub(super) fn find(&self, key: &TableKey) -> Option<usize> {
        let same = self.tables.get(&key.1)?;
        let only = || same.values().next().copied().filter(|_| same.len() == 1);
        same.get(&key.0).copied().or_else(only)
    }

    pub(super) fn insert(&mut self, key: TableKey, at: usize) {
        self.given.entry(at).or_default().push(key.clone());
        self.tables.entry(key.1).or_default().insert(key.0, at);
    }

    /// Takes all names from a table.
    pub(super) fn remove(&mut self, at: usize) {
        for (schema, bare) in self.given.remove(&at).unwrap_or_default() {
            let Some(same) = self.tables.get_mut(&bare) else { continue };
            if same.get(&schema) == Some(&at) {
                same.remove(&schema);
            }
            if same.is_empty() {
                self.tables.remove(&bare);
            }
        }
    }

    /// Whether a table still has a name.
    pub(super) fn has(&self, at: usize) -> bool {
        let given = self.given.get(&at).into_iter().flatten();
        given.into_iter().any(|key| self.exact(key) == Some(at))
    }
}

pub(super) fn name_key(name: &str) -> TableKey {
    let (schema, bare) = qualified(name);
    (schema.map(folded), folded(bare))
}

pub(super) fn keys(columns: &[String]) -> Vec<IndexKey> {
    columns
        .iter()
        .map(|column| IndexKey {
            column: column.clone(),
            ..IndexKey::default()
        })
        .collect()
}
