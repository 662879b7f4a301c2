//! The declaration of an index beside the model, so that the model and the migrations agree.

use super::{Wish, alchemy, django, prisma};
use crate::fix::edits::Edit;
use crate::fix::site::FixContext;
use crate::project::schema::Tool;

/// Edits that declare the indexes of one table; none where no model declares the table. Fails with the reason.
pub fn edits(site: &FixContext<'_>, wishes: &[Wish<'_>]) -> Result<Vec<Edit>, String> {
    let Some(first) = wishes.first() else { return Ok(Vec::new()) };
    match first.table.tool() {
        None => Ok(Vec::new()),
        Some(Tool::Django) => django::edits(site, wishes),
        Some(Tool::SqlAlchemy | Tool::SqlModel) => alchemy::edits(site, wishes),
        Some(Tool::Prisma) => prisma::edits(site, wishes),
        Some(tool) => Err(format!("declarations of {} are not written yet", tool.library())),
    }
}
