//! A call whose attempts end as a test says.

use httpclient::error::{DelaySource, Stop};
use httpclient::policy::backoff::{Backoff, Jitter};
use httpclient::policy::budget::Budget;
use httpclient::policy::retry::{Outcome, RetryPolicy, RetryState, Situation, Verdict};

/// The defaults without chance: 500 ms, 1 s, 2 s.
pub fn exact() -> RetryPolicy {
    RetryPolicy { backoff: Backoff { jitter: Jitter::None, ..Backoff::default() }, ..RetryPolicy::default() }
}

/// A request that may be repeated, without a deadline.
pub fn idempotent(outcome: Outcome) -> Situation {
    Situation {
        outcome,
        idempotent: true,
        replayable: true,
        own_key: false,
        forced: false,
        retry_after_ms: None,
        now_us: 1_000_000,
        deadline_us: None,
    }
}

/// POST or PATCH as they come.
pub fn other(outcome: Outcome) -> Situation {
    Situation { idempotent: false, ..idempotent(outcome) }
}

pub struct Call {
    pub policy: RetryPolicy,
    pub state: RetryState,
    pub budget: Budget,
    pub rng: fastrand::Rng,
}

impl Call {
    pub fn new(policy: RetryPolicy) -> Self {
        let budget = Budget::new(&policy.budget);
        Call { policy, state: RetryState::default(), budget, rng: fastrand::Rng::with_seed(7) }
    }

    pub fn end(&mut self, s: Situation) -> Verdict {
        self.policy.decide(&mut self.state, &s, &mut self.budget, &mut self.rng)
    }
}

/// The verdict on a first attempt under [`exact`].
pub fn first(s: Situation) -> Verdict {
    Call::new(exact()).end(s)
}

pub fn after_backoff(delay_ms: u64) -> Verdict {
    Verdict::Retry { delay_ms, source: DelaySource::HTTPC_DELAY_BACKOFF, fresh_connection: false }
}

pub fn after_demand(delay_ms: u64) -> Verdict {
    Verdict::Retry { delay_ms, source: DelaySource::HTTPC_DELAY_RETRY_AFTER, fresh_connection: false }
}

pub fn at_once() -> Verdict {
    Verdict::Retry { delay_ms: 0, source: DelaySource::HTTPC_DELAY_NONE, fresh_connection: true }
}

pub fn stop(reason: Stop) -> Verdict {
    Verdict::Stop { reason, retry_after_ms: None }
}
