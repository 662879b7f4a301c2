//! A `PostgreSQL` of its own: its programs are found, it lives in a private folder and listens on no network, and all of it goes with the
//! run.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::link::ServerConnection;
use super::url::ServerAddress;
use crate::error::Error;

/// How long it may take to start.
const STARTED: Duration = Duration::from_secs(60);
/// How long it may take to end.
const ENDED: Duration = Duration::from_secs(5);
/// How often it is looked at meanwhile.
const TICK: Duration = Duration::from_millis(50);
/// The role that makes it, as which nobody can connect.
const OWNER: &str = "postgres";
/// The role and the database that are asked: a role with no rights but to its own database.
const NAME: &str = "perfaudit";
/// What makes the two, before it listens.
const MADE: &str = "CREATE ROLE perfaudit LOGIN\nCREATE DATABASE perfaudit OWNER perfaudit\n";
/// Who may connect: that role to that database, through the socket in a folder that is its user's alone.
const ALLOWED: &str = "local perfaudit perfaudit trust\n";
/// The port, which is part of the socket's name and nothing else.
const PORT: u16 = 5432;

/// Folders beside those of PATH in which systems put each version.
const FOLDERS: [&str; 3] = ["/usr/lib/postgresql", "/usr/local/opt", "/opt/homebrew/opt"];

/// Settings for a database that need not survive anything.
const SETTINGS: [&str; 13] = [
    "listen_addresses=",
    "unix_socket_permissions=0700",
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "autovacuum=off",
    "max_connections=5",
    "max_locks_per_transaction=4096",
    "shared_buffers=64MB",
    "max_wal_size=256MB",
    "max_wal_senders=0",
    "wal_level=minimal",
    "logging_collector=off",
];

/// A running one. It ends, and its folder is removed, when this is dropped or its [`Ending`] is asked for.
#[derive(Debug)]
pub struct Cluster {
    folder: PathBuf,
    ending: Ending,
}

/// What ends a cluster, from any thread, once.
#[derive(Clone, Debug, Default)]
pub struct Ending {
    held: Arc<Mutex<Held>>,
}

#[derive(Debug, Default)]
struct Held {
    is_over: bool,
    child: Option<Child>,
    folder: Option<tempfile::TempDir>,
}

impl Ending {
    /// Ends it and removes its folder. What starts later ends at once.
    pub fn end(&self) {
        let mut held = match self.held.lock() {
            Ok(held) => held,
            Err(poisoned) => poisoned.into_inner(),
        };
        held.is_over = true;
        if let Some(mut child) = held.child.take() {
            stop(&mut child);
        }
        // The folder is removed with its last owner.
        held.folder.take();
    }

    fn hold(&self, take: impl FnOnce(&mut Held)) -> Result<(), Error> {
        let mut held = match self.held.lock() {
            Ok(held) => held,
            Err(poisoned) => poisoned.into_inner(),
        };
        if held.is_over {
            return Err(Error::new("PostgreSQL", "was ended before it started"));
        }
        take(&mut held);
        Ok(())
    }
}

/// Asks it to end without tidying up, then makes it.
fn stop(child: &mut Child) {
    // The number of one that has ended may be another program's by now.
    if !matches!(child.try_wait(), Ok(None)) {
        return;
    }
    #[cfg(unix)]
    if let Some(id) = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw) {
        // That it has ended already is as well.
        let _ = rustix::process::kill_process_group(id, rustix::process::Signal::QUIT);
        let start = Instant::now();
        while start.elapsed() < ENDED {
            if !matches!(child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(TICK);
        }
    }
    let _ = child.kill();
    let _ = child.wait();
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.ending.end();
    }
}

