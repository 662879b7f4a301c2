//! `long-transaction`: a transaction that stays open while another machine, or a clock, is waited for.

use rayon::prelude::*;

mod callbacks;
mod wait;

use crate::advice::texts::{Advised, OpenedBy, advice};
use crate::analysis::Analyses;
use crate::finding::{Confidence, Finding, Role};
use crate::ir::{Call, ExprId, ExprKind, FunctionId, Module, StmtKind};
use crate::judge::cost::Cost;
use crate::judge::{evidence, priority, reach};
use crate::libraries::registry;
use crate::libraries::shared::api_names;
use crate::libraries::shared::clients;
use crate::libraries::shared::handles;
use crate::libraries::shared::value::FileId;
use crate::project::Project;
use crate::project::eval::Evaluator;
use crate::source::Span;

const ID: &str = "long-transaction";

/// Expressions of a parameter among which `Depends` is looked for.
const MAX_STEPS: usize = 50;

/// The code that runs in a transaction.
struct Region {
    file: FileId,
    function: FunctionId,
    /// The part of the function that it covers.
    body: Span,
    /// What opens it: a `with` item, a decorator, a call with a callback, the first statement of a session.
    opened: Span,
    /// The function that what opens it stands in.
    opened_in: (FileId, FunctionId),
    /// A session that a framework injects holds it from the first statement on.
    injected: bool,
    /// It is all of a function that a transaction is given, and waits for.
    is_callback: bool,
}

impl Region {
    /// The part of a function that something in it opens.
    fn block(file: FileId, function: FunctionId, opened: Span, body: Span) -> Region {
        Region {
            file,
            function,
            body,
            opened,
            opened_in: (file, function),
            injected: false,
            is_callback: false,
        }
    }

    /// Whether a place of its function runs while it is open.
    fn holds(&self, span: Span) -> bool {
        self.body.encloses(span) && (self.is_callback || span.start > self.opened.start && !self.opened.encloses(span))
    }
}

/// Checks a project.
pub fn check(run: &Analyses<'_>) -> Vec<Finding> {
    let project = run.project;
    let files: Vec<(FileId, &Module)> = project.code.modules().collect();
    let blocks = files.into_par_iter().flat_map_iter(|(file, module)| {
        let eval = Evaluator::new(&project.code);
        let mut regions = regions(&eval, file, module);
        regions.extend(injected(project, file, module));
        regions
    });
    let regions: Vec<Region> = blocks.chain(callbacks::regions(project)).collect();
    regions.par_iter().filter_map(|region| finding(project, region)).collect()
}

fn regions(eval: &Evaluator<'_>, file: FileId, module: &Module) -> Vec<Region> {
    let mut out = Vec::new();
    for stmt in &module.stmts {
        let StmtKind::With { items, .. } = &stmt.kind else { continue };
        let opener = items.iter().find(|(value, _)| opens(eval, file, module, *value));
        if let Some((value, _)) = opener {
            out.push(Region::block(file, module.owner(*value), module.expr(*value).span, stmt.span));
        }
    }
    for (id, function) in module.function_ids() {
        for &decorator in &function.decorators {
            if is_atomic(eval, file, module, module.call(decorator).map_or(decorator, |call| call.callee)) {
                out.push(Region::block(file, id, module.expr(decorator).span, function.span));
            }
        }
    }
    out
}

/// Routes with a SQLAlchemy session from `Depends(…)`: its first statement takes a connection, and the next commit, rollback or
/// close gives it back.
fn injected(project: &Project, file: FileId, module: &Module) -> Vec<Region> {
    let mut out = Vec::new();
    if !module.mentions(&["Depends"]) {
        return out;
    }
    for (id, function) in module.function_ids() {
        let sessions: Vec<_> = function
            .params
            .iter()
            .filter(|param| {
                [param.default, param.annotation]
                    .into_iter()
                    .flatten()
                    .any(|expr| depends(module, expr))
            })
            .filter_map(|param| param.name)
            .filter(|name| handles::is_database(module.str(*name)))
            .collect();
        let node = project.graph.function(project.graph.id(file, id));
        let sites = node.queries.iter().filter_map(|&site| project.graph.sites.get(site));
        let is_held = |expr: ExprId| {
            let root = module.call(expr).and_then(|call| module.name(call.root()));
            root.is_some_and(|root| sessions.iter().any(|&name| module.str(name) == root))
        };
        let sql = sites.filter(|site| registry::begins_with_first_statement(site.query.library) && is_held(site.expr));
        let Some(first) = sql.map(|site| site.span).min_by_key(|span| span.start) else {
            continue;
        };
        let ends = module.call_ids_in(id).filter_map(|expr| {
            let method = module.call(expr)?.method()?;
            let start = module.expr(expr).span.start;
            let is_end = api_names::ends_transaction(method) && module.owner(expr) == id && start > first.end;
            (is_end && is_held(expr)).then_some(start)
        });
        let end = ends.min().unwrap_or(function.span.end);
        out.push(Region {
            injected: true,
            ..Region::block(file, id, first, Span { start: first.start, end })
        });
    }
    out
}

