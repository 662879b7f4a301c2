//! Every shape goes through a whole audit: it ends, no file is lost, what a bound left out is told, and twice as much of it takes at most
//! little more than twice the work. Work is counted, so that a busy machine changes nothing; seconds are for `benches/growth.py`.

use std::collections::BTreeSet;
use std::fs;
use std::sync::Mutex;

use perfaudit::budget::Work;
use perfaudit::progress::{Observer, Stage};
use perfaudit::walk::FileKind;
use perfaudit::{Config, audit_observed};

use super::shapes::{self, Shape};

/// Bytes of each shape of a front end.
const SIZE: usize = 100_000;
/// Bytes of each shape of the analyses and rules, which look at all files at once.
const LINKED: usize = 3_000;
/// Bytes of these at which growth is looked at: twice as many are looked at as well.
const LINKED_GROWN: usize = 12_000;

/// How much of its work twice the bytes may take, in per cent.
const MOST_PERCENT: u64 = 220;
/// Less work is no growth: most of it is done whatever is read. In looks, and in the steps of bounds.
const LEAST: Work = Work {
    looks: 100_000,
    steps: 2_000_000,
};
/// Work for each byte that a shape may take which grows by the square up to a bound.
const MOST_A_BYTE: Work = Work { looks: 500, steps: 300 };

/// Keeps what a run says that it has done.
#[derive(Default)]
struct Counter(Mutex<Work>);

impl Observer for Counter {
    fn stage(&self, _: Stage, _: usize) {}

    fn step(&self) {}

    fn work(&self, work: Work) {
        let mut sum = self.0.lock().expect("a run that did not end");
        *sum = *sum + work;
    }
}

/// What an audit of a shape tells of bounds and of what is left out, by the names in a report, and what it does.
fn run(shape: &Shape, size: usize) -> (BTreeSet<String>, Work) {
    let files = shape.of(size);
    let is_code = |path: &str| FileKind::of(path).is_some_and(|kind| kind.language(path).is_some());
    let given = files.iter().filter(|(path, _)| is_code(path)).count();
    let folder = tempfile::tempdir().expect("a folder");
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("written");
    }
    let config = Config {
        root: folder.path().to_owned(),
        cache: false,
        threads: 1,
        include_tests: true,
        ..Config::default()
    };
    let counter = Counter::default();
    let coverage = audit_observed(&config, &counter).expect("a report").coverage;
    let name = |value: serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let limits = coverage
        .limits
        .keys()
        .map(|limit| name(serde_json::to_value(limit).expect("a name")));
    let reasons = coverage
        .skipped
        .keys()
        .map(|reason| name(serde_json::to_value(reason).expect("a name")));
    let told = limits.chain(reasons).collect();
    assert!(coverage.files() + coverage.skipped_count() >= given, "{}: {coverage:?}", shape.name);
    let work = *counter.0.lock().expect("a run that did not end");
    (told, work)
}

