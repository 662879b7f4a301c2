//! Rules and libraries of the user's own: what `docs/own.md` says is what happens, and each mistake is told with its line.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::baseline::{Run, perfaudit_with};

/// What a program that asks two libraries does.
const PRICES: &str = "import acme.client\nimport legacy\nfrom fastapi import FastAPI\n\napp = FastAPI()\n\n\n@app.get('/prices')\ndef prices(keys: list[str]):\n    out = []\n    for key in keys:\n        out.append(acme.client.get_price(key, timeout=5))\n        out.append(legacy.fetch_one(key))\n    return out\n\n\n@app.get('/price')\nasync def price(key: str):\n    return acme.client.get_price(key, timeout=5)\n\n\ndef one(key):\n    return legacy.fetch_one(key)\n";

fn write(folder: &Path, name: &str, text: &str) {
    let file = folder.join(name);
    fs::create_dir_all(file.parent().expect("a folder")).expect("folders");
    fs::write(file, text).expect("written");
}

/// The blocks of the guide that are in a language, in their order.
fn blocks(fence: &str, language: &str) -> Vec<String> {
    blocks_of("docs/own.md", fence, language)
}

fn blocks_of(file: &str, fence: &str, language: &str) -> Vec<String> {
    let guide = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).expect("a text");
    let (open, close) = (format!("\n{fence}{language}\n"), format!("\n{fence}\n"));
    let parts = guide.split(&open).skip(1);
    parts
        .map(|part| format!("{}\n", part.split(&close).next().unwrap_or_default()))
        .collect()
}

fn page() -> String {
    blocks("````", "markdown").remove(0)
}

fn library() -> String {
    blocks("```", "toml").remove(1)
}

/// A project with the guide's files, and a program.
fn project() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    write(at, "app.py", PRICES);
    write(at, "perfaudit.toml", &blocks("```", "toml")[0]);
    write(at, "perf-libraries/python/acme.toml", &library());
    write(at, "perf-rules/legacy-fetch-in-loop.md", &page());
    folder
}

fn run(at: &Path, arguments: &[&str]) -> Run {
    perfaudit_with(at, arguments, &[])
}

/// The findings of a scan, as rule and line.
fn found(at: &Path, arguments: &[&str]) -> Vec<(String, u64)> {
    let all = findings(at, arguments);
    let mut found: Vec<(String, u64)> = all
        .iter()
        .map(|finding| {
            let rule = finding["rule"].as_str().expect("a rule").to_owned();
            (rule, finding["location"]["start_line"].as_u64().expect("a line"))
        })
        .collect();
    found.sort();
    found
}

fn findings(at: &Path, arguments: &[&str]) -> Vec<Value> {
    let report = report(at, arguments);
    report["findings"].as_array().expect("findings").clone()
}

fn report(at: &Path, arguments: &[&str]) -> Value {
    let scan = ["scan", ".", "--format", "json", "--fail-on", "never"];
    let run = run(at, &[&scan[..], arguments].concat());
    assert_eq!(run.code, Some(0), "{}", run.err);
    serde_json::from_str(&run.out).expect("JSON")
}

fn rule(name: &str, line: u64) -> (String, u64) {
    (name.to_owned(), line)
}

/// What is said of a mistake.
fn refused(at: &Path, arguments: &[&str]) -> String {
    let run = run(at, arguments);
    assert_eq!((run.code, run.out.as_str()), (Some(2), ""), "{}", run.err);
    run.err
}

#[test]
fn the_guides_example_is_a_rule_like_the_others() {
    let folder = project();
    let at = folder.path();
    let tested = run(at, &["test-rules", "perf-rules"]);
    assert_eq!(
        (tested.code, tested.out.as_str()),
        (Some(0), "2 examples, 0 mistakes\n"),
        "{}",
        tested.err
    );
    let only = ["--rule", "legacy-fetch-in-loop"];
    let all = findings(at, &only);
    assert_eq!(all.len(), 1, "the loop, and not the single call: {all:?}");
    let finding = &all[0];
    assert_eq!(finding["location"]["start_line"], 13);
    assert_eq!(finding["title"], "Legacy service asked once a row");
    assert_eq!(
        finding["message"],
        "`prices` calls `legacy.fetch_one` for each row; reached from GET /prices."
    );
    assert_eq!((&finding["priority"], &finding["confidence"]), (&"P1".into(), &"high".into()));
    assert_eq!(
        finding["fix"]["summary"],
        "Collect the keys and call `legacy.fetch_many(keys)` before the loop."
    );
    let explained = run(at, &["explain", "legacy-fetch-in-loop"]).out;
    assert!(
        explained.contains("Legacy service asked once a row")
            && explained.contains("your own rule, from perf-rules/legacy-fetch-in-loop.md"),
        "{explained}"
    );
    let why = run(at, &["why", "legacy-fetch-in-loop", "app.py:13"]).out;
    assert!(why.contains("it is reported"), "{why}");
    // Nothing of it is left where its folder is not named.
    fs::remove_file(at.join("perfaudit.toml")).expect("removed");
    assert_eq!(found(at, &["--rule", "n-plus-one"]), []);
    assert!(refused(at, &["scan", ".", "--rule", "legacy-fetch-in-loop"]).contains("unknown rule `legacy-fetch-in-loop`"));
}

