//! The registry of rules: one line each, with its page and its check.

use super::unused_suppression;
use crate::analysis::growth;
use crate::analysis::indexes::advisor;
use crate::analysis::repeats::per_row as per_row_search;
use crate::analysis::{Analyses, Analysis};
use crate::finding::Finding;
#[cfg(test)]
use crate::project::Project;
use crate::rules::{deployment, memory, per_row, query, schema, waiting};

/// A line of the registry: a rule's id, page and check, and the analyses that it asks for.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// The name of its page.
    pub id: &'static str,
    /// The text of its page.
    pub page: &'static str,
    /// What it asks for that must stand before rules run.
    pub needs: &'static [Analysis],
    /// What it does.
    pub check: fn(&Analyses<'_>) -> Vec<Finding>,
}

/// A line of the registry: the page `rules/<id>.md`, the function `check` of a module, and what that needs.
macro_rules! rule {
    ($id:literal, $($module:ident)::+ $(, $need:ident)*) => {
        Rule {
            id: $id,
            page: include_str!(concat!("../../rules/", $id, ".md")),
            needs: &[$(Analysis::$need),*],
            check: $($module::)+check,
        }
    };
}

/// All rules, by id.
pub const RULES: &[Rule] = &[
    rule!("aggregate-in-memory", query::aggregate_in_memory),
    rule!("blocking-call-in-async", waiting::blocking_call_in_async),
    rule!("blocking-index-creation", schema::blocking_index_creation),
    rule!("bundle-keeps-console", deployment::bundle_keeps_console),
    rule!("cache-without-ttl", memory::cache_without_ttl),
    rule!("client-per-call", waiting::client_per_call),
    rule!("correlated-subquery", query::correlated_subquery),
    rule!("count-for-existence", query::count_for_existence),
    rule!("duplicate-query", query::duplicate_query),
    rule!("fixed-delay", waiting::fixed_delay),
    rule!("grouped-in-subquery", query::grouped_in_subquery),
    rule!("invalid-index-definition", schema::invalid_index_definition),
    rule!("list-endpoint-without-pagination", query::list_endpoint_without_pagination),
    rule!("long-transaction", waiting::long_transaction),
    rule!("missing-composite-index", schema::missing_composite_index, IndexProposals),
    rule!("missing-index", schema::missing_index, IndexProposals),
    rule!("missing-timeout", waiting::missing_timeout),
    rule!("n-plus-one", per_row::n_plus_one, PerRow),
    rule!("no-compression", deployment::no_compression),
    rule!("no-metrics", deployment::no_metrics),
    rule!("no-rate-limit", deployment::no_rate_limit),
    rule!("non-sargable-predicate", query::non_sargable_predicate),
    rule!("offset-pagination", query::offset_pagination),
    rule!("overfetch-large-column", query::overfetch_large_column),
    rule!("per-request-cache", memory::per_request_cache, Lifetimes),
    rule!("polling-never-stops", waiting::polling_never_stops),
    rule!("polling-without-backoff", waiting::polling_without_backoff),
    rule!("pool-not-configured", deployment::pool_not_configured),
    rule!("pool-smaller-than-concurrency", deployment::pool_smaller_than_concurrency),
    rule!(
        "postgres-no-idle-in-transaction-timeout",
        deployment::postgres_no_idle_in_transaction_timeout
    ),
    rule!("postgres-no-statement-timeout", deployment::postgres_no_statement_timeout),
    rule!("redis-keys-command", memory::redis_keys_command),
    rule!("redis-no-eviction-policy", deployment::redis_no_eviction_policy),
    rule!("redis-no-maxmemory", deployment::redis_no_maxmemory),
    rule!("redis-single-instance", deployment::redis_single_instance),
    rule!("redundant-index", schema::redundant_index),
    rule!("schema-drift", schema::schema_drift, IndexNeeds),
    rule!("sequential-await-in-loop", waiting::sequential_await_in_loop),
    rule!("sequential-awaits", waiting::sequential_awaits),
    rule!("small-batch-size", deployment::small_batch_size),
    rule!("unbatched-write", per_row::unbatched_write, PerRow),
    rule!("unbounded-cache", memory::unbounded_cache, Lifetimes, Growing),
    rule!("unbounded-growth", memory::unbounded_growth, Growing),
    rule!("unbounded-query", query::unbounded_query),
    rule!("unclamped-user-limit", query::unclamped_user_limit),
    rule!("unindexed-foreign-key", schema::unindexed_foreign_key, IndexProposals, IndexUses),
    rule!("unused-suppression", unused_suppression),
];

