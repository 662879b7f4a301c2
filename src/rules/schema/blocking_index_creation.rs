//! `blocking-index-creation`: migrations that build an index while writes to a table in use have to wait.

use crate::advice::index::{quoted, quoted_path};
use crate::advice::texts::{Advised, advice};
use crate::analysis::Analyses;
use crate::finding::{Confidence, Finding, Role};
use crate::judge::cost::Cost;
use crate::judge::reach::Reach;
use crate::judge::{priority, scale};
use crate::project::Project;
use crate::project::schema::{IndexBuild, SourceKind};
use crate::statement::Dialect;

const ID: &str = "blocking-index-creation";

/// Steps at the end of a series that may not have run everywhere yet.
const RECENT: usize = 2;

/// Runs the rule.
pub fn check(run: &Analyses<'_>) -> Vec<Finding> {
    let project = run.project;
    let builds = project.schema.builds.iter();
    let blocking = builds.filter(|build| match blocks_nothing(build) {
        Some(why) => {
            project.silent_of_schema(ID, [&build.place], || why.to_owned());
            false
        }
        None => true,
    });
    blocking.map(|build| report(project, build)).collect()
}

/// Why a build holds no write back that matters.
fn blocks_nothing(build: &IndexBuild) -> Option<&'static str> {
    match () {
        () if !matches!(build.dialect, Dialect::Postgres | Dialect::Generic) => {
            Some("it is not for PostgreSQL, whose builds hold writes back")
        }
        () if !build.table_existed => Some("the same migration makes its table, so it has no rows to read"),
        () if build.index.concurrently => Some("it is built CONCURRENTLY"),
        () if build.index.only => Some("ON ONLY builds nothing: the partitions' indexes are built one by one"),
        () => None,
    }
}

fn report(project: &Project, build: &IndexBuild) -> Finding {
    let table = &build.index.table;
    let name = build.index.name.clone().unwrap_or_else(|| "an unnamed index".to_owned());
    let symbol = format!("{table}.{name}");
    let certain = build.dialect == Dialect::Postgres && build.table_known && !build.partition;
    let confidence = if certain { Confidence::High } else { Confidence::Medium };
    let cost = Cost::Lock {
        recent: build.later < RECENT && !build.partition,
        rows: scale::of_name(project, table),
    };
    let judgement = priority::judge(&cost, &Reach::deployment(), confidence, 0);
    let mut finding = Finding::new(
        ID,
        judgement,
        confidence,
        project.location(&build.place.file, build.place.span, &symbol),
    );
    let keys: Vec<&str> = build.index.keys.iter().map(|key| key.column.as_str()).collect();
    finding.subject = format!("{table}.{name}({})", keys.join(","));
    finding.cause = format!("index without CONCURRENTLY, partitioned: {}", build.partition);
    finding.title = format!("{name} is built on {table} without CONCURRENTLY");
    let known = if build.table_known {
        "comes from an earlier migration"
    } else {
        "is not created in this migration"
    };
    finding.message = format!(
        "{table} {known}, so it can hold rows when this migration runs. Building {name} takes a lock that holds back every insert, update and delete on {table} until all rows are read."
    );
    if let Some(place) = project.schema.table(table).and_then(|table| table.place()) {
        finding.relate(
            project.location(&place.file, place.span, table),
            Role::Table,
            format!("{table} is defined here"),
        );
    }
    finding.impact = format!("writes to {table} wait for one pass over all its rows");
    if build.partition {
        "The index of a partitioned table can't be built concurrently: create it ON ONLY the parent, build those of the partitions CONCURRENTLY and attach them.".clone_into(&mut finding.fix.summary);
    } else {
        finding.fix.summary = proposal(build.place.kind);
        finding.fix.ddl = Some(statement(build, &keys));
    }
    finding
}

fn proposal(kind: SourceKind) -> String {
    let library = match kind {
        SourceKind::Migration(tool) => tool.library(),
        SourceKind::Model(_) | SourceKind::Sql => "any",
    };
    advice(Advised::BuildIndex, library, &[]).summary
}

fn statement(build: &IndexBuild, keys: &[&str]) -> String {
    let index = &build.index;
    let unique = if index.unique { "UNIQUE " } else { "" };
    let own = || format!("ix_{}_{}", index.table.rsplit('.').next().unwrap_or(&index.table), keys.join("_")).to_lowercase();
    let name = index.name.clone().unwrap_or_else(own);
    let method = index
        .method
        .as_deref()
        .filter(|method| !matches!(*method, "" | "btree"))
        .map_or(String::new(), |method| format!("USING {method} "));
    let predicate = index
        .predicate
        .as_deref()
        .map_or(String::new(), |predicate| format!(" WHERE {predicate}"));
    // An expression is written as it is.
    let is_name = |key: &str| key.chars().all(|c| c.is_alphanumeric() || c == '_');
    let written: Vec<String> = keys
        .iter()
        .map(|key| {
            if is_name(key) {
                quoted(key, Dialect::Postgres)
            } else {
                (*key).to_owned()
            }
        })
        .collect();
    format!(
        "CREATE {unique}INDEX CONCURRENTLY {} ON {} {method}({}){predicate};",
        quoted(&name, Dialect::Postgres),
        quoted_path(&index.table, Dialect::Postgres),
        written.join(", ")
    )
}
