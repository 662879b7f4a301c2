//! Classes that show rows by reading their attributes: Pydantic, `SQLModel`, Django Ninja and msgspec models, marshmallow schemas.

use crate::ir::{Call, ClassId, ExprId, ExprKind, Holder, Language, Module, Parent, StmtKind};
use crate::libraries::shared::query::Resolver;
use crate::libraries::shared::value::{FileId, Value};

/// The language that such classes are written in.
pub const LANGUAGE: Language = Language::Python;

/// How the fields of a class that shows rows are declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldStyle {
    /// `customer: CustomerOut`.
    Annotated,
    /// `customer = fields.Nested(CustomerSchema)`.
    Declared,
}

/// Whether a class shows rows, by what it descends from. A table's own class shows its columns alone.
pub fn kind(resolver: &dyn Resolver, file: FileId, class: ClassId) -> Option<FieldStyle> {
    let ancestors = resolver.ancestors(file, class);
    let found = ancestors.iter().find_map(|name| kind_of(name))?;
    resolver.model_library(file, class).is_none().then_some(found)
}

fn kind_of(ancestor: &str) -> Option<FieldStyle> {
    let (library, name) = ancestor.split_once('.')?;
    let last = name.rsplit('.').next().unwrap_or(name);
    match (library, last) {
        ("pydantic", "BaseModel" | "GenericModel")
        | ("sqlmodel", "SQLModel")
        | ("ninja", "Schema" | "ModelSchema")
        | ("msgspec", "Struct") => Some(FieldStyle::Annotated),
        ("marshmallow" | "flask_marshmallow" | "marshmallow_sqlalchemy" | "apiflask" | "ma", _) if last.ends_with("Schema") => {
            Some(FieldStyle::Declared)
        }
        _ => None,
    }
}

/// Rows, or one, that a call gives to a class that shows them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Given {
    /// The class, or the type of the whole (`list[OrderOut]`), in this file.
    pub shape: (FileId, ExprId),
    /// The rows.
    pub rows: ExprId,
    /// Each of the rows by itself.
    pub each: bool,
    /// One row.
    pub single: bool,
}

/// What a call shows: `Out.model_validate(row)`, `TypeAdapter(list[Out]).validate_python(rows)`, `msgspec.convert(rows, list[Out])`,
/// `schema.dump(rows)`, `map(Out.from_orm, rows)`.
pub fn given(resolver: &dyn Resolver, file: FileId, call: &Call<'_>) -> Option<Given> {
    let method = call.method()?;
    let module = call.module;
    match method {
        "model_validate" | "from_orm" | "parse_obj" | "validate" | "validate_python" => {
            let rows = call.arg(0).or_else(|| call.keyword("obj"))?;
            let receiver = call.receiver()?;
            let (shape, single) = match adapted(resolver, file, receiver) {
                Some(shape) => (shape, false),
                None => ((file, receiver), true),
            };
            Some(Given {
                shape,
                rows,
                each: false,
                single,
            })
        }
        "parse_obj_as" if call.receiver().is_none() => Some(Given {
            shape: (file, call.arg(0)?),
            rows: call.arg(1)?,
            each: false,
            single: false,
        }),
        "convert" => {
            let is_msgspec = matches!(resolver.value(file, call.callee), Value::External(name) if name.as_ref() == "msgspec.convert");
            is_msgspec.then_some(())?;
            Some(Given {
                shape: (file, call.arg(1).or_else(|| call.keyword("type"))?),
                rows: call.arg(0)?,
                each: false,
                single: false,
            })
        }
        "dump" | "dumps" | "jsonify" => {
            let (at, made) = schema_of(resolver, file, call.receiver()?)?;
            let is_many = |call: &Call<'_>| {
                call.keyword("many")
                    .map(|told| matches!(call.module.kind(told), ExprKind::Bool(true)))
            };
            let many = is_many(call).or_else(|| is_many(&made)).unwrap_or(false);
            Some(Given {
                shape: (at, made.callee),
                rows: call.arg(0).or_else(|| call.keyword("obj"))?,
                each: many,
                single: !many,
            })
        }
        "map" if call.receiver().is_none() => {
            let ExprKind::Attr { base, name } = module.kind(call.arg(0)?) else {
                return None;
            };
            matches!(module.str(*name), "model_validate" | "from_orm" | "parse_obj" | "dump").then_some(Given {
                shape: (file, *base),
                rows: call.arg(1)?,
                each: true,
                single: false,
            })
        }
        _ => None,
    }
}

