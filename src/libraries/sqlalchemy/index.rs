//! An index among a table's arguments.

use crate::libraries::shared::index_words::{IndexForm, IndexWords, python_string};
use crate::statement::Dialect;

/// `Index("ix", "user_id", postgresql_include=["total"])`.
pub(super) const FORM: IndexForm = IndexForm::of(declare);

fn declare(index: &IndexWords<'_>) -> String {
    let keys = index.list(|key| {
        if key.is_descending {
            format!("text({})", key.descending())
        } else {
            format!("\"{}\"", key.column)
        }
    });
    format!("Index(\"{}\", {keys}{})", index.name, options(index))
}

fn options(index: &IndexWords<'_>) -> String {
    let dialect = match index.dialect {
        Dialect::Sqlite => "sqlite",
        _ => "postgresql",
    };
    let include: Vec<String> = index.include.iter().map(|column| format!("\"{column}\"")).collect();
    let include = if include.is_empty() {
        String::new()
    } else {
        format!(", {dialect}_include=[{}]", include.join(", "))
    };
    let only = index.predicate.as_deref().map_or(String::new(), |predicate| {
        format!(", {dialect}_where=text({})", python_string(predicate))
    });
    format!("{include}{only}")
}
