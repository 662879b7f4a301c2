//! What a database statement does, whatever it was written in: the shape that SQL text and every ORM lower to, and
//! the changes that DDL and migrations make to a schema.
//!
//! Names are as written. For SQL they are table and column names; for ORMs they can be model and field names, which
//! the link step maps to tables and columns with the schema's help.

use serde::{Deserialize, Serialize};

use crate::source::Span;

/// What a statement does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Operation {
    /// Reads rows.
    #[default]
    Select,
    /// Adds rows, also upserts.
    Insert,
    /// Changes rows.
    Update,
    /// Removes rows.
    Delete,
    /// Changes the schema, or anything else (`SET`, `BEGIN`, `VACUUM`).
    Other,
}

impl Operation {
    /// In a word, as lists and pages have it.
    pub fn word(self) -> &'static str {
        match self {
            Operation::Select => "select",
            Operation::Insert => "insert",
            Operation::Update => "update",
            Operation::Delete => "delete",
            Operation::Other => "other",
        }
    }
}

/// How a column is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum FilterKind {
    /// `= value`, `IS NULL`.
    Equality,
    /// `IN (…)`, `= ANY(…)`.
    In,
    /// `<`, `>`, `BETWEEN`.
    Range,
    /// `LIKE 'a%'`: an index can serve it.
    Prefix,
    /// `LIKE '%a%'`, `ILIKE`, contains, search.
    Pattern,
    /// `<>`, `NOT IN`, `IS NOT NULL`: an index rarely serves it.
    Negative,
    /// The column stands inside a function or a cast.
    Function,
    /// Inside a function that only evens out how a value is written, and compared for equality: `iexact`.
    Folded,
    /// Containment and other operators of JSON, arrays, vectors.
    Other,
}

impl FilterKind {
    /// Whether the column stands inside a function, so that no plain index serves it.
    pub fn is_wrapped(self) -> bool {
        matches!(self, FilterKind::Function | FilterKind::Folded)
    }

    /// Whether it leaves many rows as a rule: a range, a search, what is not to be.
    pub fn is_loose(self) -> bool {
        matches!(
            self,
            FilterKind::Range | FilterKind::Pattern | FilterKind::Prefix | FilterKind::Negative
        )
    }
}

/// A table that a statement names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TableUse {
    /// Name as written, with its schema if given (`public.users`), or a model's name.
    pub name: String,
    /// Alias, where one is given.
    pub alias: Option<String>,
}

impl TableUse {
    /// Whether it is one in which the database describes itself: its rows are as many as there are tables, roles and the like.
    pub fn is_catalog(&self) -> bool {
        let name = self.name.to_ascii_lowercase();
        name.contains("information_schema") || name.starts_with("pg_") || name.starts_with("sqlite_")
    }
}

/// A column of one of the statement's tables.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ColumnUse {
    /// Index into [`Statement::tables`]; `None` where it is not known which.
    pub table: Option<usize>,
    /// Column or field.
    pub column: String,
}

/// A predicate on a column.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Filter {
    /// The column that is compared.
    pub column: ColumnUse,
    /// How it is compared.
    pub kind: FilterKind,
    /// The literal it is compared with (a partial index needs it), where there is one: `'active'`, `NULL`, `true`.
    pub literal: Option<String>,
    /// It stands under an OR or a NOT with others, or is applied only under a condition of the code.
    pub optional: bool,
    /// Of a range, the end that it sets.
    #[serde(default)]
    pub end: Option<End>,
    /// It is a side of an OR, and another side asks for what no index finds: all rows are looked at, whatever index the column has.
    #[serde(default)]
    pub hindered: bool,
}

impl Filter {
    /// A comparison that sets no end of a range.
    pub fn new(column: ColumnUse, kind: FilterKind, literal: Option<String>, optional: bool) -> Filter {
        Filter {
            column,
            kind,
            literal,
            optional,
            end: None,
            hindered: false,
        }
    }

    /// The same with the end that an operator sets: `<`, `lte`, `between`.
    #[must_use]
    pub fn ending(self, operator: &str) -> Filter {
        let end = (self.kind == FilterKind::Range).then(|| End::of(operator)).flatten();
        Filter { end, ..self }
    }
}

