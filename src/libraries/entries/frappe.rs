//! Frappe: whitelisted functions, and the events of a document.

use super::site::EntryFile;
use super::{Decorator, Entry, EntryKind};
use crate::ir::ClassId;

/// Methods of a document that the framework calls while a request saves, loads or deletes one.
#[rustfmt::skip]
const EVENTS: [&str; 22] = [
    "validate", "before_validate", "before_save", "after_save", "before_insert", "after_insert", "on_update", "on_change", "before_submit", "on_submit",
    "before_cancel", "on_cancel", "on_trash", "after_delete", "before_naming", "autoname", "onload", "before_update_after_submit",
    "on_update_after_submit", "before_rename", "after_rename", "before_print",
];

/// `@frappe.whitelist()`: any client may call it by its path.
pub fn decorated(site: &EntryFile<'_>, decorator: Decorator<'_>, out: &mut Vec<Entry>) {
    if decorator.name != "whitelist" || !site.imports(&["frappe"]) {
        return;
    }
    let title = site.title((site.file, decorator.function));
    let place = site.module.expr(decorator.expr).span;
    out.push(Entry {
        is_list_capable: true,
        threaded: true,
        ..site.own(decorator.function, EntryKind::Route, format!("method {title}"), place)
    });
}

/// The events of a document's class.
pub fn class(site: &EntryFile<'_>, class: ClassId, out: &mut Vec<Entry>) {
    if !site.imports(&["frappe"]) {
        return;
    }
    let ancestors = site.resolver.ancestors(site.file, class);
    let is_document = ancestors
        .iter()
        .any(|name| name.starts_with("frappe.") || name.rsplit('.').next() == Some("Document"));
    if !is_document {
        return;
    }
    for (function, method) in site.methods(class) {
        if EVENTS.contains(&method) {
            let place = site.module.function(function).name_span;
            let title = site.title((site.file, function));
            out.push(Entry {
                threaded: true,
                ..site.own(function, EntryKind::Action, format!("document event {title}"), place)
            });
        }
    }
}
