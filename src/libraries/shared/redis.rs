//! What Redis clients are called and what their commands do, by the names that they have in Python and JavaScript.

/// Commands that give all of a set or hash.
pub const READ_WHOLE: &[&str] = &["smembers", "sMembers", "hgetall", "hGetAll"];
/// Commands that give a set or hash an element.
pub const ADD: &[&str] = &["sadd", "sAdd", "hset", "hSet"];

/// Packages by which Python programs speak to Redis.
pub const PYTHON_PACKAGES: &[&str] = &["redis", "aioredis", "django_redis", "flask_redis"];

/// Whether a dotted name is of what makes or is a client itself, and not of what one of its commands gives.
pub fn is_made_client(name: &str) -> bool {
    const MAKERS: [&str; 11] = [
        "Redis",
        "StrictRedis",
        "RedisCluster",
        "FlaskRedis",
        "FakeRedis",
        "FakeStrictRedis",
        "from_url",
        "create_redis_pool",
        "get_redis_connection",
        "master_for",
        "slave_for",
    ];
    name.rsplit('.').next().is_some_and(|last| MAKERS.contains(&last))
}

/// Whether a dotted name is of a Redis client.
pub fn is_client(name: &str) -> bool {
    [
        "redis.",
        "ioredis.",
        "@upstash/redis.",
        "@vercel/kv.",
        "@redis/client.",
        "aioredis.",
        "django_redis.",
        "flask_redis.",
    ]
    .iter()
    .any(|library| name.starts_with(library))
}

/// Whether a function is of Redis's own client for Python.
pub fn is_python_client(name: &str) -> bool {
    name.starts_with("redis.")
}

/// Whether a command gives a key an end, or takes it away.
pub fn ends_key(method: &str) -> bool {
    matches!(
        method,
        "expire" | "pexpire" | "expireat" | "pexpireat" | "expireAt" | "pExpire" | "delete" | "del" | "unlink"
    ) || sets_with_end(method)
}

/// Whether a command sets a key with its end.
pub fn sets_with_end(method: &str) -> bool {
    matches!(method, "setex" | "psetex" | "setEx")
}

/// Keyword arguments of `set` that give the key an end.
pub const END_ARGUMENTS: &[&str] = &["ex", "px", "exat", "pxat"];

/// Options of `set` in an object that do so.
pub const END_OPTIONS: &[&str] = &["ex", "EX", "px", "PX", "expiration"];

/// Whether a command waits until a list or stream has an element.
pub fn waits_for_element(method: &str) -> bool {
    matches!(
        method,
        "brpop" | "blpop" | "bzpopmin" | "brpoplpush" | "blmove" | "xread" | "xreadgroup" | "brPop" | "blPop" | "xReadGroup"
    )
}
