//! How many objects a serializer is given at once: those of a list, or one.

use std::cmp::Reverse;

use rustc_hash::{FxHashMap, FxHashSet};

use super::eval::{Code, Evaluator};
use super::loops;
use super::scope::Member;
use crate::ir::{Call, ClassId, ExprId, ExprKind, FunctionId, Module, Parent, StmtKind};
use crate::libraries::shared::pagination;
use crate::libraries::shared::query::Resolver;
use crate::libraries::shared::value::{FileId, Value};
use crate::source::Span;

type Class = (FileId, ClassId);

/// How a serializer is used.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SerializerUse {
    /// For a list of objects, by the view or function that asks for it.
    List(String),
    /// For one object at a time.
    One,
}

/// Serializers by how they are used; those of which no use is known are left out.
#[derive(Debug, Default)]
pub struct ListedSerializers {
    by_class: FxHashMap<Class, SerializerUse>,
    serializers: FxHashSet<Class>,
}

impl ListedSerializers {
    /// Looks at views, at calls with `many=True`, and at serializers inside serializers.
    pub fn of(code: &Code) -> ListedSerializers {
        if !pagination::REST.iter().any(|library| code.imported.contains(*library)) {
            return ListedSerializers::default();
        }
        let eval = Evaluator::new(code);
        let mut found = ListedSerializers::default();
        let mut nested: Vec<(Class, Class, bool)> = Vec::new();
        for (file, _) in code.modules().filter(|(_, module)| {
            module.mentions(&["get_serializer_class", "many", "serializer_class", "serializers"]) || names_one(module)
        }) {
            code.part(file, || found.file(&eval, file, &mut nested));
        }
        found.spread(&eval, &nested);
        found
    }

    /// Looks at one file; a serializer inside another goes to `nested`, with whether it shows several.
    fn file(&mut self, eval: &Evaluator<'_>, file: FileId, nested: &mut Vec<(Class, Class, bool)>) {
        let module = eval.code.module(file);
        for (class, _) in module.class_ids() {
            if is_serializer(eval, file, class) {
                self.serializers.insert((file, class));
            } else {
                self.view(eval, file, class);
            }
        }
        let classes = Classes::of(module);
        for id in module.call_ids() {
            let Some(made) = serializer(eval, file, module.call(id).map(|call| call.callee)) else {
                continue;
            };
            let is_many = module.call(id).is_some_and(|call| is_many(&call)) || is_repeated(eval, file, id);
            match holder(eval, file, module, &classes, id) {
                Some(outer) => nested.push((outer, made, is_many)),
                None if is_many => self.add(made, SerializerUse::List(name_of(module, id))),
                None => self.add(made, SerializerUse::One),
            }
        }
    }

    /// How a serializer is used; `None` where nothing of the project says.
    pub fn usage(&self, class: Class) -> Option<&SerializerUse> {
        self.by_class.get(&class)
    }

    /// Whether a class is a serializer whose uses were looked for.
    pub fn knows(&self, class: Class) -> bool {
        self.serializers.contains(&class)
    }

    fn add(&mut self, class: Class, usage: SerializerUse) {
        let known = self.by_class.entry(class).or_insert_with(|| usage.clone());
        // A list counts more than a single object, and the first name stays.
        if *known == SerializerUse::One {
            *known = usage;
        }
    }

    fn view(&mut self, eval: &Evaluator<'_>, file: FileId, class: ClassId) {
        let module = eval.module(file);
        let lists = || pagination::lists(eval, file, class) || lists_itself(eval, file, class) || descends_from_unknown(eval, file, class);
        let usage = |lists: bool| {
            let name = module.class(class).name.map_or("", |name| module.str(name));
            if lists {
                SerializerUse::List(name.to_owned())
            } else {
                SerializerUse::One
            }
        };
        let choosing = choosing(eval, file, class);
        let of_lists = choosing.iter().find_map(|&(at, function)| {
            let module = eval.module(at);
            serializer(eval, at, pagination::shown_by_list(module, &module.function(function).body))
        });
        let by_action: Vec<(&str, Class)> = choosing.iter().flat_map(|&(at, function)| by_action(eval, at, function)).collect();
        let of_lists = of_lists.or_else(|| {
            by_action
                .iter()
                .find(|(action, _)| *action == pagination::LIST)
                .map(|&(_, made)| made)
        });
        for &(action, made) in &by_action {
            // What a view asks for under a name of its own may be a list, too.
            let is_one =
                action != pagination::LIST && (pagination::is_of_one_object(action) || !is_known_action(eval, file, class, action));
            self.add(made, usage(!is_one && lists()));
        }
        let is_listed = |made: Class| lists() && of_lists.is_none_or(|shown| shown == made);
        if let Some((at, Member::Value(value, _))) = eval.member(file, class, "serializer_class")
            && let Some(made) = serializer(eval, at, Some(value))
        {
            self.add(made, usage(is_listed(made)));
        }
        for (at, function) in choosing {
            for &value in &*eval.returned(at, function) {
                if let Some(made) = serializer(eval, at, Some(value)) {
                    let is_other = pagination::is_of_another_action(eval.module(at), value);
                    self.add(made, usage(is_listed(made) && !is_other));
                }
            }
        }
    }

