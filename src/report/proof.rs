//! What a planner said of findings, for people and for programs.

use std::fmt::Write as _;

use serde::Serialize;

use super::{MadeBy, VERSION};
use crate::escape;
use crate::judge::evidence::capitalised;
use crate::verify::verdict::{Proof, Proven, Verdict};

#[derive(Serialize)]
struct Form<'p> {
    version: u32,
    tool: MadeBy,
    #[serde(flatten)]
    proof: &'p Proof,
}

/// All there is as JSON.
pub fn json(proof: &Proof) -> String {
    escape::json(&Form {
        version: VERSION,
        tool: MadeBy::default(),
        proof,
    })
}

/// For a terminal: the findings by verdict, the proven ones first.
pub fn table(proof: &Proof) -> String {
    let mut out = String::new();
    for verdict in [Verdict::Proven, Verdict::Demoted, Verdict::Refuted, Verdict::NotVerifiable] {
        let all: Vec<&Proven> = proof.results.iter().filter(|result| result.verdict == verdict).collect();
        if all.is_empty() {
            continue;
        }
        let _ = writeln!(out, "{} ({})\n", capitalised(verdict.words()), all.len());
        for result in all {
            block(result, &mut out);
        }
    }
    let counts = proof.summary;
    let engines = match proof.engines.as_slice() {
        [] => "No database was asked".to_owned(),
        some => some.join(" and "),
    };
    let _ = writeln!(
        out,
        "{engines}: {} proven, {} demoted, {} refuted, {} not verifiable.",
        counts.proven, counts.demoted, counts.refuted, counts.not_verifiable
    );
    for assumption in proof.assumptions.iter().filter(|_| !proof.engines.is_empty()) {
        let _ = writeln!(out, "- {assumption}");
    }
    out
}

fn block(result: &Proven, out: &mut String) {
    let ratio = result.ratio.filter(|_| result.verdict != Verdict::Refuted);
    let ratio = ratio.map_or(String::new(), |ratio| format!("  {ratio:.1} x"));
    let place = format!("{}:{}", result.location.file, result.location.start_line);
    let _ = writeln!(out, "  {:?} {}{ratio}  {}", result.priority, result.rule, escape::line(&place));
    let _ = writeln!(out, "    {}", escape::line(&result.title));
    let _ = writeln!(out, "    {}", escape::line(&result.why));
    if let (Some(statement), Some(before), Some(after)) = (&result.statement, &result.before, &result.after) {
        let _ = writeln!(out, "    {}", escape::line(statement));
        let _ = writeln!(out, "    before: {}", escape::line(before));
        let _ = writeln!(out, "    after:  {}", escape::line(after));
    }
    let gainless: Vec<String> = result
        .statements
        .iter()
        .filter(|one| {
            result.verdict == Verdict::Proven && one.note.is_empty() && one.ratio.is_some_and(|ratio| ratio < crate::verify::PAYS)
        })
        .map(|one| format!("{}:{}", one.location.file, one.location.start_line))
        .filter(|place| place != ":0")
        .collect();
    if !gainless.is_empty() {
        let _ = writeln!(out, "    no gain: {}", escape::line(&gainless.join(", ")));
    }
    out.push('\n');
}
