//! What names are bound to in one file: per function, per class and at the top level.

use rustc_hash::FxHashSet;

use crate::ir::{ClassId, ExprId, ExprKind, FunctionId, Language, Module, Parent, StmtId, StmtKind, Sym, TYPE_OF, class_symbol};
use crate::source::Span;

/// Patterns in each other on the left of an assignment.
const MAX_PATTERN: usize = 8;

/// A step into a destructured value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PatternStep {
    /// The entry of a key: `{ key }`, `{ key: name }`.
    Key(Sym),
    /// `[a, b]`, `a, b`.
    Index(u32),
    /// All that is left: `...rest`, `*rest`.
    Rest,
}

/// What a name is bound to.
#[derive(Clone, Debug, PartialEq)]
pub enum Bound {
    /// A parameter, by its place; with the way into it when destructured.
    Param(FunctionId, usize, Box<[PatternStep]>),
    /// An assigned value.
    Value(ExprId, Box<[PatternStep]>),
    /// An element of an iterated value.
    Element(ExprId, Box<[PatternStep]>),
    /// What a `with` gives.
    Context(ExprId),
    /// An annotation without a value.
    Annotation(ExprId),
    /// An import, by its place in the module's list.
    Import(usize),
    /// A function that is defined under the name.
    Function(FunctionId),
    /// A class that is defined under the name.
    Class(ClassId),
}

/// A binding and where it holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Binding {
    /// From the binding's end to the end of its scope.
    pub range: Span,
    /// What the name stands for from there on.
    pub bound: Bound,
    /// The annotation beside a value.
    pub annotation: Option<ExprId>,
}

/// A member of a class.
#[derive(Clone, Debug, PartialEq)]
pub enum Member {
    /// A function in the class's body.
    Method(FunctionId),
    /// A class attribute or `self.x = value`; with the annotation beside it.
    Value(ExprId, Option<ExprId>),
    /// A field with only an annotation.
    Annotation(ExprId),
    /// A constructor parameter that is a field.
    ParamField(FunctionId, usize),
    /// A nested class.
    Class(ClassId),
}

/// A name in a function.
type Key = (FunctionId, Sym);

/// A name's binding in a function.
#[derive(Clone, Debug, PartialEq)]
struct Named {
    binding: Binding,
    /// The nearest one before it, of the same function and name, that holds further down: where this one holds no more, those in
    /// between do not either.
    longer: Option<u32>,
}

/// The members of a class.
type Members = Box<[(Sym, Member)]>;

/// All bindings of one file, in sorted lists: most functions bind a handful of names, for which tables of their own would take many
/// times the room.
#[derive(Debug, Default)]
pub struct Scope {
    /// The function and the name of each binding. They are what a search looks at, and lie together for it.
    keys: Box<[Key]>,
    /// By function, name and range.
    bindings: Box<[Named]>,
    /// The names of the top level, by text.
    top: Box<[Sym]>,
    /// Members of each class, by text, then in the order of the code.
    members: Box<[Members]>,
}

impl Scope {
    /// Collects the bindings of a module.
    pub fn new(module: &Module) -> Scope {
        let mut collect = Collect {
            module,
            bindings: Vec::new(),
            members: vec![Vec::new(); module.classes.len()],
        };
        collect.statements();
        collect.comprehensions();
        collect.parameters();
        collect.imports();
        collect.classes();
        let Collect {
            mut bindings, mut members, ..
        } = collect;
        bindings.sort_by_key(|(key, binding)| (*key, binding.range.start, binding.range.end));
        let keys: Box<[Key]> = bindings.iter().map(|(key, _)| *key).collect();
        let bindings = bindings.into_iter().map(|(_, binding)| Named { binding, longer: None });
        let mut bindings: Box<[Named]> = bindings.collect();
        find_longer(&keys, &mut bindings);
        for members in &mut members {
            members.sort_by_key(|(name, _)| module.str(*name));
        }
        let mut scope = Scope {
            keys,
            bindings,
            top: Box::new([]),
            members: members.into_iter().map(Into::into).collect(),
        };
        let mut top: Vec<Sym> = scope.names(FunctionId::MODULE).collect();
        top.sort_unstable_by_key(|&name| module.str(name));
        scope.top = top.into();
        scope
    }

    /// All bindings of a name in a function, in the order of the code.
    pub fn bindings_of(&self, function: FunctionId, name: Sym) -> impl Iterator<Item = &Binding> {
        let (from, upto) = self.bindings(function, name);
        self.bindings[from..upto].iter().map(|named| &named.binding)
    }

