//! Supabase: queries of its client.

pub mod queries;

use crate::ir::Language;
use crate::libraries::shared::library::{Library, Trait};

/// Supabase's client.
pub static LIBRARY: Library = Library {
    queries: &[(Language::Python, queries::recognise), (Language::TypeScript, queries::recognise)],
    traits: &[Trait::RunsWhenAwaited],
    rows_in: Some("data"),
    ..Library::named("supabase")
};
