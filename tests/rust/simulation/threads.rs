//! The blocking driver's rules (src/client/blocking.rs): a thread for each call, which waits for one thing at a time.

use crate::faults::Fault;
use crate::flight::{Flight, Stage};
use crate::world::{Bell, World};
use httpclient::client::clock::Micros;
use httpclient::client::machine::{Action, Event};
use httpclient::error::{Code, Error};

pub struct Thread {
    pub flight: Flight,
    wakes_at: Micros,
    has_begun: bool,
}

impl Thread {
    pub fn new(world: &World, call: usize) -> Thread {
        Thread { flight: Flight::new(world, call), wakes_at: world.now, has_begun: false }
    }

    /// When it runs on, unless something wakes it before.
    pub fn next(&self) -> Micros {
        let of_wire = self.flight.wire.as_ref().and_then(|wire| wire.next()).unwrap_or(Micros::MAX);
        self.wakes_at.min(of_wire)
    }

    pub fn is_awake(&self, world: &World) -> bool {
        let is_rung = match &self.flight.stage {
            Stage::Token { place, .. } => place.waker().is_raised(),
            Stage::Permit { bell, .. } => bell.is_raised(),
            _ => false,
        };
        is_rung || self.interruption(world).is_some() || self.next() <= world.now
    }

    /// Until it sleeps; true when its call has ended.
    pub fn run(&mut self, world: &mut World) -> bool {
        let mut action = self.wake_up(world);
        while let Some(next) = action {
            action = match next {
                Action::Finish(outcome) => {
                    self.flight.clear(world);
                    world.complete(self.flight.call, outcome);
                    return true;
                }
                Action::TakeToken => {
                    let action = self.flight.take_token(world, Bell::new(None));
                    if action.is_none() {
                        self.sleep_for_token(world);
                    }
                    action
                }
                Action::TakePermit => match self.flight.take_permit(world, Bell::new(None)) {
                    None => self.queue(world),
                    action => action,
                },
                Action::StartAttempt { fresh_connection } => match self.flight.start(world, fresh_connection) {
                    None => self.exchange(world),
                    failed => {
                        self.flight.give_permit_back(world);
                        failed
                    }
                },
                Action::Wait => {
                    self.flight.stage = Stage::Pause;
                    self.pause(world)
                }
                Action::Body { .. } | Action::AbortAttempt => {
                    world.violated(format!("call {}: no attempt runs", self.flight.call));
                    let confused = Error::new(Code::HTTPC_E_INTERNAL, "no attempt runs");
                    Some(self.flight.machine.handle(world.now, Event::Failed(confused)))
                }
            };
        }
        false
    }

    fn wake_up(&mut self, world: &mut World) -> Option<Action> {
        if !std::mem::replace(&mut self.has_begun, true) {
            let action = self.ended_from_outside(world);
            return Some(action.unwrap_or_else(|| self.flight.machine.start(world.now)));
        }
        match self.flight.stage {
            Stage::Token { .. } => self.look_for_token(world),
            Stage::Permit { .. } => self.queue(world),
            Stage::Pause => self.pause(world),
            Stage::Attempt => self.exchange(world),
            Stage::Nothing | Stage::Version | Stage::Stream => None,
        }
    }

    fn look_for_token(&mut self, world: &mut World) -> Option<Action> {
        if let Some(action) = self.ended_from_outside(world) {
            return Some(action);
        }
        let action = self.flight.poll_token(world);
        if action.is_none() {
            self.sleep_for_token(world);
        }
        action
    }

    fn queue(&mut self, world: &mut World) -> Option<Action> {
        let Stage::Permit { bell, .. } = &self.flight.stage else { return None };
        if bell.is_raised() {
            return self.flight.use_permit(world);
        }
        if let Some(action) = self.ended_from_outside(world) {
            return Some(action);
        }
        if self.flight.is_due(world) {
            match self.flight.machine.handle(world.now, Event::TimerFired) {
                Action::TakePermit => {}
                action => return Some(action),
            }
        }
        self.sleep(world);
        None
    }

    fn pause(&mut self, world: &mut World) -> Option<Action> {
        if let Some(action) = self.ended_from_outside(world) {
            return Some(action);
        }
        if self.flight.is_due(world) {
            match self.flight.machine.handle(world.now, Event::TimerFired) {
                Action::Wait => world.reach("a pause's timer that was early"),
                action => return Some(action),
            }
        }
        self.sleep(world);
        None
    }

    fn exchange(&mut self, world: &mut World) -> Option<Action> {
        let flight = &mut self.flight;
        let wire = flight.wire.as_mut()?;
        let ready = wire.next().is_some_and(|at| at <= world.now);
        let is_late = self.is_deaf(world);
        let flight = &mut self.flight;
        let wire = flight.wire.as_mut()?;
        let due = !ready && !is_late && flight.machine.wake_at().is_some_and(|at| at <= world.now);
        let ended = !due && wire.advance(world.now, &mut world.seen[flight.seen]);
        if flight.judge(world, ended) {
            return Some(flight.end_attempt(world, false));
        }
        if !due {
            flight.tell_progress(world, ready);
        }
        let action = match self.interruption(world) {
            Some(code) => Some(self.flight.machine.handle(world.now, Event::Interrupted(code))),
            None if self.flight.is_due(world) && !is_late => {
                Some(self.flight.machine.handle(world.now, Event::TimerFired))
            }
            None => None,
        };
        match action {
            None | Some(Action::Body { .. }) => {
                self.sleep(world);
                None
            }
            Some(_) => Some(self.flight.end_attempt(world, false)),
        }
    }

    fn is_deaf(&self, world: &World) -> bool {
        let reads_body = self.flight.wire.as_ref().is_some_and(|wire| wire.is_judged);
        world.fault == Some(Fault::OverrunDeadline) && reads_body
    }

    fn sleep(&mut self, world: &mut World) {
        let until = match self.is_deaf(world) {
            true => Micros::MAX,
            false => self.flight.machine.wake_at().unwrap_or(Micros::MAX),
        };
        self.wakes_at = world.wake_time(until);
    }

    fn sleep_for_token(&mut self, world: &mut World) {
        let Stage::Token { place, latest } = &self.flight.stage else { return };
        let until = place.until().map_or(*latest, |until| until.min(*latest));
        self.wakes_at = world.wake_time(until);
    }

    fn ended_from_outside(&mut self, world: &mut World) -> Option<Action> {
        let code = self.interruption(world)?;
        Some(self.flight.machine.handle(world.now, Event::Interrupted(code)))
    }

    fn interruption(&self, world: &World) -> Option<Code> {
        if world.cancelled[self.flight.call] {
            return Some(Code::HTTPC_E_CANCELLED);
        }
        world.closing.then_some(Code::HTTPC_E_CLOSED)
    }
}
