//! Imports go strictly downward, files do not import each other in circles, and recognisers do not know each other.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The level of each module, the longest name that fits; `lib` and `main` stand for the roots of the library and of the binary.
const LEVELS: &[(&str, u8)] = &[
    ("budget", 0),
    ("source", 1),
    ("finding", 1),
    ("coverage", 1),
    ("error", 1),
    ("escape", 1),
    ("files", 1),
    ("fix::edits", 1),
    ("fix::remedy", 1),
    ("inventory::rows", 1),
    ("progress", 1),
    ("silence", 1),
    ("vocabulary", 1),
    ("ir", 2),
    ("statement", 2),
    ("walk", 2),
    ("config", 2),
    ("git", 2),
    ("stats", 2),
    ("syntax", 3),
    ("libraries", 4),
    ("cache", 5),
    ("project", 5),
    ("judge", 6),
    ("analysis", 7),
    ("advice", 8),
    ("rules", 9),
    ("inventory", 9),
    ("fix", 9),
    ("render", 9),
    ("engine", 10),
    ("verify", 10),
    ("report", 11),
    ("engine::run", TOP),
    ("examples", TOP),
    ("lib", TOP),
    ("main", TOP),
];

/// The level that may import everything.
const TOP: u8 = 12;
/// Below this level modules of one level may import each other: plain data that is told apart by what it is about.
const FIRST_STRICT: u8 = 3;

/// Upward imports that are allowed: the file, what it imports, and why.
const UPWARD: &[(&str, &str, &str)] = &[];

/// Files that import each other in a circle and may: all of the circle, and why.
const CIRCLES: &[(&[&str], &str)] = &[(
    &["syntax::sql::dml", "syntax::sql::predicate"],
    "a query holds conditions, and a condition holds queries",
)];

/// The most lines of a file: a longer one answers several questions, and is split where one of them ends.
const LONGEST_FILE: usize = 700;

/// Files that may be longer, and why.
const LONG_FILES: &[(&str, &str)] = &[
    ("syntax/python.rs", "one walk over all forms of a grammar"),
    ("syntax/typescript.rs", "one walk over all forms of a grammar"),
];

/// Public types of one name in several modules: one thing in two forms, and which.
const SHARED_NAMES: &[(&str, &str)] = &[
    ("Column", "of the schema, and as `perfaudit schema` prints it"),
    ("ForeignKey", "of the schema, and as `perfaudit schema` prints it"),
    ("Index", "of the schema, and as `perfaudit schema` prints it"),
    ("IndexKey", "of a CREATE INDEX, and as `perfaudit schema` prints it"),
    ("Removed", "of the schema, and as `perfaudit schema` prints it"),
    ("Table", "of the schema, and as `perfaudit schema` prints it"),
    ("Unclear", "of the schema, and as `perfaudit schema` prints it"),
];

/// Files of `libraries/` that list recognisers, and so name them all.
const REGISTRIES: [&str; 4] = [
    "libraries",
    "libraries::registry",
    "libraries::entries",
    // Gives each step of a migration to the tool whose words it is in.
    "libraries::ts_migrations",
];

/// What every recogniser may use: in `libraries/` the shared vocabulary, in `libraries/entries/` what reads one file.
const SHARED: [&str; 4] = [
    "libraries::shared",
    "libraries::entries::site",
    "libraries::entries::often",
    "libraries::entries::mounts",
];

/// What texts of rules do not speak of: libraries, frameworks and tools, as programs and people write them.
const LIBRARIES: [&str; 37] = [
    "Alembic",
    "Django",
    "Drizzle",
    "FastAPI",
    "Flask",
    "Knex",
    "Mongoose",
    "Objection",
    "Peewee",
    "Prisma",
    "SQLAlchemy",
    "Sequelize",
    "Starlette",
    "TypeORM",
    "Vite",
    "aiohttp",
    "alembic",
    "anyio",
    "asyncio",
    "asyncpg",
    "axios",
    "django",
    "drizzle",
    "flask",
    "flask_caching",
    "httpx",
    "ioredis",
    "knex",
    "mongoose",
    "prisma",
    "psycopg",
    "psycopg2",
    "sequelize",
    "sqlalchemy",
    "tortoise",
    "typeorm",
    "webpack",
];

