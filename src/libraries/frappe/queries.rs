//! Frappe: `frappe.get_all`, `frappe.db.*`, documents, and the query builder (`frappe.qb`).

mod query_builder;
#[cfg(test)]
mod tests;

use crate::ir::{Call, ExprId, ExprKind, Module};
use crate::libraries::shared::limits;
use crate::libraries::shared::objects::{self, ExprPlace};
use crate::libraries::shared::query::{Outcome, Query, Resolver};
use crate::libraries::shared::value::{FileId, RowModel, Value};
use crate::libraries::shared::{self, sql_text};
use crate::statement::{Filter, FilterKind, Operation, Projection, RowLimit};

/// The query that a call makes or runs, as far as the library's chain around it says; `None` where the call is not the library's.
pub fn recognise(resolver: &dyn Resolver, file: FileId, call: Call<'_>) -> Option<Query> {
    let method = call.method()?;
    if !is_call(method) && !is_document_method(method) && !query_builder::is_known(method) {
        return None;
    }
    let call = resolver.module(file).call(call.id)?;
    if !shared::query_builder::imports(call.module, &["frappe"]) {
        return None;
    }
    if let Some(name) = is_call(method).then(|| full_name(resolver, file, call)).flatten() {
        return function(resolver, file, call, &name);
    }
    if is_document_method(method)
        && let Some(query) = document(resolver, file, call, method)
    {
        return Some(query);
    }
    if query_builder::is_known(method) {
        return query_builder::recognise(resolver, file, call);
    }
    None
}

#[rustfmt::skip]
fn is_call(method: &str) -> bool {
    matches!(
        method,
        "get_all" | "get_list" | "get_value" | "get_values" | "get_doc" | "get_last_doc" | "get_single" | "get_single_value" | "exists" | "count"
            | "set_value" | "set_single_value" | "delete" | "delete_doc" | "delete_doc_if_exists" | "rename_doc" | "sql" | "sql_list" | "sql_ddl"
            | "multisql" | "bulk_insert" | "bulk_update" | "truncate" | "get_singles_dict" | "a_row_exists" | "get_descendants" | "get_ancestors_of"
            | "get_descendants_of" | "get_roles" | "update"
    )
}

/// The dotted name of a function of the framework: by what the callee holds, else as it is written.
fn full_name(resolver: &dyn Resolver, file: FileId, call: Call<'_>) -> Option<String> {
    // Inside the framework's own repository the name leads to its code; what is written says the same.
    if let Some(written) = call.module.dotted(call.callee).filter(|name| name.starts_with("frappe.")) {
        return Some(written);
    }
    match resolver.value(file, call.callee) {
        Value::External(name) | Value::ExternalInstance(name) if name.starts_with("frappe.") => Some(name.to_string()),
        _ => None,
    }
}