/// Rules that say, where they turn away from a place, which condition it was, with what their notes are filed under: their own id, and
/// the searches that they take their places from. See [`crate::silence`].
pub const NOTED: &[(&str, &[&str])] = &[
    ("aggregate-in-memory", &["aggregate-in-memory"]),
    ("blocking-call-in-async", &["blocking-call-in-async"]),
    ("blocking-index-creation", &["blocking-index-creation"]),
    ("cache-without-ttl", &["cache-without-ttl"]),
    ("client-per-call", &["client-per-call"]),
    ("correlated-subquery", &["correlated-subquery"]),
    ("count-for-existence", &["count-for-existence"]),
    ("duplicate-query", &["duplicate-query"]),
    ("fixed-delay", &["fixed-delay"]),
    ("grouped-in-subquery", &["grouped-in-subquery"]),
    ("invalid-index-definition", &["invalid-index-definition"]),
    ("list-endpoint-without-pagination", &["list-endpoint-without-pagination"]),
    ("long-transaction", &["long-transaction"]),
    ("missing-composite-index", &["missing-composite-index", advisor::NOTES]),
    ("missing-index", &["missing-index", advisor::NOTES]),
    ("missing-timeout", &["missing-timeout"]),
    ("n-plus-one", &["n-plus-one", per_row_search::READS]),
    ("non-sargable-predicate", &["non-sargable-predicate"]),
    ("offset-pagination", &["offset-pagination"]),
    ("overfetch-large-column", &["overfetch-large-column"]),
    ("per-request-cache", &["per-request-cache"]),
    ("polling-never-stops", &["polling-never-stops"]),
    ("polling-without-backoff", &["polling-without-backoff"]),
    ("pool-not-configured", &["pool-not-configured"]),
    ("redis-keys-command", &["redis-keys-command"]),
    ("redundant-index", &["redundant-index"]),
    ("schema-drift", &["schema-drift"]),
    ("sequential-await-in-loop", &["sequential-await-in-loop"]),
    ("sequential-awaits", &["sequential-awaits"]),
    ("small-batch-size", &["small-batch-size"]),
    ("unbatched-write", &["unbatched-write", per_row_search::WRITES]),
    ("unbounded-cache", &["unbounded-cache", growth::NOTES]),
    ("unbounded-growth", &["unbounded-growth", growth::NOTES]),
    ("unbounded-query", &["unbounded-query"]),
    ("unclamped-user-limit", &["unclamped-user-limit"]),
    ("unindexed-foreign-key", &["unindexed-foreign-key"]),
];

/// What the notes of a rule are filed under; nothing for one that keeps none.
pub fn topics(rule: &str) -> &'static [&'static str] {
    let known = NOTED.iter().find(|(id, _)| *id == rule);
    known.map_or(&[], |(_, topics)| topics)
}

/// Ids of all rules.
pub fn ids() -> Vec<&'static str> {
    RULES.iter().map(|rule| rule.id).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::facts::extract;
    use crate::walk::FileKind;

    /// The files of a fixture that hold programs and schema.
    fn fixture(name: &str) -> Project {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name);
        let files = walkdir::WalkDir::new(&root).sort_by_file_name().into_iter().filter_map(Result::ok);
        let read = files.filter_map(|entry| {
            let path = entry.path().strip_prefix(&root).ok()?.to_string_lossy().into_owned();
            let kind = FileKind::of(&path).filter(|_| entry.file_type().is_file())?;
            Some(extract(&path, kind, &std::fs::read_to_string(entry.path()).ok()?))
        });
        Project::link(read.collect())
    }

    /// A rule that asked for what its line does not name could make two threads wait for each other, on a machine and a project where
    /// the work falls so.
    #[test]
    fn rules_ask_only_for_what_their_line_names() {
        let mut used = 0;
        for project in ["shop-fastapi", "board-drizzle"].map(fixture) {
            for rule in RULES {
                let run = Analyses::new(&project);
                (rule.check)(&run);
                for made in Analysis::ALL.into_iter().filter(|one| one.is_ready(&run)) {
                    let is_named = rule.needs.iter().any(|need| *need == made || need.base() == Some(made));
                    assert!(is_named, "{} asks for {made:?}", rule.id);
                    used += 1;
                }
            }
        }
        assert!(used > 10, "the fixtures make rules ask: {used}");
    }
}
