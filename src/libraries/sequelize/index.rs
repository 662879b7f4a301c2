//! An index among a model's options.

use crate::libraries::shared::index_words::{IndexForm, IndexWords};

/// `indexes: [{ name: 'ix', fields: ['user_id'] }]`.
pub(super) const FORM: IndexForm = IndexForm::of(declare);

fn declare(index: &IndexWords<'_>) -> String {
    let keys = index.list(|key| {
        if key.is_descending {
            format!("{{ name: '{}', order: 'DESC' }}", key.column)
        } else {
            format!("'{}'", key.column)
        }
    });
    format!("indexes: [{{ name: '{}', fields: [{keys}] }}]", index.name)
}
