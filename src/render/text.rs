//! The text of a query site's statement.

use super::statement::{self, Purpose};
use crate::inventory::rows::SqlText;
use crate::project::Project;
use crate::statement::{Dialect, Operation};

/// The statement of a site as SQL: as the code gives it where that is all of it, else as the model keeps it.
pub fn of(project: &Project, site: usize) -> Option<SqlText> {
    let query = &project.graph.sites.get(site)?.query;
    if let Some(text) = query.text.as_deref().filter(|_| query.statement.operation != Operation::Other) {
        return Some(SqlText {
            text: text.to_owned(),
            exact: true,
            approximated: Vec::new(),
        });
    }
    let dialect = project.table_of(query).map_or(Dialect::Generic, |table| table.dialect);
    let one = statement::of(project, site, dialect, Purpose::Show)?;
    Some(SqlText {
        text: one.shown(dialect),
        exact: one.is_exact(),
        approximated: one.approximated.iter().map(|what| what.word().to_owned()).collect(),
    })
}
