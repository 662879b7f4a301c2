//! What was read and understood, and what was not: counted, with examples, so that silence never looks like health.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::budget::Limit;

/// Examples kept for each kind of gap: enough to look into, few enough to print.
pub const EXAMPLES: usize = 5;

/// Why a file was left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// Over the size bound of its kind.
    TooLarge,
    /// Has NUL bytes.
    Binary,
    /// The system would not let it be read.
    NotReadable,
    /// Minified JavaScript.
    Minified,
    /// A folder of other people's code or of build output.
    Vendored,
    /// Written by a program.
    Generated,
    /// TypeScript declarations.
    Declaration,
    /// A symbolic link; what it points to is read at its own place.
    Symlink,
    /// Nested more deeply than it can be read.
    TooDeep,
    /// The grammar would take too much work for it.
    TooMuchWork,
    /// The tool failed on it.
    InternalError,
}

impl Reason {
    /// In words.
    pub fn text(self) -> &'static str {
        match self {
            Reason::TooLarge => "too large",
            Reason::Binary => "binary",
            Reason::NotReadable => "not readable",
            Reason::Minified => "minified",
            Reason::Vendored => "vendored or built",
            Reason::Generated => "generated",
            Reason::Declaration => "declarations",
            Reason::Symlink => "symbolic link",
            Reason::TooDeep => "nested too deeply",
            Reason::TooMuchWork => "too much work to parse",
            Reason::InternalError => "internal error",
        }
    }

    /// Whether the tool failed to read a file of this kind (`true`), or judged by its text that nobody wrote it by hand (`false`);
    /// `None` for what is left out by its place or name, whatever it holds.
    fn is_loss(self) -> Option<bool> {
        match self {
            Reason::TooLarge | Reason::NotReadable | Reason::TooDeep | Reason::TooMuchWork | Reason::InternalError => Some(true),
            Reason::Binary | Reason::Minified | Reason::Generated | Reason::Symlink => Some(false),
            Reason::Vendored | Reason::Declaration => None,
        }
    }

    /// One that was left out, as a phrase.
    pub fn one(self) -> &'static str {
        match self {
            Reason::TooLarge => "file too large",
            Reason::Binary => "binary file",
            Reason::NotReadable => "unreadable file",
            Reason::Minified => "minified file",
            Reason::Vendored => "vendored or built folder",
            Reason::Generated => "generated file",
            Reason::Declaration => "file of declarations",
            Reason::Symlink => "symbolic link",
            Reason::TooDeep => "file nested too deeply",
            Reason::TooMuchWork => "file that takes too much work to parse",
            Reason::InternalError => "file that the tool failed on",
        }
    }

    /// Several that were left out, as a phrase.
    pub fn many(self) -> &'static str {
        match self {
            Reason::TooLarge => "files too large",
            Reason::Binary => "binary files",
            Reason::NotReadable => "unreadable files",
            Reason::Minified => "minified files",
            Reason::Vendored => "vendored or built folders",
            Reason::Generated => "generated files",
            Reason::Declaration => "files of declarations",
            Reason::Symlink => "symbolic links",
            Reason::TooDeep => "files nested too deeply",
            Reason::TooMuchWork => "files that take too much work to parse",
            Reason::InternalError => "files that the tool failed on",
        }
    }
}

/// The file of a place: `path` or `path:line`.
fn file_of(place: &str) -> &str {
    match place.rsplit_once(':') {
        Some((file, line)) if !line.is_empty() && line.bytes().all(|byte| byte.is_ascii_digit()) => file,
        _ => place,
    }
}

/// A file or folder that was left out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Skipped {
    /// Path relative to the root; folders end in `/`.
    pub path: String,
    /// Why.
    pub reason: Reason,
}

/// A count with the first few of what was counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// How many.
    pub count: usize,
    /// The first few, in the order of the report.
    pub examples: Vec<String>,
}

impl Counted {
    /// Counts one more.
    pub fn add(&mut self, example: impl Into<String>) {
        self.count += 1;
        if self.examples.len() < EXAMPLES {
            self.examples.push(example.into());
        }
    }
}

/// Files and lines of one language.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LanguageCount {
    /// Files read.
    pub files: usize,
    /// Their lines.
    pub lines: usize,
}

/// A file with ranges that did not parse; its other lines were used.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ParseErrors {
    /// Path relative to the root.
    pub file: String,
    /// First and last line of each range.
    pub ranges: Vec<(u32, u32)>,
}

