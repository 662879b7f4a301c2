//! `list-endpoint-without-pagination`: a route that returns all rows of a growing table.

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use crate::advice::texts::{Advised, DeclaredIn, in_python};
use crate::analysis::Analyses;
use crate::finding::{Confidence, Finding, Fix, Location, Role};
use crate::ir::ClassId;
use crate::judge::bounds::{self, ReadBound};
use crate::judge::cost::Cost;
use crate::judge::{evidence, priority, reach, scale};
use crate::libraries::entries::{Entry, EntryKind};
use crate::libraries::shared::pagination;
use crate::libraries::shared::value::FileId;
use crate::project::eval::Evaluator;
use crate::project::scope::Member;
use crate::project::{Project, flow};

const ID: &str = "list-endpoint-without-pagination";

/// Checks a project.
pub fn check(run: &Analyses<'_>) -> Vec<Finding> {
    let project = run.project;
    let has_default = project.code.modules().any(|(_, module)| pagination::sets_default(module));
    let entries = project
        .graph
        .entries
        .par_iter()
        .filter(|entry| !is_paged_view(project, entry, has_default));
    let mut found: Vec<Finding> = entries.filter_map(|entry| finding(project, entry)).collect();
    let files: Vec<FileId> = project.code.modules_of(pagination::LANGUAGE).map(|(file, _)| file).collect();
    let views = files.into_par_iter().map(|file| views(project, file, has_default));
    found.extend(views.collect::<Vec<_>>().into_iter().flatten());
    one_a_view(found)
}

/// The views of a file that list their `queryset` as the framework does it: no method of theirs is an entry point.
fn views(project: &Project, file: FileId, has_default: bool) -> Vec<Finding> {
    let module = project.code.module(file);
    if !module.mentions(&["queryset"]) {
        return Vec::new();
    }
    let eval = Evaluator::new(&project.code);
    let classes = module.class_ids();
    classes
        .filter_map(|(class, _)| view(project, &eval, (file, class), has_default))
        .collect()
}

fn view(project: &Project, eval: &Evaluator<'_>, (file, class): (FileId, ClassId), has_default: bool) -> Option<Finding> {
    if !pagination::is_rest_list(eval, file, class) {
        return None;
    }
    let silent = |why: &str| project.silent(ID, file, project.code.module(file).class(class).name_span, || why);
    if !pagination::lists_everything(eval, file, class, has_default) {
        silent("the view has a pagination class, its own or the project's default");
        return None;
    }
    let has_own = |name: &str| matches!(eval.member(file, class, name), Some((_, Member::Method(_))));
    if pagination::LISTING.iter().any(|name| has_own(name)) {
        silent("the view has a method of its own that says what it lists: it is looked at there");
        return None;
    }
    let (at, Member::Value(value, _)) = eval.member(file, class, "queryset")? else {
        return None;
    };
    let query = eval.query_at(at, value)?;
    if query.opaque || query.statement.grouped || bounds::judge(project, &query) != ReadBound::Open {
        silent("the queryset was not understood, gives groups, or is bounded");
        return None;
    }
    let module = project.code.module(file);
    let definition = module.class(class);
    let name = module.str(definition.name?);
    let table = query.table().unwrap_or("rows");
    let reach = reach::of_list(project, (file, class), name);
    let judgement = priority::judge(&Cost::Answer(scale::of_query(project, &query)), &reach, Confidence::High, 0);
    let place = project.place(file, definition.name_span, name);
    let mut finding = Finding::new(ID, judgement, Confidence::High, place);
    finding.title = format!("`{name}` lists every row of `{table}`");
    finding.message = format!(
        "`{name}` answers with the rows of {} and has no pagination class.",
        evidence::describe(&query)
    );
    finding.impact = format!("response size and time grow with `{table}` each time the list is asked");
    finding.subject = format!("{name} {table}");
    finding.relate(
        project.place(at, project.code.module(at).expr(value).span, name),
        Role::Query,
        evidence::describe(&query),
    );
    finding.fix = in_python(Advised::Declare(DeclaredIn::Pages), &[]);
    Some(finding)
}

