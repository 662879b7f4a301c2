//! Ways along the relations of models, as dotted names write them.

use crate::project::schema::SchemaModel;
use crate::project::{Project, rows};

/// Relations after each other on the way to what a field shows.
const MAX_HOPS: usize = 6;

/// The model that a way along relations ends at.
pub(super) fn target_of<'p>(project: &'p Project, model: &'p SchemaModel, relations: &[String]) -> Option<&'p SchemaModel> {
    let mut names = relations.iter();
    names.try_fold(model, |model, name| project.schema.model(&model.relation(name)?.target))
}

/// Whether a model has a relation or column at the start of a dotted name.
pub(super) fn knows(project: &Project, model: &SchemaModel, source: &str) -> bool {
    let first = source.split('.').next().unwrap_or(source);
    model.relation(first).is_some() || rows::has_column(project, model, first)
}

/// A path along relations, and whether it leads to many rows.
pub(super) struct RelationPath {
    pub(super) relations: Vec<String>,
    pub(super) to_many: bool,
}

/// The relations at the start of a chain of attributes; `reads_last` when the last one's row itself is read. `None` for
/// the whole object.
pub(super) fn walk<'n>(
    project: &Project,
    model: &SchemaModel,
    names: impl Iterator<Item = &'n str>,
    reads_last: bool,
) -> Option<RelationPath> {
    let names: Vec<&str> = names.collect();
    if names == ["*"] {
        return None;
    }
    let mut walked = RelationPath {
        relations: Vec::new(),
        to_many: false,
    };
    let mut at = Some(model);
    for (position, name) in names.iter().enumerate() {
        let Some(relation) = at.and_then(|model| model.relation(name)) else {
            break;
        };
        let is_last = position + 1 == names.len();
        if is_last && !reads_last {
            break;
        }
        walked.relations.push((*name).to_owned());
        walked.to_many = relation.to_many;
        if relation.to_many || walked.relations.len() > MAX_HOPS {
            break;
        }
        at = project.schema.model(&relation.target);
    }
    Some(walked)
}
