//! One finding, asked about: the plans of its statements with and without what it advises.

use std::collections::BTreeMap;

use super::PAYS;
use super::engine::{Engine, EngineFailure, LoadOutcome, QueryPlan, RowValue};
use super::subject::{Subject, Wish};
use super::verdict::{PlannerAnswer, Proven, Verdict};
use crate::project::Project;
use crate::project::schema::{Index, Table};
use crate::render::ddl::Writer;
use crate::render::statement::{self, BindComparison, Purpose, Rendered, StatementForm};

/// Shares of the rows that a window is tried with, in hundredths.
const WINDOWS: [u64; 4] = [1, 5, 15, 30];
/// The window where all others are as good.
const USUAL: u64 = 5;
/// Rows of a page, and rows before it.
const PAGE: (u64, u64) = (20, 40);
/// A gain that is more than a planner's rounding.
const NOTICED: f64 = 1.1;

/// Asks about findings while the tables are there.
pub(super) struct Trial<'t> {
    project: &'t Project,
    writer: &'t Writer<'t>,
    engine: &'t mut dyn Engine,
    made: LoadOutcome,
    rows: u64,
    values: BTreeMap<String, Option<RowValue>>,
}

/// One text that the planner is asked about.
struct Question {
    text: String,
    form: StatementForm,
    /// The share of the rows that its windows leave.
    window: Option<u64>,
    before: Option<QueryPlan>,
    after: Option<QueryPlan>,
}

impl Question {
    fn new(text: String) -> Question {
        Question {
            text,
            form: StatementForm::default(),
            window: None,
            before: None,
            after: None,
        }
    }

    fn ratio(&self) -> Option<f64> {
        let (before, after) = (self.before.as_ref()?, self.after.as_ref()?);
        Some(before.cost / after.cost.max(0.01))
    }
}

/// A statement that a finding cites.
struct Cited {
    site: usize,
    kind: &'static str,
    approximated: Vec<&'static str>,
    /// Why it cannot be asked about.
    refusal: Option<String>,
    questions: Vec<Question>,
}

impl<'t> Trial<'t> {
    pub fn new(project: &'t Project, writer: &'t Writer<'t>, engine: &'t mut dyn Engine, made: LoadOutcome, rows: u64) -> Self {
        Trial {
            project,
            writer,
            engine,
            made,
            rows,
            values: BTreeMap::new(),
        }
    }

    /// What the planner says of a finding.
    pub fn judge(&mut self, subject: &Subject<'_>) -> Result<Proven, EngineFailure> {
        let finding = subject.finding;
        let Some(table) = self.project.schema.tables.get(subject.table) else {
            return Ok(Proven::not_verifiable(finding, "its table is not known"));
        };
        if let Some(why) = self.writer.refusal(subject.table) {
            return Ok(Proven::not_verifiable(finding, format!("its table {why}")));
        }
        if let Some(why) = self.made.failed.get(&subject.table) {
            return Ok(Proven::not_verifiable(finding, format!("its table could not be made: {why}")));
        }
        match subject.wish {
            Wish::Lacking(_) => self.lacking(subject, table),
            Wish::Without { index, keeper } => self.without(subject, table, (index, keeper)),
        }
    }

    fn lacking(&mut self, subject: &Subject<'_>, table: &Table) -> Result<Proven, EngineFailure> {
        let finding = subject.finding;
        let Some(advised) = subject.advised(table) else {
            return Ok(Proven::not_verifiable(finding, "the advice is no statement"));
        };
        let mut cited = Vec::new();
        for &site in &subject.sites {
            cited.push(self.cited(subject, site)?);
        }
        for &site in &subject.deletes {
            cited.push(self.deletion(subject, site)?);
        }
        // Where no statement gains, what is left is the look for children of a parent that is deleted.
        if subject.deletes.is_empty() && subject.is_of_key() {
            cited.push(self.deletion(subject, usize::MAX)?);
        }
        self.ask(&mut cited, false)?;
        self.ask_after(&advised, &mut cited)?.map_or_else(
            |why| {
                Ok(Proven::not_verifiable(
                    finding,
                    format!("the advised statement does not run: {why}"),
                ))
            },
            |()| Ok(self.verdict(subject, &cited)),
        )
    }

