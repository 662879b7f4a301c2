//! Queries and writes in loops, put into words: title, chain, cost, priority.

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use crate::analysis::repeats::per_row::spared::{self, Sparing};
use crate::analysis::repeats::per_row::work::is_work;
use crate::analysis::repeats::per_row::{Access, PerRow};
use crate::analysis::waits::handle;
use crate::finding::{Confidence, Finding, Related, Repeats, Role};
use crate::ir::{ClassId, ExprId, Module, Standing};
use crate::judge::bounds::{self, ReadBound};
use crate::judge::cost::{self, Cost, Unit};
use crate::judge::scale::{self, Rows, Scale};
use crate::judge::{evidence, lists};
use crate::judge::{priority, reach};
use crate::libraries::entries::Often;
use crate::libraries::shared::batches;
use crate::libraries::shared::effects::Effects;
use crate::libraries::shared::redis;
use crate::libraries::shared::row_methods::RowMethod;
use crate::libraries::shared::value::FileId;
use crate::project::Project;
use crate::project::clients::FieldUse;
use crate::project::eval::Evaluator;
use crate::project::graph::{Edge, EdgeKind, EffectStep, FnId, NETWORK_SLOT, QUERY_SLOT, WRITE_SLOT};
use crate::project::listed::SerializerUse;
use crate::project::loops::pace::PassOrder;
use crate::project::loops::{Loop, LoopForm, LoopVerdict};
use crate::source::Span;
use crate::statement::RowLimit;
use crate::vocabulary::List;

/// Statements of one loop that a finding lists beside its first.
const MAX_MERGED: usize = 8;
/// Statements of one loop that are compared with each other: beyond that their number says enough.
const MAX_COMPARED: usize = 40;

/// Steps by which it is lighter where most elements are spared the statement: of some ten such places that were read one would be mended.
const SPARED: usize = 2;

/// What the loop runs over, as far as it is known.
struct Source {
    /// In words: `the rows of SELECT on users`.
    words: String,
    /// The query behind the rows.
    related: Option<Related>,
    /// Nothing bounds it.
    unbounded: bool,
    /// A literal limit bounds it.
    limit: Option<u64>,
    /// How many there are.
    rows: Rows,
}

fn source(project: &Project, eval: &Evaluator<'_>, file: FileId, around: &Loop) -> Option<Source> {
    let (at, expr, query) = scale::source(eval, file, around)?;
    let span = project.code.module(at).expr(expr).span;
    let words = format!("the rows of {}", evidence::describe(&query));
    let location = project.place(at, span, "");
    let related = Related {
        location,
        message: format!("the loop's rows: {}", evidence::describe(&query)),
        role: Role::Evidence,
    };
    let limit = match query.statement.limit {
        RowLimit::Rows(rows) => Some(rows),
        _ => None,
    };
    Some(Source {
        words,
        related: Some(related),
        unbounded: bounds::judge(project, &query) == ReadBound::Open,
        limit,
        rows: scale::of_query(project, &query),
    })
}

/// Makes the findings of one kind, one for each loop.
pub fn findings(project: &Project, rows: &[PerRow<'_>], rule: &str, access: Access) -> Vec<Finding> {
    let services = Services::of(project, rows);
    let file_of = |row: &PerRow<'_>| project.graph.function(row.function).file;
    // What is found of one loop's rows is known for the next one: lists are made of lists.
    let in_file = |rows: &[PerRow<'_>]| {
        let eval = Evaluator::new(&project.code);
        let wanted = rows.iter().filter(|row| row.access == access);
        let made = wanted.filter_map(|row| {
            let finding = finding(project, &eval, rule, (row, &services))?;
            Some((file_of(row), row.around.span, row.expr, finding))
        });
        made.collect::<Vec<_>>()
    };
    let files = rows.par_chunk_by(|one, next| file_of(one) == file_of(next));
    let mut made: Vec<(FileId, Span, ExprId, Finding)> = files.flat_map_iter(in_file).collect();
    made.sort_by(|(file, span, _, finding), (other_file, other_span, _, other)| {
        let key = |file: &FileId, span: &Span, finding: &Finding| (*file, span.start, span.end, finding.priority, finding.confidence);
        key(file, span, finding)
            .cmp(&key(other_file, other_span, other))
            .then_with(|| finding.location.cmp(&other.location))
    });
    let walked = walked(project, rows);
    let mut out: Vec<(Option<Cause>, Finding)> = Vec::new();
    let mut made = made.into_iter().peekable();
    while let Some((file, span, expr, mut first)) = made.next() {
        let mut more = Vec::new();
        let mut places = vec![expr];
        while let Some((_, _, expr, other)) = made.next_if(|(other, at, ..)| (*other, *at) == (file, span)) {
            places.push(expr);
            more.push(other);
        }
        merge(&mut first, more, in_one_pass(project.code.module(file), &places));
        out.push((walked.get(&(file, span)).cloned(), first));
    }
    one_a_cause(out)
}

/// What several findings have in common that lack one thing.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Cause {
    /// Loops of one function over the same rows, as it writes them: what the rows are loaded with.
    Walk(FnId, String),
    /// Methods of one serializer: what its list is loaded with.
    Serializer(FileId, ClassId),
}

