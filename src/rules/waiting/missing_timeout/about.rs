//! What is asked of a whole file for each of its calls, and what around a call ends its wait.

use std::cell::{LazyCell, RefCell};

use rustc_hash::{FxHashMap, FxHashSet};

use super::own_limit::OwnLimits;
use crate::budget::{Limit, Steps};
use crate::ir::{Call, ExprId, ExprKind, FunctionId, Module, Parent, StmtId, StmtKind, Sym};
use crate::judge::evidence;
use crate::libraries::shared::api_names;
use crate::libraries::shared::clients;
use crate::libraries::shared::effects::LanguageData;
use crate::libraries::shared::query::Resolver;
use crate::libraries::shared::value::{FileId, Value};
use crate::project::Project;
use crate::project::eval::Evaluator;
use crate::project::graph::Edge;
use crate::source::has_ignoring_case;

/// Expressions and statements around a call among which the end of its wait is looked for.
const MAX_AROUND_CALL: usize = 40;

/// Where each name of each function stands.
type Uses = FxHashMap<(FunctionId, Sym), Vec<ExprId>>;

fn uses(module: &Module) -> Uses {
    let mut uses = Uses::default();
    for (id, expr) in module.expr_ids() {
        if let ExprKind::Name(name) = expr.kind {
            uses.entry((module.owner(id), name)).or_default().push(id);
        }
    }
    uses
}

/// What is asked of a whole file for each of its calls: found once, when it is first asked for.
pub(super) struct FileContext<'p> {
    project: &'p Project,
    pub(super) file: FileId,
    pub(super) module: &'p Module,
    uses: LazyCell<Uses, Box<dyn FnOnce() -> Uses + 'p>>,
    /// Clients whose calls all bring their own timeout, by the function, the client's name and its library's.
    told: RefCell<FxHashMap<(FunctionId, Sym, String), bool>>,
    has_adapter: LazyCell<bool, Box<dyn FnOnce() -> bool + 'p>>,
    pub(super) is_for_browsers: LazyCell<bool, Box<dyn FnOnce() -> bool + 'p>>,
    /// What the file bounds its waits with.
    pub(super) own_limits: LazyCell<OwnLimits, Box<dyn FnOnce() -> OwnLimits + 'p>>,
    /// Names with parts that are set, by file: options may be another file's.
    changed: RefCell<FxHashMap<FileId, FxHashSet<&'p str>>>,
    /// `with` statements, and whether one of their items ends a wait.
    guards: RefCell<FxHashMap<StmtId, bool>>,
    /// What may still be looked at for this file: options of options can name each other many times over.
    steps: Steps,
}

impl<'p> FileContext<'p> {
    pub(super) fn of(project: &'p Project, file: FileId) -> Self {
        let module = project.code.module(file);
        FileContext {
            project,
            file,
            module,
            uses: LazyCell::new(Box::new(move || uses(module))),
            told: RefCell::default(),
            has_adapter: LazyCell::new(Box::new(move || has_adapter(module))),
            is_for_browsers: LazyCell::new(Box::new(move || is_for_browsers(project, file))),
            own_limits: LazyCell::new(Box::new(move || OwnLimits::of(project, file))),
            changed: RefCell::default(),
            guards: RefCell::default(),
            steps: Steps::of(Limit::FileSteps),
        }
    }

    /// Whether this is a session in a file that mounts an adapter with a timeout: its calls need none of their own.
    pub(super) fn has_adapter(&self, name: &str) -> bool {
        clients::is_session(name) && *self.has_adapter
    }

    /// Takes a step; without one, what is asked stays open.
    pub(super) fn has_steps(&self) -> bool {
        let has = self.steps.take(1);
        if !has {
            self.project.code.overruns.add(Limit::FileSteps, self.project.path(self.file));
        }
        has
    }

    /// `options.signal = …` after it was made.
    pub(super) fn is_changed(&self, file: FileId, name: ExprId) -> bool {
        let module = self.project.code.module(file);
        let mut files = self.changed.borrow_mut();
        let names = files.entry(file).or_insert_with(|| changed(module));
        module.name(name).is_none_or(|name| names.contains(name))
    }

    /// `async with asyncio.timeout(5):`.
    fn is_guard(&self, stmt: StmtId) -> bool {
        let module = self.module;
        let StmtKind::With { items, .. } = &module.stmt(stmt).kind else {
            return false;
        };
        *self.guards.borrow_mut().entry(stmt).or_insert_with(|| {
            items.iter().any(|(value, _)| {
                let method = module.call(*value).and_then(|call| call.method());
                method.is_some_and(|method| has_ignoring_case(method, "timeout") || api_names::ends_scope(method))
            })
        })
    }

