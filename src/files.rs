//! Opens, reads and writes files: the one place for it, since who named a file decides how far its name may lead.
//!
//! | who named it | how it is read |
//! |---|---|
//! | the user, on the command line | [`read`]: wherever links lead, regular files only |
//! | something in the scanned tree: its configuration, a fixed name | [`Tree::resolve`], then [`read_found`]: links count only where they stay inside |
//! | the walk, which follows no links | [`read_found`]: the last name must not be a link |
//!
//! Nothing is opened before it is known to be a regular file, opening waits for nobody, and what was opened is looked at once more. A
//! program that swaps files while they are read can still lead an inner folder's name elsewhere; a repository cannot.

mod named;

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Component, Path, PathBuf};

use crate::error::Error;
pub use named::{HeldFiles, Named, NamedFolder, has_extension};

/// How files are called while they are written.
const TEMPORARY: &str = ".perfaudit-";

/// Why a file was not read. It tells nothing of what is in the file.
#[derive(Debug)]
pub enum Refusal {
    /// Larger than the number of bytes that was asked for.
    TooLarge,
    /// A link where none is followed.
    Link,
    /// A name in the tree that leads out of it, or into its `.git`.
    Outside,
    /// A folder, a device, a pipe or a socket.
    NotRegular,
    /// The system said no.
    System(io::Error),
}

impl Refusal {
    /// As an error about `place`; `what` is what the file was wanted for, with its article.
    pub fn error(self, place: impl Into<String>, what: &str) -> Error {
        match self {
            Refusal::TooLarge => Error::new(place, format!("too large for {what}")),
            Refusal::Link => Error::new(place, "is a symbolic link, which is not followed here").hint("put the file itself there"),
            Refusal::Outside => Error::new(place, "leads out of the project, so it is not read")
                .hint("keep the file inside, or name its own place on the command line"),
            Refusal::NotRegular => Error::new(place, format!("not a regular file, so it is not read as {what}")),
            Refusal::System(error) => Error::new(place, format!("cannot be read: {error}")),
        }
    }

    /// Whether there is no such file.
    pub fn is_missing(&self) -> bool {
        matches!(self, Refusal::System(error) if error.kind() == io::ErrorKind::NotFound)
    }
}

/// The bytes of a regular file of at most `largest` bytes, wherever links lead.
pub fn read(path: &Path, largest: u64) -> Result<Vec<u8>, Refusal> {
    if !std::fs::metadata(path).map_err(Refusal::System)?.is_file() {
        return Err(Refusal::NotRegular);
    }
    read_found(&std::fs::canonicalize(path).map_err(Refusal::System)?, largest)
}

/// As [`read`], as text; `what` is what it is wanted for, as in [`Refusal::error`].
pub fn read_text(path: &Path, largest: u64, what: &str) -> Result<String, Error> {
    let bytes = read(path, largest).map_err(|refusal| refusal.error(shown(path), what))?;
    text(path, bytes)
}

/// Bytes as text, for a file that must be UTF-8.
pub fn text(path: &Path, bytes: Vec<u8>) -> Result<String, Error> {
    String::from_utf8(bytes).map_err(|_| Error::new(shown(path), "not UTF-8"))
}

/// As [`read`], where the last name of the path must not be a link.
pub fn read_found(path: &Path, largest: u64) -> Result<Vec<u8>, Refusal> {
    let (file, metadata) = open(path)?;
    whole(file, &metadata, largest)
}

/// As [`read_found`], where the file must be this user's alone: see [`is_own`].
pub fn read_own(path: &Path, largest: u64) -> Option<Vec<u8>> {
    let (file, metadata) = open(path).ok()?;
    if !is_own(&metadata) {
        return None;
    }
    whole(file, &metadata, largest).ok()
}

fn whole(file: File, metadata: &Metadata, largest: u64) -> Result<Vec<u8>, Refusal> {
    if metadata.len() > largest {
        return Err(Refusal::TooLarge);
    }
    // A file may grow while it is read, and some of the system's have no size.
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or(0) + 1);
    file.take(largest.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(Refusal::System)?;
    if bytes.len() as u64 > largest {
        return Err(Refusal::TooLarge);
    }
    Ok(bytes)
}

