//! List items that query: a component rendered for each element whose hook asks the server, one request an item.

use std::rc::Rc;

use rayon::prelude::*;
use rustc_hash::FxHashSet;

use crate::analysis::repeats::shape::pick;
use crate::budget::Limit;
use crate::finding::{Confidence, Finding, Fix, Repeats, Role};
use crate::ir::{Call, ExprId, ExprKind, FunctionId, Module, Parent, StmtKind, Sym};
use crate::judge::cost::{Cost, Unit};
use crate::judge::reach::Reach;
use crate::judge::scale::Rows;
use crate::judge::{lists, priority};
use crate::libraries::shared::effects::Effects;
use crate::libraries::shared::query_hooks::{is_effect_hook, is_query_hook};
use crate::libraries::shared::value::FileId;
use crate::project::eval::{Callees, Evaluator, Found};
use crate::project::graph::{Edge, EdgeKind};
use crate::project::loops::Loop;
use crate::project::{Project, loops};

/// A name that holds what differs from element to element: all that it holds, or these of its attributes.
type Varying = (Sym, Option<Rc<FxHashSet<String>>>);

const RULE: &str = "n-plus-one";
/// Hooks in hooks.
const MAX_DEPTH: u32 = 4;
/// How deep a test is read for what it asks.
const MAX_TEST_DEPTH: u32 = 6;

/// The findings of all components that are rendered in a list.
pub fn findings(project: &Project) -> Vec<Finding> {
    let files: Vec<(FileId, &Module)> = project
        .code
        .modules()
        .filter(|(_, module)| module.language.has_elements())
        .collect();
    let found = files.into_par_iter().map(|(file, module)| {
        let eval = Evaluator::new(&project.code);
        let mut seen = FxHashSet::default();
        let items = module.expr_ids().filter_map(|(id, expr)| match &expr.kind {
            ExprKind::Jsx(element) => Some((id, element.name?)),
            _ => None,
        });
        items
            .filter_map(|(id, name)| item(project, &eval, file, (id, name), &mut seen))
            .collect::<Vec<_>>()
    });
    found.collect::<Vec<_>>().into_iter().flatten().collect()
}

/// `<Row order={order} />` in a list.
fn item(
    project: &Project,
    eval: &Evaluator<'_>,
    file: FileId,
    (jsx, name): (ExprId, ExprId),
    seen: &mut FxHashSet<(FileId, FunctionId)>,
) -> Option<Finding> {
    let module = project.code.module(file);
    let tag = module.dotted(name)?;
    if !tag.starts_with(char::is_uppercase) {
        return None;
    }
    let (around, _, _) = pick(loops::around(eval, file, jsx))?;
    let Callees::Functions(functions) = eval.callees(file, name) else {
        return None;
    };
    let &[(at, component)] = functions.as_slice() else { return None };
    if at == file && encloses(module, component, jsx) {
        return None;
    }
    let varying = varying_props(eval, file, jsx, &around);
    let names = bound_to(project.code.module(at), component, varying.as_ref());
    let (hook, asking) = asks(project, eval, at, (component, &names))?;
    if !seen.insert((at, component)) {
        return None;
    }
    let holder = project.graph.id(file, module.owner(jsx));
    let inner = project.graph.id(at, component);
    let there = project.code.module(at);
    let callee = there.call(hook)?.callee;
    let asks = there.dotted(callee).unwrap_or_else(|| "a query hook".to_owned());
    let span = module.expr(name).span;
    let on_server = asking == Asking::Server;
    let cost = Cost::Each {
        times: 1,
        what: if on_server { Unit::Statement } else { Unit::Request },
        rows: lists::elements(eval, file, around.iterable, None)
            .unwrap_or_else(|| Rows::unknown(format!("the `{tag}` elements of a list"))),
    };
    // A browser sends them side by side, for the handful that a screen shows: of ten projects' such lists readers would mend a quarter.
    let less = if on_server { 0 } else { 2 };
    let judgement = priority::judge(
        &cost,
        &Reach::read(project, "each time the page is shown"),
        Confidence::Medium,
        less,
    );
    let mut finding = Finding::new(RULE, judgement, Confidence::Medium, project.place_in(holder, span));
    if on_server {
        finding.title = format!("Each `{tag}` of the list asks the database or a service by itself with `{asks}`");
        finding.message = format!(
            "`{tag}` is an async component that is rendered for each element of a list, and waits for `{asks}` with what it is given: rendering the list asks once for each element."
        );
        finding.impact = "1 + n queries or requests to render a list of n elements".to_owned();
    } else {
        finding.title = format!("Each `{tag}` of the list sends a request of its own with `{asks}`");
        finding.message = format!(
            "`{tag}` is rendered for each element of a list, and `{asks}` in it asks the server with the element's key: the browser sends one request for each element."
        );
        finding.impact = "1 + n requests for a list of n elements".to_owned();
    }
    finding.subject = format!("list of {tag} asks {asks}");
    finding.relate(project.place_in(holder, around.header), Role::Loop, "the list");
    finding.relate(
        project.place_in(inner, there.expr(hook).span),
        Role::Query,
        format!("`{asks}` once for each element"),
    );
    finding.repeats = Some(Repeats::Call);
    finding.fix = Fix {
        summary: "Return the figures with the list itself, or ask once for all keys in the parent and hand each item its part.".to_owned(),
        ..Fix::default()
    };
    Some(finding)
}

