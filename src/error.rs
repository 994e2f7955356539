//! What can go wrong, in the words that C programs see. The variants carry their C names, so that one search finds a code
//! in the header, in the library and in a program that handles it.

#![allow(non_camel_case_types)]

use crate::client::{attempt::Attempt, response::Response};
use crate::text;
use std::ffi::{CStr, CString};
use std::sync::Arc;

/// Variants of an enum with their names.
macro_rules! named {
    ($enum:ident: $($name:ident),* $(,)?) => {
        [$(($enum::$name, match CStr::from_bytes_with_nul(concat!(stringify!($name), "\0").as_bytes()) {
            Ok(name) => name,
            Err(_) => panic!(),
        })),*]
    };
}

/// What became of a call. 0 is success; the groups say where the trouble lies: 1-19 the caller's side, 20-39 reaching
/// the server, 40-59 time, 60-79 the server's answer and the client's own gates. Values are never renumbered.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    HTTPC_OK = 0,
    /// An argument is NULL, malformed or out of range; the detail names it. Nothing was sent.
    HTTPC_E_INVALID_ARG = 1,
    /// A defect of this library. The detail holds what to report.
    HTTPC_E_INTERNAL = 2,
    /// The cancel token was triggered.
    HTTPC_E_CANCELLED = 3,
    /// The client was closed before or during the call.
    HTTPC_E_CLOSED = 4,
    /// The client, cancel token or rate limiter was made before fork() and is used in the child; make a new one there.
    HTTPC_E_FORKED = 5,
    /// The time given to a waiting function is over; ask again.
    HTTPC_E_AGAIN = 6,
    /// This build or platform cannot do it, or the server with its HTTP/1.0.
    HTTPC_E_UNSUPPORTED = 7,
    /// A callback of the program said stop, or the function given to httpc_retry_run() failed and is not run again.
    HTTPC_E_ABORTED = 8,
    /// Out of memory, descriptors or threads.
    HTTPC_E_RESOURCE = 9,
    /// The function would wait for the thread it runs on.
    HTTPC_E_WOULD_DEADLOCK = 10,
    /// A file could not be opened, read or written.
    HTTPC_E_FILE = 11,

    /// Not a URL that this library fetches (http and https only).
    HTTPC_E_URL = 20,
    /// The host name did not resolve.
    HTTPC_E_DNS = 21,
    /// No TCP connection: refused, unreachable, reset while connecting.
    HTTPC_E_CONNECT = 22,
    /// TLS failed for another reason than the peer's certificate.
    HTTPC_E_TLS = 23,
    /// The proxy refused or broke off.
    HTTPC_E_PROXY = 24,
    /// The connection broke while sending or receiving.
    HTTPC_E_IO = 25,
    /// The server's answer is not valid HTTP.
    HTTPC_E_PROTOCOL = 26,
    /// Too many redirects, or one that must not be followed.
    HTTPC_E_REDIRECT = 27,
    /// The content encoding is broken or unknown.
    HTTPC_E_DECODE = 28,
    /// The body is longer than the limit (httpc_config_set_max_body()).
    HTTPC_E_BODY_TOO_LARGE = 29,
    /// The response headers are longer than the limit (httpc_config_set_max_headers()).
    HTTPC_E_HEADERS_TOO_LARGE = 30,
    /// The peer's certificate was refused: expired, wrong host, unknown issuer.
    HTTPC_E_CERTIFICATE = 31,
    /// The body ended before its announced length.
    HTTPC_E_TRUNCATED = 32,

    /// HTTPC_TIMEOUT_CONNECT passed: DNS, TCP and TLS of one attempt.
    HTTPC_E_TIMEOUT_CONNECT = 40,
    /// HTTPC_TIMEOUT_READ passed: the server was silent.
    HTTPC_E_TIMEOUT_READ = 41,
    /// HTTPC_TIMEOUT_WRITE passed: the server took no more of the request.
    HTTPC_E_TIMEOUT_WRITE = 42,
    /// HTTPC_TIMEOUT_POOL passed: no connection became free.
    HTTPC_E_TIMEOUT_POOL = 43,
    /// HTTPC_TIMEOUT_ATTEMPT passed.
    HTTPC_E_TIMEOUT_ATTEMPT = 44,
    /// HTTPC_TIMEOUT_TOTAL passed.
    HTTPC_E_TIMEOUT_TOTAL = 45,

    /// The final status is 400 or more. The error carries the whole response.
    HTTPC_E_STATUS = 60,
    /// A rate limiter would have made the call wait too long.
    HTTPC_E_RATE_LIMITED = 61,
    /// The circuit breaker is open.
    HTTPC_E_CIRCUIT_OPEN = 62,
    /// Not JSON, or the JSON lacks what was asked for.
    HTTPC_E_JSON = 63,
    /// The mock has no rule for this request.
    HTTPC_E_NOT_MOCKED = 64,

    HTTPC_CODE_FORCE_32_ = 0x7fff_ffff,
}

