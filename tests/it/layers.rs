//! Imports go strictly downward.

use std::path::{Path, PathBuf};

/// The level of each top-level module; `main` stands for the binary.
const LEVELS: &[(&str, u8)] = &[
    ("source", 0),
    ("finding", 0),
    ("coverage", 0),
    ("error", 0),
    ("files", 0),
    ("inventory", 0),
    ("progress", 0),
    ("ir", 1),
    ("statement", 1),
    ("walk", 1),
    ("config", 1),
    ("git", 1),
    ("stats", 1),
    ("syntax", 2),
    ("libraries", 3),
    ("cache", 4),
    ("project", 4),
    ("rules", 5),
    ("report", 6),
    ("examples", 7),
    ("lib", 7),
    ("main", 7),
];

fn level(module: &str) -> Option<u8> {
    LEVELS.iter().find(|(name, _)| *name == module).map(|(_, level)| *level)
}

/// Vocabulary that every recogniser of a library may use. `sqlalchemy_parts` reads the columns that SQLAlchemy's models and Alembic's
/// operations spell alike.
const SHARED: [&str; 16] = [
    "builder",
    "chain",
    "comparison",
    "context",
    "data",
    "ddl",
    "django_parts",
    "facts",
    "models",
    "mongo",
    "shape",
    "site",
    "sql_text",
    "sqlalchemy_parts",
    "ts_parts",
    "value",
];

/// What lists the recognisers, and so names them all.
const REGISTRIES: [&str; 4] = [
    "libraries/mod.rs",
    "libraries/ddl.rs",
    "libraries/entries/mod.rs",
    // Gives each step of a migration to the tool whose words it is in.
    "libraries/code_migrations.rs",
];

/// The source files by path, without their unit tests: these may use what lies above.
fn sources() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let files = walkdir::WalkDir::new(&root).sort_by_file_name().into_iter().filter_map(Result::ok);
    let rust = files.filter(|entry| entry.path().extension().is_some_and(|extension| extension == "rs"));
    let code = rust.filter(|entry| !is_test(&entry.file_name().to_string_lossy()));
    code.map(|entry| {
        let text = std::fs::read_to_string(entry.path()).expect("a source file");
        let path = entry.path().strip_prefix(&root).expect("below src").to_owned();
        (path, without_tests(&text))
    })
    .collect()
}

/// Whether a file is compiled for tests only, by its name.
fn is_test(file: &str) -> bool {
    file == "tests.rs" || file == "testing.rs" || file.ends_with("_tests.rs")
}

/// The code, without comments and without the unit tests at its end.
fn without_tests(text: &str) -> String {
    let code = text.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or("");
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

fn top(path: &Path) -> String {
    let first = path.iter().next().expect("a name").to_string_lossy();
    let name = first.strip_suffix(".rs").unwrap_or(&first);
    if name == "cli" { "main".to_owned() } else { name.to_owned() }
}

/// The modules that a text names after `prefix` (`crate::`), also in braces: `crate::{a, b::{c, d}}` gives `a` and `b`.
fn named(text: &str, prefix: &str) -> Vec<String> {
    let mut names = Vec::new();
    for (at, _) in text.match_indices(prefix) {
        let rest = &text[at + prefix.len()..];
        let Some(inner) = rest.strip_prefix('{') else {
            names.push(
                rest.chars()
                    .take_while(|&character| character.is_alphanumeric() || character == '_')
                    .collect(),
            );
            continue;
        };
        let (mut depth, mut name) = (0, String::new());
        for character in inner.chars() {
            match character {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' if depth == 0 => names.push(std::mem::take(&mut name)),
                _ if depth == 0 => name.push(character),
                _ => {}
            }
        }
        names.push(name);
    }
    let first = |name: String| name.trim().split("::").next().unwrap_or("").trim().to_owned();
    names
        .into_iter()
        .map(first)
        .filter(|name| !name.is_empty() && name != "self")
        .collect()
}

#[test]
fn no_module_imports_from_its_own_level_or_above() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let own = top(&path);
        let Some(own_level) = level(&own) else {
            wrong.push(format!(
                "{} has no level: add it to the layer map (src/lib.rs, tests/it/layers.rs)",
                path.display()
            ));
            continue;
        };
        if own_level == 7 {
            continue;
        }
        for name in named(&text, "crate::") {
            match level(&name) {
                _ if name == own => {}
                Some(used) if used <= own_level && (used < own_level || own_level < 2) => {}
                Some(used) => wrong.push(format!("{} (level {own_level}) imports `{name}` (level {used})", path.display())),
                None => wrong.push(format!("{} names `crate::{name}`, which has no level", path.display())),
            }
        }
    }
    assert!(wrong.is_empty(), "upward imports:\n{}", wrong.join("\n"));
}

#[test]
fn recognisers_of_libraries_do_not_know_each_other() {
    let mut wrong = Vec::new();
    for (path, text) in sources().into_iter().filter(|(path, _)| path.starts_with("libraries")) {
        let shown = path.to_string_lossy().replace('\\', "/");
        if REGISTRIES.contains(&shown.as_str()) {
            continue;
        }
        let parts: Vec<String> = path.iter().skip(1).map(|part| part.to_string_lossy().replace(".rs", "")).collect();
        // `entries/` holds recognisers side by side; any other folder is the parts of one.
        let (mut used, own) = match parts.as_slice() {
            [folder, own] if folder == "entries" => (named(&text, "super::"), own),
            [own, _, ..] => (Vec::new(), own),
            _ => (named(&text, "super::"), &parts[0]),
        };
        used.extend(named(&text, "crate::libraries::"));
        let others = used
            .into_iter()
            .filter(|name| name != own && is_module(name) && !SHARED.contains(&name.as_str()));
        wrong.extend(others.map(|name| format!("{shown} names `{name}`")));
    }
    assert!(wrong.is_empty(), "recognisers that know each other:\n{}", wrong.join("\n"));
}

/// Whether a name is that of a module, not of a type or constant.
fn is_module(name: &str) -> bool {
    name.chars().all(|character| character.is_ascii_lowercase() || character == '_')
}

#[test]
fn only_the_binary_prints_or_exits() {
    let mut wrong = Vec::new();
    for (path, text) in sources().into_iter().filter(|(path, _)| top(path) != "main") {
        for word in ["println!", "eprintln!", "print!(", "process::exit", "dbg!("] {
            if text.contains(word) {
                wrong.push(format!("{} has `{word}`", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn braces_and_paths_are_read() {
    let text = "use crate::{a, b::{c, d}, e as f};\nlet x = crate::g::h();\nuse crate::\u{7b}\n    i,\n    j::k,\n};";
    assert_eq!(named(text, "crate::"), ["a", "b", "e as f", "g", "i", "j"]);
}
