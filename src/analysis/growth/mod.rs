//! Collections that live as long as the process and are only ever added to: the search that `unbounded-cache` and
//! `unbounded-growth` share.

pub mod lifetime;
pub mod uses;

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::finding::{Confidence, Finding, Role};
use crate::ir::{ClassId, Expr, ExprId, ExprKind, FunctionId, Language, Module, Parent, StmtKind, Sym};
use crate::judge::cost::Cost;
use crate::judge::reach::{self, Reached};
use crate::judge::{evidence, priority};
use crate::libraries::shared::api_names;
use crate::libraries::shared::collections;
use crate::libraries::shared::value::FileId;
use crate::project::Project;
use crate::project::eval::Evaluator;
use crate::project::scope::Member;
use crate::source::has_ignoring_case;
use crate::vocabulary::List;
use lifetime::Lifetimes;
use uses::CollectionUse;

/// What notes on collections that do not only grow are filed under, see [`crate::silence`].
pub const NOTES: &str = "growth";

/// A collection and who holds it.
#[derive(Clone, Copy, Debug)]
struct Held {
    file: FileId,
    /// The class whose attribute it is; `None` for a name of the module.
    class: Option<ClassId>,
    name: Sym,
    /// The expression that makes it.
    made: ExprId,
}

/// A collection that only grows.
pub struct Growing<'p> {
    project: &'p Project,
    held: Held,
    /// Where it gets an element.
    at: ExprId,
    function: FunctionId,
    /// It is asked by key as well.
    pub is_cache: bool,
    /// An element goes when it is asked for after its time, and only then.
    expires: bool,
    label: Option<String>,
}

/// All collections that only grow.
pub fn find<'p>(project: &'p Project, lifetimes: &Lifetimes) -> Vec<Growing<'p>> {
    let files: Vec<(FileId, &Module)> = project.code.modules().collect();
    files
        .into_par_iter()
        .flat_map_iter(|(file, module)| {
            let held = held(project, file, module, lifetimes);
            let uses = if held.is_empty() {
                FxHashMap::default()
            } else {
                uses_by_name(module)
            };
            held.into_iter()
                .filter_map(|held| growing(project, module, held, &uses))
                .collect::<Vec<_>>()
        })
        .collect()
}

/// Whether a function's name is called or passed on, anywhere.
fn is_in_use(project: &Project, name: &str) -> bool {
    let mut modules = project.code.modules().filter(|(_, module)| module.mentions(&[name]));
    modules.any(|(_, module)| {
        let is_it = |expr: &Expr| matches!(expr.kind, ExprKind::Name(sym) | ExprKind::Attr { name: sym, .. } if module.str(sym) == name);
        module.exprs.iter().any(is_it)
    })
}

fn uses_by_name(module: &Module) -> FxHashMap<Sym, Vec<ExprId>> {
    let mut uses: FxHashMap<Sym, Vec<ExprId>> = FxHashMap::default();
    for (id, expr) in module.expr_ids() {
        if let ExprKind::Name(name) | ExprKind::Attr { name, .. } = expr.kind {
            uses.entry(name).or_default().push(id);
        }
    }
    uses
}

/// The empty collections that modules and long-lived objects start with.
fn held(project: &Project, file: FileId, module: &Module, lifetimes: &Lifetimes) -> Vec<Held> {
    let mut out = Vec::new();
    for &stmt in &module.function(FunctionId::MODULE).body {
        if let StmtKind::Assign {
            target,
            value: Some(value),
            op: None,
            ..
        } = &module.stmt(stmt).kind
            && let (ExprKind::Name(name), true) = (module.kind(*target), is_empty_collection(module, *value))
        {
            out.push(Held {
                file,
                class: None,
                name: *name,
                made: *value,
            });
        }
    }
    let Some(scope) = project.code.scopes.get(file.index()) else {
        return out;
    };
    for (class, node) in module.class_ids() {
        for same in scope.members(class).chunk_by(|(name, _), (next, _)| name == next) {
            let mut values = same.iter().filter_map(|(name, member)| match member {
                Member::Value(made, _) if is_empty_collection(module, *made) => Some((*name, *made)),
                _ => None,
            });
            let Some((name, made)) = values.next() else { continue };
            let shared = module.language.shares_class_values() && node.bases.is_empty() && module.owner(made) == FunctionId::MODULE;
            if shared || lifetimes.is_long(file, class) {
                out.push(Held {
                    file,
                    class: Some(class),
                    name,
                    made,
                });
            }
        }
    }
    out.sort_by_key(|held| held.made);
    // A name that starts anew is the same collection, whose every use would be read again for each start.
    let mut known = FxHashSet::default();
    out.retain(|held| known.insert((held.class, held.name)));
    out
}

