//! The whole code base, linked: names across files, values, calls, effects, queries, schema.

pub mod branches;
pub mod brought;
pub mod capacity;
pub mod clients;
mod commands;
pub mod conditions;
pub mod deployment;
pub mod dialect;
pub mod eval;
mod failures;
pub mod flow;
pub mod graph;
pub mod held;
pub mod imports;
pub mod kept_functions;
pub mod kept_results;
mod left_models;
pub mod listed;
pub mod loops;
pub mod may_call;
pub mod missed;
mod mounts;
pub mod named_models;
pub mod once;
mod operations;
pub mod own_keys;
pub mod reach;
pub mod relations;
pub mod row_source;
pub mod row_usage;
pub mod rows;
pub mod schema;
pub mod scope;
pub mod serializers;
pub mod sizes;
mod soft_deletes;
pub mod staff_tables;
pub mod unresolved;
pub mod validated;
pub mod writers;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::budget::{self, Limit};
use crate::coverage::{Coverage, ParseErrors};
use crate::finding::Location;
use crate::ir::{Comment, FunctionId, Module};
use crate::libraries::entries::EntryKind;
use crate::libraries::registry;
use crate::libraries::shared::effects::LibraryData;
use crate::libraries::shared::kept_functions::Schemas;
use crate::libraries::shared::query::Query;
use crate::libraries::shared::value::FileId;
use crate::silence::Silence;
use crate::source::{Span, module_name};
use crate::statement::Dialect;
use crate::stats::Record;
use crate::syntax::facts::FileFacts;
use crate::vocabulary::Vocabulary;
use crate::walk::{FileRole, role, roles};
use eval::{Code, Evaluator};
use graph::{FnId, Graph};
use schema::{Schema, SchemaPlace, SchemaSource, Table};

/// All files, linked.
#[derive(Debug, Default)]
pub struct Project {
    /// Files, scopes, library data.
    pub code: Code,
    /// Calls, queries, effects, entry points.
    pub graph: Graph,
    /// The schema state.
    pub schema: Schema,
    /// Relations that some query loads along.
    pub held: held::EagerLoads,
    /// Migrations that were replayed.
    pub migrations: usize,
    /// Where rows are loaded, and what becomes of them.
    pub loads: Vec<row_usage::RowLoad>,
    /// How it is deployed.
    pub deployment: deployment::Deployment,
    /// Row counts and index scans, where they were given.
    pub sizes: Option<sizes::Sizes>,
    /// What names suggest in this run.
    pub words: Vocabulary,
    /// Tables whose rows staff keep in an admin site, as indexes into the schema's tables.
    pub kept_by_staff: FxHashSet<usize>,
    /// Who adds rows to each of the schema's tables.
    pub writers: Vec<writers::Writers>,
    /// No code here adds rows to any table: another program does.
    pub only_reads: bool,
    /// What the repository's own clients ask of its server.
    pub clients: clients::Clients,
    /// How many objects serializers are given at once.
    pub listed: listed::ListedSerializers,
    /// What functions keep for good.
    pub once: once::Once,
    /// Functions that ask a cache first.
    pub missed: missed::Missed,
    /// What is known on the ways from entry points to functions.
    pub known_ways: reach::KnownWays,
    /// What that closes in them, as far as it was asked for.
    pub known_ends: branches::constants::KnownEnds,
    /// For each package that a manifest asks for, the lowest version that all of them allow; `None` where one allows any.
    lowest_versions: FxHashMap<String, Option<u32>>,
    /// What is asked about a rule's silence, and what the rule says of it.
    pub(crate) silence: Silence,
}

/// See [`Project::lowest_versions`].
fn lowest_versions(code: &Code) -> FxHashMap<String, Option<u32>> {
    let mut lowest: FxHashMap<String, Option<u32>> = FxHashMap::default();
    for facts in &code.files {
        let mut said: FxHashMap<&str, u32> = FxHashMap::default();
        for (name, version) in &facts.lowest {
            let known = said.entry(name).or_insert(*version);
            *known = (*known).max(*version);
        }
        for name in &facts.dependencies {
            let here = said.get(name.as_str()).copied();
            let known = lowest.entry(name.clone()).or_insert(here);
            *known = (*known).min(here);
        }
    }
    lowest
}

/// A comment that speaks to the tool, with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommentPlace {
    /// Path relative to the root.
    pub file: String,
    /// First and last line, 1-based.
    pub lines: (u32, u32),
    /// Text without the comment signs.
    pub text: String,
    /// First and last line of the function that the comment is for: it stands on the line above the definition (or its
    /// first decorator), or on the definition's first line.
    pub function: Option<(u32, u32)>,
}

