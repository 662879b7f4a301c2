//! The types of columns as a database writes them: what models and migrations say in the words of an ORM or of another database.

use rustc_hash::FxHashMap;

use crate::project::schema::{Column, ForeignKey, Schema, Table, Trait};
use crate::statement::Dialect;

/// Keys of keys of keys that a type is taken over.
const MAX_STEPS: usize = 4;

/// The class of a type's values: what can be made up for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ValueClass {
    /// Whole numbers.
    Integer,
    /// Other numbers.
    Number,
    /// Texts of any length.
    Text,
    /// True or false.
    Boolean,
    /// Moments: a day with a time, with or without a zone.
    Moment,
    /// Days without a time.
    Day,
    /// Times of a day.
    Clock,
    /// Lengths of time.
    Span,
    /// UUIDs.
    Uuid,
    /// JSON that can be compared.
    Json,
    /// Bytes that are no text.
    Bytes,
    /// Texts made ready for searching.
    Search,
    /// Addresses of a network.
    Address,
    /// Anything else, which is not made up.
    Other,
}

/// A column's type in the DDL that is printed, with what its values are like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnType {
    /// The type as DDL writes it: `varchar(20)`.
    pub text: String,
    /// What its values are.
    pub class: ValueClass,
    /// It holds many of them.
    pub is_array: bool,
    /// The schema says this type; otherwise it is the nearest that is sure to be there.
    pub is_exact: bool,
}

impl ColumnType {
    fn new(text: impl Into<String>, class: ValueClass, is_exact: bool) -> ColumnType {
        ColumnType {
            text: text.into(),
            class,
            is_array: false,
            is_exact,
        }
    }

    /// The same for a column that holds another one's values, and counts nothing by itself.
    fn of_key(&self) -> ColumnType {
        let text = match self.text.as_str() {
            "serial" => "integer",
            "bigserial" => "bigint",
            "smallserial" => "smallint",
            other => other,
        };
        ColumnType {
            text: text.to_owned(),
            ..self.clone()
        }
    }

    /// Whether an ordered index holds it.
    pub fn is_ordered(&self) -> bool {
        !matches!(self.class, ValueClass::Other) && self.text != "json"
    }
}

/// The types of a schema's columns.
#[derive(Debug, Default)]
pub struct Types {
    all: FxHashMap<(usize, String), ColumnType>,
}

impl Types {
    /// Those of all columns of tables for a database. A column of a foreign key holds what the key's target does.
    pub fn of(schema: &Schema, dialect: Dialect) -> Types {
        let mut types = Types::default();
        for (at, table) in schema.tables.iter().enumerate() {
            for column in &table.columns {
                types.all.insert((at, column.name.clone()), written(table, column, dialect));
            }
        }
        for _ in 0..MAX_STEPS {
            if !types.follow(schema) {
                break;
            }
        }
        types
    }

    /// The type of a table's column.
    pub fn get(&self, table: usize, column: &str) -> Option<&ColumnType> {
        self.all.get(&(table, column.to_owned()))
    }

    fn follow(&mut self, schema: &Schema) -> bool {
        let mut is_changed = false;
        for (at, table) in schema.tables.iter().enumerate() {
            for key in &table.foreign_keys {
                let Some((target, columns)) = target(schema, key) else { continue };
                for (own, other) in key.columns.iter().zip(&columns) {
                    let Some(theirs) = self.get(target, other).map(ColumnType::of_key) else {
                        continue;
                    };
                    let place = (at, table.column_name(own).to_owned());
                    let Some(mine) = self.all.get_mut(&place) else { continue };
                    if *mine != theirs && (!mine.is_exact || mine.class != theirs.class || mine.text.ends_with("serial")) {
                        *mine = theirs;
                        is_changed = true;
                    }
                }
            }
        }
        is_changed
    }
}

/// The table that a foreign key points to, and the columns there by their names in the database; `None` where they do not fit.
pub fn target(schema: &Schema, key: &ForeignKey) -> Option<(usize, Vec<String>)> {
    let at = schema.table_index(&key.target)?;
    let table: &Table = schema.tables.get(at)?;
    let named = if key.target_columns.is_empty() {
        &table.primary_key
    } else {
        &key.target_columns
    };
    let columns: Option<Vec<String>> = named
        .iter()
        .map(|name| table.column(name).map(|column| column.name.clone()))
        .collect();
    columns
        .filter(|columns| columns.len() == key.columns.len() && !columns.is_empty())
        .map(|columns| (at, columns))
}

fn written(table: &Table, column: &Column, dialect: Dialect) -> ColumnType {
    let declared = Declared::of(&column.data_type);
    let mut known = declared.postgres();
    if known.class == ValueClass::Day && declared.base == "date" && table.tool().is_some_and(|tool| tool.has(Trait::DatesAreMoments)) {
        // Its `DATE` is a moment; a day is `DATEONLY`.
        known = ColumnType::new("timestamptz", ValueClass::Moment, true);
    }
    match dialect {
        Dialect::MySql => mysql(&declared, &known),
        Dialect::Sqlite => sqlite(&known),
        Dialect::Postgres | Dialect::Generic => known,
    }
}

