//! The steps of `TypeORM` migrations that are objects: `createTable(new Table({ … }))`, `createIndex(…)`.

use crate::ir::{Call, ExprId, ExprKind};
use crate::libraries::shared::ts_options::{OptionReader, index};
use crate::source::Span;
use crate::statement::{ColumnDef, Constraint, IndexDef, SchemaOp, TableDef};

/// Steps that change the schema.
pub(crate) const METHODS: [&str; 19] = [
    "createTable",
    "dropTable",
    "renameTable",
    "addColumn",
    "addColumns",
    "dropColumn",
    "dropColumns",
    "renameColumn",
    "changeColumn",
    "createIndex",
    "createIndices",
    "dropIndex",
    "createForeignKey",
    "createForeignKeys",
    "dropForeignKey",
    "createUniqueConstraint",
    "dropUniqueConstraint",
    "createPrimaryKey",
    "dropPrimaryKey",
];

/// The changes of one step; `None` where it is not understood.
pub(crate) fn ops(options: OptionReader, method: &str, call: &Call) -> Option<Vec<SchemaOp>> {
    let span = options.span(call.id);
    let text = |at: usize| call.arg(at).and_then(|expr| options.text(expr));
    let object = |at: usize| call.arg(at).and_then(|expr| made(options, expr));
    let each = |at: usize| -> Vec<Option<ExprId>> {
        let items = options.items(call.arg(at));
        items.into_iter().map(|item| made(options, item)).collect()
    };
    let each_or_one = |at: usize| if method.ends_with('s') { each(at) } else { vec![object(at)] };
    Some(match method {
        "createTable" => {
            // The second argument is IF NOT EXISTS.
            let if_not_exists = matches!(call.arg(1).map(|expr| options.module().kind(expr)), Some(ExprKind::Bool(true)));
            vec![SchemaOp::CreateTable(table(options, object(0)?, span)?, if_not_exists)]
        }
        "dropTable" => vec![SchemaOp::DropTable(text(0)?)],
        "renameTable" => vec![SchemaOp::RenameTable(text(0)?, text(1)?)],
        "addColumn" | "addColumns" => {
            let table = text(0)?;
            each_or_one(1)
                .into_iter()
                .filter_map(|object| Some(SchemaOp::AddColumn(table.clone(), column(options, object, span)?)))
                .collect()
        }
        "dropColumn" => vec![SchemaOp::DropColumn(text(0)?, text(1)?)],
        "dropColumns" => options
            .texts(call.arg(1)?)
            .into_iter()
            .filter_map(|name| Some(SchemaOp::DropColumn(text(0)?, name)))
            .collect(),
        "renameColumn" => vec![SchemaOp::RenameColumn(text(0)?, text(1)?, text(2)?)],
        "changeColumn" => vec![SchemaOp::AlterColumn(text(0)?, column(options, object(2), span)?)],
        "createIndex" | "createIndices" => {
            let table = text(0)?;
            each_or_one(1)
                .into_iter()
                .filter_map(|object| Some(SchemaOp::AddIndex(declared_index(options, object, &table, span)?, false)))
                .collect()
        }
        "dropIndex" => vec![SchemaOp::DropIndex(text(1)?, text(0))],
        "createForeignKey" | "createForeignKeys" => {
            let table = text(0)?;
            each_or_one(1)
                .into_iter()
                .filter_map(|object| Some(SchemaOp::AddConstraint(table.clone(), foreign_key(options, object)?)))
                .collect()
        }
        "createUniqueConstraint" => vec![SchemaOp::AddConstraint(text(0)?, unique(options, object(1))?)],
        "dropForeignKey" | "dropUniqueConstraint" => vec![SchemaOp::DropConstraint(text(0)?, text(1)?)],
        "createPrimaryKey" => vec![SchemaOp::AddConstraint(text(0)?, Constraint::Primary(options.texts(call.arg(1)?)))],
        "dropPrimaryKey" => vec![SchemaOp::DropConstraint(text(0)?, "PRIMARY".to_owned())],
        _ => return None,
    })
}

/// The options of `new Table({ … })`, or the object itself.
fn made(options: OptionReader, expr: ExprId) -> Option<ExprId> {
    match options.module().call(expr) {
        Some(call) => options.options(&call),
        None => options.object(expr),
    }
}

fn table(options: OptionReader, object: ExprId, span: Span) -> Option<TableDef> {
    let object = Some(object);
    let name = options.text_of(object, "name")?;
    let items = |key: &str| -> Vec<Option<ExprId>> {
        let items = options.items(options.get(object, key));
        items.into_iter().map(|item| made(options, item)).collect()
    };
    let columns: Vec<ColumnDef> = items("columns")
        .into_iter()
        .filter_map(|item| column(options, item, span))
        .collect();
    let mut def = TableDef {
        open: columns.is_empty(),
        columns,
        span,
        ..TableDef::default()
    };
    for item in items("indices") {
        def.indexes.extend(declared_index(options, item, &name, span));
    }
    for item in items("foreignKeys") {
        def.constraints.extend(foreign_key(options, item).map(|key| (key, span)));
    }
    for item in items("uniques") {
        def.constraints.extend(unique(options, item).map(|key| (key, span)));
    }
    def.name = name;
    Some(def)
}

fn column(options: OptionReader, object: Option<ExprId>, span: Span) -> Option<ColumnDef> {
    let place = object.map_or(span, |object| options.span(object));
    Some(ColumnDef {
        name: options.text_of(object, "name")?,
        data_type: options.text_of(object, "type").unwrap_or_default().to_lowercase(),
        nullable: options.flag(object, "isNullable"),
        primary: options.flag(object, "isPrimary"),
        unique: options.flag(object, "isUnique"),
        span: place,
        ..ColumnDef::default()
    })
}

fn declared_index(options: OptionReader, object: Option<ExprId>, table: &str, span: Span) -> Option<IndexDef> {
    let columns = options.texts_of(object, "columnNames");
    if columns.is_empty() {
        return None;
    }
    let mut def = index(
        options.text_of(object, "name"),
        table,
        &columns,
        options.flag(object, "isUnique"),
        span,
    );
    def.predicate = options
        .get(object, "where")
        .map(|expr| options.text(expr).unwrap_or_else(|| "?".to_owned()));
    def.concurrently = options.flag(object, "isConcurrent");
    def.method = ["isFulltext", "isSpatial"]
        .iter()
        .zip(["fulltext", "gist"])
        .find(|(key, _)| options.flag(object, key))
        .map(|(_, method)| method.to_owned());
    Some(def)
}

fn foreign_key(options: OptionReader, object: Option<ExprId>) -> Option<Constraint> {
    Some(Constraint::Foreign(
        options.text_of(object, "name"),
        options.texts_of(object, "columnNames"),
        options.text_of(object, "referencedTableName")?,
        options.texts_of(object, "referencedColumnNames"),
    ))
}

fn unique(options: OptionReader, object: Option<ExprId>) -> Option<Constraint> {
    let columns = options.texts_of(object, "columnNames");
    (!columns.is_empty()).then(|| Constraint::Unique(options.text_of(object, "name"), columns))
}
