//! What a loop runs over: a fixed set, chunks, a range.

use super::body::names;
use crate::ir::{Call, ExprId, ExprKind, Module, StmtKind, Sym};
use crate::libraries::shared::query::Resolver;
use crate::libraries::shared::value::{FileId, Value};
use crate::project::eval::Evaluator;
use crate::source::Span;
use crate::vocabulary::{List, Name};

const EVERYWHERE: Span = Span { start: 0, end: u32::MAX };

/// Literals with more items than this are not "small".
const SMALL: u32 = 20;
const MAX_DEPTH: u32 = 8;
/// A number of times that the source fixes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// How often, where it can be counted.
    pub count: Option<u32>,
}

impl Times {
    const UNCOUNTED: Times = Times { count: None };

    fn of(count: u32) -> Times {
        Times { count: Some(count) }
    }
}

/// How often a loop over an expression runs, where the source fixes it.
pub fn fixed(eval: &Evaluator<'_>, file: FileId, iterable: ExprId) -> Option<Times> {
    fixed_at(eval, file, iterable, 0)
}

fn fixed_at(eval: &Evaluator<'_>, file: FileId, expr: ExprId, depth: u32) -> Option<Times> {
    if depth > MAX_DEPTH {
        return None;
    }
    let module = eval.module(file);
    match module.kind(expr) {
        ExprKind::List(items) | ExprKind::Tuple(items) | ExprKind::Set(items) => small(module, items),
        ExprKind::Object(entries) => {
            if entries.is_empty() {
                return module.is_enumeration(expr).then_some(Times::UNCOUNTED);
            }
            // `Array.from({ length: n }, f)`.
            if let Some(length) = module.entry(expr, "length").filter(|_| entries.len() == 1) {
                return count(module.number(length)?).map(Times::of);
            }
            let open = entries.iter().any(|entry| entry.key.is_none());
            let count = u32::try_from(entries.len()).ok()?;
            (!open && count <= SMALL).then_some(Times::of(count))
        }
        ExprKind::Name(_) | ExprKind::Attr { .. } => named(eval, file, expr, depth),
        ExprKind::Index { index, .. } => match module.kind(*index) {
            ExprKind::Slice(slice) if slice.upper.is_some() => {
                let lower = slice.lower.map_or(Some(0.0), |lower| module.number(lower))?;
                count(cut(eval, file, slice.upper?)? - lower).map(Times::of)
            }
            _ => None,
        },
        ExprKind::Call { .. } => call(eval, file, module.call(expr)?, depth),
        ExprKind::Await(inner) | ExprKind::Spread(inner) => fixed_at(eval, file, *inner, depth + 1),
        _ => None,
    }
}

fn small(module: &Module, items: &[ExprId]) -> Option<Times> {
    let open = items.iter().any(|&item| matches!(module.kind(item), ExprKind::Spread(_)));
    let number = u32::try_from(items.len()).ok()?;
    (!open && number > 0 && number <= SMALL).then_some(Times::of(number))
}

fn count(number: f64) -> Option<u32> {
    let whole = (number >= 0.0 && number <= f64::from(SMALL)).then(|| number.round())?;
    // In range by the test above.
    (0..=SMALL).find(|&candidate| (f64::from(candidate) - whole).abs() < 0.5)
}

fn named(eval: &Evaluator<'_>, file: FileId, expr: ExprId, depth: u32) -> Option<Times> {
    if let Value::Class(at, class) = eval.value(file, expr) {
        let is_enum = eval.ancestors(at, class).iter().any(|name| {
            name.rsplit('.')
                .next()
                .is_some_and(|last| last.ends_with("Enum") || last.ends_with("Choices"))
        });
        return is_enum.then_some(Times::UNCOUNTED);
    }
    let (at, definition) = eval.definition(file, expr)?;
    if (at, definition) == (file, expr) || grows(eval, file, expr) {
        return None;
    }
    fixed_at(eval, at, definition, depth + 1)
}

