//! Packages that are a command and nothing else: what no entry point reaches there runs when somebody types the command.

use std::collections::BTreeSet;

use rustc_hash::{FxHashMap, FxHashSet};

use super::eval::Code;
use super::graph::{Graph, Visit};
use crate::ir::{Call, ExprKind, FunctionId, Language, LoopKind, Module, Parent, Stmt, StmtKind};
use crate::libraries::entries::{Entry, EntryKind, Often, ran_by_script, served_by_script};
use crate::libraries::shared::effects::Effects;
use crate::libraries::shared::value::FileId;
use crate::source::Span;
use crate::syntax::facts::ToolchainSettings;
use crate::vocabulary::List;
use crate::walk::FileRole;

/// Gives the functions of such packages that nothing else reaches the command as their entry point.
pub fn mark(graph: &mut Graph, code: &Code) {
    let packages = packages(code);
    if packages.iter().all(|package| package.command.is_none()) {
        return;
    }
    let mut files_of = files_by_package(code, &packages);
    let served: FxHashSet<FileId> = graph
        .entries
        .iter()
        .filter(|entry| !matches!(entry.kind, EntryKind::Command | EntryKind::Startup))
        .map(|entry| entry.function.0)
        .collect();
    for (folder, name) in packages
        .iter()
        .filter_map(|package| Some((package.folder.as_str(), package.command.as_deref()?)))
    {
        let files = files_of.remove(folder).unwrap_or_default();
        let Some(&first) = files.first() else { continue };
        if files.iter().any(|&file| served.contains(&file) || serves(code, file)) {
            continue;
        }
        let entry = graph.entries.len();
        graph.entries.push(command((first, FunctionId::MODULE), format!("command {name}")));
        graph.registered.push(first);
        for file in files {
            for (function, _) in code.module(file).function_ids() {
                let at = graph.id(file, function).index();
                if let Some(reach) = graph.reach.get_mut(at).filter(|reach| reach.is_none()) {
                    *reach = Some(Visit {
                        entry,
                        from: None,
                        distance: 0,
                        later: false,
                        is_loose: false,
                        is_once: false,
                        is_missed: false,
                    });
                }
            }
        }
    }
}

/// Gives the files that packages' scripts run once a command as their entry point, unless they go on: they serve, wait for events, or a
/// service's script runs them too.
pub fn programs(graph: &mut Graph, code: &Code) {
    let known: FxHashSet<FileId> = graph
        .entries
        .iter()
        .filter(|entry| entry.function.1 == FunctionId::MODULE || !matches!(entry.kind, EntryKind::Command | EntryKind::Startup))
        .map(|entry| entry.function.0)
        .collect();
    for facts in &code.files {
        let Some(ToolchainSettings::Package { scripts, .. }) = &facts.settings else {
            continue;
        };
        let folder = facts.path.strip_suffix("package.json").unwrap_or_default();
        let run: BTreeSet<&str> = scripts.iter().flat_map(|(name, command)| ran_by_script(name, command)).collect();
        let served: FxHashSet<&str> = scripts.iter().flat_map(|(name, command)| served_by_script(name, command)).collect();
        for program in run.into_iter().filter(|program| !served.contains(program)) {
            let path = format!("{folder}{program}");
            let Ok(index) = code.files.binary_search_by(|facts| facts.path.as_str().cmp(&path)) else {
                continue;
            };
            let file = FileId(index as u32);
            if known.contains(&file) || serves(code, file) || goes_on(code.module(file)) {
                continue;
            }
            let name = path.rsplit('/').next().unwrap_or(&path);
            graph.entries.push(command((file, FunctionId::MODULE), format!("script {name}")));
            graph.registered.push(file);
        }
    }
    by_hand(graph, code, &known);
    scripts(graph, code);
}

/// Gives the files that nobody imports a command as their entry point where they offer nothing, start other programs, and do not go on:
/// somebody runs them by hand (`make-icons.mjs`).
fn by_hand(graph: &mut Graph, code: &Code, known: &FxHashSet<FileId>) {
    let registered: FxHashSet<FileId> = graph.registered.iter().copied().collect();
    let targets = code.targets.iter().flat_map(|(imports, exports)| imports.iter().chain(exports));
    let imported: FxHashSet<FileId> = targets.filter_map(|target| *target).collect();
    let starts_programs = |file: FileId| {
        let functions = code.module(file).function_ids().map(|(id, _)| graph.id(file, id));
        let mut edges = functions.flat_map(|id| &graph.function(id).edges);
        edges.any(|edge| edge.effects.has(Effects::SPAWN))
    };
    let is_program = |file: FileId, module: &Module| {
        module.exports.is_empty()
            && ![known, &registered, &imported].iter().any(|files| files.contains(&file))
            && starts_programs(file)
            && !serves(code, file)
            && !goes_on(module)
    };
    let programs = code
        .modules_of(Language::TypeScript)
        .filter(|(file, module)| is_program(*file, module));
    let files: Vec<FileId> = programs.map(|(file, _)| file).collect();
    for file in files {
        let Some(facts) = code.files.get(file.index()) else { continue };
        let name = facts.path.rsplit('/').next().unwrap_or(&facts.path);
        graph.entries.push(command((file, FunctionId::MODULE), format!("script {name}")));
        graph.registered.push(file);
    }
}

