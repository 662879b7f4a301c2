//! Sequelize: `indexes` among the options of a model, where it declares others there or where they are what makes the tables.

use super::Wish;
use super::call_model::CallModel;
use super::script::sequelize::{condition, keys};
use crate::fix::edits::Edit;
use crate::fix::site::FixContext;
use crate::fix::text;
use crate::ir::{ExprId, ExprKind};

/// Edits that declare the indexes of one model.
pub fn edits(site: &FixContext<'_>, wishes: &[Wish<'_>], has_steps: bool) -> Result<Vec<Edit>, String> {
    let Some(first) = wishes.first() else { return Ok(Vec::new()) };
    let model = match CallModel::of(site, first) {
        Ok(model) => model,
        // Decorators of a class: migrations are what makes the table.
        Err(_) if has_steps => return Ok(Vec::new()),
        Err(why) => return Err(why),
    };
    let items: Vec<String> = wishes.iter().map(|wish| item(&model, wish)).collect();
    let options = options(&model);
    let listed = options.and_then(|options| model.module.entry(options, "indexes"));
    match (listed, options) {
        (Some(list), _) => model.push(list, &items),
        _ if has_steps => Ok(Vec::new()),
        (None, Some(options)) => {
            let span = model.module.expr(options).span;
            let is_open = text::slice(model.text(), span).is_some_and(|text| text.contains('\n'));
            let list = if is_open {
                model.lines(&items, &format!("{}{}", model.indent(options), model.style.step))
            } else {
                items.join(", ")
            };
            model.push(options, &[format!("indexes: [{list}]")])
        }
        (None, None) => {
            let outer = model.indent(model.call.id);
            let inner = format!("{outer}{}", model.style.step);
            let list = format!("indexes: [{}]", model.lines(&items, &inner));
            let text = format!("{{{}}}", model.lines(&[list], outer));
            let edit = model.argument(&text).filter(|_| model.call.method() == Some("define"));
            Ok(vec![edit.ok_or_else(|| {
                format!("{}: the options of its model were not found", model.path)
            })?])
        }
    }
}

/// The options of the model: the last argument of `define` and of `init`.
fn options(model: &CallModel<'_>) -> Option<ExprId> {
    let at = if model.call.method() == Some("define") { 2 } else { 1 };
    let options = model.call.args.get(at)?.value;
    matches!(model.module.kind(options), ExprKind::Object(_)).then_some(options)
}

fn item(model: &CallModel<'_>, wish: &Wish<'_>) -> String {
    let style = &model.style;
    let only = if wish.lack.only.is_empty() {
        String::new()
    } else {
        format!(", {}", condition(wish, style))
    };
    format!("{{ name: {}, fields: {}{only} }}", style.string(&wish.name), keys(wish, style))
}
