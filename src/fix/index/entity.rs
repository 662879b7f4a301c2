//! Entities that are classes with decorators (`TypeORM`): `@Index` above the class.

use super::Wish;
use super::class_model::{ModelClass, has_fields};
use super::style::Style;
use crate::advice::index::field;
use crate::fix::edits::Edit;
use crate::fix::site::FixContext;
use crate::fix::text;
use crate::fix::ts_imports::{self, WantedName};
use crate::ir::ExprId;

/// The decorator, and the package that has it.
const INDEX: WantedName<'_> = WantedName {
    from: "typeorm",
    name: "Index",
};

/// Edits that declare the indexes of one entity.
pub fn edits(site: &FixContext<'_>, wishes: &[Wish<'_>]) -> Result<Vec<Edit>, String> {
    let Some(first) = wishes.first() else { return Ok(Vec::new()) };
    let entity = ModelClass::of(site, first)?;
    if !wishes.iter().all(has_fields) {
        return Err("a column of it is not a field of its model".to_owned());
    }
    let after = place(&entity).ok_or_else(|| format!("{}: the decorator of its entity was not found", entity.path))?;
    let end = entity.module.expr(after).span.end as usize;
    let stop = text::line_stop(entity.text(), end);
    let rest = entity.text().get(end..stop).unwrap_or_default().trim_start();
    let at = if rest.is_empty() || rest.starts_with("//") { stop } else { end };
    let style = Style::of(entity.text());
    let indent = text::line_indent(entity.text(), entity.module.expr(after).span.start as usize);
    let lines = wishes
        .iter()
        .map(|wish| format!("{}{indent}{}", style.end, declaration(wish, &style)));
    let mut edits = vec![Edit::insert(&entity.path, at, lines.collect::<String>())];
    edits.extend(ts_imports::add(entity.module, (&entity.path, entity.text()), INDEX)?);
    Ok(edits)
}

/// The decorator that a new one comes after: the last index, else that of the entity.
fn place(entity: &ModelClass<'_>) -> Option<ExprId> {
    let named = |expr: &ExprId, wanted: &str| {
        let call = entity.module.call(*expr);
        call.and_then(|call| call.method()).is_some_and(|name| name.ends_with(wanted))
    };
    let decorators = &entity.definition().decorators;
    let last = |wanted: &str| decorators.iter().copied().rfind(|expr| named(expr, wanted));
    last("Index").or_else(|| last("Entity"))
}

/// The name is written, so that the migration and the entity have the same one.
fn declaration(wish: &Wish<'_>, style: &Style) -> String {
    let fields: Vec<String> = wish
        .lack
        .columns
        .iter()
        .map(|column| field(wish.table, column).to_owned())
        .collect();
    let only = wish.index().predicate(wish.table);
    let only = only.map_or(String::new(), |predicate| format!(", {{ where: {} }}", style.string(&predicate)));
    format!("@Index({}, {}{only})", style.string(&wish.name), style.list(fields.iter()))
}
