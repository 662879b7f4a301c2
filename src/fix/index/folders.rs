//! The folders of migrations that change a table, and tables that no migration makes: their models do, where the project says so.

use std::collections::BTreeSet;

use super::{Series, drizzle_steps, script};
use crate::fix::site::FixContext;
use crate::ir::ExprKind;
use crate::project::schema::{SchemaPlace, SourceKind, Table, Tool, order};
use crate::syntax::facts::ToolchainSettings;
use crate::vocabulary::List;

/// The tools and folders of the steps that a table comes from. Steps that were put aside belong to the folder that they were moved from, and
/// of folders for several databases it is the one of the table's.
pub fn of_table(site: &FixContext<'_>, table: &Table) -> Vec<(Tool, String)> {
    let columns = table.columns.iter().flat_map(|column| &column.places);
    let steps: BTreeSet<(Tool, String)> = table.places.iter().chain(columns).filter_map(step).collect();
    let current: BTreeSet<(Tool, String)> = steps.into_iter().map(|step| current(site, step)).collect();
    if current.len() < 2 {
        return current.into_iter().collect();
    }
    let is_its = |(_, folder): &&(Tool, String)| drizzle_steps::dialect(site, folder) == Some(table.dialect);
    let own: Vec<(Tool, String)> = current.iter().filter(is_its).cloned().collect();
    let has_journals = current.iter().all(|(_, folder)| drizzle_steps::has_journal(site, folder));
    if own.len() == 1 && has_journals {
        own
    } else {
        current.into_iter().collect()
    }
}

fn step(place: &SchemaPlace) -> Option<(Tool, String)> {
    match place.kind {
        SourceKind::Migration(tool) => Some((tool, order::place(&place.file).0)),
        _ => None,
    }
}

/// For a folder of old steps, or of a first one without a number, the one whose steps follow them: the only one around it, beside it or,
/// where it has no number, below it.
fn current(site: &FixContext<'_>, (tool, folder): (Tool, String)) -> (Tool, String) {
    let (above, name) = folder.rsplit_once('/').unwrap_or(("", &folder));
    let is_old = List::Archives.has(name);
    let has_numbers = || {
        site.disk
            .names(&folder)
            .iter()
            .any(|name| name.starts_with(|c: char| c.is_ascii_digit()))
    };
    if !is_old && (!script::knows(tool) || has_numbers()) {
        return (tool, folder);
    }
    let all = folders(site);
    let parent = |other: &str| other.rsplit_once('/').map_or("", |(parent, _)| parent).to_owned();
    let is_near = |other: &&(Tool, String)| {
        let is_beside = other.1 == above || parent(&other.1) == above;
        other.0 == tool && other.1 != folder && if is_old { is_beside } else { parent(&other.1) == folder }
    };
    let mut near = all.iter().filter(is_near);
    let found = near.next().filter(|_| near.next().is_none()).cloned();
    found.unwrap_or((tool, folder))
}

/// The series of a project in which a tool has no steps, and models make the tables.
pub(super) fn made_by_models(site: &FixContext<'_>, tool: Tool, are_made: fn(&FixContext<'_>) -> bool) -> Result<Series, String> {
    let is_made = !has_steps(site, tool) && are_made(site);
    is_made.then_some(Series { tool, folder: None }).ok_or_else(unknown)
}

pub(super) fn unknown() -> String {
    "no migration that was read makes its table".to_owned()
}

/// The folders of steps.
fn folders(site: &FixContext<'_>) -> BTreeSet<(Tool, String)> {
    let places = site.project.schema.tables.iter().flat_map(|table| &table.places);
    places.filter_map(step).collect()
}

fn has_steps(site: &FixContext<'_>, tool: Tool) -> bool {
    folders(site).iter().any(|(own, _)| *own == tool)
}

/// `drizzle-kit push` among the scripts, and no journal.
pub(super) fn is_pushed(site: &FixContext<'_>) -> bool {
    let scripts = site.project.code.files.iter().flat_map(|facts| match &facts.settings {
        Some(ToolchainSettings::Package { scripts, .. }) => scripts.as_slice(),
        _ => &[],
    });
    let pushes = |(_, line): &(String, String)| line.contains("drizzle-kit push");
    let has_journal = |(_, folder): &(Tool, String)| drizzle_steps::has_journal(site, folder);
    scripts.into_iter().any(pushes) && !folders(site).iter().any(has_journal)
}

/// `sequelize.sync()`.
pub(super) fn calls_sync(site: &FixContext<'_>) -> bool {
    let modules = site.project.code.modules().filter(|(_, module)| module.mentions(&["sync"]));
    modules.into_iter().any(|(_, module)| {
        let calls = module.call_ids().filter_map(|expr| module.call(expr));
        let receiver = |call: &crate::ir::Call<'_>| call.receiver().and_then(|receiver| module.dotted(receiver));
        calls.filter(|call| call.method() == Some("sync")).any(|call| {
            let name = receiver(&call).unwrap_or_default().to_lowercase();
            name.ends_with("sequelize") || name == "db"
        })
    })
}

/// `synchronize: true`, or what is worked out while it runs.
pub(super) fn synchronizes(site: &FixContext<'_>) -> bool {
    let modules = site.project.code.modules().filter(|(_, module)| module.mentions(&["synchronize"]));
    modules.into_iter().any(|(_, module)| {
        module.expr_ids().any(|(_, expr)| {
            let ExprKind::Object(entries) = &expr.kind else { return false };
            let set = entries
                .iter()
                .filter(|entry| entry.key.and_then(|key| module.string(key)) == Some("synchronize"));
            set.into_iter()
                .any(|entry| !matches!(module.kind(entry.value), ExprKind::Bool(false)))
        })
    })
}
