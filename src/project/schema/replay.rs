//! Replays schema changes in order: what a database looks like after them.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::index::{Origin, same};
use super::{Column, ForeignKey, Index, IndexBuild, Part, Place, Removed, SchemaSource, SourceKind, Table, folded, order, qualified};
use crate::budget::{Limit, Steps};
use crate::source::Span;
use crate::statement::{ColumnDef, Constraint, Dialect, IndexDef, IndexKey, SchemaChange, SchemaOp, TableDef};

/// The result of a replay.
pub(super) struct Replayed {
    /// Tables that stand at the end.
    pub tables: Vec<Table>,
    /// Index builds of migrations.
    pub builds: Vec<IndexBuild>,
    /// What was there and was taken away.
    pub removed: Vec<Removed>,
    /// What reached a bound, with its place.
    pub over: Vec<(Limit, Place)>,
}

/// A table's name: its schema, where that is not the default one, and the name without it, both folded.
type Key = (Option<String>, String);

/// The tables that stand, by name. Each question takes as long for many tables as for one.
#[derive(Default)]
struct Names {
    /// By the name without its schema, then by the schema.
    tables: FxHashMap<String, BTreeMap<Option<String>, usize>>,
    /// The names that each table was given, also those that another one has taken since.
    given: FxHashMap<usize, Vec<Key>>,
}

impl Names {
    fn exact(&self, (schema, bare): &Key) -> Option<usize> {
        self.tables.get(bare)?.get(schema).copied()
    }

    /// The table of a name. A search path can stand for the schema on either side.
    fn find(&self, key: &Key) -> Option<usize> {
        let same = self.tables.get(&key.1)?;
        let only = || same.values().next().copied().filter(|_| same.len() == 1);
        same.get(&key.0).copied().or_else(only)
    }

    fn insert(&mut self, key: Key, at: usize) {
        self.given.entry(at).or_default().push(key.clone());
        self.tables.entry(key.1).or_default().insert(key.0, at);
    }

    /// Takes all names from a table.
    fn remove(&mut self, at: usize) {
        for (schema, bare) in self.given.remove(&at).unwrap_or_default() {
            let Some(same) = self.tables.get_mut(&bare) else { continue };
            if same.get(&schema) == Some(&at) {
                same.remove(&schema);
            }
            if same.is_empty() {
                self.tables.remove(&bare);
            }
        }
    }

    /// Whether a table still has a name.
    fn has(&self, at: usize) -> bool {
        let given = self.given.get(&at).into_iter().flatten();
        given.into_iter().any(|key| self.exact(key) == Some(at))
    }
}

/// A database in the making.
#[derive(Default)]
pub(super) struct State {
    tables: Vec<Table>,
    names: Names,
    /// Tables that have or had an index of a name, also of one that the database would have made up.
    holders: FxHashMap<String, VecDeque<usize>>,
    builds: Vec<IndexBuild>,
    removed: Vec<Removed>,
    /// How many sources of each folder have run: the last ones of a folder are the youngest.
    steps: FxHashMap<String, usize>,
    /// Tables created by the source that runs.
    fresh: FxHashSet<Key>,
    /// What reached a bound.
    over: Vec<(Limit, Place)>,
}

fn name_key(name: &str) -> Key {
    let (schema, bare) = qualified(name);
    (schema.map(folded), folded(bare))
}

fn keys(columns: &[String]) -> Vec<IndexKey> {
    columns
        .iter()
        .map(|column| IndexKey {
            column: column.clone(),
            ..IndexKey::default()
        })
        .collect()
}

/// The folder whose files follow each other.
fn series(file: &str) -> String {
    order::place(file).0
}

/// What all changes of one source share.
struct Context<'a> {
    file: &'a Arc<str>,
    kind: SourceKind,
    dialect: Dialect,
    /// The series has not run before.
    on_empty_tables: bool,
}

impl Context<'_> {
    fn place(&self, span: Span) -> Place {
        Place {
            file: self.file.clone(),
            span,
            kind: self.kind,
        }
    }
}

