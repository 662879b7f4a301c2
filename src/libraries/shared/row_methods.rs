//! Methods that a framework calls once for each row: GraphQL field resolvers, serializer methods, admin columns.

use crate::ir::{ClassId, ExprId, ExprKind, FunctionId, Language, Module, Param, StmtKind, Sym};
use crate::libraries::shared::query::Resolver;
use crate::libraries::shared::value::FileId;
use crate::vocabulary::List;

/// What calls a method once a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowMethod {
    /// A resolver of a GraphQL type's field: asked for each object of the type.
    GraphQlField,
    /// A method of a serializer: asked for each object of a list.
    Serializer,
    /// A column of an admin list.
    AdminColumn,
    /// A hook of an import: asked for each line of the file.
    ImportRow,
}

impl RowMethod {
    /// As findings and lists write it.
    pub fn words(self) -> &'static str {
        match self {
            RowMethod::GraphQlField => "the GraphQL field resolver",
            RowMethod::Serializer => "the serializer method",
            RowMethod::AdminColumn => "the admin list column",
            RowMethod::ImportRow => "the import's row hook",
        }
    }
}

/// Whether a framework calls a function once a row, and which kind it is.
pub fn row_method(resolver: &dyn Resolver, file: FileId, function: FunctionId) -> Option<RowMethod> {
    let module = resolver.module(file);
    let definition = module.function(function);
    let name = definition.name.map(|name| module.str(name))?;
    let class = definition.class?;
    if has_decorator(module, function, &["ResolveField", "FieldResolver"]) {
        return (looks_at_decorated(module, function) != Some(false)).then_some(RowMethod::GraphQlField);
    }
    if module.language != Language::Python || is_root_type(module, class) {
        return None;
    }
    let ancestors = || resolver.ancestors(file, class);
    let inherits = |library: &str| ancestors().iter().any(|ancestor| ancestor.contains(library));
    if name.starts_with("resolve_") && definition.params.len() >= 2 && (inherits("graphene") || inherits("ObjectType")) {
        return reads_object(module, function).then_some(RowMethod::GraphQlField);
    }
    if has_decorator(module, function, &["field"]) && has_class_decorator(module, class, "strawberry") {
        return Some(RowMethod::GraphQlField);
    }
    let is_serializer = || {
        ancestors()
            .iter()
            .any(|ancestor| ancestor.starts_with("rest_framework") || ancestor.ends_with("Serializer"))
    };
    if (name == "to_representation" || name.starts_with("get_") && is_method_field(module, class, name)) && is_serializer() {
        return Some(RowMethod::Serializer);
    }
    if is_import_hook(name) && inherits("import_export") {
        return Some(RowMethod::ImportRow);
    }
    if in_list_display(module, class, name) && inherits("ModelAdmin") {
        return Some(RowMethod::AdminColumn);
    }
    None
}

/// Whether a resolver of a type's field is asked for each row: the type is none that an answer has only one of, and the resolver looks
/// at the object it is asked for.
pub fn is_row_field(resolver: &dyn Resolver, on: &str, (file, function): (FileId, FunctionId)) -> bool {
    let module = resolver.module(file);
    if module.language != Language::TypeScript || is_single_type(on) {
        return false;
    }
    let params = &module.function(function).params;
    if let Some(looks) = looks_at_decorated(module, function) {
        return looks;
    }
    // Pothos puts the selection that its Prisma plugin asks for before the object.
    let is_selection = |name: Sym| matches!(module.str(name), "query" | "_query");
    let at = usize::from(params.first().and_then(|param| param.name).is_some_and(is_selection));
    match params.get(at) {
        Some(object) => object.pattern.is_some() || object.name.is_some_and(|name| reads_name(module, function, name)),
        None => false,
    }
}

/// Whether a resolver looks at its object, where decorators say what each parameter is given (`NestJS`, type-graphql); `None` where they do
/// not tell. One that does not take its object gives the same for all of them: such fields stand on objects of which an answer has one, as
/// those that lead to what somebody may administrate, or to the row that an argument names.
fn looks_at_decorated(module: &Module, function: FunctionId) -> Option<bool> {
    let params = &module.function(function).params;
    params.iter().find(|param| param.decorator.is_some())?;
    let is_object = |param: &&Param| {
        let name = param.decorator.map(|name| module.str(name));
        matches!(name, Some("Parent" | "Root" | "Source"))
    };
    let reads = |param: &Param| param.pattern.is_some() || param.name.is_some_and(|name| reads_name(module, function, name));
    Some(params.iter().find(is_object).is_some_and(reads))
}

