//! What a file defines, and what it imports and exports.

use serde::{Deserialize, Serialize};

use super::expr::Arg;
use super::stmt::Block;
use super::{ClassId, ExprId, FunctionId, Parent, Sym};
use crate::source::Span;

/// A parameter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Param {
    /// Its name; `None` for a pattern.
    pub name: Option<Sym>,
    /// The pattern, for destructured parameters.
    pub pattern: Option<ExprId>,
    /// Type that is written at it.
    pub annotation: Option<ExprId>,
    /// Default value.
    pub default: Option<ExprId>,
    /// How arguments reach it: by place, by name, or as all the others.
    pub kind: ParamKind,
    /// A TypeScript constructor parameter that is also a field (`private readonly db: Db`).
    pub is_field: bool,
    /// The name of its first decorator: `Parent` of `@Parent() ship: Ship`.
    pub decorator: Option<Sym>,
    /// The text that this is given alone: `Note` of `@InjectModel("Note") notes: Model<INote>`.
    pub decorated_with: Option<Sym>,
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
    /// Whether it is declared `async`.
    pub is_async: bool,
    /// Has `yield`.
    pub is_generator: bool,
    /// A lambda, arrow function or function expression.
    pub is_lambda: bool,
    /// Statements of the body; for an arrow function without braces a single `return`.
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
    /// Name that it is declared by; `None` for an anonymous class.
    pub name: Option<Sym>,
    /// The whole definition.
    pub span: Span,
    /// The name's place.
    pub name_span: Span,
    /// Bases: Python's arguments (keywords too, as `table=True`), TypeScript's `extends`; with type arguments
    /// ([`ExprKind::Index`](super::ExprKind::Index)) where it has some.
    pub bases: Box<[Arg]>,
    /// Names of its type parameters, where its head lists them: `class Store<T>`, `class Store[T]`.
    pub type_params: Box<[Sym]>,
    /// Interfaces after `implements`.
    pub implements: Box<[ExprId]>,
    /// Decorators, as they stand from top to bottom.
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

/// One name that an import statement binds, with the module it is from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Import {
    /// The module as written: `a.b`, `..models`, `./x`, `@/lib/db`.
    pub module: Sym,
    /// The name there; `None` for the whole module (`import a.b`, `import * as a`); `default` for a default import; `*` for a star import.
    pub name: Option<Sym>,
    /// The name here (for Python's `import a.b`, `a`).
    pub local: Sym,
    /// Bytes of its file that it spans.
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
    /// Bytes of its file that it spans.
    pub span: Span,
}
