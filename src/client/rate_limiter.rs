//! A rate limiter that threads and clients share. First come, first served; nobody sleeps while holding a lock; who gives
//! up leaves no hole. A token is taken at the instant at which its holder goes on, so that a late riser never brings two
//! requests closer together than the rate allows.

mod queue;

use super::cancel::CancelToken;
use super::clock::{Clock, Micros};
use super::fork;
use super::signal::{Signal, Wake};
use crate::error::{Code, Error, Result, Stop};
use crate::policy::gcra::{Decision, Gcra};
use crate::sync::{Mutex, MutexGuard};
use queue::{Queue, Ticket, Turn, Waiter};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

#[derive(Debug)]
pub struct RateLimiter {
    rate: Gcra,
    clock: Clock,
    /// 0 is no limit.
    max_wait_ms: AtomicU64,
    queue: Mutex<Queue>,
    born: fork::Generation,
}

/// Tokens that were taken. Dropped, they count as used.
#[derive(Debug)]
pub struct Grant {
    parts: Vec<Part>,
}

#[derive(Debug)]
struct Part {
    limiter: Arc<RateLimiter>,
    tat_before: Micros,
    tat_after: Micros,
}

#[derive(Debug)]
pub enum Entry<W: Wake + 'static = Signal> {
    Granted(Grant),
    Queued(Place<W>),
    /// It would have to wait longer than it may, and does not wait at all.
    TooLate {
        due: Micros,
    },
}

/// A place in the queue. Dropped, it is given up, and those behind move up.
#[derive(Debug)]
pub struct Place<W: Wake + 'static = Signal> {
    /// By address, each once.
    limiters: Vec<Arc<RateLimiter>>,
    ticket: Ticket,
    weight: u64,
    waker: Arc<W>,
    due: Micros,
    until: Option<Micros>,
    is_served: bool,
}

impl RateLimiter {
    pub fn new(tokens: u64, period_us: Micros, burst: u64, clock: Clock) -> Result<RateLimiter> {
        for (value, argument) in [(tokens, "tokens"), (period_us, "period_ms"), (burst, "burst")] {
            if value == 0 {
                return Err(Error::invalid(argument, "is 0"));
            }
        }
        clock.check_fork()?;
        let Some(rate) = Gcra::new(tokens, period_us, burst) else {
            let why = format!("{tokens} in {period_us} us is more than one per microsecond; count in larger units");
            return Err(Error::invalid("tokens", why));
        };
        // Half of all time, so that no sum of a time and a capacity overflows.
        if rate.capacity_us() > u128::from(u64::MAX / 2) {
            return Err(Error::invalid("burst", format!("{burst} tokens would take too long to come back")));
        }
        Ok(RateLimiter {
            rate,
            clock,
            max_wait_ms: AtomicU64::new(0),
            queue: Mutex::default(),
            born: fork::Generation::current(),
        })
    }

    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// 0 is no limit.
    pub fn set_max_wait_ms(&self, ms: u64) {
        self.max_wait_ms.store(ms, Ordering::Relaxed);
    }

    pub fn waiting(&self) -> usize {
        self.queue.lock().len()
    }

    /// Tokens that are there and that nobody waits for. False says nothing of why.
    pub fn take_at_once(&self, weight: u64, now: Micros) -> bool {
        self.taken_at_once(weight, now).is_some()
    }

    /// The TAT before and after.
    fn taken_at_once(&self, weight: u64, now: Micros) -> Option<(Micros, Micros)> {
        if weight == 0 || weight > self.rate.burst() || self.born.is_foreign() {
            return None;
        }
        let mut queue = self.queue.lock();
        match self.rate.decide(queue.tat_us, now, weight) {
            Decision::Granted { new_tat_us } if queue.len() == 0 => {
                Some((std::mem::replace(&mut queue.tat_us, new_tat_us), new_tat_us))
            }
            _ => None,
        }
    }

    /// As [`acquire_all`], of one limiter.
    pub fn request(self: &Arc<Self>, weight: u64, now: Micros, latest: Micros) -> Result<Entry> {
        acquire_all(std::slice::from_ref(self), weight, now, latest)
    }

    /// Waits on the calling thread, for `wait_ms` at most. Not at all when it would take longer.
    pub fn acquire(self: &Arc<Self>, weight: u64, wait_ms: u64, token: Option<&CancelToken>) -> Result<Grant> {
        token.map_or(Ok(()), CancelToken::check_fork)?;
        check_cancelled(token)?;
        let _inside = self.clock.enter();
        let start = self.clock.now();
        let latest = start.saturating_add(wait_ms.saturating_mul(1000));
        let mut place = match self.request(weight, start, latest)? {
            Entry::Granted(grant) => return Ok(grant),
            Entry::TooLate { due } => return Err(rate_limited(due - start)),
            Entry::Queued(place) => place,
        };
        loop {
            let signals: Vec<&Signal> = token.map(CancelToken::signal).into_iter().chain([place.signal()]).collect();
            self.clock.wait(&signals, place.until().map_or(latest, |until| until.min(latest)))?;
            check_cancelled(token)?;
            let now = self.clock.now();
            if let Some(grant) = place.poll(now) {
                return Ok(grant);
            }
            if now >= latest {
                return Err(rate_limited(place.due() - now));
            }
        }
    }

