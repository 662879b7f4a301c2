//! The code of a project with everything that look-ups need: files, bindings, where imports lead.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::{Evaluator, kept, objects_as, user_model};
use crate::budget::{CountedVec, Limit, Overruns};
use crate::ir::{ClassId, ExprKind, Function, FunctionId, Language, Module};
use crate::libraries::shared::effects::LibraryData;
use crate::libraries::shared::value::{FileId, Value};
use crate::project::failures::Failures;
use crate::project::imports::Imports;
use crate::project::kept_functions::KeptFunctions;
use crate::project::named_models::NamedModels;
use crate::project::relations::Relations;
use crate::project::scope::Scope;
use crate::syntax::facts::FileFacts;

/// The file that each of several imports leads to.
pub type Targets = Vec<Option<FileId>>;

/// The code of a project with everything that look-ups need.
#[derive(Debug, Default)]
pub struct Code {
    /// Facts by file, sorted by path.
    pub files: CountedVec<FileFacts>,
    /// Bindings by file; empty for files without a module.
    pub scopes: Vec<Scope>,
    /// Where imports lead.
    pub imports: Imports,
    /// The file that each import and each re-export of a module leads to, in the module's order.
    pub targets: Vec<(Targets, Targets)>,
    /// The files that the star imports and the star re-exports of a module lead to.
    pub stars: Vec<(Vec<FileId>, Vec<FileId>)>,
    /// The imports of each file that bring all names of something outside of the project (`from peewee import *`): the last few.
    pub outer_stars: Vec<Vec<usize>>,
    /// What libraries do.
    pub data: Arc<LibraryData>,
    /// Names of tables and models that the schema declares, lower case.
    pub tables: FxHashSet<String>,
    /// Relations of model classes.
    pub relations: Relations,
    /// Models that a connection keeps by name.
    pub named_models: NamedModels,
    /// The class of the project's users, where the settings name one.
    pub user_model: Option<(FileId, ClassId)>,
    /// Functions that a library keeps for its models.
    pub kept_functions: KeptFunctions,
    /// Classes that implement or extend a class of the project.
    pub subclasses: FxHashMap<(FileId, ClassId), Vec<(FileId, ClassId)>>,
    /// Objects that are written as one of an interface of the project.
    pub objects_as: objects_as::ByInterface,
    /// What parameters without an annotation hold, from the calls that were resolved.
    pub arguments: FxHashMap<Parameter, Value>,
    /// Parameters of page sizes in which a caller passes what a client sent: their defaults bound nothing.
    pub chosen_sizes: FxHashSet<Parameter>,
    /// The packages that Python files import, by their first name.
    pub imported: FxHashSet<Box<str>>,
    /// What is kept on objects that are passed around, by its name there.
    pub kept: kept::KeptByName,
    /// What reached a bound while the files were linked and judged.
    pub overruns: Overruns,
    /// The files that the tool failed on, and steps that failed.
    pub failures: Failures,
}

/// A function's parameter, by its place.
pub type Parameter = (FileId, FunctionId, usize);

impl Code {
    /// Links files (sorted by path).
    pub fn new(files: Vec<FileFacts>, data: Arc<LibraryData>, tables: FxHashSet<String>) -> Code {
        use rayon::prelude::*;
        let failures = Failures::default();
        let scopes = files
            .par_iter()
            .enumerate()
            .map(|(index, facts)| {
                let module = facts.module.as_ref();
                module.and_then(|module| failures.part(FileId(index as u32), || Scope::new(module)))
            })
            .map(Option::unwrap_or_default)
            .collect();
        let imports = failures.step("where imports lead", || Imports::new(&files));
        let targets: Vec<(Targets, Targets)> = files
            .par_iter()
            .enumerate()
            .map(|(index, facts)| {
                let file = FileId(index as u32);
                failures.part(file, || targets(&imports, file, facts)).unwrap_or_default()
            })
            .collect();
        let stars = files
            .iter()
            .zip(&targets)
            .map(|(facts, targets)| facts.module.as_ref().map_or_else(Default::default, |module| stars(module, targets)))
            .collect();
        let outer_stars = files
            .iter()
            .zip(&targets)
            .map(|(facts, (imported, _))| facts.module.as_ref().map_or_else(Vec::new, |module| outer_stars(module, imported)))
            .collect();
        let mut code = Code {
            files: files.into(),
            scopes,
            imports,
            targets,
            stars,
            outer_stars,
            data,
            tables,
            relations: Relations::default(),
            named_models: NamedModels::default(),
            user_model: None,
            kept_functions: KeptFunctions::default(),
            subclasses: FxHashMap::default(),
            objects_as: objects_as::ByInterface::default(),
            arguments: FxHashMap::default(),
            chosen_sizes: FxHashSet::default(),
            imported: FxHashSet::default(),
            kept: kept::KeptByName::default(),
            overruns: Overruns::default(),
            failures,
        };
        code.imported = code.step("what is imported", || code.find_imported());
        code.user_model = code.step("the model of users", || user_model::find(&code));
        code.kept = code.step("what objects keep", || kept::find(&code));
        code.subclasses = code.step("subclasses", || code.find_subclasses());
        code.objects_as = code.step("objects behind interfaces", || objects_as::find(&code));
        code
    }

