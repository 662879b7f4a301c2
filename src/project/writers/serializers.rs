//! Rows that Django REST framework's serializers add: those of the views that create, and `serializer.save()` of one that stands for no row.

use rustc_hash::FxHashSet;

use crate::ir::{Call, ClassId, ExprId, ExprKind, FunctionId, Module};
use crate::libraries::shared::pagination;
use crate::libraries::shared::query::Resolver;
use crate::libraries::shared::value::{FileId, Value};
use crate::project::eval::Evaluator;
use crate::project::scope::Member;
use crate::project::{Project, serializers};

/// What adds rows to a table through a serializer.
pub(super) struct Stored {
    /// The table's place in the schema.
    pub(super) table: usize,
    /// The file of what adds them.
    pub(super) file: FileId,
    /// Who does it.
    pub(super) by: StoredBy,
}

/// Who adds rows through a serializer.
pub(super) enum StoredBy {
    /// A function of the project, by its own call.
    Function(FunctionId),
    /// The framework's `create`, for a view of this name.
    View(String),
}

/// All of them, in the order of the files.
pub(super) fn stored(project: &Project) -> Vec<Stored> {
    if !pagination::REST.iter().any(|library| project.code.imported.contains(*library)) {
        return Vec::new();
    }
    let files = project.code.modules_of(pagination::LANGUAGE);
    let files = files.filter(|(_, module)| module.mentions(&["get_serializer_class", "save", "serializer_class"]));
    let files = files.map(|(file, _)| file).collect();
    project.code.parts(files, |file| {
        let (eval, module) = (Evaluator::new(&project.code), project.code.module(file));
        let mut out = Vec::new();
        for (class, _) in module.class_ids() {
            by_view(project, &eval, (file, class), &mut out);
        }
        if module.mentions(&["save"]) {
            out.extend(module.call_ids().filter_map(|id| by_call(project, &eval, file, module, id)));
        }
        out
    })
}

/// A view that has the framework's `create`, of the serializers that it may choose.
fn by_view(project: &Project, eval: &Evaluator<'_>, (file, class): (FileId, ClassId), out: &mut Vec<Stored>) {
    let module = project.code.module(file);
    let Some(name) = module.class(class).name else { return };
    if !pagination::creates(eval, file, class) || !goes_on(eval, file, class) {
        return;
    }
    let chosen = serializers_of(eval, file, class);
    let tables: FxHashSet<usize> = chosen.into_iter().filter_map(|of| table_of(project, eval, of)).collect();
    let mut tables: Vec<usize> = tables.into_iter().collect();
    tables.sort_unstable();
    out.extend(tables.into_iter().map(|table| Stored {
        table,
        file,
        by: StoredBy::View(module.str(name).to_owned()),
    }));
}

/// Whether the methods by which a project has its own `create` go on to the framework's, which saves the serializer.
fn goes_on(eval: &Evaluator<'_>, file: FileId, class: ClassId) -> bool {
    ["create", "perform_create"].iter().all(|name| {
        let Some((at, Member::Method(function))) = eval.member(file, class, name) else {
            return true;
        };
        let module = eval.module(at);
        module.call_ids_in(function).filter_map(|id| module.call(id)).any(|call| {
            let calls_super = || {
                call.receiver()
                    .and_then(|receiver| module.call(receiver))
                    .is_some_and(|inner| module.name(inner.callee) == Some("super"))
            };
            match call.method() {
                Some("save") => *name == "perform_create",
                Some("create") => *name == "create" && calls_super(),
                Some("perform_create") => *name == "create" || calls_super(),
                _ => false,
            }
        })
    })
}

/// The serializers that a view may choose: what its method gives, and its attribute.
fn serializers_of(eval: &Evaluator<'_>, file: FileId, class: ClassId) -> Vec<(FileId, ClassId)> {
    let mut places = Vec::new();
    if let Some((at, Member::Method(function))) = eval.member(file, class, "get_serializer_class") {
        places.extend(eval.returned(at, function).iter().map(|&value| (at, value)));
    }
    if let Some((at, Member::Value(value, _))) = eval.member(file, class, "serializer_class") {
        places.push((at, value));
    }
    let classes = places.into_iter().filter_map(|(at, value)| match eval.value(at, value) {
        Value::Class(at, class) => Some((at, class)),
        _ => None,
    });
    classes.collect()
}

/// `serializer.save()`, where what made the serializer gave it data and no row.
fn by_call(project: &Project, eval: &Evaluator<'_>, file: FileId, module: &Module, id: ExprId) -> Option<Stored> {
    let call = module.call(id).filter(|call| call.method() == Some("save"))?;
    let receiver = call.receiver()?;
    let mut places = eval.alternatives(file, receiver);
    places.extend(eval.definition(file, receiver));
    let table = places.into_iter().find_map(|(at, made)| {
        let made = eval.module(at).call(made).filter(is_of_no_row)?;
        match eval.value(at, made.callee) {
            Value::Class(at, class) => table_of(project, eval, (at, class)),
            // `self.get_serializer(data=request.data)`.
            _ if made.method() == Some("get_serializer") => {
                let class = module.function(module.owner(id)).class?;
                let chosen = serializers_of(eval, file, class);
                chosen.into_iter().find_map(|of| table_of(project, eval, of))
            }
            _ => None,
        }
    })?;
    Some(Stored {
        table,
        file,
        by: StoredBy::Function(module.owner(id)),
    })
}

/// `ScoreSerializer(data=request.data)`: it is given data, and no row that it changes.
fn is_of_no_row(call: &Call<'_>) -> bool {
    let given = call.arg(0).or_else(|| call.keyword("instance"));
    let has_data = call.keyword("data").is_some();
    has_data && given.is_none_or(|row| matches!(call.module.kind(row), ExprKind::Null))
}

/// The table of a serializer's model, where the framework's own `create` adds to it: what a project's own adds is seen in it.
fn table_of(project: &Project, eval: &Evaluator<'_>, (file, class): (FileId, ClassId)) -> Option<usize> {
    if !serializers::is_serializer(eval, file, class) {
        return None;
    }
    if let Some((at, Member::Method(create))) = eval.member(file, class, "create") {
        let module = eval.module(at);
        let mut calls = module.call_ids_in(create).filter_map(|id| module.call(id));
        let is_super = |call: Call<'_>| {
            let inner = call.receiver().and_then(|receiver| module.call(receiver));
            call.method() == Some("create") && inner.is_some_and(|inner| module.name(inner.callee) == Some("super"))
        };
        if !calls.any(is_super) {
            return None;
        }
    }
    serializers::model_of(project, eval, file, class).map(|model| model.table)
}
