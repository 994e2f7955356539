use super::support::*;
use httpclient::error::{Code, Sent, Stop};

fn once(call: Call) -> Call {
    call.retry(|retry| retry.policy.max_attempts = 1)
}

#[test]
fn connect_bounds_the_whole_way_to_the_first_byte_sent() {
    let ended = once(get([vec![]])).run();
    assert_eq!((ended.error().code, ended.at), (Code::HTTPC_E_TIMEOUT_CONNECT, 5 * S));
    assert_eq!(ended.error().sent, Sent::HTTPC_SENT_NEVER_SENT);
}

#[test]
fn read_bounds_the_silence_and_not_the_length() {
    let trickle = (0..10).map(|_| (20 * S, Step::Body(1)));
    let script: Attempt = [(MS, Step::Sent), (MS, Step::Head(200, vec![]))].into_iter().chain(trickle).collect();
    let ended = once(get([script])).timeouts(|t| t.total = None).run();
    assert_eq!((ended.error().code, ended.at), (Code::HTTPC_E_TIMEOUT_READ, 2 * MS + 200 * S + 30 * S));
}

#[test]
fn write_bounds_the_time_without_progress() {
    let script = vec![(MS, Step::SentPart), (20 * S, Step::SentPart)];
    let ended = once(post([script])).timeouts(|t| t.total = None).run();
    assert_eq!((ended.error().code, ended.at), (Code::HTTPC_E_TIMEOUT_WRITE, MS + 50 * S));
    assert_eq!(ended.error().sent, Sent::HTTPC_SENT_MAYBE_SENT);
}

#[test]
fn what_leaves_the_kernels_buffer_counts_as_progress_when_it_left() {
    let script = vec![(MS, Step::SentPart), (20 * S, Step::SentBefore(5 * S))];
    let ended = once(post([script])).timeouts(|t| t.total = None).run();
    assert_eq!((ended.error().code, ended.at), (Code::HTTPC_E_TIMEOUT_WRITE, MS + 45 * S));
}

#[test]
fn it_counts_as_well_while_the_answer_is_waited_for() {
    let script = vec![(MS, Step::Sent), (20 * S, Step::SentBefore(5 * S))];
    let ended = once(post([script])).timeouts(|t| t.total = None).run();
    assert_eq!((ended.error().code, ended.at), (Code::HTTPC_E_TIMEOUT_READ, MS + 45 * S));
}

#[test]
fn what_left_it_before_is_no_progress() {
    let script = vec![(S, Step::Sent), (5 * S, Step::SentBefore(5 * S))];
    let ended = once(post([script])).timeouts(|t| t.total = None).run();
    assert_eq!((ended.error().code, ended.at), (Code::HTTPC_E_TIMEOUT_READ, 31 * S));
}

#[test]
fn pool_is_final() {
    let ended = get([]).permits_after([60 * S]).run();
    assert_eq!((ended.error().code, ended.at), (Code::HTTPC_E_TIMEOUT_POOL, 5 * S));
    assert_eq!(ended.error().attempts.len(), 0);
    assert_eq!(ended.error().sent, Sent::HTTPC_SENT_NEVER_SENT);
}

#[test]
fn waiting_for_the_pool_does_not_count_against_connect() {
    let slow = vec![(4900 * MS, Step::Sent), (MS, Step::Head(200, vec![])), (0, Step::Complete)];
    let ended = get([slow]).permits_after([4900 * MS]).run();
    assert_eq!(ended.response().status, 200);
    let first = &ended.response().attempts[0];
    assert_eq!((first.delay_ms, first.delay_source), (4900, httpclient::error::DelaySource::HTTPC_DELAY_POOL));
}

#[test]
fn attempt_bounds_one_attempt_and_is_retried() {
    let slow = vec![(MS, Step::Sent)];
    let ended = get([slow, answer(200)]).timeouts(|t| t.attempt = Some(S)).run();
    assert_eq!(ended.response().status, 200);
    assert_eq!(ended.started, [0, S + 100 * MS]);
}

#[test]
fn total_bounds_everything_and_does_not_start_anew_with_an_attempt() {
    let silent = || vec![(MS, Step::Sent)];
    let ended = get([silent(), silent(), silent()]).timeouts(|t| t.read = Some(25 * S)).run();
    assert_eq!((ended.error().code, ended.at), (Code::HTTPC_E_TIMEOUT_TOTAL, 60 * S));
    assert_eq!(ended.error().stop, Stop::HTTPC_STOP_DEADLINE);
    assert_eq!(ended.error().attempts.len(), 3);
}

#[test]
fn total_bounds_the_wait_for_a_permit_too() {
    let ended = get([]).permits_after([60 * S]).timeouts(|t| (t.pool, t.total) = (None, Some(S))).run();
    assert_eq!((ended.error().code, ended.at), (Code::HTTPC_E_TIMEOUT_TOTAL, S));
}

#[test]
fn a_pause_that_would_pass_the_deadline_ends_the_call_at_once_with_the_last_outcome() {
    let ended = get([answer(503)])
        .retry(|retry| retry.set_backoff(2000, 2.0, 10_000).expect("sane"))
        .timeouts(|t| t.total = Some(S))
        .run();
    assert_eq!((ended.error().code, ended.error().stop), (Code::HTTPC_E_STATUS, Stop::HTTPC_STOP_DEADLINE));
    assert_eq!(ended.at, 2 * MS);
}

#[test]
fn a_total_timeout_keeps_the_last_response() {
    let ended = get([answer(503), vec![(MS, Step::Sent)]]).timeouts(|t| t.total = Some(S)).run();
    assert_eq!((ended.error().code, ended.error().status), (Code::HTTPC_E_TIMEOUT_TOTAL, 503));
}

#[test]
fn without_limits_a_slow_call_succeeds() {
    let hour = 3600 * S;
    let slow = vec![(hour, Step::Sent), (hour, Step::Head(200, vec![])), (hour, Step::Complete)];
    let unlimited = |t: &mut httpclient::client::timeouts::Timeouts| {
        (t.connect, t.read, t.write, t.pool, t.attempt, t.total) = (None, None, None, None, None, None);
    };
    assert_eq!(get([slow]).timeouts(unlimited).run().at, 3 * hour);
}
