use super::*;
use crate::libraries::testing::python;

const HEAD: &str = "from peewee import Model, CharField, ForeignKeyField, fn\n\nclass Base(Model):\n    pass\n\nclass Rider(Base):\n    name = CharField()\n\nclass Trip(Base):\n    rider = ForeignKeyField(Rider)\n    state = CharField()\n\n";

fn executed(text: &str) -> Query {
    let found = python(&format!("{HEAD}{text}"));
    let mut found: Vec<Query> = found.into_iter().filter(|query| query.executed).collect();
    assert_eq!(found.len(), 1, "{found:#?}");
    found.remove(0)
}

#[test]
fn a_chain_is_built_over_statements_and_run() {
    let query = executed(
        "query = Trip.select(Trip.id, Rider.name).join(Rider, on=(Trip.rider == Rider.id)).where((Trip.state == 'open') & (Trip.id << ids))\nif late:\n    query = query.where(Trip.at < now)\nrows = query.order_by(Trip.at.desc()).paginate(page, 50).execute()\n",
    );
    let statement = &query.statement;
    let tables: Vec<&str> = statement.tables.iter().map(|table| table.name.as_str()).collect();
    assert_eq!(
        (tables, statement.limit.clone(), statement.joins.len()),
        (vec!["Trip", "Rider"], RowLimit::Rows(50), 1)
    );
    let seen: Vec<_> = statement
        .filters
        .iter()
        .map(|f| (f.column.column.as_str(), f.kind, f.optional))
        .collect();
    assert_eq!(
        seen,
        [
            ("state", FilterKind::Equality, false),
            ("id", FilterKind::In, false),
            ("at", FilterKind::Range, true)
        ]
    );
    assert!(statement.order[0].1 && statement.offset);
}

#[test]
fn a_select_waits_until_it_is_iterated() {
    let found = python(&format!("{HEAD}rows = Trip.select().where(Trip.state.in_(states))\n"));
    assert!(found.iter().all(|query| !query.executed) && !found.is_empty());
}

#[test]
fn single_rows_scalars_and_writes() {
    assert_eq!(executed("trip = Trip.get_by_id(key)").outcome, Outcome::One);
    assert_eq!(executed("trip = Trip.get_or_none(Trip.state == 'x')").statement.filters.len(), 1);
    assert_eq!(
        executed("n = Trip.select(fn.COUNT(Trip.id)).where(~(Trip.state == 'x')).scalar()").outcome,
        Outcome::Scalar
    );
    for (text, operation) in [
        ("Trip.create(state='x')", Operation::Insert),
        ("Trip.insert_many(rows).execute()", Operation::Insert),
        ("Trip.update(state='y').where(Trip.id == key).execute()", Operation::Update),
        ("Trip.delete().where(Trip.id == key).execute()", Operation::Delete),
    ] {
        let query = executed(text);
        assert_eq!((query.statement.operation, query.table()), (operation, Some("Trip")), "{text}");
    }
    let saved = python(&format!("{HEAD}trip = Trip.get_by_id(key)\ntrip.state = 'z'\ntrip.save()\n"));
    assert_eq!(saved.last().map(|query| query.statement.operation), Some(Operation::Update));
}

#[test]
fn the_model_of_a_service_class_is_followed() {
    let query = executed(
        "class TripService:\n    model = Trip\n\n    @classmethod\n    def count(cls):\n        return cls.model.select().where(cls.model.state == 's').count()\n",
    );
    assert_eq!((query.table(), query.statement.filters.len()), (Some("Trip"), 1));
}

#[test]
fn near_misses() {
    let text = "class Plain:\n    pass\n\nPlain.select().where(1).execute()\nconfig.get('x')\nd = {}\nd.update(a=1)\nfile.save()\n";
    assert_eq!(python(&format!("{HEAD}{text}")), []);
}

#[test]
fn what_a_join_selects_is_loaded() {
    let eager = |select: &str| executed(&format!("rows = {select}.execute()\n")).eager;
    assert_eq!(eager("Trip.select(Trip, Rider).join(Rider)"), ["rider"]);
    assert_eq!(eager("Trip.select(Trip, Rider.name).join(Rider)"), ["rider"]);
    assert_eq!(eager("Trip.select(Trip).join(Rider)"), [""; 0], "a join alone loads nothing");
    assert_eq!(
        eager("Rider.select(Rider, Trip).join(Trip)"),
        [""; 0],
        "the other way leads to many"
    );
}
