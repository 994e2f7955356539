//! Slots that wait for their next call, each with its connection: the warmest is taken first, the oldest goes first.

use crate::client::clock::{self, Micros};
use crate::client::config::PoolLimits;
use crate::client::url::Origin;
use crate::sync::{Map, this_thread};
use crate::transport::curl::slot::Slot;
use std::sync::Arc;

pub struct IdleSlots {
    /// The oldest first.
    by_origin: Map<Arc<Origin>, Vec<IdleSlot>>,
    count: u32,
    /// None expires before.
    next_expiry: Micros,
}

struct IdleSlot {
    slot: Box<Slot>,
    last: Use,
}

#[derive(Clone, Copy)]
struct Use {
    ended: Micros,
    by_thread: usize,
}

/// So long a thread gets back the slot that it used last, whose memory is still in its processor's caches: many threads
/// that call without a pause would change slots at random otherwise. No longer, or few threads would keep many warm.
const OWN_FOR: Micros = 10_000;

impl Default for IdleSlots {
    fn default() -> IdleSlots {
        IdleSlots { by_origin: Map::default(), count: 0, next_expiry: Micros::MAX }
    }
}

impl IdleSlots {
    pub fn count(&self) -> u32 {
        self.count
    }

    pub fn count_at(&self, origin: &Arc<Origin>) -> u32 {
        self.by_origin.get(origin).map_or(0, |slots| slots.len() as u32)
    }

    pub fn take_warmest(&mut self, origin: &Arc<Origin>, now: Micros) -> Option<Box<Slot>> {
        let slots = self.by_origin.get_mut(origin)?;
        let warmest = warmest(slots.iter().map(|idle| idle.last), this_thread(), now)?;
        self.count -= 1;
        Some(slots.remove(warmest).slot)
    }

    pub fn keep(&mut self, origin: &Arc<Origin>, slot: Box<Slot>, limits: &PoolLimits, discarded: &mut Vec<Slot>) {
        let last = Use { ended: clock::now(), by_thread: this_thread() };
        let idle = IdleSlot { slot, last };
        if limits.idle_expiry_ms > 0 {
            self.next_expiry = self.next_expiry.min(last.ended.saturating_add(limits.idle_expiry_ms * 1000));
        }
        match self.by_origin.get_mut(origin) {
            Some(slots) => slots.push(idle),
            None => {
                self.by_origin.insert(origin.clone(), vec![idle]);
            }
        }
        self.count += 1;
        while self.count > limits.max_idle {
            discarded.extend(self.take_oldest());
        }
    }

    pub fn take_oldest(&mut self) -> Option<Slot> {
        let fronts = self.by_origin.iter().filter_map(|(origin, slots)| Some((origin, slots.first()?.last.ended)));
        let origin = fronts.min_by_key(|(_, ended)| *ended).map(|(origin, _)| origin.clone())?;
        self.take_oldest_at(&origin)
    }

    pub fn take_oldest_at(&mut self, origin: &Arc<Origin>) -> Option<Slot> {
        let slots = self.by_origin.get_mut(origin)?;
        let oldest = if slots.is_empty() { None } else { Some(slots.remove(0)) };
        if slots.is_empty() {
            self.by_origin.remove(origin);
        }
        let oldest = oldest?;
        self.count -= 1;
        Some(*oldest.slot)
    }

    pub fn expire(&mut self, now: Micros, limits: &PoolLimits, discarded: &mut Vec<Slot>) {
        if now < self.next_expiry {
            return;
        }
        let lifetime = limits.idle_expiry_ms * 1000;
        self.next_expiry = Micros::MAX;
        for slots in self.by_origin.values_mut() {
            let expired = slots.iter().take_while(|idle| idle.last.ended.saturating_add(lifetime) <= now).count();
            discarded.extend(slots.drain(..expired).map(|idle| *idle.slot));
            if let Some(oldest) = slots.first() {
                self.next_expiry = self.next_expiry.min(oldest.last.ended.saturating_add(lifetime));
            }
        }
        self.by_origin.retain(|_, slots| !slots.is_empty());
        self.count = self.by_origin.values().map(|slots| slots.len() as u32).sum();
    }
}

/// Of slots in the order of their last use: the one that this thread used a moment ago, else the last.
fn warmest<I>(uses: I, this_thread: usize, now: Micros) -> Option<usize>
where
    I: DoubleEndedIterator<Item = Use> + ExactSizeIterator,
{
    let last = uses.len().checked_sub(1)?;
    let mut recent = uses.rev().take_while(|last| now.saturating_sub(last.ended) < OWN_FOR);
    Some(last - recent.position(|last| last.by_thread == this_thread).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::{OWN_FOR, Use, warmest};

    const NOW: u64 = 10 * OWN_FOR;

    /// Which of slots is taken by thread 1, where each was used so long ago by such a thread.
    fn taken(uses: &[(u64, usize)]) -> Option<usize> {
        warmest(uses.iter().map(|&(ago, by_thread)| Use { ended: NOW - ago, by_thread }), 1, NOW)
    }

    #[test]
    fn the_slot_used_last_is_taken_first() {
        assert_eq!(taken(&[]), None);
        assert_eq!(taken(&[(3, 2), (2, 3), (1, 4)]), Some(2));
    }

    #[test]
    fn a_thread_gets_back_its_own_slot_of_a_moment_ago() {
        assert_eq!(taken(&[(3, 2), (2, 1), (1, 4)]), Some(1));
        assert_eq!(taken(&[(3, 1), (2, 1), (1, 4)]), Some(1), "the warmer of two");
    }

    #[test]
    fn an_own_slot_that_has_rested_longer_is_like_any_other() {
        assert_eq!(taken(&[(OWN_FOR, 1), (1, 4)]), Some(1));
    }
}
