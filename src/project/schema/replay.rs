//! Replays schema changes in order: what a database looks like after them.

mod index_names;
mod table_changes;
mod table_names;

use std::collections::VecDeque;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::index::{IndexOrigin, same};
use super::{Index, IndexBuild, Removed, SchemaPart, SchemaPlace, SchemaSource, SourceKind, Table, folded, order, qualified};
use crate::budget::{Limit, Steps};
use crate::source::Span;
use crate::statement::{Dialect, IndexDef, SchemaChange, SchemaOp, TableDef};
use index_names::is_named;
use index_names::{names, position_of};
use table_changes::{
    add_column, add_constraint, alter_column, drop_column, drop_constraint, drop_repeated_constraints, fill, has_room, rename_column,
};
use table_names::{TableKey, TableNames, name_key};

/// The result of a replay.
pub(super) struct Replayed {
    /// Tables that stand at the end.
    pub tables: Vec<Table>,
    /// Index builds of migrations.
    pub builds: Vec<IndexBuild>,
    /// What was there and was taken away.
    pub removed: Vec<Removed>,
    /// What reached a bound, with its place.
    pub over: Vec<(Limit, SchemaPlace)>,
}

/// The schema of a database as the migrations so far made it.
#[derive(Default)]
pub(super) struct SchemaState {
    tables: Vec<Table>,
    names: TableNames,
    /// Tables that have or had an index of a name, also of one that the database would have made up.
    holders: FxHashMap<String, VecDeque<usize>>,
    builds: Vec<IndexBuild>,
    removed: Vec<Removed>,
    /// How many sources of each folder have run: the last ones of a folder are the youngest.
    steps: FxHashMap<String, usize>,
    /// Tables created by the source that runs.
    fresh: FxHashSet<TableKey>,
    /// What reached a bound.
    over: Vec<(Limit, SchemaPlace)>,
}

/// The folder whose files follow each other.
fn series(file: &str) -> String {
    order::place(file).0
}

/// What all changes of one source share.
struct ReplayContext<'a> {
    file: &'a Arc<str>,
    kind: SourceKind,
    dialect: Dialect,
    /// The series has not run before.
    on_empty_tables: bool,
}

impl ReplayContext<'_> {
    fn place(&self, span: Span) -> SchemaPlace {
        SchemaPlace {
            file: self.file.clone(),
            span,
            kind: self.kind,
        }
    }
}

impl SchemaState {
    /// Runs all changes of a source.
    pub fn run(&mut self, source: &SchemaSource) {
        self.fresh.clear();
        let context = ReplayContext {
            file: &source.file,
            kind: source.kind,
            dialect: source.dialect,
            on_empty_tables: source.on_empty_tables,
        };
        let steps = Steps::of(Limit::Replay);
        for change in &source.changes {
            if !steps.take(self.cost(change)) {
                self.over.push((Limit::Replay, context.place(change.span)));
                break;
            }
            self.apply(&context, change);
        }
        *self.steps.entry(series(&source.file)).or_default() += 1;
    }

    /// Adds a model's table.
    pub fn model(&mut self, source: &SchemaSource, table: &TableDef) {
        let context = ReplayContext {
            file: &source.file,
            kind: source.kind,
            dialect: source.dialect,
            on_empty_tables: false,
        };
        self.create(&context, table, false);
    }

    /// What stands at the end, and what does not any more.
    pub fn finish(mut self) -> Replayed {
        for build in &mut self.builds {
            let steps = self.steps.get(&series(&build.place.file)).copied().unwrap_or_default();
            build.later = steps.saturating_sub(build.later + 1);
        }
        let live: Vec<usize> = (0..self.tables.len()).filter(|&at| self.names.has(at)).collect();
        let mut slots: Vec<Option<Table>> = self.tables.into_iter().map(Some).collect();
        Replayed {
            tables: live.into_iter().filter_map(|at| slots.get_mut(at).and_then(Option::take)).collect(),
            builds: self.builds,
            removed: self.removed,
            over: self.over,
        }
    }

