//! What several rules ask of the linked code: needs of indexes, rows that are read, repeated queries, waits, growth.

pub mod growth;
pub mod indexes;
pub mod queries;
pub mod redis;
pub mod repeats;
pub mod rows;
pub mod waits;

use std::sync::OnceLock;

use crate::libraries::shared::value::FileId;
use crate::project::Project;
use growth::Growing;
use growth::lifetime::{self, Lifetimes};
use indexes::advisor::{self, IndexProposal};
use indexes::needs::{self, IndexNeed};
use indexes::uses::Uses;
use queries::SiteFacts;
use repeats::per_row::{self, PerRow};
use waits::FileIo;

/// What a run asks of a project beside its facts. Each answer is worked out once, when it is first asked for, and shared.
///
/// An answer that takes all threads must stand before rules run on all of them: a thread that waits for it could be handed a rule that
/// asks for the same, and would wait for itself. So [`Analysis::prepare`] makes those, and a rule names what it needs in its line of
/// the registry.
pub struct Analyses<'p> {
    /// The linked project.
    pub project: &'p Project,
    index_needs: OnceLock<Vec<IndexNeed>>,
    index_proposals: OnceLock<Vec<IndexProposal>>,
    index_uses: OnceLock<Uses>,
    queries: OnceLock<Vec<SiteFacts<'p>>>,
    per_row: OnceLock<Vec<PerRow<'p>>>,
    lifetimes: OnceLock<Lifetimes>,
    growing: OnceLock<Vec<Growing<'p>>>,
    waits: Vec<OnceLock<FileIo<'p>>>,
}

impl<'p> Analyses<'p> {
    /// Of a project; nothing is worked out yet.
    pub fn new(project: &'p Project) -> Self {
        Analyses {
            project,
            index_needs: OnceLock::new(),
            index_proposals: OnceLock::new(),
            index_uses: OnceLock::new(),
            queries: OnceLock::new(),
            per_row: OnceLock::new(),
            lifetimes: OnceLock::new(),
            growing: OnceLock::new(),
            waits: project.code.files.iter().map(|_| OnceLock::new()).collect(),
        }
    }

    /// What statements ask of the indexes of their tables, in the order of the query sites.
    pub fn index_needs(&self) -> &[IndexNeed] {
        self.index_needs.get_or_init(|| needs::index_needs(self.project))
    }

    /// The indexes to make, by table.
    pub fn index_proposals(&self) -> &[IndexProposal] {
        self.index_proposals
            .get_or_init(|| advisor::proposals(self.project, self.index_needs()))
    }

    /// Which statements look rows up by which column, and which delete.
    pub fn index_uses(&self) -> &Uses {
        self.index_uses.get_or_init(|| Uses::of(self.project))
    }

    /// What is known of each query site, in the order of the graph's.
    pub fn queries(&self) -> &[SiteFacts<'p>] {
        self.queries.get_or_init(|| queries::facts(self))
    }

    /// Every query and write that runs once a row.
    pub fn per_row(&self) -> &[PerRow<'p>] {
        self.per_row.get_or_init(|| per_row::find(self.project))
    }

    /// Where each class is instantiated, and how long its instances live.
    pub fn lifetimes(&self) -> &Lifetimes {
        self.lifetimes.get_or_init(|| lifetime::of(self.project))
    }

    /// Collections that live as long as the process and only grow.
    pub fn growing(&self) -> &[Growing<'p>] {
        self.growing.get_or_init(|| growth::find(self.project, self.lifetimes()))
    }

    /// What the functions of a file wait for; `None` for a file that holds no program.
    pub fn waits(&self, file: FileId) -> Option<&FileIo<'p>> {
        let slot = self.waits.get(file.index())?;
        Some(slot.get_or_init(|| FileIo::new(self.project, file)))
    }
}

/// An answer that takes all threads, or that several rules share: what is made before they run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Analysis {
    /// [`Analyses::index_needs`].
    IndexNeeds,
    /// [`Analyses::index_uses`].
    IndexUses,
    /// [`Analyses::per_row`].
    PerRow,
    /// [`Analyses::lifetimes`].
    Lifetimes,
    /// [`Analyses::index_proposals`].
    IndexProposals,
    /// [`Analyses::growing`].
    Growing,
    /// [`Analyses::queries`].
    Queries,
}

impl Analysis {
    /// All of them.
    pub const ALL: [Analysis; 7] = [
        Analysis::IndexNeeds,
        Analysis::IndexUses,
        Analysis::PerRow,
        Analysis::Lifetimes,
        Analysis::IndexProposals,
        Analysis::Growing,
        Analysis::Queries,
    ];

    /// Whether it is there already.
    pub fn is_ready(self, run: &Analyses<'_>) -> bool {
        match self {
            Analysis::IndexNeeds => run.index_needs.get().is_some(),
            Analysis::IndexUses => run.index_uses.get().is_some(),
            Analysis::PerRow => run.per_row.get().is_some(),
            Analysis::Lifetimes => run.lifetimes.get().is_some(),
            Analysis::IndexProposals => run.index_proposals.get().is_some(),
            Analysis::Growing => run.growing.get().is_some(),
            Analysis::Queries => run.queries.get().is_some(),
        }
    }

    /// What it builds on.
    pub fn base(self) -> Option<Analysis> {
        match self {
            Analysis::IndexProposals | Analysis::Queries => Some(Analysis::IndexNeeds),
            Analysis::Growing => Some(Analysis::Lifetimes),
            _ => None,
        }
    }

    /// Works it out, where it is not there yet.
    pub fn prepare(self, run: &Analyses<'_>) {
        match self {
            Analysis::IndexNeeds => drop(run.index_needs()),
            Analysis::IndexUses => drop(run.index_uses()),
            Analysis::PerRow => drop(run.per_row()),
            Analysis::Lifetimes => drop(run.lifetimes()),
            Analysis::IndexProposals => drop(run.index_proposals()),
            Analysis::Growing => drop(run.growing()),
            Analysis::Queries => drop(run.queries()),
        }
    }
}
