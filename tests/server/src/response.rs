//! An orderly response. Disorderly ones are written as bytes by their routes.

use crate::date;
use serde_json::Value;

/// Names and values.
pub type Fields = Vec<(Vec<u8>, Vec<u8>)>;

pub struct Response {
    status: u16,
    reason: Option<Vec<u8>>,
    headers: Fields,
    body: Vec<u8>,
}

impl Response {
    pub fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Response { status, reason: None, headers: Vec::new(), body: body.into() }.header("Content-Type", content_type)
    }

    pub fn text(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self::new(status, "text/plain", body)
    }

    pub fn json(status: u16, body: &Value) -> Self {
        Self::new(status, "application/json", body.to_string())
    }

    /// Replaces the content type, which `new` gave; any other name may repeat.
    pub fn header(mut self, name: impl AsRef<[u8]>, value: impl Into<Vec<u8>>) -> Self {
        let name = name.as_ref();
        if name.eq_ignore_ascii_case(b"content-type") {
            self.headers.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
        }
        self.headers.push((name.to_vec(), value.into()));
        self
    }

    pub fn reason(mut self, reason: impl Into<Vec<u8>>) -> Self {
        self.reason = Some(reason.into());
        self
    }

    /// Head and body together: a client must not see them arrive one by one unless a route wants that.
    pub fn render(&self, head_only: bool) -> Vec<u8> {
        let mut bytes = format!("HTTP/1.1 {} ", self.status).into_bytes();
        bytes.extend_from_slice(self.reason.as_deref().unwrap_or(reason(self.status).as_bytes()));
        bytes.extend_from_slice(b"\r\n");
        for (name, value) in &self.headers {
            bytes.extend_from_slice(&[name, b": ".as_slice(), value, b"\r\n"].concat());
        }
        if !self.has("date") {
            bytes.extend_from_slice(format!("Date: {}\r\n", date::imf_fixdate(date::now())).as_bytes());
        }
        let without_body = self.without_body();
        if !without_body && !self.has("content-length") {
            bytes.extend_from_slice(format!("Content-Length: {}\r\n", self.body.len()).as_bytes());
        }
        bytes.extend_from_slice(b"\r\n");
        if !without_body && !head_only {
            bytes.extend_from_slice(&self.body);
        }
        bytes
    }

    /// Status, fields and body for HTTP/2, where connections and reasons are not spoken of.
    pub fn into_parts(mut self, head_only: bool) -> (u16, Fields, Vec<u8>) {
        if !self.has("date") {
            self = self.header("date", date::imf_fixdate(date::now()));
        }
        let without_body = self.without_body();
        if !without_body && !self.has("content-length") {
            let length = self.body.len().to_string();
            self = self.header("content-length", length);
        }
        self.headers.retain(|(name, _)| !name.eq_ignore_ascii_case(b"connection"));
        let body = if without_body || head_only { Vec::new() } else { self.body };
        (self.status, self.headers, body)
    }

    fn without_body(&self) -> bool {
        matches!(self.status, 100..=199 | 204 | 304)
    }

    fn has(&self, name: &str) -> bool {
        self.headers.iter().any(|(other, _)| other.eq_ignore_ascii_case(name.as_bytes()))
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        100 => "Continue",
        103 => "Early Hints",
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        204 => "No Content",
        206 => "Partial Content",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        304 => "Not Modified",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        409 => "Conflict",
        413 => "Content Too Large",
        416 => "Range Not Satisfiable",
        422 => "Unprocessable Content",
        425 => "Too Early",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Scripted",
    }
}
