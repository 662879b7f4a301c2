//! What is worked out of a module once somebody asks: the function of each node, the branches around each statement, the places that
//! change what a name holds. Each is one pass over the module; a walk for each question would cost the length of the file each time.

use std::hash::BuildHasher;
use std::sync::{Mutex, OnceLock, PoisonError};

use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};

use super::{Call, ExprId, ExprKind, FunctionId, Module, Parent, StmtId, StmtKind, Sym, TemplatePart};
use crate::source::Span;

/// What is known of a module so far. It follows from the rest of the module: it is neither compared nor kept.
#[derive(Debug, Default)]
pub struct ModuleIndex {
    owners: OnceLock<Owners>,
    branches: OnceLock<Branches>,
    /// All strings by hash and text: hashes are sorted faster than texts.
    symbols: OnceLock<Box<[(u32, Sym)]>>,
    uses: OnceLock<Uses>,
    settings: OnceLock<Box<[Setting]>>,
    /// Where names stand as expressions, by name.
    names: OnceLock<Box<[(Sym, ExprId)]>>,
    /// Entries of large objects, by object and key; of one key the last comes last.
    entries: OnceLock<Box<[(ExprId, Sym, ExprId)]>>,
    /// Statements by where they start.
    starts: OnceLock<Box<[(u32, StmtId)]>>,
    /// The names of imported modules, each once, sorted.
    imported: OnceLock<Box<[Sym]>>,
    /// Parts of such names that were asked for, and whether one has it.
    import_parts: Mutex<FxHashMap<Box<str>, bool>>,
    /// Exports by name and place in their list.
    exports: OnceLock<Box<[(Sym, usize)]>>,
    /// Dotted names that a gather waits for; `project::loops` says what a gather is.
    pub(crate) gathered: OnceLock<FxHashSet<String>>,
}

impl Clone for ModuleIndex {
    fn clone(&self) -> Self {
        ModuleIndex::default()
    }
}

impl PartialEq for ModuleIndex {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// A value for each id, as runs: neighbours mostly have the same.
#[derive(Debug)]
struct Runs<T>(Box<[(u32, T)]>);

impl<T: Copy + PartialEq> Runs<T> {
    fn of(values: &[T]) -> Runs<T> {
        let mut runs: Vec<(u32, T)> = Vec::new();
        for (id, &value) in values.iter().enumerate() {
            if runs.last().is_none_or(|&(_, last)| last != value) {
                runs.push((id as u32, value));
            }
        }
        Runs(runs.into())
    }

    fn get(&self, id: u32) -> Option<T> {
        let after = self.0.partition_point(|&(first, _)| first <= id);
        self.0.get(after.checked_sub(1)?).map(|&(_, value)| value)
    }
}

/// The function that holds each node.
#[derive(Debug)]
struct Owners {
    exprs: Runs<FunctionId>,
    stmts: Runs<FunctionId>,
}

impl Owners {
    fn of(module: &Module) -> Owners {
        // What holds a node was made after it, and no expression holds a statement: from the last to the first, each comes after
        // what holds it.
        let mut stmts = vec![FunctionId::MODULE; module.stmts.len()];
        for index in (0..stmts.len()).rev() {
            stmts[index] = match module.stmts[index].parent {
                Parent::Stmt(id) => stmts[id.index()],
                other => outside(module, other),
            };
        }
        let mut exprs = vec![FunctionId::MODULE; module.exprs.len()];
        for index in (0..exprs.len()).rev() {
            exprs[index] = match module.exprs[index].parent {
                Parent::Expr(id) => exprs[id.index()],
                Parent::Stmt(id) => stmts[id.index()],
                other => outside(module, other),
            };
        }
        Owners {
            exprs: Runs::of(&exprs),
            stmts: Runs::of(&stmts),
        }
    }
}

/// The function of what stands in no expression and in no statement.
fn outside(module: &Module, parent: Parent) -> FunctionId {
    match parent {
        Parent::Function(id) => id,
        Parent::Class(id) => module.class(id).parent,
        Parent::Expr(_) | Parent::Stmt(_) | Parent::None => FunctionId::MODULE,
    }
}

/// No statement.
const NONE: u32 = u32::MAX;

/// The way from a statement up to the body of its function.
#[derive(Clone, Copy, Debug)]
struct Way {
    /// The statement around it.
    parent: u32,
    /// One further up, so that a way of any length takes few steps.
    jump: u32,
    depth: u32,
    /// Which block of the statement around it holds it.
    block: u32,
    /// Its place in that block.
    place: u32,
    /// Branching statements around it.
    branches: u32,
    /// It, or a statement around it, is an `if` or a `switch`.
    is_chosen: bool,
}

/// The branches around each statement.
#[derive(Debug)]
struct Branches {
    ways: Box<[Way]>,
    /// The statement that each expression stands in directly; [`NONE`] in a function's head.
    stmts: Runs<u32>,
}

/// A block of a branching statement, by the statement and the block's number; the body of a function without one.
pub type Branch = Option<(StmtId, u32)>;

/// How a place stands to another one of the same function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is passed whenever the other is reached.
    Always,
    /// It is passed only under a condition or in a loop.
    Conditional,
    /// It stands in a branch that excludes the other.
    OtherBranch,
}

