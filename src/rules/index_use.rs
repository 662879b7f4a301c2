//! Which statements look rows up by a column, and which delete rows of a table.

use std::collections::BTreeMap;

use super::index_demand::{Demand, View, each_statement};
use crate::project::Project;
use crate::project::schema::{Model, Schema};
use crate::statement::{FilterKind, Operation};

/// Steps of a path of relations that are followed.
const MAX_STEPS: usize = 8;

/// Sites by what they use; sites are indexes into the graph's.
#[derive(Clone, Debug, Default)]
pub struct Uses {
    columns: BTreeMap<(usize, String), Vec<usize>>,
    deletes: BTreeMap<usize, Vec<usize>>,
}

impl Uses {
    /// Collects the uses of a project.
    pub fn of(project: &Project) -> Uses {
        let mut uses = Uses::default();
        each_statement(project, &mut |view| uses.statement(view));
        for (site, at) in project.graph.sites.iter().enumerate() {
            let Some(name) = at.query.table() else { continue };
            for path in &at.query.eager {
                uses.eager(&project.schema, name, path, site);
            }
            if let Some((_, relation)) = &at.query.relation {
                uses.related(&project.schema, name, relation, site);
            }
        }
        for sites in uses.columns.values_mut().chain(uses.deletes.values_mut()) {
            sites.sort_unstable();
            sites.dedup();
        }
        uses
    }

    /// The sites that filter or join by a column, or load its rows along with a parent.
    pub fn of_column(&self, table: usize, column: &str) -> &[usize] {
        self.columns.get(&(table, column.to_owned())).map_or(&[], Vec::as_slice)
    }

    /// The sites that delete rows of a table.
    pub fn deletes(&self, table: usize) -> &[usize] {
        self.deletes.get(&table).map_or(&[], Vec::as_slice)
    }

    fn add(&mut self, table: usize, column: &str, site: usize) {
        self.columns.entry((table, column.to_owned())).or_default().push(site);
    }

    fn statement(&mut self, view: &View<'_>) {
        let statement = view.statement;
        if statement.operation == Operation::Delete
            && let Some(table) = view.tables.first().copied().flatten()
        {
            self.deletes.entry(table).or_default().push(view.site);
        }
        let filters = statement.filters.iter().filter(|filter| {
            matches!(
                filter.kind,
                FilterKind::Equality | FilterKind::In | FilterKind::Range | FilterKind::Prefix
            )
        });
        let joined = statement.joins.iter().flat_map(|join| [&join.left, &join.right]);
        for column in filters.map(|filter| &filter.column).chain(joined) {
            if let Some((table, column)) = view.column(column) {
                self.add(table, &column.name, view.site);
            }
        }
    }

    /// Children that are loaded along with their parents are looked up by their foreign key.
    fn eager(&mut self, schema: &Schema, name: &str, path: &str, site: usize) {
        for (parent, child) in children(schema, name, path) {
            for column in child_keys(schema, parent, child) {
                self.add(child.table, &column, site);
            }
        }
    }

    /// The rows of one instance: the models that have the relation to this table.
    fn related(&mut self, schema: &Schema, name: &str, relation: &str, site: usize) {
        let Some(child) = schema.table_index(name) else { return };
        for parent in &schema.models {
            let leads_to = parent.relation(relation).and_then(|relation| schema.model(&relation.target));
            if let Some(model) = leads_to.filter(|model| model.table == child) {
                for column in child_keys(schema, parent, model) {
                    self.add(child, &column, site);
                }
            }
        }
    }
}

/// What loading children along asks of tables that have no foreign key to the parent in the database.
pub fn of_relations(project: &Project) -> Vec<Demand> {
    let schema = &project.schema;
    let mut out = Vec::new();
    for (site, at) in project.graph.sites.iter().enumerate() {
        let Some(name) = at.query.table().filter(|_| !at.query.eager.is_empty()) else {
            continue;
        };
        for (parent, child) in at.query.eager.iter().flat_map(|path| children(schema, name, path)) {
            let Some(table) = schema.tables.get(child.table).filter(|table| !table.open && !table.phantom) else {
                continue;
            };
            for column in child_keys(schema, parent, child) {
                let is_key = table.foreign_keys.iter().any(|key| key.columns.first() == Some(&column));
                if !is_key && table.column(&column).is_some() && !table.is_unique(&[&column]) {
                    out.push(Demand::equality(site, child.table, column));
                }
            }
        }
    }
    out
}

/// Each step of a path of relations that leads from one to many: the two models.
fn children<'a>(schema: &'a Schema, name: &str, path: &str) -> Vec<(&'a Model, &'a Model)> {
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
fn child_keys(schema: &Schema, parent: &Model, child: &Model) -> Vec<String> {
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
fn model_of<'a>(schema: &'a Schema, name: &str) -> Option<&'a Model> {
    let table = schema.table(name)?;
    table.models.first().and_then(|&model| schema.models.get(model))
}
