//! A driver without a network: carries the machine's actions out on a clock that only moves when everything waits.

use httpclient::client::clock::Micros;
use httpclient::client::machine::{Action, AttemptEnd, Continuation, Event, Machine, Progress, Rest, Rules};
use httpclient::client::method::Method;
use httpclient::client::response::{Head, Response, Timings};
use httpclient::client::retry_rules::RetryRules;
use httpclient::client::timeouts::Timeouts;
use httpclient::client::url::Target;
use httpclient::error::{Code, Error};
use httpclient::policy::backoff::Jitter;
use httpclient::policy::budget::{Budget, BudgetPolicy};
use httpclient::sync::Mutex;
use std::collections::VecDeque;
use std::sync::Arc;

pub const MS: Micros = 1000;
pub const S: Micros = 1_000_000;

/// What happens on the wire, each step so long after the one before.
#[derive(Clone, Debug)]
pub enum Step {
    /// The request is out.
    Sent,
    /// A part of a large request is out.
    SentPart,
    /// Some of it left the kernel's buffer that long ago.
    SentBefore(Micros),
    /// A byte of the body was read that cannot be read again.
    Spent,
    /// What was given is out, and the program gives no more for now.
    Starved,
    /// The program's side says stop.
    Aborted(Code),
    Head(u16, Vec<(&'static str, String)>),
    Body(usize),
    /// So much of it is with the request's sink.
    Delivered(u64),
    /// What the sink says of going on behind the attempt.
    GoesOn(Continuation),
    /// The server says that it did nothing of the request.
    Unprocessed,
    /// The response is complete.
    Complete,
    Broken(Code),
    /// The idle connection that was used again turned out to be closed.
    StaleConnection,
}

pub type Attempt = Vec<(Micros, Step)>;

/// A connection in 1 ms, the answer 1 ms later, complete at once.
pub fn answer(status: u16) -> Attempt {
    answer_with(status, &[])
}

pub fn answer_with(status: u16, headers: &[(&'static str, &str)]) -> Attempt {
    let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    vec![(MS, Step::Sent), (MS, Step::Head(status, headers)), (0, Step::Body(5)), (0, Step::Complete)]
}

pub fn refused() -> Attempt {
    vec![(MS, Step::Broken(Code::HTTPC_E_CONNECT))]
}

pub fn reset_after_sending() -> Attempt {
    vec![(MS, Step::Sent), (MS, Step::Broken(Code::HTTPC_E_IO))]
}

pub fn truncated() -> Attempt {
    vec![
        (MS, Step::Sent),
        (MS, Step::Head(200, vec![])),
        (0, Step::Body(3)),
        (MS, Step::Broken(Code::HTTPC_E_TRUNCATED)),
    ]
}

pub struct Call {
    pub rules: Rules,
    pub script: VecDeque<Attempt>,
    pub permit_after: VecDeque<Micros>,
    /// When each token comes, counted from its request; at once past the list.
    pub token_after: VecDeque<Micros>,
    pub interrupt: Option<(Micros, Code)>,
}

/// A GET with three attempts, backoff 100 ms, 200 ms, … without jitter, and the default timeouts.
pub fn get(script: impl IntoIterator<Item = Attempt>) -> Call {
    call("GET", script)
}

pub fn post(script: impl IntoIterator<Item = Attempt>) -> Call {
    call("POST", script)
}

fn call(method: &str, script: impl IntoIterator<Item = Attempt>) -> Call {
    let mut retry = RetryRules::default();
    retry.set_backoff(100, 2.0, 10_000).expect("sane");
    retry.policy.backoff.jitter = Jitter::None;
    let rules = Rules {
        method: Method::new(method).expect("a token"),
        target: Arc::new(Target::parse("http://api.test/items?secret=1").expect("a URL")),
        timeouts: Timeouts::default(),
        idempotent: retry.policy.is_idempotent_method(method),
        retry: Arc::new(retry),
        own_key: false,
        replayable: true,
        limited: false,
        status_errors: true,
        max_body: 1 << 20,
        sink: None,
        resumes: true,
        redirects: Default::default(),
        budget: Arc::new(Mutex::new(Budget::new(&BudgetPolicy::default()))),
    };
    Call {
        rules,
        script: script.into_iter().collect(),
        permit_after: VecDeque::new(),
        token_after: VecDeque::new(),
        interrupt: None,
    }
}

impl Call {
    pub fn timeouts(mut self, change: impl FnOnce(&mut Timeouts)) -> Call {
        change(&mut self.rules.timeouts);
        self
    }

    pub fn retry(mut self, change: impl FnOnce(&mut RetryRules)) -> Call {
        change(Arc::make_mut(&mut self.rules.retry));
        self
    }

    pub fn rules(mut self, change: impl FnOnce(&mut Rules)) -> Call {
        change(&mut self.rules);
        self
    }

    pub fn interrupted(mut self, at: Micros, code: Code) -> Call {
        self.interrupt = Some((at, code));
        self
    }

    /// When each permit comes, counted from its request; at once past the list.
    pub fn permits_after(mut self, waits: impl IntoIterator<Item = Micros>) -> Call {
        self.permit_after = waits.into_iter().collect();
        self
    }

    pub fn tokens_after(mut self, waits: impl IntoIterator<Item = Micros>) -> Call {
        self.rules.limited = true;
        self.token_after = waits.into_iter().collect();
        self
    }

    pub fn run(self) -> Ended {
        Driver::new(self).run()
    }
}

pub struct Ended {
    pub result: Result<Arc<Response>, Box<Error>>,
    pub at: Micros,
    /// When each attempt began.
    pub started: Vec<Micros>,
    /// Which attempts asked for a new connection.
    pub fresh: Vec<bool>,
    /// How often the request went out.
    pub sent: usize,
    /// What each attempt asked for, where it was a part.
    pub asked: Vec<Option<Rest>>,
}

impl Ended {
    pub fn error(&self) -> &Error {
        self.result.as_ref().expect_err("the call should have failed")
    }

    pub fn response(&self) -> &Response {
        self.result.as_ref().unwrap_or_else(|e| panic!("the call failed: {e}"))
    }
}

struct Driver {
    call: Call,
    machine: Machine,
    now: Micros,
    ended: (Vec<Micros>, Vec<bool>, usize),
    /// Bytes that the sink has.
    delivered: Option<u64>,
    /// What each attempt asked for, where it was a part.
    asked: Vec<Option<Rest>>,
}

impl Driver {
    fn new(call: Call) -> Driver {
        let machine = Machine::new(call.rules.clone(), 0, fastrand::Rng::with_seed(7));
        Driver { call, machine, now: 0, ended: Default::default(), delivered: None, asked: Vec::new() }
    }

    fn run(mut self) -> Ended {
        let mut action = self.machine.start(0);
        for _ in 0..100_000 {
            action = match action {
                Action::Finish(result) => {
                    let (started, fresh, sent) = self.ended;
                    return Ended { result, at: self.now, started, fresh, sent, asked: self.asked };
                }
                Action::TakeToken => {
                    let wait = self.call.token_after.pop_front().unwrap_or(0);
                    if self.machine.deadline().is_some_and(|deadline| self.now + wait > deadline) {
                        self.machine.handle(self.now, Event::TokenRefused { wait_us: wait })
                    } else {
                        self.wait_until(Some(self.now + wait), Event::TokenGranted { queued: true })
                    }
                }
                Action::TakePermit => {
                    let granted = self.now + self.call.permit_after.pop_front().unwrap_or(0);
                    self.wait_until(Some(granted), Event::PermitGranted { queued: true })
                }
                Action::Wait => self.wait_until(None, Event::TimerFired),
                Action::StartAttempt { fresh_connection } => {
                    self.ended.0.push(self.now);
                    self.ended.1.push(fresh_connection);
                    self.asked.push(self.machine.route().rest.as_deref().cloned());
                    self.attempt()
                }
                Action::Body { .. } | Action::AbortAttempt => panic!("no attempt runs"),
            };
        }
        panic!("the machine never finished");
    }

    /// To `at`, or to whatever comes before: the machine's timer or the interruption.
    fn wait_until(&mut self, at: Option<Micros>, event: Event<'_>) -> Action {
        let timer = self.machine.wake_at().unwrap_or(Micros::MAX);
        let interruption = self.call.interrupt.map_or(Micros::MAX, |(at, _)| at.max(self.now));
        let at = at.unwrap_or(Micros::MAX);
        let first = at.min(timer).min(interruption);
        assert!(first < Micros::MAX, "nothing would ever wake the call");
        self.now = self.now.max(first);
        if interruption == first {
            return self.interrupt();
        }
        let event = if at == first { event } else { Event::TimerFired };
        self.machine.handle(self.now, event)
    }

    fn interrupt(&mut self) -> Action {
        let (_, code) = self.call.interrupt.take().expect("one is due");
        self.machine.handle(self.now, Event::Interrupted(code))
    }

    fn attempt(&mut self) -> Action {
        let steps = self.call.script.pop_front().unwrap_or_else(|| panic!("more attempts than the script has"));
        let mut end = unfinished();
        let mut due = self.now;
        for (after, step) in steps {
            due += after;
            // A new instant: timers and the interruption that come first have their say.
            while let Some(aborted) = self.let_time_pass(due) {
                match aborted {
                    Action::Body { .. } => {}
                    Action::AbortAttempt => return self.end(end),
                    other => return other,
                }
            }
            match step {
                Step::Sent => {
                    self.ended.2 += 1;
                    end.sent = true;
                    self.machine.progress(self.now, Progress::Waiting, true);
                }
                Step::SentPart => {
                    end.sent = true;
                    self.machine.progress(self.now, Progress::Sending, true);
                }
                Step::SentBefore(ago) => self.machine.sent_at(self.now - ago),
                Step::Spent => self.machine.body_is_spent(),
                Step::Starved => {
                    end.sent = true;
                    self.machine.progress(self.now, Progress::Starved, true);
                }
                Step::Aborted(code) => {
                    let why = Error::new(code, "the program said stop");
                    self.machine.handle(self.now, Event::Aborted(why));
                    return self.end(end);
                }
                Step::Head(status, headers) => {
                    end.heard = true;
                    let mut head = Head { status, version: 11, ..Head::default() };
                    for (name, value) in &headers {
                        head.headers.push_line(format!("{name}: {value}").as_bytes()).expect("a header");
                    }
                    let length =
                        head.headers.get(b"content-length").and_then(|length| std::str::from_utf8(length).ok());
                    head.content_length = length.and_then(|length| length.parse().ok());
                    let action = self.machine.handle(self.now, Event::Head { head: &head, unix_ms: &|| 0 });
                    end.response = Some((head, Vec::new()));
                    if matches!(action, Action::AbortAttempt) {
                        return self.end(end);
                    }
                    self.machine.progress(self.now, Progress::Waiting, true);
                }
                Step::Body(bytes) => {
                    if let Some((_, body)) = &mut end.response {
                        body.resize(body.len() + bytes, b'x');
                    }
                    self.machine.progress(self.now, Progress::Waiting, true);
                }
                Step::Delivered(bytes) => self.delivered = Some(self.delivered.unwrap_or(0) + bytes),
                Step::GoesOn(continuation) => self.machine.goes_on(continuation),
                Step::Unprocessed => end.unprocessed = true,
                Step::Complete => {
                    end.code = Code::HTTPC_OK;
                    return self.end(end);
                }
                Step::Broken(code) => {
                    end.code = code;
                    return self.end(end);
                }
                Step::StaleConnection => {
                    (end.sent, end.reused, end.code) = (true, true, Code::HTTPC_E_IO);
                    return self.end(end);
                }
            }
        }
        // The script leaves the server silent.
        loop {
            match self.let_time_pass(Micros::MAX) {
                Some(Action::AbortAttempt) => return self.end(end),
                Some(Action::Body { .. }) => {}
                other => panic!("nothing ends a silent server: {other:?}"),
            }
        }
    }

    fn end(&mut self, mut end: AttemptEnd) -> Action {
        end.delivered = self.delivered;
        self.machine.handle(self.now, Event::AttemptEnded(end))
    }

    /// Moves on to `due`; `Some` when something else came first.
    fn let_time_pass(&mut self, due: Micros) -> Option<Action> {
        let timer = self.machine.wake_at().unwrap_or(Micros::MAX);
        let interruption = self.call.interrupt.map_or(Micros::MAX, |(at, _)| at.max(self.now));
        let first = timer.min(interruption);
        if first > due || first == Micros::MAX {
            self.now = due;
            return None;
        }
        self.now = self.now.max(first);
        Some(if interruption == first { self.interrupt() } else { self.machine.handle(self.now, Event::TimerFired) })
    }
}

fn unfinished() -> AttemptEnd {
    AttemptEnd {
        code: Code::HTTPC_OK,
        curl_code: 0,
        note: "as scripted".into(),
        hopeless: false,
        sent: false,
        heard: false,
        reused: false,
        shared: false,
        unprocessed: false,
        delivered: None,
        peer: None,
        connection_id: -1,
        sizes: Default::default(),
        timings: Timings::default(),
        response: None,
    }
}
