//! What one use of a place costs, by what it does and to how many rows.

use super::scale::{Rows, Scale};
use crate::project::Project;
use crate::statement::Dialect;

/// How heavy one use is; the heaviest comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Weight {
    /// It grows with a table to which everybody adds rows.
    Unbounded,
    /// Others stand still for as long as it takes: a pause or another process on an event loop, a server of one thread.
    Stops,
    /// Others stand still until another machine answers: mostly soon, and one day not.
    Holds,
    /// A worker of several waits without end, or others stand still for the tenths of a second that the processor works.
    Occupies,
    /// It grows with the rows of one parent.
    Large,
    /// It is bounded, or short as far as can be told.
    Moderate,
    /// A table that grows is loaded or sent whole, or one statement looks through all of it; an open page asks every few seconds; one who
    /// asks waits without end, and no worker with them.
    Whole,
    /// Few rows, a round trip or two.
    Slight,
    /// Nobody waits for it: declarations, settings, hygiene.
    Upkeep,
}

impl Weight {
    /// All of them, the heaviest first.
    pub const ALL: [Weight; 9] = [
        Weight::Unbounded,
        Weight::Stops,
        Weight::Holds,
        Weight::Occupies,
        Weight::Large,
        Weight::Moderate,
        Weight::Whole,
        Weight::Slight,
        Weight::Upkeep,
    ];

    /// So many steps lighter; what is there at all stays [`Weight::Slight`].
    pub fn lighter(self, steps: usize) -> Weight {
        if steps == 0 || self == Weight::Upkeep {
            return self;
        }
        let at = match self {
            // To stop others is as heavy as a large cost, and above it in the table only.
            Weight::Unbounded | Weight::Stops | Weight::Holds | Weight::Occupies => 3 + steps,
            weight => Weight::ALL.iter().position(|&known| known == weight).unwrap_or(0) + steps,
        };
        match Weight::ALL.get(at) {
            Some(&lighter) if lighter < Weight::Whole => lighter,
            _ => Weight::Slight,
        }
    }
}

/// What the event loop stands still for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stall {
    /// Another process, or a pause: as long as it says.
    Work,
    /// The processor: a hash, a picture. Tenths of a second.
    Compute,
    /// Another machine.
    Wait,
    /// A small file, a statement within the process.
    Moment,
    /// The library raises an error in place of stopping the loop.
    Refused,
}

/// What is sent for each element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A statement to a database within the process: microseconds.
    Local,
    /// A statement to a database, or to a cache: about a millisecond.
    Statement,
    /// A statement that changes rows.
    Write,
    /// A request to another service: tens of milliseconds and more.
    Request,
}

impl Unit {
    fn words(self) -> &'static str {
        match self {
            Unit::Local => "a statement within the process",
            Unit::Statement => "a statement",
            Unit::Write => "a write",
            Unit::Request => "a request",
        }
    }

    fn plural(self) -> &'static str {
        match self {
            Unit::Local => "statements within the process",
            Unit::Statement => "statements",
            Unit::Write => "writes",
            Unit::Request => "requests",
        }
    }
}

/// What a statement costs here: next to nothing where the database runs within the process.
pub fn statement(project: &Project) -> Unit {
    let tables = &project.schema.tables;
    let is_in_process = !tables.is_empty() && tables.iter().all(|table| table.dialect == Dialect::Sqlite);
    if is_in_process { Unit::Local } else { Unit::Statement }
}

