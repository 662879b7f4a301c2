//! No bound is silent: each is in the table of `budget.rs` and told, or is none that could lose a finding, for a reason that stands here.

mod told;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use perfaudit::budget::LIMITS;
use perfaudit::{Config, audit};

/// A constant whose name has one of these parts is taken for a bound.
const PARTS: [&str; 15] = [
    "MAX", "MOST", "BUDGET", "WIDTH", "DEPTH", "FUEL", "LARGEST", "LONGEST", "DEEPEST", "REACH", "HOPS", "LEVELS", "STEPS", "IGNORES",
    "LISTED",
];

/// Bounds that are none of the table, with the reason; each as the file below `src/` and the name.
const EXCUSED: &[(&str, &[&str])] = &[
    (
        "No finding comes or goes by it: what is written as SQL or asked of a planner beside the findings, where what lies beyond is said to \
         be left out or not verifiable, or is like what was asked about.",
        &[
            "libraries/django/index.rs LONGEST_NAME",
            "render/ddl.rs LONGEST_NAME",
            "render/types.rs MAX_STEPS",
            "syntax/sql/expression.rs MAX_DEPTH",
            "verify/explain.rs MAX_DEPTH",
            "verify/postgres/link.rs LONGEST",
            "verify/postgres/mod.rs MOST_SLOW",
            "verify/rows.rs LONGEST_LITERAL",
            "verify/rows.rs MAX_CELLS",
            "verify/rows.rs MAX_KEYS",
            "verify/rows.rs MAX_LITERALS",
            "verify/sqlite.rs MOST",
            "verify/subject.rs MAX_READERS",
            "verify/subject.rs MAX_SITES",
        ],
    ),
    (
        "How much of a list is shown or cited, and its text says that there is more; nothing is decided by it.",
        &[
            "advice/per_row.rs MOST_NAMED",
            "libraries/entries/site.rs MOST_ROUTES",
            "project/reach.rs MAX_SHARED",
            "project/unresolved.rs MOST_STEPS",
            "project/schema/order.rs MAX_NOTES",
            "report/github.rs MOST",
            "report/ir.rs DEEPEST",
            "report/pr.rs LISTED",
            "report/pr.rs LONGEST",
            "report/pr.rs MOST",
            "report/pr.rs STEPS",
            "report/sources.rs LONGEST",
            "report/table.rs LONGEST_CHAIN",
            "report/audit/facets.rs LEVELS",
            "report/audit/index_plan.rs LISTED",
            "report/audit/item.rs STEPS",
            "report/audit/themes.rs MOST",
            "report/schema/table.rs LISTED",
            "rules/shared/deployed.rs MAX_RELATED",
            "rules/shared/per_row.rs MAX_COMPARED",
            "rules/shared/per_row.rs MAX_MERGED",
            "rules/per_row/n_plus_one/template.rs MAX_READS",
            "rules/schema/missing_index.rs MAX_CITED",
            "rules/schema/schema_drift.rs MAX_CITED",
            "rules/schema/unindexed_foreign_key.rs MAX_LISTED",
            "rules/schema/unindexed_foreign_key.rs MAX_CITED",
            "rules/waiting/blocking_call_in_async.rs MAX_PLACES",
            "rules/waiting/blocking_call_in_async.rs MAX_LISTED",
            "rules/waiting/blocking_call_in_async.rs LISTED_AT_LEAST",
            "engine/finish.rs MOST_PLACES",
            "git/past.rs MOST_LACKING",
            "project/graph.rs LONGEST_CHAIN",
            "rules/memory/per_request_cache.rs MAX_CITED",
            "rules/waiting/missing_timeout/handed.rs MAX_CITED",
        ],
    ),
    (
        "A manifest that is asked for the project's name: one over it gives no name.",
        &["engine/run/origin.rs LARGEST"],
    ),
    (
        "A file that the user names or keeps, or an object of git: one over it ends the run with an error.",
        &[
            "config.rs LARGEST",
            "config.rs MOST_THREADS",
            "stats.rs LARGEST",
            "cli/report.rs LARGEST",
            "engine/baseline.rs LARGEST",
            "engine/page.rs LONGEST_FRONT",
            "engine/pages.rs LARGEST_TOGETHER",
            "engine/pages.rs MOST_OWN",
            "engine/run/past_settings.rs LARGEST_HELD",
            "libraries/own.rs LARGEST",
            "libraries/own.rs LARGEST_TOGETHER",
            "libraries/own.rs MOST_FILES",
            "rules/own/pattern.rs LONGEST_PATTERN",
            "rules/own/words.rs MOST_WORDS",
            "rules/mod.rs LARGEST_PAGE",
            "git/past.rs LARGEST_FOLDER",
            "git/past.rs LONGEST_PATH",
            "git/repository.rs LARGEST_POINTER",
            "git/repository.rs LARGEST_TEXT",
            "git/repository.rs LARGEST_LIST",
            "git/repository.rs LARGEST_OBJECT",
        ],
    ),
    (
        "What is kept in memory or on disk to be used again: it costs time when it is gone, and changes nothing.",
        &[
            "cache.rs LARGEST",
            "syntax/builder.rs LARGEST_ROOM",
            "syntax/flat.rs LARGEST_ROOM",
            "project/branches/constants.rs MAX_KEPT",
        ],
    ),
    (
        "How deep one written form is read (a condition, an object, a text, a setting). What is deeper counts as not understood.",
        &[
            "libraries/entries/often/stage.rs MAX_DEPTH",
            "libraries/sql/python.rs MOST_USES",
            "rules/query/unbounded_query/picked.rs MOST_USES",
            "project/graph.rs LONGEST_WAY",
            "libraries/entries/often/stage.rs MOST",
            "analysis/repeats/per_row/context.rs MAX_DEPTH",
            "project/conditions.rs MAX_DEPTH",
            "project/once.rs MAX_DEPTH",
            "project/graph/sites.rs MAX_DEPTH",
            "libraries/ts_migrations.rs MAX_DEPTH",
            "libraries/django/migrations.rs MAX_DEPTH",
            "libraries/django/queries/lookups.rs MAX_DEPTH",
            "libraries/entries/graphql.rs DEEPEST_FIELD",
            "libraries/entries/graphql.rs DEEPEST_MAP",
            "libraries/entries/site.rs MAX_WRAPPERS",
            "libraries/mongo/models.rs DEEPEST",
            "libraries/mongo/schema.rs DEEPEST",
            "libraries/objection/classes.rs MOST_BASES",
            "libraries/objection/queries.rs DEEPEST_GRAPH",
            "libraries/shared/one_value.rs MOST_CALLS",
            "libraries/shared/queued.rs MAX_WRAPPERS",
            "project/may_call.rs MOST_LEVELS",
            "project/mounts.rs MAX_LEVELS",
            "project/clients/address.rs MAX_PIECES",
            "project/clients/holder.rs MAX_STEPS",
            "project/clients/holder.rs MAX_NAMES",
            "project/clients/http.rs MAX_LEVELS",
            "libraries/prisma/queries.rs MAX_RELATIONS",
            "libraries/shared/comparison.rs MAX_DEPTH",
            "libraries/shared/declared.rs MAX_DEPTH",
            "libraries/shared/objects.rs MAX_DEPTH",
            "libraries/shared/objects/returned.rs MAX_RETURNS",
            "libraries/shared/sql_text.rs MAX_DEPTH",
            "libraries/sqlalchemy/alembic.rs MAX_DEPTH",
            "libraries/sqlalchemy/queries/draft.rs MAX_DEPTH",
            "project/branches/constants.rs MAX_NESTING",
            "project/deployment/pools.rs MAX_DEPTH",
            "project/deployment/workers.rs MAX_DEPTH",
            "project/loops/iterable.rs MAX_DEPTH",
            "inventory/queries.rs MAX_DEPTH",
            "rules/query/correlated_subquery.rs MAX_DEPTH",
            "rules/query/non_sargable_predicate.rs MAX_DEPTH",
            "syntax/sql/mask.rs LONGEST_NAME",
            "syntax/tagged.rs REACH",
            "analysis/growth/uses.rs MAX_AROUND_SIZE",
            "analysis/growth/uses.rs MOST_WORDS",
            "analysis/rows/figures.rs MAX_STEPS",
            "analysis/repeats/single.rs MAX_WRAPPERS",
            "analysis/waits/handle.rs MAX_CALLBACKS",
            "libraries/django/queries.rs MAX_CHAIN",
            "libraries/drizzle/queries/relational.rs MAX_WITH",
            "libraries/drizzle/queries/table.rs MAX_SPREADS",
            "libraries/drizzle/schema.rs MAX_AROUND_CALL",
            "libraries/entries/trpc.rs MAX_NAMES",
            "libraries/prisma/queries.rs MAX_ORDER_LEVELS",
            "libraries/shared/callbacks.rs MAX_HANDED_ON",
            "libraries/shared/chain.rs MAX_AROUND_CALL",
            "libraries/sqlalchemy/models/fields.rs MAX_ALIAS_PARTS",
            "libraries/sqlalchemy/models/tables.rs MAX_AROUND_COLUMN",
            "libraries/sqlalchemy/queries/draft.rs MAX_NAMES",
            "libraries/sqlalchemy/queries/options.rs MAX_OPTIONS",
            "libraries/shared/generic.rs MOST_MEMBERS",
            "libraries/shared/sql_text.rs MOST_BEFORE",
            "libraries/shared/sql_text.rs MOST_CALLS",
            "libraries/sql/set_up.rs MOST_BEFORE",
            "libraries/sqlalchemy/queries/start.rs MAX_AROUND_COLUMN",
            "project/branches/constants.rs MAX_TEST_DEPTH",
            "project/clients/requests.rs MAX_NAMES",
            "project/eval/code.rs MOST_OUTER_STARS",
            "project/eval/context.rs MOST_ARGUMENTS",
            "project/eval/context.rs MOST_PASSED",
            "project/eval/context.rs MOST_READS",
            "project/graph/awaited.rs MAX_AROUND_CALL",
            "project/imports.rs MAX_EXTENDS",
            "project/loops/gather.rs MAX_AROUND_CALL",
            "project/loops/guard.rs MAX_TEST_DEPTH",
            "project/loops/pace.rs MAX_AROUND_CALL",
            "project/loops/pace.rs MOST_STATEMENTS",
            "project/row_usage/figures.rs MAX_AROUND",
            "project/row_usage/figures.rs MAX_STEPS",
            "project/scope.rs MAX_PATTERN",
            "rules/per_row/n_plus_one/template.rs MAX_NAMES",
            "rules/query/unclamped_user_limit.rs MAX_STEPS",
            "rules/waiting/fixed_delay.rs MAX_AROUND_SLEEP",
            "rules/waiting/fixed_delay.rs MAX_CALLBACKS",
            "rules/waiting/fixed_delay.rs MAX_NAMES",
            "rules/waiting/long_transaction.rs MAX_STEPS",
            "rules/waiting/missing_timeout/about.rs MAX_AROUND_CALL",
            "rules/waiting/missing_timeout/setting.rs MAX_SPREADS",
            "rules/waiting/polling_never_stops.rs MAX_CALLBACKS",
            "rules/waiting/polling_without_backoff/delays.rs MAX_DEPTH",
            "rules/waiting/polling_without_backoff/options.rs MAX_AROUND_OPTIONS",
            "rules/waiting/polling_without_backoff/sleeping_loops.rs MAX_BRANCHES",
            "syntax/facts.rs MAX_CONDITIONS",
            "libraries/sequelize/queries.rs MAX_LOADED",
            "libraries/typeorm/queries.rs MAX_LOADED",
            "libraries/mongo/mongoose.rs MAX_LOADED",
            "rules/waiting/polling_without_backoff/options.rs MOST_ARGUMENTS",
        ],
    ),
    (
        "How far a rule looks by design: what is further away is not what it is about, or counts as what makes no finding.",
        &[
            "analysis/indexes/advisor.rs MAX_LONGER",
            "analysis/indexes/advisor.rs MAX_INCLUDED",
            "analysis/indexes/needs.rs MAX_DEPTH",
            "analysis/indexes/needs.rs MAX_ORDER",
            "analysis/indexes/needs/ways_in.rs MAX_STEPS",
            "analysis/indexes/relations.rs MAX_STEPS",
            "analysis/repeats/per_row/calls.rs BATCHED_DEPTH",
            "analysis/repeats/per_row/spared.rs MOST_PLACES",
            "analysis/rows/origin.rs MAX_DEPTH",
            "judge/lists.rs MAX_DEPTH",
            "libraries/django/queries/instances.rs MOST_USES",
            "libraries/peewee/queries/joined.rs STEPS",
            "libraries/shared/limits.rs MAX_STEPS",
            "analysis/rows/reads.rs LEVELS",
            "project/branches.rs MAX_DEPTH",
            "project/row_source.rs MAX_DEPTH",
            "project/row_source.rs MOST_CALLS",
            "project/branches/constants.rs MAX_AROUND",
            "project/eval/callees.rs MOST_OVERRIDES",
            "project/eval/expressions.rs MOST_ELEMENTS",
            "project/eval/context.rs MAX_LEVEL",
            "project/eval/makers.rs MAX_STEPS",
            "project/flow.rs MAX_DEPTH",
            "project/graph/page_sizes.rs MAX_STEPS",
            "project/held.rs MAX_STEPS",
            "project/may_call.rs MOST_CANDIDATES",
            "project/reach.rs MAX_CONTEXTS",
            "project/rows.rs MAX_STEPS",
            "project/serializers.rs MAX_DEPTH",
            "project/serializers/methods.rs MAX_NAMES",
            "rules/per_row/n_plus_one/components.rs MAX_DEPTH",
            "rules/per_row/n_plus_one/components.rs MAX_TEST_DEPTH",
            "rules/per_row/n_plus_one/template.rs MAX_DEPTH",
            "rules/query/unclamped_user_limit.rs MAX_HOPS",
            "rules/waiting/blocking_call_in_async.rs MAX_WAYS",
            "rules/waiting/client_per_call.rs HOPS",
            "rules/waiting/client_per_call/entered.rs HOPS",
            "rules/waiting/client_per_call/once.rs HOPS",
            "rules/waiting/long_transaction/callbacks.rs HOPS",
            "rules/waiting/long_transaction/wait.rs DEPTH",
            "rules/waiting/missing_timeout/pages.rs DEPTH",
            "rules/waiting/polling_without_backoff/timers.rs MOST_ARGUMENTS",
            "analysis/waits/loop_state.rs MOST_NAMES",
            "project/flow.rs MAX_HANDED_ON",
            "project/graph/edges.rs MOST_IMPLEMENTATIONS",
            "project/serializers/methods.rs MAX_ATTRIBUTES",
            "project/serializers/relations.rs MAX_HOPS",
            "rules/waiting/client_per_call.rs MAX_FATE_STEPS",
            "rules/waiting/client_per_call/once.rs MAX_AROUND",
            "rules/waiting/polling_without_backoff/requests.rs HOPS",
            "analysis/repeats/per_row/summaries.rs MAX_PASSED_ON",
        ],
    ),
    (
        "What is counted for one thing, in steps: no bound by itself.",
        &["project/eval/ancestors.rs STEPS_A_CLASS", "project/loops.rs STEPS_A_STATEMENT"],
    ),
    (
        "A figure of what is scanned, and no bound on reading it.",
        &["rules/waiting/missing_timeout.rs LONGEST_REQUEST"],
    ),
    (
        "How long a name may be that is written: a longer one is cut and told apart by a hash.",
        &["fix/index/names.rs LONGEST"],
    ),
    (
        "How many names and calls of a queryset a fix follows; a longer one is told and left as it is.",
        &["fix/calls/querysets.rs MOST"],
    ),
];

