//! What is packed and published says the same everywhere: versions, platforms, licences; and nothing of it runs what can be moved.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

const VERSION: &str = env!("CARGO_PKG_VERSION");

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn platforms() -> Vec<Value> {
    serde_json::from_str(&read("packaging/platforms.json")).expect("JSON")
}

/// The files of a folder.
fn files(folder: &str) -> Vec<String> {
    let entries = fs::read_dir(root().join(folder)).expect("a folder").filter_map(Result::ok);
    let mut names: Vec<String> = entries
        .map(|entry| format!("{folder}/{}", entry.file_name().to_string_lossy()))
        .collect();
    names.sort();
    names
}

#[test]
fn the_version_is_said_in_one_place() {
    let project: toml::Table = read("pyproject.toml").parse().expect("TOML");
    let project = project["project"].as_table().expect("a table");
    assert!(!project.contains_key("version"), "maturin takes it from Cargo.toml");
    assert_eq!(project["dynamic"].as_array().expect("a list")[0].as_str(), Some("version"));
    let manifest: Value = serde_json::from_str(&read("packaging/npm/package.json")).expect("JSON");
    assert!(
        manifest.get("version").is_none() && manifest.get("optionalDependencies").is_none(),
        "packaging/npm.py gives them"
    );
    assert!(manifest.get("scripts").is_none(), "nothing runs at installation");
    // Examples that are copied name a version that there is.
    for file in ["docs/ci.md", "docs/install.md", "README.md"] {
        let text = read(file);
        for (before, after) in [
            ("perfaudit==", "\""),
            ("perfaudit@", "`"),
            ("perfaudit-", "-x86_64"),
            ("download/v", "/"),
        ] {
            for (at, _) in text.match_indices(before) {
                let rest = &text[at + before.len()..];
                if rest.starts_with(|first: char| first.is_ascii_digit()) {
                    let found = rest.split(after).next().unwrap_or(rest);
                    assert!(
                        found.starts_with(VERSION),
                        "{file}: {before}{}",
                        found.chars().take(20).collect::<String>()
                    );
                }
            }
        }
    }
}

#[test]
fn each_platform_is_known_wherever_platforms_are() {
    let (action, formula) = (read("ci/install.sh"), read("packaging/homebrew/perfaudit.rb.in"));
    let release = read(".github/workflows/release.yml");
    assert_eq!(
        release.matches("${{ fromJSON(needs.plan.outputs.platforms) }}").count(),
        2,
        "built and tried: all of them"
    );
    let mut packages = BTreeSet::new();
    for platform in platforms() {
        let target = platform["target"].as_str().expect("a target");
        assert!(action.contains(&format!("echo {target}")), "ci/install.sh does not know {target}");
        if !target.contains("windows") {
            assert!(formula.contains(&format!("@SHA256:{target}@")), "the formula lacks {target}");
        }
        assert_eq!(
            platform.get("libc").and_then(Value::as_str),
            target.ends_with("-linux-gnu").then_some("glibc"),
            "{target}: what npm must ask for"
        );
        assert!(
            packages.insert((platform["os"].to_string(), platform["cpu"].to_string())),
            "{target}: two packages of one name"
        );
    }
    for named in action.split("echo ").skip(1).filter_map(|rest| rest.split([' ', ';']).next()) {
        if named.contains('-') && named.matches('-').count() >= 2 {
            assert!(
                platforms().iter().any(|platform| platform["target"] == named),
                "no release for {named}"
            );
        }
    }
}

/// The scripts of a workflow: what stands on the line of `run:` or deeper below it.
fn scripts(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let Some((before, first)) = line.split_once("run: ") else {
            continue;
        };
        let mut script = first.to_owned();
        // The column of the key, also where a dash stands before it.
        let column = before.len();
        while let Some(next) = lines.next_if(|next| next.trim().is_empty() || next.len() - next.trim_start().len() > column) {
            script.push_str(next);
            script.push('\n');
        }
        found.push(script);
    }
    found
}

#[test]
fn actions_are_pinned_and_jobs_have_limits() {
    let sample = "      - run: |\n          echo one\n\n          echo ${{ inputs.x }}\n      - env:\n          A: ${{ inputs.y }}\n        run: |\n          two\n";
    assert_eq!(
        scripts(sample),
        ["|          echo one\n\n          echo ${{ inputs.x }}\n", "|          two\n"]
    );
    let mut workflows = files(".github/workflows");
    workflows.push("action.yml".to_owned());
    for file in workflows {
        let text = read(&file);
        for line in text.lines() {
            let Some((_, used)) = line.split_once("uses: ") else { continue };
            let hash = used.split_once('@').map_or("", |(_, rest)| rest.split(' ').next().unwrap_or(rest));
            assert!(
                hash.len() == 40 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()),
                "{file}: {used} can be moved"
            );
        }
        if file.starts_with(".github") {
            assert!(
                text.contains("\npermissions:\n  contents: read\n"),
                "{file} begins with all permissions"
            );
            assert_eq!(
                text.matches("runs-on:").count(),
                text.matches("timeout-minutes:").count(),
                "{file}: a job without an end"
            );
        }
        // A text of somebody else's must not become a part of a script.
        for script in scripts(&text) {
            for foreign in ["${{ github.event", "${{ github.head_ref", "${{ inputs"] {
                assert!(!script.contains(foreign), "{file}: {script}");
            }
        }
    }
}

