//! A slot: a private multi handle with one easy handle, and so at most one connection. Calls to one origin use it one
//! after the other, each on its own thread; nothing of an earlier request survives on it.

mod handles;
mod options;

use super::exchange::{self, Exchange, Fault};
use super::failure::{self, Report};
use super::header_list::HeaderList;
use super::settings::Settings;
use super::sockets::{self, Sockets};
use super::sys;
use crate::client::machine::{AttemptEnd, Progress};
use crate::client::response::{Phase, Timings};
use crate::client::url::Origin;
use crate::error::{Code, Error, Result};
use crate::transport::Outgoing;
use curl::easy::Easy2;
use curl_sys as ffi;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::{AsRawFd, BorrowedFd, RawFd};
use rustix::net::RecvFlags;
use std::ffi::{CStr, c_char, c_int, c_long, c_void};
use std::net::{IpAddr, SocketAddr};
use std::ptr;
use std::sync::Arc;

/// What became of an idle connection meanwhile.
#[derive(Debug, PartialEq, Eq)]
enum Idle {
    /// There is none.
    Absent,
    Quiet,
    /// Bytes wait on it: TLS session tickets, or an answer that nobody asked for.
    Talking,
    Closed,
}

pub struct Slot {
    // Dropped in this order: the easy handle before its multi (a crash otherwise), sockets and share after both.
    easy: Easy2<Exchange>,
    multi: handles::Multi,
    sockets: Arc<Sockets>,
    url: handles::Url,
    headers: HeaderList,
    /// libcurl reads the body in place.
    body: Option<Arc<[u8]>>,
    /// The request target that libcurl was given last.
    target: Vec<u8>,
    /// What libcurl was given last is a GET without a body.
    is_plain_get: bool,
    settings: Arc<Settings>,
    origin: Arc<Origin>,
    /// No proxy is in between that would read the request.
    is_direct: bool,
    running: bool,
    /// The connection that stayed open after the last attempt.
    socket: Option<RawFd>,
    peer: Option<SocketAddr>,
    uploaded: u64,
    spoiled: bool,
}

// SAFETY: a slot is used by one thread at a time, which is all that libcurl asks of a handle; what slots share locks itself.
unsafe impl Send for Slot {}

impl Slot {
    pub fn new(origin: &Arc<Origin>, settings: &Arc<Settings>) -> Result<Slot> {
        let sockets = Arc::<Sockets>::default();
        let exchange = Exchange::new(settings.trust_for(origin)?, settings.counts.clone(), sockets.clone());
        let (multi, url) = (handles::Multi::new()?, handles::Url::new()?);
        let mut slot = Slot {
            easy: Easy2::new(exchange),
            multi,
            sockets,
            url,
            headers: HeaderList::default(),
            body: None,
            target: Vec::new(),
            is_plain_get: false,
            settings: settings.clone(),
            origin: origin.clone(),
            is_direct: !settings.shows_requests_to_proxy(origin),
            running: false,
            socket: None,
            peer: None,
            uploaded: 0,
            spoiled: false,
        };
        slot.easy.get_mut().easy = ptr::NonNull::new(slot.easy.raw());
        slot.set_constants();
        Ok(slot)
    }

    /// Whether an idle connection is open on it.
    pub fn is_connected(&self) -> bool {
        self.socket.is_some()
    }

    /// A handle in doubt is not used again: a lookup or a panic may have left something behind.
    pub fn is_spoiled(&self) -> bool {
        self.spoiled || self.running
    }

    pub fn exchange(&mut self) -> &mut Exchange {
        self.easy.get_mut()
    }

