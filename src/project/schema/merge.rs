//! Joins models and migrations into one state.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::{FxHashMap, FxHashSet};

use super::index::{IndexOrigin, same, with_columns};
use super::replay::SchemaState;
use super::{Column, ForeignKey, Index, Schema, SchemaModel, SchemaPlace, SchemaSource, SourceKind, Table, Trait, Unclear, folded, order};
use super::{django, naming};
use crate::budget::{Limit, Overrun};
use crate::libraries::prisma;
use crate::statement::{Constraint, Dialect, IndexDef, IndexKey, Loading, ModelDef, RelationDef};
use crate::syntax::prisma::AMBIGUOUS;

/// Builds the state.
pub(super) fn build(mut sources: Vec<SchemaSource>, fallback: Dialect) -> Schema {
    sources.sort_by(|a, b| a.file.cmp(&b.file));
    django::lower(&mut sources);
    let mut schema = Schema {
        dialect: majority(&sources, fallback),
        ..Schema::default()
    };
    schema.not_understood = sources.iter().map(|source| source.not_understood).sum();
    schema.unclear = unclear(&sources);
    schema.changes = sources.iter().map(|source| source.changes.len() + source.models.len()).sum();
    let emulates = sources.iter().any(|source| source.emulates_relations);
    let providers: Vec<(std::sync::Arc<str>, Dialect)> = sources
        .iter()
        .filter(|source| is_prisma(source) && source.dialect != Dialect::Generic)
        .map(|source| (source.file.clone(), source.dialect))
        .collect();
    for source in &mut sources {
        if source.dialect == Dialect::Generic {
            let near = providers
                .iter()
                .filter(|_| is_prisma(source))
                .max_by_key(|(file, _)| shared_prefix(file, &source.file));
            source.dialect = near.map_or(schema.dialect, |(_, dialect)| *dialect);
        }
        source.emulates_relations = emulates && source.kind == SourceKind::Model(prisma::TOOL);
    }
    join_relations(&mut sources);
    resolve_models(&mut sources);
    let mut merged: BTreeMap<(String, Option<String>), Vec<Table>> = BTreeMap::new();
    let (models, migrations): (Vec<_>, Vec<_>) = sources.into_iter().partition(|source| source.kind.is_model());
    let declared = model_tables(&models, &mut schema);
    let mut apart = ambiguous(declared.iter());
    let mut replays = Vec::new();
    for (sources, notes) in groups(migrations) {
        let mut state = SchemaState::default();
        for source in &sources {
            state.run(source);
        }
        let replayed = state.finish();
        schema.notes.extend(notes);
        schema.builds.extend(replayed.builds);
        schema.removed.extend(replayed.removed);
        schema.over.extend(replayed.over.into_iter().map(|(limit, place)| Overrun {
            limit,
            place: place.file.to_string(),
        }));
        apart.extend(ambiguous(replayed.tables.iter()));
        replays.push(replayed.tables);
    }
    for table in declared.into_iter().chain(replays.into_iter().flatten()) {
        join(&mut merged, table, &apart);
    }
    schema.tables = merged.into_values().flatten().collect();
    schema.over.extend(schema.tables.iter().flat_map(full));
    schema.link_names();
    finish(&mut schema, &models);
    schema
}

/// The bounds that a table reached.
fn full(table: &Table) -> Vec<Overrun> {
    let reached = [
        (
            Limit::Columns,
            table.columns.len().max(table.foreign_keys.len()) >= Limit::Columns.count(),
        ),
        (Limit::Indexes, table.indexes.len() >= Limit::Indexes.count()),
    ];
    let reached = reached.into_iter().filter(|(_, is_full)| *is_full);
    reached
        .map(|(limit, _)| Overrun {
            limit,
            place: table.full_name(),
        })
        .collect()
}

/// What was not understood, file by file.
fn unclear(sources: &[SchemaSource]) -> Vec<Unclear> {
    let of = |source: &SchemaSource| -> Vec<Unclear> {
        let place = |span| SchemaPlace {
            file: source.file.clone(),
            span,
            kind: source.kind,
        };
        let all = source.unclear.iter();
        all.map(|(span, text)| Unclear {
            place: place(*span),
            text: text.clone(),
        })
        .collect()
    };
    sources.iter().flat_map(of).collect()
}

fn is_prisma(source: &SchemaSource) -> bool {
    source.kind == SourceKind::Model(prisma::TOOL)
}

/// Folders that two paths have in common: the files of one Prisma schema share one datasource.
fn shared_prefix(a: &str, b: &str) -> usize {
    a.split('/').zip(b.split('/')).take_while(|(a, b)| a == b).count()
}

