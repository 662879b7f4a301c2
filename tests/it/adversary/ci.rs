//! The pieces for CI services run nothing that a pull request brings along: neither its toolchain, nor its compiler, nor its binary.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn read(file: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).expect("a file of the repository")
}

fn write(file: &Path, text: &str) {
    fs::create_dir_all(file.parent().expect("a folder")).expect("folders");
    fs::write(file, text).expect("written");
}

fn script(file: &Path, text: &str) {
    write(file, text);
    fs::set_permissions(file, fs::Permissions::from_mode(0o755)).expect("a mode");
}

/// Looks for configuration where the real one does, upward from the current folder and in `CARGO_HOME`, and "obeys" what it finds.
const CARGO: &str = r#"#!/bin/sh
folder=$PWD
while :; do
  for file in "$folder/rust-toolchain" "$folder/rust-toolchain.toml"; do
    [ -e "$file" ] && [ -z "$RUSTUP_TOOLCHAIN" ] && echo "obeys $file" >> "$LOG"
  done
  for file in "$folder/.cargo/config" "$folder/.cargo/config.toml"; do [ -e "$file" ] && echo "obeys $file" >> "$LOG"; done
  [ "$folder" = / ] && break
  folder=$(dirname "$folder")
done
for file in "$CARGO_HOME/config" "$CARGO_HOME/config.toml"; do [ -e "$file" ] && echo "obeys $file" >> "$LOG"; done
echo "toolchain $RUSTUP_TOOLCHAIN" >> "$LOG"
echo "cargo $*" >> "$LOG"
"#;

/// A checkout that wants to be obeyed, beside it the folders of a runner.
struct Runner {
    folder: tempfile::TempDir,
}

