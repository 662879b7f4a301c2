//! What a recogniser says of a query, and the interface through which recognisers ask.

use std::sync::Arc;

use super::effects::Effects;
use super::tool::Tool;
use super::value::{FileId, RowModel, Value};
use crate::budget::Limit;
use crate::ir::{Call, ClassId, ExprId, FunctionId, Module};
use crate::statement::{Operation, Statement};

/// What a query gives back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// A list or cursor of rows.
    #[default]
    Rows,
    /// At most one row.
    One,
    /// A value: a count, an existence, an aggregate.
    Scalar,
    /// Nothing that counts (writes).
    Nothing,
    /// Rows in a stream or in pages (`iterator()`, `yield_per`, `stream`): bounded memory.
    Stream,
}

/// A query as a library's recogniser sees it at one call.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Query {
    /// The library: `sqlalchemy`, `django`, `prisma`, `drizzle`, `sql`, …
    pub library: &'static str,
    /// Its shape. Table and column names are the model's where the library has models.
    pub statement: Statement,
    /// The model of the rows, when whole rows of one come back.
    pub model: Option<RowModel>,
    /// It reaches the database at this call; otherwise it is only built.
    pub executed: bool,
    /// What comes back once it runs.
    pub outcome: Outcome,
    /// Relations that are loaded along, as dotted paths of attribute names (`user`, `items.product`); `*` is all.
    pub eager: Vec<String>,
    /// How many whole models a row holds, where it is several: `select(User, Member)`.
    pub entities: usize,
    /// Columns that are left out (`defer`, `load_only`, `only`, `select`): reading them queries again.
    pub deferred: Vec<String>,
    /// Of the rows at a dotted path of relations (the query's own: an empty one) only these columns are loaded, and what the database
    /// knows a row by: reading another one queries again.
    pub only: Vec<(String, Vec<String>)>,
    /// The call blocks its thread (a synchronous driver).
    pub blocking: bool,
    /// The call only fetches from a query that ran before: no new trip to the database.
    pub fetch: bool,
    /// Relations that are loaded along without a limit of their own, as dotted paths; whether one leads to many rows
    /// the schema says.
    pub unbounded_includes: Vec<String>,
    /// More filters than the statement knows can apply (a filter object that could not be read), while its limit,
    /// order and projection are complete.
    pub open_filters: bool,
    /// The statement text was not understood (raw SQL that is dynamic or of another language): no claim on its shape.
    pub opaque: bool,
    /// The driver sends one statement for each row it is given (psycopg2's `executemany`).
    pub row_by_row: bool,
    /// The parameter that names the columns to load, where its function is given one: then the rows are not whole.
    pub narrowed_by: Option<(FileId, FunctionId, usize)>,
    /// A change that adds the row where there is none.
    pub upserts: bool,
    /// The text, where it is SQL that the code gives as a whole.
    pub text: Option<Arc<str>>,
    /// It asks for rows that are marked as deleted, too, or removes them for good.
    pub with_deleted: bool,
    /// The rows that belong to one instance (`order.items.all()`): that instance and the relation's name.
    pub relation: Option<((FileId, ExprId), String)>,
}

impl Query {
    /// Whether it can add rows.
    pub fn adds(&self) -> bool {
        self.statement.operation == Operation::Insert || self.upserts
    }

    /// The table it reads or writes, as named.
    pub fn table(&self) -> Option<&str> {
        self.statement.tables.first().map(|table| table.name.as_str())
    }
}

/// Where a model's attribute leads, by the schema.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Relation {
    /// The model on the other side.
    pub target: String,
    /// Its class, where the code has one of that name.
    pub class: Option<(FileId, ClassId)>,
    /// It holds many.
    pub to_many: bool,
}

/// What `this` is in a function that a library keeps for its models or their rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelReceiver {
    /// The model's name.
    pub model: String,
    /// It is one of the model's rows.
    pub is_row: bool,
}

/// How a decorated function gets into its queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Queued {
    /// By a plain call: nothing of the function runs where it is called.
    ByCall,
    /// By a method (`delay`, `send`): a plain call runs the function at once.
    ByMethod,
}

