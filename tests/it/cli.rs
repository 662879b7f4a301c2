//! The command line: exit codes, bad input, the same bytes every time.

use std::fs;
use std::path::Path;
use std::time::Duration;

use assert_cmd::Command;

fn perfaudit(folder: &Path) -> Command {
    let mut command = Command::cargo_bin("perfaudit").expect("the binary");
    command
        .current_dir(folder)
        .env_remove("NO_COLOR")
        .env_remove("GITHUB_ACTIONS")
        .env_remove("GITLAB_CI")
        .timeout(Duration::from_secs(120));
    command
}

struct Run {
    code: Option<i32>,
    out: String,
    err: String,
}

fn run(folder: &Path, arguments: &[&str]) -> Run {
    let output = perfaudit(folder).args(arguments).output().expect("runs");
    Run {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).expect("UTF-8"),
        err: String::from_utf8(output.stderr).expect("UTF-8"),
    }
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

/// The one line on standard error of a run that must fail with 2.
fn failure(folder: &Path, arguments: &[&str]) -> String {
    let run = run(folder, arguments);
    assert_eq!((run.code, run.out.as_str()), (Some(2), ""), "{}", run.err);
    assert_eq!(run.err.lines().count(), 1, "{}", run.err);
    run.err.trim_end().to_owned()
}

fn json(folder: &Path) -> serde_json::Value {
    let run = run(folder, &["scan", ".", "--format", "json", "--fail-on", "never", "--no-cache"]);
    assert_eq!((run.code, run.err.as_str()), (Some(0), ""));
    serde_json::from_str(&run.out).expect("JSON")
}

#[test]
fn mistakes_end_with_one_clear_line() {
    let folder = folder();
    let at = folder.path();
    assert_eq!(
        failure(at, &["scan", "nowhere"]),
        "perfaudit: nowhere: no such file or folder; give a path that exists, or none for the current folder"
    );
    assert_eq!(
        failure(at, &["scan", "--rule", "n-plus-on"]),
        "perfaudit: unknown rule `n-plus-on`; did you mean `n-plus-one`?"
    );
    assert_eq!(
        failure(at, &["explain", "n_plus_onee"]),
        "perfaudit: unknown rule `n_plus_onee`; did you mean `n-plus-one`?"
    );
    assert!(failure(at, &["scan", "--config", "none.toml"]).starts_with("perfaudit: none.toml: cannot be read"));
    fs::write(at.join("perfaudit.toml"), "fial-on = 'p0'").expect("written");
    assert_eq!(
        failure(at, &["scan"]),
        "perfaudit: perfaudit.toml:1: unknown key `fial-on`; did you mean `fail-on`?"
    );
    fs::write(at.join("perfaudit.toml"), "fail-on = ").expect("written");
    assert!(failure(at, &["scan"]).starts_with("perfaudit: perfaudit.toml:1: not valid TOML"));
    fs::write(at.join("perfaudit.toml"), b"\xff\xfe\x00").expect("written");
    assert!(failure(at, &["scan"]).contains("not UTF-8"));
}

#[test]
fn flags_that_do_not_exist_end_with_2_and_help_with_0() {
    let folder = folder();
    let typo = run(folder.path(), &["scan", "--fial-on", "p0"]);
    assert_eq!((typo.code, typo.out.as_str()), (Some(2), ""));
    assert!(typo.err.contains("--fail-on"), "{}", typo.err);
    let value = run(folder.path(), &["scan", "--format", "jsno"]);
    assert!(value.code == Some(2) && value.err.contains("did you mean `json`?"), "{}", value.err);
    assert_eq!(run(folder.path(), &["--help"]).code, Some(0));
    let none = run(folder.path(), &[]);
    assert!(
        none.code == Some(2) && none.err.contains("scan"),
        "a pipeline that forgot the command must not pass"
    );
}

#[test]
fn an_empty_folder_was_not_checked() {
    let folder = folder();
    let run = run(folder.path(), &["scan"]);
    assert_eq!((run.code, run.err.as_str()), (Some(0), ""));
    assert!(
        run.out
            .starts_with("Nothing was checked: no Python, TypeScript, JavaScript, SQL or Prisma file was read."),
        "{}",
        run.out
    );
    fs::write(folder.path().join("main.go"), "package main").expect("written");
    assert!(self::run(folder.path(), &["scan"]).out.contains("not read: 1 .go"));
}

