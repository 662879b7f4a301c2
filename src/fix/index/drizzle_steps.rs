//! Drizzle: a file of SQL after the last one, with its entry in the journal and a snapshot where the others have one.

use serde_json::{Map, Value, json};

use super::{WAITS, Wish, Written, plain_id, slug, sql};
use crate::advice::index::quoted;
use crate::fix::edits::{Edit, NewFile};
use crate::fix::site::FixContext;
use crate::fix::text::{line_end, line_indent};
use crate::libraries::drizzle::TOOL;
use crate::project::schema::Tool;
use crate::statement::Dialect;

/// What lists the steps, below their folder.
const JOURNAL: &str = "meta/_journal.json";
/// The forms of snapshots that are known, by database.
const KNOWN: [(&str, &str); 3] = [("mysql", "5"), ("postgresql", "7"), ("sqlite", "6")];

/// The last step by the journal.
struct LastStep {
    tag: String,
    index: u64,
    when: u64,
    entry: Map<String, Value>,
}

/// Whether a folder of SQL is Drizzle's.
pub fn has_journal(site: &FixContext<'_>, folder: &str) -> bool {
    site.disk.has(&format!("{folder}/{JOURNAL}"))
}

/// Drizzle, where it keeps the journal of a folder of SQL that makes the tables of its models.
pub fn of_journal(site: &FixContext<'_>, folder: &str, model: Option<Tool>) -> Option<Tool> {
    model.filter(|model| *model == TOOL && has_journal(site, folder))
}

/// The database that a folder's steps are for, as its journal says.
pub fn dialect(site: &FixContext<'_>, folder: &str) -> Option<Dialect> {
    let journal = site.disk.read(&format!("{folder}/{JOURNAL}")).ok()?;
    let journal: Value = serde_json::from_str(&journal.text).ok()?;
    match journal.get("dialect")?.as_str()? {
        "postgresql" | "pg" => Some(Dialect::Postgres),
        "mysql" => Some(Dialect::MySql),
        "sqlite" => Some(Dialect::Sqlite),
        _ => None,
    }
}

/// Writes one step for the indexes of a folder; where its snapshot cannot be written, the declaration is all, and its own tool makes the
/// step of it.
pub fn write(site: &FixContext<'_>, folder: &str, wishes: &[Wish<'_>]) -> Result<Written, String> {
    step(site, folder, wishes).or_else(|why| {
        Ok(Written {
            doubt: format!("{why}, so the step is still to be made: `drizzle-kit generate` makes it of the declaration"),
            ..Written::default()
        })
    })
}

fn step(site: &FixContext<'_>, folder: &str, wishes: &[Wish<'_>]) -> Result<Written, String> {
    let path = format!("{folder}/{JOURNAL}");
    let source = site.editable(&path)?;
    let unknown = || format!("{path} has a form that is not known");
    let last = last(&source.text).ok_or_else(unknown)?;
    let newest = site.disk.names(folder).into_iter().filter(|name| name.ends_with(".sql")).max();
    if newest != Some(format!("{}.sql", last.tag)) {
        return Err(format!("{path} does not name the last file of {folder}"));
    }
    plain_id(&last.tag)?;
    let (number, _) = last.tag.split_once('_').ok_or_else(unknown)?;
    let next = sql::after(number).ok_or_else(unknown)?;
    let tag = format!("{next}_{}", slug(wishes));
    let mut written = Written {
        edits: vec![entry(&path, &source.text, &last, &tag).ok_or_else(unknown)?],
        ..Written::default()
    };
    let file = site.text(&format!("{folder}/{}.sql", last.tag))?;
    let statements: Vec<String> = wishes.iter().map(statement).collect();
    written.files.push(NewFile {
        path: format!("{folder}/{tag}.sql"),
        text: statements.join("--> statement-breakpoint\n").replace('\n', line_end(&file.text)),
    });
    let shots = site.disk.names(&format!("{folder}/meta"));
    if shots.iter().any(|name| name.ends_with("_snapshot.json")) {
        let shot = site.text(&format!("{folder}/meta/{number}_snapshot.json"))?;
        written.files.push(NewFile {
            path: format!("{folder}/meta/{next}_snapshot.json"),
            text: snapshot(&shot.text, &tag, wishes).ok_or_else(|| format!("the snapshot of {} has a form that is not known", last.tag))?,
        });
    }
    if wishes.iter().any(|wish| wish.table.dialect == Dialect::Postgres) {
        WAITS.clone_into(&mut written.doubt);
    }
    Ok(written)
}

fn last(journal: &str) -> Option<LastStep> {
    let journal: Value = serde_json::from_str(journal).ok()?;
    let entry = journal.get("entries")?.as_array()?.last()?.as_object()?;
    Some(LastStep {
        tag: entry.get("tag")?.as_str()?.to_owned(),
        index: entry.get("idx")?.as_u64()?,
        when: entry.get("when")?.as_u64()?,
        entry: entry.clone(),
    })
}

