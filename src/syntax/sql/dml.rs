//! Statements that read and write rows: sqlparser's tree to [`Statement`].

mod aggregates;

use sqlparser::ast::{self, Expr, SetExpr, TableFactor};
use sqlparser::dialect::{Dialect as SqlDialect, GenericDialect, MySqlDialect, PostgreSqlDialect, SQLiteDialect};
use sqlparser::parser::{Parser, ParserError};

use self::aggregates::is_aggregate;
use super::lex;
use super::mask::HOLE;
use super::predicate;
use crate::budget::{self, Limit as Bound};
use crate::source::Span;
use crate::statement::{
    ColumnUse, Dialect, Filter, FilterKind, Join, Operation, Projection, RowLimit, Statement, Subquery, SubqueryPlace, TableUse,
};

/// Reads one statement; `None` when it does not parse or is nothing of the kind. `base` is where it stands in its file, to tell of bounds.
pub fn parse(text: &str, dialect: Dialect, base: usize) -> Option<Statement> {
    let tell = |limit| budget::tell(limit, Span::new(base, base).start);
    if text.len() > Bound::SqlStatement.count() {
        tell(Bound::SqlStatement);
        return None;
    }
    // The parser's tree is as deep as a chain of them is long.
    if operators(text) > Bound::SqlOperators.count() {
        tell(Bound::SqlOperators);
        return None;
    }
    if positions(text) > MAX_POSITIONS {
        tell(Bound::SqlNesting);
        return None;
    }
    let generic: &dyn SqlDialect = &GenericDialect {};
    let order: [&dyn SqlDialect; 3] = match dialect {
        Dialect::Postgres => [&PostgreSqlDialect {}, generic, &MySqlDialect {}],
        Dialect::MySql => [&MySqlDialect {}, generic, &PostgreSqlDialect {}],
        Dialect::Sqlite => [&SQLiteDialect {}, generic, &PostgreSqlDialect {}],
        Dialect::Generic => [generic, &PostgreSqlDialect {}, &MySqlDialect {}],
    };
    let spelt = lex::spelt_out(text, dialect);
    let text = spelt.as_deref().unwrap_or(text);
    let mut is_deep = false;
    let found = order.into_iter().find_map(|dialect| {
        let parser = Parser::new(dialect).with_recursion_limit(Bound::SqlNesting.count());
        let parsed = parser.try_with_sql(text).and_then(|mut parser| parser.parse_statements());
        is_deep |= matches!(parsed, Err(ParserError::RecursionLimitExceeded));
        lower(parsed.ok()?.first()?)
    });
    if is_deep && found.is_none() {
        tell(Bound::SqlNesting);
    }
    found
}

/// Most `POSITION(…)` calls in each other, see [`Bound::SqlNesting`]. The parser tries each twice (`POSITION(a IN b)`, then a plain call),
/// so the work doubles a level.
const MAX_POSITIONS: usize = 6;

/// How deep calls of `POSITION` stand in each other.
fn positions(text: &str) -> usize {
    let bytes = text.as_bytes();
    let (mut open, mut deep, mut deepest) = (Vec::new(), 0_usize, 0);
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'(' => {
                let before = bytes.get(..at).unwrap_or_default().trim_ascii_end();
                let word = before.len().checked_sub(8).and_then(|from| before.get(from..)).unwrap_or_default();
                let is_position = word.eq_ignore_ascii_case(b"POSITION");
                open.push(is_position);
                deep += usize::from(is_position);
                deepest = deepest.max(deep);
            }
            b')' => deep -= usize::from(open.pop().unwrap_or(false)),
            _ => {}
        }
    }
    deepest
}

fn operators(text: &str) -> usize {
    let signs = text.bytes().filter(|byte| b"+-*/|<>=%&^~!([:".contains(byte)).count();
    let words = text
        .split_ascii_whitespace()
        .filter(|word| {
            ["and", "or", "not", "union", "is", "in", "like", "all", "join"]
                .iter()
                .any(|w| word.eq_ignore_ascii_case(w))
        })
        .count();
    signs + words
}

