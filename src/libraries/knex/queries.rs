//! Knex: `knex('users').where({ id }).first()`, `db.select('*').from('users')`.

use crate::ir::{Call, ExprId, ExprKind, Module};
use crate::libraries::shared::fluent::{self, ChainedCall, Fluent};
use crate::libraries::shared::handles;
use crate::libraries::shared::knex_words::{self, is_where, read};
use crate::libraries::shared::objects;
use crate::libraries::shared::query::{Outcome, Query, Resolver};
use crate::libraries::shared::query_builder;
use crate::libraries::shared::value::{FileId, RowModel};

const FLUENT: Fluent = Fluent {
    runs: &["then", "stream", "pipe"],
    ends: &["as", "toSQL", "toString", "toQuery", "clone"],
    takes: knex_words::TAKES,
};

/// The query at a call of a Knex chain.
pub fn recognise(resolver: &dyn Resolver, file: FileId, call: Call<'_>) -> Option<Query> {
    let call = resolver.module(file).call(call.id)?;
    let method = call.method()?;
    let may_start = match call.receiver() {
        None => is_handle_name(method) && call.arg(0).is_some(),
        // `this.knex("users")` as a whole.
        Some(_) => is_method(method) || is_handle_name(method) && call.arg(0).is_some(),
    };
    if !may_start {
        return None;
    }
    let steps = fluent::steps(resolver, file, call);
    let first = steps.first()?;
    let (start, name) = table(resolver, &steps)?;
    if !is_handle(resolver, first) {
        return None;
    }
    let mut query = Query {
        library: "knex",
        ..Query::default()
    };
    query.statement.tables.push(query_builder::table(&name));
    for (index, step) in steps.iter().enumerate() {
        if index != start {
            read(resolver, *step, &mut query);
        }
    }
    query_builder::name_with(resolver, &steps, &mut query.statement);
    if matches!(query.outcome, Outcome::Rows | Outcome::One) {
        query.model = query
            .table()
            .filter(|name| !name.is_empty())
            .map(|name| RowModel::Table(name.to_owned()));
    }
    query.executed = fluent::runs(call, FLUENT) && !(steps.len() == 1 && fluent::is_handed_out(call));
    Some(query)
}

/// `knex.schema`, whose `table` changes one.
fn is_schema(module: &Module, handle: ExprId) -> bool {
    matches!(module.kind(handle), ExprKind::Attr { name, .. } if module.str(*name) == "schema")
}