/// A type as it was written, taken apart: `character varying`, `(20)`, `[]`.
struct Declared {
    base: String,
    sizes: Vec<u32>,
    rest: String,
    is_array: bool,
}

impl Declared {
    fn of(text: &str) -> Declared {
        let text = text.to_ascii_lowercase().replace(['"', '`'], "");
        let text = text.trim();
        let (text, is_array) = match text.strip_suffix("[]").or_else(|| text.strip_suffix(" array")) {
            Some(inner) => (inner.trim_end_matches("[]").trim(), true),
            None => (text, false),
        };
        let (base, after) = text.split_once('(').unwrap_or((text, ""));
        let (sizes, rest) = after.split_once(')').unwrap_or((after, ""));
        let base = base.trim().trim_start_matches("public.").trim_start_matches("pg_catalog.");
        Declared {
            base: base.split_whitespace().collect::<Vec<_>>().join(" "),
            sizes: sizes.split(',').filter_map(|size| size.trim().parse().ok()).collect(),
            rest: rest.split_whitespace().collect::<Vec<_>>().join(" "),
            is_array,
        }
    }

    /// As `PostgreSQL` writes it.
    fn postgres(&self) -> ColumnType {
        let mut one = self.known().unwrap_or_else(|| guessed(&self.base));
        if self.is_array {
            one.text = format!("{}[]", one.of_key().text);
            one.is_array = true;
        }
        one
    }

    fn known(&self) -> Option<ColumnType> {
        let exact = |text: &str, class| Some(ColumnType::new(text, class, true));
        let near = |text: &str, class| Some(ColumnType::new(text, class, false));
        match self.base.as_str() {
            "text" | "longtext" | "mediumtext" | "tinytext" | "clob" => exact("text", ValueClass::Text),
            "varchar" | "character varying" | "nvarchar" | "string" => Some(self.sized("varchar", 10_485_760, ValueClass::Text)),
            "character" | "bpchar" | "nchar" => Some(self.sized("char", 10_485_760, ValueClass::Text)),
            // The same word is a text of one character in SQL and one of any length in ORMs.
            "char" if self.sizes.is_empty() => near("varchar", ValueClass::Text),
            "char" => Some(self.sized("char", 10_485_760, ValueClass::Text)),
            "integer" | "int" | "int4" | "mediumint" => exact("integer", ValueClass::Integer),
            "bigint" | "int8" | "biginteger" => exact("bigint", ValueClass::Integer),
            "tinyint" if self.sizes == [1] => exact("boolean", ValueClass::Boolean),
            "smallint" | "int2" | "tinyint" | "smallinteger" => exact("smallint", ValueClass::Integer),
            "serial" | "increments" | "auto" | "serial4" => exact("serial", ValueClass::Integer),
            "bigserial" | "bigincrements" | "bigauto" | "serial8" => exact("bigserial", ValueClass::Integer),
            "smallserial" | "smallauto" => exact("smallserial", ValueClass::Integer),
            "numeric" | "decimal" | "number" => Some(self.precise()),
            "real" | "float4" => exact("real", ValueClass::Number),
            "double precision" | "float8" | "float" | "double" => exact("double precision", ValueClass::Number),
            "boolean" | "bool" => exact("boolean", ValueClass::Boolean),
            "uuid" | "guid" => exact("uuid", ValueClass::Uuid),
            "json" => exact("json", ValueClass::Json),
            "jsonb" => exact("jsonb", ValueClass::Json),
            "date" => exact("date", ValueClass::Day),
            "dateonly" => near("date", ValueClass::Day),
            "time" | "time without time zone" => exact("time", ValueClass::Clock),
            "timetz" | "time with time zone" => exact("timetz", ValueClass::Clock),
            "timestamp" if self.rest.starts_with("with ") => Some(self.moment("timestamptz")),
            "timestamp" | "timestamp without time zone" => Some(self.moment("timestamp")),
            "timestamptz" | "timestamp with time zone" => Some(self.moment("timestamptz")),
            "datetime" => near("timestamp", ValueClass::Moment),
            "interval" => exact("interval", ValueClass::Span),
            "duration" => near("interval", ValueClass::Span),
            "bytea" | "blob" | "binary" | "varbinary" | "longblob" | "mediumblob" => exact("bytea", ValueClass::Bytes),
            "tsvector" => exact("tsvector", ValueClass::Search),
            "inet" | "cidr" => exact(&self.base, ValueClass::Address),
            "point" | "money" | "xml" | "macaddr" | "tsquery" | "oid" | "name" => exact(&self.base, ValueClass::Other),
            "int4range" | "int8range" | "numrange" | "tsrange" | "tstzrange" | "daterange" => exact(&self.base, ValueClass::Other),
            _ => None,
        }
    }

    fn sized(&self, word: &str, most: u32, class: ValueClass) -> ColumnType {
        match self.sizes.first() {
            Some(size) if (1..=most).contains(size) => ColumnType::new(format!("{word}({size})"), class, true),
            Some(_) => ColumnType::new("varchar", class, false),
            None => ColumnType::new(word, class, true),
        }
    }

