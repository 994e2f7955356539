//! Real threads.

use super::support::{SECOND, check_rate};
use httpclient::client::cancel::CancelToken;
use httpclient::client::clock::{self, Clock};
use httpclient::client::rate_limiter::{Entry, RateLimiter, acquire_all};
use httpclient::client::virtual_clock::VirtualClock;
use httpclient::error::Code;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

const THREADS: u64 = 8;

fn real(tokens: u64, burst: u64) -> Arc<RateLimiter> {
    Arc::new(RateLimiter::new(tokens, SECOND, burst, Clock::Real).unwrap())
}

/// The time at which the tokens were taken.
fn take(limiters: &[Arc<RateLimiter>], weight: u64) -> u64 {
    let now = clock::now();
    let mut place = match acquire_all(limiters, weight, now, u64::MAX).unwrap() {
        Entry::Granted(_) => return now,
        Entry::Queued(place) => place,
        Entry::TooLate { .. } => unreachable!("there is no limit"),
    };
    loop {
        Clock::Real.wait(&[place.signal()], place.until().unwrap_or(u64::MAX)).unwrap();
        let now = clock::now();
        if place.poll(now).is_some() {
            return now;
        }
    }
}

#[test]
fn eight_threads_together_never_exceed_the_rate() {
    let (limiter, grants) = (real(2000, 5), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (limiter, grants) = (&limiter, &grants);
            scope.spawn(move || {
                for turn in 0..50 {
                    let weight = 1 + (thread + turn) % 3;
                    let time = take(std::slice::from_ref(limiter), weight);
                    grants.lock().unwrap().push((time, weight));
                }
            });
        }
    });
    let grants = grants.into_inner().unwrap();
    assert_eq!(grants.len(), 400);
    check_rate(2000, SECOND, 5, &grants);
    assert_eq!(limiter.waiting(), 0);
}

/// Each thread wants another pair, and some give up: nobody is forgotten, nothing locks up.
#[test]
fn eight_threads_on_three_limiters_all_come_through() {
    let limiters = [real(1000, 1), real(3000, 4), real(700, 2)];
    let grants = [(); 3].map(|()| Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for thread in 0..THREADS as usize {
            let (limiters, grants) = (&limiters, &grants);
            scope.spawn(move || {
                for turn in 0..40 {
                    let wanted: Vec<usize> = match (thread + turn) % 4 {
                        3 => vec![thread % 3],
                        which => vec![which, (which + 1) % 3],
                    };
                    let pair: Vec<_> = wanted.iter().map(|at| limiters[*at].clone()).collect();
                    drop(acquire_all(&pair[..1], 1, 0, u64::MAX));
                    let time = take(&pair, 1);
                    wanted.iter().for_each(|at| grants[*at].lock().unwrap().push((time, 1)));
                }
            });
        }
    });
    for (limiter, (tokens, burst, grants)) in
        limiters.iter().zip([(1000, 1, &grants[0]), (3000, 4, &grants[1]), (700, 2, &grants[2])])
    {
        check_rate(tokens, SECOND, burst, &grants.lock().unwrap());
        assert_eq!(limiter.waiting(), 0);
    }
}

#[test]
fn under_virtual_time_threads_lose_no_token() {
    let clock = Arc::new(VirtualClock::default());
    let limiter = Arc::new(RateLimiter::new(1, SECOND, 1, Clock::Virtual(clock.clone())).unwrap());
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| (0..50).for_each(|_| drop(limiter.acquire(1, u64::MAX, None).unwrap())));
        }
    });
    assert_eq!(clock.now(), (THREADS * 50 - 1) * SECOND);
}

#[test]
fn a_cancelled_thread_is_out_at_once_and_the_next_gets_its_time() {
    let (limiter, token) = (real(2, 1), CancelToken::new().unwrap());
    limiter.acquire(1, 0, None).unwrap();
    let start = Instant::now();
    thread::scope(|scope| {
        let cancelled = scope.spawn(|| limiter.acquire(1, u64::MAX, Some(&token)).unwrap_err());
        while limiter.waiting() < 1 {
            thread::yield_now();
        }
        let next = scope.spawn(|| limiter.acquire(1, u64::MAX, None).map(|_| start.elapsed()).unwrap());
        while limiter.waiting() < 2 {
            thread::yield_now();
        }
        token.cancel();
        assert_eq!(cancelled.join().unwrap().code, Code::HTTPC_E_CANCELLED);
        let waited = next.join().unwrap();
        assert!(waited >= Duration::from_millis(450) && waited < Duration::from_millis(950), "{waited:?}");
    });
}