/// Where a component asks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asking {
    /// In the browser, by a hook.
    Browser,
    /// While it is rendered on the server.
    Server,
}

/// The call by which a component asks with what it is given.
fn asks(project: &Project, eval: &Evaluator<'_>, file: FileId, (component, names): (FunctionId, &[Varying])) -> Option<(ExprId, Asking)> {
    let hook = query_hook(project, eval, file, (component, names), 0).map(|hook| (hook, Asking::Browser));
    hook.or_else(|| waits(project, file, component, names).map(|call| (call, Asking::Server)))
}

/// The first query or request of an async component that depends on its parameters.
fn waits(project: &Project, file: FileId, component: FunctionId, names: &[Varying]) -> Option<ExprId> {
    let module = project.code.module(file);
    if !module.function(component).is_async {
        return None;
    }
    let names = derived(module, component, names);
    let node = project.graph.function(project.graph.id(file, component));
    let sites = node
        .queries
        .iter()
        .filter_map(|&site| project.graph.sites.get(site))
        .map(|site| site.expr);
    let calls = node
        .edges
        .iter()
        .filter(|edge| edge.kind == EdgeKind::Call && !edge.guessed && asks_others(project, edge));
    let mut asking = sites.chain(calls.map(|edge| edge.expr));
    asking.find(|&expr| {
        module
            .call(expr)
            .is_some_and(|call| mentions(module, call.args.iter().map(|arg| arg.value), &names))
    })
}

/// Whether a call, or what it runs, asks a database or another machine.
fn asks_others(project: &Project, edge: &Edge) -> bool {
    let others = Effects::QUERY.and(Effects::NETWORK);
    edge.effects.any(others)
        || edge.targets.iter().any(|&target| {
            let target = project.graph.function(target);
            target.effects.any(others) && !target.is_cached
        })
}

/// `useEffect(() => { fetch(`/api/orders/${order.id}`) … }, [order.id])`: the effect's function asks, and nothing but the parameters
/// decides whether it does.
fn effect_asks(project: &Project, file: FileId, call: &Call<'_>, names: &[Varying]) -> bool {
    let module = call.module;
    let Some(ExprKind::Lambda(effect)) = call.arg(0).map(|arg| module.kind(arg)) else {
        return false;
    };
    let node = project.graph.function(project.graph.id(file, *effect));
    let is_open = |edge: &&Edge| {
        let is_lambda = matches!(module.kind(edge.expr), ExprKind::Lambda(_));
        edge.kind != EdgeKind::Later
            && !edge.guessed
            && !is_lambda
            && asks_others(project, edge)
            && !is_guarded(module, *effect, edge.expr, names)
    };
    node.edges.iter().any(|edge| is_open(&edge))
}

