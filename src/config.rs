//! Settings of a run: defaults, then `perfaudit.toml` or `[tool.perfaudit]` in `pyproject.toml`, then the command line.
//!
//! A configuration that lies in the scanned tree is the repository's, whoever named it: its paths are taken from the project's root and
//! stay in it, links resolved, and it says nothing of where a report is written. One that the user keeps elsewhere and names with
//! `--config` is the user's own: it may name any file to read.

mod entries;
mod settings;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::files::{Named, Tree, shown};
use crate::finding::{Confidence, Priority};
use crate::vocabulary::Vocabulary;
use entries::choice;
pub use settings::{Settings, is_configured};

/// The largest thread count that is accepted; more only costs memory.
const MOST_THREADS: i64 = 1024;
/// The largest configuration file that is read.
pub const LARGEST: u64 = 1_000_000;
/// What it is called in errors.
const WHAT: &str = "a configuration file";
/// The configuration file.
const OWN: &str = "perfaudit.toml";
/// The file that may hold a table of settings.
const PYTHON: &str = "pyproject.toml";

/// How the report is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// For a terminal.
    #[default]
    Table,
    /// For a terminal: each finding with its code and its chain.
    Full,
    /// One line a finding, for editors and `grep`.
    Concise,
    /// The whole report, for programs.
    Json,
    /// For reviewers.
    Markdown,
    /// For reviewers, as one page.
    Html,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// A comment on a pull request.
    Pr,
    /// GitHub workflow annotations.
    Github,
    /// GitLab code quality.
    Gitlab,
    /// `JUnit` test cases.
    Junit,
}

/// Names of the formats, as on the command line.
const FORMATS: [(&str, Format); 11] = [
    ("table", Format::Table),
    ("full", Format::Full),
    ("concise", Format::Concise),
    ("json", Format::Json),
    ("markdown", Format::Markdown),
    ("html", Format::Html),
    ("pr", Format::Pr),
    ("sarif", Format::Sarif),
    ("github", Format::Github),
    ("gitlab", Format::Gitlab),
    ("junit", Format::Junit),
];
const PRIORITIES: [(&str, Priority); 4] = [
    ("p0", Priority::P0),
    ("p1", Priority::P1),
    ("p2", Priority::P2),
    ("p3", Priority::P3),
];
const LEVELS: [(&str, Option<Priority>); 5] = [
    ("p0", Some(Priority::P0)),
    ("p1", Some(Priority::P1)),
    ("p2", Some(Priority::P2)),
    ("p3", Some(Priority::P3)),
    ("off", None),
];
const FAIL_ON: [(&str, Option<Priority>); 5] = [
    ("p0", Some(Priority::P0)),
    ("p1", Some(Priority::P1)),
    ("p2", Some(Priority::P2)),
    ("p3", Some(Priority::P3)),
    ("never", None),
];
const CONFIDENCES: [(&str, Confidence); 3] = [("high", Confidence::High), ("medium", Confidence::Medium), ("low", Confidence::Low)];

/// Keys of the configuration file.
pub const KEYS: [&str; 20] = [
    "rules",
    "skip",
    "min-priority",
    "min-confidence",
    "fail-on",
    "fail-on-unread",
    "format",
    "rules-dir",
    "libraries-dir",
    "stats",
    "exclude",
    "include-tests",
    "threads",
    "cache",
    "paths",
    "baseline",
    "require-reason",
    "priorities",
    "overrides",
    "words",
];
/// Keys of a table of `overrides`.
pub const OVERRIDE_KEYS: [&str; 4] = ["paths", "skip", "priorities", "max-priority"];

/// Priorities by rule; `None` switches a rule off.
pub type Priorities = BTreeMap<String, Option<Priority>>;

/// What a report carries beside the findings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Details {
    /// Nothing.
    #[default]
    None,
    /// The code around them.
    Code,
    /// The code, the inventories and the commit.
    All,
}

/// Settings for a part of the tree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Override {
    /// Globs, as in `.gitignore`.
    pub paths: Vec<String>,
    /// Rules to leave out there.
    pub skip: Vec<String>,
    /// Priorities there.
    pub priorities: Priorities,
    /// The most urgent priority there.
    pub max_priority: Option<Priority>,
}

