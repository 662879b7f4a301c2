//! Settings of servers, services and commands, each with its place, in one neutral form.

use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Serialize};

use super::config_entry::ConfigEntry;
use super::{json, yaml};
use crate::budget::{self, Limit};
use crate::source::Span;
use crate::walk::is_api;

/// What a settings file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ConfigKind {
    /// A compose file.
    Compose,
    /// What a platform runs: `app.yaml`, `Procfile`, `Dockerfile`, the scripts of `package.json`.
    Commands,
    /// `redis.conf`.
    Redis,
    /// `postgresql.conf`, and settings that SQL gives to a database or role.
    Postgres,
    /// `nginx.conf`, `Caddyfile`.
    Proxy,
    /// `.env.example`.
    Environment,
    /// A description of an API that names the functions that answer.
    Api,
}

/// A command line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Command {
    /// The command, cut as a shell does.
    pub words: Vec<String>,
    /// Bytes of its file that it spans.
    pub span: Span,
}

/// A service of a compose file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Service {
    /// The key under `services`.
    pub name: String,
    /// From the name to the image.
    pub span: Span,
    /// The image, as written.
    pub image: String,
    /// Entry point and command.
    pub command: Vec<String>,
    /// Where the command is.
    pub command_span: Option<Span>,
    /// Variables that are set, in their order.
    pub environment: Vec<(String, String)>,
    /// What is mounted, as written.
    pub volumes: Vec<String>,
}

/// The settings of one file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConfigFacts {
    /// Whose settings they are: a compose file's, Redis's, `PostgreSQL`'s, …
    pub kind: ConfigKind,
    /// All settings.
    pub entries: Vec<ConfigEntry>,
    /// Compose services.
    pub services: Vec<Service>,
    /// Commands of other files.
    pub commands: Vec<Command>,
}

impl ConfigFacts {
    fn new(kind: ConfigKind, entries: Vec<ConfigEntry>) -> ConfigFacts {
        ConfigFacts {
            kind,
            entries,
            services: Vec::new(),
            commands: Vec::new(),
        }
    }

    /// The last setting whose last key has a name, in any case.
    pub fn get(&self, name: &str) -> Option<&ConfigEntry> {
        self.entries
            .iter()
            .rev()
            .find(|entry| entry.path.last().is_some_and(|key| key.eq_ignore_ascii_case(name)))
    }
}

/// Reads a file by its name.
pub fn read(path: &str, text: &str) -> Option<ConfigFacts> {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    if text.len() > Limit::SettingsSize.count() {
        budget::tell(Limit::SettingsSize, 0);
        return None;
    }
    let facts = match name.as_str() {
        "package.json" => scripts(text),
        "procfile" => procfile(text),
        "uwsgi.ini" => uwsgi(text),
        "caddyfile" => ConfigFacts::new(ConfigKind::Proxy, lines(text, '\0')),
        "app.yaml" | "app.yml" => platform(text),
        _ if name.contains("dockerfile") => dockerfile(text),
        _ if name.starts_with(".env") => ConfigFacts::new(ConfigKind::Environment, lines(text, '=')),
        _ if is_api(&name) => api(text)?,
        _ if name.ends_with("yml") || name.ends_with("yaml") => compose(text)?,
        _ if name.contains("nginx") || path.rsplit('/').nth(1) == Some("nginx") => ConfigFacts::new(ConfigKind::Proxy, lines(text, '\0')),
        _ if name.contains("postgres") => ConfigFacts::new(ConfigKind::Postgres, lines(text, '=')),
        _ if name.ends_with(".conf") => ConfigFacts::new(ConfigKind::Redis, lines(text, '\0')),
        _ => return None,
    };
    Some(facts)
}

/// The operations of a description with their handlers, and where the API stands; `None` where it names none.
fn api(text: &str) -> Option<ConfigFacts> {
    if !text.contains("operationId") {
        return None;
    }
    let mut entries = yaml::parse(text);
    entries.retain(|entry| {
        let last = entry.path.last().map_or("", String::as_str);
        matches!(last, "operationId" | "url" | "basePath") && entry.path.len() <= 4 || last.ends_with("router-controller")
    });
    let is_operation = |entry: &ConfigEntry| {
        entry
            .path
            .last()
            .is_some_and(|key| key == "operationId" || key.ends_with("controller"))
    };
    let is_handled = entries.iter().any(|entry| is_operation(entry) && entry.value.contains('.'));
    is_handled.then(|| ConfigFacts::new(ConfigKind::Api, entries))
}

