//! `cache-without-ttl`: answers that are put into a shared cache under a key of their own and never expire.

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use crate::advice::texts::{Advised, advice};
use crate::analysis::Analyses;
use crate::analysis::redis::{self, KnownBy};
use crate::finding::{Confidence, Finding};
use crate::ir::{Call, ExprId, ExprKind, FunctionId, Module, Parent, StmtKind};
use crate::judge::cost::Cost;
use crate::judge::{evidence, priority, reach};
use crate::libraries::shared::api_names;
use crate::libraries::shared::clients::EndingCache;
use crate::libraries::shared::redis::ends_key;
use crate::libraries::shared::value::{FileId, Value};
use crate::project::Project;
use crate::project::eval::Evaluator;
use crate::vocabulary::List;

const ID: &str = "cache-without-ttl";

/// Checks a project.
pub fn check(run: &Analyses<'_>) -> Vec<Finding> {
    let project = run.project;
    let files: Vec<(FileId, &Module)> = project.code.modules().collect();
    files
        .into_par_iter()
        .flat_map_iter(|(file, module)| in_file(project, file, module))
        .collect()
}

/// A call that stores for ever.
struct Store {
    words: String,
    known: KnownBy,
    /// The code says itself that it never expires, so it does not have to look like a cache.
    explicit: bool,
}

fn in_file(project: &Project, file: FileId, module: &Module) -> Vec<Finding> {
    let eval = Evaluator::new(&project.code);
    let mut seen = Seen::default();
    let mut out = Vec::new();
    for id in module.call_ids() {
        let Some(call) = module.call(id) else { continue };
        if !call.method().is_some_and(api_names::keeps_entry) || call.args.len() < 2 || call.is_open() {
            continue;
        }
        let silent = |why: &str| project.silent(ID, file, module.expr(id).span, || why);
        let (Some(key), Some(store)) = (call.arg(0), store(&eval, file, &call)) else {
            silent("it is not known to store in a shared cache, or it says when the entry ends");
            continue;
        };
        if is_constant(&eval, file, key) {
            silent("its key is one that is written in the code: one entry cannot pile up");
            continue;
        }
        if can_expire(module, &call, &mut seen) {
            silent("its function has a name for an expiry, sets one, or takes entries away");
            continue;
        }
        let function = module.owner(id);
        if !store.explicit && !is_cache(project, &eval, file, &call, key, &mut seen) {
            silent("nothing says that what it stores is a cache, and not the only copy");
            continue;
        }
        out.push(finding(project, file, &call, function, &store));
    }
    out
}

fn store(eval: &Evaluator<'_>, file: FileId, call: &Call<'_>) -> Option<Store> {
    if let Some(known) = redis::client(eval, file, call) {
        return (call.method() == Some("set") && !has_option(call)).then(|| Store {
            words: "SET without EX or PX".to_owned(),
            known,
            explicit: false,
        });
    }
    let value = eval.value(file, call.receiver()?);
    let name = value.library_name()?;
    if let Some(cache) = EndingCache::of(name) {
        // It has a default timeout; only asking for none keeps an entry.
        let timeout = call.keyword("timeout").or_else(|| call.arg(2))?;
        return cache.is_never(call.module.kind(timeout)).then(|| Store {
            words: format!("`cache.{}` with a timeout that means never", call.method().unwrap_or("set")),
            known: KnownBy::Type,
            explicit: true,
        });
    }
    None
}

/// Anything beside key and value can be an expiry or a condition (a lock), unless it is an object that names none.
fn has_option(call: &Call<'_>) -> bool {
    if call.args.len() == 2 {
        return call
            .args
            .iter()
            .any(|arg| arg.name.is_some_and(|name| !api_names::is_entry_argument(call.module.str(name))));
    }
    true
}

/// One entry under a name that is written in the code: it cannot pile up.
fn is_constant(eval: &Evaluator<'_>, file: FileId, key: ExprId) -> bool {
    let module = eval.code.module(file);
    if module.string(key).is_some() {
        return true;
    }
    match eval.value(file, key) {
        Value::Literal(at, literal) => eval.code.module(at).string(literal).is_some(),
        _ => matches!(module.kind(key), ExprKind::Name(name) | ExprKind::Attr { name, .. } if is_upper(module.str(*name))),
    }
}

fn is_upper(name: &str) -> bool {
    name.chars()
        .all(|letter| letter.is_ascii_uppercase() || letter.is_ascii_digit() || letter == '_')
}

/// An expiry is set beside it: `expire` in the same function, or a parameter or branch for one.
fn can_expire(module: &Module, call: &Call<'_>, seen: &mut Seen) -> bool {
    let mut function = module.owner(call.id);
    loop {
        let node = module.function(function);
        let by_parameter = node
            .params
            .iter()
            .filter_map(|param| param.name)
            .any(|name| is_expiry(module.str(name)));
        let by_call = function != FunctionId::MODULE && *seen.expires.entry(function).or_insert_with(|| expires(module, function));
        if by_parameter || by_call {
            return true;
        }
        match node.parent {
            Some(parent) if node.is_lambda && parent != FunctionId::MODULE => function = parent,
            _ => return false,
        }
    }
}

