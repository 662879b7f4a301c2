//! What query sites ask of a table's indexes: the columns they compare, range over and order by.

use super::columns::{is_few_valued, is_identifying, is_searchable, is_tenant};
use crate::finding::Confidence;
use crate::libraries::value::{Model, Query};
use crate::project::Project;
use crate::project::graph::QuerySite;
use crate::project::schema::{Index, Schema, Table};
use crate::statement::{ColumnUse, Filter, FilterKind, Limit, Operation, Projection, Statement, SubqueryPlace};
use crate::walk::{Role, role};

const MAX_DEPTH: u32 = 6;

/// What one statement asks of one table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Demand {
    /// Index into the graph's sites.
    pub site: usize,
    /// Index into the schema's tables.
    pub table: usize,
    /// Columns compared for equality that tell rows apart, sorted.
    pub equal: Vec<String>,
    /// Columns of few values that are compared too, sorted.
    pub flags: Vec<String>,
    /// Columns compared by range.
    pub range: Vec<String>,
    /// The order.
    pub order: Vec<(String, bool)>,
    /// A limit lets an index in this order stop early.
    pub limited: bool,
    /// A join alone asks for it.
    pub joined: bool,
    /// How sure it is that the statement asks for this.
    pub confidence: Confidence,
}

impl Demand {
    /// The column after those of equality: a range, else the order.
    pub fn tail(&self) -> Option<(&str, bool)> {
        let range = self.range.first().map(|column| (column.as_str(), false));
        range.or_else(|| self.order.first().map(|(column, descending)| (column.as_str(), *descending)))
    }

    /// Every column that is compared.
    fn compared(&self) -> Vec<&str> {
        self.equal
            .iter()
            .chain(&self.flags)
            .chain(&self.range)
            .map(String::as_str)
            .collect()
    }
}

/// All demands of a project, in the order of the sites.
pub fn demands(project: &Project) -> Vec<Demand> {
    let mut out = Vec::new();
    for (index, site) in project.graph.sites.iter().enumerate() {
        let is_program = !matches!(role(project.path(site.file)), Role::Migration | Role::Test | Role::Generated);
        if is_program && !site.query.opaque && !site.query.fetch {
            let own = own_table(project, site);
            of_statement(&project.schema, &site.query, &site.query.statement, own, index, 0, &mut out);
        }
    }
    out
}

/// The table of the first name, where the rows' model says more than the name does.
fn own_table(project: &Project, site: &QuerySite) -> Option<usize> {
    let Some(Model::Class(file, class)) = &site.query.model else {
        return None;
    };
    let module = project.code.module(*file);
    let name = module.class(*class).name.map(|name| module.str(name))?;
    if site.query.table() != Some(name) {
        return None;
    }
    let path = project.path(*file);
    let model = project.schema.models_named(name).find(|model| &*model.file == path)?;
    Some(model.table)
}

/// The table that a name stands for; none where several models share it.
fn table_of(schema: &Schema, name: &str) -> Option<usize> {
    let mut tables = schema.models_named(name).map(|model| model.table);
    let first = tables.next();
    if tables.any(|other| Some(other) != first) {
        return None;
    }
    schema.table_index(name)
}

fn of_statement(schema: &Schema, query: &Query, statement: &Statement, own: Option<usize>, site: usize, depth: u32, out: &mut Vec<Demand>) {
    if depth > MAX_DEPTH {
        return;
    }
    for subquery in &statement.subqueries {
        if subquery.place != SubqueryPlace::Exists {
            of_statement(schema, query, &subquery.statement, None, site, depth + 1, out);
        }
    }
    if matches!(statement.operation, Operation::Insert | Operation::Other) {
        return;
    }
    let tables: Vec<Option<usize>> = statement
        .tables
        .iter()
        .enumerate()
        .map(|(at, table)| own.filter(|_| at == 0).or_else(|| table_of(schema, &table.name)))
        .collect();
    let view = View {
        schema,
        statement,
        tables: &tables,
        open_filters: query.open_filters && depth == 0,
    };
    for at in 0..tables.len() {
        out.extend(view.demand(at, site));
    }
}

