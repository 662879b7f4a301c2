//! `TypeORM`'s entities.

use crate::libraries::shared::declared::{Declared, imports};
use crate::libraries::shared::entities::{self, EntityClasses};
use crate::libraries::shared::query::Resolver;
use crate::libraries::shared::ts_options::snake;
use crate::libraries::shared::value::FileId;

const ENTITIES: EntityClasses = EntityClasses {
    tool: super::TOOL,
    decorator: None,
    table_option: Some("name"),
    table_name: snake,
    column_name,
    column_options: &["name"],
    keeps_deleted: None,
    deleted_at: "DeleteDateColumn",
    takes_bare_decorators: true,
    owner_option: None,
};

/// Reads the entities of a file.
pub fn declared(resolver: &dyn Resolver, file: FileId, _path: &str) -> Option<Declared> {
    imports(resolver.module(file), "typeorm").then(|| entities::declared(resolver, file, &ENTITIES))
}

fn column_name(field: &str, key: Option<&str>) -> String {
    key.map_or_else(|| field.to_owned(), |key| format!("{field}{}", capital(key)))
}

/// `code` as `Code`.
fn capital(name: &str) -> String {
    let mut letters = name.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