/// What recognisers may ask of the project.
pub trait Resolver {
    /// A file's module.
    fn module(&self, file: FileId) -> &Module;
    /// What an expression holds.
    fn value(&self, file: FileId, expr: ExprId) -> Value;
    /// The expression that defines what a name or attribute leads to, through assignments and imports: for a table
    /// constant, the call that makes it. An expression that is no name is its own definition.
    fn definition(&self, file: FileId, expr: ExprId) -> Option<(FileId, ExprId)>;
    /// The expression behind a name that a module gives away, its own or one that it passes on from another (`export *`).
    fn constant_of(&self, _file: FileId, _name: &str) -> Option<(FileId, ExprId)> {
        None
    }
    /// The query that an expression is, or that the name it stands for was bound to.
    fn query(&self, file: FileId, expr: ExprId) -> Option<Query>;
    /// The names of a class's ancestors, nearest first: of the project's classes their names, of library classes
    /// their dotted names (`sqlalchemy.orm.DeclarativeBase`, `django.db.models.Model`).
    fn ancestors(&self, file: FileId, class: ClassId) -> Vec<String>;
    /// A class and its ancestors in the project, nearest first.
    fn lineage(&self, file: FileId, class: ClassId) -> Vec<(FileId, ClassId)> {
        vec![(file, class)]
    }
    /// The functions that the classes behind an interface have by a name.
    fn behind(&self, _file: FileId, _class: ClassId, _name: &str) -> Vec<(FileId, FunctionId)> {
        Vec::new()
    }
    /// The library whose model a class is.
    fn model_library(&self, file: FileId, class: ClassId) -> Option<Tool>;
    /// Whether a Prisma model, a table or a model class of this name is declared anywhere (case-insensitive).
    fn knows_table(&self, name: &str) -> bool;
    /// The class of the project's users, where its settings name one.
    fn user_model(&self) -> Option<(FileId, ClassId)> {
        None
    }
    /// Whether a library's connection keeps a model of exactly this name, for look-ups by name.
    fn keeps_model(&self, name: &str) -> bool {
        let _ = name;
        false
    }
    /// The library with a recogniser of queries whose name stands in a dotted name.
    fn query_library(&self, name: &str) -> Option<&'static str> {
        let _ = name;
        None
    }
    /// What `this` is in a function that a library keeps for its models or their rows.
    fn keeper(&self, file: FileId, function: FunctionId) -> Option<ModelReceiver> {
        let _ = (file, function);
        None
    }
    /// What a decorator of the project, so deep in others, makes of functions: found once, however many it decorates.
    fn decorator(&self, _place: (FileId, FunctionId, u32), find: &dyn Fn() -> Option<Queued>) -> Option<Queued> {
        find()
    }
    /// The relation of a model class by its attribute; without a class, the one that all models with such an attribute agree on.
    fn relation(&self, model: Option<(FileId, ClassId)>, attribute: &str) -> Option<Relation> {
        let _ = (model, attribute);
        None
    }
    /// The keywords that one use of a body passes to the parameter for further ones behind a name (`**fields`), where that use is known.
    fn passed_keywords(&self, file: FileId, expr: ExprId) -> Option<Vec<(String, (FileId, ExprId))>> {
        let _ = (file, expr);
        None
    }
    /// What a name was taken from by its key: `shelf` and `rows` for `rows` of `const { rows } = shelf`.
    fn taken_from(&self, file: FileId, expr: ExprId) -> Option<((FileId, ExprId), String)> {
        let _ = (file, expr);
        None
    }
    /// All that a name was bound to before this use in the same function, in the order of the code: a branch each.
    fn alternatives(&self, file: FileId, expr: ExprId) -> Vec<(FileId, ExprId)> {
        let _ = (file, expr);
        Vec::new()
    }
    /// Whether a manifest above a file asks for one of these packages (a name that ends in `/` is a scope); `None` without a manifest.
    fn asks_for(&self, file: FileId, packages: &[&str]) -> Option<bool> {
        let _ = (file, packages);
        None
    }
    /// What a file exports under a name, through other files that it comes from: its value, and the expression that gives it.
    fn exported(&self, file: FileId, name: &str) -> Option<(Value, Option<(FileId, ExprId)>)> {
        let _ = (file, name);
        None
    }
    /// Whether any Python file of the project imports a package, by its first name.
    fn imports_anywhere(&self, library: &str) -> bool {
        let _ = library;
        true
    }
    /// Whether a caller passes in a parameter the page's size that a client sent.
    fn is_chosen_size(&self, file: FileId, function: FunctionId, place: usize) -> bool {
        let _ = (file, function, place);
        false
    }
    /// Where what a name holds is written, where it is a parameter and one call of its function is looked at.
    fn passed(&self, file: FileId, expr: ExprId) -> Option<(FileId, ExprId)> {
        let _ = (file, expr);
        None
    }
    /// Takes steps of what may be looked at in a file; `false` once that is used up, which is told. For what looks at many places
    /// for one question.
    fn afford(&self, file: FileId, steps: usize) -> bool {
        let _ = (file, steps);
        true
    }
    /// Whether the way from a call back to the start of its query is known to be too long.
    fn is_too_long(&self, file: FileId, call: ExprId) -> bool {
        let _ = (file, call);
        false
    }
    /// Tells that what stands at an expression reached a bound.
    fn too_long(&self, limit: Limit, file: FileId, expr: ExprId) {
        let _ = (limit, file, expr);
    }
    /// What a call of a library's function or method does, by its dotted name, in the language of a file.
    fn call_effects(&self, file: FileId, name: &str) -> Effects {
        let _ = (file, name);
        Effects::NONE
    }
}

/// A recogniser of one library's queries: the query at a call, seen with its whole chain up to this call.
pub type Recognise = fn(&dyn Resolver, FileId, Call<'_>) -> Option<Query>;
