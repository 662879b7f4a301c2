//! Plain SQL: a numbered or timestamped file after the last one, in its form.

use super::{Wish, Written, slug};
use crate::advice::index::{create_index, quoted, quoted_path};
use crate::fix::edits::NewFile;
use crate::fix::site::FixContext;
use crate::fix::text::line_end;
use crate::project::schema::order;
use crate::statement::Dialect;

/// The name of a step, taken apart: `V`, `0012`, `__`, and what comes after the words.
struct Name<'n> {
    head: &'n str,
    number: &'n str,
    between: &'n str,
    tail: &'n str,
}

/// Ends of names, the longest first; one with `up` has a sister with `down`.
const TAILS: [&str; 3] = [".up.sql", ".down.sql", ".sql"];

impl<'n> Name<'n> {
    fn of(name: &'n str) -> Option<Name<'n>> {
        let head = if name.starts_with(['V', 'v']) { &name[..1] } else { "" };
        let rest = &name[head.len()..];
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, rest) = rest.split_at(digits);
        let blanks = rest.len() - rest.trim_start_matches(['_', '-']).len();
        let tail = TAILS.into_iter().find(|tail| rest.ends_with(tail))?;
        // `0012.sql` has no words.
        (!number.is_empty() && (blanks > 0 || rest == tail)).then(|| Name {
            head,
            number,
            between: &rest[..blanks],
            tail,
        })
    }

    fn with(&self, number: &str, words: &str, tail: &str) -> String {
        let words = match self.between {
            "" => String::new(),
            "-" => words.replace('_', "-"),
            _ => words.to_owned(),
        };
        format!("{}{number}{}{words}{tail}", self.head, self.between)
    }
}

/// The number after a number of a step: one more, of the same length. A time stays one.
pub fn after(number: &str) -> Option<String> {
    let mut value: u64 = number.parse().ok()?;
    value = value.checked_add(1)?;
    if number.len() == 14 {
        for (unit, over) in [(1, 60), (100, 60), (10_000, 24)] {
            if value / unit % 100 >= over {
                value += unit * (100 - over);
            }
        }
    }
    let text = format!("{value:0width$}", width = number.len());
    (text.len() == number.len()).then_some(text)
}

/// Writes a file for the indexes of a series; on `PostgreSQL` one for each, since CONCURRENTLY wants to be alone.
pub fn write(site: &FixContext<'_>, folder: &str, wishes: &[Wish<'_>]) -> Result<Written, String> {
    let names = site.disk.names(folder);
    if site.disk.has(&format!("{folder}/meta/_journal.json")) {
        return Err("Drizzle keeps a journal of these migrations: let `drizzle-kit generate` write it".to_owned());
    }
    let is_step = |name: &&String| {
        let is_numbered = name.trim_start_matches(['V', 'v']).starts_with(|c: char| c.is_ascii_digit());
        is_numbered && name.ends_with(".sql") && !order::undoes(name)
    };
    let steps = names.iter().filter(is_step);
    let last = steps.max_by_key(|name| order::key(name.trim_start_matches(['V', 'v'])));
    let is_program = |name: &String| [".js", ".py", ".ts"].iter().any(|ending| name.ends_with(ending));
    if last.is_none() && names.iter().any(is_program) {
        return Err("its migrations are programs in a form of the project's own".to_owned());
    }
    let last = last.ok_or("its migrations have no numbers that could be counted on")?;
    let name = Name::of(last).ok_or("its migrations have no numbers that could be counted on")?;
    let source = site.text(&format!("{folder}/{last}"))?;
    let end = line_end(&source.text);
    let has_sister = name.tail == ".up.sql";
    let mut number = name.number.to_owned();
    let mut written = Written {
        doubt: "what runs these files may wrap each in a transaction, in which CONCURRENTLY fails".to_owned(),
        ..Written::default()
    };
    let is_apart = wishes.iter().any(|wish| is_concurrent(wish));
    if !is_apart {
        written.doubt.clear();
    }
    for part in wishes.chunks(if is_apart { 1 } else { wishes.len() }) {
        number = after(&number).ok_or_else(|| format!("{last} does not say what number follows it"))?;
        let create: Option<Vec<String>> = part.iter().map(|wish| create_index(wish.table, &wish.index())).collect();
        let create = create.ok_or("it cannot be written as SQL")?.join("\n");
        let drop: Vec<String> = part.iter().rev().map(|wish| drop(wish, is_concurrent(wish))).collect();
        let (up, is_sure) = framed(&source.text, &create, &drop.join("\n"));
        if is_sure {
            written.doubt.clear();
        }
        let mut push = |tail: &str, text: &str| {
            written.files.push(NewFile {
                path: format!("{folder}/{}", name.with(&number, &slug(part), tail)),
                text: format!("{text}\n").replace('\n', end),
            });
        };
        push(name.tail, &up);
        if has_sister {
            push(".down.sql", &drop.join("\n"));
        }
    }
    Ok(written)
}

