//! Small files whose names, calls and classes lead in so many ways that a search along each would not end. A run ends, says which bound
//! was reached and where, and finds what it finds in the rest.

use std::fs;
use std::time::Duration;

use assert_cmd::Command;
use serde_json::Value;

use super::work;

const DJANGO: &str = "from django.db import models\n\nclass Order(models.Model):\n    a = models.IntegerField()\n\n";
const SQLALCHEMY: &str = "from sqlalchemy import select\nfrom sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column\n\n\
    class Base(DeclarativeBase):\n    pass\n\nclass Order(Base):\n    __tablename__ = 'orders'\n    id: Mapped[int] = mapped_column(primary_key=True)\n    \
    a: Mapped[int]\n\n";
/// Looks for each byte that a run may take. These files lead in many ways, up to bounds that are reached; what had no bound took thousands.
const MOST_LOOKS_A_BYTE: u64 = 700;
const BAD: &str = "\nimport time\n\nasync def wait():\n    time.sleep(5)\n";

/// What a scan prints about one file, as JSON.
fn run(name: &str, text: &str) -> Value {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join(name), text).expect("written");
    let mut perfaudit = Command::cargo_bin("perfaudit").expect("the binary");
    perfaudit.current_dir(folder.path()).timeout(Duration::from_secs(120));
    perfaudit.args(["scan", "--no-cache", "--format", "json"]);
    perfaudit.args(["--fail-on", "never", work::TOLD_BY]);
    let output = perfaudit.output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    work::assert_bounded(&String::from_utf8_lossy(&output.stderr), text.len(), MOST_LOOKS_A_BYTE);
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// The bounds that a scan told, each with its first place.
fn limits(report: &Value) -> Vec<String> {
    let told = report["coverage"]["limits"].as_object();
    told.into_iter()
        .flatten()
        .map(|(name, group)| format!("{name} {}", group["examples"][0].as_str().unwrap_or("")))
        .collect()
}

fn rules(report: &Value) -> Vec<&str> {
    let findings = report["findings"].as_array().expect("findings");
    findings.iter().filter_map(|finding| finding["rule"].as_str()).collect()
}

/// `head`, then a line for each number, then `tail`.
fn lines(head: &str, count: usize, line: impl Fn(usize) -> String, tail: &str) -> String {
    let body: String = (0..count).map(line).collect();
    format!("{head}{body}{tail}")
}

/// A query that each branch narrows: a hundred branches were a hundred ways to each beginning, each walked up branch by branch.
#[test]
fn a_query_that_an_elif_chain_narrows_is_followed_once() {
    let head = format!("{DJANGO}def pick(k):\n    q = Order.objects.all()\n    if k == 0:\n        q = q.filter(a=0)\n");
    let branch = |at: usize| format!("    elif k == {at}:\n        q = q.filter(a={at})\n");
    let django = lines(&head, 180, branch, &format!("    return list(q)\n{BAD}"));
    let report = run("app.py", &django);
    // What another question asks of a name in it is further away than is followed; the query is found.
    assert_eq!(limits(&report), ["distance app.py"]);
    assert_eq!(report["coverage"]["query_sites"], 1, "{}", report["coverage"]);
    assert!(rules(&report).contains(&"blocking-call-in-async"), "{report}");

    let head =
        format!("{SQLALCHEMY}def pick(k, session: Session):\n    q = select(Order)\n    if k == 0:\n        q = q.where(Order.a == 0)\n");
    let branch = |at: usize| format!("    elif k == {at}:\n        q = q.where(Order.a == {at})\n");
    let sqlalchemy = lines(&head, 180, branch, "    return session.execute(q).scalars().all()\n");
    let report = run("app.py", &sqlalchemy);
    // What it asks for stands in too many parts to compare; the query is found.
    assert_eq!(
        (limits(&report), &report["coverage"]["query_sites"]),
        (vec!["parts app.py:113".to_owned()], &Value::from(1))
    );
}

/// More branches and more lines than are followed: told where, and the rest of the file is read as ever.
#[test]
fn a_query_of_too_many_steps_is_told() {
    let head = format!("{DJANGO}def pick(k):\n    q = Order.objects.all()\n    if k == 0:\n        q = q.filter(a=0)\n");
    let branch = |at: usize| format!("    elif k == {at}:\n        q = q.filter(a={at})\n");
    let report = run("app.py", &lines(&head, 1_500, branch, &format!("    return list(q)\n{BAD}")));
    assert!(
        limits(&report).iter().any(|told| told.starts_with("chain-steps app.py:")),
        "{:?}",
        limits(&report)
    );
    assert!(rules(&report).contains(&"blocking-call-in-async"), "{report}");
    let step = |at: usize| format!("    q = q.filter(a={at})\n");
    let report = run(
        "app.py",
        &lines(&format!("{DJANGO}def pick(q):\n    q = Order.objects.all()\n"), 3_000, step, BAD),
    );
    assert!(
        limits(&report).iter().any(|told| told.starts_with("chain-steps app.py:")),
        "{:?}",
        limits(&report)
    );
    assert!(rules(&report).contains(&"blocking-call-in-async"), "{report}");
}

/// Each statement of its own adds to the query, and each is a query with all before it: memory grew by the square.
#[test]
fn statements_that_add_to_one_query_are_counted() {
    let head = "import knex from 'knex';\nconst db = knex({});\nexport async function f() {\n  const q = db('users');\n";
    let add = |at: usize| format!("  q.where('a', {at});\n");
    let few = run("app.ts", &lines(head, 30, add, "  return await q;\n}\n"));
    assert_eq!(limits(&few), Vec::<String>::new());
    let many = run("app.ts", &lines(head, 2_500, add, "  return await q;\n}\n"));
    assert!(
        limits(&many).iter().any(|told| told.starts_with("additions app.ts:")),
        "{:?}",
        limits(&many)
    );
}