/// `{}`, `[]`, `set()`, `defaultdict(list)`, `new Map()`; not what is filled in the code or bounds itself.
pub fn is_empty_collection(module: &Module, expr: ExprId) -> bool {
    match module.kind(expr) {
        ExprKind::List(items) | ExprKind::Set(items) => items.is_empty(),
        ExprKind::Object(entries) => entries.is_empty(),
        ExprKind::Call { args, .. } => {
            let method = module.call(expr).and_then(|call| call.method()).unwrap_or("");
            collections::keeps(method) && (method == "defaultdict" || args.is_empty())
        }
        // `new Map<string, Session>()` and the like keep their type arguments beside the class.
        _ => false,
    }
}

fn growing<'p>(project: &'p Project, module: &'p Module, held: Held, uses: &FxHashMap<Sym, Vec<ExprId>>) -> Option<Growing<'p>> {
    let mut grows: Vec<(ExprId, Option<ExprId>)> = Vec::new();
    let (mut asked, mut expires) = (false, false);
    // At the place where it is made, and where it gets an element.
    let silent = |grows: &[(ExprId, Option<ExprId>)], why: &str| {
        for &expr in grows.iter().map(|(at, _)| at).chain([&held.made]) {
            project.silent(NOTES, held.file, module.expr(expr).span, || why);
        }
    };
    let makes = module
        .call(held.made)
        .is_some_and(|made| made.method().is_some_and(collections::makes_on_reading) && !made.args.is_empty());
    let eval = Evaluator::new(&project.code);
    let reads_make = |expr: ExprId| {
        let (at, key) = uses::made_by_reading(&eval, held.file, expr).filter(|_| makes)?;
        Some((at, Some(key)))
    };
    for &expr in uses.get(&held.name)? {
        if !refers(project, module, held, expr) {
            continue;
        }
        match uses::of(module, expr) {
            CollectionUse::Definition => {}
            CollectionUse::Grow(at, key) => grows.push((at, key)),
            CollectionUse::Ask => {
                asked = true;
                grows.extend(reads_make(expr));
            }
            CollectionUse::Read => {}
            CollectionUse::Shrink if uses::expires_when_asked(module, expr) => (asked, expires) = (true, true),
            CollectionUse::Shrink => {
                let function = module.owner(expr);
                let is_start = module
                    .function(function)
                    .name
                    .is_some_and(|name| api_names::is_initializer(module.str(name)));
                if !is_start && is_alive(project, held.file, module, function) {
                    project.silent(
                        NOTES,
                        held.file,
                        module.expr(expr).span,
                        || "here an element is taken away, or all are",
                    );
                    silent(&grows, "elements are taken away, in this file");
                    return None;
                }
            }
            CollectionUse::Escape => {
                silent(&grows, "it is handed to other code, which may take elements away");
                return None;
            }
        }
    }
    if grows.is_empty() {
        silent(&grows, "nothing adds an element to it");
        return None;
    }
    if shrinks_elsewhere(project, module, held) {
        silent(&grows, "another file takes elements away, or hands it on");
        return None;
    }
    let name = module.str(held.name);
    let is_cache = List::Caches.has(name);
    let served = grows.iter().find_map(|&(at, key)| {
        let function = module.owner(at);
        let (reached, label) = reach::reached(project, project.graph.id(held.file, function));
        let serves = matches!(reached, Reached::Request | Reached::Job);
        let named = module.qualified(function);
        let registers = named
            .rsplit('.')
            .next()
            .is_some_and(|name| name.trim_start_matches('_').starts_with("register"));
        (serves && !registers && key.is_none_or(|key| uses::is_open_key(project, held.file, module, key, is_cache)))
            .then_some((at, function, label))
    });
    let Some((at, function, label)) = served else {
        silent(&grows, "no request and no job is known to add to it, or its keys are of few values");
        return None;
    };
    Some(Growing {
        project,
        held,
        at,
        function,
        is_cache: is_cache || expires || (asked && has_ignoring_case(name, "client")),
        expires,
        label,
    })
}

