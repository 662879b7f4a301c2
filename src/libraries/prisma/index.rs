//! An index in a model's block.

use crate::libraries::shared::index_words::{IndexForm, IndexWords};

/// `@@index([userId, createdAt(sort: Desc)])`.
pub(super) const FORM: IndexForm = IndexForm {
    own_name: Some(|table, columns| format!("{table}_{columns}_idx")),
    ..IndexForm::of(declare)
};

fn declare(index: &IndexWords<'_>) -> String {
    let keys = index.list(|key| format!("{}{}", key.field, if key.is_descending { "(sort: Desc)" } else { "" }));
    format!("@@index([{keys}])")
}
