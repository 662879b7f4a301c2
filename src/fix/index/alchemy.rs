//! SQLAlchemy and SQLModel: an index in the `__table_args__` of a model.

use super::Wish;
use super::class_model::ModelClass;
use crate::advice::index::declare_index;
use crate::fix::edits::Edit;
use crate::fix::imports::{self, WantedImport};
use crate::fix::site::FixContext;
use crate::fix::text;
use crate::ir::{ExprKind, Module, StmtId, StmtKind};
use crate::project::eval::Evaluator;
use crate::source::Span;

const ARGUMENTS: &str = "__table_args__";

/// Edits that declare the indexes of one model.
pub fn edits(site: &FixContext<'_>, wishes: &[Wish<'_>]) -> Result<Vec<Edit>, String> {
    let Some(first) = wishes.first() else { return Ok(Vec::new()) };
    let model = ModelClass::of(site, first)?;
    let (prefix, mut edits) = names(&model, wishes)?;
    let item = |wish: &Wish<'_>| {
        let text = declare_index(wish.table, &wish.index())?;
        Some(format!("{prefix}{}", text.replace("text(", &format!("{prefix}text("))))
    };
    let items: Option<Vec<String>> = wishes.iter().map(item).collect();
    let items = items.ok_or("it cannot be declared")?;
    edits.extend(match ModelClass::attribute(model.module, model.class, ARGUMENTS) {
        Some((_, value)) => in_arguments(&model, value, &items)?,
        None => new_arguments(site, &model, first.table.models.len() > 1, &items)?,
    });
    Ok(edits)
}

/// How the file calls what an index needs, with the imports for it.
fn names(model: &ModelClass<'_>, wishes: &[Wish<'_>]) -> Result<(String, Vec<Edit>), String> {
    let module = model.module;
    let whole = imports::of_file(module, model.text()).find(|import| module.str(import.module) == "sqlalchemy" && import.name.is_none());
    let has_index = module.imports.iter().any(|import| module.str(import.local) == "Index");
    if let Some(whole) = whole.filter(|_| !has_index) {
        return Ok((format!("{}.", module.str(whole.local)), Vec::new()));
    }
    let needs_text = wishes.iter().any(|wish| !wish.lack.only.is_empty() || wish.goes_down());
    let mut edits = Vec::new();
    for (name, _) in [("Index", true), ("text", needs_text)]
        .into_iter()
        .filter(|(_, is_needed)| *is_needed)
    {
        let wanted = WantedImport {
            from: Some("sqlalchemy"),
            name,
        };
        edits.extend(imports::add(module, (&model.path, model.text()), wanted)?);
    }
    Ok((String::new(), edits))
}

fn in_arguments(model: &ModelClass<'_>, value: crate::ir::ExprId, items: &[String]) -> Result<Vec<Edit>, String> {
    let module = model.module;
    let options = |span: Span| -> Result<Vec<Edit>, String> {
        let start = span.start as usize;
        // Options come last.
        let is_first = text::indent(model.text(), start).is_some();
        let between = if is_first {
            format!(",{}{}", text::line_end(model.text()), text::line_indent(model.text(), start))
        } else {
            ", ".to_owned()
        };
        Ok(vec![Edit::insert(&model.path, start, format!("{}{between}", items.join(&between)))])
    };
    match module.kind(value) {
        ExprKind::Object(_) => {
            let span = module.expr(value).span;
            let end = span.end as usize;
            Ok(vec![
                Edit::insert(&model.path, span.start as usize, format!("({}, ", items.join(", "))),
                Edit::insert(&model.path, end, ")"),
            ])
        }
        ExprKind::Tuple(known) | ExprKind::List(known) => match known.last() {
            Some(&last) if matches!(module.kind(last), ExprKind::Object(_)) => options(module.expr(last).span),
            Some(&last) if matches!(module.kind(last), ExprKind::Spread(_)) => Err(unclear(model)),
            _ => model.push(value, items),
        },
        _ => Err(unclear(model)),
    }
}

fn unclear(model: &ModelClass<'_>) -> String {
    format!("{}: its `{ARGUMENTS}` are not written as a tuple", model.path)
}

/// `__table_args__` of its own, below the table's name or above the first column.
fn new_arguments(site: &FixContext<'_>, model: &ModelClass<'_>, is_child: bool, items: &[String]) -> Result<Vec<Edit>, String> {
    if inherits(site, model) {
        return Err(format!("{}: a parent of the model gives its `{ARGUMENTS}`, or may", model.path));
    }
    let end = text::line_end(model.text());
    let write = |indent: &str| {
        let step = text::step(text::line_indent(model.text(), model.definition().span.start as usize), indent);
        match items {
            [one] => format!("{indent}{ARGUMENTS} = ({one},)"),
            several => {
                let lines: Vec<String> = several.iter().map(|item| format!("{end}{indent}{step}{item},")).collect();
                format!("{indent}{ARGUMENTS} = ({}{end}{indent})", lines.concat())
            }
        }
    };
    if let Some((stmt, _)) = ModelClass::attribute(model.module, model.class, "__tablename__") {
        let indent = model.indent(stmt)?;
        return Ok(vec![Edit::insert(
            &model.path,
            model.after(stmt),
            format!("{end}{}", write(indent)),
        )]);
    }
    // A class without a table of its own shares one with its parent.
    if is_child {
        return Err(format!("{}: its class is a kind of another one, whose table it shares", model.path));
    }
    let is_field = |stmt: &&StmtId| matches!(model.module.stmt(**stmt).kind, StmtKind::Assign { .. });
    let first = *model
        .definition()
        .body
        .iter()
        .find(is_field)
        .ok_or("its model has no field of its own")?;
    let indent = model.indent(first)?;
    let at = text::line_start(model.text(), model.module.stmt(first).span.start as usize);
    Ok(vec![Edit::insert(&model.path, at, format!("{}{end}{end}", write(indent)))])
}

/// Whether an ancestor of the project has arguments for its children, or the class makes its own in a method.
fn inherits(site: &FixContext<'_>, model: &ModelClass<'_>) -> bool {
    let eval = Evaluator::new(&site.project.code);
    eval.lineage(model.file, model.class).into_iter().any(|(file, class)| {
        let module: &Module = site.project.code.module(file);
        let is_set = ModelClass::attribute(module, class, ARGUMENTS).is_some();
        let is_method = |function: &crate::ir::Function| {
            function.class == Some(class) && function.name.is_some_and(|name| module.str(name) == ARGUMENTS)
        };
        is_set || module.functions.iter().any(is_method)
    })
}
