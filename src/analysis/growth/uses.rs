//! What one use of a collection does to it, and whether its keys are without bound.

use crate::ir::{ExprId, ExprKind, FunctionId, Module, Parent, StmtId, StmtKind, Sym};
use crate::libraries::shared::api_names;
use crate::libraries::shared::collections;
use crate::libraries::shared::query::Resolver as _;
use crate::libraries::shared::value::FileId;
use crate::project::Project;
use crate::project::eval::Evaluator;
use crate::vocabulary::{List, Name};

/// Words of an expression, which say what it is about.
const MOST_WORDS: usize = 60;

/// Expressions around a size among which a comparison is looked for.
const MAX_AROUND_SIZE: usize = 4;

/// What a use of a collection does to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CollectionUse {
    /// It is made here.
    Definition,
    /// It gets an element: where, and the key or member that tells elements apart (none for a list).
    Grow(ExprId, Option<ExprId>),
    /// It is asked by key.
    Ask,
    /// It is iterated, measured or compared: nothing is added or taken away.
    Read,
    /// It loses elements, starts anew, or its size is compared with something.
    Shrink,
    /// It is handed on: what becomes of it is not known.
    Escape,
}

/// The use at a name or attribute that stands for the collection.
pub fn of(module: &Module, expr: ExprId) -> CollectionUse {
    match module.expr(expr).parent {
        Parent::Expr(parent) => in_expr(module, expr, parent),
        Parent::Stmt(stmt) => match &module.stmt(stmt).kind {
            StmtKind::Assign { target, op, .. } if *target == expr => {
                if op.is_some() {
                    CollectionUse::Grow(expr, None)
                } else if is_first(module, stmt) {
                    CollectionUse::Definition
                } else {
                    CollectionUse::Shrink
                }
            }
            StmtKind::Loop { .. } | StmtKind::If { .. } | StmtKind::Expr(_) => CollectionUse::Read,
            StmtKind::Other(_) => CollectionUse::Shrink,
            _ => CollectionUse::Escape,
        },
        _ => CollectionUse::Escape,
    }
}

/// Whether a use takes an element away only because its own key is asked for after its time: `if entry.expires < now: del cache[key]`. What
/// nobody asks for again stays, so that such a cache grows with its keys all the same.
pub fn expires_when_asked(module: &Module, expr: ExprId) -> bool {
    let function = module.owner(expr);
    let Some(key) = taken_key(module, expr) else { return false };
    let is_param = |name: Sym| module.function(function).params.iter().any(|param| param.name == Some(name));
    let is_given = match module.kind(key) {
        ExprKind::Name(name) => is_param(*name) || is_made_once(module, function, *name),
        _ => false,
    };
    let gives = module
        .returned(function)
        .into_iter()
        .any(|value| !matches!(module.kind(value), ExprKind::Null));
    is_given && gives && stands_under_time(module, expr)
}

/// The key of the one element that a use takes away: `del cache[key]`, `cache.pop(key)`, `cache.delete(key)`.
fn taken_key(module: &Module, expr: ExprId) -> Option<ExprId> {
    let Parent::Expr(parent) = module.expr(expr).parent else {
        return None;
    };
    match *module.kind(parent) {
        ExprKind::Index { base, index } if base == expr => Some(index),
        ExprKind::Attr { base, name } if base == expr && matches!(module.str(name), "pop" | "delete") => {
            let Parent::Expr(call) = module.expr(parent).parent else {
                return None;
            };
            module.call(call).filter(|call| call.callee == parent)?.arg(0)
        }
        _ => None,
    }
}

/// Whether a function gives a name one value, in no loop: a key that it makes of what it is given.
fn is_made_once(module: &Module, function: FunctionId, name: Sym) -> bool {
    let sets = module.stmts.iter().filter(|stmt| match stmt.kind {
        StmtKind::Assign { target, .. } => matches!(module.kind(target), ExprKind::Name(set) if *set == name),
        StmtKind::Loop { target: Some(target), .. } => {
            matches!(module.kind(target), ExprKind::Name(set) if *set == name)
        }
        _ => false,
    });
    let own: Vec<_> = sets.filter(|stmt| module.owner_of(stmt.parent) == function).collect();
    matches!(own.as_slice(), [one] if matches!(one.kind, StmtKind::Assign { .. }))
}

/// Whether a place stands, in no loop, under a condition that looks at a clock or at when something ends.
fn stands_under_time(module: &Module, expr: ExprId) -> bool {
    let is_time = |test: ExprId| words_of(module, test).iter().any(|word| List::ExpiryWords.has(word));
    let mut is_timed = false;
    for holder in module.holders(expr) {
        let Parent::Stmt(stmt) = holder.at else { continue };
        match module.stmt(stmt).kind {
            StmtKind::Loop { .. } => return false,
            StmtKind::If { test, .. } => is_timed |= is_time(test),
            _ => {}
        }
    }
    is_timed
}