impl Branches {
    fn of(module: &Module) -> Branches {
        let root = Way {
            parent: NONE,
            jump: NONE,
            depth: 0,
            block: 0,
            place: 0,
            branches: 0,
            is_chosen: false,
        };
        let mut ways = vec![root; module.stmts.len()];
        for function in &module.functions {
            for (place, stmt) in function.body.iter().enumerate() {
                ways[stmt.index()].place = place as u32;
            }
        }
        // What a statement holds was made before it: from the last to the first, each comes after what holds it.
        for index in (0..module.stmts.len()).rev() {
            let id = StmtId(index as u32);
            let kind = &module.stmt(id).kind;
            let own = ways[index];
            let is_chosen = own.is_chosen || matches!(kind, StmtKind::If { .. } | StmtKind::Switch { .. });
            ways[index].is_chosen = is_chosen;
            let is_branching = is_branching(kind);
            let jump = match ways.get(own.jump as usize) {
                Some(above) if own.depth + above.jump_depth(&ways) == 2 * above.depth => above.jump,
                _ => id.0,
            };
            for (block, stmts) in module.stmt_blocks(id).into_iter().enumerate() {
                for (place, stmt) in stmts.iter().enumerate() {
                    ways[stmt.index()] = Way {
                        parent: id.0,
                        jump,
                        depth: own.depth + 1,
                        block: block as u32,
                        place: place as u32,
                        branches: own.branches + u32::from(is_branching),
                        is_chosen,
                    };
                }
            }
        }
        Branches {
            ways: ways.into(),
            stmts: Runs::of(&holders(module)),
        }
    }

    fn way(&self, stmt: u32) -> Option<&Way> {
        self.ways.get(stmt as usize)
    }

    /// The statement that holds this one at a depth; itself where it is no deeper.
    fn at_depth(&self, mut stmt: u32, depth: u32) -> u32 {
        while let Some(way) = self.way(stmt).filter(|way| way.depth > depth) {
            let is_far = self.way(way.jump).is_some_and(|above| above.depth >= depth);
            stmt = if is_far { way.jump } else { way.parent };
        }
        stmt
    }

    /// The two statements of one block, or of one statement's blocks, that hold these two, or are them.
    fn meet(&self, left: u32, right: u32) -> (u32, u32) {
        let depth = |stmt: u32| self.way(stmt).map_or(0, |way| way.depth);
        let least = depth(left).min(depth(right));
        let (mut left, mut right) = (self.at_depth(left, least), self.at_depth(right, least));
        while left != right {
            let (Some(a), Some(b)) = (self.way(left), self.way(right)) else {
                break;
            };
            if a.parent == b.parent {
                break;
            }
            (left, right) = if a.jump == b.jump { (a.parent, b.parent) } else { (a.jump, b.jump) };
        }
        (left, right)
    }

    fn standing(&self, module: &Module, place: ExprId, other: ExprId) -> Standing {
        let (place, other) = (self.stmt(place), self.stmt(other));
        let Some(own) = self.way(place) else { return Standing::Always };
        let conditional = |common: u32| {
            if own.branches > common {
                Standing::Conditional
            } else {
                Standing::Always
            }
        };
        if other == NONE {
            return conditional(0);
        }
        let (mine, theirs) = self.meet(place, other);
        let common = self.way(mine).map_or(0, |way| way.branches);
        if mine == theirs {
            return conditional(common);
        }
        let (Some(a), Some(b)) = (self.way(mine), self.way(theirs)) else {
            return conditional(0);
        };
        let is_split = a.parent != NONE && a.block != b.block && is_branching(&module.stmt(StmtId(a.parent)).kind);
        if is_split { Standing::OtherBranch } else { conditional(common) }
    }

