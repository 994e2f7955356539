//! What the calls of one run share: time, the pool's permits, the limiters, budgets, idle connections; and what is noted
//! of all that happens.

use crate::faults::Fault;
use crate::lanes::Lanes;
use crate::plan::{GRANULARITY, ORIGINS, Plan, chance};
use crate::server::Seen;
use fastrand::Rng;
use httpclient::client::clock::{Clock, Micros};
use httpclient::client::rate_limiter::RateLimiter;
use httpclient::client::response::Response;
use httpclient::client::signal::Wake;
use httpclient::client::url::{Origin, Target};
use httpclient::client::virtual_clock::VirtualClock;
use httpclient::error::Error;
use httpclient::policy::admission::{Admission, Ticket};
use httpclient::policy::budget::Budget;
use httpclient::sync::Mutex;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

pub type Outcome = Result<Arc<Response>, Box<Error>>;

/// What engine threads find in their inboxes.
#[derive(Clone, Copy, Debug)]
pub enum Message {
    Submit(usize),
    Cancel(usize),
    WokenByLimiter(usize),
    WokenByPool(usize),
    Close,
}

pub type Inbox = Arc<Mutex<VecDeque<Message>>>;

/// Wakes a thread, or leaves a message for an engine.
#[derive(Debug)]
pub struct Bell {
    raised: AtomicBool,
    inbox: Option<(Inbox, Message)>,
}

impl Bell {
    pub fn new(inbox: Option<(Inbox, Message)>) -> Bell {
        Bell { raised: AtomicBool::new(false), inbox }
    }

    pub fn is_raised(&self) -> bool {
        self.raised.load(Ordering::Relaxed)
    }
}

impl Wake for Bell {
    fn wake(&self) {
        self.raised.store(true, Ordering::Relaxed);
        if let Some((inbox, message)) = &self.inbox {
            inbox.lock().push_back(*message);
        }
    }

    fn rest(&self) {
        self.raised.store(false, Ordering::Relaxed);
    }
}

pub struct World {
    pub plan: Plan,
    pub now: Micros,
    clock: Arc<VirtualClock>,
    /// Who comes first within an instant, and who oversleeps.
    pub chance: Rng,
    pub limiters: Vec<Arc<RateLimiter>>,
    pub budgets: Vec<Arc<Mutex<Budget>>>,
    pub targets: Vec<Arc<Target>>,
    pub admission: Admission<Arc<Origin>>,
    permit_queue: BTreeMap<Ticket, (Arc<Origin>, Arc<Bell>)>,
    token_queue: VecDeque<usize>,
    pub tokens_used: Vec<Micros>,
    /// Idle connections by host.
    pub idle: BTreeMap<String, u32>,
    /// Of each engine.
    pub lanes: Vec<Lanes>,
    pub attempts: u64,
    pub seen: Vec<Seen>,
    pub completions: Vec<Vec<(Micros, Outcome)>>,
    pub cancelled: Vec<bool>,
    pub closing: bool,
    pub fault: Option<Fault>,
    pub violations: Vec<String>,
    pub reached: BTreeMap<&'static str, u64>,
    pub trace: Option<Vec<String>>,
}

impl World {
    pub fn new(plan: Plan, fault: Option<Fault>, traced: bool) -> World {
        let clock = Arc::new(VirtualClock::default());
        clock.set_manual(true);
        let limiter = |rate: &crate::plan::Rate| {
            let clock = Clock::Virtual(clock.clone());
            let limiter = RateLimiter::new(rate.tokens, rate.period, rate.burst, clock).expect("sane");
            limiter.set_max_wait_ms(rate.max_wait_ms);
            Arc::new(limiter)
        };
        let parse = |origin: &&str| Arc::new(Target::parse(&format!("{origin}/items?secret=1")).expect("a URL"));
        let budget = |_: &&str| Arc::new(Mutex::new(Budget::new(&plan.retry.policy.budget)));
        World {
            now: 0,
            chance: Rng::with_seed(!plan.seed),
            limiters: plan.limiters.iter().map(limiter).collect(),
            budgets: ORIGINS.iter().map(budget).collect(),
            targets: ORIGINS.iter().map(parse).collect(),
            admission: Admission::new(plan.max_connections, plan.max_per_host),
            permit_queue: BTreeMap::new(),
            token_queue: VecDeque::new(),
            tokens_used: Vec::new(),
            idle: BTreeMap::new(),
            lanes: (0..plan.engines).map(|_| Lanes::default()).collect(),
            attempts: 0,
            seen: Vec::new(),
            completions: plan.calls.iter().map(|_| Vec::new()).collect(),
            cancelled: vec![false; plan.calls.len()],
            closing: false,
            fault,
            violations: Vec::new(),
            reached: BTreeMap::new(),
            trace: traced.then(Vec::new),
            clock,
            plan,
        }
    }

