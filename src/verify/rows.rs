//! Made-up rows: what is known of a column's values decides how many there are.

use std::collections::{BTreeMap, BTreeSet};

use super::engine::{MadeIndex, TableLoad};
use crate::analysis::indexes::needs::each_statement;
use crate::judge::columns::{is_few_valued, is_identifying, is_tenant};
use crate::judge::scale::{self, Scale};
use crate::project::Project;
use crate::project::schema::{Column, IndexOrigin, Table};
use crate::render::ddl::Writer;
use crate::render::types::{ColumnType, ValueClass, target};
use crate::statement::{Dialect, FilterKind};
use crate::syntax::sql::expression::literals;

/// Children of one parent.
const CHILDREN: u64 = 10;
/// Tenants, and rows of a table that holds few.
pub(super) const TENANTS: u64 = 20;
/// Rows that share a value, where nothing is known.
const SHARING: u64 = 5;
/// Rows that share a value (and children of one parent) in the second try: advice that the first data refuted is asked about again with
/// skewed data, and is demoted, not refuted, if it pays there.
pub(super) const CROWD: u64 = 1_000;
/// Values of a column of few, besides those of the code.
const OTHERS: u64 = 3;
/// Literals of the code that a column is made of.
const MAX_LITERALS: usize = 12;
/// The longest of them, in bytes: what is longer says no more of a column, and takes its length in each of the rows.
const LONGEST_LITERAL: usize = 64;
/// Values that a table is made of, rows times columns: a wide table has fewer rows.
const MAX_CELLS: u64 = 5_000_000;
/// Of so many rows one has a literal of the code, where the column has many values.
const RARE: u64 = 100;
/// A unique key must be able to have so many times as many values as there are rows.
const ROOM: u64 = 4;
/// Unique keys that rows are made for.
const MAX_KEYS: usize = 6;

/// What the answers rest on.
pub(super) fn assumptions() -> Vec<String> {
    vec![
        format!(
            "Each table has {} rows; where the gain is under {} times, {} rows decide.",
            super::FEW_ROWS,
            super::CLEAR,
            super::MANY_ROWS
        ),
        format!("A parent has {CHILDREN} children, a tenant and a parent of few a {TENANTS}th of the rows."),
        format!("A column of few values has those that the code names and {OTHERS} more, one of flags is true in a quarter of the rows."),
        format!("Of other columns {SHARING} rows share a value, and one row in {RARE} has one that the code names."),
        "A column that can be NULL is so in a fifth of the rows, one that the code compares with NULL in a half.".to_owned(),
        format!("What is refuted so is asked about again with {CROWD} rows that share a value, and is demoted where it pays then."),
        "A moment that is never NULL rises with the rows; all other values are spread evenly and independently of each other.".to_owned(),
    ]
}

/// What the code compares columns with.
#[derive(Debug, Default)]
pub(super) struct ComparedValues {
    /// Many rows share a value, and many children a parent.
    pub is_crowded: bool,
    literals: BTreeMap<(usize, String), Vec<String>>,
}

impl ComparedValues {
    pub(super) fn of(project: &Project) -> ComparedValues {
        let mut plan = ComparedValues::default();
        each_statement(project, &mut |view| {
            for filter in &view.statement.filters {
                let is_value = matches!(filter.kind, FilterKind::Equality | FilterKind::In | FilterKind::Negative);
                let (Some(text), Some((table, column)), true) = (&filter.literal, view.column(&filter.column), is_value) else {
                    continue;
                };
                let known = plan.literals.entry((table, column.name.clone())).or_default();
                for one in literals(text).into_iter().flatten() {
                    if known.len() < MAX_LITERALS && one.len() <= LONGEST_LITERAL && !known.contains(&one) {
                        known.push(one);
                    }
                }
            }
        });
        plan.literals.values_mut().for_each(|all| all.sort());
        plan
    }

    fn of_column(&self, table: usize, column: &str) -> &[String] {
        self.literals.get(&(table, column.to_owned())).map_or(&[], Vec::as_slice)
    }
}

