//! What the tool fails on while it links: a file costs its own part, a step that looks at all files what it gives, and neither the run.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use crate::coverage::{Coverage, Reason, Skipped};
use crate::error::guarded;
use crate::libraries::shared::value::FileId;
use crate::syntax::facts::FileFacts;

/// Some failures with what happened: filled from all threads, the same whatever their order.
type Told<T> = Mutex<BTreeSet<(T, String)>>;

/// The files that the tool failed on while they were linked, and the steps of linking that failed as a whole.
#[derive(Debug, Default)]
pub struct Failures {
    files: Told<FileId>,
    steps: Told<&'static str>,
}

impl Failures {
    /// Does one file's part of a step; `None` where the tool fails on it.
    pub fn part<T>(&self, file: FileId, work: impl FnOnce() -> T) -> Option<T> {
        run(&self.files, file, work)
    }

    /// Does a step that looks at all files at once: where the tool fails on it, it gives what it gives where there is nothing to find. Its
    /// name is that of what it gives, as a phrase.
    pub fn step<T: Default>(&self, name: &'static str, work: impl FnOnce() -> T) -> T {
        run(&self.steps, name, work).unwrap_or_default()
    }

    /// The steps that failed, each once.
    pub fn steps(&self) -> BTreeSet<&'static str> {
        let steps = self.steps.lock().unwrap_or_else(PoisonError::into_inner);
        steps.iter().map(|(name, _)| *name).collect()
    }

    /// Tells which of some files these are, and which steps.
    pub fn cover(&self, files: &[FileFacts], coverage: &mut Coverage) {
        for (name, what) in self.steps.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            coverage.notes.push(format!(
                "Not known: {name}, and what follows from it. The tool failed on it (internal error: {what}); please report this, with the code that causes it"
            ));
        }
        let mut told = None;
        for (file, what) in self.files.lock().unwrap_or_else(PoisonError::into_inner).iter() {
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

fn run<T, O: Ord>(told: &Told<O>, of: O, work: impl FnOnce() -> T) -> Option<T> {
    let add = |what| told.lock().unwrap_or_else(PoisonError::into_inner).insert((of, what));
    guarded(work).map_err(add).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::{ExprId, ExprKind, FunctionId, Module, Parent, StmtId, StmtKind};
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
    fn a_step_that_fails_gives_nothing_and_is_told() {
        let failures = Failures::default();
        assert_eq!(failures.step("the schema", || 7), 7);
        let nothing: u32 = failures.step("the schema", || panic!("no such thing"));
        assert_eq!((nothing, failures.steps().into_iter().collect::<Vec<_>>()), (0, vec!["the schema"]));
        let mut coverage = Coverage::default();
        failures.cover(&[], &mut coverage);
        assert!(matches!(coverage.notes.as_slice(), [note] if note.contains("the schema") && note.contains("no such thing")));
    }

    const CODE: &str = "\
import os
from functools import lru_cache
from .well import a
class Order(Model):
    lines = relationship('Line')
    @lru_cache
    def read_all_lines(self, at=1):
        for line in self.lines:
            line.product.name
        return [each for each in a(at)]
";

    /// What looks at all files at once fails on the one, and leaves the others what they have.
    #[test]
    fn a_step_that_fails_costs_what_it_gives_and_not_the_run() {
        let (coverage, project) = told(broken(CODE, |module| {
            module
                .functions
                .iter_mut()
                .skip(1)
                .for_each(|function| function.body = [StmtId(9999)].into());
        }));
        let step = "calls of names that only one function has";
        assert!(project.failed_steps().contains(step), "{:?}", project.failed_steps());
        assert!(coverage.notes.iter().any(|note| note.contains(step)), "{:?}", coverage.notes);
        assert_eq!(project.graph.entries.len(), 1, "the other file's route");
        assert!(
            project.graph.functions.iter().any(|node| !node.edges.is_empty()),
            "the other file's calls"
        );
    }

    /// Makes a module say what cannot be.
    type Break = fn(&mut Module);

    #[test]
    fn no_part_of_a_module_ends_the_run() {
        let breaks: &[(&str, Break)] = &[
            ("decorators", |module| {
                let functions = module.functions.iter_mut();
                functions.for_each(|function| function.decorators.iter_mut().for_each(|decorator| *decorator = ExprId(9999)));
            }),
            ("bodies", |module| {
                module
                    .functions
                    .iter_mut()
                    .for_each(|function| function.body = [StmtId(9999)].into());
            }),
            ("defaults", |module| {
                let functions = module.functions.iter_mut().flat_map(|function| function.params.iter_mut());
                functions.for_each(|param| param.default = Some(ExprId(9999)));
            }),
            ("targets", |module| {
                for stmt in &mut module.stmts {
                    if let StmtKind::Assign { target, .. } = &mut stmt.kind {
                        *target = ExprId(9999);
                    }
                }
            }),
            ("iterables", |module| {
                for stmt in &mut module.stmts {
                    if let StmtKind::Loop { iterable, .. } = &mut stmt.kind {
                        *iterable = Some(ExprId(9999));
                    }
                }
            }),
            ("what holds expressions", |module| {
                module.exprs.iter_mut().for_each(|expr| expr.parent = Parent::Stmt(StmtId(9999)));
            }),
            ("what holds statements", |module| {
                module
                    .stmts
                    .iter_mut()
                    .for_each(|stmt| stmt.parent = Parent::Function(FunctionId(9999)));
            }),
            ("members of classes", |module| {
                module.classes.iter_mut().for_each(|class| class.body = [StmtId(9999)].into());
            }),
            ("functions of imports", |module| {
                module.imports.iter_mut().for_each(|import| import.function = FunctionId(9999));
            }),
            ("attributes", |module| {
                for expr in &mut module.exprs {
                    if let ExprKind::Attr { base, .. } = &mut expr.kind {
                        *base = ExprId(9999);
                    }
                }
            }),
        ];
        for (name, breaks) in breaks {
            let (coverage, project) = told(broken(CODE, breaks));
            assert!(!coverage.notes.is_empty(), "{name} broke nothing");
            assert_eq!(project.graph.entries.len(), 1, "{name}: the other file's route");
        }
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