/// Settings of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The folder that paths of the report are relative to.
    pub root: PathBuf,
    /// Files and folders to read; relative ones are taken from the root.
    pub paths: Vec<PathBuf>,
    /// Files and folders that are reported on, and read besides; relative ones are taken from the root. None is all that is read.
    pub reported: Vec<PathBuf>,
    /// Worker threads; 0 is one a core.
    pub threads: usize,
    /// Rules to run; empty is all.
    pub rules: Vec<String>,
    /// Rules to leave out.
    pub skip: Vec<String>,
    /// The least urgent priority to report.
    pub min_priority: Option<Priority>,
    /// The least certain confidence to report.
    pub min_confidence: Confidence,
    /// The least urgent priority that fails the run; `None` never fails it.
    pub fail_on: Option<Priority>,
    /// Whether a file that could not be read or judged whole fails the run; compared with a revision, only one that changed since.
    /// `None` is so where a revision is compared with and [`Config::fail_on`] is not never.
    pub fail_on_unread: Option<bool>,
    /// How the report is written.
    pub format: Format,
    /// Whether the command line or a configuration says so.
    pub format_is_given: bool,
    /// A folder of rule pages: those of built-in rules take their place, the others are rules of the user's own.
    pub rules_dir: Option<Named>,
    /// A folder of files that say what libraries do, over what is known.
    pub libraries_dir: Option<Named>,
    /// A file with row counts and index scans of the database.
    pub stats: Option<Named>,
    /// Whether facts may be cached.
    pub cache: bool,
    /// Globs to leave out, as in `.gitignore`.
    pub exclude: Vec<String>,
    /// Whether tests are read, too.
    pub include_tests: bool,
    /// What is known: a file that `perfaudit baseline` wrote.
    pub baseline: Option<PathBuf>,
    /// What is known: the findings of the tree at a revision.
    pub since: Option<String>,
    /// Whether a comment that suppresses must say why.
    pub require_reason: bool,
    /// Priorities by rule.
    pub priorities: Priorities,
    /// Settings for parts of the tree.
    pub overrides: Vec<Override>,
    /// What names suggest: the built-in words and those of the configuration.
    pub words: Vocabulary,
    /// What the report carries beside the findings.
    pub details: Details,
    /// What is to be said of where the settings come from.
    pub notes: Vec<String>,
}

/// Where settings come from that are not on disk.
pub trait PastSettings {
    /// How a configuration file is called in errors.
    fn shown(&self, name: &str) -> String;
    /// The text of a configuration file; `None` where there is none.
    fn text(&mut self, name: &str) -> Result<Option<String>, Error>;
    /// What stood there under a path that a key names, as it is written; `None` where it is to be read as it is on disk.
    fn held(&mut self, key: &str, path: &Path) -> Result<Option<Named>, Error>;
}

impl Default for Config {
    fn default() -> Self {
        Config {
            root: PathBuf::from("."),
            paths: vec![PathBuf::from(".")],
            reported: Vec::new(),
            threads: 0,
            rules: Vec::new(),
            skip: Vec::new(),
            min_priority: None,
            min_confidence: Confidence::Low,
            fail_on: Some(Priority::P0),
            fail_on_unread: None,
            format: Format::Table,
            format_is_given: false,
            rules_dir: None,
            libraries_dir: None,
            stats: None,
            cache: true,
            exclude: Vec::new(),
            include_tests: false,
            baseline: None,
            since: None,
            require_reason: true,
            priorities: Priorities::new(),
            overrides: Vec::new(),
            words: Vocabulary::default(),
            details: Details::None,
            notes: Vec::new(),
        }
    }
}

impl Config {
    /// What is read: the paths, and what is reported on, which an ignore file may leave out of them.
    pub fn starts(&self) -> impl Iterator<Item = &PathBuf> {
        self.paths.iter().chain(&self.reported)
    }

    /// The settings of a run in `root`: the file's (`file`, or what `root` holds), then the command line's over them.
    pub fn load(root: &Path, file: Option<&Path>, flags: Settings) -> Result<Config, Error> {
        let tree = tree(root)?;
        let from_file = match file {
            Some(file) => Some(Settings::named(root, &tree, file)?),
            None => Settings::find(root, &tree)?,
        };
        flags.admit(&tree)?;
        Ok(Config::of(root, from_file, flags))
    }

    /// The settings of a run in `root`: those of a file, if there is one, then the command line's over them.
    fn of(root: &Path, from_file: Option<Settings>, flags: Settings) -> Config {
        let mut config = Config {
            root: root.to_owned(),
            ..Config::default()
        };
        for settings in from_file.into_iter().chain([flags]) {
            config.apply(settings);
        }
        config
    }

    /// As [`Config::load`], where the files are not on disk. `file` is the name of the one file to read; without it those of a root
    /// are looked for.
    pub fn load_from(root: &Path, file: Option<&str>, flags: Settings, past: &mut dyn PastSettings) -> Result<Config, Error> {
        let tree = tree(root)?;
        for name in file.map_or(vec![OWN, PYTHON], |file| vec![file]) {
            let Some(text) = past.text(name)? else { continue };
            let is_python = name == PYTHON;
            // As on disk: someone else's file may be broken.
            if file.is_none() && is_python && !text.contains("perfaudit") {
                continue;
            }
            let place = past.shown(name);
            let settings = Settings::parse(&place, &text, is_python)?.with_held(&flags, past)?;
            let settings = settings.confined(root, &tree, Path::new(&place))?;
            return Ok(Config::of(root, Some(settings), flags));
        }
        Ok(Config::of(root, None, flags))
    }