/// Sets the end of the ranges among filters that one comparison has added.
pub fn end_ranges(added: &mut [Filter], end: Option<End>) {
    for filter in added.iter_mut().filter(|filter| filter.kind == FilterKind::Range) {
        filter.end = end;
    }
}

/// The end of a range that a comparison sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum End {
    /// The column is above a value.
    Lower,
    /// The column is below a value.
    Upper,
    /// Both: BETWEEN.
    Both,
}

impl End {
    /// The end that an operator sets, with the column on its left.
    pub fn of(operator: &str) -> Option<End> {
        match operator.trim_start_matches(['$', '_']) {
            ">" | ">=" | "gt" | "gte" | "Op.gt" | "Op.gte" | "MoreThan" | "MoreThanOrEqual" => Some(End::Lower),
            "<" | "<=" | "lt" | "lte" | "Op.lt" | "Op.lte" | "LessThan" | "LessThanOrEqual" => Some(End::Upper),
            "between" | "Between" | "Op.between" | "range" => Some(End::Both),
            _ => None,
        }
    }

    /// The end with the column on the operator's right: `$1 < created`.
    #[must_use]
    pub fn turned(self) -> End {
        match self {
            End::Lower => End::Upper,
            End::Upper => End::Lower,
            End::Both => End::Both,
        }
    }

    /// What the denial of a range is: what is not above a value is below it, and what lies outside of two ends is no range.
    #[must_use]
    pub fn denied(end: Option<End>) -> (FilterKind, Option<End>) {
        match end {
            Some(End::Both) => (FilterKind::Negative, None),
            end => (FilterKind::Range, end.map(End::turned)),
        }
    }
}

/// An OR of which each side has columns that must be equal to something: it bounds the rows as one equality does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Either {
    /// For each side its columns; none where a side has no such column.
    pub sides: Vec<Vec<ColumnUse>>,
    /// The columns that every side asks to be equal to something, be it a constant: `kind = 'a' OR kind = 'b'`.
    pub common: Vec<ColumnUse>,
}

/// Where the sides of an OR begin among the filters and inner ORs that are collected.
#[derive(Clone, Debug, Default)]
pub struct Sides {
    starts: Vec<(usize, usize)>,
}

impl Sides {
    /// A side begins: what is collected from here on is its own.
    pub fn next(&mut self, filters: &[Filter], either: &[Either]) {
        self.starts.push((filters.len(), either.len()));
    }

    /// All sides are collected. None of their filters need hold by itself; together they bound the rows where each side has an
    /// equality and `is_whole` says that there are no further sides.
    pub fn close(self, is_whole: bool, filters: &mut [Filter], either: &mut Vec<Either>) {
        let Some(&(first, inner)) = self.starts.first() else { return };
        let ends = self.starts.iter().skip(1).copied().chain([(filters.len(), either.len())]);
        let mut sides: Vec<Vec<ColumnUse>> = Vec::new();
        let mut common: Option<Vec<ColumnUse>> = None;
        let mut is_hindered = false;
        for (&(filter, own), (filter_end, own_end)) in self.starts.iter().zip(ends) {
            let own_filters = filters.get(filter..filter_end).unwrap_or_default();
            let inner = either.get(own..own_end).unwrap_or_default();
            let asked = asked_of(own_filters, inner);
            is_hindered |= inner.is_empty() && !own_filters.iter().any(Filter::finds);
            common = Some(common.map_or_else(
                || asked.clone(),
                |known| known.into_iter().filter(|column| asked.contains(column)).collect(),
            ));
            let columns: Vec<ColumnUse> = own_filters
                .iter()
                .filter(|filter| filter.ties())
                .map(|filter| filter.column.clone())
                .collect();
            // `(a OR b) OR c`, `(a OR b) AND x > 1 OR c`: the sides of the one inside are sides of this one.
            match inner.first() {
                Some(inner) if columns.is_empty() && !inner.sides.is_empty() => sides.extend(inner.sides.iter().cloned()),
                _ => sides.push(columns),
            }
        }
        either.truncate(inner);
        for filter in filters.iter_mut().skip(first) {
            filter.optional = true;
            filter.hindered |= is_hindered && self.starts.len() > 1;
        }
        if !is_whole || sides.len() < 2 {
            return;
        }
        if sides.iter().any(Vec::is_empty) {
            sides.clear();
        }
        let mut common = common.unwrap_or_default();
        common.dedup();
        if !sides.is_empty() || !common.is_empty() {
            either.push(Either { sides, common });
        }
    }
}

