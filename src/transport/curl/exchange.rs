//! What libcurl's callbacks write down about the attempt that runs. Nothing is decided here, and no code of the program's
//! runs inside a callback. Each callback has its own guard: an unwinding one would leave the handle locked.

use super::framing::Framing;
use super::handle::Version;
use super::settings::Counts;
use super::sockets::{Connection, Sockets, Tls};
use super::tls_end::{TlsEnd, openssl_of};
use super::trust::Trust;
use crate::client::response::{Head, standard_reason};
use crate::text;
use curl::easy::{Handler, SeekResult, WriteError};
use curl_sys::CURL;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::io::SeekFrom;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;
use std::sync::Arc;

/// Reserved at most for a body whose length the server announced: the length is only its word.
const MOST_RESERVED: u64 = 1 << 20;

pub const NO_STATUS_LINE: &str = "its first line is no status line of HTTP/1";

#[derive(Default)]
pub struct Exchange {
    trust: Option<Arc<Trust>>,
    counts: Arc<Counts>,
    sockets: Arc<Sockets>,
    /// The handle that calls back.
    pub easy: Option<NonNull<CURL>>,
    /// What is offered to the server.
    pub version: Version,
    /// The request is a HEAD.
    is_head: bool,
    /// Who opens sockets here, where several do.
    pub id: u32,
    pub max_headers: u64,
    pub body_limit: u64,

    pub head: Head,
    /// The final head is complete: its blank line came. libcurl takes headers cut off by the end of the connection for a
    /// success.
    pub head_done: bool,
    pub body: Vec<u8>,
    tls_end: Option<TlsEnd>,
    /// Header and body bytes so far.
    pub received: u64,
    header_bytes: u64,
    /// A status line has come, and the blank line that ends its head has not.
    inside_head: bool,
    /// How often a request was about to be sent (CURLOPT_PREREQFUNCTION). 0 is the proof of never sent.
    pub fired: u32,
    pub fault: Option<Fault>,
    /// Sockets opened for this attempt.
    pub opened: u32,
    /// What the request goes out on.
    pub connection: Option<Connection>,
    /// The server has sent all that it will ever send on that connection.
    pub hung_up: bool,
    touched: bool,
}

/// Why a callback made libcurl stop.
#[derive(Debug, PartialEq, Eq)]
pub enum Fault {
    BodyLimit,
    HeaderLimit,
    BadHeader(&'static str),
    /// libcurl was about to send the request again of its own accord.
    Resend,
    NoMemory,
    NoDescriptor(String),
    Panic(String),
}

/// The id of a transfer that has a thread of its own, which looks at it anyway.
const NOBODY: u32 = u32::MAX;

impl Exchange {
    pub fn new(trust: Option<Arc<Trust>>, counts: Arc<Counts>) -> Exchange {
        Exchange { trust, counts, id: NOBODY, ..Exchange::default() }
    }

    pub fn use_sockets(&mut self, sockets: &Arc<Sockets>) {
        self.sockets = sockets.clone();
    }

    /// Makes ready for the next attempt.
    pub fn reset(&mut self, is_head: bool, max_headers: u64, body_limit: u64) {
        self.is_head = is_head;
        self.max_headers = max_headers;
        self.body_limit = body_limit;
        self.head = Head::default();
        (self.head_done, self.inside_head) = (false, false);
        self.body = Vec::new();
        self.tls_end = None;
        (self.received, self.header_bytes, self.fired, self.opened) = (0, 0, 0, 0);
        (self.connection, self.hung_up, self.touched) = (None, false, false);
        self.fault = None;
    }

    /// A limit that was settled at the head: what came with the head counts as well.
    pub fn limit_body(&mut self, limit: u64) {
        self.body_limit = limit;
        self.body.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    }

    /// The driver has looked.
    pub fn settle(&mut self) {
        self.touched = false;
    }

    /// libcurl is about to send the request again.
    pub fn refuse_resend(&mut self) {
        self.stop(Fault::Resend);
    }

    fn touch(&mut self) {
        if !std::mem::replace(&mut self.touched, true) && self.id != NOBODY {
            self.sockets.touch(self.id);
        }
    }