    pub fn go_to(&mut self, at: Micros) {
        self.clock.advance(at - self.now);
        self.now = at;
    }

    pub fn note(&mut self, what: impl FnOnce() -> String) {
        if let Some(trace) = &mut self.trace {
            trace.push(format!("{:>12} us  {}", self.now, what()));
        }
    }

    pub fn reach(&mut self, what: &'static str) {
        *self.reached.entry(what).or_default() += 1;
    }

    pub fn violated(&mut self, what: String) {
        self.note(|| format!("VIOLATED: {what}"));
        self.violations.push(what);
    }

    pub fn hold(&mut self, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            self.violated(what());
        }
    }

    /// When somebody wakes that wants to at `until`.
    pub fn wake_time(&mut self, until: Micros) -> Micros {
        if until <= self.now || until == Micros::MAX || !chance(&mut self.chance, self.plan.unrest) {
            return until;
        }
        match self.chance.bool() {
            true => self.chance.u64(self.now + 1..=until),
            false => until + self.chance.u64(0..=GRANULARITY),
        }
    }

    /// A permit now, or a ticket.
    pub fn request_permit(&mut self, origin: &Arc<Origin>, bell: Arc<Bell>) -> Option<Ticket> {
        let is_held_up = self.permit_queue.values().any(|(other, _)| other == origin);
        match self.admission.request(origin) {
            Ok(()) => {
                self.hold(!is_held_up, || format!("a newcomer got the permit that others at {} wait for", origin.host));
                self.check_limits(origin);
                None
            }
            Err(ticket) => {
                self.permit_queue.insert(ticket, (origin.clone(), bell));
                Some(ticket)
            }
        }
    }

    /// A permit that came meanwhile goes on to the next.
    pub fn withdraw(&mut self, origin: &Arc<Origin>, ticket: Ticket) {
        if self.admission.cancel(origin, ticket) {
            self.reach("a queue left without a permit");
            self.permit_queue.remove(&ticket);
            return;
        }
        self.reach("a queue left with a permit just granted");
        if self.fault != Some(Fault::LeakedPermit) {
            self.release(origin);
        }
    }

    pub fn release(&mut self, origin: &Arc<Origin>) {
        let next = self.admission.release(origin);
        let per_host = self.plan.max_per_host;
        let has_room = |key: &Arc<Origin>| {
            self.admission.in_use_of(key) < per_host || next.as_ref().is_some_and(|(granted, _)| granted == key)
        };
        let expected = self.permit_queue.iter().find(|(_, (key, _))| has_room(key)).map(|(ticket, _)| *ticket);
        let granted = next.as_ref().map(|(_, ticket)| *ticket);
        self.hold(expected == granted, || format!("permit to ticket {granted:?}, while {expected:?} was first"));
        if let Some((key, ticket)) = next {
            self.check_limits(&key);
            if let Some((_, bell)) = self.permit_queue.remove(&ticket) {
                bell.wake();
            }
        }
    }

    fn check_limits(&mut self, origin: &Arc<Origin>) {
        let (all, here) = (self.admission.in_use(), self.admission.in_use_of(origin));
        let (most, per_host) = (self.plan.max_connections, self.plan.max_per_host);
        self.hold(all <= most && here <= per_host, || {
            format!("{all} permits of {most}, {here} of {per_host} at {}", origin.host)
        });
    }

    pub fn queued_for_token(&mut self, call: usize) {
        self.token_queue.push_back(call);
    }

    pub fn left_token_queue(&mut self, call: usize) {
        self.token_queue.retain(|other| *other != call);
    }

    /// All callers want the same, so that nobody may overtake.
    pub fn got_token(&mut self, call: usize) {
        let first = self.token_queue.front().copied();
        self.hold(first.is_none_or(|first| first == call), || format!("call {call} took the token of call {first:?}"));
        self.left_token_queue(call);
    }

    pub fn complete(&mut self, call: usize, outcome: Outcome) {
        self.note(|| match &outcome {
            Ok(response) => format!("call {call} ends: {response:?}"),
            Err(error) => format!("call {call} ends: {:?}, {:?}, {:?}: {error}", error.code, error.stop, error.sent),
        });
        self.completions[call].push((self.now, outcome));
    }
}
