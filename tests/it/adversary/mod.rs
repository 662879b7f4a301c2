//! What an adversary may put into a repository, or beside it, and what must not come of it.

mod bounds;
#[cfg(unix)]
mod ci;
#[cfg(all(unix, feature = "verify"))]
mod database;
mod files;
mod gate;
mod git;
mod growth;
mod lines;
#[cfg(unix)]
mod past_settings;
mod project;
#[cfg(unix)]
mod rules;
mod shapes;
mod work;
