//! `MikroORM`'s entities.

use crate::libraries::shared::declared::Declared;
use crate::libraries::shared::entities::{self, EntityClasses};
use crate::libraries::shared::query::Resolver;
use crate::libraries::shared::ts_options::snake;
use crate::libraries::shared::value::FileId;

const ENTITIES: EntityClasses = EntityClasses {
    tool: super::TOOL,
    decorator: None,
    table_option: None,
    table_name: snake,
    column_name,
    column_options: &["fieldName", "joinColumn", "name"],
    keeps_deleted: None,
    deleted_at: "DeleteDateColumn",
    takes_bare_decorators: true,
    owner_option: Some("owner"),
};

/// Reads the entities of a file.
pub fn declared(resolver: &dyn Resolver, file: FileId, _path: &str) -> Option<Declared> {
    let module = resolver.module(file);
    let mut imported = module.imports.iter().map(|import| module.str(import.module));
    imported
        .any(|name| name.contains("mikro-orm"))
        .then(|| entities::declared(resolver, file, &ENTITIES))
}

fn column_name(field: &str, key: Option<&str>) -> String {
    key.map_or_else(|| snake(field), |key| format!("{}_{}", snake(field), snake(key)))
}
