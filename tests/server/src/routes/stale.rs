//! Connections that die while the client keeps them for reuse.

use super::milliseconds;
use crate::{
    connection::{Answer, Exchange, Then},
    response::Response,
    socket::End,
};
use serde_json::json;
use std::time::Instant;

pub fn after(x: &mut Exchange, how: &str, time: &str) -> Answer {
    let time = milliseconds(time)?;
    ok(x)?;
    x.connection.end_at = Some((Instant::now() + time, if how == "stale" { End::Fin } else { End::Reset }));
    Ok(Then::Keep)
}

pub fn on_reuse(x: &mut Exchange, how: &str) -> Answer {
    if x.connection.requests == 1 {
        return ok(x);
    }
    Ok(Then::End(if how == "stale-on-reuse" { End::Reset } else { End::Fin }))
}

pub fn once(x: &mut Exchange) -> Answer {
    ok(x)?;
    Ok(Then::End(End::Fin))
}

fn ok(x: &mut Exchange) -> Answer {
    x.reply(Response::json(200, &json!({"ok": true})))
}
