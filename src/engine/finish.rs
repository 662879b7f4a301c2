//! From what the rules found to what is reported: identity, demotion, suppression, filters, order.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::unused_suppression;
use crate::engine::baseline::{Baseline, BaselineScope, Known};
use crate::engine::pages::Pages;
use crate::engine::places::Places;
use crate::engine::policy::Policy;
use crate::engine::suppress::Suppressions;
use crate::finding::{Confidence, Effort, Finding, Location, Priority, Related, Role, Status, fingerprint};
use crate::vocabulary::List;
use crate::walk::FileRole;

/// What decides which findings are reported.
pub struct FinishOptions<'a> {
    /// The pages of the rules.
    pub pages: &'a Pages,
    /// What the configuration says of rules and paths.
    pub policy: &'a Policy,
    /// What is reported on.
    pub places: &'a Places,
    /// Ids of the rules that ran.
    pub ran: Vec<&'a str>,
    /// Ids of the rules whose findings are wanted.
    pub wanted: Vec<&'a str>,
    /// What was known before, and what can be said of it.
    pub baseline: Option<(&'a Baseline, &'a dyn BaselineScope)>,
    /// The least urgent priority.
    pub min_priority: Priority,
    /// The least certain confidence.
    pub min_confidence: Confidence,
    /// Whether findings in tests stay.
    pub include_tests: bool,
    /// What each file is for.
    pub role: &'a dyn Fn(&str) -> FileRole,
}

/// Findings in their final form, and how many were left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ranked {
    /// Findings, in the report's order.
    pub findings: Vec<Finding>,
    /// Suppressed by comments.
    pub suppressed: usize,
    /// In tests or generated files.
    pub left_out: usize,
    /// Under the least priority or confidence, or switched off for their path.
    pub filtered: usize,
    /// Where nothing is reported on; they are known to baselines all the same.
    pub elsewhere: usize,
    /// Known before, and no longer there.
    pub fixed: Vec<Known>,
}

/// What becomes of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is part of the report.
    Reported,
    /// It stands in a test or a generated file.
    LeftOut,
    /// Its rule is not asked for.
    NotWanted,
    /// A comment suppresses it.
    Suppressed,
    /// Its rule is off where it stands.
    Off,
    /// It is less urgent than what is asked for.
    UnderPriority,
    /// It is less sure than what is asked for.
    UnderConfidence,
}

/// Brings findings into their final form and order, and counts what comments suppress.
pub fn finish(findings: Vec<Finding>, suppressions: &mut Suppressions, options: &FinishOptions<'_>) -> Ranked {
    let (mut findings, fixed) = prepared(findings, suppressions, options);
    let mut ranked = Ranked {
        fixed,
        ..Ranked::default()
    };
    findings.retain(|finding| {
        let count = match fate(finding, suppressions, options) {
            Fate::Reported => return true,
            Fate::LeftOut | Fate::NotWanted => &mut ranked.left_out,
            Fate::Suppressed => &mut ranked.suppressed,
            Fate::Off | Fate::UnderPriority | Fate::UnderConfidence => &mut ranked.filtered,
        };
        *count += usize::from(options.places.has(&finding.location.file));
        false
    });
    ranked.fixed.retain(|known| options.places.has(&known.file));
    let (mut findings, elsewhere) = inside(by_cause(findings), options.places);
    ranked.elsewhere = elsewhere;
    findings.sort_by(|left, right| {
        left.sort_key()
            .cmp(&right.sort_key())
            .then_with(|| left.fingerprint.cmp(&right.fingerprint))
    });
    ranked.findings = findings;
    ranked
}

/// The findings in what is reported on, and how many lie elsewhere. One that is told elsewhere for several places is told at those of them
/// that are inside.
fn inside(findings: Vec<Finding>, places: &Places) -> (Vec<Finding>, usize) {
    let (mut found, outside): (Vec<Finding>, Vec<Finding>) = findings.into_iter().partition(|finding| places.has(&finding.location.file));
    let mut elsewhere = 0;
    for finding in outside {
        let others = finding.others.into_iter();
        let others: Vec<Finding> = others.filter(|other| places.has(&other.location.file)).collect();
        elsewhere += usize::from(others.is_empty());
        found.extend(by_cause(others));
    }
    (found, elsewhere)
}

