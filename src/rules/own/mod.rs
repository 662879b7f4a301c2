//! Rules of the user's own: a page that says in `[match]` what is looked for, over facts that are there. Nothing of it runs.

pub mod matching;
pub mod message;
pub mod pattern;
pub mod rule;
pub mod search;
pub mod words;
