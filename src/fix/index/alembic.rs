//! Alembic: a revision after the head.

use std::fmt::Write as _;

use super::{Wish, Written, plain_id, slug, typing};
use crate::advice::index::key_words;
use crate::fix::edits::NewFile;
use crate::fix::site::FixContext;
use crate::fix::text::line_end;
use crate::libraries::shared::index_words::python_string;
use crate::project::eval::Evaluator;
use crate::project::schema::sources;
use crate::statement::Dialect;

/// Digits of a revision's id.
const DIGITS: usize = 12;

/// A revision that is there.
struct Revision {
    path: String,
    id: String,
    follows: Vec<String>,
}

/// Writes one revision for all indexes of a series.
pub fn write(site: &FixContext<'_>, folder: &str, wishes: &[Wish<'_>]) -> Result<Written, String> {
    let revisions = revisions(site, folder)?;
    let head = head(&revisions)?;
    let stem = head.path.rsplit('/').next().unwrap_or_default().trim_end_matches(".py");
    plain_id(&head.id)?;
    plain_id(stem)?;
    let source = site.text(&head.path)?;
    let id = next_id(&revisions, head, wishes);
    let name = match stem.find(&head.id) {
        Some(at) => format!("{}{id}_{}", &stem[..at], slug(wishes)),
        None => format!("{id}_{}", slug(wishes)),
    };
    let text = text(&source.text, head, &id, wishes);
    let text = if source.text.matches('\'').count() > source.text.matches('"').count() && !text.contains(['\'', '\\']) {
        text.replace("\"\"\"", "\u{0}").replace('"', "'").replace('\u{0}', "\"\"\"")
    } else {
        text
    };
    Ok(Written {
        files: vec![NewFile {
            path: format!("{folder}/{name}.py"),
            text: text.replace('\n', line_end(&source.text)),
        }],
        ..Written::default()
    })
}

/// The revisions in a folder, and what others of the project follow; fails where one was not read.
fn revisions(site: &FixContext<'_>, folder: &str) -> Result<Vec<Revision>, String> {
    let unread = site
        .disk
        .names(folder)
        .into_iter()
        .filter(|name| name.ends_with(".py") && !name.starts_with('_'));
    for name in unread {
        let path = format!("{folder}/{name}");
        if site.file(&path).is_none() {
            return Err(format!("{path} was not read, so the last revision is not known"));
        }
    }
    let eval = Evaluator::new(&site.project.code);
    let modules = site
        .project
        .code
        .modules()
        .filter(|(_, module)| module.sym("down_revision").is_some());
    let revision = |file| {
        let path = site.project.path(file);
        let (id, follows) = sources::of_code(&eval, file, path).into_iter().find_map(|source| source.revision)?;
        Some(Revision {
            path: path.to_owned(),
            id,
            follows,
        })
    };
    let known: Vec<Revision> = modules.filter_map(|(file, _)| revision(file)).collect();
    let is_here = |revision: &Revision| revision.path.rsplit_once('/').is_some_and(|(own, _)| own == folder);
    let ids: Vec<&str> = known
        .iter()
        .filter(|revision| is_here(revision))
        .map(|revision| revision.id.as_str())
        .collect();
    let leads_here = |revision: &Revision| revision.follows.iter().any(|down| ids.contains(&down.as_str()));
    let elsewhere = known.iter().find(|revision| !is_here(revision) && leads_here(revision));
    if let Some(elsewhere) = elsewhere {
        return Err(format!("{} follows the revisions of {folder} from another folder", elsewhere.path));
    }
    Ok(known
        .into_iter()
        .filter(|revision| revision.path.rsplit_once('/').is_some_and(|(own, _)| own == folder))
        .collect())
}

fn head(revisions: &[Revision]) -> Result<&Revision, String> {
    let is_it = |id: &str, named: &str| id == named || named.len() >= 6 && id.starts_with(named);
    let is_followed = |one: &&Revision| {
        let mut named = revisions.iter().flat_map(|other| &other.follows);
        named.any(|down| is_it(&one.id, down))
    };
    let heads: Vec<&Revision> = revisions.iter().filter(|one| !is_followed(one)).collect();
    match heads.as_slice() {
        [head] => Ok(head),
        [] => Err("the revisions have no head".to_owned()),
        several => {
            let ids: Vec<&str> = several.iter().map(|head| head.id.as_str()).collect();
            Err(format!("there are several heads ({}): merge them first", ids.join(", ")))
        }
    }
}

