//! Migrations of aerich, whose functions give SQL.

use crate::ir::{FunctionId, StmtKind};
use crate::libraries::shared::declared::{self, Consts, Declared};
use crate::libraries::shared::query::Resolver;
use crate::libraries::shared::value::FileId;
use crate::statement::Dialect;

/// Reads a migration of aerich: `async def upgrade(db) -> str` gives the statements.
pub fn declared(resolver: &dyn Resolver, file: FileId, _path: &str) -> Option<Declared> {
    let module = resolver.module(file);
    if !declared::imports(module, "tortoise") || !module.mentions(&["upgrade"]) {
        return None;
    }
    let is_upgrade = |id: FunctionId| {
        let function = module.function(id);
        function.parent == Some(FunctionId::MODULE)
            && function.class.is_none()
            && function.name.is_some_and(|name| module.str(name) == "upgrade")
    };
    let consts = Consts::new(resolver);
    let mut out = Declared {
        tool: Some(super::TOOL),
        is_migration: true,
        ..Declared::default()
    };
    for stmt in &module.stmts {
        let StmtKind::Return(Some(text)) = stmt.kind else { continue };
        if !is_upgrade(module.owner(text)) {
            continue;
        }
        let found = declared::sql_changes(&consts, file, text, stmt.span, Dialect::Generic);
        out.dialect = found.dialect;
        out.not_understood += found.unclear.len();
        out.unclear.extend(found.unclear);
        out.changes.extend(found.changes);
    }
    Some(out)
}
