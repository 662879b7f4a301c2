//! Which classes are database models, by what the libraries say of their own.

use crate::ir::{ClassId, ExprId, ExprKind};
use crate::libraries::shared::library::Library;
use crate::libraries::shared::query::Resolver;
use crate::libraries::shared::tool::Tool;
use crate::libraries::shared::value::FileId;

/// The library, among those given, whose model a class is: what the class says of itself tells most, then its bases, nearest first, then
/// its fields.
pub fn tool(libraries: &[&'static Library], resolver: &dyn Resolver, file: FileId, class: ClassId) -> Option<Tool> {
    let module = resolver.module(file);
    let find = |fits: &dyn Fn(&Library) -> bool| libraries.iter().find(|library| fits(library)).map(|library| library.tool());
    let marked = find(&|library| library.models.by_marks.is_some_and(|says| says(module, class)));
    if marked.is_some() {
        return marked;
    }
    let ancestors = resolver.ancestors(file, class);
    let of_base = |name: &String| find(&|library| library.models.bases.iter().any(|base| base.fits(name)));
    let by_fields = || find(&|library| library.models.by_fields.is_some_and(|has| has(resolver, file, class, &ancestors)));
    ancestors.iter().find_map(of_base).or_else(by_fields)
}

/// Whether an expression is a table: `Table("orders", …)`, a mapped class's `__table__`, or a name of one.
pub fn is_table(resolver: &dyn Resolver, file: FileId, expr: ExprId) -> bool {
    let Some((at, definition)) = resolver.definition(file, expr) else {
        return false;
    };
    let module = resolver.module(at);
    match module.kind(definition) {
        ExprKind::Attr { name, .. } => module.str(*name) == "__table__",
        ExprKind::Call { .. } => module.call(definition).is_some_and(|call| call.method() == Some("Table")),
        _ => false,
    }
}
