//! Queues and schedules: Celery, RQ, Dramatiq, Huey, arq, `APScheduler`; `BullMQ`, Inngest, Trigger.dev, cron.

use super::site::EntryFile;
use super::{Decorator, Entry, EntryKind};
use crate::ir::{Call, ClassId, ExprId, ExprKind, StmtKind};
use crate::libraries::shared::queued::registers;
use crate::libraries::shared::value::Value;
use crate::vocabulary::List;

/// `@shared_task`, `@app.task`, `@dramatiq.actor`, `@scheduler.scheduled_job(…)`.
pub fn decorated(site: &EntryFile<'_>, decorator: Decorator<'_>, out: &mut Vec<Entry>) {
    let owner = match site.module.kind(decorator.callee) {
        ExprKind::Attr { base, .. } => site.last_name(*base).unwrap_or("").to_ascii_lowercase(),
        _ => String::new(),
    };
    let word = match decorator.name {
        "shared_task" | "actor" | "db_task" | "background_task" => "task",
        "task" | "agent" if is_queue(&owner) || site.is_library(decorator.callee, QUEUES) || site.imports(QUEUES) => "task",
        // A project's own `tasks.task(bind=True, acks_late=True)`: the options are Celery's.
        "task" if decorator.call.is_some_and(has_task_options) => "task",
        "job" if owner.is_empty() && site.imports(&["rq", "django_rq"]) => "task",
        "scheduled_job" | "periodic_task" | "db_periodic_task" | "repeat_every" | "interval_task" => "cron",
        "flow" if site.imports(&["prefect"]) => "flow",
        _ if registers(site.resolver, site.file, decorator.expr).is_some() => "task",
        // `@register_task_handler()`, `@recurring_job(minutes=5)` of a package that nobody here knows.
        name if List::TaskDecorators.has(name) && List::TaskRegistering.has(name) && is_foreign(site, decorator) => "task",
        _ => return,
    };
    let label = format!("{word} {}", site.title((site.file, decorator.function)));
    let mut entry = site.own(decorator.function, EntryKind::Job, label, site.module.expr(decorator.expr).span);
    entry.threaded = !site.module.function(decorator.function).is_async;
    out.push(entry);
}

/// A decorator of another package, of which none runs commands or tests.
fn is_foreign(site: &EntryFile<'_>, decorator: Decorator<'_>) -> bool {
    matches!(site.resolver.value(site.file, decorator.callee), Value::External(_))
        && !site.imports(&["invoke", "fabric", "locust", "luigi", "nox", "doit"])
}

/// Whether a decorator is given options that only queues of tasks have.
fn has_task_options(call: Call<'_>) -> bool {
    [
        "bind",
        "acks_late",
        "ignore_result",
        "max_retries",
        "autoretry_for",
        "retry_backoff",
    ]
    .iter()
    .any(|option| call.keyword(option).is_some())
}

const QUEUES: &[&str] = &[
    "celery",
    "huey",
    "dramatiq",
    "taskiq",
    "prefect",
    "airflow",
    "procrastinate",
    "hatchet_sdk",
    "saq",
    "faust",
];

fn is_queue(owner: &str) -> bool {
    List::TaskOwners.has(owner)
}

/// `scheduler.add_job(f, …)`, `queue.enqueue(f, …)`, arq's `cron(f, …)`, `schedule.every().day.do(f)`,
/// `background_tasks.add_task(f, …)`.
pub fn call_python(site: &EntryFile<'_>, call: Call<'_>, method: &str, out: &mut Vec<Entry>) {
    let receiver = site.receiver_name(call).unwrap_or("").to_ascii_lowercase();
    let word = match method {
        "add_job" => "cron",
        "cron" if site.imports(&["arq"]) => "cron",
        "do" if call.chain().iter().any(|link| link.method() == Some("every")) => "cron",
        "enqueue" | "enqueue_in" | "enqueue_at" | "enqueue_call" => "task",
        "add_task" if List::BackgroundTasks.has(&receiver) => "background task",
        _ => return,
    };
    let place = usize::from(matches!(method, "enqueue_in" | "enqueue_at"));
    let Some(function) = call
        .arg(place)
        .or_else(|| call.keyword("func"))
        .and_then(|first| site.handler(first))
    else {
        return;
    };
    let label = format!("{word} {}", site.title(function));
    let mut entry = Entry::new(function, EntryKind::Job, label, site.module.expr(call.id).span);
    entry.threaded = !site.is_async(function);
    out.push(entry);
}

