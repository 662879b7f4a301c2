//! The form of a step: all of a file but what `up` and `down` do.

use super::names::StepName;
use crate::fix::index::style::Style;
use crate::fix::site::FixContext;
use crate::fix::text::{self, slice};
use crate::ir::{ClassId, ExprId, ExprKind, FunctionId, Import, Module, StmtId, StmtKind};
use crate::source::Span;

/// The last steps whose texts say how a folder's steps do things.
const LAST: usize = 40;

/// A file with two bodies left out.
#[derive(Clone, Debug)]
pub struct Frame {
    pub style: Style,
    /// What `up` and what `down` is given.
    pub up: String,
    pub down: String,
    /// `"use strict"`, where it says so.
    directive: Option<String>,
    /// Imports, one each.
    imports: Vec<String>,
    /// What stands before, between and after the bodies; the braces belong to it.
    parts: [String; 3],
    /// The first body is that of `up`.
    is_up_first: bool,
    /// The functions wait for what they start, in this order of the bodies.
    waits: [bool; 2],
    /// Blanks before a statement of each body.
    indents: [String; 2],
    /// The name of the class that it is.
    class: Option<String>,
}

/// The texts of the last steps, the last one first.
pub fn texts(site: &FixContext<'_>, folder: &str, steps: &[String]) -> Vec<String> {
    let last = steps.iter().rev().take(LAST);
    let texts = last.filter_map(|name| site.text(&format!("{folder}/{name}")).ok());
    texts.map(|source| source.text.clone()).collect()
}

/// The form of the last step that has one which fits so many statements: the next ones may have helpers of their own.
pub fn of_folder(site: &FixContext<'_>, folder: &str, steps: &[String], count: usize) -> Option<Frame> {
    let of = |name: &String| {
        let path = format!("{folder}/{name}");
        let source = site.text(&path).ok()?;
        of_text(site.module(&path)?, &source.text)
    };
    let ending = steps.last()?.rsplit('.').next()?;
    let mut alike = steps
        .iter()
        .rev()
        .filter(|name| name.rsplit('.').next() == Some(ending))
        .filter_map(of);
    let first = alike.next()?;
    if first.waits() || count == 1 {
        return Some(first);
    }
    let waiting = alike.find(Frame::waits);
    Some(waiting.unwrap_or(first))
}

/// The form of a file; `None` where it has more than its two functions that a new file would need.
pub fn of_text(module: &Module, source: &str) -> Option<Frame> {
    let (up, down) = (function(module, "up")?, function(module, "down")?);
    let bodies = [body(module, source, up)?, body(module, source, down)?];
    let is_up_first = bodies[0].start < bodies[1].start;
    let (first, second) = if is_up_first { (0, 1) } else { (1, 0) };
    let kept = kept(module, source, [up, down])?;
    let mut parts = [String::new(), String::new(), String::new()];
    let mut hole = 0;
    for (at, span) in kept.iter().enumerate() {
        if at > 0 {
            let gap = slice(source, Span::new(kept[at - 1].end as usize, span.start as usize))?;
            parts[hole].push_str(if gap.matches('\n').count() > 1 { "\n\n" } else { "\n" });
        }
        let mut from = span.start as usize;
        for body in [bodies[first], bodies[second]].into_iter().filter(|body| span.encloses(*body)) {
            parts[hole].push_str(source.get(from..body.start as usize)?);
            hole += 1;
            from = body.end as usize;
        }
        parts.get_mut(hole)?.push_str(source.get(from..span.end as usize)?);
    }
    if hole != 2 {
        return None;
    }
    let outside = parts.concat();
    if !is_plain(module, &outside) {
        return None;
    }
    let style = Style::of(source);
    let indent = |body: Span| format!("{}{}", text::line_indent(source, body.start as usize), style.step);
    Some(Frame {
        up: handle(module, up)?,
        down: handle(module, down)?,
        directive: directive(source),
        imports: imports(module, source, &outside)?,
        is_up_first,
        waits: [up, down].map(|function| module.function(function).is_async),
        indents: bodies.map(indent),
        class: class(module, up)
            .and_then(|class| module.class(class).name)
            .map(|name| module.str(name).to_owned()),
        parts: parts.map(|part| part.replace("\r\n", "\n")),
        style,
    })
}

impl Frame {
    /// Whether both functions wait for what they start, so that several statements can follow each other.
    pub fn waits(&self) -> bool {
        self.waits == [true, true]
    }