    /// Plans with `change` applied; it is rolled back before returning. The outer `Err`: the engine failed. The inner one: the database
    /// refused the change, with its message.
    fn ask_after(&mut self, change: &str, cited: &mut [Cited]) -> Result<Result<(), String>, EngineFailure> {
        let changed = self.engine.change(change);
        let asked = match changed {
            Ok(()) => self.ask(cited, true).map(|()| Ok(())),
            Err(EngineFailure::Refused(why)) => Ok(Err(why)),
            Err(gone) => return Err(gone),
        };
        self.engine.undo()?;
        asked
    }

    fn ask(&mut self, cited: &mut [Cited], is_after: bool) -> Result<(), EngineFailure> {
        for one in cited.iter_mut().filter(|one| one.refusal.is_none()) {
            for question in &mut one.questions {
                match self.engine.plan(&question.text) {
                    Ok(plan) if is_after => question.after = Some(plan),
                    Ok(plan) => question.before = Some(plan),
                    Err(EngineFailure::Refused(why)) => {
                        one.refusal = Some(why);
                        break;
                    }
                    Err(gone) => return Err(gone),
                }
            }
        }
        Ok(())
    }

    /// The questions of a site's statement.
    fn cited(&mut self, subject: &Subject<'_>, site: usize) -> Result<Cited, EngineFailure> {
        let rendered = statement::of(self.project, site, self.writer.dialect, Purpose::Plan);
        let names_it = rendered.as_ref().is_some_and(|one| one.tables.contains(&subject.table));
        if !names_it && self.project.graph.sites.get(site).is_some_and(|site| !site.query.eager.is_empty()) {
            return self.children(subject, site, "load");
        }
        let mut cited = Cited {
            site,
            kind: "look-up",
            approximated: Vec::new(),
            refusal: None,
            questions: Vec::new(),
        };
        let Some(rendered) = rendered else {
            cited.refusal = Some("its statement was not understood as a whole".to_owned());
            return Ok(cited);
        };
        cited.approximated = rendered.approximated.iter().map(|what| what.word()).collect();
        let unmade = rendered.tables.iter().find_map(|at| self.made.failed.get(at));
        let open: Vec<&str> = rendered
            .approximated
            .iter()
            .filter(|what| !what.is_harmless())
            .map(|what| what.meaning())
            .collect();
        cited.refusal = match (open.first(), unmade) {
            (Some(what), _) => Some((*what).to_owned()),
            (None, Some(why)) => Some(format!("one of its tables could not be made: {why}")),
            (None, None) if !names_it => Some("its statement does not name the table".to_owned()),
            (None, None) => None,
        };
        if cited.refusal.is_none() {
            cited.questions = self.questions(&rendered, &mut cited.refusal)?;
        }
        Ok(cited)
    }

    fn questions(&mut self, rendered: &Rendered, refusal: &mut Option<String>) -> Result<Vec<Question>, EngineFailure> {
        let has_window = rendered
            .values()
            .any(|asked| matches!(asked.how, BindComparison::Above | BindComparison::Below));
        let windows: &[u64] = if has_window { &WINDOWS } else { &[USUAL] };
        let mut questions = Vec::new();
        for form in rendered.forms() {
            for &window in windows {
                let mut found = BTreeMap::new();
                for asked in rendered.values() {
                    let is_between = rendered.is_between(asked);
                    let value = self.value(asked, window, is_between)?;
                    if value.is_none() {
                        *refusal = Some(format!("no values are made for {}", asked.column));
                        return Ok(Vec::new());
                    }
                    found.insert(asked.clone(), value.unwrap_or_default());
                }
                let text = rendered.text(form, &mut |asked| found.get(asked).cloned().unwrap_or_default());
                questions.push(Question {
                    form,
                    window: has_window.then_some(window),
                    ..Question::new(text)
                });
            }
        }
        Ok(questions)
    }

