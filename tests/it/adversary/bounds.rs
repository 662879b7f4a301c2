//! No bound is silent: each is in the table of `budget.rs` and told, or is none that could lose a finding, for a reason that stands here.

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
            "rules/deployment/deployed.rs MAX_RELATED",
            "rules/per_row/report.rs MAX_COMPARED",
            "rules/per_row/report.rs MAX_MERGED",
            "rules/per_row/template.rs MAX_READS",
            "rules/schema/missing_index.rs MAX_CITED",
            "rules/schema/schema_drift.rs MAX_CITED",
            "rules/schema/unindexed_foreign_key.rs MAX_LISTED",
            "rules/schema/unindexed_foreign_key.rs MAX_CITED",
            "rules/waiting/blocking_call_in_async.rs MAX_PLACES",
            "rules/waiting/blocking_call_in_async.rs MAX_LISTED",
            "rules/waiting/blocking_call_in_async.rs LISTED_AT_LEAST",
            "engine/finish.rs MOST_PLACES",
            "git/past.rs MOST_LACKING",
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
            "analysis/rows/origin.rs MAX_DEPTH",
            "judge/lists.rs MAX_DEPTH",
            "analysis/rows/reads.rs LEVELS",
            "project/branches.rs MAX_DEPTH",
            "project/row_source.rs MAX_DEPTH",
            "project/row_source.rs MOST_CALLS",
            "project/branches/constants.rs MAX_AROUND",
            "project/eval/callees.rs MOST_OVERRIDES",
            "project/eval/expressions.rs MOST_ELEMENTS",
            "project/eval/context.rs MAX_LEVEL",
            "project/eval/context.rs MAX_STEPS",
            "project/flow.rs MAX_DEPTH",
            "project/held.rs MAX_STEPS",
            "project/may_call.rs MOST_CANDIDATES",
            "project/reach.rs MAX_CONTEXTS",
            "project/rows.rs MAX_STEPS",
            "project/serializers.rs MAX_DEPTH",
            "project/serializers/methods.rs MAX_NAMES",
            "rules/per_row/components.rs MAX_DEPTH",
            "rules/per_row/template.rs MAX_DEPTH",
            "rules/query/unclamped_user_limit.rs MAX_HOPS",
            "rules/waiting/blocking_call_in_async.rs MAX_WAYS",
            "rules/waiting/client_per_call.rs HOPS",
            "rules/waiting/client_per_call/once.rs HOPS",
            "rules/waiting/long_transaction/wait.rs DEPTH",
            "rules/waiting/missing_timeout/pages.rs DEPTH",
            "rules/waiting/polling_without_backoff/timers.rs MOST_ARGUMENTS",
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
        &["fix/index/names.rs LONGEST", "fix/index/names.rs LONGEST_DJANGO"],
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

#[test]
fn no_search_ends_after_a_number_without_a_name() {
    let mut found = Vec::new();
    for (path, text) in sources() {
        for (index, line) in text.lines().take_while(|line| *line != "#[cfg(test)]").enumerate() {
            let counted = line
                .trim_start()
                .strip_prefix("for _ in 0..")
                .map(|rest| rest.split(' ').next().unwrap_or_default());
            let number = counted.and_then(|number| number.replace('_', "").parse::<u64>().ok());
            if number.is_some_and(|number| number >= 100) {
                found.push(format!("{path}:{}", index + 1));
            }
        }
    }
    assert!(
        found.is_empty(),
        "a bound on what stands around a place is `Limit::Holders`: {found:?}"
    );
}

/// What a report tells of bounds: the name of each and an example of a place.
fn told(files: &[(String, String)]) -> BTreeMap<String, Vec<String>> {
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
        ..Config::default()
    };
    let limits = audit(&config).expect("a report").coverage.limits;
    let name = |limit| serde_json::to_value(limit).expect("a name").as_str().unwrap_or_default().to_owned();
    limits.into_iter().map(|(limit, places)| (name(limit), places.examples)).collect()
}

fn file(path: &str, text: String) -> (String, String) {
    (path.to_owned(), text)
}

/// Asserts that only the larger of two projects goes over a bound, and where.
fn goes_over(limit: &str, place: &str, project: impl Fn(usize) -> Vec<(String, String)>, (within, over): (usize, usize)) {
    assert_eq!(told(&project(within)), BTreeMap::new(), "{limit} within");
    let expected = BTreeMap::from([(limit.to_owned(), vec![place.to_owned()])]);
    assert_eq!(told(&project(over)), expected, "{limit} over");
}

const SESSION: &str = "from sqlalchemy import text\nfrom sqlalchemy.orm import Session\n";

