use super::support::*;
use httpclient::error::{Code, DelaySource, Sent, Stop};

#[test]
fn each_attempt_says_what_was_waited_for_and_why_it_stopped() {
    let ended = get([answer_with(429, &[("Retry-After", "1")]), answer(503), answer(200)]).run();
    let story: Vec<_> =
        ended.response().attempts.iter().map(|a| (a.status, a.delay_ms, a.delay_source, a.stop)).collect();
    assert_eq!(
        story,
        [
            (429, 0, DelaySource::HTTPC_DELAY_NONE, Stop::HTTPC_STOP_NONE),
            (503, 1000, DelaySource::HTTPC_DELAY_RETRY_AFTER, Stop::HTTPC_STOP_NONE),
            (200, 200, DelaySource::HTTPC_DELAY_BACKOFF, Stop::HTTPC_STOP_SUCCESS),
        ]
    );
}

#[test]
fn times_count_from_the_start_of_the_call() {
    let ended = get([refused(), answer(200)]).run();
    let times: Vec<_> = ended.response().attempts.iter().map(|a| (a.start_us, a.duration_us)).collect();
    assert_eq!(times, [(0, MS), (101 * MS, 2 * MS)]);
    assert_eq!(ended.response().elapsed_us, 103 * MS);
}

#[test]
fn a_single_attempt_that_went_out_takes_the_proof_of_never_sent_away() {
    let ended = get([reset_after_sending(), refused(), refused()]).run();
    assert_eq!(ended.error().code, Code::HTTPC_E_CONNECT);
    assert_eq!(ended.error().sent, Sent::HTTPC_SENT_MAYBE_SENT);
    let all_refused = get([refused(), refused(), refused()]).run();
    assert_eq!(all_refused.error().sent, Sent::HTTPC_SENT_NEVER_SENT);
}

#[test]
fn the_detail_is_a_sentence_without_the_query() {
    let ended = get([vec![], vec![], vec![]]).timeouts(|t| t.connect = Some(S)).run();
    let detail = ended.error().detail.to_str().expect("UTF-8");
    assert_eq!(detail, "GET http://api.test/items: connect timed out after 3 attempts in 3.3 s");
}

#[test]
fn the_detail_says_why_nothing_was_tried_again() {
    let detail = |call: Call| call.run().error().to_string();
    assert_eq!(
        detail(post([reset_after_sending()])),
        "POST http://api.test/items: as scripted; not retried, since POST may have taken effect"
    );
    assert_eq!(
        detail(get([answer_with(503, &[("Retry-After", "120")])])),
        "GET http://api.test/items: 503 Service Unavailable: xxxxx; not retried, since the server asks to wait 120.0 s"
    );
}
