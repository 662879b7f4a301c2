//! Goes through a folder: what ignore files leave out, hidden and other people's folders are not entered, links not followed.

use std::path::{Path, PathBuf};

use ignore::overrides::Override;
use walkdir::{DirEntry, WalkDir};

use super::{Disk, IgnoreTexts, Ignores, Walked, add_entry, is_folder, is_hidden, is_vendored, relative};
use crate::budget::Limit;
use crate::coverage::{Reason, Skipped};
use crate::files::{self, Refusal};

/// All ignore files below one path together, in bytes, see [`Limit::IgnoreSize`].
pub(super) const ALL_IGNORES: usize = 2_000_000;
/// Ignore files one in the other, in bytes and in folders, see [`Limit::IgnoreSize`]: each entry is held against all above it.
const NESTED_IGNORES: usize = 150_000;
/// Ignore files one in the other, in folders, see [`Limit::IgnoreSize`].
const DEEPEST_IGNORE: usize = 100;
/// The largest file that says where a repository is, in bytes, see [`Limit::IgnoreSize`]: its own ignore file is not found then.
const LARGEST_POINTER: u64 = 10_000;

/// One folder and all that is below it.
pub(super) struct Descent<'a> {
    root: &'a Path,
    excluded: &'a Override,
    walked: &'a mut Walked,
    /// Bytes of ignore files that may still be read.
    left: usize,
}

impl<'a> Descent<'a> {
    /// Adds what is in `start` to `walked`; both folders are absolute, links resolved.
    pub(super) fn run(root: &'a Path, start: &'a Path, excluded: &'a Override, walked: &'a mut Walked) {
        let top = top(root, start);
        let mut descent = Descent {
            root,
            excluded,
            walked,
            left: ALL_IGNORES,
        };
        let mut ignores = Ignores::default();
        let above: Vec<&Path> = start.ancestors().skip(1).take_while(|folder| folder.starts_with(top)).collect();
        for folder in above.into_iter().rev() {
            ignores = descent.below(&ignores, folder);
        }
        descent.descend(start, ignores);
    }

    fn descend(&mut self, start: &Path, above: Ignores) {
        // What holds in the folder that an entry of this depth is in.
        let mut levels = vec![above];
        let mut entries = WalkDir::new(start).into_iter();
        while let Some(entry) = entries.next() {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    self.unreadable(&error);
                    continue;
                }
            };
            levels.truncate(entry.depth() + 1);
            let Some(ignores) = levels.last() else { return };
            if entry.depth() > 0 && self.is_left_out(&entry, ignores) {
                if is_folder(&entry) {
                    entries.skip_current_dir();
                }
                continue;
            }
            if is_folder(&entry) {
                let own = self.below(&ignores.clone(), entry.path());
                levels.push(own);
            } else {
                add_entry(self.root, &entry, self.walked);
            }
        }
    }

    fn is_left_out(&mut self, entry: &DirEntry, ignores: &Ignores) -> bool {
        let is_folder = is_folder(entry);
        if is_hidden(entry) || self.excluded.matched(entry.path(), is_folder).is_ignore() || ignores.is_ignored(entry.path(), is_folder) {
            return true;
        }
        let is_vendored = is_folder && is_vendored(entry.path(), entry.depth(), &Disk);
        if is_vendored {
            let path = format!("{}/", relative(self.root, entry.path()));
            self.walked.skipped.push(Skipped {
                path,
                reason: Reason::Vendored,
            });
        }
        is_vendored
    }

    fn unreadable(&mut self, error: &walkdir::Error) {
        let Some(path) = error.path() else { return };
        self.skip(path, Reason::NotReadable);
    }

    fn skip(&mut self, path: &Path, reason: Reason) {
        let path = relative(self.root, path);
        self.walked.skipped.push(Skipped { path, reason });
    }

    /// What holds in a folder: what holds above, and its own ignore files.
    fn below(&mut self, above: &Ignores, folder: &Path) -> Ignores {
        let (ignore, gitignore) = (self.text(&folder.join(".ignore")), self.text(&folder.join(".gitignore")));
        let exclude = self.exclude_file(folder).map_or_else(String::new, |file| self.text(&file));
        if ignore.is_empty() && gitignore.is_empty() && exclude.is_empty() {
            return above.clone();
        }
        if let Some(reason) = refused(above, ignore.len() + gitignore.len() + exclude.len()) {
            self.skip(&folder.join(".gitignore"), reason);
            return above.clone();
        }
        let texts = IgnoreTexts {
            ignore: &ignore,
            gitignore: &gitignore,
            exclude: &exclude,
        };
        above.below(folder, texts).unwrap_or_else(|| {
            self.skip(&folder.join(".gitignore"), Reason::TooLarge);
            above.clone()
        })
    }

    /// The file of a repository's own ignore rules, where a folder is the top of one.
    fn exclude_file(&mut self, folder: &Path) -> Option<PathBuf> {
        let git = folder.join(".git");
        let kind = std::fs::symlink_metadata(&git).ok()?;
        if kind.is_file() && kind.len() > LARGEST_POINTER {
            self.skip(&git, Reason::TooLarge);
            return None;
        }
        exclude_file(folder, &git, kind.is_dir())
    }

    /// The text of an ignore file; empty for none, and for one that is refused, which is counted. As with git, a link is refused
    /// wherever it leads. Bytes that are no UTF-8 end it.
    fn text(&mut self, file: &Path) -> String {
        let read = files::read_found(file, Limit::IgnoreSize.most());
        // None, or a name that is too long for the system, which is told of the folder.
        if read.is_err() && std::fs::symlink_metadata(file).is_err() {
            return String::new();
        }
        let bytes = match read {
            Ok(bytes) if bytes.len() <= self.left => bytes,
            refused => {
                self.skip(file, reason(refused.as_ref().err()));
                return String::new();
            }
        };
        self.left -= bytes.len();
        lines(bytes)
    }
}

