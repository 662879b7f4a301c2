//! The row that a view of one object shows: `self.object` where the class, or one above it, says `model = Crew`.

use super::{Evaluator, Value};
use crate::ir::{Call, ClassId, ExprKind};
use crate::libraries::shared::pagination;
use crate::libraries::shared::query::Resolver;
use crate::libraries::shared::value::{FileId, RowModel};
use crate::project::scope::Member;

impl Evaluator<'_> {
    /// A row of the model that a view shows one object of.
    pub(super) fn shown_object(&self, class: (FileId, ClassId)) -> Option<Value> {
        let ancestors = Resolver::ancestors(self, class.0, class.1);
        if !ancestors.iter().any(|ancestor| pagination::shows_one(ancestor)) {
            return None;
        }
        self.object_of(class)
    }

    /// The row that a view's form or serializer saves, in the method that the framework hands it to.
    pub(super) fn saved_object(&self, file: FileId, call: &Call<'_>) -> Option<Value> {
        let module = self.m(file);
        let function = module.function(module.owner(call.id));
        let class = function.class.filter(|_| call.method() == Some("save"))?;
        let saves = pagination::saves(module.str(function.name?));
        let given = function.params.get(1).and_then(|param| param.name)?;
        let is_given = matches!(module.kind(call.receiver()?), ExprKind::Name(name) if *name == given);
        let is_view = || {
            Resolver::ancestors(self, file, class)
                .iter()
                .any(|ancestor| pagination::is_view(ancestor))
        };
        if !saves || !is_given || !is_view() {
            return None;
        }
        // What the form or serializer is of may be another model than what the view lists.
        let told = ["serializer_class", "form_class"].map(|name| self.member_value(file, class, name, false));
        match told.into_iter().find(|told| !matches!(told, Value::Unknown | Value::External(_))) {
            Some(Value::Class(at, form)) => self.meta_model(at, form),
            Some(_) => None,
            None => self.object_of((file, class)),
        }
    }

    /// A row of the model that a form's or a serializer's `Meta` names.
    fn meta_model(&self, file: FileId, class: ClassId) -> Option<Value> {
        let (at, Member::Class(meta)) = self.member(file, class, "Meta")? else {
            return None;
        };
        match self.member_value(at, meta, "model", false) {
            Value::Class(at, model) => Some(Value::Row(RowModel::Class(at, model), None)),
            _ => None,
        }
    }

    /// A row of a view's model, or of what it lists.
    fn object_of(&self, class: (FileId, ClassId)) -> Option<Value> {
        match self.member_value(class.0, class.1, "model", false) {
            Value::Class(at, model) => Some(Value::Row(RowModel::Class(at, model), None)),
            _ => self.listed_object(class),
        }
    }

    /// A row of what a view without a model of its own says that it lists: its `queryset`, or what its method gives.
    fn listed_object(&self, (file, class): (FileId, ClassId)) -> Option<Value> {
        let given = self.member_value(file, class, "queryset", false);
        let rows = match (&given, self.member(file, class, "get_queryset")) {
            (Value::Query(..), _) => given,
            (_, Some((at, Member::Method(function)))) => self.result(at, function),
            _ => return None,
        };
        // What the list loads along, the one row has too.
        Some(self.element(&rows)).filter(|row| matches!(row, Value::Row(..)))
    }
}
