//! Exactly the bytes that the test wants: fault tables are written with this.

use super::parameter;
use crate::{
    connection::{Answer, Exchange, Then},
    query::from_hex,
    request::{Fault, bad},
    socket::End,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use std::time::Duration;

pub fn answer(x: &mut Exchange) -> Answer {
    let bytes = bytes(x)?;
    let how = x.request.query.text("then").unwrap_or_else(|| "close".to_owned());
    match how.as_str() {
        "hold" => {
            x.connection.send(&bytes)?;
            x.connection.hold()
        }
        "half-close" => {
            x.connection.send(&bytes)?;
            x.connection.finish_sending();
            x.connection.hear_out();
            Ok(Then::End(End::Fin))
        }
        "repeat" => {
            x.connection.send(&bytes)?;
            repeat(x)
        }
        _ => {
            let then = then(x, "close")?;
            x.connection.send(&bytes)?;
            Ok(then)
        }
    }
}

/// Without end, `part` by `part`.
fn repeat(x: &mut Exchange) -> Answer {
    let Some(part) = x.request.query.get("part").and_then(from_hex) else { return bad("repeat wants part=") };
    match parameter(x.request, "interval", 0)? {
        0 => {
            let parts = part.repeat(1 + 4096 / part.len().max(1));
            loop {
                x.connection.send(&parts)?;
            }
        }
        interval => loop {
            x.connection.send(&part)?;
            x.connection.pause(Duration::from_millis(interval))?;
        },
    }
}

pub fn then(x: &Exchange, otherwise: &str) -> Result<Then, Fault> {
    match x.request.query.text("then").as_deref().unwrap_or(otherwise) {
        "close" => Ok(Then::End(End::Fin)),
        "cut" => Ok(Then::End(End::Cut)),
        "reset" => Ok(Then::End(End::Reset)),
        "notify" => Ok(Then::End(End::Notify)),
        "keep" => Ok(Then::Keep),
        then => bad(format!("bad then: {then}")),
    }
}

pub fn bytes(x: &Exchange) -> Result<Vec<u8>, Fault> {
    let query = &x.request.query;
    match (query.get("hex"), query.get("b64")) {
        (Some(hex), None) => from_hex(hex).ok_or_else(|| Fault::Bad("bad hex".to_owned())),
        (None, Some(text)) => URL_SAFE_NO_PAD.decode(text).or_else(|_| bad("bad b64")),
        _ => bad("raw wants hex= or b64="),
    }
}
