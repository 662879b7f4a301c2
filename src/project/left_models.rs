//! Models that a generator wrote and nobody uses: no file imports theirs, and files that are imported declare their tables.

use rustc_hash::FxHashSet;

use super::eval::Code;
use super::schema::{SchemaSource, SourceKind};
use crate::libraries::shared::value::FileId;
use crate::project::schema::Trait;

/// Takes such models out, where they are constants: what nobody imports, nobody queries, and what it says of a table's indexes is not what
/// migrations are made from, where another file says it, too.
pub(super) fn drop(code: &Code, sources: &mut [SchemaSource]) {
    let is_constant = |source: &SchemaSource| matches!(source.kind, SourceKind::Model(tool) if tool.has(Trait::ModelsAreConstants));
    if sources.iter().filter(|source| is_constant(source)).nth(1).is_none() {
        return;
    }
    let imported: FxHashSet<FileId> = code
        .targets
        .iter()
        .flat_map(|(imports, exports)| imports.iter().chain(exports))
        .flatten()
        .copied()
        .collect();
    let is_used = |source: &SchemaSource| code.imports.file(&source.file).is_some_and(|file| imported.contains(&file));
    let used = sources.iter().filter(|source| is_constant(source) && is_used(source));
    let declared: FxHashSet<String> = used
        .flat_map(|source| source.models.iter().map(|model| model.table.name.to_lowercase()))
        .collect();
    for source in sources.iter_mut().filter(|source| is_constant(source) && !is_used(source)) {
        source.models.retain(|model| !declared.contains(&model.table.name.to_lowercase()));
    }
}