    /// With a member of the class, after its name or as the first one.
    pub fn with_member(mut self, member: &str) -> Frame {
        let before = &self.parts[0];
        let lines: Vec<&str> = before.lines().collect();
        let is_name = |line: &&str| line.trim_start().starts_with("name ") || line.trim_start().starts_with("name=");
        let named = lines.iter().position(is_name);
        let opened = lines
            .iter()
            .position(|line| line.contains("class ") && line.trim_end().ends_with('{'));
        let Some(at) = named.or(opened).filter(|_| !before.contains(member)) else {
            return self;
        };
        let line = format!("{}{member}{}", self.style.step, self.style.stop);
        let (above, below) = lines.split_at(at + 1);
        let mut all = above.to_vec();
        all.push(&line);
        if named.is_none() {
            all.push("");
        }
        all.extend(below);
        self.parts[0] = all.join("\n");
        self
    }

    /// With a setting of the step at its end.
    pub fn with_export(mut self, name: &str, value: &str) -> Frame {
        let all = self.parts.concat();
        let (is_whole, is_module) = (all.contains("module.exports ="), all.contains("export "));
        let target = match (is_whole, is_module) {
            (true, _) => format!("module.exports.{name} ="),
            (false, true) => format!("export const {name} ="),
            (false, false) => format!("exports.{name} ="),
        };
        let end = self.parts[2].trim_end().len();
        self.parts[2].truncate(end);
        self.parts[2].push_str(&format!("\n\n{target} {value}{}\n", self.style.stop));
        self
    }

    /// The file with bodies, which are statements without what waits for them.
    pub fn with(&self, create: &[String], remove: &[String], needs: Option<(&str, &str)>, name: &StepName<'_>) -> Result<String, String> {
        let [up, down] = [(create, 0), (remove, 1)].map(|(statements, at)| self.body(statements, at));
        let (first, second) = if self.is_up_first { (up, down) } else { (down, up) };
        let mut imports = self.imports.clone();
        if let Some((from, wanted)) = needs {
            let text = self.parts.concat();
            let is_module = text.contains("export ") && !text.contains("exports");
            import(&mut imports, (&self.style, is_module), (from, wanted))
                .ok_or_else(|| format!("`{wanted}` cannot be imported from {from}"))?;
        }
        let mut out = self
            .directive
            .as_ref()
            .map_or(String::new(), |directive| format!("{directive}\n\n"));
        for import in &imports {
            out.push_str(import);
            out.push('\n');
        }
        if !imports.is_empty() {
            out.push('\n');
        }
        let [before, between, after] = &self.parts;
        out.push_str(&format!("{before}{first}{between}{second}{after}"));
        if let Some(class) = &self.class {
            out = out.replace(class.as_str(), &name.class(class));
        }
        let out = format!("{}\n", out.trim_end());
        Ok(out.replace('\n', self.style.end))
    }

    /// The lines of a body, from the end of the brace's line to the closing one.
    fn body(&self, statements: &[String], at: usize) -> String {
        let indent = self.indents.get(at).map_or("", String::as_str);
        let word = if self.waits[at] { "await " } else { "return " };
        let outer = indent.strip_suffix(self.style.step.as_str()).unwrap_or_default();
        let lines: Vec<String> = statements
            .iter()
            .map(|statement| {
                let statement = statement.replace('\n', &format!("\n{indent}"));
                format!("\n{indent}{word}{statement}{}", self.style.stop)
            })
            .collect();
        format!("{}\n{outer}", lines.concat())
    }
}

/// The function that a step is: of the module, of its class, or of the object that it exports.
fn function(module: &Module, wanted: &str) -> Option<FunctionId> {
    let named = |(_, function): &(FunctionId, &crate::ir::Function)| {
        let is_inner = function.parent.is_some_and(|parent| parent != FunctionId::MODULE);
        function.name.is_some_and(|name| module.str(name) == wanted) && !is_inner
    };
    let mut all = module.function_ids().filter(named).map(|(id, _)| id);
    let found = all.next().filter(|_| all.next().is_none());
    found.or_else(|| assigned(module, wanted))
}

/// `exports.up = async (knex) => { … }`.
fn assigned(module: &Module, wanted: &str) -> Option<FunctionId> {
    let mut found = module.function(FunctionId::MODULE).body.iter().filter_map(|&stmt| {
        let (target, value) = assignment(module, stmt)?;
        match (module.kind(target), module.kind(value)) {
            (ExprKind::Attr { name, .. }, ExprKind::Lambda(function)) if module.str(*name) == wanted => Some(*function),
            _ => None,
        }
    });
    found.next().filter(|_| found.next().is_none())
}

fn assignment(module: &Module, stmt: StmtId) -> Option<(ExprId, ExprId)> {
    match &module.stmt(stmt).kind {
        StmtKind::Assign {
            target,
            value: Some(value),
            ..
        } => Some((*target, *value)),
        StmtKind::Expr(expr) => match module.kind(*expr) {
            ExprKind::Assign { target, value } => Some((*target, *value)),
            _ => None,
        },
        _ => None,
    }
}

