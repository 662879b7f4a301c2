//! The declaration of an index beside the model, so that the model and the migrations agree.

use super::{Wish, alchemy, django, drizzle, entity, prisma, sequelize};
use crate::fix::edits::Edit;
use crate::fix::site::FixContext;
use crate::project::schema::{Table, Tool};

/// Edits that declare the indexes of one table; none where no model declares the table, or where migrations make it (`has_steps`) and its
/// model need not say what they make. Fails with the reason.
pub fn edits(site: &FixContext<'_>, wishes: &[Wish<'_>], has_steps: bool) -> Result<Vec<Edit>, String> {
    let Some(first) = wishes.first() else { return Ok(Vec::new()) };
    match first.table.tool() {
        None | Some(Tool::Objection) => Ok(Vec::new()),
        Some(Tool::Django) => django::edits(site, wishes),
        Some(Tool::SqlAlchemy | Tool::SqlModel) => alchemy::edits(site, wishes),
        Some(Tool::Prisma) => prisma::edits(site, wishes),
        Some(Tool::TypeOrm) => entity::edits(site, wishes),
        Some(Tool::Drizzle) => drizzle::edits(site, wishes),
        Some(Tool::Sequelize) => sequelize::edits(site, wishes, has_steps),
        Some(tool) => Err(format!("declarations of {} are not written yet", tool.library())),
    }
}

/// Whether a declaration can say that a column goes down as a query asks for it. Where it cannot, all columns go up: an index is read both
/// ways. Drizzle puts nulls last in both, which on `PostgreSQL` is the order of no plain `ORDER BY … DESC`.
pub fn has_directions(table: &Table) -> bool {
    !matches!(table.tool(), Some(Tool::Drizzle | Tool::TypeOrm))
}
