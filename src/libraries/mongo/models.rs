//! The model or collection behind an expression: made where it stands, by a function of the project, injected, or `this` in a function
//! that a schema keeps.

use crate::ir::{Call, ExprId, ExprKind, Module};
use crate::libraries::shared::generic;
use crate::libraries::shared::objects::{self, ExprPlace};
use crate::libraries::shared::query::{ModelReceiver, Resolver};
use crate::libraries::shared::query_builder;
use crate::libraries::shared::value::{FileId, RowModel, Value};

/// Functions that hand each other the making of a model, one in the other.
const DEEPEST: u32 = 4;

/// The name by which a model is injected: `@InjectModel("Note") private readonly notes: Model<INote>`.
fn injected(module: &Module, receiver: ExprId) -> Option<&str> {
    let ExprKind::Attr { base, name } = module.kind(receiver) else {
        return None;
    };
    if module.name(*base) != Some("self") {
        return None;
    }
    let class = module.enclosing_class(module.owner(receiver))?;
    let mut params = module
        .functions
        .iter()
        .filter(|function| function.class == Some(class))
        .flat_map(|function| function.params.iter());
    let param = params.find(|param| param.is_field && param.name == Some(*name))?;
    let is_model = param.decorator.is_some_and(|decorator| module.str(decorator) == "InjectModel");
    param.decorated_with.filter(|_| is_model).map(|text| module.str(text))
}

/// The model or collection that a receiver is, and its library; without a name where each use of the body says which.
pub fn model(resolver: &dyn Resolver, file: FileId, receiver: ExprId) -> Option<(String, &'static str)> {
    let module = resolver.module(file);
    if let Some((at, given)) = resolver.passed(file, receiver) {
        return model(resolver, at, given);
    }
    if let Some(keeper) = keeper(resolver, file, receiver) {
        return (!keeper.is_row).then_some((keeper.model, "mongoose"));
    }
    // `db.collection('users')`.
    let (at, definition) = resolver.definition(file, receiver).unwrap_or((file, receiver));
    if let Some(made) = made(resolver, (at, definition), DEEPEST) {
        return Some(made);
    }
    let annotated = query_builder::type_argument(
        module,
        receiver,
        &["Model", "PaginateModel", "AggregatePaginateModel", "SoftDeleteModel"],
    );
    if let Some(argument) = annotated.filter(|_| query_builder::imports(module, &["mongoose"])) {
        let named = objects::last_name(module, argument).unwrap_or_default();
        let name = injected(module, receiver).unwrap_or_else(|| named.trim_end_matches("Document").trim_end_matches("DBModel"));
        let is_open = matches!(name, "any" | "" | "unknown") || name.chars().all(|c| c.is_ascii_uppercase() || c == '_');
        let name = if is_open { own_name(module, receiver)? } else { name };
        // `constructor(protected readonly model: Model<T>)`.
        let is_told_by_use = generic::is_type_parameter(module, argument) && generic::is_open(resolver, file, receiver, name);
        return Some((if is_told_by_use { String::new() } else { name.to_owned() }, "mongoose"));
    }
    // `private rows: Collection<Berth>`.
    let driver = query_builder::generic(module, receiver, &["Collection"]).filter(|_| query_builder::imports(module, &["mongodb"]));
    if driver.is_some_and(|(base, _)| {
        resolver
            .value(file, base)
            .library_name()
            .is_some_and(|name| name.starts_with("mongodb"))
    }) {
        return own_name(module, receiver).map(|name| (name.to_owned(), "mongodb"));
    }
    match resolver.value(file, receiver) {
        Value::External(library) | Value::ExternalInstance(library) => {
            let is_model = library.starts_with("mongoose.") && (library.ends_with("model") || library.ends_with("Model"));
            let is_collection = library.starts_with("mongodb.") && library.ends_with("Collection");
            let name = own_name(module, receiver)?.to_owned();
            if is_model {
                Some((name, "mongoose"))
            } else {
                is_collection.then_some((name, "mongodb"))
            }
        }
        // `class User extends Model` or a model's static method.
        Value::Class(at, class) => {
            let is_model = resolver
                .ancestors(at, class)
                .iter()
                .any(|name| name.starts_with("mongoose.") && name.ends_with("Model"));
            is_model
                .then(|| objects::last_name(module, receiver).map(|name| (name.to_owned(), "mongoose")))
                .flatten()
        }
        _ => None,
    }
}

/// What `this` is, where an expression is that and stands in a function that a schema keeps.
pub fn keeper(resolver: &dyn Resolver, file: FileId, expr: ExprId) -> Option<ModelReceiver> {
    let module = resolver.module(file);
    (module.name(expr) == Some("self")).then(|| resolver.keeper(file, module.owner(expr)))?
}

