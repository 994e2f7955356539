//! The base URL of a client, and the paths under it.

use super::authority::Userinfo;
use super::encode::{self, PATH, PLAIN, QUERY, Top, is, is_escape, push_encoded};
use super::{Origin, Reference, Target, UrlError, quoted_reference, refuse_controls};
use std::sync::Arc;

#[derive(Debug, Clone)]
pub struct Base {
    origin: Arc<Origin>,
    /// As given, for a URL that is a query alone.
    path: String,
    /// How much of `path` every path begins with: all but a slash at its end.
    prefix: usize,
    userinfo: Userinfo,
}

impl Base {
    /// A query or a fragment is refused: it would vanish from every URL under the base.
    pub fn parse(url: &str) -> Result<Base, UrlError> {
        if url.is_empty() {
            return Err(UrlError::malformed("the base URL is empty"));
        }
        let target = Target::parse(url).map_err(|error| name_the_base(url, error))?;
        if target.query.is_some() {
            return Err(UrlError::malformed("the base URL has a query; give it with each request instead"));
        }
        if url.contains('#') {
            return Err(UrlError::malformed("the base URL has a fragment"));
        }
        let prefix = target.path.strip_suffix('/').unwrap_or(&target.path).len();
        Ok(Base { origin: target.origin, path: target.path, prefix, userinfo: target.userinfo })
    }

    pub(super) fn of_origin(origin: Arc<Origin>) -> Base {
        Base { origin, path: "/".to_owned(), prefix: 0, userinfo: None }
    }

    pub fn origin(&self) -> &Arc<Origin> {
        &self.origin
    }

    /// User and password from the URL, decoded.
    pub fn userinfo(&self) -> Option<(&str, &str)> {
        self.userinfo.as_deref().map(|(user, password)| (user.as_str(), password.as_str()))
    }

    /// A path (with or without a slash at its beginning) or a query under the base, or an absolute URL as it is.
    ///
    /// The base's user and password go with paths only: an absolute URL may lead to another server.
    pub fn target(&self, url: &str) -> Result<Target, UrlError> {
        match self.plain_target(url) {
            Some(target) => Ok(target),
            None => self.target_of_any(url),
        }
    }

    /// `None`: a closer look is needed.
    pub(super) fn plain_target(&self, url: &str) -> Option<Target> {
        let (path, query) = url.split_at(plain(url.as_bytes())?);
        Some(self.under(path, query.strip_prefix('?').map(str::to_owned)))
    }

    fn target_of_any(&self, url: &str) -> Result<Target, UrlError> {
        refuse_controls(url)?;
        let reference = Reference::split(url);
        if reference.scheme.is_some() {
            let mut target = Target::from_reference(url, &reference)?;
            target.share_origin(&self.origin);
            return Ok(target);
        }
        if reference.authority.is_some() {
            return Err(UrlError::unfetchable(
                "a URL that begins with // names a host without a scheme; write http:// or https:// before the host, \
                 or a single / before a path",
            ));
        }
        let query = reference.encoded_query();
        if reference.path.is_empty() {
            if query.is_none() {
                return Err(UrlError::malformed("the URL has neither a path nor a query"));
            }
            return Ok(Target {
                origin: Arc::clone(&self.origin),
                path: self.path.clone(),
                query,
                userinfo: self.userinfo.clone(),
            });
        }
        let mut path = String::with_capacity(reference.path.len() + 1);
        if !reference.path.starts_with('/') {
            path.push('/');
        }
        push_encoded(&mut path, reference.path, PATH);
        match encode::without_dots(&path, Top::Refuse) {
            Some(path) => Ok(self.under(&path, query)),
            None => Err(UrlError::unfetchable("the URL's path climbs above the client's base URL with ..")),
        }
    }

    fn under(&self, path: &str, query: Option<String>) -> Target {
        let mut whole = String::with_capacity(self.prefix + 1 + path.len());
        whole.push_str(&self.path[..self.prefix]);
        if !path.starts_with('/') {
            whole.push('/');
        }
        whole.push_str(path);
        Target { origin: Arc::clone(&self.origin), path: whole, query, userinfo: self.userinfo.clone() }
    }
}

fn name_the_base(url: &str, error: UrlError) -> UrlError {
    if error.argument_is_malformed || Reference::split(url).scheme.is_some() {
        let reason = error.reason.replacen("the URL", "the base URL", 1);
        return UrlError { reason, ..error };
    }
    let name = quoted_reference(url).map_or_else(String::new, |url| format!(" {url}"));
    UrlError::unfetchable(format!("the base URL{name} does not begin with http:// or https://"))
}

/// Where the path of `url` ends, if it is one that goes under the base byte for byte; None says that it needs a closer
/// look, not that it is wrong. Nearly every request comes through here.
fn plain(url: &[u8]) -> Option<usize> {
    let rooted = match url {
        [b'/', b'/', ..] | [b'?', ..] | [] => return None,
        [b'/', ..] => true,
        _ => false,
    };
    let mut end_of_path = url.len();
    for (at, &byte) in url.iter().enumerate() {
        if is(byte, PLAIN) {
            continue;
        }
        match byte {
            b'.' if at > 0 && url[at - 1] != b'/' => {}
            // Without a slash before it, the colon may end a scheme.
            b':' if rooted => {}
            b'%' if is_escape(&url[at..]) && !is_dot(&url[at..]) => {}
            b'?' => {
                end_of_path = at;
                break;
            }
            _ => return None,
        }
    }
    let query = url.get(end_of_path + 1..).unwrap_or_default();
    let clean = query.iter().enumerate().all(|(at, &byte)| is(byte, QUERY) || is_escape(&query[at..]));
    clean.then_some(end_of_path)
}

fn is_dot(escape: &[u8]) -> bool {
    matches!(escape, [b'%', b'2', b'e' | b'E', ..])
}

#[cfg(test)]
#[path = "base_tests.rs"]
mod tests;
