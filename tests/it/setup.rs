//! Setting it up: the configuration file and its schema, and the files that CI services read.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use boon::{Compiler, Schemas};
use perfaudit::config::{KEYS, OVERRIDE_KEYS, Settings};
use perfaudit::vocabulary::KEYS as WORD_KEYS;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(file: &str) -> String {
    fs::read_to_string(root().join(file)).expect("a file of the repository")
}

/// Whether the schema for editors takes a configuration.
fn is_valid(text: &str) -> bool {
    let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
    let file = root().join("perfaudit.schema.json");
    let id = compiler.compile(&file.to_string_lossy(), &mut schemas).expect("a valid schema");
    let table: toml::Table = text.parse().expect("TOML");
    let value = serde_json::to_value(table).expect("JSON");
    schemas.validate(&value, id).is_ok()
}

/// The file that `init` writes, with its settings switched on.
fn switched_on() -> String {
    let text = read("templates/perfaudit.toml");
    let is_setting = |line: &str| {
        let rest = line.strip_prefix("# ").unwrap_or_default();
        rest.starts_with('[')
            || rest
                .split_once(" = ")
                .is_some_and(|(key, _)| key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'))
    };
    let lines = text.lines().filter(|line| is_setting(line)).map(|line| &line[2..]);
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_written_configuration_names_every_setting_and_is_valid() {
    let text = switched_on();
    let settings = Settings::parse("perfaudit.toml", &text, false).expect("valid");
    assert!(!settings.overrides.is_empty() && !settings.priorities.is_empty());
    let table: toml::Table = text.parse().expect("TOML");
    for key in KEYS {
        assert!(table.contains_key(key), "templates/perfaudit.toml does not name `{key}`");
    }
    assert!(is_valid(&text), "the schema does not take it:\n{text}");
}

#[test]
fn the_schema_for_editors_knows_the_same_keys() {
    let schema: serde_json::Value = serde_json::from_str(&read("perfaudit.schema.json")).expect("JSON");
    let keys = |value: &serde_json::Value| {
        let mut keys: Vec<String> = value["properties"].as_object().expect("properties").keys().cloned().collect();
        keys.sort();
        keys
    };
    let sorted = |keys: &[&str]| {
        let mut keys: Vec<String> = keys.iter().map(|&key| key.to_owned()).collect();
        keys.sort();
        keys
    };
    assert_eq!(keys(&schema), sorted(&KEYS));
    assert_eq!(keys(&schema["properties"]["overrides"]["items"]), sorted(&OVERRIDE_KEYS));
    assert_eq!(keys(&schema["properties"]["words"]), sorted(&WORD_KEYS.map(|(key, _)| key)));
    for wrong in [
        "fail-onn = 'p0'",
        "fail-on = 'p7'",
        "[[overrides]]\nskip = []",
        "[priorities]\nx = 1",
        "[words]\nfew-table = []",
    ] {
        assert!(!is_valid(wrong), "the schema takes `{wrong}`");
    }
}

fn perfaudit(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = assert_cmd::Command::cargo_bin("perfaudit").expect("the binary");
    let output = command.current_dir(folder).args(arguments).output().expect("runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn init_writes_once_and_what_it_writes_changes_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("a.py"), "x = 1\n").expect("written");
    let before = perfaudit(folder.path(), &["scan"]);
    let (code, out, _) = perfaudit(folder.path(), &["init"]);
    assert!(code == Some(0) && out.contains("Wrote perfaudit.toml"));
    assert_eq!(before, perfaudit(folder.path(), &["scan"]));
    let (code, _, err) = perfaudit(folder.path(), &["init"]);
    assert!(code == Some(2) && err.contains("perfaudit.toml: is already there"), "{err}");
    let (_, schema, _) = perfaudit(folder.path(), &["init", "--schema"]);
    assert_eq!(schema, read("perfaudit.schema.json"));
}

/// A module with a P1 finding, and the folder that it is in.
fn project() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let code = "import psycopg2\n\n\ndef load(cursor, keys):\n    found = []\n    for key in keys:\n        cursor.execute(\"SELECT name FROM users WHERE id = %s\", (key,))\n        found.append(cursor.fetchone())\n    return found\n";
    fs::create_dir(folder.path().join("my app")).expect("a folder");
    fs::write(folder.path().join("my app/a.py"), code).expect("written");
    folder
}

/// A shell with the binary on its path.
fn shell(folder: &Path) -> Command {
    let binary: PathBuf = assert_cmd::cargo::cargo_bin("perfaudit");
    let path = std::env::var("PATH").unwrap_or_default();
    let mut command = Command::new("bash");
    command
        .current_dir(folder)
        // On a runner the tests' own binary lies in the checkout, of which the scripts run nothing.
        .env_remove("GITHUB_WORKSPACE")
        .env("PATH", format!("{}:{path}", binary.parent().expect("a folder").display()));
    command
}

#[cfg(unix)]
#[test]
fn the_action_scans_and_fails_as_asked() {
    let folder = project();
    let scan = |variables: &[(&str, &str)]| {
        let mut command = shell(folder.path());
        command
            .arg(root().join("ci/scan.sh"))
            .env("PERFAUDIT_FIRST", "github")
            .env_remove("GITHUB_STEP_SUMMARY")
            .envs(variables.iter().copied());
        let output = command.output().expect("bash runs");
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let (code, out) = scan(&[
        ("PERFAUDIT_PATHS", "my app\n"),
        ("PERFAUDIT_FAIL_ON", "p3"),
        ("PERFAUDIT_OUTPUT", "my report.sarif"),
        ("GITHUB_STEP_SUMMARY", "summary.md"),
    ]);
    assert!(code == Some(1) && out.contains("file=my app/a.py,line=7"), "{out}");
    assert!(
        fs::read_to_string(folder.path().join("my report.sarif"))
            .expect("SARIF")
            .contains("\"2.1.0\"")
    );
    let summary = fs::read_to_string(folder.path().join("summary.md")).expect("the summary");
    assert!(summary.starts_with("### perfaudit: failed, 1 finding\n"), "{summary}");
    assert_eq!(scan(&[("PERFAUDIT_FAIL_ON", "never")]).0, Some(0));
    let (code, _) = scan(&[("PERFAUDIT_PATHS", "$(touch injected)"), ("PERFAUDIT_SINCE", "; touch injected")]);
    assert!(code == Some(2) && !folder.path().join("injected").exists());
}

#[test]
fn every_input_of_the_action_is_used_and_none_is_pasted_into_code() {
    let action = read("action.yml");
    let inputs = action
        .split_once("\ninputs:\n")
        .expect("inputs")
        .1
        .split_once("\noutputs:")
        .expect("outputs")
        .0;
    let names: Vec<&str> = inputs
        .lines()
        .filter_map(|line| {
            line.strip_prefix("  ")
                .filter(|rest| !rest.starts_with(' '))
                .and_then(|rest| rest.strip_suffix(':'))
        })
        .collect();
    assert!(names.contains(&"fail-on"), "{names:?}");
    for name in names {
        assert!(action.contains(&format!("inputs.{name} ")), "`{name}` is not used");
    }
    for line in action.lines().filter(|line| line.contains("${{")) {
        let values = ["GH_TOKEN:", "PERFAUDIT_", "default:", "key:", "path:", "restore-keys:", "value:"];
        let is_value = values.iter().any(|start| line.trim_start().starts_with(start));
        assert!(is_value, "an input is pasted into code: {line}");
    }
    // Each step's variables are those that its script reads; the folder of the cache is the program's.
    for (script, part) in ["install", "scan", "comment"]
        .iter()
        .zip(action.split("    - name: ").filter(|step| step.contains("ci/")))
    {
        for variable in part.lines().filter_map(|line| line.trim_start().strip_prefix("PERFAUDIT_")) {
            let name = format!("PERFAUDIT_{}", variable.split(':').next().unwrap_or(variable));
            assert!(
                name == "PERFAUDIT_CACHE_DIR" || read(&format!("ci/{script}.sh")).contains(&name),
                "ci/{script}.sh does not read {name}"
            );
        }
    }
}

/// The lines of a list in YAML, `    - ` taken off.
fn items<'a>(text: &'a str, key: &str) -> Vec<&'a str> {
    let rest = text.split_once(&format!("  {key}:\n")).expect("the key").1;
    rest.lines().map_while(|line| line.strip_prefix("    - ")).collect()
}

#[cfg(unix)]
#[test]
fn the_job_for_gitlab_writes_its_report_and_fails_on_what_is_new() {
    let folder = project();
    let template = read("ci/gitlab.yml");
    // All but the installation.
    let script = items(&template, "script")
        .into_iter()
        .skip_while(|line| !line.starts_with("since="))
        .collect::<Vec<_>>();
    assert_eq!(script.len(), 3);
    let mut command = shell(folder.path());
    let output = command
        .args(["-euc", &script.join("\n")])
        .env("PERFAUDIT_FAIL_ON", "p3")
        .output()
        .expect("bash runs");
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    let (_, rest) = template.split_once("codequality: ").expect("the artifact");
    let report = rest.lines().next().unwrap_or(rest).trim();
    let issues: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(folder.path().join(report)).expect("the report")).expect("JSON");
    assert_eq!(issues[0]["location"]["path"], "my app/a.py");
}

