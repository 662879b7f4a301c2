//! `missing-index`, and the words of `missing-composite-index`: what the index advisor finds.

use std::fmt::Write as _;

use crate::advice::index::NewIndex;
use crate::analysis::Analyses;
use crate::analysis::indexes::advisor::IndexProposal;
use crate::analysis::indexes::needs::IndexNeed;
use crate::finding::{Confidence, Finding, Location, Role};
use crate::judge::columns::is_tenant;
use crate::judge::cost::{self, Cost};
use crate::judge::reach::{self, Reached};
use crate::judge::scale::{self, Rows};
use crate::judge::{evidence, priority};
use crate::project::Project;
use crate::project::schema::{SchemaPlace, Table};
use crate::{advice, walk};

/// Sites that are cited; the others are counted.
const MAX_CITED: usize = 40;

/// Checks a project.
pub fn check(run: &Analyses<'_>) -> Vec<Finding> {
    findings(run, "missing-index", |proposal| proposal.columns.len() == 1)
}

/// The findings of a rule, of the proposals that it wants.
pub(super) fn findings(run: &Analyses<'_>, id: &str, wanted: fn(&IndexProposal) -> bool) -> Vec<Finding> {
    let is_wanted = |proposal: &&IndexProposal| {
        let is_wanted = wanted(proposal);
        if !is_wanted {
            silent(run.project, id, proposal, || {
                let is_longer = proposal.columns.len() > 1;
                let other = if is_longer { "missing-composite-index" } else { "missing-index" };
                format!("an index on ({}) is advised, and {other} tells it", proposal.columns.join(", "))
            });
        }
        is_wanted
    };
    let proposal = run.index_proposals().iter().filter(is_wanted);
    proposal.filter_map(|proposal| report(run.project, id, proposal)).collect()
}

/// Notes at the statements of a proposal why it is not told.
fn silent(project: &Project, id: &str, proposal: &IndexProposal, why: impl Fn() -> String) {
    if !project.silence.asks(id) {
        return;
    }
    for site in proposal.sites().iter().filter_map(|&site| project.graph.sites.get(site)) {
        project.silent(id, site.file, site.span, &why);
    }
}

/// What reaches the sites of a proposal.
struct Use {
    scripts: usize,
    sites: usize,
}

impl Use {
    fn of(project: &Project, sites: &[usize]) -> Use {
        let mut seen = Use {
            scripts: 0,
            sites: sites.len(),
        };
        for site in sites.iter().filter_map(|&site| project.graph.sites.get(site)) {
            let (reached, _) = reach::reached(project, site.function);
            let by_path = matches!(project.role(site.file), walk::FileRole::Script | walk::FileRole::Example);
            match reached {
                Reached::Command | Reached::Startup => seen.scripts += 1,
                _ if by_path => seen.scripts += 1,
                _ => {}
            }
        }
        seen
    }

    /// Steps by which the index saves less than all of the table.
    fn lighter(&self, proposal: &IndexProposal) -> usize {
        let is_single = self.sites < 2;
        match () {
            // Few rows share the first column's value, as far as can be told: the rest of the index saves little.
            () if proposal.longer && is_single && !proposal.columns.first().is_some_and(|first| is_tenant(first)) => 2,
            // One statement that ranges over or sorts all rows: a clean-up, a report.
            () if proposal.equal == 0 && is_single => 2,
            () => usize::from(proposal.longer),
        }
    }
}

/// The first column's definition, a model's before a migration's.
fn primary(project: &Project, table: &Table, proposal: &IndexProposal) -> Option<Location> {
    let symbol = format!("{}.{}", table.name, proposal.columns.join("+"));
    let column = proposal.columns.first().and_then(|name| table.column(name));
    // A column of a library's base stands in a migration alone: the index is declared where the model is.
    let is_model = |place: &&SchemaPlace| place.kind.is_model();
    let of_column = column.and_then(|column| column.places.iter().find(is_model).or(column.places.first()));
    let place = of_column
        .filter(is_model)
        .or_else(|| table.places.iter().find(is_model))
        .or(of_column)
        .or_else(|| table.place())?;
    Some(project.location(&place.file, place.span, &symbol))
}

