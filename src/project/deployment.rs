//! What is really used: servers with their settings, connection pools, concurrency caps, and what an application registers.

pub mod apps;
pub mod batches;
pub mod caps;
pub mod database;
pub mod pools;
pub mod workers;

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::eval::{Code, Evaluator};
use super::graph::Graph;
use crate::ir::{Language, Module};
use crate::libraries::shared::value::FileId;
use crate::source::{Span, has_ignoring_case};
use crate::syntax::settings::{ConfigFacts, ConfigKind, Service};
use crate::vocabulary::List;
use crate::walk::FileRole;

/// How a project is deployed, as far as its files say.
#[derive(Debug, Default)]
pub struct Deployment {
    /// The Redis servers that are configured here.
    pub redis: Vec<RedisServer>,
    /// Where code uses Redis.
    pub redis_use: Option<(FileId, Span)>,
    /// Redis holds a queue whose jobs must not be evicted.
    pub redis_queue: bool,
    /// `PostgreSQL` services.
    pub postgres: Vec<(FileId, Span, String)>,
    /// Engines and pools.
    pub pools: Vec<pools::Pool>,
    /// Declared concurrency.
    pub caps: Vec<caps::Cap>,
    /// Processes, threads and jobs that commands and settings start.
    pub workers: Vec<workers::Workers>,
    /// How long servers let a request take.
    pub limits: Vec<workers::RequestLimit>,
    /// How many connections the database accepts.
    pub connections: Option<database::Connections>,
    /// Applications that serve requests, the main one of each language first.
    pub apps: Vec<apps::App>,
    /// What is registered, by language.
    pub features: apps::Features,
}

/// A Redis server that a compose service runs or a file configures.
#[derive(Clone, Debug)]
pub struct RedisServer {
    /// File that is read.
    pub file: FileId,
    /// The service's name and image, or the start of the file.
    pub span: Span,
    /// The service's name.
    pub name: String,
    /// Where the command or the settings are.
    pub command: Option<Span>,
    /// Value of the server's `maxmemory`, as it is written: `512mb`.
    pub maxmemory: Option<String>,
    /// `maxmemory-policy`.
    pub policy: Option<String>,
    /// A cluster, or with a replica or a sentinel beside it.
    pub replicated: bool,
}

impl Deployment {
    /// Reads a linked project.
    pub fn of(code: &Code, graph: &Graph) -> Deployment {
        let redis_use = usage(code, is_redis_module);
        let queue = ["bullmq", "bull", "celery", "rq", "dramatiq", "arq", "bee-queue", "kombu"];
        let mut deployment = Deployment {
            redis: redis_servers(code),
            redis_queue: usage(code, |module| queue.iter().any(|name| is_module(module, name))).is_some(),
            redis_use,
            postgres: postgres_services(code),
            ..Deployment::default()
        };
        deployment.pools = pools::find(code, !deployment.postgres.is_empty() || has_postgres(code));
        deployment.caps = caps::find(code, graph);
        deployment.workers = workers::find(code);
        deployment.limits = workers::request_limits(code);
        deployment.connections = database::connections(code);
        deployment.apps = apps::find(code, graph);
        deployment.features = apps::Features::of(code, graph);
        deployment
    }
}

/// Configuration files of the program itself, with what they hold.
pub fn files(code: &Code) -> impl Iterator<Item = (FileId, &str, &ConfigFacts)> {
    code.files.iter().enumerate().filter_map(|(index, facts)| {
        let is_own = !matches!(facts.role, FileRole::Test | FileRole::Example | FileRole::Generated);
        let config = facts.config.as_ref().filter(|_| is_own)?;
        Some((FileId(index as u32), facts.path.as_str(), config))
    })
}

/// Modules of the program itself: no tests, scripts, migrations or examples.
pub fn sources(code: &Code) -> impl Iterator<Item = (FileId, &Module)> {
    code.modules()
        .filter(|(file, _)| code.files.get(file.index()).is_some_and(|facts| facts.role == FileRole::Source))
}

