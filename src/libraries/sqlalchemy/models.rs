//! `SQLAlchemy` models: declarative classes of 1.x and 2.0, `Table()`, `SQLModel`, Flask-SQLAlchemy.

mod annotations;
mod fields;
mod inherited;
mod lineage;
mod relations;
mod table_names;
mod tables;

use crate::ir::{ClassId, ExprId, Module, StmtKind};
use crate::libraries::shared::declared::{Consts, Declared, imports};
use crate::libraries::shared::query::Resolver;
use crate::libraries::shared::value::FileId;
use crate::libraries::sqlalchemy::columns::{Parts, is_column};
use crate::statement::{Dialect, ModelDef, TableDef};
use fields::fields;
use inherited::Inherited;
use lineage::{has_table, lineage};
use table_names::{snake, table_name};
use tables::{arguments, loose_indexes, tables};

/// Reads the models of a file.
pub fn declared(resolver: &dyn Resolver, file: FileId, _path: &str) -> Option<Declared> {
    let module = resolver.module(file);
    let consts = Consts::new(resolver);
    let sqlmodel = imports(module, "sqlmodel");
    let mut declared = Declared {
        tool: Some(if sqlmodel { super::SQLMODEL } else { super::TOOL }),
        dialect: dialect(module),
        ..Declared::default()
    };
    let inherited = Inherited::default();
    for (class, _) in module.class_ids() {
        declared.models.extend(model(&consts, &inherited, file, class));
    }
    if imports(module, "sqlalchemy") || sqlmodel || module.imports.iter().any(|import| module.str(import.local) == "db") {
        tables(&consts, file, &mut declared);
        loose_indexes(&consts, file, &mut declared);
    }
    Some(declared)
}

fn dialect(module: &Module) -> Dialect {
    if imports(module, "sqlalchemy.dialects.postgresql") || imports(module, "pgvector") {
        Dialect::Postgres
    } else if imports(module, "sqlalchemy.dialects.mysql") {
        Dialect::MySql
    } else if imports(module, "sqlalchemy.dialects.sqlite") {
        Dialect::Sqlite
    } else if module.imports.iter().any(|import| {
        module.str(import.module) == "sqlalchemy.dialects" && import.name.is_some_and(|name| module.str(name) == "postgresql")
    }) {
        Dialect::Postgres
    } else {
        Dialect::Generic
    }
}

/// Name and value of a field's statement.
fn assigned(module: &Module, stmt: crate::ir::StmtId) -> Option<(&str, Option<ExprId>)> {
    match &module.stmt(stmt).kind {
        StmtKind::Assign { target, value, .. } => Some((module.name(*target)?, *value)),
        _ => None,
    }
}

fn model(consts: &Consts, known: &Inherited, file: FileId, class: ClassId) -> Option<ModelDef> {
    let resolver = consts.resolver;
    let module = resolver.module(file);
    let definition = module.class(class);
    let name = module.str(definition.name?).to_owned();
    let own_table = has_table(module, class);
    if !own_table && !could_be_model(module, class) {
        return None;
    }
    let lineage = lineage(resolver, file, class, definition.name_span);
    if definition
        .body
        .iter()
        .any(|&stmt| matches!(assigned(module, stmt), Some(("__abstract__", Some(_)))))
    {
        return None;
    }
    let table_name = if own_table {
        table_name(consts, &lineage, &name)?
    } else if let Some((parent_file, parent)) = lineage.parent {
        // Single-table inheritance: the columns go to the ancestor's table.
        let parent_module = resolver.module(parent_file);
        let parent_name = parent_module.str(parent_module.class(parent).name?).to_owned();
        table_name(
            consts,
            &self::lineage(resolver, parent_file, parent, definition.name_span),
            &parent_name,
        )?
    } else if resolver.model_library(file, class) == Some(super::TOOL)
        && lineage
            .classes
            .iter()
            .any(|&(file, class)| columns_of(resolver.module(file), class))
    {
        // Flask-SQLAlchemy names tables by itself; elsewhere a mixin or a base of the project does.
        table_name(consts, &lineage, &name).or_else(|| is_flask(resolver, file, class).then(|| snake(&name)))?
    } else {
        return None;
    };
    let mut model = ModelDef {
        name,
        ..ModelDef::default()
    };
    model.table = TableDef {
        name: table_name,
        span: definition.name_span,
        open: lineage.open,
        ..TableDef::default()
    };
    let inherited = own_table || lineage.parent.is_none();
    let sources = if inherited {
        lineage.classes.as_slice()
    } else {
        &lineage.classes[..1]
    };
    for (depth, &(at, class)) in sources.iter().enumerate() {
        let before = model.count();
        fields(&Parts { consts, file: at }, class, &mut model);
        arguments(&Parts { consts, file: at }, class, &mut model, depth);
        if at != file {
            model.place_since(before);
        }
    }
    let before = model.count();
    known.add_to(consts, lineage.parent, &mut model);
    model.place_since(before);
    Some(model)
}

fn could_be_model(module: &Module, class: ClassId) -> bool {
    !module.class(class).bases.is_empty()
        && (columns_of(module, class)
            || imports(module, "sqlalchemy")
            || imports(module, "sqlmodel")
            || module.imports.iter().any(|import| module.str(import.local) == "db"))
}

fn columns_of(module: &Module, class: ClassId) -> bool {
    module.class(class).body.iter().any(|&stmt| {
        assigned(module, stmt)
            .and_then(|(_, value)| module.call(value?))
            .and_then(|call| call.method())
            .is_some_and(|method| is_column(method) || method == "relationship")
    })
}

fn is_flask(resolver: &dyn Resolver, file: FileId, class: ClassId) -> bool {
    resolver
        .ancestors(file, class)
        .iter()
        .any(|name| name.ends_with("db.Model") || name.contains("flask_sqlalchemy"))
}
