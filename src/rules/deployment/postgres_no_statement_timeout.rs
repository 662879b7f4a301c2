//! `postgres-no-statement-timeout`: nothing ends a statement that runs away.

use crate::analysis::Analyses;
use crate::finding::Finding;
use crate::rules::shared::deployed;

/// Checks a project.
pub fn check(run: &Analyses<'_>) -> Vec<Finding> {
    let project = run.project;
    // asyncpg's `command_timeout` cancels the statement on the server too.
    if crate::project::deployment::has_timeout(&project.code, "command_timeout")
        || crate::project::deployment::has_timeout(&project.code, "query_timeout")
    {
        return Vec::new();
    }
    let Some(mut finding) = deployed::missing_timeout(project, "postgres-no-statement-timeout", "statement_timeout") else {
        return Vec::new();
    };
    "PostgreSQL runs statements without a time limit".clone_into(&mut finding.title);
    "No `statement_timeout` is set: not by the connection's options, the server's settings, nor for a database or role. A statement that misses its index holds its connection, and its locks, until it ends."
        .clone_into(&mut finding.message);
    "a few slow statements hold all connections of the pool".clone_into(&mut finding.impact);
    "Set `statement_timeout` for the application's role or on its connections, and raise it for jobs that need longer."
        .clone_into(&mut finding.fix.summary);
    finding.fix.ddl = Some("ALTER ROLE app SET statement_timeout = '30s';".to_owned());
    vec![finding]
}
