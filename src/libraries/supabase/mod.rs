//! Supabase: queries of its client.

pub mod queries;

use crate::ir::Language;
use crate::libraries::shared::library::Library;
use crate::libraries::shared::tool::{Profile, Trait};

const PROFILE: Profile = Profile {
    traits: &[Trait::RunsWhenAwaited],
    rows_in: Some("data"),
    ..Profile::named("supabase")
};

/// Supabase's client.
pub static LIBRARY: Library = Library {
    queries: &[(Language::Python, queries::recognise), (Language::TypeScript, queries::recognise)],
    ..Library::of(&PROFILE)
};