/// What one use costs.
#[derive(Clone, Debug, PartialEq)]
pub enum Cost {
    /// A statement or a request for each element: what is sent, and how many elements there are.
    Each {
        /// How many of them for one element.
        times: usize,
        /// What is sent.
        what: Unit,
        /// The elements.
        rows: Rows,
    },
    /// A wait for each element, one after the other: what is sent, and how many elements there are. It costs those who wait, and nobody else.
    InTurn {
        /// What is sent.
        what: Unit,
        /// The elements.
        rows: Rows,
    },
    /// Rows that are loaded.
    Load(Rows),
    /// Rows that are loaded, built and sent to a client.
    Answer(Rows),
    /// Rows that are loaded for a figure, a test or a part of them.
    Waste(Rows),
    /// Rows that are read and dropped to reach a page.
    Skip(Rows),
    /// Rows that are looked through for a part of a text: what a search box is there for.
    Search(Rows),
    /// All rows of a table are read for few of them; the statements of requests that do so are counted.
    Walk {
        /// Where the database runs.
        what: Unit,
        /// The table's rows.
        rows: Rows,
        /// Statements that somebody waits for.
        asks: usize,
        /// It is for want of an index on a foreign key, or of one that the code declares.
        is_declared: bool,
        /// The table has a row for each person who uses the program.
        of_people: bool,
    },
    /// The event loop or a server of one thread stands still.
    Stall {
        /// Why.
        by: Stall,
    },
    /// A wait that nothing ends.
    Endless {
        /// A thread or worker is taken meanwhile.
        holds_worker: bool,
        /// The server that ends a worker which takes longer, and after how many seconds.
        until: Option<(&'static str, u32)>,
    },
    /// Round trips that could be saved.
    Trips {
        /// What is sent.
        what: Unit,
        /// How many.
        saved: usize,
    },
    /// A sleep of so many seconds.
    Sleep(f64),
    /// A request every so many seconds.
    Poll(f64),
    /// A connection, and perhaps locks, held while another machine is waited for.
    Held,
    /// A connection that is made anew each time.
    Connect {
        /// With a pool or an engine of its own.
        pool: bool,
    },
    /// Memory or storage that is never freed.
    Growth,
    /// Writes wait while an index is built.
    Lock {
        /// The migration may still have to run somewhere.
        recent: bool,
        /// The table's rows.
        rows: Rows,
    },
    /// A limit that the service runs into.
    Limit,
    /// A setting that would soften a failure.
    Setting,
    /// A declaration or habit.
    Upkeep,
}

/// So many are a sign by themselves, where the table's size is not known.
const SOME: usize = 3;
/// So many make it more than one feature's matter.
const OFTEN: usize = 5;
/// So many make it a matter of every page.
const EVERYWHERE: usize = 12;
/// So many statements for each row are felt on every page. Of eight lists with so many, readers of the code called five urgent, of those
/// with fewer one of a dozen.
const SEVERAL: usize = 7;
/// A poll of so many seconds is a load by itself, once many pages are open; slower ones are mostly what a live page is meant to do.
const FAST: f64 = 1.0;
/// A poll of so many seconds is a live view's.
const LIVE: f64 = 5.0;
/// A sleep of so many seconds is felt.
const FELT: f64 = 1.0;

impl Cost {
    /// How heavy it is.
    pub fn weight(&self) -> Weight {
        match self {
            Cost::Each { times, what, rows } => each(*times, *what, rows.scale),
            // Each wait is short, and all of them are felt by the one who asked.
            Cost::InTurn { what, rows } => each(1, *what, rows.scale).lighter(1),
            Cost::Load(rows) | Cost::Answer(rows) => load(rows.scale),
            Cost::Skip(rows) | Cost::Search(rows) => skip(rows.scale),
            Cost::Waste(rows) => waste(rows.scale),
            // Thousands of rows within the process are looked through in a millisecond: of nine such findings two would be mended.
            Cost::Walk { what, rows, asks, .. } if *what == Unit::Local => walk(rows.scale, *asks).max(Weight::Large).lighter(2),
            // To find one of all people readers would add an index in six cases of seven.
            Cost::Walk {
                rows,
                asks: 0 | 1,
                of_people,
                ..
            } if *of_people && rows.scale == Scale::Many => Weight::Moderate,
            Cost::Walk { rows, asks, .. } => walk(rows.scale, *asks),
            Cost::Stall { by: Stall::Work } => Weight::Stops,
            Cost::Stall { by: Stall::Wait } => Weight::Holds,
            Cost::Stall { by: Stall::Compute }
            | Cost::Endless {
                holds_worker: true,
                until: None,
            } => Weight::Occupies,
            // No worker is taken, and only who asked waits: of some ninety such requests readers would mend two of five, mostly in passing.
            Cost::Endless { holds_worker: false, .. } => Weight::Whole,
            // The server puts another worker in its place.
            Cost::Endless { until: Some(_), .. } => Weight::Large,
            Cost::Stall { by: Stall::Refused } => Weight::Moderate,
            // What most caches keep is small, and processes are started anew: of three that were read nobody would have mended one.
            Cost::Growth => Weight::Whole,
            Cost::Held => Weight::Large,
            Cost::Trips { what, saved } => trips(*what, *saved),
            Cost::Sleep(seconds) if *seconds >= FELT => Weight::Large,
            Cost::Sleep(_) | Cost::Connect { pool: true } => Weight::Moderate,
            Cost::Poll(seconds) if *seconds <= FAST => Weight::Moderate,
            Cost::Poll(seconds) if *seconds <= LIVE => Weight::Whole,
            Cost::Lock { recent: true, rows } if rows.scale == Scale::Stream => Weight::Stops,
            Cost::Limit => Weight::Large,
            Cost::Setting => Weight::Moderate,
            Cost::Poll(_) | Cost::Lock { .. } | Cost::Stall { by: Stall::Moment } | Cost::Connect { pool: false } => Weight::Slight,
            Cost::Upkeep => Weight::Upkeep,
        }
    }

