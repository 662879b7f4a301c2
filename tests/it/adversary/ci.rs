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

/// A program of the checkout.
const OBEYS: &str = "#!/bin/sh\necho \"obeys a binary of the checkout\" >> \"$LOG\"\n";

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
            script(&at("checkout").join(name), OBEYS);
        }
        script(&at("bin/cargo"), CARGO);
        script(&at("bin/rustup"), "#!/bin/sh\necho \"rustup $*\" >> \"$LOG\"\n");
        fs::create_dir(at("temp")).expect("a folder");
        Runner { folder }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Adds to the checkout what scripts call all the time.
    fn commands(&self) {
        for name in "bash cat curl dirname env gh mkdir mktemp readlink rm sed sha256sum tar uname".split(' ') {
            script(&self.at("checkout").join(name), OBEYS);
        }
    }

    /// Runs a step in the checkout, as a service does, with `CARGO_HOME` in it, as caches want it.
    fn run(&self, step: &str, path: &str) -> Output {
        self.run_with(step, path, &[])
    }

    /// As [`Runner::run`], with more variables.
    fn run_with(&self, step: &str, path: &str, variables: &[(&str, &str)]) -> Output {
        let mut command = Command::new("/bin/bash");
        command
            .args(["--noprofile", "--norc", "-eo", "pipefail", "-c", step])
            .current_dir(self.at("checkout"));
        command
            .env("PATH", path)
            .env("LOG", self.at("log"))
            .env("TMPDIR", self.at("temp"))
            .env("RUNNER_TEMP", self.at("temp"))
            .env("GITHUB_WORKSPACE", self.at("checkout"));
        command
            .env("CARGO_HOME", self.at("checkout/cargo-home"))
            .env_remove("RUSTUP_TOOLCHAIN");
        command
            .env("GITHUB_ACTION_PATH", env!("CARGO_MANIFEST_DIR"))
            .env("GITHUB_PATH", self.at("paths"))
            .env("PERFAUDIT_ROOT", self.at("temp/perfaudit"));
        command.envs(variables.iter().copied());
        command.output().expect("bash runs")
    }

    /// Adds what a release is fetched with: an archive of this version, and a `gh` that finds it proven or not.
    fn release(&self, is_proven: bool) {
        let name = format!("perfaudit-{}-x86_64-unknown-linux-gnu", env!("CARGO_PKG_VERSION"));
        script(
            &self.at("release").join(&name).join("perfaudit"),
            "#!/bin/sh\necho \"the release's program\" >> \"$LOG\"\n",
        );
        script(
            &self.at("bin/curl"),
            &format!(
                "#!/bin/sh\necho \"curl $*\" >> \"$LOG\"\nwhile [ \"$1\" != --output ]; do shift; done\ntar -czf \"$2\" -C '{}' {name}\n",
                self.at("release").display()
            ),
        );
        script(
            &self.at("bin/gh"),
            &format!("#!/bin/sh\necho \"gh $*\" >> \"$LOG\"\nexit {}\n", i32::from(!is_proven)),
        );
        script(&self.at("bin/uname"), "#!/bin/sh\n[ \"$1\" = -s ] && echo Linux || echo x86_64\n");
        script(&self.at("bin/getconf"), "#!/bin/sh\necho glibc 2.36\n");
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
        runner.commands();
        let output = runner.run(&step("Install perfaudit"), &runner.path(is_careless));
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let log = runner.log();
        check_installed(&log);
        assert!(log.contains(&format!("--path {} --root ", env!("CARGO_MANIFEST_DIR"))), "{log}");
        assert!(log.contains("rustup toolchain install "), "{log}");
        let paths = fs::read_to_string(runner.at("paths")).expect("the path");
        assert_eq!(paths.trim_end(), runner.at("temp/perfaudit/bin").to_string_lossy());
    }
}

/// What the step is told of where the action is from.
const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// Runs the step that installs, and gives what was done and whether the program of the release is there.
fn install(is_proven: bool, variables: &[(&str, &str)]) -> (String, bool) {
    let runner = Runner::new();
    runner.release(is_proven);
    let output = runner.run_with(&step("Install perfaudit"), &runner.path(true), variables);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    (runner.log(), runner.at("temp/perfaudit/bin/perfaudit").exists())
}

#[test]
fn the_action_takes_a_release_that_is_proven_to_be_of_its_commit() {
    let tag = concat!("v", env!("CARGO_PKG_VERSION"));
    let origins = [
        (COMMIT, format!("--source-digest={COMMIT}")),
        (tag, format!("--source-ref=refs/tags/{tag}")),
    ];
    for (reference, origin) in origins {
        let from = [("PERFAUDIT_REPOSITORY", "owner/name"), ("PERFAUDIT_REF", reference)];
        let (log, is_there) = install(true, &from);
        assert!(is_there && !log.contains("cargo install") && !log.contains("obeys"), "{log}");
        assert!(
            log.contains(&format!("https://github.com/owner/name/releases/download/{tag}/perfaudit-")),
            "{log}"
        );
        let proof = log
            .lines()
            .find(|line| line.starts_with("gh attestation verify "))
            .expect("a proof");
        assert!(proof.contains("--repo=owner/name "), "{proof}");
        assert!(
            proof.contains("--signer-workflow=owner/name/.github/workflows/release.yml "),
            "{proof}"
        );
        assert!(proof.ends_with(&origin), "{proof}");
    }
}