/// The model whose document an expression holds: one that a query gave, `new Order(…)`, `this` in a document's method. And whether it is new.
pub fn document(resolver: &dyn Resolver, file: FileId, expr: ExprId) -> Option<(String, bool)> {
    let (at, definition) = resolver.definition(file, expr).unwrap_or((file, expr));
    let holder = resolver.module(at);
    if let Some(made) = holder.call(definition).filter(|made| made.is_new) {
        let (name, library) = model(resolver, at, made.callee)?;
        return (library == "mongoose").then_some((name, true));
    }
    let Value::Row(RowModel::Table(name), source) = resolver.value(file, expr) else {
        return None;
    };
    let is_own = match source {
        Some((at, place)) => resolver.query(at, place).is_some_and(|query| query.library == "mongoose"),
        None => keeper(resolver, file, expr).is_some(),
    };
    is_own.then_some((name, false))
}

/// The model that a call makes or looks up: itself, or as the function of the project does that it calls.
fn made(resolver: &dyn Resolver, (file, expr): ExprPlace, depth: u32) -> Option<(String, &'static str)> {
    let module = resolver.module(file);
    // `mongoose.models.Order || mongoose.model("Order", orderSchema)`: the second side says what it is.
    if let ExprKind::Binary { op, right, .. } = module.kind(expr)
        && matches!(module.str(*op), "or" | "??")
        && depth > 0
    {
        return made(resolver, (file, *right), depth - 1);
    }
    let call = module.call(module.unawaited(expr))?;
    let given = call.arg(0).map(|arg| (file, arg));
    match call.method() {
        Some("collection") => return query_builder::text(resolver, given?).map(|name| (name, "mongodb")),
        Some("model") if is_mongoose(resolver, file, &call) => return model_name(resolver, given?).map(|name| (name, "mongoose")),
        // `Vehicle.discriminator("Truck", truckSchema)`.
        Some("discriminator") if depth > 0 => {
            let whole = call
                .receiver()
                .map(|whole| resolver.definition(file, whole).unwrap_or((file, whole)))?;
            return made(resolver, whole, depth - 1).and_then(|_| Some((model_name(resolver, given?)?, "mongoose")));
        }
        _ => {}
    }
    if depth == 0 || call.is_new {
        return None;
    }
    let Value::Function(at, function) = resolver.value(file, call.callee) else {
        return None;
    };
    let holder = resolver.module(at);
    if !query_builder::imports(holder, &["mongoose"]) || !resolver.afford(at, holder.function(function).body.len()) {
        return None;
    }
    holder.returned(function).into_iter().find_map(|value| {
        let place = resolver.definition(at, value).unwrap_or((at, value));
        made(resolver, place, depth - 1).filter(|(_, library)| *library == "mongoose")
    })
}

/// The name of a model as code gives it: a text, a constant's, a class's (`Boat.name`), or an enum member (`Models.Boat`), whose text is
/// not known, so that the member's name stands for it.
pub(super) fn model_name(resolver: &dyn Resolver, place: ExprPlace) -> Option<String> {
    let module = resolver.module(place.0);
    query_builder::text(resolver, place).or_else(|| {
        let ExprKind::Attr { base, name } = module.kind(place.1) else {
            return None;
        };
        let name = module.str(*name);
        if let Value::Class(at, class) = resolver.value(place.0, *base) {
            let holder = resolver.module(at);
            let of_class = holder.class(class).name.filter(|_| name == "name")?;
            return Some(holder.str(of_class).to_owned());
        }
        let (at, definition) = resolver.definition(place.0, *base)?;
        resolver.module(at).is_enumeration(definition).then(|| name.to_owned())
    })
}

/// Whether `db.model(…)` is asked of Mongoose or one of its connections.
pub(super) fn is_mongoose(resolver: &dyn Resolver, file: FileId, call: &Call<'_>) -> bool {
    let module = call.module;
    if !query_builder::imports(module, &["mongoose"]) {
        return false;
    }
    let Some(receiver) = call.receiver() else { return true };
    query_builder::comes_from(resolver, file, receiver, "mongoose")
        || objects::last_name(module, receiver).is_some_and(|name| name.contains("conn"))
        // A name of which nothing is known, in a file that imports Mongoose.
        || module.name(receiver).is_some() && resolver.value(file, receiver).is_unknown()
}

/// A receiver's name; for a field that says only that it is a model, that of the class it belongs to.
fn own_name(module: &Module, receiver: ExprId) -> Option<&str> {
    let name = objects::last_name(module, receiver)?;
    if !matches!(
        name,
        "model" | "_model" | "Model" | "MongooseModel" | "mongooseModel" | "collection"
    ) {
        return Some(name);
    }
    let mut at = Some(module.owner(receiver));
    while let Some(function) = at.map(|id| module.function(id)) {
        if let Some(class) = function.class.and_then(|class| module.class(class).name) {
            let class = module.str(class);
            return Some(class.strip_suffix("Repository").unwrap_or(class));
        }
        at = function.parent;
    }
    Some(name)
}

/// Whether an expression names something of a schema's own: `schema.statics`, `schema.methods`.
pub(super) fn shelf(module: &Module, expr: ExprId) -> Option<(ExprId, &str)> {
    let ExprKind::Attr { base, name } = module.kind(expr) else {
        return None;
    };
    let name = module.str(*name);
    matches!(name, "statics" | "methods").then_some((*base, name))
}
