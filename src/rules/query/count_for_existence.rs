//! `count-for-existence`: rows loaded only to be counted or to see whether there are any, and counts only compared with 0.

use std::cell::RefCell;
use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::aggregate_in_memory;
use crate::advice::texts::{Advised, Select, advice};
use crate::analysis::Analyses;
use crate::analysis::rows::figures;
use crate::finding::{Confidence, Finding, Fix, Role};
use crate::fix::remedy::{Remedy, Rewrite, RewriteKind};
use crate::ir::{ExprId, ExprKind, FunctionId, Module, StmtKind, Sym};
use crate::judge::bounds::{self, ReadBound};
use crate::judge::cost::Cost;
use crate::judge::{evidence, priority, reach, scale};
use crate::libraries::shared::query::{Outcome, Resolver};
use crate::libraries::shared::value::FileId;
use crate::project::Project;
use crate::project::eval::Evaluator;
use crate::project::row_usage::RowLoad;
use crate::statement::{Projection, RowLimit, TableUse};

const ID: &str = "count-for-existence";

mod unresolved;

/// Runs the rule.
pub fn check(run: &Analyses<'_>) -> Vec<Finding> {
    let project = run.project;
    let mut out = Vec::new();
    // Loads are in the order of files.
    for loads in project.loads.chunk_by(|one, other| one.file == other.file) {
        let Some(first) = loads.first() else { continue };
        let later = Later::new(project, first.file);
        out.extend(loads.iter().filter_map(|load| finding(project, &later, load)));
    }
    out.extend(unresolved::check(project));
    out
}

/// What is done with the rows instead of in the database.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Waste {
    /// They are counted.
    Counted,
    /// They are tested for being there.
    Tested,
    /// They are counted in parts.
    CountedInParts,
    /// Their count is compared with 0.
    CountTested,
}

fn waste(project: &Project, later: &Later<'_>, load: &RowLoad) -> Option<Waste> {
    let (usage, statement) = (&load.usage, &load.query.statement);
    if load.query.outcome == Outcome::Scalar {
        let is_count = is_count(load) && usage.is_local() && usage.lengths.is_empty();
        let tested = !usage.zero_tests.is_empty() || !usage.truths.is_empty();
        return (is_count && tested).then_some(Waste::CountTested);
    }
    let bounded =
        matches!(statement.limit, RowLimit::One | RowLimit::Rows(0..=100)) || matches!(statement.projection, Projection::Aggregate);
    if load.query.outcome != Outcome::Rows || bounded {
        return None;
    }
    let module = project.code.module(load.file);
    if later.uses(load) {
        return None;
    }
    let keyed = bounds::judge(project, &load.query) == ReadBound::Keyed;
    if usage.only_tested(module) && !keyed && reads_columns(project, load) && usage.aggregated.iter().all(|&by| is_plain_test(module, by)) {
        return Some(Waste::Tested);
    }
    if figures::is_counting(module, usage) {
        return aggregate_in_memory::figures_of(project, load).map(|_| Waste::CountedInParts);
    }
    let system = load.query.statement.tables.first().is_some_and(TableUse::is_catalog);
    // Keys that the caller gives bound the rows, as when all of them must exist.
    if !usage.only_counted() || system || keyed {
        return None;
    }
    Some(if usage.only_any(module) { Waste::Tested } else { Waste::Counted })
}

