//! Exactly the bytes that the test wants: fault tables are written with this.

use crate::{
    connection::{Answer, Exchange, Then},
    query::from_hex,
    request::{Fault, bad},
    socket::End,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

pub fn answer(x: &mut Exchange) -> Answer {
    let bytes = bytes(x)?;
    let then = x.request.query.text("then").unwrap_or_else(|| "close".to_owned());
    let then = match then.as_str() {
        "close" => Then::End(End::Fin),
        "reset" => Then::End(End::Reset),
        "hold" => {
            x.connection.send(&bytes)?;
            return x.connection.hold();
        }
        "keep" => Then::Keep,
        _ => return bad(format!("bad then: {then}")),
    };
    x.connection.send(&bytes)?;
    Ok(then)
}

fn bytes(x: &Exchange) -> Result<Vec<u8>, Fault> {
    let query = &x.request.query;
    match (query.get("hex"), query.get("b64")) {
        (Some(hex), None) => from_hex(hex).ok_or_else(|| Fault::Bad("bad hex".to_owned())),
        (None, Some(text)) => URL_SAFE_NO_PAD.decode(text).or_else(|_| bad("bad b64")),
        _ => bad("raw wants hex= or b64="),
    }
}
