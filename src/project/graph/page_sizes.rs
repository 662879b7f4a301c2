//! Page sizes that callers pass on from a client: the default of a parameter bounds only the calls that leave it out.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::{FnId, Graph, QuerySite};
use crate::ir::{ExprId, ExprKind, FunctionId, Module, Sym};
use crate::libraries::shared::limits;
use crate::libraries::shared::query::Resolver;
use crate::libraries::shared::value::FileId;
use crate::project::eval::{Code, Evaluator, Found, Parameter};
use crate::project::scope::Bound;
use crate::statement::RowLimit;

/// Names and calls between a page's size and the client that chose it, by design: further off the default stands.
const MAX_STEPS: u32 = 6;

/// The calls of functions: who makes them, and where.
type Callers = FxHashMap<FnId, Vec<(FnId, ExprId)>>;

impl Graph {
    /// The parameters of page sizes in which a known caller passes what a client sent, with no bound on the way. The sites that name one
    /// get their limit from the client.
    pub(super) fn widen_pages(&mut self, code: &Code) -> FxHashSet<Parameter> {
        let eval = Evaluator::new(code);
        let sizes = self.sites.iter().enumerate().map(|(at, site)| (at, sizes_of(&eval, site)));
        let sizes: Vec<(usize, Vec<Parameter>)> = sizes.filter(|(_, sizes)| !sizes.is_empty()).collect();
        if sizes.is_empty() {
            return FxHashSet::default();
        }
        let search = Search {
            code,
            graph: self,
            eval,
            callers: self.callers(),
        };
        let all: FxHashSet<Parameter> = sizes.iter().flat_map(|(_, sizes)| sizes.iter().copied()).collect();
        let chosen: FxHashSet<Parameter> = all.into_iter().filter(|&size| search.is_passed(size, 0)).collect();
        let sites = self.sites.as_mut_vec();
        for (at, sizes) in sizes {
            if sizes.iter().any(|size| chosen.contains(size))
                && let Some(site) = sites.get_mut(at)
            {
                Arc::make_mut(&mut site.query).statement.limit = RowLimit::Value;
            }
        }
        chosen
    }

    fn callers(&self) -> Callers {
        let mut callers = Callers::default();
        for (at, node) in self.functions.iter().enumerate() {
            for edge in node.edges.iter().filter(|edge| !edge.guessed) {
                for &target in &edge.targets {
                    callers.entry(target).or_default().push((FnId(at as u32), edge.expr));
                }
            }
        }
        callers
    }
}

/// The parameters that a statement names whose default is its limit.
fn sizes_of(eval: &Evaluator<'_>, site: &QuerySite) -> Vec<Parameter> {
    let module = eval.module(site.file);
    let RowLimit::Usual(rows) = site.query.statement.limit else {
        return Vec::new();
    };
    let function = module.owner(site.expr);
    let params = &module.function(function).params;
    // The page's number has a default as well.
    let is_it = |default: ExprId| limits::of(eval, (site.file, default)) == RowLimit::Rows(rows);
    let is_size = |name: Sym| {
        let place = params.iter().position(|param| param.name == Some(name))?;
        params[place].default.is_some_and(is_it).then_some((site.file, function, place))
    };
    let mut out = Vec::new();
    let mut open = vec![site.expr];
    while let Some(at) = open.pop() {
        if let ExprKind::Name(name) = *module.kind(at) {
            out.extend(is_size(name));
        }
        open.extend(module.children(at));
    }
    out
}

struct Search<'c, 'g> {
    code: &'c Code,
    graph: &'g Graph,
    eval: Evaluator<'c>,
    callers: Callers,
}

impl Search<'_, '_> {
    /// Whether a caller of a function passes in a parameter what a client sent.
    fn is_passed(&self, (file, function, place): Parameter, steps: u32) -> bool {
        let module = self.code.module(file);
        let Some(name) = module.function(function).params.get(place).and_then(|param| param.name) else {
            return false;
        };
        if compares(module, function, name) {
            return false;
        }
        let name = module.str(name);
        let place = place.checked_sub(usize::from(module.takes_receiver(function)));
        let callers = self.callers.get(&self.graph.id(file, function)).into_iter().flatten();
        callers.into_iter().any(|&(caller, call)| {
            let at = self.graph.function(caller).file;
            let passed = self
                .code
                .module(at)
                .call(call)
                .and_then(|call| call.keyword(name).or_else(|| call.arg(place?)));
            passed.is_some_and(|passed| self.is_sent(at, passed, steps + 1))
        })
    }

