use super::*;
use crate::libraries::facts;

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
        let key = Key::of(path, FileKind::Python, text.as_bytes());
        let known = cache.get(key).map(|(_, kept)| kept);
        known.or_else(|| cache.keep(key, &seen(path, text))).expect("kept")
    });
    let kept = kept.collect();
    cache.store(kept);
}

fn load(folder: &Path, path: &str, text: &str) -> Option<Seen> {
    let cache = Cache::open_in(folder, Path::new("/root")).expect("a cache");
    cache.get(Key::of(path, FileKind::Python, text.as_bytes())).map(|(seen, _)| seen)
}

fn only_pack(folder: &Path) -> PathBuf {
    let files: Vec<_> = std::fs::read_dir(folder)
        .expect("a folder")
        .flatten()
        .map(|entry| entry.path())
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
    let tool = tool().expect("an executable");
    assert!(Pack::read(&pack, tool, LARGEST).is_some());
    assert!(Pack::read(&pack, tool ^ 1, LARGEST).is_none());
    assert!(Pack::read(&pack, tool, 10).is_none(), "too large");
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
