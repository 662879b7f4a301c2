//! Kinds of clients, by the names of their libraries.

use crate::ir::ExprKind;
use crate::vocabulary::List;

/// Clients that their libraries hand out as context managers on top of a shared session, and files.
pub fn is_meant_for_one_use(name: &str) -> bool {
    [
        "aioboto3",
        "aiobotocore",
        "better-sqlite3",
        "docker",
        "nodemailer",
        "smtplib",
        "confluent_kafka",
        "kombu",
    ]
    .iter()
    .any(|library| name.starts_with(library))
}

/// Whether a package is a driver of a SQL database.
pub fn is_sql_driver(package: &str) -> bool {
    ["psycopg", "sqlite", "mysql", "pymysql", "MySQLdb", "pyodbc", "oracledb", "mariadb"]
        .iter()
        .any(|driver| package.starts_with(driver))
}

/// Whether a type of a driver is one connection, and no pool of them.
pub fn is_one_connection(name: &str) -> bool {
    matches!(name, "pg.PoolClient" | "pg.Client" | "mysql2.PoolConnection" | "mysql2.Connection")
}

/// Functions that send a request to the address they are given.
pub fn sends_request(function: &str) -> bool {
    matches!(function, "fetch" | "$fetch" | "useFetch" | "ofetch" | "axios" | "ky") || List::OwnFetches.has(function)
}

/// Words of what sends requests by the names of its methods: `api.get("/orders")`, `this.http.post(…)`.
pub fn is_http_client(name: &str) -> bool {
    List::HttpClients.has(name)
}

/// Options of a client that hold the address which all its requests start with.
pub const BASE_OPTIONS: &[&str] = &["baseURL", "baseUrl", "prefixUrl"];

/// Whether a dotted name is of a cache or a queue, which answer at once, or of what hands on in the background.
pub fn is_queue(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["redis", "celery", "kombu", "kafka", "bullmq", "pubsub", "pika", "amqp", "posthog"]
        .iter()
        .any(|queue| name.contains(queue))
}

/// Whether a function is of a library for requests to anyone: what it is made with is no tenant's.
pub fn asks_anyone(name: &str) -> bool {
    ["aiohttp.", "httpx.", "requests."].iter().any(|library| name.starts_with(library))
}

/// Whether a function opens sockets that take the default timeout of Python's module `socket`.
pub fn takes_socket_default(name: &str) -> bool {
    ["smtplib.", "socket.", "urllib."].iter().any(|library| name.starts_with(library))
}

/// Whether a function takes the defaults that a program sets on axios itself.
pub fn takes_axios_default(name: &str) -> bool {
    name.starts_with("axios.")
}

/// Whether a function is of a session of `requests`, whose adapters can bound every wait.
pub fn is_session(name: &str) -> bool {
    name.starts_with("requests.Session")
}

/// Whether a call makes such a session.
pub fn makes_session(name: &str) -> bool {
    matches!(name, "requests.Session" | "requests.session" | "requests.sessions.Session")
}

/// The variable with which Django lets synchronous statements run on an event loop.
pub const ALLOWS_SYNCHRONOUS: &str = "DJANGO_ALLOW_ASYNC_UNSAFE";

/// A web framework's cache, whose entries end by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndingCache {
    /// Django's.
    Django,
    /// That of Flask-Caching.
    Flask,
}

impl EndingCache {
    /// The cache that a function belongs to.
    pub fn of(name: &str) -> Option<EndingCache> {
        match name {
            _ if name.starts_with("django.core.cache.") => Some(EndingCache::Django),
            _ if name.starts_with("flask_caching.") => Some(EndingCache::Flask),
            _ => None,
        }
    }

    /// Whether a timeout says that an entry never ends.
    pub fn is_never(self, timeout: &ExprKind) -> bool {
        match timeout {
            ExprKind::Null => self == EndingCache::Django,
            ExprKind::Num(seconds) => self == EndingCache::Flask && *seconds == 0.0,
            _ => false,
        }
    }
}

/// Whether a function opens the block of a transaction in Django.
pub fn is_atomic(name: &str) -> bool {
    name == "django.db.transaction.atomic"
}

/// Whether a method of a library's object opens a transaction; `is_database` is asked where the library is not known.
pub fn opens_transaction(library: &str, method: &str, is_database: impl Fn() -> bool) -> bool {
    match method {
        "begin" | "begin_nested" => library.starts_with("sqlalchemy.") || is_database(),
        "transaction" => library.starts_with("asyncpg.") || library.starts_with("psycopg.") || is_database(),
        "in_transaction" => library.starts_with("tortoise."),
        _ => false,
    }
}
