//! One run, from what a configuration names to the report: the only orchestration.

mod checked;
mod mended;
mod origin;
mod past_settings;
mod rules;
mod texts;
mod understood;
mod verified;
mod why;

pub use mended::mend;
pub use past_settings::configure;
pub use understood::{read_one, understand};
pub use verified::verify;
pub use why::why;

use std::collections::BTreeMap;
use std::ops::Add;
use std::path::PathBuf;

use rayon::prelude::*;

use super::baseline::{Baseline, BaselineScope};
use super::finish;
use super::pages::Pages;
use super::places::Places;
use super::policy::Policy;
use super::suppress::{self, Suppressions};
use crate::analysis::Analyses;
use crate::budget::{self, Work};
use crate::cache::{Cache, CacheEntry, CacheKey, Seen};
use crate::config::{Config, Details, Format};
use crate::coverage::{Coverage, Gap, Reason, Skipped};
use crate::error::{Error, guarded};
use crate::finding::{self, Finding, Priority};
use crate::fix::disk::Disk;
use crate::inventory::{self, build as inventories, rows};
use crate::libraries::own;
use crate::progress::{Observer, Silent, Stage};
use crate::project::{self, Project};
use crate::report::sources::Sources;
use crate::report::{ProjectPart, Report};
use crate::syntax::facts::{self, FileFacts};
use crate::walk::{self, FileKind, FileRole, PastFile, SourceFile, Text};
use crate::{fix, git, stats};
use checked::Checked;
use rules::RulesOfRun;
use texts::Texts;

/// Stack of a worker: deep nesting in a hostile file must not end the process.
const STACK: usize = 16 << 20;
/// How the names of worker threads start.
pub const WORKER: &str = "perfaudit-worker";

/// Reads what a configuration names and reports on it.
pub fn audit(config: &Config) -> Result<Report, Error> {
    audit_observed(config, &Silent)
}

/// As [`audit`]; `observer` is told how it goes.
pub fn audit_observed(config: &Config, observer: &dyn Observer) -> Result<Report, Error> {
    let mut notes = config.notes.clone();
    let mut held = None;
    let baseline = match (&config.baseline, &config.since) {
        (_, Some(revision)) => {
            observer.stage(Stage::Earlier, 0);
            let earlier = earlier(config, revision)?;
            notes.extend(earlier.notes);
            held = Some(earlier.files);
            Some(earlier.baseline)
        }
        (Some(file), None) => Some(Baseline::read(&config.root.join(file))?),
        (None, None) => None,
    };
    let plan = Plan::of(config, baseline, observer)?;
    observer.stage(Stage::Walk, 0);
    let (files, with_tests, mut coverage) = inputs(config)?;
    coverage.notes.append(&mut notes);
    let mut report = plan.run(files, with_tests, coverage)?;
    report.not_judged = not_judged(config, &report.coverage, held.as_ref());
    if config.details == Details::All {
        match apart(config, "git", || git::commit(&config.root, &config.paths)) {
            Ok(commit) => report.commit = commit,
            Err(error) => report.coverage.notes.push(format!("The commit is not given: {error}")),
        }
        origin::add(config, &mut report);
    }
    Ok(report)
}

/// The files that a configuration names, whether tests are among them, and what was left out.
fn inputs(config: &Config) -> Result<(Vec<Input>, bool, Coverage), Error> {
    Ok(inputs_of(walk::walk(config)?))
}

/// The same of what a walk found.
fn inputs_of(walked: walk::Walked) -> (Vec<Input>, bool, Coverage) {
    let mut coverage = Coverage {
        tests: walked.tests,
        unread: walked.unread,
        ..Coverage::default()
    };
    walked.skipped.iter().for_each(|skipped| coverage.skip(skipped));
    let files = walked.files.into_iter().map(Input::File).collect();
    (files, walked.with_tests, coverage)
}

