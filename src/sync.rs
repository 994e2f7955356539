//! Locks, in one place, so that ThreadSanitizer and a model checker can look at them: std's own are uninstrumented. And
//! the map that they guard.

/// For maps that every request looks into; the keys are hosts that the program names.
pub type Map<K, V> = std::collections::HashMap<K, V, foldhash::fast::RandomState>;

pub use parking_lot::{Condvar, Mutex, MutexGuard};