/// A view that several addresses lead to is one list: the finding of the first, with the others' places.
fn one_a_view(found: Vec<Finding>) -> Vec<Finding> {
    let mut out: Vec<Finding> = Vec::new();
    let mut known: FxHashMap<Location, usize> = FxHashMap::default();
    for finding in found {
        if let Some(first) = known.get(&finding.location).and_then(|&at| out.get_mut(at)) {
            let others = finding.related.into_iter().filter(|related| related.role == Role::Endpoint);
            first.related.extend(others);
            continue;
        }
        known.insert(finding.location.clone(), out.len());
        out.push(finding);
    }
    out
}

/// `get_queryset` is no list by itself: the view's class pages it, or returns one object of it.
fn is_paged_view(project: &Project, entry: &Entry, has_default: bool) -> bool {
    let (file, function) = entry.function;
    let module = project.code.module(file);
    let definition = module.function(function);
    let (Some(class), Some(name)) = (definition.class, definition.name) else {
        return false;
    };
    match module.str(name) {
        "get_queryset" => !pagination::lists_everything(&Evaluator::new(&project.code), file, class, has_default),
        name => pagination::is_of_one_object(name),
    }
}

fn finding(project: &Project, entry: &Entry) -> Option<Finding> {
    let (file, function) = entry.function;
    let silent = |why: &str| {
        let definition = project.code.module(file).function(function);
        project.silent(ID, file, definition.name_span, || why);
    };
    let is_asked = matches!(
        entry.kind,
        EntryKind::Route | EntryKind::Action | EntryKind::Resolver | EntryKind::Page
    );
    if !entry.is_list_capable || !is_asked {
        silent("the entry point gives no list, by its kind, its method or its path");
        return None;
    }
    let eval = Evaluator::new(&project.code);
    let mut open: Option<(crate::libraries::shared::value::FileId, crate::ir::ExprId, Vec<String>)> = None;
    for (at, expr) in flow::returned_sources(&eval, file, function) {
        let Some(query) = eval.query_at(at, expr) else { continue };
        let columns = match bounds::judge(project, &query) {
            ReadBound::Open => Vec::new(),
            ReadBound::Filtered(columns) => columns,
            ReadBound::Window(columns) if columns.len() == 1 => columns,
            _ => continue,
        };
        if open.as_ref().is_none_or(|(_, _, known)| columns.len() < known.len()) {
            open = Some((at, expr, columns));
        }
    }
    let Some((at, expr, columns)) = open else {
        silent("no query that it is seen to return is without a bound");
        return None;
    };
    let query = eval.query_at(at, expr)?;
    // A row for each group is a figure, and as many as there are groups.
    if query.statement.grouped {
        silent("what it returns is a row for each group");
        return None;
    }
    let id = project.graph.id(file, function);
    let module = project.code.module(file);
    let definition = module.function(function);
    let table = query.table().unwrap_or("rows");
    let registered = project.graph.registered_in(entry);
    let span = if definition.name.is_some() && !definition.is_lambda || registered != file {
        definition.name_span
    } else {
        entry.place
    };
    let confidence = if columns.is_empty() { Confidence::High } else { Confidence::Medium };
    let cost = Cost::Answer(scale::of_query(project, &query));
    let judgement = priority::judge(&cost, &reach::of(project, id), confidence, 0);
    let mut finding = Finding::new(ID, judgement, confidence, project.place_in(id, span));
    finding.title = format!("{} returns every matching row of `{table}`", entry.label);
    finding.message = format!(
        "{} returns the rows of {} and takes no page or limit{}.",
        entry.label,
        evidence::describe(&query),
        if columns.is_empty() {
            String::new()
        } else {
            format!(
                "; only {} bounds them",
                columns.iter().map(|c| format!("`{c}`")).collect::<Vec<_>>().join(", ")
            )
        }
    );
    finding.impact = format!("response size and time grow with `{table}` on {}", entry.label);
    // Where a router is put changes no identity.
    finding.subject = format!("{} {table}", entry.own_label);
    finding.relate(
        project.place(registered, entry.place, &project.symbol(id)),
        Role::Endpoint,
        entry.label.clone(),
    );
    let holder = project.graph.id(at, project.code.module(at).owner(expr));
    finding.relate(
        project.place_in(holder, project.code.module(at).expr(expr).span),
        Role::Query,
        evidence::describe(&query),
    );
    finding.fix = Fix {
        summary: "Take a page size with a maximum and a cursor, order by a unique key, and pass both down to the query.".to_owned(),
        ..Fix::default()
    };
    Some(finding)
}
