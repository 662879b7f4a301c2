//! `bundle-keeps-console`: a production build for browsers that keeps `console.*` calls.

use crate::advice::texts::{Advised, advice};
use crate::analysis::Analyses;
use crate::finding::{Confidence, Finding, Location, Role};
use crate::ir::{ExprId, ExprKind, Module};
use crate::judge::cost::Cost;
use crate::judge::priority;
use crate::judge::reach::Reach;
use crate::libraries::shared::bundlers::{self, Bundler};
use crate::libraries::shared::value::FileId;
use crate::project::Project;
use crate::vocabulary::List;
use crate::walk;

/// Fewer calls are not worth a line.
const FEWEST: usize = 3;
/// Findings for bundlers whose production build keeps `console.log` in code for browsers.
pub fn check(run: &Analyses<'_>) -> Vec<Finding> {
    let project = run.project;
    project
        .code
        .modules()
        .filter_map(|(file, module)| finding(project, file, module))
        .collect()
}

fn finding(project: &Project, file: FileId, module: &Module) -> Option<Finding> {
    let path = project.path(file);
    let tool = Bundler::of_file(path)?;
    if matches!(project.role(file), walk::FileRole::Test | walk::FileRole::Example) || is_development(path) {
        return None;
    }
    let has = |wanted: &dyn Fn(&str) -> bool| module.strings.iter().any(wanted);
    // A Next.js application that also has a Vite configuration runs its tests with it.
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let beside_next = project.code.files.iter().any(|facts| {
        let (at, name) = facts.path.rsplit_once('/').unwrap_or(("", &facts.path));
        at == folder && bundlers::is_of_next(name)
    });
    if tool == Bundler::Vite && beside_next {
        return None;
    }
    let strips = has(&bundlers::removes_console);
    // A library's bundle is built again by the application that uses it.
    let is_library = entry_of(module, "build").is_some_and(|build| module.entry(build, "lib").is_some()) || has(&bundlers::is_built_again);
    if tool == Bundler::Vite && !has(&bundlers::is_for_browsers) {
        return None;
    }
    let option = entry_of(module, "drop_console");
    let is_off = option.is_some_and(|value| matches!(module.kind(value), ExprKind::Bool(false)));
    let drops = drops_by_list(module) || (option.is_some() && !is_off);
    if strips || drops || is_library || (tool == Bundler::Webpack && !has(&bundlers::makes_pages)) {
        return None;
    }
    let (count, first) = calls(project, path, tool).filter(|(count, _)| *count >= if is_off { 1 } else { FEWEST })?;
    let span = option
        .or_else(|| main_export(module))
        .map(|expr| module.expr(expr).span)
        .unwrap_or_default();
    let confidence = if is_off { Confidence::High } else { Confidence::Medium };
    let mut finding = Finding::new(
        "bundle-keeps-console",
        priority::judge(&Cost::Upkeep, &Reach::service(), confidence, 0),
        confidence,
        project.place(file, span, ""),
    );
    finding.title = format!("The {} build keeps {count} console calls in the browser bundle", tool.name());
    finding.message = if is_off {
        format!("`drop_console` is off, so {count} calls such as `console.log` stay in the production bundle.")
    } else {
        format!("Nothing in this configuration removes `console.*`, so {count} calls such as `console.log` stay in the production bundle.")
    };
    "users' browsers format and keep what is logged, on every render or event that logs".clone_into(&mut finding.impact);
    tool.name().clone_into(&mut finding.subject);
    finding.relate(first, Role::Evidence, "the first call that stays");
    "Remove them in production builds, and keep errors if they are collected.".clone_into(&mut finding.fix.summary);
    finding.fix.code = advice(Advised::DropConsole, tool.library(), &[]).code;
    Some(finding)
}

fn is_development(path: &str) -> bool {
    List::Development.has(path) || List::UnpublishedBundles.has(path)
}

/// The value of an object's key anywhere in a module.
fn entry_of(module: &Module, key: &str) -> Option<ExprId> {
    module.expr_ids().find_map(|(id, _)| module.entry(id, key))
}

/// `drop: ["console"]`, `pure: ["console.log"]`, also where a condition chooses the list.
fn drops_by_list(module: &Module) -> bool {
    bundlers::DROPPING.iter().any(|key| {
        let Some(value) = entry_of(module, key) else { return false };
        let span = module.expr(value).span;
        module
            .expr_ids()
            .any(|(id, expr)| span.encloses(expr.span) && module.string(id).is_some_and(|text| text.starts_with("console")))
    })
}

fn main_export(module: &Module) -> Option<ExprId> {
    let value = module
        .exports
        .iter()
        .find(|export| module.str(export.name) == "default")
        .and_then(|export| export.value);
    value.map(|value| match module.call(value).and_then(|call| call.callee.into()) {
        Some(callee) => callee,
        None => value,
    })
}

/// The calls below a configuration that run in browsers: their number, and the first.
fn calls(project: &Project, config: &str, tool: Bundler) -> Option<(usize, Location)> {
    let folder = config.rsplit_once('/').map_or("", |(folder, _)| folder);
    let (mut count, mut first) = (0, None);
    for (file, module) in project.code.modules() {
        let path = project.path(file);
        let inside = folder.is_empty() || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
        if !inside || project.role(file) != walk::FileRole::Source || !in_browser(module, path, tool) {
            continue;
        }
        for id in module.call_ids() {
            let expr = module.expr(id);
            let Some(call) = module.call(id) else { continue };
            let on_console = call.receiver().and_then(|base| module.name(base)) == Some("console");
            if on_console && call.method().is_some_and(bundlers::is_chatter) {
                count += 1;
                first.get_or_insert_with(|| project.place(file, expr.span, ""));
            }
        }
    }
    first.map(|first| (count, first))
}

/// Next.js sends what is marked as client code to browsers; other tools all that is below `src` or beside components.
fn in_browser(module: &Module, path: &str, tool: Bundler) -> bool {
    if tool == Bundler::Next {
        let directive = module.functions.first().and_then(|function| function.directive);
        return directive.is_some_and(|directive| module.str(directive) == "use client");
    }
    let is_server = List::ServerFolders.has_folder(path);
    module.language.runs_in_browsers() && !is_server && !List::ServerFiles.has(path)
}