    /// Starts an attempt. `resend_is_safe`: the request may reach the server twice without harm.
    pub fn begin(&mut self, out: &Outgoing<'_>, fresh_connection: bool, resend_is_safe: bool) -> Result<()> {
        let fresh = fresh_connection
            || match self.idle_connection() {
                Idle::Absent | Idle::Quiet => false,
                Idle::Talking => !(self.origin.https && resend_is_safe),
                Idle::Closed => true,
            };
        if fresh && self.is_connected() {
            self.drop_connection()?; // and so a new one has to be opened
        }
        self.easy.get_mut().reset(out.method.as_str() == "HEAD", out.max_headers, out.max_body);
        self.uploaded = 0;
        self.set_request(out)?;
        // SAFETY: both handles are ours, and the easy one is in no multi.
        let added = unsafe { ffi::curl_multi_add_handle(self.multi.raw(), self.easy.raw()) };
        if added != ffi::CURLM_OK {
            self.spoiled = true;
            return Err(Error::new(Code::HTTPC_E_RESOURCE, format!("libcurl took no transfer (CURLMcode {added})")));
        }
        self.running = true;
        Ok(())
    }

    /// Drives the attempt as far as it goes without waiting. The CURLcode once it has ended.
    pub fn advance(&mut self) -> Option<ffi::CURLcode> {
        let (mut running, mut left): (c_int, c_int) = (0, 0);
        // SAFETY: our own handles; the message is read before the next call into libcurl.
        unsafe {
            let outcome = ffi::curl_multi_perform(self.multi.raw(), &mut running);
            if outcome != ffi::CURLM_OK && outcome != ffi::CURLM_CALL_MULTI_PERFORM {
                self.spoiled = true;
                return Some(if outcome == ffi::CURLM_OUT_OF_MEMORY {
                    ffi::CURLE_OUT_OF_MEMORY
                } else {
                    ffi::CURLE_FAILED_INIT
                });
            }
            if running > 0 {
                return None;
            }
            let message = ffi::curl_multi_info_read(self.multi.raw(), &mut left);
            // The result is the first member of a union that curl-sys declares as a pointer.
            (!message.is_null()).then(|| *(&raw const (*message).data).cast::<ffi::CURLcode>())
        }
    }

    /// Waits for the connection, for one of `others` to become readable, or for `us` microseconds (`None`: no limit). Says
    /// whether the connection has something to do.
    pub fn wait(&self, others: &[BorrowedFd<'_>], us: Option<u64>) -> bool {
        if let Some(socket) = self.answering_socket() {
            return wait_for_answer(socket, others, us);
        }
        let mut fds = [const { ffi::curl_waitfd { fd: -1, events: ffi::CURL_WAIT_POLLIN, revents: 0 } }; MOST_OTHERS];
        let count = others.len().min(fds.len());
        for (entry, other) in fds.iter_mut().zip(others) {
            entry.fd = other.as_raw_fd();
        }
        // Rounded up: a timer that fires early would find that nothing has happened yet.
        let ms = us.map_or(c_int::MAX, |us| c_int::try_from(us.div_ceil(1000)).unwrap_or(c_int::MAX));
        let mut ready: c_int = 0;
        // SAFETY: the array lives through the call and its length is told.
        unsafe { ffi::curl_multi_poll(self.multi.raw(), fds.as_mut_ptr(), count as u32, ms, &mut ready) };
        ready > fds[..count].iter().filter(|fd| fd.revents != 0).count() as c_int
    }

    /// The connection, when all that libcurl waits for is the answer on it: the whole request has gone out. Then poll()
    /// does at a tenth of what curl_multi_poll() costs. TLS may want to write at any time.
    fn answering_socket(&self) -> Option<BorrowedFd<'_>> {
        let waits = self.easy.get_ref().fired > 0 && self.is_direct && !self.origin.https;
        // Of a transfer that still has something to send libcurl keeps no such time: even a small head may go out in parts.
        if !waits || self.info_off_t(sys::CURLINFO_POSTTRANSFER_TIME_T) == 0 {
            return None;
        }
        // SAFETY: libcurl keeps it open while nobody drives this slot.
        self.sockets.only().map(|socket| unsafe { BorrowedFd::borrow_raw(socket) })
    }

    /// How far the attempt is, and a count of bytes that grows when it gets on.
    pub fn progress(&mut self) -> (Progress, u64) {
        let exchange = self.easy.get_ref();
        let received = exchange.received;
        if exchange.fired == 0 {
            return (Progress::Connecting, 0);
        }
        let length = self.body.as_ref().map_or(0, |body| body.len() as u64);
        if self.uploaded < length {
            self.uploaded = self.info_off_t(sys::CURLINFO_SIZE_UPLOAD_T);
        }
        let answered = self.easy.get_ref().head_done;
        let progress = if self.uploaded < length && !answered { Progress::Sending } else { Progress::Waiting };
        (progress, received + self.uploaded)
    }

