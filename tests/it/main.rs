//! What users rely on: layers, pages, fixtures, the command line, rendered output.

mod adversary;
mod arguments;
mod baseline;
mod cache;
mod cli;
mod clients;
mod context;
mod determinism;
mod doors;
mod entries;
mod fix;
mod fixtures;
mod formats;
mod guides;
mod handed;
mod hooks;
mod hostile;
mod layers;
mod limits;
mod lookups;
mod migrations;
mod mutations;
mod own;
mod packages;
mod pages;
mod parts;
mod priorities;
mod readme;
mod screens;
mod setup;
mod snapshots;
mod spared;
#[cfg(feature = "verify")]
mod verify;
mod why;
mod words;
