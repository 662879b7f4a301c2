//! The pages of the rules: those that are built in, and those of a folder.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::LazyLock;

use super::page::{Page, PageError};
use super::registry::{RULES, ids};
use crate::error::{Error, nearest};
use crate::files::Named;
use crate::rules::LARGEST_PAGE;

/// Rules of the user's own.
const MOST_OWN: usize = 100;
/// All pages of a folder together.
const LARGEST_TOGETHER: usize = 16_000_000;
/// What a page is called in errors.
const WHAT: &str = "a rule page";
/// How the name of a page ends.
pub const EXTENSION: &str = "md";

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
    pub fn load(folder: Option<&Named>) -> Result<Pages, Error> {
        let mut pages = Pages::built_in().map_err(|error| Error::new("rules", error.to_string()))?;
        let mut own = 0;
        for page in folder.map(read_folder).transpose()?.unwrap_or_default() {
            pages.admit(&page)?;
            own += usize::from(page.own.is_some());
            if own > MOST_OWN {
                let place = folder.map_or_else(String::new, Named::shown);
                return Err(Error::new(place, format!("holds more than {MOST_OWN} rules")));
            }
            pages.pages.insert(page.id.clone(), page);
        }
        Ok(pages)
    }

    /// Whether a page of a folder may be added: it is the text of a built-in rule, or a rule of the user's own under names of its own.
    fn admit(&self, page: &Page) -> Result<(), Error> {
        let place = page.source.clone().unwrap_or_default();
        let is_built_in = ids().contains(&page.id.as_str());
        match &page.own {
            None if is_built_in => return Ok(()),
            None => {
                let error = Error::new(place, format!("there is no rule `{}` whose page this could be", page.id));
                let near = nearest(&page.id, &ids()).map(|near| format!("did you mean `{near}`? "));
                let hint = format!("{}a rule of your own has a table `[match]`", near.unwrap_or_default());
                return Err(error.hint(hint));
            }
            Some(_) if is_built_in => {
                let error = Error::new(place, format!("`{}` is built in and finds what it finds", page.id));
                return Err(error.hint("give the page of your own rule another name, or take `[match]` out of it"));
            }
            Some(_) => {}
        }
        for name in page.aliases.iter().chain([&page.id]) {
            let other = self.iter().find(|other| other.id == *name || other.aliases.contains(name));
            if let Some(other) = other {
                return Err(Error::new(place, format!("`{name}` is a name of the rule `{}`", other.id)).hint("choose another one"));
            }
        }
        Ok(())
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
pub fn read_folder(folder: &Named) -> Result<Vec<Page>, Error> {
    let named = folder;
    let folder = named.folder("give a folder of rule pages")?;
    let mut pages = Vec::new();
    let mut size = 0;
    for name in folder.names("", EXTENSION, WHAT)? {
        let Some(id) = name.strip_suffix(".md").filter(|stem| *stem != "README") else {
            continue;
        };
        let place = folder.place(&name);
        let text = folder.text(&name, LARGEST_PAGE, WHAT)?;
        size += text.len();
        if size > LARGEST_TOGETHER {
            return Err(Error::new(named.shown(), "its pages are too large together"));
        }
        let page = Page::parse(id, &text).map_err(|error| Error::new(format!("{place}:{}", error.line), error.what))?;
        pages.push(Page {
            source: Some(place),
            ..page
        });
    }
    if pages.is_empty() {
        return Err(Error::new(named.shown(), "no rule pages here").hint("a page is a file `<rule-id>.md`"));
    }
    Ok(pages)
}