fn class(module: &Module, function: FunctionId) -> Option<ClassId> {
    module.function(function).class
}

/// What stands between the braces of a function.
fn body(module: &Module, source: &str, function: FunctionId) -> Option<Span> {
    let span = module.function(function).span;
    let whole = slice(source, span)?;
    let close = whole.len().checked_sub(1).filter(|_| whole.ends_with('}'))?;
    let arrow = whole.find("=>");
    let round = whole.find('(').filter(|at| arrow.is_none_or(|arrow| *at < arrow));
    let head = match round {
        Some(open) => open + closing(&whole[open..])?,
        None => arrow?,
    };
    let open = head + whole.get(head..)?.find('{')?;
    let is_type = |c: char| c.is_ascii_alphanumeric() || c.is_whitespace() || ":<>=_.[]|,\"')".contains(c);
    if !whole[head..open].chars().all(is_type) {
        return None;
    }
    let start = span.start as usize;
    Some(Span::new(start + open + 1, start + close))
}

/// Where the bracket that a text begins with is closed.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0;
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

/// The name of what a function is given first: a parameter, or of a pattern the one name in it.
fn handle(module: &Module, function: FunctionId) -> Option<String> {
    let first = module.function(function).params.first()?;
    if let Some(name) = first.name {
        return Some(module.str(name).to_owned());
    }
    match module.kind(first.pattern?) {
        ExprKind::Object(entries) => match entries.as_ref() {
            [entry] => module.name(entry.value).map(ToOwned::to_owned),
            _ => None,
        },
        _ => None,
    }
}

/// The statements of a file that a new one needs, each with the comment on its types: those of both functions, and what exports them.
/// `None` where a function is a part of something else.
fn kept(module: &Module, source: &str, functions: [FunctionId; 2]) -> Option<Vec<Span>> {
    let mut kept = Vec::new();
    let mut held = 0;
    for &stmt in &module.function(FunctionId::MODULE).body {
        let span = module.stmt(stmt).span;
        let own = functions
            .iter()
            .filter(|function| span.encloses(module.function(**function).span))
            .count();
        if own > 0 && !is_bare(module, stmt, functions) {
            return None;
        }
        held += own;
        if own == 0 && !exports(module, stmt) {
            continue;
        }
        let start = text::line_start(source, span.start as usize);
        let comment = comment(source, start).unwrap_or(start);
        kept.push(Span::new(comment, text::line_stop(source, span.end as usize)));
    }
    kept.extend(clause(source));
    kept.sort_unstable();
    let is_exported = |span: &Span| slice(source, *span).is_some_and(|text| text.contains("export"));
    (held == 2 && kept.iter().any(is_exported)).then_some(kept)
}

/// `export { up, down }`, in its lines.
fn clause(source: &str) -> Option<Span> {
    let start = source.find("\nexport {")? + 1;
    let close = start + source.get(start..)?.find('}')?;
    let names = source.get(start + "export {".len()..close)?;
    let is_ours = words(names).all(|word| matches!(word, "up" | "down"));
    is_ours.then(|| Span::new(start, text::line_stop(source, close)))
}

/// `"use strict"`, in its line.
fn directive(source: &str) -> Option<String> {
    let mut lines = source.lines().map(str::trim_end);
    let is_it = |line: &&str| line.trim_matches([';', '"', '\'']) == "use strict";
    lines.find(|line| !line.is_empty()).filter(is_it).map(ToOwned::to_owned)
}

/// Whether a statement is only the functions: a function, a class or an object of nothing else.
fn is_bare(module: &Module, stmt: StmtId, functions: [FunctionId; 2]) -> bool {
    let is_ours = |function: FunctionId| functions.contains(&function);
    match &module.stmt(stmt).kind {
        StmtKind::Function(function) => is_ours(*function),
        StmtKind::Class(class) => is_bare_class(module, *class, functions),
        _ => assignment(module, stmt).is_some_and(|(_, value)| is_bare_value(module, value, functions)),
    }
}

fn is_bare_class(module: &Module, class: ClassId, functions: [FunctionId; 2]) -> bool {
    module.class(class).body.iter().all(|&member| match &module.stmt(member).kind {
        StmtKind::Function(function) => functions.contains(function),
        StmtKind::Assign { target, .. } => matches!(module.name(*target), Some("name" | "transaction")),
        _ => false,
    })
}

fn is_bare_value(module: &Module, value: ExprId, functions: [FunctionId; 2]) -> bool {
    match module.kind(value) {
        ExprKind::Lambda(function) => functions.contains(function),
        ExprKind::Object(entries) => entries
            .iter()
            .all(|entry| matches!(module.kind(entry.value), ExprKind::Lambda(function) if functions.contains(function))),
        _ => functions.iter().any(|function| {
            // A class that is a value.
            class(module, *function)
                .is_some_and(|class| module.class(class).span == module.expr(value).span && is_bare_class(module, class, functions))
        }),
    }
}

