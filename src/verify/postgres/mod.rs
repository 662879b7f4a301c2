//! A `PostgreSQL` that is asked: one that the user names, or one that is started for the time of the run.

pub mod cluster;
mod link;
mod url;

use std::time::Duration;

use super::engine::{Engine, EngineFailure, LoadOutcome, QueryPlan, RowValue, TableLoad};
use super::explain;
use crate::error::Error;
use crate::statement::Dialect;
use cluster::Cluster;
use link::ServerConnection;
pub use url::ServerAddress;

/// How long one statement may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long filling one table may take.
const LONG_PATIENCE: Duration = Duration::from_secs(120);

/// Statements that may take longer than they are given.
const MOST_SLOW: u32 = 3;

/// The oldest version that is asked, as the server gives it.
const OLDEST: u32 = 110_000;

/// How a role and a database for this are made.
const WANTED: &str = "CREATE ROLE perfaudit LOGIN PASSWORD '…'; CREATE DATABASE scratch OWNER perfaudit";

/// What is set before anything else, so that plans are the same everywhere; so many statistics are of all rows, not of some by chance.
const SETTINGS: [&str; 8] = [
    "SET standard_conforming_strings = on",
    "SET client_min_messages = error",
    "SET jit = off",
    "SET max_parallel_workers_per_gather = 0",
    "SET lock_timeout = '5s'",
    "SET search_path = public",
    "SET datestyle = iso",
    "SET default_statistics_target = 400",
];

/// How many roles that the connection has or can take may reach out of the database: superusers, and those that read and write files of
/// the server or start its programs.
const RIGHTS: &str = "SELECT count(*) FROM pg_catalog.pg_roles \
    WHERE pg_catalog.pg_has_role(session_user, oid, 'MEMBER') AND (rolsuper \
    OR rolname IN ('pg_execute_server_program', 'pg_read_server_files', 'pg_write_server_files'))";

/// Tables that are there.
const HELD: &str = "SELECT count(*) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'";

/// A connection in a transaction that is never committed.
#[derive(Debug)]
pub struct Postgres {
    link: ServerConnection,
    version: String,
    /// Ends with the connection.
    _cluster: Option<Cluster>,
}

impl Postgres {
    /// One that the user names. It must hold no tables, and the role no rights beyond it.
    pub fn at(address: &ServerAddress) -> Result<Postgres, Error> {
        let link = ServerConnection::open(address, PATIENCE + LONG_PATIENCE)
            .map_err(|why| Error::new("--database", format!("cannot be reached: {why}")))?;
        Self::start(link, None).map_err(|why| Error::new("--database", why.to_string()).hint(WANTED))
    }

    /// One that is started now, in a folder of its own that is removed in the end.
    pub fn temporary(cluster: Cluster) -> Result<Postgres, Error> {
        let link = cluster.connect(PATIENCE + LONG_PATIENCE)?;
        Self::start(link, Some(cluster)).map_err(|why| Error::new("PostgreSQL", why.to_string()))
    }

    fn start(mut link: ServerConnection, cluster: Option<Cluster>) -> Result<Postgres, EngineFailure> {
        for setting in SETTINGS {
            link.run(setting)?;
        }
        let number = link.value("SHOW server_version_num")?;
        if number.and_then(|text| text.parse::<u32>().ok()).unwrap_or(0) < OLDEST {
            return Err(EngineFailure::Gone("is older than PostgreSQL 11".to_owned()));
        }
        if link.value(RIGHTS)?.as_deref() != Some("0") {
            return Err(EngineFailure::Gone(
                "is asked as a role that is a superuser or may use the server's files and programs".to_owned(),
            ));
        }
        let version = link.value("SHOW server_version")?.unwrap_or_default();
        let word = version.split_whitespace().next().unwrap_or_default().to_owned();
        let held = link.value(HELD)?;
        if held.as_deref() != Some("0") {
            let count = held.unwrap_or_default();
            return Err(EngineFailure::Gone(format!(
                "holds {count} tables: an empty database is wanted, of which nothing is kept"
            )));
        }
        link.run("BEGIN")?;
        link.run("SAVEPOINT empty")?;
        Ok(Postgres {
            link,
            version: format!("PostgreSQL {word}"),
            _cluster: cluster,
        })
    }

