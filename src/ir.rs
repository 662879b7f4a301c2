//! The language-neutral module: a reduced, symbolic form of a source file.
//!
//! An arena of expressions and statements with parent links, so that "what is this call's result used for" and
//! "which loops enclose it" are walks up, for Python and TypeScript alike. It keeps no syntax tree and no text.

mod index;
#[cfg(test)]
mod index_tests;
mod strings;
mod words;

pub use index::{Index, Setting, Standing};
pub use strings::Strings;
pub use words::Words;

use serde::{Deserialize, Serialize};

use crate::source::Span;

/// The language a module was written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Language {
    /// Python source or stub.
    Python,
    /// TypeScript, JavaScript, with or without JSX.
    TypeScript,
}

impl Language {
    /// Its name, as files of data are called.
    pub fn name(self) -> &'static str {
        match self {
            Language::Python => "python",
            Language::TypeScript => "typescript",
        }
    }
}

/// An interned string of one module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Sym(pub u32);

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub struct $name(pub u32);
        impl $name {
            /// The arena index.
            pub fn index(self) -> usize { self.0 as usize }
        }
    };
}
id!(
    /// An expression of one module.
    ExprId
);
id!(
    /// A statement of one module.
    StmtId
);
id!(
    /// A function of one module; 0 is the module's own body.
    FunctionId
);
id!(
    /// A class of one module.
    ClassId
);

/// The name that a class expression has for the code around it: no program can write it.
pub fn class_symbol(class: ClassId) -> String {
    format!("(class {})", class.0)
}

impl FunctionId {
    /// The pseudo-function that holds the module's top-level statements.
    pub const MODULE: FunctionId = FunctionId(0);
}

/// What directly holds an expression or a statement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Parent {
    /// An enclosing expression.
    Expr(ExprId),
    /// An enclosing statement.
    Stmt(StmtId),
    /// A function: its body, a parameter's default or annotation, or a decorator.
    Function(FunctionId),
    /// A class: its body, a base or a decorator.
    Class(ClassId),
    /// Nothing (outside all that was understood).
    #[default]
    None,
}

/// An expression with its place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where.
    pub span: Span,
    /// What holds it.
    pub parent: Parent,
}

/// A call's argument.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Arg {
    /// Keyword (Python), if any.
    pub name: Option<Sym>,
    /// The value; for `*xs`, `**xs` and `...xs` a [`ExprKind::Spread`].
    pub value: ExprId,
}

/// One `for … in … if …` of a comprehension.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Clause {
    /// The loop variable or pattern.
    pub target: ExprId,
    /// What is iterated.
    pub iterable: ExprId,
    /// The `if` conditions.
    pub conditions: Box<[ExprId]>,
    /// `async for`.
    pub is_async: bool,
}

/// `lower:upper:step`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Slice {
    /// The first index.
    pub lower: Option<ExprId>,
    /// The index after the last.
    pub upper: Option<ExprId>,
    /// The step.
    pub step: Option<ExprId>,
}

/// A list, set, dict comprehension or generator.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comp {
    /// Which.
    pub kind: CompKind,
    /// What it yields: for dicts the key and the value.
    pub elements: Box<[ExprId]>,
    /// Its loops and conditions.
    pub clauses: Box<[Clause]>,
}

/// `<Name prop={value}>children</Name>`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Jsx {
    /// The name; `None` for a fragment.
    pub name: Option<ExprId>,
    /// Properties.
    pub props: Box<[Entry]>,
    /// Elements and expressions inside.
    pub children: Box<[ExprId]>,
}

/// A piece of an f-string or template literal.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum TemplatePart {
    /// Literal text.
    Text(Sym),
    /// A hole.
    Hole(ExprId),
}

/// An entry of a dict or object literal.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// The key; for plain and quoted names a [`ExprKind::Str`]. `None` for a spread.
    pub key: Option<ExprId>,
    /// The value (shorthand `{a}` has the name `a` here; methods are a [`ExprKind::Lambda`]).
    pub value: ExprId,
}