    /// Ends the attempt, complete or not, and says what is known of it. `curl_code`: what [`Slot::advance`] returned.
    pub fn finish(&mut self, curl_code: Option<ffi::CURLcode>) -> AttemptEnd {
        let new_connection = self.easy.get_ref().opened > 0;
        self.note_connection(new_connection);
        // SAFETY: the handle is in this multi.
        unsafe { ffi::curl_multi_remove_handle(self.multi.raw(), self.easy.raw()) };
        self.socket = curl_code.and_then(|_| self.sockets.only());
        self.running = false;
        self.body = None;
        let timings = self.timings(new_connection);
        let end = self.describe(curl_code, new_connection, timings);
        // An unfinished lookup goes on in libcurl's thread.
        self.spoiled |= curl_code.is_none() && self.is_looking_up();
        self.spoiled |= matches!(self.easy.get_ref().fault, Some(Fault::Panic(_)));
        end
    }

    /// A running attempt that has not come to an address yet.
    fn is_looking_up(&self) -> bool {
        self.easy.get_ref().opened == 0 && self.easy.get_ref().fired == 0
    }

    fn describe(&mut self, curl_code: Option<ffi::CURLcode>, new_connection: bool, timings: Timings) -> AttemptEnd {
        let failure = match curl_code {
            None if self.is_looking_up() => failure::of_unfinished_lookup(),
            // Ended by the driver: the machine knows why.
            None => None,
            Some(ffi::CURLE_OK) if self.easy.get_ref().is_complete() => None,
            Some(code) => {
                let message = self.easy.take_error_buf().unwrap_or_default();
                let os_errno = self.info_long(ffi::CURLINFO_OS_ERRNO) as i32;
                let proxy = self.settings.shown_proxy(&self.origin);
                let exchange = self.easy.get_ref();
                let request_head = self.target.len() + self.headers.len();
                Report { curl_code: code, message, os_errno, exchange, origin: &self.origin, proxy, request_head }
                    .failure()
            }
        };
        let exchange = self.easy.get_mut();
        let (code, note, hopeless) = match failure {
            None => (Code::HTTPC_OK, String::new(), false),
            Some(failure) => (failure.code, failure.note, failure.hopeless),
        };
        AttemptEnd {
            code,
            curl_code: curl_code.map_or(0, |code| code as i32),
            note,
            hopeless,
            sent: exchange.fired > 0,
            heard: exchange.received > 0,
            reused: exchange.fired > 0 && !new_connection,
            peer: self.peer,
            connection_id: exchange.connection_id,
            timings,
            response: exchange
                .head_done
                .then(|| (std::mem::take(&mut exchange.head), std::mem::take(&mut exchange.body))),
        }
    }

    fn idle_connection(&self) -> Idle {
        let Some(socket) = self.socket else { return Idle::Absent };
        // SAFETY: libcurl keeps the socket open as long as nobody drives this multi, and nobody has since it was noted.
        let socket = unsafe { BorrowedFd::borrow_raw(socket) };
        match rustix::net::recv(socket, &mut [0u8; 1][..], RecvFlags::PEEK | RecvFlags::DONTWAIT) {
            Err(rustix::io::Errno::AGAIN) => Idle::Quiet,
            Ok((0, _)) | Err(_) => Idle::Closed,
            Ok(_) => Idle::Talking,
        }
    }

    /// Left to libcurl, the old connection would stay open until the new one's request ends: one more than the limits
    /// allow, and a server that serves one connection at a time would never come to the new one. It goes with its multi.
    fn drop_connection(&mut self) -> Result<()> {
        self.socket = None;
        self.spoiled = true;
        self.multi.renew()?;
        self.spoiled = false;
        self.set_multi_constants();
        Ok(())
    }

