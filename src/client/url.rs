//! URLs: absolute ones, paths under a client's base URL, and where a redirect leads.
//!
//! The host is read as browsers read it (IDNA, IPv4 in odd spellings, IPv6); path and query are kept as they were
//! written, but for what RFC 3986 does not let stand there.

mod absolute;
mod authority;
mod base;
mod encode;

pub use absolute::absolute;
pub use base::Base;

use crate::sync::OnceLock;
use crate::text::{has_control_bytes, printable};
use encode::{PATH, QUERY, Top, push_component, push_encoded, without_dots};
use foldhash::fast::RandomState;
use std::fmt;
use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::Arc;

/// How much of a URL a detail repeats.
const MAX_SHOWN: usize = 300;

/// Where connections go; what may share one, and where secrets may go along.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    pub https: bool,
    /// As libcurl wants it: lower case, IPv6 in brackets, IDNA in its ASCII form.
    pub host: String,
    pub port: u16,
    /// Of the others: every request looks origins up several times.
    hash: u64,
}

/// Which hosts collide, nobody outside knows.
static HASHING: OnceLock<RandomState> = OnceLock::new();

impl Hash for Origin {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

impl Origin {
    pub fn new(https: bool, host: String, port: u16) -> Origin {
        let hash = HASHING.get_or_init(RandomState::default).hash_one((https, &host, port));
        Origin { https, host, port, hash }
    }

    pub fn scheme(&self) -> &'static str {
        if self.https { "https" } else { "http" }
    }

    pub fn is_default_port(&self) -> bool {
        self.port == if self.https { 443 } else { 80 }
    }
}

/// `https://host`, with the port where it is not the scheme's own.
impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme(), self.host)?;
        if self.is_default_port() { Ok(()) } else { write!(f, ":{}", self.port) }
    }
}

/// What one request asks for.
#[derive(Debug, Clone)]
pub struct Target {
    pub origin: Arc<Origin>,
    /// Encoded; begins with a slash and has no dot segments.
    pub path: String,
    /// Encoded, without its `?`.
    pub query: Option<String>,
    /// User and password from the URL, decoded.
    pub userinfo: Option<Arc<(String, String)>>,
}

impl Target {
    /// An absolute http or https URL. A fragment is dropped: it is not for the server.
    pub fn parse(url: &str) -> Result<Target, UrlError> {
        if url.is_empty() {
            return Err(UrlError::malformed("the URL is empty"));
        }
        refuse_controls(url)?;
        Target::from_reference(url, &Reference::split(url))
    }

    /// For the wire and for a response's effective URL: without user and password.
    pub fn full(&self) -> String {
        match &self.query {
            Some(query) => format!("{}{}?{query}", self.origin, self.path),
            None => format!("{}{}", self.origin, self.path),
        }
    }

    /// For details and log lines: a query may hold secrets, so it is left out too.
    pub fn shown(&self) -> String {
        printable(format!("{}{}", self.origin, self.path).as_bytes(), MAX_SHOWN)
    }

    /// A space becomes `%20`, which every server understands; `+` is a space to forms only.
    pub fn push_query(&mut self, name: &str, value: &str) {
        let query = self.query.get_or_insert_default();
        query.reserve(name.len() + value.len() + 2);
        if !query.is_empty() {
            query.push('&');
        }
        push_component(query, name);
        query.push('=');
        push_component(query, value);
    }

    /// Where a `Location` leads, by RFC 3986 section 5.2. User and password stay with a relative one.
    pub fn join(&self, location: &str) -> Result<Target, UrlError> {
        refuse_controls(location)?;
        let reference = Reference::split(location);
        if reference.scheme.is_some() {
            let mut target = Target::from_reference(location, &reference)?;
            target.share_origin(&self.origin);
            return Ok(target);
        }
        if let Some(authority) = reference.authority {
            let mut target = Target::from_parts(location, self.origin.https, authority, &reference)?;
            target.share_origin(&self.origin);
            return Ok(target);
        }
        let mut target = self.clone();
        if reference.path.is_empty() {
            target.query = reference.encoded_query().or(target.query);
            return Ok(target);
        }
        let mut path = String::with_capacity(self.path.len() + reference.path.len());
        if !reference.path.starts_with('/') {
            let directory = self.path.rfind('/').map_or(0, |slash| slash + 1);
            path.push_str(&self.path[..directory]);
        }
        push_encoded(&mut path, reference.path, PATH);
        target.path = without_dots(&path, Top::Stay).unwrap_or(path);
        target.query = reference.encoded_query();
        Ok(target)
    }

