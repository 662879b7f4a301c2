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
