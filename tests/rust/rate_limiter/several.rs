//! Several limiters at once: all or none.

use super::support::{Bench, SECOND};
use httpclient::client::clock::Clock;
use httpclient::client::config::Config;
use httpclient::client::rate_limiter::RateLimiter;
use std::sync::Arc;

#[test]
fn tokens_are_taken_from_all_or_from_none() {
    let bench = Bench::new();
    let (fast, slow) = (bench.limiter(1, SECOND, 2), bench.limiter(1, 10 * SECOND, 1));
    bench.take(&[&fast, &slow], 1);
    let both = bench.queue(&[&fast, &slow], 1);
    assert_eq!(both.due(), 10 * SECOND);
    bench.take(&[&fast], 1);
    drop(both);
    assert!(bench.is_refused(&fast, 1) && bench.is_refused(&slow, 1));
}

#[test]
fn a_slow_limiter_does_not_hold_up_those_who_only_want_the_fast_one() {
    let bench = Bench::new();
    let (fast, slow) = (bench.limiter(1, SECOND, 1), bench.limiter(1, 10 * SECOND, 1));
    bench.take(&[&fast, &slow], 1);
    let mut both = bench.queue(&[&fast, &slow], 1);
    for second in 1..10 {
        bench.go_to(second * SECOND);
        bench.take(&[&fast], 1);
        assert!(both.poll(bench.now()).is_none());
    }
    bench.go_to(10 * SECOND);
    assert!(bench.is_refused(&fast, 1), "nobody overtakes it when its time has come");
    assert!(both.poll(bench.now()).is_some());
}

#[test]
fn those_who_go_first_never_make_it_later() {
    let bench = Bench::new();
    let (fast, slow) = (bench.limiter(1, 3 * SECOND, 1), bench.limiter(1, 10 * SECOND, 1));
    bench.take(&[&fast, &slow], 1);
    let mut both = bench.queue(&[&fast, &slow], 1);
    for second in [3, 6] {
        bench.go_to(second * SECOND);
        bench.take(&[&fast], 1);
    }
    bench.go_to(9 * SECOND);
    let mut other = bench.queue(&[&fast], 1);
    assert_eq!(other.until(), Some(10 * SECOND), "a token now would make the next one come at 12 s");
    bench.go_to(10 * SECOND);
    assert!(other.poll(bench.now()).is_none());
    assert!(both.poll(bench.now()).is_some());
    assert!(other.signal().is_raised());
    bench.go_to(13 * SECOND);
    assert!(other.poll(bench.now()).is_some());
}

/// Both are taken the moment they are free, at different times, so that they are never free together by chance.
#[test]
fn a_stream_of_others_does_not_starve_who_wants_both() {
    let bench = Bench::new();
    let (one, other) = (bench.limiter(1, SECOND, 1), bench.limiter(1, SECOND, 1));
    bench.take(&[&one], 1);
    bench.go_to(SECOND / 2);
    bench.take(&[&other], 1);
    let mut both = bench.queue(&[&one, &other], 1);
    for half in 2..20 {
        bench.go_to(half * SECOND / 2);
        if both.poll(bench.now()).is_some() {
            assert_eq!(half, 3);
            return;
        }
        let limiter = if half % 2 == 0 { &one } else { &other };
        assert!(bench.is_refused(limiter, 1), "at {half}");
    }
    panic!("starved");
}

#[test]
fn who_waits_for_several_is_told_when_the_slow_one_comes_earlier() {
    let bench = Bench::new();
    let (fast, slow) = (bench.limiter(1, SECOND, 1), bench.limiter(1, 10 * SECOND, 1));
    bench.take(&[&fast, &slow], 1);
    let before = bench.queue(&[&slow], 1);
    let mut both = bench.queue(&[&fast, &slow], 1);
    assert_eq!(both.due(), 20 * SECOND);
    drop(before);
    assert!(both.signal().is_raised());
    assert!(both.poll(bench.now()).is_none());
    assert_eq!((both.due(), both.until()), (10 * SECOND, Some(10 * SECOND)));
}

#[test]
fn the_same_limiter_twice_counts_once() {
    let bench = Bench::new();
    let limiter = bench.limiter(1, SECOND, 2);
    bench.take(&[&limiter, &limiter], 1);
    bench.take(&[&limiter], 1);
    assert!(bench.is_refused(&limiter, 1));
}

#[test]
fn no_limiter_at_all_grants() {
    let bench = Bench::new();
    bench.take(&[], 1);
}

#[test]
fn all_give_back() {
    let bench = Bench::new();
    let (one, other) = (bench.limiter(1, SECOND, 1), bench.limiter(1, SECOND, 1));
    bench.take(&[&one, &other], 1).give_back();
    bench.take(&[&one, &other], 1);
}

#[test]
fn nobody_overtakes_who_has_yet_to_hear_that_tokens_came_back() {
    let bench = Bench::new();
    let (one, other) = (bench.limiter(1, SECOND, 1), bench.limiter(1, SECOND, 1));
    let unused = bench.take(&[&one, &other], 1);
    let mut first = bench.queue(&[&one, &other], 1);
    unused.give_back();
    let mut second = bench.queue(&[&one, &other], 1);
    assert!(second.poll(bench.now()).is_none());
    assert!(first.poll(bench.now()).is_some());
}

#[test]
fn nobody_overtakes_who_has_yet_to_hear_that_one_before_it_has_gone() {
    let bench = Bench::new();
    let (one, other) = (bench.limiter(1, SECOND, 1), bench.limiter(1, SECOND, 1));
    bench.take(&[&one, &other], 1);
    let before = bench.queue(&[&one, &other], 1);
    let mut first = bench.queue(&[&one, &other], 1);
    let mut second = bench.queue(&[&one, &other], 1);
    bench.go_to(SECOND);
    drop(before);
    assert!(second.poll(bench.now()).is_none());
    assert!(first.poll(bench.now()).is_some());
}

/// And who looks again is held again, so that those behind it go first as before.
#[test]
fn who_has_heard_holds_up_nobody() {
    let bench = Bench::new();
    let (fast, slow) = (bench.limiter(1, SECOND, 1), bench.limiter(1, 10 * SECOND, 1));
    bench.take(&[&fast, &slow], 1);
    let before = bench.queue(&[&slow], 1);
    let mut both = bench.queue(&[&fast, &slow], 1);
    let mut behind = bench.queue(&[&fast], 1);
    drop(before);
    bench.go_to(SECOND);
    assert!(behind.poll(bench.now()).is_none(), "it may be the turn of who waits for both");
    assert!(both.poll(bench.now()).is_none());
    assert!(behind.signal().is_raised());
    assert!(behind.poll(bench.now()).is_some());
}

#[test]
fn a_config_keeps_each_limiter_once_and_one_clock() {
    let bench = Bench::new();
    let limiter = bench.limiter(1, SECOND, 1);
    let mut config = Config::default();
    config.add_rate_limiter(limiter.clone()).unwrap();
    config.add_rate_limiter(limiter).unwrap();
    config.add_rate_limiter(bench.limiter(1, SECOND, 1)).unwrap();
    assert_eq!(config.rate_limiters.len(), 2);
    let real = Arc::new(RateLimiter::new(1, SECOND, 1, Clock::Real).unwrap());
    let error = config.add_rate_limiter(real).unwrap_err();
    assert!(error.to_string().contains("`limiter`"), "{error}");
}
