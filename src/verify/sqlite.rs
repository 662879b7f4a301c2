//! `SQLite` in memory. It gives no costs, so a search is run, and what counts is how many steps its machine takes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, StatementStatus};

use super::engine::{Engine, EngineFailure, LoadOutcome, QueryPlan, RowValue, TableLoad};
use crate::error::Error;
use crate::statement::Dialect;

/// Steps of the machine between two looks at how many there were.
const LOOK: i32 = 10_000;
/// Looks after which a statement is ended: some hundred million steps.
const MOST: u64 = 20_000;
/// Steps of a plan that are named.
const SHOWN: usize = 4;

/// A database that is nowhere but in memory.
#[derive(Debug)]
pub struct Sqlite {
    connection: Connection,
    looks: Arc<AtomicU64>,
}

fn refused(error: &rusqlite::Error) -> EngineFailure {
    EngineFailure::Refused(error.to_string())
}

/// Other files, settings and extensions are out of reach.
fn allowed(context: &AuthContext<'_>) -> Authorization {
    match context.action {
        AuthAction::Attach { .. } | AuthAction::Detach { .. } | AuthAction::Pragma { .. } => Authorization::Deny,
        AuthAction::Function { function_name } if function_name.eq_ignore_ascii_case("load_extension") => Authorization::Deny,
        _ => Authorization::Allow,
    }
}

fn of_row(value: ValueRef<'_>) -> Option<RowValue> {
    match value {
        ValueRef::Integer(number) => Some(RowValue::Whole(number)),
        ValueRef::Real(number) => Some(RowValue::Real(number)),
        ValueRef::Text(text) => std::str::from_utf8(text).ok().map(|text| RowValue::Text(text.to_owned())),
        ValueRef::Null | ValueRef::Blob(_) => None,
    }
}

impl Sqlite {
    /// An empty one.
    pub fn new() -> Result<Sqlite, Error> {
        Self::open().map_err(|error| Error::new("SQLite", error.to_string()))
    }

    fn open() -> rusqlite::Result<Sqlite> {
        let mut connection = Connection::open_in_memory()?;
        let looks = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&looks);
        connection.progress_handler(LOOK, Some(move || count.fetch_add(1, Ordering::Relaxed) > MOST))?;
        // Half a gigabyte.
        connection.pragma_update(None, "max_page_count", 131_072)?;
        connection.authorizer(Some(|context: AuthContext<'_>| allowed(&context)))?;
        connection.execute_batch("SAVEPOINT empty")?;
        Ok(Sqlite { connection, looks })
    }

    fn run(&mut self, statements: &str) -> Result<(), EngineFailure> {
        self.looks.store(0, Ordering::Relaxed);
        self.connection.execute_batch(statements).map_err(|error| refused(&error))
    }

    fn attempt(&mut self, statement: &str) -> Result<(), EngineFailure> {
        self.run("SAVEPOINT attempt")?;
        let done = self.run(statement);
        let end = if done.is_ok() {
            "RELEASE attempt"
        } else {
            "ROLLBACK TO attempt; RELEASE attempt"
        };
        self.run(end)?;
        done
    }

    fn make(&mut self, load: &TableLoad, made: &mut LoadOutcome) {
        for statement in [&load.create, &load.fill] {
            if let Err(EngineFailure::Refused(why)) = self.attempt(statement) {
                made.failed.insert(load.table, why);
                return;
            }
        }
        for index in &load.indexes {
            if self.attempt(&index.create).is_ok() || index.plain != index.create && self.attempt(&index.plain).is_ok() {
                made.indexes.insert((load.table, index.name.clone()));
            }
        }
    }

    fn steps(&self, statement: &str) -> rusqlite::Result<String> {
        let mut explained = self.connection.prepare(&format!("EXPLAIN QUERY PLAN {statement}"))?;
        let mut rows = explained.query([])?;
        let mut steps = Vec::new();
        while let Some(row) = rows.next()? {
            steps.push(row.get::<_, String>(3)?);
        }
        let more = steps.len().saturating_sub(SHOWN);
        steps.truncate(SHOWN);
        let tail = if more > 0 { format!(" and {more} more") } else { String::new() };
        Ok(steps.join(", ") + &tail)
    }

    fn count(&self, statement: &str) -> rusqlite::Result<i32> {
        let mut prepared = self.connection.prepare(statement)?;
        let mut rows = prepared.query([])?;
        while rows.next()?.is_some() {}
        drop(rows);
        Ok(prepared.get_status(StatementStatus::VmStep))
    }
}

impl Engine for Sqlite {
    fn version(&self) -> String {
        format!("SQLite {}", rusqlite::version())
    }

    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    fn load(&mut self, _schemas: &[String], loads: &[TableLoad]) -> Result<LoadOutcome, EngineFailure> {
        let mut made = LoadOutcome::default();
        for load in loads {
            self.make(load, &mut made);
        }
        self.run("ANALYZE")?;
        Ok(made)
    }

