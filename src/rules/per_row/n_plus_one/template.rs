//! Loops of templates: relations that a template reads of each row, and the view's query did not load.

use std::sync::Arc;

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::serializer::query_of;
use crate::advice::texts::{Advised, ReadShape as Shape, advice};
use crate::budget::Limit;
use crate::finding::{Confidence, Finding, Fix, Repeats, Role};
use crate::ir::{Call, ClassId, ExprId, ExprKind, FunctionId, Module, StmtKind};
use crate::judge::cost::{Cost, Unit};
use crate::judge::reach::Reach;
use crate::judge::{evidence, priority, reach, scale};
use crate::libraries::shared::api_names;
use crate::libraries::shared::pagination;
use crate::libraries::shared::query::{Query, Resolver};
use crate::libraries::shared::value::{FileId, Value};
use crate::project::eval::Evaluator;
use crate::project::schema::SchemaModel;
use crate::project::scope::Member;
use crate::project::{Project, rows, serializers};
use crate::source::Span;
use crate::syntax::template::{TemplateFile, TemplateLoop};
use crate::walk::is_template_folder;

/// Names between a page's rows and the paginator that cuts them.
const MAX_NAMES: u32 = 4;

const RULE: &str = "n-plus-one";
/// Templates in templates.
const MAX_DEPTH: u32 = 3;
/// Relations listed in one finding.
const MAX_READS: usize = 12;
/// Relations that are kept of one template; more are told, see [`Limit::Relations`].
const MAX_RELATIONS: usize = 100;

/// The findings of all views that render a template.
pub fn findings(project: &Project) -> Vec<Finding> {
    let templates = Templates::new(project);
    if templates.by_name.is_empty() {
        return Vec::new();
    }
    let files: Vec<(FileId, &Module)> = project.code.modules_of(pagination::LANGUAGE).collect();
    let found = files.into_par_iter().map(|(file, module)| {
        let eval = Evaluator::new(&project.code);
        let views = Views {
            project,
            templates: &templates,
            eval: &eval,
            file,
            module,
        };
        let mut out = Vec::new();
        for call in module.calls() {
            out.extend(views.rendered(&call));
        }
        for (class, _) in module.class_ids() {
            out.extend(views.list_view(class));
        }
        out
    });
    found.collect::<Vec<_>>().into_iter().flatten().collect()
}

/// Templates by the names they are rendered under: `orders/list.html` of `shop/templates/orders/list.html`.
struct Templates<'p> {
    by_name: FxHashMap<&'p str, (FileId, &'p TemplateFile)>,
}

impl<'p> Templates<'p> {
    fn new(project: &'p Project) -> Self {
        let mut by_name = FxHashMap::default();
        for (index, facts) in project.code.files.iter().enumerate() {
            let Some(template) = &facts.template else { continue };
            let mut starts = facts.path.match_indices('/').map(|(at, _)| at + 1).collect::<Vec<_>>();
            starts.push(0);
            let roots = starts.into_iter().filter(|&at| {
                let folder = facts.path[..at].trim_end_matches('/').rsplit('/').next().unwrap_or_default();
                is_template_folder(folder)
            });
            for at in roots {
                by_name.entry(&facts.path[at..]).or_insert((FileId(index as u32), template));
            }
        }
        Templates { by_name }
    }
}

struct Views<'v> {
    project: &'v Project,
    templates: &'v Templates<'v>,
    eval: &'v Evaluator<'v>,
    file: FileId,
    module: &'v Module,
}

/// A query's rows under a name of the context.
struct Given {
    name: String,
    /// The place of the query, and the query with all that was loaded along.
    place: (FileId, ExprId),
    query: Arc<Query>,
}

/// What a name in a template stands for: rows of the query by this way.
#[derive(Clone)]
struct Held<'p> {
    model: &'p SchemaModel,
    path: Vec<String>,
}

/// A relation that a template reads.
struct Read {
    path: String,
    wanted: Wanted,
    file: FileId,
    span: Span,
    around: Option<(FileId, Span)>,
}

/// What a template wants of a relation.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    /// The one row that it leads to.
    Row,
    /// The rows that it leads to.
    Rows,
    /// How many there are, or whether there are any.
    Count,
}

impl<'v> Views<'v> {
    /// `render(request, "orders/list.html", {"orders": orders})`, `render_template("list.html", orders=orders)`.
    fn rendered(&self, call: &Call<'_>) -> Vec<Finding> {
        if !call.method().is_some_and(api_names::renders_template) {
            return Vec::new();
        }
        let mut texts = call.args.iter().filter_map(|arg| self.module.string(arg.value));
        let Some(&template) = texts.find_map(|text| self.templates.by_name.get(text)) else {
            return Vec::new();
        };
        let mut given = Vec::new();
        for arg in call.args {
            match arg.name {
                Some(name) if !api_names::is_render_option(self.module.str(name)) => {
                    given.extend(self.given(self.module.str(name), arg.value));
                }
                _ => given.extend(self.context(arg.value)),
            }
        }
        let function = self.module.owner(call.id);
        given
            .iter()
            .filter_map(|given| self.finding(given, template, Some(function), ""))
            .collect()
    }