/// Gives the files that nobody imports a command as their entry point where their own code, outside of all functions, asks a database or
/// another machine as a statement, and nothing in them is served: somebody runs them (`python award.py`).
fn scripts(graph: &mut Graph, code: &Code) {
    let registered: FxHashSet<FileId> = graph
        .entries
        .iter()
        .map(|entry| entry.function.0)
        .chain(graph.registered.iter().copied())
        .collect();
    let targets = code.targets.iter().flat_map(|(imports, exports)| imports.iter().chain(exports));
    let imported: FxHashSet<FileId> = targets.filter_map(|target| *target).collect();
    let is_script = |file: FileId, module: &Module| {
        ![&registered, &imported].iter().any(|files| files.contains(&file))
            && code.files.get(file.index()).is_some_and(|facts| facts.role == FileRole::Source)
            && works_by_itself(graph, file, module)
            && !serves(code, file)
            && !goes_on(module)
            && !is_served_by_name(module)
    };
    let found = code.modules_of(Language::Python).filter(|(file, module)| is_script(*file, module));
    let files: Vec<FileId> = found.map(|(file, _)| file).collect();
    for file in files {
        let Some(facts) = code.files.get(file.index()) else { continue };
        let name = facts.path.rsplit('/').next().unwrap_or(&facts.path);
        graph.entries.push(command((file, FunctionId::MODULE), format!("script {name}")));
        graph.registered.push(file);
    }
}

/// Whether a statement of a file's own code leads to a database or another machine.
fn works_by_itself(graph: &Graph, file: FileId, module: &Module) -> bool {
    let work = Effects::QUERY.and(Effects::WRITE).and(Effects::NETWORK);
    let edges = &graph.function(graph.id(file, FunctionId::MODULE)).edges;
    edges.iter().any(|edge| {
        let leads = edge.effects.any(work) || edge.targets.iter().any(|&target| graph.function(target).effects.any(work));
        let is_statement =
            matches!(module.expr(edge.expr).parent, Parent::Stmt(stmt) if matches!(module.stmt(stmt).kind, StmtKind::Expr(_)));
        leads && is_statement
    })
}

/// Whether a file holds what a server is told the name of: `gunicorn main:app`.
fn is_served_by_name(module: &Module) -> bool {
    module.stmts.iter().any(|stmt| match stmt.kind {
        StmtKind::Assign { target, .. } if stmt.parent == Parent::Function(FunctionId::MODULE) => {
            matches!(module.name(target), Some("app" | "application"))
        }
        _ => false,
    })
}

fn command(function: (FileId, FunctionId), label: String) -> Entry {
    Entry {
        function,
        kind: EntryKind::Command,
        own_label: label.clone(),
        label,
        router: None,
        place: Span::default(),
        is_list_capable: false,
        threaded: false,
        is_for_staff: false,
        often: Often::Once,
        field: None,
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
        let Some(ToolchainSettings::Package {
            name,
            entries,
            has_command,
            ..
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

/// The files of each package by its folder: a file belongs to the innermost package that it is in.
fn files_by_package<'p>(code: &Code, packages: &'p [Package]) -> FxHashMap<&'p str, Vec<FileId>> {
    let folders: FxHashSet<&'p str> = packages.iter().map(|package| package.folder.as_str()).collect();
    let mut out: FxHashMap<&'p str, Vec<FileId>> = FxHashMap::default();
    for (file, _) in code.modules() {
        let Some(facts) = code.files.get(file.index()) else { continue };
        let slashes = facts.path.match_indices('/').rev().map(|(at, _)| &facts.path[..=at]);
        let owner = slashes.chain([""]).find_map(|folder| folders.get(folder).copied());
        if let Some(owner) = owner {
            out.entry(owner).or_default().push(file);
        }
    }
    out
}

/// Whether a file starts what goes on when its own code has ended: a timer, a service, a loop without an end.
fn goes_on(module: &Module) -> bool {
    let starts = |call: Call<'_>| call.method().is_some_and(|method| List::ServiceCalls.has(method));
    let is_endless = |stmt: &Stmt| match stmt.kind {
        StmtKind::Loop {
            kind: LoopKind::While,
            test,
            ..
        } => test.is_none_or(|test| matches!(module.kind(test), ExprKind::Bool(true))),
        _ => false,
    };
    module.calls().any(starts) || module.stmts.iter().any(is_endless)
}

/// Whether a file has a port that it listens on.
fn serves(code: &Code, file: FileId) -> bool {
    let listens = |call: Call<'_>| matches!(call.method(), Some("listen" | "serve" | "createServer")) && call.receiver().is_some();
    code.module(file).calls().any(listens)
}