fn report(project: &Project, id: &str, proposal: &IndexProposal) -> Option<Finding> {
    let table = project.schema.tables.get(proposal.table)?;
    let sites = proposal.sites();
    let reach = Use::of(project, &sites);
    // What only a script asks for once is worth an index where it looks rows up, not where it lists them.
    if reach.scripts == reach.sites && (proposal.equal == 0 || proposal.longer) {
        silent(project, id, proposal, || {
            "only scripts ask for it, and look no single row up".to_owned()
        });
        return None;
    }
    let sure = proposal
        .needs
        .iter()
        .map(|need| need.confidence)
        .min()
        .unwrap_or(Confidence::Medium);
    let known = if project.schema.is_complete() && proposal.equal > 0 && !proposal.longer {
        Confidence::High
    } else {
        Confidence::Medium
    };
    let confidence = sure.max(known);
    let (best, asks) = reach::of_sites(project, &sites);
    let cost = Cost::Walk {
        what: cost::statement(project),
        rows: rows_read(project, table, proposal),
        asks,
        is_declared: false,
        of_people: scale::is_of_people(table),
    };
    let judgement = priority::judge(&cost, &best, confidence, reach.lighter(proposal));
    let mut finding = Finding::new(id, judgement, confidence, primary(project, table, proposal)?);
    finding.subject = format!("{}.{}", table.name, proposal.columns.join("+"));
    finding.title = format!("No index of {} serves {}", table.name, asked(proposal));
    finding.message = message(
        table,
        proposal,
        &reach,
        best.label.as_deref().filter(|_| best.level == Reached::Request),
    );
    finding.message.push_str(&advice::index::size_note(project, proposal.table));
    let label = best.label.as_ref().filter(|_| best.level == Reached::Request);
    let reached = label.map(|label| format!(", reached from {label}")).unwrap_or_default();
    finding.impact = if proposal.longer {
        format!("the rows that the first column finds are all read and then filtered or sorted{reached}")
    } else {
        format!("each of these statements reads all of {}{reached}", table.name)
    };
    let new = NewIndex {
        columns: &proposal.columns,
        ascending: if proposal.descending {
            proposal.equal
        } else {
            proposal.columns.len()
        },
        only: &proposal.only,
        include: &proposal.include,
        name: None,
    };
    cite(project, table, (proposal, &new), &sites, &mut finding);
    finding.remedy = Some(new.lacking(proposal.table, table));
    finding.fix.summary = summary(table, proposal, &new);
    finding.fix.ddl = advice::index::create_index(table, &new);
    finding.fix.orm = advice::index::declare_index(table, &new);
    Some(finding)
}

/// The rows that the statements read today: an index that is there leaves those of one value, or of a window.
fn rows_read(project: &Project, table: &Table, proposal: &IndexProposal) -> Rows {
    let all = scale::to_walk(project, table);
    if proposal.longer {
        return scale::of_parent(&all, &proposal.columns[..proposal.columns.len().min(1)]);
    }
    let is_led = |column: &&String| table.leads(column) && proposal.needs.iter().all(|need| need.range.contains(column));
    let ranged = proposal.needs.iter().take(1).flat_map(|need| &need.range).find(is_led);
    match ranged {
        Some(column) => {
            let scale = scale::of_parent(&all, &[]).scale;
            Rows::new(scale, format!("what a window of {column} leaves of {}", all.why))
        }
        None => all,
    }
}

fn summary(table: &Table, proposal: &IndexProposal, new: &NewIndex<'_>) -> String {
    let mut text = format!("Add an index on ({}).", proposal.columns.join(", "));
    if let Some(predicate) = new.predicate(table) {
        let _ = write!(
            text,
            " All of these statements ask for {predicate} alone, so the index can leave the other rows out."
        );
    }
    if !proposal.include.is_empty() {
        let _ = write!(text, " With {} in it, the table itself is not read.", proposal.include.join(", "));
    }
    let needless: Vec<String> = new.needless(table).map(|index| format!("({})", index.key_list())).collect();
    if !needless.is_empty() {
        let _ = write!(text, " The index on {} is needless then.", needless.join(" and on "));
    }
    text
}

