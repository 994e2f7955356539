//! One attempt of a call: how it is started, what is done when something happened to it, how it ends.

use super::Reactor;
use super::flight::{Flight, Stage};
use super::wire::Wire;
use crate::client::machine::{Action, Event, Progress};
use crate::error::{Code, Error, Result};
use crate::transport::curl::multiplexer::Multiplexer;
use crate::transport::curl::pool::Room;

impl Reactor {
    pub(super) fn start(&mut self, number: u32, flight: &mut Flight, fresh_connection: bool) -> Option<Action> {
        if let Stage::Stream = flight.stage {
            // It was under way before its turn came, so that libcurl could tell when that was.
            flight.stage = Stage::Attempt;
            flight.grant = None;
            return self.look(number, flight);
        }
        match self.launch(number, flight, fresh_connection) {
            Ok(()) => {
                flight.stage = Stage::Attempt;
                flight.grant = None;
                flight.mocked.is_some().then(|| self.look(number, flight))?
            }
            Err(error) => Some(self.not_launched(number, flight, error)),
        }
    }

    pub(super) fn not_launched(&mut self, number: u32, flight: &mut Flight, error: Box<Error>) -> Action {
        self.multiplexer.leave(number, &flight.machine.route().target.origin);
        self.give_permit_back(flight);
        flight.machine.handle(self.now, Event::Failed(error))
    }

    pub(super) fn launch(&mut self, number: u32, flight: &mut Flight, fresh_connection: bool) -> Result<()> {
        (flight.is_judged, flight.moved_bytes) = (false, 0);
        flight.call.rewind(flight.machine.route())?;
        if let Some(mock) = self.client.config.mock.clone() {
            self.start_mocked(flight, &mock);
            return Ok(());
        }
        let is_shared = flight.shares.is_some();
        let (now, client, multiplexer) = (self.now, &self.client, &mut self.multiplexer);
        let recording = &mut flight.recording;
        flight.call.outgoing(&client.config, flight.machine.route(), |out| {
            client.log.request(out);
            *recording = client.recorder.as_ref().map(|recorder| recorder.begin(out, now));
            let origin = &out.target.origin;
            let find = |multiplexer: &mut Multiplexer| match is_shared {
                true => multiplexer.join(now, origin),
                false => multiplexer.route(now, origin, fresh_connection),
            };
            let mut route = find(multiplexer)?;
            if route.connects {
                let turn = client.pool.turn_to_close();
                let Room { at_origin, in_all } = client.pool.make_room(origin);
                let closed = multiplexer.close_idle(now, Some(origin), at_origin);
                let left = in_all.saturating_sub(closed);
                if multiplexer.close_idle(now, None, left) < left || closed < at_origin {
                    client.pool.close_in_shards(origin);
                }
                drop(turn);
                // The way may have been by what is gone now.
                route = find(multiplexer)?;
            }
            multiplexer.start(now, number, route, out)
        })
    }

    /// Something happened to the attempt.
    pub(super) fn look(&mut self, number: u32, flight: &mut Flight) -> Option<Action> {
        match flight.stage {
            Stage::Version { .. } => return self.ask_again(number, flight),
            Stage::Attempt | Stage::Stream => {}
            _ => return None,
        }
        let mut wire = Wire::new(&mut self.multiplexer, &mut flight.mocked, number);
        let standing = wire.look()?;
        if let Stage::Stream = flight.stage {
            let is_its_turn = standing.is_sent || standing.ended.is_some();
            return is_its_turn.then(|| flight.machine.handle(self.now, Event::PermitGranted { queued: true }));
        }
        let (now, is_shared) = (self.now, standing.is_shared);
        if let Some(head) = standing.head.filter(|_| !flight.is_judged) {
            flight.is_judged = true;
            self.client.log.head(head);
            let event = Event::Head { head, unix_ms: &|| self.client.config.clock.unix_ms() };
            match flight.machine.handle(now, event) {
                Action::Body { limit, deliver } => {
                    if let Err(error) = self.settle_body(number, flight, limit, deliver) {
                        return Some(self.abort_attempt(number, flight, error));
                    }
                }
                _ => return Some(self.end_attempt(number, flight, false)),
            }
        }
        match self.hand_over(number, flight) {
            Ok(is_drained)
                if is_drained && Wire::new(&mut self.multiplexer, &mut flight.mocked, number).has_ended() =>
            {
                return Some(self.end_attempt(number, flight, true));
            }
            Ok(_) => {}
            Err(error) => return Some(self.abort_attempt(number, flight, error)),
        }
        if is_shared && flight.permit.is_some() {
            self.share_permit(flight);
        }
        if let Err(error) = self.pump(number, flight) {
            return Some(self.abort_attempt(number, flight, error));
        }
        self.note_progress(number, flight);
        None
    }

