//! What a method reads of the object that it is given, also through further names.

use super::relations::{target_of, walk};
use super::{MAX_DEPTH, Reader};
use crate::ir::{ExprId, ExprKind, FunctionId, Module, Parent, StmtKind, Sym};
use crate::libraries::shared::value::FileId;
use crate::project::schema::SchemaModel;
use crate::project::scope::Member;

/// Attributes after each other that a serializer's method reads of a row.
const MAX_ATTRIBUTES: usize = 8;

/// Names in one method that hold the object or what it leads to.
const MAX_NAMES: usize = 12;

impl<'p> Reader<'p, '_, '_> {
    /// A property or method of the model that reads relations of its own.
    pub(super) fn property(&mut self, model: &'p SchemaModel, name: &str, prefix: &[String], depth: u32) {
        let name = name.split('.').next().unwrap_or(name);
        if depth > MAX_DEPTH || name.ends_with("_id") {
            return;
        }
        let Some((file, class)) = self.class_of(model) else { return };
        match self.eval.member(file, class, name) {
            Some((owner, Member::Method(function))) => {
                self.method(owner, function, model, prefix, &format!("`{}.{name}`", model.name), depth + 1);
            }
            // `tag_names = association_proxy("tags", "name")`.
            Some((owner, Member::Value(value, _))) => {
                let module = self.project.code.module(owner);
                let Some(call) = module.call(value).filter(|call| call.method() == Some("association_proxy")) else {
                    return;
                };
                let through = call.arg(0).and_then(|arg| module.string(arg)).unwrap_or_default();
                if let Some(relation) = model.relation(through) {
                    let by = format!("`{}.{name}`", model.name);
                    self.add(prefix, &[through.to_owned()], relation.to_many, by, owner, module.expr(value).span);
                }
            }
            _ => {}
        }
    }

    /// What a method reads of the object: its parameter, or for a model's own method `self`.
    pub(super) fn method(
        &mut self,
        file: FileId,
        function: FunctionId,
        model: &'p SchemaModel,
        prefix: &[String],
        words: &str,
        depth: u32,
    ) {
        let module = self.project.code.module(file);
        let definition = module.function(function);
        // What keeps its results beyond the object asks no more for a while.
        let of_object = |&decorator: &ExprId| module.dotted(decorator).is_some_and(|name| name.ends_with("cached_property"));
        let is_cached = self.project.graph.function(self.project.graph.id(file, function)).is_cached;
        if is_cached && !definition.decorators.iter().any(of_object) {
            return;
        }
        let is_model = depth > 0;
        let index = usize::from(!is_model && !definition.is_static);
        if let Some(object) = definition.params.get(index).and_then(|param| param.name) {
            self.reads((file, function), object, model, prefix, words, depth);
        }
    }

    pub(super) fn reads(
        &mut self,
        (file, function): (FileId, FunctionId),
        object: Sym,
        model: &'p SchemaModel,
        prefix: &[String],
        words: &str,
        depth: u32,
    ) {
        let module = self.project.code.module(file);
        let (first, end) = module.function(function).exprs;
        let inside = |expr: &ExprId| module.is_within(*expr, function);
        let names: Vec<(ExprId, Sym)> = (first.0..end.0)
            .map(ExprId)
            .filter_map(|id| match module.kind(id) {
                ExprKind::Name(name) if inside(&id) => Some((id, *name)),
                _ => None,
            })
            .collect();
        // The object under its name, under others, and the elements of its relations.
        let mut held: Vec<(Sym, &SchemaModel, Vec<String>)> = vec![(object, model, prefix.to_vec())];
        let mut next = 0;
        while let Some((object, model, prefix)) = held.get(next).cloned() {
            next += 1;
            for &(id, _) in names.iter().filter(|(_, name)| *name == object) {
                let further = self.read(file, id, (model, &prefix), words, depth);
                if let Some(further) = further
                    && held.len() < MAX_NAMES
                    && held.iter().all(|(name, ..)| *name != further.0)
                {
                    held.push(further);
                }
            }
        }
    }

