//! What rules say of a place: how it is reached, what the chain to a query is, and the priority that follows.

use crate::finding::{Related, Role};
use crate::ir::{ExprId, ExprKind, Module, Parent, StmtKind, Sym};
use crate::libraries::entries::Entry;
use crate::libraries::shared::query::Query;
use crate::libraries::shared::value::FileId;
use crate::project::graph::{EffectStep, FnId, TRACKED, Visit};
use crate::project::{Project, branches};
use crate::source::Span;
use crate::statement::Operation;

/// The sentence part `, reached from GET /x`.
pub fn reach_words(label: Option<&str>) -> String {
    label.map(|label| format!(", reached from {label}")).unwrap_or_default()
}

/// The entry point and the calls that lead from it to a function (the function itself left out).
pub fn path_from_entry(project: &Project, function: FnId) -> Vec<Related> {
    path_of(project, function, project.graph.way_to(function))
}

/// The entry point and the calls down to an expression of a function, see [`reach::at`].
pub fn path_to_place(project: &Project, function: FnId, expr: ExprId) -> Vec<Related> {
    path_of(project, function, branches::way_to(project, function, expr).0)
}

fn path_of(project: &Project, function: FnId, way: Option<Visit>) -> Vec<Related> {
    let Some(entry) = way.and_then(|way| project.graph.entries.get(way.entry)) else {
        return Vec::new();
    };
    let calls = project.graph.calls_on(way);
    let path: Vec<FnId> = calls.iter().map(|&(caller, _)| caller).chain([function]).collect();
    let registered = project.graph.registered_in(entry);
    let mut out = vec![Related {
        location: project.place(
            registered,
            registration(project, registered, entry),
            &path.first().map(|&first| project.symbol(first)).unwrap_or_default(),
        ),
        message: entry.label.clone(),
        role: Role::Endpoint,
    }];
    for ((caller, edge), &to) in calls.into_iter().zip(path.iter().skip(1)) {
        let from = project.graph.function(caller);
        let Some(edge) = from.edges.get(edge) else { continue };
        // A lambda that runs where it stands is no step of its own.
        if matches!(project.code.module(from.file).kind(edge.expr), ExprKind::Lambda(_)) {
            continue;
        }
        let span = head(project.code.module(from.file), edge.expr);
        out.push(Related {
            location: project.place_in(caller, span),
            message: format!("calls {}", project.short_name(to)),
            role: Role::Call,
        });
    }
    out
}

/// Where an entry point is registered, without the handler's body: `app.get("/orders",`.
fn registration(project: &Project, registered: FileId, entry: &Entry) -> Span {
    let (file, function) = entry.function;
    let handler = project.code.module(file).function(function).span;
    if file == registered && entry.place.encloses(handler) && handler.start > entry.place.start {
        return Span {
            start: entry.place.start,
            end: handler.start,
        };
    }
    entry.place
}

/// The calls from the target of a call (its function and expression) down to the first query, as evidence, on a way that the
/// arguments leave open. The slot is that of [`TRACKED`].
pub fn chain_down(project: &Project, (caller, expr): (FnId, ExprId), target: FnId, slot: usize) -> Vec<Related> {
    let edge = project
        .graph
        .edges_at(&project.code, caller, expr)
        .find(|edge| edge.targets.contains(&target));
    let effect = TRACKED.get(slot).copied();
    let open = edge
        .zip(effect)
        .and_then(|(edge, effect)| branches::chain(project, caller, edge, target, effect));
    let chain = open.unwrap_or_else(|| project.graph.chain(target, slot));
    let mut out = Vec::new();
    for (function, step) in chain {
        let node = project.graph.function(function);
        let module = project.code.module(node.file);
        match step {
            EffectStep::Query(site) => {
                if let Some(site) = project.graph.sites.get(site) {
                    out.push(Related {
                        location: project.place_in(function, site.span),
                        message: describe(&site.query),
                        role: Role::Query,
                    });
                }
            }
            EffectStep::Direct(edge) => {
                let Some(edge) = node.edges.get(edge) else { continue };
                let name = edge.external.as_deref().unwrap_or("a library");
                out.push(Related {
                    location: project.place_in(function, head(module, edge.expr)),
                    message: format!("calls {}", readable(name)),
                    role: Role::Callee,
                });
            }
            EffectStep::Via(edge, next) => {
                let Some(edge) = node.edges.get(edge) else { continue };
                if matches!(module.kind(edge.expr), ExprKind::Lambda(_)) {
                    continue;
                }
                out.push(Related {
                    location: project.place_in(function, head(module, edge.expr)),
                    message: format!("calls {}", project.short_name(next)),
                    role: Role::Call,
                });
            }
        }
    }
    out
}

/// A library's name as people write it.
pub fn readable(name: &str) -> String {
    name.trim_start_matches("builtins.")
        .trim_start_matches("globalThis.")
        .trim_end_matches(".__call__")
        .to_owned()
}

/// The part of a call to point at: a call that spans many lines is shown by its first.
pub fn head(module: &Module, expr: ExprId) -> Span {
    module.expr(expr).span
}

/// The name that an expression is bound to: `name = …`, `with … as name`.
pub fn bound(module: &Module, expr: ExprId) -> Option<Sym> {
    let mut at = module.expr(expr).parent;
    while let Parent::Expr(outer) = at {
        if !matches!(module.kind(outer), ExprKind::Await(_)) {
            return None;
        }
        at = module.expr(outer).parent;
    }
    let Parent::Stmt(stmt) = at else { return None };
    let target = match &module.stmt(stmt).kind {
        StmtKind::Assign { target, .. } => *target,
        StmtKind::With { items, .. } => {
            let start = module.expr(expr).span.start;
            let after = items.partition_point(|(value, _)| module.expr(*value).span.start <= start);
            let (value, target) = items.get(after.checked_sub(1)?)?;
            (*target).filter(|_| module.unawaited(*value) == expr)?
        }
        _ => return None,
    };
    match module.kind(target) {
        ExprKind::Name(name) => Some(*name),
        _ => None,
    }
}

/// A query in words: ``SELECT on `users` ``; its library only where no table is known.
pub fn describe(query: &Query) -> String {
    let verb = match query.statement.operation {
        Operation::Select => "SELECT",
        Operation::Insert => "INSERT",
        Operation::Update => "UPDATE",
        Operation::Delete => "DELETE",
        Operation::Other => "statement",
    };
    let named = query.statement.tables.iter().map(|table| table.name.as_str());
    let mut tables: Vec<&str> = named.filter(|name| !name.is_empty()).collect();
    tables.dedup();
    let library = query.library;
    match tables.as_slice() {
        [] => format!("{verb} ({library})"),
        [one] => format!("{verb} on `{one}`"),
        [one, ..] => format!("{verb} on `{one}` and {} more", tables.len() - 1),
    }
}

/// What a query is about, for a finding's identity: `SELECT users(email =; id in)`. It has no place, no count and no layout.
pub fn essence(query: &Query) -> String {
    let statement = &query.statement;
    let mut tables: Vec<&str> = statement.tables.iter().map(|table| table.name.as_str()).collect();
    tables.dedup();
    let mut columns: Vec<String> = statement
        .filters
        .iter()
        .map(|filter| format!("{} {:?}", filter.column.column, filter.kind))
        .collect();
    columns.sort();
    columns.dedup();
    format!("{:?} {}({})", statement.operation, tables.join(","), columns.join("; "))
}

/// The text with a capital first letter.
pub fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
