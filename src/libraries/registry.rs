//! The one list of libraries, with what each can do.

use super::{
    django, drizzle, frappe, knex, kysely, medusa, mikroorm, mongo, node_pg_migrate, objection, peewee, prisma, sequelize, sql, sqlalchemy,
    supabase, tortoise, ts_migrations, typeorm,
};
use crate::ir::{Call, ClassId, ExprId, ExprKind, FunctionId, Language, Module, Sym};
use crate::libraries::shared::declared::Declared;
use crate::libraries::shared::kept_functions::Schemas;
use crate::libraries::shared::library::Library;
use crate::libraries::shared::model_classes;
use crate::libraries::shared::query::{self, Resolver};
use crate::libraries::shared::tool::{Tool, Trait};
use crate::libraries::shared::value::{FileId, Value};
use serde::{Deserialize, Deserializer};

/// The library of statements that code writes as texts, whichever driver sends them.
pub const TEXT: &str = sql::NAME;

/// The libraries, those whose queries tell most before those that look like others'.
pub const LIBRARIES: &[&Library] = &[
    &frappe::LIBRARY,
    &sqlalchemy::LIBRARY,
    &sqlalchemy::SQLMODEL_LIBRARY,
    &sqlalchemy::ALEMBIC_LIBRARY,
    &prisma::LIBRARY,
    &sql::IN_PYTHON,
    &django::LIBRARY,
    &peewee::LIBRARY,
    &tortoise::LIBRARY,
    &mongo::PYMONGO,
    &mongo::BEANIE,
    &drizzle::LIBRARY,
    &kysely::LIBRARY,
    &supabase::LIBRARY,
    &objection::LIBRARY,
    &knex::LIBRARY,
    &mikroorm::LIBRARY,
    &medusa::LIBRARY,
    &typeorm::LIBRARY,
    &mongo::MONGOOSE,
    &sequelize::LIBRARY,
    &node_pg_migrate::LIBRARY,
    &sql::IN_TYPESCRIPT,
];

/// The library of a name, as query sites carry it.
pub fn library(name: &str) -> Option<&'static Library> {
    LIBRARIES.iter().find(|library| library.name() == name).copied()
}

/// The library with a recogniser of queries whose name stands in a dotted name; statements as texts are nobody's.
pub fn named_in(dotted: &str) -> Option<&'static str> {
    let recognised = LIBRARIES
        .iter()
        .filter(|library| !library.queries.is_empty() && !is_text(library.name()));
    recognised.map(|library| library.name()).find(|name| dotted.contains(name))
}

fn has(name: &str, what: Trait) -> bool {
    library(name).is_some_and(|library| library.has(what))
}

/// The query that one of the recognisers sees at a call.
pub fn recognise(resolver: &dyn Resolver, file: FileId, call: Call<'_>) -> Option<query::Query> {
    let of = call.module.language;
    let queries = LIBRARIES.iter().flat_map(|library| library.queries);
    let mut recognisers = queries.filter(|(language, _)| *language == of);
    recognisers.find_map(|(_, recognise)| recognise(resolver, file, call))
}

/// The library whose model a class is.
pub fn model_tool(resolver: &dyn Resolver, file: FileId, class: ClassId) -> Option<Tool> {
    model_classes::tool(LIBRARIES, resolver, file, class)
}

impl<'de> Deserialize<'de> for Tool {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Tool, D::Error> {
        let name = String::deserialize(deserializer)?;
        let unknown = || serde::de::Error::custom(format!("no library is called {name}"));
        library(&name).map(Library::tool).ok_or_else(unknown)
    }
}

/// The query that an attribute of a model is by itself.
pub fn root_query(resolver: &dyn Resolver, file: FileId, expr: ExprId) -> Option<query::Query> {
    sqlalchemy::queries::root(resolver, file, expr)
}

/// Whether iterating a query runs it: querysets and 1.x queries.
pub fn is_lazy_iterable(query: &query::Query) -> bool {
    !query.executed && query.statement.operation == crate::statement::Operation::Select && has(query.library, Trait::RunsWhenIterated)
}

/// Whether a library's builders are promises: one that is awaited, or that an asynchronous function gives back, runs.
pub fn runs_when_awaited(query: &query::Query) -> bool {
    !query.executed && has(query.library, Trait::RunsWhenAwaited)
}

/// Whether a method that asks for one row answers from the rows that are loaded already, where it can.
pub fn answers_from_memory(name: &str, method: Option<&str>) -> bool {
    let by_method = |library: &Library| method.is_some() && library.profile.from_memory == method;
    library(name).is_some_and(|library| library.has(Trait::AnswersFromMemory) || by_method(library))
}

/// Under which name a library's answer has the rows, where it does not give them as they are.
pub fn rows_of_answer(name: &str) -> Option<&'static str> {
    library(name)?.profile.rows_in
}

/// Whether a name of a library's answer is what it has beside the rows.
pub fn is_beside_rows(name: &str) -> bool {
    matches!(name, "count" | "error" | "status" | "statusText" | "rowCount" | "affectedRows")
}

/// Whether the library's session keeps each row that it loaded, so that a relation to one is loaded once for each distinct row.
pub fn has_identity_map(name: &str) -> bool {
    has(name, Trait::HasIdentityMap)
}