/// Why the ignore files of a folder do not count: they are too deep, or with those above too large. `size` is in bytes.
pub(super) fn refused(above: &Ignores, size: usize) -> Option<Reason> {
    if above.depth() >= DEEPEST_IGNORE {
        return Some(Reason::TooDeep);
    }
    (above.size() + size > NESTED_IGNORES).then_some(Reason::TooLarge)
}

/// The text of an ignore file; the first line that is not UTF-8 ends it.
pub(super) fn lines(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| {
        let whole = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let end = whole.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
        String::from_utf8_lossy(&whole[..end]).into_owned()
    })
}

/// Why an ignore file does not count; `None` is one that no room is left for.
fn reason(refusal: Option<&Refusal>) -> Reason {
    match refusal {
        None | Some(Refusal::TooLarge) => Reason::TooLarge,
        Some(Refusal::Link | Refusal::Outside) => Reason::Symlink,
        Some(Refusal::NotRegular | Refusal::System(_)) => Reason::NotReadable,
    }
}

/// The folder up to which ignore files above `start` count: the top of its repository, else the root, else itself. What lies above
/// a project is not the project's, and differs between machines.
fn top<'a>(root: &'a Path, start: &'a Path) -> &'a Path {
    let repository = start
        .ancestors()
        .find(|folder| std::fs::symlink_metadata(folder.join(".git")).is_ok());
    repository.unwrap_or(if start.starts_with(root) { root } else { start })
}

/// The file of a repository's own ignore rules as the `.git` of its top names it, which is a folder or, in a working tree beside the
/// repository, a file.
fn exclude_file(folder: &Path, git: &Path, is_folder: bool) -> Option<PathBuf> {
    if is_folder {
        return Some(git.join("info/exclude"));
    }
    let own = PathBuf::from(pointer(git)?.strip_prefix("gitdir: ")?);
    let own = folder.join(own);
    let common = pointer(&own.join("commondir"))?;
    Some(own.join(common).join("info/exclude"))
}

