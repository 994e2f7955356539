use crate::{client::Client, start};

#[test]
fn events_go_on_behind_the_last_one() {
    let server = start();
    let mut client = Client::new(&server);
    let first = client.get("/events?of=3&per=2&retry=5");
    assert_eq!(first.header("content-type"), Some("text/event-stream"));
    let two = "retry: 5\nid: 1\nevent: count\ndata: number 1\n\nid: 2\nevent: count\ndata: number 2\n\n";
    assert_eq!(first.text(), two);
    let mut next = |id: &str| {
        client.send(format!("GET /events?of=3 HTTP/1.1\r\nHost: x\r\nLast-Event-ID: {id}\r\n\r\n"));
        client.reply()
    };
    assert_eq!(next("2").text(), "id: 3\nevent: count\ndata: number 3\n\n");
    assert_eq!(next("3").status, 204);
    assert_eq!(next("x").status, 400);
}
