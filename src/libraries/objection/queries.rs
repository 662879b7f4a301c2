//! Objection's queries: `Person.query().where(…).withGraphFetched('pets')`, `person.$relatedQuery('pets')`.

use super::classes::{is_model, mappings};
use crate::ir::{Call, ClassId, ExprId, ExprKind, Module};
use crate::libraries::shared::fluent::{self, ChainedCall, Fluent};
use crate::libraries::shared::knex_words;
use crate::libraries::shared::limits;
use crate::libraries::shared::objects;
use crate::libraries::shared::query::{Outcome, Query, Resolver};
use crate::libraries::shared::query_builder;
use crate::libraries::shared::value::{FileId, RowModel, Value};
use crate::statement::{Filter, FilterKind, Operation, Projection, RowLimit, TableUse};

const FLUENT: Fluent = Fluent {
    runs: &["then", "execute", "resultSize"],
    ends: &["as", "clone", "toKnexQuery", "toFindQuery"],
    takes: knex_words::TAKES,
};

/// Relations in relations that one expression names.
const DEEPEST_GRAPH: usize = 8;

/// The query at a call of a model's chain.
pub fn recognise(resolver: &dyn Resolver, file: FileId, call: Call<'_>) -> Option<Query> {
    let call = resolver.module(file).call(call.id)?;
    call.method()?;
    call.receiver()?;
    let steps = fluent::steps(resolver, file, call);
    let (start, found) = steps
        .iter()
        .enumerate()
        .find_map(|(index, step)| Some((index, start(resolver, step)?)))?;
    let mut query = Query {
        library: "objection",
        ..Query::default()
    };
    let model = found
        .class
        .map_or_else(|| RowModel::Table(found.name.clone()), |(at, class)| RowModel::Class(at, class));
    query.statement.tables.push(TableUse {
        name: found.name,
        alias: None,
    });
    if found.is_one {
        by_key(&mut query);
        query.outcome = Outcome::One;
    }
    query.relation = found.relation.map(|(receiver, name)| ((steps[start].file, receiver), name));
    for step in &steps[start + 1..] {
        read(resolver, *step, &mut query);
    }
    if matches!(query.outcome, Outcome::Rows | Outcome::One | Outcome::Stream) {
        query.model = Some(model);
    }
    query.executed = fluent::runs(call, FLUENT);
    Some(query)
}

/// What a chain starts from.
struct Start {
    /// The model's name.
    name: String,
    class: Option<(FileId, ClassId)>,
    /// It is the row of an instance.
    is_one: bool,
    /// The rows that belong to an instance.
    relation: Option<(ExprId, String)>,
}

/// `Person.query()`, `person.$query()`, `Person.relatedQuery('pets')`, `person.$relatedQuery('pets')`.
fn start(resolver: &dyn Resolver, step: &ChainedCall<'_>) -> Option<Start> {
    let method = step.call.method()?;
    if !matches!(method, "query" | "$query" | "relatedQuery" | "$relatedQuery") {
        return None;
    }
    let receiver = step.call.receiver()?;
    let (file, class, is_class) = match resolver.value(step.file, receiver) {
        Value::Class(file, class) => (file, class, true),
        Value::Instance(file, class) | Value::Row(RowModel::Class(file, class), _) => (file, class, false),
        _ => return None,
    };
    // `this.query()` in a static method is the class's.
    let is_class = is_class || matches!(method, "query" | "relatedQuery") && step.call.module.name(receiver) == Some("self");
    if is_class == method.starts_with('$') || !is_model(resolver, file, class) {
        return None;
    }
    if matches!(method, "query" | "$query") {
        return Some(Start {
            name: class_name(resolver.module(file), class)?,
            class: Some((file, class)),
            is_one: method == "$query",
            relation: None,
        });
    }
    let name = step.call.arg(0).and_then(|name| query_builder::text(resolver, (step.file, name)))?;
    let mapping = mappings(resolver, file, class).into_iter().find(|mapping| mapping.name == name)?;
    Some(Start {
        name: mapping.target,
        class: mapping.class,
        is_one: false,
        relation: (!is_class).then_some((receiver, name)),
    })
}