/// Whether a name or attribute is this collection, and not another of the same name.
fn refers(project: &Project, module: &Module, held: Held, expr: ExprId) -> bool {
    match (module.kind(expr), held.class) {
        (ExprKind::Name(name), None) => {
            let Some(scope) = project.code.scopes.get(held.file.index()) else {
                return false;
            };
            let mut at = Some(module.owner(expr));
            while let Some(function) = at.filter(|&function| function != FunctionId::MODULE) {
                // An assignment in a function is the collection's own reset where the function says `global`.
                if scope.binds(function, *name) && !is_target(module, expr) {
                    return false;
                }
                at = module.function(function).parent;
            }
            true
        }
        (ExprKind::Attr { base, .. }, Some(class)) => match module.name(*base) {
            Some("self" | "cls") => module.class(class).span.encloses(module.expr(expr).span),
            _ => true,
        },
        _ => false,
    }
}

fn is_target(module: &Module, expr: ExprId) -> bool {
    match module.expr(expr).parent {
        Parent::Stmt(stmt) => matches!(module.stmt(stmt).kind, StmtKind::Assign { target, .. } if target == expr),
        _ => false,
    }
}

/// A function that somebody calls: an evictor that only tests call frees nothing.
fn is_alive(project: &Project, file: FileId, module: &Module, function: FunctionId) -> bool {
    let mut at = function;
    loop {
        let node = module.function(at);
        let Some(name) = node.name else {
            match node.parent {
                Some(parent) if parent != FunctionId::MODULE => {
                    at = parent;
                    continue;
                }
                _ => return true,
            }
        };
        let reached = project.graph.entry_of(project.graph.id(file, at)).is_some();
        let name = module.str(name);
        let special = name.starts_with("__") || module.function(at).is_property;
        return reached || special || is_in_use(project, name);
    }
}

/// Another file takes elements away: through the imported name, or through the attribute.
fn shrinks_elsewhere(project: &Project, module: &Module, held: Held) -> bool {
    let name = module.str(held.name);
    project.code.modules().any(|(file, other)| {
        if file == held.file || !other.mentions(&[name]) || !other.strings.iter().any(|text| text == name) {
            return false;
        }
        let imported: FxHashSet<Sym> = other
            .imports
            .iter()
            .filter(|import| import.name.is_some_and(|imported| other.str(imported) == name))
            .map(|import| import.local)
            .collect();
        other.expr_ids().any(|(id, expr)| {
            let is_it = match expr.kind {
                ExprKind::Name(local) => held.class.is_none() && imported.contains(&local),
                ExprKind::Attr { base, name: attribute } => {
                    other.str(attribute) == name && !matches!(other.name(base), Some("self" | "cls"))
                }
                _ => false,
            };
            is_it
                && match uses::of(other, id) {
                    CollectionUse::Shrink => is_alive(project, file, other, other.owner(id)),
                    CollectionUse::Escape => true,
                    _ => false,
                }
        })
    })
}

impl Growing<'_> {
    /// Notes why a rule leaves it out.
    pub fn silent(&self, rule: &str, why: &str) {
        let module = self.project.code.module(self.held.file);
        for expr in [self.held.made, self.at] {
            self.project.silent(rule, self.held.file, module.expr(expr).span, || why);
        }
    }

    /// The language of its code, by which there is advice.
    pub fn language(&self) -> Language {
        self.project.code.module(self.held.file).language
    }

    /// The finding of a rule, without advice.
    pub fn finding(&self, rule: &str) -> Finding {
        let (project, held) = (self.project, self.held);
        let module = project.code.module(held.file);
        let function = project.graph.id(held.file, self.function);
        let reach = reach::of(project, function);
        let name = module.str(held.name);
        let judgement = priority::judge(&Cost::Growth, &reach, Confidence::Medium, 0);
        let mut finding = Finding::new(
            rule,
            judgement,
            Confidence::Medium,
            project.place_in(function, module.expr(self.at).span),
        );
        finding.title = format!("`{name}` only grows");
        let holder = match held.class.and_then(|class| module.class(class).name) {
            Some(class) => format!(
                "`{}`, an object or class that lives as long as the process, keeps `{name}`",
                module.str(class)
            ),
            None => format!("`{name}` lives as long as the process"),
        };
        let goes = if self.expires {
            "and one that is too old goes only when its own key is asked for again: what nobody asks for any more stays"
        } else {
            "and nothing that runs takes one away, sets a maximum or starts it anew"
        };
        finding.message = format!("{holder}. Elements are added here, {goes}.");
        if let Some(label) = &self.label {
            finding.message.push_str(&format!(" Reached from {label}."));
        }
        finding.impact = format!(
            "memory of each process grows until it is restarted{}",
            evidence::reach_words(self.label.as_deref())
        );
        finding.subject = name.to_owned();
        finding.related = evidence::path_from_entry(project, function);
        finding.relate(
            project.place(held.file, module.expr(held.made).span, ""),
            Role::Evidence,
            format!("`{name}` is made"),
        );
        finding
    }
}
