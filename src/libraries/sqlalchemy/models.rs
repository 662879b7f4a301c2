//! `SQLAlchemy` models: declarative classes of 1.x and 2.0, `Table()`, `SQLModel`, Flask-SQLAlchemy.

use crate::budget::{self, Limit};
use crate::ir::{Call, ClassId, ExprId, ExprKind, FunctionId, Module, StmtKind, TemplatePart};
use crate::libraries::shared::declared::{self, Consts, Declared, Tool, imports};
use crate::libraries::shared::query::Resolver;
use crate::libraries::shared::value::{FileId, Value};
use crate::libraries::sqlalchemy::columns::{Parts, is_column, sql_type};
use crate::source::Span;
use crate::statement::{ColumnDef, Dialect, Loading, ModelDef, RelationDef, TableDef};

/// Reads the models of a file.
pub fn declared(resolver: &dyn Resolver, file: FileId) -> Option<Declared> {
    let module = resolver.module(file);
    let consts = Consts::new(resolver);
    let sqlmodel = imports(module, "sqlmodel");
    let mut declared = Declared {
        tool: Some(if sqlmodel { Tool::SqlModel } else { Tool::SqlAlchemy }),
        dialect: dialect(module),
        ..Declared::default()
    };
    for (class, _) in module.class_ids() {
        declared.models.extend(model(&consts, file, class));
    }
    if imports(module, "sqlalchemy") || sqlmodel || module.imports.iter().any(|import| module.str(import.local) == "db") {
        tables(&consts, file, &mut declared);
        loose_indexes(&consts, file, &mut declared);
    }
    Some(declared)
}

fn dialect(module: &Module) -> Dialect {
    if imports(module, "sqlalchemy.dialects.postgresql") || imports(module, "pgvector") {
        Dialect::Postgres
    } else if imports(module, "sqlalchemy.dialects.mysql") {
        Dialect::MySql
    } else if imports(module, "sqlalchemy.dialects.sqlite") {
        Dialect::Sqlite
    } else if module.imports.iter().any(|import| {
        module.str(import.module) == "sqlalchemy.dialects" && import.name.is_some_and(|name| module.str(name) == "postgresql")
    }) {
        Dialect::Postgres
    } else {
        Dialect::Generic
    }
}

/// A class with those it inherits columns from, itself first.
struct Lineage {
    classes: Vec<(FileId, ClassId)>,
    /// The nearest ancestor that has a table of its own.
    parent: Option<(FileId, ClassId)>,
    /// A base is not known: there can be more columns.
    open: bool,
}

/// The lineage of a class; `model` is where the model that asks for it stands.
fn lineage(resolver: &dyn Resolver, file: FileId, class: ClassId, model: Span) -> Lineage {
    let mut lineage = Lineage {
        classes: vec![(file, class)],
        parent: None,
        open: false,
    };
    let mut at = 0;
    while let Some(&(file, class)) = lineage.classes.get(at) {
        at += 1;
        let module = resolver.module(file);
        for base in module.class(class).bases.iter().filter(|base| base.name.is_none()) {
            let expr = match module.kind(base.value) {
                ExprKind::Index { base, .. } => *base,
                _ => base.value,
            };
            match resolver.value(file, expr) {
                Value::Class(base_file, base) => {
                    if has_table(resolver.module(base_file), base) {
                        lineage.parent.get_or_insert((base_file, base));
                    } else {
                        declared::add_base(&mut lineage.classes, (base_file, base), model);
                    }
                }
                Value::External(name) => lineage.open |= !is_plain_base(&name),
                _ => lineage.open |= !matches!(last_name(module, expr), Some("Base" | "Model" | "SQLModel" | "DeclarativeBase")),
            }
        }
    }
    lineage
}

fn last_name(module: &Module, expr: ExprId) -> Option<&str> {
    match module.kind(expr) {
        ExprKind::Name(name) | ExprKind::Attr { name, .. } => Some(module.str(*name)),
        _ => None,
    }
}

