//! One line for a person out of whatever body came with an error status.

mod markup;
mod members;

use crate::text::printable;
use serde_json::Value;

/// How much of a body is looked at, and how deep its JSON may be.
const MAX_BODY: usize = 64 * 1024;
const MAX_DEPTH: usize = 64;
/// The longest detail, in characters.
const MAX_DETAIL: usize = 500;
/// Enough to tell text from other bytes.
const SNIFFED: usize = 1024;

/// The first of these that says something: a member of a JSON body, the `<Message>` of an XML one, the title of an HTML
/// one, the body itself, the status line. The type is a hint only: many servers send JSON under another one.
pub fn detail(status: u16, reason: &[u8], content_type: Option<&[u8]>, body: &[u8]) -> String {
    let media = media_type(content_type.unwrap_or_default());
    from_body(&media, body).unwrap_or_else(|| {
        let line = format!("HTTP {status} {}", String::from_utf8_lossy(reason));
        printable(line.as_bytes(), MAX_DETAIL)
    })
}

fn from_body(media: &str, body: &[u8]) -> Option<String> {
    let head = &body[..body.len().min(MAX_BODY)];
    let head = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head);
    let text = String::from_utf8_lossy(head);
    let text = text.trim();
    // A part of a JSON value is no JSON value.
    if body.len() <= MAX_BODY
        && (media.ends_with("json") || text.starts_with(['{', '[', '"']))
        && let Some(value) = parse(text)
    {
        return from_json(media, &value, text);
    }
    if markup::is_html(media, text) {
        return said(&markup::title(text)?);
    }
    if (media.ends_with("xml") || text.starts_with('<'))
        && let Some(message) = markup::message(text).as_deref().and_then(said)
    {
        return Some(message);
    }
    if is_text(media, head) { said(text) } else { None }
}

/// `text/html` out of `Text/HTML; charset=utf-8`.
fn media_type(header: &[u8]) -> String {
    let essence = header.split(|&byte| byte == b';').next().unwrap_or_default();
    String::from_utf8_lossy(essence.trim_ascii()).to_ascii_lowercase()
}

/// The text as a detail shows it, unless nothing is left of it then.
fn said(text: &str) -> Option<String> {
    let line = printable(text.as_bytes(), MAX_DETAIL);
    (!line.is_empty()).then_some(line)
}

fn parse(text: &str) -> Option<Value> {
    if depth(text) > MAX_DEPTH { None } else { serde_json::from_str(text).ok() }
}

/// The deepest nesting of brackets outside strings: seen before the parser recurses into it.
fn depth(text: &str) -> usize {
    let (mut deepest, mut depth) = (0usize, 0usize);
    walk(text, |byte, in_string| match byte {
        b'{' | b'[' if !in_string => {
            depth += 1;
            deepest = deepest.max(depth);
        }
        b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
        _ => {}
    });
    deepest
}

/// Without the white space between tokens. Members keep their order and numbers their digits, unlike in a parsed value.
fn compact(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    walk(text, |byte, in_string| {
        if in_string || !byte.is_ascii_whitespace() {
            out.push(byte);
        }
    });
    String::from_utf8_lossy(&out).into_owned()
}

/// Every byte of a JSON text, and whether it is inside a string (its quotation marks are not).
fn walk(text: &str, mut visit: impl FnMut(u8, bool)) {
    let (mut in_string, mut escaped) = (false, false);
    for byte in text.bytes() {
        let quote = byte == b'"' && !escaped;
        visit(byte, in_string && !quote);
        in_string ^= quote;
        escaped = in_string && byte == b'\\' && !escaped;
    }
}

fn from_json(media: &str, value: &Value, text: &str) -> Option<String> {
    if let Some(found) = members::detail(value, media == "application/problem+json") {
        return Some(found);
    }
    match value {
        // These say less than the status line does.
        Value::Null => None,
        Value::Object(members) if members.is_empty() => None,
        Value::Array(elements) if elements.is_empty() => None,
        Value::String(text) => said(text),
        _ => said(&compact(text)),
    }
}

/// Types that are text by name may hold a broken byte; others are shown only if they are text throughout.
fn is_text(media: &str, head: &[u8]) -> bool {
    let by_name = media.is_empty() || media.starts_with("text/") || media.ends_with("json") || media.ends_with("xml");
    if by_name {
        return true;
    }
    let sample = &head[..head.len().min(SNIFFED)];
    // The cut may go through a character: an error without a length is only that.
    let utf8 = std::str::from_utf8(sample).map_or_else(|error| error.error_len().is_none(), |_| true);
    utf8 && memchr::memchr(0, sample).is_none()
}
