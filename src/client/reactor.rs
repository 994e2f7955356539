//! Drives many call machines on an engine thread. It decides nothing: it waits, starts attempts, and reports, as the
//! [`blocking`](super::blocking) driver does for one.

mod attempts;
pub mod engine;
mod flight;
pub mod inbox;
pub mod pending;
mod tokens;
mod waits;
mod wire;

use super::Client;
use super::alarms::Alarms;
use super::clock::Micros;
use super::machine::{Action, Event};
use super::queue::Queue;
use super::response::Response;
use super::url::Origin;
use super::virtual_clock::{Inside, Presence};
use crate::error::{Code, Error, Result};
use crate::text;
use crate::transport::curl::multiplexer::Multiplexer;
use crate::transport::curl::multiplexer::poller::{Kind, block_signals};
use flight::{Flight, Flights, Stage};
use inbox::{EngineId, Inbox, Message, Woken, WokenBy};
use pending::Outcome;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use tokens::Tokens;
use wire::Wire;

/// After so many completions queues are rung, though there is more to do.
const MOST_UNRUNG: u32 = 32;

/// So many messages are read before the poller is asked again: calls that run are not to wait for all that are submitted.
const MOST_READ: usize = 256;

pub struct Reactor {
    client: Arc<Client>,
    inbox: Arc<Inbox>,
    /// Taken out of the inbox, the first one last.
    messages: Vec<Message>,
    /// How many may be read until the poller is asked again.
    may_read: usize,
    multiplexer: Multiplexer,
    flights: Flights,
    alarms: Alarms,
    tokens: Tokens,
    /// Queues in which something has arrived that nobody was told of: who drains one is woken once for many events.
    unrung: Vec<Arc<Queue>>,
    /// Completed since they were rung.
    completed: u32,
    /// Read once for each thing that happens.
    now: Micros,
    /// Deadlines after this are not judged yet: an answer may have come in time, while the thread was busy, and is heard first.
    heard: Micros,
    stopping: bool,
    /// By the client's clock, until its thread runs.
    presence: Option<Presence>,
}

impl Reactor {
    pub fn new(client: &Arc<Client>, engine: EngineId) -> Result<Reactor> {
        let multiplexer = client.pool.multiplexer(Kind::from_environment())?;
        let (config, waker) = (&client.config, multiplexer.waker());
        Ok(Reactor {
            inbox: Arc::new(Inbox::new(waker, engine, config.virtual_clock().cloned())),
            client: client.clone(),
            messages: Vec::new(),
            may_read: 0,
            multiplexer,
            flights: Flights::default(),
            alarms: Alarms::default(),
            tokens: Tokens::default(),
            unrung: Vec::new(),
            completed: 0,
            now: config.clock.now(),
            heard: 0,
            stopping: false,
            presence: config.clock.virtual_clock().map(Presence::new),
        })
    }

    pub fn inbox(&self) -> &Arc<Inbox> {
        &self.inbox
    }

    /// The engine thread's whole life.
    pub fn run(mut self) {
        block_signals();
        self.inbox.read_here();
        let _inside = self.presence.take().map(Inside::begin);
        self.client.is_home_of_this_thread();
        while !(self.stopping && self.flights.is_empty() && self.messages.is_empty()) {
            let turned = catch_unwind(AssertUnwindSafe(|| self.turn()));
            let failure = match turned {
                Ok(Ok(())) => continue,
                Ok(Err(failure)) => failure,
                Err(panic) => internal(&text::panic_message(&*panic)),
            };
            self.fail(&failure);
            break;
        }
        let mut left = std::mem::take(&mut self.messages);
        left.reverse();
        left.extend(self.inbox.close());
        for message in left {
            if let Message::Submit(flight) = message {
                self.refuse(flight, self.client.no_engine());
            }
        }
        self.ring();
    }

    /// Waits once, and does all that is there to do then.
    fn turn(&mut self) -> Result<()> {
        self.ring();
        let may_sleep = self.messages.is_empty() && self.inbox.about_to_sleep();
        let until = if may_sleep { self.alarms.next() } else { Some(0) };
        self.now = self.wait(until)?;
        self.heard = self.heard_until();
        self.inbox.awake();
        self.may_read = MOST_READ;
        self.read_messages();
        self.look_at_touched();
        while self.multiplexer.step(self.now) {
            self.now = self.clock().now();
            self.look_at_touched();
            self.end_cancelled();
            self.read_messages();
        }
        self.multiplexer.distrust_idle(self.now);
        while let Some(number) = self.alarms.ring(self.heard) {
            self.with_flight(number, Self::alarm);
        }
        Ok(())
    }

