//! Settings from one place: the file in the root, a file that was named, the command line.

use std::path::{Path, PathBuf};

use toml::de::DeTable;

use super::entries::{ConfigKey, Lines};
use super::{
    Format, KEYS, LARGEST, OWN, Override, PYTHON, PastSettings, Priorities, WHAT, below, parse_confidence, parse_fail_on, parse_format,
    parse_priority,
};
use crate::error::Error;
use crate::files::{self, Named, Refusal, Tree, shown};
use crate::finding::{Confidence, Priority};
use crate::vocabulary::Vocabulary;

/// Settings from one place; `None` and empty leave what was there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// See [`Config::paths`].
    pub paths: Vec<PathBuf>,
    /// See [`Config::reported`]; no configuration file says it.
    pub reported: Vec<PathBuf>,
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
    pub rules_dir: Option<Named>,
    /// See [`Config::libraries_dir`].
    pub libraries_dir: Option<Named>,
    /// See [`Config::stats`].
    pub stats: Option<Named>,
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

impl Settings {
    /// The settings that the root holds, if any.
    pub(super) fn find(root: &Path, tree: &Tree) -> Result<Option<Settings>, Error> {
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
    pub(super) fn named(root: &Path, tree: &Tree, file: &Path) -> Result<Settings, Error> {
        if tree.names(file) {
            let absolute = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
            let bytes = tree.read(&absolute, LARGEST);
            let text = files::text(file, bytes.map_err(|refusal| refusal.error(shown(file), WHAT))?)?;
            return Settings::parse(&shown(file), &text, is_python(file))?.confined(root, tree, file);
        }
        let text = files::read_text(file, LARGEST, WHAT)?;
        let mut settings = Settings::parse(&shown(file), &text, is_python(file))?;
        let absolute = |path: &Path| std::path::absolute(root.join(path)).unwrap_or_else(|_| root.join(path));
        settings.baseline = settings.baseline.as_deref().map(absolute);
        for (_, named) in settings.named_mut() {
            if let Some(named) = named {
                *named = Named::Disk(absolute(named.path()));
            }
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
        for (key, named) in self.named_mut() {
            // What is of a revision leads nowhere.
            if let Some(Named::Disk(path)) = named {
                *path = below(root, &inside(key, path)?);
            }
        }
        Ok(self)
    }

    /// What the settings name that decides on findings, by key.
    fn named_mut(&mut self) -> [(&'static str, &mut Option<Named>); 3] {
        [
            ("rules-dir", &mut self.rules_dir),
            ("libraries-dir", &mut self.libraries_dir),
            ("stats", &mut self.stats),
        ]
    }

    /// The same settings, with what stood where these come from in place of what is on disk; what `flags` name is the user's.
    pub(super) fn with_held(mut self, flags: &Settings, past: &mut dyn PastSettings) -> Result<Settings, Error> {
        let given = [flags.rules_dir.is_some(), flags.libraries_dir.is_some(), flags.stats.is_some()];
        for ((key, named), is_given) in self.named_mut().into_iter().zip(given) {
            if let Some(Named::Disk(path)) = named
                && !is_given
                && let Some(files) = past.held(key, path)?
            {
                *named = Some(files);
            }
        }
        Ok(self)
    }

    /// Checks what the command line names: see [`Tree::admit`].
    pub(super) fn admit(&self, tree: &Tree) -> Result<(), Error> {
        let named = [&self.rules_dir, &self.libraries_dir, &self.stats]
            .into_iter()
            .flatten()
            .map(Named::path);
        for path in named.chain(self.baseline.as_deref()) {
            // What is not there is told about by who reads it.
            match tree.admit(path) {
                Err(refusal) if !refusal.is_missing() => return Err(refusal.error(shown(path), WHAT)),
                _ => {}
            }
        }
        Ok(())
    }

    /// The settings that a text of TOML holds; `is_python` where only `[tool.perfaudit]` counts. `file` is what errors call it.
    pub fn parse(file: &str, text: &str, is_python: bool) -> Result<Settings, Error> {
        let lines = Lines::of(file, text);
        let parsed = DeTable::parse(text).map_err(|error| {
            let place = lines.place(error.span().map_or(0, |span| span.start));
            Error::new(place, format!("not valid TOML: {}", error.message()))
        })?;
        let mut table = parsed.get_ref();
        if is_python {
            let tool = table.get("tool").and_then(|tool| tool.get_ref().get("perfaudit"));
            let Some(own) = tool else { return Ok(Settings::default()) };
            let wrong = || Error::new(lines.place(own.span().start), "`tool.perfaudit` must be a table");
            table = own.get_ref().as_table().ok_or_else(wrong)?;
        }
        let mut settings = Settings::default();
        for (key, value) in table {
            settings.set(&ConfigKey::of(&lines, key, value))?;
        }
        Ok(settings)
    }

    fn set(&mut self, entry: &ConfigKey<'_>) -> Result<(), Error> {
        match entry.key.replace('_', "-").as_str() {
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
                return Err(
                    Error::new(entry.place(), "`output` is not taken from a configuration").hint("give it on the command line: `-o FILE`")
                );
            }
            "rules-dir" => self.rules_dir = Some(PathBuf::from(entry.string()?).into()),
            "libraries-dir" => self.libraries_dir = Some(PathBuf::from(entry.string()?).into()),
            "stats" => self.stats = Some(PathBuf::from(entry.string()?).into()),
            "cache" => self.cache = Some(entry.bool()?),
            "include-tests" => self.include_tests = Some(entry.bool()?),
            "baseline" => self.baseline = Some(PathBuf::from(entry.string()?)),
            "fail-on-unread" => self.fail_on_unread = Some(entry.bool()?),
            "require-reason" => self.require_reason = Some(entry.bool()?),
            "priorities" => self.priorities = entry.priorities()?,
            "overrides" => self.overrides = entry.overrides()?,
            "words" => self.words = Some(entry.words()?),
            _ => return Err(Error::unknown(entry.place(), "key", entry.key, &KEYS)),
        }
        Ok(())
    }
}

/// Whether only `[tool.perfaudit]` of a file is read.
fn is_python(file: &Path) -> bool {
    file.file_name().is_some_and(|name| name == PYTHON)
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
