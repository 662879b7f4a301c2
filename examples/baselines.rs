//! What a scan is measured against, over the files that a scan reads: `baselines size DIR` says how many, with their bytes and
//! lines; `baselines hash DIR` walks, reads and hashes them, `baselines parse DIR` parses them; `baselines corpus DIR FILES FUNCTIONS DEPTH TABLES` writes a generated project.

#[path = "../benches/corpus.rs"]
mod corpus;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use perfaudit::Config;
use perfaudit::walk::{self, FileKind};
use rayon::prelude::*;
use xxhash_rust::xxh3::xxh3_64;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["size", folder] => size(folder),
        ["hash", folder] => each(folder, |_, bytes| xxh3_64(bytes)),
        ["parse", folder] => each(folder, parse),
        ["corpus", folder, sizes @ ..] => generate(Path::new(folder), sizes),
        _ => Err("usage: baselines size|hash|parse DIR, or corpus DIR FILES FUNCTIONS DEPTH TABLES".to_owned()),
    };
    let Err(what) = done else { return ExitCode::SUCCESS };
    // The one message of a developer's tool.
    #[allow(clippy::print_stderr)]
    {
        eprintln!("baselines: {what}");
    }
    ExitCode::FAILURE
}

/// Does something with each file that a scan would read; the sum keeps the work from being optimised away.
fn each(folder: &str, work: impl Fn(FileKind, &[u8]) -> u64 + Sync) -> Result<(), String> {
    let walked = walk::walk(&config(folder)).map_err(|error| error.to_string())?;
    let sum: u64 = walked
        .files
        .par_iter()
        .filter_map(|file| Some(work(file.kind, &walk::read(file).ok()?)))
        .reduce(|| 0, u64::wrapping_add);
    std::hint::black_box(sum);
    Ok(())
}

#[allow(clippy::print_stdout)]
fn size(folder: &str) -> Result<(), String> {
    let walked = walk::walk(&config(folder)).map_err(|error| error.to_string())?;
    let texts: Vec<Vec<u8>> = walked.files.iter().filter_map(|file| walk::read(file).ok()).collect();
    let bytes: usize = texts.iter().map(Vec::len).sum();
    let lines: usize = texts.iter().flatten().filter(|&&byte| byte == b'\n').count();
    println!("{} {bytes} {lines}", texts.len());
    Ok(())
}

fn config(folder: &str) -> Config {
    Config {
        root: PathBuf::from(folder),
        ..Config::default()
    }
}

thread_local! {
    static PARSER: std::cell::RefCell<tree_sitter::Parser> = std::cell::RefCell::new(tree_sitter::Parser::new());
}

fn parse(kind: FileKind, bytes: &[u8]) -> u64 {
    let language = match kind {
        FileKind::Python => tree_sitter_python::LANGUAGE,
        FileKind::TypeScript => tree_sitter_typescript::LANGUAGE_TYPESCRIPT,
        FileKind::Tsx => tree_sitter_typescript::LANGUAGE_TSX,
        _ => return xxh3_64(bytes),
    };
    PARSER.with_borrow_mut(|parser| {
        let _ = parser.set_language(&language.into());
        parser.parse(bytes, None).map_or(0, |tree| tree.root_node().end_byte() as u64)
    })
}

fn generate(folder: &Path, sizes: &[&str]) -> Result<(), String> {
    let numbers: Vec<usize> = sizes.iter().filter_map(|size| size.parse().ok()).collect();
    let [files, functions, depth, tables] = numbers[..] else {
        return Err("corpus needs four numbers: FILES FUNCTIONS DEPTH TABLES".to_owned());
    };
    let shape = corpus::Shape {
        files,
        functions,
        depth,
        tables,
    };
    for (path, text) in corpus::texts(shape) {
        let path = folder.join(path);
        let parent = path.parent().unwrap_or(folder);
        let written = std::fs::create_dir_all(parent).and_then(|()| std::fs::write(&path, text));
        written.map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(())
}
