//! What a call waits for before an attempt: tokens of the rate limiters, and a permit of the pool.

use super::Reactor;
use super::flight::{Flight, Stage};
use super::inbox::{CallWaker, Woken, WokenBy};
use crate::client::clock::{Clock, Micros};
use crate::client::machine::{Action, Event};
use crate::client::rate_limiter::{Entry, acquire_all_as};
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
                flight.stage = Stage::Token { place, clock, latest };
                self.rest_until_token(number, flight);
                return None;
            }
        };
        Some(flight.machine.handle(self.now, event))
    }

    pub(super) fn poll_token(&mut self, number: u32, flight: &mut Flight) -> Option<Action> {
        let Stage::Token { place, clock, latest } = &mut flight.stage else { return None };
        let at = clock.now();
        let event = match place.poll(at) {
            Some(granted) => {
                flight.grant = Some(granted);
                Event::TokenGranted { queued: true }
            }
            None if at >= *latest => Event::TokenRefused { wait_us: place.due().saturating_sub(at) },
            None => {
                self.rest_until_token(number, flight);
                return None;
            }
        };
        flight.stage = Stage::Nothing;
        Some(flight.machine.handle(self.now, event))
    }

    fn rest_until_token(&mut self, number: u32, flight: &Flight) {
        let Stage::Token { place, clock, latest } = &flight.stage else { return };
        match clock {
            Clock::Real => {
                let until = place.until().map_or(*latest, |until| until.min(*latest));
                if until != Micros::MAX {
                    self.alarms.set(number, until);
                }
            }
            Clock::Virtual(clock) => {
                let waker = Arc::new(self.waker(number, WokenBy::Limiter));
                clock.wait_as(waker, place.until().map(|until| until.min(*latest)));
            }
        }
    }

    pub(super) fn take_permit(&mut self, number: u32, flight: &mut Flight) -> Option<Action> {
        let origin = flight.machine.route().target.origin.clone();
        let waker = || -> Arc<CallWaker> { Arc::new(self.waker(number, WokenBy::Pool)) };
        match self.client.pool.request(&origin, || waker()) {
            Some(ticket) => {
                flight.stage = Stage::Permit { origin, ticket };
                None
            }
            None => {
                flight.permit = Some(origin);
                Some(flight.machine.handle(self.now, Event::PermitGranted { queued: false }))
            }
        }
    }

    pub(super) fn got_permit(&mut self, flight: &mut Flight) -> Option<Action> {
        match std::mem::replace(&mut flight.stage, Stage::Nothing) {
            Stage::Permit { origin, .. } => {
                flight.permit = Some(origin);
                Some(flight.machine.handle(self.now, Event::PermitGranted { queued: true }))
            }
            other => {
                flight.stage = other;
                None
            }
        }
    }

    pub(super) fn give_permit_back(&self, flight: &mut Flight) {
        if let Some(origin) = flight.permit.take() {
            self.client.pool.release(&origin);
        }
    }

    /// Leaves the queue that it stands in, if any.
    pub(super) fn stop_waiting(&self, flight: &mut Flight) {
        match &flight.stage {
            Stage::Permit { origin, ticket } => self.client.pool.withdraw(origin, *ticket),
            Stage::Token { .. } | Stage::Pause => {}
            Stage::Nothing | Stage::Attempt => return,
        }
        flight.stage = Stage::Nothing;
    }

    fn waker(&self, number: u32, by: WokenBy) -> CallWaker {
        let woken = Woken { flight: number, generation: self.flights.generation(number), by };
        CallWaker { inbox: self.inbox.clone(), woken }
    }
}
