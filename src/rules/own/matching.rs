//! What a rule of the user's own looks for: the table `[match]` of its page. All that is said must hold.

use serde::Deserialize;

use super::pattern::{LONGEST_PATTERN, Pattern};
use super::words::{Word, Words, one_of};
use crate::analysis::queries::RowBound;
use crate::judge::reach::Reached;
use crate::libraries::shared::effects::Effects;
use crate::statement::Operation;
use crate::walk;

/// What a rule looks for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Matching {
    /// Calls of functions whose dotted name is one of these.
    #[serde(default)]
    pub call: Words<Pattern>,
    /// Calls of libraries that have all of these effects.
    #[serde(default)]
    pub effects: Words<Effects>,
    /// Where it stands and who reaches it: all of these.
    #[serde(default, rename = "in")]
    pub within: Words<MatchPlace>,
    /// Statements to a database, in place of calls.
    pub query: Option<QueryMatch>,
    /// Globs of files, as in `.gitignore`; none is every file.
    #[serde(default)]
    pub paths: Words<Glob>,
}

/// What a statement must be like; what is not said may be anything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QueryMatch {
    /// It does one of these.
    #[serde(default)]
    pub operation: Words<Operation>,
    /// One of its tables has one of these names.
    #[serde(default)]
    pub table: Words<Pattern>,
    /// It brings as many rows as one of these says.
    #[serde(default)]
    pub bound: Words<RowBound>,
}

/// Where a place stands, or who reaches it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MatchPlace {
    /// In a loop of its function that runs it for each of the rows or elements of something.
    Loop,
    /// In an `async` function.
    Async,
    /// On the way of somebody who waits.
    Request,
    /// On the way of a job or a worker.
    Job,
    /// At the start of the program.
    Startup,
    /// On the way of a command.
    Command,
}

impl MatchPlace {
    const ALL: [MatchPlace; 6] = [
        MatchPlace::Loop,
        MatchPlace::Async,
        MatchPlace::Request,
        MatchPlace::Job,
        MatchPlace::Startup,
        MatchPlace::Command,
    ];

    fn word(self) -> &'static str {
        match self {
            MatchPlace::Loop => "loop",
            MatchPlace::Async => "async",
            MatchPlace::Request => "request",
            MatchPlace::Job => "job",
            MatchPlace::Startup => "startup",
            MatchPlace::Command => "command",
        }
    }

    /// Who reaches it, where that is what is said.
    pub fn reached(self) -> Option<Reached> {
        match self {
            MatchPlace::Loop | MatchPlace::Async => None,
            MatchPlace::Request => Some(Reached::Request),
            MatchPlace::Job => Some(Reached::Job),
            MatchPlace::Startup => Some(Reached::Startup),
            MatchPlace::Command => Some(Reached::Command),
        }
    }
}

impl Word for MatchPlace {
    fn read(text: &str) -> Result<MatchPlace, String> {
        one_of("place", text, &MatchPlace::ALL, MatchPlace::word)
    }
}

impl Word for Effects {
    fn read(text: &str) -> Result<Effects, String> {
        Effects::read_name(text)
    }
}

impl Word for Operation {
    fn read(text: &str) -> Result<Operation, String> {
        let all = [Operation::Select, Operation::Insert, Operation::Update, Operation::Delete];
        one_of("operation", text, &all, Operation::word)
    }
}

impl Word for RowBound {
    fn read(text: &str) -> Result<RowBound, String> {
        // Of what was not understood nothing can be said, and a write brings none.
        let is_of_rows = |bound: &RowBound| !matches!(bound, RowBound::Write | RowBound::NotUnderstood);
        let all: Vec<RowBound> = RowBound::ALL.into_iter().filter(is_of_rows).collect();
        one_of("bound", text, &all, RowBound::words)
    }
}

/// A glob, as in `.gitignore`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glob(pub String);

impl Word for Glob {
    fn read(text: &str) -> Result<Glob, String> {
        if text.is_empty() || text.len() > LONGEST_PATTERN {
            return Err(format!("a glob has from 1 to {LONGEST_PATTERN} bytes"));
        }
        let globs = walk::globs(std::iter::once(text)).map_err(|error| format!("not a valid glob: {error}"))?;
        if globs.is_empty() {
            return Err(format!("`{text}` is no glob, but a comment or blank"));
        }
        Ok(Glob(text.to_owned()))
    }
}

impl Matching {
    /// What is wrong with the table as a whole.
    pub fn mistake(&self) -> Option<&'static str> {
        let has_call = !self.call.0.is_empty() || !self.effects.0.is_empty();
        let reached = self.within.0.iter().filter(|within| within.reached().is_some()).count();
        match () {
            () if has_call && self.query.is_some() => {
                Some("`query` looks for statements, `call` and `effects` for calls; a rule looks for one of them")
            }
            () if !has_call && self.query.is_none() => Some("`match` must say what is looked for: `call`, `effects` or `query`"),
            () if reached > 1 => {
                Some("`in` names several of request, job, startup and command; a place is taken for what one of them reaches")
            }
            () => None,
        }
    }
}
