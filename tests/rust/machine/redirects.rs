use super::support::*;
use httpclient::error::{Code, Stop};

fn redirect(status: u16, location: &str) -> Attempt {
    answer_with(status, &[("Location", location)])
}

fn final_url(ended: &Ended) -> String {
    ended.response().target.full()
}

#[test]
fn a_relative_location_is_resolved_against_the_url_that_answered() {
    let ended = get([redirect(302, "../other?x=1"), answer(200)]).run();
    assert_eq!(final_url(&ended), "http://api.test/other?x=1");
    assert_eq!(ended.response().attempts.len(), 2);
    assert_eq!(ended.started, [0, 2 * MS], "a hop does not wait");
}

#[test]
fn each_hop_has_its_own_retries() {
    let ended = get([redirect(302, "/a"), answer(503), answer(503), answer(200)]).run();
    assert_eq!(ended.response().status, 200);
}

#[test]
fn a_post_answered_with_303_goes_on_as_an_idempotent_get() {
    let ended = post([redirect(303, "/done"), reset_after_sending(), answer(200)]).run();
    assert_eq!(ended.response().attempts.iter().map(|a| a.method.as_str()).collect::<Vec<_>>(), ["POST", "GET", "GET"]);
}

#[test]
fn a_post_answered_with_307_stays_a_post_and_is_not_retried() {
    let ended = post([redirect(307, "/again"), reset_after_sending()]).run();
    assert_eq!(ended.error().stop, Stop::HTTPC_STOP_NOT_IDEMPOTENT);
}

#[test]
fn more_than_the_maximum_is_an_error_with_the_last_response() {
    let ended = get([redirect(302, "/1"), redirect(302, "/2")]).rules(|rules| rules.redirects.max = 1).run();
    assert_eq!((ended.error().code, ended.error().status), (Code::HTTPC_E_REDIRECT, 302));
    assert!(ended.error().to_string().contains("redirected more than 1 times"), "{}", ended.error());
}

#[test]
fn a_maximum_of_none_makes_it_an_ordinary_response() {
    let ended = get([redirect(302, "/1")]).rules(|rules| rules.redirects.max = 0).run();
    assert_eq!(ended.response().status, 302);
}

#[test]
fn for_a_post_it_can_be_switched_off() {
    let ended = post([redirect(303, "/1")]).rules(|rules| rules.redirects.post = false).run();
    assert_eq!(ended.response().status, 303);
}

#[test]
fn a_redirect_that_asks_for_time_is_given_it() {
    let slow = answer_with(302, &[("Location", "/later"), ("Retry-After", "2")]);
    assert_eq!(get([slow, answer(200)]).run().started, [0, 2 * S + 2 * MS]);
}

#[test]
fn a_redirect_that_asks_for_more_time_than_there_is_ends_the_call() {
    let slow = answer_with(302, &[("Location", "/later"), ("Retry-After", "3600")]);
    let ended = get([slow]).run();
    let error = ended.error();
    assert_eq!((error.code, error.stop), (Code::HTTPC_E_REDIRECT, Stop::HTTPC_STOP_RETRY_AFTER_TOO_LONG));
    assert_eq!(error.retry_after_ms, Some(3_600_000));
}

#[test]
fn one_that_is_not_followed_is_still_given_the_time_it_asks_for() {
    let cut_off = vec![
        (MS, Step::Sent),
        (MS, Step::Head(302, vec![("Retry-After", "2".to_owned())])),
        (S, Step::Broken(Code::HTTPC_E_TRUNCATED)),
    ];
    assert_eq!(get([cut_off, answer(200)]).run().started, [0, 2 * S + 2 * MS]);
}

#[test]
fn a_body_that_cannot_be_sent_again_is_not_redirected() {
    let ended = post([redirect(308, "/again")]).rules(|rules| rules.replayable = false).run();
    assert_eq!((ended.error().code, ended.error().stop), (Code::HTTPC_E_REDIRECT, Stop::HTTPC_STOP_NOT_REPLAYABLE));
}

#[test]
fn all_hops_share_one_deadline() {
    let silent = vec![(MS, Step::Sent)];
    let ended = get([redirect(302, "/slow"), silent]).timeouts(|t| t.total = Some(S)).run();
    assert_eq!((ended.error().code, ended.at), (Code::HTTPC_E_TIMEOUT_TOTAL, S));
}

#[test]
fn a_key_that_stayed_behind_with_the_body_explains_no_conflict() {
    let ended = post([redirect(303, "/done"), answer(409)]).rules(|rules| rules.own_key = true).run();
    assert_eq!((ended.error().status, ended.error().stop), (409, Stop::HTTPC_STOP_NOT_RETRYABLE));
}
