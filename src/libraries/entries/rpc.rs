//! Services of Connect and gRPC: an object with a function for each procedure.

use super::site::EntryFile;
use super::{Entry, EntryKind};
use crate::ir::{Call, ExprKind};
use crate::libraries::shared::objects;

/// Libraries whose servers take such an object.
const LIBRARIES: &[&str] = &["@bufbuild/connect", "@connectrpc/connect", "@grpc/grpc-js", "grpc"];

/// `router.service(Orders, { async get(request) { … } })`, `server.addService(Orders, { … })`; the object may be put together from
/// what functions of several files give.
pub fn call(site: &EntryFile<'_>, call: Call<'_>, method: &str, out: &mut Vec<Entry>) {
    if !matches!(method, "service" | "addService") || call.receiver().is_none() || !site.imports(LIBRARIES) {
        return;
    }
    let Some(service) = call.arg(1) else { return };
    let place = site.module.expr(call.id).span;
    for field in objects::fields(site.resolver, site.file, service).items {
        let (file, value) = field.value;
        let is_plain = !matches!(site.resolver.module(file).kind(value), ExprKind::Object(_));
        let Some(function) = site.handler_at(file, value, 0).filter(|_| is_plain) else {
            continue;
        };
        out.push(Entry::new(function, EntryKind::Route, format!("RPC {}", field.key), place));
    }
}