    /// The entries of a context, also through a name, and what is put in later: `context["orders"] = orders`.
    fn context(&self, expr: ExprId) -> Vec<Given> {
        let object = match self.eval.value(self.file, expr) {
            Value::Literal(at, object) if at == self.file => object,
            _ => expr,
        };
        let mut out = Vec::new();
        if let ExprKind::Object(entries) = self.module.kind(object) {
            for entry in entries {
                if let Some(name) = entry.key.and_then(|key| self.module.string(key)) {
                    out.extend(self.given(name, entry.value));
                }
            }
        }
        if let ExprKind::Name(_) = self.module.kind(expr) {
            out.extend(self.put_in(self.module.owner(expr), self.module.name(expr).unwrap_or_default()));
        }
        out
    }

    fn put_in(&self, function: FunctionId, context: &str) -> Vec<Given> {
        let span = self.module.function(function).span;
        let mut out = Vec::new();
        for id in self.module.stmts_in(span) {
            let StmtKind::Assign {
                target,
                value: Some(value),
                ..
            } = self.module.stmt(id).kind
            else {
                continue;
            };
            if let ExprKind::Index { base, index } = self.module.kind(target)
                && self.module.name(*base) == Some(context)
                && let Some(name) = self.module.string(*index)
            {
                out.extend(self.given(name, value));
            }
        }
        out
    }

    fn given(&self, name: &str, value: ExprId) -> Option<Given> {
        let value = self.unpaged(value, 0);
        let (place, query) = query_of(self.eval, self.file, value)?;
        Some(Given {
            name: name.to_owned(),
            place,
            query,
        })
    }

    /// The rows that a paginator cuts: `Paginator(orders, 25).get_page(number)`.
    fn unpaged(&self, value: ExprId, depth: u32) -> ExprId {
        use crate::libraries::shared::query::Resolver;
        if depth > MAX_NAMES {
            return value;
        }
        let defined = match self.eval.definition(self.file, value) {
            Some((at, expr)) if at == self.file => expr,
            _ => value,
        };
        let Some(call) = self.module.call(defined) else { return value };
        match call.method() {
            Some(method) if api_names::gives_page(method) => call.receiver().map_or(value, |receiver| self.unpaged(receiver, depth + 1)),
            Some("Paginator") => call.arg(0).unwrap_or(value),
            _ => value,
        }
    }

    /// A `ListView` with a template of its own or the one that its model's name gives.
    fn list_view(&self, class: ClassId) -> Vec<Finding> {
        if !pagination::lists(self.eval, self.file, class) {
            return Vec::new();
        }
        let text = |name: &str| match self.eval.member(self.file, class, name) {
            Some((at, Member::Value(value, _))) => self.project.code.module(at).string(value).map(ToOwned::to_owned),
            _ => None,
        };
        let Some(template) = text("template_name").and_then(|name| self.templates.by_name.get(name.as_str()).copied()) else {
            return Vec::new();
        };
        let Some((place, query)) = self.listed(class) else {
            return Vec::new();
        };
        let model = self.model_of(&query);
        let mut names = vec!["object_list".to_owned(), "page_obj".to_owned()];
        names.extend(text("context_object_name"));
        names.extend(model.map(|model| format!("{}_list", model.name.to_lowercase())));
        let symbol = self.module.class(class).name.map_or("", |name| self.module.str(name)).to_owned();
        names
            .into_iter()
            .filter_map(|name| {
                let given = Given {
                    name,
                    place,
                    query: query.clone(),
                };
                self.finding(&given, template, None, &symbol)
            })
            .take(1)
            .collect()
    }

    /// The rows of a list view: its method's, its attribute's, or all of its model.
    fn listed(&self, class: ClassId) -> Option<((FileId, ExprId), Arc<Query>)> {
        if let Some((at, Member::Method(function))) = self.eval.member(self.file, class, "get_queryset") {
            let value = *self.project.code.module(at).returned(function).last()?;
            return query_of(self.eval, at, value);
        }
        if let Some((at, Member::Value(value, _))) = self.eval.member(self.file, class, "queryset") {
            return query_of(self.eval, at, value);
        }
        let Some((at, Member::Value(value, _))) = self.eval.member(self.file, class, "model") else {
            return None;
        };
        let Value::Class(file, model) = self.eval.value(at, value) else {
            return None;
        };
        let query = Query {
            library: self.eval.model_library(file, model)?.name(),
            model: Some(crate::libraries::shared::value::RowModel::Class(file, model)),
            ..Query::default()
        };
        Some(((at, value), Arc::new(query)))
    }

