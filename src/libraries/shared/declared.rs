//! What a program file declares of the schema: models of ORMs and the steps of migration tools, and the constant
//! texts that they are written with.

use std::cell::Cell;

use crate::budget::{self, Limit};
use crate::ir::{Call, ClassId, ExprId, ExprKind, FunctionId, Module, StmtId, TemplatePart};
use crate::libraries::shared::query::Resolver;
use crate::libraries::shared::tool::{Tool, Trait};
use crate::libraries::shared::value::FileId;
use crate::source::Span;
use crate::statement::{ColumnDef, TableDef};
use crate::statement::{Dialect, ModelDef, SchemaChange};
use crate::syntax::sql::{self, Piece};

/// What one file declares.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Declared {
    /// The library.
    pub tool: Option<Tool>,
    /// It is a migration step, not models.
    pub is_migration: bool,
    /// The database it is written for.
    pub dialect: Dialect,
    /// Models; one without a table's name only adds relations to the model of its name.
    pub models: Vec<ModelDef>,
    /// Changes of a migration, in order.
    pub changes: Vec<SchemaChange>,
    /// Revision and those it follows.
    pub revision: Option<(String, Vec<String>)>,
    /// A Django migration, whose operations the link step turns into changes.
    pub migration: Option<Box<Migration>>,
    /// The label of the Django app whose folder the file is in.
    pub app_label: Option<String>,
    /// Changes that were seen and not understood.
    pub not_understood: usize,
    /// Of them, those with a place: where, and the first words.
    pub unclear: Vec<(Span, String)>,
}

impl Declared {
    /// Whether nothing is declared.
    pub fn is_empty(&self) -> bool {
        let names_database = self.tool.is_some_and(|tool| tool.has(Trait::SettingsNameDatabase)) && self.dialect != Dialect::Generic;
        let parts = self.models.is_empty() && self.changes.is_empty() && self.revision.is_none();
        parts && self.migration.is_none() && self.app_label.is_none() && !names_database
    }
}

/// Adds a base class to those that a model inherits from, once each; `model` is where the model stands in the file that is read.
pub(crate) fn add_base(list: &mut Vec<(FileId, ClassId)>, base: (FileId, ClassId), model: Span) {
    if list.contains(&base) {
        return;
    }
    if list.len() < Limit::Bases.count() {
        list.push(base);
    } else {
        budget::tell(Limit::Bases, model.start);
    }
}

/// Whether the file imports a module whose name starts with `prefix`.
pub fn imports(module: &Module, prefix: &str) -> bool {
    module.imports_below(prefix, &['.', '/', '-'])
}

/// A name that stands for a value while a function or loop is read.
#[derive(Clone, Debug)]
pub enum BoundName {
    /// An expression.
    Expr(FileId, ExprId),
    /// A text.
    Text(String),
}

/// A piece of a text: literal, or not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TextPiece {
    /// Literal text.
    Text(String),
    /// Not known.
    Hole,
}

/// How deep expressions of texts are followed.
const MAX_DEPTH: u32 = 24;
/// Pieces of one constant text; what has more is told, see [`Limit::SqlPieces`].
const MOST_PIECES: usize = 2_000;

/// Evaluates constant texts.
pub struct Consts<'r> {
    /// Where names lead.
    pub resolver: &'r dyn Resolver,
    /// Names with a value for the time being, the last one first.
    pub bound: Vec<(String, BoundName)>,
    /// Statements that were run so far, see [`Consts::step`].
    steps: Cell<u64>,
}

impl<'r> Consts<'r> {
    /// An evaluator without bound names.
    pub fn new(resolver: &'r dyn Resolver) -> Self {
        Consts {
            resolver,
            bound: Vec::new(),
            steps: Cell::new(0),
        }
    }

    /// Whether a migration's next statement may be run: loops in helpers in loops multiply.
    pub fn step(&self, file: FileId, stmt: StmtId) -> bool {
        let steps = self.steps.get() + 1;
        self.steps.set(steps);
        let most = Limit::MigrationSteps.most();
        if steps == most + 1 {
            budget::tell(Limit::MigrationSteps, self.resolver.module(file).stmt(stmt).span.start);
        }
        steps <= most
    }

