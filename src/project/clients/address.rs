//! Addresses as servers register and clients write them, compared piece by piece.

/// A path of a URL in pieces. A piece that holds something, `{id}`, `:id`, `[id]`, `<int:id>`, or a hole of a template, is [`Piece::Open`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UrlPath {
    pieces: Vec<Piece>,
    /// What stands before is not known: a base that is set elsewhere.
    is_partial: bool,
}

/// A piece between two slashes.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Open,
}

/// What a hole of a template stands for in a written address.
pub const HOLE: char = '\u{1}';

/// Pieces of an address that are compared; real ones have ten.
const MAX_PIECES: usize = 32;

/// How well two addresses fit; more is better.
pub type Fit = (u8, usize);

impl UrlPath {
    /// A route's path: `/orders/{id}`.
    pub fn of_route(path: &str) -> UrlPath {
        let is_open = |piece: &str| {
            let first = piece.starts_with(['{', ':', '[', '<', '*', '$', '(', '…']);
            first || piece.contains("(?P<") || piece.contains('{')
        };
        UrlPath {
            pieces: pieces(path, is_open),
            is_partial: false,
        }
    }

    /// What a client writes, with [`HOLE`] for what is put in: `/orders/\u{1}?page=2`. `None` for another machine's address.
    pub fn of_request(text: &str) -> Option<UrlPath> {
        let mut text = text.trim();
        let mut is_partial = false;
        for scheme in ["https://", "http://"] {
            let Some(rest) = text.strip_prefix(scheme) else { continue };
            let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
            let is_own = ["localhost", "127.0.0.1", "0.0.0.0"]
                .iter()
                .any(|own| host.strip_prefix(own).is_some_and(|port| port.is_empty() || port.starts_with(':')));
            if !is_own && !host.contains(HOLE) {
                return None;
            }
            text = path;
        }
        if let Some(rest) = text.strip_prefix(HOLE) {
            // `${API}/orders`: the base is not known.
            if !rest.starts_with('/') {
                return None;
            }
            text = rest;
            is_partial = true;
        }
        let end = text.find(['?', '#']).unwrap_or(text.len());
        let (text, _) = text.split_at(end);
        let pieces = pieces(text, |piece| piece.starts_with([HOLE, '{']));
        let says = pieces.iter().any(|piece| matches!(piece, Piece::Text(_)));
        says.then_some(UrlPath { pieces, is_partial })
    }

    /// The address below a base that may stand before it: `/api` and `/orders`. A base that is not known makes it partial.
    pub fn below(mut self, base: Option<&UrlPath>) -> UrlPath {
        match base {
            Some(base) => {
                self.is_partial = base.is_partial;
                self.pieces.splice(0..0, base.pieces.iter().cloned());
            }
            None => self.is_partial = true,
        }
        self
    }

    /// The last piece that is written out, with its place from the end.
    pub fn last_text(&self) -> Option<(usize, String)> {
        self.texts().next()
    }

    /// The pieces that are written out, each with its place from the end, the last first.
    pub fn texts(&self) -> impl Iterator<Item = (usize, String)> {
        let pieces = self.pieces.iter().rev().enumerate();
        pieces.filter_map(|(place, piece)| match piece {
            Piece::Text(text) => Some((place, text.clone())),
            Piece::Open => None,
        })
    }

    /// How well a request fits a route: whole, or from the end, where one of them has a base that the other does not say.
    pub fn fit(&self, route: &UrlPath) -> Option<Fit> {
        let (asked, served) = (&self.pieces, &route.pieces);
        let shared = asked.len().min(served.len());
        let pairs = || asked[asked.len() - shared..].iter().zip(&served[served.len() - shared..]);
        if shared == 0 || !pairs().all(|(asked, served)| asked.fits(served)) {
            return None;
        }
        let literal = pairs().filter(|(asked, served)| asked == served && **asked != Piece::Open).count();
        let how = match () {
            () if asked.len() == served.len() => 3,
            // The client's base is elsewhere.
            () if asked.len() < served.len() && self.is_partial => 2,
            // A proxy or a server stands before, which the routes do not say.
            () if asked.len() > served.len() => 1,
            () => return None,
        };
        (literal > 0).then_some((how, literal))
    }
}

impl Piece {
    fn fits(&self, served: &Piece) -> bool {
        match (self, served) {
            (_, Piece::Open) => true,
            (Piece::Open, Piece::Text(_)) => false,
            (Piece::Text(asked), Piece::Text(served)) => asked == served,
        }
    }
}

fn pieces(path: &str, is_open: impl Fn(&str) -> bool) -> Vec<Piece> {
    let parts = path.split('/').filter(|part| !part.is_empty()).take(MAX_PIECES);
    parts
        .map(|part| {
            if is_open(part) {
                return Piece::Open;
            }
            // `/orders${query}`: what is put in begins the query.
            let end = part.find(HOLE).unwrap_or(part.len());
            Piece::Text(part[..end].to_owned())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fit(asked: &str, route: &str) -> Option<u8> {
        let asked = UrlPath::of_request(&asked.replace("{}", &HOLE.to_string()))?;
        Some(asked.fit(&UrlPath::of_route(route))?.0)
    }

    #[test]
    fn requests_fit_routes_piece_by_piece() {
        assert_eq!(fit("/orders/{}/lines?page=1", "/orders/{id}/lines/"), Some(3));
        assert_eq!(fit("/orders/new", "/orders/:id"), Some(3));
        assert_eq!(fit("/orders{}", "/orders"), Some(3));
        assert_eq!(fit("{}/orders", "/api/v1/orders"), Some(2));
        assert_eq!(fit("http://localhost:8000/orders", "/orders"), Some(3));
        assert_eq!(fit("/proxy/orders", "/orders"), Some(1));
        for (asked, route) in [
            ("/orders/{}", "/orders/new"),
            ("/orders", "/api/orders"),
            ("/orders", "/orders/{id}"),
            ("/a/b", "/{x}"),
            ("https://api.example.com/orders", "/orders"),
            ("{}", "/orders"),
            ("/{}/{}", "/{a}/{b}"),
            ("/order", "/orders"),
            ("", "/"),
        ] {
            assert_eq!(fit(asked, route), None, "{asked} {route}");
        }
    }

    #[test]
    fn a_base_stands_before_what_a_client_asks() {
        let base = UrlPath::of_request("/api").expect("a base");
        let below = |base: Option<&UrlPath>| UrlPath::of_request("/orders").map(|asked| asked.below(base));
        let route = UrlPath::of_route("/api/orders");
        assert_eq!(below(Some(&base)).and_then(|asked| asked.fit(&route)), Some((3, 2)));
        assert_eq!(below(None).and_then(|asked| asked.fit(&route)), Some((2, 1)));
    }
}
