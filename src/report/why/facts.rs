//! What is known of a line, whichever rule asks: its function and who reaches it, queries, calls, loops, tables.

use super::Why;
use crate::analysis::Analyses;
use crate::ir::{ExprId, FunctionId, Module};
use crate::judge::{evidence, reach, scale};
use crate::libraries::shared::value::FileId;
use crate::project::Project;
use crate::project::eval::Evaluator;
use crate::project::graph::{Edge, EdgeKind, FnId, QuerySite};
use crate::project::loops::{self, Loop};
use crate::project::schema::{SchemaPlace, Table};
use crate::project::unresolved;
use crate::source::Span;
use crate::statement::Operation;

/// Targets of one call that are named, and callers of a function.
const SHOWN: usize = 4;

/// Adds what is known of the lines of a file.
pub fn facts(run: &Analyses<'_>, file: FileId, lines: Span, why: &mut Why) {
    let project = run.project;
    tables(project, file, lines, why);
    let Some(facts) = project.code.files.get(file.index()) else {
        return;
    };
    let Some(module) = &facts.module else { return };
    let place = At {
        project,
        eval: Evaluator::new(&project.code),
        file,
        module,
        lines,
    };
    let function = place.function();
    if function == FunctionId::MODULE {
        why.say(
            "function",
            "none: it stands at the top level of its module, which runs when that is loaded",
        );
    } else {
        place.say_function(function, why);
    }
    let mut repeated = place.queries(run, why);
    repeated.extend(place.calls(why));
    place.loops(&repeated, why);
}

struct At<'p> {
    project: &'p Project,
    eval: Evaluator<'p>,
    file: FileId,
    module: &'p Module,
    lines: Span,
}

