//! What is kept of an attempt that has ended: its record, and the response that it brought.

use super::{AttemptEnd, Judged, Live, Machine, Micros};
use crate::client::attempt::{Attempt, Shown};
use crate::client::response::Response;
use crate::error::{Code, Sent, Stop};
use std::sync::Arc;

impl Machine {
    /// The length that its head announced.
    pub(super) fn keep_response(&mut self, live: &Live, end: &mut AttemptEnd) -> Option<u64> {
        let (head, body) = end.response.take()?;
        let length = head.content_length;
        if self.broken.is_some() && live.judged.as_ref().is_some_and(Judged::wants_body) {
            self.add_part(end.sizes, head.trailers);
            return length;
        }
        let mut response = Response::new(head, body, self.route.target.clone());
        (response.timings, response.sizes) = (end.timings, end.sizes);
        self.last_response = Some(Arc::new(response));
        length
    }

    pub(super) fn record(&mut self, now: Micros, live: &Live, code: Code, end: &AttemptEnd) {
        let status = end.response.as_ref().map_or(0, |(head, _)| head.status);
        let code = match &live.judged {
            // A response that was answered by its head alone counts as one, however its body ended.
            Some(judged) if !judged.wants_body() => Code::HTTPC_OK,
            _ => code,
        };
        let sent = match (end.sent, status) {
            (false, _) => Sent::HTTPC_SENT_NEVER_SENT,
            (true, 0) => Sent::HTTPC_SENT_MAYBE_SENT,
            (true, _) => Sent::HTTPC_SENT_ANSWERED,
        };
        if self.attempts.is_empty() {
            self.attempts.reserve_exact(1); // most calls make one
        }
        self.attempts.push(Attempt {
            code,
            sent,
            curl_code: end.curl_code,
            peer: end.peer,
            connection_id: end.connection_id,
            reused: end.reused,
            ..self.attempt_record(now, live.started, status)
        });
    }

    /// What is known of an attempt when its response's head has come.
    pub(super) fn attempt_record(&self, now: Micros, started: Micros, status: u16) -> Attempt {
        Attempt {
            method: self.route.method.clone(),
            target: self.route.target.clone(),
            code: Code::HTTPC_OK,
            status,
            curl_code: 0,
            start_us: started - self.started,
            duration_us: now - started,
            delay_ms: self.delay_ms,
            delay_source: self.delay_source,
            sent: Sent::HTTPC_SENT_ANSWERED,
            stop: Stop::HTTPC_STOP_NONE,
            peer: None,
            connection_id: -1,
            reused: false,
            shown: Shown::default(),
        }
    }
}
