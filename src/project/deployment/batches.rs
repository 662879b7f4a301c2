//! Constants that size batches.

use crate::ir::{ExprId, ExprKind, Parent, StmtKind};
use crate::libraries::shared::value::FileId;
use crate::project::eval::Code;
use crate::source::Span;
use crate::vocabulary::List;

/// Larger numbers are no sizes of batches.
const LARGEST: f64 = 1_000_000.0;

/// A constant that sizes batches.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// File that it stands in.
    pub file: FileId,
    /// The assignment.
    pub span: Span,
    /// The name that is assigned to.
    pub target: ExprId,
    /// The number.
    pub value: ExprId,
    /// How many.
    pub size: u64,
    /// The constant's name.
    pub name: String,
    /// By its name, class or file, it sizes embedding calls.
    pub embeds: bool,
}

/// All of the program itself.
#[allow(clippy::cast_sign_loss, reason = "numbers below one are left out before")]
pub fn find(code: &Code) -> Vec<Batch> {
    let mut out = Vec::new();
    for (file, module) in super::sources(code) {
        let path = code.files.get(file.index()).map_or("", |facts| facts.path.as_str());
        for stmt in &module.stmts {
            let StmtKind::Assign {
                target,
                value: Some(value),
                ..
            } = stmt.kind
            else {
                continue;
            };
            let name = match module.kind(target) {
                ExprKind::Name(name) | ExprKind::Attr { name, .. } => module.str(*name),
                _ => continue,
            };
            let Some(size) = module.number(value).filter(|size| (1.0..=LARGEST).contains(size)) else {
                continue;
            };
            if !is_batch(name) {
                continue;
            }
            let holder = match stmt.parent {
                Parent::Class(class) => module.class(class).name.map_or("", |name| module.str(name)),
                _ => "",
            };
            out.push(Batch {
                file,
                span: Span {
                    start: module.expr(target).span.start,
                    end: module.expr(value).span.end,
                },
                target,
                value,
                size: size as u64,
                name: name.to_owned(),
                embeds: format!("{path} {holder} {name}").to_lowercase().contains("embed"),
            });
        }
    }
    out
}

fn is_batch(name: &str) -> bool {
    List::BatchSizes.has(name)
}
