//! Entry points that only developers have: those that stand below `if settings.DEBUG:`, and those that leave at once in production.

use super::super::Entry;
use super::super::site::{EntryFile, last_name};
use crate::ir::{ExprId, ExprKind, Module, Parent, StmtId, StmtKind};
use crate::vocabulary::{List, Name};

/// How many statements around a definition are looked at, and at the start of a function.
const MOST: usize = 4;
/// How deep a test is read.
const MAX_DEPTH: u32 = 6;

/// Whether an entry point is there for developers alone.
pub fn is_for_developers(site: &EntryFile<'_>, entry: &Entry) -> bool {
    let (file, function) = entry.function;
    let module = site.resolver.module(file);
    let definition = module.function(function);
    is_below(module, definition.definition) || definition.body.iter().take(MOST).any(|&stmt| leaves_in_production(module, stmt))
}

/// Whether what holds a definition runs for developers alone.
fn is_below(module: &Module, holder: Parent) -> bool {
    let mut below: Option<StmtId> = None;
    let mut at = holder;
    for _ in 0..2 * MOST {
        at = match at {
            Parent::Expr(expr) => module.expr(expr).parent,
            Parent::Stmt(stmt) => {
                if let (StmtKind::If { test, .. }, Some(below)) = (&module.stmt(stmt).kind, below) {
                    let (block, _) = module.place_in_block(below);
                    if says_stage(module, *test, 0) == Some(if block == 0 { Stage::Development } else { Stage::Production }) {
                        return true;
                    }
                }
                below = Some(stmt);
                module.stmt(stmt).parent
            }
            _ => return false,
        };
    }
    false
}

/// `if (process.env.NODE_ENV === "production") return res.sendStatus(404)`.
fn leaves_in_production(module: &Module, stmt: StmtId) -> bool {
    let StmtKind::If { test, then, .. } = &module.stmt(stmt).kind else {
        return false;
    };
    let leaves = then
        .last()
        .is_some_and(|&last| matches!(module.stmt(last).kind, StmtKind::Return(_) | StmtKind::Raise(_)));
    leaves && says_stage(module, *test, 0) == Some(Stage::Production)
}

/// The stage in which a condition such as `if settings.DEBUG:` is true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Development,
    Production,
}

impl Stage {
    fn other(self) -> Stage {
        match self {
            Stage::Development => Stage::Production,
            Stage::Production => Stage::Development,
        }
    }
}

fn says_stage(module: &Module, test: ExprId, depth: u32) -> Option<Stage> {
    if depth > MAX_DEPTH {
        return None;
    }
    match *module.kind(test) {
        ExprKind::Unary { op, operand } if matches!(module.str(op), "not" | "!") => {
            says_stage(module, operand, depth + 1).map(Stage::other)
        }
        ExprKind::Binary { op, left, right } => match module.str(op) {
            "and" => says_stage(module, left, depth + 1).or_else(|| says_stage(module, right, depth + 1)),
            "==" | "===" if names_a_stage(module, left) => named(module.string(right)?),
            // What is no test and no development is nearly all.
            "!=" | "!==" if names_a_stage(module, left) => named(module.string(right)?)
                .filter(|&stage| stage == Stage::Production)
                .map(Stage::other),
            _ => None,
        },
        _ => flag(setting(module, test)?),
    }
}

/// The setting that an expression reads: `settings.DEBUG`, `os.environ.get("LOCAL_DEV")`, `process.env.NODE_ENV`, a constant.
fn setting(module: &Module, expr: ExprId) -> Option<&str> {
    let is_holder = |holder: ExprId| last_name(module, holder).is_some_and(|name| List::SettingsHolders.has(name));
    match *module.kind(expr) {
        ExprKind::Name(name) => Some(module.str(name)).filter(|name| is_constant(name)),
        ExprKind::Attr { base, name } => is_holder(base).then(|| module.str(name)),
        ExprKind::Index { base, index } => is_holder(base).then(|| module.string(index))?,
        ExprKind::Call { .. } => {
            let call = module.call(expr)?;
            let asks = is_holder(call.callee) || call.receiver().is_some_and(is_holder);
            call.arg(0).filter(|_| asks).and_then(|name| module.string(name))
        }
        _ => None,
    }
}

/// `IS_PRODUCTION`, `isProduction`: what a module sets for all of it, not a row's own.
fn is_constant(name: &str) -> bool {
    name.chars().all(|letter| !letter.is_lowercase()) || Name::of(name).first() == "is"
}

/// Whether an expression is the name of the stage: `process.env.NODE_ENV`, `settings.STAGE`.
fn names_a_stage(module: &Module, expr: ExprId) -> bool {
    setting(module, expr).is_some_and(|name| List::StageNames.has(name))
}

/// What a stage is called.
fn named(text: &str) -> Option<Stage> {
    match text {
        _ if List::ProductionStages.has(text) => Some(Stage::Production),
        _ if List::DevelopmentStages.has(text) => Some(Stage::Development),
        _ => None,
    }
}

/// What a flag is called.
fn flag(name: &str) -> Option<Stage> {
    match name {
        _ if List::ProductionFlags.has(name) => Some(Stage::Production),
        _ if List::DevelopmentFlags.has(name) => Some(Stage::Development),
        _ => None,
    }
}
