//! The index plan: what to add, one block of statements a table, and what to drop since another index does its work.

use std::collections::BTreeMap;

use serde::Serialize;

use super::names::place;
use crate::escape;
use crate::finding::{Finding, Priority, Role};
use crate::inventory::rows::TableRow;
use crate::report::Report;

/// Tables that have a block of their own, the statements in one, and those of a block for many tables.
const TABLES: usize = 10;
const STATEMENTS: usize = 12;
const LISTED: usize = 8;
/// Indexes of a table that are named.
const INDEXES: usize = 8;
/// Names of small tables.
const NAMES: usize = 12;
const FOREIGN_KEY: &str = "unindexed-foreign-key";
const ADDS: [&str; 3] = ["missing-composite-index", "missing-index", FOREIGN_KEY];
const DROPS: &str = "redundant-index";

/// What to do about indexes.
#[derive(Debug, Default, Serialize)]
pub struct IndexPlan<'a> {
    /// Tables with statements that lack an index, the most urgent first.
    pub tables: Vec<TableStatements<'a>>,
    /// The blocks of all of them in one text, each under a comment that names its table.
    pub sql: String,
    /// Tables that have no block.
    pub more: usize,
    /// What is worth no work of its own.
    pub hygiene: SqlBlock,
    /// Foreign keys of tables that grow, where no statement of the code suffers.
    pub foreign: SqlBlock,
    /// Foreign keys of tables with few rows: `table (column)`.
    pub small: Vec<String>,
    pub more_small: usize,
    /// Indexes that others make needless.
    pub drops: SqlBlock,
    /// Some statement cannot stand in a transaction.
    pub concurrently: bool,
}

/// The statements that the plan has for one table.
#[derive(Debug, Serialize)]
pub struct TableStatements<'a> {
    pub name: &'a str,
    pub priority: String,
    /// How many rows it has and why, where that is known.
    pub rows: String,
    /// The indexes that it has: `(id), (a, b)`.
    pub has: String,
    pub sql: String,
    /// Statements that are not shown.
    pub more: usize,
}

/// SQL for several tables, to be copied as one block.
#[derive(Debug, Default, Serialize)]
pub struct SqlBlock {
    pub sql: String,
    pub count: usize,
    pub more: usize,
}

/// Statements that make the indexes which a report's findings ask for, and drop those that none needs.
pub fn plan(report: &Report) -> IndexPlan<'_> {
    let sizes: BTreeMap<&str, &TableRow> = report.inventory.tables.iter().map(|row| (row.name.as_str(), row)).collect();
    let size = |name: &str| {
        let last = name.rsplit('.').next().unwrap_or(name);
        sizes.get(name).or_else(|| sizes.get(last)).copied()
    };
    let mut by_table: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    let (mut foreign, mut small, mut hygiene) = (Vec::new(), Vec::new(), Vec::new());
    for finding in report.findings.iter().filter(|finding| adds(finding)) {
        let name = table(finding);
        let is_small = size(name).is_some_and(|row| matches!(row.scale.as_str(), "one" | "few"));
        match (finding.priority == Priority::P3, finding.rule == FOREIGN_KEY) {
            (true, true) if is_small => small.push(finding),
            (true, true) => foreign.push(finding),
            (true, false) => hygiene.push(finding),
            (false, _) => by_table.entry(name).or_default().push(finding),
        }
    }
    let mut tables: Vec<(&str, Vec<&Finding>)> = by_table.into_iter().collect();
    tables.sort_by_key(|(name, found)| (found.first().map(|finding| finding.sort_key()), *name));
    let more = tables.len().saturating_sub(TABLES);
    let drops: Vec<&Finding> = report.findings.iter().filter(|finding| finding.rule == DROPS).collect();
    let names: Vec<String> = small.iter().map(|finding| finding.location.symbol.clone()).collect();
    let shown = tables.iter().take(TABLES).map(|(name, found)| TableStatements {
        name,
        priority: found.first().map_or_else(String::new, |finding| format!("{:?}", finding.priority)),
        rows: size(name).map(rows).unwrap_or_default(),
        has: size(name).map(indexes).unwrap_or_default(),
        sql: statements(found),
        more: with_sql(found).saturating_sub(STATEMENTS),
    });
    let mut plan = IndexPlan {
        tables: shown.collect(),
        sql: String::new(),
        more,
        hygiene: block(&hygiene),
        foreign: block(&foreign),
        more_small: names.len().saturating_sub(NAMES),
        small: names.into_iter().take(NAMES).collect(),
        drops: block(&drops),
        concurrently: false,
    };
    plan.sql = plan.tables.iter().map(named).collect::<Vec<_>>().join("\n");
    let blocks = [&plan.hygiene.sql, &plan.foreign.sql, &plan.drops.sql];
    let all = plan.tables.iter().map(|table| &table.sql).chain(blocks);
    plan.concurrently = all.into_iter().any(|sql| sql.contains("CONCURRENTLY"));
    plan
}

/// The statements of a table under a comment with its name, its size and its indexes.
fn named(table: &TableStatements<'_>) -> String {
    let rows = if table.rows.is_empty() {
        String::new()
    } else {
        format!(", {}", table.rows)
    };
    let has = if table.has.is_empty() {
        String::new()
    } else {
        format!("; has {}", table.has)
    };
    let more = if table.more > 0 {
        format!("-- {} more for this table\n", table.more)
    } else {
        String::new()
    };
    let head = escape::line(&format!("{} ({}{rows}){has}", table.name, table.priority).replace('`', ""));
    format!("-- {head}\n{}{more}", table.sql)
}

