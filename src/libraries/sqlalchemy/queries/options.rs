//! Loader options: what is loaded along, and which columns are left out.

use super::draft::Draft;
use crate::ir::{ExprId, ExprKind};
use crate::libraries::shared::chain;
use crate::libraries::shared::value::{FileId, Value};
use crate::statement::{ColumnUse, Projection};

impl Draft<'_> {
    /// Reads one argument of `.options(…)`.
    pub(super) fn option(&mut self, file: FileId, expr: ExprId, depth: u32) {
        let module = self.resolver.module(file);
        if depth > 6 {
            return self.unknown_option();
        }
        match module.kind(expr) {
            ExprKind::Spread(inner) => match chain::items(self.resolver, file, *inner) {
                Some(items) => items.into_iter().for_each(|(at, item, _)| self.option(at, item, depth + 1)),
                None => self.unknown_option(),
            },
            ExprKind::Call { .. } => self.loader(file, expr, depth),
            ExprKind::List(items) | ExprKind::Tuple(items) => items.iter().for_each(|&item| self.option(file, item, depth + 1)),
            _ => match self.resolver.definition(file, expr) {
                Some((at, inner)) if (at, inner) != (file, expr) => self.option(at, inner, depth + 1),
                _ => self.unknown_option(),
            },
        }
    }

    /// An option that is not understood may load anything: no claim about what is not loaded.
    fn unknown_option(&mut self) {
        self.eager("*".to_owned());
    }

    pub(super) fn eager(&mut self, path: String) {
        if !self.query.eager.contains(&path) {
            self.query.eager.push(path);
        }
    }

    fn loader(&mut self, file: FileId, expr: ExprId, depth: u32) {
        let module = self.resolver.module(file);
        let Some(call) = module.call(expr) else { return };
        let mut path: Vec<String> = Vec::new();
        let mut understood = false;
        for call in call.chain() {
            let Some(method) = call.method() else { continue };
            match method {
                "joinedload"
                | "selectinload"
                | "subqueryload"
                | "contains_eager"
                | "immediateload"
                | "eagerload"
                | "joinedload_all"
                | "subqueryload_all"
                | "selectin_polymorphic" => {
                    understood = true;
                    for arg in call.args.iter().filter(|arg| arg.name.is_none()) {
                        match self.relation(file, arg.value) {
                            Some(name) => path.push(name),
                            None => path.push("*".to_owned()),
                        }
                        self.eager(path.join("."));
                    }
                }
                "raiseload" | "noload" => {
                    understood = true;
                    // Reading it is an error or gives nothing; it never queries.
                    if let Some(name) = call.arg(0).and_then(|arg| self.relation(file, arg)) {
                        let mut full = path.clone();
                        full.push(name);
                        self.eager(full.join("."));
                    } else {
                        self.eager("*".to_owned());
                    }
                }
                "lazyload" | "defaultload" | "Load" => {
                    understood = true;
                    if let Some(name) = call.arg(0).filter(|_| method != "Load").and_then(|arg| self.relation(file, arg)) {
                        path.push(name);
                    }
                }
                "load_only" => {
                    understood = true;
                    if path.is_empty() {
                        let columns: Vec<ColumnUse> = call
                            .args
                            .iter()
                            .filter_map(|arg| self.relation(file, arg.value))
                            .map(|column| ColumnUse { table: Some(0), column })
                            .collect();
                        self.query.statement.projection = Projection::Columns(columns);
                    }
                }
                "defer" => {
                    understood = true;
                    if let Some(name) = call.arg(0).and_then(|arg| self.relation(file, arg)) {
                        let mut full = path.clone();
                        full.push(name);
                        self.query.deferred.push(full.join("."));
                    }
                }
                "undefer" | "undefer_group" | "with_expression" | "options" | "with_loader_criteria" | "of_type" => understood = true,
                _ => {}
            }
        }
        if !understood {
            match self.resolver.value(file, expr) {
                Value::Literal(at, list) if (at, list) != (file, expr) => self.option(at, list, depth + 1),
                _ => self.unknown_option(),
            }
        }
    }

    /// The attribute that a loader is given: `User.orders`, `User.orders.of_type(X)`, `"orders"`.
    fn relation(&self, file: FileId, expr: ExprId) -> Option<String> {
        let module = self.resolver.module(file);
        match module.kind(expr) {
            ExprKind::Attr { name, .. } => Some(module.str(*name).to_owned()),
            ExprKind::Str(name) => Some(module.str(*name).to_owned()),
            ExprKind::Call { .. } => {
                let receiver = module.call(expr)?.receiver()?;
                match module.kind(receiver) {
                    ExprKind::Attr { name, .. } => Some(module.str(*name).to_owned()),
                    _ => None,
                }
            }
            _ => None,
        }
    }
}
