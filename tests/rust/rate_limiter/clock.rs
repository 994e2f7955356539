//! Virtual time, alone and under a limiter.

use super::support::SECOND;
use httpclient::client::cancel::CancelToken;
use httpclient::client::clock::Clock;
use httpclient::client::rate_limiter::RateLimiter;
use httpclient::client::signal::Signal;
use httpclient::client::virtual_clock::{Guest, Sleeper, VirtualClock};
use httpclient::error::{Code, Stop};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

#[test]
fn a_wait_moves_the_time_to_its_end_and_no_further() {
    let clock = Arc::new(VirtualClock::default());
    clock.wait(&[], 5).unwrap();
    assert_eq!(clock.now(), 5);
    clock.wait(&[], 3).unwrap();
    assert_eq!(clock.now(), 5);
    clock.advance(u64::MAX);
    assert_eq!(clock.now(), u64::MAX);
}

#[test]
fn a_wait_whose_signal_is_raised_moves_nothing() {
    let (clock, signal) = (Arc::new(VirtualClock::default()), Signal::new().unwrap());
    signal.raise();
    clock.wait(&[&signal], 5).unwrap();
    assert_eq!(clock.now(), 0);
}

#[test]
fn by_hand_a_wait_lasts_until_somebody_advances_the_clock() {
    let clock = Arc::new(VirtualClock::default());
    clock.set_manual(true);
    thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            while clock.now() < 5 {
                clock.wait(&[], 5).unwrap();
            }
        });
        for _ in 0..5 {
            assert!(!waiting.is_finished());
            clock.advance(1);
        }
    });
}

/// One that no thread sleeps for.
#[derive(Default)]
struct Bell(AtomicBool);

impl Bell {
    fn has_rung(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

impl Sleeper for Bell {
    fn is_ready(&self) -> bool {
        false
    }

    fn wake(&self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[test]
fn a_sleeper_goes_on_when_the_clock_becomes_automatic() {
    let (clock, bell) = (Arc::new(VirtualClock::default()), Arc::new(Bell::default()));
    clock.set_manual(true);
    let mut guest = Guest::new(&clock);
    guest.sleep(5, bell.clone());
    assert_eq!((clock.now(), bell.has_rung()), (0, false));
    clock.set_manual(false);
    assert_eq!((clock.now(), bell.has_rung()), (5, true));
}

#[test]
fn threads_that_wait_each_see_their_own_time() {
    let clock = Arc::new(VirtualClock::default());
    clock.add_threads(8).unwrap();
    thread::scope(|scope| {
        for number in 1..=8 {
            let clock = &clock;
            scope.spawn(move || {
                for turn in 1..=20 {
                    let until = turn * number * 1000;
                    while clock.now() < until {
                        clock.wait(&[], until).unwrap();
                    }
                    assert_eq!(clock.now(), until);
                }
                clock.add_threads(-1).unwrap();
            });
        }
    });
    assert_eq!(clock.now(), 160_000);
}

#[test]
fn a_thread_that_runs_inside_the_library_holds_time_back() {
    let (clock, bell) = (Arc::new(VirtualClock::default()), Arc::new(Bell::default()));
    let inside = clock.enter();
    let mut guest = Guest::new(&clock);
    guest.sleep(5, bell.clone());
    assert_eq!((clock.now(), bell.has_rung()), (0, false));
    drop(inside);
    assert_eq!((clock.now(), bell.has_rung()), (5, true));
}

#[test]
fn who_wakes_another_and_then_sleeps_leaves_it_its_turn() {
    let (clock, signal) = (Arc::new(VirtualClock::default()), Signal::new().unwrap());
    clock.add_threads(2).unwrap();
    thread::scope(|scope| {
        scope.spawn(|| {
            while !signal.is_raised() {
                clock.wait(&[&signal], u64::MAX).unwrap();
            }
            assert_eq!(clock.now(), 0);
            clock.add_threads(-1).unwrap();
        });
        signal.raise();
        clock.wait(&[], 5).unwrap();
    });
    assert_eq!(clock.now(), 5);
}

#[test]
fn a_signal_can_be_lowered_and_raised_again() {
    let signal = Signal::new().unwrap();
    for _ in 0..3 {
        signal.lower();
        assert!(!signal.is_raised());
        let start = Instant::now();
        httpclient::client::signal::wait(&[&signal], Some(2000));
        assert!(start.elapsed() >= Duration::from_micros(2000));
        signal.raise();
        signal.raise();
        assert!(signal.is_raised());
        httpclient::client::signal::wait(&[&signal], None);
    }
}

fn limiter(tokens: u64, period_us: u64) -> (Arc<RateLimiter>, Arc<VirtualClock>) {
    let clock = Arc::new(VirtualClock::default());
    let limiter = RateLimiter::new(tokens, period_us, 1, Clock::Virtual(clock.clone())).unwrap();
    (Arc::new(limiter), clock)
}

#[test]
fn three_a_second_under_virtual_time() {
    let (limiter, clock) = limiter(3, SECOND);
    let times = [(); 4].map(|()| {
        limiter.acquire(1, u64::MAX, None).unwrap();
        clock.now()
    });
    assert_eq!(times, [0, 333_334, 666_668, 1_000_002]);
}

#[test]
fn too_long_a_wait_fails_at_once_and_says_when() {
    let (limiter, clock) = limiter(3, SECOND);
    limiter.acquire(1, 0, None).unwrap();
    for wait_ms in [0, 1, 333] {
        let error = limiter.acquire(1, wait_ms, None).unwrap_err();
        assert_eq!((error.code, error.stop), (Code::HTTPC_E_RATE_LIMITED, Stop::HTTPC_STOP_RATE_LIMITED));
        assert_eq!(error.retry_after_ms, Some(334));
        assert_eq!(error.to_string(), "rate limited: allowed in 334 ms");
    }
    assert_eq!(clock.now(), 0);
    limiter.acquire(1, 334, None).unwrap();
}

#[test]
fn a_cancelled_token_takes_nothing() {
    let (limiter, clock) = limiter(1, SECOND);
    let token = CancelToken::new().unwrap();
    token.cancel();
    let error = limiter.acquire(1, u64::MAX, Some(&token)).unwrap_err();
    assert_eq!((error.code, error.stop), (Code::HTTPC_E_CANCELLED, Stop::HTTPC_STOP_CANCELLED));
    limiter.acquire(1, 0, None).unwrap();
    assert_eq!(clock.now(), 0);
}