/// The database that most sources are for.
fn majority(sources: &[SchemaSource], fallback: Dialect) -> Dialect {
    let count = |dialect: Dialect| sources.iter().filter(|source| source.dialect == dialect).count();
    let ranked = [Dialect::Postgres, Dialect::MySql, Dialect::Sqlite].map(|dialect| (count(dialect), dialect));
    let best = ranked.iter().max_by_key(|(count, _)| *count).copied().unwrap_or_default();
    if best.0 == 0 { fallback } else { best.1 }
}

/// The series of migrations, each in its order and with what is to be said of it; scripts outside of any series come first.
fn groups(sources: Vec<SchemaSource>) -> Vec<(Vec<SchemaSource>, Vec<String>)> {
    let mut by_group: BTreeMap<(bool, String), Vec<SchemaSource>> = BTreeMap::new();
    for source in sources {
        let in_series = matches!(source.kind, SourceKind::Migration(_));
        by_group.entry((in_series, source.group.clone())).or_default().push(source);
    }
    let archives = order::archives(&by_group);
    by_group.retain(|key, _| !archives.replaced.contains(key));
    for (archive, series) in archives.joined {
        let first = by_group.remove(&(true, archive)).unwrap_or_default();
        by_group.entry((true, series)).or_default().extend(first);
    }
    let sorted = by_group.into_values().map(|mut sources| {
        let notes = order::sort(&mut sources);
        (sources, notes)
    });
    sorted.collect()
}

/// Relations that are declared apart from their model (Drizzle) go to it: in the same file first, else wherever it is.
fn join_relations(sources: &mut [SchemaSource]) {
    let mut apart: Vec<(usize, ModelDef)> = Vec::new();
    for (at, source) in sources.iter_mut().enumerate() {
        let (partial, whole) = std::mem::take(&mut source.models)
            .into_iter()
            .partition(|model| model.table.name.is_empty());
        source.models = whole;
        apart.extend(partial.into_iter().map(|model: ModelDef| (at, model)));
    }
    if apart.is_empty() {
        return;
    }
    let mut here: FxHashMap<(usize, String), (usize, usize)> = FxHashMap::default();
    let mut anywhere: FxHashMap<String, (usize, usize)> = FxHashMap::default();
    for (at, source) in sources.iter().enumerate() {
        for (position, model) in source.models.iter().enumerate() {
            here.entry((at, model.name.clone())).or_insert((at, position));
            anywhere.entry(model.name.clone()).or_insert((at, position));
        }
    }
    for (at, partial) in apart {
        let holder = here.get(&(at, partial.name.clone())).or_else(|| anywhere.get(&partial.name));
        let model = holder.and_then(|&(source, position)| sources.get_mut(source)?.models.get_mut(position));
        if let Some(model) = model {
            model.relations.extend(partial.relations);
        }
    }
}

/// Turns fields into columns, and types that may be models into what they are.
fn resolve_models(sources: &mut [SchemaSource]) {
    let names: std::collections::BTreeSet<String> = sources
        .iter()
        .flat_map(|source| &source.models)
        .map(|model| model.name.clone())
        .collect();
    for model in sources.iter_mut().flat_map(|source| &mut source.models) {
        let is_model = |column: &crate::statement::ColumnDef| {
            let name = column.data_type.strip_prefix(AMBIGUOUS);
            name.is_some_and(|name| names.contains(name.trim_end_matches("[]")))
        };
        let dropped: BTreeSet<String> = model
            .table
            .columns
            .iter()
            .filter(|column| !is_model(column) && column.data_type.starts_with(AMBIGUOUS))
            .map(|column| column.field.clone().unwrap_or_else(|| column.name.clone()))
            .collect();
        model.relations.retain(|relation| !dropped.contains(&relation.name));
        model.table.columns.retain(|column| !is_model(column));
        for column in &mut model.table.columns {
            if column.data_type.starts_with(AMBIGUOUS) {
                "enum".clone_into(&mut column.data_type);
            }
        }
        fields_to_columns(model);
    }
}

