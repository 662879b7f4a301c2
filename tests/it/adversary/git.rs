//! A repository's git settings run nothing, lead nowhere and turn no finding into a new or a fixed one.
//!
//! Each attack is first shown to be one: git itself, asked for the same, does what the repository says.

mod clones;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::baseline::{Run, function, git, module, perfaudit, perfaudit_with, write};

/// A repository in a folder of its own, so that what lies beside it is the test's as well.
pub(super) struct Repository {
    folder: tempfile::TempDir,
}

impl Repository {
    /// One commit with one finding, and a file that is not in it with another one.
    pub(super) fn new() -> Repository {
        let repository = Repository::bare_of_files(&[]);
        write(&repository.at(), "app/a.py", &module(&[function("load", "users", "id")]));
        repository.commit();
        write(&repository.at(), "app/b.py", &module(&[function("fresh", "orders", "id")]));
        repository
    }

    pub(super) fn bare_of_files(more: &[&str]) -> Repository {
        let folder = tempfile::tempdir().expect("a folder");
        let repository = Repository { folder };
        fs::create_dir(repository.at()).expect("a folder");
        let arguments = [&["init", "-q", "-b", "main"], more].concat();
        assert!(git(&repository.at(), &arguments), "these tests need git");
        repository
    }

    pub(super) fn at(&self) -> PathBuf {
        fs::canonicalize(self.folder.path()).expect("a folder").join("repo")
    }

    fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn commit(&self) {
        let at = self.at();
        assert!(git(&at, &["add", "-A"]) && git(&at, &["commit", "-q", "-m", "a commit"]));
    }

    fn config(&self, key: &str, value: &str) {
        assert!(git(&self.at(), &["config", key, value]), "{key}");
    }

    /// A command of the shell that leaves a mark, and the mark.
    fn payload(&self) -> (String, PathBuf) {
        let mark = self.beside("mark");
        (format!("touch '{}'", mark.display()), mark)
    }

    /// A program that leaves the mark.
    fn program(&self, name: &str) -> PathBuf {
        let file = self.beside(name);
        // Nothing but the shell itself, whatever the PATH is.
        write(
            self.folder.path(),
            name,
            &format!("#!/bin/sh\n: > '{}'\n", self.payload().1.display()),
        );
        executable(&file);
        file
    }

    /// What git prints.
    fn say(&self, arguments: &[&str]) -> String {
        say(&self.at(), arguments)
    }
}

fn say(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git").current_dir(folder).args(arguments).output().expect("git runs");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn executable(file: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(file, fs::Permissions::from_mode(0o755)).expect("a mode");
}

pub(super) fn since(folder: &Path, revision: &str, more: &[&str]) -> Run {
    let mut arguments = vec!["scan", "--fail-on", "p3", "--rule", "n-plus-one", "--no-cache", "--since", revision];
    arguments.extend(more);
    perfaudit(folder, &arguments)
}

#[track_caller]
fn assert_counts(run: &Run, counts: &str) {
    assert!(run.out.contains(counts), "{counts}: {}{}", run.out, run.err);
}

#[track_caller]
pub(super) fn assert_refused(run: &Run, what: &str) {
    let is_one_line = run.err.lines().count() == 1;
    assert!(
        run.code == Some(2) && run.err.contains(what) && is_one_line,
        "{what}: {}{}",
        run.out,
        run.err
    );
}

/// The commit that a report names.
fn commit_of(folder: &Path) -> String {
    let run = perfaudit(folder, &["report", "--format", "json", "--no-cache"]);
    let json: serde_json::Value = serde_json::from_str(&run.out).unwrap_or_else(|_| panic!("{}{}", run.out, run.err));
    json["commit"].as_str().unwrap_or_default().to_owned()
}

/// Reads a repository in both ways, then shows that git, asked with `trigger`, falls for what it holds.
#[track_caller]
fn assert_harmless(repository: &Repository, trigger: &[&str]) {
    let (_, mark) = repository.payload();
    let _ = fs::remove_file(&mark);
    let run = since(&repository.at(), "HEAD", &[]);
    assert!(!mark.exists(), "--since ran what the repository names");
    assert_counts(&run, "(1 new, 1 known, 0 fixed)");
    assert_eq!(commit_of(&repository.at()), repository.say(&["rev-parse", "--short=12", "HEAD"]));
    assert!(!mark.exists(), "report ran what the repository names");
    git(&repository.at(), trigger);
    assert!(mark.exists(), "this is no attack: git {trigger:?} did not run it");
}

