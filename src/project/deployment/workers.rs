//! Processes, threads and jobs that run side by side, as commands, settings and code declare them.

use serde::{Deserialize, Serialize};

use super::pools::number;
use crate::ir::{ExprId, FunctionId, Language, Module, StmtKind};
use crate::libraries::shared::value::{FileId, Value};
use crate::project::eval::{Code, Evaluator};
use crate::source::Span;
use crate::syntax::settings::{Command, ConfigFacts, ConfigKind};

const MAX_DEPTH: u32 = 6;
/// More of anything is a port or a time.
const MAX_VALUE: f64 = 10_000.0;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WorkerKind {
    /// Processes, each with its own pools.
    Processes,
    /// Threads of one process.
    Threads,
    /// Jobs that one process takes at once.
    Jobs,
}

/// How many of something one command or declaration starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workers {
    /// File of the command line or declaration.
    pub file: FileId,
    /// Bytes of its file that it spans.
    pub span: Span,
    /// The program: `gunicorn`, `celery`, `bullmq`.
    pub program: &'static str,
    /// What is counted.
    pub kind: WorkerKind,
    /// How many.
    pub value: u32,
    /// The language that the processes run.
    pub language: Language,
    /// They answer requests; otherwise they take jobs.
    pub serves: bool,
    /// Requests or jobs that one process works on at once, where it is not an event loop.
    pub at_once: Option<u32>,
}

/// A program whose command line says how much runs at once.
struct Program {
    name: &'static str,
    language: Language,
    serves: bool,
    /// Flags and what they count.
    flags: &'static [(&'static str, WorkerKind)],
    /// The variable that gives the number of processes without a flag.
    variable: Option<&'static str>,
}

const PROGRAMS: [Program; 10] = [
    Program {
        name: "gunicorn",
        language: Language::Python,
        serves: true,
        flags: &[
            ("-w", WorkerKind::Processes),
            ("--workers", WorkerKind::Processes),
            ("--threads", WorkerKind::Threads),
        ],
        variable: Some("WEB_CONCURRENCY"),
    },
    Program {
        name: "uvicorn",
        language: Language::Python,
        serves: true,
        flags: &[("--workers", WorkerKind::Processes)],
        variable: Some("WEB_CONCURRENCY"),
    },
    Program {
        name: "fastapi",
        language: Language::Python,
        serves: true,
        flags: &[("--workers", WorkerKind::Processes)],
        variable: None,
    },
    Program {
        name: "hypercorn",
        language: Language::Python,
        serves: true,
        flags: &[("-w", WorkerKind::Processes), ("--workers", WorkerKind::Processes)],
        variable: None,
    },
    Program {
        name: "granian",
        language: Language::Python,
        serves: true,
        flags: &[("--workers", WorkerKind::Processes)],
        variable: None,
    },
    Program {
        name: "waitress-serve",
        language: Language::Python,
        serves: true,
        flags: &[("--threads", WorkerKind::Threads)],
        variable: None,
    },
    Program {
        name: "uwsgi",
        language: Language::Python,
        serves: true,
        flags: &[
            ("-p", WorkerKind::Processes),
            ("--processes", WorkerKind::Processes),
            ("--workers", WorkerKind::Processes),
            ("--threads", WorkerKind::Threads),
        ],
        variable: None,
    },
    Program {
        name: "celery",
        language: Language::Python,
        serves: false,
        flags: &[("-c", WorkerKind::Processes), ("--concurrency", WorkerKind::Processes)],
        variable: None,
    },
    Program {
        name: "dramatiq",
        language: Language::Python,
        serves: false,
        flags: &[
            ("-p", WorkerKind::Processes),
            ("--processes", WorkerKind::Processes),
            ("-t", WorkerKind::Threads),
            ("--threads", WorkerKind::Threads),
        ],
        variable: None,
    },
    Program {
        name: "pm2",
        language: Language::TypeScript,
        serves: true,
        flags: &[("-i", WorkerKind::Processes), ("--instances", WorkerKind::Processes)],
        variable: None,
    },
];