#[test]
fn the_wheel_reads_the_form_that_reports_have() {
    let form = format!("\nVERSION = {}\n", perfaudit::report::VERSION);
    assert!(
        read("python/perfaudit/_report.py").contains(&form),
        "look at what changed in the form, then set {form}"
    );
}

#[test]
fn one_toolchain_builds_everywhere() {
    let wanted = "1.95.0";
    for file in [
        "ci/install.sh",
        "ci/gitlab.yml",
        ".github/workflows/ci.yml",
        ".github/workflows/release.yml",
        "packaging/docker/Dockerfile",
    ] {
        assert!(read(file).contains(wanted), "{file} builds with another Rust than {wanted}");
    }
}

#[test]
fn the_list_of_licences_is_of_the_crates_that_there_are() {
    let list = read("packaging/THIRD-PARTY-LICENSES.txt");
    let lock: toml::Table = read("Cargo.lock").parse().expect("TOML");
    let locked: BTreeSet<String> = lock["package"]
        .as_array()
        .expect("crates")
        .iter()
        .map(|package| {
            format!(
                "{} {}",
                package["name"].as_str().unwrap_or(""),
                package["version"].as_str().unwrap_or("")
            )
        })
        .collect();
    let lines: Vec<&str> = list.lines().collect();
    let listed: BTreeSet<String> = lines
        .windows(2)
        .filter(|pair| pair[1].starts_with("    ") && pair[1].contains("; text "))
        .map(|pair| pair[0].to_owned())
        .collect();
    assert!(listed.len() > 50, "{listed:?}");
    let unknown: Vec<&String> = listed.difference(&locked).collect();
    assert!(unknown.is_empty(), "run `packaging/package.py licences`: {unknown:?}");
    let manifest: toml::Table = read("Cargo.toml").parse().expect("TOML");
    for name in manifest["dependencies"].as_table().expect("crates").keys() {
        assert!(
            listed.iter().any(|one| one.starts_with(&format!("{name} "))),
            "run `packaging/package.py licences`: {name} is not there"
        );
    }
}

#[cfg(unix)]
mod fleet {
    use std::os::unix::fs::PermissionsExt;
    use std::process::{Command, Output};

    use super::{Path, fs};

    fn script(file: &Path) {
        fs::write(file, "#!/bin/sh\necho \"fleet of $0: $*\"\nexit 7\n").expect("written");
        fs::set_permissions(file, fs::Permissions::from_mode(0o755)).expect("a mode");
    }

    /// Runs `perfaudit fleet` of a program in a folder, with everything else around it that could be taken for its other half.
    fn run(program: &Path, around: &Path) -> Output {
        script(&around.join("perfaudit-fleet"));
        let path = format!("{}:.:{}", around.display(), std::env::var("PATH").unwrap_or_default());
        let mut command = Command::new(program);
        command
            .args(["fleet", "run", "--help", "-o", "x y"])
            .current_dir(around)
            .env("PATH", path);
        command.output().expect("it runs")
    }

    #[test]
    fn the_fleet_is_what_was_installed_beside_the_program_and_nothing_else() {
        let (installed, around) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
        let program = installed.path().join("perfaudit");
        fs::copy(assert_cmd::cargo::cargo_bin("perfaudit"), &program).expect("copied");
        let output = run(&program, around.path());
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{told}");
        assert!(told.contains("pip install 'perfaudit[fleet]'"), "{told}");

        script(&installed.path().join("perfaudit-fleet"));
        // As pipx does it: the folder of commands has a link alone.
        let link = around.path().join("perfaudit");
        std::os::unix::fs::symlink(&program, &link).expect("a link");
        for program in [&program, &link] {
            let output = run(program, around.path());
            let said = String::from_utf8_lossy(&output.stdout).into_owned();
            let own = fs::canonicalize(installed.path()).expect("a path").join("perfaudit-fleet");
            assert_eq!(said, format!("fleet of {}: run --help -o x y\n", own.display()));
            assert_eq!(output.status.code(), Some(7));
        }
    }
}
