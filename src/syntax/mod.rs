//! Front ends: bytes to [`crate::ir`]. The only code that knows node kinds of grammars.

mod builder;
mod flat;
pub mod json;
pub mod python;
mod tagged;
pub mod typescript;