/// Library bases that bring no columns.
fn is_plain_base(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or(name);
    matches!(
        last,
        "DeclarativeBase"
            | "DeclarativeBaseNoMeta"
            | "MappedAsDataclass"
            | "AsyncAttrs"
            | "Base"
            | "Model"
            | "SQLModel"
            | "Generic"
            | "ABC"
            | "object"
            | "declarative_base"
            | "UserMixin"
            | "Protocol"
            | "BaseModel"
            | "str"
            | "Enum"
    )
}

/// Whether a class sets a table of its own.
fn has_table(module: &Module, class: ClassId) -> bool {
    let definition = module.class(class);
    let flag = definition
        .bases
        .iter()
        .any(|base| base.name.is_some_and(|name| module.str(name) == "table") && matches!(module.kind(base.value), ExprKind::Bool(true)));
    let is_abstract = definition.body.iter().any(|&stmt| {
        assigned(module, stmt).is_some_and(|(name, value)| {
            name == "__abstract__" && matches!(value.map(|value| module.kind(value)), Some(ExprKind::Bool(true)))
        })
    });
    let named = definition
        .body
        .iter()
        .any(|&stmt| assigned(module, stmt).is_some_and(|(name, value)| value.is_some() && matches!(name, "__tablename__" | "__table__")));
    (flag || named) && !is_abstract
}

/// Name and value of a field's statement.
fn assigned(module: &Module, stmt: crate::ir::StmtId) -> Option<(&str, Option<ExprId>)> {
    match &module.stmt(stmt).kind {
        StmtKind::Assign { target, value, .. } => Some((module.name(*target)?, *value)),
        _ => None,
    }
}

fn model(consts: &Consts, file: FileId, class: ClassId) -> Option<ModelDef> {
    let resolver = consts.resolver;
    let module = resolver.module(file);
    let definition = module.class(class);
    let name = module.str(definition.name?).to_owned();
    let own_table = has_table(module, class);
    if !own_table && !could_be_model(module, class) {
        return None;
    }
    let lineage = lineage(resolver, file, class, definition.name_span);
    if definition
        .body
        .iter()
        .any(|&stmt| matches!(assigned(module, stmt), Some(("__abstract__", Some(_)))))
    {
        return None;
    }
    let table_name = if own_table {
        table_name(consts, &lineage, &name)?
    } else if let Some((parent_file, parent)) = lineage.parent {
        // Single-table inheritance: the columns go to the ancestor's table.
        let parent_module = resolver.module(parent_file);
        let parent_name = parent_module.str(parent_module.class(parent).name?).to_owned();
        table_name(
            consts,
            &self::lineage(resolver, parent_file, parent, definition.name_span),
            &parent_name,
        )?
    } else if resolver.model_library(file, class) == Some("sqlalchemy")
        && lineage
            .classes
            .iter()
            .any(|&(file, class)| columns_of(resolver.module(file), class))
    {
        // Flask-SQLAlchemy names tables by itself; elsewhere a mixin or a base of the project does.
        table_name(consts, &lineage, &name).or_else(|| is_flask(resolver, file, class).then(|| snake(&name)))?
    } else {
        return None;
    };
    let mut model = ModelDef {
        name,
        ..ModelDef::default()
    };
    model.table = TableDef {
        name: table_name,
        span: definition.name_span,
        open: lineage.open,
        ..TableDef::default()
    };
    let inherited = own_table || lineage.parent.is_none();
    let sources = if inherited {
        lineage.classes.as_slice()
    } else {
        &lineage.classes[..1]
    };
    for (depth, &(file, class)) in sources.iter().enumerate() {
        fields(&Parts { consts, file }, class, &mut model);
        arguments(&Parts { consts, file }, class, &mut model, depth);
    }
    Some(model)
}

fn could_be_model(module: &Module, class: ClassId) -> bool {
    !module.class(class).bases.is_empty()
        && (columns_of(module, class)
            || imports(module, "sqlalchemy")
            || imports(module, "sqlmodel")
            || module.imports.iter().any(|import| module.str(import.local) == "db"))
}

