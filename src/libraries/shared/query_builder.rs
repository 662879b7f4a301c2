//! What query builders share that name tables and columns in strings: Knex, Kysely, Supabase, and the builder of `TypeORM`.

use super::{generic, objects, sql_text};
use crate::ir::{ClassId, ExprId, ExprKind, Module};
use crate::libraries::shared::fluent::ChainedCall;
use crate::libraries::shared::objects::ExprPlace;
use crate::libraries::shared::query::Resolver;
use crate::libraries::shared::sql_text::OwnedPiece;
use crate::libraries::shared::value::{FileId, RowModel, Value};
use crate::statement::{ColumnUse, Dialect, Filter, FilterKind, Join, Statement, Subquery, SubqueryPlace, TableUse};
use crate::syntax::sql::{self, Piece};

/// `users as u`, `users u`.
pub fn table(text: &str) -> TableUse {
    let mut words = text.split_whitespace();
    let name = words.next().unwrap_or_default().trim_matches(['"', '`']).to_owned();
    let alias = words.find(|word| !word.eq_ignore_ascii_case("as")).map(ToOwned::to_owned);
    TableUse { name, alias }
}

/// `u.id`, `id`, `users.id as user_id`.
pub fn column(statement: &Statement, text: &str) -> ColumnUse {
    let text = text.split_whitespace().next().unwrap_or_default().replace(['"', '`'], "");
    let only = (statement.tables.len() == 1).then_some(0);
    let Some((table, column)) = text.rsplit_once('.') else {
        return ColumnUse { table: only, column: text };
    };
    let index = statement
        .tables
        .iter()
        .position(|used| used.alias.as_deref() == Some(table) || used.name == table || used.name.ends_with(&format!(".{table}")));
    ColumnUse {
        table: index,
        column: column.to_owned(),
    }
}

/// What an operator in a string compares.
pub fn operator(text: &str) -> FilterKind {
    match text.trim().to_ascii_lowercase().as_str() {
        "=" | "==" | "is" | "eq" | "is not distinct from" => FilterKind::Equality,
        "in" => FilterKind::In,
        "<" | "<=" | ">" | ">=" | "lt" | "lte" | "gt" | "gte" | "between" => FilterKind::Range,
        "like" | "ilike" | "~" | "~*" | "similar to" | "@@" => FilterKind::Pattern,
        "!=" | "<>" | "neq" | "not in" | "is not" | "not like" | "not ilike" | "is distinct from" => FilterKind::Negative,
        _ => FilterKind::Other,
    }
}

/// Adds a filter on a column named in a string.
pub fn filter(statement: &mut Statement, text: &str, kind: FilterKind, literal: Option<String>, optional: bool) {
    let column = column(statement, text);
    statement.filters.push(Filter {
        column,
        kind,
        literal,
        optional,
        end: None,
        hindered: false,
    });
}

/// Adds a join condition of two columns named in strings.
pub fn join(statement: &mut Statement, left: &str, right: &str) {
    let (left, right) = (column(statement, left), column(statement, right));
    statement.joins.push(Join { left, right });
}

/// Reads a condition written as SQL text; whether it was understood.
pub fn condition(statement: &mut Statement, text: &str, optional: bool) -> bool {
    let mut from = String::from("SELECT * FROM ");
    for (index, used) in statement.tables.iter().enumerate() {
        if index > 0 {
            from.push_str(", ");
        }
        // Names of relations and models are no SQL: what counts are the aliases.
        let alias = used.alias.as_deref().unwrap_or(&used.name);
        from.extend(["t", &index.to_string(), " AS \"", alias, "\""]);
    }
    // `:...ids` spreads a list.
    let text = format!("{from} WHERE {}", text.replace(":...", ":"));
    let Some(parsed) = sql::statement(&[Piece::Text(&text)], Dialect::Generic).and_then(|parsed| parsed.statement) else {
        return false;
    };
    for mut filter in parsed.filters {
        filter.optional |= optional;
        statement.filters.push(filter);
    }
    if !optional {
        statement.either.extend(parsed.either);
    }
    statement.joins.extend(parsed.joins);
    statement.subqueries.extend(parsed.subqueries);
    !parsed.open
}