/// Whether what stands around or before an expression in a function lets it run only in some state: a test of more than the names.
fn is_guarded(module: &Module, function: FunctionId, expr: ExprId, names: &[Varying]) -> bool {
    let tests_state = |test: ExprId| {
        let mut open = vec![test];
        while let Some(at) = open.pop() {
            match module.kind(at) {
                ExprKind::Name(name) if !holds(names, *name) => return true,
                // `order.id`, never `fetched.current`.
                _ => module.each_child(at, &mut |child| open.push(child)),
            }
        }
        false
    };
    let start = module.expr(expr).span.start;
    let returns_before = module.function(function).body.iter().any(|&stmt| match &module.stmt(stmt).kind {
        StmtKind::If { test, then, .. } => {
            let leaves = then.iter().any(|&inner| matches!(module.stmt(inner).kind, StmtKind::Return(_)));
            module.stmt(stmt).span.end <= start && leaves && tests_state(*test)
        }
        _ => false,
    });
    let mut at = module.expr(expr).parent;
    let mut is_inside = false;
    for _ in 0..Limit::Holders.count() {
        at = match at {
            Parent::Expr(id) => {
                is_inside |= match module.kind(id) {
                    ExprKind::Cond { test, .. } => tests_state(*test),
                    ExprKind::Binary { op, left, .. } if module.str(*op) == "and" => tests_state(*left),
                    _ => false,
                };
                module.expr(id).parent
            }
            Parent::Stmt(id) => {
                if let StmtKind::If { test, .. } = &module.stmt(id).kind {
                    is_inside |= tests_state(*test);
                }
                module.stmt(id).parent
            }
            _ => break,
        };
    }
    returns_before || is_inside
}

/// Whether a name is one of these, whatever of it varies.
fn holds(names: &[Varying], name: Sym) -> bool {
    names.iter().any(|(other, _)| *other == name)
}

/// Whether an expression is one of the names or a member of it: `props.order`.
fn is_part(module: &Module, expr: ExprId, names: &[Varying]) -> bool {
    match module.kind(expr) {
        ExprKind::Name(name) => reads(module, names, expr, *name),
        ExprKind::Attr { base, .. } => is_part(module, *base, names),
        ExprKind::Await(inner) => is_part(module, *inner, names),
        _ => false,
    }
}

/// These names, and those of what a function's own statements take from them.
fn derived(module: &Module, function: FunctionId, names: &[Varying]) -> Vec<Varying> {
    let mut names = names.to_vec();
    for &stmt in &module.function(function).body {
        let StmtKind::Assign {
            target,
            value: Some(value),
            ..
        } = module.stmt(stmt).kind
        else {
            continue;
        };
        // What a call brings need not be another one for each element: `const order = useOrder(orderId)`.
        if is_part(module, value, &names) {
            names_in(module, target, &mut names);
        }
    }
    names
}

fn encloses(module: &Module, function: FunctionId, expr: ExprId) -> bool {
    module.function(function).span.encloses(module.expr(expr).span)
}

/// The properties of an element that differ from one pass of the loop to the next; `None` where any may.
fn varying_props(eval: &Evaluator<'_>, file: FileId, jsx: ExprId, around: &Loop) -> Option<FxHashSet<String>> {
    let module = eval.code.module(file);
    let ExprKind::Jsx(element) = module.kind(jsx) else { return None };
    let mut out = FxHashSet::default();
    for prop in &element.props {
        let name = prop.key.and_then(|key| module.string(key))?;
        if is_bound_in(eval, file, prop.value, around) {
            out.insert(name.to_owned());
        }
    }
    Some(out)
}

/// Whether an expression reads a name that is bound inside a loop, its own variable first.
fn is_bound_in(eval: &Evaluator<'_>, file: FileId, expr: ExprId, around: &Loop) -> bool {
    let module = eval.code.module(file);
    let mut open = vec![expr];
    while let Some(at) = open.pop() {
        match module.kind(at) {
            ExprKind::Name(name) => {
                let found = eval.lookup(file, module.owner(at), *name, module.expr(at).span.start);
                let is_inside = |start: u32| around.span.start <= start && start <= around.span.end;
                if around.target_names.contains(name)
                    || matches!(found, Some(Found::Binding(held, _, binding)) if held == file && is_inside(binding.range.start))
                {
                    return true;
                }
            }
            // What a callback reads is not followed.
            ExprKind::Lambda(_) => return true,
            _ => {}
        }
        module.each_child(at, &mut |child| open.push(child));
    }
    false
}

