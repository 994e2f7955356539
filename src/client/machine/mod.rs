//! One call as a state machine without I/O: a driver reports events, the machine says what to do next. Everything a call
//! can decide is decided here; a blocking driver and a reactor differ only in how they carry the actions out.
//!
//! The driver's contract: do what the last [`Action`] says; report what came of it; report [`Event::TimerFired`] when
//! [`Machine::wake_at`] has passed, and [`Event::Interrupted`] when the token or the client ends the call. It judges at the
//! head of a response, not only at its end: a 503's body must never reach a caller's sink.

mod ending;
mod history;
mod judge;
mod protocol;
mod redirect;
mod rest;
mod stream;
mod timers;

use super::attempt::Attempt;
use super::clock::Micros;
use super::response::Response;
use crate::error::{Code, DelaySource, Error, Stop};
use crate::policy::retry::{Outcome, RetryState, Verdict};
pub use protocol::{Action, AttemptEnd, Event, Progress, Rules, SinkRules};
use redirect::Hop;
pub use redirect::{Redirects, Route};
use rest::Broken;
pub use rest::Rest;
use std::sync::Arc;
pub use stream::Continuation;
use timers::Timers;

/// Until when a body that nobody wants is still read, where the next attempt is due at `due`. A small one is there at once,
/// and its connection stays usable; one that does not come must not hold its permit.
fn drained_by(now: Micros, due: Micros) -> Micros {
    due.clamp(now.saturating_add(50_000), now.saturating_add(1_000_000))
}

/// What the head of the running attempt's response settled.
enum Judged {
    /// It is wanted, if its body is complete. If not, it may not be asked for again before `not_before`.
    Wanted {
        not_before: Option<Micros>,
    },
    /// A failing status that no retry follows: an error, or an ordinary response where the caller wants it so.
    Final {
        is_error: bool,
        stop: Stop,
        retry_after_ms: Option<u64>,
    },
    Retry(Retry),
    Redirect(Box<Hop>),
    /// A redirect that must not be followed.
    Lost {
        why: String,
        stop: Stop,
        retry_after_ms: Option<u64>,
    },
    /// Not the rest that it was to be.
    Unfit {
        why: String,
    },
}

#[derive(Clone, Copy)]
struct Retry {
    due: Micros,
    delay_ms: u64,
    source: DelaySource,
    fresh_connection: bool,
}

impl Judged {
    /// Whether the response counts only with its whole body.
    fn wants_body(&self) -> bool {
        matches!(self, Judged::Wanted { .. } | Judged::Final { is_error: false, .. })
    }

    /// What is left of the pause that a wanted response asked for.
    fn asked_ms(&self, now: Micros) -> Option<u64> {
        let Judged::Wanted { not_before } = self else { return None };
        not_before.map(|at| at.saturating_sub(now).div_ceil(1000))
    }
}

struct Live {
    started: Micros,
    judged: Option<Judged>,
    /// Once it is judged.
    status: u16,
    aborted: Option<Code>,
    /// Why, where the program did it.
    note: String,
}

enum State {
    AwaitingToken,
    AwaitingPermit,
    Attempting(Live),
    Pausing,
    Done,
}

pub struct Machine {
    rules: Rules,
    route: Route,
    idempotent: bool,
    rng: fastrand::Rng,
    started: Micros,
    state: State,
    timers: Timers,
    retry_state: RetryState,
    attempts: Vec<Attempt>,
    /// Of the attempt to come.
    delay_ms: u64,
    delay_source: DelaySource,
    fresh_connection: bool,
    /// Kept for the error, should no better one come.
    last_response: Option<Arc<Response>>,
    last_note: String,
    last_curl_code: i32,
    /// Of the running attempt.
    continuation: Option<Continuation>,
    /// What the sink has a part of, while its rest is asked for.
    broken: Option<Box<Broken>>,
    /// Why the rest could not be had.
    unfit: Option<String>,
}

