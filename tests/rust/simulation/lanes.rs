//! How an engine speaks to each origin, by the rules of transport/curl/multiplexer/lane.rs: an attempt finds out whether it
//! is HTTP/2 while others wait, and then all share one connection, which holds one permit.

use std::collections::BTreeMap;

#[derive(Debug, Default)]
pub struct Lanes {
    lanes: BTreeMap<String, Lane>,
    /// Who has waited for a version, and is to ask again.
    pub touched: Vec<usize>,
}

#[derive(Debug)]
enum Lane {
    Http1,
    Http2 { has_permit: bool, streams: u32 },
    Unknown { probe: Option<usize>, waiting: Vec<usize> },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    Own,
    First,
    Join,
    Later,
}

impl Lanes {
    fn lane(&mut self, host: &str) -> &mut Lane {
        self.lanes.entry(host.to_owned()).or_insert_with(|| Lane::Unknown { probe: None, waiting: Vec::new() })
    }

    pub fn manner(&mut self, call: usize, host: &str, is_impatient: bool) -> Manner {
        match self.lane(host) {
            Lane::Http1 => Manner::Own,
            Lane::Http2 { has_permit: true, .. } => Manner::Join,
            Lane::Http2 { has_permit: false, .. } => Manner::First,
            Lane::Unknown { .. } if is_impatient => Manner::Own,
            Lane::Unknown { probe, .. } if probe.is_none_or(|probe| probe == call) => {
                *probe = Some(call);
                Manner::Own
            }
            Lane::Unknown { waiting, .. } => {
                waiting.push(call);
                Manner::Later
            }
        }
    }

    /// The first request on its way tells; true when its connection is the one that all share from now on.
    pub fn learn(&mut self, host: &str, is_http2: bool) -> bool {
        let lane = self.lane(host);
        let Lane::Unknown { waiting, .. } = lane else { return false };
        let waiting = std::mem::take(waiting);
        *lane = match is_http2 {
            true => Lane::Http2 { has_permit: false, streams: 1 },
            false => Lane::Http1,
        };
        self.touched.extend(waiting);
        is_http2
    }

    /// It does not wait any more, nor will it be the one that finds out.
    pub fn leave(&mut self, call: usize, host: &str) {
        if let Some(Lane::Unknown { probe, waiting }) = self.lanes.get_mut(host) {
            waiting.retain(|other| *other != call);
            if *probe == Some(call) {
                *probe = None;
                self.touched.append(waiting);
            }
        }
    }

    pub fn join(&mut self, host: &str) {
        if let Lane::Http2 { streams, .. } = self.lane(host) {
            *streams += 1;
        }
    }

    pub fn part(&mut self, host: &str) {
        if let Lane::Http2 { streams, .. } = self.lane(host) {
            *streams -= 1;
        }
    }

    /// False: there is one already.
    pub fn hold_permit(&mut self, host: &str) -> bool {
        match self.lane(host) {
            Lane::Http2 { has_permit, .. } => !std::mem::replace(has_permit, true),
            _ => false,
        }
    }

    /// The permit, when no attempt is left that needs it.
    pub fn take_permit_back(&mut self, host: &str) -> bool {
        match self.lane(host) {
            Lane::Http2 { has_permit, streams: 0 } => std::mem::replace(has_permit, false),
            _ => false,
        }
    }

    pub fn permits(&self) -> u32 {
        self.lanes.values().map(|lane| u32::from(matches!(lane, Lane::Http2 { has_permit: true, .. }))).sum()
    }

    /// Connections that are in use and count against no limit.
    pub fn uncounted(&self) -> usize {
        let is_uncounted = |lane: &&Lane| matches!(lane, Lane::Http2 { has_permit: false, streams: 1.. });
        self.lanes.values().filter(is_uncounted).count()
    }
}
