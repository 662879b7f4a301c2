//! A source file in reduced form, and what can be asked of it; a call seen whole.

use serde::{Deserialize, Serialize};

use super::definitions::{Class, Comment, Export, Function, Import, Param};
use super::expr::{Arg, Expr, ExprKind, TemplatePart};
use super::index::ModuleIndex;
use super::name_filter::NameFilter;
use super::stmt::{Stmt, StmtKind};
use super::strings::Strings;
use super::{ClassId, ExprId, FunctionId, Language, Parent, StmtId, Sym};
use crate::budget::CountedVec;
use crate::source::Span;

/// One source file in reduced form.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Module {
    /// Language whose grammar read the file.
    pub language: Language,
    /// Interned strings.
    pub strings: Strings,
    /// A filter over them.
    pub words: NameFilter,
    /// Expressions.
    pub exprs: CountedVec<Expr>,
    /// The calls among them: what most rules look for, and a tenth of all.
    pub calls: Box<[ExprId]>,
    /// Statements.
    pub stmts: CountedVec<Stmt>,
    /// Functions; index 0 is the module's body.
    pub functions: CountedVec<Function>,
    /// All classes, in the order in which they begin.
    pub classes: CountedVec<Class>,
    /// Imports, in order.
    pub imports: CountedVec<Import>,
    /// Exports, in order.
    pub exports: CountedVec<Export>,
    /// Comments with `perfaudit:`.
    pub comments: Vec<Comment>,
    /// Ranges that did not parse; facts are taken outside of them.
    pub broken: Vec<Span>,
    /// What was worked out of all that so far.
    #[serde(skip)]
    pub index: ModuleIndex,
}

/// What holds an expression: see [`Module::holders`].
#[derive(Clone, Copy, Debug)]
pub struct Holder {
    /// The expression, statement, function or class.
    pub at: Parent,
    /// The expression that lies in it, or in its statement, on the way.
    pub child: ExprId,
    /// The statement that lies in it on the way, where one does.
    pub below: Option<StmtId>,
}

impl Module {
    /// The text of an interned string.
    pub fn str(&self, sym: Sym) -> &str {
        self.strings.get(sym)
    }

