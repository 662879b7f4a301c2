//! Alembic migrations: what `upgrade()` and the helpers it calls do, in order.

use crate::budget::{self, Limit};
use crate::ir::{Call, ExprId, ExprKind, FunctionId, Module, StmtId, StmtKind};
use crate::libraries::shared::declared::{self, BoundName, Consts, Declared};
use crate::libraries::shared::query::Resolver;
use crate::libraries::shared::value::{FileId, Value};
use crate::libraries::sqlalchemy::columns::Parts;
use crate::source::Span;
use crate::statement::{Constraint, Dialect, SchemaChange, SchemaOp, TableDef};

/// How deep a call stands in an expression that is looked at, by design.
const MAX_DEPTH: u32 = 5;

/// Reads a migration.
pub fn declared(resolver: &dyn Resolver, file: FileId, _path: &str) -> Option<Declared> {
    let module = resolver.module(file);
    let constant = |name: &str| module_value(module, name);
    let down = constant("down_revision")?;
    let consts = Consts::new(resolver);
    let revision = consts.text(file, constant("revision")?)?;
    let follows = match consts.texts(file, down) {
        Some(list) => list,
        None => consts.text(file, down).into_iter().collect(),
    };
    let mut reader = Reader {
        consts,
        file,
        out: Vec::new(),
        unclear: Vec::new(),
        batch: Vec::new(),
        calls: 0,
        is_full: false,
        is_crowded: false,
    };
    if let Some(upgrade) = top_function(module, "upgrade") {
        reader.block(&module.function(upgrade).body);
    }
    let dialect = if declared::imports(module, "sqlalchemy.dialects.postgresql") || imports_postgres(module) {
        Dialect::Postgres
    } else {
        Dialect::Generic
    };
    Some(Declared {
        tool: Some(super::ALEMBIC),
        is_migration: true,
        dialect,
        changes: reader.out,
        revision: Some((revision, follows)),
        not_understood: reader.unclear.len(),
        unclear: reader.unclear,
        ..Declared::default()
    })
}

fn imports_postgres(module: &Module) -> bool {
    module.imports.iter().any(|import| {
        module.str(import.module) == "sqlalchemy.dialects" && import.name.is_some_and(|name| module.str(name) == "postgresql")
    })
}

fn module_value(module: &Module, wanted: &str) -> Option<ExprId> {
    module
        .function(FunctionId::MODULE)
        .body
        .iter()
        .find_map(|&stmt| match &module.stmt(stmt).kind {
            StmtKind::Assign { target, value, .. } if module.name(*target) == Some(wanted) => *value,
            _ => None,
        })
}

fn top_function(module: &Module, wanted: &str) -> Option<FunctionId> {
    let named = |function: &crate::ir::Function| {
        function.name.is_some_and(|name| module.str(name) == wanted)
            && function.parent == Some(FunctionId::MODULE)
            && function.class.is_none()
    };
    module.function_ids().find(|(_, function)| named(function)).map(|(id, _)| id)
}

struct Reader<'r> {
    consts: Consts<'r>,
    file: FileId,
    out: Vec<SchemaChange>,
    unclear: Vec<(Span, String)>,
    /// Tables of the open `batch_alter_table` blocks, by the name they are bound to.
    batch: Vec<(String, String)>,
    calls: u32,
    /// No more changes are kept.
    is_full: bool,
    /// No more names are kept.
    is_crowded: bool,
}

/// Tells of a loop that is not run for all its items.
pub(crate) fn tell_items(items: usize, iterable: Span) {
    if items > Limit::LoopItems.count() {
        budget::tell(Limit::LoopItems, iterable.start);
    }
}

