//! Bodies that are written once for several models: what in them each use says.

use crate::ir::{ExprId, ExprKind, Module, StmtKind};
use crate::libraries::shared::query::{Query, Resolver};
use crate::libraries::shared::value::FileId;
use crate::statement::Statement;

/// Members of a class among which its constructor is looked for: it stands before the methods.
const MOST_MEMBERS: usize = 64;

/// Whether a name in a type stands for what each use says: a type parameter of the class around it, or one by its name, as functions have
/// them (`T`, `TEntity`).
pub fn is_type_parameter(module: &Module, expr: ExprId) -> bool {
    let ExprKind::Name(name) = *module.kind(expr) else {
        return false;
    };
    let of_class = module
        .enclosing_class(module.owner(expr))
        .is_some_and(|class| module.class(class).type_params.contains(&name));
    of_class || is_named_as_one(module.str(name))
}

/// Type parameters go by one letter, or by `TEntity`.
pub fn is_named_as_one(name: &str) -> bool {
    name.len() == 1 || name.starts_with('T') && name.chars().nth(1).is_some_and(|c| c.is_ascii_uppercase())
}

/// Whether an expression is what a function around it is given, or what the constructor of the class around it takes: `table`,
/// `this.table`.
pub fn is_handed_in(module: &Module, expr: ExprId) -> bool {
    match *module.kind(expr) {
        ExprKind::Name(name) => {
            let mut at = Some(module.owner(expr));
            while let Some(function) = at.map(|id| module.function(id)) {
                if function.params.iter().any(|param| param.name == Some(name)) {
                    return true;
                }
                at = function.parent;
            }
            false
        }
        ExprKind::Attr { base, name } if module.name(base) == Some("self") => {
            let class = module.enclosing_class(module.owner(expr)).map(|class| module.class(class));
            let members = class.into_iter().flat_map(|class| class.body.iter().take(MOST_MEMBERS));
            let functions = members.filter_map(|&stmt| match module.stmt(stmt).kind {
                StmtKind::Function(function) => Some(module.function(function)),
                _ => None,
            });
            functions
                .filter(|function| function.name.is_some_and(|own| module.str(own) == "constructor"))
                .flat_map(|function| function.params.iter())
                .any(|param| param.name == Some(name))
        }
        _ => false,
    }
}

/// Makes a query one of which only each use of its body says the table.
pub fn leave_open(query: &mut Query) {
    query.opaque = true;
    query.model = None;
    query.statement = Statement {
        operation: query.statement.operation,
        limit: query.statement.limit.clone(),
        open: true,
        ..Statement::default()
    };
}

/// Whether what a body works on is said by each use of it, where no table of the schema is called like it.
pub fn is_open(resolver: &dyn Resolver, file: FileId, expr: ExprId, name: &str) -> bool {
    is_handed_in(resolver.module(file), expr) && !resolver.knows_table(name)
}
