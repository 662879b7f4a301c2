//! node-pg-migrate: migrations.

pub(crate) mod migrations;

use crate::libraries::shared::library::{Library, Tool};

/// node-pg-migrate.
pub static LIBRARY: Library = Library::named("node-pg-migrate");

/// Its migrations.
pub const TOOL: Tool = Tool::of(&LIBRARY);
