//! Calls that a process makes once: what they bring is kept in a variable of the module or of a class, and a test of it stands before them.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::budget::Limit;
use crate::ir::{Call, ExprId, ExprKind, FunctionId, Module, Parent, StmtId, StmtKind, Sym};
use crate::libraries::shared::api_names;
use crate::libraries::shared::value::FileId;
use crate::project::eval::Code;
use crate::project::graph::{FnId, Graph};
use crate::project::scope::{Bound, Scope};
use crate::vocabulary::List;

/// How deep a test is read.
const MAX_DEPTH: u32 = 12;

/// What functions keep for good.
#[derive(Debug, Default)]
pub struct Once {
    by_function: FxHashMap<FnId, Kept>,
}

/// What one function keeps for good.
#[derive(Debug, Default)]
struct Kept {
    /// Its result: it has no parameters, and nothing clears it.
    is_result: bool,
    /// Slots that it sets, each with where.
    set: Vec<(Slot, u32)>,
}

impl Kept {
    /// Whether a slot that a test asks for is set at an offset from one up to another; what the function sets before the test is a
    /// variable of its own.
    fn keeps(&self, slot: Slot, test: u32, from: u32, upto: u32) -> bool {
        self.sets(slot, from, upto) && !(test > 0 && self.sets(slot, 0, test - 1))
    }

    fn sets(&self, slot: Slot, from: u32, upto: u32) -> bool {
        let at = self.set.partition_point(|&known| known < (slot, from));
        self.set.get(at).is_some_and(|&(known, offset)| known == slot && offset <= upto)
    }
}

impl Once {
    /// Reads what the functions of all files set.
    pub fn of(code: &Code, graph: &Graph) -> Once {
        let mut set: Vec<(FnId, Slot, u32)> = Vec::new();
        // What nothing of the program calls, and no framework, is there for tests.
        let edges = graph.functions.iter().flat_map(|node| &node.edges);
        let mut called: FxHashSet<FnId> = edges.flat_map(|edge| edge.targets.iter().copied()).collect();
        called.extend(graph.entries.iter().map(|entry| graph.id(entry.function.0, entry.function.1)));
        for (file, module) in code.modules() {
            set.extend(code.part(file, || set_in(code, graph, &called, (file, module))).unwrap_or_default());
        }
        set.sort_unstable();
        let mut by_function: FxHashMap<FnId, Kept> = FxHashMap::default();
        for (function, slot, at) in set {
            by_function.entry(function).or_default().set.push((slot, at));
        }
        let mut cleared: FxHashMap<FileId, FxHashSet<Sym>> = FxHashMap::default();
        for (at, node) in graph.functions.iter().enumerate().filter(|(_, node)| node.is_cached) {
            let module = code.module(node.file);
            let definition = module.function(node.id);
            let is_forever = definition.decorators.iter().any(|&decorator| is_forever(module, decorator));
            let mut is_cleared = |name: Sym| cleared.entry(node.file).or_insert_with(|| names_cleared(module)).contains(&name);
            if is_forever && definition.params.is_empty() && !definition.name.is_some_and(&mut is_cleared) {
                by_function.entry(FnId(at as u32)).or_default().is_result = true;
            }
        }
        Once { by_function }
    }

    /// Whether a call in a function runs once in a process: under `if not loaded:`, after `if (manifest) return manifest`, in
    /// `manifest ??= load()`, or in a function without parameters whose result is kept.
    pub fn runs(&self, code: &Code, graph: &Graph, function: FnId, expr: ExprId) -> bool {
        // Most functions keep nothing.
        let Some(kept) = self.by_function.get(&function) else {
            return false;
        };
        if kept.is_result {
            return true;
        }
        let node = graph.function(function);
        let module = code.module(node.file);
        let too_many = || code.tell(Limit::Holders, node.file, module.function(node.id).span.start);
        is_guarded(
            module,
            expr,
            &|guard| kept.keeps(guard.slot, guard.test, guard.from, guard.upto),
            &too_many,
        )
    }
}