    /// The look for the children of a parent that is deleted.
    fn deletion(&mut self, subject: &Subject<'_>, site: usize) -> Result<Cited, EngineFailure> {
        self.children(subject, site, "delete")
    }

    fn children(&mut self, subject: &Subject<'_>, site: usize, kind: &'static str) -> Result<Cited, EngineFailure> {
        let mut cited = Cited {
            site,
            kind,
            approximated: Vec::new(),
            refusal: None,
            questions: Vec::new(),
        };
        let Wish::Lacking(lack) = &subject.wish else { return Ok(cited) };
        let (Some(table), Some(column)) = (self.project.schema.tables.get(subject.table), lack.columns.first()) else {
            return Ok(cited);
        };
        let count = if kind == "load" { 3 } else { 1 };
        let mut values = Vec::new();
        for number in 0..count {
            let asked = statement::BindParameter {
                table: Some(subject.table),
                column: column.clone(),
                how: BindComparison::Equal(number),
            };
            values.extend(self.value(&asked, USUAL, false)?);
        }
        if values.is_empty() {
            cited.refusal = Some(format!("no values are made for {column}"));
            return Ok(cited);
        }
        let (name, column) = (self.writer.name(table), self.writer.column(column));
        let what = if kind == "load" { "*" } else { "1" };
        cited.questions = vec![Question::new(format!(
            "SELECT {what} FROM {name} WHERE {column} IN ({})",
            values.join(", ")
        ))];
        Ok(cited)
    }

    /// A value that rows have, as a literal.
    fn value(&mut self, asked: &statement::BindParameter, window: u64, is_between: bool) -> Result<Option<String>, EngineFailure> {
        match asked.how {
            BindComparison::Limit => return Ok(Some(PAGE.0.to_string())),
            BindComparison::Offset => return Ok(Some(PAGE.1.to_string())),
            BindComparison::Pattern => return Ok(Some("'%zzq%'".to_owned())),
            _ => {}
        }
        let Some(table) = asked.table.and_then(|at| self.project.schema.tables.get(at)) else {
            return Ok(None);
        };
        let (name, column) = (self.writer.name(table), self.writer.column(&asked.column));
        let rows = asked
            .table
            .map_or(self.rows, |at| super::rows::rows_of(self.project, at, self.rows));
        let share = |hundredths: u64| rows * hundredths / 100;
        let half = window.div_ceil(2);
        let (order, skip) = match asked.how {
            BindComparison::Above if is_between => (column.as_str(), share(50 - half)),
            BindComparison::Below if is_between => (column.as_str(), share(50 + window / 2)),
            BindComparison::Above => (column.as_str(), share(100 - window)),
            BindComparison::Below => (column.as_str(), share(window)),
            BindComparison::Equal(number) => ("1", share(50) + u64::from(number) * 37),
            _ => ("1", share(50)),
        };
        let order = if order == "1" {
            String::new()
        } else {
            format!(" ORDER BY {order}")
        };
        let count = format!("SELECT count({column}) FROM {name}");
        let held = self.look(&count)?.map_or(0, |value| value.count());
        // A table whose keys leave fewer rows than were made, or a column with NULLs: the same share of what is there.
        let skip = (skip * held / rows.max(1)).min(held.saturating_sub(1));
        let select = format!("SELECT {column} FROM {name} WHERE {column} IS NOT NULL{order} LIMIT 1 OFFSET {skip}");
        let found = self.look(&select)?;
        Ok(found.and_then(|value| match asked.how {
            BindComparison::Prefix => value.prefix(),
            _ => value.literal(),
        }))
    }

