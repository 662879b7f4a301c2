//! Writes the indexes that tables lack: each as a declaration beside the model and as a step of the migrations, in the repository's tools.

mod alchemy;
mod alembic;
mod call_model;
mod class_model;
mod declare;
mod django;
mod django_steps;
mod drizzle;
mod drizzle_steps;
mod entity;
mod folders;
mod names;
mod prisma;
mod script;
mod sequelize;
mod sql;
mod style;
mod typing;
mod writers;

use std::collections::{BTreeMap, BTreeSet};

use super::edits::{Edit, Mend, NewFile, Safety};
use super::remedy::{LackingIndex, Remedy};
use super::site::{FixContext, FixOutcome};
use crate::advice::index::NewIndex;
use crate::finding::Finding;
use crate::project::schema::{SchemaModel, Table, Tool};
use crate::walk::FileRole;
use names::TakenNames;

/// What is said of an index that goes further than one that is there.
const NEEDLESS: &str = "it makes a shorter index needless, which is to be dropped in a later step";

/// What is said where writes wait while an index is built.
const WAITS: &str = "its migrations run in a transaction, in which PostgreSQL builds no index CONCURRENTLY: writes wait meanwhile";

/// What is said where SQL of one database cannot be written.
const SEVERAL: &str =
    "the project runs on several databases, so the index is built without CONCURRENTLY: on PostgreSQL writes wait meanwhile";

/// An index to write.
#[derive(Clone)]
struct Wish<'a> {
    finding: &'a Finding,
    lack: &'a LackingIndex,
    table: &'a Table,
    /// The model that declares the table, where one does.
    model: Option<&'a SchemaModel>,
    name: String,
    /// How many of the columns go up; those after them go down.
    ascending: usize,
}

impl Wish<'_> {
    /// Whether a column of it goes down.
    fn goes_down(&self) -> bool {
        self.ascending < self.lack.columns.len()
    }

    fn index(&self) -> NewIndex<'_> {
        NewIndex {
            columns: &self.lack.columns,
            ascending: self.ascending,
            only: &self.lack.only,
            include: &self.lack.include,
            name: Some(&self.name),
        }
    }
}

/// The series of migrations that an index becomes a step of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Series {
    tool: Tool,
    /// The folder of its steps; `None` where the declaration is all there is (Prisma's `db push`).
    folder: Option<String>,
}

/// What a tool's writer gives.
#[derive(Default)]
struct Written {
    edits: Vec<Edit>,
    files: Vec<NewFile>,
    /// What it cannot promise; empty where it can.
    doubt: String,
}

/// Writes the indexes that findings ask for.
pub fn mend<'a>(site: &FixContext<'a>, findings: &[&'a Finding]) -> FixOutcome {
    let mut outcome = FixOutcome::default();
    let mut names = TakenNames::of(site.project);
    let mut groups: BTreeMap<Series, Vec<Wish<'a>>> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for finding in findings {
        let Some(Remedy::Index(lack)) = &finding.remedy else { continue };
        let Some(table) = site.project.schema.tables.get(lack.table) else {
            continue;
        };
        if !seen.insert((lack.table, &lack.columns)) {
            outcome.leave(finding, "another finding asks for the same index");
            continue;
        }
        match series(site, table) {
            Err(why) => outcome.leave(finding, why),
            Ok(_) if !lack.needless.is_empty() && !site.with_unsafe => outcome.mends.push(held(finding)),
            Ok(series) => {
                let declared_in = model(site, table, lack);
                let name = names.give((table, declared_in), lack, series.tool);
                groups.entry(series).or_default().push(Wish {
                    finding,
                    lack,
                    table,
                    model: declared_in,
                    name,
                    ascending: if declare::has_directions(table) {
                        lack.ascending
                    } else {
                        lack.columns.len()
                    },
                });
            }
        }
    }
    for (series, wishes) in groups {
        write(site, &series, wishes, &mut outcome);
    }
    outcome
}

/// One that is only told: it is written where what is unsafe is asked for, in one step with the others.
fn held(finding: &Finding) -> Mend {
    Mend {
        findings: vec![finding.fingerprint.clone()],
        title: format!("an index on {}", finding.subject),
        edits: Vec::new(),
        files: Vec::new(),
        safety: Safety::Unsafe,
        reason: NEEDLESS.to_owned(),
    }
}

/// The model whose class an index of a table is declared in: of several the one that has the columns.
fn model<'p>(site: &FixContext<'p>, table: &Table, lack: &LackingIndex) -> Option<&'p SchemaModel> {
    let is_its = |model: &&SchemaModel| {
        let is_step = site
            .file(&model.file)
            .is_some_and(|file| site.project.role(file) == FileRole::Migration);
        !is_step && table.places.iter().any(|place| place.kind.is_model() && place.file == model.file)
    };
    let all = table.models.iter().filter_map(|&at| site.project.schema.models.get(at));
    let models: Vec<&SchemaModel> = all.filter(is_its).collect();
    if let [only] = models.as_slice() {
        return Some(*only);
    }
    let holds = |model: &&SchemaModel| {
        let Some((module, class)) = site.class(&model.file, &model.name) else {
            return false;
        };
        let span = module.class(class).span;
        let columns = lack.columns.iter().filter_map(|name| table.column(name));
        let mut places = columns.flat_map(|column| &column.places);
        places.any(|place| place.file == model.file && span.encloses(place.span))
    };
    let mut holding = models.into_iter().filter(holds);
    holding.next().filter(|_| holding.next().is_none())
}

