//! An index of a schema.

use crate::libraries::shared::index_words::{IndexForm, IndexWords};

/// `schema.index({ user: 1, createdAt: -1 });`.
pub(super) const FORM: IndexForm = IndexForm::of(declare);

fn declare(index: &IndexWords<'_>) -> String {
    let keys = index.list(|key| {
        let is_plain = key.column.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        let column = if is_plain {
            key.column.to_owned()
        } else {
            format!("\"{}\"", key.column)
        };
        format!("{column}: {}", if key.is_descending { "-1" } else { "1" })
    });
    format!("schema.index({{ {keys} }});")
}