/// Rules that speak of a library all the same, and why.
const SPEAKING: &[(&str, &str)] = &[
    ("rules/shared/deployed.rs", "the place that it shows is a schema of Prisma"),
    ("rules/per_row/n_plus_one/hooks.rs", "what it finds is a hook of Django"),
    ("rules/per_row/unbatched_write.rs", "what it finds is a method of psycopg2"),
    (
        "rules/waiting/blocking_call_in_async/words.rs",
        "what it warns of is an error that Django raises",
    ),
];

/// The source files by path, without their unit tests: these may use what lies above.
pub fn sources() -> Vec<(PathBuf, String)> {
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

/// The module that a file is, by its path below `src`; the binary's files are all of `main`.
fn module_of(path: &Path) -> Vec<String> {
    let parts = path.iter().map(|part| part.to_string_lossy().replace(".rs", ""));
    let parts: Vec<String> = parts.filter(|part| part != "mod").collect();
    match parts.first().map(String::as_str) {
        Some("cli" | "main") => vec!["main".to_owned()],
        _ => parts,
    }
}

/// The entry of the level map that a path of names belongs to, the longest that fits.
fn level(path: &[String]) -> Option<(&'static str, u8)> {
    let fits = |name: &str| {
        name.split("::")
            .enumerate()
            .all(|(at, part)| path.get(at).is_some_and(|own| own == part))
    };
    let found = LEVELS.iter().filter(|(name, _)| fits(name));
    found.max_by_key(|(name, _)| name.len()).copied()
}

/// The paths that a module names from the crate's root (`crate::…`, `super::…`), braces taken apart.
fn named(module: &[String], code: &str) -> Vec<Vec<String>> {
    let mut out = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        if starts_here(code, at) {
            tree(&mut code[at + "crate::".len()..].chars().peekable(), &[], &mut out);
        }
    }
    for (at, _) in code.match_indices("super::") {
        if !starts_here(code, at) {
            continue;
        }
        let (mut rest, mut base) = (&code[at..], module);
        while let Some(after) = rest.strip_prefix("super::") {
            rest = after;
            base = base.split_last().map_or(&[][..], |(_, outer)| outer);
        }
        tree(&mut rest.chars().peekable(), base, &mut out);
    }
    out
}

/// Whether a path starts at an offset, and does not go on there.
fn starts_here(code: &str, at: usize) -> bool {
    let before = code[..at].chars().next_back();
    !before.is_some_and(|character| character.is_alphanumeric() || matches!(character, '_' | ':' | '$'))
}

/// Reads `a::b`, `a::{b, c::d}` or `*` behind a prefix.
fn tree(text: &mut std::iter::Peekable<std::str::Chars<'_>>, prefix: &[String], out: &mut Vec<Vec<String>>) {
    let mut path = prefix.to_vec();
    loop {
        while text.next_if(|character| character.is_whitespace()).is_some() {}
        if text.next_if_eq(&'{').is_some() {
            loop {
                tree(text, &path, out);
                while text.next_if(|character| !matches!(character, ',' | '}')).is_some() {}
                if text.next() != Some(',') {
                    return;
                }
            }
        }
        let mut name = String::new();
        while let Some(character) = text.next_if(|character| character.is_alphanumeric() || *character == '_') {
            name.push(character);
        }
        if !name.is_empty() && name != "self" {
            path.push(name);
        }
        if text.next_if_eq(&':').is_none() || text.next_if_eq(&':').is_none() {
            break;
        }
    }
    if path.len() > prefix.len() || !prefix.is_empty() {
        out.push(path);
    }
}

#[test]
fn no_module_imports_from_its_own_level_or_above() {
    let mut wrong = Vec::new();
    for (path, code) in sources() {
        let (module, shown) = (module_of(&path), path.display());
        let Some((own, own_level)) = level(&module) else {
            wrong.push(format!(
                "{shown} has no level: add it to the layer map (src/lib.rs, tests/it/layers.rs)"
            ));
            continue;
        };
        if own_level == TOP {
            continue;
        }
        for path in named(&module, &code) {
            let name = path.join("::");
            match level(&path) {
                Some((used, _)) if used == own => {}
                Some((_, used)) if used < own_level || used == own_level && own_level < FIRST_STRICT => {}
                _ if UPWARD.iter().any(|(file, import, _)| *file == module.join("::") && *import == name) => {}
                Some((_, used)) => wrong.push(format!("{shown} (level {own_level}) imports `{name}` (level {used})")),
                // What the root hands on is the run's.
                None if path.len() == 1 && is_module(&name) => wrong.push(format!("{shown} names `crate::{name}`, which has no level")),
                None => wrong.push(format!(
                    "{shown} imports `{name}` from the root of the crate: name the module that it is of"
                )),
            }
        }
    }
    assert!(wrong.is_empty(), "upward imports:\n{}", wrong.join("\n"));
}