/// Settings that SQL gives to a database or role: `ALTER ROLE app SET statement_timeout = '5s'`.
pub fn sql(text: &str) -> Option<ConfigFacts> {
    let mut entries = Vec::new();
    let mut at = 0;
    for statement in text.split_inclusive(';') {
        let start = at;
        at += statement.len();
        if !statement.contains("_timeout") && !statement.contains("_TIMEOUT") {
            continue;
        }
        let words: Vec<String> = statement
            .split(|c: char| c.is_whitespace() || "=;'\"".contains(c))
            .filter(|word| !word.is_empty())
            .map(str::to_lowercase)
            .collect();
        let Some(alter) = words.iter().position(|word| word == "alter") else {
            continue;
        };
        let is_default = words
            .get(alter + 1)
            .is_some_and(|word| matches!(word.as_str(), "database" | "role" | "user" | "system"));
        let Some(set) = words.iter().position(|word| word == "set").filter(|_| is_default) else {
            continue;
        };
        if let Some(name) = words.get(set + 1) {
            let value = words.iter().skip(set + 2).find(|word| *word != "to").cloned().unwrap_or_default();
            let span = Span::new(start, at);
            entries.push(ConfigEntry {
                path: vec![name.clone()],
                value,
                key: span,
                span,
            });
        }
        if entries.len() >= Limit::Settings.count() {
            budget::tell(Limit::Settings, Span::new(at, at).start);
            break;
        }
    }
    (!entries.is_empty()).then(|| ConfigFacts::new(ConfigKind::Postgres, entries))
}

/// Lines with their places, without comments: as many as one file may have settings.
fn plain_lines(text: &str) -> impl Iterator<Item = (&str, Span)> {
    let mut at = 0;
    let lines = text.split_inclusive('\n').filter_map(move |line| {
        let start = at;
        at += line.len();
        let trimmed = line.trim();
        let lead = line.len() - line.trim_start().len();
        (!trimmed.is_empty() && !trimmed.starts_with('#')).then(|| (trimmed, Span::new(start + lead, start + lead + trimmed.len())))
    });
    lines.enumerate().map_while(|(number, (line, span))| {
        if number == Limit::Settings.count() {
            budget::tell(Limit::Settings, span.start);
            return None;
        }
        Some((line, span))
    })
}

/// `key value` and `key = value` lines; a sign of `\0` splits at spaces only.
fn lines(text: &str, sign: char) -> Vec<ConfigEntry> {
    let entry = |(line, span): (&str, Span)| {
        let line = line.strip_prefix("export ").unwrap_or(line);
        let split = |c: char| {
            if sign == '\0' {
                c.is_whitespace()
            } else {
                c == sign || c.is_whitespace()
            }
        };
        let (key, value) = line.split_once(split).unwrap_or((line, ""));
        let value = value.trim_start_matches(|c: char| c == sign || c.is_whitespace());
        let value = value.split(" #").next().unwrap_or(value).split("\t#").next().unwrap_or(value);
        let value = value.trim().trim_end_matches(';').trim_matches(|c| c == '\'' || c == '"');
        ConfigEntry {
            path: vec![key.trim_end_matches(';').to_owned()],
            value: value.to_owned(),
            key: span,
            span,
        }
    };
    plain_lines(text).map(entry).collect()
}

/// The words of a shell line: quotes bind, and the words of a quoted command count by themselves.
pub fn words(line: &str) -> Vec<String> {
    line.split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ';' | '(' | ')'))
        .filter(|word| !word.is_empty() && *word != "\\")
        .map(str::to_owned)
        .collect()
}

/// The options of uWSGI's own file, which are those of its command line.
fn uwsgi(text: &str) -> ConfigFacts {
    let mut facts = ConfigFacts::new(ConfigKind::Commands, Vec::new());
    for entry in lines(text, '=').into_iter().filter(|entry| !entry.value.is_empty()) {
        let key = entry.path.first().map_or("", String::as_str);
        facts.commands.push(Command {
            words: vec!["uwsgi".to_owned(), format!("--{key}"), entry.value],
            span: entry.span,
        });
    }
    facts
}

fn procfile(text: &str) -> ConfigFacts {
    let mut facts = ConfigFacts::new(ConfigKind::Commands, Vec::new());
    let commands = plain_lines(text).filter_map(|(line, span)| {
        let (_, command) = line.split_once(':')?;
        Some(Command {
            words: words(command),
            span,
        })
    });
    facts.commands = commands.collect();
    facts
}

