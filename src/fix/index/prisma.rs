//! Prisma: `@@index` in the model, and a migration folder where the repository has some.

use super::{Series, Wish, Written, sql};
use crate::advice::index::{create_index, declare_index};
use crate::fix::edits::{Edit, NewFile};
use crate::fix::site::FixContext;
use crate::fix::text;
use crate::libraries::prisma::TOOL;
use crate::project::schema::{Table, order};
use crate::statement::Dialect;

/// The file in a migration's folder.
const STEP: &str = "migration.sql";

/// A table without migrations: the schema is pushed, where there is no folder of migrations beside it.
pub fn without_steps(site: &FixContext<'_>, table: &Table) -> Result<Series, String> {
    let file = table.places.iter().find(|place| place.kind.is_model()).map(|place| &*place.file);
    let above = |path: &str| path.rsplit_once('/').map_or(String::new(), |(above, _)| above.to_owned());
    let folder = file.map(above).ok_or("its model is not known")?;
    // A schema of several files may stand one folder below.
    for folder in [folder.clone(), above(&folder)] {
        let steps = if folder.is_empty() {
            "migrations".to_owned()
        } else {
            format!("{folder}/migrations")
        };
        if site.disk.has(&steps) {
            return Err(format!("the migrations in {steps} do not make its table, as far as they were read"));
        }
    }
    Ok(Series { tool: TOOL, folder: None })
}

/// Edits that declare the indexes of one model.
pub fn edits(site: &FixContext<'_>, wishes: &[Wish<'_>]) -> Result<Vec<Edit>, String> {
    let Some(first) = wishes.first() else { return Ok(Vec::new()) };
    let place = first
        .table
        .places
        .iter()
        .find(|place| place.kind.is_model())
        .ok_or("its model is not known")?;
    let source = site.editable(&place.file)?;
    let unclear = || format!("{}: the block of its model was not found", place.file);
    let block = text::slice(&source.text, place.span).ok_or_else(unclear)?;
    let close = block.rfind('}').filter(|_| block.starts_with("model")).ok_or_else(unclear)?;
    let inner = block[..close].trim_end();
    let at = place.span.start as usize + inner.len();
    let last = inner.rsplit('\n').next().unwrap_or_default();
    if last.trim_start().starts_with("model") {
        return Err(unclear());
    }
    let indent = text::line_indent(&source.text, at);
    let end = text::line_end(&source.text);
    let is_first = !last.trim_start().starts_with("@@");
    let mut out = String::new();
    for wish in wishes {
        let usual = format!("{}_{}_idx", wish.table.name, wish.lack.columns.join("_"));
        let mut text = declare_index(wish.table, &wish.index()).ok_or("it cannot be declared")?;
        if wish.name != usual {
            text.insert_str(text.len().saturating_sub(1), &format!(", map: \"{}\"", wish.name));
        }
        if out.is_empty() && is_first {
            out.push_str(end);
        }
        out.push_str(&format!("{end}{indent}{text}"));
    }
    Ok(vec![Edit::insert(&place.file, at, out)])
}

/// Writes migrations: on `PostgreSQL` one for each index, since only a statement that is alone in its file runs outside of a transaction.
pub fn write(site: &FixContext<'_>, folder: &str, wishes: &[Wish<'_>]) -> Result<Written, String> {
    let names = site.disk.names(folder);
    let steps = names.iter().filter(|name| site.disk.has(&format!("{folder}/{name}/{STEP}")));
    let last = steps
        .max_by_key(|name| order::key(name))
        .ok_or("its folder of migrations has no step")?;
    let mut number = last.split('_').next().unwrap_or_default().to_owned();
    let is_apart = wishes.iter().any(|wish| wish.table.dialect == Dialect::Postgres);
    let mut written = Written::default();
    for part in wishes.chunks(if is_apart { 1 } else { wishes.len() }) {
        number = sql::after(&number).ok_or_else(|| format!("{last} does not say what number follows it"))?;
        let statements: Option<Vec<String>> = part.iter().map(|wish| create_index(wish.table, &wish.index())).collect();
        let statements = statements.ok_or("it cannot be written as SQL")?;
        let lines: Vec<String> = statements
            .iter()
            .map(|statement| format!("-- CreateIndex\n{statement}\n"))
            .collect();
        written.files.push(NewFile {
            path: format!("{folder}/{number}_{}/{STEP}", super::slug(part)),
            text: lines.join("\n"),
        });
    }
    Ok(written)
}
