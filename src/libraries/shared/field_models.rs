//! Models whose fields are attributes that calls of classes make (`name = CharField(index=True)`), with a nested class `Meta`: Peewee's
//! and Tortoise's.

use rustc_hash::FxHashSet;

use crate::ir::{Call, ClassId, ExprId, ExprKind, StmtKind};
use crate::libraries::shared::declared::{self, Consts, Declared};
use crate::libraries::shared::query::Resolver;
use crate::libraries::shared::tool::Tool;
use crate::libraries::shared::value::{FileId, Value};
use crate::source::Span;
use crate::statement::{ColumnDef, Constraint, IndexDef, IndexKey, Loading, ModelDef, RelationDef, TableDef};

/// What differs between the libraries whose models are written so.
pub struct FieldModels {
    /// The library.
    pub tool: Tool,
    /// It indexes foreign keys by itself.
    pub indexes_keys: bool,
    /// When a relation is loaded whose query does not say so.
    pub loading: Loading,
}

/// Reads the models of a library in a file.
pub fn declared(resolver: &dyn Resolver, file: FileId, library: &FieldModels) -> Declared {
    let consts = Consts::new(resolver);
    let reader = Reader {
        consts: &consts,
        file,
        library,
    };
    let classes = resolver.module(file).class_ids();
    let models = classes.filter(|(class, _)| resolver.model_library(file, *class) == Some(library.tool));
    Declared {
        tool: Some(library.tool),
        models: models.filter_map(|(class, _)| reader.model(class)).collect(),
        ..Declared::default()
    }
}

#[derive(Clone, Copy)]
struct Reader<'c, 'r> {
    consts: &'c Consts<'r>,
    file: FileId,
    library: &'c FieldModels,
}

impl Reader<'_, '_> {
    fn text(&self, expr: ExprId) -> Option<String> {
        self.consts.text(self.file, expr)
    }

    /// An option of the nested class `Meta`.
    fn option(&self, class: ClassId, wanted: &str) -> Option<ExprId> {
        let module = self.consts.resolver.module(self.file);
        let meta = module.class(class).body.iter().find_map(|&stmt| match module.stmt(stmt).kind {
            StmtKind::Class(inner) if module.class(inner).name.is_some_and(|name| module.str(name) == "Meta") => Some(inner),
            _ => None,
        })?;
        module.class(meta).body.iter().find_map(|&stmt| match &module.stmt(stmt).kind {
            StmtKind::Assign { target, value, .. } if module.name(*target) == Some(wanted) => *value,
            _ => None,
        })
    }

    fn is_true(&self, expr: Option<ExprId>) -> bool {
        let module = self.consts.resolver.module(self.file);
        matches!(expr.map(|expr| module.kind(expr)), Some(ExprKind::Bool(true)))
    }

    fn model(&self, class: ClassId) -> Option<ModelDef> {
        let module = self.consts.resolver.module(self.file);
        let definition = module.class(class);
        if self.is_true(self.option(class, "abstract")) {
            return None;
        }
        let name = module.str(definition.name?).to_owned();
        let given = ["table_name", "db_table", "table"]
            .iter()
            .find_map(|option| self.option(class, option).and_then(|expr| self.text(expr)));
        let mut model = ModelDef {
            table: TableDef {
                name: given.unwrap_or_else(|| name.to_lowercase()),
                span: definition.name_span,
                ..TableDef::default()
            },
            name,
            ..ModelDef::default()
        };
        for (file, class) in self.lineage(class, model.table.span) {
            Reader { file, ..*self }.fields(class, file == self.file, &mut model);
        }
        // A base that only holds the connection is no table.
        if model.table.columns.is_empty() {
            return None;
        }
        let composite = self.composite_key(class);
        for column in &mut model.table.columns {
            let name = column.field.as_deref().unwrap_or(&column.name);
            column.primary |= composite.iter().any(|key| key == name);
        }
        let has_none = self
            .option(class, "primary_key")
            .is_some_and(|expr| matches!(self.consts.resolver.module(self.file).kind(expr), ExprKind::Bool(false)));
        if !has_none && !model.table.columns.iter().any(|column| column.primary) {
            let id = ColumnDef {
                name: "id".to_owned(),
                data_type: "integer".to_owned(),
                primary: true,
                span: model.table.span,
                ..ColumnDef::default()
            };
            model.table.columns.insert(0, id);
        }
        self.meta(class, &mut model.table);
        Some(model)
    }

    /// `primary_key = CompositeKey("order", "product")`: the fields.
    fn composite_key(&self, class: ClassId) -> Vec<String> {
        let module = self.consts.resolver.module(self.file);
        let call = self.option(class, "primary_key").and_then(|expr| module.call(expr));
        let Some(call) = call.filter(|call| call.method() == Some("CompositeKey")) else {
            return Vec::new();
        };
        call.args.iter().filter_map(|arg| self.text(arg.value)).collect()
    }