fn columns_of(module: &Module, class: ClassId) -> bool {
    module.class(class).body.iter().any(|&stmt| {
        assigned(module, stmt)
            .and_then(|(_, value)| module.call(value?))
            .and_then(|call| call.method())
            .is_some_and(|method| is_column(method) || method == "relationship")
    })
}

fn is_flask(resolver: &dyn Resolver, file: FileId, class: ClassId) -> bool {
    resolver
        .ancestors(file, class)
        .iter()
        .any(|name| name.ends_with("db.Model") || name.contains("flask_sqlalchemy"))
}

/// The table's name: a constant, or what a `declared_attr` makes of the class's name.
fn table_name(consts: &Consts, lineage: &Lineage, class_name: &str) -> Option<String> {
    let mut schema = None;
    let mut name = None;
    for &(file, class) in &lineage.classes {
        let module = consts.resolver.module(file);
        for &stmt in &module.class(class).body {
            match assigned(module, stmt) {
                Some(("__tablename__", Some(value))) if name.is_none() => name = consts.text(file, value),
                Some(("__table__", Some(value))) if name.is_none() => {
                    name = module
                        .call(value)
                        .and_then(|call| call.arg(0))
                        .and_then(|expr| consts.text(file, expr));
                }
                Some(("__table_args__", Some(value))) if schema.is_none() => schema = schema_of(consts, file, value),
                _ => {}
            }
            if let StmtKind::Function(function) = module.stmt(stmt).kind
                && name.is_none()
                && module.function(function).name.is_some_and(|sym| module.str(sym) == "__tablename__")
            {
                name = computed_name(module, function, class_name);
            }
        }
    }
    let sqlmodel = || {
        let module = consts.resolver.module(lineage.classes.first()?.0);
        imports(module, "sqlmodel").then(|| class_name.to_lowercase())
    };
    let name = name.or_else(sqlmodel)?;
    Some(schema.map_or(name.clone(), |schema| format!("{schema}.{name}")))
}

fn schema_of(consts: &Consts, file: FileId, expr: ExprId) -> Option<String> {
    let module = consts.resolver.module(file);
    let object = match module.kind(expr) {
        ExprKind::Tuple(items) | ExprKind::List(items) => *items.last()?,
        _ => expr,
    };
    consts.text(file, module.entry(object, "schema")?)
}

fn computed_name(module: &Module, function: FunctionId, class_name: &str) -> Option<String> {
    let value = module
        .function(function)
        .body
        .iter()
        .find_map(|&stmt| match module.stmt(stmt).kind {
            StmtKind::Return(value) => value,
            _ => None,
        })?;
    name_expr(module, value, class_name, 8)
}

/// `cls.__name__.lower() + "s"` and its like.
fn name_expr(module: &Module, expr: ExprId, class_name: &str, depth: u32) -> Option<String> {
    if depth == 0 {
        return None;
    }
    match module.kind(expr) {
        ExprKind::Str(text) => Some(module.str(*text).to_owned()),
        ExprKind::Attr { name, .. } if module.str(*name) == "__name__" => Some(class_name.to_owned()),
        ExprKind::Binary { left, right, .. } => {
            Some(name_expr(module, *left, class_name, depth - 1)? + &name_expr(module, *right, class_name, depth - 1)?)
        }
        ExprKind::Template(parts) => parts
            .iter()
            .map(|part| match part {
                TemplatePart::Text(text) => Some(module.str(*text).to_owned()),
                TemplatePart::Hole(hole) => name_expr(module, *hole, class_name, depth - 1),
            })
            .collect(),
        ExprKind::Call { .. } => {
            let call = module.call(expr)?;
            match (call.method(), call.receiver()) {
                (Some("lower"), Some(receiver)) => name_expr(module, receiver, class_name, depth - 1).map(|name| name.to_lowercase()),
                // A helper of the project, or a regular expression: nearly always snake case.
                _ => call
                    .args
                    .iter()
                    .find_map(|arg| name_expr(module, arg.value, class_name, depth - 1).filter(|name| name == class_name))
                    .map(|name| snake(&name)),
            }
        }
        _ => None,
    }
}

