//! Drives the call machine on the caller's own thread. It decides nothing: it waits, sends, and reports.

use super::Client;
use super::call::Call;
use super::clock::{self, Clock, Micros};
use super::machine::{Action, Event, Machine, Progress};
use super::rate_limiter::{self, Grant, acquire_all};
use super::reactor::engine::Prepared;
use super::reactor::pending::Receiver;
use super::recorder::Recording;
use super::request::Request;
use super::response::Response;
use super::signal::Signal;
use crate::error::{Code, Error, Result};
use crate::transport::Attempt;
use crate::transport::curl::pool::{Entry, Lease, Place};
use crate::transport::mock::{self, Mock};
use std::sync::Arc;

/// `share` gives the request to an engine thread, should the call have to go by one.
pub fn send(client: &Arc<Client>, request: &Request, share: impl FnOnce() -> Arc<Request>) -> Result<Arc<Response>> {
    let _running = client.enter()?;
    match carry_out(client, request) {
        Ok(None) => by_engine(client, share()),
        Ok(Some(response)) => Ok(response),
        Err(error) => {
            client.log.failure(&error);
            Err(error)
        }
    }
}

/// HTTP/2 connections are the engine threads', which serve many calls with one.
fn by_engine(client: &Arc<Client>, request: Arc<Request>) -> Result<Arc<Response>> {
    let prepared = Prepared::new(client, request, Receiver::Owner, false)?;
    let pending = prepared.pending().clone();
    prepared.launch()?;
    pending.wait(u64::MAX)?;
    pending.take()
}

/// `None`: it has to go by an engine thread.
fn carry_out(client: &Client, request: &Request) -> Result<Option<Arc<Response>>> {
    if let Some(token) = &request.cancel {
        token.check_fork()?;
    }
    let (call, rules) = Call::new(client, request)?;
    if client.goes_by_engine(&rules.target.origin)? {
        return Ok(None);
    }
    let now = client.config.clock.now();
    let machine = Machine::new(rules, now, client.rng());
    Driver { client, call, machine, recording: None }.run(now).map(Some)
}

struct Driver<'c> {
    client: &'c Client,
    call: Call<&'c Request>,
    machine: Machine,
    recording: Option<Box<Recording>>,
}

impl<'c> Driver<'c> {
    fn run(mut self, now: Micros) -> Result<Arc<Response>> {
        let mut action = match self.interruption() {
            Some(code) => self.machine.handle(now, Event::Interrupted(code)),
            None => self.machine.start(now),
        };
        let (mut grant, mut lease): (Option<Grant>, _) = (None, None);
        loop {
            action = match action {
                Action::Finish(result) => {
                    if let Some(unused) = grant {
                        unused.give_back();
                    }
                    return result;
                }
                Action::TakeToken => self.take_token(&mut grant),
                Action::TakePermit => self.take_permit(&mut lease),
                Action::StartAttempt { fresh_connection } => {
                    grant = None;
                    self.attempt(lease.take(), fresh_connection)
                }
                Action::Wait => self.pause(),
                Action::Body { .. } | Action::AbortAttempt => {
                    let confused = Error::new(Code::HTTPC_E_INTERNAL, "internal error, please report: no attempt runs");
                    self.machine.handle(self.now(), Event::Failed(confused))
                }
            };
        }
    }

    fn take_token(&mut self, grant: &mut Option<Grant>) -> Action {
        let limiters = &self.client.config.rate_limiters;
        let clock = limiters.first().map(|limiter| limiter.clock().clone()).unwrap_or_default();
        let (begun, now) = (clock.now(), self.now());
        // The limiters may go by another clock than the call.
        let latest = self.machine.deadline().map_or(Micros::MAX, |at| begun.saturating_add(at.saturating_sub(now)));
        let event = match acquire_all(limiters, 1, begun, latest) {
            Err(error) => Event::Failed(error),
            Ok(rate_limiter::Entry::TooLate { due }) => Event::TokenRefused { wait_us: due.saturating_sub(begun) },
            Ok(rate_limiter::Entry::Granted(granted)) => {
                *grant = Some(granted);
                Event::TokenGranted { queued: false }
            }
            Ok(rate_limiter::Entry::Queued(place)) => return self.queue_for_token(place, &clock, latest, grant),
        };
        self.machine.handle(self.now(), event)
    }

    fn queue_for_token(
        &mut self,
        mut place: rate_limiter::Place,
        clock: &Clock,
        latest: Micros,
        grant: &mut Option<Grant>,
    ) -> Action {
        let _inside = clock.enter();
        loop {
            let signals = self.signals(&[place.signal()]);
            let waited = clock.wait(&signals, place.until().map_or(latest, |until| until.min(latest)));
            let now = self.now();
            if let Err(error) = waited {
                return self.machine.handle(now, Event::Failed(error));
            }
            if let Some(action) = self.ended_from_outside(now) {
                return action;
            }
            let at = clock.now();
            if let Some(granted) = place.poll(at) {
                *grant = Some(granted);
                return self.machine.handle(now, Event::TokenGranted { queued: true });
            }
            if at >= latest {
                return self.machine.handle(now, Event::TokenRefused { wait_us: place.due().saturating_sub(at) });
            }
        }
    }

