//! An index as a decorator of an entity.

use crate::libraries::shared::index_words::{IndexForm, IndexWords};

/// `@Index({ properties: ['user'] })`.
pub(super) const FORM: IndexForm = IndexForm::of(|index: &IndexWords<'_>| format!("@Index({{ properties: [{}] }})", index.quoted_fields()));
