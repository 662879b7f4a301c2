//! What the house knows of one library: how it is recognised, and what is so of its queries, its models and its migrations.
//!
//! Each library's folder holds its own [`Library`]; `registry.rs` lists them.

use crate::ir::{ClassId, FunctionId, Language, Module, Sym};
use crate::libraries::shared::declared::Declared;
use crate::libraries::shared::query::{Recognise, Resolver};
use crate::libraries::shared::tool::{Profile, Tool, Trait};
use crate::libraries::shared::value::FileId;

/// Reads what a file, which is at a path relative to the root, declares of the schema.
pub type Declare = fn(&dyn Resolver, FileId, &str) -> Option<Declared>;

/// Says whether a class, with the names of the classes that it inherits from, has what only models have.
pub type HasFields = fn(&dyn Resolver, FileId, ClassId, &[String]) -> bool;

/// One library, with the code that reads its calls and declarations.
#[derive(Debug)]
pub struct Library {
    /// What is so of it.
    pub profile: &'static Profile,
    /// Recognisers of its queries, by the language of the code.
    pub queries: &'static [(Language, Recognise)],
    /// Readers of its models and migrations, by the language of the code.
    pub declarations: &'static [(Language, Declare)],
    /// Which classes are models of it.
    pub models: ModelClasses,
    /// The name that a method of a model has for the row, where it is run for each row that any query loads.
    pub loaded_row: Option<fn(&Module, FunctionId) -> Option<Sym>>,
}

/// Which classes are models of a library.
#[derive(Debug)]
pub struct ModelClasses {
    /// Classes of the library that models inherit from, by their dotted names.
    pub bases: &'static [BaseName],
    /// Whether a class says by itself that it is a model.
    pub by_marks: Option<fn(&Module, ClassId) -> bool>,
    /// Whether a class, with the names of the classes that it inherits from, has what only models have.
    pub by_fields: Option<HasFields>,
}

/// Dotted names of classes.
#[derive(Clone, Copy, Debug)]
pub enum BaseName {
    /// This one.
    Is(&'static str),
    /// All that start so.
    StartsWith(&'static str),
    /// All that end so.
    EndsWith(&'static str),
    /// All that start with the first and hold the second.
    Within(&'static str, &'static str),
}

impl BaseName {
    /// Whether it stands for a dotted name.
    pub fn fits(self, name: &str) -> bool {
        match self {
            BaseName::Is(wanted) => name == wanted,
            BaseName::StartsWith(start) => name.starts_with(start),
            BaseName::EndsWith(end) => name.ends_with(end),
            BaseName::Within(start, part) => name.strip_prefix(start).is_some_and(|rest| rest.contains(part)),
        }
    }
}

impl Library {
    /// A library that nothing is read of: what others start from.
    pub const fn of(profile: &'static Profile) -> Library {
        Library {
            profile,
            queries: &[],
            declarations: &[],
            models: ModelClasses {
                bases: &[],
                by_marks: None,
                by_fields: None,
            },
            loaded_row: None,
        }
    }

    /// Its name, as query sites carry it.
    pub fn name(&self) -> &'static str {
        self.profile.name
    }

    /// The tool that it is.
    pub fn tool(&self) -> Tool {
        Tool::of(self.profile)
    }

    /// Whether something is so of it.
    pub fn has(&self, what: Trait) -> bool {
        self.profile.has(what)
    }
}
