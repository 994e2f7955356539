//! Time that tests hold in their hands. By itself it moves on when everybody who goes by it sleeps, straight to the first
//! end of a sleep, so that hours pass in microseconds; set to manual it stands still until somebody advances it.
//!
//! The [`timeline`] decides. Whoever goes by a clock is running or asleep: engine threads all their lives, other threads
//! while they are [`inside`] a function of the library's. A callback is part of the call that makes it, and so running.
//!
//! The clock's lock comes before all that [`Sleeper::is_ready`] takes: nobody changes a clock who holds one of those.

mod inside;
pub mod timeline;

use super::clock::Micros;
use super::fork;
use super::signal::{self, Signal};
use crate::error::{Code, Error, Result};
use crate::sync::{Mutex, OnceLock};
pub use inside::{Inside, Resting};
use smallvec::SmallVec;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use timeline::{Id, Timeline};

/// Who sleeps by a clock.
pub trait Sleeper: Send + Sync {
    /// Something other than time has ended the sleep, though it may not have noticed yet: time stands still for its turn.
    fn is_ready(&self) -> bool;

    /// Time has ended it. Nothing to do for who sleeps without end.
    fn wake(&self) {}
}

pub struct VirtualClock {
    timeline: Mutex<Timeline<Arc<dyn Sleeper>>>,
    /// A copy, to be read without the lock.
    now: AtomicU64,
    born: fork::Generation,
}

impl Default for VirtualClock {
    fn default() -> VirtualClock {
        VirtualClock { timeline: Mutex::default(), now: AtomicU64::new(0), born: fork::Generation::current() }
    }
}

impl std::fmt::Debug for VirtualClock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "virtual clock at {} us", self.now())
    }
}

impl VirtualClock {
    pub fn now(&self) -> Micros {
        self.now.load(Ordering::Acquire)
    }

    pub fn advance(&self, us: Micros) {
        self.change(|timeline| timeline.advance(us));
    }

    pub fn set_manual(&self, manual: bool) {
        self.change(|timeline| timeline.set_manual(manual));
    }

    /// So many more of the program's threads (or fewer) must sleep before time moves by itself.
    pub fn add_threads(&self, count: i32) -> Result<()> {
        let refused = |threads| {
            let limit = timeline::MOST_THREADS;
            Error::invalid("n", format!("{count} would make {threads} threads; 0 to {limit} are possible"))
        };
        let added = self.change(|timeline| timeline.add_threads(i64::from(count)));
        added.unwrap_or(Ok(())).map_err(refused)
    }

    /// Those who went by it are the parent's threads, and one of them may have held its lock.
    pub fn check_fork(&self) -> Result<()> {
        if self.born.is_foreign() {
            let why = "the clock was made before fork(); make a new one in the child";
            return Err(Error::new(Code::HTTPC_E_FORKED, why));
        }
        Ok(())
    }

    /// As [`super::clock::Clock::wait`].
    pub fn wait(self: &Arc<Self>, signals: &[&Signal], until: Micros) -> Result<()> {
        self.check_fork()?;
        if until <= self.now() || signals.iter().any(|signal| signal.is_raised()) {
            return Ok(());
        }
        let _inside = self.enter();
        let alarm = Arc::new(Alarm::new(signals));
        let _elsewhere = Resting::by_all_but(self, || alarm.clone());
        let Some(_asleep) = self.sleep_in_thread(until, &alarm)? else { return Ok(()) };
        let Some(bell) = alarm.bell.get() else { return Ok(()) };
        let all: Vec<&Signal> = signals.iter().copied().chain([bell]).collect();
        signal::wait(&all, None);
        Ok(())
    }

    /// This thread is inside a function of the library's that goes by this clock. It may be already.
    pub fn enter(self: &Arc<Self>) -> Inside {
        Inside::new(self)
    }

