use rustc_hash::FxHashSet;

use crate::ir::{ExprId, Module};
use crate::libraries::shared::effects::LibraryData;
use crate::libraries::shared::query::{Outcome, Query, Resolver};
use crate::libraries::shared::value::{FileId, RowModel, Value};
use crate::project::eval::{Code, Evaluator};
use crate::source::Span;
use crate::statement::{FilterKind, Operation, Projection, RowLimit};
use crate::syntax::facts::extract;
use crate::walk::FileKind;

const MODELS: &str = "
from sqlalchemy import Column, Integer, String, ForeignKey
from sqlalchemy.orm import DeclarativeBase, relationship
class Base(DeclarativeBase): pass
class User(Base):
    __tablename__ = 'users'
    id = Column(Integer, primary_key=True)
    email = Column(String)
    active = Column(String)
    orders = relationship('Order')
class Order(Base):
    __tablename__ = 'orders'
    id = Column(Integer, primary_key=True)
    user_id = Column(ForeignKey('users.id'))
    items = relationship('Item')
";

fn code(files: &[(&str, &str)]) -> Code {
    let mut files: Vec<_> = files.iter().map(|(path, text)| extract(path, FileKind::Python, text)).collect();
    files.push(extract("models.py", FileKind::Python, MODELS));
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Code::new(files, LibraryData::built_in(), FxHashSet::default())
}

fn file(code: &Code, path: &str) -> FileId {
    FileId(code.files.iter().position(|facts| facts.path == path).expect("the file") as u32)
}

/// The outermost call whose text is `needle`.
fn call_at(module: &Module, text: &str, needle: &str) -> ExprId {
    let start = text.find(needle).expect("the text");
    let span = Span::new(start, start + needle.len());
    module
        .expr_ids()
        .find(|(id, expr)| expr.span == span && module.call(*id).is_some())
        .unwrap_or_else(|| panic!("no call at {needle}"))
        .0
}

fn query_in(body: &str, needle: &str) -> Option<Query> {
    let text = format!(
        "from sqlalchemy import select, func, or_, and_, insert, update, delete\nfrom sqlalchemy.orm import Session, joinedload, selectinload, defer, load_only\nfrom sqlalchemy.ext.asyncio import AsyncSession\nfrom models import User, Order\n{body}"
    );
    let code = code(&[("app.py", &text)]);
    let at = file(&code, "app.py");
    let eval = Evaluator::new(&code);
    Resolver::query(&eval, at, call_at(code.module(at), &text, needle))
}

fn filters(query: &Query) -> Vec<(String, FilterKind, bool)> {
    let filters = query.statement.filters.iter();
    filters
        .map(|filter| (filter.column.column.clone(), filter.kind, filter.optional))
        .collect()
}

#[test]
fn a_query_of_the_first_style_runs_at_its_end() {
    let body =
        "def f(db: Session):\n    return db.query(User).filter(User.email == 'a', User.id > 3).order_by(User.id.desc()).limit(5).all()\n";
    let query = query_in(
        body,
        "db.query(User).filter(User.email == 'a', User.id > 3).order_by(User.id.desc()).limit(5).all()",
    )
    .expect("a query");
    assert!(query.executed && query.blocking && !query.fetch);
    assert_eq!(query.table(), Some("User"));
    assert_eq!(query.outcome, Outcome::Rows);
    assert_eq!(query.statement.limit, RowLimit::Rows(5));
    assert_eq!(
        filters(&query),
        [
            ("email".into(), FilterKind::Equality, false),
            ("id".into(), FilterKind::Range, false)
        ]
    );
    assert_eq!(query.statement.filters[0].literal.as_deref(), Some("'a'"));
    assert!(query.statement.order[0].1);
    assert!(matches!(query.model, Some(RowModel::Class(..))));
    assert!(!query_in(body, "db.query(User)").expect("built").executed);
}

