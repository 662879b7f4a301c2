//! Kysely: `db.schema.createIndex(…)`, or SQL where an index is built CONCURRENTLY.

use super::frame::Frame;
use super::{Form, Manner, sets};
use crate::fix::index::style::Style;
use crate::fix::index::{Wish, sql};
use crate::fix::site::FixContext;
use crate::statement::Dialect;

pub(super) const FORM: Form = Form {
    create,
    remove,
    needs: |text| (text.starts_with("sql`") || text.contains("(sql.ref(")).then_some(("kysely", "sql")),
    // A migrator runs all steps in one transaction, but where it is told otherwise.
    steps_alone: |site: &FixContext<'_>, _: &[String]| sets(site, "disableTransactions", &[]),
    alone: |frame: Frame, _: &Style| frame,
};

fn create(wish: &Wish<'_>, manner: &Manner<'_>) -> Option<String> {
    if manner.is_concurrent {
        return Some(raw(&sql::create(wish, true)?, manner));
    }
    let (style, index) = (manner.style, wish.index());
    let keys: Vec<String> = index
        .keys()
        .map(|(column, down)| if down { format!("{column} desc") } else { column.clone() })
        .collect();
    let keys = match keys.as_slice() {
        [one] => format!(".column({})", style.string(one)),
        several => format!(".columns({})", style.list(several.iter())),
    };
    let mut links = vec![
        format!(".createIndex({})", style.string(&wish.name)),
        format!(".on({})", style.string(&wish.table.full_name())),
        keys,
    ];
    for (column, literal) in &wish.lack.only {
        let operator = if literal == "null" { "is" } else { "=" };
        // Its types take only columns of the index by name.
        links.push(format!(
            ".where(sql.ref({}), {}, {literal})",
            style.string(column),
            style.string(operator)
        ));
    }
    links.push(".execute()".to_owned());
    Some(chained(manner, &links))
}

fn remove(wish: &Wish<'_>, manner: &Manner<'_>) -> String {
    if manner.is_concurrent {
        return raw(&sql::drop(wish, true), manner);
    }
    let style = manner.style;
    let schema = wish
        .table
        .schema
        .iter()
        .map(|schema| format!(".withSchema({})", style.string(schema)));
    let mut links: Vec<String> = schema.collect();
    links.push(format!(".dropIndex({})", style.string(&wish.name)));
    if wish.table.dialect == Dialect::MySql {
        links.push(format!(".on({})", style.string(&wish.table.full_name())));
    }
    links.push(".execute()".to_owned());
    format!("{}.schema{}", manner.handle, links.concat())
}

fn chained(manner: &Manner<'_>, links: &[String]) -> String {
    let step = &manner.style.step;
    let links: Vec<String> = links.iter().map(|link| format!("\n{step}{link}")).collect();
    format!("{}.schema{}", manner.handle, links.concat())
}

/// A statement of SQL; the names in it are plain, see [`super::super::series`].
fn raw(text: &str, manner: &Manner<'_>) -> String {
    format!("sql`{}`.execute({})", text.trim_end_matches(';'), manner.handle)
}
