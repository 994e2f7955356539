//! What retries cost, and what success pays back.

use super::support::{Call, after_backoff, at_once, exact, idempotent, other, stop};
use httpclient::error::Stop;
use httpclient::policy::budget::{Budget, BudgetPolicy};
use httpclient::policy::retry::{Outcome, RetryPolicy, RetryState, Situation};

fn with(budget: BudgetPolicy) -> RetryPolicy {
    RetryPolicy { budget, max_attempts: 100, ..exact() }
}

fn left_after(s: Situation) -> u32 {
    let mut call = Call::new(exact());
    call.end(s);
    call.budget.tokens()
}

#[test]
fn a_retry_costs_14() {
    for outcome in [Outcome::Status(500), Outcome::MaybeSent, Outcome::Unprocessed, Outcome::ReusedClosed] {
        assert_eq!(left_after(idempotent(outcome)), 486, "{outcome:?}");
    }
}

#[test]
fn a_retry_after_a_refusal_for_load_costs_5() {
    assert_eq!(left_after(idempotent(Outcome::Status(429))), 495);
    assert_eq!(left_after(idempotent(Outcome::Throttled)), 495);
    assert_eq!(left_after(Situation { retry_after_ms: Some(9), ..idempotent(Outcome::Status(503)) }), 495);
    assert_eq!(left_after(idempotent(Outcome::Status(503))), 486);
}

#[test]
fn a_request_that_never_left_is_retried_for_nothing_even_from_an_empty_bucket() {
    let mut call = Call::new(exact());
    assert!(call.budget.take(500));
    assert_eq!(call.end(other(Outcome::NeverSent)), after_backoff(500));
    assert_eq!(call.budget.tokens(), 0);
}

#[test]
fn a_retry_that_does_not_happen_costs_nothing() {
    let mut late = idempotent(Outcome::Status(500));
    late.deadline_us = Some(late.now_us + 1);
    let spent = Situation { replayable: false, ..idempotent(Outcome::Status(500)) };
    for s in [late, spent, other(Outcome::Status(500)), idempotent(Outcome::Status(404))] {
        assert_eq!(left_after(s), 500, "{s:?}");
    }
}

#[test]
fn a_bucket_too_empty_for_the_cost_stops_and_keeps_what_it_has() {
    let mut call = Call::new(with(BudgetPolicy { capacity: 13, ..BudgetPolicy::default() }));
    assert_eq!(call.end(idempotent(Outcome::Status(500))), stop(Stop::HTTPC_STOP_BUDGET));
    assert_eq!(call.budget.tokens(), 13);
}

#[test]
fn a_retry_refused_by_the_budget_does_not_use_up_the_one_at_once() {
    let mut call = Call::new(exact());
    assert!(call.budget.take(500));
    assert_eq!(call.end(idempotent(Outcome::ReusedClosed)), stop(Stop::HTTPC_STOP_BUDGET));
    call.budget.give_back(500);
    assert_eq!(call.end(idempotent(Outcome::ReusedClosed)), at_once());
}

#[test]
fn capacity_zero_allows_no_retry_at_all() {
    for outcome in [Outcome::NeverSent, Outcome::Status(421), Outcome::Status(500)] {
        let mut call = Call::new(with(BudgetPolicy { capacity: 0, ..BudgetPolicy::default() }));
        assert_eq!(call.end(idempotent(outcome)), stop(Stop::HTTPC_STOP_BUDGET), "{outcome:?}");
    }
}

#[test]
fn a_budget_switched_off_neither_refuses_nor_counts() {
    let mut call = Call::new(with(BudgetPolicy { capacity: 0, enabled: false, ..BudgetPolicy::default() }));
    assert_eq!(call.end(idempotent(Outcome::Status(500))), after_backoff(500));

    let mut call = Call::new(with(BudgetPolicy { enabled: false, ..BudgetPolicy::default() }));
    assert!(call.budget.take(100));
    call.end(idempotent(Outcome::Status(500)));
    call.end(idempotent(Outcome::Success));
    assert_eq!(call.budget.tokens(), 400);
}

#[test]
fn success_pays_back_the_last_retry() {
    let mut call = Call::new(with(BudgetPolicy::default()));
    call.end(idempotent(Outcome::Status(500)));
    call.end(idempotent(Outcome::Status(429)));
    assert_eq!(call.budget.tokens(), 481);
    call.end(idempotent(Outcome::Success));
    assert_eq!(call.budget.tokens(), 486);
}

#[test]
fn a_free_retry_does_not_swallow_what_the_one_before_it_paid() {
    let mut call = Call::new(with(BudgetPolicy::default()));
    call.end(idempotent(Outcome::Status(500)));
    call.end(idempotent(Outcome::NeverSent));
    call.end(idempotent(Outcome::Success));
    assert_eq!(call.budget.tokens(), 500);
}

#[test]
fn success_without_a_paid_retry_pays_1() {
    let mut call = Call::new(exact());
    assert!(call.budget.take(100));
    call.end(idempotent(Outcome::Status(204)));
    assert_eq!(call.budget.tokens(), 401);
    call.state = RetryState::default();
    call.end(idempotent(Outcome::NeverSent));
    call.end(idempotent(Outcome::Success));
    assert_eq!(call.budget.tokens(), 402);
}

#[test]
fn the_bucket_takes_all_or_nothing_and_never_overflows() {
    let mut budget = Budget::new(&BudgetPolicy { capacity: 10, ..BudgetPolicy::default() });
    assert!(!budget.take(11));
    assert!(budget.take(10));
    assert!(budget.take(0));
    assert!(!budget.take(1));
    budget.give_back(u32::MAX);
    assert_eq!(budget.tokens(), 10);
}