#[test]
fn a_session_of_unknown_type_still_queries_models() {
    let query = query_in("def f(x):\n    return x.query(User).count()\n", "x.query(User).count()").expect("a query");
    assert_eq!(query.outcome, Outcome::Scalar);
    assert_eq!(query.statement.projection, Projection::Aggregate);
    assert_eq!(
        query_in("def f(x):\n    return x.query('users').all()\n", "x.query('users').all()"),
        None
    );
}

#[test]
fn a_statement_of_the_second_style_runs_where_it_is_executed() {
    let body = "async def f(db: AsyncSession):\n    return (await db.execute(select(User).where(User.email.in_(['a'])))).scalars().all()\n";
    let query = query_in(
        body,
        "(await db.execute(select(User).where(User.email.in_(['a'])))).scalars().all()",
    )
    .expect("a query");
    assert!(query.executed && !query.blocking && !query.fetch);
    assert_eq!(filters(&query), [("email".into(), FilterKind::In, false)]);
    assert!(!query_in(body, "select(User)").expect("built").executed);
}

#[test]
fn a_result_in_a_name_is_only_fetched_from() {
    let body = "async def f(db: AsyncSession):\n    stmt = select(User)\n    result = await db.execute(stmt)\n    return result.scalar_one_or_none()\n";
    let run = query_in(body, "db.execute(stmt)").expect("a query");
    assert!(run.executed && !run.fetch);
    let fetch = query_in(body, "result.scalar_one_or_none()").expect("the fetch");
    assert!(fetch.executed && fetch.fetch);
    assert_eq!(fetch.outcome, Outcome::One);
}

#[test]
fn conditions_of_the_code_make_filters_optional() {
    let body = "def f(db: Session, a, n):\n    q = db.query(User).filter(User.active == True)\n    if a:\n        q = q.filter(User.email == a)\n    if n:\n        q = q.limit(n)\n    return q.all()\n";
    let query = query_in(body, "q.all()").expect("a query");
    assert_eq!(
        filters(&query),
        [
            ("active".into(), FilterKind::Equality, false),
            ("email".into(), FilterKind::Equality, true)
        ]
    );
    assert!(query.executed && !query.fetch && query.statement.open);
    assert_eq!(query.statement.limit, RowLimit::None);
}

#[test]
fn a_branch_that_excludes_the_use_does_not_count() {
    let body = "def f(db: Session, a):\n    q = db.query(User)\n    if a:\n        q = q.filter(User.email == a)\n    else:\n        q = q.filter(User.id == 1)\n        return q.all()\n";
    let query = query_in(body, "q.all()").expect("a query");
    assert_eq!(filters(&query), [("id".into(), FilterKind::Equality, false)]);
}

#[test]
fn a_statement_comes_from_another_function() {
    let body = "class Repo:\n    def __init__(self, db: Session):\n        self.db = db\n    def base(self):\n        return select(Order).where(Order.user_id == 1)\n    def load(self):\n        return self.db.scalars(self.base().limit(10)).all()\n    def wrap(self, q):\n        return q.where(Order.id > 1)\n    def other(self):\n        return self.db.scalars(self.wrap(select(Order))).all()\n";
    let query = query_in(body, "self.db.scalars(self.base().limit(10)).all()").expect("a query");
    assert_eq!(query.statement.limit, RowLimit::Rows(10));
    assert_eq!(filters(&query), [("user_id".into(), FilterKind::Equality, false)]);
    let wrapped = query_in(body, "self.db.scalars(self.wrap(select(Order))).all()").expect("a query");
    assert!(wrapped.executed);
    assert_eq!(filters(&wrapped), [("id".into(), FilterKind::Range, false)]);
    assert_eq!(wrapped.table(), Some("Order"));
}

