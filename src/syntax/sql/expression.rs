//! Expressions of strangers (keys and predicates of indexes) read and written anew: what is not known to only compute is refused.

use sqlparser::ast::{BinaryOperator, DataType, Expr, UnaryOperator, Value};
use sqlparser::dialect::{Dialect as Grammar, GenericDialect, PostgreSqlDialect};
use sqlparser::parser::Parser;

use super::predicate::arguments;

/// Functions that read nothing but their arguments, always give the same for the same, and give no more than they are given: `replace` in
/// `replace` makes gigabytes of a word.
const PURE: [&str; 21] = [
    "abs",
    "btrim",
    "coalesce",
    "concat",
    "greatest",
    "jsonb_array_length",
    "jsonb_typeof",
    "least",
    "left",
    "length",
    "lower",
    "ltrim",
    "md5",
    "nullif",
    "reverse",
    "right",
    "round",
    "rtrim",
    "strpos",
    "trim",
    "upper",
];

/// Types that a value is turned into.
const TYPES: [&str; 16] = [
    "bigint",
    "boolean",
    "date",
    "double precision",
    "int",
    "integer",
    "interval",
    "json",
    "jsonb",
    "numeric",
    "real",
    "smallint",
    "text",
    "time",
    "uuid",
    "varchar",
];

/// Parts within parts that are followed.
const MAX_DEPTH: u32 = 40;

/// How columns are written; `None` for what is no column.
pub type ColumnNaming<'n> = &'n dyn Fn(&str) -> Option<String>;

/// An expression over one row, written anew with each column as `names` writes it. `None` where it has a part that is not known, or a
/// function that is not known to do nothing but compute.
pub fn written(text: &str, names: ColumnNaming<'_>) -> Option<String> {
    read(text, &PostgreSqlDialect {})
        .or_else(|| read(text, &GenericDialect {}))
        .and_then(|expr| Writer { names }.expr(&expr, 0))
}

fn read(text: &str, grammar: &dyn Grammar) -> Option<Expr> {
    let mut parser = Parser::new(grammar).try_with_sql(text).ok()?;
    let expr = parser.parse_expr().ok()?;
    (parser.peek_token().token == sqlparser::tokenizer::Token::EOF).then_some(expr)
}

/// A literal as it stands in the model (`'active'`, `1`, `true`, `NULL`, several with commas between), each read and written anew.
pub fn literals(text: &str) -> Option<Vec<String>> {
    let Expr::Tuple(list) = read(&format!("({text}, NULL)"), &PostgreSqlDialect {})? else {
        return None;
    };
    let writer = Writer { names: &|_| None };
    let given = list.get(..list.len().checked_sub(1)?)?;
    given
        .iter()
        .map(|one| match one {
            Expr::Value(_) | Expr::UnaryOp { .. } => writer.expr(one, 0),
            _ => None,
        })
        .collect()
}

/// A text as a literal of SQL.
pub fn text_literal(text: &str) -> String {
    format!("'{}'", text.replace('\0', "").replace('\'', "''"))
}

struct Writer<'n> {
    names: ColumnNaming<'n>,
}

impl Writer<'_> {
    fn expr(&self, expr: &Expr, depth: u32) -> Option<String> {
        if depth > MAX_DEPTH {
            return None;
        }
        let one = |inner: &Expr| self.expr(inner, depth + 1);
        let not = |negated: bool| if negated { "NOT " } else { "" };
        Some(match expr {
            Expr::Identifier(name) => (self.names)(&name.value)?,
            Expr::CompoundIdentifier(path) => (self.names)(&path.last()?.value)?,
            Expr::Nested(inner) => format!("({})", one(inner)?),
            Expr::Value(value) => value_of(&value.value)?,
            Expr::IsNull(inner) => format!("{} IS NULL", one(inner)?),
            Expr::IsNotNull(inner) => format!("{} IS NOT NULL", one(inner)?),
            Expr::IsTrue(inner) => format!("{} IS TRUE", one(inner)?),
            Expr::IsFalse(inner) => format!("{} IS FALSE", one(inner)?),
            Expr::IsNotTrue(inner) => format!("{} IS NOT TRUE", one(inner)?),
            Expr::IsNotFalse(inner) => format!("{} IS NOT FALSE", one(inner)?),
            Expr::UnaryOp { op, expr } => signed(sign(*op)?, &one(expr)?),
            Expr::BinaryOp { left, op, right } => format!("{} {} {}", one(left)?, operator(op)?, one(right)?),
            Expr::InList { expr, list, negated } => {
                let list: Option<Vec<String>> = list.iter().map(one).collect();
                format!("{} {}IN ({})", one(expr)?, not(*negated), list?.join(", "))
            }
            Expr::Between { expr, negated, low, high } => {
                format!("{} {}BETWEEN {} AND {}", one(expr)?, not(*negated), one(low)?, one(high)?)
            }
            Expr::Like {
                negated,
                any: false,
                expr,
                pattern,
                escape_char: None,
            } => format!("{} {}LIKE {}", one(expr)?, not(*negated), one(pattern)?),
            Expr::Cast { expr, data_type, .. } => format!("CAST({} AS {})", one(expr)?, cast_type(data_type)?),
            Expr::Function(function) => {
                let name = function.name.to_string().to_ascii_lowercase();
                let is_plain = function.over.is_none() && function.filter.is_none() && function.within_group.is_empty();
                if !is_plain || !PURE.contains(&name.as_str()) {
                    return None;
                }
                let given: Option<Vec<String>> = arguments(function).into_iter().map(one).collect();
                format!("{name}({})", given?.join(", "))
            }
            Expr::Trim {
                trim_where: None,
                trim_what: None,
                expr,
                trim_characters: None,
            } => format!("trim({})", one(expr)?),
            _ => return None,
        })
    }
}

