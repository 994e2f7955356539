//! What both drivers do for a call, each in its order.

use crate::server::{self, Seen};
use crate::wire::Wire;
use crate::world::{Bell, World};
use httpclient::client::clock::Micros;
use httpclient::client::machine::{Action, Event, Machine, Progress, Rules};
use httpclient::client::rate_limiter::{Entry, Grant, Place, acquire_all_as};
use httpclient::client::url::Origin;
use httpclient::error::{Code, Error};
use httpclient::policy::admission::Ticket;
use std::sync::Arc;

/// A call under way.
pub struct Flight {
    pub call: usize,
    pub machine: Machine,
    /// Tokens for the attempt to come, and when they were taken.
    pub grant: Option<(Grant, Micros)>,
    pub permit: Option<Arc<Origin>>,
    /// On whose shared connection it is, which holds the permit.
    pub shares: Option<Arc<Origin>>,
    /// Its attempt is one of that connection's streams.
    pub is_stream: bool,
    /// It has waited once for somebody to find out the version.
    pub is_impatient: bool,
    pub wire: Option<Wire>,
    /// Of the attempt that runs, in the world's list of what servers have seen.
    pub seen: usize,
    pub stage: Stage,
}

pub enum Stage {
    Nothing,
    Token {
        place: Place<Bell>,
        latest: Micros,
    },
    Permit {
        origin: Arc<Origin>,
        ticket: Ticket,
        bell: Arc<Bell>,
    },
    /// Somebody finds out how the origin is to be spoken to.
    Version,
    /// With its attempt under way already: its turn on a shared connection.
    Stream,
    Attempt,
    Pause,
}

impl Flight {
    pub fn new(world: &World, call: usize) -> Flight {
        let caller = &world.plan.calls[call];
        let posts_twice = world.fault == Some(crate::faults::Fault::PostSentTwice) && caller.method.as_str() == "POST";
        let rules = Rules {
            method: caller.method.clone(),
            target: world.targets[caller.origin].clone(),
            timeouts: caller.timeouts.clone(),
            retry: world.plan.retry.clone(),
            idempotent: caller.idempotent || posts_twice,
            own_key: caller.own_key,
            replayable: caller.replayable,
            limited: !world.limiters.is_empty(),
            status_errors: world.plan.status_errors,
            max_body: world.plan.max_body,
            sink: None,
            resumes: true,
            redirects: world.plan.redirects.clone(),
            budget: world.budgets[caller.origin].clone(),
        };
        let rng = fastrand::Rng::with_seed(world.plan.seed.wrapping_add(call as u64));
        let machine = Machine::new(rules, world.now, rng);
        Flight {
            call,
            machine,
            grant: None,
            permit: None,
            shares: None,
            is_stream: false,
            is_impatient: false,
            wire: None,
            seen: 0,
            stage: Stage::Nothing,
        }
    }

    pub fn is_due(&self, world: &World) -> bool {
        self.machine.wake_at().is_some_and(|at| at <= world.now)
    }

    /// `None`: it stands in the queue.
    pub fn take_token(&mut self, world: &mut World, bell: Bell) -> Option<Action> {
        let now = world.now;
        let latest = self.machine.deadline().unwrap_or(Micros::MAX);
        let event = match acquire_all_as(&world.limiters, 1, now, latest, || Ok(bell)) {
            Err(error) => Event::Failed(error),
            Ok(Entry::TooLate { due }) => {
                world.reach("a token that would come too late");
                Event::TokenRefused { wait_us: due - now }
            }
            Ok(Entry::Granted(grant)) => {
                world.reach("a token at once");
                world.got_token(self.call);
                self.grant = Some((grant, now));
                Event::TokenGranted { queued: false }
            }
            Ok(Entry::Queued(place)) => {
                world.queued_for_token(self.call);
                self.stage = Stage::Token { place, latest };
                return None;
            }
        };
        Some(self.machine.handle(now, event))
    }

