//! Fixes of per-row queries and writes in the library's own words.

use super::texts::{Advised, ReadShape, Write, advice};
use crate::analysis::repeats::per_row::work::is_work;
use crate::analysis::repeats::per_row::{Access, PerRow};
use crate::analysis::repeats::single::passed_as;
use crate::finding::Fix;
use crate::fix::remedy::{Eager, Remedy, Rewrite, RewriteKind};
use crate::ir::{ExprId, ExprKind, Module, Sym};
use crate::libraries::shared::query::{Outcome, Query};
use crate::libraries::shared::row_methods::RowMethod;
use crate::libraries::shared::value::FileId;
use crate::project::Project;
use crate::project::eval::{Evaluator, Found};
use crate::project::graph::{EffectStep, FnId, QUERY_SLOT, QuerySite, WRITE_SLOT};
use crate::project::loops::pace::PassOrder;
use crate::project::loops::{LoopForm, body};
use crate::project::own_keys::{key_column, keys_of};
use crate::project::rows::RelationRead;
use crate::statement::{FilterKind, Operation, Projection, RowLimit};

/// What is to be thought of where related rows are loaded along.
const RELATED: &str = "It brings the related rows as a whole: where these are wide, name the columns that are used.";
/// Other conditions that a text names.
const MOST_NAMED: usize = 4;

/// What is to be thought of where nobody waits for what the loop starts.
const WAITED_FOR: &str = " Wait for that one call, in a function that is waited for itself: then its errors are seen.";

/// The way out for one finding.
pub fn fix(project: &Project, eval: &Evaluator<'_>, row: &PerRow<'_>) -> Fix {
    let mut fix = in_one(project, eval, row);
    if row.pace(project) == PassOrder::Left {
        fix.summary.push_str(WAITED_FOR);
    }
    fix
}

/// How it is done once for all rows.
fn in_one(project: &Project, eval: &Evaluator<'_>, row: &PerRow<'_>) -> Fix {
    if let Some(read) = &row.relation {
        return relation(project, eval, read);
    }
    if row.remote.is_some() {
        return advice(Advised::Read(ReadShape::Remote), "", &[]);
    }
    let Some(site) = row.site else {
        return called(project, eval, row);
    };
    if row.access == Access::Read
        && let Some(fix) = asked_for(project, row, site)
    {
        return fix;
    }
    of_site(project, eval, row, site)
}

/// How the query of the rows is to be written where a relation of each row is read.
pub fn remedy(project: &Project, eval: &Evaluator<'_>, row: &PerRow<'_>) -> Option<Remedy> {
    let read = row.relation.as_ref().filter(|read| !read.is_column)?;
    let (at, expr) = read.source?;
    let query = eval.query_at(at, expr)?;
    let span = |file: FileId, expr: ExprId| project.code.module(file).expr(expr).span;
    Some(Remedy::Calls(vec![Rewrite {
        file: project.path(at).to_owned(),
        span: span(at, expr),
        how: RewriteKind::Eager(Eager {
            library: query.library.to_owned(),
            path: read.path.clone(),
            is_many: read.to_many,
            label: read.label.clone(),
            read: (project.path(read.file).to_owned(), span(read.file, read.expr)),
        }),
    }]))
}

/// What to do about a statement of the loop itself.
fn of_site(project: &Project, eval: &Evaluator<'_>, row: &PerRow<'_>, site: &QuerySite) -> Fix {
    let module = project.code.module(site.file);
    let table = site.query.table().filter(|name| !name.is_empty()).unwrap_or("rows");
    let key = column(eval, row, site);
    let waits = module.function(project.graph.function(site.function).id).is_async && !site.query.blocking;
    let values = [
        ("table", table),
        ("accessor", &accessor(table)),
        ("column", key.as_deref().unwrap_or("id")),
        ("await", if waits { "await " } else { "" }),
        ("for", if waits { "async for" } else { "for" }),
    ];
    let is_read = site.query.statement.operation == Operation::Select;
    let operation = match operation(project, &site.query, key.as_deref()) {
        Advised::Read(_) if key.is_none() && row.around.kind == LoopForm::While => Advised::Read(ReadShape::Pass),
        Advised::Read(_) if key.is_none() => Advised::Read(ReadShape::Open),
        operation => operation,
    };
    let mut fix = advice(operation, site.query.library, &values);
    let others = key.as_deref().and_then(|key| others(&site.query, key));
    // With a column that is not the one it hangs on, a table that is not known, or without a condition that it has, code is worse than none.
    let is_whole = key.is_some() && site.query.table().is_some() && others.is_none() && site.query.relation.is_none();
    if is_read && !is_whole {
        fix.code = None;
    }
    fix.summary.push_str(&others.unwrap_or_default());
    fix
}

