//! Command lines, scripts and the start of a process.

use super::site::EntryFile;
use super::{Decorator, Entry, EntryKind};
use crate::ir::{Call, ClassId, ExprKind, FunctionId, Language, StmtKind};
use crate::source::Span;
use crate::vocabulary::List;

/// `@click.command()`, `@app.command()`, `@app.on_event("startup")`.
pub fn decorated(site: &EntryFile<'_>, decorator: Decorator<'_>, out: &mut Vec<Entry>) {
    let place = site.module.expr(decorator.expr).span;
    let title = site.title((site.file, decorator.function));
    match decorator.name {
        "command" | "group" | "callback"
            if (!site.is_bot() || site.is_command_line(decorator.callee))
                && (site.imports(&["click", "typer", "flask", "rich_click", "asyncclick"])
                    || decorator.name == "command" && decorator.call.is_some()) =>
        {
            out.push(site.own(decorator.function, EntryKind::Command, format!("command {title}"), place));
        }
        "on_event"
        | "listener"
        | "on_startup"
        | "before_server_start"
        | "before_first_request"
        | "before_serving"
        | "after_server_start" => {
            let event = site.first_text(decorator.expr).unwrap_or_default();
            let speaks = decorator.name == "listener" && title.rsplit('.').next() != Some("on_ready") && site.is_bot();
            if event.contains("shutdown") || speaks {
                return;
            }
            out.push(site.own(decorator.function, EntryKind::Startup, format!("start-up {title}"), place));
        }
        _ => {}
    }
}

/// `FastAPI(lifespan=f)`, `app.add_event_handler("startup", f)`.
pub fn call_python(site: &EntryFile<'_>, call: Call<'_>, method: &str, out: &mut Vec<Entry>) {
    let handler = match method {
        "FastAPI" | "Starlette" | "Litestar" | "APIRouter" => call.keyword("lifespan"),
        "add_event_handler" if call.arg(0).and_then(|event| site.text(event)).as_deref() == Some("startup") => call.arg(1),
        _ => None,
    };
    if let Some(function) = handler.and_then(|handler| site.handler(handler)) {
        let label = format!("start-up {}", site.title(function));
        out.push(Entry::new(function, EntryKind::Startup, label, site.module.expr(call.id).span));
    }
}

/// Django's management commands; `AppConfig.ready`.
pub fn class(site: &EntryFile<'_>, class: ClassId, out: &mut Vec<Entry>) {
    let ancestors = site.resolver.ancestors(site.file, class);
    let has = |name: &str| ancestors.iter().any(|ancestor| ancestor.rsplit('.').next() == Some(name));
    let (handler, kind, word) = if site.path.contains("management/commands/") || has("BaseCommand") {
        ("handle", EntryKind::Command, "command")
    } else if has("AppConfig") {
        ("ready", EntryKind::Startup, "start-up")
    } else {
        return;
    };
    let stem = site.path.rsplit('/').next().unwrap_or("").trim_end_matches(".py");
    for (function, method) in site.methods(class) {
        if method == handler {
            let place = site.module.function(function).name_span;
            out.push(site.own(function, kind, format!("{word} {stem}"), place));
        }
    }
}

/// Commander's `.action(f)`, yargs' `.command(…, f)`.
pub fn call_typescript(site: &EntryFile<'_>, call: Call<'_>, method: &str, out: &mut Vec<Entry>) {
    if method != "action" || !site.imports(&["commander", "cac", "sade", "@commander-js/extra-typings"]) {
        return;
    }
    if let Some(function) = call.arg(0).and_then(|handler| site.handler(handler)) {
        let label = format!("command {}", site.title(function));
        out.push(Entry::new(function, EntryKind::Command, label, site.module.expr(call.id).span));
    }
}

/// The top level of a script: under `if __name__ == "__main__"`, or in a `scripts` folder.
pub fn file(site: &EntryFile<'_>, out: &mut Vec<Entry>) {
    let module = site.module;
    let body = &module.function(FunctionId::MODULE).body;
    let guard = body.iter().find_map(|&stmt| match &module.stmt(stmt).kind {
        StmtKind::If { test, .. } if is_main_guard(site, *test) => Some(module.expr(*test).span),
        _ => None,
    });
    let in_scripts = site.path.split('/').rev().skip(1).any(|folder| matches!(folder, "scripts" | "bin"));
    let does_something = body
        .iter()
        .any(|&stmt| matches!(module.stmt(stmt).kind, StmtKind::Expr(value) if has_call(site, value)));
    let place = match guard {
        Some(place) => place,
        None if does_something && (in_scripts || is_program(site)) => Span::default(),
        None => return,
    };
    let name = site.path.rsplit('/').next().unwrap_or(site.path);
    out.push(site.own(FunctionId::MODULE, EntryKind::Command, format!("script {name}"), place));
}

/// The files that a package's script runs once, by its name and command line: `release`, `node tools/release.mjs`. What `start` or `dev`
/// runs goes on.
pub fn ran_by_script<'c>(name: &str, command: &'c str) -> Vec<&'c str> {
    if List::ServiceScripts.has(name) {
        return Vec::new();
    }
    ran_files(command)
}

/// The files that a package's service scripts run: these go on, whatever other script runs them too.
pub fn served_by_script<'c>(name: &str, command: &'c str) -> Vec<&'c str> {
    if List::ServiceScripts.has(name) {
        ran_files(command)
    } else {
        Vec::new()
    }
}

/// The files of code that a command line runs: of each of its commands, the first that follows the runner and its options.
fn ran_files(command: &str) -> Vec<&str> {
    let is_code = |file: &&str| [".js", ".mjs", ".cjs", ".ts", ".mts", ".cts"].iter().any(|end| file.ends_with(end));
    let commands = command.split(['&', ';', '|']);
    let ran = commands.filter_map(|command| {
        let mut words = command.split_whitespace();
        words.find(|word| List::ScriptRunners.has(word))?;
        words.find(is_code)
    });
    ran.map(|file| file.trim_start_matches("./")).collect()
}

/// A file that reads what was typed after its name and ends its process, and listens to nobody.
fn is_program(site: &EntryFile<'_>) -> bool {
    let module = site.module;
    if module.language != Language::TypeScript || !module.mentions(&["argv"]) {
        return false;
    }
    let reads = module
        .expr_ids()
        .any(|(id, _)| module.dotted(id).as_deref() == Some("process.argv"));
    let ends = module
        .calls()
        .any(|call| module.dotted(call.callee).as_deref() == Some("process.exit"));
    let listens = module.calls().any(|call| matches!(call.method(), Some("listen" | "serve")));
    reads && ends && !listens
}

fn has_call(site: &EntryFile<'_>, expr: crate::ir::ExprId) -> bool {
    matches!(site.module.kind(site.module.unawaited(expr)), ExprKind::Call { .. })
}

/// `__name__ == "__main__"`, `require.main === module`, `import.meta.main`.
fn is_main_guard(site: &EntryFile<'_>, test: crate::ir::ExprId) -> bool {
    match site.module.kind(test) {
        ExprKind::Binary { left, right, .. } => [left, right]
            .iter()
            .any(|&&side| site.module.name(side) == Some("__name__") || site.module.dotted(side).as_deref() == Some("require.main")),
        ExprKind::Attr { name, .. } => {
            site.module.str(*name) == "main" && site.module.dotted(test).is_some_and(|name| name.starts_with("import.meta"))
        }
        _ => false,
    }
}