    fn clear(&mut self) -> Result<(), EngineFailure> {
        self.run("ROLLBACK TO empty")
    }

    fn value(&mut self, select: &str) -> Result<Option<RowValue>, EngineFailure> {
        self.looks.store(0, Ordering::Relaxed);
        let found = self.connection.query_row(select, [], |row| Ok(of_row(row.get_ref(0)?)));
        match found {
            Err(rusqlite::Error::QueryReturnedNoRows) => Ok(None),
            found => found.map_err(|error| refused(&error)),
        }
    }

    fn plan(&mut self, statement: &str) -> Result<QueryPlan, EngineFailure> {
        // Only what reads may run.
        if !statement.starts_with("SELECT ") {
            return Err(EngineFailure::Refused("it is no search".to_owned()));
        }
        self.looks.store(0, Ordering::Relaxed);
        let steps = self.steps(statement).map_err(|error| refused(&error))?;
        let count = self.count(statement).map_err(|error| refused(&error))?;
        Ok(QueryPlan {
            cost: f64::from(count),
            steps,
        })
    }

    fn change(&mut self, statement: &str) -> Result<(), EngineFailure> {
        self.run("SAVEPOINT changed")?;
        self.run(&format!("{statement}; ANALYZE"))
    }

    fn undo(&mut self) -> Result<(), EngineFailure> {
        self.run("ROLLBACK TO changed; RELEASE changed")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_saves_steps_until_it_is_taken_back() {
        let mut engine = Sqlite::new().expect("an engine");
        let load = TableLoad {
            table: 0,
            name: "t".to_owned(),
            create: "CREATE TABLE t (a integer, b text)".to_owned(),
            fill: "WITH RECURSIVE s (g) AS (SELECT 1 UNION ALL SELECT g + 1 FROM s WHERE g < 5000) INSERT INTO t SELECT g % 500, 'v' || g FROM s".to_owned(),
            indexes: Vec::new(),
        };
        let made = engine.load(&[], &[load]).expect("made");
        assert!(made.failed.is_empty(), "{made:?}");
        let value = engine.value("SELECT b FROM t WHERE b IS NOT NULL LIMIT 1 OFFSET 6").expect("asked");
        assert_eq!(value, Some(RowValue::Text("v7".to_owned())));
        let cost = |engine: &mut Sqlite| engine.plan("SELECT * FROM t WHERE a = 7").expect("a plan").cost;
        let before = cost(&mut engine);
        engine.change("CREATE INDEX i ON t (a)").expect("changed");
        assert!(cost(&mut engine) * 50.0 < before);
        engine.undo().expect("taken back");
        assert!((cost(&mut engine) - before).abs() < 1.0);
        engine.clear().expect("cleared");
        assert!(engine.plan("SELECT * FROM t").is_err());
    }

    #[test]
    fn other_files_are_out_of_reach_and_work_ends() {
        let mut engine = Sqlite::new().expect("an engine");
        for statement in [
            "ATTACH 'x.db' AS x",
            "VACUUM INTO 'x.db'",
            "SELECT load_extension('x')",
            "PRAGMA journal_mode = off",
        ] {
            assert!(engine.run(statement).is_err(), "{statement}");
        }
        assert!(!std::path::Path::new("x.db").exists());
        let endless = "SELECT count(*) FROM (WITH RECURSIVE s (g) AS (SELECT 1 UNION ALL SELECT g + 1 FROM s) SELECT g FROM s)";
        assert!(engine.plan(endless).is_err());
    }
}
