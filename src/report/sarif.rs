//! SARIF 2.1.0, for code scanning services.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::coverage::Reason;
use crate::escape;
use crate::finding::{Confidence, Finding, Location, Priority, Status, identity};
use crate::report::{Report, RuleText, RuleTexts, words};

/// The address of the documentation, where the build was told one: a release is, a build of one's own has pages in `help` alone.
const SITE: Option<&str> = option_env!("PERFAUDIT_SITE");

/// Renders the report; `rules` gives the texts of the rules that ran.
pub fn render(report: &Report, rules: &RuleTexts) -> String {
    let ids: Vec<&str> = rules.keys().map(String::as_str).chain(unlisted(report, rules)).collect();
    let results: Vec<Value> = report.findings.iter().map(|finding| result(finding, &ids)).collect();
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": report.tool.name,
                "version": report.tool.version,
                "rules": ids.iter().map(|id| rule(id, rules.get(*id))).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "invocations": [{ "executionSuccessful": true, "toolExecutionNotifications": notifications(report) }],
            "results": results,
        }],
    });
    escape::json(&log)
}

/// Rules with findings that have no text: a result must not point outside the list.
fn unlisted<'a>(report: &'a Report, rules: &RuleTexts) -> impl Iterator<Item = &'a str> {
    let mut extra: Vec<&str> = report
        .summary
        .rules
        .keys()
        .map(String::as_str)
        .filter(|id| !rules.contains_key(*id))
        .collect();
    extra.dedup();
    extra.into_iter()
}

fn rule(id: &str, text: Option<&RuleText>) -> Value {
    let title = text.map(|text| text.title.as_str()).filter(|title| !title.is_empty()).unwrap_or(id);
    let help = text.map_or("", |text| text.help.as_str());
    let category = text.map(|text| text.category.as_str()).filter(|category| !category.is_empty());
    let tags: Vec<&str> = std::iter::once("performance").chain(category).collect();
    let mut rule = json!({
        "id": id,
        "name": id,
        "shortDescription": { "text": title },
        "fullDescription": { "text": title },
        "help": { "text": if help.is_empty() { title } else { help }, "markdown": if help.is_empty() { title } else { help } },
        "properties": { "tags": tags },
    });
    if let Some(page) = text.filter(|text| text.is_built_in).and(SITE).and_then(|site| page(site, id)) {
        rule["helpUri"] = json!(page);
    }
    rule
}

/// Where a rule's page stands on the site of the documentation.
fn page(site: &str, id: &str) -> Option<String> {
    let is_address = site.starts_with("https://") && site.bytes().all(|byte| byte.is_ascii_graphic());
    is_address.then(|| format!("{}/rules/{id}.html", site.trim_end_matches('/')))
}

fn result(finding: &Finding, ids: &[&str]) -> Value {
    let text = if finding.message.is_empty() {
        &finding.title
    } else {
        &finding.message
    };
    let mut message = text.clone();
    if !finding.fix.summary.is_empty() {
        let _ = write!(message, " Fix: {}", finding.fix.summary);
    }
    let mut result = json!({
        "ruleId": finding.rule,
        "ruleIndex": ids.iter().position(|id| *id == finding.rule),
        "level": level(finding.priority),
        "message": { "text": unlinked(&message) },
        "locations": [location(&finding.location, None)],
        "partialFingerprints": { "perfaudit/v1": finding.fingerprint, "perfauditIdentity/v1": identity(finding) },
        "baselineState": if finding.status == Status::New { "new" } else { "unchanged" },
        "rank": rank(finding),
        "properties": {
            "priority": finding.priority, "confidence": finding.confidence, "category": finding.category, "impact": finding.impact,
            "effort": finding.effort,
        },
    });
    if !finding.related.is_empty() {
        let steps = finding.related.iter().map(|related| {
            let text = format!("{}: {}", words::role(related.role), related.message);
            (location(&related.location, Some(&text)), text)
        });
        let (places, _): (Vec<Value>, Vec<String>) = steps.unzip();
        let flow: Vec<Value> = places.iter().map(|place| json!({ "location": place })).collect();
        // Two ways can lead over one place; the schema takes each once here.
        let mut seen = BTreeSet::new();
        let places: Vec<Value> = places.into_iter().filter(|place| seen.insert(place.to_string())).collect();
        result["codeFlows"] = json!([{ "threadFlows": [{ "locations": flow }] }]);
        result["relatedLocations"] = Value::Array(places);
    }
    if !finding.fix.edits.is_empty() {
        result["fixes"] = json!([fix(finding)]);
    }
    result
}

