//! One connection. Each message holds one statement: a database that takes a prepared one apart refuses a second one behind it.

use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use bytes::BytesMut;
use fallible_iterator::FallibleIterator;
use postgres_protocol::IsNull;
use postgres_protocol::authentication::{md5_hash, sasl};
use postgres_protocol::message::backend::{ErrorFields, Message};
use postgres_protocol::message::frontend;

use super::url::ServerAddress;
use crate::verify::engine::EngineFailure;

/// How long a database may take to be reached.
const REACHED: Duration = Duration::from_secs(10);
/// The code of a statement that was ended.
const CANCELED: &str = "57014";
/// The longest answer that is read, in bytes.
const LONGEST: usize = 16 << 20;

/// What can be read from and written to.
trait Stream: Read + Write + Send {}
impl<T: Read + Write + Send> Stream for T {}

/// A connection to a `PostgreSQL` server.
pub struct ServerConnection {
    stream: Box<dyn Stream>,
    read: BytesMut,
    slow: u32,
}

impl std::fmt::Debug for ServerConnection {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Link")
    }
}

fn gone(error: &std::io::Error) -> EngineFailure {
    EngineFailure::Gone(format!("does not answer: {error}"))
}

impl ServerConnection {
    /// Connects; no answer is waited for longer than `patience`.
    pub fn open(address: &ServerAddress, patience: Duration) -> Result<ServerConnection, EngineFailure> {
        let stream = connect(address, patience).map_err(|error| EngineFailure::Gone(error.to_string()))?;
        let mut link = ServerConnection {
            stream,
            read: BytesMut::new(),
            slow: 0,
        };
        link.greet(address)?;
        Ok(link)
    }

    fn send(&mut self, buffer: &BytesMut) -> Result<(), EngineFailure> {
        self.stream
            .write_all(buffer)
            .and_then(|()| self.stream.flush())
            .map_err(|error| gone(&error))
    }

    fn receive(&mut self) -> Result<Message, EngineFailure> {
        let mut chunk = [0; 8192];
        loop {
            if let Some(message) = Message::parse(&mut self.read).map_err(|error| gone(&error))? {
                return Ok(message);
            }
            if self.read.len() > LONGEST {
                return Err(EngineFailure::Gone("gives an answer that is too long".to_owned()));
            }
            match self.stream.read(&mut chunk) {
                Ok(0) => return Err(EngineFailure::Gone("ended the connection".to_owned())),
                Ok(count) => self.read.extend_from_slice(chunk.get(..count).unwrap_or_default()),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(gone(&error)),
            }
        }
    }

    fn greet(&mut self, address: &ServerAddress) -> Result<(), EngineFailure> {
        let mut buffer = BytesMut::new();
        let parameters = [
            ("user", address.user.as_str()),
            ("database", &address.name),
            ("client_encoding", "UTF8"),
            ("application_name", "perfaudit"),
        ];
        frontend::startup_message(parameters, &mut buffer).map_err(|error| gone(&error))?;
        self.send(&buffer)?;
        let password = address.password.clone().unwrap_or_default();
        let mut scram = None;
        loop {
            let mut buffer = BytesMut::new();
            match self.receive()? {
                Message::AuthenticationOk | Message::ParameterStatus(_) | Message::BackendKeyData(_) | Message::NoticeResponse(_) => {}
                Message::ReadyForQuery(_) => return Ok(()),
                Message::AuthenticationMd5Password(body) => {
                    let hash = md5_hash(address.user.as_bytes(), password.as_bytes(), body.salt());
                    frontend::password_message(hash.as_bytes(), &mut buffer).map_err(|error| gone(&error))?;
                }
                Message::AuthenticationSasl(_) => {
                    let one = sasl::ScramSha256::new(password.as_bytes(), sasl::ChannelBinding::unsupported());
                    frontend::sasl_initial_response(sasl::SCRAM_SHA_256, one.message(), &mut buffer).map_err(|error| gone(&error))?;
                    scram = Some(one);
                }
                Message::AuthenticationSaslContinue(body) => {
                    let Some(one) = &mut scram else { return Err(unsupported()) };
                    one.update(body.data()).map_err(|error| gone(&error))?;
                    frontend::sasl_response(one.message(), &mut buffer).map_err(|error| gone(&error))?;
                }
                Message::AuthenticationSaslFinal(body) => {
                    let Some(one) = &mut scram else { return Err(unsupported()) };
                    one.finish(body.data()).map_err(|error| gone(&error))?;
                }
                // A password in plain text is sent to nobody.
                Message::ErrorResponse(body) => return Err(EngineFailure::Gone(said(body.fields()))),
                _ => return Err(unsupported()),
            }
            if !buffer.is_empty() {
                self.send(&buffer)?;
            }
        }
    }