fn class_name(module: &Module, class: ClassId) -> Option<String> {
    module.class(class).name.map(|name| module.str(name).to_owned())
}

fn by_key(query: &mut Query) {
    query.statement.limit = RowLimit::One;
    query.statement.filters.push(objects::by_key(FilterKind::Equality, false));
}

fn read(resolver: &dyn Resolver, step: ChainedCall<'_>, query: &mut Query) {
    let method = step.call.method().unwrap_or_default();
    let first = step.call.arg(0);
    match method {
        "findById" => {
            by_key(query);
            query.outcome = Outcome::One;
        }
        "findByIds" => query.statement.filters.push(objects::by_key(FilterKind::In, false)),
        "findOne" => {
            query.outcome = Outcome::One;
            query.statement.limit = RowLimit::One;
            if first.is_some() {
                knex_words::filter(resolver, step, "where", query);
            }
        }
        "insert" | "insertAndFetch" | "insertGraph" | "insertGraphAndFetch" | "upsertGraph" | "upsertGraphAndFetch" | "relate" => {
            knex_words::write(query, Operation::Insert);
        }
        "patch" | "update" | "patchAndFetch" | "updateAndFetch" | "increment" | "decrement" => {
            knex_words::write(query, Operation::Update);
        }
        "patchAndFetchById" | "updateAndFetchById" => {
            knex_words::write(query, Operation::Update);
            by_key(query);
        }
        "delete" | "unrelate" => knex_words::write(query, Operation::Delete),
        "deleteById" => {
            knex_words::write(query, Operation::Delete);
            by_key(query);
        }
        "resultSize" => {
            query.outcome = Outcome::Scalar;
            query.statement.limit = RowLimit::One;
            query.statement.projection = Projection::Aggregate;
        }
        "page" | "range" => {
            let size = step
                .call
                .arg(1)
                .map_or(RowLimit::Value, |size| limits::of(resolver, (step.file, size)));
            query.statement.limit = if method == "page" { size } else { RowLimit::Value };
            query.statement.offset = true;
        }
        "withGraphFetched" | "withGraphJoined" | "withGraph" | "eager" | "joinEager" | "mergeEager" => {
            let Some(graph) = first else { return };
            let paths = graph_of(resolver, step.file, graph);
            query.statement.open |= paths.is_empty();
            query.eager.extend(paths);
        }
        // The keys of the parents.
        "for" => query.statement.filters.push(Filter {
            column: objects::first_column("(parent)"),
            kind: FilterKind::Other,
            literal: None,
            optional: false,
            end: None,
            hindered: false,
        }),
        "joinRelated" | "leftJoinRelated" | "innerJoinRelated" | "modifiers" | "allowGraph" | "modifyGraph" => {
            query.open_filters |= method.contains("join");
        }
        "whereComposite" | "whereInComposite" | "whereJsonSupersetOf" => query.open_filters = true,
        _ => knex_words::read(resolver, step, query),
    }
}

/// The relations that an expression loads along: `'[pets, children.[pets, movies]]'`, `{ pets: true, children: { pets: true } }`.
fn graph_of(resolver: &dyn Resolver, file: FileId, graph: ExprId) -> Vec<String> {
    let mut out = Vec::new();
    match query_builder::text(resolver, (file, graph)) {
        Some(text) => text_graph(&text, &mut out),
        None => object_graph(resolver, file, graph, "", 0, &mut out),
    }
    out.sort();
    out.dedup();
    out
}

