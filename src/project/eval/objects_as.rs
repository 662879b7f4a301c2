//! Objects that are written as one of an interface: `function makeOrders(): Orders { return { find, save } }`.

use rustc_hash::FxHashMap;

use super::{Code, Evaluator};
use crate::ir::{ClassId, ExprId, ExprKind, Language, Module, StmtKind};
use crate::libraries::shared::value::{FileId, Value};

/// Objects by the interface that their annotation names.
pub type ByInterface = FxHashMap<(FileId, ClassId), Vec<(FileId, ExprId)>>;

/// Finds those of a project: what functions that say what they give return, and what variables that say their type hold.
pub(super) fn find(code: &Code) -> ByInterface {
    let files = code.modules_of(Language::TypeScript).map(|(file, _)| file).collect();
    let mut found = ByInterface::default();
    for (interface, object) in code.parts(files, |file| of_file(code, file)) {
        found.entry(interface).or_default().push(object);
    }
    found
}

type Written = ((FileId, ClassId), (FileId, ExprId));

fn of_file(code: &Code, file: FileId) -> Vec<Written> {
    let module = code.module(file);
    let eval = Evaluator::new(code);
    let mut found = Vec::new();
    let mut add = |annotation: ExprId, value: ExprId| {
        let Some(object) = object(&eval, file, value) else { return };
        if let Value::Instance(at, class) = eval.annotation(file, annotation)
            && code.module(at).class(class).is_interface
        {
            found.push(((at, class), object));
        }
    };
    for (id, function) in module.function_ids() {
        let Some(annotation) = function.returns else { continue };
        for &value in eval.returned(file, id).iter() {
            add(annotation, value);
        }
    }
    for stmt in &module.stmts {
        if let StmtKind::Assign {
            value: Some(value),
            annotation: Some(annotation),
            ..
        } = stmt.kind
        {
            add(annotation, value);
        }
    }
    found
}

/// The object literal that an expression is, or whose name it is, where something in it may run.
fn object(eval: &Evaluator<'_>, file: FileId, value: ExprId) -> Option<(FileId, ExprId)> {
    let module = eval.code.module(file);
    let (at, object) = match module.kind(value) {
        ExprKind::Object(_) => (file, value),
        ExprKind::Name(_) => match eval.value(file, value) {
            Value::Literal(at, object) => (at, object),
            _ => return None,
        },
        _ => return None,
    };
    may_run(eval.code.module(at), object).then_some((at, object))
}

/// Whether an object has members that can be functions: written in it, by their names, or of another object.
fn may_run(module: &Module, object: ExprId) -> bool {
    let ExprKind::Object(entries) = module.kind(object) else {
        return false;
    };
    entries.iter().any(|entry| {
        matches!(
            module.kind(entry.value),
            ExprKind::Lambda(_) | ExprKind::Name(_) | ExprKind::Call { .. }
        )
    })
}
