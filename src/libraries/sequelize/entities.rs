//! Models of sequelize-typescript.

use crate::libraries::shared::declared::{Declared, imports};
use crate::libraries::shared::entities::{self, EntityClasses};
use crate::libraries::shared::query::Resolver;
use crate::libraries::shared::value::FileId;

const ENTITIES: EntityClasses = EntityClasses {
    tool: super::TOOL,
    decorator: Some("Table"),
    table_option: None,
    table_name: |class| format!("{class}s"),
    column_name: |field, _| field.to_owned(),
    column_options: &["field"],
    keeps_deleted: Some("paranoid"),
    deleted_at: "DeletedAt",
    takes_bare_decorators: false,
    owner_option: None,
};

/// Reads the models of a file.
pub fn declared(resolver: &dyn Resolver, file: FileId, _path: &str) -> Option<Declared> {
    imports(resolver.module(file), "sequelize-typescript").then(|| entities::declared(resolver, file, &ENTITIES))
}