/// Runs on worker threads whose stack holds deep nesting.
fn in_pool<T: Send>(config: &Config, run: impl FnOnce() -> Result<T, Error> + Send) -> Result<T, Error> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(config.threads)
        .stack_size(STACK)
        .thread_name(|index| format!("{WORKER}-{index}"))
        .build()
        .map_err(|error| Error::new("threads", format!("cannot be started: {error}")))?;
    pool.install(run)
}

/// Tells what all threads of the pool have done. They are made for one run, so it is all of that run's.
fn tell_work(observer: &dyn Observer) {
    if cfg!(debug_assertions) {
        observer.work(rayon::broadcast(|_| budget::done()).into_iter().fold(Work::default(), Work::add));
    }
}

/// Reads files and links their facts; a file that fails becomes a row of the coverage.
fn link(config: &Config, files: Vec<Input>, coverage: &mut Coverage, observer: &dyn Observer) -> Result<Project, Error> {
    // A mistake in a user's file is told before anything is read.
    let data = own::read(config.libraries_dir.as_ref())?;
    observer.stage(Stage::Read, files.len());
    let facts = read_all(config, files, coverage, observer);
    observer.stage(Stage::Link, 0);
    guarded(|| Project::link_with(facts, config.words.clone(), data))
        .map_err(|what| Error::new("link", format!("internal error: {what}")).hint("please report this, with the code that causes it"))
}

/// As [`link`], for those who list what there is or ask why something is not: what a failed step leaves out would look as if it were not there.
fn link_whole(config: &Config, files: Vec<Input>, coverage: &mut Coverage) -> Result<Project, Error> {
    let project = link(config, files, coverage, &Silent)?;
    match project.failed_steps().first() {
        Some(step) => {
            Err(Error::new("link", format!("internal error: {step} failed")).hint("please report this, with the code that causes it"))
        }
        None => Ok(project),
    }
}

/// As [`audit`], for files that are in memory: pairs of a path relative to the root and a text.
pub fn audit_texts(config: &Config, texts: Vec<(String, String)>) -> Result<Report, Error> {
    audit_texts_since(config, texts, None)
}

/// As [`audit_texts`]; what `baseline` holds is known.
pub fn audit_texts_since(config: &Config, texts: Vec<(String, String)>, baseline: Option<Baseline>) -> Result<Report, Error> {
    run_texts(&Plan::of(config, baseline, &Silent)?, texts)
}

/// As [`audit_texts`], with pages that were read already.
pub fn audit_texts_with(config: &Config, pages: Pages, texts: Vec<(String, String)>) -> Result<Report, Error> {
    run_texts(&Plan::with_pages(config, pages, None, &Silent)?, texts)
}

fn run_texts(plan: &Plan<'_>, texts: Vec<(String, String)>) -> Result<Report, Error> {
    let config = plan.config;
    let mut coverage = Coverage::default();
    let mut inputs = Vec::new();
    for (path, text) in texts {
        match (FileKind::of(&path), walk::role(&path, &config.words)) {
            (Some(_), FileRole::Test) if !config.include_tests => coverage.tests += 1,
            (Some(_), FileRole::Generated) => coverage.skip(&Skipped {
                path,
                reason: Reason::Generated,
            }),
            (Some(kind), _) => inputs.push(Input::Text { path, kind, text }),
            (None, _) => {}
        }
    }
    inputs.sort_by(|left, right| left.path().cmp(right.path()));
    plan.run(inputs, config.include_tests, coverage)
}

/// What is known of the tree at an earlier revision.
struct Earlier {
    /// What an audit of it finds, whatever its priority.
    baseline: Baseline,
    files: Held,
    /// What is to be said of it.
    notes: Vec<String>,
}

/// The files of an earlier revision by path, and whether each was read whole.
type Held = BTreeMap<String, (git::Blob, bool)>;

