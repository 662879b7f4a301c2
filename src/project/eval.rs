//! What expressions hold: names followed through assignments, imports, parameters, attributes and returns.
//!
//! Evaluation is lazy and bounded. A result that a bound cut short is not kept, so that what an expression holds
//! does not depend on what was asked before.

mod callees;
mod computed;
mod context;
pub mod kept;
mod modules;
mod names;
mod shown;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::imports::Imports;
use super::named_models::NamedModels;
use super::relations::Relations;
use super::scope::{Binding, Bound, Member, Scope, Step, enclosing_class};
use crate::budget::{self, Limit, Overruns};
use crate::ir::{Call, ClassId, ExprId, ExprKind, Function, FunctionId, Language, Module, ParamKind, Parent, StmtId, StmtKind, Sym};
use crate::libraries::registry::RECOGNISERS;
use crate::libraries::shared::effects::{Effects, LibraryData};
use crate::libraries::shared::query::{Outcome, Query, Queued, Relation, Resolver};
use crate::libraries::shared::value::{FileId, Model, Value};
use crate::libraries::shared::{chain, model_classes};
use crate::statement;
use crate::syntax::facts::FileFacts;

/// How many expressions a value is away, see [`Limit::Distance`].
const MAX_DEPTH: u32 = 40;
/// How many names it is away, see [`Limit::Distance`].
const MAX_HOPS: u32 = 12;
/// Steps that one question may take, see [`Limit::Distance`]; mutual imports and recursion can make a look-up branch without end.
const FUEL: u32 = 1500;

/// Places looked at for one ancestor of a class: its bases, with their names.
const STEPS_A_CLASS: usize = 8;

/// The file that each of several imports leads to.
pub type Targets = Vec<Option<FileId>>;

/// The code of a project with everything that look-ups need.
#[derive(Debug, Default)]
pub struct Code {
    /// Facts by file, sorted by path.
    pub files: Vec<FileFacts>,
    /// Bindings by file; empty for files without a module.
    pub scopes: Vec<Scope>,
    /// Where imports lead.
    pub imports: Imports,
    /// The file that each import and each re-export of a module leads to, in the module's order.
    pub targets: Vec<(Targets, Targets)>,
    /// The files that the star imports and the star re-exports of a module lead to.
    pub stars: Vec<(Vec<FileId>, Vec<FileId>)>,
    /// What libraries do.
    pub data: Arc<LibraryData>,
    /// Names of tables and models that the schema declares, lower case.
    pub tables: FxHashSet<String>,
    /// Relations of model classes.
    pub relations: Relations,
    /// Models that a connection keeps by name.
    pub named_models: NamedModels,
    /// Classes that implement or extend a class of the project.
    pub subclasses: FxHashMap<(FileId, ClassId), Vec<(FileId, ClassId)>>,
    /// What parameters without an annotation hold, from the calls that were resolved.
    pub arguments: FxHashMap<Parameter, Value>,
    /// The packages that Python files import, by their first name.
    pub imported: FxHashSet<Box<str>>,
    /// What is kept on objects that are passed around, by its name there.
    pub kept: kept::Kept,
    /// What reached a bound while the files were linked and judged.
    pub overruns: Overruns,
}

/// A function's parameter, by its place.
pub type Parameter = (FileId, FunctionId, usize);

impl Code {
    /// Links files (sorted by path).
    pub fn new(files: Vec<FileFacts>, data: Arc<LibraryData>, tables: FxHashSet<String>) -> Code {
        use rayon::prelude::*;
        let scopes = files
            .par_iter()
            .map(|facts| facts.module.as_ref().map(Scope::new).unwrap_or_default())
            .collect();
        let imports = Imports::new(&files);
        let targets: Vec<(Targets, Targets)> = files
            .par_iter()
            .enumerate()
            .map(|(index, facts)| targets(&imports, FileId(index as u32), facts))
            .collect();
        let stars = files
            .iter()
            .zip(&targets)
            .map(|(facts, targets)| facts.module.as_ref().map_or_else(Default::default, |module| stars(module, targets)))
            .collect();
        let mut code = Code {
            files,
            scopes,
            imports,
            targets,
            stars,
            data,
            tables,
            relations: Relations::default(),
            named_models: NamedModels::default(),
            subclasses: FxHashMap::default(),
            arguments: FxHashMap::default(),
            imported: FxHashSet::default(),
            kept: kept::Kept::default(),
            overruns: Overruns::default(),
        };
        code.imported = code.find_imported();
        code.kept = kept::find(&code);
        code.subclasses = code.find_subclasses();
        code
    }

    /// A file's module; an empty one for files that are no program code.
    pub fn module(&self, file: FileId) -> &Module {
        static EMPTY: std::sync::LazyLock<Module> = std::sync::LazyLock::new(|| crate::syntax::empty(crate::ir::Language::Python));
        self.files
            .get(file.index())
            .and_then(|facts| facts.module.as_ref())
            .unwrap_or(&EMPTY)
    }

    /// All files with program code.
    pub fn modules(&self) -> impl Iterator<Item = (FileId, &Module)> {
        self.files
            .iter()
            .enumerate()
            .filter_map(|(index, facts)| Some((FileId(index as u32), facts.module.as_ref()?)))
    }

    /// Tells that what stands at an offset of a file reached a bound.
    pub fn tell(&self, limit: Limit, file: FileId, offset: u32) {
        if let Some(facts) = self.files.get(file.index()) {
            self.overruns.add(limit, format!("{}:{}", facts.path, facts.lines.line(offset)));
        }
    }

    /// Whether a function has no more parameters than are followed; the others are told.
    pub fn takes_few(&self, file: FileId, function: &Function) -> bool {
        let is_few = function.params.len() <= Limit::Parameters.count();
        if !is_few {
            self.tell(Limit::Parameters, file, function.name_span.start);
        }
        is_few
    }

    fn find_imported(&self) -> FxHashSet<Box<str>> {
        let python = self.modules().filter(|(_, module)| module.language == Language::Python);
        let paths = python.flat_map(|(_, module)| module.imports.iter().map(|import| module.str(import.module)));
        paths.map(|path| path.split('.').next().unwrap_or(path).into()).collect()
    }

    fn find_subclasses(&self) -> FxHashMap<(FileId, ClassId), Vec<(FileId, ClassId)>> {
        let eval = Evaluator::new(self);
        let mut found: FxHashMap<(FileId, ClassId), Vec<(FileId, ClassId)>> = FxHashMap::default();
        for (file, module) in self.modules() {
            for (id, class) in module.class_ids() {
                let parents = class
                    .bases
                    .iter()
                    .filter(|base| base.name.is_none())
                    .map(|base| base.value)
                    .chain(class.implements.iter().copied());
                for parent in parents {
                    let parent = match module.kind(parent) {
                        ExprKind::Index { base, .. } => *base,
                        _ => parent,
                    };
                    if let Value::Class(base_file, base) = eval.value(file, parent) {
                        found.entry((base_file, base)).or_default().push((file, id));
                    }
                }
            }
        }
        found
    }
}

/// The files that a module's imports and re-exports lead to.
fn targets(imports: &Imports, file: FileId, facts: &FileFacts) -> (Vec<Option<FileId>>, Vec<Option<FileId>>) {
    let Some(module) = &facts.module else {
        return (Vec::new(), Vec::new());
    };
    let find = |path: &str| match module.language {
        Language::Python => imports.python(file, path),
        Language::TypeScript => imports.typescript(file, path),
    };
    let imported = module.imports.iter().map(|import| find(module.str(import.module))).collect();
    let exported = module
        .exports
        .iter()
        .map(|export| export.from.and_then(|from| find(module.str(from))))
        .collect();
    (imported, exported)
}

