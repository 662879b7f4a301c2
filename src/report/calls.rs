//! The call graph as plain data, and as text for a terminal: what every function calls, and what follows from it.

use std::collections::VecDeque;
use std::fmt::Write as _;

use rustc_hash::FxHashMap;
use serde::Serialize;

use super::{MadeBy, VERSION, words};
use crate::engine::places::Places;
use crate::error::{Error, nearest};
use crate::escape;
use crate::finding::Location;
use crate::ir::ExprId;
use crate::libraries::shared::effects::Effects;
use crate::libraries::shared::value::FileId;
use crate::project::Project;
use crate::project::graph::{Edge, EdgeKind, FnId};
use crate::project::unresolved;

/// Targets of one call that are shown in text.
const SHOWN: usize = 4;

/// The functions of a project that call something or are called, in the order of files and places.
#[derive(Clone, Debug, Serialize)]
pub struct CallList {
    /// Version of the form.
    pub version: u32,
    /// Name and version of the program that wrote the list.
    pub tool: MadeBy,
    /// The folder that paths are relative to, as it was given.
    pub root: String,
    /// How calls were resolved.
    pub totals: Totals,
    /// The functions; with a symbol to start from, only those that it reaches, nearest first.
    pub functions: Vec<CallerRow>,
}

/// How the calls of the listed functions were resolved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// How many functions are listed.
    pub functions: usize,
    /// Calls that lead to functions of the project.
    pub resolved: usize,
    /// Of these, by a name that only one function has.
    pub guessed: usize,
    /// Calls of libraries.
    pub external: usize,
    /// Calls of which it is not known what they run.
    pub unresolved: usize,
}

/// A function.
#[derive(Clone, Debug, Serialize)]
pub struct CallerRow {
    /// Where; its symbol is the function.
    pub location: Location,
    /// The entry point that reaches it.
    pub entry: Option<String>,
    /// For an entry point: which of the repository's own clients asks it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub asked_by: String,
    /// What it does with all that it calls: `query`, `write`, `network`, `blocking`, `sleep`.
    pub effects: Vec<&'static str>,
    /// Queries that it runs itself.
    pub queries: usize,
    /// Its calls in source order.
    pub calls: Vec<CallRow>,
    /// Calls of which it is not known what they run.
    pub unresolved: usize,
}

/// One call of a function: where it is, what it leads to, what that does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CallRow {
    /// 1-based line.
    pub line: u32,
    /// `call`, `inline` (a callback that runs during the call), `barrier` (on another thread), `later`.
    pub kind: &'static str,
    /// The functions of the project that it may run.
    pub targets: Vec<String>,
    /// The library's function that it runs.
    pub external: Option<String>,
    /// What the library's function does.
    pub effects: Vec<&'static str>,
    /// The target is known by its name only.
    pub guessed: bool,
}

/// The calls whose target is not known, by why.
#[derive(Clone, Debug, Serialize)]
pub struct UnresolvedList {
    /// Version of the form.
    pub version: u32,
    /// Name and version of the program that wrote the list.
    pub tool: MadeBy,
    /// The folder that paths are relative to, as it was given.
    pub root: String,
    /// Calls that lead to functions of the project.
    pub resolved: usize,
    /// Calls whose target is not known, that may lead to functions of the project.
    pub unresolved: usize,
    /// Of both, how many of a hundred are resolved.
    pub resolved_percent: f64,
    /// Calls whose target is not known, and whose name no function of the project has: they lead elsewhere.
    pub elsewhere: usize,
    /// Why, the most frequent first.
    pub causes: Vec<CauseRow>,
}

/// One reason for which calls are not resolved, with how many there are.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CauseRow {
    /// Its name.
    pub cause: &'static str,
    /// In words.
    pub about: &'static str,
    /// How many calls have this cause.
    pub calls: usize,
    /// Of a hundred that are not resolved.
    pub percent: f64,
    /// Some of them: file and line.
    pub places: Vec<String>,
}

impl UnresolvedList {
    /// Counts the calls of a project that may lead to its own functions and have no known target.
    pub fn of(project: &Project, root: &str) -> UnresolvedList {
        let found = unresolved::count(project);
        let resolved = project.graph.calls.resolved;
        let open: usize = found.causes.iter().map(|tally| tally.calls).sum();
        let causes = found.causes.into_iter().map(|tally| CauseRow {
            cause: tally.cause.name(),
            about: tally.cause.about(),
            calls: tally.calls,
            percent: percent(tally.calls, open),
            places: tally.places.iter().map(|&(file, expr)| place(project, file, expr)).collect(),
        });
        UnresolvedList {
            version: VERSION,
            tool: MadeBy::default(),
            root: root.to_owned(),
            resolved,
            unresolved: open,
            resolved_percent: percent(resolved, resolved + open),
            elsewhere: found.elsewhere,
            causes: causes.collect(),
        }
    }