    /// One use of a name that holds an object; a further name that then holds what it leads to.
    fn read(
        &mut self,
        file: FileId,
        id: ExprId,
        (model, prefix): (&'p SchemaModel, &[String]),
        words: &str,
        depth: u32,
    ) -> Option<(Sym, &'p SchemaModel, Vec<String>)> {
        let module = self.project.code.module(file);
        let (names, called) = chain(module, id);
        let Some(first) = names.first() else {
            let name = bound_to(module, id)?;
            return Some((name, model, prefix.to_vec()));
        };
        // What is called on the last relation: `.all()` reads what was loaded, the rest asks again.
        let walked = walk(self.project, model, names.iter().copied(), true)?;
        if walked.relations.is_empty() {
            if depth < MAX_DEPTH {
                self.property(model, first, prefix, depth);
            }
            return None;
        }
        let rest = names.get(walked.relations.len()).copied();
        if walked.to_many && called && !matches!(rest, Some("all" | "iterator")) || is_assigned(module, id) {
            return None;
        }
        let span = module.expr(id).span;
        self.add(prefix, &walked.relations, walked.to_many, words.to_owned(), file, span);
        let target = target_of(self.project, model, &walked.relations)?;
        let steps = walked.relations.len();
        let inner: Vec<String> = prefix.iter().cloned().chain(walked.relations).collect();
        // A method or property of the object that it leads to.
        if let (Some(rest), false) = (rest, walked.to_many)
            && depth < MAX_DEPTH
        {
            self.property(target, rest, &inner, depth);
        }
        let is_whole = names.len() == steps || names.len() == steps + 1 && called && walked.to_many;
        let top = top_of(module, id, names.len(), called);
        let name = bound_to(module, top).filter(|_| is_whole && !walked.to_many);
        let name = name.or_else(|| element_of(module, top).filter(|_| is_whole && walked.to_many));
        Some((name?, target, inner))
    }
}

/// The end of a chain of attributes, with the call of the last one.
fn top_of(module: &Module, start: ExprId, attributes: usize, called: bool) -> ExprId {
    let mut at = start;
    for _ in 0..attributes + usize::from(called) {
        match module.expr(at).parent {
            Parent::Expr(parent) => at = parent,
            _ => break,
        }
    }
    at
}

/// The name that an expression is assigned to.
fn bound_to(module: &Module, expr: ExprId) -> Option<Sym> {
    let target = match module.expr(expr).parent {
        Parent::Stmt(stmt) => match module.stmt(stmt).kind {
            StmtKind::Assign {
                target,
                value: Some(value),
                op: None,
                ..
            } if value == expr => target,
            _ => return None,
        },
        Parent::Expr(parent) => match module.kind(parent) {
            ExprKind::Assign { target, value } if *value == expr => *target,
            _ => return None,
        },
        _ => return None,
    };
    match module.kind(target) {
        ExprKind::Name(name) => Some(*name),
        _ => None,
    }
}

/// The name of the elements where an expression is iterated.
fn element_of(module: &Module, expr: ExprId) -> Option<Sym> {
    let target = match module.expr(expr).parent {
        Parent::Stmt(stmt) => match module.stmt(stmt).kind {
            StmtKind::Loop {
                iterable: Some(iterable),
                target,
                ..
            } if iterable == expr => target?,
            _ => return None,
        },
        Parent::Expr(parent) => match module.kind(parent) {
            ExprKind::Comp(comp) => comp.clauses.iter().find(|clause| clause.iterable == expr)?.target,
            _ => return None,
        },
        _ => return None,
    };
    match module.kind(target) {
        ExprKind::Name(name) => Some(*name),
        _ => None,
    }
}

/// The attributes read from a name, `a.b.c`, and whether the last of them is called.
fn chain(module: &Module, mut at: ExprId) -> (Vec<&str>, bool) {
    let mut names = Vec::new();
    while let Parent::Expr(parent) = module.expr(at).parent {
        match module.kind(parent) {
            ExprKind::Attr { base, name } if *base == at => names.push(module.str(*name)),
            ExprKind::Call { callee, .. } if *callee == at => return (names, true),
            _ => break,
        }
        at = parent;
        if names.len() > MAX_ATTRIBUTES {
            break;
        }
    }
    (names, false)
}

/// `instance.owner = user`: set, not read.
fn is_assigned(module: &Module, mut at: ExprId) -> bool {
    while let Parent::Expr(parent) = module.expr(at).parent {
        if !matches!(module.kind(parent), ExprKind::Attr { .. }) {
            return false;
        }
        at = parent;
    }
    match module.expr(at).parent {
        Parent::Stmt(stmt) => matches!(module.stmt(stmt).kind, StmtKind::Assign { target, .. } if target == at),
        _ => false,
    }
}