    /// The class and its bases in the project, for a model that stands at a place.
    fn lineage(&self, class: ClassId, span: Span) -> Vec<(FileId, ClassId)> {
        let mut list = vec![(self.file, class)];
        let mut at = 0;
        while let Some(&(file, class)) = list.get(at) {
            at += 1;
            for base in &self.consts.resolver.module(file).class(class).bases {
                if let Value::Class(file, class) = self.consts.resolver.value(file, base.value) {
                    declared::add_base(&mut list, (file, class), span);
                }
            }
        }
        list
    }

    fn fields(&self, class: ClassId, own: bool, model: &mut ModelDef) {
        let module = self.consts.resolver.module(self.file);
        for &stmt in &module.class(class).body {
            let StmtKind::Assign {
                target,
                value: Some(value),
                ..
            } = &module.stmt(stmt).kind
            else {
                continue;
            };
            let (Some(name), Some(call)) = (module.name(*target), module.call(*value)) else {
                continue;
            };
            let span = if own { module.stmt(stmt).span } else { model.table.span };
            self.field(name, &call, span, model);
        }
    }

    fn field(&self, name: &str, call: &Call, span: Span, model: &mut ModelDef) {
        let Some(kind) = call.method().and_then(field_kind) else {
            return;
        };
        let key = matches!(kind, "ForeignKeyField" | "OneToOneField");
        if kind == "ManyToManyField"
            || model
                .table
                .columns
                .iter()
                .any(|column| column.field.as_deref().unwrap_or(&column.name) == name)
        {
            return;
        }
        let flag = |names: &[&str]| names.iter().any(|name| self.is_true(call.keyword(name)));
        let given = ["column_name", "db_column", "source_field"]
            .iter()
            .find_map(|keyword| call.keyword(keyword).and_then(|expr| self.text(expr)));
        let default = if key { format!("{name}_id") } else { name.to_owned() };
        let column = given.unwrap_or(default);
        let indexed = match call.keyword("index").or_else(|| call.keyword("db_index")) {
            Some(_) => flag(&["index", "db_index"]),
            None => key && self.library.indexes_keys,
        };
        let target = if key { self.target(call, model) } else { None };
        if let Some(target) = &target {
            model.relations.push(RelationDef {
                name: name.to_owned(),
                target: target.clone(),
                loading: self.library.loading,
                fields: vec![column.clone()],
                span,
                ..RelationDef::default()
            });
        }
        model.table.columns.push(ColumnDef {
            field: (column != name).then(|| name.to_owned()),
            name: column,
            data_type: kind.trim_end_matches("Field").to_lowercase(),
            nullable: flag(&["null"]),
            primary: flag(&["primary_key", "pk"]) || matches!(kind, "AutoField" | "BigAutoField" | "PrimaryKeyField" | "IdentityField"),
            unique: flag(&["unique"]) || kind == "OneToOneField",
            indexed,
            references: target.map(|target| (target, None)),
            span,
            ..ColumnDef::default()
        });
    }

    fn target(&self, call: &Call, model: &ModelDef) -> Option<String> {
        let module = self.consts.resolver.module(self.file);
        let expr = call
            .keyword("model")
            .or_else(|| call.keyword("model_name"))
            .or_else(|| call.arg(0))?;
        let name = match module.kind(expr) {
            ExprKind::Name(name) | ExprKind::Attr { name, .. } => module.str(*name).to_owned(),
            _ => self.text(expr)?,
        };
        let bare = name.rsplit('.').next().unwrap_or(&name).to_owned();
        Some(if bare == "self" { model.name.clone() } else { bare })
    }

    /// Whether the class or one of its bases gives a name what a call makes that is no known field: a column may come of it.
    fn has_other_members(&self, class: ClassId, span: Span) -> bool {
        self.lineage(class, span).into_iter().any(|(file, class)| {
            let module = self.consts.resolver.module(file);
            module.class(class).body.iter().any(|&stmt| match module.stmt(stmt).kind {
                StmtKind::Assign { value: Some(value), .. } => {
                    let made = module.call(value).and_then(|call| call.method());
                    made.is_some_and(|made| field_kind(made).is_none())
                }
                _ => false,
            })
        })
    }

    /// `Index(fields=("shelf",))`, `HashIndex(fields=["code"], name="by_code")`, `PostgreSQLIndex(fields=["at"], condition={…})`.
    fn index(&self, call: &Call<'_>, span: Span) -> Option<IndexDef> {
        let kind = call.method()?.strip_suffix("Index")?;
        let text = |keyword: &str| call.keyword(keyword).and_then(|expr| self.text(expr));
        let fields = call.keyword("fields").and_then(|list| self.consts.texts(self.file, list))?;
        let method = match kind {
            "Hash" | "Gin" | "Gist" | "SpGist" | "Brin" | "Bloom" | "FullText" | "Spatial" => Some(kind.to_lowercase()),
            _ => text("USING").map(|method| method.to_lowercase()),
        };
        Some(IndexDef {
            name: text("name"),
            keys: keys(fields),
            method,
            predicate: match call.keyword("condition") {
                Some(condition) => Some(self.condition(condition)?),
                None => None,
            },
            span,
            ..IndexDef::default()
        })
    }

