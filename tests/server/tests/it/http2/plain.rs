use super::client::Client;
use crate::{client::get, start};
use serde_json::json;

#[test]
fn requests_are_answered_and_logged_as_any_other() {
    let server = start();
    let mut client = Client::new(&server);
    let echo = client.post("/echo?key=a", "hello").expect("an answer");
    assert_eq!((echo.status, echo.header("content-type")), (200, Some("application/json")));
    assert_eq!((&echo.json()["method"], &echo.json()["body"]), (&json!("POST"), &json!("hello")));
    assert_eq!(client.get("/status/503?key=a&retry_after=7").header("retry-after"), Some("7"));

    let log = get(&server, "/_log?key=a").json();
    assert_eq!(
        (&log[0]["version"], &log[0]["path"], &log[0]["query"]),
        (&json!("2"), &json!("/echo"), &json!("key=a"))
    );
    assert_eq!((&log[0]["body"], &log[0]["body_complete"]), (&json!("hello"), &json!(true)));
    assert_eq!(log[0]["headers"]["host"], json!(["test.example"]));
    assert_eq!((&log[0]["request_on_connection"], &log[1]["request_on_connection"]), (&json!(1), &json!(2)));
    assert_eq!(log[0]["connection"], log[1]["connection"]);
    get(&server, "/echo?key=b");
    assert_eq!(get(&server, "/_log?key=b").json()[0]["version"], json!("1.1"));
}

#[test]
fn many_streams_are_one_connection() {
    let server = start();
    let mut client = Client::new(&server);
    let mut asking = crate::client::Client::new(&server);
    let asked: Vec<_> = (0..20).map(|_| client.ask("/gate?key=a")).collect();
    while asking.get("/_count?key=a").text() != "20" {
        client.wait(tokio::task::yield_now());
    }
    assert_eq!(asking.get("/_connections").json(), json!({"open": 2, "accepted": 2}));
    asking.get("/_open?key=a");
    for answer in asked {
        assert_eq!(client.wait(answer).expect("an answer").status, 200);
    }
}

#[test]
fn routes_that_know_no_version_are_the_same() {
    let server = start();
    let mut client = Client::new(&server);
    assert_eq!(client.get("/headers?X-Some=a%20b").header("x-some"), Some("a b"));
    assert_eq!(client.get("/redirect-chain/2?key=a").header("location"), Some("/redirect-chain/1?key=a"));
    assert_eq!(client.get("/bearer/t").header("www-authenticate"), Some("Bearer"));
    assert_eq!(client.get("/retry-after/seconds-3").header("retry-after"), Some("3"));
    assert_eq!(client.get("/_count?key=none").text(), "0");
    assert_eq!(client.get("/nowhere").status, 404);
    assert_eq!(client.get("/status/99").status, 400);
    assert_eq!(client.get("/headers?a%20b=1").status, 400);
}

#[test]
fn bytes_and_chunks_follow_the_pattern() {
    let server = start();
    let mut client = Client::new(&server);
    let pattern = |count: u32| (0..count).map(|i| u8::try_from(i % 251).expect("small")).collect::<Vec<_>>();
    for count in [0, 1, 251, 1_000_000] {
        let reply = client.get(&format!("/bytes/{count}"));
        assert_eq!(reply.header("content-length"), Some(count.to_string().as_str()));
        assert!(reply.body == pattern(count), "{count}");
    }
    let reply = client.get("/chunked?sizes=1,300,3");
    assert_eq!(client.get("/chunked?sizes=1,0").status, 400);
    assert_eq!((reply.header("content-length"), &reply.body), (None, &pattern(304)));
}

#[test]
fn answers_without_a_body_have_none() {
    let server = start();
    let mut client = Client::new(&server);
    for (target, length) in [("/status/200?body=text", "4"), ("/bytes/9", "9"), ("/trickle?bytes=3", "3")] {
        let reply = client.head(target);
        assert_eq!((reply.header("content-length"), reply.text()), (Some(length), ""), "{target}");
    }
    for target in ["/status/204", "/status/304"] {
        assert_eq!(client.get(target).header("content-length"), None, "{target}");
    }
}

#[test]
fn a_body_may_be_longer_than_the_window() {
    let server = start();
    let mut client = Client::new(&server);
    let body = "y".repeat(1_000_000);
    assert_eq!(client.post("/status/200?key=a", body).expect("an answer").status, 200);
    assert_eq!(get(&server, &format!("/_count_body?key=a&contains={}", "y".repeat(1000))).text(), "1");
}

#[test]
fn a_sequence_contains_resets_and_refusals() {
    let server = start();
    let mut client = Client::new(&server);
    let target = "/sequence/503@1,reset,refuse,200?key=a";
    assert_eq!(client.get(target).header("retry-after"), Some("1"));
    assert_eq!(client.reason(target), Some(h2::Reason::INTERNAL_ERROR));
    assert_eq!(client.reason(target), Some(h2::Reason::REFUSED_STREAM));
    assert_eq!(client.get(target).json()["n"], 4);
    assert_eq!(get(&server, "/_count?key=a").text(), "4");
    assert_eq!(get(&server, "/sequence/refuse").status, 400);
}
