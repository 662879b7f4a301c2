//! `unbounded-query`: all rows of a growing table are loaded.

use rayon::prelude::*;

mod picked;

use crate::advice::texts::{Advised, Select, advice};
use crate::analysis::Analyses;
use crate::finding::{Confidence, Finding, Fix, Role};
use crate::ir::{ExprId, ExprKind, Module};
use crate::judge::bounds::{self, ReadBound};
use crate::judge::cost::Cost;
use crate::judge::scale::{Rows, Scale};
use crate::judge::{columns, evidence, priority, reach, scale};
use crate::libraries::shared::api_names;
use crate::libraries::shared::query::Outcome;
use crate::project::Project;
use crate::project::graph::QuerySite;
use crate::project::row_usage::RowLoad;
use crate::project::schema::SchemaModel;
use crate::source::Span;
use crate::statement::{Operation, Projection, RowLimit};
use crate::vocabulary::List;
use crate::walk::FileRole;

const ID: &str = "unbounded-query";

/// So many lists that are loaded along with one row are no longer a part of it.
const SEVERAL: usize = 3;

/// Checks a project.
pub fn check(run: &Analyses<'_>) -> Vec<Finding> {
    let project = run.project;
    let plain = project.graph.sites.par_iter().filter_map(|site| finding(project, site));
    let mut findings: Vec<Finding> = plain.collect();
    findings.extend(project.graph.sites.iter().filter_map(|site| include(project, site)));
    let through = project.loads.par_iter().filter(|load| load.via.is_some());
    findings.extend(through.filter_map(|load| kept_in_part(project, load)).collect::<Vec<_>>());
    findings
}

/// Rows that a helper loads for its caller, which keeps those with one value of a column.
fn kept_in_part(project: &Project, load: &RowLoad) -> Option<Finding> {
    let bound = match bounds::judge(project, &load.query) {
        ReadBound::Open => Vec::new(),
        ReadBound::Filtered(columns) => columns,
        _ => return None,
    };
    let module = project.code.module(load.file);
    let table = project.table_of(&load.query)?;
    let column = picked::column(module, table, load).filter(|column| !bound.iter().any(|known| known == column))?;
    let reach = reach::at(project, load.function, load.expr);
    let cost = Cost::Load(scale::of_query(project, &load.query));
    let judgement = priority::judge(&cost, &reach, Confidence::Medium, 1);
    let place = project.place_in(load.function, module.expr(load.expr).span);
    let mut finding = Finding::new(ID, judgement, Confidence::Medium, place);
    let name = &table.name;
    finding.title = format!("Loads rows of `{name}` and keeps those with certain values of `{column}`");
    finding.message = format!(
        "All rows that the helper finds in `{name}` are loaded, and those with other values of `{column}` are dropped in the application{}.",
        evidence::reach_words(reach.label.as_deref())
    );
    finding.impact = format!("rows of `{name}` are read, sent and built for nothing");
    finding.subject = format!("{} kept by {column}", evidence::essence(&load.query));
    finding.related = evidence::path_to_place(project, load.function, load.expr);
    let (file, expr) = load.source;
    let holder = project.symbol(project.graph.id(file, project.code.module(file).owner(expr)));
    finding.relate(
        project.place(file, project.code.module(file).expr(expr).span, &holder),
        Role::Query,
        evidence::describe(&load.query),
    );
    finding.fix = Fix {
        summary: format!("Give the helper a filter by `{column}`, so that the database finds the rows."),
        ..Fix::default()
    };
    Some(finding)
}

