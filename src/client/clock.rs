//! The two clocks a driver reads for the machine: monotonic microseconds, and the wall clock for dates in headers. What
//! waits may be given virtual time instead of the former.

use super::signal::{self, Signal};
use super::virtual_clock::{Inside, VirtualClock};
use crate::error::Result;
use rustix::time::{ClockId, clock_gettime};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// Microseconds on a monotonic clock of arbitrary origin.
pub type Micros = u64;

pub fn now() -> Micros {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec as Micros * 1_000_000 + now.tv_nsec as Micros / 1000
}

pub fn unix_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

const YEAR_2000_MS: i64 = 946_684_800_000;

/// What a wait goes by.
#[derive(Clone, Debug, Default)]
pub enum Clock {
    #[default]
    Real,
    Virtual(Arc<VirtualClock>),
}

impl Clock {
    pub fn now(&self) -> Micros {
        match self {
            Clock::Real => now(),
            Clock::Virtual(clock) => clock.now(),
        }
    }

    /// The wall clock. Virtual time begins with the year 2000, so that dates are the same in each run.
    pub fn unix_ms(&self) -> i64 {
        match self {
            Clock::Real => unix_ms(),
            Clock::Virtual(clock) => YEAR_2000_MS.saturating_add_unsigned(clock.now() / 1000),
        }
    }

    /// Sleeps until one of `signals` is raised or it is `until`, which virtual time moves on to when nobody else runs. May wake
    /// early.
    pub fn wait(&self, signals: &[&Signal], until: Micros) -> Result<()> {
        match self {
            Clock::Real => {
                let limit = if until == Micros::MAX { None } else { Some(until.saturating_sub(now())) };
                signal::wait(signals, limit);
                Ok(())
            }
            Clock::Virtual(clock) => clock.wait(signals, until),
        }
    }

    /// This thread is inside a function of the library's that goes by it: until what this returns is dropped, virtual time
    /// stands still for it, but for while it waits.
    pub fn enter(&self) -> Option<Inside> {
        self.virtual_clock().map(VirtualClock::enter)
    }

    pub fn virtual_clock(&self) -> Option<&Arc<VirtualClock>> {
        match self {
            Clock::Real => None,
            Clock::Virtual(clock) => Some(clock),
        }
    }

    pub fn check_fork(&self) -> Result<()> {
        self.virtual_clock().map_or(Ok(()), |clock| clock.check_fork())
    }

    pub fn is_same(&self, other: &Clock) -> bool {
        match (self, other) {
            (Clock::Real, Clock::Real) => true,
            (Clock::Virtual(one), Clock::Virtual(other)) => Arc::ptr_eq(one, other),
            _ => false,
        }
    }
}
