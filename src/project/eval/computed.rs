//! Members by a name that is computed: `getattr(requests, method)`, `{"get": requests.get}[method]`.

use super::Evaluator;
use crate::ir::{Call, ExprId, ExprKind, Language};
use crate::libraries::shared::value::{FileId, Value};

impl Evaluator<'_> {
    /// What `getattr(object, name)` gives: the member of that name, or the call that stands for any of a client's.
    pub(super) fn computed_member(&self, file: FileId, call: &Call<'_>) -> Value {
        let (Some(object), Some(name)) = (call.arg(0), call.arg(1)) else {
            return Value::Unknown;
        };
        let module = self.m(file);
        let base = self.value(file, object);
        let constant = module.string(name).map(ToOwned::to_owned).or_else(|| match self.value(file, name) {
            Value::Literal(at, literal) => self.m(at).string(literal).map(ToOwned::to_owned),
            _ => None,
        });
        if let Some(name) = constant {
            return self.attribute(&base, &name, file);
        }
        let any = base
            .library_name()
            .and_then(|base| self.code.data.of(Language::Python).any_request(base));
        any.map_or(Value::Unknown, |any| Value::external(&any))
    }

    /// What a table of a library's functions gives for a key that is not known: one of them, where all are of one module.
    pub(super) fn computed_entry(&self, file: FileId, object: ExprId) -> Value {
        let ExprKind::Object(entries) = self.m(file).kind(object) else {
            return Value::Unknown;
        };
        let mut first: Option<Value> = None;
        for entry in entries {
            let value = self.value(file, entry.value);
            let Value::External(name) = &value else {
                return Value::Unknown;
            };
            let of = |name: &str| name.rsplit_once('.').map(|(base, _)| base.to_owned());
            match &first {
                Some(Value::External(known)) if of(known) != of(name) => return Value::Unknown,
                Some(_) => {}
                None => first = Some(value),
            }
        }
        first.unwrap_or(Value::Unknown)
    }
}