fn earlier(config: &Config, revision: &str) -> Result<Earlier, Error> {
    let (inputs, with_tests, notes) = apart(config, "--since", || past_inputs(config, revision))?;
    let mut earlier = Earlier {
        baseline: Baseline::of(&[]),
        files: BTreeMap::new(),
        notes,
    };
    if inputs.is_empty() {
        return Ok(earlier);
    }
    for input in &inputs {
        if let Input::Past(file) = input {
            earlier.files.insert(file.path.clone(), (file.blob.clone(), true));
        }
    }
    let then = Config {
        min_priority: None,
        min_confidence: finding::Confidence::Low,
        since: None,
        baseline: None,
        // What moved into the part that is reported on is not new.
        reported: Vec::new(),
        details: Details::None,
        ..config.clone()
    };
    let report = Plan::of(&then, None, &Silent)?.run(inputs, with_tests, Coverage::default())?;
    // What stands in such a file would look new.
    if let Some(unread) = report.coverage.skipped.get(&Reason::NotReadable) {
        let what = format!("{} cannot be read from the repository", unread.examples.join(", "));
        return Err(Error::new(format!("--since {revision}"), what).hint("`git fsck` says what is wrong"));
    }
    for gap in report.coverage.gaps() {
        if let Some((_, is_whole)) = earlier.files.get_mut(&gap.file) {
            *is_whole = false;
        }
    }
    earlier.baseline = Baseline::of(&report.findings);
    Ok(earlier)
}

/// The files whose silence fails the run: see [`Config::fail_on_unread`]. A file that the tool takes for none that people write (a
/// generated one, a binary one) counts only where it was read at the revision, so that a header cannot hide a change.
fn not_judged(config: &Config, coverage: &Coverage, held: Option<&Held>) -> Vec<Gap> {
    let is_gate = held.is_some() && config.fail_on.is_some();
    if !config.fail_on_unread.unwrap_or(is_gate) {
        return Vec::new();
    }
    let places = Places::of(config);
    let fails = |gap: &Gap| {
        let file = config.root.join(&gap.file);
        if !places.has(&gap.file) || FileKind::of(&gap.file).is_none() || std::fs::symlink_metadata(&file).is_err() {
            return false;
        }
        match held.map(|held| held.get(&gap.file)) {
            None | Some(None) => gap.is_loss,
            Some(Some((blob, was_whole))) => (gap.is_loss || *was_whole) && !blob.is_same(&file),
        }
    };
    coverage.gaps().into_iter().filter(fails).collect()
}

/// The files that a configuration named at an earlier revision, whether tests are among them, and what is to be said of them.
fn past_inputs(config: &Config, revision: &str) -> Result<(Vec<Input>, bool, Vec<String>), Error> {
    let root = std::fs::canonicalize(&config.root).unwrap_or_else(|_| config.root.clone());
    // A path that does not exist is told about by the walk of the tree as it is.
    let starts = config.starts().filter_map(|path| std::fs::canonicalize(root.join(path)).ok());
    let starts: Vec<PathBuf> = starts.collect();
    let (mut files, mut notes) = (Vec::new(), Vec::new());
    for (mut past, starts) in git::Past::of_paths(&root, &starts, revision)? {
        files.append(&mut walk::walk_past(config, &mut past, &starts)?);
        notes.extend(outside_note(&past, revision));
    }
    let with_tests = walk::without_tests(&mut files, config, &starts);
    let mut inputs: Vec<Input> = files.into_iter().map(Input::Past).collect();
    inputs.sort_by(|left, right| left.path().cmp(right.path()));
    Ok((inputs, with_tests, notes))
}

fn outside_note(past: &git::Past, revision: &str) -> Option<String> {
    let files = match past.outside() {
        0 => return None,
        1 => "1 file".to_owned(),
        number => format!("{number} files"),
    };
    Some(format!(
        "{files} of {revision} are outside of the sparse checkout: neither known nor fixed findings are told of them"
    ))
}