/// The files behind a module's stars, of those that its imports and re-exports lead to.
fn stars(module: &Module, (imported, exported): &(Targets, Targets)) -> (Vec<FileId>, Vec<FileId>) {
    let at = |targets: &Targets, place: usize| targets.get(place).copied().flatten();
    let imports = module.star_imports().filter_map(|place| at(imported, place)).collect();
    (imports, module.exports_of("*").filter_map(|place| at(exported, place)).collect())
}

/// Where a name leads.
#[derive(Clone, Debug)]
pub enum Found {
    /// A binding in a file.
    Binding(FileId, FunctionId, Binding),
    /// A module of the project.
    Module(FileId),
    /// A library's thing.
    External(String),
}

/// What is known of expressions as queries.
type QueryMemory = FxHashMap<(FileId, ExprId), Option<Arc<Query>>>;

/// Evaluates expressions with a memory of its own.
pub struct Evaluator<'c> {
    /// The code.
    pub code: &'c Code,
    values: RefCell<FxHashMap<(FileId, ExprId), Value>>,
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
    assigned: RefCell<FxHashMap<(FileId, ExprId), Rc<modules::Assigned>>>,
    folders: RefCell<FxHashMap<FileId, Rc<modules::Folder>>>,
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
    libraries: RefCell<OfClasses<Option<&'static str>>>,
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
        self.depth.set(self.depth.get() + 1);
        let value = step();
        self.depth.set(self.depth.get() - 1);
        value
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

    fn compute(&self, file: FileId, expr: ExprId) -> Value {
        let module = self.m(file);
        match module.kind(expr) {
            ExprKind::Name(name) => self.name_value(file, expr, *name),
            ExprKind::Attr { base, name } => {
                let base = self.value(file, *base);
                self.attribute(&base, module.str(*name), file)
            }
            ExprKind::Call { .. } => self.call_value(file, expr),
            ExprKind::Await(inner) => self.value(file, *inner),
            ExprKind::Lambda(function) => Value::Function(file, *function),
            ExprKind::Cond { then, orelse, .. } => self.either(file, *then, *orelse),
            ExprKind::Binary { op, left, right } if matches!(module.str(*op), "or" | "and" | "??" | "+") => {
                self.either(file, *left, *right)
            }
            ExprKind::Assign { value, .. } => self.value(file, *value),
            ExprKind::Spread(inner) => self.value(file, *inner),
            ExprKind::Index { base, index } => {
                let base_value = self.value(file, *base);
                if matches!(module.kind(*index), ExprKind::Slice(_)) {
                    return match base_value {
                        // A sliced queryset is the queryset.
                        Value::Query(..) => self.query(file, expr).map_or(base_value, |_| Value::Query(file, expr)),
                        other => other,
                    };
                }
                match &base_value {
                    Value::Many(_) | Value::Query(..) => self.element(&base_value),
                    Value::Literal(at, object) => match module.string(*index) {
                        Some(key) => self
                            .m(*at)
                            .entry(*object, key)
                            .map_or(Value::Unknown, |entry| self.value(*at, entry)),
                        None => self.computed_entry(*at, *object),
                    },
                    Value::External(path) | Value::ExternalInstance(path) => {
                        let key = module.string(*index);
                        key.and_then(|key| self.kept(path, key)).unwrap_or(Value::Unknown)
                    }
                    // `Store[Plane]` is the class.
                    Value::Class(..) if module.language == Language::Python && self.is_type(file, *index) => base_value,
                    _ => Value::Unknown,
                }
            }
            ExprKind::List(items) | ExprKind::Tuple(items) | ExprKind::Set(items) => {
                let first = items.iter().map(|&item| self.value(file, item)).find(|value| !value.is_unknown());
                match first {
                    Some(Value::Literal(..)) | None => Value::Literal(file, expr),
                    Some(value) => value.many(),
                }
            }
            ExprKind::Comp(comp) => match comp.elements.last() {
                Some(&element) => self.value(file, element).many(),
                None => Value::Unknown,
            },
            ExprKind::Object(_) | ExprKind::Str(_) | ExprKind::Template(_) | ExprKind::Num(_) | ExprKind::Bool(_) | ExprKind::Null => {
                Value::Literal(file, expr)
            }
            _ => Value::Unknown,
        }
    }

    /// Whether what stands in brackets behind a class are types, and no key of an enumeration.
    fn is_type(&self, file: FileId, index: ExprId) -> bool {
        match self.m(file).kind(index) {
            ExprKind::Name(_) | ExprKind::Attr { .. } => matches!(self.value(file, index), Value::Class(..)),
            ExprKind::Tuple(items) => items.iter().any(|&item| matches!(self.value(file, item), Value::Class(..))),
            _ => false,
        }
    }

    fn either(&self, file: FileId, a: ExprId, b: ExprId) -> Value {
        let usable = |value: &Value| {
            !matches!(value, Value::Unknown)
                && !matches!(value, Value::Literal(at, lit) if matches!(self.m(*at).kind(*lit), ExprKind::Null))
        };
        let first = self.value(file, a);
        // `globalThis.prisma ?? new PrismaClient()`: the second side says what it is.
        let vague = matches!(&first, Value::Literal(..)) || matches!(&first, Value::External(name) if name.starts_with("globalThis."));
        if usable(&first) && !vague {
            return first;
        }
        let second = self.value(file, b);
        if usable(&second) { second } else { first }
    }

    fn name_value(&self, file: FileId, expr: ExprId, name: Sym) -> Value {
        let module = self.m(file);
        let text = module.str(name);
        if matches!(text, "self" | "cls")
            && let Some(class) = enclosing_class(module, module.owner(expr))
        {
            let own = self.within.as_ref().filter(|within| within.lineage.contains(&(file, class)));
            let (file, class) = own.and_then(|within| within.context.own).unwrap_or((file, class));
            return if text == "self" {
                Value::Instance(file, class)
            } else {
                Value::Class(file, class)
            };
        }
        match self.lookup(file, module.owner(expr), name, module.expr(expr).span.start) {
            Some(found) => self.found_value(&found),
            None => self.global(file, text),
        }
    }

    fn global(&self, file: FileId, text: &str) -> Value {
        match self.m(file).language {
            Language::Python => Value::external(&format!("builtins.{text}")),
            Language::TypeScript => Value::external(&format!("globalThis.{text}")),
        }
    }

    fn found_value(&self, found: &Found) -> Value {
        match found {
            Found::Module(file) => Value::Module(*file),
            Found::External(name) => Value::external(name),
            Found::Binding(file, _, binding) => self.binding_value(*file, binding),
        }
    }

    fn binding_value(&self, file: FileId, binding: &Binding) -> Value {
        match &binding.bound {
            Bound::Function(function) => Value::Function(file, *function),
            Bound::Class(class) => Value::Class(file, *class),
            Bound::Import(_) => Value::Unknown,
            Bound::Annotation(annotation) => self.annotation(file, *annotation),
            Bound::Value(value, path) => {
                let held = self.value(file, *value);
                let held = self.step_into(file, held, path);
                match binding.annotation {
                    Some(annotation) => self.told(held, file, annotation),
                    None => held,
                }
            }
            Bound::Element(iterable, path) => {
                let held = self.iterated(file, *iterable);
                self.step_into(file, held, path)
            }
            Bound::Context(value) => self.entered(file, *value),
            Bound::Param(function, index, path) => match self.typed_part(file, *function, *index, path) {
                Value::Unknown => {
                    let held = self.param(file, *function, *index);
                    self.step_into(file, held, path)
                }
                part => part,
            },
        }
    }

    /// What iterating an expression yields, with the usual wrappers (`enumerate`, `zip`, `.items()`, `sorted`, …).
    fn iterated(&self, file: FileId, iterable: ExprId) -> Value {
        let module = self.m(file);
        if let Some(call) = module.call(module.unawaited(iterable)) {
            let method = call.method().unwrap_or("");
            if call.receiver().is_none() {
                match (method, call.arg(0)) {
                    ("enumerate", Some(inner)) => return Value::Many(Box::new(self.iterated(file, inner))),
                    ("sorted" | "list" | "reversed" | "set" | "tuple" | "iter" | "tqdm", Some(inner)) => return self.iterated(file, inner),
                    _ => {}
                }
            } else if let (true, Some(receiver)) = (matches!(method, "entries" | "iterator" | "values" | "items"), call.receiver()) {
                let held = self.value(file, receiver);
                match held {
                    Value::Many(element) if method == "entries" => return element.many(),
                    Value::Many(element) if method == "iterator" => return *element,
                    _ => {}
                }
            }
        }
        let held = self.value(file, iterable);
        self.element(&held)
    }

    /// An element of a collection.
    pub fn element(&self, value: &Value) -> Value {
        match value {
            Value::Many(element) => (**element).clone(),
            Value::Query(file, expr) => match self.query_at(*file, *expr).and_then(|query| query.model.clone()) {
                Some(model) => Value::Row(model, Some((*file, *expr))),
                None => Value::Unknown,
            },
            Value::Literal(file, expr) => match self.m(*file).kind(*expr) {
                ExprKind::List(items) | ExprKind::Tuple(items) | ExprKind::Set(items) if !items.is_empty() => self.value(*file, items[0]),
                _ => Value::Unknown,
            },
            _ => Value::Unknown,
        }
    }

    fn step_into(&self, file: FileId, mut value: Value, path: &[Step]) -> Value {
        for step in path {
            value = match (step, value) {
                (_, Value::Unknown) => return Value::Unknown,
                (Step::Key(key), value) => self.attribute(&value, self.m(file).str(*key), file),
                (Step::Index(index), Value::Literal(at, expr)) => match self.m(at).kind(expr) {
                    ExprKind::Tuple(items) | ExprKind::List(items) => match items.get(*index as usize) {
                        Some(&item) => self.value(at, item),
                        None => Value::Unknown,
                    },
                    _ => Value::Unknown,
                },
                (Step::Index(_), Value::Many(element)) => *element,
                (Step::Rest, value @ Value::Many(_)) => value,
                _ => Value::Unknown,
            };
        }
        value
    }

    /// What `with expr as x` gives to `x`.
    fn entered(&self, file: FileId, expr: ExprId) -> Value {
        match self.value(file, expr) {
            Value::Instance(at, class) => {
                for method in ["__enter__", "__aenter__"] {
                    if let Some((owner, Member::Method(function))) = self.member(at, class, method) {
                        let result = self.result(owner, function);
                        return if result.is_unknown() { Value::Instance(at, class) } else { result };
                    }
                }
                Value::Instance(at, class)
            }
            Value::Many(element) => *element,
            other => other,
        }
    }

    /// `{ store }: { store: OrderStore }`: a destructured part by the type that is written for it.
    fn typed_part(&self, file: FileId, function: FunctionId, index: usize, path: &[Step]) -> Value {
        let module = self.m(file);
        let (Some(Step::Key(key)), Some(param)) = (path.first(), module.function(function).params.get(index)) else {
            return Value::Unknown;
        };
        let mut open: Vec<ExprId> = param.annotation.into_iter().collect();
        for _ in 0..MAX_HOPS {
            let Some(at) = open.pop() else { break };
            match module.kind(at) {
                ExprKind::Object(_) => {
                    if let Some(part) = module.entry(at, module.str(*key)) {
                        let held = self.annotation(file, part);
                        return self.step_into(file, held, &path[1..]);
                    }
                }
                ExprKind::Binary { left, right, .. } => open.extend([*right, *left]),
                _ => {}
            }
        }
        Value::Unknown
    }

    fn param(&self, file: FileId, function: FunctionId, index: usize) -> Value {
        let module = self.m(file);
        let Some(param) = module.function(function).params.get(index) else {
            return Value::Unknown;
        };
        if param.kind == ParamKind::Rest || param.kind == ParamKind::Keywords {
            return Value::Unknown;
        }
        if let Some((_, value, _)) = self.within.as_ref().and_then(|within| within.param((file, function, index)))
            && !value.is_unknown()
        {
            return value.clone();
        }
        if let Some(annotation) = param.annotation {
            let value = self.annotation(file, annotation);
            if !value.is_unknown() {
                return value;
            }
        }
        if let Some(default) = param.default {
            let value = self.injected(file, default);
            if !matches!(value, Value::Unknown | Value::Literal(..)) {
                return value;
            }
        }
        if let Parent::Expr(lambda) = module.function(function).definition {
            let value = self.callback_param(file, lambda, index);
            if !value.is_unknown() {
                return value;
            }
        }
        let parameter = (file, function, index);
        self.asked.borrow_mut().insert(parameter);
        self.code.arguments.get(&parameter).cloned().unwrap_or(Value::Unknown)
    }

    /// What a framework injects for a default: `Depends(f)` is what `f` gives.
    fn injected(&self, file: FileId, default: ExprId) -> Value {
        let module = self.m(file);
        let Some(call) = module.call(default) else {
            return self.value(file, default);
        };
        if !matches!(call.method(), Some("Depends" | "Security" | "Inject" | "Provide")) {
            return self.value(file, default);
        }
        let Some(dependency) = call.arg(0) else { return Value::Unknown };
        self.called(&self.value(file, dependency))
    }

    /// What a library or an array method passes to a callback.
    fn callback_param(&self, file: FileId, lambda: ExprId, index: usize) -> Value {
        let module = self.m(file);
        let Parent::Expr(parent) = module.expr(lambda).parent else {
            return Value::Unknown;
        };
        let Some(call) = module.call(parent) else { return Value::Unknown };
        let method = call.method().unwrap_or("");
        let place = usize::from(method == "reduce");
        match call.receiver() {
            Some(receiver) if is_iteration(method) && index == place => {
                let held = self.value(file, receiver);
                self.element(&held)
            }
            // What is awaited is what is handed on.
            Some(receiver) if matches!(method, "transaction" | "$transaction" | "withTransaction" | "then") && index == 0 => {
                self.value(file, receiver)
            }
            None if index == 0 => match call.arg(0) {
                // `pMap(rows, async (row) => …)`.
                Some(first) if first != lambda => {
                    let held = self.value(file, first);
                    self.element(&held)
                }
                _ => Value::Unknown,
            },
            _ => Value::Unknown,
        }
    }

    /// What a value of an annotated type is.
    pub fn annotation(&self, file: FileId, annotation: ExprId) -> Value {
        self.bounded(file, Value::Unknown, || self.annotation_inner(file, annotation))
    }

    fn annotation_inner(&self, file: FileId, annotation: ExprId) -> Value {
        let module = self.m(file);
        if let (Some(within), ExprKind::Name(name)) = (&self.within, module.kind(annotation))
            && let Some((at, class)) = within.named_type(module.str(*name))
        {
            return Value::Instance(at, class);
        }
        match module.kind(annotation) {
            ExprKind::Name(_) | ExprKind::Attr { .. } => match self.value(file, annotation) {
                Value::Class(at, class) => Value::Instance(at, class),
                Value::External(name) => Value::ExternalInstance(name),
                Value::Unknown => match self.definition(file, annotation) {
                    Some((at, alias)) if (at, alias) != (file, annotation) => self.annotation(at, alias),
                    _ => Value::Unknown,
                },
                other => other,
            },
            ExprKind::Str(name) => self.quoted(file, module.owner(annotation), module.str(*name)),
            ExprKind::Binary { op, left, right } if module.str(*op) == "|" => match self.annotation(file, *left) {
                Value::Unknown | Value::Literal(..) => self.annotation(file, *right),
                value => value,
            },
            ExprKind::Index { base, index } => self.generic(file, *base, *index),
            ExprKind::Call { .. } => self.value(file, annotation),
            _ => Value::Unknown,
        }
    }

    fn quoted(&self, file: FileId, function: FunctionId, text: &str) -> Value {
        let name = text
            .trim_start_matches("Optional[")
            .trim_end_matches(']')
            .split('|')
            .next()
            .unwrap_or(text)
            .trim();
        let module = self.m(file);
        let Some(sym) = module.sym(name) else {
            return Value::Unknown;
        };
        match self.lookup(file, function, sym, u32::MAX).map(|found| self.found_value(&found)) {
            Some(Value::Class(at, class)) => Value::Instance(at, class),
            Some(Value::External(name)) => Value::ExternalInstance(name),
            _ => Value::Unknown,
        }
    }

    fn generic(&self, file: FileId, base: ExprId, index: ExprId) -> Value {
        let module = self.m(file);
        let name = match module.kind(base) {
            ExprKind::Name(name) | ExprKind::Attr { name, .. } => module.str(*name),
            _ => return Value::Unknown,
        };
        let parts: Vec<ExprId> = match module.kind(index) {
            ExprKind::Tuple(items) => items.to_vec(),
            _ => vec![index],
        };
        let Some(&first) = parts.first() else { return Value::Unknown };
        match name {
            "Annotated" => {
                // `Annotated[Session, Depends(get_db)]`: what is injected is more exact than the type.
                let injected = parts
                    .iter()
                    .skip(1)
                    .map(|&part| self.injected(file, part))
                    .find(|value| matches!(value, Value::Instance(..) | Value::Row(..)));
                injected.unwrap_or_else(|| self.annotation(file, first))
            }
            "Optional"
            | "ClassVar"
            | "Final"
            | "Mapped"
            | "Promise"
            | "Awaitable"
            | "Readonly"
            | "Required"
            | "Partial"
            | "NonNullable"
            | "Pick"
            | "Omit"
            | "Awaited"
            | "Generator"
            | "AsyncGenerator"
            | "ContextManager"
            | "AsyncContextManager"
            | "AbstractAsyncContextManager"
            | "AbstractContextManager"
            | "Depends" => self.annotation(file, first),
            "Coroutine" => parts.last().map_or(Value::Unknown, |&last| self.annotation(file, last)),
            "Type" | "type" => match self.annotation(file, first) {
                Value::Instance(at, class) => Value::Class(at, class),
                _ => Value::Unknown,
            },
            "list" | "List" | "Sequence" | "Iterable" | "Iterator" | "AsyncIterator" | "AsyncIterable" | "Set" | "set" | "frozenset"
            | "Collection" | "Array" | "ReadonlyArray" | "tuple" | "Tuple" | "QuerySet" | "InstrumentedList" => {
                self.annotation(file, first).many()
            }
            "Union" => parts
                .iter()
                .map(|&part| self.annotation(file, part))
                .find(|value| !value.is_unknown())
                .unwrap_or(Value::Unknown),
            _ => self.annotation(file, base),
        }
    }

    /// Reads an attribute of a value.
    pub fn attribute(&self, base: &Value, name: &str, from: FileId) -> Value {
        if let Some((at, class)) = base.library_name().and_then(|path| self.code.named_models.class(path, name)) {
            return Value::Class(at, class);
        }
        match base {
            Value::Module(file) => match self.exported(*file, name, 0) {
                Some(found) => self.found_value(&found),
                None => match self.package_member(*file, name) {
                    Some(module) => Value::Module(module),
                    None => Value::Unknown,
                },
            },
            Value::External(path) => {
                let dotted = self.of_default(path, name).unwrap_or_else(|| format!("{path}.{name}"));
                if self.m(from).language == Language::Python
                    && !self.code.data.of(Language::Python).is_module(path)
                    && let Some(module) = self.code.imports.python(from, &dotted)
                {
                    return Value::Module(module);
                }
                let canonical = self.code.data.of(self.m(from).language).canonical(&dotted);
                self.kept(path, name).unwrap_or_else(|| Value::external(&canonical))
            }
            Value::ExternalInstance(path) => self.kept(path, name).unwrap_or_else(|| Value::external(&format!("{path}.{name}"))),
            Value::Instance(file, class) | Value::Row(Model::Class(file, class), _) => {
                match self.code.relations.find(Some((*file, *class)), name) {
                    // `order.customer`: the declaration of the column says less than where it leads.
                    Some(Relation {
                        class: Some((at, target)),
                        to_many: false,
                        ..
                    }) => Value::Row(Model::Class(*at, *target), None),
                    _ => match self.code.relations.leads((*file, *class), name) {
                        Some(Relation {
                            class: Some((at, target)),
                            to_many,
                            ..
                        }) => {
                            let row = Value::Row(Model::Class(*at, *target), None);
                            if *to_many { row.many() } else { row }
                        }
                        _ => match self.member_value(*file, *class, name, true) {
                            held @ (Value::Unknown | Value::Literal(..) | Value::ExternalInstance(_) | Value::External(_))
                                if name == "object" =>
                            {
                                self.shown_object((*file, *class)).unwrap_or(held)
                            }
                            held => held,
                        },
                    },
                }
            }
            Value::Class(file, class) => match self.member_value(*file, *class, name, false) {
                Value::Unknown => self.beside(*file, base, name),
                member => member,
            },
            Value::Literal(file, object) => match self.member_of_object(*file, *object, name) {
                Some(found) => self.found_value(&found),
                None => Value::Unknown,
            },
            Value::Function(file, _) => self.beside(*file, base, name),
            // `page.items` of a paginator's page: its rows.
            Value::Many(_) if name == "items" && self.m(from).language == Language::Python => base.clone(),
            Value::Row(Model::Table(_), _) | Value::Query(..) | Value::Many(_) | Value::Unknown => Value::Unknown,
        }
    }

    fn package_member(&self, file: FileId, name: &str) -> Option<FileId> {
        let path = &self.code.files.get(file.index())?.path;
        let folder = path.strip_suffix("/__init__.py")?;
        self.code
            .imports
            .file(&format!("{folder}/{name}.py"))
            .or_else(|| self.code.imports.file(&format!("{folder}/{name}/__init__.py")))
    }

    /// The member of a class or of its nearest ancestor that has it.
    pub fn member(&self, file: FileId, class: ClassId, name: &str) -> Option<(FileId, Member)> {
        let start = (file, class);
        let mut open = vec![(file, class)];
        let mut seen = FxHashSet::default();
        while let Some((file, class)) = open.pop() {
            if !seen.insert((file, class)) {
                continue;
            }
            if seen.len() > Limit::Ancestors.count() {
                self.too_many_ancestors(start);
                break;
            }
            let found = self.code.scopes.get(file.index())?.member(self.m(file), class, name);
            match found {
                [] => {}
                [(_, only)] => return Some((file, only.clone())),
                [(name, _), ..] => return Some((file, self.best_member((file, class, *name), found))),
            }
            self.open_bases(file, class, &mut open);
        }
        None
    }

    /// What says most of a name among several things: an `__init__` value says more than a class-level annotation.
    /// What a class says of a name of which it says more than one thing, kept between asks.
    fn best_member(&self, key: (FileId, ClassId, Sym), found: &[(Sym, Member)]) -> Member {
        if let Some(known) = self.best.borrow().get(&key) {
            return known.clone();
        }
        let outer_cut = self.cut.replace(false);
        let best = self.most_telling(key.0, found);
        if !self.cut.get() {
            self.best.borrow_mut().insert(key, best.clone());
        }
        self.cut.set(outer_cut || self.cut.get());
        best
    }

    fn most_telling(&self, file: FileId, found: &[(Sym, Member)]) -> Member {
        let members = || found.iter().map(|(_, member)| member);
        let best = members().find(|member| matches!(member, Member::Method(_) | Member::ParamField(..)));
        let best = best.or_else(|| self.declared(file, found));
        let best = best.or_else(|| members().find(|member| self.is_telling(file, member)));
        best.unwrap_or(&found[0].1).clone()
    }

    /// `_mailer: Mailer`, where one of the things that it is set to says a class of the project as well, that one.
    fn declared<'m>(&self, file: FileId, found: &'m [(Sym, Member)]) -> Option<&'m Member> {
        let members = || found.iter().map(|(_, member)| member);
        let declared = members().find(|member| match member {
            Member::Annotation(annotation) => matches!(self.annotation(file, *annotation), Value::Instance(..)),
            _ => false,
        })?;
        let made = members().find(|member| match member {
            Member::Value(value, _) => self.afford(file, 1) && matches!(self.value(file, *value), Value::Instance(..) | Value::Row(..)),
            _ => false,
        });
        made.or(Some(declared))
    }

    /// Adds a class's bases to those that are still to be looked into, the first last; of very many only those that can have a turn.
    fn open_bases(&self, file: FileId, class: ClassId, open: &mut Vec<(FileId, ClassId)>) {
        let bases = self.bases(file, class);
        let first = &bases[..bases.len().min(Limit::Ancestors.count() + 1)];
        open.extend(first.iter().rev().filter_map(|base| match base {
            Value::Class(file, class) => Some((*file, *class)),
            _ => None,
        }));
    }

    fn find_ancestors(&self, file: FileId, class: ClassId) -> Vec<String> {
        let mut out = Vec::new();
        let start = (file, class);
        let mut open = vec![start];
        let mut seen = FxHashSet::default();
        while let Some((file, class)) = open.pop() {
            if !seen.insert((file, class)) {
                continue;
            }
            if seen.len() > Limit::Ancestors.count() {
                self.too_many_ancestors(start);
                break;
            }
            if !self.afford(file, STEPS_A_CLASS) {
                break;
            }
            for base in self.bases(file, class).iter() {
                match base {
                    Value::Class(at, base) => {
                        out.extend(self.m(*at).class(*base).name.map(|name| self.m(*at).str(name).to_owned()));
                        open.push((*at, *base));
                    }
                    Value::External(name) | Value::ExternalInstance(name) => out.push(name.to_string()),
                    _ => {}
                }
            }
            // Bases that lead nowhere still have a name.
            let module = self.m(file);
            out.extend(
                module
                    .class(class)
                    .bases
                    .iter()
                    .filter(|base| base.name.is_none())
                    .filter_map(|base| module.dotted(base.value)),
            );
        }
        out
    }

    fn too_many_ancestors(&self, (file, class): (FileId, ClassId)) {
        self.code.tell(Limit::Ancestors, file, self.m(file).class(class).name_span.start);
    }

    /// A class and its ancestors in the project, nearest first.
    pub fn lineage(&self, file: FileId, class: ClassId) -> Vec<(FileId, ClassId)> {
        let start = (file, class);
        let mut open = vec![start];
        let mut out = Vec::new();
        while let Some((file, class)) = open.pop() {
            if out.contains(&(file, class)) {
                continue;
            }
            if out.len() > Limit::Ancestors.count() {
                self.too_many_ancestors(start);
                break;
            }
            out.push((file, class));
            self.open_bases(file, class, &mut open);
        }
        out
    }

    fn is_telling(&self, file: FileId, member: &Member) -> bool {
        match member {
            Member::Value(value, _) => !matches!(self.m(file).kind(*value), ExprKind::Null),
            _ => false,
        }
    }

    fn bases(&self, file: FileId, class: ClassId) -> Rc<[Value]> {
        if let Some(known) = self.parents.borrow().get(&(file, class)) {
            return Rc::clone(known);
        }
        let outer_cut = self.cut.replace(false);
        let found: Rc<[Value]> = self.find_bases(file, class).into();
        // As with values: what a bound cut short is not kept.
        if !self.cut.get() {
            self.parents.borrow_mut().insert((file, class), Rc::clone(&found));
        }
        self.cut.set(outer_cut || self.cut.get());
        found
    }

    fn find_bases(&self, file: FileId, class: ClassId) -> Vec<Value> {
        let module = self.m(file);
        let bases = module.class(class).bases.iter().filter(|base| base.name.is_none());
        bases
            .map(|base| match module.kind(base.value) {
                ExprKind::Index { base, .. } => self.value(file, *base),
                // `extends mixin(Base)`.
                ExprKind::Call { .. } => match self.value(file, base.value) {
                    Value::ExternalInstance(name) => Value::External(name),
                    other => other,
                },
                _ => self.value(file, base.value),
            })
            .collect()
    }

    fn member_value(&self, file: FileId, class: ClassId, name: &str, bound: bool) -> Value {
        let Some((owner, member)) = self.member(file, class, name) else {
            // A method that a library's base class has.
            let bases = self.bases(file, class);
            let base = bases.iter().find_map(|base| match base {
                Value::External(base) => Some(base),
                _ => None,
            });
            return base.map_or(Value::Unknown, |base| Value::external(&format!("{base}.{name}")));
        };
        match member {
            Member::Method(function) if bound && self.m(owner).function(function).is_property => self.result(owner, function),
            Member::Method(function) => Value::Function(owner, function),
            Member::Class(class) => Value::Class(owner, class),
            Member::Annotation(annotation) => self.annotation(owner, annotation),
            Member::ParamField(function, index) => self.param(owner, function, index),
            Member::Value(value, annotation) => {
                let held = self.value(owner, value);
                match annotation {
                    Some(annotation) => self.told(held, owner, annotation),
                    None => held,
                }
            }
        }
    }

    fn call_value(&self, file: FileId, expr: ExprId) -> Value {
        if let Some(query) = self.own_query(file, expr) {
            if !query.executed {
                return Value::Query(file, expr);
            }
            let row = query.model.clone().map(|model| Value::Row(model, Some((file, expr))));
            return match (query.outcome, row) {
                (Outcome::Rows | Outcome::Stream, Some(row)) => row.many(),
                (Outcome::One, Some(row)) => row,
                _ => Value::Unknown,
            };
        }
        let module = self.m(file);
        let Some(call) = module.call(expr) else { return Value::Unknown };
        if module.name(call.callee) == Some("super")
            && let Some(class) = enclosing_class(module, module.owner(expr))
        {
            return match self.bases(file, class).first().cloned() {
                Some(Value::Class(at, base)) => Value::Instance(at, base),
                Some(Value::External(name)) => Value::ExternalInstance(name),
                _ => Value::Unknown,
            };
        }
        if let Some(required) = self.required(file, &call) {
            return self.found_value(&required);
        }
        let callee = self.value(file, call.callee);
        match (&callee, call.method()) {
            // `asyncio.gather(*[f(x) for x in xs])`, `Promise.all(xs.map(f))`, `list(q)`: what the argument holds.
            (Value::External(name), _) if is_transparent(name) => call.arg(0).map_or(Value::Unknown, |arg| self.value(file, arg)),
            (Value::External(name), _) if is_collector(name) => {
                let first = call.args.first().map_or(Value::Unknown, |arg| self.value(file, arg.value));
                match first {
                    Value::Query(..) => self.element(&first).many(),
                    other => other,
                }
            }
            (Value::External(_), Some("get_object")) => {
                let on = call.receiver().map(|receiver| self.value(file, receiver));
                match on {
                    Some(Value::Instance(at, class)) => self.shown_object((at, class)).unwrap_or_else(|| self.called(&callee)),
                    _ => self.called(&callee),
                }
            }
            (Value::External(name), _) if name.as_ref() == "builtins.getattr" => self.computed_member(file, &call),
            (Value::External(name), _) if name.as_ref() == "builtins.next" => {
                let first = call.args.first().map_or(Value::Unknown, |arg| self.value(file, arg.value));
                self.element(&first)
            }
            (Value::Unknown, Some(method)) => self.collection_call(file, call.receiver(), method, call.arg(0)),
            (Value::Unknown, None) => Value::Unknown,
            _ => {
                let plain = self.called(&callee);
                if !matches!(callee, Value::Function(..)) || !context::is_vague(&plain) {
                    return plain;
                }
                match self.specialised_value(file, expr) {
                    Value::Unknown => plain,
                    special => special,
                }
            }
        }
    }

    /// Methods of collections, and registries that hand out an instance of the class they are asked for.
    fn collection_call(&self, file: FileId, receiver: Option<ExprId>, method: &str, arg: Option<ExprId>) -> Value {
        let Some(receiver) = receiver else { return Value::Unknown };
        let held = self.value(file, receiver);
        match (&held, method) {
            (Value::Many(_), "filter" | "slice" | "sort" | "reverse" | "concat" | "toSorted" | "copy" | "flat") => held,
            (Value::Many(element), "find" | "at" | "pop" | "shift") => (**element).clone(),
            (Value::Many(_), "map" | "flatMap") => match arg.map(|arg| self.value(file, arg)) {
                Some(Value::Function(at, function)) => self.result(at, function).many(),
                _ => Value::Unknown,
            },
            (_, "get" | "resolve" | "make" | "inject") => match arg.map(|arg| self.value(file, arg)) {
                Some(Value::Class(at, class)) => Value::Instance(at, class),
                _ => Value::Unknown,
            },
            _ => Value::Unknown,
        }
    }

    /// What calling a value gives.
    pub fn called(&self, callee: &Value) -> Value {
        match callee {
            Value::Class(file, class) => Value::Instance(*file, *class),
            Value::Function(file, function) => self.result(*file, *function),
            Value::External(name) => self.external_result(&self.callable(name)),
            Value::ExternalInstance(name) => {
                let call = format!("{name}.__call__");
                match self.returns(&call) {
                    Some(returns) => Value::instance(&returns),
                    None => Value::instance(&call),
                }
            }
            Value::Instance(file, class) => match self.member(*file, *class, "__call__") {
                Some((owner, Member::Method(function))) => self.result(owner, function),
                _ => Value::Unknown,
            },
            _ => Value::Unknown,
        }
    }

    fn external_result(&self, name: &str) -> Value {
        match self.returns(name) {
            Some(returns) => Value::instance(&returns),
            None => Value::instance(name),
        }
    }

    fn returns(&self, name: &str) -> Option<String> {
        let python = self
            .code
            .data
            .of(Language::Python)
            .call(name)
            .and_then(|facts| facts.returns.clone());
        python.or_else(|| {
            self.code
                .data
                .of(Language::TypeScript)
                .call(name)
                .and_then(|facts| facts.returns.clone())
        })
    }

    /// What a function of the project returns or, for generators, yields.
    pub fn result(&self, file: FileId, function: FunctionId) -> Value {
        if let Some(value) = self.results.borrow().get(&(file, function)) {
            return value.clone();
        }
        if !self.busy_functions.borrow_mut().insert((file, function)) {
            self.cut.set(true);
            return Value::Unknown;
        }
        let outer_cut = self.cut.replace(false);
        let value = self.bounded(file, Value::Unknown, || self.result_inner(file, function));
        self.busy_functions.borrow_mut().remove(&(file, function));
        if !self.cut.get() {
            self.results.borrow_mut().insert((file, function), value.clone());
        }
        self.cut.set(outer_cut || self.cut.get());
        value
    }

    /// The values that a function returns or yields, in order.
    pub fn returned(&self, file: FileId, function: FunctionId) -> Rc<[ExprId]> {
        let mut returns = self.returns.borrow_mut();
        let found = returns
            .entry((file, function))
            .or_insert_with(|| returned(self.m(file), function).into());
        Rc::clone(found)
    }

    fn result_inner(&self, file: FileId, function: FunctionId) -> Value {
        let module = self.m(file);
        let mut known = Value::Unknown;
        for &value in self.returned(file, function).iter() {
            let held = self.value(file, value);
            match held {
                Value::Row(..) | Value::Query(..) => return held,
                Value::Many(ref element) if matches!(**element, Value::Row(..)) => return held,
                Value::Unknown => {}
                Value::Literal(..) => {
                    if known.is_unknown() {
                        known = held;
                    }
                }
                _ => {
                    if matches!(known, Value::Unknown | Value::Literal(..)) {
                        known = held;
                    }
                }
            }
        }
        let definition = module.function(function);
        if let Some(returns) = definition.returns {
            return self.told(known, file, returns);
        }
        known
    }

    /// What is held, or what its annotation says of it where that says more: a class of the project where a library gives something.
    fn told(&self, held: Value, file: FileId, annotation: ExprId) -> Value {
        let is_loose = matches!(held, Value::ExternalInstance(_)) && self.m(file).language == Language::Python;
        if !is_loose && !matches!(held, Value::Unknown | Value::Literal(..)) {
            return held;
        }
        match self.annotation(file, annotation) {
            Value::Unknown => held,
            annotated if !is_loose || matches!(annotated, Value::Instance(..)) => annotated,
            _ => held,
        }
    }

    /// The query at an expression, kept between asks.
    pub fn query_at(&self, file: FileId, expr: ExprId) -> Option<Arc<Query>> {
        if let Some(query) = self.queries.borrow().get(&(file, expr)) {
            return query.clone();
        }
        if !self.busy.borrow_mut().insert((file, expr, true)) {
            self.cut.set(true);
            return None;
        }
        let outer_cut = self.cut.replace(false);
        let query = self.bounded(file, None, || self.find_query(file, expr).map(Arc::new));
        self.busy.borrow_mut().remove(&(file, expr, true));
        if !self.cut.get() || self.depth.get() == 0 {
            self.queries.borrow_mut().insert((file, expr), query.clone());
        }
        self.cut.set(outer_cut || (self.cut.get() && self.depth.get() > 0));
        query
    }

    fn find_query(&self, file: FileId, expr: ExprId) -> Option<Query> {
        let module = self.m(file);
        match module.kind(expr) {
            ExprKind::Call { .. } => match self.own_query(file, expr) {
                Some(query) => Some((*query).clone()),
                None if let Some(query) = self.specialised(file, expr) => Some(query),
                None => match self.value(file, expr) {
                    Value::Query(at, inner) if (at, inner) != (file, expr) => self.query_at(at, inner).map(|query| (*query).clone()),
                    _ => self.extended_query(file, expr),
                },
            },
            ExprKind::Await(inner) => self.find_query(file, *inner),
            ExprKind::Index { base, index } => {
                let ExprKind::Slice(slice) = module.kind(*index) else {
                    return None;
                };
                let mut query = (*self.query_at(file, *base)?).clone();
                if query.executed {
                    return None;
                }
                chain::slice(module, &mut query.statement, slice.lower, slice.upper);
                Some(query)
            }
            _ => match self.value(file, expr) {
                Value::Query(at, inner) if (at, inner) != (file, expr) => self.query_at(at, inner).map(|query| (*query).clone()),
                _ => self.held_result(file, expr),
            },
        }
    }

    /// The query that ran where a name was bound to its result.
    fn held_result(&self, file: FileId, expr: ExprId) -> Option<Query> {
        let (at, definition) = self.definition(file, expr)?;
        if (at, definition) == (file, expr) || !matches!(self.m(at).kind(definition), ExprKind::Call { .. }) {
            return None;
        }
        self.query_at(at, definition).map(|query| (*query).clone())
    }

    /// Whether a library's recogniser sees a query at a call itself.
    pub fn is_recognised(&self, file: FileId, expr: ExprId) -> bool {
        self.own_query(file, expr).is_some()
    }

    /// The query that a recogniser sees at a call, kept between asks.
    fn own_query(&self, file: FileId, expr: ExprId) -> Option<Arc<Query>> {
        if let Some(query) = self.own.borrow().get(&(file, expr)) {
            return query.clone();
        }
        if !self.busy_own.borrow_mut().insert((file, expr)) {
            self.cut.set(true);
            return None;
        }
        let module = self.m(file);
        let outer_cut = self.cut.replace(false);
        let outer_over = self.over.replace(false);
        // SQL that stands in code tells of places in its text; what a reader can look up is the call.
        let (query, told) = budget::hearing(|| {
            self.bounded(file, None, || {
                let call = module.call(expr)?;
                if self.finds_in_array(file, &call) {
                    return None;
                }
                let mut recognisers = RECOGNISERS.iter().filter(|(language, _)| *language == module.language);
                recognisers.find_map(|(_, recognise)| recognise(self, file, call)).map(Arc::new)
            })
        });
        for (limit, _) in told {
            self.code.tell(limit, file, module.expr(expr).span.start);
        }
        self.busy_own.borrow_mut().remove(&(file, expr));
        // Whatever builds on it is too long as well: it need not be walked again.
        if self.over.replace(outer_over) && query.is_none() {
            self.long.borrow_mut().insert((file, expr));
        }
        if !self.cut.get() || self.depth.get() == 0 {
            self.own.borrow_mut().insert((file, expr), query.clone());
        }
        self.cut.set(outer_cut || (self.cut.get() && self.depth.get() > 0));
        query
    }

    /// `order.lines.find((line) => line.open)`: an array's method, however its holder is called. A callback that takes an error first
    /// is a driver's.
    fn finds_in_array(&self, file: FileId, call: &Call<'_>) -> bool {
        if call.module.language != Language::TypeScript || call.method() != Some("find") {
            return false;
        }
        let Some(first) = call.arg(0) else { return false };
        let given = match *call.module.kind(first) {
            ExprKind::Lambda(function) => (file, function),
            ExprKind::Name(_) => match self.value(file, first) {
                Value::Function(at, function) => (at, function),
                _ => return false,
            },
            _ => return false,
        };
        let module = self.m(given.0);
        let params = &module.function(given.1).params;
        let takes_error = params
            .first()
            .and_then(|param| param.name)
            .is_some_and(|name| module.str(name).starts_with("err"));
        !(takes_error && params.len() > 1)
    }

    /// The query that a function of the project is given, builds on and hands back.
    fn extended_query(&self, file: FileId, expr: ExprId) -> Option<Query> {
        let module = self.m(file);
        let call = module.call(expr)?;
        let Value::Function(at, function) = self.value(file, call.callee) else {
            return None;
        };
        let inside = self.m(at);
        let values = self.returned(at, function);
        let (given, is_cut) = values.iter().take_while(|_| self.afford(at, 1)).find_map(|&value| {
            // `return rows[:size]`, `return rows.offset(start).limit(size)`.
            let (value, is_sliced) = match inside.kind(value) {
                ExprKind::Index { base, index } => match inside.kind(*index) {
                    ExprKind::Slice(slice) => (*base, slice.upper.is_some_and(|upper| chain::cuts(inside, upper))),
                    _ => (value, false),
                },
                _ => (value, false),
            };
            let is_limited = |call: Call<'_>| {
                call.chain().iter().any(|link| {
                    matches!(link.method(), Some("limit" | "take")) && link.arg(0).is_some_and(|rows| chain::cuts(inside, rows))
                })
            };
            let is_cut = is_sliced || inside.call(value).is_some_and(is_limited);
            let root = match inside.call(value) {
                Some(call) => call.root(),
                None => value,
            };
            let name = inside.name(root)?;
            let params = &inside.function(function).params;
            let index = params
                .iter()
                .position(|param| param.name.is_some_and(|sym| inside.str(sym) == name))?;
            let method = inside.function(function).class.is_some() && call.receiver().is_some() && !inside.function(function).is_static;
            let arg = call.keyword(name).or_else(|| call.arg(index.checked_sub(usize::from(method))?))?;
            let query = self.query_at(file, arg).filter(|query| !query.executed)?;
            Some((query, is_cut))
        })?;
        let mut query = (*given).clone();
        query.statement.open = true;
        if is_cut && query.statement.limit == statement::Limit::None {
            query.statement.limit = statement::Limit::Value;
        }
        Some(query)
    }
}

