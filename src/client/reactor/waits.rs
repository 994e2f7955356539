//! What a call waits for before an attempt: tokens of the rate limiters, and a permit of the pool.

use super::Reactor;
use super::flight::{Flight, Stage, TokenWait};
use super::inbox::{CallWaker, Woken, WokenBy};
use crate::client::clock::Micros;
use crate::client::machine::{Action, Event};
use crate::client::rate_limiter::{Entry, acquire_all_as};
use crate::client::url::Origin;
use crate::client::virtual_clock::Guest;
use crate::transport::curl::multiplexer::Manner;
use std::sync::Arc;

impl Reactor {
    pub(super) fn take_token(&mut self, number: u32, flight: &mut Flight) -> Option<Action> {
        let limiters = &self.client.config.rate_limiters;
        let clock = limiters.first().map(|limiter| limiter.clock().clone()).unwrap_or_default();
        let (begun, now) = (clock.now(), self.now);
        // The limiters may go by another clock than the call.
        let deadline = flight.machine.deadline();
        let latest = deadline.map_or(Micros::MAX, |at| begun.saturating_add(at.saturating_sub(now)));
        let waker = || Ok(self.waker(number, WokenBy::Limiter));
        let event = match acquire_all_as(limiters, 1, begun, latest, waker) {
            Err(error) => Event::Failed(error),
            Ok(Entry::TooLate { due }) => Event::TokenRefused { wait_us: due.saturating_sub(begun) },
            Ok(Entry::Granted(granted)) => {
                flight.grant = Some(granted);
                Event::TokenGranted { queued: false }
            }
            Ok(Entry::Queued(place)) => {
                let other = clock.virtual_clock().filter(|_| !clock.is_same(self.clock()));
                let guest = other.map(Guest::new);
                flight.stage = Stage::Token(Box::new(TokenWait { place, clock, latest, guest }));
                self.rest_until_token(number, flight);
                return None;
            }
        };
        Some(flight.machine.handle(self.now, event))
    }

    pub(super) fn poll_token(&mut self, number: u32, flight: &mut Flight) -> Option<Action> {
        let Stage::Token(wait) = &mut flight.stage else { return None };
        if let Some(guest) = &mut wait.guest {
            guest.get_up();
        }
        let at = wait.clock.now();
        let event = match wait.place.poll(at) {
            Some(granted) => {
                flight.grant = Some(granted);
                Event::TokenGranted { queued: true }
            }
            None if at >= wait.latest => Event::TokenRefused { wait_us: wait.place.due().saturating_sub(at) },
            None => {
                self.rest_until_token(number, flight);
                return None;
            }
        };
        flight.stage = Stage::Nothing;
        Some(flight.machine.handle(self.now, event))
    }

    fn rest_until_token(&mut self, number: u32, flight: &mut Flight) {
        let Stage::Token(wait) = &mut flight.stage else { return };
        let until = wait.until();
        match &mut wait.guest {
            Some(guest) => guest.sleep(until, wait.place.waker().clone()),
            // The engine's own time.
            None if until != Micros::MAX => self.alarms.set(number, until),
            None => {}
        }
    }

    pub(super) fn take_permit(&mut self, number: u32, flight: &mut Flight) -> Option<Action> {
        let origin = flight.machine.route().target.origin.clone();
        let mut manner = Manner::Own;
        if !flight.machine.wants_fresh_connection() && self.client.config.mock.is_none() {
            manner = self.multiplexer.manner(number, &origin, flight.is_impatient);
            match manner {
                Manner::Own | Manner::First => {}
                Manner::Join => return self.join(number, flight, origin),
                Manner::Later => {
                    flight.stage = Stage::Version { origin };
                    return None;
                }
            }
        }
        let waker = || -> Arc<CallWaker> { Arc::new(self.waker(number, WokenBy::Pool)) };
        match self.client.pool.request(&origin, waker) {
            Some(ticket) => {
                flight.stage = Stage::Permit { origin, ticket };
                None
            }
            None => self.use_permit(number, flight, origin, manner, false),
        }
    }

