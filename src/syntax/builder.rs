//! Builds an [`ir::Module`]: interning, parent links, scopes.

use std::cell::RefCell;
use std::hash::BuildHasher;
use std::thread::LocalKey;

use hashbrown::hash_table::{Entry, HashTable};
use rustc_hash::FxBuildHasher;

use super::large;
use crate::budget::{self, CountedVec, Limit};
use crate::ir::{
    Arg, Block, Class, ClassId, Clause, Comment, Comp, CompKind, Expr, ExprId, ExprKind, Function, FunctionId, Language, Module,
    ModuleIndex, NameFilter, Param, Parent, Stmt, StmtId, StmtKind, Strings, Sym,
};
use crate::source::Span;

/// Nesting that is followed, see [`Limit::Nesting`]; deeper code is left out, so that hostile input cannot exhaust the stack.
pub const MAX_DEPTH: u32 = 400;

/// Nodes whose memory is kept for the next module.
const LARGEST_ROOM: usize = 1 << 16;

thread_local! {
    static EXPRS: RefCell<Vec<Expr>> = RefCell::default();
    static STMTS: RefCell<Vec<Stmt>> = RefCell::default();
}

/// Moves what a thread's list holds to one of just its size: a list that is shrunk where it stands leaves holes. A large one has memory
/// of its own, which leaves none, and would be held twice.
fn exact<T>(room: &'static LocalKey<RefCell<Vec<T>>>, list: &mut Vec<T>) {
    if list.len() > LARGEST_ROOM {
        list.shrink_to_fit();
        return;
    }
    let mut full = std::mem::take(list);
    list.reserve_exact(full.len());
    list.append(&mut full);
    full.shrink_to(LARGEST_ROOM);
    room.set(full);
}

/// A module under construction.
pub struct Builder {
    pub module: Module,
    /// The interned strings by their hash.
    interned: HashTable<Sym>,
    /// The function being lowered.
    pub function: FunctionId,
    /// The class whose body is being lowered, directly.
    pub class: Option<ClassId>,
    /// How deep the node being lowered nests.
    pub depth: u32,
    /// Links of the chains around the node being lowered, which are built without nesting.
    links: usize,
    /// How deep the deepest node may stand, by both.
    deepest: usize,
}

impl Builder {
    pub fn new(language: Language, length: usize) -> Self {
        let module = Module {
            language,
            strings: Strings::default(),
            words: NameFilter::default(),
            exprs: EXPRS.take().into(),
            stmts: STMTS.take().into(),
            calls: Box::new([]),
            functions: CountedVec::default(),
            classes: CountedVec::default(),
            imports: CountedVec::default(),
            exports: CountedVec::default(),
            comments: Vec::new(),
            broken: Vec::new(),
            index: ModuleIndex::default(),
        };
        let mut builder = Builder {
            module,
            interned: HashTable::new(),
            function: FunctionId::MODULE,
            class: None,
            depth: 0,
            links: 0,
            deepest: 0,
        };
        builder.reserve_function(Span::new(0, length), None);
        builder
    }

    /// Goes one level deeper.
    pub fn nest(&mut self) {
        self.depth += 1;
        self.deepest = self.deepest.max(self.depth as usize + self.links);
    }

    /// Goes into a chain of so many links, each of which holds the ones before it (`a + b + c`, `elif`).
    pub fn open_chain(&mut self, links: usize) {
        self.links += links;
        self.deepest = self.deepest.max(self.depth as usize + self.links);
    }

    /// Puts a branch in front of those that come after it in their chain, which become its `else`.
    pub fn branch(&mut self, test: ExprId, then: Block, orelse: &mut Vec<StmtId>, span: Span) {
        let after = block(std::mem::take(orelse));
        let kind = StmtKind::If { test, then, orelse: after };
        orelse.push(self.stmt(kind, span));
    }

    /// Leaves such a chain.
    pub fn close_chain(&mut self, links: usize) {
        self.links -= links;
    }

    /// Tells of code that nests too deep to be followed.
    pub fn too_deep(span: Span) {
        budget::tell(Limit::Nesting, span.start);
    }

