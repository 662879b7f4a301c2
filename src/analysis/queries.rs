//! The one table of query sites: how many rows each may bring, how often it runs, and which index serves it. The list of
//! `perfaudit queries`, the audit's inventory and the rules of a user's own read it; built-in rules ask `judge::bounds`, which it is made
//! from, so that the words agree.

use rayon::prelude::*;

use super::Analyses;
use super::indexes::needs::IndexNeed;
use super::indexes::serving;
use crate::judge::bounds::{self, ReadBound};
use crate::libraries::shared::query::Outcome;
use crate::project::Project;
use crate::project::eval::Evaluator;
use crate::project::graph::QuerySite;
use crate::project::loops::{self, LoopVerdict};
use crate::project::schema::{Index, Table};
use crate::statement::{Operation, RowLimit};

/// How many rows a site may bring, for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RowBound {
    /// At most one row, or one value.
    One,
    /// A limit, a stream, an aggregate.
    Limited,
    /// A unique key, or a list of keys that the caller gives.
    Keyed,
    /// As many rows as one parent has.
    OfParent,
    /// As many rows as fall into a window of time or of values.
    Window,
    /// All rows of a table.
    Unbounded,
    /// More clauses may apply than the code shows.
    Open,
    /// It brings no rows: it changes them.
    Write,
    /// The statement was not understood.
    NotUnderstood,
}

impl RowBound {
    /// All of them, in the order in which they are counted.
    pub const ALL: [RowBound; 9] = [
        RowBound::One,
        RowBound::Limited,
        RowBound::Keyed,
        RowBound::OfParent,
        RowBound::Window,
        RowBound::Unbounded,
        RowBound::Open,
        RowBound::Write,
        RowBound::NotUnderstood,
    ];

    /// In words, the same wherever a site is listed.
    pub fn words(self) -> &'static str {
        match self {
            RowBound::One => "one row",
            RowBound::Limited => "limited",
            RowBound::Keyed => "by key",
            RowBound::OfParent => "by parent",
            RowBound::Window => "by window",
            RowBound::Unbounded => "unbounded",
            RowBound::Open => "open",
            RowBound::Write => "write",
            RowBound::NotUnderstood => "not understood",
        }
    }

    fn of(site: &QuerySite, bound: &ReadBound) -> RowBound {
        let (query, statement) = (&site.query, &site.query.statement);
        match statement.operation {
            _ if query.opaque => return RowBound::NotUnderstood,
            Operation::Insert | Operation::Update | Operation::Delete => return RowBound::Write,
            Operation::Select | Operation::Other => {}
        }
        let is_one =
            matches!(query.outcome, Outcome::One | Outcome::Scalar) || matches!(statement.limit, RowLimit::One | RowLimit::Rows(0 | 1));
        match bound {
            _ if is_one => RowBound::One,
            ReadBound::Limited => RowBound::Limited,
            ReadBound::Keyed => RowBound::Keyed,
            ReadBound::Filtered(_) => RowBound::OfParent,
            ReadBound::Window(_) => RowBound::Window,
            ReadBound::Open => RowBound::Unbounded,
            ReadBound::Unknown => RowBound::Open,
        }
    }
}

/// The loop around a site that counts most.
#[derive(Clone, Copy, Debug)]
pub struct Repeated {
    /// 1-based line of its head.
    pub line: u32,
    /// What it means.
    pub verdict: LoopVerdict,
}

/// What is known of a query site beside its query.
pub struct SiteFacts<'p> {
    /// How many rows it may bring.
    pub rows: RowBound,
    /// The loop around it in its own function: one that runs it for each row where there is one, else the innermost.
    pub repeated: Option<Repeated>,
    /// The index that serves it, with its table.
    pub index: Option<(&'p Table, &'p Index)>,
}

/// How many rows a site may bring.
pub fn bound_of(project: &Project, site: &QuerySite) -> RowBound {
    RowBound::of(site, &bounds::bound(project, site))
}

/// The facts of all sites, in the order of the graph's.
pub(super) fn facts<'p>(run: &Analyses<'p>) -> Vec<SiteFacts<'p>> {
    let (project, needs) = (run.project, run.index_needs());
    let sites: Vec<(usize, &QuerySite)> = project.graph.sites.iter().enumerate().collect();
    // What an evaluator remembers is of one file.
    let files: Vec<_> = sites.chunk_by(|left, right| left.1.file == right.1.file).collect();
    let facts = files.into_par_iter().flat_map_iter(|sites| {
        let eval = Evaluator::new(&project.code);
        let of_site = |&(at, site): &(usize, &QuerySite)| of_site(project, &eval, site, asked_by(needs, at));
        sites.iter().map(of_site).collect::<Vec<_>>()
    });
    facts.collect()
}

/// What a site asks of indexes; the needs are sorted by site.
fn asked_by(needs: &[IndexNeed], site: usize) -> &[IndexNeed] {
    let from = needs.partition_point(|need| need.site < site);
    let rest = needs.get(from..).unwrap_or_default();
    let count = rest.partition_point(|need| need.site == site);
    rest.get(..count).unwrap_or_default()
}

fn of_site<'p>(project: &'p Project, eval: &Evaluator<'_>, site: &QuerySite, needs: &[IndexNeed]) -> SiteFacts<'p> {
    SiteFacts {
        rows: bound_of(project, site),
        repeated: repeated(project, eval, site),
        index: serving::index_of(project, &site.query, needs),
    }
}

fn repeated(project: &Project, eval: &Evaluator<'_>, site: &QuerySite) -> Option<Repeated> {
    let around = loops::around(eval, site.file, site.expr);
    let per_row = around.iter().find(|one| one.verdict == LoopVerdict::PerRow);
    let one = per_row.or_else(|| around.first())?;
    let facts = project.code.files.get(site.file.index())?;
    Some(Repeated {
        line: facts.lines.line(one.header.start),
        verdict: one.verdict,
    })
}
