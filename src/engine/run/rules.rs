//! The rules of one run, built in and the user's own: which run, which are wanted, and what they find.

use std::collections::BTreeSet;
use std::sync::Arc;

use rayon::prelude::*;

use crate::analysis::{Analyses, Analysis};
use crate::config::Config;
use crate::coverage::Coverage;
use crate::engine::pages::Pages;
use crate::engine::registry::{RULES, Rule};
use crate::engine::suppress;
use crate::error::{Error, guarded};
use crate::finding::Finding;
use crate::progress::Observer;
use crate::rules::own::rule::OwnRule;
use crate::rules::own::search;

/// A rule that runs.
#[derive(Clone)]
enum ActiveRule {
    BuiltIn(&'static Rule),
    Own(Arc<OwnRule>),
}

impl ActiveRule {
    fn id(&self) -> &str {
        match self {
            ActiveRule::BuiltIn(rule) => rule.id,
            ActiveRule::Own(rule) => &rule.id,
        }
    }

    fn needs(&self) -> &'static [Analysis] {
        match self {
            ActiveRule::BuiltIn(rule) => rule.needs,
            ActiveRule::Own(_) => &[],
        }
    }

    fn check(&self, run: &Analyses<'_>) -> Vec<Finding> {
        match self {
            ActiveRule::BuiltIn(rule) => (rule.check)(run),
            ActiveRule::Own(rule) => search::find(rule, run.project),
        }
    }
}

/// Which rules run, built-in ones and the user's own, after `rules` and `skip`.
pub(super) struct RulesOfRun {
    /// Those that run.
    rules: Vec<ActiveRule>,
    /// Those whose findings are wanted.
    wanted: Vec<ActiveRule>,
}

impl RulesOfRun {
    /// The rules that a configuration asks for; fails on one that there is not, and where none is left.
    pub(super) fn of(config: &Config, pages: &Pages) -> Result<RulesOfRun, Error> {
        let (asked, skipped) = (pages.resolve("", &config.rules)?, pages.resolve("", &config.skip)?);
        let has = |list: &[String], rule: &ActiveRule| list.iter().any(|id| id == rule.id());
        let own = pages.iter().filter_map(|page| page.own.clone());
        let all = RULES.iter().map(ActiveRule::BuiltIn).chain(own.map(ActiveRule::Own));
        let left: Vec<ActiveRule> = all.filter(|rule| !has(&skipped, rule)).collect();
        let is_wanted = |rule: &&ActiveRule| asked.is_empty() || has(&asked, rule);
        let wanted: Vec<ActiveRule> = left.iter().filter(is_wanted).cloned().collect();
        if wanted.is_empty() {
            return Err(Error::new("rules", "none is left to run").hint("see `perfaudit rules`"));
        }
        // What a comment suppresses is known only once the other rules have run.
        let needs_all = asked.iter().any(|id| id == suppress::UNUSED);
        Ok(RulesOfRun {
            rules: if needs_all { left } else { wanted.clone() },
            wanted,
        })
    }

    /// How many run.
    pub(super) fn len(&self) -> usize {
        self.rules.len()
    }

    /// Ids of those that run.
    pub(super) fn ran(&self) -> impl Iterator<Item = &str> {
        self.rules.iter().map(ActiveRule::id)
    }

    /// Ids of those whose findings are wanted.
    pub(super) fn wanted(&self) -> impl Iterator<Item = &str> {
        self.wanted.iter().map(ActiveRule::id)
    }

    /// What the rules find, and which of them failed.
    pub(super) fn check(&self, run: &Analyses<'_>, coverage: &mut Coverage, observer: &dyn Observer) -> (Vec<Finding>, Vec<String>) {
        let broken = self.prepare(run);
        let results: Vec<_> = self
            .rules
            .par_iter()
            .map(|rule| {
                let is_broken = |need: &Analysis, failed: Analysis| *need == failed || need.base() == Some(failed);
                let needed = broken
                    .iter()
                    .find(|(failed, _)| rule.needs().iter().any(|need| is_broken(need, *failed)));
                let found = match needed {
                    Some((_, what)) => Err(what.clone()),
                    None => guarded(|| rule.check(run)),
                };
                observer.step();
                (rule, found)
            })
            .collect();
        let (mut findings, mut failures) = (Vec::new(), Vec::new());
        for (rule, result) in results {
            match result {
                Ok(found) => findings.extend(found),
                Err(what) => {
                    coverage.notes.push(format!(
                        "The rule {} failed, its findings are missing (internal error: {what})",
                        rule.id()
                    ));
                    failures.push(format!("the rule {}", rule.id()));
                }
            }
        }
        (findings, failures)
    }

    /// Works out what the rules share, first what other answers build on; those that failed, with what happened.
    fn prepare(&self, run: &Analyses<'_>) -> Vec<(Analysis, String)> {
        let needed: BTreeSet<Analysis> = self.rules.iter().flat_map(ActiveRule::needs).copied().collect();
        let bases: BTreeSet<Analysis> = needed.iter().map(|one| one.base().unwrap_or(*one)).collect();
        let mut broken: Vec<(Analysis, String)> = Vec::new();
        for level in [bases, needed] {
            let work = level
                .into_par_iter()
                .filter(|one| one.base().is_none_or(|base| broken.iter().all(|(failed, _)| *failed != base)));
            let failed = work.filter_map(|one| guarded(|| one.prepare(run)).err().map(|what| (one, what)));
            let failed: Vec<(Analysis, String)> = failed.collect();
            broken.extend(failed);
        }
        broken
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::run::{Input, Plan, audit_texts};
    use crate::progress::Silent;
    use crate::walk::FileKind;

    #[test]
    fn a_rule_that_fails_is_told_and_the_others_report() {
        const BROKEN: Rule = Rule {
            id: "broken",
            page: "",
            needs: &[],
            check: |_| panic!("no such thing"),
        };
        static RULE: Rule = BROKEN;
        let config = Config::default();
        let mut plan = Plan::of(&config, None, &Silent).expect("a plan");
        plan.rules.rules.insert(0, ActiveRule::BuiltIn(&RULE));
        let text = "import time\n\nasync def wait():\n    time.sleep(5)\n".to_owned();
        let path = "a.py".to_owned();
        let file = Input::Text {
            path,
            kind: FileKind::Python,
            text,
        };
        let report = plan.run(vec![file], false, Coverage::default()).expect("a report");
        assert_eq!(report.failures, ["the rule broken"]);
        assert_eq!(report.findings.len(), 1);
        assert!(
            report
                .coverage
                .notes
                .iter()
                .any(|note| note.contains("broken failed") && note.contains("no such thing"))
        );
    }

    #[test]
    fn a_run_without_rules_is_a_mistake() {
        let skip = crate::engine::registry::ids().into_iter().map(str::to_owned).collect();
        let error = audit_texts(&Config { skip, ..Config::default() }, Vec::new()).expect_err("no rules");
        assert_eq!(error.to_string(), "rules: none is left to run; see `perfaudit rules`");
    }
}