fn snake(name: &str) -> String {
    let chars: Vec<char> = name.chars().collect();
    let mut out = String::new();
    for (at, c) in chars.iter().enumerate() {
        let after_small = at > 0 && (chars[at - 1].is_lowercase() || chars[at - 1].is_ascii_digit());
        let before_small = at > 0 && chars[at - 1].is_uppercase() && chars.get(at + 1).is_some_and(|next| next.is_lowercase());
        if c.is_uppercase() && (after_small || before_small) {
            out.push('_');
        }
        out.extend(c.to_lowercase());
    }
    out
}

fn fields(parts: &Parts, class: ClassId, model: &mut ModelDef) {
    let module = parts.module();
    let is_sqlmodel = imports(module, "sqlmodel");
    for &stmt in &module.class(class).body {
        match &module.stmt(stmt).kind {
            StmtKind::Assign {
                target, value, annotation, ..
            } => {
                let Some(name) = module.name(*target) else { continue };
                let span = module.stmt(stmt).span;
                field(parts, name, *value, *annotation, span, is_sqlmodel, model);
            }
            StmtKind::Function(function) => attribute_function(parts, *function, model),
            _ => {}
        }
    }
}

/// `@declared_attr def user_id(cls): return Column(…)`.
fn attribute_function(parts: &Parts, function: FunctionId, model: &mut ModelDef) {
    let module = parts.module();
    let definition = module.function(function);
    let declared = definition
        .decorators
        .iter()
        .any(|&decorator| last_name(module, decorator).is_some_and(|name| matches!(name, "declared_attr" | "directive" | "cascading")));
    let Some(name) = definition
        .name
        .map(|name| module.str(name))
        .filter(|name| declared && !name.starts_with("__"))
    else {
        return;
    };
    let returned = definition.body.iter().find_map(|&stmt| match module.stmt(stmt).kind {
        StmtKind::Return(value) => value,
        _ => None,
    });
    field(parts, name, returned, None, definition.span, false, model);
}

fn field(
    parts: &Parts,
    name: &str,
    value: Option<ExprId>,
    annotation: Option<ExprId>,
    span: crate::source::Span,
    is_sqlmodel: bool,
    model: &mut ModelDef,
) {
    let module = parts.module();
    let known = model
        .table
        .columns
        .iter()
        .any(|column| column.field.as_deref().unwrap_or(&column.name) == name)
        || model.relations.iter().any(|relation| relation.name == name);
    if known || name.starts_with("__") || name == "model_config" || name == "metadata" {
        return;
    }
    let call = value.and_then(|value| module.call(value));
    let column = |call: &Call| {
        let mut column = parts.column(call, Some(name))?;
        column.span = span;
        if let Some(annotation) = annotation {
            annotate(parts, annotation, &mut column, call.keyword("nullable").is_none());
        }
        Some(column)
    };
    match call.as_ref().and_then(Call::method) {
        Some(method) if is_column(method) => model.table.columns.extend(call.as_ref().and_then(column)),
        Some("deferred" | "column_property") => {
            let inner = call
                .as_ref()
                .and_then(|call| call.arg(0))
                .and_then(|expr| module.call(expr))
                .filter(|inner| inner.method().is_some_and(is_column));
            model.table.columns.extend(inner.as_ref().and_then(column));
        }
        Some("relationship" | "Relationship" | "dynamic_loader") => model
            .relations
            .extend(call.as_ref().and_then(|call| relation(parts, name, call, annotation, span))),
        Some("Field") if is_sqlmodel => model
            .table
            .columns
            .extend(call.as_ref().and_then(|call| sqlmodel_field(parts, name, call, annotation, span))),
        Some("association_proxy" | "hybrid_property" | "synonym" | "composite" | "query_expression") => {}
        _ => {
            let Some(annotation) = annotation else { return };
            let mapped = is_mapped(module, annotation);
            if mapped || is_sqlmodel && value.is_none_or(|value| module.call(value).is_none()) && !is_class_var(module, annotation) {
                let mut column = ColumnDef {
                    name: name.to_owned(),
                    nullable: false,
                    span,
                    ..ColumnDef::default()
                };
                annotate(parts, annotation, &mut column, true);
                model.table.columns.push(column);
            }
        }
    }
}

