//! What a test asks about the requests it has caused. These routes are not logged themselves.

use super::parse;
use crate::{
    plan::{Asked, Planned},
    response::Response,
};
use serde_json::json;

pub fn answer(x: &Asked, route: &str) -> Planned {
    let (key, journal) = (x.request.key.as_str(), &x.shared.journal);
    let response = match route {
        "_log" => Response::json(200, &journal.lines(key)),
        "_count" => Response::text(200, journal.count(key).to_string()),
        "_count_body" => {
            let text = x.request.query.get("contains").unwrap_or_default();
            Response::text(200, journal.count_body(key, text).to_string())
        }
        "_connections" => {
            let connections = &x.shared.connections;
            Response::json(200, &json!({"open": connections.open(), "accepted": connections.accepted()}))
        }
        "_open" => {
            let count = x.request.query.text("n").map(|count| parse(&count, "n")).transpose()?;
            x.shared.gates.open(key, count)?;
            Response::text(200, "open")
        }
        _ => {
            let named = x.request.query.get("key").is_some() || x.request.header("x-key").is_some();
            let key = named.then_some(key);
            journal.forget(key);
            x.shared.turns.forget(key);
            Response::text(200, "forgotten")
        }
    };
    x.reply(response)
}
