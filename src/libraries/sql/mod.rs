//! SQL in the text of programs, whatever driver runs it.

pub mod python;
pub mod set_up;
pub mod typescript;

use crate::ir::Language;
use crate::libraries::shared::library::Library;
use crate::libraries::shared::tool::{Profile, Tool};

/// The library of statements that code writes as texts, whichever driver sends them.
pub const NAME: &str = "sql";

const IN_PYTHON_PROFILE: Profile = Profile::named(NAME);

/// Statements in Python. They tell more than what other recognisers guess at, and come before most of them.
pub static IN_PYTHON: Library = Library {
    queries: &[(Language::Python, python::recognise)],
    ..Library::of(&IN_PYTHON_PROFILE)
};

const IN_TYPESCRIPT_PROFILE: Profile = Profile::named(NAME);

/// Statements in TypeScript.
pub static IN_TYPESCRIPT: Library = Library {
    queries: &[(Language::TypeScript, typescript::recognise)],
    ..Library::of(&IN_TYPESCRIPT_PROFILE)
};

/// Statements of a project's own steps.
pub const TOOL: Tool = Tool::of(&IN_PYTHON_PROFILE);