    fn branches_around(&self, module: &Module, place: ExprId) -> Vec<Branch> {
        let mut out = Vec::new();
        let mut at = self.stmt(place);
        while let Some(way) = self.way(at).filter(|way| way.parent != NONE) {
            let holder = StmtId(way.parent);
            if is_branching(&module.stmt(holder).kind) {
                out.push(Some((holder, way.block)));
            }
            at = way.parent;
        }
        out.push(None);
        out
    }

    fn stmt(&self, expr: ExprId) -> u32 {
        self.stmts.get(expr.0).unwrap_or(NONE)
    }
}

impl Way {
    fn jump_depth(&self, ways: &[Way]) -> u32 {
        ways.get(self.jump as usize).map_or(0, |above| above.depth)
    }
}

fn is_branching(kind: &StmtKind) -> bool {
    matches!(kind, StmtKind::If { .. } | StmtKind::Loop { .. } | StmtKind::Switch { .. })
}

/// The statement that each expression stands in. What an expression holds was made before it.
fn holders(module: &Module) -> Vec<u32> {
    let mut out = vec![NONE; module.exprs.len()];
    for index in (0..module.exprs.len()).rev() {
        out[index] = match module.exprs[index].parent {
            Parent::Expr(id) => out.get(id.index()).copied().unwrap_or(NONE),
            Parent::Stmt(id) => id.0,
            _ => NONE,
        };
    }
    out
}

/// Where names are used in ways that can change what they hold.
#[derive(Debug)]
struct Uses {
    /// Statements that set a name or its members, or call something with it, by name and place.
    stmts: Box<[(Sym, u32, StmtId)]>,
    /// Calls of a method, by the last name before it and the place in the list of expressions.
    calls: Box<[(Sym, ExprId)]>,
}

impl Uses {
    fn of(module: &Module) -> Uses {
        let mut stmts: Vec<(Sym, u32, StmtId)> = Vec::new();
        for (index, stmt) in module.stmts.iter().enumerate() {
            let mut add = |name: Sym| stmts.push((name, stmt.span.start, StmtId(index as u32)));
            match stmt.kind {
                StmtKind::Assign { target, .. } => start_name(module, target).into_iter().for_each(&mut add),
                StmtKind::Expr(expr) => {
                    let Some(call) = module.call(module.unawaited(expr)) else {
                        continue;
                    };
                    names_of_call(module, &call).into_iter().for_each(&mut add);
                }
                _ => {}
            }
        }
        stmts.sort_unstable();
        stmts.dedup();
        let mut calls: Vec<(Sym, ExprId)> = Vec::new();
        for call in module.calls() {
            if let Some(ExprKind::Name(name) | ExprKind::Attr { name, .. }) = call.receiver().map(|receiver| module.kind(receiver)) {
                calls.push((*name, call.id));
            }
        }
        calls.sort_unstable();
        Uses {
            stmts: stmts.into(),
            calls: calls.into(),
        }
    }
}

/// The name that a path of attributes, indexes and calls starts with.
fn start_name(module: &Module, expr: ExprId) -> Option<Sym> {
    let mut at = expr;
    loop {
        at = match module.kind(at) {
            ExprKind::Name(name) => return Some(*name),
            ExprKind::Attr { base, .. } | ExprKind::Index { base, .. } => *base,
            ExprKind::Call { callee, .. } => *callee,
            ExprKind::Await(inner) => *inner,
            _ => return None,
        };
    }
}

fn names_of_call(module: &Module, call: &Call<'_>) -> Vec<Sym> {
    let args = call.args.iter().filter_map(|arg| match module.kind(arg.value) {
        ExprKind::Name(name) => Some(*name),
        _ => None,
    });
    args.chain(start_name(module, call.callee)).collect()
}

/// A place that gives a name a value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Setting {
    /// Byte offset.
    pub at: u32,
    /// The name that is set.
    pub name: Sym,
    /// What is set, or what is iterated or entered.
    pub expr: ExprId,
    /// The value, where it becomes the name's alone.
    pub value: Option<ExprId>,
}

