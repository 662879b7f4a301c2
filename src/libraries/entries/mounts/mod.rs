//! Where routers are put: the path before the routes of each, by a call or a setting that may stand in another file.

mod python;
mod router;
mod typescript;

use super::site::EntryFile;
use crate::ir::Language;
use crate::libraries::shared::query::Resolver;
use crate::libraries::shared::value::FileId;

pub use router::{Mount, Router, own_prefix, router_of, urls_of};
pub use typescript::is_router_call;

/// The mounts that a file makes, in the order of the code.
pub fn mounts(resolver: &dyn Resolver, file: FileId, path: &str) -> Vec<Mount> {
    let site = EntryFile::new(resolver, file, path);
    let mut out = Vec::new();
    for id in site.module.call_ids() {
        let Some(call) = site.module.call(id) else { continue };
        let Some(method) = call.method() else { continue };
        match site.module.language {
            Language::Python => python::call(&site, call, method, &mut out),
            Language::TypeScript => typescript::call(&site, call, method, &mut out),
        }
    }
    if site.module.language == Language::Python {
        python::patterns(&site, &mut out);
    }
    out
}
