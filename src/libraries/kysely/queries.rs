//! Kysely: `db.selectFrom('person').select(['id']).where('id', '=', id).execute()`.

use crate::ir::{Call, ExprKind};
use crate::libraries::shared::fluent::{self, ChainedCall, Fluent};
use crate::libraries::shared::limits;
use crate::libraries::shared::objects;
use crate::libraries::shared::query::{Outcome, Query, Resolver};
use crate::libraries::shared::query_builder;
use crate::libraries::shared::value::{FileId, RowModel};
use crate::statement::{Operation, Projection, RowLimit};

const FLUENT: Fluent = Fluent {
    runs: &["execute", "executeTakeFirst", "executeTakeFirstOrThrow", "stream"],
    ends: &["as", "compile", "toOperationNode"],
    takes: &[],
};

/// The query at a call of a Kysely chain.
pub fn recognise(resolver: &dyn Resolver, file: FileId, call: Call<'_>) -> Option<Query> {
    let method = call.method()?;
    if !is_method(method) || call.receiver().is_none() {
        return None;
    }
    let call = resolver.module(file).call(call.id)?;
    let steps = fluent::steps(resolver, file, call);
    let (start, step) = steps
        .iter()
        .enumerate()
        .find(|(_, step)| operation(step.call.method().unwrap_or_default()).is_some() && step.call.receiver().is_some())?;
    let operation = operation(step.call.method()?)?;
    let mut query = Query {
        library: "kysely",
        ..Query::default()
    };
    query.statement.operation = operation;
    let target = (step.file, step.call.arg(0)?);
    let names = query_builder::strings(resolver, target);
    let is_callback = matches!(step.call.module.kind(target.1), ExprKind::Lambda(_) | ExprKind::Call { .. });
    if names.is_empty() && !is_callback && !matches!(step.call.module.kind(target.1), ExprKind::Name(_) | ExprKind::Template(_)) {
        return None;
    }
    query.statement.tables = names.iter().map(|name| query_builder::table(name)).collect();
    if operation != Operation::Select {
        query.outcome = Outcome::Nothing;
        query.statement.projection = Projection::None;
    }
    for step in &steps[start + 1..] {
        read(resolver, *step, &mut query);
    }
    query_builder::name_with(resolver, &steps, &mut query.statement);
    if matches!(query.outcome, Outcome::Rows | Outcome::One) && query.statement.projection != Projection::Aggregate {
        query.model = query
            .table()
            .filter(|name| !name.is_empty())
            .map(|name| RowModel::Table(name.to_owned()));
    }
    query.executed = FLUENT.runs.contains(&method);
    Some(query)
}

#[rustfmt::skip]
fn is_method(method: &str) -> bool {
    operation(method).is_some() || FLUENT.runs.contains(&method) || FLUENT.ends.contains(&method) || matches!(
        method,
        "where" | "having" | "whereRef" | "onRef" | "innerJoin" | "leftJoin" | "rightJoin" | "fullJoin" | "innerJoinLateral" | "leftJoinLateral"
            | "select" | "selectAll" | "distinct" | "distinctOn" | "groupBy" | "orderBy" | "limit" | "top" | "fetch" | "offset" | "returning"
            | "returningAll" | "set" | "values" | "onConflict" | "onDuplicateKeyUpdate" | "ignore" | "expression" | "columns" | "using" | "forUpdate"
            | "skipLocked" | "$if" | "$call" | "$castTo" | "$narrowType" | "$assertType" | "union" | "unionAll" | "from" | "defaultValues"
    )
}

fn operation(method: &str) -> Option<Operation> {
    Some(match method {
        "selectFrom" => Operation::Select,
        "insertInto" | "replaceInto" => Operation::Insert,
        "updateTable" => Operation::Update,
        "deleteFrom" => Operation::Delete,
        _ => return None,
    })
}

