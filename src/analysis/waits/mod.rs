//! What a piece of code asks of other machines, as the rules on waiting see it, and which names it uses.

pub mod handle;
pub mod loop_state;

use rustc_hash::FxHashSet;

use crate::ir::{ExprId, ExprKind, Module, Sym};
use crate::judge::evidence;
use crate::libraries::shared::api_names;
use crate::libraries::shared::clients;
use crate::libraries::shared::effects::Effects;
use crate::libraries::shared::query_hooks::is_refresh;
use crate::libraries::shared::value::FileId;
use crate::project::eval::Evaluator;
use crate::project::graph::{Edge, EdgeKind, FnId};
use crate::project::{Project, branches};
use crate::source::Span;
use crate::statement::Operation;
use crate::vocabulary::{List, Name};
use crate::walk::FileRole;

/// Whether order can matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum IoKind {
    /// Only asks.
    Read,
    /// Changes something, or may.
    Write,
}

/// One wait for something outside the process.
#[derive(Clone, Debug)]
pub struct Io {
    /// Read or write.
    pub kind: IoKind,
    /// In words, for a sentence.
    pub words: String,
    /// It is a database statement: two of them on one session or transaction cannot run at the same time.
    pub is_query: bool,
    /// Known by its name alone.
    pub is_guess: bool,
}

impl Io {
    /// A change that only a name tells of.
    pub fn guessed_write(method: &str) -> Io {
        Io {
            kind: IoKind::Write,
            words: format!("`{method}`"),
            is_query: false,
            is_guess: true,
        }
    }
}

/// All I/O of one file, and its names, by place.
pub struct FileIo<'p> {
    project: &'p Project,
    module: &'p Module,
    items: Vec<(Span, Io)>,
    names: Vec<(u32, Sym)>,
    awaits: Vec<(u32, ExprId)>,
    sites: FxHashSet<ExprId>,
}

impl<'p> FileIo<'p> {
    /// Collects what the functions of a file do.
    pub fn new(project: &'p Project, file: FileId) -> Self {
        let module = project.code.module(file);
        let mut items = Vec::new();
        let mut sites = FxHashSet::default();
        for (id, _) in module.function_ids() {
            let function = project.graph.id(file, id);
            let node = project.graph.function(function);
            for &site in &node.queries {
                let Some(site) = project.graph.sites.get(site) else { continue };
                let method = module.call(site.expr).and_then(|call| call.method()).unwrap_or("");
                let asks = match site.query.statement.operation {
                    Operation::Select => true,
                    Operation::Other => is_reading(method),
                    _ => false,
                };
                let kind = if asks { IoKind::Read } else { IoKind::Write };
                let io = Io {
                    kind,
                    words: words_of(module, site.expr).unwrap_or_else(|| evidence::describe(&site.query)),
                    is_query: true,
                    is_guess: false,
                };
                sites.insert(site.expr);
                items.push((site.span, io));
            }
            items.extend(node.edges.iter().filter_map(|edge| {
                let io = of_edge(project, function, edge)?;
                Some((module.expr(edge.expr).span, io))
            }));
        }
        items.sort_by_key(|(span, _)| (span.start, span.end));
        let mut names: Vec<(u32, Sym)> = module
            .exprs
            .iter()
            .filter_map(|expr| match expr.kind {
                ExprKind::Name(name) => Some((expr.span.start, name)),
                _ => None,
            })
            .collect();
        names.sort_unstable();
        let mut awaits: Vec<(u32, ExprId)> = module
            .expr_ids()
            .filter(|(_, expr)| matches!(expr.kind, ExprKind::Await(_)))
            .map(|(id, expr)| (expr.span.start, id))
            .collect();
        awaits.sort_unstable();
        FileIo {
            project,
            module,
            items,
            names,
            awaits,
            sites,
        }
    }