impl Cause {
    fn words(&self) -> &'static str {
        match self {
            Cause::Walk(..) => " Another loop over the same rows does so too.",
            Cause::Serializer(..) => " Another method of the serializer does so too.",
        }
    }
}

/// The serializer whose method a framework calls for each object.
fn serializer(project: &Project, row: &PerRow<'_>) -> Option<Cause> {
    let node = project.graph.function(row.function);
    let is_method = matches!(&row.around.kind, LoopForm::Callback(words) if words == RowMethod::Serializer.words());
    let class = project.code.module(node.file).function(node.id).class.filter(|_| is_method)?;
    Some(Cause::Serializer(node.file, class))
}

/// What the loops walk that read relations of its rows, by the loop's place; only where it is written out: `location.visits.all()`.
fn walked(project: &Project, rows: &[PerRow<'_>]) -> FxHashMap<(FileId, Span), Cause> {
    let reads_relation = |row: &&PerRow<'_>| {
        row.relation.as_ref().is_some_and(|read| !read.is_column) || row.site.is_some_and(|site| site.query.relation.is_some())
    };
    let methods = rows.iter().filter_map(|row| {
        let file = project.graph.function(row.function).file;
        Some(((file, row.around.span), serializer(project, row)?))
    });
    let written = rows.iter().filter(reads_relation).filter_map(|row| {
        let file = project.graph.function(row.function).file;
        let module = project.code.module(file);
        let iterable = module.unawaited(row.around.iterable?);
        let text = module.dotted(module.call(iterable).map_or(iterable, |call| call.callee))?;
        Some(((file, row.around.span), Cause::Walk(row.function, text)))
    });
    methods.chain(written).collect()
}

/// Findings of one cause are one, the worst one.
fn one_a_cause(made: Vec<(Option<Cause>, Finding)>) -> Vec<Finding> {
    let mut out: Vec<Finding> = Vec::new();
    let mut known: FxHashMap<Cause, (usize, usize)> = FxHashMap::default();
    for (cause, mut finding) in made {
        let Some(cause) = cause else {
            out.push(finding);
            continue;
        };
        let words = cause.words();
        let (at, others) = known.entry(cause).or_insert((out.len(), 0));
        let Some(first) = out.get_mut(*at) else {
            out.push(finding);
            continue;
        };
        *others += 1;
        if finding.priority < first.priority {
            std::mem::swap(first, &mut finding);
        }
        if *others == 1 {
            first.message.push_str(words);
        }
        if *others <= MAX_MERGED {
            first.relate(finding.location, Role::Query, finding.title);
            // The first is its own; those after it may be of other places in its loop.
            let query = finding.related.into_iter().find(|related| related.role == Role::Query);
            first.related.extend(query);
        }
    }
    out
}

/// How many of several places one pass of a loop can meet: of branches that exclude each other it takes one.
fn in_one_pass(module: &Module, places: &[ExprId]) -> usize {
    let excludes = |one: ExprId, other: ExprId| {
        module.owner(one) == module.owner(other)
            && (module.standing(one, other) == Standing::OtherBranch || module.standing(other, one) == Standing::OtherBranch)
    };
    // One call can lead to several.
    let from = |&first: &ExprId| {
        let mut met: Vec<ExprId> = places.iter().copied().filter(|&place| place == first).collect();
        for &place in places.iter().filter(|&&place| place != first).take(MAX_COMPARED) {
            if met.iter().all(|&other| !excludes(place, other)) {
                met.push(place);
            }
        }
        met.len()
    };
    places.iter().take(MAX_COMPARED).map(from).max().unwrap_or(1)
}

