//! How many rows a table, a query or a loop has, as a class with its reason. What is known comes first (counts of the
//! database, limits, keys), then who adds the rows, then whose they are; what names suggest comes last.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::bounds::{self, ReadBound};
use super::columns;
use crate::ir::ExprId;
use crate::libraries::entries::Often;
use crate::libraries::shared::query::Query;
use crate::libraries::shared::value::FileId;
use crate::project::eval::Evaluator;
use crate::project::loops::Loop;
use crate::project::schema::Table;
use crate::project::writers::Writers;
use crate::project::{Project, row_source};
use crate::statement::{FilterKind, Operation, RowLimit};
use crate::vocabulary::{List, Open};

/// How many rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scale {
    /// At most one.
    One,
    /// As many as somebody cares to type.
    Few,
    /// As many as the code is given, be it by one request or by one thing: it is not known how many.
    Given,
    /// As many as hang on one parent.
    OfParent,
    /// As many as a list shows at once.
    Page,
    /// Not known.
    Unknown,
    /// One for each action of a user: it grows with the use.
    Many,
    /// Written without anybody's hand: events, messages, logs.
    Stream,
}

/// A class of row counts, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rows {
    /// The class.
    pub scale: Scale,
    /// The reason, as a part of a sentence: `orders, written by POST /orders`.
    pub why: String,
}

impl Rows {
    /// Rows of a class.
    pub fn new(scale: Scale, why: impl Into<String>) -> Rows {
        Rows { scale, why: why.into() }
    }

    /// Rows of which nothing is known.
    pub fn unknown(why: impl Into<String>) -> Rows {
        Rows::new(Scale::Unknown, why)
    }
}

/// Under this many rows a table is small whatever is done with it.
const FEW: u64 = 1_000;
/// From this many rows on a table is as large as any.
const LARGE: u64 = 1_000_000;
/// Under this many rows a missing index is hygiene.
const MODEST: u64 = 10_000;
/// Under this many rows it is worth doing, no more.
const NOTED: u64 = 100_000;
/// Columns of a table of names and values, with its times.
const KEY_VALUE: usize = 5;
/// Up to this many rows a limit makes a loop short.
const SHORT: u64 = 20;
/// Up to this many rows that a page has where nobody asks for more, its loop is short: of ten that were read one would be mended.
const SHORT_PAGE: u64 = 10;

/// How many rows a table of the schema has.
pub fn of_table(project: &Project, table: usize) -> Rows {
    let Some(known) = project.schema.tables.get(table) else {
        return Rows::unknown("the table");
    };
    let name = &known.name;
    if let Some(rows) = project.sizes.as_ref().and_then(|sizes| sizes.rows(table)) {
        let scale = match rows {
            0..FEW => Scale::Few,
            FEW..LARGE => Scale::Many,
            _ => Scale::Stream,
        };
        return Rows::new(scale, format!("{name}, {rows} rows by the statistics"));
    }
    if project.kept_by_staff.contains(&table) {
        return Rows::new(Scale::Few, format!("{name}, which staff keep in an admin site"));
    }
    let writers = project.writers.get(table);
    let is_few = columns::is_small_by_name(project, known) || List::Tenants.has(name) || is_key_value(known);
    elsewhere(project, by_writers(name, writers, is_few, List::Streams.has(name)), name)
}

/// Whether a table has few rows: by the statistics, where they count it, and else by what it is for.
pub fn is_small(project: &Project, table: &Table) -> bool {
    let at = project.schema.table_index(&table.name);
    let counted = at.and_then(|at| project.sizes.as_ref()?.rows(at));
    counted.map_or_else(|| columns::is_small_by_name(project, table), |rows| rows < FEW)
}

/// A program that only reads says nothing of who writes: where no row is ever added here, another program adds them, as its users use it.
fn elsewhere(project: &Project, rows: Rows, name: &str) -> Rows {
    if rows.scale != Scale::Unknown || !project.only_reads {
        return rows;
    }
    Rows::new(Scale::Many, format!("{name}, which another program writes"))
}

