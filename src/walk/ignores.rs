//! What ignore files leave out, decided from their texts: the same for a tree on disk and for one that is in memory.
//!
//! Nothing is opened here. Who has the texts starts at the top with [`Ignores::default`], goes down with [`Ignores::below`] for each
//! folder that has ignore files, and asks [`Ignores::is_ignored`] for each entry of the folder before it goes into it: a folder that is
//! ignored takes all that is in it along, which is not asked again.

use std::path::Path;
use std::sync::Arc;

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

/// The ignore files of one folder; an empty text stands for a file that is not there.
#[derive(Clone, Copy, Debug, Default)]
pub struct IgnoreTexts<'a> {
    /// `.ignore`, which wins over the others.
    pub ignore: &'a str,
    /// `.gitignore` of the folder itself.
    pub gitignore: &'a str,
    /// `.git/info/exclude`, where the folder is the top of a repository.
    pub exclude: &'a str,
}

/// What the ignore files of a folder and of those above it leave out.
#[derive(Clone, Debug, Default)]
pub struct Ignores(Option<Arc<Level>>);

/// The ignore files of one folder.
#[derive(Debug)]
struct Level {
    above: Ignores,
    /// In the order of [`IgnoreTexts`].
    files: [Gitignore; 3],
    depth: usize,
    size: usize,
}

/// A matcher of globs, as in `.gitignore`, of paths relative to the root.
pub fn globs<'a>(globs: impl Iterator<Item = &'a str>) -> Result<Gitignore, ignore::Error> {
    let mut builder = GitignoreBuilder::new("");
    for glob in globs {
        builder.add_line(None, glob)?;
    }
    builder.build()
}

impl Ignores {
    /// What holds in `folder`, which is below the one that this is of. All paths of a chain are relative to the same place, or all are
    /// absolute. `None` where the texts are more than can be matched; then they count for nothing.
    pub fn below(&self, folder: &Path, texts: IgnoreTexts<'_>) -> Option<Ignores> {
        let files = [
            matcher(folder, texts.ignore)?,
            matcher(folder, texts.gitignore)?,
            matcher(folder, texts.exclude)?,
        ];
        if files.iter().all(Gitignore::is_empty) {
            return Some(self.clone());
        }
        let level = Level {
            above: self.clone(),
            files,
            depth: self.depth() + 1,
            size: self.size() + texts.ignore.len() + texts.gitignore.len() + texts.exclude.len(),
        };
        Some(Ignores(Some(Arc::new(level))))
    }

    /// Folders with ignore files from the top to here.
    pub fn depth(&self) -> usize {
        self.0.as_ref().map_or(0, |level| level.depth)
    }

    /// Bytes of their ignore files: what it costs to ask about one entry.
    pub fn size(&self) -> usize {
        self.0.as_ref().map_or(0, |level| level.size)
    }

    /// Whether an entry of the folder is left out: `.ignore` decides before `.gitignore`, that before `.git/info/exclude`; of files of
    /// one name the deepest decides, and of its lines the last.
    pub fn is_ignored(&self, path: &Path, is_folder: bool) -> bool {
        for kind in 0..3 {
            let mut next = self.0.as_deref();
            while let Some(level) = next {
                match level.files[kind].matched(path, is_folder) {
                    Match::None => next = level.above.0.as_deref(),
                    found => return found.is_ignore(),
                }
            }
        }
        false
    }
}

/// The matcher of a text; a line that is no glob counts for nothing.
fn matcher(folder: &Path, text: &str) -> Option<Gitignore> {
    if text.is_empty() {
        return Some(Gitignore::empty());
    }
    let mut builder = GitignoreBuilder::new(folder);
    for line in text.trim_start_matches('\u{feff}').lines() {
        let _ = builder.add_line(None, line);
    }
    builder.build().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts<'a>(ignore: &'a str, gitignore: &'a str, exclude: &'a str) -> IgnoreTexts<'a> {
        IgnoreTexts {
            ignore,
            gitignore,
            exclude,
        }
    }

    #[test]
    fn the_deepest_file_and_its_last_line_decide() {
        let top = Ignores::default().below(Path::new(""), texts("", "*.sql\n/build\n", "local.py\n"));
        let top = top.expect("globs");
        assert!(top.is_ignored(Path::new("dump.sql"), false) && top.is_ignored(Path::new("build"), true));
        assert!(top.is_ignored(Path::new("local.py"), false) && !top.is_ignored(Path::new("app.py"), false));
        let app = top.below(Path::new("app"), texts("", "!keep.sql\n*.gen.py\n!last.gen.py\n", ""));
        let app = app.expect("globs");
        assert!(!app.is_ignored(Path::new("app/keep.sql"), false) && app.is_ignored(Path::new("app/other.sql"), false));
        assert!(app.is_ignored(Path::new("app/a.gen.py"), false) && !app.is_ignored(Path::new("app/last.gen.py"), false));
        assert!(!app.is_ignored(Path::new("app/build"), true), "`/build` is of the top only");
    }

    #[test]
    fn one_kind_of_file_decides_before_another() {
        let top = Ignores::default().below(Path::new(""), texts("!a.py\n", "", "")).expect("globs");
        let deep = top.below(Path::new("d"), texts("", "a.py\nb.py\n", "!b.py\n")).expect("globs");
        assert!(!deep.is_ignored(Path::new("d/a.py"), false), "`.ignore` wins, from above too");
        assert!(
            deep.is_ignored(Path::new("d/b.py"), false),
            "`.gitignore` wins over the repository's own list"
        );
    }

    #[test]
    fn broken_lines_cost_nothing_but_themselves() {
        let text = "\u{feff}# comment\r\n[z-a]\n{\n\\\ngood.py\r\n";
        let top = Ignores::default().below(Path::new("/r"), texts("", text, "")).expect("globs");
        assert!(top.is_ignored(Path::new("/r/deep/good.py"), false));
        let none = Ignores::default().below(Path::new("/r"), texts("", "# nothing\n", ""));
        assert_eq!(none.expect("none").depth(), 0, "a file without a glob is no level");
    }
}
