//! The files that the tool fails on while it links them: each costs its own part, and not the run.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use crate::coverage::{Coverage, Reason, Skipped};
use crate::libraries::shared::value::FileId;
use crate::syntax::facts::FileFacts;

/// The files that the tool failed on while they were linked, with what happened: filled from all threads, the same whatever their order.
#[derive(Debug, Default)]
pub struct Failures(Mutex<BTreeSet<(FileId, String)>>);

impl Failures {
    /// Adds one.
    pub fn add(&self, file: FileId, what: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert((file, what));
    }

    /// Tells which of some files these are.
    pub fn cover(&self, files: &[FileFacts], coverage: &mut Coverage) {
        let mut told = None;
        for (file, what) in self.0.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            let Some(facts) = files.get(file.index()) else { continue };
            coverage.notes.push(format!(
                "A part of {} is left out: the tool failed on it (internal error: {what}); please report this, with the code that causes it",
                facts.path
            ));
            if told.replace(*file) != Some(*file) {
                coverage.skip(&Skipped {
                    path: facts.path.clone(),
                    reason: Reason::InternalError,
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::{ExprId, ExprKind, Module};
    use crate::project::Project;
    use crate::syntax::facts::extract;
    use crate::walk::FileKind;

    fn facts(path: &str, text: &str) -> FileFacts {
        extract(path, FileKind::Python, text)
    }

    /// A file whose module says what cannot be: each step that looks there fails.
    fn broken(text: &str, breaks: impl Fn(&mut Module)) -> FileFacts {
        let mut facts = facts("app/broken.py", text);
        facts.module.iter_mut().for_each(breaks);
        facts
    }

    /// What the coverage tells of a broken file beside one that is well, whose finding has to stay.
    fn told(broken: FileFacts) -> (Coverage, Project) {
        let well = facts(
            "app/well.py",
            "import requests\nfrom fastapi import FastAPI\napp = FastAPI()\n@app.get('/a')\ndef a():\n    return requests.get('https://x.example/a').text\n",
        );
        let project = Project::link(vec![broken, well]);
        let mut coverage = Coverage::default();
        project.cover(&mut coverage);
        (coverage, project)
    }

    fn assert_told(broken: FileFacts) {
        let (coverage, project) = told(broken);
        let skipped = coverage.skipped.get(&Reason::InternalError).expect("a file that is told");
        assert_eq!(
            (skipped.count, skipped.examples.as_slice()),
            (1, ["app/broken.py".to_owned()].as_slice())
        );
        assert!(
            coverage
                .notes
                .iter()
                .any(|note| note.starts_with("A part of app/broken.py is left out") && note.contains("index out of bounds"))
        );
        assert_eq!(project.graph.entries.len(), 1, "the other file's route");
        assert!(
            project.graph.functions.iter().any(|node| !node.edges.is_empty()),
            "the other file's calls"
        );
    }

    #[test]
    fn what_fails_in_a_class_costs_its_file() {
        assert_told(broken("class Order(Model):\n    pass\n", |module| {
            for class in &mut module.classes {
                class.bases.iter_mut().for_each(|base| base.value = ExprId(9999));
            }
        }));
    }

    #[test]
    fn what_fails_in_a_call_costs_its_file() {
        assert_told(broken("def send(job):\n    job.run()\n", |module| {
            for expr in &mut module.exprs {
                if let ExprKind::Call { callee, .. } = &mut expr.kind {
                    *callee = ExprId(9999);
                }
            }
        }));
    }
}
