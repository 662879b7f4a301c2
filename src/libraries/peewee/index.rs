//! An index in a model's `Meta`.

use crate::libraries::shared::index_words::{IndexForm, IndexWords};

/// `indexes = ((('user',), False),)`.
pub(super) const FORM: IndexForm = IndexForm::of(|index: &IndexWords<'_>| format!("indexes = ((({},), False),)", index.quoted_fields()));
