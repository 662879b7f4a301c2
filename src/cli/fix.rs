//! `perfaudit fix`: shows what would mend findings as a diff, or writes it and looks whether it did.

use std::collections::BTreeSet;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use perfaudit::engine::pages::Pages;
use perfaudit::finding::Finding;
use perfaudit::fix::disk::Disk;
use perfaudit::fix::edits::{Mend, Safety};
use perfaudit::fix::{FixPlan, FixRequest, diff};
use perfaudit::git::Worktree;
use perfaudit::{Config, Error, Report, escape};

use super::progress::{Progress, Talk};
use super::selection::SelectionArguments;

/// What `perfaudit fix` takes.
#[derive(Args)]
pub struct FixArguments {
    #[command(flatten)]
    selection: SelectionArguments,
    #[command(flatten)]
    talk: Talk,
    /// Show the changes as a unified diff and write nothing; what is done without --apply
    #[arg(long, conflicts_with = "apply")]
    diff: bool,
    /// Write the changes, scan again, and say what became of the findings
    #[arg(long)]
    apply: bool,
    /// Mend only findings in this file or folder (may be given more than once)
    #[arg(long, value_name = "PATH")]
    only: Vec<PathBuf>,
    /// Also make changes that alter what happens in a corner; each says in which
    #[arg(long = "unsafe")]
    with_unsafe: bool,
    /// Also change files with changes that git has no commit of
    #[arg(long, requires = "apply")]
    allow_dirty: bool,
}

/// Shows or writes.
pub fn run(arguments: FixArguments) -> Result<ExitCode, Error> {
    let mut config = arguments.selection.configure(|settings| settings)?;
    // All rules run, so that it shows when a change that mends one finding brings another.
    let rules = Pages::load(config.rules_dir.as_ref())?.resolve("", &std::mem::take(&mut config.rules))?;
    (config.min_priority, config.since, config.baseline) = (None, None, None);
    let disk = Disk::of(&config.root).map_err(|error| Error::new(config.root.to_string_lossy(), format!("cannot be read: {error}")))?;
    let only: Vec<String> = arguments.only.iter().map(|path| below(&config, path)).collect::<Result<_, _>>()?;
    let worktree = if arguments.apply && !arguments.allow_dirty {
        Worktree::around(&config.root)?
    } else {
        None
    };
    let job = Job {
        config,
        disk,
        rules,
        only,
        worktree,
        is_applied: arguments.apply,
        with_unsafe: arguments.with_unsafe,
        talk: arguments.talk,
    };
    if arguments.apply { job.apply() } else { job.show() }
}

/// What is to be mended, where, and how much is said of it.
struct Job {
    config: Config,
    disk: Disk,
    rules: Vec<String>,
    only: Vec<String>,
    /// What says which files are clean; `None` where that does not matter.
    worktree: Option<Worktree>,
    is_applied: bool,
    with_unsafe: bool,
    talk: Talk,
}

impl Job {
    /// What is found, and what would mend it but for some findings.
    fn plan(&self, without: &[String]) -> Result<(Report, FixPlan), Error> {
        let may_change = |path: &str| {
            if !self.is_applied {
                return Ok(());
            }
            may_change(&self.config, &self.disk, self.worktree.as_ref(), path)
        };
        let wanted = FixRequest {
            rules: &self.rules,
            only: &self.only,
            without,
            with_unsafe: self.with_unsafe,
            may_change: &may_change,
        };
        let progress = Progress::new(self.talk);
        let mended = perfaudit::mend(&self.config, &self.disk, &wanted, &progress);
        progress.end();
        mended
    }

    fn show(&self) -> Result<ExitCode, Error> {
        let (report, plan) = self.plan(&[])?;
        show(&plan)?;
        if !self.talk.quiet {
            super::tell(&summary(&plan, "would be"));
        }
        Ok(super::end(&report, super::CLEAN))
    }

