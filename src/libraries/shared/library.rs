//! What the house knows of one library: how it is recognised, and what is so of its queries, its models and its migrations.
//!
//! Each library's folder holds its own [`Library`]; `registry.rs` lists them.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use serde::{Serialize, Serializer};

use crate::ir::{ClassId, FunctionId, Language, Module, Sym};
use crate::libraries::shared::declared::Declared;
use crate::libraries::shared::index_words::IndexForm;
use crate::libraries::shared::query::{Recognise, Resolver};
use crate::libraries::shared::value::FileId;

/// Reads what a file, which is at a path relative to the root, declares of the schema.
pub type Declare = fn(&dyn Resolver, FileId, &str) -> Option<Declared>;

/// Says whether a class, with the names of the classes that it inherits from, has what only models have.
pub type HasFields = fn(&dyn Resolver, FileId, ClassId, &[String]) -> bool;

/// One library, or a way of using one that differs from others in what it declares (Alembic's migrations).
#[derive(Debug)]
pub struct Library {
    /// Its name, as query sites carry it.
    pub name: &'static str,
    /// The library in whose words people speak to it: its own name, or that of what it is a part of.
    pub words: &'static str,
    /// Recognisers of its queries, by the language of the code.
    pub queries: &'static [(Language, Recognise)],
    /// Readers of its models and migrations, by the language of the code.
    pub declarations: &'static [(Language, Declare)],
    /// Which classes are models of it.
    pub models: ModelClasses,
    /// What is so of it.
    pub traits: &'static [Trait],
    /// Under which name its answer has the rows, where it does not give them as they are.
    pub rows_in: Option<&'static str>,
    /// The method that asks for one row and answers from those that are loaded already, where it can.
    pub from_memory: Option<&'static str>,
    /// The name that a method of a model has for the row, where it is run for each row that any query loads.
    pub loaded_row: Option<fn(&Module, FunctionId) -> Option<Sym>>,
    /// How its models declare indexes, where that is known.
    pub index: Option<IndexForm>,
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

/// What is so of some libraries and not of others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trait {
    /// A query runs when it is iterated: querysets, 1.x queries, cursors.
    RunsWhenIterated,
    /// A query is a promise: it runs when it is awaited, or given back by an asynchronous function.
    RunsWhenAwaited,
    /// Every method that asks for one row by its key answers from the rows that are loaded already.
    AnswersFromMemory,
    /// Its session keeps each row that it loaded, so that a relation to one is loaded once for each distinct row.
    HasIdentityMap,
    /// A query object keeps its rows: the second pass over one asks nothing.
    KeepsRows,
    /// Reading a relation of rows that an asynchronous session gave is an error: it asks only where the query stops its thread.
    LoadsLazilyWhereItBlocks,
    /// It raises an error where an event loop runs, in place of stopping it.
    RefusesEventLoops,
    /// A session's first statement begins a transaction that is held until the session ends it.
    BeginsWithFirstStatement,
    /// Its models are constants, which whoever queries them must import.
    ModelsAreConstants,
    /// Whoever makes an instance of a model means to store it: a session takes it in. Others' are made to be shown and tried as well,
    /// and what stores them is a statement of its own.
    StoresWhatIsMade,
    /// What removes rows of a model that marks them as deleted only marks them.
    RemovesByMarking,
    /// A migration that it generates drops what the migrations made and the model does not declare. Drizzle and Django compare the
    /// model with what it was, and leave that alone.
    DropsWhatIsNotDeclared,
    /// Its querysets count with `.count()`, whatever they are of.
    CountsQuerysets,
    /// Rows that were reached from an object (`order.lines.all()`) have that object at hand.
    RowsKnowTheirOwner,
    /// Names of columns follow a strategy of the connection: models declare `userId`, migrations make `user_id`.
    FollowsNamingStrategy,
    /// A project that supports two databases declares each of its tables for each of them.
    DeclaresForEachDatabase,
    /// It indexes the foreign keys of its models by itself, where no migration says otherwise.
    IndexesForeignKeys,
    /// Its foreign keys name models, others' name tables.
    KeysNameModels,
    /// A relation is an attribute of the class that stands for its rows.
    RelationsAreMapped,
    /// The other side of a relation is a manager: it exists only at run time, and asks when its rows are listed.
    RelationsAreManagers,
    /// Its declarations can say that an index holds some rows only.
    DeclaresPartialIndexes,
    /// Its declarations can say that an index holds other columns beside its keys.
    DeclaresIncludedColumns,
    /// Its declarations cannot say that a column of an index goes down as a query asks for it. Drizzle puts nulls last in both ways,
    /// which on `PostgreSQL` is the order of no plain `ORDER BY … DESC`.
    DeclaresNoDirections,
    /// Its models say nothing of indexes: migrations make them.
    DeclaresNoIndexes,
    /// Its migrations run in the order of the times in their names, whatever their length; others' in that of the names.
    OrdersStepsByTime,
    /// A column that it declares a `date` holds a moment.
    DatesAreMoments,
    /// Its settings name the database that models without one are stored in.
    SettingsNameDatabase,
    /// Its models are their own managers: a query starts at the class (Tortoise), not at a manager of it.
    ModelsAreManagers,
    /// Its tables are collections of documents, and what asks for them is no SQL.
    StoresDocuments,
}

impl Library {
    /// A library of which nothing is known but its name: what others start from.
    pub const fn named(name: &'static str) -> Library {
        Library {
            name,
            words: name,
            queries: &[],
            declarations: &[],
            models: ModelClasses {
                bases: &[],
                by_marks: None,
                by_fields: None,
            },
            traits: &[],
            rows_in: None,
            from_memory: None,
            loaded_row: None,
            index: None,
        }
    }

    /// Whether something is so of it.
    pub fn has(&self, what: Trait) -> bool {
        self.traits.contains(&what)
    }
}

/// The library that declares a model or runs a migration.
#[derive(Clone, Copy)]
pub struct Tool(&'static Library);

impl Tool {
    /// The tool that a library is.
    pub const fn of(library: &'static Library) -> Tool {
        Tool(library)
    }

    /// Its own name.
    pub fn name(self) -> &'static str {
        self.0.name
    }

    /// The name of the library in whose words people speak to it, as query sites and advice carry it.
    pub fn library(self) -> &'static str {
        self.0.words
    }

    /// How its models declare indexes, where that is known.
    pub fn index(self) -> Option<IndexForm> {
        self.0.index
    }

    /// Whether something is so of it.
    pub fn has(self, what: Trait) -> bool {
        self.0.has(what)
    }
}

impl fmt::Debug for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl PartialEq for Tool {
    fn eq(&self, other: &Tool) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Tool {}

impl Hash for Tool {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name().hash(state);
    }
}

impl PartialOrd for Tool {
    fn partial_cmp(&self, other: &Tool) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Tool {
    fn cmp(&self, other: &Tool) -> Ordering {
        self.name().cmp(other.name())
    }
}

impl Serialize for Tool {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}
