//! The two ways to wait.

use super::{FAILED, Owner, READ, Ready, Table, WRITE};
use crate::error::{Code, Error, Result};
use crate::sync::Mutex;
use crate::transport::curl::raw;
use rustix::fd::RawFd;
use std::ffi::c_int;

/// Which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    #[cfg(target_os = "linux")]
    Epoll,
    /// `curl_multi_poll` on a multi handle without transfers: portable, and linear in the descriptors.
    Poll,
}

impl Kind {
    /// epoll where there is one, unless HTTPCLIENT_POLLER is "poll".
    pub fn from_environment() -> Kind {
        #[cfg(target_os = "linux")]
        if std::env::var_os("HTTPCLIENT_POLLER").is_none_or(|kind| kind != "poll") {
            return Kind::Epoll;
        }
        Kind::Poll
    }
}

/// Told at once.
pub const MOST_EVENTS: usize = 256;

pub(super) enum Backend {
    #[cfg(target_os = "linux")]
    Epoll(epoll::Epoll),
    Poll(raw::Multi),
}

// SAFETY: of the multi handle, other threads than the one that waits use curl_multi_wakeup() only, which is made for that.
unsafe impl Send for Backend {}
unsafe impl Sync for Backend {}

impl Backend {
    pub fn new(kind: Kind) -> Result<Backend> {
        match kind {
            #[cfg(target_os = "linux")]
            Kind::Epoll => Ok(Backend::Epoll(epoll::Epoll::new()?)),
            Kind::Poll => Ok(Backend::Poll(raw::Multi::new()?)),
        }
    }

    pub fn wake(&self) {
        match self {
            #[cfg(target_os = "linux")]
            Backend::Epoll(epoll) => epoll.wake(),
            Backend::Poll(multi) => multi.wake_up(),
        }
    }

    #[cfg_attr(not(target_os = "linux"), allow(unused_variables))]
    pub fn add(&self, fd: RawFd, events: u8, edge: bool) -> Result<()> {
        match self {
            #[cfg(target_os = "linux")]
            Backend::Epoll(epoll) => epoll.add(fd, events, edge),
            Backend::Poll(_) => Ok(()),
        }
    }

    #[cfg_attr(not(target_os = "linux"), allow(unused_variables))]
    pub fn change(&self, fd: RawFd, events: u8, edge: bool) -> Result<()> {
        match self {
            #[cfg(target_os = "linux")]
            Backend::Epoll(epoll) => epoll.change(fd, events, edge),
            Backend::Poll(_) => Ok(()),
        }
    }

    #[cfg_attr(not(target_os = "linux"), allow(unused_variables))]
    pub fn remove(&self, fd: RawFd) {
        match self {
            #[cfg(target_os = "linux")]
            Backend::Epoll(epoll) => epoll.remove(fd),
            Backend::Poll(_) => {}
        }
    }

    /// False: there may be more.
    pub fn wait(&self, us: Option<u64>, ready: &mut Vec<Ready>, table: &Mutex<Table>) -> Result<bool> {
        // Rounded up: a timer that fires early would find that nothing has happened yet.
        let ms = us.map_or(c_int::MAX, |us| c_int::try_from(us.div_ceil(1000)).unwrap_or(c_int::MAX));
        match self {
            #[cfg(target_os = "linux")]
            Backend::Epoll(epoll) => epoll.wait(us.map(|_| ms), ready),
            Backend::Poll(multi) => poll(multi, ms, ready, table).map(|()| true),
        }
    }
}

fn poll(multi: &raw::Multi, ms: c_int, ready: &mut Vec<Ready>, table: &Mutex<Table>) -> Result<()> {
    let mut fds = Vec::new();
    for (fd, entry) in table.lock().entries.iter().enumerate() {
        // An idle connection tells when it closes, once.
        let idle = entry.is_connection && entry.want == 0 && entry.mode == super::Mode::Sticky && !entry.pending;
        let want = if idle { READ } else { entry.want };
        if entry.owner != Owner::Nobody && want != 0 {
            let read = if want & READ != 0 { curl_sys::CURL_WAIT_POLLIN } else { 0 };
            let write = if want & WRITE != 0 { curl_sys::CURL_WAIT_POLLOUT } else { 0 };
            fds.push(curl_sys::curl_waitfd { fd: fd as RawFd, events: read | write, revents: 0 });
        }
    }
    multi.poll(&mut fds, ms)?;
    for fd in fds.iter().filter(|fd| fd.revents != 0) {
        let read = if fd.revents & curl_sys::CURL_WAIT_POLLIN != 0 { READ } else { 0 };
        let write = if fd.revents & curl_sys::CURL_WAIT_POLLOUT != 0 { WRITE } else { 0 };
        let other = if read | write == 0 { FAILED } else { 0 };
        ready.push(Ready {
            fd: fd.fd,
            owner: Owner::Nobody,
            is_edge: false,
            hung_up: true,
            events: read | write | other,
        });
    }
    Ok(())
}