/// The id of the next revision: a number after numbers, else digits that follow from what the revision does.
fn next_id(revisions: &[Revision], head: &Revision, wishes: &[Wish<'_>]) -> String {
    let number = |id: &str| (id.len() < 8).then(|| id.parse::<u64>().ok()).flatten();
    let numbers: Option<Vec<u64>> = revisions.iter().map(|revision| number(&revision.id)).collect();
    if let Some(last) = numbers.and_then(|numbers| numbers.into_iter().max()) {
        return format!("{:0width$}", last + 1, width = head.id.len());
    }
    let mut text = head.id.clone();
    text.extend(wishes.iter().map(|wish| wish.name.as_str()));
    let hash = xxhash_rust::xxh3::xxh3_64(text.as_bytes());
    format!("{hash:016x}").chars().take(DIGITS).collect()
}

fn text(last: &str, head: &Revision, id: &str, wishes: &[Wish<'_>]) -> String {
    let tables: Vec<&str> = wishes.iter().map(|wish| wish.table.name.as_str()).collect();
    let title = match tables.as_slice() {
        [table] => format!("add an index on {table}"),
        _ => "add indexes".to_owned(),
    };
    let imports = typing::imports(last);
    let mut out = format!("\"\"\"{title}\n\nRevision ID: {id}\nRevises: {}\n\n\"\"\"\n\n", head.id);
    for import in &imports {
        let _ = writeln!(out, "{import}");
    }
    if !imports.is_empty() {
        out.push('\n');
    }
    let (up, down) = steps(wishes);
    if up.contains("sa.") {
        out.push_str("import sqlalchemy as sa\n");
    }
    out.push_str("from alembic import op\n\n# revision identifiers, used by Alembic.\n");
    let none = || "None".to_owned();
    for (name, value) in [
        ("revision", format!("\"{id}\"")),
        ("down_revision", format!("\"{}\"", head.id)),
        ("branch_labels", none()),
        ("depends_on", none()),
    ] {
        let _ = writeln!(out, "{} = {value}", typing::assigned(last, name, &imports));
    }
    let arrow = if last.contains("def upgrade() -> None:") { " -> None" } else { "" };
    let _ = write!(out, "\n\ndef upgrade(){arrow}:\n{up}\n\ndef downgrade(){arrow}:\n{down}");
    out
}

/// The bodies of `upgrade` and `downgrade`.
fn steps(wishes: &[Wish<'_>]) -> (String, String) {
    let (mut up, mut down) = (String::new(), String::new());
    let (alone, others): (Vec<&Wish<'_>>, Vec<&Wish<'_>>) = wishes.iter().partition(|wish| is_concurrent(wish));
    for wish in &others {
        let _ = writeln!(up, "    {}", create(wish));
    }
    for wish in others.iter().rev() {
        let _ = writeln!(down, "    {}", drop_index(wish));
    }
    if !alone.is_empty() {
        let head = "    with op.get_context().autocommit_block():\n";
        up.push_str(head);
        down.push_str(head);
        for wish in &alone {
            let _ = writeln!(up, "        {}", create(wish));
        }
        for wish in alone.iter().rev() {
            let _ = writeln!(down, "        {}", drop_index(wish));
        }
    }
    (up, down)
}

/// Whether the index can be built while the table is written: the option is `PostgreSQL`'s, and others do not look at it.
fn is_concurrent(wish: &Wish<'_>) -> bool {
    matches!(wish.table.dialect, Dialect::Postgres | Dialect::Generic) && !wish.table.partition
}

fn schema(wish: &Wish<'_>) -> String {
    wish.table
        .schema
        .as_ref()
        .map_or(String::new(), |schema| format!(", schema=\"{schema}\""))
}

fn create(wish: &Wish<'_>) -> String {
    let index = wish.index();
    let keys: Vec<String> = index
        .keys()
        .map(|(column, down)| {
            if down {
                format!("sa.text({})", key_words(wish.table, column, true).descending())
            } else {
                format!("\"{column}\"")
            }
        })
        .collect();
    let dialect = if wish.table.dialect == Dialect::Sqlite {
        "sqlite"
    } else {
        "postgresql"
    };
    let mut options = schema(wish);
    if !wish.lack.include.is_empty() {
        let include: Vec<String> = wish.lack.include.iter().map(|column| format!("\"{column}\"")).collect();
        let _ = write!(options, ", {dialect}_include=[{}]", include.join(", "));
    }
    if let Some(predicate) = index.predicate(wish.table) {
        let _ = write!(options, ", {dialect}_where=sa.text({})", python_string(&predicate));
    }
    if is_concurrent(wish) {
        options.push_str(", postgresql_concurrently=True");
    }
    format!(
        "op.create_index(\"{}\", \"{}\", [{}]{options})",
        wish.name,
        wish.table.name,
        keys.join(", ")
    )
}

fn drop_index(wish: &Wish<'_>) -> String {
    let concurrently = if is_concurrent(wish) {
        ", postgresql_concurrently=True"
    } else {
        ""
    };
    format!(
        "op.drop_index(\"{}\", table_name=\"{}\"{}{concurrently})",
        wish.name,
        wish.table.name,
        schema(wish)
    )
}