/// The other statements of a loop go into the finding of its worst one; a pass meets so many of them at most.
fn merge(first: &mut Finding, more: Vec<Finding>, at_most: usize) {
    if more.is_empty() {
        return;
    }
    let count = more.len() + 1;
    first.message.push_str(&format!(" {count} places in this loop go to the database"));
    first.message.push_str(&match at_most {
        _ if at_most >= count => ".".to_owned(),
        1 => ", one of them in each pass.".to_owned(),
        _ => format!(", at most {at_most} of them in one pass."),
    });
    if at_most > 1 {
        first.impact = first.impact.replacen("1 + n ", &format!("1 + {at_most}·n "), 1);
    }
    for other in more.into_iter().take(MAX_MERGED) {
        first.relate(other.location, Role::Query, other.title);
        // The query itself, where it stands behind a call.
        let query = other.related.into_iter().find(|related| related.role == Role::Query);
        if let Some(query) = query.filter(|query| first.related.iter().all(|known| known.location != query.location)) {
            first.related.push(query);
        }
    }
}

fn finding(project: &Project, eval: &Evaluator<'_>, rule: &str, (row, services): (&PerRow<'_>, &Services)) -> Option<Finding> {
    let node = project.graph.function(row.function);
    let module = project.code.module(node.file);
    let from = source(project, eval, node.file, &row.around);
    if from.as_ref().and_then(|source| source.limit).is_some_and(|rows| rows <= 3) {
        project.silent(
            rule,
            node.file,
            module.expr(row.expr).span,
            || "the query of the loop's rows is limited to three or fewer",
        );
        return None;
    }
    let reach = reach::at(project, row.function, row.expr);
    let sparing = spared::sparing(project, row);
    let confidence = match sparing {
        Some(_) => confidence(row, from.as_ref()).max(Confidence::Medium),
        None => confidence(row, from.as_ref()),
    };
    let over = over(module, row, from.as_ref());
    let cost = cost(project, eval, row, (from.as_ref(), &over));
    let judgement = priority::judge(
        &cost,
        &reach,
        confidence,
        lighter(project, (row, services), &cost, reach.often) + if sparing.is_some() { SPARED } else { 0 },
    );
    let label = reach.label;
    let location = project.place_in(row.function, module.expr(row.expr).span);
    let mut finding = Finding::new(rule, judgement, confidence, location);
    let callee = row.target.map(|target| project.short_name(target));
    let thing = evidence::capitalised(&thing(row, callee.as_deref()));
    finding.title = match row.access {
        Access::Read => format!("{thing} once for each {over}"),
        Access::Write => format!(
            "{thing} once for each {over}{}",
            match row.pace(project) {
                PassOrder::InTurn => ", one round trip at a time",
                PassOrder::Together => "",
                PassOrder::Left => ", all started at once and waited for by nobody",
            }
        ),
    };
    finding.message = message(project, row, &thing, &over, from.as_ref(), label.as_deref());
    finding.message.push_str(sparing.map_or("", spared_words));
    finding.impact = impact(row, label.as_deref());
    finding.subject = subject(module, row, callee.as_deref());
    finding.related = evidence::path_to_place(project, row.function, row.expr);
    finding.relate(
        project.place_in(row.function, row.around.header),
        Role::Loop,
        format!("loop over {over}"),
    );
    finding.related.extend(from.and_then(|source| source.related));
    if let Some(read) = &row.relation {
        if row.target.is_some() {
            finding.relate(
                project.place_in(row.function, module.expr(row.expr).span),
                Role::Call,
                format!("calls {}", callee.unwrap_or_default()),
            );
        }
        let holder = project.graph.id(read.file, project.code.module(read.file).owner(read.expr));
        let span = project.code.module(read.file).expr(read.expr).span;
        finding.relate(
            project.place_in(holder, span),
            Role::Query,
            format!("reads `{}`, which is loaded on first use", read.label),
        );
    } else if let Some(target) = row.target {
        let span = module.expr(row.expr).span;
        finding.relate(
            project.place_in(row.function, span),
            Role::Call,
            format!("calls {}", callee.unwrap_or_default()),
        );
        let slot = match (&row.remote, row.access) {
            (Some(_), _) => NETWORK_SLOT,
            (None, Access::Read) => QUERY_SLOT,
            (None, Access::Write) => WRITE_SLOT,
        };
        finding
            .related
            .extend(evidence::chain_down(project, (row.function, row.expr), target, slot));
    } else if let Some(site) = row.site {
        finding.relate(
            project.place_in(row.function, site.span),
            Role::Query,
            evidence::describe(&site.query),
        );
    }
    finding.fix = crate::advice::per_row::fix(project, eval, row);
    finding.remedy = crate::advice::per_row::remedy(project, eval, row);
    finding.repeats = Some(match (&row.relation, row.target) {
        (Some(_), _) => Repeats::Relation,
        (None, Some(_)) => Repeats::Call,
        (None, None) => Repeats::Statement,
    });
    Some(finding)
}

