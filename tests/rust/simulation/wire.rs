//! One attempt on the scripted wire, in the terms of a transport: it takes in what has come, says how far it is, and at
//! the end gives the facts.

use crate::plan::MS;
use crate::server::{Broken, Script, Seen, Step};
use httpclient::client::clock::Micros;
use httpclient::client::machine::{AttemptEnd, Progress};
use httpclient::client::response::Timings;
use httpclient::error::Code;
use httpclient::transport::inflow::{Expected, Inflow};
use std::collections::VecDeque;

const MAX_HEADERS: u64 = 2000;

/// A call without any limit of time still ends, since no server is silent for ever.
const PATIENCE: Micros = 600_000 * MS;

pub struct Wire {
    /// By the time at which each happens.
    steps: VecDeque<(Micros, Step)>,
    pub inflow: Inflow,
    pub is_judged: bool,
    is_bodyless: bool,
    acts: bool,
    progress: Progress,
    sent: bool,
    reused: bool,
    moved: u64,
    pub moved_before: u64,
    how: Option<Broken>,
    ended: bool,
}

impl Wire {
    pub fn new(script: Script, now: Micros, reused: bool, method: &str, max_body: u64) -> Wire {
        let reused = reused && !script.is_unconnected;
        let mut at = now;
        let mut steps: VecDeque<_> = script
            .steps
            .into_iter()
            .map(|(after, step)| {
                at += after;
                (at, step)
            })
            .collect();
        let given_up = Broken { code: Some(Code::HTTPC_E_IO), ..Broken::default() };
        steps.push_back((at + PATIENCE, Step::Broken(given_up)));
        let mut inflow = Inflow::default();
        let is_head = method == "HEAD";
        inflow.reset(Expected { is_head, max_headers: MAX_HEADERS, max_body, decodes: true, streams: false });
        Wire {
            steps,
            inflow,
            is_judged: false,
            is_bodyless: method == "HEAD",
            acts: script.acts,
            progress: if reused { Progress::Sending } else { Progress::Connecting },
            sent: reused,
            reused,
            moved: 0,
            moved_before: 0,
            how: None,
            ended: false,
        }
    }

    /// When there is something to do next.
    pub fn next(&self) -> Option<Micros> {
        self.steps.front().filter(|_| !self.ended).map(|(at, _)| *at)
    }

    /// Takes in what has come by now; whether the attempt has ended.
    pub fn advance(&mut self, now: Micros, seen: &mut Seen) -> bool {
        while !self.ended && self.next().is_some_and(|at| at <= now) {
            let Some((_, step)) = self.steps.pop_front() else { break };
            self.step(step, seen);
        }
        self.ended
    }

    fn step(&mut self, step: Step, seen: &mut Seen) {
        self.moved += 1;
        match step {
            Step::SentPart => self.send(Progress::Sending, seen),
            Step::Sent => self.send(Progress::Waiting, seen),
            Step::Lines(lines) => {
                self.progress = Progress::Waiting;
                self.ended = !lines.iter().all(|line| self.inflow.header_line(line.as_bytes(), false));
                self.is_bodyless |= matches!(self.inflow.head.status, 204 | 304);
            }
            Step::Body(bytes) if !self.is_bodyless => self.ended = !self.inflow.body_bytes(&vec![b'x'; bytes]),
            Step::Body(_) => {}
            Step::Complete => self.ended = true,
            Step::Broken(how) => {
                if self.reused {
                    self.arrive(seen);
                }
                (self.ended, self.how) = (true, Some(how));
            }
        }
    }

    fn send(&mut self, progress: Progress, seen: &mut Seen) {
        (self.progress, self.sent) = (progress, true);
        self.arrive(seen);
    }

    fn arrive(&self, seen: &mut Seen) {
        seen.arrived = true;
        seen.acted = self.acts;
    }

    pub fn progress(&self) -> (Progress, u64) {
        (self.progress, self.moved)
    }

    /// A byte of the request is out.
    pub fn is_sent(&self) -> bool {
        self.sent
    }

    /// Whether its connection can serve another one.
    pub fn is_complete(&self) -> bool {
        self.ended && self.how.is_none() && self.inflow.fault.is_none()
    }

    pub fn finish(mut self) -> AttemptEnd {
        let how = self.how.unwrap_or_default();
        let fault = self.inflow.fault.as_ref().map(|fault| fault.failure().code);
        AttemptEnd {
            code: fault.or(how.code).unwrap_or(Code::HTTPC_OK),
            curl_code: 0,
            note: "as scripted".to_owned(),
            hopeless: how.hopeless,
            sent: self.sent,
            heard: self.inflow.received > 0,
            reused: self.reused,
            shared: how.unprocessed,
            unprocessed: how.unprocessed,
            peer: None,
            connection_id: -1,
            timings: Timings::default(),
            sizes: self.inflow.sizes(),
            delivered: Default::default(),
            response: self.inflow.take(),
        }
    }
}
