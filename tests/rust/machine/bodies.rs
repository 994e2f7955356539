use super::support::*;
use httpclient::error::{Code, Sent, Stop};

fn spent(mut attempt: Attempt) -> Attempt {
    attempt.insert(1, (0, Step::Spent));
    attempt
}

#[test]
fn a_spent_body_ends_retrying_and_an_unread_one_does_not() {
    let ended = get([refused(), refused(), answer(200)]).run();
    assert_eq!(ended.response().attempts.len(), 3);
    for attempt in [spent(answer(503)), spent(reset_after_sending())] {
        let ended = get([attempt]).run();
        assert_eq!(ended.error().stop, Stop::HTTPC_STOP_NOT_REPLAYABLE);
        assert_eq!(ended.sent, 1);
    }
}

#[test]
fn a_redirect_that_drops_a_spent_body_is_followed_and_retried() {
    let moved = |status| spent(answer_with(status, &[("location", "/elsewhere")]));
    let ended = post([moved(303), answer(503), answer(200)]).run();
    assert_eq!(ended.response().attempts.len(), 3);
    let ended = post([moved(307)]).run();
    assert_eq!((ended.error().code, ended.error().stop), (Code::HTTPC_E_REDIRECT, Stop::HTTPC_STOP_NOT_REPLAYABLE));
}

#[test]
fn while_the_program_gives_nothing_only_attempt_and_total_run() {
    let starved = |pause| {
        let steps = [(MS, Step::Starved), (pause, Step::Sent), (MS, Step::Head(200, vec![])), (0, Step::Complete)];
        get([steps.to_vec()])
    };
    let short =
        |call: Call| call.timeouts(|timeouts| (timeouts.read, timeouts.write) = (Some(100 * MS), Some(100 * MS)));
    assert_eq!(short(starved(50 * S)).run().response().status, 200);
    let ended = short(starved(90 * S)).run();
    assert_eq!((ended.error().code, ended.at), (Code::HTTPC_E_TIMEOUT_TOTAL, 60 * S));
    let attempt =
        |call: Call| call.timeouts(|timeouts| timeouts.attempt = Some(S)).retry(|rules| rules.policy.max_attempts = 1);
    assert_eq!(attempt(short(starved(50 * S))).run().error().code, Code::HTTPC_E_TIMEOUT_ATTEMPT);
}

#[test]
fn what_the_program_ends_is_over() {
    for code in [Code::HTTPC_E_ABORTED, Code::HTTPC_E_FILE] {
        let ended = get([vec![(MS, Step::Sent), (MS, Step::Aborted(code))]]).run();
        let error = ended.error();
        assert_eq!(
            (error.code, error.stop, error.sent),
            (code, Stop::HTTPC_STOP_NOT_RETRYABLE, Sent::HTTPC_SENT_MAYBE_SENT)
        );
        assert!(error.detail.to_string_lossy().contains("the program said stop"), "{error}");
        let late = vec![(MS, Step::Sent), (MS, Step::Head(200, vec![])), (0, Step::Aborted(code))];
        assert_eq!(get([late]).run().error().code, code);
    }
}

#[test]
fn an_error_status_says_more_than_what_the_program_ends_after_it() {
    let steps = vec![(MS, Step::Sent), (MS, Step::Head(413, vec![])), (0, Step::Aborted(Code::HTTPC_E_ABORTED))];
    let ended = get([steps]).run();
    assert_eq!((ended.error().code, ended.error().status), (Code::HTTPC_E_STATUS, 413));
}