    /// The list as one JSON document, in the form that its `version` names.
    pub fn json(&self) -> String {
        escape::json(self)
    }

    /// For a terminal.
    pub fn text(&self) -> String {
        let mut out = String::new();
        for row in &self.causes {
            let line = format!(
                "{:>8}  {:>5.1} %  {:<18} {}",
                words::grouped(row.calls),
                row.percent,
                row.cause,
                row.about
            );
            let _ = writeln!(out, "{}", escape::line(&line));
            if !row.places.is_empty() {
                let _ = writeln!(out, "{:>20}{}", "", escape::line(&row.places.join(" · ")));
            }
        }
        let _ = writeln!(
            out,
            "{} that may lead to the project {} no known target; {} do: {:.1} % are resolved. {} more lead elsewhere: no function has their name, or a library hands them in.",
            words::count(self.unresolved, "call", "calls"),
            if self.unresolved == 1 { "has" } else { "have" },
            words::grouped(self.resolved),
            self.resolved_percent,
            words::grouped(self.elsewhere)
        );
        out
    }
}

#[allow(clippy::cast_precision_loss, reason = "so many calls no project has")]
fn percent(part: usize, whole: usize) -> f64 {
    if whole == 0 {
        100.0
    } else {
        (part as f64 * 1000.0 / whole as f64).round() / 10.0
    }
}

fn place(project: &Project, file: FileId, expr: ExprId) -> String {
    let start = project.code.module(file).expr(expr).span.start;
    let line = project.code.files.get(file.index()).map_or(1, |facts| facts.lines.line(start));
    format!("{}:{line}", project.path(file))
}

impl CallList {
    /// Lists the call graph of a project, or the part of it that a function reaches. Of the whole graph, functions in some places.
    ///
    /// `from` is a function's dotted name or its last parts (`OrderService.list`); an error names the nearest ones when
    /// no function is called so.
    pub fn of(project: &Project, root: &str, from: Option<&str>, places: &Places) -> Result<CallList, Error> {
        let all = || (0..project.graph.functions.len() as u32).map(FnId);
        let wanted: Vec<FnId> = match from {
            Some(symbol) => reached(project, &named(project, symbol)?),
            None => all().collect(),
        };
        let asked_by = askers(project);
        let rows = wanted.into_iter().map(|id| row(project, id, &asked_by));
        let functions: Vec<CallerRow> = rows
            .filter(|row| from.is_some() || places.has(&row.location.file))
            .filter(|row| from.is_some() || !row.calls.is_empty() || row.queries > 0 || row.unresolved > 0)
            .collect();
        let mut totals = Totals {
            functions: functions.len(),
            ..Totals::default()
        };
        for function in &functions {
            totals.unresolved += function.unresolved;
            for call in &function.calls {
                totals.resolved += usize::from(!call.targets.is_empty());
                totals.guessed += usize::from(call.guessed);
                totals.external += usize::from(call.external.is_some());
            }
        }
        Ok(CallList {
            version: VERSION,
            tool: MadeBy::default(),
            root: root.to_owned(),
            totals,
            functions,
        })
    }

    /// The list as one JSON document, in the form that its `version` names.
    pub fn json(&self) -> String {
        escape::json(self)
    }

    /// For a terminal.
    pub fn text(&self) -> String {
        let mut out = String::new();
        for function in &self.functions {
            let _ = writeln!(out, "{}", escape::line(&head(function)));
            for call in &function.calls {
                let _ = writeln!(out, "  {}", escape::line(&call_line(call)));
            }
            if function.unresolved > 0 {
                let _ = writeln!(out, "  {} not resolved", words::count(function.unresolved, "call", "calls"));
            }
        }
        let Totals {
            functions,
            resolved,
            guessed,
            external,
            unresolved,
        } = self.totals;
        let _ = writeln!(
            out,
            "{}: {} to the project ({} by a unique name), {} to libraries, {} not resolved",
            words::count(functions, "function", "functions"),
            words::count(resolved, "call", "calls"),
            words::grouped(guessed),
            words::grouped(external),
            words::grouped(unresolved)
        );
        out
    }
}

fn head(function: &CallerRow) -> String {
    let mut text = format!("{}  {}", function.location.symbol, words::place(&function.location));
    if !function.effects.is_empty() {
        let _ = write!(text, "  [{}]", function.effects.join(" "));
    }
    if function.queries > 0 {
        let _ = write!(text, "  {}", words::count(function.queries, "query", "queries"));
    }
    if let Some(entry) = &function.entry {
        let _ = write!(text, "  from {entry}");
    }
    if !function.asked_by.is_empty() {
        let _ = write!(text, "  {}", function.asked_by);
    }
    text
}

