//! What becomes of connections that lie idle, and of shards without any.

use super::shard::Shard;
use super::{Micros, Multiplexer};
use crate::client::url::Origin;
use rustix::fd::RawFd;
use std::sync::Arc;

impl Multiplexer {
    /// Closes `most` idle connections, of `origin` alone or of all, the oldest first; fewer where attempts that were started
    /// will take some. How many it closed.
    pub fn close_idle(&mut self, now: Micros, origin: Option<&Arc<Origin>>, most: u32) -> u32 {
        let is_meant = |shard: &&Shard| origin.is_none_or(|origin| shard.origin() == origin);
        let taking: u32 =
            self.shards.iter().flatten().map(|shard| &**shard).filter(is_meant).map(|shard| shard.taking).sum();
        let most = most.saturating_sub(taking);
        for closed in 0..most {
            let shards = self.shards.iter().flatten().map(|shard| &**shard).filter(is_meant);
            let idle = shards.filter_map(|shard| Some((shard.oldest_idle()?, shard.number())));
            let Some((since, shard)) = idle.min() else { return closed };
            self.end_idle_of(now, shard, since, 1);
        }
        most
    }

    /// An idle connection became readable: the server closed it, or said what nobody asked for.
    pub(super) fn idle_event(&mut self, now: Micros, number: u32, fd: RawFd) {
        if let Some(Some(shard)) = self.shards.get_mut(number as usize) {
            shard.check_idle(now, fd);
            self.forget_if_unused(number);
        }
    }

    pub(super) fn expire(&mut self, now: Micros) {
        let latest = now.saturating_sub(self.limits.idle_expiry);
        for number in 0..self.shards.len() as u32 {
            self.end_idle_of(now, number, latest, u32::MAX);
        }
        let oldest = self.shards.iter().flatten().filter_map(|shard| shard.oldest_idle()).min();
        self.next_expiry = oldest.map_or(Micros::MAX, |since| since.saturating_add(self.limits.idle_expiry));
    }

    pub(super) fn end_idle_of(&mut self, now: Micros, number: u32, latest: Micros, most: u32) {
        if let Some(Some(shard)) = self.shards.get_mut(number as usize) {
            shard.end_idle(now, latest, most);
            self.forget_if_unused(number);
        }
    }

    pub(super) fn forget_if_unused(&mut self, number: u32) {
        if let Some(shard) = &self.shards[number as usize]
            && shard.is_unused()
        {
            if let Some(lane) = self.lanes.get_mut(shard.origin())
                && lane.forget_shard(number)
            {
                self.http2.remove(shard.origin());
            }
            self.taking -= shard.taking;
            self.shards[number as usize] = None;
        }
    }
}
