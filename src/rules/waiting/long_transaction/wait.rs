//! What a call waits for outside the database, and the way to it.

use rustc_hash::FxHashSet;

use crate::budget::Limit;
use crate::finding::{Related, Role};
use crate::ir::{ExprId, ExprKind, Module, Parent};
use crate::judge::evidence;
use crate::libraries::shared::callbacks::hands_over;
use crate::libraries::shared::clients::is_queue;
use crate::libraries::shared::effects::Effects;
use crate::project::Project;
use crate::project::graph::{Edge, EdgeKind, FnId, is_given_back};

/// How many calls are followed from the transaction, by design: what waits further away is hardly meant to wait.
const DEPTH: usize = 8;

/// A call that waits for something beside the database, in a transaction.
#[derive(Clone, Debug)]
pub struct Wait {
    /// The library's function.
    pub name: String,
    /// It waits for a clock, not for another machine.
    pub sleeps: bool,
    /// The calls that lead to it.
    pub way: Vec<Related>,
}

/// What a call in a transaction waits for: the nearest other machine, or a clock where there is none. `is_kept_for` says whether the
/// transaction waits for what the call's function gives.
pub fn of(project: &Project, module: &Module, edge: &Edge, is_kept_for: bool) -> Option<Wait> {
    if !goes_on(module, edge) {
        return None;
    }
    let is_waited_for = waits(module, edge, is_kept_for);
    if edge.external.is_some() {
        return remote(edge, is_waited_for).map(|name| Wait {
            sleeps: !edge.effects.has(Effects::NETWORK),
            name,
            way: Vec::new(),
        });
    }
    below(project, edge, is_waited_for)
}

/// A function on the way: where it was called from, and by which call.
struct Stop {
    function: FnId,
    from: Option<(usize, ExprId)>,
    depth: usize,
    /// Somebody waits for what it gives.
    is_waited_for: bool,
}

fn below(project: &Project, edge: &Edge, is_waited_for: bool) -> Option<Wait> {
    let mut stops: Vec<Stop> = entered(project, edge, is_waited_for)
        .map(|function| Stop {
            function,
            from: None,
            depth: 1,
            is_waited_for,
        })
        .collect();
    let mut seen: FxHashSet<(FnId, bool)> = stops.iter().map(|stop| (stop.function, is_waited_for)).collect();
    let mut clock = None;
    let mut next = 0;
    while let Some((function, depth, is_kept_for)) = stops.get(next).map(|stop| (stop.function, stop.depth, stop.is_waited_for)) {
        let node = project.graph.function(function);
        let module = project.code.module(node.file);
        for edge in node.edges.iter().filter(|edge| goes_on(module, edge)) {
            let is_waited_for = waits(module, edge, is_kept_for);
            if let Some(name) = remote(edge, is_waited_for) {
                let sleeps = !edge.effects.has(Effects::NETWORK);
                if sleeps && clock.is_some() {
                    continue;
                }
                let way = way(project, &stops, next, edge, &name);
                if !sleeps {
                    return Some(Wait { name, sleeps, way });
                }
                clock = Some(Wait { name, sleeps, way });
            } else if edge.external.is_none() && depth < DEPTH {
                for target in entered(project, edge, is_waited_for) {
                    if !seen.insert((target, is_waited_for)) {
                        continue;
                    }
                    if stops.len() >= Limit::Around.count() {
                        project.tell(Limit::Around, function);
                    } else {
                        stops.push(Stop {
                            function: target,
                            from: Some((next, edge.expr)),
                            depth: depth + 1,
                            is_waited_for,
                        });
                    }
                }
            }
        }
        next += 1;
    }
    clock
}

/// The functions that run before a call is over, as far as they wait for anything.
fn entered<'p>(project: &'p Project, edge: &'p Edge, is_waited_for: bool) -> impl Iterator<Item = FnId> + 'p {
    edge.targets.iter().copied().filter(move |&target| {
        let node = project.graph.function(target);
        let waits = node.effects.any(Effects::NETWORK.and(Effects::SLEEP));
        waits && (is_waited_for || !node.is_async || edge.kind != EdgeKind::Call)
    })
}