fn lower(statement: &ast::Statement) -> Option<Statement> {
    let mut lowerer = Lowerer {
        scopes: Vec::new(),
        ctes: Vec::new(),
    };
    Some(match statement {
        ast::Statement::Query(query) => lowerer.query(query).0,
        ast::Statement::Insert(insert) => lowerer.insert(insert),
        ast::Statement::Update(update) => lowerer.update(update),
        ast::Statement::Delete(delete) => lowerer.delete(delete),
        _ => return None,
    })
}

/// Lowers a statement with what its enclosing ones name.
pub(super) struct Lowerer {
    /// Tables of each enclosing statement, outermost first; the last is the one being lowered.
    scopes: Vec<Vec<TableUse>>,
    /// Names of common table expressions in sight, each with how many rows it gives.
    ctes: Vec<(String, RowLimit)>,
}

/// A statement in the making.
#[derive(Default)]
pub(super) struct StatementDraft {
    pub statement: Statement,
    /// It names a column of an enclosing statement.
    pub correlated: bool,
}

pub(super) fn text(name: &ast::ObjectName) -> String {
    let parts: Vec<&str> = name
        .0
        .iter()
        .filter_map(|part| part.as_ident())
        .map(|ident| ident.value.as_str())
        .filter(|part| *part != HOLE)
        .collect();
    let joined = parts.join(".");
    if joined.contains(HOLE) { String::new() } else { joined }
}

impl Lowerer {
    /// Lowers a query; the flag tells whether it is correlated.
    pub(super) fn query(&mut self, query: &ast::Query) -> (Statement, bool) {
        let known = self.ctes.len();
        let mut with = Vec::new();
        for cte in query.with.iter().flat_map(|with| &with.cte_tables) {
            let at = self.ctes.len();
            self.ctes.push((cte.alias.name.value.clone(), RowLimit::None));
            let (statement, correlated) = self.query(&cte.query);
            if let Some(own) = self.ctes.get_mut(at) {
                own.1 = statement.limit.clone();
            }
            with.push(subquery(SubqueryPlace::From, correlated, statement));
        }
        let mut draft = self.body(&query.body);
        self.scopes.push(draft.statement.tables.clone());
        if let Some(order) = &query.order_by {
            self.order(&mut draft, order);
        }
        self.scopes.pop();
        if let Some(clause) = &query.limit_clause {
            limit(&mut draft.statement, clause);
        }
        if let Some(quantity) = query.fetch.as_ref().and_then(|fetch| fetch.quantity.as_ref()) {
            draft.statement.limit = rows(quantity);
        }
        if draft.statement.limit == RowLimit::None {
            draft.statement.limit = self.limit_inside(&draft.statement, &query.body);
        }
        self.ctes.truncate(known);
        with.append(&mut draft.statement.subqueries);
        draft.statement.subqueries = with;
        if is_single(&draft.statement) {
            draft.statement.limit = RowLimit::One;
        }
        (draft.statement, draft.correlated)
    }

    /// How many rows the one query has that a statement selects from: `SELECT … FROM (SELECT … LIMIT 100) x`.
    fn limit_inside(&self, statement: &Statement, body: &SetExpr) -> RowLimit {
        let SetExpr::Select(select) = body else { return RowLimit::None };
        let [from] = select.from.as_slice() else { return RowLimit::None };
        if !from.joins.is_empty() {
            return RowLimit::None;
        }
        let limit = match &from.relation {
            TableFactor::Derived { .. } => {
                let mut inner = statement.subqueries.iter().filter(|inner| inner.place == SubqueryPlace::From);
                inner.next().map(|inner| inner.statement.limit.clone())
            }
            TableFactor::Table { name, args: None, .. } => {
                let name = text(name);
                let mut known = self.ctes.iter().rev();
                known
                    .find(|(cte, _)| cte.eq_ignore_ascii_case(&name))
                    .map(|(_, limit)| limit.clone())
            }
            _ => None,
        };
        limit.unwrap_or_default()
    }

