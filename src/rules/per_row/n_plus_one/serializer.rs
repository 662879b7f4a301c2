//! Serializers over lists: relations that a view's serializer reads of each object and its queryset did not load.

use rayon::prelude::*;
use rustc_hash::FxHashSet;

use crate::budget;
use crate::finding::{Confidence, Finding, Fix, Judgement, Repeats, Role};
use crate::ir::{Call, ClassId, ExprId, ExprKind, FunctionId, Module, Parent, StmtKind};
use crate::judge::bounds::{self, ReadBound};
use crate::judge::cost::{Cost, Unit};
use crate::judge::scale::{self, Scale};
use crate::judge::{evidence, priority, reach};
use crate::libraries::shared::api_names;
use crate::libraries::shared::pagination;
use crate::libraries::shared::query::{Query, Resolver};
use crate::libraries::shared::value::{FileId, RowModel, Value};
use crate::project::eval::Evaluator;
use crate::project::scope::Member;
use crate::project::serializers::{self, Need};
use crate::project::{Project, rows};
use crate::source::Span;
use crate::statement::RowLimit;

const RULE: &str = "n-plus-one";
/// A limit up to which nothing is said, and one up to which it matters less.
pub const FEW: u64 = 3;

/// The findings of all views and of `Serializer(rows, many=True)`.
pub fn findings(project: &Project) -> Vec<Finding> {
    let has_default = project.code.modules().any(|(_, module)| pagination::sets_default(module));
    let files: Vec<(FileId, &Module)> = project.code.modules_of(pagination::LANGUAGE).collect();
    let found = files.into_par_iter().map(|(file, module)| {
        let eval = Evaluator::new(&project.code);
        let classes = module.class_ids();
        let views = classes.filter_map(|(class, _)| view(project, &eval, file, class, has_default));
        let mut out: Vec<Finding> = views.collect();
        out.extend(module.call_ids().filter_map(|id| call(project, &eval, file, id)));
        out
    });
    one_a_place(found.collect::<Vec<_>>().into_iter().flatten().collect())
}

/// Views that list what one base class's method gives, and lack the same relations there, are one finding: the first one's.
fn one_a_place(found: Vec<Finding>) -> Vec<Finding> {
    let mut seen: FxHashSet<(crate::finding::Location, String)> = FxHashSet::default();
    let key = |finding: &Finding| {
        let mut place = finding.location.clone();
        place.symbol = String::new();
        (place, finding.subject.clone())
    };
    found.into_iter().filter(|finding| seen.insert(key(finding))).collect()
}

/// A view that lists its queryset through its serializer.
fn view(project: &Project, eval: &Evaluator<'_>, file: FileId, class: ClassId, has_default: bool) -> Option<Finding> {
    let module = project.code.module(file);
    if !pagination::lists(eval, file, class) {
        return None;
    }
    let silent = |why: &str| project.silent(RULE, file, module.class(class).name_span, || why);
    if answers_itself(eval, file, class) {
        silent("the view answers its list itself, without the framework's serializer");
        return None;
    }
    // What a base class's methods do, they do for this one.
    let eval = &*eval.of_class(file, class);
    let Some((serializer, is_chosen)) = serializer_of(eval, file, class) else {
        silent("the serializer of its list is not known");
        return None;
    };
    let Some(rows) = rows_of(eval, file, class) else {
        silent("the queryset of its list is not known");
        return None;
    };
    let model = serializers::model_of(project, eval, serializer.0, serializer.1);
    if model.is_none_or(|model| !is_model(project, &rows.query, model)) {
        silent("the serializer is not known to be of the queryset's model");
        return None;
    }
    let lazy = unloaded(project, eval, serializer, &rows.eager);
    if lazy.is_empty() {
        silent("the queryset loads all that the serializer is seen to read");
        return None;
    }
    let name = module.str(module.class(class).name?);
    let is_open = pagination::lists_everything(eval, file, class, has_default) && bounds::judge(project, &rows.query) == ReadBound::Open;
    let confidence = if is_chosen { Confidence::Medium } else { Confidence::High };
    let all = scale::of_query(project, &rows.query);
    let listed = match all.scale {
        _ if is_open => all,
        Scale::Few | Scale::One => all,
        _ => scale::Rows::new(Scale::Page, format!("a page of {}", all.why)),
    };
    let cost = Cost::Each {
        times: lazy.len(),
        what: Unit::Statement,
        rows: listed,
    };
    // Which fields a client asks for is not seen: the few that a list shows, as a rule.
    let less = if serializers::chooses_fields(eval, serializer.0, serializer.1) {
        2
    } else {
        0
    };
    let judgement = priority::judge(&cost, &reach::of_list(project, (file, class), name), confidence, less);
    let at = FindingPlace {
        file: rows.place.0,
        span: rows.place.1,
        symbol: format!("{name}.{}", rows.member),
    };
    let bound = if is_open { ", which has no page and no limit" } else { "" };
    let mut finding = finding(project, &at, (judgement, confidence), &lazy, "The serializer")?;
    finding.message = format!(
        "`{name}` lists its objects through a serializer, and the queryset does not load what that reads: each object of the list{bound} asks again."
    );
    finding.impact = format!(
        "1 + {} queries for a list of n objects of `{name}`",
        if lazy.len() == 1 {
            "n".to_owned()
        } else {
            format!("{}·n", lazy.len())
        }
    );
    Some(finding)
}

