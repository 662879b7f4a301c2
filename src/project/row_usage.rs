//! What becomes of a query's rows: only counted, only tested, which attributes are read, passed on.

mod figures;
mod loads;
mod walk;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::eval::{Evaluator, Found};
use super::scope::Bound;
use crate::budget::Limit;
use crate::ir::{ExprId, ExprKind, Module, Parent, StmtKind, Sym};
use crate::libraries::shared::value::FileId;
use figures::{is_any, is_tested};
pub use loads::{RowLoad, loads};
use walk::UsageWalk;

/// How the rows (or the row, or the figure) at an expression are used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowUsage {
    /// `len(rows)`, `rows.length`.
    pub lengths: Vec<ExprId>,
    /// Tested for being there: `if rows`, `not rows`, `rows == []`.
    pub truths: Vec<ExprId>,
    /// Compared with 0 or 1.
    pub zero_tests: Vec<ExprId>,
    /// `rows[0]`, `rows.first()`.
    pub firsts: Vec<ExprId>,
    /// `x in rows`.
    pub members: Vec<ExprId>,
    /// Loops, comprehensions and callbacks over them.
    pub iterated: Vec<ExprId>,
    /// Of those, the ones that only make a figure: `sum(…)`, `.reduce(…)`, `.filter(…).length`, `total += …`.
    pub aggregated: Vec<ExprId>,
    /// Attributes of single rows that are read.
    pub read: BTreeSet<String>,
    /// Of those, the ones of which only the length is ever read: `row.lines.length`, `len(row.lines)`.
    pub measured: BTreeSet<String>,
    /// And those of which something else is.
    pub opened: BTreeSet<String>,
    /// Given back by the function.
    pub returned: bool,
    /// Used in another way: passed on, stored, changed.
    pub escapes: bool,
}

impl RowUsage {
    /// Nothing but their number, or whether there are any, is used.
    pub fn only_counted(&self) -> bool {
        let counted = !self.lengths.is_empty() || !self.truths.is_empty();
        counted
            && !self.escapes
            && !self.returned
            && self.firsts.is_empty()
            && self.members.is_empty()
            && self.iterated.is_empty()
            && self.read.is_empty()
    }

    /// Nothing but figures made of them is used, and at least one needs their values.
    pub fn only_aggregated(&self) -> bool {
        let figures = !self.aggregated.is_empty() && self.aggregated.len() == self.iterated.len();
        figures && !self.escapes && !self.returned && self.firsts.is_empty() && self.members.is_empty()
    }

    /// Of the figures, only "is there one that …" is asked.
    pub fn only_tested(&self, module: &Module) -> bool {
        self.only_aggregated() && self.aggregated.iter().all(|&by| is_any(module, by))
    }

    /// Their number is only compared with 0.
    pub fn only_any(&self, module: &Module) -> bool {
        self.only_counted() && self.lengths.iter().all(|&length| is_tested(module, length))
    }

    /// Whole rows stay in this function: what is read of them is known.
    pub fn is_local(&self) -> bool {
        !self.escapes && !self.returned
    }
}

/// What an expression holds on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Holds {
    /// A collection of rows.
    Rows,
    /// One row of them: an element, or what `.first()` gives.
    Row,
    /// A number.
    Figure,
}

/// Finds uses in one file.
pub struct Users<'e, 'c> {
    eval: &'e Evaluator<'c>,
    file: FileId,
    module: &'c Module,
    names: RefCell<Option<FxHashMap<Sym, Vec<ExprId>>>>,
    /// The uses of names that were asked for, by what each is bound to there.
    bound: RefCell<FxHashMap<Sym, UsesOf>>,
}

/// The expression or parameter that a name is bound to.
type Anchor = (Parent, usize);

/// The uses of one name, with the whole of what each is bound to.
type UsesOf = Rc<FxHashMap<Anchor, Vec<(ExprId, Bound)>>>;