fn function(resolver: &dyn Resolver, file: FileId, call: Call<'_>, name: &str) -> Option<Query> {
    let short = name.strip_prefix("frappe.db.").or_else(|| name.strip_prefix("frappe."))?;
    let arg = |index: usize, keyword: &str| call.arg(index).or_else(|| call.keyword(keyword)).map(|arg| (file, arg));
    let in_db = name.starts_with("frappe.db.");
    if short.starts_with("sql") || short == "multisql" {
        return in_db.then(|| raw(resolver, file, call, short));
    }
    if short == "get_roles" {
        return roles(resolver, arg(0, "username"));
    }
    let first = arg(0, "doctype").or_else(|| arg(0, "dt"));
    let mut query = of_type(resolver, first);
    match short {
        "get_all" | "get_list" => listing(resolver, file, call, &mut query),
        "get_value" => {
            conditions(resolver, arg(1, "filters"), &mut query);
            fields(resolver, arg(2, "fieldname"), &mut query);
            order(
                resolver,
                arg(6, "order_by").filter(|_| call.keyword("order_by").is_some()),
                &mut query,
            );
            one(&mut query);
        }
        "get_values" if in_db => {
            conditions(resolver, arg(1, "filters"), &mut query);
            fields(resolver, arg(2, "fieldname"), &mut query);
            limited(resolver, call.keyword("limit").map(|limit| (file, limit)), &mut query);
        }
        "get_doc" | "get_last_doc" | "get_single" => {
            // A document that is made of a dictionary is not read.
            if first.is_none_or(|place| is_dictionary(resolver, place)) || call.args.iter().all(|arg| arg.name.is_some()) {
                return None;
            }
            conditions(resolver, arg(1, "filters"), &mut query);
            query.model = query.table().map(|name| RowModel::Table(name.to_owned()));
            one(&mut query);
        }
        "get_single_value" if in_db => {
            fields(resolver, arg(1, "fieldname"), &mut query);
            one(&mut query);
            query.outcome = Outcome::Scalar;
        }
        "get_singles_dict" if in_db => one(&mut query),
        "exists" | "count" | "a_row_exists" if in_db => {
            conditions(resolver, arg(1, if short == "exists" { "dn" } else { "filters" }), &mut query);
            aggregate(&mut query);
        }
        "set_value" | "set_single_value" => {
            conditions(resolver, arg(1, "dn").filter(|_| short == "set_value"), &mut query);
            write(&mut query, Operation::Update);
        }
        "delete" if in_db => {
            conditions(resolver, arg(1, "filters"), &mut query);
            write(&mut query, Operation::Delete);
        }
        "truncate" if in_db => write(&mut query, Operation::Delete),
        "delete_doc" | "delete_doc_if_exists" => {
            conditions(resolver, arg(1, "name"), &mut query);
            write(&mut query, Operation::Delete);
        }
        "rename_doc" | "bulk_update" => write(&mut query, Operation::Update),
        "bulk_insert" if in_db => write(&mut query, Operation::Insert),
        _ if short.ends_with("get_descendants") || short.ends_with("get_descendants_of") || short.ends_with("get_ancestors_of") => {}
        _ => return None,
    }
    query.executed = true;
    Some(query)
}

/// `frappe.get_roles(user)`: the roles of somebody else than the session's user, whose own are at hand, are looked up.
fn roles(resolver: &dyn Resolver, user: Option<ExprPlace>) -> Option<Query> {
    user?;
    let mut query = of_type(resolver, None);
    query.statement.tables.push(objects::table("Has Role"));
    query.statement.projection = Projection::Columns(vec![objects::first_column("role")]);
    push(&mut query, "parent", FilterKind::Equality, None, false);
    query.executed = true;
    Some(query)
}

/// A query of the document type that an argument names.
fn of_type(resolver: &dyn Resolver, place: Option<ExprPlace>) -> Query {
    let mut query = Query {
        library: "frappe",
        blocking: true,
        ..Query::default()
    };
    let name = place.and_then(|place| type_name(resolver, place));
    query.statement.tables.extend(name.map(objects::table));
    query
}

/// `"Sales Order"`, a constant, `self.doctype`.
fn type_name(resolver: &dyn Resolver, place: ExprPlace) -> Option<String> {
    let module = resolver.module(place.0);
    if let ExprKind::Attr { base, name } = module.kind(place.1)
        && module.str(*name) == "doctype"
        && module.name(*base) == Some("self")
    {
        return own_type(module, place.1);
    }
    if matches!(module.kind(place.1), ExprKind::Object(_)) {
        let doctype = module.entry(place.1, "doctype")?;
        return shared::query_builder::text(resolver, (place.0, doctype));
    }
    shared::query_builder::text(resolver, place)
}

/// The document type of the class around an expression.
fn own_type(module: &Module, expr: ExprId) -> Option<String> {
    let class = module.enclosing_class(module.owner(expr))?;
    module.class(class).name.map(|name| spaced(module.str(name)))
}

/// `SalesOrder` as `Sales Order`, `HRSettings` as `HR Settings`: how the framework derives a controller's name.
fn spaced(name: &str) -> String {
    let chars: Vec<char> = name.chars().collect();
    let mut out = String::with_capacity(name.len() + 4);
    for (index, &here) in chars.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|at| chars.get(at));
        let starts = here.is_uppercase()
            && before.is_some_and(|before| before.is_lowercase() || chars.get(index + 1).is_some_and(|next| next.is_lowercase()));
        if starts {
            out.push(' ');
        }
        out.push(here);
    }
    out
}