    /// Whether an expression is a number that a client sent, as it was sent.
    fn is_sent(&self, file: FileId, expr: ExprId, steps: u32) -> bool {
        if steps > MAX_STEPS {
            return false;
        }
        let module = self.code.module(file);
        match *module.kind(expr) {
            ExprKind::Name(name) => self.name_is_sent(file, expr, name, steps),
            ExprKind::Index { base, index } => module.string(index).is_some() && self.is_of_request(file, base),
            ExprKind::Call { .. } => {
                let Some(call) = module.call(expr) else { return false };
                match (call.method(), call.receiver()) {
                    (Some("int" | "Number" | "parseInt"), None) => call.arg(0).is_some_and(|arg| self.is_sent(file, arg, steps + 1)),
                    // With a default, it is that unless somebody asks.
                    (Some("get"), Some(source)) => call.args.len() == 1 && self.is_of_request(file, source),
                    _ => false,
                }
            }
            _ => false,
        }
    }

    fn name_is_sent(&self, file: FileId, expr: ExprId, name: Sym, steps: u32) -> bool {
        let module = self.code.module(file);
        let owner = module.owner(expr);
        if compares(module, owner, name) {
            return false;
        }
        let found = self.eval.lookup(file, owner, name, module.expr(expr).span.start);
        let Some(Found::Binding(at, _, binding)) = found else {
            return false;
        };
        match binding.bound {
            Bound::Param(function, place, path) if path.is_empty() => self.is_passed((at, function, place), steps),
            Bound::Value(value, path) if path.is_empty() => {
                let others = self.eval.alternatives(file, expr);
                others
                    .into_iter()
                    .chain([(at, value)])
                    .any(|(at, value)| self.is_sent(at, value, steps + 1))
            }
            _ => false,
        }
    }

    /// `request.args`, or a name that holds it.
    fn is_of_request(&self, file: FileId, expr: ExprId) -> bool {
        let (at, held) = self.eval.definition(file, expr).unwrap_or((file, expr));
        let name = self.code.module(at).dotted(held).unwrap_or_default();
        name.split('.').any(|part| matches!(part, "request" | "req"))
    }
}

/// Whether a function compares a name with something: it then may bound it.
fn compares(module: &Module, function: FunctionId, name: Sym) -> bool {
    let (first, end) = module.function(function).exprs;
    (first.0..end.0).map(ExprId).any(|id| match *module.kind(id) {
        ExprKind::Binary { op, left, right } => {
            let is_it = |side: ExprId| matches!(*module.kind(side), ExprKind::Name(read) if read == name);
            matches!(module.str(op), "<" | "<=" | ">" | ">=") && (is_it(left) || is_it(right))
        }
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use crate::project::Project;
    use crate::statement::RowLimit;
    use crate::syntax::facts::extract;
    use crate::walk::FileKind;

    const STORE: &str = "\
from flask import Flask, request
from flask_sqlalchemy import SQLAlchemy

app = Flask(__name__)
db = SQLAlchemy(app)


class Item(db.Model):
    id = db.Column(db.Integer, primary_key=True)


class Store:
    def page(self, page=1, per_page=10):
        return db.session.query(Item).paginate(page=page, per_page=per_page).items


";

    fn limit(view: &str) -> RowLimit {
        let code = format!("{STORE}@app.get('/items')\ndef items():\n{view}");
        let project = Project::link(vec![extract("app.py", FileKind::Python, &code)]);
        let mut sites = project.graph.sites.iter();
        sites.next().expect("a site").query.statement.limit.clone()
    }

    #[test]
    fn what_a_caller_passes_on_from_a_client_is_the_page_and_not_the_default() {
        let asked =
            "    size = 20\n    if request.args.get('size'):\n        size = int(request.args['size'])\n    return Store().page(1, size)\n";
        assert_eq!(limit(asked), RowLimit::Value);
        assert_eq!(
            limit("    return Store().page(per_page=int(request.args.get('size')))\n"),
            RowLimit::Value
        );
    }

    #[test]
    fn the_default_stands_where_callers_leave_it_or_bound_what_they_pass() {
        let views = [
            "    return Store().page(int(request.args['page']))\n",
            "    return Store().page(1, min(int(request.args['size']), 100))\n",
            "    return Store().page(1, int(request.args.get('size', 20)))\n",
            "    size = int(request.args['size'])\n    if size > 100:\n        size = 100\n    return Store().page(1, size)\n",
            "    rows = 30\n    return Store().page(1, rows)\n",
        ];
        for view in views {
            assert_eq!(limit(view), RowLimit::Usual(10), "{view}");
        }
    }
}
