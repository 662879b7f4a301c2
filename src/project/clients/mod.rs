//! The repository's own clients, joined to what its server offers: who asks an entry point, and under what.

mod address;
mod graphql;
mod holder;
mod http;
mod left_documents;
mod offered;
mod requests;

pub use graphql::FieldUse;
pub use http::Asker;

use graphql::AskedFields;
use http::Requests;

use super::eval::Code;
use super::graph::Graph;
use crate::ir::FunctionId;
use crate::libraries::entries::{Entry, EntryKind, Often};
use crate::libraries::shared::value::FileId;

/// Asked more seldom than every so many seconds, a route is not one that is always asked.
const RARE: f64 = 60.0;

/// What is known of the repository's own clients.
#[derive(Debug, Default)]
pub struct Clients {
    fields: AskedFields,
    requests: Requests,
}

impl Clients {
    /// Joins the requests and documents of a project to its entry points.
    pub fn of(code: &Code, graph: &Graph) -> Clients {
        Clients {
            fields: AskedFields::of(code, &graph.entries),
            requests: Requests::of(code, graph),
        }
    }

    /// How clients ask the field that a function resolves; `None` where it resolves none, or nothing can be said.
    pub fn field(&self, function: (FileId, FunctionId)) -> Option<&FieldUse> {
        self.fields.of_function(function)
    }

    /// Who asks an entry point over HTTP, the one that polls most often first.
    pub fn askers(&self, entry: &Entry) -> &[Asker] {
        self.requests.of_entry(entry)
    }

    /// Marks the entry points that open pages ask again and again, where each page is a request without a pause, and the fields that no
    /// client asks.
    pub fn mark(&self, entries: &mut [Entry]) {
        for entry in entries.iter_mut() {
            if self.is_unasked(entry) && matches!(entry.often, Often::Read | Often::Act) {
                entry.often = Often::Seldom;
            } else if entry.often == Often::Read && self.polled(entry).is_some() {
                entry.often = Often::Always;
            }
        }
    }

    /// Whether an entry point is a field that none of the clients asks, though they are here.
    pub fn is_unasked(&self, entry: &Entry) -> bool {
        entry.kind == EntryKind::Resolver && self.field(entry.function) == Some(&FieldUse::Nowhere)
    }

    /// How often open pages ask an entry point by themselves, in words: `polled every 5 s by OrderStatus`.
    pub fn polled(&self, entry: &Entry) -> Option<String> {
        let polls = |asker: &&Asker| asker.is_sure && asker.every.is_some_and(|every| every <= RARE);
        let first = self.askers(entry).iter().find(polls)?;
        Some(format!("polled every {} s by {}", first.every?, first.name))
    }

    /// Who asks an entry point, in words; empty where nothing is known.
    pub fn words(&self, entry: &Entry) -> String {
        self.requests.words(entry)
    }
}
