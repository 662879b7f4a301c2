//! Which components and functions ask a server's routes, and how often those that poll do so.

use std::collections::BTreeMap;

use rustc_hash::{FxHashMap, FxHashSet};

use super::address::{Fit, UrlPath};
use super::holder::{Holders, RequestOwner};
use super::requests::{self, ClientRequest};
use crate::budget::Limit;
use crate::ir::{ExprId, ExprKind, FunctionId, Language, Module, Parent, StmtKind, TemplatePart};
use crate::libraries::entries::{Entry, EntryKind};
use crate::libraries::shared::value::{FileId, Value};
use crate::project::eval::{Code, Evaluator};
use crate::project::graph::Graph;
use crate::walk::FileRole;

/// Functions between a request and the component that wants it.
const MAX_LEVELS: usize = 4;
/// Functions that are followed from the requests to one route, see [`Limit::Askers`].
const MAX_HELPERS: usize = 64;
/// Routes that one request may be for, see [`Limit::Routes`]: more of them say that its address tells nothing.
const MAX_ROUTES: usize = 4;
/// Askers of one route that are kept, see [`Limit::Askers`].
const MAX_ASKERS: usize = 20;
/// Routes that are compared for one request, see [`Limit::Routes`]: where more end alike, none is taken.
const MAX_CANDIDATES: usize = 64;
/// Of a hundred routes, so many must be asked before one that is not counts as unused.
const COVERED: usize = 30;
/// Askers that are named.
const NAMED: usize = 2;
/// A fit that is sure enough to call a route polled.
const SURE: u8 = 2;

/// Who asks a route.
#[derive(Clone, Debug, PartialEq)]
pub struct Asker {
    /// The component, function or file.
    pub name: String,
    /// It asks again every so many seconds.
    pub every: Option<f64>,
    /// The address is written as far as it must be to be sure.
    pub is_sure: bool,
}

/// What the repository's own clients ask over HTTP.
#[derive(Debug, Default)]
pub struct Requests {
    askers: FxHashMap<(FileId, FunctionId, String), Vec<Asker>>,
    /// A client here asks a good part of the routes: one that is not asked is not.
    is_whole: bool,
    /// Words of texts of files that register no route: a route's own word among them may be asked in a way that is not read.
    words: FxHashSet<String>,
}

impl Requests {
    /// Joins requests to routes.
    pub fn of(code: &Code, graph: &Graph) -> Requests {
        let routes = Routes::of(&graph.entries);
        if routes.all.is_empty() {
            return Requests::default();
        }
        let found = sent(code, graph, &routes);
        let mut askers: FxHashMap<usize, Vec<Asker>> = FxHashMap::default();
        for asked in Search::new(code, graph, &routes).run(found) {
            let of_route = askers.entry(asked.route).or_default();
            if !add(of_route, asked.asker) {
                routes.tell(code, asked.route);
            }
        }
        let is_whole = askers.len() * 100 >= routes.all.len() * COVERED;
        let with_entry = askers.into_iter().filter_map(|(route, mut askers)| {
            let (entry, _) = routes.all.get(route)?;
            askers.sort_by(|one, other| {
                let key = |asker: &Asker| asker.every.unwrap_or(f64::INFINITY);
                key(one).total_cmp(&key(other)).then_with(|| one.name.cmp(&other.name))
            });
            Some((key(entry), askers))
        });
        Requests {
            askers: with_entry.collect(),
            is_whole,
            words: if is_whole {
                words_of_clients(code, graph, &routes)
            } else {
                FxHashSet::default()
            },
        }
    }

    /// Who asks an entry point, the one that polls most often first.
    pub fn of_entry(&self, entry: &Entry) -> &[Asker] {
        self.askers.get(&key(entry)).map_or(&[], Vec::as_slice)
    }

    /// Who asks an entry point, in words; empty where nothing is known.
    pub fn words(&self, entry: &Entry) -> String {
        let askers = self.of_entry(entry);
        if askers.is_empty() {
            let own = path_of(entry).and_then(|(_, path)| UrlPath::of_route(path).last_text());
            let is_unused = self.is_whole && own.is_some_and(|(_, word)| !self.words.contains(&word));
            return if is_unused {
                "asked by no client here".to_owned()
            } else {
                String::new()
            };
        }
        let (polls, asks): (Vec<&Asker>, Vec<&Asker>) = askers.iter().partition(|asker| asker.every.is_some());
        let mut parts = Vec::new();
        for asker in polls.iter().take(NAMED) {
            let every = asker.every.unwrap_or_default();
            parts.push(format!("polled every {every} s by {}", asker.name));
        }
        if let Some(first) = asks.first() {
            let names: Vec<&str> = asks.iter().skip(1).take(NAMED - 1).map(|asker| asker.name.as_str()).collect();
            let more = match asks.len().saturating_sub(NAMED) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            let all: Vec<&str> = [first.name.as_str()].into_iter().chain(names).collect();
            parts.push(format!("asked by {}{more}", all.join(", ")));
        }
        parts.join("; ")
    }
}

