//! Which clocks a thread goes by: those whose users' functions it is inside of, each once, however deep they are nested.

use super::{Asleep, Presence, Sleeper, VirtualClock};
use crate::client::clock::Micros;
use crate::client::reactor::inbox::is_engine_thread;
use smallvec::SmallVec;
use std::cell::RefCell;
use std::mem::ManuallyDrop;
use std::sync::Arc;

type Clocks = SmallVec<[Arc<VirtualClock>; 2]>;

thread_local! {
    /// The innermost last. Never destroyed, as the list of clients that a thread is inside of.
    static HERE: RefCell<ManuallyDrop<Clocks>> = const { RefCell::new(ManuallyDrop::new(SmallVec::new_const())) };
}

/// This thread counts as running by a clock, but for while it sleeps, until this is dropped; the innermost goes first.
pub struct Inside {
    clock: Arc<VirtualClock>,
    /// Of the outermost.
    _presence: Option<Presence>,
}

impl Inside {
    pub fn new(clock: &Arc<VirtualClock>) -> Inside {
        let is_new = !HERE.with_borrow(|here| here.iter().any(|other| Arc::ptr_eq(other, clock)));
        Inside::with(clock, is_new.then(|| Presence::new(clock)))
    }

    /// For an engine thread, with the presence that was made for it before it ran.
    pub fn begin(presence: Presence) -> Inside {
        Inside::with(&presence.0.clone(), Some(presence))
    }

    fn with(clock: &Arc<VirtualClock>, presence: Option<Presence>) -> Inside {
        HERE.with_borrow_mut(|here| here.push(clock.clone()));
        Inside { clock: clock.clone(), _presence: presence }
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        let clock = HERE.with_borrow_mut(|here| {
            let at = here.iter().rposition(|clock| Arc::ptr_eq(clock, &self.clock));
            let clock = at.map(|at| here.remove(at));
            if here.spilled() {
                here.shrink_to_fit();
            }
            clock
        });
        drop(clock);
    }
}

/// Not one that the library has made.
pub fn is_program() -> bool {
    !is_engine_thread()
}

/// This thread waits for others, by whatever clock those go: it sleeps by all that it is inside of, until this is dropped.
pub struct Resting {
    // In this order: first it runs, then it leaves.
    asleep: SmallVec<[Asleep; 1]>,
    _inside: SmallVec<[Inside; 1]>,
}

impl Resting {
    /// By those, and by `clocks`. `who` is ready once the wait has come to its end; the caller holds no lock that it takes.
    pub fn by<'c>(
        clocks: impl IntoIterator<Item = &'c Arc<VirtualClock>>,
        who: impl FnOnce() -> Arc<dyn Sleeper>,
    ) -> Resting {
        let inside = clocks.into_iter().map(Inside::new).collect();
        Resting { asleep: sleep(HERE.with_borrow(|here| (**here).clone()), who), _inside: inside }
    }

    /// By those except `clock`, by which it sleeps in another way.
    pub fn by_all_but(clock: &Arc<VirtualClock>, who: impl FnOnce() -> Arc<dyn Sleeper>) -> Resting {
        let others = |here: &Clocks| here.iter().filter(|other| !Arc::ptr_eq(other, clock)).cloned().collect();
        Resting { asleep: sleep(HERE.with_borrow(|here| others(here)), who), _inside: SmallVec::new() }
    }

    /// The wait is over. Until this is dropped, time stands still for what comes of it.
    pub fn get_up(&mut self) {
        self.asleep.clear();
    }
}

fn sleep(mut clocks: Clocks, who: impl FnOnce() -> Arc<dyn Sleeper>) -> SmallVec<[Asleep; 1]> {
    if clocks.is_empty() {
        return SmallVec::new();
    }
    clocks.sort_unstable_by_key(|clock| Arc::as_ptr(clock).addr());
    clocks.dedup_by(|one, other| Arc::ptr_eq(one, other));
    let who = who();
    clocks.iter().map(|clock| clock.sleep_as(Micros::MAX, is_program(), who.clone())).collect()
}
