//! Whether related rows can be loaded along with a queryset: what it is made of, back to its model, and what else is made of it.

use crate::fix::site::FixContext;
use crate::ir::{ExprId, ExprKind, Module, Parent, StmtKind};
use crate::libraries::shared::query::Resolver;
use crate::libraries::shared::value::{FileId, Value};
use crate::project::eval::Evaluator;

/// What gives a queryset that more can be said of.
const GOES_ON: [&str; 9] = [
    "all",
    "annotate",
    "exclude",
    "filter",
    "order_by",
    "prefetch_related",
    "reverse",
    "select_related",
    "using",
];

/// What leaves columns out, gives no objects, compares whole rows or locks them, or reads in portions: related ones cannot be loaded along,
/// or not always.
const LEAVES_OUT: [&str; 13] = [
    "dates",
    "datetimes",
    "defer",
    "difference",
    "distinct",
    "intersection",
    "iterator",
    "only",
    "raw",
    "select_for_update",
    "union",
    "values",
    "values_list",
];

/// How many names and calls a queryset may be made of.
const MOST: u32 = 24;

/// The call that ends the chain of a query, where something can be added to it.
pub fn plain(site: &FixContext<'_>, (file, rows): (FileId, ExprId)) -> Option<ExprId> {
    let module = site.project.code.module(file);
    let chain = Chain {
        site,
        eval: Evaluator::new(&site.project.code),
    };
    let (at, mut query) = match module.kind(rows) {
        ExprKind::Name(_) => chain.eval.definition(file, rows)?,
        _ => (file, rows),
    };
    if at != file || module.owner(query) != module.owner(rows) {
        return None;
    }
    if let ExprKind::Index { base, index } = module.kind(query)
        && matches!(module.kind(*index), ExprKind::Slice(_))
    {
        query = *base;
    }
    let is_plain = chain.is_plain(file, rows, MOST) && chain.is_plain(file, query, MOST) && chain.stays_plain(file, query);
    (module.call(query).is_some() && is_plain).then_some(query)
}

struct Chain<'s, 'a> {
    site: &'s FixContext<'a>,
    eval: Evaluator<'a>,
}

impl Chain<'_, '_> {
    /// Whether an expression is the plain manager of a model, or a queryset that all of its columns come with.
    fn is_plain(&self, file: FileId, expr: ExprId, left: u32) -> bool {
        let Some(left) = left.checked_sub(1) else { return false };
        let module = self.site.project.code.module(file);
        match module.kind(expr) {
            ExprKind::Call { .. } => module.call(expr).is_some_and(|call| {
                let goes_on = call.method().is_some_and(|method| GOES_ON.contains(&method));
                goes_on && call.receiver().is_some_and(|base| self.is_plain(file, base, left))
            }),
            ExprKind::Index { base, index } => matches!(module.kind(*index), ExprKind::Slice(_)) && self.is_plain(file, *base, left),
            ExprKind::Attr { base, name } => module.str(*name) == "objects" && self.is_model(file, *base),
            ExprKind::Name(_) => self.is_plain_name(file, expr, left),
            _ => false,
        }
    }

    /// Whether all that a function gives a name is plain, and all that it makes of it.
    fn is_plain_name(&self, file: FileId, expr: ExprId, left: u32) -> bool {
        let module = self.site.project.code.module(file);
        if !only_plain_uses(module, expr) {
            return false;
        }
        let Some(values) = given(module, expr) else { return false };
        if !values.is_empty() {
            // What is made of the name itself (`rows = rows.filter(…)`) is as plain as what it was before.
            let is_itself = |value: ExprId| module.call(value).is_some_and(|call| module.name(call.root()) == module.name(expr));
            let all = values
                .iter()
                .all(|&value| is_itself(value) && goes_on(module, value) || self.is_plain(file, value, left));
            return all && !values.iter().all(|&value| is_itself(value));
        }
        let Some((at, value)) = self.eval.definition(file, expr) else {
            return false;
        };
        let module = self.site.project.code.module(at);
        let Parent::Stmt(stmt) = module.expr(value).parent else {
            return false;
        };
        match module.stmt(stmt).kind {
            // In the function around this one, or in the file's own statements.
            StmtKind::Assign { target, .. } if module.name(target).is_some() => left
                .checked_sub(1)
                .is_some_and(|left| target != expr && self.is_plain_name(at, target, left)),
            _ => false,
        }
    }

