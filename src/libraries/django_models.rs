//! Stub.
use crate::libraries::ddl::Declared;
use crate::libraries::value::{FileId, Resolver};
/// Reads.
pub fn declared(_resolver: &dyn Resolver, _file: FileId, _path: &str) -> Option<Declared> {
    None
}