/// Writes a tracked file anew, so that git has to look into it.
fn touch(file: &Path) {
    let text = fs::read(file).expect("a file");
    fs::remove_file(file).expect("removed");
    fs::write(file, text).expect("written");
}

#[test]
fn a_monitor_of_files_does_not_run() {
    let repository = Repository::new();
    let program = repository.program("monitor");
    repository.config("core.fsmonitor", &program.to_string_lossy());
    assert_harmless(&repository, &["status"]);
}

#[test]
fn clean_filters_do_not_run() {
    let repository = Repository::new();
    let (payload, _) = repository.payload();
    write(&repository.at(), ".gitattributes", "*.py filter=evil\n");
    repository.commit();
    write(&repository.at(), "app/b.py", &module(&[function("other", "things", "id")]));
    git(&repository.at(), &["rm", "-q", "--cached", "app/b.py"]);
    git(&repository.at(), &["commit", "-q", "-m", "without"]);
    repository.config("filter.evil.clean", &format!("{payload}; cat"));
    touch(&repository.at().join("app/a.py"));
    assert_harmless(&repository, &["status"]);
}

#[test]
fn smudge_filters_do_not_run() {
    let repository = Repository::new();
    let (payload, _) = repository.payload();
    write(&repository.at(), ".git/info/attributes", "*.py filter=evil\n");
    repository.config("filter.evil.smudge", &format!("{payload}; cat"));
    assert_harmless(&repository, &["checkout-index", "--all", "--prefix=out/"]);
}

#[test]
fn filter_processes_do_not_run() {
    let repository = Repository::new();
    let (payload, _) = repository.payload();
    write(&repository.at(), ".git/info/attributes", "*.py filter=evil\n");
    repository.config("filter.evil.process", &payload);
    assert_harmless(&repository, &["checkout-index", "--all", "--prefix=out/"]);
}

#[test]
fn hooks_do_not_run() {
    let repository = Repository::new();
    repository.program("hooks/post-index-change");
    repository.config("core.hooksPath", &repository.beside("hooks").to_string_lossy());
    assert_harmless(&repository, &["read-tree", "HEAD"]);
    let own = Repository::new();
    let program = own.program("hook");
    fs::create_dir_all(own.at().join(".git/hooks")).expect("a folder");
    fs::copy(program, own.at().join(".git/hooks/post-index-change")).expect("copied");
    assert_harmless(&own, &["read-tree", "HEAD"]);
}

#[test]
fn git_itself_does_not_run() {
    let repository = Repository::new();
    let program = repository.program("bin/git");
    let mark = repository.payload().1;
    let path = program.parent().expect("a folder").to_string_lossy().into_owned();
    let arguments = ["scan", "--since", "HEAD", "--rule", "n-plus-one", "--no-cache"];
    let run = perfaudit_with(&repository.at(), &arguments, &[("PATH", &path)]);
    assert_counts(&run, "(1 new, 1 known, 0 fixed)");
    perfaudit_with(&repository.at(), &["report", "--no-cache"], &[("PATH", &path)]);
    assert!(!mark.exists(), "a git of the PATH ran");
}

#[test]
fn missing_objects_are_not_fetched() {
    let urls = |payload: &str| {
        [
            vec![
                ("remote.origin.url", format!("ext::sh -c {}", payload.replace(' ', "% "))),
                ("protocol.ext.allow", "always".to_owned()),
            ],
            vec![
                ("remote.origin.url", "ssh://host/path".to_owned()),
                ("core.sshCommand", payload.to_owned()),
            ],
            vec![
                ("remote.origin.url", ".".to_owned()),
                ("remote.origin.uploadpack", payload.to_owned()),
            ],
        ]
    };
    for at in 0..3 {
        let repository = Repository::new();
        let (payload, mark) = repository.payload();
        for (key, value) in &urls(&format!("{payload} #"))[at] {
            let value = if at == 0 { value.trim_end_matches("% #") } else { value };
            repository.config(key, value);
        }
        for (key, value) in [
            ("core.repositoryFormatVersion", "1"),
            ("extensions.partialClone", "origin"),
            ("remote.origin.promisor", "true"),
        ] {
            repository.config(key, value);
        }
        let blob = repository.say(&["rev-parse", "HEAD:app/a.py"]);
        let (folder, file) = blob.split_at(2);
        fs::remove_file(repository.at().join(".git/objects").join(folder).join(file)).expect("removed");
        let run = since(&repository.at(), "HEAD", &[]);
        assert_refused(
            &run,
            "--since HEAD: the clone lacks app/a.py at that revision; fetch it: `git fetch --refetch --no-filter`",
        );
        assert_eq!(commit_of(&repository.at()), repository.say(&["rev-parse", "--short=12", "HEAD"]));
        assert!(!mark.exists(), "a remote's program ran ({at})");
        git(&repository.at(), &["cat-file", "-p", &blob]);
        assert!(mark.exists(), "this is no attack: git did not fetch ({at})");
    }
}

