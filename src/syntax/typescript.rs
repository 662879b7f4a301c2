//! TypeScript, TSX, JavaScript, JSX: tree-sitter-typescript to the language-neutral module.

use std::cell::RefCell;
use std::sync::LazyLock;

use tree_sitter::Language as Grammar;

use super::builder::{Builder, MAX_DEPTH, block};
use super::flat::{At, Field, Flat, Room, Tables, kinds};
use super::nesting::{self, Opens};
use super::parse;
use crate::coverage::Reason;
use crate::ir::{
    Arg, Export, ExprId, ExprKind, FunctionId, Import, Jsx, Language, LoopKind, Module, ObjectEntry, Param, ParamKind, StmtId, StmtKind,
    Sym, TYPE_OF, TemplatePart,
};
use crate::source::Span;

kinds! {
    Identifier = "identifier" | "type_identifier" | "shorthand_property_identifier" | "shorthand_property_identifier_pattern" | "property_identifier"
        | "statement_identifier" | "nested_type_identifier" | "nested_identifier" | "predefined_type",
    PrivateProperty = "private_property_identifier", This = "this", Super = "super", Member = "member_expression", Subscript = "subscript_expression",
    Call = "call_expression", New = "new_expression", Arguments = "arguments", Str = "string", Fragment = "string_fragment", Escape = "escape_sequence",
    Template = "template_string", Substitution = "template_substitution", Number = "number", True = "true", False = "false", Null = "null" | "undefined",
    Array = "array" | "array_pattern", Object = "object" | "object_pattern", Pair = "pair" | "pair_pattern", ShorthandPattern = "object_assignment_pattern",
    AssignmentPattern = "assignment_pattern", RestPattern = "rest_pattern", Spread = "spread_element", Await = "await_expression", Yield = "yield_expression",
    Assignment = "assignment_expression", Augmented = "augmented_assignment_expression", Binary = "binary_expression", Unary = "unary_expression",
    Update = "update_expression", Ternary = "ternary_expression", Arrow = "arrow_function", FunctionExpr = "function_expression" | "generator_function",
    ClassExpr = "class", Parenthesized = "parenthesized_expression", Sequence = "sequence_expression", NonNull = "non_null_expression",
    As = "as_expression" | "satisfies_expression" | "instantiation_expression", Assertion = "type_assertion", Regex = "regex", Computed = "computed_property_name",
    JsxElement = "jsx_element", JsxOpening = "jsx_opening_element", JsxClosing = "jsx_closing_element", JsxSelfClosing = "jsx_self_closing_element",
    JsxExpression = "jsx_expression", JsxAttribute = "jsx_attribute", JsxText = "jsx_text" | "html_character_reference",
    Program = "program", Import = "import_statement", ImportClause = "import_clause", NamedImports = "named_imports", ImportSpecifier = "import_specifier",
    NamespaceImport = "namespace_import", ImportRequire = "import_require_clause", Export = "export_statement", ExportClause = "export_clause",
    ExportSpecifier = "export_specifier", NamespaceExport = "namespace_export", FunctionDecl = "function_declaration" | "generator_function_declaration",
    FunctionSignature = "function_signature", ClassDecl = "class_declaration" | "abstract_class_declaration", ClassBody = "class_body",
    Heritage = "class_heritage", Extends = "extends_clause", Implements = "implements_clause", ExtendsType = "extends_type_clause",
    Method = "method_definition", MethodSignature = "method_signature" | "abstract_method_signature", FieldDef = "public_field_definition",
    PropertySignature = "property_signature", StaticBlock = "class_static_block", Interface = "interface_declaration",
    ObjectType = "object_type" | "interface_body", TypeAlias = "type_alias_declaration", Enum = "enum_declaration",
    Lexical = "lexical_declaration" | "variable_declaration", Declarator = "variable_declarator", ExpressionStatement = "expression_statement",
    Return = "return_statement", Throw = "throw_statement", If = "if_statement", Else = "else_clause", For = "for_statement", ForIn = "for_in_statement",
    While = "while_statement", Do = "do_statement", Try = "try_statement", Catch = "catch_clause", Finally = "finally_clause", Switch = "switch_statement",
    SwitchBody = "switch_body", SwitchCase = "switch_case" | "switch_default", Labeled = "labeled_statement", Break = "break_statement",
    Continue = "continue_statement", Block = "statement_block", Empty = "empty_statement", Ambient = "ambient_declaration",
    Namespace = "internal_module" | "module", Decorator = "decorator", Parameters = "formal_parameters", Required = "required_parameter",
    Optional = "optional_parameter", TypeAnnotation = "type_annotation", GenericType = "generic_type", TypeArguments = "type_arguments",
    UnionType = "union_type" | "intersection_type", ArrayType = "array_type", ReadonlyType = "readonly_type" | "parenthesized_type", TypeQuery = "type_query", LiteralType = "literal_type",
    Comment = "comment", HashBang = "hash_bang_line", Async = "async", Static = "static", Get = "get", Accessibility = "accessibility_modifier",
    Readonly = "readonly", AwaitToken = "await ", Star = "*", Default = "default", TypeToken = "type", ImportKeyword = "import",
}

static TS: LazyLock<Grammar> = LazyLock::new(|| tree_sitter_typescript::LANGUAGE_TYPESCRIPT.into());
static TSX: LazyLock<Grammar> = LazyLock::new(|| tree_sitter_typescript::LANGUAGE_TSX.into());
static TS_TABLES: LazyLock<Tables<K>> = LazyLock::new(|| Tables::new(&TS, tree_sitter_typescript::TYPESCRIPT_NODE_TYPES));
static TSX_TABLES: LazyLock<Tables<K>> = LazyLock::new(|| Tables::new(&TSX, tree_sitter_typescript::TSX_NODE_TYPES));
thread_local! {
    static ROOM: RefCell<Room<K>> = RefCell::default();
}

/// Lowers TypeScript (`jsx` false) or TSX, JavaScript, JSX (`jsx` true). What does not parse is in [`Module::broken`].
///
/// Fails with the reason to leave a text out that takes too much work.
pub fn lower(text: &str, jsx: bool) -> Result<Module, Reason> {
    let (grammar, tables) = if jsx { (&*TSX, &*TSX_TABLES) } else { (&*TS, &*TS_TABLES) };
    let cut = nesting::cut(text, Opens::TypesAndLabels);
    let masked = super::tagged::mask_type_arguments(&cut);
    let text = masked.as_ref();
    let room = ROOM.take();
    let flat = parse::with_tree(grammar, text, |tree| Flat::new(tree, tables, room))?;
    let builder = Builder::new(Language::TypeScript, text.len());
    let mut lower = Lower { flat, text, b: builder };
    lower.notes();
    let body = lower.block(0);
    let directive = lower.directive(&body);
    lower.b.function_mut(FunctionId::MODULE).directive = directive;
    ROOM.set(lower.flat.into_room());
    Ok(lower.b.finish(body))
}

struct Lower<'t> {
    flat: Flat<K>,
    text: &'t str,
    b: Builder,
}

/// What a function-like node gives besides parameters and body.
#[derive(Default)]
struct FunctionShape {
    name: Option<Sym>,
    name_span: Option<Span>,
    is_lambda: bool,
    decorators: Vec<ExprId>,
}

