//! `overfetch-large-column`: rows with heavy columns, of which only light ones are used.

use crate::advice::texts::{Advised, Select, advice};
use crate::analysis::Analyses;
use crate::finding::{Confidence, Finding, Role};
use crate::judge::columns::is_heavy;
use crate::judge::cost::Cost;
use crate::judge::reach::{self, Reached};
use crate::judge::scale::{self, Rows, Scale};
use crate::judge::{evidence, priority};
use crate::libraries::shared::query::{Outcome, Query};
use crate::project::Project;
use crate::project::row_usage::RowLoad;
use crate::project::schema::{Column, Table};
use crate::statement::{Operation, Projection, RowLimit};
use crate::walk;

const ID: &str = "overfetch-large-column";

/// Runs the rule.
pub fn check(run: &Analyses<'_>) -> Vec<Finding> {
    let project = run.project;
    project.loads.iter().filter_map(|load| finding(project, load)).collect()
}

/// The tables whose rows come: several, where a row holds several models.
fn tables_of<'p>(project: &'p Project, query: &Query) -> Vec<&'p Table> {
    let first = || project.table_of(query).or_else(|| project.schema.table(query.table()?));
    if query.entities < 2 {
        return first().into_iter().collect();
    }
    let named = query.statement.tables.iter().take(query.entities);
    let tables: Option<Vec<&Table>> = named.map(|table| project.schema.table(&table.name)).collect();
    tables.unwrap_or_default()
}

/// The heavy columns of the table at a place that come along and that nothing reads.
fn unread<'a>(project: &Project, table: &'a Table, at: usize, load: &RowLoad) -> Vec<&'a Column> {
    let names = |column: &Column, name: &String| column.name == *name || column.field.as_ref() == Some(name);
    let comes = |column: &&Column| match &load.query.statement.projection {
        Projection::Columns(chosen) => chosen
            .iter()
            .any(|chosen| chosen.table.unwrap_or(0) == at && names(column, &chosen.column)),
        _ => !load.query.deferred.iter().any(|name| names(column, name)),
    };
    let is_read = |column: &&Column| {
        load.usage
            .read
            .iter()
            .any(|name| names(column, name) || column.name.eq_ignore_ascii_case(name))
    };
    table
        .columns
        .iter()
        .filter(|column| is_heavy(project, column))
        .filter(comes)
        .filter(|column| !is_read(column))
        .collect()
}

fn finding(project: &Project, load: &RowLoad) -> Option<Finding> {
    let (query, usage) = (&load.query, &load.usage);
    let statement = &query.statement;
    let rows = matches!(statement.projection, Projection::All | Projection::Columns(_)) && statement.operation == Operation::Select;
    let silent = |why: &str| -> Option<Finding> {
        let span = project.code.module(load.file).expr(load.expr).span;
        project.silent(ID, load.file, span, || why);
        None
    };
    if !rows || statement.grouped || query.opaque || statement.tables.is_empty() {
        return silent("it gives no whole rows of a known table");
    }
    if !usage.is_local() {
        return silent("its rows go where it is not known what is read of them");
    }
    let many = query.outcome == Outcome::Rows && statement.limit != RowLimit::One;
    if !many && query.outcome != Outcome::One {
        return silent("it gives no rows");
    }
    let (reached, _) = reach::reached(project, load.function);
    let by_script = project.role(load.file) != walk::FileRole::Source;
    if !many && (by_script || matches!(reached, Reached::Command | Reached::Startup)) {
        return silent("one row is loaded, by a command or once");
    }
    let tables = tables_of(project, query);
    let unread = tables
        .iter()
        .enumerate()
        .map(|(at, &table)| (table, unread(project, table, at, load)));
    let Some((table, heavy)) = unread.into_iter().find(|(_, heavy)| !heavy.is_empty()) else {
        return silent("no heavy column comes along that nothing reads");
    };
    // Of many rows nothing is read: then they are counted, which is another rule's matter.
    let is_used = if many {
        !usage.read.is_empty()
    } else {
        !usage.read.is_empty() || !usage.truths.is_empty()
    };
    if !is_used {
        return silent("nothing is read of the rows");
    }
    // All that is read must be known: a property or a method may read a heavy column.
    let is_loaded_along = |name: &str| query.eager.iter().any(|path| path.split('.').next() == Some(name));
    let is_column = |name: &str| tables.iter().any(|table| table.column(name).is_some());
    let known = usage.read.iter().all(|name| is_column(name) || is_loaded_along(name));
    if !known {
        return silent("what is read may be a property or method that reads a heavy column");
    }
    Some(report(project, load, table, &heavy, many))
}

