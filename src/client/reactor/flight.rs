//! One call that the reactor drives.

use super::inbox::CallWaker;
use super::pending::{Pending, Receiver};
use crate::client::call::Call;
use crate::client::clock::{Clock, Micros};
use crate::client::machine::Machine;
use crate::client::rate_limiter::{Grant, Place};
use crate::client::recorder::Recording;
use crate::client::request::Request;
use crate::client::url::Origin;
use crate::client::virtual_clock::Guest;
use crate::policy::admission::Ticket;
use crate::transport::mock;
use std::sync::Arc;

pub struct Flight {
    pub call: Call<Arc<Request>>,
    pub machine: Machine,
    pub pending: Arc<Pending>,
    pub receiver: Option<Receiver>,
    pub stage: Stage,
    /// Tokens that were taken for the attempt to come.
    pub grant: Option<Grant>,
    /// Whose permit it holds.
    pub permit: Option<Arc<Origin>>,
    /// On whose shared connection it is, which holds the permit.
    pub shares: Option<Arc<Origin>>,
    /// It has waited once for somebody to find out how the origin is to be spoken to.
    pub is_impatient: bool,
    pub is_judged: bool,
    /// With a mock: the attempt that runs.
    pub mocked: Option<Box<mock::Attempt>>,
    pub recording: Option<Box<Recording>>,
    pub moved_bytes: u64,
}

/// What it waits for.
pub enum Stage {
    Nothing,
    Token(Box<TokenWait>),
    Permit {
        origin: Arc<Origin>,
        ticket: Ticket,
    },
    /// Somebody finds out how the origin is to be spoken to.
    Version {
        origin: Arc<Origin>,
    },
    /// With its attempt under way already: its turn on a shared connection.
    Stream,
    Attempt,
    Pause,
}

pub struct TokenWait {
    pub place: Place<CallWaker>,
    pub clock: Clock,
    pub latest: Micros,
    /// By that clock, where it is not the engine's.
    pub guest: Option<Guest>,
}

impl TokenWait {
    /// When to look at it next.
    pub fn until(&self) -> Micros {
        self.place.until().map_or(self.latest, |until| until.min(self.latest))
    }
}

impl Flight {
    /// When it wants to be looked at next.
    pub fn due(&self) -> Option<Micros> {
        let token = match &self.stage {
            Stage::Token(wait) => Some(wait.until()),
            _ => None,
        };
        let attempt = self.mocked.as_ref().and_then(|mocked| mocked.due());
        [self.machine.wake_at(), attempt, token].into_iter().flatten().filter(|at| *at != Micros::MAX).min()
    }
}

/// All of them, by number. A number is used again, with another generation.
#[derive(Default)]
pub struct Flights {
    slots: Vec<Slot>,
    free: Vec<u32>,
    count: usize,
}

#[derive(Default)]
struct Slot {
    flight: Option<Box<Flight>>,
    generation: u32,
}

impl Flights {
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// A number for a new one, which is put in by [`Flights::put`].
    pub fn reserve(&mut self) -> u32 {
        self.count += 1;
        self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot::default());
            self.slots.len() as u32 - 1
        })
    }

    pub fn put(&mut self, number: u32, flight: Box<Flight>) {
        self.slots[number as usize].flight = Some(flight);
    }

    /// Out, to be put back or forgotten.
    pub fn take(&mut self, number: u32) -> Option<Box<Flight>> {
        self.slots.get_mut(number as usize)?.flight.take()
    }

    /// It is over; its number is free.
    pub fn forget(&mut self, number: u32) {
        let slot = &mut self.slots[number as usize];
        slot.generation = slot.generation.wrapping_add(1);
        self.count -= 1;
        self.free.push(number);
    }

    pub fn generation(&self, number: u32) -> u32 {
        self.slots.get(number as usize).map_or(0, |slot| slot.generation)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Flight> {
        self.slots.iter().filter_map(|slot| slot.flight.as_deref())
    }

    pub fn numbers(&self) -> Vec<u32> {
        let taken = self.slots.iter().enumerate().filter(|(_, slot)| slot.flight.is_some());
        taken.map(|(number, _)| number as u32).collect()
    }
}
