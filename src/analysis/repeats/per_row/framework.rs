//! Methods that a framework calls once a row: resolvers of fields, methods of serializers.

use rustc_hash::{FxHashMap, FxHashSet};

use super::calls::target_effects;
use super::{Access, PerRow, Search, context};
use crate::analysis::repeats::shape::is_batched;
use crate::ir::{ExprId, FunctionId, Module};
use crate::libraries::entries::EntryKind;
use crate::libraries::shared::api_names;
use crate::libraries::shared::row_methods::{self, RowMethod};
use crate::libraries::shared::value::FileId;
use crate::project::eval::Evaluator;
use crate::project::graph::{Edge, FnId};
use crate::project::listed::SerializerUse;
use crate::project::loops::{Loop, LoopForm, LoopVerdict};
use crate::project::rows::{self, RelationRead};
use crate::project::{Project, held};
use crate::statement::Operation;

/// Resolvers of GraphQL fields that are asked for each row, by file; those of decorated methods are found by their decorators.
pub(super) fn row_fields(project: &Project) -> FxHashMap<FileId, Vec<FunctionId>> {
    let eval = Evaluator::new(&project.code);
    let mut fields: FxHashMap<FileId, Vec<FunctionId>> = FxHashMap::default();
    let mut seen = FxHashSet::default();
    for entry in project.graph.entries.iter().filter(|entry| entry.kind == EntryKind::Resolver) {
        let on = entry.field.as_ref().and_then(|field| field.on.as_deref());
        let (file, function) = entry.function;
        let is_row_field = on.is_some_and(|on| row_methods::is_row_field(&eval, on, entry.function));
        if is_row_field && seen.insert(entry.function) && row_methods::row_method(&eval, file, function).is_none() {
            fields.entry(file).or_default().push(function);
        }
    }
    fields
}

impl Search<'_, '_> {
    /// Queries and relation reads of a method that a framework calls once a row.
    pub(super) fn row_method(&mut self, id: FunctionId, kind: RowMethod, reads: &[RelationRead]) {
        let function = self.project.graph.id(self.file, id);
        let definition = self.module.function(id);
        if kind == RowMethod::Serializer && self.answers_with_one(id) {
            self.project.silent(
                Access::Read.topic(),
                self.file,
                definition.name_span,
                || "its serializer is given one object at a time wherever it is used",
            );
            return;
        }
        let names = definition
            .params
            .iter()
            .filter_map(|param| param.name)
            .filter(|&name| !api_names::is_none_of_row(self.module.str(name)));
        let around = Loop {
            span: definition.span,
            header: definition.name_span,
            kind: LoopForm::Callback(kind.words().to_owned()),
            iterable: None,
            target_names: names.take(1).collect(),
            verdict: LoopVerdict::PerRow,
            parallel: false,
        };
        self.statements_of(function, kind, &around);
        self.calls_of(function, kind, &around);
        if kind == RowMethod::GraphQlField {
            self.relations_of(id, reads, &around);
        }
    }

    /// Whether a serializer's method is asked for the one object of an answer wherever its serializer is used.
    fn answers_with_one(&self, method: FunctionId) -> bool {
        let class = self.module.function(method).class;
        let usage = class.and_then(|class| self.project.listed.usage((self.file, class)));
        usage == Some(&SerializerUse::One)
    }

    fn statements_of(&mut self, function: FnId, kind: RowMethod, around: &Loop) {
        for &site in &self.project.graph.function(function).queries {
            let site = &self.project.graph.sites[site];
            let is_loaded = held::reads_all(self.module, site)
                && site
                    .query
                    .relation
                    .as_ref()
                    .is_some_and(|(owner, name)| self.is_loaded_somewhere(*owner, name));
            let is_batched = kind == RowMethod::GraphQlField && is_batched(self.module, site);
            let is_read = site.query.statement.operation == Operation::Select;
            if is_read && !is_loaded && !site.held && !is_batched && !self.answers_first(function, kind, site.expr) {
                let row = PerRow {
                    site: Some(site),
                    ..PerRow::read(function, site.expr, (around.clone(), 0, false))
                };
                self.push(format!("site {}", site.expr.0), row);
            }
        }
    }