    fn patience(&mut self, time: Duration) -> Result<(), EngineFailure> {
        self.link.run(&format!("SET statement_timeout = {}", time.as_millis()))
    }

    /// Runs a statement of which a failure takes back only itself.
    fn attempt(&mut self, statement: &str) -> Result<(), EngineFailure> {
        self.go_on()?;
        self.link.run("SAVEPOINT attempt")?;
        match self.link.run(statement) {
            Ok(()) => self.link.run("RELEASE SAVEPOINT attempt"),
            Err(EngineFailure::Refused(why)) => {
                self.take_back("attempt")?;
                Err(EngineFailure::Refused(why))
            }
            Err(gone) => Err(gone),
        }
    }

    /// A schema of which statement after statement takes all its time would take days.
    fn go_on(&self) -> Result<(), EngineFailure> {
        if self.link.slow() >= MOST_SLOW {
            return Err(EngineFailure::Gone(format!("was ended: {MOST_SLOW} statements took too long")));
        }
        Ok(())
    }

    /// What a statement gives that changes nothing.
    fn ask(&mut self, statement: &str) -> Result<Option<String>, EngineFailure> {
        self.go_on()?;
        self.link.run("SAVEPOINT attempt")?;
        let found = self.link.value(statement);
        self.take_back("attempt")?;
        found
    }

    /// A savepoint that is only rolled back to stays, and each that follows lies within it.
    fn take_back(&mut self, savepoint: &str) -> Result<(), EngineFailure> {
        self.link.run(&format!("ROLLBACK TO SAVEPOINT {savepoint}"))?;
        self.link.run(&format!("RELEASE SAVEPOINT {savepoint}"))
    }

    fn make(&mut self, load: &TableLoad, made: &mut LoadOutcome) -> Result<(), EngineFailure> {
        for statement in [&load.create, &load.fill] {
            match self.attempt(statement) {
                Err(EngineFailure::Refused(why)) => {
                    made.failed.insert(load.table, why);
                    return Ok(());
                }
                other => other?,
            }
        }
        for index in &load.indexes {
            let is_made = match self.attempt(&index.create) {
                Err(EngineFailure::Refused(_)) if index.plain != index.create => self.attempt(&index.plain),
                other => other,
            };
            match is_made {
                Ok(()) => {
                    made.indexes.insert((load.table, index.name.clone()));
                }
                Err(EngineFailure::Refused(_)) => {}
                Err(gone) => return Err(gone),
            }
        }
        match self.attempt(&format!("ANALYZE {}", load.name)) {
            Err(EngineFailure::Refused(why)) => {
                made.failed.insert(load.table, why);
                Ok(())
            }
            other => other,
        }
    }
}

impl Engine for Postgres {
    fn version(&self) -> String {
        self.version.clone()
    }

    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }

    fn load(&mut self, schemas: &[String], loads: &[TableLoad]) -> Result<LoadOutcome, EngineFailure> {
        self.patience(LONG_PATIENCE)?;
        for schema in schemas {
            // Of one that is refused, as those of the server's own names are, the tables fail and say so.
            if let Err(EngineFailure::Gone(why)) = self.attempt(&format!("CREATE SCHEMA IF NOT EXISTS {schema}")) {
                return Err(EngineFailure::Gone(why));
            }
        }
        let mut made = LoadOutcome::default();
        for load in loads {
            self.make(load, &mut made)?;
        }
        self.patience(PATIENCE)?;
        Ok(made)
    }

    fn clear(&mut self) -> Result<(), EngineFailure> {
        self.link.run("ROLLBACK TO SAVEPOINT empty")
    }

    fn value(&mut self, select: &str) -> Result<Option<RowValue>, EngineFailure> {
        Ok(self.ask(select)?.map(RowValue::Text))
    }

    fn plan(&mut self, statement: &str) -> Result<QueryPlan, EngineFailure> {
        let text = self.ask(&format!("EXPLAIN (FORMAT JSON) {statement}"))?.unwrap_or_default();
        explain::read(&text).ok_or_else(|| EngineFailure::Refused("its plan was not understood".to_owned()))
    }

    fn change(&mut self, statement: &str) -> Result<(), EngineFailure> {
        self.link.run("SAVEPOINT changed")?;
        self.link.run(statement)
    }

    fn undo(&mut self) -> Result<(), EngineFailure> {
        self.take_back("changed")
    }
}