impl Cluster {
    /// Starts one with the programs that are there, but for those that lie within `strange` folders; `ending` can end it from elsewhere.
    pub fn start(ending: &Ending, strange: &[PathBuf]) -> Result<Cluster, Error> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let programs = programs(&path, strange).ok_or_else(|| {
            Error::new(
                "PostgreSQL",
                "is not there: neither PATH nor the usual folders hold initdb and postgres",
            )
            .hint("name an empty database with --database")
        })?;
        let folder = private_folder().map_err(|error| Error::new("temporary folder", format!("cannot be made: {error}")))?;
        let path = folder.path().to_owned();
        ending.hold(|held| held.folder = Some(folder))?;
        let cluster = Cluster {
            folder: path,
            ending: ending.clone(),
        };
        cluster.create(&programs)?;
        cluster.prepare(&programs)?;
        cluster.run(&programs)?;
        Ok(cluster)
    }

    fn create(&self, programs: &Path) -> Result<(), Error> {
        // Sorting by the bytes of texts would let an index serve LIKE, which it does in hardly any real database.
        for locale in ["C.UTF-8", "en_US.UTF-8", "C"] {
            let data = self.folder.join("data");
            let mut command = quiet(programs, "initdb", &self.folder);
            command
                .args(["--no-sync", "--auth=trust", "--encoding=UTF8"])
                .arg(format!("--username={OWNER}"))
                .arg(format!("--locale={locale}"))
                .arg("-D")
                .arg(&data);
            self.begin(command, "initdb")?;
            if self.ended("initdb")?.success() {
                return Ok(());
            }
            let _ = std::fs::remove_dir_all(&data);
        }
        let log = std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        let first = log.lines().find(|line| !line.trim().is_empty()).unwrap_or("failed").to_owned();
        Err(Error::new("initdb", first).hint("name an empty database with --database"))
    }

    /// Makes the role without rights and its database, and lets nobody else in.
    fn prepare(&self, programs: &Path) -> Result<(), Error> {
        let failed = |error: std::io::Error| Error::new("postgres", format!("cannot be prepared: {error}"));
        let (data, made) = (self.folder.join("data"), self.folder.join("made.sql"));
        std::fs::write(&made, MADE).map_err(failed)?;
        let mut command = quiet(programs, "postgres", &self.folder);
        command.args(["--single", "-c", "fsync=off", "-D"]).arg(&data).arg(OWNER);
        command.stdin(std::fs::File::open(&made).map_err(failed)?);
        self.begin(command, "postgres")?;
        self.ended("postgres")?;
        std::fs::write(data.join("pg_hba.conf"), ALLOWED).map_err(failed)
    }

    fn run(&self, programs: &Path) -> Result<(), Error> {
        let mut command = quiet(programs, "postgres", &self.folder);
        command.arg("-D").arg(self.folder.join("data")).arg("-k").arg(&self.folder);
        command.args(["-p", &PORT.to_string()]);
        for setting in SETTINGS {
            command.arg("-c").arg(setting);
        }
        self.begin(command, "postgres")
    }

    /// Starts a program that ends with the run. What ends the run from a terminal must not end it first, so that it has a group of its own.
    fn begin(&self, mut command: Command, name: &str) -> Result<(), Error> {
        let log = std::fs::File::create(self.folder.join("log"))
            .map_err(|error| Error::new("temporary folder", format!("cannot be written: {error}")))?;
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let child = command.stdout(Stdio::null()).stderr(log).spawn();
        let child = child.map_err(|error| Error::new(name, format!("cannot be started: {error}")))?;
        let mut child = Some(child);
        let held = self.ending.hold(|held| held.child = child.take());
        if let Some(mut child) = child {
            stop(&mut child);
        }
        held
    }

    /// How the program that was started ended.
    fn ended(&self, name: &str) -> Result<ExitStatus, Error> {
        let start = Instant::now();
        loop {
            let mut status = None;
            self.ending.hold(|held| {
                status = held.child.as_mut().and_then(|child| child.try_wait().ok().flatten());
                if status.is_some() {
                    held.child.take();
                }
            })?;
            match status {
                Some(status) => return Ok(status),
                None if start.elapsed() > STARTED => return Err(Error::new(name, "takes too long")),
                None => std::thread::sleep(TICK),
            }
        }
    }

    /// Connects as soon as it listens.
    pub fn connect(&self, patience: Duration) -> Result<ServerConnection, Error> {
        let address = ServerAddress {
            host: self.folder.to_string_lossy().into_owned(),
            port: PORT,
            user: NAME.to_owned(),
            password: None,
            name: NAME.to_owned(),
        };
        let start = Instant::now();
        loop {
            match ServerConnection::open(&address, patience) {
                Ok(link) => return Ok(link),
                Err(why) if start.elapsed() > STARTED || self.is_over() => {
                    return Err(Error::new(
                        "PostgreSQL",
                        format!("does not start: {}", self.said().unwrap_or(why.to_string())),
                    ));
                }
                Err(_) => std::thread::sleep(TICK),
            }
        }
    }

    fn is_over(&self) -> bool {
        let mut is_over = false;
        let held = self.ending.hold(|held| {
            is_over = held.child.as_mut().is_none_or(|child| !matches!(child.try_wait(), Ok(None)));
        });
        is_over || held.is_err()
    }

    /// The last line of its log.
    fn said(&self) -> Option<String> {
        let log = std::fs::read_to_string(self.folder.join("log")).ok()?;
        log.lines().rev().find(|line| !line.trim().is_empty()).map(str::to_owned)
    }
}