#[test]
fn every_level_has_a_module() {
    let modules: Vec<Vec<String>> = sources().iter().map(|(path, _)| module_of(path)).collect();
    let is_used = |name: &str| modules.iter().any(|module| level(module).is_some_and(|(own, _)| own == name));
    let unused: Vec<&str> = LEVELS.iter().map(|(name, _)| *name).filter(|name| !is_used(name)).collect();
    assert!(unused.is_empty(), "no such module: {unused:?}");
}

/// The files that each file imports. Parts of a file may use the file that they are parts of; a file knows its parts.
fn imports() -> BTreeMap<String, BTreeSet<String>> {
    let all: Vec<(Vec<String>, String)> = sources().into_iter().map(|(path, code)| (module_of(&path), code)).collect();
    let modules: BTreeSet<String> = all.iter().map(|(module, _)| module.join("::")).collect();
    let mut out: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (module, code) in all.iter().filter(|(module, _)| !matches!(module[0].as_str(), "main" | "lib")) {
        let own = module.join("::");
        let used = out.entry(own.clone()).or_default();
        for path in named(module, code) {
            let file = (1..=path.len())
                .rev()
                .map(|length| path[..length].join("::"))
                .find(|file| modules.contains(file));
            used.extend(file.filter(|file| *file != own && !own.starts_with(&format!("{file}::"))));
        }
    }
    let parts: Vec<String> = out.keys().cloned().collect();
    for part in parts {
        if let Some((whole, _)) = part.rsplit_once("::")
            && let Some(used) = out.get_mut(whole)
        {
            used.insert(part.clone());
        }
    }
    out
}

/// All files that a file leads to.
fn reached(imports: &BTreeMap<String, BTreeSet<String>>, from: &str) -> BTreeSet<String> {
    let (mut seen, mut open) = (BTreeSet::new(), vec![from.to_owned()]);
    while let Some(at) = open.pop() {
        for next in imports.get(&at).into_iter().flatten() {
            if seen.insert(next.clone()) {
                open.push(next.clone());
            }
        }
    }
    seen
}

#[test]
fn files_do_not_import_each_other_in_circles() {
    let imports = imports();
    let leads_to: BTreeMap<&String, BTreeSet<String>> = imports.keys().map(|file| (file, reached(&imports, file))).collect();
    let mut circles: BTreeSet<Vec<&str>> = BTreeSet::new();
    for (file, others) in &leads_to {
        if others.contains(*file) {
            let back = |other: &&String| leads_to.get(*other).is_some_and(|there| there.contains(*file));
            circles.insert(others.iter().filter(back).map(String::as_str).collect());
        }
    }
    let known: BTreeSet<Vec<&str>> = CIRCLES.iter().map(|(files, _)| files.to_vec()).collect();
    let wrong: Vec<String> = circles.difference(&known).map(|files| files.join(" <-> ")).collect();
    assert!(wrong.is_empty(), "files that import each other:\n{}", wrong.join("\n"));
    let gone: Vec<String> = known.difference(&circles).map(|files| files.join(" <-> ")).collect();
    assert!(gone.is_empty(), "no circles any more, take them off the list:\n{}", gone.join("\n"));
}

#[test]
fn files_are_short() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let lines = |path: &Path| std::fs::read_to_string(root.join(path)).expect("a source file").lines().count();
    let long: Vec<String> = sources()
        .into_iter()
        .filter(|(path, _)| lines(path) > LONGEST_FILE)
        .map(|(path, _)| path.display().to_string().replace('\\', "/"))
        .collect();
    let excused: Vec<&str> = LONG_FILES.iter().map(|(path, _)| *path).collect();
    assert_eq!(long, excused, "files of more than {LONGEST_FILE} lines, and those that may be");
}

