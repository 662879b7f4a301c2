//! Calls on Redis clients, for the rules that judge single commands.

use crate::ir::{Call, ExprId, ExprKind, Module, TemplatePart};
use crate::libraries::shared::redis::is_client;
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
        Value::External(name) | Value::ExternalInstance(name) if !name.starts_with("typing.") => is_client(&name).then_some(KnownBy::Type),
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
