//! Many attempts on one thread. Each runs in a [`shard`] of its origin; the [`poller`] says whose connection has something
//! to do. It decides nothing: it tells which attempts something happened to.
//!
//! Several small multi handles and not one, since libcurl looks for a connection among all of a multi's. A turn of the engine thread
//! is in [`turns`], what an origin has in [`lane`], what becomes of idle connections in [`leftovers`].

mod lane;
mod leftovers;
pub mod poller;
mod shard;
mod turns;
mod uploads;

use super::handle::{Handle, Version};
use super::http2_origins::Http2Origins;
use super::idle::IdleInShards;
use super::settings::Settings;
use crate::client::alarms::Alarms;
use crate::client::clock::{self, Micros};
use crate::client::machine::{AttemptEnd, Progress};
use crate::client::meter::Transferred;
use crate::client::response::Head;
use crate::client::url::Origin;
use crate::error::{Code, Error, Result};
use crate::sync::Map;
use crate::transport::Outgoing;
use crate::transport::inflow::Inflow;
use crate::transport::outflow::Outflow;
use curl_sys::CURLcode;
use lane::Lane;
pub use lane::Manner;
use poller::{Kind, Poller, Ready, Waker};
use rustix::fd::RawFd;
use shard::Shard;
use std::sync::Arc;
use turns::Heard;

/// Easy handles kept for later attempts at one origin.
const MOST_SPARE: usize = 256;

pub struct Multiplexer {
    // Transfers go before the shards that they are in.
    transfers: Vec<Option<Transfer>>,
    shards: Vec<Option<Box<Shard>>>,
    lanes: Map<Arc<Origin>, Lane>,
    poller: Arc<Poller>,
    settings: Arc<Settings>,
    idle: Arc<IdleInShards>,
    http2: Arc<Http2Origins>,
    limits: Limits,
    /// Shards that have something to do without an event, and those whose time has come.
    runnable: Vec<u32>,
    /// Those that were driven and want that again at once: after a look at all others, or a server that never pauses would
    /// hold everybody up.
    again: Vec<u32>,
    turn: u64,
    alarms: Alarms,
    ready: Vec<Ready>,
    /// What the poller told when it was asked of idle connections, for the next turn.
    ready_later: Vec<Ready>,
    /// The memory for what it tells.
    news: Vec<Ready>,
    /// When the poller was asked last, and for how many starts that still holds.
    asked_at: Micros,
    trusted_for: u32,
    heard: Heard,
    touched: Vec<u32>,
    raised: Vec<u32>,
    /// Attempts that have not been driven yet, and so are about to take an idle connection.
    taking: u32,
    next_expiry: Micros,
}

/// What is kept for later.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub max_idle: u32,
    /// `Micros::MAX` is for ever.
    pub idle_expiry: Micros,
}

struct Transfer {
    handle: Box<Handle>,
    shard: u32,
    ended: Option<CURLcode>,
    heard: bool,
    /// It finds out which version of HTTP its origin speaks.
    asks: bool,
}

/// Where an attempt will run.
pub struct Route {
    shard: u32,
    /// On a connection that is still to be opened.
    pub connects: bool,
    fresh_connection: bool,
    version: Version,
}

/// How an attempt stands.
pub struct Standing<'m> {
    /// Once it is complete.
    pub head: Option<&'m Head>,
    /// Once the attempt is over.
    pub ended: Option<CURLcode>,
    /// The request is on its way.
    pub is_sent: bool,
    /// Its connection is for all attempts at the origin.
    pub is_shared: bool,
}

// SAFETY: made on one thread and used on another, never on two; what handles share locks itself.
unsafe impl Send for Multiplexer {}

impl Multiplexer {
    /// `idle` counts the connections that lie idle here.
    pub fn new(
        settings: &Arc<Settings>,
        idle: &Arc<IdleInShards>,
        http2: &Arc<Http2Origins>,
        limits: Limits,
        kind: Kind,
    ) -> Result<Multiplexer> {
        Ok(Multiplexer {
            transfers: Vec::new(),
            shards: Vec::new(),
            lanes: Map::default(),
            poller: Arc::new(Poller::new(kind)?),
            settings: settings.clone(),
            idle: idle.clone(),
            http2: http2.clone(),
            limits,
            runnable: Vec::new(),
            again: Vec::new(),
            turn: 1,
            alarms: Alarms::default(),
            ready: Vec::new(),
            ready_later: Vec::new(),
            news: Vec::new(),
            asked_at: 0,
            trusted_for: 0,
            heard: Heard::default(),
            touched: Vec::new(),
            raised: Vec::new(),
            taking: 0,
            next_expiry: Micros::MAX,
        })
    }

    pub fn waker(&self) -> Waker {
        self.poller.waker()
    }