/// The last written pieces of routes that stand somewhere in the texts of clients: `<img src="/api/avatar/…">`.
fn words_of_clients(code: &Code, graph: &Graph, routes: &Routes<'_>) -> FxHashSet<String> {
    let servers: FxHashSet<FileId> = graph.registered.iter().copied().collect();
    let wanted: FxHashSet<String> = routes.all.iter().filter_map(|(_, address)| Some(address.last_text()?.1)).collect();
    let files = clients(code).into_iter().filter(|file| !servers.contains(file));
    let mut out = FxHashSet::default();
    for module in files.map(|file| code.module(file)) {
        let texts = module.expr_ids().flat_map(|(_, expr)| match &expr.kind {
            ExprKind::Str(text) => vec![*text],
            ExprKind::Template(parts) => parts
                .iter()
                .filter_map(|part| match part {
                    TemplatePart::Text(text) => Some(*text),
                    TemplatePart::Hole(_) => None,
                })
                .collect(),
            _ => Vec::new(),
        });
        for text in texts {
            let pieces = module.str(text).split(['/', '?', '#', ' ', '"']);
            out.extend(pieces.filter(|piece| wanted.contains(*piece)).map(ToOwned::to_owned));
        }
    }
    out
}

fn key(entry: &Entry) -> (FileId, FunctionId, String) {
    (entry.function.0, entry.function.1, entry.own_label.clone())
}

/// Keeps an asker; `false` where there are too many.
fn add(askers: &mut Vec<Asker>, asker: Asker) -> bool {
    let Some(known) = askers.iter_mut().find(|known| known.name == asker.name) else {
        let has_room = askers.len() < MAX_ASKERS;
        if has_room {
            askers.push(asker);
        }
        return has_room;
    };
    known.every = match (known.every, asker.every) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    };
    known.is_sure |= asker.is_sure;
    true
}

/// Method and path of a route: `GET`, `/orders`.
fn path_of(entry: &Entry) -> Option<(&str, &str)> {
    if entry.kind != EntryKind::Route {
        return None;
    }
    entry.label.split_once(' ').filter(|(_, path)| path.starts_with('/'))
}

/// The routes of a project by a piece of their addresses.
struct Routes<'g> {
    all: Vec<(&'g Entry, UrlPath)>,
    /// By the last piece that is written out, and its place from the end: what fits has the same one.
    by_piece: FxHashMap<(usize, String), Vec<usize>>,
}