#[test]
fn bad_files_are_rows_and_the_others_are_read() {
    let folder = folder();
    let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).expect("written");
    write("a.py", b"def f():\n    return 1\n");
    write("binary.py", b"x\0y");
    write("empty.py", b"");
    write("latin.py", b"# caf\xe9\nx = 1\n");
    write("line.js", &b"var a=1;".repeat(650_000));
    write("long.ts", &[b"x(".to_vec(), b"1,".repeat(40_000), b")".to_vec()].concat());
    write("large.sql", &b"SELECT 1;\n".repeat(5_000_000));
    write(
        "deep.py",
        &[b"x = ".to_vec(), b"(".repeat(100_000), b")".repeat(100_000), b"\n".to_vec()].concat(),
    );
    write(
        "deep.ts",
        &[b"let x = ".to_vec(), b"[\n".repeat(100_000), b"]\n".repeat(100_000)].concat(),
    );
    write("broken.py", b"def (:\n  )))\nclass\n");
    write("broken.sql", b"SELECT '; CREATE TABLE ((((;\n$$");
    let report = json(folder.path());
    let skipped = |reason: &str| report["coverage"]["skipped"][reason]["examples"].clone();
    assert_eq!(skipped("binary"), serde_json::json!(["binary.py"]));
    assert_eq!(skipped("too-large"), serde_json::json!(["large.sql", "line.js"]));
    assert_eq!(skipped("minified"), serde_json::json!(["long.ts"]));
    assert_eq!(report["coverage"]["not_utf8"]["examples"], serde_json::json!(["latin.py"]));
    let languages = &report["coverage"]["languages"];
    let read: u64 = ["Python", "TypeScript", "SQL"]
        .iter()
        .map(|name| languages[name]["files"].as_u64().unwrap_or(0))
        .sum();
    let failed = report["coverage"]["skipped"]["internal-error"]["count"].as_u64().unwrap_or(0);
    assert_eq!((read, failed), (7, 0), "no file is lost: {report}");
}

#[cfg(unix)]
#[test]
fn links_and_closed_doors_are_rows() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = folder();
    fs::create_dir(folder.path().join("a")).expect("a folder");
    fs::write(folder.path().join("a/b.py"), "x = 1\n").expect("written");
    symlink("..", folder.path().join("a/loop")).expect("linked");
    let closed = folder.path().join("closed.py");
    fs::write(&closed, "x = 1\n").expect("written");
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).expect("closed");
    let report = json(folder.path());
    assert_eq!(report["coverage"]["skipped"]["symlink"]["examples"], serde_json::json!(["a/loop"]));
    // A privileged user reads it all the same.
    let files = report["coverage"]["languages"]["Python"]["files"].as_u64().unwrap_or(0);
    let rows = report["coverage"]["skipped"]["not-readable"]["count"].as_u64().unwrap_or(0);
    assert_eq!(files + rows, 2);
}

#[test]
fn a_closed_pipe_is_success() {
    let folder = folder();
    let binary = assert_cmd::cargo::cargo_bin("perfaudit");
    let mut child = std::process::Command::new(binary)
        .args(["explain", "n-plus-one"])
        .current_dir(folder.path())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("ends");
    assert_eq!(
        (output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()),
        (Some(0), "")
    );
}

#[test]
fn the_same_input_gives_the_same_bytes_with_any_number_of_threads() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let folder = folder();
    for index in 0..40 {
        let text = format!("def f{index}(session):\n    return session.execute('SELECT * FROM t{index}')\n");
        fs::write(folder.path().join(format!("m{index}.py")), text).expect("written");
    }
    for place in [folder.path(), fixtures.as_path()].into_iter().filter(|place| place.is_dir()) {
        for format in ["json", "table", "full", "markdown", "html", "sarif", "github", "gitlab", "junit"] {
            let scan = |threads| run(place, &["scan", "--format", format, "--fail-on", "never", "--threads", threads]).out;
            let one = scan("1");
            assert!(!one.is_empty());
            assert!(
                one == scan("2") && one == scan("0"),
                "{format} of {} differs between runs",
                place.display()
            );
        }
    }
}