/// The text of each file of `src/`, by its path there.
fn sources() -> BTreeMap<String, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let files = walkdir::WalkDir::new(&root).into_iter().filter_map(Result::ok);
    files
        .filter(|entry| entry.path().extension().is_some_and(|extension| extension == "rs"))
        .map(|entry| {
            let path = entry
                .path()
                .strip_prefix(&root)
                .expect("below the root")
                .to_string_lossy()
                .replace('\\', "/");
            (path, std::fs::read_to_string(entry.path()).expect("a text"))
        })
        .collect()
}

/// The name of a whole number that a line declares as a constant.
fn declared(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once("const ")?;
    let (name, rest) = rest.split_once(": ")?;
    let is_number = ["usize", "u8", "u16", "u32", "u64", "i64"]
        .iter()
        .any(|kind| rest.starts_with(kind));
    let is_name = name
        .chars()
        .all(|character| character.is_ascii_uppercase() || character.is_ascii_digit() || character == '_');
    (is_number && is_name).then_some(name)
}

/// The names of limits in a text, `Limit::Nesting` or `Bound::SqlNesting`.
fn limits_in(text: &str) -> BTreeSet<String> {
    let parts = text.split("Limit::").skip(1).chain(text.split("Bound::").skip(1));
    parts
        .map(|rest| rest.chars().take_while(char::is_ascii_alphanumeric).collect())
        .collect()
}

