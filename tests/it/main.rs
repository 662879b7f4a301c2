//! What users rely on: layers, pages, fixtures, the command line, rendered output.

mod cache;
mod cli;
mod context;
mod entries;
mod fixtures;
mod layers;
mod mutations;
mod pages;
mod snapshots;
