//! What a finding says.

use rustc_hash::FxHashSet;

use super::{Cause, Ends, Place};
use crate::ir::ExprId;
use crate::judge::evidence;
use crate::judge::reach::{Reach, Reached};
use crate::libraries::registry;
use crate::project::Project;
use crate::project::graph::FnId;

/// What the texts of one finding are made of.
pub(super) struct StallWords<'a> {
    pub(super) project: &'a Project,
    pub(super) cause: &'a Cause,
    /// Each place once, the most urgent first.
    pub(super) places: &'a [Place],
    /// The first of them.
    pub(super) first: &'a Place,
    /// The library raises an error on an event loop.
    pub(super) refuses: bool,
    /// The loop runs nothing but the tasks of the function that started it.
    pub(super) is_private: bool,
    /// Who reaches the first place.
    pub(super) reach: &'a Reach,
}

impl StallWords<'_> {
    pub(super) fn title(&self, ends: &Ends) -> String {
        let (what, here) = (evidence::readable(&self.first.name), self.project.short_name(self.first.function));
        match (self.cause, self.first.way.is_empty()) {
            (Cause::Database { library }, _) => {
                let functions = count(self.places);
                let (work, plural) = (registry::sends(library), if functions == 1 { "" } else { "s" });
                format!("Synchronous {work} block the event loop in {functions} async function{plural}")
            }
            (_, true) => format!("`{what}` blocks the event loop in async `{here}`"),
            (Cause::Call { function, .. } | Cause::Helper { function }, false) => format!(
                "async `{here}` blocks the event loop: `{what}`{} in `{}`",
                others(ends, &self.first.name),
                self.project.short_name(*function)
            ),
        }
    }

    /// `most` is how many places are listed.
    pub(super) fn message(&self, most: usize) -> String {
        let mut message = if self.refuses {
            "Django refuses a synchronous statement on an event loop: it raises `SynchronousOnlyOperation`, or blocks the loop where \
             `DJANGO_ALLOW_ASYNC_UNSAFE` is set."
                .to_owned()
        } else {
            let subject = match self.cause {
                Cause::Database { .. } => "a synchronous statement".to_owned(),
                _ => format!("`{}`", evidence::readable(&self.first.name)),
            };
            format!("While {subject} runs, no other {} on this event loop moves on.", self.waiting())
        };
        if self.is_private {
            message.push_str(" The loop is one that a plain function starts and waits for: only its own tasks wait.");
        }
        if self.places.len() > 1 {
            let file = |place: &Place| self.project.graph.function(place.function).file;
            let files = self.places.iter().map(file).collect::<FxHashSet<_>>().len();
            message.push_str(&format!(
                " {} places in {} async functions{} lead to it{}.",
                self.places.len(),
                count(self.places),
                if files > 1 { format!(" of {files} files") } else { String::new() },
                if self.places.len() > most {
                    "; the first are listed"
                } else {
                    "; all are listed"
                }
            ));
        }
        if let Some(label) = &self.reach.label {
            message.push_str(&format!(" Reached from {label}."));
        }
        message
    }

    pub(super) fn impact(&self) -> String {
        let harm = if self.refuses {
            "the statement fails on the event loop".to_owned()
        } else {
            format!("every other {} on this event loop waits meanwhile", self.waiting())
        };
        format!("{harm}{}", evidence::reach_words(self.reach.label.as_deref()))
    }

    /// The finding's identity: without lines and counts.
    pub(super) fn subject(&self) -> String {
        match self.cause {
            Cause::Call { function, name } => format!("{name} in {}", self.project.symbol(*function)),
            Cause::Helper { function } => format!("blocking calls in {}", self.project.symbol(*function)),
            Cause::Database { library } => format!("synchronous {library}"),
        }
    }

    /// Who waits while it runs.
    fn waiting(&self) -> &'static str {
        if self.reach.level == Reached::Request && !self.is_private {
            "request"
        } else {
            "task"
        }
    }
}

/// What else a helper calls that blocks: ` and 2 more`.
fn others(ends: &[(FnId, ExprId, String)], name: &str) -> String {
    let names: FxHashSet<&str> = ends.iter().map(|end| end.2.as_str()).filter(|other| *other != name).collect();
    match names.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    }
}

fn count(places: &[Place]) -> usize {
    places.iter().map(|place| place.function).collect::<FxHashSet<_>>().len()
}
