//! The files that a repository held at a revision, read from its objects.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use gix::ObjectId;
use gix::objs::tree::EntryKind;

use super::repository::Repository;
use super::sparse::Sparse;
use crate::budget::Limit;
use crate::coverage::Reason;
use crate::error::Error;

/// The largest folder of a commit, in bytes of its object.
const LARGEST_FOLDER: u64 = 64 << 20;
/// Files that are counted as lacking; it does not matter how many more there are.
const MOST_LACKING: usize = 100;
/// No file system has longer paths, in bytes.
const LONGEST_PATH: usize = 4096;

/// The files of a repository at a revision, and those of its submodules at the commits that it names.
pub struct Past {
    revision: String,
    /// The repository, then the submodules that were met.
    repositories: Vec<Held>,
    root: Folder,
    sparse: Option<Sparse>,
    entries: usize,
    /// Files that the sparse checkout leaves out.
    outside: usize,
}

/// A repository with what reads it on the thread that lists its files.
struct Held {
    repository: Repository,
    reader: gix::Repository,
    shared: Arc<gix::ThreadSafeRepository>,
}

/// A folder at the revision.
#[derive(Clone, Debug)]
pub struct Folder {
    /// Path below the top of the working tree, with `/`; empty for the top.
    pub path: String,
    /// Whether it is the top of a repository.
    pub is_top: bool,
    repository: usize,
    id: ObjectId,
}

/// A file at the revision: where its bytes are.
#[derive(Clone)]
pub struct Blob {
    store: Arc<gix::ThreadSafeRepository>,
    id: ObjectId,
}

/// What a folder holds under a name.
pub enum NodeKind {
    /// A folder, of which nothing is read yet.
    Folder(Folder),
    /// A regular file, whose bytes are read when they are asked for.
    File(Blob),
    /// A symbolic link.
    Link,
}

/// A file or folder in a folder of the revision.
pub struct FolderEntry {
    /// Path below the top of the working tree, with `/`.
    pub path: String,
    /// Whether it is a folder, a file or a link, with what reads it.
    pub kind: NodeKind,
}

impl Past {
    /// The files of a repository at a revision. Fails where there is no such revision, and where the clone lacks its files.
    pub fn open(repository: Repository, revision: &str) -> Result<Past, Error> {
        let reader = repository.reader();
        let wanted = format!("{revision}^{{commit}}");
        let commit = reader
            .rev_parse_single(wanted.as_str())
            .map_err(|_| failed(revision, "no such revision").hint("a shallow clone may lack it: fetch more history"))?
            .detach();
        let sparse = Sparse::of(&repository)?;
        let id = tree_of(&reader, commit).ok_or_else(|| lacking(revision, "the commit's tree"))?;
        let root = Folder {
            path: String::new(),
            is_top: true,
            repository: 0,
            id,
        };
        Ok(Past {
            revision: revision.to_owned(),
            repositories: vec![Held::new(repository, reader)],
            root,
            sparse,
            entries: 0,
            outside: 0,
        })
    }

    /// The files of each repository that paths are in, with the paths that are in it. `root` and `paths` are absolute and without
    /// links.
    ///
    /// A path belongs to the repository of the root, so that a revision means the same wherever a submodule is; where that does not
    /// know it, to its own.
    pub fn of_paths(root: &Path, paths: &[PathBuf], revision: &str) -> Result<Vec<(Past, Vec<PathBuf>)>, Error> {
        let mut found: Vec<(Past, Vec<PathBuf>)> = Vec::new();
        if let Some(repository) = Repository::around(root)? {
            found.push((Past::open(repository, revision)?, Vec::new()));
        }
        for path in paths {
            let outside = || failed(revision, "not a git repository").hint("give a folder of a git repository");
            let own = Repository::around(path)?.ok_or_else(outside)?;
            let mut place = None;
            for (at, (past, _)) in found.iter_mut().enumerate() {
                if past.knows(&own)? {
                    place = Some(at);
                    break;
                }
            }
            match place {
                Some(at) => found[at].1.push(path.clone()),
                None => found.push((Past::open(own, revision)?, vec![path.clone()])),
            }
        }
        Ok(found)
    }

    /// Whether a repository is this one, or stood in it at the revision.
    fn knows(&mut self, other: &Repository) -> Result<bool, Error> {
        let Ok(below) = other.top().strip_prefix(self.repository().top()) else {
            return Ok(false);
        };
        let below = below.to_string_lossy().into_owned();
        Ok(self.find(&below)?.is_some())
    }

    /// The repository that the revision is of; its submodules have their own.
    pub fn repository(&self) -> &Repository {
        &self.repositories[0].repository
    }