    /// The steps of a change: all parts of its table may be looked at.
    fn cost(&self, change: &SchemaChange) -> u64 {
        let name = match &change.op {
            SchemaOp::CreateTable(def, _) => return (1 + def.columns.len() + def.constraints.len() + def.indexes.len()) as u64,
            SchemaOp::DropTable(name)
            | SchemaOp::RenameTable(name, _)
            | SchemaOp::AddColumn(name, _)
            | SchemaOp::DropColumn(name, _)
            | SchemaOp::RenameColumn(name, ..)
            | SchemaOp::AlterColumn(name, _)
            | SchemaOp::AddConstraint(name, _)
            | SchemaOp::DropConstraint(name, _)
            | SchemaOp::PromoteIndex { table: name, .. } => name,
            SchemaOp::AddIndex(def, _) => &def.table,
            SchemaOp::DropIndex(_, Some(name)) => name,
            SchemaOp::DropIndex(_, None) | SchemaOp::RenameIndex(..) => return 1,
        };
        let table = self.find(name).and_then(|at| self.tables.get(at));
        table.map_or(1, |table| (1 + table.columns.len() + 8 * table.indexes.len()) as u64)
    }

    /// Notes the parts that a change takes away.
    fn note(&mut self, parts: Vec<Removed>, by: &SchemaPlace) {
        let room = Limit::Removed.count().saturating_sub(self.removed.len());
        if parts.len() > room
            && self
                .over
                .last()
                .is_none_or(|(limit, place)| *limit != Limit::Removed || place.file != by.file)
        {
            self.over.push((Limit::Removed, by.clone()));
        }
        self.removed.extend(parts.into_iter().take(room));
    }

    /// Notes the names of a table's indexes from a position on, so that they are found without a look at every table.
    fn register(&mut self, at: usize, from: usize) {
        let Some(table) = self.tables.get(at) else { return };
        for index in table.indexes.iter().skip(from) {
            for name in names(index, &table.name) {
                let holders = self.holders.entry(folded(&name)).or_default();
                if holders.back() != Some(&at) {
                    holders.push_back(at);
                }
            }
        }
    }

    fn find(&self, name: &str) -> Option<usize> {
        self.names.find(&name_key(name))
    }

    fn add(&mut self, context: &ReplayContext, name: &str, span: Span) -> usize {
        let (schema, bare) = qualified(name);
        let table = Table {
            name: bare.to_owned(),
            schema: schema.map(str::to_owned),
            dialect: context.dialect,
            columns: Vec::new(),
            primary_key: Vec::new(),
            indexes: Vec::new(),
            foreign_keys: Vec::new(),
            partition: false,
            open: true,
            open_in_models: false,
            open_in_migrations: false,
            is_derived: false,
            phantom: true,
            places: vec![context.place(span)],
            models: Vec::new(),
            emulates_relations: false,
        };
        self.tables.push(table);
        self.names.insert(name_key(name), self.tables.len() - 1);
        self.tables.len() - 1
    }

    /// The table of a name; one that nothing created is made up, so that what is known of it is kept.
    fn table(&mut self, context: &ReplayContext, name: &str, span: Span) -> usize {
        self.find(name).unwrap_or_else(|| self.add(context, name, span))
    }

