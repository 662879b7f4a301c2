//! Django migrations: the operations of a migration file, as they are written. What they do to tables depends on the
//! models that earlier migrations made, so the link step lowers them in the order of their dependencies.

use crate::budget::{self, Limit};
use crate::ir::{Call, ClassId, ExprId, ExprKind, FunctionId, Module, StmtKind};
use crate::libraries::django::fields::FieldReader;
use crate::libraries::shared::declared::{self, BoundName, Consts, CreatedModel, Declared, Migration, MigrationStep, ModelField, ModelOp};
use crate::libraries::shared::query::Resolver;
use crate::libraries::shared::value::FileId;
use crate::source::Span;
use crate::statement::{Dialect, IndexDef, ModelDef, SchemaChange, TableDef};

/// Operations inside `SeparateDatabaseAndState` and `RunSQL` that are followed.
const MAX_DEPTH: u32 = 4;

/// Reads a migration, an `AppConfig` that gives its app another label, or the database engine of the settings.
pub fn declared(resolver: &dyn Resolver, file: FileId, path: &str) -> Option<Declared> {
    let module = resolver.module(file);
    let mut declared = Declared {
        tool: Some(super::TOOL),
        ..Declared::default()
    };
    if let Some(class) = migration_class(module) {
        let mut consts = Consts::new(resolver);
        consts.bound = class_names(module, file, class);
        let mut steps = Steps {
            reader: FieldReader {
                consts: &consts,
                file,
                path,
            },
            out: Vec::new(),
            not_understood: 0,
            unclear: Vec::new(),
            is_full: false,
        };
        declared.is_migration = true;
        declared.migration = Some(Box::new(steps.migration(class)));
        declared.not_understood = steps.not_understood;
        declared.unclear = steps.unclear;
        if declared::imports(module, "django.contrib.postgres") {
            declared.dialect = Dialect::Postgres;
        }
        return Some(declared);
    }
    declared.app_label = app_label(resolver, file, path);
    declared.dialect = engine(module);
    Some(declared)
}

/// `class Migration` of a file that imports Django.
fn migration_class(module: &Module) -> Option<ClassId> {
    let named = |name: Option<crate::ir::Sym>| name.is_some_and(|name| module.str(name) == "Migration");
    let (class, _) = module
        .class_ids()
        .find(|(_, class)| named(class.name) && class.outer.is_none() && class.parent == FunctionId::MODULE)?;
    let is_django = declared::imports(module, "django.db") || attribute(module, class, "operations").is_some();
    is_django.then_some(class)
}

/// The other names of the class body: `state_operations = […]` beside `operations`.
fn class_names(module: &Module, file: FileId, class: ClassId) -> Vec<(String, BoundName)> {
    let body = &module.class(class).body;
    if let Some(&beyond) = body.get(Limit::Operations.count()) {
        budget::tell(Limit::Operations, module.stmt(beyond).span.start);
    }
    body.iter()
        .take(Limit::Operations.count())
        .filter_map(|&stmt| match &module.stmt(stmt).kind {
            StmtKind::Assign {
                target,
                value: Some(value),
                ..
            } => Some((module.name(*target)?.to_owned(), BoundName::Expr(file, *value))),
            _ => None,
        })
        .collect()
}

fn attribute(module: &Module, class: ClassId, wanted: &str) -> Option<ExprId> {
    module.class(class).body.iter().find_map(|&stmt| match &module.stmt(stmt).kind {
        StmtKind::Assign { target, value, .. } if module.name(*target) == Some(wanted) => *value,
        _ => None,
    })
}

/// `label` of an `AppConfig` in `apps.py`.
fn app_label(resolver: &dyn Resolver, file: FileId, path: &str) -> Option<String> {
    let stem = path.strip_suffix(".py")?;
    if !(stem.ends_with("/apps") || stem.ends_with("/apps/__init__") || stem.ends_with("/__init__")) {
        return None;
    }
    let module = resolver.module(file);
    let consts = Consts::new(resolver);
    let (folder, _) = path.rsplit_once('/')?;
    let folder = folder.strip_suffix("/apps").unwrap_or(folder).rsplit('/').next()?;
    module.class_ids().find_map(|(class, definition)| {
        let text = |name: &str| attribute(module, class, name).and_then(|value| consts.text(file, value));
        let is_its = text("name")?.rsplit('.').next() == Some(folder) && !definition.bases.is_empty();
        text("label").filter(|_| is_its)
    })
}

