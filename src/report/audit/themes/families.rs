//! The families of causes: data in `templates/themes.toml`.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::Deserialize;

use crate::finding::Repeats;

const TEXT: &str = include_str!("../../../../templates/themes.toml");

/// A family of causes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Family {
    /// The theme's title.
    pub title: String,
    /// Ids of the rules whose findings belong to it.
    pub rules: Vec<String>,
    /// Of them, those findings only that repeat this.
    #[serde(default)]
    pub repeats: Option<Repeats>,
    /// Why it costs.
    pub why: String,
}

impl Family {
    /// Whether a finding of a rule that repeats this belongs here.
    pub fn takes(&self, rule: &str, repeats: Repeats) -> bool {
        self.rules.iter().any(|own| own == rule) && self.repeats.is_none_or(|own| own == repeats)
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Texts {
    theme: Vec<Family>,
    /// One and many.
    strengths: BTreeMap<String, (String, String)>,
    features: BTreeMap<String, String>,
}

fn texts() -> &'static Texts {
    static TEXTS: OnceLock<Texts> = OnceLock::new();
    // A test reads it; without it everything is one theme.
    TEXTS.get_or_init(|| toml::from_str(TEXT).unwrap_or_default())
}

/// The families in their order.
pub fn all() -> &'static [Family] {
    &texts().theme
}

/// What a number of strengths of a kind says, without the number; `None` for a kind without words.
pub fn strength(kind: &str, number: usize) -> Option<&'static str> {
    let (one, many) = texts().strengths.get(kind)?;
    Some(if number == 1 { one } else { many })
}

/// What an application has registered, as a clause.
pub fn feature(kind: &str) -> Option<&'static str> {
    texts().features.get(kind).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_belongs_to_one_theme() {
        toml::from_str::<Texts>(TEXT).expect("themes");
        for rule in crate::engine::registry::ids() {
            for repeats in [Repeats::Relation, Repeats::Statement, Repeats::Call] {
                let taken = all().iter().filter(|family| family.takes(rule, repeats)).count();
                assert_eq!(taken, 1, "themes of {rule} as {repeats:?}");
            }
        }
        for family in all() {
            assert!(family.rules.is_sorted(), "{}", family.title);
            let known = crate::engine::registry::ids();
            assert!(family.rules.iter().all(|rule| known.contains(&rule.as_str())), "{:?}", family.rules);
        }
    }
}
