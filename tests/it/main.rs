//! Integration tests, one binary.

mod entries;
