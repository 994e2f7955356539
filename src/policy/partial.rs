//! What ranges and validators say (RFC 9110 sections 8.8.3, 14.1 and 14.4).

/// A Content-Range of bytes, from the first to the last of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContentRange {
    pub first: u64,
    pub last: u64,
    /// Of the whole. `None`: unknown (`*`).
    pub total: Option<u64>,
}

impl ContentRange {
    /// `None`: malformed, of another unit, or that of an unsatisfied request (`bytes */1234`).
    pub fn parse(value: &[u8]) -> Option<ContentRange> {
        let (unit, rest) = std::str::from_utf8(value).ok()?.split_once(' ')?;
        let (range, total) = rest.split_once('/')?;
        let (first, last) = range.split_once('-')?;
        let (first, last) = (number(first)?, number(last)?);
        let total = if total == "*" { None } else { Some(number(total)?) };
        let is_sound = unit.eq_ignore_ascii_case("bytes") && first <= last && total.is_none_or(|total| last < total);
        is_sound.then_some(ContentRange { first, last, total })
    }

    /// Bytes in it.
    pub fn length(&self) -> u64 {
        (self.last - self.first).saturating_add(1)
    }
}

/// Digits alone: `parse` takes a sign as well.
fn number(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

/// The ETag, if it is well-formed and strong: two responses that have it are the same byte for byte.
pub fn strong_etag(value: &[u8]) -> Option<&str> {
    let inner = value.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    // What is no ASCII is allowed there, but not every server gets it back as it was.
    inner.iter().all(|&byte| byte.is_ascii_graphic() && byte != b'"').then(|| std::str::from_utf8(value).ok())?
}