fn dockerfile(text: &str) -> ConfigFacts {
    let mut facts = ConfigFacts::new(ConfigKind::Commands, Vec::new());
    let mut open: Option<(String, Span)> = None;
    for (line, span) in plain_lines(text) {
        let (mut whole, at) = match open.take() {
            Some((mut before, at)) => {
                before.push(' ');
                before.push_str(line);
                (
                    before,
                    Span {
                        start: at.start,
                        end: span.end,
                    },
                )
            }
            None => (line.to_owned(), span),
        };
        if whole.ends_with('\\') {
            whole.pop();
            open = Some((whole, at));
            continue;
        }
        let Some((instruction, rest)) = whole.split_once(char::is_whitespace) else {
            continue;
        };
        match instruction.to_ascii_uppercase().as_str() {
            "CMD" | "ENTRYPOINT" => facts.commands.push(Command {
                words: words(&rest.replace(['[', ']', ','], " ")),
                span: at,
            }),
            "ENV" => facts.entries.extend(lines(rest, '=').into_iter().map(|entry| ConfigEntry {
                key: at,
                span: at,
                ..entry
            })),
            _ => {}
        }
    }
    facts
}

/// The scripts of `package.json`.
fn scripts(text: &str) -> ConfigFacts {
    let mut facts = ConfigFacts::new(ConfigKind::Commands, Vec::new());
    let start = text.find("\"scripts\"").unwrap_or(0);
    let value = json::parse(text);
    let scripts = value
        .as_ref()
        .and_then(|value| value.get("scripts"))
        .and_then(|scripts| scripts.as_object());
    for (number, (name, script)) in scripts.into_iter().flatten().enumerate() {
        if number == Limit::Settings.count() {
            budget::tell(Limit::Settings, Span::new(start, start).start);
            break;
        }
        let Some(script) = script.as_str() else { continue };
        let key = format!("\"{name}\"");
        let at = text
            .get(start..)
            .and_then(|rest| rest.find(&key))
            .map_or(start, |offset| start + offset);
        facts.commands.push(Command {
            words: words(script),
            span: Span::new(at, at + key.len()),
        });
    }
    facts
}

/// The command words at a path: one text, or a list.
fn command_at(entries: &[&ConfigEntry], path: &[&str]) -> Option<Command> {
    let mut command: Option<Command> = None;
    for entry in entries
        .iter()
        .filter(|entry| starts(entry, path) && entry.path.len() <= path.len() + 1)
    {
        let found = command.get_or_insert_with(|| Command {
            words: Vec::new(),
            span: entry.key,
        });
        found.words.extend(words(&entry.value));
        found.span.end = found.span.end.max(entry.span.end);
    }
    command
}

fn starts(entry: &ConfigEntry, path: &[&str]) -> bool {
    entry.path.len() >= path.len() && entry.path.iter().zip(path).all(|(key, wanted)| key == wanted)
}

fn platform(text: &str) -> ConfigFacts {
    let mut facts = ConfigFacts::new(ConfigKind::Commands, yaml::parse(text));
    let entries: Vec<&ConfigEntry> = facts.entries.iter().collect();
    facts.commands = ["command", "entrypoint"]
        .iter()
        .filter_map(|key| command_at(&entries, &[key]))
        .collect();
    facts
}

fn compose(text: &str) -> Option<ConfigFacts> {
    let entries = yaml::parse(text);
    let mut names: Vec<(String, Span)> = Vec::new();
    // What stands below each service, looked for once.
    let mut below: FxHashMap<&str, Vec<&ConfigEntry>> = FxHashMap::default();
    let mut seen: FxHashSet<&str> = FxHashSet::default();
    for entry in &entries {
        let [head, name, deeper @ ..] = entry.path.as_slice() else {
            continue;
        };
        if head != "services" {
            continue;
        }
        below.entry(name).or_default().push(entry);
        // A name that stands there twice is one service.
        if deeper.is_empty() && seen.insert(name) {
            names.push((name.clone(), entry.key));
        }
    }
    if names.is_empty() {
        return None;
    }
    if let Some((_, key)) = names.get(Limit::Services.count()) {
        budget::tell(Limit::Services, key.start);
    }
    names.truncate(Limit::Services.count());
    let of = |name: &str| below.get(name).map_or(&[][..], Vec::as_slice);
    let services = names.into_iter().map(|(name, key)| service(of(&name), name, key)).collect();
    Some(ConfigFacts {
        services,
        ..ConfigFacts::new(ConfigKind::Compose, entries)
    })
}