/// Keys of indexes and constraints can name fields.
fn fields_to_columns(model: &mut ModelDef) {
    let columns = &model.table.columns;
    let names: BTreeSet<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    let mut fields: BTreeMap<&str, &str> = BTreeMap::new();
    for column in columns {
        if let Some(field) = &column.field {
            fields.entry(field).or_insert(&column.name);
        }
    }
    let rename = |name: &mut String| {
        if !names.contains(name.as_str())
            && let Some(column) = fields.get(name.as_str())
        {
            *name = (*column).to_owned();
        }
    };
    for (constraint, _) in &mut model.table.constraints {
        let (Constraint::Primary(names) | Constraint::Unique(_, names) | Constraint::Foreign(_, names, _, _)) = constraint;
        names.iter_mut().for_each(rename);
    }
    for index in &mut model.table.indexes {
        index
            .keys
            .iter_mut()
            .filter(|key| !key.expression)
            .for_each(|key| rename(&mut key.column));
        index.include.iter_mut().for_each(rename);
        index.predicate = index.predicate.take().map(|text| with_columns(&text, rename));
    }
}

/// The tables that models declare; the models go to the schema.
fn model_tables(models: &[SchemaSource], schema: &mut Schema) -> Vec<Table> {
    let mut tables = Vec::new();
    for source in models {
        let tool = match source.kind {
            SourceKind::Model(tool) => Some(tool),
            _ => None,
        };
        for model in &source.models {
            let mut state = SchemaState::default();
            state.model(source, &model.table);
            for mut table in state.finish().tables {
                table.emulates_relations = source.emulates_relations;
                tables.push(table);
            }
            schema.models.push(SchemaModel {
                name: model.name.clone(),
                table: 0,
                tool,
                file: source.file.clone(),
                relations: model.relations.clone(),
                ordering: model.ordering.clone(),
                kept_as: model.kept_as.clone(),
                deleted_by: model.deleted_by.clone(),
            });
        }
    }
    tables
}

/// Names that one view has in several schemas (`users`, `auth.users`): they are different tables.
fn ambiguous<'t>(tables: impl Iterator<Item = &'t Table>) -> BTreeSet<String> {
    let mut schemas: BTreeMap<String, BTreeSet<Option<String>>> = BTreeMap::new();
    for table in tables {
        let schema = table.schema.as_deref().map(folded);
        schemas.entry(folded(&table.name)).or_default().insert(schema);
    }
    schemas.retain(|_, schemas| schemas.len() > 1);
    schemas.into_keys().collect()
}

/// Adds a view's table to the state; `apart` are the names that stand for several tables.
fn join(merged: &mut BTreeMap<(String, Option<String>), Vec<Table>>, mut table: Table, apart: &BTreeSet<String>) {
    if table.has_model() {
        table.open_in_models = table.open;
    } else {
        table.open_in_migrations = table.open || table.phantom;
        table.is_derived = table.open && !table.phantom;
    }
    let mut key = (folded(&table.name), table.schema.as_deref().map(folded));
    if !merged.contains_key(&key) && !apart.contains(&key.0) {
        // One side may leave the schema to the search path.
        let same_name: Vec<_> = merged
            .range((key.0.clone(), None)..)
            .take_while(|((name, _), _)| *name == key.0)
            .map(|(key, _)| key.clone())
            .collect();
        if let [only] = same_name.as_slice()
            && (only.1.is_none() || key.1.is_none())
        {
            key = only.clone();
        }
    }
    let variants = merged.entry(key).or_default();
    let same = variants.iter().position(|own| own.dialect == table.dialect);
    match same.or_else(|| variants.iter().position(|own| !are_variants(own, &table))) {
        Some(at) => unite(&mut variants[at], table),
        None => variants.push(table),
    }
}

/// Models of one name for two databases: a project that supports both declares each table twice.
fn are_variants(a: &Table, b: &Table) -> bool {
    let declared = |table: &Table| table.tool().is_some_and(|tool| tool.has(Trait::DeclaresForEachDatabase));
    a.dialect != b.dialect && declared(a) && declared(b)
}

/// Adds the second view's parts to the first's.
fn unite(table: &mut Table, other: Table) {
    naming::adopt(table, &other);
    if other.phantom && !table.phantom {
        table
            .places
            .extend(other.places.into_iter().filter(|place| !place.kind.is_model()).take(0));
    } else {
        table.places.extend(other.places);
    }
    // What one view knows whole is whole.
    table.open = if table.phantom {
        other.open
    } else if other.phantom {
        table.open
    } else {
        table.open && other.open
    };
    table.open_in_models |= other.open_in_models;
    table.open_in_migrations |= other.open_in_migrations;
    table.is_derived |= other.is_derived;
    table.phantom &= other.phantom;
    table.partition |= other.partition;
    table.schema = table.schema.take().or(other.schema);
    if table.dialect == Dialect::Generic {
        table.dialect = other.dialect;
    }
    for column in other.columns {
        add_column(table, column);
    }
    if table.primary_key.is_empty() {
        table.primary_key = other.primary_key;
    }
    for index in other.indexes {
        add_index(table, index);
    }
    for key in other.foreign_keys {
        add_foreign_key(table, key);
    }
}

