//! How long a retry waits, and what the server has to say about it.

use super::support::{Call, after_backoff, after_demand, at_once, exact, idempotent};
use httpclient::error::DelaySource;
use httpclient::policy::backoff::{Backoff, Jitter};
use httpclient::policy::retry::{Outcome, RetryPolicy, Situation, Verdict};

fn told(outcome: Outcome, retry_after_ms: u64) -> Situation {
    Situation { retry_after_ms: Some(retry_after_ms), ..idempotent(outcome) }
}

fn full_jitter() -> RetryPolicy {
    RetryPolicy::default()
}

#[test]
fn the_backoff_grows_from_retry_to_retry() {
    let mut call = Call::new(RetryPolicy { max_attempts: 4, ..exact() });
    for delay_ms in [500, 1000, 2000] {
        assert_eq!(call.end(idempotent(Outcome::Status(500))), after_backoff(delay_ms));
    }
}

#[test]
fn a_retry_at_once_does_not_lengthen_the_next_backoff() {
    let mut call = Call::new(exact());
    assert_eq!(call.end(idempotent(Outcome::ReusedClosed)), at_once());
    assert_eq!(call.end(idempotent(Outcome::Status(500))), after_backoff(500));
}

#[test]
fn retry_after_is_waited_for_when_it_is_the_longer() {
    assert_eq!(Call::new(exact()).end(told(Outcome::Status(503), 3000)), after_demand(3000));
    assert_eq!(Call::new(exact()).end(told(Outcome::Status(500), 3000)), after_demand(3000));
}

#[test]
fn where_both_are_equal_it_was_the_servers_demand() {
    assert_eq!(Call::new(exact()).end(told(Outcome::Status(503), 500)), after_demand(500));
}

#[test]
fn the_backoff_is_waited_for_when_it_is_the_longer() {
    assert_eq!(Call::new(exact()).end(told(Outcome::Status(503), 10)), after_backoff(500));
}

#[test]
fn retry_after_may_exceed_the_cap_of_the_backoff() {
    assert_eq!(Call::new(exact()).end(told(Outcome::Status(429), 3_600_000)), after_demand(3_600_000));
}

#[test]
fn a_zero_or_past_retry_after_leaves_the_backoff() {
    assert_eq!(Call::new(exact()).end(told(Outcome::Status(503), 0)), after_backoff(500));
}

#[test]
fn retry_after_can_be_switched_off() {
    let mut call = Call::new(RetryPolicy { respect_retry_after: false, ..exact() });
    assert_eq!(call.end(told(Outcome::Status(503), 3000)), after_backoff(500));
}

#[test]
fn a_demand_is_spread_upwards_by_a_tenth_and_a_second_at_most() {
    for (asked, latest) in [(1500, 1650), (4_000_000, 4_001_000)] {
        let delays: Vec<u64> = (0..300)
            .map(|seed| {
                let mut call = Call::new(full_jitter());
                call.rng = fastrand::Rng::with_seed(seed);
                let Verdict::Retry { delay_ms, source, .. } = call.end(told(Outcome::Status(429), asked)) else {
                    panic!("stopped");
                };
                assert_eq!(source, DelaySource::HTTPC_DELAY_RETRY_AFTER);
                delay_ms
            })
            .collect();
        assert!(delays.iter().all(|delay| (asked..=latest).contains(delay)), "{asked}");
        assert!(delays.iter().any(|&delay| delay > asked), "{asked}");
    }
}

#[test]
fn the_spread_is_cut_where_it_would_pass_the_deadline() {
    for seed in 0..100 {
        let mut call = Call::new(full_jitter());
        call.rng = fastrand::Rng::with_seed(seed);
        let s = Situation { now_us: 0, deadline_us: Some(10_001_000), ..told(Outcome::Status(429), 10_000) };
        assert_eq!(call.end(s), after_demand(10_000));
    }
}

#[test]
fn a_421_that_asks_for_time_is_given_it() {
    let verdict = Verdict::Retry { delay_ms: 50, source: DelaySource::HTTPC_DELAY_RETRY_AFTER, fresh_connection: true };
    assert_eq!(Call::new(exact()).end(told(Outcome::Status(421), 50)), verdict);
}

#[test]
fn the_throttled_base_applies_to_refusals_for_load_without_a_usable_hint() {
    let policy = || RetryPolicy { throttled_base_ms: Some(4000), ..exact() };
    for refusal in [
        idempotent(Outcome::Status(429)),
        told(Outcome::Status(429), 0),
        told(Outcome::Status(503), 0),
        idempotent(Outcome::Throttled),
    ] {
        assert_eq!(Call::new(policy()).end(refusal), after_backoff(4000), "{refusal:?}");
    }
}

#[test]
fn the_throttled_base_applies_to_nothing_else() {
    let policy = || RetryPolicy { throttled_base_ms: Some(4000), ..exact() };
    assert_eq!(Call::new(policy()).end(idempotent(Outcome::Status(503))), after_backoff(500));
    assert_eq!(Call::new(policy()).end(idempotent(Outcome::Status(500))), after_backoff(500));
    assert_eq!(Call::new(policy()).end(told(Outcome::Status(429), 700)), after_demand(700));
}

#[test]
fn the_throttled_base_grows_and_is_capped_like_the_other() {
    let mut call = Call::new(RetryPolicy { throttled_base_ms: Some(8000), max_attempts: 4, ..exact() });
    for delay_ms in [8000, 16_000, 20_000] {
        assert_eq!(call.end(idempotent(Outcome::Throttled)), after_backoff(delay_ms));
    }
}

#[test]
fn a_demand_does_not_inflate_the_decorrelated_backoff_after_it() {
    let backoff = Backoff { base_ms: 100, jitter: Jitter::Decorrelated, ..Backoff::default() };
    let mut call = Call::new(RetryPolicy { backoff, ..RetryPolicy::default() });
    call.end(told(Outcome::Status(503), 3_600_000));
    let Verdict::Retry { delay_ms, .. } = call.end(idempotent(Outcome::Status(500))) else { panic!("stopped") };
    assert!((100..=900).contains(&delay_ms), "{delay_ms}");
}

#[test]
fn the_same_seed_gives_the_same_delays() {
    let delays = || {
        let mut call = Call::new(RetryPolicy { max_attempts: 10, ..full_jitter() });
        (0..9).map(|_| call.end(idempotent(Outcome::Status(500)))).collect::<Vec<_>>()
    };
    assert_eq!(delays(), delays());
}
