//! The `ir` of one file as text, for those who write rules: what a rule sees of the code, as an indented tree with line numbers.

use std::fmt::Write as _;

use crate::escape;
use crate::ir::{
    Arg, Block, ClassId, Clause, CompKind, ExprId, ExprKind, FunctionId, LoopKind, Module, ObjectEntry, Param, ParamKind, StmtId, StmtKind,
    TemplatePart,
};
use crate::project::scope::Scope;
use crate::source::{LineIndex, Span};

/// Characters of a literal that are shown.
const SHOWN: usize = 60;

/// Levels of the tree that are shown; where there are more, the text says so.
const DEEPEST: usize = 150;

/// Writes a module as text.
pub fn render(path: &str, module: &Module, lines: &LineIndex) -> String {
    let mut tree = Tree {
        module,
        lines,
        scope: Scope::new(module),
        out: format!(
            "{}: {}, {} functions, {} classes, {} statements, {} expressions\n",
            escape::line(path),
            module.language.name(),
            module.functions.len(),
            module.classes.len(),
            module.stmts.len(),
            module.exprs.len()
        ),
    };
    tree.imports();
    tree.function(FunctionId::MODULE, 0);
    tree.out
}

struct Tree<'m> {
    module: &'m Module,
    lines: &'m LineIndex,
    scope: Scope,
    out: String,
}

