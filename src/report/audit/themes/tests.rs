use super::*;
use crate::coverage::Coverage;
use crate::finding::{Confidence, Location};
use crate::inventory::rows::QueryRow;

fn at(file: &str, line: u32, symbol: &str) -> Location {
    Location {
        file: file.to_owned(),
        start_line: line,
        symbol: symbol.to_owned(),
        ..Location::default()
    }
}

fn found(rule: &str, priority: Priority, line: u32) -> Finding {
    Finding {
        effort: crate::finding::Effort::M,
        ..Finding::new(rule, priority, Confidence::High, at("a.py", line, "a.f"))
    }
}

fn report(findings: Vec<Finding>) -> Report {
    Report::new(".", findings, Vec::new(), Coverage::default())
}

#[test]
fn one_rule_is_several_themes_where_it_is_mended_differently() {
    let repeating = |line, repeats| {
        let mut finding = found("n-plus-one", Priority::P2, line);
        finding.repeats = repeats;
        // Another statement of the same loop says nothing of its own.
        finding.relate(at("b.py", 9, "b.g"), Role::Query, "also in this loop");
        finding
    };
    let report = report(vec![
        repeating(1, Some(Repeats::Relation)),
        repeating(2, Some(Repeats::Statement)),
        repeating(3, Some(Repeats::Call)),
        repeating(4, None),
    ]);
    let themes = themes(&report);
    let told: Vec<(&str, usize)> = themes.iter().map(|theme| (theme.title, theme.wanted)).collect();
    let wanted = [
        ("Queries stand inside loops", 2),
        ("Relations are loaded row by row", 1),
        ("Loops call functions that query", 1),
    ];
    // What weighs the same stands in the order of the families.
    assert_eq!(told.iter().copied().collect::<BTreeSet<_>>(), BTreeSet::from(wanted));
}

#[test]
fn the_cause_is_the_findings_own_statement() {
    let shared = |line, own: u32| {
        let mut finding = found("n-plus-one", Priority::P2, line);
        finding.relate(at("repo.py", own, "repo.load"), Role::Query, "SELECT on `orders`");
        finding.relate(at("log.py", 7, "log.write"), Role::Query, "also in this loop");
        finding
    };
    let report = report(vec![shared(1, 10), shared(2, 20), shared(3, 10)]);
    let theme = &themes(&report)[0];
    assert_eq!(
        (theme.rows.len(), theme.rows[0].others.as_slice()),
        (2, ["a.py:3".to_owned()].as_slice())
    );
}

#[test]
fn one_helper_that_asks_for_many_tables_is_several_causes() {
    let loads = |line, table: &str| {
        let mut finding = found("unbounded-query", Priority::P2, line);
        finding.relate(at("repo.py", 9, "repo.all"), Role::Query, format!("SELECT on `{table}`"));
        finding
    };
    let report = report(vec![loads(1, "orders"), loads(2, "kinds"), loads(3, "orders")]);
    assert_eq!(themes(&report)[0].rows.len(), 2);
}

#[test]
fn indexes_of_one_table_are_one_row_and_those_of_two_are_two() {
    let lacking = |line, symbol: &str| {
        let mut finding = found("unindexed-foreign-key", Priority::P2, line);
        finding.category = "schema".to_owned();
        finding.location.symbol = symbol.to_owned();
        finding.title = format!("{symbol} has no index");
        // One mixin declares the column, and one statement deletes the parents.
        finding.relate(at("mixin.py", 4, symbol), Role::Column, "declared here");
        finding.relate(at("repo.py", 9, "repo.drop"), Role::Query, "DELETE on `users`: deletes parents");
        finding
    };
    let symbols = ["a.user_id", "a.maker_id", "a.x_id+y_id", "a.z_id", "b.user_id"];
    let report = report(symbols.iter().zip(1..).map(|(symbol, line)| lacking(line, symbol)).collect());
    let themes = themes(&report);
    let rows: Vec<&str> = themes[0].rows.iter().map(|row| row.what.as_str()).collect();
    assert_eq!(
        rows,
        [
            "a.user_id has no index; likewise (maker_id), (x_id, y_id) and 1 more",
            "b.user_id has no index"
        ]
    );
}

