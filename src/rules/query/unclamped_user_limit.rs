//! `unclamped-user-limit`: a page size that the client chooses, with no maximum.

use std::cell::RefCell;
use std::collections::BTreeMap;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::advice::texts::{self, advice};
use crate::analysis::Analyses;
use crate::budget;
use crate::finding::{Confidence, Finding, Role};
use crate::ir::{Call, ExprId, ExprKind, FunctionId, Module, Sym};
use crate::judge::cost::Cost;
use crate::judge::{evidence, priority, reach, scale};
use crate::libraries::entries::{Entry, EntryKind};
use crate::libraries::shared::validators;
use crate::libraries::shared::value::FileId;
use crate::project::Project;
use crate::project::eval::{Evaluator, Found};
use crate::project::graph::FnId;
use crate::project::scope::{Bound, PatternStep};
use crate::statement::Operation;
use crate::vocabulary::List;

/// Expressions of a query among which its limit is looked for.
const MAX_STEPS: usize = 500;

const ID: &str = "unclamped-user-limit";
const MAX_HOPS: u32 = 5;
/// Callers that are looked at for one parameter; more are told, see [`budget::Limit::Around`].
const MAX_CALLERS: usize = 20;

/// Runs the rule.
pub fn check(run: &Analyses<'_>) -> Vec<Finding> {
    let project = run.project;
    let eval = Evaluator::new(&project.code);
    let mut search = Search {
        project,
        eval,
        callers: BTreeMap::new(),
        routes: FxHashMap::default(),
        compared: RefCell::default(),
    };
    for entry in project.graph.entries.iter().filter(|entry| matches!(entry.kind, EntryKind::Route)) {
        search.routes.entry(entry.function).or_insert(entry);
    }
    for (index, node) in project.graph.functions.iter().enumerate() {
        for edge in &node.edges {
            for &target in &edge.targets {
                search.callers.entry(target).or_default().push((FnId(index as u32), edge.expr));
            }
        }
    }
    let mut out = Vec::new();
    for site in &project.graph.sites {
        if site.query.fetch || site.query.opaque || site.query.statement.operation != Operation::Select {
            continue;
        }
        let limits = limits(project.code.module(site.file), site.expr);
        let mut sources = limits.iter().filter_map(|&limit| search.source_of(site.file, limit, 0));
        match sources.next() {
            Some((entry, at, place)) => out.push(report(project, site, &entry, at, place)),
            None => project.silent(ID, site.file, site.span, || {
                if limits.is_empty() {
                    "it has no limit"
                } else {
                    "its limit is not known to come from a client, or something on the way bounds it"
                }
            }),
        }
    }
    out
}

/// The limits that are written in a query's expression: `.limit(x)`, `take: x`, `limit: x`.
fn limits(module: &Module, site: ExprId) -> Vec<ExprId> {
    let mut out = Vec::new();
    let mut open = vec![site];
    let mut steps = 0;
    while let Some(id) = open.pop() {
        steps += 1;
        if steps > MAX_STEPS {
            break;
        }
        if let Some(call) = module.call(id) {
            if call.method() == Some("limit") && call.receiver().is_some() {
                out.extend(call.arg(0));
            }
            if call.method().is_some_and(|method| method.starts_with("find")) {
                let options = call.args.iter().map(|arg| arg.value);
                out.extend(
                    options
                        .flat_map(|options| ["take", "limit"].map(|key| module.entry(options, key)))
                        .flatten(),
                );
            }
        }
        open.extend(module.children(id));
    }
    out
}

struct Search<'p> {
    project: &'p Project,
    eval: Evaluator<'p>,
    callers: BTreeMap<FnId, Vec<(FnId, ExprId)>>,
    /// The first route of each function that has one.
    routes: FxHashMap<(FileId, FunctionId), &'p Entry>,
    /// For files that were asked for: the names that each function compares with a bound.
    compared: RefCell<FxHashMap<FileId, FxHashSet<(FunctionId, Sym)>>>,
}

type Source = (Entry, FileId, ExprId);

/// The names that each function of a file compares with a bound.
fn compared_names(module: &Module) -> FxHashSet<(FunctionId, Sym)> {
    let mut out = FxHashSet::default();
    for (id, expr) in module.expr_ids() {
        let ExprKind::Binary { op, left, right } = expr.kind else {
            continue;
        };
        if !matches!(module.str(op), ">" | ">=" | "<" | "<=") {
            continue;
        }
        for side in [left, right] {
            if let ExprKind::Name(name) = *module.kind(side) {
                out.insert((module.owner(id), name));
            }
        }
    }
    out
}

