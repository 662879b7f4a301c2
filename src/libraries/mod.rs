//! What libraries mean: per-file facts, the vocabulary of values and queries, and one recogniser a library.

use crate::ir::Language;

pub mod chain;
pub mod data;
pub mod django;
pub mod facts;
pub mod models;
pub mod python_sql;
pub mod sql_text;
pub mod sqlalchemy;
pub mod value;

/// The recognisers of queries, most telling first.
pub const RECOGNISERS: &[(Language, value::Recognise)] = &[
    (Language::Python, sqlalchemy::recognise),
    (Language::Python, python_sql::recognise),
    (Language::Python, django::recognise),
];

/// Whether iterating a query runs it: querysets and 1.x queries.
pub fn is_lazy_iterable(query: &value::Query) -> bool {
    !query.executed
        && query.statement.operation == crate::statement::Operation::Select
        && matches!(query.library, "sqlalchemy" | "django" | "peewee" | "tortoise" | "pymongo")
}