/// The edits of a finding, by file in the order of their places.
fn fix(finding: &Finding) -> Value {
    let mut files: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    for edit in &finding.fix.edits {
        let at = &edit.at;
        files.entry(&at.file).or_default().push(json!({
            "deletedRegion": {
                "startLine": at.start_line, "startColumn": at.start_column,
                "endLine": at.end_line, "endColumn": at.end_column,
            },
            "insertedContent": { "text": edit.text },
        }));
    }
    let change =
        |(file, replacements): (&str, Vec<Value>)| json!({ "artifactLocation": { "uri": uri(file) }, "replacements": replacements });
    json!({
        "description": { "text": unlinked(&finding.fix.edits_note) },
        "artifactChanges": files.into_iter().map(change).collect::<Vec<_>>(),
    })
}

fn location(at: &Location, message: Option<&str>) -> Value {
    let mut location = json!({
        "physicalLocation": {
            "artifactLocation": { "uri": uri(&at.file) },
            "region": {
                "startLine": at.start_line.max(1), "startColumn": at.start_column.max(1),
                "endLine": at.end_line.max(at.start_line).max(1), "endColumn": at.end_column.max(1),
            },
        },
    });
    if !at.symbol.is_empty() {
        location["logicalLocations"] = json!([{ "fullyQualifiedName": at.symbol }]);
    }
    if let Some(message) = message {
        location["message"] = json!({ "text": unlinked(message) });
    }
    location
}

/// The text of a message, in which `[words](address)` would be a link.
fn unlinked(text: &str) -> String {
    escape::lines(text).replace("](", "] (")
}

/// A relative path as a URI reference.
fn uri(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"/._-~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

fn level(priority: Priority) -> &'static str {
    match priority {
        Priority::P0 => "error",
        Priority::P1 | Priority::P2 => "warning",
        Priority::P3 => "note",
    }
}

fn rank(finding: &Finding) -> u32 {
    let urgency = [90, 65, 40, 15][finding.priority as usize];
    urgency
        + [9, 5, 0][match finding.confidence {
            Confidence::High => 0,
            Confidence::Medium => 1,
            Confidence::Low => 2,
        }]
}

/// What was not read or not understood: a clean result list must not hide it.
fn notifications(report: &Report) -> Vec<Value> {
    let coverage = &report.coverage;
    let mut notes: Vec<Value> = Vec::new();
    let mut add = |level: &str, text: String| notes.push(json!({ "level": level, "message": { "text": escape::line(&text) } }));
    if report.findings.is_empty() {
        add("note", words::nothing(report));
    }
    for (reason, group) in &coverage.skipped {
        let level = if matches!(reason, Reason::InternalError | Reason::NotReadable | Reason::TooMuchWork) {
            "warning"
        } else {
            "note"
        };
        add(
            level,
            format!(
                "{} left out, {}: {}",
                words::count(group.count, "file", "files"),
                reason.text(),
                group.examples.join(", ")
            ),
        );
    }
    if !coverage.parse_errors.is_empty() {
        add(
            "note",
            format!(
                "{} with ranges that did not parse",
                words::count(coverage.parse_errors.len(), "file", "files")
            ),
        );
    }
    for note in &coverage.notes {
        add("note", note.clone());
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::page;

    #[test]
    fn a_rules_page_is_below_the_site_if_that_is_an_address() {
        for site in ["https://docs.example/perfaudit", "https://docs.example/perfaudit/"] {
            let found = page(site, "n-plus-one");
            assert_eq!(found.as_deref(), Some("https://docs.example/perfaudit/rules/n-plus-one.html"));
        }
        for site in ["", "docs.example", "javascript:alert(1)", "https://docs.example/a b"] {
            assert_eq!(page(site, "n-plus-one"), None, "{site}");
        }
    }
}
