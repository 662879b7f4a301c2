//! Clones of each kind: submodules, shallow, partial, sparse, linked, packed, broken.

use super::*;

#[test]
fn submodules_are_compared_with_their_commit() {
    let (inner, repository) = (Repository::new(), Repository::new());
    write(&inner.at(), "app/b.py", "x = 1\n");
    inner.commit();
    let url = inner.at().to_string_lossy().into_owned();
    let allow = ["-c", "protocol.file.allow=always"];
    let add = ["submodule", "--quiet", "add", &url, "libs/inner"];
    assert!(git(&repository.at(), &[&allow[..], &add[..]].concat()));
    assert!(git(&repository.at(), &["commit", "-q", "-m", "a submodule"]));
    assert_counts(&since(&repository.at(), "HEAD", &[]), "(1 new, 2 known, 0 fixed)");
    assert_counts(&since(&repository.at(), "HEAD", &["libs/inner"]), "(0 new, 1 known, 0 fixed)");
    assert_counts(
        &since(&repository.at().join("libs/inner"), "HEAD", &["."]),
        "(0 new, 1 known, 0 fixed)",
    );
    let sub = repository.at().join("libs/inner");
    write(&sub, "c.py", &module(&[function("other", "things", "id")]));
    assert_counts(&since(&repository.at(), "HEAD", &[]), "(2 new, 2 known, 0 fixed)");
    // What the submodule lacks is no reason to call all of it new.
    let identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"];
    let fresh = say(&sub, &[&identity[..], &["commit-tree", "-m", "elsewhere", "HEAD^{tree}"]].concat());
    assert!(git(
        &repository.at(),
        &["update-index", "--cacheinfo", &format!("160000,{fresh},libs/inner")]
    ));
    assert!(git(&repository.at(), &["commit", "-q", "-m", "moved"]));
    let (folder, file) = fresh.split_at(2);
    fs::remove_file(repository.at().join(".git/modules/libs/inner/objects").join(folder).join(file)).expect("removed");
    assert_refused(&since(&repository.at(), "HEAD", &[]), "the submodule libs/inner lacks the commit");
    // One that is not checked out has neither new nor fixed findings.
    fs::remove_dir_all(&sub).expect("removed");
    fs::create_dir(&sub).expect("a folder");
    assert_counts(&since(&repository.at(), "HEAD~1", &[]), "(1 new, 1 known, 0 fixed)");
}

#[test]
fn a_submodule_kept_elsewhere_is_not_read() {
    let (inner, repository) = (Repository::new(), Repository::new());
    let url = inner.at().to_string_lossy().into_owned();
    let add = ["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", &url, "inner"];
    assert!(git(&repository.at(), &add) && git(&repository.at(), &["commit", "-q", "-m", "a submodule"]));
    fs::write(repository.at().join("inner/.git"), format!("gitdir: {url}/.git\n")).expect("written");
    assert_refused(
        &since(&repository.at(), "HEAD", &[]),
        "the submodule inner is kept outside of the repository",
    );
}

fn clone(repository: &Repository, name: &str, arguments: &[&str]) -> PathBuf {
    repository.config("uploadpack.allowFilter", "true");
    let (url, to) = (format!("file://{}", repository.at().display()), repository.beside(name));
    let target = to.to_string_lossy().into_owned();
    let all = [&["clone", "-q"], arguments, &[&url, &target]].concat();
    assert!(git(repository.folder.path(), &all), "{all:?}");
    fs::canonicalize(to).expect("a clone")
}

/// Two commits; the first has one finding, the second another.
fn with_history() -> Repository {
    let repository = Repository::new();
    repository.commit();
    repository
}

#[test]
fn a_shallow_clone_compares_what_it_has() {
    let repository = with_history();
    let clone = clone(&repository, "clone", &["--depth", "1"]);
    assert_counts(&since(&clone, "HEAD", &[]), "(0 new, 2 known, 0 fixed)");
    assert_refused(
        &since(&clone, "HEAD~1", &[]),
        "--since HEAD~1: no such revision; a shallow clone may lack it: fetch more history",
    );
}

#[test]
fn a_partial_clone_says_what_it_lacks() {
    let repository = with_history();
    write(&repository.at(), "app/a.py", &module(&[function("changed", "others", "id")]));
    repository.commit();
    for filter in ["tree:0", "blob:none"] {
        let clone = clone(&repository, filter.split(':').next().expect("a name"), &["--filter", filter]);
        assert_counts(&since(&clone, "HEAD", &[]), "(0 new, 2 known, 0 fixed)");
        assert!(git(&clone, &["remote", "set-url", "origin", "/nowhere"]));
        assert_refused(&since(&clone, "HEAD~1", &[]), "the clone lacks");
        // What it says to do helps.
        let url = format!("file://{}", repository.at().display());
        assert!(git(&clone, &["remote", "set-url", "origin", &url]) && git(&clone, &["fetch", "-q", "--refetch", "--no-filter"]));
        assert_counts(&since(&clone, "HEAD~1", &[]), "(1 new, 1 known, 1 fixed)");
    }
}