#[test]
fn a_bare_repository_in_the_tree_is_not_the_trees() {
    let repository = Repository::new();
    let (inner, mark) = (repository.at().join("evil"), repository.payload().1);
    let program = repository.program("monitor");
    fs::create_dir(&inner).expect("a folder");
    assert!(git(&inner, &["init", "-q", "--bare", "."]));
    let text = format!(
        "[core]\n\trepositoryformatversion = 0\n\tbare = false\n\tworktree = .\n\tfsmonitor = {}\n",
        program.display()
    );
    fs::write(inner.join("config"), text).expect("written");
    write(&inner, "c.py", &module(&[function("inner", "things", "id")]));
    write(&inner, "refs/heads/keep", "");
    fs::remove_file(inner.join("refs/heads/keep")).expect("removed");
    let run = since(&inner, "HEAD", &["."]);
    assert_counts(&run, "(1 new, 0 known, 0 fixed)");
    assert_eq!(commit_of(&inner), repository.say(&["rev-parse", "--short=12", "HEAD"]));
    assert!(!mark.exists(), "the bare repository's monitor ran");
    git(&inner, &["status"]);
    assert!(mark.exists(), "this is no attack: git did not take the bare repository");
    // Where nothing else is a repository, there is none.
    fs::rename(repository.at().join(".git"), repository.beside("gone")).expect("renamed");
    assert_refused(&since(&inner, "HEAD", &["."]), "not a git repository");
}

#[test]
fn objects_of_other_repositories_are_not_read() {
    let (victim, repository) = (Repository::new(), Repository::new());
    let objects = victim.at().join(".git/objects");
    write(
        &repository.at(),
        ".git/objects/info/alternates",
        &format!("{}\n", objects.display()),
    );
    let secret = victim.say(&["rev-parse", "HEAD"]);
    assert!(
        git(&repository.at(), &["cat-file", "-e", &secret]),
        "this is no attack: git does not read it"
    );
    assert_refused(
        &since(&repository.at(), &secret, &[]),
        "takes objects from another repository, which is not read",
    );
    // A link does the same.
    let linked = Repository::new();
    fs::remove_dir_all(linked.at().join(".git/objects")).expect("removed");
    std::os::unix::fs::symlink(&objects, linked.at().join(".git/objects")).expect("linked");
    assert_refused(&since(&linked.at(), &secret, &[]), "leads out of the git repository");
    let report = perfaudit(&linked.at(), &["report", "--section", "coverage"]);
    assert!(
        report.code == Some(0) && report.out.contains("The commit is not given:"),
        "{}{}",
        report.out,
        report.err
    );
}

#[test]
fn replaced_objects_change_no_revision() {
    let repository = Repository::new();
    let head = repository.say(&["rev-parse", "HEAD"]);
    let empty = repository.say(&["commit-tree", "-m", "empty", "4b825dc642cb6eb9a060e54bf8d69288fbee4904"]);
    let empty = if empty.is_empty() {
        identified(&repository.at(), &["commit-tree", "-m", "empty", &repository.say(&["mktree"])])
    } else {
        empty
    };
    assert!(git(&repository.at(), &["replace", &head, &empty]));
    assert_eq!(
        repository.say(&["ls-tree", "-r", "HEAD"]),
        "",
        "this is no attack: git does not replace it"
    );
    assert_counts(&since(&repository.at(), "HEAD", &[]), "(1 new, 1 known, 0 fixed)");
    assert_eq!(commit_of(&repository.at()), &head[..12]);
}