/// The statements that make a table with rows; `None` where it cannot be made.
pub(super) fn load(project: &Project, writer: &Writer<'_>, plan: &ComparedValues, at: usize, rows: u64) -> Option<TableLoad> {
    let table = project.schema.tables.get(at)?;
    if writer.refusal(at).is_some() {
        return None;
    }
    let unique = unique(table);
    let mut filler = Filler {
        project,
        writer,
        plan,
        at,
        table,
        rows: rows_of(project, at, rows),
        keys: keys(table, &unique),
        unique,
        widened: BTreeSet::new(),
    };
    filler.widened = filler.to_widen();
    let name = writer.name(table);
    Some(TableLoad {
        table: at,
        create: filler.create(&name),
        fill: filler.fill(&name),
        indexes: filler.indexes(),
        name,
    })
}

/// The rows that a table is made with, where a table of unknown size has so many.
pub(super) fn rows_of(project: &Project, at: usize, rows: u64) -> u64 {
    let known = project.sizes.as_ref().and_then(|sizes| sizes.rows(at));
    let rows = known.map_or(rows, |known| known.clamp(1, super::MANY_ROWS));
    let columns = project.schema.tables.get(at).map_or(1, |table| table.columns.len().max(1));
    rows.min((MAX_CELLS / columns as u64).max(1))
}

struct Filler<'f> {
    project: &'f Project,
    writer: &'f Writer<'f>,
    plan: &'f ComparedValues,
    at: usize,
    table: &'f Table,
    rows: u64,
    /// Columns that are unique alone.
    unique: BTreeSet<String>,
    /// The columns of each key of several that must be unique and that no column alone makes so.
    keys: Vec<Vec<String>>,
    /// Columns that have as many values as there are rows, so that a key of several leaves enough of them.
    widened: BTreeSet<String>,
}

/// Columns that are unique alone.
fn unique(table: &Table) -> BTreeSet<String> {
    let all = table
        .indexes
        .iter()
        .filter(|index| index.predicate.is_none() && index.keys.len() == 1);
    let names = all.flat_map(|index| index.columns().map(move |name| (index, name)));
    names
        .filter(|(index, name)| index.is_unique_within(&[*name]))
        .filter_map(|(_, name)| table.column(name).map(|column| column.name.clone()))
        .collect()
}

fn keys(table: &Table, unique: &BTreeSet<String>) -> Vec<Vec<String>> {
    let all = table.indexes.iter().filter(|index| index.unique && index.predicate.is_none());
    let mut seen = BTreeSet::new();
    all.filter_map(|index| {
        let columns = index.columns().filter_map(|name| table.column(name));
        let names: Vec<String> = columns.map(|column| column.name.clone()).collect();
        let is_key = names.len() > 1 && names.len() == index.keys.len() && !names.iter().any(|name| unique.contains(name));
        (is_key && seen.insert(names.clone())).then_some(names)
    })
    .collect()
}

/// How the values of a column are spread over the rows.
enum Spread {
    /// One for each row.
    Own,
    /// One of so many numbers.
    Among(u64),
    /// Literals, and so many other values.
    Few(Vec<String>, u64),
    /// Mostly one of so many, now and then a literal.
    Rarely(Vec<String>, u64),
    /// In the order of the rows.
    Order,
}

