//! Queries written so that they ask for what is used: a row in place of a count, related rows along with the rows.

use super::{Place, Rewritten, querysets};
use crate::fix::edits::{Edit, Safety};
use crate::fix::remedy::Eager;
use crate::fix::site::FixContext;
use crate::ir::{ExprId, ExprKind, Module, Parent, StmtKind};
use crate::libraries::shared::value::FileId;
use crate::project::own_keys::{key_column, keys_of};
use crate::source::Span;

/// `rows.count() > 0`: `rows.exists()`.
pub fn exists(place: &Place<'_>, library: &str) -> Result<Rewritten, String> {
    only_django(library)?;
    let module = place.module;
    let call = module.expr(place.call.id).span;
    let (_, close) = place.parentheses()?;
    if !place.call.args.is_empty() {
        return Err("its `count` is given something".to_owned());
    }
    let end = module.expr(place.call.callee).span.end as usize;
    let name = Span::new(end.saturating_sub("count".len()), close + 1);
    let mut edits = vec![Edit::replace(place.path, name, "exists()")];
    match tested(module, place.call.id) {
        Some(Test::Truth) => {}
        Some(Test::Compared { whole, is_there }) => {
            let span = module.expr(whole).span;
            let rest = Span::new(call.end as usize, span.end as usize);
            let is_usual = crate::fix::text::slice(place.text, rest).is_some_and(|rest| !rest.contains(['\n', ')', '#']));
            if span.start != call.start || !is_usual {
                return Err("the comparison of its count is not written as usual".to_owned());
            }
            edits.push(Edit::replace(place.path, rest, ""));
            if !is_there {
                edits.push(Edit::insert(place.path, span.start as usize, "not "));
            }
        }
        None => return Err("its count is kept, and compared later".to_owned()),
    }
    Ok(Rewritten {
        edits,
        title: format!("`exists` for `{}`", place.shown()),
        reason: "both say whether there is a row",
        safety: Safety::Safe,
    })
}

fn only_django(library: &str) -> Result<(), String> {
    match library {
        "django" => Ok(()),
        other => Err(format!("queries of {other} are not rewritten yet")),
    }
}

/// How a count is tested.
enum Test {
    /// By itself: `if orders.count():`.
    Truth,
    /// By a comparison, which says that there is a row, or none.
    Compared { whole: ExprId, is_there: bool },
}

fn tested(module: &Module, count: ExprId) -> Option<Test> {
    let above = match module.expr(count).parent {
        Parent::Expr(above) => above,
        Parent::Stmt(stmt) => {
            let is_test = matches!(module.stmt(stmt).kind, StmtKind::If { test, .. } if test == count);
            return is_test.then_some(Test::Truth);
        }
        _ => return None,
    };
    match module.kind(above) {
        ExprKind::Unary { op, .. } if module.str(*op) == "not" => Some(Test::Truth),
        // A longer comparison (`a == 0 == b`) is none of two.
        ExprKind::Binary { op, left, right } if *left == count => {
            let number = module.number(*right)?;
            let is = |wanted: f64| (number - wanted).abs() < f64::EPSILON;
            let is_there = match module.str(*op) {
                ">" | "!=" if is(0.0) => true,
                ">=" if is(1.0) => true,
                "==" | "<=" if is(0.0) => false,
                "<" if is(1.0) => false,
                _ => return None,
            };
            Some(Test::Compared { whole: above, is_there })
        }
        _ => None,
    }
}

/// Loads a relation along with the rows, or where only its key is read, reads that of the row itself.
pub fn eager(site: &FixContext<'_>, (file, rows): (FileId, ExprId), text: &str, eager: &Eager) -> Result<Rewritten, String> {
    only_django(&eager.library)?;
    if let Some(rewritten) = own_key(site, eager)? {
        return Ok(rewritten);
    }
    let module = site.project.code.module(file);
    let path = site.project.path(file);
    let query = querysets::plain(site, (file, rows))
        .ok_or_else(|| format!("{path}: the query of the rows is not one expression that more can be said of"))?;
    let at = module.expr(query).span.end as usize;
    if text.get(..at).is_none_or(|before| !before.ends_with(')')) {
        return Err(format!("{path}: the query of the rows is not written as usual"));
    }
    let is_one_step = !eager.path.contains('.');
    let method = if is_one_step && !eager.is_many {
        "select_related"
    } else {
        "prefetch_related"
    };
    let relation = eager.path.replace('.', "__");
    let mut reads = module.expr_ids().filter(|(_, expr)| expr.span == eager.read.1);
    let is_here = eager.read.0 == path && reads.any(|(id, _)| module.owner(id) == module.owner(query));
    let (safety, reason) = match () {
        () if !is_here => (
            Safety::Unsafe,
            "the related rows are loaded for all that use this query, and not all may read them",
        ),
        () if method == "select_related" => (Safety::Safe, "the same rows come, with the related ones in the same statement"),
        () => (Safety::Safe, "the same rows come, with the related ones in one more statement"),
    };
    Ok(Rewritten {
        edits: vec![Edit {
            is_shared: true,
            ..Edit::insert(path, at, format!(".{method}(\"{relation}\")"))
        }],
        title: format!("`{method}` of `{relation}`"),
        reason,
        safety,
    })
}

/// `line.order.id`: `line.order_id`, where nothing else of the relation is read.
fn own_key(site: &FixContext<'_>, eager: &Eager) -> Result<Option<Rewritten>, String> {
    let (path, span) = &eager.read;
    let Some(file) = site.file(path) else { return Ok(None) };
    let module = site.project.code.module(file);
    let mut reads = module
        .expr_ids()
        .filter(|(_, expr)| expr.span == *span && matches!(expr.kind, ExprKind::Attr { .. }));
    let Some(keys) = reads.next().and_then(|(read, _)| keys_of(module, read)) else {
        return Ok(None);
    };
    let Some(column) = key_column(site.project, &eager.label) else {
        return Ok(None);
    };
    let source = site.editable(path)?;
    let is_one = keys.len() == 1;
    let mut edits = Vec::new();
    for (relation, key) in keys {
        let span = Span::new(module.expr(relation).span.end as usize, module.expr(key).span.end as usize);
        if !matches!(crate::fix::text::slice(&source.text, span), Some(".id" | ".pk")) {
            return Ok(None);
        }
        edits.push(Edit::replace(path, span, "_id"));
    }
    let (safety, reason) = if column.nullable {
        let reason = "where there is no related row, the key is None, and reading its `id` failed";
        (Safety::Unsafe, reason)
    } else if is_one {
        (Safety::Safe, "the row has the key itself")
    } else {
        let reason = "it is read at several places of the function, where its name may hold something else";
        (Safety::Unsafe, reason)
    };
    Ok(Some(Rewritten {
        edits,
        title: format!("the row's own key for the `id` of `{}`", eager.label),
        reason,
        safety,
    }))
}