impl Machine {
    pub fn new(rules: Rules, now: Micros, rng: fastrand::Rng) -> Machine {
        let timers = Timers::new(&rules.timeouts, now);
        Machine {
            route: Route::new(rules.target.clone(), rules.method.clone()),
            idempotent: rules.idempotent,
            rules,
            rng,
            started: now,
            state: State::AwaitingPermit,
            timers,
            retry_state: RetryState::default(),
            attempts: Vec::new(),
            delay_ms: 0,
            delay_source: DelaySource::HTTPC_DELAY_NONE,
            fresh_connection: false,
            last_response: None,
            last_note: String::new(),
            last_curl_code: 0,
            continuation: None,
            broken: None,
            unfit: None,
        }
    }

    /// The first action.
    pub fn start(&mut self, now: Micros) -> Action {
        self.next_attempt(now)
    }

    /// What the next attempt asks for, and of whom.
    pub fn route(&self) -> &Route {
        &self.route
    }

    /// A byte of the body was taken that cannot be had again.
    pub fn body_is_spent(&mut self) {
        self.rules.replayable = false;
    }

    /// The attempt that ended last, and its number from 1.
    pub fn last_attempt(&self) -> Option<(usize, &Attempt)> {
        self.attempts.last().map(|attempt| (self.attempts.len(), attempt))
    }

    /// By when the call must have ended.
    pub fn deadline(&self) -> Option<Micros> {
        self.timers.total()
    }

    /// Whether the attempt to come must not use a connection that others have used.
    pub fn wants_fresh_connection(&self) -> bool {
        self.fresh_connection
    }

    /// When to report [`Event::TimerFired`]; `None`: not of its own accord.
    pub fn wake_at(&self) -> Option<Micros> {
        self.timers.next()
    }

    /// The running attempt got on: `moved` when bytes went or came since the last report.
    pub fn progress(&mut self, now: Micros, progress: Progress, moved: bool) {
        self.timers.progress(&self.rules.timeouts, now, progress, moved);
    }

    /// Some of the request's body went on its way at that time, though it was reported before.
    pub fn sent_at(&mut self, at: Micros) {
        self.timers.sent_at(&self.rules.timeouts, at);
    }

    pub fn handle(&mut self, now: Micros, event: Event<'_>) -> Action {
        match event {
            Event::TokenGranted { queued } => {
                self.note_wait(now, queued, DelaySource::HTTPC_DELAY_RATE_LIMIT);
                self.take_permit(now)
            }
            Event::TokenRefused { wait_us } => self.refused_token(now, wait_us),
            Event::PermitGranted { queued } => {
                self.note_wait(now, queued, DelaySource::HTTPC_DELAY_POOL);
                self.start_attempt(now)
            }
            Event::Head { head, unix_ms } => self.judge_head(now, head, unix_ms),
            Event::AttemptEnded(end) => self.attempt_ended(now, end),
            Event::TimerFired => self.timer_fired(now),
            Event::Interrupted(code) => self.interrupted(now, code),
            Event::Aborted(error) => self.aborted(now, &error),
            Event::Failed(error) => self.failed(now, &error),
        }
    }

    /// The token comes first, then the permit: a connection must not lie idle while its call waits for its turn.
    fn next_attempt(&mut self, now: Micros) -> Action {
        if !self.rules.limited {
            return self.take_permit(now);
        }
        self.state = State::AwaitingToken;
        self.timers.await_token(now);
        Action::TakeToken
    }

    fn take_permit(&mut self, now: Micros) -> Action {
        self.state = State::AwaitingPermit;
        self.timers.await_permit(&self.rules.timeouts, now);
        Action::TakePermit
    }

    fn start_attempt(&mut self, now: Micros) -> Action {
        self.timers.start_attempt(&self.rules.timeouts, now);
        self.state =
            State::Attempting(Live { started: now, judged: None, status: 0, aborted: None, note: String::new() });
        Action::StartAttempt { fresh_connection: std::mem::take(&mut self.fresh_connection) }
    }