fn read(resolver: &dyn Resolver, step: ChainedCall<'_>, query: &mut Query) {
    let call = step.call;
    let module = call.module;
    let first = call.arg(0).map(|arg| (step.file, arg));
    let text = first.and_then(|place| query_builder::text(resolver, place));
    let statement = &mut query.statement;
    match call.method().unwrap_or_default() {
        "where" | "having" => match (text, call.arg(1).and_then(|op| module.string(op)), call.arg(2)) {
            (Some(column), Some(op), Some(value)) => {
                let literal = objects::literal(resolver, (step.file, value));
                query_builder::filter(statement, &column, query_builder::operator(op), literal, step.conditional);
            }
            _ => query.open_filters |= !first.is_some_and(|place| query_builder::fragment(resolver, place, statement, step.conditional)),
        },
        "whereRef" | "onRef" => match (text, call.arg(2).and_then(|right| module.string(right))) {
            (Some(left), Some(right)) => query_builder::join(statement, &left, right),
            _ => query.open_filters = true,
        },
        "innerJoin" | "leftJoin" | "rightJoin" | "fullJoin" | "innerJoinLateral" | "leftJoinLateral" => {
            if let Some(name) = text {
                statement.tables.push(query_builder::table(&name));
                if let (Some(left), Some(right)) = (
                    call.arg(1).and_then(|left| module.string(left)),
                    call.arg(2).and_then(|right| module.string(right)),
                ) {
                    query_builder::join(statement, left, right);
                } else {
                    // A callback's conditions can compare with values.
                    query.open_filters = true;
                }
            }
        }
        "select" => {
            let names = first.map(|place| query_builder::strings(resolver, place)).unwrap_or_default();
            let columns: Vec<_> = names.iter().map(|name| query_builder::column(statement, name)).collect();
            if columns.is_empty() {
                let counts = first.is_some_and(|place| is_count(resolver, place));
                if counts {
                    statement.projection = Projection::Aggregate;
                    if !statement.grouped {
                        statement.limit = RowLimit::One;
                        query.outcome = Outcome::Scalar;
                    }
                }
            } else {
                statement.projection = Projection::Columns(columns);
            }
        }
        "distinct" | "distinctOn" => statement.grouped = true,
        "groupBy" => {
            statement.grouped = true;
            if query.outcome == Outcome::Scalar {
                query.outcome = Outcome::Rows;
                statement.limit = RowLimit::None;
            }
            let names = first.map(|place| query_builder::strings(resolver, place)).unwrap_or_default();
            let columns: Vec<_> = names.iter().map(|name| query_builder::column(statement, name)).collect();
            statement.group.extend(columns);
        }
        "orderBy" => {
            if let Some(name) = text {
                let descending = call.arg(1).and_then(|order| module.string(order)) == Some("desc") || name.ends_with(" desc");
                let column = query_builder::column(statement, &name);
                statement.order.push((column, descending));
            }
        }
        "limit" | "top" | "fetch" => {
            if let Some(place) = first {
                statement.limit = limits::of(resolver, place);
            }
        }
        "offset" => statement.offset |= first.is_some_and(|place| objects::skips(resolver, place)),
        "returning" | "returningAll" => {
            query.outcome = Outcome::Rows;
            statement.projection = Projection::All;
        }
        "executeTakeFirst" | "executeTakeFirstOrThrow" if query.outcome == Outcome::Rows => query.outcome = Outcome::One,
        "stream" => query.outcome = Outcome::Stream,
        "$if" | "$call" | "union" | "unionAll" | "with" => statement.open = true,
        _ => {}
    }
}

