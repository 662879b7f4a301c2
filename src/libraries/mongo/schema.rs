//! Collections as Mongoose declares them: their fields and indexes, by `new Schema`, by decorated classes of `NestJS` and Typegoose.

use std::cell::RefCell;
use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::budget::Limit;
use crate::ir::{Call, ClassId, ExprId, ExprKind, StmtKind};
use crate::libraries::mongo::models::model_name;
use crate::libraries::shared::declared::{Consts, Declared};
use crate::libraries::shared::query::Resolver;
use crate::libraries::shared::query_builder::imports;
use crate::libraries::shared::ts_options::OptionReader;
use crate::libraries::shared::value::FileId;
use crate::source::Span;
use crate::statement::{ColumnDef, IndexDef, IndexKey, ModelDef, TableDef};

/// Documents in documents whose fields are taken.
const DEEPEST: usize = 4;

/// Reads the collections of a file.
pub fn declared(resolver: &dyn Resolver, file: FileId, _path: &str) -> Option<Declared> {
    let module = resolver.module(file);
    if !imports(module, &["mongoose", "typegoose"]) {
        return None;
    }
    let consts = Consts::new(resolver);
    let (indexes, open) = (RefCell::default(), RefCell::default());
    let reader = Reader {
        options: OptionReader { consts: &consts, file },
        indexes: &indexes,
        open: &open,
    };
    let by_call = module
        .calls()
        .flat_map(|call| reader.model(&call).into_iter().chain(reader.features(&call)));
    let by_class = module.class_ids().filter_map(|(class, _)| reader.class(class));
    let mut models: Vec<ModelDef> = Vec::new();
    let mut known = FxHashSet::default();
    // A model of another type for the same documents says the same once more.
    models.extend(by_call.chain(by_class).filter(|model| known.insert(model.table.name.clone())));
    models.extend(module.calls().filter_map(|call| reader.discriminator(&call)));
    (!models.is_empty()).then(|| Declared {
        tool: Some(super::TOOL),
        models,
        ..Declared::default()
    })
}

#[derive(Clone, Copy)]
struct Reader<'c, 'r> {
    options: OptionReader<'c, 'r>,
    /// The calls `….index(…)` of files by the schema that they are on, and the calls that make a class's schema.
    indexes: &'c RefCell<FxHashMap<FileId, Rc<Calls>>>,
    /// The schemas that are being read: one can stand in itself.
    open: &'c RefCell<Vec<(FileId, ExprId)>>,
}

#[derive(Default)]
struct Calls {
    of_schema: FxHashMap<ExprId, Vec<ExprId>>,
    of_class: FxHashMap<String, Vec<ExprId>>,
}

impl Reader<'_, '_> {
    /// `mongoose.model("Order", orderSchema, "orders")`.
    fn model(&self, call: &Call<'_>) -> Option<ModelDef> {
        if call.method() != Some("model") {
            return None;
        }
        self.read(call, self.collection(call)?)
    }

    /// `MongooseModule.forFeature([{ name: "Order", schema: orderSchema, collection: "orders" }])` of `NestJS`.
    fn features(&self, call: &Call<'_>) -> Vec<ModelDef> {
        if call.method() != Some("forFeature") {
            return Vec::new();
        }
        let items = self.options.items(call.arg(0)).into_iter();
        let feature = |item: ExprId| {
            let object = self.options.object(item);
            let made = self.named(self.options.get(object, "name")?, self.options.get(object, "schema")?)?;
            let collection = self
                .options
                .text_of(object, "collection")
                .unwrap_or_else(|| self.collection_by_name(&made));
            self.read_made(made, item, collection)
        };
        items.filter_map(feature).collect()
    }

    /// The name of the model that a call makes, and the call that makes its schema.
    fn made(&self, call: &Call<'_>) -> Option<(String, FileId, ExprId)> {
        self.named(call.arg(0)?, call.arg(1)?)
    }

