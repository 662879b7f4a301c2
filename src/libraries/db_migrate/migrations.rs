//! The steps of db-migrate: `db.createTable("users", { … })`, `db.addIndex("users", "users_by_mail", ["mail"])`, `db.runSql("…")`.
//!
//! Source of the forms: the project's own reference of its SQL interface.

use crate::ir::{Call, ExprId, ExprKind, Module};
use crate::libraries::shared::ts_options::{OptionReader, index};
use crate::statement::{ColumnDef, Constraint, SchemaOp, TableDef};

/// Steps that change the schema.
pub(crate) const METHODS: [&str; 11] = [
    "addColumn",
    "addForeignKey",
    "addIndex",
    "changeColumn",
    "createTable",
    "dropTable",
    "removeColumn",
    "removeForeignKey",
    "removeIndex",
    "renameColumn",
    "renameTable",
];

/// Whether a file is one of its migrations: by its import, by what its own template has, or by the way in which only it sends SQL, on what
/// `up` is given.
pub(crate) fn is_migration(module: &Module, handle: Option<&str>) -> bool {
    let Some(handle) = handle.filter(|name| !matches!(*name, "queryInterface" | "queryRunner")) else {
        return false;
    };
    let sends = |call: Call<'_>| {
        let on = call.receiver().and_then(|receiver| module.name(receiver));
        call.method() == Some("runSql") && on == Some(handle)
    };
    module.imports_below("db-migrate", &['/', '-'])
        || module.sym("dbmigrate").is_some()
        || module.calls().any(sends)
        || binds(module, handle)
}

/// `db.runSql.bind(db, "…")`.
fn binds(module: &Module, handle: &str) -> bool {
    module.calls().any(|call| {
        let bound = call.receiver().filter(|_| call.method() == Some("bind"));
        let bound = bound.and_then(|bound| module.dotted(bound));
        bound.is_some_and(|bound| bound.strip_prefix(handle) == Some(".runSql"))
    })
}

/// The changes of one step; `None` where it is not understood.
pub(crate) fn ops(options: OptionReader, method: &str, call: &Call) -> Option<Vec<SchemaOp>> {
    let text = |at: usize| call.arg(at).and_then(|expr| options.text(expr));
    let table = text(0)?;
    Some(match method {
        "createTable" => vec![create_table(options, call, table)?],
        "dropTable" => vec![SchemaOp::DropTable(table)],
        "renameTable" => vec![SchemaOp::RenameTable(table, text(1)?)],
        "addColumn" => vec![SchemaOp::AddColumn(table, column(options, text(1)?, call.arg(2)?))],
        "removeColumn" => vec![SchemaOp::DropColumn(table, text(1)?)],
        "renameColumn" => vec![SchemaOp::RenameColumn(table, text(1)?, text(2)?)],
        "changeColumn" => vec![SchemaOp::AlterColumn(table, column(options, text(1)?, call.arg(2)?))],
        "addIndex" => {
            let columns = options.texts(call.arg(2)?);
            if columns.is_empty() {
                return None;
            }
            let unique = call
                .arg(3)
                .is_some_and(|expr| matches!(options.module().kind(expr), ExprKind::Bool(true)));
            vec![SchemaOp::AddIndex(
                index(Some(text(1)?), &table, &columns, unique, options.span(call.id)),
                false,
            )]
        }
        // The table may be left out.
        "removeIndex" => vec![match text(1) {
            Some(name) => SchemaOp::DropIndex(name, Some(table)),
            None => SchemaOp::DropIndex(table, None),
        }],
        "addForeignKey" => {
            let (columns, theirs) = mapping(options, call.arg(3)?)?;
            vec![SchemaOp::AddConstraint(
                table,
                Constraint::Foreign(Some(text(2)?), columns, text(1)?, theirs),
            )]
        }
        "removeForeignKey" => vec![SchemaOp::DropConstraint(table, text(1)?)],
        _ => return None,
    })
}

/// `{ owner_id: "id" }`: columns, and those that they refer to.
fn mapping(options: OptionReader, expr: ExprId) -> Option<(Vec<String>, Vec<String>)> {
    let ExprKind::Object(entries) = options.module().kind(options.object(expr)?) else {
        return None;
    };
    let pairs = entries
        .iter()
        .map(|entry| Some((options.text(entry.key?)?, options.text(entry.value)?)));
    pairs.collect::<Option<Vec<_>>>().map(|pairs| pairs.into_iter().unzip())
}

/// `createTable("users", { id: … })`, `createTable("users", { columns: { id: … }, ifNotExists: true })`.
fn create_table(options: OptionReader, call: &Call, name: String) -> Option<SchemaOp> {
    let given = options.object(call.arg(1)?)?;
    let listed = options.get(Some(given), "columns").and_then(|expr| options.object(expr));
    let ExprKind::Object(entries) = options.module().kind(listed.unwrap_or(given)) else {
        return None;
    };
    let named = entries.iter().filter_map(|entry| Some((options.text(entry.key?)?, entry.value)));
    let def = TableDef {
        name,
        columns: named.map(|(name, value)| column(options, name, value)).collect(),
        span: options.span(call.id),
        ..TableDef::default()
    };
    Some(SchemaOp::CreateTable(
        def,
        listed.is_some() && options.flag(Some(given), "ifNotExists"),
    ))
}

/// `"string"`, `{ type: "int", notNull: true, foreignKey: { table: "users", mapping: "id" } }`.
fn column(options: OptionReader, name: String, value: ExprId) -> ColumnDef {
    let object = options.object(value);
    let kind = options.text_of(object, "type").or_else(|| options.text(value)).unwrap_or_default();
    let primary = options.flag(object, "primaryKey");
    let key = options.get(object, "foreignKey").and_then(|expr| options.object(expr));
    let target = options.text_of(key, "table").map(|table| (table, options.text_of(key, "mapping")));
    ColumnDef {
        name,
        data_type: match kind.to_lowercase().as_str() {
            "string" => "varchar".to_owned(),
            other => other.to_owned(),
        },
        nullable: !options.flag(object, "notNull") && !primary,
        primary,
        unique: options.flag(object, "unique"),
        references: target,
        span: options.span(value),
        ..ColumnDef::default()
    }
}
