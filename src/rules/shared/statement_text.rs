//! Where the text of a statement is written, when it does not stand in the call that runs it.

use rustc_hash::FxHashSet;

use crate::budget::Limit;
use crate::finding::{Finding, Role};
use crate::ir::{ExprId, ExprKind, Module, StmtKind, Sym, TemplatePart};
use crate::libraries::registry;
use crate::libraries::shared::api_names;
use crate::libraries::shared::query::Resolver;
use crate::libraries::shared::value::FileId;
use crate::project::Project;
use crate::project::eval::Evaluator;
use crate::project::graph::QuerySite;
use crate::statement::Filter;

/// Expressions that are looked at for the literal; further ones are told, see [`Limit::Parts`].
const MAX_STEPS: usize = 300;

/// Adds the literal that holds a word of the statement to a finding, unless the finding points at it already.
pub fn relate(project: &Project, site: &QuerySite, word: &str, finding: &mut Finding) {
    if !registry::is_text(site.query.library) || word.is_empty() {
        return;
    }
    let word = word.to_ascii_lowercase();
    relate_where(project, site, &|text| text.contains(&word), finding);
}

/// Adds the literal that holds a condition to a finding: of several that speak of the column, the one that compares it.
pub fn relate_condition(project: &Project, site: &QuerySite, filter: &Filter, finding: &mut Finding) {
    if !registry::is_text(site.query.library) || filter.column.column.is_empty() {
        return;
    }
    let column = filter.column.column.to_ascii_lowercase();
    if !relate_where(project, site, &|text| compares(text, &column), finding) {
        relate_where(project, site, &|text| text.contains(&column), finding);
    }
}

/// Whether a text compares a column, bare or in a function: `lower(u.email) like`, `date(seen) >=`, `name ilike`.
fn compares(text: &str, column: &str) -> bool {
    text.match_indices(column).any(|(at, _)| {
        let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
        let after = text.get(at + column.len()..).unwrap_or_default();
        let starts = text.get(..at).is_some_and(|before| !before.ends_with(is_word));
        if !starts || after.starts_with(is_word) {
            return false;
        }
        let rest = after.trim_start_matches(|letter: char| letter == ')' || letter == '"' || letter.is_whitespace());
        api_names::begins_with_comparison(rest)
    })
}

/// Adds the literal whose text, in small letters, is the one that is looked for; gives whether there is one.
fn relate_where(project: &Project, site: &QuerySite, is_it: &dyn Fn(&str) -> bool, finding: &mut Finding) -> bool {
    let Some((file, literal)) = find(project, site, is_it) else {
        return false;
    };
    let module = project.code.module(file);
    let span = module.expr(literal).span;
    if file == site.file && site.span.start <= span.start && span.end <= site.span.end {
        return true;
    }
    let holder = project.symbol(project.graph.id(file, module.owner(literal)));
    finding.relate(project.place(file, span, &holder), Role::Query, "the statement's text");
    true
}

fn find(project: &Project, site: &QuerySite, is_it: &dyn Fn(&str) -> bool) -> Option<(FileId, ExprId)> {
    let eval = Evaluator::new(&project.code);
    let call = project.code.module(site.file).call(site.expr)?;
    let mut open: Vec<(FileId, ExprId)> = call.args.iter().rev().map(|arg| (site.file, arg.value)).collect();
    open.extend(call.receiver().map(|receiver| (site.file, receiver)));
    let mut seen = FxHashSet::default();
    while let Some((file, expr)) = open.pop() {
        if !seen.insert((file, expr)) {
            continue;
        }
        if seen.len() > MAX_STEPS {
            project.code.tell(Limit::Parts, site.file, site.span.start);
            return None;
        }
        let module = project.code.module(file);
        let holds = |text: Sym| is_it(&module.str(text).to_ascii_lowercase());
        match module.kind(expr) {
            ExprKind::Str(text) if holds(*text) => return Some((file, expr)),
            ExprKind::Template(parts) => {
                if parts.iter().any(|part| matches!(part, TemplatePart::Text(text) if holds(*text))) {
                    return Some((file, expr));
                }
                open.extend(module.children(expr).into_iter().map(|child| (file, child)));
            }
            ExprKind::Name(name) => {
                open.extend(assigned(module, expr, *name).into_iter().map(|value| (file, value)));
                open.extend(Resolver::definition(&eval, file, expr));
            }
            ExprKind::Attr { base, .. } => {
                open.extend(Resolver::definition(&eval, file, expr).filter(|found| *found != (file, expr)));
                open.push((file, *base));
            }
            _ => open.extend(module.children(expr).into_iter().map(|child| (file, child))),
        }
    }
    None
}

/// What is bound or added to a name in the function that uses it.
fn assigned(module: &Module, used: ExprId, name: Sym) -> Vec<ExprId> {
    let owner = module.owner(used);
    let is_it = |expr: ExprId| matches!(module.kind(expr), ExprKind::Name(found) if *found == name) && module.owner(expr) == owner;
    let mut out = Vec::new();
    for id in module.statements_on(name, module.function(owner).span, usize::MAX) {
        match &module.stmt(id).kind {
            StmtKind::Assign {
                target,
                value: Some(value),
                ..
            } if is_it(*target) => out.push(*value),
            StmtKind::Expr(expr) => {
                if let Some(call) = module.call(*expr)
                    && call.method().is_some_and(api_names::adds_to_end)
                    && call.receiver().is_some_and(is_it)
                {
                    out.extend(call.args.iter().map(|arg| arg.value));
                }
            }
            _ => {}
        }
    }
    out
}
