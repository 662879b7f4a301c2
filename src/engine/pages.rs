//! The pages of the rules: those that are built in, and those of a folder.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::LazyLock;

use super::page::{Page, PageError};
use super::registry::{RULES, ids};
use crate::error::Error;
use crate::files::{self, Tree};
use crate::rules::LARGEST_PAGE;

/// The pages of all rules, by id.
#[derive(Clone, Debug, Default)]
pub struct Pages {
    pages: BTreeMap<String, Page>,
}

impl Pages {
    /// The built-in pages, read once a process.
    pub fn built_in() -> Result<Pages, PageError> {
        static PAGES: LazyLock<Result<Pages, PageError>> = LazyLock::new(Pages::read_built_in);
        PAGES.clone()
    }

    fn read_built_in() -> Result<Pages, PageError> {
        let pages = RULES
            .iter()
            .map(|rule| Page::parse(rule.id, rule.page).map(|page| (rule.id.to_owned(), page)));
        Ok(Pages {
            pages: pages.collect::<Result<_, _>>()?,
        })
    }

    /// The built-in pages, with those of a folder in their place where the names are the same.
    pub fn load(folder: Option<&Path>) -> Result<Pages, Error> {
        let mut pages = Pages::built_in().map_err(|error| Error::new("rules", error.to_string()))?;
        for page in folder.map(read_folder).transpose()?.unwrap_or_default() {
            if !pages.pages.contains_key(&page.id) {
                let place = folder.map_or_else(String::new, |folder| folder.to_string_lossy().into_owned());
                return Err(Error::unknown(place, "rule", &page.id, &ids()));
            }
            pages.pages.insert(page.id.clone(), page);
        }
        Ok(pages)
    }

    /// A rule's page.
    pub fn get(&self, id: &str) -> Option<&Page> {
        self.pages.get(id)
    }

    /// All pages, by id.
    pub fn iter(&self) -> impl Iterator<Item = &Page> {
        self.pages.values()
    }

    /// The page of a rule by its id, in any spelling, or by another name it is known by.
    pub fn find(&self, place: &str, name: &str) -> Result<&Page, Error> {
        let wanted = name.trim().to_lowercase().replace('_', "-");
        let known = self
            .get(&wanted)
            .or_else(|| self.iter().find(|page| page.aliases.contains(&wanted)));
        known.ok_or_else(|| {
            let names: Vec<&str> = self.pages.keys().map(String::as_str).collect();
            Error::unknown(place, "rule", name, &names)
        })
    }

    /// The ids that names stand for.
    pub fn resolve(&self, place: &str, names: &[String]) -> Result<Vec<String>, Error> {
        names
            .iter()
            .map(|name| self.find(place, name).map(|page| page.id.clone()))
            .collect()
    }

    /// The README's table of rules.
    pub fn table(&self) -> String {
        let mut out = String::from("| Rule | Usual priority | What it finds | Languages |\n|---|---|---|---|\n");
        for page in self.iter() {
            let link = format!("[`{id}`](rules/{id}.md)", id = page.id);
            let languages = page.languages.join(", ");
            let _ = writeln!(out, "| {link} | {:?} | {} | {languages} |", page.priority, page.title);
        }
        out
    }
}

/// The pages of a folder, by name.
pub fn read_folder(folder: &Path) -> Result<Vec<Page>, Error> {
    let shown = folder.to_string_lossy().into_owned();
    if !folder.is_dir() {
        return Err(Error::new(shown, "no such folder").hint("give a folder of rule pages"));
    }
    // A page that is a link to somewhere else is not one of this folder.
    let tree = Tree::of(folder).map_err(|error| Error::new(shown.clone(), format!("cannot be read: {error}")))?;
    let mut pages = Vec::new();
    for entry in walkdir::WalkDir::new(folder).max_depth(1).sort_by_file_name() {
        let entry = entry.map_err(|error| Error::new(shown.clone(), error.to_string()))?;
        let path = entry.path();
        let is_page = !entry.file_type().is_dir() && path.extension().is_some_and(|extension| extension == "md");
        let Some(id) = path
            .file_stem()
            .and_then(|stem| stem.to_str())
            .filter(|stem| is_page && *stem != "README")
        else {
            continue;
        };
        let place = path.to_string_lossy().into_owned();
        let bytes = tree.read(Path::new(entry.file_name()), LARGEST_PAGE);
        let text = files::text(path, bytes.map_err(|refusal| refusal.error(place, "a rule page"))?)?;
        pages.push(Page::parse(id, &text).map_err(|error| Error::new(shown.clone(), error.to_string()))?);
    }
    if pages.is_empty() {
        return Err(Error::new(shown, "no rule pages here").hint("a page is a file `<rule-id>.md`"));
    }
    Ok(pages)
}