impl Lower<'_> {
    fn span(&self, at: At) -> Span {
        let node = self.flat.node(at);
        Span {
            start: node.start,
            end: node.end,
        }
    }

    fn source(&self, at: At) -> &str {
        let node = self.flat.node(at);
        self.text.get(node.start as usize..node.end as usize).unwrap_or("")
    }

    fn sym(&mut self, at: At) -> Sym {
        let node = self.flat.node(at);
        let text = self.text.get(node.start as usize..node.end as usize).unwrap_or("");
        self.b.sym(text)
    }

    /// A property's or parameter's name: without quotes, `#`.
    fn name_sym(&mut self, at: At) -> Sym {
        let text = self.source(at).trim_matches(['"', '\'', '`']).trim_start_matches('#').to_owned();
        self.b.sym(&text)
    }

    fn notes(&mut self) {
        let mut comments = Vec::new();
        for node in self.flat.all() {
            let span = Span {
                start: node.start,
                end: node.end,
            };
            match node.kind {
                K::Comment => comments.push(span),
                K::Error => self.b.module.broken.push(span),
                _ => {}
            }
        }
        for span in comments {
            let text = self.text.get(span.start as usize..span.end as usize).unwrap_or("");
            self.b.comment(text, span);
        }
    }

    fn directive(&mut self, body: &[StmtId]) -> Option<Sym> {
        let first = *body.first()?;
        let StmtKind::Expr(value) = self.b.module.stmt(first).kind else {
            return None;
        };
        let text = self.b.module.string(value)?.to_owned();
        text.starts_with("use ").then(|| self.b.sym(&text))
    }

    fn named(&self, at: At) -> Vec<At> {
        self.flat.named(at).filter(|&child| self.flat.kind(child) != K::Comment).collect()
    }

    fn block(&mut self, at: At) -> Vec<StmtId> {
        let mut out = Vec::new();
        for child in self.named(at) {
            self.stmt(child, &mut out);
        }
        out
    }

    /// The statements of a body that may be one statement without braces.
    fn body(&mut self, at: At) -> Vec<StmtId> {
        if self.flat.kind(at) == K::Block {
            return self.block(at);
        }
        let mut out = Vec::new();
        self.stmt(at, &mut out);
        out
    }

    fn field_body(&mut self, at: At, field: Field) -> Vec<StmtId> {
        self.flat.field(at, field).map(|body| self.body(body)).unwrap_or_default()
    }

    fn stmt(&mut self, at: At, out: &mut Vec<StmtId>) {
        if self.b.depth >= MAX_DEPTH {
            Builder::too_deep(self.span(at));
            return;
        }
        self.b.nest();
        self.stmt_inner(at, out);
        self.b.depth -= 1;
    }

    fn stmt_inner(&mut self, at: At, out: &mut Vec<StmtId>) {
        let span = self.span(at);
        let kind = match self.flat.kind(at) {
            K::Comment | K::Empty | K::HashBang | K::FunctionSignature | K::Decorator => return,
            K::TypeAlias => return self.type_alias(at, out),
            K::ExpressionStatement => return self.expression_statement(at, out),
            K::Lexical => return self.declaration(at, out),
            K::Return => StmtKind::Return(self.first_expr(at)),
            K::Throw => StmtKind::Raise(self.first_expr(at)),
            K::Break => StmtKind::Break,
            K::Continue => StmtKind::Continue,
            K::If => return self.if_statement(at, out),
            K::For => self.for_statement(at),
            K::ForIn => self.for_in(at),
            K::While | K::Do => {
                let test = self.field_expr(at, Field::Condition);
                let body = block(self.field_body(at, Field::Body));
                StmtKind::Loop {
                    kind: LoopKind::While,
                    is_async: false,
                    target: None,
                    iterable: None,
                    test,
                    header: Box::new([]),
                    body,
                }
            }
            K::Try => self.try_statement(at),
            K::Switch => self.switch(at),
            K::FunctionDecl => {
                let function = self.function(at, FunctionShape::default());
                StmtKind::Function(function)
            }
            K::ClassDecl => return self.class(at, Vec::new(), out),
            K::Interface => return self.interface(at, out),
            K::Import => return self.import(at),
            K::Export => return self.export(at, out),
            K::Block | K::StaticBlock => {
                out.extend(self.block(at));
                return;
            }
            K::Labeled | K::Ambient | K::Namespace => {
                if let Some(body) = self.flat.field(at, Field::Body) {
                    out.extend(self.body(body));
                } else {
                    out.extend(self.block(at));
                }
                return;
            }
            K::Enum => return self.enumeration(at, out),
            // Namespaces come as expressions of a statement in some places.
            _ => {
                let children = self.exprs(at);
                StmtKind::Other(children.into())
            }
        };
        let stmt = self.b.stmt(kind, span);
        out.push(stmt);
    }

    fn expression_statement(&mut self, at: At, out: &mut Vec<StmtId>) {
        let span = self.span(at);
        let children = self.named(at);
        let Some(&inner) = children.first() else { return };
        match self.flat.kind(inner) {
            K::Assignment | K::Augmented => self.assignment(inner, span, out),
            K::Namespace => self.stmt(inner, out),
            _ => {
                let value = self.expr(inner);
                self.assigned_exports(value);
                let stmt = self.b.stmt(StmtKind::Expr(value), span);
                out.push(stmt);
            }
        }
    }

    fn assignment(&mut self, at: At, span: Span, out: &mut Vec<StmtId>) {
        let (Some(left), Some(right)) = (self.flat.field(at, Field::Left), self.flat.field(at, Field::Right)) else {
            return;
        };
        let target = self.expr(left);
        let name = self.flat.kind(left) == K::Member || self.flat.kind(left) == K::Identifier;
        let shape = if name { self.last_name(left) } else { None };
        let value = Some(self.named_value(right, shape));
        let op = (self.flat.kind(at) == K::Augmented).then(|| {
            let text = self
                .flat
                .field(at, Field::Operator)
                .map(|op| self.source(op).trim_end_matches('=').to_owned())
                .unwrap_or_default();
            self.b.sym(&text)
        });
        self.commonjs_export(target, value);
        let stmt = self.b.stmt(
            StmtKind::Assign {
                target,
                value,
                annotation: None,
                op,
            },
            span,
        );
        out.push(stmt);
    }

    /// `module.exports = x`, `exports.a = x`.
    fn commonjs_export(&mut self, target: ExprId, value: Option<ExprId>) {
        let Some(dotted) = self.b.module.dotted(target) else { return };
        if dotted == "module.exports" {
            self.export_whole(value);
            if let Some(value) = value {
                self.export_entries(value);
            }
        } else if let Some(name) = dotted.strip_prefix("module.exports.").or_else(|| dotted.strip_prefix("exports.")) {
            let name = self.b.sym(name);
            self.b.module.exports.push(Export {
                name,
                local: None,
                value,
                from: None,
            });
        }
    }

    /// `Object.assign(exports, { a, b })`.
    fn assigned_exports(&mut self, value: ExprId) {
        let module = &self.b.module;
        let Some(call) = module.call(value).filter(|call| call.method() == Some("assign")) else {
            return;
        };
        let target = call.arg(0).and_then(|target| module.dotted(target));
        if matches!(target.as_deref(), Some("exports" | "module.exports")) {
            let parts: Vec<ExprId> = call.args.iter().skip(1).map(|arg| arg.value).collect();
            for part in parts {
                self.export_entries(part);
            }
        }
    }

    /// Exports what an object literal holds under its keys: `module.exports = { load }`.
    fn export_entries(&mut self, object: ExprId) {
        let entries: Vec<ObjectEntry> = match self.b.module.kind(object) {
            ExprKind::Object(entries) => entries.to_vec(),
            _ => Vec::new(),
        };
        for entry in entries {
            let Some(name) = entry.key.and_then(|key| self.b.module.string(key)).map(ToOwned::to_owned) else {
                continue;
            };
            let name = self.b.sym(&name);
            self.b.module.exports.push(Export {
                name,
                local: None,
                value: Some(entry.value),
                from: None,
            });
        }
    }

    /// `module.exports = x`, `export = x`: what the module is as a whole, under the name `=`, and what a default import of it gives.
    fn export_whole(&mut self, value: Option<ExprId>) {
        for name in ["default", "="] {
            let name = self.b.sym(name);
            self.b.module.exports.push(Export {
                name,
                local: None,
                value,
                from: None,
            });
        }
    }

    fn last_name(&mut self, at: At) -> Option<(Sym, Span)> {
        match self.flat.kind(at) {
            K::Identifier => Some((self.sym(at), self.span(at))),
            K::Member => {
                let property = self.flat.field(at, Field::Property)?;
                Some((self.name_sym(property), self.span(property)))
            }
            _ => None,
        }
    }

    /// A value that gives its name to a function or class expression.
    fn named_value(&mut self, at: At, name: Option<(Sym, Span)>) -> ExprId {
        let span = self.span(at);
        if self.flat.kind(at) == K::ClassExpr {
            return self.class_expression(at, name.map(|(sym, _)| sym));
        }
        if !matches!(self.flat.kind(at), K::Arrow | K::FunctionExpr) {
            return self.expr(at);
        }
        let shape = FunctionShape {
            name: name.map(|(sym, _)| sym),
            name_span: name.map(|(_, span)| span),
            is_lambda: true,
            decorators: Vec::new(),
        };
        let function = self.function(at, shape);
        self.b.expr(ExprKind::Lambda(function), span)
    }

    fn declaration(&mut self, at: At, out: &mut Vec<StmtId>) {
        for declarator in self.named(at) {
            if self.flat.kind(declarator) != K::Declarator {
                continue;
            }
            let span = self.span(declarator);
            let Some(name) = self.flat.field(declarator, Field::Name) else {
                continue;
            };
            let target = self.expr(name);
            let annotation = self.field_expr(declarator, Field::Type);
            let shape = if self.flat.kind(name) == K::Identifier {
                self.last_name(name)
            } else {
                None
            };
            let value = self
                .flat
                .field(declarator, Field::Value)
                .map(|value| self.named_value(value, shape));
            if let Some(value) = value {
                self.require(target, value, span);
            }
            let stmt = self.b.stmt(
                StmtKind::Assign {
                    target,
                    value,
                    annotation,
                    op: None,
                },
                span,
            );
            out.push(stmt);
        }
    }

    /// `const x = require("m")`, `const { a, b: c } = require("m")`, `const { a } = await import("m")`.
    fn require(&mut self, target: ExprId, value: ExprId, span: Span) {
        let module = &self.b.module;
        let Some(call) = module.call(module.unawaited(value)) else { return };
        if !matches!(call.method(), Some("require" | "import")) || call.receiver().is_some() {
            return;
        }
        let Some(path) = call.arg(0).and_then(|arg| module.string(arg)).map(ToOwned::to_owned) else {
            return;
        };
        let mut names: Vec<(Option<String>, String)> = Vec::new();
        match module.kind(target) {
            ExprKind::Name(sym) => names.push((None, module.str(*sym).to_owned())),
            ExprKind::Object(entries) => {
                for entry in entries {
                    let key = entry.key.and_then(|key| module.string(key)).map(ToOwned::to_owned);
                    let local = module.name(entry.value).map(ToOwned::to_owned);
                    if let (Some(key), Some(local)) = (key, local) {
                        names.push((Some(key), local));
                    }
                }
            }
            _ => {}
        }
        let (module, function) = (self.b.sym(&path), self.b.function);
        for (name, local) in names {
            let name = name.map(|name| self.b.sym(&name));
            let local = self.b.sym(&local);
            self.b.module.imports.push(Import {
                module,
                name,
                local,
                span,
                function,
                is_type: false,
            });
        }
    }

    fn if_statement(&mut self, at: At, out: &mut Vec<StmtId>) {
        // `else if` chains nest: walked down first, built from the last up.
        let mut branches = vec![at];
        let mut otherwise = None;
        let mut current = at;
        while let Some(alternative) = self.flat.field(current, Field::Alternative) {
            let inner = self.named(alternative).first().copied();
            match inner {
                Some(next) if self.flat.kind(next) == K::If => {
                    branches.push(next);
                    current = next;
                }
                last => {
                    otherwise = last;
                    break;
                }
            }
        }
        let links = branches.len();
        self.b.open_chain(links);
        let mut orelse = otherwise.map_or_else(Vec::new, |last| self.body(last));
        for branch in branches.into_iter().rev() {
            let span = self.span(branch);
            let Some(test) = self.field_expr(branch, Field::Condition) else {
                continue;
            };
            let then = block(self.field_body(branch, Field::Consequence));
            self.b.branch(test, then, &mut orelse, span);
        }
        self.b.close_chain(links);
        out.extend(orelse);
    }

    fn for_statement(&mut self, at: At) -> StmtKind {
        let mut header = Vec::new();
        for field in [Field::Initializer, Field::Increment] {
            let Some(node) = self.flat.field(at, field) else { continue };
            if matches!(self.flat.kind(node), K::Lexical | K::ExpressionStatement) {
                self.stmt(node, &mut header);
            } else if self.flat.node(node).named && self.flat.kind(node) != K::Empty {
                let span = self.span(node);
                let value = self.expr(node);
                header.push(self.b.stmt(StmtKind::Expr(value), span));
            }
        }
        let test = self
            .flat
            .field(at, Field::Condition)
            .filter(|&node| self.flat.node(node).named && self.flat.kind(node) != K::Empty);
        let test = test.map(|test| self.expr(test));
        let body = block(self.field_body(at, Field::Body));
        StmtKind::Loop {
            kind: LoopKind::ForCounter,
            is_async: false,
            target: None,
            iterable: None,
            test,
            header: header.into(),
            body,
        }
    }

    fn for_in(&mut self, at: At) -> StmtKind {
        let target = self.field_expr(at, Field::Left);
        let iterable = self.field_expr(at, Field::Right);
        let left = self.flat.field(at, Field::Left).map_or(u32::MAX, |left| self.flat.node(left).start);
        let head = self.text.get(self.flat.node(at).start as usize..left as usize).unwrap_or("");
        let is_async = head.contains("await");
        let body = block(self.field_body(at, Field::Body));
        StmtKind::Loop {
            kind: LoopKind::ForEach,
            is_async,
            target,
            iterable,
            test: None,
            header: Box::new([]),
            body,
        }
    }

    fn try_statement(&mut self, at: At) -> StmtKind {
        let body = block(self.field_body(at, Field::Body));
        let handlers: Vec<_> = match self.flat.field(at, Field::Handler) {
            Some(handler) => vec![block(self.field_body(handler, Field::Body))],
            None => Vec::new(),
        };
        let finally = match self.flat.field(at, Field::Finalizer) {
            Some(finalizer) => self.field_body(finalizer, Field::Body),
            None => Vec::new(),
        };
        StmtKind::Try {
            body,
            handlers: handlers.into(),
            orelse: Box::new([]),
            finally: block(finally),
        }
    }

    fn switch(&mut self, at: At) -> StmtKind {
        let span = self.span(at);
        let subject = match self.field_expr(at, Field::Value) {
            Some(subject) => subject,
            None => self.b.other(Vec::new(), span),
        };
        let mut cases = Vec::new();
        if let Some(body) = self.flat.field(at, Field::Body) {
            for case in self.named(body) {
                let mut stmts = Vec::new();
                let nodes: Vec<At> = self.flat.fields(case, Field::Body).collect();
                for node in nodes {
                    self.stmt(node, &mut stmts);
                }
                cases.push(block(stmts));
            }
        }
        StmtKind::Switch {
            subject,
            cases: cases.into(),
        }
    }

    /// `enum Status { A = 'a' }` as an assignment of an object.
    fn enumeration(&mut self, at: At, out: &mut Vec<StmtId>) {
        let span = self.span(at);
        let Some(name) = self.flat.field(at, Field::Name) else { return };
        let target = self.expr(name);
        let value = self.b.expr(ExprKind::Object(Box::new([])), span);
        let stmt = self.b.stmt(
            StmtKind::Assign {
                target,
                value: Some(value),
                annotation: None,
                op: None,
            },
            span,
        );
        out.push(stmt);
    }

    fn function(&mut self, at: At, shape: FunctionShape) -> FunctionId {
        let span = self.span(at);
        let opened = self.b.open_function(span);
        let name = self.flat.field(at, Field::Name);
        let own = name.map(|name| (self.name_sym(name), self.span(name)));
        let params = match (self.flat.field(at, Field::Parameters), self.flat.field(at, Field::Parameter)) {
            (Some(params), _) => self.params(params),
            (None, Some(one)) => {
                let name = Some(self.sym(one));
                vec![Param {
                    name,
                    pattern: None,
                    annotation: None,
                    default: None,
                    kind: ParamKind::Plain,
                    is_field: false,
                    decorator: None,
                    decorated_with: None,
                }]
            }
            (None, None) => Vec::new(),
        };
        let returns = self.field_expr(at, Field::ReturnType);
        let is_async = self.flat.has(at, K::Async);
        let is_static = self.flat.has(at, K::Static);
        let is_property = self.flat.has(at, K::Get);
        let is_generator = self.flat.has(at, K::Star);
        let body = match self.flat.field(at, Field::Body) {
            Some(body) if self.flat.kind(body) == K::Block => self.block(body),
            Some(value) => {
                let value_span = self.span(value);
                let value = self.expr(value);
                vec![self.b.stmt(StmtKind::Return(Some(value)), value_span)]
            }
            None => Vec::new(),
        };
        let directive = self.directive(&body);
        self.b.close_function(&opened, params, returns, body);
        self.b.set_decorators(opened.id, shape.decorators);
        let function = self.b.function_mut(opened.id);
        function.name = shape.name.or(own.map(|(sym, _)| sym));
        function.name_span = shape.name_span.or(own.map(|(_, span)| span)).unwrap_or(Span {
            start: span.start,
            end: span.start,
        });
        function.is_async = is_async;
        function.is_generator |= is_generator;
        function.is_lambda = shape.is_lambda;
        function.is_static = is_static;
        function.is_property = is_property;
        function.directive = directive;
        opened.id
    }

    /// The name of the first decorator of a parameter, and the text that it is given alone: `Args` and `id` of `@Args("id") id: string`.
    fn decorated(&mut self, at: At) -> (Option<Sym>, Option<Sym>) {
        let Some(decorator) = self.flat.child_of_kind(at, K::Decorator) else {
            return (None, None);
        };
        let text = self.source(decorator).trim_start_matches('@').to_owned();
        let (name, given) = text.split_once('(').unwrap_or((&text, ""));
        let given = given.trim_end_matches(')').trim();
        let given = given.strip_prefix(['"', '\'']).and_then(|rest| rest.strip_suffix(['"', '\'']));
        let given = given.filter(|given| !given.contains(['"', '\'', ',']));
        (Some(self.b.sym(name.trim())), given.map(|given| self.b.sym(given)))
    }

    fn params(&mut self, at: At) -> Vec<Param> {
        let mut out = Vec::new();
        for child in self.named(at) {
            if !matches!(self.flat.kind(child), K::Required | K::Optional) {
                continue;
            }
            let mut param = Param {
                name: None,
                pattern: None,
                annotation: None,
                default: None,
                kind: ParamKind::Plain,
                is_field: false,
                decorator: None,
                decorated_with: None,
            };
            (param.decorator, param.decorated_with) = self.decorated(child);
            param.is_field = self.flat.has(child, K::Accessibility) || self.flat.has(child, K::Readonly);
            param.annotation = self.field_expr(child, Field::Type);
            param.default = self.field_expr(child, Field::Value);
            let Some(pattern) = self
                .flat
                .field(child, Field::Pattern)
                .or_else(|| self.flat.field(child, Field::Name))
            else {
                continue;
            };
            match self.flat.kind(pattern) {
                K::Identifier => param.name = Some(self.sym(pattern)),
                K::This => continue,
                K::RestPattern => {
                    param.kind = ParamKind::Rest;
                    let inner = self.named(pattern).first().copied();
                    param.name = inner
                        .filter(|&inner| self.flat.kind(inner) == K::Identifier)
                        .map(|inner| self.sym(inner));
                }
                _ => param.pattern = Some(self.expr(pattern)),
            }
            out.push(param);
        }
        out
    }

    fn decorators(&mut self, nodes: &[At]) -> Vec<ExprId> {
        nodes.iter().filter_map(|&node| self.first_expr(node)).collect()
    }

    fn class(&mut self, at: At, outer_decorators: Vec<ExprId>, out: &mut Vec<StmtId>) {
        let span = self.span(at);
        let id = self.class_parts(at, outer_decorators);
        let stmt = self.b.stmt(StmtKind::Class(id), span);
        out.push(stmt);
    }

    fn class_parts(&mut self, at: At, mut decorators: Vec<ExprId>) -> crate::ir::ClassId {
        let span = self.span(at);
        let name = self.flat.field(at, Field::Name);
        let name_sym = name.map(|name| self.sym(name));
        let name_span = name.map_or(span, |name| self.span(name));
        let nodes: Vec<At> = self.flat.fields(at, Field::Decorator).collect();
        decorators.extend(self.decorators(&nodes));
        let (mut bases, mut implements) = (Vec::new(), Vec::new());
        if let Some(heritage) = self.flat.child_of_kind(at, K::Heritage) {
            for clause in self.named(heritage) {
                match self.flat.kind(clause) {
                    K::Extends => {
                        if let Some(value) = self.extended(clause) {
                            bases.push(Arg { name: None, value });
                        }
                    }
                    K::Implements => implements.extend(self.exprs(clause)),
                    _ => {}
                }
            }
        }
        let (id, outer) = self.b.open_class(span, name_sym, name_span);
        let mut body = Vec::new();
        if let Some(members) = self.flat.field(at, Field::Body) {
            self.members(members, &mut body);
        }
        self.b.close_class(id, outer, bases, decorators, body);
        for &implemented in &implements {
            self.b.module.exprs[implemented.index()].parent = crate::ir::Parent::Class(id);
        }
        let type_params = self.type_params(at);
        let class = &mut self.b.module.classes[id.index()];
        class.implements = implements.into();
        class.type_params = type_params;
        id
    }

    /// The base of a class, with its type arguments: `extends Store<Plane>`.
    fn extended(&mut self, clause: At) -> Option<ExprId> {
        let base = self.field_expr(clause, Field::Value)?;
        let Some(arguments) = self.flat.field(clause, Field::TypeArguments) else {
            return Some(base);
        };
        Some(self.applied(base, arguments, self.span(clause)))
    }

    /// A generic type with its arguments.
    fn applied(&mut self, base: ExprId, arguments: At, span: Span) -> ExprId {
        let items = self.exprs(arguments);
        let index = match items.as_slice() {
            [] => return base,
            [one] => *one,
            _ => self.b.expr(ExprKind::Tuple(items.into()), span),
        };
        self.b.expr(ExprKind::Index { base, index }, span)
    }

    /// The names of the type parameters of a class.
    fn type_params(&mut self, at: At) -> Box<[Sym]> {
        let Some(list) = self.flat.field(at, Field::TypeParameters) else {
            return Box::new([]);
        };
        let names: Vec<At> = self
            .named(list)
            .into_iter()
            .filter_map(|parameter| self.flat.field(parameter, Field::Name))
            .collect();
        names.into_iter().map(|name| self.sym(name)).collect()
    }

    /// Lowers a class expression (`const A = class { … }`): declares the class and puts a generated name in its place, see
    /// [`crate::ir::class_symbol`]. An anonymous class takes the name of what it is assigned to.
    fn class_expression(&mut self, at: At, given: Option<Sym>) -> ExprId {
        let id = self.class_parts(at, Vec::new());
        let class = &mut self.b.module.classes[id.index()];
        class.name = class.name.or(given);
        let name = self.b.sym(&crate::ir::class_symbol(id));
        let span = self.span(at);
        self.b.expr(ExprKind::Name(name), span)
    }

    fn members(&mut self, at: At, out: &mut Vec<StmtId>) {
        let mut pending: Vec<At> = Vec::new();
        for child in self.named(at) {
            let span = self.span(child);
            match self.flat.kind(child) {
                K::Decorator => {
                    pending.push(child);
                    continue;
                }
                K::Method => {
                    let decorators = self.decorators(&pending);
                    let function = self.function(
                        child,
                        FunctionShape {
                            decorators,
                            ..FunctionShape::default()
                        },
                    );
                    let stmt = self.b.stmt(StmtKind::Function(function), span);
                    out.push(stmt);
                }
                K::FieldDef | K::PropertySignature => self.field_definition(child, span, out),
                K::StaticBlock => {
                    let body = self.flat.field(child, Field::Body).unwrap_or(child);
                    out.extend(self.block(body));
                }
                _ => {}
            }
            pending.clear();
        }
    }

    fn field_definition(&mut self, at: At, span: Span, out: &mut Vec<StmtId>) {
        let Some(name) = self.flat.field(at, Field::Name) else { return };
        let name_span = self.span(name);
        let sym = self.name_sym(name);
        let nodes: Vec<At> = self.flat.fields(at, Field::Decorator).collect();
        let decorators = self.decorators(&nodes);
        let target = self.b.expr(ExprKind::Name(sym), name_span);
        let annotation = self.field_expr(at, Field::Type);
        // A function as a field's value is a method.
        let value = match self.flat.field(at, Field::Value) {
            Some(value) if matches!(self.flat.kind(value), K::Arrow | K::FunctionExpr) => {
                let shape = FunctionShape {
                    name: Some(sym),
                    name_span: Some(name_span),
                    is_lambda: false,
                    decorators: Vec::new(),
                };
                let function = self.function(value, shape);
                let stmt = self.b.stmt(StmtKind::Function(function), span);
                return out.push(stmt);
            }
            Some(value) => Some(self.expr(value)),
            None => None,
        };
        if !decorators.is_empty() {
            // Field decorators (`@Column()`, `@ManyToOne(...)`) stand before their field as a statement of their own.
            let stmt = self.b.stmt(StmtKind::Other(decorators.into()), span);
            out.push(stmt);
        }
        let stmt = self.b.stmt(
            StmtKind::Assign {
                target,
                value,
                annotation,
                op: None,
            },
            span,
        );
        out.push(stmt);
    }

    fn interface(&mut self, at: At, out: &mut Vec<StmtId>) {
        let span = self.span(at);
        let name = self.flat.field(at, Field::Name);
        let name_sym = name.map(|name| self.sym(name));
        let name_span = name.map_or(span, |name| self.span(name));
        let bases = match self.flat.child_of_kind(at, K::ExtendsType) {
            Some(clause) => self.exprs(clause).into_iter().map(|value| Arg { name: None, value }).collect(),
            None => Vec::new(),
        };
        let (id, outer) = self.b.open_class(span, name_sym, name_span);
        let mut body = Vec::new();
        if let Some(members) = self.flat.field(at, Field::Body) {
            self.members(members, &mut body);
        }
        self.b.close_class(id, outer, bases, Vec::new(), body);
        let type_params = self.type_params(at);
        let class = &mut self.b.module.classes[id.index()];
        class.is_interface = true;
        class.type_params = type_params;
        let stmt = self.b.stmt(StmtKind::Class(id), span);
        out.push(stmt);
    }

    /// `type Stores = { orders: OrderStore }`, `type Both = Named & { … }`: what has members is an interface by another word.
    fn type_alias(&mut self, at: At, out: &mut Vec<StmtId>) {
        let Some(value) = self.flat.field(at, Field::Value) else { return };
        let parts = match self.flat.kind(value) {
            K::ObjectType => vec![value],
            K::UnionType if self.source(value).contains('&') => self.named(value),
            K::TypeQuery | K::GenericType => return self.type_of_value(at, value, out),
            _ => return,
        };
        if !parts.iter().any(|&part| self.flat.kind(part) == K::ObjectType) {
            return;
        }
        let Some(name) = self.flat.field(at, Field::Name) else { return };
        let (span, name_span) = (self.span(at), self.span(name));
        let name = Some(self.sym(name));
        let others: Vec<At> = parts
            .iter()
            .copied()
            .filter(|&part| self.flat.kind(part) != K::ObjectType)
            .collect();
        let bases = others
            .into_iter()
            .map(|part| Arg {
                name: None,
                value: self.expr(part),
            })
            .collect();
        let (id, outer) = self.b.open_class(span, name, name_span);
        let mut body = Vec::new();
        for part in parts {
            if self.flat.kind(part) == K::ObjectType {
                self.members(part, &mut body);
            }
        }
        self.b.close_class(id, outer, bases, Vec::new(), body);
        self.b.module.classes[id.index()].is_interface = true;
        let stmt = self.b.stmt(StmtKind::Class(id), span);
        out.push(stmt);
    }

    /// `type Orders = ReturnType<typeof makeOrders>`, `type Db = typeof db`: another name for what a value is, as a name that is annotated with
    /// [`TYPE_OF`]: what a value of the type is. A value of that name comes before it.
    fn type_of_value(&mut self, at: At, value: At, out: &mut Vec<StmtId>) {
        let Some(name) = self.flat.field(at, Field::Name) else { return };
        let is_of_value = match self.flat.field(value, Field::Name) {
            Some(made) => matches!(self.source(made), "Awaited" | "InstanceType" | "ReturnType"),
            None => true,
        };
        if !is_of_value {
            return;
        }
        let (span, name_span) = (self.span(at), self.span(name));
        let name = self.sym(name);
        let target = self.b.expr(ExprKind::Name(name), name_span);
        let index = self.expr(value);
        let base = self.b.sym(TYPE_OF);
        let base = self.b.expr(ExprKind::Name(base), name_span);
        let annotation = Some(self.b.expr(ExprKind::Index { base, index }, span));
        let stmt = self.b.stmt(
            StmtKind::Assign {
                target,
                value: None,
                annotation,
                op: None,
            },
            span,
        );
        out.push(stmt);
    }

    fn import(&mut self, at: At) {
        let span = self.span(at);
        let function = self.b.function;
        if let Some(require) = self.flat.child_of_kind(at, K::ImportRequire) {
            let (Some(source), Some(name)) = (self.flat.field(require, Field::Source), self.named(require).first().copied()) else {
                return;
            };
            let (module, local) = (self.name_sym(source), self.sym(name));
            self.b.module.imports.push(Import {
                module,
                name: None,
                local,
                span,
                function,
                is_type: false,
            });
            return;
        }
        let Some(source) = self.flat.field(at, Field::Source) else { return };
        let module = self.name_sym(source);
        let is_type = self.flat.has(at, K::TypeToken);
        let Some(clause) = self.flat.child_of_kind(at, K::ImportClause) else {
            return;
        };
        for child in self.named(clause) {
            match self.flat.kind(child) {
                K::Identifier => {
                    let (name, local) = (self.b.sym("default"), self.sym(child));
                    self.b.module.imports.push(Import {
                        module,
                        name: Some(name),
                        local,
                        span,
                        function,
                        is_type,
                    });
                }
                K::NamespaceImport => {
                    if let Some(&name) = self.named(child).first() {
                        let local = self.sym(name);
                        self.b.module.imports.push(Import {
                            module,
                            name: None,
                            local,
                            span,
                            function,
                            is_type,
                        });
                    }
                }
                K::NamedImports => {
                    for specifier in self.named(child) {
                        let Some(name) = self.flat.field(specifier, Field::Name) else {
                            continue;
                        };
                        let local = self.flat.field(specifier, Field::Alias).unwrap_or(name);
                        let (name, local) = (self.name_sym(name), self.sym(local));
                        let is_type = is_type || self.flat.has(specifier, K::TypeToken);
                        self.b.module.imports.push(Import {
                            module,
                            name: Some(name),
                            local,
                            span,
                            function,
                            is_type,
                        });
                    }
                }
                _ => {}
            }
        }
    }

    fn export(&mut self, at: At, out: &mut Vec<StmtId>) {
        let span = self.span(at);
        let nodes: Vec<At> = self.flat.fields(at, Field::Decorator).collect();
        let decorators = self.decorators(&nodes);
        let is_default = self.flat.has(at, K::Default);
        let from = self.flat.field(at, Field::Source).map(|source| self.name_sym(source));
        if let Some(declaration) = self.flat.field(at, Field::Declaration) {
            let before = out.len();
            if self.flat.kind(declaration) == K::ClassDecl {
                self.class(declaration, decorators, out);
            } else {
                self.stmt(declaration, out);
            }
            let added: Vec<StmtId> = out.iter().skip(before).copied().collect();
            return self.export_declared(&added, is_default);
        }
        if let Some(value) = self.flat.field(at, Field::Value) {
            let name = self.b.sym("default");
            let value = if self.flat.kind(value) == K::ClassExpr {
                let id = self.class_parts(value, decorators);
                let stmt = self.b.stmt(StmtKind::Class(id), span);
                out.push(stmt);
                let local = self.b.module.class(id).name;
                let local = local.unwrap_or_else(|| self.b.sym(&crate::ir::class_symbol(id)));
                self.b.module.exports.push(Export {
                    name,
                    local: Some(local),
                    value: None,
                    from: None,
                });
                return;
            } else {
                self.named_value(value, None)
            };
            let local = match self.b.module.kind(value) {
                ExprKind::Name(sym) => Some(*sym),
                _ => None,
            };
            self.b.module.exports.push(Export {
                name,
                local,
                value: Some(value),
                from: None,
            });
            let stmt = self.b.stmt(StmtKind::Expr(value), span);
            return out.push(stmt);
        }
        let parts = self.named(at);
        if let ([value], true) = (parts.as_slice(), self.is_whole_export(at)) {
            let value = self.named_value(*value, None);
            self.export_whole(Some(value));
            let stmt = self.b.stmt(StmtKind::Expr(value), span);
            return out.push(stmt);
        }
        if let Some(clause) = self.flat.child_of_kind(at, K::ExportClause) {
            for specifier in self.named(clause) {
                let Some(name) = self.flat.field(specifier, Field::Name) else {
                    continue;
                };
                let alias = self.flat.field(specifier, Field::Alias).unwrap_or(name);
                let (local, name) = (self.name_sym(name), self.name_sym(alias));
                self.b.module.exports.push(Export {
                    name,
                    local: Some(local),
                    value: None,
                    from,
                });
            }
            return;
        }
        if let (Some(namespace), Some(from)) = (self.flat.child_of_kind(at, K::NamespaceExport), from) {
            if let Some(&name) = self.named(namespace).first() {
                let name = self.name_sym(name);
                self.b.module.exports.push(Export {
                    name,
                    local: None,
                    value: None,
                    from: Some(from),
                });
            }
            return;
        }
        if from.is_some() {
            let name = self.b.sym("*");
            self.b.module.exports.push(Export {
                name,
                local: None,
                value: None,
                from,
            });
        }
    }

    /// `export = x`.
    fn is_whole_export(&self, at: At) -> bool {
        let rest = self.source(at).strip_prefix("export").unwrap_or_default();
        rest.trim_start().starts_with('=')
    }

    fn export_declared(&mut self, stmts: &[StmtId], is_default: bool) {
        for &stmt in stmts {
            let names: Vec<Sym> = match &self.b.module.stmt(stmt).kind {
                StmtKind::Function(id) => self.b.module.function(*id).name.into_iter().collect(),
                StmtKind::Class(id) => self.b.module.class(*id).name.into_iter().collect(),
                StmtKind::Assign { target, .. } => pattern_names(&self.b.module, *target),
                _ => Vec::new(),
            };
            let default = self.b.sym("default");
            if is_default && names.is_empty() {
                // An anonymous default function: found by its statement.
                if let StmtKind::Function(id) = self.b.module.stmt(stmt).kind {
                    self.b.function_mut(id).name = Some(default);
                    self.b.module.exports.push(Export {
                        name: default,
                        local: Some(default),
                        value: None,
                        from: None,
                    });
                }
                continue;
            }
            for local in names {
                let name = if is_default { default } else { local };
                self.b.module.exports.push(Export {
                    name,
                    local: Some(local),
                    value: None,
                    from: None,
                });
            }
        }
    }

    fn field_expr(&mut self, at: At, field: Field) -> Option<ExprId> {
        self.flat.field(at, field).map(|child| self.expr(child))
    }

    fn first_expr(&mut self, at: At) -> Option<ExprId> {
        let child = self.named(at).first().copied()?;
        Some(self.expr(child))
    }

    fn exprs(&mut self, at: At) -> Vec<ExprId> {
        self.named(at).into_iter().map(|child| self.expr(child)).collect()
    }

    fn expr(&mut self, at: At) -> ExprId {
        let span = self.span(at);
        if self.b.depth >= MAX_DEPTH {
            Builder::too_deep(span);
            return self.b.other(Vec::new(), span);
        }
        self.b.nest();
        let id = self.expr_inner(at, span);
        self.b.depth -= 1;
        id
    }

    fn wrapped(&mut self, at: At) -> Option<ExprId> {
        self.first_expr(at)
    }

    fn expr_inner(&mut self, at: At, span: Span) -> ExprId {
        let kind = match self.flat.kind(at) {
            K::This => ExprKind::Name(self.b.sym("self")),
            K::Identifier | K::Super | K::ImportKeyword | K::Regex => ExprKind::Name(self.sym(at)),
            K::PrivateProperty => ExprKind::Name(self.name_sym(at)),
            K::Member => {
                let (Some(base), Some(name)) = (self.field_expr(at, Field::Object), self.flat.field(at, Field::Property)) else {
                    return self.b.other(Vec::new(), span);
                };
                ExprKind::Attr {
                    base,
                    name: self.name_sym(name),
                }
            }
            K::Subscript => {
                let (Some(base), Some(index)) = (self.field_expr(at, Field::Object), self.field_expr(at, Field::Index)) else {
                    return self.b.other(Vec::new(), span);
                };
                ExprKind::Index { base, index }
            }
            K::Call => self.call(at, Field::Function, false),
            K::New => self.call(at, Field::Constructor, true),
            K::Str => {
                let text = self.text_of(at);
                ExprKind::Str(self.b.sym(&text))
            }
            K::Template => self.template(at),
            K::Number => ExprKind::Num(number(self.source(at))),
            K::True => ExprKind::Bool(true),
            K::False => ExprKind::Bool(false),
            K::Null => ExprKind::Null,
            K::Array => ExprKind::List(self.exprs(at).into()),
            K::Object | K::ObjectType => self.object(at),
            K::AssignmentPattern | K::Assignment => {
                let (Some(target), Some(right)) = (self.field_expr(at, Field::Left), self.flat.field(at, Field::Right)) else {
                    return self.b.other(Vec::new(), span);
                };
                let value = if self.flat.kind(at) == K::Assignment {
                    let shape = self.flat.field(at, Field::Left).and_then(|left| self.last_name(left));
                    self.named_value(right, shape)
                } else {
                    self.expr(right)
                };
                // `exports = module.exports = x`.
                self.commonjs_export(target, Some(value));
                ExprKind::Assign { target, value }
            }
            K::Spread | K::RestPattern => match self.first_expr(at) {
                Some(inner) => ExprKind::Spread(inner),
                None => ExprKind::Other(Box::new([])),
            },
            K::Await => match self.first_expr(at) {
                Some(inner) => ExprKind::Await(inner),
                None => ExprKind::Other(Box::new([])),
            },
            K::Yield => ExprKind::Yield(self.first_expr(at)),
            K::Binary => return self.binary(at),
            K::Unary => {
                let Some(operand) = self.field_expr(at, Field::Argument) else {
                    return self.b.other(Vec::new(), span);
                };
                let op = self
                    .flat
                    .field(at, Field::Operator)
                    .map(|op| self.source(op).to_owned())
                    .unwrap_or_default();
                let op = if op == "!" { "not" } else { &op };
                ExprKind::Unary {
                    op: self.b.sym(op),
                    operand,
                }
            }
            K::Ternary => {
                let parts = [Field::Condition, Field::Consequence, Field::Alternative].map(|field| self.field_expr(at, field));
                let [Some(test), Some(then), Some(orelse)] = parts else {
                    return self.b.other(parts.into_iter().flatten().collect(), span);
                };
                ExprKind::Cond { test, then, orelse }
            }
            K::Arrow | K::FunctionExpr => {
                let function = self.function(
                    at,
                    FunctionShape {
                        is_lambda: true,
                        ..FunctionShape::default()
                    },
                );
                ExprKind::Lambda(function)
            }
            K::ClassExpr => return self.class_expression(at, None),
            K::Parenthesized
            | K::NonNull
            | K::As
            | K::TypeAnnotation
            | K::ReadonlyType
            | K::TypeQuery
            | K::LiteralType
            | K::Computed
            | K::JsxExpression => match self.wrapped(at) {
                Some(inner) => return inner,
                None => ExprKind::Other(Box::new([])),
            },
            K::Assertion => match self.named(at).last().copied() {
                Some(inner) => return self.expr(inner),
                None => ExprKind::Other(Box::new([])),
            },
            K::Sequence => match self.exprs(at).as_slice() {
                [one] => return *one,
                items => ExprKind::Other(items.into()),
            },
            K::GenericType => {
                let Some(base) = self.field_expr(at, Field::Name) else {
                    return self.b.other(Vec::new(), span);
                };
                return match self.flat.field(at, Field::TypeArguments) {
                    Some(arguments) => self.applied(base, arguments, span),
                    None => base,
                };
            }
            K::ArrayType => {
                let base = self.b.sym("Array");
                let base = self.b.expr(ExprKind::Name(base), span);
                let Some(index) = self.first_expr(at) else { return base };
                ExprKind::Index { base, index }
            }
            K::UnionType => {
                let parts = self.exprs(at);
                let op = self.b.sym("|");
                let mut parts = parts.into_iter();
                let Some(mut left) = parts.next() else {
                    return self.b.other(Vec::new(), span);
                };
                for right in parts {
                    left = self.b.expr(ExprKind::Binary { op, left, right }, span);
                }
                return left;
            }
            K::JsxElement | K::JsxSelfClosing => self.jsx(at),
            _ => ExprKind::Other(self.exprs(at).into()),
        };
        self.b.expr(kind, span)
    }

    fn call(&mut self, at: At, callee: Field, is_new: bool) -> ExprKind {
        let Some(callee) = self.field_expr(at, callee) else {
            return ExprKind::Other(Box::new([]));
        };
        let mut args = Vec::new();
        if let Some(arguments) = self.flat.field(at, Field::Arguments) {
            if self.flat.kind(arguments) == K::Template {
                args.push(Arg {
                    name: None,
                    value: self.expr(arguments),
                });
            } else {
                args.extend(self.exprs(arguments).into_iter().map(|value| Arg { name: None, value }));
            }
        }
        ExprKind::Call {
            callee,
            args: args.into(),
            is_new,
        }
    }

    fn text_of(&self, at: At) -> String {
        let mut text = String::new();
        for child in self.flat.named(at) {
            match self.flat.kind(child) {
                K::Fragment => text.push_str(self.source(child)),
                K::Escape => unescape(self.source(child), &mut text),
                _ => {}
            }
        }
        text
    }

    fn template(&mut self, at: At) -> ExprKind {
        let mut parts = Vec::new();
        let mut text = String::new();
        for child in self.named(at) {
            match self.flat.kind(child) {
                K::Fragment => text.push_str(self.source(child)),
                K::Escape => {
                    let source = self.source(child).to_owned();
                    unescape(&source, &mut text);
                }
                K::Substitution => {
                    if !text.is_empty() {
                        let sym = self.b.sym(&std::mem::take(&mut text));
                        parts.push(TemplatePart::Text(sym));
                    }
                    if let Some(hole) = self.first_expr(child) {
                        parts.push(TemplatePart::Hole(hole));
                    }
                }
                _ => {}
            }
        }
        if !text.is_empty() {
            let sym = self.b.sym(&text);
            parts.push(TemplatePart::Text(sym));
        }
        ExprKind::Template(parts.into())
    }

    fn object(&mut self, at: At) -> ExprKind {
        let mut entries = Vec::new();
        for child in self.named(at) {
            let span = self.span(child);
            match self.flat.kind(child) {
                K::Identifier => {
                    let sym = self.sym(child);
                    let key = Some(self.b.expr(ExprKind::Str(sym), span));
                    let value = self.b.expr(ExprKind::Name(sym), span);
                    entries.push(ObjectEntry { key, value });
                }
                K::Pair => {
                    let (Some(key_node), Some(value_node)) = (self.flat.field(child, Field::Key), self.flat.field(child, Field::Value))
                    else {
                        continue;
                    };
                    let (key, shape) = self.key(key_node);
                    let value = self.named_value(value_node, shape);
                    entries.push(ObjectEntry { key: Some(key), value });
                }
                K::ShorthandPattern => {
                    let (Some(left), Some(value)) = (self.flat.field(child, Field::Left), self.field_expr(child, Field::Right)) else {
                        continue;
                    };
                    let sym = self.sym(left);
                    let key = Some(self.b.expr(ExprKind::Str(sym), span));
                    let target = self.expr(left);
                    let value = self.b.expr(ExprKind::Assign { target, value }, span);
                    entries.push(ObjectEntry { key, value });
                }
                K::Method => {
                    let Some(name) = self.flat.field(child, Field::Name) else {
                        continue;
                    };
                    let (key, _) = self.key(name);
                    let function = self.function(
                        child,
                        FunctionShape {
                            is_lambda: true,
                            ..FunctionShape::default()
                        },
                    );
                    let value = self.b.expr(ExprKind::Lambda(function), span);
                    entries.push(ObjectEntry { key: Some(key), value });
                }
                K::PropertySignature => {
                    let (Some(name), Some(value)) = (self.flat.field(child, Field::Name), self.field_expr(child, Field::Type)) else {
                        continue;
                    };
                    let (key, _) = self.key(name);
                    entries.push(ObjectEntry { key: Some(key), value });
                }
                K::Spread | K::RestPattern => {
                    if let Some(value) = self.first_expr(child) {
                        entries.push(ObjectEntry { key: None, value });
                    }
                }
                _ => {}
            }
        }
        ExprKind::Object(entries.into())
    }

    /// An object key: plain and quoted names as a string, computed ones as their expression.
    fn key(&mut self, at: At) -> (ExprId, Option<(Sym, Span)>) {
        let span = self.span(at);
        if self.flat.kind(at) == K::Computed {
            return (self.expr(at), None);
        }
        let sym = self.name_sym(at);
        (self.b.expr(ExprKind::Str(sym), span), Some((sym, span)))
    }

    /// `a + b + c …` nests to the left: unrolled so that long chains cost no stack.
    fn binary(&mut self, at: At) -> ExprId {
        let mut nodes: Vec<At> = Vec::new();
        let mut leftmost = at;
        while self.flat.kind(leftmost) == K::Binary {
            let Some(left) = self.flat.field(leftmost, Field::Left) else {
                break;
            };
            nodes.push(leftmost);
            leftmost = left;
        }
        let links = nodes.len();
        self.b.open_chain(links);
        let mut left = if self.flat.kind(leftmost) == K::Binary {
            let span = self.span(leftmost);
            self.b.other(Vec::new(), span)
        } else {
            self.expr(leftmost)
        };
        for node in nodes.into_iter().rev() {
            let op = self.flat.field(node, Field::Operator).map(|op| self.source(op)).unwrap_or_default();
            let op = match op {
                "&&" => "and",
                "||" => "or",
                "===" => "==",
                "!==" => "!=",
                other => other,
            }
            .to_owned();
            let op = self.b.sym(&op);
            let span = self.span(node);
            let Some(right) = self.field_expr(node, Field::Right) else {
                continue;
            };
            left = self.b.expr(ExprKind::Binary { op, left, right }, span);
        }
        self.b.close_chain(links);
        left
    }

    fn jsx(&mut self, at: At) -> ExprKind {
        let head = self.flat.field(at, Field::OpenTag).unwrap_or(at);
        let name = self.field_expr(head, Field::Name);
        let mut props = Vec::new();
        let attributes: Vec<At> = self.flat.fields(head, Field::Attribute).collect();
        for attribute in attributes {
            let span = self.span(attribute);
            let parts = self.named(attribute);
            match (self.flat.kind(attribute), parts.as_slice()) {
                (K::JsxAttribute, &[key, value]) => {
                    let key_span = self.span(key);
                    let sym = self.name_sym(key);
                    let key = Some(self.b.expr(ExprKind::Str(sym), key_span));
                    let inner = if self.flat.kind(value) == K::JsxExpression {
                        self.named(value).first().copied()
                    } else {
                        Some(value)
                    };
                    let value = match inner {
                        Some(inner) => self.named_value(inner, Some((sym, key_span))),
                        None => self.b.other(Vec::new(), span),
                    };
                    props.push(ObjectEntry { key, value });
                }
                (K::JsxAttribute, &[key]) => {
                    let sym = self.name_sym(key);
                    let key = Some(self.b.expr(ExprKind::Str(sym), span));
                    let value = self.b.expr(ExprKind::Bool(true), span);
                    props.push(ObjectEntry { key, value });
                }
                (K::JsxExpression, &[inner, ..]) => {
                    let value = self.expr(inner);
                    props.push(ObjectEntry { key: None, value });
                }
                _ => {}
            }
        }
        let mut children = Vec::new();
        if self.flat.kind(at) == K::JsxElement {
            for child in self.named(at) {
                if matches!(self.flat.kind(child), K::JsxElement | K::JsxSelfClosing | K::JsxExpression) {
                    children.push(self.expr(child));
                }
            }
        }
        ExprKind::Jsx(Box::new(Jsx {
            name,
            props: props.into(),
            children: children.into(),
        }))
    }
}