    /// Where an attempt will run: the shard with an idle connection that was used last, else one with room for another, else a
    /// new one.
    pub fn route(&mut self, now: Micros, origin: &Arc<Origin>, fresh_connection: bool) -> Result<Route> {
        self.ask_of_idle(now)?;
        let (mut roomy, mut version) = (None, Version::Http1);
        if let Some(lane) = self.lanes.get_mut(origin) {
            version = lane.version();
            let shards = &self.shards;
            let shard = |number: u32| shards.get(number as usize).and_then(Option::as_ref);
            let has_idle = |number: u32| shard(number).is_some_and(|shard| shard.has_idle(now));
            if !fresh_connection && let Some(shard) = lane.take_with_idle(has_idle) {
                return Ok(Route { shard, connects: false, fresh_connection, version });
            }
            let has_room = |number: &u32| shard(*number).is_some_and(|shard| shard.has_room(now));
            roomy = lane.shards.iter().copied().find(has_room);
        }
        let shard = roomy.map_or_else(|| self.new_shard(origin), Ok)?;
        Ok(Route { shard, connects: true, fresh_connection, version })
    }

    /// Starts an attempt, which is called `id` until [`Multiplexer::finish`].
    pub fn start(&mut self, now: Micros, id: u32, route: Route, out: &Outgoing<'_>) -> Result<()> {
        let origin = &out.target.origin;
        let lane = self.lane(origin);
        let (spare, asks) = (lane.spare.pop(), lane.asks());
        let mut handle = match spare {
            Some(handle) => handle,
            None => {
                let url = lane.url(origin)?;
                Box::new(Handle::new(origin, url, &self.settings)?)
            }
        };
        handle.set_id(id);
        handle.use_fresh_connection(route.fresh_connection);
        handle.speak(route.version);
        let Some(Some(shard)) = self.shards.get_mut(route.shard as usize) else {
            return Err(Error::new(Code::HTTPC_E_INTERNAL, "internal error, please report: a route to nowhere"));
        };
        shard.start(now, &mut handle, out)?;
        if !route.connects && !shard.is_http2() {
            shard.taking += 1;
            self.taking += 1;
        }
        self.make_runnable(route.shard);
        let at = id as usize;
        if at >= self.transfers.len() {
            self.transfers.resize_with(at + 1, || None);
        }
        self.transfers[at] = Some(Transfer { handle, shard: route.shard, ended: None, heard: false, asks });
        Ok(())
    }