/// The names that a file's statements set, sorted by place.
fn settings(module: &Module) -> Vec<Setting> {
    let mut out = Vec::new();
    // Defaults in a pattern are part of the assignment around it: by themselves each would cost the length of what it holds once more.
    let mut inner: FxHashSet<ExprId> = FxHashSet::default();
    let mut add = |target: ExprId, value: Option<ExprId>, inner: &mut FxHashSet<ExprId>| {
        for name in roots(module, target, inner) {
            let is_whole = matches!(module.kind(target), ExprKind::Name(_));
            out.push(Setting {
                at: module.expr(target).span.start,
                name,
                expr: target,
                value: value.filter(|_| is_whole),
            });
        }
    };
    for stmt in &module.stmts {
        match &stmt.kind {
            StmtKind::Assign { target, value, op, .. } => add(*target, value.filter(|_| op.is_none()), &mut inner),
            StmtKind::Loop { target: Some(target), .. } => add(*target, None, &mut inner),
            StmtKind::With { items, .. } => {
                let targets = items.iter().filter_map(|(_, target)| *target);
                targets.for_each(|target| add(target, None, &mut inner));
            }
            _ => {}
        }
    }
    // What an expression holds was made before it: from the last to the first, the outer one comes first.
    for (index, expr) in module.exprs.iter().enumerate().rev() {
        if let ExprKind::Assign { target, .. } = expr.kind
            && !inner.contains(&ExprId(index as u32))
        {
            add(target, None, &mut inner);
        }
    }
    out.sort_by_key(|setting| (setting.at, setting.name));
    out
}

/// The names that an assignment changes: itself, those of a pattern, or the one whose field is set. Assignments in it, which say what
/// a name is where nothing is given, are added to `inner`.
fn roots(module: &Module, target: ExprId, inner: &mut FxHashSet<ExprId>) -> Vec<Sym> {
    let mut out = Vec::new();
    let mut open = vec![target];
    while let Some(at) = open.pop() {
        match module.kind(at) {
            ExprKind::Name(name) => out.push(*name),
            ExprKind::Attr { base, .. } | ExprKind::Index { base, .. } => open.push(*base),
            ExprKind::Tuple(items) | ExprKind::List(items) => open.extend(items.iter().copied()),
            ExprKind::Object(entries) => open.extend(entries.iter().map(|entry| entry.value)),
            ExprKind::Spread(all) => open.push(*all),
            ExprKind::Assign { target, .. } => {
                inner.insert(at);
                open.push(*target);
            }
            _ => {}
        }
    }
    out
}

/// The half of a text's hash that is mixed best.
fn hash(text: &str) -> u32 {
    (FxBuildHasher.hash_one(text) >> 32) as u32
}

/// Files that import no more modules are searched.
const FEW_IMPORTS: usize = 32;
/// Objects with no more entries are searched.
const FEW_ENTRIES: usize = 16;

fn large_objects(module: &Module) -> Box<[(ExprId, Sym, ExprId)]> {
    let mut out = Vec::new();
    for (id, expr) in module.expr_ids() {
        let ExprKind::Object(entries) = &expr.kind else { continue };
        if entries.len() <= FEW_ENTRIES {
            continue;
        }
        let keyed = entries.iter().filter_map(|entry| {
            let key = match module.kind(entry.key?) {
                ExprKind::Str(key) => *key,
                ExprKind::Template(parts) => match parts.as_ref() {
                    [TemplatePart::Text(key)] => *key,
                    _ => return None,
                },
                _ => return None,
            };
            Some((id, key, entry.value))
        });
        out.extend(keyed);
    }
    // Stable: the entries of one key stay in their order.
    out.sort_by_key(|&(object, key, _)| (object, key));
    out.into()
}

impl Module {
    /// The function that an expression belongs to: a lambda's inner expressions belong to the lambda.
    pub fn owner(&self, expr: ExprId) -> FunctionId {
        self.owner_of(Parent::Expr(expr))
    }

    /// The function that holds a node.
    pub fn owner_of(&self, node: Parent) -> FunctionId {
        let owners = || self.index.owners.get_or_init(|| Owners::of(self));
        match node {
            Parent::Expr(id) => owners().exprs.get(id.0).unwrap_or(FunctionId::MODULE),
            Parent::Stmt(id) => owners().stmts.get(id.0).unwrap_or(FunctionId::MODULE),
            Parent::Function(id) => id,
            Parent::Class(id) => self.class(id).parent,
            Parent::None => FunctionId::MODULE,
        }
    }

    fn branches(&self) -> &Branches {
        self.index.branches.get_or_init(|| Branches::of(self))
    }

    /// How an expression stands to another one of the same function.
    pub fn standing(&self, place: ExprId, other: ExprId) -> Standing {
        self.branches().standing(self, place, other)
    }