    /// How many statements were ended because they took too long.
    pub fn slow(&self) -> u32 {
        self.slow
    }

    /// Runs a statement; what it gives is not kept.
    pub fn run(&mut self, statement: &str) -> Result<(), EngineFailure> {
        self.value(statement).map(|_| ())
    }

    /// The first column of the first row that a statement gives, where it is not NULL.
    pub fn value(&mut self, statement: &str) -> Result<Option<String>, EngineFailure> {
        let refused = |error: std::io::Error| EngineFailure::Refused(error.to_string());
        let mut buffer = BytesMut::new();
        frontend::parse("", statement, [], &mut buffer).map_err(refused)?;
        let nothing = |(), _: &mut BytesMut| Ok(IsNull::Yes);
        frontend::bind("", "", [], [], nothing, [], &mut buffer).map_err(|_| EngineFailure::Refused("cannot be sent".to_owned()))?;
        frontend::execute("", 0, &mut buffer).map_err(refused)?;
        frontend::sync(&mut buffer);
        self.send(&buffer)?;
        let (mut found, mut refused, mut is_first) = (None, None, true);
        loop {
            match self.receive()? {
                Message::DataRow(body) if is_first => {
                    is_first = false;
                    let range = body.ranges().next().map_err(|error| gone(&error))?.flatten();
                    let bytes = range.and_then(|range| body.buffer().get(range));
                    found = bytes.map(|bytes| String::from_utf8_lossy(bytes).into_owned());
                }
                Message::ErrorResponse(body) => {
                    self.slow += u32::from(field(body.fields(), b'C').as_deref() == Some(CANCELED));
                    refused = Some(said(body.fields()));
                }
                Message::ReadyForQuery(_) => return refused.map_or(Ok(found), |why| Err(EngineFailure::Refused(why))),
                _ => {}
            }
        }
    }
}

fn unsupported() -> EngineFailure {
    EngineFailure::Gone("wants to be signed in to in a way that is not known".to_owned())
}

/// What an error says, without the place in the database's own code.
fn said(fields: ErrorFields<'_>) -> String {
    field(fields, b'M').unwrap_or_else(|| "refused".to_owned())
}

/// A part of an error.
fn field(mut fields: ErrorFields<'_>, kind: u8) -> Option<String> {
    while let Ok(Some(field)) = fields.next() {
        if field.type_() == kind {
            return Some(String::from_utf8_lossy(field.value_bytes()).into_owned());
        }
    }
    None
}

fn connect(address: &ServerAddress, patience: Duration) -> std::io::Result<Box<dyn Stream>> {
    #[cfg(unix)]
    if let Some(socket) = address.socket() {
        let stream = std::os::unix::net::UnixStream::connect(socket)?;
        stream.set_read_timeout(Some(patience))?;
        stream.set_write_timeout(Some(patience))?;
        return Ok(Box::new(stream));
    }
    let mut last = std::io::Error::new(std::io::ErrorKind::NotFound, "there is no such host");
    for place in (address.host.as_str(), address.port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&place, REACHED) {
            Ok(stream) => {
                stream.set_read_timeout(Some(patience))?;
                stream.set_write_timeout(Some(patience))?;
                stream.set_nodelay(true)?;
                return Ok(Box::new(stream));
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}
