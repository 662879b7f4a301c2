//! What is kept of a module says the same as a walk for each question.

use super::*;
use crate::source::Span;
use crate::syntax::{python, typescript};

const PYTHON: &str = "
import os

@decorate(lambda f: f)
def outer(a, b=make(), *rest):
    q = start(a)
    for x in q.all():
        with open(x) as f:
            if a:
                q = q.filter(a=1)
            elif b:
                q = q.filter(b=2).exclude(c=3)
                q.append(x)
            else:
                while (y := q.first()):
                    q = q.filter(d=4)
        try:
            q = q.one()
        except Error:
            q = q.two(lambda z: z + y)
        else:
            q = q.three([w for w in q if w])
    def inner(c):
        if c:
            return q.count()
        q.extend(c)
    class Held:
        m = q.held()
        def n(self):
            return q
    return q
q = outer(1) + outer(2) + outer(3)
";

const TYPESCRIPT: &str = "
export async function load(a: number, { b } = make()) {
  let q = start(a);
  for (let i = 0; i < 3; i++) { q = q.where(i); }
  if (a == 1) { q = q.one(); } else if (a == 2) { q = q.two(); } else if (a == 3) { q.push(await q.three()); } else { q = null; }
  switch (a) { case 1: q = q.four(); break; default: q = q.five((r) => { if (r) { q.use(r); } return r; }); }
  return a ? q.six() : `x${q.seven()}`;
}
";

fn owner_by_walk(module: &Module, mut node: Parent) -> FunctionId {
    loop {
        node = match node {
            Parent::Expr(id) => module.expr(id).parent,
            Parent::Stmt(id) => module.stmt(id).parent,
            Parent::Function(id) => return id,
            Parent::Class(id) => return module.class(id).parent,
            Parent::None => return FunctionId::MODULE,
        };
    }
}

/// The branching statements around an expression, each with the block that holds it.
fn branches_by_walk(module: &Module, expr: ExprId) -> Vec<(StmtId, usize)> {
    let mut out = Vec::new();
    let mut child: Option<StmtId> = None;
    let mut at = module.expr(expr).parent;
    loop {
        at = match at {
            Parent::Expr(id) => module.expr(id).parent,
            Parent::Stmt(id) => {
                let kind = &module.stmt(id).kind;
                if let (Some(inner), StmtKind::If { .. } | StmtKind::Loop { .. } | StmtKind::Switch { .. }) = (child, kind) {
                    let blocks = module.stmt_blocks(id);
                    out.extend(blocks.iter().position(|block| block.contains(&inner)).map(|block| (id, block)));
                }
                child = Some(id);
                module.stmt(id).parent
            }
            _ => return out,
        };
    }
}

fn standing_by_walk(module: &Module, place: ExprId, other: ExprId) -> Standing {
    let others = branches_by_walk(module, other);
    let mut standing = Standing::Always;
    for (stmt, branch) in branches_by_walk(module, place) {
        match others.iter().find(|(known, _)| *known == stmt) {
            Some((_, known)) if *known == branch => {}
            Some(_) => return Standing::OtherBranch,
            None => standing = Standing::Conditional,
        }
    }
    standing
}

fn chosen_by_walk(module: &Module, expr: ExprId) -> bool {
    let mut at = module.expr(expr).parent;
    loop {
        at = match at {
            Parent::Expr(id) => module.expr(id).parent,
            Parent::Stmt(id) if matches!(module.stmt(id).kind, StmtKind::If { .. } | StmtKind::Switch { .. }) => return true,
            Parent::Stmt(id) => module.stmt(id).parent,
            _ => return false,
        };
    }
}

/// The texts, and a chain of branches that is long enough for ways of every length.
fn modules() -> Vec<Module> {
    let mut long = String::from("def f(k):\n    q = start()\n    if k == 0:\n        q = q.a()\n");
    for at in 1..40 {
        long.push_str(&format!("    elif k == {at}:\n        q = q.a({at})\n"));
    }
    long.push_str("    return q\n");
    vec![
        python::lower(PYTHON).expect("reads"),
        typescript::lower(TYPESCRIPT, false).expect("reads"),
        python::lower(&long).expect("reads"),
    ]
}

#[test]
fn each_node_has_the_owner_that_a_walk_finds() {
    for module in modules() {
        for id in (0..module.exprs.len()).map(|id| ExprId(id as u32)) {
            assert_eq!(module.owner(id), owner_by_walk(&module, Parent::Expr(id)), "{:?}", module.expr(id));
        }
        for id in (0..module.stmts.len()).map(|id| Parent::Stmt(StmtId(id as u32))) {
            assert_eq!(module.owner_of(id), owner_by_walk(&module, id));
        }
    }
}

#[test]
fn places_stand_to_each_other_as_walks_over_their_branches_say() {
    let mut seen = std::collections::BTreeSet::new();
    for module in modules() {
        let all: Vec<ExprId> = (0..module.exprs.len()).map(|id| ExprId(id as u32)).collect();
        for &place in &all {
            assert_eq!(module.is_chosen(place), chosen_by_walk(&module, place));
            for &other in &all {
                let standing = standing_by_walk(&module, place, other);
                assert_eq!(module.standing(place, other), standing, "{place:?} {other:?}");
                seen.insert(format!("{standing:?}"));
            }
        }
    }
    assert_eq!(seen.len(), 3, "{seen:?}");
}