impl At<'_> {
    /// The innermost function that holds the start of the lines, or begins on them.
    fn function(&self) -> FunctionId {
        let holds = |span: Span| span.start < self.lines.end && self.lines.start < span.end;
        let around = self.module.function_ids().skip(1).filter(|(_, function)| holds(function.span));
        // Of those with a name that begin on the lines, the outermost; else the innermost around them.
        let begins = |span: Span| self.lines.contains(span.start);
        let of_concern = around.filter(|(_, function)| function.name.is_some() || !begins(function.span));
        let key = |span: Span| {
            if begins(span) {
                (0, span.start)
            } else {
                (1, u32::MAX - span.start)
            }
        };
        of_concern
            .min_by_key(|(_, function)| key(function.span))
            .map_or(FunctionId::MODULE, |(id, _)| id)
    }

    fn line(&self, span: Span) -> u32 {
        let facts = self.project.code.files.get(self.file.index());
        facts.map_or(1, |facts| facts.lines.line(span.start))
    }

    fn say_function(&self, id: FunctionId, why: &mut Why) {
        let function = self.project.graph.id(self.file, id);
        let node = self.project.graph.function(function);
        let effects: Vec<&str> = node.effects.names().collect();
        let does = if effects.is_empty() {
            "nothing outside of it that is known".to_owned()
        } else {
            effects.join(", ")
        };
        let word = if node.is_async { "async, " } else { "" };
        let name = self.name(function);
        why.say(
            "function",
            format!(
                "{name} ({word}from line {}); with all it calls: {does}",
                self.line(self.module.function(id).span)
            ),
        );
        why.say("reached", reach::of(self.project, function).words());
        let way = evidence::path_from_entry(self.project, function);
        let steps = way
            .iter()
            .map(|step| format!("{} ({}:{})", step.message, step.location.file, step.location.start_line));
        let steps: Vec<String> = steps.collect();
        if steps.len() > 1 {
            why.say("reached", steps.join(" → "));
        }
        self.callers(function, why);
    }

    /// Who calls the function, and in which loops: what repeats a statement often stands there.
    fn callers(&self, function: FnId, why: &mut Why) {
        let mut found = Vec::new();
        for (at, node) in self.project.graph.functions.iter().enumerate() {
            let calls = node.edges.iter().filter(|edge| edge.targets.contains(&function));
            found.extend(calls.map(|edge| (FnId(u32::try_from(at).unwrap_or(u32::MAX)), edge)));
        }
        let more = found.len().saturating_sub(SHOWN);
        for (caller, edge) in found.into_iter().take(SHOWN) {
            let node = self.project.graph.function(caller);
            let span = self.project.code.module(node.file).expr(edge.expr).span;
            let place = self.project.place(node.file, span, "");
            let around = loops::around(&Evaluator::new(&self.project.code), node.file, edge.expr);
            let loops: Vec<&str> = around.iter().map(|around| around.verdict.words()).collect();
            let loops = if loops.is_empty() {
                "in no loop of its own".to_owned()
            } else {
                format!("in a loop: {}", loops.join(", "))
            };
            let guess = if edge.guessed { ", known by its name only" } else { "" };
            why.say(
                "called by",
                format!("{} ({}:{}), {loops}{guess}", self.name(caller), place.file, place.start_line),
            );
        }
        if more > 0 {
            why.say("called by", format!("{more} more"));
        }
    }

    /// A function's name for a sentence; one without a name is told by what holds it.
    fn name(&self, function: FnId) -> String {
        let node = self.project.graph.function(function);
        let name = self.project.short_name(function);
        if node.id != FunctionId::MODULE && self.project.code.module(node.file).function(node.id).name.is_none() {
            return format!("a function without a name in {name}");
        }
        name
    }

    /// Whether something begins on the lines, or is called there: `.all()` at the end of a chain over several lines.
    fn is_here(&self, expr: ExprId) -> bool {
        let span = self.module.expr(expr).span;
        let head = self
            .module
            .call(expr)
            .map(|call| self.module.expr(call.callee).span.end.saturating_sub(1));
        self.lines.contains(span.start) || head.is_some_and(|end| self.lines.contains(end))
    }

    fn queries(&self, run: &Analyses<'_>, why: &mut Why) -> Vec<ExprId> {
        let sites = self.project.graph.sites.iter().zip(run.queries());
        let mut found = Vec::new();
        for (site, known) in sites.filter(|(site, _)| site.file == self.file && self.is_here(site.expr)) {
            let index = known.index.map_or_else(
                || "no index serves it".to_owned(),
                |(_, index)| format!("the index on ({}) serves it", index.key_list()),
            );
            let mut parts = vec![
                format!("{} ({})", evidence::describe(&site.query), site.query.library),
                format!("rows: {}", known.rows.words()),
            ];
            if site.query.statement.operation == Operation::Select {
                parts.push(scale::of_query(self.project, &site.query).why);
            }
            parts.push(index);
            parts.extend(unclear(self.project, site).map(str::to_owned));
            why.say("query", parts.join("; "));
            found.push(site.expr);
        }
        self.unrun(&found, why);
        found
    }

    /// Queries that are built on the lines and run elsewhere: they count where they run.
    fn unrun(&self, known: &[ExprId], why: &mut Why) {
        let mut built: Vec<(Span, String)> = Vec::new();
        for id in self.module.call_ids().filter(|id| !known.contains(id) && self.is_here(*id)) {
            let span = self.module.expr(id).span;
            // Of the calls of a chain the last one holds all.
            if built.iter().any(|(other, _)| other.encloses(span)) {
                continue;
            }
            if let Some(query) = self.eval.query_at(self.file, id).filter(|query| !query.executed) {
                built.retain(|(other, _)| !span.encloses(*other));
                built.push((span, format!("{} ({})", evidence::describe(&query), query.library)));
            }
        }
        let is_run = |span: Span| known.iter().any(|&site| self.module.expr(site).span.encloses(span));
        for (_, words) in built.iter().filter(|(span, _)| !is_run(*span)) {
            why.say("query", format!("{words}, built here and not run here: it counts where it runs"));
        }
    }

    fn calls(&self, why: &mut Why) -> Vec<ExprId> {
        let mut found = Vec::new();
        for (id, _) in self.module.function_ids() {
            let node = self.project.graph.function(self.project.graph.id(self.file, id));
            let is_known = |edge: &&Edge| !edge.targets.is_empty() || edge.external.is_some();
            for edge in node.edges.iter().filter(is_known).filter(|edge| self.is_here(edge.expr)) {
                why.say("call", self.call(edge));
                found.push(edge.expr);
            }
            for &expr in node.unresolved.iter().filter(|&&expr| self.is_here(expr)) {
                let Some(call) = self.module.call(expr) else { continue };
                let cause = unresolved::cause(&self.eval, self.file, &call).about();
                let name = self.module.dotted(call.callee).or_else(|| call.method().map(str::to_owned));
                why.say(
                    "call",
                    format!(
                        "{}: what it runs is not known: a call {cause}",
                        name.unwrap_or_else(|| "…".to_owned())
                    ),
                );
                found.push(expr);
            }
        }
        found
    }

    fn call(&self, edge: &Edge) -> String {
        let mut names: Vec<String> = edge.targets.iter().take(SHOWN).map(|&target| self.name(target)).collect();
        if edge.targets.len() > SHOWN {
            names.push(format!("{} more", edge.targets.len() - SHOWN));
        }
        names.extend(edge.external.iter().map(ToString::to_string));
        let through = edge.targets.iter().map(|&target| self.project.graph.function(target).effects);
        let effects = through.fold(edge.effects, crate::libraries::shared::effects::Effects::and);
        let effects: Vec<&str> = effects.names().collect();
        let mut parts = vec![names.join(", ")];
        parts.push(if effects.is_empty() {
            "no effect is known".to_owned()
        } else {
            effects.join(", ")
        });
        parts.extend(match edge.kind {
            EdgeKind::Call => None,
            EdgeKind::Inline => Some("a callback that runs during the call".to_owned()),
            EdgeKind::Barrier => Some("on another thread or in another process".to_owned()),
            EdgeKind::Later => Some("a callback that runs later".to_owned()),
        });
        parts.extend(edge.awaited.then(|| "awaited".to_owned()));
        parts.extend(edge.guessed.then(|| "known by its name only".to_owned()));
        parts.join("; ")
    }

    fn loops(&self, exprs: &[ExprId], why: &mut Why) {
        let mut seen: Vec<Loop> = Vec::new();
        for &expr in exprs {
            for around in loops::around(&self.eval, self.file, expr) {
                if !seen.contains(&around) {
                    seen.push(around);
                }
            }
        }
        for around in &seen {
            let over = around
                .iterable
                .and_then(|iterable| self.module.dotted(self.module.unawaited(iterable)));
            let over = over.map_or_else(String::new, |over| format!(" over {over}"));
            let rows = scale::of_loop(self.project, &self.eval, self.file, around);
            let rows = rows.map_or_else(|| "how often is not known from a query".to_owned(), |rows| rows.why);
            let parallel = if around.parallel { ", all at once" } else { "" };
            why.say(
                "loop",
                format!(
                    "line {}{over}: {}{parallel}; {rows}",
                    self.line(around.header),
                    around.verdict.words()
                ),
            );
        }
        if seen.is_empty() && !exprs.is_empty() {
            why.say("loop", "none around these, in this function");
        }
    }
}

