//! Attempts that no network sees: [`Rule`]s answer instead of servers, for tests of programs. An attempt feeds the same
//! [`Inflow`](super::inflow::Inflow) as one of libcurl's, so everything above the transport is the real thing.

mod attempt;
mod call;
pub mod har;
mod json;
mod pattern;
mod reply;
mod rule;

use crate::error::{Code, Error, Result};
use crate::sync::Mutex;
pub use attempt::Attempt;
pub use call::Call;
use elsa::sync::FrozenVec;
pub use reply::{Reply, can_break, can_fail};
pub use rule::Rule;
use rule::{Miss, Turn};
use std::fmt::Write;
use std::sync::Arc;

/// So many calls that nothing answered are listed; the others are counted.
const MOST_LISTED: usize = 10;

/// The rules of one or more clients, and what was asked. Rules and calls stay as long as the mock: programs point at them.
#[derive(Default)]
pub struct Mock {
    rules: FrozenVec<Box<Rule>>,
    calls: FrozenVec<Box<Call>>,
    /// One call is answered at a time, so that a rule's answers go out in order.
    answering: Mutex<Answering>,
}

#[derive(Default)]
struct Answering {
    /// Why the calls that no rule matched got no answer, and how many there were.
    missed: Vec<String>,
    missed_count: usize,
    /// Of a setter: every call fails with it.
    failure: Option<Box<Error>>,
}

impl Mock {
    pub fn add(&self, rule: Rule) -> &Rule {
        self.rules.push_get(Box::new(rule))
    }

    pub fn calls(&self) -> usize {
        self.calls.len()
    }

    pub fn call(&self, index: usize) -> Option<&Call> {
        self.calls.get(index)
    }

    /// Remembers the first failure of a setter.
    pub fn keep(&self, failure: Box<Error>) {
        self.answering.lock().failure.get_or_insert(failure);
    }

    pub fn check(&self) -> Result<()> {
        self.answering.lock().failure.as_ref().map_or(Ok(()), |failure| Err(failure.again()))
    }

    /// What answers a call that is complete; or why nothing does. It is on the list either way.
    fn answer(&self, call: Box<Call>) -> std::result::Result<Arc<Reply>, String> {
        let mut answering = self.answering.lock();
        let call = self.calls.push_get(call);
        if let Some(failure) = &answering.failure {
            return Err(format!("the mock was set up wrongly: {}", failure.detail.to_string_lossy()));
        }
        let mut nearest: Option<(Miss, &Rule)> = None;
        let mut turn = Turn::default();
        for index in 0..self.rules.len() {
            let Some(rule) = self.rules.get(index) else { continue };
            match rule.answer(call, &mut turn) {
                Ok(reply) => return Ok(reply),
                Err(miss) if nearest.as_ref().is_none_or(|(least, _)| miss.distance < least.distance) => {
                    nearest = Some((miss, rule));
                }
                Err(_) => {}
            }
        }
        let why = match nearest {
            None => "the mock has no rules".to_owned(),
            Some((miss, rule)) => {
                format!("no rule of the mock matches; the nearest, {}, does not, since {}", rule.name(), miss.why)
            }
        };
        answering.missed_count += 1;
        if answering.missed.len() < MOST_LISTED {
            answering.missed.push(format!("{} {}: {why}", call.method.as_str(), call.shown()));
        }
        Err(why)
    }

    /// Whether every rule answered as often as it was to, and every call was answered; if not, a list.
    pub fn verify(&self) -> Result<()> {
        self.check()?;
        let answering = self.answering.lock();
        let unmet = (0..self.rules.len()).filter_map(|index| self.rules.get(index)?.unmet());
        let lines: Vec<String> = unmet.chain(answering.missed.iter().cloned()).collect();
        if lines.is_empty() {
            return Ok(());
        }
        let mut text = lines.join("\n");
        let unlisted = answering.missed_count - answering.missed.len();
        if unlisted > 0 {
            let _ = write!(text, "\nand {unlisted} more calls that no rule matched");
        }
        Err(Error::new(Code::HTTPC_E_NOT_MOCKED, text))
    }
}
