//! An index of a data model.

use crate::libraries::shared::index_words::{IndexForm, IndexWords};

/// `.indexes([{ on: ['customer_id'] }])`.
pub(super) const FORM: IndexForm = IndexForm::of(|index: &IndexWords<'_>| format!(".indexes([{{ on: [{}] }}])", index.quoted_fields()));