    /// The expression behind a name, or the expression itself.
    pub fn follow(&self, file: FileId, expr: ExprId) -> Option<(FileId, ExprId)> {
        let module = self.resolver.module(file);
        if let Some(name) = module.name(expr) {
            match self.lookup(name) {
                Some(BoundName::Expr(file, expr)) => return Some((*file, *expr)),
                Some(BoundName::Text(_)) => return None,
                None => {}
            }
        }
        self.resolver.definition(file, expr)
    }

    fn lookup(&self, name: &str) -> Option<&BoundName> {
        self.bound.iter().rev().find(|(bound, _)| bound == name).map(|(_, value)| value)
    }

    /// The text of an expression, if all of it is constant.
    pub fn text(&self, file: FileId, expr: ExprId) -> Option<String> {
        let mut out = String::new();
        for piece in self.pieces(file, expr) {
            match piece {
                TextPiece::Text(text) => out.push_str(&text),
                TextPiece::Hole => return None,
            }
        }
        Some(out)
    }

    /// What the parameters of a function stand for in a call: texts where they are known, else the arguments themselves.
    pub fn arguments(&self, here: FileId, call: &Call<'_>, (file, function): (FileId, FunctionId)) -> Vec<(String, BoundName)> {
        let target = self.resolver.module(file);
        let mut bound = Vec::new();
        for (at, param) in target.function(function).params.iter().enumerate() {
            let Some(name) = param.name.map(|name| target.str(name)) else {
                continue;
            };
            if let Some(argument) = call.keyword(name).or_else(|| call.arg(at)) {
                let value = self.text(here, argument).map_or(BoundName::Expr(here, argument), BoundName::Text);
                bound.push((name.to_owned(), value));
            } else if let Some(default) = param.default {
                bound.push((name.to_owned(), BoundName::Expr(file, default)));
            }
        }
        bound
    }

    /// The text of an expression in pieces.
    pub fn pieces(&self, file: FileId, expr: ExprId) -> Vec<TextPiece> {
        let mut out = Vec::new();
        self.collect(file, expr, MAX_DEPTH, &mut out);
        if out.len() > MOST_PIECES {
            budget::tell(Limit::SqlPieces, self.resolver.module(file).expr(expr).span.start);
        }
        out
    }

    fn collect(&self, file: FileId, expr: ExprId, depth: u32, out: &mut Vec<TextPiece>) {
        let module = self.resolver.module(file);
        if depth == 0 || out.len() >= MOST_PIECES {
            out.push(TextPiece::Hole);
            return;
        }
        match module.kind(expr) {
            ExprKind::Str(text) => out.push(TextPiece::Text(module.str(*text).to_owned())),
            ExprKind::Num(number) => out.push(TextPiece::Text(number.to_string())),
            ExprKind::Template(parts) => {
                for part in parts {
                    match part {
                        TemplatePart::Text(text) => out.push(TextPiece::Text(module.str(*text).to_owned())),
                        TemplatePart::Hole(hole) => self.collect(file, *hole, depth - 1, out),
                    }
                }
            }
            ExprKind::Binary { op, left, right } if module.str(*op) == "+" => {
                self.collect(file, *left, depth - 1, out);
                self.collect(file, *right, depth - 1, out);
            }
            ExprKind::Binary { op, left, .. } if module.str(*op) == "%" => self.collect(file, *left, depth - 1, out),
            ExprKind::Call { .. } => self.call(file, expr, depth, out),
            ExprKind::Name(name) => match self.lookup(module.str(*name)).cloned() {
                Some(BoundName::Text(text)) => out.push(TextPiece::Text(text)),
                Some(BoundName::Expr(at, value)) => self.collect(at, value, depth - 1, out),
                None => self.defined(file, expr, depth, out),
            },
            ExprKind::Attr { .. } => self.defined(file, expr, depth, out),
            _ => out.push(TextPiece::Hole),
        }
    }

    fn defined(&self, file: FileId, expr: ExprId, depth: u32, out: &mut Vec<TextPiece>) {
        match self.resolver.definition(file, expr).filter(|&found| found != (file, expr)) {
            Some((file, expr)) => self.collect(file, expr, depth - 1, out),
            None => out.push(TextPiece::Hole),
        }
    }

