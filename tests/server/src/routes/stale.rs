//! Connections that die, or speak unasked, while the client keeps them for reuse.

use super::{milliseconds, raw};
use crate::{
    connection::{Answer, Exchange, Later, Then},
    response::Response,
    socket::End,
};
use serde_json::json;
use std::time::Instant;

pub fn after(x: &mut Exchange, how: &str, time: &str) -> Answer {
    let end = match how {
        "stale" => End::Fin,
        "stale-cut" => End::Cut,
        "stale-notify" => End::Notify,
        _ => End::Reset,
    };
    ok_then(x, time, Later::End(end))
}

pub fn talk(x: &mut Exchange, time: &str) -> Answer {
    let later = Later::Say(raw::bytes(x)?, raw::then(x, "keep")?);
    ok_then(x, time, later)
}

pub fn on_reuse(x: &mut Exchange, how: &str) -> Answer {
    if x.connection.requests == 1 {
        return ok(x);
    }
    match how {
        "silent-on-reuse" => x.connection.hold(),
        "stale-on-reuse" => Ok(Then::End(End::Reset)),
        _ => Ok(Then::End(End::Fin)),
    }
}

pub fn once(x: &mut Exchange) -> Answer {
    ok(x)?;
    Ok(Then::End(End::Fin))
}

fn ok_then(x: &mut Exchange, time: &str, later: Later) -> Answer {
    let time = milliseconds(time)?;
    ok(x)?;
    x.connection.later = Some((Instant::now() + time, later));
    Ok(Then::Keep)
}

fn ok(x: &mut Exchange) -> Answer {
    x.reply(Response::json(200, &json!({"ok": true})))
}