    /// Where the bindings of a name in a function begin and end.
    fn bindings(&self, function: FunctionId, name: Sym) -> (usize, usize) {
        let key = (function, name);
        let from = self.keys.partition_point(|known| *known < key);
        // Most names are bound once or twice: the end is looked for from here, further and further.
        let mut reach = 1;
        while self.keys.get(from + reach - 1) == Some(&key) {
            reach *= 2;
        }
        let (near, far) = (from + reach / 2, (from + reach).min(self.keys.len()));
        (from, near + self.keys[near..far].partition_point(|known| *known == key))
    }

    /// The names that a function binds, each once.
    pub fn names(&self, function: FunctionId) -> impl Iterator<Item = Sym> {
        let from = self.keys.partition_point(|(known, _)| *known < function);
        let count = self.keys[from..].partition_point(|(known, _)| *known == function);
        let same = self.keys[from..from + count].chunk_by(|one, next| one == next);
        same.filter_map(|same| same.first().map(|(_, name)| *name))
    }

    /// Whether a function binds a name.
    pub fn binds(&self, function: FunctionId, name: Sym) -> bool {
        let (from, upto) = self.bindings(function, name);
        from < upto
    }

    /// The binding of a name that holds at an offset; where none does yet, the last one (functions run after the
    /// whole module).
    pub fn binding(&self, function: FunctionId, name: Sym, offset: u32) -> Option<&Binding> {
        let (from, upto) = self.bindings(function, name);
        let last = self.bindings[from..upto].last()?;
        let begun = self.bindings[from..upto].partition_point(|named| named.binding.range.start <= offset);
        let mut at = (from + begun).checked_sub(1).filter(|&at| at >= from);
        while let Some(named) = at.and_then(|at| self.bindings.get(at)) {
            if offset <= named.binding.range.end {
                return Some(&named.binding);
            }
            at = named.longer.map(|longer| longer as usize);
        }
        Some(&last.binding)
    }

    /// A name of the top level, by its text.
    pub fn top(&self, module: &Module, name: &str) -> Option<Sym> {
        let at = self.top.binary_search_by(|&known| module.str(known).cmp(name)).ok()?;
        self.top.get(at).copied()
    }

    /// All members of a class with their names, by name.
    pub fn members(&self, class: ClassId) -> &[(Sym, Member)] {
        self.members.get(class.index()).map_or(&[], AsRef::as_ref)
    }

    /// What a class says of a member, in the order of the code.
    pub fn member(&self, module: &Module, class: ClassId, name: &str) -> &[(Sym, Member)] {
        let members = self.members(class);
        let from = members.partition_point(|(known, _)| module.str(*known) < name);
        let count = members[from..].partition_point(|(known, _)| module.str(*known) == name);
        &members[from..from + count]
    }
}

/// Sets [`Named::longer`] in sorted bindings, whose keys are these.
fn find_longer(keys: &[Key], bindings: &mut [Named]) {
    for at in 1..bindings.len() {
        let mut before = Some(at - 1).filter(|&before| keys[before] == keys[at]);
        while let Some(index) = before {
            if bindings[index].binding.range.end > bindings[at].binding.range.end {
                break;
            }
            before = bindings[index].longer.map(|longer| longer as usize);
        }
        bindings[at].longer = before.map(|before| before as u32);
    }
}

/// Whether an annotation is that of a type which is called like it: `type Db = typeof db`.
fn is_type_of(module: &Module, annotation: ExprId) -> bool {
    matches!(module.kind(annotation), ExprKind::Index { base, .. } if module.name(*base) == Some(TYPE_OF))
}

struct Collect<'m> {
    module: &'m Module,
    bindings: Vec<(Key, Binding)>,
    members: Vec<Vec<(Sym, Member)>>,
}

