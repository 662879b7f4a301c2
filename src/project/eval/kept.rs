//! What a program keeps on an object that its framework passes around: `app.state.mailer = …`, `request.app.state.mailer`.

use rustc_hash::FxHashMap;

use super::{Code, Evaluator};
use crate::ir::{ExprId, ExprKind, Language, Module, StmtKind};
use crate::libraries::shared::value::{FileId, Value};

/// Where something is kept under a name: the object, the value, and the annotation where there is one.
#[derive(Clone, Copy, Debug)]
pub struct Keeping {
    file: FileId,
    object: ExprId,
    value: ExprId,
    annotation: Option<ExprId>,
}

/// Assignments to attributes of objects other than `self` (`request.user = …`, `app.state.db = …`), by the attribute's name.
pub type KeptByName = FxHashMap<Box<str>, Vec<Keeping>>;

/// Finds those of a project.
pub(super) fn find(code: &Code) -> KeptByName {
    let mut found = KeptByName::default();
    let has_items = code.imported.contains("aiohttp");
    for (file, module) in code.modules().filter(|(_, module)| module.language == Language::Python) {
        for stmt in &module.stmts {
            let StmtKind::Assign {
                target,
                value: Some(value),
                annotation,
                op: None,
            } = stmt.kind
            else {
                continue;
            };
            let Some((object, name)) = part(module, target, has_items) else {
                continue;
            };
            found.entry(name.into()).or_default().push(Keeping {
                file,
                object,
                value,
                annotation,
            });
        }
    }
    found
}

/// The object and the name of `object.name` and, where items are kept, of `object["name"]`.
fn part(module: &Module, target: ExprId, has_items: bool) -> Option<(ExprId, &str)> {
    match module.kind(target) {
        ExprKind::Attr { base, name } if !matches!(module.name(*base), Some("self" | "cls")) => Some((*base, module.str(*name))),
        ExprKind::Index { base, index } if has_items => Some((*base, module.string(*index)?)),
        _ => None,
    }
}

impl Evaluator<'_> {
    /// What the program keeps under a name on an object that the library called `path` stands for.
    ///
    /// Where its places do not agree, nothing is known.
    pub(super) fn kept(&self, path: &str, name: &str) -> Option<Value> {
        let data = self.code.data.of(Language::Python);
        let object = data.object(path)?;
        let mut held: Option<Value> = None;
        for place in self.code.kept.get(name)? {
            if !self.afford(place.file, 1) {
                return None;
            }
            let on = self.value(place.file, place.object);
            if on.library_name().and_then(|on| data.object(on)) != Some(object) {
                continue;
            }
            let value = match (self.value(place.file, place.value), place.annotation) {
                (Value::Unknown | Value::Literal(..), Some(annotation)) => self.annotation(place.file, annotation),
                (value, _) => value,
            };
            // `app.state.mailer = None` before it is there.
            if matches!(value, Value::Unknown | Value::Literal(..)) {
                continue;
            }
            if held.as_ref().is_some_and(|held| *held != value) {
                return None;
            }
            held = Some(value);
        }
        held
    }
}
