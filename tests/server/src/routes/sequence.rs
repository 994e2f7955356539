//! One outcome after the other, as for clients that retry.

use super::status_code;
use crate::{
    plan::{Asked, How, Place, Plan, Planned},
    query::decode,
    request::bad,
    response::Response,
};
use serde_json::json;

/// The last outcome repeats.
pub fn answer(x: &Asked, outcomes: &str) -> Planned {
    let outcomes: Vec<&str> = outcomes.split(',').collect();
    let turn = x.turn();
    let index = usize::try_from(turn - 1).unwrap_or(usize::MAX).min(outcomes.len() - 1);
    match outcomes[index] {
        "" => bad("empty outcome"),
        "reset" => Ok(Plan::BreakOff(How::Reset, Place::BeforeHead)),
        "close" => Ok(Plan::BreakOff(How::Close, Place::BeforeHead)),
        "truncate" => Ok(Plan::Truncate),
        "stall" => Ok(Plan::Silence),
        "refuse" => Ok(Plan::Refuse),
        outcome => with_status(x, outcome, turn),
    }
}

fn with_status(x: &Asked, outcome: &str, turn: u64) -> Planned {
    let (code, retry_after) = outcome.split_once('@').map_or((outcome, None), |(code, value)| (code, Some(value)));
    let status = status_code(code)?;
    if status < 400 {
        return x.reply(Response::json(status, &json!({"ok": true, "n": turn})));
    }
    let query = &x.request.query;
    let message = json!({"error": {"message": format!("scripted {status}")}}).to_string();
    let body = query.get("body").map_or(message.into_bytes(), <[u8]>::to_vec);
    let kind = query.text("type").unwrap_or_else(|| "application/json".to_owned());
    let mut response = Response::new(status, &kind, body);
    if let Some(value) = retry_after {
        response = response.header("Retry-After", decode(value));
    }
    x.reply(response)
}