/// Opens a regular file that is no link, with what the system says of the file that is open.
pub fn open(path: &Path) -> Result<(File, Metadata), Refusal> {
    // To open a device may already do something, and a pipe would wait for somebody at its other end.
    let metadata = std::fs::symlink_metadata(path).map_err(Refusal::System)?;
    if metadata.is_symlink() {
        return Err(Refusal::Link);
    }
    if !metadata.is_file() {
        return Err(Refusal::NotRegular);
    }
    let mut options = OpenOptions::new();
    options.read(true);
    not_following(&mut options);
    let file = options.open(path).map_err(Refusal::System)?;
    // It may have become something else in between.
    let metadata = file.metadata().map_err(Refusal::System)?;
    if !metadata.is_file() {
        return Err(Refusal::NotRegular);
    }
    Ok((file, metadata))
}

#[cfg(unix)]
fn not_following(options: &mut OpenOptions) {
    use rustix::fs::OFlags;
    use std::os::unix::fs::OpenOptionsExt;
    options.custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed());
}

#[cfg(not(unix))]
fn not_following(_: &mut OpenOptions) {}

/// Makes a folder for this user alone, where there is none yet. Whether one is there now that is this user's: see [`is_own`].
pub fn own_folder(folder: &Path) -> bool {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).is_ok() && std::fs::metadata(folder).is_ok_and(|metadata| metadata.is_dir() && is_own(&metadata))
}

/// Whether a file or folder is this user's, and nobody else may write it.
#[cfg(unix)]
fn is_own(metadata: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    metadata.uid() == rustix::process::geteuid().as_raw() && metadata.mode() & 0o022 == 0
}

/// Whether a file or folder is this user's: elsewhere, the user's folders are closed by the system.
#[cfg(not(unix))]
fn is_own(_: &Metadata) -> bool {
    true
}

/// Whether two files or folders belong to the same user.
#[cfg(unix)]
pub fn same_owner(one: &Metadata, other: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    one.uid() == other.uid()
}

/// Whether two files or folders belong to the same user; not known here.
#[cfg(not(unix))]
pub fn same_owner(_: &Metadata, _: &Metadata) -> bool {
    true
}

/// Whether everybody may put something into a folder that is not theirs, as into `/tmp`.
#[cfg(unix)]
pub fn is_shared(folder: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    const STICKY_AND_WRITABLE: u32 = 0o1002;
    folder.mode() & STICKY_AND_WRITABLE == STICKY_AND_WRITABLE
}

/// Whether everybody may put something into a folder; not known here.
#[cfg(not(unix))]
pub fn is_shared(_: &Metadata) -> bool {
    false
}

/// A folder that names in it must not lead out of.
#[derive(Clone, Debug)]
pub struct Tree {
    root: PathBuf,
}

impl Tree {
    /// The tree below a folder, whose own links are resolved.
    pub fn of(folder: &Path) -> io::Result<Tree> {
        std::fs::canonicalize(folder).map(|root| Tree { root })
    }

    /// The folder, links resolved.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where a path leads, relative to the root; a relative one is taken from the root. Neither links nor `..` may lead out, nor into
    /// `.git`, where credentials may be. What is not there is where its name says.
    pub fn resolve(&self, path: &Path) -> Result<PathBuf, Refusal> {
        let joined = self.root.join(path);
        let found = match std::fs::canonicalize(&joined) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && !is_link(&joined) => tidy(&joined),
            found => found.map_err(Refusal::System)?,
        };
        let inside = found.strip_prefix(&self.root).map_err(|_| Refusal::Outside)?;
        if inside.iter().any(|part| part.eq_ignore_ascii_case(".git")) {
            return Err(Refusal::Outside);
        }
        Ok(inside.to_owned())
    }

    /// Where a path says that it leads, relative to the root, whatever links there are; `None` where it leads out.
    pub fn below(&self, path: &Path) -> Option<PathBuf> {
        tidy(&self.root.join(path)).strip_prefix(&self.root).ok().map(Path::to_owned)
    }

    /// Whether a path says that it is in the tree, wherever links lead; a relative one is taken from the current folder.
    pub fn names(&self, path: &Path) -> bool {
        std::path::absolute(path).is_ok_and(|path| tidy(&path).starts_with(&self.root))
    }

    /// Checks a path of the command line: one that says that it is in the tree must stay there, since what stands under that name is the
    /// repository's; any other is the user's own, and may lead anywhere.
    pub fn admit(&self, path: &Path) -> Result<(), Refusal> {
        let Ok(absolute) = std::path::absolute(path) else { return Ok(()) };
        if self.names(&absolute) {
            self.resolve(&tidy(&absolute))?;
        }
        Ok(())
    }

    /// The bytes of a regular file that a fixed name in the tree leads to without leaving it.
    pub fn read(&self, path: &Path, largest: u64) -> Result<Vec<u8>, Refusal> {
        read_found(&self.root.join(self.resolve(path)?), largest)
    }
}

