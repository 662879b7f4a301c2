//! Rows that a helper loads, of which its caller keeps those with one value.

use crate::ir::{ExprId, ExprKind, Module, Parent, StmtId, StmtKind, Sym};
use crate::libraries::shared::api_names;
use crate::project::loops::body;
use crate::project::row_usage::RowLoad;
use crate::project::schema::Table;

/// The column by whose value the caller picks, when all that it does with the rows is to pick.
pub fn column<'m>(module: &'m Module, table: &Table, load: &RowLoad) -> Option<&'m str> {
    let pick = Pick { module, table };
    let value = match module.expr(load.expr).parent {
        Parent::Expr(outer) if matches!(module.kind(outer), ExprKind::Await(_)) => outer,
        _ => load.expr,
    };
    let Parent::Stmt(stmt) = module.expr(value).parent else {
        return pick.by(value);
    };
    let StmtKind::Assign { target, .. } = module.stmt(stmt).kind else {
        return pick.by(value);
    };
    let ExprKind::Name(name) = *module.kind(target) else { return None };
    let owner = module.owner(value);
    let (first, _) = module.function(owner).exprs;
    let mut uses = module.named_after(name, owner, first, MOST_USES);
    if uses.len() >= MOST_USES {
        return None;
    }
    uses.retain(|&used| used != target && !pick.is_test(used));
    let mut columns = uses.into_iter().map(|used| pick.by(used));
    let first = columns.next()??;
    columns.all(|column| column == Some(first)).then_some(first)
}

/// Uses of the rows that are looked at, by design: of more it is not said that each picks.
const MOST_USES: usize = 64;

struct Pick<'m, 't> {
    module: &'m Module,
    table: &'t Table,
}