/// Types of which an answer has one, or one for each list: the roots, what a mutation gives back, pages of a list.
fn is_single_type(name: &str) -> bool {
    List::SingleTypes.has(name)
}

fn reads_name(module: &Module, function: FunctionId, name: Sym) -> bool {
    let (first, end) = module.function(function).exprs;
    (first.0..end.0).any(|id| matches!(module.kind(ExprId(id)), ExprKind::Name(read) if *read == name))
}

/// Whether a resolver looks at the object it is asked for. One that does not is a field of a type that there is one of:
/// shop, viewer, settings.
fn reads_object(module: &Module, function: FunctionId) -> bool {
    let definition = module.function(function);
    let params = definition.params.iter().filter_map(|param| param.name);
    let Some(object) = params.into_iter().next() else { return true };
    module
        .expr_ids()
        .any(|(_, expr)| definition.span.encloses(expr.span) && matches!(expr.kind, ExprKind::Name(name) if name == object))
}

/// Hooks of django-import-export that run for each line.
fn is_import_hook(name: &str) -> bool {
    matches!(
        name,
        "before_import_row"
            | "after_import_row"
            | "import_row"
            | "import_obj"
            | "skip_row"
            | "get_instance"
            | "before_save_instance"
            | "after_save_instance"
            | "import_field"
    ) || name.starts_with("dehydrate_")
}

/// Fields of the root types are asked once a request.
fn is_root_type(module: &Module, class: ClassId) -> bool {
    let name = module.class(class).name.map_or("", |name| module.str(name));
    List::RootTypes.has(name)
}

fn has_decorator(module: &Module, function: FunctionId, names: &[&str]) -> bool {
    module.function(function).decorators.iter().any(|&decorator| {
        let callee = match module.kind(decorator) {
            ExprKind::Call { callee, .. } => *callee,
            _ => decorator,
        };
        match module.kind(callee) {
            ExprKind::Name(name) | ExprKind::Attr { name, .. } => names.contains(&module.str(*name)),
            _ => false,
        }
    })
}

fn has_class_decorator(module: &Module, class: ClassId, library: &str) -> bool {
    module.class(class).decorators.iter().any(|&decorator| {
        let callee = match module.kind(decorator) {
            ExprKind::Call { callee, .. } => *callee,
            _ => decorator,
        };
        module.dotted(callee).is_some_and(|name| name.starts_with(library))
    })
}

/// Whether a serializer writes out what a method gives: a queryset is run by that.
pub fn is_shown_field(resolver: &dyn Resolver, file: FileId, function: FunctionId) -> bool {
    let module = resolver.module(file);
    let name = module.function(function).name.map_or("", |name| module.str(name));
    let is_field = || row_method(resolver, file, function) == Some(RowMethod::Serializer);
    name.starts_with("get_") && module.mentions(&["SerializerMethodField"]) && is_field()
}

/// `total = SerializerMethodField()` with `get_total`.
fn is_method_field(module: &Module, class: ClassId, method: &str) -> bool {
    module.mentions(&["SerializerMethodField"])
        && assigned(module, class).any(|(name, value)| {
            let is_field = module.call(value).and_then(|call| call.method()) == Some("SerializerMethodField");
            is_field && method.strip_prefix("get_") == Some(name)
        })
}

fn in_list_display(module: &Module, class: ClassId, method: &str) -> bool {
    module.mentions(&["list_display"])
        && assigned(module, class).any(|(name, value)| {
            let is_listed = |item: ExprId| module.string(item) == Some(method);
            name == "list_display" && module.children(value).into_iter().any(is_listed)
        })
}

/// The names that a class's own statements set, with their values.
fn assigned(module: &Module, class: ClassId) -> impl Iterator<Item = (&str, ExprId)> {
    module.class(class).body.iter().filter_map(|&stmt| match &module.stmt(stmt).kind {
        StmtKind::Assign {
            target,
            value: Some(value),
            ..
        } => Some((module.name(*target)?, *value)),
        _ => None,
    })
}
