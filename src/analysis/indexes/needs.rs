//! What query sites ask of a table's indexes: the columns they compare, range over and order by.

mod optional;
mod owner;
mod ways_in;

use rustc_hash::FxHashMap;

use super::relations::children;
use crate::finding::Confidence;
use crate::judge::columns::{is_few_valued, is_identifying, is_searchable, is_tenant};
use crate::libraries::shared::value::RowModel;
use crate::project::Project;
use crate::project::graph::QuerySite;
use crate::project::schema::{Column, Index, Schema, Table};
use crate::statement::{ColumnUse, Filter, FilterKind, Operation, Projection, RowLimit, Statement, SubqueryPlace};
use crate::vocabulary::List;
use crate::walk::FileRole;
use ways_in::is_served;

const MAX_DEPTH: u32 = 6;
/// Columns of an order that an index follows.
const MAX_ORDER: usize = 2;

/// What one statement asks of one table.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct IndexNeed {
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
    /// Columns of the ORDER BY in their order, each with whether it is descending.
    pub order: Vec<(String, bool)>,
    /// Columns that are always compared with the same literal (`NULL`, `true`), with it.
    pub fixed: Vec<(String, String)>,
    /// All columns that the statement reads of the table, where it names them.
    pub reads: Option<Vec<String>>,
    /// A limit lets an index in this order stop early.
    pub limited: bool,
    /// Columns that a join compares with a table which has a filter of its own: with the others, they find rows too.
    pub linked: Vec<String>,
    /// That filter finds one row: what the joins compare finds the rows without the others.
    pub by_one_row: bool,
    /// A join alone asks for it.
    pub joined: bool,
    /// How sure it is that the statement asks for this.
    pub confidence: Confidence,
}

impl IndexNeed {
    /// What a lookup by one column asks.
    pub fn equality(site: usize, table: usize, column: String) -> IndexNeed {
        IndexNeed {
            site,
            table,
            equal: vec![column],
            flags: Vec::new(),
            range: Vec::new(),
            order: Vec::new(),
            fixed: Vec::new(),
            reads: None,
            limited: false,
            linked: Vec::new(),
            by_one_row: false,
            joined: false,
            confidence: Confidence::Medium,
        }
    }

    /// The column after those of equality: a range, else the order.
    pub fn tail(&self) -> Option<(&str, bool)> {
        self.tails().into_iter().next()
    }

    /// The columns after those of equality: a range, else those of the order that go the same way.
    pub fn tails(&self) -> Vec<(&str, bool)> {
        let first = self.order.first();
        if let Some(range) = self.range.first() {
            let same = first.filter(|(column, _)| column == range);
            return vec![(range, same.is_some_and(|(_, descending)| *descending))];
        }
        let way = first.is_some_and(|(_, descending)| *descending);
        let run = self.order.iter().take(MAX_ORDER).take_while(|(_, descending)| *descending == way);
        run.map(|(column, descending)| (column.as_str(), *descending)).collect()
    }

    /// Every column that is compared.
    pub(super) fn compared(&self) -> Vec<&str> {
        self.equal
            .iter()
            .chain(&self.flags)
            .chain(&self.range)
            .map(String::as_str)
            .collect()
    }
}

/// All needs of a project, in the order of the sites.
pub fn index_needs(project: &Project) -> Vec<IndexNeed> {
    let mut out = Vec::new();
    each_statement(project, &mut |view| {
        if !view.in_exists && !matches!(view.statement.operation, Operation::Insert | Operation::Other) {
            (0..view.tables.len()).for_each(|at| view.need(at, &mut out));
        }
    });
    out.extend(of_relations(project));
    let mut by_name: TablesByName<'_> = FxHashMap::default();
    for (at, table) in project.schema.tables.iter().enumerate() {
        by_name.entry((&table.name, table.schema.as_deref())).or_default().push(at);
    }
    let twins: Vec<IndexNeed> = out.iter().flat_map(|need| twins(&project.schema, &by_name, need)).collect();
    out.extend(twins);
    out.sort_by_key(|need| need.site);
    out
}