/// The names that a pattern binds.
fn pattern_names(module: &Module, target: ExprId) -> Vec<Sym> {
    let mut out = Vec::new();
    let mut open = vec![target];
    while let Some(at) = open.pop() {
        match module.kind(at) {
            ExprKind::Name(sym) => out.push(*sym),
            ExprKind::Object(entries) => open.extend(entries.iter().map(|entry| entry.value)),
            ExprKind::List(items) => open.extend(items.iter().copied()),
            ExprKind::Assign { target, .. } => open.push(*target),
            ExprKind::Spread(inner) => open.push(*inner),
            _ => {}
        }
    }
    out
}

#[allow(clippy::cast_precision_loss, reason = "a number that large is no limit or delay")]
fn hexadecimal(digits: &str) -> f64 {
    i64::from_str_radix(digits, 16).map_or(f64::NAN, |value| value as f64)
}

fn number(text: &str) -> f64 {
    let clean: String = text.chars().filter(|&c| c != '_' && c != 'n').collect();
    if let Some(hex) = clean.strip_prefix("0x").or_else(|| clean.strip_prefix("0X")) {
        return hexadecimal(hex);
    }
    clean.parse().unwrap_or(f64::NAN)
}

fn unescape(source: &str, out: &mut String) {
    match source.chars().nth(1) {
        Some('n') => out.push('\n'),
        Some('t') => out.push('\t'),
        Some('r') => out.push('\r'),
        Some('\n') => {}
        Some(quote @ ('\\' | '\'' | '"' | '`' | '$')) => out.push(quote),
        _ => out.push_str(source),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lower(text: &str, jsx: bool) -> Module {
        super::lower(text, jsx).expect("parses")
    }

    fn names(module: &Module) -> Vec<&str> {
        module.functions.iter().filter_map(|f| f.name).map(|n| module.str(n)).collect()
    }

    #[test]
    fn arrow_functions_take_the_name_they_are_bound_to() {
        let module = lower(
            "const load = async () => 1; const o = { save: () => 2, list() {} }; class A { run = () => 3 }",
            false,
        );
        assert_eq!(names(&module), ["load", "save", "list", "run"]);
        assert!(module.functions[1].is_async);
        assert!(module.functions[4].class.is_some());
    }

    #[test]
    fn imports_and_exports_of_every_form() {
        let module = lower(
            "import d, { a as b } from './x'; import * as ns from 'y'; const { q } = require('z');\n\
             export * from './all'; export { b as c }; export const e = 1; export default function () {}",
            false,
        );
        let imports: Vec<String> = module
            .imports
            .iter()
            .map(|i| {
                format!(
                    "{}:{}:{}",
                    module.str(i.module),
                    i.name.map_or("", |n| module.str(n)),
                    module.str(i.local)
                )
            })
            .collect();
        assert_eq!(imports, ["./x:default:d", "./x:a:b", "y::ns", "z:q:q"]);
        let exports: Vec<&str> = module.exports.iter().map(|e| module.str(e.name)).collect();
        assert_eq!(exports, ["*", "c", "e", "default"]);
    }

    #[test]
    fn modules_of_the_older_kind_export_a_whole_and_its_parts() {
        let module = lower(
            "exports = module.exports = { a, b: 1 }; module.exports.c = () => 2; exports.d = class {}; const { e } = await import('./e');",
            true,
        );
        let exports: Vec<&str> = module.exports.iter().map(|export| module.str(export.name)).collect();
        assert_eq!(exports, ["default", "=", "a", "b", "c", "d"]);
        assert_eq!(module.imports.len(), 1);
        assert_eq!(module.str(module.classes[0].name.expect("a name")), "d");
        let typed = lower("export = { f: 1 };", false);
        assert!(typed.exports.iter().any(|export| typed.str(export.name) == "="));
    }

    #[test]
    fn jsx_and_types_lower() {
        let module = lower(
            "function P({ xs }: Props) { return <ul onClick={() => go()}>{xs.map(x => <li key={x.id}>a & b</li>)}</ul> }",
            true,
        );
        assert_eq!(names(&module), ["P", "onClick"]);
        assert!(
            module
                .expr_ids()
                .any(|(id, _)| module.call(id).and_then(|c| c.method()) == Some("map"))
        );
        let typed = lower("class A { constructor(private readonly repo: Repository<User>) {} }", false);
        assert!(typed.functions[1].params[0].is_field);
    }

    #[test]
    fn loops_keep_target_and_iterable() {
        let module = lower(
            "for (const x of rows) { await f(x) } for await (const y of z) {} for (let i = 0; i < n; i += 10) {}",
            false,
        );
        let kinds: Vec<(LoopKind, bool)> = module
            .stmts
            .iter()
            .filter_map(|s| match s.kind {
                StmtKind::Loop { kind, is_async, .. } => Some((kind, is_async)),
                _ => None,
            })
            .collect();
        assert_eq!(
            kinds,
            [(LoopKind::ForEach, false), (LoopKind::ForEach, true), (LoopKind::ForCounter, false)]
        );
    }
}
