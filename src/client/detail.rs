//! The sentence of an error: "GET https://api.example.com/items: connect timed out after 3 attempts in 5.0 s".

use super::attempt::Attempt;
use super::method::Method;
use super::response::Response;
use super::timeouts::Timeouts;
use super::url::Target;
use crate::error::{Code, Stop};
use std::fmt::Write;

pub struct Facts<'a> {
    pub method: &'a Method,
    pub target: &'a Target,
    pub code: Code,
    pub stop: Stop,
    /// What the transport says of the last attempt.
    pub note: &'a str,
    pub response: Option<&'a Response>,
    pub attempts: &'a [Attempt],
    pub elapsed_us: u64,
    pub timeouts: &'a Timeouts,
    pub retry_after_ms: Option<u64>,
    /// Why the rest of a body that broke off could not be had.
    pub unfit: Option<&'a str>,
}

pub fn compose(facts: &Facts<'_>) -> String {
    let mut text = format!("{} {}: {}", facts.method.as_str(), facts.target.shown(), what(facts));
    let count = facts.attempts.len();
    if count > 1 {
        let _ = write!(text, " after {count} attempts in {}", seconds(facts.elapsed_us));
    } else if facts.code.is_timeout() {
        let _ = write!(text, " after {}", seconds(facts.elapsed_us));
    }
    if let Some(reason) = why_no_further(facts) {
        let _ = write!(text, "; {reason}");
    }
    if let Some(why) = facts.unfit {
        let _ = write!(text, "; the rest could not be had: {why}");
    }
    text
}

fn what(facts: &Facts<'_>) -> String {
    let plain = match facts.code {
        Code::HTTPC_E_STATUS => return status(facts),
        Code::HTTPC_E_TIMEOUT_CONNECT => "connect timed out",
        Code::HTTPC_E_TIMEOUT_READ => "the server was silent for too long (read timeout)",
        Code::HTTPC_E_TIMEOUT_WRITE => "the server took no more of the request (write timeout)",
        Code::HTTPC_E_TIMEOUT_POOL => "no connection became free (pool timeout)",
        Code::HTTPC_E_TIMEOUT_ATTEMPT => "the attempt timed out",
        Code::HTTPC_E_TIMEOUT_TOTAL => "the total timeout passed",
        Code::HTTPC_E_CANCELLED => "cancelled",
        Code::HTTPC_E_CLOSED => "the client was closed",
        Code::HTTPC_E_BODY_TOO_LARGE if facts.note.is_empty() => "the body is longer than the limit",
        Code::HTTPC_E_PROTOCOL if facts.note.is_empty() => return odd_status(facts),
        _ if facts.note.is_empty() => "failed",
        _ => facts.note,
    };
    plain.to_owned()
}

/// Ended at its head by the machine, so the transport has nothing to say.
fn odd_status(facts: &Facts<'_>) -> String {
    let status = facts.response.map_or(0, |response| response.status);
    match status {
        101 => "the answer switches to another protocol, which nobody asked for".to_owned(),
        _ => format!("the answer is not valid HTTP: its status is {status}"),
    }
}

fn status(facts: &Facts<'_>) -> String {
    let Some(response) = facts.response else { return "an error status".to_owned() };
    let reason = crate::text::printable(response.reason().to_bytes(), 80);
    let headline =
        if reason.is_empty() { response.status.to_string() } else { format!("{} {reason}", response.status) };
    let words = response.error_detail().to_string_lossy();
    // Without a body of use the extracted detail is that headline again.
    if words.is_empty() || words == format!("HTTP {headline}") { headline } else { format!("{headline}: {words}") }
}

fn why_no_further(facts: &Facts<'_>) -> Option<String> {
    Some(match facts.stop {
        Stop::HTTPC_STOP_NOT_IDEMPOTENT => {
            format!("not retried, since {} may have taken effect", facts.method.as_str())
        }
        Stop::HTTPC_STOP_NOT_REPLAYABLE => "not retried, since the body cannot be sent again".to_owned(),
        Stop::HTTPC_STOP_BUDGET => "not retried, since the retry budget of this server is used up".to_owned(),
        Stop::HTTPC_STOP_DECIDER => "not retried, as the decider said".to_owned(),
        Stop::HTTPC_STOP_RETRY_AFTER_TOO_LONG => {
            let asked = facts.retry_after_ms.map(|ms| seconds(ms.saturating_mul(1000)));
            format!("not retried, since the server asks to wait {}", asked.as_deref().unwrap_or("too long"))
        }
        Stop::HTTPC_STOP_DEADLINE if facts.code != Code::HTTPC_E_TIMEOUT_TOTAL => {
            let total = facts.timeouts.total.map(seconds);
            format!("not retried, since the total timeout of {} would pass first", total.unwrap_or_default())
        }
        _ => return None,
    })
}

/// "5.0 s", or "3 ms" below a tenth of a second.
pub(super) fn seconds(us: u64) -> String {
    if us < 100_000 { format!("{} ms", us / 1000) } else { format!("{:.1} s", us as f64 / 1e6) }
}