/// The columns that one side of an OR asks to be equal to something.
fn asked_of(filters: &[Filter], inner: &[Either]) -> Vec<ColumnUse> {
    let own = filters
        .iter()
        .filter(|filter| !filter.optional && matches!(filter.kind, FilterKind::Equality | FilterKind::In));
    let inside = inner.iter().flat_map(|either| &either.common);
    own.map(|filter| &filter.column).chain(inside).cloned().collect()
}

impl Filter {
    /// Whether an index on its column can find the rows.
    pub fn finds(&self) -> bool {
        let is_kind = matches!(
            self.kind,
            FilterKind::Equality | FilterKind::In | FilterKind::Range | FilterKind::Prefix
        );
        is_kind && !self.hindered
    }

    /// Whether it ties the rows to a value that the code gives: an equality with no constant.
    fn ties(&self) -> bool {
        !self.optional && self.literal.is_none() && matches!(self.kind, FilterKind::Equality | FilterKind::In)
    }
}

/// A join condition: two columns that must be equal.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Join {
    /// One side.
    pub left: ColumnUse,
    /// The other side.
    pub right: ColumnUse,
}

/// How many rows a statement can return.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum RowLimit {
    /// No limit.
    #[default]
    None,
    /// A literal number of rows.
    Rows(u64),
    /// A value of the code.
    Value,
    /// A value of the code that is this number where nobody asks for another: a default.
    Usual(u64),
    /// At most one by construction: `.first()`, `findUnique`, an aggregate without GROUP BY.
    One,
}

/// What a statement returns of each row.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Projection {
    /// Whole rows.
    #[default]
    All,
    /// Some columns.
    Columns(Vec<ColumnUse>),
    /// Only aggregates: `COUNT(*)`, `SUM(x)`, `EXISTS`; with GROUP BY one row a group.
    Aggregate,
    /// Nothing.
    None,
}

/// A subquery's place and nature.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Subquery {
    /// Where it stands: `select`, `where`, `exists`, `in`, `from`.
    pub place: SubqueryPlace,
    /// It names a column of the outer statement.
    pub correlated: bool,
    /// It groups its rows: GROUP BY, or DISTINCT.
    pub grouped: bool,
    /// The subquery itself.
    pub statement: Box<Statement>,
}

/// Where a subquery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum SubqueryPlace {
    /// A value in the select list.
    Select,
    /// A value in a condition.
    Where,
    /// What `EXISTS (…)` asks.
    Exists,
    /// The values of `IN (…)`.
    In,
    /// A derived table or a CTE.
    From,
}

/// The shape of one statement.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Statement {
    /// What it does.
    pub operation: Operation,
    /// Tables; the first is the one it reads from or writes to.
    pub tables: Vec<TableUse>,
    /// Predicates.
    pub filters: Vec<Filter>,
    /// ORs that bound the rows; their filters are optional ones.
    #[serde(default)]
    pub either: Vec<Either>,
    /// Join conditions.
    pub joins: Vec<Join>,
    /// Ordering: column and whether it is descending.
    pub order: Vec<(ColumnUse, bool)>,
    /// GROUP BY columns; also set (possibly empty) by `distinct`.
    pub group: Vec<ColumnUse>,
    /// It groups or is DISTINCT.
    pub grouped: bool,
    /// How many rows the statement gives at most.
    pub limit: RowLimit,
    /// It skips rows by OFFSET.
    pub offset: bool,
    /// What is returned.
    pub projection: Projection,
    /// Subqueries, CTEs, derived tables.
    pub subqueries: Vec<Subquery>,
    /// A hole of the text or a condition of the code can hold more clauses: an absence (no WHERE, no LIMIT) proves nothing.
    pub open: bool,
}