/// How long a server lets a request take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestLimit {
    /// File of the server's command line.
    pub file: FileId,
    /// The command.
    pub span: Span,
    /// Name of the server program: `gunicorn`, `uvicorn`, …
    pub program: &'static str,
    /// Seconds; zero is for ever.
    pub seconds: u32,
    /// Nobody wrote it down: it is what the program does by itself.
    pub is_default: bool,
}

/// Servers that end a worker which takes too long, and the flags that say how long.
const ENDERS: [(&str, &[&str]); 2] = [("gunicorn", &["--timeout", "-t"]), ("uwsgi", &["--harakiri"])];
/// After so many seconds gunicorn ends a worker, where nothing else is said: <https://docs.gunicorn.org/en/stable/settings.html#timeout>.
const GUNICORNS_OWN: u32 = 30;

/// `gunicorn --timeout 60`, `uwsgi --harakiri 30` of the project's own commands and settings.
pub fn request_limits(code: &Code) -> Vec<RequestLimit> {
    let mut out = Vec::new();
    let left = settings_left_behind(code);
    for (file, path, facts) in super::files(code) {
        if super::is_for_development(path) || left.contains(&file) {
            continue;
        }
        let commands = facts.commands.iter().map(|command| (&command.words, command.span));
        let services = facts
            .services
            .iter()
            .filter_map(|service| Some((&service.command, service.command_span?)));
        let limits = commands.chain(services).filter_map(|(words, span)| {
            let (program, seconds, is_default) = limit_of(words)?;
            Some(RequestLimit {
                file,
                span,
                program,
                seconds,
                is_default,
            })
        });
        out.extend(limits);
    }
    let configured: Vec<Configured> = super::in_sources(code, |file, module| configured(code, file, module).into_iter().collect());
    let chooses = configured.iter().any(|file| file.chooses_workers);
    out.extend(configured.into_iter().filter_map(|file| file.limit));
    // What is written down counts, and not what holds without it; and that not of other workers than the plain ones.
    if chooses || out.iter().any(|limit| !limit.is_default) {
        out.retain(|limit| !limit.is_default);
    }
    out
}

/// Settings of a server (`uwsgi.ini`) that no command starts, where commands start another one.
fn settings_left_behind(code: &Code) -> Vec<FileId> {
    let is_settings = |path: &str| path.ends_with(".ini");
    let mut started: Vec<&str> = Vec::new();
    let mut settings = Vec::new();
    for (file, path, facts) in super::files(code) {
        let words = facts.commands.iter().map(|command| &command.words);
        let served = words
            .chain(facts.services.iter().map(|service| &service.command))
            .filter_map(|words| server_of(words));
        if is_settings(path) {
            settings.extend(served.map(|server| (file, server)));
        } else if !super::is_for_development(path) {
            started.extend(served);
        }
    }
    let is_left = |server: &str| !started.is_empty() && !started.contains(&server);
    settings
        .into_iter()
        .filter(|&(_, server)| is_left(server))
        .map(|(file, _)| file)
        .collect()
}

/// The server that a command starts.
fn server_of(words: &[String]) -> Option<&'static str> {
    let serving = PROGRAMS
        .iter()
        .filter(|program| program.serves && program.language == Language::Python);
    let mut names = serving.map(|program| program.name);
    names.find(|name| {
        words
            .iter()
            .flat_map(|word| word.split_whitespace())
            .any(|word| word.rsplit('/').next() == Some(name))
    })
}

/// The program of a command that ends its workers, after how many seconds, and whether that is the program's own default.
fn limit_of(words: &[String]) -> Option<(&'static str, u32, bool)> {
    let runs = |name: &str| words.iter().any(|word| word.rsplit('/').next() == Some(name));
    let &(program, flags) = ENDERS.iter().find(|(program, _)| runs(program))?;
    match flags.iter().find_map(|flag| flag_value(words, flag)) {
        Some(text) => Some((program, text.parse().ok()?, false)),
        // Other workers than the plain ones answer the watcher while a request waits.
        None if program == "gunicorn" && words.iter().all(|word| !sets_workers(word)) => Some((program, GUNICORNS_OWN, true)),
        None => None,
    }
}

