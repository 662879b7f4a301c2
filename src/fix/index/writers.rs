//! What is written for each library: the one list of it.

use super::{
    Series, Wish, Written, alchemy, alembic, django, django_steps, drizzle, drizzle_steps, entity, folders, prisma, sequelize, sql,
};
use crate::fix::edits::Edit;
use crate::fix::site::FixContext;
use crate::libraries;
use crate::project::schema::{Table, Tool};

/// Writes the declarations of one table's indexes, which its migrations make (`true`) or its models.
type Declare = fn(&FixContext<'_>, &[Wish<'_>], bool) -> Result<Vec<Edit>, String>;
/// Writes steps into a folder of migrations.
type Step = fn(&FixContext<'_>, &str, &[Wish<'_>]) -> Result<Written, String>;

/// The series of a table that no migration makes; fails where nothing says that its models do.
type WithoutSteps = fn(&FixContext<'_>, &Table) -> Result<Series, String>;

/// What is written in the words of a library.
#[derive(Clone, Copy)]
pub(super) struct IndexWriter {
    tool: Tool,
    /// Its declarations.
    pub declare: Option<Declare>,
    /// Its migrations, where those are no programs (see `script`).
    pub step: Option<Step>,
    /// The tools whose migrations make the tables of its models.
    migrated_by: &'static [Tool],
    /// The series of a table that no migration makes, where its models do.
    pub without_steps: Option<WithoutSteps>,
}

impl IndexWriter {
    const fn of(tool: Tool) -> IndexWriter {
        IndexWriter {
            tool,
            declare: None,
            step: None,
            migrated_by: &[],
            without_steps: None,
        }
    }
}

const WRITERS: [IndexWriter; 9] = [
    IndexWriter {
        declare: Some(|site, wishes, _| django::edits(site, wishes)),
        step: Some(django_steps::write),
        migrated_by: &[libraries::django::TOOL],
        ..IndexWriter::of(libraries::django::TOOL)
    },
    IndexWriter {
        declare: Some(|site, wishes, _| alchemy::edits(site, wishes)),
        migrated_by: &[libraries::sqlalchemy::ALEMBIC, libraries::sql::TOOL],
        ..IndexWriter::of(libraries::sqlalchemy::TOOL)
    },
    IndexWriter {
        declare: Some(|site, wishes, _| alchemy::edits(site, wishes)),
        migrated_by: &[libraries::sqlalchemy::ALEMBIC, libraries::sql::TOOL],
        ..IndexWriter::of(libraries::sqlalchemy::SQLMODEL)
    },
    IndexWriter {
        step: Some(alembic::write),
        ..IndexWriter::of(libraries::sqlalchemy::ALEMBIC)
    },
    IndexWriter {
        declare: Some(|site, wishes, _| prisma::edits(site, wishes)),
        step: Some(prisma::write),
        migrated_by: &[libraries::prisma::TOOL],
        without_steps: Some(prisma::without_steps),
        ..IndexWriter::of(libraries::prisma::TOOL)
    },
    IndexWriter {
        declare: Some(|site, wishes, _| entity::edits(site, wishes)),
        migrated_by: &[libraries::sql::TOOL],
        without_steps: Some(|site, _| folders::made_by_models(site, libraries::typeorm::TOOL, folders::synchronizes)),
        ..IndexWriter::of(libraries::typeorm::TOOL)
    },
    IndexWriter {
        declare: Some(|site, wishes, _| drizzle::edits(site, wishes)),
        step: Some(drizzle_steps::write),
        migrated_by: &[libraries::sql::TOOL],
        without_steps: Some(|site, _| folders::made_by_models(site, libraries::drizzle::TOOL, folders::is_pushed)),
        ..IndexWriter::of(libraries::drizzle::TOOL)
    },
    IndexWriter {
        declare: Some(sequelize::edits),
        migrated_by: &[libraries::sql::TOOL],
        without_steps: Some(|site, _| folders::made_by_models(site, libraries::sequelize::TOOL, folders::calls_sync)),
        ..IndexWriter::of(libraries::sequelize::TOOL)
    },
    IndexWriter {
        step: Some(sql::write),
        ..IndexWriter::of(libraries::sql::TOOL)
    },
];

/// What is written in the words of a tool.
pub(super) fn writer(tool: Tool) -> Option<&'static IndexWriter> {
    WRITERS.iter().find(|writer| writer.tool == tool)
}

/// Whether a series of a tool makes tables of a model's tool, or of none where migrations alone make them.
pub(super) fn makes_tables_of(series: Tool, model: Option<Tool>) -> bool {
    let of_none = [libraries::sqlalchemy::ALEMBIC, libraries::sql::TOOL];
    let tools = model.map_or(of_none.as_slice(), |model| writer(model).map_or(&[], |writer| writer.migrated_by));
    tools.contains(&series)
}

/// The series of a table without steps: none, where its tool makes tables of their models.
pub(super) fn without_steps(site: &FixContext<'_>, table: &Table) -> Result<Series, String> {
    let tool = table.tool().ok_or_else(folders::unknown)?;
    let of_models = writer(tool).and_then(|writer| writer.without_steps);
    of_models.ok_or_else(folders::unknown)?(site, table)
}