/// `run` of task classes; arq's `WorkerSettings.functions`.
pub fn class(site: &EntryFile<'_>, class: ClassId, out: &mut Vec<Entry>) {
    let definition = site.module.class(class);
    let name = definition.name.map_or("", |name| site.module.str(name));
    if name.ends_with("WorkerSettings") || site.imports(&["arq"]) {
        for &stmt in &definition.body {
            let StmtKind::Assign {
                target,
                value: Some(value),
                ..
            } = site.module.stmt(stmt).kind
            else {
                continue;
            };
            if site.module.name(target) == Some("functions") {
                listed(site, value, out);
            }
        }
    }
    let ancestors = site.resolver.ancestors(site.file, class);
    if !ancestors
        .iter()
        .any(|ancestor| matches!(ancestor.as_str(), "celery.Task" | "celery.app.task.Task" | "Task"))
        || !site.imports(&["celery"])
    {
        return;
    }
    for (function, method) in site.methods(class) {
        if method == "run" {
            let mut entry = site.own(
                function,
                EntryKind::Job,
                format!("task {name}"),
                site.module.function(function).name_span,
            );
            entry.threaded = true;
            out.push(entry);
        }
    }
}

fn listed(site: &EntryFile<'_>, list: ExprId, out: &mut Vec<Entry>) {
    let (ExprKind::List(items) | ExprKind::Tuple(items)) = site.module.kind(list) else {
        return;
    };
    for &item in items {
        if let Some(function) = site.handler(item) {
            let label = format!("task {}", site.title(function));
            out.push(Entry::new(function, EntryKind::Job, label, site.module.expr(item).span));
        }
    }
}

/// `new Worker(name, f)`, `queue.process(f)`, `inngest.createFunction(…)`, `task({ id, run })`, `cron.schedule(…)`.
pub fn call_typescript(site: &EntryFile<'_>, call: Call<'_>, method: &str, out: &mut Vec<Entry>) {
    let receiver = site.receiver_name(call).unwrap_or("").to_ascii_lowercase();
    let (word, handler, name) = match method {
        "Worker" if call.is_new && !site.is_library(call.callee, &["worker_threads", "globalThis"]) => ("job", call.arg(1), call.arg(0)),
        "CronJob" if call.is_new => match call.arg(0) {
            Some(options) if matches!(site.module.kind(options), ExprKind::Object(_)) => {
                ("cron", site.module.entry(options, "onTick"), None)
            }
            _ => ("cron", call.arg(1), call.arg(0)),
        },
        "createFunction" => ("inngest", call.args.last().map(|arg| arg.value), identifier(site, call)),
        "task" | "schemaTask" | "scheduledTask" | "defineJob" | "createTask" => {
            let run = call.arg(0).and_then(|options| site.module.entry(options, "run"));
            ("task", run, identifier(site, call))
        }
        "process"
            if call.receiver().is_some()
                && (receiver.contains("queue") || receiver.contains("agenda") || site.imports(&["bull", "bee-queue", "kue"])) =>
        {
            ("job", call.args.last().map(|arg| arg.value), call.arg(0))
        }
        "schedule" | "scheduleJob" if receiver.contains("cron") || receiver.contains("schedule") || receiver.contains("functions") => (
            "cron",
            call.args.iter().rev().map(|arg| arg.value).find(|&arg| site.handler(arg).is_some()),
            call.arg(0),
        ),
        "define" if receiver.contains("agenda") => ("job", call.args.last().map(|arg| arg.value), call.arg(0)),
        "onSchedule" | "onMessagePublished" | "onTaskDispatched" => ("job", call.args.last().map(|arg| arg.value), call.arg(0)),
        "work" if receiver.contains("boss") => ("job", call.args.last().map(|arg| arg.value), call.arg(0)),
        _ => return,
    };
    let Some(function) = handler.and_then(|handler| site.handler(handler)) else {
        return;
    };
    let name = name
        .and_then(|name| site.text(name))
        .or_else(|| super::site::key_of(site.module, call.id));
    let label = format!("{word} {}", name.unwrap_or_else(|| site.title(function)));
    out.push(Entry::new(function, EntryKind::Job, label, site.module.expr(call.id).span));
}

fn identifier(site: &EntryFile<'_>, call: Call<'_>) -> Option<ExprId> {
    site.module.entry(call.arg(0)?, "id")
}
