//! One limiter's tokens and those who wait for them, in the order in which they came. It decides; it neither locks nor
//! wakes.
//!
//! Who waits for several limiters stands in the queue of each and takes all its tokens at one instant. Until the others
//! let it, it is *held* here, and those behind it go first as long as that does not make it later: so a slow limiter does
//! not hold up those who have nothing to do with it, and their stream does not starve who waits for both.

use crate::client::clock::Micros;
use crate::client::signal::Wake;
use crate::policy::gcra::{Decision, Gcra};
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A place in all queues of its holder. Later ones are larger.
pub type Ticket = u64;

#[derive(Debug)]
pub struct Waiter {
    pub ticket: Ticket,
    pub weight: u64,
    /// When the last of its other limiters will let it go, as far as is known; 0 when there is none.
    pub held_until: Micros,
    /// Shared by its places in all queues: tokens came back that its holds know nothing of, and it was told to look anew.
    pub is_stale: Arc<AtomicBool>,
    pub in_several: bool,
    pub waker: Arc<dyn Wake>,
}

impl Waiter {
    /// Who has not yet looked may be about to go, and is overtaken by nobody.
    fn held(&self) -> Micros {
        if self.is_stale.load(Ordering::Relaxed) { 0 } else { self.held_until }
    }
}

#[derive(Debug, Default)]
pub struct Queue {
    pub tat_us: Micros,
    /// By ticket.
    waiters: VecDeque<Waiter>,
}

/// What a limiter says to one waiter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    Now,
    At(Micros),
    /// Once somebody ahead has gone, or is held.
    AfterOthers,
}

impl Queue {
    pub fn turn(&self, rate: &Gcra, ticket: Ticket, weight: u64, now: Micros) -> Turn {
        if self.ahead(ticket).any(|waiter| waiter.held() <= now) {
            return Turn::AfterOthers;
        }
        let new_tat_us = match rate.decide(self.tat_us, now, weight) {
            Decision::Granted { new_tat_us } => new_tat_us,
            Decision::WaitUntil(due) => return Turn::At(due),
        };
        let mut between = 0;
        for held in self.ahead(ticket) {
            if rate.due_us(new_tat_us, now, between, held.weight) > held.held() {
                return Turn::At(held.held());
            }
            between = held.weight.saturating_add(between);
        }
        Turn::Now
    }

    /// From when on this limiter lets the waiter go, if everybody ahead goes as soon as they may.
    pub fn due(&self, rate: &Gcra, ticket: Ticket, weight: u64, now: Micros) -> Micros {
        let ahead = self.ahead(ticket).fold(0, |sum: u64, waiter| sum.saturating_add(waiter.weight));
        rate.due_us(self.tat_us, now, ahead, weight)
    }

    pub fn push(&mut self, waiter: Waiter) {
        self.waiters.push_back(waiter);
    }

    pub fn remove(&mut self, ticket: Ticket) {
        self.waiters.retain(|waiter| waiter.ticket != ticket);
    }

    /// The waiter looks. Whether it had still to.
    pub fn refresh(&self, ticket: Ticket) -> bool {
        let waiter = self.waiters.iter().find(|waiter| waiter.ticket == ticket);
        waiter.is_some_and(|waiter| waiter.is_stale.swap(false, Ordering::Relaxed))
    }

    /// Whether that lets somebody behind it go first who had to wait for it. A hold that only moves wakes nobody: whoever
    /// it keeps back looks again when it ends. `was_stale`: nothing held it until now.
    pub fn hold(&mut self, ticket: Ticket, until: Micros, now: Micros, was_stale: bool) -> bool {
        let Some(waiter) = self.waiters.iter_mut().find(|waiter| waiter.ticket == ticket) else { return false };
        let before = std::mem::replace(&mut waiter.held_until, until);
        (was_stale || before <= now) && now < until
    }

    /// Whom to wake when somebody has gone: the first that nothing else holds. Those behind it wait for it.
    pub fn front(&self, now: Micros) -> Option<&Arc<dyn Wake>> {
        self.waiters.iter().find(|waiter| waiter.held() <= now).map(|waiter| &waiter.waker)
    }

    /// Whom to wake when tokens became free that somebody had, or had a claim to: times behind it have moved forward, and
    /// with them the holds in other queues.
    pub fn front_and_stale(&self, now: Micros) -> impl Iterator<Item = &Arc<dyn Wake>> {
        let several = || self.waiters.iter().filter(|waiter| waiter.in_several);
        several().for_each(|waiter| waiter.is_stale.store(true, Ordering::Relaxed));
        self.front(now).into_iter().chain(several().map(|waiter| &waiter.waker))
    }

    pub fn len(&self) -> usize {
        self.waiters.len()
    }

    fn ahead(&self, ticket: Ticket) -> impl Iterator<Item = &Waiter> {
        self.waiters.iter().take_while(move |waiter| waiter.ticket < ticket)
    }
}
