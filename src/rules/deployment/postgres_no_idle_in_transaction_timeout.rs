//! `postgres-no-idle-in-transaction-timeout`: nothing ends a transaction that its client forgot.

use crate::analysis::Analyses;
use crate::finding::Finding;
use crate::rules::shared::deployed;

/// Checks a project.
pub fn check(run: &Analyses<'_>) -> Vec<Finding> {
    let project = run.project;
    // PostgreSQL 17 limits whole transactions with `transaction_timeout`.
    if crate::project::deployment::has_timeout(&project.code, "transaction_timeout") {
        return Vec::new();
    }
    let Some(mut finding) = deployed::missing_timeout(
        project,
        "postgres-no-idle-in-transaction-timeout",
        "idle_in_transaction_session_timeout",
    ) else {
        return Vec::new();
    };
    "PostgreSQL keeps idle transactions open without a limit".clone_into(&mut finding.title);
    "No `idle_in_transaction_session_timeout` is set: not by the connection's options, the server's settings, nor for a database or role. A transaction whose client waits for something else keeps its locks and holds back vacuum."
        .clone_into(&mut finding.message);
    "rows stay locked and dead rows pile up behind one forgotten transaction".clone_into(&mut finding.impact);
    "Set `idle_in_transaction_session_timeout` for the application's role or on its connections.".clone_into(&mut finding.fix.summary);
    finding.fix.ddl = Some("ALTER ROLE app SET idle_in_transaction_session_timeout = '60s';".to_owned());
    vec![finding]
}
