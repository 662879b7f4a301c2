//! Writes the shapes of the adversary's tests: `shapes list` prints their names, `shapes write FOLDER NAME BYTES` writes one.

#[path = "../tests/it/adversary/shapes/mod.rs"]
mod shapes;

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["list"] => {
            list();
            Ok(())
        }
        ["write", folder, name, bytes] => write(Path::new(folder), name, bytes),
        _ => Err("usage: shapes list, or shapes write FOLDER NAME BYTES".to_owned()),
    };
    let Err(what) = done else { return ExitCode::SUCCESS };
    // The one message of a developer's tool.
    #[allow(clippy::print_stderr)]
    {
        eprintln!("shapes: {what}");
    }
    ExitCode::FAILURE
}

#[allow(clippy::print_stdout)]
fn list() {
    for shape in shapes::all() {
        println!("{}", shape.name);
    }
}

fn write(folder: &Path, name: &str, bytes: &str) -> Result<(), String> {
    let bytes: usize = bytes.parse().map_err(|_| format!("`{bytes}` is no number of bytes"))?;
    let all = shapes::all();
    let shape = all
        .iter()
        .find(|shape| shape.name == name)
        .ok_or_else(|| format!("there is no shape `{name}`"))?;
    for (path, text) in shape.of(bytes) {
        let path = folder.join(path);
        let parent = path.parent().unwrap_or(folder);
        let written = std::fs::create_dir_all(parent).and_then(|()| std::fs::write(&path, text));
        written.map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(())
}
