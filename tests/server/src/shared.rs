//! What all connections of one server share.

use crate::{gate::Gates, journal::Journal};
use std::{
    collections::HashMap,
    net::TcpStream,
    os::fd::{AsRawFd, RawFd},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

pub struct Shared {
    pub journal: Journal,
    pub turns: Turns,
    pub gates: Gates,
    pub connections: Connections,
    pub stopping: AtomicBool,
}

impl Shared {
    pub fn new() -> Self {
        Shared {
            journal: Journal::new(),
            turns: Turns::default(),
            gates: Gates::default(),
            connections: Connections::default(),
            stopping: AtomicBool::new(false),
        }
    }
}

/// A panicking test thread must not take the bookkeeping of the others with it.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Which turn it is for a scripted sequence, by key and path.
#[derive(Default)]
pub struct Turns(Mutex<HashMap<String, HashMap<String, u64>>>);

impl Turns {
    /// 1 the first time, 2 the second.
    pub fn next(&self, key: &str, path: &str) -> u64 {
        let mut turns = lock(&self.0);
        let turn = turns.entry(key.to_owned()).or_default().entry(path.to_owned()).or_default();
        *turn += 1;
        *turn
    }

    pub fn forget(&self, key: Option<&str>) {
        match key {
            Some(key) => drop(lock(&self.0).remove(key)),
            None => lock(&self.0).clear(),
        }
    }
}

/// The open connections of all listeners.
#[derive(Default)]
pub struct Connections {
    accepted: AtomicU64,
    open: Mutex<HashMap<u64, RawFd>>,
}

impl Connections {
    /// The entry must be dropped before the socket is closed: its descriptor may belong to another socket afterwards.
    pub fn enter(&self, tcp: &TcpStream) -> Entry<'_> {
        let id = self.accepted.fetch_add(1, Ordering::Relaxed) + 1;
        lock(&self.open).insert(id, tcp.as_raw_fd());
        Entry { id, connections: self }
    }

    pub fn accepted(&self) -> u64 {
        self.accepted.load(Ordering::Relaxed)
    }

    pub fn open(&self) -> usize {
        lock(&self.open).len()
    }

    /// Wakes every thread that reads from, writes to or waits for a connection.
    pub fn shut_down(&self) {
        for fd in lock(&self.open).values() {
            // SAFETY: descriptors in the map are open, since entries go before sockets do.
            unsafe { libc::shutdown(*fd, libc::SHUT_RDWR) };
        }
    }
}

pub struct Entry<'a> {
    pub id: u64,
    connections: &'a Connections,
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        lock(&self.connections.open).remove(&self.id);
    }
}