impl Search<'_> {
    /// The entry point and the place where a value comes in from a client, when nothing on the way bounds it.
    fn source_of(&self, file: FileId, expr: ExprId, hops: u32) -> Option<Source> {
        if hops > MAX_HOPS {
            return None;
        }
        let module = self.project.code.module(file);
        match module.kind(expr) {
            ExprKind::Name(name) => {
                if self.is_compared(file, expr) {
                    return None;
                }
                let found = self.eval.lookup(file, module.owner(expr), *name, module.expr(expr).span.start)?;
                let Found::Binding(at, _, binding) = found else { return None };
                match binding.bound {
                    Bound::Param(function, index, path) if path.is_empty() => self.parameter(at, function, index, hops),
                    Bound::Value(value, path) if path.is_empty() => self.source_of(at, value, hops + 1),
                    Bound::Value(_, path) | Bound::Param(_, _, path) => match path.as_ref() {
                        // `const { limit } = schema.parse(…)`.
                        [PatternStep::Key(key)] => self.validated(at, expr, self.project.code.module(at).str(*key)),
                        _ => None,
                    },
                    _ => None,
                }
            }
            ExprKind::Attr { name, .. } => self.validated(file, expr, module.str(*name)),
            ExprKind::Binary { op, left, .. } if matches!(module.str(*op), "+" | "or" | "??") => self.source_of(file, *left, hops + 1),
            _ => None,
        }
    }

    /// Whether the function compares the name with a bound.
    fn is_compared(&self, file: FileId, expr: ExprId) -> bool {
        let module = self.project.code.module(file);
        let ExprKind::Name(name) = *module.kind(expr) else { return false };
        let mut compared = self.compared.borrow_mut();
        let names = compared.entry(file).or_insert_with(|| compared_names(module));
        names.contains(&(module.owner(expr), name))
    }

    fn parameter(&self, file: FileId, function: FunctionId, index: usize, hops: u32) -> Option<Source> {
        let module = self.project.code.module(file);
        let param = module.function(function).params.get(index)?;
        let id = self.project.graph.id(file, function);
        if let Some(entry) = self.routes.get(&(file, function)) {
            if param.default.is_some_and(|default| is_clamped(module, default))
                || param.annotation.is_some_and(|note| is_clamped(module, note))
            {
                return None;
            }
            let is_number = param.annotation.is_some_and(|note| mentions_int(module, note));
            let place = param.default.or(param.annotation)?;
            return is_number.then(|| ((*entry).clone(), file, place));
        }
        let name = param.name.map(|name| module.str(name))?;
        let place = index.checked_sub(usize::from(module.takes_receiver(function)))?;
        let callers = self.callers.get(&id)?;
        if callers.len() > MAX_CALLERS {
            self.project.tell(budget::Limit::Around, id);
        }
        callers.iter().take(MAX_CALLERS).find_map(|&(caller, call)| {
            let at = self.project.graph.function(caller).file;
            let call: Call<'_> = self.project.code.module(at).call(call)?;
            let arg = call.keyword(name).or_else(|| call.arg(place))?;
            self.source_of(at, arg, hops + 1)
        })
    }

    /// `input.limit`, whose schema in the same file gives a number without a maximum.
    fn validated(&self, file: FileId, expr: ExprId, key: &str) -> Option<Source> {
        if !List::PageSizes.has(key) {
            return None;
        }
        let module = self.project.code.module(file);
        let owner = self.project.graph.id(file, module.owner(expr));
        let entered = self.project.graph.entry_of(owner)?;
        let mut open = None;
        for (_, node) in module.expr_ids() {
            let ExprKind::Object(entries) = &node.kind else { continue };
            for entry in entries {
                if entry.key.and_then(|name| module.string(name)) != Some(key) {
                    continue;
                }
                let Some(call) = module.call(entry.value) else { continue };
                let methods: Vec<&str> = call.chain().iter().filter_map(Call::method).collect();
                if module.name(call.root()) != Some("z") || !methods.contains(&"number") {
                    // Another validator, or a helper: nothing is known.
                    if module.name(call.root()) == Some("z") {
                        return None;
                    }
                    continue;
                }
                if methods.iter().any(|method| validators::may_bound(method)) {
                    return None;
                }
                open = Some(entry.value);
            }
        }
        open.map(|place| (entered.clone(), file, place))
    }
}

/// `Query(50, le=200)`, also inside `Annotated`.
fn is_clamped(module: &Module, expr: ExprId) -> bool {
    let mut open = vec![expr];
    while let Some(id) = open.pop() {
        let bounds = |call: Call<'_>| {
            ["le", "lt"].iter().any(|key| call.keyword(key).is_some()) || call.method() == Some("Depends") || call.is_open()
        };
        if module.call(id).is_some_and(bounds) {
            return true;
        }
        open.extend(module.children(id));
    }
    false
}

/// An annotation that is a number, or may be one: a type of its own may carry a bound.
fn mentions_int(module: &Module, annotation: ExprId) -> bool {
    let mut open = vec![annotation];
    while let Some(id) = open.pop() {
        if matches!(module.name(id), Some("int")) {
            return true;
        }
        open.extend(module.children(id));
    }
    false
}

fn report(project: &Project, site: &crate::project::graph::QuerySite, entry: &Entry, at: FileId, place: ExprId) -> Finding {
    let name = site.query.table().unwrap_or("the table");
    let label = &entry.label;
    let cost = Cost::Load(scale::unpaged(project, &site.query));
    let judgement = priority::judge(&cost, &reach::at(project, site.function, site.expr), Confidence::Medium, 0);
    let mut finding = Finding::new(ID, judgement, Confidence::Medium, project.place_in(site.function, site.span));
    finding.title = format!("The client chooses how many rows of `{name}` are loaded");
    finding.message = format!("The limit of the query on `{name}` comes from the request ({label}), and no maximum was seen on the way.");
    finding.impact = format!("one request can load all of `{name}`, whatever the default page size is");
    // Where a router is put changes no identity.
    finding.subject = format!("{name} {}", entry.own_label);
    finding.related = evidence::path_to_place(project, site.function, site.expr);
    let span = project.code.module(at).expr(place).span;
    finding.relate(
        project.place(at, span, ""),
        Role::Evidence,
        "the limit comes in here, without a maximum",
    );
    finding.fix = advice(texts::Advised::Clamp, project.code.module(at).language.name(), &[]);
    finding
}
