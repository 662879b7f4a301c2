//! What expressions hold: names followed through assignments, imports, parameters, attributes and returns.
//!
//! Evaluation is lazy and bounded. A result that a bound cut short is not kept, so that what an expression holds
//! does not depend on what was asked before.

mod ancestors;
mod annotations;
mod callees;
mod code;
mod computed;
mod context;
mod expressions;
pub mod kept;
mod makers;
mod members;
mod modules;
mod names;
mod near;
mod objects_as;
mod parameters;
mod queries;
mod resolver;
mod results;
mod shown;
mod user_model;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::scope::{Binding, Member};
use crate::budget::Limit;
use crate::ir::{ClassId, ExprId, FunctionId, Module, Sym};
use crate::libraries::shared::query::{Query, Queued};
use crate::libraries::shared::tool::Tool;
use crate::libraries::shared::value::{FileId, Value};
pub use callees::Callees;
pub use code::{Code, Parameter, Targets};
use near::NearMap;

/// How many expressions a value is away, see [`Limit::Distance`].
const MAX_DEPTH: u32 = 40;
/// How many names it is away, see [`Limit::Distance`].
const MAX_HOPS: u32 = 12;
/// Steps that one question may take, see [`Limit::Distance`]; mutual imports and recursion can make a look-up branch without end.
const FUEL: u32 = 1500;

/// Where a name leads.
#[derive(Clone, Debug)]
pub enum Found {
    /// What a function of a file binds the name to.
    Binding(FileId, FunctionId, Binding),
    /// A module of the project.
    Module(FileId),
    /// A library's thing.
    External(String),
}

/// What is known of expressions as queries.
type QueryMemory = NearMap<Option<Arc<Query>>>;

/// Evaluates expressions with a memory of its own.
pub struct Evaluator<'c> {
    /// Modules and scopes in which names are looked up.
    pub code: &'c Code,
    values: RefCell<NearMap<Value>>,
    queries: RefCell<QueryMemory>,
    /// Queries that a recogniser sees at a call itself.
    own: RefCell<QueryMemory>,
    busy: RefCell<FxHashSet<(FileId, ExprId, bool)>>,
    busy_own: RefCell<FxHashSet<(FileId, ExprId)>>,
    results: RefCell<FxHashMap<(FileId, FunctionId), Value>>,
    busy_functions: RefCell<FxHashSet<(FileId, FunctionId)>>,
    /// Parameters for which the arguments of calls were asked.
    asked: RefCell<FxHashSet<Parameter>>,
    stars: RefCell<names::Stars>,
    /// What is added to objects after they were made, and what the files of a folder are loaded as.
    assigned: RefCell<FxHashMap<(FileId, ExprId), Rc<modules::AddedMembers>>>,
    folders: RefCell<FxHashMap<FileId, Rc<modules::LoadedFiles>>>,
    busy_folders: RefCell<FxHashSet<FileId>>,
    /// What the bases of classes hold.
    parents: RefCell<OfClasses<Rc<[Value]>>>,
    /// What abstract methods and methods of interfaces stand for.
    overridden: RefCell<FxHashMap<Hook, Functions>>,
    implemented: RefCell<OfClasses<FxHashMap<Box<str>, Functions>>>,
    /// Calls from which the way back to the start of a query is too long, for every library.
    long: RefCell<FxHashSet<(FileId, ExprId)>>,
    /// A way was too long while a call was looked at.
    over: Cell<bool>,
    /// Files of which it was told that a value is too far away.
    far: RefCell<FxHashSet<FileId>>,
    /// What functions return or yield.
    returns: RefCell<OfFunctions<Rc<[ExprId]>>>,
    /// What classes say of a name of which they say more than one thing.
    best: RefCell<FxHashMap<(FileId, ClassId, Sym), Member>>,
    /// The names of ancestors, and which library's model a class is.
    lines: RefCell<OfClasses<Rc<[String]>>>,
    libraries: RefCell<OfClasses<Option<Tool>>>,
    decorators: RefCell<FxHashMap<(FileId, FunctionId, u32), Option<Queued>>>,
    /// What is left to look at in each file.
    left: Rc<RefCell<FxHashMap<FileId, u64>>>,
    /// What is known of the one use of a body that is looked at.
    within: Option<context::Within>,
    /// Evaluators for single uses of bodies, and what each call says of the body that it runs.
    contexts: RefCell<FxHashMap<context::Context, Rc<Evaluator<'c>>>>,
    uses: RefCell<FxHashMap<(FileId, ExprId), Option<context::Context>>>,
    depth: Cell<u32>,
    fuel: Cell<u32>,
    cut: Cell<bool>,
}

/// What is kept of classes, and of functions.
type OfClasses<T> = FxHashMap<(FileId, ClassId), T>;
type OfFunctions<T> = FxHashMap<(FileId, FunctionId), T>;

