//! A statement of the model as SQL: what a planner is asked about, and what a reader is shown.
//!
//! The model keeps what costs: tables, conditions, order and limits. What it does not keep is left out or written in its most usual
//! form, and [`Approximation`] says which. Of some of these there are only two forms, and both can be asked for ([`StatementForm`]).

mod conditions;

use std::collections::BTreeSet;

use crate::advice::index::{quoted, quoted_path};
use crate::analysis::indexes::needs::{StatementView, of_site};
use crate::project::Project;
use crate::project::schema::Table;
use crate::statement::{Dialect, Operation, Projection, RowLimit, Statement};

/// What is not exactly as the program sends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Approximation {
    /// The values of a change are not kept.
    Assignments,
    /// Which aggregate it is is not kept.
    Aggregate,
    /// Which end of a range is compared is not kept.
    Bound,
    /// A column is none of the schema.
    Column,
    /// More conditions can hold.
    Filters,
    /// A condition on what a function makes of a column is left out.
    Function,
    /// Joins are written as inner ones.
    Join,
    /// What joins a table was not understood.
    JoinCondition,
    /// It gives one row by construction; whether it says LIMIT 1 is not kept.
    One,
    /// More clauses can be there.
    Open,
    /// A condition with an operator of JSON, arrays or vectors is left out.
    Operator,
    /// Conditions that hold only sometimes, or stand under an OR, are left out.
    Optional,
    /// The column that holds the instance whose rows are asked for is not certain.
    Owner,
    /// A search within texts is written as LIKE.
    Pattern,
    /// A subquery is left out.
    Subquery,
    /// A table is none of the schema.
    Table,
}

impl Approximation {
    /// All of them.
    pub const ALL: [Approximation; 16] = [
        Approximation::Assignments,
        Approximation::Aggregate,
        Approximation::Bound,
        Approximation::Column,
        Approximation::Filters,
        Approximation::Function,
        Approximation::Join,
        Approximation::JoinCondition,
        Approximation::One,
        Approximation::Open,
        Approximation::Operator,
        Approximation::Optional,
        Approximation::Owner,
        Approximation::Pattern,
        Approximation::Subquery,
        Approximation::Table,
    ];

    /// The word by which lists say what of a statement is not exact.
    pub fn word(self) -> &'static str {
        match self {
            Approximation::Assignments => "assignments",
            Approximation::Aggregate => "aggregate",
            Approximation::Bound => "bound",
            Approximation::Column => "column",
            Approximation::Filters => "filters",
            Approximation::Function => "function",
            Approximation::Join => "join",
            Approximation::JoinCondition => "join-condition",
            Approximation::One => "one",
            Approximation::Open => "open",
            Approximation::Operator => "operator",
            Approximation::Optional => "optional",
            Approximation::Owner => "owner",
            Approximation::Pattern => "pattern",
            Approximation::Subquery => "subquery",
            Approximation::Table => "table",
        }
    }

    /// What the word says of a text.
    pub fn meaning(self) -> &'static str {
        match self {
            Approximation::Assignments => "the values of a change are not kept: one column stands for all",
            Approximation::Aggregate => "which aggregate it is is not kept: count(*) is written",
            Approximation::Bound => "which end of a range is compared is not kept: the lower one is written",
            Approximation::Column => "a column is none of the schema, and what asks for it is left out",
            Approximation::Filters => "a filter that was not read can add conditions",
            Approximation::Function => "a condition on what a function makes of a column is left out",
            Approximation::Join => "the kind of a join is not kept: an inner one is written",
            Approximation::JoinCondition => "what joins a table was not understood",
            Approximation::One => "it gives one row, and whether it says LIMIT 1 is not kept: it is written",
            Approximation::Open => "more clauses can be there: the code adds to it in a way that was not read",
            Approximation::Operator => "a condition with an operator of JSON, arrays or vectors is left out",
            Approximation::Optional => "conditions that hold only sometimes, or stand under an OR, are left out",
            Approximation::Owner => "the rows of one instance are asked for, and which column holds it is not certain",
            Approximation::Pattern => "a search within texts is written as LIKE",
            Approximation::Subquery => "a subquery is left out",
            Approximation::Table => "a table is none of the schema",
        }
    }

    /// Whether all that it leaves open is covered by the forms of the statement, or changes no plan.
    pub fn is_harmless(self) -> bool {
        use Approximation::{Aggregate, Assignments, Bound, Join, One, Pattern};
        matches!(self, Aggregate | Assignments | Bound | Join | One | Pattern)
    }
}

