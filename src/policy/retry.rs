//! Whether, when and how another attempt is made.

use super::backoff::{Backoff, Jitter};
use super::budget::{Budget, BudgetPolicy};
use crate::error::{DelaySource, Stop};
use fastrand::Rng;

/// How an attempt ended, as far as retrying is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Success,
    /// Not a byte of the request went out.
    NeverSent,
    /// It went out, at least in part, and no usable answer came.
    MaybeSent,
    /// A reused connection closed before any byte of a response.
    ReusedClosed,
    /// The body ended early. `delivered`: the caller's sink has a part of it that no new attempt can continue.
    Truncated {
        delivered: bool,
    },
    /// Proven not to have been acted on, though sent (HTTP/2 REFUSED_STREAM or GOAWAY, RFC 9113 §8.7).
    Unprocessed,
    Status(u16),
    /// Refused for load by something that is no HTTP status.
    Throttled,
    /// The same again next time: bad certificate, bad URL, a limit of ours.
    Fatal,
}

/// Status codes, any `u16`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusSet(Box<[u16]>);

impl StatusSet {
    pub fn from_codes(codes: &[u16]) -> Self {
        let mut sorted = codes.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        StatusSet(sorted.into())
    }

    pub fn contains(&self, code: u16) -> bool {
        self.0.binary_search(&code).is_ok()
    }
}

/// Method names. Case-sensitive, as methods are (RFC 9110 §9.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MethodSet(Box<[Box<str>]>);

impl MethodSet {
    pub fn from_names<S: AsRef<str>>(names: &[S]) -> Self {
        MethodSet(names.iter().map(|name| name.as_ref().into()).collect())
    }

    pub fn contains(&self, method: &str) -> bool {
        self.0.iter().any(|name| &**name == method)
    }
}

/// The rules. Immutable while calls run; one call's progress is a [`RetryState`].
#[derive(Clone, Debug, PartialEq)]
pub struct RetryPolicy {
    /// The first attempt included; 0 counts as 1.
    pub max_attempts: u32,
    pub backoff: Backoff,
    /// Replaces the backoff's base after a refusal for load that came without a usable Retry-After.
    pub throttled_base_ms: Option<u64>,
    pub statuses: StatusSet,
    /// Methods that count as idempotent, whatever RFC 9110 §9.2.2 says of them.
    pub methods: MethodSet,
    pub respect_retry_after: bool,
    /// A longer demand ends the call. `None`: only the deadline limits it.
    pub retry_after_max_ms: Option<u64>,
    /// Retry explicit refusals for load (429) of non-idempotent requests too.
    pub retry_throttled: bool,
    pub budget: BudgetPolicy,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        RetryPolicy {
            max_attempts: 3,
            backoff: Backoff::default(),
            throttled_base_ms: None,
            statuses: StatusSet::from_codes(&[408, 429, 500, 502, 503, 504]),
            methods: MethodSet::from_names(&["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"]),
            respect_retry_after: true,
            retry_after_max_ms: None,
            retry_throttled: true,
            budget: BudgetPolicy::default(),
        }
    }
}

/// An attempt's end and what surrounds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Situation {
    pub outcome: Outcome,
    /// The program wants a retry, whatever the outcome; attempts, time and budget still bound it.
    pub forced: bool,
    /// The method is in the policy's set, or the request has an idempotency key, or the caller marked it so.
    pub idempotent: bool,
    /// The body can be sent again from its first byte. True for a one-shot source of which nothing was pulled.
    pub replayable: bool,
    /// An Idempotency-Key of ours is outstanding, so 409 means that the first request is still being worked on.
    pub own_key: bool,
    /// As parsed by [`super::retry_after::parse`]; `None`: absent or malformed.
    pub retry_after_ms: Option<u64>,
    /// Monotonic microseconds, on the same clock as `deadline_us`.
    pub now_us: u64,
    pub deadline_us: Option<u64>,
}

/// One call's progress through its attempts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RetryState {
    attempts: u32,
    /// Retries that waited for the backoff. Those made at once do not lengthen the later waits.
    backoffs: u32,
    /// The last backoff, without what a server asked for on top.
    previous_ms: Option<u64>,
    reconnected: bool,
    misdirected: bool,
    /// Of the last retry that cost anything.
    last_cost: u32,
}

