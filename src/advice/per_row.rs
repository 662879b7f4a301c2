//! Fixes of per-row queries and writes in the library's own words.

use super::texts::{Advised, Read, Write, advice};
use crate::analysis::repeats::per_row::{Access, PerRow};
use crate::finding::Fix;
use crate::ir::{ExprId, ExprKind};
use crate::libraries::shared::query::{Outcome, Query};
use crate::libraries::shared::value::FileId;
use crate::project::Project;
use crate::project::eval::{Evaluator, Found};
use crate::project::graph::QuerySite;
use crate::project::rows::RelationRead;
use crate::statement::{FilterKind, Limit, Operation, Projection};

/// The way out for one finding.
pub fn fix(project: &Project, row: &PerRow<'_>) -> Fix {
    if let Some(read) = &row.relation {
        return relation(project, read);
    }
    if row.remote.is_some() {
        return advice(Advised::Read(Read::Remote), "", &[]);
    }
    let Some(site) = row.site else {
        let calls_itself = row.target == Some(row.function);
        let operation = match row.access {
            Access::Read if calls_itself => Advised::Read(Read::Tree),
            Access::Read => Advised::Read(Read::Call),
            Access::Write => Advised::Write(Write::Call),
        };
        return advice(operation, "", &[]);
    };
    let module = project.code.module(site.file);
    let table = site.query.table().filter(|name| !name.is_empty()).unwrap_or("rows");
    let column = column(project, row, site).unwrap_or_else(|| "id".to_owned());
    let waits = module.function(project.graph.function(site.function).id).is_async && !site.query.blocking;
    let values = [
        ("table", table),
        ("accessor", &accessor(table)),
        ("column", column.as_str()),
        ("await", if waits { "await " } else { "" }),
        ("for", if waits { "async for" } else { "for" }),
    ];
    advice(operation(&site.query), site.query.library, &values)
}

fn operation(query: &Query) -> Advised {
    match query.statement.operation {
        Operation::Insert => Advised::Write(Write::Insert),
        Operation::Update => Advised::Write(Write::Update),
        Operation::Delete => Advised::Write(Write::Delete),
        Operation::Select | Operation::Other => Advised::Read(shape(query)),
    }
}

fn shape(query: &Query) -> Read {
    let is_one = query.outcome == Outcome::One || matches!(query.statement.limit, Limit::One | Limit::Rows(1));
    match query.statement.projection {
        Projection::Aggregate => Read::Count,
        _ if is_one || query.outcome == Outcome::Scalar => Read::One,
        _ => Read::Many,
    }
}

/// How Prisma's client calls a model: `prisma.userCollection` of `UserCollection`.
fn accessor(table: &str) -> String {
    let mut letters = table.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

/// Load the relation with the rows.
fn relation(project: &Project, read: &RelationRead) -> Fix {
    let eval = Evaluator::new(&project.code);
    let source = read.source.and_then(|(at, expr)| eval.query_at(at, expr));
    let library = source.as_ref().map_or("", |query| query.library);
    let model = source.as_ref().and_then(|query| query.table()).unwrap_or("Model");
    let is_one_step = !read.path.contains('.');
    let shape = match () {
        () if read.is_column => Read::Column,
        () if is_one_step && read.to_many => Read::RelationToMany,
        () if is_one_step => Read::RelationToOne,
        () => Read::Relation,
    };
    let values = [
        ("path", read.path.as_str()),
        ("underscored", &read.path.replace('.', "__")),
        ("first", read.path.split('.').next().unwrap_or(&read.path)),
        ("model", model),
    ];
    advice(Advised::Read(shape), library, &values)
}

/// The column whose value differs from pass to pass, else the first that is compared.
fn column(project: &Project, row: &PerRow<'_>, site: &QuerySite) -> Option<String> {
    let filters = || {
        let equal = site.query.statement.filters.iter();
        equal.filter(|filter| matches!(filter.kind, FilterKind::Equality | FilterKind::In))
    };
    let varying = compared(&Evaluator::new(&project.code), row, site);
    let is_it = |column: &str| {
        let is_named = |name: &String| column.eq_ignore_ascii_case(name) || column.strip_suffix("_id") == Some(name);
        varying.iter().any(is_named)
    };
    let chosen = filters().find(|filter| is_it(&filter.column.column)).or_else(|| filters().next());
    chosen.map(|filter| filter.column.column.clone())
}

/// Whether an expression reads a name that is bound inside a loop, its own variable first.
fn varies(eval: &Evaluator<'_>, row: &PerRow<'_>, file: FileId, expr: ExprId) -> bool {
    let module = eval.code.module(file);
    let mut open = vec![expr];
    while let Some(at) = open.pop() {
        if let ExprKind::Name(name) = module.kind(at) {
            let found = eval.lookup(file, module.owner(at), *name, module.expr(at).span.start);
            let is_inside = |start: u32| row.around.span.start <= start && start <= row.around.span.end;
            if row.around.target_names.contains(name)
                || matches!(found, Some(Found::Binding(held, _, binding)) if held == file && is_inside(binding.range.start))
            {
                return true;
            }
        }
        module.each_child(at, &mut |child| open.push(child));
    }
    false
}

/// What a query compares with a value that varies: keywords, keys of objects, sides of comparisons.
fn compared(eval: &Evaluator<'_>, row: &PerRow<'_>, site: &QuerySite) -> Vec<String> {
    let module = eval.code.module(site.file);
    let is_varying = |value: ExprId| varies(eval, row, site.file, value);
    let mut out = Vec::new();
    let mut open = vec![site.expr];
    while let Some(at) = open.pop() {
        if let Some(call) = module.call(at) {
            let named = call.args.iter().filter_map(|arg| Some((module.str(arg.name?), arg.value)));
            out.extend(named.filter(|(_, value)| is_varying(*value)).map(|(name, _)| name.to_owned()));
        }
        match module.kind(at) {
            ExprKind::Object(entries) => {
                let keyed = entries.iter().filter_map(|entry| Some((module.string(entry.key?)?, entry.value)));
                out.extend(keyed.filter(|(_, value)| is_varying(*value)).map(|(name, _)| name.to_owned()));
            }
            ExprKind::Binary { left, right, .. } => {
                for (column, value) in [(*left, *right), (*right, *left)] {
                    if let ExprKind::Attr { name, .. } = module.kind(column)
                        && is_varying(value)
                    {
                        out.push(module.str(*name).to_owned());
                    }
                }
            }
            _ => {}
        }
        module.each_child(at, &mut |child| open.push(child));
    }
    out
}
