//! The forms of expressions.

use serde::{Deserialize, Serialize};

use super::{ExprId, FunctionId, Parent, Sym};
use crate::source::Span;

/// An expression with its place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Bytes of its file that it spans.
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
    /// It is an `async for`, which waits for each element.
    pub is_async: bool,
}

/// `lower:upper:step`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Slice {
    /// The first index.
    pub lower: Option<ExprId>,
    /// The index after the last.
    pub upper: Option<ExprId>,
    /// Third part of `a[b:c:d]`.
    pub step: Option<ExprId>,
}

/// A list, set, dict comprehension or generator.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comp {
    /// What it makes: a list, a set, a dict or a generator.
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
    pub props: Box<[ObjectEntry]>,
    /// Elements and expressions inside.
    pub children: Box<[ExprId]>,
}

/// A piece of an f-string or template literal.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum TemplatePart {
    /// Literal text.
    Text(Sym),
    /// An expression whose value stands there: `{x}`, `${x}`.
    Hole(ExprId),
}

/// An entry of a dict or object literal.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ObjectEntry {
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
    Object(Box<[ObjectEntry]>),
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