/// The names in a component that hold properties which vary: all of them, where it is not known which do.
fn bound_to(module: &Module, component: FunctionId, varying: Option<&FxHashSet<String>>) -> Vec<Varying> {
    let all = parameters(module, component);
    let Some(varying) = varying else { return all };
    let first = module.function(component).params.first();
    let Some(ExprKind::Object(entries)) = first.and_then(|param| param.pattern).map(|pattern| module.kind(pattern)) else {
        // `(props) => …`: one name for all of them.
        let held = Rc::new(varying.clone());
        let names = all.into_iter().filter(|_| !varying.is_empty());
        return names.map(|(name, _)| (name, Some(Rc::clone(&held)))).collect();
    };
    let mut out = Vec::new();
    let mut rest = varying.clone();
    for entry in entries {
        let Some(key) = entry.key.and_then(|key| module.string(key)) else {
            // `...props` holds what has no name of its own.
            let mut names = Vec::new();
            names_in(module, entry.value, &mut names);
            let held = Rc::new(std::mem::take(&mut rest));
            out.extend(
                names
                    .into_iter()
                    .filter(|_| !held.is_empty())
                    .map(|(name, _)| (name, Some(Rc::clone(&held)))),
            );
            continue;
        };
        rest.remove(key);
        if varying.contains(key) {
            names_in(module, entry.value, &mut out);
        }
    }
    out
}

/// The call of a query hook in a component, or in a hook that it calls, that asks by one of these names.
fn query_hook(
    project: &Project,
    eval: &Evaluator<'_>,
    file: FileId,
    (function, names): (FunctionId, &[Varying]),
    depth: u32,
) -> Option<ExprId> {
    if depth > MAX_DEPTH || names.is_empty() {
        return None;
    }
    let module = project.code.module(file);
    let names = &derived(module, function, names);
    let calls = module.call_ids_in(function);
    calls.filter_map(|id| module.call(id)).find_map(|call| {
        let method = call.method()?;
        if !method.starts_with("use")
            || module.owner(call.id) != function
            || !mentions(module, call.args.iter().map(|arg| arg.value), names)
            || is_held_back(module, &call, names)
        {
            return None;
        }
        // What has one key is asked once, whatever each item picks from it.
        if is_query_hook(method) && key(module, &call).is_some_and(|key| !mentions(module, std::iter::once(key), names)) {
            return None;
        }
        if is_query_hook(method) || is_effect_hook(method) && effect_asks(project, file, &call, names) {
            return Some(call.id);
        }
        let Callees::Functions(functions) = eval.callees(file, call.callee) else {
            return None;
        };
        let &[(at, hook)] = functions.as_slice() else { return None };
        let handed = handed_on(module, &call, names, project.code.module(at), hook);
        query_hook(project, eval, at, (hook, &handed), depth + 1).map(|_| call.id)
    })
}

/// The key of a query hook's answer, by which it is shared: `queryKey`, or the first argument where that is no object of options. What is
/// asked with `variables` is kept by these as well.
fn key(module: &Module, call: &Call<'_>) -> Option<ExprId> {
    if call.args.iter().any(|arg| module.entry(arg.value, "variables").is_some()) {
        return None;
    }
    let first = call.arg(0)?;
    match module.kind(first) {
        ExprKind::Object(_) => module.entry(first, "queryKey"),
        _ => Some(first),
    }
}

/// The names in a hook that hold what one of these names gives it.
fn handed_on(module: &Module, call: &Call<'_>, names: &[Varying], there: &Module, hook: FunctionId) -> Vec<Varying> {
    let mut out = Vec::new();
    for (index, arg) in call.args.iter().enumerate() {
        if !mentions(module, std::iter::once(arg.value), names) {
            continue;
        }
        let Some(param) = there.function(hook).params.get(index) else {
            // A rest parameter takes it.
            return parameters(there, hook);
        };
        // `useRow({ id, tenant })`: the entries that vary, by their keys.
        let varying = match module.kind(arg.value) {
            ExprKind::Object(entries) => entries
                .iter()
                .filter(|entry| mentions(module, std::iter::once(entry.value), names))
                .map(|entry| entry.key.and_then(|key| module.string(key)).map(ToOwned::to_owned))
                .collect::<Option<FxHashSet<String>>>(),
            _ => None,
        };
        let entries = param.pattern.map(|pattern| there.kind(pattern));
        if let (Some(ExprKind::Object(entries)), Some(varying)) = (entries, varying) {
            let kept = entries
                .iter()
                .filter(|entry| entry.key.and_then(|key| there.string(key)).is_none_or(|key| varying.contains(key)));
            kept.for_each(|entry| names_in(there, entry.value, &mut out));
            continue;
        }
        out.extend(param.name.map(|name| (name, None)));
        param.pattern.into_iter().for_each(|pattern| names_in(there, pattern, &mut out));
    }
    out
}