/// Whether what a call gives is waited for: at once, or by who waits for what its function gives (`is_kept_for`) where that is the
/// call's own promise.
fn waits(module: &Module, edge: &Edge, is_kept_for: bool) -> bool {
    if edge.awaited || !is_kept_for {
        return edge.awaited;
    }
    // A callback's edge stands at the callback, whose call gives the promise.
    let call = match module.expr(edge.expr).parent {
        Parent::Expr(outer) if module.call(edge.expr).is_none() => outer,
        _ => edge.expr,
    };
    let is_coroutine = || module.function(module.owner(call)).is_async && !module.language.passes_promises_on();
    is_given_back(module, call) && !is_coroutine()
}

/// Whether what a call does belongs to the caller's time: not what is guessed, handed to others, or left for later.
fn goes_on(module: &Module, edge: &Edge) -> bool {
    let handed = module.call(edge.expr).and_then(|call| call.method()).is_some_and(hands_over);
    !edge.guessed && edge.kind != EdgeKind::Later && !handed
}

/// The name of a library's function that waits for another machine that is no database, cache or queue, or for a clock.
fn remote(edge: &Edge, is_waited_for: bool) -> Option<String> {
    let name = edge.external.as_deref()?;
    let waited = is_waited_for || edge.effects.has(Effects::BLOCKING);
    let other = Effects::QUERY
        .and(Effects::WRITE)
        .and(Effects::CACHE_GET)
        .and(Effects::CACHE_SET)
        .and(Effects::CLIENT)
        .and(Effects::TIMER);
    let is_wait = edge.effects.any(Effects::NETWORK.and(Effects::SLEEP));
    (waited && is_wait && !edge.effects.any(other) && !is_queue(name)).then(|| evidence::readable(name))
}

/// The calls from the first function down to the wait, as evidence.
fn way(project: &Project, stops: &[Stop], last: usize, wait: &Edge, name: &str) -> Vec<Related> {
    let mut out = Vec::new();
    let mut step = |function: FnId, expr: ExprId, message: String, role: Role| {
        let module = project.code.module(project.graph.function(function).file);
        if !matches!(module.kind(expr), ExprKind::Lambda(_)) {
            out.push(Related {
                location: project.place_in(function, evidence::head(module, expr)),
                message,
                role,
            });
        }
    };
    let mut at = stops.get(last);
    if let Some(stop) = at {
        step(stop.function, wait.expr, format!("calls {name}"), Role::Callee);
    }
    while let Some(stop) = at {
        let Some((from, expr)) = stop.from else { break };
        at = stops.get(from);
        if let Some(caller) = at {
            step(
                caller.function,
                expr,
                format!("calls {}", project.short_name(stop.function)),
                Role::Call,
            );
        }
    }
    out.reverse();
    out
}

#[cfg(test)]
mod tests {
    use crate::analysis::Analyses;
    use crate::project::Project;
    use crate::rules::waiting::long_transaction;
    use crate::syntax::facts::extract;
    use crate::walk::FileKind;

    /// The title of the only finding.
    fn title(body: &str) -> String {
        let text = format!(
            "import time, redis, requests\nfrom django.db import transaction\ncache = redis.Redis(host='cache')\n\n{body}\ndef ship(order):\n    with transaction.atomic():\n        prepare(order)\n        order.save()\n"
        );
        let kind = FileKind::of("shop.py").expect("a file that is read");
        let findings = long_transaction::check(&Analyses::new(&Project::link(vec![extract("shop.py", kind, &text)])));
        let titles: Vec<String> = findings.into_iter().map(|finding| finding.title).collect();
        titles.join("; ")
    }

    #[test]
    fn a_request_is_named_although_a_lock_and_a_cache_are_nearer() {
        let body = "def fetch(name):\n    cache.incr('labels')\n    return requests.get('https://print.example/' + name, timeout=9)\n\ndef prepare(order):\n    while not cache.set('lock', '1', nx=True):\n        time.sleep(1)\n    order.label = fetch(order.name)\n";
        assert_eq!(title(body), "A transaction stays open while `requests.get` is waited for");
    }

    #[test]
    fn a_pause_is_named_where_there_is_no_request() {
        let body = "def prepare(order):\n    cache.incr('orders')\n    time.sleep(1)\n";
        assert_eq!(title(body), "A transaction stays open while `time.sleep` is waited for");
    }

    #[test]
    fn a_cache_alone_is_no_wait() {
        assert_eq!(title("def prepare(order):\n    cache.incr('orders')\n"), "");
    }
}
