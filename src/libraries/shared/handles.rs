//! What the name of a handle says that it is, for recognisers that do not know its value.

use crate::vocabulary::List;

/// Whether a name is one of a database, of its session or connection, or of a transaction: `db`, `this.dbClient`, `trx`.
pub fn is_database(name: &str) -> bool {
    List::DatabaseHandles.has(name) || List::TransactionHandles.has(name)
}

/// The same where the model, the table or the import of a library stands beside it, so that names which much else has count as well.
pub fn may_be_database(name: &str) -> bool {
    is_database(name) || List::ShortDatabaseHandles.has(name)
}

/// Whether a name is one of a server or of an application, below which routers are put: `app`, `httpServer`.
pub fn is_application(name: &str) -> bool {
    List::Applications.has(name)
}

/// Whether a name is one of what takes routes: an application, a router, a blueprint.
pub fn takes_routes(name: &str) -> bool {
    is_application(name) || List::Routers.has(name)
}

/// Whether a name is one of what keeps results: a cache of the program's own, or a server of them.
pub fn keeps_results(name: &str) -> bool {
    List::Caches.has(name) || List::CacheServers.has(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handles_are_known_by_their_names() {
        let names = ["db", "_db", "dbClient", "self.session", "sqlEngine", "trx", "transaction"];
        assert!(names.into_iter().all(is_database));
        assert!(may_be_database("t") && may_be_database("client") && !is_database("t") && !is_database("client"));
        assert!(!may_be_database("dbName") && !may_be_database("format"));
        assert!(["app", "httpServer", "fastify"].into_iter().all(is_application) && !is_application("router"));
        assert!(["app", "peopleRoutes", "apiV1", "users_bp"].into_iter().all(takes_routes) && !takes_routes("cache"));
        assert!(["userCache", "memoized", "redis"].into_iter().all(keeps_results) && !keeps_results("memory"));
        let is_logger = |name: &str| List::Loggers.has(name);
        assert!(is_logger("this.logger") && is_logger("console") && !is_logger("catalog") && !is_logger("login"));
        let is_key = |name: &str| List::PrimaryKeys.has(name);
        assert!(is_key("id") && is_key("_id") && is_key("pk") && !is_key("user_id"));
    }
}
