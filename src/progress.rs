//! What a run tells about itself while it goes: stages and files, for a progress bar and for timings.

use crate::budget::Work;

/// A part of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// Files are looked for.
    Walk,
    /// The tree of an earlier revision is brought out and audited.
    Earlier,
    /// Files are read and parsed.
    Read,
    /// Files are linked.
    Link,
    /// Rules run.
    Rules,
    /// Findings are ranked and the report is put together.
    Report,
}

impl Stage {
    /// In words.
    pub fn text(self) -> &'static str {
        match self {
            Stage::Walk => "find files",
            Stage::Earlier => "audit the earlier revision",
            Stage::Read => "read and parse",
            Stage::Link => "link",
            Stage::Rules => "run rules",
            Stage::Report => "rank and report",
        }
    }
}

/// Is told how a run goes on, from any thread.
pub trait Observer: Sync {
    /// A stage begins; the one before it has ended. `steps` is how many steps it will take, where that is known.
    fn stage(&self, stage: Stage, steps: usize);
    /// A step of the stage is done.
    fn step(&self);
    /// What a part of the run that has threads of its own has done; only builds with debug assertions count it.
    fn work(&self, _: Work) {}
}

/// Hears nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Observer for Silent {
    fn stage(&self, _: Stage, _: usize) {}
    fn step(&self) {}
}