    /// Of several waits before an attempt the longest is told.
    fn note_wait(&mut self, now: Micros, queued: bool, source: DelaySource) {
        let waited_ms = now.saturating_sub(self.timers.phase_began()) / 1000;
        if queued && waited_ms > self.delay_ms {
            (self.delay_ms, self.delay_source) = (waited_ms, source);
        }
    }

    fn timer_fired(&mut self, now: Micros) -> Action {
        let expired = self.timers.expired(now);
        match (&mut self.state, expired) {
            (State::Pausing, _) if self.timers.pause_is_over(now) => self.next_attempt(now),
            (State::Pausing, None) => Action::Wait,
            (State::AwaitingToken, None) => Action::TakeToken,
            (State::AwaitingPermit, None) => Action::TakePermit,
            (State::Attempting(live), Some(code)) => {
                live.aborted.get_or_insert(code);
                Action::AbortAttempt
            }
            (State::Attempting(_), None) => self.go_on(),
            (State::Pausing | State::AwaitingToken | State::AwaitingPermit, Some(code)) => {
                let stop = match code {
                    Code::HTTPC_E_TIMEOUT_TOTAL => Stop::HTTPC_STOP_DEADLINE,
                    _ => Stop::HTTPC_STOP_NOT_RETRYABLE,
                };
                self.finish_with(now, code, stop, None)
            }
            (State::Done, _) => self.already_done(),
        }
    }

    /// The timer was early.
    fn go_on(&self) -> Action {
        self.take_body()
    }

    fn interrupted(&mut self, now: Micros, code: Code) -> Action {
        match &mut self.state {
            State::Attempting(live) => {
                live.aborted = Some(code);
                Action::AbortAttempt
            }
            State::AwaitingToken | State::AwaitingPermit | State::Pausing => {
                let stop = interruption(code);
                self.finish_with(now, code, stop, None)
            }
            State::Done => self.already_done(),
        }
    }

    fn aborted(&mut self, now: Micros, error: &Error) -> Action {
        let State::Attempting(live) = &mut self.state else { return self.failed(now, error) };
        live.aborted = Some(error.code);
        live.note = error.detail.to_string_lossy().into_owned();
        Action::AbortAttempt
    }

    fn attempt_ended(&mut self, now: Micros, mut end: AttemptEnd) -> Action {
        let State::Attempting(mut live) = std::mem::replace(&mut self.state, State::Done) else {
            return self.already_done();
        };
        self.timers.end_attempt();
        let ended_early = live.aborted;
        let code = match ended_early {
            // Time passed, and the transport knows for want of what.
            Some(Code::HTTPC_E_TIMEOUT_CONNECT) if end.code == Code::HTTPC_E_RESOURCE => end.code,
            early => early.unwrap_or(end.code),
        };
        self.record(now, &live, code, &end);
        // What the transport says of an attempt that was ended for another reason would be beside the point.
        self.last_note =
            if ended_early == Some(code) { std::mem::take(&mut live.note) } else { std::mem::take(&mut end.note) };
        self.last_curl_code = end.curl_code;
        let continuation = self.take_continuation();
        if continuation.is_some() {
            // It goes on behind what was delivered, instead of bringing that once more.
            end.delivered = None;
        }
        let (outcome, rest) = match judge::outcome(code, &end) {
            outcome @ Outcome::Truncated { delivered: true } => match self.rest(&end) {
                None => (outcome, None),
                rest => (Outcome::Truncated { delivered: false }, rest),
            },
            outcome => (outcome, None),
        };
        let total = self.keep_response(&live, &mut end);
        let stopped_from_outside = ended_early.is_some_and(ends_the_call);
        if let Some(continuation) = continuation.filter(|c| !stopped_from_outside && c.follows(live.status, outcome)) {
            return self.continue_stream(now, continuation);
        }
        let asked_ms = live.judged.as_ref().and_then(|judged| judged.asked_ms(now));
        match live.judged {
            // Its status says more than how its body ended.
            Some(Judged::Final { is_error: true, stop, retry_after_ms })
                if interruption(code) == Stop::HTTPC_STOP_NONE =>
            {
                self.finish_with(now, Code::HTTPC_E_STATUS, stop, retry_after_ms)
            }
            Some(Judged::Final { stop, .. }) if code == Code::HTTPC_OK => self.succeed(now, stop),
            Some(Judged::Final { stop, retry_after_ms, .. }) if !stopped_from_outside => {
                self.finish_with(now, code, stop, retry_after_ms)
            }
            Some(Judged::Retry(retry)) if !stopped_from_outside => self.pause(now, retry),
            Some(Judged::Redirect(hop)) if !stopped_from_outside => self.follow(now, *hop),
            Some(Judged::Lost { why, stop, retry_after_ms }) if !stopped_from_outside => {
                self.lose(now, why, stop, retry_after_ms)
            }
            Some(Judged::Unfit { why }) if !stopped_from_outside => self.give_up(now, why),
            _ if stopped_from_outside => self.finish_with(now, code, stop_of(code), None),
            _ => {
                let verdict = self.decide(now, outcome, asked_ms);
                if let (Verdict::Retry { .. }, Some(rest)) = (&verdict, rest) {
                    self.ask_for(rest, code, total);
                }
                self.act_on(now, verdict, code, end.shared)
            }
        }
    }