/// Each bound in the code, as file and name, with the limits that the comment above it names.
fn bounds(sources: &BTreeMap<String, String>) -> Vec<(String, BTreeSet<String>)> {
    let mut found = Vec::new();
    for (path, text) in sources {
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        for (index, line) in lines.iter().enumerate() {
            let Some(name) = declared(line).filter(|name| name.split('_').any(|part| PARTS.contains(&part))) else {
                continue;
            };
            let above = lines[..index].iter().rev().take_while(|line| line.starts_with("///"));
            let comment: String = above.copied().collect();
            found.push((format!("{path} {name}"), limits_in(&comment)));
        }
    }
    found
}

fn names_of_limits() -> BTreeSet<String> {
    LIMITS.iter().map(|about| format!("{:?}", about.limit)).collect()
}

#[test]
fn every_bound_is_told_or_excused() {
    let sources = sources();
    let known = names_of_limits();
    let mut excused: BTreeSet<&str> = EXCUSED.iter().flat_map(|(_, names)| names.iter().copied()).collect();
    let mut wrong = Vec::new();
    for (bound, limits) in bounds(&sources) {
        let is_excused = excused.remove(bound.as_str());
        if is_excused == limits.iter().any(|limit| known.contains(limit)) {
            wrong.push(format!("{bound}: {limits:?}"));
        }
    }
    assert!(
        wrong.is_empty(),
        "a bound says in its comment which row of `budget.rs` it belongs to, or is excused here, and not both:\n{}",
        wrong.join("\n")
    );
    assert!(excused.is_empty(), "no such bound: {excused:?}");
}

