//! What a client tells of its work: to a function of the program's, or to stderr when HTTPCLIENT_LOG says so. Lines are
//! made only where somebody listens, and hold neither user-info, nor query strings, nor secrets.

#![allow(non_camel_case_types)]

use super::attempt::Attempt;
use super::response::Head;
use crate::error::{Code, DelaySource, Error, Stop};
use crate::text;
use crate::transport::{Outgoing, Payload};
use std::ffi::CStr;
use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::Arc;

/// How much is told. Each level includes those before it.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    HTTPC_LOG_OFF = 0,
    /// Calls that failed.
    HTTPC_LOG_ERROR = 1,
    /// Attempts that failed and are made again, and clients that are made to be unsafe.
    HTTPC_LOG_WARN = 2,
    /// The same as HTTPC_LOG_WARN; for what later versions find worth telling.
    HTTPC_LOG_INFO = 3,
    /// Every attempt.
    HTTPC_LOG_DEBUG = 4,
    /// Every request line and header, out and in; secret values are left out.
    HTTPC_LOG_TRACE = 5,
    HTTPC_LOG_FORCE_32_ = 0x7fff_ffff,
}

impl LogLevel {
    const ALL: [(LogLevel, &str); 6] = [
        (LogLevel::HTTPC_LOG_OFF, "off"),
        (LogLevel::HTTPC_LOG_ERROR, "error"),
        (LogLevel::HTTPC_LOG_WARN, "warn"),
        (LogLevel::HTTPC_LOG_INFO, "info"),
        (LogLevel::HTTPC_LOG_DEBUG, "debug"),
        (LogLevel::HTTPC_LOG_TRACE, "trace"),
    ];
}

impl TryFrom<i32> for LogLevel {
    type Error = Box<Error>;

    fn try_from(value: i32) -> Result<LogLevel, Box<Error>> {
        let known = LogLevel::ALL.into_iter().map(|(level, _)| level).find(|level| *level as i32 == value);
        known.ok_or_else(|| Error::invalid("level", format!("{value} is no httpc_log_level")))
    }
}

pub type Sink = dyn Fn(LogLevel, &CStr) + Send + Sync;

#[derive(Clone)]
pub struct Log {
    level: LogLevel,
    sink: Arc<Sink>,
}

impl Log {
    pub fn new(level: LogLevel, sink: Arc<Sink>) -> Log {
        Log { level, sink }
    }

    /// To stderr, at the level that HTTPCLIENT_LOG names ("error", "warn", "info", "debug", "trace").
    pub fn from_environment() -> Log {
        let wanted = std::env::var("HTTPCLIENT_LOG").unwrap_or_default();
        let known = LogLevel::ALL.into_iter().find(|(_, name)| wanted.eq_ignore_ascii_case(name));
        let to_stderr = |level: LogLevel, line: &CStr| {
            let name = LogLevel::ALL.iter().find(|(known, _)| *known == level).map_or("", |(_, name)| name);
            // A program without a stderr goes on without its log.
            let _ = writeln!(std::io::stderr(), "httpclient {name}: {}", line.to_string_lossy());
        };
        Log { level: known.map_or(LogLevel::HTTPC_LOG_OFF, |(level, _)| level), sink: Arc::new(to_stderr) }
    }

    pub fn wants(&self, level: LogLevel) -> bool {
        level <= self.level
    }

    pub fn line(&self, level: LogLevel, line: &str) {
        if self.wants(level) {
            (self.sink)(level, &text::c_string(line));
        }
    }

    /// One line for an attempt that has ended. `failed`: it is not the answer that the call wanted.
    pub fn attempt(&self, number: usize, attempt: &Attempt, failed: bool) {
        let level = if failed { LogLevel::HTTPC_LOG_WARN } else { LogLevel::HTTPC_LOG_DEBUG };
        if self.wants(level) {
            self.line(level, &tell(number, attempt));
        }
    }

