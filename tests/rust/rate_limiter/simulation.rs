//! Random callers on several limiters, some of whom give up, driven by the times and signals that they are told: all that
//! stay are served, in order, within the rates.

use super::support::{Bench, check_rate};
use httpclient::client::rate_limiter::{Entry, Place, RateLimiter, acquire_all};
use proptest::prelude::*;
use std::sync::Arc;

const RATES: [(u64, u64, u64); 3] = [(1, 100, 1), (3, 100, 4), (1, 730, 2)];

#[derive(Clone, Debug)]
struct Caller {
    arrives: u64,
    /// Bits, one for each limiter.
    wants: usize,
    weight: u64,
    /// Gives up after so long.
    patience: Option<u64>,
}

struct Waiting {
    number: usize,
    place: Place,
    gives_up: u64,
}

fn callers() -> impl Strategy<Value = Vec<Caller>> {
    let caller = (0..3000_u64, 1..8_usize, 1..3_u64, prop::option::weighted(0.3, 0..1500_u64));
    prop::collection::vec(caller, 1..60).prop_map(|callers| {
        let mut callers: Vec<_> = callers
            .into_iter()
            .map(|(arrives, wants, weight, patience)| {
                let weight = if wants & 1 == 1 { 1 } else { weight };
                Caller { arrives, wants, weight, patience }
            })
            .collect();
        callers.sort_by_key(|caller| caller.arrives);
        callers
    })
}

fn wanted(limiters: &[Arc<RateLimiter>], wants: usize) -> Vec<Arc<RateLimiter>> {
    limiters.iter().enumerate().filter(|(at, _)| wants >> at & 1 == 1).map(|(_, limiter)| limiter.clone()).collect()
}

struct Simulation<'c> {
    bench: Bench,
    limiters: [Arc<RateLimiter>; 3],
    waiting: Vec<Waiting>,
    arrivals: std::iter::Peekable<std::iter::Enumerate<std::slice::Iter<'c, Caller>>>,
    served: Vec<Option<u64>>,
}

impl Simulation<'_> {
    fn arrive(&mut self, now: u64) {
        while let Some((number, caller)) = self.arrivals.next_if(|(_, caller)| caller.arrives <= now) {
            match acquire_all(&wanted(&self.limiters, caller.wants), caller.weight, now, u64::MAX).unwrap() {
                Entry::Granted(_) => self.served[number] = Some(now),
                Entry::Queued(place) => {
                    let gives_up = caller.patience.map_or(u64::MAX, |patience| now + patience);
                    self.waiting.push(Waiting { number, place, gives_up });
                }
                Entry::TooLate { .. } => panic!("there is no limit"),
            }
        }
    }

    fn look(&mut self, now: u64) {
        let is_awake = |caller: &Waiting| {
            caller.place.signal().is_raised() || caller.place.until().is_some_and(|until| until <= now)
        };
        let mut looks = 0;
        while let Some(at) = self.waiting.iter().position(is_awake) {
            looks += 1;
            assert!(looks < 10_000, "callers wake each other for ever at {now}");
            if self.waiting[at].place.poll(now).is_some() {
                self.served[self.waiting[at].number] = Some(now);
                self.waiting.remove(at);
            }
        }
    }

    /// Forward to the next thing that happens; false when nothing will.
    fn go_on(&mut self) -> bool {
        let next_look = self.waiting.iter().filter_map(|caller| caller.place.until()).min();
        let next_arrival = self.arrivals.peek().map(|(_, caller)| caller.arrives);
        match [next_look, next_arrival].into_iter().flatten().min() {
            Some(next) => self.bench.go_to(next.max(self.bench.now() + 1)),
            None => assert!(self.waiting.is_empty(), "{} wait for nothing", self.waiting.len()),
        }
        assert!(self.bench.now() < 200_000, "starved");
        next_look.or(next_arrival).is_some()
    }
}

/// The times at which each caller was served.
fn simulate(callers: &[Caller]) -> Vec<Option<u64>> {
    let bench = Bench::new();
    let limiters = RATES.map(|(tokens, period, burst)| bench.limiter(tokens, period, burst));
    let served = vec![None; callers.len()];
    let arrivals = callers.iter().enumerate().peekable();
    let mut simulation = Simulation { bench, limiters, waiting: Vec::new(), arrivals, served };
    loop {
        let now = simulation.bench.now();
        simulation.arrive(now);
        // To and fro, as threads come to run.
        simulation.waiting.reverse();
        simulation.waiting.retain(|caller| caller.gives_up > now);
        simulation.look(now);
        if !simulation.go_on() {
            assert!(simulation.limiters.iter().all(|limiter| limiter.waiting() == 0));
            return simulation.served;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 100 } else { 2000 }))]

    #[test]
    fn all_who_stay_are_served_in_order_and_within_the_rates(callers in callers()) {
        let served = simulate(&callers);
        for (caller, served) in callers.iter().zip(&served) {
            prop_assert!(served.is_some() || caller.patience.is_some(), "{:?} never came through", caller);
        }
        for (at, (tokens, period, burst)) in RATES.into_iter().enumerate() {
            let grants: Vec<_> = callers.iter().zip(&served)
                .filter(|(caller, _)| caller.wants >> at & 1 == 1)
                .filter_map(|(caller, served)| Some(((*served)?, caller.weight)))
                .collect();
            check_rate(tokens, period, burst, &grants);
        }
        // Among those who want the same.
        for wants in 1..8 {
            let times: Vec<_> = callers.iter().zip(&served)
                .filter(|(caller, _)| caller.wants == wants)
                .filter_map(|(_, served)| *served)
                .collect();
            prop_assert!(times.is_sorted(), "{} served at {:?}", wants, times);
        }
    }

    /// To the microsecond with one limiter and one weight: who wants more, or waits elsewhere too, holds up while it stays.
    #[test]
    fn those_who_leave_might_as_well_never_have_come(callers in callers()) {
        let of_one: Vec<_> = callers.into_iter().map(|caller| Caller { wants: 2, weight: 1, ..caller }).collect();
        let served = simulate(&of_one);
        let stayed: Vec<_> =
            of_one.iter().zip(&served).filter(|(_, served)| served.is_some()).map(|(caller, _)| caller.clone()).collect();
        let times: Vec<_> = served.iter().filter(|served| served.is_some()).copied().collect();
        prop_assert_eq!(times, simulate(&stayed));
    }
}