#[test]
fn each_statement_knows_its_place_in_its_block() {
    for module in modules() {
        let of_statements = (0..module.stmts.len()).flat_map(|id| module.stmt_blocks(StmtId(id as u32)).into_iter().enumerate());
        let of_functions = module.functions.iter().map(|function| (0, function.body.as_ref()));
        for (block, stmts) in of_statements.chain(of_functions) {
            for (place, &stmt) in stmts.iter().enumerate() {
                assert_eq!(module.place_in_block(stmt), (block, place));
            }
        }
    }
}

#[test]
fn what_changes_a_name_is_found_by_the_name() {
    let module = &modules()[0];
    let name = module.sym("q").expect("is there");
    let range = Span { start: 0, end: u32::MAX };
    let places: Vec<StmtId> = module.statements_on(name, range, usize::MAX);
    let wanted = (0..module.stmts.len())
        .map(|id| StmtId(id as u32))
        .filter(|&id| match module.stmt(id).kind {
            StmtKind::Assign { target, .. } => module.name(target) == Some("q"),
            StmtKind::Expr(expr) => module.call(expr).is_some_and(|call| module.name(call.root()) == Some("q")),
            _ => false,
        });
    assert_eq!(places, wanted.collect::<Vec<_>>());
    let first = module.stmt(places[0]).span;
    assert_eq!(module.statements_on(name, first, usize::MAX), places[..1]);
    assert_eq!(module.statements_on(name, range, 2).len(), 2);
    let calls: Vec<&str> = module.calls_on(name).filter_map(|id| module.call(id)?.method()).collect();
    assert!(
        calls.contains(&"append") && calls.contains(&"extend") && !calls.contains(&"exclude"),
        "{calls:?}"
    );
    assert_eq!(
        (module.sym("nowhere"), module.sym("outer").map(|sym| module.str(sym))),
        (None, Some("outer"))
    );
}

#[test]
fn the_last_entry_of_a_key_counts_in_small_and_large_objects() {
    let many: Vec<String> = (0..40).map(|at| format!("k{at}: {at}, ")).collect();
    let many = many.concat();
    let text = format!("const a = {{ k1: 5, {many} k7: 70, ...b, [k8]: 80, `k9`: 90 }}; const b = {{ k1: 1, k1: 2 }};");
    let module = typescript::lower(&text, false).expect("reads");
    let objects: Vec<ExprId> = module
        .expr_ids()
        .filter(|(_, expr)| matches!(&expr.kind, ExprKind::Object(entries) if !entries.is_empty()))
        .map(|(id, _)| id)
        .collect();
    let value = |object: ExprId, key: &str| module.entry(object, key).and_then(|value| module.number(value));
    assert_eq!(
        (value(objects[0], "k1"), value(objects[0], "k7"), value(objects[0], "k8")),
        (Some(1.0), Some(70.0), Some(8.0))
    );
    assert_eq!(
        (value(objects[0], "k40"), value(objects[0], ""), value(objects[1], "k1")),
        (None, None, Some(2.0))
    );
}

/// Beyond the two hundredth name of a pattern, a name counted as one that nothing sets, and as what the caller passed.
#[test]
fn each_name_of_a_long_pattern_is_set_once() {
    let names = (0..500).map(|at| format!("a{at}: [b{at} = 1], ")).collect::<Vec<_>>().concat();
    let text = format!("const {{{names}}} = x;\n");
    let module = typescript::lower(&text, false).expect("a module");
    let whole = Span::new(0, text.len());
    let set = |name: &str| {
        module
            .settings(whole)
            .iter()
            .filter(|setting| module.str(setting.name) == name)
            .count()
    };
    assert_eq!((set("b0"), set("b499")), (1, 1));
}

#[test]
fn imported_modules_are_found_by_what_they_begin_with_and_hold() {
    let names = |count: usize| -> String {
        let many = (0..count).map(|at| format!("import {{ a{at} }} from 'pkg{at}/db-{at}';\n"));
        let few = ["@scope/one", "typeorm", "typeorm-extra", "pg", "pgx"].map(|name| format!("import {{ x }} from '{name}';\n"));
        many.chain(few).collect()
    };
    for count in [0, 100] {
        let module = typescript::lower(&names(count), false).expect("a module");
        let imported = || module.imports.iter().map(|import| module.str(import.module));
        for asked in [
            "pg",
            "typeorm",
            "typeo",
            "pkg9",
            "pkg99",
            "@scope",
            "@scope/one",
            "zz",
            "",
            "pkg1/db",
        ] {
            let below = imported().any(|name| {
                let rest = name.strip_prefix(asked);
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '-']))
            });
            assert_eq!(module.imports_below(asked, &['/', '-']), below, "{asked} of {count}");
            assert_eq!(
                module.imports_from(asked),
                imported().any(|name| name.starts_with(asked)),
                "{asked} of {count}"
            );
            assert_eq!(
                module.imports_part(asked),
                imported().any(|name| name.contains(asked)),
                "{asked} of {count}"
            );
            // Remembered.
            assert_eq!(
                module.imports_part(asked),
                imported().any(|name| name.contains(asked)),
                "{asked} of {count}"
            );
        }
    }
}

#[test]
fn statements_in_a_range_are_those_that_a_walk_finds() {
    let module = python::lower(PYTHON).expect("a module");
    let mut ranges: Vec<Span> = module.stmts.iter().map(|stmt| stmt.span).collect();
    ranges.push(Span::new(0, PYTHON.len()));
    for range in ranges {
        let mut walked: Vec<StmtId> = (0..module.stmts.len() as u32).map(StmtId).collect();
        walked.retain(|&id| range.encloses(module.stmt(id).span));
        walked.sort_by_key(|&id| (module.stmt(id).span.start, id));
        assert_eq!(module.stmts_in(range).collect::<Vec<_>>(), walked);
    }
}
