//! Which rows a read asks for: its table and the values that its columns must equal, where both are known in full.

use super::origin::{self, ValueOrigin};
use crate::budget;
use crate::ir::{Call, ExprId, ExprKind, Module};
use crate::libraries::registry;
use crate::libraries::shared::query::{Query, Resolver};
use crate::libraries::shared::query_builder::is_no_condition;
use crate::libraries::shared::value::FileId;
use crate::project::Project;
use crate::project::eval::Evaluator;
use crate::project::graph::QuerySite;
use crate::statement::{Filter, FilterKind, Operation, Projection, RowLimit, Statement};

/// What a read asks for.
#[derive(Clone, Debug)]
pub struct RowKey {
    /// Table that the rows are of, as the schema calls it.
    pub table: String,
    /// Columns and what they must equal, by column.
    pub equals: Vec<(String, ValueOrigin)>,
    /// The expression that gives the value of the only column, in the function that is looked at.
    pub value: Option<ExprId>,
    /// For more than one row: all else that the statement says, so that only a like one gives the same rows.
    pub statement: Option<Statement>,
}

impl RowKey {
    /// At most one row: a unique key is given.
    pub fn is_one_row(&self) -> bool {
        self.statement.is_none()
    }

    /// Whether both ask for the same rows.
    pub fn is_same(&self, other: &RowKey) -> bool {
        self.table == other.table && self.equals == other.equals && self.statement == other.statement
    }
}

/// The rows that a site asks for, by values that the function it stands in can compare.
pub fn of_site(project: &Project, eval: &Evaluator<'_>, site: &QuerySite) -> Option<RowKey> {
    let query = &site.query;
    let filters = firm_equalities(query)?;
    let function = project.graph.function(site.function).id;
    let given = Given::new(eval, site, &filters);
    let table = project.table_of(query);
    let mut equals = Vec::new();
    let mut last = None;
    for (index, filter) in filters.iter().enumerate() {
        let column = table.map_or(filter.column.column.as_str(), |table| table.column_name(&filter.column.column));
        let column = if column == "pk" { "id" } else { column };
        let value = if let Some(literal) = &filter.literal {
            ValueOrigin::text(literal)
        } else {
            let value = given.value(index, filter)?;
            last = Some(value);
            origin::of(eval, (site.file, function), value)?
        };
        equals.push((column.to_owned(), value));
    }
    equals.sort();
    let names: Vec<&str> = equals.iter().map(|(column, _)| column.as_str()).collect();
    let is_unique = table.map_or_else(|| names == ["id"], |table| table.is_unique(&names));
    let name = table.map_or_else(|| query.table().unwrap_or_default(), |table| table.name.as_str());
    Some(RowKey {
        table: name.to_owned(),
        value: last.filter(|_| equals.len() == 1),
        equals,
        statement: (!is_unique).then(|| query.statement.clone()),
    })
}

/// The filters of a read whose rows they alone decide.
fn firm_equalities(query: &Query) -> Option<Vec<&Filter>> {
    let statement = &query.statement;
    let plain = statement.operation == Operation::Select
        && !query.fetch
        && !query.opaque
        && !query.open_filters
        && !statement.open
        && !statement.offset
        && statement.joins.is_empty()
        && statement.subqueries.is_empty()
        && statement.tables.len() == 1
        && query.relation.is_none()
        && statement.limit != RowLimit::Value
        && !matches!(statement.projection, Projection::Aggregate | Projection::None);
    let filters: Vec<&Filter> = statement.filters.iter().collect();
    let firm = filters
        .iter()
        .all(|filter| filter.kind == FilterKind::Equality && !filter.optional && !filter.column.column.is_empty());
    (plain && firm && !filters.is_empty() && query.table().is_some_and(|name| !name.is_empty())).then_some(filters)
}

/// The values that stand beside columns in a query's expression.
struct Given {
    /// By column, as written.
    by_column: Vec<(String, ExprId)>,
    /// For SQL text: the values of its placeholders in order, when each filter has one.
    in_order: Option<Vec<ExprId>>,
}

impl Given {
    fn new(eval: &Evaluator<'_>, site: &QuerySite, filters: &[&Filter]) -> Given {
        let module = eval.code.module(site.file);
        if registry::is_text(site.query.library) {
            let open = filters.iter().filter(|filter| filter.literal.is_none()).count();
            let in_order = module.call(site.expr).and_then(|call| placeholders(module, call));
            return Given {
                by_column: Vec::new(),
                in_order: in_order.filter(|values| values.len() == open).map(|values| {
                    let mut values = values.into_iter();
                    let place = |filter: &&Filter| if filter.literal.is_none() { values.next() } else { Some(site.expr) };
                    filters.iter().filter_map(place).collect()
                }),
            };
        }
        let mut collect = Collect {
            eval,
            file: site.file,
            module,
            out: Vec::new(),
            open: vec![site.expr],
            seen: Vec::new(),
        };
        collect.run();
        Given {
            by_column: collect.out,
            in_order: None,
        }
    }