/// A statement with its tables looked up.
struct View<'a> {
    schema: &'a Schema,
    statement: &'a Statement,
    tables: &'a [Option<usize>],
    open_filters: bool,
}

impl<'a> View<'a> {
    fn table(&self, at: usize) -> Option<&'a Table> {
        self.tables
            .get(at)
            .copied()
            .flatten()
            .and_then(|index| self.schema.tables.get(index))
    }

    /// The table that a column belongs to, by its place; without one, the only table that has such a column.
    fn place(&self, column: &ColumnUse) -> Option<usize> {
        if column.table.is_some() || self.tables.len() == 1 {
            return column.table.or(Some(0));
        }
        let mut found = (0..self.tables.len()).filter(|&at| self.table(at).is_none_or(|table| table.column(&column.column).is_some()));
        let first = found.next();
        first.filter(|_| found.next().is_none())
    }

    fn demand(&self, at: usize, site: usize) -> Option<Demand> {
        let index = self.tables.get(at).copied().flatten()?;
        let table = self.table(at)?;
        // The same table twice (a self join) leaves open which of the two a condition drives.
        let twice = self.tables.iter().filter(|other| **other == Some(index)).count() > 1;
        if table.open || table.phantom || table.columns.is_empty() || twice {
            return None;
        }
        let mut demand = Demand {
            site,
            table: index,
            equal: Vec::new(),
            flags: Vec::new(),
            range: Vec::new(),
            order: Vec::new(),
            limited: self.statement.limit != Limit::None,
            joined: false,
            confidence: if self.statement.open || self.open_filters {
                Confidence::Medium
            } else {
                Confidence::High
            },
        };
        self.filters(at, table, &mut demand)?;
        self.joins(at, table, &mut demand);
        self.order(at, table, &mut demand);
        for list in [&mut demand.equal, &mut demand.flags] {
            list.sort();
            list.dedup();
        }
        if !demand.limited && demand.equal.is_empty() {
            // All rows are read in any case.
            demand.order.clear();
        }
        let compared = demand.compared();
        let empty = demand.equal.is_empty() && demand.range.is_empty() && demand.order.is_empty();
        (!empty && !table.is_unique(&compared)).then_some(demand)
    }

    /// `None` where a filter is not understood: it may be the one that bounds the statement.
    fn filters(&self, at: usize, table: &Table, demand: &mut Demand) -> Option<()> {
        for filter in &self.statement.filters {
            // A range or a search that is not understood leaves many rows in any case.
            let loose = matches!(
                filter.kind,
                FilterKind::Range | FilterKind::Pattern | FilterKind::Prefix | FilterKind::Negative
            );
            let here = self.place(&filter.column);
            if loose && (here.is_none() || here == Some(at) && table.column(&filter.column.column).is_none()) {
                demand.confidence = Confidence::Medium;
                continue;
            }
            if here != Some(at) {
                here?;
                continue;
            }
            let name = if filter.column.column == "pk" {
                table.primary_key.first().map_or("id", String::as_str)
            } else {
                filter.column.column.as_str()
            };
            let column = table.column(name)?;
            if filter.optional && !self.is_lone(filter) {
                continue;
            }
            if filter.optional {
                demand.confidence = Confidence::Medium;
            }
            match filter.kind {
                FilterKind::Equality | FilterKind::In => {
                    let fixed = filter.literal.is_some();
                    if fixed || is_few_valued(column) || !is_searchable(column) {
                        demand.flags.push(column.name.clone());
                    } else {
                        demand.equal.push(column.name.clone());
                    }
                }
                FilterKind::Range | FilterKind::Prefix => {
                    if !is_few_valued(column) && is_searchable(column) && !demand.range.contains(&column.name) {
                        demand.range.push(column.name.clone());
                    }
                }
                FilterKind::Pattern | FilterKind::Negative => {}
                // An expression or GIN index may serve it: nothing is known of what is left.
                FilterKind::Function | FilterKind::Other => return None,
            }
        }
        Some(())
    }

    /// A condition that applies only sometimes, and no other with it: it stands alone, not in an OR.
    fn is_lone(&self, filter: &Filter) -> bool {
        matches!(filter.kind, FilterKind::Equality | FilterKind::In) && self.statement.filters.len() == 1
    }

    /// A join drives a table that has no filter of its own from one that has.
    fn joins(&self, at: usize, table: &Table, demand: &mut Demand) {
        if !demand.equal.is_empty() || !demand.range.is_empty() {
            return;
        }
        for join in &self.statement.joins {
            let (left, right) = (self.place(&join.left), self.place(&join.right));
            let (mine, other) = match (left, right) {
                (Some(here), Some(there)) if here == at && there != at => (&join.left, there),
                (Some(there), Some(here)) if here == at && there != at => (&join.right, there),
                _ => continue,
            };
            let drives =
                self.statement.filters.iter().any(|filter| {
                    self.place(&filter.column) == Some(other) && matches!(filter.kind, FilterKind::Equality) && !filter.optional
                });
            let Some(column) = table.column(&mine.column) else { continue };
            if drives && !is_few_valued(column) && !table.is_unique(&[&column.name]) {
                demand.equal.push(column.name.clone());
                demand.joined = true;
            }
        }
    }

    /// The order counts where all of it is in this table.
    fn order(&self, at: usize, table: &Table, demand: &mut Demand) {
        let statement = self.statement;
        if demand.joined || statement.grouped || matches!(statement.projection, Projection::Aggregate) {
            return;
        }
        for (column, descending) in &statement.order {
            if self.place(column) != Some(at) {
                return;
            }
            let Some(column) = table.column(&column.column) else { return };
            // The primary key's own index gives this order.
            if table.primary_key.len() == 1 && table.primary_key.first() == Some(&column.name) {
                return;
            }
            demand.order.push((column.name.clone(), *descending));
        }
    }
}