impl RetryState {
    /// Attempts that have ended.
    pub fn attempts(&self) -> u32 {
        self.attempts
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Retry {
        delay_ms: u64,
        source: DelaySource,
        /// The next attempt must not use a pooled connection.
        fresh_connection: bool,
    },
    Stop {
        reason: Stop,
        /// What the server asked for, whether or not it is the reason.
        retry_after_ms: Option<u64>,
    },
}

/// A retry that the outcome allows, before attempts, time and budget have their say.
#[derive(Clone, Copy)]
struct Plan {
    at_once: bool,
    fresh_connection: bool,
    cost: u32,
}

struct Pause {
    delay_ms: u64,
    source: DelaySource,
    backoff_ms: Option<u64>,
}

impl RetryPolicy {
    pub fn is_idempotent_method(&self, method: &str) -> bool {
        self.methods.contains(method)
    }

    /// To be called once at the end of each attempt. The budget comes last, so that only a retry that happens is paid.
    pub fn decide(&self, state: &mut RetryState, s: &Situation, budget: &mut Budget, rng: &mut Rng) -> Verdict {
        state.attempts = state.attempts.saturating_add(1);
        match self.retry(state, s, budget, rng) {
            Ok(verdict) => verdict,
            Err(reason) => {
                if reason == Stop::HTTPC_STOP_SUCCESS && self.budget.enabled {
                    budget.give_back(state.last_cost.max(1));
                }
                Verdict::Stop { reason, retry_after_ms: s.retry_after_ms }
            }
        }
    }

    fn retry(
        &self,
        state: &mut RetryState,
        s: &Situation,
        budget: &mut Budget,
        rng: &mut Rng,
    ) -> Result<Verdict, Stop> {
        let plan = self.plan(state, s)?;
        if !s.replayable {
            return Err(Stop::HTTPC_STOP_NOT_REPLAYABLE);
        }
        if state.attempts >= self.max_attempts {
            return Err(Stop::HTTPC_STOP_MAX_ATTEMPTS);
        }
        let pause = self.pause(state, s, plan, rng)?;
        if self.budget.enabled && (self.budget.capacity == 0 || !budget.take(plan.cost)) {
            return Err(Stop::HTTPC_STOP_BUDGET);
        }
        if plan.cost > 0 {
            state.last_cost = plan.cost;
        }
        if let Some(backoff_ms) = pause.backoff_ms {
            state.backoffs = state.backoffs.saturating_add(1);
            state.previous_ms = Some(backoff_ms);
        }
        state.reconnected |= s.outcome == Outcome::ReusedClosed;
        state.misdirected |= s.outcome == Outcome::Status(421);
        Ok(Verdict::Retry { delay_ms: pause.delay_ms, source: pause.source, fresh_connection: plan.fresh_connection })
    }

    /// Whether the outcome by its nature allows a retry.
    fn plan(&self, state: &RetryState, s: &Situation) -> Result<Plan, Stop> {
        let plain = Plan { at_once: false, fresh_connection: false, cost: self.budget.retry_cost };
        let throttled = Plan { cost: self.budget.throttled_cost, ..plain };
        match s.outcome {
            Outcome::Success => Err(Stop::HTTPC_STOP_SUCCESS),
            _ if s.forced => Ok(if is_throttled(s) { throttled } else { plain }),
            Outcome::Fatal | Outcome::Truncated { delivered: true } => Err(Stop::HTTPC_STOP_NOT_RETRYABLE),
            Outcome::NeverSent => Ok(Plan { cost: 0, ..plain }),
            Outcome::Unprocessed => Ok(plain),
            Outcome::Throttled => if_safe(s.idempotent || self.retry_throttled, throttled),
            Outcome::MaybeSent | Outcome::Truncated { delivered: false } => if_safe(s.idempotent, plain),
            Outcome::ReusedClosed => {
                if_safe(s.idempotent, Plan { at_once: !state.reconnected, fresh_connection: true, ..plain })
            }
            // The server holds no such origin on that connection; nothing was done (RFC 9110 §15.5.20).
            Outcome::Status(421) if !state.misdirected => Ok(Plan { at_once: true, fresh_connection: true, ..plain }),
            Outcome::Status(409) if s.own_key => Ok(plain),
            Outcome::Status(code) if !self.statuses.contains(code) => {
                Err(if code < 400 { Stop::HTTPC_STOP_SUCCESS } else { Stop::HTTPC_STOP_NOT_RETRYABLE })
            }
            Outcome::Status(429) => if_safe(s.idempotent || self.retry_throttled, throttled),
            // Refused before anything was done: RFC 8470 section 5.2, RFC 9110 section 15.5.14.
            Outcome::Status(413 | 425) => Ok(plain),
            Outcome::Status(421) => if_safe(s.idempotent, Plan { fresh_connection: true, ..plain }),
            Outcome::Status(_) => if_safe(s.idempotent, if is_throttled(s) { throttled } else { plain }),
        }
    }

