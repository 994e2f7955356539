use super::{
    client::Client,
    raw::{self, Raw},
};
use crate::{
    client::{Ending, connect, get},
    start,
};
use h2::Reason;
use std::time::{Duration, Instant};

#[test]
fn resets_end_the_stream_where_asked() {
    let server = start();
    let mut client = Client::new(&server);
    for (place, before) in [("before-head", None), ("after-head", Some(0)), ("in-body", Some(50))] {
        let (reply, error) = client.try_get(&format!("/reset/{place}")).expect_err(place);
        assert_eq!(error.reason(), Some(Reason::INTERNAL_ERROR), "{place}");
        assert_eq!(reply.map(|reply| reply.body.len()), before, "{place}");
    }
    assert_eq!(client.get("/echo").status, 200);
    assert!(client.try_get("/reset/in-head").is_err());
    assert_eq!(client.ending(), Ending::Reset);
}

#[test]
fn closes_end_the_connection_where_asked() {
    let server = start();
    let rest = |place: &str| {
        let mut raw = Raw::on(connect(server.url("h2c")));
        raw.ask(1, &format!("/close/{place}?key=a"));
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut raw.stream, &mut bytes).expect("FIN");
        bytes
    };
    let [before, in_head, after, in_body] = ["before-head", "in-head", "after-head", "in-body"].map(rest);
    let head = &after[before.len()..];
    assert_eq!((head[3], head[4], usize::from(head[2])), (raw::HEADERS, raw::END_HEADERS, head.len() - 9));
    assert!(after.starts_with(&in_head) && in_head.len() > before.len() + 9);
    assert_eq!(in_body[after.len()..][..9], [0, 0, 100, raw::DATA, raw::END_STREAM, 0, 0, 0, 1]);
    assert_eq!(in_body[after.len() + 9..], [b'x'; 50]);
    assert_eq!(get(&server, "/_count?key=a").text(), "4");
}

#[test]
fn truncated_answers_end_in_order() {
    let server = start();
    let mut raw = Raw::on(connect(server.url("h2c")));
    raw.ask(1, "/truncate");
    let frame = raw.next(raw::DATA);
    assert_eq!((frame.flags, frame.payload.len()), (raw::END_STREAM, 50));
}

#[test]
fn connections_end_after_their_time() {
    let server = start();
    for (route, ending) in [("/stale/30", Ending::Fin), ("/stale-reset/30", Ending::Reset)] {
        let mut client = Client::new(&server);
        let begin = Instant::now();
        assert_eq!(client.get(route).status, 200);
        assert_eq!(client.ending(), ending);
        assert!(begin.elapsed() >= Duration::from_millis(30));
    }
}

#[test]
fn reused_connections_end_unanswered_but_logged() {
    let server = start();
    for (route, ending) in [("/stale-on-reuse", Ending::Reset), ("/stale-on-reuse-fin", Ending::Fin)] {
        let mut client = Client::new(&server);
        let target = format!("{route}?key={}", &route[1..]);
        assert_eq!(client.get(&target).status, 200);
        assert!(client.try_get(&target).is_err());
        assert_eq!(client.ending(), ending);
        assert_eq!(get(&server, &format!("/_count?key={}", &route[1..])).text(), "2");
    }
}

#[test]
fn once_closes_without_saying_so() {
    let server = start();
    let mut client = Client::new(&server);
    assert_eq!(client.get("/once").json()["ok"], true);
    assert_eq!(client.ending(), Ending::Fin);
}