/// Whether a name's collection is added to in this file: then its literal is only where it starts.
fn grows(eval: &Evaluator<'_>, file: FileId, expr: ExprId) -> bool {
    let module = eval.module(file);
    let Some((name, first, last)) = ends(module, expr) else {
        return true;
    };
    let is_it = |expr: ExprId| module.dotted(expr).as_deref() == Some(name.as_str());
    let calls: Vec<ExprId> = module.calls_on(last).collect();
    let stmts = module.statements_on(first, EVERYWHERE, usize::MAX);
    if !eval.afford(file, calls.len() + stmts.len()) {
        return true;
    }
    let added = calls.into_iter().any(|id| {
        module.call(id).is_some_and(|call| {
            matches!(
                call.method(),
                Some("append" | "extend" | "add" | "insert" | "update" | "push" | "unshift" | "set" | "setdefault" | "appendleft")
            ) && call.receiver().is_some_and(is_it)
        })
    });
    added
        || stmts.into_iter().any(|stmt| match &module.stmt(stmt).kind {
            StmtKind::Assign { target, op, .. } => match module.kind(*target) {
                ExprKind::Index { base, .. } => is_it(*base),
                _ => op.is_some() && is_it(*target),
            },
            _ => false,
        })
}

/// A dotted name with its first and its last part.
fn ends(module: &Module, expr: ExprId) -> Option<(String, Sym, Sym)> {
    let dotted = module.dotted(expr)?;
    let (ExprKind::Name(last) | ExprKind::Attr { name: last, .. }) = *module.kind(expr) else {
        return None;
    };
    let first = module.sym(dotted.split('.').next()?)?;
    Some((dotted, first, last))
}

fn call(eval: &Evaluator<'_>, file: FileId, call: Call<'_>, depth: u32) -> Option<Times> {
    let module = call.module;
    let inner = |expr: ExprId| fixed_at(eval, file, expr, depth + 1);
    if let Some(collection) = eval.handed_on(file, &call) {
        return inner(collection);
    }
    let method = call.method()?;
    match (call.receiver(), method) {
        (None, "range") => range(eval, file, call),
        (None, "zip") => call.args.iter().find_map(|arg| inner(arg.value)),
        // `Array(3)`, `new Array(3)`.
        (None, "Array") => count(module.number(call.arg(0)?)?).map(Times::of),
        (Some(receiver), "values" | "keys" | "entries" | "items") if call.args.is_empty() => inner(receiver),
        (Some(receiver), "values" | "keys" | "entries" | "from") if matches!(module.name(receiver), Some("Object" | "Array")) => {
            let first = call.arg(0)?;
            match module.entry(first, "length") {
                Some(length) => count(module.number(length)?).map(Times::of),
                None => inner(first),
            }
        }
        (Some(_), "slice") => {
            let (from, to) = (module.number(call.arg(0)?)?, call.arg(1).and_then(|to| cut(eval, file, to)));
            match to {
                Some(to) => count(to - from).map(Times::of),
                None if from < 0.0 => count(-from).map(Times::of),
                None => None,
            }
        }
        (Some(receiver), "filter" | "map" | "sort" | "reverse" | "concat" | "fill" | "toSorted") => inner(receiver),
        (_, "islice" | "sample" | "sampleSize" | "nlargest" | "nsmallest") | (Some(_), "most_common") => {
            count(at_most(eval, file, drawn(call, method)?)?).map(Times::of)
        }
        _ => None,
    }
}

/// The argument that says how many elements a call draws at most.
fn drawn(call: Call<'_>, method: &str) -> Option<ExprId> {
    match method {
        "most_common" | "nlargest" | "nsmallest" => call.keyword("n").or_else(|| call.arg(0)),
        // `islice(rows, stop)`, `islice(rows, start, stop)`.
        "islice" => call.arg(2).or_else(|| call.arg(1)),
        _ => call.keyword("k").or_else(|| call.arg(1)),
    }
}

/// The number that an expression never exceeds: its own, that of a constant's name, the least one given to `min`.
fn at_most(eval: &Evaluator<'_>, file: FileId, expr: ExprId) -> Option<f64> {
    let module = eval.module(file);
    if let Some(number) = module.number(expr) {
        return Some(number);
    }
    if let Some(call) = module.call(expr).filter(|call| call.method() == Some("min")) {
        let is_min = call.receiver().is_none_or(|receiver| module.name(receiver) == Some("Math"));
        let numbers = call.args.iter().filter_map(|arg| named_number(eval, file, arg.value));
        return numbers.min_by(f64::total_cmp).filter(|_| is_min);
    }
    named_number(eval, file, expr)
}