/// A name that is set again and again: each use was looked for among all.
#[test]
fn a_name_that_is_set_thousands_of_times_holds_what_was_set_last() {
    let set = |at: usize| format!("    rows = list(Order.objects.filter(a={at}))\n    total = len(rows)\n");
    let report = run(
        "app.py",
        &lines(&format!("{DJANGO}def count():\n"), 3_000, set, "    return total\n"),
    );
    assert_eq!(limits(&report), ["reads app.py:6"]);
    let counted = rules(&report)
        .iter()
        .filter(|rule| **rule == "aggregate-in-memory" || **rule == "count-in-memory")
        .count();
    assert!(counted > 0 || report["coverage"]["query_sites"] == 3_000, "{}", report["coverage"]);
}

/// Branches below branches: a walk up for each node.
#[test]
fn long_chains_of_branches_are_read_whole() {
    let branch = |at: usize| format!(" else if (k === {at}) {{ r = load({at}); }}\n");
    let text = lines(
        "function load(x) { return fs.readFileSync(x) }\nexport function f(k) { let r = 0;\nif (k < 0) { r = 1; }\n",
        4_000,
        branch,
        "return r }\n",
    );
    let report = run("app.ts", &text);
    assert_eq!(
        (limits(&report), &report["coverage"]["calls"]["total"]),
        (vec!["holders app.ts:399".to_owned()], &Value::from(4_001))
    );
}

/// A call with thousands of arguments: each was looked for among all.
#[test]
fn calls_with_thousands_of_arguments_are_read_whole() {
    let text = lines(
        "def g(x):\n    return x\n\ndef f(k):\n    return h(",
        12_000,
        |at| format!("g({at}), "),
        "1)\n",
    );
    let report = run("app.py", &text);
    assert_eq!(
        (limits(&report), &report["coverage"]["calls"]["total"]),
        (Vec::new(), &Value::from(12_001))
    );
}

/// Classes that branch and join have 2^n ways to their first one.
#[test]
fn classes_that_branch_and_join_are_looked_into_once() {
    let diamond = |at: usize| {
        format!(
            "class L{at}(K{at}):\n    pass\nclass R{at}(K{at}):\n    pass\nclass K{}(L{at}, R{at}):\n    pass\n",
            at + 1
        )
    };
    let head = "import time\n\nclass K0:\n    def work(self):\n        time.sleep(1)\n\n";
    let near = run("app.py", &lines(head, 10, diamond, "\nasync def go(k: K10):\n    k.work()\n"));
    assert_eq!((limits(&near), rules(&near)), (Vec::new(), vec!["blocking-call-in-async"]));
    let far = run(
        "app.py",
        &lines(head, 400, diamond, "\nasync def go(k: K400):\n    k.work()\n    k.missing()\n"),
    );
    assert!(
        limits(&far).iter().any(|told| told.starts_with("ancestors app.py:")),
        "{:?}",
        limits(&far)
    );
}

/// Calls of a function with thousands of parameters.
#[test]
fn functions_with_thousands_of_parameters_are_told() {
    let text = lines("def f(", 3_000, |at| format!("p{at}=None, "), "z=1):\n    return 1\n\ndef g():\n");
    let text = lines(&text, 3_000, |at| format!("    f({at})\n"), BAD);
    let report = run("app.py", &text);
    assert_eq!(limits(&report), ["parameters app.py:1"]);
    assert!(rules(&report).contains(&"blocking-call-in-async"), "{report}");
}

/// Functions below one decorator were compared with each other for each use of it.
#[test]
fn a_decorator_of_thousands_is_taken_apart_once() {
    let head = "import time\n\ndef slow(f):\n    def inner():\n        time.sleep(1)\n        return f()\n    return inner\n\n";
    let text = lines(
        head,
        3_000,
        |at| format!("@slow\ndef f{at}():\n    pass\n\n"),
        "async def go():\n    f7()\n",
    );
    let report = run("app.py", &text);
    let told = vec!["blocking-callers app.py:4".to_owned()];
    assert_eq!((limits(&report), rules(&report)), (told, vec!["blocking-call-in-async"]));
}

/// What is known of arguments closes a branch, whatever stands before and after it.
#[test]
fn constants_close_branches_of_long_functions() {
    let line = |at: usize| format!("    step({at})\n");
    let head = "import time\n\ndef step(x):\n    pass\n\ndef work(wait=False):\n";
    let text = lines(
        head,
        3_000,
        line,
        "    if not wait:\n        return\n    time.sleep(1)\n\nasync def go():\n    work()\n",
    );
    let report = run("app.py", &text);
    assert_eq!(rules(&report), Vec::<&str>::new(), "{report}");
    let text = text.replace("    work()\n", "    work(True)\n");
    assert_eq!(rules(&run("app.py", &text)), ["blocking-call-in-async"]);
}

/// A loop of thousands of calls, each of which was asked what the loop means.
#[test]
fn calls_in_one_long_loop_are_judged_or_told() {
    let call = |at: usize| format!("        Order.objects.get(a={at})\n");
    let few = run("app.py", &lines(&format!("{DJANGO}def f(xs):\n    for x in xs:\n"), 40, call, ""));
    assert_eq!(limits(&few), Vec::<String>::new());
    assert!(rules(&few).contains(&"n-plus-one"), "{few}");
    let many = run(
        "app.py",
        &lines(&format!("{DJANGO}def f(xs):\n    for x in xs:\n"), 6_000, call, ""),
    );
    assert_eq!(limits(&many), ["following app.py", "loop-body app.py:7", "reads app.py:6"]);
}