    fn take_permit(&mut self, lease: &mut Option<Lease<'c>>) -> Action {
        let origin = self.machine.route().target.origin.clone();
        let now = self.now();
        let event = match self.client.pool.enter(&origin, now) {
            Err(error) => Event::Failed(error),
            Ok(Entry::Granted(granted)) => {
                *lease = Some(granted);
                Event::PermitGranted { queued: false }
            }
            Ok(Entry::Queued(place)) => return self.queue(place, lease),
        };
        self.machine.handle(now, event)
    }

    fn queue(&mut self, place: Place<'c>, lease: &mut Option<Lease<'c>>) -> Action {
        loop {
            let now = self.now();
            if place.turn().is_raised() {
                *lease = Some(place.claim(now));
                return self.machine.handle(now, Event::PermitGranted { queued: true });
            }
            if let Some(action) = self.ended_from_outside(now) {
                return action;
            }
            if self.is_due(now) {
                match self.machine.handle(now, Event::TimerFired) {
                    Action::TakePermit => {}
                    action => return action,
                }
            }
            let until = self.machine.wake_at().unwrap_or(Micros::MAX);
            let signals = self.signals(&[place.turn()]);
            if let Err(error) = self.client.config.clock.wait(&signals, until) {
                return self.machine.handle(self.now(), Event::Failed(error));
            }
        }
    }

    fn pause(&mut self) -> Action {
        loop {
            let now = self.now();
            if let Some(action) = self.ended_from_outside(now) {
                return action;
            }
            if self.is_due(now) {
                match self.machine.handle(now, Event::TimerFired) {
                    Action::Wait => {}
                    action => return action,
                }
            }
            let until = self.machine.wake_at().unwrap_or(Micros::MAX);
            if let Err(error) = self.client.config.clock.wait(&self.signals(&[]), until) {
                return self.machine.handle(self.now(), Event::Failed(error));
            }
        }
    }

    fn attempt(&mut self, lease: Option<Lease<'c>>, fresh_connection: bool) -> Action {
        let Some(mut lease) = lease else {
            let confused = Error::new(Code::HTTPC_E_INTERNAL, "internal error, please report: no permit to start with");
            return self.machine.handle(self.now(), Event::Failed(confused));
        };
        if let Err(error) = self.call.rewind(self.machine.route()) {
            return self.machine.handle(self.now(), Event::Failed(error));
        }
        if let Some(mock) = &self.client.config.mock {
            return self.mocked_attempt(mock);
        }
        let recording = &mut self.recording;
        let begun = lease.slot().and_then(|slot| {
            self.call.outgoing(&self.client.config, self.machine.route(), |out| {
                self.client.log.request(out);
                *recording = self.client.recorder.as_ref().map(|recorder| recorder.begin(out, clock::now()));
                slot.begin(out, fresh_connection)
            })?;
            Ok(slot)
        });
        match begun {
            Ok(slot) => self.exchange(slot),
            Err(error) => self.machine.handle(self.now(), Event::Failed(error)),
        }
    }

    fn mocked_attempt(&mut self, mock: &Arc<Mock>) -> Action {
        let client = self.client;
        let mut attempt = self.call.outgoing(&client.config, self.machine.route(), |out| {
            client.log.request(out);
            mock::Attempt::new(mock, &client.config.clock, out)
        });
        self.exchange(&mut attempt)
    }

    /// Runs the attempt to its end, whichever comes first: the response, the machine's word, or a failure.
    fn exchange(&mut self, slot: &mut impl Attempt) -> Action {
        let mut judged = false;
        let mut moved_bytes = 0;
        let mut ready = true;
        loop {
            // A timer that fires while the connection has nothing to do is not to be put off by driving it: libcurl would
            // push a little more into the kernel's buffer and call that progress.
            let due = !ready && self.is_overdue(slot, self.now());
            let ended = if due { None } else { slot.advance() };
            let now = self.now();
            if !judged && slot.inflow().head_done {
                judged = true;
                let head = &slot.inflow().head;
                self.client.log.head(head);
                let event = Event::Head { head, unix_ms: &|| self.client.config.clock.unix_ms() };
                match self.machine.handle(now, event) {
                    Action::Body { limit, deliver } => {
                        slot.inflow().settle_body(limit, deliver);
                        if deliver && let Err(error) = self.open_delivery(slot) {
                            return self.report_abort(slot, error);
                        }
                    }
                    _ => return self.report_end(now, slot, ended),
                }
            }
            let (now, ended, goes_on) = match self.hand_over(slot, now, ended) {
                Ok(after) => after,
                Err(error) => return self.report_abort(slot, error),
            };
            if ended.is_some() {
                return self.report_end(now, slot, ended);
            }
            let now = match self.pump(slot, now) {
                Ok(now) => now,
                Err(error) => return self.report_abort(slot, error),
            };
            let has_more = slot.go_on_sending() || goes_on;
            let (progress, bytes) = slot.progress();
            // A server that sends a header byte by byte is not silent, though libcurl has no whole line to show yet.
            let heard = ready && progress == Progress::Waiting;
            if !due {
                self.machine.progress(now, progress, bytes != moved_bytes || heard);
            }
            moved_bytes = bytes;
            let action = match self.interruption() {
                Some(code) => Some(self.machine.handle(now, Event::Interrupted(code))),
                None if self.is_overdue(slot, now) => Some(self.machine.handle(now, Event::TimerFired)),
                None => None,
            };
            match action {
                None | Some(Action::Body { .. }) => ready = has_more || self.wait_for(slot, now),
                Some(_) => return self.report_end(now, slot, None),
            }
        }
    }

