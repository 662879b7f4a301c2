//! perfaudit reads a codebase and its database schema and says, with evidence, where it will get slow.
//!
//! Layers; each imports only from those above it in this list (a test reads the imports):
//!
//! | level | modules | what lives there |
//! |---|---|---|
//! | 0 | [`source`], [`finding`], [`coverage`], [`error`] | positions, what is reported, what was seen, how a run fails |
//! | 1 | [`ir`], [`statement`], [`walk`], [`config`] | the language-neutral module and statement; files; settings |
//! | 2 | `syntax` | bytes to `ir`: the only code that knows grammars |
//! | 3 | [`libraries`] | what ORMs and frameworks mean: facts of one file |
//! | 4 | [`project`] | all files linked: schema state, query model, call graph with effects |
//! | 5 | [`rules`] | one file and one page a rule; rank, suppress |
//! | 6 | [`report`] | plain data, one renderer a format |
//! | 7 | this file, [`examples`], the binary | [`audit`], the only orchestration |

pub mod config;
pub mod coverage;
pub mod error;
pub mod examples;
pub mod finding;
pub mod ir;
pub mod libraries;
pub mod project;
pub mod report;
pub mod rules;
pub mod source;
pub mod statement;
pub mod syntax;
pub mod walk;

use std::panic::{AssertUnwindSafe, catch_unwind};

use rayon::prelude::*;

pub use config::Config;
use coverage::{Coverage, Reason, Skipped};
pub use error::Error;
use finding::{Finding, Priority};
use libraries::facts::{self, FileFacts};
use project::Project;
pub use report::Report;
pub use report::schema::SchemaReport;
use rules::suppress::Suppressions;
use rules::{Pages, RULES, Rule, rank};
use walk::{FileKind, Role, SourceFile, Text};

/// Stack of a worker: deep nesting in a hostile file must not end the process.
const STACK: usize = 16 << 20;
/// How the names of worker threads start.
pub const WORKER: &str = "perfaudit-worker";

/// Reads what a configuration names and reports on it.
pub fn audit(config: &Config) -> Result<Report, Error> {
    let plan = Plan::of(config)?;
    let (files, with_tests, coverage) = found(config)?;
    plan.run(config, files, with_tests, coverage)
}

/// Reads what a configuration names and says what the schema is.
pub fn schema(config: &Config) -> Result<SchemaReport, Error> {
    let (files, _, mut coverage) = found(config)?;
    pool(config)?.install(|| {
        let project = link(files, &mut coverage)?;
        project.cover(&mut coverage);
        Ok(SchemaReport::new(&config.root.to_string_lossy(), &project, coverage))
    })
}

/// The files that a configuration names, whether tests are among them, and what was left out.
fn found(config: &Config) -> Result<(Vec<Input>, bool, Coverage), Error> {
    let walked = walk::walk(config)?;
    let mut coverage = Coverage {
        tests: walked.tests,
        unread: walked.unread,
        ..Coverage::default()
    };
    walked.skipped.iter().for_each(|skipped| coverage.skip(skipped));
    let files = walked.files.into_iter().map(Input::File).collect();
    Ok((files, walked.with_tests, coverage))
}

/// As [`audit`], for files that are in memory: pairs of a path relative to the root and a text.
pub fn audit_texts(config: &Config, texts: Vec<(String, String)>) -> Result<Report, Error> {
    let plan = Plan::of(config)?;
    let mut coverage = Coverage::default();
    let mut inputs = Vec::new();
    for (path, text) in texts {
        match (FileKind::of(&path), walk::role(&path)) {
            (Some(_), Role::Test) if !config.include_tests => coverage.tests += 1,
            (Some(_), Role::Generated) => coverage.skip(&Skipped {
                path,
                reason: Reason::Generated,
            }),
            (Some(kind), _) => inputs.push(Input::Text { path, kind, text }),
            (None, _) => {}
        }
    }
    inputs.sort_by(|left, right| left.path().cmp(right.path()));
    plan.run(config, inputs, config.include_tests, coverage)
}

/// A file to read, or one that is in memory.
enum Input {
    File(SourceFile),
    Text { path: String, kind: FileKind, text: String },
}

impl Input {
    fn path(&self) -> &str {
        match self {
            Input::File(file) => &file.path,
            Input::Text { path, .. } => path,
        }
    }

    fn kind(&self) -> FileKind {
        match self {
            Input::File(file) => file.kind,
            Input::Text { kind, .. } => *kind,
        }
    }
}

/// What a file gave.
struct Seen {
    facts: FileFacts,
    lines: usize,
    lossy: bool,
}

/// The rules of a run, with their pages.
struct Plan {
    pages: Pages,
    rules: Vec<&'static Rule>,
}

impl Plan {
    fn of(config: &Config) -> Result<Plan, Error> {
        let pages = Pages::load(config.rules_dir.as_deref())?;
        let (wanted, skipped) = (pages.resolve("", &config.rules)?, pages.resolve("", &config.skip)?);
        let has = |list: &[String], rule: &Rule| list.iter().any(|id| id == rule.id);
        let rules: Vec<_> = RULES
            .iter()
            .filter(|rule| (wanted.is_empty() || has(&wanted, rule)) && !has(&skipped, rule))
            .collect();
        if rules.is_empty() {
            return Err(Error::new("rules", "none is left to run").hint("see `perfaudit rules`"));
        }
        Ok(Plan { pages, rules })
    }

