//! The limit that a class or a file gives its other requests already: `timeout=self._timeout`, `timeout=REQUEST_TIMEOUT`.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::ir::{Call, ClassId, ExprId, ExprKind, FunctionId, Module, StmtKind};
use crate::vocabulary::List;

/// What a file has to bound its waits with.
#[derive(Debug, Default)]
pub(super) struct OwnLimits {
    /// An attribute of the object, by its class.
    of_class: FxHashMap<ClassId, String>,
    /// A constant of the file.
    of_file: Option<String>,
}

impl OwnLimits {
    /// Reads a file once.
    pub(super) fn of(module: &Module) -> Self {
        let mut found = OwnLimits::default();
        let given = given(module);
        if given.is_empty() {
            return found;
        }
        for stmt in &module.stmts {
            if let StmtKind::Assign {
                target,
                value: Some(value),
                op: None,
                ..
            } = stmt.kind
            {
                found.note(module, &given, (target, value));
            }
        }
        found
    }

    fn note(&mut self, module: &Module, given: &FxHashSet<String>, (target, value): (ExprId, ExprId)) {
        let Some(path) = module.dotted(target).filter(|path| given.contains(path) && is_limit(path)) else {
            return;
        };
        let owner = module.owner(target);
        let is_number = module.number(value).is_some_and(|seconds| seconds > 0.0);
        match path.split_once('.') {
            None if owner == FunctionId::MODULE && is_number => {
                self.of_file.get_or_insert(path);
            }
            // Of the object, as it is made: a number, or what its maker gives.
            Some(("self" | "this", attribute))
                if !attribute.contains('.') && (is_number || matches!(module.kind(value), ExprKind::Name(_))) =>
            {
                if let Some(class) = module.function(owner).class {
                    self.of_class.entry(class).or_insert(path);
                }
            }
            _ => {}
        }
    }

    /// How code of a function writes the limit that it has at hand.
    pub(super) fn at(&self, module: &Module, function: FunctionId) -> Option<&str> {
        let class = module.function(function).class;
        class
            .and_then(|class| self.of_class.get(&class))
            .or(self.of_file.as_ref())
            .map(String::as_str)
    }
}

/// A time that is counted as its language's clients count it: names that say another unit are none.
fn is_limit(path: &str) -> bool {
    let name = path.rsplit('.').next().unwrap_or(path).to_ascii_lowercase();
    name.contains("timeout") && !List::OwnUnits.has(&name)
}

/// What calls of a file are given as their timeout, as it is written: `timeout=self._timeout`, `AbortSignal.timeout(LIMIT)`.
fn given(module: &Module) -> FxHashSet<String> {
    let of_call = |call: Call<'_>| {
        let is_signal = call.method() == Some("timeout");
        call.keyword("timeout").or_else(|| call.arg(0).filter(|_| is_signal))
    };
    module
        .calls()
        .filter_map(of_call)
        .filter_map(|value| module.dotted(value))
        .collect()
}