    fn model_of(&self, query: &Query) -> Option<&'v SchemaModel> {
        query.model.as_ref().and_then(|model| rows::schema_model(self.project, model))
    }

    fn finding(
        &self,
        given: &Given,
        (at, template): (FileId, &TemplateFile),
        function: Option<FunctionId>,
        symbol: &str,
    ) -> Option<Finding> {
        let model = self.model_of(&given.query)?;
        let mut reads = Vec::new();
        let held = Held { model, path: Vec::new() };
        let names = FxHashMap::default();
        self.read_template(
            (at, template),
            &TemplateNames {
                list: Some((&given.name, &held)),
                names,
            },
            None,
            0,
            &mut reads,
        );
        reads
            .retain(|read| !rows::is_at_hand(self.project, &given.query, &read.path) && !rows::comes_back(self.project, model, &read.path));
        let first = reads.first()?;
        let id = function.map(|function| self.project.graph.id(self.file, function));
        let reach = id.map_or_else(
            || Reach::read(self.project, "each time the page is shown"),
            |id| reach::of(self.project, id),
        );
        let cost = Cost::Each {
            times: 1,
            what: Unit::Statement,
            rows: scale::of_query(self.project, &given.query),
        };
        let judgement = priority::judge(&cost, &reach, Confidence::High, 0);
        let label = id.and(reach.label);
        let (file, expr) = given.place;
        let module = self.project.code.module(file);
        let span = module.expr(expr).span;
        let location = match id {
            _ if function.is_some() => self.project.place_in(self.project.graph.id(file, module.owner(expr)), span),
            _ => self.project.place(file, span, symbol),
        };
        let path = self.project.path(at);
        let mut finding = Finding::new(RULE, judgement, Confidence::High, location);
        finding.title = format!("The template loads `{}` once for each of `{}`", first.path, given.name);
        finding.message = format!(
            "`{path}` loops over `{}` and reads relations that the query does not load: each row asks again.{}",
            given.name,
            label.as_ref().map_or_else(String::new, |label| format!(" Reached from {label}."))
        );
        let count = if reads.len() == 1 {
            "n".to_owned()
        } else {
            format!("{}·n", reads.len())
        };
        finding.impact = format!("1 + {count} queries{}", evidence::reach_words(label.as_deref()));
        let paths = reads.iter().map(|read| read.path.as_str()).collect::<Vec<_>>().join(",");
        finding.subject = format!("template {path} reads {paths}");
        if let Some(id) = id {
            finding.related = evidence::path_from_entry(self.project, id);
        }
        if let Some((file, span)) = first.around {
            finding.relate(
                self.project.place(file, span, ""),
                Role::Loop,
                format!("loop over `{}`", given.name),
            );
        }
        for read in reads.iter().take(MAX_READS) {
            finding.relate(
                self.project.place(read.file, read.span, ""),
                Role::Query,
                format!("reads `{}` of each row", read.path),
            );
        }
        finding.fix = fix(&reads, given.query.library);
        finding.repeats = Some(Repeats::Relation);
        Some(finding)
    }

    /// Collects what a template reads of the rows, in its loops and in what it includes there.
    fn read_template(
        &self,
        (at, template): (FileId, &TemplateFile),
        context: &TemplateNames<'_, 'v>,
        around: Option<(FileId, Span)>,
        depth: u32,
        out: &mut Vec<Read>,
    ) {
        if depth > MAX_DEPTH {
            return;
        }
        if out.len() > MAX_RELATIONS {
            self.project.code.tell(Limit::Relations, at, 0);
            return;
        }
        let mut loops: Vec<Option<Held<'v>>> = Vec::new();
        for each in &template.loops {
            let held = self.looped(each, template, &loops, context);
            if let Some(held) = held.as_ref().filter(|held| !held.path.is_empty()) {
                // `{% for line in order.lines.all %}` asks once for each order.
                push(
                    out,
                    held.path.join("."),
                    Wanted::Rows,
                    (at, each.span),
                    around_of(at, template, each.outer).or(around),
                );
            }
            loops.push(held);
        }
        for read in &template.reads {
            let Some(first) = read.path.first() else { continue };
            let Some(held) = held_name(first, read.inside, template, &loops, context) else {
                continue;
            };
            let rest: Vec<&str> = read.path.iter().skip(1).map(String::as_str).collect();
            for need in serializers::reads_path(self.project, self.eval, held.model, &rest) {
                let path = held
                    .path
                    .iter()
                    .map(String::as_str)
                    .chain([need.path.as_str()])
                    .collect::<Vec<_>>()
                    .join(".");
                let inside = around_of(at, template, read.inside).or(around);
                let wanted = match rest.last() {
                    _ if !need.to_many => Wanted::Row,
                    Some(&("count" | "exists")) => Wanted::Count,
                    _ => Wanted::Rows,
                };
                push(out, path, wanted, (at, read.span), inside);
            }
        }
        for include in &template.includes {
            let mut names = FxHashMap::default();
            let mut open = include.inside;
            while let Some(each) = open.and_then(|open| template.loops.get(open).map(|each| (open, each))) {
                if let Some(Some(held)) = loops.get(each.0) {
                    names.entry(each.1.variable.clone()).or_insert_with(|| held.clone());
                }
                open = each.1.outer;
            }
            for (name, value) in &include.with {
                if let [only] = value.as_slice()
                    && let Some(held) = held_name(only, include.inside, template, &loops, context)
                {
                    names.insert(name.clone(), held.clone());
                }
            }
            let list = context.list.filter(|_| include.inside.is_none());
            if names.is_empty() && list.is_none() {
                continue;
            }
            if let Some(&inner) = self.templates.by_name.get(include.name.as_str()) {
                let around = around_of(at, template, include.inside).or(around);
                self.read_template(inner, &TemplateNames { list, names }, around, depth + 1, out);
            }
        }
    }

    /// What a loop's variable holds.
    fn looped(
        &self,
        each: &TemplateLoop,
        template: &TemplateFile,
        loops: &[Option<Held<'v>>],
        context: &TemplateNames<'_, 'v>,
    ) -> Option<Held<'v>> {
        let first = each.over.first()?;
        let rest: Vec<&str> = each.over.iter().skip(1).map(String::as_str).collect();
        if let Some((name, held)) = context.list
            && name == first
            && rest.iter().all(|name| api_names::gives_page_rows(name))
        {
            return Some(held.clone());
        }
        let held = held_name(first, each.outer, template, loops, context)?;
        let mut model = held.model;
        let mut path = held.path.clone();
        for name in rest.iter().filter(|name| **name != "all") {
            let relation = model.relation(name)?;
            model = self.project.schema.model(&relation.target)?;
            path.push((*name).to_owned());
        }
        (path.len() > held.path.len()).then_some(Held { model, path })
    }
}

