//! Options that make a library ask again: `useQuery({ refetchInterval: 5000 })`.

use super::Check;
use super::requests::PolledRequest;
use crate::ir::{ExprId, ExprKind, Module, ObjectEntry, Parent, StmtKind};
use crate::libraries::shared::polling;

/// Arguments of a call that takes options; one with more is no hook.
const MOST_ARGUMENTS: usize = 4;

/// Objects and expressions between an option and the call that takes it.
const MAX_AROUND_OPTIONS: usize = 6;

/// A shorter interval, in seconds, is none of milliseconds: a project's own options count in seconds.
const SHORTEST: f64 = 0.1;

impl Check<'_> {
    /// `useQuery({ refetchInterval: 5000 })`.
    pub(super) fn options(&mut self, object: ExprId) {
        let ExprKind::Object(entries) = self.module.kind(object) else {
            return;
        };
        for entry in entries {
            let Some(key) = entry.key.and_then(|key| self.module.string(key)) else {
                continue;
            };
            if !polling::is_interval_option(key) {
                continue;
            }
            let at = entry.key.unwrap_or(entry.value);
            let why = match () {
                () if !self.is_hook_option(object) => Some("the object is given to no hook that asks a server"),
                () if ends_by_itself(self.module, entries) => Some("the options say when it stops"),
                () if self.watches_files(object) => Some("it watches files"),
                () => None,
            };
            if let Some(why) = why {
                self.silent(at, why);
                continue;
            }
            let Some(seconds) = self
                .constant(entry.value)
                .map(|milliseconds| milliseconds / 1000.0)
                .filter(|&seconds| seconds > 0.0)
            else {
                self.silent(at, "the interval is no constant above zero: it may grow or end");
                continue;
            };
            if seconds < SHORTEST {
                self.silent(
                    at,
                    "nobody asks a server so often: the number is in another unit, or for another thing",
                );
                continue;
            }
            // What a hook asks again within its own window is answered by the request before.
            let window = polling::shared_for(key).filter(|_| !has_key(self.module, entries, polling::WINDOW_OPTION));
            let seconds = window.map_or(seconds, |window| seconds.max(window));
            let steps = Vec::new();
            let words = format!("the query with `{key}`");
            let request = PolledRequest { words, steps, turns: 1.0 };
            self.report(at, seconds, &request, true);
        }
    }

    /// The options stand in a call (a hook, a collection's or client's factory), not in a plain table of settings.
    fn is_hook_option(&self, object: ExprId) -> bool {
        let mut at = self.module.expr(object).parent;
        for _ in 0..MAX_AROUND_OPTIONS {
            match at {
                Parent::Expr(expr) => {
                    if let Some(call) = self.module.call(expr) {
                        return call.args.len() <= MOST_ARGUMENTS;
                    }
                    at = self.module.expr(expr).parent;
                }
                Parent::Stmt(stmt) => return matches!(self.module.stmt(stmt).kind, StmtKind::Return(_)),
                _ => return false,
            }
        }
        false
    }

    /// The options of a library that looks at files and asks nobody: `watch(folder, { awaitWriteFinish: { pollInterval: 100 } })`.
    fn watches_files(&self, object: ExprId) -> bool {
        let mut at = self.module.expr(object).parent;
        for _ in 0..MAX_AROUND_OPTIONS {
            let Parent::Expr(expr) = at else { return false };
            if let Some(call) = self.module.call(expr) {
                let callee = self.eval.value(self.file, call.callee);
                return callee.library_name().is_some_and(polling::is_file_watcher);
            }
            at = self.module.expr(expr).parent;
        }
        false
    }
}

fn has_key(module: &Module, entries: &[ObjectEntry], name: &str) -> bool {
    entries
        .iter()
        .any(|entry| entry.key.and_then(|key| module.string(key)) == Some(name))
}

/// Options that say when the asking ends: `{ pollInterval: 500, timeoutMs: 60_000 }`.
fn ends_by_itself(module: &Module, entries: &[ObjectEntry]) -> bool {
    let keys = entries.iter().filter_map(|entry| module.string(entry.key?));
    keys.into_iter().any(|key| key.to_ascii_lowercase().starts_with("timeout"))
}