/// Whether a path is a symbolic link, also one that leads nowhere.
pub fn is_link(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink())
}

/// Takes `.` and `..` out of a path by its names alone.
fn tidy(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(out.pop()),
            _ => out.push(part),
        }
    }
    out
}

/// A path for people: as it was given, without the `./` of the current folder.
pub fn shown(path: &Path) -> String {
    let text = path.to_string_lossy();
    text.strip_prefix("./").unwrap_or(&text).to_owned()
}

/// Writes a whole file: a new one beside it takes its place, so that a reader and another run at the same time see one whole text.
/// A link is not followed, and what is no regular file is left alone, but for what `/dev` names: that is a stream to write to.
pub fn write(path: &Path, text: &str) -> Result<(), Error> {
    let fail = |error: &io::Error| Error::new(shown(path), format!("cannot be written: {error}"));
    if is_stream(path) {
        let stream = OpenOptions::new().append(true).open(path);
        return stream
            .and_then(|mut stream| stream.write_all(text.as_bytes()))
            .map_err(|error| fail(&error));
    }
    let old = match std::fs::symlink_metadata(path) {
        Ok(metadata) => Some(metadata),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(fail(&error)),
    };
    if let Some(old) = &old {
        may_replace(path, old)?;
    }
    let new = beside(path, text, old.as_ref()).map_err(|error| fail(&error))?;
    new.persist(path).map_err(|error| fail(&error.error))?;
    Ok(())
}

/// As [`write`], where nothing may be there yet; gives `false` and changes nothing where something is.
pub fn create(path: &Path, text: &str) -> Result<bool, Error> {
    let fail = |error: &io::Error| Error::new(shown(path), format!("cannot be written: {error}"));
    let new = beside(path, text, None).map_err(|error| fail(&error))?;
    match new.persist_noclobber(path) {
        Ok(_) => Ok(true),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(fail(&error.error)),
    }
}

/// Whether a path is one of the system's streams: `/dev/null`, a device, or a pipe that a shell opened (`-o >(command)`).
fn is_stream(path: &Path) -> bool {
    cfg!(unix) && path.starts_with("/dev") && std::fs::metadata(path).is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir())
}

fn may_replace(path: &Path, old: &Metadata) -> Result<(), Error> {
    let refuse = |what: &str, hint: &str| Err(Error::new(shown(path), format!("cannot be written: {what}")).hint(hint));
    if old.is_symlink() {
        return refuse("it is a symbolic link", "name the file that it leads to, or remove the link");
    }
    if old.is_dir() {
        return refuse("it is a folder", "name a file in it");
    }
    if !old.is_file() {
        return refuse("it is not a regular file", "leave -o out and send the output there: `> FILE`");
    }
    if old.permissions().readonly() {
        return refuse("it is read-only", "name another file, or make it writable");
    }
    Ok(())
}

