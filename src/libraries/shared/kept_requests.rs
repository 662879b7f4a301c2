//! Requests whose answers a framework keeps for those who ask next.

use super::query::Resolver;
use super::value::FileId;
use crate::ir::{Call, ExprKind};

/// Whether a call of `fetch` says that its answer is kept: `{ next: { revalidate: 60 } }`, `{ cache: "force-cache" }` of Next.js, whose
/// `fetch` alone minds it (<https://nextjs.org/docs/app/api-reference/functions/fetch>).
pub fn is_kept(resolver: &dyn Resolver, file: FileId, call: &Call<'_>) -> bool {
    let Some(options) = call.arg(1).filter(|_| resolver.asks_for(file, &["next"]) == Some(true)) else {
        return false;
    };
    let module = call.module;
    let revalidates = module.entry(options, "next").and_then(|next| module.entry(next, "revalidate"));
    let cache = module.entry(options, "cache").and_then(|cache| module.string(cache));
    revalidates.is_some_and(|seconds| !matches!(module.kind(seconds), ExprKind::Num(0.0))) || cache == Some("force-cache")
}