    /// `shared`: what failed was on a connection that others use as well.
    fn act_on(&mut self, now: Micros, verdict: Verdict, code: Code, shared: bool) -> Action {
        match verdict {
            Verdict::Retry { delay_ms, source, fresh_connection } => {
                let due = now.saturating_add(delay_ms.saturating_mul(1000));
                // A shared one that has closed is replaced for all, and one that has not is as good as any other.
                let fresh_connection = fresh_connection && !shared;
                self.pause(now, Retry { due, delay_ms, source, fresh_connection })
            }
            Verdict::Stop { reason: Stop::HTTPC_STOP_SUCCESS, .. } => self.succeed(now, Stop::HTTPC_STOP_SUCCESS),
            Verdict::Stop { reason, retry_after_ms } => self.finish_with(now, code, reason, retry_after_ms),
        }
    }

    fn pause(&mut self, now: Micros, retry: Retry) -> Action {
        self.delay_ms = retry.delay_ms;
        self.delay_source = retry.source;
        self.fresh_connection = retry.fresh_connection;
        if retry.due <= now {
            return self.next_attempt(now);
        }
        self.state = State::Pausing;
        self.timers.pause_until(retry.due);
        Action::Wait
    }
}

/// Whether what ended an attempt ends the call with it, whatever came back.
fn ends_the_call(code: Code) -> bool {
    use Code::*;
    matches!(code, HTTPC_E_CANCELLED | HTTPC_E_CLOSED | HTTPC_E_TIMEOUT_TOTAL | HTTPC_E_ABORTED | HTTPC_E_FILE)
}

/// The stop reason of a call that was ended from outside; NONE for every other code.
fn interruption(code: Code) -> Stop {
    match code {
        Code::HTTPC_E_CANCELLED => Stop::HTTPC_STOP_CANCELLED,
        Code::HTTPC_E_CLOSED => Stop::HTTPC_STOP_CLOSED,
        _ => Stop::HTTPC_STOP_NONE,
    }
}

fn stop_of(code: Code) -> Stop {
    match interruption(code) {
        Stop::HTTPC_STOP_NONE if code == Code::HTTPC_E_TIMEOUT_TOTAL => Stop::HTTPC_STOP_DEADLINE,
        Stop::HTTPC_STOP_NONE => Stop::HTTPC_STOP_NOT_RETRYABLE,
        stop => stop,
    }
}
