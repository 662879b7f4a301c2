//! A `PostgreSQL` that is asked: one that the user names, or one that is started for the time of the run.

pub mod cluster;
mod link;
mod url;

use std::time::Duration;

use super::engine::{Engine, Failure, Load, Made, Plan};
use super::explain;
use crate::error::Error;
use crate::statement::Dialect;
use cluster::Cluster;
use link::Link;
pub use url::Address;

/// How long one statement may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long filling one table may take.
const LONG_PATIENCE: Duration = Duration::from_secs(120);

/// What is set before anything else, so that plans are the same everywhere; so many statistics are of all rows, not of some by chance.
const SETTINGS: &str = "SET standard_conforming_strings = on; SET client_min_messages = error; SET jit = off; \
    SET max_parallel_workers_per_gather = 0; SET lock_timeout = '5s'; SET search_path = public; SET datestyle = iso; \
    SET default_statistics_target = 400";

/// A connection in a transaction that is never committed.
#[derive(Debug)]
pub struct Postgres {
    link: Link,
    version: String,
    /// Ends with the connection.
    _cluster: Option<Cluster>,
}

impl Postgres {
    /// One that the user names. It must hold no tables.
    pub fn at(address: &Address) -> Result<Postgres, Error> {
        let link =
            Link::open(address, PATIENCE + LONG_PATIENCE).map_err(|why| Error::new("--database", format!("cannot be reached: {why}")))?;
        Self::start(link, None).map_err(|why| Error::new("--database", why.to_string()))
    }

    /// One that is started now, in a folder of its own that is removed in the end.
    pub fn temporary(cluster: Cluster) -> Result<Postgres, Error> {
        let link = cluster.connect(PATIENCE + LONG_PATIENCE)?;
        Self::start(link, Some(cluster)).map_err(|why| Error::new("PostgreSQL", why.to_string()))
    }

    fn start(mut link: Link, cluster: Option<Cluster>) -> Result<Postgres, Failure> {
        link.run(SETTINGS)?;
        let number = link
            .value("SHOW server_version_num")?
            .and_then(|text| text.parse::<u32>().ok())
            .unwrap_or(0);
        if number < 110_000 {
            return Err(Failure::Gone("is older than PostgreSQL 11".to_owned()));
        }
        let version = link.value("SHOW server_version")?.unwrap_or_default();
        let word = version.split_whitespace().next().unwrap_or_default().to_owned();
        let held = link.value(
            "SELECT count(*) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'",
        )?;
        if held.as_deref() != Some("0") {
            let count = held.unwrap_or_default();
            return Err(Failure::Gone(format!(
                "holds {count} tables: an empty database is wanted, of which nothing is kept"
            )));
        }
        link.run("BEGIN")?;
        Self::give_up_rights(&mut link)?;
        link.run("SAVEPOINT empty")?;
        Ok(Postgres {
            link,
            version: format!("PostgreSQL {word}"),
            _cluster: cluster,
        })
    }

    /// A superuser goes on as a role with no rights but to make things here; the role ends with the transaction.
    fn give_up_rights(link: &mut Link) -> Result<(), Failure> {
        let is_super = link.value("SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user")?;
        if is_super.as_deref() != Some("t") {
            return Ok(());
        }
        link.run(
            "CREATE ROLE perfaudit_scratch NOLOGIN NOSUPERUSER; GRANT CREATE, USAGE ON SCHEMA public TO perfaudit_scratch; \
             DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO perfaudit_scratch', current_database()); END $$; \
             SET LOCAL ROLE perfaudit_scratch",
        )
    }

    fn patience(&mut self, time: Duration) -> Result<(), Failure> {
        self.link.run(&format!("SET statement_timeout = {}", time.as_millis()))
    }

    /// Runs statements of which a failure takes back only themselves.
    fn attempt(&mut self, statement: &str) -> Result<(), Failure> {
        self.link.run("SAVEPOINT attempt")?;
        match self.link.run(statement) {
            Ok(()) => self.link.run("RELEASE SAVEPOINT attempt"),
            Err(Failure::Refused(why)) => {
                self.link.run("ROLLBACK TO SAVEPOINT attempt")?;
                Err(Failure::Refused(why))
            }
            Err(gone) => Err(gone),
        }
    }

    fn make(&mut self, load: &Load, made: &mut Made) -> Result<(), Failure> {
        for statement in [&load.create, &load.fill] {
            match self.attempt(statement) {
                Err(Failure::Refused(why)) => {
                    made.failed.insert(load.table, why);
                    return Ok(());
                }
                other => other?,
            }
        }
        for index in &load.indexes {
            let is_made = match self.attempt(&index.create) {
                Err(Failure::Refused(_)) => self.attempt(&index.plain),
                other => other,
            };
            match is_made {
                Ok(()) => {
                    made.indexes.insert((load.table, index.name.clone()));
                }
                Err(Failure::Refused(_)) => {}
                Err(gone) => return Err(gone),
            }
        }
        self.attempt(&format!("ANALYZE {}", load.name))
    }
}

impl Engine for Postgres {
    fn version(&self) -> String {
        self.version.clone()
    }

    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }

    fn load(&mut self, schemas: &[String], loads: &[Load]) -> Result<Made, Failure> {
        self.patience(LONG_PATIENCE)?;
        for schema in schemas {
            self.attempt(&format!("CREATE SCHEMA IF NOT EXISTS {schema}"))?;
        }
        let mut made = Made::default();
        for load in loads {
            self.make(load, &mut made)?;
        }
        self.patience(PATIENCE)?;
        Ok(made)
    }

    fn clear(&mut self) -> Result<(), Failure> {
        self.link.run("ROLLBACK TO SAVEPOINT empty")
    }

    fn value(&mut self, select: &str) -> Result<Option<String>, Failure> {
        self.link.run("SAVEPOINT attempt")?;
        let found = self.link.value(&format!("SELECT quote_literal(v::text) FROM ({select}) AS s (v)"));
        self.link.run("ROLLBACK TO SAVEPOINT attempt")?;
        found
    }

    fn plan(&mut self, statement: &str) -> Result<Plan, Failure> {
        self.link.run("SAVEPOINT attempt")?;
        let found = self.link.value(&format!("EXPLAIN (FORMAT JSON) {statement}"));
        self.link.run("ROLLBACK TO SAVEPOINT attempt")?;
        let text = found?.unwrap_or_default();
        explain::read(&text).ok_or_else(|| Failure::Refused("its plan was not understood".to_owned()))
    }

    fn change(&mut self, statement: &str) -> Result<(), Failure> {
        self.link.run("SAVEPOINT changed")?;
        self.link.run(statement)
    }

    fn undo(&mut self) -> Result<(), Failure> {
        self.link.run("ROLLBACK TO SAVEPOINT changed")
    }
}
