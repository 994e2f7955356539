//! Locks, in one place, so that ThreadSanitizer and a model checker can look at them: std's own are uninstrumented. And
//! the map that they guard.

/// For maps that every request looks into; the keys are hosts that the program names.
pub type Map<K, V> = std::collections::HashMap<K, V, foldhash::fast::RandomState>;

/// Tells threads that run at the same time apart. Also for those whose destructors have run, unlike a ThreadId.
pub fn this_thread() -> usize {
    thread_local!(static PLACE: u8 = const { 0 });
    PLACE.with(|place| std::ptr::from_ref(place).addr())
}

pub use once_cell::sync::OnceCell as OnceLock;
pub use parking_lot::{Condvar, Mutex, MutexGuard};