    /// What a serializer holds is used as it is, and for a list where it holds many; its base classes are used as it is.
    fn spread(&mut self, eval: &Evaluator<'_>, nested: &[(Class, Class, bool)]) {
        let mut inner: FxHashMap<Class, Vec<(Class, bool)>> = FxHashMap::default();
        for &(outer, made, is_many) in nested {
            inner.entry(outer).or_default().push((made, is_many));
        }
        let mut open: Vec<(Class, SerializerUse)> = self.by_class.iter().map(|(class, usage)| (*class, usage.clone())).collect();
        open.sort();
        let mut seen: FxHashSet<(Class, bool)> = FxHashSet::default();
        while let Some((class, usage)) = open.pop() {
            if !seen.insert((class, usage != SerializerUse::One)) {
                continue;
            }
            for ancestor in eval.lineage(class.0, class.1) {
                self.add(ancestor, usage.clone());
                for &(made, is_many) in inner.get(&ancestor).into_iter().flatten() {
                    let module = eval.module(class.0);
                    let name = module.class(class.1).name.map_or("", |name| module.str(name));
                    let usage = if is_many {
                        SerializerUse::List(name.to_owned())
                    } else {
                        usage.clone()
                    };
                    self.add(made, usage.clone());
                    open.push((made, usage));
                }
            }
        }
    }
}

/// Whether a file names a serializer: it may show one object with it.
fn names_one(module: &Module) -> bool {
    module.strings.iter().any(|text| text.ends_with("Serializer"))
}

/// `many=True`, or what may be true.
fn is_many(call: &Call<'_>) -> bool {
    let many = call.keyword("many");
    many.is_some_and(|many| !matches!(call.module.kind(many), ExprKind::Bool(false)))
}

/// Whether a serializer is made for each of several: `[OrderRow(order).data for order in orders]`, `ListField(child=OrderRow())`.
fn is_repeated(eval: &Evaluator<'_>, file: FileId, made: ExprId) -> bool {
    let module = eval.code.module(file);
    let is_child = match module.expr(made).parent {
        Parent::Expr(outer) => module.call(outer).is_some_and(|call| call.keyword("child") == Some(made)),
        _ => false,
    };
    is_child || !loops::around(eval, file, made).is_empty()
}

/// Whether a method of a view answers with several objects of the serializer that the view chooses: `self.get_serializer(rows, many=True)`.
fn lists_itself(eval: &Evaluator<'_>, file: FileId, class: ClassId) -> bool {
    eval.lineage(file, class).into_iter().any(|(at, class)| {
        let module = eval.code.module(at);
        let span = module.class(class).span;
        module.call_ids().filter_map(|id| module.call(id)).any(|call| {
            let is_chosen = matches!(call.method(), Some("get_serializer" | "serializer_class"))
                || call
                    .module
                    .call(call.callee)
                    .is_some_and(|inner| inner.method() == Some("get_serializer_class"));
            is_chosen && is_many(&call) && span.encloses(module.expr(call.id).span)
        })
    })
}

/// Whether a view has an ancestor of a package that is none of the framework's: it may list as well.
fn descends_from_unknown(eval: &Evaluator<'_>, file: FileId, class: ClassId) -> bool {
    let ancestors = eval.ancestors(file, class);
    let last = |name: &str| name.rsplit('.').next().unwrap_or(name).to_owned();
    // Each stands there as it is written, too.
    let own = eval.lineage(file, class).into_iter().filter_map(|(at, class)| {
        let module = eval.code.module(at);
        module.class(class).name.map(|name| module.str(name).to_owned())
    });
    let of_framework = ancestors.iter().filter(|name| pagination::is_view(name)).map(|name| last(name));
    let known: FxHashSet<String> = own.chain(of_framework).collect();
    let mut names = ancestors.iter().map(|name| last(name));
    names.any(|name| (name.ends_with("ViewSet") || name.ends_with("View")) && !known.contains(&name))
}

