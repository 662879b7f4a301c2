//! `TypeORM`: `queryRunner.createIndex(…)`, or SQL where the steps before are SQL.

use super::frame::Frame;
use super::{Form, Manner, sets};
use crate::fix::index::style::Style;
use crate::fix::index::{Wish, sql};
use crate::fix::site::FixContext;

/// The class that its own words for an index need.
const INDEX: &str = "TableIndex";

pub(super) const FORM: Form = Form {
    create,
    remove,
    needs: |text| text.contains(INDEX).then_some(("typeorm", INDEX)),
    steps_alone,
    alone,
};

fn create(wish: &Wish<'_>, manner: &Manner<'_>) -> Option<String> {
    let (style, handle) = (manner.style, manner.handle);
    if is_sql(wish, manner) {
        let text = sql::create(wish, manner.is_concurrent)?;
        return Some(format!("{handle}.query({})", style.sql(text.trim_end_matches(';'))));
    }
    let step = &style.step;
    let mut lines = vec![
        format!("name: {},", style.string(&wish.name)),
        format!("columnNames: {},", style.list(wish.lack.columns.iter())),
    ];
    if let Some(predicate) = wish.index().predicate(wish.table) {
        lines.push(format!("where: {},", style.string(&predicate)));
    }
    let lines: Vec<String> = lines.iter().map(|line| format!("\n{step}{step}{line}")).collect();
    Some(format!(
        "{handle}.createIndex(\n{step}{},\n{step}new {INDEX}({{{}\n{step}}}),\n)",
        style.string(&wish.table.full_name()),
        lines.concat()
    ))
}

fn remove(wish: &Wish<'_>, manner: &Manner<'_>) -> String {
    let (style, handle) = (manner.style, manner.handle);
    if is_sql(wish, manner) {
        // What undoes a step is run in a transaction, whatever the step says.
        let text = sql::drop(wish, false);
        return format!("{handle}.query({})", style.sql(text.trim_end_matches(';')));
    }
    format!(
        "{handle}.dropIndex({}, {})",
        style.string(&wish.table.full_name()),
        style.string(&wish.name)
    )
}

/// Its own words know no direction, and SQL is of one database.
fn is_sql(wish: &Wish<'_>, manner: &Manner<'_>) -> bool {
    let goes_down = wish.goes_down();
    manner.is_concurrent || goes_down || manner.is_one && manner.prefers_sql
}

/// Steps may say so where each is run by itself, which others of the folder rely on or the settings ask for.
fn steps_alone(site: &FixContext<'_>, texts: &[String]) -> bool {
    let is_alone = |text: &String| text.contains("CONCURRENTLY") && text.replace(' ', "").contains("transaction=false");
    texts.iter().any(is_alone) || sets(site, "migrationsTransactionMode", &["each", "none"])
}

fn alone(frame: Frame, _: &Style) -> Frame {
    frame.with_member("transaction = false")
}
