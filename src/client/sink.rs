//! Where the body of a response goes while it comes in, instead of into memory.

mod delivery;
mod file;
mod pipe;

use super::response::Response;
use crate::error::Result;
pub use delivery::Delivery;
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
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    GoOn,
    /// Nothing more until the call is resumed.
    Pause,
}
