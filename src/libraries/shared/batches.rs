//! What libraries have for many at once: bulk writes, and services that take or give several keys in one request.

use crate::vocabulary::List;

/// Methods that write many rows with one statement.
pub fn is_bulk_write(method: &str) -> bool {
    matches!(
        method,
        "bulk_create"
            | "bulk_update"
            | "abulk_create"
            | "abulk_update"
            | "createMany"
            | "createManyAndReturn"
            | "insert_many"
            | "insertMany"
            | "bulkWrite"
            | "bulk_write"
            | "bulk_insert_mappings"
            | "bulk_update_mappings"
            | "bulk_save_objects"
            | "execute_values"
            | "execute_batch"
            | "bulkCreate"
            | "bulkInsert"
            | "batchInsert"
            | "add_all"
            | "copy_records_to_table"
            | "copy_from"
    )
}

/// Methods of query builders that write one row or a list of rows, as they are given.
pub fn takes_rows(method: &str) -> bool {
    matches!(method, "values" | "insert" | "upsert")
}

/// Methods that change or delete many rows by a condition, with one statement.
pub fn is_write_by_condition(method: &str) -> bool {
    matches!(method, "updateMany" | "deleteMany")
}

/// Methods of drivers and sessions that write many rows and are no query by themselves.
pub fn is_bulk_call(method: &str) -> bool {
    matches!(method, "add_all" | "execute_values" | "execute_batch" | "copy_records_to_table")
}

/// Whether a remote call, by its dotted name, has a form for many keys or texts: caches and embeddings.
pub fn has_batch_form(name: &str) -> bool {
    List::BatchForms.has(name)
}

/// Whether a client makes one statement of all calls of a method that come in one tick.
pub fn is_batched_read(library: &str, method: &str) -> bool {
    library == "prisma" && matches!(method, "findUnique" | "findUniqueOrThrow")
}
