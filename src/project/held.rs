//! Relations that some query of the project loads along: rows that come from elsewhere may have them at hand.

use rustc_hash::{FxHashMap, FxHashSet};

use super::eval::{Code, Evaluator, Found};
use super::graph::QuerySite;
use super::rows;
use super::schema::{Schema, SchemaModel};
use super::scope::Bound;
use crate::ir::{Call, ExprId, ExprKind, FunctionId, Module, Parent, StmtKind};
use crate::libraries::shared::query::Query;
use crate::libraries::shared::value::{FileId, RowModel, Value};
use crate::statement::{Operation, Projection, Statement};

/// How many names and calls lie between a row and what gave it, by design: what lies further off counts as not given.
const MAX_STEPS: u32 = 8;

/// The relations that queries of the project load along.
#[derive(Debug, Default)]
pub struct EagerLoads {
    /// Relations by their own name, and `Model.relation` for each step of a path.
    names: FxHashSet<String>,
    /// Those of paths from rows of which nothing is known.
    loose: FxHashSet<String>,
    /// It is not known which: any may be among them.
    is_unknown: bool,
}

impl EagerLoads {
    /// Takes the paths of all queries, of querysets that views and managers only build, and of what loads later.
    fn of(code: &Code, sites: &[QuerySite], schema: &Schema) -> EagerLoads {
        let mut held = EagerLoads::default();
        for site in sites {
            held.add(schema, model_of(code, schema, &site.query), &site.query);
        }
        let files = code.modules().map(|(file, _)| file).collect();
        for built in code.parts(files, |file| built(code, file)) {
            match built {
                Built::Query(query) => held.add(schema, model_of(code, schema, &query), &query),
                Built::Path(path) => held.add_anywhere(&path),
            }
        }
        held
    }

    fn add(&mut self, schema: &Schema, model: Option<&SchemaModel>, query: &Query) {
        let table = query.table().unwrap_or_default();
        for path in &query.eager {
            self.names.insert(format!("{table}.{path}"));
            match model {
                Some(model) => self.walk(schema, model, path),
                None => self.add_anywhere(path),
            }
        }
    }

    /// A path from rows of which nothing is known.
    fn add_anywhere(&mut self, path: &str) {
        for name in path.split('.') {
            self.names.insert(name.to_owned());
            self.loose.insert(name.to_owned());
        }
    }

    fn walk(&mut self, schema: &Schema, model: &SchemaModel, path: &str) {
        let mut at = Some(model);
        for name in path.split('.') {
            self.names.insert(name.to_owned());
            let Some(model) = at else { continue };
            self.names.insert(format!("{}.{name}", model.name));
            at = model.relation(name).and_then(|relation| schema.model(&relation.target));
        }
    }

    /// Whether any query loads a relation along: by its model's name where that is known.
    pub fn has(&self, model: Option<&str>, name: &str) -> bool {
        match model {
            _ if self.is_unknown => true,
            Some(model) => self.loose.contains(name) || self.names.contains(&format!("{model}.{name}")),
            None => self.names.contains(name),
        }
    }

    /// The same by `Model.relation`.
    pub fn has_label(&self, label: &str) -> bool {
        label.split_once('.').is_some_and(|(model, name)| self.has(Some(model), name))
    }
}

enum Built {
    Query(std::sync::Arc<Query>),
    Path(String),
}

/// What the calls of a file load along that build a queryset, or load for rows that are there.
fn built(code: &Code, file: FileId) -> Vec<Built> {
    let module = code.module(file);
    let mut eval: Option<Evaluator<'_>> = None;
    let mut out = Vec::new();
    for id in module.call_ids() {
        let Some(call) = module.call(id).filter(loads_along) else {
            continue;
        };
        let eval = eval.get_or_insert_with(|| Evaluator::new(code));
        match eval.query_at(file, id).filter(|query| !query.eager.is_empty()) {
            Some(query) => out.push(Built::Query(query)),
            None => out.extend(paths(module, &call).map(Built::Path)),
        }
        out.extend(gathered(module, &call).into_iter().map(Built::Path));
    }
    out
}

fn loads_along(call: &Call<'_>) -> bool {
    matches!(
        call.method(),
        Some("prefetch_related" | "select_related" | "prefetch_related_objects" | "aprefetch_related_objects")
    )
}

fn paths<'m>(module: &'m Module, call: &Call<'m>) -> impl Iterator<Item = String> + use<'m> {
    call.args.iter().filter_map(move |arg| path(module, arg.value))
}

/// `"lines"`, `Prefetch("lines", …)`.
fn path(module: &Module, told: ExprId) -> Option<String> {
    let inner = || module.call(told).and_then(|call| call.arg(0)).and_then(|arg| module.string(arg));
    module.string(told).or_else(inner).map(|text| text.replace("__", "."))
}

