//! `missing-index`, and the words of `missing-composite-index`: what the index advisor finds.

use std::fmt::Write as _;

use crate::advice::index::NewIndex;
use crate::analysis::Analyses;
use crate::analysis::indexes::advisor::Advice;
use crate::finding::{Confidence, Finding, Location, Role};
use crate::judge::columns::is_tenant;
use crate::judge::cost::Cost;
use crate::judge::reach::{self, Reached};
use crate::judge::{evidence, priority, scale};
use crate::project::Project;
use crate::project::schema::{Index, Table};
use crate::{advice, walk};

/// Sites that are cited; the others are counted.
const MAX_CITED: usize = 40;

/// Checks a project.
pub fn check(run: &Analyses<'_>) -> Vec<Finding> {
    findings(run, "missing-index", |advice| advice.columns.len() == 1)
}

/// The findings of a rule, of the advice that it wants.
pub(super) fn findings(run: &Analyses<'_>, id: &str, wanted: fn(&Advice) -> bool) -> Vec<Finding> {
    let advice = run.index_advice().iter().filter(|advice| wanted(advice));
    advice.filter_map(|advice| report(run.project, id, advice)).collect()
}

/// What reaches the sites of an advice.
struct Use {
    requests: usize,
    scripts: usize,
    sites: usize,
    labels: Vec<String>,
}

impl Use {
    fn of(project: &Project, sites: &[usize]) -> Use {
        let mut seen = Use {
            requests: 0,
            scripts: 0,
            sites: sites.len(),
            labels: Vec::new(),
        };
        for site in sites.iter().filter_map(|&site| project.graph.sites.get(site)) {
            let (reached, label) = reach::reached(project, site.function);
            let by_path = matches!(project.role(site.file), walk::Role::Script | walk::Role::Example);
            match reached {
                Reached::Request => {
                    seen.requests += 1;
                    seen.labels.extend(label);
                }
                Reached::Command | Reached::Startup => seen.scripts += 1,
                _ if by_path => seen.scripts += 1,
                _ => {}
            }
        }
        seen.labels.sort();
        seen.labels.dedup();
        seen
    }

    /// Steps by which the index saves less than all of the table.
    fn lighter(&self, advice: &Advice) -> usize {
        let is_single = self.sites < 2;
        match () {
            // Few rows share the first column's value, as far as can be told: the rest of the index saves little.
            () if advice.longer && is_single && !advice.columns.first().is_some_and(|first| is_tenant(first)) => 2,
            // One statement that ranges over or sorts all rows: a clean-up, a report.
            () if advice.equal == 0 && is_single => 2,
            () => usize::from(advice.longer),
        }
    }
}

/// The first column's definition, a model's before a migration's.
fn primary(project: &Project, table: &Table, advice: &Advice) -> Option<Location> {
    let symbol = format!("{}.{}", table.name, advice.columns.join("+"));
    let column = advice.columns.first().and_then(|name| table.column(name));
    let place = column.and_then(|column| column.places.first()).or_else(|| table.place())?;
    Some(project.location(&place.file, place.span, &symbol))
}

fn report(project: &Project, id: &str, advice: &Advice) -> Option<Finding> {
    let table = project.schema.tables.get(advice.table)?;
    let sites = advice.sites();
    let reach = Use::of(project, &sites);
    // What only a script asks for once is worth an index where it looks rows up, not where it lists them.
    if reach.scripts == reach.sites && (advice.equal == 0 || advice.longer) {
        return None;
    }
    let sure = advice
        .demands
        .iter()
        .map(|demand| demand.confidence)
        .min()
        .unwrap_or(Confidence::Medium);
    let known = if project.schema.is_complete() && advice.equal > 0 && !advice.longer {
        Confidence::High
    } else {
        Confidence::Medium
    };
    let confidence = sure.max(known);
    let (best, asks) = reach::of_sites(project, &sites);
    let cost = Cost::Walk {
        rows: scale::to_walk(project, table),
        asks,
    };
    let judgement = priority::judge(&cost, &best, confidence, reach.lighter(advice));
    let mut finding = Finding::new(id, judgement, confidence, primary(project, table, advice)?);
    finding.subject = format!("{}.{}", table.name, advice.columns.join("+"));
    finding.title = format!("No index of {} serves {}", table.name, asked(advice));
    finding.message = message(table, advice, &reach);
    finding.message.push_str(&advice::index::size_note(project, advice.table));
    cite(project, table, advice, &sites, &mut finding);
    let reached = reach
        .labels
        .first()
        .map(|label| format!(", reached from {label}"))
        .unwrap_or_default();
    finding.impact = if advice.longer {
        format!("the rows that the first column finds are all read and then filtered or sorted{reached}")
    } else {
        format!("each of these statements reads all of {}{reached}", table.name)
    };
    let new = NewIndex {
        columns: &advice.columns,
        ascending: if advice.descending { advice.equal } else { advice.columns.len() },
        only: &advice.only,
        include: &advice.include,
    };
    finding.fix.summary = summary(table, advice, &new);
    finding.fix.ddl = advice::index::create_index(table, &new);
    finding.fix.orm = advice::index::declare_index(table, &new);
    Some(finding)
}