    /// Whether one of some names may occur: `false` is certain, `true` is worth a search.
    pub fn mentions(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.words.may_have(name))
    }

    /// An expression.
    pub fn expr(&self, id: ExprId) -> &Expr {
        &self.exprs[id.index()]
    }

    /// An expression's form.
    pub fn kind(&self, id: ExprId) -> &ExprKind {
        &self.exprs[id.index()].kind
    }

    /// A statement.
    pub fn stmt(&self, id: StmtId) -> &Stmt {
        &self.stmts[id.index()]
    }

    /// The function of an id of this module.
    pub fn function(&self, id: FunctionId) -> &Function {
        &self.functions[id.index()]
    }

    /// What a function literal returns, by its last `return`.
    pub fn returned_by(&self, function: ExprId) -> Option<ExprId> {
        let ExprKind::Lambda(function) = self.kind(function) else {
            return None;
        };
        self.function(*function)
            .body
            .iter()
            .rev()
            .find_map(|&stmt| match self.stmt(stmt).kind {
                StmtKind::Return(value) => value,
                _ => None,
            })
    }

    /// The class whose method holds a function, through nested functions.
    pub fn enclosing_class(&self, function: FunctionId) -> Option<ClassId> {
        let mut at = Some(function);
        while let Some(id) = at {
            let function = self.function(id);
            if function.class.is_some() {
                return function.class;
            }
            at = function.parent;
        }
        None
    }

    /// The class of an id of this module.
    pub fn class(&self, id: ClassId) -> &Class {
        &self.classes[id.index()]
    }

    /// All expressions with their ids.
    pub fn expr_ids(&self) -> impl Iterator<Item = (ExprId, &Expr)> {
        self.exprs.iter().enumerate().map(|(index, expr)| (ExprId(index as u32), expr))
    }

    /// Expressions that are calls, in the order of the file.
    pub fn call_ids(&self) -> impl Iterator<Item = ExprId> {
        self.calls.iter().copied()
    }

    /// The ids of the calls in a function's parameters and body, inner functions included.
    pub fn call_ids_in(&self, function: FunctionId) -> impl ExactSizeIterator<Item = ExprId> {
        let (first, end) = self.function(function).exprs;
        let at = |bound: ExprId| self.calls.partition_point(|&id| id < bound);
        self.calls[at(first)..at(end).max(at(first))].iter().copied()
    }

    /// As [`Module::call_ids`], each with its parts at hand.
    pub fn calls(&self) -> impl Iterator<Item = Call<'_>> {
        self.call_ids().filter_map(|id| self.call(id))
    }

    /// All functions with their ids, the module's body first.
    pub fn function_ids(&self) -> impl Iterator<Item = (FunctionId, &Function)> {
        self.functions
            .iter()
            .enumerate()
            .map(|(index, function)| (FunctionId(index as u32), function))
    }

    /// All classes with their ids.
    pub fn class_ids(&self) -> impl Iterator<Item = (ClassId, &Class)> {
        self.classes.iter().enumerate().map(|(index, class)| (ClassId(index as u32), class))
    }

    /// The text of a string, or of the fixed parts of a template.
    pub fn literal_text(&self, id: ExprId) -> Option<String> {
        match self.kind(id) {
            ExprKind::Str(text) => Some(self.str(*text).to_owned()),
            ExprKind::Template(parts) => {
                let fixed = parts.iter().filter_map(|part| match part {
                    TemplatePart::Text(text) => Some(self.str(*text)),
                    TemplatePart::Hole(_) => None,
                });
                Some(fixed.collect())
            }
            _ => None,
        }
    }

    /// The text of a string literal (also of a template without holes).
    pub fn string(&self, id: ExprId) -> Option<&str> {
        match self.kind(id) {
            ExprKind::Str(sym) => Some(self.str(*sym)),
            ExprKind::Template(parts) => match parts.as_ref() {
                [] => Some(""),
                [TemplatePart::Text(sym)] => Some(self.str(*sym)),
                _ => None,
            },
            _ => None,
        }
    }

    /// A number literal, also negated.
    pub fn number(&self, id: ExprId) -> Option<f64> {
        match self.kind(id) {
            ExprKind::Num(value) => Some(*value),
            ExprKind::Unary { op, operand } if self.str(*op) == "-" => self.number(*operand).map(|value| -value),
            _ => None,
        }
    }

    /// A name's text.
    pub fn name(&self, id: ExprId) -> Option<&str> {
        match self.kind(id) {
            ExprKind::Name(sym) => Some(self.str(*sym)),
            _ => None,
        }
    }

    /// `a.b.c` for names and attributes, without calls in between.
    pub fn dotted(&self, id: ExprId) -> Option<String> {
        match self.kind(id) {
            ExprKind::Name(sym) => Some(self.str(*sym).to_owned()),
            ExprKind::Attr { base, name } => {
                let mut text = self.dotted(*base)?;
                text.push('.');
                text.push_str(self.str(*name));
                Some(text)
            }
            _ => None,
        }
    }

    /// The call at an expression.
    pub fn call(&self, id: ExprId) -> Option<Call<'_>> {
        match self.kind(id) {
            ExprKind::Call { callee, args, is_new } => Some(Call {
                module: self,
                id,
                callee: *callee,
                args,
                is_new: *is_new,
            }),
            _ => None,
        }
    }

    /// The expression without `await` around it (and `!`, `as`, parentheses, which the ir does not keep).
    pub fn unawaited(&self, id: ExprId) -> ExprId {
        match self.kind(id) {
            ExprKind::Await(inner) => self.unawaited(*inner),
            _ => id,
        }
    }

    /// The class that a base names, without the types that it is given: `Store` of `Store<Plane>`.
    pub fn unapplied(&self, base: ExprId) -> ExprId {
        match self.kind(base) {
            ExprKind::Index { base, .. } => *base,
            _ => base,
        }
    }

    /// The children of an expression, in source order (a lambda's body is not among them).
    pub fn children(&self, id: ExprId) -> Vec<ExprId> {
        let mut out = Vec::new();
        self.each_child(id, &mut |child| out.push(child));
        out
    }

    /// Calls `visit` on each child of an expression, in source order (not on a lambda's body).
    pub fn each_child(&self, id: ExprId, visit: &mut impl FnMut(ExprId)) {
        self.kind(id).each_child(visit);
    }

    /// The expressions in the statements of a range, in the order of their ids.
    pub fn exprs_in(&self, range: Span) -> Vec<ExprId> {
        let mut out = Vec::new();
        for stmt in self.stmts_in(range) {
            let mut at = out.len();
            out.extend(self.stmt_exprs(stmt));
            while let Some(&expr) = out.get(at) {
                self.each_child(expr, &mut |child| out.push(child));
                at += 1;
            }
        }
        out.sort_unstable();
        out
    }

    /// The expressions that stand directly in a statement (not those of nested statements).
    pub fn stmt_exprs(&self, id: StmtId) -> Vec<ExprId> {
        match &self.stmt(id).kind {
            StmtKind::Expr(value) => vec![*value],
            StmtKind::Assign {
                target, value, annotation, ..
            } => [Some(*target), *value, *annotation].into_iter().flatten().collect(),
            StmtKind::Return(value) | StmtKind::Raise(value) => value.iter().copied().collect(),
            StmtKind::If { test, .. } => vec![*test],
            StmtKind::Loop {
                target, iterable, test, ..
            } => [*target, *iterable, *test].into_iter().flatten().collect(),
            StmtKind::With { items, .. } => items.iter().flat_map(|(value, target)| [Some(*value), *target]).flatten().collect(),
            StmtKind::Switch { subject, .. } => vec![*subject],
            StmtKind::Other(items) => items.to_vec(),
            StmtKind::Break | StmtKind::Continue | StmtKind::Try { .. } | StmtKind::Function(_) | StmtKind::Class(_) => Vec::new(),
        }
    }

    /// The blocks of statements directly inside a statement, in source order.
    pub fn stmt_blocks(&self, id: StmtId) -> Vec<&[StmtId]> {
        match &self.stmt(id).kind {
            StmtKind::If { then, orelse, .. } => vec![then, orelse],
            StmtKind::Loop { header, body, .. } => vec![header, body],
            StmtKind::Try {
                body,
                handlers,
                orelse,
                finally,
            } => {
                let mut blocks: Vec<&[StmtId]> = vec![body];
                blocks.extend(handlers.iter().map(AsRef::as_ref));
                blocks.push(orelse);
                blocks.push(finally);
                blocks
            }
            StmtKind::With { body, .. } => vec![body],
            StmtKind::Switch { cases, .. } => cases.iter().map(AsRef::as_ref).collect(),
            _ => Vec::new(),
        }
    }

    /// What holds an expression, from the inside out to the function or class around it: each with the expression and the statement of it
    /// that the expression lies in.
    pub fn holders(&self, expr: ExprId) -> impl Iterator<Item = Holder> {
        let first = Holder {
            at: self.expr(expr).parent,
            child: expr,
            below: None,
        };
        std::iter::successors(Some(first), |holder| match holder.at {
            Parent::Expr(at) => Some(Holder {
                at: self.expr(at).parent,
                child: at,
                below: holder.below,
            }),
            Parent::Stmt(at) => Some(Holder {
                at: self.stmt(at).parent,
                child: holder.child,
                below: Some(at),
            }),
            Parent::Function(_) | Parent::Class(_) | Parent::None => None,
        })
    }

    /// Whether a function stands inside another one.
    pub fn is_inside(&self, function: FunctionId, outer: FunctionId) -> bool {
        std::iter::successors(self.function(function).parent, |&at| self.function(at).parent).any(|at| at == outer)
    }

    /// Whether an expression belongs to a function or to one inside it.
    pub fn is_within(&self, expr: ExprId, function: FunctionId) -> bool {
        let owner = self.owner(expr);
        owner == function || self.is_inside(owner, function)
    }

    /// Whether the first parameter of a function is what it is called on: Python's `self` and `cls`, and what else a method calls it.
    pub fn takes_receiver(&self, function: FunctionId) -> bool {
        let function = self.function(function);
        let is_plain_method = function.class.is_some() && !function.is_static;
        let is_receiver = |param: &Param| is_plain_method || param.name.is_some_and(|name| matches!(self.str(name), "self" | "cls"));
        self.language.names_receiver() && function.params.first().is_some_and(is_receiver)
    }

    /// The values that a function returns or yields, in order.
    pub fn returned(&self, function: FunctionId) -> Vec<ExprId> {
        let mut out = Vec::new();
        let mut open: Vec<StmtId> = self.function(function).body.iter().rev().copied().collect();
        while let Some(stmt) = open.pop() {
            match &self.stmt(stmt).kind {
                StmtKind::Return(Some(value)) => out.push(*value),
                StmtKind::Expr(value) | StmtKind::Assign { value: Some(value), .. } => {
                    if let ExprKind::Yield(Some(yielded)) = self.kind(*value) {
                        out.push(*yielded);
                    }
                }
                _ => {}
            }
            for block in self.stmt_blocks(stmt).into_iter().rev() {
                open.extend(block.iter().rev().copied());
            }
        }
        out
    }

    /// Whether a method has no code of its own: `pass`, `...`, a docstring, `raise NotImplementedError`.
    pub fn is_abstract(&self, function: FunctionId) -> bool {
        self.function(function).body.iter().all(|&stmt| match &self.stmt(stmt).kind {
            StmtKind::Raise(_) => true,
            StmtKind::Expr(expr) => matches!(self.kind(*expr), ExprKind::Str(_) | ExprKind::Other(_)),
            _ => false,
        })
    }

    /// Whether an object is an enumeration's: it has no entries and spans its whole statement.
    pub fn is_enumeration(&self, object: ExprId) -> bool {
        let expr = self.expr(object);
        let spans = matches!(expr.parent, Parent::Stmt(stmt) if self.stmt(stmt).span == expr.span);
        spans && matches!(&expr.kind, ExprKind::Object(entries) if entries.is_empty())
    }

    /// Dotted name of a function within its module: `Class.method`, `outer.inner`; lambdas have their holder's.
    pub fn qualified(&self, id: FunctionId) -> String {
        let function = self.function(id);
        let mut names: Vec<&str> = function.name.map(|sym| self.str(sym)).into_iter().collect();
        if let Some(class) = function.class {
            let mut at = Some(class);
            while let Some(class) = at {
                names.extend(self.class(class).name.map(|sym| self.str(sym)));
                at = self.class(class).outer;
            }
        }
        let mut parent = function.class.map_or(function.parent, |class| Some(self.class(class).parent));
        while let Some(outer) = parent.filter(|&outer| outer != FunctionId::MODULE) {
            let outer_function = self.function(outer);
            names.extend(outer_function.name.map(|sym| self.str(sym)));
            if let Some(class) = outer_function.class {
                names.extend(self.class(class).name.map(|sym| self.str(sym)));
            }
            parent = outer_function.parent;
        }
        names.reverse();
        names.join(".")
    }
}