fn is_class_var(module: &Module, annotation: ExprId) -> bool {
    matches!(module.kind(annotation), ExprKind::Index { base, .. } if last_name(module, *base) == Some("ClassVar"))
}

fn is_mapped(module: &Module, annotation: ExprId) -> bool {
    matches!(module.kind(annotation), ExprKind::Index { base, .. } if matches!(last_name(module, *base), Some("Mapped" | "DynamicMapped" | "WriteOnlyMapped")))
}

/// What is inside `Mapped[…]`, `Optional[…]`, `… | None`; whether it can be None.
fn inner_type(module: &Module, annotation: ExprId, depth: u32) -> (ExprId, bool) {
    if depth == 0 {
        return (annotation, false);
    }
    match module.kind(annotation) {
        ExprKind::Index { base, index } => match last_name(module, *base) {
            Some("Mapped" | "DynamicMapped" | "WriteOnlyMapped" | "Annotated") => {
                let first = match module.kind(*index) {
                    ExprKind::Tuple(items) => items.first().copied().unwrap_or(*index),
                    _ => *index,
                };
                inner_type(module, first, depth - 1)
            }
            Some("Optional") => (inner_type(module, *index, depth - 1).0, true),
            Some("Union") => match module.kind(*index) {
                ExprKind::Tuple(items) => (
                    items.first().map_or(*index, |&item| inner_type(module, item, depth - 1).0),
                    items.iter().any(|&item| is_none(module, item)),
                ),
                _ => (*index, false),
            },
            _ => (annotation, false),
        },
        ExprKind::Binary { left, right, .. } => {
            let (some, none) = if is_none(module, *left) {
                (*right, true)
            } else {
                (*left, is_none(module, *right))
            };
            (inner_type(module, some, depth - 1).0, none)
        }
        _ => (annotation, false),
    }
}

fn is_none(module: &Module, expr: ExprId) -> bool {
    matches!(module.kind(expr), ExprKind::Null)
}

/// Takes type, nullability and what `Annotated` aliases hold from an annotation.
fn annotate(parts: &Parts, annotation: ExprId, column: &mut ColumnDef, nullability: bool) {
    let module = parts.module();
    let (inner, optional) = inner_type(module, annotation, 6);
    if nullability && !column.primary {
        column.nullable = optional;
    }
    if let Some((file, call)) = alias_column(parts, inner).or_else(|| alias_column(parts, annotation)) {
        let there = Parts {
            consts: parts.consts,
            file,
        };
        if let Some(found) = there.module().call(call).and_then(|call| there.column(&call, Some(&column.name))) {
            column.primary |= found.primary;
            column.unique |= found.unique;
            column.indexed |= found.indexed;
            column.references = column.references.take().or(found.references);
            if column.data_type.is_empty() {
                column.data_type = found.data_type;
            }
        }
    }
    if column.data_type.is_empty() {
        column.data_type = last_name(module, inner).map(sql_type).unwrap_or_default();
    }
}

/// The `mapped_column(…)` inside an `Annotated[…]`, also behind a name.
fn alias_column(parts: &Parts, annotation: ExprId) -> Option<(FileId, ExprId)> {
    let (file, definition) = match parts.module().kind(annotation) {
        ExprKind::Name(_) | ExprKind::Attr { .. } => parts.consts.resolver.definition(parts.file, annotation)?,
        _ => (parts.file, annotation),
    };
    let module = parts.consts.resolver.module(file);
    let mut at = vec![definition];
    for _ in 0..12 {
        let expr = at.pop()?;
        if module.call(expr).and_then(|call| call.method()).is_some_and(is_column) {
            return Some((file, expr));
        }
        if let ExprKind::Index { .. } | ExprKind::Tuple(_) = module.kind(expr) {
            at.extend(module.children(expr));
        }
    }
    None
}

