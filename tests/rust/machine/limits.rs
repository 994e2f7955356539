use super::support::*;
use httpclient::error::{Code, DelaySource, Stop};

#[test]
fn every_attempt_takes_a_token_first() {
    let ended = get([answer(503), answer(200)]).tokens_after([S, S]).run();
    assert_eq!(ended.started, [S, S + 102 * MS + S]);
    let waits: Vec<_> = ended.response().attempts.iter().map(|a| (a.delay_ms, a.delay_source)).collect();
    assert_eq!(waits, [(1000, DelaySource::HTTPC_DELAY_RATE_LIMIT), (1000, DelaySource::HTTPC_DELAY_RATE_LIMIT)]);
}

#[test]
fn waiting_for_a_token_counts_against_no_timeout_but_the_total() {
    let slow = vec![(4900 * MS, Step::Sent), (MS, Step::Head(200, vec![])), (0, Step::Complete)];
    let ended = get([slow]).tokens_after([20 * S]).permits_after([4900 * MS]).run();
    assert_eq!(ended.response().status, 200);
}

#[test]
fn a_token_that_would_come_too_late_is_not_waited_for() {
    let ended = get([]).tokens_after([90 * S]).run();
    let error = ended.error();
    assert_eq!((error.code, error.stop), (Code::HTTPC_E_RATE_LIMITED, Stop::HTTPC_STOP_RATE_LIMITED));
    assert_eq!((ended.at, error.retry_after_ms), (0, Some(90_000)));
}

#[test]
fn a_cancel_ends_the_wait_for_a_token() {
    let ended = get([]).tokens_after([9 * S]).interrupted(S, Code::HTTPC_E_CANCELLED).run();
    assert_eq!((ended.error().code, ended.at), (Code::HTTPC_E_CANCELLED, S));
}
