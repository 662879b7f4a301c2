//! Columns of Django's admin lists: relations that a column reads of each object and the list did not load.

use super::serializer::loaded_in;
use crate::advice::texts::{Advised, DeclaredIn, in_python};
use crate::finding::{Confidence, Finding, Repeats, Role};
use crate::ir::{ClassId, ExprId, ExprKind, Module, StmtKind};
use crate::judge::cost::{Cost, Unit};
use crate::judge::reach::Reach;
use crate::judge::{priority, scale};
use crate::libraries::shared::pagination;
use crate::libraries::shared::query::Resolver;
use crate::libraries::shared::value::{FileId, RowModel, Value};
use crate::project::eval::Evaluator;
use crate::project::schema::SchemaModel;
use crate::project::scope::Member;
use crate::project::serializers::{self, Need};
use crate::project::{Project, rows};

const RULE: &str = "n-plus-one";

/// The findings of all admin lists.
pub fn findings(project: &Project) -> Vec<Finding> {
    let eval = Evaluator::new(&project.code);
    let mut out = Vec::new();
    for (file, module) in project.code.modules_of(pagination::LANGUAGE) {
        for (class, _) in module.class_ids() {
            let is_admin = || {
                let ancestors = eval.ancestors(file, class);
                ancestors.iter().any(|ancestor| ancestor.ends_with("ModelAdmin"))
            };
            if !texts(module, class, "list_display").is_empty() && is_admin() {
                out.extend(list(project, &eval, file, class));
            }
        }
    }
    out
}

fn list(project: &Project, eval: &Evaluator<'_>, file: FileId, class: ClassId) -> Option<Finding> {
    let module = project.code.module(file);
    let model = registered(project, eval, file, class)?;
    let columns = texts(module, class, "list_display");
    let loaded = loaded(eval, file, class, model, &columns)?;
    let mut lazy: Vec<(String, Need)> = Vec::new();
    for column in &columns {
        for need in column_reads(project, eval, (file, class), model, column) {
            let is_known = lazy.iter().any(|(_, known)| known.path == need.path);
            if !is_known && !rows::is_loaded(&loaded, &need.path) {
                lazy.push((column.clone(), need));
            }
        }
    }
    let (column, first) = lazy.first()?;
    let name = module.str(module.class(class).name?);
    let place = attribute(module, class, "list_display").map_or(module.class(class).name_span, |value| module.expr(value).span);
    let cost = Cost::Each {
        times: 1,
        what: Unit::Statement,
        rows: scale::of_table(project, model.table),
    };
    let reach = Reach::staff(&format!("the admin list {name}"));
    let judgement = priority::judge(&cost, &reach, Confidence::High, 0);
    let mut finding = Finding::new(
        RULE,
        judgement,
        Confidence::High,
        project.place(file, place, &format!("{name}.list_display")),
    );
    finding.title = format!("The admin list column `{column}` loads `{}` once for each row", first.path);
    finding.message = format!(
        "`{name}` lists `{}` objects, a hundred on a page, and a column reads a relation that the list does not load.",
        model.name
    );
    finding.impact = "1 + n queries for a page of n objects in the admin".to_owned();
    finding.subject = format!("admin column {column} reads {}", first.path);
    for (column, need) in &lazy {
        finding.relate(
            project.place(need.file, need.span, ""),
            Role::Query,
            format!("`{column}` reads `{}` of each object", need.path),
        );
    }
    finding.repeats = Some(Repeats::Relation);
    let path = first.path.replace('.', "__");
    finding.fix = in_python(Advised::Declare(DeclaredIn::AdminList), &[("path", &path)]);
    Some(finding)
}

/// What a column reads: a method of the admin class, or a method or property of the model. A field needs nothing: the
/// admin joins the relations that it lists itself.
fn column_reads(project: &Project, eval: &Evaluator<'_>, (file, class): (FileId, ClassId), model: &SchemaModel, column: &str) -> Vec<Need> {
    match eval.member(file, class, column) {
        Some((at, Member::Method(function))) => {
            let module = project.code.module(at);
            let object = module.function(function).params.get(1).and_then(|param| param.name);
            object.map_or_else(Vec::new, |object| {
                serializers::reads_of(project, eval, (at, function), object, model)
            })
        }
        _ if model.relation(column).is_none() && column != "__str__" => serializers::reads_path(project, eval, model, &[column]),
        _ => Vec::new(),
    }
}

/// The model that the class is registered for: `@admin.register(Order)`, `admin.site.register(Order, OrderAdmin)`.
fn registered<'p>(project: &'p Project, eval: &Evaluator<'_>, file: FileId, class: ClassId) -> Option<&'p SchemaModel> {
    let module = project.code.module(file);
    let decorated = module.class(class).decorators.iter().find_map(|&decorator| {
        let call = module.call(decorator)?;
        (call.method() == Some("register")).then(|| call.arg(0)).flatten()
    });
    let named = || {
        module.call_ids().find_map(|id| {
            let call = module.call(id).filter(|call| call.method() == Some("register"))?;
            let is_it = |arg: ExprId| matches!(eval.value(file, arg), Value::Class(at, other) if (at, other) == (file, class));
            call.arg(1).filter(|&arg| is_it(arg)).and_then(|_| call.arg(0))
        })
    };
    match eval.value(file, decorated.or_else(named)?) {
        Value::Class(at, model) => rows::schema_model(project, &RowModel::Class(at, model)),
        _ => None,
    }
}

/// What the list loads along; `None` where that is chosen as it runs.
fn loaded(eval: &Evaluator<'_>, file: FileId, class: ClassId, model: &SchemaModel, columns: &[String]) -> Option<Vec<String>> {
    let mut out = Vec::new();
    for (at, class) in eval.lineage(file, class) {
        let module = eval.module(at);
        for &stmt in &module.class(class).body {
            if let StmtKind::Function(function) = module.stmt(stmt).kind {
                out.extend(loaded_in(module, function)?);
            }
        }
        out.extend(
            texts(module, class, "list_select_related")
                .iter()
                .map(|path| path.replace("__", ".")),
        );
        let select = attribute(module, class, "list_select_related").map(|value| module.kind(value));
        // A relation among the columns makes the admin join all of them.
        let is_all = matches!(select, Some(ExprKind::Bool(true)));
        if is_all
            || select.is_none()
                && columns
                    .iter()
                    .any(|column| model.relation(column).is_some_and(|relation| !relation.to_many))
        {
            let to_one = model.relations.iter().filter(|relation| !relation.to_many);
            out.extend(to_one.map(|relation| relation.name.clone()));
        }
    }
    Some(out)
}

fn attribute(module: &Module, class: ClassId, name: &str) -> Option<ExprId> {
    module.class(class).body.iter().find_map(|&stmt| match module.stmt(stmt).kind {
        StmtKind::Assign {
            target,
            value: Some(value),
            ..
        } if module.name(target) == Some(name) => Some(value),
        _ => None,
    })
}

fn texts(module: &Module, class: ClassId, name: &str) -> Vec<String> {
    let Some(value) = attribute(module, class, name) else {
        return Vec::new();
    };
    let items = module.children(value);
    items
        .into_iter()
        .filter_map(|item| module.string(item))
        .map(ToOwned::to_owned)
        .collect()
}
