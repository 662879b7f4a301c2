//! What calls pass to parameters that have no annotation.

use rustc_hash::{FxHashMap, FxHashSet};

use super::file::{FileBuilder, FileGraph};
use crate::ir::{Call, FunctionId, Language};
use crate::libraries::shared::value::{FileId, Model, Value};
use crate::project::eval::Parameter;

/// What calls pass, where they agree.
pub(super) fn merge_arguments<'f>(files: impl Iterator<Item = &'f FileGraph>) -> FxHashMap<Parameter, Value> {
    let mut merged: FxHashMap<Parameter, Value> = FxHashMap::default();
    let mut clash: FxHashSet<Parameter> = FxHashSet::default();
    for (key, value) in files.flat_map(|file| &file.arguments) {
        match merged.get(key) {
            None => {
                merged.insert(*key, value.clone());
            }
            Some(known) if same_kind(known, value) => {}
            Some(_) => {
                clash.insert(*key);
            }
        }
    }
    merged.retain(|key, _| !clash.contains(key));
    merged
}

/// Whether two callers pass the same kind of thing: rows of one model are one kind whatever query they came from.
fn same_kind(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Row(a, _), Value::Row(b, _)) => a == b,
        (Value::Row(Model::Class(file, class), _), Value::Instance(other, instance))
        | (Value::Instance(other, instance), Value::Row(Model::Class(file, class), _)) => (file, class) == (other, instance),
        (Value::Many(a), Value::Many(b)) => same_kind(a, b),
        _ => a == b,
    }
}

/// Whether a value is rows of a query that is known.
fn is_sourced(value: &Value) -> bool {
    match value {
        Value::Row(Model::Class(..), source) => source.is_some(),
        Value::Many(element) => is_sourced(element),
        _ => false,
    }
}

impl FileBuilder<'_> {
    /// Notes what a call passes to parameters that have no annotation, and rows of queries to the others.
    pub(super) fn pass_arguments(&mut self, call: &Call<'_>, functions: &[(FileId, FunctionId)]) {
        let &[(file, function)] = functions else { return };
        let target = self.code.module(file);
        let definition = target.function(function);
        if call.args.is_empty() || !self.code.takes_few(file, definition) {
            return;
        }
        let is_bound = definition.class.is_some()
            && target.language == Language::Python
            && definition
                .params
                .first()
                .and_then(|param| param.name)
                .is_some_and(|name| matches!(target.str(name), "self" | "cls"));
        let shift = usize::from(is_bound);
        for (index, param) in definition.params.iter().enumerate().skip(shift) {
            let says_something = param.annotation.is_some_and(|annotation| target.name(annotation) != Some("Any"));
            let by_name = param.name.and_then(|name| call.keyword(target.str(name)));
            let Some(arg) = by_name.or_else(|| call.arg(index - shift)) else {
                continue;
            };
            let value = self.eval.value(self.file, arg);
            // An annotation says all, but which query a row came from.
            if says_something && target.language == Language::Python && !is_sourced(&value) {
                continue;
            }
            let telling = match &value {
                Value::Unknown | Value::Literal(..) | Value::Function(..) | Value::Query(..) | Value::External(_) => false,
                Value::Many(element) => matches!(**element, Value::Row(..) | Value::Instance(..)),
                _ => true,
            };
            if telling {
                self.out.arguments.push(((file, function, index), value));
            }
        }
    }
}