    /// The branches of its function that hold an expression, innermost first; the last is the function's body. What was passed before it
    /// in one of them was passed whenever it is reached.
    pub fn branches_around(&self, place: ExprId) -> Vec<Branch> {
        self.branches().branches_around(self, place)
    }

    /// Whether an `if` or a `switch` of its function holds an expression, in its condition too.
    pub fn is_chosen(&self, expr: ExprId) -> bool {
        let branches = self.branches();
        branches.way(branches.stmt(expr)).is_some_and(|way| way.is_chosen)
    }

    /// The statements that start in a range and set a name or its members, or call something with it or of it: in the order of
    /// the list of statements; of very many the first ones of the source.
    pub fn statements_on(&self, name: Sym, range: Span, most: usize) -> Vec<StmtId> {
        let all = &self.index.uses.get_or_init(|| Uses::of(self)).stmts;
        let at = |start: u32| all.partition_point(|&(known, place, _)| (known, place) < (name, start));
        let places = &all[at(range.start)..at(range.end).max(at(range.start))];
        let mut found: Vec<StmtId> = places.iter().take(most).map(|&(_, _, stmt)| stmt).collect();
        found.sort_unstable();
        found
    }

    /// The calls of methods of what ends with a name (`name.f()`, `a.name.f()`), in the order of the list of expressions.
    pub fn calls_on(&self, name: Sym) -> impl Iterator<Item = ExprId> {
        let all = &self.index.uses.get_or_init(|| Uses::of(self)).calls;
        let at = all.partition_point(|&(known, _)| known < name);
        let upto = all.partition_point(|&(known, _)| known <= name);
        all[at..upto].iter().map(|&(_, call)| call)
    }

    /// The same of those that stand before another one in that list, the nearest first.
    pub fn calls_on_before(&self, name: Sym, place: ExprId) -> impl Iterator<Item = ExprId> {
        let all = &self.index.uses.get_or_init(|| Uses::of(self)).calls;
        let at = all.partition_point(|&(known, _)| known < name);
        let upto = all.partition_point(|&known| known < (name, place));
        all[at..upto].iter().rev().map(|&(_, call)| call)
    }

    /// The expressions of a function that are a name, after a place, in the order of the list of expressions: of very many the first ones.
    pub fn named_after(&self, name: Sym, function: FunctionId, after: ExprId, most: usize) -> Vec<ExprId> {
        let all = self.index.names.get_or_init(|| {
            let names = self.expr_ids().filter_map(|(id, expr)| match expr.kind {
                ExprKind::Name(name) => Some((name, id)),
                _ => None,
            });
            let mut all: Vec<(Sym, ExprId)> = names.collect();
            all.sort_unstable();
            all.into()
        });
        let (_, end) = self.function(function).exprs;
        let from = all.partition_point(|&known| known <= (name, after));
        let here = all[from..].iter().take_while(|&&(known, id)| known == name && id < end);
        here.take(most).map(|&(_, id)| id).collect()
    }

    /// The statements that a range holds, in the order of the text.
    pub fn stmts_in(&self, range: Span) -> impl Iterator<Item = StmtId> {
        let all = self.index.starts.get_or_init(|| {
            let mut all: Vec<(u32, StmtId)> = (0..self.stmts.len() as u32)
                .map(|id| (self.stmt(StmtId(id)).span.start, StmtId(id)))
                .collect();
            all.sort_unstable();
            all.into()
        });
        let at = |offset: u32| all.partition_point(|&(start, _)| start < offset);
        let inside = &all[at(range.start)..at(range.end).max(at(range.start))];
        inside
            .iter()
            .map(|&(_, id)| id)
            .filter(move |&id| range.encloses(self.stmt(id).span))
    }

    /// The names of the imported modules, each once, sorted.
    fn imported(&self) -> &[Sym] {
        self.index.imported.get_or_init(|| {
            let mut all: Vec<Sym> = self.imports.iter().map(|import| import.module).collect();
            all.sort_unstable_by_key(|&sym| (self.str(sym), sym));
            all.dedup();
            all.into()
        })
    }

    /// Whether the file imports a module of a name, or one whose name goes on after it with one of some characters.
    pub fn imports_below(&self, name: &str, next: &[char]) -> bool {
        let all = self.imported();
        if all.len() <= FEW_IMPORTS {
            let mut rests = all.iter().filter_map(|&sym| self.str(sym).strip_prefix(name));
            return rests.any(|rest| rest.is_empty() || rest.starts_with(next));
        }
        let mut starts = next.iter().map(|next| format!("{name}{next}"));
        all.binary_search_by(|&sym| self.str(sym).cmp(name)).is_ok() || starts.any(|start| self.imports_from(&start))
    }

