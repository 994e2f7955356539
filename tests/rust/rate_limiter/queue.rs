//! One limiter and those who wait for it.

use super::support::{Bench, SECOND};
use httpclient::client::rate_limiter::{Entry, RateLimiter};
use httpclient::error::Code;

#[test]
fn first_come_first_served() {
    let bench = Bench::new();
    let limiter = bench.limiter(1, SECOND, 1);
    bench.take(&[&limiter], 1);
    let mut places = [(); 3].map(|()| bench.queue(&[&limiter], 1));
    assert_eq!(places.each_ref().map(|place| place.due()), [SECOND, 2 * SECOND, 3 * SECOND]);
    assert_eq!(places.each_ref().map(|place| place.until()), [Some(SECOND), None, None]);
    for at in 0..3 {
        bench.go_to((at as u64 + 1) * SECOND);
        for later in (at..3).rev() {
            let is_served = places[later].poll(bench.now()).is_some();
            assert_eq!(is_served, later == at, "{later} at {at}");
        }
        assert!(at == 2 || places[at + 1].signal().is_raised(), "the next is told that it is the first now");
    }
    assert_eq!(limiter.waiting(), 0);
}

#[test]
fn whoever_comes_later_does_not_overtake_one_whose_turn_it_is() {
    let bench = Bench::new();
    let limiter = bench.limiter(1, SECOND, 1);
    bench.take(&[&limiter], 1);
    let mut place = bench.queue(&[&limiter], 1);
    bench.go_to(5 * SECOND);
    assert!(bench.is_refused(&limiter, 1));
    assert!(place.poll(bench.now()).is_some());
}

#[test]
fn one_who_wants_much_is_not_starved_by_those_who_want_little() {
    let bench = Bench::new();
    let limiter = bench.limiter(1, SECOND, 3);
    bench.take(&[&limiter], 3);
    let mut much = bench.queue(&[&limiter], 3);
    let mut little = bench.queue(&[&limiter], 1);
    bench.go_to(SECOND);
    assert!(little.poll(bench.now()).is_none() && bench.is_refused(&limiter, 1));
    bench.go_to(3 * SECOND);
    assert!(little.poll(bench.now()).is_none());
    assert!(much.poll(bench.now()).is_some());
    assert_eq!(little.poll(bench.now()).map(drop), None);
    assert_eq!((little.due(), little.until()), (4 * SECOND, Some(4 * SECOND)));
}

#[test]
fn who_leaves_makes_no_hole_and_those_behind_are_told() {
    let bench = Bench::new();
    let limiter = bench.limiter(1, SECOND, 1);
    bench.take(&[&limiter], 1);
    let first = bench.queue(&[&limiter], 1);
    let mut second = bench.queue(&[&limiter], 1);
    let third = bench.queue(&[&limiter], 1);
    let mut fourth = bench.queue(&[&limiter], 1);
    drop(first);
    assert!(second.signal().is_raised() && !fourth.signal().is_raised());
    assert!(second.poll(bench.now()).is_none());
    assert_eq!((second.due(), second.until()), (SECOND, Some(SECOND)));
    drop(third);
    bench.go_to(SECOND);
    assert!(second.poll(bench.now()).is_some());
    bench.go_to(2 * SECOND);
    assert!(fourth.poll(bench.now()).is_some());
    assert!(bench.is_refused(&limiter, 1));
}

#[test]
fn when_all_leave_the_next_one_waits_for_nobody() {
    let bench = Bench::new();
    let limiter = bench.limiter(1, SECOND, 1);
    bench.take(&[&limiter], 1);
    drop([(); 5].map(|()| bench.queue(&[&limiter], 1)));
    bench.go_to(SECOND);
    bench.take(&[&limiter], 1);
}

