//! SQL text in programs: its literal pieces gathered from literals, templates, concatenations, joins and names, and
//! what they say.

use std::sync::Arc;

use super::chain;
use crate::budget::Limit;
use crate::ir::{Call, ExprId, ExprKind, FunctionId, Module, StmtKind, Sym, TemplatePart};
use crate::libraries::shared::query::{Outcome, Query, Resolver};
use crate::libraries::shared::value::{FileId, RowModel, Value};
use crate::source::Span;
use crate::statement::{self, Dialect, Operation, Projection, Statement};
use crate::syntax::sql::{self, Piece};

/// A piece of SQL text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OwnedPiece {
    /// Literal text; the flag is whether it is there only under a condition of the code.
    Text(String, bool),
    /// Something that the program puts in.
    Hole(bool),
}

const MAX_DEPTH: u32 = 14;

/// Arguments among which a helper's text is looked for.
const MOST_BEFORE: usize = 3;
/// Calls in the body of a function that only runs what it is given behind a handle.
const MOST_CALLS: usize = 12;

/// The pieces of the text that an expression is; `None` when none of it is known.
pub fn pieces(resolver: &dyn Resolver, file: FileId, expr: ExprId) -> Option<Vec<OwnedPiece>> {
    gather(resolver, file, expr).map(|gather| gather.out)
}

fn gather(resolver: &dyn Resolver, file: FileId, expr: ExprId) -> Option<Gather<'_>> {
    let mut gather = Gather {
        resolver,
        out: Vec::new(),
        length: 0,
        is_changed: false,
        over: None,
    };
    gather.expr(file, expr, false, 0);
    if let Some(limit) = gather.over {
        resolver.too_long(limit, file, expr);
    }
    let known = gather
        .out
        .iter()
        .any(|piece| matches!(piece, OwnedPiece::Text(text, _) if !text.trim().is_empty()));
    known.then_some(gather)
}

/// What a text says.
#[derive(Clone, Debug, PartialEq)]
pub struct Sql {
    /// The statement; `None` where it changes the schema or a setting, or was not understood.
    pub statement: Option<Statement>,
    /// Everything in it was understood.
    pub understood: bool,
}

/// Reads gathered pieces; `None` when they are no SQL.
pub fn parse(pieces: &[OwnedPiece]) -> Option<Sql> {
    let full = read(pieces, true);
    if !pieces.iter().any(is_optional) {
        return full;
    }
    let base = read(pieces, false);
    match (full, base) {
        (Some(mut full), Some(base)) => {
            match (&mut full.statement, base.statement) {
                (Some(statement), Some(base)) => merge(statement, &base),
                (none @ None, Some(mut base)) => {
                    base.open = true;
                    *none = Some(base);
                    full.understood = true;
                }
                (Some(statement), None) => statement.open = true,
                (None, None) => {}
            }
            Some(full)
        }
        (Some(mut only), None) | (None, Some(mut only)) => {
            if let Some(statement) = &mut only.statement {
                statement.open = true;
            }
            Some(only)
        }
        (None, None) => None,
    }
}

/// What only the full text has is there under a condition.
fn merge(full: &mut Statement, base: &Statement) {
    for filter in &mut full.filters {
        filter.optional |= !base
            .filters
            .iter()
            .any(|other| other.column.column == filter.column.column && other.kind == filter.kind);
    }
    if base.limit == statement::RowLimit::None && full.limit != statement::RowLimit::None {
        full.limit = statement::RowLimit::None;
        full.open = true;
    }
}

fn is_optional(piece: &OwnedPiece) -> bool {
    matches!(piece, OwnedPiece::Text(_, true) | OwnedPiece::Hole(true))
}

fn read(pieces: &[OwnedPiece], with_optional: bool) -> Option<Sql> {
    let pieces: Vec<Piece<'_>> = pieces
        .iter()
        .filter(|piece| with_optional || !is_optional(piece))
        .map(|piece| match piece {
            OwnedPiece::Text(text, _) => Piece::Text(text),
            OwnedPiece::Hole(_) => Piece::Hole,
        })
        .collect();
    let parsed = sql::statement(&pieces, Dialect::Generic)?;
    Some(Sql {
        statement: parsed.statement,
        understood: parsed.understood,
    })
}

