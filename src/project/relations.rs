//! The relations of model classes as the schema knows them, for look-ups by attribute while code is evaluated.

use rustc_hash::FxHashMap;

use super::schema::Schema;
use crate::ir::ClassId;
use crate::libraries::shared::query::Relation;
use crate::libraries::shared::tool::{Tool, Trait};
use crate::libraries::shared::value::FileId;
use crate::statement::Loading;
use crate::syntax::facts::FileFacts;

/// Relations by model and attribute, and by attribute alone where all models agree.
#[derive(Clone, Debug, Default)]
pub struct Relations {
    by_class: FxHashMap<(FileId, ClassId), FxHashMap<String, Relation>>,
    by_name: FxHashMap<String, Option<Relation>>,
    /// Of models whose accessors are attributes in the code, but say less than the schema does: only where they lead.
    mapped: FxHashMap<(FileId, ClassId), FxHashMap<String, Relation>>,
}

/// Classes by the path of their file and their name.
pub(super) type Classes<'f> = FxHashMap<(&'f str, &'f str), (FileId, ClassId)>;

/// Finds the classes of all programs; of two with one name in a file, the first one counts.
pub(super) fn classes(files: &[FileFacts]) -> Classes<'_> {
    let mut classes = Classes::default();
    for (index, facts) in files.iter().enumerate() {
        let Some(module) = &facts.module else { continue };
        let (path, file) = (facts.path.as_str(), FileId(index as u32));
        for (id, class) in module.class_ids() {
            if let Some(name) = class.name {
                classes.entry((path, module.str(name))).or_insert((file, id));
            }
        }
    }
    classes
}

impl Relations {
    /// Takes the relations of models in Python. Django's accessors, unlike those of other libraries, exist only at run time.
    pub(super) fn of(schema: &Schema, classes: &Classes<'_>) -> Relations {
        let mut out = Relations::default();
        let is_mapped = |tool: Tool| tool.has(Trait::RelationsAreMapped);
        let models = schema.models.iter();
        for model in models.filter(|model| {
            model
                .tool
                .is_some_and(|tool| tool.has(Trait::RelationsAreManagers) || is_mapped(tool))
        }) {
            let is_mapped = model.tool.is_some_and(is_mapped);
            let own = classes.get(&(&*model.file, model.name.as_str()));
            for relation in &model.relations {
                let target = schema.model(&relation.target);
                let found = Relation {
                    target: target.map_or_else(|| relation.target.clone(), |target| target.name.clone()),
                    class: target
                        .and_then(|target| classes.get(&(&*target.file, target.name.as_str())))
                        .copied(),
                    to_many: relation.to_many,
                };
                if is_mapped {
                    if let Some(own) = own.filter(|_| relation.loading != Loading::Query) {
                        out.mapped.entry(*own).or_default().insert(relation.name.clone(), found);
                    }
                    continue;
                }
                // The other side may be a model of a library, of which nothing else is known.
                if let (None, Some(name), Some(to_many)) = (target, &relation.inverse, relation.makes_inverse) {
                    let back = Relation {
                        target: model.name.clone(),
                        class: own.copied(),
                        to_many,
                    };
                    out.add_name(name, &back);
                }
                if let Some(own) = own {
                    out.by_class.entry(*own).or_default().insert(relation.name.clone(), found.clone());
                }
                out.add_name(&relation.name, &found);
            }
        }
        out
    }

    /// An attribute that leads to several places leads nowhere for certain.
    fn add_name(&mut self, name: &str, found: &Relation) {
        let known = self.by_name.entry(name.to_owned()).or_insert_with(|| Some(found.clone()));
        if known.as_ref().is_some_and(|known| known != found) {
            *known = None;
        }
    }

    /// Where an attribute of a mapped class leads.
    pub fn leads(&self, model: (FileId, ClassId), attribute: &str) -> Option<&Relation> {
        self.mapped.get(&model)?.get(attribute)
    }

    /// The relation that a model, or one that it inherits from, declares under an attribute.
    pub fn find(&self, model: Option<(FileId, ClassId)>, attribute: &str) -> Option<&Relation> {
        match model {
            Some(model) => self.by_class.get(&model)?.get(attribute),
            None => self.by_name.get(attribute)?.as_ref(),
        }
    }
}
