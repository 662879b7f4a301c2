use std::time::SystemTime;

use super::*;
use crate::syntax::facts;

fn seen(path: &str, text: &str) -> Seen {
    let kind = FileKind::of(path).expect("a kind");
    Seen::Facts {
        facts: Box::new(facts::extract(path, kind, text)),
        lines: text.lines().count(),
        lossy: false,
    }
}

/// Keeps some files in the cache of a folder.
fn store(folder: &Path, files: &[(&str, &str)]) {
    let cache = Cache::open_in(folder, Path::new("/root")).expect("a cache");
    let kept = files.iter().map(|(path, text)| {
        let key = CacheKey::of(path, FileKind::Python, text.as_bytes());
        let known = cache.get(key).map(|(_, kept)| kept);
        known.or_else(|| cache.keep(key, &seen(path, text))).expect("kept")
    });
    let kept = kept.collect();
    cache.store(kept);
}

fn load(folder: &Path, path: &str, text: &str) -> Option<Seen> {
    let cache = Cache::open_in(folder, Path::new("/root")).expect("a cache");
    cache
        .get(CacheKey::of(path, FileKind::Python, text.as_bytes()))
        .map(|(seen, _)| seen)
}

fn only_pack(folder: &Path) -> PathBuf {
    let files: Vec<_> = std::fs::read_dir(folder)
        .expect("a folder")
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| !path.ends_with(SECRET))
        .collect();
    assert_eq!(files.len(), 1, "one pack, and nothing half written: {files:?}");
    files[0].clone()
}

#[test]
fn every_file_of_the_fixtures_comes_back_as_it_was() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut count = 0;
    for entry in walkdir::WalkDir::new(root).into_iter().flatten() {
        let path = entry.path().to_string_lossy().into_owned();
        let (Some(kind), Ok(text)) = (FileKind::of(&path), std::fs::read_to_string(entry.path())) else {
            continue;
        };
        let before = Seen::Facts {
            facts: Box::new(facts::extract(&path, kind, &text)),
            lines: 1,
            lossy: true,
        };
        let bytes = postcard::to_stdvec(&before).expect("bytes");
        assert_eq!(postcard::from_bytes::<Seen>(&bytes).as_ref(), Ok(&before), "{path}");
        count += 1;
    }
    assert!(count > 20, "{count} files");
}

#[test]
fn a_changed_file_is_read_anew_and_the_others_are_not() {
    let folder = tempfile::tempdir().expect("a folder");
    store(folder.path(), &[("a.py", "x = 1\n"), ("b.py", "y = 2\n")]);
    assert_eq!(load(folder.path(), "a.py", "x = 1\n"), Some(seen("a.py", "x = 1\n")));
    assert_eq!(load(folder.path(), "a.py", "x = 3\n"), None);
    assert_eq!(load(folder.path(), "c.py", "x = 1\n"), None, "facts name their file");
    store(folder.path(), &[("a.py", "x = 3\n"), ("b.py", "y = 2\n")]);
    assert!(load(folder.path(), "a.py", "x = 3\n").is_some() && load(folder.path(), "b.py", "y = 2\n").is_some());
    only_pack(folder.path());
}

#[test]
fn what_was_not_scanned_for_long_is_dropped() {
    let folder = tempfile::tempdir().expect("a folder");
    store(folder.path(), &[("old.py", "x = 1\n")]);
    for run in 0..4 {
        store(folder.path(), &[("new.py", &format!("y = {run}\n"))]);
        assert!(load(folder.path(), "old.py", "x = 1\n").is_some(), "run {run}");
    }
    store(folder.path(), &[("new.py", "y = 4\n")]);
    assert_eq!(load(folder.path(), "old.py", "x = 1\n"), None);
}

#[test]
fn a_broken_pack_is_no_pack() {
    let folder = tempfile::tempdir().expect("a folder");
    store(folder.path(), &[("a.py", "x = 1\n"), ("b.py", "y = 2\n")]);
    let pack = only_pack(folder.path());
    let whole = std::fs::read(&pack).expect("a pack");
    let text = "x = 1\n";
    for at in 0..whole.len() {
        let mut broken = whole.clone();
        broken[at] ^= 0x41;
        std::fs::write(&pack, &broken).expect("written");
        let read = load(folder.path(), "a.py", text);
        assert!(read.is_none() || read == Some(seen("a.py", text)), "byte {at}");
        std::fs::write(&pack, &whole[..at]).expect("written");
        assert_eq!(load(folder.path(), "a.py", text), None, "cut at {at}");
    }
}

