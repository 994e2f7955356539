//! How many connections lie idle in the shards of a client's engine threads: in all, and by origin.

use crate::client::url::Origin;
use crate::sync::{Map, Mutex, MutexGuard};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// Origins kept at least, before those without connections are forgotten.
const MOST_ORIGINS: usize = 256;

#[derive(Default)]
pub struct IdleInShards {
    all: AtomicU32,
    by_origin: Mutex<Map<Arc<Origin>, Arc<AtomicU32>>>,
    closing: Mutex<()>,
}

/// One origin's share.
pub struct IdleAtOrigin {
    shards: Arc<IdleInShards>,
    here: Arc<AtomicU32>,
}

impl IdleInShards {
    pub fn count(&self) -> u32 {
        self.all.load(Ordering::Relaxed)
    }

    /// One engine thread at a time counts and closes what is too many: two that counted at once would both close it.
    pub fn turn_to_close(&self) -> MutexGuard<'_, ()> {
        self.closing.lock()
    }

    pub fn count_at(&self, origin: &Arc<Origin>) -> u32 {
        self.by_origin.lock().get(origin).map_or(0, |here| here.load(Ordering::Relaxed))
    }

    pub fn at(self: &Arc<Self>, origin: &Arc<Origin>) -> IdleAtOrigin {
        let mut by_origin = self.by_origin.lock();
        if by_origin.len() >= MOST_ORIGINS && !by_origin.contains_key(origin) {
            by_origin.retain(|_, here| Arc::strong_count(here) > 1);
        }
        IdleAtOrigin { shards: self.clone(), here: by_origin.entry(origin.clone()).or_default().clone() }
    }
}

impl IdleAtOrigin {
    pub fn one_more(&self) {
        self.shards.all.fetch_add(1, Ordering::Relaxed);
        self.here.fetch_add(1, Ordering::Relaxed);
    }

    pub fn one_less(&self) {
        self.shards.all.fetch_sub(1, Ordering::Relaxed);
        self.here.fetch_sub(1, Ordering::Relaxed);
    }
}