    /// `None`: not yet.
    pub fn poll_token(&mut self, world: &mut World) -> Option<Action> {
        let Stage::Token { place, latest } = &mut self.stage else { return None };
        let now = world.now;
        let event = match place.poll(now) {
            Some(grant) => {
                world.reach("a token after a wait");
                world.got_token(self.call);
                self.grant = Some((grant, now));
                Event::TokenGranted { queued: true }
            }
            None if now >= *latest => {
                world.reach("a token not waited for any longer");
                world.left_token_queue(self.call);
                Event::TokenRefused { wait_us: place.due().saturating_sub(now) }
            }
            None => return None,
        };
        self.stage = Stage::Nothing;
        Some(self.machine.handle(now, event))
    }

    /// `None`: it stands in the queue.
    pub fn take_permit(&mut self, world: &mut World, bell: Bell) -> Option<Action> {
        let origin = self.machine.route().target.origin.clone();
        let bell = Arc::new(bell);
        match world.request_permit(&origin, bell.clone()) {
            Some(ticket) => {
                self.stage = Stage::Permit { origin, ticket, bell };
                None
            }
            None => {
                world.reach("a permit at once");
                self.permit = Some(origin);
                Some(self.machine.handle(world.now, Event::PermitGranted { queued: false }))
            }
        }
    }

    /// The permit that it has waited for is there.
    pub fn use_permit(&mut self, world: &mut World) -> Option<Action> {
        let Stage::Permit { origin, .. } = &self.stage else { return None };
        world.reach("a permit after a wait");
        self.permit = Some(origin.clone());
        self.stage = Stage::Nothing;
        Some(self.machine.handle(world.now, Event::PermitGranted { queued: true }))
    }

    pub fn give_permit_back(&mut self, world: &mut World) {
        if let Some(origin) = self.permit.take() {
            world.release(&origin);
        }
        if let (Some(origin), Some(engine)) = (self.shares.take(), self.engine(world))
            && world.lanes[engine].take_permit_back(&origin.host)
        {
            world.reach("a shared connection's permit given back");
            world.release(&origin);
        }
    }

    fn engine(&self, world: &World) -> Option<usize> {
        world.plan.calls[self.call].engine
    }

    /// Its attempt is off the wire, and will not find out how the origin is to be spoken to.
    pub fn part(&mut self, world: &mut World) {
        let Some(engine) = self.engine(world) else { return };
        let host = &self.machine.route().target.origin.host;
        if std::mem::take(&mut self.is_stream) {
            world.lanes[engine].part(host);
        }
        world.lanes[engine].leave(self.call, host);
    }

    /// It was to be an attempt, and never went out.
    fn leave_stream(&mut self, world: &mut World) {
        world.reach("a stream left before its turn");
        self.wire = None;
        self.part(world);
        let (call, seen) = (self.call, &mut world.seen[self.seen]);
        seen.is_void = true;
        let arrived = seen.arrived;
        world.hold(!arrived, || format!("call {call} leaves a stream that the server has seen"));
        self.give_permit_back(world);
    }

    /// Leaves the queue that it stands in, if any.
    pub fn stop_waiting(&mut self, world: &mut World) {
        match std::mem::replace(&mut self.stage, Stage::Nothing) {
            Stage::Permit { origin, ticket, .. } => {
                world.withdraw(&origin, ticket);
                self.part(world);
            }
            Stage::Version => self.part(world),
            Stage::Stream => self.leave_stream(world),
            Stage::Token { .. } => world.left_token_queue(self.call),
            Stage::Attempt => self.stage = Stage::Attempt,
            Stage::Pause | Stage::Nothing => {}
        }
    }

    /// `Some`: it could not even begin.
    pub fn start(&mut self, world: &mut World, fresh_connection: bool) -> Option<Action> {
        let (call, now) = (self.call, world.now);
        world.hold(world.completions[call].is_empty(), || format!("call {call} starts an attempt after its end"));
        let has_permit = self.permit.is_some() || self.shares.is_some();
        world.hold(has_permit, || format!("call {call} starts an attempt without a permit"));
        if let Stage::Stream = self.stage {
            world.seen[self.seen].started = now;
        } else if world.chance.u32(0..200) == 0 {
            world.reach("an attempt that could not begin");
            return Some(self.machine.handle(now, Event::Failed(Error::new(Code::HTTPC_E_RESOURCE, "as scripted"))));
        }
        if let Some((_, taken)) = self.grant.take() {
            world.tokens_used.push(taken);
        }
        if !matches!(self.stage, Stage::Stream) {
            self.launch(world, fresh_connection);
        }
        self.stage = Stage::Attempt;
        None
    }

