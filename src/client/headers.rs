//! What a caller may send as method, header name and header value, and the headers that came back.

mod map;

pub use map::HeaderMap;

use crate::text::printable;

/// RFC 9110 section 5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

fn check_token(what: &str, text: &str) -> Result<(), String> {
    if text.is_empty() {
        return Err(format!("the {what} is empty"));
    }
    match text.char_indices().find(|(_, c)| !u8::try_from(*c).is_ok_and(is_token)) {
        None => Ok(()),
        Some((at, c)) => {
            let shown = printable(text.as_bytes(), 60);
            Err(format!("the {what} \"{shown}\" may not have {} (byte {at})", describe(c)))
        }
    }
}

fn describe(c: char) -> String {
    match c {
        ' ' => "a space".to_owned(),
        '\t' => "a tab".to_owned(),
        '\r' => "a carriage return".to_owned(),
        '\n' => "a line feed".to_owned(),
        '\0' => "a NUL".to_owned(),
        c if c.is_ascii_graphic() => format!("the character {c}"),
        c => format!("the character U+{:04X}", u32::from(c)),
    }
}

/// A header's name is a token (RFC 9110 section 5.1).
pub fn check_name(name: &str) -> Result<(), String> {
    check_token("header name", name)
}

/// A header's value (RFC 9110 section 5.5): no control characters but tabs. Bytes from 0x80 may stand in it as they are.
///
/// White space around it is no error: send [`trim_value`] of it, as the receiver would read it. The reason never repeats
/// the value, which may be a secret.
pub fn check_value(value: &[u8]) -> Result<(), String> {
    match value.iter().position(|&byte| byte != b'\t' && byte.is_ascii_control()) {
        None => Ok(()),
        Some(at) => Err(format!("the header value may not have {} (byte {at})", describe(char::from(value[at])))),
    }
}

/// `value` without the spaces and tabs around it.
pub fn trim_value(value: &[u8]) -> &[u8] {
    // One comparison for what is mostly there.
    let is_text = |byte: &u8| *byte > b' ' || !matches!(byte, b' ' | b'\t');
    let Some(start) = value.iter().position(is_text) else { return &value[..0] };
    let end = value.iter().rposition(is_text).map_or(start, |last| last + 1);
    &value[start..end]
}

/// A method is a token (RFC 9110 section 9.1) and goes out as it is: methods are case-sensitive.
pub fn check_method(method: &str) -> Result<(), String> {
    check_token("method", method)?;
    if method.eq_ignore_ascii_case("CONNECT") {
        return Err(
            "the method CONNECT opens a tunnel through a proxy and is no request to a server; set a proxy instead"
                .to_owned(),
        );
    }
    Ok(())
}

/// Headers that say how a message is framed or how its connection is used: a value that contradicts what the library does
/// would let the server read another request than was meant.
const OWNED: [(&str, &str); 12] = [
    ("Content-Length", "is computed from the body"),
    ("Transfer-Encoding", "follows from the body: a length that is not known is sent chunked"),
    ("Trailer", "announces trailers, which are not sent"),
    ("Connection", "belongs to the connection, which the library manages"),
    ("Keep-Alive", "belongs to the connection, which the library manages"),
    ("Proxy-Connection", "belongs to the connection, which the library manages"),
    ("Upgrade", "would change the protocol under the library"),
    ("HTTP2-Settings", "would change the protocol under the library"),
    ("TE", "offers transfer codings, which the library does not decode"),
    ("Expect", "would make the library wait for an interim answer that many servers never send"),
    ("Proxy-Authorization", "would go to the server; put the user and password into the proxy's URL"),
    ("Proxy-Authenticate", "is an answer of a proxy"),
];

/// Why a caller may not set the header `name`, as the end of a sentence that begins with that name. `Host` is not among
/// them: it may name another virtual host than the URL does.
pub fn owned_by_library(name: &str) -> Option<&'static str> {
    OWNED.iter().find(|(owned, _)| owned.eq_ignore_ascii_case(name)).map(|(_, reason)| *reason)
}