fn confidence(row: &PerRow<'_>, source: Option<&Source>) -> Confidence {
    if row.guessed || row.remote.is_some() && !is_batchable(row) {
        return Confidence::Low;
    }
    // How many distinct ones there are is not seen.
    if row.once_a_parent {
        return Confidence::Medium;
    }
    if row.chunked || row.searches || row.around.verdict == LoopVerdict::CacheGuarded || row.site.is_some_and(|site| site.query.opaque) {
        return Confidence::Medium;
    }
    match (source, &row.around.kind) {
        (Some(_), _) => Confidence::High,
        (None, LoopForm::While) => Confidence::Medium,
        (None, _) => Confidence::High,
    }
}

/// What one pass of the loop as a whole costs.
fn cost(project: &Project, eval: &Evaluator<'_>, row: &PerRow<'_>, (source, over): (Option<&Source>, &str)) -> Cost {
    if row.remote.is_some() && !is_batchable(row) {
        return Cost::Upkeep;
    }
    // A cache answers as soon as a database does.
    let what = if row.remote.as_deref().is_some_and(|name| !redis::is_python_client(name)) {
        Unit::Request
    } else {
        match cost::statement(project) {
            Unit::Statement if row.access == Access::Write => Unit::Write,
            unit => unit,
        }
    };
    let of_objects = matches!((&row.around.kind, row.around.iterable), (LoopForm::Callback(_), None));
    let rows = match source {
        Some(source) => source.rows.clone(),
        // A framework calls it for each row of whatever list it renders.
        None if of_objects => objects(project, row),
        None => {
            let file = project.graph.function(row.function).file;
            let known = lists::elements(eval, file, row.around.iterable, row.given);
            let levels = || {
                List::Levels
                    .has(over.trim_matches('`'))
                    .then(|| Rows::new(Scale::Few, format!("the steps of {over}")))
            };
            known
                .or_else(levels)
                .unwrap_or_else(|| Rows::new(Scale::Given, format!("{} (how many is not known)", elements(over))))
        }
    };
    Cost::Each { times: 1, what, rows }
}

/// The objects for which a framework calls a method: for a field of a GraphQL type those of which the clients here ask it.
fn objects(project: &Project, row: &PerRow<'_>) -> Rows {
    let node = project.graph.function(row.function);
    match project.clients.field((node.file, node.id)) {
        Some(FieldUse::UnderList(by)) => Rows::new(Scale::Page, format!("the objects of a list that {by}")),
        Some(FieldUse::OfOne(by)) => Rows::new(Scale::One, format!("the single objects that {by}")),
        Some(FieldUse::Nowhere) => Rows::new(Scale::Few, "the objects of which no client here asks it"),
        None => serialized(project, row),
    }
}

/// The objects that a serializer is given at once, by who uses it.
fn serialized(project: &Project, row: &PerRow<'_>) -> Rows {
    let node = project.graph.function(row.function);
    let class = project.code.module(node.file).function(node.id).class;
    let Some(place) = class.map(|class| (node.file, class)) else {
        return Rows::new(Scale::Page, "the objects of a list");
    };
    match project.listed.usage(place) {
        Some(SerializerUse::List(by)) => Rows::new(Scale::Page, format!("the objects that {by} lists")),
        Some(SerializerUse::One) => Rows::new(Scale::One, "the one object of an answer"),
        None if project.listed.knows(place) => Rows::new(Scale::Few, "the objects of an answer, of which no list is known"),
        None => Rows::new(Scale::Page, "the objects of a list"),
    }
}

/// `order` of `orders` as a thing that there are several of.
fn elements(over: &str) -> String {
    match over.split_once(" of ") {
        Some((_, all)) => format!("the elements of {all}"),
        None => format!("the passes over {over}"),
    }
}

