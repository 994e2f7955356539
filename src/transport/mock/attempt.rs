//! One attempt at a mocked server, by whatever clock its client goes.

use super::Mock;
use super::call::Call;
use super::reply::{Kind, Reply, Response, failure_note};
use crate::client::clock::{Clock, Micros};
use crate::client::machine::{AttemptEnd, Progress};
use crate::client::meter::Transferred;
use crate::client::response::{Phase, Timings};
use crate::client::signal::Signal;
use crate::error::Code;
use crate::transport::inflow::Inflow;
use crate::transport::outflow::Outflow;
use crate::transport::{self, Failure, Outgoing, Payload};
use std::sync::Arc;

/// As much of a body comes at once.
const PIECE: usize = 16 << 10;

pub struct Attempt {
    mock: Arc<Mock>,
    clock: Clock,
    inflow: Inflow,
    outflow: Outflow,
    /// The request's body comes through the outflow.
    streams: bool,
    begun: Micros,
    /// When there is something to do next; `Micros::MAX`: never.
    due: Micros,
    stage: Stage,
    is_head: bool,
    sent_bytes: u64,
    timings: Timings,
    failure: Option<Failure>,
}

enum Stage {
    Asking(Box<Call>),
    Answering(Arc<Reply>),
    /// So many bytes of the body have come.
    Body(Arc<Reply>, usize),
    Silent(Progress),
    Over {
        sent: bool,
    },
}

impl Attempt {
    pub fn new(mock: &Arc<Mock>, clock: &Clock, out: &Outgoing<'_>) -> Attempt {
        let mut inflow = Inflow::default();
        inflow.reset(out.expected);
        let stream = match out.body {
            Payload::Stream(length) => Some(length),
            Payload::None | Payload::Bytes(_) => None,
        };
        let mut outflow = Outflow::default();
        outflow.reset(stream);
        let begun = clock.now();
        let call = Call::new(out);
        Attempt {
            mock: mock.clone(),
            clock: clock.clone(),
            inflow,
            outflow,
            streams: stream.is_some(),
            begun,
            due: begun,
            sent_bytes: call.received(),
            stage: Stage::Asking(Box::new(call)),
            is_head: out.expected.is_head,
            timings: Timings::default(),
            failure: None,
        }
    }

    /// When to call [`transport::Attempt::advance`] next; `None`: it waits for its driver, or for nothing but its end.
    pub fn due(&self) -> Option<Micros> {
        (self.due != Micros::MAX && !self.has_ended()).then_some(self.due)
    }

    pub fn has_ended(&self) -> bool {
        matches!(self.stage, Stage::Over { .. })
    }

    /// Takes the whole body before it asks: rules look at that too.
    fn ask(&mut self, mut call: Box<Call>) -> Stage {
        if self.streams && !self.take_body(&mut call) {
            self.due = Micros::MAX;
            return Stage::Asking(call);
        }
        call.end_body();
        match self.mock.answer(call) {
            Ok(reply) => {
                self.due = self.clock.now().saturating_add(reply.delay_us);
                Stage::Answering(reply)
            }
            Err(note) => self.fail(Code::HTTPC_E_NOT_MOCKED, note, false),
        }
    }

    /// Whether there was an end.
    fn take_body(&mut self, call: &mut Call) -> bool {
        let mut piece = [0; PIECE];
        while let Some(count) = self.outflow.take(&mut piece) {
            if count == 0 {
                return true;
            }
            call.push_body(&piece[..count]);
            self.sent_bytes += count as u64;
        }
        false
    }

    fn fail(&mut self, code: Code, note: impl Into<String>, sent: bool) -> Stage {
        // A second attempt would find no rule and no other certificate either.
        let hopeless = matches!(code, Code::HTTPC_E_NOT_MOCKED | Code::HTTPC_E_CERTIFICATE);
        self.failure = Some(Failure { code, note: note.into(), hopeless });
        Stage::Over { sent }
    }

    fn begin_answer(&mut self, reply: Arc<Reply>) -> Stage {
        match &reply.kind {
            Kind::Response(response) => {
                self.timings.set(Phase::FirstByte, self.clock.now() - self.begun);
                let head = response.head();
                let mut lines = head.split_inclusive('\n');
                let taken = lines.all(|line| self.inflow.header_line(line.as_bytes(), false));
                if taken { Stage::Body(reply, 0) } else { Stage::Over { sent: true } }
            }
            Kind::Failure(code) => match failure_note(*code) {
                Some(note) => self.fail(*code, note, !reply.is_before_sending()),
                None => self.fall_silent(match code {
                    Code::HTTPC_E_TIMEOUT_CONNECT => Progress::Connecting,
                    Code::HTTPC_E_TIMEOUT_WRITE => Progress::Sending,
                    _ => Progress::Waiting,
                }),
            },
        }
    }

    fn fall_silent(&mut self, progress: Progress) -> Stage {
        self.due = Micros::MAX;
        Stage::Silent(progress)
    }

