//! The cache: whose packs are believed.

use super::*;

fn cached(place: &Place, packs: &Path) -> Run {
    let arguments = ["scan", "--fail-on", "never"].map(OsStr::new);
    run_with(&place.project, &[("PERFAUDIT_CACHE_DIR", packs.as_os_str())], &arguments)
}

#[test]
fn a_pack_that_is_a_pipe_or_a_link_keeps_nobody_waiting() {
    let place = place();
    let packs = place.outside.join("packs");
    let cold = cached(&place, &packs);
    let pack = fs::read_dir(&packs)
        .expect("packs")
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.extension() == Some(OsStr::new("facts")));
    let pack = pack.expect("a pack");
    for target in [None, Some("/dev/zero"), Some("/dev/stdin")] {
        fs::remove_file(&pack).expect("removed");
        match target {
            None => pipe(&pack),
            Some(target) => symlink(target, &pack).expect("linked"),
        }
        let warm = cached(&place, &packs);
        assert_eq!((warm.code, warm.out), (Some(0), cold.out.clone()));
    }
}

/// The packs in a folder.
fn packs_in(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("packs").flatten().map(|entry| entry.path());
    let mut packs: Vec<PathBuf> = entries.filter(|path| path.extension() == Some(OsStr::new("facts"))).collect();
    packs.sort();
    packs
}

/// Whoever can name a pack, but not write it, can at most swap two: neither is believed for the other's files.
#[test]
fn a_pack_of_another_project_or_another_secret_changes_nothing() {
    let (one, other) = (place(), place());
    fs::write(other.project.join("app.py"), "x = 1\n").expect("written");
    let packs = one.outside.join("packs");
    let cold = (cached(&one, &packs), cached(&other, &packs));
    assert_ne!(cold.0.out, cold.1.out);
    let [first, second] = packs_in(&packs).try_into().expect("two packs");
    let (held, put) = (fs::read(&first).expect("a pack"), fs::read(&second).expect("a pack"));
    fs::write(&first, put).expect("written");
    fs::write(&second, held).expect("written");
    let warm = (cached(&one, &packs), cached(&other, &packs));
    assert_eq!((warm.0.out, warm.1.out), (cold.0.out.clone(), cold.1.out.clone()));
    // A pack from a folder with another secret.
    let foreign = other.outside.join("packs");
    cached(&other, &foreign);
    let pack = fs::read(&packs_in(&foreign)[0]).expect("a pack");
    for name in packs_in(&packs) {
        fs::write(name, &pack).expect("written");
    }
    assert_eq!(cached(&one, &packs).out, cold.0.out);
}

/// A folder that others may write could hold packs and the secret of somebody else.
#[test]
fn a_cache_that_others_may_write_is_none() {
    use std::os::unix::fs::PermissionsExt;
    let place = place();
    for mode in [0o777, 0o770] {
        let packs = place.outside.join(format!("packs-{mode:o}"));
        fs::create_dir(&packs).expect("a folder");
        fs::set_permissions(&packs, fs::Permissions::from_mode(mode)).expect("a mode");
        assert_eq!(cached(&place, &packs).code, Some(0));
        assert_eq!(fs::read_dir(&packs).expect("a folder").count(), 0, "{mode:o}");
    }
    // Nor one of another user, where the test may give it away.
    let packs = place.outside.join("packs-given");
    fs::create_dir(&packs).expect("a folder");
    if std::os::unix::fs::chown(&packs, Some(1), None).is_ok() {
        assert_eq!(cached(&place, &packs).code, Some(0));
        assert_eq!(fs::read_dir(&packs).expect("a folder").count(), 0);
    }
}

/// A repository could bring packs and their secret along.
#[test]
fn a_cache_in_the_scanned_tree_is_none() {
    let place = place();
    let packs = place.project.join(".cache");
    assert_eq!(cached(&place, &packs).code, Some(0));
    assert!(!packs.exists());
    fs::create_dir(&packs).expect("a folder");
    let link = place.outside.join("link");
    symlink(&packs, &link).expect("linked");
    assert_eq!(cached(&place, &link).code, Some(0));
    assert_eq!(fs::read_dir(&packs).expect("a folder").count(), 0);
}
