//! `schema-drift`: indexes that only the models or only the migrations have.

use crate::advice;
use crate::advice::index::NewIndex;
use crate::analysis::Analyses;
use crate::analysis::indexes::needs::{self, IndexNeed};
use crate::finding::{Confidence, Finding, Judgement, Role};
use crate::judge::cost::{self, Cost};
use crate::judge::reach::{self, Reach};
use crate::judge::{priority, scale};
use crate::project::Project;
use crate::project::schema::Trait;
use crate::project::schema::{Index, IndexOrigin, SourceKind, Table};

const ID: &str = "schema-drift";

/// Places that are cited; the others are counted.
const MAX_CITED: usize = 10;

/// Runs the rule.
pub fn check(run: &Analyses<'_>) -> Vec<Finding> {
    let project = run.project;
    let all_silent = |table: &Table, why: &str| {
        let places = table.indexes.iter().flat_map(|index| &index.places);
        project.silent_of_schema(ID, places, || why.to_owned());
    };
    if !project.schema.is_complete() {
        let tables = project.schema.tables.iter();
        tables.for_each(|table| all_silent(table, "not everything that makes the schema was understood"));
        return Vec::new();
    }
    let needs = run.index_needs();
    let by_table = needs::by_table(project, needs);
    let mut findings = Vec::new();
    for (table, needs) in project.schema.tables.iter().zip(by_table) {
        if !is_comparable(table) {
            all_silent(table, "its table does not stand whole in both the models and the migrations");
            continue;
        }
        let drift = Drift { project, needs, table };
        drift.note_agreement();
        findings.extend(drift.unbuilt().map(|index| drift.report_unbuilt(index)));
        findings.extend(drift.report_undeclared());
    }
    findings
}

/// Both views know the table whole: no part of the replay is missing, and the migrations have every column of the model.
fn is_comparable(table: &Table) -> bool {
    let in_series =
        |places: &[crate::project::schema::SchemaPlace]| places.iter().any(|place| matches!(place.kind, SourceKind::Migration(_)));
    let deployed = |places: &[crate::project::schema::SchemaPlace]| places.iter().any(|place| !place.kind.is_model());
    table.has_model()
        && in_series(&table.places)
        && !table.phantom
        && !table.partition
        && !table.open_in_models
        && !table.open_in_migrations
        && table.columns.iter().all(|column| deployed(&column.places))
}

struct Drift<'p> {
    project: &'p Project,
    /// What statements ask of the table.
    needs: Vec<&'p IndexNeed>,
    table: &'p Table,
}

impl<'p> Drift<'p> {
    /// Notes of the indexes that are not reported why they are not.
    fn note_agreement(&self) {
        if !self.project.silence.asks(ID) {
            return;
        }
        let reported: Vec<&Index> = self.unbuilt().chain(self.undeclared()).collect();
        let agreed = |index: &&Index| !reported.iter().any(|other| std::ptr::eq(*other, *index));
        for index in self.table.indexes.iter().filter(agreed) {
            let why = "the models and the migrations have it, or one that serves the same queries; or it comes with a key";
            self.project.silent_of_schema(ID, &index.places, || why.to_owned());
        }
    }

