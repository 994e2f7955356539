//! How a call ends: the response with its history, or the error that says everything.

use super::{Action, Machine, Micros, State, interruption};
use crate::client::attempt::Attempt;
use crate::client::detail;
use crate::client::response::Response;
use crate::error::{Code, Error, Sent, Stop};
use crate::text;
use std::sync::Arc;

impl Machine {
    pub(super) fn succeed(&mut self, now: Micros, stop: Stop) -> Action {
        self.state = State::Done;
        let attempts = self.close_history(stop);
        match self.complete_response(now, &attempts) {
            Some(response) => Action::Finish(Ok(response)),
            None => self.already_done(),
        }
    }

    pub(super) fn finish_with(&mut self, now: Micros, code: Code, stop: Stop, retry_after_ms: Option<u64>) -> Action {
        self.state = State::Done;
        let sent = self.sent();
        let attempts = self.close_history(stop);
        let response = self.complete_response(now, &attempts);
        let text = detail::compose(&detail::Facts {
            method: &self.route.method,
            target: &self.route.target,
            code,
            stop,
            note: &self.last_note,
            response: response.as_deref(),
            attempts: &attempts,
            elapsed_us: now - self.started,
            timeouts: &self.rules.timeouts,
            retry_after_ms,
            unfit: self.unfit.as_deref(),
        });
        Action::Finish(Err(Box::new(Error {
            code,
            detail: text::c_string(&text),
            status: response.as_ref().map_or(0, |response| response.status),
            curl_code: self.last_curl_code,
            attempts,
            stop,
            sent,
            retry_after_ms,
            response,
        })))
    }

    pub(super) fn refused_token(&mut self, now: Micros, wait_us: Micros) -> Action {
        let wait_ms = wait_us.div_ceil(1000);
        self.last_note = format!("rate limited: allowed in {wait_ms} ms");
        self.finish_with(now, Code::HTTPC_E_RATE_LIMITED, Stop::HTTPC_STOP_RATE_LIMITED, Some(wait_ms))
    }

    /// An error from outside the attempts, with the history so far.
    pub(super) fn failed(&mut self, now: Micros, error: &Error) -> Action {
        self.last_note = error.detail.to_string_lossy().into_owned();
        let stop = match interruption(error.code) {
            Stop::HTTPC_STOP_NONE => error.stop,
            stop => stop,
        };
        self.finish_with(now, error.code, stop, None)
    }

    pub(super) fn already_done(&self) -> Action {
        Action::Finish(Err(Error::new(Code::HTTPC_E_INTERNAL, "internal error, please report: event after the end")))
    }

    fn complete_response(&mut self, now: Micros, attempts: &Arc<[Attempt]>) -> Option<Arc<Response>> {
        self.broken = None;
        let mut response = self.last_response.take()?;
        // Nobody else has it yet.
        if let Some(response) = Arc::get_mut(&mut response) {
            response.attempts = attempts.clone();
            response.elapsed_us = now - self.started;
        }
        Some(response)
    }

    fn close_history(&mut self, stop: Stop) -> Arc<[Attempt]> {
        let mut attempts = std::mem::take(&mut self.attempts);
        if let Some(last) = attempts.last_mut() {
            last.stop = stop;
        }
        attempts.into()
    }

    /// Over all attempts: a proof that nothing was sent needs all of them.
    fn sent(&self) -> Sent {
        match self.attempts.last().map(|last| last.sent) {
            Some(Sent::HTTPC_SENT_ANSWERED) => Sent::HTTPC_SENT_ANSWERED,
            _ if self.attempts.iter().any(|attempt| attempt.sent != Sent::HTTPC_SENT_NEVER_SENT) => {
                Sent::HTTPC_SENT_MAYBE_SENT
            }
            _ => Sent::HTTPC_SENT_NEVER_SENT,
        }
    }
}
