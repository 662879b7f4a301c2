//! Indexes and what they serve: prefixes, uniqueness, coverage.

use super::SchemaPlace;
use crate::statement::{IndexDef, IndexKey};

/// What made an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum IndexOrigin {
    /// A declaration of its own.
    Declared,
    /// A primary key.
    Primary,
    /// A unique constraint.
    Unique,
    /// The database or the ORM indexes foreign keys by itself.
    ForeignKey,
}

/// An index with all places that define it, a model's first.
#[derive(Clone, Debug)]
pub struct Index {
    /// Name, where given.
    pub name: Option<String>,
    /// Keys in order.
    pub keys: Vec<IndexKey>,
    /// INCLUDE columns.
    pub include: Vec<String>,
    /// Whether no two rows may have equal keys.
    pub unique: bool,
    /// Method; `None` is the default B-tree.
    pub method: Option<String>,
    /// Predicate of a partial index, as written.
    pub predicate: Option<String>,
    /// What made it.
    pub origin: IndexOrigin,
    /// ON ONLY of a partitioned table.
    pub only: bool,
    /// All sources that declare or change it, in their order.
    pub places: Vec<SchemaPlace>,
}

impl Index {
    /// Whether a column of it was put together in a way that is not understood: what it is on is not known.
    pub fn is_unclear(&self) -> bool {
        let is_hole = |text: &str| {
            text.split('$')
                .skip(1)
                .any(|rest| rest.starts_with(|first: char| first.is_ascii_digit()))
        };
        self.keys.iter().any(|key| key.expression && is_hole(&key.column))
    }

    pub(super) fn new(def: &IndexDef, origin: IndexOrigin, place: SchemaPlace) -> Index {
        Index {
            name: def.name.clone(),
            keys: def.keys.clone(),
            include: def.include.clone(),
            unique: def.unique,
            method: def.method.clone(),
            predicate: def.predicate.clone().filter(|text| !text.trim().is_empty()),
            origin,
            only: def.only,
            places: vec![place],
        }
    }

