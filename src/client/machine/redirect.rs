//! Redirects (RFC 9110 section 15.4), followed here and not by libcurl, so that every hop has its own send state, its own
//! retries and its own rules, and all share one deadline.

use super::judge::asked_pause;
use super::{Action, Judged, Machine, Micros, Rest, drained_by};
use crate::client::method::Method;
use crate::client::response::Head;
use crate::client::url::Target;
use crate::error::{Code, DelaySource, Stop};
use crate::text;
use std::sync::Arc;

/// What a client follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirects {
    /// 0: none, a 3xx is an ordinary response.
    pub max: u32,
    /// Whether one in answer to a POST is followed.
    pub post: bool,
}

impl Default for Redirects {
    fn default() -> Redirects {
        Redirects { max: 10, post: true }
    }
}

/// Where the call is by now.
#[derive(Clone, Debug)]
pub struct Route {
    pub target: Arc<Target>,
    pub method: Method,
    /// A redirect that turned the request into a GET took the body away.
    pub keeps_body: bool,
    /// It stood at another origin at least once: the caller's secrets do not go along any more, not even back home.
    pub left_home: bool,
    /// What is asked for instead of the whole.
    pub rest: Option<Box<Rest>>,
    hops: u32,
}

pub(super) struct Hop {
    route: Route,
    due: Micros,
    delay_ms: u64,
}

impl Route {
    pub fn new(target: Arc<Target>, method: Method) -> Route {
        Route { target, method, keeps_body: true, left_home: false, rest: None, hops: 0 }
    }

    /// The next request's, or why there is none.
    fn next(&self, status: u16, location: &[u8], max: u32) -> Result<Route, String> {
        if self.hops >= max {
            return Err(format!("redirected more than {max} times"));
        }
        let shown = text::printable(location.split(|byte| matches!(byte, b'?' | b'#')).next().unwrap_or_default(), 100);
        let location = std::str::from_utf8(location).map_err(|_| "redirected to what is not a URL".to_owned())?;
        let target = self.target.join(location).map_err(|_| {
            // User-info may stand in what does not parse.
            if shown.contains('@') {
                "redirected to what is not a URL".into()
            } else {
                format!("redirected to {shown}, which is not an http or https URL")
            }
        })?;
        if self.target.origin.https && !target.origin.https {
            return Err(format!("redirected from https to {}, which is not encrypted", target.shown()));
        }
        let name = self.method.as_str();
        let as_get = (status == 303 && name != "HEAD") || (matches!(status, 301 | 302) && name == "POST");
        Ok(Route {
            left_home: self.left_home || target.origin != self.target.origin,
            target: Arc::new(target),
            method: if as_get { Method::GET } else { self.method.clone() },
            keeps_body: self.keeps_body && !as_get,
            rest: None,
            hops: self.hops + 1,
        })
    }
}

impl Machine {
    /// `None`: the response is no redirect to be followed.
    pub(super) fn judge_redirect(&mut self, now: Micros, head: &Head, unix_ms: &dyn Fn() -> i64) -> Option<Judged> {
        let rules = &self.rules.redirects;
        let followed = matches!(head.status, 301 | 302 | 303 | 307 | 308)
            && rules.max > 0
            // Elsewhere the same ETag may mean other bytes.
            && self.route.rest.is_none()
            && (rules.post || self.route.method.as_str() != "POST");
        if !followed {
            return None;
        }
        let location = head.headers.get(b"location")?;
        let route = match self.route.next(head.status, location, rules.max) {
            Ok(route) => route,
            Err(why) => return Some(Judged::Lost { why, stop: Stop::HTTPC_STOP_NOT_RETRYABLE, retry_after_ms: None }),
        };
        if route.keeps_body && !self.rules.replayable {
            let why = "redirected, and the body cannot be sent again".to_owned();
            return Some(Judged::Lost { why, stop: Stop::HTTPC_STOP_NOT_REPLAYABLE, retry_after_ms: None });
        }
        let asked = asked_pause(head, unix_ms).filter(|_| self.rules.retry.policy.respect_retry_after);
        let delay_ms = asked.unwrap_or(0);
        let due = now.saturating_add(delay_ms.saturating_mul(1000));
        let too_long = self.rules.retry.policy.retry_after_max_ms.is_some_and(|max| delay_ms > max)
            || delay_ms > 0 && self.timers.total().is_some_and(|total| due >= total);
        if too_long {
            let why = "redirected, but not yet".to_owned();
            let stop = Stop::HTTPC_STOP_RETRY_AFTER_TOO_LONG;
            return Some(Judged::Lost { why, stop, retry_after_ms: asked });
        }
        self.timers.pause_until(drained_by(now, due));
        Some(Judged::Redirect(Box::new(Hop { route, due, delay_ms })))
    }

    pub(super) fn follow(&mut self, now: Micros, hop: Hop) -> Action {
        // What may be sent twice depends on what is sent now.
        if hop.route.method != self.route.method {
            self.idempotent = self.rules.retry.policy.is_idempotent_method(hop.route.method.as_str());
        }
        self.route = hop.route;
        let source = match hop.delay_ms {
            0 => DelaySource::HTTPC_DELAY_NONE,
            _ => DelaySource::HTTPC_DELAY_RETRY_AFTER,
        };
        self.pause(now, super::Retry { due: hop.due, delay_ms: hop.delay_ms, source, fresh_connection: false })
    }

    pub(super) fn lose(&mut self, now: Micros, why: String, stop: Stop, retry_after_ms: Option<u64>) -> Action {
        self.last_note = why;
        self.finish_with(now, Code::HTTPC_E_REDIRECT, stop, retry_after_ms)
    }
}
