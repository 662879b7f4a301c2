//! One file as the entry families see it: names, handlers, paths.

use std::cell::RefCell;

use rustc_hash::FxHashMap;

use super::{Entry, EntryKind, Often};
use crate::ir::{Call, ClassId, ExprId, ExprKind, FunctionId, Module, Parent, StmtKind, TemplatePart};
use crate::libraries::shared::query::Resolver;
use crate::libraries::shared::value::{FileId, Value};
use crate::source::Span;

/// Flask-Classful, under both of its names.
pub const CLASSFUL: &[&str] = &["flask_classful", "flask_classy"];

const MAX_WRAPPERS: u32 = 6;
/// Python libraries of bots.
const BOTS: &[&str] = &[
    "aiogram",
    "discord",
    "disnake",
    "hikari",
    "interactions",
    "nextcord",
    "nonebot",
    "pyrogram",
    "slack_bolt",
    "telebot",
    "telegram",
    "telethon",
];

/// A file whose entry points are looked for, with what may be asked of it.
pub struct EntryFile<'r> {
    pub resolver: &'r dyn Resolver,
    pub file: FileId,
    pub module: &'r Module,
    pub path: &'r str,
    /// How often routes name what stands before them, by its definition.
    before: RefCell<FxHashMap<(FileId, ExprId, Often), usize>>,
}

/// Routes of one file that are counted for what stands before all of them: of more, no count is shown.
const MOST_ROUTES: usize = 64;

impl<'r> EntryFile<'r> {
    /// A file to look for entry points in; `path` is relative to the root.
    pub fn new(resolver: &'r dyn Resolver, file: FileId, path: &'r str) -> Self {
        EntryFile {
            resolver,
            file,
            module: resolver.module(file),
            path,
            before: RefCell::default(),
        }
    }

    /// The functions of an argument that stand before a route that is asked so often; none once as many such routes of the file as are
    /// counted have named it.
    pub fn before(&self, arg: ExprId, often: Often) -> Vec<(FileId, FunctionId)> {
        let (file, defined) = self.resolver.definition(self.file, arg).unwrap_or((self.file, arg));
        let uses = {
            let mut before = self.before.borrow_mut();
            let uses = before.entry((file, defined, often)).or_default();
            *uses += 1;
            *uses
        };
        if uses > MOST_ROUTES { Vec::new() } else { self.handlers(arg) }
    }