    fn body(&mut self, body: &SetExpr) -> StatementDraft {
        match body {
            SetExpr::Select(select) => self.select(select),
            SetExpr::Query(query) => {
                let (statement, correlated) = self.query(query);
                StatementDraft { statement, correlated }
            }
            SetExpr::SetOperation { left, right, .. } => {
                let mut draft = self.body(left);
                let right = self.body(right);
                draft.correlated |= right.correlated;
                draft.statement.grouped |= right.statement.grouped;
                draft.statement.limit = RowLimit::None;
                if draft.statement.projection == Projection::Aggregate {
                    draft.statement.projection = Projection::Columns(Vec::new());
                }
                draft
                    .statement
                    .subqueries
                    .push(subquery(SubqueryPlace::From, right.correlated, right.statement));
                draft
            }
            SetExpr::Insert(inner) | SetExpr::Update(inner) | SetExpr::Delete(inner) => {
                let statement = match inner {
                    ast::Statement::Insert(insert) => self.insert(insert),
                    ast::Statement::Update(update) => self.update(update),
                    ast::Statement::Delete(delete) => self.delete(delete),
                    _ => Statement {
                        operation: Operation::Other,
                        ..Statement::default()
                    },
                };
                StatementDraft {
                    statement,
                    correlated: false,
                }
            }
            SetExpr::Values(_) => StatementDraft {
                statement: Statement {
                    projection: Projection::None,
                    ..Statement::default()
                },
                correlated: false,
            },
            _ => StatementDraft {
                statement: Statement {
                    operation: Operation::Other,
                    ..Statement::default()
                },
                correlated: false,
            },
        }
    }

    fn select(&mut self, select: &ast::Select) -> StatementDraft {
        let mut draft = StatementDraft::default();
        self.scopes.push(Vec::new());
        let conditions = self.from(&mut draft, &select.from);
        for condition in conditions {
            predicate::walk(self, &mut draft, condition);
        }
        if let Some(selection) = &select.selection {
            predicate::walk(self, &mut draft, selection);
        }
        if let Some(having) = &select.having {
            self.subqueries_of(&mut draft, having, SubqueryPlace::Where);
        }
        self.grouping(&mut draft, select);
        self.projection(&mut draft, &select.projection);
        if let Some(quantity) = select.top.as_ref().and_then(|top| top.quantity.as_ref()) {
            draft.statement.limit = match quantity {
                ast::TopQuantity::Constant(count) => RowLimit::Rows(*count),
                ast::TopQuantity::Expr(count) => rows(count),
            };
        }
        self.scopes.pop();
        draft
    }

    fn grouping(&mut self, draft: &mut StatementDraft, select: &ast::Select) {
        match &select.group_by {
            ast::GroupByExpr::Expressions(list, _) => {
                draft.statement.grouped = !list.is_empty();
                for expr in list {
                    let column = self.column(draft, expr);
                    draft.statement.group.extend(column);
                }
            }
            ast::GroupByExpr::All(_) => draft.statement.grouped = true,
        }
        draft.statement.grouped |= matches!(select.distinct, Some(ast::Distinct::Distinct | ast::Distinct::On(_)));
        if let (Some(ast::Distinct::On(list)), true) = (&select.distinct, draft.statement.group.is_empty()) {
            let columns: Vec<Option<ColumnUse>> = list.iter().map(|expr| self.column(draft, expr)).collect();
            draft.statement.group = columns.into_iter().collect::<Option<_>>().unwrap_or_default();
        }
    }

    fn projection(&mut self, draft: &mut StatementDraft, items: &[ast::SelectItem]) {
        let mut columns = Vec::new();
        let (mut all, mut plain) = (false, false);
        for item in items {
            match item {
                ast::SelectItem::Wildcard(_) | ast::SelectItem::QualifiedWildcard(..) => all = true,
                ast::SelectItem::UnnamedExpr(expr)
                | ast::SelectItem::ExprWithAlias { expr, .. }
                | ast::SelectItem::ExprWithAliases { expr, .. } => {
                    if is_aggregate(expr) {
                        self.subqueries_of(draft, expr, SubqueryPlace::Select);
                        continue;
                    }
                    plain |= !matches!(expr, Expr::Value(_));
                    self.columns_of(draft, expr, &mut columns);
                    self.subqueries_of(draft, expr, SubqueryPlace::Select);
                }
            }
        }
        let has_items = !items.is_empty();
        draft.statement.projection = if all {
            Projection::All
        } else if has_items
            && !plain
            && items
                .iter()
                .any(|item| !matches!(item, ast::SelectItem::UnnamedExpr(Expr::Value(_))))
        {
            Projection::Aggregate
        } else {
            Projection::Columns(columns)
        };
    }