    /// Whether the file imports a module whose name begins so.
    pub fn imports_from(&self, start: &str) -> bool {
        let all = self.imported();
        let at = all.partition_point(|&sym| self.str(sym) < start);
        all.get(at).is_some_and(|&sym| self.str(sym).starts_with(start))
    }

    /// Whether the file imports a module whose name has a part.
    pub fn imports_part(&self, part: &str) -> bool {
        let has = || self.imported().iter().any(|&sym| self.str(sym).contains(part));
        if self.imported().len() <= FEW_IMPORTS {
            return has();
        }
        let mut known = self.index.import_parts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(&found) = known.get(part) {
            return found;
        }
        let found = has();
        known.insert(part.into(), found);
        found
    }

    /// Which block of what holds it (a function has one) a statement stands in, and its place there.
    pub fn place_in_block(&self, stmt: StmtId) -> (usize, usize) {
        self.branches()
            .way(stmt.0)
            .map_or((0, 0), |way| (way.block as usize, way.place as usize))
    }

    /// The places in a range that give names values, in order.
    pub fn settings(&self, range: Span) -> &[Setting] {
        let all = self.index.settings.get_or_init(|| settings(self).into());
        let at = |offset: u32| all.partition_point(|setting| setting.at < offset);
        &all[at(range.start)..at(range.end).max(at(range.start))]
    }

    /// Places of star imports in the list of imports.
    pub fn star_imports(&self) -> impl Iterator<Item = usize> {
        let all = self.imports.iter().enumerate();
        let is_star = |name: Option<Sym>| name.is_some_and(|name| self.str(name) == "*");
        all.filter(move |(_, import)| is_star(import.name)).map(|(place, _)| place)
    }

    /// An object or dict literal's value for a key, the last one where there are several.
    pub fn entry(&self, object: ExprId, key: &str) -> Option<ExprId> {
        let ExprKind::Object(entries) = self.kind(object) else {
            return None;
        };
        if entries.len() <= FEW_ENTRIES || key.is_empty() {
            let mut last = entries.iter().rev();
            return last
                .find(|entry| entry.key.and_then(|known| self.string(known)) == Some(key))
                .map(|entry| entry.value);
        }
        let key = self.sym(key)?;
        let all = self.index.entries.get_or_init(|| large_objects(self));
        let after = all.partition_point(|&(known, name, _)| (known, name) <= (object, key));
        let &(known, name, value) = all.get(after.checked_sub(1)?)?;
        ((known, name) == (object, key)).then_some(value)
    }

    /// Places of the exports of a name in their list, in order; `*` for re-exports of all.
    pub fn exports_of(&self, name: &str) -> impl Iterator<Item = usize> {
        let all = self.index.exports.get_or_init(|| {
            let mut all: Vec<(Sym, usize)> = self
                .exports
                .iter()
                .enumerate()
                .map(|(place, export)| (export.name, place))
                .collect();
            all.sort_unstable();
            all.into()
        });
        let places = self.sym(name).map_or(&[] as &[_], |name| {
            let from = all.partition_point(|&(known, _)| known < name);
            let upto = all.partition_point(|&(known, _)| known <= name);
            &all[from..upto]
        });
        places.iter().map(|&(_, place)| place)
    }

    /// The symbol of a text, if it occurs.
    pub fn sym(&self, text: &str) -> Option<Sym> {
        if !self.mentions(&[text]) {
            return None;
        }
        let sorted = self.index.symbols.get_or_init(|| {
            let all = (0..self.strings.len() as u32).map(Sym).map(|sym| (hash(self.str(sym)), sym));
            let mut all: Vec<(u32, Sym)> = all.collect();
            // Texts that were made to have one hash are still told apart quickly.
            all.sort_unstable_by(|&(left, a), &(right, b)| left.cmp(&right).then_with(|| self.str(a).cmp(self.str(b))));
            all.into()
        });
        let own = hash(text);
        let at = sorted.partition_point(|&(hash, sym)| hash < own || (hash == own && self.str(sym) < text));
        sorted.get(at).map(|&(_, sym)| sym).filter(|&sym| self.str(sym) == text)
    }
}
