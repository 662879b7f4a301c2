//! The parts that `SQLAlchemy`'s models, tables and Alembic's operations share: columns, indexes, constraints.

use crate::ir::{Call, ExprId, ExprKind, Module};
use crate::libraries::shared::declared::Consts;
use crate::libraries::shared::value::{FileId, Value};
use crate::statement::{ColumnDef, Constraint, IndexDef, IndexKey, TableDef};

/// Reads parts in one file.
pub(crate) struct Parts<'c, 'r> {
    pub consts: &'c Consts<'r>,
    pub file: FileId,
}

/// Whether a call makes a column.
pub(crate) fn is_column(method: &str) -> bool {
    matches!(method, "Column" | "mapped_column")
}

impl<'r> Parts<'_, 'r> {
    pub fn module(&self) -> &'r Module {
        self.consts.resolver.module(self.file)
    }

    pub fn text(&self, expr: ExprId) -> Option<String> {
        self.consts.text(self.file, expr)
    }

    fn flag(&self, call: &Call, name: &str) -> Option<bool> {
        match self.module().kind(call.keyword(name)?) {
            ExprKind::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// A column from `Column(…)`, `mapped_column(…)`; `name` is the attribute's, where there is one.
    pub fn column(&self, call: &Call, name: Option<&str>) -> Option<ColumnDef> {
        let module = self.module();
        let mut positional: Vec<ExprId> = call.args.iter().filter(|arg| arg.name.is_none()).map(|arg| arg.value).collect();
        let mut own_name = call.keyword("name").and_then(|expr| self.text(expr));
        if let Some(first) = positional.first().copied()
            && module.call(first).is_none()
            && let Some(text) = self.text(first)
        {
            own_name = Some(text);
            positional.remove(0);
        }
        let column_name = own_name.clone().or_else(|| name.map(str::to_owned))?;
        let mut column = ColumnDef {
            field: name.filter(|name| *name != column_name).map(str::to_owned),
            name: column_name,
            nullable: self.flag(call, "nullable").unwrap_or(true),
            primary: self.flag(call, "primary_key").unwrap_or(false),
            unique: self.flag(call, "unique").unwrap_or(false),
            indexed: self.flag(call, "index").unwrap_or(false),
            span: module.expr(call.id).span,
            ..ColumnDef::default()
        };
        if column.primary {
            column.nullable = false;
        }
        for expr in positional.into_iter().chain(call.keyword("type_")) {
            self.part_of_column(expr, &mut column);
        }
        Some(column)
    }

    fn part_of_column(&self, expr: ExprId, column: &mut ColumnDef) {
        let module = self.module();
        if let Some(inner) = module.call(expr) {
            match inner.method() {
                Some("ForeignKey") => column.references = self.foreign_key(&inner),
                Some("Identity" | "Computed" | "Sequence" | "CheckConstraint" | "FetchedValue") | None => {}
                Some(kind) if column.data_type.is_empty() => {
                    let args: Vec<String> = inner
                        .args
                        .iter()
                        .filter(|arg| arg.name.is_none())
                        .filter_map(|arg| module.number(arg.value))
                        .map(|n| n.to_string())
                        .collect();
                    let list = if args.is_empty() {
                        String::new()
                    } else {
                        format!("({})", args.join(", "))
                    };
                    column.data_type = format!("{}{list}", sql_type(kind));
                }
                Some(_) => {}
            }
        } else if column.data_type.is_empty() {
            let name = match module.kind(expr) {
                ExprKind::Name(name) | ExprKind::Attr { name, .. } => module.str(*name),
                _ => return,
            };
            column.data_type = sql_type(name);
        }
    }

    /// The target of `ForeignKey("users.id")`, `ForeignKey(User.id)`.
    pub fn foreign_key(&self, call: &Call) -> Option<(String, Option<String>)> {
        let target = call.arg(0).or_else(|| call.keyword("column"))?;
        if let Some(text) = self.text(target) {
            return Some(split_target(&text));
        }
        let module = self.module();
        let ExprKind::Attr { base, name } = module.kind(target) else {
            return Some((String::new(), None));
        };
        let column = module.str(*name).to_owned();
        let base = match module.kind(*base) {
            // `users.c.id`
            ExprKind::Attr { base, name } if module.str(*name) == "c" => *base,
            _ => *base,
        };
        let model = match self.consts.resolver.value(self.file, base) {
            Value::Class(file, class) => {
                let module = self.consts.resolver.module(file);
                module.class(class).name.map(|name| module.str(name).to_owned())
            }
            _ => module.name(base).map(str::to_owned),
        };
        Some((model.unwrap_or_default(), Some(column)))
    }

    /// Adds `Column`, `Index` and constraints among a call's arguments or a tuple's items to a table.
    pub fn element(&self, expr: ExprId, table: &mut TableDef) {
        let module = self.module();
        let Some(call) = module.call(expr) else {
            if let ExprKind::Spread(_) = module.kind(expr) {
                table.open = true;
            }
            return;
        };
        match call.method() {
            Some(method) if is_column(method) => table.columns.extend(self.column(&call, None)),
            Some("Index") => {
                let name = call.arg(0).and_then(|expr| self.text(expr));
                let keys = call.args.iter().filter(|arg| arg.name.is_none()).skip(1).map(|arg| arg.value);
                table.indexes.push(self.index(&call, name, keys.collect()));
            }
            Some(_) => {
                if let Some(constraint) = self.constraint(&call) {
                    table.constraints.push((constraint, module.expr(expr).span));
                }
            }
            None => {}
        }
    }

    /// `UniqueConstraint`, `PrimaryKeyConstraint`, `ForeignKeyConstraint`.
    pub fn constraint(&self, call: &Call) -> Option<Constraint> {
        let name = call.keyword("name").and_then(|expr| self.text(expr));
        let columns = || {
            call.args
                .iter()
                .filter(|arg| arg.name.is_none())
                .filter_map(|arg| self.column_name(arg.value))
                .collect::<Vec<_>>()
        };
        match call.method()? {
            "UniqueConstraint" => Some(Constraint::Unique(name, columns())),
            "PrimaryKeyConstraint" => Some(Constraint::Primary(columns())),
            "ForeignKeyConstraint" => {
                let own = self.names(call.arg(0).or_else(|| call.keyword("columns"))?);
                let there = self.names(call.arg(1).or_else(|| call.keyword("refcolumns"))?);
                let targets: Vec<(String, Option<String>)> = there.iter().map(|target| split_target(target)).collect();
                let table = targets.first()?.0.clone();
                Some(Constraint::Foreign(
                    name,
                    own,
                    table,
                    targets.into_iter().filter_map(|(_, column)| column).collect(),
                ))
            }
            _ => None,
        }
    }

    /// The names in a list of columns.
    pub fn names(&self, list: ExprId) -> Vec<String> {
        match self.consts.items(self.file, list) {
            Some((file, items)) => {
                let parts = Parts { consts: self.consts, file };
                items.into_iter().filter_map(|item| parts.column_name(item)).collect()
            }
            None => self.column_name(list).into_iter().collect(),
        }
    }

    /// The column that a string or an attribute names.
    fn column_name(&self, expr: ExprId) -> Option<String> {
        let module = self.module();
        match module.kind(expr) {
            ExprKind::Attr { name, .. } => Some(module.str(*name).to_owned()),
            ExprKind::Name(name) => Some(self.text(expr).unwrap_or_else(|| module.str(*name).to_owned())),
            ExprKind::Call { .. } => module.call(expr).and_then(|call| {
                if is_column(call.method()?) {
                    self.column(&call, None).map(|column| column.name)
                } else {
                    self.text(expr)
                }
            }),
            _ => self.text(expr),
        }
    }

    /// An index with its options, whichever call makes it.
    pub fn index(&self, call: &Call, name: Option<String>, keys: Vec<ExprId>) -> IndexDef {
        let option = |name: &str| {
            ["postgresql_", "sqlite_", "mysql_"]
                .iter()
                .find_map(|dialect| call.keyword(&format!("{dialect}{name}")))
        };
        let mut keys: Vec<IndexKey> = keys.into_iter().map(|key| self.key(key)).collect();
        if let Some(classes) = option("ops") {
            self.order_by_class(classes, &mut keys);
        }
        IndexDef {
            name,
            table: String::new(),
            keys,
            include: option("include").map(|expr| self.names(expr)).unwrap_or_default(),
            unique: self.flag(call, "unique").unwrap_or(false),
            method: option("using")
                .or_else(|| option("prefix"))
                .and_then(|expr| self.text(expr))
                .map(|text| text.to_lowercase()),
            predicate: option("where").map(|expr| self.text(expr).unwrap_or_else(|| "?".to_owned())),
            concurrently: self.flag(call, "postgresql_concurrently").unwrap_or(false),
            only: false,
            span: self.module().expr(call.id).span,
        }
    }

    /// The columns that a function in a key is given: `email` of `func.lower(Column("email"))`; `…` for what is not known.
    fn inside(&self, call: &Call) -> String {
        let column = |arg: &crate::ir::Arg| self.column_name(arg.value).unwrap_or_else(|| "…".to_owned());
        call.args.iter().map(column).collect::<Vec<_>>().join(", ")
    }

    /// `postgresql_ops={"created_at": "DESC"}`: what stands for an operator class is printed behind the key, and so orders it.
    fn order_by_class(&self, classes: ExprId, keys: &mut [IndexKey]) {
        let ExprKind::Object(entries) = self.module().kind(classes) else {
            return;
        };
        for entry in entries {
            let Some(column) = entry.key.and_then(|key| self.text(key)) else {
                continue;
            };
            let falls = self.text(entry.value).is_some_and(|class| {
                let mut words = class.split_whitespace();
                words.any(|word| word.eq_ignore_ascii_case("desc"))
            });
            for key in keys.iter_mut().filter(|key| falls && key.column == column) {
                key.descending = true;
            }
        }
    }

    /// A key: a name, an attribute, `desc(x)`, `x.desc()`, `text("a DESC")`, any expression.
    pub fn key(&self, expr: ExprId) -> IndexKey {
        let module = self.module();
        if let Some(call) = module.call(expr) {
            match (call.method(), call.receiver(), call.arg(0)) {
                (Some("desc"), Some(receiver), None) => {
                    return IndexKey {
                        descending: true,
                        ..self.key(receiver)
                    };
                }
                (Some("desc"), _, Some(argument)) => {
                    return IndexKey {
                        descending: true,
                        ..self.key(argument)
                    };
                }
                (Some("asc" | "nulls_last" | "nulls_first" | "nullslast" | "nullsfirst"), Some(receiver), None) => {
                    return self.key(receiver);
                }
                _ => {}
            }
            return match self.text(expr) {
                Some(text) => text_key(&text),
                None => IndexKey {
                    column: format!("{}({})", call.method().unwrap_or("expression"), self.inside(&call)),
                    expression: true,
                    descending: false,
                },
            };
        }
        match self.column_name(expr) {
            Some(column) => text_key(&column),
            None => IndexKey {
                column: "…".to_owned(),
                expression: true,
                descending: false,
            },
        }
    }
}

/// A key from its SQL: a plain name with at most an order behind it, or an expression.
fn text_key(text: &str) -> IndexKey {
    let mut words = text.split_whitespace();
    let first = words.next().unwrap_or_default().trim_matches('"');
    let plain = !first.is_empty() && first.chars().all(|c| c.is_alphanumeric() || c == '_');
    let rest: Vec<String> = words.map(str::to_uppercase).collect();
    let order_only = rest
        .iter()
        .all(|word| matches!(word.as_str(), "ASC" | "DESC" | "NULLS" | "FIRST" | "LAST"));
    let descending = rest.iter().any(|word| word == "DESC");
    if plain && order_only {
        return IndexKey {
            column: first.to_owned(),
            expression: false,
            descending,
        };
    }
    IndexKey {
        column: text.to_owned(),
        expression: true,
        descending,
    }
}

/// `schema.table.column`, `table.column`, `table`.
fn split_target(text: &str) -> (String, Option<String>) {
    match text.rsplit_once('.') {
        Some((table, column)) => (table.to_owned(), Some(column.to_owned())),
        None => (text.to_owned(), None),
    }
}

/// A `SQLAlchemy` type's name in SQL's words, as far as rules care.
pub(crate) fn sql_type(name: &str) -> String {
    match name {
        "String" | "Unicode" | "AutoString" | "str" => "varchar",
        "UnicodeText" | "LargeString" => "text",
        "int" | "Integer" => "integer",
        "BigInteger" => "bigint",
        "SmallInteger" => "smallint",
        "bool" | "Boolean" => "boolean",
        "float" => "float",
        "datetime" | "DateTime" => "timestamp",
        "LargeBinary" | "bytes" => "bytea",
        "JSON" | "dict" => "json",
        "UUID" | "Uuid" => "uuid",
        other => return other.to_lowercase(),
    }
    .to_owned()
}
