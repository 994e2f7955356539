//! The warm slots of a client, and the permits to use them. A permit is a turn to hold a connection; a slot comes with it,
//! the one used last first, so that few connections stay warm. At the limit the oldest idle one makes room.

use super::http2_origins::Http2Origins;
use super::idle::IdleInShards;
use super::multiplexer::poller::Kind;
use super::multiplexer::{Limits, Multiplexer};
use super::settings::Settings;
use super::slot::Slot;
use crate::client::clock::{self, Micros};
use crate::client::config::{Config, PoolLimits};
use crate::client::signal::{Signal, Wake};
use crate::client::stats::Stats;
use crate::client::url::Origin;
use crate::error::Result;
use crate::policy::admission::{Admission, Ticket};
use crate::sync::{Map, Mutex, MutexGuard, OnceLock, this_thread};
use std::sync::Arc;

/// Has every engine thread look at [`Pool::excess`] of an origin.
pub type CloseInShards = Box<dyn Fn(&Arc<Origin>) + Send + Sync>;

pub struct Pool {
    settings: Arc<Settings>,
    limits: PoolLimits,
    state: Mutex<State>,
    /// Idle connections of the engine threads, which count as well.
    idle_in_shards: Arc<IdleInShards>,
    http2: Arc<Http2Origins>,
    /// Has engine threads close some of them.
    close_in_shards: OnceLock<CloseInShards>,
}

struct State {
    admission: Admission<Arc<Origin>>,
    /// By origin, the oldest first.
    idle: Map<Arc<Origin>, Vec<IdleSlot>>,
    idle_count: u32,
    /// No idle slot expires before.
    next_expiry: Micros,
    waiters: Map<Ticket, Arc<dyn Wake>>,
    closed: bool,
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

/// How many idle connections of shards are in the way of one that is to be opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Room {
    pub at_origin: u32,
    pub in_all: u32,
}