    /// The name of a model, and the call that makes its schema.
    fn named(&self, given: ExprId, schema: ExprId) -> Option<(String, FileId, ExprId)> {
        let resolver = self.options.consts.resolver;
        let name = self
            .options
            .text(given)
            .or_else(|| model_name(resolver, (self.options.file, given)))?;
        let (file, schema) = resolver.definition(self.options.file, schema)?;
        let made = resolver.module(file).call(schema)?;
        (made.method() == Some("Schema")).then_some((name, file, schema))
    }

    fn at(&self, file: FileId) -> Self {
        Reader {
            options: OptionReader { file, ..self.options },
            ..*self
        }
    }

    /// The collection of the model that a call makes.
    fn collection(&self, call: &Call<'_>) -> Option<String> {
        let made = self.made(call)?;
        if let Some(given) = call.arg(2).and_then(|name| self.options.text(name)) {
            return Some(given);
        }
        Some(self.collection_by_name(&made))
    }

    /// The collection of a model for which no call gives one.
    fn collection_by_name(&self, (name, file, schema): &(String, FileId, ExprId)) -> String {
        let at = self.at(*file);
        let settings = at.settings(*schema);
        at.options.text_of(settings, "collection").unwrap_or_else(|| plural(name))
    }

    /// The settings of a schema.
    fn settings(&self, schema: ExprId) -> Option<ExprId> {
        self.options.object(self.options.module().call(schema)?.arg(1)?)
    }

    /// The model that a call names, of the schema that it is given.
    fn read(&self, call: &Call<'_>, collection: String) -> Option<ModelDef> {
        self.read_made(self.made(call)?, call.id, collection)
    }

    fn read_made(&self, (name, file, schema): (String, FileId, ExprId), named_at: ExprId, collection: String) -> Option<ModelDef> {
        let at = self.at(file);
        let made = at.options.module().call(schema)?;
        // Spans of another file say nothing here.
        let place = (file != self.options.file).then(|| self.options.span(named_at));
        let settings = at.settings(schema);
        let mut table = collection_of(collection, place.unwrap_or_else(|| self.options.span(named_at)));
        self.open.borrow_mut().push((file, schema));
        match made.arg(0).and_then(|fields| at.options.object(fields)) {
            Some(fields) => at.fields(fields, "", place, 0, &mut table),
            None => table.open = true,
        }
        self.open.borrow_mut().pop();
        at.timestamps(settings, &mut table);
        // `strict: false` stores what no field says.
        table.open |= at.options.get(settings, "strict").is_some() && !at.options.flag(settings, "strict");
        at.indexes(schema, place, &mut table);
        Some(ModelDef {
            name,
            table,
            ..ModelDef::default()
        })
    }

    /// `Vehicle.discriminator("Truck", truckSchema)`: further fields of some of the documents of a model's collection, and its indexes.
    fn discriminator(&self, call: &Call<'_>) -> Option<ModelDef> {
        if call.method() != Some("discriminator") {
            return None;
        }
        let resolver = self.options.consts.resolver;
        let (at, base) = resolver.definition(self.options.file, call.receiver()?)?;
        let whole = resolver.module(at).call(base).filter(|whole| whole.method() == Some("model"))?;
        let mut model = self.read(call, self.at(at).collection(&whole)?)?;
        // The key is the collection's.
        model.table.columns.retain(|column| !column.primary);
        model.table.open = true;
        Some(model)
    }

    /// The fields of a document.
    fn fields(&self, object: ExprId, prefix: &str, place: Option<Span>, depth: usize, table: &mut TableDef) {
        let module = self.options.module();
        let ExprKind::Object(entries) = module.kind(object) else { return };
        for entry in entries {
            match entry.key.and_then(|key| module.string(key)) {
                Some(name) => {
                    let path = if prefix.is_empty() {
                        name.to_owned()
                    } else {
                        format!("{prefix}.{name}")
                    };
                    self.field(&path, entry.value, place, depth, table);
                }
                None => table.open = true,
            }
        }
    }

