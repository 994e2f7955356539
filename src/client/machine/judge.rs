//! What an attempt's outcome means: at the head of its response, and at its end.

use super::{Action, AttemptEnd, Judged, Live, Machine, Micros, Retry, SinkRules, State, drained_by};
use crate::client::response::Head;
use crate::client::retry_rules::Decision;
use crate::error::{Code, Stop};
use crate::policy::retry::{Outcome, Situation, Verdict};
use crate::policy::retry_after;

/// A body that is only read for its error message, or not at all, costs no more than this.
const DETAIL_LIMIT: u64 = 64 << 10;

impl Machine {
    pub(super) fn judge_head(&mut self, now: Micros, head: &Head, unix_ms: &dyn Fn() -> i64) -> Action {
        if !matches!(&self.state, State::Attempting(live) if live.aborted.is_none()) {
            return Action::AbortAttempt;
        }
        if !(200..600).contains(&head.status) {
            return self.abort(Code::HTTPC_E_PROTOCOL);
        }
        let judged = match self.judge_redirect(now, head, unix_ms) {
            Some(judged) => judged,
            None => self.judge_status(now, head, unix_ms),
        };
        let judged = self.judge_rest(head, judged);
        let is_unfit = matches!(judged, Judged::Unfit { .. });
        let wants_body = judged.wants_body();
        if let State::Attempting(live) = &mut self.state {
            (live.judged, live.status) = (Some(judged), head.status);
        }
        if is_unfit {
            return self.abort(self.broken_code());
        }
        if wants_body && self.announces_too_much(head) {
            return self.abort(Code::HTTPC_E_BODY_TOO_LARGE);
        }
        self.take_body()
    }

    pub(super) fn take_body(&self) -> Action {
        Action::Body { limit: self.body_limit(), deliver: self.sink().is_some() }
    }

    /// Where the running attempt's body goes. Only what the call ends with, and no failure, is for the program's eyes.
    fn sink(&self) -> Option<SinkRules> {
        let State::Attempting(Live { judged: Some(judged), status, .. }) = &self.state else { return None };
        let is_success = (200..300).contains(status);
        self.rules.sink.filter(|sink| judged.wants_body() && (is_success || !sink.only_success))
    }

    fn judge_status(&mut self, now: Micros, head: &Head, unix_ms: &dyn Fn() -> i64) -> Judged {
        if head.status < 400 && !self.rules.retry.policy.statuses.contains(head.status) {
            // RFC 9110 section 10.2.3 gives the field a meaning on redirects, also on those that lead nowhere.
            let asked = if head.status >= 300 { asked_pause(head, unix_ms) } else { None };
            return Judged::Wanted { not_before: asked.map(|ms| now.saturating_add(ms.saturating_mul(1000))) };
        }
        match self.decide(now, Outcome::Status(head.status), asked_pause(head, unix_ms)) {
            Verdict::Retry { delay_ms, source, fresh_connection } => {
                let due = now.saturating_add(delay_ms.saturating_mul(1000));
                self.timers.pause_until(drained_by(now, due));
                Judged::Retry(Retry { due, delay_ms, source, fresh_connection })
            }
            Verdict::Stop { reason, retry_after_ms } => {
                let is_error = head.status >= 400 && self.rules.status_errors;
                Judged::Final { is_error, stop: reason, retry_after_ms }
            }
        }
    }

    /// Past it, a response that is wanted fails; of others the beginning is enough.
    pub(super) fn body_limit(&self) -> u64 {
        // What the sink has already counts as well.
        let delivered = self.route.rest.as_ref().map_or(0, |rest| rest.from);
        let max_body = self.sink().map_or(self.rules.max_body, |sink| sink.max_body.saturating_sub(delivered));
        match &self.state {
            State::Attempting(Live {
                judged: Some(Judged::Retry(_) | Judged::Redirect(_) | Judged::Lost { .. }),
                ..
            }) => max_body.min(DETAIL_LIMIT),
            _ => max_body,
        }
    }

    fn abort(&mut self, code: Code) -> Action {
        if let State::Attempting(live) = &mut self.state {
            live.aborted.get_or_insert(code);
        }
        Action::AbortAttempt
    }

    fn announces_too_much(&self, head: &Head) -> bool {
        let bodyless = self.route.method.as_str() == "HEAD" || matches!(head.status, 204 | 304);
        !bodyless && head.content_length.is_some_and(|length| length > self.body_limit())
    }

    /// The policy's verdict, after the program's own judge.
    pub(super) fn decide(&mut self, now: Micros, outcome: Outcome, retry_after_ms: Option<u64>) -> Verdict {
        let decision = self.ask_decider(now, outcome);
        if decision == Decision::Stop {
            return Verdict::Stop { reason: Stop::HTTPC_STOP_DECIDER, retry_after_ms };
        }
        let situation = Situation {
            outcome,
            // What a sink has got cannot be taken back.
            forced: decision == Decision::Retry && outcome != Outcome::Truncated { delivered: true },
            idempotent: self.idempotent,
            replayable: self.rules.replayable || !self.route.keeps_body,
            // The key goes along with the body only.
            own_key: self.rules.own_key && self.route.keeps_body,
            retry_after_ms,
            now_us: now,
            deadline_us: self.timers.total(),
        };
        let mut budget = self.rules.budget.lock();
        self.rules.retry.policy.decide(&mut self.retry_state, &situation, &mut budget, &mut self.rng)
    }

    fn ask_decider(&self, now: Micros, outcome: Outcome) -> Decision {
        let Some(decider) = &self.rules.retry.decider else { return Decision::Default };
        match (outcome, &self.state) {
            (Outcome::Success, _) => Decision::Default,
            (Outcome::Status(status), State::Attempting(live)) if status >= 400 => {
                decider(&self.attempt_record(now, live.started, status))
            }
            (Outcome::Status(_), _) => Decision::Default,
            _ => self.attempts.last().map_or(Decision::Default, |attempt| decider(attempt)),
        }
    }
}

/// The longest pause that the response asks for: where a field is repeated, nobody is disobeyed.
pub(super) fn asked_pause(head: &Head, unix_ms: &dyn Fn() -> i64) -> Option<u64> {
    let date = head.headers.get(b"date");
    head.headers.get_all(b"retry-after").filter_map(|value| retry_after::parse(value, date, unix_ms())).max()
}

/// What an ended attempt means to the policy, when its head did not settle that.
pub(super) fn outcome(code: Code, end: &AttemptEnd) -> Outcome {
    use Code::*;
    match code {
        HTTPC_OK => Outcome::Success,
        HTTPC_E_PROTOCOL
        | HTTPC_E_BODY_TOO_LARGE
        | HTTPC_E_HEADERS_TOO_LARGE
        | HTTPC_E_CERTIFICATE
        | HTTPC_E_URL
        | HTTPC_E_DECODE
        | HTTPC_E_ABORTED
        | HTTPC_E_FILE
        | HTTPC_E_UNSUPPORTED
        | HTTPC_E_INTERNAL => Outcome::Fatal,
        _ if end.hopeless => Outcome::Fatal,
        // Whatever the server says of it: nobody is to get it twice.
        _ if end.response.is_some() && end.delivered.is_some() => Outcome::Truncated { delivered: true },
        HTTPC_E_IO if end.unprocessed => Outcome::Unprocessed,
        _ if !end.sent => Outcome::NeverSent,
        HTTPC_E_IO if end.reused && !end.heard => Outcome::ReusedClosed,
        _ if end.response.is_some() => Outcome::Truncated { delivered: false },
        _ => Outcome::MaybeSent,
    }
}