/// What to do about a call that leads to a statement.
fn called(project: &Project, eval: &Evaluator<'_>, row: &PerRow<'_>) -> Fix {
    if row.access == Access::Write {
        let last = row
            .target
            .and_then(|target| project.graph.chain(target, WRITE_SLOT).last().copied());
        let library = match last {
            Some((_, EffectStep::Query(site))) => project.graph.sites.get(site).map_or("", |site| site.query.library),
            _ => "",
        };
        return advice(Advised::Write(Write::Call), library, &[]);
    }
    if row.target == Some(row.function) {
        return advice(Advised::Read(ReadShape::Tree), "", &[]);
    }
    let Some(target) = row.target else {
        return advice(Advised::Read(ReadShape::Call), "", &[]);
    };
    let callee = project.short_name(target);
    if is_work(project, row) {
        return advice(Advised::Read(ReadShape::Work), "", &[("callee", &callee)]);
    }
    let last = project.graph.chain(target, QUERY_SLOT).last().copied();
    let site = match last {
        Some((_, EffectStep::Query(site))) => project.graph.sites.get(site),
        _ => None,
    };
    let Some(site) = site else {
        return advice(Advised::Read(ReadShape::Call), "", &[]);
    };
    if let Some(fix) = asked_for(project, row, site) {
        return fix;
    }
    let key = only_key(&site.query).filter(|key| hangs_on(project, eval, row, (target, site), key));
    match (site.query.table().filter(|name| !name.is_empty()), key) {
        (Some(table), Some(key)) => {
            let values = [("callee", callee.as_str()), ("table", table), ("column", key)];
            let counts = site.query.statement.projection == Projection::Aggregate;
            let shape = if counts { ReadShape::HelperCount } else { ReadShape::Helper };
            advice(Advised::Read(shape), "", &values)
        }
        _ => advice(Advised::Read(ReadShape::Call), "", &[]),
    }
}

/// Whether it is by what a pass of the loop hands over that a statement of the called function compares a column.
fn hangs_on(project: &Project, eval: &Evaluator<'_>, row: &PerRow<'_>, (target, site): (FnId, &QuerySite), key: &str) -> bool {
    let mut edges = project.graph.edges_at(&project.code, row.function, row.expr);
    let Some(edge) = edges.find(|edge| edge.targets.contains(&target)) else {
        return false;
    };
    let callee = project.graph.function(target);
    if site.function != target {
        return false;
    }
    let file = project.graph.function(row.function).file;
    let here = project.code.module(file);
    let there = project.code.module(callee.file);
    let params = there.function(callee.id).params.iter().enumerate();
    let varying: Vec<Sym> = params
        .filter(|(index, _)| passed_as(project, here, edge, target, *index).is_some_and(|given| varies(eval, row, file, given)))
        .filter_map(|(_, param)| param.name)
        .collect();
    let is_varying = |value: ExprId| body::names(there, value).iter().any(|name| varying.contains(name));
    let compared = compared(there, site.expr, &is_varying);
    compared.iter().any(|name| is_column(name, key))
}

/// Whether a name of the code is a column's: `order` of `order_id`.
fn is_column(name: &str, column: &str) -> bool {
    column.eq_ignore_ascii_case(name) || column.strip_suffix("_id") == Some(name)
}

/// What to do where a framework asks a method for one object at a time, so that there is no loop to load anything before.
fn asked_for(project: &Project, row: &PerRow<'_>, site: &QuerySite) -> Option<Fix> {
    let LoopForm::Callback(words) = &row.around.kind else {
        return None;
    };
    let is = |method: RowMethod| row.around.iterable.is_none() && words == method.words();
    match () {
        () if is(RowMethod::GraphQlField) => Some(resolver(project, row, site)),
        () if is(RowMethod::Serializer) || is(RowMethod::AdminColumn) => {
            let asked = asked(site, "other tables");
            Some(advice(Advised::Read(ReadShape::Listed), site.query.library, &[("asked", &asked)]))
        }
        () => None,
    }
}