/// The query that a text is, not yet run; `None` when the expression is no SQL text.
pub fn query(resolver: &dyn Resolver, file: FileId, expr: ExprId) -> Option<Query> {
    let gather = gather(resolver, file, expr)?;
    let sql = parse(&gather.out)?;
    let mut query = Query {
        library: "sql",
        opaque: !sql.understood,
        text: whole(&gather),
        ..Query::default()
    };
    if let Some(statement) = sql.statement {
        query.statement = statement;
    } else {
        query.statement.operation = Operation::Other;
        query.statement.open = true;
        query.outcome = if sql.understood { Outcome::Nothing } else { Outcome::Rows };
    }
    let statement = &mut query.statement;
    if statement.operation != Operation::Select {
        query.outcome = Outcome::Nothing;
        return Some(query);
    }
    if statement.projection == Projection::Aggregate && !statement.grouped {
        query.outcome = Outcome::Scalar;
        statement.limit = statement::RowLimit::One;
    }
    // Rows of some columns are rows of the table, too: what is read of them is told by name.
    if let (Projection::All | Projection::Columns(_), [table]) = (&statement.projection, statement.tables.as_slice()) {
        query.model = Some(RowModel::Table(table.name.clone()));
    }
    Some(query)
}

/// The text of one statement that the code gives all of, and that is run as it stands.
fn whole(gather: &Gather<'_>) -> Option<Arc<str>> {
    let [OwnedPiece::Text(text, false)] = gather.out.as_slice() else {
        return None;
    };
    let text = text.trim();
    let is_one = !text.trim_end_matches([';', ' ', '\n', '\t', '\r']).contains(';');
    (is_one && !gather.is_changed).then(|| Arc::from(text))
}

/// The argument that is the text of a statement, or names one. A handle may stand before it: `queryAll(db, "SELECT …", [id])`.
pub fn statement_argument(resolver: &dyn Resolver, file: FileId, call: &Call<'_>) -> Option<ExprId> {
    let mut args = (0..MOST_BEFORE).map_while(|place| call.arg(place));
    args.find(|&text| begins_as_sql(resolver, file, text))
}

/// Whether an expression is a text that begins as a statement does, or names one.
pub fn begins_as_sql(resolver: &dyn Resolver, file: FileId, text: ExprId) -> bool {
    let module = resolver.module(file);
    let (at, written) = match module.kind(text) {
        ExprKind::Name(_) => match resolver.definition(file, text) {
            Some(found) => found,
            None => return false,
        },
        _ => (file, text),
    };
    let written_in = resolver.module(at);
    match written_in.kind(written) {
        ExprKind::Str(text) => is_statement(written_in.str(*text)),
        ExprKind::Template(parts) => {
            matches!(parts.first(), Some(TemplatePart::Text(text)) if is_statement(written_in.str(*text)))
        }
        _ => false,
    }
}

/// Whether a text begins as statements do; a cheap look before a callee is followed.
fn is_statement(text: &str) -> bool {
    let word = text.split_whitespace().next().unwrap_or_default();
    ["SELECT", "INSERT", "UPDATE", "DELETE", "WITH"]
        .iter()
        .any(|head| word.eq_ignore_ascii_case(head))
}

/// Whether a function of the project hands the parameter that an argument arrives in to a call that runs SQL.
pub fn runs_parameter(module: &Module, function: FunctionId, (call, text): (&Call<'_>, ExprId), is_run: fn(&str) -> bool) -> bool {
    let shift = usize::from(module.takes_receiver(function));
    let place = call.args.iter().position(|arg| arg.value == text);
    // A handle stands before the text of what only runs it.
    if place.is_some_and(|place| place > 0) && module.call_ids_in(function).len() > MOST_CALLS {
        return false;
    }
    let all = &module.function(function).params;
    let params: Vec<Sym> = match place.and_then(|place| all.get(place + shift)) {
        Some(param) => param.name.into_iter().collect(),
        None => all.iter().filter_map(|param| param.name).collect(),
    };
    module.call_ids_in(function).any(|id| {
        let Some(call) = module.call(id).filter(|call| call.method().is_some_and(is_run)) else {
            return false;
        };
        let is_param = |arg: ExprId| matches!(module.kind(arg), ExprKind::Name(name) if params.contains(name));
        module.owner(id) == function
            && call.arg(0).is_some_and(|arg| {
                // `execute(text(query))` hands it on.
                is_param(arg) || module.call(arg).and_then(|inner| inner.arg(0)).is_some_and(is_param)
            })
    })
}

/// The first named slot of a format (`{order}`, not `{}` and not `{{`): what is before it, its name, what comes after.
fn next_slot(text: &str) -> Option<(&str, &str, &str)> {
    text.match_indices('{').find_map(|(at, _)| {
        let (head, rest) = (text.get(..at)?, text.get(at + 1..)?);
        let (name, tail) = rest.split_once('}')?;
        let is_name = !name.is_empty() && name.chars().all(|letter| letter.is_alphanumeric() || letter == '_');
        (is_name && !head.ends_with('{')).then_some((head, name, tail))
    })
}

/// A query whose text is not known.
pub fn unknown(library: &'static str) -> Query {
    let mut query = Query {
        library,
        opaque: true,
        executed: true,
        ..Query::default()
    };
    query.statement.open = true;
    query.statement.operation = Operation::Other;
    query
}

struct Gather<'r> {
    resolver: &'r dyn Resolver,
    out: Vec<OwnedPiece>,
    length: usize,
    /// A call or an operator makes another text of what was gathered.
    is_changed: bool,
    /// The bound that was reached, if one was.
    over: Option<Limit>,
}