#[test]
fn a_name_behind_too_many_stars_is_told() {
    let project = |files: usize| {
        let stars = (0..files).map(|at| file(&format!("f{at}.ts"), format!("export * from './f{}';\n", at + 1)));
        let last = file(
            &format!("f{files}.ts"),
            "export const load = async (id: number) => fetch(`/a/${id}`);\n".to_owned(),
        );
        let user = "import { load } from './f0';\nexport async function all(ids: number[]) { for (const id of ids) { await load(id); } }\n";
        stars.chain([last, file("user.ts", user.to_owned())]).collect()
    };
    goes_over("stars", "f100.ts", project, (90, 110));
}

#[test]
fn reads_that_are_not_compared_are_told() {
    let project = |reads: usize| {
        let mut text = format!("{SESSION}\ndef many(session: Session, a: int):\n");
        for at in 0..reads {
            let _ = writeln!(
                text,
                "    session.execute(text(\"SELECT name FROM t{at} WHERE id = :a\"), {{\"a\": a}})"
            );
        }
        vec![file("many.py", text)]
    };
    goes_over("reads", "many.py:4", project, (60, 61));
}

#[test]
fn expressions_that_are_too_long_to_compare_are_told() {
    let project = |parts: usize| {
        let call = format!(
            "    session.execute(text(\"SELECT name FROM t WHERE id = :a\"), {{\"a\": a, \"b\": [{}]}})\n",
            "a, ".repeat(parts)
        );
        vec![file(
            "twice.py",
            format!("{SESSION}\ndef twice(session: Session, a: int):\n{call}{call}"),
        )]
    };
    goes_over("parts", "twice.py:5", project, (300, 500));
}

#[test]
fn a_function_that_assigns_too_much_to_follow_constants_is_told() {
    let project = |lines: usize| {
        let body = "    x = flag\n".repeat(lines);
        let load = format!(
            "def load(session: Session, flag: bool = False):\n{body}    if flag:\n        session.execute(text(\"SELECT 1 FROM t\"))\n"
        );
        let all = "def all(session: Session, ids):\n    for one in ids:\n        load(session, flag=False)\n";
        vec![file("load.py", format!("{SESSION}\n{load}\n{all}"))]
    };
    goes_over("assignments", "load.py:4", project, (400, 401));
}

#[test]
fn functions_around_a_call_that_are_not_looked_at_are_told() {
    let project = |functions: usize| {
        let mut text = format!("{SESSION}\n");
        for at in 0..functions {
            let _ = writeln!(
                text,
                "def f{at}(session, flag):\n    if flag:\n        session.execute(text(\"SELECT {at} FROM t\"))\n"
            );
        }
        text.push_str("def each(session: Session, flag):\n");
        for at in 0..functions {
            let _ = writeln!(text, "    f{at}(session, flag)");
        }
        text.push_str("\ndef all(session: Session, ids):\n    for one in ids:\n        each(session, False)\n");
        vec![file("each.py", text)]
    };
    let (within, over) = (told(&project(50)), told(&project(70)));
    assert!(!within.contains_key("around"), "{within:?}");
    assert!(over.contains_key("around"), "{over:?}");
}

#[test]
fn helpers_of_a_migration_that_are_not_followed_are_told() {
    let project = |helpers: usize| {
        let mut text = "from alembic import op\n\nrevision = \"a1\"\ndown_revision = None\n\n".to_owned();
        for at in 1..helpers {
            let _ = writeln!(text, "def h{at}():\n    h{}()\n", at + 1);
        }
        let _ = writeln!(
            text,
            "def h{helpers}():\n    op.execute(\"CREATE INDEX i ON t (a)\")\n\ndef upgrade():\n    h1()"
        );
        vec![file("alembic/versions/a1.py", text)]
    };
    goes_over("helpers", "alembic/versions/a1.py:19", project, (5, 6));
}

#[test]
fn relations_of_a_serializer_that_are_not_told_are() {
    let project = |relations: usize| {
        let (mut models, mut fields) = ("from django.db import models\n\n".to_owned(), String::new());
        let mut order = "class Order(models.Model):\n    id = models.AutoField(primary_key=True)\n".to_owned();
        for at in 0..relations {
            let _ = writeln!(models, "class M{at}(models.Model):\n    name = models.TextField()\n");
            let _ = writeln!(order, "    m{at} = models.ForeignKey(M{at}, on_delete=models.CASCADE)");
            let _ = writeln!(fields, "    n{at} = serializers.CharField(source=\"m{at}.name\")");
        }
        let views = format!(
            "from rest_framework import generics, serializers\nfrom app.models import Order\n\nclass OrderSerializer(serializers.ModelSerializer):\n\
             {fields}    class Meta:\n        model = Order\n        fields = \"__all__\"\n\n\
             class Orders(generics.ListAPIView):\n    queryset = Order.objects.all()\n    serializer_class = OrderSerializer\n"
        );
        vec![
            file("app/__init__.py", String::new()),
            file("app/models.py", format!("{models}{order}")),
            file("app/views.py", views),
        ]
    };
    let (within, over) = (told(&project(60)), told(&project(61)));
    assert!(!within.contains_key("relations"), "{within:?}");
    assert_eq!(
        over.get("relations").map(Vec::as_slice),
        Some(&["app/views.py:65".to_owned()][..]),
        "{over:?}"
    );
}