/// Why a call made no further attempt.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stop {
    /// It did: another attempt followed.
    HTTPC_STOP_NONE = 0,
    HTTPC_STOP_SUCCESS = 1,
    /// The policy's number of attempts is used up.
    HTTPC_STOP_MAX_ATTEMPTS = 2,
    /// The next attempt would have come after the total timeout.
    HTTPC_STOP_DEADLINE = 3,
    /// The retry budget of this origin is used up (an outage must not be multiplied).
    HTTPC_STOP_BUDGET = 4,
    /// The request may have had its effect, and sending it again could repeat that.
    HTTPC_STOP_NOT_IDEMPOTENT = 5,
    /// The body came from a source that cannot be rewound.
    HTTPC_STOP_NOT_REPLAYABLE = 6,
    /// The outcome would be the same again.
    HTTPC_STOP_NOT_RETRYABLE = 7,
    /// The server asked for a longer pause than the policy or the total timeout allows.
    HTTPC_STOP_RETRY_AFTER_TOO_LONG = 8,
    HTTPC_STOP_CANCELLED = 9,
    HTTPC_STOP_CLOSED = 10,
    HTTPC_STOP_RATE_LIMITED = 11,
    HTTPC_STOP_CIRCUIT_OPEN = 12,
    /// The program's decider said so.
    HTTPC_STOP_DECIDER = 13,
    HTTPC_STOP_FORCE_32_ = 0x7fff_ffff,
}

/// How far a request got: the proof on which a decision to send it again rests.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sent {
    /// Not a byte of it went out: sending it again is safe.
    HTTPC_SENT_NEVER_SENT = 0,
    /// It went out, at least in part, and no answer came: the server may have acted on it.
    HTTPC_SENT_MAYBE_SENT = 1,
    /// The server answered.
    HTTPC_SENT_ANSWERED = 2,
    HTTPC_SENT_FORCE_32_ = 0x7fff_ffff,
}

/// Where the pause before an attempt came from.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DelaySource {
    /// No pause: the first attempt, or one made at once.
    HTTPC_DELAY_NONE = 0,
    HTTPC_DELAY_BACKOFF = 1,
    HTTPC_DELAY_RETRY_AFTER = 2,
    HTTPC_DELAY_RATE_LIMIT = 3,
    HTTPC_DELAY_POOL = 4,
    /// Of an event stream before it is connected to again.
    HTTPC_DELAY_RECONNECT = 5,
    HTTPC_DELAY_FORCE_32_ = 0x7fff_ffff,
}