    fn read_messages(&mut self) {
        if self.messages.is_empty() {
            self.inbox.take(&mut self.messages);
            self.messages.reverse();
        }
        if !self.messages.is_empty() {
            // Functions of calls may have taken their time.
            self.now = self.clock().now();
            self.multiplexer.distrust_idle(self.now);
        }
        while self.may_read > 0
            && let Some(message) = self.messages.pop()
        {
            self.may_read -= 1;
            // Calls bring the times at which they began.
            self.now = self.clock().now();
            match message {
                Message::Submit(flight) => self.accept(flight),
                Message::Cancel(pending) => self.cancel(&pending),
                Message::Resume(pending) => self.resume(&pending),
                Message::Woken(woken) => self.woken(woken),
                Message::MakeRoom(origin) => self.close_excess(&origin),
                Message::Close => self.end_all(Code::HTTPC_E_CLOSED),
                Message::Stop => self.stopping = true,
            }
        }
    }

    /// Other engine threads do the same.
    fn close_excess(&mut self, origin: &Arc<Origin>) {
        let _turn = self.client.pool.turn_to_close();
        let at_origin = self.client.pool.excess(Some(origin));
        self.multiplexer.close_idle(self.now, Some(origin), at_origin);
        let in_all = self.client.pool.excess(None);
        self.multiplexer.close_idle(self.now, None, in_all);
    }

    fn accept(&mut self, flight: Box<Flight>) {
        let number = self.flights.reserve();
        flight.pending.set_flight(number);
        let watched =
            flight.call.cancel_token().map_or(Ok(()), |token| self.tokens.add(token, number, &self.multiplexer));
        self.flights.put(number, flight);
        self.with_flight(number, |reactor, _, flight| {
            let now = reactor.now;
            Some(match (watched, reactor.interruption(flight)) {
                (Err(error), _) => flight.machine.handle(now, Event::Failed(error)),
                (_, Some(code)) => flight.machine.handle(now, Event::Interrupted(code)),
                _ => flight.machine.start(now),
            })
        });
    }

    fn cancel(&mut self, pending: &Arc<pending::Pending>) {
        self.with_flight(pending.flight(), |reactor, number, flight| {
            // The number may be another's by now.
            if !Arc::ptr_eq(&flight.pending, pending) {
                return None;
            }
            reactor.interrupt(number, flight, Code::HTTPC_E_CANCELLED)
        });
    }

    fn resume(&mut self, pending: &Arc<pending::Pending>) {
        pending.resumes_now();
        self.with_flight(pending.flight(), |reactor, number, flight| {
            if !Arc::ptr_eq(&flight.pending, pending) {
                return None;
            }
            if let Some(feed) = &mut flight.call.feed {
                feed.resume();
            }
            if let Some(delivery) = &mut flight.call.delivery {
                delivery.resume();
            }
            reactor.look(number, flight)
        });
    }

    fn woken(&mut self, woken: Woken) {
        if self.flights.generation(woken.flight) == woken.generation {
            self.with_flight(woken.flight, |reactor, number, flight| match woken.by {
                WokenBy::Limiter => reactor.poll_token(number, flight),
                WokenBy::Pool => reactor.got_permit(number, flight),
            });
        }
    }

    fn end_all(&mut self, code: Code) {
        for number in self.flights.numbers() {
            self.with_flight(number, |reactor, number, flight| reactor.interrupt(number, flight, code));
        }
        self.multiplexer.close_idle(self.now, None, u32::MAX);
    }

    fn end_cancelled(&mut self) {
        for key in self.multiplexer.take_raised() {
            for number in self.tokens.triggered(key, &self.multiplexer) {
                self.with_flight(number, |reactor, number, flight| {
                    reactor.interrupt(number, flight, Code::HTTPC_E_CANCELLED)
                });
            }
        }
    }

    fn look_at_touched(&mut self) {
        let mut touched = self.multiplexer.take_touched();
        if !touched.is_empty() {
            self.multiplexer.distrust_idle(self.now);
        }
        for number in touched.drain(..) {
            self.with_flight(number, Self::look);
        }
        self.multiplexer.reuse(touched);
    }

    /// Does something for a call, and carries out what comes of it. A panic ends that call only.
    fn with_flight(&mut self, number: u32, work: impl FnOnce(&mut Self, u32, &mut Flight) -> Option<Action>) {
        let Some(mut flight) = self.flights.take(number) else { return };
        let worked = catch_unwind(AssertUnwindSafe(|| {
            let action = work(self, number, &mut flight)?;
            self.carry_out(number, &mut flight, action)
        }));
        match worked {
            Ok(None) => {
                let due = flight.mocked.as_ref().and_then(|mocked| mocked.due());
                for at in [flight.machine.wake_at(), due].into_iter().flatten() {
                    self.alarms.set(number, at);
                }
                self.flights.put(number, flight);
            }
            Ok(Some(outcome)) => self.complete(number, flight, outcome),
            Err(panic) => self.complete(number, flight, Err(internal(&text::panic_message(&*panic)))),
        }
    }