    fn precise(&self) -> ColumnType {
        let text = match self.sizes.as_slice() {
            [digits, scale] if (1..=1000).contains(digits) && scale <= digits => format!("numeric({digits}, {scale})"),
            [digits] if (1..=1000).contains(digits) => format!("numeric({digits})"),
            _ => "numeric".to_owned(),
        };
        ColumnType::new(text, ValueClass::Number, true)
    }

    fn moment(&self, word: &str) -> ColumnType {
        let text = match self.sizes.first() {
            Some(digits @ 0..=6) => format!("{word}({digits})"),
            _ => word.to_owned(),
        };
        ColumnType::new(text, ValueClass::Moment, true)
    }
}

/// The nearest type of a word that a library or a project made up: `utcdatetime`, `jsonfieldwithdefault`.
fn guessed(word: &str) -> ColumnType {
    let near = |text: &str, class| ColumnType::new(text, class, false);
    let has = |part: &str| word.contains(part);
    match () {
        () if has("uuid") => near("uuid", ValueClass::Uuid),
        () if has("json") => near("jsonb", ValueClass::Json),
        () if has("datetime") || has("timestamp") || has("arrow") => near("timestamptz", ValueClass::Moment),
        () if has("date") && !has("update") => near("date", ValueClass::Day),
        () if has("array") => ColumnType {
            is_array: true,
            ..near("text[]", ValueClass::Text)
        },
        () if word.starts_with("bool") => near("boolean", ValueClass::Boolean),
        () if has("intenum") || word.starts_with("int") || word.starts_with("positive") => near("integer", ValueClass::Integer),
        () if has("numeric") || has("decimal") => near("numeric", ValueClass::Number),
        () if has("ipaddress") => near("inet", ValueClass::Address),
        () if has("searchvector") => near("tsvector", ValueClass::Search),
        () => near("text", ValueClass::Text),
    }
}

fn mysql(declared: &Declared, known: &ColumnType) -> ColumnType {
    let text = match known.class {
        _ if known.is_array => "json".to_owned(),
        ValueClass::Text if known.text.contains('(') => known.text.clone(),
        // A key of a text without a length is refused.
        ValueClass::Text if known.text == "text" => "text".to_owned(),
        ValueClass::Text | ValueClass::Address => "varchar(255)".to_owned(),
        ValueClass::Integer if known.text.ends_with("serial") => known.of_key().text,
        ValueClass::Integer => known.text.clone(),
        ValueClass::Number if known.text == "double precision" => "double".to_owned(),
        ValueClass::Number | ValueClass::Boolean | ValueClass::Day => known.text.clone(),
        ValueClass::Moment => declared
            .sizes
            .first()
            .map_or("datetime".to_owned(), |digits| format!("datetime({})", digits.min(&6))),
        ValueClass::Clock => "time".to_owned(),
        ValueClass::Span => "bigint".to_owned(),
        ValueClass::Uuid => "char(36)".to_owned(),
        ValueClass::Json => "json".to_owned(),
        ValueClass::Bytes => "longblob".to_owned(),
        ValueClass::Search | ValueClass::Other => "text".to_owned(),
    };
    ColumnType { text, ..known.clone() }
}

fn sqlite(known: &ColumnType) -> ColumnType {
    let text = match known.class {
        _ if known.is_array => "text",
        ValueClass::Integer | ValueClass::Boolean | ValueClass::Span => "integer",
        ValueClass::Number if known.text.starts_with("numeric") => "numeric",
        ValueClass::Number => "real",
        ValueClass::Bytes => "blob",
        _ => "text",
    };
    ColumnType {
        text: text.to_owned(),
        ..known.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn postgres(text: &str) -> (String, bool) {
        let found = Declared::of(text).postgres();
        (found.text, found.is_exact)
    }

    #[test]
    fn a_type_is_written_as_the_database_has_it() {
        for (written, read, is_exact) in [
            ("character varying(20)", "varchar(20)", true),
            ("numeric(14,2)", "numeric(14, 2)", true),
            ("timestamp(6) with time zone", "timestamptz(6)", true),
            ("\"public\".\"citext\"", "text", false),
            ("text[]", "text[]", true),
            ("serial", "serial", true),
            ("utcdatetime", "timestamptz", false),
            ("varchar(0)", "varchar", false),
            ("x); drop table t; --", "text", false),
        ] {
            assert_eq!(postgres(written), (read.to_owned(), is_exact), "{written}");
        }
    }

    #[test]
    fn a_key_has_the_type_of_what_it_points_to() {
        use crate::project::Project;
        use crate::syntax::facts::extract;
        use crate::walk::FileKind;
        let sql = "CREATE TABLE a (id bigserial PRIMARY KEY);\nCREATE TABLE b (id serial PRIMARY KEY, a_id char REFERENCES a);\n";
        let project = Project::link(vec![extract("schema.sql", FileKind::Sql, sql)]);
        let types = Types::of(&project.schema, Dialect::Postgres);
        let b = project.schema.table_index("b").expect("the table");
        assert_eq!(types.get(b, "a_id").map(|found| found.text.as_str()), Some("bigint"));
    }
}
