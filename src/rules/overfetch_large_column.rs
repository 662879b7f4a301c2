//! `overfetch-large-column`: whole rows of a table with heavy columns, of which only light ones are used.

use super::columns::is_heavy;
use super::evidence::{self, Reached, lower};
use crate::finding::{Confidence, Finding, Fix, Priority, Role};
use crate::libraries::value::Outcome;
use crate::project::Project;
use crate::project::schema::{Column, Table};
use crate::project::usage::Load;
use crate::statement::{Limit, Operation, Projection};
use crate::walk;

const ID: &str = "overfetch-large-column";

/// Runs the rule.
pub fn check(project: &Project) -> Vec<Finding> {
    project.loads.iter().filter_map(|load| finding(project, load)).collect()
}

/// The heavy columns that come along.
fn heavy<'a>(table: &'a Table, load: &Load) -> Vec<&'a Column> {
    let left_out = |column: &&Column| {
        let names = [Some(column.name.as_str()), column.field.as_deref()];
        !load.query.deferred.iter().any(|name| names.contains(&Some(name.as_str())))
    };
    table.columns.iter().filter(|column| is_heavy(column)).filter(left_out).collect()
}

fn finding(project: &Project, load: &Load) -> Option<Finding> {
    let (query, usage) = (&load.query, &load.usage);
    let whole = query.statement.projection == Projection::All && query.statement.operation == Operation::Select && !query.statement.grouped;
    if !whole || !usage.is_local() || query.statement.tables.is_empty() {
        return None;
    }
    let many = query.outcome == Outcome::Rows && query.statement.limit != Limit::One;
    if !many && query.outcome != Outcome::One {
        return None;
    }
    let (reached, _) = evidence::reached(project, load.function);
    let by_script = walk::role(project.path(load.file)) != walk::Role::Source;
    if !many && (by_script || matches!(reached, Reached::Command | Reached::Startup)) {
        return None;
    }
    let table = project.schema.table(query.table()?)?;
    let heavy = heavy(table, load);
    if heavy.is_empty() || usage.read.is_empty() {
        return None;
    }
    // All that is read must be known columns: a property or a method may read a heavy one.
    let known = usage.read.iter().all(|name| table.column(name).is_some());
    let reads_heavy = usage.read.iter().filter_map(|name| table.column(name)).any(is_heavy);
    if !known || reads_heavy {
        return None;
    }
    Some(report(project, load, table, &heavy, many))
}

fn report(project: &Project, load: &Load, table: &Table, heavy: &[&Column], many: bool) -> Finding {
    let (reached, label) = evidence::reached(project, load.function);
    let base = match (many, reached) {
        (true, Reached::Request) => Priority::P1,
        (true, Reached::Job | Reached::Unknown) => Priority::P2,
        _ => Priority::P3,
    };
    // Another caller of the same helper may need the columns: the fix is a second query.
    let priority = lower(base, u32::from(load.via.is_some()));
    let names: Vec<String> = heavy.iter().map(|column| format!("`{}`", column.name)).collect();
    let read: Vec<String> = load.usage.read.iter().map(|name| format!("`{name}`")).collect();
    let module = project.code.module(load.file);
    let span = module.expr(load.expr).span;
    let mut finding = Finding::new(ID, priority, Confidence::Medium, project.place_in(load.function, span));
    finding.title = format!("Loads {} of `{}` and uses only {}", names.join(", "), table.name, read.join(", "));
    finding.message = format!(
        "Whole rows of `{}` are loaded, with {}; only {} {} read afterwards{}.",
        table.name,
        names.join(", "),
        read.join(", "),
        if read.len() == 1 { "is" } else { "are" },
        evidence::reach_words(label.as_deref())
    );
    finding.impact = if many {
        format!(
            "the heavy columns of every matching row are read, sent and decoded{}",
            evidence::reach_words(label.as_deref())
        )
    } else {
        format!(
            "the heavy columns of a row are read, sent and decoded for nothing{}",
            evidence::reach_words(label.as_deref())
        )
    };
    finding.subject = format!("{} {}", evidence::essence(&load.query), read.join(","));
    finding.related = evidence::path_from_entry(project, load.function);
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
    let fields: Vec<&str> = load.usage.read.iter().map(String::as_str).collect();
    let model = load.query.table().unwrap_or("Model");
    let code = match load.query.library {
        "sqlalchemy" => format!(
            "select({})",
            fields.iter().map(|field| format!("{model}.{field}")).collect::<Vec<_>>().join(", ")
        ),
        "django" => format!(
            "queryset.only({})",
            fields.iter().map(|field| format!("\"{field}\"")).collect::<Vec<_>>().join(", ")
        ),
        "prisma" => format!(
            "select: {{ {} }}",
            fields.iter().map(|field| format!("{field}: true")).collect::<Vec<_>>().join(", ")
        ),
        "drizzle" => format!(
            "columns: {{ {} }}",
            fields.iter().map(|field| format!("{field}: true")).collect::<Vec<_>>().join(", ")
        ),
        "sql" => format!("SELECT {} FROM …", fields.join(", ")),
        _ => String::new(),
    };
    finding.fix = Fix {
        summary: "Select only the columns that are used.".to_owned(),
        code: (!code.is_empty()).then_some(code),
        ..Fix::default()
    };
    finding
}