/// What a call runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Callees {
    /// Functions of the project.
    Functions(Vec<(FileId, FunctionId)>),
    /// A library's function.
    External(Arc<str>),
    /// A constructor without code, or the like.
    Nothing,
    /// A method of the language itself: of an array, a text.
    BuiltIn,
    /// Not known.
    Unknown,
}

/// Methods that run their callback once an element.
pub fn is_iteration(method: &str) -> bool {
    matches!(
        method,
        "map"
            | "forEach"
            | "filter"
            | "flatMap"
            | "reduce"
            | "find"
            | "findIndex"
            | "some"
            | "every"
            | "sort"
            | "mapSeries"
            | "each"
            | "eachSeries"
            | "eachOf"
            | "reduceRight"
            | "toSorted"
    )
}

fn is_transparent(name: &str) -> bool {
    matches!(
        name,
        "globalThis.Promise.resolve"
            | "globalThis.Object.freeze"
            | "globalThis.Object.seal"
            | "asyncio.wait_for"
            | "asyncio.shield"
            | "typing.cast"
            | "copy.copy"
            | "react.use"
    )
}

fn is_collector(name: &str) -> bool {
    matches!(
        name,
        "asyncio.gather"
            | "globalThis.Promise.all"
            | "globalThis.Promise.allSettled"
            | "builtins.list"
            | "builtins.sorted"
            | "builtins.tuple"
            | "builtins.set"
            | "builtins.reversed"
            | "builtins.filter"
            | "globalThis.Array.from"
    )
}

