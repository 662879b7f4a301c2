//! Routers, and what stands for them.

use serde::{Deserialize, Serialize};

use crate::ir::{ClassId, ExprId, ExprKind, FunctionId, Module, Sym};
use crate::libraries::entries::site::{self, EntryFile};
use crate::libraries::shared::value::{FileId, Value};

/// What routes are registered on.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Router {
    /// The expression that makes it: `APIRouter()`, `express.Router()`, `router({ … })`, a list of addresses.
    Made(FileId, ExprId),
    /// A function that is given a server: a plugin.
    Plugin(FileId, FunctionId),
    /// A file with `urlpatterns`.
    Urls(FileId),
    /// The same by its dotted name: `include("shop.urls")`.
    Module(String),
    /// A class view or viewset.
    View(FileId, ClassId),
    /// All controllers of an application whose start is in a file.
    Application(FileId),
}

/// A router below a path of another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// The router.
    pub what: Router,
    /// The router that it is put below; `None` for the application itself.
    pub under: Option<Router>,
    /// The path between them.
    pub prefix: String,
    /// A path of its own that the given one takes the place of (Flask's blueprints).
    pub instead_of: String,
}

/// Methods of a router that give it back: what stands before them is the router.
const ADDS: &[&str] = &[
    "get", "post", "put", "patch", "delete", "all", "use", "route", "register", "openapi", "basePath",
];

/// The router that a registration is made on: what a name stands for, at the start of its chain.
pub fn router_of(site: &EntryFile<'_>, expr: ExprId) -> Option<Router> {
    let at = start_of_chain(site.module, expr);
    if let ExprKind::Name(name) = site.module.kind(at)
        && let Some(owner) = giver(site.module, at, *name)
    {
        return Some(Router::Plugin(site.file, owner));
    }
    let (file, at) = site.resolver.definition(site.file, at)?;
    let module = site.resolver.module(file);
    let at = start_of_chain(module, at);
    let is_maker = matches!(module.kind(at), ExprKind::Call { .. } | ExprKind::List(_));
    is_maker.then_some(Router::Made(file, at))
}

/// The first call of a chain, or the name before it: `new Hono()` of `new Hono().get(…)`, `app` of `app.get(…)`.
fn start_of_chain(module: &Module, expr: ExprId) -> ExprId {
    let mut at = expr;
    while let ExprKind::Call { callee, .. } = module.kind(at) {
        let ExprKind::Attr { base, name } = module.kind(*callee) else {
            break;
        };
        let is_chained = match module.kind(*base) {
            ExprKind::Call { .. } => true,
            ExprKind::Name(_) => ADDS.contains(&module.str(*name)),
            _ => false,
        };
        if !is_chained {
            break;
        }
        at = *base;
    }
    at
}

/// The function that is given a name as a parameter, at or around an expression.
fn giver(module: &Module, expr: ExprId, name: Sym) -> Option<FunctionId> {
    let mut at = Some(module.owner(expr));
    while let Some(function) = at {
        let definition = module.function(function);
        if definition.params.iter().any(|param| param.name == Some(name)) {
            return Some(function);
        }
        at = definition.parent;
    }
    None
}

/// The router of what is registered at an expression of addresses: the list, where it has a name of its own, or else the file.
pub fn urls_of(module: &Module, file: FileId, expr: ExprId) -> Router {
    let list = site::holding_list(module, expr);
    let named = list.filter(|&list| site::key_of(module, list).is_some_and(|name| name != "urlpatterns"));
    named.map_or(Router::Urls(file), |list| Router::Made(file, list))
}

/// The class or function that a router's argument stands for.
pub fn given(site: &EntryFile<'_>, expr: ExprId) -> Option<Router> {
    match site.resolver.value(site.file, expr) {
        Value::Class(file, class) => Some(Router::View(file, class)),
        Value::Function(file, function) => Some(Router::Plugin(file, function)),
        _ => router_of(site, expr),
    }
}

/// The path that a router puts before its routes: `APIRouter(prefix="/x")`, `Blueprint(…, url_prefix="/x")`.
pub fn own_prefix(site: &EntryFile<'_>, router: &Router) -> String {
    let Router::Made(file, at) = router else { return String::new() };
    let module = site.resolver.module(*file);
    let prefix = module
        .call(*at)
        .and_then(|call| call.keyword("prefix").or_else(|| call.keyword("url_prefix")));
    prefix.and_then(|prefix| module.string(prefix)).unwrap_or_default().to_owned()
}