/// The arguments of `get_all`, `get_list` and `qb.get_query`.
fn listing(resolver: &dyn Resolver, file: FileId, call: Call<'_>, query: &mut Query) {
    let keyword = |name: &str| call.keyword(name).map(|arg| (file, arg));
    conditions(resolver, keyword("filters"), query);
    if let Some(place) = keyword("or_filters") {
        let before = query.statement.filters.len();
        conditions(resolver, Some(place), query);
        query
            .statement
            .filters
            .iter_mut()
            .skip(before)
            .for_each(|filter| filter.optional = true);
    }
    let pluck = keyword("pluck");
    match pluck.or_else(|| keyword("fields")).or_else(|| call.arg(1).map(|arg| (file, arg))) {
        Some(place) => fields(resolver, Some(place), query),
        None if !call.is_open() => query.statement.projection = Projection::Columns(vec![objects::first_column("name")]),
        None => {}
    }
    order(resolver, keyword("order_by"), query);
    for name in ["limit", "limit_page_length", "page_length"] {
        limited(resolver, keyword(name), query);
    }
    let skipped = keyword("start").or_else(|| keyword("limit_start")).or_else(|| keyword("offset"));
    query.statement.offset = skipped.is_some_and(|place| objects::skips(resolver, place));
    query.statement.grouped = keyword("group_by").is_some() || keyword("distinct").is_some();
    query.statement.open |= call.is_open();
    // Columns of aggregates alone are one row.
    if query.statement.projection == Projection::Aggregate && !query.statement.grouped {
        aggregate(query);
    }
}

/// No page length, or one of nought, is no limit.
fn limited(resolver: &dyn Resolver, place: Option<ExprPlace>, query: &mut Query) {
    let Some(place) = place else { return };
    query.statement.limit = match limits::of(resolver, place) {
        RowLimit::Rows(0) => RowLimit::None,
        limit => limit,
    };
}

/// `"creation desc, name"`.
fn order(resolver: &dyn Resolver, place: Option<ExprPlace>, query: &mut Query) {
    let Some(place) = place else { return };
    let Some(text) = shared::query_builder::text(resolver, place) else {
        return;
    };
    for part in text.split(',') {
        let column = bare(part);
        if !column.is_empty() {
            let descending = part.trim().to_ascii_lowercase().ends_with(" desc");
            query.statement.order.push((objects::first_column(column), descending));
        }
    }
}

/// A column's name out of `` `tabItem`.`name` as x ``.
fn bare(text: &str) -> &str {
    let word = text.split_whitespace().next().unwrap_or_default();
    word.rsplit('.').next().unwrap_or(word).trim_matches(['`', '"'])
}

/// A field's name or a list of them.
fn fields(resolver: &dyn Resolver, place: Option<ExprPlace>, query: &mut Query) {
    let Some(place) = place else { return };
    let mut columns = Vec::new();
    let mut aggregates = 0;
    let names = shared::query_builder::strings(resolver, place);
    for name in &names {
        let text = name.trim();
        if text == "*" || text.ends_with(".*") {
            return;
        }
        if text.contains('(') {
            aggregates += 1;
        } else {
            columns.push(objects::first_column(bare(text)));
        }
    }
    if columns.is_empty() && aggregates > 0 {
        query.statement.projection = Projection::Aggregate;
    } else if !columns.is_empty() {
        query.statement.projection = Projection::Columns(columns);
    }
}