    /// A file's module; an empty one for files that are no program code.
    pub fn module(&self, file: FileId) -> &Module {
        static EMPTY: std::sync::LazyLock<Module> = std::sync::LazyLock::new(|| crate::syntax::empty(crate::ir::Language::Python));
        self.files
            .get(file.index())
            .and_then(|facts| facts.module.as_ref())
            .unwrap_or(&EMPTY)
    }

    /// All files with program code.
    pub fn modules(&self) -> impl Iterator<Item = (FileId, &Module)> {
        self.files
            .iter()
            .enumerate()
            .filter_map(|(index, facts)| Some((FileId(index as u32), facts.module.as_ref()?)))
    }

    /// The files of one language.
    pub fn modules_of(&self, language: Language) -> impl Iterator<Item = (FileId, &Module)> {
        self.modules().filter(move |(_, module)| module.language == language)
    }

    /// Does one file's part of a step; `None` where the tool fails on it, which is told.
    pub fn part<T>(&self, file: FileId, work: impl FnOnce() -> T) -> Option<T> {
        self.failures.part(file, work)
    }

    /// Does a step that looks at all files at once; nothing of what it gives is known where the tool fails on it, which is told.
    pub fn step<T: Default>(&self, name: &'static str, work: impl FnOnce() -> T) -> T {
        self.failures.step(name, work)
    }

    /// What a step finds in each of some files, in their order, without those that the tool fails on.
    pub fn parts<T: Send>(&self, files: Vec<FileId>, find: impl Fn(FileId) -> Vec<T> + Sync) -> Vec<T> {
        use rayon::prelude::*;
        let found = files.into_par_iter().map(|file| self.part(file, || find(file)).unwrap_or_default());
        found.collect::<Vec<_>>().into_iter().flatten().collect()
    }

    /// Tells that what stands at an offset of a file reached a bound.
    pub fn tell(&self, limit: Limit, file: FileId, offset: u32) {
        if let Some(facts) = self.files.get(file.index()) {
            self.overruns.add(limit, format!("{}:{}", facts.path, facts.lines.line(offset)));
        }
    }

    /// Whether a function has no more parameters than are followed; the others are told.
    pub fn takes_few(&self, file: FileId, function: &Function) -> bool {
        let is_few = function.params.len() <= Limit::Parameters.count();
        if !is_few {
            self.tell(Limit::Parameters, file, function.name_span.start);
        }
        is_few
    }

    fn find_imported(&self) -> FxHashSet<Box<str>> {
        let python = self.modules_of(Language::Python);
        let paths = python.flat_map(|(_, module)| module.imports.iter().map(|import| module.str(import.module)));
        paths.map(|path| path.split('.').next().unwrap_or(path).into()).collect()
    }

    fn find_subclasses(&self) -> FxHashMap<(FileId, ClassId), Vec<(FileId, ClassId)>> {
        let eval = Evaluator::new(self);
        let mut found: FxHashMap<(FileId, ClassId), Vec<(FileId, ClassId)>> = FxHashMap::default();
        for (file, module) in self.modules() {
            self.part(file, || {
                for (id, class) in module.class_ids() {
                    let inherited = class.bases.iter().filter(|base| base.name.is_none()).map(|base| base.value);
                    for parent in inherited.chain(class.implements.iter().copied()) {
                        let parent = match module.kind(parent) {
                            ExprKind::Index { base, .. } => *base,
                            _ => parent,
                        };
                        if let Value::Class(base_file, base) = eval.value(file, parent) {
                            found.entry((base_file, base)).or_default().push((file, id));
                        }
                    }
                }
            });
        }
        found
    }
}

/// The files that a module's imports and re-exports lead to.
fn targets(imports: &Imports, file: FileId, facts: &FileFacts) -> (Vec<Option<FileId>>, Vec<Option<FileId>>) {
    let Some(module) = &facts.module else {
        return (Vec::new(), Vec::new());
    };
    let find = |path: &str| match module.language {
        Language::Python => imports.python(file, path),
        Language::TypeScript => imports.typescript(file, path),
    };
    let imported = module.imports.iter().map(|import| find(module.str(import.module))).collect();
    let exported = module
        .exports
        .iter()
        .map(|export| export.from.and_then(|from| find(module.str(from))))
        .collect();
    (imported, exported)
}

/// Of star imports that lead out of the project so many are asked for a name.
const MOST_OUTER_STARS: usize = 16;

/// The star imports of a module that lead to nothing of the project.
fn outer_stars(module: &Module, imported: &Targets) -> Vec<usize> {
    let is_outer = |&place: &usize| {
        let is_found = imported.get(place).copied().flatten().is_some();
        !is_found
            && module
                .imports
                .get(place)
                .is_some_and(|import| !module.str(import.module).starts_with('.'))
    };
    let mut found: Vec<usize> = module.star_imports().filter(is_outer).collect();
    found.drain(..found.len().saturating_sub(MOST_OUTER_STARS));
    found
}

/// The files behind a module's stars, of those that its imports and re-exports lead to.
fn stars(module: &Module, (imported, exported): &(Targets, Targets)) -> (Vec<FileId>, Vec<FileId>) {
    let at = |targets: &Targets, place: usize| targets.get(place).copied().flatten();
    let imports = module.star_imports().filter_map(|place| at(imported, place)).collect();
    (imports, module.exports_of("*").filter_map(|place| at(exported, place)).collect())
}