/// The element that reading a key of a `defaultdict` makes, where the key is absent: its place and the key. What goes over the keys that
/// are there, and a function that looks first whether one is, adds none.
pub fn made_by_reading(eval: &Evaluator<'_>, file: FileId, expr: ExprId) -> Option<(ExprId, ExprId)> {
    let module = eval.module(file);
    let Parent::Expr(element) = module.expr(expr).parent else {
        return None;
    };
    let ExprKind::Index { base, index } = *module.kind(element) else {
        return None;
    };
    let function = module.owner(expr);
    let name = name_of(module, expr)?;
    let is_free = base == expr && function != FunctionId::MODULE && module.function(function).name.is_some();
    (is_free && !comes_from(eval, file, index, name) && !looks_first(module, function, name)).then_some((element, index))
}

fn name_of(module: &Module, expr: ExprId) -> Option<Sym> {
    match module.kind(expr) {
        ExprKind::Name(name) | ExprKind::Attr { name, .. } => Some(*name),
        _ => None,
    }
}

/// Whether a key is one that the collection of a name has: `for key in pending`.
fn comes_from(eval: &Evaluator<'_>, file: FileId, key: ExprId, name: Sym) -> bool {
    let Some((at, iterated)) = eval.iterated_for(file, key) else {
        return false;
    };
    let module = eval.module(at);
    let mut open = vec![iterated];
    while let Some(part) = open.pop() {
        if at == file && name_of(module, part) == Some(name) {
            return true;
        }
        open.extend(module.children(part));
    }
    false
}

/// Whether a function asks the collection of a name for a key in a way that adds none: `key in pending`, `pending.get(key)`.
fn looks_first(module: &Module, function: FunctionId, name: Sym) -> bool {
    let (first, end) = module.function(function).exprs;
    let asks = |id: ExprId| match module.kind(id) {
        ExprKind::Binary { op, right, .. } => matches!(module.str(*op), "in" | "not in") && name_of(module, *right) == Some(name),
        ExprKind::Attr { base, name: method } => module.str(*method) == "get" && name_of(module, *base) == Some(name),
        _ => false,
    };
    (first.0..end.0).map(ExprId).any(asks)
}

/// The assignment stands at the top level, in a class's body or in a constructor.
fn is_first(module: &Module, stmt: StmtId) -> bool {
    let function = module.owner_of(module.stmt(stmt).parent);
    function == FunctionId::MODULE
        || module
            .function(function)
            .name
            .is_some_and(|name| api_names::begins_object(module.str(name)))
}

fn in_expr(module: &Module, expr: ExprId, parent: ExprId) -> CollectionUse {
    match module.kind(parent) {
        ExprKind::Attr { base, name } if *base == expr => of_member(module, parent, module.str(*name)),
        ExprKind::Index { base, index } if *base == expr => of_element(module, parent, *index),
        ExprKind::Call { callee, .. } if *callee != expr => {
            let name = module.call(parent).and_then(|call| call.method()).unwrap_or("");
            match name {
                "len" => measured(module, parent),
                _ if collections::only_reads(name) => CollectionUse::Read,
                _ => CollectionUse::Escape,
            }
        }
        ExprKind::Binary { .. } => CollectionUse::Ask,
        ExprKind::Unary { op, .. } if module.str(*op) == "delete" => CollectionUse::Shrink,
        ExprKind::Unary { .. } | ExprKind::Template(_) | ExprKind::Comp(_) | ExprKind::Spread(_) => CollectionUse::Read,
        ExprKind::Assign { target, .. } if *target == expr => CollectionUse::Shrink,
        ExprKind::Cond { test, .. } if *test == expr => CollectionUse::Read,
        _ => CollectionUse::Escape,
    }
}

fn of_member(module: &Module, member: ExprId, name: &str) -> CollectionUse {
    let Parent::Expr(parent) = module.expr(member).parent else {
        // `xs.length = 0`
        return if matches!(name, "length") {
            CollectionUse::Shrink
        } else {
            CollectionUse::Read
        };
    };
    let Some(call) = module.call(parent).filter(|call| call.callee == member) else {
        return if matches!(name, "size" | "length") {
            measured(module, member)
        } else {
            CollectionUse::Read
        };
    };
    match name {
        _ if collections::appends(name) => CollectionUse::Grow(parent, None),
        _ if collections::puts(name) => CollectionUse::Grow(parent, call.arg(0)),
        "update" => CollectionUse::Escape,
        _ if collections::takes_away(name) => CollectionUse::Shrink,
        _ if collections::asks(name) => CollectionUse::Ask,
        _ => CollectionUse::Read,
    }
}

