//! `unindexed-foreign-key`: foreign keys that no index leads with.

use std::collections::BTreeSet;

use crate::advice;
use crate::advice::index::NewIndex;
use crate::analysis::Analyses;
use crate::analysis::indexes::foreign_keys;
use crate::analysis::indexes::uses::Uses;
use crate::finding::{Confidence, Finding, Judgement, Role};
use crate::judge::columns::is_tenant;
use crate::judge::cost::{self, Cost};
use crate::judge::scale::{self, Rows, Scale};
use crate::judge::{evidence, priority, reach};
use crate::libraries::entries::Often;
use crate::project::Project;
use crate::project::graph::QuerySite;
use crate::project::schema::{ForeignKey, SchemaPlace, SourceKind, Table};
use crate::statement::RowLimit;

const ID: &str = "unindexed-foreign-key";

/// Indexes that a message lists.
const MAX_LISTED: usize = 6;

/// Sites that are cited; the others are counted.
const MAX_CITED: usize = 40;

/// Runs the rule. A key that an advised longer index starts with is told with that index.
pub fn check(run: &Analyses<'_>) -> Vec<Finding> {
    let project = run.project;
    let mut findings = Vec::new();
    let told: BTreeSet<(usize, &[String])> = run
        .index_proposals()
        .iter()
        .filter_map(|one| Some((one.table, one.foreign_key.as_deref()?)))
        .collect();
    let uses = run.index_uses();
    for (at, table) in project.schema.tables.iter().enumerate() {
        note_served(project, table);
        let keys = finding_few(project, at, table, &told);
        for key in foreign_keys::unserved(table) {
            let silent = |why: &str| project.silent_of_schema(ID, places(table, key), || why.to_owned());
            if project.sizes.as_ref().is_some_and(|sizes| sizes.is_small(at)) {
                silent("the table is small by the statistics");
                continue;
            }
            if told.contains(&(at, key.columns.as_slice())) {
                silent("an index that is advised for statements starts with it: see missing-index and missing-composite-index");
                continue;
            }
            let load = Load::of(project, uses, (at, &keys), key);
            if load.lookups.is_empty() && is_only_meant(project, table, key) {
                silent(
                    "the models alone say that it is a key: the migrations make the column without one, and no statement looks rows up by it",
                );
                continue;
            }
            if load.served_by_part {
                silent("every statement that looks rows up by it has the condition of a partial index, and none deletes parents");
                continue;
            }
            findings.extend(report(project, at, key, &load));
        }
    }
    findings
}

/// Where a key and its columns are declared.
fn places<'t>(table: &'t Table, key: &'t ForeignKey) -> impl Iterator<Item = &'t SchemaPlace> {
    let columns = key.columns.iter().filter_map(|name| table.column(name));
    key.places.iter().chain(columns.flat_map(|column| &column.places))
}

/// Notes which index serves each of the keys that are served.
fn note_served(project: &Project, table: &Table) {
    if !project.silence.asks(ID) {
        return;
    }
    let unserved: Vec<&ForeignKey> = foreign_keys::unserved(table).collect();
    let is_served = |key: &&ForeignKey| !unserved.iter().any(|&other| std::ptr::eq(other, *key));
    for key in table.foreign_keys.iter().filter(is_served) {
        let columns: Vec<&str> = key.columns.iter().map(String::as_str).collect();
        let index = table.index_leading_with(&columns).map(crate::project::schema::Index::key_list);
        project.silent_of_schema(ID, places(table, key), || match &index {
            Some(keys) => format!("the index on ({keys}) leads with it"),
            None => {
                "it is unique, or an index on one of its columns leaves few rows, or its columns or indexes are not all known".to_owned()
            }
        });
    }
}

/// What makes the database look rows up by the key.
struct Load {
    /// Statements that filter or join by it.
    lookups: Vec<usize>,
    /// Statements that delete parents.
    deletes: Vec<usize>,
    /// Every statement that looks rows up has the condition of a partial index that starts with the key, and none deletes parents.
    served_by_part: bool,
    /// Most statements that look rows up have the condition of a partial index: the others are exceptions.
    served_mostly: bool,
    /// The key has several columns, and an index leads with one of them: few rows are left to look through, as a rule.
    leads_in_part: bool,
    /// The parents are few: so many children share one that an index finds nothing faster.
    small: bool,
}

