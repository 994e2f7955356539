//! The six timeouts: microseconds inside, 0 ms from outside meaning no limit.

#![allow(non_camel_case_types)]

use crate::error::{Error, Result};

/// Which timeout a setter means.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timeout {
    /// DNS, TCP and TLS of one attempt.
    HTTPC_TIMEOUT_CONNECT = 1,
    /// Longest silence while waiting for the server.
    HTTPC_TIMEOUT_READ = 2,
    /// Longest time without progress while sending. What leaves the kernel's send buffer is progress (Linux, HTTP/1), also for
    /// `HTTPC_TIMEOUT_READ`. Over HTTP/2 bodies may go out one after the other on one connection; one that waits for those
    /// before it gets on with them.
    HTTPC_TIMEOUT_WRITE = 3,
    /// Waiting for a connection permit; final, not retried.
    HTTPC_TIMEOUT_POOL = 4,
    /// One attempt, from permit to last byte.
    HTTPC_TIMEOUT_ATTEMPT = 5,
    /// Everything: waiting, all attempts, all pauses.
    HTTPC_TIMEOUT_TOTAL = 6,
    /// The first four at once.
    HTTPC_TIMEOUT_ALL = 7,
    HTTPC_TIMEOUT_FORCE_32_ = 0x7fff_ffff,
}

impl TryFrom<i32> for Timeout {
    type Error = Box<Error>;

    fn try_from(value: i32) -> Result<Timeout> {
        use Timeout::*;
        [
            HTTPC_TIMEOUT_CONNECT,
            HTTPC_TIMEOUT_READ,
            HTTPC_TIMEOUT_WRITE,
            HTTPC_TIMEOUT_POOL,
            HTTPC_TIMEOUT_ATTEMPT,
            HTTPC_TIMEOUT_TOTAL,
            HTTPC_TIMEOUT_ALL,
        ]
        .into_iter()
        .find(|known| *known as i32 == value)
        .ok_or_else(|| Error::invalid("which", format!("{value} is no httpc_timeout")))
    }
}

/// Durations in microseconds; `None` is no limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timeouts {
    pub connect: Option<u64>,
    pub read: Option<u64>,
    pub write: Option<u64>,
    pub pool: Option<u64>,
    pub attempt: Option<u64>,
    pub total: Option<u64>,
}

impl Default for Timeouts {
    fn default() -> Timeouts {
        let seconds = |s: u64| Some(s * 1_000_000);
        Timeouts {
            connect: seconds(5),
            read: seconds(30),
            write: seconds(30),
            pool: seconds(5),
            attempt: None,
            total: seconds(60),
        }
    }
}

impl Timeouts {
    pub fn set(&mut self, which: Timeout, ms: u64) {
        let limit = Some(ms.saturating_mul(1000)).filter(|us| *us > 0);
        for slot in self.slots(which) {
            *slot = limit;
        }
    }

    fn slots(&mut self, which: Timeout) -> Vec<&mut Option<u64>> {
        match which {
            Timeout::HTTPC_TIMEOUT_CONNECT => vec![&mut self.connect],
            Timeout::HTTPC_TIMEOUT_READ => vec![&mut self.read],
            Timeout::HTTPC_TIMEOUT_WRITE => vec![&mut self.write],
            Timeout::HTTPC_TIMEOUT_POOL => vec![&mut self.pool],
            Timeout::HTTPC_TIMEOUT_ATTEMPT => vec![&mut self.attempt],
            Timeout::HTTPC_TIMEOUT_TOTAL => vec![&mut self.total],
            Timeout::HTTPC_TIMEOUT_ALL => vec![&mut self.connect, &mut self.read, &mut self.write, &mut self.pool],
            Timeout::HTTPC_TIMEOUT_FORCE_32_ => vec![],
        }
    }
}
