//! Functions of a Python program that nothing of it names: what only tests use, what was left behind.

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::eval::Code;
use super::graph::{FnId, Graph};
use crate::ir::{ExprKind, FunctionId, Language, Module, Sym};
use crate::libraries::shared::value::FileId;
use crate::walk::FileRole;

/// Functions by their names.
type ByName<'c> = FxHashMap<&'c str, Vec<(FileId, FnId)>>;

/// Finds them: functions of modules, without decorators, that no entry point reaches and whose names stand nowhere else, texts and settings
/// included. Frameworks call methods, and some functions, by names that no program has: so this only says that no caller is in the project.
pub fn find(code: &Code, graph: &Graph) -> FxHashSet<FnId> {
    let mut names = ByName::default();
    for (file, module) in code.modules_of(Language::Python) {
        if code.files.get(file.index()).is_some_and(|facts| facts.role == FileRole::Source) {
            candidates(graph, file, module, &mut names);
        }
    }
    if names.is_empty() {
        return FxHashSet::default();
    }
    let named: FxHashSet<FnId> = code
        .files
        .par_iter()
        .enumerate()
        .filter(|(_, facts)| facts.role != FileRole::Test)
        .flat_map_iter(|(index, facts)| {
            let file = FileId(index as u32);
            let by_code = facts.module.iter().flat_map(|module| mentioned(&names, file, module));
            let settings = facts.config.iter().flat_map(|config| config.entries.iter());
            let by_settings = settings.flat_map(|entry| words(&entry.value)).filter_map(|word| names.get(word));
            by_code
                .chain(by_settings.flatten().map(|&(_, function)| function))
                .collect::<Vec<_>>()
        })
        .collect();
    let all = names.into_values().flatten().map(|(_, function)| function);
    all.filter(|function| !named.contains(function)).collect()
}

fn candidates<'c>(graph: &Graph, file: FileId, module: &'c Module, names: &mut ByName<'c>) {
    for (id, function) in module.function_ids() {
        let is_plain = function.class.is_none() && function.parent == Some(FunctionId::MODULE) && function.decorators.is_empty();
        let Some(name) = function.name.filter(|_| is_plain && !function.is_lambda) else {
            continue;
        };
        let at = graph.id(file, id);
        if graph.way_to(at).is_none() {
            names.entry(module.str(name)).or_default().push((file, at));
        }
    }
}

/// The functions whose names a module has: another one's anywhere, its own where an expression has them.
fn mentioned(names: &ByName<'_>, file: FileId, module: &Module) -> Vec<FnId> {
    let mut found = Vec::new();
    let mut own: FxHashMap<Sym, Vec<FnId>> = FxHashMap::default();
    for text in module.strings.iter() {
        for word in words(text) {
            for &(at, function) in names.get(word).into_iter().flatten() {
                match module.sym(word).filter(|_| at == file && word == text) {
                    Some(name) => own.entry(name).or_default().push(function),
                    None => found.push(function),
                }
            }
        }
    }
    if own.is_empty() {
        return found;
    }
    for expr in &module.exprs {
        let (ExprKind::Name(name) | ExprKind::Attr { name, .. } | ExprKind::Str(name)) = expr.kind else {
            continue;
        };
        found.extend(own.get(&name).into_iter().flatten());
    }
    found
}

/// A text and, of a path to a function (`shop.mail:send`), its last part.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let last = text.rsplit(['.', ':', '/']).next().filter(|last| last.len() < text.len());
    std::iter::once(text).chain(last)
}
