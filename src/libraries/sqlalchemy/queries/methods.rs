//! The names of methods that begin, build and fetch.

/// Methods that a chain of this library can have.
pub(super) fn is_known(method: &str) -> bool {
    is_start(method) || is_build(method) || is_fetch(method)
}

pub(super) fn is_start(method: &str) -> bool {
    matches!(
        method,
        "query"
            | "select"
            | "insert"
            | "update"
            | "delete"
            | "exists"
            | "union"
            | "union_all"
            | "get"
            | "get_one"
            | "get_by_id"
            | "execute"
            | "exec"
            | "scalars"
            | "scalar"
            | "stream"
            | "stream_scalars"
            | "commit"
            | "flush"
            | "refresh"
            | "bulk_save_objects"
            | "bulk_insert_mappings"
            | "bulk_update_mappings"
            | "fetch_all"
            | "fetch_one"
            | "fetch_val"
            | "iterate"
            | "paginate"
    )
}

pub(super) fn is_build(method: &str) -> bool {
    matches!(
        method,
        "filter"
            | "where"
            | "filter_by"
            | "join"
            | "outerjoin"
            | "join_from"
            | "outerjoin_from"
            | "select_from"
            | "order_by"
            | "group_by"
            | "having"
            | "distinct"
            | "limit"
            | "offset"
            | "slice"
            | "options"
            | "with_entities"
            | "with_only_columns"
            | "add_columns"
            | "values"
            | "returning"
            | "on_conflict_do_update"
            | "on_conflict_do_nothing"
            | "with_for_update"
            | "execution_options"
            | "yield_per"
            | "subquery"
            | "cte"
            | "alias"
            | "lateral"
            | "scalar_subquery"
            | "as_scalar"
            | "label"
            | "correlate"
            | "enable_eagerloads"
            | "populate_existing"
            | "params"
            | "prefix_with"
            | "with_hint"
            | "from_statement"
            | "reset_joinpoint"
            | "set_"
            | "unique"
            | "tuples"
            | "mappings"
            | "columns"
            | "intersect"
            | "except_"
    )
}

fn is_fetch(method: &str) -> bool {
    matches!(
        method,
        "all"
            | "first"
            | "one"
            | "one_or_none"
            | "scalar_one"
            | "scalar_one_or_none"
            | "fetchall"
            | "fetchone"
            | "fetchmany"
            | "partitions"
            | "count"
            | "first_or_404"
            | "get_or_404"
            | "one_or_404"
            | "freeze"
            | "keys"
            | "scalar_or_none"
    )
}