    /// The names that stand in a range of the source.
    pub fn names(&self, span: Span) -> impl Iterator<Item = Sym> + '_ {
        let from = self.names.partition_point(|(start, _)| *start < span.start);
        self.names[from..]
            .iter()
            .take_while(move |(start, _)| *start < span.end)
            .map(|&(_, name)| name)
    }

    /// Whether an `await` stands in a range of the source.
    pub fn has_await(&self, span: Span) -> bool {
        self.awaits_in(span).next().is_some()
    }

    /// The `await`s that stand in a range of the source, in its order.
    pub fn awaits_in(&self, span: Span) -> impl Iterator<Item = ExprId> + '_ {
        let from = self.awaits.partition_point(|&(start, _)| start < span.start);
        self.awaits[from..]
            .iter()
            .take_while(move |(start, _)| *start < span.end)
            .map(|&(_, id)| id)
    }

    /// Whether a call is a statement to a database itself: `.limit(1)` at the end of its chain limits rows and refuses nobody.
    pub fn is_statement(&self, call: ExprId) -> bool {
        self.sites.contains(&call)
    }

    /// What a range of the source waits for: the weightiest.
    pub fn within(&self, span: Span) -> Option<Io> {
        let from = self.items.partition_point(|(at, _)| at.start < span.start);
        let inside: Vec<&Io> = self.items[from..]
            .iter()
            .take_while(|(at, _)| at.start < span.end)
            .filter(|(at, _)| span.encloses(*at))
            .map(|(_, io)| io)
            .collect();
        let weightiest = inside.iter().max_by_key(|io| (io.kind, !io.is_guess))?;
        Some(Io {
            is_query: inside.iter().any(|io| io.is_query),
            ..(*weightiest).clone()
        })
    }

    /// A transaction, a session or a single connection runs one statement at a time.
    pub fn shares_handle(&self, eval: &Evaluator<'_>, file: FileId, inner: ExprId) -> bool {
        let Some(call) = self.module.call(inner) else { return false };
        let root = eval.value(file, call.root());
        let is_connection = root.library_name().is_some_and(clients::is_one_connection);
        is_connection || handle::in_transaction(self.project, self.project.graph.id(file, self.module.owner(inner)), inner)
    }

    /// What an awaited expression waits for; a call that was not resolved is judged by its name.
    pub fn awaited(&self, inner: ExprId) -> Option<Io> {
        self.within(self.module.expr(inner).span).or_else(|| by_name(self.module, inner))
    }
}

/// A query as it is written, where that is short: `prisma.user.count`.
fn words_of(module: &Module, expr: ExprId) -> Option<String> {
    let path = module.dotted(module.call(expr)?.callee)?;
    (path.contains('.') && path.len() <= 60).then(|| format!("`{path}`"))
}

fn of_edge(project: &Project, function: FnId, edge: &Edge) -> Option<Io> {
    let module = project.code.module(project.graph.function(function).file);
    if edge.kind == EdgeKind::Later || edge.guessed {
        return None;
    }
    let call = module.call(edge.expr)?;
    if edge.external.is_some() {
        let outside = Effects::NETWORK.and(Effects::QUERY).and(Effects::WRITE);
        if !edge.effects.any(outside) {
            return None;
        }
        let name = evidence::readable(edge.external.as_deref().unwrap_or_default());
        let last = name.rsplit('.').next().unwrap_or(&name);
        let asks = edge.effects.any(Effects::QUERY.and(Effects::CACHE_GET)) || is_reading(last);
        let changes = edge.effects.any(Effects::WRITE.and(Effects::CACHE_SET)) || !asks || sends(module, edge.expr);
        return Some(Io {
            kind: if changes { IoKind::Write } else { IoKind::Read },
            words: format!("`{name}`"),
            is_query: edge.effects.any(Effects::QUERY.and(Effects::WRITE)),
            is_guess: false,
        });
    }
    let name = call.method()?;
    let effects = edge
        .targets
        .iter()
        .fold(Effects::NONE, |all, &target| all.and(effects(project, function, edge, target)));
    if !effects.any(Effects::QUERY.and(Effects::WRITE).and(Effects::NETWORK)) {
        return None;
    }
    let only_network = !effects.any(Effects::QUERY.and(Effects::WRITE));
    let changes = effects.has(Effects::WRITE) || is_changing(name) || (only_network && !is_reading(name));
    Some(Io {
        kind: if changes { IoKind::Write } else { IoKind::Read },
        words: format!("`{name}`"),
        is_query: !only_network,
        is_guess: false,
    })
}

