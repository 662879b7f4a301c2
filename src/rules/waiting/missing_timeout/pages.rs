//! Which modules only pages in the browser use.

use crate::ir::Module;
use crate::libraries::shared::api_names;
use crate::libraries::shared::value::FileId;
use crate::project::Project;
use crate::walk;

/// How many imports lie between a page and a helper.
const DEPTH: usize = 6;

/// The modules of the browser, by file.
#[derive(Debug, Default)]
pub struct BrowserModules(Vec<bool>);

impl BrowserModules {
    /// Components, hooks and client modules, and what only they import.
    pub fn of(project: &Project) -> BrowserModules {
        let count = project.code.files.len();
        let mut pages = vec![false; count];
        let mut importers: Vec<Vec<usize>> = vec![Vec::new(); count];
        for (file, module) in project.code.modules() {
            let path = project.path(file);
            if let Some(page) = pages.get_mut(file.index()) {
                *page = module.language.runs_in_browsers() && is_page(path, module);
            }
            if project.role(file) == walk::FileRole::Test {
                continue;
            }
            let targets = project.code.targets.get(file.index()).into_iter();
            for target in targets
                .flat_map(|(imports, exports)| imports.iter().chain(exports.iter()))
                .flatten()
            {
                if let Some(list) = importers.get_mut(target.index()).filter(|_| *target != file) {
                    list.push(file.index());
                }
            }
        }
        for _ in 0..DEPTH {
            let below: Vec<usize> = (0..count)
                .filter(|&file| !pages[file] && !importers[file].is_empty() && importers[file].iter().all(|&from| pages[from]))
                .collect();
            if below.is_empty() {
                break;
            }
            for file in below {
                pages[file] = true;
            }
        }
        BrowserModules(pages)
    }

    /// Whether a module is one of the browser's.
    pub fn has(&self, file: FileId) -> bool {
        self.0.get(file.index()).copied().unwrap_or(false)
    }
}

/// A component, a hook (`useUpload.ts`, `use-upload.ts`), a module that says `"use client"`.
fn is_page(path: &str, module: &Module) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let is_component = api_names::is_component_file(name);
    let is_hook = name
        .strip_prefix("use")
        .is_some_and(|rest| rest.starts_with(|first: char| first == '-' || first.is_ascii_uppercase()));
    let directive = module.functions.first().and_then(|top| top.directive);
    is_component || is_hook || directive.is_some_and(|text| module.str(text) == "use client")
}