/// All findings in their final form, whatever becomes of them, and what a baseline knew and is no longer there.
pub fn prepared(findings: Vec<Finding>, suppressions: &mut Suppressions, options: &FinishOptions<'_>) -> (Vec<Finding>, Vec<Known>) {
    let mut findings = judged(findings, options);
    one_of_a_pair(&mut findings);
    let mut findings = one_cause(unique(findings));
    suppressions.count(findings.iter().filter(|finding| !is_left_out(finding, options)));
    findings.extend(judged(unused_suppression::of(suppressions, &options.ran), options));
    identify(&mut findings);
    let fixed = options.baseline.map(|(baseline, scope)| baseline.apply(&mut findings, scope));
    (findings, fixed.unwrap_or_default())
}

/// What becomes of a finding in its final form.
pub fn fate(finding: &Finding, suppressions: &Suppressions, options: &FinishOptions<'_>) -> Fate {
    match () {
        () if is_left_out(finding, options) => Fate::LeftOut,
        () if !options.wanted.contains(&finding.rule.as_str()) => Fate::NotWanted,
        () if suppressions.covers(finding) => Fate::Suppressed,
        () if !options.policy.judge(finding).0 => Fate::Off,
        () if finding.priority > options.min_priority => Fate::UnderPriority,
        () if finding.confidence > options.min_confidence => Fate::UnderConfidence,
        () => Fate::Reported,
    }
}

/// What the configuration and the place of a finding make of its priority, in words.
pub fn limits(finding: &Finding, options: &FinishOptions<'_>) -> Vec<String> {
    let mut out = Vec::new();
    if let (true, Some(priority)) = options.policy.judge(finding) {
        out.push(format!("the configuration says {priority:?} of the rule"));
    }
    if let Some((least, _)) = least(finding, options.role) {
        out.push(format!(
            "at most {least:?} where it stands, in a test, a script, a migration or an example"
        ));
    }
    let most = options.policy.cap(finding);
    if most > Priority::P0 {
        out.push(format!("the configuration allows {most:?} at most for its path"));
    }
    out
}

/// Findings with what their pages and the configuration say of them.
fn judged(mut findings: Vec<Finding>, options: &FinishOptions<'_>) -> Vec<Finding> {
    for finding in &mut findings {
        fill(finding, options.pages);
        if let (true, Some(priority)) = options.policy.judge(finding) {
            finding.priority = priority;
        }
        demote(finding, options.role);
        // A configuration knows a rule's weight, not how sure one finding is.
        if finding.confidence == Confidence::Low {
            finding.priority = finding.priority.max(Priority::P2);
        }
        finding.priority = finding.priority.max(options.policy.cap(finding));
    }
    findings
}

fn is_left_out(finding: &Finding, options: &FinishOptions<'_>) -> bool {
    let place = (options.role)(&finding.location.file);
    place == FileRole::Generated || (place == FileRole::Test && !options.include_tests)
}

/// What a rule leaves open comes from its page. The page's effort is the least: a rule can only say more.
fn fill(finding: &mut Finding, pages: &Pages) {
    let Some(page) = pages.get(&finding.rule) else { return };
    if finding.category.is_empty() {
        finding.category.clone_from(&page.category);
    }
    if finding.title.is_empty() {
        finding.title.clone_from(&page.title);
    }
    if finding.acceptance.is_empty() {
        finding.acceptance.clone_from(&page.acceptance);
    }
    if finding.effort == Effort::S {
        finding.effort = page.effort;
    }
    if finding.fix.risk.is_empty() {
        finding.fix.risk.clone_from(&page.risk);
    }
    if finding.verify.is_empty() {
        finding.verify.clone_from(&page.verify);
    }
}

