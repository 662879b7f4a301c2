//! Django: an index in the `Meta` of a model.

use super::Wish;
use super::class_model::{ModelClass, has_fields};
use crate::advice::index::declare_index;
use crate::fix::edits::Edit;
use crate::fix::imports::{self, WantedImport};
use crate::fix::site::FixContext;
use crate::fix::text;
use crate::ir::{Class, ClassId, Module, StmtId, StmtKind};
use crate::libraries::shared::value::{FileId, Value};
use crate::project::eval::Evaluator;

/// Edits that declare the indexes of one model.
pub fn edits(site: &FixContext<'_>, wishes: &[Wish<'_>]) -> Result<Vec<Edit>, String> {
    let Some(first) = wishes.first() else { return Ok(Vec::new()) };
    let model = ModelClass::of(site, first)?;
    if !wishes.iter().all(has_fields) {
        return Err("a column of it is not a field of its model".to_owned());
    }
    let (prefix, mut edits) = names(&model, wishes)?;
    let items = items(wishes, prefix)?;
    let more = match model.inner("Meta") {
        None => new_meta(site, &model, &items)?,
        Some(meta) => match ModelClass::attribute(model.module, meta, "indexes") {
            Some((_, list)) => model.push(list, &items)?,
            None => new_list(site, &model, meta, &items)?,
        },
    };
    edits.extend(more);
    Ok(edits)
}

/// The declarations as code; `prefix` stands before the names of Django's models.
pub fn items(wishes: &[Wish<'_>], prefix: &str) -> Result<Vec<String>, String> {
    let item = |wish: &Wish<'_>| declare_index(wish.table, &wish.index()).map(|text| text.replace("models.", prefix));
    let items: Option<Vec<String>> = wishes.iter().map(item).collect();
    items.ok_or_else(|| "it cannot be declared".to_owned())
}

/// How the file calls what an index needs, with the imports for it.
fn names(model: &ModelClass<'_>, wishes: &[Wish<'_>]) -> Result<(&'static str, Vec<Edit>), String> {
    let module = model.module;
    let has_models = imports::of_file(module, model.text())
        .any(|import| module.str(import.local) == "models" && module.str(import.module).starts_with("django.") && import.name.is_some());
    if has_models {
        return Ok(("models.", Vec::new()));
    }
    let needs = [("Index", true), ("Q", wishes.iter().any(|wish| !wish.lack.only.is_empty()))];
    let mut edits = Vec::new();
    for (name, _) in needs.into_iter().filter(|(_, is_needed)| *is_needed) {
        let wanted = WantedImport {
            from: Some("django.db.models"),
            name,
        };
        edits.extend(imports::add(module, (&model.path, model.text()), wanted)?);
    }
    Ok(("", edits))
}

/// A list in a `Meta` without one.
fn new_list(site: &FixContext<'_>, model: &ModelClass<'_>, meta: ClassId, items: &[String]) -> Result<Vec<Edit>, String> {
    let inherits = !model.module.class(meta).bases.is_empty();
    if inherits && inherited(site, model, has_indexes) != Some(false) {
        return Err(format!("{}: the `Meta` that its own one extends may have indexes", model.path));
    }
    let last = *model.module.class(meta).body.last().ok_or("its `Meta` is empty")?;
    let indent = model.indent(last)?;
    let outer = text::line_indent(model.text(), model.module.class(meta).span.start as usize);
    let text = list(items, indent, text::step(outer, indent), text::line_end(model.text()));
    Ok(vec![Edit::insert(&model.path, model.after(last), text)])
}

/// A `Meta` with the list, after the fields. It takes the place of one that an abstract model gives, and so goes on from that.
fn new_meta(site: &FixContext<'_>, model: &ModelClass<'_>, items: &[String]) -> Result<Vec<Edit>, String> {
    let may_have = |why: &str| format!("{}: the `Meta` that its model takes from another one {why}", model.path);
    let parent = match inherited(site, model, |_, _| true) {
        None => return Err(may_have("is not known")),
        Some(false) => String::new(),
        Some(true) if inherited(site, model, has_indexes) == Some(false) => {
            let giving = giving(site, model).ok_or_else(|| may_have("is not that of a class that the file names"))?;
            format!("({giving}.Meta)")
        }
        Some(true) => return Err(may_have("has indexes, too")),
    };
    let body = &model.definition().body;
    let is_field = |stmt: &&StmtId| matches!(model.module.stmt(**stmt).kind, StmtKind::Assign { .. });
    let last = *body.iter().rev().find(is_field).ok_or("its model has no field of its own")?;
    let indent = model.indent(last)?;
    let end = text::line_end(model.text());
    let outer = text::line_indent(model.text(), model.definition().span.start as usize);
    let step = text::step(outer, indent);
    let list = list(items, &format!("{indent}{step}"), step, end);
    let text = format!("{end}{end}{indent}class Meta{parent}:{list}");
    Ok(vec![Edit::insert(&model.path, model.after(last), text)])
}

fn has_indexes(module: &Module, meta: ClassId) -> bool {
    ModelClass::attribute(module, meta, "indexes").is_some()
}

/// The base of a model that has the `Meta` which holds for it, as the file calls it.
fn giving(site: &FixContext<'_>, model: &ModelClass<'_>) -> Option<String> {
    let eval = Evaluator::new(&site.project.code);
    let has_meta = |&(file, class): &(FileId, ClassId)| {
        let module = site.project.code.module(file);
        let is_meta = |inner: &Class| inner.outer == Some(class) && inner.name.is_some_and(|name| module.str(name) == "Meta");
        module.classes.iter().any(is_meta)
    };
    let bases = model.definition().bases.iter().filter(|base| base.name.is_none());
    let mut names = bases.filter_map(|base| match eval.value(model.file, base.value) {
        Value::Class(file, class) if eval.lineage(file, class).iter().any(has_meta) => model.module.dotted(base.value),
        _ => None,
    });
    names.next()
}

fn list(items: &[String], indent: &str, step: &str, end: &str) -> String {
    let lines: Vec<String> = items.iter().map(|item| format!("{end}{indent}{step}{item},")).collect();
    format!("{end}{indent}indexes = [{}{end}{indent}]", lines.concat())
}

/// Whether an ancestor's `Meta` is so; `None` where an ancestor is not known.
fn inherited(site: &FixContext<'_>, model: &ModelClass<'_>, is_so: fn(&Module, ClassId) -> bool) -> Option<bool> {
    let eval = Evaluator::new(&site.project.code);
    let lineage = eval.lineage(model.file, model.class);
    let mut is_known = true;
    for &(file, class) in &lineage {
        let module = site.project.code.module(file);
        for base in module.class(class).bases.iter().filter(|base| base.name.is_none()) {
            let name = module.dotted(base.value).unwrap_or_default();
            let last = name.rsplit('.').next().unwrap_or_default();
            let is_own = lineage.iter().any(|&(file, class)| {
                let module = site.project.code.module(file);
                module.class(class).name.is_some_and(|own| module.str(own) == last)
            });
            is_known &= is_own || matches!(name.as_str(), "models.Model" | "Model" | "object");
        }
        if (file, class) == (model.file, model.class) {
            continue;
        }
        let metas = module
            .class_ids()
            .filter(|(_, inner)| inner.outer == Some(class) && inner.name.is_some_and(|own| module.str(own) == "Meta"));
        for (meta, _) in metas {
            if is_so(module, meta) {
                return Some(true);
            }
        }
    }
    is_known.then_some(false)
}