    fn field(&self, path: &str, value: ExprId, place: Option<Span>, depth: usize, table: &mut TableDef) {
        let module = self.options.module();
        if depth > DEEPEST || table.columns.len() >= Limit::Columns.count() {
            table.open = true;
            return;
        }
        match module.kind(value) {
            // An array's index has an entry for each element.
            ExprKind::List(items) => match items.first() {
                Some(&item) => self.field(path, item, place, depth + 1, table),
                None => table.columns.push(self.column(path, value, "array", place)),
            },
            ExprKind::Object(_) => match module.entry(value, "type") {
                // `{ type: { type: String } }` has a field of that name.
                Some(kind) if !matches!(module.kind(kind), ExprKind::Object(_)) => {
                    let is_document = self.inner_schema(kind, path, place, depth, table);
                    let is_indexed = ["unique", "index"].iter().any(|flag| self.options.set(Some(value), flag));
                    if is_document && !is_indexed {
                        return;
                    }
                    let mut column = self.column(path, value, self.kind(kind), place);
                    column.unique = self.options.set(Some(value), "unique");
                    // Both words together make one index.
                    column.indexed = !column.unique && self.options.set(Some(value), "index");
                    table.columns.push(column);
                }
                // What has no type of its own is a document in the field.
                Some(kind) if module.entry(kind, "type").is_none() => self.fields(kind, path, place, depth + 1, table),
                _ => self.fields(value, path, place, depth + 1, table),
            },
            ExprKind::Name(_) | ExprKind::Call { .. } if self.inner_schema(value, path, place, depth, table) => {}
            _ => table.columns.push(self.column(path, value, self.kind(value), place)),
        }
    }

    /// Reads the fields of a schema that is a field's type, of this file or of another; whether it is one.
    fn inner_schema(&self, kind: ExprId, path: &str, place: Option<Span>, depth: usize, table: &mut TableDef) -> bool {
        let resolver = self.options.consts.resolver;
        let kind = match self.options.module().kind(kind) {
            // `type: [lineSchema]`.
            ExprKind::List(items) => items.first().copied().unwrap_or(kind),
            _ => kind,
        };
        let Some((file, made)) = resolver.definition(self.options.file, kind) else {
            return false;
        };
        let at = self.at(file);
        let schema = resolver.module(file).call(made).filter(|made| made.method() == Some("Schema"));
        let Some(fields) = schema.and_then(|schema| at.options.object(schema.arg(0)?)) else {
            return false;
        };
        if self.open.borrow().contains(&(file, made)) {
            table.open = true;
            return true;
        }
        // Spans of another file say nothing here.
        let place = place.or_else(|| (file != self.options.file).then(|| self.options.span(kind)));
        self.open.borrow_mut().push((file, made));
        at.fields(fields, path, place, depth + 1, table);
        self.open.borrow_mut().pop();
        // Its indexes are those of the collection, with the field before their names.
        let before = table.indexes.len();
        at.indexes(made, place, table);
        for key in table.indexes.iter_mut().skip(before).flat_map(|index| &mut index.keys) {
            key.column = format!("{path}.{}", key.column);
        }
        true
    }

    fn column(&self, path: &str, value: ExprId, kind: &str, place: Option<Span>) -> ColumnDef {
        ColumnDef {
            name: path.to_owned(),
            data_type: kind.to_owned(),
            nullable: true,
            span: place.unwrap_or_else(|| self.options.span(value)),
            ..ColumnDef::default()
        }
    }

