//! Python: tree-sitter-python to the language-neutral module.

use std::borrow::Cow;
use std::cell::RefCell;
use std::sync::LazyLock;

use tree_sitter::Language as Grammar;

use super::builder::{Builder, MAX_DEPTH, block};
use super::flat::{At, Field, Flat, Room, Tables, kinds};
use super::nesting::{self, Opens};
use super::{indent, parse};
use crate::coverage::Reason;
use crate::ir::{
    Arg, Clause, CompKind, ExprId, ExprKind, FunctionId, Import, Language, LoopKind, Module, ObjectEntry, Param, ParamKind, Slice, StmtId,
    StmtKind, Sym, TemplatePart,
};
use crate::source::Span;

kinds! {
    Identifier = "identifier", Attribute = "attribute", Subscript = "subscript", Slice = "slice", Call = "call", Str = "string",
    StringStart = "string_start", StringContent = "string_content", StringEnd = "string_end", Interpolation = "interpolation", Concatenated = "concatenated_string",
    Integer = "integer", Float = "float", True = "true", False = "false", None = "none", List = "list" | "list_pattern",
    Tuple = "tuple" | "tuple_pattern" | "expression_list" | "pattern_list", Set = "set", Dictionary = "dictionary", Pair = "pair",
    ListComp = "list_comprehension", SetComp = "set_comprehension", DictComp = "dictionary_comprehension", Generator = "generator_expression",
    ForIn = "for_in_clause", IfClause = "if_clause", Await = "await", Yield = "yield", Binary = "binary_operator", Boolean = "boolean_operator",
    Comparison = "comparison_operator", Not = "not_operator", Unary = "unary_operator", Conditional = "conditional_expression", Lambda = "lambda",
    Named = "named_expression", Parenthesized = "parenthesized_expression", ListSplat = "list_splat" | "list_splat_pattern",
    DictSplat = "dictionary_splat" | "dictionary_splat_pattern", KeywordArgument = "keyword_argument", Type = "type", GenericType = "generic_type",
    TypeParameter = "type_parameter", UnionType = "union_type", MemberType = "member_type", AsPattern = "as_pattern", AsTarget = "as_pattern_target",
    ArgumentList = "argument_list", Module = "module", Block = "block", ExpressionStatement = "expression_statement", Assignment = "assignment",
    Augmented = "augmented_assignment", Return = "return_statement", Raise = "raise_statement", Break = "break_statement", Continue = "continue_statement",
    If = "if_statement", Elif = "elif_clause", Else = "else_clause", For = "for_statement", While = "while_statement", Try = "try_statement",
    Except = "except_clause" | "except_group_clause", Finally = "finally_clause", With = "with_statement", WithClause = "with_clause", WithItem = "with_item",
    Match = "match_statement", Case = "case_clause", FunctionDef = "function_definition", ClassDef = "class_definition", Decorated = "decorated_definition",
    Decorator = "decorator", ImportStatement = "import_statement", ImportFrom = "import_from_statement", Wildcard = "wildcard_import",
    Aliased = "aliased_import", Dotted = "dotted_name", Relative = "relative_import", TypedParameter = "typed_parameter",
    DefaultParameter = "default_parameter", TypedDefault = "typed_default_parameter", KeywordSeparator = "keyword_separator",
    PositionalSeparator = "positional_separator", Comment = "comment", Async = "async", Pass = "pass_statement", Global = "global_statement" | "nonlocal_statement",
    Future = "future_import_statement", TypeAlias = "type_alias_statement",
}

static GRAMMAR: LazyLock<Grammar> = LazyLock::new(|| tree_sitter_python::LANGUAGE.into());
static TABLES: LazyLock<Tables<K>> = LazyLock::new(|| Tables::new(&GRAMMAR, tree_sitter_python::NODE_TYPES));
thread_local! {
    static ROOM: RefCell<Room<K>> = RefCell::default();
}

/// Lowers Python source. What does not parse is in [`Module::broken`].
///
/// Fails with the reason to leave a text out that the grammar cannot be given, or that takes too much work.
pub fn lower(text: &str) -> Result<Module, Reason> {
    let lines = lines(text);
    if indent::is_too_deep(&lines) {
        return Err(Reason::TooDeep);
    }
    let cut = nesting::cut(&lines, Opens::Brackets);
    let text = cut.as_ref();
    let tables: &Tables<K> = &TABLES;
    let room = ROOM.take();
    let flat = parse::with_tree(&GRAMMAR, text, |tree| Flat::new(tree, tables, room))?;
    let builder = Builder::new(Language::Python, text.len());
    let mut lower = Lower { flat, text, b: builder };
    lower.notes();
    let body = lower.block(0);
    ROOM.set(lower.flat.into_room());
    Ok(lower.b.finish(body))
}

