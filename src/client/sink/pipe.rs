//! A body on its way from an engine thread to one that reads it: so much of it, then the engine waits for the reader.

use super::{Consumer, Flow, Sink};
use crate::client::response::Response;
use crate::client::virtual_clock::{Resting, Sleeper, VirtualClock};
use crate::error::Result;
use crate::sync::{Condvar, Mutex};
use std::collections::VecDeque;
use std::io::Read;
use std::sync::Arc;

/// From here on the engine waits, until half of it is read.
const ROOM: usize = 256 << 10;

#[derive(Default)]
pub struct Pipe {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    head: Option<Arc<Response>>,
    bytes: VecDeque<u8>,
    is_paused: bool,
    /// The call has let go of it: nothing more comes.
    is_over: bool,
}

impl State {
    /// Or never will.
    fn has_head(&self) -> bool {
        self.head.is_some() || self.is_over
    }

    fn has_bytes(&self) -> bool {
        !self.bytes.is_empty() || self.is_over
    }
}

/// Waits for the head.
struct ForHead(Arc<Pipe>);

impl Sleeper for ForHead {
    fn is_ready(&self) -> bool {
        self.0.state.lock().has_head()
    }
}

/// Waits for bytes.
struct ForBytes(Arc<Pipe>);

impl Sleeper for ForBytes {
    fn is_ready(&self) -> bool {
        self.0.state.lock().has_bytes()
    }
}

pub enum Piece {
    /// `resume`: the engine waits for the room that this made.
    Bytes {
        count: usize,
        resume: bool,
    },
    /// There is none at the moment.
    Nothing,
    Over,
}

impl Pipe {
    /// Waits for the head; `None`: the call ended without one. `clock`: the call's.
    pub fn head(self: &Arc<Self>, clock: Option<&Arc<VirtualClock>>) -> Option<Arc<Response>> {
        let _resting = Resting::by(clock, || Arc::new(ForHead(self.clone())));
        let mut state = self.state.lock();
        while !state.has_head() {
            self.changed.wait(&mut state);
        }
        state.head.clone()
    }

    /// The next bytes, for room of at least one.
    pub fn read(&self, into: &mut [u8]) -> Piece {
        let mut state = self.state.lock();
        match state.bytes.read(into) {
            Ok(count) if count > 0 => {
                let resume = state.is_paused && state.bytes.len() <= ROOM / 2;
                state.is_paused &= !resume;
                Piece::Bytes { count, resume }
            }
            _ if state.is_over => Piece::Over,
            _ => Piece::Nothing,
        }
    }

    /// Waits for more.
    pub fn wait(self: &Arc<Self>, clock: Option<&Arc<VirtualClock>>) {
        let _resting = Resting::by(clock, || Arc::new(ForBytes(self.clone())));
        let mut state = self.state.lock();
        while !state.has_bytes() {
            self.changed.wait(&mut state);
        }
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let changed = change(&mut self.state.lock());
        self.changed.notify_all();
        changed
    }
}

/// For one call.
pub struct PipeSink(pub Arc<Pipe>);

impl Sink for PipeSink {
    fn open(&self) -> Result<Box<dyn Consumer>> {
        Ok(Box::new(End(self.0.clone())))
    }
}

/// The end that is the engine's.
struct End(Arc<Pipe>);

impl Consumer for End {
    fn head(&mut self, head: &Arc<Response>) -> Result<Flow> {
        self.0.change(|state| state.head = Some(head.clone()));
        Ok(Flow::GoOn)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<Flow> {
        Ok(self.0.change(|state| {
            state.bytes.extend(bytes);
            state.is_paused = state.bytes.len() >= ROOM;
            if state.is_paused { Flow::Pause } else { Flow::GoOn }
        }))
    }

    fn resumes(&self) -> bool {
        true
    }

    fn keeps_head(&self) -> bool {
        true
    }
}

impl Drop for End {
    fn drop(&mut self) {
        self.0.change(|state| state.is_over = true);
    }
}