    fn apply(&mut self, context: &ReplayContext, change: &SchemaChange) {
        let span = change.span;
        match &change.op {
            SchemaOp::CreateTable(def, if_not_exists) => self.create(context, def, *if_not_exists),
            SchemaOp::DropTable(name) => self.drop_table(name, &context.place(span)),
            SchemaOp::RenameTable(from, to) => self.rename_table(context, from, to, span),
            SchemaOp::AddColumn(name, column) => {
                let at = self.table(context, name, span);
                let before = self.tables[at].indexes.len();
                add_column(&mut self.tables[at], context, column, span);
                self.register(at, before.saturating_sub(1));
            }
            SchemaOp::DropColumn(name, column) => {
                if let Some(at) = self.find(name) {
                    let removed = drop_column(&mut self.tables[at], column, &context.place(span));
                    self.note(removed, &context.place(span));
                }
            }
            SchemaOp::RenameColumn(name, from, to) => {
                let at = self.table(context, name, span);
                if rename_column(&mut self.tables[at], from, to, &context.place(span)) {
                    self.register(at, 0);
                }
            }
            SchemaOp::AlterColumn(name, column) => {
                if let Some(at) = self.find(name) {
                    alter_column(&mut self.tables[at], column);
                }
            }
            SchemaOp::AddIndex(index, if_not_exists) => self.add_index(context, index, *if_not_exists, span),
            SchemaOp::DropIndex(name, table) => self.drop_index(name, table.as_deref(), &context.place(span)),
            SchemaOp::RenameIndex(from, to) => self.rename_index(from, to),
            SchemaOp::PromoteIndex {
                table,
                index,
                name,
                primary,
            } => self.promote(table, index, name.as_deref(), *primary),
            SchemaOp::AddConstraint(name, constraint) => {
                let at = self.table(context, name, span);
                let before = self.tables[at].indexes.len();
                add_constraint(&mut self.tables[at], context, constraint, span);
                self.register(at, before.saturating_sub(1));
            }
            SchemaOp::DropConstraint(name, constraint) => {
                if let Some(at) = self.find(name) {
                    let removed = drop_constraint(&mut self.tables[at], constraint, &context.place(span));
                    self.note(removed, &context.place(span));
                }
            }
        }
    }

    fn create(&mut self, context: &ReplayContext, def: &TableDef, if_not_exists: bool) {
        let existing = self.names.exact(&name_key(&def.name));
        if let Some(at) = existing.filter(|&at| !self.tables[at].phantom) {
            // What exists is left alone by a migration; scripts that are alternatives of each other add up.
            if if_not_exists && matches!(context.kind, SourceKind::Migration(_)) {
                return;
            }
            let table = &mut self.tables[at];
            table.places.push(context.place(def.span));
            fill(table, context, def);
            self.register(at, 0);
            return;
        }
        let at = existing.unwrap_or_else(|| self.add(context, &def.name, def.span));
        self.fresh.insert(name_key(&def.name));
        let table = &mut self.tables[at];
        table.phantom = false;
        table.open = def.open;
        table.partition = def.partition;
        table.places.insert(0, context.place(def.span));
        table.places.dedup();
        fill(table, context, def);
        if context.dialect == Dialect::Postgres {
            drop_repeated_constraints(table);
        }
        self.register(at, 0);
    }

    fn drop_table(&mut self, name: &str, by: &SchemaPlace) {
        if let Some(at) = self.find(name) {
            self.names.remove(at);
            let table = &self.tables[at];
            let mut removed = vec![Removed {
                part: SchemaPart::Table,
                table: table.full_name(),
                name: Some(table.name.clone()),
                columns: Vec::new(),
                places: table.places.clone(),
                by: by.clone(),
            }];
            removed.extend(table.indexes.iter().map(|index| Removed::index(table, index, by)));
            self.note(removed, by);
        }
    }

    fn rename_table(&mut self, context: &ReplayContext, from: &str, to: &str, span: Span) {
        let at = self.table(context, from, span);
        self.names.remove(at);
        let (schema, bare) = qualified(to);
        let table = &mut self.tables[at];
        bare.clone_into(&mut table.name);
        if to.contains('.') {
            table.schema = schema.map(str::to_owned);
        }
        let key = (table.schema.as_deref().map(folded), folded(bare));
        if self.fresh.contains(&name_key(from)) {
            self.fresh.insert(key.clone());
        }
        self.names.insert(key, at);
        self.register(at, 0);
    }

