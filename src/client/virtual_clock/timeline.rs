//! When a virtual clock moves, and how far: decisions alone, without locks and threads.

use crate::client::clock::Micros;

/// So many threads nobody has; whoever says so has miscounted.
pub const MOST_THREADS: i64 = 1_000_000;

/// One sleep. Never used again.
pub type Id = u64;

#[derive(Debug)]
pub struct Timeline<S> {
    now: Micros,
    manual: bool,
    /// Those who are about to do something, whose time stands still meanwhile.
    running: usize,
    /// So many of the program's threads must sleep before time moves.
    threads: i64,
    sleepers: Vec<Sleeping<S>>,
    next: Id,
    /// Whom time has woken, and who is still to be told.
    woken: Vec<S>,
}

#[derive(Debug)]
struct Sleeping<S> {
    id: Id,
    until: Micros,
    is_program: bool,
    who: S,
}

impl<S> Default for Timeline<S> {
    fn default() -> Timeline<S> {
        let (sleepers, woken) = (Vec::new(), Vec::new());
        Timeline { now: 0, manual: false, running: 0, threads: 0, sleepers, next: 0, woken }
    }
}

impl<S> Timeline<S> {
    pub fn now(&self) -> Micros {
        self.now
    }

    /// One more is running.
    pub fn join(&mut self) {
        self.running += 1;
    }

    /// One that was running is gone.
    pub fn leave(&mut self) {
        self.running -= 1;
    }

    /// Who was running sleeps until then; at `Micros::MAX`, which is no time to come to, only something else ends it.
    /// `is_program`: it is a thread of the program's.
    pub fn sleep(&mut self, until: Micros, is_program: bool, who: S) -> Id {
        let id = self.next;
        self.next += 1;
        self.running -= 1;
        self.sleepers.push(Sleeping { id, until, is_program, who });
        self.wake_due();
        id
    }

    /// Something has ended the sleep: it is running. `None`: time was first, and has counted it.
    pub fn get_up(&mut self, id: Id) -> Option<S> {
        let at = self.sleepers.iter().position(|sleeper| sleeper.id == id)?;
        self.running += 1;
        Some(self.sleepers.remove(at).who)
    }

    pub fn is_asleep(&self, id: Id) -> bool {
        self.sleepers.iter().any(|sleeper| sleeper.id == id)
    }

    pub fn set_manual(&mut self, manual: bool) {
        self.manual = manual;
    }

    pub fn advance(&mut self, us: Micros) {
        self.now = self.now.saturating_add(us);
        self.wake_due();
    }

    /// How many there would be, when that cannot be.
    pub fn add_threads(&mut self, count: i64) -> Result<(), i64> {
        let threads = self.threads + count;
        if !(0..=MOST_THREADS).contains(&threads) {
            return Err(threads);
        }
        self.threads = threads;
        Ok(())
    }

    /// To the next end of a sleep, if time may move: when nobody runs and nobody is about to. `is_ready`: that sleeper is,
    /// for some other reason than time.
    pub fn move_on(&mut self, is_ready: impl Fn(&S) -> bool) {
        if self.manual || self.running > 0 || self.sleeping_threads() < self.threads {
            return;
        }
        let next = self.sleepers.iter().map(|sleeper| sleeper.until).min().unwrap_or(Micros::MAX);
        if next == Micros::MAX || self.sleepers.iter().any(|sleeper| is_ready(&sleeper.who)) {
            return;
        }
        self.now = self.now.max(next);
        self.wake_due();
    }

    pub fn take_woken(&mut self) -> Vec<S> {
        std::mem::take(&mut self.woken)
    }

    fn sleeping_threads(&self) -> i64 {
        self.sleepers.iter().filter(|sleeper| sleeper.is_program).count() as i64
    }

    /// They count as running from now on, so that time stands still until they have had their turn.
    fn wake_due(&mut self) {
        let now = self.now;
        let due = self.sleepers.extract_if(.., |sleeper| sleeper.until <= now && sleeper.until != Micros::MAX);
        for sleeper in due {
            self.running += 1;
            self.woken.push(sleeper.who);
        }
    }
}