/// Code that is run seldom or by hand is less urgent.
fn demote(finding: &mut Finding, role: &dyn Fn(&str) -> FileRole) {
    let Some((least, why)) = least(finding, role) else { return };
    if finding.priority < least {
        finding.priority = least;
        finding.reason.push_str(if finding.reason.is_empty() { "" } else { why });
    }
}

/// The most urgent that a finding can be by the role of its file, and why. A schema is as urgent as it is, though it is written in a
/// migration or a script.
fn least(finding: &Finding, role: &dyn Fn(&str) -> FileRole) -> Option<(Priority, &'static str)> {
    let is_schema = finding.category == "schema";
    match role(&finding.location.file) {
        FileRole::Test => Some((Priority::P3, "; it stands in a test")),
        FileRole::Script | FileRole::Migration if !is_schema => Some((Priority::P3, "; it stands in a script or a migration")),
        FileRole::Example if !is_schema => Some((Priority::P3, "; it stands in an example")),
        _ if !is_schema && is_left_behind(finding) => Some((Priority::P3, "; it stands among what is no longer used")),
        _ => None,
    }
}

/// Whether a folder says that its code is no longer used (`plugins/deprecated/`), and nothing that is known calls it.
fn is_left_behind(finding: &Finding) -> bool {
    let (folders, _) = finding.location.file.rsplit_once('/').unwrap_or_default();
    folders.split('/').any(|folder| List::LeftBehind.has(folder)) && !is_reached(finding)
}

/// Whether an entry point is known to reach it.
fn is_reached(finding: &Finding) -> bool {
    finding.related.iter().any(|related| related.role == Role::Endpoint)
}

/// A list endpoint and the query that it returns are one defect: the endpoint carries the urgency.
fn one_of_a_pair(findings: &mut [Finding]) {
    let place = |location: &crate::finding::Location| (location.file.clone(), location.start_line);
    let lists = findings
        .iter()
        .filter(|finding| finding.rule == "list-endpoint-without-pagination" && finding.priority < Priority::P2);
    let queries = lists
        .flat_map(|finding| &finding.related)
        .filter(|related| related.role == crate::finding::Role::Query);
    let returned: std::collections::BTreeSet<_> = queries.map(|related| place(&related.location)).collect();
    for finding in findings.iter_mut().filter(|finding| finding.rule == "unbounded-query") {
        if returned.contains(&place(&finding.location)) {
            finding.priority = finding.priority.max(Priority::P2);
        }
    }
}

/// Of findings of one rule about one subject at one place, the most urgent one with the most evidence.
fn unique(mut findings: Vec<Finding>) -> Vec<Finding> {
    findings.sort_by(|left, right| {
        let key = |finding: &Finding| {
            (
                finding.priority,
                Reverse(finding.gain),
                finding.confidence,
                Reverse(finding.related.len()),
            )
        };
        let same = (&left.rule, &left.location, &left.subject).cmp(&(&right.rule, &right.location, &right.subject));
        same.then_with(|| key(left).cmp(&key(right)))
            .then_with(|| (&left.title, &left.message).cmp(&(&right.title, &right.message)))
    });
    findings.dedup_by(|next, kept| (&next.rule, &next.location, &next.subject) == (&kept.rule, &kept.location, &kept.subject));
    findings
}

/// Findings of one rule that say the same of the same lines, reached by several ways, are one, with the others' entry points.
fn one_cause(findings: Vec<Finding>) -> Vec<Finding> {
    let mut out: Vec<Finding> = Vec::new();
    let mut first: BTreeMap<(String, Location, String), usize> = BTreeMap::new();
    for finding in findings {
        let key = (finding.rule.clone(), finding.location.clone(), finding.title.clone());
        let Some(known) = first.get(&key).and_then(|&at| out.get_mut(at)) else {
            first.insert(key, out.len());
            out.push(finding);
            continue;
        };
        if (finding.priority, Reverse(finding.gain)) < (known.priority, Reverse(known.gain)) {
            (known.priority, known.gain, known.reason, known.cell) = (finding.priority, finding.gain, finding.reason, finding.cell);
        }
        let ways = finding.related.into_iter();
        known
            .related
            .extend(ways.filter(|related| related.role == crate::finding::Role::Endpoint));
    }
    out
}

