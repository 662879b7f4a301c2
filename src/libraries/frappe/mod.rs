//! Frappe: its document API and its query builder.

pub mod queries;

use crate::ir::Language;
use crate::libraries::shared::library::Library;
use crate::libraries::shared::tool::Profile;

const PROFILE: Profile = Profile::named("frappe");

/// Frappe.
pub static LIBRARY: Library = Library {
    queries: &[(Language::Python, queries::recognise)],
    ..Library::of(&PROFILE)
};