/// Whether a function calls what lets an entry expire, or takes it away.
fn expires(module: &Module, function: FunctionId) -> bool {
    let span = module.function(function).span;
    module
        .call_ids_in(function)
        .any(|id| span.encloses(module.expr(id).span) && module.call(id).and_then(|call| call.method()).is_some_and(ends_key))
}

fn is_expiry(name: &str) -> bool {
    List::Expiries.has(name)
}

/// The key, the function, the class or the file says "cache", or the function looks under the same key first.
fn is_cache(project: &Project, eval: &Evaluator<'_>, file: FileId, call: &Call<'_>, key: ExprId, seen: &mut Seen) -> bool {
    let module = call.module;
    let function = module.owner(call.id);
    let (at, made) = match eval.value(file, key) {
        Value::Literal(at, literal) => (at, literal),
        _ => (file, key),
    };
    let texts = redis::texts(eval.code.module(at), made);
    let says = |text: &str| List::Caches.has(text);
    let keeps = |text: &str| List::KeptState.has(text);
    let qualified = module.qualified(function);
    if texts.iter().any(|text| keeps(text)) || keeps(&qualified) || keeps(&names_of(module, key)) {
        return false;
    }
    let path = project.path(file).rsplit('/').next().unwrap_or_default();
    texts.iter().any(|text| says(text))
        || says(&qualified)
        || says(&names_of(module, key))
        || says(path)
        || looks_first(module, call, key, function, seen)
}

/// The names that stand in an expression, joined.
fn names_of(module: &Module, expr: ExprId) -> String {
    let mut out = String::new();
    let mut open = vec![expr];
    while let Some(at) = open.pop() {
        if let ExprKind::Name(name) | ExprKind::Attr { name, .. } = module.kind(at) {
            out.push_str(module.str(*name));
            out.push(' ');
        }
        open.extend(module.children(at));
    }
    out
}

/// `get(key)` before `set(key, …)` in one function, on the same client, by the same name: ask, compute, keep.
fn looks_first(module: &Module, call: &Call<'_>, key: ExprId, function: FunctionId, seen: &mut Seen) -> bool {
    let (Some(name), Some(client)) = (module.dotted(key), call.receiver().and_then(|receiver| module.dotted(receiver))) else {
        return false;
    };
    let start = module.expr(call.id).span.start;
    let first = seen.first.entry(function).or_insert_with(|| First::of(module, function));
    let is_before = |end: Option<u32>| end.is_some_and(|end| end <= start);
    // Setting what was read, with a change, is a counter or a record, not a cache: a cache returns what it found.
    is_before(first.gets.get(&(client, name)).copied()) && is_before(first.early_return)
}

/// What was found of the functions of one file.
#[derive(Default)]
struct Seen {
    expires: FxHashMap<FunctionId, bool>,
    first: FxHashMap<FunctionId, First>,
}

/// Where the first of something in a function ends.
#[derive(Default)]
struct First {
    /// `client.get(key)`, by client and key.
    gets: FxHashMap<(String, String), u32>,
    /// A `return` of something under a condition.
    early_return: Option<u32>,
}

impl First {
    fn of(module: &Module, function: FunctionId) -> First {
        let span = module.function(function).span;
        let mut first = First::default();
        for id in module.call_ids_in(function) {
            let Some(call) = module.call(id).filter(|call| call.method() == Some("get")) else {
                continue;
            };
            let (client, key) = (
                call.receiver().and_then(|receiver| module.dotted(receiver)),
                call.arg(0).and_then(|key| module.dotted(key)),
            );
            if let (Some(client), Some(key), true) = (client, key, span.encloses(module.expr(id).span)) {
                let end = module.expr(id).span.end;
                let known = first.gets.entry((client, key)).or_insert(end);
                *known = end.min(*known);
            }
        }
        let returns = module.stmts_in(span).map(|id| module.stmt(id)).filter(|stmt| {
            matches!(stmt.kind, StmtKind::Return(Some(_)))
                && module.owner_of(stmt.parent) == function
                && !matches!(stmt.parent, Parent::Function(_))
        });
        first.early_return = returns.map(|stmt| stmt.span.end).min();
        first
    }
}

fn finding(project: &Project, file: FileId, call: &Call<'_>, function: FunctionId, store: &Store) -> Finding {
    let module = call.module;
    let function = project.graph.id(file, function);
    let reach = reach::of(project, function);
    let confidence = if store.known == KnownBy::Type {
        Confidence::High
    } else {
        Confidence::Medium
    };
    let judgement = priority::judge(&Cost::Growth, &reach, confidence, 0);
    let label = reach.label;
    let mut finding = Finding::new(ID, judgement, confidence, project.place_in(function, module.expr(call.id).span));
    "Caches an answer for ever".clone_into(&mut finding.title);
    finding.message = format!(
        "{} keeps an entry for each key until somebody deletes it: stale answers stay, and the cache grows until memory is full.",
        evidence::capitalised(&store.words)
    );
    if let Some(label) = &label {
        finding.message.push_str(&format!(" Reached from {label}."));
    }
    finding.impact = format!(
        "memory of the cache grows with the number of keys{}",
        evidence::reach_words(label.as_deref())
    );
    finding.subject = format!("set {}", module.dotted(call.callee).unwrap_or_default());
    finding.related = evidence::path_from_entry(project, function);
    finding.fix = advice(Advised::Expire, module.language.name(), &[]);
    finding
}
