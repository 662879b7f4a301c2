//! What a function that is handed to a call means: stand-in.
use crate::ir::Call;
use crate::libraries::value::{FileId, Resolver};
/// When a callback runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "stand-in")]
pub enum Callback {
    Inline,
    PerElement,
    Later,
    Barrier,
}
/// When a callback runs.
pub fn callback(_r: &dyn Resolver, _f: FileId, _c: Call<'_>, _a: usize) -> Callback {
    Callback::Inline
}
