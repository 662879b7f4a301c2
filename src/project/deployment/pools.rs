//! Engines and connection pools, with the size each is given.

use crate::ir::{Call, ExprId, ExprKind, FunctionId, Module, StmtKind, TemplatePart};
use crate::libraries::shared::value::{FileId, Value};
use crate::project::eval::{Code, Evaluator};
use crate::project::scope::Bound;
use crate::source::{Span, has_ignoring_case};
use crate::vocabulary::List;

const MAX_DEPTH: u32 = 8;

/// What makes a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PoolKind {
    /// `create_engine`, `create_async_engine`.
    SqlAlchemy,
    /// `asyncpg.create_pool`.
    Asyncpg,
    /// A pool of `psycopg_pool`.
    PsycopgPool,
    /// `psycopg2.pool`.
    Psycopg2,
    /// `new Pool` of node-postgres.
    NodePostgres,
    /// What `postgres(…)` of postgres.js makes: each is a pool.
    PostgresJs,
}

impl PoolKind {
    /// The library that makes it, as advice carries its name.
    pub fn library(self) -> &'static str {
        match self {
            PoolKind::SqlAlchemy => "sqlalchemy",
            PoolKind::Asyncpg => "asyncpg",
            PoolKind::PsycopgPool => "psycopg_pool",
            PoolKind::Psycopg2 => "psycopg2",
            PoolKind::NodePostgres => "pg",
            PoolKind::PostgresJs => "postgres",
        }
    }

    fn of(name: &str) -> Option<PoolKind> {
        let last = name.rsplit('.').next().unwrap_or(name);
        let starts = |package: &str| name == package || name.strip_prefix(package).is_some_and(|rest| rest.starts_with('.'));
        Some(match last {
            "create_engine" | "create_async_engine" if starts("sqlalchemy") || starts("sqlmodel") => PoolKind::SqlAlchemy,
            "create_pool" if starts("asyncpg") => PoolKind::Asyncpg,
            "ConnectionPool" | "AsyncConnectionPool" if starts("psycopg_pool") => PoolKind::PsycopgPool,
            "ThreadedConnectionPool" | "SimpleConnectionPool" if starts("psycopg2") => PoolKind::Psycopg2,
            "Pool" if starts("pg") || starts("@neondatabase/serverless") => PoolKind::NodePostgres,
            _ if matches!(name, "postgres" | "postgres.default" | "postgres.postgres") => PoolKind::PostgresJs,
            _ => return None,
        })
    }

    /// The names of its options that say how large it is.
    fn sizes(self) -> &'static [&'static str] {
        match self {
            PoolKind::SqlAlchemy => &["pool_size", "max_overflow", "poolclass", "pool", "creator"],
            PoolKind::Asyncpg | PoolKind::PsycopgPool => &["max_size", "min_size"],
            PoolKind::Psycopg2 => &["maxconn"],
            PoolKind::NodePostgres | PoolKind::PostgresJs => &["max"],
        }
    }

    /// The size without any option.
    pub fn default_size(self) -> u32 {
        match self {
            PoolKind::SqlAlchemy => 15,
            PoolKind::PsycopgPool => 4,
            PoolKind::Psycopg2 | PoolKind::Asyncpg | PoolKind::NodePostgres | PoolKind::PostgresJs => 10,
        }
    }

    /// The library's call, for sentences.
    pub fn label(self) -> &'static str {
        match self {
            PoolKind::SqlAlchemy => "create_engine",
            PoolKind::Asyncpg => "asyncpg.create_pool",
            PoolKind::PsycopgPool => "psycopg_pool.ConnectionPool",
            PoolKind::Psycopg2 => "psycopg2.pool",
            PoolKind::NodePostgres => "pg.Pool",
            PoolKind::PostgresJs => "postgres()",
        }
    }
}

/// An engine or pool.
#[derive(Clone, Debug)]
pub struct Pool {
    /// File that it stands in.
    pub file: FileId,
    /// The function it is made in.
    pub function: FunctionId,
    /// The call.
    pub span: Span,
    /// The library.
    pub kind: PoolKind,
    /// The most connections, where all parts of it are known.
    pub max: Option<u32>,
    /// Where a constant stands that gives the size.
    pub max_place: Option<(FileId, Span)>,
    /// An option says how large it is.
    pub sized: bool,
    /// Options come from somewhere that was not understood.
    pub open: bool,
    /// It is for `PostgreSQL`; `None` where the URL was not understood.
    pub postgres: Option<bool>,
    /// The function that makes it disposes of it too: a tool of one moment.
    pub short_lived: bool,
}