    /// Whether the name that a queryset is given is used as one that all columns come with.
    fn stays_plain(&self, file: FileId, query: ExprId) -> bool {
        let module = self.site.project.code.module(file);
        let outermost = std::iter::successors(Some(query), |&id| match module.expr(id).parent {
            Parent::Expr(above) => Some(above),
            _ => None,
        })
        .last();
        let Some(Parent::Stmt(stmt)) = outermost.map(|id| module.expr(id).parent) else {
            return true;
        };
        match module.stmt(stmt).kind {
            StmtKind::Assign { target, .. } if module.name(target).is_some() => only_plain_uses(module, target),
            _ => true,
        }
    }

    /// Whether an expression is a model whose `objects` are Django's own.
    fn is_model(&self, file: FileId, expr: ExprId) -> bool {
        let Value::Class(at, class) = self.eval.value(file, expr) else {
            return false;
        };
        let is_known = |(file, class)| {
            let module = self.site.project.code.module(file);
            let definition = module.class(class);
            let bases = definition.bases.iter().filter(|base| base.name.is_none());
            let mut bases = bases.map(|base| self.eval.value(file, base.value));
            bases.all(|base| match base {
                Value::Class(..) => true,
                other => other.library_name().is_some_and(|name| name.starts_with("django.")),
            }) && definition.body.iter().all(|&stmt| match module.stmt(stmt).kind {
                StmtKind::Assign { target, value, .. } if module.name(target) == Some("objects") => {
                    value.is_some_and(|value| self.is_manager(file, value))
                }
                _ => true,
            })
        };
        let mut lineage = self.eval.lineage(at, class);
        if !lineage.contains(&(at, class)) {
            lineage.push((at, class));
        }
        lineage.into_iter().all(is_known)
    }

    fn is_manager(&self, file: FileId, value: ExprId) -> bool {
        let module = self.site.project.code.module(file);
        let Some(call) = module.call(value) else { return false };
        let callee = self.eval.value(file, call.callee);
        let is_own = callee
            .library_name()
            .is_some_and(|name| name.starts_with("django.") && name.ends_with(".Manager"));
        is_own && call.args.is_empty()
    }
}

/// Whether each link of a chain is one that more can be said of.
fn goes_on(module: &Module, value: ExprId) -> bool {
    module.call(value).is_some_and(|call| {
        call.chain()
            .iter()
            .all(|link| link.method().is_some_and(|method| GOES_ON.contains(&method)))
    })
}

/// What the function of a name gives it, by assignments; `None` where it gets something in another way.
fn given(module: &Module, name: ExprId) -> Option<Vec<ExprId>> {
    let owner = module.owner(name);
    let is_it = |target: ExprId| module.owner(target) == owner && module.name(target) == module.name(name);
    let is_set_otherwise = module
        .exprs
        .iter()
        .any(|expr| matches!(expr.kind, ExprKind::Assign { target, .. } if is_it(target)))
        || module.stmts.iter().any(|stmt| match &stmt.kind {
            StmtKind::Loop { target, .. } => target.is_some_and(is_it),
            StmtKind::With { items, .. } => items.iter().any(|(_, target)| target.is_some_and(is_it)),
            _ => false,
        });
    if is_set_otherwise {
        return None;
    }
    let mut values = Vec::new();
    for stmt in &module.stmts {
        let StmtKind::Assign { target, value, op, .. } = &stmt.kind else {
            continue;
        };
        if !is_it(*target) {
            continue;
        }
        if op.is_some() {
            return None;
        }
        values.extend(*value);
    }
    Some(values)
}

/// Whether nothing is made of a name, anywhere in its function, that leaves something out.
fn only_plain_uses(module: &Module, name: ExprId) -> bool {
    let wanted = module.name(name);
    let owner = module.owner(name);
    let uses = module
        .expr_ids()
        .filter(|(id, expr)| matches!(expr.kind, ExprKind::Name(_)) && module.name(*id) == wanted && module.is_within(*id, owner));
    uses.map(|(id, _)| id).all(|id| is_plain_use(module, id))
}

/// Whether no call above a name, on it or with it, leaves something out.
fn is_plain_use(module: &Module, name: ExprId) -> bool {
    let mut at = name;
    while let Parent::Expr(above) = module.expr(at).parent {
        let leaves_out = module
            .call(above)
            .and_then(|call| call.method())
            .is_some_and(|method| LEAVES_OUT.contains(&method));
        if leaves_out {
            return false;
        }
        at = above;
    }
    true
}
