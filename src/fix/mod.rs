//! `perfaudit fix`: what is safe to write, written.
//!
//! A rule leaves what it knows of a way out in its finding ([`remedy::Remedy`]: which index a table lacks, which expression is to be
//! written otherwise). A fixer takes findings and the linked project and gives a [`edits::Mend`] for what belongs together: edits, each a
//! file, a range of bytes and a text, and new files, with whether they keep the meaning everywhere. It asks the project and the text
//! around an edit; it searches no places of its own. What it cannot write it says, with the reason.
//!
//! | what | who writes it |
//! |---|---|
//! | an index | `index`: a declaration beside the model ([`index::declare`]) and a step of the migrations, a file for each tool |
//! | a call | `calls`: one more argument, another function, a thread |
//!
//! [`plan`] puts mends together: of two that touch the same bytes the first holds, a file that did not parse whole is left alone, and what
//! would not parse afterwards is not written. [`disk`] reads and writes, and follows no links.

mod calls;
pub mod diff;
pub mod disk;
pub mod edits;
mod imports;
mod index;
pub mod plan;
pub mod remedy;
mod site;
mod text;
mod ts_imports;
mod wanted;

pub use plan::{FixPlan, Left, offer, plan};
pub use wanted::FixRequest;
