//! The facts of one file: a pure function of its path and bytes.

use crate::walk::FileKind;

/// What later steps know of a file.
#[derive(Clone, Debug)]
pub struct FileFacts {
    /// Path relative to the root.
    pub path: String,
    /// Kind.
    pub kind: FileKind,
}

/// Reads the facts of a file.
pub fn extract(path: &str, kind: FileKind, _text: &str) -> FileFacts {
    FileFacts {
        path: path.to_owned(),
        kind,
    }
}
