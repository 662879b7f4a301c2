//! Functions that keep what they found on an object: the second call with the same object asks nothing.

use rustc_hash::{FxHashMap, FxHashSet};

use super::once::{Slot, attribute, missing, name, present};
use crate::ir::{ExprId, ExprKind, FunctionId, Module, StmtId, StmtKind, Sym};
use crate::source::Span;

/// Where a function keeps what it finds: the name of an object in it, and of the attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeptAttribute {
    /// The name of the object, as the function has it.
    pub object: Sym,
    /// The attribute of that object, as in `self._rate`.
    pub attribute: Sym,
}

/// Where a function keeps what it finds: some attribute is set only where a test has found it missing
/// (`if self._rate is None: self._rate = …`, `if not hasattr(request, "_site"): …`), and all of the given places stand there, too.
pub fn keeper(module: &Module, function: FunctionId, places: &[ExprId]) -> Option<KeptAttribute> {
    let body = &module.function(function).body;
    let guarded = guarded(module, body);
    if guarded.is_empty() || places.is_empty() {
        return None;
    }
    let mut regions: FxHashMap<Slot, Vec<Span>> = FxHashMap::default();
    for &(slot, region) in &guarded {
        regions.entry(slot).or_default().push(region);
    }
    let regions: FxHashMap<Slot, Regions> = regions.into_iter().map(|(slot, all)| (slot, Regions::of(all))).collect();
    let mut set: FxHashMap<Slot, Vec<Setting>> = FxHashMap::default();
    for setting in settings(module, body) {
        set.entry(setting.slot).or_default().push(setting);
    }
    let keeps = |slot: Slot| {
        let (Some(regions), Some(own)) = (regions.get(&slot), set.get(&slot)) else {
            return false;
        };
        own.iter().any(|setting| !setting.is_null)
            && own.iter().all(|setting| regions.hold(setting.span))
            && places.iter().all(|&place| regions.hold(module.expr(place).span))
    };
    let mut seen = FxHashSet::default();
    let mut slots = guarded.iter().map(|(slot, _)| *slot).filter(|slot| seen.insert(*slot));
    let slot = slots.find(|slot| keeps(*slot))?;
    Some(KeptAttribute {
        object: slot.class?,
        attribute: slot.name,
    })
}

/// The attributes of its first parameter (in TypeScript of `this`) that a function empties: `self._rate = None`, `del self._rate`.
pub fn emptied(module: &Module, function: FunctionId) -> Vec<Sym> {
    let definition = module.function(function);
    let own = definition.params.first().and_then(|param| param.name);
    let is_own = |object: Sym| own == Some(object) || module.str(object) == "this";
    let empties = settings(module, &definition.body).into_iter().filter(|setting| setting.is_null);
    let slots = empties.filter(|setting| setting.slot.class.is_some_and(is_own));
    slots.map(|setting| setting.slot.name).collect()
}

/// Ranges, sorted by where they start, each with where those up to it end at the latest.
struct Regions(Vec<(u32, u32)>);

impl Regions {
    fn of(mut all: Vec<Span>) -> Regions {
        all.sort_unstable();
        let mut end = 0;
        let known = all.into_iter().map(|region| {
            end = end.max(region.end);
            (region.start, end)
        });
        Regions(known.collect())
    }

    /// Whether one of them encloses a range.
    fn hold(&self, range: Span) -> bool {
        let after = self.0.partition_point(|&(start, _)| start <= range.start);
        let last = after.checked_sub(1).and_then(|at| self.0.get(at));
        last.is_some_and(|&(_, end)| range.end <= end)
    }
}

/// Where a test has found an attribute missing: in its branch, or behind `if self._rate: return self._rate`.
fn guarded(module: &Module, body: &[StmtId]) -> Vec<(Slot, Span)> {
    let inner = body.iter().flat_map(|&stmt| module.stmt_blocks(stmt));
    let mut out = Vec::new();
    for block in std::iter::once(body).chain(inner) {
        for (index, &stmt) in block.iter().enumerate() {
            let StmtKind::If { test, then, orelse } = &module.stmt(stmt).kind else {
                continue;
            };
            if let Some(slot) = missing(module, *test, 0) {
                out.extend(span(module, then).map(|region| (slot, region)));
            } else if let Some(slot) = present(module, *test) {
                out.extend(span(module, orelse).map(|region| (slot, region)));
                let leaves = then
                    .last()
                    .is_some_and(|&last| matches!(module.stmt(last).kind, StmtKind::Return(_)));
                let rest = span(module, &block[index + 1..]).filter(|_| leaves);
                out.extend(rest.map(|region| (slot, region)));
            }
        }
    }
    out.retain(|(slot, _)| slot.class.is_some());
    out
}

fn span(module: &Module, block: &[StmtId]) -> Option<Span> {
    let (first, last) = (block.first()?, block.last()?);
    Some(Span {
        start: module.stmt(*first).span.start,
        end: module.stmt(*last).span.end,
    })
}

/// A statement that sets an attribute.
struct Setting {
    slot: Slot,
    span: Span,
    is_null: bool,
}

fn settings(module: &Module, body: &[StmtId]) -> Vec<Setting> {
    let mut out = Vec::new();
    let mut open = body.to_vec();
    while let Some(stmt) = open.pop() {
        let blocks = module.stmt_blocks(stmt);
        open.extend(blocks.into_iter().flatten());
        let span = module.stmt(stmt).span;
        let (slot, value) = match module.stmt(stmt).kind {
            StmtKind::Assign { target, value, .. } => (name(module, target), value),
            StmtKind::Expr(expr) => set_by_name(module, expr),
            StmtKind::Other(ref deleted) => {
                let slots = deleted.iter().filter_map(|&expr| name(module, expr));
                out.extend(slots.map(|slot| Setting { slot, span, is_null: true }));
                continue;
            }
            _ => continue,
        };
        out.extend(slot.map(|slot| Setting {
            slot,
            span,
            is_null: value.is_some_and(|value| matches!(module.kind(value), ExprKind::Null)),
        }));
    }
    out
}

/// `setattr(request, "_site", site)`.
fn set_by_name(module: &Module, expr: ExprId) -> (Option<Slot>, Option<ExprId>) {
    let Some(call) = module.call(expr).filter(|call| module.name(call.callee) == Some("setattr")) else {
        return (None, None);
    };
    (attribute(module, &call), call.arg(2))
}