    /// How long to wait, if that ends before the deadline and within what the policy lets a server ask for.
    fn pause(&self, state: &RetryState, s: &Situation, plan: Plan, rng: &mut Rng) -> Result<Pause, Stop> {
        let asked_ms = s.retry_after_ms.filter(|&ms| ms > 0 && self.respect_retry_after);
        if asked_ms.is_some_and(|asked| self.retry_after_max_ms.is_some_and(|max| asked > max)) {
            return Err(Stop::HTTPC_STOP_RETRY_AFTER_TOO_LONG);
        }
        let backoff_ms = (!plan.at_once).then(|| {
            let base_ms = self.throttled_base_ms.filter(|_| is_throttled(s) && asked_ms.is_none());
            let backoff = Backoff { base_ms: base_ms.unwrap_or(self.backoff.base_ms), ..self.backoff };
            backoff.delay_ms(state.backoffs, state.previous_ms, rng)
        });
        let (least_ms, source, too_long) = match (asked_ms, backoff_ms) {
            (Some(asked), backoff) if backoff.is_none_or(|backoff| asked >= backoff) => {
                (asked, DelaySource::HTTPC_DELAY_RETRY_AFTER, Stop::HTTPC_STOP_RETRY_AFTER_TOO_LONG)
            }
            (_, Some(backoff)) => (backoff, DelaySource::HTTPC_DELAY_BACKOFF, Stop::HTTPC_STOP_DEADLINE),
            (_, None) => (0, DelaySource::HTTPC_DELAY_NONE, Stop::HTTPC_STOP_DEADLINE),
        };
        let room_ms = room_ms(s).filter(|&room| least_ms <= room).ok_or(too_long)?;
        let extra_ms = match source {
            DelaySource::HTTPC_DELAY_RETRY_AFTER => self.spread_ms(least_ms, rng),
            _ => 0,
        };
        // The extra is ours to give up: cut, rather than let chance decide whether the call goes on.
        Ok(Pause { delay_ms: least_ms.saturating_add(extra_ms).min(room_ms), source, backoff_ms })
    }

    /// On top of a server's demand, so that those it told the same do not all return in the same instant.
    fn spread_ms(&self, asked_ms: u64, rng: &mut Rng) -> u64 {
        match self.backoff.jitter {
            Jitter::None => 0,
            _ => rng.u64(0..=(asked_ms / 10).min(1000)),
        }
    }
}

fn if_safe(safe: bool, plan: Plan) -> Result<Plan, Stop> {
    if safe { Ok(plan) } else { Err(Stop::HTTPC_STOP_NOT_IDEMPOTENT) }
}

/// Refused for load. A 503 counts only when the server says when to come back; else it may be any breakdown.
fn is_throttled(s: &Situation) -> bool {
    match s.outcome {
        Outcome::Throttled | Outcome::Status(429) => true,
        Outcome::Status(503) => s.retry_after_ms.is_some(),
        _ => false,
    }
}

/// The longest pause in milliseconds that ends before the deadline; `None` when not even none does.
fn room_ms(s: &Situation) -> Option<u64> {
    match s.deadline_us {
        None => Some(u64::MAX),
        Some(deadline_us) => Some(deadline_us.saturating_sub(s.now_us).checked_sub(1)? / 1000),
    }
}
