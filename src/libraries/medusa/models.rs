//! Medusa's data models: `model.define("order", { id: model.id().primaryKey(), items: model.hasMany(() => Item) })`.

use crate::ir::{Call, ExprId, ExprKind, Parent, StmtKind};
use crate::libraries::shared::declared::{Consts, Declared};
use crate::libraries::shared::query::Resolver;
use crate::libraries::shared::ts_options::{OptionReader, index, snake};
use crate::libraries::shared::value::FileId;
use crate::source::Span;
use crate::statement::{ColumnDef, Constraint, Loading, ModelDef, RelationDef, TableDef};

/// Columns that every model has.
const IMPLICIT: [&str; 3] = ["created_at", "updated_at", "deleted_at"];

/// Reads the models of a file.
pub fn declared(resolver: &dyn Resolver, file: FileId, _path: &str) -> Option<Declared> {
    let module = resolver.module(file);
    let from_medusa = module.imports.iter().any(|import| {
        let name = module.str(import.module);
        name.contains("medusa") || name.ends_with("/dml")
    });
    if !from_medusa {
        return None;
    }
    let consts = Consts::new(resolver);
    let options = OptionReader { consts: &consts, file };
    let models = module
        .calls()
        .filter(|call| call.method() == Some("define") && call.receiver().and_then(|model| module.name(model)) == Some("model"))
        .filter_map(|call| model(options, &call))
        .collect();
    Some(Declared {
        tool: Some(super::TOOL),
        models,
        ..Declared::default()
    })
}

fn model(options: OptionReader, call: &Call) -> Option<ModelDef> {
    let module = options.module();
    let first = call.arg(0)?;
    let object = options.object(first);
    let name = options.text(first).or_else(|| options.text_of(object, "name"))?;
    let table_name = snake(&options.text_of(object, "tableName").unwrap_or_else(|| name.clone()));
    let span = options.span(call.id);
    let mut model = ModelDef {
        name: variable(options, call).unwrap_or(name),
        table: TableDef {
            name: table_name.clone(),
            span,
            ..TableDef::default()
        },
        ..ModelDef::default()
    };
    let ExprKind::Object(entries) = module.kind(options.object(call.arg(1)?)?) else {
        return None;
    };
    for entry in entries {
        match (entry.key.and_then(|key| options.text(key)), module.call(entry.value)) {
            (Some(field), Some(last)) => property(options, &field, &last, options.span(entry.value), &mut model),
            _ => model.table.open = true,
        }
    }
    for name in IMPLICIT {
        model.table.columns.push(ColumnDef {
            name: name.to_owned(),
            data_type: "timestamptz".to_owned(),
            nullable: name == "deleted_at",
            span,
            ..ColumnDef::default()
        });
    }
    for step in outer_calls(options, call) {
        if step.method() == Some("indexes") {
            for item in options.items(step.arg(0)) {
                let object = options.object(item);
                let columns = options.texts_of(object, "on");
                if columns.is_empty() {
                    continue;
                }
                let unique = options.flag(object, "unique");
                let mut def = index(options.text_of(object, "name"), &table_name, &columns, unique, options.span(item));
                def.predicate = options
                    .get(object, "where")
                    .map(|expr| options.text(expr).unwrap_or_else(|| "?".to_owned()));
                model.table.indexes.push(def);
            }
        }
    }
    Some(model)
}

/// The calls that the definition is the receiver of: `.indexes([…])`, `.cascades({…})`.
fn outer_calls<'r>(options: OptionReader<'_, 'r>, call: &Call) -> Vec<Call<'r>> {
    let module = options.module();
    let mut out = Vec::new();
    let mut at = module.expr(call.id).parent;
    while let Parent::Expr(expr) = at {
        match module.kind(expr) {
            ExprKind::Call { .. } => out.extend(module.call(expr)),
            ExprKind::Attr { .. } => {}
            _ => break,
        }
        at = module.expr(expr).parent;
    }
    out
}

fn variable(options: OptionReader, call: &Call) -> Option<String> {
    let module = options.module();
    let mut at = module.expr(call.id).parent;
    loop {
        at = match at {
            Parent::Expr(expr) => module.expr(expr).parent,
            Parent::Stmt(stmt) => {
                return match &module.stmt(stmt).kind {
                    StmtKind::Assign { target, .. } => module.name(*target).map(ToOwned::to_owned),
                    _ => None,
                };
            }
            _ => return None,
        };
    }
}

/// `model.text().searchable().index("name")`, `model.belongsTo(() => Order, { mappedBy: "items" }).nullable()`.
fn property(options: OptionReader, field: &str, last: &Call, span: Span, model: &mut ModelDef) {
    let chain = last.chain();
    let Some(first) = chain.first() else { return };
    let kind = first.method().unwrap_or_default();
    let has = |wanted: &str| chain.iter().any(|call| call.method() == Some(wanted));
    let target = |at: Option<ExprId>| at.and_then(|expr| options.model(expr));
    let relation = matches!(kind, "belongsTo" | "hasOne" | "hasMany" | "manyToMany" | "hasOneWithFK");
    if relation {
        let Some(target) = target(first.arg(0)) else { return };
        let settings = options.options(first);
        model.relations.push(RelationDef {
            name: field.to_owned(),
            target: target.clone(),
            to_many: matches!(kind, "hasMany" | "manyToMany"),
            loading: Loading::Explicit,
            inverse: options.text_of(settings, "mappedBy"),
            span,
            ..RelationDef::default()
        });
        if kind == "belongsTo" {
            // The model's builder indexes its keys itself.
            model.table.columns.push(ColumnDef {
                name: format!("{}_id", snake(field)),
                data_type: "text".to_owned(),
                nullable: has("nullable"),
                indexed: true,
                references: Some((target, None)),
                span,
                ..ColumnDef::default()
            });
        }
        return;
    }
    let column = ColumnDef {
        name: field.to_owned(),
        data_type: kind.to_lowercase(),
        nullable: has("nullable"),
        primary: has("primaryKey"),
        indexed: has("index"),
        span,
        ..ColumnDef::default()
    };
    if has("unique") {
        model
            .table
            .constraints
            .push((Constraint::Unique(None, vec![field.to_owned()]), span));
    }
    model.table.columns.push(column);
}
