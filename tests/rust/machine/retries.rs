use super::support::*;
use httpclient::client::retry_rules::Decision;
use httpclient::error::{Code, Sent, Stop};
use httpclient::policy::budget::{Budget, BudgetPolicy};
use std::sync::Arc;

#[test]
fn a_503_is_retried_and_its_body_is_not_the_callers() {
    let ended = get([answer(503), answer(200)]).run();
    assert_eq!(ended.response().status, 200);
    assert_eq!(ended.response().attempts.len(), 2);
    assert_eq!(ended.started, [0, 102 * MS]);
}

#[test]
fn the_last_response_of_an_exhausted_call_is_kept_whole() {
    let ended = get([answer(503), answer(503), answer(503)]).run();
    let error = ended.error();
    assert_eq!((error.code, error.stop, error.status), (Code::HTTPC_E_STATUS, Stop::HTTPC_STOP_MAX_ATTEMPTS, 503));
    assert_eq!(error.response.as_ref().map(|r| r.body()), Some(&b"xxxxx"[..]));
    assert_eq!(error.attempts.len(), 3);
}

#[test]
fn a_post_is_not_retried_once_it_may_have_taken_effect() {
    for script in [reset_after_sending(), truncated(), answer(503)] {
        let ended = post([script]).run();
        assert_eq!(ended.error().stop, Stop::HTTPC_STOP_NOT_IDEMPOTENT);
        assert_eq!(ended.sent, 1);
    }
}

#[test]
fn a_post_that_was_never_sent_is_retried() {
    let ended = post([refused(), refused(), answer(201)]).run();
    assert_eq!(ended.response().status, 201);
    assert_eq!(ended.sent, 1);
}

#[test]
fn a_truncated_body_is_fetched_again() {
    let ended = get([truncated(), answer(200)]).run();
    assert_eq!(ended.response().body(), b"xxxxx");
}

#[test]
fn a_stale_connection_is_replaced_at_once_for_a_get() {
    let ended = get([vec![(MS, Step::StaleConnection)], answer(200)]).run();
    assert_eq!(ended.response().status, 200);
    assert_eq!(ended.started, [0, MS]);
    assert_eq!(ended.fresh, [false, true]);
}

#[test]
fn a_stale_connection_ends_a_post() {
    let ended = post([vec![(MS, Step::StaleConnection)]]).run();
    assert_eq!(ended.error().sent, Sent::HTTPC_SENT_MAYBE_SENT);
    assert_eq!(ended.error().stop, Stop::HTTPC_STOP_NOT_IDEMPOTENT);
}

#[test]
fn retry_after_is_waited_for() {
    let ended = get([answer_with(429, &[("Retry-After", "2")]), answer(200)]).run();
    assert_eq!(ended.started, [0, 2 * S + 2 * MS]);
}

#[test]
fn a_retry_after_beyond_the_deadline_ends_the_call_at_once() {
    let ended = get([answer_with(503, &[("Retry-After", "3600")])]).run();
    assert_eq!(ended.error().stop, Stop::HTTPC_STOP_RETRY_AFTER_TOO_LONG);
    assert_eq!(ended.error().retry_after_ms, Some(3_600_000));
    assert_eq!(ended.at, 2 * MS);
}

#[test]
fn of_several_retry_after_fields_the_longest_is_obeyed() {
    let ended = get([answer_with(503, &[("Retry-After", "1"), ("Retry-After", "3")]), answer(200)]).run();
    assert_eq!(ended.started[1], 3 * S + 2 * MS);
}

#[test]
fn with_status_errors_off_the_final_failure_is_a_response() {
    let ended = get([answer(503), answer(503), answer(503)]).rules(|rules| rules.status_errors = false).run();
    assert_eq!(ended.response().status, 503);
    assert_eq!(ended.response().attempts.last().map(|a| a.stop), Some(Stop::HTTPC_STOP_MAX_ATTEMPTS));
}

