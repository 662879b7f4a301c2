//! What a change does to one table: its columns, keys, constraints and indexes.

use super::ReplayContext;
use super::index_names::is_named;
use super::table_names::keys;
use crate::budget::Limit;
use crate::project::schema::index::{IndexOrigin, same};
use crate::project::schema::{Column, ForeignKey, Index, Removed, SchemaPart, SchemaPlace, Table};
use crate::source::Span;
use crate::statement::{ColumnDef, Constraint, Dialect, IndexDef, TableDef};
use crate::vocabulary::List;

/// Whether a table can take one more index or column; one that cannot is open from then on. What looks at all of them for each
/// of them would take for ever on a table that somebody wrote for that.
pub(super) fn has_room(table: &mut Table) -> bool {
    let columns = table.columns.len().max(table.foreign_keys.len());
    let room = table.indexes.len() < Limit::Indexes.count() && columns < Limit::Columns.count();
    table.open |= !room;
    room
}

/// Adds what a definition has and the table has not.
pub(super) fn fill(table: &mut Table, context: &ReplayContext, def: &TableDef) {
    for column in &def.columns {
        add_column(table, context, column, column.span);
    }
    for (constraint, span) in &def.constraints {
        add_constraint(table, context, constraint, *span);
    }
    for index in &def.indexes {
        if !has_room(table) {
            break;
        }
        table
            .indexes
            .push(Index::new(index, IndexOrigin::Declared, context.place(index.span)));
    }
}

/// `PostgreSQL` makes one index of equal key constraints that stand in one CREATE TABLE; the primary key's stays.
pub(super) fn drop_repeated_constraints(table: &mut Table) {
    let indexes = std::mem::take(&mut table.indexes);
    let is_constraint = |index: &Index| matches!(index.origin, IndexOrigin::Primary | IndexOrigin::Unique);
    let equal = |a: &Index, b: &Index| a.keys.len() == b.keys.len() && a.keys.iter().zip(&b.keys).all(|(a, b)| same(&a.column, &b.column));
    for (at, index) in indexes.iter().enumerate() {
        let repeats = is_constraint(index)
            && index.origin != IndexOrigin::Primary
            && indexes.iter().enumerate().any(|(other, kept)| {
                other != at && is_constraint(kept) && equal(kept, index) && (kept.origin == IndexOrigin::Primary || other < at)
            });
        if !repeats {
            table.indexes.push(index.clone());
        }
    }
}

pub(super) fn add_column(table: &mut Table, context: &ReplayContext, def: &ColumnDef, span: Span) {
    if !has_room(table) {
        return;
    }
    let span = if def.span == Span::default() { span } else { def.span };
    let place = context.place(span);
    match table.columns.iter_mut().find(|column| same(&column.name, &def.name)) {
        Some(column) => column.places.push(place.clone()),
        None => table.columns.push(Column {
            name: def.name.clone(),
            field: def.field.clone(),
            data_type: def.data_type.clone(),
            nullable: def.nullable,
            default: def.default.clone(),
            places: vec![place.clone()],
        }),
    }
    let own = vec![def.name.clone()];
    if def.primary && !table.primary_key.contains(&def.name) {
        // Several columns marked as primary are one composite key.
        let mut columns = std::mem::take(&mut table.primary_key);
        columns.extend(own.clone());
        table.indexes.retain(|index| index.origin != IndexOrigin::Primary);
        set_primary(table, columns, place.clone());
    }
    if def.unique {
        let def = IndexDef {
            keys: keys(&own),
            unique: true,
            ..IndexDef::default()
        };
        table.indexes.push(Index::new(&def, IndexOrigin::Unique, place.clone()));
    } else if def.indexed {
        let def = IndexDef {
            keys: keys(&own),
            ..IndexDef::default()
        };
        table.indexes.push(Index::new(&def, IndexOrigin::Declared, place.clone()));
    }
    if let Some((target, there)) = &def.references {
        add_foreign(table, None, own, target, there.iter().cloned().collect(), place);
    }
}

fn set_primary(table: &mut Table, columns: Vec<String>, place: SchemaPlace) {
    let def = IndexDef {
        keys: keys(&columns),
        unique: true,
        ..IndexDef::default()
    };
    table.indexes.push(Index::new(&def, IndexOrigin::Primary, place));
    table.primary_key = columns;
}

fn add_foreign(table: &mut Table, name: Option<String>, columns: Vec<String>, target: &str, there: Vec<String>, place: SchemaPlace) {
    let same_columns =
        |key: &&mut ForeignKey| key.columns.len() == columns.len() && key.columns.iter().zip(&columns).all(|(a, b)| same(a, b));
    if let Some(key) = table.foreign_keys.iter_mut().find(same_columns) {
        key.name = name.or(key.name.take());
        key.places.push(place);
        return;
    }
    table.foreign_keys.push(ForeignKey {
        name,
        columns,
        target: target.to_owned(),
        target_columns: there,
        places: vec![place],
    });
}