#[test]
fn what_is_listed_says_where_it_is_from() {
    let folder = project();
    let list = run(folder.path(), &["rules", "--format", "json"]).out;
    let rules: Vec<Value> = serde_json::from_str(&list).expect("JSON");
    let of = |id: &str| rules.iter().find(|rule| rule["id"] == id).expect("a rule");
    let own = of("legacy-fetch-in-loop");
    assert_eq!(
        (&own["source"], &own["own"]),
        (&"perf-rules/legacy-fetch-in-loop.md".into(), &true.into())
    );
    let built_in = of("n-plus-one");
    assert_eq!((&built_in["source"], &built_in["own"]), (&"built-in".into(), &false.into()));
    let table = run(folder.path(), &["rules"]).out;
    assert!(table.contains("Legacy service asked once a row (your own)"), "{table}");
    let elsewhere = tempfile::tempdir().expect("a folder");
    let rules = folder.path().join("perf-rules").to_string_lossy().into_owned();
    assert!(!run(elsewhere.path(), &["rules"]).out.contains("legacy-fetch-in-loop"));
    assert!(
        run(elsewhere.path(), &["rules", "--rules", &rules])
            .out
            .contains("legacy-fetch-in-loop")
    );
}

#[test]
fn a_comment_a_configuration_and_a_baseline_hold_for_it() {
    let folder = project();
    let at = folder.path();
    let only = ["--rule", "legacy-fetch-in-loop"];
    let settings = fs::read_to_string(at.join("perfaudit.toml")).expect("settings");
    write(
        at,
        "perfaudit.toml",
        &format!("{settings}[priorities]\nlegacy-fetch-in-loop = 'p3'\n"),
    );
    assert_eq!(findings(at, &only)[0]["priority"], "P3");
    write(at, "perfaudit.toml", &settings);
    let known = run(at, &["baseline", "."]);
    assert_eq!(known.code, Some(0), "{}", known.err);
    let compared = findings(at, &["--baseline", "perfaudit-baseline.json", "--rule", "legacy-fetch-in-loop"]);
    assert_eq!(compared[0]["status"], "known");
    let line = "out.append(legacy.fetch_one(key))";
    write(
        at,
        "app.py",
        &PRICES.replacen(line, &format!("{line}  # perfaudit: ignore[legacy-fetch-in-loop] three keys"), 1),
    );
    let report = report(at, &only);
    assert_eq!(
        (report["findings"].as_array().map(Vec::len), &report["coverage"]["suppressed"]),
        (Some(0), &1.into())
    );
    // Where the rule has nothing to suppress, the comment is told.
    write(
        at,
        "app.py",
        &PRICES.replacen("return out", "return out  # perfaudit: ignore[legacy-fetch-in-loop] none", 1),
    );
    assert_eq!(found(at, &["--rule", "unused-suppression"]), [rule("unused-suppression", 14)]);
    // A script's is P3, as those of all rules.
    fs::create_dir(at.join("tools")).expect("a folder");
    fs::rename(at.join("app.py"), at.join("tools/app.py")).expect("renamed");
    let demoted = findings(at, &only);
    assert_eq!(demoted.iter().map(|finding| &finding["priority"]).collect::<Vec<_>>(), ["P3"]);
}

