//! Django models: fields with the indexes that Django makes for them, `Meta`, abstract bases.

use crate::ir::{Call, ClassId, ExprId, ExprKind, Module, StmtId, StmtKind};
use crate::libraries::ddl::{Consts, Declared, Tool, imports};
use crate::libraries::value::{FileId, Resolver, Value};
use crate::source::Span;
use crate::statement::{ColumnDef, Constraint, IndexDef, IndexKey, Loading, ModelDef, RelationDef, TableDef};

/// Base classes of one class that are followed.
const MAX_BASES: usize = 40;

/// Reads the models of a file.
pub fn declared(resolver: &dyn Resolver, file: FileId, path: &str) -> Option<Declared> {
    let module = resolver.module(file);
    if path.contains("/migrations/") || !(path.contains("models") || imports(module, "django")) {
        return None;
    }
    let consts = Consts::new(resolver);
    let mut declared = Declared {
        tool: Some(Tool::Django),
        ..Declared::default()
    };
    for (class, _) in module.class_ids() {
        if resolver.model_library(file, class) == Some("django") {
            declared.models.extend(
                Reader {
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

struct Reader<'c, 'r> {
    consts: &'c Consts<'r>,
    file: FileId,
    path: &'c str,
}

/// The app that a file belongs to: the folder of `models.py`, or of the folder `models`.
fn app_label(path: &str) -> &str {
    let mut folders: Vec<&str> = path.split('/').collect();
    folders.pop();
    while folders.last().is_some_and(|folder| matches!(*folder, "models" | "model" | "db")) && folders.len() > 1 {
        folders.pop();
    }
    folders.last().copied().unwrap_or("app")
}

impl<'r> Reader<'_, 'r> {
    fn module(&self) -> &'r Module {
        self.consts.resolver.module(self.file)
    }

    fn at(&self, file: FileId) -> Reader<'_, 'r> {
        Reader {
            consts: self.consts,
            file,
            path: self.path,
        }
    }

    fn text(&self, expr: ExprId) -> Option<String> {
        self.consts.text(self.file, expr)
    }

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

    fn is_true(&self, expr: Option<ExprId>) -> bool {
        matches!(expr.map(|expr| self.module().kind(expr)), Some(ExprKind::Bool(true)))
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
            for &stmt in &there.module().class(class).body {
                let Some((name, value)) = there.assigned(stmt) else { continue };
                there.field(name, value, there.module().stmt(stmt).span, &mut model);
            }
        }
        let meta = lineage.iter().find(|(file, class)| self.at(*file).meta(*class).is_some());
        if let Some(&(file, class)) = meta {
            self.at(file).meta_options(class, &mut model);
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
                        let is_model = self.consts.resolver.model_library(base_file, base_class) == Some("django");
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
                        } else if !list.contains(&(base_file, base_class)) && list.len() < MAX_BASES {
                            list.push((base_file, base_class));
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

    fn field(&self, name: &str, value: ExprId, span: Span, model: &mut ModelDef) {
        let module = self.module();
        let Some(call) = module.call(value) else { return };
        let Some(kind) = call.method() else { return };
        let known = model
            .table
            .columns
            .iter()
            .any(|column| column.field.as_deref().unwrap_or(&column.name) == name)
            || model.relations.iter().any(|relation| relation.name == name);
        if known {
            return;
        }
        match kind {
            _ if kind.ends_with("ForeignKey") || kind.ends_with("OneToOneField") || kind == "ParentalKey" || kind == "TreeForeignKey" => {
                self.reference(name, &call, kind, span, model);
            }
            _ if kind.ends_with("ManyToManyField") => {
                let Some(target) = self.target(&call, model) else { return };
                let related = self.related_name(&call);
                model.relations.push(RelationDef {
                    name: name.to_owned(),
                    target,
                    to_many: true,
                    loading: Loading::Query,
                    makes_inverse: related.as_deref().is_none_or(|related| !related.ends_with('+')).then_some(true),
                    inverse: Some(related.unwrap_or_else(|| format!("{}_set", model.name.to_lowercase()))),
                    span,
                    ..RelationDef::default()
                });
            }
            "GenericForeignKey" | "GenericRelation" | "TaggableManager" => {}
            _ if kind.ends_with("Field") => {
                let column = self.column(name, &call, kind, span);
                model.table.columns.push(column);
            }
            _ => {}
        }
    }

    fn column(&self, name: &str, call: &Call, kind: &str, span: Span) -> ColumnDef {
        let column = call
            .keyword("db_column")
            .and_then(|expr| self.text(expr))
            .unwrap_or_else(|| name.to_owned());
        let indexed = match call.keyword("db_index") {
            Some(_) => self.is_true(call.keyword("db_index")),
            None => kind == "SlugField",
        };
        ColumnDef {
            field: (column != name).then(|| name.to_owned()),
            name: column,
            data_type: data_type(kind),
            nullable: self.is_true(call.keyword("null")),
            primary: self.is_true(call.keyword("primary_key")),
            unique: self.is_true(call.keyword("unique")),
            indexed,
            span,
            ..ColumnDef::default()
        }
    }

    fn related_name(&self, call: &Call) -> Option<String> {
        call.keyword("related_name").and_then(|expr| self.text(expr))
    }

    /// The model that a relation leads to, without its app.
    fn target(&self, call: &Call, model: &ModelDef) -> Option<String> {
        let expr = call.keyword("to").or_else(|| call.arg(0))?;
        let module = self.module();
        if let Some(text) = self.text(expr) {
            return Some(match text.as_str() {
                "self" => model.name.clone(),
                _ => text.rsplit('.').next().unwrap_or(&text).to_owned(),
            });
        }
        match module.kind(expr) {
            ExprKind::Attr { name, .. } if module.str(*name) == "AUTH_USER_MODEL" => Some("User".to_owned()),
            ExprKind::Name(name) | ExprKind::Attr { name, .. } => Some(module.str(*name).to_owned()),
            ExprKind::Call { .. } => Some("User".to_owned()),
            _ => None,
        }
    }

    fn reference(&self, name: &str, call: &Call, kind: &str, span: Span, model: &mut ModelDef) {
        let one = kind.ends_with("OneToOneField");
        let Some(target) = self.target(call, model) else { return };
        let mut column = self.column(name, call, kind, span);
        if column.field.is_none() {
            column.name = format!("{name}_id");
            column.field = Some(name.to_owned());
        }
        "bigint".clone_into(&mut column.data_type);
        column.unique |= one;
        // Django indexes foreign keys unless it is told not to.
        column.indexed = call.keyword("db_index").is_none() || self.is_true(call.keyword("db_index"));
        if !matches!(
            call.keyword("db_constraint").map(|expr| self.module().kind(expr)),
            Some(ExprKind::Bool(false))
        ) {
            column.references = Some((target.clone(), None));
        }
        let related = self.related_name(call).map(|name| {
            name.replace("%(class)s", &model.name.to_lowercase())
                .replace("%(app_label)s", app_label(self.path))
        });
        let hidden = related.as_deref().is_some_and(|related| related.ends_with('+'));
        let default = if one {
            model.name.to_lowercase()
        } else {
            format!("{}_set", model.name.to_lowercase())
        };
        model.relations.push(RelationDef {
            name: name.to_owned(),
            target,
            loading: Loading::Lazy,
            fields: vec![column.name.clone()],
            inverse: Some(related.unwrap_or(default)),
            makes_inverse: (!hidden).then_some(!one),
            span,
            ..RelationDef::default()
        });
        model.table.columns.push(column);
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

    /// `("a", "b")` or `[("a", "b"), …]`.
    fn groups(&self, expr: ExprId) -> Vec<(Vec<String>, Span)> {
        let span = self.module().expr(expr).span;
        if let Some(fields) = self.consts.texts(self.file, expr) {
            return vec![(fields, span)];
        }
        let Some((file, items)) = self.consts.items(self.file, expr) else {
            return Vec::new();
        };
        let module = self.consts.resolver.module(file);
        items
            .into_iter()
            .filter_map(|item| Some((self.consts.texts(file, item)?, module.expr(item).span)))
            .collect()
    }

    fn declared_index(&self, expr: ExprId, model: &mut ModelDef) {
        let module = self.module();
        let Some(call) = module.call(expr) else { return };
        let Some(kind) = call.method() else { return };
        let span = module.expr(expr).span;
        let name = call.keyword("name").and_then(|expr| self.text(expr));
        let predicate = call.keyword("condition").map(|expr| self.condition(expr));
        let fields = call
            .keyword("fields")
            .and_then(|expr| self.consts.texts(self.file, expr))
            .unwrap_or_default();
        let expressions = call.args.iter().filter(|arg| arg.name.is_none()).count();
        match kind {
            "UniqueConstraint" if predicate.is_none() && expressions == 0 => {
                model.table.constraints.push((Constraint::Unique(name, fields), span));
            }
            "UniqueConstraint" | "Index" | "BTreeIndex" | "GinIndex" | "GistIndex" | "BrinIndex" | "HashIndex" | "SpGistIndex"
            | "BloomIndex" | "HnswIndex" => {
                let method = kind
                    .strip_suffix("Index")
                    .filter(|method| !method.is_empty() && *method != "BTree" && kind != "UniqueConstraint")
                    .map(str::to_lowercase);
                let mut index = index(name, fields, method, span);
                index.unique = kind == "UniqueConstraint";
                index.predicate = predicate;
                index.include = call
                    .keyword("include")
                    .and_then(|expr| self.consts.texts(self.file, expr))
                    .unwrap_or_default();
                for arg in call.args.iter().filter(|arg| arg.name.is_none()) {
                    index.keys.push(self.expression_key(arg.value));
                }
                model.table.indexes.push(index);
            }
            _ => {}
        }
    }

    /// `F("a").desc()`, `"a"`, `Lower("a")`.
    fn expression_key(&self, expr: ExprId) -> IndexKey {
        let module = self.module();
        if let Some(text) = self.module().string(expr) {
            return IndexKey {
                column: text.trim_start_matches('-').to_owned(),
                expression: false,
                descending: text.starts_with('-'),
            };
        }
        let Some(call) = module.call(expr) else {
            return IndexKey {
                column: "…".to_owned(),
                expression: true,
                descending: false,
            };
        };
        match (call.method(), call.receiver(), call.arg(0)) {
            (Some("desc"), Some(receiver), _) => IndexKey {
                descending: true,
                ..self.expression_key(receiver)
            },
            (Some("asc"), Some(receiver), _) => self.expression_key(receiver),
            (Some("F" | "OrderBy" | "OpClass"), _, Some(argument)) => self.expression_key(argument),
            (method, _, _) => IndexKey {
                column: format!("{}(…)", method.unwrap_or("expression")),
                expression: true,
                descending: false,
            },
        }
    }

    /// `Q(a__isnull=False)` in SQL's words; anything else is only known to be there.
    fn condition(&self, expr: ExprId) -> String {
        let module = self.module();
        let Some(call) = module.call(expr) else { return "?".to_owned() };
        match call.args {
            [only] => {
                let Some(name) = only.name.map(|name| module.str(name)) else {
                    return "?".to_owned();
                };
                match (name.strip_suffix("__isnull"), module.kind(only.value)) {
                    (Some(field), ExprKind::Bool(false)) => format!("{field} IS NOT NULL"),
                    (Some(field), ExprKind::Bool(true)) => format!("{field} IS NULL"),
                    (None, ExprKind::Bool(value)) => format!("{name} = {value}"),
                    (None, _) => self.text(only.value).map_or("?".to_owned(), |text| format!("{name} = '{text}'")),
                    _ => "?".to_owned(),
                }
            }
            _ => "?".to_owned(),
        }
    }
}

fn index(name: Option<String>, fields: Vec<String>, method: Option<String>, span: Span) -> IndexDef {
    let keys = fields.into_iter().map(|field| IndexKey {
        column: field.trim_start_matches('-').to_owned(),
        expression: false,
        descending: field.starts_with('-'),
    });
    IndexDef {
        name,
        keys: keys.collect(),
        method,
        span,
        ..IndexDef::default()
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

fn data_type(kind: &str) -> String {
    match kind {
        "CharField" | "SlugField" | "EmailField" | "URLField" | "FilePathField" | "FileField" | "ImageField" => "varchar",
        "TextField" => "text",
        "BooleanField" | "NullBooleanField" => "boolean",
        "IntegerField" | "PositiveIntegerField" | "AutoField" => "integer",
        "SmallIntegerField" | "PositiveSmallIntegerField" => "smallint",
        "BigIntegerField" | "BigAutoField" | "PositiveBigIntegerField" => "bigint",
        "DateTimeField" => "timestamp",
        "DateField" => "date",
        "JSONField" => "jsonb",
        "UUIDField" => "uuid",
        "BinaryField" => "bytea",
        "DecimalField" => "decimal",
        "FloatField" => "float",
        other => return other.trim_end_matches("Field").to_lowercase(),
    }
    .to_owned()
}
