//! Models that a library's connection keeps by name, for look-ups while code is evaluated: `sequelize.models.user`.

use rustc_hash::FxHashMap;

use super::relations::Classes;
use super::schema::Schema;
use crate::ir::ClassId;
use crate::libraries::registry;
use crate::libraries::shared::value::FileId;

/// Models by the names that connections keep them under.
#[derive(Clone, Debug, Default)]
pub struct NamedModels {
    /// The class, where the model is one and no other model has the name.
    by_name: FxHashMap<String, Option<(FileId, ClassId)>>,
}

impl NamedModels {
    /// Takes the models of the schema.
    pub(super) fn of(schema: &Schema, classes: &Classes<'_>) -> NamedModels {
        let mut out = NamedModels::default();
        for model in &schema.models {
            let Some(name) = &model.kept_as else { continue };
            let class = classes.get(&(&*model.file, model.name.as_str())).copied();
            let known = out.by_name.entry(name.clone()).or_insert(class);
            if *known != class {
                *known = None;
            }
        }
        out
    }

    /// The class of a model that is looked up by name at a library's dotted name.
    pub fn class(&self, holder: &str, name: &str) -> Option<(FileId, ClassId)> {
        if self.by_name.is_empty() || !registry::keeps_models(holder) {
            return None;
        }
        *self.by_name.get(name)?
    }

    /// Whether a connection keeps a model of exactly this name.
    pub fn has(&self, name: &str) -> bool {
        self.by_name.contains_key(name)
    }
}
