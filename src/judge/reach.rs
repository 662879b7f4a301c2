//! How a function is reached: by whom, how often, and whether anybody waits for it.

use rustc_hash::FxHashMap;

use crate::ir::{ClassId, ExprId, FunctionId, StmtKind};
use crate::libraries::entries::{EntryKind, Often, acts, is_bulk};
use crate::libraries::shared::pagination;
use crate::libraries::shared::value::FileId;
use crate::project::graph::{FnId, LONGEST_WAY, Visit};
use crate::project::reach::{MAX_SHARED, spawns};
use crate::project::{Project, branches, conditions};
use crate::walk::FileRole;

/// Where a function is called from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reached {
    /// A request, page, action, resolver or socket handler.
    Request,
    /// A job or worker.
    Job,
    /// Nothing that was recognised.
    Unknown,
    /// Start-up code.
    Startup,
    /// A command or script.
    Command,
}

/// How a function is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reach {
    /// By what.
    pub level: Reached,
    /// How often, by the entry point that is used most; `None` where no entry point is known.
    pub often: Option<Often>,
    /// The name of that entry point.
    pub label: Option<String>,
    /// That in words, where no entry point tells.
    phrase: Option<String>,
    /// How often open pages ask it by themselves: `polled every 5 s by OrderStatus`.
    pub polled: Option<String>,
    /// It is a field of a GraphQL server that none of the clients here asks.
    pub is_unasked: bool,
    /// Entry points that somebody waits for, counted up to [`MAX_SHARED`].
    pub shared: usize,
    /// No entry point reaches it, in a program of which they reach nearly all that does something: nothing calls it.
    pub is_uncalled: bool,
    /// A call that is not certain is on the way.
    pub is_loose: bool,
    /// Whoever asks it takes everything out or puts it in at once, and expects it to take as long as there are rows.
    pub is_bulk: bool,
    /// Somebody waits for it, and the program is small and asked few things: each is a large part of what it is there for.
    pub is_chief: bool,
    /// A condition stands on the way.
    pub is_conditional: bool,
}

/// Functions that so many entry points call are on the way of nearly every request.
const COMMON: usize = 24;

/// Of so many statements that requests perhaps come to, some do.
const MANY: usize = 5;

impl Reach {
    /// A place that no function holds: a table, a configuration file.
    pub fn nowhere() -> Reach {
        Reach {
            level: Reached::Unknown,
            often: None,
            label: None,
            phrase: None,
            polled: None,
            is_unasked: false,
            is_uncalled: false,
            shared: 0,
            is_loose: false,
            is_bulk: false,
            is_chief: false,
            is_conditional: false,
        }
    }

    /// What no function holds, met so often; the phrase says so: `for each open page`.
    fn stated(often: Often, phrase: String) -> Reach {
        Reach {
            often: Some(often),
            phrase: Some(phrase),
            ..Reach::nowhere()
        }
    }

    /// What a running service does all the time: its pools, its settings.
    pub fn service() -> Reach {
        Reach::stated(Often::Always, "for the whole service".to_owned())
    }

    /// A deployment: rare, while users are there.
    pub fn deployment() -> Reach {
        Reach::stated(Often::Job, "with a deployment that runs this migration".to_owned())
    }

    /// A page that only staff open: `the admin list Orders`.
    pub fn staff(page: &str) -> Reach {
        Reach::stated(Often::Seldom, format!("each time staff open {page}"))
    }

    /// What people look at, in these words: `for each open page`.
    pub fn read(project: &Project, phrase: &str) -> Reach {
        Reach {
            is_chief: project.graph.is_small,
            ..Reach::stated(Often::Read, phrase.to_owned())
        }
    }

    /// For whom and how often, as a part of a sentence.
    pub fn words(&self) -> String {
        if let Some(phrase) = &self.phrase {
            return phrase.clone();
        }
        let label = self.label.as_deref().unwrap_or("an unknown caller");
        let by = match &self.polled {
            Some(polled) => format!("{label}, {polled}"),
            None if self.is_unasked => format!("{label}, which no client here asks"),
            None => label.to_owned(),
        };
        let others = match self.shared {
            0 | 1 => String::new(),
            2 => " and another entry point".to_owned(),
            MAX_SHARED.. => format!(" and {} or more other entry points", MAX_SHARED - 1),
            count => format!(" and {} other entry points", count - 1),
        };
        let probably = if self.is_loose { "probably " } else { "" };
        let words = match self.often {
            None if self.is_uncalled => "nothing that was found calls it".to_owned(),
            None => "who calls it was not found".to_owned(),
            Some(Often::Always) if self.polled.is_some() => format!("again and again: {by}{others}"),
            Some(Often::Always) => format!("on the way of nearly every request: {by}{others}"),
            Some(Often::Read) if self.is_conditional => format!("sometimes when {by} is asked{others}"),
            Some(Often::Read) => format!("each time {by} is asked{others}"),
            Some(Often::Act) if self.is_conditional => format!("sometimes with {by}{others}"),
            Some(Often::Act) => format!("with each {by}{others}"),
            Some(Often::Job) => format!("in the background: {by}"),
            Some(Often::Seldom) => format!("seldom: {by}{others}"),
            Some(Often::Once) => format!("once: {by}"),
        };
        format!("{probably}{words}")
    }
}

