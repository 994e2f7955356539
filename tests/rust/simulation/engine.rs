//! The reactor's rules (src/client/reactor.rs, reactor/waits.rs): one thread for many calls, woken by messages, sockets and
//! alarms. Calls go by their numbers, which here are never used again.

use crate::faults::Fault;
use crate::flight::{Flight, Stage};
use crate::lanes::{Lanes, Manner};
use crate::world::{Bell, Inbox, Message, World};
use httpclient::client::alarms::Alarms;
use httpclient::client::clock::Micros;
use httpclient::client::machine::{Action, Event};
use httpclient::client::url::Origin;
use httpclient::error::Code;
use std::collections::BTreeMap;
use std::sync::Arc;

#[derive(Default)]
pub struct Engine {
    number: usize,
    pub inbox: Inbox,
    flights: BTreeMap<usize, Flight>,
    alarms: Alarms,
    wakes_at: Micros,
}

type Work = fn(&mut Engine, &mut Flight, &mut World) -> Option<Action>;

impl Engine {
    pub fn new(number: usize) -> Engine {
        Engine { number, ..Engine::default() }
    }

    pub fn is_idle(&self) -> bool {
        self.flights.is_empty() && self.inbox.lock().is_empty()
    }

    pub fn running(&self) -> impl Iterator<Item = &Flight> {
        self.flights.values()
    }

    pub fn next(&self) -> Micros {
        let wires = self.flights.values().filter_map(|flight| flight.wire.as_ref()?.next());
        wires.min().unwrap_or(Micros::MAX).min(self.wakes_at)
    }

    pub fn is_awake(&self, world: &World) -> bool {
        let is_cancelled = |call: &usize| world.cancelled[*call] && is_by_token(world, *call);
        !self.inbox.lock().is_empty() || self.flights.keys().any(is_cancelled) || self.next() <= world.now
    }

    /// One turn.
    pub fn run(&mut self, world: &mut World) {
        self.read_messages(world);
        self.look_at_touched(world);
        self.end_cancelled(world);
        self.read_messages(world);
        let mut rings = 0;
        while let Some(call) = self.alarms.ring(world.now) {
            self.with_flight(world, call as usize, Self::alarm);
            rings += 1;
            assert!(rings < 10_000, "call {call} sets its alarm to what has passed, again and again");
        }
        self.look_at_those_that_know(world);
        let next = self.alarms.next().unwrap_or(Micros::MAX);
        self.wakes_at = world.wake_time(next);
    }

    fn read_messages(&mut self, world: &mut World) {
        let messages: Vec<Message> = self.inbox.lock().drain(..).collect();
        for message in messages {
            match message {
                Message::Submit(call) => {
                    self.flights.insert(call, Flight::new(world, call));
                    self.with_flight(world, call, Self::begin);
                }
                Message::Cancel(call) => self.cancel(world, call),
                Message::WokenByLimiter(call) => self.with_flight(world, call, Self::poll_token),
                Message::WokenByPool(call) => self.with_flight(world, call, Self::got_permit),
                Message::Close => self.close(world),
            }
        }
    }

    fn cancel(&mut self, world: &mut World, call: usize) {
        match self.flights.get(&call).map(|flight| &flight.stage) {
            None => {
                world.reach("a cancel after the end");
                if world.fault == Some(Fault::DoubledCompletion) {
                    world.complete(call, Err(httpclient::error::Error::new(Code::HTTPC_E_CANCELLED, "cancelled")));
                }
            }
            Some(Stage::Pause) if world.fault == Some(Fault::LostCompletion) => {
                self.flights.remove(&call);
            }
            Some(_) => {
                self.with_flight(world, call, |_, flight, world| interrupt(flight, world, Code::HTTPC_E_CANCELLED))
            }
        }
    }

    fn close(&mut self, world: &mut World) {
        let calls: Vec<usize> = self.flights.keys().copied().collect();
        for call in calls {
            self.with_flight(world, call, |_, flight, world| interrupt(flight, world, Code::HTTPC_E_CLOSED));
        }
    }

