//! What a database says of its tables: row counts and index scans, from a file that a SELECT made (`--stats`).

use serde::de::{Deserializer, Error as _};
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::files::Named;

/// The largest file that is read.
const LARGEST: u64 = 64_000_000;
/// What to do about a file that is not as it should be.
const HINT: &str = "make it with the SELECT of the README, as CSV with a header or as a JSON list of objects";
/// Names of the columns.
const COLUMNS: [&str; 5] = ["table_schema", "table_name", "row_count", "index_name", "index_scans"];

/// One row of the file: a table with its size, or an index with its use.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// The table's schema.
    #[serde(default)]
    pub table_schema: Option<String>,
    /// Name of the table, as the database has it.
    pub table_name: String,
    /// Rows, about; `None` where the database does not know.
    #[serde(default, deserialize_with = "count")]
    pub row_count: Option<u64>,
    /// The index, in rows about one.
    #[serde(default)]
    pub index_name: Option<String>,
    /// How often the index was used.
    #[serde(default, deserialize_with = "count")]
    pub index_scans: Option<u64>,
}

/// A number, in whatever form exports write it.
#[derive(Deserialize)]
#[serde(untagged)]
enum Cell {
    Number(f64),
    Text(String),
}

/// A count; nothing, `NULL` and numbers below zero (a table that was never analysed) are unknown.
fn count<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    let number = match Option::<Cell>::deserialize(from)? {
        None => return Ok(None),
        Some(Cell::Number(number)) => number,
        Some(Cell::Text(text)) if matches!(text.trim(), "" | "NULL" | "\\N") => return Ok(None),
        Some(Cell::Text(text)) => text
            .trim()
            .parse()
            .map_err(|_| D::Error::custom(format!("`{text}` is no number")))?,
    };
    Ok((number >= 0.0).then_some(number as u64))
}

/// All rows of a file.
///
/// # Errors
/// The file cannot be read, is too large, or is not as the README says; the error names the file, the line and what to do.
pub fn read(file: &Named) -> Result<Vec<Record>, Error> {
    let name = file.shown();
    let bytes = file
        .read(LARGEST)
        .map_err(|refusal| refusal.error(&name, "table statistics").hint(HINT))?;
    parse(&name, &String::from_utf8_lossy(&bytes))
}

/// As [`read`], for a text; `name` is what errors call it.
///
/// # Errors
/// As of [`read`].
pub fn parse(name: &str, text: &str) -> Result<Vec<Record>, Error> {
    let text = text.trim_start_matches('\u{feff}');
    let records = if text.trim_start().starts_with(['[', '{']) {
        json(name, text)?
    } else {
        table(name, text)?
    };
    Ok(records.into_iter().map(tidy).collect())
}

/// `NULL` of an export that has no empty cells is nothing.
fn tidy(mut record: Record) -> Record {
    let is_name = |name: &String| !matches!(name.trim(), "" | "NULL" | "\\N");
    record.table_schema = record.table_schema.filter(is_name);
    record.index_name = record.index_name.filter(is_name);
    record
}

fn json(name: &str, text: &str) -> Result<Vec<Record>, Error> {
    serde_json::from_str(text).map_err(|error| {
        let what = error.to_string();
        let what = what.split(" at line ").next().unwrap_or(&what);
        Error::new(format!("{name}:{}", error.line().max(1)), what).hint(HINT)
    })
}

fn table(name: &str, text: &str) -> Result<Vec<Record>, Error> {
    let first = text.lines().next().unwrap_or_default();
    let separator = [b'\t', b';']
        .into_iter()
        .find(|separator| first.contains(char::from(*separator)))
        .unwrap_or(b',');
    let mut reader = csv::ReaderBuilder::new().delimiter(separator).from_reader(text.as_bytes());
    let wrong = |error: &csv::Error| {
        let line = error.position().map_or(1, csv::Position::line);
        let what = match error.kind() {
            csv::ErrorKind::Deserialize { err, .. } => err.to_string(),
            csv::ErrorKind::UnequalLengths { expected_len, len, .. } => format!("{len} cells where the header has {expected_len}"),
            _ => "not valid CSV".to_owned(),
        };
        Error::new(format!("{name}:{line}"), what).hint(HINT)
    };
    let header: csv::StringRecord = reader
        .headers()
        .map_err(|error| wrong(&error))?
        .iter()
        .map(|column| column.trim().to_lowercase())
        .collect();
    for column in &header {
        if !COLUMNS.contains(&column) {
            return Err(Error::unknown(format!("{name}:1"), "column", column, &COLUMNS));
        }
    }
    if !header.iter().any(|column| column == "table_name") {
        return Err(Error::new(format!("{name}:1"), "no column `table_name`").hint(HINT));
    }
    let mut records = Vec::new();
    for row in reader.records() {
        let row = row.map_err(|error| wrong(&error))?;
        records.push(row.deserialize(Some(&header)).map_err(|error| wrong(&error))?);
    }
    Ok(records)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table_of(name: &str, rows: Option<u64>) -> Record {
        Record {
            table_name: name.to_owned(),
            row_count: rows,
            ..Record::default()
        }
    }

    #[test]
    fn csv_tabs_and_json_say_the_same() {
        let index = Record {
            table_schema: Some("public".to_owned()),
            index_name: Some("a_b".to_owned()),
            index_scans: Some(0),
            ..table_of("a", None)
        };
        let first = Record {
            table_schema: Some("public".to_owned()),
            ..table_of("a", Some(1200))
        };
        let wanted = [first, index];
        let comma = "table_schema,table_name,row_count,index_name,index_scans\npublic,a,1.2e3,,\npublic,a,,a_b,0\n";
        assert_eq!(parse("s.csv", comma).expect("comma"), wanted);
        let tab =
            "TABLE_SCHEMA\tTABLE_NAME\tROW_COUNT\tINDEX_NAME\tINDEX_SCANS\r\npublic\ta\t1200\tNULL\tNULL\r\npublic\ta\tNULL\ta_b\t0\r\n";
        assert_eq!(parse("s.tsv", tab).expect("tab"), wanted);
        let list = r#"[{"table_schema": "public", "table_name": "a", "row_count": "1200"},
            {"table_schema": "public", "table_name": "a", "index_name": "a_b", "index_scans": 0, "row_count": null}]"#;
        assert_eq!(parse("s.json", list).expect("json"), wanted);
        assert_eq!(
            parse("s.csv", "table_name,row_count\na,-1\n").expect("unknown"),
            [table_of("a", None)]
        );
    }

    #[test]
    fn mistakes_name_the_line_and_the_way_out() {
        let error = |text: &str| parse("s", text).expect_err("an error").to_string();
        assert_eq!(
            error("table_name,rowcount\na,1\n"),
            "s:1: unknown column `rowcount`; did you mean `row_count`?"
        );
        assert!(error("row_count\n1\n").starts_with("s:1: no column `table_name`; make it with"));
        assert!(
            error("table_name,row_count\na,1\nb,many\n").starts_with("s:3: "),
            "{}",
            error("table_name,row_count\na,1\nb,many\n")
        );
        assert!(error("table_name,row_count\na,1,2\n").starts_with("s:2: 3 cells where the header has 2; make it with"));
        assert!(error("[\n{\"row_count\": 1}\n]").starts_with("s:2: missing field `table_name`; make it with"));
        assert!(error("[\n{\"table_name\": \"a\", \"rows\": 1}\n]").starts_with("s:2: unknown field `rows`"));
        assert!(error("{\"table_name\": 1}").starts_with("s:1: invalid type: map"));
        assert!(error("").starts_with("s:1: "));
    }
}
