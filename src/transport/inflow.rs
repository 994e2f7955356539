//! A response as it comes in: lines of its head, bytes of its body, which it decodes. Knows nothing of where they come from.

use super::Failure;
use super::framing::Framing;
use crate::client::content::{DecodeError, Decoder};
use crate::client::response::{Head, Sizes, standard_reason};
use crate::error::Code;
use crate::text;

/// Reserved at most for a body whose length the server announced: the length is only its word.
const MOST_RESERVED: u64 = 1 << 20;

/// At most about so much of a body waits for who takes it while it comes. More than libcurl gives in one go (11 times 16 KiB), so
/// that it is paused only when nobody takes anything.
const WINDOW: usize = 256 << 10;

/// A coding adds less than this and as much again to what it is of. More than that is nothing but padding, of which a limit on
/// decoded bytes would never see the end.
const MOST_PADDING: u64 = 64 << 10;

pub const NO_STATUS_LINE: &str = "its first line is no status line of HTTP/1";

#[derive(Default)]
pub struct Inflow {
    expected: Expected,
    body_limit: u64,
    decoder: Option<Box<Decoder>>,

    pub head: Head,
    /// The final head is complete: its blank line came. Headers that were cut off are no head.
    pub head_done: bool,
    /// Decoded, and not taken yet.
    pub body: Vec<u8>,
    /// Bytes of it that were taken.
    taken: u64,
    /// Came while there was no room to decode it.
    undecoded: Vec<u8>,
    /// The decoder has more to give.
    is_cut: bool,
    /// Somebody takes the body while it comes, or may be about to.
    streams: bool,
    /// The transport was told to wait until there is room.
    pub is_held: bool,
    /// Header and body bytes so far, as they came.
    pub received: u64,
    header_bytes: u64,
    /// Body bytes that came of them.
    decoded: u64,
    /// A status line has come, and the blank line that ends its head has not.
    inside_head: bool,
    /// Nothing but the end of the connection ends the body.
    pub until_close: bool,
    pub fault: Option<Box<Fault>>,
}

/// What a response is taken for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Expected {
    /// The request is a HEAD.
    pub is_head: bool,
    /// Longest head, in bytes.
    pub max_headers: u64,
    /// Longest body, in bytes, until the head settles another limit.
    pub max_body: u64,
    /// Content codings are undone.
    pub decodes: bool,
    /// The body may be for somebody who takes it while it comes.
    pub streams: bool,
}

/// Why nothing more is taken.
#[derive(Debug, PartialEq, Eq)]
pub enum Fault {
    BodyLimit,
    HeaderLimit(u64),
    BadHeader(&'static str),
    Coding(DecodeError),
    NoMemory,
}

impl Fault {
    pub fn failure(&self) -> Failure {
        let (code, note) = match self {
            Fault::BodyLimit => (Code::HTTPC_E_BODY_TOO_LARGE, "the body is longer than the limit".to_owned()),
            Fault::HeaderLimit(limit) => {
                let note = format!("the response's headers are longer than the limit of {limit} bytes");
                (Code::HTTPC_E_HEADERS_TOO_LARGE, note)
            }
            Fault::BadHeader(why) => (Code::HTTPC_E_PROTOCOL, format!("the answer is not valid HTTP: {why}")),
            Fault::Coding(why) => (Code::HTTPC_E_DECODE, why.to_string()),
            Fault::NoMemory => (Code::HTTPC_E_RESOURCE, "no memory for the body".to_owned()),
        };
        Failure { code, note, hopeless: false }
    }
}

impl Inflow {
    /// Makes ready for the next response.
    pub fn reset(&mut self, expected: Expected) {
        let (body_limit, streams) = (expected.max_body, expected.streams);
        *self = Inflow { body_limit, streams, expected, ..Inflow::default() };
    }

    /// What was settled at the head: how long the body may be, where what came with the head counts as well, and whether
    /// somebody takes it while it comes.
    pub fn settle_body(&mut self, limit: u64, streams: bool) {
        self.body_limit = limit;
        self.streams &= streams;
        if !self.streams {
            self.body.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
            self.decode_on();
        }
    }