pub enum Entry<'p> {
    Granted(Lease<'p>),
    Queued(Place<'p>),
}

impl Pool {
    pub fn new(config: &Config) -> Result<Pool> {
        let limits = config.pool.clone();
        Ok(Pool {
            settings: Arc::new(Settings::new(config)?),
            state: Mutex::new(State {
                admission: Admission::new(limits.max_connections, limits.max_per_host),
                idle: Map::default(),
                idle_count: 0,
                next_expiry: Micros::MAX,
                waiters: Map::default(),
                closed: false,
            }),
            limits,
            idle_in_shards: Arc::default(),
            http2: Arc::default(),
            close_in_shards: OnceLock::new(),
        })
    }

    /// For an engine thread, whose connections are this pool's.
    pub fn multiplexer(&self, kind: Kind) -> Result<Multiplexer> {
        let lifetime = Some(self.limits.idle_expiry_ms.saturating_mul(1000)).filter(|lifetime| *lifetime > 0);
        let kept = Limits { max_idle: self.limits.max_idle, idle_expiry: lifetime.unwrap_or(Micros::MAX) };
        Multiplexer::new(&self.settings, &self.idle_in_shards, &self.http2, kept, kind)
    }

    /// Where engine threads have HTTP/2 connections.
    pub fn http2(&self) -> &Http2Origins {
        &self.http2
    }

    /// `close` has every engine thread look at [`Pool::excess`].
    pub fn on_lack_of_room(&self, close: CloseInShards) {
        let _ = self.close_in_shards.set(close);
    }

    /// A permit without a slot: now (`None`), or when `waker` is woken. It goes back by [`Pool::release`].
    pub fn request<W: Wake + 'static>(&self, origin: &Arc<Origin>, waker: impl FnOnce() -> Arc<W>) -> Option<Ticket> {
        let mut state = self.state.lock();
        let ticket = state.admission.request(origin).err()?;
        state.waiters.insert(ticket, waker());
        Some(ticket)
    }

    /// Does not wait any more; a permit that came meanwhile goes on to the next.
    pub fn withdraw(&self, origin: &Arc<Origin>, ticket: Ticket) {
        let mut state = self.state.lock();
        if state.admission.cancel(origin, ticket) {
            state.waiters.remove(&ticket);
            return;
        }
        drop(state);
        self.release(origin);
    }

    pub fn release(&self, origin: &Arc<Origin>) {
        self.give_back(origin, None);
    }

    /// Before a connection to `origin` is opened in a shard: closes idle ones of slots where the limits ask for it, and says
    /// how many of the shards' are still too many.
    pub fn make_room(&self, origin: &Arc<Origin>) -> Room {
        let mut discarded = Vec::new();
        self.state.lock().shrink(self, origin, &mut discarded)
    }

    pub fn close_in_shards(&self, origin: &Arc<Origin>) {
        if let Some(close) = self.close_in_shards.get() {
            close(origin);
        }
    }

    /// To be held from counting them until they are closed.
    pub fn turn_to_close(&self) -> MutexGuard<'_, ()> {
        self.idle_in_shards.turn_to_close()
    }

    /// How many idle connections there are beyond the limits, at one origin or in all.
    pub fn excess(&self, origin: Option<&Arc<Origin>>) -> u32 {
        let state = self.state.lock();
        match origin {
            Some(origin) => state.excess_at(self, origin),
            None => state.excess_of_open(self).max(state.excess_of_idle(self)),
        }
    }

    /// A permit now, or a place in the queue.
    pub fn enter(&self, origin: &Arc<Origin>, now: Micros) -> Result<Entry<'_>> {
        let mut discarded = Vec::new();
        let mut state = self.state.lock();
        match state.admission.request(origin) {
            Ok(()) => {
                let slot = self.take_slot(&mut state, origin, now, &mut discarded);
                drop(state);
                Ok(Entry::Granted(Lease { pool: self, origin: origin.clone(), slot }))
            }
            Err(ticket) => match Signal::new() {
                Ok(turn) => {
                    let turn = Arc::new(turn);
                    state.waiters.insert(ticket, turn.clone());
                    Ok(Entry::Queued(Place { pool: self, origin: origin.clone(), ticket, turn, claimed: false }))
                }
                Err(error) => {
                    state.admission.cancel(origin, ticket);
                    Err(error)
                }
            },
        }
    }

    pub fn stats(&self) -> Stats {
        let (opened, reused) = self.settings.counts.get();
        let state = self.state.lock();
        let (in_use, waiting) = (state.admission.in_use(), state.admission.waiting());
        let idle = state.idle_count + self.idle_in_shards.count();
        Stats { in_use, idle, waiting, opened, reused }
    }

    /// Closes idle connections now and those in use as they come back.
    pub fn close(&self) {
        let mut state = self.state.lock();
        state.closed = true;
        let idle = std::mem::take(&mut state.idle);
        state.idle_count = 0;
        drop(state);
        drop(idle);
    }

    /// The warmest slot of the origin, if any; and room for the connection, if there is none.
    fn take_slot(
        &self,
        state: &mut State,
        origin: &Arc<Origin>,
        now: Micros,
        discarded: &mut Vec<Slot>,
    ) -> Option<Box<Slot>> {
        state.expire(now, &self.limits, discarded);
        if let Some(slots) = state.idle.get_mut(origin)
            && let Some(warmest) = warmest(slots.iter().map(|idle| idle.last), this_thread(), now)
        {
            state.idle_count -= 1;
            return Some(slots.remove(warmest).slot);
        }
        if state.shrink(self, origin, discarded) != Room::default() {
            self.close_in_shards(origin);
        }
        None
    }

    fn give_back(&self, origin: &Arc<Origin>, slot: Option<Box<Slot>>) {
        let mut discarded = Vec::new();
        let mut state = self.state.lock();
        match slot {
            // One in a shard may have become idle.
            None => state.shrink_idle(self, &mut discarded),
            Some(slot) if slot.is_spoiled() || !slot.is_connected() || state.closed || self.limits.max_idle == 0 => {
                discarded.push(*slot);
            }
            Some(slot) => {
                state.keep(origin, slot, &self.limits, &mut discarded);
                if state.excess_of_idle(self) > 0 {
                    self.close_in_shards(origin);
                }
            }
        }
        if !discarded.is_empty() {
            // Closing a connection may take a system call or two: not under the lock, yet before the permit goes to somebody
            // who opens another.
            drop(state);
            discarded.clear();
            state = self.state.lock();
        }
        let next = state.admission.release(origin).and_then(|(_, ticket)| state.waiters.remove(&ticket));
        drop(state);
        if let Some(waiter) = next {
            waiter.wake();
        }
    }
}

impl State {
    fn excess_of_open(&self, pool: &Pool) -> u32 {
        let open = self.admission.in_use().saturating_add(self.idle_count).saturating_add(pool.idle_in_shards.count());
        open.saturating_sub(pool.limits.max_connections)
    }

    fn excess_at(&self, pool: &Pool, origin: &Arc<Origin>) -> u32 {
        let in_slots = self.idle.get(origin).map_or(0, |slots| slots.len() as u32);
        let idle = in_slots.saturating_add(pool.idle_in_shards.count_at(origin));
        self.admission.in_use_of(origin).saturating_add(idle).saturating_sub(pool.limits.max_per_host)
    }

    fn excess_of_idle(&self, pool: &Pool) -> u32 {
        self.idle_count.saturating_add(pool.idle_in_shards.count()).saturating_sub(pool.limits.max_idle)
    }

