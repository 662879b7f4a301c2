//! Rows that have a key of their own for what a relation is loaded for: `line.order.id` is `line.order_id`.

use crate::ir::{ExprId, ExprKind, Module, Parent, StmtKind};
use crate::project::Project;
use crate::project::schema::Column;
use crate::vocabulary::List;

/// The reads of one relation of one name in a function, with the keys that are read of it; `None` where something else is read.
pub fn keys_of(module: &Module, read: ExprId) -> Option<Vec<(ExprId, ExprId)>> {
    let name = module.dotted(read)?;
    let owner = module.owner(read);
    let is_same = |id: ExprId, kind: &ExprKind| {
        matches!(kind, ExprKind::Attr { .. }) && module.owner(id) == owner && module.dotted(id).as_deref() == Some(&name)
    };
    let same = module.expr_ids().filter(|(id, expr)| is_same(*id, &expr.kind));
    let key = |(id, expr): (ExprId, &crate::ir::Expr)| match expr.parent {
        Parent::Expr(above) => match module.kind(above) {
            ExprKind::Attr { name, .. } if List::PrimaryKeys.has(module.str(*name)) && !is_set(module, above) => Some((id, above)),
            _ => None,
        },
        _ => None,
    };
    same.map(key).collect()
}

/// Whether an expression is given a value or deleted, also along with others.
fn is_set(module: &Module, id: ExprId) -> bool {
    let span = module.expr(id).span;
    let holds = |target: ExprId| module.expr(target).span.encloses(span);
    let mut at = module.expr(id).parent;
    while let Parent::Expr(above) = at {
        let is_target = match module.kind(above) {
            ExprKind::Comp(comp) => comp.clauses.iter().any(|clause| holds(clause.target)),
            ExprKind::Assign { target, .. } => holds(*target),
            _ => false,
        };
        if is_target {
            return true;
        }
        at = module.expr(above).parent;
    }
    let Parent::Stmt(stmt) = at else { return false };
    match &module.stmt(stmt).kind {
        StmtKind::Assign { target, .. } => holds(*target),
        StmtKind::Loop { target, .. } => target.is_some_and(holds),
        StmtKind::With { items, .. } => items.iter().any(|(_, target)| target.is_some_and(holds)),
        // `del` among them.
        StmtKind::Other(_) => true,
        _ => false,
    }
}

/// The column that keeps a relation's key, where that is the other table's `id`.
pub fn key_column<'p>(project: &'p Project, label: &str) -> Option<&'p Column> {
    let (model, attribute) = label.rsplit_once('.')?;
    let table = project.schema.tables.get(project.schema.model(model)?.table)?;
    let column = table.columns.iter().find(|column| column.field.as_deref() == Some(attribute))?;
    let key = table.foreign_keys.iter().find(|key| key.columns == [column.name.clone()])?;
    let target = project.schema.table(&key.target)?;
    let is_id = target.primary_key == ["id"] && (key.target_columns.is_empty() || key.target_columns == ["id"]);
    is_id.then_some(column)
}