/// How many rows a statement without an index reads: a table that was counted is as large as it is, and one of what people say, buy and
/// do all day outgrows what they set up.
pub fn to_walk(project: &Project, table: &Table) -> Rows {
    let Some(at) = project.schema.table_index(&table.name) else {
        return of_name(project, &table.name);
    };
    let Some(rows) = project.sizes.as_ref().and_then(|sizes| sizes.rows(at)) else {
        let rows = of_table(project, at);
        if List::PendingTables.has(&table.name) && matches!(rows.scale, Scale::Many | Scale::Unknown) {
            return Rows::new(
                Scale::Few,
                format!("{}, which wait for an answer and are few at a time by their name", table.name),
            );
        }
        let is_posted = rows.scale == Scale::Many && List::Contributions.has(&table.name);
        return if is_posted { Rows::new(Scale::Stream, rows.why) } else { rows };
    };
    let scale = match rows {
        0..MODEST => Scale::Few,
        MODEST..NOTED => Scale::Unknown,
        _ => Scale::Stream,
    };
    Rows::new(scale, format!("{}, {rows} rows by the statistics", table.name))
}

/// Whether a table has a row for each person who uses the program.
pub fn is_of_people(table: &Table) -> bool {
    List::People.has(&table.name)
}

/// A table of names and values: as many rows as the program has names.
fn is_key_value(table: &Table) -> bool {
    let [key] = table.primary_key.as_slice() else { return false };
    matches!(key.to_lowercase().as_str(), "key" | "name") && table.columns.len() <= KEY_VALUE
}

fn by_writers(name: &str, writers: Option<&Writers>, is_few: bool, is_stream: bool) -> Rows {
    let Some((often, label)) = writers.and_then(|writers| writers.often.as_ref()) else {
        let nobody = writers.is_some_and(|writers| writers.places == 0 && writers.by_hand);
        let kept = writers.filter(|writers| writers.places == 0).map_or(0, |writers| writers.kept);
        return match () {
            () if kept >= FEW => Rows::new(Scale::Many, format!("{name}, of which files of the repository hold {kept} rows")),
            () if kept > 0 => Rows::new(
                Scale::Few,
                format!("{name}, to which only files of the repository add rows: {kept}"),
            ),
            () if nobody => Rows::new(Scale::Few, format!("{name}, to which only scripts and migrations add rows")),
            () if is_few => Rows::new(Scale::Few, format!("{name}, few by its name")),
            () if is_stream => Rows::new(Scale::Many, format!("{name}, many by its name")),
            () => Rows::unknown(format!("{name}, of which no writer is known")),
        };
    };
    let by = format!("{name}, written by {label}");
    match often {
        Often::Seldom | Often::Once => Rows::new(Scale::Few, format!("{name}, written by {label} only")),
        _ if is_stream => Rows::new(Scale::Stream, by),
        // A user makes one now and then: the name's word stands.
        _ if is_few => Rows::new(Scale::Few, format!("{by}, few by its name")),
        // Middleware that adds a row adds it once for each user or session, as a rule; what it logs has a name that says so.
        Often::Always | Often::Read | Often::Act | Often::Job => Rows::new(Scale::Many, by),
    }
}

/// How many rows a table has by its name, where the schema may not know it.
pub fn of_name(project: &Project, name: &str) -> Rows {
    if let Some(table) = project.schema.table_index(name) {
        return of_table(project, table);
    }
    let is_few = project.words.has(Open::FewTables, name) || List::Tenants.has(name);
    elsewhere(project, by_writers(name, None, is_few, List::Streams.has(name)), name)
}

/// How many rows a query would give without its limit.
pub fn unpaged(project: &Project, query: &Query) -> Rows {
    let mut whole = query.clone();
    whole.statement.limit = RowLimit::None;
    of_query(project, &whole)
}

/// How many rows a query gives.
pub fn of_query(project: &Project, query: &Query) -> Rows {
    if let RowLimit::Rows(rows) = query.statement.limit {
        let scale = if rows <= SHORT { Scale::Few } else { Scale::OfParent };
        return Rows::new(scale, format!("at most {rows} rows"));
    }
    if let RowLimit::Usual(rows) = query.statement.limit {
        let scale = if rows <= SHORT_PAGE { Scale::Few } else { Scale::Page };
        return Rows::new(scale, format!("a page of {rows} rows"));
    }
    let table = project.table_of(query).and_then(|table| project.schema.table_index(&table.name));
    if query.statement.operation == Operation::Insert {
        return Rows::unknown(format!("the rows that are added to {}", query.table().unwrap_or("a table")));
    }
    let all = match (table, query.table()) {
        (Some(table), _) => of_table(project, table),
        (None, Some(name)) if !name.is_empty() => of_name(project, name),
        _ => Rows::unknown("rows of a table that is not known"),
    };
    match bounds::judge(project, query) {
        // Whoever asks says how many, and mostly chooses a few.
        ReadBound::Keyed if is_by_list(query) => Rows::new(Scale::OfParent, format!("a list of keys of {}", all.why)),
        ReadBound::Keyed => Rows::new(Scale::One, "one row by its key"),
        // A time window moves with the clock: it holds as many as come in its time.
        ReadBound::Window(columns) => {
            let scale = of_parent(&all, &columns).scale;
            Rows::new(scale, format!("what a window of `{}` leaves of {}", columns.join("`, `"), all.why))
        }
        ReadBound::Limited if query.statement.grouped && query.statement.limit == RowLimit::None => {
            Rows::new(Scale::Few, "a row for each of a few values")
        }
        ReadBound::Limited => Rows::new(Scale::Page, "a page of rows"),
        ReadBound::Unknown => Rows::unknown(all.why),
        ReadBound::Open => all,
        ReadBound::Filtered(columns) => of_parents(project, query, &all, &columns),
    }
}