/// Whether an index leaves a demand nothing to ask for.
pub fn serves(index: &Index, demand: &Demand) -> bool {
    if !predicate_fits(index, demand) || index.only {
        return false;
    }
    let compared: Vec<&str> = demand.equal.iter().chain(&demand.flags).map(String::as_str).collect();
    // A key that is an expression of a compared column, or a method other than B-tree, is taken to serve it.
    let other_method = !index.is_btree() || index.keys.first().is_some_and(|key| key.expression);
    if other_method {
        let mut wanted = compared.iter().copied().chain(demand.range.iter().map(String::as_str));
        return index.keys.first().is_some_and(|key| {
            let text = key.column.to_lowercase();
            wanted.any(|column| text.contains(&column.to_lowercase()))
        });
    }
    let used = index
        .columns()
        .take_while(|key| compared.iter().any(|column| column.eq_ignore_ascii_case(key)))
        .count();
    let lead: Vec<&str> = index.columns().take(used).collect();
    let useful = lead
        .iter()
        .filter(|key| demand.equal.iter().any(|column| column.eq_ignore_ascii_case(key)))
        .count();
    let next = index.columns().nth(used);
    let tail_follows = demand.tail().is_none_or(|(tail, _)| {
        next.is_some_and(|next| next.eq_ignore_ascii_case(tail)) || demand.range.iter().any(|range| next == Some(range.as_str()))
    });
    if demand.equal.is_empty() {
        return tail_follows && demand.tail().is_some();
    }
    // An index on one of several columns is enough: few rows are left for the others.
    let selective = demand.equal.len() > 1
        && useful >= 1
        && demand
            .equal
            .iter()
            .any(|column| lead.contains(&column.as_str()) && !is_tenant(column));
    let exact = lead.iter().any(|key| is_identifying(key));
    useful >= 1 && (tail_follows || selective || exact || useful >= 2)
}

/// A partial index is taken to serve what compares one of the columns of its predicate.
fn predicate_fits(index: &Index, demand: &Demand) -> bool {
    let Some(predicate) = &index.predicate else { return true };
    let compared = demand.compared();
    if index.holds_for(&compared) {
        return true;
    }
    let text = predicate.to_lowercase();
    demand.flags.iter().any(|flag| text.contains(&flag.to_lowercase()))
}