impl Runner {
    fn new() -> Runner {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        write(&at("checkout/rust-toolchain.toml"), "[toolchain]\npath = \"./evil\"\n");
        write(&at("checkout/.cargo/config.toml"), "[build]\nrustc-wrapper = \"./evil\"\n");
        write(&at("checkout/cargo-home/config.toml"), "[build]\nrustc-wrapper = \"./evil\"\n");
        for name in ["cargo", "rustup", "perfaudit"] {
            script(
                &at("checkout").join(name),
                "#!/bin/sh\necho \"obeys a binary of the checkout\" >> \"$LOG\"\n",
            );
        }
        script(&at("bin/cargo"), CARGO);
        script(&at("bin/rustup"), "#!/bin/sh\necho \"rustup $*\" >> \"$LOG\"\n");
        fs::create_dir(at("temp")).expect("a folder");
        Runner { folder }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs a step in the checkout, as a service does, with `CARGO_HOME` in it, as caches want it.
    fn run(&self, step: &str, path: &str) -> Output {
        let mut command = Command::new("bash");
        command
            .args(["--noprofile", "--norc", "-eo", "pipefail", "-c", step])
            .current_dir(self.at("checkout"));
        command
            .env("PATH", path)
            .env("LOG", self.at("log"))
            .env("TMPDIR", self.at("temp"))
            .env("RUNNER_TEMP", self.at("temp"));
        command
            .env("CARGO_HOME", self.at("checkout/cargo-home"))
            .env_remove("RUSTUP_TOOLCHAIN");
        command
            .env("GITHUB_ACTION_PATH", "/actions/perfaudit")
            .env("GITHUB_PATH", self.at("paths"));
        command.output().expect("bash runs")
    }

    fn log(&self) -> String {
        fs::read_to_string(self.at("log")).unwrap_or_default()
    }

    /// The path of a runner, with the current folder before all else where `is_careless`.
    fn path(&self, is_careless: bool) -> String {
        let own = format!("{}:{}", self.at("bin").display(), std::env::var("PATH").unwrap_or_default());
        if is_careless { format!(".:{own}") } else { own }
    }
}

/// The script of a step in action.yml.
fn step(name: &str) -> String {
    let action = read("action.yml");
    let rest = action.split_once(&format!("- name: {name}\n")).expect("the step").1;
    let lines = rest.split_once("run: |\n").expect("a script").1.lines();
    let lines: Vec<&str> = lines.map_while(|line| line.strip_prefix("        ")).collect();
    lines.join("\n")
}

/// What the log must say of an installation: nothing was obeyed, the toolchain is a number, the lock file holds.
fn check_installed(log: &str) {
    assert!(!log.contains("obeys"), "{log}");
    let toolchain = log.lines().find_map(|line| line.strip_prefix("toolchain ")).expect("a toolchain");
    assert!(
        toolchain.split('.').count() == 3 && toolchain.starts_with(|first: char| first.is_ascii_digit()),
        "{log}"
    );
    assert!(log.contains("cargo install --locked "), "{log}");
}

#[test]
fn the_action_builds_where_no_pull_request_is_obeyed() {
    for is_careless in [false, true] {
        let runner = Runner::new();
        let output = runner.run(&step("Install perfaudit"), &runner.path(is_careless));
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let log = runner.log();
        check_installed(&log);
        assert!(log.contains("--path /actions/perfaudit"), "{log}");
        assert!(log.contains("rustup toolchain install "), "{log}");
        let paths = fs::read_to_string(runner.at("paths")).expect("the path");
        assert_eq!(paths.trim_end(), runner.at("temp/perfaudit/bin").to_string_lossy());
    }
}

#[test]
fn the_job_for_gitlab_builds_where_no_merge_request_is_obeyed() {
    let template = read("ci/gitlab.yml");
    let (rules, script) = template.split_once("  script:\n").expect("a script");
    assert!(rules.contains("merge_request_event"), "without rules a job has no merge request");
    let lines: Vec<&str> = script.lines().filter_map(|line| line.strip_prefix("    - ")).collect();
    let install: Vec<&str> = lines.into_iter().take_while(|line| !line.starts_with("since=")).collect();
    for is_careless in [false, true] {
        let runner = Runner::new();
        let step = format!(
            "export PERFAUDIT_REPOSITORY=https://host.example/p PERFAUDIT_REVISION=abc123\n{}",
            install.join("\n")
        );
        let output = runner.run(&step, &runner.path(is_careless));
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        check_installed(&runner.log());
        assert!(
            runner.log().contains("--git https://host.example/p --rev abc123"),
            "{}",
            runner.log()
        );
    }
    let runner = Runner::new();
    let output = runner.run(&install.join("\n"), &runner.path(false));
    assert!(
        !output.status.success() && runner.log().is_empty(),
        "without a revision nothing is built"
    );
    let image = template
        .lines()
        .find_map(|line| line.trim().strip_prefix("image: rust:"))
        .expect("an image");
    assert_eq!(image.split('.').count(), 3, "the image is pinned: {image}");
}

/// The script of the action, in the checkout, with these variables.
fn scan(runner: &Runner, path: &str, variables: &[(&str, &str)]) -> (Option<i32>, String) {
    let mut command = Command::new("bash");
    command
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("ci/scan.sh"))
        .current_dir(runner.at("checkout"));
    command
        .env("PATH", path)
        .env("LOG", runner.at("log"))
        .envs(variables.iter().copied());
    let output = command.output().expect("bash runs");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn the_scan_runs_no_binary_of_the_checkout() {
    let runner = Runner::new();
    let inside = format!("{}:{}", runner.at("checkout").display(), runner.path(false));
    for path in [runner.path(true), inside] {
        let (code, told) = scan(&runner, &path, &[]);
        assert_eq!((code, runner.log().as_str()), (Some(2), ""), "{told}");
        assert!(told.contains("PERFAUDIT_BINARY"), "{told}");
        let binary = assert_cmd::cargo::cargo_bin("perfaudit");
        let (code, told) = scan(&runner, &path, &[("PERFAUDIT_BINARY", &binary.to_string_lossy())]);
        assert_eq!((code, runner.log().as_str()), (Some(0), ""), "{told}");
    }
    assert!(read("action.yml").contains("PERFAUDIT_BINARY: ${{ runner.temp }}/perfaudit/bin/perfaudit"));
}

#[test]
fn what_is_scanned_and_written_is_never_an_option() {
    let runner = Runner::new();
    write(&runner.at("checkout/--config=x/a.py"), "x = 1\n");
    let binary = assert_cmd::cargo::cargo_bin("perfaudit");
    let binary = binary.to_string_lossy();
    let output = "-report.sarif";
    let variables = [
        ("PERFAUDIT_BINARY", &*binary),
        ("PERFAUDIT_PATHS", "\n--config=x\r\n\n"),
        ("PERFAUDIT_OUTPUT", output),
    ];
    let (code, told) = scan(&runner, &runner.path(false), &variables);
    assert_eq!(code, Some(0), "{told}");
    assert!(
        fs::read_to_string(runner.at("checkout").join(output))
            .expect("SARIF")
            .contains("\"2.1.0\"")
    );
}