/// The forms of expressions. The rare large ones are boxed: these make up most of the memory of a run.
#[allow(missing_docs, reason = "field names say what they are")]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ExprKind {
    /// A name; `this` in TypeScript is the name `self`.
    Name(Sym),
    /// `base.name`, `base?.name`, `base!.name`.
    Attr { base: ExprId, name: Sym },
    /// `base[index]`; generics in annotations too. A slice is [`ExprKind::Slice`] in the index.
    Index { base: ExprId, index: ExprId },
    /// `lower:upper:step`.
    Slice(Box<Slice>),
    /// A call, or `new` with `is_new`. A tagged template is a call with the template as only argument.
    Call { callee: ExprId, args: Box<[Arg]>, is_new: bool },
    /// A string literal's value; adjacent literals are joined.
    Str(Sym),
    /// An f-string or template literal.
    Template(Box<[TemplatePart]>),
    /// A number.
    Num(f64),
    /// A boolean.
    Bool(bool),
    /// `None`, `null`, `undefined`.
    Null,
    /// A list or array literal.
    List(Box<[ExprId]>),
    /// A tuple, also without parentheses.
    Tuple(Box<[ExprId]>),
    /// A set literal.
    Set(Box<[ExprId]>),
    /// A dict or object literal, or an object pattern.
    Object(Box<[Entry]>),
    /// `await x`.
    Await(ExprId),
    /// `yield x`, `yield* x`, `yield from x`.
    Yield(Option<ExprId>),
    /// A binary operation, comparison, `and`/`or`/`??`; `op` as written (`+`, `==`, `and` for `&&`, `or` for `||`, `in`, `not in`, `is`).
    Binary { op: Sym, left: ExprId, right: ExprId },
    /// `not x` (`!x` too), `-x`, `typeof x`, …
    Unary { op: Sym, operand: ExprId },
    /// `a if t else b`, `t ? a : b`.
    Cond { test: ExprId, then: ExprId, orelse: ExprId },
    /// A lambda, arrow function, function expression, or method in an object literal.
    Lambda(FunctionId),
    /// A list, set, dict comprehension or generator.
    Comp(Box<Comp>),
    /// `*x`, `**x`, `...x`.
    Spread(ExprId),
    /// `a := b`, and an assignment used as an expression.
    Assign { target: ExprId, value: ExprId },
    /// `<Name prop={value}>children</Name>`.
    Jsx(Box<Jsx>),
    /// Anything else, with the expressions inside it.
    Other(Box<[ExprId]>),
}

impl ExprKind {
    /// Calls `visit` on each expression directly inside, in source order (not on a lambda's body).
    pub fn each_child(&self, visit: &mut impl FnMut(ExprId)) {
        match self {
            ExprKind::Name(_) | ExprKind::Str(_) | ExprKind::Num(_) | ExprKind::Bool(_) | ExprKind::Null | ExprKind::Lambda(_) => {}
            ExprKind::Attr { base, .. } => visit(*base),
            ExprKind::Index { base, index } => {
                visit(*base);
                visit(*index);
            }
            ExprKind::Slice(slice) => [slice.lower, slice.upper, slice.step].into_iter().flatten().for_each(&mut *visit),
            ExprKind::Call { callee, args, .. } => {
                visit(*callee);
                args.iter().for_each(|arg| visit(arg.value));
            }
            ExprKind::Template(parts) => parts.iter().for_each(|part| {
                if let TemplatePart::Hole(hole) = part {
                    visit(*hole);
                }
            }),
            ExprKind::List(items) | ExprKind::Tuple(items) | ExprKind::Set(items) | ExprKind::Other(items) => {
                items.iter().for_each(|&child| visit(child));
            }
            ExprKind::Object(entries) => entries.iter().for_each(|entry| {
                entry.key.into_iter().for_each(&mut *visit);
                visit(entry.value);
            }),
            ExprKind::Await(inner) | ExprKind::Spread(inner) => visit(*inner),
            ExprKind::Yield(inner) => inner.iter().for_each(|&child| visit(child)),
            ExprKind::Binary { left, right, .. } => {
                visit(*left);
                visit(*right);
            }
            ExprKind::Unary { operand, .. } => visit(*operand),
            ExprKind::Cond { test, then, orelse } => [test, then, orelse].into_iter().for_each(|&child| visit(child)),
            ExprKind::Comp(comp) => {
                comp.elements.iter().for_each(|&child| visit(child));
                for clause in &comp.clauses {
                    visit(clause.target);
                    visit(clause.iterable);
                    clause.conditions.iter().for_each(|&child| visit(child));
                }
            }
            ExprKind::Assign { target, value } => {
                visit(*target);
                visit(*value);
            }
            ExprKind::Jsx(element) => {
                element.name.iter().copied().for_each(&mut *visit);
                for entry in &element.props {
                    entry.key.into_iter().for_each(&mut *visit);
                    visit(entry.value);
                }
                element.children.iter().for_each(|&child| visit(child));
            }
        }
    }
}