/// The first line of a small file.
fn pointer(file: &Path) -> Option<String> {
    let bytes = files::read_found(file, LARGEST_POINTER).ok()?;
    String::from_utf8(bytes).ok()?.lines().next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::config::Config;
    use crate::walk::{FileKind, walk};

    /// What the crate's own walk gives, which opens ignore files itself.
    fn by_the_crate(root: &Path) -> Vec<String> {
        let entries = ignore::WalkBuilder::new(root)
            .hidden(true)
            .require_git(false)
            .git_global(false)
            .parents(false)
            .build();
        let files = entries
            .flatten()
            .filter(|entry| entry.file_type().is_some_and(|kind| kind.is_file()));
        let mut files: Vec<String> = files
            .map(|entry| relative(root, entry.path()))
            .filter(|path| FileKind::of(path).is_some())
            .collect();
        files.sort();
        files
    }

    fn by_us(root: &Path) -> Vec<String> {
        let config = Config {
            root: root.to_owned(),
            ..Config::default()
        };
        walk(&config).expect("walks").files.into_iter().map(|file| file.path).collect()
    }

    fn write(root: &Path, path: &str, text: &str) {
        let path = root.join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
        fs::write(path, text).expect("written");
    }

    #[test]
    fn nested_files_decide_as_the_crate_decides() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = fs::canonicalize(folder.path()).expect("a folder");
        for path in [
            "a.py",
            "keep/a.py",
            "keep/gen/b.py",
            "gen/b.py",
            "x/gen/deep/c.py",
            "x/one.ts",
            "x/y/one.ts",
            "x/y/two.ts",
            "log/a.py",
            "log/keep.py",
        ] {
            write(&root, path, "x\n");
        }
        write(
            &root,
            ".gitignore",
            "gen/\n!keep/gen/\n/a.py\n*.ts\nlog/*\n!log/keep.py\r\n\\!odd\n**/deep\n",
        );
        write(&root, "x/.gitignore", "!one.ts\n");
        write(&root, "x/y/.ignore", "one.ts\n!two.ts\n");
        write(&root, ".git/info/exclude", "keep/a.py\n");
        let wanted = ["keep/gen/b.py", "log/keep.py", "x/one.ts", "x/y/two.ts"];
        assert_eq!(by_us(&root), wanted);
        assert_eq!(by_the_crate(&root), wanted);
    }

    /// Trees and lines at random, the same ones in each run.
    #[test]
    fn any_lines_decide_as_the_crate_decides() {
        let mut random = fastrand::Rng::with_seed(12);
        let names = ["a", "b", "ab", "c.d"];
        let (mut left_out, mut read) = (0, 0);
        for round in 0..60 {
            let folder = tempfile::tempdir().expect("a folder");
            let root = fs::canonicalize(folder.path()).expect("a folder");
            let mut total = 0;
            for outer in names {
                for inner in names {
                    for file in ["a.py", "b.py", "ab.ts", "c.sql"] {
                        write(&root, &format!("{outer}/{inner}/{file}"), "x\n");
                        write(&root, &format!("{outer}/{file}"), "x\n");
                        total += 1;
                    }
                }
            }
            for place in ["", "a/", "a/b/", "ab/", "c.d/ab/"] {
                for name in [".gitignore", ".ignore"] {
                    if random.bool() {
                        let lines: String = (0..random.usize(1..5)).map(|_| line(&mut random)).collect();
                        write(&root, &format!("{place}{name}"), &lines);
                    }
                }
            }
            let ours = by_us(&root);
            assert_eq!(ours, by_the_crate(&root), "round {round}");
            read += ours.len();
            left_out += (total + 16 - ours.len().min(total + 16)).min(total);
        }
        assert!(read > 500 && left_out > 500, "{read} read, {left_out} left out");
    }

    fn line(random: &mut fastrand::Rng) -> String {
        let parts = [
            "a", "b", "*", "**", "ab", "?.py", "*.py", "[ab].py", "c.d", "a*", "{a", "*.sql", "\\a", "#a", " ", "ab.ts",
        ];
        let mut pick = || parts[random.usize(..parts.len())];
        let (one, two) = (pick(), pick());
        let middle = if random.bool() { format!("{one}/{two}") } else { one.to_owned() };
        let sign = ["", "", "!", "/", "!/"][random.usize(..5)];
        let end = ["", "", "/", " ", "/**"][random.usize(..5)];
        format!("{sign}{middle}{end}\n")
    }
}