/// The database a statement or a schema is written for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Dialect {
    /// Not known.
    #[default]
    Generic,
    /// `PostgreSQL`.
    Postgres,
    /// `MySQL` and `MariaDB`.
    MySql,
    /// `SQLite`.
    Sqlite,
}

/// A column's definition.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnDef {
    /// Column name in the database.
    pub name: String,
    /// Attribute or field name in the code, where it differs.
    pub field: Option<String>,
    /// Type as written, lower case (`varchar(255)`, `text`, `jsonb`, `boolean`).
    pub data_type: String,
    /// It can be NULL.
    pub nullable: bool,
    /// DEFAULT, as written, where it is known.
    pub default: Option<String>,
    /// PRIMARY KEY on the column.
    pub primary: bool,
    /// UNIQUE on the column.
    pub unique: bool,
    /// An index declared on the column (`index=True`, `db_index`).
    pub indexed: bool,
    /// REFERENCES on the column: table and column (`None`: its primary key).
    pub references: Option<(String, Option<String>)>,
    /// Bytes of its file that it spans.
    pub span: Span,
}

/// What an index is made of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexDef {
    /// Name; `None` where the database makes one up.
    pub name: Option<String>,
    /// Name of the indexed table, as it is written.
    pub table: String,
    /// Keys in order.
    pub keys: Vec<IndexKey>,
    /// INCLUDE columns.
    pub include: Vec<String>,
    /// Whether no two rows may have equal keys.
    pub unique: bool,
    /// `btree` (default), `gin`, `gist`, `hash`, `brin`, `hnsw`, `fulltext`, …
    pub method: Option<String>,
    /// WHERE, as written.
    pub predicate: Option<String>,
    /// CONCURRENTLY, or the tool's equivalent.
    pub concurrently: bool,
    /// ON ONLY of a partitioned table.
    pub only: bool,
    /// Bytes of its file that it spans.
    pub span: Span,
}

/// A column or expression of an index, with its order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexKey {
    /// A plain column's name; for an expression, its text.
    pub column: String,
    /// Whether the key is an expression and no plain column.
    pub expression: bool,
    /// DESC.
    pub descending: bool,
}

/// A table constraint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Constraint {
    /// PRIMARY KEY (columns).
    Primary(Vec<String>),
    /// UNIQUE (columns), with its name.
    Unique(Option<String>, Vec<String>),
    /// FOREIGN KEY: name, columns, table, columns there (empty: its primary key).
    Foreign(Option<String>, Vec<String>, String, Vec<String>),
}

/// A table's definition.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableDef {
    /// Name with schema where given.
    pub name: String,
    /// Columns in order.
    pub columns: Vec<ColumnDef>,
    /// Constraints on the table with their places.
    pub constraints: Vec<(Constraint, Span)>,
    /// Indexes declared with the table.
    pub indexes: Vec<IndexDef>,
    /// Partitioned (PARTITION BY) or a partition of another.
    pub partition: bool,
    /// It can have more columns, keys and indexes than are listed (LIKE, INHERITS, AS SELECT, an unknown base class).
    #[serde(default)]
    pub open: bool,
    /// Bytes of its file that it spans.
    pub span: Span,
}