/// Why less may be claimed of a query than its code shows.
fn unclear(project: &Project, site: &QuerySite) -> Option<&'static str> {
    let query = &site.query;
    if query.opaque {
        return Some("the statement was not understood");
    }
    if query.statement.open || query.open_filters {
        return Some("more clauses may apply than are seen");
    }
    (project.table_of(query).is_none() && query.table().is_some_and(|name| !name.is_empty())).then_some("its table is not in the schema")
}

/// The tables and columns that the lines declare, with the indexes of the table.
fn tables(project: &Project, file: FileId, lines: Span, why: &mut Why) {
    let path = project.path(file);
    let is_here = |place: &SchemaPlace| &*place.file == path && lines.contains(place.span.start);
    let is_declared = |table: &&Table| {
        let columns = table.columns.iter().flat_map(|column| &column.places);
        let keys = table.foreign_keys.iter().flat_map(|key| &key.places);
        table.place().is_some_and(is_here) || columns.chain(keys).any(is_here)
    };
    for table in project.schema.tables.iter().filter(is_declared) {
        let indexes: Vec<String> = table.indexes.iter().map(|index| format!("({})", index.key_list())).collect();
        let known = if indexes.is_empty() {
            "no index is known".to_owned()
        } else {
            format!("indexes on {}", indexes.join(", "))
        };
        let declared = table.columns.iter().filter(|column| column.places.iter().any(is_here));
        let columns: Vec<&str> = declared.map(|column| column.name.as_str()).collect();
        let keys = table
            .foreign_keys
            .iter()
            .filter(|key| key.columns.iter().any(|column| columns.contains(&column.as_str())));
        let keys: Vec<String> = keys
            .map(|key| format!("({}) is a foreign key to {}", key.columns.join(", "), key.target))
            .collect();
        let mut parts = vec![table.full_name()];
        if !columns.is_empty() {
            parts.push(format!("column {}", columns.join(", ")));
        }
        parts.extend(keys);
        parts.push(known);
        parts.push(scale::to_walk(project, table).why);
        why.say("table", parts.join("; "));
    }
}
