//! What library calls do, read from `rules/libraries/<language>/*.toml`.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, LazyLock};

use include_dir::{Dir, include_dir};
use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Deserializer, Serialize, de};
use toml::Spanned;

use crate::ir::Language;
use crate::source::LineIndex;

static BUILT_IN: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/rules/libraries");

/// A set of effects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Effects(u16);

impl Effects {
    /// No effect.
    pub const NONE: Effects = Effects(0);
    /// Reads from a database.
    pub const QUERY: Effects = Effects(1);
    /// Changes a database.
    pub const WRITE: Effects = Effects(1 << 1);
    /// Goes to another machine.
    pub const NETWORK: Effects = Effects(1 << 2);
    /// Keeps its thread until it is done.
    pub const BLOCKING: Effects = Effects(1 << 3);
    /// Waits for a time.
    pub const SLEEP: Effects = Effects(1 << 4);
    /// Arranges for a callback to run later.
    pub const TIMER: Effects = Effects(1 << 5);
    /// Reads a cache.
    pub const CACHE_GET: Effects = Effects(1 << 6);
    /// Fills a cache.
    pub const CACHE_SET: Effects = Effects(1 << 7);
    /// Makes a client, pool or engine.
    pub const CLIENT: Effects = Effects(1 << 8);
    /// Computes for long.
    pub const CPU: Effects = Effects(1 << 9);
    /// Touches the file system.
    pub const FILE: Effects = Effects(1 << 10);
    /// Starts a process.
    pub const SPAWN: Effects = Effects(1 << 11);
    /// Runs its function elsewhere.
    pub const BARRIER: Effects = Effects(1 << 12);
    /// Computes for a moment, as a rule: what it works on is mostly small.
    pub const BRIEF: Effects = Effects(1 << 13);

    const NAMES: [(&'static str, Effects); 14] = [
        ("query", Self::QUERY),
        ("write", Self::WRITE),
        ("network", Self::NETWORK),
        ("blocking", Self::BLOCKING),
        ("sleep", Self::SLEEP),
        ("timer", Self::TIMER),
        ("cache-get", Self::CACHE_GET),
        ("cache-set", Self::CACHE_SET),
        ("client", Self::CLIENT),
        ("cpu", Self::CPU),
        ("file", Self::FILE),
        ("spawn", Self::SPAWN),
        ("barrier", Self::BARRIER),
        ("brief", Self::BRIEF),
    ];

    /// The effect of a name; `None` for a name that is none.
    pub fn named(name: &str) -> Option<Effects> {
        Self::NAMES.iter().find(|(text, _)| *text == name).map(|(_, effect)| *effect)
    }

    /// The effect of a name; the error lists the names that there are.
    pub fn read_name(name: &str) -> Result<Effects, String> {
        let valid = || Self::NAMES.map(|(name, _)| name).join(", ");
        Effects::named(name).ok_or_else(|| format!("unknown effect `{name}`; valid: {}", valid()))
    }

    /// Both.
    #[must_use]
    pub fn and(self, other: Effects) -> Effects {
        Effects(self.0 | other.0)
    }

    /// Whether all of `other` is in here.
    pub fn has(self, other: Effects) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether any of `other` is in here.
    pub fn any(self, other: Effects) -> bool {
        self.0 & other.0 != 0
    }

    /// Those of these effects that are not in `other`.
    #[must_use]
    pub fn without(self, other: Effects) -> Effects {
        Effects(self.0 & !other.0)
    }

    /// The names of all that is in here.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Self::NAMES
            .into_iter()
            .filter(move |(_, effect)| self.has(*effect))
            .map(|(name, _)| name)
    }

    /// Each single effect.
    pub fn each(self) -> impl Iterator<Item = Effects> {
        Self::NAMES
            .into_iter()
            .map(|(_, effect)| effect)
            .filter(move |&effect| self.has(effect))
    }
}

/// What one call does.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CallFacts {
    /// What a call does, known from its library's file.
    pub effects: Effects,
    /// The type of the result.
    pub returns: Option<String>,
    /// It has them only as the tag of a template that is a whole statement; what else it makes is a part of one.
    pub is_tag: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    library: Library,
    #[serde(default)]
    call: Vec<CallEntry>,
    #[serde(default)]
    class: Vec<ClassEntry>,
    #[serde(default)]
    timeout: Vec<TimeoutEntry>,
    #[serde(default)]
    object: Vec<ObjectEntry>,
}

/// One object on which a program keeps things of its own, by all names that lead to it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ObjectEntry {
    name: String,
    names: Vec<String>,
}

/// How long a call waits.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TimeoutFacts {
    /// Keyword arguments, or keys of an options object, each of which sets it.
    pub arguments: Vec<String>,
    /// The place among the positional arguments, of the value or of the options object.
    pub position: Option<usize>,
    /// What holds without it, in seconds; `None` is for ever.
    pub default: Option<f64>,
    /// How a value is written, where it is no plain number: `{ request: 10_000 }`.
    pub value: Option<String>,
    /// The package and the first number of its version since which its default is short.
    pub short_since: Option<(String, u32)>,
}