/// Steps by which a loop is lighter than its rows say.
fn lighter(project: &Project, (row, services): (&PerRow<'_>, &Services), cost: &Cost, often: Option<Often>) -> usize {
    let is_rarer = row.chunked || row.around.verdict == LoopVerdict::CacheGuarded;
    // Who saves or removes many at once expects to wait, and what saving one does besides is mostly meant; of the rows of one parent, or
    // of what somebody has chosen, there are few.
    let is_meant = row.access == Access::Write && often.is_none_or(|often| often > Often::Always);
    let grows = matches!(cost, Cost::Each { rows, .. } if matches!(rows.scale, Scale::Many | Scale::Stream));
    let meant = match is_meant {
        false => 0,
        true if grows => 1,
        true => 2,
    };
    let is_beside = services.dwarf(row) || is_work(project, row);
    usize::from(is_rarer) + meant + usize::from(is_beside) + if row.searches { 2 } else { 0 }
}

/// Where functions ask other services, by the start of the call.
#[derive(Default)]
struct Services(FxHashMap<FnId, Vec<Span>>);

impl Services {
    /// Of the functions that hold loops.
    fn of(project: &Project, rows: &[PerRow<'_>]) -> Services {
        let mut found: FxHashMap<FnId, Vec<Span>> = FxHashMap::default();
        for row in rows {
            found.entry(row.function).or_insert_with(|| services_of(project, row.function));
        }
        Services(found)
    }

    /// Whether each pass of a loop waits for another service as well: beside that the statement is nothing.
    fn dwarf(&self, row: &PerRow<'_>) -> bool {
        let calls = self.0.get(&row.function).map_or(&[][..], Vec::as_slice);
        let first = calls.partition_point(|span| span.start < row.around.span.start);
        let mut inside = calls[first..].iter().take_while(|span| span.start < row.around.span.end);
        row.remote.is_none() && inside.any(|&span| row.around.span.encloses(span))
    }
}

fn services_of(project: &Project, function: FnId) -> Vec<Span> {
    let node = project.graph.function(function);
    let module = project.code.module(node.file);
    let asks = |edge: &&Edge| {
        edge.kind != EdgeKind::Later
            && !edge.guessed
            && (is_service(edge.effects) || edge.targets.iter().any(|&target| asks_service(project, target)))
    };
    let mut spans: Vec<Span> = node.edges.iter().filter(asks).map(|edge| module.expr(edge.expr).span).collect();
    spans.sort_unstable();
    spans
}

/// A call to another machine that is no database: to connect to one is a part of the statement.
fn is_service(effects: Effects) -> bool {
    effects.has(Effects::NETWORK) && !effects.any(Effects::QUERY.and(Effects::WRITE))
}

fn asks_service(project: &Project, function: FnId) -> bool {
    let Some(&(at, EffectStep::Direct(edge))) = project.graph.chain(function, NETWORK_SLOT).last() else {
        return false;
    };
    let edges = &project.graph.function(at).edges;
    edges.get(edge).is_some_and(|edge| is_service(edge.effects))
}

/// Requests that have a form for many at once: caches and embeddings.
fn is_batchable(row: &PerRow<'_>) -> bool {
    row.remote.as_deref().is_some_and(batches::has_batch_form)
}

fn thing(row: &PerRow<'_>, callee: Option<&str>) -> String {
    if let Some(read) = &row.relation {
        if read.is_column {
            return match callee {
                Some(callee) => format!("`{callee}` loads the column `{}`, which the rows' query leaves out,", read.label),
                None => format!("the column `{}`, which the rows' query leaves out, is loaded", read.label),
            };
        }
        return match callee {
            Some(callee) => format!("`{callee}` loads the relation `{}`", read.label),
            None => format!("the relation `{}` is loaded", read.label),
        };
    }
    if let Some(name) = &row.remote {
        let name = evidence::readable(name);
        return match callee {
            Some(callee) => format!("`{callee}`, which asks another machine with `{name}`, is called"),
            None => format!("`{name}` asks another machine"),
        };
    }
    match (row.site, callee, row.access) {
        (Some(site), _, _) => format!("{} runs", evidence::describe(&site.query)),
        (None, Some(callee), Access::Read) => format!("`{callee}`, which queries the database, is called"),
        (None, Some(callee), Access::Write) => format!("`{callee}`, which writes to the database, is called"),
        (None, None, _) => "a query runs".to_owned(),
    }
}

/// The loop's element in words: `order of orders`.
fn over(module: &Module, row: &PerRow<'_>, source: Option<&Source>) -> String {
    if let (LoopForm::Callback(words), None) = (&row.around.kind, row.around.iterable)
        && words.starts_with("the ")
    {
        return format!("object that {words} is asked for");
    }
    let names: Vec<&str> = row
        .around
        .target_names
        .iter()
        .map(|&name| module.str(name))
        .filter(|name| !name.starts_with('_'))
        .collect();
    let iterable = row.around.iterable.and_then(|iterable| module.dotted(module.unawaited(iterable)));
    match (names.first(), iterable, source) {
        (Some(name), Some(iterable), _) => format!("`{name}` of `{iterable}`"),
        (Some(name), None, Some(source)) => format!("`{name}` of {}", source.words),
        (Some(name), None, None) => format!("`{name}`"),
        (None, Some(iterable), _) => format!("element of `{iterable}`"),
        (None, None, _) => "pass of the loop".to_owned(),
    }
}

fn message(project: &Project, row: &PerRow<'_>, thing: &str, over: &str, source: Option<&Source>, label: Option<&str>) -> String {
    let mut text = format!("{} once for each {over}", evidence::capitalised(thing));
    if row.outer > 0 {
        text.push_str(", inside a further loop");
    }
    text.push('.');
    text.push_str(match row.pace(project) {
        PassOrder::InTurn => "",
        PassOrder::Together if row.around.parallel => together(project, row),
        PassOrder::Together => "",
        PassOrder::Left => LEFT,
    });
    if row.around.verdict == LoopVerdict::CacheGuarded {
        text.push_str(" A look-up guards it, so it runs once for each distinct key.");
    }
    if row.once_a_parent {
        text.push_str(" The session keeps what it has loaded, so it is one statement for each distinct one, not for each row.");
    }
    if row.searches {
        text.push_str(" The loop ends at the first result that fits.");
    }
    if let Some(source) = source {
        text.push_str(&format!(" The loop runs over {}", source.words));
        text.push_str(if source.unbounded { ", which has no limit." } else { "." });
    }
    if let Some(label) = label {
        text.push_str(&format!(" Reached from {label}."));
    }
    if row.guessed {
        text.push_str(" The callee was found by its name alone.");
    }
    text
}

fn spared_words(sparing: Sparing) -> &'static str {
    match sparing {
        Sparing::Sometimes => " Each way to it stands under a condition, so it runs for some of them.",
        Sparing::Cached => " A cache is asked before, so it runs for what that has not got.",
        Sparing::Brought => " It runs only for those that do not bring the answer with them.",
    }
}

/// What it means that nobody waits.
const LEFT: &str = " Nobody waits for the calls: all are started at once, whoever comes after goes on before they are done, and an error of \
                    one of them is seen by nobody.";

/// What it means that the calls are started together.
fn together(project: &Project, row: &PerRow<'_>) -> &'static str {
    if row.site.is_some_and(|site| site.query.blocking) {
        " The calls are started together, but the driver is synchronous: each stops the event loop, and they run one after the other."
    } else if row.handle.as_deref() == Some("t") || handle::in_transaction(project, row.function, row.expr) {
        " The calls are started together, but one transaction's connection runs them one by one."
    } else {
        " The calls run at the same time, which shortens the wait but takes a pool connection each."
    }
}

fn impact(row: &PerRow<'_>, label: Option<&str>) -> String {
    let word = if row.access == Access::Read { "queries" } else { "statements" };
    let formula = match row.outer {
        0 => format!("1 + n {word}"),
        1 => format!("1 + n + n·m {word}"),
        _ => format!("1 + n·m·k {word}"),
    };
    let formula = if row.remote.is_some() {
        formula.replace("queries", "requests")
    } else {
        formula
    };
    format!("{formula}{}", evidence::reach_words(label))
}

fn subject(module: &Module, row: &PerRow<'_>, callee: Option<&str>) -> String {
    let over = row
        .around
        .iterable
        .and_then(|iterable| module.dotted(module.unawaited(iterable)))
        .unwrap_or_default();
    match (row.site, callee) {
        (Some(site), _) => format!("{} in {over}", evidence::essence(&site.query)),
        (None, callee) => format!("{} in {over}", callee.unwrap_or_default()),
    }
}
