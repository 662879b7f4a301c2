//! What users rely on: layers, pages, fixtures, the command line, rendered output.

mod cli;
mod fixtures;
mod layers;
mod pages;
mod snapshots;
//! Integration tests, one binary.

mod entries;
