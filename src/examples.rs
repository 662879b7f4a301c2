//! Runs the examples of a rule's page: what a page says must be what its rule does.

use crate::config::Config;
use crate::engine::page::{Example, ExampleMark, Page};
use crate::engine::pages::Pages;
use crate::engine::run::audit_texts_with;
use crate::error::Error;
use crate::files::Named;
use crate::report::Report;

/// An example that is not as its page says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExampleFailure {
    /// Id of the rule whose page it is.
    pub rule: String,
    /// The page's line.
    pub line: usize,
    /// What is wrong.
    pub what: String,
}

/// Runs all examples of one of the pages; `libraries` is a folder that says what calls of libraries do, over what is known.
pub fn run(page: &Page, pages: &Pages, libraries: Option<&Named>) -> Result<Vec<ExampleFailure>, Error> {
    let mut failures = Vec::new();
    for example in &page.examples {
        let config = Config {
            rules: vec![page.id.clone()],
            threads: 1,
            libraries_dir: libraries.cloned(),
            ..Config::default()
        };
        let texts = example.files.iter().map(|file| (file.path.clone(), file.text.clone())).collect();
        let report = audit_texts_with(&config, pages.clone(), texts)?;
        let fail = |what| ExampleFailure {
            rule: page.id.clone(),
            line: example.line,
            what,
        };
        failures.extend(mistakes(page, example, &report).into_iter().map(fail));
    }
    Ok(failures)
}

fn mistakes(page: &Page, example: &Example, report: &Report) -> Vec<String> {
    let mut mistakes = Vec::new();
    let mark_of = |path: &str| example.files.iter().find(|file| file.path == path).map(|file| file.mark);
    let mut is_found = false;
    for finding in &report.findings {
        let at = &finding.location;
        if example.expect_bad && mark_of(&at.file) == Some(ExampleMark::Bad) {
            is_found = true;
        } else if !example.expect_bad || mark_of(&at.file) == Some(ExampleMark::Good) {
            mistakes.push(format!(
                "{} is reported at {}:{}, which is marked good: {}",
                page.id, at.file, at.start_line, finding.message
            ));
        }
    }
    if example.expect_bad && !is_found {
        mistakes.push(format!("{} is not reported, though this example is marked bad", page.id));
    }
    if !report.coverage.parse_errors.is_empty() {
        mistakes.push("this example does not parse".to_owned());
    }
    mistakes
}