/// `module.exports = { up, down }`.
fn exports(module: &Module, stmt: StmtId) -> bool {
    let Some((target, value)) = assignment(module, stmt) else {
        return false;
    };
    let is_target = module.dotted(target).is_some_and(|name| name == "module.exports");
    let is_it = |name: Option<&str>| matches!(name, Some("up" | "down"));
    let ExprKind::Object(entries) = module.kind(value) else {
        return false;
    };
    is_target && entries.iter().all(|entry| is_it(module.name(entry.value)))
}

/// Where a comment on types that ends above a line begins.
fn comment(source: &str, line: usize) -> Option<usize> {
    let above = source.get(..line)?.trim_end();
    let start = above.rfind("/**").filter(|_| above.ends_with("*/"))?;
    let comment = &above[start..];
    let has_types = ["@param", "@type", "@returns"].iter().any(|tag| comment.contains(tag));
    let is_plain = comment
        .lines()
        .all(|line| line.trim() == "/**" || line.trim() == "*/" || line.contains('@'));
    (has_types && is_plain && comment.matches("*/").count() == 1).then_some(start)
}

/// The words of a text that may be names.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '$')))
        .filter(|word| !word.is_empty())
}

/// Whether what stands around the bodies speaks of nothing that only this file has: names of its own, comments.
fn is_plain(module: &Module, outside: &str) -> bool {
    let without_types: String = {
        let mut rest = outside;
        let mut out = String::new();
        while let Some(start) = rest.find("/**") {
            out.push_str(&rest[..start]);
            rest = rest[start..].split_once("*/").map_or("", |(_, rest)| rest);
        }
        out.push_str(rest);
        out
    };
    let own = |stmt: &StmtId| match &module.stmt(*stmt).kind {
        StmtKind::Assign { target, .. } => module.name(*target),
        StmtKind::Function(function) => module.function(*function).name.map(|name| module.str(name)),
        _ => None,
    };
    let is_imported = |name: &str| module.imports.iter().any(|import| module.str(import.local) == name);
    let body = &module.function(FunctionId::MODULE).body;
    let others: Vec<&str> = body
        .iter()
        .filter_map(own)
        .filter(|name| !matches!(*name, "up" | "down") && !is_imported(name))
        .collect();
    !without_types.contains("//") && !without_types.contains("/*") && !words(&without_types).any(|word| others.contains(&word))
}

/// The imports that a text needs, with the names alone that it uses; `None` where one cannot be written so.
fn imports(module: &Module, source: &str, outside: &str) -> Option<Vec<String>> {
    let used = |import: &&Import| words(outside).any(|word| word == module.str(import.local));
    let mut out: Vec<String> = Vec::new();
    let mut done: Vec<Span> = Vec::new();
    for import in module
        .imports
        .iter()
        .filter(|import| import.function == FunctionId::MODULE)
        .filter(used)
    {
        let line = Span::new(
            text::line_start(source, import.span.start as usize),
            text::line_stop(source, import.span.end as usize),
        );
        if done.contains(&line) {
            continue;
        }
        done.push(line);
        let text = slice(source, line)?;
        let unused = |name: &str| {
            let local = name.rsplit(' ').next().unwrap_or(name);
            !words(outside).any(|word| word == local)
        };
        out.push(match (text.find('{'), text.find('}')) {
            (Some(open), Some(close)) if open < close => {
                let names = text[open + 1..close].split(',').map(str::trim);
                let names: Vec<&str> = names.filter(|name| !name.is_empty() && !unused(name)).collect();
                format!("{} {} {}", &text[..=open], names.join(", "), &text[close..])
            }
            _ => text.to_owned(),
        });
    }
    Some(out)
}

/// Adds a name to the imports; `None` where those of its package are written in another way.
fn import(imports: &mut Vec<String>, (style, is_module): (&Style, bool), (from, wanted): (&str, &str)) -> Option<()> {
    let is_of = |text: &&mut String| text.contains(&format!("'{from}'")) || text.contains(&format!("\"{from}\""));
    let is_plain = |text: &str| !text.starts_with("import type");
    if let Some(known) = imports.iter_mut().find(is_of).filter(|text| is_plain(text)) {
        let close = known.find(" }")?;
        known.insert_str(close, &format!(", {wanted}"));
        return Some(());
    }
    let package = style.string(from);
    let text = if is_module {
        format!("import {{ {wanted} }} from {package}{}", style.stop)
    } else {
        format!("const {{ {wanted} }} = require({package}){}", style.stop)
    };
    imports.push(text);
    Some(())
}

#[cfg(test)]
#[path = "frame_tests.rs"]
mod tests;
