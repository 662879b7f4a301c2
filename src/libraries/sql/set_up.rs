//! Tables that a program makes itself: the texts of `CREATE TABLE` and the like that it sends, outside of any tool's migrations.

use crate::ir::{Call, ExprId, ExprKind, Module};
use crate::libraries::shared::declared::{Consts, Declared, TextPiece, sql_changes};
use crate::libraries::shared::query::Resolver;
use crate::libraries::shared::value::FileId;
use crate::statement::{SchemaChange, SchemaOp};
use crate::vocabulary::List;

/// Arguments among which the text is looked for: a handle may stand before it.
const MOST_BEFORE: usize = 3;

/// Reads what a file sends. What it takes away again is left out: programs do so in tests of their own and where they start anew.
pub fn declared(resolver: &dyn Resolver, file: FileId) -> Option<Declared> {
    let module = resolver.module(file);
    // A cheap look before anything is followed.
    let mut runs = module.calls().filter(|call| call.method().is_some_and(is_run)).peekable();
    runs.peek()?;
    let consts = Consts::new(resolver);
    let mut found = Declared {
        tool: Some(super::TOOL),
        ..Declared::default()
    };
    let mut is_looped = false;
    for call in runs {
        match text(&consts, file, &call) {
            Some(argument) => add(&mut found, &consts, file, argument),
            None => is_looped |= call.arg(0).is_some_and(|arg| matches!(module.kind(arg), ExprKind::Name(_))),
        }
    }
    // `for (const statement of ["CREATE TABLE …", "CREATE INDEX …"]) db.exec(statement)`.
    for list in module.expr_ids().filter(|_| is_looped).filter_map(|(id, _)| list(module, id)) {
        for &item in list {
            add(&mut found, &consts, file, item);
        }
    }
    (!found.changes.is_empty()).then_some(found)
}

fn is_run(method: &str) -> bool {
    matches!(
        method,
        "execute" | "executescript" | "executemany" | "exec" | "query" | "run" | "unsafe" | "raw" | "prepare" | "execute_script" | "batch"
    )
}

/// The argument of a call that is DDL.
fn text(consts: &Consts, file: FileId, call: &Call<'_>) -> Option<ExprId> {
    let mut args = (0..MOST_BEFORE).map_while(|place| call.arg(place));
    args.find(|&arg| {
        let is_text = matches!(
            call.module.kind(arg),
            ExprKind::Str(_)
                | ExprKind::Template(_)
                | ExprKind::Name(_)
                | ExprKind::Attr { .. }
                | ExprKind::Binary { .. }
                | ExprKind::Call { .. }
        );
        is_text && matches!(consts.pieces(file, arg).first(), Some(TextPiece::Text(text)) if begins_as_ddl(text))
    })
}

/// The items of a list that are all texts of DDL.
fn list(module: &Module, expr: ExprId) -> Option<&[ExprId]> {
    let (ExprKind::List(items) | ExprKind::Tuple(items)) = module.kind(expr) else {
        return None;
    };
    let is_ddl = |&item: &ExprId| module.string(item).is_some_and(begins_as_ddl);
    (!items.is_empty() && items.iter().all(is_ddl)).then_some(items)
}

/// Whether a text begins with a statement that makes or changes a table or an index.
fn begins_as_ddl(text: &str) -> bool {
    let code = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with("--"));
    let mut words = code.unwrap_or_default().split_whitespace().map(str::to_ascii_uppercase);
    match words.next().as_deref() {
        Some("CREATE") => matches!(words.next().as_deref(), Some("TABLE" | "INDEX" | "UNIQUE")),
        Some("ALTER") => words.next().as_deref() == Some("TABLE"),
        // Scripts set the connection up first.
        Some("PRAGMA" | "BEGIN" | "BEGIN;") => text.to_ascii_uppercase().contains("CREATE TABLE"),
        _ => false,
    }
}

fn add(found: &mut Declared, consts: &Consts, file: FileId, argument: ExprId) {
    let span = consts.resolver.module(file).expr(argument).span;
    let read = sql_changes(consts, file, argument, span, found.dialect);
    found.dialect = read.dialect;
    found.not_understood += read.unclear.len();
    found.unclear.extend(read.unclear);
    found.changes.extend(read.changes.into_iter().filter(is_lasting));
}

/// Whether a change adds something that stays and has a name: what is copied into `orders_new` and renamed is the table that is known.
fn is_lasting(change: &SchemaChange) -> bool {
    let is_stopgap = |name: &str| {
        let name = name.trim();
        name.is_empty() || List::Stopgaps.has(name)
    };
    match &change.op {
        SchemaOp::CreateTable(table, _) => !is_stopgap(&table.name),
        SchemaOp::AddIndex(index, _) => !is_stopgap(&index.table),
        SchemaOp::AddColumn(table, _) | SchemaOp::AddConstraint(table, _) => !is_stopgap(table),
        _ => false,
    }
}
