//! Lazy relations that are read in a loop, or by what the loop calls.

use rustc_hash::FxHashMap;

use super::{Access, PerRow, Search};
use crate::analysis::repeats::shape::holds;
use crate::analysis::repeats::single::{self, passed_as};
use crate::ir::{ExprId, ExprKind, Module, StmtKind, Sym};
use crate::libraries::registry;
use crate::libraries::shared::value::FileId;
use crate::project::graph::{Edge, FnId};
use crate::project::loops::{self, Loop, LoopVerdict};
use crate::project::rows::{self, RelationRead};
use crate::project::{branches, held};
use crate::source::Span;

impl Search<'_, '_> {
    /// The loops around that bring other rows: over the same objects again, a relation is loaded the first time only.
    fn renewing(&self, around: &Loop, expr: ExprId) -> usize {
        let outer = loops::around(&self.eval, self.file, expr).into_iter();
        outer
            .filter(|outer| outer.span != around.span && outer.span.encloses(around.span))
            .filter(|outer| matches!(outer.verdict, LoopVerdict::PerRow | LoopVerdict::CacheGuarded))
            .filter(|outer| single::is_renewed(&self.eval, self.file, around, outer))
            .count()
    }

    /// Whether the session keeps the one row that a relation leads to.
    fn is_once_a_parent(&self, read: &RelationRead) -> bool {
        let source = read.source.and_then(|(at, expr)| self.eval.query_at(at, expr));
        !read.to_many && !read.is_column && source.is_some_and(|query| registry::has_identity_map(query.library))
    }

    /// Whether the loop sets the first relation of a path before a place that reads it: `line.order = order` before `line.save()`.
    fn is_set_before(&self, around: &Loop, root: Option<Sym>, path: &str, expr: ExprId) -> bool {
        let first = path.split('.').next().unwrap_or_default();
        let at = self.module.expr(expr).span.start;
        let mut changes = root.into_iter().flat_map(|root| self.changes_in(around, root, first));
        changes.any(|change| !change.is_deleted && change.span.end <= at)
    }

    /// Where a loop changes an attribute of what has a name.
    pub(super) fn changes_in(&self, around: &Loop, root: Sym, attribute: &str) -> impl Iterator<Item = AttributeChange> {
        let attribute = self.module.strings.iter().position(|text| text == attribute);
        let places = self.set.get_or_init(|| changed_attributes(self.module));
        let places = attribute.and_then(|attribute| places.get(&(root, Sym(attribute as u32))));
        let places = places.into_iter().flatten().copied();
        places.filter(|change| around.span.encloses(change.span))
    }

    /// `[to_card(order) for order in orders]`, where `to_card` reads a lazy relation of what it is given.
    pub(super) fn mapper(&mut self, function: FnId, edge: &Edge) {
        let &[target] = edge.targets.as_slice() else { return };
        let Some(summary) = self.known.summaries.get(&target) else { return };
        for (index, read) in summary {
            let Some(arg) = passed_as(self.project, self.module, edge, target, *index) else {
                continue;
            };
            let Some(row) = rows::row_of(self.project, &self.eval, self.file, arg, 0) else {
                continue;
            };
            let path = row
                .path
                .iter()
                .map(String::as_str)
                .chain([read.path.as_str()])
                .collect::<Vec<_>>()
                .join(".");
            if !self.is_lazy(row.source, &path, read) {
                self.silent(Access::Read, edge.expr, || at_hand(row.source, &path));
                continue;
            }
            if !branches::reaches(self.project, function, edge, target, (read.file, read.expr)) {
                self.silent(Access::Read, edge.expr, || {
                    format!("the arguments of the call close the way to the read of `{path}`")
                });
                continue;
            }
            let around = self.around(Access::Read, edge.expr);
            let Some((around, outer, chunked)) = around.filter(|(around, _, _)| holds(self.module, around, arg)) else {
                continue;
            };
            let root = root_of(self.module, arg);
            if self.is_set_before(&around, root, &path, edge.expr) {
                continue;
            }
            let key = format!("relation {path}");
            let outer = outer.min(self.renewing(&around, edge.expr));
            let once_a_parent = self.is_once_a_parent(&RelationRead {
                source: row.source,
                ..read.clone()
            });
            let row = PerRow {
                target: Some(target),
                relation: Some(RelationRead {
                    path,
                    source: row.source,
                    ..read.clone()
                }),
                guessed: edge.guessed,
                once_a_parent,
                ..PerRow::read(function, edge.expr, (around, outer, chunked))
            };
            self.push(key, row);
        }
    }

