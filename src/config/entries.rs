//! One key of a configuration file: what its value may be, and what is said of one that it may not.

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::{LEVELS, MOST_THREADS, OVERRIDE_KEYS, Override, Priorities, parse_priority};
use crate::error::{Error, nearest};
use crate::source::LineIndex;
use crate::vocabulary::{self, Vocabulary};

/// The lines of a configuration's text, for the places of its mistakes.
pub(super) struct Lines<'a> {
    file: &'a str,
    index: LineIndex,
}

impl<'a> Lines<'a> {
    pub(super) fn of(file: &'a str, text: &str) -> Lines<'a> {
        let index = LineIndex::new(text);
        Lines { file, index }
    }

    /// The file and the line of a byte of its text.
    pub(super) fn place(&self, at: usize) -> String {
        let at = u32::try_from(at).unwrap_or(u32::MAX);
        format!("{}:{}", self.file, self.index.line(at))
    }
}

/// One key of a configuration file.
pub(super) struct ConfigKey<'a> {
    lines: &'a Lines<'a>,
    /// Where it stands in the text.
    at: usize,
    pub(super) key: &'a str,
    value: &'a DeValue<'a>,
}

impl<'a> ConfigKey<'a> {
    pub(super) fn of(lines: &'a Lines<'a>, key: &'a Spanned<DeString<'a>>, value: &'a Spanned<DeValue<'a>>) -> ConfigKey<'a> {
        ConfigKey {
            lines,
            at: key.span().start,
            key: key.get_ref(),
            value: value.get_ref(),
        }
    }

    /// File and line.
    pub(super) fn place(&self) -> String {
        self.lines.place(self.at)
    }

    pub(super) fn wrong(&self, what: &str) -> Error {
        self.wrong_at(self.at, what)
    }

    /// What is wrong with a part of the value, which stands at another line.
    fn wrong_at(&self, at: usize, what: &str) -> Error {
        Error::new(format!("{}: `{}`", self.lines.place(at), self.key), what)
    }

    pub(super) fn string(&self) -> Result<&'a str, Error> {
        self.value.as_str().ok_or_else(|| self.wrong("must be a string"))
    }

    pub(super) fn strings(&self) -> Result<Vec<String>, Error> {
        const WHAT: &str = "must be a list of strings";
        let items = self.value.as_array().ok_or_else(|| self.wrong(WHAT))?;
        let texts = items.iter().map(|item| {
            let text = item.get_ref().as_str().map(str::to_owned);
            text.ok_or_else(|| self.wrong_at(item.span().start, WHAT))
        });
        texts.collect()
    }

    pub(super) fn priorities(&self) -> Result<Priorities, Error> {
        let table = self.value.as_table().ok_or_else(|| self.wrong("must be a table of rules"))?;
        let rules = table.iter().map(|(rule, value)| {
            let wrong = |what: &str| self.wrong_at(rule.span().start, what);
            let rule = rule.get_ref();
            let text = value.get_ref().as_str();
            let text = text.ok_or_else(|| wrong(&format!("`{rule}` must be a string")))?;
            let priority = choice(text, &LEVELS).map_err(|error| wrong(&error))?;
            Ok((rule.to_string(), priority))
        });
        rules.collect()
    }

    pub(super) fn overrides(&self) -> Result<Vec<Override>, Error> {
        const WHAT: &str = "must be a list of tables: `[[overrides]]`";
        let tables = self.value.as_array().ok_or_else(|| self.wrong(WHAT))?;
        let each = tables.iter().map(|table| {
            let at = table.span().start;
            let inner = table.get_ref().as_table().ok_or_else(|| self.wrong_at(at, WHAT))?;
            self.one_override(at, inner)
        });
        each.collect()
    }

    fn one_override(&self, at: usize, table: &DeTable<'_>) -> Result<Override, Error> {
        let mut out = Override::default();
        for (key, value) in table {
            let entry = ConfigKey::of(self.lines, key, value);
            match entry.key.replace('_', "-").as_str() {
                "paths" => out.paths = entry.strings()?,
                "skip" => out.skip = entry.strings()?,
                "priorities" => out.priorities = entry.priorities()?,
                "max-priority" => out.max_priority = Some(parse_priority(entry.string()?).map_err(|error| entry.wrong(&error))?),
                _ => return Err(Error::unknown(entry.place(), "key of `overrides`", entry.key, &OVERRIDE_KEYS)),
            }
        }
        if out.paths.is_empty() {
            return Err(self.wrong_at(at, "each needs `paths`"));
        }
        Ok(out)
    }

    /// The lists of `[words]`, each under its key.
    pub(super) fn words(&self) -> Result<Vocabulary, Error> {
        let table = self.value.as_table().ok_or_else(|| self.wrong("must be a table of lists"))?;
        let keys = vocabulary::KEYS.map(|(key, _)| key);
        let mut out = Vocabulary::default();
        for (key, value) in table {
            let entry = ConfigKey::of(self.lines, key, value);
            let name = entry.key.replace('_', "-");
            let Some((_, list)) = vocabulary::KEYS.iter().find(|(known, _)| *known == name) else {
                return Err(Error::unknown(entry.place(), "key of `words`", entry.key, &keys));
            };
            out.add(*list, &entry.strings()?)
                .map_err(|word| entry.wrong(&format!("`{word}` has no letter or digit")))?;
        }
        Ok(out)
    }

    pub(super) fn bool(&self) -> Result<bool, Error> {
        self.value.as_bool().ok_or_else(|| self.wrong("must be true or false"))
    }

    pub(super) fn count(&self) -> Result<usize, Error> {
        let number = self.value.as_integer();
        let count = number.and_then(|number| i64::from_str_radix(number.as_str(), number.radix()).ok());
        count
            .filter(|count| (0..=MOST_THREADS).contains(count))
            .and_then(|count| usize::try_from(count).ok())
            .ok_or_else(|| self.wrong("must be a number from 0 to 1024"))
    }
}

pub(super) fn choice<T: Copy>(text: &str, choices: &[(&str, T)]) -> Result<T, String> {
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