/// What the functions of a file set for good, and where. `called` are the functions that something calls.
fn set_in(code: &Code, graph: &Graph, called: &FxHashSet<FnId>, (file, module): (FileId, &Module)) -> Vec<(FnId, Slot, u32)> {
    let slots = Slots::of(module, code.scopes.get(file.index()));
    // Slots that functions empty again, and which.
    let mut emptied: FxHashMap<Slot, FxHashSet<FnId>> = FxHashMap::default();
    let mut of_file = Vec::new();
    for stmt in &module.stmts {
        let (slot, is_set, is_emptied) = match stmt.kind {
            StmtKind::Assign { target, value, .. } => (name(module, target), true, value.is_some_and(|value| is_empty(module, value))),
            StmtKind::Expr(expr) => (cleared(module, expr), false, true),
            _ => continue,
        };
        let function = module.owner_of(stmt.parent);
        let slot = slot.filter(|slot| function != FunctionId::MODULE && slots.have(module, function, *slot));
        let Some(slot) = slot else { continue };
        if is_set {
            of_file.push((graph.id(file, function), slot, stmt.span.start));
        }
        let name = module.function(function).name.map_or("", |name| module.str(name));
        let is_unused = !name.is_empty() && !called.contains(&graph.id(file, function));
        if is_emptied && !is_unused && !List::EndingCalls.has(name.trim_start_matches('_')) {
            emptied.entry(slot).or_default().insert(graph.id(file, function));
        }
    }
    let is_kept = |(function, slot, _): &(FnId, Slot, u32)| emptied.get(slot).is_none_or(|by| by.iter().all(|by| by == function));
    of_file.into_iter().filter(is_kept).collect()
}

/// A test that asks whether a slot is missing.
pub(super) struct Guard {
    pub slot: Slot,
    /// Where the test is.
    pub test: u32,
    /// Between which offsets what is missing is to be set.
    pub from: u32,
    pub upto: u32,
    /// What is given back where it is there.
    pub returned: Option<ExprId>,
}

/// Whether a guard's slot is given what the test asked for.
pub(super) type Keeps<'k> = dyn Fn(&Guard) -> bool + 'k;

/// Whether an expression runs only where a slot is still missing: under `if not loaded:`, after `if (manifest) return manifest`, in
/// `manifest ??= load()`.
pub(super) fn is_guarded(module: &Module, expr: ExprId, keeps: &Keeps<'_>, too_many: &dyn Fn()) -> bool {
    let mut below: Option<StmtId> = None;
    let mut at = module.expr(expr).parent;
    for _ in 0..Limit::Holders.count() {
        match at {
            Parent::Expr(outer) => {
                // What a lambda does runs when it is called.
                if matches!(module.kind(outer), ExprKind::Lambda(_)) {
                    return false;
                }
                at = module.expr(outer).parent;
            }
            Parent::Stmt(stmt) => {
                let is_left = |block: &[StmtId]| below.is_some_and(|below| is_left(module, keeps, block, below, too_many));
                if is_kept(module, keeps, stmt, below) || module.stmt_blocks(stmt).into_iter().any(is_left) {
                    return true;
                }
                below = Some(stmt);
                at = module.stmt(stmt).parent;
            }
            Parent::Function(id) => {
                return below.is_some_and(|below| is_left(module, keeps, &module.function(id).body, below, too_many));
            }
            Parent::Class(_) | Parent::None => return false,
        }
    }
    false
}

/// `@lru_cache` and `@cache`, which keep a result as long as the process lives; others let it expire.
fn is_forever(module: &Module, decorator: ExprId) -> bool {
    let call = module.call(decorator);
    let path = module.dotted(call.map_or(decorator, |call| call.callee)).unwrap_or_default();
    matches!(path.as_str(), "cache" | "functools.cache" | "functools.lru_cache" | "lru_cache")
}

/// The functions of `load.cache_clear()`, which are called again, in the middle of the work.
fn names_cleared(module: &Module) -> FxHashSet<Sym> {
    let cleared = module.exprs.iter().filter_map(|expr| match expr.kind {
        ExprKind::Attr { base, name } if module.str(name) == "cache_clear" => Some(base),
        _ => None,
    });
    cleared
        .filter_map(|base| match *module.kind(base) {
            ExprKind::Name(function) => Some(function),
            _ => None,
        })
        .collect()
}

/// Where a statement stands in a block, whose statements are in the order of the text.
fn place(module: &Module, block: &[StmtId], stmt: StmtId) -> Option<usize> {
    let start = module.stmt(stmt).span.start;
    let index = block.partition_point(|&other| module.stmt(other).span.start < start);
    (block.get(index) == Some(&stmt)).then_some(index)
}