/// Whether a view's own method answers for its list, without the framework's: what the class says of serializers is for others.
fn answers_itself(eval: &Evaluator<'_>, file: FileId, class: ClassId) -> bool {
    ["list", "get"].iter().any(|name| {
        let Some((at, Member::Method(function))) = eval.member(file, class, name) else {
            return false;
        };
        let module = eval.module(at);
        let goes_on = |id: ExprId| {
            let Some(call) = module.call(id) else { return false };
            let receiver = call.receiver();
            let on_super = receiver
                .and_then(|receiver| module.call(receiver))
                .is_some_and(|inner| module.name(inner.callee) == Some("super"));
            let on_self = receiver.and_then(|receiver| module.name(receiver)) == Some("self");
            match call.method() {
                Some("list" | "get") => on_super || on_self,
                Some(method) if api_names::gives_serializer(method) => on_self,
                _ => false,
            }
        };
        !module.call_ids_in(function).any(goes_on)
    })
}

/// The serializer that a call makes: `OrderSerializer(…)`, or `self.serializer_class(…)`, which an action's decorator may set.
fn made_by(eval: &Evaluator<'_>, file: FileId, call: &Call<'_>) -> Option<(FileId, ClassId)> {
    let module = call.module;
    let is_own = call.receiver().and_then(|receiver| module.name(receiver)) == Some("self")
        && matches!(call.method(), Some("serializer_class" | "get_serializer"));
    let decorators = &module.function(module.owner(call.id)).decorators;
    let set = decorators.iter().filter(|_| is_own).find_map(|&decorator| {
        let set = module.call(decorator)?.keyword("serializer_class")?;
        Some(eval.value(file, set))
    });
    match set.unwrap_or_else(|| eval.value(file, call.callee)) {
        Value::Class(at, class) => Some((at, class)),
        _ => None,
    }
}

/// `OrderSerializer(orders, many=True)`.
fn call(project: &Project, eval: &Evaluator<'_>, file: FileId, expr: ExprId) -> Option<Finding> {
    let module = project.code.module(file);
    let call = module.call(expr)?;
    if !matches!(module.kind(call.keyword("many")?), ExprKind::Bool(true)) {
        return None;
    }
    // A nested field of another serializer; one that is given data stores it, and shows nothing by that.
    let function = module.owner(expr);
    if in_class_body(module, expr) || call.keyword("data").is_some() {
        return None;
    }
    let (at, class) = made_by(eval, file, &call)?;
    let rows = call.arg(0).or_else(|| call.keyword("instance"))?;
    if !serializers::is_serializer(eval, at, class) {
        return None;
    }
    let (from, query) = query_of(eval, file, rows)?;
    let model = serializers::model_of(project, eval, at, class)?;
    if !is_model(project, &query, model) {
        return None;
    }
    let limit = match query.statement.limit {
        RowLimit::Rows(rows) => rows,
        _ => u64::MAX,
    };
    if limit <= FEW {
        return None;
    }
    let lazy = unloaded(project, eval, (at, class), &query.eager);
    let id = project.graph.id(file, function);
    let reach = reach::of(project, id);
    let cost = Cost::Each {
        times: lazy.len(),
        what: Unit::Statement,
        rows: scale::of_query(project, &query),
    };
    let less = if serializers::chooses_fields(eval, at, class) { 2 } else { 0 };
    let judgement = priority::judge(&cost, &reach, Confidence::High, less);
    let label = reach.label;
    let place = FindingPlace {
        file,
        span: module.expr(expr).span,
        symbol: project.symbol(id),
    };
    let mut finding = finding(project, &place, (judgement, Confidence::High), &lazy, "The serializer")?;
    let path = evidence::path_from_entry(project, id);
    finding.related.splice(0..0, path);
    let span = project.code.module(from.0).expr(from.1).span;
    let holder = project.graph.id(from.0, project.code.module(from.0).owner(from.1));
    finding.relate(
        project.place_in(holder, span),
        Role::Evidence,
        format!("the rows: {}", evidence::describe(&query)),
    );
    finding.message =
        "The serializer is given rows of a query that does not load the relations it reads: each object of the list asks again.".to_owned();
    if let Some(label) = &label {
        finding.message.push_str(&format!(" Reached from {label}."));
    }
    let count = if lazy.len() == 1 {
        "n".to_owned()
    } else {
        format!("{}·n", lazy.len())
    };
    finding.impact = format!("1 + {count} queries{}", evidence::reach_words(label.as_deref()));
    Some(finding)
}

