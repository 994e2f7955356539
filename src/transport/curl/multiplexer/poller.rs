//! Waits for many descriptors at once, and knows what libcurl wants of each: epoll where there is one, elsewhere
//! `curl_multi_poll`. A thread may be woken from outside at any time.
//!
//! With epoll a connection is registered once, edge-triggered for everything: a small request on a warm connection then
//! costs no system call but its own. libcurl expects level-triggered events and does not always read or write until there
//! is nothing more, so whatever takes more than one event is registered as level-triggered until it is over.

mod backend;

use crate::error::Result;
use crate::sync::Mutex;
use backend::{Backend, MOST_EVENTS};
pub use backend::{Kind, block_signals};
use rustix::fd::RawFd;
use std::sync::Arc;

pub const READ: u8 = 1;
pub const WRITE: u8 = 2;
pub const FAILED: u8 = 4;

pub struct Poller {
    backend: Arc<Backend>,
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    /// By descriptor.
    entries: Vec<Entry>,
    /// Readable before libcurl wanted to read them.
    renewed: Vec<RawFd>,
}

#[derive(Clone, Copy, Default)]
struct Entry {
    /// Whose events these are.
    owner: Owner,
    want: u8,
    mode: Mode,
    /// It became readable while nobody wanted to read it.
    pending: bool,
    /// A connection of ours, which tells when it closes; not what libcurl keeps for itself.
    is_connection: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Owner {
    #[default]
    Nobody,
    Shard(u32),
    Signal(u32),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Mode {
    #[default]
    Unregistered,
    /// Edge-triggered, for everything.
    Sticky,
    /// Level-triggered, for what is wanted.
    Level,
}

/// Something happened.
#[derive(Clone, Copy, Debug)]
pub struct Ready {
    pub fd: RawFd,
    pub owner: Owner,
    /// READ, WRITE and FAILED, as far as they are wanted; 0: an idle connection closed or says something.
    pub events: u8,
    /// The other side has sent its last.
    pub hung_up: bool,
    /// It will not be told again while it lasts.
    pub is_edge: bool,
}

/// Ends a wait from any thread.
#[derive(Clone)]
pub struct Waker(Arc<Backend>);

impl Waker {
    pub fn wake(&self) {
        self.0.wake();
    }
}

impl Poller {
    pub fn new(kind: Kind) -> Result<Poller> {
        Ok(Poller { backend: Arc::new(Backend::new(kind)?), table: Mutex::default() })
    }

    pub fn waker(&self) -> Waker {
        Waker(self.backend.clone())
    }

    /// A socket that a connection of `shard` is about to be made on.
    pub fn opened(&self, fd: RawFd, shard: u32) {
        let mut table = self.table.lock();
        *table.entry(fd) = Entry { owner: Owner::Shard(shard), is_connection: true, ..Entry::default() };
    }

    /// Before the descriptor is closed: its number may be another's right after.
    pub fn closing(&self, fd: RawFd) {
        let mut table = self.table.lock();
        let entry = std::mem::take(table.entry(fd));
        if entry.mode != Mode::Unregistered {
            self.backend.remove(fd);
        }
    }

    /// Tells when `fd` is readable, until [`Poller::closing`].
    pub fn watch(&self, fd: RawFd, key: u32) -> Result<()> {
        let mut table = self.table.lock();
        self.backend.add(fd, READ, false)?;
        *table.entry(fd) = Entry { owner: Owner::Signal(key), want: READ, mode: Mode::Level, ..Entry::default() };
        Ok(())
    }

    /// CURLMOPT_SOCKETFUNCTION's word: READ, WRITE, both, or 0 for nothing any more. False: the system refused.
    pub fn want(&self, fd: RawFd, want: u8, shard: u32) -> bool {
        let mut table = self.table.lock();
        let entry = table.entry(fd);
        let before = std::mem::replace(&mut entry.want, want);
        if !entry.is_connection {
            entry.owner = Owner::Shard(shard);
        }
        let (backend, mode) = (&self.backend, entry.mode);
        let done = match (mode, want) {
            (Mode::Unregistered, 0) => Ok(()),
            (Mode::Unregistered, want) => {
                entry.mode = Mode::Level;
                backend.add(fd, want, false)
            }
            (_, 0) if !entry.is_connection => {
                *entry = Entry::default();
                backend.remove(fd);
                Ok(())
            }
            (Mode::Sticky, want) if want & WRITE == 0 => Ok(()),
            // Nothing, or nothing but the answer to what has just been sent.
            (Mode::Level, 0) => {
                entry.mode = Mode::Sticky;
                backend.change(fd, READ | WRITE, true)
            }
            (Mode::Level, READ) if before & WRITE != 0 && entry.is_connection => {
                entry.mode = Mode::Sticky;
                backend.change(fd, READ | WRITE, true)
            }
            (_, want) => {
                entry.mode = Mode::Level;
                backend.change(fd, want, false)
            }
        };
        if want & READ != 0 && std::mem::take(&mut entry.pending) {
            table.renewed.push(fd);
        }
        done.is_ok()
    }

    /// After an event that was an edge: what libcurl still wants of `fd` must not depend on another edge.
    pub fn settle(&self, fd: RawFd) {
        let mut table = self.table.lock();
        let entry = table.entry(fd);
        if entry.mode == Mode::Sticky && entry.want != 0 && self.backend.change(fd, entry.want, false).is_ok() {
            entry.mode = Mode::Level;
        }
    }

    /// Sleeps for `us` microseconds at most (`None`: no limit), and adds what happened to `ready`. False: it may not be all.
    pub fn wait(&self, us: Option<u64>, ready: &mut Vec<Ready>) -> Result<bool> {
        let us = if self.table.lock().renewed.is_empty() { us } else { Some(0) };
        let before = ready.len();
        let told_all = self.backend.wait(us, ready, &self.table)?;
        let mut table = self.table.lock();
        let mut at = 0;
        ready.retain_mut(|ready| {
            at += 1;
            at <= before || table.translate(ready)
        });
        let Table { entries, renewed } = &mut *table;
        for fd in renewed.drain(..) {
            let owner = entries[fd as usize].owner;
            ready.push(Ready { fd, owner, events: READ, hung_up: true, is_edge: true });
        }
        Ok(told_all)
    }

    /// So often it has to be asked until it has told of everybody, since what is no edge is told again and again.
    pub fn rounds(&self) -> usize {
        let registered = |entry: &&Entry| entry.mode != Mode::Unregistered;
        1 + self.table.lock().entries.iter().filter(registered).count() / MOST_EVENTS
    }
}

impl Table {
    fn entry(&mut self, fd: RawFd) -> &mut Entry {
        let at = usize::try_from(fd).unwrap_or(0);
        if at >= self.entries.len() {
            self.entries.resize(at + 1, Entry::default());
        }
        &mut self.entries[at]
    }

    /// From what happened to what somebody wants to know.
    fn translate(&mut self, ready: &mut Ready) -> bool {
        let entry = self.entry(ready.fd);
        ready.owner = entry.owner;
        ready.is_edge &= entry.mode == Mode::Sticky;
        let readable = ready.events & (READ | FAILED) != 0;
        ready.events &= entry.want | FAILED;
        if readable {
            ready.events |= entry.want & READ;
        }
        match entry.want {
            _ if entry.owner == Owner::Nobody => false,
            0 => {
                entry.pending = readable;
                ready.events = 0;
                readable
            }
            _ => ready.events != 0,
        }
    }
}
