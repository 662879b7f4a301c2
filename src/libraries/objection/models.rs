//! What Objection's models declare: their tables, keys and relations. Their columns are what the migrations say.

use super::classes::{is_model, mappings, member};
use crate::ir::{ClassId, ExprKind, StmtKind};
use crate::libraries::shared::declared::Declared;
use crate::libraries::shared::query::Resolver;
use crate::libraries::shared::query_builder;
use crate::libraries::shared::value::FileId;
use crate::statement::{ColumnDef, Constraint, Loading, ModelDef, RelationDef, TableDef};

/// Reads the models of a file.
pub fn declared(resolver: &dyn Resolver, file: FileId, _path: &str) -> Option<Declared> {
    let module = resolver.module(file);
    if !module.mentions(&["tableName"]) {
        return None;
    }
    let classes = module.class_ids().filter(|(_, class)| !class.bases.is_empty()).map(|(id, _)| id);
    let models: Vec<ModelDef> = classes.filter_map(|class| model(resolver, file, class)).collect();
    (!models.is_empty()).then(|| Declared {
        tool: Some(super::TOOL),
        models,
        ..Declared::default()
    })
}

fn model(resolver: &dyn Resolver, file: FileId, class: ClassId) -> Option<ModelDef> {
    let module = resolver.module(file);
    if !is_model(resolver, file, class) {
        return None;
    }
    let place = member(resolver, file, class, "tableName")?;
    let table = query_builder::text(resolver, place)?;
    let definition = module.class(class);
    let key = member(resolver, file, class, "idColumn").map(|place| query_builder::strings(resolver, place));
    let key = key.filter(|key| !key.is_empty()).unwrap_or_else(|| vec!["id".to_owned()]);
    let relations = mappings(resolver, file, class).into_iter().map(|mapping| RelationDef {
        span: if mapping.place.0 == file {
            module.expr(mapping.place.1).span
        } else {
            definition.name_span
        },
        name: mapping.name,
        target: mapping.target,
        to_many: mapping.to_many,
        loading: Loading::Explicit,
        fields: mapping.key.into_iter().collect(),
        ..RelationDef::default()
    });
    Some(ModelDef {
        name: module.str(definition.name?).to_owned(),
        relations: relations.collect(),
        table: TableDef {
            name: table,
            columns: columns(resolver, file, class),
            constraints: vec![(Constraint::Primary(key), definition.name_span)],
            // The database's columns are not written here.
            open: true,
            span: definition.name_span,
            ..TableDef::default()
        },
        ..ModelDef::default()
    })
}

/// The typed fields of plain values, which are named after columns.
fn columns(resolver: &dyn Resolver, file: FileId, class: ClassId) -> Vec<ColumnDef> {
    let module = resolver.module(file);
    let fields = module.class(class).body.iter().filter_map(|&stmt| match module.stmt(stmt).kind {
        StmtKind::Assign {
            target,
            value: None,
            annotation: Some(annotation),
            ..
        } => Some((module.name(target)?, annotation, module.stmt(stmt).span)),
        _ => None,
    });
    let plain = fields.filter_map(|(name, annotation, span)| match module.kind(annotation) {
        ExprKind::Name(kind) => {
            let data_type = match module.str(*kind) {
                "string" => "text",
                "number" => "numeric",
                "boolean" => "boolean",
                "Date" => "timestamp",
                _ => return None,
            };
            Some(ColumnDef {
                name: name.to_owned(),
                data_type: data_type.to_owned(),
                span,
                ..ColumnDef::default()
            })
        }
        _ => None,
    });
    plain.collect()
}