    /// The repository that a folder belongs to: this one or a submodule.
    pub fn repository_of(&self, folder: &Folder) -> &Repository {
        &self.repositories[folder.repository].repository
    }

    /// The top of the working tree.
    pub fn root(&self) -> Folder {
        self.root.clone()
    }

    /// Files that were left out because the sparse checkout leaves them out now.
    pub fn outside(&self) -> usize {
        self.outside
    }

    /// What stood at a path below the top; `None` where nothing did.
    pub fn find(&mut self, path: &str) -> Result<Option<NodeKind>, Error> {
        let mut found = NodeKind::Folder(self.root());
        for name in path.split('/').filter(|name| !name.is_empty()) {
            let NodeKind::Folder(folder) = found else { return Ok(None) };
            let wanted = join(&folder.path, name);
            match self.list(&folder)?.into_iter().find(|node| node.path == wanted) {
                Some(node) => found = node.kind,
                None => return Ok(None),
            }
        }
        Ok(Some(found))
    }

    /// The text of a file at a path below the top; `None` where none stood there. `largest` is in bytes.
    pub fn text(&mut self, path: &str, largest: u64) -> Result<Option<String>, Error> {
        let place = format!("{}:{path}", self.revision);
        let blob = match self.find(path)? {
            Some(NodeKind::File(blob)) => blob,
            Some(NodeKind::Link) => return Err(Error::new(place, "is a symbolic link, which is not followed")),
            Some(NodeKind::Folder(_)) | None => return Ok(None),
        };
        self.check(std::iter::once((path, &blob)))?;
        let bytes = blob.read(largest).map_err(|reason| Error::new(place.as_str(), reason.text()))?;
        String::from_utf8(bytes).map(Some).map_err(|_| Error::new(place, "not UTF-8"))
    }

    /// What a folder holds. What no disk could hold, such as a name with a slash, is not among it; nor is what the sparse checkout
    /// leaves out, nor a submodule that is not checked out, because whether something of it is fixed cannot be known.
    pub fn list(&mut self, folder: &Folder) -> Result<Vec<FolderEntry>, Error> {
        let entries = self.entries_of(folder)?;
        self.entries += entries.len();
        // A few small objects can name more than any disk holds.
        if self.entries > Limit::CommitEntries.count() {
            let most = Limit::CommitEntries.about().written;
            let what = format!("the commit names more than {most} files and folders");
            return Err(failed(&self.revision, what).hint("give the folders to read"));
        }
        let mut nodes = Vec::with_capacity(entries.len());
        for (name, kind, id) in entries {
            let path = join(&folder.path, &name);
            if path.len() > LONGEST_PATH {
                continue;
            }
            if let Some(kind) = self.kind_of(folder, &path, kind, id)? {
                nodes.push(FolderEntry { path, kind });
            }
        }
        Ok(nodes)
    }

    fn kind_of(&mut self, folder: &Folder, path: &str, kind: EntryKind, id: ObjectId) -> Result<Option<NodeKind>, Error> {
        let is_own = folder.repository == 0;
        Ok(match kind {
            EntryKind::Tree => Some(NodeKind::Folder(Folder {
                path: path.to_owned(),
                is_top: false,
                repository: folder.repository,
                id,
            })),
            EntryKind::Link => Some(NodeKind::Link),
            EntryKind::Commit => self.submodule(path, id)?.map(NodeKind::Folder),
            EntryKind::Blob | EntryKind::BlobExecutable if is_own && self.is_outside(path) => {
                self.outside += 1;
                None
            }
            EntryKind::Blob | EntryKind::BlobExecutable => Some(NodeKind::File(Blob {
                store: Arc::clone(&self.repositories[folder.repository].shared),
                id,
            })),
        })
    }

    fn is_outside(&self, path: &str) -> bool {
        let top = self.repository().top();
        self.sparse
            .as_ref()
            .is_some_and(|sparse| sparse.leaves_out(path) && top.join(path).symlink_metadata().is_err())
    }

    /// The files of a submodule at the commit that its repository names; `None` where it is not checked out.
    fn submodule(&mut self, path: &str, commit: ObjectId) -> Result<Option<Folder>, Error> {
        let place = self.repository().top().join(path);
        // A link in the way would lead to another place than the walk of the working tree reads.
        if std::fs::canonicalize(&place).ok().as_ref() != Some(&place) {
            return Ok(None);
        }
        let Some(found) = Repository::at(&place)? else { return Ok(None) };
        if !self.repository().holds(&found) {
            let what = format!("the submodule {path} is kept outside of the repository, which is not read");
            return Err(failed(&self.revision, what).hint("`git submodule absorbgitdirs` moves it there"));
        }
        let reader = found.reader();
        let id = tree_of(&reader, commit).ok_or_else(|| {
            let what = format!(
                "the submodule {path} lacks the commit {} of that revision",
                commit.to_hex_with_len(12)
            );
            failed(&self.revision, what).hint(format!("fetch it: `git -C {path} fetch --unshallow`, or `git -C {path} fetch`"))
        })?;
        self.repositories.push(Held::new(found, reader));
        Ok(Some(Folder {
            path: path.to_owned(),
            is_top: true,
            repository: self.repositories.len() - 1,
            id,
        }))
    }

