//! The facts of one file: a pure function of its path and bytes.

use serde::{Deserialize, Serialize};

use crate::budget::{self, Limit};
use crate::coverage::Reason;
use crate::ir::{Comment, Module};
use crate::source::LineIndex;
use crate::statement::Dialect;
use crate::syntax::graphql::{self, Embedded};
use crate::syntax::prisma::{self, PrismaFile};
use crate::syntax::settings::{self as config, ConfigFacts};
use crate::syntax::sql::{self, SqlFile};
use crate::syntax::template::{self, TemplateFile};
use crate::syntax::{comments, component, json, manifest, python, typescript};
use crate::vocabulary::Vocabulary;
use crate::walk::{self, FileKind, FileRole};

/// Conditions in each other in the `exports` of a package.
const MAX_CONDITIONS: u32 = 4;

/// Settings of the TypeScript toolchain that imports depend on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ToolchainSettings {
    /// `tsconfig.json`, `jsconfig.json`.
    TsConfig {
        /// Relative path of the configuration it extends.
        extends: Option<String>,
        /// `baseUrl`: the folder, relative to this file, from which bare imports are looked up.
        base_url: Option<String>,
        /// `paths`: pattern and targets.
        paths: Vec<(String, Vec<String>)>,
    },
    /// `package.json`.
    Package {
        /// The name by which other packages import it.
        name: String,
        /// Entry points: subpath (`.` for the package itself) and file.
        entries: Vec<(String, String)>,
        /// It installs a command (`bin`).
        has_command: bool,
        /// Its scripts: name and command line.
        scripts: Vec<(String, String)>,
    },
}

/// All that is kept of one file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FileFacts {
    /// Path relative to the root, with `/`.
    pub path: String,
    /// What it is for, by its path.
    pub role: FileRole,
    /// Line starts.
    pub lines: LineIndex,
    /// The module, for program code.
    pub module: Option<Module>,
    /// What `tsconfig.json`, `package.json` or `pyproject.toml` says of imports and packages.
    pub settings: Option<ToolchainSettings>,
    /// SQL files.
    pub sql: Option<SqlFile>,
    /// Prisma schemas.
    pub prisma: Option<PrismaFile>,
    /// Settings of servers, services and commands.
    pub config: Option<ConfigFacts>,
    /// Comments with `perfaudit:` in files that are no program: those of programs are in their module.
    pub comments: Vec<Comment>,
    /// Django and Jinja templates.
    pub template: Option<TemplateFile>,
    /// GraphQL: what it asks, and what it declares.
    pub graphql: Vec<Embedded>,
    /// Of packages that `pyproject.toml` asks for the first number of the lowest version that it allows, where it says one.
    pub lowest: Vec<(String, u32)>,
    /// Packages that a manifest asks for.
    pub dependencies: Vec<String>,
    /// Packages that it asks for only to develop and build with.
    pub tools: Vec<String>,
    /// Bounds that reading it reached, with the byte offset where.
    pub over: Vec<(Limit, u32)>,
}

impl FileFacts {
    fn none(path: &str, text: &str) -> FileFacts {
        FileFacts {
            path: path.to_owned(),
            role: walk::role(path, &Vocabulary::default()),
            lines: LineIndex::new(text),
            module: None,
            settings: None,
            sql: None,
            prisma: None,
            config: None,
            comments: Vec::new(),
            template: None,
            graphql: Vec::new(),
            lowest: Vec::new(),
            dependencies: Vec::new(),
            tools: Vec::new(),
            over: Vec::new(),
        }
    }
}

/// Takes the facts of one file, none where [`read`] fails.
pub fn extract(path: &str, kind: FileKind, text: &str) -> FileFacts {
    read(path, kind, text).unwrap_or_else(|_| FileFacts::none(path, text))
}

/// Takes the facts of one file; fails with the reason to leave it out.
pub fn read(path: &str, kind: FileKind, text: &str) -> Result<FileFacts, Reason> {
    let (facts, over) = budget::hearing(|| read_kind(path, kind, text));
    Ok(FileFacts { over, ..facts? })
}

