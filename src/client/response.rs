//! A response as the program reads it. Texts that few callers ask for are made when they do.

use super::attempt::Attempt;
use super::error_body;
use super::headers::HeaderMap;
use super::json;
use super::links;
use super::tls::{Secured, pem_certificate};
use super::url::Target;
use crate::error::{Code, Error, Result};
use crate::text;
use elsa::sync::FrozenMap;
use serde_json::Value;
use std::ffi::{CStr, CString};
use std::sync::{Arc, OnceLock};

/// The moments of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    Resolved,
    Connected,
    Secured,
    Sending,
    FirstByte,
    Done,
}

/// Microseconds from the start of the attempt; 0 where a phase did not occur.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timings([u64; 6]);

impl Timings {
    pub fn at(&self, phase: Phase) -> u64 {
        self.0[phase as usize]
    }

    pub fn set(&mut self, phase: Phase, microseconds: u64) {
        self.0[phase as usize] = microseconds;
    }
}

/// Bytes of the final attempt, or of all that brought a part of the body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sizes {
    /// The response's head, with interim ones and trailers.
    pub head: u64,
    /// Its body as it came.
    pub body: u64,
    /// Its body as the program gets it.
    pub decoded: u64,
    /// The request's head.
    pub sent_head: u64,
    /// Its body as it went out.
    pub sent_body: u64,
}

/// The head of a response, as the transport saw it.
#[derive(Clone, Debug, Default)]
pub struct Head {
    pub status: u16,
    /// 10, 11, 20 or 30.
    pub version: u8,
    /// Only where it differs from the standard phrase, so that it costs nothing otherwise.
    pub reason: Option<CString>,
    pub headers: HeaderMap,
    /// What came after the body. Never among the headers, which somebody may have acted on already (RFC 9110 section 6.5).
    pub trailers: Option<Box<HeaderMap>>,
    /// As announced; it was checked when the head was complete.
    pub content_length: Option<u64>,
    /// `None` without TLS to the server.
    pub secured: Option<Box<Secured>>,
}

pub struct Response {
    pub status: u16,
    pub version: u8,
    pub headers: HeaderMap,
    pub trailers: Option<Box<HeaderMap>>,
    pub target: Arc<Target>,
    pub timings: Timings,
    pub sizes: Sizes,
    pub elapsed_us: u64,
    pub attempts: Arc<[Attempt]>,
    pub secured: Option<Box<Secured>>,
    reason: Option<CString>,
    /// A NUL follows the last byte of the body.
    body: Vec<u8>,
    made: OnceLock<Box<Made>>,
}

/// Most responses need none of it.
#[derive(Default)]
struct Made {
    url: OnceLock<CString>,
    detail: OnceLock<CString>,
    json: OnceLock<std::result::Result<Value, String>>,
    /// Strings out of the JSON by their pointers, and links by "rel=" and their relations, each with a NUL behind it. Only
    /// grows: programs hold on to them.
    strings: FrozenMap<String, Box<[u8]>>,
    certificates: OnceLock<Box<[CString]>>,
}

impl std::fmt::Debug for Response {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} from {}, {} bytes", self.status, self.target.shown(), self.body().len())
    }
}

impl Response {
    /// `body` without a NUL at its end; it has room for one.
    pub fn new(head: Head, mut body: Vec<u8>, target: Arc<Target>) -> Response {
        body.push(0);
        Response {
            status: head.status,
            version: head.version,
            headers: head.headers,
            trailers: head.trailers,
            reason: head.reason,
            secured: head.secured,
            body,
            target,
            timings: Timings::default(),
            sizes: Sizes::default(),
            elapsed_us: 0,
            attempts: Arc::default(),
            made: OnceLock::new(),
        }
    }

    fn made(&self) -> &Made {
        self.made.get_or_init(Box::default)
    }

    pub fn body(&self) -> &[u8] {
        &self.body[..self.body.len() - 1]
    }

    pub fn body_with_nul(&self) -> &[u8] {
        &self.body
    }

