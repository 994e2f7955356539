//! An easy handle with all that it points to: what goes out on it, and what its [`Exchange`] writes down. A slot or a shard
//! puts it into a multi handle. Nothing of an earlier request survives on it.

mod options;

use super::exchange::{Exchange, Fault};
use super::failure::{self, Report};
use super::header_list::HeaderList;
use super::kernel_buffer;
use super::raw;
use super::settings::Settings;
use super::sockets::Sockets;
use super::sys;
use super::tls_end::openssl_of;
use crate::client::body::Memory;
use crate::client::clock::Micros;
use crate::client::machine::{AttemptEnd, Progress};
use crate::client::meter::Transferred;
use crate::client::response::{Phase, Sizes, Timings};
use crate::client::url::Origin;
use crate::error::{Code, Result};
use crate::transport::{Failure, Outgoing, Payload};
use curl::easy::Easy2;
use curl_sys as ffi;
use std::ffi::{CStr, c_char, c_long, c_void};
use std::net::{IpAddr, SocketAddr};
use std::ptr::{self, NonNull};
use std::rc::Rc;
use std::sync::Arc;

/// An older libcurl sends a longer body apart from the head.
const MOST_SENT_WITH_HEAD: usize = 64 << 10;

/// The system takes so much of a body at once. With a longer one libcurl tells whenever some of it has gone out.
const MOST_SENT_AT_ONCE: u64 = 16 << 10;

pub struct Handle {
    easy: Easy2<Exchange>,
    url: Rc<raw::Url>,
    headers: HeaderList,
    /// libcurl reads the body in place.
    body: Option<Memory>,
    /// The request target that libcurl was given last.
    target: Vec<u8>,
    /// What libcurl was given last is a GET without a body.
    is_plain_get: bool,
    settings: Arc<Settings>,
    origin: Arc<Origin>,
    /// No proxy is in between that would read the request.
    is_direct: bool,
    is_fresh: bool,
    tells_progress: bool,
    keeps_connection: bool,
    accept_encoding: Option<&'static CStr>,
    uploaded: u64,
}

/// The versions of HTTP that a handle may speak.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Version {
    #[default]
    Http1,
    /// HTTP/2 where the server agrees.
    Either,
    /// HTTP/2 without asking.
    Http2,
}

impl Version {
    fn option(self) -> c_long {
        match self {
            Version::Http1 => ffi::CURL_HTTP_VERSION_1_1 as c_long,
            Version::Either => sys::CURL_HTTP_VERSION_2TLS,
            Version::Http2 => sys::CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE,
        }
    }
}

impl Handle {
    /// `url` is that of `origin`.
    pub fn new(origin: &Arc<Origin>, url: Rc<raw::Url>, settings: &Arc<Settings>) -> Result<Handle> {
        let exchange = Exchange::new(settings.secure_for(origin)?, settings.counts.clone());
        let mut handle = Handle {
            easy: Easy2::new(exchange),
            url,
            headers: HeaderList::default(),
            body: None,
            target: Vec::new(),
            is_plain_get: false,
            settings: settings.clone(),
            origin: origin.clone(),
            is_direct: !settings.shows_requests_to_proxy(origin),
            is_fresh: false,
            tells_progress: false,
            keeps_connection: true,
            accept_encoding: None,
            uploaded: 0,
        };
        handle.easy.get_mut().easy = NonNull::new(handle.easy.raw());
        handle.set_constants();
        Ok(handle)
    }

    pub fn raw(&self) -> *mut ffi::CURL {
        self.easy.raw()
    }

    pub fn exchange(&self) -> &Exchange {
        self.easy.get_ref()
    }

    pub fn exchange_mut(&mut self) -> &mut Exchange {
        self.easy.get_mut()
    }

    pub fn origin(&self) -> &Arc<Origin> {
        &self.origin
    }

    /// Who it works for, as callbacks and [`Handle::id_of`] tell it.
    pub fn set_id(&mut self, id: u32) {
        if self.easy.get_ref().id != id {
            self.easy.get_mut().id = id;
            self.pointer(ffi::CURLOPT_PRIVATE, ptr::without_provenance::<c_void>(id as usize));
        }
    }

    /// # Safety
    /// `easy` is the raw handle of a [`Handle`] that has an id.
    pub unsafe fn id_of(easy: *mut ffi::CURL) -> u32 {
        let mut id: *mut c_void = ptr::null_mut();
        unsafe { ffi::curl_easy_getinfo(easy, ffi::CURLINFO_PRIVATE, &mut id as *mut *mut c_void) };
        id.addr() as u32
    }

    /// Whether the next attempts go out on new connections.
    pub fn use_fresh_connection(&mut self, fresh: bool) {
        if self.is_fresh != fresh {
            self.is_fresh = fresh;
            self.long(ffi::CURLOPT_FRESH_CONNECT, c_long::from(fresh));
        }
    }

