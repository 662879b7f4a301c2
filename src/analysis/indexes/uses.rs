//! Which statements look rows up by a column, and which delete rows of a table.

use std::collections::{BTreeMap, BTreeSet};

use super::needs::{StatementView, each_statement};
use super::relations::{children, step_to};
use crate::ir::ExprId;
use crate::libraries::shared::query::Resolver;
use crate::libraries::shared::value::{FileId, RowModel, Value};
use crate::project::Project;
use crate::project::eval::Evaluator;
use crate::project::schema::{Schema, SchemaModel, Table};
use crate::statement::{ColumnUse, Filter, FilterKind, Join, Operation, Statement};

/// Sites by what they use; sites are indexes into the graph's.
#[derive(Clone, Debug, Default)]
pub struct Uses {
    columns: BTreeMap<(usize, String), Vec<usize>>,
    deletes: BTreeMap<usize, Vec<usize>>,
    /// By table and site what a statement compares the table's columns with.
    given: BTreeMap<(usize, usize), Given>,
}

/// The columns of a table that a statement gives a value.
#[derive(Clone, Debug, Default)]
struct Given {
    /// By a condition.
    by_value: Vec<String>,
    /// By a row of its first table, which a condition of its own has found.
    by_row: Vec<String>,
}

/// The sides of joins by which rows are found. Those of tables with conditions are found by these; a join finds the rows of the other table
/// from there, in whatever order the statement names them: `orders JOIN customers` of all orders finds each customer by its primary key, and
/// no order by its customer.
fn looked_up(statement: &Statement) -> Vec<&ColumnUse> {
    let filters = statement.filters.iter().filter(|filter| !filter.optional && is_look_up(filter));
    let mut found: BTreeSet<usize> = filters.filter_map(|filter| filter.column.table).collect();
    if found.is_empty() {
        found.insert(0);
    }
    let mut sides = Vec::new();
    let mut left: Vec<&Join> = statement.joins.iter().collect();
    loop {
        let before = found.clone();
        let is_found = |column: &ColumnUse| column.table.is_none_or(|table| before.contains(&table));
        let (reached, rest): (Vec<&Join>, Vec<&Join>) = left.into_iter().partition(|join| is_found(&join.left) || is_found(&join.right));
        left = rest;
        for join in reached {
            sides.extend(
                [(&join.right, &join.left), (&join.left, &join.right)]
                    .into_iter()
                    .filter(|(_, from)| is_found(from))
                    .map(|(to, _)| to),
            );
            found.extend(join.left.table.into_iter().chain(join.right.table));
        }
        if found == before {
            break;
        }
    }
    // What no condition leads to is found from the table that comes first.
    sides.extend(left.into_iter().map(|join| {
        if join.left.table < join.right.table {
            &join.right
        } else {
            &join.left
        }
    }));
    sides
}

/// Whether an index finds the rows of a condition: those without a value are most of all, where a column can be empty.
fn is_look_up(filter: &Filter) -> bool {
    filter.finds() && filter.literal.as_deref() != Some("NULL")
}

/// Whether a partial index starts with a column and is for rows that one of the compared columns tells: it is taken to hold those
/// that the statement asks for, for who writes such an index writes it for that statement.
fn leads_a_part(table: &Table, column: &str, compared: &[String]) -> bool {
    let names: Vec<&str> = compared.iter().map(String::as_str).collect();
    let mut parts = table.indexes.iter().filter(|index| index.predicate.is_some() && index.is_btree());
    parts.any(|index| index.columns().next() == Some(column) && index.is_for_rows_of(&names))
}