/// Whether a method has no code of its own: `pass`, `...`, a docstring, `raise NotImplementedError`.
fn is_abstract(module: &Module, function: FunctionId) -> bool {
    module.function(function).body.iter().all(|&stmt| match &module.stmt(stmt).kind {
        StmtKind::Raise(_) => true,
        StmtKind::Expr(expr) => matches!(module.kind(*expr), ExprKind::Str(_) | ExprKind::Other(_)),
        _ => false,
    })
}

/// Whether a method only keeps what it is given, or gives a constant: a default that subclasses fill in.
fn only_keeps(module: &Module, function: FunctionId) -> bool {
    let is_plain = |expr: ExprId| {
        matches!(
            module.kind(expr),
            ExprKind::Name(_) | ExprKind::Str(_) | ExprKind::Num(_) | ExprKind::Bool(_) | ExprKind::Null
        )
    };
    let definition = module.function(function);
    !definition.is_lambda
        && definition.decorators.is_empty()
        && definition
            .name
            .is_some_and(|name| !module.str(name).starts_with("__") && module.str(name) != "constructor")
        && definition.body.iter().all(|&stmt| match &module.stmt(stmt).kind {
            StmtKind::Expr(expr) => matches!(module.kind(*expr), ExprKind::Str(_) | ExprKind::Other(_)),
            StmtKind::Return(value) => value.is_none_or(is_plain),
            StmtKind::Assign {
                op: None,
                value: Some(value),
                target,
                ..
            } => is_plain(*value) && matches!(module.kind(*target), ExprKind::Attr { .. }),
            _ => false,
        })
}

