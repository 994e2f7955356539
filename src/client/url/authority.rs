//! `user:password@host:port`.

use super::{Origin, UrlError};
use ::url::Host;
use percent_encoding::percent_decode_str;
use std::sync::Arc;

/// The longest name that DNS can hold, with the dot at its end.
const MAX_HOST: usize = 254;
/// A name in Unicode or in escapes is longer than its ASCII form, but never that much.
const MAX_RAW_HOST: usize = 16 * MAX_HOST;

pub(super) type Userinfo = Option<Arc<(String, String)>>;

/// `quotable`: whether a reason may repeat the host. A slash inside a password makes its beginning look like a host.
pub(super) fn parse(https: bool, authority: &str, quotable: bool) -> Result<(Origin, Userinfo), UrlError> {
    if authority.contains('\\') {
        return Err(UrlError::unfetchable("the URL has a backslash before its path"));
    }
    let (userinfo, host_and_port) = match authority.rsplit_once('@') {
        Some((userinfo, rest)) => (parse_userinfo(userinfo)?, rest),
        None => (None, authority),
    };
    let (host, port) = split_port(host_and_port)?;
    let host = parse_host(host, quotable)?;
    let port = match port {
        "" if https => 443,
        "" => 80,
        digits => parse_port(digits)?,
    };
    Ok((Origin::new(https, host, port), userinfo))
}

fn split_port(text: &str) -> Result<(&str, &str), UrlError> {
    if text.starts_with('[') {
        let end = text.find(']').ok_or_else(|| UrlError::unfetchable("the URL's IPv6 address lacks its closing ]"))?;
        let (host, rest) = text.split_at(end + 1);
        return match rest.strip_prefix(':') {
            Some(port) => Ok((host, port)),
            None if rest.is_empty() => Ok((host, "")),
            None => Err(UrlError::unfetchable("the URL has characters between its IPv6 address and its path")),
        };
    }
    let (host, port) = text.rsplit_once(':').unwrap_or((text, ""));
    if host.contains(':') {
        return Err(UrlError::unfetchable("the URL's host has several colons (an IPv6 address needs brackets)"));
    }
    Ok((host, port))
}

fn parse_port(digits: &str) -> Result<u16, UrlError> {
    // u16::from_str() takes a sign.
    let port = if digits.bytes().all(|b| b.is_ascii_digit()) { digits.parse().unwrap_or(0) } else { 0 };
    match port {
        0 => Err(UrlError::unfetchable("the URL's port is not a number from 1 to 65535")),
        port => Ok(port),
    }
}

fn parse_host(host: &str, quotable: bool) -> Result<String, UrlError> {
    if host.is_empty() {
        return Err(UrlError::unfetchable("the URL has no host"));
    }
    if host.len() > MAX_RAW_HOST {
        return Err(UrlError::unfetchable("the URL's host name is too long"));
    }
    if host.starts_with('[') && host.contains('%') {
        return Err(UrlError::unfetchable("the URL's IPv6 address has a zone, which is not supported"));
    }
    match Host::parse(host).map(|host| host.to_string()) {
        Ok(host) if host.len() > MAX_HOST => Err(UrlError::unfetchable("the URL's host name is too long")),
        Ok(host) if !host.is_empty() => Ok(host),
        _ if quotable => Err(UrlError::unfetchable(format!("{} is not a valid host name", super::quoted(host)))),
        _ => Err(UrlError::unfetchable("the URL's host name is not valid")),
    }
}

fn parse_userinfo(text: &str) -> Result<Userinfo, UrlError> {
    let (user, password) = text.split_once(':').unwrap_or((text, ""));
    let (user, password) = (decode(user)?, decode(password)?);
    if user.contains(':') {
        // RFC 7617 section 2: the server would cut the user name there.
        return Err(UrlError::unfetchable("the user name in the URL has a colon"));
    }
    Ok(if user.is_empty() && password.is_empty() { None } else { Some(Arc::new((user, password))) })
}

fn decode(text: &str) -> Result<String, UrlError> {
    let decoded = percent_decode_str(text)
        .decode_utf8()
        .map_err(|_| UrlError::unfetchable("the user name or password in the URL is not UTF-8"))?;
    // RFC 7617 section 2; the bytes end up in a header.
    if decoded.chars().any(char::is_control) {
        return Err(UrlError::unfetchable("the user name or password in the URL has a control character"));
    }
    Ok(decoded.into_owned())
}