/// The serializers of a table by actions that a method looks into: `return self.serializers[self.action]`, `.get(self.action, OrderRow)`.
fn by_action<'c>(eval: &Evaluator<'c>, file: FileId, function: FunctionId) -> Vec<(&'c str, Class)> {
    let mut out = Vec::new();
    for &value in &*eval.returned(file, function) {
        let module = eval.code.module(file);
        let table = match module.kind(value) {
            ExprKind::Index { base, .. } => Some(*base),
            ExprKind::Call { .. } => module
                .call(value)
                .filter(|call| call.method() == Some("get"))
                .and_then(|call| call.receiver()),
            _ => None,
        };
        let Some(Value::Literal(held_at, object)) = table.map(|table| eval.value(file, table)) else {
            continue;
        };
        let held = eval.code.module(held_at);
        let ExprKind::Object(entries) = held.kind(object) else { continue };
        for entry in entries {
            let action = entry.key.and_then(|key| held.string(key));
            if let (Some(action), Some(made)) = (action, serializer(eval, held_at, Some(entry.value))) {
                out.push((action, made));
            }
        }
    }
    out
}

/// Whether a view has a method for an action that is not said to be of one object.
fn is_known_action(eval: &Evaluator<'_>, file: FileId, class: ClassId, action: &str) -> bool {
    match eval.member(file, class, action) {
        Some((at, Member::Method(function))) => !pagination::is_action_of_one(eval.module(at), function),
        _ => false,
    }
}

/// The methods by which a view chooses its serializer: the framework's, and those of the project that it may go on to
/// (`get_versioned_serializer_class`).
fn choosing(eval: &Evaluator<'_>, file: FileId, class: ClassId) -> Vec<(FileId, FunctionId)> {
    let mut names: FxHashSet<&str> = FxHashSet::default();
    let mut out = Vec::new();
    for (at, class) in eval.lineage(file, class) {
        let module = eval.code.module(at);
        for &stmt in &module.class(class).body {
            let StmtKind::Function(function) = module.stmt(stmt).kind else {
                continue;
            };
            let name = module.function(function).name.map_or("", |name| module.str(name));
            if name.starts_with("get_") && name.ends_with("serializer_class") && names.insert(name) {
                out.push((at, function));
            }
        }
    }
    out
}

/// The serializer that a name stands for.
fn serializer(eval: &Evaluator<'_>, file: FileId, expr: Option<ExprId>) -> Option<Class> {
    let expr = expr?;
    let module = eval.module(file);
    let (ExprKind::Name(name) | ExprKind::Attr { name, .. }) = *module.kind(expr) else {
        return None;
    };
    if !module.str(name).contains("erializer") {
        return None;
    }
    match eval.value(file, expr) {
        Value::Class(file, class) => Some((file, class)),
        _ => None,
    }
}

/// The serializer whose field a call makes: `lines = LineSerializer(many=True)` in its body.
fn holder(eval: &Evaluator<'_>, file: FileId, module: &Module, classes: &Classes, call: ExprId) -> Option<Class> {
    if module.owner(call) != FunctionId::MODULE {
        return None;
    }
    let class = classes.around(module.expr(call).span)?;
    is_serializer(eval, file, class).then_some((file, class))
}

/// The classes of a file in the order of the text, each with the place of the one around it.
struct Classes(Vec<(Span, ClassId, Option<usize>)>);

impl Classes {
    fn of(module: &Module) -> Classes {
        let mut all: Vec<(Span, ClassId, Option<usize>)> = module.class_ids().map(|(id, class)| (class.span, id, None)).collect();
        all.sort_by_key(|(span, ..)| (span.start, Reverse(span.end)));
        let mut open: Vec<usize> = Vec::new();
        for at in 0..all.len() {
            while open.last().is_some_and(|&outer| !all[outer].0.encloses(all[at].0)) {
                open.pop();
            }
            all[at].2 = open.last().copied();
            open.push(at);
        }
        Classes(all)
    }

    /// The innermost class that holds a range.
    fn around(&self, range: Span) -> Option<ClassId> {
        let mut at = self.0.partition_point(|(span, ..)| span.start <= range.start).checked_sub(1);
        while let Some(&(span, class, outer)) = at.and_then(|at| self.0.get(at)) {
            if span.encloses(range) {
                return Some(class);
            }
            at = outer;
        }
        None
    }
}

fn is_serializer(eval: &Evaluator<'_>, file: FileId, class: ClassId) -> bool {
    eval.ancestors(file, class).iter().any(|name| name.contains("erializer"))
}

fn name_of(module: &Module, call: ExprId) -> String {
    module.qualified(module.owner(call))
}
