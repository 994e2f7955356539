//! The warm slots of a client, and the permits to use them. A permit is a turn to hold a connection; a slot comes with it,
//! the one used last first, so that few connections stay warm. At the limit the oldest idle one makes room.

mod idle_slots;

use super::http2_origins::Http2Origins;
use super::idle::IdleInShards;
use super::multiplexer::poller::Kind;
use super::multiplexer::{Limits, Multiplexer};
use super::settings::Settings;
use super::slot::Slot;
use crate::client::clock::Micros;
use crate::client::config::{Config, PoolLimits};
use crate::client::signal::{Signal, Wake};
use crate::client::stats::Stats;
use crate::client::url::Origin;
use crate::error::Result;
use crate::policy::admission::{Admission, Ticket};
use crate::sync::{Map, Mutex, MutexGuard, OnceLock};
use idle_slots::IdleSlots;
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
    idle: IdleSlots,
    waiters: Map<Ticket, Arc<dyn Wake>>,
    closed: bool,
}

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
                idle: IdleSlots::default(),
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

    /// Whether [`Pool::request`]'s promise has come true.
    pub fn is_granted(&self, ticket: Ticket) -> bool {
        !self.state.lock().waiters.contains_key(&ticket)
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
        let idle = state.idle.count() + self.idle_in_shards.count();
        Stats { in_use, idle, waiting, opened, reused }
    }

    /// Closes idle connections now and those in use as they come back.
    pub fn close(&self) {
        let mut state = self.state.lock();
        state.closed = true;
        let idle = std::mem::take(&mut state.idle);
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
        state.idle.expire(now, &self.limits, discarded);
        if let Some(warmest) = state.idle.take_warmest(origin, now) {
            return Some(warmest);
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
                state.idle.keep(origin, slot, &self.limits, &mut discarded);
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
        let open =
            self.admission.in_use().saturating_add(self.idle.count()).saturating_add(pool.idle_in_shards.count());
        open.saturating_sub(pool.limits.max_connections)
    }

    fn excess_at(&self, pool: &Pool, origin: &Arc<Origin>) -> u32 {
        let idle = self.idle.count_at(origin).saturating_add(pool.idle_in_shards.count_at(origin));
        self.admission.in_use_of(origin).saturating_add(idle).saturating_sub(pool.limits.max_per_host)
    }

    fn excess_of_idle(&self, pool: &Pool) -> u32 {
        self.idle.count().saturating_add(pool.idle_in_shards.count()).saturating_sub(pool.limits.max_idle)
    }

    /// Room for one connection that will be opened. How many idle ones of shards are still too many.
    fn shrink(&mut self, pool: &Pool, origin: &Arc<Origin>, discarded: &mut Vec<Slot>) -> Room {
        while self.idle.count_at(origin) > 0 && self.excess_at(pool, origin) > 0 {
            discarded.extend(self.idle.take_oldest_at(origin));
        }
        while self.idle.count() > 0 && self.excess_of_open(pool) > 0 {
            discarded.extend(self.idle.take_oldest());
        }
        Room { at_origin: self.excess_at(pool, origin), in_all: self.excess_of_open(pool) }
    }

    fn shrink_idle(&mut self, pool: &Pool, discarded: &mut Vec<Slot>) {
        while self.idle.count() > 0 && self.excess_of_idle(pool) > 0 {
            discarded.extend(self.idle.take_oldest());
        }
    }
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
