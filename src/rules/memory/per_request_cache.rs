//! `per-request-cache`: a cache with an age, on an object that is made anew for each request.

use crate::analysis::Analyses;
use crate::analysis::growth;
use crate::analysis::growth::lifetime::{self, Instantiation, Lifetimes};
use crate::finding::{Confidence, Finding, Fix, Role};
use crate::ir::{ClassId, ExprId, ExprKind, FunctionId, Module, Parent, StmtKind};
use crate::judge::cost::Cost;
use crate::judge::{evidence, priority, reach};
use crate::libraries::shared::value::FileId;
use crate::project::Project;
use crate::project::scope::Member;
use crate::vocabulary::List;

const ID: &str = "per-request-cache";

/// Places that a finding cites.
const MAX_CITED: usize = 16;

/// Checks a project.
pub fn check(run: &Analyses<'_>) -> Vec<Finding> {
    let (project, lifetimes) = (run.project, run.lifetimes());
    let mut out = Vec::new();
    for (file, module) in project.code.modules() {
        for (class, _) in module.class_ids() {
            out.extend(of_class(project, lifetimes, file, module, class));
        }
    }
    out
}

fn of_class(project: &Project, lifetimes: &Lifetimes, file: FileId, module: &Module, class: ClassId) -> Option<Finding> {
    let members = project.code.scopes.get(file.index())?.members(class);
    let mut caches: Vec<(&str, ExprId)> = members
        .chunk_by(|(name, _), (next, _)| name == next)
        .filter_map(|same| {
            let name = same
                .first()
                .map(|(name, _)| module.str(*name))
                .filter(|name| List::Caches.has(name))?;
            let made = same.iter().find_map(|(_, member)| match member {
                Member::Value(value, _) if growth::is_empty_collection(module, *value) => Some(*value),
                _ => None,
            })?;
            let shared = module.language.shares_class_values() && module.owner(made) == FunctionId::MODULE;
            (!shared).then_some((name, made))
        })
        .collect();
    caches.sort_unstable_by_key(|(_, made)| *made);
    let silent = |made: ExprId, why: &str| project.silent(ID, file, module.expr(made).span, || why);
    let &(name, made) = caches.first()?;
    if !has_age(module, class) {
        silent(
            made,
            "nothing in its class speaks of an age of entries, so it may be meant for one request",
        );
        return None;
    }
    let Some(at) = lifetime::per_request(project, lifetimes, file, class).filter(|at| !is_held(project, *at)) else {
        silent(made, "no request is known to make an object of its class for itself alone");
        return None;
    };
    Some(finding(project, file, module, class, name, made, at))
}

/// The code means to keep entries for a time, so it does not mean to keep them for one request.
fn has_age(module: &Module, class: ClassId) -> bool {
    let within = module.exprs_in(module.class(class).span);
    within.iter().any(|&expr| match *module.kind(expr) {
        ExprKind::Name(name) | ExprKind::Attr { name, .. } => List::EntryAges.has(module.str(name)),
        _ => false,
    })
}

/// The instance becomes part of another object, whose life is not looked at.
fn is_held(project: &Project, made: Instantiation) -> bool {
    let module = project.code.module(made.file);
    match module.expr(made.expr).parent {
        Parent::Stmt(stmt) => match module.stmt(stmt).kind {
            StmtKind::Assign { target, .. } => !matches!(module.kind(target), ExprKind::Name(_)),
            _ => false,
        },
        _ => false,
    }
}

fn finding(project: &Project, file: FileId, module: &Module, class: ClassId, name: &str, made: ExprId, at: Instantiation) -> Finding {
    let caller = project.graph.id(at.file, project.code.module(at.file).owner(at.expr));
    let reach = reach::of(project, caller);
    let judgement = priority::judge(&Cost::Connect { pool: false }, &reach, Confidence::Medium, 0);
    let label = reach.label;
    let owner = module.class(class).name.map_or("the class", |name| module.str(name));
    let holder = project.graph.id(file, module.owner(made));
    let mut finding = Finding::new(ID, judgement, Confidence::Medium, project.place_in(holder, module.expr(made).span));
    finding.title = format!("The cache `{name}` of `{owner}` ends with each request");
    finding.message = format!(
        "`{owner}` keeps entries for a time in `{name}`, but a request makes a `{owner}` of its own: the next one starts with an empty cache."
    );
    if let Some(label) = &label {
        finding.message.push_str(&format!(" Made for {label}."));
    }
    finding.impact = format!(
        "no entry is ever found by a second request{}",
        evidence::reach_words(label.as_deref())
    );
    finding.subject = format!("{owner}.{name}");
    finding.related = evidence::path_from_entry(project, caller);
    let here = project.code.module(at.file).expr(at.expr).span;
    finding.relate(project.place_in(caller, here), Role::Evidence, format!("makes a `{owner}`"));
    for id in module.exprs_in(module.class(class).span) {
        let expr = module.expr(id);
        let ExprKind::Attr { base, name: attribute } = expr.kind else {
            continue;
        };
        let is_use = module.str(attribute) == name && module.name(base) == Some("self");
        if is_use && finding.related.len() < MAX_CITED {
            let function = project.graph.id(file, module.owner(id));
            finding.relate(project.place_in(function, expr.span), Role::Evidence, format!("uses `{name}`"));
        }
    }
    finding.fix = Fix {
        summary: format!(
            "Move `{name}` to where it outlives a request (the module, the application's state, Redis), with a maximum; or remove it."
        ),
        ..Fix::default()
    };
    finding
}
