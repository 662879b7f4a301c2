//! What Django's models and migrations write in the same words: fields with the indexes that Django makes for them,
//! indexes, constraints.

use super::custom_fields::{self, Settled};
use crate::ir::{Arg, Call, ExprId, ExprKind, Module};
use crate::libraries::shared::declared::Consts;
use crate::libraries::shared::value::{FileId, Value};
use crate::source::Span;
use crate::statement::{ColumnDef, Constraint, IndexDef, IndexKey, Loading, ModelDef, RelationDef};

/// Reads the fields that models and migrations of one file declare.
pub(crate) struct FieldReader<'c, 'r> {
    /// Constant texts and names.
    pub consts: &'c Consts<'r>,
    /// File that is read.
    pub file: FileId,
    /// Its path.
    pub path: &'c str,
}

/// The app that a file belongs to: the folder of `models.py`, or of the folder `models`.
pub fn app_label(path: &str) -> &str {
    let mut folders: Vec<&str> = path.split('/').collect();
    folders.pop();
    while folders.last().is_some_and(|folder| matches!(*folder, "models" | "model" | "db")) && folders.len() > 1 {
        folders.pop();
    }
    folders.last().copied().unwrap_or("app")
}

impl<'r> FieldReader<'_, 'r> {
    pub(crate) fn module(&self) -> &'r Module {
        self.consts.resolver.module(self.file)
    }

    pub(crate) fn at(&self, file: FileId) -> FieldReader<'_, 'r> {
        FieldReader {
            consts: self.consts,
            file,
            path: self.path,
        }
    }

    pub(crate) fn text(&self, expr: ExprId) -> Option<String> {
        self.consts.text(self.file, expr)
    }

    pub(crate) fn is_true(&self, expr: Option<ExprId>) -> bool {
        matches!(expr.map(|expr| self.module().kind(expr)), Some(ExprKind::Bool(true)))
    }

    pub(crate) fn field(&self, name: &str, value: ExprId, span: Span, model: &mut ModelDef) {
        let module = self.module();
        let Some(call) = module.call(value) else { return };
        let Some(written) = call.method() else { return };
        let known = model
            .table
            .columns
            .iter()
            .any(|column| column.field.as_deref().unwrap_or(&column.name) == name)
            || model.relations.iter().any(|relation| relation.name == name);
        if known {
            return;
        }
        // A field of the project's is what the library's is that it extends: `Single(models.OneToOneField)`.
        let settled = custom_fields::settled(self.consts.resolver, self.file, &call);
        let kind = settled.base.as_deref().unwrap_or(written);
        match kind {
            "GenericForeignKey" | "GenericRelation" | "TaggableManager" => {}
            _ if kind.ends_with("ForeignKey") || kind.ends_with("OneToOneField") || kind == "ParentalKey" || kind == "TreeForeignKey" => {
                self.reference(name, &call, (kind, &settled), span, model);
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
            _ if kind.ends_with("Field") => {
                let column = self.column(name, &call, (kind, &settled), span);
                model.table.columns.push(column);
            }
            _ => {}
        }
    }

    fn column(&self, name: &str, call: &Call, (kind, settled): (&str, &Settled), span: Span) -> ColumnDef {
        let column = call
            .keyword("db_column")
            .and_then(|expr| self.text(expr))
            .unwrap_or_else(|| name.to_owned());
        let is_on = |option: &str| settled.option(option) == Some(true);
        ColumnDef {
            field: (column != name).then(|| name.to_owned()),
            name: column,
            data_type: data_type(kind),
            nullable: is_on("null"),
            primary: is_on("primary_key"),
            unique: is_on("unique"),
            indexed: settled.option("db_index").unwrap_or(kind == "SlugField"),
            span,
            ..ColumnDef::default()
        }
    }

    pub(crate) fn related_name(&self, call: &Call) -> Option<String> {
        call.keyword("related_name").and_then(|expr| self.text(expr))
    }

    /// The model that a relation leads to, without its app.
    pub(crate) fn target(&self, call: &Call, model: &ModelDef) -> Option<String> {
        let expr = call.keyword("to").or_else(|| call.arg(0))?;
        let module = self.module();
        if let Some(text) = self.text(expr) {
            return Some(match text.as_str() {
                "self" => model.name.clone(),
                _ => text.rsplit('.').next().unwrap_or(&text).to_owned(),
            });
        }
        match module.kind(expr) {
            ExprKind::Attr { name, .. } if module.str(*name) == "AUTH_USER_MODEL" => Some(self.users()),
            ExprKind::Name(_) if self.is_user_model(expr) => Some(self.users()),
            ExprKind::Name(name) | ExprKind::Attr { name, .. } => Some(module.str(*name).to_owned()),
            ExprKind::Call { .. } => Some(self.users()),
            _ => None,
        }
    }

    /// The name of the users' model.
    fn users(&self) -> String {
        let resolver = self.consts.resolver;
        let name = resolver.user_model().and_then(|(at, class)| {
            let module = resolver.module(at);
            Some(module.str(module.class(class).name?).to_owned())
        });
        name.unwrap_or_else(|| "User".to_owned())
    }

    /// `User = get_user_model()`, which a field then leads to.
    fn is_user_model(&self, expr: ExprId) -> bool {
        let resolver = self.consts.resolver;
        let held = resolver.user_model().map(|(at, class)| Value::Class(at, class));
        held.is_some_and(|held| resolver.value(self.file, expr) == held)
    }

    fn reference(&self, name: &str, call: &Call, (kind, settled): (&str, &Settled), span: Span, model: &mut ModelDef) {
        let one = kind.ends_with("OneToOneField");
        let Some(target) = self.target(call, model) else { return };
        let mut column = self.column(name, call, (kind, settled), span);
        if column.field.is_none() {
            column.name = format!("{name}_id");
            column.field = Some(name.to_owned());
        }
        "bigint".clone_into(&mut column.data_type);
        column.unique |= one;
        // Django indexes foreign keys unless it is told not to.
        column.indexed = settled.option("db_index").unwrap_or(true);
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

    /// `("a", "b")` or `[("a", "b"), …]`.
    pub(crate) fn groups(&self, expr: ExprId) -> Vec<(Vec<String>, Span)> {
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

    pub(crate) fn declared_index(&self, expr: ExprId, model: &mut ModelDef) {
        let module = self.module();
        let Some(call) = module.call(expr) else { return };
        let Some(kind) = call.method() else { return };
        let span = module.expr(expr).span;
        let name = call.keyword("name").and_then(|expr| self.text(expr)).map(|name| {
            name.replace("%(class)s", &model.name.to_lowercase())
                .replace("%(app_label)s", app_label(self.path))
        });
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
            (Some(method), None | Some(_), Some(argument)) if self.function_of(method, argument).is_some() => IndexKey {
                column: self.function_of(method, argument).unwrap_or_default(),
                expression: true,
                descending: false,
            },
            (method, _, _) => IndexKey {
                column: format!("{}(…)", method.unwrap_or("expression")),
                expression: true,
                descending: false,
            },
        }
    }

    /// `upper(email)` of `Upper("email")`, `Upper(F("email"))`.
    fn function_of(&self, method: &str, argument: ExprId) -> Option<String> {
        let module = self.module();
        let inner = module.call(argument).filter(|call| call.method() == Some("F"));
        let name = module
            .string(argument)
            .or_else(|| inner.and_then(|call| module.string(call.arg(0)?)))?;
        Some(format!("{}({name})", method.to_lowercase()))
    }

    /// `Q(a__isnull=False, b=True)` in SQL's words; anything else is only known to be there.
    fn condition(&self, expr: ExprId) -> String {
        let module = self.module();
        let Some(call) = module.call(expr) else { return "?".to_owned() };
        let parts: Option<Vec<String>> = call.args.iter().map(|arg| self.comparison(arg)).collect();
        parts
            .filter(|parts| !parts.is_empty())
            .map_or("?".to_owned(), |parts| parts.join(" AND "))
    }

    fn comparison(&self, arg: &Arg) -> Option<String> {
        let module = self.module();
        // Migrations write `Q(("a__isnull", False))`.
        let (name, value) = match (arg.name, module.kind(arg.value)) {
            (Some(name), _) => (module.str(name), arg.value),
            (None, ExprKind::Tuple(pair)) => match pair.as_ref() {
                [name, value] => (module.string(*name)?, *value),
                _ => return None,
            },
            _ => return None,
        };
        match (name.strip_suffix("__isnull"), module.kind(value)) {
            (Some(field), ExprKind::Bool(false)) => Some(format!("{field} IS NOT NULL")),
            (Some(field), ExprKind::Bool(true)) => Some(format!("{field} IS NULL")),
            (None, ExprKind::Bool(value)) => Some(format!("{name} = {value}")),
            (None, _) => self.text(value).map(|text| format!("{name} = '{text}'")),
            _ => None,
        }
    }
}

pub(crate) fn index(name: Option<String>, fields: Vec<String>, method: Option<String>, span: Span) -> IndexDef {
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