#[test]
fn a_report_goes_to_a_file_and_nothing_to_the_terminal() {
    let folder = folder();
    fs::write(folder.path().join("a.py"), "x = 1\n").expect("written");
    let run = run(folder.path(), &["scan", "--format", "markdown", "-o", "AUDIT.md"]);
    assert_eq!((run.code, run.out.as_str(), run.err.as_str()), (Some(0), "", ""));
    assert!(
        fs::read_to_string(folder.path().join("AUDIT.md"))
            .expect("a report")
            .starts_with("# Performance audit\n")
    );
    assert!(failure(folder.path(), &["scan", "-o", "no/such/folder"]).starts_with("perfaudit: no/such/folder: cannot be written"));
}

#[test]
fn paths_are_relative_to_the_current_folder_or_to_what_was_named() {
    let folder = folder();
    fs::create_dir_all(folder.path().join("server/app")).expect("folders");
    fs::create_dir(folder.path().join("elsewhere")).expect("a folder");
    fs::write(folder.path().join("server/app/a.py"), "x\0").expect("written");
    let skipped = |at: &Path, path: &str| -> String {
        let run = run(at, &["scan", path, "--format", "json"]);
        let report: serde_json::Value = serde_json::from_str(&run.out).expect("JSON");
        report["coverage"]["skipped"]["binary"]["examples"][0]
            .as_str()
            .unwrap_or("")
            .to_owned()
    };
    assert_eq!(skipped(folder.path(), "server"), "server/app/a.py");
    assert_eq!(skipped(folder.path(), "server/app/a.py"), "server/app/a.py");
    assert_eq!(skipped(&folder.path().join("elsewhere"), "../server"), "app/a.py");
}

#[test]
fn pages_are_listed_and_explained() {
    let folder = folder();
    let list = run(folder.path(), &["rules"]);
    assert!(
        list.code == Some(0) && list.out.lines().any(|line| line.starts_with("n-plus-one ")),
        "{}",
        list.out
    );
    let page = run(folder.path(), &["explain", "n+1"]);
    assert_eq!((page.code, page.err.as_str()), (Some(0), ""));
    for part in ["n-plus-one: ", "WHAT IT FINDS", "[bad]", "[bad · app/report.py]", "DONE WHEN"] {
        assert!(page.out.contains(part), "{part} is missing in:\n{}", page.out);
    }
    assert!(!page.out.contains('\u{1b}') && !page.out.contains("+++"));
}

#[test]
fn a_folder_of_pages_is_tested() {
    let folder = folder();
    assert!(failure(folder.path(), &["test-rules", "nowhere"]).contains("no such folder"));
    assert!(failure(folder.path(), &["test-rules", "."]).contains("no rule pages here"));
    fs::write(folder.path().join("n-plus-one.md"), "no front matter").expect("written");
    assert!(failure(folder.path(), &["test-rules", "."]).contains("n-plus-one.md:1: a page starts with a line `+++`"));
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
    let run = run(folder.path(), &["test-rules", rules.to_str().expect("a path")]);
    assert!(run.out.trim_end().ends_with(" 0 mistakes") && run.code == Some(0), "{}", run.out);
}

/// A small service with a hostile name, one loop and one index.
fn service() -> tempfile::TempDir {
    let folder = folder();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("written");
    write(
        "schema.sql",
        "CREATE TABLE parcels (id int PRIMARY KEY, owner_id int, at timestamp);\nCREATE INDEX parcels_owner ON parcels (owner_id);\n",
    );
    write(
        "app.py",
        r#"
import psycopg
from fastapi import FastAPI

app = FastAPI()

def load(cursor, owner):
    return cursor.execute("SELECT id FROM parcels WHERE owner_id = %s ORDER BY at DESC", (owner,)).fetchall()

@app.get("/parcels")
def parcels(owners: list[int], held):
    cursor = psycopg.connect("").cursor()
    found = []
    for owner in owners:
        found.append(cursor.execute("SELECT * FROM parcels WHERE owner_id = %s LIMIT 5", (owner,)).fetchall())
    return found, load(cursor, 1), held.weigh(found)
"#,
    );
    write(
        "c\u{1b}[31m\u{202e}.py",
        "def f(cursor):\n    cursor.execute('DELETE FROM parcels')\n",
    );
    folder
}