fn of_element(module: &Module, element: ExprId, index: ExprId) -> CollectionUse {
    match module.expr(element).parent {
        Parent::Stmt(stmt) => match &module.stmt(stmt).kind {
            StmtKind::Assign { target, .. } if *target == element => match module.kind(index) {
                ExprKind::Slice(_) => CollectionUse::Shrink,
                _ => CollectionUse::Grow(element, Some(index)),
            },
            StmtKind::Other(_) => CollectionUse::Shrink,
            _ => CollectionUse::Ask,
        },
        Parent::Expr(parent) => match module.kind(parent) {
            ExprKind::Unary { op, .. } if module.str(*op) == "delete" => CollectionUse::Shrink,
            ExprKind::Assign { target, .. } if *target == element => CollectionUse::Grow(element, Some(index)),
            _ => CollectionUse::Ask,
        },
        _ => CollectionUse::Ask,
    }
}

/// A size that is compared is a cap; one that is shown is not.
fn measured(module: &Module, expr: ExprId) -> CollectionUse {
    let mut at = expr;
    for _ in 0..MAX_AROUND_SIZE {
        let Parent::Expr(parent) = module.expr(at).parent else { break };
        if let ExprKind::Binary { op, .. } = module.kind(parent)
            && matches!(module.str(*op), ">" | ">=" | "<" | "<=" | "==" | "===" | "-")
        {
            return CollectionUse::Shrink;
        }
        at = parent;
    }
    CollectionUse::Read
}

/// Whether a key takes ever new values: its names, or those of what it was made from, say so.
pub fn is_open_key(project: &Project, file: FileId, module: &Module, key: ExprId, is_cache: bool) -> bool {
    if module.string(key).is_some() || module.number(key).is_some() {
        return false;
    }
    // A server has few tenants.
    if let ExprKind::Name(name) | ExprKind::Attr { name, .. } = module.kind(key)
        && Name::of(module.str(*name))
            .words()
            .rfind(|word| *word != "id")
            .is_some_and(|word| List::Tenants.has(word))
    {
        return false;
    }
    let eval = Evaluator::new(&project.code);
    let mut words = words_of(module, key);
    let mut is_made = false;
    if let (ExprKind::Name(_), Some((at, made))) = (module.kind(key), eval.definition(file, key))
        && (at, made) != (file, key)
    {
        words = words_of(project.code.module(at), made);
        is_made = true;
    }
    let has = |list: List| words.iter().any(|word| list.has(word));
    // What a consumer was sent, as it is: no two messages need be alike.
    if is_arrived(&eval, file, key) {
        return true;
    }
    // A parameter called `key` of something called a cache: its callers make it of what they are asked for.
    let by_key = is_cache && !is_made && matches!(module.kind(key), ExprKind::Name(_)) && words.iter().any(|word| word == "key");
    (has(List::OpenKeys) || by_key) && !has(List::ClosedKeys)
}

/// Whether a parameter's name says that it takes ever new values.
pub fn is_open_name(name: &str) -> bool {
    List::OpenKeys.has(name) && !List::ClosedKeys.has(name)
}

/// Whether a name holds what comes by a socket or from a broker: `async for raw in socket`.
fn is_arrived(eval: &Evaluator<'_>, file: FileId, key: ExprId) -> bool {
    let Some((at, source)) = eval.iterated_for(file, key) else {
        return false;
    };
    let module = eval.module(at);
    let (ExprKind::Name(name) | ExprKind::Attr { name, .. }) = module.kind(source) else {
        return false;
    };
    let is_loop = |stmt: StmtId| matches!(module.stmt(stmt).kind, StmtKind::Loop { is_async: true, .. });
    List::Arriving.has(module.str(*name)) && matches!(module.expr(source).parent, Parent::Stmt(stmt) if is_loop(stmt))
}

/// The words of all names in an expression, lower case, and of the keys by which it takes something out: `data["hash"]`,
/// `data.get("hash")`.
pub fn words_of(module: &Module, expr: ExprId) -> Vec<String> {
    let mut out = Vec::new();
    let mut open = vec![expr];
    while let Some(at) = open.pop() {
        let taken = match module.kind(at) {
            ExprKind::Name(name) | ExprKind::Attr { name, .. } => Some(module.str(*name)),
            ExprKind::Index { index, .. } => module.string(*index),
            ExprKind::Call { .. } => {
                let call = module
                    .call(at)
                    .filter(|call| call.method() == Some("get") && call.receiver().is_some());
                call.and_then(|call| call.arg(0)).and_then(|key| module.string(key))
            }
            _ => None,
        };
        if let Some(name) = taken {
            out.extend(Name::of(name).words().map(str::to_owned));
        }
        if out.len() > MOST_WORDS {
            break;
        }
        open.extend(module.children(at));
    }
    out
}