    /// A client that is only called where it was made, and each call brings its own timeout.
    pub(super) fn calls_tell(&self, table: &LanguageData, edge: &Edge, name: &str) -> bool {
        let Some(bound) = evidence::bound(self.module, edge.expr) else {
            return false;
        };
        let owner = self.module.owner(edge.expr);
        let key = (owner, bound, name.to_owned());
        let known = self.told.borrow().get(&key).copied();
        known.unwrap_or_else(|| {
            let tell = self
                .uses
                .get(&(owner, bound))
                .is_some_and(|uses| calls_tell(self.module, uses, table, name));
            self.told.borrow_mut().insert(key, tell);
            tell
        })
    }
}

/// Whether each call of a client brings its own timeout, by the places where its name stands.
fn calls_tell(module: &Module, uses: &[ExprId], table: &LanguageData, name: &str) -> bool {
    let mut calls = 0;
    for &id in uses {
        let Parent::Expr(attribute) = module.expr(id).parent else {
            continue;
        };
        let method = match module.expr(attribute).parent {
            Parent::Expr(call) => module.call(call).filter(|call| call.callee == attribute),
            _ => None,
        };
        let Some(call) = method else { return false };
        let Some(facts) = call.method().and_then(|method| table.timeout(&format!("{name}.{method}"))) else {
            continue;
        };
        if !facts.arguments.iter().any(|argument| call.keyword(argument).is_some()) {
            return false;
        }
        calls += 1;
    }
    calls > 0
}

/// Names with parts that are set: `options.signal = …`.
fn changed(module: &Module) -> FxHashSet<&str> {
    let parts = module.stmts.iter().filter_map(|stmt| match &stmt.kind {
        StmtKind::Assign { target, .. } => match module.kind(*target) {
            ExprKind::Attr { base, .. } | ExprKind::Index { base, .. } => module.name(*base),
            _ => None,
        },
        _ => None,
    });
    parts.collect()
}

/// Something around the call ends the wait: `asyncio.wait_for(…)`, `Promise.race([…])`, `withTimeout(…)`.
pub(super) fn is_guarded(about: &FileContext<'_>, edge: &Edge) -> bool {
    let module = about.module;
    let mut at = module.expr(edge.expr).parent;
    for _ in 0..MAX_AROUND_CALL {
        at = match at {
            Parent::Expr(id) => {
                let method = module.call(id).and_then(|call| call.method()).unwrap_or("").to_ascii_lowercase();
                if method.contains("timeout") && method != "settimeout" || api_names::ends_wait(&method) {
                    return true;
                }
                module.expr(id).parent
            }
            Parent::Stmt(id) => {
                if about.is_guard(id) {
                    return true;
                }
                module.stmt(id).parent
            }
            Parent::Function(id) => match module.function(id).definition {
                Parent::Expr(lambda) if module.function(id).is_lambda => Parent::Expr(lambda),
                _ => return false,
            },
            _ => return false,
        };
    }
    false
}

/// Whether a name or text of the file speaks of an adapter with a timeout.
pub(super) fn has_adapter(module: &Module) -> bool {
    module.strings.iter().any(is_adapter)
}

/// Whether a name in a function speaks of one.
fn mounts_adapter(module: &Module, function: FunctionId) -> bool {
    module.expr_ids().any(|(id, expr)| match expr.kind {
        ExprKind::Name(name) | ExprKind::Attr { name, .. } => is_adapter(module.str(name)) && module.owner(id) == function,
        _ => false,
    })
}

/// Whether a helper of the project makes the session that a call is made on, and speaks of an adapter with a timeout.
pub(super) fn makes_adapter(eval: &Evaluator<'_>, file: FileId, call: &Call<'_>, name: &str) -> bool {
    let Some(session) = call.receiver().filter(|_| clients::is_session(name)) else {
        return false;
    };
    let (at, made) = eval.definition(file, session).unwrap_or((file, session));
    let Some(made) = eval.module(at).call(made) else { return false };
    match eval.value(at, made.callee) {
        Value::Function(holder, helper) => mounts_adapter(eval.module(holder), helper),
        _ => false,
    }
}

fn is_adapter(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    text.contains("timeout") && text.contains("adapter")
}

/// A helper that touches the window.
fn is_for_browsers(project: &Project, file: FileId) -> bool {
    let module = project.code.module(file);
    let scope = project.code.scopes.get(file.index());
    // A `document` of the program's own is no page.
    let is_global = |id: ExprId, name: Sym| {
        let around = std::iter::successors(Some(module.owner(id)), |&at| module.function(at).parent);
        !around.take(20).any(|at| scope.is_some_and(|scope| scope.binds(at, name)))
    };
    module.language.runs_in_browsers()
        && module.expr_ids().any(|(id, expr)| match expr.kind {
            ExprKind::Name(name) => api_names::is_of_browsers(module.str(name)) && is_global(id, name),
            _ => false,
        })
}