#[test]
fn a_final_error_status_stands_although_its_body_breaks_off() {
    let broken = vec![
        (MS, Step::Sent),
        (MS, Step::Head(404, vec![])),
        (0, Step::Body(3)),
        (MS, Step::Broken(Code::HTTPC_E_TRUNCATED)),
    ];
    let ended = get([broken]).run();
    assert_eq!((ended.error().code, ended.error().status), (Code::HTTPC_E_STATUS, 404));
    assert_eq!(ended.error().response.as_ref().map(|r| r.body()), Some(&b"xxx"[..]));
}

#[test]
fn a_retried_response_with_an_endless_body_does_not_delay_the_retry() {
    let endless = vec![(MS, Step::Sent), (0, Step::Head(503, vec![])), (MS, Step::Body(9))];
    let ended = get([endless, answer(200)]).run();
    assert_eq!(ended.started, [0, 101 * MS]);
}

#[test]
fn an_empty_budget_ends_retrying() {
    let policy = BudgetPolicy { capacity: 20, ..BudgetPolicy::default() };
    let budget = Arc::new(httpclient::sync::Mutex::new(Budget::new(&policy)));
    let ended = get([answer(500), answer(500)])
        .retry(|retry| retry.policy.budget = policy)
        .rules(|rules| rules.budget = budget)
        .run();
    assert_eq!(ended.error().stop, Stop::HTTPC_STOP_BUDGET);
    assert_eq!(ended.error().attempts.len(), 2);
}

#[test]
fn statuses_outside_http_are_protocol_errors() {
    for status in [0, 101, 199, 600, 999] {
        let ended = get([answer(status)]).run();
        assert_eq!(ended.error().code, Code::HTTPC_E_PROTOCOL, "{status}");
        assert_eq!(ended.error().attempts.len(), 1);
    }
}

#[test]
fn an_announced_body_beyond_the_limit_is_not_read() {
    let ended = get([answer_with(200, &[("Content-Length", "99999999")])]).run();
    assert_eq!(ended.error().code, Code::HTTPC_E_BODY_TOO_LARGE);
}

#[test]
fn an_announced_length_without_a_body_is_no_matter() {
    let long = [("Content-Length", "99999999")];
    let head = get([answer_with(200, &long)]).rules(|rules| rules.method = method("HEAD")).run();
    assert_eq!(head.response().status, 200);
    assert_eq!(get([answer_with(304, &long)]).run().response().status, 304);
}

fn method(name: &str) -> httpclient::client::method::Method {
    httpclient::client::method::Method::new(name).expect("a token")
}

#[test]
fn a_decider_can_stop_what_would_be_retried() {
    let ended = get([answer(503)]).retry(|retry| retry.decider = Some(Arc::new(|_| Decision::Stop))).run();
    assert_eq!(ended.error().stop, Stop::HTTPC_STOP_DECIDER);
}

#[test]
fn a_decider_can_retry_what_would_be_final() {
    let judge = |attempt: &httpclient::client::attempt::Attempt| match attempt.status {
        404 => Decision::Retry,
        _ => Decision::Default,
    };
    let ended = post([answer(404), answer(200)]).retry(|retry| retry.decider = Some(Arc::new(judge))).run();
    assert_eq!(ended.response().status, 200);
}

#[test]
fn a_decider_is_not_asked_of_success() {
    let refuse = |_: &httpclient::client::attempt::Attempt| panic!("asked of a success");
    let ended = get([answer(200)]).retry(|retry| retry.decider = Some(Arc::new(refuse))).run();
    assert_eq!(ended.response().status, 200);
}

#[test]
fn a_retried_response_whose_body_stalls_gives_its_connection_up_before_a_long_pause() {
    let stalled = vec![(MS, Step::Sent), (MS, Step::Head(503, vec![("Retry-After", "20".into())]))];
    let ended = get([stalled, answer(200)]).run();
    assert_eq!(ended.started, [0, 20 * S + 2 * MS]);
    assert_eq!(ended.response().attempts[0].duration_us, S + 2 * MS);
}