    fn look_at_touched(&mut self, world: &mut World) {
        let is_touched =
            |flight: &&Flight| flight.wire.as_ref().and_then(|wire| wire.next()).is_some_and(|at| at <= world.now);
        let mut touched: Vec<usize> = self.flights.values().filter(is_touched).map(|flight| flight.call).collect();
        world.chance.shuffle(&mut touched);
        for call in touched {
            self.with_flight(world, call, Self::look);
        }
    }

    /// How the origin is to be spoken to, or that they have to find out for themselves.
    fn look_at_those_that_know(&mut self, world: &mut World) {
        while let Some(call) = self.lanes(world).touched.pop() {
            self.with_flight(world, call, Self::ask_again);
        }
    }

    fn end_cancelled(&mut self, world: &mut World) {
        let is_cancelled = |call: &&usize| world.cancelled[**call] && is_by_token(world, **call);
        let cancelled: Vec<usize> = self.flights.keys().filter(is_cancelled).copied().collect();
        for call in cancelled {
            self.with_flight(world, call, |_, flight, world| interrupt(flight, world, Code::HTTPC_E_CANCELLED));
        }
    }

    fn with_flight(&mut self, world: &mut World, call: usize, work: Work) {
        let Some(mut flight) = self.flights.remove(&call) else { return };
        let mut action = work(self, &mut flight, world);
        while let Some(next) = action {
            action = match next {
                Action::Finish(outcome) => {
                    flight.clear(world);
                    world.complete(call, outcome);
                    return;
                }
                Action::TakeToken => {
                    let action = flight.take_token(world, self.bell(Message::WokenByLimiter(call)));
                    self.rest_until_token(&flight);
                    action
                }
                Action::TakePermit => self.take_permit(&mut flight, world),
                Action::StartAttempt { fresh_connection } => {
                    let was_stream = matches!(flight.stage, Stage::Stream);
                    let failed = flight.start(world, fresh_connection);
                    if failed.is_some() {
                        flight.part(world);
                        flight.give_permit_back(world);
                    }
                    if was_stream { self.look(&mut flight, world) } else { failed }
                }
                Action::Wait => {
                    flight.stage = Stage::Pause;
                    None
                }
                Action::AbortAttempt => Some(flight.end_attempt(world, true)),
                Action::Body { .. } => None,
            };
        }
        if let Some(at) = flight.machine.wake_at() {
            self.alarms.set(call as u32, at);
        }
        self.flights.insert(call, flight);
    }

    fn begin(&mut self, flight: &mut Flight, world: &mut World) -> Option<Action> {
        let code = match (world.cancelled[flight.call], world.closing) {
            (true, _) => Code::HTTPC_E_CANCELLED,
            (_, true) => Code::HTTPC_E_CLOSED,
            _ => return Some(flight.machine.start(world.now)),
        };
        Some(flight.machine.handle(world.now, Event::Interrupted(code)))
    }

    fn poll_token(&mut self, flight: &mut Flight, world: &mut World) -> Option<Action> {
        let action = flight.poll_token(world);
        self.rest_until_token(flight);
        action
    }

    fn rest_until_token(&mut self, flight: &Flight) {
        let Stage::Token { place, latest } = &flight.stage else { return };
        let until = place.until().map_or(*latest, |until| until.min(*latest));
        if until != Micros::MAX {
            self.alarms.set(flight.call as u32, until);
        }
    }

    fn take_permit(&mut self, flight: &mut Flight, world: &mut World) -> Option<Action> {
        let origin = flight.machine.route().target.origin.clone();
        let mut manner = Manner::Own;
        if !flight.machine.wants_fresh_connection() {
            manner = self.lanes(world).manner(flight.call, &origin.host, flight.is_impatient);
            match manner {
                Manner::Own | Manner::First => {}
                Manner::Join => return self.join(flight, world, origin),
                Manner::Later => {
                    world.reach("a wait for a version");
                    flight.stage = Stage::Version;
                    return None;
                }
            }
        }
        let bell = Arc::new(self.bell(Message::WokenByPool(flight.call)));
        match world.request_permit(&origin, bell.clone()) {
            Some(ticket) => {
                flight.stage = Stage::Permit { origin, ticket, bell };
                None
            }
            None => self.use_permit(flight, world, origin, manner, false),
        }
    }