/// The values that a function returns or yields, in order.
pub fn returned(module: &Module, function: FunctionId) -> Vec<ExprId> {
    let mut out = Vec::new();
    let mut open: Vec<StmtId> = module.function(function).body.iter().rev().copied().collect();
    while let Some(stmt) = open.pop() {
        match &module.stmt(stmt).kind {
            StmtKind::Return(Some(value)) => out.push(*value),
            StmtKind::Expr(value) | StmtKind::Assign { value: Some(value), .. } => {
                if let ExprKind::Yield(Some(yielded)) = module.kind(*value) {
                    out.push(*yielded);
                }
            }
            _ => {}
        }
        for block in module.stmt_blocks(stmt).into_iter().rev() {
            open.extend(block.iter().rev().copied());
        }
    }
    out
}

impl Resolver for Evaluator<'_> {
    fn decorator(&self, place: (FileId, FunctionId, u32), find: &dyn Fn() -> Option<Queued>) -> Option<Queued> {
        if let Some(known) = self.decorators.borrow().get(&place) {
            return *known;
        }
        let found = find();
        self.decorators.borrow_mut().insert(place, found);
        found
    }

    fn module(&self, file: FileId) -> &Module {
        self.m(file)
    }

    fn value(&self, file: FileId, expr: ExprId) -> Value {
        Evaluator::value(self, file, expr)
    }

    fn definition(&self, file: FileId, expr: ExprId) -> Option<(FileId, ExprId)> {
        let (mut file, mut expr) = (file, expr);
        for _ in 0..MAX_HOPS {
            let module = self.m(file);
            let next = match module.kind(expr) {
                ExprKind::Await(inner) => Some((file, *inner)),
                ExprKind::Name(name) => match self.lookup(file, module.owner(expr), *name, module.expr(expr).span.start)? {
                    Found::Binding(
                        at,
                        _,
                        Binding {
                            bound: Bound::Value(value, path),
                            ..
                        },
                    ) if path.is_empty() => Some((at, value)),
                    // What one use of the body passes.
                    Found::Binding(
                        at,
                        _,
                        Binding {
                            bound: Bound::Param(function, index, path),
                            ..
                        },
                    ) if path.is_empty() => {
                        let within = self.within.as_ref()?;
                        Some(within.param((at, function, index))?.2)
                    }
                    Found::Binding(
                        at,
                        _,
                        Binding {
                            bound: Bound::Value(value, path),
                            ..
                        },
                    ) => match (path.as_ref(), self.value(at, value)) {
                        ([Step::Key(key)], Value::Literal(..) | Value::Module(_)) => {
                            self.defined_in(&self.value(at, value), self.m(at).str(*key))
                        }
                        _ => return None,
                    },
                    _ => return None,
                },
                ExprKind::Call { .. } => match self.required_whole(file, expr) {
                    Some(whole) => Some(whole),
                    None => return Some((file, expr)),
                },
                // A mapped class's table stands for itself.
                ExprKind::Attr { name, .. } if module.str(*name) == "__table__" => return Some((file, expr)),
                ExprKind::Attr { base, name } => {
                    let name = module.str(*name);
                    match self.value(file, *base) {
                        held @ (Value::Module(_) | Value::Literal(..)) => self.defined_in(&held, name),
                        Value::Instance(at, class) | Value::Class(at, class) | Value::Row(Model::Class(at, class), _) => {
                            match self.member(at, class, name)? {
                                (owner, Member::Value(value, _)) => Some((owner, value)),
                                (owner, Member::ParamField(function, index)) => {
                                    let within = self.within.as_ref()?;
                                    Some(within.param((owner, function, index))?.2)
                                }
                                _ => return None,
                            }
                        }
                        _ => return None,
                    }
                }
                _ => return Some((file, expr)),
            };
            (file, expr) = next?;
        }
        None
    }

    fn query(&self, file: FileId, expr: ExprId) -> Option<Query> {
        self.query_at(file, expr).map(|query| (*query).clone())
    }

    fn ancestors(&self, file: FileId, class: ClassId) -> Vec<String> {
        if let Some(known) = self.lines.borrow().get(&(file, class)) {
            return known.to_vec();
        }
        let outer_cut = self.cut.replace(false);
        let found = self.find_ancestors(file, class);
        if !self.cut.get() {
            self.lines.borrow_mut().insert((file, class), found.as_slice().into());
        }
        self.cut.set(outer_cut || self.cut.get());
        found
    }

    fn lineage(&self, file: FileId, class: ClassId) -> Vec<(FileId, ClassId)> {
        Evaluator::lineage(self, file, class)
    }

    fn imports_anywhere(&self, library: &str) -> bool {
        self.code.imported.contains(library)
    }

    fn alternatives(&self, file: FileId, expr: ExprId) -> Vec<(FileId, ExprId)> {
        let module = self.m(file);
        let (ExprKind::Name(name), Some(scope)) = (module.kind(expr), self.code.scopes.get(file.index())) else {
            return Vec::new();
        };
        let before = module.expr(expr).span.start;
        let bound = scope.bindings_of(module.owner(expr), *name);
        let earlier = bound
            .filter(|binding| binding.range.start <= before)
            .filter_map(|binding| match &binding.bound {
                Bound::Value(value, path) if path.is_empty() => Some((file, *value)),
                _ => None,
            });
        earlier.take(20).collect()
    }

    fn passed_keywords(&self, file: FileId, expr: ExprId) -> Option<Vec<(String, (FileId, ExprId))>> {
        let module = self.m(file);
        let (Some(within), ExprKind::Name(name)) = (&self.within, module.kind(expr)) else {
            return None;
        };
        let found = self.lookup(file, module.owner(expr), *name, module.expr(expr).span.start);
        let Some(Found::Binding(
            at,
            _,
            Binding {
                bound: Bound::Param(function, index, _),
                ..
            },
        )) = found
        else {
            return None;
        };
        if within.context.keywords_of != Some((at, function, index)) {
            return None;
        }
        let keywords = within.context.keywords.iter();
        Some(keywords.map(|(name, place)| (name.to_string(), *place)).collect())
    }

    fn passed(&self, file: FileId, expr: ExprId) -> Option<(FileId, ExprId)> {
        self.passed_for(file, expr)
    }

    fn afford(&self, file: FileId, steps: usize) -> bool {
        Evaluator::afford(self, file, steps)
    }

    fn is_too_long(&self, file: FileId, expr: ExprId) -> bool {
        self.long.borrow().contains(&(file, expr))
    }

    fn too_long(&self, limit: Limit, file: FileId, expr: ExprId) {
        self.over.set(self.over.get() || limit == Limit::ChainSteps);
        self.code.tell(limit, file, self.m(file).expr(expr).span.start);
    }

    fn model_library(&self, file: FileId, class: ClassId) -> Option<&'static str> {
        if let Some(known) = self.libraries.borrow().get(&(file, class)) {
            return *known;
        }
        let outer_cut = self.cut.replace(false);
        let found = model_classes::library(self, file, class);
        if !self.cut.get() {
            self.libraries.borrow_mut().insert((file, class), found);
        }
        self.cut.set(outer_cut || self.cut.get());
        found
    }

    fn knows_table(&self, name: &str) -> bool {
        self.code.tables.contains(&name.to_lowercase())
    }

    fn keeps_model(&self, name: &str) -> bool {
        self.code.named_models.has(name)
    }

    fn relation(&self, model: Option<(FileId, ClassId)>, attribute: &str) -> Option<Relation> {
        self.code.relations.find(model, attribute).cloned()
    }

    fn call_effects(&self, file: FileId, name: &str) -> Effects {
        let data = self.code.data.of(self.m(file).language);
        data.call(name).map_or(Effects::NONE, |facts| facts.effects)
    }
}