/// A name, `{"field": value}`, `{"field": ["like", "a%"]}`, `[["field", "=", value]]`, `[["Type", "field", "=", value]]`.
fn conditions(resolver: &dyn Resolver, place: Option<ExprPlace>, query: &mut Query) {
    let Some(place) = place else { return };
    let (file, expr) = resolver
        .definition(place.0, place.1)
        .filter(|(at, found)| matches!(resolver.module(*at).kind(*found), ExprKind::Object(_) | ExprKind::List(_)))
        .unwrap_or(place);
    match resolver.module(file).kind(expr) {
        ExprKind::Null => {}
        ExprKind::List(_) => {
            let (items, open) = objects::items(resolver, place.0, place.1);
            query.open_filters |= open;
            for (item, conditional) in items {
                listed(resolver, item, conditional, query);
            }
        }
        ExprKind::Object(_) => {
            let read = objects::fields(resolver, place.0, place.1);
            query.open_filters |= read.open;
            for field in read.items {
                compared(resolver, &field.key, field.value, field.optional, query);
            }
        }
        // What is not known to be a dictionary is taken for a name: by far the most are.
        ExprKind::Str(_) | ExprKind::Template(_) | ExprKind::Name(_) | ExprKind::Attr { .. } | ExprKind::Index { .. }
            if !is_filter_name(resolver.module(place.0), place.1) =>
        {
            push(query, "name", FilterKind::Equality, None, false);
        }
        _ => query.open_filters = true,
    }
}

/// A variable that holds filters by its name.
fn is_filter_name(module: &Module, expr: ExprId) -> bool {
    objects::last_name(module, expr).is_some_and(|name| name.contains("filter") || name.contains("cond") || name == "args")
}

fn push(query: &mut Query, column: &str, kind: FilterKind, literal: Option<String>, optional: bool) {
    query.statement.filters.push(Filter {
        column: objects::first_column(column),
        kind,
        literal,
        optional,
        end: None,
        hindered: false,
    });
}

/// The value of a field: itself, or an operator with one.
fn compared(resolver: &dyn Resolver, column: &str, value: ExprPlace, optional: bool, query: &mut Query) {
    let module = resolver.module(value.0);
    match module.kind(value.1) {
        ExprKind::List(parts) | ExprKind::Tuple(parts) => {
            let operator = parts.first().and_then(|&first| module.string(first)).unwrap_or_default().to_owned();
            let operand = parts.get(1).map(|&operand| (value.0, operand));
            operation(resolver, column, &operator, operand, optional, query);
        }
        _ => push(query, column, FilterKind::Equality, objects::literal(resolver, value), optional),
    }
}

fn operation(resolver: &dyn Resolver, column: &str, operator: &str, operand: Option<ExprPlace>, optional: bool, query: &mut Query) {
    let literal = operand.and_then(|operand| objects::literal(resolver, operand));
    let kind = match (operator.to_ascii_lowercase().as_str(), operand) {
        ("is", _) => {
            let is_set = literal.as_deref() == Some("'set'");
            let kind = if is_set { FilterKind::Negative } else { FilterKind::Equality };
            return push(query, column, kind, Some("NULL".to_owned()), optional);
        }
        ("like", Some(operand)) => objects::like_kind(resolver, operand),
        ("timespan", _) => FilterKind::Range,
        (operator, _) => shared::query_builder::operator(operator),
    };
    push(query, column, kind, literal, optional);
}

/// One condition of a list.
fn listed(resolver: &dyn Resolver, item: ExprPlace, optional: bool, query: &mut Query) {
    let module = resolver.module(item.0);
    let (ExprKind::List(parts) | ExprKind::Tuple(parts)) = module.kind(item.1) else {
        query.open_filters = true;
        return;
    };
    let text = |index: usize| parts.get(index).and_then(|&part| module.string(part));
    let at = |index: usize| parts.get(index).map(|&part| (item.0, part));
    let first = usize::from(parts.len() >= 4);
    match (text(first), text(first + 1)) {
        (Some(column), Some(operator)) if parts.len() > 2 => {
            let (column, operator) = (column.to_owned(), operator.to_owned());
            operation(resolver, &column, &operator, at(first + 2), optional, query);
        }
        (Some(column), _) if parts.len() == 2 => {
            let column = column.to_owned();
            push(
                query,
                &column,
                FilterKind::Equality,
                at(1).and_then(|value| objects::literal(resolver, value)),
                optional,
            );
        }
        _ => query.open_filters = true,
    }
}