/// The entry of a step, after the last one and in its form.
fn entry(path: &str, journal: &str, last: &LastStep, tag: &str) -> Option<Edit> {
    let close = journal.rfind(']')?;
    let brace = journal[..close].rfind('}')?;
    let open = journal[..brace].rfind('{')?;
    let is_last = journal[brace + 1..close].trim().is_empty() && journal[close + 1..].trim() == "}";
    let mut entry = last.entry.clone();
    for (key, value) in [("idx", json!(last.index + 1)), ("when", json!(last.when + 1)), ("tag", json!(tag))] {
        entry.insert(key.to_owned(), value);
    }
    let (outer, inner) = (line_indent(journal, open), line_indent(journal, journal[..brace].trim_end().len()));
    let end = line_end(journal);
    let lines: Option<Vec<String>> = entry
        .iter()
        .map(|(key, value)| Some(format!("{end}{inner}\"{key}\": {}", serde_json::to_string(value).ok()?)))
        .collect();
    let text = format!(",{end}{outer}{{{}{end}{outer}}}", lines?.join(","));
    is_last.then(|| Edit::insert(path, brace + 1, text))
}

/// A name as Drizzle writes it, always in quotes.
fn name(name: &str, dialect: Dialect) -> String {
    let quote = if dialect == Dialect::Postgres { '"' } else { '`' };
    let plain = quoted(name, dialect);
    format!("{quote}{}{quote}", plain.trim_matches(['"', '`']))
}

fn statement(wish: &Wish<'_>) -> String {
    let (table, index) = (wish.table, wish.index());
    let is_postgres = table.dialect == Dialect::Postgres;
    let keys: Vec<String> = index.keys().map(|(column, _)| name(column, table.dialect)).collect();
    let path: Vec<String> = table
        .schema
        .iter()
        .chain([&table.name])
        .map(|part| name(part, table.dialect))
        .collect();
    let method = if is_postgres { "USING btree " } else { "" };
    let only = index
        .predicate(table)
        .map_or(String::new(), |predicate| format!(" WHERE {predicate}"));
    format!(
        "CREATE INDEX {} ON {} {method}({}){only};",
        name(&wish.name, table.dialect),
        path.join("."),
        keys.join(",")
    )
}

/// The last snapshot with the indexes; `None` where its form is not known, or it does not have a table.
fn snapshot(last: &str, tag: &str, wishes: &[Wish<'_>]) -> Option<String> {
    let mut shot: Value = serde_json::from_str(last).ok()?;
    let text = |key: &str| shot.get(key).and_then(Value::as_str);
    let (dialect, version) = (text("dialect")?, text("version")?);
    if !KNOWN.contains(&(dialect, version)) {
        return None;
    }
    let before = text("id")?.to_owned();
    let is_postgres = dialect == "postgresql";
    let tables = shot.get_mut("tables")?.as_object_mut()?;
    for wish in wishes {
        let table = tables.values_mut().find(|table| is_it(table, wish))?;
        let indexes = table.get_mut("indexes")?.as_object_mut()?;
        indexes.insert(wish.name.clone(), if is_postgres { of_postgres(wish) } else { of_others(wish) });
    }
    shot["prevId"] = json!(before);
    shot["id"] = json!(identity(&format!("{before}{tag}")));
    let inner = last.lines().nth(1).map_or("  ", |line| line_indent(line, 0));
    let mut out = Vec::new();
    let format = serde_json::ser::PrettyFormatter::with_indent(inner.as_bytes());
    let mut writer = serde_json::Serializer::with_formatter(&mut out, format);
    serde::Serialize::serialize(&shot, &mut writer).ok()?;
    let end = if last.ends_with('\n') { "\n" } else { "" };
    Some(format!("{}{end}", String::from_utf8(out).ok()?))
}

fn is_it(table: &Value, wish: &Wish<'_>) -> bool {
    let text = |key: &str| table.get(key).and_then(Value::as_str).unwrap_or_default();
    let schema = wish.table.schema.as_deref().unwrap_or_default();
    text("name") == wish.table.name && (text("schema") == schema || schema.is_empty() && text("schema") == "public")
}

fn of_postgres(wish: &Wish<'_>) -> Value {
    let column = |column: &String| json!({ "expression": column, "isExpression": false, "asc": true, "nulls": "last" });
    let columns: Vec<Value> = wish.lack.columns.iter().map(column).collect();
    let mut made = json!({ "name": wish.name, "columns": columns, "isUnique": false });
    if let Some(predicate) = wish.index().predicate(wish.table) {
        made["where"] = json!(predicate);
    }
    made["concurrently"] = json!(false);
    made["method"] = json!("btree");
    made["with"] = json!({});
    made
}

fn of_others(wish: &Wish<'_>) -> Value {
    let mut made = json!({ "name": wish.name, "columns": wish.lack.columns, "isUnique": false });
    if let Some(predicate) = wish.index().predicate(wish.table) {
        made["where"] = json!(predicate);
    }
    made
}

/// An identity in the form of a random one, which follows from a text.
fn identity(text: &str) -> String {
    let hex = format!("{:032x}", xxhash_rust::xxh3::xxh3_128(text.as_bytes()));
    format!("{}-{}-4{}-8{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..])
}
