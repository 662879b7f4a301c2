//! What each method of a queryset adds to its statement.

use super::methods::{runs, sync_name};
use crate::ir::{Call, ExprId, ExprKind, Module};
use crate::libraries::shared::chain::{self, Link};
use crate::libraries::shared::limits;
use crate::libraries::shared::query::{Outcome, Query, Resolver};
use crate::libraries::shared::value::FileId;
use crate::statement::{ColumnUse, Operation, Projection, RowLimit, TableUse};

pub(super) fn at_most_one(query: &mut Query) {
    query.executed = true;
    query.outcome = Outcome::One;
    query.statement.limit = RowLimit::One;
}

pub(super) fn write(query: &mut Query, operation: Operation) {
    query.executed = true;
    query.statement.operation = operation;
    query.statement.projection = Projection::None;
    query.outcome = Outcome::Nothing;
}

/// A query that is read off the chain of a queryset, call by call.
pub(super) struct QuerySetDraft<'r> {
    pub(super) resolver: &'r dyn Resolver,
    pub(super) query: Query,
}

impl QuerySetDraft<'_> {
    pub(super) fn step(&mut self, link: &Link<'_>, call: &Call<'_>) {
        let method = call.method().unwrap_or("");
        if self.query.executed {
            return;
        }
        let file = link.file;
        let module = call.module;
        match method {
            "filter" | "complex_filter" => self.conditions(file, call.args, link.optional, false),
            "exclude" => self.conditions(file, call.args, link.optional, true),
            "order_by" => self.order(module, call),
            "distinct" => {
                self.query.statement.grouped = true;
                let names = strings(module, call);
                // Without names it drops whole rows that are equal, and leaves the groups of `values()` as they are.
                if !names.is_empty() && names.len() == call.args.len() {
                    self.query.statement.group = names.iter().map(|name| self.column(name)).collect();
                }
            }
            "dates" | "datetimes" => self.query.statement.grouped = true,
            "values" | "values_list" => {
                self.columns(file, call);
                self.query.model = None;
            }
            "only" => {
                self.columns(file, call);
                self.only(strings(module, call), call);
            }
            "defer" => {
                let names = strings(module, call);
                self.query.deferred.extend(names.into_iter().map(|name| name.replace("__", ".")));
            }
            "none" => self.query.statement.limit = RowLimit::Rows(0),
            "limit" => {
                if let Some(rows) = call.arg(0) {
                    self.query.statement.limit = limits::of(self.resolver, (file, rows));
                }
            }
            "offset" => self.query.statement.offset = true,
            "select_related" => self.select_related(file, call),
            "prefetch_related" => self.prefetch_related(file, call),
            "union" | "intersection" | "difference" | "extra" => self.query.statement.open = true,
            "raw" => {
                self.query.statement.open = true;
                if let Some(text) = call
                    .arg(0)
                    .and_then(|text| crate::libraries::shared::sql_text::query(self.resolver, file, text))
                {
                    self.query.statement = text.statement;
                }
            }
            "iterator" | "aiterator" => {
                self.query.executed = true;
                self.query.outcome = Outcome::Stream;
                self.query.blocking = method == "iterator";
            }
            "annotate" => self.group(call),
            "alias" | "reverse" | "all" | "using" | "select_for_update" | "get_queryset" => {}
            _ if runs(method) => self.run(link, call, method),
            _ => self.query.statement.open = true,
        }
    }

    /// `values("kind").annotate(total=Count("pk"))` is GROUP BY: a row for each value of what was asked for.
    pub(super) fn group(&mut self, call: &Call<'_>) {
        let is_aggregate = |arg: &crate::ir::Arg| {
            let function = call.module.call(arg.value).and_then(|call| call.method());
            matches!(
                function,
                Some("Count" | "Sum" | "Avg" | "Max" | "Min" | "StdDev" | "Variance" | "ArrayAgg" | "StringAgg")
            )
        };
        let Projection::Columns(columns) = &self.query.statement.projection else {
            return;
        };
        if self.query.model.is_none() && call.args.iter().any(is_aggregate) {
            self.query.statement.grouped = true;
            self.query.statement.group = columns.clone();
        }
    }

    fn run(&mut self, link: &Link<'_>, call: &Call<'_>, method: &str) {
        let name = sync_name(method);
        self.query.blocking = name == method && !chain::is_awaited(call.module, call.id);
        match name {
            "get" | "get_or_none" => {
                self.conditions(link.file, call.args, false, false);
                at_most_one(&mut self.query);
            }
            "first" | "last" | "latest" | "earliest" => at_most_one(&mut self.query),
            "get_or_create" | "update_or_create" => {
                self.keywords(link.file, call.args, &["defaults", "create_defaults"]);
                let model = self.query.model.clone();
                write(&mut self.query, Operation::Insert);
                self.query.model = model;
                self.query.outcome = Outcome::One;
            }
            "create" => {
                let model = self.query.model.clone();
                write(&mut self.query, Operation::Insert);
                self.query.model = model;
                self.query.outcome = Outcome::One;
            }
            "bulk_create" => write(&mut self.query, Operation::Insert),
            "update" | "bulk_update" => write(&mut self.query, Operation::Update),
            "delete" => write(&mut self.query, Operation::Delete),
            "add" | "set" | "remove" | "clear" | "aadd" | "aset" | "aremove" | "aclear" => {
                if self.query.relation.is_none() {
                    self.query.statement.open = true;
                    return;
                }
                self.query.model = None;
                let removes = matches!(method.trim_start_matches('a'), "remove" | "clear");
                write(&mut self.query, if removes { Operation::Delete } else { Operation::Insert });
            }
            "in_bulk" => {
                self.query.executed = true;
                let column = self.column("pk");
                self.query.statement.filters.push(crate::statement::Filter {
                    column,
                    kind: crate::statement::FilterKind::In,
                    literal: None,
                    optional: call.args.is_empty(),
                    end: None,
                    hindered: false,
                });
            }
            // `count`, `exists`, `aggregate`, `contains`, `explain`.
            _ => {
                self.query.executed = true;
                self.query.model = None;
                self.query.outcome = Outcome::Scalar;
                self.query.statement.projection = Projection::Aggregate;
                self.query.statement.limit = RowLimit::One;
            }
        }
    }

    pub(super) fn column(&self, name: &str) -> ColumnUse {
        ColumnUse {
            table: (!self.query.statement.tables.is_empty() && !name.contains("__")).then_some(0),
            column: name.to_owned(),
        }
    }

    pub(super) fn order(&mut self, module: &Module, call: &Call<'_>) {
        self.query.statement.order.clear();
        for arg in call.args {
            let found = match module.string(arg.value) {
                Some("?") => None,
                Some(text) => Some((text.trim_start_matches('-').to_owned(), text.starts_with('-'))),
                // `F("name").desc(nulls_last=True)`.
                None => module.call(arg.value).and_then(|call| {
                    let chain = call.chain();
                    let name = chain.first()?.arg(0).and_then(|arg| module.string(arg))?;
                    Some((name.to_owned(), chain.iter().any(|step| step.method() == Some("desc"))))
                }),
            };
            if let Some((name, descending)) = found {
                let column = self.column(&name);
                self.query.statement.order.push((column, descending));
            }
        }
    }

    fn columns(&mut self, file: FileId, call: &Call<'_>) {
        let names = strings(self.resolver.module(file), call);
        if names.is_empty() && !call.is_open() {
            return;
        }
        let columns = names.iter().map(|name| self.column(name)).collect();
        self.query.statement.projection = Projection::Columns(columns);
    }

    /// `only("title", "author__name")`: each model's columns by themselves. The last one of several replaces the others.
    pub(super) fn only(&mut self, names: Vec<String>, call: &Call<'_>) {
        self.query.only.clear();
        if call.is_open() || names.len() != call.args.len() || names.is_empty() {
            return;
        }
        for name in names {
            let (path, column) = match name.rsplit_once("__") {
                Some((path, column)) => (path.replace("__", "."), column),
                None => (String::new(), name.as_str()),
            };
            match self.query.only.iter_mut().find(|(known, _)| *known == path) {
                Some((_, columns)) => columns.push(column.to_owned()),
                None => self.query.only.push((path, vec![column.to_owned()])),
            }
        }
    }

    pub(super) fn eager(&mut self, path: &str) {
        let mut full = String::new();
        for part in path.split("__") {
            if !full.is_empty() {
                full.push('.');
            }
            full.push_str(part);
            if !self.query.eager.contains(&full) {
                self.query.eager.push(full.clone());
            }
        }
    }

    fn select_related(&mut self, file: FileId, call: &Call<'_>) {
        if call.args.is_empty() {
            return self.eager("*");
        }
        self.eager_arguments(file, call);
    }

    fn prefetch_related(&mut self, file: FileId, call: &Call<'_>) {
        self.eager_arguments(file, call);
    }

    fn eager_arguments(&mut self, file: FileId, call: &Call<'_>) {
        for arg in call.args {
            let module = self.resolver.module(file);
            match module.kind(arg.value) {
                ExprKind::Null => self.query.eager.clear(),
                ExprKind::Spread(inner) => match chain::items(self.resolver, file, *inner) {
                    Some(items) => items.into_iter().for_each(|(at, item, _)| self.eager_argument(at, item)),
                    None => self.eager("*"),
                },
                _ => self.eager_argument(file, arg.value),
            }
        }
    }

    fn eager_argument(&mut self, file: FileId, expr: ExprId) {
        let (file, expr) = match self.resolver.module(file).kind(expr) {
            ExprKind::Name(_) | ExprKind::Attr { .. } => self.resolver.definition(file, expr).unwrap_or((file, expr)),
            _ => (file, expr),
        };
        let module = self.resolver.module(file);
        if let Some(path) = module.string(expr) {
            let path = path.to_owned();
            return self.eager(&path);
        }
        let Some(call) = module.call(expr) else { return self.eager("*") };
        let Some(path) = call.arg(0).or_else(|| call.keyword("lookup")).and_then(|path| module.string(path)) else {
            return self.eager("*");
        };
        let path = path.to_owned();
        self.eager(&path);
        if let Some(name) = call.keyword("to_attr").and_then(|name| module.string(name)) {
            let parent = path.rsplit_once("__").map_or(String::new(), |(parent, _)| format!("{parent}__"));
            self.eager(&format!("{parent}{name}"));
        }
        // What the inner queryset loads along is loaded too.
        let inner = call
            .arg(1)
            .or_else(|| call.keyword("queryset"))
            .and_then(|inner| self.resolver.query(file, inner));
        for below in inner.into_iter().flat_map(|inner| inner.eager) {
            self.eager(&format!("{path}__{}", below.replace('.', "__")));
        }
    }
}

fn strings(module: &Module, call: &Call<'_>) -> Vec<String> {
    let positional = call.args.iter().filter(|arg| arg.name.is_none());
    positional
        .filter_map(|arg| module.string(arg.value))
        .map(ToOwned::to_owned)
        .collect()
}

pub(super) fn empty() -> Query {
    Query {
        library: "django",
        blocking: true,
        ..Query::default()
    }
}

pub(super) fn table(query: &mut Query, name: String) {
    query.statement.tables = vec![TableUse { name, alias: None }];
}