impl Pool {
    /// The most connections of one process: as written, or the library's default where nothing is written.
    pub fn size(&self) -> Option<u32> {
        self.max.or_else(|| (!self.sized && !self.open).then(|| self.kind.default_size()))
    }
}

/// All pools of the program itself.
pub fn find(code: &Code, postgres: bool) -> Vec<Pool> {
    super::in_sources(code, |file, module| {
        let is_beside = code.files.get(file.index()).is_some_and(|facts| super::is_beside(&facts.path));
        if is_beside {
            return Vec::new();
        }
        in_module(&Evaluator::new(code), file, module, postgres)
    })
}

fn in_module(eval: &Evaluator<'_>, file: FileId, module: &Module, postgres: bool) -> Vec<Pool> {
    let mut pools = Vec::new();
    for id in module.call_ids() {
        let expr = module.expr(id);
        let Some(call) = module.call(id) else { continue };
        let is_candidate = call.method().is_some_and(|method| {
            method.ends_with("engine")
                || method.ends_with("Pool")
                || method == "create_pool"
                || has_ignoring_case(method, "postgres")
                || method.contains("sql")
                || call.is_new
        });
        let Some(kind) = is_candidate.then(|| eval.value(file, call.callee)).and_then(|value| match value {
            Value::External(name) => PoolKind::of(&name),
            _ => None,
        }) else {
            continue;
        };
        let function = module.owner(id);
        let mut pool = Pool {
            file,
            function,
            span: expr.span,
            kind,
            max: None,
            max_place: None,
            sized: false,
            open: false,
            postgres: None,
            short_lived: is_short_lived(eval, file, id),
        };
        measure(eval, file, call, &mut pool);
        pool.postgres = dialect(eval, file, module, call, kind).or(postgres.then_some(true));
        pools.push(pool);
    }
    pools
}

/// The expression that a local name is bound to.
fn bound(eval: &Evaluator<'_>, file: FileId, expr: ExprId) -> Option<ExprId> {
    let module = eval.code.module(file);
    let ExprKind::Name(name) = module.kind(expr) else { return None };
    let binding = eval
        .code
        .scopes
        .get(file.index())?
        .binding(module.owner(expr), *name, module.expr(expr).span.start)?;
    match &binding.bound {
        Bound::Value(value, steps) if steps.is_empty() && *value != expr => Some(*value),
        _ => None,
    }
}

/// Whether a pool lives no longer than the function that makes it: its name is local, and the function neither returns it nor
/// hands it to anything.
fn is_short_lived(eval: &Evaluator<'_>, file: FileId, call: ExprId) -> bool {
    let module = eval.code.module(file);
    let owner = module.owner(call);
    let crate::ir::Parent::Stmt(stmt) = module.expr(call).parent else {
        return false;
    };
    let StmtKind::Assign { target, .. } = module.stmt(stmt).kind else {
        return false;
    };
    let Some(name) = module.name(target).filter(|_| owner != FunctionId::MODULE) else {
        return false;
    };
    let is_global = eval
        .code
        .scopes
        .get(file.index())
        .is_some_and(|scope| scope.top(module, name).is_some());
    if !super::affords_search(eval, file) {
        return false;
    }
    let is_it = |expr: ExprId| module.name(expr) == Some(name) && module.owner(expr) == owner;
    let returned = module.stmts.iter().any(|stmt| match &stmt.kind {
        StmtKind::Return(Some(value)) => is_it(*value),
        StmtKind::Assign { value: Some(value), .. } => is_it(*value),
        _ => false,
    });
    let handed = module.expr_ids().any(|(id, expr)| match &expr.kind {
        ExprKind::Call { args, .. } => args.iter().any(|arg| is_it(arg.value)),
        ExprKind::Yield(Some(value)) => is_it(*value),
        ExprKind::Tuple(items) | ExprKind::List(items) => items.iter().any(|&item| is_it(item)) && module.owner(id) == owner,
        _ => false,
    });
    let disposes = module.call_ids().any(|id| {
        let closes = module
            .call(id)
            .is_some_and(|call| matches!(call.method(), Some("dispose" | "end" | "closeall")));
        closes && module.owner(id) == owner
    });
    !is_global && (disposes || !(returned || handed))
}

