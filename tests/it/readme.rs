//! What the README shows is what the tool says.

use std::fs;
use std::path::Path;

use crate::baseline::perfaudit_with;

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("a type").is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("copied");
        }
    }
}

/// The heading of a file and its first finding.
fn first_of<'t>(groups: &[&'t str], file: &str) -> String {
    let group: &'t str = groups.iter().find(|group| group.starts_with(file)).expect("a file with findings");
    let mut findings = 0;
    let lines = group.lines().take_while(|line| {
        findings += usize::from(line.starts_with("   P"));
        findings < 2
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_readmes_sample_is_what_a_scan_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = tempfile::tempdir().expect("a folder");
    copy(&root.join("fixtures/shop-fastapi"), folder.path());
    let run = perfaudit_with(folder.path(), &["scan", ".", "--format", "table"], &[]);
    assert_eq!(run.code, Some(0), "{}", run.err);
    let groups: Vec<&str> = run.out.trim_end().split("\n\n").collect();
    let end = groups.len().saturating_sub(2);
    let wanted = format!(
        "$ perfaudit scan .\n{}\n\n…\n\n{}\n\n…\n\n{}\n",
        first_of(&groups, "server/routes/couriers.py"),
        first_of(&groups, "server/routes/orders.py"),
        groups[end..].join("\n\n")
    );
    let file = root.join("README.md");
    let text = fs::read_to_string(&file).expect("a README");
    let (before, rest) = text.split_once("```text\n$ perfaudit scan .\n").expect("the sample");
    let (_, after) = rest.split_once("```\n").expect("its end");
    let fresh = format!("{before}```text\n{wanted}```\n{after}");
    if text != fresh && std::env::var_os("PERFAUDIT_UPDATE").is_some() {
        fs::write(&file, fresh).expect("written");
        return;
    }
    assert_eq!(
        text, fresh,
        "run `PERFAUDIT_UPDATE=1 cargo test --locked` to bring the README's sample up to date"
    );
}