    /// Calls that leave a text as it is (`text(…)`, `op.f(…)`, `.strip()`) or change names in it (`.replaceAll(…)`), and `.format(…)`.
    fn call(&self, file: FileId, expr: ExprId, depth: u32, out: &mut Vec<TextPiece>) {
        let module = self.resolver.module(file);
        let Some(call) = module.call(expr) else { return };
        match (call.method(), call.receiver(), call.arg(0)) {
            (Some("text" | "f" | "DDL" | "literal_column" | "dedent" | "str" | "SQL" | "cleandoc" | "raw" | "sql"), _, Some(argument)) => {
                self.collect(file, argument, depth - 1, out);
            }
            (
                Some(
                    "strip" | "lower" | "bindparams" | "execution_options" | "columns" | "trim" | "trimStart" | "trimEnd" | "toString"
                    | "replace" | "replaceAll",
                ),
                Some(receiver),
                _,
            ) => {
                self.collect(file, receiver, depth - 1, out);
            }
            (Some("join"), Some(receiver), Some(list)) => self.joined(file, (receiver, list), depth, out),
            (Some("format"), Some(receiver), _) => {
                let mut inner = Vec::new();
                self.collect(file, receiver, depth - 1, &mut inner);
                for piece in inner {
                    match piece {
                        TextPiece::Text(text) => self.formatted(file, expr, &text, depth, out),
                        TextPiece::Hole => out.push(TextPiece::Hole),
                    }
                }
            }
            _ => out.push(TextPiece::Hole),
        }
    }

    /// `", ".join(columns)`, `", ".join(f'"{c}"' for c in columns)`, `columns.join(", ")`.
    fn joined(&self, file: FileId, (receiver, argument): (ExprId, ExprId), depth: u32, out: &mut Vec<TextPiece>) {
        let (list, between) = match self.text(file, receiver) {
            Some(between) => (argument, Some(between)),
            None => (receiver, self.text(file, argument)),
        };
        let (Some(between), Some(items)) = (between, self.elements(file, list, depth)) else {
            out.push(TextPiece::Hole);
            return;
        };
        for (at, item) in items.into_iter().enumerate() {
            if at > 0 {
                out.push(TextPiece::Text(between.clone()));
            }
            out.extend(item);
        }
    }

    /// The texts of a constant list, or of a comprehension over one.
    fn elements(&self, file: FileId, list: ExprId, depth: u32) -> Option<Vec<Vec<TextPiece>>> {
        let module = self.resolver.module(file);
        let ExprKind::Comp(comp) = module.kind(list) else {
            let (at, items) = self.items(file, list)?;
            return Some(items.into_iter().map(|item| self.piece(at, item, depth)).collect());
        };
        let (&[element], [clause]) = (&*comp.elements, &*comp.clauses) else {
            return None;
        };
        let name = module.name(clause.target).filter(|_| clause.conditions.is_empty())?;
        let (at, items) = self.items(file, clause.iterable)?;
        let each = |item: ExprId| {
            let mut inner = Consts::new(self.resolver);
            inner.bound = self.bound.clone();
            inner.bound.push((name.to_owned(), BoundName::Expr(at, item)));
            inner.piece(file, element, depth)
        };
        Some(items.into_iter().take(MOST_PIECES).map(each).collect())
    }

    fn piece(&self, file: FileId, expr: ExprId, depth: u32) -> Vec<TextPiece> {
        let mut out = Vec::new();
        self.collect(file, expr, depth - 1, &mut out);
        out
    }

    fn formatted(&self, file: FileId, expr: ExprId, text: &str, depth: u32, out: &mut Vec<TextPiece>) {
        let module = self.resolver.module(file);
        let Some(call) = module.call(expr) else { return };
        let mut rest = text;
        let mut position = 0;
        while let Some(open) = rest.find('{') {
            out.push(TextPiece::Text(rest[..open].to_owned()));
            let close = rest[open..].find('}').map_or(rest.len() - 1, |at| open + at);
            let key = rest[open + 1..close.max(open + 1)].trim();
            let index = key.parse::<usize>().unwrap_or(position);
            let argument = call
                .keyword(key)
                .or_else(|| (key.is_empty() || key.parse::<usize>().is_ok()).then(|| call.arg(index)).flatten());
            position += 1;
            match argument {
                Some(argument) => self.collect(file, argument, depth - 1, out),
                None => out.push(TextPiece::Hole),
            }
            rest = rest.get(close + 1..).unwrap_or("");
        }
        out.push(TextPiece::Text(rest.to_owned()));
    }