impl Filler<'_> {
    fn columns(&self) -> impl Iterator<Item = (&Column, ColumnType)> {
        let mut seen = BTreeSet::new();
        let own = self
            .table
            .columns
            .iter()
            .filter(move |column| !column.name.is_empty() && seen.insert(column.name.to_lowercase()));
        own.filter_map(|column| Some((column, scratch(self.writer.types.get(self.at, &column.name)?))))
    }

    fn create(&self, name: &str) -> String {
        let columns: Vec<String> = self
            .columns()
            .map(|(column, known)| format!("{} {}", self.writer.column(&column.name), known.text))
            .collect();
        // What need not survive leaves no log, which would be as large again.
        let kind = if self.writer.dialect == Dialect::Postgres {
            "UNLOGGED "
        } else {
            ""
        };
        format!("CREATE {kind}TABLE {name} ({})", columns.join(", "))
    }

    fn fill(&self, name: &str) -> String {
        let (mut names, mut values) = (Vec::new(), Vec::new());
        for (number, (column, known)) in self.columns().enumerate() {
            names.push(self.writer.column(&column.name));
            values.push(format!(
                "{} AS {}",
                self.value(number, column, &known),
                self.writer.column(&column.name)
            ));
        }
        let series = match self.writer.dialect {
            Dialect::Sqlite => format!(
                "WITH RECURSIVE s (g) AS (SELECT 1 UNION ALL SELECT g + 1 FROM s WHERE g < {}) ",
                self.rows
            ),
            _ => format!("WITH s (g) AS (SELECT * FROM generate_series(1::bigint, {})) ", self.rows),
        };
        let mut from = format!("SELECT g AS perfaudit_g, {} FROM s", values.join(", "));
        for key in self.keys.iter().take(MAX_KEYS) {
            let columns: Vec<String> = key.iter().map(|name| self.writer.column(name)).collect();
            let list = columns.join(", ");
            from = format!(
                "SELECT * FROM (SELECT row_number() OVER (PARTITION BY {list} ORDER BY perfaudit_g) AS perfaudit_n{}, k.* FROM ({from}) AS k) AS k WHERE perfaudit_n{} = 1",
                key.len(),
                key.len()
            );
            // The number of the row among equal ones is no column of the next step.
            from = format!("SELECT perfaudit_g, {} FROM ({from}) AS k", names.join(", "));
        }
        let list = names.join(", ");
        format!("INSERT INTO {name} ({list}) {series}SELECT {list} FROM ({from}) AS k ORDER BY perfaudit_g")
    }

    fn indexes(&self) -> Vec<MadeIndex> {
        let mut out = Vec::new();
        let key = self.writer.primary_key(self.at, self.table);
        for (number, index) in self.table.indexes.iter().enumerate() {
            let name = format!("perfaudit_{}_{number}", self.at);
            let Ok(create) = self.writer.index(self.at, index, Some(&name)) else {
                continue;
            };
            out.push(MadeIndex {
                at: Some(number),
                plain: create.replacen("CREATE UNIQUE INDEX", "CREATE INDEX", 1),
                create,
                name,
            });
        }
        let has_primary = self.table.indexes.iter().any(|index| index.origin == IndexOrigin::Primary);
        if let Some(columns) = key.filter(|_| !has_primary) {
            let list: Vec<String> = columns.iter().map(|name| self.writer.column(name)).collect();
            let name = format!("perfaudit_{}_key", self.at);
            let tail = format!("INDEX {name} ON {} ({})", self.writer.name(self.table), list.join(", "));
            out.push(MadeIndex {
                at: None,
                create: format!("CREATE UNIQUE {tail}"),
                plain: format!("CREATE {tail}"),
                name,
            });
        }
        out
    }

    /// An expression over the row's number `g`.
    fn value(&self, number: usize, column: &Column, known: &ColumnType) -> String {
        let spread = self.spread(column, known);
        let salt = (number as u64 + 1) * 7_919 + self.at as u64 * 104_729;
        let mixed = mixed("g", salt);
        let of = |number: &str| self.of_number(known, number);
        let value = match &spread {
            Spread::Own | Spread::Order => of("g"),
            Spread::Among(count) => of(&format!("({mixed} % {count} + 1)")),
            Spread::Few(given, others) => {
                let all = given.len() as u64 + others;
                let whens: Vec<String> = given
                    .iter()
                    .enumerate()
                    .map(|(at, one)| format!("WHEN {at} THEN {}", self.cast(one, known)))
                    .collect();
                let other = of(&format!("({mixed} % {all})"));
                if whens.is_empty() {
                    other
                } else {
                    format!("CASE {mixed} % {all} {} ELSE {other} END", whens.join(" "))
                }
            }
            Spread::Rarely(given, count) => {
                let all = RARE * given.len() as u64;
                let whens: Vec<String> = given
                    .iter()
                    .enumerate()
                    .map(|(at, one)| format!("WHEN {} THEN {}", at as u64 * RARE, self.cast(one, known)))
                    .collect();
                format!(
                    "CASE {mixed} % {all} {} ELSE {} END",
                    whens.join(" "),
                    of(&format!("({} % {count} + 1)", self::mixed("g", salt + 1)))
                )
            }
        };
        match self.null_share(column, &spread) {
            0 => value,
            share => format!("CASE WHEN {} % 10 < {share} THEN NULL ELSE {value} END", self::mixed("g", salt + 2)),
        }
    }

    fn spread(&self, column: &Column, known: &ColumnType) -> Spread {
        let spread = self.usual(column, known);
        match spread {
            Spread::Among(count) if known.class != ValueClass::Boolean && self.widened.contains(&column.name) => {
                Spread::Among(count.max(self.rows))
            }
            other => other,
        }
    }

    /// The columns without which a key of several would leave few rows, were they not to have as many values as there are rows: the last
    /// of each key that can.
    fn to_widen(&self) -> BTreeSet<String> {
        let known: BTreeMap<&str, (u64, bool)> = self
            .columns()
            .map(|(column, known)| (column.name.as_str(), self.room(column, &known)))
            .collect();
        let last_of = |key: &Vec<String>| {
            let own: Vec<(&String, (u64, bool))> = key.iter().filter_map(|name| Some((name, *known.get(name.as_str())?))).collect();
            let all = own.iter().fold(1_u64, |all, (_, (count, _))| all.saturating_mul(*count));
            let last = own.iter().rev().find(|(_, (_, can))| *can);
            last.filter(|_| all < self.rows.saturating_mul(ROOM))
                .map(|(name, _)| (*name).clone())
        };
        self.keys.iter().filter_map(last_of).collect()
    }

    /// How many values a column has, and whether it can have more.
    fn room(&self, column: &Column, known: &ColumnType) -> (u64, bool) {
        match self.usual(column, known) {
            Spread::Among(_) if known.class == ValueClass::Boolean => (2, false),
            Spread::Among(count) | Spread::Rarely(_, count) => (count, true),
            Spread::Few(given, others) => (given.len() as u64 + others, false),
            Spread::Own | Spread::Order => (self.rows, true),
        }
    }

    fn usual(&self, column: &Column, known: &ColumnType) -> Spread {
        let given = self.plan.of_column(self.at, &column.name);
        let fits = |one: &&String| one.as_str() != "NULL" && fits(one, known);
        let given: Vec<String> = given.iter().filter(fits).cloned().collect();
        if self.unique.contains(&column.name) {
            return Spread::Own;
        }
        if let Some(count) = self.parents(&column.name) {
            return Spread::Among(count);
        }
        match known.class {
            ValueClass::Boolean => Spread::Among(4),
            _ if is_few_valued(self.table, column) || given.len() > 1 => Spread::Few(given, OTHERS),
            ValueClass::Moment if !column.nullable => Spread::Order,
            _ => {
                let sharing = match () {
                    () if is_identifying(&column.name) => 1,
                    () if self.plan.is_crowded => CROWD,
                    () => SHARING,
                };
                let count = if is_tenant(&column.name) {
                    TENANTS
                } else {
                    (self.rows / sharing).max(1)
                };
                if given.is_empty() {
                    Spread::Among(count)
                } else {
                    Spread::Rarely(given, count)
                }
            }
        }
    }

    /// How many parents the rows have, where the column is the key of one.
    fn parents(&self, column: &str) -> Option<u64> {
        let is_few = has_few_parents(self.project, self.table, column)?;
        let children = if self.plan.is_crowded { CROWD } else { CHILDREN };
        let count = if is_few { TENANTS } else { (self.rows / children).max(1) };
        Some(count.min(self.rows))
    }

    /// Of ten rows so many are NULL.
    fn null_share(&self, column: &Column, spread: &Spread) -> u64 {
        let is_key = matches!(spread, Spread::Own) || self.table.primary_key.contains(&column.name);
        let is_asked = self.plan.of_column(self.at, &column.name).iter().any(|one| one == "NULL");
        match (is_key, is_asked) {
            (true, _) => 0,
            (_, true) => 5,
            _ if column.nullable => 2,
            _ => 0,
        }
    }

    fn cast(&self, literal: &str, known: &ColumnType) -> String {
        match self.writer.dialect {
            Dialect::Sqlite => literal.to_owned(),
            _ => format!("CAST({literal} AS {})", known.text),
        }
    }

    /// The value of a type that a number stands for: the same in a key and in what points to it.
    fn of_number(&self, known: &ColumnType, number: &str) -> String {
        if self.writer.dialect == Dialect::Sqlite {
            return match known.class {
                ValueClass::Integer | ValueClass::Number | ValueClass::Span => number.to_owned(),
                ValueClass::Boolean => format!("({number} % 4 = 0)"),
                ValueClass::Moment => format!("datetime(1600000000 + {number} * 997, 'unixepoch')"),
                ValueClass::Day => format!("date(1400000000 + ({number} % 4000) * 86400, 'unixepoch')"),
                _ => format!("'v' || {number}"),
            };
        }
        let one = match known.class {
            ValueClass::Integer if known.text == "smallint" => format!("({number} % 32000)::smallint"),
            ValueClass::Integer => format!("{number}::{}", base(&known.text)),
            ValueClass::Number => format!("{number}::{}", base(&known.text)),
            ValueClass::Text => format!("('v' || {number})"),
            ValueClass::Boolean => format!("({number} % 4 = 0)"),
            ValueClass::Moment => format!("({}'2020-09-13' + {number} * interval '997 seconds')", base(&known.text)),
            ValueClass::Day => format!("(date '2014-05-13' + ({number} % 4000)::integer)"),
            ValueClass::Clock => format!("(time '00:00' + ({number} % 86400) * interval '1 second')::{}", base(&known.text)),
            ValueClass::Span => format!("({number} * interval '1 second')"),
            ValueClass::Uuid => format!("md5('u' || {number})::uuid"),
            ValueClass::Json => format!("('{{\"k\": ' || {number} || '}}')::{}", base(&known.text)),
            ValueClass::Bytes => format!("decode(md5('b' || {number}), 'hex')"),
            ValueClass::Search => format!("('w' || {number})::tsvector"),
            ValueClass::Address => format!("(inet '10.0.0.0' + {number} % 16000000)::{}", base(&known.text)),
            ValueClass::Other => format!("NULL::{}", base(&known.text)),
        };
        if known.is_array { format!("ARRAY[{one}]") } else { one }
    }
}

