//! What the guides for those who change perfaudit say of its files is so.

use std::collections::BTreeSet;
use std::path::Path;

/// The guides.
const GUIDES: [&str; 4] = ["ARCHITECTURE.md", "CONTRIBUTING.md", "GLOSSARY.md", "benches/README.md"];
/// Endings of what is taken for a file's name.
const ENDINGS: [&str; 7] = [".json", ".md", ".py", ".rs", ".sh", ".toml", ".yml"];
/// Folders that are built or downloaded.
const MADE: [&str; 4] = [".git", "node_modules", "target", "__pycache__"];

/// Every file and folder of the repository, by path.
fn paths() -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let is_ours = |entry: &walkdir::DirEntry| !MADE.contains(&entry.file_name().to_string_lossy().as_ref());
    let entries = walkdir::WalkDir::new(root).min_depth(1).into_iter().filter_entry(is_ours);
    let below = |entry: walkdir::DirEntry| {
        let path = entry.path().strip_prefix(root).expect("below the root");
        path.to_string_lossy().replace('\\', "/")
    };
    entries.filter_map(Result::ok).map(below).collect()
}

/// The paths that a guide names: words in backticks that are a file's name or have a slash, and hold no place to fill.
fn named(text: &str) -> Vec<(usize, &str)> {
    let mut out = Vec::new();
    let mut fenced = false;
    for (index, line) in text.lines().enumerate() {
        fenced ^= line.starts_with("```");
        if fenced || line.starts_with("```") {
            continue;
        }
        for word in line.split('`').skip(1).step_by(2) {
            let is_plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '/' | '_' | '-');
            let is_path = word.contains('/') || ENDINGS.iter().any(|ending| word.ends_with(ending));
            if is_path && word.chars().all(is_plain) && !word.starts_with(['/', '-']) {
                out.push((index + 1, word.trim_end_matches('/')));
            }
        }
    }
    out
}

#[test]
fn paths_are_told_from_other_words() {
    let text = "`src/a.rs`, `b.rs` and `mod/`, not `a + b`, `rules/<rule>.md`, `/orders` or `word`\n```sh\n`x/y`\n```\n`c.py`";
    let paths: Vec<&str> = named(text).into_iter().map(|(_, path)| path).collect();
    assert_eq!(paths, ["src/a.rs", "b.rs", "mod", "c.py"]);
}

#[test]
fn files_that_the_guides_name_exist() {
    let paths = paths();
    let mut wrong = Vec::new();
    let mut count = 0;
    for guide in GUIDES {
        let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(guide)).expect("a guide");
        for (line, name) in named(&text) {
            count += 1;
            // A guide may leave out the folders above, as in `engine/run.rs`.
            let is_it = |path: &String| path.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with('/'));
            if !paths.iter().any(is_it) {
                wrong.push(format!("{guide}:{line}: {name}"));
            }
        }
    }
    assert!(count > 200, "paths are found: {count}");
    assert!(wrong.is_empty(), "no such file:\n{}", wrong.join("\n"));
}
