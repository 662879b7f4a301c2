//! How libraries ask what expressions hold.

use super::{Evaluator, Found, MAX_HOPS};
use crate::budget::Limit;
use crate::ir::{ClassId, ExprId, ExprKind, FunctionId, Module};
use crate::libraries::registry;
use crate::libraries::shared::effects::Effects;
use crate::libraries::shared::query::{ModelReceiver, Query, Queued, Relation, Resolver};
use crate::libraries::shared::tool::Tool;
use crate::libraries::shared::value::{FileId, RowModel, Value};
use crate::project::scope::{Binding, Bound, Member, PatternStep};

impl Resolver for Evaluator<'_> {
    fn decorator(&self, place: (FileId, FunctionId, u32), find: &dyn Fn() -> Option<Queued>) -> Option<Queued> {
        if let Some(known) = self.decorators.borrow().get(&place) {
            return *known;
        }
        let found = find();
        self.decorators.borrow_mut().insert(place, found);
        found
    }

    fn module(&self, file: FileId) -> &Module {
        self.m(file)
    }

    fn value(&self, file: FileId, expr: ExprId) -> Value {
        Evaluator::value(self, file, expr)
    }

    fn constant_of(&self, file: FileId, name: &str) -> Option<(FileId, ExprId)> {
        match self.exported(file, name, 0)? {
            Found::Binding(at, _, binding) => match binding.bound {
                Bound::Value(value, path) if path.is_empty() => Some((at, value)),
                _ => None,
            },
            _ => None,
        }
    }

    fn definition(&self, file: FileId, expr: ExprId) -> Option<(FileId, ExprId)> {
        let (mut file, mut expr) = (file, expr);
        for _ in 0..MAX_HOPS {
            let module = self.m(file);
            let next = match module.kind(expr) {
                ExprKind::Await(inner) => Some((file, *inner)),
                ExprKind::Name(name) => match self.lookup(file, module.owner(expr), *name, module.expr(expr).span.start)? {
                    Found::Binding(
                        at,
                        _,
                        Binding {
                            bound: Bound::Value(value, path),
                            ..
                        },
                    ) if path.is_empty() => Some((at, value)),
                    // What one use of the body passes.
                    Found::Binding(
                        at,
                        _,
                        Binding {
                            bound: Bound::Param(function, index, path),
                            ..
                        },
                    ) if path.is_empty() => {
                        let within = self.within.as_ref()?;
                        Some(within.param((at, function, index))?.2)
                    }
                    Found::Binding(
                        at,
                        _,
                        Binding {
                            bound: Bound::Value(value, path),
                            ..
                        },
                    ) => match (path.as_ref(), self.value(at, value)) {
                        ([PatternStep::Key(key)], Value::Literal(..) | Value::Module(_)) => {
                            self.defined_in(&self.value(at, value), self.m(at).str(*key))
                        }
                        _ => return None,
                    },
                    _ => return None,
                },
                ExprKind::Call { .. } => match self.required_whole(file, expr) {
                    Some(whole) => Some(whole),
                    None => return Some((file, expr)),
                },
                // A mapped class's table stands for itself.
                ExprKind::Attr { name, .. } if module.str(*name) == "__table__" => return Some((file, expr)),
                ExprKind::Attr { base, name } => {
                    let name = module.str(*name);
                    match self.value(file, *base) {
                        held @ (Value::Module(_) | Value::Literal(..)) => self.defined_in(&held, name),
                        Value::Instance(at, class) | Value::Class(at, class) | Value::Row(RowModel::Class(at, class), _) => {
                            match self.member(at, class, name)? {
                                (owner, Member::Value(value, _)) => Some((owner, value)),
                                (owner, Member::ParamField(function, index)) => {
                                    let within = self.within.as_ref()?;
                                    Some(within.param((owner, function, index))?.2)
                                }
                                _ => return None,
                            }
                        }
                        _ => return None,
                    }
                }
                _ => return Some((file, expr)),
            };
            (file, expr) = next?;
        }
        None
    }

    fn query(&self, file: FileId, expr: ExprId) -> Option<Query> {
        self.query_at(file, expr).map(|query| (*query).clone())
    }

    fn ancestors(&self, file: FileId, class: ClassId) -> Vec<String> {
        if let Some(known) = self.lines.borrow().get(&(file, class)) {
            return known.to_vec();
        }
        let outer_cut = self.cut.replace(false);
        let found = self.find_ancestors(file, class);
        if !self.cut.get() {
            self.lines.borrow_mut().insert((file, class), found.as_slice().into());
        }
        self.cut.set(outer_cut || self.cut.get());
        found
    }

    fn behind(&self, file: FileId, class: ClassId, name: &str) -> Vec<(FileId, FunctionId)> {
        self.implementations(file, class, name).to_vec()
    }

    fn lineage(&self, file: FileId, class: ClassId) -> Vec<(FileId, ClassId)> {
        Evaluator::lineage(self, file, class)
    }

    fn asks_for(&self, file: FileId, packages: &[&str]) -> Option<bool> {
        let path = &self.code.files.get(file.index())?.path;
        self.code.imports.asks_for(path, packages)
    }

    fn exported(&self, file: FileId, name: &str) -> Option<(Value, Option<(FileId, ExprId)>)> {
        let found = Evaluator::exported(self, file, name, 0)?;
        let given = match &found {
            Found::Binding(
                at,
                _,
                Binding {
                    bound: Bound::Value(value, path),
                    ..
                },
            ) if path.is_empty() => Some((*at, *value)),
            _ => None,
        };
        Some((self.found_value(&found), given))
    }

    fn imports_anywhere(&self, library: &str) -> bool {
        self.code.imported.contains(library)
    }

    fn taken_from(&self, file: FileId, expr: ExprId) -> Option<((FileId, ExprId), String)> {
        let module = self.m(file);
        let ExprKind::Name(name) = module.kind(expr) else { return None };
        match self.lookup(file, module.owner(expr), *name, module.expr(expr).span.start)? {
            Found::Binding(
                at,
                _,
                Binding {
                    bound: Bound::Value(value, path),
                    ..
                },
            ) => match path.as_ref() {
                [PatternStep::Key(key)] => Some(((at, value), self.m(at).str(*key).to_owned())),
                _ => None,
            },
            _ => None,
        }
    }

    fn alternatives(&self, file: FileId, expr: ExprId) -> Vec<(FileId, ExprId)> {
        let module = self.m(file);
        let (ExprKind::Name(name), Some(scope)) = (module.kind(expr), self.code.scopes.get(file.index())) else {
            return Vec::new();
        };
        let before = module.expr(expr).span.start;
        let bound = scope.bindings_of(module.owner(expr), *name);
        let earlier = bound
            .filter(|binding| binding.range.start <= before)
            .filter_map(|binding| match &binding.bound {
                Bound::Value(value, path) if path.is_empty() => Some((file, *value)),
                _ => None,
            });
        earlier.take(20).collect()
    }

    fn passed_keywords(&self, file: FileId, expr: ExprId) -> Option<Vec<(String, (FileId, ExprId))>> {
        let module = self.m(file);
        let (Some(within), ExprKind::Name(name)) = (&self.within, module.kind(expr)) else {
            return None;
        };
        let found = self.lookup(file, module.owner(expr), *name, module.expr(expr).span.start);
        let Some(Found::Binding(
            at,
            _,
            Binding {
                bound: Bound::Param(function, index, _),
                ..
            },
        )) = found
        else {
            return None;
        };
        if within.context.keywords_of != Some((at, function, index)) {
            return None;
        }
        let keywords = within.context.keywords.iter();
        Some(keywords.map(|(name, place)| (name.to_string(), *place)).collect())
    }

    fn is_chosen_size(&self, file: FileId, function: FunctionId, place: usize) -> bool {
        self.code.chosen_sizes.contains(&(file, function, place))
    }

    fn passed(&self, file: FileId, expr: ExprId) -> Option<(FileId, ExprId)> {
        self.passed_for(file, expr)
    }

    fn afford(&self, file: FileId, steps: usize) -> bool {
        Evaluator::afford(self, file, steps)
    }

    fn is_too_long(&self, file: FileId, expr: ExprId) -> bool {
        self.long.borrow().contains(&(file, expr))
    }

    fn too_long(&self, limit: Limit, file: FileId, expr: ExprId) {
        self.over.set(self.over.get() || limit == Limit::ChainSteps);
        self.code.tell(limit, file, self.m(file).expr(expr).span.start);
    }

    fn model_library(&self, file: FileId, class: ClassId) -> Option<Tool> {
        if let Some(known) = self.libraries.borrow().get(&(file, class)) {
            return *known;
        }
        let outer_cut = self.cut.replace(false);
        let found = registry::model_tool(self, file, class);
        if !self.cut.get() {
            self.libraries.borrow_mut().insert((file, class), found);
        }
        self.cut.set(outer_cut || self.cut.get());
        found
    }

    fn knows_table(&self, name: &str) -> bool {
        self.code.tables.contains(&name.to_lowercase())
    }

    fn user_model(&self) -> Option<(FileId, ClassId)> {
        self.code.user_model
    }

    fn keeps_model(&self, name: &str) -> bool {
        self.code.named_models.has(name)
    }

    fn query_library(&self, name: &str) -> Option<&'static str> {
        registry::named_in(name)
    }

    fn keeper(&self, file: FileId, function: FunctionId) -> Option<ModelReceiver> {
        self.keeper_of(file, function)
    }

    fn relation(&self, model: Option<(FileId, ClassId)>, attribute: &str) -> Option<Relation> {
        self.code.relations.find(model, attribute).cloned()
    }

    fn call_effects(&self, file: FileId, name: &str) -> Effects {
        let data = self.code.data.of(self.m(file).language);
        data.call(name).map_or(Effects::NONE, |facts| facts.effects)
    }
}
