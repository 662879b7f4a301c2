//! Names the build by its content: facts that one build kept are not for another one, which may read the same bytes differently.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// What decides how a file is read.
const SOURCES: [&str; 5] = ["build.rs", "Cargo.toml", "Cargo.lock", "src", "rules"];

fn main() -> io::Result<()> {
    let mut files = Vec::new();
    for source in SOURCES {
        collect(Path::new(source), &mut files)?;
    }
    files.sort();
    let mut hasher = blake3::Hasher::new();
    for file in files {
        let bytes = std::fs::read(&file)?;
        hasher.update(format!("{}\0{}\0", file.to_string_lossy(), bytes.len()).as_bytes());
        hasher.update(&bytes);
    }
    for variable in ["TARGET", "PROFILE", "CARGO_PKG_VERSION"] {
        hasher.update(std::env::var(variable).unwrap_or_default().as_bytes());
    }
    let mut out = io::stdout();
    for source in SOURCES {
        writeln!(out, "cargo:rerun-if-changed={source}")?;
    }
    writeln!(out, "cargo:rustc-env=PERFAUDIT_BUILD={}", hasher.finalize().to_hex())
}

/// The files at and below a path; one that is not there, as the lock file of a package, counts for nothing.
fn collect(path: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    if path.is_file() {
        files.push(path.to_owned());
    } else if path.is_dir() {
        for entry in std::fs::read_dir(path)? {
            collect(&entry?.path(), files)?;
        }
    }
    Ok(())
}
