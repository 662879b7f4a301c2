//! SQL in the text of programs, whatever driver runs it.

pub mod python;
pub mod set_up;
pub mod typescript;

use crate::ir::Language;
use crate::libraries::shared::library::{Library, Tool};

/// The library of statements that code writes as texts, whichever driver sends them.
pub const NAME: &str = "sql";

/// Statements in Python. They tell more than what other recognisers guess at, and come before most of them.
pub static IN_PYTHON: Library = Library {
    queries: &[(Language::Python, python::recognise)],
    ..Library::named(NAME)
};

/// Statements in TypeScript.
pub static IN_TYPESCRIPT: Library = Library {
    queries: &[(Language::TypeScript, typescript::recognise)],
    ..Library::named(NAME)
};

/// Statements of a project's own steps.
pub const TOOL: Tool = Tool::of(&IN_PYTHON);
