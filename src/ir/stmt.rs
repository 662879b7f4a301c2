//! The forms of statements.

use serde::{Deserialize, Serialize};

use super::{ClassId, ExprId, FunctionId, Parent, StmtId, Sym};
use crate::source::Span;

/// A sequence of statements.
pub type Block = Box<[StmtId]>;

/// A statement with its place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stmt {
    /// What it is.
    pub kind: StmtKind,
    /// Bytes of its file that it spans.
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