/// `if not loaded:` around, with `loaded = …` in it; `manifest ??= load()`.
fn is_kept(module: &Module, keeps: &Keeps<'_>, stmt: StmtId, below: Option<StmtId>) -> bool {
    let span = module.stmt(stmt).span;
    match (&module.stmt(stmt).kind, below) {
        (StmtKind::If { test, then, .. }, Some(below)) if place(module, then, below).is_some() => {
            let (first, last) = (then.first(), then.last());
            let (Some(&first), Some(&last)) = (first, last) else { return false };
            let (from, upto) = (module.stmt(first).span.start, module.stmt(last).span.end);
            missing(module, *test, 0).is_some_and(|slot| {
                keeps(&Guard {
                    slot,
                    test: span.start,
                    from,
                    upto,
                    returned: None,
                })
            })
        }
        (
            StmtKind::Assign {
                target,
                value: Some(value),
                op,
                ..
            },
            _,
        ) => {
            let Some(slot) = name(module, *target) else {
                return false;
            };
            let falls_back = |op: Sym| matches!(module.str(op), "??" | "or" | "||");
            let is_filled = match module.kind(*value) {
                ExprKind::Binary { op, left, .. } => falls_back(*op) && name(module, *left) == Some(slot),
                _ => false,
            };
            let here = Guard {
                slot,
                test: span.start,
                from: span.start,
                upto: span.start,
                returned: None,
            };
            (is_filled || op.is_some_and(falls_back)) && keeps(&here)
        }
        _ => false,
    }
}

/// `if (manifest) return manifest` before the statement, and `manifest = …` in it or after it.
fn is_left(module: &Module, keeps: &Keeps<'_>, block: &[StmtId], below: StmtId, too_many: &dyn Fn()) -> bool {
    let Some(index) = place(module, block, below) else {
        return false;
    };
    let start = module.stmt(below).span.start;
    let before = &block[..index];
    if before.len() > Limit::Holders.count() {
        too_many();
    }
    before.iter().rev().take(Limit::Holders.count()).any(|&stmt| {
        let StmtKind::If { test, then, .. } = &module.stmt(stmt).kind else {
            return false;
        };
        let Some(StmtKind::Return(returned)) = then.last().map(|&last| &module.stmt(last).kind) else {
            return false;
        };
        present(module, *test).is_some_and(|slot| {
            keeps(&Guard {
                slot,
                test: module.stmt(stmt).span.start,
                from: start,
                upto: u32::MAX,
                returned: *returned,
            })
        })
    })
}

/// What may keep something: a name of the module, or an attribute (`Factory.instance`, `self._rate`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Slot {
    pub class: Option<Sym>,
    pub name: Sym,
}

/// The slot that a test finds missing: `not x`, `x is None`.
pub(super) fn missing(module: &Module, test: ExprId, depth: u32) -> Option<Slot> {
    if depth > MAX_DEPTH {
        return None;
    }
    match *module.kind(test) {
        ExprKind::Unary { op, operand } if matches!(module.str(op), "not" | "!") => name(module, operand),
        ExprKind::Binary { op, left, right } => match module.str(op) {
            "is" | "==" | "===" if *module.kind(right) == ExprKind::Null => name(module, left),
            "==" | "===" => type_of_nothing(module, left, right),
            "and" => missing(module, left, depth + 1).or_else(|| missing(module, right, depth + 1)),
            _ => None,
        },
        _ => None,
    }
}

/// The slot that is compared with what is not there: `typeof order.items` and `"undefined"`.
fn type_of_nothing(module: &Module, left: ExprId, right: ExprId) -> Option<Slot> {
    match *module.kind(left) {
        ExprKind::Unary { op, operand } if module.str(op) == "typeof" && module.string(right) == Some("undefined") => name(module, operand),
        _ => None,
    }
}

