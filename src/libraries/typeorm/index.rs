//! An index as a decorator of an entity.

use crate::libraries::shared::index_words::{IndexForm, IndexWords};

/// `@Index(['userId'], { where: '…' })`.
pub(super) const FORM: IndexForm = IndexForm::of(declare);

fn declare(index: &IndexWords<'_>) -> String {
    let only = index.predicate.as_ref();
    let only = only.map_or(String::new(), |predicate| format!(", {{ where: '{predicate}' }}"));
    format!("@Index([{}]{only})", index.quoted_fields())
}
