//! What a field class of the project settles for all its fields: `kwargs["unique"] = True`, `super().__init__(unique=True)`.

use crate::ir::{Call, ClassId, ExprId, ExprKind, FunctionId, Module, ParamKind, StmtKind};
use crate::libraries::shared::query::Resolver;
use crate::libraries::shared::value::{FileId, Value};

/// What a field and its class settle.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// Options that are on or off.
    options: Vec<(&'static str, bool)>,
    /// The library's field that a class of the project extends.
    pub base: Option<String>,
}

impl Settled {
    /// Whether an option is on or off; nothing, where neither the field nor its class says so.
    pub fn option(&self, option: &str) -> Option<bool> {
        let said = self.options.iter().find(|(known, _)| *known == option);
        said.map(|&(_, is_on)| is_on)
    }

    /// Takes what a constructor says of an option; a default stands back behind what was said before.
    fn say(&mut self, option: Option<&str>, is_on: bool, is_default: bool) {
        let Some(option) = OPTIONS.into_iter().find(|known| Some(*known) == option) else {
            return;
        };
        match self.options.iter_mut().find(|(known, _)| *known == option) {
            Some(said) if !is_default => said.1 = is_on,
            Some(_) => {}
            None => self.options.push((option, is_on)),
        }
    }
}

const OPTIONS: [&str; 4] = ["unique", "primary_key", "db_index", "null"];

/// What a field settles, and its class, where it is one of the project's.
pub fn settled(resolver: &dyn Resolver, file: FileId, call: &Call<'_>) -> Settled {
    let mut out = Settled::default();
    for option in OPTIONS {
        if let Some(told) = call.keyword(option) {
            out.say(Some(option), truth(call.module, told) == Some(true), false);
        }
    }
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
    // Each constructor hands what it was given on to the next, so that the last one has the last word.
    for (file, class) in resolver.lineage(file, class) {
        let module = resolver.module(file);
        if let Some(init) = constructor(module, class) {
            construct(module, init, &mut out);
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

/// What a constructor does with the options that it hands on.
fn construct(module: &Module, init: FunctionId, out: &mut Settled) {
    let params = &module.function(init).params;
    let keywords = params
        .iter()
        .find(|param| param.kind == ParamKind::Keywords)
        .and_then(|param| param.name);
    let holds = |expr: ExprId| keywords.is_some_and(|name| *module.kind(expr) == ExprKind::Name(name));
    // Only what runs always: under a condition it is the field's own word that counts.
    for &stmt in &module.function(init).body {
        if let StmtKind::Assign {
            target,
            value: Some(value),
            ..
        } = module.stmt(stmt).kind
            && let ExprKind::Index { base, index } = module.kind(target)
            && holds(*base)
            && let Some(is_on) = truth(module, value)
        {
            out.say(module.string(*index), is_on, false);
        }
        let StmtKind::Expr(expr) = module.stmt(stmt).kind else { continue };
        let Some(call) = module.call(expr) else { continue };
        let Some(receiver) = call.receiver() else { continue };
        match call.method() {
            Some("setdefault") if holds(receiver) => {
                if let Some(is_on) = call.arg(1).and_then(|value| truth(module, value)) {
                    out.say(call.arg(0).and_then(|name| module.string(name)), is_on, true);
                }
            }
            Some("update") if holds(receiver) => hand_on(&call, init, out),
            Some("__init__") if is_super(module, receiver) => hand_on(&call, init, out),
            _ => {}
        }
    }
}

/// What a call is given by name; a parameter that is handed on is what it was given, or its default:
/// `def __init__(self, unique=True): super().__init__(unique=unique)`.
fn hand_on(call: &Call<'_>, init: FunctionId, out: &mut Settled) {
    let module = call.module;
    for arg in call.args {
        let name = arg.name.map(|name| module.str(name));
        if let Some(is_on) = truth(module, arg.value) {
            out.say(name, is_on, false);
        } else if let ExprKind::Name(given) = module.kind(arg.value) {
            let param = module.function(init).params.iter().find(|param| param.name == Some(*given));
            let default = param.and_then(|param| param.default);
            if let Some(is_on) = default.and_then(|default| truth(module, default)) {
                out.say(name, is_on, true);
            }
        }
    }
}

fn is_super(module: &Module, expr: ExprId) -> bool {
    module.call(expr).is_some_and(|call| module.name(call.callee) == Some("super"))
}

fn truth(module: &Module, expr: ExprId) -> Option<bool> {
    match module.kind(expr) {
        ExprKind::Bool(is_on) => Some(*is_on),
        _ => None,
    }
}
