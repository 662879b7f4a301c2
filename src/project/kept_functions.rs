//! Functions that a library keeps for its models and their rows (`schema.statics.open = function …`): what `this` is in them, and which
//! one a model's attribute is.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::ir::{ExprId, FunctionId};
use crate::libraries::shared::kept_functions::{Kept, Schemas};
use crate::libraries::shared::query::Keeper;
use crate::libraries::shared::value::FileId;

type Function = (FileId, FunctionId);
type Schema = (FileId, ExprId);

/// Functions that a library keeps for its models and their rows. Those of a schema are held once, however many models it has.
#[derive(Clone, Debug, Default)]
pub struct KeptFunctions {
    /// The schema that keeps a function, and whether it is called on rows.
    keepers: FxHashMap<Function, (Schema, bool)>,
    /// The first model of a schema.
    first: FxHashMap<Schema, String>,
    /// The schemas of a model, in the order of the files.
    schemas: FxHashMap<String, Vec<Schema>>,
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

    fn add(&mut self, kept: &Kept) {
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
        let by_file = || {
            read.iter()
                .flat_map(|(file, schemas)| schemas.models.iter().map(move |model| (*file, model)))
        };
        // The model beside its schema comes before those that borrow it.
        let own = by_file().filter(|(file, (schema, _))| *file == schema.0);
        let others = by_file().filter(|(file, (schema, _))| *file != schema.0);
        let mut known = FxHashSet::default();
        for (_, (schema, name)) in own.chain(others) {
            if known.insert((name.as_str(), *schema)) {
                out.first.entry(*schema).or_insert_with(|| name.clone());
                out.schemas.entry(name.clone()).or_default().push(*schema);
            }
        }
        for kept in read.iter().flat_map(|(_, schemas)| &schemas.functions) {
            if !out.first.contains_key(&kept.schema) {
                continue;
            }
            out.keepers.entry(kept.function).or_insert((kept.schema, kept.is_row));
            out.by_schema.entry(kept.schema).or_default().add(kept);
            out.names.insert(kept.name.clone());
        }
        out
    }

    /// Whether any model or row has a function of this name.
    pub fn has(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    /// What `this` is in a function.
    pub fn keeper(&self, function: Function) -> Option<Keeper> {
        let (schema, is_row) = *self.keepers.get(&function)?;
        let model = self.first.get(&schema)?.clone();
        Some(Keeper { model, is_row })
    }

    /// The function of a model, or of its rows; nothing, where two have the name.
    pub fn function(&self, model: &str, name: &str, is_row: bool) -> Option<Function> {
        let schemas = self.schemas.get(model)?.iter().filter_map(|schema| self.by_schema.get(schema));
        let mut found = schemas.filter_map(|functions| functions.of(is_row).get(name).copied());
        let first = found.next()??;
        found.all(|other| other == Some(first)).then_some(first)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.keepers.is_empty()
    }
}

#[cfg(test)]
#[path = "kept_functions_tests.rs"]
mod tests;