fn anchor(bound: &Bound) -> Option<Anchor> {
    match bound {
        Bound::Value(expr, _) | Bound::Element(expr, _) | Bound::Context(expr) | Bound::Annotation(expr) => Some((Parent::Expr(*expr), 0)),
        Bound::Param(function, index, _) => Some((Parent::Function(*function), *index)),
        Bound::Import(_) | Bound::Function(_) | Bound::Class(_) => None,
    }
}

impl<'e, 'c> Users<'e, 'c> {
    /// What follows rows in one file.
    pub fn new(eval: &'e Evaluator<'c>, file: FileId) -> Self {
        Users {
            eval,
            file,
            module: eval.code.module(file),
            names: RefCell::default(),
            bound: RefCell::default(),
        }
    }

    /// How what an expression holds is used.
    pub fn uses(&self, expr: ExprId, holds: Holds) -> RowUsage {
        let mut walk = UsageWalk {
            users: self,
            origin: expr,
            usage: RowUsage::default(),
            open: vec![(expr, holds)],
            seen: FxHashSet::default(),
        };
        walk.run();
        walk.usage
    }

    /// The uses of a name that are bound to an expression or a parameter, as told.
    fn of_name(&self, name: Sym, at: Anchor, is_it: impl Fn(&Bound) -> bool) -> Vec<ExprId> {
        let known = self.bound.borrow().get(&name).map(Rc::clone);
        let uses = known.unwrap_or_else(|| {
            let found = Rc::new(self.find(name));
            self.bound.borrow_mut().insert(name, Rc::clone(&found));
            found
        });
        let here = uses.get(&at).into_iter().flatten();
        here.filter(|(_, bound)| is_it(bound)).map(|&(id, _)| id).collect()
    }

    fn find(&self, name: Sym) -> FxHashMap<Anchor, Vec<(ExprId, Bound)>> {
        let mut names = self.names.borrow_mut();
        let index = names.get_or_insert_with(|| {
            let mut index: FxHashMap<Sym, Vec<ExprId>> = FxHashMap::default();
            for (id, expr) in self.module.expr_ids() {
                if let ExprKind::Name(name) = &expr.kind {
                    index.entry(*name).or_default().push(id);
                }
            }
            index
        });
        let mut found: FxHashMap<Anchor, Vec<(ExprId, Bound)>> = FxHashMap::default();
        for &id in index.get(&name).into_iter().flatten() {
            let place = self.module.expr(id);
            let bound = self.eval.lookup(self.file, self.module.owner(id), name, place.span.start);
            if let Some(Found::Binding(at, _, binding)) = bound
                && at == self.file
                && let Some(anchor) = anchor(&binding.bound)
            {
                found.entry(anchor).or_default().push((id, binding.bound));
            }
        }
        found
    }
}

/// Whether a use runs once for each time that the rows are loaded: no loop or callback is between. One that runs more
/// often looks the rows up.
fn is_once(module: &Module, by: ExprId, origin: ExprId) -> bool {
    let loaded = module.expr(origin).span;
    let holds = |span: crate::source::Span| span.start <= loaded.start && loaded.end <= span.end;
    let mut at = module.expr(by).parent;
    for _ in 0..Limit::Holders.count() {
        at = match at {
            Parent::Expr(id) => {
                if matches!(module.kind(id), ExprKind::Comp(_)) && !holds(module.expr(id).span) {
                    return false;
                }
                module.expr(id).parent
            }
            Parent::Stmt(id) => {
                let stmt = module.stmt(id);
                let is_loop = matches!(&stmt.kind, StmtKind::Loop { iterable, .. } if *iterable != Some(by));
                if is_loop && !holds(stmt.span) {
                    return false;
                }
                stmt.parent
            }
            Parent::Function(id) => return id == module.owner(origin),
            Parent::Class(_) | Parent::None => return false,
        };
    }
    false
}
