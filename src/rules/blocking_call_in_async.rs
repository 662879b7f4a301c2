//! `blocking-call-in-async`: a call that keeps the event loop's thread, made by an async function itself or through
//! the plain functions that it calls.

use std::collections::BTreeMap;

use super::evidence::{self, Reached};
use crate::finding::{Confidence, Finding, Fix, Priority, Role};
use crate::ir::{ExprId, ExprKind};
use crate::libraries::data::Effects;
use crate::project::Project;
use crate::project::graph::{EdgeKind, FnId, Step};

const BLOCKING_SLOT: usize = 3;

/// What blocks, in the end.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Cause {
    /// A library call in one place.
    Call { function: FnId, expr: ExprId, name: String },
    /// Synchronous database statements behind the async functions of one file.
    Database { file: u32, library: &'static str },
}

/// An async function that leads to a cause.
struct Place {
    function: FnId,
    expr: ExprId,
    /// The plain function called, unless the call blocks itself.
    via: Option<FnId>,
    effects: Effects,
    name: String,
}

/// Checks a project.
pub fn check(project: &Project) -> Vec<Finding> {
    let mut causes: BTreeMap<Cause, Vec<Place>> = BTreeMap::new();
    for index in 0..project.graph.functions.len() {
        let id = FnId(index as u32);
        if !project.graph.function(id).is_async || !on_event_loop(project, id) {
            continue;
        }
        collect(project, id, &mut causes);
    }
    causes
        .into_iter()
        .filter_map(|(cause, places)| finding(project, &cause, places))
        .collect()
}

/// Start-up code and commands may block: nobody else waits.
fn on_event_loop(project: &Project, function: FnId) -> bool {
    !matches!(evidence::reached(project, function).0, Reached::Startup | Reached::Command)
}

/// An async function, and the lambdas that run in it where they stand.
fn collect(project: &Project, id: FnId, causes: &mut BTreeMap<Cause, Vec<Place>>) {
    let node = project.graph.function(id);
    let module = project.code.module(node.file);
    for &site in &node.queries {
        let site = &project.graph.sites[site];
        if site.query.blocking && !site.awaited {
            let cause = Cause::Database {
                file: node.file.0,
                library: site.query.library,
            };
            let name = evidence::describe(&site.query);
            causes.entry(cause).or_default().push(Place {
                function: id,
                expr: site.expr,
                via: None,
                effects: Effects::QUERY,
                name,
            });
        }
    }
    for edge in &node.edges {
        match edge.kind {
            EdgeKind::Call if edge.effects.has(Effects::BLOCKING) && !edge.awaited => {
                let name = edge.external.as_deref().unwrap_or_default().to_owned();
                let cause = Cause::Call {
                    function: id,
                    expr: edge.expr,
                    name: name.clone(),
                };
                causes.entry(cause).or_default().push(Place {
                    function: id,
                    expr: edge.expr,
                    via: None,
                    effects: edge.effects,
                    name,
                });
            }
            EdgeKind::Call | EdgeKind::Inline if !edge.guessed => {
                for &target in &edge.targets {
                    let callee = project.graph.function(target);
                    if callee.is_async || callee.next[BLOCKING_SLOT].is_none() {
                        continue;
                    }
                    // A generator's body does not run when it is called.
                    if project.code.module(callee.file).function(callee.id).is_generator {
                        continue;
                    }
                    let Some((cause, effects, name)) = terminal(project, node.file.0, target) else {
                        continue;
                    };
                    let via = (!matches!(module.kind(edge.expr), ExprKind::Lambda(_))).then_some(target);
                    causes.entry(cause).or_default().push(Place {
                        function: id,
                        expr: edge.expr,
                        via,
                        effects,
                        name,
                    });
                    break;
                }
            }
            _ => {}
        }
    }
}

/// The call at the end of the chain from a plain function.
fn terminal(project: &Project, file: u32, from: FnId) -> Option<(Cause, Effects, String)> {
    let (function, step) = *project.graph.chain(from, BLOCKING_SLOT).last()?;
    let node = project.graph.function(function);
    match step {
        Step::Query(site) => {
            let site = project.graph.sites.get(site)?;
            Some((
                Cause::Database {
                    file,
                    library: site.query.library,
                },
                Effects::QUERY,
                evidence::describe(&site.query),
            ))
        }
        Step::Direct(edge) => {
            let edge = node.edges.get(edge)?;
            let name = edge.external.as_deref().unwrap_or_default().to_owned();
            Some((
                Cause::Call {
                    function,
                    expr: edge.expr,
                    name: name.clone(),
                },
                edge.effects,
                name,
            ))
        }
        Step::Via(..) => None,
    }
}

