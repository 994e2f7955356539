//! Where an attempt runs: with the others in the multiplexer, or, with a mock, in its own call. Time is the client's clock.

use super::Reactor;
use super::flight::Flight;
use super::inbox::SleepingReader;
use crate::client::clock::{Clock, Micros};
use crate::client::machine::{AttemptEnd, Progress};
use crate::client::meter::Transferred;
use crate::error::Result;
use crate::transport::curl::multiplexer::{Multiplexer, Standing};
use crate::transport::inflow::Inflow;
use crate::transport::mock::{self, Mock};
use crate::transport::outflow::Outflow;
use crate::transport::{Attempt, Outgoing};
use std::sync::Arc;

/// One attempt, in one place or the other.
pub struct Wire<'r> {
    multiplexer: &'r mut Multiplexer,
    mocked: &'r mut Option<Box<mock::Attempt>>,
    number: u32,
}

impl<'r> Wire<'r> {
    pub fn new(multiplexer: &'r mut Multiplexer, mocked: &'r mut Option<Box<mock::Attempt>>, number: u32) -> Wire<'r> {
        Wire { multiplexer, mocked, number }
    }

    /// How it stands, if it runs.
    pub fn look(&mut self) -> Option<Standing<'_>> {
        let Some(mocked) = self.mocked else { return self.multiplexer.look(self.number) };
        let ended = mocked.advance();
        let inflow = mocked.inflow();
        let head = inflow.head_done.then_some(&inflow.head);
        Some(Standing { head, ended, is_sent: true, is_shared: false })
    }

    pub fn inflow(&mut self) -> Option<&mut Inflow> {
        match self.mocked {
            Some(mocked) => Some(mocked.inflow()),
            None => self.multiplexer.inflow(self.number),
        }
    }

    /// Whether there may be more of the body now.
    pub fn go_on_receiving(&mut self, now: Micros) -> bool {
        match self.mocked {
            Some(mocked) => mocked.go_on_receiving().unwrap_or(false),
            None => self.multiplexer.go_on_receiving(now, self.number),
        }
    }

    pub fn has_ended(&mut self) -> bool {
        match self.mocked {
            Some(mocked) => mocked.has_ended(),
            None => self.multiplexer.has_ended(self.number),
        }
    }

    /// As [`Multiplexer::progress`].
    pub fn progress(&mut self) -> Option<(Progress, u64, bool)> {
        let Some(mocked) = self.mocked else { return self.multiplexer.progress(self.number) };
        let (progress, bytes) = mocked.progress();
        Some((progress, bytes, false))
    }

    pub fn last_sent(&self, now: Micros) -> Option<Micros> {
        match self.mocked {
            Some(_) => None,
            None => self.multiplexer.last_sent(now, self.number),
        }
    }

    pub fn outflow(&mut self) -> Option<&mut Outflow> {
        match self.mocked {
            Some(mocked) => Some(mocked.outflow()),
            None => self.multiplexer.outflow(self.number),
        }
    }

    pub fn go_on_sending(&mut self) {
        match self.mocked {
            Some(mocked) => {
                mocked.go_on_sending();
            }
            None => self.multiplexer.go_on_sending(self.number),
        }
    }

    pub fn transferred(&mut self) -> Transferred {
        match self.mocked {
            Some(mocked) => mocked.transferred(),
            None => self.multiplexer.transferred(self.number).unwrap_or_default(),
        }
    }

    pub fn finish(&mut self, now: Micros) -> Option<AttemptEnd> {
        match self.mocked.take() {
            Some(mut mocked) => Some(mocked.finish(None)),
            None => self.multiplexer.finish(now, self.number),
        }
    }
}

impl Reactor {
    pub(super) fn clock(&self) -> &Clock {
        &self.client.config.clock
    }

    /// Waits until something happens, or `until`, or not at all when there is something to do. The time after that.
    pub(super) fn wait(&mut self, until: Option<Micros>) -> Result<Micros> {
        let Clock::Virtual(clock) = &self.client.config.clock else { return self.multiplexer.wait(until) };
        let now = clock.now();
        if until.is_some_and(|at| at <= now) {
            self.multiplexer.wait(Some(0))?;
            return Ok(clock.now());
        }
        // Alarms may be of calls that have ended, and time must not move on for those.
        let due = self.flights.iter().filter_map(Flight::due).min().unwrap_or(Micros::MAX);
        let reader = SleepingReader { inbox: self.inbox.clone(), tokens: self.tokens.watched() };
        let asleep = clock.sleep(due, Arc::new(reader));
        self.multiplexer.wait(None)?;
        drop(asleep);
        Ok(clock.now())
    }

    /// Right after [`Reactor::wait`]: what happened until then is done before the turn is over.
    pub(super) fn heard_until(&self) -> Micros {
        match self.clock() {
            Clock::Real => self.multiplexer.heard_until(),
            Clock::Virtual(_) => self.now,
        }
    }

    pub(super) fn start_mocked(&mut self, flight: &mut Flight, mock: &Arc<Mock>) {
        let config = &self.client.config;
        let begin = |out: &Outgoing<'_>| {
            self.client.log.request(out);
            Box::new(mock::Attempt::new(mock, &config.clock, out))
        };
        flight.mocked = Some(flight.call.outgoing(config, flight.machine.route(), begin));
    }
}