    /// How the attempt stands, if it runs.
    pub fn look(&mut self, id: u32) -> Option<Standing<'_>> {
        let transfer = self.transfers.get_mut(id as usize)?.as_mut()?;
        let exchange = transfer.handle.exchange_mut();
        exchange.settle();
        let is_shared = matches!(&self.shards[transfer.shard as usize], Some(shard) if shard.is_http2());
        Some(Standing {
            is_shared,
            head: exchange.inflow.head_done.then_some(&exchange.inflow.head),
            ended: transfer.ended,
            is_sent: exchange.fired > 0,
        })
    }

    /// The attempt's response as it comes in. After something was taken of its body: [`Multiplexer::go_on_receiving`].
    pub fn inflow(&mut self, id: u32) -> Option<&mut Inflow> {
        let transfer = self.transfers.get_mut(id as usize)?.as_mut()?;
        Some(&mut transfer.handle.exchange_mut().inflow)
    }

    /// Whether there may be more of the body now.
    pub fn go_on_receiving(&mut self, now: Micros, id: u32) -> bool {
        let Some(Some(transfer)) = self.transfers.get_mut(id as usize) else { return false };
        let number = transfer.shard;
        if let Some(Some(shard)) = self.shards.get(number as usize) {
            shard.enter(now);
        }
        let goes_on = transfer.handle.go_on_receiving();
        if let Err(code) = goes_on {
            transfer.ended.get_or_insert(code);
        }
        let goes_on = goes_on.unwrap_or(false);
        if goes_on {
            self.note_due(number);
        }
        goes_on
    }

    pub fn has_ended(&self, id: u32) -> bool {
        matches!(self.transfers.get(id as usize), Some(Some(transfer)) if transfer.ended.is_some())
    }

    /// The attempt's body as it goes out, to be filled; then [`Multiplexer::go_on_sending`].
    pub fn outflow(&mut self, id: u32) -> Option<&mut Outflow> {
        let transfer = self.transfers.get_mut(id as usize)?.as_mut()?;
        Some(&mut transfer.handle.exchange_mut().outflow)
    }

    pub fn go_on_sending(&mut self, id: u32) {
        if let Some(Some(transfer)) = self.transfers.get_mut(id as usize)
            && transfer.handle.go_on_sending()
        {
            let shard = transfer.shard;
            self.note_due(shard);
        }
    }

    pub fn transferred(&mut self, id: u32) -> Option<Transferred> {
        Some(self.transfers.get_mut(id as usize)?.as_mut()?.handle.transferred())
    }

    /// How far the attempt is, a count of bytes that grows when it gets on, and whether its connection had something to say
    /// since the last look.
    pub fn progress(&mut self, id: u32) -> Option<(Progress, u64, bool)> {
        let transfer = self.transfers.get_mut(id as usize)?.as_mut()?;
        let (progress, bytes) = transfer.handle.progress();
        let ahead = match &mut self.shards[transfer.shard as usize] {
            Some(shard) => shard.note_upload(id, progress, &transfer.handle),
            None => 0,
        };
        Some((progress, bytes + ahead, std::mem::take(&mut transfer.heard)))
    }

    pub fn last_sent(&self, now: Micros, id: u32) -> Option<Micros> {
        self.transfers.get(id as usize)?.as_ref()?.handle.last_sent(now)
    }

    /// Ends the attempt, complete or not, and says what is known of it.
    pub fn finish(&mut self, now: Micros, id: u32) -> Option<AttemptEnd> {
        let mut transfer = self.transfers.get_mut(id as usize)?.take()?;
        let (shard, code) = (transfer.shard, transfer.ended);
        if let Some(shard) = &mut self.shards[shard as usize] {
            shard.end(now, id, &transfer.handle);
            let shared = transfer.handle.exchange().connection.is_some_and(|connection| connection.is_http2);
            if shared && code.is_some_and(is_of_the_connection) {
                shard.give_up();
            }
        }
        self.note_due(shard);
        if matches!(&self.shards[shard as usize], Some(shard) if shard.has_given_up() && !shard.is_busy()) {
            self.end_idle_of(now, shard, Micros::MAX, u32::MAX);
        }
        let lifetime = self.limits.idle_expiry;
        if self.next_expiry == Micros::MAX && lifetime != Micros::MAX {
            self.next_expiry = now.saturating_add(lifetime);
        }
        self.lose_probe(id, transfer.handle.origin());
        let is_spoiled = transfer.handle.is_spoiled_by(code);
        let end = transfer.handle.end(code);
        if let Some(lane) = self.lanes.get_mut(transfer.handle.origin()) {
            if self.shards[shard as usize].is_some() {
                lane.leave(shard);
            }
            if !is_spoiled && lane.spare.len() < MOST_SPARE {
                lane.spare.push(transfer.handle);
            }
        }
        // Those that libcurl could not make room for within the shard.
        if self.idle.count() > self.limits.max_idle {
            let idle = self.idle.clone();
            let _turn = idle.turn_to_close();
            self.close_idle(now, None, idle.count().saturating_sub(self.limits.max_idle));
        }
        Some(end)
    }

    /// Reports when `fd` is readable, by [`Multiplexer::take_raised`].
    pub fn watch(&self, fd: RawFd, key: u32) -> Result<()> {
        self.poller.watch(fd, key)
    }

    pub fn unwatch(&self, fd: RawFd) {
        self.poller.closing(fd);
    }

    /// Attempts that something happened to, some of them perhaps twice.
    pub fn take_touched(&mut self) -> Vec<u32> {
        std::mem::take(&mut self.touched)
    }

    /// Gives the memory of [`Multiplexer::take_touched`] back.
    pub fn reuse(&mut self, mut touched: Vec<u32>) {
        if self.touched.is_empty() {
            touched.clear();
            self.touched = touched;
        }
    }

    /// The keys of watched descriptors that became readable.
    pub fn take_raised(&mut self) -> Vec<u32> {
        std::mem::take(&mut self.raised)
    }

    fn new_shard(&mut self, origin: &Arc<Origin>) -> Result<u32> {
        let at = self.shards.iter().position(Option::is_none).unwrap_or(self.shards.len());
        let number = at as u32;
        let others = self.lane(origin).shards.len() as u32;
        let shard = Shard::new(number, origin, &self.settings, &self.poller, &self.idle, self.limits.max_idle, others)?;
        let shard = Some(Box::new(shard));
        match self.shards.get_mut(at) {
            Some(free) => *free = shard,
            None => self.shards.push(shard),
        }
        self.lane(origin).shards.push(number);
        Ok(number)
    }
}

/// A failure that is not of one HTTP/2 stream: libcurl goes on using a connection that nghttp2 has given up.
fn is_of_the_connection(code: CURLcode) -> bool {
    use curl_sys::{CURLE_ABORTED_BY_CALLBACK, CURLE_HTTP2_STREAM, CURLE_OK, CURLE_WRITE_ERROR};
    !matches!(code, CURLE_OK | CURLE_HTTP2_STREAM | CURLE_WRITE_ERROR | CURLE_ABORTED_BY_CALLBACK)
}

impl Drop for Multiplexer {
    fn drop(&mut self) {
        for id in 0..self.transfers.len() as u32 {
            self.finish(clock::now(), id);
        }
        for (origin, lane) in &self.lanes {
            if lane.shares_shard() {
                self.http2.remove(origin);
            }
        }
    }
}
