//! Whether a fork() lies between then and now. The handler that counts is registered by `ffi`.

use std::sync::atomic::{AtomicU32, Ordering};

static FORKS: AtomicU32 = AtomicU32::new(0);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Generation(u32);

impl Generation {
    pub fn current() -> Generation {
        Generation(FORKS.load(Ordering::Relaxed))
    }

    pub fn is_foreign(self) -> bool {
        self != Generation::current()
    }
}

/// Runs in the child, between fork() and its return.
pub fn count() {
    FORKS.fetch_add(1, Ordering::Relaxed);
}