#[test]
fn what_is_not_proven_is_built_and_not_installed() {
    let from = [("PERFAUDIT_REPOSITORY", "owner/name"), ("PERFAUDIT_REF", COMMIT)];
    let (log, is_there) = install(false, &from);
    assert!(!is_there && log.contains("gh attestation verify"), "{log}");
    check_installed(&log);
    let unknown = [
        vec![("PERFAUDIT_REPOSITORY", "owner/name"), ("PERFAUDIT_REF", "main")],
        vec![
            ("PERFAUDIT_REPOSITORY", "owner/name"),
            ("PERFAUDIT_REF", "v1.2.3 --repo=other/name"),
        ],
        vec![("PERFAUDIT_REPOSITORY", "owner/name/../../evil"), ("PERFAUDIT_REF", COMMIT)],
        vec![("PERFAUDIT_REF", COMMIT)],
        [&from[..], &[("PERFAUDIT_PREBUILT", "false")]].concat(),
    ];
    for variables in unknown {
        let (log, is_there) = install(true, &variables);
        assert!(!is_there && !log.contains("curl"), "{variables:?}: {log}");
        check_installed(&log);
    }
}

/// The script that a job for GitLab installs with, into the folder of a runner, whose own stand-ins come before the folders that it names.
fn job(template: &str, job: &str) -> String {
    let rest = template.split_once(&format!("\n{job}:\n")).expect("the job").1;
    let lines = rest.split_once("  before_script:\n").expect("the list").1.lines();
    let lines: Vec<&str> = lines.map_while(|line| line.strip_prefix("    - ")).collect();
    assert!(lines[0].starts_with("export PATH=/usr/local/cargo/bin:/"), "{lines:?}");
    let script = lines.join("\n").replace("/tmp/perfaudit", "\"$RUNNER_TEMP\"/perfaudit");
    script.replace("PATH=/usr/local/cargo/bin", "PATH=\"$RUNNER_TEMP\"/../bin")
}

