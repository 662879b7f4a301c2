//! What libraries mean: per-file facts, the vocabulary of values and queries, and one recogniser a library.

use crate::ir::Language;

pub mod alembic;
pub mod batches;
pub mod builder;
pub mod chain;
pub mod code_migrations;
pub mod comparison;
pub mod context;
pub mod data;
pub mod ddl;
pub mod django;
pub mod django_migrations;
pub mod django_models;
pub(crate) mod django_parts;
pub mod drizzle;
pub mod drizzle_schema;
pub mod entities;
pub mod entries;
pub mod facts;
pub mod frappe;
pub mod knex;
mod knex_schema;
pub mod kysely;
mod kysely_schema;
pub mod medusa_models;
pub mod mikroorm;
pub mod models;
pub mod mongo;
pub mod mongoose;
pub mod pagination;
pub mod peewee;
pub mod peewee_models;
pub mod polling;
pub mod prisma;
pub mod pymongo;
pub mod python_sql;
pub mod row_methods;
pub mod sequelize;
pub mod sequelize_schema;
pub mod shape;
pub mod sql_text;
pub mod sqlalchemy;
pub mod sqlalchemy_models;
mod sqlalchemy_parts;
pub mod supabase;
#[cfg(test)]
pub(crate) mod testing;
pub(crate) mod ts_parts;
pub mod typeorm;
mod typeorm_schema;
pub mod typescript_sql;
pub mod value;

/// The recognisers of queries, most telling first.
pub const RECOGNISERS: &[(Language, value::Recognise)] = &[
    (Language::Python, frappe::recognise),
    (Language::Python, sqlalchemy::recognise),
    (Language::TypeScript, prisma::recognise),
    (Language::Python, python_sql::recognise),
    (Language::Python, django::recognise),
    (Language::Python, peewee::recognise),
    (Language::Python, pymongo::recognise),
    (Language::Python, supabase::recognise),
    (Language::TypeScript, drizzle::recognise),
    (Language::TypeScript, kysely::recognise),
    (Language::TypeScript, supabase::recognise),
    (Language::TypeScript, knex::recognise),
    (Language::TypeScript, typeorm::recognise),
    (Language::TypeScript, mongoose::recognise),
    (Language::TypeScript, sequelize::recognise),
    (Language::TypeScript, mikroorm::recognise),
    (Language::TypeScript, typescript_sql::recognise),
];

/// Whether iterating a query runs it: querysets and 1.x queries.
pub fn is_lazy_iterable(query: &value::Query) -> bool {
    !query.executed
        && query.statement.operation == crate::statement::Operation::Select
        && matches!(
            query.library,
            "sqlalchemy" | "django" | "peewee" | "tortoise" | "pymongo" | "beanie"
        )
}
