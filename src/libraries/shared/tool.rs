//! What is so of a library, wherever its name or its models are met: facts without code.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use serde::{Serialize, Serializer};

use crate::libraries::shared::index_words::IndexForm;

/// What is so of a library, or of a way of using one that differs in what it declares (Alembic's migrations).
#[derive(Debug)]
pub struct Profile {
    /// Its name, as query sites carry it.
    pub name: &'static str,
    /// The library in whose words people speak to it: its own name, or that of what it is a part of.
    pub words: &'static str,
    /// What is so of it.
    pub traits: &'static [Trait],
    /// Under which name its answer has the rows, where it does not give them as they are.
    pub rows_in: Option<&'static str>,
    /// The method that asks for one row and answers from those that are loaded already, where it can.
    pub from_memory: Option<&'static str>,
    /// How its models declare indexes, where that is known.
    pub index: Option<IndexForm>,
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

impl Profile {
    /// A library of which nothing is known but its name: what others start from.
    pub const fn named(name: &'static str) -> Profile {
        Profile {
            name,
            words: name,
            traits: &[],
            rows_in: None,
            from_memory: None,
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
pub struct Tool(&'static Profile);

impl Tool {
    /// The tool that a library is.
    pub const fn of(profile: &'static Profile) -> Tool {
        Tool(profile)
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
