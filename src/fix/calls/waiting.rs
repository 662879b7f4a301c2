//! A call that blocks an event loop, so that the loop goes on meanwhile.

use std::collections::BTreeSet;

use super::standing::{check, holds_something, opening};
use super::{Place, Rewritten};
use crate::fix::edits::{Edit, Safety};
use crate::fix::imports::{self, WantedImport};
use crate::fix::text::{line_end, line_indent};
use crate::ir::{ExprId, ExprKind, Parent, StmtKind};
use crate::source::Span;

/// The functions of `fs` that `fs.promises` has, too, and that take and give the same there.
const PROMISED: [&str; 21] = [
    "access",
    "appendFile",
    "chmod",
    "copyFile",
    "cp",
    "lstat",
    "mkdir",
    "mkdtemp",
    "readFile",
    "readdir",
    "readlink",
    "realpath",
    "rename",
    "rm",
    "rmdir",
    "stat",
    "symlink",
    "truncate",
    "unlink",
    "utimes",
    "writeFile",
];

const KEEPS: &str = "the same is done and waited for; other tasks run meanwhile, which is what it is for";
const HOLDS: &str = "other tasks run while a lock or another resource of a plain `with` is held";

/// `time.sleep(1)`: `await asyncio.sleep(1)`.
pub fn sleep(place: &Place<'_>) -> Result<Rewritten, String> {
    check(place)?;
    if !is_time_sleep(place) {
        return Err(format!("`{}` is not `time.sleep` itself", place.shown()));
    }
    let import = asyncio(place)?;
    let callee = place.module.expr(place.call.callee).span;
    let mut edits = awaited(place, callee, "asyncio.sleep")?;
    edits.extend(import);
    Ok(rewritten(place, edits, "asyncio.sleep", None))
}

fn is_time_sleep(place: &Place<'_>) -> bool {
    let module = place.module;
    let name = place.shown();
    let mut imports = module
        .imports
        .iter()
        .filter(|import| Some(module.str(import.local)) == name.split('.').next());
    imports.any(|import| {
        let is_of_time = module.str(import.module) == "time";
        let is_function = import.name.is_some_and(|name| module.str(name) == "sleep");
        is_of_time && (is_function && !name.contains('.') || import.name.is_none() && name.ends_with(".sleep"))
    })
}

/// `f(a, b)`: `await asyncio.to_thread(f, a, b)`.
pub fn thread(place: &Place<'_>) -> Result<Rewritten, String> {
    check(place)?;
    if place.makes_generator {
        return Err(format!("`{}` makes a generator, which works only while it is read", place.shown()));
    }
    if !place.module.language.names_arguments() {
        return Err("a thread for one call needs a worker of its own here".to_owned());
    }
    if let Parent::Stmt(stmt) = place.module.expr(place.call.id).parent
        && matches!(place.module.stmt(stmt).kind, StmtKind::With { .. })
    {
        return Err("what is done with what it opens would still block".to_owned());
    }
    let import = asyncio(place)?;
    let (open, close) = place.parentheses()?;
    let callee = place.module.expr(place.call.callee).span;
    let name = place.text.get(callee.start as usize..callee.end as usize).unwrap_or_default();
    if name.contains("await ") {
        return Err("what is called is itself waited for".to_owned());
    }
    let inner = &place.text[open + 1..close];
    let is_empty = inner.trim().is_empty();
    let first = open + 1 + inner.len() - inner.trim_start().len();
    let head = Span::new(callee.start as usize, open + 1);
    let text = match inner.lines().next().unwrap_or_default().trim() {
        _ if is_empty => format!("asyncio.to_thread({name}"),
        // The arguments begin on a line of their own.
        "" => format!(
            "asyncio.to_thread({}{}{name},",
            line_end(place.text),
            line_indent(place.text, first)
        ),
        _ => format!("asyncio.to_thread({name}, "),
    };
    let mut edits = awaited(place, head, &text)?;
    edits.extend(import);
    let reason = "it runs on another thread: what it uses must not be bound to one, and context such as a transaction may be";
    Ok(rewritten(place, edits, "asyncio.to_thread", Some(reason)))
}

