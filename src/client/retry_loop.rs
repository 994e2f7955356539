//! Retry without HTTP: the policy around any function, or for a loop that the program drives itself.

use super::attempt::Attempt;
use super::cancel::CancelToken;
use super::clock::{Clock, Micros};
use super::detail::seconds;
use super::random;
use super::retry_rules::RetryRules;
use super::signal::Signal;
use super::url::Target;
use crate::error::{Code, DelaySource, Error, Result, Sent, Stop};
use crate::policy::retry::{Outcome, RetryState, Situation, Verdict};
use std::sync::Arc;

/// A loop in progress.
pub struct RetryLoop {
    rules: Arc<RetryRules>,
    state: RetryState,
    rng: fastrand::Rng,
    idempotent: bool,
    deadline: Option<Micros>,
    has_ended: bool,
}

impl RetryLoop {
    /// `total_ms` of 0 is no limit.
    pub fn new(rules: Arc<RetryRules>, idempotent: bool, total_ms: u64, now: Micros) -> RetryLoop {
        let deadline = (total_ms > 0).then(|| now.saturating_add(total_ms.saturating_mul(1000)));
        RetryLoop {
            rules,
            state: RetryState::default(),
            rng: fastrand::Rng::with_seed(random::seed()),
            idempotent,
            deadline,
            has_ended: false,
        }
    }

    pub fn attempts(&self) -> u32 {
        self.state.attempts()
    }

    pub fn has_ended(&self) -> bool {
        self.has_ended
    }

    /// Milliseconds, rounded up, so that 0 means that none are left; `None` is no limit.
    pub fn left_ms(&self, now: Micros) -> Option<u64> {
        self.deadline.map(|deadline| deadline.saturating_sub(now).div_ceil(1000))
    }

    /// Once for each ended attempt.
    pub fn next(&mut self, outcome: Outcome, retry_after_ms: Option<u64>, now: Micros) -> Verdict {
        let situation = Situation {
            outcome,
            forced: false,
            idempotent: self.idempotent,
            replayable: true,
            own_key: false,
            retry_after_ms,
            now_us: now,
            deadline_us: self.deadline,
        };
        let mut budget = self.rules.budget.lock();
        let verdict = self.rules.policy.decide(&mut self.state, &situation, &mut budget, &mut self.rng);
        self.has_ended = matches!(verdict, Verdict::Stop { .. });
        verdict
    }
}

/// How the function that is run says what became of it.
pub struct Report {
    pub outcome: Outcome,
    pub retry_after_ms: Option<u64>,
}

/// Runs `attempt`, which gets its number from 1 and the milliseconds left, until it succeeds or the rules say stop.
pub fn run(
    rules: Arc<RetryRules>,
    total_ms: u64,
    token: Option<&CancelToken>,
    clock: &Clock,
    mut attempt: impl FnMut(u32, Option<u64>) -> Result<Report>,
) -> Result<()> {
    token.map_or(Ok(()), CancelToken::check_fork)?;
    clock.check_fork()?;
    let _inside = clock.enter();
    let started = clock.now();
    let idempotent = rules.idempotent;
    let mut run = Run {
        progress: RetryLoop::new(rules, idempotent, total_ms, started),
        clock,
        token,
        started,
        total_ms,
        last: None,
        target: Attempt::no_target(),
        history: Vec::new(),
    };
    let (mut delay_ms, mut source) = (0, DelaySource::HTTPC_DELAY_NONE);
    loop {
        let began = clock.now();
        run.check(began)?;
        let mut record = Attempt::without_http(&run.target, began - started, delay_ms, source);
        let report = attempt(run.progress.attempts().saturating_add(1), run.progress.left_ms(began))?;
        let now = clock.now();
        record.duration_us = now - began;
        run.note(record, report.outcome);
        if report.outcome != Outcome::Success {
            run.check_cancelled(now)?;
        }
        (delay_ms, source) = match run.progress.next(report.outcome, report.retry_after_ms, now) {
            Verdict::Retry { delay_ms, source, .. } => (delay_ms, source),
            Verdict::Stop { reason: Stop::HTTPC_STOP_SUCCESS, .. } => return Ok(()),
            Verdict::Stop { reason, retry_after_ms } => return Err(run.failure(now, reason, retry_after_ms)),
        };
        run.pause(now.saturating_add(delay_ms.saturating_mul(1000)))?;
    }
}

struct Run<'r> {
    progress: RetryLoop,
    clock: &'r Clock,
    token: Option<&'r CancelToken>,
    started: Micros,
    total_ms: u64,
    last: Option<Outcome>,
    target: Arc<Target>,
    history: Vec<Attempt>,
}

