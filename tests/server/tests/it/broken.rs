use crate::{
    client::{Client, Ending, get},
    start,
};
use std::{io::Write, net::Shutdown};

#[test]
fn answers_break_off_where_asked() {
    let server = start();
    for (how, ending) in [("reset", Ending::Reset), ("close", Ending::Fin)] {
        let rest = |place: &str| {
            let mut client = Client::new(&server);
            client.ask(&format!("/{how}/{place}"));
            let (bytes, end) = client.rest();
            assert_eq!(end, ending, "{how} {place}");
            String::from_utf8(bytes).expect("ASCII")
        };
        assert_eq!(rest("before-head"), "");
        assert_eq!(rest("in-head"), "HTTP/1.1 200 OK\r\nContent-Ty");
        let after_head = rest("after-head");
        assert!(after_head.contains("Content-Length: 100\r\n") && after_head.ends_with("\r\n\r\n"), "{after_head}");
        let in_body = rest("in-body");
        let (_, body) = in_body.split_once("\r\n\r\n").expect("a head");
        assert_eq!(body, "x".repeat(50));
    }
}

#[test]
fn truncated_answers_end_with_fin() {
    let server = start();
    let mut client = Client::new(&server);
    client.ask("/truncate");
    assert!(client.head().contains("Content-Length: 100\r\n"));
    assert_eq!(client.rest(), (vec![b'x'; 50], Ending::Fin));
    let mut client = Client::new(&server);
    client.ask("/truncate-chunked");
    assert!(client.head().contains("Transfer-Encoding: chunked\r\n"));
    assert_eq!(client.rest(), (b"5\r\nhello\r\n".to_vec(), Ending::Fin));
}

#[test]
fn early_error_answers_an_unread_upload() {
    let server = start();
    let mut client = Client::new(&server);
    client.send("POST /early-error?key=a HTTP/1.1\r\nContent-Length: 1000000000\r\n\r\n");
    client.send(vec![0; 100_000]);
    let reply = client.reply();
    assert_eq!((reply.status, reply.header("connection")), (413, Some("close")));
    assert_eq!(client.rest(), (vec![], Ending::Fin));
    assert_eq!(get(&server, "/_log?key=a").json()[0]["body_complete"], false);
}

#[test]
fn raw_writes_exactly_its_bytes() {
    let server = start();
    for query in ["hex=00ff0d0a", "b64=AP8NCg"] {
        for (then, ending) in [("", Ending::Fin), ("&then=close", Ending::Fin), ("&then=reset", Ending::Reset)] {
            let mut client = Client::new(&server);
            client.ask(&format!("/raw?{query}{then}"));
            assert_eq!(client.rest(), (b"\x00\xff\r\n".to_vec(), ending), "{query}{then}");
        }
    }
    let mut client = Client::new(&server);
    client.ask("/raw?hex=6f6b&then=keep");
    assert_eq!(client.take(2), b"ok");
    client.ask("/raw?hex=6f6b&then=hold");
    assert_eq!(client.take(2), b"ok");
    // A held connection ends when the client leaves, not before.
    client.stream.shutdown(Shutdown::Write).expect("half-closes");
    assert_eq!(client.rest(), (vec![], Ending::Fin));
}

#[test]
fn a_stalled_upload_blocks_the_sender() {
    let server = start();
    let mut client = Client::new(&server);
    client.send("POST /stall-upload?key=a HTTP/1.1\r\nContent-Length: 1000000000\r\n\r\n");
    client.stream.set_write_timeout(Some(std::time::Duration::from_millis(200))).expect("sets a timeout");
    let megabyte = vec![0; 1 << 20];
    let error = (0..64).find_map(|_| client.stream.write_all(&megabyte).err()).expect("64 MB are not taken");
    assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock);
    let log = get(&server, "/_log?key=a").json();
    assert_eq!(log[0]["body_complete"], false);
}

#[test]
fn raw_goes_on_as_asked() {
    let server = start();
    let mut client = Client::new(&server);
    client.ask("/raw?hex=6869&then=half-close");
    client.ask("/echo");
    assert_eq!(client.rest(), (b"hi".to_vec(), Ending::Fin));
    let mut client = Client::new(&server);
    client.ask("/raw?hex=6869&then=repeat&part=2a");
    assert_eq!(client.take(100_002), [b"hi".to_vec(), vec![b'*'; 100_000]].concat());
    let mut client = Client::new(&server);
    client.ask("/raw?hex=6869&then=repeat&part=2a&interval=1");
    assert_eq!(client.take(4), b"hi**");
}

#[test]
fn early_answers_come_before_the_body() {
    let server = start();
    let mut client = Client::new(&server);
    client.send("POST /early?hex=6869&then=keep HTTP/1.1\r\nContent-Length: 3\r\n\r\n");
    assert_eq!(client.take(2), b"hi");
    client.send("abc");
    assert_eq!(client.get("/echo").status, 200);
}

#[test]
fn resumable_answers_break_off_by_turns() {
    let server = start();
    let path = "/resumable?bytes=100&cut=30,20&key=a";
    let mut client = Client::new(&server);
    client.ask(path);
    let head = client.head();
    assert!(head.contains("ETag: \"v1\"\r\n") && head.contains("Content-Length: 100\r\n"), "{head}");
    assert_eq!(client.rest(), ((0..30).collect(), Ending::Fin));
    let mut client = Client::new(&server);
    client.send(format!("GET {path} HTTP/1.1\r\nRange: bytes=30-\r\nIf-Range: \"v1\"\r\n\r\n"));
    let head = client.head();
    assert!(head.starts_with("HTTP/1.1 206 ") && head.contains("Content-Range: bytes 30-99/100\r\n"), "{head}");
    assert_eq!(client.rest(), ((30..50).collect(), Ending::Fin));
    assert_eq!(get(&server, path).body, (0..100).collect::<Vec<u8>>());
}

#[test]
fn resumable_answers_are_wrong_where_asked() {
    let server = start();
    let head = |asked: &str, if_range: &str| {
        let mut client = Client::new(&server);
        client.send(format!("GET /resumable?{asked} HTTP/1.1\r\nRange: bytes=900-\r\nIf-Range: {if_range}\r\n\r\n"));
        client.head()
    };
    assert!(head("", "\"v2\"").starts_with("HTTP/1.1 200 "));
    assert!(head("wrong=whole", "\"v1\"").starts_with("HTTP/1.1 200 "));
    assert!(head("wrong=range", "\"v1\"").contains("Content-Range: bytes 899-999/1000\r\n"));
    assert!(head("wrong=unsatisfied", "\"v1\"").starts_with("HTTP/1.1 416 "));
    assert!(head("busy=1&key=b", "\"v1\"").starts_with("HTTP/1.1 503 "));
    let changed = || head("wrong=changed&key=c", "\"v1\"");
    assert!(changed().starts_with("HTTP/1.1 206 "));
    assert!(changed().contains("ETag: \"changed\"\r\n"));
}