    /// Whether its connection may stay open when the attempt has ended.
    pub fn keep_connection(&mut self, keep: bool) {
        if self.keeps_connection != keep {
            self.keeps_connection = keep;
            self.long(ffi::CURLOPT_FORBID_REUSE, c_long::from(!keep));
        }
    }

    /// What it offers to the server.
    pub fn speak(&mut self, version: Version) {
        if self.easy.get_ref().version != version {
            self.easy.get_mut().version = version;
            self.long(ffi::CURLOPT_HTTP_VERSION, version.option());
        }
    }

    /// Its sockets are opened as those of `sockets`, which outlive every multi handle that this one is put into.
    pub fn use_sockets(&mut self, sockets: &Arc<Sockets>) {
        self.pointer(ffi::CURLOPT_CLOSESOCKETDATA, &**sockets as *const Sockets);
        self.easy.get_mut().use_sockets(sockets);
    }

    /// Makes ready for an attempt.
    pub fn prepare(&mut self, out: &Outgoing<'_>) -> Result<()> {
        self.easy.get_mut().reset(out.expected);
        self.uploaded = 0;
        self.easy.get_mut().outflow.reset(match out.body {
            Payload::Stream(length) => Some(length),
            _ => None,
        });
        self.set_request(out)
    }

    /// How far the attempt is, and a count of bytes that grows when it gets on.
    pub fn progress(&mut self) -> (Progress, u64) {
        let exchange = self.easy.get_ref();
        let received = exchange.inflow.received;
        if exchange.fired == 0 {
            return (Progress::Connecting, 0);
        }
        self.count_uploaded();
        let exchange = self.easy.get_ref();
        let (outflow, given) = (&exchange.outflow, self.given());
        let is_out = self.uploaded >= given;
        let progress = match exchange.inflow.head_done {
            _ if outflow.is_starved() && is_out => Progress::Starved,
            false if !is_out || !outflow.is_over() => Progress::Sending,
            _ => Progress::Waiting,
        };
        (progress, received + self.uploaded + outflow.given())
    }

    /// When some of the body last left the kernel's buffer. With HTTP/2 it may have been another's, and little is in there.
    pub fn last_sent(&self, now: Micros) -> Option<Micros> {
        let connection = self.easy.get_ref().connection.filter(|connection| !connection.is_http2)?;
        let idle_for = (self.given() > 0).then(|| kernel_buffer::idle_for(connection.fd)).flatten()?;
        Some(now.saturating_sub(idle_for))
    }

    /// Bytes of the body that libcurl has or will get, as far as they are known.
    fn given(&self) -> u64 {
        self.body.as_ref().map_or(self.easy.get_ref().outflow.given(), |body| body.len() as u64)
    }

    pub fn tells_progress(&self) -> bool {
        self.tells_progress
    }

    /// Bytes of the body that were out when [`Handle::progress`] was asked last.
    pub fn uploaded(&self) -> u64 {
        self.uploaded
    }

    fn count_uploaded(&mut self) {
        if self.uploaded < self.given() || !self.easy.get_ref().outflow.is_over() {
            self.uploaded = self.info_off_t(sys::CURLINFO_SIZE_UPLOAD_T);
        }
    }

    /// How far the bodies are.
    pub fn transferred(&mut self) -> Transferred {
        self.count_uploaded();
        let (exchange, given) = (self.easy.get_ref(), self.given());
        Transferred {
            // With chunks libcurl counts what frames them as well.
            uploaded: self.uploaded.min(given),
            upload_total: self.body.as_ref().map_or(exchange.outflow.total(), |_| Some(given)),
            downloaded: exchange.inflow.sizes().body,
            download_total: exchange.inflow.head.content_length,
        }
    }

    /// How long head and body of the request are, as far as they went out.
    fn sent(&mut self) -> (u64, u64) {
        let sent = u64::try_from(self.info_long(ffi::CURLINFO_REQUEST_SIZE)).unwrap_or(0);
        if self.given() == 0 {
            return (sent, 0);
        }
        self.count_uploaded();
        let counted = match &self.body {
            // It counts only what it sends together with the head.
            Some(body) if super::is_older() && body.len() >= MOST_SENT_WITH_HEAD => 0,
            None if super::is_older() => 0,
            _ => self.uploaded,
        };
        (sent.saturating_sub(counted), self.uploaded.min(self.given()))
    }

    /// Goes on with a body that libcurl waited for, once there is some of it.
    pub fn go_on_sending(&mut self) -> bool {
        let goes_on = self.easy.get_mut().outflow.has_fed_the_starved();
        if goes_on {
            // SAFETY: our own handle, in no callback. 0 is CURLPAUSE_CONT.
            unsafe { ffi::curl_easy_pause(self.easy.raw(), 0) };
        }
        goes_on
    }