    /// A field's type in the words of columns.
    fn kind(&self, kind: ExprId) -> &'static str {
        let module = self.options.module();
        match module.kind(kind) {
            ExprKind::Name(name) | ExprKind::Attr { name, .. } => kind_of(module.str(*name)),
            ExprKind::List(items) => items.first().map_or("array", |&item| self.kind(item)),
            ExprKind::Object(_) => module.entry(kind, "type").map_or("json", |inner| self.kind(inner)),
            _ => module.string(kind).map_or("", kind_of),
        }
    }

    /// `orderSchema.index({ venue: 1, at: -1 }, { unique: true })`, of the schema that an expression makes.
    fn indexes(&self, schema: ExprId, place: Option<Span>, table: &mut TableDef) {
        let module = self.options.module();
        let calls = self.calls();
        for call in calls.of_schema.get(&schema).into_iter().flatten().filter_map(|&id| module.call(id)) {
            let index = self.index(&call, place, &table.name);
            table.indexes.extend(index);
        }
    }

    /// `timestamps: true`, `timestamps: { createdAt: "made", updatedAt: false }`.
    fn timestamps(&self, settings: Option<ExprId>, table: &mut TableDef) {
        if !self.options.set(settings, "timestamps") {
            return;
        }
        let given = self
            .options
            .get(settings, "timestamps")
            .and_then(|given| self.options.object(given));
        for usual in ["createdAt", "updatedAt"] {
            let is_off = self.options.get(given, usual).is_some() && !self.options.set(given, usual);
            let name = self.options.text_of(given, usual).unwrap_or_else(|| usual.to_owned());
            if is_off || table.columns.iter().any(|column| column.name == name) {
                continue;
            }
            table.columns.push(ColumnDef {
                name,
                data_type: "timestamp".to_owned(),
                nullable: true,
                span: table.span,
                ..ColumnDef::default()
            });
        }
    }

    /// The calls of the file that say something of a schema.
    fn calls(&self) -> Rc<Calls> {
        let file = self.options.file;
        if let Some(known) = self.indexes.borrow().get(&file) {
            return Rc::clone(known);
        }
        let module = self.options.module();
        let mut found = Calls::default();
        for call in module.calls() {
            match (call.method(), call.receiver(), call.arg(0)) {
                (Some("index"), Some(receiver), _) => {
                    let schema = self.options.consts.resolver.definition(file, receiver);
                    if let Some((_, schema)) = schema.filter(|(at, _)| *at == file) {
                        found.of_schema.entry(schema).or_default().push(call.id);
                    }
                }
                (Some("createForClass"), _, Some(class)) => {
                    if let Some(name) = module.name(class) {
                        found.of_class.entry(name.to_owned()).or_default().push(call.id);
                    }
                }
                _ => {}
            }
        }
        let found = Rc::new(found);
        self.indexes.borrow_mut().insert(file, Rc::clone(&found));
        found
    }

    fn index(&self, call: &Call<'_>, place: Option<Span>, table: &str) -> Option<IndexDef> {
        let module = self.options.module();
        let keys = self.options.object(call.arg(0)?)?;
        let settings = call.arg(1).and_then(|settings| self.options.object(settings));
        let ExprKind::Object(entries) = module.kind(keys) else {
            return None;
        };
        let mut index = IndexDef {
            name: self.options.text_of(settings, "name"),
            table: table.to_owned(),
            unique: self.options.set(settings, "unique"),
            predicate: self.options.get(settings, "partialFilterExpression").map(|_| "?".to_owned()),
            span: place.unwrap_or_else(|| self.options.span(call.id)),
            ..IndexDef::default()
        };
        for entry in entries {
            let column = entry.key.and_then(|key| self.options.text(key))?;
            // `text`, `2dsphere`, `hashed`.
            if let Some(method) = module
                .string(entry.value)
                .filter(|text| !matches!(*text, "asc" | "desc" | "1" | "-1"))
            {
                index.method = Some(method.to_lowercase());
            }
            let descending = module.number(entry.value).is_some_and(|way| way < 0.0) || module.string(entry.value) == Some("desc");
            index.keys.push(IndexKey {
                column,
                descending,
                ..IndexKey::default()
            });
        }
        (!index.keys.is_empty()).then_some(index)
    }

    /// `@Schema() class Order { @Prop({ index: true }) venue: string }`, `class Order { @prop() … }`.
    fn class(&self, class: ClassId) -> Option<ModelDef> {
        let module = self.options.module();
        let definition = module.class(class);
        let decorators: Vec<Call<'_>> = definition
            .decorators
            .iter()
            .filter_map(|&decorator| module.call(decorator))
            .collect();
        let schema = decorators
            .iter()
            .find(|call| matches!(call.method(), Some("Schema" | "modelOptions")));
        let name = module.str(definition.name?).to_owned();
        let settings = schema.and_then(|call| self.options.options(call));
        let settings = self.options.get(settings, "schemaOptions").or(settings);
        let collection = self.options.text_of(settings, "collection").unwrap_or_else(|| plural(&name));
        let mut table = collection_of(collection, definition.name_span);
        let mut pending: &[ExprId] = &[];
        let mut has_fields = false;
        for &stmt in &definition.body {
            match &module.stmt(stmt).kind {
                StmtKind::Other(decorators) => pending = decorators,
                StmtKind::Assign { target, annotation, .. } => {
                    let prop = pending
                        .iter()
                        .filter_map(|&expr| module.call(expr))
                        .find(|call| matches!(call.method(), Some("Prop" | "prop")));
                    if let (Some(name), Some(prop)) = (module.name(*target), prop) {
                        has_fields = true;
                        let options = self.options.options(&prop);
                        let given = self.options.get(options, "type").or(*annotation);
                        table.columns.push(ColumnDef {
                            name: name.to_owned(),
                            data_type: given
                                .map_or("", |kind| self.kind(self.options.module().returned_by(kind).unwrap_or(kind)))
                                .to_owned(),
                            nullable: true,
                            unique: self.options.set(options, "unique"),
                            indexed: !self.options.set(options, "unique") && self.options.set(options, "index"),
                            span: module.stmt(stmt).span,
                            ..ColumnDef::default()
                        });
                    }
                    pending = &[];
                }
                _ => pending = &[],
            }
        }
        if !has_fields {
            return None;
        }
        table.open |= !definition.bases.is_empty();
        self.timestamps(settings, &mut table);
        for call in decorators.iter().filter(|call| call.method() == Some("index")) {
            let index = self.index(call, None, &table.name);
            table.indexes.extend(index);
        }
        for &schema in self.calls().of_class.get(&name).into_iter().flatten() {
            self.indexes(schema, None, &mut table);
        }
        Some(ModelDef {
            name,
            table,
            ..ModelDef::default()
        })
    }
}