impl Project {
    /// Links the facts of all files, which come sorted by path, without words of a configuration.
    pub fn link(files: Vec<FileFacts>) -> Project {
        Project::link_with(files, Vocabulary::default(), LibraryData::built_in())
    }

    /// Links the facts of all files, which come sorted by path; `words` are those of the run, `data` is what it knows of libraries.
    pub fn link_with(mut files: Vec<FileFacts>, words: Vocabulary, data: Arc<LibraryData>) -> Project {
        // Facts may be of a run with other words.
        let paths: Vec<&str> = files.iter().map(|facts| facts.path.as_str()).collect();
        let roles = roles(&paths, &words);
        for (facts, role) in files.iter_mut().zip(roles) {
            facts.role = role;
        }
        let mut code = Code::new(files, data, FxHashSet::default());
        let (schema, migrations) = code.step("the schema", || schema_of(&code));
        code.tables = table_names(&schema);
        (code.relations, code.named_models) = code.step("the relations of models", || {
            let classes = relations::classes(code.files.as_slice());
            let named = named_models::NamedModels::of(&schema, &classes);
            (relations::Relations::of(&schema, &classes), named)
        });
        code.kept_functions = code.step("functions that libraries keep", || {
            kept_functions::KeptFunctions::of(&schemas_with_functions(&code))
        });
        let mut held = held::EagerLoads::default();
        let mut graph = Graph::new(&mut code, &mut |code, sites| {
            code.step("which rows are marked as deleted", || soft_deletes::apply(&schema, sites));
            held = held::mark(code, sites, &schema);
        });
        code.step("the operations of API descriptions", || operations::mark(&mut graph, &code));
        code.step("the programs of packages", || commands::programs(&mut graph, &code));
        code.step("the addresses of entry points", || mounts::apply(&code, &mut graph, &words));
        let clients = code.step("what the repository's own clients ask", || clients::Clients::of(&code, &graph));
        code.step("which entry points these ask", || clients.mark(&mut graph.entries));
        // Without what runs once or seldom, what is reached would look as if each request waited for it.
        let (once, missed, known_ways) = code.step("what entry points reach", || {
            let (once, missed) = (once::Once::of(&code, &graph), missed::Missed::of(&code, &graph));
            let known_ways = reach::mark(&mut graph, &code, (&once, &missed));
            (once, missed, known_ways)
        });
        code.step("the commands of packages", || commands::mark(&mut graph, &code));
        code.step("whether calls are followed", || reach::mark_followed(&mut graph, &code));
        let (loads, (deployment, listed)) = rayon::join(
            || code.step("what becomes of rows", || row_usage::loads(&code, &graph)),
            || {
                rayon::join(
                    || code.step("the deployment", || deployment::Deployment::of(&code, &graph)),
                    || code.step("the use of serializers", || listed::ListedSerializers::of(&code)),
                )
            },
        );
        let lowest_versions = lowest_versions(&code);
        let mut project = Project {
            code,
            graph,
            schema,
            held,
            migrations,
            loads,
            deployment,
            sizes: None,
            words,
            kept_by_staff: FxHashSet::default(),
            writers: Vec::new(),
            only_reads: false,
            clients,
            listed,
            once,
            missed,
            known_ways,
            known_ends: branches::constants::KnownEnds::default(),
            lowest_versions,
            silence: Silence::default(),
        };
        let (kept, writers) = rayon::join(
            || {
                project
                    .code
                    .step("which tables staff keep", || staff_tables::kept_by_staff(&project))
            },
            || project.code.step("who adds rows", || Some(writers::writers(&project))),
        );
        project.kept_by_staff = kept;
        project.only_reads = writers.as_ref().is_some_and(|writers| writers::has_none(&project, writers));
        project.writers = writers.unwrap_or_else(|| vec![writers::Writers::default(); project.schema.tables.len()]);
        project
    }

