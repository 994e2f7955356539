//! What other threads tell an engine thread. Telling costs a system call only while that thread sleeps.

use super::flight::Flight;
use super::pending::Pending;
use crate::client::fork;
use crate::client::signal::Wake;
use crate::client::url::Origin;
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

pub struct Inbox {
    /// `None`: nobody reads it any more.
    messages: Mutex<Option<Vec<Message>>>,
    sleeping: AtomicBool,
    waker: Waker,
    engine: EngineId,
    born: fork::Generation,
}

impl Inbox {
    pub fn new(waker: Waker, engine: EngineId) -> Inbox {
        Inbox {
            messages: Mutex::new(Some(Vec::new())),
            sleeping: AtomicBool::new(false),
            waker,
            engine,
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

/// Time has moved.
impl Wake for Inbox {
    fn wake(&self) {
        self.waker.wake();
    }
}

/// Wakes one call.
pub struct CallWaker {
    pub inbox: Arc<Inbox>,
    pub woken: Woken,
}

impl std::fmt::Debug for CallWaker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.woken.fmt(f)
    }
}

impl Wake for CallWaker {
    fn wake(&self) {
        // Nobody to wake, where nobody reads.
        let _ = self.inbox.push(Message::Woken(self.woken));
    }
}
