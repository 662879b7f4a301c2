//! `invalid-index-definition`: indexes on columns or tables that the schema does not have.

use std::collections::BTreeMap;

use crate::advice;
use crate::analysis::Analyses;
use crate::finding::{Confidence, Finding, Role};
use crate::judge::cost::Cost;
use crate::judge::priority;
use crate::judge::reach::Reach;
use crate::libraries::shared::api_names;
use crate::project::Project;
use crate::project::schema::{Index, IndexOrigin, Table};

const ID: &str = "invalid-index-definition";

/// Runs the rule.
pub fn check(run: &Analyses<'_>) -> Vec<Finding> {
    let project = run.project;
    let mut findings = Vec::new();
    let mut tables: BTreeMap<&str, usize> = BTreeMap::new();
    for table in &project.schema.tables {
        *tables.entry(&table.name).or_default() += 1;
    }
    // A statement names one of two schemas' tables by its bare name alone, and the search path decides which.
    let is_alone = |table: &Table| tables.get(table.name.as_str()) == Some(&1);
    // A collection's fields are what its documents have: an index on another one is built, and may come to be used.
    for table in project.schema.tables.iter().filter(|table| !advice::index::is_collection(table)) {
        for index in table.indexes.iter().filter(|index| index.origin != IndexOrigin::ForeignKey) {
            // A tool gives its models a key without a word where none is declared.
            let is_implied = index.origin == IndexOrigin::Primary && !index.in_migrations();
            let silent = |why: &str| project.silent_of_schema(ID, &index.places, || why.to_owned());
            if is_implied {
                continue;
            }
            let is_known = !table.open && !table.is_derived && !table.columns.is_empty() && is_alone(table);
            let found = match () {
                () if table.phantom => missing_table(project, table, index),
                () if is_known => missing_column(project, table, index),
                () => {
                    silent("not all columns of its table are known");
                    continue;
                }
            };
            if found.is_none() {
                silent(if table.phantom {
                    "nothing here makes its table, and no other one has nearly its name: it may come from elsewhere"
                } else {
                    "its table has all the columns that it names"
                });
            }
            findings.extend(found);
        }
    }
    findings
}

fn missing_column(project: &Project, table: &Table, index: &Index) -> Option<Finding> {
    let keys = index.keys.iter().filter(|key| !key.expression).map(|key| &key.column);
    let missing = keys
        .chain(&index.include)
        .find(|column| table.column(column).is_none() && is_plain(column) && !project.schema.is_path(table, column))?;
    let place = index.place()?;
    let name = index.name.clone().unwrap_or_else(|| index.key_list());
    let symbol = format!("{}.{name}", table.name);
    let mut finding = Finding::new(
        ID,
        priority::judge(&Cost::Setting, &Reach::service(), confidence(project), 0),
        confidence(project),
        project.location(&place.file, place.span, &symbol),
    );
    finding.subject = format!("{}.{missing}", table.name);
    finding.title = format!("{name} indexes {}.{missing}, a column that does not exist", table.name);
    finding.message = format!(
        "{} has the columns {}. The index {name} names {missing}, which is not among them.",
        table.name,
        column_list(table)
    );
    if let Some(place) = table.place() {
        finding.relate(
            project.location(&place.file, place.span, &table.name),
            Role::Table,
            format!("{} is defined here", table.name),
        );
    }
    "the statement fails, or the index that queries rely on is never built".clone_into(&mut finding.impact);
    finding.fix.summary = nearest(table, missing).map_or_else(
        || format!("Name a column of {}, or remove the index.", table.name),
        |column| format!("Name the column {column}, if that is the one that is meant."),
    );
    Some(finding)
}

/// Only where everything was understood and a table of nearly this name exists: the table can come from elsewhere.
fn missing_table(project: &Project, table: &Table, index: &Index) -> Option<Finding> {
    if !project.schema.is_complete() {
        return None;
    }
    let tables = project.schema.tables.iter().filter(|other| !other.phantom);
    let near = tables
        .map(|other| other.name.as_str())
        .find(|other| distance(other, &table.name) <= 2)?;
    let place = index.place()?;
    let name = index.name.clone().unwrap_or_else(|| index.key_list());
    let mut finding = Finding::new(
        ID,
        priority::judge(&Cost::Setting, &Reach::service(), Confidence::Medium, 0),
        Confidence::Medium,
        project.location(&place.file, place.span, &table.name),
    );
    finding.subject = format!("{}.{name}", table.name);
    finding.title = format!("{name} is on {}, a table that does not exist", table.name);
    finding.message = format!("No file creates a table {}. There is a table {near}.", table.name);
    "the statement fails, or the index that queries rely on is never built".clone_into(&mut finding.impact);
    finding.fix.summary = format!("Name the table {near}, if that is the one that is meant.");
    Some(finding)
}

fn confidence(project: &Project) -> Confidence {
    if project.schema.is_complete() {
        Confidence::High
    } else {
        Confidence::Medium
    }
}

fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_') && !api_names::is_system_column(name)
}

fn column_list(table: &Table) -> String {
    let names: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).take(30).collect();
    names.join(", ")
}

fn nearest<'a>(table: &'a Table, name: &str) -> Option<&'a str> {
    table
        .columns
        .iter()
        .map(|column| (distance(&column.name, name), column.name.as_str()))
        .filter(|(distance, _)| *distance <= 3)
        .min()
        .map(|(_, name)| name)
}

/// Edit distance, for short names.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().take(64).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().take(64).enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let cost = diagonal + usize::from(!x.eq_ignore_ascii_case(y));
            diagonal = row[j + 1];
            row[j + 1] = cost.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row.last().copied().unwrap_or(0)
}
