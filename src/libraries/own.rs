//! What a user says of libraries: a folder of files in the form of `rules/libraries/`, over what is known already.

use std::path::Path;
use std::sync::Arc;

use super::shared::effects::LibraryData;
use crate::error::Error;
use crate::files::{self, Tree};
use crate::ir::Language;

/// Files of one folder.
const MOST_FILES: usize = 1_000;
/// The largest file.
const LARGEST: u64 = 1_000_000;
/// All files together.
const LARGEST_TOGETHER: usize = 16_000_000;
/// What such a file is called in errors.
const WHAT: &str = "a file of a library";

/// What is known of libraries, with what the files of a folder say in its place where they name the same.
pub fn read(folder: Option<&Path>) -> Result<Arc<LibraryData>, Error> {
    let Some(folder) = folder else { return Ok(LibraryData::built_in()) };
    let shown = files::shown(folder);
    if !folder.is_dir() {
        return Err(Error::new(shown, "no such folder").hint("give a folder that holds `python/` or `typescript/`"));
    }
    // What is a link to somewhere else is not in this folder.
    let tree = Tree::of(folder).map_err(|error| Error::new(&shown, format!("cannot be read: {error}")))?;
    nothing_is_beside(folder, &shown)?;
    let mut data = LibraryData::clone(&LibraryData::built_in());
    let (mut count, mut size) = (0, 0);
    for language in Language::ALL {
        for name in names(&tree, folder, language)? {
            let file = folder.join(&name);
            let place = files::shown(&file);
            count += 1;
            if count > MOST_FILES {
                return Err(Error::new(shown, format!("holds more than {MOST_FILES} files of libraries")));
            }
            let bytes = tree
                .read(Path::new(&name), LARGEST)
                .map_err(|refusal| refusal.error(&place, WHAT))?;
            size += bytes.len();
            if size > LARGEST_TOGETHER {
                return Err(Error::new(shown, "its files are too large together"));
            }
            let text = files::text(&file, bytes)?;
            data.add_own(language, &text)
                .map_err(|mistake| Error::new(format!("{place}:{}", mistake.line), mistake.what))?;
        }
    }
    if count == 0 {
        let hint = "a file of a library is `python/<library>.toml` or `typescript/<library>.toml`";
        return Err(Error::new(shown, "no files of libraries here").hint(hint));
    }
    Ok(Arc::new(data))
}

/// Fails on a file that would be passed over because it is in no language's folder.
fn nothing_is_beside(folder: &Path, shown: &str) -> Result<(), Error> {
    for entry in walkdir::WalkDir::new(folder).min_depth(1).max_depth(1).sort_by_file_name() {
        let entry = entry.map_err(|error| Error::new(shown, format!("cannot be read: {error}")))?;
        if entry.path().extension().is_some_and(|extension| extension == "toml") {
            let error = Error::new(files::shown(entry.path()), "is in the folder of no language");
            return Err(error.hint("put it into `python/` or `typescript/` there"));
        }
    }
    Ok(())
}

/// The files of a language, relative to the folder, in the order of their names.
fn names(tree: &Tree, folder: &Path, language: Language) -> Result<Vec<String>, Error> {
    let name = language.name();
    let place = files::shown(&folder.join(name));
    // Not even names are read of a folder that lies elsewhere.
    let inside = tree.resolve(Path::new(name)).map_err(|refusal| refusal.error(&place, WHAT))?;
    let inside = tree.root().join(inside);
    if !inside.exists() {
        return Ok(Vec::new());
    }
    let mut out = Vec::new();
    for entry in walkdir::WalkDir::new(&inside).min_depth(1).max_depth(1).sort_by_file_name() {
        let entry = entry.map_err(|error| Error::new(&place, format!("cannot be read: {error}")))?;
        let is_library = entry.path().extension().is_some_and(|extension| extension == "toml");
        if let Some(file) = entry.file_name().to_str().filter(|_| is_library) {
            out.push(format!("{name}/{file}"));
        }
    }
    Ok(out)
}
