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

/// Whether a dotted name is of a cache or a queue, which answer at once, or of what hands on in the background.
pub fn is_queue(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["redis", "celery", "kombu", "kafka", "bullmq", "pubsub", "pika", "amqp", "posthog"]
        .iter()
        .any(|queue| name.contains(queue))
}
