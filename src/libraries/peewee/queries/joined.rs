//! Relations that a query fills by its joins: `Trip.select(Trip, Rider).join(Rider)` loads `trip.rider`.

use super::model;
use crate::ir::{Call, ClassId, ExprKind, StmtKind};
use crate::libraries::shared::query::Resolver;
use crate::libraries::shared::value::{FileId, RowModel};

/// Steps from the rows' own model to one whose columns are selected, by design.
const STEPS: usize = 2;

/// The relations that lead to models of which a `select` names columns, as paths from its own model.
pub(super) fn paths(resolver: &dyn Resolver, root: Option<&RowModel>, (file, call): (FileId, &Call<'_>)) -> Vec<String> {
    let Some(RowModel::Class(at, class)) = root else {
        return Vec::new();
    };
    let own = (*at, *class);
    let module = resolver.module(file);
    let chosen: Vec<(FileId, ClassId)> = call
        .args
        .iter()
        .filter_map(|arg| {
            let whole = class_of(resolver, file, arg.value);
            whole.or_else(|| match *module.kind(arg.value) {
                ExprKind::Attr { base, .. } => class_of(resolver, file, base),
                _ => None,
            })
        })
        .filter(|&model| model != own)
        .collect();
    if chosen.is_empty() {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut open = vec![(own, String::new())];
    for _ in 0..STEPS {
        let mut next = Vec::new();
        for (model, before) in open {
            for (name, target) in keys(resolver, model) {
                let path = if before.is_empty() { name } else { format!("{before}.{name}") };
                if chosen.contains(&target) {
                    found.push(path.clone());
                }
                next.push((target, path));
            }
        }
        open = next;
    }
    found
}

fn class_of(resolver: &dyn Resolver, file: FileId, expr: crate::ir::ExprId) -> Option<(FileId, ClassId)> {
    match model(resolver, file, expr)? {
        (_, RowModel::Class(at, class)) => Some((at, class)),
        _ => None,
    }
}

/// The foreign keys that a model's class declares, with the models that they lead to.
fn keys(resolver: &dyn Resolver, (file, class): (FileId, ClassId)) -> Vec<(String, (FileId, ClassId))> {
    let module = resolver.module(file);
    let key = |&stmt: &crate::ir::StmtId| {
        let StmtKind::Assign {
            target,
            value: Some(value),
            ..
        } = module.stmt(stmt).kind
        else {
            return None;
        };
        let call = module.call(value).filter(|call| call.method() == Some("ForeignKeyField"))?;
        let other = call.arg(0).or_else(|| call.keyword("model"))?;
        Some((module.name(target)?.to_owned(), class_of(resolver, file, other)?))
    };
    module.class(class).body.iter().filter_map(key).collect()
}
