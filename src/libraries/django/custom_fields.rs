//! What a field class of the project settles for all its fields: `kwargs["unique"] = True`, `super().__init__(unique=True)`.

use crate::ir::{Call, ClassId, ExprId, ExprKind, FunctionId, Module, StmtKind};
use crate::libraries::shared::query::Resolver;
use crate::libraries::shared::value::{FileId, Value};

/// What a field class of the project settles.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// Options that its constructor turns on.
    pub options: Vec<&'static str>,
    /// The library's field that it extends.
    pub base: Option<String>,
}

impl Settled {
    /// Whether an option is on.
    pub fn has(&self, option: &str) -> bool {
        self.options.contains(&option)
    }
}

const OPTIONS: [&str; 4] = ["unique", "primary_key", "db_index", "null"];

/// What the class of a field settles, where it is one of the project's.
pub fn settled(resolver: &dyn Resolver, file: FileId, call: &Call<'_>) -> Settled {
    let mut out = Settled::default();
    let Value::Class(file, class) = resolver.value(file, call.callee) else {
        return out;
    };
    let names = resolver.ancestors(file, class);
    let is_kind = |name: &str| name.ends_with("ForeignKey") || name.ends_with("Field") && !name.ends_with(".Field");
    let is_field = |name: &&String| name.contains("django") && is_kind(name);
    out.base = names
        .iter()
        .find(is_field)
        .and_then(|name| name.rsplit('.').next())
        .map(ToOwned::to_owned);
    for (file, class) in resolver.lineage(file, class) {
        let module = resolver.module(file);
        if let Some(init) = constructor(module, class) {
            options(module, init, &mut out.options);
        }
    }
    out
}

fn constructor(module: &Module, class: ClassId) -> Option<FunctionId> {
    module.class(class).body.iter().find_map(|&stmt| match module.stmt(stmt).kind {
        StmtKind::Function(function) => {
            let name = module.function(function).name.map(|name| module.str(name));
            (name == Some("__init__")).then_some(function)
        }
        _ => None,
    })
}

/// The options that a constructor turns on.
fn options(module: &Module, init: FunctionId, out: &mut Vec<&'static str>) {
    let is_on = |value: ExprId| matches!(module.kind(value), ExprKind::Bool(true));
    let mut add = |name: Option<&str>| {
        let known = OPTIONS.into_iter().find(|option| Some(*option) == name);
        out.extend(known.filter(|option| !out.contains(option)).into_iter().collect::<Vec<_>>());
    };
    // Only what runs always: under a condition it is the field's own word that counts.
    for &stmt in &module.function(init).body {
        if let StmtKind::Assign {
            target,
            value: Some(value),
            ..
        } = module.stmt(stmt).kind
            && is_on(value)
            && let ExprKind::Index { index, .. } = module.kind(target)
        {
            add(module.string(*index));
        }
        let StmtKind::Expr(expr) = module.stmt(stmt).kind else { continue };
        let Some(call) = module.call(expr) else { continue };
        match call.method() {
            Some("setdefault") if call.arg(1).is_some_and(is_on) => add(call.arg(0).and_then(|name| module.string(name))),
            Some("update" | "__init__") => {
                for arg in call.args.iter().filter(|arg| is_on(given(module, init, arg.value))) {
                    add(arg.name.map(|name| module.str(name)));
                }
            }
            _ => {}
        }
    }
}

/// The default of a parameter that is handed on: `def __init__(self, unique=True): super().__init__(unique=unique)`.
fn given(module: &Module, init: FunctionId, value: ExprId) -> ExprId {
    let ExprKind::Name(name) = module.kind(value) else { return value };
    let params = &module.function(init).params;
    let param = params.iter().find(|param| param.name == Some(*name));
    param.and_then(|param| param.default).unwrap_or(value)
}
