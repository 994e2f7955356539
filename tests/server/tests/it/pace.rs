use crate::{
    client::{Client, get},
    start,
};
use std::time::{Duration, Instant};

#[test]
fn delays_take_their_time() {
    let server = start();
    let begin = Instant::now();
    assert_eq!(get(&server, "/delay/50").status, 200);
    assert_eq!(get(&server, "/delay/0.5/503").status, 503);
    assert!(begin.elapsed() >= Duration::from_micros(50_500));
}

#[test]
fn heads_and_bodies_trickle() {
    let server = start();
    let mut client = Client::new(&server);
    let begin = Instant::now();
    client.ask("/trickle?bytes=4&interval=20");
    client.head();
    let head = begin.elapsed();
    client.take(4);
    assert!(begin.elapsed() - head >= Duration::from_millis(55), "{head:?}");

    let begin = Instant::now();
    let reply = client.get("/slow-head?interval=0.5");
    assert_eq!(reply.text(), "ok");
    assert!(begin.elapsed() >= Duration::from_micros(500) * u32::try_from(reply.head.len()).expect("short"));
}

#[test]
fn uploads_are_taken_slowly() {
    let server = start();
    let mut client = Client::new(&server);
    let begin = Instant::now();
    client.send("POST /slow-upload?bytes=1000&interval=20 HTTP/1.1\r\nContent-Length: 2500\r\n\r\n");
    client.send("x".repeat(2500));
    assert!(client.head().starts_with("HTTP/1.1 200 "));
    assert!(begin.elapsed() >= Duration::from_millis(60));
}

#[test]
fn endless_answers_go_on() {
    let server = start();
    let mut client = Client::new(&server);
    client.ask("/endless");
    client.head();
    for _ in 0..100 {
        assert_eq!(client.until(b"\r\n"), b"4000\r\n");
        assert_eq!(client.take(0x4002).len(), 0x4002);
    }
    let mut client = Client::new(&server);
    client.ask("/endless-headers");
    assert_eq!(client.until(b"\r\n"), b"HTTP/1.1 200 OK\r\n");
    for number in 0..1000 {
        assert!(client.until(b"\r\n").starts_with(format!("X-Endless-{number}: xxx").as_bytes()));
    }
}

#[test]
fn a_body_stalls() {
    let server = start();
    let mut client = Client::new(&server);
    client.ask("/stall-body");
    assert!(client.head().contains("Content-Length: 100\r\n"));
    assert_eq!(client.take(10), b"xxxxxxxxxx");
    client.stream.set_read_timeout(Some(Duration::from_millis(50))).expect("sets a timeout");
    let error = std::io::Read::read(&mut client.stream, &mut [0]).expect_err("silence");
    assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock);
}

#[test]
fn interim_answers_flood() {
    let server = start();
    let mut client = Client::new(&server);
    client.ask("/flood-1xx?n=3");
    for _ in 0..3 {
        assert!(client.head().starts_with("HTTP/1.1 103 "));
    }
    assert_eq!(client.reply().status, 200);
}

#[test]
fn a_gate_lets_as_many_through_as_it_is_told() {
    let server = start();
    let mut clients = [(); 3].map(|()| Client::new(&server));
    for client in &mut clients {
        client.ask("/gate?key=a");
    }
    while get(&server, "/_count?key=a").text() != "3" {}
    get(&server, "/_open?key=b");
    get(&server, "/_open?key=a&n=1");
    let is_answered = |client: &mut Client| {
        client.stream.set_read_timeout(Some(Duration::from_millis(50))).expect("sets a timeout");
        std::io::Read::read(&mut client.stream, &mut [0; 1024]).is_ok()
    };
    while !clients.iter_mut().any(is_answered) {}
    assert!(!clients.iter_mut().any(is_answered));
    get(&server, "/_open?key=a");
    assert_eq!(get(&server, "/gate?key=a").status, 200);
}

#[test]
fn who_leaves_the_gate_takes_no_turn() {
    let server = start();
    let mut client = Client::new(&server);
    client.ask("/gate?key=a");
    while get(&server, "/_count?key=a").text() != "1" {}
    drop(client);
    // The asking connection alone.
    while get(&server, "/_connections").json()["open"] != 1 {}
    get(&server, "/_open?key=a&n=1");
    assert_eq!(get(&server, "/gate?key=a").status, 200);
}
