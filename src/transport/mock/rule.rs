//! A rule: which requests it answers, and how, in order; the last answer repeats.

use super::call::Call;
use super::json::first_difference;
use super::pattern::{UrlPattern, matches};
use super::reply::{Kind, Reply, Response};
use crate::client::method::Method;
use crate::error::{Error, Result};
use crate::sync::Mutex;
use serde_json::Value;
use std::sync::Arc;

pub struct Rule {
    /// `None`: any.
    method: Option<Method>,
    url: UrlPattern,
    /// It answers only when all rules before it that are in order as well have answered as often as they may.
    in_order: bool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    conditions: Vec<Condition>,
    replies: Vec<Arc<Reply>>,
    /// It answers so often, no more and no less.
    times: Option<u32>,
    answered: u32,
}

enum Condition {
    /// Without a pattern: it is not there.
    Header {
        name: String,
        pattern: Option<String>,
    },
    Body(Vec<u8>),
    Json(Value),
}

/// Why a rule did not answer, and how far it was from that.
pub struct Miss {
    pub distance: u32,
    pub why: String,
}

/// Whose turn it is among rules that are in order.
#[derive(Default)]
pub struct Turn {
    /// A rule that comes first.
    first: Option<String>,
}

impl Rule {
    pub fn new(method: Option<&str>, url: &str) -> Result<Rule> {
        let method = method.map(Method::new).transpose()?;
        Ok(Rule { method, url: UrlPattern::new(url)?, in_order: false, state: Mutex::default() })
    }

    /// Without a query it is for requests without one.
    pub fn wants_whole_query(&mut self) {
        self.url.wants_whole_query();
    }

    pub fn be_in_order(&mut self) {
        self.in_order = true;
    }

    /// "GET https://api.test/users/*".
    pub fn name(&self) -> String {
        format!("{} {}", self.method.as_ref().map_or("any method", Method::as_str), self.url.shown())
    }

    pub fn match_header(&self, name: &str, pattern: Option<&str>) {
        let condition = Condition::Header { name: name.to_owned(), pattern: pattern.map(str::to_owned) };
        self.state.lock().conditions.push(condition);
    }

    pub fn match_body(&self, body: &[u8]) {
        self.state.lock().conditions.push(Condition::Body(body.to_vec()));
    }

    pub fn match_json(&self, json: &str) -> Result<()> {
        let json = serde_json::from_str(json).map_err(|why| Error::invalid("json", why))?;
        self.state.lock().conditions.push(Condition::Json(json));
        Ok(())
    }

    pub fn set_times(&self, times: u32) {
        self.state.lock().times = Some(times);
    }

    pub fn add(&self, reply: Reply) {
        self.state.lock().replies.push(Arc::new(reply));
    }

    /// Changes the answer that was added last; an empty 200 where there is none yet.
    pub fn change(&self, change: impl FnOnce(&mut Reply) -> Result<()>) -> Result<()> {
        let mut state = self.state.lock();
        if state.replies.is_empty() {
            state.replies.push(Arc::new(Reply::response(200, b"")));
        }
        match state.replies.last_mut() {
            Some(last) => change(Arc::make_mut(last)),
            None => Ok(()),
        }
    }

    pub fn change_response(&self, change: impl FnOnce(&mut Response)) -> Result<()> {
        self.change(|reply| match &mut reply.kind {
            Kind::Response(response) => {
                change(response);
                Ok(())
            }
            Kind::Failure(_) => Err(Error::invalid("rule", "its last answer is a failure, not a response")),
        })
    }

    pub fn answered(&self) -> u32 {
        self.state.lock().answered
    }

    /// What answers `call`, if this rule does.
    pub(super) fn answer(&self, call: &Call, turn: &mut Turn) -> std::result::Result<Arc<Reply>, Miss> {
        let mut state = self.state.lock();
        let missed = self.compare(call, &state.conditions);
        let is_used_up = state.times.is_some_and(|times| state.answered >= times);
        if self.in_order && !is_used_up && turn.first.is_none() {
            turn.first = Some(self.name());
        } else if self.in_order && !is_used_up && missed.is_none() {
            let why = format!("{} comes first", turn.first.as_deref().unwrap_or_default());
            return Err(Miss { distance: 1, why });
        }
        if let Some(miss) = missed {
            return Err(miss);
        }
        if is_used_up {
            return Err(Miss { distance: 1, why: format!("it has answered {} already", times(state.answered)) });
        }
        let next = (state.answered as usize).min(state.replies.len().saturating_sub(1));
        state.answered += 1;
        Ok(state.replies.get(next).cloned().unwrap_or_else(|| Arc::new(Reply::response(200, b""))))
    }

    /// What differs, if anything; of several the weightiest, all of them in the distance.
    fn compare(&self, call: &Call, conditions: &[Condition]) -> Option<Miss> {
        let url = call.url.to_str().unwrap_or_default();
        let mut misses = Vec::new();
        if !self.url.matches(url) {
            misses.push(match self.url.matches_but_for_query(url) {
                true => Miss { distance: 16, why: "the query differs".to_owned() },
                false => Miss { distance: 64, why: "the URL differs".to_owned() },
            });
        }
        if let Some(method) = self.method.as_ref().filter(|method| **method != call.method) {
            misses.push(Miss { distance: 32, why: format!("it is for {}", method.as_str()) });
        }
        misses.extend(conditions.iter().filter_map(|condition| condition.compare(call)));
        let distance = misses.iter().map(|miss| miss.distance).sum();
        Some(Miss {
            distance,
            ..misses.into_iter().reduce(|first, next| if next.distance > first.distance { next } else { first })?
        })
    }

    /// Where it has not answered as often as it was to.
    pub fn unmet(&self) -> Option<String> {
        let state = self.state.lock();
        let wanted = state.times.filter(|wanted| *wanted != state.answered)?;
        Some(format!("{}: wanted {}, asked for {}", self.name(), times(wanted), times(state.answered)))
    }
}

impl Condition {
    fn compare(&self, call: &Call) -> Option<Miss> {
        let why = match self {
            Condition::Header { name, pattern } => {
                let found = call.header(name).map(|value| value.to_string_lossy());
                match (pattern, found) {
                    (None, None) => return None,
                    (None, Some(_)) => format!("there is a header {name}"),
                    (Some(_), None) => format!("there is no header {name}"),
                    (Some(pattern), Some(found)) if matches(pattern, &found) => return None,
                    (Some(_), Some(_)) => format!("the header {name} differs"),
                }
            }
            Condition::Body(wanted) => {
                let found = call.body();
                if wanted == found {
                    return None;
                }
                let at = wanted.iter().zip(found).take_while(|(wanted, found)| wanted == found).count();
                format!("the body differs at byte {at}")
            }
            Condition::Json(wanted) => match serde_json::from_slice(call.body()) {
                Err(_) => "the body is not JSON".to_owned(),
                Ok(found) => match first_difference(wanted, &found)?.as_str() {
                    "" => "the JSON of the body differs".to_owned(),
                    at => format!("the JSON of the body differs at {at}"),
                },
            },
        };
        Some(Miss { distance: 4, why })
    }
}

fn times(count: u32) -> String {
    if count == 1 { "once".to_owned() } else { format!("{count} times") }
}
