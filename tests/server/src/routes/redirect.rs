//! Redirects.

use super::{parse, status_code};
use crate::{
    plan::{Asked, Planned},
    request::bad,
    response::Response,
};
use serde_json::json;

pub fn to(x: &Asked, code: &str) -> Planned {
    let code = status_code(code)?;
    match x.request.query.get("to") {
        Some(to) => x.reply(Response::text(code, "").header("Location", to)),
        None => bad("redirect wants to="),
    }
}

pub fn endless(x: &Asked) -> Planned {
    let location = format!("/redirect-loop{}", x.request.query_suffix());
    x.reply(Response::text(302, "").header("Location", location))
}

pub fn chain(x: &Asked, hops: &str) -> Planned {
    match parse::<u32>(hops, "number of hops")? {
        0 => x.reply(Response::json(200, &json!({"ok": true}))),
        hops => {
            let location = format!("/redirect-chain/{}{}", hops - 1, x.request.query_suffix());
            x.reply(Response::text(302, "").header("Location", location))
        }
    }
}