/// Why [`waste`] is nothing, for a load.
fn why_no_waste(project: &Project, later: &Later<'_>, load: &RowLoad) -> &'static str {
    let (usage, statement) = (&load.usage, &load.query.statement);
    if load.query.outcome == Outcome::Scalar {
        return "its figure is used for more than to see whether there are rows";
    }
    if load.query.outcome != Outcome::Rows {
        return "it gives no list of rows";
    }
    if matches!(statement.limit, RowLimit::One | RowLimit::Rows(0..=100)) || matches!(statement.projection, Projection::Aggregate) {
        return "it gives a few rows at most";
    }
    if later.uses(load) {
        return "the rows are iterated later on, and kept until then";
    }
    if bounds::judge(project, &load.query) == ReadBound::Keyed {
        return "keys that the code gives bound its rows";
    }
    if usage.only_counted() {
        "it asks for tables of the database itself"
    } else {
        "its rows are used for something else than their number"
    }
}

/// Where a file's functions iterate what names hold.
struct Later<'p> {
    eval: Evaluator<'p>,
    file: FileId,
    module: &'p Module,
    names: FxHashMap<(FunctionId, Sym), Vec<ExprId>>,
    of: RefCell<FxHashMap<(FunctionId, Sym), Rc<Iterated>>>,
}

/// The places by what the name holds there, two at most for each: one may be the place that is asked for.
type Iterated = FxHashMap<(FileId, ExprId), Vec<ExprId>>;