/// Whether few parents share the rows, where a column is the key of one: tenants, or rows of a table that holds few.
pub(super) fn has_few_parents(project: &Project, table: &Table, column: &str) -> Option<bool> {
    let mut keys = table.foreign_keys.iter();
    let is_it = |own: &String| table.column_name(own) == column;
    let key = keys.find(|key| key.columns.len() == 1 && key.columns.first().is_some_and(is_it))?;
    let parent = target(&project.schema, key).map(|(at, _)| scale::of_table(project, at).scale);
    Some(is_tenant(column) || matches!(parent, Some(Scale::Few | Scale::One)))
}

/// The type of one value.
fn base(text: &str) -> &str {
    text.trim_end_matches("[]")
}

/// A number that looks as if it came by chance, from a row's number.
fn mixed(row: &str, salt: u64) -> String {
    let (factor, more) = (48_271 + salt * 2 % 1_000_003, salt * 31 % 999_983);
    format!("(({row} * {factor} + {more}) % 1000000007 * 69621 % 998244353)")
}

/// A type for made-up values: as wide as they need, and one that is always there.
fn scratch(known: &ColumnType) -> ColumnType {
    let plain = |text: &str| if known.is_array { format!("{text}[]") } else { text.to_owned() };
    let word = known.text.split('(').next().unwrap_or_default().trim();
    let text = match known.class {
        ValueClass::Text if word != "text" => plain("text"),
        ValueClass::Number if word == "numeric" => plain("numeric"),
        ValueClass::Integer if word == "bigserial" => plain("bigint"),
        ValueClass::Integer if word.ends_with("serial") => plain("integer"),
        ValueClass::Integer if word == "smallint" => plain("integer"),
        ValueClass::Moment => plain(base(word)),
        _ => known.text.clone(),
    };
    ColumnType { text, ..known.clone() }
}

/// Whether a literal is one of a type.
fn fits(literal: &str, known: &ColumnType) -> bool {
    let text = literal.trim_matches('\'');
    let is_text = literal.starts_with('\'');
    match known.class {
        _ if known.is_array => false,
        ValueClass::Text => is_text,
        ValueClass::Integer => text.parse::<i32>().is_ok(),
        ValueClass::Number => text.parse::<f64>().is_ok(),
        _ => false,
    }
}