/// The text with line breaks where Python sees them: a carriage return alone is one. To the grammar it is a blank, and a file of one line.
fn lines(text: &str) -> Cow<'_, str> {
    let is_lone = |at: usize| text.as_bytes().get(at + 1) != Some(&b'\n');
    let mut lone = text.match_indices('\r').map(|(at, _)| at).filter(|&at| is_lone(at)).peekable();
    if lone.peek().is_none() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for at in lone {
        out.push_str(&text[from..at]);
        out.push('\n');
        from = at + 1;
    }
    out.push_str(&text[from..]);
    Cow::Owned(out)
}

struct Lower<'t> {
    flat: Flat<K>,
    text: &'t str,
    b: Builder,
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

    /// Comments that speak to the tool, and broken ranges.
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

    fn block(&mut self, at: At) -> Vec<StmtId> {
        let mut out = Vec::new();
        let children: Vec<At> = self.flat.named(at).collect();
        for child in children {
            self.stmt(child, &mut out);
        }
        out
    }

    fn body(&mut self, at: At) -> Vec<StmtId> {
        self.flat.field(at, Field::Body).map(|body| self.block(body)).unwrap_or_default()
    }

    fn field_block(&mut self, at: At, field: Field) -> Vec<StmtId> {
        self.flat.field(at, field).map(|body| self.block(body)).unwrap_or_default()
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
            K::Comment | K::Pass | K::Global | K::Future => return,
            K::ExpressionStatement => {
                let children: Vec<At> = self.flat.named(at).filter(|&child| self.flat.kind(child) != K::Comment).collect();
                match children.as_slice() {
                    [one] if matches!(self.flat.kind(*one), K::Assignment | K::Augmented) => return self.assignment(*one, out),
                    [one] => StmtKind::Expr(self.expr(*one)),
                    _ => {
                        let items = children.into_iter().map(|child| self.expr(child)).collect::<Vec<_>>();
                        let tuple = self.b.expr(ExprKind::Tuple(items.into()), span);
                        StmtKind::Expr(tuple)
                    }
                }
            }
            K::Assignment | K::Augmented => return self.assignment(at, out),
            K::Return => StmtKind::Return(self.first_expr(at)),
            K::Raise => StmtKind::Raise(self.first_expr(at)),
            K::Break => StmtKind::Break,
            K::Continue => StmtKind::Continue,
            K::If => return self.if_statement(at, out),
            K::For => self.for_statement(at),
            K::While => {
                let test = self.field_expr(at, Field::Condition);
                let body = block(self.body(at));
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
            K::With => self.with_statement(at),
            K::Match => self.match_statement(at),
            K::FunctionDef => {
                let function = self.function(at, Vec::new());
                StmtKind::Function(function)
            }
            K::ClassDef => return self.class(at, &[], out),
            K::Decorated => return self.decorated(at, out),
            K::ImportStatement => return self.import(at),
            K::ImportFrom => return self.import_from(at),
            K::Block => {
                out.extend(self.block(at));
                return;
            }
            _ => {
                let children = self.exprs(at);
                StmtKind::Other(children.into())
            }
        };
        let stmt = self.b.stmt(kind, span);
        out.push(stmt);
    }

    fn assignment(&mut self, at: At, out: &mut Vec<StmtId>) {
        let span = self.span(at);
        let Some(left) = self.flat.field(at, Field::Left) else { return };
        let target = self.expr(left);
        let annotation = self.field_expr(at, Field::Type);
        let op = self.flat.field(at, Field::Operator).map(|op| {
            let text = self.source(op).trim_end_matches('=').to_owned();
            self.b.sym(&text)
        });
        let Some(right) = self.flat.field(at, Field::Right) else {
            let stmt = self.b.stmt(
                StmtKind::Assign {
                    target,
                    value: None,
                    annotation,
                    op,
                },
                span,
            );
            return out.push(stmt);
        };
        if self.flat.kind(right) == K::Assignment {
            // `a = b = value`: the inner assignment first, then `a = b`.
            self.stmt(right, out);
            let name = self.flat.field(right, Field::Left).map(|inner| self.expr(inner));
            let stmt = self.b.stmt(
                StmtKind::Assign {
                    target,
                    value: name,
                    annotation,
                    op,
                },
                span,
            );
            return out.push(stmt);
        }
        let value = Some(self.expr(right));
        let stmt = self.b.stmt(
            StmtKind::Assign {
                target,
                value,
                annotation,
                op,
            },
            span,
        );
        out.push(stmt);
    }

    fn if_statement(&mut self, at: At, out: &mut Vec<StmtId>) {
        // `elif` chains can be thousands long: built from the last to the first, without recursion.
        let alternatives: Vec<At> = self.flat.fields(at, Field::Alternative).collect();
        let links = alternatives.len();
        self.b.open_chain(links);
        let mut orelse: Vec<StmtId> = Vec::new();
        let mut branches = vec![at];
        for alternative in alternatives {
            if self.flat.kind(alternative) == K::Elif {
                branches.push(alternative);
            } else {
                orelse = self.body(alternative);
            }
        }
        for branch in branches.into_iter().rev() {
            let span = self.span(branch);
            let Some(test) = self.field_expr(branch, Field::Condition) else {
                continue;
            };
            let then = block(self.field_block(branch, Field::Consequence));
            self.b.branch(test, then, &mut orelse, span);
        }
        self.b.close_chain(links);
        out.extend(orelse);
    }

    fn for_statement(&mut self, at: At) -> StmtKind {
        let target = self.field_expr(at, Field::Left);
        let iterable = self.field_expr(at, Field::Right);
        let body = block(self.body(at));
        let is_async = self.flat.has(at, K::Async);
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
        let body = block(self.body(at));
        let (mut handlers, mut orelse, mut finally) = (Vec::new(), Vec::new(), Vec::new());
        let children: Vec<At> = self.flat.named(at).collect();
        for child in children {
            match self.flat.kind(child) {
                K::Except => {
                    if let Some(inner) = self.flat.child_of_kind(child, K::Block) {
                        handlers.push(block(self.block(inner)));
                    }
                }
                K::Else => orelse = self.body(child),
                K::Finally => {
                    if let Some(inner) = self.flat.child_of_kind(child, K::Block) {
                        finally = self.block(inner);
                    }
                }
                _ => {}
            }
        }
        StmtKind::Try {
            body,
            handlers: handlers.into(),
            orelse: block(orelse),
            finally: block(finally),
        }
    }

    fn with_statement(&mut self, at: At) -> StmtKind {
        let is_async = self.flat.has(at, K::Async);
        let mut items = Vec::new();
        if let Some(clause) = self.flat.child_of_kind(at, K::WithClause) {
            let children: Vec<At> = self
                .flat
                .named(clause)
                .filter(|&child| self.flat.kind(child) == K::WithItem)
                .collect();
            for item in children {
                let Some(value) = self.flat.field(item, Field::Value) else {
                    continue;
                };
                if self.flat.kind(value) == K::AsPattern {
                    let inner: Vec<At> = self.flat.named(value).collect();
                    let Some(&first) = inner.first() else { continue };
                    let context = self.expr(first);
                    let target = self.flat.field(value, Field::Alias).and_then(|alias| self.first_expr(alias));
                    items.push((context, target));
                } else {
                    items.push((self.expr(value), None));
                }
            }
        }
        let body = block(self.body(at));
        StmtKind::With {
            items: items.into(),
            is_async,
            body,
        }
    }

    fn match_statement(&mut self, at: At) -> StmtKind {
        let subject = self.field_expr(at, Field::Subject).unwrap_or_else(|| {
            let span = self.span(at);
            self.b.other(Vec::new(), span)
        });
        let mut cases = Vec::new();
        if let Some(body) = self.flat.field(at, Field::Body) {
            let children: Vec<At> = self.flat.named(body).filter(|&child| self.flat.kind(child) == K::Case).collect();
            for case in children {
                cases.push(block(self.field_block(case, Field::Consequence)));
            }
        }
        StmtKind::Switch {
            subject,
            cases: cases.into(),
        }
    }

    fn decorated(&mut self, at: At, out: &mut Vec<StmtId>) {
        let nodes: Vec<At> = self.flat.named(at).filter(|&child| self.flat.kind(child) == K::Decorator).collect();
        let Some(definition) = self.flat.field(at, Field::Definition) else {
            return;
        };
        let decorators: Vec<ExprId> = nodes.into_iter().filter_map(|node| self.first_expr(node)).collect();
        if self.flat.kind(definition) == K::ClassDef {
            return self.class(definition, &decorators, out);
        }
        let span = self.span(definition);
        let function = self.function(definition, decorators);
        let stmt = self.b.stmt(StmtKind::Function(function), span);
        out.push(stmt);
    }

    fn function(&mut self, at: At, decorators: Vec<ExprId>) -> FunctionId {
        let span = self.span(at);
        let name = self.flat.field(at, Field::Name);
        let opened = self.b.open_function(span);
        let params = self
            .flat
            .field(at, Field::Parameters)
            .map(|params| self.params(params))
            .unwrap_or_default();
        let returns = self.field_expr(at, Field::ReturnType);
        let name_sym = name.map(|name| self.sym(name));
        let name_span = name.map_or(span, |name| self.span(name));
        let is_async = self.flat.has(at, K::Async);
        let body = self.body(at);
        self.b.close_function(&opened, params, returns, body);
        let (mut is_property, mut is_static) = (false, false);
        for &decorator in &decorators {
            let text = self.b.module.dotted(decorator).unwrap_or_default();
            let last = text.rsplit('.').next().unwrap_or("");
            is_property |= matches!(last, "property" | "cached_property" | "hybrid_property");
            is_static |= matches!(last, "staticmethod" | "classmethod");
        }
        self.b.set_decorators(opened.id, decorators);
        let function = self.b.function_mut(opened.id);
        function.name = name_sym;
        function.name_span = name_span;
        function.is_async = is_async;
        function.is_property = is_property;
        function.is_static = is_static;
        opened.id
    }

    fn params(&mut self, at: At) -> Vec<Param> {
        let mut out = Vec::new();
        let mut keyword_only = false;
        let children: Vec<At> = self.flat.children(at).filter(|&child| self.flat.node(child).named).collect();
        for child in children {
            let kind = if keyword_only { ParamKind::KeywordOnly } else { ParamKind::Plain };
            let mut param = Param {
                name: None,
                pattern: None,
                annotation: None,
                default: None,
                kind,
                is_field: false,
                decorator: None,
                decorated_with: None,
            };
            match self.flat.kind(child) {
                K::Identifier => param.name = Some(self.sym(child)),
                K::KeywordSeparator => {
                    keyword_only = true;
                    continue;
                }
                K::DefaultParameter | K::TypedDefault => {
                    param.name = self.flat.field(child, Field::Name).map(|name| self.sym(name));
                    param.annotation = self.field_expr(child, Field::Type);
                    param.default = self.field_expr(child, Field::Value);
                }
                K::TypedParameter => {
                    param.annotation = self.field_expr(child, Field::Type);
                    let Some(inner) = self.flat.named(child).next() else { continue };
                    keyword_only |= self.splat(inner, &mut param);
                }
                K::ListSplat | K::DictSplat => keyword_only |= self.splat(child, &mut param),
                K::Tuple => param.pattern = Some(self.expr(child)),
                _ => continue,
            }
            out.push(param);
        }
        out
    }

    /// Sets name and kind of `x`, `*x`, `**x`; true for `*x`.
    fn splat(&mut self, at: At, param: &mut Param) -> bool {
        let name = match self.flat.kind(at) {
            K::ListSplat => {
                param.kind = ParamKind::Rest;
                self.flat.named(at).next()
            }
            K::DictSplat => {
                param.kind = ParamKind::Keywords;
                self.flat.named(at).next()
            }
            _ => Some(at),
        };
        param.name = name.map(|name| self.sym(name));
        param.kind == ParamKind::Rest
    }

    fn class(&mut self, at: At, decorators: &[ExprId], out: &mut Vec<StmtId>) {
        let span = self.span(at);
        let name = self.flat.field(at, Field::Name);
        let name_sym = name.map(|name| self.sym(name));
        let name_span = name.map_or(span, |name| self.span(name));
        let bases = self
            .flat
            .field(at, Field::Superclasses)
            .map(|args| self.args(args))
            .unwrap_or_default();
        let (id, outer) = self.b.open_class(span, name_sym, name_span);
        let body = self.body(at);
        self.b.close_class(id, outer, bases, decorators.to_vec(), body);
        self.b.module.classes[id.index()].type_params = self.type_params(at);
        let stmt = self.b.stmt(StmtKind::Class(id), span);
        out.push(stmt);
    }

    /// The names of the type parameters of a class: `class Store[T, *Keys]`.
    fn type_params(&mut self, at: At) -> Box<[Sym]> {
        let Some(list) = self.flat.field(at, Field::TypeParameters) else {
            return Box::new([]);
        };
        let texts: Vec<String> = self.flat.named(list).map(|parameter| self.source(parameter).to_owned()).collect();
        let names = texts.iter().filter_map(|text| text.split([':', '=']).next());
        names.map(|name| self.b.sym(name.trim_matches(['*', ' ']))).collect()
    }

    fn import(&mut self, at: At) {
        let span = self.span(at);
        let function = self.b.function;
        let names: Vec<At> = self.flat.fields(at, Field::Name).collect();
        for name in names {
            let (module, local) = if self.flat.kind(name) == K::Aliased {
                let (Some(dotted), Some(alias)) = (self.flat.field(name, Field::Name), self.flat.field(name, Field::Alias)) else {
                    continue;
                };
                (self.sym(dotted), self.sym(alias))
            } else {
                // `import a.b` binds `a`; attributes lead to the submodule.
                let text = self.source(name).to_owned();
                let head = text.split('.').next().unwrap_or("").trim().to_owned();
                (self.b.sym(&head), self.b.sym(&head))
            };
            self.b.module.imports.push(Import {
                module,
                name: None,
                local,
                span,
                function,
                is_type: false,
            });
        }
    }

    fn import_from(&mut self, at: At) {
        let span = self.span(at);
        let function = self.b.function;
        let Some(from) = self.flat.field(at, Field::ModuleName) else {
            return;
        };
        let text: String = self.source(from).chars().filter(|c| !c.is_whitespace()).collect();
        let module = self.b.sym(&text);
        if self.flat.has(at, K::Wildcard) {
            let star = self.b.sym("*");
            self.b.module.imports.push(Import {
                module,
                name: Some(star),
                local: star,
                span,
                function,
                is_type: false,
            });
            return;
        }
        let names: Vec<At> = self.flat.fields(at, Field::Name).collect();
        for name in names {
            let (name, local) = if self.flat.kind(name) == K::Aliased {
                let (Some(dotted), Some(alias)) = (self.flat.field(name, Field::Name), self.flat.field(name, Field::Alias)) else {
                    continue;
                };
                (self.sym(dotted), self.sym(alias))
            } else {
                let sym = self.sym(name);
                (sym, sym)
            };
            self.b.module.imports.push(Import {
                module,
                name: Some(name),
                local,
                span,
                function,
                is_type: false,
            });
        }
    }

    fn field_expr(&mut self, at: At, field: Field) -> Option<ExprId> {
        self.flat.field(at, field).map(|child| self.expr(child))
    }

    fn first_expr(&mut self, at: At) -> Option<ExprId> {
        let child = self.flat.named(at).find(|&child| self.flat.kind(child) != K::Comment)?;
        Some(self.expr(child))
    }

    fn exprs(&mut self, at: At) -> Vec<ExprId> {
        let children: Vec<At> = self.flat.named(at).filter(|&child| self.flat.kind(child) != K::Comment).collect();
        children.into_iter().map(|child| self.expr(child)).collect()
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

    fn expr_inner(&mut self, at: At, span: Span) -> ExprId {
        let kind = match self.flat.kind(at) {
            K::Identifier | K::Dotted => ExprKind::Name(self.sym(at)),
            K::Attribute => {
                let (Some(base), Some(name)) = (self.field_expr(at, Field::Object), self.flat.field(at, Field::Attribute)) else {
                    return self.b.other(Vec::new(), span);
                };
                ExprKind::Attr {
                    base,
                    name: self.sym(name),
                }
            }
            K::MemberType => {
                let parts: Vec<At> = self.flat.named(at).collect();
                let (Some(&first), Some(&last)) = (parts.first(), parts.last()) else {
                    return self.b.other(Vec::new(), span);
                };
                let base = self.expr(first);
                ExprKind::Attr {
                    base,
                    name: self.sym(last),
                }
            }
            K::Subscript => {
                let Some(base) = self.field_expr(at, Field::Value) else {
                    return self.b.other(Vec::new(), span);
                };
                let subscripts: Vec<At> = self.flat.fields(at, Field::Subscript).collect();
                let index = self.one_or_tuple(&subscripts, span);
                ExprKind::Index { base, index }
            }
            K::GenericType => {
                let parts: Vec<At> = self.flat.named(at).collect();
                let (Some(&first), Some(&last)) = (parts.first(), parts.last()) else {
                    return self.b.other(Vec::new(), span);
                };
                let base = self.expr(first);
                let arguments: Vec<At> = self.flat.named(last).collect();
                let index = self.one_or_tuple(&arguments, span);
                ExprKind::Index { base, index }
            }
            K::UnionType => {
                let parts = self.exprs(at);
                return self.fold_binary("|", parts, span);
            }
            K::Slice => self.slice(at),
            K::Call => self.call(at),
            K::Str => return self.string(&[at], span),
            K::Concatenated => {
                let parts: Vec<At> = self.flat.named(at).filter(|&child| self.flat.kind(child) == K::Str).collect();
                return self.string(&parts, span);
            }
            K::Integer | K::Float => ExprKind::Num(number(self.source(at))),
            K::True => ExprKind::Bool(true),
            K::False => ExprKind::Bool(false),
            K::None => ExprKind::Null,
            K::List => ExprKind::List(self.exprs(at).into()),
            K::Tuple => ExprKind::Tuple(self.exprs(at).into()),
            K::Set => ExprKind::Set(self.exprs(at).into()),
            K::Dictionary => self.dictionary(at),
            K::ListComp => return self.comprehension(at, CompKind::List, span),
            K::SetComp => return self.comprehension(at, CompKind::Set, span),
            K::DictComp => return self.comprehension(at, CompKind::Dict, span),
            K::Generator => return self.comprehension(at, CompKind::Generator, span),
            K::Await => match self.first_expr(at) {
                Some(inner) => ExprKind::Await(inner),
                None => ExprKind::Other(Box::new([])),
            },
            K::Yield => {
                let function = self.b.function;
                self.b.function_mut(function).is_generator = true;
                ExprKind::Yield(self.first_expr(at))
            }
            K::Binary | K::Boolean => return self.binary(at),
            K::Comparison => self.comparison(at),
            K::Not => {
                let Some(operand) = self.field_expr(at, Field::Argument) else {
                    return self.b.other(Vec::new(), span);
                };
                ExprKind::Unary {
                    op: self.b.sym("not"),
                    operand,
                }
            }
            K::Unary => {
                let Some(operand) = self.field_expr(at, Field::Argument) else {
                    return self.b.other(Vec::new(), span);
                };
                let op = self
                    .flat
                    .field(at, Field::Operator)
                    .map(|op| self.source(op).to_owned())
                    .unwrap_or_default();
                ExprKind::Unary {
                    op: self.b.sym(&op),
                    operand,
                }
            }
            K::Conditional => match self.exprs(at).as_slice() {
                &[then, test, orelse] => ExprKind::Cond { test, then, orelse },
                other => ExprKind::Other(other.into()),
            },
            K::Lambda => ExprKind::Lambda(self.lambda(at)),
            K::Named => {
                let (Some(target), Some(value)) = (self.field_expr(at, Field::Name), self.field_expr(at, Field::Value)) else {
                    return self.b.other(Vec::new(), span);
                };
                ExprKind::Assign { target, value }
            }
            K::Parenthesized | K::Type | K::AsTarget | K::WithItem => {
                let inner = self.flat.named(at).find(|&child| self.flat.kind(child) != K::Comment);
                match inner {
                    Some(inner) => return self.expr(inner),
                    None => ExprKind::Other(Box::new([])),
                }
            }
            K::ListSplat | K::DictSplat => match self.first_expr(at) {
                Some(inner) => ExprKind::Spread(inner),
                None => ExprKind::Other(Box::new([])),
            },
            _ => ExprKind::Other(self.exprs(at).into()),
        };
        self.b.expr(kind, span)
    }

    fn one_or_tuple(&mut self, nodes: &[At], span: Span) -> ExprId {
        if let [one] = nodes {
            return self.expr(*one);
        }
        let items: Vec<ExprId> = nodes.iter().map(|&node| self.expr(node)).collect();
        self.b.expr(ExprKind::Tuple(items.into()), span)
    }

    fn fold_binary(&mut self, op: &str, parts: Vec<ExprId>, span: Span) -> ExprId {
        let op = self.b.sym(op);
        let mut parts = parts.into_iter();
        let Some(mut left) = parts.next() else {
            return self.b.other(Vec::new(), span);
        };
        for right in parts {
            left = self.b.expr(ExprKind::Binary { op, left, right }, span);
        }
        left
    }

    fn slice(&mut self, at: At) -> ExprKind {
        // The grammar gives no fields: bounds are told apart by the colons' places.
        let start = self.flat.node(at).start;
        let first_colon = self.source(at).find(':').map_or(u32::MAX, |offset| start + offset as u32);
        let (mut lower, mut upper, mut step) = (None, None, None);
        let children: Vec<At> = self.flat.named(at).filter(|&child| self.flat.kind(child) != K::Comment).collect();
        for child in children {
            let node = self.flat.node(child);
            let value = self.expr(child);
            if node.end <= first_colon {
                lower = Some(value);
            } else if upper.is_none() {
                upper = Some(value);
            } else {
                step = Some(value);
            }
        }
        ExprKind::Slice(Box::new(Slice { lower, upper, step }))
    }

    fn call(&mut self, at: At) -> ExprKind {
        let Some(callee) = self.field_expr(at, Field::Function) else {
            return ExprKind::Other(Box::new([]));
        };
        let args = match self.flat.field(at, Field::Arguments) {
            Some(arguments) if self.flat.kind(arguments) == K::Generator => vec![Arg {
                name: None,
                value: self.expr(arguments),
            }],
            Some(arguments) => self.args(arguments),
            None => Vec::new(),
        };
        ExprKind::Call {
            callee,
            args: args.into(),
            is_new: false,
        }
    }

    fn args(&mut self, at: At) -> Vec<Arg> {
        let children: Vec<At> = self.flat.named(at).filter(|&child| self.flat.kind(child) != K::Comment).collect();
        let mut out = Vec::new();
        for child in children {
            if self.flat.kind(child) == K::KeywordArgument {
                let (Some(name), Some(value)) = (self.flat.field(child, Field::Name), self.flat.field(child, Field::Value)) else {
                    continue;
                };
                let name = Some(self.sym(name));
                out.push(Arg {
                    name,
                    value: self.expr(value),
                });
            } else {
                out.push(Arg {
                    name: None,
                    value: self.expr(child),
                });
            }
        }
        out
    }

    /// One literal, or adjacent ones joined: a plain string, or a template where one of them has holes.
    fn string(&mut self, literals: &[At], span: Span) -> ExprId {
        let mut parts: Vec<TemplatePart> = Vec::new();
        let mut text = String::new();
        for &literal in literals {
            let children: Vec<At> = self.flat.named(literal).collect();
            let mut raw = false;
            for child in children {
                match self.flat.kind(child) {
                    K::StringStart => raw = self.source(child).contains(['r', 'R']),
                    K::StringContent => {
                        let source = self.source(child);
                        if raw || !source.contains('\\') {
                            text.push_str(source);
                        } else {
                            unescape(source, &mut text);
                        }
                    }
                    K::Interpolation => {
                        if !text.is_empty() {
                            let sym = self.b.sym(&std::mem::take(&mut text));
                            parts.push(TemplatePart::Text(sym));
                        }
                        let hole = self.field_expr(child, Field::Expression).or_else(|| self.first_expr(child));
                        let hole = match hole {
                            Some(hole) => hole,
                            None => self.b.other(Vec::new(), span),
                        };
                        parts.push(TemplatePart::Hole(hole));
                    }
                    _ => {}
                }
            }
        }
        if parts.is_empty() {
            let sym = self.b.sym(&text);
            return self.b.expr(ExprKind::Str(sym), span);
        }
        if !text.is_empty() {
            let sym = self.b.sym(&text);
            parts.push(TemplatePart::Text(sym));
        }
        self.b.expr(ExprKind::Template(parts.into()), span)
    }

    fn dictionary(&mut self, at: At) -> ExprKind {
        let children: Vec<At> = self.flat.named(at).collect();
        let mut entries = Vec::new();
        for child in children {
            match self.flat.kind(child) {
                K::Pair => {
                    let (Some(key), Some(value)) = (self.field_expr(child, Field::Key), self.field_expr(child, Field::Value)) else {
                        continue;
                    };
                    entries.push(ObjectEntry { key: Some(key), value });
                }
                K::DictSplat => {
                    if let Some(value) = self.first_expr(child) {
                        entries.push(ObjectEntry { key: None, value });
                    }
                }
                _ => {}
            }
        }
        ExprKind::Object(entries.into())
    }

    fn comprehension(&mut self, at: At, kind: CompKind, span: Span) -> ExprId {
        let mut elements = Vec::new();
        if let Some(body) = self.flat.field(at, Field::Body) {
            if self.flat.kind(body) == K::Pair {
                elements.extend(self.field_expr(body, Field::Key));
                elements.extend(self.field_expr(body, Field::Value));
            } else {
                elements.push(self.expr(body));
            }
        }
        let mut clauses: Vec<Clause> = Vec::new();
        let mut conditions: Vec<ExprId> = Vec::new();
        let children: Vec<At> = self.flat.named(at).collect();
        for child in children {
            match self.flat.kind(child) {
                K::ForIn => {
                    let (Some(target), Some(iterable)) = (self.field_expr(child, Field::Left), self.field_expr(child, Field::Right)) else {
                        continue;
                    };
                    let is_async = self.flat.has(child, K::Async);
                    end_clause(&mut clauses, &mut conditions);
                    clauses.push(Clause {
                        target,
                        iterable,
                        conditions: Box::new([]),
                        is_async,
                    });
                }
                K::IfClause => {
                    let Some(condition) = self.first_expr(child) else { continue };
                    conditions.push(condition);
                }
                _ => {}
            }
        }
        end_clause(&mut clauses, &mut conditions);
        self.b.comp(kind, elements, clauses, span)
    }

    /// `a + b + c …` nests to the left: unrolled so that long chains cost no stack.
    fn binary(&mut self, at: At) -> ExprId {
        let mut nodes: Vec<At> = Vec::new();
        let mut leftmost = at;
        while matches!(self.flat.kind(leftmost), K::Binary | K::Boolean) {
            let Some(left) = self.flat.field(leftmost, Field::Left) else {
                break;
            };
            nodes.push(leftmost);
            leftmost = left;
        }
        let links = nodes.len();
        self.b.open_chain(links);
        let mut left = if matches!(self.flat.kind(leftmost), K::Binary | K::Boolean) {
            let span = self.span(leftmost);
            self.b.other(Vec::new(), span)
        } else {
            self.expr(leftmost)
        };
        for node in nodes.into_iter().rev() {
            let op = self
                .flat
                .field(node, Field::Operator)
                .map(|op| self.source(op).to_owned())
                .unwrap_or_default();
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

    fn comparison(&mut self, at: At) -> ExprKind {
        let operands = self.exprs(at);
        let ops: Vec<At> = self.flat.fields(at, Field::Operators).collect();
        let op = match (ops.first(), ops.last()) {
            (Some(&first), Some(&last)) if ops.len() > 1 && operands.len() == 2 => {
                // `not in`, `is not` are two tokens.
                let text = self
                    .text
                    .get(self.flat.node(first).start as usize..self.flat.node(last).end as usize)
                    .unwrap_or("");
                text.split_whitespace().collect::<Vec<_>>().join(" ")
            }
            (Some(&first), _) => self.source(first).split_whitespace().collect::<Vec<_>>().join(" "),
            _ => String::new(),
        };
        let op = self.b.sym(&op);
        match operands.as_slice() {
            &[left, right] => ExprKind::Binary { op, left, right },
            _ => ExprKind::Other(operands.into()),
        }
    }

    fn lambda(&mut self, at: At) -> FunctionId {
        let span = self.span(at);
        let opened = self.b.open_function(span);
        let params = self
            .flat
            .field(at, Field::Parameters)
            .map(|params| self.params(params))
            .unwrap_or_default();
        let mut body = Vec::new();
        if let Some(value) = self.flat.field(at, Field::Body) {
            let value_span = self.span(value);
            let value = self.expr(value);
            body.push(self.b.stmt(StmtKind::Return(Some(value)), value_span));
        }
        self.b.close_function(&opened, params, None, body);
        self.b.function_mut(opened.id).is_lambda = true;
        opened.id
    }
}

/// Gives the last clause the conditions that were read after it; before the first clause there are none.
fn end_clause(clauses: &mut [Clause], conditions: &mut Vec<ExprId>) {
    let conditions = std::mem::take(conditions);
    if let Some(clause) = clauses.last_mut() {
        clause.conditions = conditions.into();
    }
}

#[allow(clippy::cast_precision_loss, reason = "a number that large is no limit or delay")]
fn hexadecimal(digits: &str) -> f64 {
    i64::from_str_radix(digits, 16).map_or(f64::NAN, |value| value as f64)
}

fn number(text: &str) -> f64 {
    let clean: String = text.chars().filter(|&c| c != '_').collect();
    if let Some(hex) = clean.strip_prefix("0x").or_else(|| clean.strip_prefix("0X")) {
        return hexadecimal(hex);
    }
    clean.trim_end_matches(['j', 'J', 'l', 'L']).parse().unwrap_or(f64::NAN)
}

/// Resolves the escapes that matter to text that is read again (SQL, paths); others stay as written.
fn unescape(source: &str, out: &mut String) {
    let mut chars = source.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            Some('\n') => {}
            Some(quote @ ('\\' | '\'' | '"')) => out.push(quote),
            Some(other) => {
                out.push('\\');
                out.push(other);
            }
            None => out.push('\\'),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budget;

    fn lower(text: &str) -> Module {
        super::lower(text).expect("parses")
    }

    fn value_of(text: &str) -> (Module, ExprId) {
        let module = lower(text);
        let stmt = *module.function(FunctionId::MODULE).body.last().expect("a statement");
        let StmtKind::Assign { value: Some(value), .. } = module.stmt(stmt).kind else {
            panic!("not an assignment")
        };
        (module, value)
    }

    #[test]
    fn adjacent_literals_are_one_string() {
        let (module, value) = value_of("q = (\"SELECT 1 \"\n     'FROM t')\n");
        assert_eq!(module.string(value), Some("SELECT 1 FROM t"));
    }

    #[test]
    fn slices_know_their_bounds() {
        let (module, value) = value_of("x = rows[:5]\n");
        let ExprKind::Index { index, .. } = module.kind(value) else {
            panic!()
        };
        let ExprKind::Slice(slice) = module.kind(*index) else { panic!() };
        assert_eq!(
            (slice.lower, slice.upper.and_then(|upper| module.number(upper)), slice.step),
            (None, Some(5.0), None)
        );
    }

    #[test]
    fn a_lambda_body_belongs_to_the_lambda() {
        let (module, _) = value_of("f = lambda x: g(x)\n");
        let call = module
            .expr_ids()
            .find(|(_, expr)| matches!(expr.kind, ExprKind::Call { .. }))
            .expect("a call")
            .0;
        assert_eq!(module.owner(call), FunctionId(1));
    }

    #[test]
    fn facts_around_a_broken_range_stay() {
        let module = lower("def a():\n    return 1\n\nx = = 3 )\n\ndef b():\n    return 2\n");
        let names: Vec<_> = module
            .functions
            .iter()
            .filter_map(|f| f.name)
            .map(|n| module.str(n).to_owned())
            .collect();
        assert_eq!(names, ["a", "b"]);
        assert!(!module.broken.is_empty());
    }

    #[test]
    fn a_carriage_return_alone_ends_a_line() {
        let module = lower("def a():\r    return 1\r\rdef b():\r\n    return 2\r\r\n");
        assert_eq!((module.broken.len(), module.functions.len()), (0, 3));
    }

    #[test]
    fn deep_nesting_is_counted_and_harmless() {
        let (module, told) = budget::hearing(|| lower(&format!("x = {}{}", "(".repeat(100_000), ")".repeat(100_000))));
        assert!(!told.is_empty() || !module.broken.is_empty());
        let (_, told) = budget::hearing(|| lower(&format!("x = {}1", "1 + ".repeat(20_000))));
        // A chain is no nesting; what stands in it stands in too much for a search.
        assert_eq!(told, [(budget::Limit::Holders, 4)]);
    }
}
