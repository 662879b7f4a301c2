//! The model of a project's users, where its settings name one of their own.

use super::Code;
use crate::ir::{Class, ClassId, Language, Module};
use crate::libraries::registry;
use crate::libraries::shared::value::FileId;
use crate::walk::FileRole;

/// Finds it. Of several classes of the name, the one in the app's folder; where that says nothing either, none. None too where settings
/// beside those of tests name different ones.
pub(super) fn find(code: &Code) -> Option<(FileId, ClassId)> {
    let is_source = |file: FileId| code.files.get(file.index()).is_some_and(|facts| facts.role == FileRole::Source);
    let mut named = code
        .modules_of(Language::Python)
        .filter(|(file, _)| is_source(*file))
        .filter_map(|(_, module)| registry::user_model(module));
    let (app, name) = named.next()?;
    if named.any(|other| other != (app, name)) {
        return None;
    }
    let classes = || {
        let named = move |(file, module): (FileId, _)| {
            let module: &Module = module;
            let is_it = |class: &Class| class.name.is_some_and(|known| module.str(known) == name);
            let ids = module.class_ids().filter(|(_, class)| is_it(class));
            ids.map(|(id, _)| (file, id)).collect::<Vec<_>>()
        };
        code.modules_of(Language::Python).flat_map(named)
    };
    let in_app = |&(file, _): &(FileId, ClassId)| {
        let path = code.files.get(file.index()).map_or("", |facts| facts.path.as_str());
        path.split('/').any(|part| part == app)
    };
    classes().find(in_app).or_else(|| {
        let mut all = classes();
        all.next().filter(|_| all.next().is_none())
    })
}