impl Code {
    /// Every code with its name, in the order of their values.
    pub const ALL: &[(Code, &CStr)] = &named![Code:
        HTTPC_OK,
        HTTPC_E_INVALID_ARG,
        HTTPC_E_INTERNAL,
        HTTPC_E_CANCELLED,
        HTTPC_E_CLOSED,
        HTTPC_E_FORKED,
        HTTPC_E_AGAIN,
        HTTPC_E_UNSUPPORTED,
        HTTPC_E_ABORTED,
        HTTPC_E_RESOURCE,
        HTTPC_E_WOULD_DEADLOCK,
        HTTPC_E_FILE,
        HTTPC_E_URL,
        HTTPC_E_DNS,
        HTTPC_E_CONNECT,
        HTTPC_E_TLS,
        HTTPC_E_PROXY,
        HTTPC_E_IO,
        HTTPC_E_PROTOCOL,
        HTTPC_E_REDIRECT,
        HTTPC_E_DECODE,
        HTTPC_E_BODY_TOO_LARGE,
        HTTPC_E_HEADERS_TOO_LARGE,
        HTTPC_E_CERTIFICATE,
        HTTPC_E_TRUNCATED,
        HTTPC_E_TIMEOUT_CONNECT,
        HTTPC_E_TIMEOUT_READ,
        HTTPC_E_TIMEOUT_WRITE,
        HTTPC_E_TIMEOUT_POOL,
        HTTPC_E_TIMEOUT_ATTEMPT,
        HTTPC_E_TIMEOUT_TOTAL,
        HTTPC_E_STATUS,
        HTTPC_E_RATE_LIMITED,
        HTTPC_E_CIRCUIT_OPEN,
        HTTPC_E_JSON,
        HTTPC_E_NOT_MOCKED,
    ];

    pub fn is_timeout(self) -> bool {
        (40..60).contains(&(self as i32))
    }
}

impl Stop {
    pub const ALL: &[(Stop, &CStr)] = &named![Stop:
        HTTPC_STOP_NONE, HTTPC_STOP_SUCCESS, HTTPC_STOP_MAX_ATTEMPTS, HTTPC_STOP_DEADLINE, HTTPC_STOP_BUDGET,
        HTTPC_STOP_NOT_IDEMPOTENT, HTTPC_STOP_NOT_REPLAYABLE, HTTPC_STOP_NOT_RETRYABLE, HTTPC_STOP_RETRY_AFTER_TOO_LONG,
        HTTPC_STOP_CANCELLED, HTTPC_STOP_CLOSED, HTTPC_STOP_RATE_LIMITED, HTTPC_STOP_CIRCUIT_OPEN, HTTPC_STOP_DECIDER,
    ];
}

impl DelaySource {
    pub const ALL: &[(DelaySource, &CStr)] = &named![DelaySource:
        HTTPC_DELAY_NONE, HTTPC_DELAY_BACKOFF, HTTPC_DELAY_RETRY_AFTER, HTTPC_DELAY_RATE_LIMIT, HTTPC_DELAY_POOL,
        HTTPC_DELAY_RECONNECT,
    ];
}

/// A failed call: what happened, in a sentence, and what a program needs to decide what next.
#[derive(Debug, thiserror::Error)]
#[error("{}", detail.to_string_lossy())]
pub struct Error {
    pub code: Code,
    pub detail: CString,
    /// 0 when no response came.
    pub status: u16,
    /// libcurl's own code, 0 when libcurl was not at fault.
    pub curl_code: i32,
    pub attempts: Arc<[Attempt]>,
    pub stop: Stop,
    pub sent: Sent,
    pub retry_after_ms: Option<u64>,
    pub response: Option<Arc<Response>>,
}

pub type Result<T> = std::result::Result<T, Box<Error>>;

impl Error {
    /// A failure before anything was sent.
    pub fn new(code: Code, detail: impl AsRef<str>) -> Box<Error> {
        Box::new(Error {
            code,
            detail: text::c_string(detail.as_ref()),
            status: 0,
            curl_code: 0,
            attempts: Arc::default(),
            stop: Stop::HTTPC_STOP_NOT_RETRYABLE,
            sent: Sent::HTTPC_SENT_NEVER_SENT,
            retry_after_ms: None,
            response: None,
        })
    }

    /// A malformed argument, named.
    pub fn invalid(argument: &str, why: impl std::fmt::Display) -> Box<Error> {
        Error::new(Code::HTTPC_E_INVALID_ARG, format!("argument `{argument}`: {why}"))
    }

    /// The same failure once more, for an object that keeps its first one.
    pub fn again(&self) -> Box<Error> {
        Box::new(Error {
            code: self.code,
            detail: self.detail.clone(),
            status: self.status,
            curl_code: self.curl_code,
            attempts: self.attempts.clone(),
            stop: self.stop,
            sent: self.sent,
            retry_after_ms: self.retry_after_ms,
            response: self.response.clone(),
        })
    }
}