/// The needs of each table of the schema, in its order.
pub fn by_table<'d>(project: &Project, needs: &'d [IndexNeed]) -> Vec<Vec<&'d IndexNeed>> {
    let mut tables: Vec<Vec<&IndexNeed>> = vec![Vec::new(); project.schema.tables.len()];
    for need in needs {
        if let Some(list) = tables.get_mut(need.table) {
            list.push(need);
        }
    }
    tables
}

/// The tables of a name and a schema, in their order.
type TablesByName<'s> = FxHashMap<(&'s str, Option<&'s str>), Vec<usize>>;

/// A schema that is declared for several databases has each table once for each.
fn twins(schema: &Schema, by_name: &TablesByName<'_>, need: &IndexNeed) -> Vec<IndexNeed> {
    let Some(own) = schema.tables.get(need.table) else {
        return Vec::new();
    };
    let same = by_name.get(&(own.name.as_str(), own.schema.as_deref())).into_iter().flatten();
    let others = same
        .filter(|at| **at != need.table)
        .filter_map(|&at| Some((at, schema.tables.get(at)?)));
    let names = |list: &[String], table: &Table| {
        list.iter()
            .all(|name| table.column(name).is_some_and(|column| column.name == *name))
    };
    others
        .filter(|(_, table)| {
            let ordered = need.order.iter().all(|(name, _)| table.column(name).is_some());
            ordered && names(&need.equal, table) && names(&need.range, table) && names(&need.flags, table)
        })
        .map(|(at, _)| IndexNeed {
            table: at,
            reads: None,
            ..need.clone()
        })
        .collect()
}