/// As the other entries, with its fields written out: those that are handed on to another type would take keys that there are not.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TimeoutEntry {
    names: Vec<Spanned<String>>,
    arguments: Vec<String>,
    position: Option<usize>,
    default: Option<f64>,
    value: Option<String>,
    short_since: Option<(String, u32)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Library {
    #[allow(dead_code, reason = "shown to people who read the file")]
    name: String,
    modules: Vec<String>,
    /// Names that every program has without an import.
    #[serde(default)]
    names: Vec<String>,
    #[serde(default)]
    default_export: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CallEntry {
    names: Vec<Spanned<String>>,
    #[serde(default)]
    effects: Vec<EffectName>,
    returns: Option<String>,
    #[serde(default)]
    tag: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClassEntry {
    name: Spanned<String>,
    #[serde(default)]
    effects: BTreeMap<String, Vec<EffectName>>,
}

/// An effect as files of libraries write it: `network`, `blocking`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EffectName(pub Effects);

impl<'de> Deserialize<'de> for EffectName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Name;
        // A visitor's error has the place of the text that it was given.
        impl de::Visitor<'_> for Name {
            type Value = EffectName;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("the name of an effect")
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<EffectName, E> {
                Effects::read_name(name).map(EffectName).map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Name)
    }
}

/// All of several effects.
pub fn all_of(names: &[EffectName]) -> Effects {
    names.iter().fold(Effects::NONE, |set, name| set.and(name.0))
}

/// Why a file of a library cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LibraryMistake {
    /// The line of the file, 1-based.
    pub line: u32,
    /// What is wrong.
    pub what: String,
}

impl fmt::Display for LibraryMistake {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "line {}: {}", self.line, self.what)
    }
}

/// One language's libraries.
#[derive(Clone, Debug, Default)]
pub struct LanguageData {
    exact: FxHashMap<String, CallFacts>,
    /// By the name before `.*`.
    any: FxHashMap<String, CallFacts>,
    /// Import names that stand for a library's first.
    aliases: FxHashMap<String, String>,
    defaults: FxHashMap<String, String>,
    modules: FxHashSet<String>,
    everywhere: FxHashSet<String>,
    timeouts: FxHashMap<String, TimeoutFacts>,
    /// By each name that leads to it.
    objects: FxHashMap<String, String>,
}

/// All that is known of libraries.
#[derive(Clone, Debug, Default)]
pub struct LibraryData {
    python: LanguageData,
    typescript: LanguageData,
}

impl LibraryData {
    /// The data that comes with the tool, read once a process. Files that do not read are reported by a test, not at run time.
    pub fn built_in() -> Arc<LibraryData> {
        static DATA: LazyLock<Arc<LibraryData>> = LazyLock::new(|| Arc::new(LibraryData::read_built_in()));
        Arc::clone(&DATA)
    }

    fn read_built_in() -> LibraryData {
        let mut data = LibraryData::default();
        for language in Language::ALL {
            let Some(dir) = BUILT_IN.get_dir(language.name()) else { continue };
            for file in dir.files() {
                if let Some(text) = file
                    .contents_utf8()
                    .filter(|_| file.path().extension().is_some_and(|ending| ending == "toml"))
                {
                    let _ = data.add(language, text);
                }
            }
        }
        data
    }

    /// Adds one library file's text. What it says of a name takes the place of what was known of that name.
    pub fn add(&mut self, language: Language, text: &str) -> Result<(), LibraryMistake> {
        let file = File::read(text)?;
        match language {
            Language::Python => self.python.add(file),
            Language::TypeScript => self.typescript.add(file),
        }
        Ok(())
    }

    /// As [`LibraryData::add`], for a file whose names must all be those of its library.
    pub fn add_own(&mut self, language: Language, text: &str) -> Result<(), LibraryMistake> {
        File::read(text)?.names_are_its_own(text)?;
        self.add(language, text)
    }

    /// A language's table.
    pub fn of(&self, language: Language) -> &LanguageData {
        match language {
            Language::Python => &self.python,
            Language::TypeScript => &self.typescript,
        }
    }
}

impl File {
    fn read(text: &str) -> Result<File, LibraryMistake> {
        toml::from_str(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            mistake(text, at, error.message())
        })
    }

    /// Every name begins with the library's first module: the others are replaced by it before anything is looked up.
    fn names_are_its_own(&self, text: &str) -> Result<(), LibraryMistake> {
        let Some(module) = self.library.modules.first() else {
            return Err(mistake(text, 0, "`modules` must name what programs import"));
        };
        let calls = self.call.iter().flat_map(|call| &call.names);
        let timeouts = self.timeout.iter().flat_map(|timeout| &timeout.names);
        let names = calls.chain(timeouts).chain(self.class.iter().map(|class| &class.name));
        let is_own = |name: &str| {
            name.strip_prefix(module)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '/']))
        };
        let Some(other) = names.into_iter().find(|name| !is_own(name.get_ref())) else {
            return Ok(());
        };
        let what = format!("`{}` must begin with the library's first module, `{module}`", other.get_ref());
        Err(mistake(text, other.span().start, &what))
    }
}

