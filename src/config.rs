//! Settings of a run: defaults, then `perfaudit.toml` or `[tool.perfaudit]` in `pyproject.toml`, then the command line.
//!
//! A configuration that lies in the scanned tree is the repository's, whoever named it: its paths are taken from the project's root and
//! stay in it, links resolved, and it says nothing of where a report is written. One that the user keeps elsewhere and names with
//! `--config` is the user's own: it may name any file to read.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::error::{Error, nearest};
use crate::files::{self, Refusal, Tree, shown};
use crate::finding::{Confidence, Priority};
use crate::vocabulary::{self, Vocabulary};

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
    /// The whole report, for programs.
    Json,
    /// For reviewers.
    Markdown,
    /// For reviewers, as one page.
    Html,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// GitHub workflow annotations.
    Github,
    /// GitLab code quality.
    Gitlab,
    /// `JUnit` test cases.
    Junit,
}

/// Names of the formats, as on the command line.
const FORMATS: [(&str, Format); 9] = [
    ("table", Format::Table),
    ("full", Format::Full),
    ("json", Format::Json),
    ("markdown", Format::Markdown),
    ("html", Format::Html),
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
pub const KEYS: [&str; 19] = [
    "rules",
    "skip",
    "min-priority",
    "min-confidence",
    "fail-on",
    "fail-on-unread",
    "format",
    "rules-dir",
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
    /// A folder of rule pages that take the place of the built-in ones.
    pub rules_dir: Option<PathBuf>,
    /// A file with row counts and index scans of the database.
    pub stats: Option<PathBuf>,
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

impl Default for Config {
    fn default() -> Self {
        Config {
            root: PathBuf::from("."),
            paths: vec![PathBuf::from(".")],
            threads: 0,
            rules: Vec::new(),
            skip: Vec::new(),
            min_priority: None,
            min_confidence: Confidence::Low,
            fail_on: Some(Priority::P0),
            fail_on_unread: None,
            format: Format::Table,
            rules_dir: None,
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

/// Settings from one place; `None` and empty leave what was there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// See [`Config::paths`].
    pub paths: Vec<PathBuf>,
    /// See [`Config::threads`].
    pub threads: Option<usize>,
    /// See [`Config::rules`].
    pub rules: Vec<String>,
    /// See [`Config::skip`].
    pub skip: Vec<String>,
    /// See [`Config::min_priority`].
    pub min_priority: Option<Priority>,
    /// See [`Config::min_confidence`].
    pub min_confidence: Option<Confidence>,
    /// See [`Config::fail_on`].
    pub fail_on: Option<Option<Priority>>,
    /// See [`Config::fail_on_unread`].
    pub fail_on_unread: Option<bool>,
    /// See [`Config::format`].
    pub format: Option<Format>,
    /// See [`Config::rules_dir`].
    pub rules_dir: Option<PathBuf>,
    /// See [`Config::stats`].
    pub stats: Option<PathBuf>,
    /// See [`Config::cache`].
    pub cache: Option<bool>,
    /// See [`Config::exclude`].
    pub exclude: Vec<String>,
    /// See [`Config::include_tests`].
    pub include_tests: Option<bool>,
    /// See [`Config::baseline`].
    pub baseline: Option<PathBuf>,
    /// See [`Config::since`].
    pub since: Option<String>,
    /// See [`Config::require_reason`].
    pub require_reason: Option<bool>,
    /// See [`Config::priorities`].
    pub priorities: Priorities,
    /// See [`Config::overrides`].
    pub overrides: Vec<Override>,
    /// See [`Config::words`].
    pub words: Option<Vocabulary>,
}

impl Config {
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

    /// As [`Config::load`], where the files are not on disk: `read` gives the text of a file of this name next to the others, `None`
    /// where there is none. `file` is the name of the one file to read; without it those of a root are looked for. `shown` names the
    /// place of the files in errors.
    pub fn load_from(
        root: &Path,
        file: Option<&str>,
        flags: Settings,
        shown: &str,
        read: &mut dyn FnMut(&str) -> Result<Option<String>, Error>,
    ) -> Result<Config, Error> {
        let tree = tree(root)?;
        for name in file.map_or(vec![OWN, PYTHON], |file| vec![file]) {
            let Some(text) = read(name)? else { continue };
            let is_python = name == PYTHON;
            // As on disk: someone else's file may be broken.
            if file.is_none() && is_python && !text.contains("perfaudit") {
                continue;
            }
            let place = format!("{shown}{name}");
            let settings = Settings::parse(&place, &text, is_python)?.confined(root, &tree, Path::new(&place))?;
            return Ok(Config::of(root, Some(settings), flags));
        }
        Ok(Config::of(root, None, flags))
    }

    fn apply(&mut self, settings: Settings) {
        replace(&mut self.paths, settings.paths);
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
        self.stats = settings.stats.or_else(|| self.stats.take());
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

impl Settings {
    /// The settings that the root holds, if any.
    fn find(root: &Path, tree: &Tree) -> Result<Option<Settings>, Error> {
        // A link or a device of this name is no reason to go on as if nothing were configured.
        if std::fs::symlink_metadata(root.join(OWN)).is_ok() {
            return Settings::of_tree(root, tree, Path::new(OWN)).map(Some);
        }
        // Someone else's file: one that cannot be read, or that is broken without naming the tool, is no error here.
        let Ok(bytes) = tree.read(Path::new(PYTHON), LARGEST) else {
            return Ok(None);
        };
        let file = root.join(PYTHON);
        match String::from_utf8(bytes) {
            Ok(text) if text.contains("perfaudit") => {
                let settings = Settings::parse(&shown(&file), &text, true)?;
                settings.confined(root, tree, &file).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// The settings of a file that was named on the command line.
    fn named(root: &Path, tree: &Tree, file: &Path) -> Result<Settings, Error> {
        if tree.names(file) {
            let absolute = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
            let bytes = tree.read(&absolute, LARGEST);
            let text = files::text(file, bytes.map_err(|refusal| refusal.error(shown(file), WHAT))?)?;
            return Settings::parse(&shown(file), &text, is_python(file))?.confined(root, tree, file);
        }
        let text = files::read_text(file, LARGEST, WHAT)?;
        let mut settings = Settings::parse(&shown(file), &text, is_python(file))?;
        for path in [&mut settings.baseline, &mut settings.rules_dir, &mut settings.stats]
            .into_iter()
            .flatten()
        {
            *path = std::path::absolute(root.join(&path)).unwrap_or_else(|_| root.join(&path));
        }
        settings.admit(tree)?;
        Ok(settings)
    }

    /// The settings of a file of the tree; `file` is relative to the root.
    fn of_tree(root: &Path, tree: &Tree, file: &Path) -> Result<Settings, Error> {
        let place = root.join(file);
        let bytes = tree.read(file, LARGEST).map_err(|refusal| refusal.error(shown(&place), WHAT))?;
        let text = files::text(&place, bytes)?;
        Settings::parse(&shown(&place), &text, is_python(file))?.confined(root, tree, &place)
    }

    /// The same settings, with every path resolved to one in the tree; fails on a path that leads out of it. `file` is for the error.
    pub fn confined(mut self, root: &Path, tree: &Tree, file: &Path) -> Result<Settings, Error> {
        let inside = |key: &str, path: &Path| {
            tree.resolve(path).map_err(|refusal| match refusal {
                Refusal::Outside => Error::new(
                    format!("{}: `{key}`", shown(file)),
                    format!("`{}` leads out of the project", path.to_string_lossy()),
                )
                .hint("a configuration names only what is in its folder; give other places on the command line"),
                other => other.error(format!("{}: `{key}`", shown(file)), WHAT),
            })
        };
        for path in &self.paths {
            inside("paths", path)?;
        }
        if let Some(path) = &self.baseline {
            self.baseline = Some(inside("baseline", path)?);
        }
        for (key, path) in [("rules-dir", &mut self.rules_dir), ("stats", &mut self.stats)] {
            if let Some(given) = path {
                *path = Some(below(root, &inside(key, given)?));
            }
        }
        Ok(self)
    }

    /// Checks what the command line names: see [`Tree::admit`].
    fn admit(&self, tree: &Tree) -> Result<(), Error> {
        for path in [&self.baseline, &self.rules_dir, &self.stats].into_iter().flatten() {
            // What is not there is told about by who reads it.
            match tree.admit(path) {
                Err(refusal) if !refusal.is_missing() => return Err(refusal.error(shown(path), WHAT)),
                _ => {}
            }
        }
        Ok(())
    }

    /// The settings of a text.
    pub fn parse(file: &str, text: &str, is_python: bool) -> Result<Settings, Error> {
        let mut table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
            let line = error
                .span()
                .map_or(1, |span| 1 + text.bytes().take(span.start).filter(|&byte| byte == b'\n').count());
            Error::new(format!("{file}:{line}"), format!("not valid TOML: {}", error.message()))
        })?;
        if is_python {
            let tool = table.get("tool").and_then(|tool| tool.get("perfaudit"));
            table = match tool {
                Some(toml::Value::Table(own)) => own.clone(),
                Some(_) => return Err(Error::new(file, "`tool.perfaudit` must be a table")),
                None => return Ok(Settings::default()),
            };
        }
        let mut settings = Settings::default();
        for (key, value) in &table {
            settings.set(file, key, value)?;
        }
        Ok(settings)
    }

    fn set(&mut self, file: &str, key: &str, value: &toml::Value) -> Result<(), Error> {
        let entry = Entry { file, key, value };
        match key.replace('_', "-").as_str() {
            "paths" => self.paths = entry.strings()?.into_iter().map(PathBuf::from).collect(),
            "rules" => self.rules = entry.strings()?,
            "skip" => self.skip = entry.strings()?,
            "exclude" => self.exclude = entry.strings()?,
            "threads" => self.threads = Some(entry.count()?),
            "min-priority" => self.min_priority = Some(parse_priority(entry.string()?).map_err(|error| entry.wrong(&error))?),
            "min-confidence" => self.min_confidence = Some(parse_confidence(entry.string()?).map_err(|error| entry.wrong(&error))?),
            "fail-on" => self.fail_on = Some(parse_fail_on(entry.string()?).map_err(|error| entry.wrong(&error))?),
            "format" => self.format = Some(parse_format(entry.string()?).map_err(|error| entry.wrong(&error))?),
            // It would let a repository write where it likes.
            "output" => {
                return Err(Error::new(file, "`output` is not taken from a configuration").hint("give it on the command line: `-o FILE`"));
            }
            "rules-dir" => self.rules_dir = Some(PathBuf::from(entry.string()?)),
            "stats" => self.stats = Some(PathBuf::from(entry.string()?)),
            "cache" => self.cache = Some(entry.bool()?),
            "include-tests" => self.include_tests = Some(entry.bool()?),
            "baseline" => self.baseline = Some(PathBuf::from(entry.string()?)),
            "fail-on-unread" => self.fail_on_unread = Some(entry.bool()?),
            "require-reason" => self.require_reason = Some(entry.bool()?),
            "priorities" => self.priorities = entry.priorities()?,
            "overrides" => self.overrides = entry.overrides()?,
            "words" => self.words = Some(entry.words()?),
            _ => return Err(Error::unknown(file, "key", key, &KEYS)),
        }
        Ok(())
    }
}

/// One key of a configuration file.
struct Entry<'a> {
    file: &'a str,
    key: &'a str,
    value: &'a toml::Value,
}

impl<'a> Entry<'a> {
    fn wrong(&self, what: &str) -> Error {
        Error::new(format!("{}: `{}`", self.file, self.key), what)
    }

    fn string(&self) -> Result<&'a str, Error> {
        self.value.as_str().ok_or_else(|| self.wrong("must be a string"))
    }

    fn strings(&self) -> Result<Vec<String>, Error> {
        let wrong = || self.wrong("must be a list of strings");
        let items = self.value.as_array().ok_or_else(wrong)?;
        items
            .iter()
            .map(|item| item.as_str().map(str::to_owned).ok_or_else(wrong))
            .collect()
    }

    fn priorities(&self) -> Result<Priorities, Error> {
        let table = self.value.as_table().ok_or_else(|| self.wrong("must be a table of rules"))?;
        let rules = table.iter().map(|(rule, value)| {
            let text = value.as_str().ok_or_else(|| self.wrong(&format!("`{rule}` must be a string")))?;
            let priority = choice(text, &LEVELS).map_err(|error| self.wrong(&error))?;
            Ok((rule.clone(), priority))
        });
        rules.collect()
    }

    fn overrides(&self) -> Result<Vec<Override>, Error> {
        let wrong = || self.wrong("must be a list of tables: `[[overrides]]`");
        let tables = self.value.as_array().ok_or_else(wrong)?;
        tables
            .iter()
            .map(|table| self.one_override(table.as_table().ok_or_else(wrong)?))
            .collect()
    }

    fn one_override(&self, table: &toml::Table) -> Result<Override, Error> {
        let mut out = Override::default();
        for (key, value) in table {
            let entry = Entry {
                file: self.file,
                key,
                value,
            };
            match key.replace('_', "-").as_str() {
                "paths" => out.paths = entry.strings()?,
                "skip" => out.skip = entry.strings()?,
                "priorities" => out.priorities = entry.priorities()?,
                "max-priority" => out.max_priority = Some(parse_priority(entry.string()?).map_err(|error| entry.wrong(&error))?),
                _ => return Err(Error::unknown(self.file, "key of `overrides`", key, &OVERRIDE_KEYS)),
            }
        }
        if out.paths.is_empty() {
            return Err(self.wrong("each needs `paths`"));
        }
        Ok(out)
    }

    /// The lists of `[words]`, each under its key.
    fn words(&self) -> Result<Vocabulary, Error> {
        let table = self.value.as_table().ok_or_else(|| self.wrong("must be a table of lists"))?;
        let keys = vocabulary::KEYS.map(|(key, _)| key);
        let mut out = Vocabulary::default();
        for (key, value) in table {
            let name = key.replace('_', "-");
            let Some((_, list)) = vocabulary::KEYS.iter().find(|(known, _)| *known == name) else {
                return Err(Error::unknown(self.file, "key of `words`", key, &keys));
            };
            let entry = Entry { key, value, ..*self };
            out.add(*list, &entry.strings()?)
                .map_err(|word| entry.wrong(&format!("`{word}` has no letter or digit")))?;
        }
        Ok(out)
    }

    fn bool(&self) -> Result<bool, Error> {
        self.value.as_bool().ok_or_else(|| self.wrong("must be true or false"))
    }

    fn count(&self) -> Result<usize, Error> {
        let count = self.value.as_integer().filter(|count| (0..=MOST_THREADS).contains(count));
        count
            .and_then(|count| usize::try_from(count).ok())
            .ok_or_else(|| self.wrong("must be a number from 0 to 1024"))
    }
}

/// Whether only `[tool.perfaudit]` of a file is read.
fn is_python(file: &Path) -> bool {
    file.file_name().is_some_and(|name| name == PYTHON)
}

/// A path below the root; in the current folder it stays as short as it was written.
fn below(root: &Path, path: &Path) -> PathBuf {
    let is_short = root == Path::new(".") && !path.as_os_str().is_empty();
    if is_short { path.to_owned() } else { root.join(path) }
}

/// Whether a folder is configured: it holds a `perfaudit.toml`, or a `pyproject.toml` with a table of the tool.
pub fn is_configured(folder: &Path) -> bool {
    if std::fs::symlink_metadata(folder.join(OWN)).is_ok() {
        return true;
    }
    let read = Tree::of(folder).map(|tree| tree.read(Path::new(PYTHON), LARGEST));
    let Ok(Ok(bytes)) = read else { return false };
    let text = String::from_utf8_lossy(&bytes);
    // One that is broken and names the tool is told about when it is read.
    text.contains("perfaudit")
        && text
            .parse::<toml::Table>()
            .map_or(true, |table| table.get("tool").is_some_and(|tool| tool.get("perfaudit").is_some()))
}

fn choice<T: Copy>(text: &str, choices: &[(&str, T)]) -> Result<T, String> {
    let lower = text.to_lowercase();
    if let Some((_, value)) = choices.iter().find(|(name, _)| *name == lower) {
        return Ok(*value);
    }
    let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
    match nearest(&lower, &names).filter(|near| near.len() > 2) {
        Some(near) => Err(format!("unknown value `{text}`; did you mean `{near}`?")),
        None => Err(format!("unknown value `{text}`; valid: {}", names.join(", "))),
    }
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
            "perfaudit.toml: unknown key `fail_onn`; did you mean `fail-on`?"
        );
        assert_eq!(
            message("threads = -1"),
            "perfaudit.toml: `threads`: must be a number from 0 to 1024"
        );
        assert_eq!(message("skip = 'x'"), "perfaudit.toml: `skip`: must be a list of strings");
        assert_eq!(
            message("fail-on = 'p9'"),
            "perfaudit.toml: `fail-on`: unknown value `p9`; valid: p0, p1, p2, p3, never"
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
            "perfaudit.toml: `overrides`: each needs `paths`"
        );
        assert_eq!(
            message("[[overrides]]\npath = []"),
            "perfaudit.toml: unknown key of `overrides` `path`; did you mean `paths`?"
        );
        assert!(message("[priorities]\nn-plus-one = 'p7'").contains("unknown value `p7`; valid: p0, p1, p2, p3, off"));
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
            "perfaudit.toml: unknown key of `words` `few-table`; did you mean `few-tables`?"
        );
        assert_eq!(
            message("[words]\nfew-tables = 'region'"),
            "perfaudit.toml: `few-tables`: must be a list of strings"
        );
        assert_eq!(
            message("[words]\ntest-folders = ['__']"),
            "perfaudit.toml: `test-folders`: `__` has no letter or digit"
        );
        assert_eq!(message("words = []"), "perfaudit.toml: `words`: must be a table of lists");
    }

    #[test]
    fn pyproject_counts_only_where_it_names_the_tool() {
        let parse = |text| Settings::parse("pyproject.toml", text, true);
        assert_eq!(parse("[tool.ruff]\nline-length = 1"), Ok(Settings::default()));
        let own = parse("[tool.perfaudit]\ninclude-tests = true").expect("valid");
        assert_eq!(own.include_tests, Some(true));
    }
}