/// The call that makes the schema which a name or expression holds. Of several, between which a condition chooses, the last one that does not
/// choose some of its fields: which those are is not always known.
fn schema_of(resolver: &dyn Resolver, file: FileId, held: ExprId) -> Option<(FileId, Call<'_>)> {
    let is_whole = |made: &Call<'_>| ["only", "exclude"].iter().all(|name| made.keyword(name).is_none());
    let (at, last) = resolver.definition(file, held)?;
    let module = resolver.module(at);
    let last = match *module.kind(last) {
        ExprKind::Cond { then, orelse, .. } => [then, orelse].into_iter().filter_map(|one| module.call(one)).find(is_whole)?,
        _ => module.call(last)?,
    };
    if is_whole(&last) {
        return Some((at, last));
    }
    let earlier = resolver.alternatives(file, held);
    let mut later = vec![last.id];
    for &(before, made) in earlier.iter().rev().filter(|&&place| place != (at, last.id)) {
        // One that nothing stands before and that all come to is the only one.
        if before != file || at != file || !later.iter().all(|&later| chosen_apart(module, held, later)) {
            return None;
        }
        if let Some(made) = module.call(made).filter(is_whole) {
            return Some((at, made));
        }
        later.push(made);
    }
    None
}

/// Whether a value is set under a condition under which its use does not stand.
fn chosen_apart(module: &Module, used: ExprId, set: ExprId) -> bool {
    let used = module.expr(used).span;
    module.holders(set).any(|Holder { at, .. }| match at {
        Parent::Stmt(stmt) => {
            let stmt = module.stmt(stmt);
            matches!(stmt.kind, StmtKind::If { .. } | StmtKind::Switch { .. }) && !stmt.span.encloses(used)
        }
        _ => false,
    })
}

/// The type that a `TypeAdapter` stands for.
fn adapted(resolver: &dyn Resolver, file: FileId, receiver: ExprId) -> Option<(FileId, ExprId)> {
    let (at, made) = resolver.definition(file, receiver)?;
    let call = resolver.module(at).call(made)?;
    (call.method() == Some("TypeAdapter")).then_some((at, call.arg(0)?))
}

/// What a route says that it answers with: `response_model=`, Ninja's `response=`, the schema of a response decorator, or the function's
/// return annotation. The flag: each of the rows by itself, where the schema says so.
pub fn answered(resolver: &dyn Resolver, file: FileId, function: crate::ir::FunctionId) -> Option<((FileId, ExprId), bool)> {
    let module = resolver.module(file);
    let definition = module.function(function);
    let mut is_route = false;
    for &decorator in &definition.decorators {
        let Some(call) = module.call(decorator) else { continue };
        let Some(method) = call.method() else { continue };
        if let Some(told) = call.keyword("response_model").or_else(|| call.keyword("response")) {
            return match module.kind(told) {
                ExprKind::Null => None,
                // By status: `{200: list[OrderOut], 404: Error}`.
                ExprKind::Object(entries) => entries.first().map(|entry| ((file, entry.value), false)),
                _ => Some(((file, told), false)),
            };
        }
        if matches!(method, "response" | "output" | "marshal_with" | "response_schema") {
            let schema = call.args.iter().find_map(|arg| module.call(arg.value));
            if let Some(schema) = schema {
                let many = schema.keyword("many");
                let is_many = many.is_some_and(|told| matches!(module.kind(told), ExprKind::Bool(true)));
                return Some(((file, schema.callee), is_many));
            }
        }
        is_route |= matches!(method, "get" | "post" | "put" | "patch" | "delete" | "api_route" | "route");
    }
    definition.returns.filter(|_| is_route).map(|returns| ((file, returns), false))
}

/// Whether a class changes what it is given before it reads it: then nothing is known of what it reads.
pub fn prepares(resolver: &dyn Resolver, file: FileId, class: ClassId) -> bool {
    let module = resolver.module(file);
    module.class(class).body.iter().any(|&stmt| {
        let StmtKind::Function(function) = module.stmt(stmt).kind else {
            return false;
        };
        let definition = module.function(function);
        let is_own = definition
            .name
            .is_some_and(|name| matches!(module.str(name), "from_orm" | "model_validate" | "validate" | "__init__"));
        is_own
            || definition.decorators.iter().any(|&decorator| {
                let Some(call) = module.call(decorator) else { return false };
                let text = |keyword: &str| {
                    call.keyword(keyword)
                        .map(|value| module.string(value) == Some("before") || is_true(module, value))
                };
                match call.method() {
                    Some("model_validator") => text("mode").unwrap_or(false),
                    Some("root_validator") => text("pre").unwrap_or(false),
                    _ => false,
                }
            })
    })
}

fn is_true(module: &crate::ir::Module, expr: ExprId) -> bool {
    matches!(module.kind(expr), ExprKind::Bool(true))
}
