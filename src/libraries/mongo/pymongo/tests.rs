use super::*;
use crate::libraries::testing::{python, python_query};

const HEAD: &str = "from pymongo import MongoClient, DESCENDING\nclient = MongoClient(url)\ndb = client['depot']\n";

fn of(text: &str) -> Query {
    python_query(&format!("{HEAD}{text}"))
}

#[test]
fn collections_are_known_by_index_attribute_and_variable() {
    for text in [
        "db['crates'].find_one({'code': c})",
        "db.crates.find_one({'code': c})",
        "crates = db.get_collection('crates')\ncrates.find_one({'code': c})",
    ] {
        let query = of(text);
        assert_eq!(
            (query.table(), query.outcome, query.executed),
            (Some("crates"), Outcome::One, true),
            "{text}"
        );
        assert_eq!(query.statement.filters[0].column.column, "code");
    }
}

#[test]
fn cursors_carry_conditions_order_and_limit_and_wait() {
    let query = of("rows = db.crates.find({'depot': d, 'weight': {'$gt': 3}}).sort('at', DESCENDING).skip(20).limit(10)");
    let kinds: Vec<_> = query.statement.filters.iter().map(|filter| filter.kind).collect();
    assert_eq!(kinds, [FilterKind::Equality, FilterKind::Range]);
    assert!(!query.executed && query.statement.order[0].1 && query.statement.offset);
    assert_eq!(query.statement.limit, RowLimit::Rows(10));
    let pairs = of("rows = db.crates.find({}).sort([('a', 1), ('b', -1)])");
    let order: Vec<_> = pairs
        .statement
        .order
        .iter()
        .map(|(column, down)| (column.column.as_str(), *down))
        .collect();
    assert_eq!(order, [("a", false), ("b", true)]);
}

#[test]
fn writes_and_counts() {
    for (text, operation) in [
        ("db.crates.insert_many(rows)", Operation::Insert),
        ("db.crates.update_one({'_id': i}, {'$set': {'a': 1}})", Operation::Update),
        ("db.crates.delete_many({'a': 1})", Operation::Delete),
    ] {
        let query = of(text);
        assert_eq!(
            (query.statement.operation, query.executed, query.blocking),
            (operation, true, true),
            "{text}"
        );
    }
    assert_eq!(of("db.crates.count_documents({})").outcome, Outcome::Scalar);
}

#[test]
fn documents_of_beanie_are_compared_awaited_and_saved() {
    let head = "from beanie import Document\n\nclass Crate(Document):\n    code: str\n\nasync def f(c):\n";
    let query = python_query(&format!(
        "{head}    rows = await Crate.find(Crate.code == c, Crate.weight > 3).sort('-at').limit(5).to_list()\n"
    ));
    assert_eq!((query.table(), query.executed, query.blocking), (Some("Crate"), true, false));
    assert_eq!(
        (query.statement.filters.len(), query.statement.limit.clone()),
        (2, RowLimit::Rows(5))
    );
    assert!(query.statement.order[0].1);
    let saved = python(&format!("{head}    crate = await Crate.get(c)\n    await crate.save()\n"));
    let operations: Vec<_> = saved.iter().map(|query| query.statement.operation).collect();
    assert_eq!(operations, [Operation::Select, Operation::Update]);
}

#[test]
fn near_misses() {
    assert_eq!(
        python(&format!(
            "{HEAD}text.find('x')\nsettings.get('a')\nsoup.find_one('a')\npath.exists()\nrows.count(1)\n"
        )),
        []
    );
    assert_eq!(python("db.crates.find_one({'a': 1})\n"), []);
}
