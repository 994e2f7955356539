//! The origins to which engine threads have HTTP/2 connections, for blocking calls that could go along.

use crate::client::url::Origin;
use crate::sync::{Map, Mutex};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

#[derive(Default)]
pub struct Http2Origins {
    /// With the number of engine threads that have one.
    origins: Mutex<Map<Arc<Origin>, u32>>,
    /// Of them: most clients have none, and every blocking call asks.
    count: AtomicUsize,
}

impl Http2Origins {
    pub fn has(&self, origin: &Origin) -> bool {
        self.count.load(Ordering::Relaxed) > 0 && self.origins.lock().contains_key(origin)
    }

    pub fn add(&self, origin: &Arc<Origin>) {
        let mut origins = self.origins.lock();
        *origins.entry(origin.clone()).or_default() += 1;
        self.count.store(origins.len(), Ordering::Relaxed);
    }

    pub fn remove(&self, origin: &Origin) {
        let mut origins = self.origins.lock();
        if let Some(threads) = origins.get_mut(origin) {
            *threads -= 1;
            if *threads == 0 {
                origins.remove(origin);
            }
        }
        self.count.store(origins.len(), Ordering::Relaxed);
    }
}
