//! How a run goes, on standard error: a bar for those who wait at a terminal, and the time that each stage took.

use std::fmt::Write as _;
use std::io::IsTerminal;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use perfaudit::budget::Work;
use perfaudit::progress::{Observer, Stage};

/// Shorter runs show no bar.
const PATIENCE: Duration = Duration::from_millis(500);

/// How much is said beside the report.
#[derive(Args, Clone, Copy)]
pub struct Talk {
    /// Say nothing but the report
    #[arg(short, long, conflicts_with = "verbose")]
    pub quiet: bool,
    /// List all priorities, and say on standard error what is done
    #[arg(short, long)]
    pub verbose: bool,
    /// Say on standard error how long each stage took
    #[arg(long)]
    timings: bool,
}

/// Watches a run.
pub struct Progress {
    talk: Talk,
    bar: ProgressBar,
    state: Mutex<State>,
}

struct State {
    start: Instant,
    is_shown: bool,
    stages: Vec<(Stage, Instant, usize)>,
    work: Work,
}

impl Progress {
    /// A watcher.
    pub fn new(talk: Talk) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        Progress {
            talk,
            bar,
            state: Mutex::new(State {
                start: Instant::now(),
                is_shown: false,
                stages: Vec::new(),
                work: Work::default(),
            }),
        }
    }

    /// Ends the bar and says how long it took, where that is wanted.
    pub fn end(&self) {
        self.bar.finish_and_clear();
        if !self.talk.timings && !self.talk.verbose {
            return;
        }
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let mut out = String::new();
        for (at, (stage, start, steps)) in state.stages.iter().enumerate() {
            let end = state.stages.get(at + 1).map_or(now, |next| next.1);
            let of = if *steps > 0 { format!(" ({steps})") } else { String::new() };
            let _ = writeln!(out, "{:>9.3} s  {}{of}", (end - *start).as_secs_f64(), stage.text());
        }
        let _ = writeln!(out, "{:>9.3} s  in all", (now - state.start).as_secs_f64());
        // Only builds for tests count it.
        let Work { looks, steps } = state.work;
        if looks + steps > 0 {
            let _ = writeln!(out, "{looks} looks, {steps} steps");
        }
        super::tell(&out);
    }

    /// Shows the bar once the run has taken a while.
    fn show(&self, state: &mut State) {
        let is_wanted = !self.talk.quiet && std::io::stderr().is_terminal();
        if state.is_shown || !is_wanted || state.start.elapsed() < PATIENCE {
            return;
        }
        state.is_shown = true;
        if let Ok(style) = ProgressStyle::with_template("{msg:24} {bar:30} {pos}/{len} {elapsed}") {
            self.bar.set_style(style);
        }
        self.bar.set_draw_target(ProgressDrawTarget::stderr());
    }
}

impl Observer for Progress {
    fn stage(&self, stage: Stage, steps: usize) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.stages.push((stage, Instant::now(), steps));
        self.bar.set_message(stage.text());
        self.bar.set_length(steps as u64);
        self.bar.set_position(0);
        self.show(&mut state);
    }

    fn work(&self, work: Work) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.work = state.work + work;
    }

    fn step(&self) {
        self.bar.inc(1);
        // Many threads come here: who finds another one at it goes on.
        if let Ok(mut state) = self.state.try_lock() {
            self.show(&mut state);
        }
    }
}