    /// Whether time is up, also by what the kernel knows: to ask it is a system call.
    fn is_overdue(&mut self, slot: &impl Attempt, now: Micros) -> bool {
        if !self.is_due(now) {
            return false;
        }
        if let Some(at) = slot.last_sent(now) {
            self.machine.sent_at(at);
        }
        self.is_due(now)
    }

    fn open_delivery(&mut self, slot: &mut impl Attempt) -> Result<()> {
        let Some(delivery) = &mut self.call.delivery else { return Ok(()) };
        delivery.open(&slot.inflow().head, &self.machine.route().target)
    }

    /// Hands over what has come to whom it is for. The time after that; how the attempt has ended, if it has; whether libcurl goes
    /// on now with what waited.
    fn hand_over(
        &mut self,
        slot: &mut impl Attempt,
        mut now: Micros,
        ended: Option<u32>,
    ) -> Result<(Micros, Option<u32>, bool)> {
        let Some(delivery) = &mut self.call.delivery else { return Ok((now, ended, false)) };
        let mut goes_on = false;
        loop {
            if delivery.hand_over(slot.inflow())? {
                now = self.client.config.clock.now();
            }
            match slot.go_on_receiving() {
                Ok(true) => goes_on = true,
                Ok(false) => return Ok((now, ended, goes_on)),
                Err(code) => return Ok((now, ended.or(Some(code)), false)),
            }
        }
    }

    /// Reads on from where the body comes from, and tells who watches. The time after that.
    fn pump(&mut self, slot: &mut impl Attempt, now: Micros) -> Result<Micros> {
        let mut has_read = false;
        if let Some(feed) = &mut self.call.feed {
            has_read = feed.pump(slot.outflow(), true)?;
            if has_read && !feed.is_replayable() {
                self.machine.body_is_spent();
            }
        }
        let now = if has_read { self.now() } else { now };
        self.call.meter.report(now, false, || slot.transferred())?;
        Ok(now)
    }

    fn report_abort(&mut self, slot: &mut impl Attempt, error: Box<Error>) -> Action {
        let now = self.now();
        self.machine.handle(now, Event::Aborted(error));
        self.report_end(now, slot, None)
    }

    fn report_end(&mut self, now: Micros, slot: &mut impl Attempt, ended: Option<u32>) -> Action {
        let reported = self.call.meter.report(now, true, || slot.transferred());
        let is_whole = ended.is_some() && reported.is_ok();
        if let Err(error) = reported {
            self.machine.handle(now, Event::Aborted(error));
        }
        let mut end = slot.finish(ended);
        self.client.end_recording(self.recording.take(), &end);
        if let Err(error) = self.call.end_delivery(&mut end, is_whole) {
            self.machine.handle(now, Event::Aborted(error));
        }
        if let Some(continuation) = self.call.continuation() {
            self.machine.goes_on(continuation);
        }
        let action = self.machine.handle(now, Event::AttemptEnded(end));
        self.client.log_attempt(&self.machine, &action);
        action
    }

    fn wait_for(&self, slot: &mut impl Attempt, now: Micros) -> bool {
        let closing = &self.client.closing;
        let us = self.machine.wake_at().map(|at| at.saturating_sub(now));
        match self.call.cancel_token() {
            Some(token) => slot.wait(&[closing, token.signal()], us),
            None => slot.wait(&[closing], us),
        }
    }

    /// What ends a wait: the client's end, the call's token, and `others`.
    fn signals<'s>(&'s self, others: &[&'s Signal]) -> Vec<&'s Signal> {
        let own = std::iter::once(&self.client.closing).chain(self.call.cancel_token().map(|token| token.signal()));
        own.chain(others.iter().copied()).collect()
    }

    fn now(&self) -> Micros {
        self.client.config.clock.now()
    }

    fn is_due(&self, now: Micros) -> bool {
        self.machine.wake_at().is_some_and(|at| at <= now)
    }

    fn ended_from_outside(&mut self, now: Micros) -> Option<Action> {
        let code = self.interruption()?;
        Some(self.machine.handle(now, Event::Interrupted(code)))
    }

    fn interruption(&self) -> Option<Code> {
        if self.call.cancel_token().is_some_and(|token| token.is_cancelled()) {
            return Some(Code::HTTPC_E_CANCELLED);
        }
        self.client.closing.is_raised().then_some(Code::HTTPC_E_CLOSED)
    }
}