    /// Writes, scans again, and takes back what is safe and yet brought something new, until nothing is to be taken back.
    fn apply(&self) -> Result<ExitCode, Error> {
        let (mut without, mut taken) = (Vec::new(), Vec::new());
        loop {
            let (report, plan) = self.plan(&without)?;
            let said = if self.talk.quiet { String::new() } else { summary(&plan, "were") };
            let said = format!("{said}{}", taken.concat());
            if plan.changes.is_empty() {
                super::tell(&said);
                return Ok(super::end(&report, super::CLEAN));
            }
            let folders = self.disk.write(&plan.changes)?;
            let after = perfaudit::audit(&self.config);
            let broken = after
                .as_ref()
                .map_or_else(|error| vec![error.to_string()], |after| broken(&plan, &report, after));
            let (Ok(after), []) = (after, broken.as_slice()) else {
                self.disk.undo(&plan.changes, &folders);
                let error = Error::new(broken.join(", "), "did not parse any more, so all changes were taken back");
                return Err(error.hint("please report this"));
            };
            let proof = Proof::of(&plan, &report, &after);
            let wrong = proof.wrong(&plan, &after);
            if wrong.is_empty() {
                super::print(&format!("{said}{}", proof.text(&after)))?;
                let code = if proof.holds() { super::CLEAN } else { super::FOUND };
                return Ok(super::end(&after, code));
            }
            self.disk.undo(&plan.changes, &folders);
            for mend in wrong {
                let why = "taken back, because a second scan found something new beside it, or the finding still";
                taken.push(format!("  {}: {why}\n", escape::line(&mend.title)));
                without.extend(mend.findings.iter().cloned());
            }
        }
    }
}