/// `Depends(get_session)`, bare or inside `Annotated[…]`.
fn depends(module: &Module, expr: ExprId) -> bool {
    let mut open = vec![expr];
    let mut steps = 0;
    while let Some(id) = open.pop() {
        steps += 1;
        if steps > MAX_STEPS {
            return false;
        }
        if module.call(id).is_some_and(|call| call.method() == Some("Depends")) {
            return true;
        }
        open.extend(module.children(id));
    }
    false
}

fn is_atomic(eval: &Evaluator<'_>, file: FileId, module: &Module, callee: ExprId) -> bool {
    eval.value(file, callee).library_name().is_some_and(clients::is_atomic)
        || module.dotted(callee).as_deref() == Some("transaction.atomic")
}

fn opens(eval: &Evaluator<'_>, file: FileId, module: &Module, value: ExprId) -> bool {
    let Some(call) = module.call(module.unawaited(value)) else {
        return false;
    };
    if is_atomic(eval, file, module, call.callee) {
        return true;
    }
    let library = eval.value(file, call.callee);
    let library = library.library_name().unwrap_or("");
    call.method()
        .is_some_and(|method| clients::opens_transaction(library, method, || is_database_name(&call)))
}

fn is_database_name(call: &Call<'_>) -> bool {
    let Some(receiver) = call.receiver() else { return false };
    match call.module.kind(receiver) {
        ExprKind::Name(name) | ExprKind::Attr { name, .. } => handles::is_database(call.module.str(*name)),
        _ => false,
    }
}

fn finding(project: &Project, region: &Region) -> Option<Finding> {
    let module = project.code.module(region.file);
    let function = project.graph.id(region.file, region.function);
    let node = project.graph.function(function);
    let waits = node.edges.iter().filter_map(|edge| {
        let is_inside = region.holds(module.expr(edge.expr).span);
        let wait = is_inside.then(|| wait::of(project, module, edge, region.is_callback)).flatten()?;
        Some((edge, wait))
    });
    // The first that waits for a machine tells more than a pause.
    let Some((edge, wait)) = waits.min_by_key(|(_, wait)| wait.sleeps) else {
        let why = "nothing that runs in the transaction is known to wait for another machine or a clock";
        project.silent(ID, region.opened_in.0, region.opened, || why);
        return None;
    };
    let name = wait.name;
    let reach = reach::at(project, function, edge.expr);
    // A session of the request holds no lock before its first write.
    let less = usize::from(region.injected);
    let judgement = priority::judge(&Cost::Held, &reach, Confidence::Medium, less);
    let label = reach.label;
    let mut finding = Finding::new(
        ID,
        judgement,
        Confidence::Medium,
        project.place_in(function, module.expr(edge.expr).span),
    );
    finding.title = if region.injected {
        format!("The request's session keeps its connection while `{name}` is waited for")
    } else {
        format!("A transaction stays open while `{name}` is waited for")
    };
    finding.message = if region.injected {
        format!(
            "The injected session took a connection with its first statement and holds it while `{name}` runs: nothing commits or closes it before."
        )
    } else if wait.sleeps {
        format!("`{name}` runs inside a transaction: its locks and its connection are held until the pause is over.")
    } else {
        format!("`{name}` runs inside a transaction: its locks and its connection are held until the answer comes, or the time is over.")
    };
    if let Some(label) = &label {
        finding.message.push_str(&format!(" Reached from {label}."));
    }
    finding.impact = format!(
        "a pool of n connections serves n such calls at a time{}",
        evidence::reach_words(label.as_deref())
    );
    finding.subject = name.clone();
    // Transactions of a file that wait for one call below them are mended there.
    if let Some(last) = wait.way.last() {
        finding.cause = format!("{name} at {}:{}", last.location.file, last.location.start_line);
    }
    finding.related = evidence::path_to_place(project, function, edge.expr);
    let (opened_file, opener) = region.opened_in;
    finding.relate(
        project.place_in(project.graph.id(opened_file, opener), region.opened),
        Role::Evidence,
        if region.injected {
            "the session takes a connection"
        } else {
            "the transaction starts"
        },
    );
    finding.related.extend(wait.way);
    let opened_by = if region.injected { OpenedBy::Session } else { OpenedBy::Code };
    finding.fix = advice(Advised::EndTransaction(opened_by), "any", &[]);
    Some(finding)
}
