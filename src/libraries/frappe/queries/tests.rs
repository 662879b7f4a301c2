use super::*;
use crate::libraries::testing::{python, python_query};

fn filters(query: &Query) -> Vec<(&str, FilterKind)> {
    let filters = query.statement.filters.iter();
    filters.map(|filter| (filter.column.column.as_str(), filter.kind)).collect()
}

fn one_of(text: &str) -> Query {
    python_query(&format!("import frappe\nfrom frappe.model.document import Document\n{text}"))
}

#[test]
fn lists_have_filters_fields_order_and_limit() {
    let query = one_of(
        "rows = frappe.get_all('Parcel', filters={'owner': x, 'weight': ['>', 3], 'code': ['like', 'A%']}, fields=['name', 'owner as o'], order_by='creation desc', limit=20, start=40)",
    );
    assert_eq!(query.table(), Some("Parcel"));
    assert_eq!(
        filters(&query),
        [
            ("owner", FilterKind::Equality),
            ("weight", FilterKind::Range),
            ("code", FilterKind::Prefix)
        ]
    );
    let statement = &query.statement;
    assert!(statement.order[0].1 && statement.offset && statement.limit == RowLimit::Rows(20));
    assert!(matches!(&statement.projection, Projection::Columns(columns) if columns.len() == 2 && columns[1].column == "owner"));
}

#[test]
fn a_list_without_a_page_is_all_rows_with_their_name_only() {
    for text in ["frappe.get_all('Parcel')", "frappe.db.get_list('Parcel', limit_page_length=0)"] {
        let query = one_of(text);
        assert_eq!(
            (query.statement.limit.clone(), query.outcome),
            (RowLimit::None, Outcome::Rows),
            "{text}"
        );
        assert!(matches!(&query.statement.projection, Projection::Columns(columns) if columns[0].column == "name"));
    }
}

#[test]
fn lists_of_conditions_may_name_their_type() {
    let query =
        one_of("frappe.get_list('Parcel', filters=[['state', '=', 'open'], ['Parcel', 'at', 'between', [a, b]], ['route', 'is', 'set']])");
    assert_eq!(
        filters(&query),
        [
            ("state", FilterKind::Equality),
            ("at", FilterKind::Range),
            ("route", FilterKind::Negative)
        ]
    );
}

#[test]
fn conditions_that_are_appended_count() {
    let query = one_of(
        "def f(depot):\n    filters = [['state', '=', 'open']]\n    if depot:\n        filters.append(['depot', '=', depot])\n    return frappe.get_all('Parcel', filters=filters)",
    );
    let seen: Vec<_> = query
        .statement
        .filters
        .iter()
        .map(|f| (f.column.column.as_str(), f.optional))
        .collect();
    assert_eq!(seen, [("state", false), ("depot", true)]);
}

#[test]
fn roles_of_somebody_are_looked_up() {
    assert_eq!(one_of("frappe.get_roles(user.name)").table(), Some("Has Role"));
    assert_eq!(python("import frappe\nfrappe.get_roles()\n"), []);
}

#[test]
fn values_documents_counts_and_writes() {
    let value = one_of("frappe.db.get_value('Parcel', {'code': code}, ['owner', 'weight'])");
    assert_eq!((value.outcome, value.statement.limit.clone()), (Outcome::One, RowLimit::One));
    assert_eq!(filters(&value), [("code", FilterKind::Equality)]);
    let document = one_of("frappe.get_doc('Parcel', row.name)");
    assert_eq!(
        (document.outcome, filters(&document)),
        (Outcome::One, vec![("name", FilterKind::Equality)])
    );
    assert_eq!(one_of("frappe.db.count('Parcel', {'state': s})").outcome, Outcome::Scalar);
    assert_eq!(one_of("frappe.db.exists('Parcel', name)").outcome, Outcome::Scalar);
    for (text, operation) in [
        ("frappe.db.set_value('Parcel', name, 'state', 'sent')", Operation::Update),
        ("frappe.db.delete('Parcel', {'state': 'old'})", Operation::Delete),
        ("frappe.delete_doc('Parcel', name)", Operation::Delete),
    ] {
        let query = one_of(text);
        assert_eq!((query.statement.operation, query.table()), (operation, Some("Parcel")), "{text}");
    }
}

