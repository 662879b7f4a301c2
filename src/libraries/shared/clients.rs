//! Kinds of clients, by the names of their libraries.

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

/// Functions that send a request to the address they are given.
pub fn sends_request(function: &str) -> bool {
    [
        "fetch",
        "$fetch",
        "useFetch",
        "ofetch",
        "authFetch",
        "apiFetch",
        "fetchJson",
        "axios",
        "ky",
    ]
    .contains(&function)
}

/// Words of what sends requests by the names of its methods: `api.get("/orders")`, `this.http.post(…)`.
pub fn is_http_client(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["axios", "api", "http", "client", "request", "ky", "fetcher", "$http"]
        .iter()
        .any(|client| name.contains(client))
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