/// The paths of a list that the function has gathered before: `loads += ["lines"]`, `prefetch_related(*loads)`.
fn gathered(module: &Module, call: &Call<'_>) -> Vec<String> {
    let mut out = Vec::new();
    for arg in call.args {
        let ExprKind::Spread(list) = *module.kind(arg.value) else {
            continue;
        };
        let ExprKind::Name(list) = *module.kind(list) else { continue };
        for stmt in module.stmts_in(module.function(module.owner(call.id)).span) {
            let StmtKind::Assign {
                target,
                value: Some(value),
                ..
            } = module.stmt(stmt).kind
            else {
                continue;
            };
            let is_it = matches!(*module.kind(target), ExprKind::Name(name) if name == list);
            if let ExprKind::List(items) | ExprKind::Tuple(items) = module.kind(value)
                && is_it
            {
                out.extend(items.iter().filter_map(|&item| path(module, item)));
            }
        }
    }
    out
}

fn model_of<'s>(code: &Code, schema: &'s Schema, query: &Query) -> Option<&'s SchemaModel> {
    let declared = query.model.as_ref().and_then(|model| rows::model_in(code, schema, model));
    declared.or_else(|| schema.model(query.table()?))
}

/// Marks the sites that perhaps ask nothing: rows that a caller gave may have the relation at hand, where some query loads it.
pub fn mark(code: &Code, sites: &mut [QuerySite], schema: &Schema) -> EagerLoads {
    let known = code.step("what queries load along", || Some(EagerLoads::of(code, sites, schema)));
    let held = known.unwrap_or_else(|| EagerLoads {
        is_unknown: true,
        ..EagerLoads::default()
    });
    // Sites are in the order of files.
    for sites in sites.chunk_by_mut(|one, other| one.file == other.file) {
        let Some(file) = sites.first().map(|site| site.file) else {
            continue;
        };
        if code.part(file, || mark_file(code, file, sites, &held)).is_none() {
            for site in sites {
                site.held |= site.query.relation.is_some();
            }
        }
    }
    held
}

/// Those of one file.
fn mark_file(code: &Code, file: FileId, sites: &mut [QuerySite], held: &EagerLoads) {
    let module = code.module(file);
    let asked = asked_attributes(module, held);
    if asked.is_empty() && sites.iter().all(|site| site.query.relation.is_none()) {
        return;
    }
    let eval = Evaluator::new(code);
    for site in sites {
        site.held = is_held(&eval, held, site) || is_asked_first(module, &asked, site);
    }
}

/// Where each function first looks whether an object has what some query loads along under that name:
/// `getattr(order, "open_lines", None)` beside `Prefetch("lines", …, to_attr="open_lines")`.
fn asked_attributes(module: &Module, held: &EagerLoads) -> FxHashMap<FunctionId, u32> {
    let mut first = FxHashMap::default();
    if !module.mentions(&["hasattr", "getattr"]) {
        return first;
    }
    for call in module.call_ids().filter_map(|id| module.call(id)) {
        let is_it = matches!(module.name(call.callee), Some("hasattr" | "getattr"));
        let name = call.arg(1).filter(|_| is_it).and_then(|name| module.string(name));
        if name.is_some_and(|name| held.has(None, name)) {
            let start = module.expr(call.id).span.start;
            let at = first.entry(module.owner(call.id)).or_insert(start);
            *at = start.min(*at);
        }
    }
    first
}

/// Whether the function of a read has looked before it whether the rows are there: it is for those that come without.
fn is_asked_first(module: &Module, asked: &FxHashMap<FunctionId, u32>, site: &QuerySite) -> bool {
    let first = asked.get(&module.owner(site.expr));
    site.query.statement.operation == Operation::Select && first.is_some_and(|&first| first < site.span.start)
}

fn is_held(eval: &Evaluator<'_>, held: &EagerLoads, site: &QuerySite) -> bool {
    let Some((owner, name)) = &site.query.relation else {
        return false;
    };
    if !reads_all(eval.code.module(site.file), site) || !held.has(None, name) {
        return false;
    }
    let (at, owner) = *owner;
    let (model, source) = match eval.value(at, owner) {
        Value::Row(model, source) => (Some(model), source),
        Value::Instance(at, class) => (Some(RowModel::Class(at, class)), None),
        _ => (None, None),
    };
    let model = match model {
        Some(RowModel::Class(at, class)) => {
            let module = eval.code.module(at);
            module.class(class).name.map(|name| module.str(name))
        }
        _ => None,
    };
    held.has(model, name) && (source.is_none_or(|source| is_of_given(eval, source)) || is_given(eval, at, owner, 0))
}

/// Whether rows are those of a relation of a row that a caller gave: what loads that along may load more.
pub fn is_of_given(eval: &Evaluator<'_>, (file, expr): (FileId, ExprId)) -> bool {
    let query = eval.query_at(file, expr);
    let owner = query.as_ref().and_then(|query| query.relation.as_ref()).map(|(owner, _)| *owner);
    owner.is_some_and(|(file, owner)| is_given(eval, file, owner, 0))
}