fn summary(table: &Table, advice: &Advice, new: &NewIndex<'_>) -> String {
    let mut text = format!("Add an index on ({}).", advice.columns.join(", "));
    if let Some(predicate) = new.predicate(table) {
        let _ = write!(
            text,
            " All of these statements ask for {predicate} alone, so the index can leave the other rows out."
        );
    }
    if !advice.include.is_empty() {
        let _ = write!(text, " With {} in it, the table itself is not read.", advice.include.join(", "));
    }
    let needless: Vec<String> = shorter(table, advice).map(|index| format!("({})", index.key_list())).collect();
    if !needless.is_empty() {
        let _ = write!(text, " The index on {} is needless then.", needless.join(" and on "));
    }
    text
}

/// The indexes that the advised one takes the place of.
fn shorter<'a>(table: &'a Table, advice: &'a Advice) -> impl Iterator<Item = &'a Index> {
    table.indexes.iter().filter(move |index| {
        let keys: Vec<&str> = index.columns().collect();
        let is_plain = index.is_btree() && !index.unique && index.predicate.is_none() && keys.len() == index.keys.len();
        is_plain
            && advice.only.is_empty()
            && keys.len() < advice.columns.len()
            && keys.iter().zip(&advice.columns).all(|(key, column)| key == column)
    })
}

fn asked(advice: &Advice) -> String {
    let (equal, tail) = advice.columns.split_at(advice.equal.min(advice.columns.len()));
    let tail_word = |column: &String| {
        let is_range = advice.demands.iter().any(|demand| demand.range.contains(column));
        if is_range {
            format!("a range of {column}")
        } else {
            format!("the order by {}", tail.join(", "))
        }
    };
    match (equal, tail.first()) {
        ([], Some(column)) => tail_word(column),
        (equal, None) => format!("the filter on {}", equal.join(", ")),
        (equal, Some(column)) => format!("the filter on {} with {}", equal.join(", "), tail_word(column)),
    }
}

fn message(table: &Table, advice: &Advice, reach: &Use) -> String {
    let existing: Vec<String> = table.indexes.iter().map(|index| format!("({})", index.key_list())).collect();
    let known = match existing.as_slice() {
        [] => format!("No index of {} is known.", table.name),
        list => format!("{} has indexes on {}.", table.name, list.join(", ")),
    };
    let count = match reach.sites {
        1 => "One statement asks".to_owned(),
        count => format!("{count} statements ask"),
    };
    let served = if advice.longer {
        "the index that starts with the same column leaves the rest to be read and filtered or sorted"
    } else {
        "none of them can be used"
    };
    let mut text = format!("{count} {} for {}. {known} For this, {served}.", table.name, asked(advice));
    if let Some(columns) = &advice.foreign_key {
        let _ = write!(
            text,
            " It serves the foreign key {} as well, which no index starts with.",
            columns.join(", ")
        );
    }
    if let Some(label) = reach.labels.first() {
        let _ = write!(text, " Reached from {label}.");
    }
    text
}

fn cite(project: &Project, table: &Table, advice: &Advice, sites: &[usize], finding: &mut Finding) {
    for &index in sites.iter().take(MAX_CITED) {
        let Some(site) = project.graph.sites.get(index) else { continue };
        finding.relate(
            project.place_in(site.function, site.span),
            Role::Query,
            evidence::describe(&site.query),
        );
    }
    let symbol = finding.location.symbol.clone();
    for column in advice.columns.iter().skip(1).filter_map(|name| table.column(name)) {
        if let Some(place) = column.places.first() {
            finding.relate(
                project.location(&place.file, place.span, &symbol),
                Role::Column,
                format!("column {}", column.name),
            );
        }
    }
    for key in table
        .foreign_keys
        .iter()
        .filter(|key| Some(&key.columns) == advice.foreign_key.as_ref())
    {
        for place in &key.places {
            let at = project.location(&place.file, place.span, &symbol);
            if at != finding.location {
                finding.relate(at, Role::Column, format!("the foreign key to {} is declared here", key.target));
            }
        }
    }
    for index in shorter(table, advice) {
        if let Some(place) = index.place() {
            finding.relate(project.schema_place(place), Role::Index, format!("index on ({})", index.key_list()));
        }
    }
}