    /// The steps of linking that failed: what each would have given.
    pub fn failed_steps(&self) -> BTreeSet<&'static str> {
        self.code.failures.steps()
    }

    /// Whether every manifest that asks for a package asks for this version or a later one; a manifest that says no version may mean any.
    pub fn asks_for_version(&self, package: &str, first: u32) -> bool {
        let lowest = self.lowest_versions.get(package).copied().flatten();
        lowest.is_some_and(|lowest| lowest >= first)
    }

    /// Takes what the database counted.
    pub fn measure(&mut self, records: &[Record]) {
        let of = || Some(sizes::Sizes::of(&self.schema, records));
        self.sizes = self.code.step("the sizes of tables", of);
    }

    /// Adds what was understood and what was not.
    pub fn cover(&self, coverage: &mut Coverage) {
        for facts in &self.code.files {
            let Some(module) = &facts.module else { continue };
            coverage.functions += module.functions.len().saturating_sub(1);
            if !module.broken.is_empty() {
                let ranges = module
                    .broken
                    .iter()
                    .map(|span| (facts.lines.line(span.start), facts.lines.line(span.end)))
                    .collect();
                coverage.parse_errors.push(ParseErrors {
                    file: facts.path.clone(),
                    ranges,
                });
            }
        }
        for facts in &self.code.files {
            for &(limit, offset) in &facts.over {
                coverage.reach(limit, format!("{}:{}", facts.path, facts.lines.line(offset)));
            }
        }
        for overrun in self.code.overruns.list().into_iter().chain(self.schema.over.iter().cloned()) {
            coverage.reach(overrun.limit, overrun.place);
        }
        for facts in &self.code.files {
            let Some(sql) = &facts.sql else { continue };
            coverage.statements.understood += sql.statements.len() + sql.changes.len();
            for (span, head) in &sql.not_understood {
                coverage
                    .statements
                    .not_understood
                    .add(format!("{}:{}: {head}", facts.path, facts.lines.line(span.start)));
            }
        }
        let has_sql = |file: &str| self.facts(file).is_some_and(|facts| facts.sql.is_some());
        for unclear in self.schema.unclear.iter().filter(|unclear| !has_sql(&unclear.place.file)) {
            let place = self.schema_place(&unclear.place);
            let example = format!("{}:{}: {}", place.file, place.start_line, unclear.text);
            coverage.statements.not_understood.add(example);
        }
        self.code.failures.cover(self.code.files.as_slice(), coverage);
        coverage.notes.extend(self.schema.notes.iter().cloned());
        coverage.calls.total = self.graph.calls.total;
        coverage.calls.resolved = self.graph.calls.resolved;
        coverage.calls.external = self.graph.calls.external;
        coverage.endpoints = self.graph.entries.iter().filter(|entry| entry.kind != EntryKind::Hook).count();
        coverage.query_sites = self.graph.sites.len();
        coverage.tables = self.schema.tables.len();
        coverage.indexes = self.schema.tables.iter().map(|table| table.indexes.len()).sum();
        coverage.migrations = self.migrations;
        coverage
            .notes
            .extend(self.sizes.iter().flat_map(|sizes| sizes.notes(self.schema.tables.len())));
    }

    /// Comments that speak to the tool.
    pub fn comments(&self) -> Vec<CommentPlace> {
        let mut out = Vec::new();
        for facts in &self.code.files {
            let of_code: &[Comment] = facts.module.as_ref().map_or(&[], |module| &module.comments);
            let heads = facts
                .module
                .as_ref()
                .filter(|_| !of_code.is_empty())
                .map(|module| Heads::of(facts, module));
            for comment in of_code.iter().chain(&facts.comments) {
                let lines = (facts.lines.line(comment.span.start), facts.lines.line(comment.span.end));
                let function = heads.as_ref().and_then(|heads| heads.commented(lines));
                out.push(CommentPlace {
                    file: facts.path.clone(),
                    lines,
                    text: comment.text.clone(),
                    function,
                });
            }
        }
        out
    }

    /// The names of functions and classes of each file, within their module.
    pub fn symbols(&self) -> BTreeMap<&str, BTreeSet<String>> {
        let of = |facts: &FileFacts| {
            let functions = facts.module.iter().flat_map(|module| {
                let ids = 0..module.functions.len() as u32;
                let names = ids.map(|id| module.qualified(FunctionId(id)));
                let classes = module
                    .classes
                    .iter()
                    .filter_map(|class| class.name)
                    .map(|name| module.str(name).to_owned());
                names.chain(classes).collect::<Vec<_>>()
            });
            functions.collect()
        };
        self.code.files.iter().map(|facts| (facts.path.as_str(), of(facts))).collect()
    }

    /// A file's path.
    pub fn path(&self, file: FileId) -> &str {
        self.code.files.get(file.index()).map_or("", |facts| facts.path.as_str())
    }

    /// Whether a file is source, a test, a migration, a script, …
    pub fn role(&self, file: FileId) -> FileRole {
        self.code.files.get(file.index()).map_or(FileRole::Source, |facts| facts.role)
    }

    /// What the file of a path is for; of one that was not read, what its path tells.
    pub fn role_of(&self, path: &str) -> FileRole {
        let at = self.code.files.binary_search_by(|facts| facts.path.as_str().cmp(path));
        let facts = at.ok().and_then(|at| self.code.files.get(at));
        facts.map_or_else(|| role(path, &self.words), |facts| facts.role)
    }

    /// Bytes of a file as a location with lines; `symbol` is the function that it shows, empty for none.
    pub fn place(&self, file: FileId, span: Span, symbol: &str) -> Location {
        let Some(facts) = self.code.files.get(file.index()) else {
            return Location::default();
        };
        let (start_line, start_column) = facts.lines.position(span.start);
        let (end_line, end_column) = facts.lines.position(span.end.max(span.start));
        Location {
            file: facts.path.clone(),
            start_line,
            start_column,
            end_line,
            end_column,
            symbol: symbol.to_owned(),
        }
    }

    fn position(&self, path: &str) -> Option<usize> {
        self.code.files.binary_search_by(|facts| facts.path.as_str().cmp(path)).ok()
    }

    fn facts(&self, path: &str) -> Option<&FileFacts> {
        self.position(path).and_then(|index| self.code.files.get(index))
    }

    /// A place in a file by its path.
    pub fn location(&self, path: &str, span: Span, symbol: &str) -> Location {
        match self.position(path) {
            Some(index) => self.place(FileId(index as u32), span, symbol),
            None => Location {
                file: path.to_owned(),
                start_line: 1,
                start_column: 1,
                end_line: 1,
                end_column: 1,
                symbol: symbol.to_owned(),
            },
        }
    }

    /// Where a source declares a part of the schema, as a location with lines.
    pub fn schema_place(&self, place: &SchemaPlace) -> Location {
        self.location(&place.file, place.span, "")
    }

    /// The schema's table of a query, by its table's, model's or client accessor's name.
    pub fn table_of(&self, query: &Query) -> Option<&Table> {
        let name = query.table()?;
        if let Some(model) = query.model.as_ref().and_then(|model| rows::schema_model(self, model)) {
            return self.schema.tables.get(model.table);
        }
        self.schema.table(name)
    }

    /// As [`Project::place`], with the function's name as the symbol.
    pub fn place_in(&self, function: FnId, span: Span) -> Location {
        let file = self.graph.function(function).file;
        self.place(file, span, &self.symbol(function))
    }

    /// Tells that what a function does, or who calls it, reached a bound.
    pub fn tell(&self, limit: Limit, function: FnId) {
        let node = self.graph.function(function);
        let name = self.code.module(node.file).function(node.id).name_span;
        self.code.tell(limit, node.file, name.start);
    }

    /// Tells why a rule, or a search that rules share, leaves out a place that it looked at: the condition, as a sentence without a full stop. See [`Silence`].
    pub(crate) fn silent<W: Into<String>>(&self, topic: &str, file: FileId, span: Span, why: impl FnOnce() -> W) {
        self.silence.note(topic, file.index(), span, why);
    }

    /// As [`Project::silent`], for places of the schema.
    pub(crate) fn silent_of_schema<'s>(&self, topic: &str, places: impl IntoIterator<Item = &'s SchemaPlace>, why: impl Fn() -> String) {
        if !self.silence.asks(topic) {
            return;
        }
        for place in places {
            if let Some(file) = self.position(&place.file) {
                self.silence.note(topic, file, place.span, &why);
            }
        }
    }

    /// A function's dotted name: module path and the name within.
    pub fn symbol(&self, function: FnId) -> String {
        let node = self.graph.function(function);
        let module = module_name(self.path(node.file));
        let inner = self.code.module(node.file).qualified(node.id);
        if inner.is_empty() { module } else { format!("{module}.{inner}") }
    }

    /// A function's name for a sentence: without the module.
    pub fn short_name(&self, function: FnId) -> String {
        let node = self.graph.function(function);
        let inner = self.code.module(node.file).qualified(node.id);
        if inner.is_empty() {
            module_name(self.path(node.file))
        } else {
            inner
        }
    }
}