/// Whether an index is what a finding lacks.
pub fn adds(finding: &Finding) -> bool {
    ADDS.contains(&finding.rule.as_str())
}

/// The table that a finding is about.
pub fn table(finding: &Finding) -> &str {
    let symbol = finding.location.symbol.as_str();
    symbol.rsplit_once('.').map_or(symbol, |(table, _)| table)
}

/// The columns that a finding is about: `a, b`.
pub fn columns(finding: &Finding) -> String {
    let symbol = finding.location.symbol.as_str();
    symbol.rsplit_once('.').map_or(symbol, |(_, columns)| columns).replace('+', ", ")
}

/// The keys of a table's indexes, each once.
fn indexes(row: &TableRow) -> String {
    let mut keys: Vec<String> = Vec::new();
    for index in &row.indexes {
        let written = format!("({})", index.keys);
        if !keys.contains(&written) {
            keys.push(written);
        }
    }
    let more = keys.len().saturating_sub(INDEXES);
    keys.truncate(INDEXES);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{rest}", keys.join(", "))
}

fn rows(row: &TableRow) -> String {
    let words = match row.scale.as_str() {
        "one" => "at most one row",
        "few" => "few rows",
        "of-parent" | "page" => "some rows of each parent",
        "many" => "many rows",
        "stream" => "a stream of rows",
        _ => return String::new(),
    };
    // The reason names the table, as the line does already.
    let own = row.scale_reason.strip_prefix(row.name.as_str());
    match own.and_then(|rest| rest.strip_prefix(", ")).unwrap_or(&row.scale_reason) {
        "" => words.to_owned(),
        why => format!("{words}: {}", super::plain_route(why)),
    }
}

fn block(found: &[&Finding]) -> SqlBlock {
    SqlBlock {
        sql: listed(found),
        count: with_sql(found),
        more: with_sql(found).saturating_sub(LISTED),
    }
}

fn with_sql(found: &[&Finding]) -> usize {
    found.iter().filter(|finding| finding.fix.ddl.is_some()).count()
}

/// The statements, each under a comment that says why and where.
fn statements(found: &[&Finding]) -> String {
    let mut out = String::new();
    let with_sql = found.iter().filter_map(|finding| Some((finding, finding.fix.ddl.as_deref()?)));
    for (finding, sql) in with_sql.take(STATEMENTS) {
        // A line of its own, whatever the names in it hold: what follows must not become a part of the statement.
        let why = escape::line(&super::names::title(finding).replace('`', ""));
        let at = escape::line(&place(&finding.location));
        out.push_str(&format!("-- {:?}: {why} ({at})\n{}\n", finding.priority, sql.trim_end()));
    }
    out
}

/// The statements, each with its place; one that drops an index with the one that stays, as its evidence has it.
fn listed(found: &[&Finding]) -> String {
    let mut out = String::new();
    let with_sql = found.iter().filter_map(|finding| Some((finding, finding.fix.ddl.as_deref()?)));
    for (finding, sql) in with_sql.take(LISTED) {
        let stays = finding
            .related
            .iter()
            .find(|related| finding.rule == DROPS && related.role == Role::Index);
        let stays = stays.map_or_else(String::new, |related| format!("{}; ", related.message.replace('`', "")));
        let at = escape::line(&format!("{stays}{}", place(&finding.location)));
        let sql = sql.trim_end();
        let line = if sql.contains('\n') {
            format!("-- {at}\n{sql}\n")
        } else {
            format!("{sql}  -- {at}\n")
        };
        out.push_str(&line);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coverage::Coverage;
    use crate::finding::{Confidence, Location};

    fn lacking(rule: &str, priority: Priority, symbol: &str) -> Finding {
        let location = Location {
            file: "a\nDROP TABLE x;.py".to_owned(),
            start_line: 3,
            symbol: symbol.to_owned(),
            ..Location::default()
        };
        let mut finding = Finding::new(rule, priority, Confidence::High, location);
        finding.title = "No index\nDROP TABLE y;".to_owned();
        finding.fix.ddl = Some(format!("CREATE INDEX ON {symbol};"));
        finding
    }

    #[test]
    fn each_table_has_a_block_and_keys_of_small_tables_stand_apart() {
        let findings = vec![
            lacking("missing-index", Priority::P1, "orders.a"),
            lacking("missing-composite-index", Priority::P2, "orders.b"),
            lacking("missing-index", Priority::P3, "lines.a"),
            lacking(FOREIGN_KEY, Priority::P3, "orders.buyer_id"),
            lacking(FOREIGN_KEY, Priority::P3, "kinds.parent_id"),
        ];
        let mut report = Report::new(".", findings, Vec::new(), Coverage::default());
        report.inventory.tables.push(TableRow {
            name: "kinds".to_owned(),
            scale: "few".to_owned(),
            ..TableRow::default()
        });
        let plan = plan(&report);
        let names: Vec<&str> = plan.tables.iter().map(|table| table.name).collect();
        assert_eq!(
            (names.as_slice(), plan.tables[0].sql.matches("CREATE").count()),
            (["orders"].as_slice(), 2)
        );
        assert_eq!(
            (plan.hygiene.count, plan.foreign.count, plan.small.as_slice()),
            (1, 1, ["kinds.parent_id".to_owned()].as_slice())
        );
        // Names of others open no line of their own.
        let all = format!("{}{}", plan.sql, plan.foreign.sql);
        assert!(
            all.lines().all(|line| line.starts_with("--") || line.starts_with("CREATE")),
            "{all}"
        );
    }
}