    fn apply(&mut self, settings: Settings) {
        replace(&mut self.paths, settings.paths);
        replace(&mut self.reported, settings.reported);
        replace(&mut self.rules, settings.rules);
        // A rule left out by the project stays left out, unless the command line asks for it by name.
        self.skip.retain(|rule| !self.rules.contains(rule));
        self.skip.extend(settings.skip);
        self.exclude.extend(settings.exclude);
        self.threads = settings.threads.unwrap_or(self.threads);
        self.min_priority = settings.min_priority.or(self.min_priority);
        self.min_confidence = settings.min_confidence.unwrap_or(self.min_confidence);
        self.fail_on = settings.fail_on.unwrap_or(self.fail_on);
        self.fail_on_unread = settings.fail_on_unread.or(self.fail_on_unread);
        self.format_is_given |= settings.format.is_some();
        self.format = settings.format.unwrap_or(self.format);
        self.cache = settings.cache.unwrap_or(self.cache);
        self.include_tests = settings.include_tests.unwrap_or(self.include_tests);
        self.require_reason = settings.require_reason.unwrap_or(self.require_reason);
        self.priorities.extend(settings.priorities);
        self.overrides.extend(settings.overrides);
        self.words = settings.words.unwrap_or_else(|| std::mem::take(&mut self.words));
        // What the command line compares with takes the place of what the file does.
        if settings.since.is_some() {
            self.baseline = None;
        }
        self.since = settings.since.or_else(|| self.since.take());
        self.baseline = settings.baseline.or_else(|| self.baseline.take());
        self.rules_dir = settings.rules_dir.or_else(|| self.rules_dir.take());
        self.libraries_dir = settings.libraries_dir.or_else(|| self.libraries_dir.take());
        self.stats = settings.stats.or_else(|| self.stats.take());
    }
}