/// Whether one more file may be searched from end to end for one question; see [`Evaluator::afford`].
fn affords_search(eval: &Evaluator<'_>, file: FileId) -> bool {
    let module = eval.code.module(file);
    eval.afford(file, (module.exprs.len() + module.stmts.len()) / PLACES_A_STEP + 1)
}

/// Expressions that are only passed by in the time of one step.
const PLACES_A_STEP: usize = 8;

/// What is found in each module of the program itself, in the order of the files.
pub fn in_sources<T: Send>(code: &Code, find: impl Fn(FileId, &Module) -> Vec<T> + Sync) -> Vec<T> {
    let files = sources(code).map(|(file, _)| file).collect();
    code.parts(files, |file| find(file, code.module(file)))
}

/// Whether a file is of a tool or a test beside the server, by a word of its path.
pub fn is_beside(path: &str) -> bool {
    List::TestPaths.has(path) || List::BesideServer.has(path)
}

/// Whether an imported module is a package or one of its parts.
pub fn is_module(module: &str, package: &str) -> bool {
    module
        .strip_prefix(package)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.') || rest.starts_with('/'))
}

/// The first import of a module that a program's own code has.
fn usage(code: &Code, wanted: impl Fn(&str) -> bool) -> Option<(FileId, Span)> {
    sources(code).find_map(|(file, module)| {
        let import = module
            .imports
            .iter()
            .find(|import| !import.is_type && wanted(module.str(import.module)))?;
        Some((file, import.span))
    })
}

fn is_redis_module(module: &str) -> bool {
    const MODULES: [&str; 15] = [
        "redis",
        "ioredis",
        "bullmq",
        "bull",
        "aioredis",
        "django_redis",
        "rq",
        "arq",
        "flask_caching",
        "walrus",
        "valkey",
        "@redis/client",
        "iovalkey",
        "fakeredis",
        "@keyv/redis",
    ];
    MODULES.iter().any(|name| is_module(module, name)) || module.ends_with("RedisCache") || module.contains("redis-store")
}

/// Compose files that only development, tests or CI use.
fn is_for_development(path: &str) -> bool {
    List::TestPaths.has(path) || List::Development.has(path)
}

/// Services of the compose files that deploy: those for production where there are any.
fn services(code: &Code) -> Vec<(FileId, &Service, &ConfigFacts)> {
    let compose: Vec<_> = files(code)
        .filter(|(_, path, facts)| facts.kind == ConfigKind::Compose && !is_for_development(path) && !serves_a_laptop(facts))
        .collect();
    let mut out = Vec::new();
    for (file, _, facts) in compose {
        out.extend(facts.services.iter().map(|service| (file, service, facts)));
    }
    out.sort_by_key(|(file, _, _)| {
        let path = &code.files[file.index()].path;
        (!is_production(path), path.matches(['.', '-']).count(), *file)
    });
    out
}

/// Parts of the images' names of what programs use, and of what their developers look at it with.
const BACKING: [&str; 29] = [
    "redis",
    "valkey",
    "keydb",
    "postgres",
    "pgvector",
    "postgis",
    "timescale",
    "pgadmin",
    "pgbouncer",
    "mysql",
    "mariadb",
    "mongo",
    "clickhouse",
    "elasticsearch",
    "opensearch",
    "meilisearch",
    "typesense",
    "qdrant",
    "rabbitmq",
    "kafka",
    "memcached",
    "minio",
    "localstack",
    "mailhog",
    "mailpit",
    "mailcatcher",
    "adminer",
    "prometheus",
    "grafana",
];