#[test]
fn a_pack_of_another_build_is_not_read() {
    let folder = tempfile::tempdir().expect("a folder");
    store(folder.path(), &[("a.py", "x = 1\n")]);
    let pack = only_pack(folder.path());
    let secret = secret(folder.path()).expect("a secret");
    let read = |secret: &[u8; 32], tool: [u8; 32], largest| Pack::read(&pack, &PackMark::new(secret, &tool), largest);
    assert!(read(&secret, tool(), LARGEST).is_some());
    assert!(read(&secret, [1; 32], LARGEST).is_none(), "another build");
    assert!(read(&[1; 32], tool(), LARGEST).is_none(), "another secret");
    assert!(read(&secret, tool(), 10).is_none(), "too large");
}

/// Whoever can write a pack, and not read the secret, gets nothing in: here the entry of one file is given to another.
#[test]
fn an_entry_that_was_moved_to_another_key_is_not_used() {
    let folder = tempfile::tempdir().expect("a folder");
    let (clean, bad) = ("x = 1\n", "x = [load(key) for key in keys]\n");
    store(folder.path(), &[("a.py", clean)]);
    let pack = only_pack(folder.path());
    let mut bytes = std::fs::read(&pack).expect("a pack");
    let (old, new) = (
        CacheKey::of("a.py", FileKind::Python, clean.as_bytes()),
        CacheKey::of("a.py", FileKind::Python, bad.as_bytes()),
    );
    let at = bytes.windows(32).position(|window| window == old.0).expect("the key");
    bytes[at..at + 32].copy_from_slice(&new.0);
    std::fs::write(&pack, bytes).expect("written");
    assert_eq!(load(folder.path(), "a.py", bad), None);
}

#[test]
fn the_key_tells_path_kind_and_bytes_apart() {
    let key = |path: &str, bytes: &str| CacheKey::of(path, FileKind::Python, bytes.as_bytes());
    assert_ne!(key("a.py", "b.py"), key("a.pyb.py", ""));
    assert_ne!(key("a.py", ""), CacheKey::of("a.py", FileKind::Sql, b""));
}

#[cfg(unix)]
#[test]
fn only_what_is_this_users_alone_is_used() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path().join("new/packs");
    let text = "x = 1\n";
    store(&at, &[("a.py", text)]);
    let mode = |path: &Path| std::fs::metadata(path).expect("there").mode() & 0o777;
    assert_eq!((mode(&at), mode(&at.join(SECRET)), mode(&only_pack(&at))), (0o700, 0o600, 0o600));
    let set = |path: &Path, mode| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("a mode");
    // Others might have written it.
    let pack = only_pack(&at);
    set(&pack, 0o666);
    assert_eq!(load(&at, "a.py", text), None);
    set(&pack, 0o600);
    assert!(load(&at, "a.py", text).is_some());
    set(&at, 0o777);
    assert!(Cache::open_in(&at, Path::new("/root")).is_none());
    set(&at, 0o700);
    set(&at.join(SECRET), 0o622);
    assert!(Cache::open_in(&at, Path::new("/root")).is_none());
    set(&at.join(SECRET), 0o600);
    // Another name for a pack is none, and what is written takes the place of the link.
    let elsewhere = folder.path().join("elsewhere");
    std::fs::rename(&pack, &elsewhere).expect("moved");
    symlink(&elsewhere, &pack).expect("linked");
    assert_eq!(load(&at, "a.py", text), None);
    let before = std::fs::read(&elsewhere).expect("a pack");
    store(&at, &[("a.py", "x = 2\n")]);
    assert_eq!(std::fs::read(&elsewhere).expect("a pack"), before);
    assert!(Cache::open_in(&at, folder.path()).is_none(), "the folder lies in what is scanned");
}

#[test]
fn the_oldest_packs_go_first() {
    let folder = tempfile::tempdir().expect("a folder");
    let now = SystemTime::now();
    for (name, age) in [
        ("new.facts", 0),
        ("old.facts", 500),
        (".writing-1", 9000),
        (".writing-2", 5),
        ("notes.txt", 9000),
    ] {
        let file = std::fs::File::create(folder.path().join(name)).expect("a file");
        file.set_len(100).expect("a size");
        file.set_modified(now - Duration::from_secs(age)).expect("a time");
    }
    tidy(folder.path(), 150);
    let mut left: Vec<_> = std::fs::read_dir(folder.path())
        .expect("a folder")
        .flatten()
        .map(|entry| entry.file_name())
        .collect();
    left.sort();
    assert_eq!(left, [".writing-2", "new.facts", "notes.txt"]);
}