/// The functions of a file by the lines that comments on them stand at.
struct Heads {
    /// First and last line of each.
    lines: Vec<(u32, u32)>,
    /// The first function of each line: by the line that its definition or its first decorator starts at, and by that of its name.
    by_start: FxHashMap<u32, usize>,
    by_name: FxHashMap<u32, usize>,
}

impl Heads {
    fn of(facts: &FileFacts, module: &Module) -> Heads {
        let mut heads = Heads {
            lines: Vec::new(),
            by_start: FxHashMap::default(),
            by_name: FxHashMap::default(),
        };
        for (place, function) in module.functions.iter().skip(1).enumerate() {
            let decorators = function.decorators.iter().map(|&decorator| module.expr(decorator).span.start);
            let start = decorators.min().unwrap_or(function.span.start).min(function.span.start);
            let start = facts.lines.line(start);
            heads.lines.push((start, facts.lines.line(function.span.end)));
            heads.by_start.entry(start).or_insert(place);
            heads.by_name.entry(facts.lines.line(function.name_span.start)).or_insert(place);
        }
        heads
    }

    /// The function that a comment is for: the comment stands on the line above its definition (or its first decorator), or on the
    /// definition's first line.
    fn commented(&self, (first, last): (u32, u32)) -> Option<(u32, u32)> {
        let above = self.by_start.get(&(last + 1));
        let beside = self.by_name.get(&first);
        let place = above.into_iter().chain(beside).min()?;
        self.lines.get(*place).copied()
    }
}