/// The public types that a file declares, by name.
fn public_types(code: &str) -> impl Iterator<Item = &str> {
    code.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        let is_public = words.next().is_some_and(|word| word == "pub" || word.starts_with("pub("));
        // `pub(in path)` is two words.
        let mut words = words.skip_while(|word| word.ends_with(')'));
        let is_type = matches!(words.next(), Some("struct" | "enum" | "union" | "trait" | "type"));
        let name = words.next()?.split(|character: char| !character.is_alphanumeric()).next()?;
        (is_public && is_type && !name.is_empty()).then_some(name)
    })
}

/// Who reads a name looks for its meaning by searching: two meanings mean two answers, and imports under other names.
#[test]
fn no_two_public_types_share_a_name() {
    let mut modules: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (path, code) in sources() {
        for name in public_types(&code) {
            modules.entry(name.to_owned()).or_default().push(path.display().to_string());
        }
    }
    assert!(
        modules.contains_key("Finding") && modules.contains_key("Resolver"),
        "types are read"
    );
    modules.retain(|_, files| files.len() > 1);
    let is_excused = |name: &str| SHARED_NAMES.iter().any(|(shared, _)| *shared == name);
    let wrong: Vec<String> = modules
        .iter()
        .filter(|(name, _)| !is_excused(name))
        .map(|(name, files)| format!("`{name}`: {}", files.join(", ")))
        .collect();
    assert!(wrong.is_empty(), "say what each is, by its name:\n{}", wrong.join("\n"));
    let gone: Vec<&str> = SHARED_NAMES
        .iter()
        .map(|(name, _)| *name)
        .filter(|name| !modules.contains_key(*name))
        .collect();
    assert!(gone.is_empty(), "no longer shared, take them off the list: {gone:?}");
}

/// The library that a path of `libraries` belongs to: its folder, or its file in `entries`.
fn library(path: &[String]) -> Vec<String> {
    let depth = if path.get(1).is_some_and(|folder| folder == "entries") {
        3
    } else {
        2
    };
    path.iter().take(depth).cloned().collect()
}

