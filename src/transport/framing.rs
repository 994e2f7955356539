//! What a complete head says of where its body ends, and what makes it untrustworthy: versions of libcurl differ in what
//! they let pass.

use super::inflow::number;
use crate::client::response::Head;

#[derive(Debug, PartialEq, Eq)]
pub struct Framing {
    /// Content-Length, as announced.
    pub length: Option<u64>,
    /// Nothing but the end of the connection ends the body.
    pub until_close: bool,
}

impl Framing {
    pub fn of(head: &Head) -> Result<Framing, &'static str> {
        let (mut length, mut location, mut chunked) = (None, None, false);
        for (name, value) in head.headers.iter() {
            if name.eq_ignore_ascii_case(b"content-length") {
                // RFC 9112 section 6.3: neither one that cannot be read nor one that is contradicted. libcurl takes one
                // that overflows for none at all.
                let value =
                    number(value).map(i64::unsigned_abs).filter(|value| length.is_none_or(|first| first == *value));
                length = Some(value.ok_or("its Content-Length is no number, or there are two")?);
            } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
                chunked |= is_chunked(value)?;
            } else if name.eq_ignore_ascii_case(b"location") && !value.is_empty() {
                if location.is_some_and(|first| first != value) {
                    return Err("it names several Locations");
                }
                location = Some(value);
            }
        }
        // HTTP/2 has an end of its own (RFC 9113 section 8.1).
        let without_body = matches!(head.status, ..200 | 204 | 304) || head.version >= 20;
        Ok(Framing { length, until_close: length.is_none() && !chunked && !without_body })
    }
}

/// No other coding is ever asked for (TE), so there is none to expect.
fn is_chunked(value: &[u8]) -> Result<bool, &'static str> {
    let mut chunked = false;
    let codings = value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
    for coding in codings.filter(|coding| !coding.is_empty()) {
        if coding.eq_ignore_ascii_case(b"chunked") {
            chunked = true;
        } else if !coding.eq_ignore_ascii_case(b"identity") {
            return Err("it has a Transfer-Encoding that nobody asked for");
        }
    }
    Ok(chunked)
}