/// Kinds of comprehensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CompKind {
    /// `[…]`
    List,
    /// `{…}`
    Set,
    /// `{k: v …}`
    Dict,
    /// `(…)`
    Generator,
}

/// A sequence of statements.
pub type Block = Box<[StmtId]>;

/// A statement with its place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stmt {
    /// What it is.
    pub kind: StmtKind,
    /// Where.
    pub span: Span,
    /// What holds it.
    pub parent: Parent,
}

/// Kinds of loops as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LoopKind {
    /// `for x in xs`, `for (const x of xs)`, `for (const k in o)`.
    ForEach,
    /// `for (init; test; update)`.
    ForCounter,
    /// `while`, `do … while`.
    While,
}

/// The forms of statements.
#[allow(missing_docs, reason = "field names say what they are")]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum StmtKind {
    /// An expression for its effect.
    Expr(ExprId),
    /// `target = value`, `const target = value`, `target += value` (`op` is `+`), `target: annotation`.
    Assign {
        target: ExprId,
        value: Option<ExprId>,
        annotation: Option<ExprId>,
        op: Option<Sym>,
    },
    /// `return x`; an arrow function's expression body is one too.
    Return(Option<ExprId>),
    /// `raise x`, `throw x`.
    Raise(Option<ExprId>),
    /// `break`.
    Break,
    /// `continue`.
    Continue,
    /// `if`; `elif` nests in `orelse`.
    If { test: ExprId, then: Block, orelse: Block },
    /// Any loop. `target` and `iterable` for [`LoopKind::ForEach`]; `test` for the others.
    Loop {
        kind: LoopKind,
        is_async: bool,
        target: Option<ExprId>,
        iterable: Option<ExprId>,
        test: Option<ExprId>,
        /// `for (init;;update)`.
        header: Box<[StmtId]>,
        body: Block,
    },
    /// `try`; `finally` after the handlers.
    Try {
        body: Block,
        handlers: Box<[Block]>,
        orelse: Block,
        finally: Block,
    },
    /// `with a as b`: pairs of value and target.
    With {
        items: Box<[(ExprId, Option<ExprId>)]>,
        is_async: bool,
        body: Block,
    },
    /// `switch`, `match`: the subject and the cases' bodies.
    Switch { subject: ExprId, cases: Box<[Block]> },
    /// A named function.
    Function(FunctionId),
    /// A class.
    Class(ClassId),
    /// Any other statement, with the expressions inside it.
    Other(Box<[ExprId]>),
}

/// A parameter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Param {
    /// Its name; `None` for a pattern.
    pub name: Option<Sym>,
    /// The pattern, for destructured parameters.
    pub pattern: Option<ExprId>,
    /// Annotation.
    pub annotation: Option<ExprId>,
    /// Default value.
    pub default: Option<ExprId>,
    /// Kind.
    pub kind: ParamKind,
    /// A TypeScript constructor parameter that is also a field (`private readonly db: Db`).
    pub is_field: bool,
}

/// Kinds of parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ParamKind {
    /// By position or keyword.
    Plain,
    /// `*args`, `...args`.
    Rest,
    /// `**kwargs`.
    Keywords,
    /// After `*`.
    KeywordOnly,
}

/// A function, method, lambda, arrow function, or (index 0) the module's own body.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Function {
    /// Name; for a function bound to a name (`const f = () => …`, `f: () => …`) that name; `None` when anonymous.
    pub name: Option<Sym>,
    /// The whole definition, without decorators.
    pub span: Span,
    /// The name's place, or the start.
    pub name_span: Span,
    /// Parameters in order (Python's `self` included).
    pub params: Box<[Param]>,
    /// Decorators, first outermost.
    pub decorators: Box<[ExprId]>,
    /// Return annotation.
    pub returns: Option<ExprId>,
    /// `async`.
    pub is_async: bool,
    /// Has `yield`.
    pub is_generator: bool,
    /// A lambda, arrow function or function expression.
    pub is_lambda: bool,
    /// Body.
    pub body: Block,
    /// The first expression of its parameters and body, and the first after them; those of inner functions lie between.
    pub exprs: (ExprId, ExprId),
    /// The class whose method it is.
    pub class: Option<ClassId>,
    /// The enclosing function; `None` only for the module.
    pub parent: Option<FunctionId>,
    /// The expression (lambda) or statement (named) that defines it.
    pub definition: Parent,
    /// The property decorator or a `get` accessor.
    pub is_property: bool,
    /// `static` or a static/class method.
    pub is_static: bool,
    /// `'use server'` or `'use client'` at its head (index 0: the file's).
    pub directive: Option<Sym>,
}