#[cfg(unix)]
#[test]
fn the_hook_passes_a_tree_that_has_not_changed() {
    let folder = project();
    let hook = read(".pre-commit-hooks.yaml");
    let value = |key: &str| {
        hook.lines()
            .find_map(|line| line.trim().strip_prefix(&format!("{key}: ")))
            .expect("a value")
            .to_owned()
    };
    let arguments = value("args").trim_matches(['[', ']']).replace(',', "");
    let line = format!("{} {arguments}", value("entry"));
    let identity = "git -c user.name=a -c user.email=a@example.org -c commit.gpgsign=false";
    let commit = format!("git init -q && git add . && {identity} commit -q -m one");
    let run = |script: &str| shell(folder.path()).args(["-c", script]).output().expect("bash runs").status.code();
    if run(&commit) != Some(0) {
        return;
    }
    assert_eq!(run(&line), Some(0), "{line}");
    let more = fs::read_to_string(folder.path().join("my app/a.py"))
        .expect("code")
        .replace("def load", "def fresh")
        .replace("users", "orders");
    fs::write(folder.path().join("my app/b.py"), more).expect("written");
    assert_eq!(run(&line.replace("p1", "p3")), Some(1), "{line}");
}

#[test]
fn timings_and_talk_go_to_standard_error() {
    let folder = project();
    let scan = |more: &[&str]| {
        let mut arguments = vec!["scan", "--fail-on", "never"];
        arguments.extend(more);
        perfaudit(folder.path(), &arguments)
    };
    let (_, plain, silent) = scan(&[]);
    assert_eq!(silent, "");
    let (_, out, err) = scan(&["--timings"]);
    assert_eq!(out, plain, "the report is the same");
    assert!(err.contains(" s  read and parse (1)") && err.contains(" s  in all"), "{err}");
    let (_, quiet, _) = scan(&["-q"]);
    assert!(!quiet.contains("Understood:") && quiet.contains("n-plus-one"), "{quiet}");
    assert_eq!(scan(&["-q", "-v"]).0, Some(2));
}