fn in_class_body(module: &Module, expr: ExprId) -> bool {
    let mut at = module.expr(expr).parent;
    for _ in 0..budget::Limit::Holders.count() {
        at = match at {
            Parent::Expr(id) => module.expr(id).parent,
            Parent::Stmt(id) => module.stmt(id).parent,
            Parent::Class(_) => return true,
            Parent::Function(_) | Parent::None => return false,
        };
    }
    false
}

/// The query whose rows an expression holds.
pub fn query_of(eval: &Evaluator<'_>, file: FileId, rows: ExprId) -> Option<((FileId, ExprId), std::sync::Arc<Query>)> {
    let place = match eval.value(file, rows) {
        Value::Query(at, expr) => (at, expr),
        Value::Many(element) => match *element {
            Value::Row(_, Some(place)) => place,
            _ => return None,
        },
        _ => return None,
    };
    // The last step of the chain knows all that was loaded along.
    let query = eval.query_at(file, rows).or_else(|| eval.query_at(place.0, place.1))?;
    (!query.opaque).then_some((place, query))
}

fn is_model(project: &Project, query: &Query, model: &crate::project::schema::SchemaModel) -> bool {
    match &query.model {
        Some(known @ RowModel::Class(..)) => rows::schema_model(project, known).is_some_and(|known| known.name == model.name),
        _ => false,
    }
}

/// The serializer of a view; true when a method chooses among several.
fn serializer_of(eval: &Evaluator<'_>, file: FileId, class: ClassId) -> Option<((FileId, ClassId), bool)> {
    let attribute = || match eval.member(file, class, "serializer_class")? {
        (at, Member::Value(value, _)) => match eval.value(at, value) {
            Value::Class(at, serializer) => Some((at, serializer)),
            _ => None,
        },
        _ => None,
    };
    let Some((at, Member::Method(function))) = eval.member(file, class, "get_serializer_class") else {
        return Some((attribute()?, false));
    };
    // What is returned when no condition holds serves the plain list.
    let module = eval.module(at);
    let last = module.function(function).body.last().copied();
    let returned = last.and_then(|last| match module.stmt(last).kind {
        StmtKind::Return(Some(value)) => Some(value),
        _ => None,
    });
    let for_lists = || pagination::shown_by_list(module, &module.function(function).body).and_then(|value| chosen(eval, at, value));
    let from_table = || {
        let values = eval.returned(at, function);
        values.iter().find_map(|&value| from_table(eval, at, value))
    };
    let named = for_lists().or_else(from_table).or_else(|| chosen(eval, at, returned?));
    Some((named.or_else(attribute)?, true))
}

fn chosen(eval: &Evaluator<'_>, at: FileId, value: ExprId) -> Option<(FileId, ClassId)> {
    match eval.value(at, value) {
        Value::Class(at, serializer) => Some((at, serializer)),
        _ => None,
    }
}

