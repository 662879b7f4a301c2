//! What a finding is about: the table, the index that it wants or does not want, and the statements that it cites.

use std::collections::{BTreeMap, BTreeSet};

use crate::advice::index::{NewIndex, create_index};
use crate::finding::{Finding, Location, Role};
use crate::fix::remedy::{LackingIndex, Remedy};
use crate::project::Project;
use crate::project::schema::Table;
use crate::render::ddl::Writer;
use crate::render::statement::{self, Purpose};
use crate::rules::schema::redundant_index;
use crate::statement::Operation;

/// Statements of a finding that are asked about; the others are like them.
const MAX_SITES: usize = 25;
/// Statements that an index must not be missed by.
const MAX_READERS: usize = 60;

/// What is to be tried.
pub(super) enum Wish<'f> {
    /// An index that is not there.
    Lacking(&'f LackingIndex),
    /// To do without one of the table's indexes, because of another one.
    Without {
        /// Its place among the table's.
        index: usize,
        /// The place of the other one.
        keeper: usize,
    },
}

/// A finding that a planner can be asked about.
pub(super) struct Subject<'f> {
    pub finding: &'f Finding,
    /// The table: an index into the schema's.
    pub table: usize,
    pub wish: Wish<'f>,
    /// The sites of its statements.
    pub sites: Vec<usize>,
    /// Those that delete parents.
    pub deletes: Vec<usize>,
}

impl<'f> Subject<'f> {
    /// All findings that a planner can judge.
    pub fn all(project: &Project, findings: &'f [Finding]) -> Vec<Subject<'f>> {
        let places = Places::of(project);
        let all = findings.iter().flat_map(|finding| std::iter::once(finding).chain(&finding.others));
        let known = all.filter(|finding| super::RULES.contains(&finding.rule.as_str()));
        known.filter_map(|finding| Subject::of(project, finding, &places)).collect()
    }

    fn of(project: &Project, finding: &'f Finding, places: &Places) -> Option<Subject<'f>> {
        let (table, wish) = match &finding.remedy {
            Some(Remedy::Index(lack)) => (lack.table, Wish::Lacking(lack)),
            _ => needless(project, finding, places)?,
        };
        let cited = finding.related.iter().filter(|related| related.role == Role::Query);
        let mut sites: Vec<usize> = cited
            .filter_map(|related| places.sites.get(&related.location))
            .flatten()
            .copied()
            .collect();
        sites.sort_unstable();
        sites.dedup();
        let parents = parents(project, table, &wish);
        let is_delete = |site: &usize| {
            project.graph.sites.get(*site).is_some_and(|site| {
                let named = site.query.table().and_then(|name| project.schema.table_index(name));
                site.query.statement.operation == Operation::Delete && named.is_some_and(|at| at != table && parents.contains(&at))
            })
        };
        let (deletes, mut sites): (Vec<usize>, Vec<usize>) = sites.into_iter().partition(is_delete);
        if matches!(wish, Wish::Without { .. }) {
            sites = places.readers.get(&table).cloned().unwrap_or_default();
        }
        sites.truncate(if matches!(wish, Wish::Lacking(_)) { MAX_SITES } else { MAX_READERS });
        Some(Subject {
            finding,
            table,
            wish,
            sites,
            deletes,
        })
    }

    /// Whether it is about a foreign key, which each delete of a parent asks for.
    pub fn is_of_key(&self) -> bool {
        self.finding.rule == "unindexed-foreign-key"
    }

    /// The tables that must be there to ask.
    pub fn tables(&self, project: &Project, writer: &Writer<'_>) -> BTreeSet<usize> {
        let mut tables = BTreeSet::from([self.table]);
        for &site in &self.sites {
            let one = statement::of(project, site, writer.dialect, Purpose::Plan);
            tables.extend(one.into_iter().filter(statement::Rendered::is_decisive).flat_map(|one| one.tables));
        }
        tables
    }

    /// The statement that makes the index as it is advised.
    pub fn advised(&self, table: &Table) -> Option<String> {
        let Wish::Lacking(lack) = &self.wish else { return None };
        let new = NewIndex {
            columns: &lack.columns,
            ascending: lack.ascending,
            only: &lack.only,
            include: &lack.include,
            name: Some("perfaudit_advised"),
        };
        let text = create_index(table, &new)?;
        // An index that others wait for is made in a transaction alone.
        let text = text.replacen("CREATE INDEX CONCURRENTLY ", "CREATE INDEX ", 1);
        Some(text.trim_end_matches(';').to_owned())
    }
}

/// The tables that the keys which the index would serve point to.
fn parents(project: &Project, table: usize, wish: &Wish<'_>) -> Vec<usize> {
    let (Some(own), Wish::Lacking(lack)) = (project.schema.tables.get(table), wish) else {
        return Vec::new();
    };
    let served = own.foreign_keys.iter().filter(|key| lack.columns.starts_with(&key.columns));
    served.filter_map(|key| project.schema.table_index(&key.target)).collect()
}

/// What findings name, by how they name it.
struct Places {
    /// The sites of statements.
    sites: BTreeMap<Location, Vec<usize>>,
    /// The sites of the statements that name a table.
    readers: BTreeMap<usize, Vec<usize>>,
    /// Indexes, each a table and a place among its indexes, by the subject of a finding.
    indexes: BTreeMap<String, Vec<(usize, usize)>>,
}

impl Places {
    fn of(project: &Project) -> Places {
        let mut places = Places {
            sites: BTreeMap::new(),
            readers: BTreeMap::new(),
            indexes: BTreeMap::new(),
        };
        for (at, site) in project.graph.sites.iter().enumerate() {
            let place = project.place_in(site.function, site.span);
            places.sites.entry(place).or_default().push(at);
            let named = site.query.statement.tables.iter();
            let named: BTreeSet<usize> = named.filter_map(|table| project.schema.table_index(&table.name)).collect();
            for table in named {
                places.readers.entry(table).or_default().push(at);
            }
        }
        for (number, table) in project.schema.tables.iter().enumerate() {
            for (at, index) in table.indexes.iter().enumerate() {
                let subject = format!("{}.{}", table.name, index.key_list());
                places.indexes.entry(subject).or_default().push((number, at));
            }
        }
        places
    }
}

/// The index that a finding of `redundant-index` is about.
fn needless<'f>(project: &Project, finding: &Finding, places: &Places) -> Option<(usize, Wish<'f>)> {
    if finding.rule != "redundant-index" {
        return None;
    }
    places.indexes.get(&finding.subject)?.iter().find_map(|&(number, at)| {
        let table = project.schema.tables.get(number)?;
        let place = project.schema_place(table.indexes.get(at)?.place()?);
        let is_it = (&place.file, place.start_line) == (&finding.location.file, finding.location.start_line);
        let keeper = redundant_index::keeper(table, at).filter(|_| is_it)?;
        let keeper = table.indexes.iter().position(|other| std::ptr::eq(other, keeper))?;
        Some((number, Wish::Without { index: at, keeper }))
    })
}