/// The schema that all files give, and how many migrations were replayed.
fn schema_of(code: &Code) -> (Schema, usize) {
    let mut sources = file_sources(code.files.as_slice());
    sources.extend(code_sources(code));
    schema::sources::drop_alternatives(&mut sources);
    sources.sort_by(|left, right| left.file.cmp(&right.file));
    let migrations = sources.iter().filter(|source| !source.kind.is_model()).count();
    let database = dialect::of(code);
    let by_default = (database == Dialect::Generic).then(|| dialect::by_default(code)).flatten();
    if let Some(default) = by_default {
        let is_guessed = |source: &&mut SchemaSource| {
            let file = code.imports.file(&source.file).filter(|_| !source.kind.is_model());
            file.is_some_and(|file| code.files[file.index()].module.is_some())
        };
        sources.iter_mut().filter(is_guessed).for_each(|source| source.dialect = default);
    }
    (Schema::build(sources, by_default.unwrap_or(database)), migrations)
}

/// The parts of the schema that SQL and Prisma files give.
fn file_sources(files: &[FileFacts]) -> Vec<SchemaSource> {
    let mut sources = Vec::new();
    for facts in files {
        if let Some(sql) = &facts.sql {
            sources.extend(SchemaSource::sql(&facts.path, sql.clone()));
        }
        if let Some(prisma) = &facts.prisma {
            sources.push(SchemaSource::prisma(&facts.path, prisma.clone()));
        }
    }
    sources
}

/// The parts of the schema that models and migrations in program code give.
fn code_sources(code: &Code) -> Vec<SchemaSource> {
    let files = code.modules().map(|(file, _)| file).collect();
    let mut sources = code.parts(files, |file| {
        let path = code.files.get(file.index()).map_or("", |facts| facts.path.as_str());
        let (sources, told) = budget::hearing(|| schema::sources::of_code(&Evaluator::new(code), file, path));
        for (limit, offset) in told {
            let line = code.files.get(file.index()).map_or(0, |facts| facts.lines.line(offset));
            code.overruns.add(limit, format!("{path}:{line}"));
        }
        sources
    });
    left_models::drop(code, &mut sources);
    sources
}

/// What the files say of schemas that keep functions.
fn schemas_with_functions(code: &Code) -> Vec<(FileId, Schemas)> {
    let files = code.modules().map(|(file, _)| file).collect();
    code.parts(files, |file| {
        let schemas = registry::kept_functions(&Evaluator::new(code), file);
        (schemas != Schemas::default()).then_some((file, schemas)).into_iter().collect()
    })
}

/// Names of tables and models, lower case.
fn table_names(schema: &Schema) -> FxHashSet<String> {
    let tables = schema.tables.iter().map(|table| table.name.to_lowercase());
    tables.chain(schema.models.iter().map(|model| model.name.to_lowercase())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::facts::extract;
    use crate::vocabulary::Open;
    use crate::walk::FileKind;

    #[test]
    fn a_file_is_for_what_the_words_of_the_run_say_not_those_it_was_read_with() {
        let facts = extract("ops/load.py", FileKind::Python, "x = 1\n");
        assert_eq!(Project::link(vec![facts.clone()]).role(FileId(0)), FileRole::Source);
        let mut words = Vocabulary::default();
        words.add(Open::ScriptFolders, &["ops".to_owned()]).expect("a word");
        assert_eq!(
            Project::link_with(vec![facts], words, LibraryData::built_in()).role(FileId(0)),
            FileRole::Script
        );
    }
}
