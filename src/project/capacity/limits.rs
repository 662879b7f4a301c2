//! The numbers of a deployment, each with its place.

use super::{CapacityUnit, LimitKind, NumberOrigin, StatedLimit};
use crate::budget;
use crate::finding::Location;
use crate::libraries::shared::value::FileId;
use crate::project::Project;
use crate::project::deployment::caps::CapKind;
use crate::project::deployment::workers::WorkerKind;
use crate::project::deployment::{batches, files};
use crate::source::Span;
use crate::syntax::config_entry::ConfigEntry;
use crate::syntax::settings::ConfigKind;

/// Limits of one kind that are listed; more are told, see [`budget::Limit::Strengths`].
const MAX_OF_A_KIND: usize = 40;

/// All limits, by kind, then place.
pub fn find(project: &Project) -> Vec<StatedLimit> {
    let mut all = of_code(project);
    all.extend(of_settings(project));
    all.sort_by(|left, right| (left.kind, &left.location, &left.name).cmp(&(right.kind, &right.location, &right.name)));
    all.dedup();
    let mut kept: Vec<StatedLimit> = Vec::new();
    for limit in all {
        if kept.iter().filter(|other| other.kind == limit.kind).count() < MAX_OF_A_KIND {
            kept.push(limit);
        } else {
            let at = &limit.location;
            project
                .code
                .overruns
                .add(budget::Limit::Strengths, format!("{}:{}", at.file, at.start_line));
        }
    }
    kept
}

fn limit(kind: LimitKind, unit: CapacityUnit, name: &str, value: u64, location: Location) -> StatedLimit {
    StatedLimit {
        kind,
        name: name.to_owned(),
        value,
        unit,
        origin: NumberOrigin::Configured,
        counts: true,
        note: String::new(),
        location,
    }
}

fn of_code(project: &Project) -> Vec<StatedLimit> {
    let deployment = &project.deployment;
    let place = |file: FileId, span: Span| project.place(file, span, "");
    let mut out = Vec::new();
    for pool in &deployment.pools {
        let Some(size) = pool.size() else { continue };
        let mut found = limit(
            LimitKind::Pool,
            CapacityUnit::Connections,
            pool.kind.label(),
            size.into(),
            place(pool.file, pool.span),
        );
        if pool.max.is_none() {
            found.origin = NumberOrigin::Default;
        }
        if pool.short_lived {
            found.counts = false;
            "The function that makes this pool also ends it.".clone_into(&mut found.note);
        }
        out.push(found);
    }
    for cap in deployment.caps.iter().filter(|cap| cap.kind != CapKind::Together) {
        let mut found = limit(
            LimitKind::Concurrency,
            CapacityUnit::Tasks,
            &cap.name,
            cap.value.into(),
            place(cap.file, cap.span),
        );
        if !cap.read || cap.kind == CapKind::PoolConstant {
            found.counts = false;
            let note = if cap.read {
                "No pool is sized by it."
            } else {
                "No code was found that reads it."
            };
            note.clone_into(&mut found.note);
        }
        out.push(found);
    }
    for workers in &deployment.workers {
        let (kind, unit) = match workers.kind {
            WorkerKind::Processes => (LimitKind::Processes, CapacityUnit::Processes),
            WorkerKind::Threads => (LimitKind::Threads, CapacityUnit::Threads),
            WorkerKind::Jobs => (LimitKind::Concurrency, CapacityUnit::Tasks),
        };
        out.push(limit(
            kind,
            unit,
            workers.program,
            workers.value.into(),
            place(workers.file, workers.span),
        ));
    }
    if let Some(found) = deployment.connections {
        let mut connections = limit(
            LimitKind::Connections,
            CapacityUnit::Connections,
            "max_connections",
            found.value.into(),
            place(found.file, found.span),
        );
        if found.is_default {
            connections.origin = NumberOrigin::Default;
        }
        out.push(connections);
    }
    for found in deployment.limits.iter().filter(|found| found.seconds > 0 && !found.is_default) {
        let value = u64::from(found.seconds) * 1000;
        out.push(limit(
            LimitKind::Timeout,
            CapacityUnit::Milliseconds,
            found.program,
            value,
            place(found.file, found.span),
        ));
    }
    for batch in batches::find(&project.code) {
        out.push(limit(
            LimitKind::Batch,
            CapacityUnit::Items,
            &batch.name,
            batch.size,
            place(batch.file, batch.span),
        ));
    }
    out
}