/// A flag that chooses another kind of worker, or a file that may.
fn sets_workers(word: &str) -> bool {
    ["-k", "--worker-class", "--threads", "-c", "--config", "-t", "--timeout"]
        .iter()
        .any(|flag| word == *flag || word.strip_prefix(flag).is_some_and(|rest| rest.starts_with('=')))
        || word.starts_with("-k") && !word.starts_with("--")
}

/// What gunicorn's own file says.
struct Configured {
    limit: Option<RequestLimit>,
    /// It takes other workers than the plain ones, which answer the watcher while a request waits.
    chooses_workers: bool,
}

/// `timeout = 60`, `worker_class = "gevent"` in `gunicorn.conf.py`.
fn configured(code: &Code, file: FileId, module: &Module) -> Option<Configured> {
    let path = code.files.get(file.index()).map_or("", |facts| facts.path.as_str());
    let name = path.rsplit('/').next().unwrap_or(path);
    if !name.contains("gunicorn") || super::is_for_development(path) {
        return None;
    }
    let mut out = Configured {
        limit: None,
        chooses_workers: false,
    };
    for &stmt in &module.function(FunctionId::MODULE).body {
        let StmtKind::Assign {
            target,
            value: Some(value),
            ..
        } = module.stmt(stmt).kind
        else {
            continue;
        };
        match module.name(target) {
            Some("threads" | "worker_class") => out.chooses_workers = true,
            Some("timeout") => {
                let seconds = module.number(value).filter(|seconds| (0.0..=MAX_VALUE).contains(seconds));
                out.limit = seconds.map(|seconds| RequestLimit {
                    file,
                    span: module.stmt(stmt).span,
                    program: "gunicorn",
                    seconds: seconds as u32,
                    is_default: false,
                });
            }
            _ => {}
        }
    }
    Some(out)
}

/// All that the project's own commands, settings and code declare, by place.
pub fn find(code: &Code) -> Vec<Workers> {
    let mut out = Vec::new();
    for (file, path, facts) in super::files(code) {
        if super::is_for_development(path) {
            continue;
        }
        out.extend(of_settings(file, facts));
    }
    out.extend(super::in_sources(code, |file, module| {
        let path = code.files.get(file.index()).map_or("", |facts| facts.path.as_str());
        let mut found = Vec::new();
        if !super::is_beside(path) {
            of_code(&Evaluator::new(code), file, module, path, &mut found);
        }
        found
    }));
    out.sort_by_key(|workers| (workers.file, workers.span.start, workers.kind));
    out.dedup();
    out
}

fn of_settings(file: FileId, facts: &ConfigFacts) -> Vec<Workers> {
    let mut out: Vec<Workers> = facts
        .commands
        .iter()
        .flat_map(|command| of_command(file, command, &|_| None))
        .collect();
    for service in &facts.services {
        let Some(span) = service.command_span else { continue };
        let command = Command {
            words: service.command.clone(),
            span,
        };
        let variable = |name: &str| {
            service
                .environment
                .iter()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.clone())
        };
        out.extend(of_command(file, &command, &variable));
    }
    // `ENV WEB_CONCURRENCY=4` stands beside the command of the same image.
    if facts.kind == ConfigKind::Commands && out.is_empty() {
        let variable = |name: &str| facts.get(name).map(|entry| entry.value.clone());
        out = facts
            .commands
            .iter()
            .flat_map(|command| of_command(file, command, &variable))
            .collect();
    }
    out
}