/// What git prints, with a name to commit under.
fn identified(folder: &Path, arguments: &[&str]) -> String {
    let identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"];
    say(folder, &[&identity, arguments].concat())
}

#[test]
fn the_environment_names_no_repository() {
    let (other, repository) = (Repository::bare_of_files(&[]), Repository::new());
    write(&other.at(), "x.py", "x = 1\n");
    other.commit();
    let at = |folder: &str| other.at().join(folder).to_string_lossy().into_owned();
    let (folder, objects, index) = (at(".git"), at(".git/objects"), at(".git/index"));
    let program = repository.program("monitor").to_string_lossy().into_owned();
    let environment = [
        ("GIT_DIR", folder.as_str()),
        ("GIT_COMMON_DIR", folder.as_str()),
        ("GIT_WORK_TREE", "/"),
        ("GIT_INDEX_FILE", index.as_str()),
        ("GIT_OBJECT_DIRECTORY", objects.as_str()),
        ("GIT_ALTERNATE_OBJECT_DIRECTORIES", objects.as_str()),
        ("GIT_CEILING_DIRECTORIES", "/"),
        ("GIT_NAMESPACE", "other"),
        ("GIT_CONFIG_COUNT", "1"),
        ("GIT_CONFIG_KEY_0", "core.fsmonitor"),
        ("GIT_CONFIG_VALUE_0", program.as_str()),
    ];
    let arguments = ["scan", "--since", "HEAD", "--rule", "n-plus-one", "--no-cache"];
    assert_counts(
        &perfaudit_with(&repository.at(), &arguments, &environment),
        "(1 new, 1 known, 0 fixed)",
    );
    let report = perfaudit_with(&repository.at(), &["report", "--format", "json"], &environment);
    assert!(
        report.out.contains(&repository.say(&["rev-parse", "--short=12", "HEAD"])),
        "{}{}",
        report.out,
        report.err
    );
    assert!(!repository.payload().1.exists());
}

#[test]
fn every_folder_gives_the_same() {
    let repository = Repository::new();
    let (at, app) = (repository.at(), repository.at().join("app"));
    write(&at, "deep/er/c.py", &module(&[function("deep", "things", "id")]));
    git(&at, &["add", "deep"]);
    git(&at, &["commit", "-q", "-m", "deep"]);
    assert_counts(&since(&at, "HEAD", &[]), "(1 new, 2 known, 0 fixed)");
    assert_counts(&since(&at, "HEAD", &["app"]), "(1 new, 1 known, 0 fixed)");
    assert_counts(&since(&app, "HEAD", &["."]), "(1 new, 1 known, 0 fixed)");
    assert_counts(&since(&app, "HEAD", &[".."]), "(1 new, 2 known, 0 fixed)");
    assert_counts(&since(&app, "HEAD", &["../deep"]), "(0 new, 1 known, 0 fixed)");
    assert_counts(&since(&app, "HEAD", &["a.py"]), "(0 new, 1 known, 0 fixed)");
    assert_counts(&since(repository.folder.path(), "HEAD", &["repo"]), "(1 new, 2 known, 0 fixed)");
    assert_counts(
        &since(repository.folder.path(), "HEAD", &["repo/app", "repo/deep"]),
        "(1 new, 2 known, 0 fixed)",
    );
    assert_counts(
        &since(Path::new("/"), "HEAD", &[&at.to_string_lossy()]),
        "(1 new, 2 known, 0 fixed)",
    );
    assert_counts(
        &since(Path::new("/"), "HEAD", &[&app.to_string_lossy()]),
        "(1 new, 1 known, 0 fixed)",
    );
}

#[test]
fn pipes_and_devices_in_a_repository_are_not_opened() {
    for name in [
        "HEAD",
        "config",
        "packed-refs",
        "index",
        "commondir",
        "refs/heads/other",
        "logs/HEAD",
        "objects/info/alternates",
        "info/exclude",
    ] {
        let repository = Repository::new();
        let file = repository.at().join(".git").join(name);
        let _ = fs::remove_file(&file);
        fs::create_dir_all(file.parent().expect("a folder")).expect("folders");
        assert!(Command::new("mkfifo").arg(&file).status().expect("mkfifo runs").success());
        let run = since(&repository.at(), "HEAD", &[]);
        let is_told = run.err.contains("is no file") || run.err.contains("not a regular file");
        assert!(run.code == Some(2) && is_told, "{name}: {}", run.err);
        fs::remove_file(&file).expect("removed");
        std::os::unix::fs::symlink("/dev/zero", &file).expect("linked");
        let run = since(&repository.at(), "HEAD", &[]);
        assert!(
            run.code == Some(2) && (run.err.contains("leads out") || run.err.contains("not a regular file")),
            "{name}: {}",
            run.err
        );
    }
}