#[test]
fn the_job_for_gitlab_builds_where_no_merge_request_is_obeyed() {
    let template = read("ci/gitlab.yml");
    assert_eq!(
        template.matches("merge_request_event").count(),
        2,
        "without rules a job has no merge request"
    );
    let install = job(&template, "perfaudit-build");
    for is_careless in [false, true] {
        let runner = Runner::new();
        runner.commands();
        let variables = [("PERFAUDIT_REPOSITORY", "https://host.example/p"), ("PERFAUDIT_REVISION", "abc123")];
        let output = runner.run_with(&install, &runner.path(is_careless), &variables);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        check_installed(&runner.log());
        assert!(
            runner.log().contains("--git https://host.example/p --rev abc123"),
            "{}",
            runner.log()
        );
    }
    let runner = Runner::new();
    let output = runner.run(&install, &runner.path(false));
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

#[test]
fn the_job_for_gitlab_takes_a_release_of_the_named_checksum_alone() {
    let install = job(&read("ci/gitlab.yml"), "perfaudit");
    let run = |sum: Option<&str>| {
        let runner = Runner::new();
        runner.commands();
        runner.release(true);
        let mut variables = vec![("PERFAUDIT_RELEASE", "https://host.example/perfaudit.tar.gz")];
        variables.extend(sum.map(|sum| ("PERFAUDIT_SHA256", sum)));
        // What curl is given here is made anew each time, so its checksum is asked of the file.
        let step = match sum {
            Some("right") => install.replace(
                "${PERFAUDIT_SHA256:?is not set}",
                "$(sha256sum \"$RUNNER_TEMP\"/perfaudit/release.tar.gz | cut -d' ' -f1)",
            ),
            _ => install.clone(),
        };
        let output = runner.run_with(&step, &runner.path(true), &variables);
        assert!(!runner.log().contains("obeys"), "{}", runner.log());
        let is_there = runner.at("temp/perfaudit/bin/perfaudit").exists();
        (
            output.status.success(),
            is_there,
            String::from_utf8_lossy(&output.stderr).into_owned(),
        )
    };
    assert!(matches!(run(Some("right")), (true, true, _)));
    for sum in [Some("0".repeat(64)), None] {
        let (is_well, is_there, told) = run(sum.as_deref());
        assert!(!is_well && !is_there, "{sum:?}: {told}");
    }
}

/// The script of the action, in the checkout, with these variables.
fn scan(runner: &Runner, path: &str, variables: &[(&str, &str)]) -> (Option<i32>, String) {
    scan_in(runner, "checkout", path, variables)
}

/// As [`scan`], in another folder of the runner.
fn scan_in(runner: &Runner, folder: &str, path: &str, variables: &[(&str, &str)]) -> (Option<i32>, String) {
    let mut command = Command::new("/bin/bash");
    command
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("ci/scan.sh"))
        .current_dir(runner.at(folder));
    command
        .env("PATH", path)
        .env("LOG", runner.at("log"))
        .env("TMPDIR", runner.at("temp"))
        .env("GITHUB_WORKSPACE", runner.at("checkout"))
        .envs(variables.iter().copied());
    let output = command.output().expect("bash runs");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn the_scan_runs_no_binary_of_the_checkout() {
    let runner = Runner::new();
    runner.commands();
    let link = runner.at("link");
    std::os::unix::fs::symlink(runner.at("checkout"), &link).expect("a link");
    let entries = [runner.at("checkout"), link, runner.at("bin/../checkout"), PathBuf::from("")];
    let mut paths = vec![runner.path(true)];
    paths.extend(entries.iter().map(|entry| format!("{}:{}", entry.display(), runner.path(false))));
    let (binary, comment) = (assert_cmd::cargo::cargo_bin("perfaudit"), runner.at("temp/comment.md"));
    let (binary, comment) = (binary.to_string_lossy(), comment.to_string_lossy());
    // The comment makes the script call `mktemp`, `cat` and `rm`.
    let variables = [("PERFAUDIT_BINARY", &*binary), ("PERFAUDIT_COMMENT", &*comment)];
    for path in paths {
        let (code, told) = scan(&runner, &path, &[]);
        assert_eq!((code, runner.log().as_str()), (Some(2), ""), "{path}: {told}");
        assert!(told.contains("PERFAUDIT_BINARY"), "{told}");
        let (code, told) = scan(&runner, &path, &variables);
        assert_eq!((code, runner.log().as_str()), (Some(0), ""), "{path}: {told}");
    }
    assert!(read("action.yml").contains("PERFAUDIT_BINARY: ${{ runner.temp }}/perfaudit/bin/perfaudit"));
    assert!(
        !read("action.yml").contains("run: '\"$GITHUB_ACTION_PATH"),
        "`env bash` is looked for in PATH"
    );
}

#[test]
fn the_scan_follows_no_link_into_the_checkout() {
    let runner = Runner::new();
    fs::create_dir(runner.at("checkout/below")).expect("a folder");
    std::os::unix::fs::symlink("../checkout/perfaudit", runner.at("bin/perfaudit")).expect("a link");
    for folder in ["checkout", "checkout/below"] {
        let (code, told) = scan_in(&runner, folder, &runner.path(false), &[]);
        assert_eq!((code, runner.log().as_str()), (Some(2), ""), "{folder}: {told}");
    }
    // Outside of it is where it may lie, also behind a link.
    fs::remove_file(runner.at("bin/perfaudit")).expect("removed");
    let program = "#!/bin/sh\necho \"the installed program\" >> \"$LOG\"\n";
    script(&runner.at("installed/perfaudit"), program);
    std::os::unix::fs::symlink("../installed/perfaudit", runner.at("bin/perfaudit")).expect("a link");
    let (code, told) = scan_in(&runner, "checkout/below", &runner.path(false), &[]);
    assert_eq!((code, runner.log().as_str()), (Some(0), "the installed program\n"), "{told}");
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

/// Runs the script that writes a comment, with a `gh` that lists these comments of its own.
fn comment(ids: &str, variables: &[(&str, &str)]) -> String {
    let runner = Runner::new();
    runner.commands();
    let gh = format!(
        "#!/bin/sh\necho \"gh $*\" >> \"$LOG\"\ncase \"$*\" in *--paginate*) printf '{ids}' ;; *) cat body.md >> \"$LOG\" ;; esac\n"
    );
    script(&runner.at("bin/gh"), &gh);
    write(&runner.at("checkout/text.md"), "### perfaudit: passed\n");
    let step = format!("\"$BASH\" '{}/ci/comment.sh'", env!("CARGO_MANIFEST_DIR"));
    let all = [&[("GITHUB_REPOSITORY", "owner/name"), ("PERFAUDIT_COMMENT", "text.md")], variables].concat();
    let output = runner.run_with(&step, &runner.path(true), &all);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    runner.log()
}

#[test]
fn the_comment_is_written_once_and_then_changed() {
    let pull = [("PERFAUDIT_PULL", "17")];
    let first = comment("", &pull);
    assert!(first.contains("--method POST repos/owner/name/issues/17/comments "), "{first}");
    assert!(first.ends_with("<!-- perfaudit -->\n### perfaudit: passed\n"), "{first}");
    let second = comment("41\\n42\\n", &pull);
    assert!(second.contains("--method PATCH repos/owner/name/issues/comments/41 "), "{second}");
    for variables in [
        &[][..],
        &[("PERFAUDIT_PULL", "1; rm")],
        &[("PERFAUDIT_PULL", "17"), ("PERFAUDIT_COMMENT", "none.md")],
    ] {
        assert_eq!(comment("", variables), "", "{variables:?}");
    }
}