    /// The last name of a name or attribute.
    pub fn last_name(&self, expr: ExprId) -> Option<&'r str> {
        last_name(self.module, expr)
    }

    /// The name that a call's receiver goes by: the last name, that of the class it is made from, or that at the
    /// start of its chain.
    pub fn receiver_name(&self, call: Call<'_>) -> Option<&'r str> {
        let mut at = call.receiver()?;
        loop {
            at = match self.module.kind(at) {
                ExprKind::Call { callee, .. } => match self.module.kind(*callee) {
                    ExprKind::Attr { base, .. } => *base,
                    _ => *callee,
                },
                ExprKind::Await(inner) => *inner,
                _ => return self.last_name(at),
            };
        }
    }

    /// The library's name for an expression.
    pub fn library_name(&self, expr: ExprId) -> Option<String> {
        self.resolver.value(self.file, expr).library_name().map(ToOwned::to_owned)
    }

    /// Whether an expression is a library's thing by one of these dotted prefixes.
    pub fn is_library(&self, expr: ExprId, prefixes: &[&str]) -> bool {
        self.library_name(expr).is_some_and(|name| starts_with_any(&name, prefixes))
    }

    /// Whether the file imports a module of one of these names, or one below it.
    pub fn imports(&self, names: &[&str]) -> bool {
        names.iter().any(|name| match name.strip_suffix(['.', '/']) {
            // `a.` is all below `a`, and so are names that only begin like it.
            Some(_) => self.module.imports_from(name),
            None => self.module.imports_below(name, &['.', '/']),
        })
    }

    /// The function that a handler expression stands for: through names, files, wrappers and `bind`.
    pub fn handler(&self, expr: ExprId) -> Option<(FileId, FunctionId)> {
        self.handler_at(self.file, expr, 0)
    }

    /// As [`EntryFile::handler`], for an expression of another file.
    pub fn handler_at(&self, file: FileId, expr: ExprId, depth: u32) -> Option<(FileId, FunctionId)> {
        if depth > MAX_WRAPPERS {
            return None;
        }
        let module = self.resolver.module(file);
        match module.kind(expr) {
            ExprKind::Lambda(function) => Some((file, *function)),
            ExprKind::Name(_) | ExprKind::Attr { .. } => {
                if let Value::Function(at, function) = self.resolver.value(file, expr) {
                    if let Some(handed_on) = self.handed_on(file, expr, (at, function), depth) {
                        return Some(handed_on);
                    }
                    // An interface only says that there is one.
                    let is_declared = self.resolver.module(at).is_abstract(function);
                    let behind = is_declared.then(|| self.behind(file, expr)).flatten();
                    return behind.or(Some((at, function)));
                }
                let defined = self.resolver.definition(file, expr).filter(|&defined| defined != (file, expr));
                let found = defined.and_then(|(at, definition)| self.handler_at(at, definition, depth + 1));
                found.or_else(|| self.behind(file, expr))
            }
            ExprKind::Call { .. } => {
                let call = module.call(expr)?;
                if call.method() == Some("bind") {
                    return self.handler_at(file, call.receiver()?, depth + 1);
                }
                let wrapped = call
                    .args
                    .iter()
                    .rev()
                    .filter(|arg| !matches!(module.kind(arg.value), ExprKind::Object(_) | ExprKind::List(_)))
                    .find_map(|arg| self.handler_at(file, arg.value, depth + 1));
                wrapped.or_else(|| match self.resolver.value(file, expr) {
                    Value::Function(at, function) => Some((at, function)),
                    _ => None,
                })
            }
            ExprKind::List(items) => items.last().and_then(|&last| self.handler_at(file, last, depth + 1)),
            ExprKind::Await(inner) | ExprKind::Spread(inner) => self.handler_at(file, *inner, depth + 1),
            ExprKind::Cond { then, .. } => self.handler_at(file, *then, depth + 1),
            ExprKind::Object(_) => {
                let handler = ["handler", "run", "fetch", "resolve", "handle"]
                    .iter()
                    .find_map(|key| module.entry(expr, key))?;
                self.handler_at(file, handler, depth + 1)
            }
            _ => None,
        }
    }

    /// The handler behind a name that keeps what a wrapper of the program made: `const list = caught(async (req, res) => …)`, where what
    /// `caught` gives calls what it was given.
    fn handed_on(&self, file: FileId, kept: ExprId, (at, made): (FileId, FunctionId), depth: u32) -> Option<(FileId, FunctionId)> {
        let (wrapped_at, wrapped) = self.resolver.definition(file, kept)?;
        let call = self.resolver.module(wrapped_at).call(wrapped)?;
        let module = self.resolver.module(at);
        let inner = module.function(made);
        let params = &module.function(inner.parent?).params;
        let (first, end) = inner.exprs;
        let calls = (first.index()..end.index()).filter_map(|expr| module.call(ExprId(expr as u32)));
        let called = calls.filter_map(|inner| match module.kind(inner.callee) {
            ExprKind::Name(name) => params.iter().position(|param| param.name == Some(*name)),
            _ => None,
        });
        // The last one, as where the wrapper stands in the route itself.
        self.handler_at(wrapped_at, call.arg(called.max()?)?, depth + 1)
    }

    /// `controller.list` of an interface that one class stands behind.
    fn behind(&self, file: FileId, expr: ExprId) -> Option<(FileId, FunctionId)> {
        let module = self.resolver.module(file);
        let ExprKind::Attr { base, name } = *module.kind(expr) else {
            return None;
        };
        let Value::Instance(at, class) = self.resolver.value(file, base) else {
            return None;
        };
        match self.resolver.behind(at, class, module.str(name)).as_slice() {
            &[only] => Some(only),
            _ => None,
        }
    }

    /// The functions of an argument: one, or those of a list.
    pub fn handlers(&self, arg: ExprId) -> Vec<(FileId, FunctionId)> {
        let (file, defined) = self.resolver.definition(self.file, arg).unwrap_or((self.file, arg));
        match self.resolver.module(file).kind(defined) {
            ExprKind::List(items) => items.iter().filter_map(|&item| self.handler_at(file, item, 0)).collect(),
            _ => self.handler(arg).into_iter().collect(),
        }
    }

    /// The names of a function's parameters; of a pattern an empty one.
    pub fn params(&self, (file, function): (FileId, FunctionId)) -> Vec<&'r str> {
        let module = self.resolver.module(file);
        let params = module.function(function).params.iter();
        params.map(|param| param.name.map_or("", |name| module.str(name))).collect()
    }

    /// Whether the file speaks with a Python library of bots, whose handlers run with each message.
    pub fn is_bot(&self) -> bool {
        self.imports(BOTS)
    }

    /// Whether a decorator is of a command line's library: `@click.command()`.
    pub fn is_command_line(&self, callee: ExprId) -> bool {
        match self.module.kind(callee) {
            ExprKind::Attr { base, .. } => matches!(self.last_name(*base), Some("cli" | "click" | "typer")),
            _ => false,
        }
    }

    /// A path as written: holes and constants that are not known as `…`.
    pub fn text(&self, expr: ExprId) -> Option<String> {
        let (file, expr) = match self.module.kind(expr) {
            ExprKind::Name(_) | ExprKind::Attr { .. } => self.resolver.definition(self.file, expr)?,
            _ => (self.file, expr),
        };
        let module = self.resolver.module(file);
        if let Some(text) = module.string(expr) {
            return Some(text.to_owned());
        }
        match module.kind(expr) {
            ExprKind::Template(parts) => Some(
                parts
                    .iter()
                    .map(|part| match part {
                        TemplatePart::Text(text) => module.str(*text),
                        TemplatePart::Hole(_) => "…",
                    })
                    .collect(),
            ),
            ExprKind::Binary { op, left, right } if module.str(*op) == "+" => {
                let piece = |id: ExprId| module.string(id).unwrap_or("…").to_owned();
                Some(format!("{}{}", piece(*left), piece(*right)))
            }
            ExprKind::List(items) => items.first().and_then(|&item| module.string(item)).map(ToOwned::to_owned),
            ExprKind::Call { .. } if file == self.file => {
                let message = self.translated(&module.call(expr)?)?;
                module.string(message).map(ToOwned::to_owned)
            }
            _ => None,
        }
    }

    /// The message that Django translates: `path(_("orders/"), …)`, `path(pgettext_lazy("url part", "orders/"), …)`.
    fn translated(&self, call: &Call<'_>) -> Option<ExprId> {
        let name = self.library_name(call.callee)?;
        match name.strip_prefix("django.utils.translation.")? {
            "gettext" | "gettext_lazy" | "ugettext" | "ugettext_lazy" => call.arg(0),
            "pgettext" | "pgettext_lazy" => call.arg(1),
            _ => None,
        }
    }

    /// The methods of a class, in order.
    pub fn methods(&self, class: ClassId) -> Vec<(FunctionId, &'r str)> {
        methods(self.module, class)
    }

    /// The decorators of a function or class: name and expression.
    pub fn decorator_names(&self, decorators: &[ExprId]) -> Vec<(&'r str, ExprId)> {
        decorators
            .iter()
            .filter_map(|&expr| {
                let callee = self.module.call(expr).map_or(expr, |call| call.callee);
                Some((self.last_name(callee)?, expr))
            })
            .collect()
    }

    /// The first string argument of a decorator or call.
    pub fn first_text(&self, expr: ExprId) -> Option<String> {
        self.text(self.module.call(expr)?.arg(0)?)
    }

    /// A function's dotted name, or a stand-in.
    pub fn title(&self, (file, function): (FileId, FunctionId)) -> String {
        let name = self.resolver.module(file).qualified(function);
        if name.is_empty() { "(anonymous)".to_owned() } else { name }
    }

    /// Whether a function is declared `async`.
    pub fn is_async(&self, (file, function): (FileId, FunctionId)) -> bool {
        self.resolver.module(file).function(function).is_async
    }

    /// An entry in this file.
    pub fn own(&self, function: FunctionId, kind: EntryKind, label: String, place: Span) -> Entry {
        Entry::new((self.file, function), kind, label, place)
    }

    /// The top-level function or value that a name of this file stands for.
    pub fn top_level(&self, name: &str) -> Option<(FileId, FunctionId)> {
        let module = self.module;
        let mut found = None;
        for &stmt in &module.function(FunctionId::MODULE).body {
            match &module.stmt(stmt).kind {
                StmtKind::Function(function) if module.function(*function).name.is_some_and(|sym| module.str(sym) == name) => {
                    found = Some((self.file, *function));
                }
                StmtKind::Assign {
                    target,
                    value: Some(value),
                    ..
                } if module.name(*target) == Some(name) => found = self.handler(*value).or(found),
                _ => {}
            }
        }
        found
    }
}