/// All rows of a relation as they are, or only their number: what a prefetch holds answers it.
pub fn reads_all(module: &Module, site: &QuerySite) -> bool {
    let statement = &site.query.statement;
    // `order.lines.prefetch_related("product")` makes another query of what is loaded.
    let changed = !statement.filters.is_empty() || !statement.order.is_empty() || !site.query.eager.is_empty();
    if statement.operation != Operation::Select || changed {
        return false;
    }
    let counts = || {
        let method = module.call(site.expr).and_then(|call| call.method());
        statement.projection == Projection::Aggregate && matches!(method, Some("count" | "exists"))
    };
    // `order.lines.all()[0]` takes from what is loaded; `order.lines.first()` asks anew.
    let picks = || {
        let is_all = module.call(site.expr).and_then(|call| call.method()) == Some("all");
        let Parent::Expr(outer) = module.expr(site.expr).parent else {
            return false;
        };
        is_all && matches!(module.kind(outer), ExprKind::Index { base, .. } if *base == site.expr)
    };
    is_plain(statement) || counts() || picks()
}

/// All rows of a relation as they are: neither filtered, ordered, nor cut.
pub fn is_plain(statement: &Statement) -> bool {
    statement.filters.is_empty()
        && statement.order.is_empty()
        && statement.limit == crate::statement::RowLimit::None
        && matches!(statement.projection, Projection::All)
}

/// Whether a row comes from a parameter: callers give it, perhaps each from another query.
fn is_given(eval: &Evaluator<'_>, file: FileId, expr: ExprId, steps: u32) -> bool {
    if steps > MAX_STEPS {
        return false;
    }
    let module = eval.code.module(file);
    let next = match module.kind(expr) {
        ExprKind::Attr { base, .. } | ExprKind::Index { base, .. } => *base,
        ExprKind::Call { .. } => {
            let Some(call) = module.call(expr) else { return false };
            match (call.receiver(), call.method()) {
                (Some(receiver), Some("all" | "first" | "last" | "get" | "values" | "items")) => receiver,
                _ => match eval.handed_on(file, &call) {
                    Some(collection) => collection,
                    None => return false,
                },
            }
        }
        ExprKind::Name(name) => match eval.lookup(file, module.owner(expr), *name, module.expr(expr).span.start) {
            Some(Found::Binding(at, _, binding)) if at == file => match binding.bound {
                Bound::Param(..) => return true,
                Bound::Element(inner, _) | Bound::Value(inner, _) => inner,
                _ => return false,
            },
            _ => return false,
        },
        _ => return false,
    };
    is_given(eval, file, next, steps + 1)
}

#[cfg(test)]
mod tests {
    use crate::project::Project;
    use crate::syntax::facts::extract;
    use crate::walk::FileKind;

    const MODELS: &str = "from django.db import models\n\nclass Order(models.Model):\n    name = models.TextField()\n\nclass Line(models.Model):\n    order = models.ForeignKey(Order, related_name='lines', on_delete=models.CASCADE)\n";

    fn held(views: &str, helpers: &str) -> Vec<bool> {
        let files = [("shop/helpers.py", helpers), ("shop/models.py", MODELS), ("shop/views.py", views)];
        let facts = files.map(|(path, text)| extract(path, FileKind::Python, text));
        let project = Project::link(facts.to_vec());
        let sites = project.graph.sites.iter().filter(|site| site.query.relation.is_some());
        sites.map(|site| site.held).collect()
    }

    #[test]
    fn rows_of_a_helper_in_another_file_are_those_of_its_own_parameter() {
        let before = "A = [1, 2, 3, 4, 5, 6, 7, 8, 9]\n".repeat(9);
        let helpers = format!("from shop.models import Order\n\n{before}\ndef lines(order: Order):\n    return order.lines.all()\n");
        let views = "from shop.helpers import lines\nfrom shop.models import Order\n\ndef page(order: Order):\n    return [line.pk for line in lines(order)]\n";
        assert_eq!(held(views, &helpers), [false]);
        let loads = format!("{views}\ndef all():\n    return list(Order.objects.prefetch_related('lines'))\n");
        assert_eq!(held(&loads, &helpers), [true]);
    }

    #[test]
    fn what_a_list_of_paths_gathers_is_loaded() {
        let views = |call: &str| {
            format!(
                "from shop.models import Order\n\ndef page(order: Order):\n    return list(order.lines.all())\n\ndef all(more):\n    loads = ['buyer']\n    if more:\n        loads += ['lines']\n    return list(Order.objects.prefetch_related({call}))\n"
            )
        };
        assert_eq!(held(&views("*loads"), ""), [true]);
        assert_eq!(held(&views("'buyer'"), ""), [false]);
    }

    #[test]
    fn rows_of_a_query_that_is_seen_hold_what_that_query_loads() {
        let views = "from shop.models import Order\n\ndef all():\n    list(Order.objects.prefetch_related('lines'))\n    order = Order.objects.get(pk=1)\n    return list(order.lines.all())\n";
        assert_eq!(held(views, ""), [false]);
    }
}