/// A program of `PostgreSQL` that is given nothing of the surroundings but where it lies.
fn quiet(programs: &Path, name: &str, folder: &Path) -> Command {
    let mut command = Command::new(programs.join(name));
    command.env_clear().current_dir(folder).stdin(Stdio::null());
    command.env("PATH", programs).env("TZ", "UTC").env("LC_MESSAGES", "C");
    command
}

/// A folder that is for its user alone.
fn private_folder() -> std::io::Result<tempfile::TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix("perfaudit-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    builder.tempdir()
}

/// The folder of the programs: of `path`, else the newest of the usual ones. What lies within a scanned tree is not run, wherever `path`
/// found it: a relative folder, or the `bin` of an environment that the tree brings.
fn programs(path: &OsStr, strange: &[PathBuf]) -> Option<PathBuf> {
    let strange: Vec<PathBuf> = strange
        .iter()
        .filter_map(|folder| folder.canonicalize().ok())
        .map(outermost)
        .collect();
    let is_own = |program: PathBuf| {
        let program = program.canonicalize();
        program.is_ok_and(|program| program.is_file() && !strange.iter().any(|folder| program.starts_with(folder)))
    };
    let has_both = |folder: &PathBuf| folder.is_absolute() && is_own(folder.join("initdb")) && is_own(folder.join("postgres"));
    std::env::split_paths(path).find(has_both).or_else(|| {
        let all = FOLDERS
            .iter()
            .filter_map(|folder| std::fs::read_dir(folder).ok())
            .flatten()
            .flatten();
        let mut found: Vec<PathBuf> = all.map(|entry| entry.path().join("bin")).filter(has_both).collect();
        found.sort_by_key(|path| number(path));
        found.pop()
    })
}

/// The outermost repository that a folder lies in, else the folder: which folder of it is scanned is the repository's to say.
fn outermost(folder: PathBuf) -> PathBuf {
    let holds = |above: &&Path| above.parent().is_some() && above.join(".git").exists();
    let found = folder.ancestors().filter(holds).last().map(Path::to_owned);
    found.unwrap_or(folder)
}

/// The version in the path of a folder.
fn number(path: &Path) -> (u32, PathBuf) {
    let name = path
        .parent()
        .and_then(Path::file_name)
        .map(|name| name.to_string_lossy().into_owned());
    let digits: String = name.unwrap_or_default().chars().filter(char::is_ascii_digit).collect();
    (digits.parse().unwrap_or(0), path.to_owned())
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn programs_in(folder: &Path) -> PathBuf {
        std::fs::create_dir_all(folder).expect("a folder");
        for name in ["initdb", "postgres"] {
            std::fs::write(folder.join(name), "#!/bin/sh\n").expect("written");
        }
        folder.to_owned()
    }

    #[test]
    fn programs_of_a_scanned_tree_are_none() {
        let folder = tempfile::tempdir().expect("a folder");
        let tree = folder.path().join("tree");
        let brought = programs_in(&tree.join(".venv/bin"));
        let own = programs_in(&folder.path().join("bin"));
        let linked = folder.path().join("linked");
        std::os::unix::fs::symlink(&brought, &linked).expect("a link");
        let path = std::env::join_paths([Path::new("bin"), &brought, &linked, &own]).expect("a path");
        assert_eq!(programs(&path, std::slice::from_ref(&tree)), Some(own.clone()));
        // A part of the repository that has settings of its own.
        let part = tree.join("app");
        std::fs::create_dir_all(&part).expect("a folder");
        assert_eq!(programs(&path, std::slice::from_ref(&part)), Some(brought.clone()));
        std::fs::create_dir(tree.join(".git")).expect("a folder");
        assert_eq!(programs(&path, &[part]), Some(own));
        assert_eq!(programs(&path, &[]), Some(brought));
    }

    #[test]
    fn its_folder_is_its_users_alone() {
        let folder = private_folder().expect("a folder");
        let mode = folder.path().metadata().expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }
}