/// A method, and the class below which the methods are looked for that stand in for it.
type Hook = (FileId, FunctionId, (FileId, ClassId));

/// Functions, shared.
type Functions = Rc<[(FileId, FunctionId)]>;

/// One step deeper as long as it lives, also where a step fails: the next file begins where this one did.
struct Deeper<'e>(&'e Cell<u32>);

impl<'e> Deeper<'e> {
    fn of(depth: &'e Cell<u32>) -> Self {
        depth.set(depth.get() + 1);
        Deeper(depth)
    }
}

impl Drop for Deeper<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get().saturating_sub(1));
    }
}

impl<'c> Evaluator<'c> {
    /// An evaluator without memories.
    pub fn new(code: &'c Code) -> Self {
        Evaluator {
            code,
            values: RefCell::default(),
            queries: RefCell::default(),
            own: RefCell::default(),
            busy: RefCell::default(),
            busy_own: RefCell::default(),
            results: RefCell::default(),
            busy_functions: RefCell::default(),
            asked: RefCell::default(),
            stars: RefCell::default(),
            assigned: RefCell::default(),
            folders: RefCell::default(),
            busy_folders: RefCell::default(),
            parents: RefCell::default(),
            overridden: RefCell::default(),
            implemented: RefCell::default(),
            long: RefCell::default(),
            over: Cell::new(false),
            far: RefCell::default(),
            returns: RefCell::default(),
            best: RefCell::default(),
            lines: RefCell::default(),
            libraries: RefCell::default(),
            decorators: RefCell::default(),
            left: Rc::default(),
            within: None,
            contexts: RefCell::default(),
            uses: RefCell::default(),
            depth: Cell::new(0),
            fuel: Cell::new(FUEL),
            cut: Cell::new(false),
        }
    }

    /// The parameters whose values were taken from [`Code::arguments`], or would have been.
    pub fn asked(self) -> FxHashSet<Parameter> {
        let mut asked = FxHashSet::default();
        self.gather_asked(&mut asked);
        asked
    }

    fn gather_asked(&self, out: &mut FxHashSet<Parameter>) {
        out.extend(self.asked.borrow().iter().copied());
        let inner: Vec<Rc<Evaluator<'_>>> = self.contexts.borrow().values().map(Rc::clone).collect();
        for inner in inner {
            inner.gather_asked(out);
        }
    }

    fn m(&self, file: FileId) -> &'c Module {
        self.code.module(file)
    }

    /// Takes steps of what may be looked at in a file; `false` once that is used up, which is told.
    pub fn afford(&self, file: FileId, steps: usize) -> bool {
        let mut left = self.left.borrow_mut();
        let left = left.entry(file).or_insert_with(|| Limit::Following.most());
        if *left == 0 {
            return false;
        }
        *left = left.saturating_sub(steps as u64);
        if *left == 0
            && let Some(facts) = self.code.files.get(file.index())
        {
            self.code.overruns.add(Limit::Following, &*facts.path);
        }
        *left > 0
    }

    /// A value of a file is further away than is followed: what comes of it is not kept.
    pub fn too_far(&self, file: FileId) {
        self.cut.set(true);
        if self.far.borrow_mut().insert(file)
            && let Some(facts) = self.code.files.get(file.index())
        {
            self.code.overruns.add(Limit::Distance, &*facts.path);
        }
    }

    /// Runs one bounded step in a file: nothing known where the bound cuts.
    fn bounded<T: Clone>(&self, file: FileId, none: T, step: impl FnOnce() -> T) -> T {
        if self.depth.get() == 0 {
            self.fuel.set(FUEL);
        }
        if !self.afford(file, 1) {
            self.cut.set(true);
            return none;
        }
        let Some(fuel) = self.fuel.get().checked_sub(1).filter(|_| self.depth.get() < MAX_DEPTH) else {
            self.too_far(file);
            return none;
        };
        self.fuel.set(fuel);
        let _deeper = Deeper::of(&self.depth);
        step()
    }

    /// What an expression holds.
    pub fn value(&self, file: FileId, expr: ExprId) -> Value {
        if let Some(value) = self.values.borrow().get(&(file, expr)) {
            return value.clone();
        }
        if !self.busy.borrow_mut().insert((file, expr, false)) {
            self.cut.set(true);
            return Value::Unknown;
        }
        let outer_cut = self.cut.replace(false);
        let value = self.bounded(file, Value::Unknown, || self.compute(file, expr));
        self.busy.borrow_mut().remove(&(file, expr, false));
        if !self.cut.get() || self.depth.get() == 0 {
            self.values.borrow_mut().insert((file, expr), value.clone());
        }
        self.cut.set(outer_cut || (self.cut.get() && self.depth.get() > 0));
        value
    }
}