/// The statements that no other index serves: one that starts with another column which they compare for equality.
fn unserved(uses: &Uses, (index, table): (usize, Option<&Table>), key: &str, sites: &[usize]) -> Vec<usize> {
    let is_served = |&&site: &&usize| table.is_some_and(|table| uses.spares((index, table), site, key));
    sites.iter().filter(|site| !is_served(site)).copied().collect()
}

/// Whether models say that a column is a key, and the migrations that make it do not.
fn is_only_meant(project: &Project, table: &Table, key: &ForeignKey) -> bool {
    let is_made = |name: &String| {
        let places = table.column(name).map_or(&[][..], |column| &column.places);
        places.iter().any(|place| matches!(place.kind, SourceKind::Migration(_)))
    };
    // A step that was not understood may make it.
    let is_known = !table.open && project.schema.is_complete() && !key.places.is_empty();
    is_known && key.places.iter().all(|place| place.kind.is_model()) && key.columns.iter().all(is_made)
}

/// The columns that those keys start with which are reported, and whose index finds few rows: a tenant's or a small table's key leaves many.
fn finding_few<'t>(project: &Project, at: usize, table: &'t Table, told: &BTreeSet<(usize, &[String])>) -> BTreeSet<&'t str> {
    let is_small_parent = |key: &ForeignKey| {
        let parent = project.schema.table_index(&key.target);
        parent
            .and_then(|parent| project.schema.tables.get(parent))
            .is_some_and(|table| scale::is_small(project, table))
    };
    let reported = foreign_keys::unserved(table).filter(|key| !told.contains(&(at, key.columns.as_slice())) && !is_small_parent(key));
    let first = reported.filter_map(|key| key.columns.first()).map(String::as_str);
    first.filter(|column| !is_tenant(column)).collect()
}

/// The statements that no other key's index will serve: of several keys that one statement compares, an index on the one that most of them
/// compare finds the few rows. `keys` are the columns of those that do.
fn left_over(uses: &Uses, at: usize, keys: &BTreeSet<&str>, key: &str, lookups: Vec<usize>) -> Vec<usize> {
    let count = |column: &str| uses.of_column(at, column).len();
    let own = count(key);
    let is_before = |other: &String| other != key && keys.contains(other.as_str()) && (count(other), key) > (own, other.as_str());
    let is_found = |site: &usize| uses.asked(at, *site).iter().any(is_before);
    lookups.into_iter().filter(|site| !is_found(site)).collect()
}

/// Whether a partial index that starts with a column holds every row that a statement asks for: the statement has its condition.
fn has_partial(table: &Table, column: &str, site: &QuerySite) -> bool {
    let filters = site.query.statement.filters.iter().filter(|filter| !filter.optional);
    let fixed: Vec<(&str, &str)> = filters
        .filter_map(|filter| Some((table.column_name(&filter.column.column), filter.literal.as_deref()?)))
        .collect();
    table
        .indexes
        .iter()
        .filter(|index| index.columns().next() == Some(column) && index.is_btree())
        .any(|index| index.is_for_unknown_rows() || index.holds_where(&fixed, &[column]))
}

impl Load {
    fn of(project: &Project, uses: &Uses, (table, keys): (usize, &BTreeSet<&str>), key: &ForeignKey) -> Load {
        let parent = project.schema.table_index(&key.target);
        let first = key.columns.first().map_or("", String::as_str);
        let own = project.schema.tables.get(table);
        let parent_table = parent.and_then(|parent| project.schema.tables.get(parent));
        let all = uses.of_column(table, first);
        let lookups = unserved(uses, (table, own), first, all);
        let by_part = |&site: &usize| {
            own.zip(project.graph.sites.get(site))
                .is_some_and(|(table, site)| has_partial(table, first, site))
        };
        Load {
            // Of all look-ups, whichever other index serves some of them: an index more must not make the key lack one.
            served_by_part: !all.is_empty()
                && lookups.iter().all(by_part)
                && all.iter().any(by_part)
                && parent.is_none_or(|parent| uses.deletes(parent).is_empty()),
            served_mostly: all.iter().filter(|site| by_part(site)).count() * 2 > all.len(),
            // What has the condition of a partial index is served by that one.
            lookups: left_over(
                uses,
                table,
                keys,
                first,
                lookups.into_iter().filter(|site| !by_part(site)).collect(),
            ),
            leads_in_part: key.columns.len() > 1 && own.is_some_and(|table| key.columns.iter().any(|column| table.leads(column))),
            // Whom the database does not know for children it does not look for.
            deletes: match (parent, own.is_some_and(|table| is_only_meant(project, table, key))) {
                (Some(parent), false) => uses.deletes(parent).to_vec(),
                _ => Vec::new(),
            },
            small: parent_table.is_some_and(|table| scale::is_small(project, table)),
        }
    }

