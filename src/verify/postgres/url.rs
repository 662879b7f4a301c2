//! Where a database is: `postgres://user:password@host:port/name`.

use std::path::PathBuf;

use crate::error::Error;

/// Where a `PostgreSQL` listens, and as whom it is asked.
#[derive(Clone, PartialEq, Eq)]
pub struct ServerAddress {
    /// The host; one that starts with `/` is the folder of a socket.
    pub host: String,
    /// The port; 5432 where the address names none.
    pub port: u16,
    /// The role.
    pub user: String,
    /// The role's password, where the address gives one.
    pub password: Option<String>,
    /// The database.
    pub name: String,
}

impl std::fmt::Debug for ServerAddress {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}:{}/{}", self.host, self.port, self.name)
    }
}

impl ServerAddress {
    /// Reads a URL.
    pub fn read(text: &str) -> Result<ServerAddress, Error> {
        let wrong = |what: &str| Error::new("--database", what.to_owned()).hint("postgres://user:password@host:port/name is wanted");
        let rest = text
            .strip_prefix("postgresql://")
            .or_else(|| text.strip_prefix("postgres://"))
            .ok_or_else(|| wrong("is no URL of a PostgreSQL"))?;
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (place, name) = rest.split_once('/').unwrap_or((rest, ""));
        let (who, place) = place.rsplit_once('@').unwrap_or(("", place));
        let (user, password) = who.split_once(':').map_or((who, None), |(user, password)| (user, Some(password)));
        let (host, port) = match place.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, port),
            _ => (place, ""),
        };
        let mut address = ServerAddress {
            host: decoded(host.trim_matches(['[', ']'])),
            port: 5432,
            user: decoded(user),
            password: password.map(decoded),
            name: decoded(name),
        };
        if !port.is_empty() {
            address.port = port.parse().map_err(|_| wrong("has a port that is no number"))?;
        }
        for (key, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
            match key {
                "host" => address.host = decoded(value),
                "port" => address.port = value.parse().map_err(|_| wrong("has a port that is no number"))?,
                "user" => address.user = decoded(value),
                "password" => address.password = Some(decoded(value)),
                "sslmode" if matches!(value, "disable" | "allow" | "prefer") => {}
                "sslmode" => return Err(wrong("asks for TLS, which is not spoken here: a database beside you is meant")),
                // What is asked for and not done must not look as if it were: a certificate, a host's address, a role.
                _ => return Err(wrong(&format!("has the parameter {key:?}, which is not followed here"))),
            }
        }
        if address.user.is_empty() {
            return Err(wrong("names no user"));
        }
        if address.host.is_empty() {
            address.host = "localhost".to_owned();
        }
        if address.name.is_empty() {
            address.name.clone_from(&address.user);
        }
        Ok(address)
    }

    /// The socket, where it is one.
    pub fn socket(&self) -> Option<PathBuf> {
        self.host
            .starts_with('/')
            .then(|| PathBuf::from(&self.host).join(format!(".s.PGSQL.{}", self.port)))
    }
}

/// A part of a URL without `%41`.
fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let code = text
            .get(at + 1..at + 3)
            .filter(|_| byte == b'%')
            .and_then(|code| u8::from_str_radix(code, 16).ok());
        out.push(code.unwrap_or(byte));
        at += if code.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_taken_apart() {
        let read = |text: &str| {
            ServerAddress::read(text)
                .map(|one| (one.host, one.port, one.user, one.password, one.name))
                .ok()
        };
        let all = |host: &str, port, password: Option<&str>| {
            Some((
                host.to_owned(),
                port,
                "me".to_owned(),
                password.map(str::to_owned),
                "scratch".to_owned(),
            ))
        };
        assert_eq!(
            read("postgres://me:a%40b@db.example:5433/scratch"),
            all("db.example", 5433, Some("a@b"))
        );
        assert_eq!(read("postgresql://me@/scratch?host=/run/pg"), all("/run/pg", 5432, None));
        assert_eq!(read("postgres://me@[::1]:1/scratch"), all("::1", 1, None));
        assert_eq!(read("mysql://me@h/scratch"), None);
        assert_eq!(read("postgres://me@h/scratch?sslmode=require"), None);
        assert_eq!(read("postgres://me@h/scratch?channel_binding=require"), None);
        assert_eq!(read("postgres://me@h/scratch?sslmode=disable"), all("h", 5432, None));
    }
}
