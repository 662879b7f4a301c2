//! Functions that a library keeps for its models and their rows (`schema.statics.open = function …`): what `this` is in them, and which
//! one a model's attribute is.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::ir::{ExprId, FunctionId};
use crate::libraries::shared::kept_functions::{SchemaFunction, Schemas};
use crate::libraries::shared::query::ModelReceiver;
use crate::libraries::shared::value::FileId;

type Function = (FileId, FunctionId);
type Schema = (FileId, ExprId);

/// Functions that a library keeps for its models and their rows. Those of a schema are held once, however many models it has.
#[derive(Clone, Debug, Default)]
pub struct KeptFunctions {
    /// The schema that keeps a function, and whether it is called on rows; nothing, where it is kept twice.
    keepers: FxHashMap<Function, Option<(Schema, bool)>>,
    /// The model of a schema; nothing, where it has several.
    models: FxHashMap<Schema, Option<String>>,
    /// The schemas of a model, in the order of the files.
    schemas: FxHashMap<String, Vec<Schema>>,
    /// The schemas of the models that a model's rows are some of.
    wholes: FxHashMap<String, Vec<Schema>>,
    by_schema: FxHashMap<Schema, ByName>,
    names: FxHashSet<String>,
}

/// The functions of a schema by their names; nothing, where two have one name.
#[derive(Clone, Debug, Default)]
struct ByName {
    on_models: FxHashMap<String, Option<Function>>,
    on_rows: FxHashMap<String, Option<Function>>,
}

impl ByName {
    fn of(&self, is_row: bool) -> &FxHashMap<String, Option<Function>> {
        if is_row { &self.on_rows } else { &self.on_models }
    }

    fn add(&mut self, kept: &SchemaFunction) {
        let by_name = if kept.is_row { &mut self.on_rows } else { &mut self.on_models };
        let known = by_name.entry(kept.name.clone()).or_insert(Some(kept.function));
        if *known != Some(kept.function) {
            *known = None;
        }
    }
}

impl KeptFunctions {
    /// Joins what the files say of schemas.
    pub(super) fn of(read: &[(FileId, Schemas)]) -> KeptFunctions {
        let mut out = KeptFunctions::default();
        let mut known = FxHashSet::default();
        for (schema, name) in read.iter().flat_map(|(_, schemas)| &schemas.models) {
            if known.insert((name.as_str(), *schema)) {
                let is_first = !out.models.contains_key(schema);
                out.models.insert(*schema, is_first.then(|| name.clone()));
                out.schemas.entry(name.clone()).or_default().push(*schema);
            }
        }
        known.clear();
        for (name, whole) in read.iter().flat_map(|(_, schemas)| &schemas.parts) {
            if known.insert((name.as_str(), *whole)) {
                out.wholes.entry(name.clone()).or_default().push(*whole);
            }
        }
        for kept in read.iter().flat_map(|(_, schemas)| &schemas.functions) {
            if !out.models.contains_key(&kept.schema) {
                continue;
            }
            let keeper = Some((kept.schema, kept.is_row));
            let known = out.keepers.entry(kept.function).or_insert(keeper);
            if *known != keeper {
                *known = None;
            }
            out.by_schema.entry(kept.schema).or_default().add(kept);
            out.names.insert(kept.name.clone());
        }
        out
    }

    /// Whether any model or row has a function of this name.
    pub fn has(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    /// What `this` is in a function; nothing, where it may be one of several models.
    pub fn keeper(&self, function: Function) -> Option<ModelReceiver> {
        let (schema, is_row) = (*self.keepers.get(&function)?)?;
        let model = self.models.get(&schema)?.clone()?;
        Some(ModelReceiver { model, is_row })
    }

    /// The function of a model, or of its rows: its own, or that of the model whose rows they are some of. Nothing, where two have the
    /// name.
    pub fn function(&self, model: &str, name: &str, is_row: bool) -> Option<Function> {
        let of = |schemas: &FxHashMap<String, Vec<Schema>>| {
            let schemas = schemas.get(model)?.iter().filter_map(|schema| self.by_schema.get(schema));
            let mut found = schemas.filter_map(|functions| functions.of(is_row).get(name).copied());
            let first = found.next()?;
            Some(first.filter(|_| found.all(|other| other == first)))
        };
        of(&self.schemas).or_else(|| of(&self.wholes))?
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.keepers.is_empty()
    }
}

#[cfg(test)]
#[path = "kept_functions_tests.rs"]
mod tests;
