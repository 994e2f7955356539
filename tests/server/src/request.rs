//! The head of a request.

use crate::query::Query;
use std::io;

pub struct Request {
    pub method: String,
    pub path: String,
    pub query: Query,
    pub headers: Vec<(String, String)>,
    pub key: String,
    pub body: Vec<u8>,
    /// As it is logged: `1.0`, `1.1` or `2`.
    pub version: &'static str,
}

/// Why no answer came to pass.
#[derive(Debug)]
pub enum Fault {
    /// The client left.
    Gone,
    /// The test asked for something that does not exist.
    Bad(String),
}

impl From<io::Error> for Fault {
    fn from(_: io::Error) -> Self {
        Fault::Gone
    }
}

pub fn bad<T>(message: impl Into<String>) -> Result<T, Fault> {
    Err(Fault::Bad(message.into()))
}

impl Request {
    /// Takes everything before the empty line.
    pub fn parse(head: &[u8]) -> Result<Self, Fault> {
        let text = String::from_utf8_lossy(head);
        let mut lines = text.split("\r\n");
        let words: Vec<&str> = lines.next().unwrap_or_default().split(' ').collect();
        let [method, target, version @ ("HTTP/1.0" | "HTTP/1.1")] = words[..] else {
            return bad("bad request line");
        };
        let headers = lines.map(header).collect::<Result<Vec<_>, _>>()?;
        let version = if version == "HTTP/1.0" { "1.0" } else { "1.1" };
        Ok(Self::new(version, method, target, headers))
    }

    pub fn new(version: &'static str, method: &str, target: &str, headers: Vec<(String, String)>) -> Self {
        let (path, query) = split_target(target);
        let mut request = Request {
            method: method.to_owned(),
            path: path.to_owned(),
            query: Query::parse(query),
            headers,
            key: String::new(),
            body: Vec::new(),
            version,
        };
        request.key =
            request.query.text("key").or_else(|| request.header("x-key").map(str::to_owned)).unwrap_or_default();
        request
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub fn header_has(&self, name: &str, word: &str) -> bool {
        let values = self.headers.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name));
        values.flat_map(|(_, value)| value.split(',')).any(|part| part.trim().eq_ignore_ascii_case(word))
    }

    pub fn wants_close(&self) -> bool {
        self.version == "1.0" || self.header_has("connection", "close")
    }

    pub fn is_head(&self) -> bool {
        self.method == "HEAD"
    }

    /// The `?` and what follows, for locations that must keep the key.
    pub fn query_suffix(&self) -> String {
        if self.query.raw.is_empty() { String::new() } else { format!("?{}", self.query.raw) }
    }
}

fn header(line: &str) -> Result<(String, String), Fault> {
    match line.split_once(':') {
        Some((name, value)) if !name.is_empty() && !name.contains([' ', '\t']) => {
            Ok((name.to_owned(), value.trim_matches([' ', '\t']).to_owned()))
        }
        _ => bad("bad header line"),
    }
}

/// A client that takes this server for a proxy sends a whole URL.
fn split_target(target: &str) -> (&str, &str) {
    let origin_form = match target.split_once("://") {
        Some((_, rest)) if !target.starts_with('/') => rest.find('/').map_or("/", |start| &rest[start..]),
        _ => target,
    };
    origin_form.split_once('?').unwrap_or((origin_form, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_targets_apart() {
        assert_eq!(split_target("/a?b=c?d"), ("/a", "b=c?d"));
        assert_eq!(split_target("http://host:1/a?b"), ("/a", "b"));
        assert_eq!(split_target("http://host"), ("/", ""));
        assert_eq!(split_target("/redirect/302?to=http://host/x"), ("/redirect/302", "to=http://host/x"));
    }

    #[test]
    fn refuses_what_is_no_request() {
        for head in ["GET /", "GET / HTTP/2", "GET  / HTTP/1.1", "GET / HTTP/1.1\r\nno colon", "GET / HTTP/1.1\r\n: x"]
        {
            assert!(Request::parse(head.as_bytes()).is_err(), "{head}");
        }
    }

    #[test]
    fn finds_the_key_in_query_or_header() {
        let key = |head: &str| Request::parse(head.as_bytes()).expect("good head").key;
        assert_eq!(key("GET /a?key=x%20y HTTP/1.1\r\nX-Key: z"), "x y");
        assert_eq!(key("GET /a HTTP/1.1\r\nx-key: z"), "z");
        assert_eq!(key("GET /a HTTP/1.1"), "");
    }
}
