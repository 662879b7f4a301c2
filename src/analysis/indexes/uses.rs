//! Which statements look rows up by a column, and which delete rows of a table.

use std::collections::BTreeMap;

use super::needs::{View, each_statement};
use super::relations::{child_keys, children};
use crate::project::Project;
use crate::project::schema::Schema;
use crate::statement::{ColumnUse, FilterKind, Operation};

/// Sites by what they use; sites are indexes into the graph's.
#[derive(Clone, Debug, Default)]
pub struct Uses {
    columns: BTreeMap<(usize, String), Vec<usize>>,
    deletes: BTreeMap<usize, Vec<usize>>,
    /// By table and site the columns that a statement gives a value: compared with what is no column of a further table.
    given: BTreeMap<(usize, usize), Vec<String>>,
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

    /// The columns of a table to which a site gives a value, by a condition or by its first table's row.
    pub fn given(&self, table: usize, site: usize) -> &[String] {
        self.given.get(&(table, site)).map_or(&[], Vec::as_slice)
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
        self.note_given(view);
        let joined = statement.joins.iter().flat_map(|join| [&join.left, &join.right]);
        for column in filters.map(|filter| &filter.column).chain(joined) {
            if let Some((table, column)) = view.column(column) {
                self.add(table, &column.name, view.site);
            }
        }
    }

    fn note_given(&mut self, view: &View<'_>) {
        let statement = view.statement;
        let equal = statement.filters.iter().filter(|filter| !filter.optional);
        let equal = equal.filter(|filter| matches!(filter.kind, FilterKind::Equality | FilterKind::In));
        let is_first = |column: &ColumnUse| column.table == Some(0);
        let from_first = statement
            .joins
            .iter()
            .filter_map(|join| match (is_first(&join.left), is_first(&join.right)) {
                (true, false) => Some(&join.right),
                (false, true) => Some(&join.left),
                _ => None,
            });
        for used in equal.map(|filter| &filter.column).chain(from_first) {
            if let Some((table, column)) = view.column(used) {
                self.given.entry((table, view.site)).or_default().push(column.name.clone());
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
