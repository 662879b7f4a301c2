//! `count-for-existence`: rows loaded only to be counted or to see whether there are any, and counts only compared with 0.

use std::fmt::Write as _;

use super::bounds::{self, Bound};
use super::columns::is_small;
use super::evidence::{self, Reached, lower};
use crate::finding::{Confidence, Finding, Fix, Priority, Role};
use crate::libraries::value::Outcome;
use crate::project::Project;
use crate::project::usage::Load;
use crate::statement::{Limit, Projection};

const ID: &str = "count-for-existence";

/// Runs the rule.
pub fn check(project: &Project) -> Vec<Finding> {
    project.loads.iter().filter_map(|load| finding(project, load)).collect()
}

/// What is done with the rows instead of in the database.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Waste {
    /// They are counted.
    Counted,
    /// They are tested for being there.
    Tested,
    /// Their count is compared with 0.
    CountTested,
}

fn waste(project: &Project, load: &Load) -> Option<Waste> {
    let (usage, statement) = (&load.usage, &load.query.statement);
    if load.query.outcome == Outcome::Scalar {
        let is_count = is_count(load) && usage.is_local() && usage.lengths.is_empty();
        let tested = !usage.zero_tests.is_empty() || !usage.truths.is_empty();
        return (is_count && tested).then_some(Waste::CountTested);
    }
    let bounded = matches!(statement.limit, Limit::One | Limit::Rows(0..=100)) || matches!(statement.projection, Projection::Aggregate);
    if load.query.outcome != Outcome::Rows || bounded {
        return None;
    }
    if usage.only_tested(project.code.module(load.file)) && reads_columns(project, load) {
        return Some(Waste::Tested);
    }
    let system = load
        .query
        .table()
        .is_some_and(|name| name.contains("information_schema") || name.starts_with("pg_") || name.starts_with("sqlite_"));
    // Keys that the caller gives bound the rows, as when all of them must exist.
    if !usage.only_counted() || system || bounds::judge(project, &load.query) == Bound::Keyed {
        return None;
    }
    Some(if usage.only_any(project.code.module(load.file)) {
        Waste::Tested
    } else {
        Waste::Counted
    })
}

/// What a test asks of the rows are columns, which the database can compare too.
fn reads_columns(project: &Project, load: &Load) -> bool {
    let table = load.query.table().and_then(|name| project.schema.table(name));
    table.is_some_and(|table| load.usage.read.iter().all(|name| table.column(name).is_some()))
}

/// A figure that is the count of rows: what an `exists()` or a sum gives is no waste.
fn is_count(load: &Load) -> bool {
    matches!(load.query.statement.projection, Projection::Aggregate) && load.via.is_none()
}

fn finding(project: &Project, load: &Load) -> Option<Finding> {
    let waste = waste(project, load)?;
    let module = project.code.module(load.file);
    if waste == Waste::CountTested && module.call(load.expr).and_then(|call| call.method()) != Some("count") {
        return None;
    }
    let name = load.query.table().unwrap_or("the table");
    let small = project.schema.table(name).is_some_and(is_small);
    let (reached, label) = evidence::reached(project, load.function);
    let base = match (waste, reached) {
        (_, Reached::Startup | Reached::Command) => Priority::P3,
        (Waste::CountTested, _) => Priority::P2,
        (_, Reached::Request) => Priority::P1,
        _ => Priority::P2,
    };
    let span = module.expr(load.expr).span;
    let confidence = if load.via.is_some() { Confidence::Medium } else { Confidence::High };
    let mut finding = Finding::new(ID, lower(base, u32::from(small)), confidence, project.place_in(load.function, span));
    finding.title = match waste {
        Waste::Counted => format!("Rows of `{name}` are loaded only to be counted"),
        Waste::Tested => format!("Rows of `{name}` are loaded only to see whether there are any"),
        Waste::CountTested => format!("Rows of `{name}` are counted only to see whether there are any"),
    };
    finding.message = format!("{}: nothing else is done with what comes back.", finding.title);
    if let Some(label) = &label {
        let _ = write!(finding.message, " Reached from {label}.");
    }
    finding.impact = match waste {
        Waste::CountTested => format!("a count reads every matching row of `{name}`, where the first would do"),
        _ => format!("every matching row of `{name}` is read, sent and built for one figure"),
    };
    finding.subject = format!("{} {}", evidence::essence(&load.query), finding.title);
    finding.related = evidence::path_from_entry(project, load.function);
    if load.via.is_some() {
        let holder = project
            .graph
            .id(load.source.0, project.code.module(load.source.0).owner(load.source.1));
        let span = project.code.module(load.source.0).expr(load.source.1).span;
        finding.relate(project.place_in(holder, span), Role::Query, evidence::describe(&load.query));
    }
    for &used in load
        .usage
        .lengths
        .iter()
        .chain(&load.usage.truths)
        .chain(&load.usage.zero_tests)
        .take(6)
    {
        let span = module.expr(used).span;
        finding.relate(
            project.place(load.file, span, &project.symbol(load.function)),
            Role::Evidence,
            "used here",
        );
    }
    finding.fix = fix(waste, load.query.library);
    Some(finding)
}

fn fix(waste: Waste, library: &str) -> Fix {
    let counts = waste == Waste::Counted;
    let code = match (library, counts) {
        ("sqlalchemy", true) => "session.scalar(select(func.count()).select_from(Model).where(...))",
        ("sqlalchemy", false) => "session.scalar(select(exists().where(...)))",
        ("django", true) => "queryset.count()",
        ("django", false) => "queryset.exists()",
        ("prisma", true) => "await prisma.model.count({ where })",
        ("prisma", false) => "await prisma.model.findFirst({ where, select: { id: true } })",
        ("drizzle", true) => "await db.$count(table, where)",
        ("drizzle", false) => "await db.select({ id: table.id }).from(table).where(where).limit(1)",
        ("sql", true) => "SELECT count(*) FROM … WHERE …",
        ("sql", false) => "SELECT EXISTS (SELECT 1 FROM … WHERE …)",
        _ => "",
    };
    Fix {
        summary: if counts {
            "Count in the database.".to_owned()
        } else {
            "Ask the database whether one row exists.".to_owned()
        },
        code: (!code.is_empty()).then(|| code.to_owned()),
        ..Fix::default()
    }
}
