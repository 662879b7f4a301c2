//! Every shape goes through a whole audit: it ends, no file is lost, and what a bound left out is told.

use std::collections::BTreeSet;
use std::fs;

use perfaudit::walk::FileKind;
use perfaudit::{Config, audit};

use super::shapes::{self, Shape};

/// Bytes of each shape of a front end.
const SIZE: usize = 100_000;
/// Bytes of each shape of the analyses and rules, which look at all files at once.
const LINKED: usize = 3_000;

/// The bounds and reasons that a report tells, by their names in it.
fn told(shape: &Shape) -> BTreeSet<String> {
    let is_linked = ["project-", "rule-"].iter().any(|start| shape.name.starts_with(start));
    let files = shape.of(if is_linked { LINKED } else { SIZE });
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
    let coverage = audit(&config).expect("a report").coverage;
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
    told
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
    ("project-lists-of-lists-of-rows", &["distance"]),
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

fn check(front_end: &str) {
    let mut wrong = Vec::new();
    for shape in shapes::all().iter().filter(|shape| shape.name.split('-').next() == Some(front_end)) {
        let expected = REACH.iter().find(|(name, _)| *name == shape.name).map_or(&[][..], |(_, told)| told);
        let told = told(shape);
        if !told.iter().eq(expected) {
            wrong.push(format!("    (\"{}\", &{told:?}),", shape.name));
        }
    }
    assert!(wrong.is_empty(), "told otherwise:\n{}", wrong.join("\n"));
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
    assert!(REACH.iter().all(|(name, _)| unique.contains(&(*name).to_owned())), "{REACH:?}");
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