    fn from_reference(url: &str, reference: &Reference<'_>) -> Result<Target, UrlError> {
        let Some(scheme) = reference.scheme else { return Err(not_absolute(url)) };
        let https = scheme.eq_ignore_ascii_case("https");
        if !https && !scheme.eq_ignore_ascii_case("http") {
            return Err(wrong_scheme(scheme, reference));
        }
        match reference.authority {
            Some(authority) => Target::from_parts(url, https, authority, reference),
            None => Err(UrlError::unfetchable(format!("the URL lacks // after {}:", scheme.to_ascii_lowercase()))),
        }
    }

    fn from_parts(url: &str, https: bool, authority: &str, reference: &Reference<'_>) -> Result<Target, UrlError> {
        let (origin, userinfo) = authority::parse(https, authority, !url.contains('@'))?;
        let mut path = String::with_capacity(reference.path.len() + 1);
        if reference.path.is_empty() {
            path.push('/');
        }
        push_encoded(&mut path, reference.path, PATH);
        let path = without_dots(&path, Top::Stay).unwrap_or(path);
        Ok(Target { origin: Arc::new(origin), path, query: reference.encoded_query(), userinfo })
    }

    /// Equal origins are one object, so that comparing them later is comparing pointers first.
    fn share_origin(&mut self, other: &Arc<Origin>) {
        if self.origin == *other {
            self.origin = Arc::clone(other);
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct UrlError {
    /// HTTPC_E_INVALID_ARG (control characters, nothing there, a base URL with a query) as against HTTPC_E_URL.
    pub argument_is_malformed: bool,
    /// Never holds a query, a user name or a password.
    pub reason: String,
}

impl UrlError {
    fn malformed(reason: impl Into<String>) -> UrlError {
        UrlError { argument_is_malformed: true, reason: reason.into() }
    }

    fn unfetchable(reason: impl Into<String>) -> UrlError {
        UrlError { argument_is_malformed: false, reason: reason.into() }
    }
}

/// A URL reference in the parts of RFC 3986, not yet judged.
struct Reference<'a> {
    scheme: Option<&'a str>,
    authority: Option<&'a str>,
    path: &'a str,
    query: Option<&'a str>,
}

impl<'a> Reference<'a> {
    fn split(url: &'a str) -> Reference<'a> {
        let url = url.split_once('#').map_or(url, |(before, _)| before);
        let (before_query, query) = match url.split_once('?') {
            Some((before, query)) => (before, Some(query)),
            None => (url, None),
        };
        let (scheme, rest) = match before_query.split_once(':') {
            Some((scheme, rest)) if is_scheme(scheme) => (Some(scheme), rest),
            _ => (None, before_query),
        };
        let Some(after) = rest.strip_prefix("//") else {
            return Reference { scheme, authority: None, path: rest, query };
        };
        let (authority, path) = after.split_at(after.find('/').unwrap_or(after.len()));
        Reference { scheme, authority: Some(authority), path, query }
    }

    fn encoded_query(&self) -> Option<String> {
        self.query.map(|query| {
            let mut encoded = String::with_capacity(query.len());
            push_encoded(&mut encoded, query, QUERY);
            encoded
        })
    }
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
}

/// A leading space is refused along with them: behind it an absolute URL would pass for a path.
pub fn has_control_characters(text: &str) -> bool {
    has_control_bytes(text.as_bytes()) || !text.is_ascii() && text.chars().any(char::is_control)
}

fn refuse_controls(url: &str) -> Result<(), UrlError> {
    if let Some((at, c)) = url.char_indices().find(|(_, c)| c.is_control()) {
        let code = u32::from(c);
        return Err(UrlError::malformed(format!("the URL has a control character (U+{code:04X}) at byte {at}")));
    }
    if url.starts_with(' ') {
        return Err(UrlError::malformed("the URL begins with a space"));
    }
    Ok(())
}

fn wrong_scheme(scheme: &str, reference: &Reference<'_>) -> UrlError {
    // In `user:password@host` it would be the user's name.
    if reference.authority.is_none() && reference.path.contains('@') {
        return UrlError::unfetchable("the URL does not begin with http:// or https://");
    }
    let scheme = printable(scheme.as_bytes(), 32);
    UrlError::unfetchable(format!("the URL's scheme is {scheme}, and only http and https are fetched"))
}

fn not_absolute(url: &str) -> UrlError {
    let url = quoted_reference(url).unwrap_or_else(|| "the URL".to_owned());
    UrlError::unfetchable(format!("{url} is not an absolute URL and the client has no base URL"))
}

/// A URL that could not be read, for a reason; None if user and password could be anywhere in it.
fn quoted_reference(url: &str) -> Option<String> {
    let shown = url.split(['?', '#']).next().unwrap_or_default();
    let is_path = shown.starts_with('/') && !shown.starts_with("//");
    (is_path || !url.contains('@')).then(|| quoted(shown))
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", printable(text.as_bytes(), MAX_SHOWN))
}
