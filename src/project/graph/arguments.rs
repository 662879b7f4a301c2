//! What calls pass to parameters that have no annotation.

use rustc_hash::{FxHashMap, FxHashSet};

use super::file::{FileBuilder, FileGraph, Passed};
use crate::ir::{Call, ExprId, FunctionId, Language};
use crate::libraries::shared::value::{FileId, RowModel, Value};
use crate::project::eval::Parameter;
use crate::project::rows::is_loaded;

/// Whether all that has to be loaded later of another one's rows has to be of these.
fn covers(one: &Passed, other: &Passed) -> bool {
    match (&one.query, &other.query) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some(one), Some(other)) => {
            one.eager.iter().all(|path| is_loaded(&other.eager, path))
                && other.deferred.iter().all(|column| one.deferred.contains(column))
                && (other.only.is_empty() || one.only == other.only)
        }
    }
}

/// What calls pass, where they agree. Of rows, those that the most is left to load of; without their query, where there are none such.
pub(super) fn merge_arguments<'f>(files: impl Iterator<Item = &'f FileGraph>) -> FxHashMap<Parameter, Value> {
    let mut merged: FxHashMap<Parameter, Vec<&Passed>> = FxHashMap::default();
    let mut clash: FxHashSet<Parameter> = FxHashSet::default();
    for (key, passed) in files.flat_map(|file| &file.arguments) {
        let known = merged.entry(*key).or_default();
        if known.first().is_some_and(|first| !same_kind(&first.value, &passed.value)) {
            clash.insert(*key);
        } else if !known.iter().any(|known| covers(known, passed)) {
            known.retain(|known| !covers(passed, known));
            known.push(passed);
        }
    }
    merged.retain(|key, _| !clash.contains(key));
    let values = merged.into_iter().filter_map(|(key, passed)| match passed.as_slice() {
        [one] => Some((key, one.value.clone())),
        [first, ..] => Some((key, without_query(&first.value))),
        [] => None,
    });
    values.collect()
}

fn without_query(value: &Value) -> Value {
    match value {
        Value::Row(model, _) => Value::Row(model.clone(), None),
        Value::Many(element) => without_query(element).many(),
        value => value.clone(),
    }
}

/// Whether two callers pass the same kind of thing: rows of one model are one kind whatever query they came from.
fn same_kind(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Row(a, _), Value::Row(b, _)) => a == b,
        (Value::Row(RowModel::Class(file, class), _), Value::Instance(other, instance))
        | (Value::Instance(other, instance), Value::Row(RowModel::Class(file, class), _)) => (file, class) == (other, instance),
        (Value::Many(a), Value::Many(b)) => same_kind(a, b),
        _ => a == b,
    }
}

/// The query of the rows that a value is.
fn source(value: &Value) -> Option<(FileId, ExprId)> {
    match value {
        Value::Row(RowModel::Class(..), source) => *source,
        Value::Many(element) => source(element),
        _ => None,
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
        let shift = usize::from(target.takes_receiver(function));
        for (index, param) in definition.params.iter().enumerate().skip(shift) {
            let says_something = param.annotation.is_some_and(|annotation| target.name(annotation) != Some("Any"));
            let by_name = param.name.and_then(|name| call.keyword(target.str(name)));
            let Some(arg) = by_name.or_else(|| call.arg(index - shift)) else {
                continue;
            };
            let value = self.eval.value(self.file, arg);
            // An annotation says all, but which query a row came from.
            let source = source(&value);
            if says_something && target.language == Language::Python && source.is_none() {
                continue;
            }
            let telling = match &value {
                Value::Unknown | Value::Literal(..) | Value::Function(..) | Value::Query(..) | Value::External(_) => false,
                Value::Many(element) => matches!(**element, Value::Row(..) | Value::Instance(..)),
                _ => true,
            };
            if telling {
                let query = source.and_then(|(at, made)| self.eval.query_at(at, made));
                self.out.arguments.push(((file, function, index), Passed { value, query }));
            }
        }
    }
}