fn finding(project: &Project, cause: &Cause, mut places: Vec<Place>) -> Option<Finding> {
    places.sort_by_key(|place| (evidence::reached(project, place.function).0, place.function, place.expr));
    places.dedup_by_key(|place| (place.function, place.expr));
    let first = places.first()?;
    let (reached, label) = evidence::reached(project, first.function);
    let light = first.effects.any(Effects::FILE)
        && !first
            .effects
            .any(Effects::NETWORK.and(Effects::SLEEP).and(Effects::SPAWN).and(Effects::CPU));
    let priority = match (reached, light) {
        (Reached::Request, false) => Priority::P0,
        (Reached::Request, true) => Priority::P2,
        (Reached::Job | Reached::Unknown, false) => Priority::P1,
        (Reached::Job | Reached::Unknown, true) => Priority::P3,
        (Reached::Startup | Reached::Command, _) => Priority::P3,
    };
    let node = project.graph.function(first.function);
    let module = project.code.module(node.file);
    let mut finding = Finding::new(
        "blocking-call-in-async",
        priority,
        Confidence::High,
        project.place_in(first.function, module.expr(first.expr).span),
    );
    let what = evidence::readable(&first.name);
    let here = project.short_name(first.function);
    finding.title = match (first.via, cause) {
        (_, Cause::Database { library, .. }) => format!(
            "Synchronous {library} statements block the event loop in {} async function(s)",
            count(&places)
        ),
        (None, _) => format!("`{what}` blocks the event loop in async `{here}`"),
        (Some(via), _) => format!(
            "async `{here}` calls `{}`, which blocks the event loop in `{what}`",
            project.short_name(via)
        ),
    };
    finding.message = format!(
        "While {} runs, no other request of this process moves on. {}{}",
        if matches!(cause, Cause::Database { .. }) {
            "a synchronous statement".to_owned()
        } else {
            format!("`{what}`")
        },
        if places.len() > 1 {
            format!("{} places lead to it; all are listed. ", places.len())
        } else {
            String::new()
        },
        label.as_deref().map(|label| format!("Reached from {label}.")).unwrap_or_default()
    )
    .trim_end()
    .to_owned();
    finding.impact = format!(
        "every request of the process waits for it{}",
        evidence::reach_words(label.as_deref())
    );
    finding.subject = match cause {
        Cause::Call { name, .. } => name.clone(),
        Cause::Database { library, .. } => format!("synchronous {library}"),
    };
    finding.related = evidence::path_from_entry(project, first.function);
    if let Some(via) = first.via {
        finding.relate(
            project.place_in(first.function, module.expr(first.expr).span),
            Role::Call,
            format!("async `{here}` calls {}", project.short_name(via)),
        );
        finding.related.extend(evidence::chain_down(project, via, BLOCKING_SLOT));
    }
    for place in places.iter().skip(1) {
        let other = project.code.module(project.graph.function(place.function).file);
        let message = match place.via {
            Some(via) => format!("async `{}` calls {}", project.short_name(place.function), project.short_name(via)),
            None => format!(
                "async `{}` calls {}",
                project.short_name(place.function),
                evidence::readable(&place.name)
            ),
        };
        finding.relate(project.place_in(place.function, other.expr(place.expr).span), Role::Call, message);
    }
    finding.fix = fix(cause, first.effects, module.language);
    Some(finding)
}

fn count(places: &[Place]) -> usize {
    let mut functions: Vec<FnId> = places.iter().map(|place| place.function).collect();
    functions.sort_unstable();
    functions.dedup();
    functions.len()
}

fn fix(cause: &Cause, effects: Effects, language: crate::ir::Language) -> Fix {
    use crate::ir::Language;
    let summary = match (language, cause) {
        (Language::Python, Cause::Database { .. }) => {
            "Make the handlers plain `def` (the framework runs them on its thread pool), or use an async engine and session, or wrap the call in `run_in_threadpool`."
        }
        (Language::Python, _) if effects.any(Effects::SLEEP) => {
            "Use `await asyncio.sleep(…)`; where a plain helper sleeps, make it async or run it with `asyncio.to_thread`."
        }
        (Language::Python, _) => "Use the library's async client, or run the call on a thread: `await asyncio.to_thread(…)`.",
        (Language::TypeScript, _) => {
            "Use the promise-based form of the call (`fs/promises`, `execFile` with a promise) or move the work to a worker thread."
        }
    };
    let code = (language == Language::Python && effects.any(Effects::SLEEP)).then(|| "await asyncio.sleep(delay)".to_owned());
    Fix {
        summary: summary.to_owned(),
        code,
        ..Fix::default()
    }
}
