//! Loader options: what is loaded along, and which columns are left out.

use super::draft::SelectDraft;
use crate::ir::{Call, ExprId, ExprKind};
use crate::libraries::shared::chain;
use crate::libraries::shared::value::{FileId, Value};
use crate::statement::{ColumnUse, Projection};

/// Options of a query in each other.
const MAX_OPTIONS: u32 = 6;

impl SelectDraft<'_> {
    /// Reads one argument of `.options(…)`.
    pub(super) fn option(&mut self, file: FileId, expr: ExprId, depth: u32) {
        self.option_below(file, expr, &[], depth);
    }

    /// Reads an option for what lies behind a way along relations: `selectinload(Pier.boats).options(…)`.
    fn option_below(&mut self, file: FileId, expr: ExprId, below: &[String], depth: u32) {
        let module = self.resolver.module(file);
        if depth > MAX_OPTIONS {
            return self.unknown_option();
        }
        match module.kind(expr) {
            ExprKind::Spread(inner) => match chain::items(self.resolver, file, *inner) {
                Some(items) => items
                    .into_iter()
                    .for_each(|(at, item, _)| self.option_below(at, item, below, depth + 1)),
                None => self.unknown_option(),
            },
            ExprKind::Call { .. } => self.loader(file, expr, below, depth),
            ExprKind::List(items) | ExprKind::Tuple(items) => {
                items.iter().for_each(|&item| self.option_below(file, item, below, depth + 1));
            }
            _ => match self.resolver.definition(file, expr) {
                Some((at, inner)) if (at, inner) != (file, expr) => self.option_below(at, inner, below, depth + 1),
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

    fn loader(&mut self, file: FileId, expr: ExprId, below: &[String], depth: u32) {
        let module = self.resolver.module(file);
        let Some(call) = module.call(expr) else { return };
        let mut path: Vec<String> = below.to_vec();
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
                "options" => {
                    understood = true;
                    call.args
                        .iter()
                        .for_each(|arg| self.option_below(file, arg.value, &path, depth + 1));
                }
                "lazyload" | "defaultload" | "Load" => {
                    understood = true;
                    if let Some(name) = call.arg(0).filter(|_| method != "Load").and_then(|arg| self.relation(file, arg)) {
                        path.push(name);
                    }
                }
                "load_only" => {
                    understood = true;
                    self.load_only(file, &call, &path);
                }
                "defer" => {
                    understood = true;
                    if let Some(name) = call.arg(0).and_then(|arg| self.relation(file, arg)) {
                        let mut full = path.clone();
                        full.push(name);
                        self.query.deferred.push(full.join("."));
                    }
                }
                // A column that the model leaves out by itself.
                "undefer" => {
                    understood = true;
                    if let Some(name) = call.arg(0).and_then(|arg| self.relation(file, arg)) {
                        let mut full = path.clone();
                        full.push(name);
                        self.eager(full.join("."));
                    }
                }
                "undefer_group" => {
                    understood = true;
                    self.unknown_option();
                }
                "with_expression" | "with_loader_criteria" | "of_type" => understood = true,
                _ => {}
            }
        }
        if !understood {
            match self.resolver.value(file, expr) {
                Value::Literal(at, list) if (at, list) != (file, expr) => self.option_below(at, list, below, depth + 1),
                _ => self.unknown_option(),
            }
        }
    }

    /// `load_only(User.id, User.name)`, of the rows themselves or of those behind a way along relations.
    fn load_only(&mut self, file: FileId, call: &Call<'_>, path: &[String]) {
        let names = call.args.iter().filter(|arg| arg.name.is_none());
        let columns: Option<Vec<String>> = names.map(|arg| self.relation(file, arg.value)).collect();
        if path.is_empty() {
            let named = columns.iter().flatten();
            let columns = named.map(|column| ColumnUse {
                table: Some(0),
                column: column.clone(),
            });
            self.query.statement.projection = Projection::Columns(columns.collect());
        }
        // With `raiseload` reading another one is an error.
        if let (Some(columns), None) = (columns, call.keyword("raiseload")) {
            self.query.only.push((path.join("."), columns));
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