/// What is wrong at a byte of a text.
fn mistake(text: &str, at: usize, what: &str) -> LibraryMistake {
    LibraryMistake {
        line: LineIndex::new(text).line(u32::try_from(at).unwrap_or(u32::MAX)),
        // Some of the parser's messages go over several lines.
        what: what.split_whitespace().collect::<Vec<_>>().join(" "),
    }
}

impl LanguageData {
    fn add(&mut self, file: File) {
        if let Some((first, others)) = file.library.modules.split_first() {
            for other in others {
                self.aliases.insert(other.clone(), first.clone());
            }
            if let Some(default) = file.library.default_export {
                self.defaults.insert(first.clone(), default);
            }
        }
        for timeout in file.timeout {
            let facts = TimeoutFacts {
                arguments: timeout.arguments,
                position: timeout.position,
                default: timeout.default,
                value: timeout.value,
                short_since: timeout.short_since,
            };
            for name in timeout.names {
                self.timeouts.insert(name.into_inner(), facts.clone());
            }
        }
        for object in file.object {
            for name in object.names {
                self.objects.insert(name, object.name.clone());
            }
        }
        self.modules.extend(file.library.modules);
        self.everywhere.extend(file.library.names);
        // Calls after classes: the more exact entry wins.
        for class in file.class {
            for (method, effects) in class.effects {
                self.insert(&format!("{}.{method}", class.name.get_ref()), all_of(&effects), None, false);
            }
        }
        for call in file.call {
            for name in &call.names {
                self.insert(name.get_ref(), all_of(&call.effects), call.returns.as_deref(), call.tag);
            }
        }
    }

    fn insert(&mut self, name: &str, effects: Effects, returns: Option<&str>, is_tag: bool) {
        let facts = CallFacts {
            effects,
            returns: returns.map(ToOwned::to_owned),
            is_tag,
        };
        match name.strip_suffix(".*") {
            Some(prefix) => self.any.insert(prefix.to_owned(), facts),
            None => self.exact.insert(name.to_owned(), facts),
        };
    }

    /// What a call of a dotted name does.
    pub fn call(&self, name: &str) -> Option<&CallFacts> {
        self.exact.get(name).or_else(|| self.any.get(name.rsplit_once('.')?.0))
    }

    /// How long a call waits, where it is known.
    pub fn timeout(&self, name: &str) -> Option<&TimeoutFacts> {
        self.timeouts.get(name)
    }

    /// The object that a name leads to and on which a program keeps things of its own.
    pub fn object(&self, name: &str) -> Option<&str> {
        self.objects.get(name).map(String::as_str)
    }

    /// The call of a client that takes the method as an argument, which stands for any of the methods: `requests.request`.
    pub fn any_request(&self, client: &str) -> Option<String> {
        let name = format!("{client}.request");
        self.exact
            .get(&name)
            .is_some_and(|facts| facts.effects.has(Effects::NETWORK))
            .then_some(name)
    }

    /// The name by which the library knows a thing: aliases of its module replaced.
    pub fn canonical(&self, name: &str) -> String {
        let mut head = name;
        loop {
            if let Some(first) = self.aliases.get(head) {
                return format!("{first}{}", &name[head.len()..]);
            }
            match head.rfind(['.', '/']) {
                Some(cut) => head = &head[..cut],
                None => return name.to_owned(),
            }
        }
    }

    /// What a default import of a module stands for.
    pub fn default_export(&self, module: &str) -> Option<&str> {
        self.defaults.get(module).map(String::as_str)
    }

    /// Whether every program has this name without an import.
    pub fn is_everywhere(&self, name: &str) -> bool {
        self.everywhere.contains(name)
    }

    /// Whether this is a known library's import name.
    pub fn is_module(&self, module: &str) -> bool {
        self.modules.contains(module)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_library_file_reads() {
        for folder in ["python", "typescript"] {
            for file in BUILT_IN.get_dir(folder).into_iter().flat_map(Dir::files) {
                let text = file.contents_utf8().expect("UTF-8");
                LibraryData::default()
                    .add(Language::Python, text)
                    .unwrap_or_else(|error| panic!("{}: {error}", file.path().display()));
            }
        }
    }

    #[test]
    fn the_exact_name_beats_the_wildcard() {
        let mut data = LibraryData::default();
        let text = "[library]\nname = \"x\"\nmodules = [\"x\", \"x.compat\"]\n[[class]]\nname = \"x.C\"\neffects = { \"*\" = [\"network\"], \"close\" = [] }\n";
        data.add(Language::Python, text).expect("reads");
        let table = data.of(Language::Python);
        assert_eq!(table.call("x.C.get").map(|c| c.effects), Some(Effects::NETWORK));
        assert_eq!(table.call("x.C.close").map(|c| c.effects), Some(Effects::NONE));
        assert_eq!(table.canonical("x.compat.C"), "x.C");
    }
}