/// How a value that the program gives is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum BindComparison {
    /// One that rows have; several are of as many rows.
    Equal(u8),
    /// The column is above it.
    Above,
    /// The column is below it.
    Below,
    /// A text that a text starts with.
    Prefix,
    /// A text that a text holds.
    Pattern,
    /// How many rows.
    Limit,
    /// How many rows are skipped.
    Offset,
}

/// A value that the program gives to a statement.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BindParameter {
    /// The table of the column: an index into the schema's.
    pub table: Option<usize>,
    /// The column that the value is compared with or put into.
    pub column: String,
    /// What the statement does with the value.
    pub how: BindComparison,
}

/// A piece of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Value(BindParameter),
    Join,
    /// What is selected, where the aggregate is not known.
    Aggregate,
    /// LIMIT 1, where it is not known whether it is said.
    One,
}

/// Which of the forms that it can have a statement is written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StatementForm {
    /// Joins keep the rows of the first table.
    pub is_left: bool,
    /// It stops at the first row.
    pub stops: bool,
}

/// A statement as SQL.
#[derive(Clone, Debug, Default)]
pub struct Rendered {
    pieces: Vec<Piece>,
    /// What is not exact.
    pub approximated: BTreeSet<Approximation>,
    /// The tables that it names, as indexes into the schema's.
    pub tables: Vec<usize>,
}

impl Rendered {
    /// Whether a planner reads the same as of the program's own.
    pub fn is_exact(&self) -> bool {
        self.approximated.is_empty()
    }

    /// Whether a planner's answers to all of its forms hold for the program's own.
    pub fn is_decisive(&self) -> bool {
        self.approximated.iter().all(|one| one.is_harmless())
    }

    /// The forms that it can have.
    pub fn forms(&self) -> Vec<StatementForm> {
        let has = |piece: &Piece| self.pieces.contains(piece);
        let both = |open: bool| if open { &[false, true][..] } else { &[false][..] };
        let lefts = both(has(&Piece::Join));
        let stops = both(has(&Piece::One));
        lefts
            .iter()
            .flat_map(|&is_left| stops.iter().map(move |&stops| StatementForm { is_left, stops }))
            .collect()
    }

    /// The values that the program gives.
    pub fn values(&self) -> impl Iterator<Item = &BindParameter> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Value(asked) => Some(asked),
            _ => None,
        })
    }

    /// Whether the column of a value has both ends of a window.
    pub fn is_between(&self, asked: &BindParameter) -> bool {
        let has = |how: BindComparison| {
            self.values()
                .any(|other| other.how == how && (other.table, &other.column) == (asked.table, &asked.column))
        };
        has(BindComparison::Above) && has(BindComparison::Below)
    }

    /// The text in a form, with each value as `value` writes it.
    pub fn text(&self, form: StatementForm, value: &mut dyn FnMut(&BindParameter) -> String) -> String {
        let mut out = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Value(asked) => out.push_str(&value(asked)),
                Piece::Join => out.push_str(if form.is_left { " LEFT JOIN " } else { " JOIN " }),
                Piece::Aggregate => out.push_str(if form.stops { "1" } else { "count(*)" }),
                Piece::One => out.push_str(if form.stops { " LIMIT 1" } else { "" }),
            }
        }
        out
    }

    /// The text for readers, with numbered values as the database writes them.
    pub fn shown(&self, dialect: Dialect) -> String {
        let mut number = 0;
        let form = StatementForm {
            stops: !self.pieces.contains(&Piece::Aggregate),
            is_left: false,
        };
        self.text(form, &mut |_| {
            number += 1;
            match dialect {
                Dialect::MySql | Dialect::Sqlite => "?".to_owned(),
                _ => format!("${number}"),
            }
        })
    }
}

/// What a statement is written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// As the program sends it.
    Show,
    /// As a planner is asked which rows it finds: a change is written as the search for its rows.
    Plan,
}

/// The statement of a site; `None` where it was not understood, or names no table.
pub fn of(project: &Project, site: usize, dialect: Dialect, purpose: Purpose) -> Option<Rendered> {
    let mut found = None;
    of_site(project, site, &mut |view| {
        // The statement around all others comes last.
        found = Writer::new(project, view, dialect, purpose).and_then(Writer::write);
    });
    found
}

struct Writer<'v, 'a> {
    project: &'v Project,
    view: &'v StatementView<'a>,
    dialect: Dialect,
    purpose: Purpose,
    /// What each table is called in the statement.
    aliases: Vec<String>,
    out: Rendered,
}