fn sqlmodel_field(parts: &Parts, name: &str, call: &Call, annotation: Option<ExprId>, span: crate::source::Span) -> Option<ColumnDef> {
    let module = parts.module();
    if let Some(inner) = call.keyword("sa_column").and_then(|expr| module.call(expr)) {
        let mut column = parts.column(&inner, Some(name))?;
        column.span = span;
        return Some(column);
    }
    let mut column = parts.column(call, Some(name)).unwrap_or_default();
    name.clone_into(&mut column.name);
    column.field = None;
    column.span = span;
    column.data_type.clear();
    if let Some(target) = call.keyword("foreign_key").and_then(|expr| parts.text(expr)) {
        let (table, there) = target
            .rsplit_once('.')
            .map_or((target.as_str(), None), |(table, there)| (table, Some(there.to_owned())));
        column.references = Some((table.to_owned(), there));
    }
    if let Some(kind) = call.keyword("sa_type") {
        column.data_type = last_name(module, kind).map(sql_type).unwrap_or_default();
    }
    if let Some(annotation) = annotation {
        annotate(parts, annotation, &mut column, call.keyword("nullable").is_none());
    }
    Some(column)
}

fn loading(parts: &Parts, value: Option<ExprId>) -> Loading {
    let Some(value) = value else { return Loading::Lazy };
    let module = parts.module();
    match module.kind(value) {
        ExprKind::Bool(false) => Loading::Eager,
        _ => match parts.text(value).as_deref() {
            Some("joined" | "selectin" | "subquery") => Loading::Eager,
            Some("dynamic" | "write_only") => Loading::Query,
            Some("raise" | "raise_on_sql" | "noload") => Loading::Explicit,
            _ => Loading::Lazy,
        },
    }
}

fn relation(parts: &Parts, name: &str, call: &Call, annotation: Option<ExprId>, span: crate::source::Span) -> Option<RelationDef> {
    let module = parts.module();
    let kwargs = call.keyword("sa_relationship_kwargs");
    let option = |key: &str| call.keyword(key).or_else(|| kwargs.and_then(|kwargs| module.entry(kwargs, key)));
    let inner = annotation.map(|annotation| inner_type(module, annotation, 6).0);
    let (element, collection) = inner.map_or((None, None), |inner| collection_of(module, inner));
    let target = call
        .arg(0)
        .or_else(|| call.keyword("argument"))
        .and_then(|expr| target_name(parts, expr))
        .or_else(|| element.and_then(|expr| target_name(parts, expr)))?;
    let uselist = match option("uselist").map(|expr| module.kind(expr)) {
        Some(ExprKind::Bool(value)) => Some(*value),
        _ => None,
    };
    let secondary = option("secondary").is_some() || call.keyword("link_model").is_some();
    let typed = annotation.is_some() && element.is_some();
    let to_many = uselist.or(collection.filter(|_| typed)).unwrap_or(secondary);
    let decided = uselist.is_some() || typed || secondary;
    let mut relation = RelationDef {
        name: name.to_owned(),
        target,
        to_many,
        loading: loading(parts, option("lazy")),
        fields: option("foreign_keys").map(|expr| parts.names(expr)).unwrap_or_default(),
        span,
        undecided: !decided,
        ..RelationDef::default()
    };
    if call.method() == Some("dynamic_loader") {
        relation.loading = Loading::Query;
    }
    if annotation.is_some_and(|annotation| matches!(module.kind(annotation), ExprKind::Index { base, .. } if matches!(last_name(module, *base), Some("DynamicMapped" | "WriteOnlyMapped")))) {
        relation.loading = Loading::Query;
    }
    if let Some(inverse) = option("back_populates") {
        relation.inverse = parts.text(inverse);
    } else if let Some(inverse) = option("backref") {
        let own = module.call(inverse).and_then(|call| call.arg(0)).unwrap_or(inverse);
        relation.inverse = parts.text(own);
        relation.makes_inverse = Some(!relation.to_many || secondary);
    }
    Some(relation)
}