    fn look(&mut self, select: &str) -> Result<Option<RowValue>, EngineFailure> {
        if let Some(known) = self.values.get(select) {
            return Ok(known.clone());
        }
        let found = match self.engine.value(select) {
            Ok(found) => found,
            Err(EngineFailure::Refused(_)) => None,
            Err(gone) => return Err(gone),
        };
        self.values.insert(select.to_owned(), found.clone());
        Ok(found)
    }

    fn verdict(&self, subject: &Subject<'_>, cited: &[Cited]) -> Proven {
        let (cited, spare): (Vec<&Cited>, Vec<&Cited>) = cited.iter().partition(|one| one.site != usize::MAX);
        let asked: Vec<PlannerAnswer> = cited.iter().map(|one| self.told(one)).collect();
        let gains = |one: &Cited| one.refusal.is_none() && least(one).is_some_and(|ratio| ratio >= PAYS);
        let can_gain = |one: &Cited| one.refusal.is_none() && most(one).is_some_and(|ratio| ratio >= PAYS);
        let sure: Vec<&Cited> = cited.iter().copied().filter(|one| gains(one)).collect();
        let maybe: Vec<&Cited> = cited.iter().copied().filter(|one| can_gain(one)).collect();
        let saved: Vec<&Cited> = spare.iter().copied().filter(|one| gains(one)).collect();
        let all: Vec<&Cited> = cited.iter().chain(&spare).copied().collect();
        let unasked = all.iter().find_map(|one| one.refusal.clone());
        let open = cited.iter().filter(|one| one.refusal.is_some()).count();
        let (verdict, why) = match () {
            () if !sure.is_empty() => (Verdict::Proven, gain(&sure, &cited)),
            () if !maybe.is_empty() => (Verdict::Demoted, maybe.first().map_or(String::new(), |one| depends(one))),
            () if !saved.is_empty() => {
                let start = if open == cited.len() {
                    ""
                } else {
                    "none of its statements gains: "
                };
                let why = "it pays where rows of the parent are deleted, which no statement that was understood does";
                let rest = if open > 0 {
                    format!("; {open} could not be asked about")
                } else {
                    String::new()
                };
                (Verdict::Demoted, format!("{start}{why}{rest}"))
            }
            () if open > 0 => {
                let why = cited.iter().find_map(|one| one.refusal.clone()).unwrap_or_default();
                (
                    Verdict::NotVerifiable,
                    if open < cited.len() {
                        format!("no other statement gains, and of {open} {why}")
                    } else {
                        why
                    },
                )
            }
            () if all.iter().all(|one| one.refusal.is_some()) => (
                Verdict::NotVerifiable,
                unasked.unwrap_or_else(|| "no statement asks for it".to_owned()),
            ),
            () if self.hangs_on_parents(subject, &all) => (
                Verdict::Demoted,
                format!(
                    "it pays where more than {} parents share the rows evenly, or the one that is asked for has fewer",
                    super::rows::TENANTS
                ),
            ),
            () => (Verdict::Refuted, format!("none of its statements costs {PAYS} times less")),
        };
        let mut result = Proven::new(subject.finding, verdict, why);
        let best = [sure, maybe, saved].into_iter().find(|all| !all.is_empty()).unwrap_or_default();
        let shown = if best.is_empty() {
            all.into_iter().filter(|one| one.refusal.is_none()).collect()
        } else {
            best
        };
        Self::show(&mut result, &shown);
        result.rows = self.rows_of(subject);
        result.statements = asked;
        result
    }

    /// Whether it is the number of parents that was assumed which keeps it from paying.
    fn hangs_on_parents(&self, subject: &Subject<'_>, cited: &[&Cited]) -> bool {
        let Wish::Lacking(lack) = &subject.wish else { return false };
        let table = self.project.schema.tables.get(subject.table);
        let first = table.zip(lack.columns.first());
        let has_few = first.is_some_and(|(table, column)| super::rows::has_few_parents(self.project, table, column) == Some(true));
        has_few && cited.iter().filter_map(|one| most(one)).any(|ratio| ratio > NOTICED)
    }