/// Shapes that reach a bound at this size, with all that is told of them; nothing is told of others.
const REACH: &[(&str, &[&str])] = &[
    ("python-attributes", &["holders", "nesting"]),
    ("python-method-chain", &["distance", "holders", "nesting"]),
    ("python-subscripts", &["holders", "nesting"]),
    ("python-slices", &["brackets", "holders", "nesting"]),
    ("python-parentheses", &["brackets", "nesting"]),
    ("python-calls-in-calls", &["brackets", "holders", "nesting"]),
    ("python-open-brackets", &["brackets"]),
    ("python-open-braces", &["brackets"]),
    ("python-open-parentheses", &["brackets"]),
    ("python-not", &["holders", "nesting"]),
    ("python-await", &["holders", "nesting"]),
    ("python-conditional", &["holders", "nesting"]),
    ("python-lambda", &["holders", "nesting"]),
    ("python-assignments-in-one", &["nesting"]),
    ("python-formatted-in-formatted", &["brackets"]),
    ("python-backslashes", &["too-much-work"]),
    ("python-nul", &["binary"]),
    ("python-types", &["brackets", "nesting"]),
    ("python-classes", &["ancestors"]),
    ("python-query-of-pieces", &["sql-pieces"]),
    ("python-elif", &["holders"]),
    ("python-sum", &["holders"]),
    ("python-and", &["holders"]),
    ("python-conditions-of-a-comprehension", &["loop-body"]),
    ("python-union", &["holders"]),
    ("python-queries-as-text", &["reads"]),
    ("project-alembic-helpers", &["loop-items", "migration-steps"]),
    ("project-sequelize-helpers", &["migration-steps"]),
    ("project-diamonds", &["ancestors"]),
    ("project-endpoints-of-one-object", &["askers"]),
    ("project-narrowed-queryset", &["distance"]),
    ("project-filtered-lines", &["distance"]),
    ("typescript-open-comments", &["too-much-work"]),
    ("typescript-html-comments", &["brackets"]),
    ("typescript-open-arrows", &["brackets"]),
    ("typescript-arrows", &["brackets", "holders", "nesting"]),
    ("typescript-arrow-chain", &["holders", "nesting"]),
    ("typescript-async-arrows", &["brackets"]),
    ("typescript-patterns", &["brackets", "holders", "nesting"]),
    ("typescript-open-patterns", &["brackets"]),
    ("typescript-generics", &["brackets"]),
    ("typescript-open-generics", &["brackets"]),
    ("typescript-less-than", &["brackets", "holders", "nesting"]),
    ("typescript-generic-arrows", &["brackets"]),
    ("typescript-closed-generics", &["brackets"]),
    ("typescript-types", &["brackets"]),
    ("typescript-function-types", &["brackets"]),
    ("typescript-conditional-types", &["brackets"]),
    ("typescript-object-types", &["brackets", "nesting"]),
    ("typescript-assertions", &["nesting"]),
    ("typescript-non-null", &["brackets", "holders", "nesting"]),
    ("typescript-ternary", &["brackets", "holders", "nesting"]),
    ("typescript-assignments-in-one", &["holders", "nesting"]),
    ("typescript-not", &["brackets", "holders", "nesting"]),
    ("typescript-await", &["holders", "nesting"]),
    ("typescript-members", &["holders", "nesting"]),
    ("typescript-method-chain", &["distance", "holders", "nesting"]),
    ("typescript-subscripts", &["holders", "nesting"]),
    ("typescript-parentheses", &["brackets"]),
    ("typescript-open-parentheses", &["brackets"]),
    ("typescript-open-braces", &["brackets"]),
    ("typescript-open-objects", &["brackets"]),
    ("typescript-blocks", &["brackets", "nesting"]),
    ("typescript-loops-in-loops", &["nesting"]),
    ("typescript-if-in-if", &["holders", "nesting"]),
    ("typescript-labels", &["brackets", "nesting"]),
    ("typescript-templates", &["brackets"]),
    ("typescript-open-templates", &["holders", "nesting"]),
    ("typescript-tagged-templates", &["holders", "nesting"]),
    ("typescript-regexes", &["brackets"]),
    ("typescript-callbacks", &["brackets", "holders", "nesting"]),
    ("typescript-half-statements", &["brackets"]),
    ("typescript-elements", &["holders", "nesting"]),
    ("typescript-expressions", &["brackets"]),
    ("typescript-else-if", &["holders"]),
    ("typescript-sum", &["holders"]),
    ("typescript-and", &["holders"]),
    ("sql-and", &["sql-statement"]),
    ("sql-columns", &["columns"]),
    ("sql-indexes", &["indexes"]),
    ("sql-constraints", &["indexes"]),
    ("sql-in-list", &["sql-statement"]),
    ("sql-columns-of-a-select", &["sql-statement"]),
    ("sql-subqueries", &["sql-nesting"]),
    ("sql-deep-subqueries", &["sql-statement"]),
    ("sql-with", &["sql-statement"]),
    ("sql-open-parentheses-in-lists", &["sql-statement"]),
    ("sql-case", &["sql-statement"]),
    ("sql-open-case", &["sql-statement"]),
    ("sql-positions", &["sql-nesting"]),
    ("sql-not", &["sql-statement"]),
    ("sql-minus", &["sql-statement"]),
    ("sql-hashes-in-a-line", &["sql-statement"]),
    ("sql-placeholders", &["sql-statement"]),
    ("graphql-fields-in-fields", &["nesting"]),
    ("prisma-fields", &["columns"]),
    ("prisma-indexes", &["indexes"]),
    ("prisma-open-lists", &["indexes"]),
    ("prisma-one-open-list", &["prisma-line"]),
    ("prisma-open-attributes", &["prisma-line"]),
    ("template-loops-in-loops", &["template-loops"]),
    ("template-reads-of-one-tag", &["template-tag"]),
    ("yaml-services", &["services"]),
    ("yaml-open-lists", &["settings-nesting"]),
    ("yaml-open-maps", &["settings-nesting"]),
    ("yaml-lists-in-lists", &["settings-nesting"]),
    ("yaml-questions", &["settings-nesting"]),
    ("yaml-indented", &["settings-nesting"]),
    ("yaml-multiplied-aliases", &["yaml-items"]),
    ("yaml-merges", &["services"]),
    ("yaml-merge-of-many", &["yaml-items"]),
    ("yaml-merges-of-merges", &["settings-nesting", "yaml-items"]),
    ("yaml-colons", &["settings-nesting"]),
    ("json-open-lists", &["settings-nesting"]),
    ("json-open-objects", &["settings-nesting"]),
    ("json-lists-in-lists", &["settings-nesting"]),
    ("settings-dockerfile", &["settings"]),
    ("settings-dockerfile-joined", &["settings"]),
    ("settings-procfile", &["settings"]),
    ("settings-caddyfile", &["settings"]),
    ("settings-redis", &["settings"]),
    ("settings-postgres", &["settings"]),
    ("settings-environment", &["settings"]),
    ("settings-toml-dotted", &["settings-nesting"]),
    ("settings-toml-nested", &["settings-nesting"]),
    ("settings-toml-inline", &["settings-nesting"]),
];