/// Findings of one rule, file and cause are told as one: the most urgent of them, with the places of the others. What is new is never
/// told with what is known.
fn by_cause(findings: Vec<Finding>) -> Vec<Finding> {
    let mut out: Vec<Finding> = Vec::new();
    let mut groups: BTreeMap<(String, String, String, Status), Vec<Finding>> = BTreeMap::new();
    for finding in findings {
        if finding.cause.is_empty() {
            out.push(finding);
            continue;
        }
        let key = (
            finding.rule.clone(),
            finding.location.file.clone(),
            finding.cause.clone(),
            finding.status,
        );
        groups.entry(key).or_default().push(finding);
    }
    out.extend(by_project(groups.into_values().collect()));
    out
}

/// Where a cause has no known caller in this many files, the project as a whole lacks one thing: a client that all of them share.
const WHOLE_PROJECT: usize = 6;
/// Where one migration mends it, two are enough.
const WHOLE_SCHEMA: usize = 2;
/// Places of many files that a finding lists; the others are known to baselines all the same.
const MOST_PLACES: usize = 200;

/// One finding for each file's group, or one for all files in which nothing that is known calls what has the cause: they differ in nothing
/// that a reader could weigh.
fn by_project(files: Vec<Vec<Finding>>) -> Vec<Finding> {
    let mut out = Vec::new();
    let mut wide: BTreeMap<(String, String, Status), Vec<Vec<Finding>>> = BTreeMap::new();
    for places in files {
        match places.first().filter(|_| !places.iter().any(is_reached)) {
            Some(first) => {
                let key = (first.rule.clone(), first.cause.clone(), first.status);
                wide.entry(key).or_default().push(places);
            }
            None => out.extend(grouped(places)),
        }
    }
    for files in wide.into_values() {
        // One migration mends them all, wherever they are declared.
        let is_of_schema = files.iter().flatten().all(|finding| finding.fix.ddl.is_some());
        let wide = if is_of_schema { WHOLE_SCHEMA } else { WHOLE_PROJECT };
        if files.len() < wide {
            out.extend(files.into_iter().filter_map(grouped));
        } else {
            out.extend(grouped(files.into_iter().flatten().collect()));
        }
    }
    out
}

/// The most urgent of the findings of one cause, with the places of the others.
fn grouped(mut places: Vec<Finding>) -> Option<Finding> {
    let files = places
        .iter()
        .map(|finding| finding.location.file.as_str())
        .collect::<BTreeSet<_>>()
        .len();
    places.sort_by(|left, right| {
        let key = |finding: &Finding| (finding.priority, Reverse(finding.gain), finding.confidence);
        key(left).cmp(&key(right)).then_with(|| left.location.cmp(&right.location))
    });
    let mut places = places.into_iter();
    let mut first = places.next()?;
    let others: Vec<Finding> = places.collect();
    match others.len() {
        0 => return Some(first),
        1 if files > 1 => first.title.push_str("; also at another place"),
        more if files > 1 => first.title.push_str(&format!("; also at {more} other places, of {files} files")),
        1 => first.title.push_str("; also at another place of this file"),
        more => first.title.push_str(&format!("; also at {more} other places of this file")),
    }
    let most = if files > 1 { MOST_PLACES } else { others.len() };
    for other in others.iter().take(most) {
        first.relate(other.location.clone(), Role::Place, other.title.clone());
        // Where each of them is written, beside where it is met.
        let is_of_it = |related: &&Related| matches!(related.role, Role::Index | Role::Place | Role::Query);
        for further in other.related.iter().filter(is_of_it) {
            if first.related.len() < MOST_PLACES && !first.related.contains(further) {
                first.related.push(further.clone());
            }
        }
    }
    // A statement for each place, where each has its own.
    if let Some(ddl) = &mut first.fix.ddl {
        for more in others
            .iter()
            .filter_map(|other| other.fix.ddl.as_deref())
            .filter(|more| *more != ddl.as_str())
            .collect::<Vec<_>>()
        {
            ddl.push('\n');
            ddl.push_str(more);
        }
    }
    first.others = others;
    Some(first)
}