/// Runs something on worker threads where a failure within it is told in a line and does not end the process.
fn apart<T: Send>(config: &Config, place: &str, run: impl FnOnce() -> Result<T, Error> + Send) -> Result<T, Error> {
    in_pool(config, || {
        guarded(run).unwrap_or_else(|what| Err(Error::new(place, format!("internal error: {what}")).hint("please report this")))
    })
}

/// A file to read, one of an earlier revision, or one that is in memory.
enum Input {
    File(SourceFile),
    Past(PastFile),
    Text { path: String, kind: FileKind, text: String },
}

impl Input {
    fn path(&self) -> &str {
        match self {
            Input::File(file) => &file.path,
            Input::Past(file) => &file.path,
            Input::Text { path, .. } => path,
        }
    }

    fn kind(&self) -> FileKind {
        match self {
            Input::File(file) => file.kind,
            Input::Past(file) => file.kind,
            Input::Text { kind, .. } => *kind,
        }
    }
}

/// The rules of a run, with their pages, and what they are told.
struct Plan<'a> {
    config: &'a Config,
    pages: Pages,
    policy: Policy,
    places: Places,
    rules: RulesOfRun,
    baseline: Option<Baseline>,
    observer: &'a dyn Observer,
    stats: Option<Vec<stats::Record>>,
}