fn of_command(file: FileId, command: &Command, variable: &dyn Fn(&str) -> Option<String>) -> Vec<Workers> {
    // One process that restarts on every change is for development.
    if command
        .words
        .iter()
        .any(|word| matches!(word.as_str(), "--reload" | "--debug" | "nodemon"))
    {
        return Vec::new();
    }
    let Some((at, program)) = command.words.iter().enumerate().find_map(|(at, word)| {
        let last = word.rsplit('/').next().unwrap_or(word);
        PROGRAMS.iter().find(|program| program.name == last).map(|program| (at, program))
    }) else {
        return Vec::new();
    };
    let words = command.words.get(at + 1..).unwrap_or_default();
    let found = |kind: WorkerKind, value: u32| Workers {
        file,
        span: command.span,
        program: program.name,
        kind,
        value,
        language: program.language,
        serves: program.serves,
        at_once: None,
    };
    let mut out = Vec::new();
    for &(flag, kind) in program.flags {
        if out.iter().any(|workers: &Workers| workers.kind == kind) {
            continue;
        }
        out.extend(
            flag_value(words, flag)
                .and_then(|text| count(&text))
                .map(|value| found(kind, value)),
        );
    }
    let has_processes = out.iter().any(|workers| workers.kind == WorkerKind::Processes);
    if let Some(name) = program.variable.filter(|_| !has_processes) {
        out.extend(
            variable(name)
                .and_then(|text| count(&text))
                .map(|value| found(WorkerKind::Processes, value)),
        );
    }
    let is_loop = words.iter().any(|word| is_event_loop(word));
    if matches!(program.name, "gunicorn" | "celery") && !is_loop {
        one_at_a_time(&mut out);
    }
    out
}

/// Classes of workers that run an event loop.
fn is_event_loop(class: &str) -> bool {
    ["uvicorn", "gevent", "eventlet", "aiohttp", "tornado", "asgi", "asyncio"]
        .iter()
        .any(|name| class.to_ascii_lowercase().contains(name))
}

/// Processes without an event loop work on as many requests as they have threads.
fn one_at_a_time(found: &mut [Workers]) {
    let threads = found
        .iter()
        .find(|workers| workers.kind == WorkerKind::Threads)
        .map_or(1, |workers| workers.value);
    for workers in found {
        workers.at_once = Some(threads);
    }
}

/// `--workers 4`, `--workers=4`, `-w4`.
fn flag_value(words: &[String], flag: &str) -> Option<String> {
    words.iter().enumerate().find_map(|(at, word)| {
        let rest = word.strip_prefix(flag)?;
        match rest.strip_prefix('=') {
            Some(value) => Some(value.to_owned()),
            None if rest.is_empty() => words.get(at + 1).cloned(),
            None if !flag.starts_with("--") && rest.bytes().all(|byte| byte.is_ascii_digit()) => Some(rest.to_owned()),
            None => None,
        }
    })
}

/// A number, or the default of a variable: `${WORKERS:-4}`.
fn count(text: &str) -> Option<u32> {
    let text = text.trim();
    let inner = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
    let text = match inner {
        Some(inner) => inner.split_once(":-").or_else(|| inner.split_once('-'))?.1,
        None => text,
    };
    text.parse().ok().filter(|&value: &u32| (1..=MAX_VALUE as u32).contains(&value))
}

