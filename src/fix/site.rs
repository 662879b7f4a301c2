//! What fixers ask: the linked project, and the texts of its files as they are now.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::disk::{Disk, SourceText};
use super::edits::Mend;
use super::wanted::FixRequest;
use crate::finding::Finding;
use crate::ir::{ClassId, Module};
use crate::libraries::shared::value::FileId;
use crate::project::Project;
use crate::source::LineIndex;
use crate::syntax::facts;
use crate::walk::FileKind;

/// What fixers may ask.
pub struct FixContext<'a> {
    /// The linked project.
    pub project: &'a Project,
    /// Its files.
    pub disk: &'a Disk,
    /// Whether what changes the meaning in a corner is asked for.
    pub with_unsafe: bool,
    may_change: &'a dyn Fn(&str) -> Result<(), String>,
    texts: RefCell<BTreeMap<String, Result<Rc<SourceText>, String>>>,
}

/// What fixers give: what to do, and what they leave, by fingerprint and with the reason.
#[derive(Default)]
pub struct FixOutcome {
    pub mends: Vec<Mend>,
    pub left: Vec<(String, String)>,
}

impl FixOutcome {
    /// Leaves a finding.
    pub fn leave(&mut self, finding: &Finding, why: impl Into<String>) {
        self.left.push((finding.fingerprint.clone(), why.into()));
    }
}

impl<'a> FixContext<'a> {
    /// For a project and its tree.
    pub fn new(project: &'a Project, disk: &'a Disk, wanted: &'a FixRequest<'_>) -> Self {
        FixContext {
            project,
            disk,
            with_unsafe: wanted.with_unsafe,
            may_change: wanted.may_change,
            texts: RefCell::default(),
        }
    }

    /// The file of a path relative to the root; `None` where it was not read.
    pub fn file(&self, path: &str) -> Option<FileId> {
        let files = &self.project.code.files;
        let at = files.binary_search_by(|facts| facts.path.as_str().cmp(path)).ok()?;
        u32::try_from(at).ok().map(FileId)
    }

    /// The module of a file.
    pub fn module(&self, path: &str) -> Option<&'a Module> {
        let file = self.file(path)?;
        self.project.code.files.get(file.index())?.module.as_ref()
    }

    /// A class of a file by its name.
    pub fn class(&self, path: &str, name: &str) -> Option<(&'a Module, ClassId)> {
        let module = self.module(path)?;
        let is_it = |class: &crate::ir::Class| class.name.is_some_and(|own| module.str(own) == name) && class.outer.is_none();
        let (id, _) = module.class_ids().find(|(_, class)| is_it(class))?;
        Some((module, id))
    }

    /// As [`FixContext::text`], of a file that is to be edited.
    pub fn editable(&self, path: &str) -> Result<Rc<SourceText>, String> {
        (self.may_change)(path).map_err(|why| format!("{path} is left alone: {why}"))?;
        self.text(path)
    }

    /// The text of a file whose facts are those of the project; fails with the reason to leave the file alone.
    pub fn text(&self, path: &str) -> Result<Rc<SourceText>, String> {
        if let Some(known) = self.texts.borrow().get(path) {
            return known.clone();
        }
        let read = self.read(path).map(Rc::new).map_err(|why| format!("{path} is left alone: {why}"));
        self.texts.borrow_mut().insert(path.to_owned(), read.clone());
        read
    }

    fn read(&self, path: &str) -> Result<SourceText, String> {
        let source = self.disk.read(path)?;
        let Some(known) = self.file(path).and_then(|file| self.project.code.files.get(file.index())) else {
            return Ok(source);
        };
        let kind = FileKind::of(path).ok_or("it is of no kind that is read")?;
        let now = facts::read(path, kind, &source.text).map_err(|_| "it cannot be read as what it is".to_owned())?;
        if !is_same(now.module.as_ref(), known.module.as_ref()) || LineIndex::new(&source.text) != known.lines {
            return Err("it was changed while it was read".to_owned());
        }
        if is_broken(&now) {
            return Err("it did not parse whole".to_owned());
        }
        Ok(source)
    }
}

/// Whether two modules are the same, also where a number is none.
fn is_same(one: Option<&Module>, other: Option<&Module>) -> bool {
    one == other || postcard::to_stdvec(&one).is_ok_and(|bytes| Ok(bytes) == postcard::to_stdvec(&other))
}

/// Whether a part of a file was not understood.
pub fn is_broken(facts: &facts::FileFacts) -> bool {
    let is_code_broken = facts.module.as_ref().is_some_and(|module| !module.broken.is_empty());
    let is_schema_broken = facts.prisma.as_ref().is_some_and(|prisma| !prisma.not_understood.is_empty());
    is_code_broken || is_schema_broken
}