    /// Somebody has found out how the origin is to be spoken to, or has failed to.
    pub(super) fn ask_again(&mut self, number: u32, flight: &mut Flight) -> Option<Action> {
        flight.stage = Stage::Nothing;
        flight.is_impatient = true;
        let action = self.take_permit(number, flight);
        // Of this wait only: a redirect may lead to another origin.
        flight.is_impatient = false;
        action
    }

    /// With a permit in hand: on a connection of its own, or as the first on one that all share.
    fn use_permit(
        &mut self,
        number: u32,
        flight: &mut Flight,
        origin: Arc<Origin>,
        manner: Manner,
        queued: bool,
    ) -> Option<Action> {
        flight.permit = Some(origin.clone());
        let is_own = flight.machine.wants_fresh_connection() || manner == Manner::Own;
        if is_own {
            return Some(flight.machine.handle(self.now, Event::PermitGranted { queued }));
        }
        self.share_permit(flight);
        // One that is not taken over is one too many: the connection has its own.
        if let Some(spare) = flight.permit.take() {
            self.client.pool.release(&spare);
        }
        self.join(number, flight, origin)
    }

    /// Its permit becomes that of the connection which all attempts at the origin share, if there is to be one.
    pub(super) fn share_permit(&mut self, flight: &mut Flight) {
        if let Some(origin) = &flight.permit
            && self.multiplexer.hold_permit(origin)
        {
            flight.shares = flight.permit.take();
        }
    }

    /// On the connection that all attempts at the origin share.
    fn join(&mut self, number: u32, flight: &mut Flight, origin: Arc<Origin>) -> Option<Action> {
        flight.shares = Some(origin);
        match self.launch(number, flight, false) {
            Ok(()) => {
                flight.stage = Stage::Stream;
                None
            }
            Err(error) => Some(self.not_launched(number, flight, error)),
        }
    }

    /// If it waits for one, and has it.
    pub(super) fn got_permit(&mut self, number: u32, flight: &mut Flight) -> Option<Action> {
        match std::mem::replace(&mut flight.stage, Stage::Nothing) {
            Stage::Permit { origin, ticket } if self.client.pool.is_granted(ticket) => {
                // Meanwhile somebody may have found out how the origin is to be spoken to.
                let manner = match self.client.config.mock {
                    Some(_) => Manner::Own,
                    None => self.multiplexer.manner(number, &origin, true),
                };
                self.use_permit(number, flight, origin, manner, true)
            }
            other => {
                flight.stage = other;
                None
            }
        }
    }

    pub(super) fn give_permit_back(&mut self, flight: &mut Flight) {
        if let Some(origin) = flight.permit.take() {
            self.client.pool.release(&origin);
        }
        if let Some(origin) = flight.shares.take()
            && self.multiplexer.take_permit_back(&origin)
        {
            self.client.pool.release(&origin);
        }
    }

    /// Leaves the queue that it stands in, if any.
    pub(super) fn stop_waiting(&mut self, number: u32, flight: &mut Flight) {
        match &flight.stage {
            Stage::Permit { origin, ticket } => {
                self.client.pool.withdraw(origin, *ticket);
                self.multiplexer.leave(number, origin);
            }
            Stage::Version { origin } => self.multiplexer.leave(number, origin),
            Stage::Stream => {
                self.multiplexer.finish(self.now, number);
                self.give_permit_back(flight);
            }
            Stage::Token(_) | Stage::Pause => {}
            Stage::Nothing | Stage::Attempt => return,
        }
        flight.stage = Stage::Nothing;
    }

    fn waker(&self, number: u32, by: WokenBy) -> CallWaker {
        let woken = Woken { flight: number, generation: self.flights.generation(number), by };
        CallWaker::new(self.inbox.clone(), woken)
    }
}