#[test]
fn another_users_repository_is_read_only_where_it_is_called_safe() {
    let repository = Repository::new();
    // Only the system's administrator can give a folder away; for others there is no such folder to test with.
    if std::os::unix::fs::chown(repository.at().join(".git"), Some(65534), None).is_err() {
        return;
    }
    let home = repository.beside("home");
    fs::create_dir(&home).expect("a folder");
    let at = home.to_string_lossy().into_owned();
    let arguments = ["scan", "--since", "HEAD", "--rule", "n-plus-one", "--no-cache"];
    let run = || perfaudit_with(&repository.at(), &arguments, &[("HOME", &at), ("XDG_CONFIG_HOME", &at)]);
    assert_refused(&run(), "the git repository belongs to another user");
    write(
        &repository.at(),
        ".git/config",
        "[core]\nrepositoryformatversion = 0\n[safe]\ndirectory = *\n",
    );
    assert_refused(&run(), "the git repository belongs to another user");
    let top = repository.at().to_string_lossy().into_owned();
    for value in ["*", &top, &format!("{}/*", repository.at().parent().expect("a folder").display())] {
        write(&home, ".gitconfig", &format!("[safe]\n\tdirectory = {value}\n"));
        assert_counts(&run(), "(1 new, 1 known, 0 fixed)");
    }
    write(
        &home,
        ".gitconfig",
        "[safe]\n\tdirectory = *\n\tdirectory =\n\tdirectory = /other\n",
    );
    assert_refused(&run(), "the git repository belongs to another user");
}

#[test]
fn the_files_of_a_commit_are_chosen_as_on_disk() {
    let repository = Repository::bare_of_files(&[]);
    let code = module(&[function("load", "users", "id")]);
    let files = [
        "a.py",
        "b/c.py",
        "b/.gitignore",
        "b/ignored.py",
        "b/kept.py",
        ".gitignore",
        ".ignore",
        "out/x.py",
        "b/out/y.py",
        "local/z.py",
        "node_modules/m/i.js",
        "vendor/v.py",
        "web/package.json",
        "web/dist/d.js",
        "shop/vendor/own.py",
        "build/e.js",
        "env/pyvenv.cfg",
        "env/f.py",
        "tests/t.py",
        "x_pb2.py",
        "types.d.ts",
        "lib.min.js",
        ".hidden/h.py",
        ".env.example",
        "notes.txt",
        "with space/é.py",
        "old/o.py",
    ];
    for file in files {
        write(&repository.at(), file, if file.ends_with(".py") { &code } else { "" });
    }
    write(&repository.at(), ".gitignore", "/out/\nlocal/\n*.skip.py\n");
    write(&repository.at(), ".ignore", "!b/kept.py\n");
    write(&repository.at(), "b/.gitignore", "ignored.py\nkept.py\n");
    write(&repository.at(), ".git/info/exclude", "old/\n");
    std::os::unix::fs::symlink("a.py", repository.at().join("link.py")).expect("linked");
    assert!(git(&repository.at(), &["add", "-A", "-f"]) && git(&repository.at(), &["commit", "-q", "-m", "all"]));
    let root = repository.at();
    for paths in [
        vec!["."],
        vec!["b"],
        vec!["tests"],
        vec!["b/ignored.py", "out"],
        vec!["local", "web", "shop/vendor"],
    ] {
        let config = perfaudit::Config {
            root: root.clone(),
            paths: paths.iter().map(PathBuf::from).collect(),
            exclude: vec!["with*/**".to_owned()],
            ..perfaudit::Config::default()
        };
        let disk: Vec<String> = perfaudit::walk::walk(&config)
            .expect("walks")
            .files
            .into_iter()
            .map(|file| file.path)
            .collect();
        let starts: Vec<PathBuf> = paths
            .iter()
            .map(|path| fs::canonicalize(root.join(path)).expect("a path"))
            .collect();
        let own = perfaudit::git::Repository::around(&root)
            .expect("a repository")
            .expect("a repository");
        let mut past = perfaudit::git::Past::open(own, "HEAD").expect("a revision");
        let mut found = perfaudit::walk::walk_past(&config, &mut past, &starts).expect("walks");
        perfaudit::walk::without_tests(&mut found, &config, &starts);
        let found: Vec<String> = found.into_iter().map(|file| file.path).collect();
        assert_eq!(found, disk, "{paths:?}");
        assert!(!disk.is_empty(), "{paths:?}");
    }
}