/// Where an index of a table belongs.
fn series(site: &FixContext<'_>, table: &Table) -> Result<Series, String> {
    let names = table
        .schema
        .iter()
        .chain([&table.name])
        .chain(table.columns.iter().map(|column| &column.name));
    if names
        .into_iter()
        .any(|name| name.chars().any(|c| !(c.is_alphanumeric() || "_-$ .".contains(c))))
    {
        return Err("a name of its table could end the text that it is written into".to_owned());
    }
    if table.phantom || table.is_derived {
        return Err("nothing that was read creates the table".to_owned());
    }
    let steps = folders::of_table(site, table);
    let of = |tool: Tool, folder: &str| {
        Ok(Series {
            tool,
            folder: Some(folder.to_owned()),
        })
    };
    match (table.tool(), steps.as_slice()) {
        (_, [_, _, ..]) => Err("several series of migrations change its table".to_owned()),
        (_, []) => writers::without_steps(site, table),
        (model, [(tool, folder)]) if writers::makes_tables_of(*tool, model) => {
            of(drizzle_steps::of_journal(site, folder, model).unwrap_or(*tool), folder)
        }
        (_, [(tool, folder)]) if script::knows(*tool) => of(*tool, folder),
        (_, [(tool, _)]) => Err(format!("migrations of {} are not written yet", tool.library())),
    }
}

fn write(site: &FixContext<'_>, series: &Series, wishes: Vec<Wish<'_>>, outcome: &mut FixOutcome) {
    let mut by_table: BTreeMap<usize, Vec<Wish<'_>>> = BTreeMap::new();
    for wish in wishes {
        by_table.entry(wish.lack.table).or_default().push(wish);
    }
    let (mut declared, mut edits) = (Vec::new(), Vec::new());
    for wishes in by_table.into_values() {
        match declare::edits(site, &wishes, series.folder.is_some()) {
            Ok(more) => {
                edits.extend(more);
                declared.extend(wishes);
            }
            Err(why) => wishes.iter().for_each(|wish| outcome.leave(wish.finding, why.clone())),
        }
    }
    if declared.is_empty() {
        return;
    }
    let written = match (&series.folder, series.tool) {
        (None, _) => Ok(Written::default()),
        (Some(folder), tool) if script::knows(tool) => script::write(site, (tool, folder), &declared),
        (Some(folder), tool) => {
            let step = writers::writer(tool).and_then(|writer| writer.step);
            step.unwrap_or(sql::write)(site, folder, &declared)
        }
    };
    match written {
        Err(why) => declared.iter().for_each(|wish| outcome.leave(wish.finding, why.clone())),
        Ok(written) => outcome.mends.push(together(&declared, edits, written)),
    }
}

fn together(wishes: &[Wish<'_>], mut edits: Vec<Edit>, written: Written) -> Mend {
    edits.extend(written.edits);
    let tables: BTreeSet<&str> = wishes.iter().map(|wish| wish.table.name.as_str()).collect();
    let tables: Vec<&str> = tables.into_iter().collect();
    let count = match wishes.len() {
        1 => "an index".to_owned(),
        more => format!("{more} indexes"),
    };
    let needless = wishes.iter().find(|wish| !wish.lack.needless.is_empty());
    let doubt = needless
        .map(|_| NEEDLESS.to_owned())
        .filter(|_| written.doubt.is_empty())
        .unwrap_or(written.doubt);
    let is_safe = doubt.is_empty();
    Mend {
        findings: wishes.iter().map(|wish| wish.finding.fingerprint.clone()).collect(),
        title: format!("{count} on {}", tables.join(", ")),
        edits,
        files: written.files,
        safety: if is_safe { Safety::Safe } else { Safety::Unsafe },
        reason: if is_safe {
            "an index changes no answer, only how fast it comes and what writing costs".to_owned()
        } else {
            doubt
        },
    }
}

/// Fails where a name of the steps that are there could end the text that it is written into: a new step repeats it.
fn plain_id(name: &str) -> Result<(), String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    if !name.is_empty() && name.chars().all(is_plain) {
        Ok(())
    } else {
        Err(format!("its migrations have the name {name:?}, which is no plain one"))
    }
}

/// What a step is called, from what it does: words with `_` between.
fn slug(wishes: &[Wish<'_>]) -> String {
    let [wish] = wishes else { return "add_indexes".to_owned() };
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
    let text = format!("index_{}_{}", wish.table.name, wish.lack.columns.join("_"));
    let text: String = text.chars().map(plain).take(40).collect();
    let words: Vec<&str> = text.split('_').filter(|word| !word.is_empty()).collect();
    words.join("_")
}
