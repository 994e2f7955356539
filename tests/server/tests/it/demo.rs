use crate::{client::Client, start};
use serde_json::json;

const TOKEN: &str = "Authorization: Bearer demo-token\r\n";

fn get(client: &mut Client, target: &str) -> crate::client::Reply {
    client.send(format!("GET {target} HTTP/1.1\r\n{TOKEN}\r\n"));
    client.reply()
}

#[test]
fn items_are_read_and_made() {
    let server = start();
    let mut client = Client::new(&server);
    let item = get(&mut client, "/v1/items/42?fields=name");
    assert_eq!(item.json(), json!({"id": 42, "name": "Item 42", "price": 9.5, "tags": ["a", "b"]}));
    let missing = get(&mut client, "/v1/items/999");
    assert_eq!((missing.status, missing.header("content-type")), (404, Some("application/problem+json")));
    assert_eq!(missing.json()["detail"], "item 999 does not exist");

    let made = client.post("/v1/items", TOKEN, r#"{"name":"new","price":1}"#);
    assert_eq!((made.status, made.json()), (201, json!({"id": 43, "name": "new", "price": 1})));
    let nameless = client.post("/v1/items", TOKEN, "{}");
    assert_eq!(nameless.status, 422);
    assert_eq!(nameless.json(), json!({"detail": [{"loc": ["body", "name"], "msg": "field required"}]}));
    assert_eq!(client.post("/v1/items", TOKEN, "[").status, 400);
}

#[test]
fn the_token_is_needed() {
    let server = start();
    let reply = Client::new(&server).get("/v1/items/42");
    assert_eq!((reply.status, reply.header("content-type")), (401, Some("application/problem+json")));
    assert!(reply.json()["title"].is_string() && reply.json()["detail"].is_string());
}

#[test]
fn busy_has_room_the_third_time() {
    let server = start();
    let mut client = Client::new(&server);
    let first = get(&mut client, "/v1/busy?key=a");
    assert_eq!((first.status, first.header("retry-after")), (429, Some("1")));
    assert_eq!(get(&mut client, "/v1/busy?key=a").status, 503);
    assert_eq!(get(&mut client, "/v1/busy?key=a").status, 200);
}