#[test]
fn sarif_carries_its_text() {
    let folder = project();
    let run = run(
        folder.path(),
        &[
            "scan",
            ".",
            "--format",
            "sarif",
            "--fail-on",
            "never",
            "--rule",
            "legacy-fetch-in-loop",
        ],
    );
    let report: Value = serde_json::from_str(&run.out).expect("JSON");
    let rules = report["runs"][0]["tool"]["driver"]["rules"].as_array().expect("rules");
    let own = rules.iter().find(|rule| rule["id"] == "legacy-fetch-in-loop").expect("the rule");
    assert_eq!(own["shortDescription"]["text"], "Legacy service asked once a row");
    assert!(own["help"]["markdown"].as_str().is_some_and(|text| text.contains("80 ms")));
}

#[test]
fn a_library_of_the_users_own_makes_rules_speak() {
    let folder = project();
    let at = folder.path();
    let rules = ["--rule", "n-plus-one,blocking-call-in-async"];
    assert_eq!(found(at, &rules), [rule("blocking-call-in-async", 19), rule("n-plus-one", 12)]);
    // Facts that a run with other libraries kept say nothing of them.
    let settings = fs::read_to_string(at.join("perfaudit.toml")).expect("settings");
    write(at, "perfaudit.toml", &settings.replace("libraries-dir", "# libraries-dir"));
    assert_eq!(found(at, &rules), []);
    let given = [&rules[..], &["--libraries", "perf-libraries"]].concat();
    assert_eq!(found(at, &given), [rule("blocking-call-in-async", 19), rule("n-plus-one", 12)]);
    let calls = run(at, &["calls", ".", "--libraries", "perf-libraries"]).out;
    assert!(calls.contains("→ acme.client.get_price [network blocking]"), "{calls}");
}

#[test]
fn what_the_user_says_of_a_known_call_counts() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    write(
        at,
        "a.py",
        "import requests\n\n\nasync def load():\n    return requests.get('https://example.org', timeout=5)\n",
    );
    let only = ["--rule", "blocking-call-in-async"];
    assert_eq!(found(at, &only).len(), 1);
    write(
        at,
        "libraries/python/requests.toml",
        "[library]\nname = 'patched'\nmodules = ['requests']\n\n[[call]]\nnames = ['requests.get']\neffects = ['network']\n",
    );
    assert_eq!(found(at, &[&only[..], &["--libraries", "libraries"]].concat()), []);
}

#[test]
fn a_mistake_in_a_library_is_told_with_its_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    write(at, "a.py", "x = 1\n");
    let library = library();
    let told = |from: &str, to: &str| {
        assert!(library.contains(from), "{from}");
        write(at, "libraries/python/acme.toml", &library.replacen(from, to, 1));
        refused(at, &["scan", ".", "--libraries", "libraries"])
    };
    let place = "perfaudit: libraries/python/acme.toml";
    for (from, to, line, words) in [
        (
            "effects = [\"network\"",
            "effect = [\"network\"",
            7,
            "unknown field `effect`, expected one of `names`, `effects`",
        ),
        (
            "\"network\"",
            "\"netwrok\"",
            7,
            "unknown effect `netwrok`; valid: query, write, network, blocking",
        ),
        (
            "{ \"get\" = [\"network\"",
            "{ \"get\" = [\"net\"",
            15,
            "unknown effect `net`; valid: query",
        ),
        (
            "default = 10.0",
            "defaults = 10.0",
            20,
            "unknown field `defaults`, expected one of `names`, `arguments`",
        ),
        (
            "name = \"acme.Client\"",
            "name = \"acne.Client\"",
            14,
            "`acne.Client` must begin with the library's first module, `acme`",
        ),
        (
            "\"acme.Client.get\"]",
            "\"Client.get\"]",
            18,
            "`Client.get` must begin with the library's first module, `acme`",
        ),
        (
            "modules = [\"acme\"]",
            "modules = []",
            1,
            "`modules` must name what programs import",
        ),
        (
            "[[call]]",
            "[[calls]]",
            5,
            "unknown field `calls`, expected one of `library`, `call`",
        ),
        ("[library]", "[library", 1, ""),
    ] {
        let err = told(from, to);
        assert!(err.starts_with(&format!("{place}:{line}: ")) && err.contains(words), "{to}: {err}");
    }
    fs::remove_dir_all(at.join("libraries")).expect("removed");
    let missing = refused(at, &["scan", ".", "--libraries", "libraries"]);
    assert!(
        missing.contains("libraries: no such folder; give a folder that holds `python/` or `typescript/`"),
        "{missing}"
    );
    write(at, "libraries/README.md", "");
    let empty = refused(at, &["scan", ".", "--libraries", "libraries"]);
    assert!(
        empty.contains("libraries: no files of libraries here; a file of a library is `python/"),
        "{empty}"
    );
    write(at, "libraries/acme.toml", &library);
    let beside = refused(at, &["scan", ".", "--libraries", "libraries"]);
    assert!(
        beside.contains("libraries/acme.toml: is in the folder of no language; put it into `python/` or `typescript/` there"),
        "{beside}"
    );
}