/// The database that a settings file names.
fn engine(module: &Module) -> Dialect {
    let dialect = |text: &str| {
        let (_, engine) = text.split_once("db.backends.")?;
        Some(match engine.split('.').next()? {
            "postgresql" | "postgresql_psycopg2" | "postgis" => Dialect::Postgres,
            "mysql" => Dialect::MySql,
            "sqlite3" | "spatialite" => Dialect::Sqlite,
            _ => return None,
        })
    };
    let mut found: Vec<Dialect> = module.strings.iter().filter_map(dialect).collect();
    found.sort();
    // Where a project runs on several databases, what holds back Postgres is worth saying.
    found.first().copied().unwrap_or_default()
}

struct Steps<'c, 'r> {
    reader: FieldReader<'c, 'r>,
    out: Vec<MigrationStep>,
    not_understood: usize,
    unclear: Vec<(Span, String)>,
    /// No more operations are kept.
    is_full: bool,
}

impl<'r> Steps<'_, 'r> {
    fn module(&self) -> &'r Module {
        self.reader.module()
    }

    fn migration(&mut self, class: ClassId) -> Migration {
        let module = self.module();
        if let Some(list) = attribute(module, class, "operations") {
            self.operations(list, true, true, MAX_DEPTH);
        }
        let pairs = |name: &str| attribute(module, class, name).map_or_else(Vec::new, |list| self.pairs(list));
        let replaces = pairs("replaces");
        Migration {
            dependencies: pairs("dependencies"),
            initial: self.reader.is_true(attribute(module, class, "initial")),
            replaces,
            steps: std::mem::take(&mut self.out),
        }
    }

    /// `[("app", "0001_initial"), …]`.
    fn pairs(&self, list: ExprId) -> Vec<(String, String)> {
        let Some((file, items)) = self.reader.consts.items(self.reader.file, list) else {
            return Vec::new();
        };
        items
            .into_iter()
            .filter_map(|item| match self.reader.consts.texts(file, item)?.as_slice() {
                [app, name] => Some((app.clone(), name.clone())),
                _ => None,
            })
            .collect()
    }

    fn operations(&mut self, list: ExprId, database: bool, state: bool, depth: u32) {
        let found = self.reader.consts.items(self.reader.file, list);
        let Some((file, items)) = found.filter(|_| depth > 0) else {
            self.not_understood += 1;
            return;
        };
        if file != self.reader.file {
            // Places in another file mean nothing here.
            self.not_understood += 1;
            return;
        }
        for item in items {
            self.operation(item, database, state, depth);
        }
    }

    fn operation(&mut self, item: ExprId, database: bool, state: bool, depth: u32) {
        let module = self.module();
        let Some((file, item)) = self.reader.consts.follow(self.reader.file, item) else {
            self.not_understood += 1;
            return;
        };
        let Some(call) = module.call(item).filter(|_| file == self.reader.file) else {
            self.not_understood += 1;
            return;
        };
        let Some(method) = call.method() else { return };
        match method {
            "SeparateDatabaseAndState" => {
                let list = |at: usize, name: &str| call.keyword(name).or_else(|| call.arg(at));
                if let Some(list) = list(0, "database_operations").filter(|_| database) {
                    self.operations(list, true, false, depth - 1);
                }
                if let Some(list) = list(1, "state_operations").filter(|_| state) {
                    self.operations(list, false, true, depth - 1);
                }
            }
            "RunSQL" => {
                if database && let Some(sql) = call.keyword("sql").or_else(|| call.arg(0)) {
                    let changes = self.sql(sql);
                    self.push(ModelOp::Sql(changes), module.expr(item).span, true, false);
                }
                if state && let Some(list) = call.keyword("state_operations").or_else(|| call.arg(2)) {
                    self.operations(list, false, true, depth - 1);
                }
            }
            _ => match self.model_op(method, &call) {
                Some(op) => self.push(op, module.expr(item).span, database, state),
                None => self.not_understood += usize::from(changes_tables(method)),
            },
        }
    }

    fn push(&mut self, op: ModelOp, span: Span, database: bool, state: bool) {
        if self.out.len() < Limit::Operations.count() {
            self.out.push(MigrationStep { op, span, database, state });
        } else if !self.is_full {
            self.is_full = true;
            budget::tell(Limit::Operations, span.start);
        }
    }

    /// A text, a list of texts, or a list of texts with their parameters.
    fn sql(&mut self, argument: ExprId) -> Vec<SchemaChange> {
        let consts = self.reader.consts;
        let whole = self.module().expr(argument).span;
        let texts = match consts.items(self.reader.file, argument) {
            Some((file, items)) => items.into_iter().map(|item| (file, item)).collect(),
            None => vec![(self.reader.file, argument)],
        };
        let mut changes = Vec::new();
        for (file, text) in texts {
            let text = match consts.resolver.module(file).kind(text) {
                ExprKind::Tuple(pair) | ExprKind::List(pair) => pair.first().copied().unwrap_or(text),
                _ => text,
            };
            let found = declared::sql_changes(consts, file, text, whole, Dialect::Postgres);
            self.not_understood += found.unclear.len();
            self.unclear.extend(found.unclear);
            changes.extend(found.changes);
        }
        changes
    }

    fn model_op(&mut self, method: &str, call: &Call) -> Option<ModelOp> {
        let text = |at: usize, name: &str| argument(call, at, name).and_then(|expr| self.reader.text(expr));
        let model = || text(0, "model_name");
        let name = || text(0, "name");
        Some(match method {
            "CreateModel" => ModelOp::Create(Box::new(self.created(call)?)),
            "DeleteModel" => ModelOp::Delete(name()?),
            "RenameModel" => ModelOp::Rename(text(0, "old_name")?, text(1, "new_name")?),
            "AlterModelTable" => ModelOp::Table(name()?, text(1, "table").filter(|table| !table.is_empty())),
            "AddField" => {
                let (field, asked) = self.field(&text(1, "name")?, argument(call, 2, "field")?);
                ModelOp::AddField(model()?, field, asked)
            }
            "AlterField" => {
                let (field, _) = self.field(&text(1, "name")?, argument(call, 2, "field")?);
                ModelOp::AlterField(model()?, field)
            }
            "RemoveField" => ModelOp::RemoveField(model()?, text(1, "name")?),
            "RenameField" => ModelOp::RenameField(model()?, text(1, "old_name")?, text(2, "new_name")?),
            "AlterUniqueTogether" | "AlterIndexTogether" => {
                let unique = method == "AlterUniqueTogether";
                let option = if unique { "unique_together" } else { "index_together" };
                let groups = argument(call, 1, option)?;
                ModelOp::Together(name()?, unique, self.groups(groups))
            }
            "AddIndex" | "AddIndexConcurrently" | "AddConstraint" | "AddConstraintNotValid" => {
                let keyword = if method.starts_with("AddIndex") { "index" } else { "constraint" };
                let mut parts = self.part(argument(call, 1, keyword)?);
                let concurrently = method == "AddIndexConcurrently";
                parts.indexes.iter_mut().for_each(|index| index.concurrently = concurrently);
                ModelOp::AddPart(model()?, Box::new(parts))
            }
            "RemoveIndex" | "RemoveIndexConcurrently" => ModelOp::RemoveIndex(model()?, text(1, "name")?),
            "RemoveConstraint" => ModelOp::RemoveConstraint(model()?, text(1, "name")?),
            "RenameIndex" => {
                let old = match text(2, "old_name") {
                    Some(name) => Ok(name),
                    None => Err(self.reader.consts.texts(self.reader.file, argument(call, 3, "old_fields")?)?),
                };
                ModelOp::RenameIndex(model()?, old, text(1, "new_name")?)
            }
            _ => return None,
        })
    }

    fn groups(&self, expr: ExprId) -> Vec<Vec<String>> {
        // `set()` takes all away.
        let empty = self.module().call(expr).is_some_and(|call| call.args.is_empty());
        // `set([…])`, `{…}`.
        let inner = self.module().call(expr).and_then(|call| call.arg(0)).unwrap_or(expr);
        if empty {
            return Vec::new();
        }
        self.reader.groups(inner).into_iter().map(|(fields, _)| fields).collect()
    }

    /// What an index or a constraint declares.
    fn part(&self, expr: ExprId) -> TableDef {
        let mut model = ModelDef::default();
        self.reader.declared_index(expr, &mut model);
        model.table
    }

    /// A field, and whether its index or uniqueness is asked for by name.
    fn field(&self, name: &str, value: ExprId) -> (ModelField, bool) {
        let module = self.module();
        let Some(call) = module.call(value) else {
            return (ModelField::Virtual(name.to_owned()), false);
        };
        let kind = call.method().unwrap_or_default();
        if kind.ends_with("ManyToManyField") || kind == "ParentalManyToManyField" || kind == "SortedManyToManyField" {
            let target = self.target(&call);
            let through = call
                .keyword("through")
                .is_some_and(|expr| !matches!(module.kind(expr), ExprKind::Null));
            let field = target.map(|target| ModelField::Many {
                name: name.to_owned(),
                target,
                table: call.keyword("db_table").and_then(|expr| self.reader.text(expr)),
                through,
            });
            return (field.unwrap_or_else(|| ModelField::Virtual(name.to_owned())), false);
        }
        let mut scratch = ModelDef::default();
        self.reader.field(name, value, module.expr(value).span, &mut scratch);
        let Some(mut column) = scratch.table.columns.pop() else {
            return (ModelField::Virtual(name.to_owned()), false);
        };
        if column.references.is_some()
            && let Some(target) = self.target(&call)
        {
            column.references = Some((target, None));
        }
        let asked = self.reader.is_true(call.keyword("db_index"));
        (ModelField::Column(column), asked)
    }

    /// The model that a relation leads to, with its app where that is written.
    fn target(&self, call: &Call) -> Option<String> {
        let expr = call.keyword("to").or_else(|| call.arg(0))?;
        self.reader.text(expr).or_else(|| self.reader.target(call, &ModelDef::default()))
    }

    fn created(&mut self, call: &Call) -> Option<CreatedModel> {
        let mut created = CreatedModel {
            name: argument(call, 0, "name").and_then(|expr| self.reader.text(expr))?,
            ..CreatedModel::default()
        };
        if let Some((file, items)) = argument(call, 1, "fields").and_then(|list| self.reader.consts.items(self.reader.file, list))
            && file == self.reader.file
        {
            for item in items {
                let pair = match self.module().kind(item) {
                    ExprKind::Tuple(pair) | ExprKind::List(pair) => pair.as_ref(),
                    _ => &[],
                };
                let [name, value] = pair else {
                    created.parts.open = true;
                    continue;
                };
                let Some(name) = self.reader.text(*name) else { continue };
                created.fields.push(self.field(&name, *value).0);
            }
        } else {
            created.parts.open = true;
            self.not_understood += 1;
        }
        if let Some(options) = argument(call, 2, "options") {
            self.options(options, &mut created);
        }
        Some(created)
    }

    fn options(&self, options: ExprId, created: &mut CreatedModel) {
        let module = self.module();
        let entry = |name: &str| module.entry(options, name);
        created.table = entry("db_table").and_then(|expr| self.reader.text(expr));
        created.proxy = self.reader.is_true(entry("proxy"));
        created.unmanaged = created.proxy || matches!(entry("managed").map(|expr| module.kind(expr)), Some(ExprKind::Bool(false)));
        created.unique = entry("unique_together").map_or_else(Vec::new, |expr| self.groups(expr));
        created.together = entry("index_together").map_or_else(Vec::new, |expr| self.groups(expr));
        for list in ["indexes", "constraints"] {
            let Some((file, items)) = entry(list).and_then(|expr| self.reader.consts.items(self.reader.file, expr)) else {
                continue;
            };
            for item in items.into_iter().filter(|_| file == self.reader.file) {
                let part = self.part(item);
                created.parts.indexes.extend(part.indexes);
                created.parts.constraints.extend(part.constraints);
            }
        }
    }
}

fn argument(call: &Call, at: usize, name: &str) -> Option<ExprId> {
    call.keyword(name).or_else(|| call.arg(at))
}

/// Operations whose effect on tables is lost when they are not understood.
fn changes_tables(method: &str) -> bool {
    matches!(
        method,
        "CreateModel"
            | "DeleteModel"
            | "RenameModel"
            | "AlterModelTable"
            | "AddField"
            | "AlterField"
            | "RemoveField"
            | "RenameField"
            | "AddIndex"
            | "AddIndexConcurrently"
            | "RemoveIndex"
            | "RemoveIndexConcurrently"
            | "RenameIndex"
            | "AddConstraint"
            | "RemoveConstraint"
            | "AlterUniqueTogether"
            | "AlterIndexTogether"
    )
}

/// What `CREATE INDEX` on these columns would say, without a name, a condition or an order.
pub fn plain_index(table: &str, columns: Vec<String>, span: Span) -> IndexDef {
    IndexDef {
        table: table.to_owned(),
        span,
        ..super::fields::index(None, columns, None, span)
    }
}
