//! Locks, in one place, so that ThreadSanitizer and a model checker can look at them: std's own are uninstrumented.

pub use parking_lot::{Condvar, Mutex, MutexGuard};