#[test]
fn a_mistake_in_a_rule_is_told_with_its_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    write(at, "a.py", "x = 1\n");
    let page = page();
    let told = |from: &str, to: &str| {
        assert!(page.contains(from), "{from}");
        write(at, "pages/own-rule.md", &page.replacen(from, to, 1));
        let scanned = refused(at, &["scan", ".", "--rules", "pages"]);
        assert_eq!(scanned, refused(at, &["test-rules", "pages"]));
        scanned
    };
    let query = |query: &str| format!("query = {query}\n");
    let call = "call = [\"legacy.fetch_*\"]\n";
    for (from, to, line, words) in [
        (
            "call =",
            "calls =",
            16,
            "unknown field `calls`, expected one of `call`, `effects`, `in`, `query`, `paths`",
        ),
        (
            "in = \"loop\"",
            "in = \"lop\"",
            17,
            "unknown place `lop`; valid: loop, async, request, job, startup, command",
        ),
        (
            "in = \"loop\"",
            "in = [\"loop\",\n  \"lop\"]",
            18,
            "unknown place `lop`; valid: loop",
        ),
        (
            "in = \"loop\"",
            "in = [\"request\", \"job\"]",
            15,
            "`in` names several of request, job, startup and command",
        ),
        ("in = \"loop\"", "in = []", 17, "an empty list fits nothing; leave the key out"),
        ("in = \"loop\"", "in = 3", 17, "expected a string or a list of strings"),
        ("legacy.fetch_*", "legacy.fetch?", 16, "`?` is in no name; `*` is the only wildcard"),
        ("legacy.fetch_*", "legacy..fetch", 16, "has an empty part; write `package.function`"),
        ("\"legacy.fetch_*\"", "\"*\"", 16, "names nothing; say at least a part of the name"),
        (
            call,
            "effects = 'netwrok'\n",
            16,
            "unknown effect `netwrok`; valid: query, write, network",
        ),
        (call, "", 15, "`match` must say what is looked for: `call`, `effects` or `query`"),
        (call, &format!("{call}query = {{}}\n"), 15, "a rule looks for one of them"),
        (
            call,
            &query("{ operations = 'select' }"),
            16,
            "unknown field `operations`, expected one of `operation`, `table`, `bound`",
        ),
        (
            call,
            &query("{ operation = 'selct' }"),
            16,
            "unknown operation `selct`; valid: select, insert, update, delete",
        ),
        (
            call,
            &query("{ bound = 'filtered' }"),
            16,
            "unknown bound `filtered`; valid: one row, limited, by key, by parent",
        ),
        (call, &query("{ table = 'a b' }"), 16, "` ` is in no name"),
        (
            call,
            &query("{}"),
            12,
            "unknown name in braces `call`; valid: operation, table, bound, function, entry",
        ),
        (
            "{entry}",
            "{enty}",
            12,
            "unknown name in braces `enty`; valid: call, effects, function, entry",
        ),
        ("{entry}", "{entry", 12, "a brace stands alone"),
        (
            "message =",
            "# message =",
            15,
            "a rule of your own needs `message`, what is said of a place, above `[match]`",
        ),
        (
            "fix =",
            "# fix =",
            15,
            "a rule of your own needs `fix`, what to do about it, above `[match]`",
        ),
        ("\"!scripts/**\"", "\"{scripts\"", 18, "not a valid glob"),
        (
            "languages = [\"python\"]",
            "languages = [\"pyton\"]",
            7,
            "unknown language `pyton`; valid: python, typescript",
        ),
        (
            "priority = \"P1\"",
            "priority = \"P7\"",
            4,
            "unknown variant `P7`, expected one of `P0`, `P1`, `P2`, `P3`",
        ),
        ("[match]", "[matches]", 15, "unknown field `matches`, expected one of `title`"),
        ("## Why it costs", "## Why", 27, "found `## Why` where `## Why it costs` belongs"),
    ] {
        let err = told(from, to);
        assert!(
            err.starts_with(&format!("perfaudit: pages/own-rule.md:{line}: ")) && err.contains(words),
            "{to}: {err}"
        );
    }
    let without = page
        .replace("[match]\n", "")
        .replace(call, "")
        .replace("in = \"loop\"\n", "")
        .replace("paths = [\"*\", \"!scripts/**\"]\n", "");
    write(at, "pages/own-rule.md", &without);
    assert!(
        refused(at, &["scan", ".", "--rules", "pages"])
            .contains("pages/own-rule.md:12: `message` is for a rule of your own, which has a table `[match]`")
    );
    let without: Vec<&str> = without
        .lines()
        .filter(|line| !line.starts_with("message =") && !line.starts_with("fix ="))
        .collect();
    write(at, "pages/own-rule.md", &without.join("\n"));
    let nothing = refused(at, &["scan", ".", "--rules", "pages"]);
    assert!(
        nothing.contains("there is no rule `own-rule` whose page this could be; a rule of your own has a table `[match]`"),
        "{nothing}"
    );
}