/// A call, seen whole.
#[derive(Clone, Copy, Debug)]
pub struct Call<'m> {
    /// The module it is in.
    pub module: &'m Module,
    /// The call expression.
    pub id: ExprId,
    /// What is called.
    pub callee: ExprId,
    /// Arguments.
    pub args: &'m [Arg],
    /// `new` stands before it: it constructs.
    pub is_new: bool,
}

impl<'m> Call<'m> {
    /// The last name of what is called: `c` for `a.b.c(…)`, `f` for `f(…)`.
    pub fn method(&self) -> Option<&'m str> {
        match self.module.kind(self.callee) {
            ExprKind::Attr { name, .. } | ExprKind::Name(name) => Some(self.module.str(*name)),
            _ => None,
        }
    }

    /// As [`Call::method`], interned.
    pub fn method_sym(&self) -> Option<Sym> {
        match self.module.kind(self.callee) {
            ExprKind::Attr { name, .. } | ExprKind::Name(name) => Some(*name),
            _ => None,
        }
    }

    /// What the method is called on.
    pub fn receiver(&self) -> Option<ExprId> {
        match self.module.kind(self.callee) {
            ExprKind::Attr { base, .. } => Some(*base),
            _ => None,
        }
    }

    /// The positional argument at an index; `None` where a spread comes before it.
    pub fn arg(&self, index: usize) -> Option<ExprId> {
        let mut positional = self.args.iter().filter(|arg| arg.name.is_none());
        let before = positional
            .by_ref()
            .take(index)
            .any(|arg| matches!(self.module.kind(arg.value), ExprKind::Spread(_)));
        if before { None } else { positional.next().map(|arg| arg.value) }
    }

    /// The keyword argument of a name.
    pub fn keyword(&self, name: &str) -> Option<ExprId> {
        self.args
            .iter()
            .find(|arg| arg.name.is_some_and(|sym| self.module.str(sym) == name))
            .map(|arg| arg.value)
    }

    /// Whether arguments come through a spread, so that an absence proves nothing.
    pub fn is_open(&self) -> bool {
        self.args
            .iter()
            .any(|arg| matches!(self.module.kind(arg.value), ExprKind::Spread(_)))
    }

    /// The calls of a fluent chain, from the first to this one: `a.b().c().d()` gives `b`, `c`, `d`. `await`s in
    /// between are passed over.
    pub fn chain(&self) -> Vec<Call<'m>> {
        let mut calls = vec![*self];
        let mut at = self.receiver();
        while let Some(id) = at {
            let id = self.module.unawaited(id);
            if let Some(call) = self.module.call(id) {
                calls.push(call);
                at = call.receiver();
            } else if let ExprKind::Attr { base, .. } = self.module.kind(id) {
                at = Some(*base);
            } else {
                break;
            }
        }
        calls.reverse();
        calls
    }

    /// The expression at the start of the fluent chain: `a` for `a.b().c()`.
    pub fn root(&self) -> ExprId {
        let mut at = self.callee;
        loop {
            at = match self.module.kind(at) {
                ExprKind::Attr { base, .. } | ExprKind::Index { base, .. } => *base,
                ExprKind::Call { callee, .. } => *callee,
                ExprKind::Await(inner) => *inner,
                _ => return at,
            };
        }
    }
}
