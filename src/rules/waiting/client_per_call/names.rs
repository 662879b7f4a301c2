//! Where the names of a file stand, found once for all its clients.

use std::cell::RefCell;
use std::rc::Rc;

use rustc_hash::FxHashMap;

use crate::ir::{ExprId, ExprKind, FunctionId, LoopKind, Module, StmtId, StmtKind, Sym};
use crate::source::Span;

/// The statements that speak of each name.
pub struct NameMentions {
    /// Statements that may keep what a name stands for, by their function, in order.
    statements: FxHashMap<(FunctionId, Sym), Vec<StmtId>>,
    /// Values that a name is given, by the function, in order.
    values: FxHashMap<(FunctionId, Sym), Vec<ExprId>>,
    /// The `while` loops of a function.
    repeats: FxHashMap<FunctionId, Vec<Span>>,
    /// The places of a name, in the order of the text.
    places: FxHashMap<Sym, Vec<Span>>,
    /// What is in all that a function gives a name, of those that were asked for.
    held: RefCell<FxHashMap<(FunctionId, Sym), Rc<ValueContents>>>,
}

/// The names that some values hold, and whether they are awaited.
#[derive(Debug, Default)]
pub struct ValueContents {
    /// The names, each once.
    pub names: Vec<Sym>,
    /// One of the values is awaited.
    pub is_awaited: bool,
}

impl ValueContents {
    /// Reads some values.
    pub fn of(module: &Module, values: impl Iterator<Item = ExprId>) -> ValueContents {
        let mut held = ValueContents::default();
        for value in values {
            held.is_awaited |= matches!(module.kind(value), ExprKind::Await(_));
            held.names.extend(of(module, value));
        }
        held.names = distinct(held.names);
        held
    }
}

impl NameMentions {
    /// Reads a module.
    pub fn in_module(module: &Module) -> NameMentions {
        let mut names = NameMentions {
            statements: FxHashMap::default(),
            values: FxHashMap::default(),
            repeats: FxHashMap::default(),
            places: FxHashMap::default(),
            held: RefCell::default(),
        };
        for at in 0..module.stmts.len() {
            names.add(module, StmtId(at as u32));
        }
        for expr in &module.exprs {
            if let ExprKind::Name(name) = expr.kind {
                names.places.entry(name).or_default().push(expr.span);
            }
        }
        #[expect(clippy::iter_over_hash_type, reason = "each list is sorted by itself")]
        for places in names.places.values_mut() {
            places.sort_unstable_by_key(|span| span.start);
        }
        names
    }

    fn add(&mut self, module: &Module, id: StmtId) {
        let stmt = module.stmt(id);
        let function = module.owner_of(stmt.parent);
        let held = match &stmt.kind {
            StmtKind::Assign {
                target,
                value: Some(value),
                ..
            } => {
                for name in distinct(of(module, *target)) {
                    self.values.entry((function, name)).or_default().push(*value);
                }
                held(module, vec![*value])
            }
            StmtKind::Return(Some(value)) => held(module, vec![*value]),
            StmtKind::Expr(value) => match module.call(*value) {
                Some(call) => held(module, call.args.iter().map(|arg| arg.value).collect()),
                None if matches!(module.kind(*value), ExprKind::Yield(_)) => of(module, *value),
                None => return,
            },
            StmtKind::Loop { kind: LoopKind::While, .. } => {
                self.repeats.entry(function).or_default().push(stmt.span);
                return;
            }
            _ => return,
        };
        for name in distinct(held) {
            self.statements.entry((function, name)).or_default().push(id);
        }
    }

    /// The assignments, calls, yields and returns of a function that hold what a name stands for.
    pub fn statements(&self, function: FunctionId, name: Sym) -> impl Iterator<Item = StmtId> {
        self.statements.get(&(function, name)).into_iter().flatten().copied()
    }

    /// What a function gives a name.
    pub fn values(&self, function: FunctionId, name: Sym) -> impl Iterator<Item = ExprId> {
        self.values.get(&(function, name)).into_iter().flatten().copied()
    }

    /// What is in all that a function gives a name.
    pub fn held(&self, module: &Module, function: FunctionId, name: Sym) -> Rc<ValueContents> {
        let mut known = self.held.borrow_mut();
        let held = known
            .entry((function, name))
            .or_insert_with(|| Rc::new(ValueContents::of(module, self.values(function, name))));
        Rc::clone(held)
    }

    /// Whether a `while` loop of a function that begins after a place uses a name.
    pub fn repeats(&self, function: FunctionId, name: Sym, after: u32) -> bool {
        let places = self.places.get(&name).map_or(&[][..], Vec::as_slice);
        let uses = |span: &Span| {
            let first = places.partition_point(|place| place.start < span.start);
            places.get(first).is_some_and(|place| span.encloses(*place))
        };
        let mut loops = self.repeats.get(&function).into_iter().flatten();
        loops.any(|span| span.start > after && uses(span))
    }
}

/// The names that stand bare in some values, in a collection, or are handed to a constructor: `client.get()` gives something else.
fn held(module: &Module, mut open: Vec<ExprId>) -> Vec<Sym> {
    let mut out = Vec::new();
    while let Some(id) = open.pop() {
        match module.kind(id) {
            ExprKind::Name(name) => out.push(*name),
            // What a call is given it may hold.
            ExprKind::Call { args, .. } => open.extend(args.iter().map(|arg| arg.value)),
            ExprKind::Attr { .. } => {}
            _ => open.extend(module.children(id)),
        }
    }
    out
}

/// Whether a value holds what a name stands for: bare, in a collection, or in an object that is made with it. What another call
/// is given it uses: `jobs.push(send(client, job))` keeps a promise.
pub fn holds(module: &Module, value: ExprId, name: Sym) -> bool {
    let mut open = vec![value];
    while let Some(id) = open.pop() {
        match module.kind(id) {
            ExprKind::Name(found) if *found == name => return true,
            ExprKind::Call { args, .. } => {
                let call = module.call(id);
                let makes = call.is_some_and(|call| call.is_new || call.method().is_some_and(|name| name.starts_with(char::is_uppercase)));
                if makes {
                    open.extend(args.iter().map(|arg| arg.value));
                }
            }
            ExprKind::Attr { .. } => {}
            _ => open.extend(module.children(id)),
        }
    }
    false
}

fn distinct(mut names: Vec<Sym>) -> Vec<Sym> {
    names.sort_unstable();
    names.dedup();
    names
}

/// All names in an expression.
pub fn of(module: &Module, expr: ExprId) -> Vec<Sym> {
    let mut out = Vec::new();
    let mut open = vec![expr];
    while let Some(id) = open.pop() {
        match module.kind(id) {
            ExprKind::Name(name) => out.push(*name),
            _ => open.extend(module.children(id)),
        }
    }
    out
}
