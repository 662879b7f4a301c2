//! Who adds rows to a table: the statements and constructors that do, and what reaches them.

mod serializers;

use rustc_hash::FxHashSet;

use super::Project;
use super::eval::Evaluator;
use super::graph::FnId;
use super::rows::schema_model;
use super::schema::Trait;
use crate::ir::{ExprId, Module};
use crate::libraries::entries::Often;
use crate::libraries::shared::value::{FileId, RowModel, Value};
use crate::statement::Operation;
use crate::walk::FileRole;
use serializers::StoredBy;

/// Calls from a view's entry point to the place where the framework adds its row: the project's own are nearer.
const WAY_OF_FRAMEWORK: u32 = 3;

/// What adds rows to one table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Writers {
    /// The writer that stands for all: an action before others, the one that writes most directly, by its name.
    pub often: Option<(Often, String)>,
    /// Calls from that writer's entry point to the place.
    distance: u32,
    /// Places that add rows in service.
    pub places: usize,
    /// Scripts, migrations and seeds add rows.
    pub by_hand: bool,
    /// Rows that files of the repository hold for it, where most tables have a writer: what none writes has these.
    pub kept: u64,
}

impl Writers {
    fn add(&mut self, project: &Project, file: FileId, function: FnId) {
        if !self.counts(project, file) {
            return;
        }
        let Some(entry) = project.graph.entry_of(function) else {
            return;
        };
        let distance = project
            .graph
            .reach
            .get(function.index())
            .copied()
            .flatten()
            .map_or(0, |reach| reach.distance);
        self.take(entry.often, distance, &entry.label);
    }

    /// Counts a place that adds rows; `false` where nobody comes to it in service.
    fn counts(&mut self, project: &Project, file: FileId) -> bool {
        match project.role(file) {
            FileRole::Test | FileRole::Generated => false,
            FileRole::Script | FileRole::Migration | FileRole::Example => {
                self.by_hand = true;
                false
            }
            FileRole::Source => {
                self.places += 1;
                true
            }
        }
    }

    /// A writer, which stands for all where it does so more often, or more directly, than those before it.
    fn take(&mut self, often: Often, distance: u32, label: &str) {
        let key = |often: Often, distance: u32, label: &str| (rank(often), distance, label.to_owned());
        let writer = key(often, distance, label);
        if self
            .often
            .as_ref()
            .is_none_or(|(known, label)| writer < key(*known, self.distance, label))
        {
            self.often = Some((often, label.to_owned()));
            self.distance = distance;
        }
    }
}

/// What writes with every request comes first; then what users do; a read that writes is seldom the table's own writer.
fn rank(often: Often) -> u8 {
    match often {
        Often::Always => 0,
        Often::Act => 1,
        Often::Job => 2,
        Often::Read => 3,
        Often::Seldom => 4,
        Often::Once => 5,
    }
}

/// Whether no code of the project, not even a script, adds rows anywhere.
pub fn has_none(project: &Project, writers: &[Writers]) -> bool {
    let mut sites = project.graph.sites.iter().filter(|site| !site.query.fetch);
    writers.iter().all(|one| one.places == 0 && !one.by_hand)
        && sites.all(|site| !site.query.adds() && site.query.statement.operation != Operation::Other && !site.query.opaque)
}

/// What adds rows to each of the schema's tables, by the table's place in the schema.
pub fn writers(project: &Project) -> Vec<Writers> {
    let mut out = vec![Writers::default(); project.schema.tables.len()];
    if out.is_empty() {
        return out;
    }
    let statements = project.graph.sites.iter().filter(|site| site.query.adds());
    for site in statements {
        let table = project
            .table_of(&site.query)
            .and_then(|table| project.schema.table_index(&table.name));
        if let Some(writers) = table.and_then(|table| out.get_mut(table)) {
            writers.add(project, site.file, site.function);
        }
    }
    for (table, file, function) in constructors(project) {
        if let Some(writers) = out.get_mut(table) {
            writers.add(project, file, function);
        }
    }
    for stored in serializers::stored(project) {
        let Some(writers) = out.get_mut(stored.table) else { continue };
        match stored.by {
            StoredBy::Function(function) => writers.add(project, stored.file, project.graph.id(stored.file, function)),
            StoredBy::View(name) => {
                if writers.counts(project, stored.file) {
                    writers.take(Often::Act, WAY_OF_FRAMEWORK, &format!("POST {name}.create"));
                }
            }
        }
    }
    count_kept(project, &mut out);
    out
}

