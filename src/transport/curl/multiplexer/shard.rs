//! A multi handle for some of the connections to one origin.
//!
//! libcurl does not look at a connection again that it used within the last second, and would send a request on one that
//! the server has closed meanwhile. The poller tells of that at once; the shard is then left alone until libcurl looks.

use super::poller::{Poller, READ, WRITE};
use super::uploads::Uploads;
use crate::client::clock::Micros;
use crate::client::machine::Progress;
use crate::client::url::Origin;
use crate::error::Result;
use crate::transport::Outgoing;
use crate::transport::curl::handle::Handle;
use crate::transport::curl::idle::IdleInShards;
use crate::transport::curl::settings::Settings;
use crate::transport::curl::sockets::{Home, Sockets};
use crate::transport::curl::{raw, sys};
use curl_sys as ffi;
use rustix::fd::RawFd;
use std::cell::Cell;
use std::ffi::{c_int, c_long, c_void};
use std::sync::Arc;

/// Connections of one shard: fewer make libcurl's search for an idle one shorter, more share the memory of a multi handle. So each
/// further shard of an origin gets more.
const FEWEST_CONNECTIONS: u32 = 16;
const MOST_CONNECTIONS: u32 = 256;

/// The longest answer of which libcurl reads what comes right behind it in the same step.
const SHORT: u64 = 4096;

/// At once on one connection, where the server allows as many.
const MOST_STREAMS: c_long = 1000;

/// Between two looks at the transfers of a shared connection.
const LOOKS: Micros = 20_000;

/// For so long libcurl trusts a connection without a look (CPOOL's `lastchecked`), and a little more.
const TRUSTED: Micros = 1_100_000;

pub struct Shard {
    // Dropped in this order: the multi handle calls back into what follows.
    multi: raw::Multi,
    sockets: Arc<Sockets>,
    hook: Box<Hook>,
    origin: Arc<Origin>,
    /// Transfers in it.
    busy: u32,
    /// Those of them that have not been driven yet: libcurl has not chosen their connections.
    starting: u32,
    /// Those of these that will take an idle one.
    pub taking: u32,
    /// It stands in the list of those that are driven next.
    pub is_runnable: bool,
    /// The turn of the multiplexer in which it was driven without an event last.
    pub driven_in: u64,
    /// When libcurl may be trusted with its idle connections again.
    avoid_until: Micros,
    /// For so many connections.
    room: u32,
    /// What CURLMOPT_MAXCONNECTS was set to last.
    most_connections: c_long,
    keeps_none: bool,
    /// One connection for all, many transfers at once.
    is_http2: bool,
    /// Connections that were opened before the last step.
    opened: u32,
    /// When to look at its transfers next.
    look_at: Micros,
    uploads: Uploads,
}

/// The userdata of the multi handle's callbacks.
struct Hook {
    poller: Arc<Poller>,
    number: u32,
    /// As of the last call into the multi handle.
    now: Cell<Micros>,
    /// When libcurl wants to be driven without an event: 0 at once, `Micros::MAX` not at all.
    due: Cell<Micros>,
}

impl Shard {
    /// Beside so many `others` of the origin.
    pub fn new(
        number: u32,
        origin: &Arc<Origin>,
        settings: &Settings,
        poller: &Arc<Poller>,
        idle: &Arc<IdleInShards>,
        max_idle: u32,
        others: u32,
    ) -> Result<Shard> {
        let home = Home { poller: poller.clone(), shard: number, idle: idle.at(origin) };
        let mut shard = Shard {
            multi: raw::Multi::to(origin, settings)?,
            sockets: Arc::new(Sockets::of_shard(home)),
            hook: Box::new(Hook { poller: poller.clone(), number, now: Cell::new(0), due: Cell::new(Micros::MAX) }),
            origin: origin.clone(),
            busy: 0,
            starting: 0,
            taking: 0,
            is_runnable: false,
            driven_in: 0,
            avoid_until: 0,
            room: (FEWEST_CONNECTIONS + others + others * others / 64).min(MOST_CONNECTIONS),
            most_connections: 0,
            keeps_none: max_idle == 0,
            is_http2: false,
            opened: 0,
            look_at: 0,
            uploads: Uploads::default(),
        };
        shard.set_callbacks();
        shard.limit_connections(c_long::from(u16::MAX));
        Ok(shard)
    }

    /// For HTTP/2: one connection, which every transfer shares or waits for.
    pub fn share_one_connection(&mut self) {
        self.is_http2 = true;
        // Without it libcurl would open another connection for each transfer above the server's limit of streams.
        self.multi.long(ffi::CURLMOPT_MAX_HOST_CONNECTIONS, 1);
        self.await_settings();
    }