/// The last name of a name or attribute.
pub fn last_name(module: &Module, expr: ExprId) -> Option<&str> {
    match module.kind(expr) {
        ExprKind::Name(name) | ExprKind::Attr { name, .. } => Some(module.str(*name)),
        _ => None,
    }
}

/// The methods of a class, in order.
pub fn methods(module: &Module, class: ClassId) -> Vec<(FunctionId, &str)> {
    let mut out = Vec::new();
    for &stmt in &module.class(class).body {
        if let StmtKind::Function(function) = module.stmt(stmt).kind {
            out.extend(module.function(function).name.map(|name| (function, module.str(name))));
        }
    }
    out
}

/// The verb of `methods=["POST"]`; Flask's default is GET.
pub fn methods_argument(site: &EntryFile<'_>, call: Call<'_>) -> &'static str {
    let Some(list) = call.keyword("methods") else {
        return if matches!(call.method(), Some("api_route" | "route" | "add_api_route" | "add_url_rule")) {
            "GET"
        } else {
            "ANY"
        };
    };
    match site.module.kind(list) {
        ExprKind::List(items) | ExprKind::Tuple(items) | ExprKind::Set(items) => match items.as_ref() {
            [one] => site.module.string(*one).map_or("ANY", verb),
            _ => "ANY",
        },
        _ => "ANY",
    }
}

