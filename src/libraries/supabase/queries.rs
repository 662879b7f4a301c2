//! Supabase: `supabase.from('users').select('id, posts(*)').eq('id', id).single()`; in Python
//! `supabase.table("users").select("*").eq("id", id).execute()`.

use crate::ir::{Call, Language};
use crate::libraries::shared::fluent::{self, ChainedCall, Fluent};
use crate::libraries::shared::limits;
use crate::libraries::shared::objects;
use crate::libraries::shared::query::{Outcome, Query, Resolver};
use crate::libraries::shared::value::{FileId, RowModel};
use crate::libraries::shared::{chain, query_builder};
use crate::statement::{FilterKind, Operation, Projection, RowLimit};

const FLUENT: Fluent = Fluent {
    runs: &["then", "throwOnError"],
    ends: &[],
    takes: &[],
};

/// The query at a call of a Supabase chain.
pub fn recognise(resolver: &dyn Resolver, file: FileId, call: Call<'_>) -> Option<Query> {
    let call = resolver.module(file).call(call.id)?;
    let method = call.method()?;
    if !is_filter(method) && !is_method(method) && method != "rpc" || call.receiver().is_none() {
        return None;
    }
    if let Some(query) = function(resolver, file, call) {
        return Some(query);
    }
    let steps = fluent::steps(resolver, file, call);
    let (start, from) = steps
        .iter()
        .enumerate()
        .find(|(_, step)| matches!(step.call.method(), Some("from" | "table" | "from_")))?;
    let action = steps.get(start + 1)?.call.method()?;
    let operation = match action {
        "select" => Operation::Select,
        "insert" | "upsert" => Operation::Insert,
        "update" => Operation::Update,
        "delete" => Operation::Delete,
        _ => return None,
    };
    let receiver = from.call.receiver()?;
    let module = from.call.module;
    let is_storage = objects::last_name(module, receiver) == Some("storage");
    let is_client = query_builder::comes_from(resolver, from.file, receiver, "supabase")
        || query_builder::comes_from(resolver, from.file, from.call.root(), "supabase")
        || query_builder::imports(module, &["supabase"])
            && steps[start + 1..]
                .iter()
                .any(|step| is_filter(step.call.method().unwrap_or_default()));
    if is_storage || !is_client {
        return None;
    }
    let name = query_builder::text(resolver, (from.file, from.call.arg(0)?))?;
    let mut query = Query {
        library: "supabase",
        ..Query::default()
    };
    query.statement.operation = operation;
    query.statement.tables.push(query_builder::table(&name));
    if operation != Operation::Select {
        query.statement.projection = Projection::None;
        query.outcome = Outcome::Nothing;
    }
    for step in &steps[start + 1..] {
        read(resolver, *step, &mut query);
    }
    if matches!(query.outcome, Outcome::Rows | Outcome::One) {
        query.model = Some(RowModel::Table(name));
    }
    let is_python = call.module.language == Language::Python;
    query.executed = if is_python {
        method == "execute"
    } else {
        fluent::runs(call, FLUENT)
    };
    query.blocking = is_python && query.executed && !chain::is_awaited(call.module, call.id);
    Some(query)
}

/// `supabase.rpc("close_port", { id })`: a function of the database, which can do anything.
fn function(resolver: &dyn Resolver, file: FileId, call: Call<'_>) -> Option<Query> {
    if call.module.language != Language::TypeScript {
        return None;
    }
    let start = call.chain().into_iter().find(|step| step.method() == Some("rpc"))?;
    let client = start.receiver()?;
    let is_client = query_builder::comes_from(resolver, file, client, "supabase");
    if !is_client || start.arg(0).is_none() {
        return None;
    }
    let mut query = Query {
        library: "supabase",
        opaque: true,
        executed: fluent::runs(call, FLUENT),
        ..Query::default()
    };
    query.statement.operation = Operation::Other;
    query.statement.open = true;
    Some(query)
}

