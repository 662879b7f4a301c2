//! Migrations in TypeScript and JavaScript: what `up` does, in order, in the words of `TypeORM`, Sequelize, Knex, Kysely,
//! `MikroORM` and node-pg-migrate.

use rustc_hash::FxHashSet;

use super::{db_migrate, drizzle, knex, kysely, mikroorm, node_pg_migrate, sequelize, sql, typeorm};
use crate::budget::{self, Limit};
use crate::ir::{Call, ExprId, ExprKind, FunctionId, LoopKind, Module, StmtId, StmtKind};
use crate::libraries::shared::declared::{self, BoundName, Consts, Declared, imports};
use crate::libraries::shared::query::Resolver;
use crate::libraries::shared::tool::Tool;
use crate::libraries::shared::ts_options::OptionReader;
use crate::libraries::shared::value::{FileId, Value};
use crate::statement::{Dialect, SchemaChange, SchemaOp};

/// How deep expressions are searched for calls.
const MAX_DEPTH: u32 = 48;
/// Reads a migration.
pub fn declared(resolver: &dyn Resolver, file: FileId) -> Option<Declared> {
    let module = resolver.module(file);
    let (up, _) = module
        .function_ids()
        .find(|(_, function)| function.name.is_some_and(|name| matches!(module.str(name), "up" | "upgrade")))
        .or_else(|| assigned_up(module))?;
    let consts = Consts::new(resolver);
    let handle = module
        .function(up)
        .params
        .first()
        .and_then(|param| param.name)
        .map(|name| module.str(name).to_owned());
    let is_db_migrate = !imports(module, "typeorm") && db_migrate::migrations::is_migration(module, handle.as_deref());
    let mut run = Run {
        consts,
        file,
        handle,
        is_typeorm: imports(module, "typeorm"),
        is_db_migrate,
        tool: None,
        dialect: Dialect::Generic,
        out: Vec::new(),
        not_understood: 0,
        unclear: Vec::new(),
        called: module.calls().filter_map(|call| module.name(call.callee)).collect(),
        helpers: 0,
        is_full: false,
    };
    run.block(&module.function(up).body, MAX_DEPTH);
    let tool = run.tool?;
    Some(Declared {
        tool: Some(tool),
        is_migration: true,
        dialect: run.dialect,
        changes: run.out,
        not_understood: run.not_understood,
        unclear: run.unclear,
        ..Declared::default()
    })
}

/// `exports.up = async (knex) => …`.
fn assigned_up(module: &Module) -> Option<(FunctionId, &crate::ir::Function)> {
    module.function(FunctionId::MODULE).body.iter().find_map(|&stmt| {
        let (target, value) = match &module.stmt(stmt).kind {
            StmtKind::Assign {
                target,
                value: Some(value),
                ..
            } => (*target, *value),
            StmtKind::Expr(expr) => match module.kind(*expr) {
                ExprKind::Assign { target, value } => (*target, *value),
                _ => return None,
            },
            _ => return None,
        };
        match (module.kind(target), module.kind(value)) {
            (ExprKind::Attr { name, .. }, ExprKind::Lambda(function)) if module.str(*name) == "up" => {
                Some((*function, module.function(*function)))
            }
            _ => None,
        }
    })
}

/// The call that holds SQL text: the tag `sql`, or `raw` of it or of a compiled query; also before `.compile(db)`.
fn raw_sql(module: &Module, expr: ExprId) -> Option<ExprId> {
    let call = module.call(expr)?;
    match (call.method()?, call.receiver()) {
        ("sql", None) => Some(expr),
        ("raw", Some(receiver)) if matches!(module.name(receiver), Some("sql" | "CompiledQuery")) => Some(expr),
        ("compile", Some(receiver)) => raw_sql(module, receiver),
        _ => None,
    }
}

/// Whether what `up` is given is node-pg-migrate's builder: by its import, or by the name that all of its documentation gives it.
fn is_node_pg_migrate(module: &Module, handle: &str) -> bool {
    handle == "pgm" || imports(module, "node-pg-migrate")
}