    /// Who counts as running sleeps until what this returns is dropped. For one that is no thread of the program's.
    pub fn sleep(self: &Arc<Self>, until: Micros, who: Arc<dyn Sleeper>) -> Asleep {
        self.sleep_as(until, false, who)
    }

    fn sleep_as(self: &Arc<Self>, until: Micros, is_program: bool, who: Arc<dyn Sleeper>) -> Asleep {
        let id = self.change(|timeline| timeline.sleep(until, is_program, who));
        Asleep { clock: self.clone(), id }
    }

    /// The same for this thread. `None`: its time has come at once, and nothing was needed to tell it.
    fn sleep_in_thread(self: &Arc<Self>, until: Micros, alarm: &Arc<Alarm>) -> Result<Option<Asleep>> {
        let slept = self.change(|timeline| {
            let id = timeline.sleep(until, inside::is_program(), alarm.clone());
            timeline.move_on(|sleeper| sleeper.is_ready());
            if !timeline.is_asleep(id) {
                return Ok(None);
            }
            // Before anybody could want to ring it.
            alarm.bell.get_or_try_init(Signal::new).map(|_| Some(id)).inspect_err(|_| drop(timeline.get_up(id)))
        });
        let id = slept.unwrap_or(Ok(None))?;
        Ok(id.map(|id| Asleep { clock: self.clone(), id: Some(id) }))
    }

    /// Every change may be what time has waited for. `None`: another process's, to be left alone.
    fn change<T>(&self, change: impl FnOnce(&mut Timeline<Arc<dyn Sleeper>>) -> T) -> Option<T> {
        if self.born.is_foreign() {
            return None;
        }
        let mut timeline = self.timeline.lock();
        let result = change(&mut timeline);
        timeline.move_on(|sleeper| sleeper.is_ready());
        self.now.store(timeline.now(), Ordering::Release);
        let woken = timeline.take_woken();
        drop(timeline);
        woken.iter().for_each(|sleeper| sleeper.wake());
        Some(result)
    }
}

/// Counts as running until it is dropped, but for while it sleeps.
pub struct Presence(Arc<VirtualClock>);

impl Presence {
    pub fn new(clock: &Arc<VirtualClock>) -> Presence {
        clock.change(Timeline::join);
        Presence(clock.clone())
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        self.0.change(Timeline::leave);
    }
}

/// A sleep, which ends when this is dropped, if time has not ended it before.
pub struct Asleep {
    clock: Arc<VirtualClock>,
    id: Option<Id>,
}

impl Drop for Asleep {
    fn drop(&mut self) {
        // What it holds may be the last of something: it goes without the lock.
        drop(self.id.and_then(|id| self.clock.change(|timeline| timeline.get_up(id))));
    }
}

/// One that is not of this clock's own threads and only has its time told by it.
pub struct Guest {
    asleep: Option<Asleep>,
    presence: Presence,
}

impl Guest {
    pub fn new(clock: &Arc<VirtualClock>) -> Guest {
        Guest { asleep: None, presence: Presence::new(clock) }
    }

    pub fn sleep(&mut self, until: Micros, who: Arc<dyn Sleeper>) {
        self.asleep = Some(self.presence.0.sleep(until, who));
    }

    pub fn get_up(&mut self) {
        self.asleep = None;
    }
}

/// A thread that waits for signals.
struct Alarm {
    flags: SmallVec<[Arc<AtomicBool>; 4]>,
    bell: OnceLock<Signal>,
}

impl Alarm {
    fn new(signals: &[&Signal]) -> Alarm {
        Alarm { flags: signals.iter().map(|signal| signal.flag()).collect(), bell: OnceLock::new() }
    }
}

impl Sleeper for Alarm {
    fn is_ready(&self) -> bool {
        self.flags.iter().any(|flag| flag.load(Ordering::SeqCst))
    }

    fn wake(&self) {
        if let Some(bell) = self.bell.get() {
            bell.raise();
        }
    }
}