    /// Adds the tables of a FROM clause; gives the join conditions, which are read once all tables are known.
    fn from<'q>(&mut self, draft: &mut StatementDraft, from: &'q [ast::TableWithJoins]) -> Vec<&'q Expr> {
        let mut conditions = Vec::new();
        for item in from {
            self.joined(draft, item, &mut conditions, 0);
        }
        conditions
    }

    fn joined<'q>(&mut self, draft: &mut StatementDraft, item: &'q ast::TableWithJoins, conditions: &mut Vec<&'q Expr>, depth: usize) {
        self.factor(draft, &item.relation, conditions, depth);
        for join in &item.joins {
            let before = draft.statement.tables.len();
            self.factor(draft, &join.relation, conditions, depth);
            match constraint(&join.join_operator) {
                Some(ast::JoinConstraint::On(condition)) => conditions.push(condition),
                Some(ast::JoinConstraint::Using(columns)) if before > 0 => {
                    for column in columns {
                        let side = |table| ColumnUse {
                            table: Some(table),
                            column: text(column),
                        };
                        draft.statement.joins.push(Join {
                            left: side(before - 1),
                            right: side(before),
                        });
                    }
                }
                _ => {}
            }
        }
    }

    fn factor<'q>(&mut self, draft: &mut StatementDraft, factor: &'q TableFactor, conditions: &mut Vec<&'q Expr>, depth: usize) {
        match factor {
            TableFactor::Table {
                name, alias, args: None, ..
            } => {
                let mut name = text(name);
                // SurrealDB's `FROM $id`: the rows themselves are given.
                if name.starts_with('$') {
                    name = String::new();
                    draft.statement.limit = RowLimit::Value;
                }
                let alias = alias.as_ref().map(|alias| alias.name.value.clone());
                let is_cte = self.ctes.iter().any(|(cte, _)| cte.eq_ignore_ascii_case(&name));
                let alias = alias.or_else(|| is_cte.then(|| name.clone()));
                if is_cte {
                    name = String::new();
                }
                self.table(draft, TableUse { name, alias });
            }
            TableFactor::Derived {
                subquery: query,
                alias,
                lateral,
                ..
            } => {
                let (statement, correlated) = self.query(query);
                draft
                    .statement
                    .subqueries
                    .push(subquery(SubqueryPlace::From, correlated && *lateral, statement));
                self.table(
                    draft,
                    TableUse {
                        name: String::new(),
                        alias: alias.as_ref().map(|alias| alias.name.value.clone()),
                    },
                );
            }
            TableFactor::NestedJoin { table_with_joins, .. } if depth < Bound::SqlNesting.count() => {
                self.joined(draft, table_with_joins, conditions, depth + 1);
            }
            TableFactor::Table { alias, .. }
            | TableFactor::Function { alias, .. }
            | TableFactor::TableFunction { alias, .. }
            | TableFactor::UNNEST { alias, .. }
            | TableFactor::JsonTable { alias, .. } => {
                self.table(
                    draft,
                    TableUse {
                        name: String::new(),
                        alias: alias.as_ref().map(|alias| alias.name.value.clone()),
                    },
                );
            }
            _ => self.table(draft, TableUse::default()),
        }
    }

    fn table(&mut self, draft: &mut StatementDraft, table: TableUse) {
        if let Some(scope) = self.scopes.last_mut() {
            scope.push(table.clone());
        }
        draft.statement.tables.push(table);
    }

    fn order(&mut self, draft: &mut StatementDraft, order: &ast::OrderBy) {
        let ast::OrderByKind::Expressions(list) = &order.kind else { return };
        self.order_list(draft, list);
    }

    fn order_list(&mut self, draft: &mut StatementDraft, list: &[ast::OrderByExpr]) {
        for item in list {
            let Some(column) = self.column(draft, &item.expr) else {
                // What comes after an expression can't be served by an index of columns.
                self.subqueries_of(draft, &item.expr, SubqueryPlace::Select);
                break;
            };
            if column.column == HOLE {
                draft.statement.open = true;
                break;
            }
            draft.statement.order.push((column, is_descending(item)));
        }
    }

    fn insert(&mut self, insert: &ast::Insert) -> Statement {
        let mut draft = StatementDraft {
            statement: Statement {
                operation: Operation::Insert,
                projection: Projection::None,
                ..Statement::default()
            },
            correlated: false,
        };
        if let ast::TableObject::TableName(name) = &insert.table {
            draft.statement.tables.push(TableUse {
                name: text(name),
                alias: insert.table_alias.as_ref().map(|alias| alias.alias.value.clone()),
            });
        }
        if let Some(source) = &insert.source
            && !matches!(*source.body, SetExpr::Values(_))
        {
            let (statement, correlated) = self.query(source);
            draft
                .statement
                .subqueries
                .push(subquery(SubqueryPlace::From, correlated, statement));
        }
        draft.statement
    }

    fn update(&mut self, update: &ast::Update) -> Statement {
        let mut draft = StatementDraft {
            statement: Statement {
                operation: Operation::Update,
                projection: Projection::None,
                ..Statement::default()
            },
            correlated: false,
        };
        self.scopes.push(Vec::new());
        let mut conditions = self.from(&mut draft, std::slice::from_ref(&update.table));
        if let Some(ast::UpdateTableFromKind::BeforeSet(from) | ast::UpdateTableFromKind::AfterSet(from)) = &update.from {
            conditions.extend(self.from(&mut draft, from));
        }
        for assignment in &update.assignments {
            self.subqueries_of(&mut draft, &assignment.value, SubqueryPlace::Select);
        }
        conditions.extend(&update.selection);
        for condition in conditions {
            predicate::walk(self, &mut draft, condition);
        }
        self.tail(&mut draft, &update.order_by, update.limit.as_ref());
        draft.statement
    }

    fn delete(&mut self, delete: &ast::Delete) -> Statement {
        let mut draft = StatementDraft {
            statement: Statement {
                operation: Operation::Delete,
                projection: Projection::None,
                ..Statement::default()
            },
            correlated: false,
        };
        self.scopes.push(Vec::new());
        let (ast::FromTable::WithFromKeyword(from) | ast::FromTable::WithoutKeyword(from)) = &delete.from;
        let mut conditions = self.from(&mut draft, from);
        if let Some(using) = &delete.using {
            conditions.extend(self.from(&mut draft, using));
        }
        conditions.extend(&delete.selection);
        for condition in conditions {
            predicate::walk(self, &mut draft, condition);
        }
        self.tail(&mut draft, &delete.order_by, delete.limit.as_ref());
        draft.statement
    }

    fn tail(&mut self, draft: &mut StatementDraft, order: &[ast::OrderByExpr], limit: Option<&Expr>) {
        self.order_list(draft, order);
        if let Some(limit) = limit {
            draft.statement.limit = rows(limit);
        }
        self.scopes.pop();
    }

    /// The column that an expression plainly is.
    pub(super) fn column(&self, draft: &mut StatementDraft, expr: &Expr) -> Option<ColumnUse> {
        match expr {
            Expr::Nested(inner) => self.column(draft, inner),
            Expr::Identifier(ident) => {
                let single = draft.statement.tables.len() == 1;
                Some(ColumnUse {
                    table: single.then_some(0),
                    column: whole(ident),
                })
            }
            Expr::CompoundIdentifier(parts) => {
                let (column, qualifier) = parts.split_last()?;
                let qualifier = qualifier.last()?.value.as_str();
                let position = position(&draft.statement.tables, qualifier);
                if position.is_none() && qualifier != HOLE {
                    let outer = self.scopes.len().saturating_sub(1);
                    if self.scopes[..outer].iter().any(|scope| self::position(scope, qualifier).is_some()) {
                        draft.correlated = true;
                        return None;
                    }
                }
                Some(ColumnUse {
                    table: position,
                    column: whole(column),
                })
            }
            _ => None,
        }
    }

    /// All columns inside an expression, subqueries left out.
    pub(super) fn columns_of(&self, draft: &mut StatementDraft, expr: &Expr, out: &mut Vec<ColumnUse>) {
        for expr in predicate::leaves(expr) {
            out.extend(self.column(draft, expr).filter(|column| column.column != HOLE));
        }
    }

    /// Lowers the subqueries inside an expression.
    pub(super) fn subqueries_of(&mut self, draft: &mut StatementDraft, expr: &Expr, place: SubqueryPlace) {
        for (query, own) in predicate::queries(expr) {
            self.nested(draft, query, own.unwrap_or(place));
        }
    }

    /// Lowers one subquery.
    pub(super) fn nested(&mut self, draft: &mut StatementDraft, query: &ast::Query, place: SubqueryPlace) {
        let (statement, correlated) = self.query(query);
        draft.statement.subqueries.push(subquery(place, correlated, statement));
    }
}

