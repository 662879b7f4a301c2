//! STUB
use crate::ir::{ExprId, FunctionId};
use crate::libraries::value::{FileId, Resolver};
use crate::source::Span;
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind { Route, Page, Action, Resolver, Job, Socket, Startup, Command }
#[derive(Clone, Debug)]
pub struct Entry { pub function: (FileId, FunctionId), pub kind: EntryKind, pub label: String, pub place: Span, pub is_list_capable: bool, pub threaded: bool }
pub fn entries(_r: &dyn Resolver, _f: FileId, _p: &str) -> Vec<Entry> { Vec::new() }
pub fn dependencies(_r: &dyn Resolver, _f: FileId, _fn: FunctionId) -> Vec<ExprId> { Vec::new() }
