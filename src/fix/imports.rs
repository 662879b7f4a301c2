//! Adds imports to a Python file, in a line of their own beside those that are there.

use super::edits::Edit;
use super::text::{indent, line_end, line_start, line_stop};
use crate::ir::{ExprId, ExprKind, FunctionId, Import, Module, StmtKind, Sym};
use crate::source::Span;

/// Characters of a line that formatters leave as it is.
const LONG: usize = 79;

/// A name that code is to use: `asyncio`, or `Index` of `sqlalchemy`.
#[derive(Clone, Copy)]
pub struct WantedImport<'a> {
    /// The module that it is taken from; `None` for a module itself.
    pub from: Option<&'a str>,
    /// The name that is imported, without `as`.
    pub name: &'a str,
}

/// The imports that hold in the whole file: at its top level, and behind no condition (`if TYPE_CHECKING:`).
pub fn of_file<'m>(module: &'m Module, text: &'m str) -> impl Iterator<Item = &'m Import> {
    let top = module.imports.iter().filter(|import| import.function == FunctionId::MODULE);
    top.filter(move |import| indent(text, import.span.start as usize) == Some(""))
}

/// What makes a name usable in a file: nothing where it is imported already. Fails where the file uses the name for something else, or
/// has no import to stand beside.
pub fn add(module: &Module, (path, text): (&str, &str), wanted: WantedImport<'_>) -> Result<Option<Edit>, String> {
    let top = || module.imports.iter().filter(|import| import.function == FunctionId::MODULE);
    let is_plain = |import: &&Import| indent(text, import.span.start as usize) == Some("");
    let is_inner = |import: &Import| import.function != FunctionId::MODULE && module.str(import.local) == wanted.name;
    if module.imports.iter().any(is_inner) {
        return Err(format!("{path} imports `{}` in a function", wanted.name));
    }
    if binds(module, wanted.name) {
        return Err(format!("{path} has a `{}` of its own", wanted.name));
    }
    if let Some(known) = top().find(|import| module.str(import.local) == wanted.name) {
        let is_same = match (wanted.from, known.name) {
            (None, None) => module.str(known.module) == wanted.name,
            (Some(from), Some(name)) => module.str(name) == wanted.name && is_of(module.str(known.module), from),
            _ => false,
        };
        return if is_same && is_plain(&known) {
            Ok(None)
        } else {
            Err(format!("{path} imports another `{}`", wanted.name))
        };
    }
    let line = match wanted.from {
        Some(from) => format!("from {from} import {}", wanted.name),
        None => format!("import {}", wanted.name),
    };
    let same = top()
        .filter(is_plain)
        .filter(|import| Some(module.str(import.module)) == wanted.from);
    let end = line_end(text);
    let last = same.last();
    let merged = last
        .filter(|_| wanted.from.is_some())
        .and_then(|last| among(text, last.span, wanted.name));
    let (at, line) = if let Some(merged) = merged {
        merged
    } else if let Some(last) = last {
        (line_stop(text, last.span.end as usize), format!("{end}{line}"))
    } else {
        let is_future = |import: &&Import| module.str(import.module) == "__future__";
        let first = top().filter(is_plain).find(|import| !is_future(import));
        let first = first.ok_or_else(|| format!("{path} has no import to stand beside"))?;
        (line_start(text, first.span.start as usize), format!("{line}{end}"))
    };
    Ok(Some(Edit {
        is_shared: true,
        ..Edit::insert(path, at, line)
    }))
}

/// Where a name stands among those of an import on one line, and what is to be put there; `None` where the line would be long.
fn among(text: &str, import: Span, name: &str) -> Option<(usize, String)> {
    let line = text.get(line_start(text, import.start as usize)..line_stop(text, import.start as usize))?;
    if line.len() + name.len() + 2 > LONG || line.contains(['(', '\\', '#', ';']) {
        return None;
    }
    let start = line_start(text, import.start as usize) + line.find(" import ")? + " import ".len();
    let names = text.get(start..import.end as usize)?;
    let mut at = start;
    for known in names.split(", ") {
        if known.split(' ').next()? > name {
            return Some((at, format!("{name}, ")));
        }
        at += known.len() + ", ".len();
    }
    Some((import.end as usize, format!(", {name}")))
}

/// `sqlalchemy.schema` hands on what `sqlalchemy` has.
fn is_of(module: &str, wanted: &str) -> bool {
    module.split('.').next() == wanted.split('.').next()
}

/// Whether something of the file is called so.
pub(super) fn binds(module: &Module, name: &str) -> bool {
    let Some(name) = module.sym(name) else { return false };
    let is_function = module.functions.iter().any(|function| function.name == Some(name));
    let is_class = module.classes.iter().any(|class| class.name == Some(name));
    let params = || module.functions.iter().flat_map(|function| &function.params);
    let is_set = |target: &ExprId| sets(module, *target, name);
    is_function
        || is_class
        || params().any(|param| param.name == Some(name))
        || params().filter_map(|param| param.pattern).any(|pattern| is_set(&pattern))
        || module.stmts.iter().any(|stmt| match &stmt.kind {
            StmtKind::Assign { target, .. } => is_set(target),
            StmtKind::Loop { target, .. } => target.iter().any(is_set),
            StmtKind::With { items, .. } => items.iter().filter_map(|(_, target)| target.as_ref()).any(is_set),
            _ => false,
        })
        || module.exprs.iter().any(|expr| match &expr.kind {
            ExprKind::Assign { target, .. } => is_set(target),
            ExprKind::Comp(comp) => comp.clauses.iter().any(|clause| is_set(&clause.target)),
            _ => false,
        })
}

/// Whether a target gives a name something, also along with others.
fn sets(module: &Module, target: ExprId, name: Sym) -> bool {
    match module.kind(target) {
        ExprKind::Name(own) => *own == name,
        ExprKind::Tuple(items) | ExprKind::List(items) => items.iter().any(|&item| sets(module, item, name)),
        ExprKind::Spread(inner) => sets(module, *inner, name),
        _ => false,
    }
}