impl Uses {
    /// Collects the uses of a project.
    pub fn of(project: &Project) -> Uses {
        let mut uses = Uses::default();
        let eval = Evaluator::new(&project.code);
        each_statement(project, &mut |view| uses.statement(view));
        for (site, at) in project.graph.sites.iter().enumerate() {
            let Some(name) = at.query.table() else { continue };
            for path in &at.query.eager {
                uses.eager(&project.schema, name, path, site);
            }
            // What is added through a relation is given the key, and found by nothing.
            let is_found = at.query.statement.operation != Operation::Insert;
            if let Some((owner, relation)) = at.query.relation.as_ref().filter(|_| is_found) {
                let owners = owners(&eval, *owner);
                uses.related(&project.schema, (name, relation), &owners, site);
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

    /// Whether a site finds a table's rows by another column than a foreign key's, of those that an index leads with.
    pub fn spares(&self, (index, table): (usize, &Table), site: usize, key: &str) -> bool {
        let Some(given) = self.given.get(&(index, site)) else {
            return false;
        };
        let is_led = |column: &String| column != key && (table.leads(column) || leads_a_part(table, column, &given.by_value));
        let leads = |columns: &[String]| columns.iter().any(is_led);
        // What a condition asks for itself is not found by the way to it.
        let is_asked = given.by_value.iter().any(|column| column == key);
        leads(&given.by_value) || !is_asked && leads(&given.by_row)
    }

    /// The columns of a table of which a site asks for one value.
    pub fn asked(&self, table: usize, site: usize) -> &[String] {
        self.given.get(&(table, site)).map_or(&[], |given| given.by_value.as_slice())
    }

    fn add(&mut self, table: usize, column: &str, site: usize) {
        self.columns.entry((table, column.to_owned())).or_default().push(site);
    }

    fn statement(&mut self, view: &StatementView<'_>) {
        let statement = view.statement;
        if statement.operation == Operation::Delete
            && let Some(table) = view.tables.first().copied().flatten()
        {
            self.deletes.entry(table).or_default().push(view.site);
        }
        let filters = statement.filters.iter().filter(|filter| is_look_up(filter));
        self.note_given(view);
        let joined = looked_up(statement);
        for column in filters.map(|filter| &filter.column).chain(joined) {
            if let Some((table, column)) = view.column(column) {
                self.add(table, &column.name, view.site);
            }
        }
    }

    fn note_given(&mut self, view: &StatementView<'_>) {
        let statement = view.statement;
        let firm = statement.filters.iter().filter(|filter| !filter.optional);
        let equal: Vec<&ColumnUse> = firm
            .filter(|filter| matches!(filter.kind, FilterKind::Equality | FilterKind::In))
            .map(|filter| &filter.column)
            .collect();
        let is_first = |column: &ColumnUse| column.table == Some(0);
        for used in &equal {
            if let Some((table, column)) = view.column(used) {
                let given = self.given.entry((table, view.site)).or_default();
                given.by_value.push(column.name.clone());
            }
        }
        if !equal.iter().any(|used| is_first(used)) {
            return;
        }
        for join in &statement.joins {
            let other = match (is_first(&join.left), is_first(&join.right)) {
                (true, false) => &join.right,
                (false, true) => &join.left,
                _ => continue,
            };
            if let Some((table, column)) = view.column(other) {
                let given = self.given.entry((table, view.site)).or_default();
                given.by_row.push(column.name.clone());
            }
        }
    }

    /// Children that are loaded along with their parents are looked up by their foreign key.
    fn eager(&mut self, schema: &Schema, name: &str, path: &str, site: usize) {
        for step in children(schema, name, path) {
            for column in step.keys(schema) {
                self.add(step.child.table, &column, site);
            }
        }
    }

    /// The rows of one object by a relation of its model, which is one of these where they are known.
    fn related(&mut self, schema: &Schema, (name, relation): (&str, &str), owners: &[String], site: usize) {
        let Some(child) = schema.table_index(name) else { return };
        let is_owner = |model: &&SchemaModel| owners.is_empty() || owners.contains(&model.name);
        for parent in schema.models.iter().filter(is_owner) {
            let step = step_to(schema, parent, relation, child);
            for column in step.iter().flat_map(|step| step.keys(schema)) {
                self.add(child, &column, site);
            }
        }
    }
}

/// The names of an object's class and of those that it is made from; none where they are not known.
fn owners(eval: &Evaluator<'_>, (file, object): (FileId, ExprId)) -> Vec<String> {
    let (Value::Row(RowModel::Class(at, class), _) | Value::Instance(at, class)) = eval.value(file, object) else {
        return Vec::new();
    };
    let own = eval.lineage(at, class).into_iter();
    own.filter_map(|(at, class)| {
        let module = eval.module(at);
        module.class(class).name.map(|name| module.str(name).to_owned())
    })
    .collect()
}