/// Only what collects the keys of the objects can ask for all of them.
fn resolver(project: &Project, row: &PerRow<'_>, site: &QuerySite) -> Fix {
    let module = project.code.module(project.graph.function(row.function).file);
    let table = site.query.table().filter(|name| !name.is_empty());
    let key = only_key(&site.query).map(str::to_owned);
    let asked = asked(site, "the database");
    let values = [
        ("table", table.unwrap_or_default()),
        ("asked", &asked),
        ("column", key.as_deref().unwrap_or("id")),
    ];
    let shape = match () {
        // A loader's one statement cannot give each key a page of its own, nor be asked by conditions that differ.
        () if matches!(site.query.statement.limit, RowLimit::Value | RowLimit::Rows(2..)) || site.query.statement.offset => {
            ReadShape::ResolverPage
        }
        () if site.query.outcome == Outcome::One => ReadShape::ResolverOne,
        () => ReadShape::Resolver,
    };
    let mut fix = advice(Advised::Read(shape), module.language.name(), &values);
    if key.is_none() || table.is_none() {
        fix.code = None;
    }
    fix
}

/// The table that a statement asks, as it stands in a sentence; other words where it is not known.
fn asked(site: &QuerySite, other: &str) -> String {
    let table = site.query.table().filter(|name| !name.is_empty());
    table.map_or_else(|| other.to_owned(), |table| format!("`{table}`"))
}

/// The column by which a statement asks, where it is the only one.
fn only_key(query: &Query) -> Option<&str> {
    let mut keys = query
        .statement
        .filters
        .iter()
        .filter(|filter| filter.kind == FilterKind::Equality && filter.literal.is_none());
    let key = keys.next()?;
    keys.next().is_none().then_some(key.column.column.as_str())
}

/// The other conditions of a statement, which stay as they are.
fn others(query: &Query, key: &str) -> Option<String> {
    let filters = query.statement.filters.iter().map(|filter| filter.column.column.as_str());
    let mut names: Vec<&str> = filters.filter(|name| *name != key && !name.is_empty()).collect();
    names.dedup();
    names.truncate(MOST_NAMED);
    (!names.is_empty()).then(|| format!(" Its other conditions (`{}`) stay.", names.join("`, `")))
}

fn operation(project: &Project, query: &Query, key: Option<&str>) -> Advised {
    match query.statement.operation {
        Operation::Insert => Advised::Write(Write::Insert),
        Operation::Update => Advised::Write(Write::Update),
        Operation::Delete => Advised::Write(Write::Delete),
        Operation::Select | Operation::Other => Advised::Read(shape(project, query, key)),
    }
}

fn shape(project: &Project, query: &Query, key: Option<&str>) -> ReadShape {
    let is_first = matches!(query.statement.limit, RowLimit::One | RowLimit::Rows(1));
    let is_one = query.outcome == Outcome::One || is_first;
    match query.statement.projection {
        Projection::Aggregate => ReadShape::Count,
        // Of several rows with a key, a map would keep the last.
        _ if is_first && (!query.statement.order.is_empty() || !is_unique(project, query, key)) => ReadShape::First,
        _ if is_one || query.outcome == Outcome::Scalar || has_one_each(project, query, key) => ReadShape::One,
        _ => ReadShape::Many,
    }
}

/// Whether no two rows have a column's value, as far as is known: of a table without a schema, or a column that is none of it, nothing is.
fn is_unique(project: &Project, query: &Query, key: Option<&str>) -> bool {
    let known = project.table_of(query).zip(key);
    known.is_none_or(|(table, key)| {
        let column = table.column_name(key);
        table.column(column).is_none() || table.is_unique(&[column])
    })
}

/// Whether the schema says that a value of the column has one row, however the code takes it out of the result.
fn has_one_each(project: &Project, query: &Query, key: Option<&str>) -> bool {
    let known = project.table_of(query).zip(key);
    known.is_some_and(|(table, key)| table.is_unique(&[table.column_name(key)]))
}