    /// Puts the attempt on the wire.
    pub fn launch(&mut self, world: &mut World, fresh_connection: bool) {
        let (call, now) = (self.call, world.now);
        world.attempts += 1;
        let route = self.machine.route();
        let (method, host) = (route.method.as_str().to_owned(), route.target.origin.host.clone());
        let idle = world.idle.entry(host).or_default();
        let reused = !fresh_connection && *idle > 0;
        *idle -= u32::from(reused);
        let script = server::script(&world.plan, world.attempts, reused, now);
        world.note(|| {
            format!("call {call} {method} {} (reused: {reused}): {script:?}", self.machine.route().target.full())
        });
        world.reach(script.name);
        self.seen = world.seen.len();
        let (name, asks) = (script.name, script.asks);
        self.wire = Some(Wire::new(script, now, reused, &method, world.plan.max_body));
        world.seen.push(Seen {
            call,
            method,
            name,
            started: now,
            arrived: false,
            acted: false,
            asks,
            is_void: false,
            not_before: None,
        });
    }

    /// Takes in what has come. `Some`: the attempt is over, or to be ended. `is_over`: nothing more comes.
    pub fn judge(&mut self, world: &mut World, is_over: bool) -> bool {
        let Some(wire) = &mut self.wire else { return true };
        if wire.inflow.head_done && !wire.is_judged {
            wire.is_judged = true;
            let now = world.now;
            let seen = &mut world.seen[self.seen];
            seen.not_before = seen.asks.map(|asks| asks.until(now));
            let unix_ms = || server::unix_ms(now);
            match self.machine.handle(now, Event::Head { head: &wire.inflow.head, unix_ms: &unix_ms }) {
                Action::Body { limit, deliver } => wire.inflow.settle_body(limit, deliver),
                _ => {
                    world.reach("an attempt ended at its head");
                    return true;
                }
            }
        }
        is_over
    }

    pub fn tell_progress(&mut self, world: &World, heard: bool) {
        let Some(wire) = &mut self.wire else { return };
        let (progress, moved) = wire.progress();
        let heard = heard && progress == Progress::Waiting;
        self.machine.progress(world.now, progress, moved != wire.moved_before || heard);
        wire.moved_before = moved;
    }

    /// `release_first`: the permit goes back before the machine is told.
    pub fn end_attempt(&mut self, world: &mut World, release_first: bool) -> Action {
        self.stage = Stage::Nothing;
        let Some(wire) = self.wire.take() else {
            world.violated(format!("call {}: no attempt runs", self.call));
            let confused = Error::new(Code::HTTPC_E_INTERNAL, "no attempt runs");
            return self.machine.handle(world.now, Event::Failed(confused));
        };
        if wire.is_complete() && !world.closing {
            let host = self.machine.route().target.origin.host.clone();
            *world.idle.entry(host).or_default() += 1;
        }
        let end = wire.finish();
        self.part(world);
        if release_first {
            self.give_permit_back(world);
        }
        let (call, now) = (self.call, world.now);
        world.note(|| format!("call {call}: attempt ends with {:?}, sent: {}", end.code, end.sent));
        let action = self.machine.handle(now, Event::AttemptEnded(end));
        self.give_permit_back(world);
        action
    }

    /// What it holds goes back, whatever it was at.
    pub fn clear(&mut self, world: &mut World) {
        self.stop_waiting(world);
        let call = self.call;
        world.hold(self.wire.is_none(), || format!("call {call} ends while its attempt runs"));
        self.give_permit_back(world);
        if let Some((unused, _)) = self.grant.take() {
            world.reach("a token given back");
            unused.give_back();
        }
    }
}