    /// The value for a filter, when there is exactly one that can be meant.
    fn value(&self, index: usize, filter: &Filter) -> Option<ExprId> {
        if let Some(values) = &self.in_order {
            return values.get(index).copied();
        }
        let is_it = |column: &str| column == filter.column.column || (column == "pk" && filter.column.column == "id");
        let mut found = self.by_column.iter().filter(|(column, _)| is_it(column));
        match (found.next(), found.next()) {
            (Some((_, value)), None) => Some(*value),
            _ => None,
        }
    }
}

/// The values of `execute(sql, (a, b))`, `fetchrow(sql, a, b)`, `query(sql, [a, b])`.
fn placeholders(module: &Module, call: Call<'_>) -> Option<Vec<ExprId>> {
    if call.is_open() || call.args.iter().any(|arg| arg.name.is_some()) {
        return None;
    }
    let rest: Vec<ExprId> = call.args.iter().skip(1).map(|arg| arg.value).collect();
    match rest.as_slice() {
        [one] => match module.kind(*one) {
            ExprKind::List(items) | ExprKind::Tuple(items) => Some(items.to_vec()),
            ExprKind::Object(_) | ExprKind::Spread(_) | ExprKind::Call { .. } => None,
            _ => Some(rest),
        },
        _ => Some(rest),
    }
}

struct Collect<'e, 'c> {
    eval: &'e Evaluator<'c>,
    file: FileId,
    module: &'c Module,
    out: Vec<(String, ExprId)>,
    open: Vec<ExprId>,
    seen: Vec<ExprId>,
}

impl Collect<'_, '_> {
    fn run(&mut self) {
        while let Some(expr) = self.open.pop() {
            if self.seen.len() > budget::Limit::Parts.count() {
                self.eval
                    .code
                    .tell(budget::Limit::Parts, self.file, self.module.expr(expr).span.start);
                return;
            }
            if self.seen.contains(&expr) {
                continue;
            }
            self.seen.push(expr);
            self.visit(expr);
        }
    }

    fn visit(&mut self, expr: ExprId) {
        let module = self.module;
        match module.kind(expr) {
            ExprKind::Binary { op, left, right } if matches!(module.str(*op), "==" | "===" | "is") => {
                match (attribute(module, *left), attribute(module, *right)) {
                    (Some(column), _) => self.out.push((column.to_owned(), *right)),
                    (None, Some(column)) => self.out.push((column.to_owned(), *left)),
                    (None, None) => {}
                }
            }
            ExprKind::Call { .. } => self.call(expr),
            ExprKind::Object(entries) => {
                for entry in entries {
                    let key = entry.key.and_then(|key| module.string(key));
                    match (key, module.kind(entry.value)) {
                        // What is selected, loaded along or sorted by is no condition.
                        (Some(key), _) if is_no_condition(key) => {}
                        (_, ExprKind::Object(_) | ExprKind::List(_) | ExprKind::Lambda(_)) => self.open.push(entry.value),
                        (Some(key), _) => self.out.push((key.to_owned(), entry.value)),
                        (None, _) => {}
                    }
                }
            }
            ExprKind::Lambda(function) => self.open.extend(module.returned(*function)),
            ExprKind::Name(_) => {
                if let Some((file, definition)) = Resolver::definition(self.eval, self.file, expr)
                    && file == self.file
                    && matches!(module.kind(module.unawaited(definition)), ExprKind::Call { .. })
                    && self.eval.query_at(file, expr).is_some()
                {
                    self.open.push(definition);
                }
            }
            _ => self.open.extend(module.children(expr)),
        }
    }

    fn call(&mut self, expr: ExprId) {
        let module = self.module;
        let Some(call) = module.call(expr) else { return };
        if let (Some("eq"), Some(column), Some(value)) = (call.method(), call.arg(0).and_then(|arg| attribute(module, arg)), call.arg(1)) {
            self.out.push((column.to_owned(), value));
            return;
        }
        for arg in call.args {
            match arg.name {
                Some(name) => {
                    let name = module.str(name).trim_end_matches("__exact");
                    self.out.push((name.to_owned(), arg.value));
                }
                None => self.open.push(arg.value),
            }
        }
        self.open.push(call.callee);
    }
}

/// The last name of `Model.column`, `table.c.column`.
fn attribute(module: &Module, expr: ExprId) -> Option<&str> {
    match module.kind(expr) {
        ExprKind::Attr { name, .. } => Some(module.str(*name)),
        _ => None,
    }
}
