//! Foreign keys that no index leads with.

use crate::judge::columns::is_persons;
use crate::project::schema::{ForeignKey, Index, Table};

/// The foreign keys of a table that no index serves.
pub fn unserved(table: &Table) -> impl Iterator<Item = &ForeignKey> {
    table.foreign_keys.iter().filter(|key| !is_served(table, key))
}

/// An index leads with the key's columns, or with enough of them that few rows are left to look through.
fn is_served(table: &Table, key: &ForeignKey) -> bool {
    let columns: Vec<&str> = key.columns.iter().map(String::as_str).collect();
    if columns.is_empty() || table.index_leading_with(&columns).is_some() || table.is_unique(&columns) {
        return true;
    }
    // A partition's indexes come from its parent; a column that the state does not have was removed or never read.
    let unknown = columns.iter().any(|column| table.column(column).is_none());
    let inherits = table.partition && table.open;
    // `(tenant_id, user_id) → users`: an index on the column that is not shared with other keys serves the lookup, and so does one on the
    // person whose few rows they are.
    let selective = columns.len() > 1
        && columns
            .iter()
            .any(|column| table.leads(column) && (is_own(table, key, column) || is_persons(column)));
    // What an index is on that code puts together may be this.
    let may_be = table.indexes.iter().any(Index::is_unclear);
    unknown || inherits || selective || may_be
}

fn is_own(table: &Table, key: &ForeignKey, column: &str) -> bool {
    let holders = table
        .foreign_keys
        .iter()
        .filter(|other| other.columns.iter().any(|name| name == column));
    holders.count() == 1 && key.columns.iter().any(|name| name == column)
}