#[rustfmt::skip]
fn is_method(method: &str) -> bool {
    matches!(
        method,
        "select" | "insert" | "upsert" | "update" | "delete" | "order" | "limit" | "range" | "or" | "not" | "filter" | "textSearch" | "containedBy"
            | "overlaps" | "csv" | "returns" | "throwOnError" | "abortSignal" | "overrideTypes" | "execute" | "text_search" | "contained_by"
    )
}

fn is_filter(method: &str) -> bool {
    matches!(
        method,
        "eq" | "neq"
            | "gt"
            | "gte"
            | "lt"
            | "lte"
            | "like"
            | "ilike"
            | "is"
            | "in"
            | "is_"
            | "in_"
            | "match"
            | "single"
            | "maybeSingle"
            | "maybe_single"
            | "contains"
    )
}

fn read(resolver: &dyn Resolver, step: ChainedCall<'_>, query: &mut Query) {
    let call = step.call;
    let module = call.module;
    let first = call.arg(0).map(|arg| (step.file, arg));
    let text = first.and_then(|place| query_builder::text(resolver, place));
    let statement = &mut query.statement;
    let method = call.method().unwrap_or_default();
    let kind = match method {
        "eq" | "is" | "is_" => Some(FilterKind::Equality),
        "in" | "in_" => Some(FilterKind::In),
        "gt" | "gte" | "lt" | "lte" => Some(FilterKind::Range),
        "like" => Some(
            call.arg(1)
                .map_or(FilterKind::Pattern, |arg| objects::like_kind(resolver, (step.file, arg))),
        ),
        "ilike" | "textSearch" | "text_search" => Some(FilterKind::Pattern),
        "neq" | "not" => Some(FilterKind::Negative),
        "contains" | "containedBy" | "contained_by" | "overlaps" | "filter" => Some(FilterKind::Other),
        _ => None,
    };
    if let Some(kind) = kind {
        let Some(column) = text else {
            query.open_filters = true;
            return;
        };
        let literal = call.arg(1).and_then(|value| objects::literal(resolver, (step.file, value)));
        query_builder::filter(statement, &column, kind, literal, step.conditional);
        return;
    }
    match method {
        "select" => select(resolver, step, text.as_deref(), query),
        "or" => query.open_filters = true,
        "match" => {
            let read = first.map(|place| objects::fields(resolver, place.0, place.1)).unwrap_or_default();
            query.open_filters |= read.open;
            for field in read.items {
                query_builder::filter(
                    statement,
                    &field.key,
                    FilterKind::Equality,
                    objects::literal(resolver, field.value),
                    field.optional,
                );
            }
        }
        "order" => {
            if let Some(name) = text {
                let ascending = call.arg(1).and_then(|options| module.entry(options, "ascending"));
                let descending = ascending.is_some_and(|value| matches!(module.kind(value), crate::ir::ExprKind::Bool(false)));
                let desc = call.keyword("desc").map(|value| module.kind(value));
                let descending = descending || matches!(desc, Some(crate::ir::ExprKind::Bool(true)));
                let column = query_builder::column(statement, &name);
                statement.order.push((column, descending));
            }
        }
        "limit" => {
            if let Some(place) = first {
                statement.limit = limits::of(resolver, place);
            }
        }
        "range" => {
            statement.limit = RowLimit::Value;
            statement.offset = first.is_some_and(|place| objects::skips(resolver, place));
        }
        "single" | "maybeSingle" | "maybe_single" => {
            statement.limit = RowLimit::One;
            query.outcome = Outcome::One;
        }
        _ => {}
    }
}

/// `select('id, author:users(name), posts(*)', { count: 'exact', head: true })`.
fn select(resolver: &dyn Resolver, step: ChainedCall<'_>, text: Option<&str>, query: &mut Query) {
    if query.statement.operation != Operation::Select {
        query.outcome = Outcome::Rows;
        query.statement.projection = Projection::All;
        return;
    }
    let options = step
        .call
        .arg(1)
        .map(|options| objects::fields(resolver, step.file, options))
        .unwrap_or_default();
    let head = options
        .get("head")
        .is_some_and(|field| objects::literal(resolver, field.value).as_deref() == Some("true"));
    if head {
        query.statement.projection = Projection::Aggregate;
        query.statement.limit = RowLimit::One;
        query.outcome = Outcome::Scalar;
        return;
    }
    let Some(text) = text else { return };
    let (columns, relations) = selection(text);
    query.unbounded_includes.clone_from(&relations);
    query.eager = relations;
    if !columns.is_empty() && columns.iter().all(|column| column != "*") {
        query.statement.projection = Projection::Columns(columns.into_iter().map(objects::first_column).collect());
    }
}