fn add_column(table: &mut Table, column: Column) {
    match table.columns.iter_mut().find(|own| same(&own.name, &column.name)) {
        Some(own) => {
            own.places.extend(column.places);
            own.field = own.field.take().or(column.field);
            own.default = own.default.take().or(column.default);
            if own.data_type.is_empty() {
                own.data_type = column.data_type;
            }
        }
        None => table.columns.push(column),
    }
}

fn add_index(table: &mut Table, index: Index) {
    let twin = |own: &&mut Index| {
        let named = own.name.is_some() && own.name == index.name;
        let alike = own.unique == index.unique && (own.origin == IndexOrigin::Primary) == (index.origin == IndexOrigin::Primary);
        named || (alike && own.keys.len() == index.keys.len() && own.covers(&index) && is_other_view(own, &index))
    };
    match table.indexes.iter_mut().find(twin) {
        Some(own) => {
            // Of one name and two definitions, the deployed one is there.
            let is_same = own.covers(&index) && index.covers(own);
            let is_deployed = own.in_models() && !own.in_migrations() && index.in_migrations();
            if is_deployed && !is_same && !index.is_unclear() {
                let places = std::mem::take(&mut own.places);
                let mut deployed = index;
                deployed.places.splice(0..0, places);
                *own = deployed;
                return;
            }
            own.places.extend(index.places);
            own.name = own.name.take().or(index.name);
        }
        None => table.indexes.push(index),
    }
}

/// Whether two declarations can be of one index: one by a model and one by a migration, or, unnamed, in two files.
fn is_other_view(a: &Index, b: &Index) -> bool {
    let shares_file = a.places.iter().any(|place| b.places.iter().any(|other| other.file == place.file));
    a.in_models() != b.in_models() || (!shares_file && (a.name.is_none() || b.name.is_none()))
}

fn add_foreign_key(table: &mut Table, key: ForeignKey) {
    let twin =
        |own: &&mut ForeignKey| own.columns.len() == key.columns.len() && own.columns.iter().zip(&key.columns).all(|(a, b)| same(a, b));
    match table.foreign_keys.iter_mut().find(twin) {
        Some(own) => own.places.extend(key.places),
        None => table.foreign_keys.push(key),
    }
}

/// Connects models, tables and foreign keys, and adds the indexes that the database makes by itself.
fn finish(schema: &mut Schema, sources: &[SchemaSource]) {
    let defs = sources
        .iter()
        .flat_map(|source| source.models.iter().map(move |model| (source, model)));
    let positions: Vec<Option<usize>> = defs.map(|(source, model)| table_of(schema, source, model)).collect();
    for (at, position) in positions.into_iter().enumerate() {
        let Some(position) = position else { continue };
        schema.models[at].table = position;
        schema.tables[position].models.push(at);
    }
    decide_relations(schema);
    add_inverse_relations(schema);
    for at in 0..schema.tables.len() {
        let targets: Vec<Option<(String, Vec<String>)>> = schema.tables[at]
            .foreign_keys
            .iter()
            .map(|key| target(schema, &schema.tables[at], key))
            .collect();
        let table = &mut schema.tables[at];
        for (key, found) in table.foreign_keys.iter_mut().zip(targets) {
            if let Some((name, columns)) = found {
                key.target = name;
                key.target_columns = columns;
            }
        }
        // What migrations made of that is known where there are any.
        let by_tool = table.tool().is_some_and(|tool| tool.has(Trait::IndexesForeignKeys)) && !table.has_migrations();
        if by_tool || table.dialect == Dialect::MySql && !table.emulates_relations {
            index_foreign_keys(table);
        }
    }
}

/// The table of a model: of its name, and defined in its file where several databases have one.
fn table_of(schema: &Schema, source: &SchemaSource, model: &ModelDef) -> Option<usize> {
    let first = schema.table_index(&model.table.name)?;
    let is_its = |table: &Table| table.places.iter().any(|place| place.file == source.file);
    if schema.tables.get(first).is_some_and(is_its) {
        return Some(first);
    }
    let named = schema.tables.get(first).map(|table| (&table.name, &table.schema))?;
    schema
        .tables_named(named.0)
        .find(|&at| {
            let table = &schema.tables[at];
            (&table.name, &table.schema) == named && is_its(table)
        })
        .or(Some(first))
}

