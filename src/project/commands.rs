//! Packages that are a command and nothing else: what no entry point reaches there runs when somebody types the command.

use super::eval::Code;
use super::graph::{Graph, Reach};
use crate::ir::FunctionId;
use crate::libraries::entries::{Entry, EntryKind, Often};
use crate::libraries::shared::value::FileId;
use crate::source::Span;
use crate::syntax::facts::Settings;

/// Gives the functions of such packages that nothing else reaches the command as their entry point.
pub fn mark(graph: &mut Graph, code: &Code) {
    let packages = packages(code);
    for (folder, name) in packages
        .iter()
        .filter_map(|package| Some((package.folder.as_str(), package.command.as_deref()?)))
    {
        let files: Vec<FileId> = code
            .modules()
            .map(|(file, _)| file)
            .filter(|file| {
                code.files
                    .get(file.index())
                    .is_some_and(|facts| owner(&packages, &facts.path) == Some(folder))
            })
            .collect();
        let Some(&first) = files.first() else { continue };
        if files.iter().any(|&file| serves(graph, code, file)) {
            continue;
        }
        let entry = graph.entries.len();
        graph.entries.push(Entry {
            function: (first, FunctionId::MODULE),
            kind: EntryKind::Command,
            label: format!("command {name}"),
            own_label: format!("command {name}"),
            router: None,
            place: Span::default(),
            is_list_capable: false,
            threaded: false,
            is_for_staff: false,
            often: Often::Once,
            field: None,
        });
        graph.registered.push(first);
        for file in files {
            for (function, _) in code.module(file).function_ids() {
                let at = graph.id(file, function).index();
                if let Some(reach) = graph.reach.get_mut(at).filter(|reach| reach.is_none()) {
                    *reach = Some(Reach {
                        entry,
                        from: None,
                        distance: 0,
                        later: false,
                    });
                }
            }
        }
    }
}

struct Package {
    /// With a slash at its end; empty for the root.
    folder: String,
    /// Its name, where all that it offers is a command: others can import nothing of it.
    command: Option<String>,
}

fn packages(code: &Code) -> Vec<Package> {
    let mut out = Vec::new();
    for facts in &code.files {
        let Some(Settings::Package {
            name,
            entries,
            has_command,
        }) = &facts.settings
        else {
            continue;
        };
        let folder = facts.path.strip_suffix("package.json").unwrap_or_default().to_owned();
        let command = (*has_command && entries.is_empty()).then(|| name.clone());
        out.push(Package { folder, command });
    }
    out
}

/// The folder of the innermost package that a file is in.
fn owner<'p>(packages: &'p [Package], path: &str) -> Option<&'p str> {
    let around = packages.iter().filter(|package| path.starts_with(&package.folder));
    around.map(|package| package.folder.as_str()).max_by_key(|folder| folder.len())
}

/// Whether a file has something that others wait for: an entry point of a server or worker, or a port that it listens on.
fn serves(graph: &Graph, code: &Code, file: FileId) -> bool {
    let is_served = |entry: &Entry| entry.function.0 == file && !matches!(entry.kind, EntryKind::Command | EntryKind::Startup);
    let module = code.module(file);
    graph.entries.iter().any(is_served)
        || module
            .calls()
            .any(|call| matches!(call.method(), Some("listen" | "serve" | "createServer")) && call.receiver().is_some())
}
