//! Files: what a configuration names, ignore files, outputs, the cache, trees without end.
#![cfg(unix)]

mod packs;
mod settings;

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::Duration;

use assert_cmd::Command;
use serde_json::Value;

const BAD: &str = "import time\n\nasync def wait():\n    time.sleep(5)\n";
/// Stands in files that nothing may read, and so in nothing that is printed.
const SECRET: &str = "hunter2secret";

struct Run {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Run {
    /// Ended with an error of one line that has `words`, and tells nothing of the secret.
    #[track_caller]
    fn refused(&self, words: &str) {
        assert_eq!(
            (self.code, self.err.lines().count()),
            (Some(2), 1),
            "{words}: {}{}",
            self.out,
            self.err
        );
        assert!(self.err.contains(words), "{words}: {}", self.err);
        self.silent();
    }

    #[track_caller]
    fn silent(&self) {
        let all = format!("{}{}", self.out, self.err).to_lowercase();
        assert!(!all.contains(SECRET), "{all}");
    }
}

/// Runs the tool with a bound on its memory: an attack that works must not take the machine along.
fn run_with(folder: &Path, variables: &[(&str, &OsStr)], arguments: &[&OsStr]) -> Run {
    let mut command = Command::new("sh");
    command
        .current_dir(folder)
        .args(["-c", "ulimit -v 4000000; exec \"$0\" \"$@\""])
        .arg(assert_cmd::cargo::cargo_bin("perfaudit"))
        .args(arguments)
        .env("PERFAUDIT_TEST_SECRET", SECRET)
        .envs(variables.iter().copied())
        .timeout(Duration::from_secs(60));
    let output = command.output().expect("runs");
    Run {
        code: output.status.code(),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

fn run(folder: &Path, arguments: &[&str]) -> Run {
    let arguments: Vec<&OsStr> = arguments.iter().map(OsStr::new).collect();
    run_with(folder, &[], &arguments)
}

fn scan(folder: &Path, arguments: &[&str]) -> Run {
    let mut all = vec!["scan", "--no-cache", "--fail-on", "never"];
    all.extend(arguments);
    run(folder, &all)
}

fn json(folder: &Path, arguments: &[&str]) -> Value {
    let mut all = vec!["--format", "json"];
    all.extend(arguments);
    let run = scan(folder, &all);
    assert_eq!(run.code, Some(0), "{}", run.err);
    serde_json::from_str(&run.out).expect("JSON")
}

fn skipped<'a>(report: &'a Value, reason: &str) -> Vec<&'a str> {
    let examples = report["coverage"]["skipped"][reason]["examples"].as_array();
    examples.into_iter().flatten().filter_map(Value::as_str).collect()
}

fn read(report: &Value) -> u64 {
    report["coverage"]["languages"]["Python"]["files"].as_u64().unwrap_or(0)
}

/// A project with one finding, and a folder beside it that is none of its business.
struct Place {
    _folder: tempfile::TempDir,
    project: PathBuf,
    outside: PathBuf,
}

fn place() -> Place {
    let folder = tempfile::tempdir().expect("a folder");
    let at = fs::canonicalize(folder.path()).expect("a folder");
    let (project, outside) = (at.join("project"), at.join("outside"));
    fs::create_dir_all(&project).expect("a folder");
    fs::create_dir_all(&outside).expect("a folder");
    fs::write(project.join("app.py"), BAD).expect("written");
    fs::write(outside.join("secret.txt"), format!("{SECRET}\n")).expect("written");
    fs::write(outside.join("secret.py"), format!("{SECRET} = 1\n{BAD}")).expect("written");
    Place {
        _folder: folder,
        project,
        outside,
    }
}

fn pipe(at: &Path) {
    let made = std::process::Command::new("mkfifo").arg(at).status();
    assert!(made.is_ok_and(|status| status.success()));
}

#[test]
fn ignore_files_that_lead_elsewhere_are_counted_and_never_opened() {
    let place = place();
    let at = &place.project;
    for folder in ["a", "b", "c", "d", "e"] {
        fs::create_dir(at.join(folder)).expect("a folder");
        fs::write(at.join(folder).join("m.py"), BAD).expect("written");
    }
    fs::write(place.outside.join("rules"), "*.py\n").expect("written");
    symlink("/dev/zero", at.join(".gitignore")).expect("linked");
    symlink("/dev/stdin", at.join(".ignore")).expect("linked");
    symlink("../../outside/rules", at.join("a/.gitignore")).expect("linked");
    symlink("nowhere", at.join("b/.gitignore")).expect("linked");
    pipe(&at.join("c/.gitignore"));
    fs::write(at.join("d/.gitignore"), "*.py\n".repeat(10_001)).expect("written");
    fs::write(at.join("e/rules"), "*.py\n").expect("written");
    symlink("rules", at.join("e/.gitignore")).expect("linked");
    let report = json(at, &[]);
    assert_eq!(read(&report), 6, "none of them counts: {report}");
    assert_eq!(
        skipped(&report, "symlink"),
        [".gitignore", ".ignore", "a/.gitignore", "b/.gitignore", "e/.gitignore"]
    );
    assert_eq!(skipped(&report, "not-readable"), ["c/.gitignore"]);
    assert_eq!(skipped(&report, "too-large"), ["d/.gitignore"]);
}

#[test]
fn a_repositorys_own_list_and_its_pointers_are_read_with_care() {
    let place = place();
    let at = &place.project;
    fs::create_dir_all(at.join(".git/info")).expect("folders");
    fs::write(at.join("local.py"), BAD).expect("written");
    fs::write(at.join(".git/info/exclude"), "local.py\n").expect("written");
    assert_eq!(read(&json(at, &[])), 1);
    fs::remove_file(at.join(".git/info/exclude")).expect("removed");
    symlink("/dev/zero", at.join(".git/info/exclude")).expect("linked");
    let report = json(at, &[]);
    assert_eq!((read(&report), skipped(&report, "symlink")), (2, vec![".git/info/exclude"]));
    // A working tree beside its repository.
    fs::rename(at.join(".git"), place.outside.join("main")).expect("moved");
    fs::remove_file(place.outside.join("main/info/exclude")).expect("removed");
    fs::write(place.outside.join("main/info/exclude"), "local.py\n").expect("written");
    fs::create_dir(place.outside.join("main/own")).expect("a folder");
    fs::write(place.outside.join("main/own/commondir"), "..\n").expect("written");
    fs::write(at.join(".git"), "gitdir: ../outside/main/own\n").expect("written");
    assert_eq!(read(&json(at, &[])), 1);
    for pointer in ["gitdir: /dev\n", "gitdir: /dev/zero\n", "nothing", ""] {
        fs::write(at.join(".git"), pointer).expect("written");
        assert_eq!(read(&json(at, &[])), 2, "{pointer}");
    }
    fs::remove_file(at.join(".git")).expect("removed");
    pipe(&at.join(".git"));
    assert_eq!(read(&json(at, &[])), 2);
}

/// What lies above a project differs between machines, and may be somebody else's.
#[test]
fn ignore_files_above_the_repository_do_not_count() {
    let place = place();
    let above = place.project.parent().expect("a parent");
    fs::write(above.join(".gitignore"), "*.py\n").expect("written");
    fs::write(above.join(".ignore"), "*.py\n").expect("written");
    assert_eq!(read(&json(&place.project, &[])), 1);
    fs::create_dir_all(place.project.join(".git")).expect("a folder");
    fs::create_dir_all(place.project.join("deep/er")).expect("a folder");
    fs::write(place.project.join("deep/er/gone.py"), BAD).expect("written");
    fs::write(place.project.join("deep/er/kept.py"), BAD).expect("written");
    fs::write(place.project.join(".gitignore"), "gone.py\n").expect("written");
    assert_eq!(
        read(&json(&place.project.join("deep"), &["er", "--isolated"])),
        1,
        "those from the repository's top on do"
    );
    assert_eq!(read(&json(&place.project.join("deep"), &["er"])), 2, "and of the whole project");
}

#[test]
fn what_is_written_follows_no_link() {
    let commands: [&[&str]; 6] = [
        &["scan", "--fail-on", "never", "-o", "out.json"],
        &["report", "-o", "out.json"],
        &["baseline", "-o", "out.json"],
        &["schema", "-o", "out.json"],
        &["queries", "-o", "out.json"],
        &["calls", "-o", "out.json"],
    ];
    for command in commands {
        let place = place();
        let victim = place.outside.join("victim");
        fs::write(&victim, "mine").expect("written");
        let out = place.project.join("out.json");
        for target in ["../outside/victim", "../outside/fresh"] {
            symlink(target, &out).expect("linked");
            let run = run(&place.project, command);
            assert_eq!(fs::read_to_string(&victim).expect("there"), "mine", "{command:?}");
            assert!(!place.outside.join("fresh").exists(), "{command:?}");
            run.refused("out.json: cannot be written: it is a symbolic link; name the file that it leads to, or remove the link");
            fs::remove_file(&out).expect("removed");
        }
        pipe(&out);
        run(&place.project, command).refused("out.json: cannot be written: it is not a regular file");
    }
    let place = place();
    symlink("../outside/fresh", place.project.join("perfaudit-baseline.json")).expect("linked");
    symlink("../outside/fresh", place.project.join("perfaudit.toml")).expect("linked");
    run(&place.project, &["init"]).refused("perfaudit.toml: is already there");
    fs::remove_file(place.project.join("perfaudit.toml")).expect("removed");
    run(&place.project, &["baseline"]).refused("perfaudit-baseline.json: cannot be written: it is a symbolic link");
    assert!(!place.outside.join("fresh").exists());
}

/// Who has the old file open goes on reading the old file: a new one took its place, whole.
#[test]
fn a_report_is_replaced_and_not_written_over() {
    let place = place();
    let at = &place.project;
    for command in [
        &["scan", "--fail-on", "never", "-o", "out"][..],
        &["baseline", "-o", "out"],
        &["calls", "-o", "out"],
    ] {
        fs::write(at.join("out"), "the old text").expect("written");
        let mut old = File::open(at.join("out")).expect("open");
        assert_eq!(run(at, command).code, Some(0));
        let mut text = String::new();
        old.read_to_string(&mut text).expect("read");
        assert_eq!(text, "the old text", "{command:?}");
        assert_ne!(fs::read_to_string(at.join("out")).expect("read"), "the old text");
    }
    let left: Vec<_> = fs::read_dir(at)
        .expect("a folder")
        .flatten()
        .map(|entry| entry.file_name())
        .collect();
    assert_eq!(left.len(), 2, "nothing is left beside it: {left:?}");
}

#[test]
fn two_runs_at_once_leave_one_whole_report() {
    let place = place();
    for number in 0..40 {
        fs::write(place.project.join(format!("m{number}.py")), BAD.repeat(1 + number % 3)).expect("written");
    }
    let formats = ["json", "sarif"];
    let whole = formats.map(|format| scan(&place.project, &["--format", format]).out);
    for _ in 0..4 {
        std::thread::scope(|scope| {
            for format in formats {
                let at = &place.project;
                scope.spawn(move || assert_eq!(scan(at, &["--format", format, "-o", "out"]).code, Some(0)));
            }
        });
        let out = fs::read_to_string(place.project.join("out")).expect("a report");
        assert!(whole.contains(&out), "neither of the two");
    }
}

#[test]
fn streams_of_the_system_may_be_written_to() {
    let place = place();
    let plain = scan(&place.project, &[]).out;
    assert_eq!(scan(&place.project, &["-o", "/dev/stdout"]).out, plain);
    let nothing = scan(&place.project, &["-o", "/dev/null"]);
    assert_eq!((nothing.code, nothing.out.as_str()), (Some(0), ""));
    scan(&place.project, &["-o", "/dev/full"]).refused("/dev/full: cannot be written");
    // What a shell puts there for `-o >(command)`.
    let mut command = Command::new("bash");
    let script = "\"$0\" scan --no-cache --fail-on never -o >(cat; echo end) | cat";
    command
        .current_dir(&place.project)
        .args(["-c", script])
        .arg(assert_cmd::cargo::cargo_bin("perfaudit"));
    let output = command.timeout(Duration::from_secs(60)).output().expect("runs");
    assert_eq!(String::from_utf8_lossy(&output.stdout), format!("{plain}end\n"));
    // A log that is already begun is gone on with.
    let log = place.project.join("log.txt");
    let mut command = Command::new("bash");
    command
        .current_dir(&place.project)
        .args([
            "-c",
            "echo begun > log.txt; \"$0\" scan --no-cache --fail-on never -o /dev/stdout >> log.txt",
        ])
        .arg(assert_cmd::cargo::cargo_bin("perfaudit"));
    assert!(command.output().expect("runs").status.success());
    assert_eq!(fs::read_to_string(log).expect("a log"), format!("begun\n{plain}"));
}

fn fingerprints(report: &Value) -> Vec<&str> {
    let findings = report["findings"].as_array().expect("findings");
    findings.iter().filter_map(|finding| finding["fingerprint"].as_str()).collect()
}

#[test]
fn the_current_folder_changes_neither_settings_nor_names() {
    let place = place();
    let at = &place.project;
    fs::create_dir_all(at.join("core/deep")).expect("folders");
    for name in ["core/a.py", "core/deep/b.py"] {
        fs::write(at.join(name), BAD).expect("written");
    }
    fs::write(at.join("perfaudit.toml"), "exclude = ['/app.py']\nmin-priority = 'p3'\n").expect("written");
    let parent = at.parent().expect("a parent");
    let absolute = at.to_string_lossy().into_owned();
    let wanted = json(at, &["."]);
    assert_eq!(fingerprints(&wanted).len(), 2, "{wanted}");
    for (folder, path) in [
        (parent, "project"),
        (parent, "./project/"),
        (place.outside.as_path(), "../project"),
        (Path::new("/"), absolute.as_str()),
        (&at.join("core"), ".."),
        (&at.join("core"), "."),
        (&at.join("core"), "../core"),
        (parent, "project/core"),
    ] {
        let report = json(folder, &[path]);
        assert_eq!(fingerprints(&report), fingerprints(&wanted), "{path} from {}", folder.display());
        assert_eq!(report["findings"], wanted["findings"], "{path} from {}", folder.display());
    }
    assert_eq!(
        json(&at.join("core"), &[])["findings"],
        wanted["findings"],
        "no path is the current folder"
    );
    assert_eq!(fingerprints(&json(&at.join("core/deep"), &[])), fingerprints(&wanted)[1..]);
    // A baseline from one folder holds in the others.
    assert_eq!(run(parent, &["baseline", "project"]).code, Some(0));
    let known = scan(&at.join("core"), &["--baseline", "../perfaudit-baseline.json"]);
    assert!(known.out.contains("(0 new, 2 known, 0 fixed)"), "{}{}", known.out, known.err);
    // Without a configuration, it is the repository that holds them together.
    fs::remove_file(at.join("perfaudit.toml")).expect("removed");
    fs::create_dir(at.join(".git")).expect("a folder");
    let (all, part) = (json(at, &["core"]), json(&at.join("core"), &["."]));
    assert_eq!(all["findings"], part["findings"]);
}

/// Another user's folder above a project, `/tmp` for one, has no say in it.
#[test]
fn a_configuration_of_another_user_above_does_not_hold() {
    let place = place();
    let above = place.project.parent().expect("a parent");
    fs::write(above.join("perfaudit.toml"), "skip = ['blocking-call-in-async']\n").expect("written");
    assert_eq!(fingerprints(&json(&place.project, &[])).len(), 0, "one of the same user does");
    // Only who may give files away can try the other case.
    if std::os::unix::fs::chown(above, Some(12_345), None).is_ok() {
        assert_eq!(fingerprints(&json(&place.project, &[])).len(), 1);
    }
}

#[test]
fn a_folder_of_very_many_entries_and_one_of_very_many_levels_are_read_or_told() {
    let place = place();
    let at = &place.project;
    fs::create_dir(at.join("wide")).expect("a folder");
    for number in 0..100_000 {
        File::create(at.join(format!("wide/{number}"))).expect("written");
    }
    // Longer paths than the system takes are made by moving one part below another.
    let part = "d/".repeat(1000);
    fs::create_dir_all(at.join("deep").join(&part)).expect("folders");
    for number in 0..4 {
        let next = at.join(format!("next{number}"));
        fs::create_dir_all(next.join(&part)).expect("folders");
        fs::rename(at.join("deep/d"), next.join(&part).join("d")).expect("moved");
        fs::rename(next.join("d"), at.join("deep/d")).expect("moved");
    }
    let report = json(at, &[]);
    let gone = std::process::Command::new("rm").arg("-rf").arg(at.join("deep")).status();
    assert!(gone.is_ok_and(|status| status.success()));
    assert_eq!(read(&report), 1);
    assert_eq!(report["coverage"]["skipped"]["not-readable"]["count"], 1);
}

/// Each entry is held against all ignore files above it.
#[test]
fn ignore_files_one_in_the_other_are_bounded_and_told() {
    let place = place();
    let mut folder = place.project.clone();
    for number in 0..150 {
        folder.push("d");
        fs::create_dir(&folder).expect("a folder");
        fs::write(folder.join(".gitignore"), format!("m{number}.py\n")).expect("written");
    }
    fs::write(folder.join("m3.py"), BAD).expect("written");
    fs::write(folder.join("m149.py"), BAD).expect("written");
    let report = json(&place.project, &[]);
    assert_eq!(report["coverage"]["skipped"]["too-deep"]["count"], 50, "{report}");
    assert_eq!(read(&report), 2);
}

#[cfg(target_os = "linux")]
#[test]
fn names_that_are_no_text_are_names_like_any_other() {
    let place = place();
    let odd = OsStr::from_bytes(b"odd\xff\xfe");
    let at = place.project.join(odd);
    fs::create_dir(&at).expect("a folder");
    fs::write(at.join("app.py"), BAD).expect("written");
    fs::write(at.join("gone.py"), BAD).expect("written");
    fs::write(at.join(".gitignore"), "gone.py\n").expect("written");
    assert_eq!(read(&json(&place.project, &[])), 2);
    fs::write(at.join("perfaudit.toml"), "skip = ['blocking-call-in-async']\n").expect("written");
    let scan = ["scan", "--no-cache", "--format", "json"].map(OsStr::new);
    let arguments: Vec<&OsStr> = scan.into_iter().chain([odd]).collect();
    let run = run_with(&place.project, &[], &arguments);
    let report: Value = serde_json::from_str(&run.out).expect("JSON");
    assert_eq!(
        (read(&report), fingerprints(&report).len()),
        (1, 0),
        "its own configuration holds: {}",
        run.err
    );
    let out = OsStr::from_bytes(b"out\xff");
    let arguments: Vec<&OsStr> = scan.into_iter().chain([OsStr::new("-o"), out]).collect();
    run_with(&place.project, &[], &arguments);
    assert!(place.project.join(out).is_file());
    symlink("../outside/fresh", at.join("perfaudit-baseline.json")).expect("linked");
    let arguments = [OsStr::new("baseline"), odd];
    run_with(&place.project, &[], &arguments).refused("it is a symbolic link");
}

#[test]
fn a_folder_of_a_project_that_leads_out_of_it_is_not_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let (project, outside) = (folder.path().join("project"), folder.path().join("outside"));
    for at in [&project, &outside] {
        fs::create_dir(at).expect("a folder");
    }
    fs::write(project.join("perfaudit.toml"), "").expect("written");
    fs::write(outside.join("a.py"), format!("{SECRET} = 1\n{BAD}")).expect("written");
    symlink(&outside, project.join("src")).expect("linked");
    for command in ["scan", "fix"] {
        run(&project, &[command, "src"]).refused("leads out of the project");
        run(folder.path(), &[command, "project/src"]).refused("leads out of the project");
    }
    assert_eq!(
        run(&project, &["scan", "../outside", "-q"]).code,
        Some(0),
        "what is named itself is read"
    );
}

/// What another user can put into a folder that all share (`/tmp`) rules nobody's scan.
#[test]
fn a_configuration_in_a_folder_that_all_write_to_rules_nothing() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    fs::create_dir(at.join("mine")).expect("a folder");
    fs::write(at.join("mine/a.py"), BAD).expect("written");
    fs::write(at.join("perfaudit.toml"), "skip = ['blocking-call-in-async']\n").expect("written");
    let found = |mode: u32| {
        fs::set_permissions(at, fs::Permissions::from_mode(mode)).expect("set");
        json(&at.join("mine"), &[])["findings"].as_array().map_or(0, Vec::len)
    };
    assert_eq!(found(0o755), 0, "a project's own configuration holds below it");
    assert_eq!(found(0o1777), 1);
}
