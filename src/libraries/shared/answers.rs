//! Where the answers of drivers have their rows.

/// The field of an answer that holds its rows: `result.rows`, `result.recordset`.
pub fn holds_rows(field: &str) -> bool {
    matches!(field, "rows" | "recordset")
}

/// Methods that give the rows of an answer, those of them that fit, or one thing for each of them.
pub fn gives_rows(method: &str) -> bool {
    matches!(
        method,
        "all"
            | "fetchall"
            | "filter"
            | "iterator"
            | "map"
            | "mappings"
            | "scalars"
            | "sort"
            | "stream"
            | "toArray"
            | "tuples"
            | "values"
            | "yield_per"
    )
}

/// The method by which a cursor is told what to ask.
pub const TOLD_BY: &str = "execute";