const SERVER: &str = "from fastapi import FastAPI\napp = FastAPI()\n\n";

fn routes(count: usize) -> String {
    let routes = (0..count).map(|at| format!("@app.get('/v{at}/boats/{{id}}')\ndef boat{at}(id):\n    return id\n\n"));
    format!("{SERVER}{}", routes.collect::<String>())
}

#[test]
fn a_request_that_fits_too_many_routes_is_told() {
    let client = "export const load = (id: string) => fetch(`/boats/${id}`);\n";
    let project = |count: usize| {
        let routes = (0..count).map(|at| format!("@app.get('/boats/{{id}}')\ndef boat{at}(id):\n    return id\n\n"));
        vec![
            file("app/main.py", format!("{SERVER}{}", routes.collect::<String>())),
            file("web/load.ts", client.to_owned()),
        ]
    };
    goes_over("routes", "web/load.ts:1", project, (4, 5));
}

#[test]
fn a_route_that_too_many_functions_ask_is_told() {
    let project = |askers: usize| {
        let asking = |at: usize| format!("export function Berth{at}() {{ return fetch(`/v0/boats/{at}`); }}\n");
        vec![
            file("app/main.py", routes(1)),
            file("web/berths.ts", (0..askers).map(asking).collect()),
        ]
    };
    goes_over("askers", "app/main.py:5", project, (20, 21));
}

#[test]
fn a_helper_of_requests_that_too_many_functions_call_is_told() {
    let project = |callers: usize| {
        let calling = |at: usize| format!("export function berth{at}() {{ return load('{at}'); }}\n");
        let helper = "const load = (id: string) => fetch(`/v0/boats/${id}`);\n".to_owned();
        vec![
            file("app/main.py", routes(1)),
            file("web/berths.ts", helper + &(0..callers).map(calling).collect::<String>()),
        ]
    };
    goes_over("askers", "app/main.py:5", project, (20, 21));
}

#[test]
fn addresses_of_too_many_pieces_are_told() {
    let project = |pieces: usize| {
        let text = format!(
            "const a = '/v0';\nconst b = `{}`;\nexport const load = () => fetch(`{}`);\n",
            "${a}".repeat(pieces),
            "${b}".repeat(pieces)
        );
        vec![file("app/main.py", routes(1)), file("web/load.ts", text)]
    };
    goes_over("addresses", "web/load.ts:1", project, (30, 120));
}

#[test]
fn a_client_that_is_made_of_too_many_names_is_told() {
    let project = |names: usize| {
        let mut text = "import boto3\n\n\ndef send(data):\n    n0 = 'eu'\n".to_owned();
        for at in 1..=names {
            let _ = writeln!(text, "    n{at} = n{}", at - 1);
        }
        let _ = writeln!(
            text,
            "    client = boto3.client('s3', region_name=n{names})\n    client.put_object(Body=b'x')"
        );
        vec![file("send.py", text)]
    };
    let (within, over) = (told(&project(100)), told(&project(500)));
    assert!(!within.contains_key("origins"), "{within:?}");
    assert_eq!(
        over.get("origins").map(Vec::as_slice),
        Some(&["send.py:506".to_owned()][..]),
        "{over:?}"
    );
}

#[test]
fn sql_in_code_that_is_over_a_bound_is_told_at_its_call() {
    let project = |levels: usize| {
        let sql = format!(
            "SELECT a FROM t WHERE id IN ({}SELECT 1{})",
            "SELECT b FROM u WHERE c IN (".repeat(levels),
            ")".repeat(levels)
        );
        vec![file(
            "deep.py",
            format!("{SESSION}\ndef deep(session: Session):\n    session.execute(text(\"{sql}\"))\n"),
        )]
    };
    goes_over("sql-nesting", "deep.py:5", project, (5, 70));
}

#[test]
fn a_file_that_says_where_a_repository_is_and_is_too_large_is_told() {
    let project = |bytes: usize| {
        vec![
            file(".git", format!("gitdir: {}", "x".repeat(bytes))),
            file("a.py", "x = 1\n".to_owned()),
        ]
    };
    let skipped = |files: &[(String, String)]| {
        let folder = tempfile::tempdir().expect("a folder");
        for (path, text) in files {
            fs::write(folder.path().join(path), text).expect("written");
        }
        let config = Config {
            root: folder.path().to_owned(),
            cache: false,
            ..Config::default()
        };
        audit(&config).expect("a report").coverage.skipped_count()
    };
    assert_eq!((skipped(&project(9_000)), skipped(&project(11_000))), (0, 1));
}