/// Up to three names, and how many more.
fn listed<'n>(names: impl Iterator<Item = &'n str>) -> String {
    let names: Vec<&str> = names.collect();
    let shown = names.iter().take(3).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(3) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

fn report(project: &Project, load: &RowLoad, table: &Table, heavy: &[&Column], many: bool) -> Finding {
    let reach = reach::at(project, load.function, load.expr);
    let rows = if many {
        scale::of_query(project, &load.query)
    } else {
        Rows::new(Scale::One, format!("a row of {}", table.name))
    };
    let reads_heavy = load
        .usage
        .read
        .iter()
        .filter_map(|name| table.column(name))
        .any(|column| is_heavy(project, column));
    // Another caller of the same helper may need the columns: the fix is a second query.
    let less = usize::from(load.via.is_some()) + usize::from(reads_heavy);
    let judgement = priority::judge(&Cost::Waste(rows), &reach, Confidence::Medium, less);
    let label = reach.label;
    let names = listed(heavy.iter().map(|column| column.name.as_str()));
    let read = listed(load.usage.read.iter().map(String::as_str));
    let module = project.code.module(load.file);
    let span = module.expr(load.expr).span;
    let mut finding = Finding::new(ID, judgement, Confidence::Medium, project.place_in(load.function, span));
    let reach = evidence::reach_words(label.as_deref());
    let be = |count: usize| if count == 1 { "is" } else { "are" };
    finding.title = format!("Loads {names} of `{}` for nothing", table.name);
    finding.message = if read.is_empty() {
        format!(
            "{names} of `{}` {} loaded only to see whether the row is there{reach}.",
            table.name,
            be(heavy.len())
        )
    } else {
        format!(
            "{names} of `{}` {} loaded and not used: only {read} {} read{reach}.",
            table.name,
            be(heavy.len()),
            be(load.usage.read.len())
        )
    };
    finding.impact = if many {
        "the large columns of every matching row are read, sent and decoded".to_owned()
    } else {
        "the large columns of a row are read, sent and decoded".to_owned()
    };
    let all: Vec<String> = load.usage.read.iter().map(|name| format!("`{name}`")).collect();
    finding.subject = format!("{} {}", evidence::essence(&load.query), all.join(","));
    finding.related = evidence::path_to_place(project, load.function, load.expr);
    if load.via.is_some() {
        let holder = project
            .graph
            .id(load.source.0, project.code.module(load.source.0).owner(load.source.1));
        let span = project.code.module(load.source.0).expr(load.source.1).span;
        finding.relate(project.place_in(holder, span), Role::Query, evidence::describe(&load.query));
    }
    for column in heavy.iter().take(6) {
        if let Some(place) = column.places.first() {
            finding.relate(
                project.schema_place(place),
                Role::Column,
                format!("`{}` is {}", column.name, column.data_type),
            );
        }
    }
    let key = ["id"];
    let fields: Vec<&str> = match load.usage.read.len() {
        0 => key.to_vec(),
        _ => load.usage.read.iter().map(String::as_str).collect(),
    };
    let model = load.query.table().unwrap_or("Model");
    let written = |form: &dyn Fn(&str) -> String| fields.iter().map(|field| form(field)).collect::<Vec<_>>().join(", ");
    finding.fix = advice(
        Advised::Select(Select::Columns),
        load.query.library,
        &[
            ("qualified", &written(&|field| format!("{model}.{field}"))),
            ("quoted", &written(&|field| format!("\"{field}\""))),
            ("flags", &written(&|field| format!("{field}: true"))),
            ("plain", &written(&str::to_owned)),
        ],
    );
    finding
}
