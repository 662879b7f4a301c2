//! Related rows that are loaded along only to be counted.

use super::ID;
use crate::advice::texts::{Advised, Select, advice};
use crate::finding::{Confidence, Finding};
use crate::judge::cost::Cost;
use crate::judge::scale::{Rows, Scale};
use crate::judge::{evidence, priority, reach, scale};
use crate::project::Project;
use crate::project::row_usage::RowLoad;
use crate::project::schema::{Tool, Trait};

/// The findings, one for each relation of a load.
pub fn check(project: &Project) -> impl Iterator<Item = Finding> {
    let own = project.loads.iter().filter(|load| load.via.is_none() && load.usage.is_local());
    own.flat_map(move |load| {
        let paths = load.query.eager.iter().filter(|path| load.usage.measured.contains(path.as_str()));
        paths.filter_map(move |path| finding(project, load, path))
    })
}

fn finding(project: &Project, load: &RowLoad, relation: &str) -> Option<Finding> {
    let table = project.table_of(&load.query)?;
    let mut models = table.models.iter().filter_map(|&model| project.schema.models.get(model));
    // A part of them, or the first, is loaded where a query says so: other libraries always load all.
    let is_whole = |tool: Option<Tool>| {
        let is_unbounded = load.query.unbounded_includes.iter().any(|path| path == relation);
        is_unbounded || tool.is_some_and(|tool| tool.has(Trait::RelationsAreMapped))
    };
    let target = models.find_map(|model| {
        let known = model.relation(relation).filter(|known| known.to_many)?;
        is_whole(model.tool).then_some(known)
    })?;
    let of_target = project
        .schema
        .model(&target.target)
        .map(|model| scale::of_table(project, model.table));
    let all = of_target.unwrap_or_else(|| Rows::unknown(format!("the rows of {relation}")));
    let rows = match scale::of_query(project, &load.query).scale {
        Scale::One => scale::of_parent(&all, &[format!("the owner of `{relation}`")]),
        // Of each of several.
        _ => all,
    };
    let reach = reach::at(project, load.function, load.expr);
    let judgement = priority::judge(&Cost::Waste(rows), &reach, Confidence::High, 0);
    let label = reach.label;
    let span = project.code.module(load.file).expr(load.expr).span;
    let mut finding = Finding::new(ID, judgement, Confidence::High, project.place_in(load.function, span));
    finding.title = format!("`{relation}` of `{}` are loaded only to be counted", table.name);
    finding.message = format!(
        "The query loads `{relation}` along, of which nothing but the number is read{}.",
        evidence::reach_words(label.as_deref())
    );
    finding.impact = format!(
        "every row of `{relation}` is read, sent and built for one figure{}",
        evidence::reach_words(label.as_deref())
    );
    finding.subject = format!("{relation} of {}", evidence::essence(&load.query));
    finding.related = evidence::path_to_place(project, load.function, load.expr);
    finding.fix = advice(
        Advised::Select(Select::CountRelation),
        load.query.library,
        &[("relation", relation)],
    );
    Some(finding)
}
