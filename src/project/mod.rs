//! The linked project: schema state, query model and call graph.

use crate::coverage::Coverage;
use crate::finding::Strength;
use crate::libraries::facts::FileFacts;

/// A comment that speaks to the tool, with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommentPlace {
    /// Path relative to the root.
    pub file: String,
    /// 1-based line.
    pub line: u32,
    /// Text without the comment signs.
    pub text: String,
    /// First and last line of the function that the comment is for: it stands on the line above the definition (or its
    /// first decorator), or on the definition's first line.
    pub function: Option<(u32, u32)>,
}

/// All files, linked.
#[derive(Clone, Debug, Default)]
pub struct Project {}

impl Project {
    /// Links the facts of all files, which come sorted by path.
    pub fn link(_files: Vec<FileFacts>) -> Project {
        Project {}
    }

    /// Adds what was understood and what was not.
    pub fn cover(&self, _coverage: &mut Coverage) {}

    /// What was checked and is well.
    pub fn strengths(&self) -> Vec<Strength> {
        Vec::new()
    }

    /// Comments that speak to the tool.
    pub fn comments(&self) -> Vec<CommentPlace> {
        Vec::new()
    }
}