    /// The items of a constant list, tuple or set, also behind a name.
    pub fn items(&self, file: FileId, expr: ExprId) -> Option<(FileId, Vec<ExprId>)> {
        let (file, expr) = self.follow(file, expr)?;
        let module = self.resolver.module(file);
        match module.kind(expr) {
            ExprKind::List(items) | ExprKind::Tuple(items) | ExprKind::Set(items) => Some((file, items.to_vec())),
            ExprKind::Object(entries) => Some((file, entries.iter().filter_map(|entry| entry.key).collect())),
            ExprKind::Binary { op, left, right } if module.str(*op) == "+" => {
                let (left_file, mut left) = self.items(file, *left)?;
                let (right_file, right) = self.items(file, *right)?;
                (left_file == right_file).then(|| {
                    left.extend(right);
                    (left_file, left)
                })
            }
            _ => None,
        }
    }

    /// The texts of a constant list; `None` when one is not known.
    pub fn texts(&self, file: FileId, expr: ExprId) -> Option<Vec<String>> {
        let (file, items) = self.items(file, expr)?;
        items.into_iter().map(|item| self.text(file, item)).collect()
    }
}

/// Where the text of a string literal begins in the file, if quotes are all that the literal has besides.
pub fn text_base(module: &Module, expr: ExprId) -> Option<usize> {
    let text = match module.kind(expr) {
        ExprKind::Str(text) => module.str(*text),
        _ => return None,
    };
    let span = module.expr(expr).span;
    let quotes = (span.end - span.start) as usize - text.len().min((span.end - span.start) as usize);
    let before = match quotes {
        2 => 1,
        3 => 2,
        6 => 3,
        7 => 4,
        _ => return None,
    };
    Some(span.start as usize + before)
}

/// What SQL in a program's text changes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SqlChanges {
    /// Changes in order.
    pub changes: Vec<SchemaChange>,
    /// Statements that were not understood: where, and the first words.
    pub unclear: Vec<(Span, String)>,
    /// The database that the text is written for, as far as it shows.
    pub dialect: Dialect,
}

/// Reads SQL in any literal form: several statements where all of it is constant, one where it has holes. `whole` is
/// the place of changes whose own place in the file is not known.
pub fn sql_changes(consts: &Consts, file: FileId, argument: ExprId, whole: Span, dialect: Dialect) -> SqlChanges {
    let module = consts.resolver.module(file);
    let pieces = consts.pieces(file, argument);
    let borrowed: Vec<Piece> = pieces
        .iter()
        .map(|piece| match piece {
            TextPiece::Text(text) => Piece::Text(text),
            TextPiece::Hole => Piece::Hole,
        })
        .collect();
    let mut found = SqlChanges::default();
    if let [Piece::Text(text)] = borrowed.as_slice() {
        let parsed = sql::file(text, dialect);
        found
            .unclear
            .extend(parsed.not_understood.into_iter().map(|(_, head)| (whole, head)));
        found.changes = parsed.changes;
        found.dialect = parsed.dialect;
        let literal = module.call(argument).and_then(|call| call.arg(0)).unwrap_or(argument);
        place(&mut found.changes, text_base(module, literal), whole);
    } else if let Some(parsed) = sql::statement(&borrowed, dialect) {
        let holes = borrowed.contains(&Piece::Hole);
        if !parsed.understood || (holes && parsed.changes.is_empty() && parsed.statement.is_none()) {
            found.unclear.push((whole, "SQL with a part that is not known".to_owned()));
        }
        found.changes = parsed.changes;
        place(&mut found.changes, None, whole);
    }
    found
}

