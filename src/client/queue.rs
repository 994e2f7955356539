//! Where the outcomes of submitted calls arrive, in the order in which the calls ended: for programs that have a loop of
//! their own. There is a descriptor to poll; a program that never asks for it does not pay for it.

use super::fork;
use super::reactor::pending::Outcome;
use super::signal::Signal;
use super::virtual_clock::{Resting, Sleeper, VirtualClock};
use crate::error::{Code, Error, Result};
use crate::sync::{Condvar, Mutex, OnceLock};
use rustix::fd::{AsFd, AsRawFd, RawFd};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub struct Event {
    pub tag: usize,
    pub outcome: Outcome,
}

pub struct Queue {
    state: Mutex<State>,
    arrived: Condvar,
    /// Raised while events wait, once somebody polls it.
    bell: OnceLock<Signal>,
    born: fork::Generation,
}

#[derive(Default)]
struct State {
    events: VecDeque<Event>,
    /// Some came since the bell was rung last.
    is_unrung: bool,
    /// Nobody will ask any more.
    closed: bool,
    /// Of those whose calls' outcomes come here, each once.
    clocks: Vec<Arc<VirtualClock>>,
}

impl State {
    fn has_something_to_tell(&self) -> bool {
        !self.events.is_empty() || self.closed
    }
}

/// Who waits for events.
impl Sleeper for Queue {
    fn is_ready(&self) -> bool {
        self.state.lock().has_something_to_tell()
    }
}

impl Default for Queue {
    fn default() -> Queue {
        let (state, arrived) = (Mutex::default(), Condvar::new());
        Queue { state, arrived, bell: OnceLock::new(), born: fork::Generation::current() }
    }
}

impl Queue {
    /// Readable while events wait.
    pub fn descriptor(&self) -> Result<RawFd> {
        self.check_fork()?;
        let bell = match self.bell.get() {
            Some(bell) => bell,
            None => {
                let new = Signal::new()?;
                let state = self.state.lock();
                let bell = self.bell.get_or_init(|| new);
                if !state.events.is_empty() {
                    bell.raise();
                }
                bell
            }
        };
        Ok(bell.as_fd().as_raw_fd())
    }

    /// Events will come by this clock, and so do those go who wait for them.
    pub fn goes_by(&self, clock: &Arc<VirtualClock>) {
        let mut state = self.state.lock();
        if !state.clocks.iter().any(|other| Arc::ptr_eq(other, clock)) {
            state.clocks.push(clock.clone());
            drop(state);
            self.arrived.notify_all();
        }
    }

    /// The descriptor shows it at once. True: threads that wait have not been told, and [`Queue::ring`] should follow soon.
    pub fn push(&self, tag: usize, outcome: Outcome) -> bool {
        let mut state = self.state.lock();
        if state.closed {
            drop(state);
            drop(outcome);
            return false;
        }
        state.events.push_back(Event { tag, outcome });
        if state.events.len() == 1
            && let Some(bell) = self.bell.get()
        {
            bell.raise();
        }
        !std::mem::replace(&mut state.is_unrung, true)
    }

    /// Tells threads that wait.
    pub fn ring(&self) {
        let mut state = self.state.lock();
        state.is_unrung = false;
        let waiting = state.events.len();
        drop(state);
        match waiting {
            0 => {}
            1 => {
                self.arrived.notify_one();
            }
            _ => {
                self.arrived.notify_all();
            }
        }
    }

    /// Up to `most` events, as soon as there is one; HTTPC_E_AGAIN when none came in time.
    pub fn next(self: &Arc<Self>, most: usize, wait_ms: u64) -> Result<Vec<Event>> {
        self.check_fork()?;
        // `wait_ms` of HTTPC_FOREVER is past any clock: `None`.
        let deadline = Instant::now().checked_add(Duration::from_millis(wait_ms));
        let (mut expired, mut resting) = (false, None);
        let mut state = self.state.lock();
        while state.events.is_empty() {
            if state.closed {
                return Err(Error::new(Code::HTTPC_E_CLOSED, "the queue was freed"));
            }
            if expired || wait_ms == 0 {
                return Err(Error::new(Code::HTTPC_E_AGAIN, "no event came in time"));
            }
            let clocks = state.clocks.clone();
            drop(state);
            // Anew each time: another may have taken what this thread was woken for.
            drop(resting.take());
            let resting = resting.insert(Resting::by(&clocks, || self.clone()));
            state = self.state.lock();
            if !state.has_something_to_tell() && state.clocks.len() == clocks.len() {
                expired = match deadline {
                    Some(deadline) => self.arrived.wait_until(&mut state, deadline).timed_out(),
                    None => {
                        self.arrived.wait(&mut state);
                        false
                    }
                };
            }
            drop(state);
            // Before the event is taken, or nobody would seem to be about to run.
            resting.get_up();
            state = self.state.lock();
        }
        let taken = most.min(state.events.len());
        let events = state.events.drain(..taken).collect();
        if state.events.is_empty()
            && let Some(bell) = self.bell.get()
        {
            bell.lower();
        }
        Ok(events)
    }

    pub fn len(&self) -> usize {
        if self.born.is_foreign() {
            return 0;
        }
        self.state.lock().events.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What waits and what still comes is discarded, and whoever waits is told.
    pub fn close(&self) {
        if self.born.is_foreign() {
            return;
        }
        let mut state = self.state.lock();
        state.closed = true;
        let events = std::mem::take(&mut state.events);
        drop(state);
        self.arrived.notify_all();
        drop(events);
    }

    /// A thread of the parent's may have held the lock.
    pub fn check_fork(&self) -> Result<()> {
        if self.born.is_foreign() {
            let why = "the queue was made before fork(); make a new one in the child";
            return Err(Error::new(Code::HTTPC_E_FORKED, why));
        }
        Ok(())
    }
}
