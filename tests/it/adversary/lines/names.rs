//! Names of files and functions, as a clone can bring them, in what a run prints.

use super::*;

/// A tree whose folders, files, functions and tables have the names of commands, as a clone can bring it.
#[cfg(unix)]
fn laid_out() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        let file = folder.path().join(name);
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("folders");
        std::fs::write(file, text).expect("written");
    };
    let waits = "import time\nfrom fastapi import FastAPI\n\napp = FastAPI()\n\n\n@app.get('/wait')\nasync def wait():\n    # ::error::x\n    time.sleep(5)\n";
    let asks = "import psycopg2\n\n\ndef load(cursor, keys):\n    for key in keys:\n        cursor.execute('SELECT a FROM \"::error::t\" WHERE b = %s', (key,))\n        cursor.fetchone()\n";
    for name in [
        "::stop-commands::t/app.py",
        " ::add-mask::a/app.py",
        "##vso[task.complete]x/app.py",
        "--- fold/app.py",
    ] {
        write(name, waits);
    }
    write("##[error]x.py", asks);
    write("a\u{9b}2J\u{202e}\n::error::x.py", asks);
    write(
        "::set-output name=a::.sql",
        "CREATE TABLE \"::error::t\" (id bigint PRIMARY KEY, \"##[error]c\" int);\nCREATE TABLE \"##vso[x]u\" (id bigint PRIMARY KEY, t bigint REFERENCES \"::error::t\" (id), \"\n::warning::c\" int);\n",
    );
    folder
}

#[cfg(unix)]
fn perfaudit(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = assert_cmd::Command::cargo_bin("perfaudit").expect("the binary");
    let output = command
        .current_dir(folder)
        .env_remove("NO_COLOR")
        .args(arguments)
        .output()
        .expect("runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[cfg(unix)]
#[test]
fn a_folder_that_is_named_as_a_command_is_only_named() {
    let folder = laid_out();
    for format in [
        "table", "full", "concise", "json", "markdown", "html", "pr", "sarif", "github", "gitlab", "junit",
    ] {
        let arguments = [
            "scan",
            "--no-cache",
            "--fail-on",
            "never",
            "--min-priority",
            "p3",
            "--format",
            format,
        ];
        let (code, out, err) = perfaudit(folder.path(), &arguments);
        assert_eq!((code, err.as_str()), (Some(0), ""));
        let own: &[&str] = if format == "github" {
            &["::error ", "::warning ", "::notice "]
        } else {
            &[]
        };
        check_lines(format, &out, own);
        assert!(out.contains("stop-commands"), "{format} names the folder: {out}");
    }
    for list in [
        &["schema"] as &[&str],
        &["schema", "--format", "json"],
        &["schema", "--format", "dbml"],
        &["schema", "--format", "mermaid"],
        &["queries"],
        &["queries", "--format", "json"],
        &["calls"],
        &["calls", "--format", "json"],
        &["ir", "##[error]x.py"],
        &["ir", "a\u{9b}2J\u{202e}\n::error::x.py"],
        &["why", "n-plus-one", "##[error]x.py:6"],
        &["why", "n-plus-one", "a\u{9b}2J\u{202e}\n::error::x.py:6"],
        &["why", "unindexed-foreign-key", "::set-output name=a::.sql:2"],
        &["report"],
        &["report", "--format", "html"],
        &["report", "--format", "json"],
        &["scan", "--timings", "-v", "--fail-on", "never"],
        &["scan", "--top", "99", "--fail-on", "never"],
        &["scan", "--all", "--fail-on", "never"],
        &["scan", "--statistics", "--fail-on", "never"],
        &["scan", "--group-by", "file", "--fail-on", "never"],
        &["scan", "--group-by", "table", "--fail-on", "never"],
        &["scan", "--group-by", "cause", "--fail-on", "never"],
    ] {
        let (code, out, err) = perfaudit(folder.path(), list);
        assert_eq!(code, Some(0), "{err}");
        assert!(!out.is_empty(), "{list:?}");
        check_lines(&list.join(" "), &out, &[]);
        check_lines(&list.join(" "), &err, &[]);
    }
    let (code, out, err) = perfaudit(folder.path(), &["baseline", "-o", "::error::b.json"]);
    assert_eq!(code, Some(0), "{err}");
    check_lines("what baseline says", &out, &[]);
    let written = std::fs::read_to_string(folder.path().join("::error::b.json")).expect("the baseline");
    check_lines("the baseline", &written, &[]);
    let (_, out, _) = perfaudit(folder.path(), &["init", "-o", "a\n::error::x.toml"]);
    assert!(out.starts_with("Wrote a "), "{out}");
    check_lines("what init says", &out, &[]);
}

/// A file may be named as an option is, and a shell's `*` hands it over; the message repeats it.
#[cfg(unix)]
#[test]
fn an_error_repeats_no_command() {
    let folder = laid_out();
    let path = folder.path();
    std::fs::write(path.join("bad.toml"), "\n::error::x = [\n").expect("written");
    std::fs::write(path.join("keys.toml"), "\"a\\n::error::x\\u001b[31m\" = 1\n").expect("written");
    for arguments in [
        &["scan", "a\n::error::x"] as &[&str],
        &["scan", "--\n::error::x\u{1b}[31m\u{202e}"],
        &["scan", "--fail-on", "\n::error::x\u{9b}"],
        &["scan", "--threads", "\n ::error::x"],
        &["scan", "--format", "\n##[error]x"],
        &["\n::error::x"],
        &["scan", "--rule", "\n::error::x"],
        &["report", "--section", "\n::error::x"],
        &["scan", "--config", "bad.toml"],
        &["scan", "--config", "keys.toml"],
        &["scan", "--config", "\n::error::x.toml"],
        &["scan", "--since", "\n::error::x"],
        &["explain", "\n::error::x"],
        &["why", "n-plus-one", "\n::error::x:1"],
        &["why", "\n::error::x", "a.py:1"],
        &["ir", "\n::error::x"],
        &["calls", "--from", "\n::error::x"],
        &["test-rules", "\n::error::x"],
    ] {
        let (code, out, err) = perfaudit(path, arguments);
        assert_eq!((code, out.as_str()), (Some(2), ""), "{arguments:?}: {err}");
        assert!(!err.is_empty(), "{arguments:?}");
        check_lines(&arguments.join(" "), &err, &[]);
    }
}

/// Names that random texts found: backticks around nothing go away, and what stands on both sides of them was one live word.
#[test]
fn names_of_marks_and_backticks_are_dead() {
    let model = Model::read();
    let harmless: Vec<String> = ["alpha", "beta"].map(str::to_owned).to_vec();
    let plain = model.report(&harmless);
    for name in ["##", "##`", "`##", "``##``", "@``", "www``.", "`` #``"] {
        check_texts(&model.report(&vec![name.to_owned(); 7]), &plain);
    }
}