impl<'g> Routes<'g> {
    fn of(entries: &'g [Entry]) -> Routes<'g> {
        let mut routes = Routes {
            all: Vec::new(),
            by_piece: FxHashMap::default(),
        };
        for entry in entries {
            let Some((_, path)) = path_of(entry) else { continue };
            let address = UrlPath::of_route(path);
            let Some(piece) = address.last_text() else { continue };
            routes.by_piece.entry(piece).or_default().push(routes.all.len());
            routes.all.push((entry, address));
        }
        routes
    }

    /// Tells that a route has more askers than are followed or kept.
    fn tell(&self, code: &Code, route: usize) {
        if let Some((entry, _)) = self.all.get(route) {
            let (file, function) = entry.function;
            code.tell(Limit::Askers, file, code.module(file).function(function).name_span.start);
        }
    }

    /// The routes that a request fits best; `None` where it could be for too many.
    fn best(&self, request: &ClientRequest) -> Option<Vec<(usize, Fit)>> {
        let mut out: Vec<(usize, Fit)> = Vec::new();
        let mut looked = 0;
        for piece in request.address.texts() {
            for &route in self.by_piece.get(&piece).into_iter().flatten() {
                looked += 1;
                if looked > MAX_CANDIDATES {
                    return None;
                }
                let Some((entry, address)) = self.all.get(route) else { continue };
                let Some(fit) = request.address.fit(address).filter(|_| takes(entry, request)) else {
                    continue;
                };
                match out.first().map(|(_, best)| *best) {
                    Some(best) if best > fit => {}
                    Some(best) if best == fit => out.push((route, fit)),
                    _ => out = vec![(route, fit)],
                }
            }
        }
        (out.len() <= MAX_ROUTES).then_some(out)
    }
}

/// Whether a route takes a request's method.
fn takes(entry: &Entry, request: &ClientRequest) -> bool {
    let verb = path_of(entry).map_or("", |(verb, _)| verb);
    verb == "ANY" || request.method.is_none_or(|method| method == verb)
}

/// A request that fits a route, and where it stands or is called.
struct Sent {
    route: usize,
    is_sure: bool,
    every: Option<f64>,
    file: FileId,
    expr: ExprId,
}

/// A route with one who asks it.
struct Found {
    route: usize,
    asker: Asker,
}

/// The requests of all files, each with the routes that it fits.
fn sent(code: &Code, graph: &Graph, routes: &Routes<'_>) -> Vec<Sent> {
    let places = graph.entries.iter().zip(&graph.registered);
    let registrations: FxHashSet<(FileId, u32, u32)> = places.map(|(entry, &file)| (file, entry.place.start, entry.place.end)).collect();
    code.parts(clients(code), |file| {
        let module = code.module(file);
        let eval = Evaluator::new(code);
        let is_route = |expr: ExprId| {
            let span = module.expr(expr).span;
            registrations.contains(&(file, span.start, span.end))
        };
        let mut out = Vec::new();
        for request in requests::of_file(&eval, file, &is_route) {
            let Some(best) = routes.best(&request) else {
                code.tell(Limit::Routes, file, module.expr(request.expr).span.start);
                continue;
            };
            out.extend(best.into_iter().map(|(route, (how, _))| Sent {
                route,
                is_sure: how >= SURE,
                every: None,
                file,
                expr: request.expr,
            }));
        }
        out
    })
}

/// The files that may send requests.
fn clients(code: &Code) -> Vec<FileId> {
    let of_program = |file: FileId| code.files.get(file.index()).is_some_and(|facts| facts.role == FileRole::Source);
    let modules = code.modules();
    modules
        .filter(|(file, module)| module.language == Language::TypeScript && of_program(*file))
        .map(|(file, _)| file)
        .collect()
}

/// What is called in place of a request: a function, or a hook that a library makes of an endpoint's name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Helper {
    Function(FileId, FunctionId),
    Hook(String),
}

struct Search<'c> {
    code: &'c Code,
    graph: &'c Graph,
    routes: &'c Routes<'c>,
    holders: FxHashMap<FileId, Holders<'c>>,
    found: Vec<Found>,
}

