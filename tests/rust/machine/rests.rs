//! A body that breaks off when a sink has a part of it: when another attempt asks for the rest, and what it takes for that.

use super::support::*;
use httpclient::client::machine::SinkRules;
use httpclient::error::{Code, Stop};
use httpclient::policy::retry::StatusSet;

const WHOLE: &[(&str, &str)] = &[("etag", "\"a\""), ("content-length", "100")];
const REST: &[(&str, &str)] = &[("etag", "\"a\""), ("content-range", "bytes 40-99/100"), ("content-length", "60")];

/// So many bytes with the sink, then the end of the connection.
fn broken_after(bytes: u64, status: u16, headers: &[(&'static str, &str)]) -> Attempt {
    let mut attempt = answer_with(status, headers);
    attempt.truncate(2);
    attempt.extend([(0, Step::Delivered(bytes)), (MS, Step::Broken(Code::HTTPC_E_TRUNCATED))]);
    attempt
}

fn download(script: impl IntoIterator<Item = Attempt>) -> Call {
    let mut call = get(script);
    call.rules.sink = Some(SinkRules { max_body: u64::MAX, only_success: false });
    call
}

/// 40 of 100 bytes, and then what comes.
fn download_then(script: impl IntoIterator<Item = Attempt>) -> Call {
    download(std::iter::once(broken_after(40, 200, WHOLE)).chain(script))
}

fn asked(ended: &Ended) -> Vec<Option<u64>> {
    ended.asked.iter().map(|rest| rest.as_ref().map(|rest| rest.from)).collect()
}

/// It ended with what broke off, and says why no more was to be had.
fn assert_given_up(ended: &Ended, why: &str) {
    let error = ended.error();
    let detail = error.detail.to_string_lossy();
    assert_eq!((error.code, error.stop), (Code::HTTPC_E_TRUNCATED, Stop::HTTPC_STOP_NOT_RETRYABLE), "{detail}");
    assert!(detail.contains("as scripted after 2 attempts") && detail.contains(why), "{detail}");
    assert_eq!(error.status, 200);
    assert_eq!(error.attempts.len(), 2);
}

/// No attempt follows the first, which broke off after 40 bytes.
fn assert_not_asked_for(call: Call) {
    let ended = call.run();
    let error = ended.error();
    assert_eq!((error.code, error.stop), (Code::HTTPC_E_TRUNCATED, Stop::HTTPC_STOP_NOT_RETRYABLE));
    assert_eq!(ended.started.len(), 1);
}

#[test]
fn the_rest_is_asked_for_from_where_it_broke_off() {
    let ended = download_then([answer_with(206, REST)]).run();
    assert_eq!(ended.response().status, 200);
    assert_eq!(asked(&ended), [None, Some(40)]);
    assert_eq!(ended.asked[1].as_ref().map(|rest| &*rest.etag), Some("\"a\""));
    let statuses: Vec<_> = ended.response().attempts.iter().map(|attempt| (attempt.status, attempt.code)).collect();
    assert_eq!(statuses, [(200, Code::HTTPC_E_TRUNCATED), (206, Code::HTTPC_OK)]);
}

#[test]
fn it_waits_as_any_retry_does() {
    let ended = download_then([answer_with(206, REST)]).run();
    assert_eq!(ended.started, [0, 103 * MS]);
}

#[test]
fn a_rest_that_breaks_off_has_a_rest_too() {
    let last = [("etag", "\"a\""), ("content-range", "bytes 70-99/100"), ("content-length", "30")];
    let ended = download_then([broken_after(30, 206, REST), answer_with(206, &last)]).run();
    assert_eq!(ended.response().status, 200);
    assert_eq!(asked(&ended), [None, Some(40), Some(70)]);
}

#[test]
fn what_fails_in_between_is_retried_and_then_asked_for_again() {
    let script = [refused(), answer(503), reset_after_sending(), answer_with(206, REST)];
    let ended = download_then(script).retry(|retry| retry.policy.max_attempts = 5).run();
    assert_eq!(ended.response().status, 200);
    assert_eq!(asked(&ended), [None, Some(40), Some(40), Some(40), Some(40)]);
}

#[test]
fn the_last_attempt_of_the_policy_says_how_it_ended() {
    let ended = download_then([answer(503), answer(503)]).run();
    assert_eq!((ended.error().code, ended.error().stop), (Code::HTTPC_E_STATUS, Stop::HTTPC_STOP_MAX_ATTEMPTS));
    let ended = download_then([
        broken_after(1, 206, REST),
        broken_after(1, 206, &[("etag", "\"a\""), ("content-range", "bytes 41-99/100"), ("content-length", "59")]),
    ])
    .run();
    assert_eq!((ended.error().code, ended.error().stop), (Code::HTTPC_E_TRUNCATED, Stop::HTTPC_STOP_MAX_ATTEMPTS));
    assert_eq!(ended.error().status, 200);
}

#[test]
fn an_error_status_is_the_calls_error() {
    let ended = download_then([answer(404)]).run();
    assert_eq!((ended.error().code, ended.error().status), (Code::HTTPC_E_STATUS, 404));
}

#[test]
fn silence_is_a_way_to_break_off() {
    let mut silent = broken_after(40, 200, WHOLE);
    silent.pop();
    let call = download([silent, answer_with(206, REST)]);
    let ended = call.timeouts(|timeouts| timeouts.read = Some(S)).run();
    assert_eq!(asked(&ended), [None, Some(40)]);
    assert_eq!(ended.response().status, 200);
}

#[test]
fn without_retries_there_is_no_rest() {
    let ended = download_then([]).retry(|retry| retry.policy.max_attempts = 1).run();
    assert_eq!((ended.error().code, ended.error().stop), (Code::HTTPC_E_TRUNCATED, Stop::HTTPC_STOP_MAX_ATTEMPTS));
}

#[test]
fn only_a_strong_etag_proves_that_it_is_the_same() {
    assert_not_asked_for(download([broken_after(40, 200, &[("content-length", "100")])]));
    assert_not_asked_for(download([broken_after(40, 200, &[("etag", "W/\"a\"")])]));
    assert_not_asked_for(download([broken_after(40, 200, &[("etag", "\"a\""), ("etag", "\"b\"")])]));
}

#[test]
fn what_the_server_has_no_ranges_of_is_not_asked_for() {
    assert_not_asked_for(download([broken_after(40, 200, &[("etag", "\"a\""), ("accept-ranges", "None")])]));
}

#[test]
fn a_coded_body_has_no_rest() {
    assert_not_asked_for(download([broken_after(40, 200, &[("etag", "\"a\""), ("content-encoding", "gzip")])]));
}

#[test]
fn only_a_whole_body_of_a_get_has_one() {
    assert_not_asked_for(download([broken_after(40, 206, WHOLE)]));
    assert_not_asked_for(download_then([]).rules(|rules| rules.resumes = false));
    let mut post = post([broken_after(40, 200, WHOLE)]);
    (post.rules.sink, post.rules.idempotent) = (download([]).rules.sink, true);
    assert_not_asked_for(post);
}

#[test]
fn where_nothing_is_missing_nothing_is_asked_for() {
    assert_not_asked_for(download([broken_after(100, 200, WHOLE)]));
}

#[test]
fn what_a_server_claims_not_to_have_done_is_not_delivered_twice() {
    let mut attempt = broken_after(40, 200, &[]);
    attempt.pop();
    attempt.extend([(0, Step::Unprocessed), (0, Step::Broken(Code::HTTPC_E_IO))]);
    let ended = download([attempt]).run();
    assert_eq!((ended.error().code, ended.error().stop), (Code::HTTPC_E_IO, Stop::HTTPC_STOP_NOT_RETRYABLE));
}

#[test]
fn another_whole_is_no_rest() {
    assert_given_up(&download_then([answer_with(200, WHOLE)]).run(), "answered with the whole");
}

#[test]
fn other_answers_are_none_either() {
    assert_given_up(&download_then([answer(416)]).run(), "no such range");
    assert_given_up(&download_then([answer(204)]).run(), "status 204");
    assert_given_up(&download_then([answer(404)]).rules(|rules| rules.status_errors = false).run(), "status 404");
}

#[test]
fn a_redirect_leads_to_something_else() {
    let ended = download_then([answer_with(302, &[("location", "/other")])]).run();
    assert_given_up(&ended, "status 302");
}

#[test]
fn a_range_that_does_not_fit_is_none() {
    for range in ["bytes 39-99/100", "bytes 41-99/100", "bytes 40-98/100", "bytes 40-99/101", "bytes */100", "x"] {
        let headers = [("etag", "\"a\""), ("content-range", range), ("content-length", "60")];
        assert_given_up(&download_then([answer_with(206, &headers)]).run(), &format!("another range: {range}"));
    }
    let none = [("etag", "\"a\""), ("content-length", "60")];
    assert_given_up(&download_then([answer_with(206, &none)]).run(), "which range");
}

#[test]
fn a_range_of_something_else_is_none() {
    let changed = |etag: &str| {
        let headers = [("content-range", "bytes 40-99/100"), ("content-length", "60"), ("etag", etag)];
        download_then([answer_with(206, &headers)]).run()
    };
    assert_given_up(&changed("\"b\""), "another ETag");
    assert_given_up(&changed("W/\"a\""), "another ETag");
    let none = [("content-range", "bytes 40-99/100"), ("content-length", "60")];
    assert_given_up(&download_then([answer_with(206, &none)]).run(), "another ETag");
    let coded = [REST, &[("content-encoding", "gzip")]].concat();
    assert_given_up(&download_then([answer_with(206, &coded)]).run(), "coded");
}

#[test]
fn a_range_whose_length_is_another_is_none() {
    let other = [("etag", "\"a\""), ("content-range", "bytes 40-99/100"), ("content-length", "61")];
    assert_given_up(&download_then([answer_with(206, &other)]).run(), "length");
    assert_given_up(&download_then([answer_with(206, &REST[..2])]).run(), "length");
}

#[test]
fn the_whole_length_may_be_known_from_either() {
    let open = [("etag", "\"a\""), ("content-range", "bytes 40-99/*"), ("content-length", "60")];
    assert!(download_then([answer_with(206, &open)]).run().result.is_ok());
    let chunked = || broken_after(40, 200, &[("etag", "\"a\"")]);
    assert!(download([chunked(), answer_with(206, REST)]).run().result.is_ok());
    assert_given_up(&download([chunked(), answer_with(206, &open)]).run(), "another range");
}

#[test]
fn the_longest_body_counts_over_all_parts() {
    let limited = |max_body| {
        let mut call = download([broken_after(40, 200, &WHOLE[..1]), answer_with(206, REST)]);
        call.rules.sink = Some(SinkRules { max_body, only_success: true });
        call.run().result.map_err(|error| error.code).map(|_| ())
    };
    assert_eq!(limited(100), Ok(()));
    assert_eq!(limited(99), Err(Code::HTTPC_E_BODY_TOO_LARGE));
}

#[test]
fn the_policys_statuses_come_first() {
    let script = [answer(416), answer_with(206, REST)];
    let call = download_then(script).retry(|retry| retry.policy.statuses = StatusSet::from_codes(&[416]));
    assert_eq!(call.run().response().status, 200);
}