/// Reads a condition written as a fragment of SQL (``sql`id = ANY(${ids})` ``, `whereRaw('id = ?', id)`); whether all of it
/// was understood.
pub fn fragment(resolver: &dyn Resolver, place: ExprPlace, statement: &mut Statement, optional: bool) -> bool {
    let Some(pieces) = sql_text::pieces(resolver, place.0, place.1) else {
        return false;
    };
    let text: String = pieces
        .iter()
        .map(|piece| match piece {
            OwnedPiece::Text(text, _) => text.as_str(),
            OwnedPiece::Hole(_) => "$1",
        })
        .collect();
    let known = statement.filters.len() + statement.joins.len();
    // A value may stand where a column's reference is put in: what compares nothing says nothing.
    condition(statement, &text, optional) && statement.filters.len() + statement.joins.len() > known
}

/// Gives the tables that `with(name, query)` names earlier in a chain the form of derived tables: their rows are those of the
/// query behind the name, which becomes a subquery.
pub fn name_with(resolver: &dyn Resolver, steps: &[ChainedCall<'_>], statement: &mut Statement) {
    for step in steps {
        let is_with = matches!(
            step.call.method(),
            Some("with" | "withRecursive" | "withMaterialized" | "withNotMaterialized")
        );
        let (true, Some(first), Some(second)) = (is_with, step.call.arg(0), step.call.arg(1)) else {
            continue;
        };
        let Some(text) = text(resolver, (step.file, first)) else {
            // Any table may be the one that it names.
            statement.open = true;
            continue;
        };
        // `tree(id, depth)` lists the columns too.
        let name = text.split('(').next().unwrap_or_default().trim();
        let mut is_used = false;
        for used in statement.tables.iter_mut().filter(|used| used.name == name) {
            used.alias.get_or_insert_with(|| name.to_owned());
            used.name.clear();
            is_used = true;
        }
        let place = objects::returned(resolver, (step.file, second)).unwrap_or((step.file, second));
        if let Some(inner) = resolver.query(place.0, place.1).filter(|_| is_used) {
            statement.subqueries.push(Subquery {
                place: SubqueryPlace::From,
                correlated: false,
                grouped: inner.statement.grouped,
                statement: Box::new(inner.statement),
            });
        }
    }
}

/// The strings of an argument: one, or a list of them.
pub fn strings(resolver: &dyn Resolver, place: ExprPlace) -> Vec<String> {
    let module = resolver.module(place.0);
    if let Some(text) = module.string(place.1) {
        return vec![text.to_owned()];
    }
    let (items, _) = objects::items(resolver, place.0, place.1);
    items
        .into_iter()
        .filter_map(|((file, item), _)| resolver.module(file).string(item).map(ToOwned::to_owned))
        .collect()
}

/// The text of a string argument, also through a constant's name.
pub fn text(resolver: &dyn Resolver, place: ExprPlace) -> Option<String> {
    let module = resolver.module(place.0);
    if let Some(text) = module.string(place.1) {
        return Some(text.to_owned());
    }
    let (at, definition) = resolver.definition(place.0, place.1)?;
    resolver.module(at).string(definition).map(ToOwned::to_owned)
}

/// An entity argument: a class, a model's name, or what a name says; `None` where each use of the body says it.
pub fn entity(resolver: &dyn Resolver, place: ExprPlace) -> Option<(String, RowModel)> {
    let module = resolver.module(place.0);
    if let Value::Class(at, class) | Value::Instance(at, class) = resolver.value(place.0, place.1) {
        let holder = resolver.module(at);
        let name = holder.class(class).name.map(|name| holder.str(name).to_owned())?;
        return Some((name, RowModel::Class(at, class)));
    }
    if generic::is_type_parameter(module, place.1) {
        return None;
    }
    let name = module.string(place.1).or_else(|| objects::last_name(module, place.1))?.to_owned();
    Some((name.clone(), RowModel::Table(name)))
}

/// The entity of a repository's own class: `class Users extends Repository<User>`, else by its name. What the class itself is told
/// (`class Base<T> extends Repository<T>`) is none.
pub fn entity_of_repository(resolver: &dyn Resolver, file: FileId, class: ClassId) -> Option<(String, RowModel)> {
    let module = resolver.module(file);
    let base = module.class(class).bases.first()?.value;
    if let ExprKind::Index { index, .. } = module.kind(base) {
        let argument = first_of(module, *index);
        let name = objects::last_name(module, argument)?;
        return (!generic::is_named_as_one(name)).then(|| entity(resolver, (file, argument)))?;
    }
    let name = module.class(class).name.map(|name| module.str(name))?;
    let stem = name
        .strip_suffix("Repository")
        .or_else(|| name.strip_suffix("Repo"))
        .unwrap_or(name);
    Some((stem.to_owned(), RowModel::Table(stem.to_owned())))
}

/// The first of several type arguments.
fn first_of(module: &Module, arguments: ExprId) -> ExprId {
    match module.kind(arguments) {
        ExprKind::Tuple(items) => items.first().copied().unwrap_or(arguments),
        _ => arguments,
    }
}

/// The type argument of a receiver's annotation: `User` of `private users: Repository<User>`.
pub fn type_argument(module: &Module, receiver: ExprId, types: &[&str]) -> Option<ExprId> {
    generic(module, receiver, types).map(|(_, argument)| argument)
}

/// The generic type of a receiver's annotation, one of these names, and its first argument.
pub fn generic(module: &Module, receiver: ExprId, types: &[&str]) -> Option<(ExprId, ExprId)> {
    let argument = |annotation: ExprId| match module.kind(annotation) {
        ExprKind::Index { base, index } if objects::last_name(module, *base).is_some_and(|name| types.contains(&name)) => {
            Some((*base, first_of(module, *index)))
        }
        _ => None,
    };
    let mut function = module.owner(receiver);
    match module.kind(receiver) {
        ExprKind::Attr { base, name } if module.name(*base) == Some("self") => {
            let class = loop {
                let holder = module.function(function);
                if let Some(class) = holder.class {
                    break class;
                }
                function = holder.parent?;
            };
            let params = module
                .functions
                .iter()
                .filter(|function| function.class == Some(class))
                .flat_map(|function| function.params.iter())
                .filter(|param| param.is_field && param.name == Some(*name))
                .filter_map(|param| param.annotation);
            let fields = module.class(class).body.iter().filter_map(|&stmt| match module.stmt(stmt).kind {
                crate::ir::StmtKind::Assign { target, annotation, .. } if module.name(target) == Some(module.str(*name)) => annotation,
                _ => None,
            });
            params.chain(fields).find_map(argument)
        }
        ExprKind::Name(name) => loop {
            let holder = module.function(function);
            if let Some(param) = holder.params.iter().find(|param| param.name == Some(*name)) {
                return param.annotation.and_then(argument);
            }
            function = holder.parent?;
        },
        _ => None,
    }
}

/// Whether a file imports a module whose name contains one of these.
pub fn imports(module: &Module, names: &[&str]) -> bool {
    names.iter().any(|name| module.imports_part(name))
}

/// Whether an expression's value comes from a library, or its last name contains that of the library.
pub fn comes_from(resolver: &dyn Resolver, file: FileId, expr: ExprId, library: &str) -> bool {
    let held = resolver.value(file, expr);
    held.library_name().is_some_and(|name| name.to_ascii_lowercase().contains(library))
        || objects::last_name(resolver.module(file), expr).is_some_and(|name| name.to_ascii_lowercase().contains(library))
}

/// Whether an option of a query, in an object, is no condition: what is selected, loaded along, sorted by or written.
pub fn is_no_condition(option: &str) -> bool {
    matches!(
        option,
        "select" | "include" | "columns" | "with" | "orderBy" | "order" | "attributes" | "relations" | "omit" | "data" | "cache" | "lock"
    )
}