impl Gather<'_> {
    fn is_full(&self) -> bool {
        self.out.len() >= Limit::SqlPieces.count()
    }

    fn text(&mut self, text: &str, optional: bool) {
        if self.is_full() || self.length + text.len() > Limit::SqlText.count() {
            self.over = Some(if self.is_full() { Limit::SqlPieces } else { Limit::SqlText });
            return;
        }
        self.length += text.len();
        match self.out.last_mut() {
            Some(OwnedPiece::Text(last, flag)) if *flag == optional => last.push_str(text),
            _ => self.out.push(OwnedPiece::Text(text.to_owned(), optional)),
        }
    }

    fn hole(&mut self, optional: bool) {
        if self.is_full() {
            self.over = Some(Limit::SqlPieces);
            return;
        }
        self.out.push(OwnedPiece::Hole(optional));
    }

    fn expr(&mut self, file: FileId, expr: ExprId, optional: bool, depth: u32) {
        if depth > MAX_DEPTH || self.is_full() || !self.resolver.afford(file, 1) {
            return self.hole(optional);
        }
        let module = self.resolver.module(file);
        match module.kind(expr) {
            ExprKind::Str(text) => self.text(module.str(*text), optional),
            ExprKind::Num(number) => self.text(&number.to_string(), optional),
            ExprKind::Template(parts) => {
                for part in parts {
                    match part {
                        TemplatePart::Text(text) => self.text(module.str(*text), optional),
                        TemplatePart::Hole(hole) => self.expr(file, *hole, optional, depth + 1),
                    }
                }
            }
            ExprKind::Binary { op, left, right } => match module.str(*op) {
                "+" => {
                    self.expr(file, *left, optional, depth + 1);
                    self.expr(file, *right, optional, depth + 1);
                }
                // The values go where the text has its `%s`.
                "%" => {
                    self.is_changed = true;
                    self.expr(file, *left, optional, depth + 1);
                }
                _ => self.hole(optional),
            },
            ExprKind::Cond { then, orelse, .. } => {
                let branch = if module.string(*then).is_some_and(str::is_empty) {
                    *orelse
                } else {
                    *then
                };
                self.expr(file, branch, true, depth + 1);
            }
            ExprKind::Await(inner) => self.expr(file, *inner, optional, depth + 1),
            ExprKind::Call { .. } => match module.call(expr) {
                Some(call) => self.call(file, &call, optional, depth),
                None => self.hole(optional),
            },
            ExprKind::Name(_) | ExprKind::Attr { .. } => self.named(file, expr, optional, depth),
            _ => self.hole(optional),
        }
    }

    fn call(&mut self, file: FileId, call: &Call<'_>, optional: bool, depth: u32) {
        let method = call.method().unwrap_or("");
        match (method, call.receiver(), call.arg(0)) {
            ("format", Some(receiver), _) => {
                self.is_changed = true;
                self.formatted(file, (call, receiver), optional, depth);
            }
            ("replace" | "format_map" | "concat", Some(receiver), _) => {
                self.is_changed = true;
                self.expr(file, receiver, optional, depth + 1);
            }
            (
                "strip" | "rstrip" | "lstrip" | "bindparams" | "columns" | "as_string" | "trim" | "execution_options" | "encode",
                Some(receiver),
                _,
            ) => self.expr(file, receiver, optional, depth + 1),
            ("join", Some(separator), Some(list)) => self.join(file, separator, list, optional, depth),
            ("join", Some(list), _) => {
                // TypeScript's `[…].join(" ")`.
                let separator = call.arg(0).and_then(|arg| call.module.string(arg)).unwrap_or(",").to_owned();
                self.joined(file, list, &separator, optional, depth);
            }
            (
                "text" | "SQL" | "dedent" | "cleandoc" | "str" | "sql" | "DDL" | "raw" | "Composed" | "unsafe" | "literal_column",
                _,
                Some(arg),
            ) => {
                self.expr(file, arg, optional, depth + 1);
            }
            // `from sqlalchemy import text as sql_text`.
            (_, None, Some(arg)) if self.is_text_maker(file, call) => self.expr(file, arg, optional, depth + 1),
            _ => match self.resolver.value(file, call.id) {
                // A function of the project that gives a text.
                Value::Literal(at, literal) if (at, literal) != (file, call.id) && self.is_text(at, literal) => {
                    self.expr(at, literal, optional, depth + 1);
                }
                _ => self.hole(optional),
            },
        }
    }

    /// `"… ORDER BY {order}".format(order=column)`: what is put in where the text has its names.
    fn formatted(&mut self, file: FileId, (call, receiver): (&Call<'_>, ExprId), optional: bool, depth: u32) {
        let before = std::mem::take(&mut self.out);
        self.expr(file, receiver, optional, depth + 1);
        for piece in std::mem::replace(&mut self.out, before) {
            match piece {
                OwnedPiece::Hole(optional) => self.hole(optional),
                OwnedPiece::Text(text, optional) => {
                    let mut rest = text.as_str();
                    while let Some((head, slot, tail)) = next_slot(rest) {
                        self.text(head, optional);
                        match call.keyword(slot) {
                            Some(value) => self.expr(file, value, optional, depth + 1),
                            None => self.hole(optional),
                        }
                        rest = tail;
                    }
                    self.text(rest, optional);
                }
            }
        }
    }

    fn is_text_maker(&self, file: FileId, call: &Call<'_>) -> bool {
        let made = self.resolver.value(file, call.callee);
        made.library_name()
            .is_some_and(|name| matches!(name, "sqlalchemy.text" | "sqlalchemy.sql.text"))
    }

    fn is_text(&self, file: FileId, expr: ExprId) -> bool {
        matches!(self.resolver.module(file).kind(expr), ExprKind::Str(_) | ExprKind::Template(_))
    }

    /// `separator.join(list)`; in TypeScript `list.join(separator)`.
    fn join(&mut self, file: FileId, separator: ExprId, list: ExprId, optional: bool, depth: u32) {
        let module = self.resolver.module(file);
        match (module.string(separator), module.string(list)) {
            (Some(text), None) => {
                let text = text.to_owned();
                self.joined(file, list, &text, optional, depth);
            }
            (None, Some(text)) => {
                let text = text.to_owned();
                self.joined(file, separator, &text, optional, depth);
            }
            _ => self.hole(optional),
        }
    }

    fn joined(&mut self, file: FileId, list: ExprId, separator: &str, optional: bool, depth: u32) {
        let Some(items) = chain::items(self.resolver, file, list).filter(|items| !items.is_empty()) else {
            return self.hole(optional);
        };
        for (index, (at, item, conditional)) in items.into_iter().enumerate() {
            let optional = optional || conditional;
            if index > 0 {
                self.text(separator, optional);
            }
            self.expr(at, item, optional, depth + 1);
        }
    }

    fn named(&mut self, file: FileId, expr: ExprId, optional: bool, depth: u32) {
        let found = match self.resolver.definition(file, expr) {
            Some(found) if found != (file, expr) => Some(found),
            _ => match self.resolver.value(file, expr) {
                Value::Literal(at, literal) if (at, literal) != (file, expr) && self.is_text(at, literal) => Some((at, literal)),
                _ => None,
            },
        };
        let Some((at, definition)) = found else {
            return self.hole(optional);
        };
        let conditional = at == file && chain::is_conditional(self.resolver.module(file), definition, expr);
        self.expr(at, definition, optional || (conditional && depth > 0), depth + 1);
        if at == file {
            self.added(file, expr, definition, optional, depth);
        }
    }

    /// `query += "…"` between a name's binding and its use.
    fn added(&mut self, file: FileId, used: ExprId, definition: ExprId, optional: bool, depth: u32) {
        let module = self.resolver.module(file);
        let ExprKind::Name(name) = module.kind(used) else { return };
        let owner = module.owner(used);
        if module.owner(definition) != owner {
            return;
        }
        let (from, to) = (module.expr(definition).span.end, module.expr(used).span.start);
        let found = module.statements_on(*name, Span { start: from, end: to }, chain::most_additions());
        let Some(found) = chain::few(self.resolver, (file, used), found) else {
            return self.hole(true);
        };
        for stmt in found.into_iter().map(|stmt| module.stmt(stmt)) {
            let StmtKind::Assign {
                target,
                value: Some(value),
                op: Some(_),
                ..
            } = &stmt.kind
            else {
                continue;
            };
            let inside = stmt.span.start >= from && stmt.span.end <= to;
            if !inside || !matches!(module.kind(*target), ExprKind::Name(found) if found == name) || module.owner(*value) != owner {
                continue;
            }
            let conditional = chain::is_conditional(module, *value, used);
            self.expr(file, *value, optional || conditional, depth + 1);
        }
    }
}