impl<'m> Pick<'m, '_> {
    /// `if not rows:`, `len(rows)`, `rows.length`: says nothing of what is kept.
    fn is_test(&self, rows: ExprId) -> bool {
        let module = self.module;
        match module.expr(rows).parent {
            Parent::Stmt(stmt) => matches!(module.stmt(stmt).kind, StmtKind::If { .. }),
            Parent::Expr(outer) => match module.kind(outer) {
                ExprKind::Unary { .. } => true,
                ExprKind::Attr { name, .. } => module.str(*name) == "length",
                ExprKind::Call { .. } => module.call(outer).and_then(|call| call.method()) == Some("len"),
                _ => false,
            },
            _ => false,
        }
    }

    /// The column of a use that keeps only rows with one value of it.
    fn by(&self, rows: ExprId) -> Option<&'m str> {
        let module = self.module;
        match module.expr(rows).parent {
            Parent::Stmt(stmt) => match &module.stmt(stmt).kind {
                StmtKind::Loop {
                    target: Some(target),
                    iterable: Some(iterable),
                    body,
                    ..
                } if *iterable == rows => self.in_loop(*target, body),
                _ => None,
            },
            Parent::Expr(outer) => match module.kind(outer) {
                ExprKind::Comp(comp) => {
                    let clause = comp.clauses.first().filter(|clause| clause.iterable == rows)?;
                    let ExprKind::Name(row) = *module.kind(clause.target) else {
                        return None;
                    };
                    clause.conditions.iter().find_map(|&test| self.tested(test, row, &[]))
                }
                // `rows.filter((row) => row.kind === kind)`.
                ExprKind::Attr { .. } => {
                    let Parent::Expr(call) = module.expr(outer).parent else {
                        return None;
                    };
                    let call = module.call(call).filter(|call| matches!(call.method(), Some("filter" | "find")))?;
                    let ExprKind::Lambda(function) = *module.kind(call.arg(0)?) else {
                        return None;
                    };
                    let row = module.function(function).params.first()?.name?;
                    module.returned(function).iter().find_map(|&test| self.tested(test, row, &[]))
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// A loop that looks at one value of each row and does nothing with the others.
    fn in_loop(&self, target: ExprId, body: &'m [StmtId]) -> Option<&'m str> {
        let module = self.module;
        let ExprKind::Name(row) = *module.kind(target) else { return None };
        let mut found = None;
        for &stmt in body {
            match &module.stmt(stmt).kind {
                // A sum over all rows is no picking.
                StmtKind::Assign { target, op: None, .. } if found.is_none() && self.is_tested(*target, body) => {}
                StmtKind::If { .. } if found.is_none() => found = Some(self.chain(stmt, row, body)?),
                _ => return None,
            }
        }
        found
    }

    /// Whether a name that a loop sets is read by a test of it: `kind = row.kind`.
    fn is_tested(&self, target: ExprId, body: &[StmtId]) -> bool {
        let ExprKind::Name(name) = *self.module.kind(target) else {
            return false;
        };
        body.iter().any(|&stmt| match self.module.stmt(stmt).kind {
            StmtKind::If { test, .. } => body::names(self.module, test).contains(&name),
            _ => false,
        })
    }

    /// `if row.kind == a: … elif row.kind == b: …`.
    fn chain(&self, stmt: StmtId, row: Sym, body: &[StmtId]) -> Option<&'m str> {
        let mut at = stmt;
        loop {
            let StmtKind::If { test, orelse, .. } = &self.module.stmt(at).kind else {
                return None;
            };
            let column = self.tested(*test, row, body)?;
            match orelse.as_ref() {
                [] => return Some(column),
                [next] => at = *next,
                _ => return None,
            }
        }
    }

    /// The column that a condition compares with something else.
    fn tested(&self, test: ExprId, row: Sym, body: &[StmtId]) -> Option<&'m str> {
        let module = self.module;
        let ExprKind::Binary { op, left, right } = module.kind(test) else {
            return None;
        };
        match module.str(*op) {
            "and" | "&&" => self.tested(*left, row, body).or_else(|| self.tested(*right, row, body)),
            "==" | "===" => {
                let (left, right) = (*left, *right);
                let is_free = |expr: ExprId| {
                    !body::names(module, expr).contains(&row) && !matches!(module.kind(expr), ExprKind::Null | ExprKind::Bool(_))
                };
                let left_of = self.named(left, row, body).filter(|_| is_free(right));
                left_of.or_else(|| self.named(right, row, body).filter(|_| is_free(left)))
            }
            _ => None,
        }
    }

    /// The column that an expression reads of the row, by a name that the loop gives it, too.
    fn named(&self, expr: ExprId, row: Sym, body: &[StmtId]) -> Option<&'m str> {
        let module = self.module;
        let ExprKind::Name(name) = *module.kind(expr) else {
            return self.read(expr, row);
        };
        body.iter().find_map(|&stmt| match module.stmt(stmt).kind {
            StmtKind::Assign {
                target,
                value: Some(value),
                ..
            } if matches!(module.kind(target), ExprKind::Name(bound) if *bound == name) => {
                body::inner(module, value).into_iter().find_map(|part| self.read(part, row))
            }
            _ => None,
        })
    }

    /// `row.kind`, `row["kind"]`, `row.get("kind")`, `row.email.lower()`, where the table has such a column.
    fn read(&self, expr: ExprId, row: Sym) -> Option<&'m str> {
        let module = self.module;
        let is_row = |expr: ExprId| matches!(module.kind(expr), ExprKind::Name(name) if *name == row);
        let name = match module.kind(expr) {
            ExprKind::Attr { base, name } if is_row(*base) => module.str(*name),
            ExprKind::Index { base, index } if is_row(*base) => module.string(*index)?,
            ExprKind::Call { .. } => {
                let call = module.call(expr)?;
                let receiver = call.receiver()?;
                match call.method()? {
                    "get" if is_row(receiver) => module.string(call.arg(0)?)?,
                    method if api_names::tidies_text(method) => return self.read(receiver, row),
                    _ => return None,
                }
            }
            _ => return None,
        };
        self.table.column(name).is_some().then_some(name)
    }
}