fn call_line(call: &CallRow) -> String {
    let mut text = format!(":{} {}", call.line, if call.kind == "call" { "→" } else { call.kind });
    let more = call.targets.len().saturating_sub(SHOWN);
    for target in call.targets.iter().take(SHOWN) {
        let _ = write!(text, " {target}");
    }
    if more > 0 {
        let _ = write!(text, " and {more} more");
    }
    if let Some(external) = &call.external {
        let _ = write!(text, " {external}");
    }
    if !call.effects.is_empty() {
        let _ = write!(text, " [{}]", call.effects.join(" "));
    }
    if call.guessed {
        text.push_str(" (by its name)");
    }
    text
}

/// The functions that a symbol names.
fn named(project: &Project, symbol: &str) -> Result<Vec<FnId>, Error> {
    let symbols: Vec<(FnId, String)> = (0..project.graph.functions.len() as u32)
        .map(FnId)
        .map(|id| (id, project.symbol(id)))
        .collect();
    let suffix = format!(".{symbol}");
    let found: Vec<FnId> = symbols
        .iter()
        .filter(|(_, name)| name == symbol || name.ends_with(&suffix))
        .map(|(id, _)| *id)
        .collect();
    if !found.is_empty() {
        return Ok(found);
    }
    let parts = symbol.split('.').count();
    let tails: Vec<String> = symbols
        .iter()
        .map(|(_, name)| {
            let words: Vec<&str> = name.split('.').collect();
            words[words.len().saturating_sub(parts)..].join(".")
        })
        .collect();
    let error = Error::new("--from", format!("no function is called `{symbol}`"));
    // Case is no reason to be far apart.
    let lower: Vec<String> = tails.iter().map(|tail| tail.to_lowercase()).collect();
    let candidates: Vec<&str> = lower.iter().map(String::as_str).collect();
    let near = nearest(symbol, &candidates).and_then(|near| lower.iter().position(|tail| tail == near));
    Err(match near.and_then(|at| tails.get(at)) {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None => error,
    })
}

/// All functions that some of them reach, nearest first.
fn reached(project: &Project, from: &[FnId]) -> Vec<FnId> {
    let mut seen = vec![false; project.graph.functions.len()];
    let mut queue: VecDeque<FnId> = from.iter().copied().collect();
    let mut out = Vec::new();
    while let Some(id) = queue.pop_front() {
        match seen.get_mut(id.index()) {
            Some(seen) if !*seen => *seen = true,
            _ => continue,
        }
        out.push(id);
        queue.extend(
            project
                .graph
                .function(id)
                .edges
                .iter()
                .flat_map(|edge| edge.targets.iter().copied()),
        );
    }
    out
}

fn row(project: &Project, id: FnId, asked_by: &FxHashMap<FnId, String>) -> CallerRow {
    let node = project.graph.function(id);
    let module = project.code.module(node.file);
    let lines = project.code.files.get(node.file.index()).map(|facts| &facts.lines);
    let calls = node
        .edges
        .iter()
        .filter(|edge| !edge.targets.is_empty() || edge.external.is_some())
        .map(|edge| CallRow {
            line: lines.map_or(1, |lines| lines.line(module.expr(edge.expr).span.start)),
            kind: kind(edge.kind),
            targets: edge.targets.iter().map(|&target| project.symbol(target)).collect(),
            external: edge.external.as_ref().map(ToString::to_string),
            effects: names(edge.effects),
            guessed: is_guess(edge),
        })
        .collect();
    CallerRow {
        location: project.place_in(id, module.function(node.id).span),
        entry: project.graph.entry_of(id).map(|entry| entry.label.clone()),
        asked_by: asked_by.get(&id).cloned().unwrap_or_default(),
        effects: names(node.effects),
        queries: node.queries.len(),
        calls,
        unresolved: node.unresolved.len(),
    }
}

/// Who asks the entry points that functions are.
fn askers(project: &Project) -> FxHashMap<FnId, String> {
    let mut out: FxHashMap<FnId, String> = FxHashMap::default();
    for entry in &project.graph.entries {
        let words = project.clients.words(entry);
        if words.is_empty() {
            continue;
        }
        let known = out.entry(project.graph.id(entry.function.0, entry.function.1)).or_default();
        // A function that is registered twice is asked in the same words.
        if known.split("; ").any(|part| part == words) {
            continue;
        }
        if !known.is_empty() {
            known.push_str("; ");
        }
        known.push_str(&words);
    }
    out
}

fn is_guess(edge: &Edge) -> bool {
    edge.guessed && !edge.targets.is_empty()
}

fn kind(kind: EdgeKind) -> &'static str {
    match kind {
        EdgeKind::Call => "call",
        EdgeKind::Inline => "inline",
        EdgeKind::Barrier => "barrier",
        EdgeKind::Later => "later",
    }
}

fn names(effects: Effects) -> Vec<&'static str> {
    effects.names().collect()
}
