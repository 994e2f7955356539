//! The way to one origin: its shards, and what is known of the version of HTTP that it speaks.
//!
//! The first attempt finds the version out, and the others wait for that: fifty at once would open fifty connections where
//! one serves them all. It is known when the TLS handshake is over (ALPN, RFC 7301), not only when an answer has come.
//! HTTP/2 attempts share one connection, which holds one permit of the pool.

use super::{Micros, Multiplexer, Route};
use crate::client::url::Origin;
use crate::error::Result;
use crate::transport::curl::handle::{Handle, Version};
use crate::transport::curl::raw;
use crate::transport::curl::settings::{FirstVersion, Settings};
use std::rc::Rc;
use std::sync::Arc;

/// Lanes kept at least, before those without connections are forgotten.
const MOST_LANES: usize = 256;

/// Shards remembered at most, each as often as it was left.
const MOST_LEFT: usize = 1024;

pub(super) struct Lane {
    pub shards: Vec<u32>,
    /// Where attempts ended, and so may have left idle connections, the last one last.
    left: Vec<u32>,
    #[allow(clippy::vec_box, reason = "they move from here to transfers and back")]
    pub spare: Vec<Box<Handle>>,
    /// Of all handles.
    url: Option<Rc<raw::Url>>,
    first: FirstVersion,
    speaks: Speaks,
}

enum Speaks {
    Http1,
    Http2 {
        shard: Option<u32>,
        has_permit: bool,
    },
    /// It will be found out by the attempt `probe`, once there is one.
    Unknown {
        probe: Option<u32>,
        waiting: Vec<u32>,
    },
}

/// How an attempt at an origin is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// With a permit of its own.
    Own,
    /// With a permit that goes to [`Multiplexer::hold_permit`], and then by [`Multiplexer::join`].
    First,
    /// By [`Multiplexer::join`], on the connection that is there.
    Join,
    /// Not yet: it will stand among those that something happened to.
    Later,
}

impl Lane {
    fn new(first: FirstVersion) -> Lane {
        let speaks = match first {
            FirstVersion::Http1 => Speaks::Http1,
            FirstVersion::Http2 => Speaks::Http2 { shard: None, has_permit: false },
            FirstVersion::Asked => Speaks::Unknown { probe: None, waiting: Vec::new() },
        };
        Lane { shards: Vec::new(), left: Vec::new(), spare: Vec::new(), url: None, first, speaks }
    }

    /// That of `origin`, whose lane it is.
    pub fn url(&mut self, origin: &Origin) -> Result<Rc<raw::Url>> {
        match &self.url {
            Some(url) => Ok(url.clone()),
            None => Ok(self.url.insert(raw::Url::of(origin)?.into()).clone()),
        }
    }

    /// What an attempt with a connection of its own offers.
    pub fn version(&self) -> Version {
        match (&self.speaks, self.first) {
            (Speaks::Http1, _) => Version::Http1,
            (_, FirstVersion::Http2) => Version::Http2,
            _ => Version::Either,
        }
    }

    /// An attempt has let go of its connection in `shard`.
    pub fn leave(&mut self, shard: u32) {
        if self.left.len() < MOST_LEFT {
            self.left.push(shard);
        }
    }

    /// The shard that `has_idle` connections and was used last.
    pub fn take_with_idle(&mut self, has_idle: impl Fn(u32) -> bool) -> Option<u32> {
        let left = std::iter::from_fn(|| self.left.pop()).find(|shard| has_idle(*shard));
        left.or_else(|| self.shards.iter().copied().find(|shard| has_idle(*shard)))
    }

    pub fn asks(&self) -> bool {
        matches!(self.speaks, Speaks::Unknown { .. })
    }

    /// True: it was the one that all attempts share.
    pub fn forget_shard(&mut self, number: u32) -> bool {
        self.shards.retain(|other| *other != number);
        self.left.retain(|other| *other != number);
        if self.shards.is_empty() {
            self.spare.clear();
        }
        match &mut self.speaks {
            Speaks::Http2 { shard, .. } if *shard == Some(number) => {
                *shard = None;
                true
            }
            _ => false,
        }
    }

    /// Whether there is a shard that all attempts share.
    pub fn shares_shard(&self) -> bool {
        matches!(self.speaks, Speaks::Http2 { shard: Some(_), .. })
    }

    fn is_in_use(&self) -> bool {
        let is_asking =
            matches!(&self.speaks, Speaks::Unknown { probe, waiting } if probe.is_some() || !waiting.is_empty());
        let has_permit = matches!(self.speaks, Speaks::Http2 { has_permit: true, .. });
        !self.shards.is_empty() || is_asking || has_permit
    }
}

impl Multiplexer {
    /// How `id` is to go to `origin`. `impatient`: it has waited for a probe already, which brought nothing.
    pub fn manner(&mut self, id: u32, origin: &Arc<Origin>, impatient: bool) -> Manner {
        match &mut self.lane(origin).speaks {
            Speaks::Http1 => Manner::Own,
            Speaks::Http2 { has_permit: true, .. } => Manner::Join,
            Speaks::Http2 { has_permit: false, .. } => Manner::First,
            Speaks::Unknown { .. } if impatient => Manner::Own,
            Speaks::Unknown { probe, .. } if probe.is_none_or(|probe| probe == id) => {
                *probe = Some(id);
                Manner::Own
            }
            Speaks::Unknown { waiting, .. } => {
                waiting.push(id);
                Manner::Later
            }
        }
    }

