//! Knex: `alterTable(…)` with its callback, or SQL where that has no words for the index.

use super::frame::Frame;
use super::{Form, Manner};
use crate::fix::index::style::Style;
use crate::fix::index::{Wish, sql};
use crate::fix::site::FixContext;

pub(super) const FORM: Form = Form {
    create,
    remove,
    needs: |_| None,
    steps_alone: |_: &FixContext<'_>, _: &[String]| true,
    alone,
};

fn create(wish: &Wish<'_>, manner: &Manner<'_>) -> Option<String> {
    if is_sql(wish, manner) {
        return Some(raw(&sql::create(wish, manner.is_concurrent)?, manner));
    }
    let style = manner.style;
    Some(altered(
        wish,
        manner,
        &format!("index({}, {})", style.list(wish.lack.columns.iter()), style.string(&wish.name)),
    ))
}

fn remove(wish: &Wish<'_>, manner: &Manner<'_>) -> String {
    if is_sql(wish, manner) {
        return raw(&sql::drop(wish, manner.is_concurrent), manner);
    }
    let style = manner.style;
    altered(
        wish,
        manner,
        &format!("dropIndex({}, {})", style.list(wish.lack.columns.iter()), style.string(&wish.name)),
    )
}

/// Its callback knows neither a direction nor, without an object of its own, a condition.
fn is_sql(wish: &Wish<'_>, manner: &Manner<'_>) -> bool {
    let goes_down = wish.goes_down();
    manner.is_concurrent || goes_down || !wish.lack.only.is_empty()
}

fn raw(text: &str, manner: &Manner<'_>) -> String {
    format!("{}.raw({})", manner.handle, manner.style.sql(text.trim_end_matches(';')))
}

fn altered(wish: &Wish<'_>, manner: &Manner<'_>, call: &str) -> String {
    let style = manner.style;
    let given = style.table;
    let table = given.trim_matches(['(', ')']);
    let schema = wish.table.schema.as_ref();
    let schema = schema.map_or(String::new(), |schema| format!(".withSchema({})", style.string(schema)));
    format!(
        "{}.schema{schema}.alterTable({}, {given} => {{\n{}{table}.{call}{}\n}})",
        manner.handle,
        style.string(&wish.table.name),
        style.step,
        style.stop
    )
}

/// A step says by itself that it wants no transaction.
fn alone(frame: Frame, _: &Style) -> Frame {
    frame.with_export("config", "{ transaction: false }")
}
