//! Which characters may stand where in a URL (RFC 3986), and how the others are written.

pub(super) const UNRESERVED: u8 = 1;
/// May stand in a path, its slashes included.
pub(super) const PATH: u8 = 2;
/// May stand in a query.
pub(super) const QUERY: u8 = 4;
/// May stand in a path and never means anything more there: no dot segment, no scheme, no escape.
pub(super) const PLAIN: u8 = 8;

/// The one place that knows; the fast path and the general one read the same table.
static CLASSES: [u8; 256] = classes();

const fn classes() -> [u8; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let b = byte as u8;
        table[byte] = match b {
            b'.' => UNRESERVED | PATH | QUERY,
            b'-' | b'_' | b'~' => UNRESERVED | PATH | QUERY | PLAIN,
            b':' => PATH | QUERY,
            b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=' | b'@' | b'/' => {
                PATH | QUERY | PLAIN
            }
            b'?' => QUERY,
            _ if b.is_ascii_alphanumeric() => UNRESERVED | PATH | QUERY | PLAIN,
            _ => 0,
        };
        byte += 1;
    }
    table
}

#[inline]
pub(super) fn is(byte: u8, class: u8) -> bool {
    CLASSES[usize::from(byte)] & class != 0
}

/// Whether `rest`, which begins with `%`, begins with an escape.
pub(super) fn is_escape(rest: &[u8]) -> bool {
    matches!(rest, [b'%', high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit())
}

/// Escapes that are there already stay, so that a URL copied from elsewhere is not encoded twice.
pub(super) fn push_encoded(out: &mut String, text: &str, class: u8) {
    let bytes = text.as_bytes();
    for (at, &byte) in bytes.iter().enumerate() {
        if is(byte, class) || is_escape(&bytes[at..]) {
            out.push(char::from(byte));
        } else {
            push_escape(out, byte);
        }
    }
}

/// For a name or a value, which may hold anything: `%` itself is encoded too.
pub(super) fn push_component(out: &mut String, text: &str) {
    for byte in text.bytes() {
        if is(byte, UNRESERVED) {
            out.push(char::from(byte));
        } else {
            push_escape(out, byte);
        }
    }
}

fn push_escape(out: &mut String, byte: u8) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    out.push('%');
    out.push(char::from(HEX[usize::from(byte >> 4)]));
    out.push(char::from(HEX[usize::from(byte & 15)]));
}

/// What `..` does at the top.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Top {
    /// Nothing, as RFC 3986 section 5.2.4 has it.
    Stay,
    /// It is an error: the path would leave the base.
    Refuse,
}

/// `path`, which begins with a slash, without dot segments. None when it climbs above its beginning and may not.
pub(super) fn without_dots(path: &str, top: Top) -> Option<String> {
    let mut out = String::with_capacity(path.len());
    let mut ends_in_dots = false;
    for segment in path.split('/').skip(1) {
        let dots = dots(segment);
        ends_in_dots = dots > 0;
        match dots {
            0 => {
                out.push('/');
                out.push_str(segment);
            }
            1 => {}
            _ => match out.rfind('/') {
                Some(slash) => out.truncate(slash),
                None if top == Top::Stay => {}
                None => return None,
            },
        }
    }
    if ends_in_dots || out.is_empty() {
        out.push('/');
    }
    Some(out)
}

/// 1 for `.`, 2 for `..`, 0 for any other segment. `%2E` is a dot: many servers decode it before they resolve the path.
fn dots(segment: &str) -> usize {
    let (mut rest, mut dots) = (segment, 0);
    while !rest.is_empty() {
        let escaped = rest.get(..3).is_some_and(|head| head.eq_ignore_ascii_case("%2e"));
        let Some(after) = (if escaped { rest.get(3..) } else { rest.strip_prefix('.') }) else { return 0 };
        (rest, dots) = (after, dots + 1);
    }
    if dots > 2 { 0 } else { dots }
}