fn service(entries: &[&ConfigEntry], name: String, key: Span) -> Service {
    let below = |section: &'static str| {
        entries
            .iter()
            .filter(move |entry| entry.path.get(2).is_some_and(|key| key == section) && entry.path.len() > 3)
    };
    let image = entries
        .iter()
        .find(|entry| entry.path.len() == 3 && entry.path.last().is_some_and(|key| key == "image"));
    let mut command = Vec::new();
    let mut command_span = None;
    for section in ["entrypoint", "command"] {
        if let Some(found) = command_at(entries, &["services", &name, section]) {
            command.extend(found.words);
            command_span = Some(found.span);
        }
    }
    let environment = below("environment")
        .filter_map(|entry| match entry.value.split_once('=') {
            Some((key, value)) if entry.path.last().is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit())) => {
                Some((key.to_owned(), value.to_owned()))
            }
            _ => Some((entry.path.last()?.clone(), entry.value.clone())),
        })
        .collect();
    // A merged image stands elsewhere: the name alone is shown then.
    let end = image
        .map(|image| image.span.end)
        .filter(|&end| end > key.end && end < key.end.saturating_add(2000));
    Service {
        span: Span {
            start: key.start,
            end: end.unwrap_or(key.end),
        },
        image: image.map(|entry| entry.value.clone()).unwrap_or_default(),
        command,
        command_span,
        environment,
        volumes: below("volumes")
            .map(|entry| entry.value.clone())
            .filter(|value| !value.is_empty())
            .collect(),
        name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compose_commands_are_words_in_every_form() {
        let forms = [
            "command: redis-server --maxmemory 1gb",
            "command: [\"redis-server\", \"--maxmemory\", \"1gb\"]",
            "command: >\n      redis-server\n      --maxmemory 1gb",
            "command:\n      - redis-server\n      - --maxmemory\n      - 1gb",
            "command: sh -c \"redis-server --maxmemory 1gb\"",
        ];
        for form in forms {
            let text = format!("services:\n  cache:\n    image: redis:7\n    {form}\n");
            let facts = read("docker-compose.yml", &text).expect("facts");
            let words = &facts.services[0].command;
            assert_eq!(words[words.len() - 3..], ["redis-server", "--maxmemory", "1gb"], "{form}");
        }
    }

    #[test]
    fn lines_of_servers_and_environments() {
        let get = |path: &str, text: &str, key: &str| read(path, text).and_then(|facts| facts.get(key).map(|entry| entry.value.clone()));
        assert_eq!(
            get("redis.conf", "# maxmemory 1\nmaxmemory 2gb\n", "maxmemory").as_deref(),
            Some("2gb")
        );
        assert_eq!(
            get("postgresql.conf", "statement_timeout = '5s' # why\n", "statement_timeout").as_deref(),
            Some("5s")
        );
        assert_eq!(
            get(".env.example", "export WEB_CONCURRENCY=\"4\"\n", "WEB_CONCURRENCY").as_deref(),
            Some("4")
        );
        assert_eq!(get("nginx.conf", "  gzip on;\n", "gzip").as_deref(), Some("on"));
    }

    #[test]
    fn commands_of_images_and_platforms() {
        let words = |path: &str, text: &str| read(path, text).expect("facts").commands[0].words.join(" ");
        assert_eq!(
            words("Dockerfile", "FROM x\nCMD [\"gunicorn\", \\\n  \"-w\", \"4\"]\n"),
            "gunicorn -w 4"
        );
        assert_eq!(words("Procfile", "web: gunicorn app:app -w 4\n"), "gunicorn app:app -w 4");
        assert_eq!(
            words("app.yaml", "command:\n  - uvicorn\n  - --workers\n  - 2\n"),
            "uvicorn --workers 2"
        );
    }

    #[test]
    fn sql_defaults_of_a_role_count_and_those_of_a_session_do_not() {
        let facts = sql("SET statement_timeout = 0;\nALTER ROLE app SET statement_timeout TO '5s';").expect("facts");
        assert_eq!(facts.entries.len(), 1);
        assert_eq!(facts.entries[0].value, "5s");
    }
}
