//! Requests that code of the repository sends over HTTP: method and address, as far as they are written.

use std::cell::Cell;

use super::address::{HOLE, UrlPath};
use crate::budget::Limit;
use crate::ir::{Call, ExprId, ExprKind, Language, Module, TemplatePart};
use crate::libraries::entries::{given_back, last_name};
use crate::libraries::shared::clients;
use crate::libraries::shared::query::Resolver as _;
use crate::libraries::shared::query_hooks::is_keyed_by_address;
use crate::libraries::shared::value::FileId;
use crate::project::eval::Evaluator;

/// Names that stand for each other in an address.
const MAX_NAMES: u32 = 4;

/// A request that a client's code sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientRequest {
    /// The call that sends it.
    pub expr: ExprId,
    /// `GET`, …; `None` where it is not known.
    pub method: Option<&'static str>,
    /// Where it goes.
    pub address: UrlPath,
}

const VERBS: [(&str, &str); 6] = [
    ("get", "GET"),
    ("post", "POST"),
    ("put", "PUT"),
    ("patch", "PATCH"),
    ("delete", "DELETE"),
    ("head", "HEAD"),
];

/// The requests of a file, in the order of the code. `is_route` tells calls that register a route: `app.get("/orders", …)`.
pub fn of_file(eval: &Evaluator<'_>, file: FileId, is_route: &dyn Fn(ExprId) -> bool) -> Vec<ClientRequest> {
    let module = eval.code.module(file);
    if module.language != Language::TypeScript {
        return Vec::new();
    }
    let left = Cell::new(Limit::Addresses.count() + module.exprs.len());
    let reader = Reader { eval, file, module, left };
    let calls = module.call_ids().filter(|&id| !is_route(id)).filter_map(|id| module.call(id));
    calls.filter_map(|call| reader.request(call)).collect()
}

/// What stands before an address.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Base {
    /// Nothing: the address is whole.
    None,
    /// Something that is not written here.
    Elsewhere,
    /// A path that is known: what follows is below it.
    At(UrlPath),
}

struct Reader<'e, 'c> {
    eval: &'e Evaluator<'c>,
    file: FileId,
    module: &'e Module,
    /// Pieces of text that the file's addresses may still be put together from: pieces that hold pieces grow by their product.
    left: Cell<usize>,
}

impl Reader<'_, '_> {
    fn request(&self, call: Call<'_>) -> Option<ClientRequest> {
        let name = call.method()?;
        let first = call.arg(0)?;
        if is_keyed_by_address(name) {
            return self.made(call, Some("GET"), self.key(first)?, Base::None);
        }
        if name == "query" || name == "mutation" {
            return self.endpoint(call, name);
        }
        let Some(receiver) = call.receiver() else {
            return self.sent(call, name, first);
        };
        // `client.GET("/orders/{id}")` of openapi-fetch.
        let (_, verb) = VERBS.into_iter().find(|(method, verb)| *method == name || *verb == name)?;
        let of = last_name(self.module, receiver)?;
        let base = self.base(receiver);
        if base == Base::None && !clients::is_http_client(of) {
            return None;
        }
        self.made(call, Some(verb), first, base)
    }

    /// `fetch(url, { method: "POST" })`, `axios({ url, method })`.
    fn sent(&self, call: Call<'_>, name: &str, first: ExprId) -> Option<ClientRequest> {
        if !clients::sends_request(name) {
            return None;
        }
        let described = self.module.entry(first, "url");
        let options = if described.is_some() { Some(first) } else { call.arg(1) };
        self.made(call, self.verb(options), described.unwrap_or(first), Base::None)
    }

    /// RTK Query: `builder.query({ query: (id) => `orders/${id}` })`.
    fn endpoint(&self, call: Call<'_>, name: &str) -> Option<ClientRequest> {
        let ask = self.module.entry(call.arg(0)?, "query")?;
        let ExprKind::Lambda(function) = self.module.kind(ask) else {
            return None;
        };
        let given = given_back(self.module, *function)?;
        let described = self.module.entry(given, "url");
        let verb = match described {
            Some(_) => self.verb(Some(given)),
            None => Some("GET"),
        };
        let verb = verb.filter(|verb| name == "query" || *verb != "GET");
        self.made(call, verb, described.unwrap_or(given), Base::Elsewhere)
    }

