//! What schema declarations in TypeScript share: objects of options, arrow functions that name a model, names in the
//! forms of naming strategies.

use crate::ir::{Call, ExprId, ExprKind, Module};
use crate::libraries::shared::declared::Consts;
use crate::libraries::shared::value::FileId;
use crate::source::Span;
use crate::statement::{IndexDef, IndexKey};

/// Reads the objects of options that declarations of one file are given.
#[derive(Clone, Copy)]
pub(crate) struct OptionReader<'c, 'r> {
    /// Constant texts and names.
    pub consts: &'c Consts<'r>,
    /// File that is read.
    pub file: FileId,
}

impl<'r> OptionReader<'_, 'r> {
    pub(crate) fn module(&self) -> &'r Module {
        self.consts.resolver.module(self.file)
    }

    pub(crate) fn text(&self, expr: ExprId) -> Option<String> {
        self.consts.text(self.file, expr)
    }

    /// The texts of a list; a single text is a list of one.
    pub(crate) fn texts(&self, expr: ExprId) -> Vec<String> {
        self.consts
            .texts(self.file, expr)
            .or_else(|| self.text(expr).map(|one| vec![one]))
            .unwrap_or_default()
    }

    /// The object literal behind an expression of this file.
    pub(crate) fn object(&self, expr: ExprId) -> Option<ExprId> {
        let (file, expr) = self.consts.follow(self.file, expr)?;
        let is_object = matches!(self.consts.resolver.module(file).kind(expr), ExprKind::Object(_));
        (file == self.file && is_object).then_some(expr)
    }

    /// An object's value for a key.
    pub(crate) fn get(&self, object: Option<ExprId>, key: &str) -> Option<ExprId> {
        self.module().entry(object?, key)
    }

    pub(crate) fn text_of(&self, object: Option<ExprId>, key: &str) -> Option<String> {
        self.get(object, key).and_then(|expr| self.text(expr))
    }

    pub(crate) fn texts_of(&self, object: Option<ExprId>, key: &str) -> Vec<String> {
        self.get(object, key).map_or_else(Vec::new, |expr| self.texts(expr))
    }

    pub(crate) fn flag(&self, object: Option<ExprId>, key: &str) -> bool {
        matches!(
            self.get(object, key).map(|expr| self.module().kind(expr)),
            Some(ExprKind::Bool(true))
        )
    }

    /// Whether a key is there with anything but `false` (`index: "name"`, `unique: { … }`).
    pub(crate) fn set(&self, object: Option<ExprId>, key: &str) -> bool {
        self.get(object, key)
            .is_some_and(|expr| !matches!(self.module().kind(expr), ExprKind::Bool(false) | ExprKind::Null))
    }

    /// The items of a list literal of this file.
    pub(crate) fn items(&self, expr: Option<ExprId>) -> Vec<ExprId> {
        expr.and_then(|expr| self.consts.items(self.file, expr))
            .filter(|(file, _)| *file == self.file)
            .map(|(_, items)| items)
            .unwrap_or_default()
    }

    /// The model that `() => User`, `"User"` or `User` names.
    pub(crate) fn model(&self, expr: ExprId) -> Option<String> {
        let module = self.module();
        let expr = self.module().returned_by(expr).unwrap_or(expr);
        match module.kind(expr) {
            ExprKind::Name(name) | ExprKind::Attr { name, .. } => Some(module.str(*name).to_owned()),
            _ => module.string(expr).map(ToOwned::to_owned),
        }
    }

    /// The fields that `(user) => [user.a, user.b]`, `["a", "b"]` or `"a"` names.
    pub(crate) fn fields(&self, expr: ExprId) -> Vec<String> {
        let module = self.module();
        let Some(returned) = self.module().returned_by(expr) else {
            return self.texts(expr);
        };
        let items = match module.kind(returned) {
            ExprKind::List(items) => items.to_vec(),
            _ => vec![returned],
        };
        items
            .into_iter()
            .filter_map(|item| match module.kind(item) {
                ExprKind::Attr { name, .. } => Some(module.str(*name).to_owned()),
                _ => None,
            })
            .collect()
    }

    /// The first argument of a call that is an object literal.
    pub(crate) fn options(&self, call: &Call) -> Option<ExprId> {
        call.args.iter().find_map(|arg| self.object(arg.value))
    }

    pub(crate) fn span(&self, expr: ExprId) -> Span {
        self.module().expr(expr).span
    }
}

/// An index of plain columns.
pub(crate) fn index(name: Option<String>, table: &str, columns: &[String], unique: bool, span: Span) -> IndexDef {
    let key = |column: &String| IndexKey {
        column: column.clone(),
        ..IndexKey::default()
    };
    IndexDef {
        name,
        table: table.to_owned(),
        keys: columns.iter().map(key).collect(),
        unique,
        span,
        ..IndexDef::default()
    }
}

/// `orderLine`, `OrderLine` as `order_line`.
pub(crate) fn snake(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    let mut before_upper = true;
    for c in name.chars() {
        if c.is_uppercase() {
            if !before_upper {
                out.push('_');
            }
            out.extend(c.to_lowercase());
        } else {
            out.push(c);
        }
        before_upper = c.is_uppercase() || c == '_';
    }
    out
}

#[cfg(test)]
mod tests {
    use super::snake;

    #[test]
    fn names_in_the_form_of_columns() {
        for (name, wanted) in [
            ("OrderLine", "order_line"),
            ("userId", "user_id"),
            ("URL", "url"),
            ("a_b", "a_b"),
            ("", ""),
        ] {
            assert_eq!(snake(name), wanted);
        }
    }
}