#[test]
fn a_sparse_checkout_fixes_nothing_outside() {
    let repository = with_history();
    for name in ["libs/c.py", "libs/deep/d.py", "top.py"] {
        write(
            &repository.at(),
            name,
            &module(&[function("out", &name.replace(['/', '.'], "_"), "id")]),
        );
    }
    repository.commit();
    fs::remove_file(repository.at().join("libs/c.py")).expect("removed");
    write(&repository.at(), "app/b.py", "x = 1\n");
    repository.commit();
    let at = repository.at();
    for arguments in [
        vec!["--cone", "app"],
        vec!["--cone", "--sparse-index", "app"],
        vec!["--no-cone", "/app/", "/top.py"],
    ] {
        let all = [&["sparse-checkout", "set"], arguments.as_slice()].concat();
        assert!(git(&at, &all) && !at.join("libs").exists(), "{arguments:?}");
        let run = since(&at, "HEAD~1", &[]);
        assert_counts(&run, "(0 new, 2 known, 1 fixed)");
        let report = perfaudit(&at, &["report", "--section", "coverage", "--since", "HEAD~1", "--no-cache"]);
        assert!(
            report.out.contains("are outside of the sparse checkout"),
            "{}{}",
            report.out,
            report.err
        );
        assert_eq!(
            commit_of(&at),
            repository.say(&["rev-parse", "--short=12", "HEAD"]),
            "{arguments:?}"
        );
        fs::write(at.join("app/a.py"), "x = 1\n").expect("written");
        assert_counts(&since(&at, "HEAD", &[]), "(0 new, 1 known, 1 fixed)");
        assert!(git(&at, &["checkout", "-q", "--", "app/a.py"]) && git(&at, &["sparse-checkout", "disable"]));
    }
}

#[test]
fn a_linked_working_tree_is_one_of_the_repository() {
    let repository = with_history();
    let linked = repository.beside("linked").to_string_lossy().into_owned();
    assert!(git(&repository.at(), &["worktree", "add", "-q", "--detach", &linked, "HEAD"]));
    let linked = Path::new(&linked);
    assert_counts(&since(linked, "main~1", &[]), "(1 new, 1 known, 0 fixed)");
    assert_counts(&since(&linked.join("app"), "HEAD", &["."]), "(0 new, 2 known, 0 fixed)");
    assert_eq!(commit_of(linked), repository.say(&["rev-parse", "--short=12", "HEAD"]));
    fs::write(linked.join("app/a.py"), "x = 1\n").expect("written");
    assert!(commit_of(linked).ends_with('+') && !commit_of(&repository.at()).ends_with('+'));
}

#[test]
fn a_sha256_repository_is_read() {
    let repository = Repository::bare_of_files(&["--object-format=sha256"]);
    write(&repository.at(), "app/a.py", &module(&[function("load", "users", "id")]));
    repository.commit();
    assert_eq!(repository.say(&["rev-parse", "HEAD"]).len(), 64);
    write(&repository.at(), "app/b.py", &module(&[function("fresh", "orders", "id")]));
    assert_counts(&since(&repository.at(), "HEAD", &[]), "(1 new, 1 known, 0 fixed)");
    assert_eq!(commit_of(&repository.at()), repository.say(&["rev-parse", "--short=12", "HEAD"]));
    touch(&repository.at().join("app/a.py"));
    assert!(!commit_of(&repository.at()).ends_with('+'));
}

#[test]
fn references_in_a_table_are_refused() {
    let repository = Repository::bare_of_files(&["--ref-format=reftable"]);
    write(&repository.at(), "a.py", "x = 1\n");
    repository.commit();
    assert_refused(
        &since(&repository.at(), "HEAD", &[]),
        "keeps its references as a reftable, which is not read",
    );
}

#[test]
fn packed_objects_and_references_are_read() {
    let repository = with_history();
    assert!(git(&repository.at(), &["tag", "-a", "-m", "first", "v1", "HEAD~1"]) && git(&repository.at(), &["gc", "-q", "--prune=now"]));
    for revision in [
        "HEAD~1",
        "main^",
        "v1",
        "main~1^{commit}",
        &repository.say(&["rev-parse", "--short", "HEAD~1"]),
    ] {
        assert_counts(&since(&repository.at(), revision, &[]), "(1 new, 1 known, 0 fixed)");
    }
}

#[test]
fn a_broken_object_makes_nothing_new() {
    let repository = Repository::new();
    let blob = repository.say(&["rev-parse", "HEAD:app/a.py"]);
    let (folder, file) = blob.split_at(2);
    let object = repository.at().join(".git/objects").join(folder).join(file);
    fs::remove_file(&object).expect("removed");
    fs::write(&object, "broken").expect("written");
    assert_refused(
        &since(&repository.at(), "HEAD", &[]),
        "app/a.py cannot be read from the repository; `git fsck` says what is wrong",
    );
}

/// The temporary folder plays no part: what is ignored there is not ignored here, and nothing can be left in it.
#[test]
fn the_temporary_folder_is_not_used() {
    let repository = Repository::new();
    write(repository.folder.path(), "temporary/.ignore", "*\n");
    for folder in ["temporary", "nowhere"] {
        let place = repository.beside(folder).to_string_lossy().into_owned();
        let arguments = ["scan", "--since", "HEAD", "--rule", "n-plus-one", "--no-cache"];
        let run = perfaudit_with(&repository.at(), &arguments, &[("TMPDIR", &place)]);
        assert_counts(&run, "(1 new, 1 known, 0 fixed)");
    }
    assert_eq!(fs::read_dir(repository.beside("temporary")).expect("a folder").count(), 1);
}