/// Databases and the like for a program that runs beside them: each is published on the machine, nothing of the program's own
/// is among them, and nobody starts them again when they fall.
fn serves_a_laptop(facts: &ConfigFacts) -> bool {
    let is_own = |service: &Service| {
        let name = image_name(&service.image);
        name.is_empty() || !BACKING.iter().any(|part| name.contains(part))
    };
    let has = |key: &str| facts.entries.iter().any(|entry| entry.path.get(2).is_some_and(|name| name == key));
    has("ports") && !has("restart") && !has("deploy") && !has("build") && !facts.services.iter().any(is_own)
}

fn is_production(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    lower.split(['/', '.', '-', '_']).any(|part| matches!(part, "prod" | "production"))
}

/// The last part of an image's name, without registry, tag and digest.
pub fn image_name(image: &str) -> String {
    let image = image.split('@').next().unwrap_or(image);
    let last = image.rsplit('/').next().unwrap_or(image);
    last.split(':').next().unwrap_or(last).to_ascii_lowercase()
}

fn redis_servers(code: &Code) -> Vec<RedisServer> {
    let mut servers = Vec::new();
    let found = services(code);
    let mounted = MountedOptions::of(code);
    for (file, service, facts) in &found {
        let name = image_name(&service.image);
        if !matches!(
            name.as_str(),
            "redis" | "redis-stack" | "redis-stack-server" | "valkey" | "keydb" | "redis-cluster" | "valkey-cluster"
        ) {
            continue;
        }
        let option = |name: &str| option(&mounted, service, name);
        let is_peer = |other: &Service| {
            let lower = format!("{} {}", other.name, other.image).to_ascii_lowercase();
            let words = other.command.join(" ");
            List::Replicas.has(&lower) && lower.contains("redis")
                || words.contains("--replicaof")
                || words.contains("--slaveof")
                || words.contains("--cluster-enabled")
        };
        servers.push(RedisServer {
            file: *file,
            span: service.span,
            name: service.name.clone(),
            command: service.command_span,
            maxmemory: option(MAX_MEMORY).filter(|value| value != "0"),
            policy: option(POLICY),
            replicated: name.contains("cluster") || facts.services.iter().any(is_peer),
        });
    }
    if servers.is_empty() {
        servers.extend(redis_files(code).map(|(file, facts)| {
            RedisServer {
                file,
                span: facts.entries.first().map(|entry| entry.span).unwrap_or_default(),
                name: "redis".to_owned(),
                command: None,
                maxmemory: facts.get(MAX_MEMORY).map(|entry| entry.value.clone()).filter(|value| value != "0"),
                policy: facts.get(POLICY).map(|entry| entry.value.clone()),
                replicated: ["replicaof", "slaveof", "cluster-enabled"]
                    .iter()
                    .any(|key| facts.get(key).is_some()),
            }
        }));
    }
    servers
}

fn redis_files(code: &Code) -> impl Iterator<Item = (FileId, &ConfigFacts)> {
    files(code)
        .filter(|(_, path, facts)| facts.kind == ConfigKind::Redis && !path.contains("sentinel"))
        .map(|(file, _, facts)| (file, facts))
}

/// Options of a Redis service that a file of settings gives.
const MAX_MEMORY: &str = "maxmemory";
const POLICY: &str = "maxmemory-policy";

/// What Redis's files of settings say of the options that are asked for, by the name of the file: the first file of a name that sets one.
struct MountedOptions<'c>(FxHashMap<(&'c str, &'static str), (FileId, &'c str)>);

impl<'c> MountedOptions<'c> {
    fn of(code: &'c Code) -> Self {
        let mut first = FxHashMap::default();
        for (file, facts) in redis_files(code) {
            let path = code.files[file.index()].path.as_str();
            let name = path.rsplit('/').next().unwrap_or(path);
            for option in [MAX_MEMORY, POLICY] {
                if let Some(entry) = facts.get(option) {
                    first.entry((name, option)).or_insert((file, entry.value.as_str()));
                }
            }
        }
        MountedOptions(first)
    }

