//! Migrations that are programs (`TypeORM`, Knex, Sequelize, Kysely): a step after the last one, in the form of the last one that has a
//! plain form, with other bodies.

mod frame;
mod knex;
mod kysely;
mod names;
pub mod sequelize;
mod typeorm;

use super::style::{self, Style};
use super::{SEVERAL, WAITS, Wish, Written, plain_id, slug};
use crate::fix::edits::NewFile;
use crate::fix::site::FixContext;
use crate::ir::ExprKind;
use crate::libraries;
use crate::project::dialect;
use crate::project::schema::Tool;
use crate::statement::Dialect;
use crate::walk::FileRole;
use frame::Frame;
use names::StepName;

/// How the steps of a tool are written.
struct Form {
    /// The statement that makes an index, without what waits for it; `None` where the tool has no words for it.
    create: fn(&Wish<'_>, &Manner<'_>) -> Option<String>,
    /// The statement that drops it.
    remove: fn(&Wish<'_>, &Manner<'_>) -> String,
    /// A name that a statement needs from a package.
    needs: fn(&str) -> Option<(&'static str, &'static str)>,
    /// Whether steps may stand outside of a transaction, where the last ones of the folder have these texts.
    steps_alone: fn(&FixContext<'_>, &[String]) -> bool,
    /// The form of such a step: what tells the tool so is put into it.
    alone: fn(Frame, &Style) -> Frame,
}

/// What statements of a step are written with.
struct Manner<'s> {
    /// Of the text around.
    style: &'s Style,
    /// What the function is given.
    handle: &'s str,
    /// The index is built while the table is written.
    is_concurrent: bool,
    /// The project runs on one database, so that SQL can be written for it.
    is_one: bool,
    /// The steps before it are SQL.
    prefers_sql: bool,
}

/// Whether a tool's steps are programs that are written here.
pub fn knows(tool: Tool) -> bool {
    form(tool).is_some()
}

fn form(tool: Tool) -> Option<Form> {
    let forms = [
        (libraries::typeorm::TOOL, typeorm::FORM),
        (libraries::knex::TOOL, knex::FORM),
        (libraries::sequelize::TOOL, sequelize::FORM),
        (libraries::kysely::TOOL, kysely::FORM),
    ];
    forms.into_iter().find(|(own, _)| *own == tool).map(|(_, form)| form)
}

/// Writes steps for the indexes of a series: one for all of them, or one for each where the steps do not wait for what they start.
pub fn write(site: &FixContext<'_>, (tool, folder): (Tool, &str), wishes: &[Wish<'_>]) -> Result<Written, String> {
    let form = form(tool).ok_or_else(|| format!("migrations of {} are not written yet", tool.library()))?;
    let steps = names::steps(site, folder);
    let last = names::last(&steps, tool).ok_or("its migrations have no numbers that could be counted on")?;
    plain_id(last)?;
    let texts = frame::texts(site, folder, &steps);
    let only = |dialect: Dialect| wishes.iter().all(|wish| wish.table.dialect == dialect) && dialect::is_only(&site.project.code, dialect);
    let is_postgres = wishes.iter().any(|wish| wish.table.dialect == Dialect::Postgres);
    let has_parts = wishes.iter().any(|wish| wish.table.partition);
    let is_concurrent = only(Dialect::Postgres) && !has_parts && (form.steps_alone)(site, &texts);
    let frame =
        frame::of_folder(site, folder, &steps, wishes.len()).ok_or("none of its last migrations has a form that a new one could take")?;
    let mut written = Written::default();
    if is_postgres && !is_concurrent && !has_parts {
        let why = if only(Dialect::Postgres) { WAITS } else { SEVERAL };
        why.clone_into(&mut written.doubt);
    }
    if let Some(list) = listing(site, folder, last) {
        written.doubt = format!("{list} lists the migrations by their names: the new one is to be added there");
    }
    let (is_one, prefers_sql) = (
        [Dialect::Postgres, Dialect::MySql, Dialect::Sqlite].into_iter().any(only),
        style::prefers_sql(&texts),
    );
    let mut name = StepName::of(last).ok_or("its migrations have no numbers that could be counted on")?;
    let part_size = if frame.waits() { wishes.len() } else { 1 };
    for part in wishes.chunks(part_size) {
        let words = slug(part);
        name = name.next(&words, &steps)?;
        let of = |handle| Manner {
            style: &frame.style,
            handle,
            is_concurrent,
            is_one,
            prefers_sql,
        };
        let (up, down) = (of(&frame.up), of(&frame.down));
        let create: Option<Vec<String>> = part.iter().map(|wish| (form.create)(wish, &up)).collect();
        let create = create.ok_or_else(|| format!("{} has no words for it", tool.library()))?;
        let remove: Vec<String> = part.iter().rev().map(|wish| (form.remove)(wish, &down)).collect();
        let framed = if is_concurrent {
            (form.alone)(frame.clone(), &frame.style)
        } else {
            frame.clone()
        };
        let imports = create.iter().find_map(|text| (form.needs)(text));
        let text = framed.with(&create, &remove, imports, &name)?;
        written.files.push(NewFile {
            path: format!("{folder}/{}", name.file()),
            text,
        });
    }
    Ok(written)
}

/// A module that names the last step, so that a new one is not run before it is named there, too.
fn listing(site: &FixContext<'_>, folder: &str, last: &str) -> Option<String> {
    let stem = last.split('.').next()?;
    let code = &site.project.code;
    let names_it = |module: &crate::ir::Module| {
        let mut imports = module.imports.iter().map(|import| module.str(import.module));
        let is_it = |path: &str| path.rsplit('/').next().is_some_and(|name| name.split('.').next() == Some(stem));
        let is_imported = imports.any(is_it);
        is_imported
            || module
                .exports
                .iter()
                .filter_map(|export| export.from)
                .any(|from| is_it(module.str(from)))
    };
    let mut all = code.modules().filter(|(file, _)| {
        let path = site.project.path(*file);
        path.rsplit_once('/')
            .is_none_or(|(own, name)| own != folder || !name.starts_with(|c: char| c.is_ascii_digit()))
    });
    let found = all.find(|(file, module)| !matches!(site.project.role(*file), FileRole::Test | FileRole::Example) && names_it(module));
    found.map(|(file, _)| site.project.path(file).to_owned())
}

/// Whether the code sets an option to one of some texts or to `true`: `migrationsTransactionMode: "each"`.
fn sets(site: &FixContext<'_>, option: &str, values: &[&str]) -> bool {
    let modules = site.project.code.modules().filter(|(_, module)| module.mentions(&[option]));
    modules.into_iter().any(|(_, module)| {
        module.expr_ids().any(|(_, expr)| {
            let ExprKind::Object(entries) = &expr.kind else { return false };
            entries.iter().any(|entry| {
                let is_it = entry.key.and_then(|key| module.string(key)) == Some(option);
                let is_set = matches!(module.kind(entry.value), ExprKind::Bool(true));
                is_it && (is_set && values.is_empty() || module.string(entry.value).is_some_and(|text| values.contains(&text)))
            })
        })
    })
}