#[test]
fn the_audit_is_written_by_name_section_and_template() {
    let folder = project();
    let at = folder.path();
    let report = |more: &[&str]| {
        let mut arguments = vec!["report"];
        arguments.extend(more);
        perfaudit(at, &arguments)
    };
    let (code, whole, _) = report(&["--date", "2026-01-02"]);
    assert_eq!(code, Some(0), "findings do not fail a report");
    for part in [
        "# Performance audit",
        "| Date | 2026-01-02 |",
        "### PERF-1 · ",
        "## Roadmap",
        "## Coverage",
        "| Query sites | ",
    ] {
        assert!(whole.contains(part), "{part} is missing in:\n{whole}");
    }
    assert!(!whole.contains("## Backlog"), "lists are asked for by name");
    let (_, full, _) = report(&["--section", "findings"]);
    assert!(full.contains(">  7 |         cursor.execute("), "the code as it is:\n{full}");
    let (_, some, _) = report(&["--section", "backlog"]);
    assert!(some.contains("## Backlog") && !some.contains("## Roadmap"));
    assert_eq!(report(&["-o", "audit.html"]).0, Some(0));
    let page = fs::read_to_string(at.join("audit.html")).expect("a page");
    assert!(page.starts_with("<!doctype html>"));
    let line = "<span class=\"l m\"><span class=\"no\">7</span>        cursor.execute(";
    assert!(page.contains(line), "the code as it is:\n{page}");
    // What is worth mending is told with its code.
    fs::write(at.join("perfaudit.toml"), "[priorities]\nn-plus-one = 'p1'\n").expect("written");
    let (_, urgent, _) = report(&[]);
    let quoted = urgent
        .split(":7` as it is:\n\n```python\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next());
    assert!(
        quoted.is_some_and(|code| code.contains("cursor.execute(")),
        "the code as it is:\n{urgent}"
    );
    fs::remove_file(at.join("perfaudit.toml")).expect("removed");
    let (_, json, _) = report(&["--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json["inventory"]["queries"][0]["tables"][0], "users");
    fs::write(
        at.join("mine.md"),
        "{% for item in backlog %}{{ item.priority }} {{ item.title }}\n{% endfor %}",
    )
    .expect("written");
    assert!(report(&["--template", "mine.md"]).1.starts_with('P'));
    fs::write(at.join("mine.md"), "one\n{{ broken").expect("written");
    let (code, _, err) = report(&["--template", "mine.md"]);
    assert!(
        code == Some(2) && err.starts_with("perfaudit: mine.md:2: ") && err.lines().count() == 1,
        "{err}"
    );
    let (code, _, err) = report(&["--section", "backlogg"]);
    assert!(code == Some(2) && err.contains("did you mean `backlog`?"), "{err}");
}

#[test]
fn comments_of_every_language_suppress_and_idle_ones_are_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("written");
    write(
        "001_init.sql",
        "CREATE TABLE a (id bigint PRIMARY KEY);\nCREATE TABLE b (\n  id bigint PRIMARY KEY,\n  -- perfaudit: ignore[unindexed-foreign-key] read by nobody\n  a_id bigint REFERENCES a (id)\n);\n",
    );
    write(
        "idle.ts",
        "/* perfaudit: ignore-file[n-plus-one] nothing here */\nexport const x = 1;\n",
    );
    write("silent.py", "x = 1  # perfaudit: ignore[n-plus-one]\n");
    let (_, out, _) = perfaudit(folder.path(), &["report", "--format", "json"]);
    let report: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    let rules: Vec<&str> = report["findings"]
        .as_array()
        .expect("findings")
        .iter()
        .filter_map(|finding| finding["rule"].as_str())
        .collect();
    assert_eq!(rules, ["unused-suppression"]);
    assert_eq!(report["findings"][0]["location"]["file"], "idle.ts");
    assert_eq!(report["suppressions"][0]["reason"], "read by nobody");
    assert_eq!(report["suppressions"][0]["used"], 1);
    let notes = report["coverage"]["notes"].to_string();
    assert!(
        notes.contains("silent.py:1: this comment suppresses nothing, because it gives no reason"),
        "{notes}"
    );
    write("perfaudit.toml", "require-reason = false\n");
    let (_, out, _) = perfaudit(folder.path(), &["scan", "--format", "json"]);
    assert!(!out.contains("gives no reason"));
}

#[test]
fn the_command_line_tells_shells_manuals_and_programs_of_itself() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let (code, out, _) = perfaudit(at, &["completions", shell]);
        assert!(
            code == Some(0) && out.contains("fail-on") && out.contains("baseline"),
            "{shell}: {out}"
        );
    }
    let (code, manual, _) = perfaudit(at, &["man"]);
    assert!(code == Some(0) && manual.contains(".TH perfaudit 1"), "{manual}");
    for part in [".SH \"PERFAUDIT SCAN\"", ".SH \"PERFAUDIT REPORT\"", "fail\\-on", "max\\-findings"] {
        assert!(manual.contains(part), "{part} is missing");
    }
    let (_, rules, _) = perfaudit(at, &["rules", "--format", "json"]);
    let rules: serde_json::Value = serde_json::from_str(&rules).expect("JSON");
    let ids: Vec<&str> = rules
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|rule| rule["id"].as_str())
        .collect();
    assert_eq!(ids, perfaudit::engine::registry::ids());
    assert!(rules[0]["page"].as_str().is_some_and(|page| page.contains("## Why it costs")));
}

