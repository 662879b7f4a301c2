//! Integration tests, one binary.

mod context;
mod entries;
