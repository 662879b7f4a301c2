//! Single calls that do the right thing: many rows at once, a timeout, an expiry, a maximum.

use super::strength;
use crate::analysis::redis;
use crate::finding::Strength;
use crate::ir::{Call, ExprId, ExprKind, Module};
use crate::libraries::shared::api_names;
use crate::libraries::shared::batches::{is_bulk_call, is_bulk_write, is_write_by_condition};
use crate::libraries::shared::effects::LanguageData;
use crate::libraries::shared::redis::{END_ARGUMENTS, END_OPTIONS, sets_with_end};
use crate::libraries::shared::validators;
use crate::libraries::shared::value::FileId;
use crate::project::Project;
use crate::project::deployment::in_sources;
use crate::project::eval::Evaluator;
use crate::statement::Operation;
use crate::vocabulary::List;

/// All of a project's own modules.
pub fn find(project: &Project) -> Vec<Strength> {
    let mut out = in_sources(&project.code, |file, module| {
        let (eval, mut out) = (Evaluator::new(&project.code), Vec::new());
        let table = project.code.data.of(module.language);
        for (id, expr) in module.expr_ids() {
            if let Some(call) = module.call(id) {
                let found = expiry(&eval, file, &call)
                    .or_else(|| maximum(module, &call))
                    .or_else(|| bounded_cache(module, &call));
                out.extend(found.map(|(kind, words)| strength(project, kind, words, file, expr.span)));
            }
            if let ExprKind::Object(entries) = &expr.kind {
                let mut keys = entries.iter().filter_map(|entry| Some((module.string(entry.key?)?, entry.value)));
                if let Some((key, value)) = keys.find(|&(key, value)| List::PageSizes.has(key) && is_clamped(module, value)) {
                    let words = format!("`{key}` has a maximum.");
                    out.push(strength(project, "bounded-page", words, file, module.expr(value).span));
                }
            }
        }
        for (function, _) in module.function_ids() {
            for edge in &project.graph.function(project.graph.id(file, function)).edges {
                let (Some(name), Some(call)) = (edge.external.as_deref(), module.call(edge.expr)) else {
                    continue;
                };
                if let Some(words) = timeout(table, module, name, &call) {
                    out.push(strength(project, "timeout-set", words, file, module.expr(edge.expr).span));
                }
            }
        }
        out
    });
    out.extend(bulk_writes(project));
    out
}

type Said = (&'static str, String);

/// `redis.set(key, value, ex=60)`, `setex`.
fn expiry(eval: &Evaluator<'_>, file: FileId, call: &Call<'_>) -> Option<Said> {
    let method = call.method().filter(|method| *method == "set" || sets_with_end(method))?;
    redis::client(eval, file, call)?;
    let module = call.module;
    let has_expiry = method != "set"
        || END_ARGUMENTS.iter().any(|name| call.keyword(name).is_some())
        || call.args.iter().skip(2).any(|arg| {
            module
                .string(arg.value)
                .is_some_and(|text| matches!(text.to_ascii_uppercase().as_str(), "EX" | "PX"))
                || END_OPTIONS.iter().any(|key| module.entry(arg.value, key).is_some())
        });
    has_expiry.then(|| ("cache-with-ttl", format!("`{method}` gives the entry an expiry.")))
}

/// `TTLCache(maxsize=…)`, `lru_cache(maxsize=128)`, `new LRUCache({ max: 500 })`.
fn bounded_cache(module: &Module, call: &Call<'_>) -> Option<Said> {
    let name = call.method()?;
    let size = match name {
        name if api_names::can_be_bounded(name) => call.keyword("maxsize").or_else(|| call.arg(0))?,
        _ => return None,
    };
    let size = module.entry(size, "max").or_else(|| module.entry(size, "maxSize")).unwrap_or(size);
    (!matches!(module.kind(size), ExprKind::Null | ExprKind::Object(_))).then(|| ("bounded-cache", format!("`{name}` has a maximum.")))
}

/// `limit: int = Query(20, le=100)`.
fn maximum(module: &Module, call: &Call<'_>) -> Option<Said> {
    if !call.method().is_some_and(validators::declares_number) || call.keyword("le").or_else(|| call.keyword("lt")).is_none() {
        return None;
    }
    let owner = module.functions.iter().flat_map(|function| &function.params).find(|param| {
        let span = module.expr(call.id).span;
        [param.default, param.annotation]
            .into_iter()
            .flatten()
            .any(|expr| module.expr(expr).span.encloses(span))
    });
    let by_param = owner.and_then(|param| param.name).map(|name| module.str(name));
    let name = by_param
        .or_else(|| assigned(module, call.id))
        .filter(|name| List::PageSizes.has(name))?;
    Some(("bounded-page", format!("`{name}` has a maximum.")))
}

/// The name that an expression is assigned to.
fn assigned(module: &Module, expr: ExprId) -> Option<&str> {
    let crate::ir::Parent::Stmt(stmt) = module.expr(expr).parent else {
        return None;
    };
    match module.stmt(stmt).kind {
        crate::ir::StmtKind::Assign { target, .. } => module.name(target),
        _ => None,
    }
}

/// `z.number().min(1).max(100)`, `Math.min(limit, 100)`.
fn is_clamped(module: &Module, value: ExprId) -> bool {
    let Some(call) = module.call(value) else { return false };
    let is_min = call.method() == Some("min") && call.args.len() == 2;
    is_min || call.chain().iter().any(|link| link.method() == Some("max") && link.args.len() == 1)
}

fn timeout(table: &LanguageData, module: &Module, name: &str, call: &Call<'_>) -> Option<String> {
    let facts = table.timeout(name)?;
    let told = facts.arguments.iter().any(|argument| {
        let by_name = call.keyword(argument);
        let options = facts.position.and_then(|position| call.arg(position));
        let value = by_name.or_else(|| options.and_then(|options| module.entry(options, argument)));
        value.is_some_and(|value| !matches!(module.kind(value), ExprKind::Null))
    });
    told.then(|| format!("`{}` is given a timeout.", crate::judge::evidence::readable(name)))
}

fn bulk_writes(project: &Project) -> Vec<Strength> {
    let mut out = Vec::new();
    for site in &project.graph.sites {
        let module = project.code.module(site.file);
        let is_write = !matches!(site.query.statement.operation, Operation::Select);
        let method = module.call(site.expr).and_then(|call| call.method()).unwrap_or("");
        if is_write && !site.query.row_by_row && (is_bulk_write(method) || is_write_by_condition(method)) {
            let words = format!("`{method}` writes many rows in one statement.");
            out.push(strength(project, "bulk-write", words, site.file, site.span));
        }
    }
    for (file, module) in crate::project::deployment::sources(&project.code) {
        for id in module.call_ids() {
            let expr = module.expr(id);
            let Some(call) = module.call(id) else { continue };
            if call.method().is_some_and(is_bulk_call) {
                let words = format!("`{}` writes many rows in one statement.", call.method().unwrap_or(""));
                out.push(strength(project, "bulk-write", words, file, expr.span));
            }
        }
    }
    out
}
