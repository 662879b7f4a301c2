//! Pyramid: functions and methods that a configuration names as views.

use super::site::{EntryFile, verb};
use super::{Decorator, Entry, EntryKind};

/// `@view_config(route_name="accounts.login", request_method="POST")`.
///
/// Routes are named: their addresses stand in another file, and the name is what people look for.
pub fn decorated(site: &EntryFile<'_>, decorator: Decorator<'_>, out: &mut Vec<Entry>) {
    let is_view = matches!(
        decorator.name,
        "view_config" | "notfound_view_config" | "forbidden_view_config" | "exception_view_config"
    );
    if !is_view || !site.imports(&["pyramid"]) {
        return;
    }
    let text = |key: &str| decorator.call.and_then(|call| call.keyword(key)).and_then(|value| site.text(value));
    let method = text("request_method").map_or("ANY", |method| verb(&method.to_ascii_lowercase()));
    let title = site.title((site.file, decorator.function));
    let name = text("route_name").or_else(|| text("name")).unwrap_or(title);
    let place = site.module.expr(decorator.expr).span;
    out.push(Entry {
        threaded: true,
        is_list_capable: true,
        ..site.own(decorator.function, EntryKind::Route, format!("{method} {name}"), place)
    });
}