/// The step that names the table.
fn table(resolver: &dyn Resolver, steps: &[ChainedCall<'_>]) -> Option<(usize, String)> {
    steps.iter().enumerate().find_map(|(index, step)| {
        let names = match step.call.method() {
            Some("from" | "into" | "table" | "queryBuilder") => step.call.receiver().is_some_and(|on| !is_schema(step.call.module, on)),
            _ => index == 0 && (step.call.receiver().is_none() || is_handle_call(resolver, step)),
        };
        let arg = step.call.arg(0).filter(|_| names)?;
        let text = match step.call.module.kind(arg) {
            // `knex({ u: 'users' })`.
            ExprKind::Object(entries) => {
                let [entry] = entries.as_ref() else { return None };
                let name = step.call.module.string(entry.value)?;
                let alias = entry.key.and_then(|key| step.call.module.string(key))?;
                if matches!(alias, "client" | "connection") {
                    return None;
                }
                format!("{name} as {alias}")
            }
            _ => query_builder::text(resolver, (step.file, arg))?,
        };
        Some((index, text))
    })
}

fn is_handle_call(resolver: &dyn Resolver, step: &ChainedCall<'_>) -> bool {
    query_builder::comes_from(resolver, step.file, step.call.callee, "knex")
}

/// Names that a handle called with a table's name has.
fn is_handle_name(name: &str) -> bool {
    name.to_ascii_lowercase().contains("knex") || handles::is_database(name)
}

fn is_handle(resolver: &dyn Resolver, first: &ChainedCall<'_>) -> bool {
    let handle = first.call.receiver().unwrap_or(first.call.callee);
    if query_builder::comes_from(resolver, first.file, handle, "knex") || is_handle_call(resolver, first) {
        return true;
    }
    let module = first.call.module;
    objects::last_name(module, handle).is_some_and(is_handle_name) && query_builder::imports(module, &["knex"])
}

fn is_method(method: &str) -> bool {
    matches!(
        method,
        "select"
            | "from"
            | "into"
            | "table"
            | "first"
            | "insert"
            | "update"
            | "del"
            | "delete"
            | "count"
            | "countDistinct"
            | "sum"
            | "min"
            | "max"
            | "avg"
            | "limit"
            | "offset"
            | "orderBy"
            | "orderByRaw"
            | "groupBy"
            | "groupByRaw"
            | "join"
            | "leftJoin"
            | "innerJoin"
            | "rightJoin"
            | "leftOuterJoin"
            | "joinRaw"
            | "returning"
            | "pluck"
            | "distinct"
            | "having"
            | "onConflict"
            | "merge"
            | "ignore"
            | "increment"
            | "decrement"
            | "column"
            | "columns"
            | "forUpdate"
            | "transacting"
            | "as"
            | "clone"
            | "modify"
            | "stream"
            | "then"
            | "catch"
            | "truncate"
            | "with"
            | "union"
            | "unionAll"
    ) || is_where(method)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::libraries::testing::{queries, query};
    use crate::project::Project;
    use crate::statement::{FilterKind, Operation, Projection};
    use crate::syntax::facts::extract;
    use crate::walk::FileKind;

    const HEAD: &str = "import knex from 'knex';\nconst db = knex({ client: 'pg' });\n";

    #[test]
    fn reads_a_chain() {
        let query = query(
            &format!(
                "{HEAD}const rows = await db('users as u').join('posts', 'posts.user_id', 'u.id').where({{ 'u.org_id': org }}).whereIn('posts.status', s)
                   .andWhere('posts.at', '>', t).orderBy('posts.id', 'desc').limit(5);"
            ),
            &[],
        );
        let kinds: Vec<_> = query.statement.filters.iter().map(|f| (f.column.table, f.kind)).collect();
        assert_eq!(
            kinds,
            [
                (Some(0), FilterKind::Equality),
                (Some(1), FilterKind::In),
                (Some(1), FilterKind::Range)
            ]
        );
        assert_eq!(
            (query.table(), query.executed, query.statement.joins.len()),
            (Some("users"), true, 1)
        );
    }

    #[test]
    fn the_first_row_may_be_asked_for_some_columns() {
        let some = query(
            &format!("{HEAD}const row = await db('vats').where({{ id }}).first('id', 'label');"),
            &[],
        );
        assert!(matches!(&some.statement.projection, Projection::Columns(names) if names.len() == 2));
        let all = query(&format!("{HEAD}const row = await db('vats').where({{ id }}).first();"), &[]);
        assert!(!matches!(all.statement.projection, Projection::Columns(_)));
    }

    #[test]
    fn chains_that_go_on_from_a_helper() {
        let own = "class Vats { constructor(private readonly knex) {} get open() { return this.knex('vats'); } private rows(trx = this.knex) { return trx('vats'); }\n";
        let run = |body: &str| {
            let found = queries(&format!("import knex from 'knex';\n{own}async f() {{ {body} }} }}"), &[]);
            let run = found.iter().filter(|query| query.executed);
            let seen: Vec<_> = run
                .map(|query| (query.table().unwrap_or_default().to_owned(), query.statement.filters.len()))
                .collect();
            seen
        };
        assert_eq!(run("await this.rows().where({ id }).first();"), [("vats".to_owned(), 1)]);
        assert_eq!(run("await this.open.where('id', id).del();"), [("vats".to_owned(), 1)]);
        assert_eq!(run("await this.shut.where('id', id).del(); await this.names().where({ id });"), []);
        let given = "import knex from 'knex'; export const db = knex({}); await Promise.all(names.map((name) => db('vats')));";
        assert!(queries(given, &[]).iter().any(|query| query.executed));
    }

    #[test]
    fn what_statements_may_add_is_optional() {
        let run = |body: &str| {
            let text = format!("{HEAD}async function f(owner, count) {{ {body} }}");
            let project = Project::link(vec![extract("vats.ts", FileKind::TypeScript, &text)]);
            let sites = project.graph.sites.iter().filter(|site| site.query.executed);
            sites.map(|site| (*site.query).clone()).collect::<Vec<_>>()
        };
        let found = run("const rows = db('vats').select('id'); if (owner) { rows.where('owner_id', owner); } return rows;");
        let [query] = found.as_slice() else {
            panic!("{found:#?}");
        };
        assert!(query.statement.filters[0].optional && !query.open_filters);
        // A count is another statement: all that is known is that its condition may be there.
        let found = run("const rows = db('vats').select('id'); if (count) { rows.where('owner_id', owner).count(); } return rows;");
        assert!(
            found.iter().any(|query| query.outcome == Outcome::Rows && query.open_filters),
            "{found:#?}"
        );
        let found = run("const rows = fresh ? await db('vats') : []; for (const row of rows) { show(row); }");
        assert_eq!(found.len(), 1, "{found:#?}");
    }

    #[test]
    fn named_queries_and_fragments() {
        let found = queries(
            &format!("{HEAD}const rows = await db.with('recent', db('visits').where('guest_id', id)).select('*').from('recent');"),
            &[],
        );
        let is_named = |query: &Query| query.table() == Some("") && query.statement.subqueries.len() == 1;
        assert!(found.iter().any(|query| query.executed && is_named(query)));
        let raw = query(
            &format!("{HEAD}const rows = await db('users').whereRaw('id = ANY(?)', [ids]);"),
            &[],
        );
        assert_eq!((raw.statement.filters[0].kind, raw.open_filters), (FilterKind::In, false));
        let open = query(&format!("{HEAD}const rows = await db('users').whereRaw(condition);"), &[]);
        assert!(open.open_filters);
    }

    #[test]
    fn first_writes_and_near_misses() {
        let one = query(&format!("{HEAD}const row = await db('users').where('id', 1).first();"), &[]);
        assert_eq!(
            (one.outcome, one.statement.filters[0].literal.as_deref()),
            (Outcome::One, Some("1"))
        );
        let write = query(&format!("{HEAD}await db.from('users').where('id', id).del();"), &[]);
        assert_eq!(write.statement.operation, Operation::Delete);
        let other = "import knex from 'knex'; $('div').first(); describe('users').select(); t('users.title'); list.from('x').first();";
        assert_eq!(queries(other, &[]), []);
    }
}
