//! Helpers that hand the options of their callers on: `const ask = (url, options) => fetch(url, { ...options, agent })`. Whether a wait
//! has an end is said by the calls of the helper.

use rustc_hash::FxHashSet;

use super::Place;
use super::about::{FileContext, is_guarded};
use super::setting::{TimeoutSetting, of_options};
use crate::analysis::repeats::single::{self, Callers};
use crate::finding::{Finding, Role};
use crate::ir::{Call, ExprId, ExprKind, FunctionId, Module, ParamKind};
use crate::libraries::shared::effects::TimeoutFacts;
use crate::libraries::shared::value::FileId;
use crate::project::Project;
use crate::project::eval::Evaluator;
use crate::project::graph::{Edge, EdgeKind, FnId};

/// How many places of callers a finding shows, one a file.
const MAX_CITED: usize = 50;

/// The parameter of a helper that alone says how long a call may wait.
pub fn parameter(
    eval: &Evaluator<'_>,
    file: FileId,
    call: &Call<'_>,
    facts: &TimeoutFacts,
    about: &FileContext<'_>,
) -> Option<(FunctionId, usize)> {
    let module = eval.code.module(file);
    let options = if module.language.names_arguments() {
        spread_of(module, call)?
    } else {
        facts.position.and_then(|position| call.arg(position))?
    };
    let name = match module.kind(options) {
        ExprKind::Object(entries) => {
            let mut spreads = entries.iter().filter(|entry| entry.key.is_none());
            let (Some(only), None) = (spreads.next(), spreads.next()) else {
                return None;
            };
            let keys = entries.iter().filter_map(|entry| entry.key);
            if keys
                .into_iter()
                .any(|key| module.string(key).is_none_or(|key| ends_a_wait(key, facts)))
            {
                return None;
            }
            bare(module, only.value)
        }
        _ => bare(module, options),
    };
    if about.is_changed(file, name) {
        return None;
    }
    single::parameter(eval, file, name)
}

/// The one thing that a call spreads: `**options`.
fn spread_of(module: &Module, call: &Call<'_>) -> Option<ExprId> {
    let mut spreads = call.args.iter().filter_map(|arg| match module.kind(arg.value) {
        ExprKind::Spread(inner) => Some(*inner),
        _ => None,
    });
    let only = spreads.next()?;
    spreads.next().is_none().then_some(only)
}

/// `options` of `...options`, `options ?? {}` and `(options || {})`.
fn bare(module: &Module, expr: ExprId) -> ExprId {
    match module.kind(expr) {
        ExprKind::Spread(inner) => bare(module, *inner),
        ExprKind::Binary { left, .. } => *left,
        _ => expr,
    }
}

/// Whether an option says that a wait has an end, by its name: a helper may have one of its own beside the library's.
fn ends_a_wait(key: &str, facts: &TimeoutFacts) -> bool {
    let lower = key.to_ascii_lowercase();
    facts.arguments.iter().any(|argument| argument == key) || lower.contains("timeout") || lower.contains("signal")
}

/// Looks at the callers of helpers.
pub struct Handed<'a, 'p> {
    pub project: &'p Project,
    pub callers: &'a Callers,
}

impl Handed<'_, '_> {
    /// The finding at a helper's call, where calls of the helper leave the end of the wait open.
    pub fn finding(
        &self,
        place: &Place<'_, '_>,
        (function, index): (FunctionId, usize),
        call: &Call<'_>,
        name: &str,
        facts: &TimeoutFacts,
    ) -> Option<Finding> {
        let target = self.project.graph.id(place.file, function);
        let endless = self.endless(target, index, facts);
        if endless.is_empty() {
            return None;
        }
        let mut finding = place.finding(call, name, facts, facts.default, TimeoutSetting::Missing)?;
        // The callers say it, and one of them may have said it already.
        finding.remedy = None;
        let helper = self.project.symbol(target);
        let helper = helper.rsplit('.').next().unwrap_or(&helper);
        let count = endless.len();
        let calls = if count == 1 {
            "one call gives".to_owned()
        } else {
            format!("{count} calls give")
        };
        finding
            .message
            .push_str(&format!(" `{helper}` hands on what its callers give, and {calls} no limit."));
        let mut shown = FxHashSet::default();
        for (caller, at) in endless {
            let node = self.project.graph.function(caller);
            if shown.len() >= MAX_CITED || !shown.insert(node.file) {
                continue;
            }
            let span = self.project.code.module(node.file).expr(at).span;
            finding.relate(self.project.place_in(caller, span), Role::Evidence, "gives no limit");
        }
        Some(finding)
    }

    /// The calls of a helper that give it nothing that ends the wait, in the order of the functions.
    fn endless(&self, target: FnId, index: usize, facts: &TimeoutFacts) -> Vec<(FnId, ExprId)> {
        let mut out = Vec::new();
        for &(caller, at) in self.callers.get(&target).into_iter().flatten() {
            let node = self.project.graph.function(caller);
            let (file, module) = (node.file, self.project.code.module(node.file));
            let Some(edge) = node.edges.get(at).filter(|edge| edge.kind == EdgeKind::Call && !edge.guessed) else {
                continue;
            };
            let Some(call) = module.call(edge.expr) else { continue };
            let about = FileContext::of(self.project, file);
            if !call.is_open() && !is_guarded(&about, edge) && self.gives_none(&about, &call, (edge, target, index), facts) {
                out.push((caller, edge.expr));
            }
        }
        out
    }

    fn gives_none(
        &self,
        about: &FileContext<'_>,
        call: &Call<'_>,
        (edge, target, index): (&Edge, FnId, usize),
        facts: &TimeoutFacts,
    ) -> bool {
        let (file, module) = (about.file, about.module);
        let callee = self.project.graph.function(target);
        let params = &self.project.code.module(callee.file).function(callee.id).params;
        if call
            .args
            .iter()
            .any(|arg| arg.name.is_some_and(|name| ends_a_wait(module.str(name), facts)))
        {
            return false;
        }
        match params.get(index) {
            None => return false,
            Some(param) if param.kind == ParamKind::Keywords => return true,
            // What it is by default may have a limit.
            Some(param) if param.default.is_some() && single::passed_as(self.project, module, edge, target, index).is_none() => {
                return false;
            }
            Some(_) => {}
        }
        let Some(given) = single::passed_as(self.project, module, edge, target, index) else {
            return true;
        };
        if let ExprKind::Object(entries) = module.kind(given) {
            let mut keys = entries.iter().filter_map(|entry| module.string(entry.key?));
            if keys.any(|key| ends_a_wait(key, facts)) {
                return false;
            }
        }
        of_options(&Evaluator::new(&self.project.code), file, given, facts, about, 0) == TimeoutSetting::Missing
    }
}