/// Options by name: keywords, the object argument, and dicts that are spread in, with the keys assigned to them.
fn options(eval: &Evaluator<'_>, file: FileId, call: Call<'_>, out: &mut Vec<(String, FileId, ExprId)>) -> bool {
    let module = call.module;
    let mut open = false;
    for arg in call.args {
        match module.kind(arg.value) {
            ExprKind::Spread(inner) => {
                if !dict(eval, file, *inner, out) {
                    open = true;
                }
            }
            ExprKind::Object(_) => open |= !dict(eval, file, arg.value, out),
            _ => {
                if let Some(name) = arg.name {
                    out.push((module.str(name).to_owned(), file, arg.value));
                } else if matches!(
                    module.kind(arg.value),
                    ExprKind::Name(_) | ExprKind::Call { .. } | ExprKind::Attr { .. }
                ) && call.is_new
                {
                    open |= !dict(eval, file, arg.value, out);
                }
            }
        }
    }
    open
}

/// Adds the entries of a dict or object; `false` where some are not known.
fn dict(eval: &Evaluator<'_>, file: FileId, expr: ExprId, out: &mut Vec<(String, FileId, ExprId)>) -> bool {
    let (at, literal) = match eval.code.module(file).kind(expr) {
        ExprKind::Object(_) => (file, expr),
        _ => match eval.value(file, expr) {
            Value::Literal(at, literal) => (at, literal),
            _ => return false,
        },
    };
    let module = eval.code.module(at);
    let mut complete = false;
    if let ExprKind::Object(entries) = module.kind(literal) {
        complete = true;
        for entry in entries {
            match entry.key.and_then(|key| module.string(key)) {
                Some(key) => out.push((key.to_owned(), at, entry.value)),
                None => complete = false,
            }
        }
    }
    if let Some(name) = eval.code.module(file).name(expr) {
        if !super::affords_search(eval, file) {
            return false;
        }
        let here = eval.code.module(file);
        let owner = here.owner(expr);
        for stmt in &here.stmts {
            let StmtKind::Assign {
                target,
                value: Some(value),
                ..
            } = &stmt.kind
            else {
                continue;
            };
            let ExprKind::Index { base, index } = here.kind(*target) else {
                continue;
            };
            if here.name(*base) == Some(name)
                && here.owner(*target) == owner
                && let Some(key) = here.string(*index)
            {
                out.push((key.to_owned(), file, *value));
            }
        }
        // `kwargs.update(…)`: what else is in it is not known.
        complete &= !here.call_ids().any(|id| {
            here.call(id)
                .is_some_and(|call| call.method() == Some("update") && call.receiver().and_then(|base| here.name(base)) == Some(name))
        });
    }
    complete
}

#[allow(clippy::cast_sign_loss, reason = "numbers below zero are left out before")]
fn measure(eval: &Evaluator<'_>, file: FileId, call: Call<'_>, pool: &mut Pool) {
    let mut found = Vec::new();
    pool.open = options(eval, file, call, &mut found);
    let positional = (pool.kind == PoolKind::Psycopg2).then(|| call.arg(1)).flatten();
    found.extend(positional.map(|expr| ("maxconn".to_owned(), file, expr)));
    pool.sized = pool.kind == PoolKind::Psycopg2 || found.iter().any(|(key, ..)| pool.kind.sizes().contains(&key.as_str()));
    let size = |key: &str| {
        found
            .iter()
            .rev()
            .find(|(name, ..)| name == key)
            .map(|&(_, at, expr)| (number(eval, at, expr, MAX_DEPTH), at, expr))
    };
    if found
        .iter()
        .any(|(key, ..)| matches!(key.as_str(), "poolclass" | "pool" | "creator"))
    {
        return;
    }
    let known = |size: Option<Setting>, default: f64| match size {
        None if pool.open => None,
        None => Some((default, None)),
        Some((Some((value, at, span)), ..)) => Some((value, Some((at, span)))),
        Some((None, ..)) => None,
    };
    let (main, more) = match pool.kind {
        PoolKind::SqlAlchemy => (known(size("pool_size"), 5.0), known(size("max_overflow"), 10.0)),
        PoolKind::Asyncpg => (known(size("max_size"), 10.0), Some((0.0, None))),
        PoolKind::PsycopgPool => (known(size("max_size").or_else(|| size("min_size")), 4.0), Some((0.0, None))),
        PoolKind::Psycopg2 => (known(size("maxconn"), 10.0), Some((0.0, None))),
        PoolKind::NodePostgres | PoolKind::PostgresJs => (known(size("max"), 10.0), Some((0.0, None))),
    };
    let (Some((main, place)), Some((more, _))) = (main, more) else {
        return;
    };
    pool.max_place = place.filter(|&(at, span)| at != file || !pool.span.encloses(span));
    // A size of 0 or an overflow of -1 means no limit.
    pool.max = (pool.sized && main >= 1.0 && more >= 0.0).then_some((main + more) as u32);
}

/// The number that an argument stands for, where it is known, and the argument.
type Setting = (Option<(f64, FileId, Span)>, FileId, ExprId);

