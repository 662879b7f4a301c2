//! By what else than the columns that tell rows apart a database can come to the rows of a statement.

use super::{IndexNeed, StatementView, serves};
use crate::judge::columns::{is_few_valued, is_tenant, is_truth};
use crate::libraries::shared::api_names;
use crate::project::schema::{Column, Schema, SchemaModel, Table};
use crate::statement::{ColumnUse, Filter, FilterKind};

/// Steps of a path of relations that are followed.
const MAX_STEPS: usize = 8;

impl<'a> StatementView<'a> {
    /// The conditions of a table that always hold and ask for one value or a few.
    fn firm(&self, at: usize) -> impl Iterator<Item = &'a Filter> {
        let filters = self.statement.filters.iter();
        filters.filter(move |filter| {
            !filter.optional && matches!(filter.kind, FilterKind::Equality | FilterKind::In) && self.place(&filter.column) == Some(at)
        })
    }

    /// The columns of a table that each side of an OR asks for.
    pub(super) fn asked_in_each_case(&self, at: usize, table: &'a Table) -> impl Iterator<Item = &'a Column> {
        let common = self.statement.either.iter().flat_map(|either| &either.common);
        common
            .filter(move |column| self.place(column) == Some(at))
            .filter_map(|column| self.named(table, &column.column))
    }

    /// Whether a firm condition is on a parent's column, and the foreign key to that parent leads an index: the parent is found
    /// first, and its rows by the key.
    pub(super) fn is_found_through(&self, at: usize, table: &Table) -> bool {
        self.firm(at)
            .filter(|filter| filter.literal.is_none())
            .any(|filter| self.leads_through(table, &filter.column))
    }

    fn leads_through(&self, table: &Table, used: &ColumnUse) -> bool {
        let steps: Vec<&str> = used.column.split(['.']).flat_map(|part| part.split("__")).collect();
        let Some((first, rest)) = steps.split_first().filter(|(_, rest)| !rest.is_empty()) else {
            return false;
        };
        let models = table.models.iter().filter_map(|&model| self.schema.models.get(model));
        let mut relations = models.filter_map(|model| model.relation(first));
        let Some(relation) = relations.next().filter(|relation| !relation.to_many) else {
            return false;
        };
        let is_led = relation.fields.first().is_some_and(|field| table.leads(table.column_name(field)));
        is_led
            && self
                .schema
                .model(&relation.target)
                .is_some_and(|parent| leaves_few(self.schema, parent, rest))
    }

    /// Whether an index starts with a column of few values that is compared with one of them, which is neither a truth value nor
    /// NULL: it finds a part of the rows, so that not all are read.
    pub(super) fn has_a_part(&self, at: usize, table: &'a Table) -> bool {
        let told = self
            .firm(at)
            .filter(|filter| !filter.literal.as_deref().is_some_and(api_names::is_state))
            .filter_map(|filter| self.named(table, &filter.column.column));
        told.chain(self.asked_in_each_case(at, table))
            .any(|column| !is_truth(column) && table.leads(&column.name))
    }
}

/// Whether what is read of a statement finds its rows by an index, whatever else it asks.
pub(super) fn is_served(table: &Table, need: &IndexNeed) -> bool {
    table.is_unique(&need.compared()) || table.indexes.iter().any(|index| serves(index, need))
}

/// Whether a column at the end of a path leaves few of the parents: it is none that most of them share a value of.
fn leaves_few(schema: &Schema, parent: &SchemaModel, path: &[&str]) -> bool {
    let mut model = parent;
    for (at, &step) in path.iter().enumerate().take(MAX_STEPS) {
        if api_names::is_step_of_filter(step) {
            continue;
        }
        let Some(table) = schema.tables.get(model.table) else {
            return false;
        };
        if let Some(relation) = model.relation(step) {
            let Some(next) = schema.model(&relation.target) else { return false };
            model = next;
            // The parent's parent itself.
            if at + 1 == path.len() {
                return true;
            }
            continue;
        }
        return table
            .column_in_code(step)
            .is_some_and(|column| !is_few_valued(table, column) && !is_tenant(&column.name));
    }
    false
}