/// Shows every statement of the program that reaches the database, subqueries before the statement around them.
pub fn each_statement(project: &Project, see: &mut dyn FnMut(&StatementView<'_>)) {
    for (index, site) in project.graph.sites.iter().enumerate() {
        let is_program = !matches!(project.role(site.file), FileRole::Migration | FileRole::Test | FileRole::Generated);
        if is_program {
            of_site(project, index, see);
        }
    }
}

/// Shows the statement of a site, its subqueries before it; nothing where it was not understood or runs elsewhere.
pub fn of_site(project: &Project, index: usize, see: &mut dyn FnMut(&StatementView<'_>)) {
    let Some(site) = project
        .graph
        .sites
        .get(index)
        .filter(|site| !site.query.opaque && !site.query.fetch)
    else {
        return;
    };
    let around = StatementView {
        schema: &project.schema,
        statement: &site.query.statement,
        tables: &[],
        open_filters: site.query.open_filters,
        site: index,
        in_exists: false,
        owner: site.query.relation.as_ref().map(|(_, name)| name.as_str()),
    };
    around.walk(own_table(project, site), 0, see);
}

/// The table of the first name, where the rows' model says more than the name does.
fn own_table(project: &Project, site: &QuerySite) -> Option<usize> {
    let Some(RowModel::Class(file, class)) = &site.query.model else {
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

/// A statement with its tables looked up.
#[derive(Clone, Copy)]
pub struct StatementView<'a> {
    /// The schema that the statement's tables are looked up in.
    schema: &'a Schema,
    /// The statement whose conditions are read.
    pub statement: &'a Statement,
    /// Its tables: indexes into the schema's.
    pub tables: &'a [Option<usize>],
    /// More conditions can hold than the statement knows.
    pub open_filters: bool,
    /// Index into the graph's sites.
    pub site: usize,
    /// It stands in an EXISTS.
    pub in_exists: bool,
    /// The relation whose rows are asked for: `lines` of `order.lines.filter(…)`.
    owner: Option<&'a str>,
}

impl<'a> StatementView<'a> {
    fn walk(self, own: Option<usize>, depth: u32, see: &mut dyn FnMut(&StatementView<'_>)) {
        if depth > MAX_DEPTH {
            return;
        }
        for subquery in &self.statement.subqueries {
            let inner = StatementView {
                statement: &subquery.statement,
                open_filters: false,
                owner: None,
                in_exists: self.in_exists || subquery.place == SubqueryPlace::Exists,
                ..self
            };
            inner.walk(None, depth + 1, see);
        }
        let named = self.statement.tables.iter().enumerate();
        let tables: Vec<Option<usize>> = named
            .map(|(at, table)| own.filter(|_| at == 0).or_else(|| table_of(self.schema, &table.name)))
            .collect();
        see(&StatementView { tables: &tables, ..self });
    }

    /// The table and the column in it that a column of the statement is.
    pub fn column(&self, column: &ColumnUse) -> Option<(usize, &'a Column)> {
        let at = self.place(column)?;
        let index = self.tables.get(at).copied().flatten()?;
        Some((index, self.named(self.table(at)?, &column.column)?))
    }

    fn table(&self, at: usize) -> Option<&'a Table> {
        self.tables
            .get(at)
            .copied()
            .flatten()
            .and_then(|index| self.schema.tables.get(index))
    }

    /// The table that a column belongs to, by its place; without one, the only table that has such a column.
    pub fn place(&self, column: &ColumnUse) -> Option<usize> {
        if column.table.is_some() || self.tables.len() == 1 {
            return column.table.or(Some(0));
        }
        let mut found =
            (0..self.tables.len()).filter(|&at| self.table(at).is_none_or(|table| table.column_in_code(&column.column).is_some()));
        let first = found.next();
        first.filter(|_| found.next().is_none())
    }

    fn need(&self, at: usize, out: &mut Vec<IndexNeed>) {
        let (Some(index), Some(table)) = (self.tables.get(at).copied().flatten(), self.table(at)) else {
            return;
        };
        // The same table twice (a self join) leaves open which of the two a condition drives.
        let twice = self.tables.iter().filter(|other| **other == Some(index)).count() > 1;
        let may_be_served = table.indexes.iter().any(Index::is_unclear);
        if table.open || table.phantom || table.columns.is_empty() || twice || may_be_served {
            return;
        }
        let mut need = self.blank(index);
        let Some(sometimes) = self.filters(at, table, &mut need) else {
            return;
        };
        if !self.owned(at, table, &mut need) {
            return;
        }
        self.joins(at, table, &mut need);
        self.order(at, table, &mut need);
        if self.is_left_to_a_function(at, &mut need) {
            return;
        }
        for list in [&mut need.equal, &mut need.flags] {
            list.sort();
            list.dedup();
        }
        // What is compared for equality too has one value: no range, no order.
        need.range.retain(|column| !need.equal.contains(column));
        need.order.retain(|(column, _)| !need.equal.contains(column));
        need.fixed.sort();
        need.fixed.dedup();
        if !need.limited && need.equal.is_empty() {
            // All rows are read in any case.
            need.order.clear();
        }
        if table.is_unique(&need.compared()) {
            return;
        }
        if need.equal.is_empty() && sometimes.is_empty() && self.has_a_part(at, table) {
            return;
        }
        if need.equal.is_empty() {
            // Each of the ways to ask for one row needs an index of its own: `a = ? OR b = ?`.
            out.extend(sometimes.into_iter().map(|column| IndexNeed::equality(self.site, index, column)));
        }
        if !need.equal.is_empty() || !need.range.is_empty() || !need.order.is_empty() {
            out.push(need);
        }
    }

    fn blank(&self, table: usize) -> IndexNeed {
        IndexNeed {
            site: self.site,
            table,
            equal: Vec::new(),
            flags: Vec::new(),
            range: Vec::new(),
            order: Vec::new(),
            fixed: Vec::new(),
            reads: self.reads(),
            limited: self.statement.limit != RowLimit::None,
            linked: Vec::new(),
            by_one_row: false,
            joined: false,
            confidence: if self.statement.open || self.open_filters {
                Confidence::Medium
            } else {
                Confidence::High
            },
        }
    }

    /// Takes the filters of a table. `None` where one is not understood: it may be the one that bounds the statement. Else the
    /// columns that tell rows apart and are compared only sometimes.
    fn filters(&self, at: usize, table: &Table, need: &mut IndexNeed) -> Option<Vec<String>> {
        let mut sometimes = Vec::new();
        let mut is_bounded = false;
        for filter in &self.statement.filters {
            // A range or a search that is not understood leaves many rows in any case.
            let loose = filter.kind.is_loose();
            let here = self.place(&filter.column);
            let column = if here == Some(at) {
                self.named(table, &filter.column.column)
            } else {
                None
            };
            if loose && (here.is_none() || here == Some(at) && column.is_none()) {
                need.confidence = Confidence::Medium;
                continue;
            }
            if here.is_some_and(|here| here != at) {
                continue;
            }
            // No index of columns serves a function: the other conditions want theirs.
            if filter.kind == FilterKind::Function && !table.indexes.iter().any(serves_by_text) {
                need.confidence = Confidence::Medium;
                continue;
            }
            // An expression or GIN index may serve it: nothing is known of what is left.
            if filter.kind.is_wrapped() || filter.kind == FilterKind::Other {
                return None;
            }
            let Some(column) = column else {
                is_bounded = true;
                continue;
            };
            let is_equality = matches!(filter.kind, FilterKind::Equality | FilterKind::In);
            if filter.optional && !self.is_lone(filter) {
                let finds_few =
                    is_identifying(&column.name) || self.is_of_two(filter) && !is_few_valued(table, column) && is_searchable(column);
                if is_equality && filter.literal.is_none() && finds_few && !table.leads(&column.name) {
                    sometimes.push(column.name.clone());
                }
                continue;
            }
            if filter.optional {
                need.confidence = Confidence::Medium;
            }
            if is_equality {
                let literal = filter
                    .literal
                    .as_ref()
                    .filter(|_| filter.kind == FilterKind::Equality && !filter.optional);
                need.fixed.extend(literal.map(|literal| (column.name.clone(), literal.clone())));
                if filter.literal.is_some() || is_few_valued(table, column) || !is_searchable(column) {
                    need.flags.push(column.name.clone());
                } else {
                    need.equal.push(column.name.clone());
                }
            } else if matches!(filter.kind, FilterKind::Range | FilterKind::Prefix)
                && !is_few_valued(table, column)
                && is_searchable(column)
                && !need.range.contains(&column.name)
            {
                need.range.push(column.name.clone());
            }
        }
        need.flags
            .extend(self.asked_in_each_case(at, table).map(|column| column.name.clone()));
        // A condition that was not read can be the one that an index serves.
        if self.open_filters {
            return None;
        }
        if is_bounded {
            // What is read of it may be enough: then the rest filters the few rows that are found.
            if is_served(table, need) || self.is_found_through(at, table) {
                return None;
            }
            // What is not understood may leave few rows. A column that tells them apart is worth an index in any case.
            need.equal.retain(|column| is_identifying(column));
            need.confidence = Confidence::Medium;
            if need.equal.is_empty() {
                return None;
            }
        }
        sometimes.retain(|column| !self.is_found_with_others(at, table, column));
        Some(sometimes)
    }

    /// Whether an index serves a column that is compared only sometimes together with others that are: `{ id } : { shop, slug }`.
    fn is_found_with_others(&self, at: usize, table: &Table, column: &str) -> bool {
        let own = self
            .statement
            .filters
            .iter()
            .filter(|filter| matches!(filter.kind, FilterKind::Equality | FilterKind::In) && self.place(&filter.column) == Some(at));
        let compared: Vec<&str> = own
            .filter_map(|filter| self.named(table, &filter.column.column))
            .map(|column| column.name.as_str())
            .collect();
        table.indexes.iter().any(|index| {
            let before = index
                .keys
                .iter()
                .take_while(|key| !key.expression && compared.contains(&key.column.as_str()));
            before.into_iter().any(|key| key.column == column)
        })
    }

    /// A column by its name, by `pk`, or by a path to the key of a parent (`order__id`, `order.id`, `order__slug`).
    fn named(&self, table: &'a Table, name: &str) -> Option<&'a Column> {
        if name == "pk" {
            return table.column_in_code(table.primary_key.first().map_or("id", String::as_str));
        }
        table.column_in_code(name).or_else(|| {
            let (relation, field) = name.split_once("__").or_else(|| name.split_once('.'))?;
            let models = table.models.iter().filter_map(|&model| self.schema.models.get(model));
            let mut found = models.filter_map(|model| model.relation(relation).map(|relation| (model, relation)));
            let (_, relation) = found.next()?;
            let parent = self
                .schema
                .model(&relation.target)
                .and_then(|model| self.schema.tables.get(model.table))?;
            // `is` and `equals` are words of a filter by a relation, no columns.
            let field = field.trim_start_matches("is.").trim_end_matches(".equals");
            let is_one = List::PrimaryKeys.has(field) || parent.is_unique(&[field]);
            let key = relation.fields.first().filter(|_| is_one && !relation.to_many)?;
            table.column_in_code(key)
        })
    }

    /// Columns of a table that joins compare, each with the column of the other table and that table's place.
    fn links(&self, at: usize, table: &'a Table) -> impl Iterator<Item = (&'a Column, &'a ColumnUse, usize)> {
        self.statement.joins.iter().filter_map(move |join| {
            let (mine, theirs, other) = match (self.place(&join.left), self.place(&join.right)) {
                (Some(here), Some(there)) if here == at && there != at => (&join.left, &join.right, there),
                (Some(there), Some(here)) if here == at && there != at => (&join.right, &join.left, there),
                _ => return None,
            };
            Some((table.column_in_code(&mine.column)?, theirs, other))
        })
    }

    /// A join drives a table that has no filter of its own from one that has. One that has is found by both together, and
    /// what the other table's column is compared with holds for its own.
    fn joins(&self, at: usize, table: &'a Table, need: &mut IndexNeed) {
        let is_filtered = !need.equal.is_empty() || !need.range.is_empty();
        let firm = self
            .statement
            .filters
            .iter()
            .filter(|filter| filter.kind == FilterKind::Equality && !filter.optional);
        for (column, theirs, other) in self.links(at, table) {
            let there: Vec<&Filter> = firm.clone().filter(|filter| self.place(&filter.column) == Some(other)).collect();
            let is_few = is_few_valued(table, column);
            if is_filtered && there.iter().any(|filter| self.finds_one(other, filter)) {
                need.by_one_row |= !is_few;
                need.linked.push(column.name.clone());
            }
            if there.is_empty() || is_few {
                continue;
            }
            if is_filtered {
                let is_given = there
                    .iter()
                    .any(|filter| filter.literal.is_none() && self.is_same(other, &filter.column, theirs));
                if is_given {
                    need.equal.push(column.name.clone());
                } else if need.equal.is_empty() || there.iter().any(|filter| self.leaves_few(other, filter)) {
                    // A range alone is one of all tenants' rows: those of one are found by the join.
                    need.linked.push(column.name.clone());
                }
            } else if !table.is_unique(&[&column.name]) {
                need.equal.push(column.name.clone());
                need.joined = true;
            }
        }
    }

    /// Whether a filter gives the key of one row of a table.
    fn finds_one(&self, at: usize, filter: &Filter) -> bool {
        let named = self
            .table(at)
            .and_then(|table| Some((table, table.column_in_code(&filter.column.column)?)));
        named.is_some_and(|(table, column)| table.is_unique(&[&column.name]))
    }

    /// Whether a filter leaves a small part of its table: a tenant's rows, or those of a state, may be most of them.
    fn leaves_few(&self, at: usize, filter: &Filter) -> bool {
        let Some(table) = self.table(at).filter(|_| filter.literal.is_none()) else {
            return false;
        };
        let column = table.column_in_code(&filter.column.column);
        column.is_some_and(|column| !is_tenant(&column.name) && !is_few_valued(table, column))
    }

    /// Whether two columns of one table are the same, however they are spelt.
    fn is_same(&self, at: usize, one: &ColumnUse, other: &ColumnUse) -> bool {
        one.column == other.column
            || self
                .table(at)
                .is_some_and(|table| table.column_name(&one.column) == table.column_name(&other.column))
    }

    /// The columns of the only table that the statement reads, where it names them all.
    fn reads(&self) -> Option<Vec<String>> {
        let statement = self.statement;
        let (Projection::Columns(listed), [_], []) = (&statement.projection, self.tables, statement.subqueries.as_slice()) else {
            return None;
        };
        let table = self
            .table(0)
            .filter(|_| statement.operation == Operation::Select && !statement.open)?;
        let compared = statement.filters.iter().map(|filter| &filter.column);
        let ordered = statement.order.iter().map(|(column, _)| column);
        let all = listed.iter().chain(compared).chain(ordered).chain(&statement.group);
        all.map(|column| table.column_in_code(&column.column).map(|column| column.name.clone()))
            .collect()
    }

    /// Whether one of several values is asked of a column that tells rows apart: their rows come value by value, so that an
    /// index gives no order over all of them.
    fn asks_several(&self, at: usize, table: &Table, need: &IndexNeed) -> bool {
        self.statement.filters.iter().any(|filter| {
            filter.kind == FilterKind::In
                && self.place(&filter.column) == Some(at)
                && need.equal.iter().any(|name| name == table.column_name(&filter.column.column))
        })
    }

    /// The order counts where all of it is in this table.
    fn order(&self, at: usize, table: &Table, need: &mut IndexNeed) {
        let statement = self.statement;
        if self.asks_several(at, table, need) || need.joined || statement.grouped || matches!(statement.projection, Projection::Aggregate) {
            return;
        }
        for (column, descending) in &statement.order {
            if self.place(column) != Some(at) {
                return;
            }
            let Some(column) = table.column_in_code(&column.column) else {
                return;
            };
            // The primary key's own index gives this order.
            if table.primary_key.len() == 1 && table.primary_key.first() == Some(&column.name) {
                return;
            }
            // Many rows share one of a few values: their order is decided by what comes after.
            if is_few_valued(table, column) {
                return;
            }
            need.order.push((column.name.clone(), *descending));
        }
    }
}

/// Whether an index leaves a need nothing to ask for.
pub fn serves(index: &Index, need: &IndexNeed) -> bool {
    if !predicate_fits(index, need) || index.only {
        return false;
    }
    let compared: Vec<&str> = need
        .equal
        .iter()
        .chain(&need.flags)
        .chain(&need.linked)
        .map(String::as_str)
        .collect();
    if serves_by_text(index) {
        let mut wanted = compared.iter().copied().chain(need.range.iter().map(String::as_str));
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
        .filter(|key| {
            let finds = need.equal.iter().chain(need.linked.iter().filter(|_| need.by_one_row));
            finds.into_iter().any(|column| column.eq_ignore_ascii_case(key))
        })
        .count();
    let next = index.columns().nth(used);
    let tail_follows = need.tail().is_none_or(|(tail, _)| {
        next.is_some_and(|next| next.eq_ignore_ascii_case(tail)) || need.range.iter().any(|range| next == Some(range.as_str()))
    });
    if need.equal.is_empty() {
        return tail_follows && need.tail().is_some();
    }
    // An index on one of several columns is enough: few rows are left for the others.
    let selective = need.equal.len() > 1
        && useful >= 1
        && need
            .equal
            .iter()
            .any(|column| lead.contains(&column.as_str()) && !is_tenant(column));
    let exact = lead.iter().any(|key| is_identifying(key));
    useful >= 1 && (tail_follows || selective || exact || useful >= 2)
}

/// A key that is an expression of a compared column, or a method other than B-tree, is taken to serve it.
pub(super) fn serves_by_text(index: &Index) -> bool {
    !index.is_btree() || index.keys.first().is_some_and(|key| key.expression)
}

/// A partial index is taken to serve what compares one of the columns of its predicate.
fn predicate_fits(index: &Index, need: &IndexNeed) -> bool {
    let Some(predicate) = &index.predicate else { return true };
    let compared = need.compared();
    if index.holds_for(&compared) {
        return true;
    }
    let text = predicate.to_lowercase();
    need.flags.iter().any(|flag| text.contains(&flag.to_lowercase()))
}

/// What loading children along asks of tables that have no foreign key to the parent in the database.
pub fn of_relations(project: &Project) -> Vec<IndexNeed> {
    let schema = &project.schema;
    let mut out = Vec::new();
    for (site, at) in project.graph.sites.iter().enumerate() {
        let Some(name) = at.query.table().filter(|_| !at.query.eager.is_empty()) else {
            continue;
        };
        for step in at.query.eager.iter().flat_map(|path| children(schema, name, path)) {
            let child = step.child;
            let Some(table) = schema.tables.get(child.table).filter(|table| !table.open && !table.phantom) else {
                continue;
            };
            for column in step.keys(schema) {
                let is_key = table.foreign_keys.iter().any(|key| key.columns.first() == Some(&column));
                if !is_key && table.column_in_code(&column).is_some() && !table.is_unique(&[&column]) {
                    out.push(IndexNeed::equality(site, child.table, column));
                }
            }
        }
    }
    out
}
