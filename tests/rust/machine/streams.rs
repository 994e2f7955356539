//! Event streams: which ends are followed by another connection, and when.

use super::support::*;
use httpclient::client::machine::{Continuation, SinkRules};
use httpclient::error::{Code, DelaySource, Stop};
use std::sync::Arc;

const ALIVE: Step = Step::GoesOn(Continuation { pause_ms: 3000, is_alive: true });
const NOTHING_CAME: Step = Step::GoesOn(Continuation { pause_ms: 3000, is_alive: false });

/// Opened 2 ms after its start, brings something, and ends so.
fn stream(last: Step) -> Attempt {
    vec![(MS, Step::Sent), (MS, Step::Head(200, vec![])), (0, Step::Delivered(5)), (0, ALIVE), (0, last)]
}

fn empty(last: Step) -> Attempt {
    vec![(MS, Step::Sent), (MS, Step::Head(200, vec![])), (0, NOTHING_CAME), (0, last)]
}

fn no_content() -> Attempt {
    vec![(MS, Step::Sent), (MS, Step::Head(204, vec![])), (0, NOTHING_CAME), (0, Step::Complete)]
}

fn events(call: Call) -> Call {
    call.timeouts(|timeouts| timeouts.total = None)
        .rules(|rules| rules.sink = Some(SinkRules { max_body: u64::MAX, only_success: true }))
}

#[test]
fn the_end_of_a_stream_is_followed_by_another_connection() {
    let ended = events(get([stream(Step::Complete), empty(Step::Complete), no_content()])).run();
    assert_eq!(ended.response().status, 204);
    assert_eq!(ended.started, [0, 3 * S + 2 * MS, 6 * S + 4 * MS]);
    let second = &ended.response().attempts[1];
    assert_eq!((second.delay_ms, second.delay_source), (3000, DelaySource::HTTPC_DELAY_RECONNECT));
}

#[test]
fn a_stream_that_broke_off_goes_on_any_number_of_times() {
    let mut script = vec![stream(Step::Broken(Code::HTTPC_E_TRUNCATED)); 9];
    script.push(no_content());
    assert_eq!(events(get(script)).run().started.len(), 10);
}

#[test]
fn failures_between_streams_are_counted_anew() {
    let lost = stream(Step::Broken(Code::HTTPC_E_IO));
    let script = [lost.clone(), refused(), refused(), lost, refused(), refused(), refused()];
    let ended = events(get(script)).run();
    assert_eq!((ended.error().code, ended.error().stop), (Code::HTTPC_E_CONNECT, Stop::HTTPC_STOP_MAX_ATTEMPTS));
}

#[test]
fn streams_that_break_before_they_bring_anything_are_failures() {
    let ended = events(get(vec![empty(Step::Broken(Code::HTTPC_E_TRUNCATED)); 3])).run();
    assert_eq!((ended.error().code, ended.error().stop), (Code::HTTPC_E_TRUNCATED, Stop::HTTPC_STOP_MAX_ATTEMPTS));
}

#[test]
fn silence_is_the_end_of_a_connection_and_not_of_the_call() {
    let silent = stream(Step::Sent)[..4].to_vec();
    let ended = events(get([silent, no_content()])).run();
    assert_eq!(ended.response().attempts[0].code, Code::HTTPC_E_TIMEOUT_READ);
    assert_eq!(ended.response().status, 204);
}

#[test]
fn what_may_be_sent_once_is_sent_once() {
    assert!(events(post([stream(Step::Complete)])).run().result.is_ok());
    let ended = events(post([stream(Step::Broken(Code::HTTPC_E_TRUNCATED))])).run();
    assert_eq!(ended.error().stop, Stop::HTTPC_STOP_NOT_RETRYABLE);
}

#[test]
fn a_final_status_is_final() {
    let ended = events(get([stream(Step::Complete), answer(404)])).run();
    assert_eq!((ended.error().code, ended.error().status), (Code::HTTPC_E_STATUS, 404));
}

#[test]
fn the_program_ends_it_at_any_time() {
    let ended = events(get([stream(Step::Aborted(Code::HTTPC_E_ABORTED))])).run();
    assert_eq!(ended.error().code, Code::HTTPC_E_ABORTED);
    let paused = events(get([stream(Step::Complete)])).interrupted(S, Code::HTTPC_E_CANCELLED).run();
    assert_eq!((paused.error().code, paused.at), (Code::HTTPC_E_CANCELLED, S));
}

#[test]
fn the_total_timeout_bounds_the_pauses_too() {
    let ended = events(get([stream(Step::Complete)])).timeouts(|timeouts| timeouts.total = Some(2 * S)).run();
    assert_eq!((ended.error().code, ended.at), (Code::HTTPC_E_TIMEOUT_TOTAL, 2 * S));
    assert_eq!(ended.error().stop, Stop::HTTPC_STOP_DEADLINE);
}

#[test]
fn each_connection_goes_the_whole_way() {
    let elsewhere = answer_with(307, &[("Location", "http://other.test/events")]);
    let mut script = Vec::new();
    for _ in 0..12 {
        script.extend([elsewhere.clone(), stream(Step::Complete)]);
    }
    script.push(no_content());
    let ended = events(get(script)).run();
    assert_eq!(ended.response().attempts.last().map(|last| last.target.origin.host.as_str()), Some("api.test"));
}

#[test]
fn the_history_keeps_the_newest() {
    let mut script = vec![stream(Step::Complete); 100];
    script.push(no_content());
    let ended = events(get(script)).run();
    assert_eq!(ended.started.len(), 101);
    assert_eq!(ended.response().attempts.len(), 65);
    assert_eq!(ended.response().attempts.last().map(|last| last.status), Some(204));
}

#[test]
fn a_stream_that_comes_back_gives_the_budget_its_due() {
    use httpclient::policy::budget::{Budget, BudgetPolicy};
    let policy = BudgetPolicy { capacity: 10, retry_cost: 5, ..BudgetPolicy::default() };
    let budget = Arc::new(httpclient::sync::Mutex::new(Budget::new(&policy)));
    let mut script = Vec::new();
    for _ in 0..5 {
        script.extend([reset_after_sending(), stream(Step::Complete)]);
    }
    script.push(no_content());
    let call = events(get(script)).retry(|retry| retry.policy.budget = policy).rules(|rules| rules.budget = budget);
    assert_eq!(call.run().response().status, 204);
}