/// Counts the rows that SQL files of the repository add, in a program whose writers are known: of one of which no statement is seen to
/// write most tables, they say nothing.
fn count_kept(project: &Project, out: &mut [Writers]) {
    let written = out.iter().filter(|writers| writers.places > 0).count();
    if written * 2 < out.len() {
        return;
    }
    for facts in project.code.files.iter().filter(|facts| facts.role != FileRole::Test) {
        for (name, rows) in facts.sql.iter().flat_map(|sql| &sql.added) {
            if let Some(writers) = project.schema.table_index(name).and_then(|table| out.get_mut(table)) {
                writers.kept += rows;
            }
        }
    }
}

/// `Order(…)`, where that stores it: see [`Trait::StoresWhatIsMade`].
fn constructors(project: &Project) -> Vec<(usize, FileId, FnId)> {
    let names: FxHashSet<&str> = project.schema.models.iter().map(|model| model.name.as_str()).collect();
    let files = project.code.modules().map(|(file, _)| file).collect();
    project.code.parts(files, |file| {
        let (eval, module) = (Evaluator::new(&project.code), project.code.module(file));
        let found = module.call_ids().filter_map(|id| {
            let table = made(&eval, project, &names, file, module, id)?;
            Some((table, file, project.graph.id(file, module.owner(id))))
        });
        found.collect()
    })
}

fn made(eval: &Evaluator<'_>, project: &Project, names: &FxHashSet<&str>, file: FileId, module: &Module, id: ExprId) -> Option<usize> {
    let call = module.call(id)?;
    let name = call.method()?;
    if !names.contains(name) {
        return None;
    }
    let Value::Class(at, class) = eval.value(file, call.callee) else {
        return None;
    };
    let model = schema_model(project, &RowModel::Class(at, class))?;
    model
        .tool
        .is_some_and(|tool| tool.has(Trait::StoresWhatIsMade))
        .then_some(model.table)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::facts::extract;
    use crate::walk::FileKind;

    #[test]
    fn documents_that_a_schemas_own_function_saves_are_written() {
        let code = "\
import express from 'express';
import mongoose from 'mongoose';

const visitSchema = new mongoose.Schema({ page: String });
visitSchema.statics.note = function (page) {
  const visit = new this({ page });
  return visit.save();
};
const visits = (db) => db.model('Visit', visitSchema);
const Visits = visits(mongoose);
const Seen = mongoose.model('Seen', new mongoose.Schema({ page: String }));

const app = express();
app.post('/visits', async (request, response) => {
  await Visits.note(request.body.page);
  await Seen.updateOne({ page: request.body.page }, { page: request.body.page }, { upsert: true });
  response.end();
});
";
        let project = Project::link(vec![extract("src/app.ts", FileKind::TypeScript, code)]);
        for table in ["visits", "seens"] {
            let at = project.schema.table_index(table).expect("a table");
            let often = writers(&project)[at].often.clone();
            assert_eq!(often, Some((Often::Act, "POST /visits".to_owned())), "{table}");
        }
    }

    #[test]
    fn the_most_frequent_writer_is_named() {
        let sql = "CREATE TABLE orders (id int PRIMARY KEY);\nCREATE TABLE rates (id int PRIMARY KEY);";
        let python = "\
from fastapi import FastAPI
import psycopg

app = FastAPI()


@app.post('/orders')
def create(conn: psycopg.Connection):
    conn.execute('INSERT INTO orders (id) VALUES (1)')


def load(conn: psycopg.Connection):
    conn.execute('INSERT INTO rates (id) VALUES (1)')
";
        let files = vec![
            extract("app.py", FileKind::Python, python),
            extract("schema.sql", FileKind::Sql, sql),
        ];
        let project = Project::link(files);
        let at = |name| project.schema.table_index(name).expect("a table");
        let found = writers(&project);
        assert_eq!(found[at("orders")].often, Some((Often::Act, "POST /orders".to_owned())));
        assert_eq!((found[at("rates")].often.as_ref(), found[at("rates")].places), (None, 1));
    }
}
