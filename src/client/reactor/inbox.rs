//! What other threads tell an engine thread. Telling costs a system call only while that thread sleeps.

use super::flight::Flight;
use super::pending::Pending;
use crate::client::cancel::CancelToken;
use crate::client::fork;
use crate::client::signal::Wake;
use crate::client::url::Origin;
use crate::client::virtual_clock::{Sleeper, VirtualClock};
use crate::sync::Mutex;
use crate::transport::curl::multiplexer::poller::Waker;
use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

pub enum Message {
    Submit(Box<Flight>),
    Cancel(Arc<Pending>),
    /// What paused the call has more to give or to take.
    Resume(Arc<Pending>),
    Woken(Woken),
    /// Another thread opens a connection to this origin, or keeps one: there may be too many idle ones here.
    MakeRoom(Arc<Origin>),
    /// The client was closed.
    Close,
    /// End when no call is left.
    Stop,
}

/// A call that waited has something to look at.
#[derive(Clone, Copy, Debug)]
pub struct Woken {
    pub flight: u32,
    /// Numbers are used again: of which call of that number.
    pub generation: u32,
    pub by: WokenBy,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WokenBy {
    Limiter,
    Pool,
}

/// Tells the threads of one client's engine from all others, in callers' threads without a lock or an allocation.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct EngineId(u64);

impl EngineId {
    pub fn fresh() -> EngineId {
        static COUNT: AtomicU64 = AtomicU64::new(1);
        EngineId(COUNT.fetch_add(1, Ordering::Relaxed))
    }
}

thread_local! {
    /// The engine that this thread is part of.
    static HERE: Cell<Option<EngineId>> = const { Cell::new(None) };
}

/// Whether the library has made this thread.
pub fn is_engine_thread() -> bool {
    HERE.get().is_some()
}

pub struct Inbox {
    /// `None`: nobody reads it any more.
    messages: Mutex<Option<Vec<Message>>>,
    sleeping: AtomicBool,
    waker: Waker,
    engine: EngineId,
    /// By which those sleep who wait for the reader's calls.
    clock: Option<Arc<VirtualClock>>,
    born: fork::Generation,
}

impl Inbox {
    pub fn new(waker: Waker, engine: EngineId, clock: Option<Arc<VirtualClock>>) -> Inbox {
        Inbox {
            messages: Mutex::new(Some(Vec::new())),
            sleeping: AtomicBool::new(false),
            waker,
            engine,
            clock,
            born: fork::Generation::current(),
        }
    }

    /// This thread reads it from now on.
    pub fn read_here(&self) {
        HERE.set(Some(self.engine));
    }

    /// Whether this is an engine thread of its client: the reader, or one that the reader's callbacks may wait for.
    pub fn is_on_engine(&self) -> bool {
        HERE.get() == Some(self.engine)
    }

    pub fn clock(&self) -> Option<&Arc<VirtualClock>> {
        self.clock.as_ref()
    }

    /// Its reader is the parent's.
    pub fn is_foreign(&self) -> bool {
        self.born.is_foreign()
    }

    /// Gives the message back when nobody reads it any more.
    pub fn push(&self, message: Message) -> Result<(), Message> {
        match &mut *self.messages.lock() {
            Some(messages) => messages.push(message),
            None => return Err(message),
        }
        if self.sleeping.swap(false, Ordering::SeqCst) {
            self.waker.wake();
        }
        Ok(())
    }

    /// All messages, in exchange for an empty list.
    pub fn take(&self, empty: &mut Vec<Message>) {
        if let Some(messages) = &mut *self.messages.lock() {
            std::mem::swap(messages, empty);
        }
    }

    /// Before the reader sleeps: whether it may.
    pub fn about_to_sleep(&self) -> bool {
        self.sleeping.store(true, Ordering::SeqCst);
        self.is_empty()
    }

    fn is_empty(&self) -> bool {
        self.messages.lock().as_ref().is_none_or(Vec::is_empty)
    }

    pub fn awake(&self) {
        self.sleeping.store(false, Ordering::Relaxed);
    }

    /// Nobody reads it any more; what it still holds.
    pub fn close(&self) -> Vec<Message> {
        self.messages.lock().take().unwrap_or_default()
    }
}

impl std::fmt::Debug for Inbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("engine")
    }
}

/// Its reader, while that sleeps by a clock.
pub struct SleepingReader {
    pub inbox: Arc<Inbox>,
    /// They wake it too.
    pub tokens: Vec<Arc<CancelToken>>,
}

impl Sleeper for SleepingReader {
    fn is_ready(&self) -> bool {
        !self.inbox.is_empty() || self.tokens.iter().any(|token| token.is_cancelled())
    }

    fn wake(&self) {
        self.inbox.waker.wake();
    }
}

/// Wakes one call.
pub struct CallWaker {
    inbox: Arc<Inbox>,
    woken: Woken,
    /// It has, and the call has not looked yet.
    is_awake: AtomicBool,
}

impl CallWaker {
    pub fn new(inbox: Arc<Inbox>, woken: Woken) -> CallWaker {
        CallWaker { inbox, woken, is_awake: AtomicBool::new(false) }
    }
}

impl std::fmt::Debug for CallWaker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.woken.fmt(f)
    }
}

impl Wake for CallWaker {
    fn wake(&self) {
        self.is_awake.store(true, Ordering::SeqCst);
        // Nobody to wake, where nobody reads.
        let _ = self.inbox.push(Message::Woken(self.woken));
    }

    fn rest(&self) {
        self.is_awake.store(false, Ordering::SeqCst);
    }
}

/// Where the call goes by another clock than its engine.
impl Sleeper for CallWaker {
    fn is_ready(&self) -> bool {
        self.is_awake.load(Ordering::SeqCst)
    }

    fn wake(&self) {
        Wake::wake(self);
    }
}
