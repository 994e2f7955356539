//! What a turn of the engine thread does here: it waits, then drives the shards that have something to do, one at a time.

use super::poller::{FAILED, Owner, READ, Ready, WRITE};
use super::{Micros, Multiplexer};
use crate::client::clock;
use crate::error::Result;
use rustix::fd::RawFd;
use std::ffi::c_int;

/// For so long what the poller told of idle connections holds: a request takes longer to be on its way.
const HOLDS: Micros = 50;

/// However many start together: what the program does in between may take long.
const HOLDS_AT_MOST: Micros = 1_000;

/// So many events are handled one after the other, before what comes of them is: a processor that goes through all the code
/// of a call for each of them misses its caches and mispredicts its branches twice as often. More would make the first wait.
const AT_ONCE: usize = 64;

/// Up to when the poller has told all that happened.
#[derive(Default)]
pub(super) struct Heard {
    until: Micros,
    /// While it has more to tell than it can at once: since when, and in how many more waits it will have been through.
    since: Micros,
    waits: usize,
}

impl Heard {
    fn told(&mut self, asked: Micros, all: bool, rounds: impl FnOnce() -> usize) {
        if all {
            (self.until, self.waits) = (asked, 0);
            return;
        }
        if self.waits == 0 {
            (self.since, self.waits) = (asked, rounds());
        }
        self.waits -= 1;
        if self.waits == 0 {
            self.until = self.since;
        }
    }
}

impl Multiplexer {
    /// Waits until something happens, or `until`, or not at all when there is something to do. The time after that.
    pub fn wait(&mut self, until: Option<Micros>) -> Result<Micros> {
        self.turn += 1;
        self.runnable.append(&mut self.again);
        self.ready.append(&mut self.ready_later);
        let began = clock::now();
        let times = [until, self.alarms.next(), Some(self.next_expiry).filter(|at| *at != Micros::MAX)];
        let us = match times.into_iter().flatten().min() {
            _ if !self.runnable.is_empty() || !self.ready.is_empty() || !self.touched.is_empty() => Some(0),
            Some(0) => Some(0),
            Some(at) => Some(at.saturating_sub(began)),
            None => None,
        };
        let told_all = self.poller.wait(us, &mut self.ready)?;
        let now = clock::now();
        (self.asked_at, self.trusted_for) = (now, if told_all { AT_ONCE as u32 } else { 0 });
        // The thread may have been stopped right after it was told.
        self.heard.told(began, told_all, || self.poller.rounds());
        let mut ready = std::mem::take(&mut self.ready);
        self.end_idle_events(now, &mut ready);
        self.ready = ready;
        // The first to become ready is the first to be served.
        self.ready.reverse();
        while let Some(shard) = self.alarms.ring(now) {
            self.make_runnable(shard);
        }
        if now >= self.next_expiry {
            self.expire(now);
        }
        Ok(now)
    }

    /// What happened until then has been told, and is done once [`Multiplexer::step`] has nothing left. After a wait that
    /// took its time that is when it began, and another shows what came meanwhile.
    pub fn heard_until(&self) -> Micros {
        self.heard.until
    }

    /// Calls that are about to start began after the poller was asked last, if that was not just now.
    pub fn distrust_idle(&mut self, now: Micros) {
        if now >= self.asked_at.saturating_add(HOLDS) {
            self.trusted_for = 0;
        }
    }

    /// Before somebody takes an idle connection: the server may have closed it since the poller was asked, or said something on
    /// it. libcurl would not look.
    pub(super) fn ask_of_idle(&mut self, now: Micros) -> Result<()> {
        if self.idle.count() == 0 {
            return Ok(());
        }
        if self.trusted_for > 0 && now < self.asked_at.saturating_add(HOLDS_AT_MOST) {
            self.trusted_for -= 1;
            return Ok(());
        }
        self.trusted_for = AT_ONCE as u32;
        let mut news = std::mem::take(&mut self.news);
        let mut asked = Ok(());
        let mut rounds = None;
        loop {
            let told_all = self.poller.wait(Some(0), &mut news);
            news.retain(|ready| ready.events == 0 || ready.is_edge);
            match told_all {
                Ok(false) => {}
                Ok(true) => break,
                Err(error) => {
                    (asked, self.trusted_for) = (Err(error), 0);
                    break;
                }
            }
            let left = rounds.get_or_insert_with(|| self.poller.rounds());
            *left -= 1;
            if *left == 0 {
                break;
            }
        }
        // With thousands of events it took its time, which is not to count against what it told.
        self.asked_at = clock::now();
        self.end_idle_events(now, &mut news);
        self.ready_later.append(&mut news);
        self.news = news;
        asked
    }

    /// Before anybody takes one: a connection that has ended is not to be used.
    fn end_idle_events(&mut self, now: Micros, ready: &mut Vec<Ready>) {
        ready.retain(|ready| {
            if let (0, Owner::Shard(shard)) = (ready.events, ready.owner) {
                self.quiet_event(now, shard, ready.fd);
            }
            ready.events != 0
        });
    }

