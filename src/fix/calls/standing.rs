//! Where a call stands: whether `await` and a parenthesis before it are possible there, and what is held meanwhile.

use super::Place;
use crate::ir::{CompKind, ExprId, ExprKind, Function, Parent, Stmt, StmtId, StmtKind};
use crate::source::Span;

/// Whether `await` can stand at the call.
pub fn check(place: &Place<'_>) -> Result<(), String> {
    let module = place.module;
    let function = module.function(module.owner(place.call.id));
    if !function.is_async {
        return Err(format!("`{}` does not stand in an async function itself", place.shown()));
    }
    if !is_in_body(place, function) {
        return Err("`await` is a mistake where the call stands: it is outside of the function's own statements".to_owned());
    }
    if place.call.is_new {
        return Err("it makes an object, which is not waited for".to_owned());
    }
    let in_generator = ancestors(place).any(|id| matches!(module.kind(id), ExprKind::Comp(comp) if comp.kind == CompKind::Generator));
    if in_generator {
        return Err("a generator with `await` is another kind of object".to_owned());
    }
    Ok(())
}

/// Whether the call stands in a statement of the function's own: not in its parameters, annotations or decorators, and in no class.
fn is_in_body(place: &Place<'_>, function: &Function) -> bool {
    let module = place.module;
    let at = module.expr(place.call.id).span;
    let holds = |stmt: &StmtId| module.stmt(*stmt).span.encloses(at);
    let in_other = module
        .functions
        .iter()
        .any(|other| other.span != function.span && function.span.encloses(other.span) && other.span.encloses(at));
    let in_class = module
        .classes
        .iter()
        .any(|class| function.span.encloses(class.span) && class.span.encloses(at));
    let decorators = module.functions.iter().flat_map(|other| &other.decorators);
    let of_classes = module.classes.iter().flat_map(|class| &class.decorators);
    let in_decorator = decorators.chain(of_classes).any(|&one| module.expr(one).span.encloses(at));
    let in_annotation = module.stmts.iter().any(|stmt| match stmt.kind {
        StmtKind::Assign {
            annotation: Some(annotation),
            ..
        } => module.expr(annotation).span.encloses(at),
        _ => false,
    });
    function.body.iter().any(holds) && !(in_other || in_class || in_decorator || in_annotation)
}

/// The expressions around the call.
fn ancestors<'p>(place: &'p Place<'_>) -> impl Iterator<Item = ExprId> + 'p {
    let above = |id: ExprId| match place.module.expr(id).parent {
        Parent::Expr(above) => Some(above),
        _ => None,
    };
    std::iter::successors(above(place.call.id), move |&id| above(id))
}

/// Whether a plain `with` is around the call, or its function takes a lock.
pub fn holds_something(place: &Place<'_>) -> bool {
    let module = place.module;
    let takes = |id: ExprId| {
        let is_taken = module.call(id).and_then(|call| call.method()).is_some_and(|method| {
            // An exit stack holds what it enters until its own end.
            matches!(method, "acquire" | "enter_context")
        });
        let is_awaited = matches!(module.expr(id).parent, Parent::Expr(above) if matches!(module.kind(above), ExprKind::Await(_)));
        is_taken && !is_awaited
    };
    if module.call_ids_in(module.owner(place.call.id)).any(takes) {
        return true;
    }
    let outermost = ancestors(place).last().unwrap_or(place.call.id);
    let mut at = module.expr(outermost).parent;
    while let Parent::Stmt(stmt) = at {
        if matches!(&module.stmt(stmt).kind, StmtKind::With { is_async: false, items, .. } if !items.iter().any(|(value, _)| *value == outermost))
        {
            return true;
        }
        at = module.stmt(stmt).parent;
    }
    false
}

/// The parenthesis before `await`: where it begins a statement and no semicolon ends the one before, it would call that.
pub fn opening(place: &Place<'_>, head: Span) -> Result<&'static str, String> {
    if !place.module.language.goes_on_over_lines() {
        return Ok("(");
    }
    let begins = |stmt: &&Stmt| stmt.span.start == head.start && !matches!(stmt.kind, StmtKind::Return(_));
    if !place.module.stmts.iter().any(|stmt| begins(&stmt)) {
        return Ok("(");
    }
    match code_before(place.text, head.start as usize) {
        Some(';' | '{') => Ok("("),
        // The end of a block or of an object.
        Some('}') => Ok(";("),
        _ => Err("a parenthesis at the start of its statement could go on with the one before".to_owned()),
    }
}

/// The last character of JavaScript before an offset that is neither blank nor in a comment; `None` where that is not certain.
fn code_before(text: &str, at: usize) -> Option<char> {
    let mut before = text.get(..at)?.trim_end();
    loop {
        if let Some(comment) = before.strip_suffix("*/") {
            before = before.get(..comment.rfind("/*")?)?.trim_end();
            continue;
        }
        let start = before.rfind('\n').map_or(0, |end| end + 1);
        let line = &before[start..];
        let Some(comment) = line.find("//") else {
            return before.chars().next_back();
        };
        // It may be in a string or a pattern, and no comment.
        if line[..comment].contains(['"', '\'', '`', '/']) {
            return None;
        }
        before = before[..start + comment].trim_end();
    }
}