    pub fn reason(&self) -> &CStr {
        self.reason.as_deref().unwrap_or_else(|| standard_reason(self.status))
    }

    pub fn header(&self, name: &str) -> Option<&CStr> {
        self.header_nth(name, 0)
    }

    pub fn header_name(&self, index: usize) -> Option<&CStr> {
        self.headers.name_at(index).and_then(|name| CStr::from_bytes_with_nul(name).ok())
    }

    pub fn header_value(&self, index: usize) -> Option<&CStr> {
        self.headers.value_at(index).and_then(|value| CStr::from_bytes_with_nul(value).ok())
    }

    pub fn trailer(&self, name: &str) -> Option<&CStr> {
        self.trailers.as_ref()?.positions(name.as_bytes()).next().and_then(|at| self.trailer_value(at))
    }

    pub fn trailer_name(&self, index: usize) -> Option<&CStr> {
        self.trailers.as_ref()?.name_at(index).and_then(|name| CStr::from_bytes_with_nul(name).ok())
    }

    pub fn trailer_value(&self, index: usize) -> Option<&CStr> {
        self.trailers.as_ref()?.value_at(index).and_then(|value| CStr::from_bytes_with_nul(value).ok())
    }

    pub fn url(&self) -> &CStr {
        self.made().url.get_or_init(|| text::c_string(&self.target.full()))
    }

    /// The server's chain, where it was kept.
    pub fn certificates(&self) -> &[Box<[u8]>] {
        self.secured.as_ref().map_or(&[], |secured| &secured.certificates)
    }

    pub fn certificate_pem(&self, index: usize) -> Option<&CStr> {
        let all = || self.certificates().iter().map(|der| pem_certificate(der)).collect();
        self.made().certificates.get_or_init(all).get(index).map(|pem| &**pem)
    }

    /// The server's own words about a failure; empty below 400.
    pub fn error_detail(&self) -> &CStr {
        if self.status < 400 {
            return c"";
        }
        self.made().detail.get_or_init(|| {
            let content_type = self.headers.get(b"content-type");
            text::c_string(&error_body::detail(self.status, self.reason().to_bytes(), content_type, self.body()))
        })
    }

    pub fn json_at(&self, pointer: &str) -> Result<&Value> {
        let parsed = self.made().json.get_or_init(|| {
            serde_json::from_slice(self.body()).map_err(|e| match self.headers.get(b"content-type") {
                Some(kind) => format!("the body is not JSON ({e}; it came as {})", text::printable(kind, 80)),
                None => format!("the body is not JSON ({e})"),
            })
        });
        let root = parsed.as_ref().map_err(|why| Error::new(Code::HTTPC_E_JSON, why))?;
        json::pointer(root, pointer).map_err(|why| Error::new(Code::HTTPC_E_JSON, why))
    }

    /// The string at `pointer`, a NUL behind it.
    pub fn json_string(&self, pointer: &str) -> Option<&[u8]> {
        let Ok(Value::String(found)) = self.json_at(pointer) else { return None };
        Some(self.keep(pointer, found))
    }

    /// `text` with a NUL behind it.
    fn keep(&self, key: &str, text: &str) -> &[u8] {
        if let Some(kept) = self.made().strings.get(key) {
            return kept;
        }
        let mut bytes = Vec::with_capacity(text.len() + 1);
        bytes.extend_from_slice(text.as_bytes());
        bytes.push(0);
        self.made().strings.insert(key.to_owned(), bytes.into_boxed_slice())
    }

    /// Where the first link with that relation leads, a NUL behind it.
    pub fn link(&self, rel: &str) -> Option<&[u8]> {
        let target = links::find(self.headers.get_all(b"link"), rel)?;
        Some(self.keep(&format!("rel={rel}"), &self.target.join(target).ok()?.full()))
    }

    /// The value number `index` under `name`.
    pub fn header_nth(&self, name: &str, index: usize) -> Option<&CStr> {
        self.headers.positions(name.as_bytes()).nth(index).and_then(|at| self.header_value(at))
    }