    /// Until there is something to wait for (`None`), or an outcome.
    fn carry_out(&mut self, number: u32, flight: &mut Flight, mut action: Action) -> Option<Outcome> {
        loop {
            action = match action {
                Action::Finish(outcome) => return Some(outcome),
                Action::TakeToken => self.take_token(number, flight)?,
                Action::TakePermit => self.take_permit(number, flight)?,
                Action::StartAttempt { fresh_connection } => self.start(number, flight, fresh_connection)?,
                Action::Wait => {
                    flight.stage = Stage::Pause;
                    return None;
                }
                Action::AbortAttempt => self.end_attempt(number, flight, false),
                Action::Body { .. } => return None,
            };
        }
    }

    fn interrupt(&mut self, number: u32, flight: &mut Flight, code: Code) -> Option<Action> {
        self.stop_waiting(number, flight);
        match flight.machine.handle(self.now, Event::Interrupted(code)) {
            Action::AbortAttempt => Some(self.end_attempt(number, flight, false)),
            action => Some(action),
        }
    }

    fn interruption(&self, flight: &Flight) -> Option<Code> {
        if flight.pending.is_cancelled() || flight.call.cancel_token().is_some_and(|token| token.is_cancelled()) {
            return Some(Code::HTTPC_E_CANCELLED);
        }
        self.client.closing.is_raised().then_some(Code::HTTPC_E_CLOSED)
    }

    fn alarm(&mut self, number: u32, flight: &mut Flight) -> Option<Action> {
        let now = self.now;
        if let Stage::Token(_) = flight.stage
            && let Some(action) = self.poll_token(number, flight)
        {
            return Some(action);
        }
        if let Some(action) = self.got_permit(number, flight) {
            return Some(action);
        }
        if flight.mocked.as_ref().and_then(|mocked| mocked.due()).is_some_and(|due| due <= now)
            && let Some(action) = self.look(number, flight)
        {
            return Some(action);
        }
        // Others on its connection may have got on before it, of which it was not told.
        if let Stage::Attempt = flight.stage {
            self.note_progress(number, flight);
            self.note_last_sent(number, flight);
        }
        if flight.machine.wake_at().is_none_or(|at| at > self.heard) {
            return None;
        }
        match (flight.machine.handle(now, Event::TimerFired), &flight.stage) {
            // The alarm was early.
            (Action::TakeToken, Stage::Token(_)) => None,
            (Action::TakePermit, Stage::Permit { .. } | Stage::Version { .. } | Stage::Stream) => None,
            (Action::AbortAttempt, _) => Some(self.end_attempt(number, flight, false)),
            (action, _) => Some(action),
        }
    }

    fn complete(&mut self, number: u32, mut flight: Box<Flight>, outcome: Outcome) {
        self.stop_waiting(number, &mut flight);
        Wire::new(&mut self.multiplexer, &mut flight.mocked, number).finish(self.now);
        self.give_permit_back(&mut flight);
        if let Some(unused) = flight.grant.take() {
            unused.give_back();
        }
        if let Some(token) = flight.call.cancel_token() {
            self.tokens.remove(token, number, &self.multiplexer);
        }
        self.flights.forget(number);
        self.deliver(flight, outcome);
    }

    fn deliver(&mut self, mut flight: Box<Flight>, outcome: Result<Arc<Response>>) {
        if let Err(error) = &outcome {
            self.client.log.failure(error);
        }
        let (pending, receiver) = (flight.pending.clone(), flight.receiver.take());
        // The request and what it holds go first: their drop functions are part of the call.
        drop(flight);
        if let Some(receiver) = receiver {
            let is_function = matches!(receiver, pending::Receiver::Function(_));
            self.unrung.extend(pending.deliver(receiver, outcome));
            if is_function {
                self.now = self.clock().now();
            }
        }
        self.completed += 1;
        // Who closes the client finds everything told.
        if self.completed >= MOST_UNRUNG || self.client.closing.is_raised() {
            self.ring();
        }
        self.client.unregister();
    }

    fn ring(&mut self) {
        self.completed = 0;
        for queue in self.unrung.drain(..) {
            queue.ring();
        }
    }

    fn refuse(&mut self, flight: Box<Flight>, error: Box<Error>) {
        self.deliver(flight, Err(error));
    }

    /// The engine is of no use any more: every call is told.
    fn fail(&mut self, failure: &Error) {
        for number in self.flights.numbers() {
            if let Some(flight) = self.flights.take(number) {
                self.complete(number, flight, Err(failure.again()));
            }
        }
    }
}

fn internal(why: &str) -> Box<Error> {
    Error::new(Code::HTTPC_E_INTERNAL, format!("internal error, please report: {why}"))
}