/// Columns and embedded relations (as dotted paths) of a selection.
fn selection(text: &str) -> (Vec<String>, Vec<String>) {
    let (mut columns, mut relations) = (Vec::new(), Vec::new());
    let mut path: Vec<String> = Vec::new();
    let mut word = String::new();
    let name = |word: &str| {
        let word = word.trim().trim_start_matches("...");
        let word = word.rsplit(':').next().unwrap_or(word);
        word.split('!').next().unwrap_or(word).trim().to_owned()
    };
    for c in text.chars().chain([',']) {
        match c {
            '(' => {
                path.push(name(&std::mem::take(&mut word)));
                relations.push(path.join("."));
            }
            ')' | ',' => {
                let column = name(&std::mem::take(&mut word));
                if path.is_empty() && !column.is_empty() {
                    columns.push(column);
                }
                if c == ')' {
                    path.pop();
                }
            }
            _ => word.push(c),
        }
    }
    (columns, relations)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::libraries::testing::{queries, query};

    #[test]
    fn functions_of_the_database() {
        let head = "import { createClient } from '@supabase/supabase-js'; const supabase = createClient(url, key);\n";
        let found = queries(&format!("{head}await supabase.rpc('close_port', {{ id }}).single();"), &[]);
        assert!(found.len() == 1 && found[0].opaque && found[0].executed);
        assert_eq!(queries(&format!("{head}await wallet.rpc('getBlock', []);"), &[]), []);
    }

    #[test]
    fn reads_a_chain() {
        let query = query(
            "const { data } = await supabase.from('orders').select('id, total, items(*, product:products(name))').eq('user_id', id).in('status', s).order('at', { ascending: false }).limit(20);",
            &[],
        );
        assert_eq!(query.table(), Some("orders"));
        assert_eq!(query.eager, ["items", "items.products"]);
        assert_eq!(query.statement.filters.len(), 2);
        assert!(query.executed && query.statement.order[0].1 && query.statement.limit == RowLimit::Rows(20));
        assert!(matches!(&query.statement.projection, Projection::Columns(columns) if columns.len() == 2));
    }

    #[test]
    fn the_python_client_runs_at_execute() {
        let text = "from supabase import create_client\nsupabase = create_client(a, b)\nrows = supabase.table('orders').select('id, total').eq('user_id', u).in_('state', s).order('at', desc=True).limit(5).execute()\n";
        let query = crate::libraries::testing::python_query(text);
        assert_eq!((query.table(), query.executed, query.blocking), (Some("orders"), true, true));
        assert_eq!(query.statement.filters.len(), 2);
        assert!(query.statement.order[0].1 && query.statement.limit == RowLimit::Rows(5));
        let waiting =
            "from supabase import create_client\nsupabase = create_client(a, b)\nq = supabase.table('orders').select('*').eq('a', 1)\n";
        assert!(!crate::libraries::testing::python_query(waiting).executed);
    }

    #[test]
    fn one_count_and_near_misses() {
        let one = query("const { data } = await supabase.from('users').select().eq('id', id).single();", &[]);
        assert_eq!(one.outcome, Outcome::One);
        let count = query(
            "const { count } = await supabase.from('users').select('*', { count: 'exact', head: true });",
            &[],
        );
        assert_eq!(count.outcome, Outcome::Scalar);
        assert_eq!(
            queries(
                "supabase.storage.from('files').update('a', f); Array.from('x').select(); d3.from('a').select('b').eq(1);",
                &[]
            ),
            []
        );
    }
}