    /// A look-up by the column reads all rows; so does each deletion of a parent, and that is all where none looks it up.
    fn judge(&self, project: &Project, table: &Table, confidence: Confidence) -> Judgement {
        let is_looked_up = !self.lookups.is_empty();
        let sites = if is_looked_up { &self.lookups } else { &self.deletes };
        let (mut reach, asks) = reach::of_sites(project, sites);
        // Who deletes a parent waits for the scan, and few do: of fourteen such keys readers of the code would index three.
        if !is_looked_up {
            reach.often = reach.often.map(|often| often.max(Often::Seldom));
        }
        let rows = if self.small {
            Rows::new(Scale::Few, format!("{}, whose parents are few by their name", table.name))
        } else {
            scale::to_walk(project, table)
        };
        priority::judge(
            &Cost::Walk {
                what: cost::statement(project),
                rows,
                asks,
                is_declared: true,
                of_people: false,
            },
            &reach,
            confidence,
            usize::from(!is_looked_up) + if self.leads_in_part || self.served_mostly { 2 } else { 0 },
        )
    }
}

/// The column's definition in the model where there is one, else the constraint.
fn primary_place<'a>(table: &'a Table, key: &'a ForeignKey) -> Option<&'a SchemaPlace> {
    let columns = key
        .columns
        .first()
        .and_then(|name| table.column(name))
        .map_or(&[][..], |column| &column.places);
    columns
        .iter()
        .find(|place| place.kind.is_model())
        .or_else(|| key.places.first())
        .or_else(|| columns.first())
}

fn report(project: &Project, at: usize, key: &ForeignKey, load: &Load) -> Option<Finding> {
    let table = project.schema.tables.get(at)?;
    let place = primary_place(table, key)?;
    let columns = key.columns.join(", ");
    let symbol = format!("{}.{}", table.name, key.columns.join("+"));
    let certain = !table.open && !table.phantom && project.schema.is_complete();
    let confidence = if certain { Confidence::High } else { Confidence::Medium };
    let judgement = load.judge(project, table, confidence);
    let mut finding = Finding::new(ID, judgement, confidence, project.location(&place.file, place.span, &symbol));
    finding.subject.clone_from(&symbol);
    // One migration makes all that nobody waits for; what somebody waits for is looked at by itself.
    if load.lookups.is_empty() && load.deletes.is_empty() {
        finding.cause = "keys that no statement needs".to_owned();
    } else if finding.is_minor() {
        finding.cause = "keys whose look-ups cost little".to_owned();
    }
    finding.title = format!("{}.{columns} references {} and no index leads with it", table.name, key.target);
    finding.message = message(table, key, &columns, load);
    finding.message.push_str(&advice::index::size_note(project, at));
    let mut seen = vec![place];
    let columns_at = key
        .columns
        .iter()
        .filter_map(|name| table.column(name))
        .flat_map(|column| &column.places);
    for (other, text) in key
        .places
        .iter()
        .map(|at| (at, "the foreign key"))
        .chain(columns_at.map(|at| (at, "the column")))
    {
        if seen.contains(&other) {
            continue;
        }
        finding.relate(
            project.location(&other.file, other.span, &symbol),
            Role::Column,
            format!("{text} is declared here"),
        );
        seen.push(other);
    }
    for index in near_misses(table, key) {
        if let Some(place) = index.place() {
            let text = format!(
                "this index on ({}) holds the column, but does not lead with it or does not cover all rows",
                index.key_list()
            );
            finding.relate(project.location(&place.file, place.span, &symbol), Role::Index, text);
        }
    }
    cite(project, load, &mut finding);
    finding.impact = format!(
        "a look-up by {columns} that no other index serves, and every delete in {}, reads all of {}",
        key.target, table.name
    );
    let mut advised = key.columns.clone();
    finding.fix.summary = match order(project, table, key, load) {
        Some(order) => {
            let summary =
                format!("Add an index on ({columns}, {order}): it leads with the key, and has the rows in the order that is asked for.");
            advised.push(order);
            summary
        }
        None => format!("Add an index that starts with ({columns})."),
    };
    let new = NewIndex::on(&advised);
    finding.remedy = Some(new.lacking(at, table));
    finding.fix.ddl = advice::index::create_index(table, &new);
    finding.fix.orm = advice::index::declare_index(table, &new);
    Some(finding)
}