/// The slot that a test finds present: `x`, `x is not None`, `typeof x !== "undefined"`.
pub(super) fn present(module: &Module, test: ExprId) -> Option<Slot> {
    match *module.kind(test) {
        ExprKind::Binary { op, left, right } if matches!(module.str(op), "is not" | "!=" | "!==") => {
            if *module.kind(right) == ExprKind::Null {
                name(module, left)
            } else {
                type_of_nothing(module, left, right)
            }
        }
        // `if rate := cache.get(key):`.
        ExprKind::Assign { target, .. } => name(module, target),
        ExprKind::Call { .. } => {
            let call = module.call(test)?;
            if api_names::tests_type(&module.dotted(call.callee)?) {
                name(module, call.arg(0)?)
            } else {
                name(module, test)
            }
        }
        _ => name(module, test),
    }
}

pub(super) fn name(module: &Module, expr: ExprId) -> Option<Slot> {
    match *module.kind(expr) {
        ExprKind::Name(name) => Some(Slot { class: None, name }),
        ExprKind::Attr { base, name } => match *module.kind(base) {
            ExprKind::Name(class) => Some(Slot { class: Some(class), name }),
            _ => None,
        },
        // `hasattr(request, "site")`, `getattr(request, "site", None)`.
        ExprKind::Call { .. } => {
            let call = module.call(expr)?;
            matches!(module.name(call.callee), Some("hasattr" | "getattr")).then(|| attribute(module, &call))?
        }
        _ => None,
    }
}

/// The attribute that a call names by a text: `hasattr(request, "site")`.
pub(super) fn attribute(module: &Module, call: &Call<'_>) -> Option<Slot> {
    match (module.kind(call.arg(0)?), module.kind(call.arg(1)?)) {
        (&ExprKind::Name(class), &ExprKind::Str(name)) => Some(Slot { class: Some(class), name }),
        _ => None,
    }
}

/// What a module holds for good: names that it gives a value itself, attributes of its classes, and of the global object.
struct Slots<'c> {
    own: FxHashSet<Slot>,
    classes: FxHashSet<Sym>,
    scope: Option<&'c Scope>,
}

impl<'c> Slots<'c> {
    fn of(module: &Module, scope: Option<&'c Scope>) -> Slots<'c> {
        let mut own = FxHashSet::default();
        let mut classes: FxHashSet<Sym> = module.class_ids().filter_map(|(_, class)| class.name).collect();
        for &stmt in &module.function(FunctionId::MODULE).body {
            let StmtKind::Assign { target, value, .. } = module.stmt(stmt).kind else {
                continue;
            };
            own.extend(name(module, target));
            // `const store = global as any`.
            if let (ExprKind::Name(name), Some(value)) = (module.kind(target), value)
                && is_global(module, value)
            {
                classes.insert(*name);
            }
        }
        Slots { own, classes, scope }
    }

    /// Whether what a function names so is one of them, and no variable of its own.
    fn have(&self, module: &Module, function: FunctionId, slot: Slot) -> bool {
        let mut params = module.function(function).params.iter().filter_map(|param| param.name);
        match slot.class {
            Some(class) if module.str(class) == "cls" => params.next() == Some(class),
            Some(class) => matches!(module.str(class), "global" | "globalThis") || self.classes.contains(&class),
            None => self.own.contains(&slot) && !self.binds(function, slot.name),
        }
    }

    /// Whether a function has a parameter, a loop's variable or the like of a name: what it only assigns may be the module's.
    fn binds(&self, function: FunctionId, name: Sym) -> bool {
        let mut bindings = self.scope.into_iter().flat_map(|scope| scope.bindings_of(function, name));
        bindings.any(|binding| !matches!(binding.bound, Bound::Value(..)))
    }
}

/// `None`, `[]`, `{}`.
fn is_empty(module: &Module, value: ExprId) -> bool {
    match module.kind(value) {
        ExprKind::Null => true,
        ExprKind::List(items) | ExprKind::Tuple(items) | ExprKind::Set(items) => items.is_empty(),
        ExprKind::Object(entries) => entries.is_empty(),
        _ => false,
    }
}

/// What `_rates.clear()` empties.
fn cleared(module: &Module, expr: ExprId) -> Option<Slot> {
    let call = module.call(expr).filter(|call| call.method() == Some("clear"))?;
    name(module, call.receiver()?)
}

/// `globalThis`, also behind a cast.
fn is_global(module: &Module, value: ExprId) -> bool {
    let is_it = |expr: ExprId| matches!(module.name(expr), Some("global" | "globalThis"));
    is_it(value) || module.children(value).into_iter().any(is_it)
}
