//! Where the body of a response goes while it comes in, instead of into memory.

mod delivery;
mod events;
mod file;
mod pipe;

use super::machine::Continuation;
use super::request::Request;
use super::response::Response;
use crate::error::Result;
pub use delivery::Delivery;
pub use events::{EventRules, EventSink};
pub use file::FileSink;
pub use pipe::{Piece, Pipe, PipeSink};
use std::sync::Arc;

/// What a request says of it. Each of its calls has a consumer of its own.
pub trait Sink: Send + Sync {
    fn open(&self) -> Result<Box<dyn Consumer>>;

    /// It takes the bodies of 2xx responses alone.
    fn only_success(&self) -> bool {
        false
    }
}

/// Takes the body of one call. Runs in the call's driver; what it fails with ends the call.
pub trait Consumer: Send {
    /// First of all: what the request says besides.
    fn prepare(&mut self, _request: &Request) {}

    /// The head of the response whose body follows. Another may come as long as no byte of the body has.
    fn head(&mut self, head: &Arc<Response>) -> Result<Flow>;

    /// The next bytes of the body, at least one.
    fn write(&mut self, bytes: &[u8]) -> Result<Flow>;

    /// It ends its pauses itself.
    fn resumes(&self) -> bool {
        false
    }

    /// Once it has got a head it takes no other.
    fn keeps_head(&self) -> bool {
        false
    }

    /// The body is whole. A consumer that is dropped without that has a part of it.
    fn finish(&mut self) -> Result<()> {
        Ok(())
    }

    /// It paused with bytes in hand, for [`Consumer::catch_up`] once it is resumed.
    fn is_behind(&self) -> bool {
        false
    }

    fn catch_up(&mut self) -> Result<Flow> {
        Ok(Flow::GoOn)
    }

    /// Of a stream of events, where the next request is to go on; empty where it can say nothing. `None`: as the program set it.
    fn last_event_id(&self) -> Option<&str> {
        None
    }

    /// How the call goes on behind the end of what it takes.
    fn continuation(&self) -> Option<Continuation> {
        None
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    GoOn,
    /// Nothing more until the call is resumed.
    Pause,
}