#[test]
fn a_report_marks_a_commit_only_where_tracked_files_differ() {
    let repository = Repository::new();
    let (at, app) = (repository.at(), repository.at().join("app"));
    let head = repository.say(&["rev-parse", "--short=12", "HEAD"]);
    let changed = format!("{head}+");
    write(&at, "other/x.py", "x = 1\n");
    assert_eq!(commit_of(&at), head, "what is not tracked is no difference");
    touch(&app.join("a.py"));
    assert_eq!(commit_of(&at), head, "times are no difference");
    git(&at, &["add", "other"]);
    assert_eq!(
        (commit_of(&at), commit_of(&app)),
        (changed.clone(), changed.clone()),
        "what is staged is one, for a folder of the project, too: all of it was read"
    );
    git(&at, &["rm", "-q", "-f", "other/x.py"]);
    executable(&app.join("a.py"));
    assert_eq!(commit_of(&at), changed, "a mode is one");
    git(&at, &["checkout", "-q", "--", "."]);
    assert_eq!(commit_of(&at), head);
    let text = fs::read_to_string(app.join("a.py")).expect("a file");
    fs::write(app.join("a.py"), text.replace("load", "read")).expect("written");
    assert_eq!(commit_of(&at), changed, "bytes of the same number are one");
    git(&at, &["checkout", "-q", "--", "."]);
    fs::remove_file(app.join("a.py")).expect("removed");
    assert_eq!(commit_of(&at), changed, "a file that is gone is one");
}

#[test]
fn a_few_objects_that_name_millions_of_files_end_the_run() {
    let repository = Repository::new();
    let mut id = repository.say(&["rev-parse", "HEAD:app/a.py"]);
    let mut kind = "100644 blob";
    for _ in 0..4 {
        let lines: Vec<String> = (0..200).map(|name| format!("{kind} {id}\tx{name}.txt")).collect();
        id = fed(&repository.at(), &["mktree"], &(lines.join("\n") + "\n"));
        kind = "040000 tree";
    }
    let commit = identified(&repository.at(), &["commit-tree", "-m", "bomb", &id]);
    assert_refused(
        &since(&repository.at(), &commit, &[]),
        "the commit names more than 1,000,000 files and folders",
    );
}

#[test]
fn names_that_no_disk_holds_lead_nowhere() {
    let repository = Repository::new();
    let blob = repository.say(&["rev-parse", "HEAD:app/a.py"]);
    let mut bytes = Vec::new();
    for name in ["..", ".git", "a/../../b.py", "c.py"] {
        bytes.extend_from_slice(format!("100644 {name}\0").as_bytes());
        let id = (0..20).map(|at| u8::from_str_radix(&blob[2 * at..2 * at + 2], 16).expect("digits"));
        bytes.extend(id);
    }
    fs::write(repository.beside("tree"), bytes).expect("written");
    let file = repository.beside("tree").to_string_lossy().into_owned();
    let tree = repository.say(&["hash-object", "-t", "tree", "-w", "--literally", &file]);
    let commit = identified(&repository.at(), &["commit-tree", "-m", "names", &tree]);
    assert_eq!(commit.len(), 40, "the commit exists");
    // Moved from c.py to app/a.py, which is known; the other is new.
    assert_counts(&since(&repository.at(), &commit, &[]), "(1 new, 1 known, 0 fixed)");
}

/// What git prints when it is given a text.
fn fed(folder: &Path, arguments: &[&str], text: &str) -> String {
    use std::io::Write;
    use std::process::Stdio;
    let mut command = Command::new("git");
    let mut child = command
        .current_dir(folder)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("git runs");
    child.stdin.take().expect("an input").write_all(text.as_bytes()).expect("written");
    let output = child.wait_with_output().expect("ends");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}
