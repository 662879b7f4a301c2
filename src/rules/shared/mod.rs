//! What several rules find and word alike.

pub mod deployed;
pub mod per_row;
pub mod site_finding;
pub mod statement_text;
