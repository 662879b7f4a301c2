//! How many elements a list has that is no query's rows.

use super::scale::{Rows, Scale};
use crate::ir::{Call, ExprId, ExprKind, Module};
use crate::libraries::shared::collections;
use crate::libraries::shared::query::Resolver;
use crate::libraries::shared::value::FileId;
use crate::project::eval::Evaluator;

/// How deep what a loop runs over is looked into, by design: `enumerate(sorted(HOSTS.items()))`.
const MAX_DEPTH: u32 = 6;

/// The elements of what a loop runs over, where something is known of their number: those that every caller gives are counted already
/// (`given`), and those of a constant are as many as somebody wrote into the code or the settings.
pub fn elements(eval: &Evaluator<'_>, file: FileId, iterable: Option<ExprId>, given: Option<u32>) -> Option<Rows> {
    if let Some(count) = given {
        return Some(Rows::new(Scale::Few, format!("the elements that are given, {count} at most")));
    }
    let name = constant(eval, file, iterable?, 0)?;
    Some(Rows::new(Scale::Few, format!("the elements of the constant `{name}`")))
}

/// The constant that an expression goes through, also under another name.
fn constant(eval: &Evaluator<'_>, file: FileId, expr: ExprId, depth: u32) -> Option<String> {
    if depth > MAX_DEPTH {
        return None;
    }
    let module = eval.module(file);
    match *module.kind(expr) {
        ExprKind::Await(inner) => constant(eval, file, inner, depth + 1),
        ExprKind::Call { .. } => {
            let call = module.call(expr)?;
            let whole = eval.handed_on(file, &call).or_else(|| parts(&call))?;
            constant(eval, file, whole, depth + 1)
        }
        ExprKind::Name(name) | ExprKind::Attr { name, .. } => {
            if is_constant(module.str(name)) {
                return Some(module.str(name).to_owned());
            }
            let (at, definition) = eval.definition(file, expr).filter(|found| *found != (file, expr))?;
            // What a list is filled with shows nowhere but in a name of one's own.
            let is_other = matches!(module.kind(expr), ExprKind::Name(_)) && !is_made(eval.module(at), definition);
            if is_other {
                constant(eval, at, definition, depth + 1)
            } else {
                None
            }
        }
        _ => None,
    }
}

/// The mapping whose parts a call gives: `HOSTS.items()`, `Object.keys(HOSTS)`.
fn parts(call: &Call<'_>) -> Option<ExprId> {
    let is_it = collections::gives_parts(call.method()?);
    let receiver = call.receiver().filter(|_| is_it)?;
    call.arg(0).or(Some(receiver))
}

fn is_made(module: &Module, definition: ExprId) -> bool {
    matches!(module.kind(definition), ExprKind::List(_) | ExprKind::Object(_))
}

/// `HARBOURS`: written by whom writes the code or the settings.
fn is_constant(name: &str) -> bool {
    name.len() > 1 && name.contains(|c: char| c.is_ascii_uppercase()) && !name.contains(|c: char| c.is_ascii_lowercase())
}
