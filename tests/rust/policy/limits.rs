//! What ends a call that could be retried: attempts, time, budget, in this order.

use super::support::{Call, after_backoff, after_demand, at_once, exact, idempotent, stop};
use httpclient::error::Stop;
use httpclient::policy::budget::BudgetPolicy;
use httpclient::policy::retry::{Outcome, RetryPolicy, Situation, Verdict};

const FAILURE: Outcome = Outcome::Status(500);

fn until(deadline_us: u64) -> Situation {
    Situation { now_us: 0, deadline_us: Some(deadline_us), ..idempotent(FAILURE) }
}

fn stop_told(reason: Stop, retry_after_ms: u64) -> Verdict {
    Verdict::Stop { reason, retry_after_ms: Some(retry_after_ms) }
}

#[test]
fn the_attempts_are_three() {
    let mut call = Call::new(exact());
    assert_eq!(call.end(idempotent(FAILURE)), after_backoff(500));
    assert_eq!(call.end(idempotent(FAILURE)), after_backoff(1000));
    assert_eq!(call.end(idempotent(FAILURE)), stop(Stop::HTTPC_STOP_MAX_ATTEMPTS));
    assert_eq!(call.state.attempts(), 3);
}

#[test]
fn one_attempt_or_none_means_no_retry() {
    for max_attempts in [0, 1] {
        let mut call = Call::new(RetryPolicy { max_attempts, ..exact() });
        assert_eq!(call.end(idempotent(FAILURE)), stop(Stop::HTTPC_STOP_MAX_ATTEMPTS));
    }
}

#[test]
fn success_on_the_last_attempt_is_success() {
    let mut call = Call::new(RetryPolicy { max_attempts: 1, ..exact() });
    assert_eq!(call.end(idempotent(Outcome::Success)), stop(Stop::HTTPC_STOP_SUCCESS));
}

#[test]
fn a_backoff_that_would_end_at_or_after_the_deadline_stops() {
    assert_eq!(Call::new(exact()).end(until(500_000)), stop(Stop::HTTPC_STOP_DEADLINE));
    assert_eq!(Call::new(exact()).end(until(499_999)), stop(Stop::HTTPC_STOP_DEADLINE));
    assert_eq!(Call::new(exact()).end(until(500_001)), after_backoff(500));
}

#[test]
fn a_demand_that_would_end_at_or_after_the_deadline_stops_with_it() {
    let told = |deadline_us| Situation { retry_after_ms: Some(3000), ..until(deadline_us) };
    let too_long = stop_told(Stop::HTTPC_STOP_RETRY_AFTER_TOO_LONG, 3000);
    assert_eq!(Call::new(exact()).end(told(3_000_000)), too_long);
    assert_eq!(Call::new(exact()).end(told(3_000_001)), after_demand(3000));
}

#[test]
fn a_backoff_past_the_deadline_is_not_blamed_on_a_shorter_demand() {
    let s = Situation { retry_after_ms: Some(100), ..until(400_000) };
    assert_eq!(Call::new(exact()).end(s), stop_told(Stop::HTTPC_STOP_DEADLINE, 100));
}

#[test]
fn even_a_retry_at_once_needs_time_left() {
    let s = |now_us| Situation { now_us, deadline_us: Some(1000), ..idempotent(Outcome::ReusedClosed) };
    assert_eq!(Call::new(exact()).end(s(999)), at_once());
    assert_eq!(Call::new(exact()).end(s(1000)), stop(Stop::HTTPC_STOP_DEADLINE));
    assert_eq!(Call::new(exact()).end(s(5000)), stop(Stop::HTTPC_STOP_DEADLINE));
}

#[test]
fn a_demand_longer_than_the_policy_allows_stops_with_it() {
    let mut call = Call::new(RetryPolicy { retry_after_max_ms: Some(3000), max_attempts: 9, ..exact() });
    let told = |ms| Situation { retry_after_ms: Some(ms), ..idempotent(Outcome::Status(429)) };
    assert_eq!(call.end(told(3000)), after_demand(3000));
    assert_eq!(call.end(told(3001)), stop_told(Stop::HTTPC_STOP_RETRY_AFTER_TOO_LONG, 3001));
}

#[test]
fn a_demand_that_is_not_respected_is_never_too_long() {
    let policy = RetryPolicy { retry_after_max_ms: Some(3000), respect_retry_after: false, ..exact() };
    let told = Situation { retry_after_ms: Some(u64::MAX), ..idempotent(Outcome::Status(429)) };
    assert_eq!(Call::new(policy).end(told), after_backoff(500));
}

#[test]
fn the_demand_is_reported_whatever_the_reason() {
    let told = |outcome| Situation { retry_after_ms: Some(700), ..idempotent(outcome) };
    let mut call = Call::new(RetryPolicy { max_attempts: 1, ..exact() });
    assert_eq!(call.end(told(Outcome::Status(200))), stop_told(Stop::HTTPC_STOP_SUCCESS, 700));
    assert_eq!(call.end(told(Outcome::Status(404))), stop_told(Stop::HTTPC_STOP_NOT_RETRYABLE, 700));
    assert_eq!(call.end(told(Outcome::Status(429))), stop_told(Stop::HTTPC_STOP_MAX_ATTEMPTS, 700));
}

#[test]
fn the_nature_of_an_outcome_comes_before_the_attempts() {
    let mut call = Call::new(RetryPolicy { max_attempts: 1, ..exact() });
    assert_eq!(call.end(idempotent(Outcome::Fatal)), stop(Stop::HTTPC_STOP_NOT_RETRYABLE));
    let spent = Situation { replayable: false, ..idempotent(FAILURE) };
    assert_eq!(call.end(spent), stop(Stop::HTTPC_STOP_NOT_REPLAYABLE));
}

#[test]
fn the_attempts_come_before_time() {
    let mut call = Call::new(RetryPolicy { max_attempts: 1, ..exact() });
    assert_eq!(call.end(until(1)), stop(Stop::HTTPC_STOP_MAX_ATTEMPTS));
}

#[test]
fn time_comes_before_the_budget() {
    let empty = BudgetPolicy { capacity: 0, ..BudgetPolicy::default() };
    let mut call = Call::new(RetryPolicy { budget: empty, ..exact() });
    assert_eq!(call.end(until(1)), stop(Stop::HTTPC_STOP_DEADLINE));
    assert_eq!(call.end(idempotent(FAILURE)), stop(Stop::HTTPC_STOP_BUDGET));
}