fn target(schema: &Schema, own: &Table, key: &ForeignKey) -> Option<(String, Vec<String>)> {
    let by_model = || schema.model(&key.target).and_then(|model| schema.tables.get(model.table));
    let by_name = || schema.table(&key.target);
    let names_models = own.tool().is_some_and(|tool| tool.has(Trait::KeysNameModels));
    let table = if names_models {
        by_model().or_else(by_name)
    } else {
        by_name().or_else(by_model)
    }?;
    let columns = key
        .target_columns
        .iter()
        .map(|column| table.column_name(column).to_owned())
        .collect();
    Some((table.full_name(), columns))
}

/// `InnoDB` and `MikroORM` make an index for each foreign key that none leads with.
fn index_foreign_keys(table: &mut Table) {
    let keys: Vec<ForeignKey> = table.foreign_keys.clone();
    for key in keys {
        let names: Vec<&str> = key.columns.iter().map(String::as_str).collect();
        if table.index_leading_with(&names).is_some() {
            continue;
        }
        let def = IndexDef {
            keys: key
                .columns
                .iter()
                .map(|column| IndexKey {
                    column: column.clone(),
                    ..IndexKey::default()
                })
                .collect(),
            ..IndexDef::default()
        };
        if let Some(place) = key.places.first() {
            table.indexes.push(Index::new(&def, IndexOrigin::ForeignKey, place.clone()));
        }
    }
}

/// Which side of an untyped relation holds many: the one whose table has no foreign key to the other.
fn decide_relations(schema: &mut Schema) {
    let points_to = |from: &Table, to: &Table| {
        from.foreign_keys.iter().any(|key| {
            schema
                .table(&key.target)
                .is_some_and(|table| table.name == to.name && table.schema == to.schema)
        })
    };
    let mut decided = Vec::new();
    for (at, model) in schema.models.iter().enumerate() {
        for (position, relation) in model.relations.iter().enumerate().filter(|(_, relation)| relation.undecided) {
            let sides = schema
                .tables
                .get(model.table)
                .zip(schema.model(&relation.target).and_then(|target| schema.tables.get(target.table)));
            let Some((own, target)) = sides else { continue };
            let to_many = if own.full_name() == target.full_name() {
                relation.name.ends_with('s') || relation.name == "children"
            } else {
                !points_to(own, target) && points_to(target, own)
            };
            decided.push((at, position, to_many));
        }
    }
    for (at, position, to_many) in decided {
        let relation = &mut schema.models[at].relations[position];
        relation.to_many = to_many;
        relation.undecided = false;
        if relation.makes_inverse.is_some() {
            relation.makes_inverse = Some(!to_many);
        }
    }
}

fn add_inverse_relations(schema: &mut Schema) {
    let mut made = Vec::new();
    for model in &schema.models {
        for relation in &model.relations {
            if let (Some(name), Some(to_many)) = (&relation.inverse, relation.makes_inverse) {
                let inverse = RelationDef {
                    name: name.clone(),
                    target: model.name.clone(),
                    to_many,
                    loading: if to_many && model.tool.is_some_and(|tool| tool.has(Trait::RelationsAreManagers)) {
                        Loading::Query
                    } else {
                        Loading::Lazy
                    },
                    inverse: Some(relation.name.clone()),
                    span: relation.span,
                    ..RelationDef::default()
                };
                made.push((relation.target.clone(), inverse));
            }
        }
    }
    // The names that each model's relations have, and the models of each name.
    let mut by_name: FxHashMap<String, Vec<usize>> = FxHashMap::default();
    for (at, model) in schema.models.iter().enumerate() {
        by_name.entry(model.name.clone()).or_default().push(at);
    }
    let mut taken: FxHashSet<(usize, String)> = FxHashSet::default();
    for (at, model) in schema.models.iter().enumerate() {
        taken.extend(model.relations.iter().map(|relation| (at, relation.name.clone())));
    }
    // How many models of a name have an inverse of a name already: those are not asked again.
    let mut given: FxHashMap<(String, String), usize> = FxHashMap::default();
    for (target, inverse) in made {
        let bare = target.rsplit('.').next().unwrap_or(&target).to_owned();
        let Some(models) = by_name.get(&bare) else { continue };
        let next = given.entry((bare, inverse.name.clone())).or_default();
        while let Some(&at) = models.get(*next) {
            *next += 1;
            if taken.insert((at, inverse.name.clone())) {
                schema.models[at].relations.push(inverse);
                break;
            }
        }
    }
}