/// Calls, and how many have a known target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallCount {
    /// Calls of the project's own functions or of anything else.
    pub total: usize,
    /// Of them, those whose target in the project is known.
    pub resolved: usize,
    /// Of them, those that go to a library or the language itself.
    pub external: usize,
}

/// SQL statements, and how many were understood.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatementCount {
    /// Statements that were understood whole; the others are in `not_understood`.
    pub understood: usize,
    /// Not understood, with `path:line: text` examples.
    pub not_understood: Counted,
}

/// All that was read and understood, and all that was not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    /// Files and lines by language.
    pub languages: BTreeMap<String, LanguageCount>,
    /// Files with ranges that did not parse.
    pub parse_errors: Vec<ParseErrors>,
    /// Files left out, by reason.
    pub skipped: BTreeMap<Reason, Counted>,
    /// Source files in languages that are not read, by extension.
    pub unread: BTreeMap<String, usize>,
    /// Test files left out.
    pub tests: usize,
    /// What reached a bound of the tool, with the places: what lies beyond them was not looked at.
    #[serde(default)]
    pub limits: BTreeMap<Limit, Counted>,
    /// Files that are not UTF-8 and were read with replacement characters.
    pub not_utf8: Counted,
    /// Functions of the files that were read.
    pub functions: usize,
    /// Calls of those functions, by how they were resolved.
    pub calls: CallCount,
    /// Entry points: routes, jobs, resolvers.
    pub endpoints: usize,
    /// Places where a statement reaches a database.
    pub query_sites: usize,
    /// SQL statements.
    pub statements: StatementCount,
    /// Tables in the schema state.
    pub tables: usize,
    /// Indexes in the schema state.
    pub indexes: usize,
    /// Migrations replayed.
    pub migrations: usize,
    /// Findings that a comment in the code suppressed.
    pub suppressed: usize,
    /// Findings under the least priority or confidence that was asked for.
    #[serde(default)]
    pub filtered: usize,
    /// Anything else a reader must know, a sentence each.
    pub notes: Vec<String>,
    /// Every file left out, with its reason: the groups by reason keep a few examples only.
    #[serde(skip)]
    pub left_out: Vec<Skipped>,
    /// Every place where a bound was reached.
    #[serde(skip)]
    pub reached: Vec<(Limit, String)>,
}

/// A file of which something was not read or not judged.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Gap {
    /// Path relative to the root.
    pub file: String,
    /// Why, in words.
    pub why: String,
    /// Whether the tool could not read it; otherwise it took the file for none that people write.
    #[serde(skip)]
    pub is_loss: bool,
}

impl Coverage {
    /// Files read, of all languages.
    pub fn files(&self) -> usize {
        self.languages.values().map(|language| language.files).sum()
    }

    /// Lines read, of all languages.
    pub fn lines(&self) -> usize {
        self.languages.values().map(|language| language.lines).sum()
    }

    /// Counts a file that was read.
    pub fn read(&mut self, language: &str, lines: usize) {
        let count = self.languages.entry(language.to_owned()).or_default();
        count.files += 1;
        count.lines += lines;
    }

    /// Counts a file or folder that was left out.
    pub fn skip(&mut self, skipped: &Skipped) {
        self.left_out.push(skipped.clone());
        self.skipped.entry(skipped.reason).or_default().add(skipped.path.clone());
    }

    /// The files of which something is missing, one row each, by path. Folders, and places of bounds that are no file, are not among them.
    pub fn gaps(&self) -> Vec<Gap> {
        let skipped = self.left_out.iter().filter_map(|skipped| {
            let is_loss = skipped.reason.is_loss()?;
            Some(Gap {
                file: skipped.path.clone(),
                why: skipped.reason.text().to_owned(),
                is_loss,
            })
        });
        let reached = self.reached.iter().map(|(limit, place)| Gap {
            file: file_of(place).to_owned(),
            why: format!("{}: {}", limit.about().what, limit.about().beyond),
            is_loss: true,
        });
        let mut gaps: Vec<Gap> = skipped.chain(reached).collect();
        gaps.sort();
        gaps.dedup_by(|later, first| later.file == first.file);
        gaps
    }

    /// Counts a place where a bound was reached.
    pub fn reach(&mut self, limit: Limit, place: impl Into<String>) {
        let place = place.into();
        self.reached.push((limit, place.clone()));
        self.limits.entry(limit).or_default().add(place);
    }

    /// Files and folders left out, for all reasons.
    pub fn skipped_count(&self) -> usize {
        self.skipped.values().map(|group| group.count).sum()
    }
}