    /// An option as the first of the files sets it that a service names where it says what is mounted or run.
    fn get(&self, service: &Service, option: &str) -> Option<&'c str> {
        let is_part = |letter: char| letter.is_alphanumeric() || matches!(letter, '.' | '_' | '-');
        let texts = service.volumes.iter().chain(&service.command);
        let names = texts.flat_map(|text| text.split(move |letter| !is_part(letter)));
        let named = names.filter_map(|name| self.0.get(&(name, option)));
        named.min_by_key(|(file, _)| *file).map(|(_, value)| *value)
    }
}

/// An option of a Redis service: on its command line, in its environment, or in a file that it mounts.
fn option(mounted: &MountedOptions<'_>, service: &Service, name: &str) -> Option<String> {
    let flag = format!("--{name}");
    let mut words = service
        .command
        .iter()
        .skip_while(|word| **word != flag && !word.starts_with(&format!("{flag}=")));
    if let Some(word) = words.next() {
        let value = word
            .split_once('=')
            .map(|(_, value)| value.to_owned())
            .or_else(|| words.next().cloned());
        return Some(value.unwrap_or_default());
    }
    let variable = name.replace('-', "_").to_ascii_uppercase();
    let environment = service.environment.iter().find_map(|(key, value)| {
        let by_name = key.to_ascii_uppercase().ends_with(&variable);
        let in_flags = value.contains(&flag);
        (by_name || in_flags).then(|| value.clone())
    });
    environment.or_else(|| mounted.get(service, name).map(str::to_owned))
}

/// Whether an image of this name holds `PostgreSQL`.
pub fn is_postgres_image(name: &str) -> bool {
    matches!(
        name,
        "postgres" | "postgresql" | "pgvector" | "timescaledb" | "timescaledb-ha" | "postgis"
    )
}

fn is_postgres(service: &Service) -> bool {
    is_postgres_image(&image_name(&service.image))
}

fn postgres_services(code: &Code) -> Vec<(FileId, Span, String)> {
    services(code)
        .into_iter()
        .filter(|(_, service, _)| is_postgres(service))
        .map(|(file, service, _)| (file, service.span, service.name.clone()))
        .collect()
}

/// Whether drivers or settings name `PostgreSQL`.
pub fn has_postgres(code: &Code) -> bool {
    const DRIVERS: [&str; 9] = [
        "asyncpg",
        "psycopg",
        "psycopg2",
        "psycopg_pool",
        "pg",
        "postgres",
        "drizzle-orm/node-postgres",
        "drizzle-orm/postgres-js",
        "aiopg",
    ];
    let by_environment = files(code).any(|(_, _, facts)| {
        facts.kind == ConfigKind::Environment && facts.entries.iter().any(|entry| entry.value.starts_with("postgres"))
    });
    by_environment || usage(code, |module| DRIVERS.iter().any(|name| is_module(module, name))).is_some()
}

/// Whether a server-side time limit of this name is a default of connections, the database or a role.
pub fn has_timeout(code: &Code, name: &str) -> bool {
    let in_settings = files(code).any(|(_, _, facts)| {
        let set = facts
            .get(name)
            .is_some_and(|entry| !matches!(entry.value.as_str(), "0" | "" | "0ms"));
        let in_values = facts
            .entries
            .iter()
            .any(|entry| entry.value.contains(name) && facts.kind != ConfigKind::Redis);
        let in_commands = facts
            .services
            .iter()
            .flat_map(|service| &service.command)
            .any(|word| word.contains(name));
        set || in_values || in_commands
    });
    // A statement that sets it for one transaction is no default.
    let is_default =
        |text: &str| text.contains('_') && has_ignoring_case(text, name) && !has_ignoring_case(text, "local") && !text.contains('\n');
    let modules: Vec<_> = sources(code).map(|(_, module)| module).collect();
    in_settings || modules.par_iter().any(|module| module.strings.iter().any(&is_default))
}

/// The languages of servers.
pub const LANGUAGES: [Language; 2] = [Language::Python, Language::TypeScript];
