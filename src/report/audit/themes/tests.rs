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
    let query = |file: &str, line, symbol: &str| {
        let mut finding = found("n-plus-one", Priority::P2, line);
        finding.relate(at(file, line + 1, symbol), Role::Query, "SELECT");
        finding
    };
    let mut report = report(vec![query("a.py", 1, "a.f"), query("b.py", 10, "b.g"), query("a.html", 20, "")]);
    for (file, line) in [("a.py", 2), ("b.py", 11)] {
        report.inventory.queries.push(QueryRow {
            location: at(file, line, ""),
            ..QueryRow::default()
        });
    }
    let titles: Vec<&str> = themes(&report).iter().map(|theme| theme.title).collect();
    let wanted = [
        "Relations are loaded row by row",
        "Queries stand inside loops",
        "Loops call functions that query",
    ];
    assert_eq!(titles, wanted);
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
    assert_eq!(themes.last().map(|theme| (theme.id.as_str(), theme.title)), Some(("PERF-12", REST)));
}

#[test]
fn there_is_something_to_begin_with() {
    let report = report((1..40).map(|line| found("unbounded-query", Priority::P2, line)).collect());
    assert_eq!(themes(&report)[0].phase, Phase::Now);
}
