//! What URLs and header values are compared with: text in which `*` stands for any text, also none.

use crate::client::config::url_error;
use crate::client::url::Target;
use crate::error::Result;

/// Whether all of `text` is what `pattern` says.
pub fn matches(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut text) = text.strip_prefix(first) else { return false };
    let mut parts = rest.split('*').peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return text.ends_with(part);
        }
        let Some(at) = text.find(part) else { return false };
        text = &text[at + part.len()..];
    }
    true
}

/// A URL to be asked for.
#[derive(Clone, Debug)]
pub struct UrlPattern {
    text: String,
    /// At any origin.
    is_path: bool,
    has_query: bool,
}

impl UrlPattern {
    pub fn new(url: &str) -> Result<UrlPattern> {
        let is_path = url.starts_with('/');
        // As requests have it: lower case, no default port, encoded.
        let text = match Target::parse(url) {
            _ if is_path => url.to_owned(),
            Ok(target) => target.full(),
            Err(_) if url.contains('*') && !crate::client::url::has_control_characters(url) => url.to_owned(),
            Err(why) => return Err(url_error("url", why)),
        };
        Ok(UrlPattern { has_query: text.contains('?'), text, is_path })
    }

    /// Without a query it is for requests without one.
    pub fn wants_whole_query(&mut self) {
        self.has_query = true;
    }

    /// `url`: absolute and encoded.
    pub fn matches(&self, url: &str) -> bool {
        let url = if self.has_query { url } else { without_query(url) };
        let path = || url.splitn(4, '/').nth(3).map_or(0, |path| url.len() - path.len() - 1);
        matches(&self.text, if self.is_path { &url[path()..] } else { url })
    }

    /// Whether it is for the query alone that it does not match.
    pub fn matches_but_for_query(&self, url: &str) -> bool {
        let path = UrlPattern { text: self.shown().to_owned(), is_path: self.is_path, has_query: false };
        self.has_query && path.matches(url)
    }

    /// For details: a query may hold secrets.
    pub fn shown(&self) -> &str {
        without_query(&self.text)
    }
}

fn without_query(url: &str) -> &str {
    url.split('?').next().unwrap_or_default()
}
