//! Who may hold a connection: permits under a total limit and one for each key, first come first served. A caller that its
//! own key holds up never holds up others. Pure: whoever waits, and how, is the caller's business.

use crate::sync::Map;
use std::collections::VecDeque;
use std::hash::Hash;

/// A place in the queue. Later tickets are larger.
pub type Ticket = u64;

#[derive(Debug)]
pub struct Admission<K> {
    most: u32,
    most_per_key: u32,
    in_use: u32,
    waiting: u32,
    next_ticket: Ticket,
    keys: Map<K, Key>,
    /// At so many keys those are forgotten that nobody uses.
    tidy_at: usize,
}

/// Keys that are kept whether somebody uses them or not: most come back.
const KEPT: usize = 64;

#[derive(Debug, Default)]
struct Key {
    in_use: u32,
    waiting: VecDeque<Ticket>,
}

impl<K: Clone + Eq + Hash> Admission<K> {
    /// Both limits are at least 1.
    pub fn new(most: u32, most_per_key: u32) -> Admission<K> {
        Admission {
            most: most.max(1),
            most_per_key: most_per_key.max(1),
            in_use: 0,
            waiting: 0,
            next_ticket: 0,
            keys: Map::default(),
            tidy_at: KEPT,
        }
    }

    pub fn in_use(&self) -> u32 {
        self.in_use
    }

    pub fn in_use_of(&self, key: &K) -> u32 {
        self.keys.get(key).map_or(0, |state| state.in_use)
    }

    pub fn waiting(&self) -> u32 {
        self.waiting
    }

    /// A permit now, or a ticket to wait with.
    pub fn request(&mut self, key: &K) -> Result<(), Ticket> {
        let (total, per_key) = (self.most, self.most_per_key);
        if let Some(state) = self.keys.get_mut(key) {
            // Below the total limit, whoever waits is held up by its own key.
            if self.in_use < total && state.in_use < per_key && state.waiting.is_empty() {
                state.in_use += 1;
                self.in_use += 1;
                return Ok(());
            }
        } else {
            self.tidy();
            if self.in_use < total {
                self.keys.insert(key.clone(), Key { in_use: 1, waiting: VecDeque::new() });
                self.in_use += 1;
                return Ok(());
            }
        }
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        self.waiting += 1;
        self.keys.entry(key.clone()).or_default().waiting.push_back(ticket);
        Err(ticket)
    }

    /// A permit comes back. The ticket that it goes to, if any, now holds one.
    pub fn release(&mut self, key: &K) -> Option<(K, Ticket)> {
        if let Some(state) = self.keys.get_mut(key) {
            state.in_use = state.in_use.saturating_sub(1);
            self.in_use = self.in_use.saturating_sub(1);
        }
        let next = if self.waiting == 0 { None } else { self.first_admissible() };
        if let Some((next_key, _)) = &next
            && let Some(state) = self.keys.get_mut(next_key)
        {
            state.waiting.pop_front();
            state.in_use += 1;
            self.in_use += 1;
            self.waiting -= 1;
        }
        next
    }

    /// Leaves the queue without a hole. False when the ticket was granted meanwhile: then its permit must be released.
    pub fn cancel(&mut self, key: &K, ticket: Ticket) -> bool {
        let Some(state) = self.keys.get_mut(key) else { return false };
        let Some(place) = state.waiting.iter().position(|waiting| *waiting == ticket) else { return false };
        state.waiting.remove(place);
        self.waiting -= 1;
        true
    }

    fn first_admissible(&self) -> Option<(K, Ticket)> {
        let heads = self.keys.iter().filter(|(_, state)| state.in_use < self.most_per_key);
        let first =
            heads.filter_map(|(key, state)| Some((key, *state.waiting.front()?))).min_by_key(|(_, ticket)| *ticket);
        first.map(|(key, ticket)| (key.clone(), ticket))
    }

    /// Who asks for ever new keys must not pay for each for ever.
    fn tidy(&mut self) {
        if self.keys.len() >= self.tidy_at {
            self.keys.retain(|_, state| state.in_use > 0 || !state.waiting.is_empty());
            self.tidy_at = KEPT.max(2 * self.keys.len());
        }
    }
}