/// How Prisma's client calls a model: `prisma.userCollection` of `UserCollection`.
fn accessor(table: &str) -> String {
    let mut letters = table.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

/// What to write in place of a relation of which only the key is read: the row has that itself.
fn own_key(project: &Project, read: &RelationRead) -> Option<Fix> {
    let module = project.code.module(read.file);
    let keys = keys_of(module, read.expr).filter(|keys| !keys.is_empty())?;
    let column = key_column(project, &read.label)?;
    let written = module.dotted(keys.first()?.1)?;
    let own = format!("{}_id", module.dotted(read.expr)?);
    Some(Fix {
        summary: format!("Read the key that the row has itself: `{own}` in place of `{written}`. Nothing is loaded for it."),
        risk: if column.nullable {
            "Where there is no related row the key is None.".to_owned()
        } else {
            String::new()
        },
        code: Some(own),
        ..Fix::default()
    })
}

/// Load the relation with the rows.
fn relation(project: &Project, eval: &Evaluator<'_>, read: &RelationRead) -> Fix {
    if let Some(fix) = own_key(project, read) {
        return fix;
    }
    let source = read.source.and_then(|(at, expr)| eval.query_at(at, expr));
    let library = source.as_ref().map_or("", |query| query.library);
    let model = source.as_ref().and_then(|query| query.table()).unwrap_or("Model");
    let is_one_step = !read.path.contains('.');
    let shape = match () {
        () if read.is_column => ReadShape::Column,
        () if is_one_step && read.to_many => ReadShape::RelationToMany,
        () if is_one_step => ReadShape::RelationToOne,
        () => ReadShape::Relation,
    };
    let fix = advised(library, model, &read.path, shape);
    if read.is_column {
        return fix;
    }
    Fix {
        risk: RELATED.to_owned(),
        ..fix
    }
}

/// The code that loads several relations with the rows of one query: each by its path, and whether it leads to many. Calls that are chained
/// are one chain.
pub fn relations(library: &str, model: &str, paths: &[(&str, bool)]) -> Option<String> {
    let is_behind_many = |path: &str| {
        let mut many = paths.iter().filter(|(_, to_many)| *to_many).map(|(many, _)| *many);
        many.any(|many| path == many || path.strip_prefix(many).is_some_and(|rest| rest.starts_with('.')))
    };
    let code = |path: &str| {
        let shape = if is_behind_many(path) {
            ReadShape::RelationToMany
        } else {
            ReadShape::RelationToOne
        };
        advised(library, model, path, shape).code
    };
    let mut codes: Vec<String> = paths.iter().filter_map(|(path, _)| code(path)).collect();
    codes.dedup();
    let between = if codes.iter().all(|code| code.starts_with('.')) { "" } else { "\n" };
    (!codes.is_empty()).then(|| codes.join(between))
}

fn advised(library: &str, model: &str, path: &str, shape: ReadShape) -> Fix {
    let values = [
        ("path", path),
        ("underscored", &path.replace('.', "__")),
        ("first", path.split('.').next().unwrap_or(path)),
        ("model", model),
    ];
    advice(Advised::Read(shape), library, &values)
}

/// The column whose value differs from pass to pass, or the only one that is compared.
fn column(eval: &Evaluator<'_>, row: &PerRow<'_>, site: &QuerySite) -> Option<String> {
    let filters = || {
        let equal = site.query.statement.filters.iter();
        equal.filter(|filter| matches!(filter.kind, FilterKind::Equality | FilterKind::In))
    };
    let is_varying = |value: ExprId| varies(eval, row, site.file, value);
    let varying = compared(eval.code.module(site.file), site.expr, &is_varying);
    let is_it = |column: &str| varying.iter().any(|name| is_column(name, column));
    let only = || filters().next().filter(|_| filters().nth(1).is_none());
    let chosen = filters().find(|filter| is_it(&filter.column.column)).or_else(only);
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
fn compared(module: &Module, query: ExprId, is_varying: &dyn Fn(ExprId) -> bool) -> Vec<String> {
    let mut out = Vec::new();
    let mut open = vec![query];
    while let Some(at) = open.pop() {
        if let Some(call) = module.call(at) {
            let named = call.args.iter().filter_map(|arg| Some((module.str(arg.name?), arg.value)));
            out.extend(named.filter(|(_, value)| is_varying(*value)).map(|(name, _)| name.to_owned()));
            // `.where('subjectDid', '=', did)`, `.eq('owner_id', id)`.
            if let (Some(first), Some(last)) = (call.args.first(), call.args.last())
                && let Some(name) = module.string(first.value)
                && call.args.len() > 1
                && is_varying(last.value)
            {
                out.push(name.rsplit('.').next().unwrap_or(name).to_owned());
            }
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