    /// Until its SETTINGS come, libcurl takes for the server's limit what ours was when the connection was made: one, or a
    /// server that takes few would refuse what comes too early (RFC 9113 section 3.4).
    fn await_settings(&mut self) {
        self.opened = self.sockets.opened();
        let has_connection = self.sockets.alive() > 0 && self.opened > 0;
        self.multi.long(sys::CURLMOPT_MAX_CONCURRENT_STREAMS, if has_connection { MOST_STREAMS } else { 1 });
    }

    fn set_callbacks(&self) {
        let hook = ptr_of(&self.hook);
        // SAFETY: callbacks of the types that these options want; their userdata outlives the multi handle.
        unsafe {
            let multi = self.multi.raw();
            ffi::curl_multi_setopt(multi, ffi::CURLMOPT_SOCKETFUNCTION, on_socket as sys::SocketCallback);
            ffi::curl_multi_setopt(multi, ffi::CURLMOPT_SOCKETDATA, hook);
            ffi::curl_multi_setopt(multi, ffi::CURLMOPT_TIMERFUNCTION, on_timer as sys::TimerCallback);
            ffi::curl_multi_setopt(multi, ffi::CURLMOPT_TIMERDATA, hook);
        }
        self.multi.long(sys::CURLMOPT_RESOLVE_THREADS_MAX, 4);
        self.multi.long(sys::CURLMOPT_MAX_CONCURRENT_STREAMS, 1);
    }

    pub fn number(&self) -> u32 {
        self.hook.number
    }

    pub fn origin(&self) -> &Arc<Origin> {
        &self.origin
    }

    /// Before a call into libcurl that may set its timer.
    pub fn enter(&self, now: Micros) {
        self.hook.now.set(now);
    }

    /// Puts an attempt in, to be driven soon.
    pub fn start(&mut self, now: Micros, handle: &mut Handle, out: &Outgoing<'_>) -> Result<()> {
        self.hook.now.set(now);
        if self.is_http2 && self.sockets.alive() == 0 {
            self.await_settings();
        }
        handle.use_sockets(&self.sockets);
        handle.keep_connection(!self.keeps_none);
        handle.prepare(out)?;
        if let Err(error) = self.multi.add(handle.raw()) {
            // libcurl has given the handle up.
            self.give_up();
            return Err(error);
        }
        self.busy += 1;
        self.starting += 1;
        Ok(())
    }

    pub fn end(&mut self, now: Micros, id: u32, handle: &Handle) {
        self.hook.now.set(now);
        self.uploads.end(id);
        self.multi.remove(handle.raw());
        self.busy -= 1;
        if let Some(connection) = &handle.exchange().connection {
            self.sockets.released(connection, now);
            // What came with the answer or right behind it was an event of the transfer's. With a short plain answer libcurl
            // has read all of it at once.
            let exchange = handle.exchange();
            let has_read_all = !self.origin.https && exchange.inflow.received <= SHORT && !exchange.hung_up;
            if !(has_read_all && exchange.is_complete()) {
                self.check_idle(now, connection.fd);
            }
        }
    }

    /// Drives what has something to do: on `fd`, or without an event (CURL_SOCKET_TIMEOUT). `is_full`: no
    /// more connections may lie idle than do now. False: libcurl gave up.
    pub fn drive(&mut self, now: Micros, fd: RawFd, events: c_int, is_full: bool, touched: &mut Vec<u32>) -> bool {
        self.hook.now.set(now);
        let alive = c_long::from(self.sockets.alive());
        // One that becomes idle makes libcurl close the one that has been idle longest.
        self.limit_connections(if is_full && alive > 1 { alive - 1 } else { c_long::from(u16::MAX) });
        if fd == ffi::CURL_SOCKET_TIMEOUT {
            // libcurl says anew when it wants to be driven next; otherwise only when that has changed.
            self.hook.due.set(Micros::MAX);
            self.is_runnable = false;
            self.starting = 0;
        }
        let (outcome, _) = self.multi.act(fd, events);
        let is_sound = matches!(outcome, ffi::CURLM_OK | ffi::CURLM_CALL_MULTI_PERFORM | ffi::CURLM_BAD_SOCKET);
        if !is_sound {
            self.give_up();
        }
        self.sockets.take_touched(touched);
        if self.is_http2 && self.opened != self.sockets.opened() {
            self.await_settings();
        }
        is_sound
    }

    /// How far the transfer is with its body. What comes back changes while others on their connection get on before it.
    pub fn note_upload(&mut self, id: u32, progress: Progress, handle: &Handle) -> u64 {
        if self.is_http2 && progress == Progress::Sending && handle.tells_progress() {
            return self.uploads.note(id, handle.uploaded());
        }
        self.uploads.end(id);
        0
    }

