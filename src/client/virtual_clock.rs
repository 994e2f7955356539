//! Time that tests hold in their hands. By itself it moves on whenever the library waits, straight to the end of that
//! wait, so that hours pass in microseconds; set to manual it stands still until somebody advances it.

use super::clock::Micros;
use super::signal::{self, Signal, Wake};
use crate::error::Result;
use crate::sync::{Mutex, MutexGuard};
use std::sync::Arc;

#[derive(Debug, Default)]
pub struct VirtualClock {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    now: Micros,
    manual: bool,
    sleepers: Vec<Arc<dyn Wake>>,
}

impl VirtualClock {
    pub fn now(&self) -> Micros {
        self.state.lock().now
    }

    pub fn advance(&self, us: Micros) {
        let mut state = self.state.lock();
        state.now = state.now.saturating_add(us);
        state.wake_all();
    }

    pub fn set_manual(&self, manual: bool) {
        let mut state = self.state.lock();
        state.manual = manual;
        // They wait anew, and in automatic mode that moves the time.
        state.wake_all();
    }

    /// As [`super::clock::Clock::wait`].
    pub fn wait(&self, signals: &[&Signal], until: Micros) -> Result<()> {
        if signals.iter().any(|signal| signal.is_raised()) {
            return Ok(());
        }
        let mut state = self.state.lock();
        // The end of time is no time to go to: only a signal can end such a wait.
        if state.manual || until == Micros::MAX {
            return self.sleep(state, signals, until);
        }
        if state.now < until {
            state.now = until;
            state.wake_all();
        }
        Ok(())
    }

    /// As [`super::clock::Clock::wait_for_others`].
    pub fn wait_for_others(&self, signals: &[&Signal], until: Micros) -> Result<()> {
        self.sleep(self.state.lock(), signals, until)
    }

    fn sleep(&self, mut state: MutexGuard<'_, State>, signals: &[&Signal], until: Micros) -> Result<()> {
        if until <= state.now {
            return Ok(());
        }
        let alarm = Arc::new(Signal::new()?);
        state.sleepers.push(alarm.clone());
        drop(state);
        let all: Vec<&Signal> = signals.iter().copied().chain([&*alarm]).collect();
        signal::wait(&all, None);
        let alarm: Arc<dyn Wake> = alarm;
        self.state.lock().sleepers.retain(|sleeper| !Arc::ptr_eq(sleeper, &alarm));
        Ok(())
    }

    /// The same without a thread that sleeps: moves on to `until`, or has `waker` told when time has moved. `until` of
    /// `None`: others come first.
    pub fn wait_as(&self, waker: Arc<dyn Wake>, until: Option<Micros>) {
        let mut state = self.state.lock();
        match until {
            Some(until) if !state.manual && until != Micros::MAX => {
                state.now = state.now.max(until);
                state.wake_all();
                drop(state);
                waker.wake();
            }
            Some(until) if until <= state.now => {
                drop(state);
                waker.wake();
            }
            _ if state.sleepers.iter().any(|sleeper| Arc::ptr_eq(sleeper, &waker)) => {}
            _ => state.sleepers.push(waker),
        }
    }
}

impl State {
    /// Each looks at the time for itself.
    fn wake_all(&mut self) {
        for sleeper in self.sleepers.drain(..) {
            sleeper.wake();
        }
    }
}
