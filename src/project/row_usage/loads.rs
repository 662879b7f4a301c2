//! Where a function gets rows: from a query of its own, or from a function that runs one.

use std::rc::Rc;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::{Holds, RowUsage, Users};
use crate::ir::{ExprId, FunctionId};
use crate::libraries::shared::query::{Outcome, Query};
use crate::libraries::shared::value::{FileId, Value};
use crate::project::eval::{Code, Evaluator};
use crate::project::flow;
use crate::project::graph::{EdgeKind, FnId, Graph};
use crate::statement::Operation;

/// A place where a function gets rows: from a query of its own, or from a function that runs one.
#[derive(Clone, Debug)]
pub struct RowLoad {
    /// File that it stands in.
    pub file: FileId,
    /// The call.
    pub expr: ExprId,
    /// The function it stands in.
    pub function: FnId,
    /// Where the query runs.
    pub source: (FileId, ExprId),
    /// The query whose rows are loaded.
    pub query: Arc<Query>,
    /// The called function that runs it, where it is another one.
    pub via: Option<FnId>,
    /// What becomes of the rows.
    pub usage: RowUsage,
}

/// All loads of a project, by file and place.
pub fn loads(code: &Code, graph: &Graph) -> Vec<RowLoad> {
    let files = code.modules().map(|(file, _)| file).collect();
    code.parts(files, |file| of_file(code, graph, file))
}

fn of_file(code: &Code, graph: &Graph, file: FileId) -> Vec<RowLoad> {
    let eval = Evaluator::new(code);
    let users = Users::new(&eval, file);
    let mut out = Vec::new();
    let mut returned: FxHashMap<FnId, Rc<Vec<(FileId, ExprId)>>> = FxHashMap::default();
    let count = code.module(file).functions.len() as u32;
    for id in (0..count).map(FunctionId) {
        let function = graph.id(file, id);
        let Some(node) = graph.functions.get(function.index()) else {
            continue;
        };
        for site in node.queries.iter().filter_map(|&site| graph.sites.get(site)) {
            if site.query.fetch || site.query.opaque || site.query.statement.operation != Operation::Select {
                continue;
            }
            let holds = match site.query.outcome {
                Outcome::Rows | Outcome::Stream => Holds::Rows,
                Outcome::One => Holds::Row,
                Outcome::Scalar => Holds::Figure,
                Outcome::Nothing => continue,
            };
            out.push(RowLoad {
                file,
                expr: site.expr,
                function,
                source: (file, site.expr),
                query: site.query.clone(),
                via: None,
                usage: users.uses(site.expr, holds),
            });
        }
        for edge in &node.edges {
            let ([target], EdgeKind::Call, false) = (edge.targets.as_slice(), edge.kind, edge.guessed) else {
                continue;
            };
            let Some(callee) = graph.functions.get(target.index()) else {
                continue;
            };
            // A call of a body for several models is a query of its own.
            let is_site = graph.site_at(file, edge.expr).is_some();
            if callee.next[0].is_none() || is_site {
                continue;
            }
            let Some(holds) = held(&eval, file, edge.expr) else { continue };
            let sources = returned
                .entry(*target)
                .or_insert_with(|| Rc::new(flow::returned_sources(&eval, callee.file, callee.id)))
                .clone();
            let [source] = sources.as_slice() else { continue };
            let Some(query) = eval.query_at(source.0, source.1) else { continue };
            let outcome = if holds == Holds::Rows { Outcome::Rows } else { Outcome::One };
            if query.outcome != outcome || query.opaque || query.statement.operation != Operation::Select {
                continue;
            }
            out.push(RowLoad {
                file,
                expr: edge.expr,
                function,
                source: *source,
                query,
                via: Some(*target),
                usage: users.uses(edge.expr, holds),
            });
        }
    }
    out
}

/// Whether a call of the project's code gives a list or may give one row.
fn held(eval: &Evaluator<'_>, file: FileId, expr: ExprId) -> Option<Holds> {
    match eval.value(file, expr) {
        Value::Many(_) => Some(Holds::Rows),
        Value::Query(at, query) => match eval.query_at(at, query)?.outcome {
            Outcome::Rows => Some(Holds::Rows),
            Outcome::One => Some(Holds::Row),
            _ => None,
        },
        Value::Row(..) | Value::Unknown => Some(Holds::Row),
        _ => None,
    }
}
