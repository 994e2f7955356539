//! Which calls end when a cancel token is triggered.

use crate::client::cancel::CancelToken;
use crate::error::Result;
use crate::sync::Map;
use crate::transport::curl::multiplexer::Multiplexer;
use rustix::fd::{AsFd, AsRawFd};
use std::sync::Arc;

#[derive(Default)]
pub struct Tokens {
    watched: Vec<Option<Watched>>,
    by_address: Map<usize, u32>,
}

struct Watched {
    token: Arc<CancelToken>,
    flights: Vec<u32>,
}

impl Tokens {
    pub fn add(&mut self, token: &Arc<CancelToken>, flight: u32, multiplexer: &Multiplexer) -> Result<()> {
        let address = Arc::as_ptr(token).addr();
        if let Some(key) = self.by_address.get(&address)
            && let Some(watched) = &mut self.watched[*key as usize]
        {
            watched.flights.push(flight);
            return Ok(());
        }
        let at = self.watched.iter().position(Option::is_none).unwrap_or(self.watched.len());
        multiplexer.watch(token.signal().as_fd().as_raw_fd(), at as u32)?;
        let new = Some(Watched { token: token.clone(), flights: vec![flight] });
        match self.watched.get_mut(at) {
            Some(free) => *free = new,
            None => self.watched.push(new),
        }
        self.by_address.insert(address, at as u32);
        Ok(())
    }

    pub fn remove(&mut self, token: &Arc<CancelToken>, flight: u32, multiplexer: &Multiplexer) {
        let address = Arc::as_ptr(token).addr();
        let Some(&key) = self.by_address.get(&address) else { return };
        let Some(watched) = &mut self.watched[key as usize] else { return };
        if let Some(at) = watched.flights.iter().position(|other| *other == flight) {
            watched.flights.swap_remove(at);
        }
        if watched.flights.is_empty() {
            multiplexer.unwatch(token.signal().as_fd().as_raw_fd());
            self.by_address.remove(&address);
            self.watched[key as usize] = None;
        }
    }

    /// All that are watched.
    pub fn watched(&self) -> Vec<Arc<CancelToken>> {
        self.watched.iter().flatten().map(|watched| watched.token.clone()).collect()
    }

    /// Whose descriptor became readable. It will not be asked again.
    pub fn triggered(&self, key: u32, multiplexer: &Multiplexer) -> Vec<u32> {
        let Some(Some(watched)) = self.watched.get(key as usize) else { return Vec::new() };
        if !watched.token.is_cancelled() {
            // The event was of another, which had this key before.
            return Vec::new();
        }
        // It stays readable for ever.
        multiplexer.unwatch(watched.token.signal().as_fd().as_raw_fd());
        watched.flights.clone()
    }
}
