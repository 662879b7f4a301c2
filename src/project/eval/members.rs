//! What an attribute of a value is: members of modules, classes, rows and objects.

use rustc_hash::FxHashSet;

use super::Evaluator;
use crate::budget::Limit;
use crate::ir::{ClassId, ExprId, ExprKind, FunctionId, Language, Sym};
use crate::libraries::registry;
use crate::libraries::shared::query::{ModelReceiver, Relation};
use crate::libraries::shared::value::{FileId, RowModel, Value};
use crate::project::scope::Member;

impl Evaluator<'_> {
    /// Reads an attribute of a value.
    pub fn attribute(&self, base: &Value, name: &str, from: FileId) -> Value {
        if let Some((at, class)) = base.library_name().and_then(|path| self.code.named_models.class(path, name)) {
            return Value::Class(at, class);
        }
        match base {
            Value::Module(file) => match self.exported(*file, name, 0) {
                Some(found) => self.found_value(&found),
                None => match self.package_member(*file, name) {
                    Some(module) => Value::Module(module),
                    None => Value::Unknown,
                },
            },
            Value::External(path) => {
                let dotted = self.of_default(path, name).unwrap_or_else(|| format!("{path}.{name}"));
                if self.m(from).language == Language::Python
                    && !self.code.data.of(Language::Python).is_module(path)
                    && let Some(module) = self.code.imports.python(from, &dotted)
                {
                    return Value::Module(module);
                }
                let canonical = self.code.data.of(self.m(from).language).canonical(&dotted);
                self.kept(path, name).unwrap_or_else(|| Value::external(&canonical))
            }
            Value::ExternalInstance(path) => self.kept(path, name).unwrap_or_else(|| Value::external(&format!("{path}.{name}"))),
            Value::Instance(file, class) | Value::Row(RowModel::Class(file, class), _) => {
                match self.code.relations.find(Some((*file, *class)), name) {
                    // `order.customer`: the declaration of the column says less than where it leads.
                    Some(Relation {
                        class: Some((at, target)),
                        to_many: false,
                        ..
                    }) => Value::Row(RowModel::Class(*at, *target), None),
                    _ => match self.code.relations.leads((*file, *class), name) {
                        Some(Relation {
                            class: Some((at, target)),
                            to_many,
                            ..
                        }) => {
                            let row = Value::Row(RowModel::Class(*at, *target), None);
                            if *to_many { row.many() } else { row }
                        }
                        _ => match self.member_value(*file, *class, name, true) {
                            held @ (Value::Unknown | Value::Literal(..) | Value::ExternalInstance(_) | Value::External(_))
                                if name == "object" =>
                            {
                                self.shown_object((*file, *class)).unwrap_or(held)
                            }
                            held => held,
                        },
                    },
                }
            }
            Value::Class(file, class) => match self.member_value(*file, *class, name, false) {
                Value::Unknown => self.beside(*file, base, name),
                member => member,
            },
            Value::Literal(file, object) => match self.member_of_object(*file, *object, name) {
                Some(found) => self.found_value(&found),
                None => Value::Unknown,
            },
            Value::Function(file, _) => self.beside(*file, base, name),
            // `page.items` of a paginator's page: its rows.
            Value::Many(_) if name == "items" && self.m(from).language == Language::Python => base.clone(),
            Value::Many(row) if self.is_answer(row, name) => base.clone(),
            Value::Row(RowModel::Table(_), _) if self.is_answer(base, name) => base.clone(),
            // `{ rows }` of a driver's answer, or of a page with its count.
            Value::Many(element)
                if name == "rows" && matches!(**element, Value::Row(..)) && self.m(from).language == Language::TypeScript =>
            {
                base.clone()
            }
            Value::Row(RowModel::Table(_), _) | Value::Query(..) | Value::Many(_) | Value::Unknown => Value::Unknown,
        }
    }

    /// Whether a name of the answer to a row's query has the rows: `{ data, error }`.
    fn is_answer(&self, row: &Value, name: &str) -> bool {
        let Value::Row(_, Some((at, query))) = row else { return false };
        self.own_query(*at, *query)
            .is_some_and(|query| registry::rows_of_answer(query.library) == Some(name))
    }

    /// What `this` is in a function, or in the one around it that a library keeps.
    pub(super) fn keeper_of(&self, file: FileId, function: FunctionId) -> Option<ModelReceiver> {
        let kept = &self.code.kept_functions;
        if kept.is_empty() {
            return None;
        }
        let module = self.m(file);
        let mut at = Some(function);
        while let Some(function) = at {
            if let Some(keeper) = kept.keeper((file, function)) {
                return Some(keeper);
            }
            let inner = module.function(function);
            at = inner.parent.filter(|_| inner.is_lambda && inner.class.is_none());
        }
        None
    }

    /// The function that a library keeps under this name for the model or the row that an expression holds.
    pub(super) fn kept_function(&self, file: FileId, base: ExprId, name: &str) -> Option<(FileId, FunctionId)> {
        let kept = &self.code.kept_functions;
        if !kept.has(name) || self.m(file).language != Language::TypeScript {
            return None;
        }
        if let Some(model) = registry::model_at(self, file, base) {
            return kept.function(&model, name, false);
        }
        kept.function(&registry::row_at(self, file, base)?, name, true)
    }

    fn package_member(&self, file: FileId, name: &str) -> Option<FileId> {
        let path = &self.code.files.get(file.index())?.path;
        let folder = path.strip_suffix("/__init__.py")?;
        self.code
            .imports
            .file(&format!("{folder}/{name}.py"))
            .or_else(|| self.code.imports.file(&format!("{folder}/{name}/__init__.py")))
    }

    /// The member of a class or of its nearest ancestor that has it.
    pub fn member(&self, file: FileId, class: ClassId, name: &str) -> Option<(FileId, Member)> {
        let start = (file, class);
        let mut open = vec![(file, class)];
        let mut seen = FxHashSet::default();
        while let Some((file, class)) = open.pop() {
            if !seen.insert((file, class)) {
                continue;
            }
            if seen.len() > Limit::Ancestors.count() {
                self.too_many_ancestors(start);
                break;
            }
            let found = self.code.scopes.get(file.index())?.member(self.m(file), class, name);
            match found {
                [] => {}
                [(_, only)] => return Some((file, only.clone())),
                [(name, _), ..] => return Some((file, self.best_member((file, class, *name), found))),
            }
            self.open_bases(file, class, &mut open);
        }
        None
    }

    /// What a class says of a name of which it says more than one thing, kept between asks.
    fn best_member(&self, key: (FileId, ClassId, Sym), found: &[(Sym, Member)]) -> Member {
        if let Some(known) = self.best.borrow().get(&key) {
            return known.clone();
        }
        let outer_cut = self.cut.replace(false);
        let best = self.most_telling(key.0, found);
        if !self.cut.get() {
            self.best.borrow_mut().insert(key, best.clone());
        }
        self.cut.set(outer_cut || self.cut.get());
        best
    }

    /// What says most of a name among several things: an `__init__` value says more than a class-level annotation.
    fn most_telling(&self, file: FileId, found: &[(Sym, Member)]) -> Member {
        let members = || found.iter().map(|(_, member)| member);
        let best = members().find(|member| matches!(member, Member::Method(_) | Member::ParamField(..)));
        let best = best.or_else(|| self.declared(file, found));
        let best = best.or_else(|| members().find(|member| self.is_telling(file, member)));
        best.unwrap_or(&found[0].1).clone()
    }

    /// `_mailer: Mailer`, where one of the things that it is set to says a class of the project as well, that one.
    fn declared<'m>(&self, file: FileId, found: &'m [(Sym, Member)]) -> Option<&'m Member> {
        let members = || found.iter().map(|(_, member)| member);
        let declared = members().find(|member| match member {
            Member::Annotation(annotation) => matches!(self.annotation(file, *annotation), Value::Instance(..)),
            _ => false,
        })?;
        let made = members().find(|member| match member {
            Member::Value(value, _) => self.afford(file, 1) && matches!(self.value(file, *value), Value::Instance(..) | Value::Row(..)),
            _ => false,
        });
        made.or(Some(declared))
    }

    fn is_telling(&self, file: FileId, member: &Member) -> bool {
        match member {
            Member::Value(value, _) => !matches!(self.m(file).kind(*value), ExprKind::Null),
            _ => false,
        }
    }

    pub(super) fn member_value(&self, file: FileId, class: ClassId, name: &str, bound: bool) -> Value {
        let Some((owner, member)) = self.member(file, class, name) else {
            // A method that a library's base class has.
            let bases = self.bases(file, class);
            let base = bases.iter().find_map(|base| match base {
                Value::External(base) => Some(base),
                _ => None,
            });
            return base.map_or(Value::Unknown, |base| Value::external(&format!("{base}.{name}")));
        };
        match member {
            Member::Method(function) if bound && self.m(owner).function(function).is_property => self.result(owner, function),
            Member::Method(function) => Value::Function(owner, function),
            Member::Class(class) => Value::Class(owner, class),
            Member::Annotation(annotation) => self.annotation(owner, annotation),
            Member::ParamField(function, index) => self.param(owner, function, index),
            Member::Value(value, annotation) => {
                let held = self.value(owner, value);
                match annotation {
                    Some(annotation) => self.told(held, owner, annotation),
                    None => held,
                }
            }
        }
    }
}