    /// Whether its request went out and libcurl, unasked, waits for a connection to send it again on: the server has refused
    /// to act on it, or has gone. Seen with TLS only.
    pub fn waits_to_resend(&self) -> bool {
        let exchange = self.easy.get_ref();
        let is_unanswered = exchange.fired > 0 && exchange.inflow.received == 0 && self.origin.https;
        // SAFETY: our own handle. A transfer without a connection has no TLS session.
        is_unanswered && unsafe { openssl_of(self.easy.raw()) }.is_none()
    }

    /// Whether the whole request is on its way as plain text: then nothing but the answer is waited for.
    pub fn only_awaits_answer(&self) -> bool {
        let sent = self.easy.get_ref().fired > 0 && self.is_direct && !self.origin.https;
        // Of a transfer that still has something to send libcurl keeps no such time: even a small head may go out in parts.
        sent && self.info_off_t(sys::CURLINFO_POSTTRANSFER_TIME_T) != 0
    }

    /// A running attempt that has not come to an address yet.
    pub fn is_looking_up(&self) -> bool {
        self.easy.get_ref().opened == 0 && self.easy.get_ref().fired == 0
    }

    /// Goes on with a response that waited for room, once there is some. Whether it did; the code of an attempt that ends with
    /// what came of that.
    pub fn go_on_receiving(&mut self) -> std::result::Result<bool, ffi::CURLcode> {
        let inflow = &mut self.easy.get_mut().inflow;
        if inflow.fault.is_some() {
            return Err(ffi::CURLE_WRITE_ERROR);
        }
        if !inflow.is_held || !inflow.has_room() {
            return Ok(false);
        }
        inflow.is_held = false;
        // SAFETY: our own handle, in no callback. 0 is CURLPAUSE_CONT.
        match unsafe { ffi::curl_easy_pause(self.easy.raw(), 0) } {
            ffi::CURLE_OK => Ok(true),
            code => Err(code),
        }
    }

    /// What is known of an attempt that has ended, complete or not, and lets go of its body.
    pub fn end(&mut self, curl_code: Option<ffi::CURLcode>) -> AttemptEnd {
        let (sent_head, sent_body) = self.sent();
        self.body = None;
        self.easy.get_mut().outflow.reset(None);
        let new_connection = self.easy.get_ref().opened > 0;
        let timings = self.timings(new_connection);
        if curl_code == Some(ffi::CURLE_OK) {
            self.easy.get_mut().inflow.end();
        }
        let failure = self.failure(curl_code);
        let connection = self.easy.get_ref().connection;
        let peer = match &connection {
            None if new_connection => self.attempted_peer(),
            connection => connection.as_ref().and_then(|connection| connection.peer),
        };
        let exchange = self.easy.get_mut();
        if new_connection && exchange.fired == 0 {
            exchange.forget_unconnected();
        }
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
            heard: exchange.inflow.received > 0,
            reused: exchange.fired > 0 && !new_connection,
            shared: connection.is_some_and(|connection| connection.is_http2),
            // libcurl sends again on a new connection only what the server has refused to act on (Curl_retry_request).
            unprocessed: exchange.fault.as_deref() == Some(&Fault::Resend)
                && new_connection
                && exchange.inflow.received == 0,
            peer,
            connection_id: connection.map_or(-1, |connection| connection.id),
            timings,
            sizes: Sizes { sent_head, sent_body, ..exchange.inflow.sizes() },
            delivered: None,
            response: exchange.inflow.take(),
        }
    }

    fn failure(&mut self, curl_code: Option<ffi::CURLcode>) -> Option<Failure> {
        match curl_code {
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
        }
    }

    /// A handle in doubt is not used again: a lookup or a panic may have left something behind.
    pub fn is_spoiled_by(&self, curl_code: Option<ffi::CURLcode>) -> bool {
        // An unfinished lookup goes on in libcurl's thread.
        curl_code.is_none() && self.is_looking_up()
            || matches!(self.easy.get_ref().fault.as_deref(), Some(Fault::Panic(_)))
    }

    /// Where libcurl tried to connect to last, of an attempt that sent nothing.
    fn attempted_peer(&self) -> Option<SocketAddr> {
        let mut ip: *const c_char = ptr::null();
        // SAFETY: the option's type is that of curl_easy_getinfo(3); the string lives until the handle's next transfer.
        let ip = unsafe {
            ffi::curl_easy_getinfo(self.easy.raw(), ffi::CURLINFO_PRIMARY_IP, &mut ip as *mut *const c_char);
            if ip.is_null() { None } else { CStr::from_ptr(ip).to_str().ok().and_then(|ip| ip.parse::<IpAddr>().ok()) }
        };
        let port = u16::try_from(self.info_long(ffi::CURLINFO_PRIMARY_PORT)).unwrap_or(0);
        ip.map(|ip| SocketAddr::new(ip, port))
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

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: our own handle, in no multi any more. The URL handle goes after it.
        unsafe { ffi::curl_easy_setopt(self.easy.raw(), sys::CURLOPT_CURLU, ptr::null_mut::<c_void>()) };
    }
}
