//! Sequelize: `addIndex` and `removeIndex` of its query interface, which opens no transaction by itself.

use super::frame::Frame;
use super::{Form, Manner};
use crate::fix::index::Wish;
use crate::fix::index::style::Style;
use crate::fix::site::FixContext;
use crate::statement::Dialect;

pub(super) const FORM: Form = Form {
    create: |wish, manner| Some(create(wish, manner)),
    remove,
    needs: |_| None,
    steps_alone: |_: &FixContext<'_>, _: &[String]| true,
    alone: |frame: Frame, _: &Style| frame,
};

fn create(wish: &Wish<'_>, manner: &Manner<'_>) -> String {
    let style = manner.style;
    let step = &style.step;
    let keys = keys(wish, style);
    let mut lines = Vec::new();
    // The list by itself is of texts.
    let list = if wish.goes_down() {
        lines.push(format!("fields: {keys},"));
        String::new()
    } else {
        format!(", {keys}")
    };
    lines.push(format!("name: {},", style.string(&wish.name)));
    if manner.is_concurrent {
        lines.push("concurrently: true,".to_owned());
    }
    if !wish.lack.only.is_empty() {
        lines.push(format!("{},", condition(wish, style)));
    }
    let lines: Vec<String> = lines.iter().map(|line| format!("\n{step}{line}")).collect();
    format!("{}.addIndex({}{list}, {{{}\n}})", manner.handle, table(wish, style), lines.concat())
}

fn remove(wish: &Wish<'_>, manner: &Manner<'_>) -> String {
    let style = manner.style;
    // `PostgreSQL` looks for a bare name along its path only, and one that is not found is passed over in silence.
    let schema = wish.table.schema.as_ref().filter(|_| wish.table.dialect == Dialect::Postgres);
    let name = schema.map_or(wish.name.clone(), |schema| format!("{schema}.{}", wish.name));
    format!("{}.removeIndex({}, {})", manner.handle, table(wish, style), style.string(&name))
}

fn table(wish: &Wish<'_>, style: &Style) -> String {
    let name = style.string(&wish.table.name);
    match &wish.table.schema {
        Some(schema) => format!("{{ tableName: {name}, schema: {} }}", style.string(schema)),
        None => name,
    }
}

/// The keys of an index, as the query interface and models list them.
pub fn keys(wish: &Wish<'_>, style: &Style) -> String {
    let key = |(column, down): (&String, bool)| {
        let name = style.string(column);
        if down {
            format!("{{ name: {name}, order: {} }}", style.string("DESC"))
        } else {
            name
        }
    };
    let keys: Vec<String> = wish.index().keys().map(key).collect();
    format!("[{}]", keys.join(", "))
}

/// The rows that an index is for, as an option.
pub fn condition(wish: &Wish<'_>, style: &Style) -> String {
    let one = |(column, literal): &(String, String)| format!("{}: {literal}", property(column, style));
    let all: Vec<String> = wish.lack.only.iter().map(one).collect();
    format!("where: {{ {} }}", all.join(", "))
}

/// A name as the key of an object.
fn property(name: &str, style: &Style) -> String {
    let is_plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') && !name.starts_with(|c: char| c.is_ascii_digit());
    if is_plain { name.to_owned() } else { style.string(name) }
}