    /// The request as it goes out, for a reader of the wire.
    pub fn request(&self, out: &Outgoing<'_>) {
        if !self.wants(LogLevel::HTTPC_LOG_TRACE) {
            return;
        }
        let query = if out.target.query.is_some() { "?..." } else { "" };
        let trace = |line: &str| self.line(LogLevel::HTTPC_LOG_TRACE, line);
        trace(&format!("> {} {}{query}", out.method.as_str(), out.target.shown()));
        (out.headers)(&mut |name, value, secret| {
            let secret = secret || is_secret(name);
            trace(&format!(
                "> {name}: {}",
                if secret { REDACTED.into() } else { text::printable(value.as_bytes(), 500) }
            ));
        });
        if let Some(encoding) = out.accept_encoding {
            trace(&format!("> Accept-Encoding: {}", encoding.to_string_lossy()));
        }
        match out.body {
            Payload::None => {}
            Payload::Bytes(body) => trace(&format!("> ({} bytes of body)", body.len())),
            Payload::Stream(Some(length)) => trace(&format!("> ({length} bytes of body)")),
            Payload::Stream(None) => trace("> (a body of unknown length)"),
        }
    }

    pub fn head(&self, head: &Head) {
        if !self.wants(LogLevel::HTTPC_LOG_TRACE) {
            return;
        }
        let trace = |line: &str| self.line(LogLevel::HTTPC_LOG_TRACE, line);
        trace(&format!("< HTTP/{}.{} {}", head.version / 10, head.version % 10, head.status));
        for (name, value) in head.headers.iter() {
            let name = text::printable(name, 100);
            // Where a redirect leads may hold a token in its query.
            let value = if name.eq_ignore_ascii_case("location") {
                value.split(|b| *b == b'?').next().unwrap_or(b"")
            } else {
                value
            };
            trace(&format!(
                "< {name}: {}",
                if is_secret(&name) { REDACTED.into() } else { text::printable(value, 500) }
            ));
        }
    }

    pub fn failure(&self, error: &Error) {
        if self.wants(LogLevel::HTTPC_LOG_ERROR) {
            self.line(LogLevel::HTTPC_LOG_ERROR, &error.detail.to_string_lossy());
        }
    }
}

const REDACTED: &str = "[secret]";

/// Headers whose values are secrets whoever set them.
pub(crate) fn is_secret(name: &str) -> bool {
    const SECRET: [&str; 5] = ["Authorization", "Cookie", "Set-Cookie", "Proxy-Authorization", "X-Api-Key"];
    SECRET.iter().any(|secret| secret.eq_ignore_ascii_case(name))
}

/// "GET https://api.example.com/items attempt 2 after 480 ms (backoff): 503 in 12 ms on connection 3 (reused)".
fn tell(number: usize, attempt: &Attempt) -> String {
    let mut line = format!("{} {} attempt {number}", attempt.method.as_str(), attempt.target.shown());
    let reason = match attempt.delay_source {
        DelaySource::HTTPC_DELAY_BACKOFF => "backoff",
        DelaySource::HTTPC_DELAY_RETRY_AFTER => "the server asked for it",
        DelaySource::HTTPC_DELAY_RATE_LIMIT => "rate limit",
        DelaySource::HTTPC_DELAY_RECONNECT => "reconnecting",
        DelaySource::HTTPC_DELAY_POOL => "waited for a connection",
        DelaySource::HTTPC_DELAY_NONE | DelaySource::HTTPC_DELAY_FORCE_32_ => "",
    };
    if !reason.is_empty() {
        let _ = write!(line, " after {} ms ({reason})", attempt.delay_ms);
    }
    let name = Code::ALL.iter().find(|(code, _)| *code == attempt.code).map_or(c"", |(_, name)| name);
    let _ = match attempt.status {
        0 => write!(line, ": {} in {} ms", name.to_string_lossy(), attempt.duration_us / 1000),
        status => write!(line, ": {status} in {} ms", attempt.duration_us / 1000),
    };
    if attempt.connection_id >= 0 {
        let reused = if attempt.reused { " (reused)" } else { "" };
        let _ = write!(line, " on connection {}{reused}", attempt.connection_id);
    }
    if attempt.stop != Stop::HTTPC_STOP_NONE && attempt.stop != Stop::HTTPC_STOP_SUCCESS {
        let _ = write!(line, ", and no further one");
    }
    line
}