    /// The method among a request's options; GET where there are none.
    fn verb(&self, options: Option<ExprId>) -> Option<&'static str> {
        let Some(options) = options else { return Some("GET") };
        if !matches!(self.module.kind(options), ExprKind::Object(_)) {
            return None;
        }
        let Some(method) = self.module.entry(options, "method") else {
            return Some("GET");
        };
        let method = self.module.string(method)?.to_ascii_lowercase();
        VERBS.into_iter().find(|(name, _)| *name == method).map(|(_, verb)| verb)
    }

    /// The address in a hook's key: itself, what a function gives, the first of a list, or one of two.
    fn key(&self, key: ExprId) -> Option<ExprId> {
        match self.module.kind(key) {
            ExprKind::Lambda(function) => self.key(given_back(self.module, *function)?),
            ExprKind::List(items) | ExprKind::Tuple(items) => items.first().copied(),
            ExprKind::Cond { then, orelse, .. } => {
                let says = |expr: ExprId| !matches!(self.module.kind(expr), ExprKind::Null);
                [*then, *orelse].into_iter().find(|&side| says(side))
            }
            _ => Some(key),
        }
    }

    /// A request to an address below a base.
    fn made(&self, call: Call<'_>, method: Option<&'static str>, address: ExprId, base: Base) -> Option<ClientRequest> {
        let text = self.text(self.file, address, 0)?;
        // A client with a base takes `orders` for `/orders`; elsewhere such a text is no address.
        if base == Base::None && !text.starts_with(['/', HOLE]) && !text.starts_with("http") {
            return None;
        }
        let mut found = UrlPath::of_request(&text)?;
        found = match base {
            Base::None => found,
            Base::Elsewhere => found.below(None),
            Base::At(base) => found.below(Some(&base)),
        };
        Some(ClientRequest {
            expr: call.id,
            method,
            address: found,
        })
    }

    /// The base of a client that `axios.create({ baseURL })` or its like makes.
    fn base(&self, client: ExprId) -> Base {
        let options = || {
            let (file, made) = self.eval.definition(self.file, client)?;
            let made = self.eval.code.module(file).call(made)?;
            matches!(made.method(), Some("create" | "extend" | "Axios")).then_some((file, made.arg(0)))
        };
        let Some((file, options)) = options() else { return Base::None };
        let module = self.eval.code.module(file);
        let written = options.and_then(|options| clients::BASE_OPTIONS.iter().find_map(|key| module.entry(options, key)));
        let address = written
            .and_then(|base| self.text(file, base, 0))
            .and_then(|text| UrlPath::of_request(&text));
        address.map_or(Base::Elsewhere, Base::At)
    }

    /// A written address, with [`HOLE`] for what is put in.
    fn text(&self, file: FileId, expr: ExprId, depth: u32) -> Option<String> {
        let Some(left) = self.left.get().checked_sub(1) else {
            self.eval.code.tell(Limit::Addresses, self.file, 0);
            return None;
        };
        self.left.set(left);
        let module = self.eval.code.module(file);
        let hole = |inner: ExprId| match module.kind(inner) {
            ExprKind::Name(_) | ExprKind::Attr { .. } if depth < MAX_NAMES => {
                self.text(file, inner, depth + 1).unwrap_or_else(|| HOLE.to_string())
            }
            _ => HOLE.to_string(),
        };
        match module.kind(expr) {
            ExprKind::Str(text) => Some(module.str(*text).to_owned()),
            ExprKind::Template(parts) => {
                let texts = parts.iter().map(|part| match part {
                    TemplatePart::Text(text) => module.str(*text).to_owned(),
                    TemplatePart::Hole(inner) => hole(*inner),
                });
                Some(texts.collect())
            }
            ExprKind::Binary { op, left, right } if module.str(*op) == "+" && depth < MAX_NAMES => {
                let side = |side: ExprId| self.text(file, side, depth + 1).unwrap_or_else(|| HOLE.to_string());
                Some(format!("{}{}", side(*left), side(*right)))
            }
            // `process.env.API ?? "http://localhost:8000"`: what it is outside is not known.
            ExprKind::Name(_) | ExprKind::Attr { .. } => {
                let place = self.eval.definition(file, expr).filter(|&place| place != (file, expr))?;
                (depth < MAX_NAMES).then(|| self.text(place.0, place.1, depth + 1)).flatten()
            }
            _ => None,
        }
    }
}