#[test]
fn a_known_ci_service_gets_its_form_unless_one_is_given() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    fs::write(
        at.join("a.py"),
        "import requests\n\n\ndef load():\n    return requests.get('https://example.org')\n",
    )
    .expect("written");
    let scan = |name: &str, more: &[&str]| {
        let mut arguments = vec!["scan", ".", "--min-priority", "p3"];
        arguments.extend(more);
        crate::baseline::perfaudit_with(at, &arguments, &[(name, "true")]).out
    };
    assert!(
        scan("GITHUB_ACTIONS", &[]).contains("::warning file=a.py,line=5"),
        "{}",
        scan("GITHUB_ACTIONS", &[])
    );
    for given in [&["--format", "table"][..], &["--all"], &["--statistics"]] {
        assert!(!scan("GITHUB_ACTIONS", given).contains("::"), "{given:?}");
    }
    assert!(!scan("GITLAB_CI", &[]).starts_with('['), "a log is for people");
    scan("GITLAB_CI", &["-o", "quality.json"]);
    let quality = fs::read_to_string(at.join("quality.json")).expect("a report");
    let quality: serde_json::Value = serde_json::from_str(&quality).expect("JSON");
    assert_eq!(quality[0]["location"]["path"], "a.py");
    fs::write(at.join("perfaudit.toml"), "format = 'concise'\n").expect("written");
    assert!(scan("GITHUB_ACTIONS", &[]).starts_with("a.py:5:"), "a configuration says so, too");
}

#[test]
fn mistakes_in_a_configuration_have_their_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    fs::write(at.join("a.py"), "x = 1\n").expect("written");
    fs::write(at.join("perfaudit.toml"), "# ours\n\nfail-on = 'p9'\n").expect("written");
    let (_, _, err) = perfaudit(at, &["scan"]);
    assert!(err.starts_with("perfaudit: perfaudit.toml:3: `fail-on`: "), "{err}");
    fs::remove_file(at.join("perfaudit.toml")).expect("removed");
    fs::write(
        at.join("pyproject.toml"),
        "[project]\nname = 'x'\n[tool.perfaudit]\nthreads = 2\nthreds = 3\n",
    )
    .expect("written");
    let (_, _, err) = perfaudit(at, &["scan"]);
    assert!(err.starts_with("perfaudit: pyproject.toml:5: unknown key `threds`"), "{err}");
}