    fn guarded<T>(&mut self, refuse: T, callback: impl FnOnce(&mut Self) -> T) -> T {
        match catch_unwind(AssertUnwindSafe(|| callback(self))) {
            Ok(value) => value,
            Err(panic) => {
                self.fault = Some(Fault::Panic(text::panic_message(&*panic)));
                refuse
            }
        }
    }

    fn stop(&mut self, fault: Fault) -> bool {
        self.fault.get_or_insert(fault);
        false
    }

    fn header_line(&mut self, line: &[u8]) -> bool {
        self.touch();
        self.received += line.len() as u64;
        self.header_bytes += line.len() as u64;
        if self.header_bytes > self.max_headers {
            return self.stop(Fault::HeaderLimit);
        }
        // A trailer; or what is left of a line that the end of the connection cut off.
        if self.head_done || !line.ends_with(b"\n") {
            return true;
        }
        if line.starts_with(b"HTTP/") {
            return match self.status_line(line) {
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

    fn end_head(&mut self) -> bool {
        match Framing::of(&self.head) {
            Ok(framing) => {
                self.head.content_length = framing.length;
                if framing.until_close && !self.is_head && self.trust.is_some() {
                    // SAFETY: libcurl is in this handle's header callback.
                    self.tls_end = self.easy.and_then(|easy| unsafe { TlsEnd::watch(easy.as_ptr()) });
                }
                true
            }
            Err(why) => self.stop(Fault::BadHeader(why)),
        }
    }

    /// What libcurl calls a success is one.
    pub fn is_complete(&self) -> bool {
        self.head_done && self.fault.is_none() && !self.is_cut_off()
    }

    /// TLS was cut off in a body that nothing but its end ends.
    pub fn is_cut_off(&self) -> bool {
        self.tls_end.as_ref().is_some_and(|end| !end.was_notified())
    }

    fn status_line(&mut self, line: &[u8]) -> Result<(), &'static str> {
        if std::mem::replace(&mut self.inside_head, true) {
            return Err("it has a second status line among its headers");
        }
        let line = line.trim_ascii_end();
        let mut parts = line["HTTP/".len()..].splitn(3, |byte| *byte == b' ');
        self.head.headers.start();
        self.head.version = match parts.next().unwrap_or_default() {
            b"1.0" => 10,
            b"1.1" => 11,
            b"2" if self.connection.is_some_and(|connection| connection.is_http2) => 20,
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

    fn body_bytes(&mut self, data: &[u8]) -> bool {
        self.touch();
        self.received += data.len() as u64;
        if self.body.is_empty() && !self.reserve_announced(data.len()) {
            return self.stop(Fault::NoMemory);
        }
        let room = self.body_limit.saturating_sub(self.body.len() as u64);
        let taken = data.len().min(usize::try_from(room).unwrap_or(usize::MAX));
        // One more for the NUL that ends the body in C.
        if self.body.try_reserve(taken + 1).is_err() {
            return self.stop(Fault::NoMemory);
        }
        self.body.extend_from_slice(&data[..taken]);
        if taken < data.len() { self.stop(Fault::BodyLimit) } else { true }
    }

    fn reserve_announced(&mut self, first: usize) -> bool {
        let announced = self.head.content_length.unwrap_or(0);
        let wanted = announced.min(self.body_limit).min(MOST_RESERVED).max((first as u64).min(self.body_limit));
        self.body.try_reserve_exact(wanted as usize + 1).is_ok()
    }

    fn open(&mut self, family: c_int, kind: c_int, protocol: c_int) -> Option<curl_sys::curl_socket_t> {
        // A new connection after the request went out could only serve to send it again.
        if self.fired > 0 {
            self.stop(Fault::Resend);
            return None;
        }
        match self.sockets.open(self.id, family, kind, protocol) {
            Ok(socket) => {
                self.opened += 1;
                Some(socket)
            }
            Err(errno @ (rustix::io::Errno::MFILE | rustix::io::Errno::NFILE | rustix::io::Errno::NOBUFS)) => {
                self.stop(Fault::NoDescriptor(errno.to_string()));
                None
            }
            Err(_) => None,
        }
    }

    /// OpenSSL's side of the connection that the handle is on.
    fn tls(&self) -> Option<Tls> {
        let easy = self.easy.filter(|_| self.trust.is_some())?;
        // SAFETY: libcurl is in a callback of this handle.
        unsafe { openssl_of(easy.as_ptr()) }.map(Tls)
    }

    /// An older libcurl does not tell of sockets that it closes before they are connected.
    pub fn forget_unconnected(&self) {
        self.sockets.forget_unconnected(self.id);
    }

    /// `peer` is asked for a new connection only.
    fn about_to_send(&mut self, peer: impl FnOnce() -> Option<SocketAddr>, local_port: c_int) -> c_int {
        self.touch();
        self.fired += 1;
        if self.fired > 1 {
            self.stop(Fault::Resend);
            return 1;
        }
        let connection = if self.opened > 0 {
            let tls = self.tls();
            let is_http2 = match self.version {
                Version::Http1 => false,
                Version::Either => tls.is_some_and(Tls::has_agreed_on_http2),
                Version::Http2 => true,
            };
            self.sockets.connected(self.id, self.counts.connection(), peer(), local_port, tls, is_http2)
        } else {
            self.counts.reuse();
            self.sockets.used_again(self.id, local_port)
        };
        self.connection = connection;
        0
    }
}

/// Digits and nothing else.
pub fn number(text: &[u8]) -> Option<i64> {
    let digit = |byte: &u8| byte.is_ascii_digit().then(|| i64::from(byte - b'0'));
    let (first, rest) = text.split_first()?;
    rest.iter().try_fold(digit(first)?, |number, byte| number.checked_mul(10)?.checked_add(digit(byte)?))
}

/// CURLOPT_HEADERFUNCTION, for each line of a head. The `curl` crate's own has a guard and a thread local more.
pub extern "C" fn header(line: *mut c_char, size: usize, count: usize, user: *mut c_void) -> usize {
    let length = size * count;
    // SAFETY: as `prereq`; the line is libcurl's until the callback returns.
    let (exchange, line) =
        unsafe { (&mut *user.cast::<Exchange>(), std::slice::from_raw_parts(line.cast::<u8>(), length)) };
    if exchange.guarded(false, |exchange| exchange.header_line(line)) { length } else { usize::MAX }
}

/// CURLOPT_PREREQFUNCTION.
pub extern "C" fn prereq(
    user: *mut c_void,
    peer: *mut c_char,
    _: *mut c_char,
    peer_port: c_int,
    local_port: c_int,
) -> c_int {
    // SAFETY: the userdata is the handle's own exchange, and libcurl runs one callback of a handle at a time.
    unsafe { &mut *user.cast::<Exchange>() }.guarded(1, |exchange| {
        let peer = || {
            // SAFETY: NULL or a string of libcurl's until the callback returns.
            let ip = if peer.is_null() { None } else { unsafe { CStr::from_ptr(peer) }.to_str().ok() };
            Some(SocketAddr::new(ip?.parse().ok()?, u16::try_from(peer_port).unwrap_or(0)))
        };
        exchange.about_to_send(peer, local_port)
    })
}

impl Handler for Exchange {
    fn write(&mut self, data: &[u8]) -> Result<usize, WriteError> {
        Ok(if self.guarded(false, |exchange| exchange.body_bytes(data)) { data.len() } else { 0 })
    }

    fn seek(&mut self, _: SeekFrom) -> SeekResult {
        SeekResult::Fail
    }

    fn open_socket(&mut self, family: c_int, kind: c_int, protocol: c_int) -> Option<curl_sys::curl_socket_t> {
        self.guarded(None, |exchange| exchange.open(family, kind, protocol))
    }

    fn ssl_ctx(&mut self, context: *mut c_void) -> Result<(), curl::Error> {
        if let Some(trust) = &self.trust {
            // SAFETY: libcurl's own context, inside its callback.
            unsafe { trust.install(context) };
        }
        Ok(())
    }
}
