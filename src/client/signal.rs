//! A sticky flag that can be polled: what ends a wait from outside. Raised once, it stays raised, so whoever polls late
//! still sees it and nobody has to be registered anywhere.

use super::fork;
use crate::error::{Code, Error, Result};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

#[derive(Debug)]
pub struct Signal {
    raised: Arc<AtomicBool>,
    born: fork::Generation,
    /// Readable for ever once raised.
    readable: OwnedFd,
    #[cfg(not(target_os = "linux"))]
    writable: OwnedFd,
}

impl Signal {
    #[cfg(target_os = "linux")]
    pub fn new() -> Result<Signal> {
        use rustix::event::{EventfdFlags, eventfd};
        let readable = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK).map_err(no_descriptor)?;
        Ok(Signal { raised: Arc::default(), born: fork::Generation::current(), readable })
    }

    #[cfg(not(target_os = "linux"))]
    pub fn new() -> Result<Signal> {
        let (readable, writable) = rustix::pipe::pipe().map_err(no_descriptor)?;
        Ok(Signal { raised: Arc::default(), born: fork::Generation::current(), readable, writable })
    }

    /// Async-signal-safe: an atomic swap and one write.
    pub fn raise(&self) {
        // The descriptor is one with the parent's, whose waits would wake for ever without a flag to see.
        if !self.raised.swap(true, Ordering::SeqCst) && !self.is_foreign() {
            #[cfg(target_os = "linux")]
            let end = &self.readable;
            #[cfg(not(target_os = "linux"))]
            let end = &self.writable;
            // The counter of a fresh eventfd, or an empty pipe, always has room for this one write.
            let _ = rustix::io::write(end, &1u64.to_ne_bytes());
        }
    }

    /// Made before a fork() that lies behind.
    pub fn is_foreign(&self) -> bool {
        self.born.is_foreign()
    }

    pub fn is_raised(&self) -> bool {
        self.raised.load(Ordering::SeqCst)
    }

    /// What [`Signal::is_raised`] reads, for who looks from afar.
    pub fn flag(&self) -> Arc<AtomicBool> {
        self.raised.clone()
    }

    /// For a signal that means "look again" and has one waiter, who calls this before it looks. First the descriptor, then
    /// the flag: a raise in between finds the flag set and writes nothing, and what it announces is about to be seen. A
    /// raise whose write is still under way costs one early wake.
    pub fn lower(&self) {
        let mut fds = [PollFd::new(self, PollFlags::IN)];
        let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
        if poll(&mut fds, Some(&at_once)) == Ok(1) {
            let _ = rustix::io::read(&self.readable, &mut [0u8; 64]);
        }
        self.raised.store(false, Ordering::Release);
    }
}

/// Who waits, as those see it that it waits for: a thread by its signal, or a call that the reactor drives.
pub trait Wake: std::fmt::Debug + Send + Sync {
    /// It is worth a look.
    fn wake(&self);

    /// The waiter is about to look.
    fn rest(&self) {}
}

impl Wake for Signal {
    fn wake(&self) {
        self.raise();
    }

    fn rest(&self) {
        self.lower();
    }
}

impl AsFd for Signal {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.readable.as_fd()
    }
}

fn no_descriptor(errno: rustix::io::Errno) -> Box<Error> {
    Error::new(Code::HTTPC_E_RESOURCE, format!("no descriptor to wait on: {errno}"))
}

/// Sleeps until one of `signals` is raised or `microseconds` (`None`: no limit) have passed. May wake early.
pub fn wait(signals: &[&Signal], microseconds: Option<u64>) {
    let mut fds: Vec<PollFd<'_>> = signals.iter().map(|signal| PollFd::new(*signal, PollFlags::IN)).collect();
    let limit = microseconds.map(|us| Timespec {
        tv_sec: i64::try_from(us / 1_000_000).unwrap_or(i64::MAX),
        tv_nsec: (us % 1_000_000) as i64 * 1000,
    });
    // An interrupted wait is an early one: the caller looks at its clock and waits again.
    let _ = poll(&mut fds, limit.as_ref());
}
