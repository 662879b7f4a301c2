use super::*;
use crate::libraries::testing::{queries, queries_of};

const SCHEMA: (&str, &str) = (
    "src/schema.ts",
    "import { pgTable, pgSchema, pgTableCreator, text } from 'drizzle-orm/pg-core';
     export const users = pgTable('app_users', { id: text('id'), email: text('email'), orgId: text('org_id') });
     export const posts = pgTable('posts', { id: text('id'), authorId: text('author_id'), status: text('status') });
     const createTable = pgTableCreator((name) => `t3_${name}`);
     export const notes = createTable('notes', { id: text('id') });
     const auth = pgSchema('auth');
     export const sessions = auth.table('sessions', { id: text('id') });",
);

fn all(text: &str) -> Vec<Query> {
    let main = format!(
        "import {{ drizzle }} from 'drizzle-orm/node-postgres';\nimport {{ and, eq, inArray, desc, count, sql, isNull, or, like }} from 'drizzle-orm';
         import * as schema from './schema';\nimport {{ users, posts, notes, sessions }} from './schema';\nconst db = drizzle(url, {{ schema }});\n{text}"
    );
    queries_of(&[SCHEMA, ("src/main.ts", &main)], &[])
}

fn one(text: &str) -> Query {
    let mut found = all(text);
    assert_eq!(found.len(), 1, "{found:#?}");
    found.remove(0)
}

fn filters(query: &Query) -> Vec<(Option<usize>, &str, FilterKind, bool)> {
    let filters = query.statement.filters.iter();
    filters
        .map(|f| (f.column.table, f.column.column.as_str(), f.kind, f.optional))
        .collect()
}

#[test]
fn reads_a_select() {
    let query = one(
        "const rows = await db.select({ id: users.id, title: posts.id }).from(users).leftJoin(posts, eq(posts.authorId, users.id))
           .where(and(eq(users.orgId, org), inArray(schema.users.id, ids), isNull(posts.status), q ? like(users.email, `${q}%`) : undefined))
           .orderBy(desc(users.email), posts.id).limit(20).offset(skip);",
    );
    assert_eq!(query.table(), Some("app_users"));
    assert_eq!(
        filters(&query),
        [
            (Some(0), "orgId", FilterKind::Equality, false),
            (Some(0), "id", FilterKind::In, false),
            (Some(1), "status", FilterKind::Equality, false),
            (Some(0), "email", FilterKind::Prefix, true),
        ]
    );
    assert_eq!(query.statement.joins.len(), 1);
    assert_eq!(query.statement.limit, RowLimit::Rows(20));
    assert!(query.statement.offset && query.executed && query.statement.order[0].1);
    assert!(matches!(&query.statement.projection, Projection::Columns(columns) if columns.len() == 2));
    assert!(!query.open_filters && !query.statement.open);
}

#[test]
fn conditions_in_a_list() {
    let query = one(
        "async function f(s) { const conditions = [eq(posts.authorId, a)]; if (s) conditions.push(eq(posts.status, s));
           return db.select().from(posts).where(and(...conditions)); }",
    );
    assert_eq!(
        filters(&query),
        [
            (Some(0), "authorId", FilterKind::Equality, false),
            (Some(0), "status", FilterKind::Equality, true)
        ]
    );
    assert!(query.executed && query.model == Some(RowModel::Table("posts".to_owned())));
}

#[test]
fn built_in_steps() {
    let found = all(
        "async function f(s) { let q = db.select().from(posts).$dynamic(); if (s) q = q.where(eq(posts.status, s)); q = q.limit(10); const p = await q.execute(); }",
    );
    assert_eq!(found.iter().map(|q| q.executed).collect::<Vec<_>>(), [false, false, false, true]);
    let last = &found[3];
    assert_eq!(last.statement.limit, RowLimit::Rows(10));
    assert_eq!(filters(last), [(Some(0), "status", FilterKind::Equality, true)]);
}

#[test]
fn counts_writes_and_names() {
    let count = one("await db.select({ n: sql<number>`count(*)` }).from(notes)");
    assert_eq!((count.outcome, count.table()), (Outcome::Scalar, Some("t3_notes")));
    let delete = one("await db.delete(sessions).where(eq(sessions.id, id))");
    assert_eq!(
        (delete.statement.operation, delete.table()),
        (Operation::Delete, Some("auth.sessions"))
    );
    let insert = one("const [row] = await db.insert(users).values({ id }).returning()");
    assert_eq!((insert.statement.operation, insert.outcome), (Operation::Insert, Outcome::Rows));
    let all = one("await Promise.all(ids.map((id) => db.update(users).set({ id }).where(eq(users.id, id))))");
    assert!(all.executed);
}

#[test]
fn relational_queries() {
    let query = one(
        "await db.query.users.findMany({ where: (u, { eq }) => eq(u.orgId, org), with: { posts: { limit: 3, with: { tags: true } } }, columns: { id: true }, orderBy: (u, { desc }) => [desc(u.id)] })",
    );
    assert_eq!(query.table(), Some("app_users"));
    assert_eq!(filters(&query), [(Some(0), "orgId", FilterKind::Equality, false)]);
    assert_eq!(query.eager, ["posts", "posts.tags"]);
    assert_eq!(query.unbounded_includes, ["posts.tags"]);
    assert_eq!(query.statement.order.len(), 1);
    let first = one("await db.query.users.findFirst({ where: eq(users.id, id) })");
    assert_eq!((first.outcome, filters(&first).len()), (Outcome::One, 1));
}

#[test]
fn prepared_relational_queries_run_where_they_are_executed() {
    let found = all("const every = db.query.users.findMany({ limit: 3 }).prepare('every'); await every.execute()");
    let seen: Vec<_> = found.iter().map(|query| (query.table(), query.executed)).collect();
    assert_eq!(seen, [(Some("app_users"), false), (Some("app_users"), true)]);
}

#[test]
fn subqueries_do_not_run() {
    let found = all("await db.select().from(users).where(inArray(users.id, db.select({ id: posts.authorId }).from(posts)))");
    assert_eq!(found.iter().map(|q| q.executed).collect::<Vec<_>>(), [true, false]);
    assert_eq!(found[0].statement.subqueries.len(), 1);
}

#[test]
fn near_misses() {
    let text = "const rows = []; Array.from(rows); map.delete(key); router.delete('/x', h); cache.update(users); $.select().from(x); set.insert(a).values();
        params.delete(key); list.select('a').where(x); db.delete(key); Buffer.from(x); crypto.createHash('md5').update(y); list.select('*').from('users');";
    assert_eq!(queries(text, &[]), []);
}

/// Either way it is sorted by the same column.
#[test]
fn an_order_that_is_chosen_between_two_directions_is_of_its_column() {
    let order = |text: &str| {
        let query = one(&format!("db.select().from(users).orderBy({text}).limit(20)"));
        query
            .statement
            .order
            .iter()
            .map(|(column, _)| column.column.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(order("up ? asc(users.email) : desc(users.email)"), ["email"]);
    assert!(order("up ? asc(users.email) : desc(users.id)").is_empty());
}

#[test]
fn a_transaction_is_one_by_its_name_where_the_tables_are_not_read() {
    for name in ["tx", "transaction", "dbWrite"] {
        let text = format!(
            "import {{ eq }} from 'drizzle-orm';\nimport {{ schema }} from '@shop/db';\n
             async function add({name}) {{ await {name}.insert(schema.users).values({{ id: 1 }}); }}"
        );
        let found = queries_of(&[("src/main.ts", &text)], &[]);
        assert_eq!(found.len(), 1, "{name}");
    }
}