    /// How readily it is mended: how often maintainers would act on such a finding, of some 700 that were read against the code. An
    /// argument or an index is added in minutes, while a page changes what clients are promised.
    pub fn ease(&self) -> u32 {
        match self {
            Cost::Endless { .. } => 96,
            // A foreign key would get its index in three of five cases (of 180), another column in two (of 52).
            Cost::Walk { is_declared: true, .. } => 48,
            Cost::Walk { .. } => 24,
            // Of one parent there are mostly few rows: one of five such loops would be acted on, of a page's or of an unknown list's one of two.
            Cost::Each { rows, .. } if rows.scale == Scale::OfParent => 4,
            // Who changes many rows waits for them anyway: of 35 such loops two would be mended.
            Cost::Each { what: Unit::Write, .. } => 4,
            // A file of the machine: of eleven such calls that were read one would be mended.
            Cost::Stall { by: Stall::Moment } => 1,
            Cost::Stall { .. } | Cost::Each { .. } => 24,
            Cost::InTurn { .. } | Cost::Poll(_) | Cost::Growth | Cost::Held | Cost::Sleep(_) => 8,
            // Settings of a sample, pages of an administration, an index that a migration has built long ago: one of fifteen.
            Cost::Setting | Cost::Skip(_) | Cost::Lock { .. } => 1,
            // Lists without a limit, columns that nobody reads, functions around columns, what costs upkeep: one of eighteen (of 179).
            Cost::Load(_) | Cost::Search(_) | Cost::Waste(_) | Cost::Upkeep => 2,
            _ => 4,
        }
    }

