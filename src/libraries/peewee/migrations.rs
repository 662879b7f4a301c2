//! Migrations of `peewee_migrate` and `playhouse.migrate`, as far as they touch indexes (`migrator.add_index("loan", "barcode")`).

use crate::ir::{Call, ExprId, ExprKind};
use crate::libraries::shared::declared::{self, Consts, Declared};
use crate::libraries::shared::query::Resolver;
use crate::libraries::shared::value::{FileId, Value};
use crate::statement::{Dialect, IndexDef, IndexKey, SchemaChange, SchemaOp};

/// Reads the indexes of a migration's way forward.
pub fn declared(resolver: &dyn Resolver, file: FileId, _path: &str) -> Option<Declared> {
    let module = resolver.module(file);
    let is_ours = ["peewee", "playhouse", "peewee_migrate"]
        .iter()
        .any(|library| declared::imports(module, library));
    if !is_ours || !module.mentions(&["add_index", "sql", "execute_sql"]) {
        return None;
    }
    let consts = Consts::new(resolver);
    let mut out = Declared {
        tool: Some(super::TOOL),
        is_migration: true,
        ..Declared::default()
    };
    for id in module.call_ids() {
        let Some(call) = module.call(id) else { continue };
        let owner = module.function(module.owner(id)).name.map_or("", |name| module.str(name));
        let is_back = matches!(owner, "rollback" | "downgrade" | "down" | "undo");
        let receiver = call.receiver().and_then(|receiver| module.dotted(receiver)).unwrap_or_default();
        if is_back || !receiver.ends_with("migrator") {
            continue;
        }
        let span = module.expr(id).span;
        match (call.method(), call.arg(0)) {
            (Some("add_index"), Some(table)) => {
                if let Some(index) = index(&consts, file, &call, table) {
                    let op = SchemaOp::AddIndex(IndexDef { span, ..index }, false);
                    out.changes.push(SchemaChange { op, span });
                }
            }
            (Some("sql" | "execute_sql"), Some(text)) => {
                let found = declared::sql_changes(&consts, file, text, span, Dialect::Postgres);
                out.unclear.extend(found.unclear);
                out.changes.extend(found.changes);
            }
            _ => {}
        }
    }
    Some(out)
}

/// `add_index("loan", "barcode", "shelf", unique=True)`, `add_index("loan", ("barcode", "shelf"), True)`.
fn index(consts: &Consts<'_>, file: FileId, call: &Call<'_>, table: ExprId) -> Option<IndexDef> {
    let module = call.module;
    let mut columns = Vec::new();
    for arg in call.args.iter().skip(1).filter(|arg| arg.name.is_none()) {
        match consts.texts(file, arg.value) {
            Some(texts) => columns.extend(texts),
            None => columns.extend(consts.text(file, arg.value)),
        }
    }
    if let Some(named) = call.keyword("columns") {
        columns.extend(consts.texts(file, named).unwrap_or_default());
    }
    let is_true = |expr: ExprId| matches!(module.kind(expr), ExprKind::Bool(true));
    let key = |column: String| IndexKey {
        column,
        ..IndexKey::default()
    };
    (!columns.is_empty()).then_some(())?;
    Some(IndexDef {
        table: table_name(consts, file, table)?,
        keys: columns.into_iter().map(key).collect(),
        unique: call.keyword("unique").is_some_and(is_true) || call.args.iter().any(|arg| arg.name.is_none() && is_true(arg.value)),
        ..IndexDef::default()
    })
}

/// A table's name, a model of the migration's own list (`migrator.orm["reader"]`), or a model's class.
fn table_name(consts: &Consts<'_>, file: FileId, expr: ExprId) -> Option<String> {
    if let Some(text) = consts.text(file, expr) {
        return Some(text);
    }
    if let Value::Class(at, class) = consts.resolver.value(file, expr) {
        let module = consts.resolver.module(at);
        return module.class(class).name.map(|name| module.str(name).to_lowercase());
    }
    let (at, definition) = consts.resolver.definition(file, expr)?;
    match consts.resolver.module(at).kind(definition) {
        ExprKind::Index { index, .. } => consts.text(at, *index),
        _ => None,
    }
}
