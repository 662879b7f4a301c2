//! Finds the files to read, says what each is by its path, and reads them: every file left out has a reason.

mod descent;
mod ignores;
mod past;
mod read;
mod role;

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use ignore::overrides::{Override, OverrideBuilder};
use walkdir::DirEntry;

use crate::config::Config;
use crate::coverage::{Reason, Skipped};
use crate::error::Error;
use crate::vocabulary::Vocabulary;

use descent::Descent;
pub use ignores::{IgnoreTexts, Ignores, globs};
pub use past::{PastFile, walk_past, without_tests};
pub use read::{Text, decode, largest, read};
pub use role::{FileRole, role, roles};

/// What a file is, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FileKind {
    /// `.py`, `.pyi`.
    Python,
    /// `.ts`, `.mts`, `.cts`.
    TypeScript,
    /// `.tsx`, and all JavaScript, which the same grammar reads.
    Tsx,
    /// `.svelte`, `.vue`: their script blocks.
    Component,
    /// `.sql`.
    Sql,
    /// `.prisma`.
    Prisma,
    /// `.graphql`, `.gql`, `.graphqls`.
    GraphQl,
    /// `.html`, `.jinja`, `.j2` in a folder of templates.
    Template,
    /// `tsconfig*.json`, `jsconfig.json`, `package.json`.
    Json,
    /// `pyproject.toml`.
    Toml,
    /// Compose files, `app.yaml`, `pnpm-workspace.yaml`, descriptions of an API.
    Yaml,
    /// `alembic.ini`.
    Ini,
    /// What runs the program, and servers' own settings: `Procfile`, `Dockerfile`, `uwsgi.ini`, `redis.conf`, `postgresql.conf`, `nginx.conf`,
    /// `Caddyfile`, `.env.example`.
    Settings,
}

impl FileKind {
    /// The kind of a file that something reads; `None` for all others.
    pub fn of(path: &str) -> Option<FileKind> {
        let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
        if is_settings(&name) || (name.ends_with(".conf") && path.rsplit('/').nth(1) == Some("nginx")) {
            return Some(FileKind::Settings);
        }
        let (stem, extension) = name.rsplit_once('.')?;
        let kind = match extension {
            "py" | "pyi" => FileKind::Python,
            "ts" | "mts" | "cts" => FileKind::TypeScript,
            "tsx" | "js" | "jsx" | "mjs" | "cjs" => FileKind::Tsx,
            "svelte" | "vue" => FileKind::Component,
            "sql" => FileKind::Sql,
            "prisma" => FileKind::Prisma,
            "graphql" | "gql" | "graphqls" => FileKind::GraphQl,
            "html" | "djhtml" | "jinja" | "jinja2" | "j2" if path.split('/').any(is_template_folder) => FileKind::Template,
            "json" if stem == "package" || stem == "jsconfig" || stem.starts_with("tsconfig") => FileKind::Json,
            "toml" if stem == "pyproject" => FileKind::Toml,
            "yml" | "yaml" if stem.contains("compose") || matches!(stem, "pnpm-workspace" | "app") || is_api(&name) => FileKind::Yaml,
            "ini" if stem == "alembic" => FileKind::Ini,
            _ => return None,
        };
        Some(kind)
    }

    /// The language to count a file under; `None` for configuration.
    pub fn language(self, path: &str) -> Option<&'static str> {
        match self {
            FileKind::Python => Some("Python"),
            FileKind::TypeScript => Some("TypeScript"),
            FileKind::Tsx if path.to_ascii_lowercase().ends_with(".tsx") => Some("TypeScript"),
            FileKind::Tsx => Some("JavaScript"),
            FileKind::Component => Some("Svelte and Vue"),
            FileKind::Sql => Some("SQL"),
            FileKind::Prisma => Some("Prisma"),
            FileKind::GraphQl => Some("GraphQL"),
            FileKind::Template | FileKind::Json | FileKind::Toml | FileKind::Yaml | FileKind::Ini | FileKind::Settings => None,
        }
    }

    /// Python, TypeScript or JavaScript.
    pub fn is_code(self) -> bool {
        matches!(self, FileKind::Python | FileKind::TypeScript | FileKind::Tsx | FileKind::Component)
    }
}