/// A new file with a text in the folder of `path`. Its mode is that of the file whose place it takes, or what is usual for new files.
fn beside(path: &Path, text: &str, old: Option<&Metadata>) -> io::Result<tempfile::NamedTempFile> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(TEMPORARY);
    #[cfg(unix)]
    let usual = <std::fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o666);
    #[cfg(unix)]
    builder.permissions(usual);
    // The error of the crate names the new file, which nobody asked for.
    let bare = |error: io::Error| {
        error
            .raw_os_error()
            .map_or_else(|| error.kind().into(), io::Error::from_raw_os_error)
    };
    let mut new = builder.tempfile_in(folder).map_err(bare)?;
    new.write_all(text.as_bytes()).map_err(bare)?;
    if let Some(old) = old {
        new.as_file().set_permissions(old.permissions())?;
    }
    Ok(new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().expect("a folder")
    }

    #[test]
    fn names_in_a_tree_stay_in_it() {
        let (inside, outside) = (folder(), folder());
        fs::create_dir_all(inside.path().join("a/.git")).expect("folders");
        fs::write(inside.path().join("a/b"), "b").expect("written");
        fs::write(inside.path().join("a/.git/config"), "token").expect("written");
        fs::write(outside.path().join("c"), "c").expect("written");
        let tree = Tree::of(inside.path()).expect("a tree");
        assert_eq!(tree.resolve(Path::new("./a/../a/b")).expect("inside"), Path::new("a/b"));
        assert_eq!(tree.resolve(&tree.root().join("a/b")).expect("inside"), Path::new("a/b"));
        assert_eq!(tree.resolve(Path::new("none/../x")).expect("not there"), Path::new("x"));
        assert!(tree.read(Path::new("none"), 9).expect_err("none").is_missing());
        for path in [
            "..",
            "../x",
            "a/../../y",
            "none/../../y",
            "/etc/passwd",
            "a/.git/config",
            "a/.GIT/none",
        ] {
            assert!(matches!(tree.resolve(Path::new(path)), Err(Refusal::Outside)), "{path}");
        }
        assert!(matches!(tree.read(&outside.path().join("c"), 9), Err(Refusal::Outside)));
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_only_where_they_stay() {
        use std::os::unix::fs::symlink;
        let (inside, outside) = (folder(), folder());
        fs::write(inside.path().join("a"), "a").expect("written");
        fs::write(outside.path().join("c"), "c").expect("written");
        symlink("a", inside.path().join("good")).expect("linked");
        symlink(outside.path(), inside.path().join("out")).expect("linked");
        symlink("nowhere", inside.path().join("dangling")).expect("linked");
        let tree = Tree::of(inside.path()).expect("a tree");
        assert_eq!(tree.read(Path::new("good"), 9).expect("inside"), b"a");
        assert!(matches!(tree.read(Path::new("out/c"), 9), Err(Refusal::Outside)));
        assert!(tree.resolve(Path::new("dangling")).is_err());
        assert!(matches!(read_found(&inside.path().join("good"), 9), Err(Refusal::Link)));
        assert_eq!(read(&inside.path().join("out/c"), 9).expect("the user's"), b"c");
        assert!(tree.names(&tree.root().join("out/c")) && tree.admit(&tree.root().join("out/c")).is_err());
        assert!(tree.admit(&outside.path().join("c")).is_ok());
    }

    #[test]
    fn sizes_are_kept() {
        let folder = folder();
        let file = folder.path().join("a");
        fs::write(&file, "12345").expect("written");
        assert_eq!(read(&file, 5).expect("small"), b"12345");
        assert!(matches!(read(&file, 4), Err(Refusal::TooLarge)));
        assert!(matches!(read(folder.path(), 4), Err(Refusal::NotRegular)));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_is_no_file_is_refused_at_once() {
        for path in ["/dev/zero", "/dev/stdin", "/proc/self/mem"] {
            assert!(read(Path::new(path), 1000).is_err(), "{path}");
        }
        assert!(matches!(read(Path::new("/dev/zero"), 1000), Err(Refusal::NotRegular)));
        // It says that it is empty, and has no end.
        assert!(matches!(read(Path::new("/proc/self/maps"), 10), Err(Refusal::TooLarge)));
    }

    #[test]
    fn a_file_is_replaced_whole() {
        let folder = folder();
        let file = folder.path().join("a.json");
        write(&file, "one").expect("written");
        write(&file, "two").expect("written");
        assert_eq!(fs::read_to_string(&file).expect("read"), "two");
        assert!(!create(&file, "three").expect("looked at"));
        assert_eq!(fs::read_to_string(&file).expect("read"), "two");
        assert!(create(&folder.path().join("b"), "three").expect("written"));
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 2, "nothing is left over");
    }

    #[cfg(unix)]
    #[test]
    fn a_new_file_is_as_open_as_others_and_an_old_one_as_it_was() {
        use std::os::unix::fs::{MetadataExt, PermissionsExt};
        let folder = folder();
        let mode = |name: &str| fs::metadata(folder.path().join(name)).expect("a file").mode() & 0o777;
        fs::write(folder.path().join("plain"), "").expect("written");
        write(&folder.path().join("new"), "x").expect("written");
        assert_eq!(mode("new"), mode("plain"));
        fs::set_permissions(folder.path().join("new"), fs::Permissions::from_mode(0o640)).expect("a mode");
        write(&folder.path().join("new"), "y").expect("written");
        assert_eq!(mode("new"), 0o640);
        fs::set_permissions(folder.path().join("new"), fs::Permissions::from_mode(0o440)).expect("a mode");
        assert!(write(&folder.path().join("new"), "z").is_err());
    }
}