#[test]
fn every_row_of_the_table_is_told_somewhere() {
    let mut told = BTreeSet::new();
    for (path, text) in sources() {
        if path == "budget.rs" {
            continue;
        }
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        // Tests name them as well.
        let code: String = code.take_while(|line| *line != "#[cfg(test)]").collect::<Vec<_>>().join("\n");
        told.extend(limits_in(&code));
    }
    let silent: Vec<String> = names_of_limits().into_iter().filter(|name| !told.contains(name)).collect();
    assert_eq!(silent, Vec::<String>::new());
}

/// The least number that must have a name where a search ends at it: fewer are a shape that is read, such as "two arguments".
const NAMED_FROM: u64 = 4;
/// What has a length of its own, so that a number in a comparison with it cuts nothing short: texts, and what was asked for.
const MEASURED: [&str; 9] = ["id", "method", "name", "named", "path", "revision", "text", "valid", "words"];

/// The number without a name at which a line ends a search: turns of a loop, levels or steps that are counted, the length of a list.
fn unnamed(line: &str) -> Option<u64> {
    let number = |text: &str| {
        let digits = text
            .split(|character: char| !character.is_ascii_digit() && character != '_')
            .next()?;
        digits.replace('_', "").parse::<u64>().ok()
    };
    let turns = line.split_once("for _ in 0..").and_then(|(_, rest)| number(rest));
    let counted = [" > ", " >= ", " < ", " <= "].iter().find_map(|operator| {
        let (left, right) = line.split_once(operator)?;
        let left = left.split_whitespace().next_back()?;
        let is_open = left.matches('(').count() > left.matches(')').count();
        let left = if is_open { left.rsplit('(').next()? } else { left };
        let is_counter = matches!(left, "depth" | "steps" | "hops" | "levels" | "turns");
        let list = left.strip_suffix(".len()").or_else(|| left.strip_suffix(".count()"));
        let is_list = list.is_some_and(|list| !MEASURED.contains(&list.rsplit('.').next().unwrap_or(list)));
        (is_counter || is_list).then(|| number(right)).flatten()
    });
    turns.or(counted).filter(|number| *number >= NAMED_FROM)
}