/// Settings that limit time and memory.
fn of_settings(project: &Project) -> Vec<StatedLimit> {
    let mut out = Vec::new();
    for (file, _, facts) in files(&project.code) {
        for entry in &facts.entries {
            out.extend(
                of_entry(facts.kind, entry)
                    .map(|(kind, unit, name, value)| limit(kind, unit, name, value, project.place(file, entry.span, ""))),
            );
        }
        let commands = facts.commands.iter().map(|command| (&command.words, command.span));
        let services = facts
            .services
            .iter()
            .filter_map(|service| Some((&service.command, service.command_span?)));
        for (words, span) in commands.chain(services) {
            let options = words.iter().filter_map(|word| word.trim_start_matches("--").split_once('='));
            for (name, value) in options {
                let found = match name {
                    "statement_timeout" | "idle_in_transaction_session_timeout" | "lock_timeout" => {
                        milliseconds(value, 1).map(|value| (LimitKind::Timeout, CapacityUnit::Milliseconds, value))
                    }
                    "max-old-space-size" => value
                        .parse()
                        .ok()
                        .map(|mib: u64| (LimitKind::Memory, CapacityUnit::Bytes, mib << 20)),
                    _ => None,
                };
                out.extend(found.map(|(kind, unit, value)| limit(kind, unit, name, value, project.place(file, span, ""))));
            }
        }
    }
    for server in &project.deployment.redis {
        let Some(value) = server.maxmemory.as_deref().and_then(bytes) else {
            continue;
        };
        let span = server.command.unwrap_or(server.span);
        out.push(limit(
            LimitKind::Memory,
            CapacityUnit::Bytes,
            "maxmemory",
            value,
            project.place(server.file, span, ""),
        ));
    }
    out
}

fn of_entry(kind: ConfigKind, entry: &ConfigEntry) -> Option<(LimitKind, CapacityUnit, &str, u64)> {
    let name = entry.path.last()?.as_str();
    let time = |per: u64| milliseconds(&entry.value, per).map(|value| (LimitKind::Timeout, CapacityUnit::Milliseconds, name, value));
    match (kind, name) {
        (ConfigKind::Postgres, "statement_timeout" | "idle_in_transaction_session_timeout" | "lock_timeout") => time(1),
        (ConfigKind::Proxy, "proxy_read_timeout" | "proxy_send_timeout" | "proxy_connect_timeout") => time(1000),
        (ConfigKind::Compose, "mem_limit") => bytes(&entry.value).map(|value| (LimitKind::Memory, CapacityUnit::Bytes, name, value)),
        (ConfigKind::Compose, "memory") if entry.path.iter().any(|key| key == "limits") => {
            bytes(&entry.value).map(|value| (LimitKind::Memory, CapacityUnit::Bytes, name, value))
        }
        _ => None,
    }
    .filter(|(.., value)| *value > 0)
}

/// `5s`, `500ms`, `2min`, or a plain number of the setting's own unit, which has so many milliseconds.
fn milliseconds(text: &str, unit: u64) -> Option<u64> {
    let (number, suffix) = split(text)?;
    let factor = match suffix.as_str() {
        "" => unit,
        "ms" => 1,
        "s" => 1000,
        "m" | "min" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    number.checked_mul(factor)
}

/// `512mb`, `1g`, `2GiB`, or a plain number of bytes.
fn bytes(text: &str) -> Option<u64> {
    let (number, suffix) = split(text)?;
    let factor: u64 = match suffix.trim_end_matches("ib").trim_end_matches('b') {
        "" => 1,
        "k" => 1 << 10,
        "m" => 1 << 20,
        "g" => 1 << 30,
        _ => return None,
    };
    number.checked_mul(factor)
}

fn split(text: &str) -> Option<(u64, String)> {
    let text = text.trim().trim_matches(|sign| sign == '\'' || sign == '"');
    let end = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    let (number, suffix) = text.split_at(end);
    Some((number.parse().ok()?, suffix.trim().to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_times_are_read_in_the_units_of_their_settings() {
        assert_eq!(milliseconds("5s", 1), Some(5000));
        assert_eq!(milliseconds("5000", 1), Some(5000));
        assert_eq!(milliseconds("60", 1000), Some(60_000));
        assert_eq!(milliseconds("'2min'", 1), Some(120_000));
        assert_eq!(bytes("512mb"), Some(512 << 20));
        assert_eq!(bytes("2GiB"), Some(2 << 30));
        assert_eq!(bytes("1048576"), Some(1 << 20));
        assert_eq!(bytes("lots"), None);
        assert_eq!(bytes("99999999999999999999g"), None);
    }
}
