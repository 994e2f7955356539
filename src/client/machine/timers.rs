//! Which deadline a call meets next. All instants are microseconds on the driver's clock.

use super::{Micros, Progress};
use crate::client::timeouts::Timeouts;
use crate::error::Code;

pub(super) struct Timers {
    total: Option<Micros>,
    attempt: Option<Micros>,
    /// Of the phase that runs now: pool, connect, read or write.
    phase: Option<Micros>,
    phase_code: Code,
    phase_began: Micros,
    progress: Progress,
    /// A pause before a retry, or the time until which a body that nobody wants is still read.
    until: Option<Micros>,
}

impl Timers {
    pub fn new(timeouts: &Timeouts, now: Micros) -> Timers {
        Timers {
            total: after(now, timeouts.total),
            attempt: None,
            phase: None,
            phase_code: Code::HTTPC_E_TIMEOUT_POOL,
            phase_began: now,
            progress: Progress::Connecting,
            until: None,
        }
    }

    pub fn total(&self) -> Option<Micros> {
        self.total
    }

    pub fn phase_began(&self) -> Micros {
        self.phase_began
    }

    pub fn next(&self) -> Option<Micros> {
        // Not `flatten().min()`: optimised, that compares before it looks whether there is anything, and every call of a
        // program under valgrind would be reported for a value that is not initialised.
        let deadlines = [self.total, self.attempt, self.phase, self.until];
        let first =
            deadlines.into_iter().fold(Micros::MAX, |first, deadline| first.min(deadline.unwrap_or(Micros::MAX)));
        (first < Micros::MAX).then_some(first)
    }

    /// The code of the deadline that has passed. The wider one wins: it is final.
    pub fn expired(&self, now: Micros) -> Option<Code> {
        [
            (self.total, Code::HTTPC_E_TIMEOUT_TOTAL),
            (self.attempt, Code::HTTPC_E_TIMEOUT_ATTEMPT),
            (self.phase, self.phase_code),
            (self.until, Code::HTTPC_E_TIMEOUT_READ),
        ]
        .into_iter()
        .find_map(|(deadline, code)| deadline.filter(|deadline| *deadline <= now).map(|_| code))
    }

    pub fn await_permit(&mut self, timeouts: &Timeouts, now: Micros) {
        self.until = None;
        self.begin(now, timeouts.pool, Code::HTTPC_E_TIMEOUT_POOL);
    }

    pub fn start_attempt(&mut self, timeouts: &Timeouts, now: Micros) {
        self.attempt = after(now, timeouts.attempt);
        self.progress = Progress::Connecting;
        self.begin(now, timeouts.connect, Code::HTTPC_E_TIMEOUT_CONNECT);
    }

    pub fn progress(&mut self, timeouts: &Timeouts, now: Micros, progress: Progress, moved: bool) {
        if progress == self.progress && !moved {
            return;
        }
        self.progress = progress;
        match progress {
            // Bytes of a handshake do not extend it: CONNECT bounds the whole of it.
            Progress::Connecting => {}
            Progress::Sending => self.begin(now, timeouts.write, Code::HTTPC_E_TIMEOUT_WRITE),
            Progress::Waiting => self.begin(now, timeouts.read, Code::HTTPC_E_TIMEOUT_READ),
        }
    }

    pub fn end_attempt(&mut self) {
        (self.attempt, self.phase, self.until) = (None, None, None);
    }

    pub fn pause_until(&mut self, due: Micros) {
        self.until = Some(due);
    }

    pub fn pause_is_over(&self, now: Micros) -> bool {
        self.until.is_some_and(|due| due <= now)
    }

    fn begin(&mut self, now: Micros, limit: Option<Micros>, code: Code) {
        self.phase = after(now, limit);
        self.phase_code = code;
        self.phase_began = now;
    }
}

fn after(now: Micros, limit: Option<Micros>) -> Option<Micros> {
    limit.map(|limit| now.saturating_add(limit))
}