    fn latest(&self, now: Micros) -> Micros {
        match self.max_wait_ms.load(Ordering::Relaxed) {
            0 => Micros::MAX,
            ms => now.saturating_add(ms.saturating_mul(1000)),
        }
    }
}

/// `weight` tokens from each limiter, taken from all at the same instant or from none: now, or with a place in the queues
/// of those that will be there by `latest` and within the limiters' own longest wait. `now` is the limiters' clock's,
/// which is one for all.
pub fn acquire_all(limiters: &[Arc<RateLimiter>], weight: u64, now: Micros, latest: Micros) -> Result<Entry> {
    acquire_all_as(limiters, weight, now, latest, Signal::new)
}

/// The same for whoever `waker` wakes, which is made only where there is something to wait for.
pub fn acquire_all_as<W: Wake + 'static>(
    limiters: &[Arc<RateLimiter>],
    weight: u64,
    now: Micros,
    latest: Micros,
    waker: impl FnOnce() -> Result<W>,
) -> Result<Entry<W>> {
    // The ordinary case needs nothing of what follows.
    if let [limiter] = limiters
        && let Some(taken) = limiter.taken_at_once(weight, now)
    {
        return Ok(Entry::Granted(Grant::new(limiters, &[taken])));
    }
    let mut limiters = limiters.to_vec();
    limiters.sort_unstable_by_key(|limiter| Arc::as_ptr(limiter).addr());
    limiters.dedup_by(|one, other| Arc::ptr_eq(one, other));
    if limiters.iter().any(|limiter| limiter.born.is_foreign()) {
        // Two processes would spend the tokens of one, and whoever held its lock may not exist in this one.
        let why = "the rate limiter was made before fork(); make a new one in the child";
        return Err(Error::new(Code::HTTPC_E_FORKED, why));
    }
    let burst = limiters.iter().map(|limiter| limiter.rate.burst()).min().unwrap_or(u64::MAX);
    if weight == 0 || weight > burst {
        return Err(Error::invalid("weight", format!("{weight} is not between 1 and the burst of {burst}")));
    }
    let latest = limiters.iter().map(|limiter| limiter.latest(now)).fold(latest, Micros::min);
    let mut all = All::lock(&limiters);
    if let Some(taken) = all.take(Ticket::MAX, weight, now) {
        drop(all);
        return Ok(Entry::Granted(Grant::new(&limiters, &taken)));
    }
    let due = all.due(Ticket::MAX, weight, now);
    if due > latest || latest <= now {
        return Ok(Entry::TooLate { due });
    }
    let waker = Arc::new(waker()?);
    let ticket = all.enqueue(weight, waker.clone());
    let until = all.hold(ticket, weight, now);
    all.unlock_and_wake();
    Ok(Entry::Queued(Place { limiters, ticket, weight, waker, due, until, is_served: false }))
}

impl Place {
    /// Raised when it is worth a look before [`Place::until`].
    pub fn signal(&self) -> &Signal {
        &self.waker
    }
}

impl<W: Wake + 'static> Place<W> {
    /// Who waits in it.
    pub fn waker(&self) -> &Arc<W> {
        &self.waker
    }

    /// When it will be served, as far as is known.
    pub fn due(&self) -> Micros {
        self.due
    }

    /// When to poll, if the signal is not raised before; `None`: others come first.
    pub fn until(&self) -> Option<Micros> {
        self.until
    }

    /// The tokens, when it is this place's turn. Afterwards it is no place any more, and never answers again.
    pub fn poll(&mut self, now: Micros) -> Option<Grant> {
        if self.is_served {
            return None;
        }
        self.waker.rest();
        let mut all = All::lock(&self.limiters);
        if let Some(taken) = all.take(self.ticket, self.weight, now) {
            self.is_served = true;
            all.unlock_and_wake();
            return Some(Grant::new(&self.limiters, &taken));
        }
        self.due = all.due(self.ticket, self.weight, now);
        self.until = all.hold(self.ticket, self.weight, now);
        all.unlock_and_wake();
        None
    }
}

impl<W: Wake + 'static> Drop for Place<W> {
    fn drop(&mut self) {
        if !self.is_served {
            let mut all = All::lock(&self.limiters);
            all.leave(self.ticket);
            all.unlock_and_wake();
        }
    }
}

impl Grant {
    fn new(limiters: &[Arc<RateLimiter>], taken: &[(Micros, Micros)]) -> Grant {
        let parts = limiters.iter().zip(taken).map(|(limiter, &(tat_before, tat_after))| Part {
            limiter: limiter.clone(),
            tat_before,
            tat_after,
        });
        Grant { parts: parts.collect() }
    }