/// Whether a dotted name or a path is one of these or below one.
pub fn starts_with_any(name: &str, prefixes: &[&str]) -> bool {
    prefixes.iter().any(|prefix| {
        name.strip_prefix(prefix)
            .is_some_and(|rest| rest.is_empty() || prefix.ends_with(['.', '/']) || rest.starts_with(['.', '/']))
    })
}

/// `GET` for `get`; `ANY` for what takes every method.
pub fn verb(method: &str) -> &'static str {
    match method.to_ascii_lowercase().as_str() {
        "get" | "httpget" | "sse" => "GET",
        "post" => "POST",
        "put" => "PUT",
        "patch" => "PATCH",
        "delete" | "del" => "DELETE",
        "head" => "HEAD",
        "options" => "OPTIONS",
        _ => "ANY",
    }
}

/// Whether a request of this verb may be answered with a list.
pub fn may_list(verb: &str) -> bool {
    matches!(verb, "GET" | "ANY" | "POST")
}

/// Two pieces of a path with one slash between.
pub fn join(prefix: &str, path: &str) -> String {
    if prefix.is_empty() {
        return if path.is_empty() { "/".to_owned() } else { path.to_owned() };
    }
    let (head, tail) = (prefix.trim_end_matches('/'), path.trim_start_matches('/'));
    match (head.starts_with('/'), tail.is_empty()) {
        (true, true) => head.to_owned(),
        (true, false) => format!("{head}/{tail}"),
        (false, true) => format!("/{head}"),
        (false, false) => format!("/{head}/{tail}"),
    }
}

/// The name under which a value stands in an object, or the variable it is bound to.
pub fn key_of(module: &Module, expr: ExprId) -> Option<String> {
    match module.expr(expr).parent {
        Parent::Expr(object) => {
            let ExprKind::Object(entries) = module.kind(object) else {
                return None;
            };
            let entry = entries.iter().find(|entry| entry.value == expr)?;
            module.string(entry.key?).map(ToOwned::to_owned)
        }
        Parent::Stmt(stmt) => match module.stmt(stmt).kind {
            StmtKind::Assign { target, .. } => module.name(target).map(ToOwned::to_owned),
            _ => None,
        },
        _ => None,
    }
}

/// What a function of one expression gives back: `() => Order`.
pub fn given_back(module: &Module, function: FunctionId) -> Option<ExprId> {
    match module.function(function).body.as_ref() {
        [only] => match module.stmt(*only).kind {
            StmtKind::Return(value) => value,
            _ => None,
        },
        _ => None,
    }
}

/// The list literal that holds an expression.
pub fn holding_list(module: &Module, expr: ExprId) -> Option<ExprId> {
    let Parent::Expr(list) = module.expr(expr).parent else {
        return None;
    };
    matches!(module.kind(list), ExprKind::List(_)).then_some(list)
}