/// A path of the command line, relative to the root of the report. It may be given as a report names it, too.
fn below(config: &Config, path: &Path) -> Result<String, Error> {
    let root = std::fs::canonicalize(&config.root).map_err(|error| Error::new(config.root.to_string_lossy(), error.to_string()))?;
    let found = std::fs::canonicalize(path).or_else(|_| std::fs::canonicalize(root.join(path)));
    let inside = found.ok().and_then(|found| found.strip_prefix(&root).ok().map(Path::to_path_buf));
    let wrong = || Error::new(path.to_string_lossy(), "no such file or folder below the root").hint("give a path as a report shows it");
    let inside = inside.ok_or_else(wrong)?;
    Ok(inside.to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/"))
}

/// Whether a file may be changed: it is a regular one in the tree, and its last commit has what it holds.
fn may_change(config: &Config, disk: &Disk, worktree: Option<&Worktree>, path: &str) -> Result<(), String> {
    disk.may_change(path)?;
    let Ok(file) = std::fs::canonicalize(config.root.join(path)) else {
        return Ok(());
    };
    match worktree {
        Some(worktree) if worktree.is_changed(&file) => Err("git has no commit of what it holds (see --allow-dirty)".to_owned()),
        _ => Ok(()),
    }
}

/// Prints the diff: for a terminal and the log of a CI service without what could steer them, else as tools read it.
fn show(plan: &FixPlan) -> Result<(), Error> {
    let texts = plan.changes.iter().map(|change| {
        let old = change.old.as_ref().map(|old| old.with(&old.text));
        let new = change.old.as_ref().map_or_else(|| change.new.clone(), |old| old.with(&change.new));
        diff::unified(&change.path, old.as_deref(), &new)
    });
    let text: String = texts.collect();
    let is_file = std::fs::metadata("/dev/stdout").is_ok_and(|metadata| metadata.is_file());
    if std::io::stdout().is_terminal() || super::terminal::is_ci() && !is_file {
        return super::print(&escape::lines(&text));
    }
    super::print_as_is(&text)
}

/// What is done and what is left, a line each.
fn summary(plan: &FixPlan, were: &str) -> String {
    let count = |mends: &[Mend]| mends.iter().map(|mend| mend.findings.len()).sum::<usize>();
    let mut out = format!(
        "{} {were} mended, by changes of {}.\n",
        counted(count(&plan.mends), "finding"),
        counted(plan.changes.len(), "file")
    );
    for mend in &plan.mends {
        let note = if mend.safety == Safety::Unsafe { " (unsafe)" } else { "" };
        let file = mend.paths().next().unwrap_or_default();
        out.push_str(&format!("  {}: {}{note}\n", escape::line(file), escape::line(&mend.title)));
    }
    let doubtful = plan.mends.iter().filter(|mend| mend.safety == Safety::Unsafe);
    let doubts = by_reason(doubtful.map(|mend| (mend.reason.as_str(), mend.findings.len())));
    if !doubts.is_empty() {
        out.push_str(&format!("Of these, the unsafe ones are to be looked at:\n{doubts}"));
    }
    if !plan.held.is_empty() {
        out.push_str(&format!("{} more with --unsafe:\n", counted(count(&plan.held), "finding")));
        out.push_str(&by_reason(plan.held.iter().map(|mend| (mend.reason.as_str(), mend.findings.len()))));
    }
    if !plan.left.is_empty() {
        out.push_str(&format!("{} left as they are:\n", counted(plan.left.len(), "finding")));
        for left in &plan.left {
            out.push_str(&format!(
                "  {} {}: {}\n",
                escape::line(&left.place),
                left.rule,
                escape::line(&left.why)
            ));
        }
    }
    if plan.without > 0 {
        out.push_str(&format!(
            "{} of kinds that no fix is written for.\n",
            counted(plan.without, "finding")
        ));
    }
    out
}

fn by_reason<'p>(all: impl Iterator<Item = (&'p str, usize)>) -> String {
    let mut counts: std::collections::BTreeMap<&str, usize> = std::collections::BTreeMap::new();
    all.for_each(|(reason, count)| *counts.entry(reason).or_default() += count);
    let lines: Vec<String> = counts
        .into_iter()
        .map(|(reason, count)| format!("  {count}: {}\n", escape::line(reason)))
        .collect();
    lines.concat()
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// Changed files that parsed before and do not any more.
fn broken(plan: &FixPlan, before: &Report, after: &Report) -> Vec<String> {
    let gaps = |report: &Report| -> BTreeSet<String> { report.coverage.gaps().into_iter().map(|gap| gap.file).collect() };
    let (old, new) = (gaps(before), gaps(after));
    let changed = plan.changes.iter().map(|change| &change.path);
    changed
        .filter(|path| new.contains(*path) && !old.contains(*path))
        .cloned()
        .collect()
}

/// What a second scan says of the changes.
struct Proof {
    mended: usize,
    still: BTreeSet<String>,
    new: BTreeSet<String>,
    also_gone: usize,
}

impl Proof {
    fn of(plan: &FixPlan, before: &Report, after: &Report) -> Proof {
        let (before, after) = (fingerprints(before), fingerprints(after));
        let wanted: BTreeSet<String> = plan.mends.iter().flat_map(|mend| mend.findings.iter().cloned()).collect();
        let still: BTreeSet<String> = wanted.intersection(&after).cloned().collect();
        Proof {
            mended: wanted.len() - still.len(),
            new: after.difference(&before).cloned().collect(),
            also_gone: before.difference(&after).filter(|id| !wanted.contains(*id)).count(),
            still,
        }
    }

    /// The safe changes that did not mend, or that are in the files of what is new.
    fn wrong<'p>(&self, plan: &'p FixPlan, after: &Report) -> Vec<&'p Mend> {
        let new: Vec<&Finding> = all(after).filter(|finding| self.new.contains(&finding.fingerprint)).collect();
        let is_beside = |mend: &Mend| mend.paths().any(|path| new.iter().any(|finding| finding.location.file == path));
        let is_wrong =
            |mend: &&Mend| mend.safety == Safety::Safe && (is_beside(mend) || mend.findings.iter().any(|id| self.still.contains(id)));
        plan.mends.iter().filter(is_wrong).collect()
    }

    fn holds(&self) -> bool {
        self.still.is_empty() && self.new.is_empty()
    }

    fn text(&self, after: &Report) -> String {
        let mut out = format!(
            "A second scan: {} gone, {} still there, {} new, {} of others gone with them; every changed file parses.\n",
            counted(self.mended, "finding"),
            self.still.len(),
            self.new.len(),
            self.also_gone
        );
        for finding in all(after).filter(|finding| self.still.contains(&finding.fingerprint) || self.new.contains(&finding.fingerprint)) {
            let kind = if self.new.contains(&finding.fingerprint) {
                "new"
            } else {
                "still there"
            };
            let place = format!("{}:{}", finding.location.file, finding.location.start_line);
            out.push_str(&format!(
                "  {kind}: {} {}: {}\n",
                escape::line(&place),
                finding.rule,
                escape::line(&finding.title)
            ));
        }
        out
    }
}

/// The findings of a report, with those that they stand for.
fn all(report: &Report) -> impl Iterator<Item = &Finding> {
    report
        .findings
        .iter()
        .flat_map(|finding| std::iter::once(finding).chain(&finding.others))
}

fn fingerprints(report: &Report) -> BTreeSet<String> {
    all(report).map(|finding| finding.fingerprint.clone()).collect()
}
