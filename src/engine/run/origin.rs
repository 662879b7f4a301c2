//! What a report for reviewers says of where its project comes from: name, day of the commit, the page of its sources.

use std::path::Path;

use super::apart;
use crate::config::Config;
use crate::files::Tree;
use crate::git;
use crate::report::{Report, Web};

/// The largest manifest that is asked for a name.
const LARGEST: u64 = 1 << 20;

/// Adds what is known. Nothing of it is needed: what cannot be read is left out, and the commit's own failure is told where it is read.
pub(super) fn add(config: &Config, report: &mut Report) {
    report.project = manifest(config);
    let Ok(Some(about)) = apart(config, "git", || git::about(&config.root)) else {
        return;
    };
    report.commit_date = Some(about.date).filter(|date| !date.is_empty());
    let Some(page) = about.web else { return };
    let folder = about.below.trim_end_matches('/');
    let last = if folder.is_empty() { page.as_str() } else { folder };
    report.project = last.rsplit('/').next().map(str::to_owned).filter(|name| !name.is_empty());
    report.web = Some(Web {
        page,
        commit: about.commit,
        below: about.below,
    });
}

/// The name that `pyproject.toml` or `package.json` gives. They are the repository's: where one leads out of it, it says nothing.
fn manifest(config: &Config) -> Option<String> {
    let tree = Tree::of(&config.root).ok()?;
    let read = |name: &str| String::from_utf8(tree.read(Path::new(name), LARGEST).ok()?).ok();
    let python = || {
        let value: toml::Value = toml::from_str(&read("pyproject.toml")?).ok()?;
        let of = |table: &toml::Value| table.get("name")?.as_str().map(str::to_owned);
        let poetry = || of(value.get("tool")?.get("poetry")?);
        value.get("project").and_then(of).or_else(poetry)
    };
    let node = || {
        let value: serde_json::Value = serde_json::from_str(&read("package.json")?).ok()?;
        value.get("name")?.as_str().map(str::to_owned)
    };
    let named = python().or_else(node)?;
    let name = named.trim();
    (!name.is_empty() && name.len() <= 100).then(|| name.to_owned())
}