    fn run(&self, config: &Config, files: Vec<Input>, with_tests: bool, mut coverage: Coverage) -> Result<Report, Error> {
        pool(config)?.install(|| {
            let project = link(files, &mut coverage)?;
            let findings = self.check(&project, &mut coverage);
            Ok(self.report(config, &project, findings, with_tests, coverage))
        })
    }

    fn check(&self, project: &Project, coverage: &mut Coverage) -> Vec<Finding> {
        let results: Vec<_> = self
            .rules
            .par_iter()
            .map(|rule| (rule.id, guarded(|| (rule.check)(project))))
            .collect();
        let mut findings = Vec::new();
        for (id, result) in results {
            match result {
                Ok(found) => findings.extend(found),
                Err(what) => coverage
                    .notes
                    .push(format!("The rule {id} failed, its findings are missing (internal error: {what})")),
            }
        }
        findings
    }

    fn report(&self, config: &Config, project: &Project, findings: Vec<Finding>, with_tests: bool, mut coverage: Coverage) -> Report {
        project.cover(&mut coverage);
        let mut suppressions = Suppressions::default();
        for comment in project.comments() {
            suppressions.add(&rules::ids(), &comment.file, comment.line, &comment.text, comment.function);
        }
        coverage.notes.extend_from_slice(suppressions.notes());
        let options = rank::Options {
            min_priority: config.min_priority.unwrap_or(Priority::P3),
            min_confidence: config.min_confidence,
            include_tests: with_tests,
        };
        let ranked = rank::finish(findings, &self.pages, &suppressions, options);
        coverage.suppressed = ranked.suppressed;
        coverage.filtered = ranked.filtered;
        let mut strengths = project.strengths();
        strengths.sort();
        strengths.dedup();
        Report::new(&config.root.to_string_lossy(), ranked.findings, strengths, coverage)
    }
}

/// The workers of a run.
fn pool(config: &Config) -> Result<rayon::ThreadPool, Error> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(config.threads)
        .stack_size(STACK)
        .thread_name(|index| format!("{WORKER}-{index}"))
        .build()
        .map_err(|error| Error::new("threads", format!("cannot be started: {error}")))
}

/// Reads all files and links them.
fn link(files: Vec<Input>, coverage: &mut Coverage) -> Result<Project, Error> {
    let seen: Vec<(String, FileKind, Result<Seen, Skipped>)> = files
        .into_par_iter()
        .map(|input| {
            let (path, kind) = (input.path().to_owned(), input.kind());
            let seen = guarded(|| see(input)).unwrap_or_else(|_| {
                Err(Skipped {
                    path: path.clone(),
                    reason: Reason::InternalError,
                })
            });
            (path, kind, seen)
        })
        .collect();
    let mut facts = Vec::with_capacity(seen.len());
    for (path, kind, seen) in seen {
        match seen {
            Ok(seen) => {
                if let Some(language) = kind.language(&path) {
                    coverage.read(language, seen.lines);
                }
                if seen.lossy {
                    coverage.not_utf8.add(path);
                }
                facts.push(seen.facts);
            }
            Err(skipped) => coverage.skip(&skipped),
        }
    }
    guarded(|| Project::link(facts)).map_err(|what| {
        Error::new("link", format!("internal error: {what}")).hint("please report this, with the code that causes it")
    })
}

/// Reads a file and its facts.
fn see(input: Input) -> Result<Seen, Skipped> {
    let (path, kind, read) = match input {
        Input::File(file) => {
            let read = walk::read(&file)?;
            (file.path, file.kind, read)
        }
        Input::Text { path, kind, text } => (path, kind, Text { text, lossy: false }),
    };
    let facts = facts::extract(&path, kind, &read.text);
    Ok(Seen {
        facts,
        lines: read.text.lines().count(),
        lossy: read.lossy,
    })
}

/// Runs something that must not end the run; a panic becomes its message.
fn guarded<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|payload| {
        let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
        text.or_else(|| payload.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "unknown".to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_caught_with_its_message() {
        assert_eq!(guarded(|| -> u8 { panic!("broken {}", 1) }), Err("broken 1".to_owned()));
        assert_eq!(guarded(|| 1), Ok(1));
    }

    #[test]
    fn a_run_without_rules_is_a_mistake() {
        let skip = rules::ids().into_iter().map(str::to_owned).collect();
        let error = audit_texts(&Config { skip, ..Config::default() }, Vec::new()).expect_err("no rules");
        assert_eq!(error.to_string(), "rules: none is left to run; see `perfaudit rules`");
    }

    #[test]
    fn files_in_memory_are_counted_like_those_on_disk() {
        let texts = ["b.py", "a.ts", "tests/test_b.py", "x_pb2.py", "notes.txt"].map(|path| (path.to_owned(), "x\n".to_owned()));
        let report = audit_texts(&Config::default(), texts.to_vec()).expect("a report");
        assert_eq!(
            (report.coverage.files(), report.coverage.tests, report.coverage.skipped_count()),
            (2, 1, 1)
        );
    }
}
