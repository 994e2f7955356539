//! Randomness from the system, for what must differ between processes: one that fork() made goes on with its parent's
//! generators, and a generator of our own is seeded with little more than the time.

use crate::error::{Code, Error, Result};

pub fn bits() -> Result<u128> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)
        .map_err(|e| Error::new(Code::HTTPC_E_RESOURCE, format!("the system gives no random numbers: {e}")))?;
    Ok(u128::from_ne_bytes(bytes))
}

/// For jitter, which may do with less.
pub fn seed() -> u64 {
    getrandom::u64().unwrap_or_else(|_| fastrand::u64(..))
}