    fn next_piece(&mut self, reply: Arc<Reply>, from: usize) -> Stage {
        let Kind::Response(response) = &reply.kind else { return Stage::Over { sent: true } };
        let has_no_body = self.is_head || matches!(response.status, 204 | 304);
        let whole = if has_no_body { &[][..] } else { &response.body[..] };
        let end = response.broken.map_or(whole.len(), |(_, at)| at.min(whole.len()));
        let to = end.min(from.saturating_add(PIECE));
        if from < to && !self.inflow.body_bytes(&whole[from..to]) {
            return Stage::Over { sent: true };
        }
        if !self.inflow.has_room() {
            self.inflow.is_held = true;
            self.due = Micros::MAX;
            return Stage::Body(reply, to);
        }
        if to < end {
            return Stage::Body(reply, to);
        }
        match self.how_it_ends(response, to, has_no_body) {
            None => {
                self.inflow.end();
                Stage::Over { sent: true }
            }
            Some((Code::HTTPC_E_TIMEOUT_READ, _)) => self.fall_silent(Progress::Waiting),
            Some((code, note)) => self.fail(code, note, true),
        }
    }

    /// With what failure, if any, a body that came up to `at`.
    fn how_it_ends(&self, response: &Response, at: usize, has_no_body: bool) -> Option<(Code, String)> {
        let announced = self.inflow.head.content_length.filter(|_| !has_no_body);
        match response.broken {
            Some((Code::HTTPC_E_IO, _)) => {
                Some((Code::HTTPC_E_IO, format!("the connection was reset after {at} bytes of the body (mocked)")))
            }
            Some((code, _)) => Some((code, format!("the body ended early, after {at} bytes (mocked)"))),
            None if announced.is_some_and(|announced| announced > at as u64) => {
                Some((Code::HTTPC_E_TRUNCATED, format!("the body ended early, after {at} bytes (mocked)")))
            }
            None => None,
        }
    }

    fn was_sent(&self) -> bool {
        match self.stage {
            Stage::Asking(_) => self.sent_bytes > 0 && self.streams,
            Stage::Answering(ref reply) => !reply.is_before_sending(),
            Stage::Silent(progress) => progress != Progress::Connecting,
            Stage::Over { sent } => sent,
            Stage::Body(..) => true,
        }
    }
}

impl transport::Attempt for Attempt {
    fn inflow(&mut self) -> &mut Inflow {
        &mut self.inflow
    }

    fn outflow(&mut self) -> &mut Outflow {
        &mut self.outflow
    }

    fn go_on_sending(&mut self) -> bool {
        let goes_on = self.outflow.has_fed_the_starved();
        if goes_on {
            self.due = self.clock.now();
        }
        goes_on
    }

    fn go_on_receiving(&mut self) -> Result<bool, u32> {
        if self.inflow.fault.is_some() {
            self.stage = Stage::Over { sent: true };
            return Err(0);
        }
        if !self.inflow.is_held || !self.inflow.has_room() {
            return Ok(false);
        }
        self.inflow.is_held = false;
        self.due = self.clock.now();
        Ok(true)
    }

    fn transferred(&mut self) -> Transferred {
        Transferred {
            uploaded: self.sent_bytes,
            upload_total: if self.streams { self.outflow.total() } else { Some(self.sent_bytes) },
            downloaded: self.inflow.sizes().body,
            download_total: self.inflow.head.content_length,
        }
    }

    fn advance(&mut self) -> Option<u32> {
        let now = self.clock.now();
        while now >= self.due {
            let stage = std::mem::replace(&mut self.stage, Stage::Over { sent: true });
            self.stage = match stage {
                Stage::Asking(call) => self.ask(call),
                Stage::Answering(reply) => self.begin_answer(reply),
                Stage::Body(reply, from) => self.next_piece(reply, from),
                over @ (Stage::Silent(_) | Stage::Over { .. }) => over,
            };
            // One thing after the other: the driver judges the head before there is a body, and makes room for the next piece.
            if let Stage::Body(..) = self.stage {
                return None;
            }
            if let Stage::Over { .. } = self.stage {
                self.timings.set(Phase::Done, now - self.begun);
                return Some(0);
            }
        }
        None
    }

    fn wait(&mut self, others: &[&Signal], us: Option<u64>) -> bool {
        let now = self.clock.now();
        if now < self.due {
            let until = us.map_or(Micros::MAX, |us| now.saturating_add(us)).min(self.due);
            // What goes wrong with the wait shows in the next look at the clock.
            let _ = self.clock.wait(others, until);
        }
        self.clock.now() >= self.due
    }

    fn progress(&mut self) -> (Progress, u64) {
        let progress = match self.stage {
            Stage::Asking(_) if self.streams => Progress::Sending,
            Stage::Asking(_) => Progress::Connecting,
            Stage::Answering(ref reply) if reply.is_before_sending() => Progress::Connecting,
            Stage::Silent(progress) => progress,
            _ => Progress::Waiting,
        };
        (progress, self.inflow.received + if progress == Progress::Connecting { 0 } else { self.sent_bytes })
    }

    fn finish(&mut self, _: Option<u32>) -> AttemptEnd {
        let failure = match self.inflow.fault.as_ref() {
            Some(fault) => Some(fault.failure()),
            None => self.failure.take(),
        };
        let (code, note, hopeless) = match failure {
            None => (Code::HTTPC_OK, String::new(), false),
            Some(failure) => (failure.code, failure.note, failure.hopeless),
        };
        AttemptEnd {
            code,
            curl_code: 0,
            note,
            hopeless,
            sent: self.was_sent(),
            heard: self.inflow.received > 0,
            reused: false,
            shared: false,
            unprocessed: false,
            peer: None,
            connection_id: -1,
            timings: self.timings,
            sizes: self.inflow.sizes(),
            delivered: None,
            response: self.inflow.take(),
        }
    }
}
