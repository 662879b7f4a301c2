//! What users rely on: layers, pages, fixtures, the command line, rendered output.

mod cli;
mod context;
mod entries;
mod fixtures;
mod layers;
mod pages;
mod snapshots;
