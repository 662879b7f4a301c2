//! One key of a configuration file: what its value may be, and what is said of one that it may not.

use super::{LEVELS, MOST_THREADS, OVERRIDE_KEYS, Override, Priorities, parse_priority};
use crate::error::{Error, nearest};
use crate::vocabulary::{self, Vocabulary};

/// One key of a configuration file.
pub(super) struct Entry<'a> {
    pub(super) file: &'a str,
    pub(super) key: &'a str,
    pub(super) value: &'a toml::Value,
}

impl<'a> Entry<'a> {
    pub(super) fn wrong(&self, what: &str) -> Error {
        Error::new(format!("{}: `{}`", self.file, self.key), what)
    }

    pub(super) fn string(&self) -> Result<&'a str, Error> {
        self.value.as_str().ok_or_else(|| self.wrong("must be a string"))
    }

    pub(super) fn strings(&self) -> Result<Vec<String>, Error> {
        let wrong = || self.wrong("must be a list of strings");
        let items = self.value.as_array().ok_or_else(wrong)?;
        items
            .iter()
            .map(|item| item.as_str().map(str::to_owned).ok_or_else(wrong))
            .collect()
    }

    pub(super) fn priorities(&self) -> Result<Priorities, Error> {
        let table = self.value.as_table().ok_or_else(|| self.wrong("must be a table of rules"))?;
        let rules = table.iter().map(|(rule, value)| {
            let text = value.as_str().ok_or_else(|| self.wrong(&format!("`{rule}` must be a string")))?;
            let priority = choice(text, &LEVELS).map_err(|error| self.wrong(&error))?;
            Ok((rule.clone(), priority))
        });
        rules.collect()
    }

    pub(super) fn overrides(&self) -> Result<Vec<Override>, Error> {
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
    pub(super) fn words(&self) -> Result<Vocabulary, Error> {
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

    pub(super) fn bool(&self) -> Result<bool, Error> {
        self.value.as_bool().ok_or_else(|| self.wrong("must be true or false"))
    }

    pub(super) fn count(&self) -> Result<usize, Error> {
        let count = self.value.as_integer().filter(|count| (0..=MOST_THREADS).contains(count));
        count
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