/// A to-many relation that is loaded along without a limit, where the query itself is bounded.
fn include(project: &Project, site: &QuerySite) -> Option<Finding> {
    if !matches!(bounds::bound(project, site), ReadBound::Limited | ReadBound::Keyed) {
        return None;
    }
    let paths = site.query.unbounded_includes.iter();
    let many: Vec<(&String, String)> = paths
        .filter_map(|path| to_many(project, site, path).map(|table| (path, table)))
        .collect();
    let (path, table) = many.first()?;
    let rows = scale::of_parent(&scale::of_name(project, table), &[]);
    // All of a project's boards with all of their cards are a page's whole data.
    let is_tree = many.len() >= SEVERAL || many.iter().any(|(path, _)| has_list_above(project, site, path));
    if !is_tree && rows.scale <= Scale::OfParent && !is_many_each(table) || is_migration(project, site) {
        project.silent(ID, site.file, site.span, || format!("of one parent there are few: {}", rows.why));
        return None;
    }
    let place = |path: &str| include_span(project, site, path).unwrap_or(site.span);
    let reach = reach::at(project, site.function, site.expr);
    let cost = Cost::Load(rows);
    let judgement = priority::judge(&cost, &reach, Confidence::Medium, 0);
    let label = reach.label;
    let mut finding = Finding::new(ID, judgement, Confidence::Medium, project.place_in(site.function, place(path)));
    finding.title = format!("Loads all `{path}` of a row along, with no limit");
    finding.message = format!("The query loads the to-many relation `{path}` (`{table}`) along and sets no limit for it.");
    if let Some(label) = &label {
        finding.message.push_str(&format!(" Reached from {label}."));
    }
    finding.impact = format!(
        "memory and time grow with the `{table}` of one parent{}",
        evidence::reach_words(label.as_deref())
    );
    finding.subject = format!("include {path} of {}", site.query.table().unwrap_or_default());
    finding.related = evidence::path_to_place(project, site.function, site.expr);
    for (path, table) in many.iter().skip(1) {
        finding.relate(
            project.place_in(site.function, place(path)),
            Role::Evidence,
            format!("loads all `{path}` (`{table}`) along too"),
        );
    }
    finding.fix = Fix {
        summary: "Give the relation a limit and an order of its own (`take`, `limit`), or read it by pages in a query of its own."
            .to_owned(),
        ..Fix::default()
    };
    Some(finding)
}

/// Where a query names a relation that it loads along: the key in its `include`, `select` or `with` tree.
fn include_span(project: &Project, site: &QuerySite, path: &str) -> Option<Span> {
    let module = project.code.module(site.file);
    let mut at: Vec<ExprId> = module.call(site.expr)?.args.iter().map(|arg| arg.value).collect();
    let mut place = None;
    for name in path.split('.') {
        let found = at.iter().find_map(|&object| {
            let mut trees = api_names::RELATION_KEYS.iter().filter_map(|key| module.entry(object, key));
            trees.find_map(|tree| entry_of(module, tree, name))
        });
        let (span, value) = found?;
        place = Some(span);
        at = vec![value];
    }
    place
}

fn entry_of(module: &Module, object: ExprId, name: &str) -> Option<(Span, ExprId)> {
    let ExprKind::Object(entries) = module.kind(object) else {
        return None;
    };
    let entry = entries
        .iter()
        .find(|entry| entry.key.and_then(|key| module.string(key)) == Some(name))?;
    Some((module.expr(entry.key?).span, entry.value))
}

/// Whether a path leads through a relation to many rows before it ends in one: each of them brings its own.
fn has_list_above(project: &Project, site: &QuerySite, path: &str) -> bool {
    let mut ends = path.char_indices().filter(|&(_, letter)| letter == '.').map(|(at, _)| &path[..at]);
    ends.any(|above| to_many(project, site, above).is_some())
}

/// The table that a dotted path of relations ends in, when its last relation leads to many rows.
fn to_many(project: &Project, site: &QuerySite, path: &str) -> Option<String> {
    let table = project.table_of(&site.query)?;
    let mut model = table.models.iter().find_map(|&model| project.schema.models.get(model))?;
    let mut many = false;
    for name in path.split('.') {
        let relation = model.relation(name)?;
        let target = project.schema.model(&relation.target)?;
        many = relation.to_many && !is_one_a_kind(project, model, target);
        model = target;
    }
    many.then(|| {
        project
            .schema
            .tables
            .get(model.table)
            .map_or_else(|| model.name.clone(), |table| table.name.clone())
    })
}

/// Whether each row of a model has at most a row of another for each of a few kinds.
fn is_one_a_kind(project: &Project, parent: &SchemaModel, child: &SchemaModel) -> bool {
    let tables = &project.schema.tables;
    let (Some(parent), Some(child)) = (tables.get(parent.table), tables.get(child.table)) else {
        return false;
    };
    let mut keys = child.foreign_keys.iter().filter(|key| key.target == parent.name);
    keys.any(|key| {
        let columns: Vec<&str> = key.columns.iter().map(String::as_str).collect();
        columns::is_one_a_kind(child, &columns)
    })
}