#[test]
fn numbers_without_a_name_are_seen() {
    for (line, number) in [
        ("    for _ in 0..6 {", Some(6)),
        ("    for _ in 0..MAX_DEPTH {", None),
        ("    if depth > 4 {", Some(4)),
        ("    ExprKind::Name(_) if depth < 4 => {", Some(4)),
        ("    if depth == 0 || out.len() > 2_000 {", Some(2000)),
        ("    && self.consts.bound.len() < 500", Some(500)),
        ("    while out.len() < LONGEST {", None),
        ("    if args.len() > 1 {", None),
        ("    name.len() > 7", None),
        ("    if steps > 50 {", Some(50)),
    ] {
        assert_eq!(unnamed(line), number, "{line}");
    }
}

#[test]
fn no_search_ends_after_a_number_without_a_name() {
    let mut found = Vec::new();
    for (path, text) in sources() {
        if path.contains("tests") || path.starts_with("cli/") {
            continue;
        }
        for (index, line) in text.lines().take_while(|line| *line != "#[cfg(test)]").enumerate() {
            if let Some(number) = unnamed(line) {
                found.push(format!("{path}:{}: {number}", index + 1));
            }
        }
    }
    assert!(
        found.is_empty(),
        "give the number a name, and the name a row in `budget.rs` or here; a bound on what stands around a place is `Limit::Holders`:\n{}",
        found.join("\n")
    );
}