#[test]
fn recognisers_of_libraries_do_not_know_each_other() {
    let mut wrong = Vec::new();
    for (file, code) in sources().into_iter().filter(|(file, _)| file.starts_with("libraries")) {
        let module = module_of(&file);
        if REGISTRIES.contains(&module.join("::").as_str()) {
            continue;
        }
        for path in named(&module, &code) {
            let other = library(&path);
            let is_library = other.first().is_some_and(|first| first == "libraries") && other.last().is_some_and(|name| is_module(name));
            let shown = other.join("::");
            if is_library
                && other != library(&module)
                && other.len() > 1
                && !SHARED.contains(&shown.as_str())
                && shown != "libraries::entries"
            {
                wrong.push(format!("{} names `{shown}`", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "recognisers that know each other:\n{}", wrong.join("\n"));
}

/// Where a library is named outside of its folder all the same, and why.
const NAMING: &[(&str, &str)] = &[
    ("fix/calls/queries.rs", "the calls that it rewrites are Django's"),
    (
        "fix/index/",
        "one file writes the words of one library, and `writers.rs` lists them",
    ),
    ("project/deployment/pools.rs", "what makes a pool is a function of a driver"),
    ("project/dialect.rs", "packages of drivers stand for a database"),
    ("project/schema.rs", "a schema of Prisma is no program, and read there"),
    ("project/schema/django.rs", "labels of Django's apps are settled over all files"),
    (
        "project/schema/merge.rs",
        "a schema of Prisma says for its folder that the database has no keys",
    ),
    ("project/schema/order.rs", "the name of Prisma's steps"),
    ("project/schema/sources.rs", "SQL of nobody's migrations"),
];

/// Files that read paths and languages, not libraries: `prisma` is a kind of file there.
const OF_FILES: [&str; 5] = ["engine/page.rs", "report/audit/", "syntax/prisma.rs", "walk.rs", "walk/"];

/// A library is a folder, its effects, its advice and a line in the registry: whoever asks for one by name makes it more.
#[test]
fn libraries_are_known_by_traits_outside_of_their_folders() {
    let registry = std::fs::read_to_string("src/libraries/registry.rs").expect("the registry is there");
    let listed = registry
        .split("= &[")
        .nth(1)
        .and_then(|list| list.split("];").next())
        .expect("LIBRARIES");
    let names: BTreeSet<&str> = listed
        .split('&')
        .filter_map(|line| line.split("::").next())
        .map(str::trim)
        .filter(|name| !name.is_empty() && !matches!(*name, "mongo" | "sql") && !name.contains(' '))
        .collect();
    assert!(names.len() > 15, "{names:?}");
    let mut wrong = Vec::new();
    let mut naming = BTreeSet::new();
    for (path, code) in sources() {
        let shown = path.to_string_lossy().replace('\\', "/");
        if shown.starts_with("libraries/") || OF_FILES.iter().any(|file| shown.starts_with(file)) {
            continue;
        }
        let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
        let is_named = |line: &str| {
            names
                .iter()
                .any(|name| line.contains(&format!("\"{name}\"")) || line.contains(&format!("{name}::TOOL")))
                || line.contains("sql::TOOL")
        };
        for line in lines.filter(|line| is_named(line)) {
            match NAMING.iter().find(|(file, _)| shown.starts_with(file)) {
                Some((file, _)) => drop(naming.insert(*file)),
                None => wrong.push(format!("{shown}: {}", line.trim())),
            }
        }
    }
    assert!(wrong.is_empty(), "ask for a `Trait`:\n{}", wrong.join("\n"));
    let gone: Vec<&str> = NAMING.iter().map(|(file, _)| *file).filter(|file| !naming.contains(file)).collect();
    assert!(gone.is_empty(), "names none any more, take it off the exceptions: {gone:?}");
}

/// Whether a name is that of a module, not of a type or constant.
fn is_module(name: &str) -> bool {
    name.chars().all(|character| character.is_ascii_lowercase() || character == '_')
}

/// Whoever looks for a rule finds it by its name.
#[test]
fn a_file_of_rules_is_a_rule() {
    let is_page = |stem: &str| Path::new("rules").join(format!("{}.md", stem.replace('_', "-"))).is_file();
    let mut wrong = Vec::new();
    for (path, _) in sources().into_iter().filter(|(path, _)| path.starts_with("rules")) {
        let parts: Vec<&str> = path.iter().filter_map(|part| part.to_str()).collect();
        // What a rule is made of stands below it; what several share, what users write, and tests are none.
        let [_, topic, file] = parts.as_slice() else { continue };
        let stem = file.trim_end_matches(".rs");
        if !matches!(*topic, "own" | "shared") && !matches!(stem, "mod" | "tests") && !is_page(stem) {
            wrong.push(path.display().to_string());
        }
    }
    assert!(wrong.is_empty(), "no page says what these rules are: {wrong:?}");
}

/// A rule says what a use costs and how it is reached; what priority that is stands in one table.
#[test]
fn no_rule_sets_a_priority() {
    let mut wrong = Vec::new();
    for (path, code) in sources() {
        let of_rules = ["rules", "analysis", "advice", "inventory"]
            .iter()
            .any(|folder| path.starts_with(folder));
        if of_rules && (code.contains("Priority::P") || code.contains(".priority =")) {
            wrong.push(path.display().to_string());
        }
    }
    assert!(wrong.is_empty(), "`judge::priority` decides: {wrong:?}");
}

/// What differs by language is a question on `ir::Language`, a filter where a library is known, or a text in `rules/advice/`: a rule that
/// compares languages would have to be searched for when a third one comes.
#[test]
fn no_rule_asks_which_language_it_reads() {
    let of_rules = sources().into_iter().filter(|(path, _)| path.starts_with("rules"));
    let asks = of_rules.filter(|(_, code)| code.contains("Language::"));
    let wrong: Vec<String> = asks.map(|(path, _)| path.display().to_string()).collect();
    assert!(wrong.is_empty(), "ask `ir::Language` what is meant: {wrong:?}");
}

/// What a library has or does is a question on `libraries::registry` or the model's tool, and its words stand in `rules/advice/`.
#[test]
fn no_rule_names_a_library() {
    let names: Vec<String> = std::fs::read_dir("rules/advice")
        .expect("the advice is there")
        .filter_map(|entry| entry.ok()?.path().file_stem()?.to_str().map(|name| format!("\"{name}\"")))
        .filter(|name| !matches!(name.as_str(), "\"any\"" | "\"python\"" | "\"typescript\""))
        .chain(["\"redis\"".to_owned(), "\"sqlmodel\"".to_owned()])
        .collect();
    let mut wrong = Vec::new();
    let mut speaking = BTreeSet::new();
    for (path, code) in sources().into_iter().filter(|(path, _)| path.starts_with("rules")) {
        let shown = path.to_string_lossy().replace('\\', "/");
        let named = names.iter().filter(|name| code.contains(name.as_str()));
        wrong.extend(named.map(|name| format!("{shown} names {name}")));
        if code.contains("::TOOL") {
            wrong.push(format!("{shown} asks which tool it is: that is a `Trait`"));
        }
        let spoken = texts(&code).into_iter().flat_map(words).filter(|word| LIBRARIES.contains(word));
        for word in spoken {
            if SPEAKING.iter().any(|(file, _)| *file == shown) {
                speaking.insert(shown.clone());
            } else {
                wrong.push(format!("{shown} speaks of {word}"));
            }
        }
    }
    assert!(names.len() > 10 && wrong.is_empty(), "{}", wrong.join("\n"));
    let gone: Vec<&str> = SPEAKING
        .iter()
        .map(|(file, _)| *file)
        .filter(|file| !speaking.contains(*file))
        .collect();
    assert!(gone.is_empty(), "names none any more, take it off the exceptions: {gone:?}");
}

/// The literals of a text of Rust, without comments.
fn texts(code: &str) -> Vec<&str> {
    let mut out = Vec::new();
    for line in code.lines().filter(|line| !line.trim_start().starts_with("//")) {
        out.extend(line.split('"').skip(1).step_by(2));
    }
    out
}

/// The names in a text: `django` and `core` of `django.core.`.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|character: char| !character.is_alphanumeric() && !matches!(character, '_' | '-'))
}

#[test]
fn libraries_are_seen_in_texts() {
    let code = "// \"django\"\nif name.starts_with(\"django.core.\") || x == \"redis-keys\" {}";
    let spoken: Vec<&str> = texts(code)
        .into_iter()
        .flat_map(words)
        .filter(|word| LIBRARIES.contains(word))
        .collect();
    assert_eq!(spoken, ["django"]);
}

#[test]
fn only_the_binary_prints_or_exits() {
    let mut wrong = Vec::new();
    for (path, code) in sources().into_iter().filter(|(path, _)| module_of(path) != ["main"]) {
        for word in ["println!", "eprintln!", "print!(", "process::exit", "dbg!("] {
            if code.contains(word) {
                wrong.push(format!("{} has `{word}`", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Lists are named in `src/vocabulary.rs` and used elsewhere.
#[test]
fn every_list_of_words_is_used() {
    let vocabulary = include_str!("../../src/vocabulary.rs");
    let named = vocabulary.lines().filter_map(|line| {
        let (name, place) = line.trim().split_once(" = \"")?;
        (place.ends_with("\",") && name.chars().all(char::is_alphanumeric)).then_some(name)
    });
    let named: Vec<&str> = named.collect();
    assert!(named.len() > 30, "the lists are not found: {named:?}");
    let code: String = sources()
        .into_iter()
        .filter(|(path, _)| path.as_os_str() != "vocabulary.rs")
        .map(|(_, code)| code)
        .collect();
    let is_used = |name: &&str| {
        ["List::", "Open::"].iter().any(|kind| {
            code.match_indices(&format!("{kind}{name}"))
                .any(|(at, found)| !code[at + found.len()..].starts_with(char::is_alphanumeric))
        })
    };
    let unused: Vec<&str> = named.into_iter().filter(|name| !is_used(name)).collect();
    assert!(unused.is_empty(), "lists that nothing asks for: {unused:?}");
}

#[test]
fn braces_and_paths_are_read() {
    let text = "use crate::{a, b::{c, d}, e as f};\nlet x = crate::g::h();\nuse crate::\u{7b}\n    i,\n    j::k::{self, l},\n};\nuse super::{m, n::o};\nsuper::super::p();";
    let module: Vec<String> = ["top", "middle", "own"].map(str::to_owned).to_vec();
    let paths: Vec<String> = named(&module, text).iter().map(|path| path.join("::")).collect();
    let expected = [
        "a",
        "b::c",
        "b::d",
        "e",
        "g::h",
        "i",
        "j::k",
        "j::k::l",
        "top::middle::m",
        "top::middle::n::o",
        "top::p",
    ];
    assert_eq!(paths, expected);
}
