//! What a class descends from.

use std::rc::Rc;

use rustc_hash::FxHashSet;

use super::Evaluator;
use crate::budget::Limit;
use crate::ir::{ClassId, ExprKind};
use crate::libraries::shared::value::{FileId, Value};

/// Places looked at for one ancestor of a class: its bases, with their names.
const STEPS_A_CLASS: usize = 8;

impl Evaluator<'_> {
    /// Adds a class's bases to those that are still to be looked into, the first last; of very many only those that can have a turn.
    pub(super) fn open_bases(&self, file: FileId, class: ClassId, open: &mut Vec<(FileId, ClassId)>) {
        let bases = self.bases(file, class);
        let first = &bases[..bases.len().min(Limit::Ancestors.count() + 1)];
        open.extend(first.iter().rev().filter_map(|base| match base {
            Value::Class(file, class) => Some((*file, *class)),
            _ => None,
        }));
    }

    pub(super) fn find_ancestors(&self, file: FileId, class: ClassId) -> Vec<String> {
        let mut out = Vec::new();
        let start = (file, class);
        let mut open = vec![start];
        let mut seen = FxHashSet::default();
        while let Some((file, class)) = open.pop() {
            if !seen.insert((file, class)) {
                continue;
            }
            if seen.len() > Limit::Ancestors.count() {
                self.too_many_ancestors(start);
                break;
            }
            if !self.afford(file, STEPS_A_CLASS) {
                break;
            }
            for base in self.bases(file, class).iter() {
                match base {
                    Value::Class(at, base) => {
                        out.extend(self.m(*at).class(*base).name.map(|name| self.m(*at).str(name).to_owned()));
                        open.push((*at, *base));
                    }
                    Value::External(name) | Value::ExternalInstance(name) => out.push(name.to_string()),
                    _ => {}
                }
            }
            // Bases that lead nowhere still have a name.
            let module = self.m(file);
            out.extend(
                module
                    .class(class)
                    .bases
                    .iter()
                    .filter(|base| base.name.is_none())
                    .filter_map(|base| module.dotted(module.unapplied(base.value))),
            );
        }
        out
    }

    pub(super) fn too_many_ancestors(&self, (file, class): (FileId, ClassId)) {
        self.code.tell(Limit::Ancestors, file, self.m(file).class(class).name_span.start);
    }

    /// A class and its ancestors in the project, nearest first.
    pub fn lineage(&self, file: FileId, class: ClassId) -> Vec<(FileId, ClassId)> {
        let start = (file, class);
        let mut open = vec![start];
        let mut out = Vec::new();
        while let Some((file, class)) = open.pop() {
            if out.contains(&(file, class)) {
                continue;
            }
            if out.len() > Limit::Ancestors.count() {
                self.too_many_ancestors(start);
                break;
            }
            out.push((file, class));
            self.open_bases(file, class, &mut open);
        }
        out
    }

    pub(super) fn bases(&self, file: FileId, class: ClassId) -> Rc<[Value]> {
        if let Some(known) = self.parents.borrow().get(&(file, class)) {
            return Rc::clone(known);
        }
        let outer_cut = self.cut.replace(false);
        let found: Rc<[Value]> = self.find_bases(file, class).into();
        // As with values: what a bound cut short is not kept.
        if !self.cut.get() {
            self.parents.borrow_mut().insert((file, class), Rc::clone(&found));
        }
        self.cut.set(outer_cut || self.cut.get());
        found
    }

    fn find_bases(&self, file: FileId, class: ClassId) -> Vec<Value> {
        let module = self.m(file);
        let bases = module.class(class).bases.iter().filter(|base| base.name.is_none());
        bases
            .map(|base| match module.kind(base.value) {
                ExprKind::Index { base, .. } => self.value(file, *base),
                // `extends mixin(Base)`.
                ExprKind::Call { .. } => match self.value(file, base.value) {
                    Value::ExternalInstance(name) => Value::External(name),
                    other => other,
                },
                _ => self.value(file, base.value),
            })
            .collect()
    }
}