/// Moves the places of changes from offsets in a text to places in the file.
pub fn place(changes: &mut [SchemaChange], base: Option<usize>, whole: Span) {
    let shift = |span: Span| match base {
        Some(base) => Span::new(span.start as usize + base, span.end as usize + base),
        None => whole,
    };
    for change in changes {
        change.span = shift(change.span);
        each_span(&mut change.op, &shift);
    }
}

fn each_span(op: &mut crate::statement::SchemaOp, shift: &impl Fn(Span) -> Span) {
    use crate::statement::SchemaOp;
    match op {
        SchemaOp::CreateTable(table, _) => {
            table.span = shift(table.span);
            table.columns.iter_mut().for_each(|column| column.span = shift(column.span));
            table.constraints.iter_mut().for_each(|(_, span)| *span = shift(*span));
            table.indexes.iter_mut().for_each(|index| index.span = shift(index.span));
        }
        SchemaOp::AddColumn(_, column) | SchemaOp::AlterColumn(_, column) => column.span = shift(column.span),
        SchemaOp::AddIndex(index, _) => index.span = shift(index.span),
        _ => {}
    }
}

/// A migration file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Migration {
    /// Label and name of the migrations it comes after.
    pub dependencies: Vec<(String, String)>,
    /// Label and name of the migrations it stands for.
    pub replaces: Vec<(String, String)>,
    /// It belongs to the first set of its app: the tables are empty when it runs.
    pub initial: bool,
    /// Its operations in order.
    pub steps: Vec<MigrationStep>,
}

/// One operation.
#[derive(Clone, Debug, PartialEq)]
pub struct MigrationStep {
    /// What it does.
    pub op: ModelOp,
    /// Bytes of its file that it spans.
    pub span: Span,
    /// It changes the database.
    pub database: bool,
    /// It changes what Django takes the models to be.
    pub state: bool,
}

/// What a class's attribute is to its model.
#[derive(Clone, Debug, PartialEq)]
pub enum ModelField {
    /// A column; a reference names a model as written (`app.Model`, `self`).
    Column(ColumnDef),
    /// Many to many: target, table where it is named, and whether another model is the table.
    Many {
        /// Its name.
        name: String,
        /// The model it leads to.
        target: String,
        /// The table's name where it is given.
        table: Option<String>,
        /// Another model is the table.
        through: bool,
    },
    /// No column: generic keys and the like.
    Virtual(String),
}

/// An operation on a model; names are the model's and its fields'.
#[derive(Clone, Debug, PartialEq)]
pub enum ModelOp {
    /// `CreateModel`.
    Create(Box<CreatedModel>),
    /// `DeleteModel`.
    Delete(String),
    /// `RenameModel` from, to.
    Rename(String, String),
    /// `AlterModelTable`; `None` goes back to the default.
    Table(String, Option<String>),
    /// `AddField` of a model; the flag says that the index is asked for and not Django's own doing.
    AddField(String, ModelField, bool),
    /// `AlterField`.
    AlterField(String, ModelField),
    /// `RemoveField`.
    RemoveField(String, String),
    /// `RenameField` from, to.
    RenameField(String, String, String),
    /// `AlterUniqueTogether` (`true`) and `AlterIndexTogether`.
    Together(String, bool, Vec<Vec<String>>),
    /// `AddIndex`, `AddConstraint`: what they declare.
    AddPart(String, Box<TableDef>),
    /// `RemoveIndex`.
    RemoveIndex(String, String),
    /// `RemoveConstraint`.
    RemoveConstraint(String, String),
    /// `RenameIndex`: the old name or the fields of the old index, and the new name.
    RenameIndex(String, Result<String, Vec<String>>, String),
    /// `RunSQL`.
    Sql(Vec<SchemaChange>),
}

/// What `CreateModel` declares.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CreatedModel {
    /// Model.
    pub name: String,
    /// `db_table`.
    pub table: Option<String>,
    /// A proxy or an unmanaged model: no table is made.
    pub unmanaged: bool,
    /// A proxy: the table is another model's.
    pub proxy: bool,
    /// Fields in order.
    pub fields: Vec<ModelField>,
    /// `unique_together`.
    pub unique: Vec<Vec<String>>,
    /// `index_together`.
    pub together: Vec<Vec<String>>,
    /// Indexes and constraints.
    pub parts: TableDef,
}