/// `workers = 4` of a gunicorn file, `uvicorn.run(app, workers=4)`, `new Worker(name, run, { concurrency: 5 })`.
fn of_code(eval: &Evaluator<'_>, file: FileId, module: &Module, path: &str, out: &mut Vec<Workers>) {
    let name = path.rsplit('/').next().unwrap_or(path);
    if module.language == Language::Python && name.starts_with("gunicorn") {
        let mut settings = Vec::new();
        let mut is_loop = false;
        for stmt in &module.stmts {
            let StmtKind::Assign {
                target,
                value: Some(value),
                ..
            } = stmt.kind
            else {
                continue;
            };
            is_loop |= module.name(target) == Some("worker_class") && module.string(value).is_none_or(is_event_loop);
            let kind = match module.name(target) {
                Some("workers") => WorkerKind::Processes,
                Some("threads") => WorkerKind::Threads,
                _ => continue,
            };
            settings.extend(known(eval, file, value).map(|value| Workers {
                file,
                span: stmt.span,
                program: "gunicorn",
                kind,
                value,
                language: Language::Python,
                serves: true,
                at_once: None,
            }));
        }
        if !is_loop {
            one_at_a_time(&mut settings);
        }
        out.append(&mut settings);
    }
    if !module.mentions(&["run", "Worker"]) {
        return;
    }
    for id in module.call_ids() {
        let expr = module.expr(id);
        let Some(call) = module.call(id) else { continue };
        let (program, kind, serves, value) = match (call.method(), module.language) {
            (Some("run"), Language::Python) => ("uvicorn", WorkerKind::Processes, true, call.keyword("workers")),
            (Some("Worker"), Language::TypeScript) if call.is_new => {
                let options = call.arg(2).and_then(|options| module.entry(options, "concurrency"));
                ("bullmq", WorkerKind::Jobs, false, options)
            }
            _ => continue,
        };
        let Some(value) = value.and_then(|value| known(eval, file, value)) else {
            continue;
        };
        let is_it = matches!(eval.value(file, call.callee), Value::External(name) if super::is_module(&name, program));
        if is_it {
            out.push(Workers {
                file,
                span: expr.span,
                program,
                kind,
                value,
                language: module.language,
                serves,
                at_once: None,
            });
        }
    }
}

#[allow(clippy::cast_sign_loss, reason = "numbers below one are left out before")]
fn known(eval: &Evaluator<'_>, file: FileId, expr: ExprId) -> Option<u32> {
    let (value, ..) = number(eval, file, expr, MAX_DEPTH)?;
    (1.0..=MAX_VALUE).contains(&value).then_some(value as u32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::settings;

    fn values(path: &str, text: &str) -> Vec<(&'static str, WorkerKind, u32)> {
        let facts = settings::read(path, text).expect("settings");
        let found = of_settings(FileId(0), &facts);
        found
            .into_iter()
            .map(|workers| (workers.program, workers.kind, workers.value))
            .collect()
    }

    #[test]
    fn workers_are_read_from_every_place_that_starts_a_server() {
        let four = |program| vec![(program, WorkerKind::Processes, 4)];
        assert_eq!(values("Procfile", "web: gunicorn app:app -w 4\n"), four("gunicorn"));
        assert_eq!(
            values("Procfile", "web: gunicorn app:app -w4 --threads=2\n")[1],
            ("gunicorn", WorkerKind::Threads, 2)
        );
        assert_eq!(
            values("Dockerfile", "FROM x\nCMD [\"uvicorn\", \"a:b\", \"--workers\", \"4\"]\n"),
            four("uvicorn")
        );
        assert_eq!(
            values("Dockerfile", "FROM x\nENV WEB_CONCURRENCY=4\nCMD uvicorn a:b\n"),
            four("uvicorn")
        );
        assert_eq!(
            values("package.json", "{\"scripts\": {\"start\": \"pm2 start x -i 4\"}}"),
            four("pm2")
        );
        let compose = "services:\n  web:\n    image: x\n    command: gunicorn --workers ${WORKERS:-4} a:b\n";
        assert_eq!(values("docker-compose.yml", compose), four("gunicorn"));
        let by_environment = "services:\n  web:\n    image: x\n    command: uvicorn a:b\n    environment:\n      - WEB_CONCURRENCY=4\n";
        assert_eq!(values("docker-compose.yml", by_environment), four("uvicorn"));
        assert_eq!(
            values("Procfile", "worker: celery -A proj worker --concurrency=4\n"),
            four("celery")
        );
    }

    #[test]
    fn development_servers_and_unknown_numbers_do_not_count() {
        assert!(values("Procfile", "web: uvicorn a:b --reload --workers 4\n").is_empty());
        assert!(values("Procfile", "web: gunicorn a:b --workers $WORKERS\n").is_empty());
        assert!(values("Procfile", "web: gunicorn a:b\n").is_empty());
    }
}