/// Whether an entry point takes everything out at once: who asks it wants all rows. What is put in is another matter.
pub fn takes_all(reach: &Reach) -> bool {
    let takes_out = |label: &str| is_bulk(label) && !label.to_ascii_lowercase().contains("import");
    reach.level == Reached::Request && reach.label.as_deref().is_some_and(takes_out)
}

/// How the list of a view is reached: by its own methods, or by those that the framework gives it.
pub fn of_list(project: &Project, (file, class): (FileId, ClassId), name: &str) -> Reach {
    let module = project.code.module(file);
    let methods = module.class(class).body.iter().filter_map(|&stmt| match module.stmt(stmt).kind {
        StmtKind::Function(function) => Some(function).filter(|&function| {
            let name = module.function(function).name.map_or("", |name| module.str(name));
            !pagination::is_action_of_one(module, function) && !pagination::is_of_one_object(name)
        }),
        _ => None,
    });
    let reaches = methods.map(|id| of(project, project.graph.id(file, id)));
    // Who may call a hook that all views have (`filter_queryset`) is no way to this one's list.
    let best = reaches
        .filter(|reach| reach.often.is_some() && !reach.is_loose)
        .min_by_key(|reach| reach.often);
    best.unwrap_or_else(|| Reach::read(project, &format!("each time the list of {name} is asked")))
}

/// How a function is reached.
pub fn of(project: &Project, function: FnId) -> Reach {
    on_way(project, function, project.graph.way_to(function), false)
}

/// How an expression of a function is reached: the function, by a way whose constants do not close what holds the expression.
pub fn at(project: &Project, function: FnId, expr: ExprId) -> Reach {
    let (way, is_closed) = branches::way_to(project, function, expr);
    let known = branches::known_on(project, function, way);
    let way = way.map(|way| Visit {
        is_once: way.is_once || project.once.runs(&project.code, &project.graph, function, expr),
        is_missed: way.is_missed || project.missed.runs(&project.code, &project.graph, function, expr),
        ..way
    });
    let module = project.code.module(project.graph.function(function).file);
    let reach = on_way(project, function, way, conditions::stands_under_one(module, expr, known));
    // How many others come to it is not known where some do not.
    Reach {
        shared: if is_closed { reach.shared.min(1) } else { reach.shared },
        ..reach
    }
}

/// How a function is reached by a way; the place in it may stand under a condition.
fn on_way(project: &Project, function: FnId, reach: Option<Visit>, is_conditional: bool) -> Reach {
    let Some(entry) = reach.and_then(|reach| project.graph.entries.get(reach.entry)) else {
        let is_by_hand = matches!(
            project.role(project.graph.function(function).file),
            FileRole::Script | FileRole::Example | FileRole::Migration
        );
        let language = project.code.module(project.graph.function(function).file).language;
        let is_module = project.graph.function(function).id == FunctionId::MODULE;
        return Reach {
            often: is_by_hand.then_some(Often::Once),
            is_uncalled: !is_by_hand && !is_module && project.graph.followed.contains(&language),
            ..Reach::nowhere()
        };
    };
    let later = reach.is_some_and(|reach| reach.later);
    let is_loose = reach.is_some_and(|reach| reach.is_loose);
    let is_missed = reach.is_some_and(|reach| reach.is_missed);
    let is_waited = entry.kind.is_waited_for();
    let is_once = is_waited && reach.is_some_and(|reach| reach.is_once);
    let shared = project.graph.shared.get(function.index()).copied().map_or(0, usize::from);
    let level = match entry.kind {
        _ if is_once => Reached::Startup,
        // Nobody waits for what a schedule starts or for what runs after the response.
        _ if is_waited && (later || entry.often == Often::Job) => Reached::Job,
        _ if is_waited => Reached::Request,
        EntryKind::Job => Reached::Job,
        // A task or thread that start-up code starts goes on while requests are served.
        EntryKind::Startup if is_spawned(project, reach) => Reached::Job,
        EntryKind::Startup => Reached::Startup,
        _ => Reached::Command,
    };
    let own = entry.often;
    let is_conditional = is_conditional || has_condition(project, reach);
    let is_polled = project.clients.polled(entry).is_some();
    let often = match level {
        Reached::Job if own == Often::Seldom => Often::Seldom,
        Reached::Job => Often::Job,
        Reached::Startup | Reached::Command => Often::Once,
        _ if is_missed => own.max(Often::Seldom),
        _ if own == Often::Read && entry.label.starts_with("ANY ") && changes(project, function, reach) => Often::Act,
        // Behind a condition it is met by some of the requests.
        _ if is_common(project, shared) && own < Often::Job && !is_conditional => Often::Always,
        // Middleware may hold a table of which each request uses one row.
        _ if (is_loose || is_conditional) && own == Often::Always && !is_polled => Often::Read,
        _ => own,
    };
    Reach {
        level,
        often: Some(often),
        label: Some(entry.label.clone()),
        phrase: match (is_once, is_missed) {
            (true, _) => Some(format!("once in a process, at the first {}", entry.label)),
            (_, true) if level == Reached::Request => Some(format!("only when a cache has nothing for {}", entry.label)),
            _ => None,
        },
        polled: project.clients.polled(entry).filter(|_| often == Often::Always),
        is_unasked: project.clients.is_unasked(entry),
        is_uncalled: false,
        shared,
        is_loose,
        is_bulk: often == Often::Act && is_bulk(&entry.label),
        is_chief: level == Reached::Request && project.graph.is_small,
        is_conditional,
    }
}