/// `self.serializers.get(self.action, OrderRow)`, `self.serializers[self.action]`: the entry for lists, or what is given beside it.
fn from_table(eval: &Evaluator<'_>, at: FileId, value: ExprId) -> Option<(FileId, ClassId)> {
    let module = eval.module(at);
    let (table, other) = match module.kind(value) {
        ExprKind::Index { base, .. } => (*base, None),
        ExprKind::Call { .. } => {
            let call = module.call(value).filter(|call| call.method() == Some("get"))?;
            (call.receiver()?, call.arg(1))
        }
        _ => return None,
    };
    let Value::Literal(held_at, object) = eval.value(at, table) else {
        return None;
    };
    match eval.module(held_at).entry(object, pagination::LIST) {
        Some(entry) => chosen(eval, held_at, entry),
        None => chosen(eval, at, other?),
    }
}

/// The rows a view lists.
struct Rows {
    query: std::sync::Arc<Query>,
    eager: Vec<String>,
    place: (FileId, Span),
    member: &'static str,
}

/// The queryset of a view: the attribute and all that `get_queryset` does with it. `None` where it is not understood.
fn rows_of(eval: &Evaluator<'_>, file: FileId, class: ClassId) -> Option<Rows> {
    let mut eager = Vec::new();
    for (at, class) in eval.lineage(file, class) {
        let module = eval.module(at);
        for &stmt in &module.class(class).body {
            let StmtKind::Function(function) = module.stmt(stmt).kind else {
                continue;
            };
            eager.extend(loaded_in(module, function)?);
        }
    }
    if let Some((at, Member::Method(function))) = eval.member(file, class, "get_queryset") {
        let module = eval.module(at);
        // A branch that is not understood says nothing of the others.
        let own: Vec<_> = module
            .returned(function)
            .into_iter()
            .filter_map(|value| Some((value, eval.query_at(at, value)?)))
            .collect();
        // A base class's method over the attribute of this one.
        if at == file && module.function(function).class == Some(class) {
            let (value, query) = own.last()?.clone();
            eager.extend(own.iter().flat_map(|(_, query)| query.eager.iter().cloned()));
            return (!query.opaque).then(|| Rows {
                query,
                eager,
                place: (at, evidence::head(module, value)),
                member: "get_queryset",
            });
        }
        let known = own.last().filter(|(_, query)| !query.statement.tables.is_empty());
        if let Some((value, query)) = known.cloned() {
            eager.extend(query.eager.iter().cloned());
            return (!query.opaque).then(|| Rows {
                query,
                eager,
                place: (at, evidence::head(module, value)),
                member: "get_queryset",
            });
        }
    }
    let (at, Member::Value(value, _)) = eval.member(file, class, "queryset")? else {
        return None;
    };
    let query = eval.query_at(at, value)?;
    eager.extend(query.eager.iter().cloned());
    let span = eval.module(at).expr(value).span;
    (!query.opaque).then_some(Rows {
        query,
        eager,
        place: (at, span),
        member: "queryset",
    })
}

/// Relations that a method loads onto a queryset; `None` where they are chosen as it runs, for every request.
pub fn loaded_in(module: &Module, function: FunctionId) -> Option<Vec<String>> {
    let span = module.function(function).span;
    let mut out = Vec::new();
    for id in module.call_ids_in(function).filter(|&id| span.encloses(module.expr(id).span)) {
        let Some(call) = module.call(id) else { continue };
        if !call.method().is_some_and(api_names::loads_relations) {
            continue;
        }
        let texts: Vec<String> = call.args.iter().filter_map(|arg| path_text(module, arg.value)).collect();
        let is_known = call
            .args
            .iter()
            .all(|arg| path_text(module, arg.value).is_some() || matches!(module.kind(arg.value), ExprKind::Null));
        // `if self.brief: … prefetch_related(*self.brief_fields)`: the plain list goes the other way.
        let is_attribute = || call.args.iter().all(|arg| is_own_attribute(module, arg.value));
        if !(is_known || is_attribute() && is_conditional(module, id, function)) || call.args.is_empty() {
            return None;
        }
        out.extend(texts);
    }
    Some(out)
}

fn is_own_attribute(module: &Module, expr: ExprId) -> bool {
    let inner = match module.kind(expr) {
        ExprKind::Spread(inner) => *inner,
        _ => expr,
    };
    matches!(module.kind(inner), ExprKind::Null) || module.dotted(inner).is_some_and(|name| name.starts_with("self."))
}