    /// Room for one connection that will be opened. How many idle ones of shards are still too many.
    fn shrink(&mut self, pool: &Pool, origin: &Arc<Origin>, discarded: &mut Vec<Slot>) -> Room {
        while self.idle.contains_key(origin) && self.excess_at(pool, origin) > 0 {
            discarded.extend(self.take_oldest_at(origin));
        }
        while self.idle_count > 0 && self.excess_of_open(pool) > 0 {
            discarded.extend(self.take_oldest());
        }
        Room { at_origin: self.excess_at(pool, origin), in_all: self.excess_of_open(pool) }
    }

    fn shrink_idle(&mut self, pool: &Pool, discarded: &mut Vec<Slot>) {
        while self.idle_count > 0 && self.excess_of_idle(pool) > 0 {
            discarded.extend(self.take_oldest());
        }
    }

    fn keep(&mut self, origin: &Arc<Origin>, slot: Box<Slot>, limits: &PoolLimits, discarded: &mut Vec<Slot>) {
        let last = Use { ended: clock::now(), by_thread: this_thread() };
        let idle = IdleSlot { slot, last };
        if limits.idle_expiry_ms > 0 {
            self.next_expiry = self.next_expiry.min(last.ended.saturating_add(limits.idle_expiry_ms * 1000));
        }
        match self.idle.get_mut(origin) {
            Some(slots) => slots.push(idle),
            None => {
                self.idle.insert(origin.clone(), vec![idle]);
            }
        }
        self.idle_count += 1;
        while self.idle_count > limits.max_idle {
            discarded.extend(self.take_oldest());
        }
    }

    fn take_oldest(&mut self) -> Option<Slot> {
        let fronts = self.idle.iter().filter_map(|(origin, slots)| Some((origin, slots.first()?.last.ended)));
        let origin = fronts.min_by_key(|(_, ended)| *ended).map(|(origin, _)| origin.clone())?;
        self.take_oldest_at(&origin)
    }

    fn take_oldest_at(&mut self, origin: &Arc<Origin>) -> Option<Slot> {
        let slots = self.idle.get_mut(origin)?;
        let oldest = if slots.is_empty() { None } else { Some(slots.remove(0)) };
        if slots.is_empty() {
            self.idle.remove(origin);
        }
        let oldest = oldest?;
        self.idle_count -= 1;
        Some(*oldest.slot)
    }

    fn expire(&mut self, now: Micros, limits: &PoolLimits, discarded: &mut Vec<Slot>) {
        if now < self.next_expiry {
            return;
        }
        let lifetime = limits.idle_expiry_ms * 1000;
        self.next_expiry = Micros::MAX;
        for slots in self.idle.values_mut() {
            let expired = slots.iter().take_while(|idle| idle.last.ended.saturating_add(lifetime) <= now).count();
            discarded.extend(slots.drain(..expired).map(|idle| *idle.slot));
            if let Some(oldest) = slots.first() {
                self.next_expiry = self.next_expiry.min(oldest.last.ended.saturating_add(lifetime));
            }
        }
        self.idle.retain(|_, slots| !slots.is_empty());
        self.idle_count = self.idle.values().map(|slots| slots.len() as u32).sum();
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

/// A permit, and the slot that goes with it once one is made. Dropped, both go back.
pub struct Lease<'p> {
    pool: &'p Pool,
    origin: Arc<Origin>,
    slot: Option<Box<Slot>>,
}

impl Lease<'_> {
    pub fn slot(&mut self) -> Result<&mut Slot> {
        let slot = match self.slot.take() {
            Some(slot) => slot,
            None => Box::new(Slot::new(&self.origin, &self.pool.settings)?),
        };
        Ok(self.slot.insert(slot))
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        self.pool.give_back(&self.origin, self.slot.take());
    }
}

/// A place in the queue for a permit. Dropped unclaimed, it is left without a hole.
pub struct Place<'p> {
    pool: &'p Pool,
    origin: Arc<Origin>,
    ticket: Ticket,
    turn: Arc<Signal>,
    claimed: bool,
}

impl<'p> Place<'p> {
    /// Raised when the permit is there.
    pub fn turn(&self) -> &Signal {
        &self.turn
    }

    /// The permit, once the turn has come.
    pub fn claim(mut self, now: Micros) -> Lease<'p> {
        self.claimed = true;
        let mut discarded = Vec::new();
        let slot = self.pool.take_slot(&mut self.pool.state.lock(), &self.origin, now, &mut discarded);
        Lease { pool: self.pool, origin: self.origin.clone(), slot }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if self.claimed {
            return;
        }
        self.pool.withdraw(&self.origin, self.ticket);
    }
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