    /// `{"state": "open", "is_hidden": False}` as SQL.
    fn condition(&self, expr: ExprId) -> Option<String> {
        let module = self.consts.resolver.module(self.file);
        let ExprKind::Object(entries) = module.kind(expr) else {
            return None;
        };
        let parts = entries.iter().map(|entry| {
            let column = self.text(entry.key?)?;
            Some(match module.kind(entry.value) {
                ExprKind::Bool(is_true) => format!("{column} = {is_true}"),
                ExprKind::Null => format!("{column} IS NULL"),
                ExprKind::Num(number) => format!("{column} = {number}"),
                _ => format!("{column} = '{}'", self.text(entry.value)?.replace('\'', "''")),
            })
        });
        parts.collect::<Option<Vec<_>>>().map(|parts| parts.join(" AND "))
    }

    /// `indexes = ((("a", "b"), True),)` (Peewee: with whether it is unique), `indexes = [("a", "b"), Index(fields=("c",))]`,
    /// `unique_together`.
    fn meta(&self, class: ClassId, table: &mut TableDef) {
        let module = self.consts.resolver.module(self.file);
        if let Some((file, items)) = self.option(class, "indexes").and_then(|expr| self.consts.items(self.file, expr))
            && file == self.file
        {
            for item in items {
                let span = module.expr(item).span;
                if let Some(call) = module.call(item) {
                    match self.index(&call, span) {
                        Some(index) => table.indexes.push(index),
                        // What it is on is not known, so that none may lack.
                        None => table.open = true,
                    }
                    continue;
                }
                let (fields, unique) = match (self.consts.texts(file, item), self.consts.items(file, item)) {
                    (Some(fields), _) => (fields, false),
                    (None, Some((_, pair))) => {
                        let fields = pair.first().and_then(|&list| self.consts.texts(file, list));
                        (fields.unwrap_or_default(), self.is_true(pair.get(1).copied()))
                    }
                    _ => continue,
                };
                declare(table, fields, unique, span);
            }
        }
        if let Some(expr) = self.option(class, "unique_together") {
            let span = module.expr(expr).span;
            match self.consts.texts(self.file, expr) {
                Some(fields) => declare(table, fields, true, span),
                None => {
                    for item in self.consts.items(self.file, expr).map(|(_, items)| items).unwrap_or_default() {
                        declare(table, self.consts.texts(self.file, item).unwrap_or_default(), true, span);
                    }
                }
            }
        }
        if names_no_column(table) && self.has_other_members(class, table.span) {
            table.open = true;
        }
    }
}

/// What a field's class is called otherwise: the classes of relations stand for the fields that make them, too.
fn field_kind(name: &str) -> Option<&str> {
    match name {
        "ForeignKeyRelation" | "ForeignKeyNullableRelation" | "ForeignKeyFieldInstance" | "DeferredForeignKey" => Some("ForeignKeyField"),
        "OneToOneRelation" | "OneToOneNullableRelation" | "OneToOneFieldInstance" => Some("OneToOneField"),
        "ManyToManyRelation" | "ManyToManyFieldInstance" => Some("ManyToManyField"),
        _ => name.ends_with("Field").then_some(name),
    }
}

/// Whether an index or a key is on a name that is neither a column's nor a field's.
fn names_no_column(table: &TableDef) -> bool {
    let columns = table.columns.iter();
    let known: FxHashSet<&String> = columns
        .flat_map(|column| std::iter::once(&column.name).chain(&column.field))
        .collect();
    let of_indexes = table.indexes.iter().flat_map(|index| &index.keys).map(|key| &key.column);
    let of_keys = table.constraints.iter().flat_map(|(constraint, _)| match constraint {
        Constraint::Unique(_, fields) => fields.as_slice(),
        _ => &[],
    });
    !of_indexes.chain(of_keys).all(|name| known.contains(name))
}

fn keys(fields: Vec<String>) -> Vec<IndexKey> {
    let key = |column: String| IndexKey {
        column,
        ..IndexKey::default()
    };
    fields.into_iter().map(key).collect()
}

fn declare(table: &mut TableDef, fields: Vec<String>, unique: bool, span: Span) {
    if fields.is_empty() {
        return;
    }
    if unique {
        table.constraints.push((Constraint::Unique(None, fields), span));
        return;
    }
    table.indexes.push(IndexDef {
        keys: keys(fields),
        span,
        ..IndexDef::default()
    });
}
