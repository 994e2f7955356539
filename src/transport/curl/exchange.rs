//! What libcurl's callbacks write down about the attempt that runs, the response in an [`Inflow`]. Nothing is decided here, and no code of the program's
//! runs inside a callback. Each callback has its own guard: an unwinding one would leave the handle locked.

use super::handle::Version;
use super::secure::Secure;
use super::settings::Counts;
use super::sockets::{Connection, Sockets, Tls};
use super::tls_end::{TlsEnd, openssl_of};
use crate::text;
use crate::transport::inflow::{Expected, Inflow};
use crate::transport::outflow::Outflow;
use curl::easy::{Handler, ReadError, SeekResult, WriteError};
use curl_sys::CURL;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::io::SeekFrom;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;
use std::sync::Arc;

#[derive(Default)]
pub struct Exchange {
    /// Where there is TLS, to the server or to its proxy.
    secure: Option<Secure>,
    counts: Arc<Counts>,
    sockets: Arc<Sockets>,
    /// The handle that calls back.
    pub easy: Option<NonNull<CURL>>,
    /// What is offered to the server.
    pub version: Version,
    /// Who opens sockets here, where several do.
    pub id: u32,
    pub inflow: Inflow,
    pub outflow: Outflow,
    tls_end: Option<TlsEnd>,
    /// How often a request was about to be sent (CURLOPT_PREREQFUNCTION). 0 is the proof of never sent.
    pub fired: u32,
    pub fault: Option<Box<Fault>>,
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
    /// libcurl was about to send the request again of its own accord.
    Resend,
    NoDescriptor(String),
    Panic(String),
}

/// The id of a transfer that has a thread of its own, which looks at it anyway.
const NOBODY: u32 = u32::MAX;

impl Exchange {
    pub fn new(secure: Option<Secure>, counts: Arc<Counts>) -> Exchange {
        Exchange { secure, counts, id: NOBODY, ..Exchange::default() }
    }

    pub fn use_sockets(&mut self, sockets: &Arc<Sockets>) {
        self.sockets = sockets.clone();
    }

    /// Makes ready for the next attempt.
    pub fn reset(&mut self, expected: Expected) {
        self.inflow.reset(expected);
        self.tls_end = None;
        (self.fired, self.opened) = (0, 0);
        (self.connection, self.hung_up, self.touched) = (None, false, false);
        self.fault = None;
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
                self.fault = Some(Box::new(Fault::Panic(text::panic_message(&*panic))));
                refuse
            }
        }
    }

    fn stop(&mut self, fault: Fault) -> bool {
        self.fault.get_or_insert_with(|| Box::new(fault));
        false
    }

    fn header_line(&mut self, line: &[u8]) -> bool {
        self.touch();
        let is_http2 = self.connection.is_some_and(|connection| connection.is_http2);
        let goes_on = self.inflow.header_line(line, is_http2);
        if self.inflow.until_close && self.tls_end.is_none() && self.secure.is_some() {
            // SAFETY: libcurl is in this handle's header callback.
            self.tls_end = self.easy.and_then(|easy| unsafe { TlsEnd::watch(easy.as_ptr()) });
        }
        goes_on
    }

    /// What libcurl calls a success is one.
    pub fn is_complete(&self) -> bool {
        self.inflow.head_done && self.inflow.fault.is_none() && self.fault.is_none() && !self.is_cut_off()
    }

    /// TLS was cut off in a body that nothing but its end ends.
    pub fn is_cut_off(&self) -> bool {
        self.tls_end.as_ref().is_some_and(|end| !end.was_notified())
    }

    fn body_bytes(&mut self, data: &[u8]) -> bool {
        self.touch();
        self.inflow.body_bytes(data)
    }

    fn take_body(&mut self, into: &mut [u8]) -> Result<usize, ReadError> {
        self.touch();
        self.outflow.take(into).ok_or(ReadError::Pause)
    }

    /// libcurl rewinds only what it sends again. An older one may do it before the first byte, if it was about to send the
    /// handle's last request again.
    fn rewind(&mut self) -> SeekResult {
        if !self.outflow.is_begun() {
            return SeekResult::Ok;
        }
        self.refuse_resend();
        SeekResult::Fail
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
        let easy = self.easy.filter(|_| self.secure.is_some())?;
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
        let tls = connection.and_then(|connection| connection.tls());
        self.inflow.head.secured = self.secure.as_ref().zip(tls).and_then(|(secure, tls)| secure.describe(tls));
        0
    }
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
        if !self.inflow.has_room() {
            self.inflow.is_held = true;
            return Err(WriteError::Pause);
        }
        Ok(if self.guarded(false, |exchange| exchange.body_bytes(data)) { data.len() } else { 0 })
    }

    fn read(&mut self, into: &mut [u8]) -> Result<usize, ReadError> {
        self.guarded(Err(ReadError::Abort), |exchange| exchange.take_body(into))
    }

    /// CURLOPT_PROGRESSFUNCTION, each time that libcurl has done something for the transfer.
    fn progress(&mut self, _: f64, _: f64, _: f64, _: f64) -> bool {
        self.touch();
        true
    }

    fn seek(&mut self, _: SeekFrom) -> SeekResult {
        self.guarded(SeekResult::Fail, Exchange::rewind)
    }

    fn open_socket(&mut self, family: c_int, kind: c_int, protocol: c_int) -> Option<curl_sys::curl_socket_t> {
        self.guarded(None, |exchange| exchange.open(family, kind, protocol))
    }

    fn ssl_ctx(&mut self, context: *mut c_void) -> Result<(), curl::Error> {
        let is_done = self.guarded(false, |exchange| match (&exchange.secure, exchange.easy) {
            // SAFETY: libcurl's own context, inside this handle's callback.
            (Some(secure), Some(easy)) => unsafe { secure.install(easy.as_ptr(), context) },
            _ => true,
        });
        // What was checked when the client was made fails for want of memory only.
        if is_done { Ok(()) } else { Err(curl::Error::new(curl_sys::CURLE_OUT_OF_MEMORY)) }
    }
}
