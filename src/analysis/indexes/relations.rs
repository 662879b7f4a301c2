//! Which columns of a child lead to its parent, along a path of relations.

use crate::project::schema::{Schema, SchemaModel, Table};
use crate::statement::RelationDef;

/// Steps of a path of relations that are followed.
const MAX_STEPS: usize = 8;

/// A step along a relation, from one row to many.
pub struct RelationStep<'s> {
    parent: &'s SchemaModel,
    relation: &'s RelationDef,
    /// The model of the many.
    pub child: &'s SchemaModel,
}

/// The steps of a path of relations that lead from one to many.
pub fn children<'s>(schema: &'s Schema, name: &str, path: &str) -> Vec<RelationStep<'s>> {
    let mut out = Vec::new();
    let mut from = schema.model(name).or_else(|| model_of(schema, name));
    for step in path.split('.').take(MAX_STEPS) {
        let Some((parent, relation)) = from.and_then(|model| Some((model, relation_to(model, step)?))) else {
            break;
        };
        from = schema.model(&relation.target);
        let many = from.filter(|_| relation.to_many);
        out.extend(many.map(|child| RelationStep { parent, relation, child }));
    }
    out
}

/// The relation of a model under a name, or the only one to the model that is called so (Sequelize's `include: [Line]`).
fn relation_to<'s>(model: &'s SchemaModel, name: &str) -> Option<&'s RelationDef> {
    model.relation(name).or_else(|| {
        let mut to = model.relations.iter().filter(|relation| relation.target == name);
        to.next().filter(|_| to.next().is_none())
    })
}

/// The relation of a model to a table of others.
pub fn step_to<'s>(schema: &'s Schema, parent: &'s SchemaModel, relation: &str, table: usize) -> Option<RelationStep<'s>> {
    let relation = parent.relation(relation)?;
    let child = schema.model(&relation.target).filter(|model| model.table == table)?;
    Some(RelationStep { parent, relation, child })
}

impl RelationStep<'_> {
    /// The columns of the child that lead to its parent: those of the attribute that the relation says it is the other side of, else the
    /// foreign keys, else those of the child's relations.
    pub fn keys(&self, schema: &Schema) -> Vec<String> {
        let (Some(table), Some(target)) = (schema.tables.get(self.child.table), schema.tables.get(self.parent.table)) else {
            return Vec::new();
        };
        let name = target.full_name();
        let keys = table.foreign_keys.iter().filter(|key| key.target == name);
        let found: Vec<String> = keys.filter_map(|key| key.columns.first().cloned()).collect();
        let other = self.relation.inverse.as_deref();
        // Many on both sides: their pairs are in a table between.
        if other.and_then(|other| self.child.relation(other)).is_some_and(|back| back.to_many) {
            return Vec::new();
        }
        if let Some(key) = other.and_then(|other| self.key_of(table, other)).filter(|key| found.contains(key)) {
            return vec![key];
        }
        if !found.is_empty() {
            return found;
        }
        let back = self.child.relations.iter().filter(|relation| relation.target == self.parent.name);
        back.filter_map(|relation| relation.fields.first())
            .map(|field| table.column_name(field).to_owned())
            .collect()
    }

    /// The column behind an attribute of the child.
    fn key_of(&self, table: &Table, attribute: &str) -> Option<String> {
        let field = self.child.relation(attribute).and_then(|relation| relation.fields.first());
        let name = field.map_or(attribute, String::as_str);
        table.column(name).map(|column| column.name.clone())
    }
}

/// The model of a table that a statement names by the table or by a client's accessor.
fn model_of<'a>(schema: &'a Schema, name: &str) -> Option<&'a SchemaModel> {
    let table = schema.table(name)?;
    table.models.first().and_then(|&model| schema.models.get(model))
}
