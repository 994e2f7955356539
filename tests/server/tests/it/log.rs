use crate::{
    client::{Client, Ending, get},
    start,
};
use serde_json::json;

#[test]
fn requests_are_logged_by_key() {
    let server = start();
    let mut client = Client::new(&server);
    client.post("/echo?key=a", "", "first body");
    client.post("/echo", "X-Key: a\r\n", "second body");
    client.get("/echo?key=b");
    let log = get(&server, "/_log?key=a").json();
    assert_eq!(
        (&log[0]["method"], &log[0]["path"], &log[0]["query"]),
        (&json!("POST"), &json!("/echo"), &json!("key=a"))
    );
    assert_eq!((&log[0]["body"], &log[0]["body_complete"]), (&json!("first body"), &json!(true)));
    assert_eq!(log[1]["headers"]["x-key"], json!(["a"]));
    assert_eq!((&log[0]["request_on_connection"], &log[1]["request_on_connection"]), (&json!(1), &json!(2)));
    assert_eq!(log[0]["connection"], log[1]["connection"]);
    assert!(log[0]["t_ms"].as_f64() <= log[1]["t_ms"].as_f64());
    assert_eq!(get(&server, "/_count?key=a").text(), "2");
    assert_eq!(get(&server, "/_count_body?key=a&contains=second%20b").text(), "1");
    assert_eq!(get(&server, "/_count?key=").text(), "0");

    assert_eq!(client.post("/_reset?key=a", "", "").status, 200);
    assert_eq!(get(&server, "/_log?key=a").json(), json!([]));
    assert_eq!(get(&server, "/_count?key=b").text(), "1");
    client.post("/_reset", "", "");
    assert_eq!(get(&server, "/_count?key=b").text(), "0");
}

#[test]
fn requests_are_logged_before_the_fault() {
    let server = start();
    for fault in ["/reset/before-head", "/close/before-head", "/sequence/reset", "/raw?hex=&x=1"] {
        let mut client = Client::new(&server);
        let separator = if fault.contains('?') { '&' } else { '?' };
        client.ask(&format!("{fault}{separator}key={}", &fault[1..4]));
        client.rest();
        assert_eq!(get(&server, &format!("/_count?key={}", &fault[1..4])).text(), "1", "{fault}");
    }
}

#[test]
fn a_head_is_logged_although_its_body_never_comes() {
    let server = start();
    let mut client = Client::new(&server);
    client.send("POST /echo?key=a HTTP/1.1\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n");
    client.head();
    let log = get(&server, "/_log?key=a").json();
    assert_eq!((&log[0]["body"], &log[0]["body_complete"]), (&json!(""), &json!(false)));
    assert_eq!(get(&server, "/_count_body?key=a&contains=").text(), "0");
}

#[test]
fn connections_are_counted() {
    let server = start();
    let mut asking = Client::new(&server);
    let before = asking.get("/_connections").json();
    assert_eq!(before, json!({"open": 1, "accepted": 1}));
    let mut other = Client::new(&server);
    other.get("/echo");
    assert_eq!(asking.get("/_connections").json(), json!({"open": 2, "accepted": 2}));
    other.ask("/close/before-head");
    assert_eq!(other.rest().1, Ending::Fin);
    assert_eq!(asking.get("/_connections").json(), json!({"open": 1, "accepted": 2}));
}

#[test]
fn dropping_the_server_ends_its_connections() {
    let server = start();
    let mut idle = Client::new(&server);
    idle.get("/echo");
    let mut held = Client::new(&server);
    held.ask("/stall-body");
    held.head();
    let mut endless = Client::new(&server);
    endless.ask("/endless");
    endless.head();
    let folder = server.url("ca").to_owned();
    drop(server);
    assert_eq!(idle.rest(), (vec![], Ending::Fin));
    assert_eq!(held.rest().0, b"xxxxxxxxxx");
    endless.rest();
    assert!(!std::path::Path::new(&folder).exists());
}