    /// Whether the transport may go on.
    pub fn has_room(&self) -> bool {
        !self.streams || self.body.len() < WINDOW && !self.is_cut
    }

    /// Nothing waits for who takes the body.
    pub fn is_drained(&self) -> bool {
        !self.streams || self.body.is_empty() && !self.is_cut
    }

    /// What waits, in exchange for the memory of `taken`.
    pub fn take_body(&mut self, taken: &mut Vec<u8>) {
        taken.clear();
        std::mem::swap(&mut self.body, taken);
        self.taken += taken.len() as u64;
        self.decode_on();
    }

    fn decode_on(&mut self) {
        if std::mem::take(&mut self.is_cut) {
            let rest = std::mem::take(&mut self.undecoded);
            self.coded_bytes(&rest);
        }
    }

    /// Nothing more comes, and what came is whole.
    pub fn end(&mut self) {
        if let Some(decoder) = self.decoder.take()
            && self.fault.is_none()
            && let Err(why) = decoder.finish()
        {
            self.stop(Fault::Coding(why));
        }
    }

    /// Of what came in.
    pub fn sizes(&self) -> Sizes {
        let body = self.received - self.header_bytes;
        Sizes { head: self.header_bytes, body, decoded: self.decoded, ..Sizes::default() }
    }

    /// The response as far as it has come, once its head is complete.
    pub fn take(&mut self) -> Option<(Head, Vec<u8>)> {
        self.decoder = None;
        let body = std::mem::take(&mut self.body);
        self.head_done.then(|| (std::mem::take(&mut self.head), if self.streams { Vec::new() } else { body }))
    }

    fn stop(&mut self, fault: Fault) -> bool {
        self.fault.get_or_insert_with(|| Box::new(fault));
        false
    }

    /// The next line of a head, with its end. False: take no more.
    pub fn header_line(&mut self, line: &[u8], is_http2: bool) -> bool {
        self.received += line.len() as u64;
        self.header_bytes += line.len() as u64;
        if self.header_bytes > self.expected.max_headers {
            return self.stop(Fault::HeaderLimit(self.expected.max_headers));
        }
        // What is left of a line that the end of the connection cut off.
        if !line.ends_with(b"\n") {
            return true;
        }
        if self.head_done {
            self.trailer_line(line);
            return true;
        }
        if line.starts_with(b"HTTP/") {
            return match self.status_line(line, is_http2) {
                Ok(()) => true,
                Err(why) => self.stop(Fault::BadHeader(why)),
            };
        }
        if matches!(line, b"\r\n" | b"\n") {
            self.inside_head = false;
            // An interim response's blank line does not end the head (RFC 9110 section 15.2).
            let is_final = self.head.status >= 200 || self.head.status == 101;
            self.head_done = is_final && self.end_head();
            return !is_final || self.head_done;
        }
        if !self.inside_head {
            return self.stop(Fault::BadHeader(NO_STATUS_LINE));
        }
        match self.head.headers.push_line(line) {
            Ok(()) => true,
            Err(why) => self.stop(Fault::BadHeader(why)),
        }
    }

    /// The body is whole by now, and who sent it may have meant it without trailers as well: bad ones are left out (RFC 9110
    /// section 6.5.1).
    fn trailer_line(&mut self, line: &[u8]) {
        if !matches!(line, b"\r\n" | b"\n") {
            let _ = self.head.trailers.get_or_insert_default().push_line(line);
        }
    }

    fn end_head(&mut self) -> bool {
        match Framing::of(&self.head) {
            Ok(framing) => {
                self.head.content_length = framing.length;
                self.until_close = framing.until_close && !self.expected.is_head;
                // A part of what is coded is not coded itself.
                if self.expected.decodes && !self.expected.is_head && !matches!(self.head.status, 204 | 206 | 304) {
                    self.decoder = Decoder::new(self.head.headers.get_all(b"content-encoding")).map(Box::new);
                }
                true
            }
            Err(why) => self.stop(Fault::BadHeader(why)),
        }
    }