    pub(super) fn note_progress(&mut self, number: u32, flight: &mut Flight) {
        let mut wire = Wire::new(&mut self.multiplexer, &mut flight.mocked, number);
        let Some((mut progress, bytes, heard)) = wire.progress() else { return };
        if flight.call.is_held() {
            progress = Progress::Held;
        }
        let heard = heard && progress == Progress::Waiting;
        flight.machine.progress(self.now, progress, bytes != flight.moved_bytes || heard);
        flight.moved_bytes = bytes;
    }

    /// Asked only when time is up: it is a system call.
    pub(super) fn note_last_sent(&mut self, number: u32, flight: &mut Flight) {
        if flight.machine.wake_at().is_some_and(|at| at <= self.heard)
            && let Some(at) = Wire::new(&mut self.multiplexer, &mut flight.mocked, number).last_sent(self.now)
        {
            flight.machine.sent_at(at);
        }
    }

    fn settle_body(&mut self, number: u32, flight: &mut Flight, limit: u64, deliver: bool) -> Result<()> {
        let mut wire = Wire::new(&mut self.multiplexer, &mut flight.mocked, number);
        let Some(inflow) = wire.inflow() else { return Ok(()) };
        inflow.settle_body(limit, deliver);
        match &mut flight.call.delivery {
            Some(delivery) if deliver => delivery.open(&inflow.head, &flight.machine.route().target),
            _ => Ok(()),
        }
    }

    /// Hands over what has come to whom it is for. Whether nothing is left that waits.
    fn hand_over(&mut self, number: u32, flight: &mut Flight) -> Result<bool> {
        let Some(delivery) = &mut flight.call.delivery else { return Ok(true) };
        loop {
            let mut wire = Wire::new(&mut self.multiplexer, &mut flight.mocked, number);
            let Some(inflow) = wire.inflow() else { return Ok(true) };
            let has_moved = delivery.hand_over(inflow)?;
            let is_drained = delivery.is_drained(inflow);
            if has_moved {
                self.now = self.client.config.clock.now();
            }
            if !wire.go_on_receiving(self.now) {
                return Ok(is_drained);
            }
        }
    }

    /// Reads on from where the body comes from, and tells who watches.
    fn pump(&mut self, number: u32, flight: &mut Flight) -> Result<()> {
        let mut wire = Wire::new(&mut self.multiplexer, &mut flight.mocked, number);
        if let Some(feed) = &mut flight.call.feed
            && let Some(outflow) = wire.outflow()
        {
            if feed.pump(outflow, false)? {
                self.now = self.client.config.clock.now();
            }
            if !feed.is_replayable() {
                flight.machine.body_is_spent();
            }
            wire.go_on_sending();
        }
        flight.call.meter.report(self.now, false, || wire.transferred())
    }

    pub(super) fn abort_attempt(&mut self, number: u32, flight: &mut Flight, error: Box<Error>) -> Action {
        flight.machine.handle(self.now, Event::Aborted(error));
        self.end_attempt(number, flight, false)
    }

    /// `has_ended`: it came to an end, good or bad, and was not cut short.
    pub(super) fn end_attempt(&mut self, number: u32, flight: &mut Flight, has_ended: bool) -> Action {
        flight.stage = Stage::Nothing;
        let mut wire = Wire::new(&mut self.multiplexer, &mut flight.mocked, number);
        let reported = flight.call.meter.report(self.now, true, || wire.transferred());
        let is_whole = has_ended && reported.is_ok();
        if let Err(error) = reported {
            flight.machine.handle(self.now, Event::Aborted(error));
        }
        let Some(mut end) = wire.finish(self.now) else {
            let confused = Error::new(Code::HTTPC_E_INTERNAL, "internal error, please report: no attempt runs");
            return flight.machine.handle(self.now, Event::Failed(confused));
        };
        self.client.end_recording(flight.recording.take(), &end);
        let delivered = flight.call.end_delivery(&mut end, is_whole);
        if let Err(error) = delivered {
            flight.machine.handle(self.now, Event::Aborted(error));
        }
        if let Some(continuation) = flight.call.continuation() {
            flight.machine.goes_on(continuation);
        }
        // Before anything else: whoever waits for it may go on meanwhile.
        self.give_permit_back(flight);
        let action = flight.machine.handle(self.now, Event::AttemptEnded(end));
        self.client.log_attempt(&flight.machine, &action);
        action
    }
}