    /// The rows that its table was made with.
    fn rows_of(&self, subject: &Subject<'_>) -> u64 {
        super::rows::rows_of(self.project, subject.table, self.rows)
    }

    /// The question with the largest gain.
    fn show(result: &mut Proven, cited: &[&Cited]) {
        let all = cited.iter().flat_map(|one| &one.questions);
        let best = all
            .filter_map(|question| Some((question.ratio()?, question)))
            .max_by(|one, other| one.0.total_cmp(&other.0));
        if let Some((ratio, question)) = best {
            result.ratio = Some(ratio);
            result.statement = Some(question.text.clone());
            result.before = question.before.as_ref().map(shown);
            result.after = question.after.as_ref().map(shown);
        }
    }

    fn told(&self, one: &Cited) -> PlannerAnswer {
        let site = self.project.graph.sites.get(one.site);
        let (least, most) = (least(one), most(one));
        PlannerAnswer {
            location: site.map(|site| self.project.place_in(site.function, site.span)).unwrap_or_default(),
            kind: one.kind,
            ratio: least,
            most: most.filter(|most| least.is_some_and(|least| *most > least * 1.01)),
            approximated: one.approximated.clone(),
            note: one.refusal.clone().unwrap_or_default(),
        }
    }

    /// The look-up and the order that an index is made for.
    fn by_its_keys(&mut self, subject: &Subject<'_>, table: &Table, index: usize) -> Result<Cited, EngineFailure> {
        let mut cited = Cited {
            site: usize::MAX,
            kind: "look-up",
            approximated: Vec::new(),
            refusal: None,
            questions: Vec::new(),
        };
        let keys: Vec<String> = table
            .indexes
            .get(index)
            .into_iter()
            .flat_map(Index::columns)
            .map(str::to_owned)
            .collect();
        let mut equal = Vec::new();
        for key in &keys {
            let asked = statement::BindParameter {
                table: Some(subject.table),
                column: table.column_name(key).to_owned(),
                how: BindComparison::Equal(0),
            };
            let value = self.value(&asked, USUAL, false)?;
            equal.extend(value.map(|value| format!("{} = {value}", self.writer.column(&asked.column))));
        }
        if keys.is_empty() || equal.len() < keys.len() {
            cited.refusal = Some("no values are made for its keys".to_owned());
            return Ok(cited);
        }
        let name = self.writer.name(table);
        cited.questions = vec![Question::new(format!("SELECT * FROM {name} WHERE {}", equal.join(" AND ")))];
        Ok(cited)
    }

    /// Whether anything misses an index that another one is said to replace.
    fn without(&mut self, subject: &Subject<'_>, table: &Table, (index, keeper): (usize, usize)) -> Result<Proven, EngineFailure> {
        let finding = subject.finding;
        let name = |at: usize| format!("perfaudit_{}_{at}", subject.table);
        if let (Some(own), Some(other)) = (table.indexes.get(index), table.indexes.get(keeper))
            && is_one(own, other)
        {
            let why = format!(
                "both have the name {}: the database has one of them",
                own.name.as_deref().unwrap_or_default()
            );
            return Ok(Proven::new(finding, Verdict::Refuted, why));
        }
        let is_made = |at: usize| self.made.indexes.contains(&(subject.table, name(at)));
        if !is_made(index) || !is_made(keeper) {
            return Ok(Proven::not_verifiable(finding, "one of the two indexes could not be made"));
        }
        let mut cited = Vec::new();
        for &site in &subject.sites {
            cited.push(self.cited(subject, site)?);
        }
        cited.push(self.by_its_keys(subject, table, index)?);
        self.ask(&mut cited, false)?;
        let schema = table
            .schema
            .as_ref()
            .map_or(String::new(), |schema| format!("{}.", self.writer.column(schema)));
        if let Err(why) = self.ask_after(&format!("DROP INDEX {schema}{}", name(index)), &mut cited)? {
            return Ok(Proven::not_verifiable(finding, format!("it cannot be dropped: {why}")));
        }
        let losses: Vec<&Cited> = cited
            .iter()
            .filter(|one| one.refusal.is_none() && least(one).is_some_and(|ratio| ratio <= 1.0 / PAYS))
            .collect();
        let count = cited.iter().filter(|one| one.refusal.is_none()).count();
        let (verdict, why) = match losses.len() {
            0 if count == 0 => (
                Verdict::NotVerifiable,
                "no statement that could use it can be asked about, and no values are made for its keys".to_owned(),
            ),
            0 => (
                Verdict::Proven,
                format!("without it none of {count} statements costs {PAYS} times as much"),
            ),
            losses => (
                Verdict::Refuted,
                format!("without it {losses} of {count} statements cost {PAYS} times as much or more"),
            ),
        };
        let mut result = Proven::new(finding, verdict, why);
        Self::show(&mut result, &losses);
        result.rows = self.rows_of(subject);
        result.statements = losses.iter().map(|one| self.told(one)).collect();
        Ok(result)
    }
}