/// Shapes whose work grows faster at these sizes, with what ends that. At larger ones they grow as the others do.
const SQUARE_UP_TO_A_BOUND: &[(&str, &str)] = &[
    ("project-alembic", "a column or index times those of its table: both are bounded"),
    (
        "project-endpoints-and-sinks",
        "endpoints times what they call: the steps of callers that block",
    ),
    (
        "project-narrowed-queryset",
        "a use of a query times the statements before it: steps of a chain",
    ),
    (
        "project-narrowed-select",
        "a use of a query times the statements before it: steps of a chain",
    ),
    (
        "project-tested-and-iterated",
        "a query times those of its function: reads that are compared",
    ),
    (
        "python-queries-as-text",
        "a query times those of its function that are read later: reads that are compared",
    ),
    ("sql-actions-of-one-alter", "a column times those of its table: columns of a table"),
    ("sql-indexes", "an index times those of its table: indexes of a table"),
];

/// What is wrong with the growth from some work to that of twice the bytes, of which there are now so many.
fn grown_too_fast(name: &str, less: Work, more: Work, bytes: u64) -> Option<String> {
    let percent = |less: u64, more: u64, least: u64| if more > least { more * 100 / less.max(1) } else { 0 };
    let looks = percent(less.looks, more.looks, LEAST.looks);
    let steps = percent(less.steps, more.steps, LEAST.steps);
    let is_bounded = SQUARE_UP_TO_A_BOUND.iter().any(|(known, _)| *known == name);
    let is_wrong = if is_bounded {
        more.looks > MOST_A_BYTE.looks * bytes || more.steps > MOST_A_BYTE.steps * bytes
    } else {
        looks.max(steps) > MOST_PERCENT
    };
    is_wrong.then(|| {
        format!(
            "    {name}: {less:?} at {} bytes, {more:?} at {bytes}: {looks} % and {steps} %",
            bytes / 2
        )
    })
}

