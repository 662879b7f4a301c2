//! The class of a model, and where something is put into it.

use std::rc::Rc;

use super::Wish;
use crate::fix::disk::SourceText;
use crate::fix::edits::Edit;
use crate::fix::site::FixContext;
use crate::fix::text::{self, BracketedList};
use crate::ir::{Class, ClassId, ExprId, ExprKind, Module, StmtId, StmtKind};
use crate::libraries::shared::value::FileId;

/// The class that declares a table.
pub struct ModelClass<'a> {
    pub path: String,
    pub file: FileId,
    pub module: &'a Module,
    pub class: ClassId,
    pub source: Rc<SourceText>,
}

impl<'a> ModelClass<'a> {
    /// The class of the table that indexes are wished for; fails where it is not one class of a file that can be edited.
    pub fn of(site: &FixContext<'a>, wish: &Wish<'_>) -> Result<ModelClass<'a>, String> {
        let unknown = || "the class of its model was not found".to_owned();
        let model = wish.model.ok_or("not one class declares its table")?;
        let path = model.file.to_string();
        let (module, class) = site.class(&path, &model.name).ok_or_else(unknown)?;
        let file = site.file(&path).ok_or_else(unknown)?;
        let source = site.editable(&path)?;
        Ok(ModelClass {
            path,
            file,
            module,
            class,
            source,
        })
    }

    /// The class statement that declares the model.
    pub fn definition(&self) -> &'a Class {
        self.module.class(self.class)
    }

    /// The text of the file.
    pub fn text(&self) -> &str {
        &self.source.text
    }

    /// A class inside of it.
    pub fn inner(&self, name: &str) -> Option<ClassId> {
        let is_it = |class: &Class| class.outer == Some(self.class) && class.name.is_some_and(|own| self.module.str(own) == name);
        self.module.class_ids().find(|(_, class)| is_it(class)).map(|(id, _)| id)
    }

    /// Edits that add items to a list or tuple; fails where it is none.
    pub fn push(&self, list: ExprId, items: &[String]) -> Result<Vec<Edit>, String> {
        let unclear = || format!("{}: the list of its indexes is not written as one", self.path);
        let (ExprKind::List(known) | ExprKind::Tuple(known)) = self.module.kind(list) else {
            return Err(unclear());
        };
        let listed = BracketedList {
            text: self.text(),
            span: self.module.expr(list).span,
            last: known.last().map(|&last| self.module.expr(last).span),
            comment: "#",
        };
        let indent = text::line_indent(self.text(), listed.last.map_or(listed.span.start, |last| last.start) as usize);
        let is_open = listed.last.is_some_and(|last| {
            let rest = self.text().get(last.end as usize..listed.span.end as usize);
            rest.is_some_and(|rest| rest.contains('\n'))
        });
        let between = if is_open {
            format!(",{}{indent}", text::line_end(self.text()))
        } else {
            ", ".to_owned()
        };
        let item = items.join(&between);
        let places = listed.push(&item).ok_or_else(unclear)?;
        Ok(places.into_iter().map(|(at, text)| Edit::insert(&self.path, at, text)).collect())
    }

    /// The value that a class's body gives a name.
    pub fn attribute(module: &Module, class: ClassId, wanted: &str) -> Option<(StmtId, ExprId)> {
        module.class(class).body.iter().find_map(|&stmt| match &module.stmt(stmt).kind {
            StmtKind::Assign {
                target,
                value: Some(value),
                ..
            } if module.name(*target) == Some(wanted) => Some((stmt, *value)),
            _ => None,
        })
    }

    /// The blanks before a statement that begins its line.
    pub fn indent(&self, stmt: StmtId) -> Result<&str, String> {
        let start = self.module.stmt(stmt).span.start as usize;
        text::indent(self.text(), start).ok_or_else(|| format!("{}: several statements stand on one line", self.path))
    }

    /// The offset at the end of a statement's last line.
    pub fn after(&self, stmt: StmtId) -> usize {
        text::line_stop(self.text(), self.module.stmt(stmt).span.end as usize)
    }
}

/// Whether a model declares each column of an index.
pub fn has_fields(wish: &Wish<'_>) -> bool {
    wish.lack.columns.iter().all(|name| {
        let column = wish.table.column(name);
        column.is_some_and(|column| column.places.iter().any(|place| place.kind.is_model()))
    })
}