/// The query whose rows a loop runs over, and where it stands.
pub fn source(eval: &Evaluator<'_>, file: FileId, around: &Loop) -> Option<(FileId, ExprId, Arc<Query>)> {
    row_source::of(eval, file, around.iterable?)
}

/// How many passes a loop makes, where it runs over the rows of a query.
pub fn of_loop(project: &Project, eval: &Evaluator<'_>, file: FileId, around: &Loop) -> Option<Rows> {
    let (_, _, query) = source(eval, file, around)?;
    Some(of_query(project, &query))
}

/// Whether a list of keys is asked for.
fn is_by_list(query: &Query) -> bool {
    query.statement.filters.iter().any(|filter| filter.kind == FilterKind::In)
}

/// The rows that several parents share, a user's of one order, are few, where each is a key of its own.
fn of_parents(project: &Project, query: &Query, all: &Rows, columns: &[String]) -> Rows {
    let mut rows = of_parent(all, columns);
    let table = project.table_of(query);
    let is_key = |column: &&String| {
        let name = table.map_or(column.as_str(), |table| table.column_name(column));
        // A Django field `user` is the column `user_id`.
        let is_it = |own: &String| own == name || own.strip_suffix("_id") == Some(name);
        let is_declared = table.is_some_and(|table| table.foreign_keys.iter().any(|key| key.columns.iter().any(is_it)));
        (is_declared || column.contains("__") || column.contains('.')) && !columns::is_tenant(column)
    };
    if rows.scale == Scale::OfParent && columns.iter().filter(is_key).count() > 1 {
        rows.scale = Scale::Few;
    }
    if matches!(rows.scale, Scale::OfParent | Scale::Many)
        && !is_by_list(query)
        && let Some(by) = table.and_then(|table| one_for_each(project, table, columns))
    {
        return Rows::new(Scale::Few, format!("{}, at most one for each {by}", rows.why));
    }
    rows
}

/// The columns of few values that, with the parent's, a unique key is made of: no two rows of one parent are alike in them.
fn one_for_each(project: &Project, table: &Table, columns: &[String]) -> Option<String> {
    let given: Vec<&str> = columns.iter().map(|column| table.column_name(column)).collect();
    let is_few = |target: &str| {
        let target = project.schema.table_index(target);
        target.is_some_and(|target| of_table(project, target).scale == Scale::Few)
    };
    let keys = table.foreign_keys.iter().filter(|key| is_few(&key.target));
    let to_few = keys.filter_map(|key| key.columns.first()).map(String::as_str);
    let few: Vec<&str> = columns::kinds(table).chain(to_few).filter(|name| !given.contains(name)).collect();
    let both: Vec<&str> = given.iter().chain(&few).copied().collect();
    let is_key = !given.is_empty() && table.is_unique(&both) && !table.is_unique(&few) && !table.is_unique(&given);
    is_key.then(|| few.join(", "))
}

/// The rows of one parent, which these columns name.
pub fn of_parent(all: &Rows, parents: &[String]) -> Rows {
    let parent = match parents {
        [] => "one parent".to_owned(),
        // A relation's rows hang on their owner.
        [first, ..] if first.starts_with("the owner ") => first.clone(),
        _ => format!("one {}", parents.join(", ")),
    };
    let why = format!("the rows of {parent} of {}", all.why);
    let scale = match all.scale {
        Scale::One | Scale::Few => all.scale,
        Scale::Stream => Scale::Many,
        Scale::Many | Scale::Given | Scale::OfParent | Scale::Page | Scale::Unknown => Scale::OfParent,
    };
    Rows::new(scale, why)
}