    /// Indexes that the model declares and no migration builds, nor one that does the same.
    fn unbuilt(&self) -> impl Iterator<Item = &'p Index> {
        let built = |index: &Index| {
            let others = self.table.indexes.iter().filter(|other| other.in_migrations());
            others.into_iter().any(|other| is_same_for_queries(other, index))
        };
        let is_declared = |index: &&Index| index.origin == IndexOrigin::Declared && index.in_models() && !index.in_migrations();
        self.table.indexes.iter().filter(is_declared).filter(move |index| !built(index))
    }

    /// Indexes that a step of the migrations builds, that the model could declare and does not.
    fn undeclared(&self) -> Vec<&'p Index> {
        let in_series = |index: &Index| index.places.iter().all(|place| matches!(place.kind, SourceKind::Migration(_)));
        let declared = |index: &Index| {
            let others = self.table.indexes.iter().filter(|other| other.in_models());
            others.into_iter().any(|other| is_same_for_queries(other, index))
        };
        let indexes = self.table.indexes.iter();
        indexes
            .filter(|index| index.origin == IndexOrigin::Declared && in_series(index) && is_plain(index))
            .filter(|index| !declared(index))
            .collect()
    }

    /// The statements that the index serves and no index that the migrations build does.
    fn sites(&self, index: &Index) -> Vec<usize> {
        let is_served = |need: &IndexNeed| {
            let built = self.table.indexes.iter().filter(|other| other.in_migrations());
            built.into_iter().any(|other| needs::serves(other, need))
        };
        let wanted = self.needs.iter().filter(|need| needs::serves(index, need) && !is_served(need));
        let mut sites: Vec<usize> = wanted.map(|need| need.site).collect();
        sites.sort_unstable();
        sites.dedup();
        sites
    }

    fn report_unbuilt(&self, index: &Index) -> Finding {
        let sites = self.sites(index);
        let (reach, asks) = reach::of_sites(self.project, &sites);
        let rows = scale::to_walk(self.project, self.table);
        let judgement = priority::judge(
            &Cost::Walk {
                what: cost::statement(self.project),
                rows,
                asks,
                is_declared: true,
                of_people: scale::is_of_people(self.table),
            },
            &reach,
            Confidence::Medium,
            0,
        );
        let name = shown(index);
        let mut finding = self.finding(index, judgement);
        finding.title = format!("The model declares {name} on {}, and no migration builds it", self.table.name);
        finding.message = format!(
            "The model declares {name} on {} ({}). The migrations that create and change {} build no index that begins with these columns, so a database that they made does not have it.",
            self.table.name,
            index.key_list(),
            self.table.name
        );
        self.cite(&mut finding, &sites);
        finding.impact = match sites.len() {
            0 => format!(
                "a query on {} that comes to count on the index reads the whole table",
                self.table.name
            ),
            1 => format!("1 query that no other index serves reads all rows of {}", self.table.name),
            many => format!("{many} queries that no other index serves read all rows of {}", self.table.name),
        };
        "Write the migration that builds it, or take the declaration out of the model.".clone_into(&mut finding.fix.summary);
        let columns: Vec<String> = index.keys.iter().map(|key| key.column.clone()).collect();
        let can_be_written = is_plain(index) && !index.unique && index.keys.iter().all(|key| !key.descending);
        finding.fix.ddl = can_be_written
            .then(|| advice::index::create_index(self.table, &NewIndex::on(&columns)))
            .flatten();
        finding
    }

    /// One finding a table: the way out is one change of the model.
    fn report_undeclared(&self) -> Option<Finding> {
        if self.table.tool().is_none_or(|tool| !tool.has(Trait::DropsWhatIsNotDeclared)) {
            return None;
        }
        let indexes = self.undeclared();
        let first = *indexes.first()?;
        let mut finding = self.finding(first, priority::judge(&Cost::Upkeep, &Reach::service(), Confidence::Medium, 0));
        let names: Vec<String> = indexes.iter().map(|index| shown(index)).collect();
        let (count, list) = (indexes.len(), names.join(", "));
        let table = &self.table.name;
        finding.title = match count {
            1 => format!("{list} on {table} stands in the migrations only"),
            _ => format!("{count} indexes on {table} stand in the migrations only"),
        };
        finding.message = format!(
            "The migrations build {list} on {table}; the model does not declare {}. The next migration that is generated from the model drops {}.",
            if count == 1 { "it" } else { "them" },
            if count == 1 { "it" } else { "them" }
        );
        for index in indexes.iter().skip(1).take(MAX_CITED) {
            if let Some(place) = index.place() {
                let place = self.project.location(&place.file, place.span, table);
                finding.relate(place, Role::Index, format!("{} is built here", shown(index)));
            }
        }
        if let Some(place) = self.table.places.iter().find(|place| place.kind.is_model()) {
            let place = self.project.location(&place.file, place.span, table);
            finding.relate(place, Role::Table, format!("the model of {table}"));
        }
        finding.impact = format!("one generated migration away from reading all rows of {table} in the queries that use it");
        "Declare the index in the model, too; if it is not needed, drop it on purpose.".clone_into(&mut finding.fix.summary);
        let columns: Vec<String> = first.keys.iter().map(|key| key.column.clone()).collect();
        finding.fix.orm = (count == 1 && !first.unique)
            .then(|| advice::index::declare_index(self.table, &NewIndex::on(&columns)))
            .flatten();
        Some(finding)
    }

    fn finding(&self, index: &Index, judgement: Judgement) -> Finding {
        let name = index.name.clone().unwrap_or_else(|| index.key_list().replace(", ", "+"));
        let symbol = format!("{}.{name}", self.table.name);
        let place = index
            .place()
            .map_or_else(Default::default, |place| self.project.location(&place.file, place.span, &symbol));
        let mut finding = Finding::new(ID, judgement, Confidence::Medium, place);
        finding.subject = format!("{}.{}", self.table.name, index.key_list());
        finding
    }

    fn cite(&self, finding: &mut Finding, sites: &[usize]) {
        for &site in sites.iter().take(MAX_CITED) {
            if let Some(site) = self.project.graph.sites.get(site) {
                let place = self.project.place_in(site.function, site.span);
                finding.relate(place, Role::Query, "the index would serve this");
            }
        }
    }
}

/// Whether a query that one index serves is served by the other: its keys are the other's first, whatever the order of those that are
/// compared for equality and whichever way they run.
fn is_same_for_queries(kept: &Index, index: &Index) -> bool {
    if kept.covers(index) || (index.name.is_some() && kept.name == index.name) {
        return true;
    }
    let columns: Vec<&str> = index.columns().collect();
    let plain = columns.len() == index.keys.len();
    // What cannot be compared as text is taken for the same: expressions, other methods, predicates.
    let vague = |index: &Index| !index.is_btree() || index.predicate.is_some() || index.keys.iter().any(|key| key.expression);
    if vague(kept) && vague(index) {
        let first = |index: &Index| index.keys.first().map(|key| key.column.to_lowercase());
        return first(kept) == first(index) || kept.keys.len() == index.keys.len();
    }
    plain && kept.leads_with(&columns)
}

/// An index that every ORM can declare.
fn is_plain(index: &Index) -> bool {
    index.is_btree() && index.predicate.is_none() && index.include.is_empty() && index.columns().count() == index.keys.len()
}

fn shown(index: &Index) -> String {
    index.name.clone().unwrap_or_else(|| format!("an index on ({})", index.key_list()))
}