    fn add_index(&mut self, context: &ReplayContext, def: &IndexDef, if_not_exists: bool, span: Span) {
        if if_not_exists && def.name.as_deref().is_some_and(|name| self.index_place(name, None).is_some()) {
            return;
        }
        let known = self.find(&def.table).is_some_and(|at| !self.tables[at].phantom);
        let at = self.table(context, &def.table, span);
        // A second index of the name can only fail, or stand in another branch of the same step.
        let bare = self.tables[at].name.clone();
        if def.name.as_deref().is_some_and(|name| {
            self.tables[at]
                .indexes
                .iter()
                .any(|index| index.name.is_some() && is_named(index, &bare, qualified(name).1))
        }) {
            return;
        }
        let key = (self.tables[at].schema.as_deref().map(folded), folded(&self.tables[at].name));
        if matches!(context.kind, SourceKind::Migration(_)) {
            self.builds.push(IndexBuild {
                index: def.clone(),
                place: context.place(span),
                dialect: context.dialect,
                table_existed: !self.fresh.contains(&key) && !context.on_empty_tables,
                table_known: known,
                partition: self.tables[at].partition,
                // Turned into the number of later steps at the end.
                later: self.steps.get(&series(context.file)).copied().unwrap_or_default(),
            });
        }
        if !has_room(&mut self.tables[at]) {
            return;
        }
        self.tables[at]
            .indexes
            .push(Index::new(def, IndexOrigin::Declared, context.place(span)));
        self.register(at, self.tables[at].indexes.len() - 1);
    }

    fn index_place(&mut self, name: &str, table: Option<&str>) -> Option<(usize, usize)> {
        let bare = qualified(name).1;
        if let Some(at) = table.and_then(|table| self.find(table)) {
            return self.index_of(at, bare).map(|index| (at, index));
        }
        let holders = self.holders.get_mut(&folded(bare))?;
        // One that has lost the index, or is no more, is not asked again.
        while let Some(&at) = holders.front() {
            let names = &self.names;
            let table = self.tables.get(at).filter(|_| names.has(at));
            let found = table.and_then(|table| position_of(table, bare));
            match found {
                Some(index) => return Some((at, index)),
                None => holders.pop_front(),
            };
        }
        None
    }

    fn index_of(&self, at: usize, bare: &str) -> Option<usize> {
        position_of(self.tables.get(at)?, bare)
    }

    fn drop_index(&mut self, name: &str, table: Option<&str>, by: &SchemaPlace) {
        if let Some((at, index)) = self.index_place(name, table) {
            let index = self.tables[at].indexes.remove(index);
            let removed = Removed::index(&self.tables[at], &index, by);
            self.note(vec![removed], by);
        }
    }

    /// Makes an index that of a constraint.
    fn promote(&mut self, table: &str, index: &str, name: Option<&str>, primary: bool) {
        let Some((at, index)) = self.index_place(index, Some(table)) else {
            return;
        };
        let table = &mut self.tables[at];
        let found = &mut table.indexes[index];
        found.unique = true;
        found.name = name.map(str::to_owned).or(found.name.take());
        found.origin = if primary { IndexOrigin::Primary } else { IndexOrigin::Unique };
        self.register(at, index);
        if !primary {
            return;
        }
        let table = &mut self.tables[at];
        let Some(found) = table.indexes.get(index) else { return };
        let columns: Vec<String> = found.keys.iter().map(|key| key.column.clone()).collect();
        for column in &mut table.columns {
            column.nullable &= !columns.iter().any(|key| same(key, &column.name));
        }
        table.primary_key = columns;
    }

    /// Indexes and constraints share the statement that renames them.
    fn rename_index(&mut self, from: &str, to: &str) {
        let to = qualified(to).1;
        if let Some((at, index)) = self.index_place(from, None) {
            self.tables[at].indexes[index].name = Some(to.to_owned());
            self.register(at, index);
            return;
        }
        let from = qualified(from).1;
        let keys = self.tables.iter_mut().flat_map(|table| &mut table.foreign_keys);
        for key in keys.filter(|key| key.name.as_deref().is_some_and(|name| same(name, from))) {
            key.name = Some(to.to_owned());
        }
    }
}