/// `bcrypt.hashSync(a, b)`: `await bcrypt.hash(a, b)`.
pub fn sister(place: &Place<'_>) -> Result<Rewritten, String> {
    check(place)?;
    let method = place.call.method().unwrap_or_default();
    let base = place.call.receiver().and_then(|base| place.module.name(base)).unwrap_or_default();
    let bare = method.strip_suffix("Sync").ok_or("it has no sister that is waited for")?;
    let imports = place.module.imports.iter().filter(|import| place.module.str(import.local) == base);
    let modules: BTreeSet<&str> = imports.map(|import| place.module.str(import.module)).collect();
    let module = modules.first().copied().filter(|_| modules.len() == 1).unwrap_or_default();
    let new = match module {
        // The one of bcryptjs computes on the event loop, too.
        "bcrypt" if matches!(bare, "hash" | "compare" | "genSalt") => format!("{base}.{bare}"),
        "fs" | "node:fs" if PROMISED.contains(&bare) => {
            takes_the_same(place, bare)?;
            format!("{base}.promises.{bare}")
        }
        _ => return Err(format!("no sister of `{base}.{method}` that is waited for is known")),
    };
    let callee = place.module.expr(place.call.callee).span;
    let edits = awaited(place, callee, &new)?;
    Ok(rewritten(place, edits, &new, None))
}

/// Whether the arguments mean the same in `fs.promises`: it takes no descriptors, and never gives `undefined` for what is not there.
fn takes_the_same(place: &Place<'_>, bare: &str) -> Result<(), String> {
    let module = place.module;
    let args = place.call.args;
    let is_number = |id: ExprId| matches!(module.kind(id), ExprKind::Num(_)) || module.name(id).is_some_and(|name| name.ends_with("fd"));
    if args.first().is_some_and(|arg| is_number(arg.value)) {
        return Err("its sister takes no descriptor".to_owned());
    }
    if !matches!(bare, "stat" | "lstat") || args.len() == 1 {
        return Ok(());
    }
    let is_plain = args.get(1).is_some_and(|arg| match module.kind(arg.value) {
        ExprKind::Object(entries) => entries.iter().all(|entry| {
            entry
                .key
                .and_then(|key| module.string(key))
                .is_some_and(|key| key != "throwIfNoEntry")
        }),
        _ => false,
    });
    if is_plain {
        Ok(())
    } else {
        Err("its sister fails where the file is not there, whatever `throwIfNoEntry` says".to_owned())
    }
}

fn rewritten(place: &Place<'_>, edits: Vec<Edit>, new: &str, doubt: Option<&'static str>) -> Rewritten {
    let holds = holds_something(place).then_some(HOLDS);
    let reason = doubt.or(holds);
    Rewritten {
        edits,
        title: format!("`await {new}` for `{}`", place.shown()),
        reason: reason.unwrap_or(KEEPS),
        safety: if reason.is_some() { Safety::Unsafe } else { Safety::Safe },
    }
}

/// Puts `await` and a new head before the arguments, in parentheses where something goes on behind the call.
fn awaited(place: &Place<'_>, head: Span, new: &str) -> Result<Vec<Edit>, String> {
    let module = place.module;
    let goes_on = match module.expr(place.call.id).parent {
        Parent::Expr(above) => match module.kind(above) {
            ExprKind::Attr { .. } => true,
            ExprKind::Index { base, .. } => *base == place.call.id,
            ExprKind::Call { callee, .. } => *callee == place.call.id,
            // `await x ** 2` is a mistake in JavaScript.
            ExprKind::Binary { op, left, .. } => *left == place.call.id && module.str(*op) == "**",
            _ => false,
        },
        _ => false,
    };
    if !goes_on {
        return Ok(vec![Edit::replace(place.path, head, format!("await {new}"))]);
    }
    let open = opening(place, head)?;
    let end = module.expr(place.call.id).span.end as usize;
    Ok(vec![
        Edit::replace(place.path, head, format!("{open}await {new}")),
        Edit::insert(place.path, end, ")"),
    ])
}

/// The import of `asyncio`; fails where the program runs on another loop.
fn asyncio(place: &Place<'_>) -> Result<Option<Edit>, String> {
    let module = place.module;
    if ["trio", "anyio", "curio"].iter().any(|other| module.imports_below(other, &['.'])) {
        return Err(format!("{} may run on another event loop than asyncio's", place.path));
    }
    let wanted = WantedImport {
        from: None,
        name: "asyncio",
    };
    imports::add(module, (place.path, place.text), wanted)
}
