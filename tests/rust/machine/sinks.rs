//! Which bodies go to a request's sink, and what a body means that broke off on the way there.

use super::support::*;
use httpclient::client::machine::{Action, Event, Machine, SinkRules};
use httpclient::client::response::Head;
use httpclient::error::{Code, Stop};

/// Whether a response with this status goes to the sink, and how much of it.
fn verdict(status: u16, change: impl FnOnce(&mut SinkRules, &mut bool)) -> (bool, u64) {
    let mut rules = get([]).rules;
    let mut sink = SinkRules { max_body: 1 << 40, only_success: false };
    change(&mut sink, &mut rules.status_errors);
    rules.sink = Some(sink);
    let mut machine = Machine::new(rules, 0, fastrand::Rng::with_seed(1));
    machine.start(0);
    machine.handle(0, Event::PermitGranted { queued: false });
    let head = Head { status, version: 11, ..Head::default() };
    match machine.handle(MS, Event::Head { head: &head, unix_ms: &|| 0 }) {
        Action::Body { limit, deliver } => (deliver, limit),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_success_goes_to_the_sink_under_its_own_limit() {
    assert_eq!(verdict(200, |_, _| ()), (true, 1 << 40));
    assert_eq!(verdict(304, |_, _| ()), (true, 1 << 40));
}

#[test]
fn what_is_retried_or_an_error_does_not() {
    assert!(!verdict(503, |_, _| ()).0);
    assert_eq!(verdict(404, |_, _| ()), (false, 1 << 20));
    assert_eq!(verdict(404, |_, status_errors| *status_errors = false), (true, 1 << 40));
}

#[test]
fn a_sink_for_success_alone_gets_no_other() {
    assert!(verdict(206, |sink, _| sink.only_success = true).0);
    assert_eq!(verdict(304, |sink, _| sink.only_success = true), (false, 1 << 20));
    assert!(!verdict(404, |sink, errors| (sink.only_success, *errors) = (true, false)).0);
}

#[test]
fn a_body_that_broke_off_is_fetched_again_while_the_sink_has_nothing() {
    let mut call = get([truncated(), answer(200)]);
    call.rules.sink = Some(SinkRules { max_body: u64::MAX, only_success: false });
    assert!(call.run().result.is_ok());
}

#[test]
fn once_the_sink_has_some_of_it_the_call_ends() {
    let mut attempt = truncated();
    attempt.insert(3, (0, Step::Delivered(3)));
    let mut call = get([attempt]);
    call.rules.sink = Some(SinkRules { max_body: u64::MAX, only_success: false });
    let error = call.run().result.expect_err("it cannot be taken back");
    assert_eq!((error.code, error.stop), (Code::HTTPC_E_TRUNCATED, Stop::HTTPC_STOP_NOT_RETRYABLE));
}