impl Tree<'_> {
    /// A line of the tree; `role` is what the node is to the one above it.
    fn line(&mut self, span: Span, depth: usize, role: &str, text: &str) {
        let role = if role.is_empty() { String::new() } else { format!("{role}: ") };
        let line = self.lines.line(span.start);
        let _ = writeln!(
            self.out,
            "{line:>5}  {:indent$}{role}{}",
            "",
            escape::line(text),
            indent = depth * 2
        );
    }

    fn imports(&mut self) {
        let module = self.module;
        for import in &module.imports {
            let local = module.str(import.local);
            let what = match import.name.map(|name| module.str(name)) {
                None => format!("import {} as {local}", module.str(import.module)),
                Some(name) => format!("import {name} of {} as {local}", module.str(import.module)),
            };
            let note = if import.is_type { " (type)" } else { "" };
            self.line(import.span, 0, "", &format!("{what}{note}"));
        }
        for export in &module.exports {
            let local = export.local.map_or("", |local| module.str(local));
            let from = export.from.map_or_else(String::new, |from| format!(" from {}", module.str(from)));
            let _ = writeln!(
                self.out,
                "{:>5}  export {} = {}{}",
                "",
                escape::line(module.str(export.name)),
                escape::line(local),
                escape::line(&from)
            );
        }
    }

    /// Writes a function, its parameters, names and statements, `depth` levels in.
    fn function(&mut self, id: FunctionId, depth: usize) {
        let module = self.module;
        let function = module.function(id);
        if self.is_too_deep(function.span, depth) {
            return;
        }
        let name = if id == FunctionId::MODULE {
            "(the module)".to_owned()
        } else {
            function
                .name
                .map_or_else(|| "(no name)".to_owned(), |name| module.str(name).to_owned())
        };
        let flags = [
            (function.is_async, "async"),
            (function.is_generator, "generator"),
            (function.is_lambda, "lambda"),
            (function.is_property, "property"),
            (function.is_static, "static"),
        ];
        let mut head = format!("function #{} {name}", id.0);
        for (_, flag) in flags.iter().filter(|(is_set, _)| *is_set) {
            let _ = write!(head, " {flag}");
        }
        if let Some(class) = function.class {
            let _ = write!(head, " of class #{}", class.0);
        }
        if let Some(directive) = function.directive {
            let _ = write!(head, " '{}'", module.str(directive));
        }
        let last = self.lines.line(function.span.end);
        self.line(function.span, depth, "", &format!("{head}, to line {last}"));
        for &decorator in &function.decorators {
            self.expr(decorator, depth + 1, "decorator");
        }
        for param in &function.params {
            self.param(param, function.name_span, depth + 1);
        }
        self.optional(function.returns, depth + 1, "returns");
        let mut names: Vec<&str> = self.scope.names(id).map(|name| module.str(name)).collect();
        names.sort_unstable();
        if !names.is_empty() {
            self.line(function.span, depth + 1, "binds", &names.join(", "));
        }
        self.block(&function.body, depth + 1);
    }

    fn param(&mut self, param: &Param, near: Span, depth: usize) {
        let kind = match param.kind {
            ParamKind::Plain => "",
            ParamKind::Rest => " (rest)",
            ParamKind::Keywords => " (keywords)",
            ParamKind::KeywordOnly => " (keyword only)",
        };
        let field = if param.is_field { " (field)" } else { "" };
        let name = param.name.map_or("(pattern)", |name| self.module.str(name));
        let parts = [param.pattern, param.annotation, param.default];
        let span = parts
            .into_iter()
            .flatten()
            .map(|part| self.module.expr(part).span)
            .next()
            .unwrap_or(near);
        self.line(span, depth, "parameter", &format!("{name}{kind}{field}"));
        self.optional(param.pattern, depth + 1, "pattern");
        self.optional(param.annotation, depth + 1, "annotation");
        self.optional(param.default, depth + 1, "default");
    }

    fn class(&mut self, id: ClassId, depth: usize) {
        let module = self.module;
        let class = module.class(id);
        if self.is_too_deep(class.span, depth) {
            return;
        }
        let word = if class.is_interface { "interface" } else { "class" };
        let name = class.name.map_or("(no name)", |name| module.str(name));
        let last = self.lines.line(class.span.end);
        self.line(class.span, depth, "", &format!("{word} #{} {name}, to line {last}", id.0));
        for &decorator in &class.decorators {
            self.expr(decorator, depth + 1, "decorator");
        }
        self.args(&class.bases, depth + 1, "base");
        for &implemented in &class.implements {
            self.expr(implemented, depth + 1, "implements");
        }
        self.block(&class.body, depth + 1);
    }

    fn block(&mut self, block: &Block, depth: usize) {
        for &stmt in block {
            self.stmt(stmt, depth);
        }
    }

    /// A block of a statement under a heading, where it has statements.
    fn part(&mut self, block: &Block, depth: usize, name: &str) {
        let Some(&first) = block.first() else { return };
        self.line(self.module.stmt(first).span, depth, "", name);
        self.block(block, depth + 1);
    }

    fn stmt(&mut self, id: StmtId, depth: usize) {
        let stmt = self.module.stmt(id);
        let span = stmt.span;
        if self.is_too_deep(span, depth) {
            return;
        }
        let inner = depth + 1;
        match &stmt.kind {
            StmtKind::Expr(value) => self.expr(*value, depth, "do"),
            StmtKind::Assign {
                target,
                value,
                annotation,
                op,
            } => {
                let op = op.map_or_else(String::new, |op| format!(" {}=", self.module.str(op)));
                self.line(span, depth, "", &format!("assign{op}"));
                self.expr(*target, inner, "target");
                self.optional(*value, inner, "value");
                self.optional(*annotation, inner, "annotation");
            }
            StmtKind::Return(value) => self.leaf(span, depth, "return", *value),
            StmtKind::Raise(value) => self.leaf(span, depth, "raise", *value),
            StmtKind::Break => self.line(span, depth, "", "break"),
            StmtKind::Continue => self.line(span, depth, "", "continue"),
            StmtKind::If { .. } => self.branches(id, depth),
            StmtKind::Loop { .. } => self.repeat(id, depth),
            StmtKind::Try {
                body,
                handlers,
                orelse,
                finally,
            } => {
                self.line(span, depth, "", "try");
                self.part(body, inner, "body");
                for handler in handlers {
                    self.part(handler, inner, "handler");
                }
                self.part(orelse, inner, "else");
                self.part(finally, inner, "finally");
            }
            StmtKind::With { items, is_async, body } => {
                self.line(span, depth, "", if *is_async { "with async" } else { "with" });
                for &(value, target) in items {
                    self.expr(value, inner, "value");
                    self.optional(target, inner, "as");
                }
                self.part(body, inner, "body");
            }
            StmtKind::Switch { subject, cases } => {
                self.line(span, depth, "", "switch");
                self.expr(*subject, inner, "subject");
                for case in cases {
                    self.part(case, inner, "case");
                }
            }
            StmtKind::Function(function) => self.function(*function, depth),
            StmtKind::Class(class) => self.class(*class, depth),
            StmtKind::Other(items) => self.list(span, depth, "", "other statement", items),
        }
    }

    /// An `if` with the ones that stand alone in its `else`: a long chain is no deep tree for people.
    fn branches(&mut self, id: StmtId, depth: usize) {
        let (mut at, mut word) = (id, "if");
        while let StmtKind::If { test, then, orelse } = &self.module.stmt(at).kind {
            self.line(self.module.stmt(at).span, depth, "", word);
            self.expr(*test, depth + 1, "test");
            self.part(then, depth + 1, "then");
            match orelse.as_ref() {
                &[next] if matches!(self.module.stmt(next).kind, StmtKind::If { .. }) => (at, word) = (next, "else if"),
                _ => return self.part(orelse, depth + 1, "else"),
            }
        }
    }

    /// Whether a node is too deep to be shown, which is said then.
    fn is_too_deep(&mut self, span: Span, depth: usize) -> bool {
        let is_too_deep = depth >= DEEPEST;
        if is_too_deep {
            self.line(span, depth, "", "… deeper levels are not shown");
        }
        is_too_deep
    }

    fn repeat(&mut self, id: StmtId, depth: usize) {
        let stmt = self.module.stmt(id);
        let StmtKind::Loop {
            kind,
            is_async,
            target,
            iterable,
            test,
            header,
            body,
        } = &stmt.kind
        else {
            return;
        };
        let kind = match kind {
            LoopKind::ForEach => "for each",
            LoopKind::ForCounter => "for counter",
            LoopKind::While => "while",
        };
        let word = if *is_async { "loop async" } else { "loop" };
        self.line(stmt.span, depth, "", &format!("{word} {kind}"));
        self.optional(*target, depth + 1, "target");
        self.optional(*iterable, depth + 1, "iterable");
        self.optional(*test, depth + 1, "test");
        self.part(header, depth + 1, "header");
        self.part(body, depth + 1, "body");
    }

    fn leaf(&mut self, span: Span, depth: usize, word: &str, value: Option<ExprId>) {
        self.line(span, depth, "", word);
        self.optional(value, depth + 1, "");
    }

    fn optional(&mut self, expr: Option<ExprId>, depth: usize, role: &str) {
        if let Some(expr) = expr {
            self.expr(expr, depth, role);
        }
    }

    fn list(&mut self, span: Span, depth: usize, role: &str, word: &str, items: &[ExprId]) {
        self.line(span, depth, role, word);
        for &item in items {
            self.expr(item, depth + 1, "");
        }
    }

    fn args(&mut self, args: &[Arg], depth: usize, role: &str) {
        for arg in args {
            match arg.name.map(|name| escape::line(self.module.str(name))) {
                Some(name) => self.expr(arg.value, depth, &format!("{role} {name}")),
                None => self.expr(arg.value, depth, role),
            }
        }
    }

    fn entries(&mut self, entries: &[ObjectEntry], depth: usize, role: &str) {
        for entry in entries {
            match entry.key.map(|key| (key, self.module.string(key).map(escape::line))) {
                None => self.expr(entry.value, depth, "spread"),
                Some((_, Some(key))) => self.expr(entry.value, depth, &format!("{role} {}", short(&key))),
                Some((key, None)) => {
                    self.expr(key, depth, "computed key");
                    self.expr(entry.value, depth + 1, role);
                }
            }
        }
    }

    fn clause(&mut self, clause: &Clause, depth: usize) {
        let span = self.module.expr(clause.target).span;
        self.line(span, depth, "", if clause.is_async { "for async" } else { "for" });
        self.expr(clause.target, depth + 1, "target");
        self.expr(clause.iterable, depth + 1, "iterable");
        for &condition in &clause.conditions {
            self.expr(condition, depth + 1, "if");
        }
    }

    fn expr(&mut self, id: ExprId, depth: usize, role: &str) {
        let module = self.module;
        let expr = module.expr(id);
        let (span, inner) = (expr.span, depth + 1);
        if self.is_too_deep(span, depth) {
            return;
        }
        let text = |sym: &crate::ir::Sym| module.str(*sym);
        match &expr.kind {
            ExprKind::Name(name) => self.line(span, depth, role, &format!("name {}", text(name))),
            ExprKind::Attr { base, name } => {
                self.line(span, depth, role, &format!("attribute .{}", text(name)));
                self.expr(*base, inner, "of");
            }
            ExprKind::Index { base, index } => {
                self.line(span, depth, role, "index");
                self.expr(*base, inner, "of");
                self.expr(*index, inner, "at");
            }
            ExprKind::Slice(slice) => {
                self.line(span, depth, role, "slice");
                self.optional(slice.lower, inner, "from");
                self.optional(slice.upper, inner, "to");
                self.optional(slice.step, inner, "step");
            }
            ExprKind::Call { callee, args, is_new } => {
                self.line(span, depth, role, if *is_new { "new" } else { "call" });
                self.expr(*callee, inner, "callee");
                self.args(args, inner, "argument");
            }
            ExprKind::Str(value) => self.line(span, depth, role, &format!("text {:?}", short(text(value)))),
            ExprKind::Template(parts) => {
                self.line(span, depth, role, "template");
                for part in parts {
                    match part {
                        TemplatePart::Text(part) => self.line(span, inner, "", &format!("text {:?}", short(text(part)))),
                        TemplatePart::Hole(hole) => self.expr(*hole, inner, "hole"),
                    }
                }
            }
            ExprKind::Num(value) => self.line(span, depth, role, &format!("number {value}")),
            ExprKind::Bool(value) => self.line(span, depth, role, if *value { "true" } else { "false" }),
            ExprKind::Null => self.line(span, depth, role, "null"),
            ExprKind::List(items) => self.list(span, depth, role, "list", items),
            ExprKind::Tuple(items) => self.list(span, depth, role, "tuple", items),
            ExprKind::Set(items) => self.list(span, depth, role, "set", items),
            ExprKind::Other(items) => self.list(span, depth, role, "other", items),
            ExprKind::Object(entries) => {
                self.line(span, depth, role, "object");
                self.entries(entries, inner, "key");
            }
            ExprKind::Await(value) => self.list(span, depth, role, "await", &[*value]),
            ExprKind::Spread(value) => self.list(span, depth, role, "spread", &[*value]),
            ExprKind::Yield(value) => self.list(span, depth, role, "yield", value.as_slice()),
            ExprKind::Binary { op, left, right } => self.list(span, depth, role, &format!("binary {}", text(op)), &[*left, *right]),
            ExprKind::Unary { op, operand } => self.list(span, depth, role, &format!("unary {}", text(op)), &[*operand]),
            ExprKind::Cond { test, then, orelse } => {
                self.line(span, depth, role, "condition");
                self.expr(*test, inner, "test");
                self.expr(*then, inner, "then");
                self.expr(*orelse, inner, "else");
            }
            ExprKind::Lambda(function) => {
                let role = if role.is_empty() { "lambda" } else { role };
                self.line(span, depth, role, "function");
                self.function(*function, inner);
            }
            ExprKind::Comp(comp) => {
                let kind = match comp.kind {
                    CompKind::List => "list",
                    CompKind::Set => "set",
                    CompKind::Dict => "dict",
                    CompKind::Generator => "generator",
                };
                self.line(span, depth, role, &format!("comprehension {kind}"));
                for &element in &comp.elements {
                    self.expr(element, inner, "element");
                }
                for clause in &comp.clauses {
                    self.clause(clause, inner);
                }
            }
            ExprKind::Assign { target, value } => {
                self.line(span, depth, role, "assign");
                self.expr(*target, inner, "target");
                self.expr(*value, inner, "value");
            }
            ExprKind::Jsx(element) => {
                self.line(span, depth, role, "element");
                self.optional(element.name, inner, "name");
                self.entries(&element.props, inner, "property");
                for &child in &element.children {
                    self.expr(child, inner, "child");
                }
            }
        }
    }
}

/// The start of a literal.
fn short(text: &str) -> String {
    if text.chars().count() <= SHOWN {
        return text.to_owned();
    }
    let mut cut: String = text.chars().take(SHOWN).collect();
    cut.push('…');
    cut
}