impl Collect<'_> {
    fn bind(&mut self, function: FunctionId, name: Sym, range: Span, bound: Bound, annotation: Option<ExprId>) {
        let binding = Binding { range, bound, annotation };
        self.bindings.push(((function, name), binding));
    }

    fn function_end(&self, function: FunctionId) -> u32 {
        self.module.function(function).span.end
    }

    fn statements(&mut self) {
        for index in 0..self.module.stmts.len() {
            let id = StmtId(index as u32);
            let stmt = self.module.stmt(id);
            // A class's own statements are members, not names of the function around it.
            let in_class = matches!(stmt.parent, Parent::Class(_));
            let owner = self.module.owner_of(stmt.parent);
            let range = Span {
                start: stmt.span.end,
                end: self.function_end(owner),
            };
            match &stmt.kind {
                StmtKind::Assign {
                    target,
                    value,
                    annotation,
                    op: None,
                } if !in_class => match value {
                    Some(value) => self.pattern(owner, *target, range, *annotation, &mut Vec::new(), &|path| {
                        Bound::Value(*value, path)
                    }),
                    None => {
                        if let (ExprKind::Name(name), Some(annotation)) = (self.module.kind(*target), annotation) {
                            self.bind(owner, *name, range, Bound::Annotation(*annotation), Some(*annotation));
                        }
                    }
                },
                StmtKind::Loop {
                    target: Some(target),
                    iterable: Some(iterable),
                    ..
                } => {
                    let inside = Span {
                        start: self.module.expr(*iterable).span.end,
                        end: range.end,
                    };
                    self.pattern(owner, *target, inside, None, &mut Vec::new(), &|path| {
                        Bound::Element(*iterable, path)
                    });
                }
                StmtKind::With { items, .. } => {
                    for (value, target) in items {
                        let Some(target) = target else { continue };
                        let inside = Span {
                            start: self.module.expr(*value).span.end,
                            end: range.end,
                        };
                        if let ExprKind::Name(name) = self.module.kind(*target) {
                            self.bind(owner, *name, inside, Bound::Context(*value), None);
                        }
                    }
                }
                StmtKind::Function(function) if !in_class => {
                    if let Some(name) = self.module.function(*function).name {
                        self.bind(owner, name, range, Bound::Function(*function), None);
                    }
                }
                StmtKind::Class(class) if !in_class => {
                    if let Some(name) = self.module.class(*class).name {
                        self.bind(owner, name, range, Bound::Class(*class), None);
                    }
                }
                _ => {}
            }
        }
    }

    fn comprehensions(&mut self) {
        for index in 0..self.module.exprs.len() {
            let id = ExprId(index as u32);
            match self.module.kind(id) {
                ExprKind::Comp(comp) => {
                    let owner = self.module.owner(id);
                    let range = self.module.expr(id).span;
                    for clause in &comp.clauses {
                        self.pattern(owner, clause.target, range, None, &mut Vec::new(), &|path| {
                            Bound::Element(clause.iterable, path)
                        });
                    }
                }
                ExprKind::Assign { target, value } => {
                    let owner = self.module.owner(id);
                    let range = Span {
                        start: self.module.expr(id).span.end,
                        end: self.function_end(owner),
                    };
                    self.pattern(owner, *target, range, None, &mut Vec::new(), &|path| Bound::Value(*value, path));
                }
                _ => {}
            }
        }
    }

    /// Binds every name of a pattern with the way to it.
    fn pattern(
        &mut self,
        owner: FunctionId,
        target: ExprId,
        range: Span,
        annotation: Option<ExprId>,
        path: &mut Vec<PatternStep>,
        make: &dyn Fn(Box<[PatternStep]>) -> Bound,
    ) {
        if path.len() > MAX_PATTERN {
            return;
        }
        match self.module.kind(target) {
            ExprKind::Name(name) => self.bind(owner, *name, range, make(path.as_slice().into()), annotation),
            ExprKind::Assign { target, .. } => self.pattern(owner, *target, range, None, path, make),
            ExprKind::Spread(inner) => {
                path.push(PatternStep::Rest);
                self.pattern(owner, *inner, range, None, path, make);
                path.pop();
            }
            ExprKind::Tuple(items) | ExprKind::List(items) => {
                for (index, &item) in items.iter().enumerate() {
                    path.push(PatternStep::Index(index as u32));
                    self.pattern(owner, item, range, None, path, make);
                    path.pop();
                }
            }
            ExprKind::Object(entries) => {
                for entry in entries {
                    let step = match entry.key.map(|key| self.module.kind(key)) {
                        Some(ExprKind::Str(key)) => PatternStep::Key(*key),
                        _ => PatternStep::Rest,
                    };
                    path.push(step);
                    self.pattern(owner, entry.value, range, None, path, make);
                    path.pop();
                }
            }
            _ => {}
        }
    }

    fn parameters(&mut self) {
        for (id, function) in self.module.function_ids() {
            for (index, param) in function.params.iter().enumerate() {
                if let Some(name) = param.name {
                    self.bind(id, name, function.span, Bound::Param(id, index, Box::new([])), param.annotation);
                } else if let Some(pattern) = param.pattern {
                    self.pattern(id, pattern, function.span, None, &mut Vec::new(), &|path| {
                        Bound::Param(id, index, path)
                    });
                }
            }
        }
    }

    fn imports(&mut self) {
        for (index, import) in self.module.imports.iter().enumerate() {
            let range = Span {
                start: import.span.start,
                end: self.function_end(import.function),
            };
            self.bind(import.function, import.local, range, Bound::Import(index), None);
        }
        self.types();
        // `except ImportError: library = None`: where the name is used, the library is there.
        let module = self.module;
        let is_nothing = |binding: &Binding| matches!(&binding.bound, Bound::Value(value, path) if path.is_empty() && matches!(module.kind(*value), ExprKind::Null));
        let imported: FxHashSet<Key> = module.imports.iter().map(|import| (import.function, import.local)).collect();
        self.bindings
            .retain(|(key, binding)| !is_nothing(binding) || !imported.contains(key));
    }

    /// A type and a value may have one name: what code reads is the value.
    fn types(&mut self) {
        let module = self.module;
        if module.language != Language::TypeScript {
            return;
        }
        let is_type = |binding: &Binding| match binding.bound {
            Bound::Class(class) => module.class(class).is_interface,
            Bound::Annotation(annotation) => is_type_of(module, annotation),
            _ => false,
        };
        let values = self.bindings.iter().filter(|(_, binding)| !is_type(binding)).map(|(key, _)| *key);
        let values: FxHashSet<Key> = values.collect();
        self.bindings.retain(|(key, binding)| !is_type(binding) || !values.contains(key));
    }

    fn classes(&mut self) {
        for (id, class) in self.module.class_ids() {
            if self.module.language == Language::TypeScript
                && let Some(name) = self.module.sym(&class_symbol(id))
            {
                let range = self.module.function(class.parent).span;
                self.bind(class.parent, name, range, Bound::Class(id), None);
            }
            for &stmt in &class.body {
                match &self.module.stmt(stmt).kind {
                    StmtKind::Function(function) => {
                        if let Some(name) = self.module.function(*function).name {
                            self.member(id, name, Member::Method(*function));
                        }
                    }
                    StmtKind::Class(inner) => {
                        if let Some(name) = self.module.class(*inner).name {
                            self.member(id, name, Member::Class(*inner));
                        }
                    }
                    StmtKind::Assign {
                        target, value, annotation, ..
                    } => {
                        let ExprKind::Name(name) = self.module.kind(*target) else {
                            continue;
                        };
                        match (value, annotation) {
                            (Some(value), _) => self.member(id, *name, Member::Value(*value, *annotation)),
                            (None, Some(annotation)) => self.member(id, *name, Member::Annotation(*annotation)),
                            (None, None) => {}
                        }
                    }
                    _ => {}
                }
            }
        }
        for (id, function) in self.module.function_ids() {
            let Some(class) = function.class else { continue };
            for (index, param) in function.params.iter().enumerate() {
                if let (true, Some(name)) = (param.is_field, param.name) {
                    self.member(class, name, Member::ParamField(id, index));
                }
            }
        }
        for stmt in &self.module.stmts {
            let StmtKind::Assign {
                target,
                value,
                annotation,
                op: None,
            } = &stmt.kind
            else {
                continue;
            };
            let ExprKind::Attr { base, name } = self.module.kind(*target) else {
                continue;
            };
            if !matches!(self.module.name(*base), Some("self" | "cls")) {
                continue;
            }
            let Some(class) = self.module.enclosing_class(self.module.owner_of(stmt.parent)) else {
                continue;
            };
            match (value, annotation) {
                (Some(value), _) => self.member(class, *name, Member::Value(*value, *annotation)),
                (None, Some(annotation)) => self.member(class, *name, Member::Annotation(*annotation)),
                (None, None) => {}
            }
        }
    }

    fn member(&mut self, class: ClassId, name: Sym, member: Member) {
        self.members[class.index()].push((name, member));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::python;

    /// The binding that a look at all of a name's bindings finds.
    fn by_search(scope: &Scope, function: FunctionId, name: Sym, offset: u32) -> Option<&Binding> {
        let all = scope.keys.iter().zip(&scope.bindings);
        let mut all = all.filter(|(key, _)| **key == (function, name)).map(|(_, named)| named);
        let holds = |named: &&Named| named.binding.range.start <= offset && offset <= named.binding.range.end;
        let found = all.clone().rfind(holds).or_else(|| all.next_back());
        found.map(|named| &named.binding)
    }

    #[test]
    fn the_binding_that_holds_is_the_one_that_a_search_finds() {
        let text = "
x = 0
def f(x, y):
    a = [x for x in [x for x in y if (z := x)] if [z for z in x]]
    x = 1
    for x in y:
        b = {x: [x for x in x] for x in x}
    with y as x:
        x = [z for z in x]
    z = x
    return [(x, z) for x in z]
def g():
    global x
    return (lambda x: [x for x in x])(x)
x: int
";
        let module = python::lower(text).expect("reads");
        let scope = Scope::new(&module);
        let mut several = 0;
        for function in (0..module.functions.len()).map(|id| FunctionId(id as u32)) {
            for name in (0..module.strings.len()).map(|sym| Sym(sym as u32)) {
                let count = scope.keys.iter().filter(|key| **key == (function, name)).count();
                several = several.max(count);
                assert_eq!(scope.binds(function, name), count > 0);
                for offset in (0..=text.len() as u32).chain([u32::MAX]) {
                    assert_eq!(
                        scope.binding(function, name, offset),
                        by_search(&scope, function, name, offset),
                        "{} at {offset}",
                        module.str(name)
                    );
                }
            }
        }
        assert!(several > 6, "{several}");
    }
}
