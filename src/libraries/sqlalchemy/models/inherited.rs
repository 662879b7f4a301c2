//! The relations that a model has of the models that it extends.

use std::cell::RefCell;
use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::fields::fields;
use super::lineage::lineage;
use crate::budget::{self, Limit};
use crate::ir::ClassId;
use crate::libraries::shared::declared::Consts;
use crate::libraries::shared::value::FileId;
use crate::libraries::sqlalchemy::columns::Parts;
use crate::source::Span;
use crate::statement::{ModelDef, RelationDef};

type Class = (FileId, ClassId);

/// What models above others say, read once for all that extend them.
#[derive(Default)]
pub(super) struct Inherited {
    known: RefCell<FxHashMap<Class, Rc<Above>>>,
}

/// A model above another one.
struct Above {
    relations: Vec<RelationDef>,
    parent: Option<Class>,
}

impl Inherited {
    /// A model has the relations of the models that it extends, whether their table is its own or beside it.
    pub(super) fn add_to(&self, consts: &Consts, parent: Option<Class>, model: &mut ModelDef) {
        let mut names: FxHashSet<String> = model.relations.iter().map(|relation| relation.name.clone()).collect();
        let mut seen = FxHashSet::default();
        let mut next = parent;
        while let Some(class) = next.filter(|&class| seen.insert(class)) {
            if seen.len() > Limit::Ancestors.count() {
                budget::tell(Limit::Ancestors, model.table.span.start);
                return;
            }
            let above = self.above(consts, class, model.table.span);
            for relation in &above.relations {
                if names.insert(relation.name.clone()) {
                    model.relations.push(relation.clone());
                }
            }
            next = above.parent;
        }
    }

    fn above(&self, consts: &Consts, class: Class, model: Span) -> Rc<Above> {
        if let Some(known) = self.known.borrow().get(&class) {
            return Rc::clone(known);
        }
        let lineage = lineage(consts.resolver, class.0, class.1, model);
        let mut read = ModelDef::default();
        for &(file, class) in &lineage.classes {
            fields(&Parts { consts, file }, class, &mut read);
        }
        let mut relations = read.relations;
        for relation in &mut relations {
            // The other side was told of it by the model that declares it.
            relation.makes_inverse = None;
        }
        let above = Rc::new(Above {
            relations,
            parent: lineage.parent,
        });
        self.known.borrow_mut().insert(class, Rc::clone(&above));
        above
    }
}