#[test]
fn names_of_rules_are_taken_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    write(at, "a.py", "x = 1\n");
    let page = page();
    for (name, text, words) in [
        ("n-plus-one", page.clone(), "`n-plus-one` is built in and finds what it finds"),
        (
            "constant-sleep",
            page.clone(),
            "`constant-sleep` is a name of the rule `fixed-delay`",
        ),
        (
            "own-rule",
            page.replace("aliases = []", "aliases = ['n-plus-one']"),
            "`n-plus-one` is a name of the rule `n-plus-one`",
        ),
    ] {
        let _ = fs::remove_dir_all(at.join("pages"));
        write(at, &format!("pages/{name}.md"), &text);
        let err = refused(at, &["scan", ".", "--rules", "pages"]);
        assert!(
            err.starts_with(&format!("perfaudit: pages/{name}.md: ")) && err.contains(words),
            "{err}"
        );
    }
}

#[test]
fn an_example_that_is_not_so_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let page = page();
    write(
        at,
        "pages/own-rule.md",
        &page
            .replace("```python bad", "```python good project=a")
            .replace(
                "def price(key):\n    return legacy.fetch_one(key)",
                "def price(keys):\n    return keys",
            )
            .replace("```python good\n", "```python bad\n"),
    );
    let tested = run(at, &["test-rules", "pages"]);
    assert_eq!(tested.code, Some(1), "{}", tested.err);
    assert!(
        tested
            .out
            .contains("own-rule.md:41: own-rule is reported at example.py:5, which is marked good")
            && tested
                .out
                .contains("own-rule.md:49: own-rule is not reported, though this example is marked bad"),
        "{}",
        tested.out
    );
}

/// A page that looks for something else, whose rule is the only one that runs.
fn of_matching(at: &Path, matching: &str) -> Vec<(String, u64)> {
    let page = page();
    let (before, rest) = page.split_once("[match]\n").expect("a table");
    let (_, after) = rest.split_once("+++\n").expect("an end");
    let before = if matching.starts_with("query") {
        before.replace("{call}", "{operation} {table} {bound}")
    } else {
        before.to_owned()
    };
    let before = before.replace("languages = [\"python\"]", "languages = [\"python\", \"typescript\"]");
    write(at, "pages/own-rule.md", &format!("{before}[match]\n{matching}\n+++\n{after}"));
    found(at, &["--rules", "pages", "--rule", "own-rule"])
}

fn lines(at: &Path, matching: &str) -> Vec<u64> {
    of_matching(at, matching).into_iter().map(|(_, line)| line).collect()
}