#[test]
fn kinds_of_conditions() {
    let body = "def f(db: Session, x, ids, conds):\n    return db.query(User).filter(or_(User.email == x, User.id == 1), User.email.ilike(f'%{x}%'), User.email.like('a%'), func.lower(User.email) == x, ~User.id.in_(ids), User.active.is_(None), User.id.between(1, 2), User.active != x, and_(*conds)).first()\n";
    let needle = &body[body.find("db.query").expect("start")..body.len() - 1];
    let query = query_in(body, needle).expect("a query");
    let kinds: Vec<_> = filters(&query).into_iter().map(|(_, kind, optional)| (kind, optional)).collect();
    assert_eq!(
        kinds,
        [
            (FilterKind::Equality, true),
            (FilterKind::Equality, true),
            (FilterKind::Pattern, false),
            (FilterKind::Prefix, false),
            (FilterKind::Function, false),
            (FilterKind::Negative, false),
            (FilterKind::Equality, false),
            (FilterKind::Range, false),
            (FilterKind::Negative, false),
        ]
    );
    assert_eq!(query.statement.limit, RowLimit::One);
    assert!(query.statement.open);
}

#[test]
fn conditions_gathered_in_a_list() {
    let body = "def f(db: Session, a):\n    conds = [User.active == True]\n    if a:\n        conds.append(User.email == a)\n    return db.scalars(select(User).where(*conds)).all()\n";
    let query = query_in(body, "db.scalars(select(User).where(*conds)).all()").expect("a query");
    assert_eq!(
        filters(&query),
        [
            ("active".into(), FilterKind::Equality, false),
            ("email".into(), FilterKind::Equality, true)
        ]
    );
}

#[test]
fn loader_options() {
    let body = "def f(db: Session, opts):\n    a = db.query(User).options(joinedload(User.orders).selectinload(Order.items), defer(User.email)).all()\n    b = db.query(User).options(*opts).all()\n    return a, b\n";
    let query = query_in(
        body,
        "db.query(User).options(joinedload(User.orders).selectinload(Order.items), defer(User.email)).all()",
    )
    .expect("a query");
    assert_eq!(query.eager, ["orders", "orders.items"]);
    assert_eq!(query.deferred, ["email"]);
    assert_eq!(query_in(body, "db.query(User).options(*opts).all()").expect("a query").eager, ["*"]);
}

#[test]
fn loader_options_nest() {
    let options =
        "selectinload(User.orders).options(joinedload(Order.items), selectinload(Order.owner).load_only(User.email)), load_only(User.id)";
    let body = format!("def f(db: Session):\n    return db.query(User).options({options}).all()\n");
    let query = query_in(&body, &format!("db.query(User).options({options}).all()")).expect("a query");
    assert_eq!(query.eager, ["orders", "orders.items", "orders.owner"]);
    let only: Vec<(&str, &[String])> = query
        .only
        .iter()
        .map(|(path, columns)| (path.as_str(), columns.as_slice()))
        .collect();
    assert_eq!(only, [("orders.owner", &["email".to_owned()][..]), ("", &["id".to_owned()][..])]);
}

#[test]
fn builders_under_other_names() {
    let text = "from sqlalchemy import select as pick, update as change, text as words\nfrom models import User\ndef f(db: Session, pick2):\n    db.scalars(pick(User).where(User.email == 'x')).all()\n    db.execute(change(User).values(email='x'))\n    db.execute(words('SELECT id FROM users')).all()\n    db.scalars(pick2(User)).all()\n";
    let code = code(&[("app.py", text)]);
    let at = file(&code, "app.py");
    let eval = Evaluator::new(&code);
    let found = |needle: &str| eval.query_at(at, call_at(code.module(at), text, needle));
    let read = found("db.scalars(pick(User).where(User.email == 'x')).all()").expect("a query");
    assert_eq!((read.table(), filters(&read).len()), (Some("User"), 1));
    assert_eq!(
        found("db.execute(change(User).values(email='x'))")
            .expect("a query")
            .statement
            .operation,
        Operation::Update
    );
    assert_eq!(
        found("db.execute(words('SELECT id FROM users'))").expect("a query").table(),
        Some("users")
    );
    assert!(found("db.scalars(pick2(User)).all()").is_none_or(|query| query.table().is_none()));
}