impl<'p> Later<'p> {
    fn new(project: &'p Project, file: FileId) -> Later<'p> {
        let module = project.code.module(file);
        let mut names: FxHashMap<(FunctionId, Sym), Vec<ExprId>> = FxHashMap::default();
        for iterable in iterables(module) {
            if let ExprKind::Name(name) = *module.kind(iterable) {
                names.entry((module.owner(iterable), name)).or_default().push(iterable);
            }
        }
        Later {
            eval: Evaluator::new(&project.code),
            file,
            module,
            names,
            of: RefCell::default(),
        }
    }

    /// `if not len(events)` before `for event in events`: a queryset keeps the rows it has read, and they are used.
    fn uses(&self, load: &RowLoad) -> bool {
        let ExprKind::Name(name) = *self.module.kind(load.expr) else {
            return false;
        };
        let Some(definition) = self.eval.definition(load.file, load.expr) else {
            return false;
        };
        let key = (self.module.owner(load.expr), name);
        let known = self.of.borrow().get(&key).map(Rc::clone);
        let iterated = known.unwrap_or_else(|| {
            let found = Rc::new(self.iterated(key));
            self.of.borrow_mut().insert(key, Rc::clone(&found));
            found
        });
        let places = iterated.get(&definition).into_iter().flatten();
        places.into_iter().any(|&place| place != load.expr)
    }

    fn iterated(&self, key: (FunctionId, Sym)) -> Iterated {
        let mut out = Iterated::default();
        for &place in self.names.get(&key).into_iter().flatten() {
            let Some(definition) = self.eval.definition(self.file, place) else {
                continue;
            };
            let places = out.entry(definition).or_default();
            if places.len() < 2 {
                places.push(place);
            }
        }
        out
    }
}

/// What the loops of a file run over.
fn iterables(module: &Module) -> impl Iterator<Item = ExprId> {
    let loops = module.stmts.iter().filter_map(|stmt| match stmt.kind {
        StmtKind::Loop { iterable, .. } => iterable,
        _ => None,
    });
    let clauses = module.exprs.iter().filter_map(|expr| match &expr.kind {
        ExprKind::Comp(comp) => Some(comp.clauses.iter().map(|clause| clause.iterable)),
        _ => None,
    });
    loops.chain(clauses.flatten())
}

/// Whether what is asked of each row is one expression, not code of its own.
fn is_plain_test(module: &Module, by: ExprId) -> bool {
    let Some(call) = module.call(by) else { return true };
    let mut lambdas = call.args.iter().filter_map(|arg| match module.kind(arg.value) {
        ExprKind::Lambda(function) => Some(*function),
        _ => None,
    });
    lambdas.all(|function| match module.function(function).body.as_ref() {
        [stmt] => matches!(module.stmt(*stmt).kind, StmtKind::Return(Some(_)) | StmtKind::Expr(_)),
        _ => false,
    })
}

/// What a test asks of the rows are columns, which the database can compare too.
fn reads_columns(project: &Project, load: &RowLoad) -> bool {
    let table = load.query.table().and_then(|name| project.schema.table(name));
    table.is_some_and(|table| load.usage.read.iter().all(|name| table.column(name).is_some()))
}

/// A figure that is the count of rows: what an `exists()` or a sum gives is no waste.
fn is_count(load: &RowLoad) -> bool {
    matches!(load.query.statement.projection, Projection::Aggregate) && load.via.is_none()
}

fn finding(project: &Project, later: &Later<'_>, load: &RowLoad) -> Option<Finding> {
    let module = project.code.module(load.file);
    let span = module.expr(load.expr).span;
    let Some(waste) = waste(project, later, load) else {
        project.silent(ID, load.file, span, || why_no_waste(project, later, load));
        return None;
    };
    if waste == Waste::CountTested && module.call(load.expr).and_then(|call| call.method()) != Some("count") {
        project.silent(
            ID,
            load.file,
            span,
            || "what is compared with 0 is no `.count()`, whose fix would be known",
        );
        return None;
    }
    let name = load.query.table().filter(|name| !name.is_empty());
    let of = name.map(|name| format!(" of `{name}`")).unwrap_or_default();
    let reach = reach::at(project, load.function, load.expr);
    let rows = scale::of_query(project, &load.query);
    // A count reads rows and sends none of them.
    // A helper that others use, too, loads what they need: mostly a row or two.
    let less = usize::from(waste == Waste::CountTested || load.via.is_some());
    let confidence = if load.via.is_some() { Confidence::Medium } else { Confidence::High };
    let judgement = priority::judge(&Cost::Waste(rows), &reach, confidence, less);
    let label = reach.label;
    let mut finding = Finding::new(ID, judgement, confidence, project.place_in(load.function, span));
    finding.title = match waste {
        Waste::Counted => format!("Rows{of} are loaded only to be counted"),
        Waste::CountedInParts => format!("Rows{of} are loaded to be counted in the application"),
        Waste::Tested => format!("Rows{of} are loaded only to see whether there are any"),
        Waste::CountTested => format!("Rows{of} are counted only to see whether there are any"),
    };
    finding.message = format!("{}{}.", finding.title, evidence::reach_words(label.as_deref()));
    finding.impact = match waste {
        Waste::CountTested => format!("a count reads every matching row{of}, where the first would do"),
        _ => format!("every matching row{of} is read, sent and built for one figure"),
    };
    finding.subject = format!("{} {}", evidence::essence(&load.query), finding.title);
    finding.related = evidence::path_to_place(project, load.function, load.expr);
    if load.via.is_some() {
        let holder = project
            .graph
            .id(load.source.0, project.code.module(load.source.0).owner(load.source.1));
        let span = project.code.module(load.source.0).expr(load.source.1).span;
        finding.relate(project.place_in(holder, span), Role::Query, evidence::describe(&load.query));
    }
    for &used in load
        .usage
        .lengths
        .iter()
        .chain(&load.usage.truths)
        .chain(&load.usage.zero_tests)
        .chain(&load.usage.aggregated)
        .take(6)
    {
        let span = module.expr(used).span;
        finding.relate(
            project.place(load.file, span, &project.symbol(load.function)),
            Role::Evidence,
            "used here",
        );
    }
    finding.fix = fix(waste, load.query.library);
    finding.remedy = (waste == Waste::CountTested).then(|| {
        Remedy::Calls(vec![Rewrite {
            file: project.path(load.file).to_owned(),
            span,
            how: RewriteKind::Exists {
                library: load.query.library.to_owned(),
            },
        }])
    });
    Some(finding)
}

fn fix(waste: Waste, library: &str) -> Fix {
    let select = match waste {
        Waste::CountedInParts => Select::CountParts,
        Waste::Counted => Select::Count,
        _ => Select::Exists,
    };
    advice(Advised::Select(select), library, &[])
}