fn subquery(place: SubqueryPlace, correlated: bool, statement: Statement) -> Subquery {
    Subquery {
        place,
        correlated,
        grouped: statement.grouped,
        statement: Box::new(statement),
    }
}

fn position(tables: &[TableUse], qualifier: &str) -> Option<usize> {
    let by_alias = tables
        .iter()
        .position(|table| table.alias.as_deref().is_some_and(|alias| alias.eq_ignore_ascii_case(qualifier)));
    by_alias.or_else(|| {
        let bare = |name: &str| name.rsplit('.').next().unwrap_or("").to_ascii_lowercase();
        tables
            .iter()
            .position(|table| table.alias.is_none() && bare(&table.name) == qualifier.to_ascii_lowercase())
    })
}

fn constraint(operator: &ast::JoinOperator) -> Option<&ast::JoinConstraint> {
    use ast::JoinOperator as J;
    match operator {
        J::Join(c)
        | J::Inner(c)
        | J::Left(c)
        | J::LeftOuter(c)
        | J::Right(c)
        | J::RightOuter(c)
        | J::FullOuter(c)
        | J::CrossJoin(c)
        | J::Semi(c)
        | J::LeftSemi(c)
        | J::RightSemi(c)
        | J::Anti(c)
        | J::LeftAnti(c)
        | J::RightAnti(c)
        | J::StraightJoin(c) => Some(c),
        _ => None,
    }
}

