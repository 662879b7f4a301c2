//! An index beside a table's columns.

use crate::libraries::shared::index_words::{IndexForm, IndexWords};

/// ``index("ix").on(table.userId).where(sql`…`)``.
pub(super) const FORM: IndexForm = IndexForm::of(declare);

/// Read backwards it serves an order that goes down; `.desc()` is `DESC NULLS LAST`, which serves no plain one.
fn declare(index: &IndexWords<'_>) -> String {
    let keys = index.list(|key| format!("table.{}", key.field));
    let only = index.predicate.as_ref();
    let only = only.map_or(String::new(), |predicate| format!(".where(sql`{predicate}`)"));
    format!("index(\"{}\").on({keys}){only}", index.name)
}