/// One change of a schema, as a migration or DDL makes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SchemaOp {
    /// CREATE TABLE; the flag is IF NOT EXISTS.
    CreateTable(TableDef, bool),
    /// DROP TABLE: the table's name.
    DropTable(String),
    /// RENAME TABLE from, to.
    RenameTable(String, String),
    /// ADD COLUMN on a table.
    AddColumn(String, ColumnDef),
    /// DROP COLUMN: table, column.
    DropColumn(String, String),
    /// RENAME COLUMN: table, from, to.
    RenameColumn(String, String, String),
    /// Change of a column's definition; an empty type leaves the type as it was.
    AlterColumn(String, ColumnDef),
    /// CREATE INDEX; the flag is IF NOT EXISTS.
    AddIndex(IndexDef, bool),
    /// DROP INDEX: name, and the table where the dialect names it.
    DropIndex(String, Option<String>),
    /// RENAME INDEX from, to.
    RenameIndex(String, String),
    /// ADD CONSTRAINT … USING INDEX: an index becomes that of a primary key or of a unique constraint.
    PromoteIndex {
        /// The table that has the index.
        table: String,
        /// Name of the index that the constraint takes over.
        index: String,
        /// The constraint's name, which the index takes.
        name: Option<String>,
        /// It becomes the primary key.
        primary: bool,
    },
    /// ADD CONSTRAINT on a table.
    AddConstraint(String, Constraint),
    /// DROP CONSTRAINT: table, name.
    DropConstraint(String, String),
}

/// A change with its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SchemaChange {
    /// What changes.
    pub op: SchemaOp,
    /// Bytes of its file that it spans.
    pub span: Span,
}

/// How a relation's rows are loaded when its owner is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Loading {
    /// On first use: one more query a row.
    #[default]
    Lazy,
    /// With the owner's query, or with one query for all of them.
    Eager,
    /// Never by itself: it must be asked for in the query (Prisma, Drizzle), or using it raises.
    Explicit,
    /// The attribute is a query to build on (`lazy="dynamic"`, Django's reverse managers).
    Query,
}

/// A relation between two models, as an attribute of one of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RelationDef {
    /// The attribute.
    pub name: String,
    /// The model it leads to, as written.
    pub target: String,
    /// It holds many.
    pub to_many: bool,
    /// How it is loaded by default.
    pub loading: Loading,
    /// The foreign key's columns or fields on the owner's side, where it has them.
    pub fields: Vec<String>,
    /// The attribute on the other side, where it is named.
    pub inverse: Option<String>,
    /// `to_many` is a guess: the foreign keys decide, once both tables are known.
    pub undecided: bool,
    /// That other attribute exists only because this one names it (`backref`, Django's reverse accessors); `true` when it holds many.
    pub makes_inverse: Option<bool>,
    /// Bytes of its file that it spans.
    pub span: Span,
}

/// A model of an ORM: a class or a declaration that stands for a table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelDef {
    /// Name in the code.
    pub name: String,
    /// Its table; foreign keys can name models instead of tables, and fields instead of columns.
    pub table: TableDef,
    /// Attributes that lead to rows of other models.
    pub relations: Vec<RelationDef>,
    /// Default order of its queries: field and whether it is descending.
    pub ordering: Vec<(String, bool)>,
    /// The name under which its library's connection keeps it, where code looks models up by name while it runs.
    pub kept_as: Option<String>,
    /// The field whose value marks a row as deleted: the library asks for those without one only.
    pub deleted_by: Option<String>,
}

/// How many parts of each kind a model has.
#[derive(Clone, Copy, Debug)]
pub struct PartCount {
    columns: usize,
    constraints: usize,
    indexes: usize,
    relations: usize,
}

impl ModelDef {
    /// How many parts it has; what is added next comes after them.
    pub fn count(&self) -> PartCount {
        PartCount {
            columns: self.table.columns.len(),
            constraints: self.table.constraints.len(),
            indexes: self.table.indexes.len(),
            relations: self.relations.len(),
        }
    }

    /// Places the parts that came since at the model itself: they were read in another file, whose offsets mean nothing in this one.
    pub fn place_since(&mut self, before: PartCount) {
        let span = self.table.span;
        let columns = self.table.columns.iter_mut().skip(before.columns).map(|column| &mut column.span);
        let constraints = self.table.constraints.iter_mut().skip(before.constraints).map(|(_, span)| span);
        let indexes = self.table.indexes.iter_mut().skip(before.indexes).map(|index| &mut index.span);
        let relations = self.relations.iter_mut().skip(before.relations).map(|relation| &mut relation.span);
        for place in columns.chain(constraints).chain(indexes).chain(relations) {
            *place = span;
        }
    }
}
