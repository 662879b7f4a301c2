//! The conditions of a statement.

use super::{Approximation, BindComparison, Writer};
use crate::advice::index::quoted;
use crate::statement::{ColumnUse, Dialect, End, Filter, FilterKind};
use crate::syntax::sql::expression::literals;

/// Values that a list is written with: how many a program gives is not known.
const LIST: u8 = 3;

impl<'a> Writer<'_, 'a> {
    /// A column as the statement names it; what is no column of the schema is marked.
    pub(super) fn column(&mut self, used: &ColumnUse) -> Option<String> {
        let at = self.view.place(used);
        let Some((_, column)) = self.view.column(used) else {
            self.mark(Approximation::Column);
            return None;
        };
        let name = quoted(&column.name, self.dialect);
        let alias = at
            .filter(|_| self.view.statement.tables.len() > 1)
            .and_then(|at| self.aliases.get(at));
        Some(alias.map_or(name.clone(), |alias| format!("{alias}.{name}")))
    }

    /// The columns that it compares with one value each.
    pub(super) fn equal_columns(&self) -> Vec<&'a str> {
        let filters = self.view.statement.filters.iter();
        filters
            .filter(|filter| !filter.optional && filter.kind == FilterKind::Equality && filter.literal.as_deref() != Some("NULL"))
            .filter_map(|filter| self.view.column(&filter.column).map(|(_, column)| column.name.as_str()))
            .collect()
    }

    /// WHERE with all that is known to hold.
    pub(super) fn conditions(&mut self) {
        let statement = self.view.statement;
        let mut is_first = true;
        match self.view.owner_key() {
            Some(column) => {
                self.and(&mut is_first);
                let alias = self.aliases.first().filter(|_| statement.tables.len() > 1);
                let prefix = alias.map_or(String::new(), |alias| format!("{alias}."));
                self.text(format!("{prefix}{} = ", quoted(&column, self.dialect)));
                self.value(self.view.tables.first().copied().flatten(), &column, BindComparison::Equal(0));
            }
            None if self.view.has_owner() => self.mark(Approximation::Owner),
            None => {}
        }
        for filter in statement.filters.iter().filter(|filter| !filter.optional) {
            self.condition(filter, &mut is_first);
        }
        if statement.filters.iter().any(|filter| filter.optional) && !self.either(&mut is_first) {
            self.mark(Approximation::Optional);
        }
    }

    fn and(&mut self, is_first: &mut bool) {
        self.text(if *is_first { " WHERE " } else { " AND " });
        *is_first = false;
    }

    fn condition(&mut self, filter: &Filter, is_first: &mut bool) {
        let skipped = match filter.kind {
            FilterKind::Function | FilterKind::Folded => Some(Approximation::Function),
            FilterKind::Other => Some(Approximation::Operator),
            _ => None,
        };
        if let Some(what) = skipped {
            return self.mark(what);
        }
        let Some(name) = self.column(&filter.column) else { return };
        self.and(is_first);
        self.compare(filter, &name);
    }

    fn compare(&mut self, filter: &Filter, name: &str) {
        let known = self.view.column(&filter.column);
        let (table, column) = known.map_or((None, String::new()), |(table, column)| (Some(table), column.name.clone()));
        let given = filter.literal.as_deref().and_then(literals).filter(|list| !list.is_empty());
        let given = given.map(|list| list.iter().map(|one| self.fitting(filter, one)).collect::<Vec<_>>());
        match (filter.kind, given.as_deref()) {
            (FilterKind::Equality | FilterKind::In, Some([null])) if null == "NULL" => self.text(format!("{name} IS NULL")),
            (FilterKind::Negative, Some([null])) if null == "NULL" => self.text(format!("{name} IS NOT NULL")),
            (FilterKind::Equality | FilterKind::In, Some([one])) => self.text(format!("{name} = {one}")),
            (FilterKind::Equality | FilterKind::In, Some(many)) => self.text(format!("{name} IN ({})", many.join(", "))),
            (FilterKind::Negative, Some([one])) => self.text(format!("{name} <> {one}")),
            (FilterKind::Negative, Some(many)) => self.text(format!("{name} NOT IN ({})", many.join(", "))),
            (FilterKind::In, None) => {
                self.text(format!("{name} IN ("));
                for number in 0..LIST {
                    self.text(if number > 0 { ", " } else { "" });
                    self.value(table, &column, BindComparison::Equal(number));
                }
                self.text(")");
            }
            (FilterKind::Range, _) => self.range(filter, name, (table, &column)),
            (kind, _) => {
                let (operator, how) = match kind {
                    FilterKind::Prefix => ("LIKE", BindComparison::Prefix),
                    FilterKind::Pattern => ("LIKE", BindComparison::Pattern),
                    FilterKind::Negative => ("<>", BindComparison::Equal(0)),
                    _ => ("=", BindComparison::Equal(0)),
                };
                if kind == FilterKind::Pattern {
                    self.mark(Approximation::Pattern);
                }
                self.text(format!("{name} {operator} "));
                self.value(table, &column, how);
            }
        }
    }

    /// A literal as the column's type takes it: the code of a library may write `0` for false, or a number for a text.
    fn fitting(&self, filter: &Filter, literal: &str) -> String {
        let kind = self.view.column(&filter.column).map_or("", |(_, column)| column.data_type.as_str());
        let is_boolean = kind.starts_with("bool") || kind == "tinyint(1)";
        match (literal, self.dialect) {
            ("true" | "false", Dialect::Sqlite) => u8::from(literal == "true").to_string(),
            ("0" | "1", Dialect::Postgres | Dialect::Generic) if is_boolean => (literal == "1").to_string(),
            _ => literal.to_owned(),
        }
    }

    fn range(&mut self, filter: &Filter, name: &str, (table, column): (Option<usize>, &str)) {
        match filter.end {
            Some(End::Both) => {
                self.text(format!("{name} BETWEEN "));
                self.value(table, column, BindComparison::Above);
                self.text(" AND ");
                self.value(table, column, BindComparison::Below);
            }
            Some(End::Upper) => {
                self.text(format!("{name} < "));
                self.value(table, column, BindComparison::Below);
            }
            other => {
                if other.is_none() {
                    self.mark(Approximation::Bound);
                }
                self.text(format!("{name} > "));
                self.value(table, column, BindComparison::Above);
            }
        }
    }

    /// An OR of which each side is known; `false` where conditions are left over.
    fn either(&mut self, is_first: &mut bool) -> bool {
        let statement = self.view.statement;
        let optional: Vec<&Filter> = statement.filters.iter().filter(|filter| filter.optional).collect();
        let [either] = statement.either.as_slice() else { return false };
        let named: Vec<&ColumnUse> = either.sides.iter().flatten().collect();
        let is_plain = |filter: &&Filter| filter.kind == FilterKind::Equality && filter.literal.is_none();
        let is_whole = optional.len() == named.len()
            && optional.iter().all(is_plain)
            && optional.iter().zip(&named).all(|(filter, column)| filter.column == **column);
        if !is_whole || named.is_empty() {
            return false;
        }
        self.and(is_first);
        self.text("(");
        for (number, side) in either.sides.iter().enumerate() {
            self.text(if number > 0 { " OR " } else { "" });
            for (at, used) in side.iter().enumerate() {
                self.text(if at > 0 { " AND " } else { "" });
                let Some(name) = self.column(used) else {
                    self.text("TRUE");
                    continue;
                };
                let known = self.view.column(used).map(|(table, column)| (table, column.name.clone()));
                self.text(format!("{name} = "));
                let (table, column) = known.map_or((None, String::new()), |(table, column)| (Some(table), column));
                self.value(table, &column, BindComparison::Equal(0));
            }
        }
        self.text(")");
        true
    }
}