    /// On a connection of which libcurl wants nothing.
    fn quiet_event(&mut self, now: Micros, shard: u32, fd: RawFd) {
        match self.user(shard, fd).and_then(|user| self.transfers.get_mut(user as usize)) {
            // Its attempt is through and not released yet: it is looked at then, for there is no other event.
            Some(Some(transfer)) => transfer.handle.exchange_mut().hung_up = true,
            _ => self.idle_event(now, shard, fd),
        }
    }

    /// Does some of what is there to be done; false: nothing is left. Whom it concerned stands in
    /// [`Multiplexer::take_touched`].
    pub fn step(&mut self, now: Micros) -> bool {
        if !self.runnable.is_empty() {
            while let Some(shard) = self.runnable.pop() {
                self.drive(now, shard, curl_sys::CURL_SOCKET_TIMEOUT, 0);
            }
            return true;
        }
        let rest = self.ready.len().saturating_sub(AT_ONCE);
        let has_some = self.ready.len() > rest;
        while self.ready.len() > rest
            && let Some(ready) = self.ready.pop()
        {
            match ready.owner {
                Owner::Signal(key) => self.raised.push(key),
                Owner::Shard(shard) => self.event(now, shard, ready),
                Owner::Nobody => {}
            }
        }
        has_some
    }

    fn event(&mut self, now: Micros, shard: u32, Ready { fd, events, is_edge, hung_up, .. }: Ready) {
        let bits = [
            (READ, curl_sys::CURL_CSELECT_IN),
            (WRITE, curl_sys::CURL_CSELECT_OUT),
            (FAILED, curl_sys::CURL_CSELECT_ERR),
        ];
        let bits = bits.into_iter().filter(|(event, _)| events & event != 0).fold(0, |bits, (_, bit)| bits | bit);
        let (user, touched) = (self.user(shard, fd), self.touched.len());
        if user.is_none() && events & (READ | FAILED) != 0 {
            // It was told before the connection became idle, and libcurl would ignore it now.
            self.idle_event(now, shard, fd);
        }
        self.drive(now, shard, fd, bits);
        // Another's request has gone out meanwhile: its answer will be another edge.
        if is_edge && self.user(shard, fd) == user {
            self.poller.settle(fd);
        }
        // A server that sends a header byte by byte is not silent, though libcurl has no whole line to show yet.
        if let Some(user) = user.filter(|_| events & READ != 0)
            && let Some(Some(transfer)) = self.transfers.get_mut(user as usize)
        {
            transfer.heard = true;
            transfer.handle.exchange_mut().hung_up |= hung_up;
            if self.touched.len() == touched {
                self.touched.push(user);
            }
        }
    }

    fn user(&self, shard: u32, fd: RawFd) -> Option<u32> {
        self.shards[shard as usize].as_ref().and_then(|shard| shard.user(fd))
    }

    fn drive(&mut self, now: Micros, number: u32, fd: RawFd, events: c_int) {
        let others_idle = self.idle.count().saturating_sub(self.taking);
        let Some(Some(shard)) = self.shards.get_mut(number as usize) else { return };
        self.taking -= std::mem::take(&mut shard.taking);
        if fd == curl_sys::CURL_SOCKET_BAD {
            shard.driven_in = self.turn;
        }
        let (is_full, touched) = (others_idle >= self.limits.max_idle, self.touched.len());
        let is_sound = shard.drive(now, fd, events, is_full, &mut self.touched);
        while let Some((transfer, code)) = shard.next_ended() {
            if let Some(Some(ended)) = self.transfers.get_mut(transfer as usize) {
                ended.ended = Some(code);
                self.touched.push(transfer);
            }
        }
        self.learn_version(touched);
        self.end_resends(now, number);
        if is_sound { self.note_due(number) } else { self.fail_all(number) }
    }

    /// After every call into a shard's multi handle: when it wants to be driven next.
    pub(super) fn note_due(&mut self, number: u32) {
        if let Some(Some(shard)) = self.shards.get(number as usize) {
            match shard.due() {
                Micros::MAX => {}
                0 => self.make_runnable(number),
                due => self.alarms.set(number, due),
            }
        }
    }

    pub(super) fn make_runnable(&mut self, number: u32) {
        if let Some(Some(shard)) = self.shards.get_mut(number as usize)
            && !std::mem::replace(&mut shard.is_runnable, true)
        {
            if shard.driven_in == self.turn { self.again.push(number) } else { self.runnable.push(number) }
        }
    }

    /// libcurl gave the shard up.
    fn fail_all(&mut self, shard: u32) {
        for (id, transfer) in self.transfers.iter_mut().enumerate() {
            if let Some(transfer) = transfer
                && transfer.shard == shard
            {
                transfer.ended.get_or_insert(curl_sys::CURLE_FAILED_INIT);
                self.touched.push(id as u32);
            }
        }
    }
}
