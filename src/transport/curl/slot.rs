//! A slot: a private multi handle with one easy handle, and so at most one connection. Calls to one origin use it one
//! after the other, each on its own thread.

use super::handle::Handle;
use super::raw;
use super::settings::Settings;
use super::sockets::{Idle, Sockets};
use crate::client::clock::Micros;
use crate::client::machine::{AttemptEnd, Progress};
use crate::client::meter::Transferred;
use crate::client::signal::Signal;
use crate::client::url::Origin;
use crate::error::Result;
use crate::transport::inflow::Inflow;
use crate::transport::outflow::Outflow;
use crate::transport::{self, Outgoing};
use curl_sys as ffi;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::ffi::c_int;
use std::sync::Arc;

pub struct Slot {
    // Dropped in this order: the easy handle before its multi (a crash otherwise), the sockets after both.
    handle: Handle,
    multi: raw::Multi,
    sockets: Arc<Sockets>,
    running: bool,
    /// Begun and not driven yet.
    undriven: bool,
    /// The connection that stayed open after the last attempt.
    socket: Option<RawFd>,
    spoiled: bool,
}

// SAFETY: a slot is used by one thread at a time, which is all that libcurl asks of a handle; what slots share locks itself.
unsafe impl Send for Slot {}

impl Slot {
    pub fn new(origin: &Arc<Origin>, settings: &Arc<Settings>) -> Result<Slot> {
        let sockets = Arc::<Sockets>::default();
        let mut handle = Handle::new(origin, raw::Url::of(origin)?.into(), settings)?;
        handle.use_sockets(&sockets);
        let slot = Slot {
            handle,
            multi: raw::Multi::to(origin, settings)?,
            sockets,
            running: false,
            undriven: false,
            socket: None,
            spoiled: false,
        };
        slot.set_constants();
        Ok(slot)
    }

    fn set_constants(&self) {
        // libcurl 8.22 churns through connections with its default.
        self.multi.long(ffi::CURLMOPT_MAXCONNECTS, 1);
    }

    /// Whether an idle connection is open on it.
    pub fn is_connected(&self) -> bool {
        self.socket.is_some()
    }

    /// Not to be used again.
    pub fn is_spoiled(&self) -> bool {
        self.spoiled || self.running
    }

    /// Starts an attempt.
    pub fn begin(&mut self, out: &Outgoing<'_>, fresh_connection: bool) -> Result<()> {
        let usable = |fd| !fresh_connection && self.sockets.look(fd) == Idle::Quiet;
        if self.socket.is_some_and(|fd| !usable(fd)) {
            self.drop_connection()?; // and so a new one has to be opened
        }
        self.handle.prepare(out)?;
        self.multi.add(self.handle.raw()).inspect_err(|_| self.spoiled = true)?;
        (self.running, self.undriven) = (true, true);
        Ok(())
    }

    /// Drives the attempt as far as it goes without waiting. The CURLcode once it has ended.
    fn advance(&mut self) -> Option<ffi::CURLcode> {
        let (outcome, running) = if std::mem::take(&mut self.undriven) {
            // What is due is the new transfer alone: no thread of a lookup, no connection that closes.
            self.multi.act(ffi::CURL_SOCKET_TIMEOUT, 0)
        } else {
            self.multi.perform()
        };
        if outcome != ffi::CURLM_OK && outcome != ffi::CURLM_CALL_MULTI_PERFORM {
            self.spoiled = true;
            let out_of_memory = outcome == ffi::CURLM_OUT_OF_MEMORY;
            return Some(if out_of_memory { ffi::CURLE_OUT_OF_MEMORY } else { ffi::CURLE_FAILED_INIT });
        }
        if running > 0 { None } else { self.multi.next_ended().map(|(_, code)| code) }
    }

