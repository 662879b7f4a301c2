//! What somebody would write to break the tool: each attack by name.

#[cfg(unix)]
mod rules;