/// Where a slice ends, when its own text says so: a name (`rows[:MAX_ROWS]`) is a setting that people raise.
fn cut(eval: &Evaluator<'_>, file: FileId, upper: ExprId) -> Option<f64> {
    let module = eval.module(file);
    match module.kind(upper) {
        ExprKind::Name(_) | ExprKind::Attr { .. } => None,
        _ => at_most(eval, file, upper),
    }
}

fn named_number(eval: &Evaluator<'_>, file: FileId, expr: ExprId) -> Option<f64> {
    let (at, definition) = eval.definition(file, expr).unwrap_or((file, expr));
    eval.module(at).number(definition)
}

fn range(eval: &Evaluator<'_>, file: FileId, call: Call<'_>) -> Option<Times> {
    let number = match (call.arg(0), call.arg(1)) {
        (Some(stop), None) => at_most(eval, file, stop)?,
        (Some(start), Some(stop)) => at_most(eval, file, stop)? - named_number(eval, file, start)?,
        _ => return None,
    };
    count(number).map(Times::of)
}

/// Whether an expression goes through a collection in chunks.
pub fn is_chunked(eval: &Evaluator<'_>, file: FileId, iterable: ExprId) -> bool {
    chunked_at(eval, file, iterable, 0)
}

fn chunked_at(eval: &Evaluator<'_>, file: FileId, expr: ExprId, depth: u32) -> bool {
    if depth > MAX_DEPTH {
        return false;
    }
    let module = eval.module(file);
    match module.kind(expr) {
        ExprKind::Call { .. } => {
            let Some(call) = module.call(expr) else { return false };
            let Some(method) = call.method() else { return false };
            if method == "range" {
                return call
                    .arg(2)
                    .is_some_and(|step| module.number(step).is_none_or(|step| step.abs() > 1.0));
            }
            if let Some(inner) = eval.handed_on(file, &call) {
                return chunked_at(eval, file, inner, depth + 1);
            }
            if matches!(method, "entries" | "map" | "filter") && call.receiver().is_some() {
                return call.receiver().is_some_and(|inner| chunked_at(eval, file, inner, depth + 1));
            }
            List::Chunking.has(method) && !List::ChunkGetting.has(method)
                || matches!(
                    method,
                    "splitEvery" | "split_every" | "array_split" | "iter_chunks" | "yield_per" | "partitions"
                )
        }
        ExprKind::Name(_) | ExprKind::Attr { .. } => {
            if let Some((at, definition)) = eval.definition(file, expr) {
                if (at, definition) != (file, expr) && chunked_at(eval, at, definition, depth + 1) {
                    return true;
                }
                // A list of rows may be called `batches` too: a table of batches is no chunking.
                if is_query_like(eval, at, definition) {
                    return false;
                }
            }
            let last = match module.kind(expr) {
                ExprKind::Name(name) | ExprKind::Attr { name, .. } => module.str(*name),
                _ => "",
            };
            matches!(Name::of(last).last(), "batches" | "chunks")
        }
        ExprKind::Await(inner) => chunked_at(eval, file, *inner, depth + 1),
        ExprKind::Comp(comp) => {
            // `[ids[i : i + n] for i in range(0, len(ids), n)]`.
            matches!(comp.elements.as_ref(), [one] if matches!(module.kind(*one), ExprKind::Index { index, .. } if matches!(module.kind(*index), ExprKind::Slice(_))))
        }
        _ => false,
    }
}

fn is_query_like(eval: &Evaluator<'_>, file: FileId, expr: ExprId) -> bool {
    matches!(eval.value(file, expr), Value::Query(..) | Value::Row(..))
        || matches!(eval.value(file, expr), Value::Many(inner) if matches!(*inner, Value::Row(..)))
}

/// The words of retries in a `range(…)`.
pub fn is_retry_range(module: &Module, iterable: ExprId) -> bool {
    module.call(iterable).is_some_and(|call| {
        call.receiver().is_none() && call.method() == Some("range") && super::body::mentions(module, iterable, List::Retries)
    })
}

/// Whether an iterable is a `range(…)`.
pub fn is_range(module: &Module, iterable: ExprId) -> bool {
    module
        .call(iterable)
        .is_some_and(|call| call.receiver().is_none() && call.method() == Some("range"))
}

/// Pages that a library or a generator hands out.
pub fn is_paged(module: &Module, iterable: ExprId) -> bool {
    let Some(call) = module.call(module.unawaited(iterable)) else {
        return false;
    };
    call.method().is_some_and(|method| List::Paging.has(method)) && !names(module, iterable).is_empty()
}
