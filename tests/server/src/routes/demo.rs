//! The small API that examples and the demo program talk to.

use super::sequence;
use crate::{
    plan::{Asked, Plan, Planned},
    query::decode,
    response::Response,
};
use serde_json::{Map, Value, json};
use std::time::Duration;

pub fn answer(x: &Asked, rest: &str) -> Planned {
    if x.request.header("authorization") != Some("Bearer demo-token") {
        let response = problem(401, "Unauthorized", "this API wants the bearer token demo-token");
        return x.reply(response.header("WWW-Authenticate", "Bearer"));
    }
    match (x.request.method.as_str(), rest.split_once('/').unwrap_or((rest, ""))) {
        ("GET" | "HEAD", ("items", id)) if !id.is_empty() => item(x, id),
        ("POST", ("items", "")) => create(x),
        (_, ("busy", "")) => sequence::answer(x, "429@1,503,200"),
        (_, ("slow", "")) => Ok(Plan::After(Duration::from_secs(10), Response::json(200, &json!({"ok": true})))),
        (_, ("items", _)) => x.reply(problem(405, "Method Not Allowed", "items know GET and POST")),
        _ => x.reply(problem(404, "Not Found", "no such route")),
    }
}

fn item(x: &Asked, id: &str) -> Planned {
    let id = String::from_utf8_lossy(&decode(id)).into_owned();
    match id.parse::<u32>() {
        Ok(number @ 0..900) => {
            let name = format!("Item {number}");
            x.reply(Response::json(200, &json!({"id": number, "name": name, "price": 9.5, "tags": ["a", "b"]})))
        }
        _ => x.reply(problem(404, "Not Found", &format!("item {id} does not exist"))),
    }
}

fn create(x: &Asked) -> Planned {
    let Ok(posted) = serde_json::from_slice::<Map<String, Value>>(&x.request.body) else {
        return x.reply(problem(400, "Bad Request", "the body is no JSON object"));
    };
    if !posted.contains_key("name") {
        let body = json!({"detail": [{"loc": ["body", "name"], "msg": "field required"}]});
        return x.reply(Response::json(422, &body));
    }
    let mut item = posted;
    item.insert("id".to_owned(), json!(43));
    x.reply(Response::json(201, &item.into()).header("Location", "/v1/items/43"))
}

fn problem(status: u16, title: &str, detail: &str) -> Response {
    let body = json!({"title": title, "status": status, "detail": detail});
    Response::new(status, "application/problem+json", body.to_string())
}