/// The column by which half or more of the look-ups take the first row of a parent's: `WHERE order_id = ? ORDER BY at DESC LIMIT 1`. A page
/// of them is sorted in a moment.
fn order(project: &Project, table: &Table, key: &ForeignKey, load: &Load) -> Option<String> {
    let asked = |&site: &usize| {
        let query = &project.graph.sites.get(site)?.query;
        let statement = &query.statement;
        let (column, _) = statement.order.first().filter(|_| statement.order.len() == 1)?;
        let is_own = project.table_of(query).is_some_and(|own| own.name == table.name) && column.table.is_none_or(|at| at == 0);
        let is_cut = is_own && matches!(statement.limit, RowLimit::One | RowLimit::Rows(1)) && statement.joins.is_empty();
        table
            .column_in_code(&column.column)
            .filter(|_| is_cut)
            .map(|column| column.name.clone())
    };
    let orders: Vec<String> = load.lookups.iter().filter_map(asked).collect();
    let first = orders.first()?;
    let is_common = orders.iter().all(|order| order == first) && orders.len() * 2 >= load.lookups.len();
    let is_further = !key.columns.contains(first) && !table.primary_key.contains(first);
    (is_common && is_further).then(|| first.clone())
}

fn cite(project: &Project, load: &Load, finding: &mut Finding) {
    let found = load.lookups.iter().map(|&site| (site, Role::Query, "looks rows up by the key"));
    let deleted = load.deletes.iter().map(|&site| (site, Role::Query, "deletes parents"));
    for (site, role, what) in found.chain(deleted).take(MAX_CITED) {
        let Some(site) = project.graph.sites.get(site) else { continue };
        let text = format!("{}: {what}", evidence::describe(&site.query));
        finding.relate(project.place_in(site.function, site.span), role, text);
    }
}

fn near_misses<'a>(table: &'a Table, key: &ForeignKey) -> Vec<&'a crate::project::schema::Index> {
    table
        .indexes
        .iter()
        .filter(|index| index.keys.iter().any(|at| key.columns.contains(&at.column)))
        .collect()
}

fn message(table: &Table, key: &ForeignKey, columns: &str, load: &Load) -> String {
    let mut existing: Vec<String> = table
        .indexes
        .iter()
        .take(MAX_LISTED)
        .map(|index| format!("({})", index.key_list()))
        .collect();
    if table.indexes.len() > MAX_LISTED {
        existing.push(format!("{} more", table.indexes.len() - MAX_LISTED));
    }
    let known = match existing.as_slice() {
        [] => format!("No index of {} is known.", table.name),
        list => format!("{} has indexes on {}.", table.name, list.join(", ")),
    };
    let used = match (load.lookups.len(), load.deletes.len()) {
        (0, 0) => format!(
            "No statement that was understood needs it to look rows up, or deletes from {}.",
            key.target
        ),
        (0, deletes) => format!(
            "{} rows of {}, and each looks for children first.",
            times(deletes, "deletes", "delete"),
            key.target
        ),
        (lookups, _) => format!("{} rows up by it.", times(lookups, "looks", "look")),
    };
    let first = key.columns.first().map(String::as_str);
    let part = table
        .indexes
        .iter()
        .find(|index| index.predicate.is_some() && index.columns().next() == first);
    let none = match part {
        Some(index) => format!(
            "The one on ({}) is for a part of the rows, and no other starts with {columns}",
            index.key_list()
        ),
        None => format!("None starts with {columns}"),
    };
    format!(
        "{}.{columns} is a foreign key to {}. {known} {none}, so a lookup by it scans the table. {used}",
        table.name, key.target
    )
}

fn times(count: usize, one: &str, many: &str) -> String {
    match count {
        1 => format!("One statement {one}"),
        count => format!("{count} statements {many}"),
    }
}
