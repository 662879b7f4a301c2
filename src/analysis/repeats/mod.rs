//! What runs once for each row of something.

pub mod per_row;
pub mod shape;
pub mod single;