impl<'v, 'a> Writer<'v, 'a> {
    fn new(project: &'v Project, view: &'v StatementView<'a>, dialect: Dialect, purpose: Purpose) -> Option<Self> {
        let statement = view.statement;
        if statement.tables.is_empty() || statement.tables.iter().any(|table| table.name.is_empty()) {
            return None;
        }
        let mut writer = Writer {
            project,
            view,
            dialect,
            purpose,
            aliases: Vec::new(),
            out: Rendered::default(),
        };
        writer.out.tables = view.tables.iter().flatten().copied().collect();
        writer.aliases = writer.aliases();
        writer.note(statement);
        Some(writer)
    }

    fn note(&mut self, statement: &Statement) {
        let mut is = |holds: bool, what: Approximation| {
            if holds {
                self.out.approximated.insert(what);
            }
        };
        is(statement.open, Approximation::Open);
        is(self.view.open_filters, Approximation::Filters);
        is(!statement.subqueries.is_empty(), Approximation::Subquery);
        is(self.view.tables.iter().any(Option::is_none), Approximation::Table);
        is(!statement.joins.is_empty(), Approximation::Join);
    }

    fn table(&self, at: usize) -> Option<&'v Table> {
        let index = self.view.tables.get(at).copied().flatten()?;
        self.project.schema.tables.get(index)
    }

    fn table_name(&self, at: usize) -> String {
        let Some(table) = self.table(at) else {
            let written = self.view.statement.tables.get(at).map_or("", |table| table.name.as_str());
            return quoted_path(written, self.dialect);
        };
        let name = quoted(&table.name, self.dialect);
        let schema = table
            .schema
            .as_ref()
            .filter(|_| !matches!(self.dialect, Dialect::MySql | Dialect::Sqlite));
        schema.map_or(name.clone(), |schema| format!("{}.{name}", quoted(schema, self.dialect)))
    }

    /// A short name for each table: its own where it stands alone.
    fn aliases(&self) -> Vec<String> {
        let tables = &self.view.statement.tables;
        let bare = |at: usize| {
            let written = tables.get(at).map_or("", |table| table.name.as_str());
            let own = self.table(at).map_or(written, |table| table.name.as_str());
            own.rsplit('.').next().unwrap_or(own).to_owned()
        };
        let mut seen = BTreeSet::new();
        (0..tables.len())
            .map(|at| {
                let given = tables.get(at).and_then(|table| table.alias.clone()).unwrap_or_else(|| bare(at));
                let name = if seen.contains(&given) { format!("{given}_{at}") } else { given };
                seen.insert(name.clone());
                quoted(&name, self.dialect)
            })
            .collect()
    }

    fn text(&mut self, text: impl AsRef<str>) {
        match self.out.pieces.last_mut() {
            Some(Piece::Text(last)) => last.push_str(text.as_ref()),
            _ => self.out.pieces.push(Piece::Text(text.as_ref().to_owned())),
        }
    }

    fn value(&mut self, table: Option<usize>, column: &str, how: BindComparison) {
        self.out.pieces.push(Piece::Value(BindParameter {
            table,
            column: column.to_owned(),
            how,
        }));
    }

    fn mark(&mut self, what: Approximation) {
        self.out.approximated.insert(what);
    }

    fn write(mut self) -> Option<Rendered> {
        match (self.view.statement.operation, self.purpose) {
            (Operation::Select, _) => self.select(),
            (Operation::Update | Operation::Delete, Purpose::Plan) => self.search()?,
            (Operation::Delete, Purpose::Show) => self.delete()?,
            (Operation::Update, Purpose::Show) => self.update()?,
            (Operation::Insert | Operation::Other, _) => return None,
        }
        Some(self.out)
    }

    fn select(&mut self) {
        let statement = self.view.statement;
        let is_distinct = statement.grouped && statement.group.is_empty() && statement.projection != Projection::Aggregate;
        self.text(if is_distinct { "SELECT DISTINCT " } else { "SELECT " });
        self.projection();
        self.from();
        self.conditions();
        let group: Vec<String> = statement.group.iter().filter_map(|column| self.column(column)).collect();
        if !group.is_empty() {
            self.text(format!(" GROUP BY {}", group.join(", ")));
        }
        self.order(&group);
        self.limit();
    }

    fn projection(&mut self) {
        let statement = self.view.statement;
        let first = self.aliases.first().cloned().unwrap_or_default();
        let whole = if statement.tables.len() > 1 {
            format!("{first}.*")
        } else {
            "*".to_owned()
        };
        if statement.grouped && !statement.group.is_empty() {
            let group: Vec<String> = statement.group.iter().filter_map(|column| self.column(column)).collect();
            self.mark(Approximation::Aggregate);
            return self.text(format!("{}, count(*)", group.join(", ")).trim_start_matches(", "));
        }
        match &statement.projection {
            Projection::All | Projection::None => self.text(whole),
            Projection::Columns(columns) => {
                let known: Vec<String> = columns.iter().filter_map(|column| self.column(column)).collect();
                self.text(if known.is_empty() { whole } else { known.join(", ") });
            }
            Projection::Aggregate => {
                self.mark(Approximation::Aggregate);
                self.out.pieces.push(Piece::Aggregate);
            }
        }
    }

    fn from(&mut self) {
        let named = |writer: &Self, at: usize| {
            let (name, alias) = (writer.table_name(at), &writer.aliases[at]);
            if name == *alias || name.ends_with(&format!(".{alias}")) {
                name
            } else {
                format!("{name} AS {alias}")
            }
        };
        self.text(format!(" FROM {}", named(self, 0)));
        let joins = &self.view.statement.joins;
        let mut used = vec![false; joins.len()];
        for at in 1..self.view.statement.tables.len() {
            let mut on = Vec::new();
            for (number, join) in joins.iter().enumerate() {
                let sides = self.view.place(&join.left).zip(self.view.place(&join.right));
                let is_here = sides.is_some_and(|(left, right)| left.max(right) == at && left != right);
                if !is_here || used[number] {
                    continue;
                }
                let (left, right) = (self.column(&join.left), self.column(&join.right));
                on.extend(left.zip(right).map(|(left, right)| format!("{left} = {right}")));
                used[number] = true;
            }
            let name = named(self, at);
            if on.is_empty() {
                self.mark(Approximation::JoinCondition);
                self.text(format!(" CROSS JOIN {name}"));
            } else {
                self.out.pieces.push(Piece::Join);
                self.text(format!("{name} ON {}", on.join(" AND ")));
            }
        }
        if used.iter().any(|used| !used) {
            self.mark(Approximation::JoinCondition);
        }
    }

    fn order(&mut self, group: &[String]) {
        let statement = self.view.statement;
        if statement.projection == Projection::Aggregate && group.is_empty() {
            return;
        }
        let mut all = Vec::new();
        for (used, descending) in &statement.order {
            let Some(column) = self.column(used) else { continue };
            if !group.is_empty() && !group.contains(&column) {
                self.mark(Approximation::Aggregate);
                continue;
            }
            all.push(format!("{column}{}", if *descending { " DESC" } else { "" }));
        }
        if !all.is_empty() {
            self.text(format!(" ORDER BY {}", all.join(", ")));
        }
    }

    fn limit(&mut self) {
        let statement = self.view.statement;
        let is_aggregate = statement.projection == Projection::Aggregate && !statement.grouped;
        match statement.limit {
            RowLimit::Rows(rows) => self.text(format!(" LIMIT {rows}")),
            RowLimit::Value | RowLimit::Usual(_) => {
                self.text(" LIMIT ");
                self.value(None, "", BindComparison::Limit);
            }
            // What is sorted for one row stops there.
            RowLimit::One if !is_aggregate && !statement.order.is_empty() => self.text(" LIMIT 1"),
            RowLimit::One => {
                if !is_aggregate && !self.finds_one() {
                    self.mark(Approximation::One);
                }
                self.out.pieces.push(Piece::One);
            }
            RowLimit::None => {}
        }
        if statement.offset {
            self.text(" OFFSET ");
            self.value(None, "", BindComparison::Offset);
        }
    }

    /// Whether its conditions leave at most one row in any case.
    fn finds_one(&self) -> bool {
        let equal: Vec<&str> = self.equal_columns();
        self.view.statement.tables.len() == 1 && self.table(0).is_some_and(|table| table.is_unique(&equal))
    }

    /// The search for the rows that a change is about.
    fn search(&mut self) -> Option<()> {
        self.alone()?;
        self.text("SELECT 1");
        self.from();
        self.conditions();
        Some(())
    }

    /// Changes that join other tables are written in each database's own way, and not here.
    fn alone(&self) -> Option<()> {
        (self.view.statement.tables.len() == 1).then_some(())
    }

    fn delete(&mut self) -> Option<()> {
        self.alone()?;
        let name = self.table_name(0);
        self.text(format!("DELETE FROM {name}"));
        self.conditions();
        Some(())
    }

    fn update(&mut self) -> Option<()> {
        self.alone()?;
        self.mark(Approximation::Assignments);
        let table = self.table(0)?;
        let is_free = |name: &str| !table.primary_key.iter().any(|key| key == name);
        let column = table.columns.iter().find(|column| is_free(&column.name))?.name.clone();
        let (name, set) = (self.table_name(0), quoted(&column, self.dialect));
        self.text(format!("UPDATE {name} SET {set} = "));
        self.value(self.view.tables.first().copied().flatten(), &column, BindComparison::Equal(0));
        self.conditions();
        Some(())
    }
}

#[cfg(test)]
mod tests;