/// Whether a library's query objects keep their rows: the second pass over one asks nothing.
pub fn keeps_rows(name: &str) -> bool {
    has(name, Trait::KeepsRows)
}

/// Whether reading a relation of a query's rows asks for it: of an asynchronous session's rows it is an error instead.
pub fn loads_lazily(query: &query::Query) -> bool {
    query.blocking || !has(query.library, Trait::LoadsLazilyWhereItBlocks)
}

/// The name that a method of a model has for the row, where the library runs it for each row that any query loads.
pub fn loaded_row(name: &str, module: &Module, function: FunctionId) -> Option<Sym> {
    library(name)?.loaded_row?(module, function)
}

/// What makes a manager of a queryset's class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manager {
    /// The class that the method is called on, an instance of it.
    OfReceiver,
    /// The class that it is given: a class of managers.
    ClassOfArgument,
}

/// Whether a method makes a manager of a queryset's class (Django).
pub fn makes_manager(method: &str) -> Option<Manager> {
    match method {
        "as_manager" => Some(Manager::OfReceiver),
        "from_queryset" => Some(Manager::ClassOfArgument),
        _ => None,
    }
}

/// Whether a library raises an error where an event loop runs, in place of stopping it.
pub fn refuses_event_loops(name: &str) -> bool {
    has(name, Trait::RefusesEventLoops)
}

/// Whether a session's first statement begins a transaction that is held until the session ends it.
pub fn begins_with_first_statement(name: &str) -> bool {
    has(name, Trait::BeginsWithFirstStatement)
}

/// Whether the statements of a query site are texts that the code writes itself.
pub fn is_text(library: &str) -> bool {
    library == sql::NAME
}

/// What a library sends, in words.
pub fn sends(library: &str) -> String {
    match library {
        "redis" => "Redis commands".to_owned(),
        sql::NAME => "database statements".to_owned(),
        library => format!("database statements ({library})"),
    }
}

/// Whether a function of a library gives the model of the project's users.
pub fn gives_user_model(path: &str) -> bool {
    matches!(
        path,
        "django.contrib.auth.get_user_model" | "django.contrib.auth.models.get_user_model"
    )
}

/// Whether an attribute of a base is the user whose request it is: `request.user`, `self.request.user`.
pub fn is_user_of(module: &Module, base: ExprId, attribute: &str) -> bool {
    let holder = match module.kind(base) {
        ExprKind::Name(name) | ExprKind::Attr { name, .. } => module.str(*name),
        _ => return false,
    };
    module.language == Language::Python && attribute == "user" && holder == "request"
}

/// The rows that a call gives to a serializer to show, one after the other; what is given data stores it.
pub fn shown(call: &Call<'_>) -> Option<ExprId> {
    django::rows::shown(call)
}

/// The app and the name of the users' model, as a module's settings have it.
pub fn user_model(module: &Module) -> Option<(&str, &str)> {
    django::rows::users(module)
}

/// Whether a dotted name of a library is where a connection keeps all models by their names.
pub fn keeps_models(path: &str) -> bool {
    sequelize::keeps_models(path)
}

/// The functions of a file that a library keeps for its models and their rows.
pub fn kept_functions(resolver: &dyn Resolver, file: FileId) -> Schemas {
    mongo::kept::schemas(resolver, file)
}

/// The model that an expression is, by the name that its library knows it by, where libraries keep functions for their models.
pub fn model_at(resolver: &dyn Resolver, file: FileId, expr: ExprId) -> Option<String> {
    let (name, library) = mongo::models::model(resolver, file, expr)?;
    (library == "mongoose" && !name.is_empty()).then_some(name)
}

/// Whether an expression stands for a model or a table in code that is written for several of them: what TypeScript's libraries are asked
/// through, as it is handed on.
pub fn is_model_handle(resolver: &dyn Resolver, file: FileId, expr: ExprId) -> bool {
    if let Some(text) = resolver.module(file).string(expr) {
        return resolver.knows_table(text);
    }
    matches!(resolver.value(file, expr), Value::Class(..))
        || drizzle::queries::is_table(resolver, file, expr)
        || prisma::queries::is_delegate(resolver, file, expr)
        || typeorm::queries::is_repository(resolver, file, expr)
        || mongo::models::model(resolver, file, expr).is_some_and(|(name, _)| !name.is_empty())
}

/// The model of a row that an expression holds, where libraries keep functions for rows.
pub fn row_at(resolver: &dyn Resolver, file: FileId, expr: ExprId) -> Option<String> {
    mongo::models::document(resolver, file, expr).map(|(name, _)| name)
}

/// Reads the declarations of a file, which is at a path relative to the root.
pub fn declared(resolver: &dyn Resolver, file: FileId, path: &str) -> Vec<Declared> {
    let of = resolver.module(file).language;
    let readers = LIBRARIES.iter().flat_map(|library| library.declarations);
    let own = readers.filter(|(language, _)| *language == of);
    let mut found: Vec<Declared> = own.filter_map(|(_, declared)| declared(resolver, file, path)).collect();
    if of == Language::TypeScript {
        found.extend(ts_migrations::declared(resolver, file));
    }
    found.retain(|declared| !declared.is_empty());
    // What a migration sends is its own.
    let is_migration = found.iter().any(|declared| declared.is_migration || declared.migration.is_some());
    if !is_migration {
        found.extend(sql::set_up::declared(resolver, file));
    }
    found
}
