use super::{
    client::Client,
    raw::{self, Frame, Raw, block},
};
use crate::{client::connect, start};
use h2::Reason;

#[test]
fn some_answers_cost_a_client_the_stream() {
    let server = start();
    let mut client = Client::new(&server);
    let names = [
        "connection",
        "transfer-encoding",
        "no-status",
        "two-statuses",
        "late-status",
        "too-long",
        "too-short",
        "interim-end",
    ];
    for name in names {
        assert_eq!(client.reason(&format!("/h2/bad/{name}")), Some(Reason::PROTOCOL_ERROR), "{name}");
        assert_eq!(client.get("/echo").status, 200, "{name}");
    }
}

#[test]
fn some_answers_cost_a_client_the_connection() {
    let server = start();
    let names = [
        ("upper-case", Reason::PROTOCOL_ERROR),
        ("status-text", Reason::PROTOCOL_ERROR),
        ("empty-name", Reason::PROTOCOL_ERROR),
        ("space-in-name", Reason::PROTOCOL_ERROR),
        ("line-break", Reason::PROTOCOL_ERROR),
        ("nul", Reason::PROTOCOL_ERROR),
        ("oversized", Reason::FRAME_SIZE_ERROR),
        ("data-first", Reason::PROTOCOL_ERROR),
        ("padding", Reason::PROTOCOL_ERROR),
        ("no-final", Reason::PROTOCOL_ERROR),
        ("hpack", Reason::PROTOCOL_ERROR),
        ("interrupted-head", Reason::PROTOCOL_ERROR),
        ("continuation", Reason::PROTOCOL_ERROR),
        ("push", Reason::PROTOCOL_ERROR),
        ("window-zero", Reason::PROTOCOL_ERROR),
        ("data-idle", Reason::PROTOCOL_ERROR),
        ("reset-idle", Reason::PROTOCOL_ERROR),
        ("reset-zero", Reason::PROTOCOL_ERROR),
        ("settings-length", Reason::PROTOCOL_ERROR),
        ("settings-window", Reason::PROTOCOL_ERROR),
        ("ping-length", Reason::PROTOCOL_ERROR),
        ("connection-window-overflow", Reason::FLOW_CONTROL_ERROR),
    ];
    for (name, reason) in names {
        let (_, error) = Client::new(&server).try_get(&format!("/h2/bad/{name}")).expect_err(name);
        assert!(error.is_go_away() && error.is_library(), "{name}: {error}");
        assert_eq!(error.reason(), Some(reason), "{name}");
    }
}

/// The h2 crate as a client overlooks these.
#[test]
fn some_answers_are_wrong_only_to_a_strict_client() {
    let server = start();
    let frames = |name: &str, count: usize| {
        let mut client = Raw::on(connect(server.url("h2c")));
        client.ask(1, &format!("/h2/bad/{name}"));
        let mut frames = std::iter::repeat_with(|| client.frame().expect("a frame")).filter(|frame| frame.stream == 1);
        (0..count).map(|_| frames.next().expect("no end")).collect::<Vec<_>>()
    };
    let head = |fields: &[_]| Frame { kind: raw::HEADERS, flags: raw::END_HEADERS, stream: 1, payload: block(fields) };
    let last = |text: &str| Frame { kind: raw::DATA, flags: raw::END_STREAM, stream: 1, payload: text.into() };
    let status = (":status", "200");
    assert_eq!(frames("request-pseudo", 2), [head(&[status, (":path", "/")]), last("ok")]);
    assert_eq!(frames("after-end", 3), [head(&[status]), last("ok"), last("more")]);
    let increment = Frame { kind: raw::WINDOW_UPDATE, flags: 0, stream: 1, payload: vec![0x7f, 0xff, 0xff, 0xff] };
    assert_eq!(frames("window-overflow", 1), [increment]);
}

#[test]
fn an_unknown_frame_is_no_fault() {
    let server = start();
    let mut client = Raw::on(connect(server.url("h2c")));
    client.ask(1, "/h2/bad/unknown-frame");
    assert_eq!(client.next(0xfa).payload, b"whatever");
    assert_eq!(client.next(raw::DATA).payload, br#"{"ok":true}"#);
    assert_eq!(Client::new(&server).get("/h2/bad/unknown-frame").status, 200);
}
