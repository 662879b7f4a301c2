//! Bodies that are written once and used with several models: `self.model` of a generic repository, `Store[M]`, a table as an argument.
//!
//! An evaluator within a context knows what stands behind `self`, behind parameters and type variables at one use of such a body.

use std::cmp::Reverse;
use std::rc::Rc;
use std::sync::Arc;

use super::{Evaluator, Found, Parameter};
use crate::ir::{Call, ClassId, ExprId, ExprKind, FunctionId, Language, Module, ParamKind, StmtKind};
use crate::libraries::registry;
use crate::libraries::shared::model_classes;
use crate::libraries::shared::query::{Outcome, Query, Resolver};
use crate::libraries::shared::tool::Trait;
use crate::libraries::shared::value::{FileId, RowModel, Value};
use crate::project::scope::{Bound, Member};

/// Arguments of a call of which a `**fields` is known.
const MOST_ARGUMENTS: usize = 20;

/// Places at which one body reads the queries that it is given: more are of the same ones.
const MOST_READS: usize = 8;

/// Parameters that hand each other on within one use.
const MOST_PASSED: usize = 8;

/// Uses within uses that are followed: a service over a repository.
const MAX_LEVEL: u8 = 2;

/// What one use of a body says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Context {
    /// The class behind `self` and `cls`.
    pub(super) own: Option<(FileId, ClassId)>,
    /// What parameters hold, and where that is written.
    pub(super) params: Vec<(Parameter, Value, (FileId, ExprId))>,
    /// What arrives in a parameter for further keywords.
    pub(super) keywords: Vec<(Box<str>, (FileId, ExprId))>,
    /// That parameter, where all that arrives in it is known.
    pub(super) keywords_of: Option<Parameter>,
    /// What type variables stand for.
    pub(super) types: Vec<(Box<str>, (FileId, ClassId))>,
}

/// A context with what follows from it.
#[derive(Clone, Debug, Default)]
pub(super) struct Within {
    pub(super) context: Context,
    /// The class behind `self` and its ancestors.
    pub(super) lineage: Vec<(FileId, ClassId)>,
    pub(super) level: u8,
}

impl Within {
    pub(super) fn param(&self, parameter: Parameter) -> Option<&(Parameter, Value, (FileId, ExprId))> {
        self.context.params.iter().find(|(known, ..)| *known == parameter)
    }

    pub(super) fn named_type(&self, name: &str) -> Option<(FileId, ClassId)> {
        let mut types = self.context.types.iter();
        types.find(|(known, _)| known.as_ref() == name).map(|(_, class)| *class)
    }
}