fn read_kind(path: &str, kind: FileKind, text: &str) -> Result<FileFacts, Reason> {
    let mut facts = FileFacts::none(path, text);
    match kind {
        FileKind::Python => facts.module = Some(python::lower(text)?),
        FileKind::TypeScript => facts.module = Some(typescript::lower(text, false)?),
        FileKind::Tsx => facts.module = Some(typescript::lower(text, true)?),
        FileKind::Component => facts.module = Some(typescript::lower(&component::scripts(text), false)?),
        FileKind::Json => {
            facts.settings = settings(path, text);
            facts.config = config::read(path, text);
            (facts.dependencies, facts.tools) = manifest::node(text);
        }
        FileKind::Sql => {
            facts.sql = Some(sql::file(text, Dialect::Generic));
            facts.config = config::sql(text);
        }
        FileKind::Template => facts.template = Some(template::parse(text)),
        FileKind::GraphQl => {
            facts.graphql = vec![Embedded {
                expr: None,
                document: graphql::parse(text, 0),
            }];
        }
        FileKind::Prisma => facts.prisma = Some(prisma::parse(text)),
        FileKind::Yaml | FileKind::Settings => facts.config = config::read(path, text),
        FileKind::Toml => {
            let needed = manifest::python(text);
            facts.lowest = needed
                .iter()
                .filter_map(|(name, lowest)| Some((name.clone(), (*lowest)?)))
                .collect();
            facts.dependencies = needed.into_iter().map(|(name, _)| name).collect();
        }
        FileKind::Ini => {}
    }
    if let Some(module) = &facts.module {
        facts.graphql = graphql::of_module(module);
    }
    if facts.module.is_none() {
        facts.comments = comments::addressed(text);
    }
    Ok(facts)
}

fn settings(path: &str, text: &str) -> Option<ToolchainSettings> {
    let value = json::parse(text)?;
    if path.rsplit('/').next()? == "package.json" {
        let name = value.get("name").and_then(|name| name.as_str()).unwrap_or_default().to_owned();
        return Some(ToolchainSettings::Package {
            name,
            entries: package_entries(&value),
            has_command: value.get("bin").is_some(),
            scripts: scripts(&value),
        });
    }
    let options = value.get("compilerOptions");
    let text_of = |value: Option<&serde_json::Value>| value.and_then(|value| value.as_str()).map(ToOwned::to_owned);
    let paths = options.and_then(|options| options.get("paths")).and_then(|paths| paths.as_object());
    let paths = paths.map(|paths| paths.iter().map(|(pattern, targets)| (pattern.clone(), strings(targets))).collect());
    Some(ToolchainSettings::TsConfig {
        extends: text_of(value.get("extends")),
        base_url: text_of(options.and_then(|options| options.get("baseUrl"))),
        paths: paths.unwrap_or_default(),
    })
}

fn strings(value: &serde_json::Value) -> Vec<String> {
    value
        .as_array()
        .map(|items| items.iter().filter_map(|item| item.as_str()).map(ToOwned::to_owned).collect())
        .unwrap_or_default()
}

/// The scripts of a package, by name.
fn scripts(value: &serde_json::Value) -> Vec<(String, String)> {
    let scripts = value.get("scripts").and_then(|scripts| scripts.as_object());
    let named = |(name, command): (&String, &serde_json::Value)| Some((name.clone(), command.as_str()?.to_owned()));
    scripts.into_iter().flatten().filter_map(named).collect()
}

fn package_entries(value: &serde_json::Value) -> Vec<(String, String)> {
    let mut entries = Vec::new();
    if let Some(exports) = value.get("exports") {
        match exports {
            serde_json::Value::String(file) => entries.push((".".to_owned(), file.clone())),
            serde_json::Value::Object(map) => {
                for (subpath, target) in map {
                    if subpath.starts_with('.') {
                        entries.extend(condition(target, 0).map(|file| (subpath.clone(), file)));
                    }
                }
                if !map.keys().any(|key| key.starts_with('.')) {
                    entries.extend(condition(exports, 0).map(|file| (".".to_owned(), file)));
                }
            }
            _ => {}
        }
    }
    for key in ["source", "module", "main", "types"] {
        if let Some(file) = value.get(key).and_then(|file| file.as_str()) {
            entries.push((".".to_owned(), file.to_owned()));
        }
    }
    entries
}

/// The file that a conditional export leads to: any condition will do, sources before builds.
fn condition(value: &serde_json::Value, depth: u32) -> Option<String> {
    match value {
        serde_json::Value::String(file) => Some(file.clone()),
        serde_json::Value::Object(map) if depth < MAX_CONDITIONS => {
            let found: Vec<String> = map.values().filter_map(|inner| condition(inner, depth + 1)).collect();
            found
                .iter()
                .find(|file| file.ends_with(".ts") || file.ends_with(".tsx"))
                .or(found.first())
                .cloned()
        }
        _ => None,
    }
}
