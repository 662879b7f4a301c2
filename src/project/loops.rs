//! Stand-in.
#![allow(missing_docs, reason = "stand-in")]
use crate::ir::{ExprId, Sym};
use crate::libraries::value::FileId;
use crate::project::eval::Evaluator;
use crate::source::Span;
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    PerRow,
    Constant { count: Option<u32> },
    Retry,
    FirstMatch,
    Cursor,
    Chunk,
    Worker,
    Dependent,
    CacheGuarded,
    Collects,
}
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoopForm {
    For,
    While,
    Comprehension,
    Callback(String),
}
#[derive(Clone, Debug)]
pub struct Loop {
    pub span: Span,
    pub header: Span,
    pub kind: LoopForm,
    pub iterable: Option<ExprId>,
    pub target_names: Vec<Sym>,
    pub verdict: Verdict,
    pub parallel: bool,
}
pub fn around(_e: &Evaluator<'_>, _f: FileId, _x: ExprId) -> Vec<Loop> {
    Vec::new()
}
