//! The registry of rules: one line each, with its page and its check.

pub mod baseline;
pub mod inventory;
pub mod page;
pub mod policy;
pub mod rank;
pub mod strengths;
pub mod suppress;

mod aggregate_in_memory;
mod blocking_call_in_async;
mod blocking_index_creation;
pub mod bounds;
mod bundle_keeps_console;
mod cache_without_ttl;
mod carried;
mod client_per_call;
mod columns;
mod correlated_subquery;
mod count_for_existence;
mod deployed;
mod duplicate_query;
mod evidence;
mod figures;
mod fixed_delay;
mod foreign_keys;
mod grouped_in_subquery;
mod growth;
mod growth_use;
mod in_loops;
mod index_advice;
mod index_demand;
mod index_use;
mod invalid_index_definition;
mod io;
mod lifetime;
mod list_endpoint_without_pagination;
mod long_lived;
mod long_transaction;
mod missing_composite_index;
mod missing_index;
mod missing_timeout;
mod n_plus_one;
mod no_compression;
mod no_metrics;
mod no_rate_limit;
mod non_sargable_predicate;
mod offset_pagination;
mod once;
mod origin;
mod overfetch_large_column;
mod per_request_cache;
mod per_row;
mod per_row_admin;
mod per_row_components;
mod per_row_fix;
mod per_row_hooks;
mod per_row_report;
mod per_row_serializer;
mod per_row_shape;
mod per_row_template;
mod polling_never_stops;
mod polling_without_backoff;
mod pool_not_configured;
mod pool_smaller_than_concurrency;
mod postgres_no_idle_in_transaction_timeout;
mod postgres_no_statement_timeout;
mod redis;
mod redis_keys_command;
mod redis_no_eviction_policy;
mod redis_no_maxmemory;
mod redis_single_instance;
mod redundant_index;
mod row_keys;
mod row_reads;
mod same;
mod schema_drift;
mod schema_fix;
#[cfg(test)]
mod schema_tests;
mod sequential_await_in_loop;
mod sequential_awaits;
mod site_finding;
mod small_batch_size;
mod statement_text;
mod unbatched_write;
mod unbounded_cache;
mod unbounded_growth;
mod unbounded_query;
mod unclamped_user_limit;
mod unindexed_foreign_key;
mod unused_suppression;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::LazyLock;

use crate::error::Error;
use crate::files::{self, Tree};
use crate::finding::Finding;
use crate::project::Project;
use page::{Page, PageError};

/// A rule.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// The name of its page.
    pub id: &'static str,
    /// The text of its page.
    pub page: &'static str,
    /// The module that checks it; rules of one module are checked by one run of it.
    pub module: &'static str,
    /// What it does.
    pub check: fn(&Project) -> Vec<Finding>,
}

/// A line of the registry: the page `rules/<id>.md` and the function `check` of a module.
macro_rules! rule {
    ($id:literal, $module:ident) => {
        Rule {
            id: $id,
            page: include_str!(concat!("../../rules/", $id, ".md")),
            module: stringify!($module),
            check: $module::check,
        }
    };
}

/// All rules, by id.
pub const RULES: &[Rule] = &[
    rule!("aggregate-in-memory", aggregate_in_memory),
    rule!("blocking-call-in-async", blocking_call_in_async),
    rule!("blocking-index-creation", blocking_index_creation),
    rule!("bundle-keeps-console", bundle_keeps_console),
    rule!("cache-without-ttl", cache_without_ttl),
    rule!("client-per-call", client_per_call),
    rule!("correlated-subquery", correlated_subquery),
    rule!("count-for-existence", count_for_existence),
    rule!("duplicate-query", duplicate_query),
    rule!("fixed-delay", fixed_delay),
    rule!("grouped-in-subquery", grouped_in_subquery),
    rule!("invalid-index-definition", invalid_index_definition),
    rule!("list-endpoint-without-pagination", list_endpoint_without_pagination),
    rule!("long-transaction", long_transaction),
    rule!("missing-composite-index", missing_composite_index),
    rule!("missing-index", missing_index),
    rule!("missing-timeout", missing_timeout),
    rule!("n-plus-one", in_loops),
    rule!("no-compression", no_compression),
    rule!("no-metrics", no_metrics),
    rule!("no-rate-limit", no_rate_limit),
    rule!("non-sargable-predicate", non_sargable_predicate),
    rule!("offset-pagination", offset_pagination),
    rule!("overfetch-large-column", overfetch_large_column),
    rule!("per-request-cache", long_lived),
    rule!("polling-never-stops", polling_never_stops),
    rule!("polling-without-backoff", polling_without_backoff),
    rule!("pool-not-configured", pool_not_configured),
    rule!("pool-smaller-than-concurrency", pool_smaller_than_concurrency),
    rule!("postgres-no-idle-in-transaction-timeout", postgres_no_idle_in_transaction_timeout),
    rule!("postgres-no-statement-timeout", postgres_no_statement_timeout),
    rule!("redis-keys-command", redis_keys_command),
    rule!("redis-no-eviction-policy", redis_no_eviction_policy),
    rule!("redis-no-maxmemory", redis_no_maxmemory),
    rule!("redis-single-instance", redis_single_instance),
    rule!("redundant-index", redundant_index),
    rule!("schema-drift", schema_drift),
    rule!("sequential-await-in-loop", sequential_await_in_loop),
    rule!("sequential-awaits", sequential_awaits),
    rule!("small-batch-size", small_batch_size),
    rule!("unbatched-write", in_loops),
    rule!("unbounded-cache", long_lived),
    rule!("unbounded-growth", long_lived),
    rule!("unbounded-query", unbounded_query),
    rule!("unclamped-user-limit", unclamped_user_limit),
    rule!("unindexed-foreign-key", unindexed_foreign_key),
    rule!("unused-suppression", unused_suppression),
];

