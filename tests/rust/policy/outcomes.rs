//! Which outcomes are retried: idempotent requests and others.

use super::support::{Call, after_backoff, at_once, exact, first, idempotent, other, stop};
use httpclient::error::{DelaySource, Stop};
use httpclient::policy::retry::{MethodSet, Outcome, RetryPolicy, Situation, StatusSet, Verdict};

fn listing(codes: &[u16]) -> RetryPolicy {
    RetryPolicy { statuses: StatusSet::from_codes(codes), ..exact() }
}

#[test]
fn a_request_that_never_left_is_retried_whatever_it_is() {
    assert_eq!(first(idempotent(Outcome::NeverSent)), after_backoff(500));
    assert_eq!(first(other(Outcome::NeverSent)), after_backoff(500));
}

#[test]
fn a_fatal_outcome_is_never_retried() {
    assert_eq!(first(idempotent(Outcome::Fatal)), stop(Stop::HTTPC_STOP_NOT_RETRYABLE));
    assert_eq!(first(other(Outcome::Fatal)), stop(Stop::HTTPC_STOP_NOT_RETRYABLE));
}

#[test]
fn a_closed_reused_connection_is_replaced_once_at_once_then_by_policy() {
    let mut call = Call::new(exact());
    assert_eq!(call.end(idempotent(Outcome::ReusedClosed)), at_once());
    let by_policy = Verdict::Retry { delay_ms: 500, source: DelaySource::HTTPC_DELAY_BACKOFF, fresh_connection: true };
    assert_eq!(call.end(idempotent(Outcome::ReusedClosed)), by_policy);
}

#[test]
fn a_closed_reused_connection_ends_a_request_that_may_have_had_its_effect() {
    assert_eq!(first(other(Outcome::ReusedClosed)), stop(Stop::HTTPC_STOP_NOT_IDEMPOTENT));
}

#[test]
fn the_retry_at_once_still_counts_as_an_attempt() {
    let mut call = Call::new(RetryPolicy { max_attempts: 2, ..exact() });
    assert_eq!(call.end(idempotent(Outcome::ReusedClosed)), at_once());
    assert_eq!(call.end(idempotent(Outcome::Status(500))), stop(Stop::HTTPC_STOP_MAX_ATTEMPTS));
    assert_eq!(call.state.attempts(), 2);
}

#[test]
fn what_may_have_been_sent_is_retried_only_when_idempotent() {
    assert_eq!(first(idempotent(Outcome::MaybeSent)), after_backoff(500));
    assert_eq!(first(other(Outcome::MaybeSent)), stop(Stop::HTTPC_STOP_NOT_IDEMPOTENT));
}

#[test]
fn a_truncated_body_that_nobody_saw_is_retried_only_when_idempotent() {
    let unseen = Outcome::Truncated { delivered: false };
    assert_eq!(first(idempotent(unseen)), after_backoff(500));
    assert_eq!(first(other(unseen)), stop(Stop::HTTPC_STOP_NOT_IDEMPOTENT));
}

#[test]
fn a_truncated_body_that_was_partly_delivered_is_not_retried() {
    let seen = Outcome::Truncated { delivered: true };
    assert_eq!(first(idempotent(seen)), stop(Stop::HTTPC_STOP_NOT_RETRYABLE));
    assert_eq!(first(other(seen)), stop(Stop::HTTPC_STOP_NOT_RETRYABLE));
}

#[test]
fn what_is_proven_unprocessed_is_retried_whatever_it_is() {
    assert_eq!(first(idempotent(Outcome::Unprocessed)), after_backoff(500));
    assert_eq!(first(other(Outcome::Unprocessed)), after_backoff(500));
}

#[test]
fn transient_statuses_are_retried_only_when_idempotent() {
    for code in [408, 500, 502, 503, 504] {
        assert_eq!(first(idempotent(Outcome::Status(code))), after_backoff(500), "{code}");
        assert_eq!(first(other(Outcome::Status(code))), stop(Stop::HTTPC_STOP_NOT_IDEMPOTENT), "{code}");
    }
}

#[test]
fn a_503_with_retry_after_is_still_not_retried_when_not_idempotent() {
    let told = Situation { retry_after_ms: Some(1000), ..other(Outcome::Status(503)) };
    let verdict = Verdict::Stop { reason: Stop::HTTPC_STOP_NOT_IDEMPOTENT, retry_after_ms: Some(1000) };
    assert_eq!(first(told), verdict);
}

#[test]
fn a_refusal_for_load_is_retried_whatever_the_request_is() {
    for refusal in [Outcome::Status(429), Outcome::Throttled] {
        assert_eq!(first(idempotent(refusal)), after_backoff(500));
        assert_eq!(first(other(refusal)), after_backoff(500));
    }
}

#[test]
fn retry_throttled_off_spares_requests_that_are_not_idempotent() {
    for refusal in [Outcome::Status(429), Outcome::Throttled] {
        let mut call = Call::new(RetryPolicy { retry_throttled: false, ..exact() });
        assert_eq!(call.end(other(refusal)), stop(Stop::HTTPC_STOP_NOT_IDEMPOTENT));
        assert_eq!(call.end(idempotent(refusal)), after_backoff(500));
    }
}

#[test]
fn retry_throttled_does_not_bring_back_a_429_that_is_not_listed() {
    let verdict = Call::new(listing(&[500])).end(idempotent(Outcome::Status(429)));
    assert_eq!(verdict, stop(Stop::HTTPC_STOP_NOT_RETRYABLE));
}

