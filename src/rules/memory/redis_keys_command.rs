//! `redis-keys-command`: KEYS, which walks the whole database while every other client waits, and SMEMBERS or HGETALL of
//! one collection that holds an element for each user or session.

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::advice::texts::{Advised, IteratedOver, advice};
use crate::analysis::Analyses;
use crate::analysis::growth;
use crate::analysis::redis::{self, KnownBy};
use crate::finding::{Confidence, Finding, Role};
use crate::ir::{Call, ExprId, FunctionId, Module};
use crate::judge::cost::{Cost, Stall};
use crate::judge::reach::{self, Reached};
use crate::judge::{evidence, priority};
use crate::libraries::shared::redis::{ADD, READ_WHOLE};
use crate::libraries::shared::value::FileId;
use crate::project::Project;
use crate::project::eval::Evaluator;
use crate::source::Span;

const ID: &str = "redis-keys-command";

/// Checks a project.
pub fn check(run: &Analyses<'_>) -> Vec<Finding> {
    let project = run.project;
    let files: Vec<(FileId, &Module)> = project.code.modules().filter(|(_, module)| speaks_redis(module)).collect();
    let grown: FxHashSet<String> = files
        .par_iter()
        .flat_map_iter(|&(file, module)| growing(project, file, module))
        .collect();
    files
        .into_par_iter()
        .flat_map_iter(|(file, module)| in_file(project, file, module, &grown))
        .collect()
}

fn speaks_redis(module: &Module) -> bool {
    let mut strings = module.strings.iter();
    strings.any(|text| text == "keys" || READ_WHOLE.contains(&text) || ADD.contains(&text))
}

fn calls(module: &Module, is_wanted: impl Fn(&str) -> bool) -> impl Iterator<Item = (Call<'_>, &str)> {
    module.call_ids().filter_map(move |id| {
        let call = module.call(id)?;
        let method = call.method()?;
        is_wanted(method).then_some((call, method))
    })
}

/// Constant keys of sets and hashes that get an element whose name is only known at run time.
fn growing(project: &Project, file: FileId, module: &Module) -> Vec<String> {
    let eval = Evaluator::new(&project.code);
    let mut out = Vec::new();
    for (call, _) in calls(module, |method| ADD.contains(&method)) {
        let (Some(key), Some(element)) = (call.arg(0), call.arg(1)) else {
            continue;
        };
        // An element for each user or session; a table of rates has as many as there are currencies.
        if !growth::uses::is_open_key(project, file, module, element, false) {
            continue;
        }
        if redis::client(&eval, file, &call).is_some() {
            out.extend(constant(&eval, file, key));
        }
    }
    out
}

/// A key that is the same in every call, also by a constant's name.
fn constant(eval: &Evaluator<'_>, file: FileId, key: ExprId) -> Option<String> {
    use crate::libraries::shared::query::Resolver as _;
    use crate::libraries::shared::value::Value;
    let module = eval.code.module(file);
    if let Some(text) = module.string(key) {
        return Some(text.to_owned());
    }
    let (at, definition) = match eval.value(file, key) {
        Value::Literal(at, literal) => (at, literal),
        _ => eval.definition(file, key)?,
    };
    eval.code.module(at).string(definition).map(ToOwned::to_owned)
}

fn in_file(project: &Project, file: FileId, module: &Module, grown: &FxHashSet<String>) -> Vec<Finding> {
    let eval = Evaluator::new(&project.code);
    let mut out: Vec<Finding> = Vec::new();
    // The walks of one function are mended together.
    let mut walks: FxHashMap<FunctionId, usize> = FxHashMap::default();
    for (call, method) in calls(module, |method| method == "keys" || READ_WHOLE.contains(&method)) {
        let silent = |why: &str| project.silent(ID, file, module.expr(call.id).span, || why);
        let Some(known) = redis::client(&eval, file, &call) else {
            silent("it is not known to be called on a client of Redis");
            continue;
        };
        if method == "keys" && !redis::walks_all(&eval, file, &call, known) {
            silent("a `keys` without a pattern is no command of Redis");
            continue;
        }
        let collection = if method == "keys" {
            None
        } else {
            let key = call.arg(0).and_then(|key| constant(&eval, file, key));
            let Some(key) = key.filter(|key| grown.contains(key)) else {
                silent("nothing here adds elements without end to a set or hash of a key that is known and the same");
                continue;
            };
            Some(key)
        };
        let owner = module.owner(call.id);
        if let Some(first) = walks.get(&owner).and_then(|&at| out.get_mut(at)).filter(|_| collection.is_none()) {
            let place = project.place_in(project.graph.id(file, owner), module.expr(call.id).span);
            first.relate(place, Role::Call, "walks every key as well".to_owned());
            continue;
        }
        let Some(found) = finding(project, file, &call, method, collection.as_deref(), known) else {
            continue;
        };
        if collection.is_none() {
            walks.insert(owner, out.len());
        }
        out.push(found);
    }
    out
}

fn finding(project: &Project, file: FileId, call: &Call<'_>, method: &str, collection: Option<&str>, known: KnownBy) -> Option<Finding> {
    let module = call.module;
    let function = project.graph.id(file, module.owner(call.id));
    let reach = reach::at(project, function, call.id);
    let reached = reach.level;
    // A collection is read by key: it costs in proportion to itself, not to the database.
    if collection.is_some() && !matches!(reached, Reached::Request | Reached::Job) {
        project.silent(ID, file, module.expr(call.id).span, || "no request and no job is known to read it");
        return None;
    }
    let confidence = if known == KnownBy::Type && collection.is_none() {
        Confidence::High
    } else {
        Confidence::Medium
    };
    let span: Span = module.expr(call.id).span;
    let less = if collection.is_some() { 2 } else { 0 };
    let judgement = priority::judge(&Cost::Stall { by: Stall::Compute }, &reach, confidence, less);
    let label = reach.label;
    let mut finding = Finding::new(ID, judgement, confidence, project.place_in(function, span));
    let command = method.to_ascii_uppercase();
    match collection {
        None => {
            "Walks every key of Redis with KEYS".clone_into(&mut finding.title);
            "KEYS looks at every key in the database, whatever the pattern, and Redis serves nobody else until it is done."
                .clone_into(&mut finding.message);
            finding.impact = format!(
                "time grows with all keys in Redis, for all its clients{}",
                evidence::reach_words(label.as_deref())
            );
        }
        Some(key) => {
            finding.title = format!("Reads all of `{key}` with {command}");
            finding.message = format!(
                "{command} returns every element of `{key}`, which gets new elements at run time; Redis serves nobody else meanwhile."
            );
            finding.impact = format!(
                "time and memory grow with the elements of `{key}`{}",
                evidence::reach_words(label.as_deref())
            );
        }
    }
    if let Some(label) = &label {
        finding.message.push_str(&format!(" Reached from {label}."));
    }
    if known == KnownBy::Name {
        finding.message.push_str(" The client is known by its name only.");
    }
    finding.subject = format!("{command} {}", collection.unwrap_or_default());
    finding.related = evidence::path_to_place(project, function, call.id);
    let shape = collection.map_or(IteratedOver::Keys, |_| IteratedOver::Elements);
    finding.fix = advice(Advised::Walk(shape), module.language.name(), &[]);
    Some(finding)
}