/// Gives each finding its fingerprint; equal ones of one symbol are told apart by their order in the source.
fn identify(findings: &mut [Finding]) {
    findings.sort_by(|left, right| (&left.location, &left.rule, &left.subject).cmp(&(&right.location, &right.rule, &right.subject)));
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for finding in findings {
        let ordinal = seen.entry(fingerprint(finding, 0)).or_default();
        finding.fingerprint = fingerprint(finding, *ordinal);
        *ordinal += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(file: &str, line: u32, priority: Priority, confidence: Confidence) -> Finding {
        let location = Location {
            file: file.to_owned(),
            start_line: line,
            end_line: line,
            symbol: "app.f".to_owned(),
            ..Location::default()
        };
        Finding {
            subject: "q".to_owned(),
            ..Finding::new("n-plus-one", priority, confidence, location)
        }
    }

    fn finished(findings: Vec<Finding>, min_priority: Priority) -> Ranked {
        let pages = Pages::built_in().expect("valid pages");
        let options = FinishOptions {
            pages: &pages,
            policy: &Policy::default(),
            places: &Places::default(),
            ran: crate::engine::registry::ids(),
            wanted: crate::engine::registry::ids(),
            baseline: None,
            min_priority,
            min_confidence: Confidence::Low,
            include_tests: false,
            role: &|path| crate::walk::role(path, &crate::vocabulary::Vocabulary::default()),
        };
        finish(findings, &mut Suppressions::default(), &options)
    }

    #[test]
    fn the_order_is_by_urgency_and_does_not_depend_on_the_order_of_arrival() {
        let one = found("b.py", 3, Priority::P1, Confidence::High);
        let two = found("a.py", 9, Priority::P0, Confidence::High);
        let three = found("a.py", 1, Priority::P1, Confidence::High);
        let forward = finished(vec![one.clone(), two.clone(), three.clone()], Priority::P3);
        assert_eq!(forward, finished(vec![three, one, two], Priority::P3));
        let places: Vec<_> = forward
            .findings
            .iter()
            .map(|finding| (finding.location.file.as_str(), finding.location.start_line))
            .collect();
        assert_eq!(places, [("a.py", 9), ("a.py", 1), ("b.py", 3)]);
    }

    #[test]
    fn fingerprints_survive_moved_lines_and_tell_equal_findings_apart() {
        let at = |lines: &[u32]| -> Vec<String> {
            let findings = lines
                .iter()
                .map(|&line| found("a.py", line, Priority::P1, Confidence::High))
                .collect();
            finished(findings, Priority::P3)
                .findings
                .into_iter()
                .map(|finding| finding.fingerprint)
                .collect()
        };
        assert_eq!(at(&[5, 9]), at(&[105, 109]));
        assert_ne!(at(&[5, 9])[0], at(&[5, 9])[1]);
        // What is filtered still counts: a threshold must not change identities.
        let low = vec![
            found("a.py", 5, Priority::P3, Confidence::High),
            found("a.py", 9, Priority::P1, Confidence::High),
        ];
        let kept = finished(low, Priority::P1);
        assert_eq!((kept.findings[0].fingerprint.clone(), kept.filtered), (at(&[5, 9])[1].clone(), 1));
    }

    #[test]
    fn places_of_one_cause_are_one_finding_and_each_is_known_for_itself() {
        let at = |lines: &[u32]| {
            let findings = lines.iter().map(|&line| Finding {
                cause: "requests timeout".to_owned(),
                subject: format!("call {line}"),
                ..found("a.py", line, if line == 9 { Priority::P1 } else { Priority::P2 }, Confidence::High)
            });
            finished(findings.collect(), Priority::P3).findings
        };
        let all = at(&[5, 9, 12]);
        assert_eq!((all.len(), all[0].location.start_line, all[0].related.len()), (1, 9, 2));
        assert_eq!(Baseline::of(&all).findings.len(), 3);
    }

    /// 109 lines that say the same of 109 files hide the rest.
    #[test]
    fn a_cause_that_many_files_have_is_one_finding_of_the_project() {
        let of = |files: usize| {
            let findings = (0..files).flat_map(|file| {
                [3, 7].map(|line| Finding {
                    cause: "requests timeout".to_owned(),
                    subject: format!("call {line}"),
                    ..found(&format!("{file}.py"), line, Priority::P2, Confidence::High)
                })
            });
            let mut findings: Vec<Finding> = findings.collect();
            // What an endpoint reaches is told by itself.
            let location = findings[0].location.clone();
            findings[0].relate(location, Role::Endpoint, "GET /goats");
            finished(findings, Priority::P3).findings
        };
        assert_eq!(of(WHOLE_PROJECT).len(), WHOLE_PROJECT);
        let all = of(WHOLE_PROJECT + 1);
        assert_eq!(all.len(), 2);
        assert!(
            all.iter().any(|one| one.title.ends_with("; also at 11 other places, of 6 files")),
            "{all:#?}"
        );
        assert_eq!(Baseline::of(&all).findings.len(), 2 * (WHOLE_PROJECT + 1));
    }

    /// What one migration mends is one finding with all places to edit, also where two files declare it.
    #[test]
    fn what_one_migration_mends_is_one_finding() {
        let of = |ddl: Option<&str>| {
            let findings = ["a.py", "b.py"].map(|file| {
                let mut one = Finding {
                    cause: "needless indexes".to_owned(),
                    subject: format!("index of {file}"),
                    ..found(file, 3, Priority::P3, Confidence::High)
                };
                one.fix.ddl = ddl.map(|ddl| format!("{ddl} {file}"));
                let mut location = one.location.clone();
                location.file = format!("schema of {file}");
                one.relate(location, Role::Place, "the same index in the other view of the schema");
                one
            });
            finished(findings.to_vec(), Priority::P3).findings
        };
        assert_eq!(of(None).len(), 2);
        let all = of(Some("DROP INDEX"));
        assert_eq!(all.len(), 1);
        let places: Vec<&str> = all[0].related.iter().map(|related| related.location.file.as_str()).collect();
        assert_eq!(places, ["schema of a.py", "b.py", "schema of b.py"]);
        assert_eq!(all[0].fix.ddl.as_deref(), Some("DROP INDEX a.py\nDROP INDEX b.py"));
    }

    #[test]
    fn scripts_are_demoted_and_tests_left_out() {
        let files = ["scripts/a.py", "tests/b.py", "c.py"];
        let ranked = finished(
            files.map(|file| found(file, 1, Priority::P0, Confidence::High)).to_vec(),
            Priority::P3,
        );
        let got: Vec<_> = ranked
            .findings
            .iter()
            .map(|finding| (finding.location.file.as_str(), finding.priority))
            .collect();
        assert_eq!(got, [("c.py", Priority::P0), ("scripts/a.py", Priority::P3)]);
        assert_eq!(ranked.left_out, 1);
    }

    #[test]
    fn low_confidence_is_never_urgent_and_duplicates_are_one() {
        let low = found("a.py", 1, Priority::P0, Confidence::Low);
        let ranked = finished(vec![low.clone(), low], Priority::P3);
        assert_eq!(ranked.findings.len(), 1);
        let finding = &ranked.findings[0];
        assert_eq!(
            (finding.priority, finding.category.as_str(), finding.effort),
            (Priority::P2, "query", Effort::M)
        );
        assert!(!finding.acceptance.is_empty() && !finding.title.is_empty());
    }
}
