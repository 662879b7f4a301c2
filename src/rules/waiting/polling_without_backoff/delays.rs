//! Whether a delay is the same every time.

use super::Check;
use crate::ir::{ExprId, ExprKind, FunctionId, Module, StmtKind, Sym};
use crate::libraries::shared::api_names;
use crate::libraries::shared::query::Resolver;
use crate::libraries::shared::value::FileId;

/// Names and operators in each other in a delay.
const MAX_DEPTH: u32 = 6;

impl Check<'_> {
    /// A number that is the same every time: a literal, or a name that is bound to one once.
    pub(super) fn constant(&self, expr: ExprId) -> Option<f64> {
        self.constant_at(self.file, expr, 0)
    }

    pub(super) fn constant_at(&self, file: FileId, expr: ExprId, depth: u32) -> Option<f64> {
        let module = self.project.code.module(file);
        if let Some(number) = module.number(expr) {
            return Some(number);
        }
        match module.kind(expr) {
            // What the environment says by default.
            ExprKind::Binary { op, left, right }
                if depth < MAX_DEPTH && matches!(module.str(*op), "or" | "??") && is_setting(module, *left) =>
            {
                self.constant_at(file, *right, depth + 1)
            }
            ExprKind::Cond { test, then, orelse } if depth < MAX_DEPTH && is_setting(module, *test) && is_setting(module, *then) => {
                self.constant_at(file, *orelse, depth + 1)
            }
            ExprKind::Binary { op, left, right } if depth < MAX_DEPTH => {
                let (left, right) = (
                    self.constant_at(file, *left, depth + 1)?,
                    self.constant_at(file, *right, depth + 1)?,
                );
                match module.str(*op) {
                    "*" => Some(left * right),
                    "+" => Some(left + right),
                    "-" => Some(left - right),
                    "/" => Some(left / right),
                    _ => None,
                }
            }
            ExprKind::Name(name) if depth < MAX_DEPTH => {
                let owner = module.owner(expr);
                if self.is_reassigned(file, owner, *name) {
                    return None;
                }
                if let Some((at, definition)) = self.eval.definition(file, expr).filter(|&place| place != (file, expr)) {
                    return self.constant_at(at, definition, depth + 1);
                }
                self.default_of(file, owner, *name)
                    .and_then(|default| self.constant_at(file, default, depth + 1))
            }
            // `parseInt(process.env.POLL ?? "3000", 10)`.
            ExprKind::Call { args, .. } if depth < MAX_DEPTH && is_conversion(module, expr) => {
                self.constant_at(file, args.first()?.value, depth + 1)
            }
            ExprKind::Unary { op, operand } if depth < MAX_DEPTH && module.str(*op) == "+" => self.constant_at(file, *operand, depth + 1),
            ExprKind::Str(text) if depth > 0 => module.str(*text).trim().parse().ok(),
            ExprKind::Attr { .. } if depth < MAX_DEPTH => {
                let (at, definition) = self.eval.definition(file, expr).filter(|&place| place != (file, expr))?;
                self.constant_at(at, definition, depth + 1)
            }
            _ => None,
        }
    }

    fn default_of(&self, file: FileId, owner: FunctionId, name: crate::ir::Sym) -> Option<ExprId> {
        let module = self.project.code.module(file);
        let mut at = Some(owner);
        while let Some(id) = at {
            let function = module.function(id);
            if let Some(param) = function.params.iter().find(|param| param.name == Some(name)) {
                return param.default;
            }
            at = function.parent;
        }
        None
    }

    /// A delay that is computed anew in the function backs off.
    fn is_reassigned(&self, file: FileId, owner: FunctionId, name: Sym) -> bool {
        let mut known = self.reassigned.borrow_mut();
        *known
            .entry((file, owner, name))
            .or_insert_with(|| self.sets_twice(file, owner, name))
    }

    fn sets_twice(&self, file: FileId, owner: FunctionId, name: Sym) -> bool {
        let module = self.project.code.module(file);
        let mut scopes = vec![owner];
        while let Some(parent) = scopes.last().and_then(|&id| module.function(id).parent) {
            scopes.push(parent);
        }
        let outermost = scopes.last().map(|&id| module.function(id).span).unwrap_or_default();
        let named = module
            .statements_on(name, outermost, usize::MAX)
            .into_iter()
            .map(|id| module.stmt(id));
        let mut assigned = named.filter(|stmt| match &stmt.kind {
            StmtKind::Assign { target, .. } => {
                matches!(module.kind(*target), ExprKind::Name(other) if *other == name) && scopes.contains(&module.owner_of(stmt.parent))
            }
            _ => false,
        });
        assigned.nth(1).is_some()
    }
}

/// `Number(x)`, `parseInt(x, 10)`.
fn is_conversion(module: &Module, expr: ExprId) -> bool {
    module.call(expr).is_some_and(|call| api_names::makes_number(module, call.callee))
}

/// Whether an expression reads the environment: `process.env.POLL`, `import.meta.env.VITE_POLL`, `Number(process.env.POLL)`.
fn is_setting(module: &Module, expr: ExprId) -> bool {
    let read = match module.kind(expr) {
        ExprKind::Call { args, .. } if is_conversion(module, expr) => match args.first() {
            Some(first) => first.value,
            None => return false,
        },
        ExprKind::Unary { operand, .. } => *operand,
        ExprKind::Index { base, .. } => *base,
        _ => expr,
    };
    let name = module.dotted(read).unwrap_or_default();
    name.split('.').any(|part| part == "env")
}
