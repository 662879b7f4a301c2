//! A `PostgreSQL` of its own: its programs are found, it lives in a private folder and listens on no network, and all of it goes with the
//! run.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::link::Link;
use super::url::Address;
use crate::error::Error;

/// How long it may take to start.
const STARTED: Duration = Duration::from_secs(60);
/// How long it may take to end.
const ENDED: Duration = Duration::from_secs(5);
/// How often it is looked at meanwhile.
const TICK: Duration = Duration::from_millis(50);
/// Its role and database.
const NAME: &str = "postgres";
/// The port, which is part of the socket's name and nothing else.
const PORT: u16 = 5432;

/// Folders beside those of PATH in which systems put each version.
const FOLDERS: [&str; 3] = ["/usr/lib/postgresql", "/usr/local/opt", "/opt/homebrew/opt"];

/// Settings for a database that need not survive anything.
const SETTINGS: [&str; 12] = [
    "listen_addresses=",
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
    #[cfg(unix)]
    if let Some(id) = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw) {
        // That it has ended already is as well.
        let _ = rustix::process::kill_process(id, rustix::process::Signal::QUIT);
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
    /// Starts one with the programs that are there; `ending` can end it from elsewhere.
    pub fn start(ending: &Ending) -> Result<Cluster, Error> {
        let programs = programs().ok_or_else(|| {
            Error::new(
                "PostgreSQL",
                "is not there: neither PATH nor the usual folders hold initdb and postgres",
            )
            .hint("name an empty database with --database")
        })?;
        let folder = tempfile::Builder::new()
            .prefix("perfaudit-")
            .tempdir()
            .map_err(|error| Error::new("temporary folder", format!("cannot be made: {error}")))?;
        let path = folder.path().to_owned();
        ending.hold(|held| held.folder = Some(folder))?;
        let cluster = Cluster {
            folder: path,
            ending: ending.clone(),
        };
        cluster.create(&programs)?;
        cluster.run(&programs)?;
        Ok(cluster)
    }

    fn create(&self, programs: &Path) -> Result<(), Error> {
        // Sorting by the bytes of texts would let an index serve LIKE, which it does in hardly any real database.
        let mut said = String::new();
        for locale in ["C.UTF-8", "en_US.UTF-8", "C"] {
            let data = self.folder.join("data");
            let made = quiet(programs, "initdb", &self.folder)
                .args(["--no-sync", "--auth=trust", "--encoding=UTF8"])
                .arg(format!("--username={NAME}"))
                .arg(format!("--locale={locale}"))
                .arg("-D")
                .arg(&data)
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .output()
                .map_err(|error| Error::new("initdb", format!("cannot be started: {error}")))?;
            if made.status.success() {
                return Ok(());
            }
            said = String::from_utf8_lossy(&made.stderr).into_owned();
            let _ = std::fs::remove_dir_all(&data);
        }
        let first = said.lines().find(|line| !line.trim().is_empty()).unwrap_or("failed").to_owned();
        Err(Error::new("initdb", first).hint("name an empty database with --database"))
    }

    fn run(&self, programs: &Path) -> Result<(), Error> {
        let log = std::fs::File::create(self.folder.join("log"))
            .map_err(|error| Error::new("temporary folder", format!("cannot be written: {error}")))?;
        let mut command = quiet(programs, "postgres", &self.folder);
        command.arg("-D").arg(self.folder.join("data")).arg("-k").arg(&self.folder);
        command.args(["-p", &PORT.to_string()]);
        for setting in SETTINGS {
            command.arg("-c").arg(setting);
        }
        // What ends the run from a terminal must not end it first.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let child = command.stdout(Stdio::null()).stderr(log).spawn();
        let child = child.map_err(|error| Error::new("postgres", format!("cannot be started: {error}")))?;
        let mut child = Some(child);
        let held = self.ending.hold(|held| held.child = child.take());
        if let Some(mut child) = child {
            stop(&mut child);
        }
        held
    }

    /// Connects as soon as it listens.
    pub fn connect(&self, patience: Duration) -> Result<Link, Error> {
        let address = Address {
            host: self.folder.to_string_lossy().into_owned(),
            port: PORT,
            user: NAME.to_owned(),
            password: None,
            name: NAME.to_owned(),
        };
        let start = Instant::now();
        loop {
            match Link::open(&address, patience) {
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

/// The folder of the programs: of PATH, else the newest of the usual ones. A folder that PATH names relative to where the run started can be
/// the scanned project's.
fn programs() -> Option<PathBuf> {
    let has_both = |folder: &PathBuf| folder.is_absolute() && folder.join("initdb").is_file() && folder.join("postgres").is_file();
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).find(has_both).or_else(|| {
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

/// The version in the path of a folder.
fn number(path: &Path) -> (u32, PathBuf) {
    let name = path
        .parent()
        .and_then(Path::file_name)
        .map(|name| name.to_string_lossy().into_owned());
    let digits: String = name.unwrap_or_default().chars().filter(char::is_ascii_digit).collect();
    (digits.parse().unwrap_or(0), path.to_owned())
}