impl<'a> Plan<'a> {
    fn of(config: &'a Config, baseline: Option<Baseline>, observer: &'a dyn Observer) -> Result<Plan<'a>, Error> {
        Plan::with_pages(config, Pages::load(config.rules_dir.as_ref())?, baseline, observer)
    }

    /// As [`Plan::of`], with pages that were read already.
    fn with_pages(config: &'a Config, pages: Pages, baseline: Option<Baseline>, observer: &'a dyn Observer) -> Result<Plan<'a>, Error> {
        Ok(Plan {
            config,
            policy: Policy::of(config, &pages)?,
            places: Places::of(config),
            rules: RulesOfRun::of(config, &pages)?,
            pages,
            baseline,
            stats: config.stats.as_ref().map(stats::read).transpose()?,
            observer,
        })
    }

    fn run(&self, files: Vec<Input>, with_tests: bool, coverage: Coverage) -> Result<Report, Error> {
        let nothing = |_: &Project, _: &Report| ();
        self.run_and(files, with_tests, coverage, nothing).map(|(report, ())| report)
    }

    /// As [`Plan::run`]; `then` is given the linked project and the report.
    fn run_and<T: Send>(
        &self,
        files: Vec<Input>,
        with_tests: bool,
        mut coverage: Coverage,
        then: impl FnOnce(&Project, &Report) -> T + Send,
    ) -> Result<(Report, T), Error> {
        apart(self.config, "report", || {
            let texts = Texts::of(&files, self.config);
            let mut project = link(self.config, files, &mut coverage, self.observer)?;
            if let Some(records) = &self.stats {
                project.measure(records);
            }
            self.observer.stage(Stage::Rules, self.rules.len());
            let run = Analyses::new(&project);
            let (findings, failures) = self.rules.check(&run, &mut coverage, self.observer);
            self.observer.stage(Stage::Report, 0);
            let mut report = self.report(&run, findings, with_tests, coverage);
            report.failures.splice(0..0, failures);
            if self.config.details == Details::All {
                report.inventory = guarded(|| inventories::build(&run)).unwrap_or_else(|_| {
                    report.failures.push("the inventory".to_owned());
                    rows::Inventory::default()
                });
            }
            report.inventory.queries.retain(|row| self.places.has(&row.location.file));
            report.inventory.endpoints.retain(|row| self.places.has(&row.location.file));
            if self.config.details >= Details::Code {
                report.sources = guarded(|| Sources::collect(&report.findings, |path| texts.read(path))).unwrap_or_else(|_| {
                    report.failures.push("the code of the findings".to_owned());
                    Sources::default()
                });
            }
            drop(run);
            self.offer(&project, &mut report.findings);
            let more = then(&project, &report);
            tell_work(self.observer);
            // Nobody waits until the facts of every file are freed.
            rayon::spawn(move || drop(project));
            Ok((report, more))
        })
    }

    /// Adds the edits that mend findings, for the formats that carry them and for what shows code before and after.
    fn offer(&self, project: &Project, findings: &mut [Finding]) {
        if (self.config.format == Format::Sarif || self.config.details == Details::All)
            && let Ok(disk) = Disk::of(&self.config.root)
        {
            // A fix that cannot be offered takes nothing from the report.
            let _ = guarded(|| fix::offer(project, findings, &disk));
        }
    }

    /// The comments that suppress findings.
    fn suppressions(&self, project: &Project) -> Suppressions {
        let mut suppressions = Suppressions::new(self.config.require_reason);
        let ids: Vec<&str> = self.pages.iter().map(|page| page.id.as_str()).collect();
        for comment in project.comments() {
            let place = suppress::SuppressionPlace {
                file: &comment.file,
                lines: comment.lines,
                function: comment.function,
            };
            suppressions.add(&ids, &place, &comment.text);
        }
        suppressions
    }

    /// What is reported.
    fn options<'o>(
        &'o self,
        scope: &'o dyn BaselineScope,
        role: &'o dyn Fn(&str) -> FileRole,
        with_tests: bool,
    ) -> finish::FinishOptions<'o> {
        finish::FinishOptions {
            pages: &self.pages,
            policy: &self.policy,
            places: &self.places,
            ran: self.rules.ran().collect(),
            wanted: self.rules.wanted().collect(),
            baseline: self.baseline.as_ref().map(|baseline| (baseline, scope)),
            min_priority: self.config.min_priority.unwrap_or(Priority::P3),
            min_confidence: self.config.min_confidence,
            include_tests: with_tests,
            role,
        }
    }

    fn report(&self, run: &Analyses<'_>, findings: Vec<Finding>, with_tests: bool, mut coverage: Coverage) -> Report {
        let project = run.project;
        project.cover(&mut coverage);
        let mut suppressions = self.suppressions(project);
        let scope = Checked::of(self, project);
        let role = |path: &str| project.role_of(path);
        let ranked = finish::finish(findings, &mut suppressions, &self.options(&scope, &role, with_tests));
        coverage.notes.extend_from_slice(suppressions.notes());
        coverage.suppressed = ranked.suppressed;
        coverage.filtered = ranked.filtered;
        let mut failures: Vec<String> = project.failed_steps().into_iter().map(str::to_owned).collect();
        let strengths = guarded(|| inventory::strengths::find(run)).unwrap_or_else(|what| {
            failures.push("the search for strengths".to_owned());
            coverage
                .notes
                .push(format!("The search for strengths failed (internal error: {what})"));
            Vec::new()
        });
        let mut strengths = strengths;
        strengths.retain(|strength| self.places.has(&strength.location.file));
        let mut report = Report::new(&self.config.root.to_string_lossy(), ranked.findings, strengths, coverage);
        report.part = self.part(project, ranked.elsewhere);
        report.capacity = guarded(|| project.capacity()).unwrap_or_else(|_| {
            failures.push("the table of capacities".to_owned());
            project::capacity::Capacity::default()
        });
        report.failures = failures;
        report.suppressions = suppressions.list();
        report.suppressions.retain(|comment| self.places.has(&comment.file));
        report.compared = self.baseline.is_some();
        report.summary.fixed = ranked.fixed.len();
        report.fixed = ranked.fixed;
        report
    }
}

impl Plan<'_> {
    /// The part of the project that is reported on, with how many findings lie elsewhere; `None` where it is all of it.
    fn part(&self, project: &Project, elsewhere: usize) -> Option<ProjectPart> {
        let paths = self.places.paths().to_vec();
        let is_read = |path: &str| self.places.has(path) && FileKind::of(path).is_some_and(|kind| kind.language(path).is_some());
        (!paths.is_empty()).then(|| ProjectPart {
            paths,
            files: project.code.files.iter().filter(|facts| is_read(&facts.path)).count(),
            elsewhere,
        })
    }
}

