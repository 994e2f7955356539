//! Pure decisions: `(policy, state, outcome, now, wall clock, rng) -> decision`. No I/O, no clock read, no randomness of
//! its own, no curl. The same code serves every driver, the retry loop around a C function, and the published vectors.

pub mod admission;
pub mod backoff;
pub mod budget;
pub mod gcra;
pub mod partial;
pub mod retry;
pub mod retry_after;
