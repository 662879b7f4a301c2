//! The query that starts at an expression.

use super::draft::{SelectDraft, write};
use super::methods::is_start;
use super::sessions::{SessionKind, is_session_name, run, session_kind};
use crate::ir::{Call, ExprId, ExprKind, Module, StmtKind};
use crate::libraries::shared::query::{Query, Resolver};
use crate::libraries::shared::value::{FileId, RowModel, Value};
use crate::libraries::sqlalchemy::TOOL;
use crate::statement::Projection;

/// Calls and attributes around the class or column of an argument.
const MAX_AROUND_COLUMN: usize = 6;

/// The library's function that begins a statement behind another name: `from sqlalchemy import select as sa_select`.
pub(super) fn builder(resolver: &dyn Resolver, file: FileId, call: &Call<'_>) -> Option<&'static str> {
    if call.receiver().is_some() {
        return None;
    }
    let Value::External(name) = resolver.value(file, call.callee) else {
        return None;
    };
    if !name.starts_with("sqlalchemy.") && !name.starts_with("sqlmodel.") {
        return None;
    }
    let last = name.rsplit('.').next()?;
    ["select", "insert", "update", "delete", "exists", "union", "union_all"]
        .into_iter()
        .find(|known| *known == last)
}

/// The query that starts at an expression.
pub(super) fn start(resolver: &dyn Resolver, file: FileId, expr: ExprId) -> Option<Query> {
    let module = resolver.module(file);
    match module.kind(expr) {
        // Flask-SQLAlchemy's `User.query`.
        ExprKind::Attr { base, name } if module.str(*name) == "query" => {
            let mut draft = SelectDraft::new(resolver);
            let Value::Class(at, class) = resolver.value(file, *base) else {
                return None;
            };
            if resolver.model_library(at, class) != Some(TOOL) {
                return None;
            }
            draft.project(file, &[*base]);
            draft.query.blocking = true;
            Some(draft.query)
        }
        // A parameter of a statement's type: what it holds is not known.
        ExprKind::Name(_) => match resolver.value(file, expr) {
            Value::ExternalInstance(name) if is_statement(&name) => {
                let mut query = SelectDraft::new(resolver).query;
                query.statement.open = true;
                query.blocking = name.ends_with(".Query");
                Some(query)
            }
            _ => None,
        },
        ExprKind::Call { .. } => {
            let call = module.call(expr)?;
            let method = call.method().filter(|method| is_start(method));
            let method = method.or_else(|| builder(resolver, file, &call))?;
            built(resolver, file, &call, method).or_else(|| run(resolver, file, &call, method))
        }
        _ => None,
    }
}

/// Whether a library's class is that of statements which are not run yet.
fn is_statement(name: &str) -> bool {
    let is_own = name.starts_with("sqlalchemy.") || name.starts_with("flask_sqlalchemy.");
    is_own && (name.ends_with(".Select") || name.ends_with(".Query"))
}

/// The statement that a repository's method begins for its own model: `select(self.model)` in a base class, with
/// `model = User` in the class at hand.
pub(super) fn repository_query(resolver: &dyn Resolver, file: FileId, expr: ExprId, found: Option<Query>) -> Option<Query> {
    if found
        .as_ref()
        .is_some_and(|query| query.library != "sqlalchemy" || !query.statement.tables.is_empty())
    {
        return found;
    }
    let call = resolver.module(file).call(expr)?;
    let telling = ["statement", "query", "select"]
        .iter()
        .any(|word| call.method().unwrap_or("").contains(word));
    if found.is_none() && !telling {
        return None;
    }
    let Some(receiver) = call.receiver() else { return found };
    let Value::Instance(at, class) = resolver.value(file, receiver) else {
        return found;
    };
    let inside = resolver.module(at);
    let model = inside.class(class).body.iter().find_map(|&stmt| match &inside.stmt(stmt).kind {
        StmtKind::Assign {
            target,
            value: Some(value),
            ..
        } if inside.name(*target) == Some("model") => Some(*value),
        _ => None,
    });
    let mut draft = SelectDraft::new(resolver);
    let Some(entity) = model.and_then(|model| draft.entity(at, model)) else {
        return found;
    };
    draft.query = found.unwrap_or(draft.query);
    draft.query.statement.open = true;
    draft.table(&entity);
    draft.query.model = entity.model;
    Some(draft.query)
}

/// Calls that begin a statement.
fn built(resolver: &dyn Resolver, file: FileId, call: &Call<'_>, method: &str) -> Option<Query> {
    let positional = || -> Vec<ExprId> { call.args.iter().filter(|arg| arg.name.is_none()).map(|arg| arg.value).collect() };
    let mut draft = SelectDraft::new(resolver);
    match method {
        "query" => {
            let receiver = call.receiver()?;
            let first = call.args.first()?.value;
            let known = session_kind(resolver, file, receiver);
            let about_model = is_model(resolver, file, first);
            if known == SessionKind::Other && !about_model {
                return None;
            }
            if !about_model
                && known == SessionKind::Unknown
                && !(is_session_name(call.module, receiver) && names_column(call.module, first))
            {
                return None;
            }
            draft.project(file, &positional());
            draft.query.blocking = known != SessionKind::Async;
            Some(draft.query)
        }
        "select" => {
            let whole = table_receiver(&draft, file, call);
            if whole.is_none() && !is_library_function(resolver, file, call) {
                return None;
            }
            match whole {
                Some(table) => draft.project(file, &[table]),
                None => match positional().as_slice() {
                    // 1.x: `select([a, b])`.
                    [only] => match call.module.kind(*only) {
                        ExprKind::List(items) => draft.project(file, items),
                        _ => draft.project(file, &[*only]),
                    },
                    many => draft.project(file, many),
                },
            }
            Some(draft.query)
        }
        "insert" | "update" | "delete" => {
            let table = table_receiver(&draft, file, call);
            if table.is_none() && !is_library_function(resolver, file, call) {
                return None;
            }
            let target = table.or_else(|| call.arg(0))?;
            if let Some(entity) = draft.entity(file, target) {
                draft.table(&entity);
            }
            write(&mut draft.query, method);
            Some(draft.query)
        }
        "exists" if call.receiver().is_none() || is_library_function(resolver, file, call) => {
            if !is_library_function(resolver, file, call) {
                return None;
            }
            match call.arg(0).and_then(|arg| resolver.query(file, arg)) {
                Some(inner) => draft.query = inner,
                None => draft.project(file, &positional()),
            }
            draft.query.model = None;
            draft.query.statement.projection = Projection::Aggregate;
            Some(draft.query)
        }
        "union" | "union_all" if is_library_function(resolver, file, call) => {
            draft.query = call.arg(0).and_then(|arg| resolver.query(file, arg)).unwrap_or(draft.query);
            draft.query.statement.open = true;
            Some(draft.query)
        }
        _ => None,
    }
}

/// The table that `table.select()` is called on, when it is one.
fn table_receiver(draft: &SelectDraft<'_>, file: FileId, call: &Call<'_>) -> Option<ExprId> {
    let receiver = call.receiver()?;
    let entity = draft.entity(file, receiver)?;
    let is_dunder = |(at, expr): (FileId, ExprId)| {
        let module = draft.resolver.module(at);
        matches!(module.kind(expr), ExprKind::Attr { name, .. } if module.str(*name) == "__table__")
    };
    let dunder = is_dunder((file, receiver)) || draft.resolver.definition(file, receiver).is_some_and(is_dunder);
    (dunder || matches!(entity.model, Some(RowModel::Table(_)))).then_some(receiver)
}

/// Whether what is called is `SQLAlchemy`'s own function.
fn is_library_function(resolver: &dyn Resolver, file: FileId, call: &Call<'_>) -> bool {
    matches!(resolver.value(file, call.callee), Value::External(name) if ["sqlalchemy.", "sqlmodel.", "flask_sqlalchemy."].iter().any(|library| name.starts_with(library)))
}

/// Whether an argument is a mapped class or an attribute of one.
fn is_model(resolver: &dyn Resolver, file: FileId, expr: ExprId) -> bool {
    let module = resolver.module(file);
    let mut at = expr;
    for _ in 0..MAX_AROUND_COLUMN {
        if let Value::Class(class_file, class) = resolver.value(file, at) {
            return resolver.model_library(class_file, class) == Some(TOOL);
        }
        at = match module.kind(at) {
            ExprKind::Attr { base, .. } => *base,
            ExprKind::Call { args, callee, .. } => match args.first() {
                Some(arg) => arg.value,
                None => *callee,
            },
            _ => return false,
        };
    }
    false
}

/// Whether an argument looks like a class, a column of one, or a function of columns.
fn names_column(module: &Module, expr: ExprId) -> bool {
    let mut at = expr;
    for _ in 0..MAX_AROUND_COLUMN {
        at = match module.kind(at) {
            ExprKind::Name(name) => {
                let text = module.str(*name);
                return text == "func" || text.starts_with(|first: char| first.is_ascii_uppercase());
            }
            ExprKind::Attr { base, .. } => *base,
            ExprKind::Call { callee, .. } => *callee,
            ExprKind::Spread(_) => return true,
            _ => return false,
        };
    }
    false
}