    pub fn sym(&mut self, text: &str) -> Sym {
        let strings = &mut self.module.strings;
        let hash = |text: &str| FxBuildHasher.hash_one(text);
        let is_same = |sym: &Sym| strings.get(*sym) == text;
        let of = |sym: &Sym| hash(strings.get(*sym));
        match self.interned.entry(hash(text), is_same, of) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(free) => {
                let sym = strings.push(text);
                free.insert(sym);
                sym
            }
        }
    }

    /// Adds an expression and becomes its children's parent.
    pub fn expr(&mut self, kind: ExprKind, span: Span) -> ExprId {
        let id = ExprId(self.module.exprs.len() as u32);
        if let ExprKind::Lambda(function) = kind {
            self.module.functions[function.index()].definition = Parent::Expr(id);
        }
        let exprs = &mut self.module.exprs;
        kind.each_child(&mut |child| exprs[child.index()].parent = Parent::Expr(id));
        exprs.push(Expr {
            kind,
            span,
            parent: Parent::None,
        });
        id
    }

    /// Adds a statement and becomes its children's parent.
    pub fn stmt(&mut self, kind: StmtKind, span: Span) -> StmtId {
        let id = StmtId(self.module.stmts.len() as u32);
        if let StmtKind::Function(function) = kind {
            self.module.functions[function.index()].definition = Parent::Stmt(id);
        }
        self.module.stmts.push(Stmt {
            kind,
            span,
            parent: Parent::None,
        });
        for child in self.module.stmt_exprs(id) {
            self.module.exprs[child.index()].parent = Parent::Stmt(id);
        }
        let inner: Vec<StmtId> = self.module.stmt_blocks(id).concat();
        for child in inner {
            self.module.stmts[child.index()].parent = Parent::Stmt(id);
        }
        id
    }

    pub fn reserve_function(&mut self, span: Span, parent: Option<FunctionId>) -> FunctionId {
        let id = FunctionId(self.module.functions.len() as u32);
        let next = ExprId(self.module.exprs.len() as u32);
        self.module.functions.push(Function {
            name: None,
            span,
            name_span: Span {
                start: span.start,
                end: span.start,
            },
            params: Box::new([]),
            decorators: Box::new([]),
            returns: None,
            is_async: false,
            is_generator: false,
            is_lambda: false,
            body: Box::new([]),
            exprs: (next, next),
            class: None,
            parent,
            definition: Parent::None,
            is_property: false,
            is_static: false,
            directive: None,
        });
        id
    }

    /// Opens a function below the current one; [`Builder::close_function`] ends it.
    pub fn open_function(&mut self, span: Span) -> Opened {
        let id = self.reserve_function(span, Some(self.function));
        self.module.functions[id.index()].class = self.class;
        let opened = Opened {
            id,
            outer: self.function,
            outer_class: self.class,
        };
        self.function = id;
        self.class = None;
        opened
    }

    /// Ends a function: sets what was found of it.
    pub fn close_function(&mut self, opened: &Opened, params: Vec<Param>, returns: Option<ExprId>, body: Vec<StmtId>) {
        for param in &params {
            for child in [param.pattern, param.annotation, param.default].into_iter().flatten() {
                self.module.exprs[child.index()].parent = Parent::Function(opened.id);
            }
        }
        if let Some(returns) = returns {
            self.module.exprs[returns.index()].parent = Parent::Function(opened.id);
        }
        for &stmt in &body {
            self.module.stmts[stmt.index()].parent = Parent::Function(opened.id);
        }
        let function = &mut self.module.functions[opened.id.index()];
        function.params = params.into();
        function.returns = returns;
        function.body = body.into();
        function.exprs.1 = ExprId(self.module.exprs.len() as u32);
        self.function = opened.outer;
        self.class = opened.outer_class;
    }

    pub fn function_mut(&mut self, id: FunctionId) -> &mut Function {
        &mut self.module.functions[id.index()]
    }

    pub fn set_decorators(&mut self, function: FunctionId, decorators: Vec<ExprId>) {
        for &decorator in &decorators {
            self.module.exprs[decorator.index()].parent = Parent::Function(function);
        }
        self.module.functions[function.index()].decorators = decorators.into();
    }

    /// Opens a class; the caller lowers its body and ends with [`Builder::close_class`].
    pub fn open_class(&mut self, span: Span, name: Option<Sym>, name_span: Span) -> (ClassId, Option<ClassId>) {
        let id = ClassId(self.module.classes.len() as u32);
        self.module.classes.push(Class {
            name,
            span,
            name_span,
            bases: Box::new([]),
            type_params: Box::new([]),
            implements: Box::new([]),
            decorators: Box::new([]),
            body: Box::new([]),
            parent: self.function,
            outer: self.class,
            is_interface: false,
        });
        let outer = self.class;
        self.class = Some(id);
        (id, outer)
    }

    pub fn close_class(&mut self, id: ClassId, outer: Option<ClassId>, bases: Vec<Arg>, decorators: Vec<ExprId>, body: Vec<StmtId>) {
        for child in bases.iter().map(|base| base.value).chain(decorators.iter().copied()) {
            self.module.exprs[child.index()].parent = Parent::Class(id);
        }
        for &stmt in &body {
            self.module.stmts[stmt.index()].parent = Parent::Class(id);
        }
        let class = &mut self.module.classes[id.index()];
        class.bases = bases.into();
        class.decorators = decorators.into();
        class.body = body.into();
        self.class = outer;
    }

    pub fn other(&mut self, children: Vec<ExprId>, span: Span) -> ExprId {
        self.expr(ExprKind::Other(children.into()), span)
    }

    pub fn comp(&mut self, kind: CompKind, elements: Vec<ExprId>, clauses: Vec<Clause>, span: Span) -> ExprId {
        self.expr(
            ExprKind::Comp(Box::new(Comp {
                kind,
                elements: elements.into(),
                clauses: clauses.into(),
            })),
            span,
        )
    }

    pub fn comment(&mut self, text: &str, span: Span) {
        if text.contains("perfaudit:") {
            self.module.comments.push(Comment {
                text: text.trim_matches(['#', '/', '*', '{', '}', ' ', '\t']).to_owned(),
                span,
            });
        }
    }

    /// Ends the module.
    pub fn finish(mut self, body: Vec<StmtId>) -> Module {
        let root = Opened {
            id: FunctionId::MODULE,
            outer: FunctionId::MODULE,
            outer_class: None,
        };
        self.close_function(&root, Vec::new(), None, body);
        large::tell(&self.module, self.deepest);
        self.module.words = NameFilter::of(&self.module.strings);
        self.module.strings.shrink_to_fit();
        let calls = self
            .module
            .expr_ids()
            .filter(|(_, expr)| matches!(expr.kind, ExprKind::Call { .. }));
        self.module.calls = calls.map(|(id, _)| id).collect();
        exact(&EXPRS, self.module.exprs.as_mut_vec());
        exact(&STMTS, self.module.stmts.as_mut_vec());
        self.module
    }
}

/// An open function and what to go back to.
pub struct Opened {
    pub id: FunctionId,
    outer: FunctionId,
    outer_class: Option<ClassId>,
}

/// A block from statements.
pub fn block(stmts: Vec<StmtId>) -> Block {
    stmts.into()
}