fn value_of(value: &Value) -> Option<String> {
    Some(match value {
        Value::Number(digits, _) => digits
            .parse::<f64>()
            .ok()
            .filter(|number| number.is_finite())
            .map(|_| digits.clone())?,
        Value::SingleQuotedString(text) | Value::EscapedStringLiteral(text) => text_literal(text),
        Value::Boolean(value) => value.to_string(),
        Value::Null => "NULL".to_owned(),
        _ => return None,
    })
}

/// Two signs in a row begin a comment.
fn signed(sign: &str, operand: &str) -> String {
    if operand.starts_with(['-', '+']) {
        format!("{sign}({operand})")
    } else {
        format!("{sign}{operand}")
    }
}

fn sign(op: UnaryOperator) -> Option<&'static str> {
    match op {
        UnaryOperator::Not => Some("NOT "),
        UnaryOperator::Minus => Some("-"),
        UnaryOperator::Plus => Some("+"),
        _ => None,
    }
}

fn operator(op: &BinaryOperator) -> Option<&'static str> {
    Some(match op {
        BinaryOperator::And => "AND",
        BinaryOperator::Or => "OR",
        BinaryOperator::Eq => "=",
        BinaryOperator::NotEq => "<>",
        BinaryOperator::Lt => "<",
        BinaryOperator::LtEq => "<=",
        BinaryOperator::Gt => ">",
        BinaryOperator::GtEq => ">=",
        BinaryOperator::Plus => "+",
        BinaryOperator::Minus => "-",
        BinaryOperator::Multiply => "*",
        BinaryOperator::Divide => "/",
        BinaryOperator::StringConcat => "||",
        BinaryOperator::Arrow => "->",
        BinaryOperator::LongArrow => "->>",
        BinaryOperator::HashArrow => "#>",
        BinaryOperator::HashLongArrow => "#>>",
        BinaryOperator::AtArrow => "@>",
        BinaryOperator::Question => "?",
        _ => return None,
    })
}

fn cast_type(data_type: &DataType) -> Option<String> {
    let text = data_type.to_string().to_ascii_lowercase();
    let base = text.split('(').next().unwrap_or_default().trim();
    TYPES.contains(&base).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn anew(text: &str) -> Option<String> {
        written(text, &|name| Some(format!("\"{name}\"")))
    }

    #[test]
    fn what_only_computes_is_written_anew() {
        assert_eq!(
            anew("deleted_at IS NULL AND \"user\".state='it''s'").as_deref(),
            Some("\"deleted_at\" IS NULL AND \"state\" = 'it''s'")
        );
        assert_eq!(anew("lower(name)").as_deref(), Some("lower(\"name\")"));
        assert_eq!(anew("(data->>'userId')").as_deref(), Some("(\"data\" ->> 'userId')"));
        assert_eq!(
            anew("(payload->'a')::text IN ('x', 'y')").as_deref(),
            Some("CAST((\"payload\" -> 'a') AS text) IN ('x', 'y')")
        );
    }

    #[test]
    fn what_may_do_more_is_refused() {
        for text in [
            "pg_read_file('/etc/passwd') IS NULL",
            "id IN (SELECT id FROM t)",
            "a = 1; DROP TABLE t",
            "pg_sleep(100) IS NULL",
            "a::regclass IS NULL",
            "dblink('x', 'y') = 1",
            "?",
        ] {
            assert_eq!(anew(text), None, "{text}");
        }
    }

    #[test]
    fn literals_are_read_one_by_one() {
        let read = |text: &str| literals(text);
        assert_eq!(
            read("'a, b', -1, true"),
            Some(vec!["'a, b'".to_owned(), "-1".to_owned(), "true".to_owned()])
        );
        assert_eq!(read("NULL"), Some(vec!["NULL".to_owned()]));
        assert_eq!(read("- -1, - + -2"), Some(vec!["-(-1)".to_owned(), "-(+(-2))".to_owned()]));
        assert_eq!(read("Status.ACTIVE"), None);
        assert_eq!(read("1) OR (1=1"), None);
    }
}