/// Whether a file is named as descriptions of an API are: `openapi.yaml`, `swagger.yml`, `api.spec.yaml`.
pub fn is_api(name: &str) -> bool {
    let stem = name.strip_suffix(".yaml").or_else(|| name.strip_suffix(".yml"));
    stem.is_some_and(|stem| stem.contains("openapi") || stem.contains("swagger") || stem.ends_with(".spec") || stem == "api")
}

/// Whether Django, Flask and Jinja look for templates in a folder of this name.
pub fn is_template_folder(folder: &str) -> bool {
    matches!(folder, "templates" | "jinja2" | "jinja" | "template")
}

/// Whether a file is read as settings, by its lower-case name.
fn is_settings(name: &str) -> bool {
    const SERVERS: [&str; 4] = ["redis", "valkey", "postgres", "nginx"];
    let server = name
        .strip_suffix(".conf")
        .is_some_and(|stem| SERVERS.iter().any(|server| stem.contains(server)));
    let docker = name == "dockerfile" || name.starts_with("dockerfile.") || name.ends_with(".dockerfile");
    server || docker || matches!(name, "procfile" | "caddyfile" | "uwsgi.ini") || is_sample_environment(name)
}

/// The samples of environment files; the real ones hold secrets and are never read.
fn is_sample_environment(name: &str) -> bool {
    matches!(name, ".env.example" | ".env.sample" | ".env.template" | ".env.dist")
}

/// Source code that is not read, by extension: counted, so that a project in another language does not look clean.
const UNREAD: [&str; 14] = [
    "c", "cpp", "cs", "dart", "ex", "exs", "go", "java", "kt", "php", "rb", "rs", "scala", "swift",
];

/// A file to read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SourceFile {
    /// Path relative to the root, with `/`.
    pub path: String,
    /// Absolute path on disk, links not resolved.
    pub absolute: PathBuf,
    /// Its kind by name: Python, SQL, settings, …
    pub kind: FileKind,
}

/// What a walk found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Walked {
    /// Files to read, by path.
    pub files: Vec<SourceFile>,
    /// Files and folders left out, by path.
    pub skipped: Vec<Skipped>,
    /// Test files left out.
    pub tests: usize,
    /// Source files in languages that are not read, by extension.
    pub unread: BTreeMap<String, usize>,
    /// Whether tests are among the files, because the configuration or a path asks for them.
    pub with_tests: bool,
}

/// Finds the files below the paths of a configuration. Never follows a symbolic link below them.
pub fn walk(config: &Config) -> Result<Walked, Error> {
    let root = std::fs::canonicalize(&config.root).map_err(|error| unreadable(&config.root, &error))?;
    let excluded = excluded(&root, &config.exclude)?;
    let mut walked = Walked {
        with_tests: config.include_tests,
        ..Walked::default()
    };
    let (mut asked, mut entered): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    for given in config.starts() {
        let joined = if given.is_absolute() { given.clone() } else { root.join(given) };
        let start = std::fs::canonicalize(&joined).map_err(|error| unreadable(given, &error))?;
        let metadata = std::fs::metadata(&start).map_err(|error| unreadable(given, &error))?;
        // Someone who names a tests folder wants to see it.
        asked.extend(asked_for_tests(&root, &start, &config.words));
        if metadata.is_dir() {
            let path = relative(&root, &start);
            if !is_entered(&path, &entered, &walked) {
                Descent::run(&root, &start, &excluded, &mut walked);
                entered.push(path);
            }
        } else if metadata.is_file() {
            add_named(&root, given, start, &mut walked)?;
        } else {
            return Err(Error::new(given.to_string_lossy(), "not a file or a folder"));
        }
    }
    walked.files.sort();
    walked.files.dedup();
    walked.skipped.sort();
    walked.skipped.dedup();
    walked.with_tests |= !asked.is_empty();
    if !config.include_tests {
        let before = walked.files.len();
        walked.files.retain(|file| !is_unasked_test(&file.path, &asked, &config.words));
        walked.tests = before - walked.files.len();
    }
    Ok(walked)
}