    /// How many redirects led here.
    pub fn redirects(&self) -> usize {
        let earlier = self.attempts.iter().rev().skip(1);
        earlier.filter(|attempt| matches!(attempt.status, 301 | 302 | 303 | 307 | 308)).count()
    }

    pub fn json_int64(&self, pointer: &str) -> Result<i64> {
        let value = self.json_at(pointer)?;
        value.as_i64().or_else(|| whole(value)).ok_or_else(|| self.not_a("64-bit integer", pointer, value))
    }

    pub fn json_double(&self, pointer: &str) -> Result<f64> {
        let value = self.json_at(pointer)?;
        value.as_f64().ok_or_else(|| self.not_a("number", pointer, value))
    }

    pub fn json_bool(&self, pointer: &str) -> Result<bool> {
        let value = self.json_at(pointer)?;
        value.as_bool().ok_or_else(|| self.not_a("boolean", pointer, value))
    }

    pub fn json_length(&self, pointer: &str) -> Result<usize> {
        match self.json_at(pointer)? {
            Value::Array(items) => Ok(items.len()),
            Value::Object(members) => Ok(members.len()),
            other => Err(self.not_a("array or object", pointer, other)),
        }
    }

    fn not_a(&self, wanted: &str, pointer: &str, found: &Value) -> Box<Error> {
        let found = text::printable(found.to_string().as_bytes(), 60);
        let pointer = text::printable(pointer.as_bytes(), 120);
        let place = if pointer.is_empty() { "the whole body" } else { &pointer };
        Error::new(Code::HTTPC_E_JSON, format!("no {wanted} at {place}: {found} stands there"))
    }
}

/// A number such as 3.0 or 1e3 that is an integer all the same.
fn whole(value: &Value) -> Option<i64> {
    let number = value.as_f64()?;
    // Beyond 2^53 a double no longer says which integer was meant.
    (number.fract() == 0.0 && number.abs() <= 9_007_199_254_740_992.0).then_some(number as i64)
}

/// RFC 9110 section 15, and the registry's others that are met in practice.
pub fn standard_reason(status: u16) -> &'static CStr {
    match status {
        100 => c"Continue",
        101 => c"Switching Protocols",
        200 => c"OK",
        201 => c"Created",
        202 => c"Accepted",
        203 => c"Non-Authoritative Information",
        204 => c"No Content",
        205 => c"Reset Content",
        206 => c"Partial Content",
        300 => c"Multiple Choices",
        301 => c"Moved Permanently",
        302 => c"Found",
        303 => c"See Other",
        304 => c"Not Modified",
        307 => c"Temporary Redirect",
        308 => c"Permanent Redirect",
        400 => c"Bad Request",
        401 => c"Unauthorized",
        402 => c"Payment Required",
        403 => c"Forbidden",
        404 => c"Not Found",
        405 => c"Method Not Allowed",
        406 => c"Not Acceptable",
        407 => c"Proxy Authentication Required",
        408 => c"Request Timeout",
        409 => c"Conflict",
        410 => c"Gone",
        411 => c"Length Required",
        412 => c"Precondition Failed",
        413 => c"Content Too Large",
        414 => c"URI Too Long",
        415 => c"Unsupported Media Type",
        416 => c"Range Not Satisfiable",
        417 => c"Expectation Failed",
        421 => c"Misdirected Request",
        422 => c"Unprocessable Content",
        423 => c"Locked",
        424 => c"Failed Dependency",
        425 => c"Too Early",
        426 => c"Upgrade Required",
        428 => c"Precondition Required",
        429 => c"Too Many Requests",
        431 => c"Request Header Fields Too Large",
        451 => c"Unavailable For Legal Reasons",
        500 => c"Internal Server Error",
        501 => c"Not Implemented",
        502 => c"Bad Gateway",
        503 => c"Service Unavailable",
        504 => c"Gateway Timeout",
        505 => c"HTTP Version Not Supported",
        507 => c"Insufficient Storage",
        511 => c"Network Authentication Required",
        _ => c"",
    }
}
