//! Functions that a schema keeps for its models and their documents, and which models a schema is for.

use super::models;
use crate::ir::{Call, ExprId, ExprKind, StmtKind};
use crate::libraries::shared::kept_functions::{SchemaFunction, Schemas};
use crate::libraries::shared::query::Resolver;
use crate::libraries::shared::query_builder::imports;
use crate::libraries::shared::value::{FileId, Value};

/// Reads what a file says of schemas.
pub fn schemas(resolver: &dyn Resolver, file: FileId) -> Schemas {
    let module = resolver.module(file);
    let mut out = Schemas::default();
    if !imports(module, &["mongoose"]) {
        return out;
    }
    let mut reader = Reader {
        resolver,
        file,
        out: &mut out,
    };
    for call in module.calls() {
        reader.call(&call);
    }
    for stmt in &module.stmts {
        if let StmtKind::Assign {
            target,
            value: Some(value),
            ..
        } = stmt.kind
        {
            reader.assigned(target, value);
        }
    }
    out
}

struct Reader<'r, 'o> {
    resolver: &'r dyn Resolver,
    file: FileId,
    out: &'o mut Schemas,
}

impl Reader<'_, '_> {
    fn call(&mut self, call: &Call<'_>) {
        let shelf = match call.method() {
            Some("model" | "discriminator") => return self.model(call),
            Some("Schema") => return self.options(call),
            Some("static") => "statics",
            Some("method") => "methods",
            _ => return,
        };
        let (Some(receiver), Some(first)) = (call.receiver(), call.arg(0)) else {
            return;
        };
        match (call.module.string(first).map(ToOwned::to_owned), call.arg(1)) {
            (Some(name), Some(function)) => self.keep(receiver, name, function, shelf),
            (None, None) => self.keep_all(receiver, first, shelf),
            _ => {}
        }
    }

    fn model(&mut self, call: &Call<'_>) {
        let (Some(name), Some(schema)) = (call.arg(0), call.arg(1)) else {
            return;
        };
        let Some(name) = models::model_name(self.resolver, (self.file, name)) else {
            return;
        };
        if call.method() == Some("discriminator") {
            let whole = call.receiver().and_then(|whole| self.schema_of_model(whole));
            self.out.parts.extend(whole.map(|whole| (name.clone(), whole)));
        }
        if let Some(schema) = self.schema(self.file, schema) {
            self.out.models.push((schema, name));
        }
    }

    /// The schema of the model that an expression holds.
    fn schema_of_model(&self, model: ExprId) -> Option<(FileId, ExprId)> {
        let (at, made) = self.resolver.definition(self.file, model)?;
        let call = self.resolver.module(at).call(made).filter(|call| call.method() == Some("model"))?;
        self.schema(at, call.arg(1)?)
    }

    /// `new Schema(fields, { statics: { … }, methods: { … } })`.
    fn options(&mut self, call: &Call<'_>) {
        let Some(options) = call.arg(1) else { return };
        for shelf in ["statics", "methods"] {
            if let Some(functions) = call.module.entry(options, shelf) {
                self.keep_all(call.id, functions, shelf);
            }
        }
    }

    fn assigned(&mut self, target: ExprId, value: ExprId) {
        let module = self.resolver.module(self.file);
        let ExprKind::Attr { base, name } = module.kind(target) else {
            return;
        };
        if let Some((schema, shelf)) = models::shelf(module, *base) {
            return self.keep(schema, module.str(*name).to_owned(), value, shelf);
        }
        if let Some((schema, shelf)) = models::shelf(module, target) {
            self.keep_all(schema, value, shelf);
        }
    }

    fn keep_all(&mut self, schema: ExprId, functions: ExprId, shelf: &str) {
        let ExprKind::Object(entries) = self.resolver.module(self.file).kind(functions) else {
            return;
        };
        for entry in entries {
            let name = entry.key.and_then(|key| self.resolver.module(self.file).string(key));
            if let Some(name) = name {
                self.keep(schema, name.to_owned(), entry.value, shelf);
            }
        }
    }

    fn keep(&mut self, schema: ExprId, name: String, function: ExprId, shelf: &str) {
        let Some(schema) = self.schema(self.file, schema) else { return };
        if let Value::Function(at, function) = self.resolver.value(self.file, function) {
            self.out.functions.push(SchemaFunction {
                schema,
                name,
                function: (at, function),
                is_row: shelf == "methods",
            });
        }
    }

    /// The expression that makes a schema.
    fn schema(&self, file: FileId, expr: ExprId) -> Option<(FileId, ExprId)> {
        let (at, made) = self.resolver.definition(file, expr)?;
        let call = self.resolver.module(at).call(made)?;
        (call.method() == Some("Schema")).then_some((at, made))
    }
}