fn one(query: &mut Query) {
    query.outcome = Outcome::One;
    query.statement.limit = RowLimit::One;
}

fn aggregate(query: &mut Query) {
    query.outcome = Outcome::Scalar;
    query.statement.limit = RowLimit::One;
    query.statement.projection = Projection::Aggregate;
}

fn write(query: &mut Query, operation: Operation) {
    query.statement.operation = operation;
    query.statement.projection = Projection::None;
    query.outcome = Outcome::Nothing;
}

/// `frappe.db.sql("…")`.
fn raw(resolver: &dyn Resolver, file: FileId, call: Call<'_>, short: &str) -> Query {
    let text = call.arg(0).or_else(|| call.keyword("query"));
    let found = text.and_then(|text| sql_text::query(resolver, file, text));
    let mut query = found.unwrap_or_else(|| sql_text::unknown("sql"));
    query.executed = true;
    query.blocking = true;
    // A list, or pairs by database, of what is no text here.
    query.opaque |= short == "multisql";
    query
}

fn is_dictionary(resolver: &dyn Resolver, place: ExprPlace) -> bool {
    let (at, expr) = resolver.definition(place.0, place.1).unwrap_or(place);
    let module = resolver.module(at);
    match module.kind(expr) {
        ExprKind::Object(_) => true,
        ExprKind::Call { .. } => module
            .call(expr)
            .and_then(|call| call.method())
            .is_some_and(|method| matches!(method, "dict" | "_dict" | "copy" | "as_dict" | "loads")),
        _ => false,
    }
}

#[rustfmt::skip]
fn is_document_method(method: &str) -> bool {
    matches!(method, "save" | "insert" | "submit" | "cancel" | "db_set" | "db_insert" | "db_update" | "reload" | "load_from_db" | "delete")
}

/// `doc.save()` and the like: of what the framework handed out, or of a document's own class.
fn document(resolver: &dyn Resolver, file: FileId, call: Call<'_>, method: &str) -> Option<Query> {
    let receiver = call.receiver()?;
    let name = match resolver.value(file, receiver) {
        Value::Row(RowModel::Table(name), Some((at, read))) => {
            resolver.query(at, read).filter(|query| query.library == "frappe")?;
            Some(name)
        }
        Value::ExternalInstance(made) if is_maker(&made) => {
            let (at, definition) = resolver.definition(file, receiver).unwrap_or((file, receiver));
            let made = resolver.module(at).call(definition);
            made.and_then(|made| made.arg(0)).and_then(|arg| type_name(resolver, (at, arg)))
        }
        Value::Instance(at, class) if is_document(resolver, at, class) => {
            // An override of the project ends in `super()`, which counts.
            if matches!(resolver.value(file, call.callee), Value::Function(..)) {
                return None;
            }
            let module = resolver.module(at);
            module.class(class).name.map(|name| spaced(module.str(name)))
        }
        _ => return None,
    };
    let mut query = of_type(resolver, None);
    query.statement.tables.extend(name.clone().map(objects::table));
    match method {
        "insert" | "db_insert" => write(&mut query, Operation::Insert),
        "delete" => write(&mut query, Operation::Delete),
        "reload" | "load_from_db" => {
            push(&mut query, "name", FilterKind::Equality, None, false);
            query.model = name.map(RowModel::Table);
            one(&mut query);
        }
        _ => write(&mut query, Operation::Update),
    }
    query.executed = true;
    Some(query)
}

fn is_maker(name: &str) -> bool {
    matches!(
        name,
        "frappe.get_doc" | "frappe.new_doc" | "frappe.copy_doc" | "frappe.get_last_doc" | "frappe.get_cached_doc"
    )
}

fn is_document(resolver: &dyn Resolver, file: FileId, class: crate::ir::ClassId) -> bool {
    let ancestors = resolver.ancestors(file, class);
    ancestors.iter().any(|name| name.starts_with("frappe.") || name == "Document")
}