impl Config {
    /// What the settings name that decides on findings, by key.
    pub fn named(&self) -> [(&'static str, Option<&Named>); 3] {
        [
            ("rules-dir", self.rules_dir.as_ref()),
            ("libraries-dir", self.libraries_dir.as_ref()),
            ("stats", self.stats.as_ref()),
        ]
    }

    /// The same settings, with what they name as it is on disk.
    #[must_use]
    pub fn on_disk(&self) -> Config {
        Config {
            rules_dir: self.rules_dir.as_ref().map(Named::on_disk),
            libraries_dir: self.libraries_dir.as_ref().map(Named::on_disk),
            stats: self.stats.as_ref().map(Named::on_disk),
            ..self.clone()
        }
    }
}

fn tree(root: &Path) -> Result<Tree, Error> {
    Tree::of(root).map_err(|error| Error::new(shown(root), format!("cannot be read: {error}")))
}

fn replace<T>(old: &mut Vec<T>, new: Vec<T>) {
    if !new.is_empty() {
        *old = new;
    }
}

/// A path below the root; in the current folder it stays as short as it was written.
fn below(root: &Path, path: &Path) -> PathBuf {
    let is_short = root == Path::new(".") && !path.as_os_str().is_empty();
    if is_short { path.to_owned() } else { root.join(path) }
}

/// A priority by name.
pub fn parse_priority(text: &str) -> Result<Priority, String> {
    choice(text, &PRIORITIES)
}

/// A confidence by name.
pub fn parse_confidence(text: &str) -> Result<Confidence, String> {
    choice(text, &CONFIDENCES)
}

/// A threshold by name; `never` is none.
pub fn parse_fail_on(text: &str) -> Result<Option<Priority>, String> {
    choice(text, &FAIL_ON)
}

/// A format by name.
pub fn parse_format(text: &str) -> Result<Format, String> {
    choice(text, &FORMATS)
}

/// A thread count.
pub fn parse_threads(text: &str) -> Result<usize, String> {
    let count = text.parse().ok().filter(|count| (0..=MOST_THREADS).contains(count));
    count
        .and_then(|count| usize::try_from(count).ok())
        .ok_or_else(|| "must be a number from 0 to 1024".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocabulary::Open;

    #[test]
    fn the_command_line_wins_over_the_file() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(
            folder.path().join("perfaudit.toml"),
            "fail-on = 'p2'\nskip = ['a-rule']\nthreads = 3\n",
        )
        .expect("written");
        let flags = Settings {
            fail_on: Some(None),
            skip: vec!["other-rule".to_owned()],
            ..Settings::default()
        };
        let config = Config::load(folder.path(), None, flags).expect("valid");
        assert_eq!((config.fail_on, config.threads), (None, 3));
        assert_eq!(config.skip, ["a-rule", "other-rule"]);
        let flags = Settings {
            rules: vec!["a-rule".to_owned()],
            ..Settings::default()
        };
        assert!(Config::load(folder.path(), None, flags).expect("valid").skip.is_empty());
    }

    #[test]
    fn mistakes_name_the_file_and_the_nearest_key() {
        let message = |text: &str| Settings::parse("perfaudit.toml", text, false).expect_err("wrong").to_string();
        assert_eq!(
            message("fail_onn = 'p0'"),
            "perfaudit.toml:1: unknown key `fail_onn`; did you mean `fail-on`?"
        );
        assert_eq!(
            message("threads = -1"),
            "perfaudit.toml:1: `threads`: must be a number from 0 to 1024"
        );
        assert_eq!(message("skip = 'x'"), "perfaudit.toml:1: `skip`: must be a list of strings");
        assert_eq!(
            message("fail-on = 'p9'"),
            "perfaudit.toml:1: `fail-on`: unknown value `p9`; valid: p0, p1, p2, p3, never"
        );
        assert!(
            message("\n[broken").starts_with("perfaudit.toml:2: not valid TOML"),
            "{}",
            message("\n[broken")
        );
    }

    #[test]
    fn rules_and_paths_have_settings_of_their_own() {
        let parse = |text: &str| Settings::parse("perfaudit.toml", text, false);
        let text = "[priorities]\nn-plus-one = 'p2'\nfixed-delay = 'off'\n[[overrides]]\npaths = ['legacy/**']\nmax-priority = 'p3'\n";
        let settings = parse(text).expect("valid");
        assert_eq!(settings.priorities["n-plus-one"], Some(Priority::P2));
        assert_eq!((settings.priorities["fixed-delay"], settings.overrides.len()), (None, 1));
        assert_eq!(settings.overrides[0].max_priority, Some(Priority::P3));
        let message = |text: &str| parse(text).expect_err("wrong").to_string();
        assert_eq!(
            message("[[overrides]]\nskip = []"),
            "perfaudit.toml:1: `overrides`: each needs `paths`"
        );
        assert_eq!(
            message("[[overrides]]\npath = []"),
            "perfaudit.toml:2: unknown key of `overrides` `path`; did you mean `paths`?"
        );
        assert_eq!(
            message("[[overrides]]\npaths = ['a']\n\n[[overrides]]\nskip = []"),
            "perfaudit.toml:4: `overrides`: each needs `paths`"
        );
        assert_eq!(
            message("[priorities]\nfixed-delay = 'p3'\nn-plus-one = 'p7'"),
            "perfaudit.toml:3: `priorities`: unknown value `p7`; valid: p0, p1, p2, p3, off"
        );
        assert_eq!(
            message("[[overrides]]\npaths = ['a']\n[overrides.priorities]\nn-plus-one = 'p7'"),
            "perfaudit.toml:4: `priorities`: unknown value `p7`; valid: p0, p1, p2, p3, off"
        );
    }

    #[test]
    fn words_are_added_to_the_lists_that_take_some() {
        let parse = |text: &str| Settings::parse("perfaudit.toml", text, false);
        let settings = parse("[words]\nfew-tables = ['region']\nstaff-paths = ['backoffice']\n").expect("valid");
        let words = settings.words.expect("words");
        assert!(words.has(Open::FewTables, "sales_regions") && words.has(Open::StaffPlaces, "src/backoffice/a.ts"));
        let message = |text: &str| parse(text).expect_err("wrong").to_string();
        assert_eq!(
            message("[words]\nfew-table = ['region']"),
            "perfaudit.toml:2: unknown key of `words` `few-table`; did you mean `few-tables`?"
        );
        assert_eq!(
            message("[words]\nfew-tables = 'region'"),
            "perfaudit.toml:2: `few-tables`: must be a list of strings"
        );
        assert_eq!(
            message("[words]\ntest-folders = ['__']"),
            "perfaudit.toml:2: `test-folders`: `__` has no letter or digit"
        );
        assert_eq!(
            message("[words]\nfew-tables = [\n  'region',\n  3,\n]"),
            "perfaudit.toml:4: `few-tables`: must be a list of strings"
        );
        assert_eq!(message("words = []"), "perfaudit.toml:1: `words`: must be a table of lists");
    }

    #[test]
    fn pyproject_counts_only_where_it_names_the_tool() {
        let parse = |text| Settings::parse("pyproject.toml", text, true);
        assert_eq!(parse("[tool.ruff]\nline-length = 1"), Ok(Settings::default()));
        let own = parse("[tool.perfaudit]\ninclude-tests = true").expect("valid");
        assert_eq!(own.include_tests, Some(true));
    }
}
