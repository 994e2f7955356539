//! A cancel token is a signal that programs hold.

use super::signal::Signal;
use crate::error::{Code, Error, Result};

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

    /// Its descriptor is the parent's too: nobody in the child may wait for it.
    pub fn check_fork(&self) -> Result<()> {
        if self.signal.is_foreign() {
            let why = "the cancel token was made before fork(); make a new one in the child";
            return Err(Error::new(Code::HTTPC_E_FORKED, why));
        }
        Ok(())
    }

    pub fn signal(&self) -> &Signal {
        &self.signal
    }
}