#[cfg(target_os = "linux")]
mod epoll {
    use super::*;
    use rustix::event::{EventfdFlags, Timespec, epoll, eventfd};
    use rustix::fd::{AsRawFd, BorrowedFd, OwnedFd};
    use rustix::io::Errno;

    pub struct Epoll {
        epoll: OwnedFd,
        /// Readable: somebody wants the waiting thread.
        bell: OwnedFd,
    }

    impl Epoll {
        pub fn new() -> Result<Epoll> {
            let epoll = epoll::create(epoll::CreateFlags::CLOEXEC).map_err(refused)?;
            let bell = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK).map_err(refused)?;
            let new = Epoll { epoll, bell };
            new.add(new.bell.as_raw_fd(), READ, true)?;
            Ok(new)
        }

        /// Edge-triggered, and so never read: each write is an edge. The counter overflows in 2^64 of them.
        pub fn wake(&self) {
            let _ = rustix::io::write(&self.bell, &1u64.to_ne_bytes());
        }

        /// An older libcurl closes some sockets without a word, or before it speaks of them, and their numbers are others' then:
        /// what the system knows counts, not what is remembered.
        pub fn add(&self, fd: RawFd, events: u8, edge: bool) -> Result<()> {
            let (data, flags) = (epoll::EventData::new_u64(fd as u64), flags(events, edge));
            match epoll::add(&self.epoll, borrow(fd), data, flags) {
                Err(Errno::EXIST) => epoll::modify(&self.epoll, borrow(fd), data, flags),
                done => done,
            }
            .or_else(|errno| if errno == Errno::BADF { Ok(()) } else { Err(refused(errno)) })
        }

        pub fn change(&self, fd: RawFd, events: u8, edge: bool) -> Result<()> {
            let (data, flags) = (epoll::EventData::new_u64(fd as u64), flags(events, edge));
            match epoll::modify(&self.epoll, borrow(fd), data, flags) {
                Err(Errno::NOENT) => epoll::add(&self.epoll, borrow(fd), data, flags),
                done => done,
            }
            .or_else(|errno| if errno == Errno::BADF { Ok(()) } else { Err(refused(errno)) })
        }

        pub fn remove(&self, fd: RawFd) {
            let _ = epoll::delete(&self.epoll, borrow(fd));
        }

        pub fn wait(&self, ms: Option<c_int>, ready: &mut Vec<Ready>) -> Result<bool> {
            let mut events =
                [epoll::Event { flags: epoll::EventFlags::empty(), data: epoll::EventData::new_u64(0) }; MOST_EVENTS];
            let limit =
                ms.map(|ms| Timespec { tv_sec: i64::from(ms / 1000), tv_nsec: i64::from(ms % 1000) * 1_000_000 });
            let count = match epoll::wait(&self.epoll, &mut events[..], limit.as_ref()) {
                // By SIGCONT, for one: much may have happened since.
                Err(Errno::INTR) => {
                    epoll::wait(&self.epoll, &mut events[..], Some(&Timespec { tv_sec: 0, tv_nsec: 0 }))
                }
                done => done,
            }
            .map_err(refused)?;
            for event in &events[..count] {
                let (fd, flags) = (event.data.u64() as RawFd, event.flags);
                if fd == self.bell.as_raw_fd() {
                    continue;
                }
                let any = |of: epoll::EventFlags, bit| if flags.intersects(of) { bit } else { 0 };
                let events = any(epoll::EventFlags::IN | epoll::EventFlags::RDHUP, READ)
                    | any(epoll::EventFlags::OUT, WRITE)
                    | any(epoll::EventFlags::ERR | epoll::EventFlags::HUP, FAILED);
                ready.push(Ready {
                    fd,
                    owner: Owner::Nobody,
                    is_edge: true,
                    hung_up: flags.intersects(epoll::EventFlags::RDHUP),
                    events,
                });
            }
            Ok(count < MOST_EVENTS)
        }
    }

    fn flags(events: u8, edge: bool) -> epoll::EventFlags {
        let mut flags = epoll::EventFlags::empty();
        flags.set(epoll::EventFlags::IN | epoll::EventFlags::RDHUP, events & READ != 0);
        flags.set(epoll::EventFlags::OUT, events & WRITE != 0);
        flags.set(epoll::EventFlags::ET, edge);
        flags
    }

    fn borrow<'fd>(fd: RawFd) -> BorrowedFd<'fd> {
        // SAFETY: whoever names a descriptor here has it open: libcurl, or the owner of a signal that is watched.
        unsafe { BorrowedFd::borrow_raw(fd) }
    }

    fn refused(errno: Errno) -> Box<Error> {
        Error::new(Code::HTTPC_E_RESOURCE, format!("the system does not let the engine wait: {errno}"))
    }
}

/// The program's signals are for the program's threads.
pub fn block_signals() {
    // SAFETY: plain initialisation of a set, and a change to this thread's mask only.
    unsafe {
        let mut all: libc::sigset_t = std::mem::zeroed();
        libc::sigfillset(&mut all);
        libc::pthread_sigmask(libc::SIG_SETMASK, &all, std::ptr::null_mut());
    }
}
