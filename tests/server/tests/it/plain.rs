use crate::{
    client::{Client, Ending, get},
    start,
};
use serde_json::json;

#[test]
fn echo_tells_the_request() {
    let server = start();
    let reply = Client::new(&server).post("/echo?a=%20b", "X-A: 1\r\nx-a: 2\r\n", "body");
    let echo = reply.json();
    assert_eq!(echo["method"], "POST");
    assert_eq!((&echo["path"], &echo["query"]), (&json!("/echo"), &json!("a=%20b")));
    assert_eq!(echo["headers"]["x-a"], json!(["1", "2"]));
    assert_eq!(echo["body"], "body");
    assert!(reply.header("date").is_some_and(|date| date.ends_with(" GMT")));
}

#[test]
fn connections_are_kept_and_chunked_bodies_read() {
    let server = start();
    let mut client = Client::new(&server);
    assert_eq!(client.get("/echo").status, 200);
    client
        .send("PUT /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nX-T: 1\r\n\r\n");
    assert_eq!(client.reply().json()["body"], "abcde");
    // Two requests in one write are answered in turn.
    client.send("GET /status/201 HTTP/1.1\r\n\r\nGET /status/202 HTTP/1.1\r\n\r\n");
    assert_eq!((client.reply().status, client.reply().status), (201, 202));
    client.send("GET /echo HTTP/1.1\r\nConnection: close\r\n\r\n");
    assert_eq!(client.reply().status, 200);
    assert_eq!(client.rest(), (vec![], Ending::Fin));
}

#[test]
fn expecting_clients_are_told_to_continue() {
    let server = start();
    let mut client = Client::new(&server);
    client.send("POST /echo HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    assert!(client.head().starts_with("HTTP/1.1 100 "));
    client.send("ok");
    assert_eq!(client.reply().json()["body"], "ok");
}

#[test]
fn bad_requests_are_refused() {
    let server = start();
    let requests = [
        "nonsense\r\n\r\n",
        "GET / HTTP/3\r\n\r\n",
        "GET / HTTP/1.1\r\nno colon\r\n\r\n",
        "POST /echo HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        "POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "GET /status/abc HTTP/1.1\r\n\r\n",
        "GET /status/99 HTTP/1.1\r\n\r\n",
        "GET /delay/-1 HTTP/1.1\r\n\r\n",
        "GET /raw?hex=0 HTTP/1.1\r\n\r\n",
        "GET /raw?b64=* HTTP/1.1\r\n\r\n",
        "GET /raw?hex=00&then=x HTTP/1.1\r\n\r\n",
        "GET /redirect/302 HTTP/1.1\r\n\r\n",
        "GET /reset/nowhere HTTP/1.1\r\n\r\n",
        "GET /retry-after/x-1 HTTP/1.1\r\n\r\n",
    ];
    for request in requests {
        let mut client = Client::new(&server);
        client.send(request);
        assert_eq!(client.reply().status, 400, "{request}");
        assert_eq!(client.rest(), (vec![], Ending::Fin), "{request}");
    }
    assert_eq!(get(&server, "/nothing").json(), json!({"error": "no such route"}));
    assert_eq!(get(&server, "/nothing").status, 404);
}

#[test]
fn headers_come_as_asked() {
    let server = start();
    let reply = get(&server, "/headers?X-A=1&X-B=%C3%A9&X-A=2&Content-Type=a/b&key=k");
    assert_eq!(reply.headers("x-a"), ["1", "2"]);
    assert_eq!(reply.header("x-b"), Some("é"));
    assert_eq!(reply.headers("content-type"), ["a/b"]);
    assert_eq!((reply.header("key"), reply.text()), (None, "headers"));
}

#[test]
fn status_takes_its_parts_from_the_query() {
    let server = start();
    let query = "body=%7B%7D&type=application/json&retry_after=+5&header=X-A:1&header=X-A:%202&reason=Not%20Now";
    let reply = get(&server, &format!("/status/503?{query}"));
    assert!(reply.head.starts_with("HTTP/1.1 503 Not Now\r\n"), "{}", reply.head);
    assert_eq!((reply.text(), reply.header("content-type")), ("{}", Some("application/json")));
    assert_eq!((reply.header("retry-after"), reply.headers("x-a")), (Some("+5"), vec!["1", "2"]));
}

#[test]
fn answers_without_a_body_have_none() {
    let server = start();
    let mut client = Client::new(&server);
    let empty = client.get("/status/204?body=x");
    assert_eq!((empty.status, empty.header("content-length")), (204, None));
    assert_eq!(client.get("/status/304?body=x").status, 304);
    client.send("HEAD /status/200?body=xyz HTTP/1.1\r\n\r\n");
    assert!(client.head().contains("Content-Length: 3\r\n"));
    client.send("HEAD /bytes/5 HTTP/1.1\r\n\r\n");
    assert!(client.head().contains("Content-Length: 5\r\n"));
    assert_eq!(client.get("/echo").status, 200);
}

#[test]
fn bytes_and_chunks_follow_the_pattern() {
    let server = start();
    let mut client = Client::new(&server);
    let wanted: Vec<u8> = (0..200_000_u32).map(|i| (i % 251) as u8).collect();
    assert!(client.get("/bytes/200000").body == wanted);
    assert!(client.get("/bytes/0").body.is_empty());
    assert!(client.get("/chunked?sizes=1,20,300").body == wanted[..321]);
    client.ask("/chunked?sizes=1,2");
    assert!(client.head().contains("Transfer-Encoding: chunked\r\n"));
    assert_eq!(client.take(18), b"1\r\n\0\r\n2\r\n\x01\x02\r\n0\r\n\r\n");
}

#[test]
fn bearer_wants_exactly_its_token() {
    let server = start();
    let mut client = Client::new(&server);
    assert_eq!(client.post("/bearer/a%20b", "Authorization: Bearer a b\r\n", "").status, 200);
    for wrong in ["", "Authorization: bearer a b\r\n", "Authorization: Bearer a b c\r\n"] {
        assert_eq!(client.post("/bearer/a%20b", wrong, "").status, 401, "{wrong}");
    }
}

#[test]
fn redirects_point_where_asked() {
    let server = start();
    let mut client = Client::new(&server);
    let reply = client.get("/redirect/307?to=http%3A%2F%2Fx%2Fy%3Fz&key=k");
    assert_eq!((reply.status, reply.header("location")), (307, Some("http://x/y?z")));
    assert_eq!(client.get("/redirect-loop?key=k").header("location"), Some("/redirect-loop?key=k"));
    assert_eq!(client.get("/redirect-chain/2?key=k").header("location"), Some("/redirect-chain/1?key=k"));
    assert_eq!(client.get("/redirect-chain/0").status, 200);
}