#[test]
fn unbounded_queries_of_one_table_are_one_row() {
    let mut report = report((1..=4).map(|line| found("unbounded-query", Priority::P2, line)).collect());
    for (line, table) in [(1, "orders"), (2, "orders"), (3, "kinds")] {
        report.inventory.queries.push(QueryRow {
            location: at("a.py", line, ""),
            tables: vec![table.to_owned()],
            ..QueryRow::default()
        });
    }
    let rows: Vec<usize> = themes(&report)[0].rows.iter().map(|row| row.others.len()).collect();
    assert_eq!(rows, [1, 0, 0]);
}

#[test]
fn nothing_is_told_of_all_smaller_things() {
    let mut findings: Vec<Finding> = crate::engine::registry::ids()
        .into_iter()
        .zip(1..)
        .map(|(rule, line)| found(rule, Priority::P2, line))
        .collect();
    for finding in &mut findings {
        finding.fix.summary = format!("Mend {}.", finding.rule);
        finding.fix.risk = format!("{} breaks.", finding.rule);
        finding.verify = "Look.".to_owned();
        finding.acceptance = vec![format!("{} is gone.", finding.rule)];
    }
    let report = report(findings);
    let themes = themes(&report);
    let rest = themes.last().expect("a theme");
    assert!(rest.is_mixed && (rest.risk, rest.verify, rest.fix) == ("", "", "") && rest.done.is_empty());
    assert!(rest.rows.iter().all(|row| row.why.starts_with("Mend ")), "{:?}", rest.rows);
    assert!(
        themes[..themes.len() - 1]
            .iter()
            .all(|theme| !theme.is_mixed && theme.risk.ends_with(" breaks."))
    );
}

#[test]
fn what_is_not_said_is_not_said_to_be_alike() {
    let report = report(vec![
        found("missing-timeout", Priority::P1, 1),
        found("unbounded-query", Priority::P2, 2),
    ]);
    assert_eq!(themes(&report).iter().filter_map(|theme| theme.like.as_deref()).count(), 0);
}

#[test]
fn places_of_one_cause_are_one_row_and_one_piece_of_work() {
    let shared = |line| {
        let mut finding = found("n-plus-one", Priority::P2, line);
        finding.relate(at("repo.py", 9, "repo.load"), Role::Query, "SELECT");
        finding
    };
    let report = report((1..=5).map(shared).collect());
    let themes = themes(&report);
    let theme = &themes[0];
    assert_eq!((theme.rows.len(), theme.rows[0].others.len(), theme.rows[0].more), (1, 2, 2));
    assert_eq!(theme.effort.expect("work").to_string(), "2 to 8 hours");
}

#[test]
fn what_is_urgent_is_now_and_hygiene_is_no_work_of_its_own() {
    let mut findings = vec![found("missing-timeout", Priority::P1, 1)];
    findings.extend((1..40).map(|line| found("unbounded-query", Priority::P2, line)));
    findings.extend((1..40).map(|line| found("redundant-index", Priority::P3, line)));
    let report = report(findings);
    let themes = themes(&report);
    let phases: Vec<(Phase, bool)> = themes.iter().map(|theme| (theme.phase, theme.effort.is_some())).collect();
    assert_eq!(phases, [(Phase::Now, true), (Phase::Next, true), (Phase::Later, false)]);
    assert_eq!((themes[1].rows.len(), themes[1].more), (ROWS, 39 - ROWS));
    let steps = roadmap(&themes);
    assert_eq!((steps[2].effort.as_str(), steps[2].themes[0].0), ("", "PERF-3"));
}

#[test]
fn there_are_twelve_themes_at_most_and_no_finding_is_lost() {
    let mut findings: Vec<Finding> = crate::engine::registry::ids()
        .into_iter()
        .zip(1..)
        .map(|(rule, line)| found(rule, Priority::P2, line))
        .collect();
    findings.push(found("my-own-rule", Priority::P2, 900));
    let report = report(findings);
    let themes = themes(&report);
    assert_eq!(themes.len(), MOST);
    assert_eq!(
        themes.iter().map(|theme| theme.findings.len()).sum::<usize>(),
        report.findings.len()
    );
    assert_eq!(
        themes.last().map(|theme| (theme.id.as_str(), theme.title)),
        Some(("PERF-12", "Smaller things"))
    );
}

#[test]
fn there_is_something_to_begin_with() {
    let report = report((1..40).map(|line| found("unbounded-query", Priority::P2, line)).collect());
    assert_eq!(themes(&report)[0].phase, Phase::Now);
}