/// Reads all files, those that did not change from the cache.
fn read_all(config: &Config, files: Vec<Input>, coverage: &mut Coverage, observer: &dyn Observer) -> Vec<FileFacts> {
    let cache = config.cache.then(|| Cache::open(&config.root)).flatten();
    let seen: Vec<(String, FileKind, Seen, Option<CacheEntry>)> = files
        .into_par_iter()
        .map(|input| {
            let (path, kind) = (input.path().to_owned(), input.kind());
            let failed = |_| (Seen::Skipped(Reason::InternalError), None);
            let (seen, kept) = guarded(|| see(input, cache.as_ref())).unwrap_or_else(failed);
            observer.step();
            (path, kind, seen, kept)
        })
        .collect();
    let (mut all, mut entries) = (Vec::with_capacity(seen.len()), Vec::new());
    for (path, kind, seen, kept) in seen {
        entries.extend(kept);
        match seen {
            Seen::Facts { facts, lines, lossy } => {
                if let Some(language) = kind.language(&path) {
                    coverage.read(language, lines);
                }
                if lossy {
                    coverage.not_utf8.add(path);
                }
                all.push(*facts);
            }
            Seen::Skipped(reason) => coverage.skip(&Skipped { path, reason }),
        }
    }
    if let Some(cache) = cache {
        cache.store(entries);
    }
    all
}

/// What a file holds, and what the cache is to keep of it.
fn see(input: Input, cache: Option<&Cache>) -> (Seen, Option<CacheEntry>) {
    let (path, kind) = (input.path().to_owned(), input.kind());
    let bytes = match input {
        Input::File(file) => walk::read(&file),
        Input::Past(file) => file.blob.read(walk::largest(kind)),
        Input::Text { text, .. } => return (facts_of(&path, kind, &Text { text, lossy: false }), None),
    };
    let bytes = match bytes {
        Ok(bytes) => bytes,
        Err(reason) => return (Seen::Skipped(reason), None),
    };
    let key = CacheKey::of(&path, kind, &bytes);
    if let Some((seen, kept)) = cache.and_then(|cache| cache.get(key)) {
        return (seen, Some(kept));
    }
    let seen = match walk::decode(&path, kind, bytes) {
        Ok(text) => facts_of(&path, kind, &text),
        Err(reason) => Seen::Skipped(reason),
    };
    let kept = cache.and_then(|cache| cache.keep(key, &seen));
    (seen, kept)
}

fn facts_of(path: &str, kind: FileKind, read: &Text) -> Seen {
    match facts::read(path, kind, &read.text) {
        Ok(facts) => Seen::Facts {
            facts: Box::new(facts),
            lines: memchr::memchr_iter(b'\n', read.text.as_bytes()).count()
                + usize::from(!read.text.is_empty() && !read.text.ends_with('\n')),
            lossy: read.lossy,
        },
        Err(reason) => Seen::Skipped(reason),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_of_linking_that_fails_is_named_beside_the_rest_of_the_report() {
        let mut broken = facts::extract(
            "app/broken.py",
            FileKind::Python,
            "class Order:\n    def read_lines(self):\n        return 1\n",
        );
        if let Some(module) = &mut broken.module {
            let functions = module.functions.iter_mut().skip(1);
            functions.for_each(|function| function.body = [crate::ir::StmtId(9999)].into());
        }
        let project = Project::link(vec![broken]);
        let config = Config::default();
        let plan = Plan::of(&config, None, &Silent).expect("a plan");
        let report = plan.report(&Analyses::new(&project), Vec::new(), false, Coverage::default());
        let steps = ["calls of names that only one function has", "what entry points reach"];
        assert_eq!(report.failures, steps);
        assert!(report.coverage.notes.iter().any(|note| note.contains(steps[0])));
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
