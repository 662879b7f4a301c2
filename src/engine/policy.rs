//! What the configuration says of rules and paths: priorities, and rules that are off in a part of the tree.

use std::collections::BTreeMap;

use ignore::gitignore::Gitignore;

use crate::config::Config;
use crate::engine::pages::Pages;
use crate::error::Error;
use crate::finding::{Finding, Priority};
use crate::walk;

/// The settings of one run.
#[derive(Debug, Default)]
pub struct Policy {
    priorities: BTreeMap<String, Option<Priority>>,
    overrides: Vec<Part>,
}

/// The settings of a part of the tree.
#[derive(Debug)]
struct Part {
    paths: Gitignore,
    skip: Vec<String>,
    priorities: BTreeMap<String, Option<Priority>>,
    max_priority: Option<Priority>,
}

impl Policy {
    /// Reads the settings; fails on a rule that there is not and on a broken glob.
    pub fn of(config: &Config, pages: &Pages) -> Result<Policy, Error> {
        let named = |priorities: &BTreeMap<String, Option<Priority>>| -> Result<BTreeMap<String, Option<Priority>>, Error> {
            let ids = priorities
                .iter()
                .map(|(name, priority)| pages.find("priorities", name).map(|page| (page.id.clone(), *priority)));
            ids.collect()
        };
        let part = |given: &crate::config::Override| {
            Ok(Part {
                paths: walk::globs(given.paths.iter().map(String::as_str))
                    .map_err(|error| Error::new("overrides", format!("not a valid glob: {error}")))?,
                skip: pages.resolve("overrides", &given.skip)?,
                priorities: named(&given.priorities)?,
                max_priority: given.max_priority,
            })
        };
        Ok(Policy {
            priorities: named(&config.priorities)?,
            overrides: config.overrides.iter().map(part).collect::<Result<_, Error>>()?,
        })
    }

    /// Whether a finding stays, and the priority that it is given; `None` leaves it as it is. Later parts win over earlier ones,
    /// and any part over the whole.
    pub fn judge(&self, finding: &Finding) -> (bool, Option<Priority>) {
        let mut given = self.priorities.get(&finding.rule).copied();
        for part in self.parts(finding) {
            if part.skip.contains(&finding.rule) {
                return (false, None);
            }
            given = part.priorities.get(&finding.rule).copied().or(given);
        }
        (given != Some(None), given.flatten())
    }

    /// The most urgent priority that a finding may have where it stands.
    pub fn cap(&self, finding: &Finding) -> Priority {
        let caps = self.parts(finding).filter_map(|part| part.max_priority);
        caps.max().unwrap_or(Priority::P0)
    }

    fn parts(&self, finding: &Finding) -> impl Iterator<Item = &Part> {
        // A path outside of the root is below no glob.
        let path = finding.location.file.clone();
        let is_inside = !path.starts_with("../");
        self.overrides
            .iter()
            .filter(move |part| is_inside && part.paths.matched_path_or_any_parents(&path, false).is_ignore())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Override;
    use crate::finding::{Confidence, Location};

    fn at(file: &str) -> Finding {
        let location = Location {
            file: file.to_owned(),
            ..Location::default()
        };
        Finding::new("n-plus-one", Priority::P0, Confidence::High, location)
    }

    fn policy(overrides: Vec<Override>, priorities: &[(&str, Option<Priority>)]) -> Result<Policy, Error> {
        let config = Config {
            overrides,
            priorities: priorities.iter().map(|(rule, priority)| ((*rule).to_owned(), *priority)).collect(),
            ..Config::default()
        };
        Policy::of(&config, &Pages::built_in().expect("valid pages"))
    }

    #[test]
    fn a_part_of_the_tree_wins_over_the_whole() {
        let legacy = Override {
            paths: vec!["legacy/**".to_owned()],
            max_priority: Some(Priority::P2),
            priorities: [("n+1".to_owned(), Some(Priority::P3))].into(),
            ..Override::default()
        };
        let off = Override {
            paths: vec!["*.gen.py".to_owned()],
            skip: vec!["n-plus-one".to_owned()],
            ..Override::default()
        };
        let policy = policy(vec![legacy, off], &[("n-plus-one", Some(Priority::P1))]).expect("valid");
        assert_eq!(policy.judge(&at("app/a.py")), (true, Some(Priority::P1)));
        assert_eq!(policy.judge(&at("legacy/b/a.py")), (true, Some(Priority::P3)));
        assert_eq!(
            (policy.cap(&at("legacy/a.py")), policy.cap(&at("a.py"))),
            (Priority::P2, Priority::P0)
        );
        assert!(!policy.judge(&at("deep/a.gen.py")).0);
        assert!(policy.judge(&at("../outside.py")).0);
    }

    #[test]
    fn mistakes_are_told() {
        let error = policy(Vec::new(), &[("n-plus-on", None)]).expect_err("no such rule");
        assert!(error.to_string().contains("did you mean `n-plus-one`?"));
        let broken = Override {
            paths: vec!["{a".to_owned()],
            ..Override::default()
        };
        assert!(
            policy(vec![broken], &[])
                .expect_err("a glob")
                .to_string()
                .contains("not a valid glob")
        );
        assert!(!policy(Vec::new(), &[("n-plus-one", None)]).expect("off").judge(&at("a.py")).0);
    }
}
