//! How many, how often, who waits: what a finding weighs.

pub mod bounds;
pub mod columns;
pub mod cost;
pub mod evidence;
pub mod lists;
pub mod priority;
pub mod reach;
pub mod scale;