    /// Tokens that were not used after all. They are lost where others were taken since: those were timed by them, and
    /// one more now could come too close.
    pub fn give_back(self) {
        for part in self.parts {
            let mut queue = part.limiter.queue.lock();
            if queue.tat_us == part.tat_after {
                queue.tat_us = part.tat_before;
                let wake: Vec<_> = queue.front_and_stale(part.limiter.clock.now()).cloned().collect();
                drop(queue);
                wake.iter().for_each(|waiter| waiter.wake());
            }
        }
    }
}

/// Some limiters, locked in the order of their addresses, so that two who want the same ones never wait for each other.
struct All<'l> {
    locked: Vec<(&'l RateLimiter, MutexGuard<'l, Queue>)>,
    wake: Vec<Arc<dyn Wake>>,
}

impl<'l> All<'l> {
    fn lock(limiters: &'l [Arc<RateLimiter>]) -> All<'l> {
        All { locked: limiters.iter().map(|limiter| (&**limiter, limiter.queue.lock())).collect(), wake: Vec::new() }
    }

    /// The TAT of each before and after, when it is the turn of this ticket in all.
    fn take(&mut self, ticket: Ticket, weight: u64, now: Micros) -> Option<Vec<(Micros, Micros)>> {
        let mut taken = Vec::with_capacity(self.locked.len());
        for (limiter, queue) in &self.locked {
            let decision = limiter.rate.decide(queue.tat_us, now, weight);
            match (queue.turn(&limiter.rate, ticket, weight, now), decision) {
                (Turn::Now, Decision::Granted { new_tat_us }) => taken.push((queue.tat_us, new_tat_us)),
                _ => return None,
            }
        }
        for ((_, queue), (_, tat_after)) in self.locked.iter_mut().zip(&taken) {
            queue.tat_us = *tat_after;
            queue.remove(ticket);
            self.wake.extend(queue.front(now).cloned());
        }
        Some(taken)
    }

    fn due(&self, ticket: Ticket, weight: u64, now: Micros) -> Micros {
        self.dues(ticket, weight, now).max().unwrap_or(now)
    }

    fn dues(&self, ticket: Ticket, weight: u64, now: Micros) -> impl Iterator<Item = Micros> {
        self.locked.iter().map(move |(limiter, queue)| queue.due(&limiter.rate, ticket, weight, now))
    }

    /// Under all its locks, so that tickets have one order in every queue.
    fn enqueue(&mut self, weight: u64, waker: Arc<dyn Wake>) -> Ticket {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let ticket = NEXT.fetch_add(1, Ordering::Relaxed);
        let (in_several, is_stale) = (self.locked.len() > 1, Arc::new(AtomicBool::new(false)));
        for (_, queue) in &mut self.locked {
            let (is_stale, waker) = (is_stale.clone(), waker.clone());
            queue.push(Waiter { ticket, weight, held_until: 0, is_stale, in_several, waker });
        }
        ticket
    }

    /// Tells each queue how long the others hold this ticket; gives the time to look again, `None` when only a signal can
    /// change anything.
    fn hold(&mut self, ticket: Ticket, weight: u64, now: Micros) -> Option<Micros> {
        let dues: Vec<Micros> = self.dues(ticket, weight, now).collect();
        let was_stale = self.locked.first().is_some_and(|(_, queue)| queue.refresh(ticket));
        let mut latest = Some(now);
        for (at, (limiter, queue)) in self.locked.iter_mut().enumerate() {
            let others = dues.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, due)| *due);
            let held_until = others.max().unwrap_or(0);
            if queue.hold(ticket, held_until, now, was_stale) {
                self.wake.extend(queue.front(now).cloned());
            }
            let until = match queue.turn(&limiter.rate, ticket, weight, now) {
                Turn::Now => Some(now),
                Turn::At(due) => Some(due),
                // Nobody wakes who is held; once nothing else holds it, it is told when its turn comes.
                Turn::AfterOthers => Some(held_until).filter(|until| *until > now),
            };
            latest = latest.zip(until).map(|(one, other)| one.max(other));
        }
        latest
    }

    fn leave(&mut self, ticket: Ticket) {
        for (limiter, queue) in &mut self.locked {
            queue.remove(ticket);
            self.wake.extend(queue.front_and_stale(limiter.clock.now()).cloned());
        }
    }

    fn unlock_and_wake(self) {
        drop(self.locked);
        self.wake.iter().for_each(|waiter| waiter.wake());
    }
}

fn check_cancelled(token: Option<&CancelToken>) -> Result<()> {
    if !token.is_some_and(CancelToken::is_cancelled) {
        return Ok(());
    }
    let mut error = Error::new(Code::HTTPC_E_CANCELLED, "cancelled while waiting for the rate limiter");
    error.stop = Stop::HTTPC_STOP_CANCELLED;
    Err(error)
}

/// What a caller gets that would have to wait `wait_us` more.
pub fn rate_limited(wait_us: Micros) -> Box<Error> {
    let wait_ms = wait_us.div_ceil(1000).max(1);
    let mut error = Error::new(Code::HTTPC_E_RATE_LIMITED, format!("rate limited: allowed in {wait_ms} ms"));
    error.stop = Stop::HTTPC_STOP_RATE_LIMITED;
    error.retry_after_ms = Some(wait_ms);
    error
}