    /// It does not wait any more, nor will it be the one that finds out.
    pub fn leave(&mut self, id: u32, origin: &Arc<Origin>) {
        if let Some(Lane { speaks: Speaks::Unknown { waiting, .. }, .. }) = self.lanes.get_mut(origin) {
            waiting.retain(|other| *other != id);
        }
        self.lose_probe(id, origin);
    }

    /// The permit of the connection that all attempts at `origin` share. False: there is one already.
    pub fn hold_permit(&mut self, origin: &Arc<Origin>) -> bool {
        match &mut self.lane(origin).speaks {
            Speaks::Http2 { has_permit, .. } => !std::mem::replace(has_permit, true),
            _ => false,
        }
    }

    /// The permit, when no attempt is left that needs it.
    pub fn take_permit_back(&mut self, origin: &Arc<Origin>) -> bool {
        let Some(Lane { speaks: Speaks::Http2 { shard, has_permit }, shards, .. }) = self.lanes.get_mut(origin) else {
            return false;
        };
        let is_busy =
            |number: &u32| matches!(&self.shards[*number as usize], Some(shard) if shard.is_busy() && shard.is_http2());
        if !*has_permit || shard.iter().chain(shards.iter()).any(is_busy) {
            return false;
        }
        *has_permit = false;
        true
    }

    /// Where an attempt goes that shares the connection of all.
    pub fn join(&mut self, now: Micros, origin: &Arc<Origin>) -> Result<Route> {
        self.ask_of_idle(now)?;
        let lane = self.lane(origin);
        let version = lane.version();
        let known = match &lane.speaks {
            Speaks::Http2 { shard, .. } => *shard,
            _ => None,
        };
        let shards = &self.shards;
        let is_good = |number: &u32| matches!(&shards[*number as usize], Some(shard) if !shard.is_avoided(now));
        let shard = match known.filter(|number| is_good(number)) {
            Some(number) => number,
            None => {
                let number = self.new_shard(origin)?;
                if let Some(Some(shard)) = self.shards.get_mut(number as usize) {
                    shard.share_one_connection();
                }
                if let Speaks::Http2 { shard, .. } = &mut self.lane(origin).speaks
                    && shard.replace(number).is_none()
                {
                    self.http2.add(origin);
                }
                number
            }
        };
        Ok(Route { shard, connects: known != Some(shard), fresh_connection: false, version })
    }

    /// After something has happened to those from `first` on: a probe whose request is on its way knows the version.
    pub(super) fn learn_version(&mut self, first: usize) {
        for at in first..self.touched.len() {
            let id = self.touched[at];
            let Some(Some(transfer)) = self.transfers.get_mut(id as usize) else { continue };
            if !transfer.asks || transfer.handle.exchange().fired == 0 {
                continue;
            }
            transfer.asks = false;
            let Some(lane) = self.lanes.get_mut(transfer.handle.origin()) else { continue };
            let speaks = &mut lane.speaks;
            let Speaks::Unknown { waiting, .. } = speaks else { continue };
            self.touched.append(waiting);
            *speaks = Speaks::Http1;
            if transfer.handle.exchange().connection.is_some_and(|connection| connection.is_http2) {
                let shard = Some(transfer.shard);
                *speaks = Speaks::Http2 { shard, has_permit: false };
                self.http2.add(transfer.handle.origin());
                if let Some(Some(shard)) = self.shards.get_mut(transfer.shard as usize) {
                    shard.share_one_connection();
                }
            }
        }
    }

    /// On a shared connection libcurl does not send a refused request again at once, where the resend guard would stop it:
    /// it waits until the others are through. So we look, now and then.
    pub(super) fn end_resends(&mut self, now: Micros, number: u32) {
        let Some(Some(shard)) = self.shards.get_mut(number as usize) else { return };
        if !shard.is_http2() || !shard.is_busy() {
            return;
        }
        if let Some(later) = shard.next_look(now) {
            self.alarms.set(number, later);
            return;
        }
        for (id, transfer) in self.transfers.iter_mut().enumerate() {
            if let Some(transfer) = transfer
                && transfer.shard == number
                && transfer.ended.is_none()
                && transfer.handle.waits_to_resend()
            {
                transfer.handle.exchange_mut().refuse_resend();
                transfer.ended = Some(curl_sys::CURLE_RECV_ERROR);
                self.touched.push(id as u32);
            }
        }
    }

    /// A probe that has ended without an answer to its question: the others go their own way.
    pub(super) fn lose_probe(&mut self, id: u32, origin: &Arc<Origin>) {
        if let Some(Lane { speaks: Speaks::Unknown { probe, waiting }, .. }) = self.lanes.get_mut(origin)
            && *probe == Some(id)
        {
            *probe = None;
            self.touched.append(waiting);
        }
    }

    pub(super) fn lane(&mut self, origin: &Arc<Origin>) -> &mut Lane {
        if self.lanes.len() >= MOST_LANES && !self.lanes.contains_key(origin) {
            self.lanes.retain(|_, lane| lane.is_in_use());
        }
        let settings: &Settings = &self.settings;
        self.lanes.entry(origin.clone()).or_insert_with(|| Lane::new(settings.first_version(origin)))
    }
}