/// Whether two declarations name one index.
fn is_one(own: &Index, other: &Index) -> bool {
    let names = own.name.as_deref().zip(other.name.as_deref());
    names.is_some_and(|(own, other)| own.eq_ignore_ascii_case(other))
}

fn shown(plan: &QueryPlan) -> String {
    format!("{} (cost {:.0})", plan.steps, plan.cost)
}

/// The gain in the form and with the window that gains least.
fn least(one: &Cited) -> Option<f64> {
    one.questions.iter().filter_map(Question::ratio).min_by(f64::total_cmp)
}

fn most(one: &Cited) -> Option<f64> {
    one.questions.iter().filter_map(Question::ratio).max_by(f64::total_cmp)
}

fn gain(sure: &[&Cited], all: &[&Cited]) -> String {
    let of = |kind: &str| sure.iter().filter(|one| one.kind == kind).count();
    let (deletes, others) = (of("delete"), sure.len() - of("delete"));
    let asked = all.iter().filter(|one| one.refusal.is_none()).count();
    let mut text = format!("{} of {asked} statements gain", sure.len());
    if others == 0 && deletes > 0 {
        text.push_str(", all of them deletes of the parent");
    }
    let open = all.len() - asked;
    if open > 0 {
        text.push_str(&format!("; {open} could not be asked about"));
    }
    text
}

/// What the gain of a statement hangs on: the first thing in which those of its forms that gain differ from those that do not.
fn depends(one: &Cited) -> String {
    let pays = |question: &&Question| question.ratio().is_some_and(|ratio| ratio >= PAYS);
    let (gains, losses): (Vec<&Question>, Vec<&Question>) = one.questions.iter().partition(pays);
    let splits = |of: fn(&Question) -> bool| gains.iter().all(|one| of(one)) && losses.iter().all(|one| !of(one));
    let widest = gains.iter().filter_map(|question| question.window).max();
    let is_window = |widest: u64| losses.iter().all(|question| question.window.is_some_and(|window| window > widest));
    match widest {
        _ if splits(|one| one.form.stops) => "it pays where the statement stops at the first row that it finds".to_owned(),
        _ if splits(|one| !one.form.stops) => {
            "it pays where the statement reads all rows that it finds, and not the first alone".to_owned()
        }
        _ if splits(|one| one.form.is_left) => "it pays where the join keeps the rows without a match".to_owned(),
        _ if splits(|one| !one.form.is_left) => "it pays where the join drops the rows without a match".to_owned(),
        Some(widest) if is_window(widest) => format!("it pays while the window is under about {}% of the rows", next(widest)),
        Some(widest) => format!(
            "it pays in some of the forms that the statement can have, and while the window is under about {}% of the rows",
            next(widest)
        ),
        None => "it pays in some of the forms that the statement can have".to_owned(),
    }
}

/// The window after one that still gains.
fn next(window: u64) -> u64 {
    WINDOWS.into_iter().find(|other| *other > window).unwrap_or(window)
}
