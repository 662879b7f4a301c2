//! The declaration of an index beside the model, so that the model and the migrations agree.

use super::{Wish, writers};
use crate::fix::edits::Edit;
use crate::fix::site::FixContext;
use crate::project::schema::{Table, Trait};

/// Edits that declare the indexes of one table; none where no model declares the table, or where migrations make it (`has_steps`) and its
/// model need not say what they make. Fails with the reason.
pub fn edits(site: &FixContext<'_>, wishes: &[Wish<'_>], has_steps: bool) -> Result<Vec<Edit>, String> {
    let tool = wishes.first().and_then(|wish| wish.table.tool());
    let Some(tool) = tool.filter(|tool| !tool.has(Trait::DeclaresNoIndexes)) else {
        return Ok(Vec::new());
    };
    match writers::writer(tool).and_then(|writer| writer.declare) {
        Some(declare) => declare(site, wishes, has_steps),
        None => Err(format!("declarations of {} are not written yet", tool.library())),
    }
}

/// Whether a declaration can say that a column goes down as a query asks for it. Where it cannot, all columns go up: an index is read both
/// ways.
pub fn has_directions(table: &Table) -> bool {
    !table.tool().is_some_and(|tool| tool.has(Trait::DeclaresNoDirections))
}