fn is_concurrent(wish: &Wish<'_>) -> bool {
    wish.table.dialect == Dialect::Postgres && !wish.table.partition
}

/// The statement that creates an index, where it can be written as SQL.
pub fn create(wish: &Wish<'_>, is_concurrent: bool) -> Option<String> {
    let text = create_index(wish.table, &wish.index())?;
    Some(if is_concurrent {
        text
    } else {
        text.replacen("INDEX CONCURRENTLY ", "INDEX ", 1)
    })
}

/// The statement that drops it.
pub fn drop(wish: &Wish<'_>, is_concurrent: bool) -> String {
    let table = wish.table;
    let name = quoted(&wish.name, table.dialect);
    let path = table
        .schema
        .as_ref()
        .map_or(name.clone(), |schema| format!("{}.{name}", quoted(schema, table.dialect)));
    match table.dialect {
        Dialect::MySql => format!("DROP INDEX {name} ON {};", quoted_path(&table.full_name(), table.dialect)),
        _ if is_concurrent => format!("DROP INDEX CONCURRENTLY {path};"),
        _ => format!("DROP INDEX {path};"),
    }
}

/// The text of a step with the marks of the tool whose marks the last one has, and whether they say that no transaction is to be opened.
fn framed(last: &str, create: &str, drop: &str) -> (String, bool) {
    let concurrent = create.contains("CONCURRENTLY");
    let has = |mark: &str| last.lines().any(|line| line.trim_start().starts_with(mark));
    match () {
        () if has("-- migrate:up") => {
            let option = if concurrent { " transaction:false" } else { "" };
            (
                format!("-- migrate:up{option}\n{create}\n\n-- migrate:down{option}\n{drop}"),
                concurrent,
            )
        }
        () if has("-- +goose Up") => {
            let option = if concurrent { "-- +goose NO TRANSACTION\n" } else { "" };
            (format!("{option}-- +goose Up\n{create}\n\n-- +goose Down\n{drop}"), concurrent)
        }
        () if has("-- +migrate Up") => {
            let option = if concurrent { " notransaction" } else { "" };
            (
                format!("-- +migrate Up{option}\n{create}\n\n-- +migrate Down{option}\n{drop}"),
                concurrent,
            )
        }
        () => (create.to_owned(), false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_follows_in_its_form() {
        assert_eq!(after("0009").as_deref(), Some("0010"));
        assert_eq!(after("20240131235959").as_deref(), Some("20240132000000"));
        assert_eq!(after("20240131104559").as_deref(), Some("20240131104600"));
        assert_eq!((after("99"), after("x")), (None, None));
    }

    #[test]
    fn names_are_taken_apart_and_made_in_their_form() {
        let made = |name: &str| Name::of(name).map(|parts| parts.with("8", "a_b", parts.tail));
        assert_eq!(made("V7__users.sql").as_deref(), Some("V8__a_b.sql"));
        assert_eq!(made("7_users.up.sql").as_deref(), Some("8_a_b.up.sql"));
        assert_eq!(made("7-users.sql").as_deref(), Some("8-a-b.sql"));
        assert_eq!(made("7.sql").as_deref(), Some("8.sql"));
        assert_eq!((made("users.sql"), made("7users.sql")), (None, None));
    }
}
