//! Django models: fields with the indexes that Django makes for them, `Meta`, abstract bases.

use crate::ir::{ClassId, ExprId, ExprKind, StmtId, StmtKind};
use crate::libraries::django::fields::{FieldReader, app_label, index};
use crate::libraries::shared::declared::{self, Consts, Declared, imports};
use crate::libraries::shared::query::Resolver;
use crate::libraries::shared::value::{FileId, Value};
use crate::source::Span;
use crate::statement::{ColumnDef, Constraint, ModelDef, TableDef};

/// Reads the models of a file.
pub fn declared(resolver: &dyn Resolver, file: FileId, path: &str) -> Option<Declared> {
    let module = resolver.module(file);
    if path.contains("/migrations/") || !(path.contains("models") || imports(module, "django")) {
        return None;
    }
    let consts = Consts::new(resolver);
    let mut declared = Declared {
        tool: Some(super::TOOL),
        ..Declared::default()
    };
    for (class, _) in module.class_ids() {
        if resolver.model_library(file, class) == Some(super::TOOL) && is_table(resolver, file, class) {
            declared.models.extend(
                FieldReader {
                    consts: &consts,
                    file,
                    path,
                }
                .model(class),
            );
        }
    }
    Some(declared)
}

/// Managers, querysets, fields and functions derive from Django's classes too.
fn is_table(resolver: &dyn Resolver, file: FileId, class: ClassId) -> bool {
    let ancestors = resolver.ancestors(file, class);
    let is_model = |name: &str| matches!(name, "django.db.models.Model" | "models.Model" | "django.db.models.base.Model");
    let is_other = |name: &str| {
        let last = name.rsplit('.').next().unwrap_or(name);
        let by_name = ["Manager", "QuerySet", "Field", "Admin", "Form", "Lookup"]
            .iter()
            .any(|end| last.ends_with(end));
        by_name || name.starts_with("django.db.models.") && !is_model(name)
    };
    ancestors.iter().any(|name| is_model(name)) || !ancestors.iter().any(|name| is_other(name))
}

