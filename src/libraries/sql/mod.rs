//! SQL in the text of programs, whatever driver runs it.

pub mod python;
pub mod set_up;
pub mod typescript;