impl<'c> Evaluator<'c> {
    /// An evaluator in which `self` of a class's methods, also of those that it inherits, is of this class.
    pub fn of_class(&self, file: FileId, class: ClassId) -> Rc<Evaluator<'c>> {
        let context = Context {
            own: Some((file, class)),
            types: self.types_of(file, class),
            ..Context::default()
        };
        self.within(context)
    }

    fn within(&self, context: Context) -> Rc<Evaluator<'c>> {
        if let Some(known) = self.contexts.borrow().get(&context) {
            return Rc::clone(known);
        }
        let lineage = context.own.map(|(file, class)| self.lineage(file, class)).unwrap_or_default();
        let mut inner = Evaluator::new(self.code);
        inner.left = Rc::clone(&self.left);
        inner.within = Some(Within {
            context: context.clone(),
            lineage,
            level: self.level() + 1,
        });
        let inner = Rc::new(inner);
        self.contexts.borrow_mut().insert(context, Rc::clone(&inner));
        inner
    }

    fn level(&self) -> u8 {
        self.within.as_ref().map_or(0, |within| within.level)
    }

    /// Asks an evaluator within a context as a part of what is asked of this one: it goes no further and takes no more steps.
    fn ask<T>(&self, inner: &Evaluator<'c>, step: impl FnOnce(&Evaluator<'c>) -> T) -> T {
        let (depth, cut) = (inner.depth.replace(self.depth.get()), inner.cut.replace(false));
        inner.fuel.set(self.fuel.get());
        let found = step(inner);
        self.fuel.set(inner.fuel.get());
        self.cut.set(self.cut.get() || inner.cut.get());
        inner.depth.set(depth);
        inner.cut.set(cut);
        found
    }

    /// The body that a call runs, in the context of the call, where the call says something of it.
    fn contextual(&self, file: FileId, expr: ExprId) -> Option<(Rc<Evaluator<'c>>, FileId, FunctionId)> {
        let module = self.m(file);
        if self.level() >= MAX_LEVEL {
            return None;
        }
        let call = module.call(expr)?;
        let Value::Function(at, function) = self.value(file, call.callee) else {
            return None;
        };
        let key = (file, expr);
        if let Some(known) = self.uses.borrow().get(&key) {
            return known.clone().map(|context| (self.within(context), at, function));
        }
        let outer_cut = self.cut.replace(false);
        let context = self.context_of(file, &call, (at, function));
        if !self.cut.get() {
            self.uses.borrow_mut().insert(key, context.clone());
        }
        self.cut.set(outer_cut || self.cut.get());
        Some((self.within(context?), at, function))
    }

    fn context_of(&self, file: FileId, call: &Call<'_>, (at, function): (FileId, FunctionId)) -> Option<Context> {
        let mut context = Context::default();
        let definition = self.m(at).function(function);
        let is_method = definition.class.is_some();
        if let (Some(owner), Some(receiver)) = (definition.class, call.receiver()) {
            let own = match self.value(file, receiver) {
                Value::Instance(at, class) | Value::Class(at, class) | Value::Row(RowModel::Class(at, class), _) => Some((at, class)),
                _ => None,
            };
            if let Some(own) = own {
                self.of_receiver(&mut context, (file, receiver), own, (at, owner));
            }
        }
        let shift = usize::from(is_method && call.receiver().is_some() && self.m(at).takes_receiver(function));
        self.bind(&mut context, (file, call), (at, function), shift);
        let is_telling = context.own.is_some() || !context.params.is_empty() || !context.types.is_empty();
        if !is_telling || !self.afford(at, 8) {
            return None;
        }
        self.bind_keywords(&mut context, (file, call), (at, function));
        self.bind_objects(&mut context, (file, call), (at, function));
        Some(context)
    }

    /// What the receiver of a call says: its class, what it was made with, what its type variables stand for.
    fn of_receiver(&self, context: &mut Context, receiver: (FileId, ExprId), own: (FileId, ClassId), owner: (FileId, ClassId)) {
        context.types = self.types_of(own.0, own.1);
        if let Some((at, maker)) = self.maker(receiver.0, receiver.1, 0) {
            let module = self.m(at);
            let typed = match module.kind(maker) {
                ExprKind::Index { .. } => Some(maker),
                ExprKind::Call { callee, .. } => Some(*callee),
                _ => None,
            };
            if let Some(ExprKind::Index { base, index }) = typed.map(|typed| module.kind(typed))
                && let Value::Class(base_file, base) = self.value(at, *base)
            {
                self.bind_types(&mut context.types, (base_file, base), (at, *index));
            }
            if let (Some(call), Some((init_at, Member::Method(init)))) =
                (module.call(maker), self.member(own.0, own.1, constructor(module)))
            {
                self.bind(context, (at, &call), (init_at, init), shift(self.m(init_at)));
            }
        }
        self.bind_super(context, own);
        let tells = || own != owner && self.names_model(own, owner);
        if !context.types.is_empty() || !context.params.is_empty() || tells() {
            context.own = Some(own);
        }
    }

    /// Whether a class is a model itself, or says of which model the methods are that it inherits from another.
    fn names_model(&self, own: (FileId, ClassId), owner: (FileId, ClassId)) -> bool {
        if self.model_library(own.0, own.1).is_some() {
            return true;
        }
        let lineage = self.lineage(own.0, own.1);
        let below = lineage.iter().take_while(|&&class| class != owner);
        below.into_iter().any(|&(at, class)| {
            let module = self.m(at);
            let body = &module.class(class).body;
            self.afford(at, body.len())
                && body.iter().any(|&stmt| match module.stmt(stmt).kind {
                    StmtKind::Assign { value: Some(value), .. } => {
                        let is_place = matches!(module.kind(value), ExprKind::Name(_) | ExprKind::Attr { .. } | ExprKind::Str(_));
                        is_place && self.is_about_model(at, value)
                    }
                    StmtKind::Function(getter) if module.function(getter).is_property && module.language == Language::TypeScript => {
                        module.returned(getter).first().is_some_and(|&value| self.is_about_model(at, value))
                    }
                    _ => false,
                })
        })
    }

    /// Whether an expression names a model's class or a table.
    fn is_about_model(&self, file: FileId, expr: ExprId) -> bool {
        if self.m(file).language == Language::TypeScript {
            return registry::is_model_handle(self, file, expr);
        }
        match self.value(file, expr) {
            Value::Class(at, class) => self.model_library(at, class).is_some(),
            Value::Literal(..) | Value::Function(..) | Value::Module(_) => false,
            _ => model_classes::is_table(self, file, expr),
        }
    }

    /// Whether an expression is a query that was built and not run, or the relation of a row from which one starts.
    fn is_lazy_query(&self, file: FileId, expr: ExprId) -> bool {
        if !matches!(
            self.m(file).kind(expr),
            ExprKind::Name(_) | ExprKind::Attr { .. } | ExprKind::Call { .. }
        ) {
            return false;
        }
        self.query_at(file, expr).is_some_and(|query| !query.executed && !query.opaque) || self.is_manager(file, expr)
    }

    /// `Sailor.objects`, `crew.sailors`: what a query of Django starts from.
    fn is_manager(&self, file: FileId, expr: ExprId) -> bool {
        let ExprKind::Attr { base, name } = self.m(file).kind(expr) else {
            return false;
        };
        let (of, is_class) = match self.value(file, *base) {
            Value::Row(RowModel::Class(at, class), _) | Value::Instance(at, class) => ((at, class), false),
            Value::Class(at, class) => ((at, class), true),
            _ => return false,
        };
        let leads = || self.code.relations.find(Some(of), self.m(file).str(*name));
        self.model_library(of.0, of.1)
            .is_some_and(|tool| tool.has(Trait::RelationsAreManagers))
            && (is_class || leads().is_some_and(|relation| relation.to_many))
    }

    /// What one use of a body passes in the parameter that a name stands for, or a field that keeps one, where it is written.
    /// A body that hands on to itself what it was given (`walk(model, depth - 1)`) says nothing more.
    pub(super) fn passed_for(&self, file: FileId, expr: ExprId) -> Option<(FileId, ExprId)> {
        let mut seen = vec![(file, expr)];
        let mut at = self.passed_once(file, expr)?;
        while let Some(next) = self.passed_once(at.0, at.1) {
            if seen.len() > MOST_PASSED || seen.contains(&next) || next == at {
                return None;
            }
            seen.push(at);
            at = next;
        }
        Some(at)
    }

    fn passed_once(&self, file: FileId, expr: ExprId) -> Option<(FileId, ExprId)> {
        let module = self.m(file);
        let within = self.within.as_ref()?;
        if let Some((owner, member)) = self.own_member(file, expr) {
            return match member {
                Member::ParamField(function, index) => Some(within.param((owner, function, index))?.2),
                Member::Value(value, _) if matches!(self.m(owner).kind(value), ExprKind::Name(_)) => self.passed_once(owner, value),
                _ => None,
            };
        }
        let ExprKind::Name(name) = module.kind(expr) else {
            return None;
        };
        match self.lookup(file, module.owner(expr), *name, module.expr(expr).span.start)? {
            Found::Binding(at, _, binding) => match binding.bound {
                Bound::Param(function, index, path) if path.is_empty() => Some(within.param((at, function, index))?.2),
                _ => None,
            },
            _ => None,
        }
    }

    /// `this.table`: what the class behind `this` has under the name.
    fn own_member(&self, file: FileId, expr: ExprId) -> Option<(FileId, Member)> {
        let module = self.m(file);
        let ExprKind::Attr { base, name } = module.kind(expr) else {
            return None;
        };
        if module.language != Language::TypeScript || module.name(*base) != Some("self") {
            return None;
        }
        let Value::Instance(at, class) = self.value(file, *base) else {
            return None;
        };
        self.member(at, class, module.str(*name))
    }

    /// Binds parameters to the models, tables and lazy queries that a call passes.
    fn bind(&self, context: &mut Context, (file, call): (FileId, &Call<'_>), (at, function): (FileId, FunctionId), shift: usize) {
        let target = self.m(at);
        for (index, param) in target.function(function).params.iter().enumerate().skip(shift).take(20) {
            let by_place = match param.kind {
                ParamKind::Plain => call.arg(index - shift),
                ParamKind::KeywordOnly => None,
                ParamKind::Rest | ParamKind::Keywords => continue,
            };
            let by_name = param.name.and_then(|name| call.keyword(target.str(name)));
            let Some(arg) = by_name.or(by_place) else {
                continue;
            };
            if (self.is_about_model(file, arg) || self.is_lazy_query(file, arg))
                && context.params.iter().all(|(known, ..)| *known != (at, function, index))
            {
                context.params.push(((at, function, index), self.value(file, arg), (file, arg)));
            }
        }
    }

    /// Binds parameters to the objects that a call passes as it writes them, or that stand for them where it passes nothing: conditions of a
    /// query, `findBy({ shipId })`.
    fn bind_objects(&self, context: &mut Context, (file, call): (FileId, &Call<'_>), (at, function): (FileId, FunctionId)) {
        let target = self.m(at);
        if target.language != Language::TypeScript || call.is_open() {
            return;
        }
        for (index, param) in target.function(function).params.iter().enumerate().take(MOST_ARGUMENTS) {
            if param.kind != ParamKind::Plain || param.name.is_none() {
                continue;
            }
            let given = call
                .arg(index)
                .map(|arg| (file, arg))
                .or(param.default.map(|default| (at, default)));
            let Some(place) = given.filter(|&(at, expr)| matches!(self.m(at).kind(expr), ExprKind::Object(_))) else {
                continue;
            };
            if context.params.iter().all(|(known, ..)| *known != (at, function, index)) {
                context
                    .params
                    .push(((at, function, index), Value::Literal(place.0, place.1), place));
            }
        }
    }

    /// The keywords that arrive in `**fields`.
    fn bind_keywords(&self, context: &mut Context, (file, call): (FileId, &Call<'_>), (at, function): (FileId, FunctionId)) {
        let target = self.m(at);
        let params = &target.function(function).params;
        let Some(index) = params.iter().position(|param| param.kind == ParamKind::Keywords) else {
            return;
        };
        if call.is_open() || call.args.len() > MOST_ARGUMENTS {
            return;
        }
        context.keywords_of = Some((at, function, index));
        for arg in call.args {
            let Some(name) = arg.name.map(|name| call.module.str(name)) else {
                continue;
            };
            let is_own = params.iter().any(|param| param.name.is_some_and(|own| target.str(own) == name));
            if !is_own {
                context.keywords.push((name.into(), (file, arg.value)));
            }
        }
    }

    /// `super().__init__(session, Plane)`, `super(Plane)` in the constructors of a class and its ancestors.
    fn bind_super(&self, context: &mut Context, own: (FileId, ClassId)) {
        for (at, class) in self.lineage(own.0, own.1) {
            let module = self.m(at);
            let scope = self.code.scopes.get(at.index());
            let own_init = scope.map_or(&[] as &[_], |scope| scope.member(module, class, constructor(module)));
            let Some((_, Member::Method(init))) = own_init.first() else {
                continue;
            };
            let Some(&Value::Class(base_at, base)) = self.bases(at, class).first() else {
                continue;
            };
            let Some((parent_at, Member::Method(parent))) = self.member(base_at, base, constructor(module)) else {
                continue;
            };
            for call in module.call_ids_in(*init).take(40).filter_map(|id| module.call(id)) {
                if is_super_constructor(&call) {
                    self.bind(context, (at, &call), (parent_at, parent), shift(module));
                }
            }
        }
    }

    /// What the type variables of a class's ancestors stand for: `class Planes(Store[Plane])`.
    fn types_of(&self, file: FileId, class: ClassId) -> Vec<(Box<str>, (FileId, ClassId))> {
        let mut types = Vec::new();
        for (at, class) in self.lineage(file, class) {
            let module = self.m(at);
            for base in module.class(class).bases.iter().filter(|base| base.name.is_none()) {
                let ExprKind::Index { base: of, index } = module.kind(base.value) else {
                    continue;
                };
                if let Value::Class(base_file, base) = self.value(at, *of) {
                    self.bind_types(&mut types, (base_file, base), (at, *index));
                }
            }
        }
        types
    }

    fn bind_types(
        &self,
        types: &mut Vec<(Box<str>, (FileId, ClassId))>,
        (file, class): (FileId, ClassId),
        (at, arguments): (FileId, ExprId),
    ) {
        let module = self.m(at);
        let arguments = match module.kind(arguments) {
            ExprKind::Tuple(items) => items.to_vec(),
            _ => vec![arguments],
        };
        for (name, argument) in self.type_parameters(file, class).into_iter().zip(arguments) {
            let class = match self.annotation(at, argument) {
                Value::Instance(at, class) => Some((at, class)),
                _ => module
                    .name(argument)
                    .and_then(|text| types.iter().find(|(known, _)| known.as_ref() == text).map(|(_, class)| *class)),
            };
            if let Some(class) = class
                && types.iter().all(|(known, _)| *known != name)
            {
                types.push((name, class));
            }
        }
    }

    /// The names of a class's type variables: of `Generic[A, B]`, or those that its bases are given.
    fn type_parameters(&self, file: FileId, class: ClassId) -> Vec<Box<str>> {
        let module = self.m(file);
        let told = &module.class(class).type_params;
        if !told.is_empty() {
            return told.iter().map(|&name| module.str(name).into()).collect();
        }
        let mut loose = Vec::new();
        for base in module.class(class).bases.iter().filter(|base| base.name.is_none()) {
            let ExprKind::Index { base: of, index } = module.kind(base.value) else {
                continue;
            };
            let parts = match module.kind(*index) {
                ExprKind::Tuple(items) => items.to_vec(),
                _ => vec![*index],
            };
            let names = parts.iter().filter_map(|&part| module.name(part)).map(Box::from);
            let is_generic = module
                .dotted(*of)
                .is_some_and(|name| matches!(name.rsplit('.').next(), Some("Generic" | "Protocol")));
            if is_generic {
                return names.collect();
            }
            let variables = parts.iter().filter(|&&part| !matches!(self.value(file, part), Value::Class(..)));
            loose.extend(variables.filter_map(|&part| module.name(part)).map(Box::from));
        }
        loose
    }

    /// The query that a call of a body for several models runs or builds for the one at hand: what the body itself cannot say.
    pub(super) fn specialised(&self, file: FileId, expr: ExprId) -> Option<Query> {
        let (inner, at, function) = self.contextual(file, expr)?;
        let values = self.returned(at, function);
        let whole = values.iter().take(20).find_map(|&value| self.told_of(&inner, at, value));
        // `return rows, total`.
        whole.or_else(|| {
            let module = self.m(at);
            let parts = values.iter().take(20).flat_map(|&value| match module.kind(value) {
                ExprKind::Tuple(items) => items.iter().copied().take(4).collect(),
                _ => Vec::new(),
            });
            let mut found = parts.filter_map(|part| self.told_of(&inner, at, part));
            found.find(|query| query.executed && query.outcome == Outcome::Rows)
        })
    }

    fn gives_tuple(&self, at: FileId, function: FunctionId) -> bool {
        let values = self.returned(at, function);
        values.iter().any(|&value| matches!(self.m(at).kind(value), ExprKind::Tuple(_)))
    }

    /// The queries that such a call runs beside the one whose rows it gives back.
    pub fn specialised_sites(&self, file: FileId, expr: ExprId) -> Vec<Arc<Query>> {
        let Some((inner, at, function)) = self.contextual(file, expr) else {
            return Vec::new();
        };
        let module = self.m(at);
        let calls = module.call_ids_in(function);
        if !self.afford(at, calls.len()) {
            return Vec::new();
        }
        // A chain is asked for as a whole, before its parts.
        let mut calls: Vec<ExprId> = calls.collect();
        calls.sort_by_key(|&call| (module.expr(call).span.start, Reverse(module.expr(call).span.end)));
        let mut found: Vec<Arc<Query>> = Vec::new();
        let mut seen: Vec<crate::source::Span> = Vec::new();
        for call in calls {
            let span = module.expr(call).span;
            if module.owner(call) != function || seen.iter().any(|outer| outer.encloses(span)) {
                continue;
            }
            if let Some(query) = self.told_of(&inner, at, call).filter(|query| query.executed && !query.fetch) {
                seen.push(span);
                found.push(Arc::new(query));
            }
        }
        found
    }

    /// The lazy queries that such a call hands on and that the body reads, at the places that `reads` finds in it: each with what runs
    /// there, the argument where it is read as it was given, and the query.
    pub fn specialised_reads<R: Copy>(
        &self,
        file: FileId,
        call: ExprId,
        reads: impl Fn(&Evaluator<'c>, FileId, FunctionId) -> Vec<(ExprId, R)>,
    ) -> Vec<(R, Option<ExprId>, Query)> {
        let Some((inner, at, function)) = self.contextual(file, call) else {
            return Vec::new();
        };
        let hands_on = inner.within.as_ref().is_some_and(|within| !within.context.params.is_empty());
        let (first, end) = self.m(at).function(function).exprs;
        if !hands_on || !self.afford(at, (end.0 - first.0) as usize) {
            return Vec::new();
        }
        let told = |(place, runs): (ExprId, R)| {
            let query = self.told_of(&inner, at, place).filter(|query| !query.executed)?;
            let given = inner.passed_for(at, place).filter(|(from, _)| *from == file);
            Some((runs, given.map(|(_, arg)| arg), query))
        };
        let mut found: Vec<(R, Option<ExprId>, Query)> = Vec::new();
        for one in reads(&inner, at, function).into_iter().filter_map(told).take(MOST_READS) {
            // What was gone over once has its rows.
            if one.1.is_none() || found.iter().all(|known| known.1 != one.1) {
                found.push(one);
            }
        }
        found
    }

    fn told_of(&self, inner: &Rc<Evaluator<'c>>, at: FileId, value: ExprId) -> Option<Query> {
        let query = self.ask(inner, |inner| inner.query_at(at, value))?;
        if query.opaque || query.statement.tables.is_empty() {
            return None;
        }
        let plain = self.query_at(at, value);
        if plain.as_ref().is_some_and(|plain| !plain.statement.tables.is_empty()) {
            return None;
        }
        let mut query = (*query).clone();
        // That it blocks is said where it stands.
        query.blocking &= plain.is_none();
        Some(query)
    }

    /// What a call of a body for several models gives for the one at hand.
    pub(super) fn specialised_value(&self, file: FileId, expr: ExprId) -> Value {
        let Some((inner, at, function)) = self.contextual(file, expr) else {
            return Value::Unknown;
        };
        if !self.gives_tuple(at, function) {
            let found = self.values_of_query(file, expr);
            if !found.is_unknown() {
                return found;
            }
        }
        self.ask(&inner, |inner| inner.result(at, function))
    }

    fn values_of_query(&self, file: FileId, expr: ExprId) -> Value {
        let Some(query) = self.specialised(file, expr) else {
            return Value::Unknown;
        };
        if !query.executed {
            return Value::Query(file, expr);
        }
        match (query.outcome, query.model) {
            (Outcome::Rows | Outcome::Stream, Some(model)) => Value::Row(model, Some((file, expr))).many(),
            (Outcome::One, Some(model)) => Value::Row(model, Some((file, expr))),
            _ => Value::Unknown,
        }
    }
}

/// The name of a class's constructor.
fn constructor(module: &Module) -> &'static str {
    match module.language {
        Language::Python => "__init__",
        Language::TypeScript => "constructor",
    }
}

/// How many parameters of a constructor no call passes.
fn shift(module: &Module) -> usize {
    usize::from(module.language.names_receiver())
}

/// `super().__init__(…)`, `super(…)`.
fn is_super_constructor(call: &Call<'_>) -> bool {
    let is_super = |call: &Call<'_>| call.module.name(call.callee) == Some("super");
    match call.module.language {
        Language::Python => {
            let on = call.receiver().and_then(|receiver| call.module.call(receiver));
            call.method() == Some("__init__") && on.is_some_and(|made| is_super(&made))
        }
        Language::TypeScript => is_super(call),
    }
}

/// Whether a value says less than a look at one use of a body may.
pub(super) fn is_vague(value: &Value) -> bool {
    match value {
        Value::Unknown | Value::Literal(..) | Value::Query(..) | Value::ExternalInstance(_) | Value::External(_) => true,
        Value::Many(element) => !matches!(**element, Value::Row(..)),
        _ => false,
    }
}