    /// The plain columns it starts with, up to the first expression.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.keys.iter().take_while(|key| !key.expression).map(|key| key.column.as_str())
    }

    /// An ordered (B-tree) index.
    pub fn is_btree(&self) -> bool {
        self.method.as_deref().is_none_or(|method| matches!(method, "btree" | ""))
    }

    /// Whether its predicate holds for every row that equality on these columns finds: there is none, or it only
    /// says that one of the columns is not NULL.
    pub fn holds_for(&self, columns: &[&str]) -> bool {
        let Some(predicate) = &self.predicate else { return true };
        let text: String = predicate.to_lowercase().replace(['(', ')', '"', '`'], " ");
        let words: Vec<&str> = text.split_whitespace().collect();
        match words.as_slice() {
            [column, "is", "not", "null"] => {
                let bare = column.rsplit('.').next().unwrap_or(column);
                columns.iter().any(|name| name.eq_ignore_ascii_case(bare))
            }
            _ => false,
        }
    }

    /// Whether it is for a part of the rows of which the code does not tell which.
    pub fn is_for_unknown_rows(&self) -> bool {
        self.predicate.as_deref() == Some("?")
    }

    /// Whether its predicate asks for one of the columns, whatever it compares it with.
    pub fn is_for_rows_of(&self, columns: &[&str]) -> bool {
        let text = self.predicate.as_deref().unwrap_or_default().to_lowercase();
        let mut words = text.split(|c: char| !(c.is_alphanumeric() || c == '_'));
        words.any(|word| columns.iter().any(|column| column.eq_ignore_ascii_case(word)))
    }

    /// Whether its predicate holds for every row where columns have these literals (`deleted_at` is `NULL`, `active` is `true`) and others
    /// have some value.
    pub fn holds_where(&self, fixed: &[(&str, &str)], valued: &[&str]) -> bool {
        let Some(predicate) = &self.predicate else { return true };
        let text: String = predicate.to_lowercase().replace(['(', ')', '"', '`', ';'], " ");
        text.split(" and ").all(|part| {
            let words: Vec<&str> = part.split_whitespace().collect();
            if let [column, "is", "not", "null"] = words.as_slice() {
                let bare = column.rsplit('.').next().unwrap_or(column);
                return valued.iter().any(|name| same(name, bare));
            }
            let (column, wanted) = match words.as_slice() {
                ["not", column] => (*column, "false"),
                [column, "is" | "=", literal] => (*column, *literal),
                [column] => (*column, "true"),
                _ => return false,
            };
            let bare = column.rsplit('.').next().unwrap_or(column);
            let plain = |text: &str| text.trim_matches('\'').to_owned();
            fixed
                .iter()
                .any(|(name, literal)| same(name, bare) && plain(&literal.to_lowercase()) == plain(wanted))
        })
    }

    /// Whether it serves equality on all of the columns: they are its first keys, in any order.
    pub fn leads_with(&self, columns: &[&str]) -> bool {
        if columns.is_empty() || columns.len() > self.keys.len() || !self.holds_for(columns) {
            return false;
        }
        let hash = self.method.as_deref() == Some("hash") && self.keys.len() == columns.len();
        if !(self.is_btree() || hash) {
            return false;
        }
        let first = &self.keys[..columns.len()];
        first
            .iter()
            .all(|key| !key.expression && columns.iter().any(|name| same(name, &key.column)))
            && columns.iter().all(|name| first.iter().any(|key| same(name, &key.column)))
    }

    /// Whether equality on the columns leaves at most one row because of it.
    pub fn is_unique_within(&self, columns: &[&str]) -> bool {
        self.unique
            && !self.keys.is_empty()
            && self.holds_for(columns)
            && self
                .keys
                .iter()
                .all(|key| !key.expression && columns.iter().any(|name| same(name, &key.column)))
    }

    /// Whether every query that `other` serves is served by this one: `other`'s keys are its first keys, in order.
    pub fn covers(&self, other: &Index) -> bool {
        let same_keys = |(mine, theirs): (&IndexKey, &IndexKey)| same(&mine.column, &theirs.column) && mine.expression == theirs.expression;
        self.keys.len() >= other.keys.len()
            && !other.keys.is_empty()
            && self.keys.iter().zip(&other.keys).all(same_keys)
            && self.has_order_of(other)
            && self.method_name() == other.method_name()
            && normal(self.predicate.as_deref()) == normal(other.predicate.as_deref())
            && (self.is_btree() || self.keys.len() == other.keys.len())
            && other
                .include
                .iter()
                .all(|name| self.include.iter().any(|mine| same(mine, name)) || self.columns().any(|mine| same(mine, name)))
    }

    /// An index can be read backwards, and after equality on the keys before it the last key alone decides the order.
    fn has_order_of(&self, other: &Index) -> bool {
        let differs: Vec<bool> = self
            .keys
            .iter()
            .zip(&other.keys)
            .map(|(mine, theirs)| mine.descending != theirs.descending)
            .collect();
        let before_last = differs.split_last().map_or(&[][..], |(_, before)| before);
        before_last.iter().all(|differs| !differs) || differs.iter().all(|differs| *differs)
    }

    /// The method's name, also the default one's.
    pub fn method_name(&self) -> &str {
        self.method.as_deref().filter(|method| !method.is_empty()).unwrap_or("btree")
    }

    /// The keys as they would be written.
    pub fn key_list(&self) -> String {
        let keys: Vec<String> = self
            .keys
            .iter()
            .map(|key| {
                if key.descending {
                    format!("{} DESC", key.column)
                } else {
                    key.column.clone()
                }
            })
            .collect();
        keys.join(", ")
    }

    /// Whether a model declares it.
    pub fn in_models(&self) -> bool {
        self.places.iter().any(|place| place.kind.is_model())
    }

    /// Whether migrations or other SQL make it.
    pub fn in_migrations(&self) -> bool {
        self.places.iter().any(|place| !place.kind.is_model())
    }

    /// The first place.
    pub fn place(&self) -> Option<&SchemaPlace> {
        self.places.first()
    }
}

pub(super) fn same(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b)
}

/// A predicate of parts joined by AND, with other names for the columns that its parts begin with.
pub(super) fn with_columns(predicate: &str, rename: impl Fn(&mut String)) -> String {
    let parts = predicate.split(" AND ").map(|part| {
        let (first, rest) = part.split_once(' ').unwrap_or((part, ""));
        let mut column = first.to_owned();
        rename(&mut column);
        if rest.is_empty() { column } else { format!("{column} {rest}") }
    });
    parts.collect::<Vec<_>>().join(" AND ")
}

fn normal(predicate: Option<&str>) -> Option<String> {
    predicate.map(|text| {
        text.to_lowercase()
            .chars()
            .filter(|c| !c.is_whitespace() && !matches!(c, '(' | ')' | '"' | '`'))
            .collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_predicate_holds_where_each_of_its_parts_does() {
        let holds = |predicate: &str, fixed: &[(&str, &str)]| {
            let index = Index {
                name: None,
                keys: Vec::new(),
                include: Vec::new(),
                unique: false,
                method: None,
                predicate: Some(predicate.to_owned()),
                origin: IndexOrigin::Declared,
                only: false,
                places: Vec::new(),
            };
            index.holds_where(fixed, &["depot_id"])
        };
        assert!(holds("(deleted_at IS NULL)", &[("deleted_at", "NULL")]));
        assert!(holds(
            "deleted_at IS NULL AND active",
            &[("deleted_at", "NULL"), ("active", "true")]
        ));
        assert!(holds("state = 'open'", &[("state", "'open'")]));
        assert!(!holds("deleted_at IS NULL AND active", &[("deleted_at", "NULL")]));
        assert!(!holds("deleted_at IS NOT NULL", &[("deleted_at", "NULL")]));
        assert!(!holds("?", &[("deleted_at", "NULL")]));
    }
}
