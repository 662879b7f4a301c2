//! node-pg-migrate: migrations.

pub(crate) mod migrations;

use crate::libraries::shared::library::Library;
use crate::libraries::shared::tool::{Profile, Tool};

const PROFILE: Profile = Profile::named("node-pg-migrate");

/// node-pg-migrate.
pub static LIBRARY: Library = Library::of(&PROFILE);

/// Its migrations.
pub const TOOL: Tool = Tool::of(&PROFILE);