#[test]
fn a_late_riser_moves_the_others_and_never_brings_two_together() {
    let bench = Bench::new();
    let limiter = bench.limiter(1, SECOND, 1);
    bench.take(&[&limiter], 1);
    let mut late = bench.queue(&[&limiter], 1);
    let mut next = bench.queue(&[&limiter], 1);
    bench.go_to(SECOND + 700_000);
    assert!(late.poll(bench.now()).is_some());
    bench.go_to(2 * SECOND);
    assert!(next.poll(bench.now()).is_none());
    assert_eq!(next.until(), Some(2 * SECOND + 700_000));
}

#[test]
fn a_served_place_answers_no_more_and_gives_nothing_up() {
    let bench = Bench::new();
    let limiter = bench.limiter(1, SECOND, 1);
    bench.take(&[&limiter], 1);
    let mut place = bench.queue(&[&limiter], 1);
    bench.go_to(SECOND);
    assert!(place.poll(bench.now()).is_some());
    bench.go_to(9 * SECOND);
    assert!(place.poll(bench.now()).is_none());
    drop(place);
    bench.take(&[&limiter], 1);
    assert!(bench.is_refused(&limiter, 1));
}

#[test]
fn who_would_be_too_late_does_not_wait_at_all() {
    let bench = Bench::new();
    let limiter = bench.limiter(1, SECOND, 1);
    bench.take(&[&limiter], 1);
    let _place = bench.queue(&[&limiter], 1);
    let Entry::TooLate { due } = limiter.request(1, 0, 2 * SECOND - 1).unwrap() else { panic!() };
    assert_eq!(due, 2 * SECOND);
    assert!(matches!(limiter.request(1, 0, 2 * SECOND).unwrap(), Entry::Queued(_)));
    limiter.set_max_wait_ms(1999);
    assert!(matches!(limiter.request(1, 0, u64::MAX).unwrap(), Entry::TooLate { due } if due == 2 * SECOND));
    limiter.set_max_wait_ms(2000);
    assert!(matches!(limiter.request(1, 0, u64::MAX).unwrap(), Entry::Queued(_)));
    assert_eq!(limiter.waiting(), 1);
}

#[test]
fn an_unused_token_goes_back_and_the_first_in_the_queue_is_told() {
    let bench = Bench::new();
    let limiter = bench.limiter(1, SECOND, 1);
    let grant = bench.take(&[&limiter], 1);
    let mut place = bench.queue(&[&limiter], 1);
    grant.give_back();
    assert!(place.signal().is_raised());
    assert!(place.poll(0).is_some());
    assert!(bench.is_refused(&limiter, 1));
}

#[test]
fn an_unused_token_is_lost_once_others_were_timed_by_it() {
    let bench = Bench::new();
    let limiter = bench.limiter(1, SECOND, 1);
    let unused = bench.take(&[&limiter], 1);
    bench.go_to(SECOND);
    bench.take(&[&limiter], 1);
    unused.give_back();
    assert!(bench.is_refused(&limiter, 1), "two at the same time");
    bench.go_to(2 * SECOND);
    bench.take(&[&limiter], 1);
}

#[test]
fn arguments_that_make_no_limiter_are_named() {
    let cases = [
        (0, SECOND, 1, "`tokens`"),
        (1, 0, 1, "`period_ms`"),
        (1, SECOND, 0, "`burst`"),
        (SECOND + 1, SECOND, 1, "`tokens`"),
        (1, SECOND, u64::MAX, "`burst`"),
    ];
    for (tokens, period_us, burst, argument) in cases {
        let error = RateLimiter::new(tokens, period_us, burst, Default::default()).unwrap_err();
        assert_eq!(error.code, Code::HTTPC_E_INVALID_ARG);
        assert!(error.to_string().contains(argument), "{error}");
    }
}

#[test]
fn weights_that_could_never_be_served_are_refused() {
    let bench = Bench::new();
    let limiter = bench.limiter(1, SECOND, 3);
    for weight in [0, 4, u64::MAX] {
        let error = limiter.request(weight, 0, u64::MAX).unwrap_err();
        assert_eq!(error.code, Code::HTTPC_E_INVALID_ARG);
        assert!(error.to_string().contains("`weight`"), "{error}");
    }
    bench.take(&[&limiter], 3);
}
