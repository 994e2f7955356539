use super::support::*;
use httpclient::error::{Code, Sent, Stop};

#[test]
fn a_cancel_ends_the_call_at_once_wherever_it_is() {
    let silent = || vec![(MS, Step::Sent)];
    let cases = [
        ("waiting for a permit", get([]).permits_after([4 * S]).interrupted(S, Code::HTTPC_E_CANCELLED)),
        ("connecting", get([vec![]]).interrupted(S, Code::HTTPC_E_CANCELLED)),
        ("waiting for the answer", get([silent()]).interrupted(S, Code::HTTPC_E_CANCELLED)),
        (
            "pausing before a retry",
            get([answer_with(503, &[("Retry-After", "9")])]).interrupted(S, Code::HTTPC_E_CANCELLED),
        ),
    ];
    for (place, call) in cases {
        let ended = call.run();
        assert_eq!(
            (ended.error().code, ended.error().stop),
            (Code::HTTPC_E_CANCELLED, Stop::HTTPC_STOP_CANCELLED),
            "{place}"
        );
        assert_eq!(ended.at, S, "{place}");
    }
}

#[test]
fn a_closed_client_ends_the_call_with_its_own_code() {
    let ended = get([vec![]]).interrupted(S, Code::HTTPC_E_CLOSED).run();
    assert_eq!((ended.error().code, ended.error().stop), (Code::HTTPC_E_CLOSED, Stop::HTTPC_STOP_CLOSED));
}

#[test]
fn a_cancelled_post_says_whether_it_may_have_been_sent() {
    let before = post([vec![]]).interrupted(MS, Code::HTTPC_E_CANCELLED).run();
    assert_eq!(before.error().sent, Sent::HTTPC_SENT_NEVER_SENT);
    let after = post([vec![(MS, Step::Sent)]]).interrupted(S, Code::HTTPC_E_CANCELLED).run();
    assert_eq!(after.error().sent, Sent::HTTPC_SENT_MAYBE_SENT);
}

#[test]
fn a_cancel_while_an_error_body_is_read_is_a_cancel() {
    let slow = vec![(MS, Step::Sent), (MS, Step::Head(404, vec![])), (9 * S, Step::Complete)];
    let ended = get([slow]).interrupted(S, Code::HTTPC_E_CANCELLED).run();
    assert_eq!(ended.error().code, Code::HTTPC_E_CANCELLED);
}

#[test]
fn a_cancelled_pause_keeps_the_response_that_led_to_it() {
    let ended = get([answer_with(503, &[("Retry-After", "9")])]).interrupted(S, Code::HTTPC_E_CANCELLED).run();
    assert_eq!(ended.error().status, 503);
}
