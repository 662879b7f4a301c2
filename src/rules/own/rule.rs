//! A rule of the user's own, as its page says it.

use super::matching::Matching;
use super::message::Message;
use crate::finding::{Confidence, Priority};

/// A rule of the user's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnRule {
    /// The name of its page.
    pub id: String,
    /// The priority that the page says.
    pub priority: Priority,
    /// The confidence that the page says.
    pub confidence: Confidence,
    /// Languages of the files that it looks into, by name.
    pub languages: Vec<String>,
    /// What it looks for.
    pub matching: Matching,
    /// What it says of a place.
    pub message: Message,
    /// What to do about it.
    pub fix: String,
}
