//! What an index is called, or would have been called by the database or the ORM.

use crate::project::schema::index::{IndexOrigin, same};
use crate::project::schema::{Index, Table, qualified};

/// The place of the index of a name in its table: of one that was given the name before one for which it may have been made up.
pub(super) fn position_of(table: &Table, bare: &str) -> Option<usize> {
    let has = |index: &Index| index.name.is_some() && is_named(index, &table.name, bare);
    let given = table.indexes.iter().position(has);
    given.or_else(|| table.indexes.iter().position(|index| is_named(index, &table.name, bare)))
}

/// Whether an index has this name, or would have been given it by the database or the ORM.
pub(super) fn is_named(index: &Index, table: &str, name: &str) -> bool {
    match &index.name {
        Some(own) => same(qualified(own).1, name),
        None => names(index, table).iter().any(|own| same(own, name)),
    }
}

/// The name of an index, or those that the database or the ORM may have made up for it.
pub(super) fn names(index: &Index, table: &str) -> Vec<String> {
    if let Some(own) = &index.name {
        return vec![qualified(own).1.to_owned()];
    }
    let columns: Vec<&str> = index.keys.iter().map(|key| key.column.as_str()).collect();
    let list = columns.join("_");
    let first = columns.first().copied().unwrap_or_default();
    match index.origin {
        IndexOrigin::Primary => vec![format!("{table}_pkey"), format!("pk_{table}")],
        IndexOrigin::Unique => vec![
            format!("{table}_{list}_key"),
            format!("uq_{table}_{first}"),
            format!("{table}_{list}_unique"),
            first.to_owned(),
            format!("ix_{table}_{list}"),
        ],
        _ if index.unique => vec![
            format!("{table}_{list}_idx"),
            format!("ix_{table}_{list}"),
            format!("{table}_{list}_key"),
        ],
        _ => vec![
            format!("{table}_{list}_idx"),
            format!("ix_{table}_{list}"),
            format!("{table}_{list}_index"),
        ],
    }
}