    /// Names, kinds and ids of what the object of a folder lists.
    fn entries_of(&self, folder: &Folder) -> Result<Vec<(String, EntryKind, ObjectId)>, Error> {
        let reader = &self.repositories[folder.repository].reader;
        let shown = if folder.path.is_empty() { "the top folder" } else { &folder.path };
        let header = reader.try_find_header(folder.id).ok().flatten();
        let size = header.ok_or_else(|| lacking(&self.revision, shown))?.size();
        if size > LARGEST_FOLDER {
            return Err(failed(&self.revision, format!("the list of files of {shown} is too large")));
        }
        let broken =
            || failed(&self.revision, format!("the list of files of {shown} cannot be read")).hint("`git fsck` says what is wrong");
        let tree = reader.find_tree(folder.id).map_err(|_| broken())?;
        let mut entries = Vec::new();
        for entry in tree.iter() {
            let entry = entry.map_err(|_| broken())?;
            let name = String::from_utf8_lossy(entry.filename()).into_owned();
            if is_name(&name) {
                entries.push((name, entry.mode().kind(), entry.object_id()));
            }
        }
        Ok(entries)
    }

    /// Fails where the clone lacks some of the files: what is in them would look new.
    pub fn check<'a>(&self, blobs: impl Iterator<Item = (&'a str, &'a Blob)>) -> Result<(), Error> {
        let is_lacking = |blob: &Blob| {
            let mut readers = self.repositories.iter().filter(|held| Arc::ptr_eq(&held.shared, &blob.store));
            readers.any(|held| !held.reader.has_object(blob.id))
        };
        // Each that is not found is looked for on disk once more.
        let lacks: Vec<&str> = blobs
            .filter(|(_, blob)| is_lacking(blob))
            .map(|(path, _)| path)
            .take(MOST_LACKING)
            .collect();
        match lacks.as_slice() {
            [] => Ok(()),
            [one] => Err(lacking(&self.revision, one)),
            [first, rest @ ..] if lacks.len() < MOST_LACKING => {
                Err(lacking(&self.revision, &format!("{first} and {} more files", rest.len())))
            }
            [first, ..] => Err(lacking(&self.revision, &format!("{first} and many more files"))),
        }
    }
}

impl Held {
    fn new(repository: Repository, reader: gix::Repository) -> Held {
        let shared = repository.shared();
        Held {
            repository,
            reader,
            shared,
        }
    }
}

impl Blob {
    /// The bytes of the file, or why it is left out; `largest` is the most that is read, in bytes.
    pub fn read(&self, largest: u64) -> Result<Vec<u8>, Reason> {
        let reader = super::repository::reader(&self.store);
        let header = reader.find_header(self.id).map_err(|_| Reason::NotReadable)?;
        if header.size() > largest {
            return Err(Reason::TooLarge);
        }
        let mut blob = reader.find_blob(self.id).map_err(|_| Reason::NotReadable)?;
        Ok(blob.take_data())
    }
}

impl Blob {
    /// Whether a file on disk holds just these bytes.
    pub fn is_same(&self, file: &Path) -> bool {
        let reader = super::repository::reader(&self.store);
        let Ok(header) = reader.find_header(self.id) else { return false };
        super::changed::id_of_file(file, header.size(), self.id.kind()) == Some(self.id)
    }
}

fn failed(revision: &str, what: impl Into<String>) -> Error {
    Error::new(format!("--since {revision}"), what)
}

/// A partial clone fetches what it lacks from its remote when it is needed; nothing here does.
fn lacking(revision: &str, what: &str) -> Error {
    failed(revision, format!("the clone lacks {what} at that revision")).hint("fetch it: `git fetch --refetch --no-filter`")
}

fn tree_of(reader: &gix::Repository, commit: ObjectId) -> Option<ObjectId> {
    let id = reader.find_commit(commit).ok()?.tree_id().ok()?.detach();
    reader.has_object(id).then_some(id)
}

/// Whether a file can have this name.
fn is_name(name: &str) -> bool {
    !matches!(name, "" | "." | "..") && !name.contains(['/', '\0']) && !name.eq_ignore_ascii_case(".git")
}

fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() {
        name.to_owned()
    } else {
        format!("{folder}/{name}")
    }
}