#[test]
fn a_409_is_retried_while_our_own_key_is_outstanding() {
    let ours = Situation { own_key: true, ..idempotent(Outcome::Status(409)) };
    assert_eq!(first(ours), after_backoff(500));
    assert_eq!(first(Situation { idempotent: false, ..ours }), after_backoff(500));
    assert_eq!(first(idempotent(Outcome::Status(409))), stop(Stop::HTTPC_STOP_NOT_RETRYABLE));
    assert_eq!(first(other(Outcome::Status(409))), stop(Stop::HTTPC_STOP_NOT_RETRYABLE));
}

#[test]
fn a_421_is_retried_once_on_a_fresh_connection_whatever_the_request_is() {
    for request in [idempotent, other] {
        let mut call = Call::new(exact());
        assert_eq!(call.end(request(Outcome::Status(421))), at_once());
        assert_eq!(call.end(request(Outcome::Status(421))), stop(Stop::HTTPC_STOP_NOT_RETRYABLE));
    }
}

#[test]
fn a_listed_421_goes_on_by_policy_after_the_free_retry() {
    let mut call = Call::new(listing(&[421]));
    assert_eq!(call.end(idempotent(Outcome::Status(421))), at_once());
    let by_policy = Verdict::Retry { delay_ms: 500, source: DelaySource::HTTPC_DELAY_BACKOFF, fresh_connection: true };
    assert_eq!(call.end(idempotent(Outcome::Status(421))), by_policy);

    let mut call = Call::new(listing(&[421]));
    assert_eq!(call.end(other(Outcome::Status(421))), at_once());
    assert_eq!(call.end(other(Outcome::Status(421))), stop(Stop::HTTPC_STOP_NOT_IDEMPOTENT));
}

#[test]
fn the_two_retries_at_once_are_granted_separately() {
    let mut call = Call::new(exact());
    assert_eq!(call.end(idempotent(Outcome::ReusedClosed)), at_once());
    assert_eq!(call.end(idempotent(Outcome::Status(421))), at_once());
}

#[test]
fn opt_in_statuses_are_retried_when_listed_and_not_before() {
    for code in [425, 413, 522, 524] {
        assert_eq!(first(idempotent(Outcome::Status(code))), stop(Stop::HTTPC_STOP_NOT_RETRYABLE), "{code}");
        let listed = || Call::new(listing(&[code]));
        assert_eq!(listed().end(idempotent(Outcome::Status(code))), after_backoff(500), "{code}");
        // 413 and 425 refuse before anything is done; 522 and 524 come from a proxy that does not know.
        let wanted = if code < 500 { after_backoff(500) } else { stop(Stop::HTTPC_STOP_NOT_IDEMPOTENT) };
        assert_eq!(listed().end(other(Outcome::Status(code))), wanted, "{code}");
    }
}

#[test]
fn any_other_error_status_is_final() {
    for code in [400, 401, 403, 404, 410, 422, 501, 505, 599, 999] {
        assert_eq!(first(idempotent(Outcome::Status(code))), stop(Stop::HTTPC_STOP_NOT_RETRYABLE), "{code}");
        assert_eq!(first(other(Outcome::Status(code))), stop(Stop::HTTPC_STOP_NOT_RETRYABLE), "{code}");
    }
}

#[test]
fn a_status_below_400_is_success() {
    for code in [200, 204, 304, 399] {
        assert_eq!(first(other(Outcome::Status(code))), stop(Stop::HTTPC_STOP_SUCCESS), "{code}");
    }
    assert_eq!(first(other(Outcome::Success)), stop(Stop::HTTPC_STOP_SUCCESS));
}

#[test]
fn a_listed_status_is_retried_whatever_its_class() {
    assert_eq!(Call::new(listing(&[202])).end(idempotent(Outcome::Status(202))), after_backoff(500));
}

#[test]
fn a_body_that_cannot_be_sent_again_ends_retrying() {
    for outcome in [Outcome::NeverSent, Outcome::Status(500), Outcome::Unprocessed, Outcome::Status(421)] {
        let spent = Situation { replayable: false, ..idempotent(outcome) };
        assert_eq!(first(spent), stop(Stop::HTTPC_STOP_NOT_REPLAYABLE), "{outcome:?}");
    }
}

#[test]
fn what_was_not_to_be_retried_anyway_is_not_blamed_on_the_body() {
    let spent = Situation { replayable: false, ..other(Outcome::MaybeSent) };
    assert_eq!(first(spent), stop(Stop::HTTPC_STOP_NOT_IDEMPOTENT));
    let spent = Situation { replayable: false, ..idempotent(Outcome::Success) };
    assert_eq!(first(spent), stop(Stop::HTTPC_STOP_SUCCESS));
}

#[test]
fn the_default_methods_are_those_of_rfc_9110_and_no_more() {
    let policy = RetryPolicy::default();
    for method in ["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"] {
        assert!(policy.is_idempotent_method(method), "{method}");
    }
    for method in ["POST", "PATCH", "CONNECT", "get", ""] {
        assert!(!policy.is_idempotent_method(method), "{method}");
    }
}

#[test]
fn sets_hold_what_they_were_given() {
    let statuses = StatusSet::from_codes(&[504, 408, 504, u16::MAX]);
    assert!(statuses.contains(408) && statuses.contains(504) && statuses.contains(u16::MAX));
    assert!(!statuses.contains(500) && !StatusSet::from_codes(&[]).contains(0));
    let methods = MethodSet::from_names(&["PURGE"]);
    assert!(methods.contains("PURGE") && !methods.contains("purge") && !methods.contains("GET"));
}
