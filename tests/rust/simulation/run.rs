//! One run: whatever can happen at an instant happens in a random order, and then time goes on to the next.

use crate::check;
use crate::engine::Engine;
use crate::faults::Fault;
use crate::flight::Flight;
use crate::plan::Plan;
use crate::threads::Thread;
use crate::world::{Message, World};
use httpclient::client::clock::Micros;
use httpclient::error::{Code, Error};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

pub struct Story {
    pub violations: Vec<String>,
    /// How often each kind of thing happened.
    pub reached: BTreeMap<&'static str, u64>,
    /// All that happened, for one who asked for it.
    pub trace: Vec<String>,
}

/// What is to happen, once.
#[derive(Clone, Copy, Debug)]
enum Coming {
    Arrival(usize),
    Cancel(usize),
    Close,
}

#[derive(Clone, Copy)]
enum Turn {
    Coming(usize),
    Thread(usize),
    Engine(usize),
}

struct Run {
    world: World,
    coming: Vec<(Micros, Coming)>,
    threads: Vec<Thread>,
    engines: Vec<Engine>,
}

/// Within one instant, of whatever makes no progress.
const MOST_TURNS: u32 = 20_000;

pub fn simulate(seed: u64, fault: Option<Fault>, traced: bool) -> Story {
    let mut run = Run::new(World::new(Plan::new(seed), fault, traced));
    let gone_well = catch_unwind(AssertUnwindSafe(|| {
        run.until_all_is_quiet();
        check::all(&mut run.world);
    }));
    if let Err(panic) = gone_well {
        run.world.violated(format!("panic: {}", httpclient::text::panic_message(&*panic)));
    }
    let World { violations, reached, trace, .. } = run.world;
    Story { violations, reached, trace: trace.unwrap_or_default() }
}

impl Run {
    fn new(world: World) -> Run {
        let mut coming = Vec::new();
        for (number, call) in world.plan.calls.iter().enumerate() {
            coming.push((call.arrives, Coming::Arrival(number)));
            coming.extend(call.cancel.map(|cancel| (cancel.at, Coming::Cancel(number))));
        }
        coming.extend(world.plan.closed_at.map(|at| (at, Coming::Close)));
        let engines = (0..world.plan.engines).map(Engine::new).collect();
        Run { world, coming, threads: Vec::new(), engines }
    }

    fn until_all_is_quiet(&mut self) {
        let mut turns = 0;
        loop {
            let ready = self.ready();
            if !ready.is_empty() {
                turns += 1;
                assert!(turns < MOST_TURNS, "the instant {} does not end", self.world.now);
                let turn = ready[self.world.chance.usize(..ready.len())];
                self.take(turn);
                continue;
            }
            turns = 0;
            self.between_instants();
            match self.next() {
                Micros::MAX => break,
                next => self.world.go_to(next),
            }
        }
        let waiting = self.threads.len() + self.engines.iter().map(|engine| engine.running().count()).sum::<usize>();
        self.world.hold(waiting == 0, || format!("{waiting} calls wait for what never comes"));
    }

    fn ready(&self) -> Vec<Turn> {
        let world = &self.world;
        let coming = self.coming.iter().enumerate().filter(|(_, (at, _))| *at <= world.now);
        let threads = self.threads.iter().enumerate().filter(|(_, thread)| thread.is_awake(world));
        let engines = self.engines.iter().enumerate().filter(|(_, engine)| engine.is_awake(world));
        coming
            .map(|(at, _)| Turn::Coming(at))
            .chain(threads.map(|(at, _)| Turn::Thread(at)))
            .chain(engines.map(|(at, _)| Turn::Engine(at)))
            .collect()
    }

    fn next(&self) -> Micros {
        let coming = self.coming.iter().map(|(at, _)| *at);
        let threads = self.threads.iter().map(Thread::next);
        let engines = self.engines.iter().filter(|engine| !engine.is_idle()).map(Engine::next);
        coming.chain(threads).chain(engines).min().unwrap_or(Micros::MAX)
    }

    fn take(&mut self, turn: Turn) {
        match turn {
            Turn::Coming(at) => {
                let (_, coming) = self.coming.swap_remove(at);
                self.world.note(|| format!("{coming:?}"));
                self.come(coming);
            }
            Turn::Thread(at) => {
                if self.threads[at].run(&mut self.world) {
                    self.threads.swap_remove(at);
                }
            }
            Turn::Engine(at) => self.engines[at].run(&mut self.world),
        }
    }

    fn come(&mut self, coming: Coming) {
        let world = &mut self.world;
        match coming {
            Coming::Arrival(call) if world.closing => {
                world.reach("a call to a closed client");
                world.complete(call, Err(Error::new(Code::HTTPC_E_CLOSED, "the client was closed")));
            }
            Coming::Arrival(call) => match world.plan.calls[call].engine {
                Some(engine) => self.engines[engine].inbox.lock().push_back(Message::Submit(call)),
                None => self.threads.push(Thread::new(world, call)),
            },
            Coming::Cancel(call) => {
                world.cancelled[call] = true;
                let caller = &world.plan.calls[call];
                // A handle exists once the call was submitted.
                if let (Some(engine), Some(false)) = (caller.engine, caller.cancel.map(|cancel| cancel.by_token))
                    && caller.arrives <= world.now
                {
                    self.engines[engine].inbox.lock().push_back(Message::Cancel(call));
                }
            }
            Coming::Close => {
                world.closing = true;
                world.idle.clear();
                for engine in &self.engines {
                    engine.inbox.lock().push_back(Message::Close);
                }
            }
        }
    }

    /// Nobody has anything to do: the books must balance.
    fn between_instants(&mut self) {
        let flights =
            self.threads.iter().map(|thread| &thread.flight).chain(self.engines.iter().flat_map(Engine::running));
        let mut held = 0;
        let mut stuck = Vec::new();
        for flight in flights {
            held += u32::from(flight.permit.is_some());
            let waits = flight.waits_for_something();
            if !waits {
                stuck.push(flight.call);
            }
        }
        held += self.world.lanes.iter().map(|lanes| lanes.permits()).sum::<u32>();
        let uncounted: usize = self.world.lanes.iter().map(|lanes| lanes.uncounted()).sum();
        self.world.hold(uncounted == 0, || format!("{uncounted} shared connections without a permit"));
        let in_use = self.world.admission.in_use();
        self.world.hold(held == in_use, || format!("{in_use} permits are out, and {held} are held"));
        for call in stuck {
            self.world.violated(format!("call {call} waits for what never comes"));
        }
        check::budgets(&mut self.world);
    }
}

impl Flight {
    /// A timer of its own, a server, or its turn.
    fn waits_for_something(&self) -> bool {
        use crate::flight::Stage;
        let by_itself =
            self.machine.wake_at().is_some() || self.wire.as_ref().is_some_and(|wire| wire.next().is_some());
        by_itself || matches!(self.stage, Stage::Permit { .. } | Stage::Token { .. } | Stage::Version)
    }
}