    /// In words, as the start of a sentence.
    pub fn words(&self) -> String {
        match self {
            Cost::Each { times: 0 | 1, what, rows } => format!("{} for each of {}", what.words(), rows.why),
            Cost::Each { times, what, rows } => format!("{times} {} for each of {}", what.plural(), rows.why),
            Cost::InTurn { what, rows } => format!("{} for each of {}, one after the other", what.words(), rows.why),
            Cost::Load(rows) => format!("it loads {}", rows.why),
            Cost::Skip(rows) => format!("it skips rows of {}", rows.why),
            Cost::Search(rows) => format!("it looks through {}", rows.why),
            Cost::Answer(rows) => format!("it answers with {}", rows.why),
            Cost::Waste(rows) => format!("it loads {} for less than that", rows.why),
            Cost::Walk { rows, asks, .. } => match asks {
                0 | 1 => format!("it reads all of {}", rows.why),
                asks => format!("{asks} statements of requests read all of {}", rows.why),
            },
            Cost::Stall { by: Stall::Work } => "nothing else runs while it sleeps or another process works".to_owned(),
            Cost::Stall { by: Stall::Compute } => "nothing else runs while the processor works".to_owned(),
            Cost::Stall { by: Stall::Wait } => "nothing else runs until another machine answers".to_owned(),
            Cost::Stall { by: Stall::Moment } => "nothing else runs for a moment".to_owned(),
            Cost::Stall { by: Stall::Refused } => "it ends in an error".to_owned(),
            Cost::Endless {
                until: Some((server, seconds)),
                ..
            } => format!("a worker may wait until {server} ends it after {seconds} s"),
            Cost::Endless { holds_worker: true, .. } => "a worker may wait for ever".to_owned(),
            Cost::Endless { holds_worker: false, .. } => "it may wait for minutes".to_owned(),
            Cost::Trips { saved: 1, .. } => "a round trip more than needed".to_owned(),
            Cost::Trips { saved, .. } => format!("{saved} round trips more than needed"),
            Cost::Sleep(seconds) => format!("{seconds} s of waiting"),
            Cost::Poll(seconds) => format!("a request every {seconds} s"),
            Cost::Held => "a connection is held while another machine is waited for".to_owned(),
            Cost::Connect { pool: true } => "a pool of connections is made anew".to_owned(),
            Cost::Connect { pool: false } => "a connection is made anew".to_owned(),
            Cost::Growth => "what is kept is never freed".to_owned(),
            Cost::Lock { rows, .. } => format!("writes wait while it is built over {}", rows.why),
            Cost::Limit => "a limit that the service runs into".to_owned(),
            Cost::Setting => "what goes wrong goes further than it must".to_owned(),
            Cost::Upkeep => "it costs upkeep".to_owned(),
        }
    }
}

fn each(times: usize, what: Unit, scale: Scale) -> Weight {
    if what == Unit::Local {
        return each(times, Unit::Statement, scale).lighter(1);
    }
    match (scale, what) {
        (Scale::Stream, _) => Weight::Unbounded,
        // A page of twenty is hundreds of statements then.
        (Scale::Many | Scale::Page, _) if times >= SEVERAL => Weight::Unbounded,
        // A table that grows with the use is listed whole where it is small as yet, or its page is set somewhere else: of sixteen such
        // loops readers called three urgent, as of a page's.
        (Scale::Many | Scale::OfParent | Scale::Page, _) | (Scale::Unknown | Scale::Given, Unit::Request) => Weight::Large,
        (Scale::Unknown, _) | (Scale::Few, Unit::Request) => Weight::Moderate,
        // What is no query's rows is mostly what one request names or one thing has: of ten such loops behind reads two would be mended.
        (Scale::Given, _) => Weight::Whole,
        (Scale::Few | Scale::One, _) => Weight::Slight,
    }
}

fn trips(what: Unit, saved: usize) -> Weight {
    match (what, saved) {
        // A synchronous driver sends them one by one however they are awaited.
        (Unit::Local, _) | (_, 0 | 1) => Weight::Slight,
        // Two milliseconds: of ten that were read none would be mended, of six that saved more three.
        (Unit::Statement | Unit::Write, 2) => Weight::Whole,
        _ => Weight::Moderate,
    }
}

fn load(scale: Scale) -> Weight {
    match scale {
        Scale::Stream => Weight::Moderate,
        // Whoever asks for a list wants its rows; hundreds of them are one statement.
        Scale::Many | Scale::Unknown => Weight::Whole,
        _ => Weight::Slight,
    }
}

fn skip(scale: Scale) -> Weight {
    match scale {
        Scale::Stream => Weight::Moderate,
        // People turn a few pages of what people made.
        _ => Weight::Slight,
    }
}

fn waste(scale: Scale) -> Weight {
    match scale {
        Scale::Stream => Weight::Large,
        Scale::Many => Weight::Moderate,
        _ => Weight::Slight,
    }
}

fn walk(scale: Scale, asks: usize) -> Weight {
    let base = match asks {
        EVERYWHERE.. => Weight::Unbounded,
        OFTEN.. => Weight::Large,
        2.. => Weight::Moderate,
        // One statement alone is mostly one page's: of 23 readers of the code would add the index for eight.
        _ => Weight::Whole,
    };
    match scale {
        Scale::Few | Scale::One | Scale::Given => Weight::Slight,
        Scale::Unknown | Scale::OfParent | Scale::Page if asks >= SOME => base.lighter(usize::from(asks >= OFTEN)),
        Scale::Unknown => Weight::Whole,
        Scale::OfParent | Scale::Page => Weight::Slight,
        Scale::Many => base,
        // What readers of the code call urgent are the tables that everybody writes to all day, however few statements look through them.
        Scale::Stream => Weight::Unbounded,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lighter_is_one_row_down_and_never_nothing() {
        assert_eq!(Weight::Unbounded.lighter(0), Weight::Unbounded);
        assert_eq!(Weight::Unbounded.lighter(1), Weight::Large);
        assert_eq!(Weight::Stops.lighter(1), Weight::Large);
        assert_eq!(Weight::Holds.lighter(1), Weight::Large);
        assert_eq!(Weight::Large.lighter(1), Weight::Moderate);
        assert_eq!(Weight::Large.lighter(9), Weight::Slight);
        assert_eq!(Weight::Upkeep.lighter(1), Weight::Upkeep);
    }

    #[test]
    fn an_index_that_many_requests_ask_for_weighs_more() {
        let walk = |scale, asks| {
            Cost::Walk {
                what: Unit::Statement,
                rows: Rows::new(scale, "t"),
                asks,
                is_declared: true,
                of_people: false,
            }
            .weight()
        };
        assert_eq!(walk(Scale::Stream, 1), Weight::Unbounded);
        assert_eq!(walk(Scale::Many, 12), Weight::Unbounded);
        assert_eq!(walk(Scale::Many, 6), Weight::Large);
        assert_eq!(walk(Scale::Unknown, 12), Weight::Large);
        assert_eq!(walk(Scale::Many, 2), Weight::Moderate);
        assert_eq!(walk(Scale::Many, 1), Weight::Whole);
        assert_eq!(walk(Scale::Few, 40), Weight::Slight);
    }
}