impl<'r> Reader<'r> {
    fn module(&self) -> &'r Module {
        self.consts.resolver.module(self.file)
    }

    fn parts(&self) -> Parts<'_, 'r> {
        Parts {
            consts: &self.consts,
            file: self.file,
        }
    }

    fn text(&self, expr: ExprId) -> Option<String> {
        self.consts.text(self.file, expr)
    }

    fn push(&mut self, op: SchemaOp, span: Span) {
        if self.out.len() < Limit::Changes.count() {
            self.out.push(SchemaChange { op, span });
        } else if !self.is_full {
            self.is_full = true;
            budget::tell(Limit::Changes, span.start);
        }
    }

    /// Gives a name its value; what it was before is forgotten even where there is no room for what it is now.
    fn assign(&mut self, name: &str, value: ExprId) {
        let module = self.module();
        self.consts.bound.retain(|(bound, _)| bound != name);
        // A text is evaluated now: later assignments may change what it is made of.
        let known = match (self.text(value), module.kind(value)) {
            (Some(text), _) => BoundName::Text(text),
            (None, ExprKind::List(_) | ExprKind::Tuple(_) | ExprKind::Set(_) | ExprKind::Object(_)) => BoundName::Expr(self.file, value),
            (None, _) => return,
        };
        if self.consts.bound.len() < Limit::MigrationNames.count() {
            self.consts.bound.push((name.to_owned(), known));
        } else if !self.is_crowded {
            self.is_crowded = true;
            budget::tell(Limit::MigrationNames, module.expr(value).span.start);
        }
    }

    fn block(&mut self, block: &[StmtId]) {
        for &stmt in block {
            if !self.consts.step(self.file, stmt) {
                return;
            }
            self.statement(stmt);
        }
    }

    fn statement(&mut self, stmt: StmtId) {
        let module = self.module();
        match &module.stmt(stmt).kind {
            StmtKind::With { items, body, .. } => {
                let before = self.batch.len();
                for (value, target) in items {
                    let call = module.call(*value).filter(|call| call.method() == Some("batch_alter_table"));
                    let table = call.and_then(|call| self.table_argument(&call, 0, "table_name"));
                    if let (Some(table), Some(name)) = (table, target.and_then(|target| module.name(target))) {
                        self.batch.push((name.to_owned(), table));
                    }
                }
                self.block(body);
                self.batch.truncate(before);
            }
            StmtKind::Loop {
                target: Some(target),
                iterable: Some(iterable),
                body,
                ..
            } => self.repeat(*target, *iterable, body),
            StmtKind::Assign {
                target,
                value: Some(value),
                ..
            } => {
                self.expression(*value, MAX_DEPTH);
                if let Some(name) = module.name(*target) {
                    self.assign(name, *value);
                }
            }
            _ => {
                for expr in module.stmt_exprs(stmt) {
                    self.expression(expr, MAX_DEPTH);
                }
                for block in module.stmt_blocks(stmt) {
                    self.block(block);
                }
            }
        }
    }

    /// A loop over a constant list runs once for each item; any other runs once with its names unknown.
    fn repeat(&mut self, target: ExprId, iterable: ExprId, body: &[StmtId]) {
        let module = self.module();
        let iterable = match module.call(iterable) {
            Some(call) if matches!(call.method(), Some("items" | "keys")) => call.receiver().unwrap_or(iterable),
            Some(call) if matches!(call.method(), Some("sorted" | "list" | "reversed" | "tuple" | "enumerate")) => {
                call.arg(0).unwrap_or(iterable)
            }
            _ => iterable,
        };
        let before = self.consts.bound.len();
        if let Some((file, object)) = self.consts.follow(self.file, iterable)
            && let ExprKind::Object(entries) = self.consts.resolver.module(file).kind(object)
            && let ExprKind::Tuple(names) = module.kind(target)
            && let [key, value] = names.as_ref()
        {
            tell_items(entries.len(), module.expr(iterable).span);
            for entry in entries.iter().take(Limit::LoopItems.count()) {
                if let Some(own) = entry.key {
                    self.bind(*key, file, own);
                }
                self.bind(*value, file, entry.value);
                self.block(body);
                self.consts.bound.truncate(before);
            }
            return;
        }
        let Some((file, items)) = self.consts.items(self.file, iterable) else {
            self.block(body);
            return;
        };
        tell_items(items.len(), module.expr(iterable).span);
        for item in items.into_iter().take(Limit::LoopItems.count()) {
            self.bind(target, file, item);
            self.block(body);
            self.consts.bound.truncate(before);
        }
    }

    fn bind(&mut self, target: ExprId, file: FileId, value: ExprId) {
        let module = self.module();
        match module.kind(target) {
            ExprKind::Name(name) => self.consts.bound.push((module.str(*name).to_owned(), BoundName::Expr(file, value))),
            ExprKind::Tuple(names) | ExprKind::List(names) => {
                if let Some((file, values)) = self.consts.items(file, value) {
                    for (name, value) in names.iter().zip(values) {
                        if let Some(name) = module.name(*name) {
                            self.consts.bound.push((name.to_owned(), BoundName::Expr(file, value)));
                        }
                    }
                }
            }
            _ => {}
        }
    }

    /// Runs the calls inside an expression, inner ones first.
    fn expression(&mut self, expr: ExprId, depth: u32) {
        let module = self.module();
        if let Some(call) = module.call(expr) {
            self.call(&call);
        } else if depth > 0 {
            for child in module.children(expr) {
                self.expression(child, depth - 1);
            }
        }
    }

    fn call(&mut self, call: &Call) {
        let module = self.module();
        let Some(method) = call.method() else { return };
        let receiver = call
            .receiver()
            .and_then(|receiver| module.name(receiver))
            .unwrap_or_default()
            .to_owned();
        let batch = self
            .batch
            .iter()
            .rev()
            .find(|(name, _)| *name == receiver)
            .map(|(_, table)| table.clone());
        if receiver == "op" || batch.is_some() {
            self.operation(call, method, batch.as_deref());
        } else if matches!(method, "execute" | "exec_driver_sql") {
            self.execute(call);
        } else if receiver.is_empty()
            && let Value::Function(file, function) = self.consts.resolver.value(self.file, call.callee)
        {
            if u64::from(self.calls) >= Limit::Helpers.most() {
                budget::tell(Limit::Helpers, module.expr(call.id).span.start);
                return;
            }
            self.helper(call, file, function);
        }
    }

    /// Runs a helper with its parameters bound to the arguments.
    fn helper(&mut self, call: &Call, file: FileId, function: FunctionId) {
        let here = self.file;
        let target = self.consts.resolver.module(file);
        let before = self.consts.bound.len();
        let bound = self.consts.arguments(here, call, (file, function));
        self.consts.bound.extend(bound);
        self.calls += 1;
        self.file = file;
        self.block(&target.function(function).body);
        self.file = here;
        self.calls -= 1;
        self.consts.bound.truncate(before);
    }

    fn table_argument(&self, call: &Call, at: usize, keyword: &str) -> Option<String> {
        let name = self.text(call.keyword(keyword).or_else(|| call.arg(at))?)?;
        let schema = ["schema", "source_schema"]
            .iter()
            .find_map(|key| call.keyword(key))
            .and_then(|expr| self.text(expr));
        Some(schema.map_or(name.clone(), |schema| format!("{schema}.{name}")))
    }

    /// One operation; in a batch the table is not among the arguments.
    fn operation(&mut self, call: &Call, method: &str, batch: Option<&str>) {
        let span = self.module().expr(call.id).span;
        if method == "execute" {
            self.execute(call);
            return;
        }
        if matches!(
            method,
            "f" | "get_bind"
                | "get_context"
                | "batch_alter_table"
                | "create_check_constraint"
                | "create_table_comment"
                | "bulk_insert"
                | "inline_literal"
                | "drop_table_comment"
        ) {
            return;
        }
        match self.change(call, method, batch) {
            Some(ops) => ops.into_iter().for_each(|op| self.push(op, span)),
            None => self.unclear.push((span, format!("op.{method}"))),
        }
    }

    fn change(&self, call: &Call, method: &str, batch: Option<&str>) -> Option<Vec<SchemaOp>> {
        let module = self.module();
        // Position of the argument after the table's, outside of a batch.
        let next = usize::from(batch.is_none());
        let table = |at: usize, keyword: &str| batch.map(str::to_owned).or_else(|| self.table_argument(call, at, keyword));
        let text = |at: usize, keyword: &str| call.keyword(keyword).or_else(|| call.arg(at)).and_then(|expr| self.text(expr));
        let flag = |keyword: &str| matches!(call.keyword(keyword).map(|expr| module.kind(expr)), Some(ExprKind::Bool(true)));
        let names = |at: usize, keyword: &str| call.keyword(keyword).or_else(|| call.arg(at)).map(|expr| self.parts().names(expr));
        Some(match method {
            "create_table" => vec![SchemaOp::CreateTable(self.table(call)?, flag("if_not_exists"))],
            "drop_table" => vec![SchemaOp::DropTable(self.table_argument(call, 0, "table_name")?)],
            "rename_table" => vec![SchemaOp::RenameTable(
                self.table_argument(call, 0, "old_table_name")?,
                text(1, "new_table_name")?,
            )],
            "add_column" => {
                let column = call
                    .keyword("column")
                    .or_else(|| call.arg(next))
                    .and_then(|expr| module.call(expr))?;
                vec![SchemaOp::AddColumn(table(0, "table_name")?, self.parts().column(&column, None)?)]
            }
            "drop_column" => vec![SchemaOp::DropColumn(table(0, "table_name")?, text(next, "column_name")?)],
            "alter_column" => self.alter(call, table(0, "table_name")?, &text(next, "column_name")?),
            "create_index" => {
                let name = text(0, "index_name");
                let keys = call.keyword("columns").or_else(|| call.arg(1 + next))?;
                let mut index = match self.consts.items(self.file, keys) {
                    Some((file, keys)) => Parts {
                        consts: &self.consts,
                        file,
                    }
                    .index(call, name, keys),
                    None => return None,
                };
                if index.span == Span::default() || module.expr(call.id).span != index.span {
                    index.span = module.expr(call.id).span;
                }
                // Keys can stand in another file, the options stand here.
                let options = self.parts().index(call, index.name.clone(), Vec::new());
                index = crate::statement::IndexDef {
                    keys: index.keys,
                    ..options
                };
                index.table = table(1, "table_name")?;
                if !index.unique {
                    index.unique = call.arg(3).is_some_and(|expr| matches!(module.kind(expr), ExprKind::Bool(true)));
                }
                vec![SchemaOp::AddIndex(index, flag("if_not_exists"))]
            }
            "drop_index" => vec![SchemaOp::DropIndex(text(0, "index_name")?, table(1, "table_name"))],
            "create_unique_constraint" => vec![SchemaOp::AddConstraint(
                table(1, "table_name")?,
                Constraint::Unique(text(0, "constraint_name"), names(1 + next, "columns")?),
            )],
            "create_primary_key" => vec![SchemaOp::AddConstraint(
                table(1, "table_name")?,
                Constraint::Primary(names(1 + next, "columns")?),
            )],
            "create_foreign_key" => {
                let own = table(1, "source_table")?;
                let mut target = text(1 + next, "referent_table")?;
                if let Some(schema) = call.keyword("referent_schema").and_then(|expr| self.text(expr)) {
                    target = format!("{schema}.{target}");
                }
                let key = Constraint::Foreign(
                    text(0, "constraint_name"),
                    names(2 + next, "local_cols")?,
                    target,
                    names(3 + next, "remote_cols").unwrap_or_default(),
                );
                vec![SchemaOp::AddConstraint(own, key)]
            }
            "drop_constraint" => vec![SchemaOp::DropConstraint(table(1, "table_name")?, text(0, "constraint_name")?)],
            "create_exclude_constraint" => return Some(Vec::new()),
            _ => return None,
        })
    }

    fn alter(&self, call: &Call, table: String, column: &str) -> Vec<SchemaOp> {
        let module = self.module();
        let mut ops = Vec::new();
        let mut name = column.to_owned();
        if let Some(new) = call
            .keyword("new_column_name")
            .or_else(|| call.keyword("name"))
            .and_then(|expr| self.text(expr))
        {
            ops.push(SchemaOp::RenameColumn(table.clone(), name, new.clone()));
            name = new;
        }
        let span = module.expr(call.id).span;
        if let Some(ExprKind::Bool(nullable)) = call.keyword("nullable").map(|expr| module.kind(expr)) {
            ops.push(SchemaOp::AlterColumn(
                table,
                crate::statement::ColumnDef {
                    name,
                    nullable: *nullable,
                    span,
                    ..Default::default()
                },
            ));
        }
        ops
    }

    fn table(&self, call: &Call) -> Option<TableDef> {
        let module = self.module();
        let mut table = TableDef {
            name: self.table_argument(call, 0, "table_name")?,
            span: module.expr(call.id).span,
            ..TableDef::default()
        };
        table.partition = call.keyword("postgresql_partition_by").is_some();
        for arg in call.args.iter().filter(|arg| arg.name.is_none()).skip(1) {
            match module.kind(arg.value) {
                ExprKind::Spread(inner) => match self.consts.items(self.file, *inner) {
                    Some((file, items)) => {
                        let parts = Parts {
                            consts: &self.consts,
                            file,
                        };
                        for item in items {
                            parts.element(item, &mut table);
                        }
                    }
                    None => table.open = true,
                },
                ExprKind::Name(_) => match self.consts.follow(self.file, arg.value) {
                    Some((file, expr)) => Parts {
                        consts: &self.consts,
                        file,
                    }
                    .element(expr, &mut table),
                    None => table.open = true,
                },
                _ => self.parts().element(arg.value, &mut table),
            }
        }
        let bare = table.name.clone();
        table.indexes.iter_mut().for_each(|index| index.table.clone_from(&bare));
        Some(table)
    }

    /// SQL in any literal form.
    fn execute(&mut self, call: &Call) {
        let module = self.module();
        let Some(argument) = call
            .arg(0)
            .or_else(|| call.keyword("sqltext"))
            .or_else(|| call.keyword("statement"))
        else {
            return;
        };
        let found = declared::sql_changes(&self.consts, self.file, argument, module.expr(call.id).span, Dialect::Postgres);
        self.unclear.extend(found.unclear);
        self.out.extend(found.changes);
    }
}
