//! A cancel token is a signal that programs hold.

use super::signal::Signal;
use crate::error::Result;

#[derive(Debug)]
pub struct CancelToken {
    signal: Signal,
}

impl CancelToken {
    pub fn new() -> Result<CancelToken> {
        Ok(CancelToken { signal: Signal::new()? })
    }

    pub fn cancel(&self) {
        self.signal.raise();
    }

    pub fn is_cancelled(&self) -> bool {
        self.signal.is_raised()
    }

    pub fn signal(&self) -> &Signal {
        &self.signal
    }
}