fn collection_of(name: String, span: Span) -> TableDef {
    TableDef {
        name,
        columns: vec![ColumnDef {
            name: "_id".to_owned(),
            data_type: "objectid".to_owned(),
            primary: true,
            span,
            ..ColumnDef::default()
        }],
        span,
        ..TableDef::default()
    }
}

fn kind_of(name: &str) -> &'static str {
    match name.to_ascii_lowercase().as_str() {
        "string" | "uuid" => "text",
        "number" | "decimal128" | "bigint" | "int32" | "double" => "numeric",
        "boolean" | "bool" => "boolean",
        "date" => "timestamp",
        "objectid" => "objectid",
        "buffer" => "binary",
        "mixed" | "map" | "any" | "object" | "record" => "json",
        "array" => "array",
        _ => "",
    }
}

/// The collection's name that Mongoose makes of a model's.
fn plural(name: &str) -> String {
    let name = name.to_lowercase();
    let irregular = [("person", "people"), ("child", "children"), ("man", "men")];
    if let Some((_, plural)) = irregular.iter().find(|(one, _)| *one == name) {
        return (*plural).to_owned();
    }
    let is_consonant = |c: char| !matches!(c, 'a' | 'e' | 'i' | 'o' | 'u');
    if let Some(stem) = name.strip_suffix('y').filter(|stem| stem.ends_with(is_consonant)) {
        return format!("{stem}ies");
    }
    if ["s", "x", "z", "ch", "sh"].iter().any(|end| name.ends_with(end)) {
        return if name.ends_with('s') && !name.ends_with("ss") {
            name
        } else {
            format!("{name}es")
        };
    }
    format!("{name}s")
}