#[test]
fn queries_are_listed_with_what_is_known_of_them() {
    let folder = service();
    let table = run(folder.path(), &["queries"]);
    assert_eq!((table.code, table.err.as_str()), (Some(0), ""));
    assert!(!table.out.contains('\u{1b}') && !table.out.contains('\u{202e}'), "{}", table.out);
    assert!(
        table.out.contains("in the loop :14 (per row)") && table.out.contains("3 query sites"),
        "{}",
        table.out
    );
    let list: serde_json::Value = serde_json::from_str(&run(folder.path(), &["queries", "--format", "json"]).out).expect("JSON");
    let rows = list["queries"].as_array().expect("rows");
    let helper = rows.iter().find(|row| row["function"] == "load").expect("the helper's query");
    assert_eq!(helper["entry"], serde_json::json!({"label": "GET /parcels", "calls": 1}));
    assert_eq!(helper["filters"][0]["column"], "owner_id");
    assert_eq!(
        (helper["tables"][0].as_str(), helper["rows"].as_str()),
        (Some("parcels"), Some("by parent"))
    );
    assert_eq!(helper["index"]["name"], "parcels_owner");
    let looped = rows
        .iter()
        .find(|row| row["loop"]["verdict"] == "per row")
        .expect("the loop's query");
    assert_eq!((looped["limit"].as_str(), looped["rows"].as_str()), (Some("5"), Some("limited")));
    assert!(rows.iter().any(|row| row["operation"] == "delete" && row["rows"] == "write"));
}

#[test]
fn a_list_goes_to_a_file_and_is_the_same_on_any_number_of_threads() {
    let folder = service();
    let list = |threads: &str, command: &str| run(folder.path(), &[command, "--format", "json", "--threads", threads]).out;
    for command in ["queries", "calls"] {
        assert_eq!(list("1", command), list("4", command));
        let written = run(folder.path(), &[command, "--format", "json", "-o", "list.json"]);
        assert_eq!((written.code, written.out.as_str()), (Some(0), ""));
        let text = fs::read_to_string(folder.path().join("list.json")).expect("the list");
        assert_eq!(text, list("1", command));
    }
}

#[test]
fn the_call_graph_is_listed_with_effects_and_from_a_function() {
    let folder = service();
    let all = run(folder.path(), &["calls"]);
    assert!(
        all.out.contains("1 call not resolved") && !all.out.contains('\u{1b}'),
        "{}",
        all.out
    );
    let list = |from: &str| -> serde_json::Value {
        let run = run(folder.path(), &["calls", "--from", from, "--format", "json"]);
        serde_json::from_str(&run.out).expect("JSON")
    };
    let reached = list("app.parcels");
    let functions = reached["functions"].as_array().expect("functions");
    assert_eq!(functions.len(), 2, "the route and its helper, not the other file: {reached}");
    assert_eq!(
        (functions[0]["entry"].as_str(), reached["totals"]["unresolved"].as_u64()),
        (Some("GET /parcels"), Some(1))
    );
    assert!(functions[1]["effects"].as_array().expect("effects").contains(&"query".into()));
    assert_eq!(
        failure(folder.path(), &["calls", "--from", "lod"]),
        "perfaudit: --from: no function is called `lod`; did you mean `load`?"
    );
}

#[test]
fn lists_of_an_empty_folder_say_that_there_is_nothing() {
    let folder = folder();
    let queries = run(folder.path(), &["queries"]);
    assert!(
        queries.code == Some(0) && queries.out.starts_with("No query sites"),
        "{}",
        queries.out
    );
    assert!(run(folder.path(), &["calls"]).out.starts_with("0 functions"));
}