impl<'r> FieldReader<'_, 'r> {
    fn assigned(&self, stmt: StmtId) -> Option<(&'r str, ExprId)> {
        let module = self.module();
        match &module.stmt(stmt).kind {
            StmtKind::Assign {
                target,
                value: Some(value),
                ..
            } => Some((module.name(*target)?, *value)),
            _ => None,
        }
    }

    /// The nested class `Meta`.
    fn meta(&self, class: ClassId) -> Option<ClassId> {
        let module = self.module();
        module.class(class).body.iter().find_map(|&stmt| match module.stmt(stmt).kind {
            StmtKind::Class(inner) if module.class(inner).name.is_some_and(|name| module.str(name) == "Meta") => Some(inner),
            _ => None,
        })
    }

    fn option(&self, class: ClassId, wanted: &str) -> Option<ExprId> {
        let meta = self.meta(class)?;
        self.module()
            .class(meta)
            .body
            .iter()
            .find_map(|&stmt| self.assigned(stmt).filter(|(name, _)| *name == wanted).map(|(_, value)| value))
    }

    fn is_abstract(&self, class: ClassId) -> bool {
        self.is_true(self.option(class, "abstract"))
    }

    fn model(&self, class: ClassId) -> Option<ModelDef> {
        let module = self.module();
        let definition = module.class(class);
        if self.is_abstract(class) || self.is_true(self.option(class, "proxy")) || definition.outer.is_some() {
            return None;
        }
        let name = module.str(definition.name?).to_owned();
        let label = self
            .option(class, "app_label")
            .and_then(|expr| self.text(expr))
            .unwrap_or_else(|| app_label(self.path).to_owned());
        let table_name = self
            .option(class, "db_table")
            .and_then(|expr| self.text(expr))
            .unwrap_or_else(|| format!("{label}_{}", name.to_lowercase()));
        let table_name = table_name.replace(['"', '`'], "");
        let mut model = ModelDef {
            name,
            ..ModelDef::default()
        };
        model.table = TableDef {
            name: table_name,
            span: definition.name_span,
            ..TableDef::default()
        };
        let lineage = self.lineage(class, &mut model);
        for &(file, class) in &lineage {
            let there = self.at(file);
            let before = model.count();
            for &stmt in &there.module().class(class).body {
                let Some((name, value)) = there.assigned(stmt) else { continue };
                there.field(name, value, there.module().stmt(stmt).span, &mut model);
            }
            if file != self.file {
                model.place_since(before);
            }
        }
        let meta = lineage.iter().find(|(file, class)| self.at(*file).meta(*class).is_some());
        if let Some(&(file, class)) = meta {
            let before = model.count();
            self.at(file).meta_options(class, &mut model);
            if file != self.file {
                model.place_since(before);
            }
        }
        add_primary_key(&mut model);
        Some(model)
    }

    /// The class and the abstract bases that give it fields; a concrete base gives it a pointer.
    fn lineage(&self, class: ClassId, model: &mut ModelDef) -> Vec<(FileId, ClassId)> {
        let mut list = vec![(self.file, class)];
        let mut at = 0;
        while let Some(&(file, class)) = list.get(at) {
            at += 1;
            let there = self.at(file);
            let module = there.module();
            for base in module.class(class).bases.iter().filter(|base| base.name.is_none()) {
                match self.consts.resolver.value(file, base.value) {
                    Value::Class(base_file, base_class) => {
                        let holder = self.at(base_file);
                        let is_model = self.consts.resolver.model_library(base_file, base_class) == Some(super::TOOL);
                        if is_model && !holder.is_abstract(base_class) {
                            let base_name = holder
                                .module()
                                .class(base_class)
                                .name
                                .map(|name| holder.module().str(name).to_owned())
                                .unwrap_or_default();
                            if !model.table.columns.iter().any(|column| column.primary) && base_name != model.name {
                                model.table.columns.push(pointer(&base_name, model.table.span));
                            }
                        } else {
                            declared::add_base(&mut list, (base_file, base_class), model.table.span);
                        }
                    }
                    Value::External(name) if !matches!(name.as_ref(), "django.db.models.Model" | "models.Model" | "builtins.object") => {
                        model.table.open = true;
                    }
                    Value::External(_) => {}
                    _ => model.table.open = true,
                }
            }
        }
        list
    }

    fn meta_options(&self, class: ClassId, model: &mut ModelDef) {
        if let Some(expr) = self.option(class, "ordering") {
            for text in self.consts.texts(self.file, expr).unwrap_or_default() {
                model
                    .ordering
                    .push((text.trim_start_matches('-').to_owned(), text.starts_with('-')));
            }
        }
        for (option, unique) in [("unique_together", true), ("index_together", false)] {
            let Some(expr) = self.option(class, option) else { continue };
            for (fields, span) in self.groups(expr) {
                if unique {
                    model.table.constraints.push((Constraint::Unique(None, fields), span));
                } else {
                    model.table.indexes.push(index(None, fields, None, span));
                }
            }
        }
        for option in ["indexes", "constraints"] {
            let Some((file, items)) = self.option(class, option).and_then(|expr| self.consts.items(self.file, expr)) else {
                continue;
            };
            let there = self.at(file);
            for item in items {
                match there.module().kind(item) {
                    ExprKind::Spread(_) => model.table.open = true,
                    _ => there.declared_index(item, model),
                }
            }
        }
    }
}

fn pointer(base: &str, span: Span) -> ColumnDef {
    let field = format!("{}_ptr", base.to_lowercase());
    ColumnDef {
        name: format!("{field}_id"),
        field: Some(field),
        data_type: "bigint".to_owned(),
        primary: true,
        references: Some((base.to_owned(), None)),
        span,
        ..ColumnDef::default()
    }
}

fn add_primary_key(model: &mut ModelDef) {
    if model.table.columns.iter().any(|column| column.primary) {
        return;
    }
    let id = ColumnDef {
        name: "id".to_owned(),
        data_type: "bigint".to_owned(),
        primary: true,
        span: model.table.span,
        ..ColumnDef::default()
    };
    model.table.columns.insert(0, id);
}
/// Whether a class with bases declares fields of Django's models, whatever library its base comes from.
pub(super) fn has_fields(resolver: &dyn Resolver, file: FileId, class: ClassId, _ancestors: &[String]) -> bool {
    let module = resolver.module(file);
    let definition = module.class(class);
    if definition.bases.is_empty() {
        return false;
    }
    definition.body.iter().any(|&stmt| {
        let StmtKind::Assign { value: Some(value), .. } = &module.stmt(stmt).kind else {
            return false;
        };
        let Some(call) = module.call(*value) else { return false };
        let is_field = call
            .method()
            .is_some_and(|name| name.ends_with("Field") || matches!(name, "ForeignKey"));
        is_field
            && resolver
                .value(file, call.callee)
                .library_name()
                .is_some_and(|name| name.starts_with("django.db.models."))
    })
}