#[test]
fn joins_and_columns() {
    let body = "def f(db: Session):\n    return db.execute(select(User.id, func.count(Order.id)).join(Order, Order.user_id == User.id).group_by(User.id)).all()\n";
    let query = query_in(
        body,
        "db.execute(select(User.id, func.count(Order.id)).join(Order, Order.user_id == User.id).group_by(User.id)).all()",
    )
    .expect("a query");
    assert_eq!(query.statement.tables.len(), 2);
    assert_eq!(query.statement.joins.len(), 1);
    assert!(query.statement.grouped && query.model.is_none());
    assert!(matches!(query.statement.projection, Projection::Columns(_)));
}

#[test]
fn a_derived_column_is_no_value() {
    let end = "select(Order).join(newest, Order.user_id == newest.c.user_id).where(Order.state == state)";
    let body = format!(
        "def f(db: Session, state):\n    newest = select(Order.user_id, func.max(Order.id)).group_by(Order.user_id).subquery()\n    return db.scalars({end}).all()\n"
    );
    let query = query_in(&body, &format!("db.scalars({end}).all()")).expect("a query");
    let compared: Vec<&str> = query.statement.filters.iter().map(|filter| filter.column.column.as_str()).collect();
    assert_eq!(compared, ["state"]);
}

#[test]
fn writes_and_units_of_work() {
    let body = "def f(db: Session, u: User):\n    db.execute(update(User).where(User.id == 1).values(email='x'))\n    db.query(Order).filter(Order.id == 1).delete()\n    db.add(u)\n    db.commit()\n    db.refresh(u)\n    db.get(User, 1)\n    {}.get(User)\n";
    let update = query_in(body, "db.execute(update(User).where(User.id == 1).values(email='x'))").expect("a query");
    assert_eq!((update.statement.operation, update.outcome), (Operation::Update, Outcome::Nothing));
    let delete = query_in(body, "db.query(Order).filter(Order.id == 1).delete()").expect("a query");
    assert_eq!(delete.statement.operation, Operation::Delete);
    assert_eq!(query_in(body, "db.add(u)"), None);
    assert!(query_in(body, "db.commit()").expect("a query").executed);
    assert_eq!(query_in(body, "db.refresh(u)").expect("a query").table(), Some("User"));
    assert_eq!(query_in(body, "db.get(User, 1)").expect("a query").statement.limit, RowLimit::One);
    assert_eq!(query_in(body, "{}.get(User)"), None);
}

#[test]
fn rows_have_their_model() {
    let text = "from sqlalchemy.orm import Session\nfrom models import User\ndef f(db: Session):\n    users = db.query(User).all()\n    for user in users:\n        use(user)\n    for other in db.query(User).filter_by(id=1):\n        use2(other)\n";
    let code = code(&[("app.py", text)]);
    let at = file(&code, "app.py");
    let eval = Evaluator::new(&code);
    for needle in ["use(user)", "use2(other)"] {
        let call = code.module(at).call(call_at(code.module(at), text, needle)).expect("a call");
        let held = eval.value(at, call.args[0].value);
        assert!(matches!(held, Value::Row(RowModel::Class(..), Some(_))), "{needle}: {held:?}");
    }
}

#[test]
fn a_repository_begins_with_its_own_model() {
    let body = "class Base:\n    def statement(self):\n        return select(self.model)\nclass Users(Base):\n    model = User\n    def load(self, db: Session):\n        return db.scalars(self.statement().where(User.id > 1)).all()\n";
    let query = query_in(body, "db.scalars(self.statement().where(User.id > 1)).all()").expect("a query");
    assert_eq!(query.table(), Some("User"));
    assert!(query.model.is_some());
}