fn asked(proposal: &IndexProposal) -> String {
    let (equal, tail) = proposal.columns.split_at(proposal.equal.min(proposal.columns.len()));
    let tail_word = |column: &String| {
        let is_range = proposal.needs.iter().any(|need| need.range.contains(column));
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

fn message(table: &Table, proposal: &IndexProposal, reach: &Use, label: Option<&str>) -> String {
    let existing: Vec<String> = table.indexes.iter().map(|index| format!("({})", index.key_list())).collect();
    let known = match existing.as_slice() {
        [] => format!("No index of {} is known.", table.name),
        list => format!("{} has indexes on {}.", table.name, list.join(", ")),
    };
    let count = match (reach.sites, whole(proposal)) {
        (1, _) => "One statement asks".to_owned(),
        (count, whole) if whole >= count => format!("{count} statements ask"),
        // It is put together of what they ask for.
        (count, 0) => format!("{count} statements ask, each for a part of it,"),
        (count, 1) => format!("Of {count} statements one asks"),
        (count, whole) => format!("Of {count} statements {whole} ask"),
    };
    let others = match whole(proposal) {
        whole if whole > 0 && whole < reach.sites => ", the others for some of these columns or in another order",
        _ => "",
    };
    let served = if proposal.longer {
        "the index that starts with the same column leaves the rest to be read and filtered or sorted"
    } else {
        "none of them can be used"
    };
    let mut text = format!(
        "{count} {} for {}{others}. {known} For this, {served}.",
        table.name,
        asked(proposal)
    );
    if let Some(columns) = &proposal.foreign_key {
        let _ = write!(
            text,
            " It serves the foreign key {} as well, which no index starts with.",
            columns.join(", ")
        );
    }
    if let Some(label) = label {
        let _ = write!(text, " Reached from {label}.");
    }
    text
}

/// How many of the statements ask for all that the index has.
fn whole(proposal: &IndexProposal) -> usize {
    let (equal, tail) = proposal.columns.split_at(proposal.equal.min(proposal.columns.len()));
    let asks = |need: &&IndexNeed| {
        let compares = |column: &String| [&need.equal, &need.flags, &need.linked].iter().any(|names| names.contains(column));
        let goes_on =
            |column: &String| compares(column) || need.range.contains(column) || need.order.iter().any(|(name, _)| name == column);
        equal.iter().all(compares) && tail.iter().all(goes_on)
    };
    let mut sites: Vec<usize> = proposal.needs.iter().filter(asks).map(|need| need.site).collect();
    sites.sort_unstable();
    sites.dedup();
    sites.len()
}

fn cite(project: &Project, table: &Table, (proposal, new): (&IndexProposal, &NewIndex<'_>), sites: &[usize], finding: &mut Finding) {
    for &index in sites.iter().take(MAX_CITED) {
        let Some(site) = project.graph.sites.get(index) else { continue };
        finding.relate(
            project.place_in(site.function, site.span),
            Role::Query,
            evidence::describe(&site.query),
        );
    }
    let symbol = finding.location.symbol.clone();
    for column in proposal.columns.iter().skip(1).filter_map(|name| table.column(name)) {
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
        .filter(|key| Some(&key.columns) == proposal.foreign_key.as_ref())
    {
        for place in &key.places {
            let at = project.location(&place.file, place.span, &symbol);
            if at != finding.location {
                finding.relate(at, Role::Column, format!("the foreign key to {} is declared here", key.target));
            }
        }
    }
    for index in new.needless(table) {
        if let Some(place) = index.place() {
            finding.relate(project.schema_place(place), Role::Index, format!("index on ({})", index.key_list()));
        }
    }
}
