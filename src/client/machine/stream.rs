//! Event streams that are connected to again (WHATWG HTML, section 9.2.3): each connection goes on behind the one before, so that
//! an end is no failure, nor are many.

use super::{Action, Machine, Micros, Retry, Route};
use crate::error::DelaySource;
use crate::policy::retry::{Outcome, RetryState};

/// The history of a call that goes on for years keeps so many attempts, the newest.
const MOST_ATTEMPTS: usize = 64;

/// How a call goes on when the running attempt has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Continuation {
    pub pause_ms: u64,
    /// Something of the attempt's stream has come.
    pub is_alive: bool,
}

impl Continuation {
    /// Whether it follows an attempt that ended so. What brought nothing and failed is the retry policy's.
    pub(super) fn follows(&self, status: u16, outcome: Outcome) -> bool {
        match outcome {
            Outcome::Success => status == 200,
            Outcome::Fatal => false,
            _ => self.is_alive,
        }
    }
}

impl Machine {
    /// Behind the running attempt another is to follow. To be said before the attempt is reported as ended.
    pub fn goes_on(&mut self, continuation: Continuation) {
        self.continuation = Some(continuation);
    }

    /// Only what may be sent any number of times is.
    pub(super) fn take_continuation(&mut self) -> Option<Continuation> {
        self.continuation.take().filter(|_| self.rules.idempotent && self.rules.replayable)
    }

    /// As a new call would, from where the program said, but with what is left of the total timeout.
    pub(super) fn continue_stream(&mut self, now: Micros, continuation: Continuation) -> Action {
        // What was alive counts as a success: the budget gets its due.
        let _ = self.decide(now, Outcome::Success, None);
        self.retry_state = RetryState::default();
        self.route = Route::new(self.rules.target.clone(), self.rules.method.clone());
        self.idempotent = self.rules.idempotent;
        if self.attempts.len() > MOST_ATTEMPTS {
            self.attempts.remove(0);
        }
        let delay_ms = continuation.pause_ms;
        let due = now.saturating_add(delay_ms.saturating_mul(1000));
        self.pause(now, Retry { due, delay_ms, source: DelaySource::HTTPC_DELAY_RECONNECT, fresh_connection: false })
    }
}