/// Whether a folder was found as a part of another one. Where nothing in it was, an ignore file may have left it out: who names it wants it.
fn is_entered(path: &str, entered: &[String], walked: &Walked) -> bool {
    entered.iter().any(|above| is_below(path, above)) && walked.files.iter().any(|file| is_below(&file.path, path))
}

/// Whether a path is another one or lies below it; both are relative to the root.
pub fn is_below(path: &str, folder: &str) -> bool {
    let rest = path.strip_prefix(folder);
    folder.is_empty() || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// A path that is given, relative to the root, where it is one of tests.
fn asked_for_tests(root: &Path, start: &Path, words: &Vocabulary) -> Option<String> {
    let path = relative(root, start);
    let is_test = role(&format!("{path}/"), words) == FileRole::Test || role(&path, words) == FileRole::Test;
    is_test.then_some(path)
}

/// Whether a file is a test, and none of those that were asked for by a path.
fn is_unasked_test(path: &str, asked: &[String], words: &Vocabulary) -> bool {
    role(path, words) == FileRole::Test && !asked.iter().any(|folder| is_below(path, folder))
}

fn unreadable(path: &Path, error: &std::io::Error) -> Error {
    let place = path.to_string_lossy();
    if error.kind() == std::io::ErrorKind::NotFound {
        return Error::new(place, "no such file or folder").hint("give a path that exists, or none for the current folder");
    }
    Error::new(place, format!("cannot be read: {error}"))
}

fn excluded(root: &Path, globs: &[String]) -> Result<Override, Error> {
    let mut builder = OverrideBuilder::new(root);
    for glob in globs {
        builder
            .add(&format!("!{glob}"))
            .map_err(|error| Error::new("exclude", format!("not a valid glob: {error}")))?;
    }
    builder
        .build()
        .map_err(|error| Error::new("exclude", format!("not a valid glob: {error}")))
}

/// A file that was named on the command line is read whatever ignore files say.
fn add_named(root: &Path, given: &Path, absolute: PathBuf, walked: &mut Walked) -> Result<(), Error> {
    let path = relative(root, &absolute);
    let Some(kind) = FileKind::of(&path) else {
        return Err(Error::new(given.to_string_lossy(), "not a kind of file that is read")
            .hint("give Python, TypeScript, JavaScript, SQL or Prisma files, or a folder"));
    };
    walked.files.push(SourceFile { path, absolute, kind });
    Ok(())
}

/// Hidden files and folders are not read, but for samples of environment files.
fn is_hidden(entry: &DirEntry) -> bool {
    is_hidden_name(&entry.file_name().to_string_lossy(), is_folder(entry))
}

fn is_hidden_name(name: &str, is_folder: bool) -> bool {
    name.starts_with('.') && (is_folder || !is_sample_environment(name))
}

fn is_folder(entry: &DirEntry) -> bool {
    entry.file_type().is_dir()
}

fn add_entry(root: &Path, entry: &DirEntry, walked: &mut Walked) {
    let path = relative(root, entry.path());
    let file_type = entry.file_type();
    if file_type.is_symlink() {
        if FileKind::of(&path).is_some() || entry.path().is_dir() {
            walked.skipped.push(Skipped {
                path,
                reason: Reason::Symlink,
            });
        }
        return;
    }
    let fate = fate(&path);
    if matches!(fate, Fate::Unread) {
        count_unread(&path, walked);
        return;
    }
    // A pipe or a socket that is called like a file of code: opening it would wait for ever.
    if !file_type.is_file() {
        walked.skipped.push(Skipped {
            path,
            reason: Reason::NotReadable,
        });
        return;
    }
    match fate {
        Fate::Skip(reason) => walked.skipped.push(Skipped { path, reason }),
        Fate::Read(kind) => walked.files.push(SourceFile {
            path,
            absolute: entry.path().to_owned(),
            kind,
        }),
        Fate::Unread => {}
    }
}

/// What becomes of a file, by its path.
enum Fate {
    /// It is read as a file of this kind.
    Read(FileKind),
    /// It is left out.
    Skip(Reason),
    /// It is of no kind that is read.
    Unread,
}

fn fate(path: &str) -> Fate {
    match (FileKind::of(path), reason_by_name(path)) {
        (None, _) => Fate::Unread,
        (Some(_), Some(reason)) => Fate::Skip(reason),
        (Some(kind), None) => Fate::Read(kind),
    }
}

fn reason_by_name(path: &str) -> Option<Reason> {
    let lower = path.to_ascii_lowercase();
    if [".d.ts", ".d.mts", ".d.cts"].iter().any(|ending| lower.ends_with(ending)) {
        return Some(Reason::Declaration);
    }
    if [".min.js", ".min.mjs", ".min.cjs", ".bundle.js"]
        .iter()
        .any(|ending| lower.ends_with(ending))
    {
        return Some(Reason::Minified);
    }
    (role(path, &Vocabulary::default()) == FileRole::Generated).then_some(Reason::Generated)
}

fn count_unread(path: &str, walked: &mut Walked) {
    let Some((_, extension)) = path.rsplit_once('.') else { return };
    if UNREAD.contains(&extension) {
        *walked.unread.entry(extension.to_owned()).or_default() += 1;
    }
}

/// What folders hold, on disk or at a revision.
trait Folders {
    /// Whether a folder holds a file of a name.
    fn has_file(&self, folder: &Path, name: &str) -> bool;
    /// What a folder holds, by name, in any order.
    fn names(&self, folder: &Path) -> Vec<String>;
}

/// The folders on disk.
struct Disk;

impl Folders for Disk {
    fn has_file(&self, folder: &Path, name: &str) -> bool {
        folder.join(name).is_file()
    }

    fn names(&self, folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
    }
}

/// Whether a folder holds other people's code or build output. `vendor`, `build` and `dist` are also names for a project's own
/// code, so these count only where such folders stand: next to a manifest or among static files, without sources of their own.
fn is_vendored(folder: &Path, depth: usize, folders: &dyn Folders) -> bool {
    const ALWAYS: [&str; 10] = [
        "node_modules",
        "bower_components",
        "third_party",
        "site-packages",
        "dist-packages",
        "__pypackages__",
        "_vendor",
        ".next",
        "venv",
        "virtualenv",
    ];
    const SOMETIMES: [&str; 5] = ["vendor", "vendors", "dist", "build", "out"];
    const MANIFESTS: [&str; 8] = [
        "package.json",
        "pyproject.toml",
        "setup.py",
        "composer.json",
        "go.mod",
        "Cargo.toml",
        "Gemfile",
        "requirements.txt",
    ];
    const STATIC: [&str; 4] = ["static", "assets", "public", "wwwroot"];
    let Some(name) = folder.file_name().and_then(|name| name.to_str()) else {
        return false;
    };
    if ALWAYS.contains(&name) || folders.has_file(folder, "pyvenv.cfg") {
        return true;
    }
    if !SOMETIMES.contains(&name) {
        return false;
    }
    let parent = folder.parent();
    let has_place = depth == 1
        || parent.is_some_and(|parent| MANIFESTS.iter().any(|manifest| folders.has_file(parent, manifest)))
        || folder
            .components()
            .any(|part| matches!(part, Component::Normal(part) if STATIC.iter().any(|name| part == *name)));
    has_place && !folders.names(folder).iter().any(|name| is_source(name))
}

/// Whether a name is one of a project's own sources.
fn is_source(name: &str) -> bool {
    let is_typescript = (name.ends_with(".ts") || name.ends_with(".tsx")) && !name.ends_with(".d.ts");
    name == "__init__.py" || is_typescript
}

/// A path relative to the root, with `/`; what lies outside starts with `../`.
pub fn relative(root: &Path, path: &Path) -> String {
    let mut root_parts: Vec<Component<'_>> = root.components().collect();
    let mut parts: Vec<Component<'_>> = path.components().collect();
    let shared = root_parts.iter().zip(&parts).take_while(|(left, right)| left == right).count();
    root_parts.drain(..shared);
    parts.drain(..shared);
    let up = root_parts.iter().map(|_| "..".into());
    up.chain(parts.iter().map(|part| part.as_os_str().to_string_lossy()))
        .collect::<Vec<_>>()
        .join("/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn tree(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        for file in files {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
            fs::write(path, "x = 1\n").expect("written");
        }
        folder
    }

    fn walk_tree(folder: &tempfile::TempDir) -> Walked {
        walk(&Config {
            root: folder.path().to_owned(),
            ..Config::default()
        })
        .expect("walks")
    }

    fn paths(walked: &Walked) -> Vec<&str> {
        walked.files.iter().map(|file| file.path.as_str()).collect()
    }

    #[test]
    fn ignore_files_count_without_git_and_other_peoples_code_is_left_out() {
        let folder = tree(&[
            "app/b.py",
            "app/a.ts",
            "local/x.py",
            "node_modules/m/index.js",
            "vendor/lib.js",
            "README.md",
            "go/main.go",
        ]);
        fs::write(folder.path().join(".gitignore"), "local/\n").expect("written");
        let walked = walk_tree(&folder);
        assert_eq!(paths(&walked), ["app/a.ts", "app/b.py"]);
        let skipped: Vec<_> = walked.skipped.iter().map(|row| (row.path.as_str(), row.reason)).collect();
        assert_eq!(skipped, [("node_modules/", Reason::Vendored), ("vendor/", Reason::Vendored)]);
        assert_eq!(walked.unread.get("go"), Some(&1));
    }

    #[test]
    fn a_projects_own_folder_may_be_called_vendor_or_build() {
        let folder = tree(&[
            "shop/vendor/models.py",
            "shop/build/__init__.py",
            "src/dist/a.ts",
            "web/package.json",
            "web/dist/main.js",
        ]);
        assert_eq!(
            paths(&walk_tree(&folder)),
            [
                "shop/build/__init__.py",
                "shop/vendor/models.py",
                "src/dist/a.ts",
                "web/package.json"
            ]
        );
    }

    #[test]
    fn tests_are_counted_unless_asked_for() {
        let folder = tree(&["a.py", "tests/test_a.py", "tests/deep/helper.py"]);
        let walked = walk_tree(&folder);
        assert_eq!((paths(&walked), walked.tests), (vec!["a.py"], 2));
        let asked = Config {
            root: folder.path().to_owned(),
            paths: vec!["tests".into()],
            ..Config::default()
        };
        assert_eq!(paths(&walk(&asked).expect("walks")), ["tests/deep/helper.py", "tests/test_a.py"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_symlink_loop_is_a_row() {
        let folder = tree(&["a/b.py"]);
        std::os::unix::fs::symlink("..", folder.path().join("a/up")).expect("linked");
        std::os::unix::fs::symlink("self.py", folder.path().join("self.py")).expect("linked");
        let walked = walk_tree(&folder);
        assert_eq!(paths(&walked), ["a/b.py"]);
        let skipped: Vec<_> = walked.skipped.iter().map(|row| (row.path.as_str(), row.reason)).collect();
        assert_eq!(skipped, [("a/up", Reason::Symlink), ("self.py", Reason::Symlink)]);
    }

    #[test]
    fn excluded_globs_and_paths_given_twice() {
        let folder = tree(&["a.py", "old/b.py", "old/c.py"]);
        let config = Config {
            root: folder.path().to_owned(),
            paths: vec![".".into(), "old".into(), "a.py".into()],
            exclude: vec!["old/b.*".to_owned()],
            ..Config::default()
        };
        assert_eq!(paths(&walk(&config).expect("walks")), ["a.py", "old/c.py"]);
        let broken = Config {
            exclude: vec!["a[".to_owned()],
            ..config
        };
        assert!(walk(&broken).is_err());
    }

    #[test]
    fn paths_outside_the_root_start_with_dots() {
        assert_eq!(relative(Path::new("/a/b"), Path::new("/a/c/d.py")), "../c/d.py");
        assert_eq!(relative(Path::new("/a"), Path::new("/a/c/d.py")), "c/d.py");
    }
}