/// `.select(({ fn }) => fn.countAll().as('n'))`.
fn is_count(resolver: &dyn Resolver, place: objects::ExprPlace) -> bool {
    let body = objects::returned(resolver, place).unwrap_or(place);
    let module = resolver.module(body.0);
    let bodies = match module.kind(body.1) {
        ExprKind::List(items) => items.to_vec(),
        _ => vec![body.1],
    };
    !bodies.is_empty()
        && bodies.iter().all(|&body| {
            module.call(body).is_some_and(|call| {
                call.chain()
                    .iter()
                    .any(|link| matches!(link.method(), Some("count" | "countAll" | "sum" | "avg" | "min" | "max")))
            })
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::libraries::testing::{queries, query};

    #[test]
    fn reads_a_chain() {
        let query = query(
            "const rows = await db.selectFrom('person as p').innerJoin('pet', 'pet.owner_id', 'p.id').select(['p.id', 'pet.name']).where('p.age', '>', 18)
               .where('pet.kind', 'in', kinds).orderBy('p.id', 'desc').limit(10).execute();",
            &[],
        );
        assert_eq!(query.table(), Some("person"));
        let kinds: Vec<_> = query.statement.filters.iter().map(|f| (f.column.table, f.kind)).collect();
        assert_eq!(kinds, [(Some(0), FilterKind::Range), (Some(1), FilterKind::In)]);
        assert_eq!(
            (query.statement.joins.len(), query.statement.limit.clone(), query.executed),
            (1, RowLimit::Rows(10), true)
        );
    }

    #[test]
    fn built_and_counted() {
        let count = query(
            "const n = await db.selectFrom('person').select(({ fn }) => fn.countAll().as('n')).executeTakeFirstOrThrow();",
            &[],
        );
        assert_eq!(count.outcome, Outcome::Scalar);
        let found = queries(
            "let q = db.selectFrom('person').selectAll(); if (x) q = q.where('id', '=', x); const r = await q.execute();",
            &[],
        );
        assert!(!found[0].executed && found[2].executed && found[2].statement.filters[0].optional);
        assert_eq!(queries("qb.select('x').from('y').execute()", &[]), []);
    }

    #[test]
    fn rows_of_a_named_query() {
        let executed = |text: &str| queries(text, &[]).into_iter().find(|query| query.executed).unwrap_or_default();
        let tree = executed(
            "const rows = await db.withRecursive('tree(id)', (qb) => qb.selectFrom('folder').select(['id']).where('id', '=', root)
               .unionAll((eb) => eb.selectFrom('folder as f').innerJoin('tree', 'tree.id', 'f.parent_id').select(['f.id'])))
               .selectFrom('tree').selectAll().execute();",
        );
        assert_eq!((tree.table(), tree.model.is_none()), (Some(""), true));
        let inner = &tree.statement.subqueries[0].statement;
        assert_eq!(
            (inner.tables[0].name.as_str(), inner.filters[0].column.column.as_str()),
            ("folder", "id")
        );
        let other =
            executed("await db.with('recent', (qb) => qb.selectFrom('visit').selectAll()).selectFrom('guest').selectAll().execute();");
        assert_eq!(other.table(), Some("guest"));
    }

    #[test]
    fn fragments_and_callbacks_are_filters() {
        let listed = query(
            "await db.selectFrom('person').selectAll().where(sql<boolean>`person.id = ANY(${ids}::uuid[])`).execute();",
            &[],
        );
        let filter = &listed.statement.filters[0];
        assert_eq!(
            (filter.column.column.as_str(), filter.kind, listed.open_filters),
            ("id", FilterKind::In, false)
        );
        for open in [
            "where((eb) => eb.or([eb('age', '>', 3), eb('id', 'in', ids)]))",
            "where(condition)",
            "where(sql`${eb.ref('age')} > ${age}`)",
            "innerJoin('pet', (join) => join.onRef('pet.owner_id', '=', 'person.id').on('pet.id', '=', pet))",
        ] {
            let found = query(&format!("await db.selectFrom('person').selectAll().{open}.execute();"), &[]);
            assert!(found.open_filters, "{open}");
        }
    }

    use crate::statement::FilterKind;
}
