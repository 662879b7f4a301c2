//! The row that a view of one object shows: `self.object` where the class, or one above it, says `model = Crew`.

use super::{Evaluator, Value};
use crate::ir::ClassId;
use crate::libraries::shared::pagination;
use crate::libraries::shared::query::Resolver;
use crate::libraries::shared::value::{FileId, Model};

impl Evaluator<'_> {
    /// A row of the model that a view shows one object of.
    pub(super) fn shown_object(&self, class: (FileId, ClassId)) -> Option<Value> {
        let ancestors = Resolver::ancestors(self, class.0, class.1);
        if !ancestors.iter().any(|ancestor| pagination::shows_one(ancestor)) {
            return None;
        }
        match self.member_value(class.0, class.1, "model", false) {
            Value::Class(at, model) => Some(Value::Row(Model::Class(at, model), None)),
            _ => None,
        }
    }
}
