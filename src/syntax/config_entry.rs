//! One setting of a settings file, whatever its form.

use serde::{Deserialize, Serialize};

use crate::source::Span;

/// A setting.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConfigEntry {
    /// Keys from the top; items of lists by their index.
    pub path: Vec<String>,
    /// The value; empty for lists and mappings.
    pub value: String,
    /// Bytes of the file that the key spans.
    pub key: Span,
    /// Where the value is.
    pub span: Span,
}
