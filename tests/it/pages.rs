//! Rules, pages and the README agree, and what pages say is what rules do.

use std::path::Path;

use perfaudit::engine::pages::{Pages, read_folder};
use perfaudit::engine::registry::RULES;
use perfaudit::examples;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn every_rule_has_a_page_and_every_page_a_rule() {
    let pages: Vec<String> = read_folder(&root().join("rules").into())
        .expect("pages")
        .into_iter()
        .map(|page| page.id)
        .collect();
    let mut rules: Vec<&str> = RULES.iter().map(|rule| rule.id).collect();
    assert!(rules.is_sorted(), "RULES is in the order of ids: {rules:?}");
    rules.sort_unstable();
    assert_eq!(pages, rules);
}

#[test]
fn no_two_rules_share_a_name() {
    let pages = Pages::built_in().expect("valid pages");
    let mut names: Vec<String> = pages
        .iter()
        .flat_map(|page| page.aliases.iter().cloned().chain([page.id.clone()]))
        .collect();
    let all = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), all, "{names:?}");
}

#[test]
fn every_section_has_text() {
    for page in Pages::built_in().expect("valid pages").iter() {
        for section in perfaudit::engine::page::SECTIONS {
            assert!(!page.section(section).is_empty(), "{}: `## {section}` is empty", page.id);
        }
    }
}

#[test]
fn every_page_says_what_a_fix_risks_and_how_it_is_shown() {
    for page in Pages::built_in().expect("valid pages").iter() {
        for (name, text) in [("risk", &page.risk), ("verify", &page.verify)] {
            let is_sentence = text.starts_with(char::is_uppercase) || text.starts_with('`');
            assert!(
                is_sentence && text.ends_with(['.', ')']),
                "{}: `{name}` is no sentence: {text}",
                page.id
            );
        }
    }
}

/// One test a page, called after it, so that `cargo test n_plus_one` runs the examples of one rule.
macro_rules! examples_of {
    ($($rule:ident),+ $(,)?) => {
        mod examples_of {
            $(
                #[test]
                fn $rule() {
                    super::run_examples(stringify!($rule));
                }
            )+
        }

        /// The pages that have a test.
        const TESTED: &[&str] = &[$(stringify!($rule)),+];
    };
}

examples_of!(
    aggregate_in_memory,
    blocking_call_in_async,
    blocking_index_creation,
    bundle_keeps_console,
    cache_without_ttl,
    client_per_call,
    correlated_subquery,
    count_for_existence,
    duplicate_query,
    fixed_delay,
    grouped_in_subquery,
    invalid_index_definition,
    list_endpoint_without_pagination,
    long_transaction,
    missing_composite_index,
    missing_index,
    missing_timeout,
    n_plus_one,
    no_compression,
    no_metrics,
    no_rate_limit,
    non_sargable_predicate,
    offset_pagination,
    overfetch_large_column,
    per_request_cache,
    polling_never_stops,
    polling_without_backoff,
    pool_not_configured,
    pool_smaller_than_concurrency,
    postgres_no_idle_in_transaction_timeout,
    postgres_no_statement_timeout,
    redis_keys_command,
    redis_no_eviction_policy,
    redis_no_maxmemory,
    redis_single_instance,
    redundant_index,
    schema_drift,
    sequential_await_in_loop,
    sequential_awaits,
    small_batch_size,
    unbatched_write,
    unbounded_cache,
    unbounded_growth,
    unbounded_query,
    unclamped_user_limit,
    unindexed_foreign_key,
    unused_suppression
);

fn run_examples(test: &str) {
    let pages = Pages::built_in().expect("valid pages");
    let page = pages.iter().find(|page| page.id.replace('-', "_") == test).expect("a page");
    let failed = examples::run(page, &pages, None).expect("runs");
    let lines = failed
        .iter()
        .map(|failure| format!("rules/{}.md:{}: {}", failure.rule, failure.line, failure.what));
    assert!(failed.is_empty(), "{}", lines.collect::<Vec<_>>().join("\n"));
}

#[test]
fn the_examples_of_every_page_are_run() {
    let rules: Vec<String> = RULES.iter().map(|rule| rule.id.replace('-', "_")).collect();
    assert_eq!(TESTED, rules, "add the rule to `examples_of!`");
}

#[test]
fn the_readmes_tables_are_current() {
    let rules = Pages::built_in().expect("valid pages").table();
    for (name, wanted) in [("rules", rules), ("limits", perfaudit::budget::table())] {
        let (begin, end) = (format!("<!-- {name}:begin -->\n"), format!("<!-- {name}:end -->"));
        let file = root().join("README.md");
        let text = std::fs::read_to_string(&file).expect("a README");
        let (before, rest) = text.split_once(&begin).expect("a begin marker");
        let (table, after) = rest.split_once(&end).expect("an end marker");
        if table != wanted && std::env::var_os("PERFAUDIT_UPDATE").is_some() {
            std::fs::write(&file, format!("{before}{begin}{wanted}{end}{after}")).expect("written");
            continue;
        }
        assert_eq!(
            table, wanted,
            "run `PERFAUDIT_UPDATE=1 cargo test --locked` to bring the README's tables up to date"
        );
    }
}