    fn status_line(&mut self, line: &[u8], is_http2: bool) -> Result<(), &'static str> {
        if std::mem::replace(&mut self.inside_head, true) {
            return Err("it has a second status line among its headers");
        }
        let line = line.trim_ascii_end();
        let mut parts = line["HTTP/".len()..].splitn(3, |byte| *byte == b' ');
        self.head.headers.start();
        self.head.version = match parts.next().unwrap_or_default() {
            b"1.0" => 10,
            b"1.1" => 11,
            b"2" if is_http2 => 20,
            _ => 0,
        };
        if self.head.version == 0 {
            // An answer in another version than the connection speaks.
            return Err(NO_STATUS_LINE);
        }
        let status = parts.next().and_then(number).and_then(|status| u16::try_from(status).ok());
        self.head.status = status.ok_or(NO_STATUS_LINE)?;
        let reason = parts.next().unwrap_or_default();
        let standard = standard_reason(self.head.status).to_bytes();
        self.head.reason = (reason != standard).then(|| text::c_string(&text::printable(reason, 120)));
        Ok(())
    }

    /// The next bytes of the body. False: take no more.
    pub fn body_bytes(&mut self, data: &[u8]) -> bool {
        self.received += data.len() as u64;
        if self.decoder.is_some() {
            let coded = self.received - self.header_bytes;
            let is_padding = coded > self.body_limit.saturating_mul(2).saturating_add(MOST_PADDING);
            return if is_padding { self.stop(Fault::BodyLimit) } else { self.coded_bytes(data) };
        }
        if self.body.is_empty() && !self.reserve_announced(data.len()) {
            return self.stop(Fault::NoMemory);
        }
        let room = self.left();
        let taken = data.len().min(usize::try_from(room).unwrap_or(usize::MAX));
        // One more for the NUL that ends the body in C.
        if self.body.try_reserve(taken + 1).is_err() {
            return self.stop(Fault::NoMemory);
        }
        self.body.extend_from_slice(&data[..taken]);
        self.decoded += taken as u64;
        if taken < data.len() { self.stop(Fault::BodyLimit) } else { true }
    }

    /// How much longer the body may become.
    fn left(&self) -> u64 {
        self.body_limit.saturating_sub(self.taken + self.body.len() as u64)
    }

    fn coded_bytes(&mut self, mut data: &[u8]) -> bool {
        loop {
            let left = self.left();
            let Some(decoder) = &mut self.decoder else { return true };
            // One more than there is room for shows that it is too much.
            let room = usize::try_from(left.saturating_add(1)).unwrap_or(usize::MAX);
            let window = if self.streams { WINDOW.saturating_sub(self.body.len()) } else { usize::MAX };
            if window == 0 {
                (self.is_cut, self.undecoded) = (true, data.to_vec());
                return true;
            }
            let room = room.min(window);
            let before = self.body.len();
            let outcome = decoder.decode(&mut data, &mut self.body, room);
            self.decoded += (self.body.len() - before) as u64;
            match outcome {
                Err(DecodeError::NoMemory) => return self.stop(Fault::NoMemory),
                Err(why) => return self.stop(Fault::Coding(why)),
                Ok(()) if (self.body.len() - before) as u64 > left => {
                    self.body.truncate(before + left as usize);
                    return self.stop(Fault::BodyLimit);
                }
                Ok(()) if self.body.len() - before < room => return true,
                Ok(()) => {}
            }
        }
    }

    fn reserve_announced(&mut self, first: usize) -> bool {
        let announced = self.head.content_length.unwrap_or(0);
        let most = if self.streams { WINDOW as u64 } else { MOST_RESERVED };
        let wanted = announced.min(self.body_limit).min(most).max((first as u64).min(self.body_limit));
        self.body.try_reserve_exact(wanted as usize + 1).is_ok()
    }
}

/// Digits and nothing else.
pub fn number(text: &[u8]) -> Option<i64> {
    let digit = |byte: &u8| byte.is_ascii_digit().then(|| i64::from(byte - b'0'));
    let (first, rest) = text.split_first()?;
    rest.iter().try_fold(digit(first)?, |number, byte| number.checked_mul(10)?.checked_add(digit(byte)?))
}
