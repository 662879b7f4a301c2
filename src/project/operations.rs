//! Handlers that a description of the API names: `operationId: shop.orders.list`, which Connexion and its like look up.

use rustc_hash::FxHashMap;

use super::eval::Code;
use super::graph::Graph;
use super::mounts::modules;
use crate::ir::{FunctionId, Module, StmtKind};
use crate::libraries::entries::{DESCRIBED, Entry, EntryKind, join, of_address};
use crate::libraries::shared::value::FileId;
use crate::syntax::settings::{ConfigFacts, ConfigKind};

/// Adds an entry point for each operation whose function is found, in a project that uses such a framework.
pub fn mark(graph: &mut Graph, code: &Code) {
    if !DESCRIBED.iter().any(|framework| code.imported.contains(*framework)) {
        return;
    }
    let mut files = None;
    for config in code.files.iter().filter_map(|facts| facts.config.as_ref()) {
        if config.kind != ConfigKind::Api {
            continue;
        }
        let files = files.get_or_insert_with(|| modules(code));
        for (label, name) in operations(config) {
            let Some((file, function)) = handler(code, files, &name) else {
                continue;
            };
            let definition = code.module(file).function(function);
            let verb = label.split(' ').next().unwrap_or("");
            graph.entries.push(Entry {
                function: (file, function),
                kind: EntryKind::Route,
                own_label: label.clone(),
                router: None,
                place: definition.name_span,
                is_list_capable: matches!(verb, "GET" | "POST"),
                threaded: !definition.is_async,
                is_for_staff: false,
                often: of_address(&label),
                field: None,
                label,
            });
            graph.registered.push(file);
        }
    }
}

/// Addresses with the dotted names of their handlers.
fn operations(config: &ConfigFacts) -> Vec<(String, String)> {
    let key = |path: &[String]| path.last().cloned().unwrap_or_default();
    let under = config
        .entries
        .iter()
        .find_map(|entry| match entry.path.first().map(String::as_str) {
            Some("servers" | "basePath") => Some(entry.value.as_str()),
            _ => None,
        });
    // `https://shop.example/api/v1`: the path of the address.
    let under = under.map_or("", |url| {
        url.split_once("://")
            .map_or(url, |(_, rest)| rest.find('/').map_or("", |at| &rest[at..]))
    });
    let controllers: FxHashMap<&[String], &str> = config
        .entries
        .iter()
        .filter(|entry| key(&entry.path).ends_with("router-controller"))
        .filter_map(|entry| Some((entry.path.split_last()?.1, entry.value.as_str())))
        .collect();
    let operations = config.entries.iter().filter(|entry| key(&entry.path) == "operationId");
    operations
        .filter_map(|entry| {
            let [paths, path, verb, _] = entry.path.as_slice() else {
                return None;
            };
            let own = [paths.clone(), path.clone(), verb.clone()];
            let controller = controllers.get(own.as_slice()).or_else(|| controllers.get(&own[..2]));
            let name = controller.map_or_else(|| entry.value.clone(), |controller| format!("{controller}.{}", entry.value));
            (paths == "paths").then(|| (format!("{} {}", verb.to_uppercase(), join(under, path)), name))
        })
        .collect()
}

/// The function that a dotted name leads to: a function of a module, or a method of a class in one.
fn handler(code: &Code, files: &FxHashMap<&str, FileId>, name: &str) -> Option<(FileId, FunctionId)> {
    let (place, function) = name.rsplit_once('.')?;
    let path = place.replace('.', "/");
    if let Some(&file) = files.get(path.as_str()) {
        return Some((file, named(code.module(file), None, function)?));
    }
    let (module, class) = path.rsplit_once('/')?;
    let file = *files.get(module)?;
    Some((file, named(code.module(file), Some(class), function)?))
}

fn named(module: &Module, class: Option<&str>, name: &str) -> Option<FunctionId> {
    let body = match class {
        None => &module.function(FunctionId::MODULE).body,
        Some(class) => {
            let mut classes = module.classes.iter();
            &classes.find(|node| node.name.is_some_and(|own| module.str(own) == class))?.body
        }
    };
    body.iter().find_map(|&stmt| match module.stmt(stmt).kind {
        StmtKind::Function(function) => {
            let own = module.function(function).name.map(|own| module.str(own));
            (own == Some(name)).then_some(function)
        }
        _ => None,
    })
}