/// Names that a template is given.
struct TemplateNames<'n, 'p> {
    /// The list, by its name.
    list: Option<(&'n String, &'n Held<'p>)>,
    /// Single rows, by theirs.
    names: FxHashMap<String, Held<'p>>,
}

/// The row that a name holds at a place in a template.
fn held_name<'h, 'p>(
    name: &str,
    inside: Option<usize>,
    template: &TemplateFile,
    loops: &'h [Option<Held<'p>>],
    context: &'h TemplateNames<'_, 'p>,
) -> Option<&'h Held<'p>> {
    let mut open = inside;
    while let Some(index) = open {
        let each = template.loops.get(index)?;
        if each.variable == name {
            return loops.get(index)?.as_ref();
        }
        open = each.outer;
    }
    context.names.get(name)
}

fn around_of(file: FileId, template: &TemplateFile, inside: Option<usize>) -> Option<(FileId, Span)> {
    inside.and_then(|inside| template.loops.get(inside)).map(|each| (file, each.span))
}

fn push(out: &mut Vec<Read>, path: String, wanted: Wanted, (file, span): (FileId, Span), around: Option<(FileId, Span)>) {
    match out.iter_mut().find(|known| known.path == path) {
        // Whoever reads the rows has their number, too.
        Some(known) if wanted == Wanted::Rows => known.wanted = Wanted::Rows,
        Some(_) => {}
        None => out.push(Read {
            path,
            wanted,
            file,
            span,
            around,
        }),
    }
}

fn fix(reads: &[Read], library: &str) -> Fix {
    let of = |wanted: Wanted| {
        reads
            .iter()
            .filter(move |read| read.wanted == wanted)
            .map(|read| read.path.replace('.', "__"))
    };
    let loaded = [(Wanted::Row, Shape::RelationToOne), (Wanted::Rows, Shape::RelationToMany)].map(|(wanted, shape)| {
        let paths: Vec<String> = of(wanted).collect();
        let joined = paths.join("\", \"");
        let code = advice(Advised::Read(shape), library, &[("underscored", joined.as_str())]).code;
        code.filter(|_| !paths.is_empty())
    });
    let counted: Vec<String> = of(Wanted::Count).collect();
    let mut summary = "Load what the template reads of each row with the view's query.".to_owned();
    if !counted.is_empty() {
        let path = counted.join("`, `");
        summary.push(' ');
        summary.push_str(&advice(Advised::Read(Shape::RelationCount), library, &[("path", &path)]).summary);
    }
    let code: String = loaded.into_iter().flatten().collect();
    Fix {
        summary,
        code: (!code.is_empty() && !code.contains('{')).then(|| format!("queryset{code}")),
        ..Fix::default()
    }
}