/// The element of `list[X]`, and whether it is a collection.
fn collection_of(module: &Module, inner: ExprId) -> (Option<ExprId>, Option<bool>) {
    match module.kind(inner) {
        ExprKind::Index { base, index } => match last_name(module, *base) {
            Some("list" | "List" | "set" | "Set" | "Sequence" | "Collection" | "Iterable" | "AppenderQuery" | "tuple") => {
                (Some(*index), Some(true))
            }
            Some("dict" | "Dict") => match module.kind(*index) {
                ExprKind::Tuple(items) => (items.last().copied(), Some(true)),
                _ => (Some(*index), Some(true)),
            },
            _ => (None, None),
        },
        ExprKind::Name(_) | ExprKind::Attr { .. } | ExprKind::Str(_) => (Some(inner), Some(false)),
        _ => (None, None),
    }
}

fn target_name(parts: &Parts, expr: ExprId) -> Option<String> {
    let module = parts.module();
    match module.kind(expr) {
        ExprKind::Str(text) => {
            let text = module.str(*text);
            let inner = text.rsplit('[').next().unwrap_or(text).trim_end_matches(']');
            Some(
                inner
                    .split('|')
                    .next()
                    .unwrap_or(inner)
                    .trim()
                    .rsplit('.')
                    .next()
                    .unwrap_or(inner)
                    .trim_matches(['"', '\''])
                    .to_owned(),
            )
        }
        ExprKind::Name(name) | ExprKind::Attr { name, .. } => Some(module.str(*name).to_owned()),
        ExprKind::Lambda(function) => module
            .function(*function)
            .body
            .iter()
            .find_map(|&stmt| match module.stmt(stmt).kind {
                StmtKind::Return(Some(value)) => last_name(module, value).map(str::to_owned),
                _ => None,
            }),
        ExprKind::Index { index, .. } => target_name(parts, *index),
        _ => None,
    }
}

/// `__table_args__`, as a value or as a method.
fn arguments(parts: &Parts, class: ClassId, model: &mut ModelDef, depth: usize) {
    let module = parts.module();
    for &stmt in &module.class(class).body {
        let value = match &module.stmt(stmt).kind {
            StmtKind::Function(function)
                if module
                    .function(*function)
                    .name
                    .is_some_and(|name| module.str(name) == "__table_args__") =>
            {
                module
                    .function(*function)
                    .body
                    .iter()
                    .find_map(|&stmt| match module.stmt(stmt).kind {
                        StmtKind::Return(value) => value,
                        _ => None,
                    })
            }
            _ => assigned(module, stmt)
                .filter(|(name, _)| matches!(*name, "__table_args__" | "__table__"))
                .and_then(|(_, value)| value),
        };
        // The nearest class's arguments replace those of its bases.
        let Some(value) = value.filter(|_| depth == 0 || model.table.indexes.is_empty()) else {
            continue;
        };
        let mut queue = vec![value];
        let mut steps = 0;
        while let Some(expr) = queue.pop() {
            steps += 1;
            if steps > Limit::Indexes.count() {
                budget::tell(Limit::Indexes, module.expr(expr).span.start);
                break;
            }
            match module.kind(expr) {
                ExprKind::Tuple(items) | ExprKind::List(items) => queue.extend(items.iter().rev()),
                ExprKind::Binary { left, right, .. } => queue.extend([*right, *left]),
                ExprKind::Spread(inner) => queue.push(*inner),
                ExprKind::Call { .. } if module.call(expr).and_then(|call| call.method()) == Some("Table") => {
                    queue.extend(
                        module
                            .call(expr)
                            .into_iter()
                            .flat_map(|call| call.args.iter().filter(|arg| arg.name.is_none()).skip(2).map(|arg| arg.value)),
                    );
                }
                ExprKind::Call { .. } => parts.element(expr, &mut model.table),
                _ => {}
            }
        }
    }
}