/// What is few by its name is many where the database counted many: no rule goes by the name then.
#[test]
fn figures_from_the_database_come_before_names() {
    let folder = folder();
    let at = folder.path();
    let schema =
        "CREATE TABLE settings (id bigint PRIMARY KEY, name text, made_at timestamp);\nCREATE INDEX by_time ON settings (made_at);\n";
    fs::write(at.join("schema.sql"), schema).expect("written");
    let app = "import psycopg\nfrom fastapi import FastAPI\n\napp = FastAPI()\ndb = psycopg.connect('dbname=app')\n\n\n@app.get('/settings')\ndef page(start: int):\n    return db.execute('SELECT id FROM settings ORDER BY made_at LIMIT 50 OFFSET %s', (start,)).fetchall()\n\n\n@app.get('/found')\ndef found(day: str):\n    return db.execute('SELECT id FROM settings WHERE date(made_at) = %s', (day,)).fetchall()\n";
    fs::write(at.join("app.py"), app).expect("written");
    let rules = |rows: &str| {
        fs::write(at.join("stats.csv"), format!("table_name,row_count\nsettings,{rows}\n")).expect("written");
        let run = run(at, &["scan", "--format", "json", "--fail-on", "never", "--stats", "stats.csv"]);
        assert_eq!((run.code, run.err.as_str()), (Some(0), ""));
        ["offset-pagination", "non-sargable-predicate"].map(|rule| run.out.contains(rule))
    };
    assert_eq!(rules("30"), [false, false]);
    assert_eq!(rules("5000000"), [true, true]);
}

#[test]
fn figures_from_the_database_decide_on_indexes() {
    let folder = folder();
    let at = folder.path();
    let schema = "CREATE TABLE people (id bigint PRIMARY KEY);\nCREATE TABLE letters (id bigint PRIMARY KEY, person_id bigint REFERENCES people (id));\nCREATE INDEX a ON letters (id);\n";
    fs::write(at.join("schema.sql"), schema).expect("written");
    let scan = |stats: &str| {
        fs::write(
            at.join("stats.csv"),
            format!("table_name,row_count,index_name,index_scans\n{stats}"),
        )
        .expect("written");
        let run = run(at, &["scan", "--format", "json", "--fail-on", "never", "--stats", "stats.csv"]);
        assert_eq!((run.code, run.err.as_str()), (Some(0), ""));
        run.out
    };
    let large = scan("letters,2000000,,\nletters,,a,0\nghosts,5,,\n");
    assert!(
        large.contains("unindexed-foreign-key") && large.contains("letters has about 2000000 rows."),
        "{large}"
    );
    assert!(large.contains("The database has not used the first once."), "{large}");
    assert!(large.contains("tables that the schema does not have: ghosts."), "{large}");
    let small = scan("letters,40,,\n");
    assert!(!small.contains("unindexed-foreign-key"), "{small}");
    fs::write(at.join("stats.csv"), "table_name,row_count\nletters,many\n").expect("written");
    let error = failure(at, &["scan", "--stats", "stats.csv"]);
    assert!(error.starts_with("perfaudit: stats.csv:2: "), "{error}");
    assert!(failure(at, &["scan", "--stats", "none.csv"]).starts_with("perfaudit: none.csv: cannot be read"));
}