fn check(front_end: &str) {
    let (mut wrong, mut growing, mut all) = (Vec::new(), Vec::new(), Work::default());
    for shape in shapes::all().iter().filter(|shape| shape.name.split('-').next() == Some(front_end)) {
        let expected = REACH.iter().find(|(name, _)| *name == shape.name).map_or(&[][..], |(_, told)| told);
        let is_linked = ["project", "rule"].contains(&front_end);
        let (told, work) = run(shape, if is_linked { LINKED } else { SIZE });
        if !told.iter().eq(expected) {
            wrong.push(format!("    (\"{}\", &{told:?}),", shape.name));
        }
        let (size, more) = if is_linked {
            (2 * LINKED_GROWN, run(shape, 2 * LINKED_GROWN).1)
        } else {
            (SIZE, work)
        };
        all = all + more;
        growing.extend(grown_too_fast(&shape.name, run(shape, size / 2).1, more, size as u64));
    }
    // Builds without debug assertions count nothing.
    assert!(!cfg!(debug_assertions) || all.looks > 0, "{front_end}");
    assert!(wrong.is_empty(), "told otherwise:\n{}", wrong.join("\n"));
    assert!(
        growing.is_empty(),
        "more than {MOST_PERCENT} % of the work:\n{}",
        growing.join("\n")
    );
}

#[test]
fn shapes_of_python_end_and_tell() {
    check("python");
}

#[test]
fn shapes_of_typescript_end_and_tell() {
    check("typescript");
    check("component");
}

#[test]
fn shapes_of_sql_end_and_tell() {
    check("sql");
    check("prisma");
    check("template");
}

#[test]
fn shapes_of_settings_end_and_tell() {
    check("yaml");
    check("json");
    check("settings");
}

#[test]
fn shapes_of_graphql_end_and_tell() {
    check("graphql");
}

#[test]
fn shapes_of_projects_end_and_tell() {
    check("project");
}

#[test]
fn shapes_of_rules_end_and_tell() {
    check("rule");
}

#[test]
fn names_are_told_apart_and_each_belongs_to_a_test() {
    let names: Vec<String> = shapes::all().into_iter().map(|shape| shape.name).collect();
    let unique: BTreeSet<&String> = names.iter().collect();
    assert_eq!(unique.len(), names.len());
    let bounded = SQUARE_UP_TO_A_BOUND.iter().map(|(name, _)| *name);
    assert!(
        REACH
            .iter()
            .map(|(name, _)| *name)
            .chain(bounded)
            .all(|name| unique.contains(&name.to_owned())),
        "{REACH:?}"
    );
    let known = [
        "python",
        "typescript",
        "component",
        "sql",
        "prisma",
        "template",
        "yaml",
        "json",
        "settings",
        "graphql",
        "project",
        "rule",
    ];
    let stray = names
        .iter()
        .find(|name| !known.contains(&name.split('-').next().unwrap_or_default()));
    assert_eq!(stray, None);
}

#[test]
fn growth_by_the_square_is_seen() {
    let work = |looks: u64| Work { looks, steps: 0 };
    let square = |size: u64| work(size * 10 + size * size / 1_000);
    assert!(grown_too_fast("a", square(50_000), square(100_000), 100_000).is_some());
    assert_eq!(grown_too_fast("a", work(500_000), work(1_000_000), 100_000), None);
    // Of what is done anyway.
    assert_eq!(grown_too_fast("a", work(96), work(960), 100_000), None);
    let (bounded, _) = SQUARE_UP_TO_A_BOUND[0];
    assert_eq!(grown_too_fast(bounded, work(1), work(49_000_000), 100_000), None);
    assert!(grown_too_fast(bounded, work(1), work(51_000_000), 100_000).is_some());
}