/// `users = Table("users", metadata, Column(…), …)`.
fn tables(consts: &Consts, file: FileId, declared: &mut Declared) {
    let module = consts.resolver.module(file);
    let parts = Parts { consts, file };
    for expr in module.call_ids() {
        let Some(call) = module
            .call(expr)
            .filter(|call| call.method() == Some("Table") && module.owner(expr) == FunctionId::MODULE)
        else {
            continue;
        };
        let Some(name) = call.arg(0).and_then(|expr| parts.text(expr)) else {
            continue;
        };
        let schema = call.keyword("schema").and_then(|expr| parts.text(expr));
        let in_class = declared
            .models
            .iter()
            .any(|model| model.table.span.start != 0 && is_table_of_class(module, expr));
        if in_class {
            continue;
        }
        let full = schema.map_or(name.clone(), |schema| format!("{schema}.{name}"));
        let variable = module.expr(expr).parent;
        let variable = match variable {
            crate::ir::Parent::Stmt(stmt) => assigned(module, stmt).map(|(name, _)| name.to_owned()),
            _ => None,
        };
        let mut table = TableDef {
            name: full,
            span: module.expr(expr).span,
            open: call.keyword("autoload_with").is_some() || call.keyword("autoload").is_some(),
            ..TableDef::default()
        };
        for arg in call.args.iter().filter(|arg| arg.name.is_none()).skip(2) {
            parts.element(arg.value, &mut table);
        }
        if table.columns.is_empty() && !table.open {
            continue;
        }
        declared.models.push(ModelDef {
            name: variable.unwrap_or(name),
            table,
            ..ModelDef::default()
        });
    }
}

fn is_table_of_class(module: &Module, expr: ExprId) -> bool {
    match module.expr(expr).parent {
        crate::ir::Parent::Stmt(stmt) => matches!(module.stmt(stmt).parent, crate::ir::Parent::Class(_)),
        _ => false,
    }
}

/// `Index("ix", User.email)` after the class.
fn loose_indexes(consts: &Consts, file: FileId, declared: &mut Declared) {
    let module = consts.resolver.module(file);
    let parts = Parts { consts, file };
    for &stmt in &module.function(FunctionId::MODULE).body {
        let expr = match module.stmt(stmt).kind {
            StmtKind::Expr(expr) => Some(expr),
            StmtKind::Assign { value, .. } => value,
            _ => None,
        };
        let Some(call) = expr
            .and_then(|expr| module.call(expr))
            .filter(|call| call.method() == Some("Index"))
        else {
            continue;
        };
        let keys: Vec<ExprId> = call
            .args
            .iter()
            .filter(|arg| arg.name.is_none())
            .skip(1)
            .map(|arg| arg.value)
            .collect();
        let Some(owner) = keys.iter().find_map(|&key| owner_name(module, key)) else {
            continue;
        };
        let name = call.arg(0).and_then(|expr| parts.text(expr));
        if let Some(model) = declared.models.iter_mut().find(|model| model.name == owner) {
            let index = parts.index(&call, name, keys);
            model.table.indexes.push(index);
        }
    }
}

/// `User` of `User.email`, `users.c.email`, `func.lower(User.email)`, `User.at.desc()`.
fn owner_name(module: &Module, expr: ExprId) -> Option<&str> {
    let mut at = expr;
    for _ in 0..8 {
        at = match module.kind(at) {
            ExprKind::Attr { base, name } if module.name(*base).is_some() && !module.str(*name).is_empty() => return module.name(*base),
            ExprKind::Attr { base, .. } => *base,
            ExprKind::Call { callee, args, .. } => match module.kind(*callee) {
                ExprKind::Attr { base, .. } if args.is_empty() => *base,
                _ => args.first()?.value,
            },
            _ => return None,
        };
    }
    None
}
