//! Documents in program code: tagged templates, calls of `gql(…)`, and texts that are whole documents.

use serde::{Deserialize, Serialize};

use super::document::{Document, parse};
use crate::ir::{ExprId, ExprKind, Module, TemplatePart};

/// A document and where it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Embedded {
    /// The template or text in the code; `None` for a file of its own.
    pub expr: Option<ExprId>,
    /// What it says.
    pub document: Document,
}

/// Tags and functions that take a document.
const TAGS: &[&str] = &["gql", "graphql", "gqlTag", "gqlV2", "parseGraphQL"];
/// How a text starts that may be a document.
const HEADS: &[&str] = &[
    "query",
    "mutation",
    "subscription",
    "fragment",
    "type",
    "extend",
    "interface",
    "schema",
];

/// The documents in a file of code, in the order of the code.
pub fn of_module(module: &Module) -> Vec<Embedded> {
    let mut out = Vec::new();
    let mut tagged = Vec::new();
    for call in module.calls() {
        let is_tag = call.method().is_some_and(|name| TAGS.contains(&name));
        tagged.extend(call.args.first().filter(|_| is_tag).map(|arg| arg.value));
    }
    tagged.sort();
    for (id, expr) in module.expr_ids() {
        if !matches!(expr.kind, ExprKind::Str(_) | ExprKind::Template(_)) {
            continue;
        }
        let is_tagged = tagged.binary_search(&id).is_ok();
        if !is_tagged && !has_head(module, &expr.kind) {
            continue;
        }
        let document = parse(&text(module, &expr.kind), expr.span.start);
        let says = !document.operations.is_empty() || !document.fragments.is_empty() || !document.types.is_empty();
        // What a tag marks is a document even where it breaks off.
        if is_tagged && document.is_broken || says && !document.is_broken {
            out.push(Embedded { expr: Some(id), document });
        }
    }
    out
}

/// Whether a text starts as a document does; most texts of a program do not.
fn has_head(module: &Module, kind: &ExprKind) -> bool {
    let first = match kind {
        ExprKind::Str(text) => module.str(*text),
        ExprKind::Template(parts) => match parts.first() {
            Some(TemplatePart::Text(text)) => module.str(*text),
            _ => return false,
        },
        _ => return false,
    };
    let head = first.trim_start();
    HEADS.iter().any(|word| {
        head.strip_prefix(word)
            .is_some_and(|rest| rest.starts_with([' ', '\n', '\r', '\t', '{', '(', '$']))
    })
}

/// A template's text. Its holes bring fragments of their own, which are documents where they stand.
fn text(module: &Module, kind: &ExprKind) -> String {
    match kind {
        ExprKind::Str(text) => module.str(*text).to_owned(),
        ExprKind::Template(parts) => {
            let mut out = String::new();
            for part in parts {
                match part {
                    TemplatePart::Text(text) => out.push_str(module.str(*text)),
                    TemplatePart::Hole(_) => out.push(' '),
                }
            }
            out
        }
        _ => String::new(),
    }
}
