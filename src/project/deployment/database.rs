//! What the database server itself accepts.

use super::{files, services};
use crate::libraries::shared::value::FileId;
use crate::project::eval::Code;
use crate::source::Span;
use crate::syntax::settings::{ConfigKind, Service};

/// `max_connections` of a stock `PostgreSQL`.
pub const DEFAULT_CONNECTIONS: u32 = 100;

/// How many connections the database accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connections {
    /// File that it stands in.
    pub file: FileId,
    /// The setting, or the service that has none.
    pub span: Span,
    /// How many.
    pub value: u32,
    /// Nothing is written: the server's own default holds.
    pub is_default: bool,
}

/// `max_connections`: of a compose service's command, of `postgresql.conf`, of `ALTER SYSTEM`, or the default of a service that
/// brings no settings of its own.
pub fn connections(code: &Code) -> Option<Connections> {
    let written = |file: FileId, span: Span, text: &str| {
        let value = text.trim().parse().ok()?;
        Some(Connections {
            file,
            span,
            value,
            is_default: false,
        })
    };
    let servers: Vec<(FileId, &Service)> = services(code)
        .into_iter()
        .filter(|(_, service, _)| super::is_postgres(service))
        .map(|(file, service, _)| (file, service))
        .collect();
    let by_command = servers.iter().find_map(|&(file, service)| {
        let value = service
            .command
            .iter()
            .find_map(|word| word.trim_start_matches("--").strip_prefix("max_connections="))?;
        written(file, service.command_span?, value)
    });
    let by_file = || {
        files(code)
            .filter(|(_, _, facts)| facts.kind == ConfigKind::Postgres)
            .find_map(|(file, _, facts)| {
                let entry = facts.get("max_connections")?;
                written(file, entry.span, &entry.value)
            })
    };
    let by_default = || {
        let (file, service) = *servers.first()?;
        let brings_settings = service
            .volumes
            .iter()
            .chain(&service.command)
            .any(|text| text.contains(".conf") || text.contains("config_file"));
        (!brings_settings).then_some(Connections {
            file,
            span: service.span,
            value: DEFAULT_CONNECTIONS,
            is_default: true,
        })
    };
    by_command.or_else(by_file).or_else(by_default)
}
