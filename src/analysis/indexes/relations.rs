//! Which columns of a child lead to its parent, along a path of relations.

use crate::project::schema::{Schema, SchemaModel};

/// Steps of a path of relations that are followed.
const MAX_STEPS: usize = 8;

/// Each step of a path of relations that leads from one to many: the two models.
pub fn children<'a>(schema: &'a Schema, name: &str, path: &str) -> Vec<(&'a SchemaModel, &'a SchemaModel)> {
    let mut out = Vec::new();
    let mut from = schema.model(name).or_else(|| model_of(schema, name));
    for step in path.split('.').take(MAX_STEPS) {
        let Some((parent, relation)) = from.and_then(|model| Some((model, model.relation(step)?))) else {
            break;
        };
        from = schema.model(&relation.target);
        out.extend(from.filter(|_| relation.to_many).map(|child| (parent, child)));
    }
    out
}

/// The columns of a child that lead to its parent: a foreign key's, else those of the relation on the child's side.
pub fn child_keys(schema: &Schema, parent: &SchemaModel, child: &SchemaModel) -> Vec<String> {
    let (Some(table), Some(target)) = (schema.tables.get(child.table), schema.tables.get(parent.table)) else {
        return Vec::new();
    };
    let name = target.full_name();
    let keys = table.foreign_keys.iter().filter(|key| key.target == name);
    let found: Vec<String> = keys.filter_map(|key| key.columns.first().cloned()).collect();
    if !found.is_empty() {
        return found;
    }
    let back = child.relations.iter().filter(|relation| relation.target == parent.name);
    back.filter_map(|relation| relation.fields.first())
        .map(|field| table.column_name(field).to_owned())
        .collect()
}

/// The model of a table that a statement names by the table or by a client's accessor.
fn model_of<'a>(schema: &'a Schema, name: &str) -> Option<&'a SchemaModel> {
    let table = schema.table(name)?;
    table.models.first().and_then(|&model| schema.models.get(model))
}