fn finding(project: &Project, site: &QuerySite) -> Option<Finding> {
    let bound = bounds::bound(project, site);
    let is_window = matches!(bound, ReadBound::Window(_));
    let silent = |why: &str| project.silent(ID, site.file, site.span, || why);
    let bounding = match bound {
        ReadBound::Open => Vec::new(),
        ReadBound::Filtered(columns) => columns,
        // Of what holds now there is no more the longer the table gets.
        ReadBound::Window(columns) if columns.len() > 1 => {
            silent("it asks for what holds now, of which there is no more the longer the table gets");
            return None;
        }
        ReadBound::Window(columns) => columns,
        ReadBound::Limited => {
            silent(limited_by(site));
            return None;
        }
        ReadBound::Keyed => {
            silent("a unique key, or a list of keys that the caller gives, bounds it");
            return None;
        }
        ReadBound::Unknown => {
            silent("it was not understood whole: clauses or conditions that were not read may bound it");
            return None;
        }
    };
    if is_migration(project, site) {
        silent("a migration reads all rows once, and nobody waits for a page of them");
        return None;
    }
    let confidence = if bounding.is_empty() && !site.query.statement.open {
        Confidence::High
    } else {
        Confidence::Medium
    };
    let reach = reach::at(project, site.function, site.expr);
    if reach::takes_all(&reach) && bounding.iter().any(|column| columns::is_persons(column)) {
        silent("it takes out all that one person owns, which is what was asked for");
        return None;
    }
    let rows = scale::of_query(project, &site.query);
    if is_small(&rows, site, &bounding) {
        silent(&format!("of one parent there are few: {}", rows.why));
        return None;
    }
    let cost = Cost::Load(rows);
    // A group is a row; how many groups there are is not known, but they are fewer.
    let less = usize::from(site.query.statement.grouped);
    let judgement = priority::judge(&cost, &reach, confidence, less);
    let label = reach.label;
    let table = site.query.table().unwrap_or("the table");
    let mut finding = Finding::new(ID, judgement, confidence, project.place_in(site.function, site.span));
    finding.title = format!("Loads every matching row of `{table}`, with no limit");
    finding.message = if bounding.is_empty() {
        {
            let filters = if site.query.statement.filters.is_empty() {
                "no filter"
            } else {
                "no filter that ties its rows to one parent"
            };
            format!("The query on `{table}` has no limit and {filters}: what it loads grows with the table.")
        }
    } else {
        let grows = if is_window {
            "the rows of that window"
        } else {
            "each parent's rows"
        };
        format!(
            "The query on `{table}` has no limit; it is bounded only by {}: what it loads grows with {grows}.",
            list(&bounding)
        )
    };
    if let Some(label) = &label {
        finding.message.push_str(&format!(" Reached from {label}."));
    }
    finding.impact = format!(
        "memory and time grow with the rows of `{table}`{}",
        evidence::reach_words(label.as_deref())
    );
    finding.subject = format!("{} by {}", evidence::essence(&site.query), bounding.join(","));
    finding.related = evidence::path_to_place(project, site.function, site.expr);
    if let Some(table) = project.table_of(&site.query)
        && let Some(place) = table.place()
    {
        finding.relate(project.schema_place(place), Role::Table, format!("table `{}`", table.name));
    }
    finding.fix = advice(Advised::Select(Select::Page), site.query.library, &[]);
    Some(finding)
}

/// Whether so few rows hang on one parent that their readers want them all: a small table's, or those that a relation of an object gives
/// (`status.mentions.all()`). Of 14 such lists that were read against the code none was to be paged.
fn is_small(rows: &Rows, site: &QuerySite, bounding: &[String]) -> bool {
    let most = if site.query.relation.is_some() && !site.query.table().is_some_and(is_many_each) {
        Scale::OfParent
    } else {
        Scale::Few
    };
    !bounding.is_empty() && rows.scale <= most
}

/// Whether one parent has many rows of a table, as its name says: what is written without anybody's hand, or what people do all day.
fn is_many_each(table: &str) -> bool {
    List::Streams.has(table) || List::Contributions.has(table)
}

fn is_migration(project: &Project, site: &QuerySite) -> bool {
    project.role(site.file) == FileRole::Migration
}

/// What in a statement itself limits its rows.
fn limited_by(site: &QuerySite) -> &'static str {
    let statement = &site.query.statement;
    match () {
        () if statement.operation != Operation::Select => "it is no SELECT",
        () if statement.limit != RowLimit::None => "it has a limit, or asks for one row",
        () if !matches!(site.query.outcome, Outcome::Rows) => "it is used for one row, one value or a stream",
        () if matches!(statement.projection, Projection::Aggregate) && !statement.grouped => "it gives a figure",
        () if statement.grouped => "it gives a row for each of a few values",
        () => "its table is not known by name",
    }
}

fn list(columns: &[String]) -> String {
    columns.iter().map(|column| format!("`{column}`")).collect::<Vec<_>>().join(", ")
}