#[test]
fn the_schema_is_printed_with_the_lines_that_gave_it() {
    let folder = folder();
    let at = folder.path();
    fs::create_dir_all(at.join("migrations")).expect("a folder");
    let start = "CREATE TABLE people (id bigint PRIMARY KEY, mail text NOT NULL DEFAULT 'none');\n\
                 CREATE TABLE letters (id bigint PRIMARY KEY, person_id bigint REFERENCES people (id), at timestamptz);\n\
                 CREATE INDEX late ON letters USING btree (person_id, at DESC) INCLUDE (id) WHERE at IS NOT NULL;\n\
                 CREATE INDEX gone ON letters (at);\nCREATE INDEX ON;\n";
    fs::write(at.join("migrations/1.sql"), start).expect("written");
    fs::write(at.join("migrations/2.sql"), "\nDROP INDEX gone;\n").expect("written");
    let schema = |format: &str| {
        let run = run(at, &["schema", "--format", format]);
        assert_eq!((run.code, run.err.as_str()), (Some(0), ""));
        run.out
    };
    let report: serde_json::Value = serde_json::from_str(&schema("json")).expect("JSON");
    let letters = &report["tables"][0];
    assert_eq!(letters["name"], "letters");
    let late = letters["indexes"]
        .as_array()
        .expect("a list")
        .iter()
        .find(|index| index["name"] == "late");
    let late = late.expect("the index");
    assert_eq!(
        late["keys"][1],
        serde_json::json!({"column": "at", "expression": false, "descending": true})
    );
    assert_eq!((&late["include"][0], &late["predicate"]), (&"id".into(), &"at IS NOT NULL".into()));
    let place = serde_json::json!({"file": "migrations/1.sql", "line": 3, "source": "migration"});
    assert_eq!(late["places"][0], place);
    assert_eq!(letters["foreign_keys"][0]["target"], "people");
    assert_eq!(report["tables"][1]["columns"][1]["default"], "'none'");
    assert_eq!(report["removed"][0]["removed_by"]["file"], "migrations/2.sql");
    assert_eq!(report["not_understood"][0]["place"]["line"], 5);
    assert_eq!(report["summary"]["not_understood"], 1);
    let table = schema("table");
    assert!(
        table.contains("late") && table.contains("migrations/1.sql:3 (migration)"),
        "{table}"
    );
    assert!(table.contains("dropped by migrations/2.sql:2"), "{table}");
    assert!(schema("dbml").contains("Ref: \"letters\".\"person_id\" > \"people\".\"id\""));
    assert!(schema("mermaid").contains("\"people\" |o--o{ \"letters\" : \"person_id\""));
    let written = run(at, &["schema", "--format", "dbml", "-o", "schema.dbml"]);
    assert_eq!((written.code, written.out.as_str()), (Some(0), ""));
    assert!(fs::read_to_string(at.join("schema.dbml")).expect("a file").starts_with("Table "));
}

#[test]
fn hostile_names_stay_names_in_every_form_of_the_schema() {
    let folder = folder();
    let at = folder.path();
    let text = "CREATE TABLE \"a\"\"] { x \u{1b}[31m `b`\nRef\" (\"c\"\"' --> d\" int PRIMARY KEY, \"%%{init}\" text);\nCREATE INDEX \"i'\n}\" ON \"a\"\"] { x \u{1b}[31m `b`\nRef\" ((lower(\"%%{init}\") || '`'));\n";
    fs::write(at.join("schema.sql"), text).expect("written");
    for format in ["table", "json", "dbml", "mermaid", "sql"] {
        let run = run(at, &["schema", "--format", format]);
        assert_eq!((run.code, run.err.as_str()), (Some(0), ""));
        assert!(!run.out.contains('\u{1b}'), "{format}: {}", run.out);
        let broken = run
            .out
            .lines()
            .any(|line| line.starts_with("Ref") || line.starts_with('}') && format == "mermaid");
        assert!(!broken, "{format}: {}", run.out);
        if format == "dbml" {
            assert!(run.out.lines().all(|line| line.matches('"').count() % 2 == 0), "{}", run.out);
        }
    }
}

#[test]
fn a_folder_without_a_schema_says_so() {
    let folder = folder();
    let run = run(folder.path(), &["schema"]);
    assert_eq!(run.code, Some(0));
    assert!(run.out.starts_with("0 tables"), "{}", run.out);
}

#[test]
fn calls_without_a_target_are_counted_by_cause() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = "export class Desk { find(id: string) { return id; } }
export function open(desk, key: string, after: () => void) {
  desk.find(key);
  desk.nothingOfOurs(key);
  after();
}
export const handlers = { find: new Desk() };
export const pick = (name: string) => handlers[name](1);
";
    fs::write(folder.path().join("desk.ts"), text).expect("written");
    let table = run(folder.path(), &["calls", "--unresolved"]);
    assert!(table.out.contains("on a parameter that says no type"), "{}", table.out);
    let json = run(folder.path(), &["calls", "--unresolved", "--format", "json"]).out;
    let list: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let causes: Vec<(&str, u64)> = list["causes"]
        .as_array()
        .expect("causes")
        .iter()
        .map(|row| (row["cause"].as_str().expect("a name"), row["calls"].as_u64().expect("a number")))
        .collect();
    assert_eq!(causes, [("parameter", 1), ("callback", 1), ("computed", 1)]);
    // No function of the project is called so.
    assert_eq!(list["elsewhere"], 1);
}
