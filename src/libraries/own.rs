//! What a user says of libraries: a folder of files in the form of `rules/libraries/`, over what is known already.

use std::sync::Arc;

use super::shared::effects::LibraryData;
use crate::error::Error;
use crate::files::{Named, NamedFolder};
use crate::ir::Language;

/// Files of one folder.
const MOST_FILES: usize = 1_000;
/// The largest file.
const LARGEST: u64 = 1_000_000;
/// All files together.
const LARGEST_TOGETHER: usize = 16_000_000;
/// What such a file is called in errors.
const WHAT: &str = "a file of a library";
/// How the name of such a file ends.
pub const EXTENSION: &str = "toml";

/// What is known of libraries, with what the files of a folder say in its place where they name the same.
pub fn read(folder: Option<&Named>) -> Result<Arc<LibraryData>, Error> {
    let Some(named) = folder else { return Ok(LibraryData::built_in()) };
    let shown = named.shown();
    let folder = named.folder("give a folder that holds `python/` or `typescript/`")?;
    nothing_is_beside(&folder)?;
    let mut data = LibraryData::clone(&LibraryData::built_in());
    let (mut count, mut size) = (0, 0);
    for language in Language::ALL {
        for name in folder.names(language.name(), EXTENSION, WHAT)? {
            count += 1;
            if count > MOST_FILES {
                return Err(Error::new(shown, format!("holds more than {MOST_FILES} files of libraries")));
            }
            let text = folder.text(&name, LARGEST, WHAT)?;
            size += text.len();
            if size > LARGEST_TOGETHER {
                return Err(Error::new(shown, "its files are too large together"));
            }
            data.add_own(language, &text)
                .map_err(|mistake| Error::new(format!("{}:{}", folder.place(&name), mistake.line), mistake.what))?;
        }
    }
    if count == 0 {
        let hint = "a file of a library is `python/<library>.toml` or `typescript/<library>.toml`";
        return Err(Error::new(shown, "no files of libraries here").hint(hint));
    }
    Ok(Arc::new(data))
}

/// Fails on a file that would be passed over because it is in no language's folder.
fn nothing_is_beside(folder: &NamedFolder<'_>) -> Result<(), Error> {
    match folder.names("", EXTENSION, WHAT)?.first() {
        None => Ok(()),
        Some(name) => {
            let error = Error::new(folder.place(name), "is in the folder of no language");
            Err(error.hint("put it into `python/` or `typescript/` there"))
        }
    }
}
