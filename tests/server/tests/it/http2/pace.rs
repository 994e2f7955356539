use super::{
    client::Client,
    raw::{self, Raw},
};
use crate::{
    client::{connect, get},
    start,
};
use std::time::{Duration, Instant};

#[test]
fn a_slow_stream_holds_up_no_other() {
    let server = start();
    let mut client = Client::new(&server);
    let begin = Instant::now();
    let slow = client.ask("/delay/60/503");
    let gated = client.ask("/gate?key=a");
    assert_eq!(client.get("/_open?key=a&n=1").status, 200);
    assert_eq!(client.wait(gated).expect("an answer").status, 200);
    assert_eq!(client.wait(slow).expect("an answer").status, 503);
    assert!(begin.elapsed() >= Duration::from_millis(60));
}

#[test]
fn who_leaves_the_gate_takes_no_turn() {
    let server = start();
    let mut client = Client::new(&server);
    drop(client.ask("/gate?key=a"));
    // The reset has arrived when this is answered.
    client.get("/echo");
    get(&server, "/_open?key=a&n=1");
    assert_eq!(client.get("/gate?key=a").status, 200);
}

#[test]
fn bodies_trickle_stall_and_go_on_for_ever() {
    let server = start();
    let mut client = Client::new(&server);
    let begin = Instant::now();
    assert_eq!(client.get("/trickle?bytes=4&interval=20").text(), "xxxx");
    assert!(begin.elapsed() >= Duration::from_millis(80));

    let mut raw = Raw::on(connect(server.url("h2c")));
    raw.ask(1, "/stall-body");
    assert_eq!(raw.next(raw::DATA).payload, b"xxxxxxxxxx");
    raw.ask(3, "/endless");
    // As much as its window allows; the stalled stream has said no more.
    let mut length = 0;
    while length < 65_535 - 10 {
        let frame = raw.next(raw::DATA);
        assert_eq!((frame.stream, frame.flags), (3, 0));
        length += frame.payload.len();
    }
}

#[test]
fn interim_answers_flood() {
    let server = start();
    let mut raw = Raw::on(connect(server.url("h2c")));
    raw.ask(1, "/flood-1xx?n=300");
    for _ in 0..300 {
        assert_eq!(raw.next(raw::HEADERS).flags, raw::END_HEADERS);
    }
    raw.next(raw::HEADERS);
    assert_eq!(raw.next(raw::DATA).payload, br#"{"ok":true}"#);
}

#[test]
fn uploads_are_taken_slowly() {
    let server = start();
    let mut client = Client::new(&server);
    let begin = Instant::now();
    let answer = client.post("/slow-upload?bytes=50000&interval=20", vec![b'x'; 200_000]).expect("an answer");
    assert_eq!(answer.status, 200);
    assert!(begin.elapsed() >= Duration::from_millis(80));
}

#[test]
fn uploads_stall_or_are_answered_early() {
    let server = start();
    let mut client = Client::new(&server);
    assert_eq!(client.post("/early-error", vec![b'x'; 1_000_000]).expect("an answer").status, 413);

    let mut raw = Raw::on(connect(server.url("h2c")));
    let fields = [(":method", "POST"), (":scheme", "http"), (":authority", "x"), (":path", "/stall-upload")];
    raw.send(raw::HEADERS, raw::END_HEADERS, 1, &raw::block(&fields));
    for _ in 0..4 {
        raw.send(raw::DATA, 0, 1, &[b'x'; 16_000]);
    }
    raw.ask(3, "/echo");
    loop {
        let frame = raw.frame().expect("a frame");
        assert!(frame.kind != raw::WINDOW_UPDATE || frame.stream != 1, "the window was opened");
        if frame.stream == 3 {
            return;
        }
    }
}