pub(super) fn add_constraint(table: &mut Table, context: &ReplayContext, constraint: &Constraint, span: Span) {
    if !has_room(table) {
        return;
    }
    let place = context.place(span);
    match constraint {
        Constraint::Primary(columns) => {
            table.indexes.retain(|index| index.origin != IndexOrigin::Primary);
            set_primary(table, columns.clone(), place);
        }
        Constraint::Unique(name, columns) => {
            let def = IndexDef {
                name: name.clone(),
                keys: keys(columns),
                unique: true,
                ..IndexDef::default()
            };
            table.indexes.push(Index::new(&def, IndexOrigin::Unique, place));
        }
        Constraint::Foreign(name, columns, target, there) => {
            add_foreign(table, name.clone(), columns.clone(), target, there.clone(), place);
        }
    }
}

pub(super) fn drop_column(table: &mut Table, name: &str, by: &SchemaPlace) -> Vec<Removed> {
    let mut removed = Vec::new();
    let goes = |own: &String| same(own, name);
    for column in table.columns.iter().filter(|column| same(&column.name, name)) {
        removed.push(Removed {
            part: SchemaPart::Column,
            table: table.full_name(),
            name: Some(column.name.clone()),
            columns: vec![column.name.clone()],
            places: column.places.clone(),
            by: by.clone(),
        });
    }
    let uses = |index: &Index| index.keys.iter().any(|key| goes(&key.column)) || index.include.iter().any(goes);
    removed.extend(
        table
            .indexes
            .iter()
            .filter(|index| uses(index))
            .map(|index| Removed::index(table, index, by)),
    );
    removed.extend(
        table
            .foreign_keys
            .iter()
            .filter(|key| key.columns.iter().any(goes))
            .map(|key| Removed::foreign_key(table, key, by)),
    );
    table.columns.retain(|column| !same(&column.name, name));
    table.indexes.retain(|index| !uses(index));
    table.foreign_keys.retain(|key| !key.columns.iter().any(goes));
    let is_in_key = table.primary_key.iter().any(goes);
    // A key of several columns goes with one of them; only MySQL keeps the rest of it.
    table
        .primary_key
        .retain(|column| table.dialect == Dialect::MySql && !goes(column) || !is_in_key);
    removed
}

/// Renames a column; whether a key of an index is renamed by it.
pub(super) fn rename_column(table: &mut Table, from: &str, to: &str, place: &SchemaPlace) -> bool {
    let rename = |name: &mut String| {
        let is_it = same(name, from);
        if is_it {
            to.clone_into(name);
        }
        is_it
    };
    match table.columns.iter_mut().find(|column| same(&column.name, from)) {
        Some(column) => drop(rename(&mut column.name)),
        None => table.columns.push(Column {
            name: to.to_owned(),
            field: None,
            data_type: String::new(),
            nullable: true,
            default: None,
            places: vec![place.clone()],
        }),
    }
    let mut is_key = false;
    for index in &mut table.indexes {
        for key in &mut index.keys {
            is_key |= rename(&mut key.column);
        }
        for name in &mut index.include {
            rename(name);
        }
    }
    let others = table.foreign_keys.iter_mut().flat_map(|key| &mut key.columns);
    for name in others.chain(&mut table.primary_key) {
        rename(name);
    }
    is_key
}

pub(super) fn alter_column(table: &mut Table, def: &ColumnDef) {
    let Some(column) = table.columns.iter_mut().find(|column| same(&column.name, &def.name)) else {
        return;
    };
    if def.data_type.is_empty() {
        column.nullable = def.nullable;
    } else {
        column.data_type.clone_from(&def.data_type);
    }
}

pub(super) fn drop_constraint(table: &mut Table, name: &str, by: &SchemaPlace) -> Vec<Removed> {
    let bare = table.name.clone();
    let named = |index: &Index| match name {
        "PRIMARY" => index.origin == IndexOrigin::Primary,
        _ => index.origin != IndexOrigin::ForeignKey && is_named(index, &bare, name),
    };
    let mut at = table.indexes.iter().position(named);
    let is_key = |key: &ForeignKey| match &key.name {
        Some(own) => same(own, name),
        None => {
            same(&format!("{bare}_{}_fkey", key.columns.join("_")), name) || same(&format!("fk_{bare}_{}", key.columns.join("_")), name)
        }
    };
    let keys: Vec<Removed> = table
        .foreign_keys
        .iter()
        .filter(|key| is_key(key))
        .map(|key| Removed::foreign_key(table, key, by))
        .collect();
    // A primary key's own name is not kept: one that nothing else has, and that says what it names, is it.
    if at.is_none() && keys.is_empty() && List::PrimaryKeyNames.has(name) {
        at = table.indexes.iter().position(|index| index.origin == IndexOrigin::Primary);
    }
    let Some(at) = at else {
        table.foreign_keys.retain(|key| !is_key(key));
        return keys;
    };
    let index = table.indexes.remove(at);
    if index.origin == IndexOrigin::Primary {
        table.primary_key.clear();
    }
    vec![Removed::index(table, &index, by)]
}
