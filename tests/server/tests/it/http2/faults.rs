use super::{
    client::Client,
    raw::{self, Raw},
};
use crate::{
    client::{Ending, connect, get},
    start,
};
use h2::Reason;
use std::{
    net::TcpStream,
    time::{Duration, Instant},
};
use testserver::Server;

fn raw(server: &Server) -> Raw<TcpStream> {
    Raw::on(connect(server.url("h2c")))
}

/// What GOAWAY says: the last stream and the error code.
fn goaway(last: u32, code: u32) -> Vec<u8> {
    [last.to_be_bytes(), code.to_be_bytes()].concat()
}

#[test]
fn a_stream_is_reset_with_any_code() {
    let server = start();
    let mut client = Client::new(&server);
    for code in (0..=13).chain([99, u32::MAX]) {
        assert_eq!(client.reason(&format!("/h2/reset/{code}")), Some(Reason::from(code)));
    }
    assert_eq!(client.reason("/h2/reset/ENHANCE_YOUR_CALM"), Some(Reason::ENHANCE_YOUR_CALM));
    assert_eq!(client.get("/echo").status, 200);
}

#[test]
fn a_stream_is_reset_before_its_body_was_sent() {
    let server = start();
    let mut client = Client::new(&server);
    let outcome = client.post("/h2/reset-unread/REFUSED_STREAM?key=a", vec![b'x'; 1_000_000]);
    assert_eq!(outcome.expect_err("no answer").1.reason(), Some(Reason::REFUSED_STREAM));
    assert_eq!(get(&server, "/_log?key=a").json()[0]["body_complete"], false);
}

#[test]
fn faults_come_as_often_as_asked() {
    let server = start();
    let mut client = Client::new(&server);
    let target = "/h2/reset/REFUSED_STREAM?key=a&times=2";
    assert_eq!(client.reason(target), Some(Reason::REFUSED_STREAM));
    assert_eq!(client.reason(target), Some(Reason::REFUSED_STREAM));
    assert_eq!(client.get(target).json()["ok"], true);
    assert_eq!(client.reason(&target.replace("key=a", "key=b")), Some(Reason::REFUSED_STREAM));
    assert_eq!(get(&server, "/_count?key=a").text(), "3");
}

#[test]
fn goaway_below_a_stream_spares_those_before() {
    let server = start();
    let mut client = raw(&server);
    client.ask(1, "/gate?key=a");
    client.ask(3, "/h2/goaway/below?key=b&times=1");
    assert_eq!(client.next(raw::GOAWAY).payload, goaway(1, 0));
    get(&server, "/_open?key=a");
    assert_eq!(client.next(raw::DATA).stream, 1);
    client.ask(5, "/h2/goaway/below?key=b&times=1");
    assert_eq!(client.next(raw::DATA).stream, 5);

    let mut strict = Client::new(&server);
    let (reply, error) = strict.try_get("/h2/goaway/below?code=ENHANCE_YOUR_CALM").expect_err("no answer");
    assert!(reply.is_none() && error.is_go_away() && error.reason() == Some(Reason::ENHANCE_YOUR_CALM), "{error}");
}

#[test]
fn goaway_with_a_stream_answers_it() {
    let server = start();
    for (route, last) in [("/h2/goaway/own", 1), ("/h2/goaway/above", u32::MAX >> 1)] {
        let mut client = raw(&server);
        client.ask(1, route);
        let frame = loop {
            let frame = client.frame().expect("a frame");
            assert_ne!(frame.kind, raw::HEADERS, "answered before GOAWAY");
            if frame.kind == raw::GOAWAY {
                break frame;
            }
        };
        assert_eq!((frame.stream, frame.payload), (0, goaway(last, 0)));
        assert_eq!(client.next(raw::DATA).payload, br#"{"ok":true}"#);
        assert_eq!(Client::new(&server).get(route).status, 200);
    }
}

#[test]
fn goaway_and_fin_leave_open_what_was_done() {
    let server = start();
    let mut client = raw(&server);
    client.ask(1, "/h2/goaway/unanswered?code=2&then=close&key=a");
    assert_eq!(client.next(raw::GOAWAY).payload, goaway(1, 2));
    assert_eq!(client.frame(), Err(Ending::Fin));
    assert_eq!(get(&server, "/_count?key=a").text(), "1");
}

#[test]
fn goaway_may_be_the_end_of_the_connection() {
    let server = start();
    for (route, answered) in [("goaway/below", false), ("goaway/own", true), ("goaway-idle/1", true)] {
        let mut client = raw(&server);
        client.ask(1, &format!("/h2/{route}?then=close"));
        let frames: Vec<_> = std::iter::from_fn(|| client.frame().ok()).map(|frame| frame.kind).collect();
        assert!(frames.contains(&raw::GOAWAY), "{route}");
        assert_eq!(frames.contains(&raw::DATA), answered, "{route}");
    }
}

#[test]
fn goaway_comes_while_the_connection_is_idle() {
    let server = start();
    let mut client = raw(&server);
    let begin = Instant::now();
    client.ask(1, "/h2/goaway-idle/30");
    assert_eq!(client.next(raw::DATA).payload, br#"{"ok":true}"#);
    assert_eq!(client.next(raw::GOAWAY).payload, goaway(1, 0));
    assert!(begin.elapsed() >= Duration::from_millis(30));
    // Whoever does not listen is answered, and seen in the log.
    client.ask(3, "/echo?key=a");
    assert_eq!(client.next(raw::DATA).stream, 3);
    assert_eq!(get(&server, "/_log?key=a").json()[0]["request_on_connection"], 2);
}

#[test]
fn floods_go_on() {
    let server = start();
    let floods = [
        ("settings", raw::SETTINGS),
        ("ping", raw::PING),
        ("empty", raw::DATA),
        ("continuation", raw::CONTINUATION),
        ("empty-continuation", raw::CONTINUATION),
        ("reset", raw::RST_STREAM),
        ("window", raw::WINDOW_UPDATE),
    ];
    for (name, kind) in floods {
        let mut client = raw(&server);
        client.ask(1, &format!("/h2/flood/{name}"));
        let flood = loop {
            let frame = client.next(kind);
            // The greeting has frames of these kinds too.
            if client.frame().expect("a frame") == frame {
                break frame;
            }
        };
        for _ in 0..10_000 {
            assert_eq!(client.frame().as_ref(), Ok(&flood), "{name}");
        }
        assert_eq!(flood.payload.is_empty(), matches!(name, "settings" | "empty" | "empty-continuation"));
        assert_eq!(flood.flags, 0);
    }
}

#[test]
fn the_transport_is_reset_where_asked() {
    let server = start();
    for place in ["before-head", "in-head", "after-head", "in-body"] {
        let mut client = raw(&server);
        client.ask(1, &format!("/h2/tcp-reset/{place}"));
        let ending = loop {
            if let Err(ending) = client.frame() {
                break ending;
            }
        };
        assert_eq!(ending, Ending::Reset, "{place}");
    }
}

#[test]
fn what_does_not_exist_is_told() {
    let server = start();
    let mut client = Client::new(&server);
    for target in ["/h2/reset/WHATEVER", "/h2/goaway/beside", "/h2/flood/water", "/h2/bad/luck", "/h2", "/h2/x"] {
        assert_eq!(client.get(target).status, 400, "{target}");
    }
}