fn names_in(module: &Module, expr: ExprId, out: &mut Vec<Varying>) {
    let mut open = vec![expr];
    while let Some(at) = open.pop() {
        if let ExprKind::Name(name) = module.kind(at) {
            out.push((*name, None));
        }
        module.each_child(at, &mut |child| open.push(child));
    }
}

/// `enabled: isOpen`, `skip: !visible`, a key that may be null: asked only when the item is opened. Not `enabled: Boolean(id)` of what
/// varies with the item: each has one.
fn is_held_back(module: &Module, call: &Call<'_>, names: &[Varying]) -> bool {
    call.args.iter().any(|arg| {
        let is_set = |key: &str, default: bool| {
            module.entry(arg.value, key).is_some_and(|value| match module.kind(value) {
                ExprKind::Bool(value) => *value != default,
                _ => !is_of_item(module, value, names, 0),
            })
        };
        is_set("enabled", true) || is_set("skip", false) || matches!(module.kind(arg.value), ExprKind::Cond { .. })
    })
}

/// Whether a test asks only whether the item has what varies with it: `Boolean(id)`, `!!id`, `id != null`.
fn is_of_item(module: &Module, test: ExprId, names: &[Varying], depth: u32) -> bool {
    if depth > MAX_TEST_DEPTH {
        return false;
    }
    match module.kind(test) {
        ExprKind::Unary { operand, .. } => is_of_item(module, *operand, names, depth + 1),
        ExprKind::Binary { op, left, right } if matches!(module.str(*op), "!=" | "!==") && *module.kind(*right) == ExprKind::Null => {
            is_of_item(module, *left, names, depth + 1)
        }
        ExprKind::Call { .. } => module
            .call(test)
            .filter(|call| module.name(call.callee) == Some("Boolean"))
            .and_then(|call| call.arg(0))
            .is_some_and(|inner| is_of_item(module, inner, names, depth + 1)),
        ExprKind::Name(name) => depth > 0 && reads(module, names, test, *name),
        ExprKind::Attr { base, .. } => is_of_item(module, *base, names, depth + 1),
        _ => false,
    }
}

/// The names that a function's parameters bind.
fn parameters(module: &Module, function: FunctionId) -> Vec<Varying> {
    let mut out = Vec::new();
    for param in &module.function(function).params {
        out.extend(param.name.map(|name| (name, None)));
        param.pattern.into_iter().for_each(|pattern| names_in(module, pattern, &mut out));
    }
    out
}

fn mentions(module: &Module, exprs: impl Iterator<Item = ExprId>, names: &[Varying]) -> bool {
    let mut open: Vec<ExprId> = exprs.collect();
    while let Some(at) = open.pop() {
        match module.kind(at) {
            ExprKind::Name(name) if reads(module, names, at, *name) => return true,
            // `() => load(id)`: the function's body reads the parameter.
            ExprKind::Lambda(function) => {
                let (first, end) = module.function(*function).exprs;
                let is_read = (first.0..end.0).map(ExprId).any(|id| {
                    let expr = module.expr(id);
                    matches!(expr.kind, ExprKind::Name(name) if reads(module, names, id, name)) && !matches!(expr.parent, Parent::None)
                });
                if is_read {
                    return true;
                }
            }
            _ => {}
        }
        module.each_child(at, &mut |child| open.push(child));
    }
    false
}

/// Whether a name at a place stands for what varies.
fn reads(module: &Module, names: &[Varying], at: ExprId, name: Sym) -> bool {
    names.iter().filter(|(other, _)| *other == name).any(|(_, held)| {
        let Some(held) = held else { return true };
        match module.expr(at).parent {
            Parent::Expr(outer) => match module.kind(outer) {
                ExprKind::Attr { base, name } if *base == at => held.contains(module.str(*name)),
                _ => true,
            },
            _ => true,
        }
    })
}