    /// Once for each connection: its socket and its peer as libcurl knows them.
    fn note_connection(&mut self, new: bool) {
        if self.easy.get_ref().fired == 0 {
            self.peer = None;
        }
        if new {
            let mut active: RawFd = -1;
            // SAFETY: the info's type is that of curl_easy_getinfo(3).
            unsafe { ffi::curl_easy_getinfo(self.easy.raw(), sys::CURLINFO_ACTIVESOCKET, &mut active as *mut RawFd) };
            self.sockets.keep_only(active);
        } else if self.peer.is_some() {
            return;
        }
        let mut ip: *const c_char = ptr::null();
        // SAFETY: the option's type is that of curl_easy_getinfo(3); the string lives until the handle's next transfer.
        let ip = unsafe {
            ffi::curl_easy_getinfo(self.easy.raw(), ffi::CURLINFO_PRIMARY_IP, &mut ip as *mut *const c_char);
            if ip.is_null() { None } else { CStr::from_ptr(ip).to_str().ok().and_then(|ip| ip.parse::<IpAddr>().ok()) }
        };
        let port = u16::try_from(self.info_long(ffi::CURLINFO_PRIMARY_PORT)).unwrap_or(0);
        self.peer = ip.map(|ip| SocketAddr::new(ip, port));
    }

    /// A reused connection is neither resolved, connected nor secured again.
    fn timings(&self, new_connection: bool) -> Timings {
        let mut timings = Timings::default();
        let all = [
            (Phase::Resolved, sys::CURLINFO_NAMELOOKUP_TIME_T),
            (Phase::Connected, sys::CURLINFO_CONNECT_TIME_T),
            (Phase::Secured, sys::CURLINFO_APPCONNECT_TIME_T),
            (Phase::Sending, sys::CURLINFO_PRETRANSFER_TIME_T),
            (Phase::FirstByte, sys::CURLINFO_STARTTRANSFER_TIME_T),
            (Phase::Done, sys::CURLINFO_TOTAL_TIME_T),
        ];
        for (phase, info) in all.into_iter().skip(if new_connection { 0 } else { 3 }) {
            timings.set(phase, self.info_off_t(info));
        }
        timings
    }

    fn info_long(&self, info: ffi::CURLINFO) -> c_long {
        let mut value: c_long = 0;
        // SAFETY: callers name infos of type long.
        unsafe { ffi::curl_easy_getinfo(self.easy.raw(), info, &mut value as *mut c_long) };
        value
    }

    fn info_off_t(&self, info: ffi::CURLINFO) -> u64 {
        let mut value: ffi::curl_off_t = 0;
        // SAFETY: callers name infos of type curl_off_t.
        unsafe { ffi::curl_easy_getinfo(self.easy.raw(), info, &mut value as *mut ffi::curl_off_t) };
        u64::try_from(value).unwrap_or(0)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        // SAFETY: our own handles; the URL handle is used by the easy handle only while a transfer runs.
        unsafe {
            if self.running {
                ffi::curl_multi_remove_handle(self.multi.raw(), self.easy.raw());
            }
            ffi::curl_easy_setopt(self.easy.raw(), sys::CURLOPT_CURLU, ptr::null_mut::<c_void>());
        }
    }
}

/// What can end a wait from outside: the client's end, and the call's token.
pub const MOST_OTHERS: usize = 2;

fn wait_for_answer(socket: BorrowedFd<'_>, others: &[BorrowedFd<'_>], us: Option<u64>) -> bool {
    let mut fds = [socket; 1 + MOST_OTHERS].map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN));
    for (entry, other) in fds[1..].iter_mut().zip(others) {
        entry.set_fd(other);
    }
    let fds = &mut fds[..1 + others.len().min(MOST_OTHERS)];
    let limit = us.map(|us| Timespec {
        tv_sec: i64::try_from(us / 1_000_000).unwrap_or(i64::MAX),
        tv_nsec: (us % 1_000_000) as i64 * 1000,
    });
    // An interrupted wait is an early one.
    poll(fds, limit.as_ref()).is_ok() && !fds[0].revents().is_empty()
}
