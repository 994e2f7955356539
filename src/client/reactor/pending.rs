//! A submitted call as its owner sees it: something to wait for, to cancel, and perhaps to take a result from.

use super::inbox::{Inbox, Message};
use crate::client::queue::Queue;
use crate::client::response::Response;
use crate::client::virtual_clock::{Resting, Sleeper, VirtualClock};
use crate::error::{Code, Error, Result};
use crate::sync::{Condvar, Mutex};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

pub type Outcome = Result<Arc<Response>>;

/// Who gets the outcome. Each gets it once.
pub enum Receiver {
    /// Runs on the engine thread.
    Function(Box<dyn FnOnce(Outcome) + Send>),
    Queue {
        queue: Arc<Queue>,
        tag: usize,
    },
    /// [`Pending::take`].
    Owner,
}

pub struct Pending {
    inbox: Arc<Inbox>,
    /// Once the engine has taken it in.
    flight: AtomicU32,
    cancelled: AtomicBool,
    /// The engine was told to resume it, and has not yet.
    resuming: AtomicBool,
    state: Mutex<State>,
    ended: Condvar,
}

/// Who waits for it.
impl Sleeper for Pending {
    fn is_ready(&self) -> bool {
        self.is_over()
    }
}

enum State {
    Running,
    /// For its owner to take.
    Ready(Outcome),
    /// Its outcome is somebody's already.
    Delivered,
}

impl Pending {
    pub fn new(inbox: Arc<Inbox>) -> Pending {
        Pending {
            inbox,
            flight: AtomicU32::new(u32::MAX),
            cancelled: AtomicBool::new(false),
            resuming: AtomicBool::new(false),
            state: Mutex::new(State::Running),
            ended: Condvar::new(),
        }
    }

    pub fn cancel(self: &Arc<Self>) {
        if !self.inbox.is_foreign() && !self.cancelled.swap(true, Ordering::Relaxed) && !self.is_over() {
            // An engine that is gone has ended its calls.
            let _ = self.inbox.push(Message::Cancel(self.clone()));
        }
    }

    /// Ends a pause of the call's own functions.
    pub fn resume(self: &Arc<Self>) {
        // One at a time: who resumes without end must not keep the engine from everything else.
        if !self.inbox.is_foreign() && !self.is_over() && !self.resuming.swap(true, Ordering::SeqCst) {
            let _ = self.inbox.push(Message::Resume(self.clone()));
        }
    }

    /// The engine is about to do so: what comes from now on is another one.
    pub(super) fn resumes_now(&self) {
        self.resuming.store(false, Ordering::SeqCst);
    }

    /// Whether this thread may wait for what the call does.
    pub fn check_waiting(&self) -> Result<()> {
        self.check_fork()?;
        if self.inbox.is_on_engine() {
            let why = "a callback on an engine thread cannot wait for a call of the same client";
            return Err(Error::new(Code::HTTPC_E_WOULD_DEADLOCK, why));
        }
        Ok(())
    }

    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    pub fn is_over(&self) -> bool {
        // Another process's calls are nothing to wait for, and its threads may have held the lock.
        self.inbox.is_foreign() || !matches!(*self.state.lock(), State::Running)
    }

    /// Waits until the outcome is there, and delivered where it is to be.
    pub fn wait(self: &Arc<Self>, wait_ms: u64) -> Result<()> {
        // `wait_ms` of HTTPC_FOREVER is past any clock: `None`.
        let deadline = Instant::now().checked_add(Duration::from_millis(wait_ms));
        self.check_fork()?;
        if self.is_over() {
            return Ok(());
        }
        if wait_ms > 0 {
            self.check_waiting()?;
        }
        let _resting = (wait_ms > 0).then(|| Resting::by(self.clock(), || self.clone()));
        let mut state = self.state.lock();
        while matches!(*state, State::Running) {
            let expired = match deadline {
                Some(deadline) => self.ended.wait_until(&mut state, deadline).timed_out(),
                None => {
                    self.ended.wait(&mut state);
                    false
                }
            };
            if expired && matches!(*state, State::Running) {
                return Err(Error::new(Code::HTTPC_E_AGAIN, "the call still runs"));
            }
        }
        Ok(())
    }

    /// By which those sleep who wait for it.
    pub fn clock(&self) -> Option<&Arc<VirtualClock>> {
        self.inbox.clock()
    }

    /// The outcome, once.
    pub fn take(&self) -> Outcome {
        self.check_fork()?;
        let mut state = self.state.lock();
        match std::mem::replace(&mut *state, State::Delivered) {
            State::Ready(outcome) => outcome,
            State::Running => {
                *state = State::Running;
                Err(Error::new(Code::HTTPC_E_AGAIN, "the call still runs"))
            }
            State::Delivered => {
                Err(Error::invalid("call", "its result was taken already, or went to a function or a queue"))
            }
        }
    }

    fn check_fork(&self) -> Result<()> {
        if self.inbox.is_foreign() {
            let why = "the call was submitted before fork(), and ends in the parent";
            return Err(Error::new(Code::HTTPC_E_FORKED, why));
        }
        Ok(())
    }

    pub(super) fn set_flight(&self, flight: u32) {
        self.flight.store(flight, Ordering::Relaxed);
    }

    pub(super) fn flight(&self) -> u32 {
        self.flight.load(Ordering::Relaxed)
    }

    /// The call is over. It is told to whoever waits for it after `receiver` has got its outcome. The queue that must be
    /// rung, if any.
    pub(super) fn deliver(&self, receiver: Receiver, outcome: Outcome) -> Option<Arc<Queue>> {
        let mut unrung = None;
        let after = match receiver {
            Receiver::Function(function) => {
                function(outcome);
                State::Delivered
            }
            Receiver::Queue { queue, tag } => {
                unrung = queue.push(tag, outcome).then_some(queue);
                State::Delivered
            }
            Receiver::Owner => State::Ready(outcome),
        };
        *self.state.lock() = after;
        self.ended.notify_all();
        unrung
    }
}