    fn answers_first(&self, function: FnId, kind: RowMethod, place: ExprId) -> bool {
        let method = self.project.graph.function(function).id;
        kind == RowMethod::Serializer && context::answers_first(self.project, &self.eval, self.file, method, place)
    }

    fn calls_of(&mut self, function: FnId, kind: RowMethod, around: &Loop) {
        for edge in &self.project.graph.function(function).edges {
            // What the ancestor's hook does is told there.
            if calls_super(self.module, edge) || self.answers_first(function, kind, edge.expr) {
                continue;
            }
            let found = target_effects(self.project, self.module, edge);
            let Some((target, Access::Read)) = self.first_open(function, edge, &found).filter(|_| !edge.guessed) else {
                continue;
            };
            // The resolvers of a list run in one tick.
            if kind == RowMethod::GraphQlField && self.only_batched(target, 0) {
                continue;
            }
            let row = PerRow {
                target: Some(target),
                ..PerRow::read(function, edge.expr, (around.clone(), 0, false))
            };
            self.push(format!("call {}", target.0), row);
        }
    }

    /// What a field's resolver gives back of its object, and what it reads of it.
    fn relations_of(&mut self, id: FunctionId, reads: &[RelationRead], around: &Loop) {
        let returned = self
            .module
            .returned(id)
            .into_iter()
            .filter_map(|value| self.returned_relation(value));
        let is_own = |read: &&RelationRead| {
            !read.is_column && read.param.is_some_and(|(owner, _)| owner == id) && !self.project.held.has_label(&read.label)
        };
        let found: Vec<RelationRead> = returned.chain(reads.iter().filter(is_own).cloned()).collect();
        let function = self.project.graph.id(self.file, id);
        for read in found {
            let key = format!("relation {}", read.path);
            let row = PerRow {
                relation: Some(read.clone()),
                ..PerRow::read(function, read.expr, (around.clone(), 0, false))
            };
            self.push(key, row);
        }
    }

    /// `return root.orders.all()`: the queryset that a resolver gives back runs once for each object.
    fn returned_relation(&self, value: ExprId) -> Option<RelationRead> {
        let query = self
            .eval
            .query_at(self.file, value)
            .filter(|query| !query.executed && !query.opaque)?;
        let (owner, name) = query.relation.as_ref().filter(|(owner, _)| owner.0 == self.file)?;
        let row = rows::row_of(self.project, &self.eval, owner.0, owner.1, 0)?;
        let statement = &query.statement;
        if held::is_plain(statement) && self.is_loaded_somewhere(*owner, name) {
            return None;
        }
        let relation = row.model.relation(name)?;
        Some(RelationRead {
            file: self.file,
            expr: value,
            label: format!("{}.{name}", row.model.name),
            path: row.path_to(name),
            source: row.source,
            root: row.root,
            param: row.param,
            to_many: true,
            is_column: false,
            target: relation.target.clone(),
        })
    }

    /// Whether any query loads the relation along: by its model's name where that is known.
    fn is_loaded_somewhere(&self, owner: (FileId, ExprId), name: &str) -> bool {
        match rows::row_of(self.project, &self.eval, owner.0, owner.1, 0) {
            Some(row) => self.project.held.has(Some(&row.model.name), name),
            None => self.project.held.has(None, name),
        }
    }
}

fn calls_super(module: &Module, edge: &Edge) -> bool {
    let chain = module.call(edge.expr).map(|call| call.chain()).unwrap_or_default();
    chain
        .iter()
        .any(|call| call.receiver().is_none() && module.name(call.callee) == Some("super"))
}