struct Run<'r> {
    consts: Consts<'r>,
    file: FileId,
    /// The name of what `up` is given.
    handle: Option<String>,
    is_typeorm: bool,
    is_db_migrate: bool,
    tool: Option<Tool>,
    dialect: Dialect,
    out: Vec<SchemaChange>,
    not_understood: usize,
    unclear: Vec<(crate::source::Span, String)>,
    /// The names that are called somewhere in the file.
    called: FxHashSet<&'r str>,
    /// Helpers around the statement that is read.
    helpers: u32,
    /// No more changes are kept.
    is_full: bool,
}

impl<'r> Run<'r> {
    fn module(&self) -> &'r Module {
        self.consts.resolver.module(self.file)
    }

    fn block(&mut self, block: &[StmtId], depth: u32) {
        for &stmt in block {
            if !self.consts.step(self.file, stmt) {
                return;
            }
            self.statement(stmt, depth);
        }
    }

    fn statement(&mut self, stmt: StmtId, depth: u32) {
        if depth == 0 {
            return;
        }
        let module = self.module();
        if let StmtKind::Loop {
            kind: LoopKind::ForEach,
            target: Some(target),
            iterable: Some(iterable),
            body,
            ..
        } = &module.stmt(stmt).kind
        {
            self.repeat(*target, *iterable, body, depth);
            return;
        }
        // A helper does what it does where it is called.
        if let StmtKind::Assign {
            target,
            value: Some(value),
            ..
        } = module.stmt(stmt).kind
            && matches!(module.kind(value), ExprKind::Lambda(_))
            && module.name(target).is_some_and(|name| self.called.contains(name))
        {
            return;
        }
        for expr in module.stmt_exprs(stmt) {
            self.expression(expr, depth - 1);
        }
        for block in module.stmt_blocks(stmt) {
            self.block(block, depth - 1);
        }
    }

    /// A loop over a constant list runs once for each item.
    fn repeat(&mut self, target: ExprId, iterable: ExprId, body: &[StmtId], depth: u32) {
        let module = self.module();
        let items = self.consts.items(self.file, iterable).zip(module.name(target));
        let Some(((file, items), name)) = items else {
            self.block(body, depth - 1);
            return;
        };
        // Loops in loops multiply: deep ones run once.
        let most = if self.consts.bound.len() < 3 { Limit::LoopItems.count() } else { 1 };
        if items.len() > most {
            budget::tell(Limit::LoopItems, self.module().expr(iterable).span.start);
        }
        for item in items.into_iter().take(most) {
            self.consts.bound.push((name.to_owned(), BoundName::Expr(file, item)));
            self.block(body, depth - 1);
            self.consts.bound.pop();
        }
    }

    /// Calls in an expression, in source order, also those of functions that are passed on (`transaction(async (t) => …)`).
    fn expression(&mut self, expr: ExprId, depth: u32) {
        let module = self.module();
        if self.out.len() > Limit::Changes.count() {
            // The first that is left out stands for all.
            if !self.is_full {
                self.is_full = true;
                budget::tell(Limit::Changes, module.expr(expr).span.start);
            }
            return;
        }
        if depth == 0 {
            return;
        }
        if let Some(call) = module.call(expr)
            && self.call(&call, depth)
        {
            return;
        }
        if let ExprKind::Lambda(function) = module.kind(expr) {
            self.block(&module.function(*function).body, depth - 1);
            return;
        }
        for child in module.children(expr) {
            self.expression(child, depth - 1);
        }
    }

    /// Runs a function of the file with its parameters bound to the arguments: `createIndex("ix_goats_farm", "goats", "farm_id")`.
    fn helper(&mut self, call: &Call, depth: u32) -> bool {
        let module = self.module();
        let (None, Value::Function(file, function)) = (call.receiver(), self.consts.resolver.value(self.file, call.callee)) else {
            return false;
        };
        if file != self.file || module.is_within(call.id, function) {
            return false;
        }
        if u64::from(self.helpers) >= Limit::Helpers.most() {
            budget::tell(Limit::Helpers, module.expr(call.id).span.start);
            return true;
        }
        let before = self.consts.bound.len();
        let bound = self.consts.arguments(self.file, call, (file, function));
        let is_handle = |(_, value): &&(String, BoundName)| match value {
            BoundName::Expr(_, value) => module.name(*value).is_some() && module.name(*value) == self.handle.as_deref(),
            BoundName::Text(_) => false,
        };
        let given = bound.iter().find(is_handle).map(|(name, _)| name.clone());
        let handle = given.is_some().then(|| std::mem::replace(&mut self.handle, given));
        self.consts.bound.extend(bound);
        self.helpers += 1;
        self.block(&module.function(function).body, depth);
        self.helpers -= 1;
        self.consts.bound.truncate(before);
        if let Some(handle) = handle {
            self.handle = handle;
        }
        true
    }

    /// Whether the call is a step of a migration tool.
    fn call(&mut self, call: &Call, depth: u32) -> bool {
        let module = self.module();
        let Some(method) = call.method() else { return false };
        // `knex.schema.renameTable("a", "b").then(() => knex.schema.alterTable("b", …))`: one after the other.
        if let ("then", Some(before)) = (method, call.receiver()) {
            self.expression(before, depth.saturating_sub(1));
            call.args.iter().for_each(|arg| self.expression(arg.value, depth.saturating_sub(1)));
            return true;
        }
        if self.helper(call, depth) {
            return true;
        }
        let span = module.expr(call.id).span;
        let options = OptionReader {
            consts: &self.consts,
            file: self.file,
        };
        let receiver = call.receiver();
        let named = receiver.and_then(|receiver| module.dotted(receiver)).unwrap_or_default();
        let last = named.rsplit('.').next().unwrap_or_default();
        let on_handle = !named.is_empty() && Some(&named) == self.handle.as_ref();
        if let Some(tool) = self.tool_of_sql(method, &named, last, on_handle) {
            if let Some(sql) = call.arg(0) {
                self.sql(tool, sql, call);
            }
            return true;
        }
        // ``sql`…`.execute(db)``, `sql.raw(text).execute(db)`, `db.executeQuery(CompiledQuery.raw(text))`.
        let raw = match method {
            "execute" => receiver,
            "executeQuery" => call.arg(0),
            _ => None,
        };
        if let Some(text) = raw.and_then(|expr| raw_sql(module, expr)) {
            let tool = if imports(module, "kysely") { kysely::TOOL } else { knex::TOOL };
            self.sql(tool, text, call);
            return true;
        }
        let chain = call.chain();
        let first = chain.first().and_then(Call::receiver).and_then(|expr| module.dotted(expr));
        if first.is_some_and(|first| first.rsplit('.').next() == Some("schema")) {
            let (tool, ops) = match kysely::migrations::ops(options, &chain) {
                Some(ops) => (kysely::TOOL, Some(ops)),
                None => (knex::TOOL, knex::migrations::ops(options, &chain)),
            };
            return self.push(tool, ops, span);
        }
        if on_handle && is_node_pg_migrate(module, &named) {
            if method == "sql" {
                if let Some(sql) = call.arg(0) {
                    self.sql(node_pg_migrate::TOOL, sql, call);
                }
                return true;
            }
            if node_pg_migrate::migrations::METHODS.contains(&method) {
                let ops = node_pg_migrate::migrations::ops(options, method, call);
                return self.push(node_pg_migrate::TOOL, ops, span);
            }
        }
        if let Some(step) = self.step_of_db_migrate(call) {
            return self.db_migrate(&step, depth);
        }
        let is_sequelize = on_handle || matches!(last, "queryInterface" | "context") || last.ends_with("queryInterface");
        if self.is_typeorm && on_handle && typeorm::migrations::METHODS.contains(&method) {
            let ops = typeorm::migrations::ops(options, method, call);
            return self.push(typeorm::TOOL, ops, span);
        }
        if is_sequelize && sequelize::schema::METHODS.contains(&method) {
            let ops = sequelize::schema::ops(options, method, call);
            return self.push(sequelize::TOOL, ops, span);
        }
        self.sent(method, call)
    }

    /// A call of what db-migrate hands to `up`; of `db.addIndex.bind(db, "a", …)`, which is called later, the call that it will be.
    fn step_of_db_migrate<'c>(&self, call: &Call<'c>) -> Option<Call<'c>> {
        let step = match (call.method()?, call.receiver(), call.args) {
            ("bind", Some(bound), [_, given @ ..]) => Call {
                callee: bound,
                args: given,
                ..*call
            },
            _ => *call,
        };
        let on = step.receiver().and_then(|receiver| call.module.name(receiver));
        (self.is_db_migrate && on.is_some() && on == self.handle.as_deref()).then_some(step)
    }

    fn db_migrate(&mut self, step: &Call, depth: u32) -> bool {
        let Some(method) = step.method() else { return false };
        let span = self.module().expr(step.id).span;
        if method == "runSql" {
            if let Some(sql) = step.arg(0) {
                self.sql(sql::TOOL, sql, step);
            }
        } else if db_migrate::migrations::METHODS.contains(&method) {
            let options = OptionReader {
                consts: &self.consts,
                file: self.file,
            };
            let ops = db_migrate::migrations::ops(options, method, step);
            self.push(sql::TOOL, ops, span);
        } else {
            return false;
        }
        // What comes next stands in its callback.
        let then = step
            .args
            .iter()
            .filter(|arg| matches!(step.module.kind(arg.value), ExprKind::Lambda(_)));
        then.for_each(|arg| self.expression(arg.value, depth.saturating_sub(1)));
        true
    }

    /// A project's own migrations send their statements by whatever client they are given: ``db.run(sql`CREATE INDEX …`)``. What changes
    /// no schema is none of them.
    fn sent(&mut self, method: &str, call: &Call) -> bool {
        let module = self.module();
        let text = match method {
            // postgres.js sends what its tag is put before.
            "sql" if call.receiver().is_none() => Some(call.id),
            "run" | "exec" | "execute" | "query" | "unsafe" | "none" | "$executeRawUnsafe" => call.arg(0),
            // What `up` is given sends them by itself: `async function upgrade(query) { await query("CREATE TABLE …") }`.
            _ if call.receiver().is_none() && self.handle.as_deref() == Some(method) => call.arg(0),
            _ => None,
        };
        let Some(text) = text.map(|sent| raw_sql(module, sent).unwrap_or(sent)) else {
            return false;
        };
        let span = module.expr(call.id).span;
        let found = declared::sql_changes(&self.consts, self.file, text, span, self.dialect);
        // A change of the schema that was not understood is told, too.
        let is_change = |(_, head): &(crate::source::Span, String)| {
            let first = head.split_whitespace().next().unwrap_or_default();
            ["alter", "create", "drop"].iter().any(|word| first.eq_ignore_ascii_case(word))
        };
        if found.changes.is_empty() && !found.unclear.iter().any(is_change) {
            return false;
        }
        let tool = if imports(module, "drizzle-orm") { drizzle::TOOL } else { sql::TOOL };
        self.sql(tool, text, call);
        true
    }

    /// The tool whose way it is to pass SQL to this method.
    fn tool_of_sql(&self, method: &str, named: &str, last: &str, on_handle: bool) -> Option<Tool> {
        match method {
            "addSql" if named == "self" => Some(mikroorm::TOOL),
            "query" if last == "sequelize" => Some(sequelize::TOOL),
            "query" if self.is_typeorm && on_handle => Some(typeorm::TOOL),
            "raw" if on_handle || last == "schema" => Some(knex::TOOL),
            _ => None,
        }
    }

    fn sql(&mut self, tool: Tool, sql: ExprId, call: &Call) {
        self.tool.get_or_insert(tool);
        let span = self.module().expr(call.id).span;
        let found = declared::sql_changes(&self.consts, self.file, sql, span, self.dialect);
        self.not_understood += found.unclear.len();
        self.unclear.extend(found.unclear);
        if self.dialect == Dialect::Generic {
            self.dialect = found.dialect;
        }
        self.out.extend(found.changes);
    }

    fn push(&mut self, tool: Tool, ops: Option<Vec<SchemaOp>>, span: crate::source::Span) -> bool {
        self.tool.get_or_insert(tool);
        match ops {
            Some(ops) => self.out.extend(ops.into_iter().map(|op| SchemaChange { op, span })),
            None => self.not_understood += 1,
        }
        true
    }
}