#[test]
fn a_call_is_found_by_its_name_effects_place_and_caller() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let text = "import requests\nfrom celery import shared_task\nfrom fastapi import FastAPI\n\nimport helper\n\napp = FastAPI()\n\n\n@app.get('/a')\nasync def asked():\n    return requests.get('https://example.org', timeout=3)\n\n\n@shared_task\ndef worked(keys):\n    for key in keys:\n        requests.post('https://example.org', timeout=3)\n    return helper.load_all()\n";
    write(at, "app.py", text);
    write(at, "helper.py", "def load_all():\n    return 1\n");
    write(
        at,
        "web/a.ts",
        "import { getPrice } from '@acme/client';\n\nexport async function prices(ids: number[]) {\n  for (const id of ids) {\n    await getPrice(id);\n  }\n}\n",
    );
    for (matching, wanted) in [
        ("call = 'requests.*'", &[12, 18][..]),
        ("call = ['requests.post', '*.nothing']", &[18]),
        ("effects = ['network', 'blocking']", &[12, 18]),
        ("effects = 'query'", &[]),
        ("call = 'requests.*'\neffects = 'sleep'", &[]),
        ("call = 'requests.*'\nin = 'loop'", &[18]),
        ("call = 'requests.*'\nin = 'async'", &[12]),
        ("call = 'requests.*'\nin = 'request'", &[12]),
        ("call = 'requests.*'\nin = ['job', 'loop']", &[18]),
        ("call = 'requests.*'\nin = ['request', 'loop']", &[]),
        ("call = 'requests.*'\npaths = 'web/**'", &[]),
        ("call = 'requests.*'\npaths = ['*.py', '!app.py']", &[]),
        ("call = 'helper.load_*'", &[19]),
        ("call = '@acme/client.get*'\nin = ['loop', 'async']", &[5]),
    ] {
        assert_eq!(lines(at, matching), wanted, "{matching}");
    }
}

#[test]
fn a_statement_is_found_by_what_it_does_its_table_and_its_bound() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    write(
        at,
        "schema.sql",
        "CREATE TABLE orders (id bigint PRIMARY KEY, name text);\nCREATE TABLE users (id bigint PRIMARY KEY, name text);\n",
    );
    write(
        at,
        "load.py",
        "import psycopg2\n\n\ndef load(cursor: psycopg2.extensions.cursor, keys):\n    cursor.execute(\"SELECT name FROM orders\")\n    cursor.execute(\"SELECT name FROM orders WHERE id = %s\", (1,))\n    cursor.execute(\"SELECT name FROM users\")\n    for key in keys:\n        cursor.execute(\"DELETE FROM orders WHERE id = %s\", (key,))\n",
    );
    for (matching, wanted) in [
        ("query = {}", &[5, 6, 7, 9][..]),
        ("query = { table = 'ord*' }", &[5, 6, 9]),
        ("query = { operation = ['delete', 'update'] }", &[9]),
        ("query = { operation = 'select', table = 'orders', bound = 'unbounded' }", &[5]),
        ("query = { bound = ['one row', 'by key'] }", &[6]),
        ("query = { table = 'orders' }\nin = 'loop'", &[9]),
        ("query = { table = 'nothing' }", &[]),
    ] {
        assert_eq!(lines(at, matching), wanted, "{matching}");
    }
    let told = findings(at, &["--rules", "pages", "--rule", "own-rule"]);
    assert!(told.is_empty());
    of_matching(at, "query = { operation = 'select', table = 'users' }");
    let told = findings(at, &["--rules", "pages", "--rule", "own-rule"]);
    assert_eq!(
        told[0]["message"],
        "`load` calls `SELECT users unbounded` for each row; reached from an unknown caller."
    );
}

/// The shorter examples of the README and of the guide.
#[test]
fn what_the_texts_show_in_part_is_found() {
    let readme = blocks_of("README.md", "```", "toml");
    let folder = project();
    let at = folder.path();
    let library = readme.iter().find(|block| block.starts_with("[library]")).expect("a library");
    write(at, "perf-libraries/python/acme.toml", library);
    let rules = ["--rule", "n-plus-one,blocking-call-in-async"];
    assert_eq!(found(at, &rules), [rule("blocking-call-in-async", 19), rule("n-plus-one", 12)]);
    let matching = |blocks: &[String]| {
        let block = blocks.iter().find_map(|block| block.strip_prefix("[match]\n"));
        block.expect("a table").trim().to_owned()
    };
    write(at, "perfaudit.toml", "");
    assert_eq!(lines(at, &matching(&readme)), [13]);
    let ledger = "import psycopg2\nfrom fastapi import FastAPI\n\napp = FastAPI()\n\n\n@app.get('/ledger')\ndef ledger(cursor: psycopg2.extensions.cursor):\n    cursor.execute(\"SELECT amount FROM ledger_entries\")\n    return cursor.fetchall()\n\n\ndef unknown(cursor: psycopg2.extensions.cursor):\n    cursor.execute(\"SELECT amount FROM ledger_entries\")\n    return cursor.fetchall()\n";
    write(at, "app.py", ledger);
    write(
        at,
        "schema.sql",
        "CREATE TABLE ledger_entries (id bigint PRIMARY KEY, amount int);\n",
    );
    assert_eq!(lines(at, &matching(&blocks("```", "toml"))), [9]);
}