/// What a call's target does with the arguments that the call passes: what an option asks for that is not given does not happen.
fn effects(project: &Project, from: FnId, edge: &Edge, target: FnId) -> Effects {
    let effects = project.graph.function(target).effects;
    [Effects::QUERY, Effects::WRITE, Effects::NETWORK]
        .into_iter()
        .filter(|&effect| effects.has(effect) && branches::runs(project, from, edge, target, effect))
        .fold(Effects::NONE, Effects::and)
}

/// `fetch(url, { method: "POST" })`.
fn sends(module: &Module, expr: ExprId) -> bool {
    let Some(call) = module.call(expr) else { return false };
    let objects = call.args.iter().map(|arg| arg.value);
    objects.filter_map(|object| module.entry(object, "method")).any(|method| {
        module
            .string(method)
            .is_none_or(|method| !method.eq_ignore_ascii_case("get") && !method.eq_ignore_ascii_case("head"))
    })
}

/// `usersRepository.findById(…)`, `queryClient.prefetchQuery(…)`, `api.tag.list.query()`: a service by its name.
fn by_name(module: &Module, inner: ExprId) -> Option<Io> {
    let mut call = module.call(inner)?;
    // `client.endpoint(options)(arguments)` and `load().catch(…)`.
    loop {
        let next = match module.kind(call.callee) {
            ExprKind::Call { .. } => Some(call.callee),
            ExprKind::Attr { base, name } if api_names::goes_on(module.str(*name)) => Some(module.unawaited(*base)),
            _ => None,
        };
        match next.and_then(|next| module.call(next)) {
            Some(next) => call = next,
            None => break,
        }
    }
    let path = module.dotted(call.callee)?;
    if api_names::asks_for_user(&path) {
        return Some(Io {
            kind: IoKind::Read,
            words: format!("`{path}`"),
            is_query: false,
            is_guess: true,
        });
    }
    let parts: Vec<&str> = path.split('.').filter(|part| *part != "self").collect();
    let (method, owners) = parts.split_last()?;
    let holder = owners.last()?;
    let is_service = owners.iter().any(|owner| List::Services.has(owner));
    let words = format!("`{}`", parts.join("."));
    let asks = is_reading(method) && !is_changing(method) && is_service;
    let by_proxy = *method == "query" && owners.len() >= 3 && is_service;
    // Refreshing several entries of a cache, in any order.
    let refreshes = holder.to_ascii_lowercase().ends_with("queryclient") && is_refresh(method);
    let endpoint = owners.len() == 1 && matches!(module.kind(module.call(inner)?.callee), ExprKind::Call { .. });
    if *method == "mutateAsync" {
        return Some(Io {
            kind: IoKind::Write,
            words,
            is_query: false,
            is_guess: true,
        });
    }
    if !(asks || by_proxy || refreshes || (endpoint && !is_changing(method))) {
        return None;
    }
    Some(Io {
        kind: IoKind::Read,
        words,
        is_query: false,
        is_guess: true,
    })
}

/// A name that says that it only asks.
pub fn is_reading(name: &str) -> bool {
    List::Reading.has(name)
}

/// A name that says that something changes.
pub fn is_changing(name: &str) -> bool {
    List::Changing.has(name)
}

/// A name that says who asks, so that what follows a look at its result may depend on it.
pub fn admits(name: &str) -> bool {
    List::Admitting.has(name)
}

/// A name that says that it refuses by throwing.
pub fn is_check(name: &str) -> bool {
    List::Checks.has(name) || name.ends_with("OrThrow") && !matches!(Name::of(name).first(), "get" | "find")
}

/// Scripts, commands, examples and migrations: nobody waits for them.
pub fn is_script(project: &Project, file: FileId) -> bool {
    let path = project.path(file);
    let by_role = matches!(project.role(file), FileRole::Script | FileRole::Migration | FileRole::Example);
    by_role || List::CommandFolders.has_folder(path) || List::MigrationFiles.has(path.rsplit('/').next().unwrap_or(path))
}