impl State {
    /// Runs all changes of a source.
    pub fn run(&mut self, source: &SchemaSource) {
        self.fresh.clear();
        let context = Context {
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
        let context = Context {
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
    fn note(&mut self, parts: Vec<Removed>, by: &Place) {
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

    fn add(&mut self, context: &Context, name: &str, span: Span) -> usize {
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
    fn table(&mut self, context: &Context, name: &str, span: Span) -> usize {
        self.find(name).unwrap_or_else(|| self.add(context, name, span))
    }

    fn apply(&mut self, context: &Context, change: &SchemaChange) {
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

    fn create(&mut self, context: &Context, def: &TableDef, if_not_exists: bool) {
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

    fn drop_table(&mut self, name: &str, by: &Place) {
        if let Some(at) = self.find(name) {
            self.names.remove(at);
            let table = &self.tables[at];
            let mut removed = vec![Removed {
                part: Part::Table,
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

    fn rename_table(&mut self, context: &Context, from: &str, to: &str, span: Span) {
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

    fn add_index(&mut self, context: &Context, def: &IndexDef, if_not_exists: bool, span: Span) {
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
        self.tables[at].indexes.push(Index::new(def, Origin::Declared, context.place(span)));
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

    fn drop_index(&mut self, name: &str, table: Option<&str>, by: &Place) {
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
        found.origin = if primary { Origin::Primary } else { Origin::Unique };
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

/// The place of the index of a name in its table.
fn position_of(table: &Table, bare: &str) -> Option<usize> {
    table.indexes.iter().position(|index| is_named(index, &table.name, bare))
}

/// Whether a table can take one more index or column; one that cannot is open from then on. What looks at all of them for each
/// of them would take for ever on a table that somebody wrote for that.
fn has_room(table: &mut Table) -> bool {
    let columns = table.columns.len().max(table.foreign_keys.len());
    let room = table.indexes.len() < Limit::Indexes.count() && columns < Limit::Columns.count();
    table.open |= !room;
    room
}

/// Adds what a definition has and the table has not.
fn fill(table: &mut Table, context: &Context, def: &TableDef) {
    for column in &def.columns {
        add_column(table, context, column, column.span);
    }
    for (constraint, span) in &def.constraints {
        add_constraint(table, context, constraint, *span);
    }
    for index in &def.indexes {
        if !has_room(table) {
            break;
        }
        table.indexes.push(Index::new(index, Origin::Declared, context.place(index.span)));
    }
}

/// `PostgreSQL` makes one index of equal key constraints that stand in one CREATE TABLE; the primary key's stays.
fn drop_repeated_constraints(table: &mut Table) {
    let indexes = std::mem::take(&mut table.indexes);
    let is_constraint = |index: &Index| matches!(index.origin, Origin::Primary | Origin::Unique);
    let equal = |a: &Index, b: &Index| a.keys.len() == b.keys.len() && a.keys.iter().zip(&b.keys).all(|(a, b)| same(&a.column, &b.column));
    for (at, index) in indexes.iter().enumerate() {
        let repeats = is_constraint(index)
            && index.origin != Origin::Primary
            && indexes.iter().enumerate().any(|(other, kept)| {
                other != at && is_constraint(kept) && equal(kept, index) && (kept.origin == Origin::Primary || other < at)
            });
        if !repeats {
            table.indexes.push(index.clone());
        }
    }
}

fn add_column(table: &mut Table, context: &Context, def: &ColumnDef, span: Span) {
    if !has_room(table) {
        return;
    }
    let span = if def.span == Span::default() { span } else { def.span };
    let place = context.place(span);
    match table.columns.iter_mut().find(|column| same(&column.name, &def.name)) {
        Some(column) => column.places.push(place.clone()),
        None => table.columns.push(Column {
            name: def.name.clone(),
            field: def.field.clone(),
            data_type: def.data_type.clone(),
            nullable: def.nullable,
            default: def.default.clone(),
            places: vec![place.clone()],
        }),
    }
    let own = vec![def.name.clone()];
    if def.primary && !table.primary_key.contains(&def.name) {
        // Several columns marked as primary are one composite key.
        let mut columns = std::mem::take(&mut table.primary_key);
        columns.extend(own.clone());
        table.indexes.retain(|index| index.origin != Origin::Primary);
        set_primary(table, columns, place.clone());
    }
    if def.unique {
        let def = IndexDef {
            keys: keys(&own),
            unique: true,
            ..IndexDef::default()
        };
        table.indexes.push(Index::new(&def, Origin::Unique, place.clone()));
    } else if def.indexed {
        let def = IndexDef {
            keys: keys(&own),
            ..IndexDef::default()
        };
        table.indexes.push(Index::new(&def, Origin::Declared, place.clone()));
    }
    if let Some((target, there)) = &def.references {
        add_foreign(table, None, own, target, there.iter().cloned().collect(), place);
    }
}

fn set_primary(table: &mut Table, columns: Vec<String>, place: Place) {
    let def = IndexDef {
        keys: keys(&columns),
        unique: true,
        ..IndexDef::default()
    };
    table.indexes.push(Index::new(&def, Origin::Primary, place));
    table.primary_key = columns;
}

fn add_foreign(table: &mut Table, name: Option<String>, columns: Vec<String>, target: &str, there: Vec<String>, place: Place) {
    let same_columns =
        |key: &&mut ForeignKey| key.columns.len() == columns.len() && key.columns.iter().zip(&columns).all(|(a, b)| same(a, b));
    if let Some(key) = table.foreign_keys.iter_mut().find(same_columns) {
        key.name = name.or(key.name.take());
        key.places.push(place);
        return;
    }
    table.foreign_keys.push(ForeignKey {
        name,
        columns,
        target: target.to_owned(),
        target_columns: there,
        places: vec![place],
    });
}

fn add_constraint(table: &mut Table, context: &Context, constraint: &Constraint, span: Span) {
    if !has_room(table) {
        return;
    }
    let place = context.place(span);
    match constraint {
        Constraint::Primary(columns) => {
            table.indexes.retain(|index| index.origin != Origin::Primary);
            set_primary(table, columns.clone(), place);
        }
        Constraint::Unique(name, columns) => {
            let def = IndexDef {
                name: name.clone(),
                keys: keys(columns),
                unique: true,
                ..IndexDef::default()
            };
            table.indexes.push(Index::new(&def, Origin::Unique, place));
        }
        Constraint::Foreign(name, columns, target, there) => {
            add_foreign(table, name.clone(), columns.clone(), target, there.clone(), place);
        }
    }
}

fn drop_column(table: &mut Table, name: &str, by: &Place) -> Vec<Removed> {
    let mut removed = Vec::new();
    let goes = |own: &String| same(own, name);
    for column in table.columns.iter().filter(|column| same(&column.name, name)) {
        removed.push(Removed {
            part: Part::Column,
            table: table.full_name(),
            name: Some(column.name.clone()),
            columns: vec![column.name.clone()],
            places: column.places.clone(),
            by: by.clone(),
        });
    }
    let uses = |index: &Index| index.keys.iter().any(|key| goes(&key.column)) || index.include.iter().any(goes);
    removed.extend(
        table
            .indexes
            .iter()
            .filter(|index| uses(index))
            .map(|index| Removed::index(table, index, by)),
    );
    removed.extend(
        table
            .foreign_keys
            .iter()
            .filter(|key| key.columns.iter().any(goes))
            .map(|key| Removed::foreign_key(table, key, by)),
    );
    table.columns.retain(|column| !same(&column.name, name));
    table.indexes.retain(|index| !uses(index));
    table.foreign_keys.retain(|key| !key.columns.iter().any(goes));
    table.primary_key.retain(|column| !same(column, name));
    removed
}

/// Renames a column; whether a key of an index is renamed by it.
fn rename_column(table: &mut Table, from: &str, to: &str, place: &Place) -> bool {
    let rename = |name: &mut String| {
        let is_it = same(name, from);
        if is_it {
            to.clone_into(name);
        }
        is_it
    };
    match table.columns.iter_mut().find(|column| same(&column.name, from)) {
        Some(column) => drop(rename(&mut column.name)),
        None => table.columns.push(Column {
            name: to.to_owned(),
            field: None,
            data_type: String::new(),
            nullable: true,
            default: None,
            places: vec![place.clone()],
        }),
    }
    let mut is_key = false;
    for index in &mut table.indexes {
        for key in &mut index.keys {
            is_key |= rename(&mut key.column);
        }
        for name in &mut index.include {
            rename(name);
        }
    }
    let others = table.foreign_keys.iter_mut().flat_map(|key| &mut key.columns);
    for name in others.chain(&mut table.primary_key) {
        rename(name);
    }
    is_key
}

fn alter_column(table: &mut Table, def: &ColumnDef) {
    let Some(column) = table.columns.iter_mut().find(|column| same(&column.name, &def.name)) else {
        return;
    };
    if def.data_type.is_empty() {
        column.nullable = def.nullable;
    } else {
        column.data_type.clone_from(&def.data_type);
    }
}

fn drop_constraint(table: &mut Table, name: &str, by: &Place) -> Vec<Removed> {
    let bare = table.name.clone();
    let named = |index: &Index| match name {
        "PRIMARY" => index.origin == Origin::Primary,
        _ => index.origin != Origin::ForeignKey && is_named(index, &bare, name),
    };
    let mut at = table.indexes.iter().position(named);
    let is_key = |key: &ForeignKey| match &key.name {
        Some(own) => same(own, name),
        None => {
            same(&format!("{bare}_{}_fkey", key.columns.join("_")), name) || same(&format!("fk_{bare}_{}", key.columns.join("_")), name)
        }
    };
    let keys: Vec<Removed> = table
        .foreign_keys
        .iter()
        .filter(|key| is_key(key))
        .map(|key| Removed::foreign_key(table, key, by))
        .collect();
    // A primary key's own name is not kept: one that nothing else has, and that says what it names, is it.
    if at.is_none() && keys.is_empty() && says_primary(name) {
        at = table.indexes.iter().position(|index| index.origin == Origin::Primary);
    }
    let Some(at) = at else {
        table.foreign_keys.retain(|key| !is_key(key));
        return keys;
    };
    let index = table.indexes.remove(at);
    if index.origin == Origin::Primary {
        table.primary_key.clear();
    }
    vec![Removed::index(table, &index, by)]
}

/// `users_pkey`, `PK_users`: how primary keys are called.
fn says_primary(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.ends_with("pkey") || name.ends_with("_pk") || name.starts_with("pk_") || name.contains("primary")
}

/// Whether an index has this name, or would have been given it by the database or the ORM.
pub(super) fn is_named(index: &Index, table: &str, name: &str) -> bool {
    match &index.name {
        Some(own) => same(qualified(own).1, name),
        None => names(index, table).iter().any(|own| same(own, name)),
    }
}

/// The name of an index, or those that the database or the ORM may have made up for it.
fn names(index: &Index, table: &str) -> Vec<String> {
    if let Some(own) = &index.name {
        return vec![qualified(own).1.to_owned()];
    }
    let columns: Vec<&str> = index.keys.iter().map(|key| key.column.as_str()).collect();
    let list = columns.join("_");
    let first = columns.first().copied().unwrap_or_default();
    match index.origin {
        Origin::Primary => vec![format!("{table}_pkey"), format!("pk_{table}")],
        Origin::Unique => vec![
            format!("{table}_{list}_key"),
            format!("uq_{table}_{first}"),
            format!("{table}_{list}_unique"),
            first.to_owned(),
            format!("ix_{table}_{list}"),
        ],
        _ if index.unique => vec![
            format!("{table}_{list}_idx"),
            format!("ix_{table}_{list}"),
            format!("{table}_{list}_key"),
        ],
        _ => vec![
            format!("{table}_{list}_idx"),
            format!("ix_{table}_{list}"),
            format!("{table}_{list}_index"),
        ],
    }
}