impl<'c> Search<'c> {
    fn new(code: &'c Code, graph: &'c Graph, routes: &'c Routes<'c>) -> Search<'c> {
        Search {
            code,
            graph,
            routes,
            holders: FxHashMap::default(),
            found: Vec::new(),
        }
    }

    /// Goes from requests to the components that want them, level by level.
    fn run(mut self, sent: Vec<Sent>) -> Vec<Found> {
        let mut open = sent;
        let mut seen: FxHashSet<(Helper, usize)> = FxHashSet::default();
        let mut counts: FxHashMap<usize, usize> = FxHashMap::default();
        for level in 0..=MAX_LEVELS {
            let mut helpers: Vec<(Helper, Sent)> = Vec::new();
            for sent in open {
                let is_last = level == MAX_LEVELS;
                if let Some(helper) = self.place(&sent, is_last) {
                    helpers.push((helper.0, Sent { every: helper.1, ..sent }));
                }
            }
            helpers.retain(|(helper, sent)| {
                let of_route = counts.entry(sent.route).or_default();
                *of_route += 1;
                if *of_route == MAX_HELPERS + 1 {
                    self.routes.tell(self.code, sent.route);
                }
                *of_route <= MAX_HELPERS && seen.insert((helper.clone(), sent.route))
            });
            open = self.callers(&helpers);
            if open.is_empty() {
                break;
            }
        }
        self.found
    }

    /// Who sends the request: the component or page whose function encloses it, or a helper whose callers must be looked at next; with the
    /// poll interval that was found on the way.
    fn place(&mut self, sent: &Sent, is_last: bool) -> Option<(Helper, Option<f64>)> {
        let code = self.code;
        let holders = self.holders.entry(sent.file).or_insert_with(|| Holders::new(code, sent.file));
        let at = holders.of(sent.expr);
        let every = sent.every.or(at.every);
        let name = match at.of {
            RequestOwner::Component(name) => name,
            RequestOwner::Endpoint(name) => return Some((Helper::Hook(name), every)),
            RequestOwner::Function(function) if !is_last => return Some((Helper::Function(sent.file, function), every)),
            RequestOwner::Function(function) => self.code.module(sent.file).qualified(function),
            RequestOwner::File => self.file_name(sent.file),
        };
        self.tell(sent, name, every);
        None
    }

    fn tell(&mut self, sent: &Sent, name: String, every: Option<f64>) {
        self.found.push(Found {
            route: sent.route,
            asker: Asker {
                name,
                every,
                is_sure: sent.is_sure,
            },
        });
    }

    fn file_name(&self, file: FileId) -> String {
        let path = self.code.files.get(file.index()).map_or("", |facts| facts.path.as_str());
        path.rsplit('/').next().unwrap_or(path).to_owned()
    }

    /// The places that call helpers or hand them on. A helper that nothing here calls asks by itself.
    fn callers(&mut self, helpers: &[(Helper, Sent)]) -> Vec<Sent> {
        let wanted: FxHashSet<&Helper> = helpers.iter().map(|(helper, _)| helper).collect();
        let places = self.references(&wanted);
        let mut out = Vec::new();
        for (helper, sent) in helpers {
            let Some(places) = places.get(helper) else {
                let name = match helper {
                    Helper::Function(file, function) => self.code.module(*file).qualified(*function),
                    Helper::Hook(name) => name.clone(),
                };
                self.tell(sent, name, sent.every);
                continue;
            };
            if places.len() > MAX_ASKERS {
                self.routes.tell(self.code, sent.route);
            }
            out.extend(places.iter().take(MAX_ASKERS).map(|&(file, expr)| Sent { file, expr, ..*sent }));
        }
        out
    }

    /// Where helpers are called or handed on, in the order of files and places.
    fn references(&self, wanted: &FxHashSet<&Helper>) -> BTreeMap<Helper, Vec<(FileId, ExprId)>> {
        let mut out: BTreeMap<Helper, Vec<(FileId, ExprId)>> = BTreeMap::new();
        let names = self.names(wanted);
        let name_list: Vec<&str> = names.iter().copied().collect();
        let found = self.code.parts(clients(self.code), |file| {
            let module = self.code.module(file);
            let mut places = Vec::new();
            if !module.mentions(&name_list) {
                return places;
            }
            let eval = Evaluator::new(self.code);
            for (id, expr) in module.expr_ids() {
                let (ExprKind::Name(name) | ExprKind::Attr { name, .. }) = &expr.kind else {
                    continue;
                };
                let name = module.str(*name);
                // Where a function is bound to its name is no call of it.
                if !names.contains(name) || is_binding(module, id) {
                    continue;
                }
                let hook = Helper::Hook(name.to_owned());
                let helper = match eval.value(file, id) {
                    _ if wanted.contains(&hook) => hook,
                    Value::Function(at, function) => Helper::Function(at, function),
                    _ => continue,
                };
                if wanted.contains(&helper) {
                    places.push((helper, (file, id)));
                }
            }
            places
        });
        for (helper, place) in found {
            out.entry(helper).or_default().push(place);
        }
        // Methods of objects that a name alone does not tell.
        for node in &self.graph.functions {
            for edge in node.edges.iter().filter(|edge| !edge.guessed) {
                for &target in &edge.targets {
                    let target = self.graph.function(target);
                    let helper = Helper::Function(target.file, target.id);
                    if wanted.contains(&helper) {
                        // A call and the name that is called are one place.
                        let call = self.code.module(node.file).call(edge.expr);
                        let place = call.map_or(edge.expr, |call| call.callee);
                        out.entry(helper).or_default().push((node.file, place));
                    }
                }
            }
        }
        for places in out.values_mut() {
            places.sort_unstable();
            places.dedup();
        }
        out
    }

    /// The names that helpers are called by.
    fn names<'n>(&'n self, wanted: &FxHashSet<&'n Helper>) -> FxHashSet<&'n str> {
        let name = |helper: &&'n Helper| match helper {
            Helper::Hook(name) => Some(name.as_str()),
            Helper::Function(file, function) => {
                let module = self.code.module(*file);
                module.function(*function).name.map(|name| module.str(name))
            }
        };
        wanted.iter().filter_map(name).collect()
    }
}

/// Whether a name is the target of what binds it, or stands in its pattern: `const { useBoatsQuery } = api`.
fn is_binding(module: &Module, expr: ExprId) -> bool {
    let mut at = expr;
    while let Parent::Expr(outer) = module.expr(at).parent {
        if !matches!(module.kind(outer), ExprKind::Object(_) | ExprKind::List(_)) {
            return false;
        }
        at = outer;
    }
    match module.expr(at).parent {
        Parent::Stmt(stmt) => matches!(module.stmt(stmt).kind, StmtKind::Assign { target, .. } if target == at),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
