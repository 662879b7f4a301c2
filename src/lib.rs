//! perfaudit reads a codebase and its database schema and says, with evidence, where it will get slow.
//!
//! Layers; each imports only from those above it in this list (a test reads the imports):
//!
//! | level | modules | what lives there |
//! |---|---|---|
//! | 0 | [`budget`] | every bound on the work of a run |
//! | 1 | [`source`], [`finding`], [`fix::edits`], [`fix::remedy`], [`inventory::rows`], [`coverage`], [`progress`], [`error`], [`escape`], [`files`], [`vocabulary`], `silence` | positions, what is reported, what was seen, how a run goes and fails, how text of others is shown; opening and writing files; what names suggest; why a rule says nothing |
//! | 2 | [`ir`], [`statement`], [`walk`], [`config`], [`git`], [`stats`] | the language-neutral module and statement; files; settings; what git knows and a database counted |
//! | 3 | `syntax` | bytes to `ir` and to the facts of one file: the only code that knows grammars |
//! | 4 | [`libraries`] | what ORMs and frameworks mean: one folder a library, what they share, and their registry |
//! | 5 | [`cache`] | facts kept between runs |
//! | 5 | [`project`] | all files linked: schema state, query model, call graph with effects |
//! | 6 | `judge` | who waits, how many rows there are, what a finding weighs |
//! | 7 | `analysis` | what several rules ask of the linked code |
//! | 8 | `advice` | what to do about a finding |
//! | 9 | [`rules`] | one file and one page a rule, in folders by what they are about |
//! | 9 | [`inventory`] | rows for reviewers, and what is well |
//! | 9 | [`render`] | what is known, as SQL: the schema as DDL, statements as a planner reads them |
//! | 9 | [`fix`] | what mends a finding, written: edits and new files |
//! | 10 | [`engine`] | the registry of rules, pages, policy, suppressions, baselines, the final order |
//! | 10 | [`verify`] | a database's planner, asked about findings |
//! | 11 | [`report`] | plain data, one renderer a format |
//! | 12 | [`engine::run`], this file, [`examples`], the binary | [`audit`], the only orchestration |

mod advice;
mod analysis;
pub mod budget;
pub mod cache;
pub mod config;
pub mod coverage;
pub mod engine;
pub mod error;
pub mod escape;
pub mod examples;
pub mod files;
pub mod finding;
pub mod fix;
pub mod git;
pub mod inventory;
pub mod ir;
mod judge;
pub mod libraries;
pub mod progress;
pub mod project;
pub mod render;
pub mod report;
pub mod rules;
mod silence;
pub mod source;
pub mod statement;
pub mod stats;
pub mod syntax;
#[cfg(feature = "verify")]
pub mod verify;
pub mod vocabulary;
pub mod walk;

pub use config::Config;
pub use engine::run::{
    WORKER, audit, audit_observed, audit_texts, audit_texts_since, configure, mend, read_one, understand, verify as verify_findings, why,
};
pub use error::Error;
pub use report::Report;
