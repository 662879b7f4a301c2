//! What goes over a bound is told with its place, and what is within it is still found.

use super::*;

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

#[test]
fn a_constant_text_of_too_many_pieces_is_told() {
    let project = |pieces: usize| {
        let text = format!(
            "from alembic import op\n\nrevision = \"a1\"\ndown_revision = None\n\n\ndef upgrade():\n    op.create_index(f\"i{}\", \"t\", [\"a\"])\n",
            "{'x'}".repeat(pieces)
        );
        vec![file("alembic/versions/a1.py", text)]
    };
    goes_over("sql-pieces", "alembic/versions/a1.py:8", project, (1_990, 2_010));
}

#[test]
fn names_of_a_migration_that_are_not_kept_are_told() {
    let project = |names: usize| {
        let mut text = "from alembic import op\n\nrevision = \"a1\"\ndown_revision = None\n\n\ndef upgrade():\n".to_owned();
        for at in 0..names {
            let _ = writeln!(text, "    n{at} = \"c{at}\"");
        }
        vec![file("alembic/versions/a1.py", text)]
    };
    goes_over("migration-names", "alembic/versions/a1.py:508", project, (500, 501));
}

#[test]
fn a_manifest_that_is_too_large_is_told() {
    let project = |bytes: usize| {
        let text = format!("{{\"name\": \"shop\", \"description\": \"{}\"}}", "x".repeat(bytes));
        vec![file("package.json", text), file("src/a.ts", "export const x = 1;\n".to_owned())]
    };
    goes_over("settings-size", "package.json:1", project, (1_000_000, 1_050_000));
}