    pub(super) fn relation(&mut self, read: RelationRead) {
        if !self.is_lazy(read.source, &read.path, &read) {
            return self.silent(Access::Read, read.expr, || at_hand(read.source, &read.path));
        }
        let Some((around, outer, chunked)) = self.around(Access::Read, read.expr) else {
            return;
        };
        if !holds(self.module, &around, read.expr) {
            return self.silent(Access::Read, read.expr, || {
                format!("`{}` is not read of the loop's own row", read.path)
            });
        }
        if self.is_set_before(&around, read.root, &read.path, read.expr) {
            return self.silent(Access::Read, read.expr, || {
                format!("the loop sets `{}` before it reads it", read.path)
            });
        }
        let function = self.project.graph.id(self.file, self.module.owner(read.expr));
        let key = format!("relation {}", read.path);
        let outer = outer.min(self.renewing(&around, read.expr));
        let row = PerRow {
            once_a_parent: self.is_once_a_parent(&read),
            ..PerRow::read(function, read.expr, (around, outer, chunked))
        };
        let row = PerRow {
            relation: Some(read),
            ..row
        };
        self.push(key, row);
    }

    /// Whether the query of the row is known and did not load what a read asks for by this path: a relation, or a column.
    fn is_lazy(&self, source: Option<(FileId, ExprId)>, path: &str, read: &RelationRead) -> bool {
        let Some((at, expr)) = source else { return false };
        if read.is_column {
            return self
                .eval
                .query_at(at, expr)
                .is_some_and(|query| rows::is_left_out(self.project, &self.eval, &query, path));
        }
        if self.project.held.has_label(&read.label) && held::is_of_given(&self.eval, (at, expr)) {
            return false;
        }
        self.eval
            .query_at(at, expr)
            .is_some_and(|query| !rows::is_at_hand(self.project, &query, path))
    }
}

/// Why a relation is not said to be loaded on first use.
fn at_hand(source: Option<(FileId, ExprId)>, path: &str) -> String {
    if source.is_none() {
        return format!("`{path}` is read, and it is not known which query the row comes from");
    }
    format!("`{path}` is at hand: the row's query loads it along, or it needs no statement")
}

/// A statement that changes an attribute.
#[derive(Clone, Copy, Debug)]
pub(super) struct AttributeChange {
    span: Span,
    is_deleted: bool,
}

/// The statements `name.attribute = value` and `del name.attribute`, by name and attribute.
fn changed_attributes(module: &Module) -> FxHashMap<(Sym, Sym), Vec<AttributeChange>> {
    let mut out: FxHashMap<(Sym, Sym), Vec<AttributeChange>> = FxHashMap::default();
    for stmt in &module.stmts {
        let (exprs, is_deleted): (&[ExprId], bool) = match &stmt.kind {
            StmtKind::Assign { target, op: None, .. } => (std::slice::from_ref(target), false),
            StmtKind::Other(exprs) => (exprs, true),
            _ => continue,
        };
        for &expr in exprs {
            if let ExprKind::Attr { base, name } = module.kind(expr)
                && let ExprKind::Name(root) = module.kind(*base)
            {
                let span = stmt.span;
                out.entry((*root, *name)).or_default().push(AttributeChange { span, is_deleted });
            }
        }
    }
    out
}

/// The name at the start of an expression, where it is one.
fn root_of(module: &Module, expr: ExprId) -> Option<Sym> {
    match module.kind(expr) {
        ExprKind::Name(name) => Some(*name),
        _ => None,
    }
}