/// A class, interface-less.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Class {
    /// Name.
    pub name: Option<Sym>,
    /// The whole definition.
    pub span: Span,
    /// The name's place.
    pub name_span: Span,
    /// Bases: Python's arguments (keywords too, as `table=True`), TypeScript's `extends`.
    pub bases: Box<[Arg]>,
    /// `implements`.
    pub implements: Box<[ExprId]>,
    /// Decorators.
    pub decorators: Box<[ExprId]>,
    /// Statements of the body: fields as [`StmtKind::Assign`], methods as [`StmtKind::Function`], nested classes.
    pub body: Block,
    /// The enclosing function.
    pub parent: FunctionId,
    /// The enclosing class.
    pub outer: Option<ClassId>,
    /// An interface or a type with members: fields carry annotations only.
    pub is_interface: bool,
}

/// An imported name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Import {
    /// The module as written: `a.b`, `..models`, `./x`, `@/lib/db`.
    pub module: Sym,
    /// The name there; `None` for the whole module (`import a.b`, `import * as a`); `default` for a default import; `*` for a star import.
    pub name: Option<Sym>,
    /// The name here (for Python's `import a.b`, `a`).
    pub local: Sym,
    /// Where.
    pub span: Span,
    /// The function it stands in.
    pub function: FunctionId,
    /// Only for types.
    pub is_type: bool,
}

/// An exported name (TypeScript; in Python every top-level name is exported).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Export {
    /// The name outside; `default`; `*` for a re-export of all.
    pub name: Sym,
    /// The name here, or the name in `from`.
    pub local: Option<Sym>,
    /// The expression, for `export default expr`.
    pub value: Option<ExprId>,
    /// Re-exported from this module.
    pub from: Option<Sym>,
}

/// A comment that speaks to the tool (holds `perfaudit:`), or that a fixture annotates.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comment {
    /// Text without the comment signs.
    pub text: String,
    /// Where.
    pub span: Span,
}

/// One source file in reduced form.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Module {
    /// Language.
    pub language: Language,
    /// Interned strings.
    pub strings: Strings,
    /// A filter over them.
    pub words: Words,
    /// Expressions.
    pub exprs: Vec<Expr>,
    /// The calls among them: what most rules look for, and a tenth of all.
    pub calls: Box<[ExprId]>,
    /// Statements.
    pub stmts: Vec<Stmt>,
    /// Functions; index 0 is the module's body.
    pub functions: Vec<Function>,
    /// Classes.
    pub classes: Vec<Class>,
    /// Imports, in order.
    pub imports: Vec<Import>,
    /// Exports, in order.
    pub exports: Vec<Export>,
    /// Comments with `perfaudit:`.
    pub comments: Vec<Comment>,
    /// Ranges that did not parse; facts are taken outside of them.
    pub broken: Vec<Span>,
    /// What was worked out of all that so far.
    #[serde(skip)]
    pub index: Index,
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

    /// A function.
    pub fn function(&self, id: FunctionId) -> &Function {
        &self.functions[id.index()]
    }

    /// A class.
    pub fn class(&self, id: ClassId) -> &Class {
        &self.classes[id.index()]
    }

    /// All expressions with their ids.
    pub fn expr_ids(&self) -> impl Iterator<Item = (ExprId, &Expr)> {
        self.exprs.iter().enumerate().map(|(index, expr)| (ExprId(index as u32), expr))
    }

    /// The ids of all calls.
    pub fn call_ids(&self) -> impl Iterator<Item = ExprId> {
        self.calls.iter().copied()
    }

    /// The ids of the calls in a function's parameters and body, inner functions included.
    pub fn call_ids_in(&self, function: FunctionId) -> impl ExactSizeIterator<Item = ExprId> {
        let (first, end) = self.function(function).exprs;
        let at = |bound: ExprId| self.calls.partition_point(|&id| id < bound);
        self.calls[at(first)..at(end).max(at(first))].iter().copied()
    }

    /// All calls.
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

    /// Whether a function stands inside another one.
    pub fn is_inside(&self, function: FunctionId, outer: FunctionId) -> bool {
        std::iter::successors(self.function(function).parent, |&at| self.function(at).parent).any(|at| at == outer)
    }

    /// Whether an expression belongs to a function or to one inside it.
    pub fn is_within(&self, expr: ExprId, function: FunctionId) -> bool {
        let owner = self.owner(expr);
        owner == function || self.is_inside(owner, function)
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
    /// `new`.
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