fn text_graph(text: &str, out: &mut Vec<String>) {
    let mut around: Vec<String> = vec![String::new()];
    let mut last = String::new();
    let mut word = String::new();
    let mut in_call = 0_usize;
    let end = |word: &mut String, last: &mut String, around: &[String], out: &mut Vec<String>| {
        // `pets(onlyDogs) as dogs`, `children.^`.
        let name = word
            .split_whitespace()
            .next()
            .unwrap_or_default()
            .trim_matches(['^', '*'])
            .to_owned();
        word.clear();
        if name.is_empty() {
            return;
        }
        let prefix = if last.is_empty() {
            around.last().cloned().unwrap_or_default()
        } else {
            last.clone()
        };
        let path = if prefix.is_empty() { name } else { format!("{prefix}.{name}") };
        if path.split('.').count() <= DEEPEST_GRAPH {
            out.push(path.clone());
        }
        *last = path;
    };
    for letter in text.chars() {
        match letter {
            '(' => in_call += 1,
            ')' => in_call = in_call.saturating_sub(1),
            _ if in_call > 0 => {}
            '.' => end(&mut word, &mut last, &around, out),
            '[' => {
                end(&mut word, &mut last, &around, out);
                let prefix = if last.is_empty() {
                    around.last().cloned().unwrap_or_default()
                } else {
                    last.clone()
                };
                around.push(prefix);
                last.clear();
            }
            ']' => {
                end(&mut word, &mut last, &around, out);
                around.pop();
                last.clear();
            }
            ',' => {
                end(&mut word, &mut last, &around, out);
                last.clear();
            }
            letter => word.push(letter),
        }
    }
    end(&mut word, &mut last, &around, out);
}

fn object_graph(resolver: &dyn Resolver, file: FileId, graph: ExprId, prefix: &str, depth: usize, out: &mut Vec<String>) {
    let Some((file, graph)) = resolver.definition(file, graph).filter(|_| depth < DEEPEST_GRAPH) else {
        return;
    };
    let module = resolver.module(file);
    let ExprKind::Object(entries) = module.kind(graph) else { return };
    for entry in entries {
        let Some(name) = entry.key.and_then(|key| module.string(key)).filter(|name| !name.starts_with('$')) else {
            continue;
        };
        let path = if prefix.is_empty() {
            name.to_owned()
        } else {
            format!("{prefix}.{name}")
        };
        out.push(path.clone());
        object_graph(resolver, file, entry.value, &path, depth + 1, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::libraries::testing::{queries, query};

    const HEAD: &str = "import { Model } from 'objection';
        class Boat extends Model { static tableName = 'boats'; }
        class Crew extends Model {
          static get tableName() { return 'crews'; }
          static relationMappings = { boats: { relation: Model.HasManyRelation, modelClass: Boat, join: { from: 'crews.id', to: 'boats.crewId' } } };
        }
        ";

    #[test]
    fn reads_a_chain_of_a_model() {
        let found = query(
            &format!(
                "{HEAD}const f = async (x) => await Crew.query().where('port', x).where('age', '>', 3).withGraphFetched('[boats.[log, mast], cook]').orderBy('name').limit(5);"
            ),
            &[],
        );
        let kinds: Vec<_> = found
            .statement
            .filters
            .iter()
            .map(|filter| (filter.column.column.as_str(), filter.kind))
            .collect();
        assert_eq!(kinds, [("port", FilterKind::Equality), ("age", FilterKind::Range)]);
        assert_eq!(found.eager, ["boats", "boats.log", "boats.mast", "cook"]);
        assert_eq!(
            (found.table(), found.executed, &found.statement.limit),
            (Some("Crew"), true, &RowLimit::Rows(5))
        );
    }

    #[test]
    fn one_row_writes_and_related_rows() {
        let one = query(&format!("{HEAD}const f = async (id) => await Boat.query().findById(id);"), &[]);
        assert_eq!((one.outcome, &one.statement.limit), (Outcome::One, &RowLimit::One));
        let write = query(
            &format!("{HEAD}const f = async (id) => await Boat.query().patch({{ name }}).where({{ id }});"),
            &[],
        );
        assert_eq!(write.statement.operation, Operation::Update);
        let related = query(
            &format!("{HEAD}const f = async (ids) => await Crew.relatedQuery('boats').for(ids);"),
            &[],
        );
        assert_eq!(related.table(), Some("Boat"));
    }

    #[test]
    fn what_is_no_model_is_left_alone() {
        let text = "import { Model } from 'objection'; class Pool { query() { return this; } } const p = new Pool(); const f = async () => await p.query().where('a', 1); const q = page.query('x');";
        assert_eq!(queries(text, &[]), []);
    }
}
