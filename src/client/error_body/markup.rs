//! The message in an XML or HTML body. Nothing is expanded but characters: an entity that a document defines stays as it
//! is written.

use memchr::memchr_iter;
use quick_xml::Reader;
use quick_xml::events::Event;

/// The longest reference that stands for a character here, `&#x10FFFF;`, without its ends.
const MAX_REFERENCE: usize = 8;

/// The text of the first `<Message>` that has some, in whatever namespace.
pub(super) fn message(text: &str) -> Option<String> {
    let mut reader = Reader::from_str(text);
    reader.config_mut().check_end_names = false;
    let mut message: Option<String> = None;
    loop {
        // A document that is broken further on, or cut, still has what came before.
        let event = reader.read_event().ok()?;
        match (event, &mut message) {
            (Event::Eof, _) => return None,
            (Event::Start(tag), None) if is_message(tag.local_name().as_ref()) => message = Some(String::new()),
            (Event::End(tag), found @ Some(_)) if is_message(tag.local_name().as_ref()) => {
                let found = found.take().filter(|text| !text.trim().is_empty());
                if found.is_some() {
                    return found;
                }
            }
            (Event::Text(part), Some(text)) => text.push_str(&String::from_utf8_lossy(&part)),
            (Event::CData(part), Some(text)) => text.push_str(&String::from_utf8_lossy(&part)),
            (Event::GeneralRef(name), Some(text)) => push_reference(text, &String::from_utf8_lossy(&name)),
            _ => {}
        }
    }
}

fn is_message(name: &[u8]) -> bool {
    name == b"Message"
}

pub(super) fn is_html(media: &str, text: &str) -> bool {
    let begins = |tag: &str| text.get(..tag.len()).is_some_and(|head| head.eq_ignore_ascii_case(tag));
    media == "text/html" || media == "application/xhtml+xml" || begins("<!doctype html") || begins("<html")
}

/// What stands between `<title>` and `</title>`.
pub(super) fn title(text: &str) -> Option<String> {
    let start = find_tag(text, "<title")?;
    let start = start + text.get(start..)?.find('>')? + 1;
    let rest = text.get(start..)?;
    let end = find_tag(rest, "</title")?;
    Some(unescaped(rest.get(..end)?))
}

/// Where `tag`, which begins with `<`, stands as a whole name in any case.
fn find_tag(text: &str, tag: &str) -> Option<usize> {
    memchr_iter(b'<', text.as_bytes()).find(|&at| {
        let end = at + tag.len();
        let is_tag = text.get(at..end).is_some_and(|head| head.eq_ignore_ascii_case(tag));
        is_tag
            && text.as_bytes().get(end).is_some_and(|&next| next == b'>' || next == b'/' || next.is_ascii_whitespace())
    })
}

fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        match after.split_once(';') {
            Some((name, behind)) if name.len() <= MAX_REFERENCE => {
                push_reference(&mut out, name);
                rest = behind;
            }
            _ => {
                out.push('&');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

fn push_reference(out: &mut String, name: &str) {
    match character(name) {
        Some(c) => out.push(c),
        None => {
            out.push('&');
            out.push_str(name);
            out.push(';');
        }
    }
}

/// The five that XML predefines, the one that HTML pages use most, and numbers.
fn character(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "nbsp" => Some(' '),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => number.parse(),
            };
            char::from_u32(code.ok()?)
        }
    }
}
