//! Calls on Redis clients, for the rules that judge single commands.

use crate::ir::{Call, ExprId, ExprKind, Language, Module, TemplatePart};
use crate::libraries::shared::redis::{PYTHON_PACKAGES, is_client, is_made_client};
use crate::libraries::shared::value::{FileId, Value};
use crate::project::eval::Evaluator;
use crate::vocabulary::List;

/// How a receiver is known to be a Redis client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KnownBy {
    /// By its type: it is made of a client's class, or annotated so.
    Type,
    /// By its name alone.
    Name,
}

/// Whether a call is made on a Redis client.
pub fn client(eval: &Evaluator<'_>, file: FileId, call: &Call<'_>) -> Option<KnownBy> {
    let receiver = call.receiver()?;
    match eval.value(file, receiver) {
        Value::External(name) | Value::ExternalInstance(name) if is_client(&name) => Some(KnownBy::Type),
        Value::External(name) | Value::ExternalInstance(name) if !name.starts_with("typing.") => {
            (is_part(call.module, receiver, &name) && is_named(call.module, receiver)).then_some(KnownBy::Name)
        }
        Value::External(_) | Value::ExternalInstance(_) | Value::Unknown | Value::Function(..) => {
            is_named(call.module, receiver).then_some(KnownBy::Name)
        }
        _ => None,
    }
}

/// `redis`, `self.redis_client`, `redisClient`: not `RedisService`, whose methods are its own.
fn is_named(module: &Module, receiver: ExprId) -> bool {
    let name = match module.kind(receiver) {
        ExprKind::Name(name) | ExprKind::Attr { name, .. } => module.str(*name),
        _ => return false,
    };
    List::RedisHandles.has(name)
}

/// Whether a value is only known to be a library's object's attribute, or a library's name, that is called like the receiver:
/// `backend.redis` of `backend = Backend()` says no more of its type than `self.redis` does.
fn is_part(module: &Module, receiver: ExprId, path: &str) -> bool {
    let name = match module.kind(receiver) {
        ExprKind::Name(name) | ExprKind::Attr { name, .. } => module.str(*name),
        _ => return false,
    };
    path.strip_suffix(name).is_some_and(|owner| owner.ends_with('.'))
}

/// Whether a call walks every key: `keys("user:*")`, and in Python `keys()`, which has `*` for a pattern. What is known by its name
/// alone may be a plain dictionary where the program has nothing to do with Redis.
pub fn walks_all(eval: &Evaluator<'_>, file: FileId, call: &Call<'_>, known: KnownBy) -> bool {
    if !call.args.is_empty() {
        return true;
    }
    // What a command gave back (`client.hgetall(key).keys()`) is a dictionary.
    let is_answer = call.receiver().is_some_and(|on| match eval.value(file, on) {
        Value::External(path) | Value::ExternalInstance(path) => known == KnownBy::Type && !is_made_client(&path),
        _ => false,
    });
    if is_answer {
        return false;
    }
    let speaks = || PYTHON_PACKAGES.iter().any(|package| eval.code.imported.contains(*package));
    call.module.language == Language::Python && (known == KnownBy::Type || speaks())
}

/// The constant texts of a key: what a literal says, or the pieces of a template.
pub fn texts(module: &Module, key: ExprId) -> Vec<&str> {
    match module.kind(key) {
        ExprKind::Template(parts) => parts
            .iter()
            .filter_map(|part| match part {
                TemplatePart::Text(text) => Some(module.str(*text)),
                TemplatePart::Hole(_) => None,
            })
            .collect(),
        _ => module.string(key).into_iter().collect(),
    }
}