fn is_descending(item: &ast::OrderByExpr) -> bool {
    item.to_string()
        .to_ascii_uppercase()
        .split_ascii_whitespace()
        .any(|word| word == "DESC")
}

fn limit(statement: &mut Statement, clause: &ast::LimitClause) {
    match clause {
        ast::LimitClause::LimitOffset { limit, offset, .. } => {
            if let Some(count) = limit {
                statement.limit = rows(count);
            }
            statement.offset = offset
                .as_ref()
                .is_some_and(|offset| !matches!(&offset.value, Expr::Value(value) if value.to_string() == "0"));
        }
        ast::LimitClause::OffsetCommaLimit { limit, .. } => {
            statement.limit = rows(limit);
            statement.offset = true;
        }
    }
}

fn rows(expr: &Expr) -> RowLimit {
    match expr {
        Expr::Value(value) => match &value.value {
            ast::Value::Number(digits, _) => digits.parse().map_or(RowLimit::Value, RowLimit::Rows),
            ast::Value::Null => RowLimit::None,
            _ => RowLimit::Value,
        },
        _ => RowLimit::Value,
    }
}

fn is_single(statement: &Statement) -> bool {
    statement.operation == Operation::Select && statement.projection == Projection::Aggregate && !statement.grouped
}

/// A column's name; of one that is put together (`"x_{kind}"`) nothing is known.
fn whole(name: &ast::Ident) -> String {
    let is_known = !name.value.contains(HOLE);
    if is_known { name.value.clone() } else { HOLE.to_owned() }
}

/// A filter on a column, kept by [`predicate`].
pub(super) fn filter(draft: &mut StatementDraft, column: ColumnUse, kind: FilterKind, literal: Option<String>, optional: bool) {
    if column.column == HOLE {
        draft.statement.open = true;
        return;
    }
    draft.statement.filters.push(Filter::new(column, kind, literal, optional));
}

#[cfg(test)]
#[path = "dml_tests.rs"]
mod tests;
