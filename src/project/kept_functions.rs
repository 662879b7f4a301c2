//! Functions that a library keeps for its models and their rows (`schema.statics.open = function …`): what `this` is in them, and which
//! one a model's attribute is.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::ir::FunctionId;
use crate::libraries::shared::kept_functions::Schemas;
use crate::libraries::shared::query::Keeper;
use crate::libraries::shared::value::FileId;

type Function = (FileId, FunctionId);

/// Functions that a library keeps for its models and their rows.
#[derive(Clone, Debug, Default)]
pub struct KeptFunctions {
    keepers: FxHashMap<Function, Keeper>,
    /// By the model's and the function's name; nothing, where two functions have them.
    on_models: FxHashMap<(String, String), Option<Function>>,
    on_rows: FxHashMap<(String, String), Option<Function>>,
    names: FxHashSet<String>,
}

impl KeptFunctions {
    /// Joins what the files say of schemas.
    pub(super) fn of(read: &[(FileId, Schemas)]) -> KeptFunctions {
        let mut models: FxHashMap<_, Vec<&str>> = FxHashMap::default();
        let by_file = || {
            read.iter()
                .flat_map(|(file, schemas)| schemas.models.iter().map(move |model| (*file, model)))
        };
        // The model beside its schema comes before those that borrow it.
        let own = by_file().filter(|(file, (schema, _))| *file == schema.0);
        let others = by_file().filter(|(file, (schema, _))| *file != schema.0);
        for (_, (schema, name)) in own.chain(others) {
            let names = models.entry(*schema).or_default();
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
        let mut out = KeptFunctions::default();
        for kept in read.iter().flat_map(|(_, schemas)| &schemas.functions) {
            for model in models.get(&kept.schema).into_iter().flatten() {
                let keeper = Keeper {
                    model: (*model).to_owned(),
                    is_row: kept.is_row,
                };
                out.keepers.entry(kept.function).or_insert(keeper);
                let by_name = if kept.is_row { &mut out.on_rows } else { &mut out.on_models };
                let key = ((*model).to_owned(), kept.name.clone());
                let known = by_name.entry(key).or_insert(Some(kept.function));
                if *known != Some(kept.function) {
                    *known = None;
                }
                out.names.insert(kept.name.clone());
            }
        }
        out
    }

    /// Whether any model or row has a function of this name.
    pub fn has(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    /// What `this` is in a function.
    pub fn keeper(&self, function: Function) -> Option<&Keeper> {
        self.keepers.get(&function)
    }

    /// The function of a model, or of its rows.
    pub fn function(&self, model: &str, name: &str, is_row: bool) -> Option<Function> {
        let by_name = if is_row { &self.on_rows } else { &self.on_models };
        *by_name.get(&(model.to_owned(), name.to_owned()))?
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.keepers.is_empty()
    }
}
