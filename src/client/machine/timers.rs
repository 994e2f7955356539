//! Which deadline a call meets next. All instants are microseconds on the driver's clock; one that never comes is the last.

use super::{Micros, Progress};
use crate::client::timeouts::Timeouts;
use crate::error::Code;

const NEVER: Micros = Micros::MAX;
/// Two ticks of a kernel's coarsest clock: what it dates is no later than that.
const COARSE: Micros = 20_000;

pub(super) struct Timers {
    total: Micros,
    attempt: Micros,
    /// Of the phase that runs now: pool, connect, read or write.
    phase: Micros,
    phase_code: Code,
    phase_began: Micros,
    progress: Progress,
    /// A pause before a retry, or the time until which a body that nobody wants is still read.
    until: Micros,
}

impl Timers {
    pub fn new(timeouts: &Timeouts, now: Micros) -> Timers {
        Timers {
            total: after(now, timeouts.total),
            attempt: NEVER,
            phase: NEVER,
            phase_code: Code::HTTPC_E_TIMEOUT_POOL,
            phase_began: now,
            progress: Progress::Connecting,
            until: NEVER,
        }
    }

    pub fn total(&self) -> Option<Micros> {
        Some(self.total).filter(|total| *total != NEVER)
    }

    pub fn phase_began(&self) -> Micros {
        self.phase_began
    }

    pub fn next(&self) -> Option<Micros> {
        let next = self.total.min(self.attempt).min(self.phase).min(self.until);
        Some(next).filter(|next| *next != NEVER)
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
        .find_map(|(deadline, code)| (deadline <= now).then_some(code))
    }

    pub fn await_token(&mut self, now: Micros) {
        (self.phase, self.until, self.phase_began) = (NEVER, NEVER, now);
    }

    pub fn await_permit(&mut self, timeouts: &Timeouts, now: Micros) {
        self.until = NEVER;
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
            Progress::Starved | Progress::Held => self.phase = NEVER,
            Progress::Sending => self.begin(now, timeouts.write, Code::HTTPC_E_TIMEOUT_WRITE),
            Progress::Waiting => self.begin(now, timeouts.read, Code::HTTPC_E_TIMEOUT_READ),
        }
    }

    pub fn sent_at(&mut self, timeouts: &Timeouts, at: Micros) {
        if at > self.phase_began.saturating_add(COARSE) {
            self.progress(timeouts, at, self.progress, true);
        }
    }

    pub fn end_attempt(&mut self) {
        (self.attempt, self.phase, self.until) = (NEVER, NEVER, NEVER);
    }

    pub fn pause_until(&mut self, due: Micros) {
        self.until = due;
    }

    pub fn pause_is_over(&self, now: Micros) -> bool {
        self.until <= now
    }

    fn begin(&mut self, now: Micros, limit: Option<Micros>, code: Code) {
        self.phase = after(now, limit);
        self.phase_code = code;
        self.phase_began = now;
    }
}

fn after(now: Micros, limit: Option<Micros>) -> Micros {
    limit.map_or(NEVER, |limit| now.saturating_add(limit))
}