    fn got_permit(&mut self, flight: &mut Flight, world: &mut World) -> Option<Action> {
        let Stage::Permit { origin, .. } = &flight.stage else { return None };
        let origin = origin.clone();
        flight.stage = Stage::Nothing;
        let manner = self.lanes(world).manner(flight.call, &origin.host, true);
        self.use_permit(flight, world, origin, manner, true)
    }

    fn use_permit(
        &mut self,
        flight: &mut Flight,
        world: &mut World,
        origin: Arc<Origin>,
        manner: Manner,
        queued: bool,
    ) -> Option<Action> {
        flight.permit = Some(origin.clone());
        if flight.machine.wants_fresh_connection() || manner == Manner::Own {
            return Some(flight.machine.handle(world.now, Event::PermitGranted { queued }));
        }
        self.share_permit(flight, world);
        if world.fault == Some(Fault::UncountedConnection) {
            flight.give_permit_back(world);
        } else if let Some(spare) = flight.permit.take() {
            world.release(&spare);
        }
        self.join(flight, world, origin)
    }

    fn share_permit(&self, flight: &mut Flight, world: &mut World) {
        if let Some(origin) = &flight.permit
            && self.lanes(world).hold_permit(&origin.host)
        {
            flight.shares = flight.permit.take();
        }
    }

    fn join(&self, flight: &mut Flight, world: &mut World, origin: Arc<Origin>) -> Option<Action> {
        world.reach("a stream among others");
        self.lanes(world).join(&origin.host);
        (flight.shares, flight.is_stream) = (Some(origin), true);
        flight.launch(world, false);
        flight.stage = Stage::Stream;
        None
    }

    fn ask_again(&mut self, flight: &mut Flight, world: &mut World) -> Option<Action> {
        let Stage::Version = flight.stage else { return None };
        flight.stage = Stage::Nothing;
        flight.is_impatient = true;
        let action = self.take_permit(flight, world);
        flight.is_impatient = false;
        action
    }

    fn lanes<'w>(&self, world: &'w mut World) -> &'w mut Lanes {
        &mut world.lanes[self.number]
    }

    /// A request that is on its way tells how its origin is spoken to.
    fn learn_version(&self, flight: &mut Flight, world: &mut World) {
        let host = flight.machine.route().target.origin.host.clone();
        let is_http2 = world.plan.http2 && host == "c.test";
        if flight.wire.as_ref().is_some_and(|wire| wire.is_sent()) && self.lanes(world).learn(&host, is_http2) {
            flight.is_stream = true;
            self.share_permit(flight, world);
        }
    }

    fn look(&mut self, flight: &mut Flight, world: &mut World) -> Option<Action> {
        let wire = flight.wire.as_mut()?;
        let ended = wire.advance(world.now, &mut world.seen[flight.seen]);
        if let Stage::Stream = flight.stage {
            let is_its_turn = wire.is_sent() || ended;
            return is_its_turn.then(|| flight.machine.handle(world.now, Event::PermitGranted { queued: true }));
        }
        self.learn_version(flight, world);
        if flight.judge(world, ended) {
            return Some(flight.end_attempt(world, true));
        }
        flight.tell_progress(world, true);
        None
    }

    fn alarm(&mut self, flight: &mut Flight, world: &mut World) -> Option<Action> {
        if let Some(action) = self.poll_token(flight, world) {
            return Some(action);
        }
        if !flight.is_due(world) {
            world.reach("an alarm that was early");
            return None;
        }
        match (flight.machine.handle(world.now, Event::TimerFired), &flight.stage) {
            (Action::TakeToken, Stage::Token { .. })
            | (Action::TakePermit, Stage::Permit { .. } | Stage::Version | Stage::Stream) => None,
            (Action::AbortAttempt, _) => Some(flight.end_attempt(world, true)),
            (action, _) => Some(action),
        }
    }

    fn bell(&self, message: Message) -> Bell {
        Bell::new(Some((self.inbox.clone(), message)))
    }
}

fn is_by_token(world: &World, call: usize) -> bool {
    world.plan.calls[call].cancel.is_some_and(|cancel| cancel.by_token)
}

fn interrupt(flight: &mut Flight, world: &mut World, code: Code) -> Option<Action> {
    flight.stop_waiting(world);
    match flight.machine.handle(world.now, Event::Interrupted(code)) {
        Action::AbortAttempt => Some(flight.end_attempt(world, true)),
        action => Some(action),
    }
}
