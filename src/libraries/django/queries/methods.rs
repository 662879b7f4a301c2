//! The names of Django's queryset methods and managers, and which methods reach the database.

pub(super) fn is_known(method: &str) -> bool {
    is_build(method) || runs(method)
}

fn is_build(method: &str) -> bool {
    matches!(
        method,
        "filter"
            | "exclude"
            | "annotate"
            | "alias"
            | "order_by"
            | "reverse"
            | "distinct"
            | "values"
            | "values_list"
            | "dates"
            | "datetimes"
            | "none"
            | "all"
            | "union"
            | "intersection"
            | "difference"
            | "select_related"
            | "prefetch_related"
            | "extra"
            | "defer"
            | "only"
            | "using"
            | "select_for_update"
            | "raw"
            | "iterator"
            | "aiterator"
            | "get_queryset"
            | "complex_filter"
            | "limit"
            | "offset"
    )
}

/// Methods that reach the database, also with the `a` of the asynchronous ones.
pub(super) fn runs(method: &str) -> bool {
    matches!(
        sync_name(method),
        "get"
            | "get_or_none"
            | "create"
            | "get_or_create"
            | "update_or_create"
            | "bulk_create"
            | "bulk_update"
            | "count"
            | "in_bulk"
            | "latest"
            | "earliest"
            | "first"
            | "last"
            | "aggregate"
            | "exists"
            | "contains"
            | "update"
            | "delete"
            | "explain"
            | "iterator"
    ) || matches!(method, "add" | "set" | "remove" | "clear" | "aadd" | "aset" | "aremove" | "aclear")
}

pub(super) fn sync_name(method: &str) -> &str {
    match method {
        "aget" | "acreate" | "aget_or_create" | "aupdate_or_create" | "abulk_create" | "abulk_update" | "acount" | "ain_bulk"
        | "alatest" | "aearliest" | "afirst" | "alast" | "aaggregate" | "aexists" | "acontains" | "aupdate" | "adelete" | "aexplain"
        | "aiterator" | "asave" | "arefresh_from_db" => &method[1..],
        _ => method,
    }
}

pub(super) fn is_manager_name(name: &str) -> bool {
    matches!(name, "objects" | "_default_manager" | "_base_manager" | "query_set")
        || name.ends_with("_objects")
        || name.ends_with("_manager")
}

/// Names that only Django gives its managers: a `connection_manager` may be anything.
pub(super) fn is_telling_name(name: &str) -> bool {
    !name.ends_with("_manager") || name.starts_with('_')
}