/// Ids of all rules.
pub fn ids() -> Vec<&'static str> {
    RULES.iter().map(|rule| rule.id).collect()
}

/// The pages of all rules, by id.
#[derive(Clone, Debug, Default)]
pub struct Pages {
    pages: BTreeMap<String, Page>,
}

impl Pages {
    /// The built-in pages, read once a process.
    pub fn built_in() -> Result<Pages, PageError> {
        static PAGES: LazyLock<Result<Pages, PageError>> = LazyLock::new(Pages::read_built_in);
        PAGES.clone()
    }

    fn read_built_in() -> Result<Pages, PageError> {
        let pages = RULES
            .iter()
            .map(|rule| Page::parse(rule.id, rule.page).map(|page| (rule.id.to_owned(), page)));
        Ok(Pages {
            pages: pages.collect::<Result<_, _>>()?,
        })
    }

    /// The built-in pages, with those of a folder in their place where the names are the same.
    pub fn load(folder: Option<&Path>) -> Result<Pages, Error> {
        let mut pages = Pages::built_in().map_err(|error| Error::new("rules", error.to_string()))?;
        for page in folder.map(read_folder).transpose()?.unwrap_or_default() {
            if !pages.pages.contains_key(&page.id) {
                let place = folder.map_or_else(String::new, |folder| folder.to_string_lossy().into_owned());
                return Err(Error::unknown(place, "rule", &page.id, &ids()));
            }
            pages.pages.insert(page.id.clone(), page);
        }
        Ok(pages)
    }

    /// A rule's page.
    pub fn get(&self, id: &str) -> Option<&Page> {
        self.pages.get(id)
    }

    /// All pages, by id.
    pub fn iter(&self) -> impl Iterator<Item = &Page> {
        self.pages.values()
    }

    /// The page of a rule by its id, in any spelling, or by another name it is known by.
    pub fn find(&self, place: &str, name: &str) -> Result<&Page, Error> {
        let wanted = name.trim().to_lowercase().replace('_', "-");
        let known = self
            .get(&wanted)
            .or_else(|| self.iter().find(|page| page.aliases.contains(&wanted)));
        known.ok_or_else(|| {
            let names: Vec<&str> = self.pages.keys().map(String::as_str).collect();
            Error::unknown(place, "rule", name, &names)
        })
    }

    /// The ids that names stand for.
    pub fn resolve(&self, place: &str, names: &[String]) -> Result<Vec<String>, Error> {
        names
            .iter()
            .map(|name| self.find(place, name).map(|page| page.id.clone()))
            .collect()
    }

    /// The README's table of rules.
    pub fn table(&self) -> String {
        let mut out = String::from("| Rule | Usual priority | What it finds | Languages |\n|---|---|---|---|\n");
        for page in self.iter() {
            let link = format!("[`{id}`](rules/{id}.md)", id = page.id);
            let languages = page.languages.join(", ");
            let _ = writeln!(out, "| {link} | {:?} | {} | {languages} |", page.priority, page.title);
        }
        out
    }
}

/// The largest rule page that is read.
const LARGEST_PAGE: u64 = 1_000_000;

/// The pages of a folder, by name.
pub fn read_folder(folder: &Path) -> Result<Vec<Page>, Error> {
    let shown = folder.to_string_lossy().into_owned();
    if !folder.is_dir() {
        return Err(Error::new(shown, "no such folder").hint("give a folder of rule pages"));
    }
    // A page that is a link to somewhere else is not one of this folder.
    let tree = Tree::of(folder).map_err(|error| Error::new(shown.clone(), format!("cannot be read: {error}")))?;
    let mut pages = Vec::new();
    for entry in walkdir::WalkDir::new(folder).max_depth(1).sort_by_file_name() {
        let entry = entry.map_err(|error| Error::new(shown.clone(), error.to_string()))?;
        let path = entry.path();
        let is_page = !entry.file_type().is_dir() && path.extension().is_some_and(|extension| extension == "md");
        let Some(id) = path
            .file_stem()
            .and_then(|stem| stem.to_str())
            .filter(|stem| is_page && *stem != "README")
        else {
            continue;
        };
        let place = path.to_string_lossy().into_owned();
        let bytes = tree.read(Path::new(entry.file_name()), LARGEST_PAGE);
        let text = files::text(path, bytes.map_err(|refusal| refusal.error(place, "a rule page"))?)?;
        pages.push(Page::parse(id, &text).map_err(|error| Error::new(shown.clone(), error.to_string()))?);
    }
    if pages.is_empty() {
        return Err(Error::new(shown, "no rule pages here").hint("a page is a file `<rule-id>.md`"));
    }
    Ok(pages)
}