#[test]
fn documents_are_written_by_their_methods() {
    let saved = python("import frappe\ndoc = frappe.get_doc('Parcel', name)\ndoc.state = 'sent'\ndoc.save()\n");
    let operations: Vec<_> = saved.iter().map(|query| (query.statement.operation, query.table())).collect();
    assert_eq!(
        operations,
        [(Operation::Select, Some("Parcel")), (Operation::Update, Some("Parcel"))]
    );
    let made = one_of("doc = frappe.new_doc('Parcel')\ndoc.insert()");
    assert_eq!((made.statement.operation, made.table()), (Operation::Insert, Some("Parcel")));
    let literal = one_of("frappe.get_doc({'doctype': 'Parcel', 'x': 1}).insert()");
    assert_eq!((literal.statement.operation, literal.table()), (Operation::Insert, Some("Parcel")));
    let own = one_of("class RouteStop(Document):\n    def close(self):\n        self.db_set('closed', 1)");
    assert_eq!((own.statement.operation, own.table()), (Operation::Update, Some("Route Stop")));
}

#[test]
fn builder_chains_join_filter_and_run() {
    let found = python(
        "import frappe\nP = frappe.qb.DocType('Parcel')\nR = frappe.qb.DocType('Route')\nquery = frappe.qb.from_(P).left_join(R).on(P.route == R.name).select(P.name, R.depot).where((P.state == 'open') & P.code.isin(codes)).orderby(P.creation, order=frappe.qb.desc)\nif big:\n    query = query.where(P.weight > 3)\nrows = query.limit(10).run(as_dict=True)\n",
    );
    let query = found.iter().find(|query| query.executed).expect("a run");
    let statement = &query.statement;
    let tables: Vec<&str> = statement.tables.iter().map(|table| table.name.as_str()).collect();
    assert_eq!(
        (tables, statement.limit.clone(), statement.joins.len()),
        (vec!["Parcel", "Route"], RowLimit::Rows(10), 1)
    );
    let seen: Vec<_> = statement
        .filters
        .iter()
        .map(|filter| (filter.column.column.as_str(), filter.optional))
        .collect();
    assert_eq!(seen, [("state", false), ("code", false), ("weight", true)]);
    assert!(statement.order[0].1);
    let update = python("import frappe\nP = frappe.qb.DocType('Parcel')\nfrappe.qb.update(P).set(P.state, 'x').where(P.name == n).run()\n");
    assert_eq!(update.last().map(|query| query.statement.operation), Some(Operation::Update));
}

#[test]
fn raw_statements_are_read() {
    let query = one_of("frappe.db.sql('''select name from `tabParcel` where owner = %s limit 5''', owner)");
    assert_eq!(
        (query.table(), query.statement.limit.clone()),
        (Some("tabParcel"), RowLimit::Rows(5))
    );
}

#[test]
fn near_misses() {
    for text in [
        "import frappe\nframe.get_all('Parcel')\n",
        "import frappe\ndoc = frappe.get_doc({'doctype': 'Parcel'})\n",
        "import frappe\nx = frappe.db.escape(name)\n",
        "import frappe\nfile.save()\nsession.delete(x)\n",
        "import shutil\nfrappe.get_all('Parcel')\n",
    ] {
        assert_eq!(python(text), [], "{text}");
    }
}

#[test]
fn class_names_become_type_names() {
    assert_eq!(
        ["SalesOrder", "HRSettings", "HDTicket", "Item"].map(spaced),
        ["Sales Order", "HR Settings", "HD Ticket", "Item"]
    );
}