    /// Waits for the connection, for one of `others` to become readable, or for `us` microseconds (`None`: no limit). Says
    /// whether the connection has something to do.
    fn wait(&self, others: &[&Signal], us: Option<u64>) -> bool {
        if let Some(socket) = self.answering_socket() {
            return wait_for_answer(socket, others, us);
        }
        let mut fds = [const { ffi::curl_waitfd { fd: -1, events: ffi::CURL_WAIT_POLLIN, revents: 0 } }; MOST_OTHERS];
        let count = others.len().min(fds.len());
        for (entry, other) in fds.iter_mut().zip(others) {
            entry.fd = other.as_fd().as_raw_fd();
        }
        // Rounded up: a timer that fires early would find that nothing has happened yet.
        let ms = us.map_or(c_int::MAX, |us| c_int::try_from(us.div_ceil(1000)).unwrap_or(c_int::MAX));
        let ready = self.multi.poll(&mut fds[..count], ms).unwrap_or(0);
        ready > fds[..count].iter().filter(|fd| fd.revents != 0).count() as c_int
    }

    /// The connection, when all that libcurl waits for is the answer on it: the whole request has gone out. Then poll()
    /// does at a tenth of what curl_multi_poll() costs. TLS may want to write at any time.
    fn answering_socket(&self) -> Option<BorrowedFd<'_>> {
        if !self.handle.only_awaits_answer() {
            return None;
        }
        // SAFETY: libcurl keeps it open while nobody drives this slot.
        self.sockets.only().map(|socket| unsafe { BorrowedFd::borrow_raw(socket) })
    }

    /// Ends the attempt, complete or not, and says what is known of it. `curl_code`: what [`Slot::advance`] returned.
    fn finish(&mut self, curl_code: Option<ffi::CURLcode>) -> AttemptEnd {
        self.multi.remove(self.handle.raw());
        self.running = false;
        self.spoiled |= self.handle.is_spoiled_by(curl_code);
        let end = self.handle.end(curl_code);
        self.socket = curl_code.and_then(|_| self.sockets.only());
        end
    }

    /// Left to libcurl, the old connection would stay open until the new one's request ends: one more than the limits
    /// allow, and a server that serves one connection at a time would never come to the new one. It goes with its multi.
    fn drop_connection(&mut self) -> Result<()> {
        self.socket = None;
        self.spoiled = true;
        self.multi.renew()?;
        self.spoiled = false;
        self.set_constants();
        Ok(())
    }
}

impl transport::Attempt for Slot {
    fn advance(&mut self) -> Option<u32> {
        Slot::advance(self)
    }

    fn inflow(&mut self) -> &mut Inflow {
        &mut self.handle.exchange_mut().inflow
    }

    fn outflow(&mut self) -> &mut Outflow {
        &mut self.handle.exchange_mut().outflow
    }

    fn go_on_sending(&mut self) -> bool {
        self.handle.go_on_sending()
    }

    fn go_on_receiving(&mut self) -> std::result::Result<bool, u32> {
        self.handle.go_on_receiving()
    }

    fn transferred(&mut self) -> Transferred {
        self.handle.transferred()
    }

    fn progress(&mut self) -> (Progress, u64) {
        self.handle.progress()
    }

    fn last_sent(&self, now: Micros) -> Option<Micros> {
        self.handle.last_sent(now)
    }

    fn wait(&mut self, others: &[&Signal], us: Option<u64>) -> bool {
        Slot::wait(self, others, us)
    }

    fn finish(&mut self, ended: Option<u32>) -> AttemptEnd {
        Slot::finish(self, ended)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if self.running {
            self.multi.remove(self.handle.raw());
        }
    }
}

/// What can end a wait from outside: the client's end, and the call's token.
const MOST_OTHERS: usize = 2;

fn wait_for_answer(socket: BorrowedFd<'_>, others: &[&Signal], us: Option<u64>) -> bool {
    let mut fds = [socket; 1 + MOST_OTHERS].map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN));
    for (entry, other) in fds[1..].iter_mut().zip(others) {
        entry.set_fd(*other);
    }
    let fds = &mut fds[..1 + others.len().min(MOST_OTHERS)];
    let limit = us.map(|us| Timespec {
        tv_sec: i64::try_from(us / 1_000_000).unwrap_or(i64::MAX),
        tv_nsec: (us % 1_000_000) as i64 * 1000,
    });
    // An interrupted wait is an early one.
    poll(fds, limit.as_ref()).is_ok() && !fds[0].revents().is_empty()
}