fn path_text(module: &Module, expr: ExprId) -> Option<String> {
    let text = module
        .string(expr)
        .or_else(|| module.call(expr).and_then(|call| call.arg(0)).and_then(|arg| module.string(arg)))?;
    Some(text.replace("__", "."))
}

fn is_conditional(module: &Module, expr: ExprId, function: FunctionId) -> bool {
    let mut at = module.expr(expr).parent;
    for _ in 0..budget::Limit::Holders.count() {
        at = match at {
            Parent::Expr(id) => module.expr(id).parent,
            Parent::Stmt(id) => {
                if matches!(module.stmt(id).kind, StmtKind::If { .. }) {
                    return true;
                }
                module.stmt(id).parent
            }
            Parent::Function(id) if id == function => return false,
            Parent::Function(_) | Parent::Class(_) | Parent::None => return false,
        };
    }
    false
}

/// What the serializer reads and the query did not load; of a path and what lies behind it, both.
fn unloaded(project: &Project, eval: &Evaluator<'_>, serializer: (FileId, ClassId), eager: &[String]) -> Vec<Need> {
    let model = serializers::model_of(project, eval, serializer.0, serializer.1);
    let needs = serializers::needs(project, eval, serializer.0, serializer.1);
    // What lies behind many rows is many, also where the query loads those along.
    let many: Vec<String> = needs
        .iter()
        .filter(|need| need.to_many)
        .map(|need| format!("{}.", need.path))
        .collect();
    let behind = needs.into_iter().map(|mut need| {
        need.to_many |= many.iter().any(|path| need.path.starts_with(path));
        need
    });
    behind
        .filter(|need| !rows::is_loaded(eager, &need.path))
        .filter(|need| model.is_none_or(|model| rows::has_path(project, model, &need.path)))
        .filter(|need| {
            let is_at_hand =
                |model| rows::comes_back(project, model, &need.path) || rows::is_loaded(eager, &rows::straight(project, model, &need.path));
            !model.is_some_and(is_at_hand)
        })
        .collect()
}

/// Where a finding stands.
pub struct FindingPlace {
    /// File that it stands in.
    pub file: FileId,
    /// Where there.
    pub span: Span,
    /// The function or view.
    pub symbol: String,
}

/// The finding of what a reader of each object, in words, loads of it.
pub fn finding(
    project: &Project,
    at: &FindingPlace,
    (judgement, confidence): (Judgement, Confidence),
    lazy: &[Need],
    reader: &str,
) -> Option<Finding> {
    let first = lazy.first()?;
    let location = project.place(at.file, at.span, &at.symbol);
    let mut finding = Finding::new(RULE, judgement, confidence, location);
    let names = lazy
        .iter()
        .take(3)
        .map(|need| format!("`{}`", need.path))
        .collect::<Vec<_>>()
        .join(", ");
    let more = match lazy.len().saturating_sub(3) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    finding.title = format!("{reader} loads {names}{more} once for each object of the list");
    let paths = lazy.iter().map(|need| need.path.as_str()).collect::<Vec<_>>().join(",");
    finding.subject = format!("serializer relations {paths}");
    for need in lazy.iter().take(12) {
        finding.relate(
            project.place(need.file, need.span, ""),
            Role::Query,
            format!("{} reads `{}` of each object", need.by, need.path),
        );
    }
    finding.fix = fix(first, lazy);
    finding.repeats = Some(Repeats::Relation);
    Some(finding)
}

fn fix(first: &Need, lazy: &[Need]) -> Fix {
    let quoted = |many: bool| {
        let paths = lazy.iter().filter(|need| crosses_many(need, lazy) == many);
        paths
            .map(|need| format!("\"{}\"", need.path.replace('.', "__")))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let mut code = String::from("queryset");
    for (call, paths) in [("select_related", quoted(false)), ("prefetch_related", quoted(true))] {
        if !paths.is_empty() {
            code.push_str(&format!(".{call}({paths})"));
        }
    }
    Fix {
        summary: format!("Load `{}` and what else the serializer reads with the view's queryset.", first.path),
        code: Some(code),
        ..Fix::default()
    }
}

/// A path through a to-many relation: a join would repeat rows, so it is prefetched.
fn crosses_many(need: &Need, all: &[Need]) -> bool {
    need.to_many
        || all
            .iter()
            .any(|other| other.to_many && need.path.starts_with(&format!("{}.", other.path)))
}
