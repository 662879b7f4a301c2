//! A model that a call makes: `pgTable("orders", …)`, `sequelize.define("Order", …)`.

use std::rc::Rc;

use super::Wish;
use super::style::Style;
use crate::fix::disk::SourceText;
use crate::fix::edits::Edit;
use crate::fix::site::FixContext;
use crate::fix::text::{self, BracketedList};
use crate::ir::{Call, ExprId, ExprKind, Module};
use crate::source::Span;

/// The call that declares a table.
pub struct CallModel<'a> {
    pub path: String,
    pub module: &'a Module,
    pub call: Call<'a>,
    pub style: Style,
    source: Rc<SourceText>,
}

impl<'a> CallModel<'a> {
    /// The call of the table that indexes are wished for; fails where it is not one call of a file that can be edited.
    pub fn of(site: &FixContext<'a>, wish: &Wish<'_>) -> Result<CallModel<'a>, String> {
        let unknown = || "the call that declares its model was not found".to_owned();
        let is_its = |file: &str| wish.model.is_none_or(|model| &*model.file == file);
        let mut places = wish
            .table
            .places
            .iter()
            .filter(|place| place.kind.is_model() && is_its(&place.file));
        let place = places.next().filter(|_| places.next().is_none()).ok_or_else(unknown)?;
        let path = place.file.to_string();
        let module = site.module(&path).ok_or_else(unknown)?;
        let source = site.editable(&path)?;
        let mut made = module.call_ids().filter(|expr| module.expr(*expr).span == place.span);
        let call = made.find_map(|expr| module.call(expr)).ok_or_else(unknown)?;
        Ok(CallModel {
            style: Style::of(&source.text),
            path,
            module,
            call,
            source,
        })
    }

    /// The text of the file.
    pub fn text(&self) -> &str {
        &self.source.text
    }

    /// The blanks that the line of an expression begins with.
    pub fn indent(&self, expr: ExprId) -> &str {
        text::line_indent(self.text(), self.module.expr(expr).span.start as usize)
    }

    /// Edits that add items to a list or an object; fails where it is none.
    pub fn push(&self, list: ExprId, items: &[String]) -> Result<Vec<Edit>, String> {
        let unclear = || format!("{}: the list of its indexes is not written as one", self.path);
        let span = |expr: ExprId| self.module.expr(expr).span;
        let last = match self.module.kind(list) {
            ExprKind::List(known) | ExprKind::Tuple(known) => known.last().map(|&last| span(last)),
            ExprKind::Object(entries) => entries.last().map(|last| {
                let start = last.key.map_or(span(last.value), span).start;
                Span { start, ..span(last.value) }
            }),
            _ => return Err(unclear()),
        };
        let outer = self.indent(list);
        let Some(last) = last else {
            return Ok(vec![Edit::insert(
                &self.path,
                span(list).start as usize + 1,
                self.lines(items, outer),
            )]);
        };
        let listed = BracketedList {
            text: self.text(),
            span: span(list),
            last: Some(last),
            comment: "//",
        };
        let rest = self.text().get(last.end as usize..span(list).end as usize).unwrap_or_default();
        let between = if rest.contains('\n') {
            format!(",{}{}", self.style.end, text::line_indent(self.text(), last.start as usize))
        } else {
            ", ".to_owned()
        };
        let places = listed.push(&items.join(&between)).ok_or_else(unclear)?;
        Ok(places.into_iter().map(|(at, text)| Edit::insert(&self.path, at, text)).collect())
    }

    /// Items, a line each, up to the blanks before the bracket that closes.
    pub fn lines(&self, items: &[String], outer: &str) -> String {
        let (end, step) = (self.style.end, &self.style.step);
        let lines: Vec<String> = items.iter().map(|item| format!("{end}{outer}{step}{item},")).collect();
        format!("{}{end}{outer}", lines.concat())
    }

    /// An edit that adds an argument after the last one, whose text begins on the line of its end.
    pub fn argument(&self, text: &str) -> Option<Edit> {
        let last = self.call.args.last()?;
        let end = self.module.expr(last.value).span.end as usize;
        let (next, found) = text::next_code(self.text(), end, "//")?;
        match found {
            ',' => Some(Edit::insert(&self.path, next + 1, format!(" {text}"))),
            ')' => Some(Edit::insert(&self.path, end, format!(", {text}"))),
            _ => None,
        }
    }
}