/// Whether a call on the way stands under a condition.
fn has_condition(project: &Project, way: Option<Visit>) -> bool {
    let graph = &project.graph;
    let steps = std::iter::successors(way.and_then(|visit| visit.from), |&(before, _)| {
        graph.visits.get(before as usize)?.1.from
    });
    steps.take(LONGEST_WAY).any(|(before, edge)| {
        let Some(&(caller, visit)) = graph.visits.get(before as usize) else {
            return false;
        };
        let node = graph.function(caller);
        let module = project.code.module(node.file);
        let known = branches::known_on(project, caller, Some(visit));
        let edge = node.edges.get(edge as usize);
        edge.is_some_and(|edge| conditions::stands_under_one(module, edge.expr, known))
    })
}

/// Whether so many entry points are a third of all, or too many to count: a feature with thirty routes of a hundred is not on every way.
fn is_common(project: &Project, shared: usize) -> bool {
    shared >= COMMON && (shared >= MAX_SHARED || shared * 3 >= project.graph.entries.len())
}

/// Whether a function on the way from the entry point says by its name that it changes something: a handler of any method
/// calls it for one of them.
fn changes(project: &Project, function: FnId, way: Option<Visit>) -> bool {
    let callers = project.graph.calls_on(way).into_iter().map(|(caller, _)| caller);
    callers.chain([function]).any(|step| {
        let name = project.short_name(step);
        acts(name.rsplit('.').next().unwrap_or(&name))
    })
}

/// How the functions of query sites are reached: as the one that is used most, and how many of the sites somebody waits for.
pub fn of_sites(project: &Project, sites: &[usize]) -> (Reach, usize) {
    let sites = sites.iter().filter_map(|&site| project.graph.sites.get(site));
    let reaches: Vec<Reach> = sites.map(|site| at(project, site.function, site.expr)).collect();
    let asks = reaches.iter().filter(|reach| reach.level == Reached::Request).count();
    // What nothing known calls counts between an action and a script.
    let rank = |reach: &Reach| reach.often.unwrap_or(Often::Job);
    // Of several that are used as much, the one that most of the sites are reached from says most of them.
    let mut from: FxHashMap<Option<String>, usize> = FxHashMap::default();
    for reach in &reaches {
        *from.entry(reach.label.clone()).or_default() += 1;
    }
    let count = |reach: &Reach| from.get(&reach.label).copied().unwrap_or(0);
    let best = reaches
        .into_iter()
        .min_by_key(|reach| (rank(reach), reach.is_loose, std::cmp::Reverse(count(reach))));
    let mut best = best.unwrap_or_else(Reach::nowhere);
    // So many are not all taken for reached by mistake.
    best.is_loose &= asks < MANY;
    (best, asks)
}

/// By what a function is reached, and the entry point's name.
pub fn reached(project: &Project, function: FnId) -> (Reached, Option<String>) {
    let reach = of(project, function);
    (reach.level, reach.label)
}

/// Whether the way from the entry point passes through `asyncio.create_task(run())` or a thread.
fn is_spawned(project: &Project, way: Option<Visit>) -> bool {
    project.graph.calls_on(way).into_iter().any(|(caller, edge)| {
        let node = project.graph.function(caller);
        let module = project.code.module(node.file);
        node.edges.get(edge).is_some_and(|edge| spawns(module, edge))
    })
}
