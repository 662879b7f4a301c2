//! What of a module is more than the searches of the analyses look at: told here, while the file is read, because they know no file.

use crate::budget::{self, Limit};
use crate::ir::{ExprId, ExprKind, Module, Parent, StmtId, StmtKind};

/// Expressions looked at for each statement of a loop's body.
pub const EXPRS_A_STMT: usize = 10;

/// A level of nesting makes no more than this many nodes: modules whose deepest node is less deep need no count.
const NODES_A_LEVEL: usize = 4;

/// Tells of the first place that stands in too much, and of each loop that is too long. `deepest` is how deep the deepest node may stand,
/// in levels of the text.
pub fn tell(module: &Module, deepest: usize) {
    if NODES_A_LEVEL * deepest > Limit::Holders.count() {
        tell_of_holders(module);
    }
    let most = (EXPRS_A_STMT * Limit::LoopBody.count(), Limit::LoopBody.count());
    if module.exprs.len() > most.0 || module.stmts.len() > most.1 {
        tell_of_loops(module, most);
    }
}

/// How many expressions and statements there are around each node.
struct Depths {
    exprs: Vec<u32>,
    stmts: Vec<u32>,
}

impl Depths {
    fn of(module: &Module) -> Depths {
        let mut depths = Depths {
            exprs: vec![0; module.exprs.len()],
            stmts: vec![0; module.stmts.len()],
        };
        let mut way: Vec<Parent> = Vec::new();
        let exprs = (0..module.exprs.len()).map(|id| Parent::Expr(ExprId(id as u32)));
        for start in exprs.chain((0..module.stmts.len()).map(|id| Parent::Stmt(StmtId(id as u32)))) {
            let mut at = start;
            let mut depth = loop {
                let (known, next) = match at {
                    Parent::Expr(id) => (depths.exprs[id.index()], module.expr(id).parent),
                    Parent::Stmt(id) => (depths.stmts[id.index()], module.stmt(id).parent),
                    Parent::Function(id) => {
                        at = module.function(id).definition;
                        continue;
                    }
                    Parent::Class(_) | Parent::None => break 0,
                };
                if known > 0 {
                    break known;
                }
                way.push(at);
                at = next;
            };
            while let Some(node) = way.pop() {
                depth += 1;
                match node {
                    Parent::Expr(id) => depths.exprs[id.index()] = depth,
                    Parent::Stmt(id) => depths.stmts[id.index()] = depth,
                    _ => {}
                }
            }
        }
        depths
    }
}

fn tell_of_holders(module: &Module) {
    let depths = Depths::of(module);
    let is_deep = |depth: u32| u64::from(depth) > Limit::Holders.most();
    let exprs = module.exprs.iter().zip(&depths.exprs).filter(|(_, depth)| is_deep(**depth));
    let stmts = module.stmts.iter().zip(&depths.stmts).filter(|(_, depth)| is_deep(**depth));
    let starts = exprs.map(|(expr, _)| expr.span.start).chain(stmts.map(|(stmt, _)| stmt.span.start));
    if let Some(first) = starts.min() {
        budget::tell(Limit::Holders, first);
    }
}

/// `most` are the expressions and the statements that are looked at.
fn tell_of_loops(module: &Module, most: (usize, usize)) {
    // Expressions and statements in each statement. What a node holds was made before it.
    let mut exprs: Vec<usize> = vec![1; module.exprs.len()];
    let mut stmts: Vec<(usize, usize)> = vec![(0, 1); module.stmts.len()];
    for (index, expr) in module.exprs.iter().enumerate() {
        let size = exprs[index];
        match expr.parent {
            Parent::Expr(id) => exprs[id.index()] += size,
            Parent::Stmt(id) => stmts[id.index()].0 += size,
            _ => {}
        }
        if matches!(expr.kind, ExprKind::Comp(_)) && size > most.0 {
            budget::tell(Limit::LoopBody, expr.span.start);
        }
    }
    for (index, stmt) in module.stmts.iter().enumerate() {
        let (inner, own) = stmts[index];
        if let Parent::Stmt(id) = stmt.parent {
            let outer = &mut stmts[id.index()];
            *outer = (outer.0 + inner, outer.1 + own);
        }
        // The loop itself is none of its body.
        if matches!(stmt.kind, StmtKind::Loop { .. }) && (inner > most.0 || own - 1 > most.1) {
            budget::tell(Limit::LoopBody, stmt.span.start);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::{python, typescript};

    fn told(text: &str) -> Vec<(Limit, u32)> {
        budget::hearing(|| python::lower(text)).1
    }

    #[test]
    fn a_place_in_too_many_branches_is_told() {
        let chain = |links: usize| format!("if a == 0:\n    f()\n{}", "elif a == 1:\n    g()\n".repeat(links));
        assert_eq!(told(&chain(300)), []);
        // The first call that stands in more than 400 is in the last branches but two.
        assert!(matches!(told(&chain(500)).as_slice(), [(Limit::Holders, at)] if *at > 7_000));
        let chain = format!("const a = {}1;\n", "b + ".repeat(500));
        let (_, told) = budget::hearing(|| typescript::lower(&chain, false));
        assert!(matches!(told.as_slice(), [(Limit::Holders, _)]));
    }

    #[test]
    fn a_branch_in_a_callback_counts_what_is_around_that() {
        let mut text = "f();\n".to_owned();
        for _ in 0..5 {
            text = format!("if (a) {{}} {} else {{ each(() => {{ {text} }}) }}\n", "else if (b) {}".repeat(90));
        }
        let (_, told) = budget::hearing(|| typescript::lower(&text, false));
        assert!(matches!(told.as_slice(), [(Limit::Holders, _)]), "{told:?}");
    }

    #[test]
    fn a_loop_that_is_too_long_is_told() {
        let body = |lines: usize| format!("x = 1\nfor a in b:\n{}", "    f(a)\n".repeat(lines));
        assert_eq!(told(&body(2_000)), []);
        assert_eq!(told(&body(2_001)), [(Limit::LoopBody, 6)]);
        assert_eq!(told(&"f(a)\n".repeat(10_000)), []);
        let parts = format!("for a in b:\n    f({})\n", "a, ".repeat(20_000));
        assert_eq!(told(&parts), [(Limit::LoopBody, 0)]);
    }
}
