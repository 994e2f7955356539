use crate::{
    client::{Client, Ending, get},
    start,
};
use std::{
    io::{ErrorKind, Read},
    time::{Duration, Instant},
};

#[test]
fn idle_connections_end_after_their_time() {
    let server = start();
    for (route, ending) in [("stale", Ending::Fin), ("stale-cut", Ending::Fin), ("stale-reset", Ending::Reset)] {
        for time in ["0", "0.3", "40"] {
            let mut client = Client::new(&server);
            let begin = Instant::now();
            let reply = client.get(&format!("/{route}/{time}"));
            assert_eq!((reply.status, reply.header("connection")), (200, None));
            assert_eq!(client.rest(), (vec![], ending), "{route} {time}");
            assert!(begin.elapsed() >= Duration::from_secs_f64(time.parse::<f64>().expect("a number") / 1000.0));
        }
    }
}

#[test]
fn a_request_in_time_is_answered() {
    let server = start();
    let mut client = Client::new(&server);
    client.get("/stale/60000");
    assert_eq!(client.get("/stale/0").status, 200);
    assert_eq!(client.rest(), (vec![], Ending::Fin));
}

#[test]
fn reused_connections_end_unanswered_but_logged() {
    let server = start();
    for (route, ending) in [("stale-on-reuse", Ending::Reset), ("stale-on-reuse-fin", Ending::Fin)] {
        let mut client = Client::new(&server);
        assert_eq!(client.get(&format!("/{route}?key={route}")).status, 200);
        client.ask(&format!("/{route}?key={route}"));
        assert_eq!(client.rest(), (vec![], ending));
        assert_eq!(get(&server, &format!("/_count?key={route}")).text(), "2");
    }
}

#[test]
fn once_closes_without_saying_so() {
    let server = start();
    let mut client = Client::new(&server);
    let reply = client.get("/once");
    assert_eq!((reply.status, reply.header("connection")), (200, None));
    assert_eq!(client.rest(), (vec![], Ending::Fin));
}

#[test]
fn a_connection_closed_for_good_answers_with_a_reset() {
    let server = start();
    let mut client = Client::new(&server);
    client.get("/once");
    assert_eq!(client.rest().1, Ending::Fin);
    // Until the server has closed its half, the request is merely not read; afterwards it meets nobody.
    let error = loop {
        if let Err(error) = std::io::Write::write_all(&mut client.stream, b"GET /echo HTTP/1.1\r\n\r\n") {
            break error;
        }
        if let Err(error) = client.stream.read(&mut [0]) {
            break error;
        }
    };
    assert!(matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe), "{error}");
}

#[test]
fn an_idle_connection_talks_after_its_time() {
    let server = start();
    let mut client = Client::new(&server);
    assert_eq!(client.get("/talk/0.3?hex=6869").status, 200);
    assert_eq!(client.take(2), b"hi");
    assert_eq!(client.get("/talk/0?hex=6869&then=close").status, 200);
    assert_eq!(client.rest(), (b"hi".to_vec(), Ending::Fin));
}