impl Run<'_> {
    fn note(&mut self, mut record: Attempt, outcome: Outcome) {
        if outcome != Outcome::Success {
            record.code = Code::HTTPC_E_ABORTED;
        }
        record.sent = sent(outcome);
        self.last = Some(outcome);
        self.history.push(record);
    }

    fn pause(&mut self, until: Micros) -> Result<()> {
        let signals: Vec<&Signal> = self.token.map(CancelToken::signal).into_iter().collect();
        loop {
            let now = self.clock.now();
            self.check_cancelled(now)?;
            if now >= until {
                return Ok(());
            }
            self.clock.wait(&signals, until)?;
        }
    }

    /// A pause that was to end before the deadline may have ended after it.
    fn check(&mut self, now: Micros) -> Result<()> {
        self.check_cancelled(now)?;
        if self.progress.left_ms(now) == Some(0) {
            return Err(self.failure(now, Stop::HTTPC_STOP_DEADLINE, None));
        }
        Ok(())
    }

    fn check_cancelled(&mut self, now: Micros) -> Result<()> {
        if self.token.is_some_and(CancelToken::is_cancelled) {
            return Err(self.failure(now, Stop::HTTPC_STOP_CANCELLED, None));
        }
        Ok(())
    }

    fn failure(&mut self, now: Micros, stop: Stop, retry_after_ms: Option<u64>) -> Box<Error> {
        let code = match stop {
            Stop::HTTPC_STOP_CANCELLED => Code::HTTPC_E_CANCELLED,
            Stop::HTTPC_STOP_DEADLINE => Code::HTTPC_E_TIMEOUT_TOTAL,
            _ => Code::HTTPC_E_ABORTED,
        };
        let mut error = Error::new(code, self.sentence(now, stop, retry_after_ms));
        error.stop = stop;
        error.retry_after_ms = retry_after_ms;
        if let Some(last) = self.history.last_mut() {
            last.stop = stop;
        }
        let over_all = |wanted: Sent| self.history.iter().any(|attempt| attempt.sent == wanted);
        let strongest = [Sent::HTTPC_SENT_MAYBE_SENT, Sent::HTTPC_SENT_ANSWERED];
        error.sent = strongest.into_iter().find(|sent| over_all(*sent)).unwrap_or(Sent::HTTPC_SENT_NEVER_SENT);
        error.attempts = std::mem::take(&mut self.history).into();
        error
    }

    fn sentence(&self, now: Micros, stop: Stop, retry_after_ms: Option<u64>) -> String {
        let Some(last) = self.last else {
            let what = if stop == Stop::HTTPC_STOP_CANCELLED { "cancelled" } else { "the total time passed" };
            return format!("{what} before the first attempt");
        };
        let (count, time) = (self.history.len(), seconds(now.saturating_sub(self.started)));
        let after = format!("{count} {} in {time}", if count == 1 { "attempt" } else { "attempts" });
        if stop == Stop::HTTPC_STOP_CANCELLED {
            return format!("cancelled after {after}; the last one: {}", in_words(last));
        }
        let why = self.why_no_further(stop, retry_after_ms);
        format!("{} after {after}; not tried again, since {why}", in_words(last))
    }

    fn why_no_further(&self, stop: Stop, retry_after_ms: Option<u64>) -> String {
        let plain = match stop {
            Stop::HTTPC_STOP_MAX_ATTEMPTS => "the policy allows no more attempts",
            Stop::HTTPC_STOP_BUDGET => "the retry budget is used up",
            Stop::HTTPC_STOP_NOT_IDEMPOTENT => "that could repeat its effect",
            Stop::HTTPC_STOP_NOT_RETRYABLE => "the outcome would be the same",
            Stop::HTTPC_STOP_RETRY_AFTER_TOO_LONG => {
                let asked = retry_after_ms.map(|ms| seconds(ms.saturating_mul(1000)));
                return format!("it asks to wait {}", asked.as_deref().unwrap_or("too long"));
            }
            Stop::HTTPC_STOP_DEADLINE => {
                let total = seconds(self.total_ms.saturating_mul(1000));
                return format!("the total time of {total} would pass first");
            }
            _ => "the policy says so",
        };
        plain.to_owned()
    }
}

fn sent(outcome: Outcome) -> Sent {
    match outcome {
        Outcome::NeverSent => Sent::HTTPC_SENT_NEVER_SENT,
        Outcome::Success | Outcome::Unprocessed | Outcome::Status(_) | Outcome::Throttled => Sent::HTTPC_SENT_ANSWERED,
        // Nothing is known of what failed for good, and what may have been sent must be taken for sent.
        _ => Sent::HTTPC_SENT_MAYBE_SENT,
    }
}

fn in_words(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::NeverSent => "nothing was sent",
        Outcome::Unprocessed => "refused before anything was done",
        Outcome::Throttled => "refused for load",
        Outcome::Status(_) => "the other side failed",
        Outcome::Fatal => "failed for good",
        _ => "no answer came",
    }
}