    pub fn due(&self) -> Micros {
        self.hook.due.get()
    }

    /// The next transfer that is over, and how it ended.
    pub fn next_ended(&self) -> Option<(u32, ffi::CURLcode)> {
        // SAFETY: only handles with an id are put in.
        self.multi.next_ended().map(|(easy, code)| (unsafe { Handle::id_of(easy) }, code))
    }

    /// The transfer on a connection that has just one.
    pub fn user(&self, fd: RawFd) -> Option<u32> {
        self.sockets.user(fd)
    }

    /// An idle connection became readable, or may be.
    pub fn check_idle(&mut self, now: Micros, fd: RawFd) {
        // Where all share one, whoever is here is about to take it, whatever it has to say.
        let is_wanted = self.is_http2 && self.busy > 0;
        if !is_wanted && self.sockets.is_lost(fd) {
            self.avoid(now);
        }
    }

    /// When the connection became idle that may be ended first: none while libcurl is still to choose one, which may be any.
    pub fn oldest_idle(&self) -> Option<Micros> {
        if self.starting > 0 { None } else { self.sockets.oldest_idle() }
    }

    /// Ends connections that have been idle since `latest` or longer, `most` of them, the oldest first.
    pub fn end_idle(&mut self, now: Micros, latest: Micros, most: u32) {
        if self.starting == 0 && self.sockets.end_idle(latest, most) > 0 {
            self.avoid(now);
        }
    }

    /// Neither work nor a connection that could be used again.
    pub fn is_unused(&self) -> bool {
        self.busy == 0 && self.sockets.alive() == 0
    }

    /// Its connection is of no use any more, though libcurl would use it.
    pub fn give_up(&mut self) {
        self.avoid_until = Micros::MAX;
    }

    pub fn has_given_up(&self) -> bool {
        self.avoid_until == Micros::MAX
    }

    pub fn is_avoided(&self, now: Micros) -> bool {
        self.avoid_until > now
    }

    pub fn is_http2(&self) -> bool {
        self.is_http2
    }

    /// `None`: it is time for a look at its transfers.
    pub fn next_look(&mut self, now: Micros) -> Option<Micros> {
        if now < self.look_at {
            return Some(self.look_at);
        }
        self.look_at = now + LOOKS;
        None
    }

    pub fn is_busy(&self) -> bool {
        self.busy > 0
    }

    /// Whether there is one for another attempt: which of them libcurl takes is its choice.
    pub fn has_idle(&self, now: Micros) -> bool {
        !self.is_http2 && self.sockets.alive() > self.busy && self.avoid_until <= now
    }

    pub fn has_room(&self, now: Micros) -> bool {
        !self.is_http2 && self.busy.max(self.sockets.alive()) < self.room && self.avoid_until <= now
    }

    fn avoid(&mut self, now: Micros) {
        self.avoid_until = self.avoid_until.max(now.saturating_add(TRUSTED));
    }

    fn limit_connections(&mut self, most: c_long) {
        if self.most_connections != most {
            self.most_connections = most;
            self.multi.long(ffi::CURLMOPT_MAXCONNECTS, most);
        }
    }
}

fn ptr_of(hook: &Hook) -> *mut c_void {
    std::ptr::from_ref(hook).cast_mut().cast()
}

/// CURLMOPT_SOCKETFUNCTION.
extern "C" fn on_socket(
    _: *mut ffi::CURL,
    fd: ffi::curl_socket_t,
    what: c_int,
    hook: *mut c_void,
    _: *mut c_void,
) -> c_int {
    // SAFETY: the userdata that was set, which outlives the multi handle.
    let hook = unsafe { &*hook.cast::<Hook>() };
    let want = match what {
        ffi::CURL_POLL_IN => READ,
        ffi::CURL_POLL_OUT => WRITE,
        ffi::CURL_POLL_INOUT => READ | WRITE,
        _ => 0,
    };
    if hook.poller.want(fd, want, hook.number) { 0 } else { -1 }
}

/// CURLMOPT_TIMERFUNCTION.
extern "C" fn on_timer(_: *mut ffi::CURLM, ms: c_long, hook: *mut c_void) -> c_int {
    // SAFETY: as above.
    let hook = unsafe { &*hook.cast::<Hook>() };
    hook.due.set(match u64::try_from(ms) {
        Err(_) => Micros::MAX,
        Ok(0) => 0,
        Ok(ms) => hook.now.get().saturating_add(ms.saturating_mul(1000)),
    });
    0
}
