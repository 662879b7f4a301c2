//! Names that a naming strategy of the connection makes (Drizzle's `casing`): models declare `userId`, migrations make `user_id`.

use super::index::same;
use super::{Table, Trait};
use crate::libraries::shared::ts_options::snake;

/// Gives a model's columns the names that migrations gave them, where only the form differs.
pub(super) fn adopt(model: &mut Table, deployed: &Table) {
    let follows_strategy = model.tool().is_some_and(|tool| tool.has(Trait::FollowsNamingStrategy));
    if !follows_strategy || deployed.has_model() {
        return;
    }
    let has = |table: &Table, name: &str| table.columns.iter().any(|column| same(&column.name, name));
    let renamed: Vec<(String, String)> = model
        .columns
        .iter()
        .filter(|column| !has(deployed, &column.name))
        .map(|column| (column.name.clone(), snake(&column.name)))
        .filter(|(from, to)| from != to && has(deployed, to) && !has(model, to))
        .collect();
    for (from, to) in renamed {
        rename(model, &from, &to);
    }
}

fn rename(table: &mut Table, from: &str, to: &str) {
    let change = |name: &mut String| {
        if name == from {
            to.clone_into(name);
        }
    };
    for column in table.columns.iter_mut().filter(|column| column.name == from) {
        to.clone_into(&mut column.name);
        column.field.get_or_insert_with(|| from.to_owned());
    }
    for index in &mut table.indexes {
        index
            .keys
            .iter_mut()
            .filter(|key| !key.expression)
            .for_each(|key| change(&mut key.column));
        index.include.iter_mut().for_each(change);
    }
    for key in &mut table.foreign_keys {
        key.columns.iter_mut().for_each(change);
    }
    table.primary_key.iter_mut().for_each(change);
}