/// A number through names and defaults of the environment: `int(os.getenv("X", "5"))`, `Number(process.env.X ?? 5)`.
pub fn number(eval: &Evaluator<'_>, file: FileId, expr: ExprId, depth: u32) -> Option<(f64, FileId, Span)> {
    let depth = depth.checked_sub(1)?;
    let module = eval.code.module(file);
    if let Some(value) = module.number(expr) {
        return Some((value, file, module.expr(expr).span));
    }
    if let Some(text) = module.string(expr) {
        return text.trim().parse().ok().map(|value| (value, file, module.expr(expr).span));
    }
    match module.kind(expr) {
        ExprKind::Name(_) | ExprKind::Attr { .. } => match eval.value(file, expr) {
            Value::Literal(at, literal) if (at, literal) != (file, expr) => number(eval, at, literal, depth),
            _ => bound(eval, file, expr).and_then(|value| number(eval, file, value, depth)),
        },
        ExprKind::Binary { op, right, .. } if matches!(module.str(*op), "or" | "??") => number(eval, file, *right, depth),
        ExprKind::Call { .. } => {
            let call = module.call(expr)?;
            let method = call.method()?;
            let wanted = matches!(method, "int" | "Number" | "parseInt" | "Field" | "min" | "max") || List::SettingReads.has(method);
            let default = call.keyword("default").or_else(|| match call.method() {
                Some("int" | "Number" | "parseInt" | "Field") => call.arg(0),
                _ => call.arg(1),
            })?;
            wanted.then(|| number(eval, file, default, depth)).flatten()
        }
        _ => None,
    }
}

/// Whether the URL leads to `PostgreSQL`.
fn dialect(eval: &Evaluator<'_>, file: FileId, module: &Module, call: Call<'_>, kind: PoolKind) -> Option<bool> {
    if kind != PoolKind::SqlAlchemy {
        return Some(true);
    }
    let name = module.qualified(module.owner(call.id)).to_lowercase();
    let connect = call.keyword("connect_args").and_then(|args| {
        let args = bound(eval, file, args).unwrap_or(args);
        module.entry(args, "check_same_thread")
    });
    let is_lite = |&id: &ExprId| module.string(id).is_some_and(|text| text == "check_same_thread");
    let lite = parts_of(eval, file, call.id).iter().any(is_lite);
    if name.contains("sqlite") || connect.is_some() || lite {
        return Some(false);
    }
    let url = call.arg(0).or_else(|| call.keyword("url"))?;
    let text = head(eval, file, url, MAX_DEPTH)?;
    Some(text.starts_with("postgres"))
}

/// An expression and all below it, as far as may be looked at.
fn parts_of(eval: &Evaluator<'_>, file: FileId, expr: ExprId) -> Vec<ExprId> {
    let module = eval.code.module(file);
    let mut parts = vec![expr];
    let mut at = 0;
    while let Some(&part) = parts.get(at) {
        if !eval.afford(file, 1) {
            break;
        }
        module.each_child(part, &mut |child| parts.push(child));
        at += 1;
    }
    parts
}

/// The first characters of a text.
fn head(eval: &Evaluator<'_>, file: FileId, expr: ExprId, depth: u32) -> Option<String> {
    let depth = depth.checked_sub(1)?;
    let module = eval.code.module(file);
    if let Some(text) = module.string(expr) {
        return Some(text.to_owned());
    }
    match module.kind(expr) {
        ExprKind::Template(parts) => match parts.first()? {
            TemplatePart::Text(text) => Some(module.str(*text).to_owned()),
            TemplatePart::Hole(hole) => head(eval, file, *hole, depth),
        },
        ExprKind::Binary { op, right, .. } if matches!(module.str(*op), "or" | "??") => head(eval, file, *right, depth),
        ExprKind::Binary { left, .. } => head(eval, file, *left, depth),
        ExprKind::Name(_) | ExprKind::Attr { .. } => match eval.value(file, expr) {
            Value::Literal(at, literal) if (at, literal) != (file, expr) => head(eval, at, literal, depth),
            _ => bound(eval, file, expr).and_then(|value| head(eval, file, value, depth)),
        },
        ExprKind::Call { .. } => {
            let call = module.call(expr)?;
            match call.method()? {
                method if List::SettingReads.has(method) => head(eval, file, call.keyword("default").or_else(|| call.arg(1))?, depth),
                "str" | "make_url" => head(eval, file, call.arg(0)?, depth),
                "replace" => head(eval, file, call.receiver()?, depth),
                _ => None,
            }
        }
        _ => None,
    }
}
